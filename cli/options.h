// cli/options.h: the command line as a struct.
//
// cli/options.def is the table; a value comes from the command line, else from the environment,
// else it is the default of the table and marked as not set, so that a program's own
// configuration can speak before the default does.
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "alloc/alloc.h"
#include "engine/engine.h"

typedef enum cli_command {
#define COMMAND(name, arguments, sentence) CLI_COMMAND_##name,
#include "cli/commands.def"
#undef COMMAND
    CLI_COMMAND_COUNT,
} cli_command;

enum {
#define EXIT(name, status, sentence) CLI_##name = (status),
#include "cli/exits.def"
#undef EXIT
};

typedef struct cli_options {
#define NUMBER(field, name, env, value, min, max, arg, commands, sentence)                         \
    uint64_t field;                                                                                \
    bool field##_is_set;
#define FLAG(field, name, commands, sentence) bool field;
#define TEXT(field, name, env, value, arg, choices, commands, sentence)                            \
    const char *field;                                                                             \
    bool field##_is_set;
#include "cli/options.def"
#undef NUMBER
#undef FLAG
#undef TEXT
    eng_limits limits;
#define LIMIT(name, value, min, max, answer, reason) bool name##_is_set;
#include "engine/limits.def"
#undef LIMIT
    cli_command command;
    const char **files; // Arguments that are no options. Owned.
    uint32_t file_count;
    const char *const *program_args; // Behind `--`.
    uint32_t program_arg_count;
} cli_options;

// argv and the environment are kept (texts point into them). BL_INVALID: error says what is
// wrong, with the nearest good name; such a command line ends with status 2.
BL_MUST_USE
bl_status cli_options_parse(int argc, char *const *argv, cli_options *options, bl_error *error);
void cli_options_deinit(cli_options *options);

// --help of a command; CLI_COMMAND_COUNT: the overview.
void cli_help_write(cli_command command, bl_buffer *out);
// The options and exit statuses as Markdown, for docs/operations.md.
void cli_help_write_markdown(bl_buffer *out);
// CLI_COMMAND_COUNT if there is none of that name.
cli_command cli_command_of(const char *name);

// The number of single-letter edits between two words; at most limit + 1 is told apart.
uint32_t cli_edit_distance(bl_slice a, bl_slice b, uint32_t limit);
// How many edits may make another word of it without being a different word.
uint32_t cli_edits_max(bl_slice word);
// The command that the word may stand for; NULL: none is like it.
const char *cli_command_like(const char *word);

#endif
