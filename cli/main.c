// cli/main.c: the entry point: reads the command line and calls the subcommand.
#include "cli/commands.h"

#include "vm/std/console.h"

#include <signal.h>
#include <unistd.h>

typedef int (*command_function)(const cli_options *options);

static const command_function COMMANDS[] = {
#define COMMAND(name, arguments, sentence) [CLI_COMMAND_##name] = cli_command_##name,
#include "cli/commands.def"
#undef COMMAND
};

const vm_library *cli_library(void)
{
    // Filled once, before there is a second thread.
    static vm_library library;
    if (library.module_count == 0) {
        vm_library_add_standard(&library);
        br_library_add(&library);
    }
    return &library;
}

static void fail_too_many(const cli_options *options)
{
    const char *meant = options->command == CLI_COMMAND_run && access(options->files[0], F_OK) != 0
                            ? cli_command_like(options->files[0])
                            : NULL;
    if (meant != NULL) {
        fprintf(stderr, "bl-uring: no command %s: did you mean %s?\n", options->files[0], meant);
    } else {
        fprintf(stderr,
                "bl-uring: one file, please; %s is too much (arguments of the program "
                "stand behind --).\n",
                options->files[1]);
    }
}

const char *cli_only_file(const cli_options *options)
{
    if (options->file_count == 1) {
        return options->files[0];
    }
    if (options->file_count == 0) {
        fprintf(stderr, "bl-uring: which file? See bl-uring help.\n");
    } else {
        fail_too_many(options);
    }
    return NULL;
}

bool cli_no_files(const cli_options *options)
{
    if (options->file_count > 0) {
        fprintf(stderr, "bl-uring: %s is too much here.\n", options->files[0]);
    }
    return options->file_count == 0;
}

void cli_write(FILE *file, bl_buffer *text)
{
    if (text->size > 0) {
        (void)fwrite(text->data, 1, text->size, file); // A closed pipe is nobody's error here.
    }
    bl_buffer_deinit(text);
}

int main(int argc, char **argv)
{
    // A peer or a pager that goes away must not end the process.
    (void)signal(SIGPIPE, SIG_IGN);
    cli_options options;
    bl_error error;
    if (cli_options_parse(argc, argv, &options, &error) != BL_OK) {
        fprintf(stderr, "bl-uring: %s\n", error.message);
        return CLI_USAGE;
    }
    int status = CLI_OK;
    if (options.version) {
        status = cli_command_version(&options);
    } else if (options.help) {
        bl_buffer text = {0};
        bool is_bare = argc > 1 && cli_command_of(argv[1]) == CLI_COMMAND_COUNT;
        cli_help_write(is_bare ? CLI_COMMAND_COUNT : options.command, &text);
        cli_write(stdout, &text);
    } else {
        status = COMMANDS[options.command](&options);
    }
    cli_options_deinit(&options);
    std_console_flush();
    (void)fflush(stdout); // Nothing could be done about a failure here.
    return status;
}
