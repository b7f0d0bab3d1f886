// cli/check.c: `check` and `dump`: what the front end says without running anything.
#include "cli/commands.h"

#include <unistd.h>

int cli_command_check(const cli_options *options)
{
    const char *path = cli_only_file(options);
    if (path == NULL) {
        return CLI_USAGE;
    }
    lang_options compile = {.check_only = true};
    if (!lang_level_from_name(bl_slice_of(options->level), &compile.level)) {
        fprintf(stderr, "Unknown verification level: %s. Valid: types, refinements, full, skip\n",
                options->level);
        return CLI_FAILURE;
    }
    lang_result *result = lang_compile(cli_library(), bl_slice_of(path), &compile);
    bl_buffer text = {0};
    if (options->json) {
        lang_diagnostics_write_json(result->diagnostics, compile.level, &text);
        cli_write(stdout, &text);
    } else if (result->diagnostics->count == 0) {
        printf("✓ No errors found\n");
    } else {
        lang_diagnostics_write_text(result->diagnostics, &text, isatty(STDERR_FILENO) == 1);
        cli_write(stderr, &text);
    }
    int status = result->error_count == 0 ? CLI_OK : CLI_FAILURE;
    lang_result_destroy(result);
    return status;
}

// ---- dump ------------------------------------------------------------------------------------

int cli_command_dump(const cli_options *options)
{
    const char *path = cli_only_file(options);
    if (path == NULL) {
        return CLI_USAGE;
    }
    int count = options->ast + options->types + options->ir + options->bytecode;
    if (count != 1) {
        fprintf(stderr, "bl-uring dump wants one of --ast, --types, --ir, --bytecode\n");
        return CLI_USAGE;
    }
    lang_dump what = options->ast     ? LANG_DUMP_AST
                     : options->types ? LANG_DUMP_TYPES
                     : options->ir    ? LANG_DUMP_IR
                                      : LANG_DUMP_BYTECODE;
    bl_buffer text = {0};
    bool is_good = lang_dump_write(cli_library(), bl_slice_of(path), what, &text);
    cli_write(is_good ? stdout : stderr, &text);
    return is_good ? CLI_OK : CLI_FAILURE;
}
