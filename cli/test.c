// cli/test.c: `test`: runs inline tests and reports them as text or JSON.
//
// Each test is a run of its own: a task that ends before the next begins, so that a failing one
// leaves nothing behind. What tests print comes at once; the report follows when all have run.
//
// A test that takes too long is interrupted: a timer of the process, started for each test, asks
// its task to fail. So it fails with the place where it was, and the next one runs.
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/test_report.h"

#include "vm/std/console.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/time.h>

// ---- the time limit --------------------------------------------------------------------------

// What the handler of SIGALRM stops; NULL: nothing.
static _Atomic(vm_task *) timed_task;
static char timed_reason[64];

static void on_alarm(int signal_number)
{
    (void)signal_number; // Only SIGALRM leads here.
    vm_task *task = atomic_load(&timed_task);
    if (task != NULL) {
        vm_task_interrupt(task, timed_reason);
    }
}

static void set_timer(uint64_t limit_ms)
{
    struct itimerval timer = {.it_value = {.tv_sec = (time_t)(limit_ms / 1000),
                                           .tv_usec = (suseconds_t)(limit_ms % 1000) * 1000}};
    (void)setitimer(ITIMER_REAL, &timer, NULL); // Fails for impossible times only.
}

static void prepare_time_limit(uint64_t limit_ms)
{
    snprintf(timed_reason, sizeof timed_reason, "Test took longer than %llu ms",
             (unsigned long long)limit_ms);
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGALRM, &action, NULL); // Cannot fail for SIGALRM.
}

static vm_outcome run_to_end(vm_task *task, uint64_t limit_ms)
{
    atomic_store(&timed_task, task);
    set_timer(limit_ms);
    vm_outcome end = vm_task_run(task, 0);
    while (end == VM_WAITING) {
        vm_task_sleep(task);
        end = vm_task_run(task, 0);
    }
    set_timer(0);
    atomic_store(&timed_task, NULL);
    return end;
}

// ---- running ---------------------------------------------------------------------------------

// One file and the thread that its tests run on.
typedef struct test_run {
    test_report *report;
    const cli_options *options;
    const char *file;
    vm_thread *thread;
    vm_check_note note; // Of the test that runs.
    bl_arena sources;   // Files that failures point into.
    lang_source source; // The last of them; path.data == NULL: none.
} test_run;

enum { MESSAGE_SIZE_MAX = 4096 }; // As for messages of run-time errors (vm/limits.def).

static bl_slice text_of(bl_arena *arena, const char *before, vm_value value)
{
    bl_buffer text = {0};
    bl_buffer_format(&text, "%s", before);
    vm_text_append(&text, value);
    if (text.size > MESSAGE_SIZE_MAX) {
        text.size = MESSAGE_SIZE_MAX;
        while (((unsigned char)text.data[text.size] & 0xC0) == 0x80) {
            text.size--; // Not in the middle of a character.
        }
        bl_buffer_format(&text, "…");
    }
    bl_slice copy = bl_arena_slice(arena, bl_buffer_slice(&text));
    bl_buffer_deinit(&text);
    return copy;
}

// Says where it failed, with the line of the source if that can be read still.
static void locate(test_run *run, test_outcome *item, const char *file, lang_position at,
                   uint32_t size)
{
    bl_arena *arena = &run->report->arena;
    item->failure_file = bl_arena_slice(arena, bl_slice_of(file)).data;
    item->failure_at = at;
    bool is_open =
        run->source.path.data != NULL && bl_slice_equal(run->source.path, bl_slice_of(file));
    if (!is_open &&
        lang_source_open(&run->source, &run->sources, bl_slice_of(file), NULL) != BL_OK) {
        run->source = (lang_source){.path = bl_arena_slice(&run->sources, bl_slice_of(file))};
    }
    bl_buffer text = {0};
    lang_excerpt_write(&run->source, at, size, &text);
    item->excerpt = bl_arena_slice(arena, bl_buffer_slice(&text));
    bl_buffer_deinit(&text);
}

static void add_side(bl_arena *arena, test_outcome *item, uint32_t index, const char *label,
                     const bl_buffer *text)
{
    if (text->size > 0) {
        item->sides[index] = (test_side){label, bl_arena_slice(arena, bl_buffer_slice(text))};
    }
}

// The check that decided, and what was compared there.
static void show_check(test_run *run, test_outcome *item)
{
    const vm_check_note *note = &run->note;
    if (note->check == NULL) {
        return;
    }
    const vm_check *check = note->check;
    locate(run, item, item->file, (lang_position){check->line, check->column}, check->size);
    bl_arena *arena = &run->report->arena;
    add_side(arena, item, 0, check->left, &note->left);
    add_side(arena, item, 1, check->right, &note->right);
    add_side(arena, item, 2, "first difference", &note->difference);
}

static void show_error(test_run *run, test_outcome *item, const vm_failure *failure)
{
    bl_arena *arena = &run->report->arena;
    item->message = bl_arena_format(arena, "Runtime error: %s", failure->message);
    if (failure->file[0] != '\0') {
        locate(run, item, failure->file, (lang_position){failure->line, failure->column}, 1);
    }
    item->stack = bl_arena_slice(arena, bl_slice_of(failure->stack));
}

static void judge(test_run *run, vm_task *task, vm_outcome end, test_outcome *item)
{
    item->verdict = VERDICT_FAIL;
    if (end == VM_FAILED) {
        show_error(run, item, vm_task_failure(task));
        return;
    }
    vm_value value = vm_task_result(task);
    if (vm_is_true(value)) {
        item->verdict = VERDICT_PASS;
        return;
    }
    item->message = value.tag == VM_BOOL
                        ? BL_SLICE("Expected true, got false")
                        : text_of(&run->report->arena, "Expected Bool, got ", value);
    show_check(run, item);
}

static void run_test(test_run *run, const vm_test *test)
{
    test_outcome item = {.file = run->file,
                         .name = bl_arena_slice(&run->report->arena, bl_slice_of(test->name)),
                         .at = {test->line, test->column},
                         .verdict = VERDICT_SKIP};
    if (!test->skipped) {
        run->note.check = NULL;
        vm_task *task = vm_task_begin(run->thread);
        vm_value callee = {.function = test->function, .tag = VM_FUNCTION};
        vm_task_start(task, callee, NULL, 0);
        judge(run, task, run_to_end(task, run->options->test_timeout_ms), &item);
        vm_task_end(task);
    }
    test_report_add(run->report, item);
}

static void run_tests(test_report *report, const cli_options *options, const char *file,
                      const vm_program *program)
{
    test_run run = {.report = report, .options = options, .file = file};
    bl_arena_init(&run.sources, 0);
    vm_config config = {.leak_check = getenv("BL_LEAK_CHECK") != NULL, .note = &run.note};
    run.thread = vm_thread_create(program, &config);
    for (uint32_t i = 0; i < program->test_count; i++) {
        if (strstr(program->tests[i].name, options->filter) != NULL) {
            run_test(&run, &program->tests[i]);
        }
    }
    report->has_leaked = report->has_leaked || vm_thread_leaks(run.thread) > 0;
    vm_thread_destroy(run.thread);
    bl_arena_deinit(&run.sources);
    bl_buffer_deinit(&run.note.left);
    bl_buffer_deinit(&run.note.right);
    bl_buffer_deinit(&run.note.difference);
}

static void run_file(test_report *report, const cli_options *options, const char *file)
{
    bool read_failed = false;
    vm_program *program = cli_compile(options, file, true, &read_failed);
    if (program != NULL) {
        run_tests(report, options, file, program);
        vm_program_destroy(program);
    } else if (read_failed) {
        report->read_failed = true;
    } else {
        test_report_add(report, (test_outcome){.file = file,
                                               .name = BL_SLICE("setup"),
                                               .verdict = VERDICT_FAIL,
                                               .message = BL_SLICE("Analysis failed")});
    }
}

// ---- the command ---------------------------------------------------------------------------

int cli_command_test(const cli_options *options)
{
    if (options->file_count == 0) {
        fprintf(stderr, "bl-uring: which file or folder? See bl-uring help test.\n");
        return CLI_USAGE;
    }
    prepare_time_limit(options->test_timeout_ms);
    test_report report;
    test_report_init(&report);
    cli_files files = {0};
    report.read_failed =
        !cli_files_collect(&files, &report.arena, options->files, options->file_count);
    for (uint32_t i = 0; i < files.count; i++) {
        run_file(&report, options, files.items[i]);
    }
    if (report.count == 0 && options->filter_is_set && !report.read_failed) {
        fprintf(stderr, "No test has %s in its name\n", options->filter);
    }
    bl_buffer text = {0};
    if (options->json) {
        test_report_write_json(&report, &text);
    } else {
        test_report_write_text(&report, files.count > 1, &text);
    }
    std_console_flush(); // What the tests printed comes first.
    cli_write(stdout, &text);
    int status = test_report_has_failed(&report) ? CLI_FAILURE : CLI_OK;
    cli_files_deinit(&files);
    test_report_deinit(&report);
    return status;
}
