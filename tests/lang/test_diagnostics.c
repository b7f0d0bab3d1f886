// tests/lang/test_diagnostics.c: order, duplicates, and the three forms of output.
#include "lang/diagnostics.h"
#include "lang/limits.h"

#include <criterion/criterion.h>

typedef struct fixture {
    bl_arena arena;
    lang_source source;
    lang_diagnostics list;
    bl_buffer out;
} fixture;

static void begin(fixture *test, const char *text)
{
    *test = (fixture){0};
    bl_arena_init(&test->arena, 0);
    bl_status status =
        lang_source_init(&test->source, &test->arena, BL_SLICE("app.bl"), bl_slice_of(text), NULL);
    cr_assert(status == BL_OK);
    lang_diagnostics_init(&test->list, &test->arena, &test->source);
}

static void end(fixture *test, const char *want, const char *what)
{
    bl_buffer_append_char(&test->out, '\0');
    cr_expect_str_eq(test->out.data, want, "%s:\n%s", what, test->out.data);
    bl_buffer_deinit(&test->out);
    bl_arena_deinit(&test->arena);
}

Test(diagnostics, lines_and_columns)
{
    static const struct {
        const char *text;
        uint32_t offset, line, column;
    } rows[] = {
        {"", 0, 1, 1},          {"ab", 1, 1, 2},         {"ab", 9, 1, 3},     {"a\nb", 1, 1, 2},
        {"a\nb", 2, 2, 1},      {"a\n", 2, 2, 1},        {"\n\n\n", 2, 3, 1}, {"a\r\nb", 3, 2, 1},
        {"\xC3\xA9x", 2, 1, 3}, {"a\nbb\nccc", 7, 3, 3},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i++) {
        fixture test;
        begin(&test, rows[i].text);
        lang_position at = lang_source_position(&test.source, rows[i].offset);
        cr_expect(at.line == rows[i].line && at.column == rows[i].column, "row %zu: %u:%u", i,
                  at.line, at.column);
        end(&test, "", "nothing");
    }
}

Test(diagnostics, sorted_and_unique)
{
    fixture test;
    begin(&test, "abc\ndef");
    lang_diagnostics_add(&test.list, LANG_CAP_001, (lang_span){4, 5}, "late");
    lang_diagnostics_add(&test.list, LANG_TYP_002, (lang_span){4, 5}, "b");
    lang_diagnostics_add(&test.list, LANG_TYP_003, (lang_span){4, 5}, "c");
    lang_diagnostics_add(&test.list, LANG_TYP_002, (lang_span){4, 7}, "b");
    lang_diagnostics_add(&test.list, LANG_TYP_002, (lang_span){4, 7}, "other");
    lang_diagnostics_add(&test.list, LANG_STY_001, (lang_span){0, 1}, "first");
    lang_diagnostics_sort(&test.list);
    cr_expect(test.list.error_count == 4, "%u", test.list.error_count);
    cr_expect(test.list.warning_count == 1, "%u", test.list.warning_count);
    lang_diagnostics_write_lines(&test.list, &test.out, false, false);
    end(&test,
        "app.bl:2:1: error: b [TYP_002]\n"
        "app.bl:2:1: error: c [TYP_003]\n"
        "app.bl:2:1: error: other [TYP_002]\n"
        "app.bl:2:1: error: late [CAP_001]\n",
        "lines, without the warning of another pass");
}

Test(diagnostics, warnings_of_the_effect_pass_are_shown_on_run)
{
    fixture test;
    begin(&test, "abc");
    lang_diagnostics_add(&test.list, LANG_CAP_005, (lang_span){0, 1}, "aliased");
    lang_diagnostics_write_lines(&test.list, &test.out, false, false);
    end(&test, "app.bl:1:1: warning: aliased [CAP_005]\n", "lines");
}

static void fill(bl_buffer *text, const char *piece, size_t size)
{
    while (text->size < size) {
        bl_buffer_append_slice(text, bl_slice_of(piece));
    }
    bl_buffer_append_char(text, '\0');
}

Test(diagnostics, long_texts_are_cut_between_characters)
{
    bl_buffer name = {0};
    fill(&name, "\xC3\xA9", LANG_MESSAGE_SIZE_MAX * 2);
    for (int shift = 0; shift < 3; shift++) {
        fixture test;
        begin(&test, "abc");
        lang_diagnostic *found = lang_diagnostics_add(&test.list, LANG_TYP_002, (lang_span){0, 1},
                                                      "%.*s%s", shift, "xx", name.data);
        bl_slice text = found->message;
        cr_expect(text.size <= LANG_MESSAGE_SIZE_MAX && text.size > LANG_MESSAGE_SIZE_MAX - 8,
                  "%zu bytes", text.size);
        cr_expect_str_eq(text.data + text.size - 5, "\xC3\xA9…");
        end(&test, "", "nothing");
    }
    bl_buffer_deinit(&name);
}

Test(diagnostics, a_long_line_is_not_shown)
{
    bl_buffer line = {0};
    fill(&line, "a ", LANG_SHOWN_LINE_MAX + 1);
    fixture test;
    begin(&test, line.data);
    lang_diagnostics_add(&test.list, LANG_TYP_002, (lang_span){2, 3}, "why");
    lang_diagnostics_write_text(&test.list, &test.out, false);
    end(&test, "error[TYP_002]: why\n  --> app.bl:1:3\n\n1 error(s)\n", "text");
    begin(&test, line.data);
    lang_diagnostics_add(&test.list, LANG_TYP_002, (lang_span){2, 3}, "why");
    lang_diagnostics_write_json(&test.list, LANG_LEVEL_FULL, &test.out);
    cr_expect_null(memmem(test.out.data, test.out.size, "source_context", 14));
    bl_buffer_deinit(&test.out);
    bl_arena_deinit(&test.arena);
    bl_buffer_deinit(&line);
}

Test(diagnostics, what_is_beyond_the_limit_is_counted)
{
    bl_buffer name = {0};
    fill(&name, "x", LANG_MESSAGE_SIZE_MAX - 100);
    fixture test;
    begin(&test, "abc");
    uint32_t count = LANG_REPORT_SIZE_MAX / LANG_MESSAGE_SIZE_MAX * 2;
    for (uint32_t i = 0; i < count; i++) {
        lang_diagnostic *found = lang_diagnostics_add(&test.list, LANG_TYP_002, (lang_span){0, 1},
                                                      "%u %s", i, name.data);
        lang_diagnostic_context(&test.list, found, "%s", name.data);
        lang_diagnostic_suggest(&test.list, found, "replace", 0.5, "%s", name.data);
    }
    lang_diagnostics_sort(&test.list);
    cr_expect(test.list.error_count == count, "%u", test.list.error_count);
    cr_expect(test.list.count < count / 4, "%u", test.list.count);
    cr_expect(test.list.count + test.list.dropped_errors == count);
    end(&test, "", "nothing");
    bl_buffer_deinit(&name);
}

Test(diagnostics, text)
{
    fixture test;
    begin(&test, "fn f() =\n\n\n  if n then \"a\" else \"b\"\n\t\xC3\xA9 == yy");
    lang_diagnostic *found = lang_diagnostics_add(&test.list, LANG_TYP_003, (lang_span){16, 17},
                                                  "If condition must be Boolean, found %s", "Int");
    lang_diagnostic_context(&test.list, found,
                            "Control flow conditions must evaluate to true or false.");
    lang_diagnostic_suggest(&test.list, found, "replace", 0.5, "text of each suggestion");
    lang_diagnostics_add(&test.list, LANG_HOLE_001, (lang_span){43, 45}, "two");
    lang_diagnostics_write_text(&test.list, &test.out, false);
    end(&test,
        "error[TYP_003]: If condition must be Boolean, found Int\n"
        "  --> app.bl:4:6\n"
        "   |\n"
        " 4 |   if n then \"a\" else \"b\"\n"
        "   |      ^\n"
        "  = Control flow conditions must evaluate to true or false.\n"
        "  help: text of each suggestion\n"
        "\n"
        "warning[HOLE_001]: two\n"
        "  --> app.bl:5:8\n"
        "   |\n"
        " 5 | \t\xC3\xA9 == yy\n"
        "   | \t     ^^\n"
        "\n"
        "1 error(s), 1 warning(s)\n",
        "text");
}

Test(diagnostics, text_without_a_place)
{
    fixture test;
    begin(&test, "");
    lang_diagnostics_add(&test.list, LANG_IO_001, LANG_SPAN_NONE, "Failed to read file: gone");
    lang_diagnostics_write_text(&test.list, &test.out, false);
    end(&test,
        "error[IO_001]: Failed to read file: gone\n"
        "  --> app.bl:0:0\n"
        "\n"
        "1 error(s)\n",
        "text");
}

Test(diagnostics, json)
{
    fixture test;
    begin(&test, "\n\n\n\n\n\n\n\n  totl");
    lang_diagnostic *found = lang_diagnostics_add(&test.list, LANG_TYP_002, (lang_span){10, 14},
                                                  "Undefined variable `totl`");
    lang_diagnostic_context(&test.list, found, "Variable must be defined before use.");
    lang_suggestion *help =
        lang_diagnostic_suggest(&test.list, found, "replace", 0.8, "Did you mean `total`?");
    static const lang_patch patch = {
        .start_line = 9, .original_text = {"a\"\x01\xFF", 4}, .operation = LANG_PATCH_INSERT};
    help->patch = &patch;
    lang_diagnostics_write_json(&test.list, LANG_LEVEL_REFINEMENTS, &test.out);
    end(&test,
        "{\n"
        "  \"checked\": [\n"
        "    \"types\",\n"
        "    \"refinements\"\n"
        "  ],\n"
        "  \"diagnostics\": [\n"
        "    {\n"
        "      \"code\": \"TYP_002\",\n"
        "      \"context\": \"Variable must be defined before use.\",\n"
        "      \"location\": {\n"
        "        \"col\": 3,\n"
        "        \"end_col\": 7,\n"
        "        \"end_line\": 9,\n"
        "        \"file\": \"app.bl\",\n"
        "        \"line\": 9\n"
        "      },\n"
        "      \"message\": \"Undefined variable `totl`\",\n"
        "      \"severity\": \"error\",\n"
        "      \"source_context\": {\n"
        "        \"highlight_col\": 2,\n"
        "        \"highlight_len\": 4,\n"
        "        \"line_number\": 9,\n"
        "        \"source_line\": \"  totl\"\n"
        "      },\n"
        "      \"suggestions\": [\n"
        "        {\n"
        "          \"confidence\": 0.8,\n"
        "          \"description\": \"Did you mean `total`?\",\n"
        "          \"patch\": {\n"
        "            \"operation\": \"insert\",\n"
        "            \"original_text\": \"a\\\"\\u0001\xEF\xBF\xBD\",\n"
        "            \"start_line\": 9\n"
        "          },\n"
        "          \"strategy\": \"replace\"\n"
        "        }\n"
        "      ]\n"
        "    }\n"
        "  ],\n"
        "  \"status\": \"failure\",\n"
        "  \"unchecked\": [\n"
        "    \"specs\",\n"
        "    \"smt\"\n"
        "  ],\n"
        "  \"verification_level\": \"refinements\"\n"
        "}\n",
        "json");
}

Test(diagnostics, json_of_nothing)
{
    fixture test;
    begin(&test, "");
    lang_diagnostics_write_json(&test.list, LANG_LEVEL_FULL, &test.out);
    end(&test,
        "{\n"
        "  \"checked\": [\n"
        "    \"types\",\n"
        "    \"refinements\",\n"
        "    \"specs\",\n"
        "    \"smt\"\n"
        "  ],\n"
        "  \"diagnostics\": [],\n"
        "  \"status\": \"success\",\n"
        "  \"verification_level\": \"full\"\n"
        "}\n",
        "json");
}

Test(diagnostics, json_without_a_place)
{
    fixture test;
    begin(&test, "");
    lang_diagnostics_add(&test.list, LANG_IO_001, LANG_SPAN_NONE, "Failed to read file: gone");
    lang_diagnostics_write_json(&test.list, LANG_LEVEL_TYPES, &test.out);
    end(&test,
        "{\n"
        "  \"checked\": [\n"
        "    \"types\"\n"
        "  ],\n"
        "  \"diagnostics\": [\n"
        "    {\n"
        "      \"code\": \"IO_001\",\n"
        "      \"context\": \"\",\n"
        "      \"location\": {\n"
        "        \"col\": 0,\n"
        "        \"file\": \"app.bl\",\n"
        "        \"line\": 0\n"
        "      },\n"
        "      \"message\": \"Failed to read file: gone\",\n"
        "      \"severity\": \"error\",\n"
        "      \"suggestions\": []\n"
        "    }\n"
        "  ],\n"
        "  \"status\": \"failure\",\n"
        "  \"unchecked\": [\n"
        "    \"refinements\",\n"
        "    \"specs\",\n"
        "    \"smt\"\n"
        "  ],\n"
        "  \"verification_level\": \"types\"\n"
        "}\n",
        "json");
}

Test(diagnostics, levels)
{
    lang_level level = LANG_LEVEL_SKIP;
    cr_expect(lang_level_from_name(BL_SLICE("FULL"), &level) && level == LANG_LEVEL_FULL);
    cr_expect(lang_level_from_name(BL_SLICE("Types"), &level) && level == LANG_LEVEL_TYPES);
    cr_expect(!lang_level_from_name(BL_SLICE("most"), &level) && level == LANG_LEVEL_TYPES);
    cr_expect_str_eq(lang_level_name(LANG_LEVEL_SKIP), "skip");
}

Test(diagnostics, unreadable_files)
{
    bl_arena arena;
    bl_error error = {0};
    lang_source source;
    bl_arena_init(&arena, 0);
    cr_expect(lang_source_open(&source, &arena, BL_SLICE("/nowhere/x.bl"), &error) == BL_NOT_FOUND);
    cr_expect_str_eq(error.message, "No such file or directory");
    cr_expect(lang_source_open(&source, &arena, BL_SLICE("/"), &error) == BL_SYSTEM);
    cr_expect_str_eq(error.message, "Is a directory");
    bl_arena_deinit(&arena);
}
