// cli/run.c: `run`: a program from its text to its end, or to the server that it asks for.
//
//     compile -> main! in a task of its own -> its value is printed -> Server.listen!? -> br_serve
//
// The task of main is kept when a server follows: its heap holds the handlers and the state.
#include "cli/commands.h"

#include "vm/std/console.h"
#include "vm/std/env.h"
#include "vm/std/fs.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static void hint_at_command(const char *path)
{
    const char *meant = strpbrk(path, "./") == NULL ? cli_command_like(path) : NULL;
    if (meant != NULL) {
        fprintf(stderr, "(There is a command `%s`: see bl-uring help.)\n", meant);
    }
}

vm_program *cli_compile(const cli_options *options, const char *path, bool for_tests,
                        bool *read_failed)
{
    lang_options compile = {.level = LANG_LEVEL_REFINEMENTS,
                            .for_tests = for_tests,
                            .no_optimiser = options->no_optimiser};
    lang_result *result = lang_compile(cli_library(), bl_slice_of(path), &compile);
    vm_program *program = NULL;
    *read_failed = result->read_failed;
    if (result->read_failed) {
        fprintf(stderr, "Failed to read %s: %s\n", path, result->read_reason);
        if (!for_tests) {
            hint_at_command(path);
        }
    } else {
        bl_buffer lines = {0};
        lang_diagnostics_write_lines(result->diagnostics, &lines, true, isatty(STDERR_FILENO) == 1);
        cli_write(stderr, &lines);
        if (result->error_count == 0) {
            program = lang_result_take_program(result);
        }
    }
    lang_result_destroy(result);
    return program;
}

// False with a message when there is nothing to run.
static bool has_entry(const vm_program *program)
{
    if (program->main == NULL) {
        fprintf(stderr, "Compile Error: No 'main' or 'main!' function found\n");
        return false;
    }
    if (program->main->param_count != 0) {
        fprintf(stderr, "Compile Error: main takes no parameters\n");
        return false;
    }
    return true;
}

static vm_outcome run_to_end(vm_task *task)
{
    for (;;) {
        vm_outcome outcome = vm_task_run(task, 0);
        if (outcome != VM_WAITING) {
            return outcome;
        }
        std_console_flush(); // What was printed before a sleep shall be seen before it.
        vm_task_sleep(task);
    }
}

static void report_failure(const vm_failure *failure)
{
    std_console_flush(); // First what the program said, then what became of it.
    fprintf(stderr, "%s:%u:%u: Runtime Error: %s\n%s", failure->file, failure->line,
            failure->column, failure->message, failure->stack);
}

static void print_result(vm_value value)
{
    if (value.tag != VM_UNIT) {
        bl_buffer text = {0};
        vm_text_append(&text, value);
        bl_buffer_append_char(&text, '\n');
        std_console_write(bl_buffer_slice(&text));
        bl_buffer_deinit(&text);
    }
    std_console_flush(); // A server may follow that never ends.
}

static bool enter_sandbox(const char *directory)
{
    if (directory[0] == '\0' || std_fs_set_sandbox(directory)) {
        return true;
    }
    fprintf(stderr, "--fs-sandbox %s: %s\n", directory, strerror(errno));
    return false;
}

int cli_main_start(const cli_options *options, const char *path, cli_main *started)
{
    bool read_failed = false;
    *started = (cli_main){.program = cli_compile(options, path, false, &read_failed)};
    if (started->program == NULL) {
        return CLI_FAILURE;
    }
    if (!has_entry(started->program) || !enter_sandbox(options->fs_sandbox)) {
        vm_program_destroy(started->program);
        return CLI_FAILURE;
    }
    std_env_set_args(options->program_args, options->program_arg_count);
    started->launch = br_launch_create();
    // main! itself may use what it needs: --handler-memory is about requests.
    // Counts what is left over when the program ends: for the tests.
    vm_config config = {.leak_check = getenv("BL_LEAK_CHECK") != NULL};
    started->thread = vm_thread_create(started->program, &config);
    started->task = vm_task_begin(started->thread);
    vm_task_set_user(started->task, started->launch);
    vm_value callee = {.function = started->program->main, .tag = VM_FUNCTION};
    vm_task_start(started->task, callee, NULL, 0);
    if (run_to_end(started->task) == VM_FAILED) {
        report_failure(vm_task_failure(started->task));
        (void)cli_main_end(started); // It has failed anyway.
        return CLI_FAILURE;
    }
    return CLI_OK;
}

bool cli_main_end(cli_main *started)
{
    if (started->task != NULL) {
        vm_task_end(started->task);
    }
    bool is_clean = vm_thread_leaks(started->thread) == 0;
    br_launch_destroy(started->launch);
    vm_thread_destroy(started->thread);
    vm_program_destroy(started->program);
    return is_clean;
}

int cli_command_run(const cli_options *options)
{
    const char *path = cli_only_file(options);
    if (path == NULL) {
        return CLI_USAGE;
    }
    cli_main started;
    int status = cli_main_start(options, path, &started);
    if (status != CLI_OK) {
        return status;
    }
    print_result(vm_task_result(started.task));
    if (br_launch_is_asked(started.launch)) {
        br_launch_keep(started.launch, started.task);
        started.task = NULL;
        br_options server_options = cli_server_options(options);
        switch (br_serve(started.launch, started.program, &server_options)) {
        case BR_DRAINED:
            status = CLI_OK;
            break;
        case BR_CUT:
            _exit(CLI_FAILURE); // Handlers may still run: nothing can be freed.
        case BR_NOT_STARTED:
            status = CLI_FAILURE;
            break;
        case BR_NO_RING:
            status = CLI_NO_RING;
            break;
        }
    }
    return cli_main_end(&started) ? status : CLI_FAILURE;
}

int cli_command_routes(const cli_options *options)
{
    const char *path = cli_only_file(options);
    if (path == NULL) {
        return CLI_USAGE;
    }
    cli_main started;
    int status = cli_main_start(options, path, &started);
    if (status != CLI_OK) {
        return status;
    }
    if (!br_launch_is_asked(started.launch)) {
        fprintf(stderr, "%s: the program calls no Server.listen!: it has no routes\n", path);
        status = CLI_FAILURE;
    } else {
        br_launch_keep(started.launch, started.task);
        started.task = NULL;
        br_options server_options = cli_server_options(options);
        bl_buffer text = {0};
        bl_error error;
        if (br_routes_write(started.launch, started.program, &server_options, &text, &error) ==
            BL_OK) {
            cli_write(stdout, &text);
        } else {
            fprintf(stderr, "%s\n", error.message);
            status = CLI_FAILURE;
        }
    }
    return cli_main_end(&started) ? status : CLI_FAILURE;
}

br_options cli_server_options(const cli_options *options)
{
    br_options result;
    br_options_init(&result);
    result.core_count = (uint32_t)options->cores;
    result.worker_count = (uint32_t)options->workers;
    result.listen = options->listen_is_set ? options->listen : NULL;
    result.all_on_workers = strcmp(options->placement, "worker") == 0;
    result.handler_memory = (size_t)options->handler_memory;
    result.handler_fuel = options->handler_fuel;
    result.queue_depth = (uint32_t)options->queue_depth;
    result.waiting_max = (uint32_t)options->waiting_max;
    result.pin = options->pin != 0;
    result.access_log = (br_setting){options->access_log_is_set, (uint32_t)options->access_log};
    result.rate_limit = (br_setting){options->rate_limit_is_set, (uint32_t)options->rate_limit};
#define LIMIT(name, value, min, max, answer, reason)                                               \
    result.limits.name = (br_setting){options->name##_is_set, options->limits.name};
#include "engine/limits.def"
#undef LIMIT
    return result;
}
