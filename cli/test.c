// cli/test.c: `test`: runs inline tests and reports them as text or JSON.
//
// Each test is a run of its own: a task that ends before the next begins, so that a failing one
// leaves nothing behind. What tests print comes at once; the report follows when all have run.
#include "cli/commands.h"

#include "vm/std/console.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

typedef enum test_verdict { VERDICT_PASS, VERDICT_FAIL, VERDICT_SKIP } test_verdict;

typedef struct test_outcome {
    const char *file;
    bl_slice name;
    uint32_t line, column;
    test_verdict verdict;
    bl_slice message; // Of a failure.
} test_outcome;

typedef struct test_report {
    bl_arena arena;
    test_outcome *items;
    uint32_t count, capacity;
    uint32_t counts[VERDICT_SKIP + 1];
    bool read_failed;
} test_report;

static void add_outcome(test_report *report, test_outcome item)
{
    if (report->count == report->capacity) {
        report->capacity = report->capacity == 0 ? 64 : report->capacity * 2;
        report->items = bl_realloc(report->items, report->capacity * sizeof(test_outcome));
    }
    report->items[report->count++] = item;
    report->counts[item.verdict] += 1;
}

static bl_slice text_of(bl_arena *arena, const char *before, vm_value value)
{
    bl_buffer text = {0};
    bl_buffer_format(&text, "%s", before);
    vm_text_append(&text, value);
    bl_slice copy = bl_arena_slice(arena, bl_buffer_slice(&text));
    bl_buffer_deinit(&text);
    return copy;
}

// ---- running ---------------------------------------------------------------------------------

static void judge(test_report *report, vm_task *task, vm_outcome end, test_outcome *item)
{
    item->verdict = VERDICT_FAIL;
    if (end == VM_FAILED) {
        const char *message = vm_task_failure(task)->message;
        item->message = bl_arena_format(&report->arena, "Runtime error: %s", message);
        return;
    }
    vm_value value = vm_task_result(task);
    if (vm_is_true(value)) {
        item->verdict = VERDICT_PASS;
    } else if (value.tag == VM_BOOL) {
        item->message = BL_SLICE("Expected true, got false");
    } else {
        item->message = text_of(&report->arena, "Expected Bool, got ", value);
    }
}

static void run_test(test_report *report, vm_thread *thread, const vm_test *test, const char *file)
{
    test_outcome item = {.file = file,
                         .name = bl_arena_slice(&report->arena, bl_slice_of(test->name)),
                         .line = test->line,
                         .column = test->column,
                         .verdict = VERDICT_SKIP};
    if (!test->skipped) {
        vm_task *task = vm_task_begin(thread);
        vm_value callee = {.function = test->function, .tag = VM_FUNCTION};
        vm_task_start(task, callee, NULL, 0);
        vm_outcome end = vm_task_run(task, 0);
        while (end == VM_WAITING) {
            vm_task_sleep(task);
            end = vm_task_run(task, 0);
        }
        judge(report, task, end, &item);
        vm_task_end(task);
    }
    add_outcome(report, item);
}

static void run_file(test_report *report, const cli_options *options, const char *file)
{
    bool read_failed = false;
    vm_program *program = cli_compile(options, file, true, &read_failed);
    if (program == NULL) {
        report->read_failed = report->read_failed || read_failed;
        if (!read_failed) {
            test_outcome item = {.file = file,
                                 .name = BL_SLICE("setup"),
                                 .verdict = VERDICT_FAIL,
                                 .message = BL_SLICE("Analysis failed")};
            add_outcome(report, item);
        }
        return;
    }
    vm_thread *thread =
        vm_thread_create(program, &(vm_config){.leak_check = getenv("BL_LEAK_CHECK") != NULL});
    for (uint32_t i = 0; i < program->test_count; i++) {
        if (strstr(program->tests[i].name, options->filter) != NULL) {
            run_test(report, thread, &program->tests[i], file);
        }
    }
    vm_thread_destroy(thread);
    vm_program_destroy(program);
}

// ---- the report ------------------------------------------------------------------------------

static void write_text(const test_report *report, bool many_files, bl_buffer *out)
{
    static const char *const words[] = {"PASS", "FAIL", "SKIP"};
    const char *file = NULL;
    for (uint32_t i = 0; i < report->count; i++) {
        const test_outcome *item = &report->items[i];
        if (many_files && item->file != file) {
            file = item->file;
            bl_buffer_format(out, "%s\n", file);
        }
        bl_buffer_format(out, "%s  %.*s (line %u)\n", words[item->verdict],
                         BL_SLICE_ARG(item->name), item->line);
        if (item->message.size > 0) {
            bl_buffer_format(out, "  %.*s\n", BL_SLICE_ARG(item->message));
        }
    }
    bl_buffer_format(out, "%s%u tests: %u passed, %u failed", report->count > 0 ? "\n" : "",
                     report->count, report->counts[VERDICT_PASS], report->counts[VERDICT_FAIL]);
    if (report->counts[VERDICT_SKIP] > 0) {
        bl_buffer_format(out, ", %u skipped", report->counts[VERDICT_SKIP]);
    }
    bl_buffer_append_char(out, '\n');
}

static void write_json_text(bl_buffer *out, bl_slice text)
{
    bl_buffer_append_char(out, '"');
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c == '"' || c == '\\') {
            bl_buffer_append_char(out, '\\');
            bl_buffer_append_char(out, (char)c);
        } else if (c < 0x20) {
            bl_buffer_format(out, "\\u%04x", c);
        } else {
            bl_buffer_append_char(out, (char)c);
        }
    }
    bl_buffer_append_char(out, '"');
}

static void write_json(const test_report *report, bl_buffer *out)
{
    static const char *const words[] = {"pass", "fail", "skipped"};
    bool failed = report->counts[VERDICT_FAIL] > 0 || report->read_failed;
    bl_buffer_format(out, "{\n  \"status\": \"%s\",\n  \"summary\": { \"total\": %u, ",
                     failed ? "fail" : "pass", report->count);
    bl_buffer_format(out, "\"passed\": %u, \"failed\": %u, \"skipped\": %u },\n  \"tests\": [",
                     report->counts[VERDICT_PASS], report->counts[VERDICT_FAIL],
                     report->counts[VERDICT_SKIP]);
    for (uint32_t i = 0; i < report->count; i++) {
        const test_outcome *item = &report->items[i];
        bl_buffer_format(out, "%s\n    { \"name\": ", i > 0 ? "," : "");
        write_json_text(out, item->name);
        bl_buffer_format(out, ", \"status\": \"%s\"", words[item->verdict]);
        if (item->verdict == VERDICT_FAIL) {
            bl_buffer_format(out, ", \"message\": ");
            write_json_text(out, item->message);
        }
        bl_buffer_format(out, ", \"location\": { \"file\": ");
        write_json_text(out, bl_slice_of(item->file));
        bl_buffer_format(out, ", \"line\": %u, \"col\": %u } }", item->line, item->column);
    }
    bl_buffer_format(out, "%s]\n}\n", report->count > 0 ? "\n  " : "");
}

// ---- files -----------------------------------------------------------------------------------

enum { FOLDER_DEPTH_MAX = 32 }; // Deeper is a loop of links.

typedef struct file_list {
    const char **items;
    uint32_t count, capacity;
} file_list;

static void add_file(file_list *list, const char *path)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        list->items = bl_realloc(list->items, list->capacity * sizeof(char *));
    }
    list->items[list->count++] = path;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// All .bl files below the folder. False with a message if it cannot be read.
static bool add_folder(bl_arena *arena, file_list *list, const char *path, int depth)
{
    DIR *folder = depth > FOLDER_DEPTH_MAX ? NULL : opendir(path);
    if (folder == NULL) {
        fprintf(stderr, "Failed to read %s\n", path);
        return false;
    }
    bool is_good = true;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        bl_slice name = bl_arena_format(arena, "%s/%s", path, entry->d_name);
        struct stat status;
        if (stat(name.data, &status) == 0 && S_ISDIR(status.st_mode)) {
            is_good = add_folder(arena, list, name.data, depth + 1) && is_good;
        } else if (name.size > 3 && memcmp(name.data + name.size - 3, ".bl", 3) == 0) {
            add_file(list, name.data);
        }
    }
    closedir(folder);
    return is_good;
}

static bool collect_files(const cli_options *options, bl_arena *arena, file_list *list)
{
    bool is_good = true;
    for (uint32_t i = 0; i < options->file_count; i++) {
        struct stat status;
        const char *path = options->files[i];
        if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
            uint32_t first = list->count;
            is_good = add_folder(arena, list, path, 0) && is_good;
            if (list->count > first) {
                qsort(list->items + first, list->count - first, sizeof(char *), compare_paths);
            }
        } else {
            add_file(list, path);
        }
    }
    return is_good;
}

int cli_command_test(const cli_options *options)
{
    if (options->file_count == 0) {
        fprintf(stderr, "bl-uring: which file or folder? See bl-uring help test.\n");
        return CLI_USAGE;
    }
    test_report report = {0};
    bl_arena_init(&report.arena, 0);
    file_list files = {0};
    report.read_failed = !collect_files(options, &report.arena, &files);
    for (uint32_t i = 0; i < files.count; i++) {
        run_file(&report, options, files.items[i]);
    }
    bl_buffer text = {0};
    if (options->json) {
        write_json(&report, &text);
    } else {
        write_text(&report, files.count > 1, &text);
    }
    std_console_flush(); // What the tests printed comes first.
    cli_write(stdout, &text);
    bool failed = report.counts[VERDICT_FAIL] > 0 || report.read_failed;
    bl_free(report.items);
    bl_free(files.items);
    bl_arena_deinit(&report.arena);
    return failed ? CLI_FAILURE : CLI_OK;
}
