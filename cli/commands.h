// cli/commands.h: one function a subcommand, and what they share.
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/options.h"
#include "lang/lang.h"
#include "vm/vm.h"
#include "vm_bridge/bridge.h"

// Each returns the exit status.
#define COMMAND(name, arguments, sentence) int cli_command_##name(const cli_options *options);
#include "cli/commands.def"
#undef COMMAND

// The one library of the process: the standard modules and those of the web.
const vm_library *cli_library(void);

// The one file argument, or NULL with a message on stderr (then the status is CLI_USAGE).
const char *cli_only_file(const cli_options *options);

// False with a message on stderr if there are arguments where there can be none.
bool cli_no_files(const cli_options *options);

// Compiles for running or testing; diagnostics go to stderr, a line each. NULL when nothing may
// run. owned.
vm_program *cli_compile(const cli_options *options, const char *path, bool for_tests,
                        bool *read_failed);

// Writes all of it and empties the buffer's memory.
void cli_write(FILE *file, bl_buffer *text);

// A program whose main has run.
typedef struct cli_main {
    vm_program *program; // Owned.
    vm_thread *thread;   // Owned.
    br_launch *launch;   // What main asked for. Owned.
    vm_task *task;       // Ended when the launch was kept or when main failed: then NULL.
} cli_main;

// Compiles and runs main. CLI_OK: *started is to be given to cli_main_end.
int cli_main_start(const cli_options *options, const char *path, cli_main *started);
// False when a leak check (BL_LEAK_CHECK=1) found something.
bool cli_main_end(cli_main *started);
// The options of a server as the bridge wants them.
br_options cli_server_options(const cli_options *options);

#endif
