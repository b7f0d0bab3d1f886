// cli/options.c: options.def and engine/limits.def read as one table, and what is done with it.
//
// Each row knows where its value lies in cli_options. Command line and environment go through the
// same function, so that both have the same ranges and the same messages.
#include "cli/options.h"

#include <errno.h>
#include <stdlib.h>

typedef enum option_kind { OPTION_NUMBER, OPTION_FLAG, OPTION_TEXT, OPTION_LIMIT } option_kind;

typedef struct option_row {
    option_kind kind;
    const char *name; // Of limits: with `_`.
    const char *env;  // NULL for limits: made from the name.
    uint64_t value, min, max;
    const char *text;
    const char *argument;
    const char *choices;
    uint32_t commands;
    const char *sentence;
    size_t offset;
    size_t set_offset;
} option_row;

#define BIT(command) (1u << CLI_COMMAND_##command)
#define SERVING (BIT(run) | BIT(routes))
#define ANY ((1u << CLI_COMMAND_COUNT) - 1)

static const option_row OPTIONS[] = {
#define NUMBER(field, name_, env_, value_, min_, max_, argument_, commands_, sentence_)            \
    {.kind = OPTION_NUMBER,                                                                        \
     .name = name_,                                                                                \
     .env = env_,                                                                                  \
     .value = value_,                                                                              \
     .min = min_,                                                                                  \
     .max = max_,                                                                                  \
     .argument = argument_,                                                                        \
     .commands = commands_,                                                                        \
     .sentence = sentence_,                                                                        \
     .offset = offsetof(cli_options, field),                                                       \
     .set_offset = offsetof(cli_options, field##_is_set)},
#define FLAG(field, name_, commands_, sentence_)                                                   \
    {.kind = OPTION_FLAG,                                                                          \
     .name = name_,                                                                                \
     .env = "",                                                                                    \
     .commands = commands_,                                                                        \
     .sentence = sentence_,                                                                        \
     .offset = offsetof(cli_options, field),                                                       \
     .set_offset = offsetof(cli_options, field)},
#define TEXT(field, name_, env_, value_, argument_, choices_, commands_, sentence_)                \
    {.kind = OPTION_TEXT,                                                                          \
     .name = name_,                                                                                \
     .env = env_,                                                                                  \
     .text = value_,                                                                               \
     .argument = argument_,                                                                        \
     .choices = choices_,                                                                          \
     .commands = commands_,                                                                        \
     .sentence = sentence_,                                                                        \
     .offset = offsetof(cli_options, field),                                                       \
     .set_offset = offsetof(cli_options, field##_is_set)},
#include "cli/options.def"
#undef NUMBER
#undef FLAG
#undef TEXT
#define LIMIT(field, value_, min_, max_, answer_, reason_)                                         \
    {.kind = OPTION_LIMIT,                                                                         \
     .name = #field,                                                                               \
     .value = value_,                                                                              \
     .min = min_,                                                                                  \
     .max = max_,                                                                                  \
     .argument = "N",                                                                              \
     .commands = SERVING,                                                                          \
     .sentence = reason_,                                                                          \
     .offset = offsetof(cli_options, limits.field),                                                \
     .set_offset = offsetof(cli_options, field##_is_set)},
#include "engine/limits.def"
#undef LIMIT
};

static const char *const COMMANDS[] = {
#define COMMAND(name, arguments, sentence) [CLI_COMMAND_##name] = #name,
#include "cli/commands.def"
#undef COMMAND
};

cli_command cli_command_of(const char *name)
{
    for (uint32_t i = 0; i < CLI_COMMAND_COUNT; i++) {
        if (strcmp(COMMANDS[i], name) == 0) {
            return (cli_command)i;
        }
    }
    return CLI_COMMAND_COUNT;
}

// ---- names -----------------------------------------------------------------------------------

// The name on the command line: limits are written with `-`.
static bl_slice shown_name(const option_row *row, char out[64])
{
    size_t size = strlen(row->name);
    for (size_t i = 0; i < size; i++) {
        out[i] = row->name[i] == '_' ? '-' : row->name[i];
    }
    return (bl_slice){out, size};
}

// The environment's name; empty if there is none.
static const char *env_name(const option_row *row, char out[64])
{
    if (row->kind != OPTION_LIMIT) {
        return row->env;
    }
    int size = snprintf(out, 64, "BL_%s", row->name);
    for (int i = 0; i < size; i++) {
        out[i] = (char)(out[i] >= 'a' && out[i] <= 'z' ? out[i] - 32 : out[i]);
    }
    return out;
}

static const option_row *find_option(bl_slice name)
{
    for (size_t i = 0; i < BL_ARRAY_COUNT(OPTIONS); i++) {
        char shown[64];
        if (bl_slice_equal(shown_name(&OPTIONS[i], shown), name)) {
            return &OPTIONS[i];
        }
    }
    return NULL;
}

enum { WORD_SIZE_MAX = 63 };

uint32_t cli_edit_distance(bl_slice a, bl_slice b, uint32_t limit)
{
    if (a.size > WORD_SIZE_MAX || b.size > WORD_SIZE_MAX) {
        return limit + 1;
    }
    uint32_t row[WORD_SIZE_MAX + 1];
    for (uint32_t i = 0; i <= b.size; i++) {
        row[i] = i;
    }
    for (uint32_t i = 1; i <= a.size; i++) {
        uint32_t diagonal = row[0];
        row[0] = i;
        for (uint32_t k = 1; k <= b.size; k++) {
            uint32_t change = diagonal + (a.data[i - 1] != b.data[k - 1]);
            diagonal = row[k];
            uint32_t edit = (row[k] < row[k - 1] ? row[k] : row[k - 1]) + 1;
            row[k] = change < edit ? change : edit;
        }
    }
    return row[b.size] > limit ? limit + 1 : row[b.size];
}

uint32_t cli_edits_max(bl_slice word)
{
    return word.size <= 3 ? 1 : word.size <= 7 ? 2 : 3;
}

const char *cli_command_like(const char *word)
{
    bl_slice text = bl_slice_of(word);
    uint32_t limit = cli_edits_max(text);
    const char *nearest = NULL;
    for (uint32_t i = 0; i < CLI_COMMAND_COUNT; i++) {
        uint32_t distance = cli_edit_distance(text, bl_slice_of(COMMANDS[i]), limit);
        if (distance <= limit) {
            nearest = COMMANDS[i];
            limit = distance == 0 ? 0 : distance - 1; // Only a nearer one is better.
        }
    }
    return nearest;
}

// Wishes that no spelling leads to: what other servers call it, and what to say here.
static const struct {
    const char *name, *instead;
} WISHES[] = {
    {"port", "--listen 0.0.0.0:PORT"},
    {"host", "--listen ADDR:PORT"},
    {"bind", "--listen ADDR:PORT"},
    {"threads", "--cores N and --workers N"},
};

static bl_status fail_unknown_option(const cli_options *options, bl_slice name, bl_error *error)
{
    uint32_t command = 1u << options->command;
    for (size_t i = 0; i < BL_ARRAY_COUNT(WISHES); i++) {
        if ((command & SERVING) != 0 && bl_slice_equal(name, bl_slice_of(WISHES[i].name))) {
            return bl_fail(error, BL_INVALID, 0, "unknown option --%s: use %s", WISHES[i].name,
                           WISHES[i].instead);
        }
    }
    uint32_t limit = cli_edits_max(name);
    char nearest[64] = "";
    for (size_t i = 0; i < BL_ARRAY_COUNT(OPTIONS) && limit > 0; i++) {
        char shown[64];
        bl_slice candidate = shown_name(&OPTIONS[i], shown);
        uint32_t distance = cli_edit_distance(name, candidate, limit);
        if ((OPTIONS[i].commands & command) != 0 && distance <= limit) {
            snprintf(nearest, sizeof(nearest), "%.*s", BL_SLICE_ARG(candidate));
            limit = distance - 1; // Not 0: then it would be known.
        }
    }
    if (nearest[0] != '\0') {
        return bl_fail(error, BL_INVALID, 0, "unknown option --%.*s: did you mean --%s?",
                       BL_SLICE_ARG(name), nearest);
    }
    return bl_fail(error, BL_INVALID, 0, "unknown option --%.*s: see bl-uring help %s",
                   BL_SLICE_ARG(name), COMMANDS[options->command]);
}

// ---- values ----------------------------------------------------------------------------------

// Digits with an optional suffix K, M, G. False if text is something else.
static bool parse_number(const char *text, uint64_t *value)
{
    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    char *end = NULL;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno != 0) {
        return false;
    }
    unsigned shift = 0;
    if (*end != '\0') {
        shift = *end == 'K' || *end == 'k' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 64;
        end += 1;
    }
    if (*end != '\0' || shift == 64 || number > UINT64_MAX >> shift) {
        return false;
    }
    *value = (uint64_t)number << shift;
    return true;
}

static bool is_choice(const char *choices, const char *text)
{
    size_t size = strlen(text);
    for (const char *at = choices; size > 0; at++) {
        size_t word = strcspn(at, "|");
        if (word == size && memcmp(at, text, size) == 0) {
            return true;
        }
        at += word;
        if (*at == '\0') {
            break;
        }
    }
    return false;
}

static void store(cli_options *options, const option_row *row, uint64_t number, const char *text)
{
    char *base = (char *)options;
    uint32_t small = (uint32_t)number;
    bool flag = number != 0;
    switch (row->kind) {
    case OPTION_NUMBER:
        memcpy(base + row->offset, &number, sizeof(number));
        break;
    case OPTION_LIMIT:
        memcpy(base + row->offset, &small, sizeof(small));
        break;
    case OPTION_FLAG:
        memcpy(base + row->offset, &flag, sizeof(flag));
        break;
    case OPTION_TEXT:
        memcpy(base + row->offset, &text, sizeof(text));
        break;
    }
}

// shown: how the user wrote the name, for messages.
static bl_status set_value(cli_options *options, const option_row *row, const char *shown,
                           const char *text, bl_error *error)
{
    uint64_t number = 1;
    if (row->kind == OPTION_NUMBER || row->kind == OPTION_LIMIT) {
        if (!parse_number(text, &number)) {
            return bl_fail(error, BL_INVALID, 0, "%s must be a number, got %s", shown, text);
        }
        if (number < row->min || number > row->max) {
            return bl_fail(error, BL_INVALID, 0, "%s must be between %llu and %llu, got %s", shown,
                           (unsigned long long)row->min, (unsigned long long)row->max, text);
        }
    } else if (row->kind == OPTION_TEXT && row->choices[0] != '\0' &&
               !is_choice(row->choices, text)) {
        return bl_fail(error, BL_INVALID, 0, "%s must be one of %s, got %s", shown, row->choices,
                       text);
    }
    store(options, row, number, text);
    *((bool *)((char *)options + row->set_offset)) = true;
    return BL_OK;
}

static void set_defaults(cli_options *options)
{
    *options = (cli_options){.command = CLI_COMMAND_run};
    for (size_t i = 0; i < BL_ARRAY_COUNT(OPTIONS); i++) {
        store(options, &OPTIONS[i], OPTIONS[i].value, OPTIONS[i].text);
    }
}

static bl_status read_environment(cli_options *options, bl_error *error)
{
    for (size_t i = 0; i < BL_ARRAY_COUNT(OPTIONS); i++) {
        const option_row *row = &OPTIONS[i];
        char scratch[64];
        const char *name = env_name(row, scratch);
        const char *text = name[0] == '\0' ? NULL : getenv(name);
        bool is_wanted = (row->commands & (1u << options->command)) != 0;
        if (!is_wanted || text == NULL || text[0] == '\0') {
            continue;
        }
        // The language says of this one: not a number is the default.
        uint64_t number = 0;
        if (strcmp(name, "BL_RATE_LIMIT") == 0 && !parse_number(text, &number)) {
            continue;
        }
        bl_status status = set_value(options, row, name, text, error);
        if (status != BL_OK) {
            return status;
        }
    }
    const char *log = getenv("BL_LOG_REQUESTS");
    if (log != NULL) {
        options->access_log = strcmp(log, "0") != 0;
        options->access_log_is_set = true;
    }
    return BL_OK;
}

// ---- the command line ------------------------------------------------------------------------

// argv[*index] is an option; takes its value, too.
static bl_status read_option(int argc, char *const *argv, int *index, cli_options *options,
                             bl_error *error)
{
    const char *text = argv[*index];
    if (strcmp(text, "-h") == 0) {
        options->help = true;
        return BL_OK;
    }
    if (strcmp(text, "-V") == 0) {
        options->version = true;
        return BL_OK;
    }
    if (text[1] != '-') {
        return bl_fail(error, BL_INVALID, 0, "unknown option %s: options begin with --", text);
    }
    size_t name_size = strcspn(text + 2, "=");
    bl_slice name = {text + 2, name_size};
    const option_row *row = find_option(name);
    if (row == NULL) {
        return fail_unknown_option(options, name, error);
    }
    const char *value = text[2 + name_size] == '=' ? text + 3 + name_size : NULL;
    char shown[72];
    snprintf(shown, sizeof(shown), "--%.*s", BL_SLICE_ARG(name));
    if ((row->commands & (1u << options->command)) == 0) {
        return bl_fail(error, BL_INVALID, 0, "%s is no option of bl-uring %s", shown,
                       COMMANDS[options->command]);
    }
    if (row->kind == OPTION_FLAG) {
        return value == NULL ? set_value(options, row, shown, "", error)
                             : bl_fail(error, BL_INVALID, 0, "%s takes no value", shown);
    }
    if (value == NULL) {
        if (*index + 1 >= argc) {
            return bl_fail(error, BL_INVALID, 0, "%s wants a value: %s", shown, row->argument);
        }
        *index += 1;
        value = argv[*index];
    }
    return set_value(options, row, shown, value, error);
}

// The subcommand, if the first argument is the name of one: then 1, else 0 (`run`).
static int find_command(int argc, char *const *argv, cli_options *options)
{
    if (argc < 2) {
        return 0;
    }
    cli_command command = cli_command_of(argv[1]);
    if (command == CLI_COMMAND_COUNT) {
        return 0;
    }
    options->command = command;
    return 1;
}

bl_status cli_options_parse(int argc, char *const *argv, cli_options *options, bl_error *error)
{
    set_defaults(options);
    int start = 1 + find_command(argc, argv, options);
    bl_status status = read_environment(options, error);
    options->files = bl_alloc(sizeof(char *) * ((size_t)argc + 1));
    for (int i = start; i < argc && status == BL_OK; i++) {
        if (strcmp(argv[i], "--") == 0) {
            options->program_args = (const char *const *)(argv + i + 1);
            options->program_arg_count = (uint32_t)(argc - i - 1);
            break;
        }
        if (argv[i][0] == '-' && argv[i][1] != '\0') {
            status = read_option(argc, argv, &i, options, error);
        } else {
            options->files[options->file_count++] = argv[i];
        }
    }
    if (status != BL_OK) {
        cli_options_deinit(options);
    }
    return status;
}

void cli_options_deinit(cli_options *options)
{
    bl_free(options->files);
    options->files = NULL;
}

// ---- help ------------------------------------------------------------------------------------

typedef struct command_row {
    const char *name, *arguments, *sentence;
} command_row;

static const command_row COMMAND_ROWS[] = {
#define COMMAND(name, arguments, sentence) {#name, arguments, sentence},
#include "cli/commands.def"
#undef COMMAND
};

static void write_option(const option_row *row, bl_buffer *out)
{
    char shown[64];
    bl_slice name = shown_name(row, shown);
    char left[96];
    snprintf(left, sizeof(left), "--%.*s %s", BL_SLICE_ARG(name),
             row->argument == NULL ? "" : row->argument);
    bl_buffer_format(out, "  %-30s %s", left, row->sentence);
    if (row->kind == OPTION_NUMBER || row->kind == OPTION_LIMIT) {
        bl_buffer_format(out, " [%llu]", (unsigned long long)row->value);
    } else if (row->kind == OPTION_TEXT && row->text[0] != '\0') {
        bl_buffer_format(out, " [%s]", row->text);
    }
    bl_buffer_append_char(out, '\n');
}

static size_t characters_of(const char *text)
{
    size_t count = 0;
    for (const char *c = text; *c != '\0'; c++) {
        count += ((unsigned char)*c & 0xC0) != 0x80;
    }
    return count;
}

static void write_overview(bl_buffer *out)
{
    bl_buffer_format(out, "bl-uring " BL_VERSION ": compiles, checks and serves Baseline "
                          "programs.\n\n"
                          "usage: bl-uring [OPTIONS] FILE [-- ARGS]\n"
                          "       bl-uring COMMAND [OPTIONS] …\n\ncommands:\n");
    for (size_t i = 0; i < BL_ARRAY_COUNT(COMMAND_ROWS); i++) {
        const command_row *row = &COMMAND_ROWS[i];
        int width = 16 + (int)(strlen(row->arguments) - characters_of(row->arguments));
        bl_buffer_format(out, "  %-8s %-*s %s\n", row->name, width, row->arguments, row->sentence);
    }
    bl_buffer_format(out, "\nbl-uring help COMMAND lists the options of a command.\n");
}

void cli_help_write(cli_command command, bl_buffer *out)
{
    if (command == CLI_COMMAND_COUNT) {
        write_overview(out);
        return;
    }
    const command_row *row = &COMMAND_ROWS[command];
    bl_buffer_format(out, "usage: bl-uring %s [OPTIONS] %s\n\n%s\n\noptions:\n", row->name,
                     row->arguments, row->sentence);
    for (size_t i = 0; i < BL_ARRAY_COUNT(OPTIONS); i++) {
        if ((OPTIONS[i].commands & (1u << command)) != 0) {
            write_option(&OPTIONS[i], out);
        }
    }
}

void cli_help_write_markdown(bl_buffer *out)
{
    bl_buffer_format(out, "| option | environment | default | range | what it sets |\n"
                          "| --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < BL_ARRAY_COUNT(OPTIONS); i++) {
        const option_row *row = &OPTIONS[i];
        char shown[64];
        char scratch[64];
        const char *env = env_name(row, scratch);
        bl_buffer_format(out, "| `--%.*s%s%s` | %s%s%s |", BL_SLICE_ARG(shown_name(row, shown)),
                         row->argument == NULL ? "" : " ",
                         row->argument == NULL ? "" : row->argument, env[0] ? "`" : "", env,
                         env[0] ? "`" : "");
        if (row->kind == OPTION_NUMBER || row->kind == OPTION_LIMIT) {
            bl_buffer_format(out, " %llu | %llu … %llu |", (unsigned long long)row->value,
                             (unsigned long long)row->min, (unsigned long long)row->max);
        } else {
            const char *choices = row->choices == NULL ? "" : row->choices;
            size_t first = strcspn(choices, "|");
            bl_buffer_format(out, " %s | %.*s%s%s |", row->text == NULL ? "" : row->text,
                             (int)first, choices, choices[first] == '|' ? " or " : "",
                             choices[first] == '|' ? choices + first + 1 : "");
        }
        bl_buffer_format(out, " %s |\n", row->sentence);
    }
    bl_buffer_format(out, "\n| exit status | meaning |\n| --- | --- |\n");
#define EXIT(name, status, sentence) bl_buffer_format(out, "| %d | %s |\n", status, sentence);
#include "cli/exits.def"
#undef EXIT
}
