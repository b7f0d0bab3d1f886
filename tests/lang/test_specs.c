// tests/lang/test_specs.c: what `check --level full` says of a specification, row by row.
#include "lang/lang.h"
#include "tests/lang/web_library.h"

#include <criterion/criterion.h>

typedef struct spec_row {
    const char *name;
    const char *source;
    const char *want; // "CODE LINE" of each diagnostic, separated by blanks.
} spec_row;

static void expect_row(const spec_row *row)
{
    lang_options options = {
        .level = LANG_LEVEL_FULL, .check_only = true, .text = bl_slice_of(row->source)};
    lang_result *result = lang_compile(test_library(), BL_SLICE("test.bl"), &options);
    const lang_diagnostics *list = result->diagnostics;
    bl_buffer got = {0};
    for (uint32_t i = 0; i < list->count; i++) {
        bl_buffer_format(&got, "%s%s %u", i == 0 ? "" : " ", lang_code_name(list->items[i]->code),
                         lang_source_position(list->source, list->items[i]->span.start).line);
    }
    bl_buffer_append_char(&got, '\0');
    cr_expect_str_eq(got.data, row->want, "%s: got \"%s\", want \"%s\"", row->name, got.data,
                     row->want);
    bl_buffer_deinit(&got);
    lang_result_destroy(result);
}

#define EXPECT_ROWS(rows)                                                                          \
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i++) {                                            \
        expect_row(&rows[i]);                                                                      \
    }

Test(specs, proved)
{
    static const spec_row rows[] = {
        {"by interval", "@ensures result >= 0\nfn f(n: Int) -> Int = if n < 0 then 0 - n else n\n",
         ""},
        {"by polynomial",
         "@ensures result == (a + b) * (a - b)\nfn f(a: Int, b: Int) -> Int = a * a - b * b\n", ""},
        {"by precondition", "@requires n > 0\n@ensures result > 0\nfn f(n: Int) -> Int = n\n", ""},
        {"by what is given",
         "@given n: Int where n > 5\n@ensures result > 6\n"
         "fn f(n: Int) -> Int = n + 1\n",
         ""},
        {"by a condition between variables",
         "@ensures result >= a && result >= b\n"
         "fn f(a: Int, b: Int) -> Int = if a > b then a else b\n",
         ""},
        {"by a precondition between variables",
         "@requires lo <= hi\n@ensures result >= lo\n@ensures result <= hi\n"
         "fn f(n: Int, lo: Int, hi: Int) -> Int ="
         " if n < lo then lo else if n > hi then hi else n\n",
         ""},
        {"by all cases",
         "@ensures result == not b\nfn f(b: Bool) -> Bool = if b then false else true\n", ""},
    };
    EXPECT_ROWS(rows)
}

Test(specs, refuted)
{
    static const spec_row rows[] = {
        {"zero", "@spec f\n@ensures result > 0\nfn f(n: Int) -> Int = n * n\n", "SPEC_001 1"},
        {"a constant of the body",
         "@ensures result > 9\nfn f(n: Int) -> Int = if n == 77 then 5 else 10\n", "SPEC_001 1"},
        {"strictly between variables",
         "@ensures result > a\nfn f(a: Int, b: Int) -> Int = if a > b then a else b\n",
         "SPEC_001 1"},
        {"precondition the wrong way",
         "@requires lo >= hi\n@ensures result <= hi\nfn f(lo: Int, hi: Int) -> Int = lo\n",
         "SPEC_001 1"},
        {"one case of all", "@ensures result == b\nfn f(b: Bool) -> Bool = true\n", "SPEC_001 1"},
    };
    EXPECT_ROWS(rows)
}

Test(specs, undecided)
{
    static const spec_row rows[] = {
        {"strings", "@ensures result > 0\nfn f(s: String) -> Int = 1\n", "SPEC_003 1"},
        {"calls", "@ensures g(result)\nfn f(b: Bool) -> Bool = b\n", "SPEC_003 1"},
        {"no postcondition", "@spec f\n@requires n > 0\nfn f(n: Int) -> Int = n\n", ""},
    };
    EXPECT_ROWS(rows)
}
