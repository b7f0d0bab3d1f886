// tests/lang/test_wide_programs.c: programs with very many of one thing: time in proportion, texts
// cut where a limit says so, never a crash.
#include "lang/limits.h"
#include "lang/sema.h"
#include "tests/lang/web_library.h"

#include <criterion/criterion.h>

// head, then piece with %u replaced by 0, 1, … count - 1, then tail, and once more for the second
// piece.
typedef struct wide_row {
    const char *name;
    uint32_t count;
    const char *head;
    const char *piece;
    const char *middle;
    const char *second;
    const char *tail;
    uint32_t errors;   // How many are expected …
    const char *first; // … and what the first one is: "CODE message"; NULL: none.
} wide_row;

static void append_pieces(bl_buffer *text, const char *piece, uint32_t count)
{
    for (uint32_t i = 0; piece != NULL && i < count; i++) {
        const char *rest = piece;
        for (const char *hole; (hole = strstr(rest, "%u")) != NULL; rest = hole + 2) {
            bl_buffer_append(text, rest, (size_t)(hole - rest));
            bl_buffer_format(text, "%u", i);
        }
        bl_buffer_append_slice(text, bl_slice_of(rest));
    }
}

static void expect_wide(const wide_row *row)
{
    bl_arena arena;
    bl_arena_init(&arena, 0);
    bl_buffer text = {0};
    bl_buffer_append_slice(&text, bl_slice_of(row->head));
    append_pieces(&text, row->piece, row->count);
    bl_buffer_append_slice(&text, bl_slice_of(row->middle));
    append_pieces(&text, row->second, row->count);
    bl_buffer_append_slice(&text, bl_slice_of(row->tail));
    lang_world *world =
        lang_world_load(&arena, test_library(), BL_SLICE("wide.bl"), bl_buffer_slice(&text));
    if (!lang_unit_has_syntax_errors(world->main)) {
        lang_check_passes(world, LANG_LEVEL_FULL);
    }
    lang_diagnostics *list = &world->main->diagnostics;
    lang_diagnostics_sort(list);
    cr_expect(list->error_count == row->errors, "%s: %u errors", row->name, list->error_count);
    bl_buffer first = {0};
    if (list->count > 0) {
        bl_buffer_format(&first, "%s %.*s", lang_code_name(list->items[0]->code),
                         BL_SLICE_ARG(list->items[0]->message));
    }
    bl_buffer_append_char(&first, '\0');
    cr_expect_str_eq(first.data, row->first, "%s: \"%s\"", row->name, first.data);
    bl_buffer_deinit(&first);
    bl_buffer_deinit(&text);
    bl_arena_deinit(&arena);
}

Test(wide_programs, time_and_limits)
{
    static const wide_row rows[] = {
        {"as many parameters as may be", LANG_PARAMETERS_MAX, "fn f(", "p%u: Int, ",
         ") -> Int = p1\nfn g() -> Int = f(", "%u, ", ")\n", 0, ""},
        {"one more", LANG_PARAMETERS_MAX + 1, "fn f(", "p%u: Int, ", ") -> Int = p1\n", NULL, "", 1,
         "SYN_001 Too many parameters"},
        {"a signature larger than a type may be", 3000, "fn f(a: { ", "f%u: Int, ", " }, b: { ",
         "f%u: Int, ", " }) -> Int = a.f1 + b.f2\nfn g() -> Int = f(1)\n", 1,
         "TYP_007 Function call expects 2 arguments, found 1"},
        {"a trait for a type that is too large", 3000,
         "trait T { m : (Self, Self) -> Int\n  fn d(x: Self, y: Self) -> Int = 1 }\nimpl T for { ",
         "f%u: Int, ", " } { fn m(x: { ", "f%u: Int, ",
         "}, y: Unknown) -> Int = 1 }\n"
         "fn g(u: Unknown) -> Int = T.m(u, u) + T.d({ f1: 1 }, 2)\n",
         1, "TRT_004 No impl of `T` for `{ f1: Int }`"},
        {"variants", 20000, "type E = ", "| A%u(Int) ", "fn f(e: E) -> Int = match e ",
         "A%u(x) -> x ", "\n", 0, ""},
        {"fields", 20000, "type P = { ", "f%u: Int, ", " }\nfn f() -> P = P { ", "f%u: 1, ",
         " }\nfn g(p: P) -> Int = p.f19999\n", 0, ""},
        {"missing fields", 20000, "type P = { ", "f%u: Int, ", " }\nfn f() -> P = P { }\n", NULL,
         "", 20000, "TYP_012 Missing field `f0`"},
        {"arms", 5000, "fn f(x: Int) -> Int = match x ", "%u -> 1 ", "_ -> 2 ", NULL, "\n", 0, ""},
        {"lambdas in one block", 20000, "fn f() -> Int = { ", "let x%u = || y%u\n", " 1 }\n", NULL,
         "", 20000, "TYP_002 Undefined variable `y0`"},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i++) {
        expect_wide(&rows[i]);
    }
}
