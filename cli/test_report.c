// cli/test_report.c: the report of `test` as text and as JSON.
//
// Both have what the language prescribes in the prescribed words, so that tools can rely on it. On
// top of that a failure shows its place and the values there: lines that begin with a blank or a
// number in the text, and the member "failure" of a test in the JSON.
#include "cli/test_report.h"

void test_report_init(test_report *report)
{
    *report = (test_report){0};
    bl_arena_init(&report->arena, 0);
}

void test_report_deinit(test_report *report)
{
    bl_free(report->items);
    bl_arena_deinit(&report->arena);
}

void test_report_add(test_report *report, test_outcome item)
{
    if (report->count == report->capacity) {
        report->capacity = report->capacity == 0 ? 64 : report->capacity * 2;
        report->items = bl_realloc(report->items, report->capacity * sizeof(test_outcome));
    }
    report->items[report->count++] = item;
    report->counts[item.verdict] += 1;
}

bool test_report_has_failed(const test_report *report)
{
    return report->counts[VERDICT_FAIL] > 0 || report->read_failed || report->has_leaked;
}

// ---- text ------------------------------------------------------------------------------------

// A message may hold values of the program with anything in them: it stays one line.
static void write_line(bl_slice text, bl_buffer *out)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '\n') {
            bl_buffer_append(out, "\\n", 2);
        } else {
            bl_buffer_append_char(out, text.data[i]);
        }
    }
    bl_buffer_append_char(out, '\n');
}

static void write_sides(const test_outcome *item, bl_buffer *out)
{
    int width = 0;
    for (uint32_t i = 0; i < TEST_SIDES; i++) {
        const char *label = item->sides[i].label;
        int size = label == NULL ? 0 : (int)strlen(label) + 1;
        width = size > width ? size : width;
    }
    for (uint32_t i = 0; i < TEST_SIDES; i++) {
        const test_side *side = &item->sides[i];
        if (side->label != NULL) {
            int pad = width - (int)strlen(side->label) - 1;
            bl_buffer_format(out, "  %s:%*s %.*s\n", side->label, pad, "",
                             BL_SLICE_ARG(side->text));
        }
    }
}

void test_report_write_text(const test_report *report, bool many_files, bl_buffer *out)
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
                         BL_SLICE_ARG(item->name), item->at.line);
        if (item->verdict == VERDICT_FAIL) {
            bl_buffer_append(out, "  ", 2);
            write_line(item->message, out);
            bl_buffer_append_slice(out, item->excerpt);
            write_sides(item, out);
            bl_buffer_append_slice(out, item->stack);
        }
    }
    bl_buffer_format(out, "%s%u tests: %u passed, %u failed", report->count > 0 ? "\n" : "",
                     report->count, report->counts[VERDICT_PASS], report->counts[VERDICT_FAIL]);
    if (report->counts[VERDICT_SKIP] > 0) {
        bl_buffer_format(out, ", %u skipped", report->counts[VERDICT_SKIP]);
    }
    bl_buffer_append_char(out, '\n');
}

// ---- JSON ------------------------------------------------------------------------------------

static void write_location(const char *file, lang_position at, bl_buffer *out)
{
    bl_buffer_format(out, "\"location\": { \"file\": ");
    lang_json_text_write(bl_slice_of(file), out);
    bl_buffer_format(out, ", \"line\": %u, \"col\": %u }", at.line, at.column);
}

static void write_failure(const test_outcome *item, bl_buffer *out)
{
    if (item->failure_file == NULL) {
        return;
    }
    bl_buffer_format(out, ", \"failure\": { ");
    write_location(item->failure_file, item->failure_at, out);
    static const char *const keys[TEST_SIDES] = {"left", "right", "first_difference"};
    for (uint32_t i = 0; i < TEST_SIDES; i++) {
        if (item->sides[i].label != NULL) {
            bl_buffer_format(out, ", \"%s\": ", keys[i]);
            lang_json_text_write(item->sides[i].text, out);
        }
    }
    if (item->stack.size > 0) {
        bl_buffer_format(out, ", \"stack\": ");
        lang_json_text_write(item->stack, out);
    }
    bl_buffer_format(out, " }");
}

void test_report_write_json(const test_report *report, bl_buffer *out)
{
    static const char *const words[] = {"pass", "fail", "skipped"};
    bl_buffer_format(out, "{\n  \"status\": \"%s\",\n  \"summary\": { \"total\": %u, ",
                     test_report_has_failed(report) ? "fail" : "pass", report->count);
    bl_buffer_format(out, "\"passed\": %u, \"failed\": %u, \"skipped\": %u },\n  \"tests\": [",
                     report->counts[VERDICT_PASS], report->counts[VERDICT_FAIL],
                     report->counts[VERDICT_SKIP]);
    for (uint32_t i = 0; i < report->count; i++) {
        const test_outcome *item = &report->items[i];
        bl_buffer_format(out, "%s\n    { \"name\": ", i > 0 ? "," : "");
        lang_json_text_write(item->name, out);
        bl_buffer_format(out, ", \"status\": \"%s\", ", words[item->verdict]);
        if (item->verdict == VERDICT_FAIL) {
            bl_buffer_format(out, "\"message\": ");
            lang_json_text_write(item->message, out);
            bl_buffer_format(out, ", ");
        }
        write_location(item->file, item->at, out);
        write_failure(item, out);
        bl_buffer_format(out, " }");
    }
    bl_buffer_format(out, "%s]\n}\n", report->count > 0 ? "\n  " : "");
}
