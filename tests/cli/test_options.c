// tests/cli/test_options.c: the command line, by table.
#include "cli/options.h"

#include <criterion/criterion.h>
#include <stdlib.h>

typedef struct row {
    const char *words[8];
    const char *error; // Part of the message; NULL: good.
} row;

static int count_words(const char *const *words)
{
    int count = 0;
    while (count < 8 && words[count] != NULL) {
        count += 1;
    }
    return count;
}

static bl_status parse(const char *const *words, cli_options *options, bl_error *error)
{
    static char *argv[10]; // The options point into it.
    memset(argv, 0, sizeof(argv));
    int count = count_words(words);
    static char program[] = "bl-uring";
    argv[0] = program;
    for (int i = 0; i < count; i++) {
        argv[i + 1] = (char *)(uintptr_t)words[i];
    }
    return cli_options_parse(count + 1, argv, options, error);
}

Test(options, are_refused_with_a_reason)
{
    static const row rows[] = {
        {{"app.bl"}, NULL},
        {{"--cores", "2", "app.bl"}, NULL},
        {{"run", "app.bl", "--cores=2"}, NULL},
        {{"check", "app.bl", "--json"}, NULL},
        {{"app.bl", "--handler-memory", "16M"}, NULL},
        {{"app.bl", "--idle-timeout-ms", "500"}, NULL},
        {{"app.bl", "--", "--nonsense"}, NULL},
        {{"--coers", "2"}, "did you mean --cores?"},
        {{"--placment", "auto"}, "did you mean --placement?"},
        {{"--qqqqqqqqqq"}, "see bl-uring help"},
        {{"-c"}, "options begin with --"},
        {{"--cores"}, "wants a value"},
        {{"--cores", "many"}, "must be a number, got many"},
        {{"--cores", "-1"}, "must be a number"},
        {{"--cores", "5000"}, "between 0 and 1024"},
        {{"--cores", "1Z"}, "must be a number"},
        {{"--cores", "99999999999999999999"}, "must be a number"},
        {{"--idle-timeout-ms", "1"}, "between 10 and"},
        {{"--placement", "aut"}, "must be one of auto|worker"},
        {{"--json", "app.bl"}, "no option of bl-uring run"},
        {{"check", "--json=1", "app.bl"}, "takes no value"},
        {{"check", "--cores", "1", "app.bl"}, "no option of bl-uring check"},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i++) {
        cli_options options;
        bl_error error = {0};
        bl_status status = parse(rows[i].words, &options, &error);
        if (rows[i].error == NULL) {
            cr_assert_eq(status, BL_OK, "row %zu: %s", i, error.message);
            cli_options_deinit(&options);
        } else {
            cr_assert_eq(status, BL_INVALID, "row %zu", i);
            cr_assert_not_null(strstr(error.message, rows[i].error), "row %zu: %s", i,
                               error.message);
        }
    }
}

Test(options, come_from_line_environment_and_table_in_this_order)
{
    setenv("BL_CORES", "3", 1);
    setenv("BL_WORKERS", "5", 1);
    setenv("BL_BODY_SIZE_MAX", "4K", 1);
    setenv("BL_RATE_LIMIT", "plenty", 1);
    setenv("BL_LOG_REQUESTS", "0", 1);
    static const char *const words[] = {"--cores", "2", "a.bl", "--", "x", "--y", NULL};
    cli_options options;
    bl_error error = {0};
    cr_assert_eq(parse(words, &options, &error), BL_OK, "%s", error.message);
    cr_assert_eq(options.command, CLI_COMMAND_run);
    cr_assert_eq(options.cores, 2);
    cr_assert_eq(options.workers, 5);
    cr_assert_eq(options.limits.body_size_max, 4096);
    cr_assert(options.body_size_max_is_set);
    cr_assert_not(options.idle_timeout_ms_is_set);
    cr_assert_eq(options.limits.idle_timeout_ms, 30000);
    cr_assert_not(options.rate_limit_is_set);
    cr_assert(options.access_log_is_set);
    cr_assert_eq(options.access_log, 0);
    cr_assert_eq(options.file_count, 1);
    cr_assert_str_eq(options.files[0], "a.bl");
    cr_assert_eq(options.program_arg_count, 2);
    cr_assert_str_eq(options.program_args[1], "--y");
    cli_options_deinit(&options);
}

Test(options, help_names_every_option)
{
    bl_buffer text = {0};
    cli_help_write(CLI_COMMAND_run, &text);
    bl_buffer_append_char(&text, '\0');
    cr_assert_not_null(strstr(text.data, "--idle-timeout-ms N"));
    cr_assert_not_null(strstr(text.data, "--placement WAY"));
    cr_assert_null(strstr(text.data, "--json"));
    bl_buffer_deinit(&text);
}

Test(options, edit_distance)
{
    cr_assert_eq(cli_edit_distance(BL_SLICE("cores"), BL_SLICE("coers"), 9), 2);
    cr_assert_eq(cli_edit_distance(BL_SLICE(""), BL_SLICE("abc"), 9), 3);
    cr_assert_eq(cli_edit_distance(BL_SLICE("kitten"), BL_SLICE("sitting"), 9), 3);
    cr_assert_eq(cli_edit_distance(BL_SLICE("kitten"), BL_SLICE("sitting"), 2), 3);
}
