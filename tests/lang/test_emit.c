// tests/lang/test_emit.c: the bytecode: what it must not contain, programs that are too large for
// some form of an instruction, and time that grows with the program and no faster.
#include "tests/lang/program.h"

#include <criterion/criterion.h>

static bool contains(const bl_buffer *text, const char *part)
{
    return strstr(text->data, part) != NULL;
}

Test(emit, loops_need_no_counts_and_no_closures)
{
    bl_buffer out = {0};
    program_dump(
        "@prelude(script)\n"
        "fn sum(i: Int, n: Int, s: Int) -> Int = if i >= n then s else sum(i + 1, n, s + i)\n"
        "fn main() -> (Int, Int) = "
        "(sum(0, 10, 0), List.fold(List.map([1, 2], |x| x + 1), 0, |a, b| a + b))\n",
        LANG_DUMP_BYTECODE, &out);
    static const char *const banned[] = {"CALL_VALUE", "CLOSURE", "TAIL_CALL", "COPY"};
    for (size_t i = 0; i < BL_ARRAY_COUNT(banned); i++) {
        cr_expect(!contains(&out, banned[i]), "%s in\n%s", banned[i], out.data);
    }
    bl_buffer_deinit(&out);
}

Test(emit, appends_are_pushes)
{
    bl_buffer out = {0};
    program_dump("fn build(n: Int, xs: List<Int>) -> List<Int> = "
                 "if n == 0 then xs else build(n - 1, xs ++ [n])\n"
                 "fn main() -> List<Int> = build(3, [])\n",
                 LANG_DUMP_IR, &out);
    cr_expect(contains(&out, "PUSH") && !contains(&out, "CONCAT"), "%s", out.data);
    bl_buffer_deinit(&out);
}

// Looking at a tree counts nothing, neither on the way down nor in a loop.
Test(emit, what_is_only_looked_at_is_not_counted)
{
    bl_buffer out = {0};
    program_dump(
        "type Tree = | Leaf | Node(Tree, String, Tree)\n"
        "fn size(t: Tree) -> Int = match t\n Leaf -> 0\n"
        " Node(l, s, r) -> size(l) + String.length(s) + size(r)\n"
        "fn depth(t: Tree, n: Int) -> Int = match t\n Leaf -> n\n"
        " Node(l, _, r) -> if size(r) > 3 then depth(l, n + 1) else depth(r, n + 1)\n"
        "fn main() -> Int = {\n let t = Node(Leaf, \"a\", Leaf)\n size(t) + depth(t, 0)\n}\n",
        LANG_DUMP_BYTECODE, &out);
    cr_expect(!contains(&out, "COPY") && !contains(&out, "_GET"), "%s", out.data);
    const char *drop = strstr(out.data, "DROP");
    cr_expect(drop != NULL && strstr(drop + 1, "DROP") == NULL, "main! alone drops: %s", out.data);
    bl_buffer_deinit(&out);
}

// Data that is only made to be taken apart is not made: tuples of a match, results of what was
// inlined, also where the parts are assigned meanwhile.
Test(emit, what_is_taken_apart_at_once_is_not_made)
{
    static const char *const programs[] = {
        "fn f(a: Int, b: Bool) -> Int = match (a, b)\n (0, true) -> 1\n (n, false) -> n\n"
        " (n, true) -> n + 1\nfn main() -> Int = f(1, false) + f(2, true)\n",
        "fn half(n: Int) -> Option<Int> = if n % 2 == 0 then Some(n / 2) else None\n"
        "fn f(n: Int) -> Int = match half(n)\n Some(m) -> m\n None -> 0\n"
        "fn main() -> Int = f(3) + f(4)\n",
        "fn f(n: Int) -> Int = {\n let mut a = n\n let p = (a, n)\n a = a + 1\n"
        " match p\n (x, y) -> x + y + a\n}\nfn main() -> Int = f(3) + f(4)\n",
        "fn safe(n: Int) -> Result<Int, String> = if n > 3 then Err(\"large\") else Ok(n)\n"
        "fn main() -> Result<Int, String> = {\n let m = safe(List.length([]))?\n Ok(m * 2)\n}\n",
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(programs); i++) {
        bl_buffer out = {0};
        program_dump(programs[i], LANG_DUMP_IR, &out);
        // Before what a failure says of the subject.
        const char *fail = strstr(out.data, "FAIL");
        const char *tuple = strstr(out.data, "TUPLE");
        cr_expect(tuple == NULL || (fail != NULL && tuple > fail - 80), "%s", out.data);
        cr_expect(!contains(&out, "_GET") && !contains(&out, "Some") && !contains(&out, "TRY"),
                  "%s", out.data);
        bl_buffer_deinit(&out);
    }
}

// A function whose jumps are longer than a short jump reaches.
Test(emit, long_jumps)
{
    bl_buffer text = {0};
    bl_buffer_format(&text, "fn main() -> Int = { let mut n = 0\nfor i in 0..3 do {\n");
    for (int i = 0; i < 9000; i++) {
        bl_buffer_format(&text, "if i == %d then n = n + 1 else ()\n", i % 5);
    }
    bl_buffer_format(&text, "}\n n }");
    bl_buffer_append_char(&text, '\0');
    // `if c then n = …` is no expression: the branches are blocks.
    bl_buffer program = {0};
    for (const char *at = text.data; *at != '\0'; at++) {
        if (strncmp(at, "n = n + 1 else", 14) == 0) {
            bl_buffer_format(&program, "{ n = n + 1 } else");
            at += 13;
        } else {
            bl_buffer_append_char(&program, *at);
        }
    }
    bl_buffer_append_char(&program, '\0');
    for (int optimised = 0; optimised < 2; optimised++) {
        bl_buffer out = {0};
        program_outcome(program.data, optimised == 1, &out);
        cr_expect_str_eq(out.data, "5400", "%s", out.data);
        bl_buffer_deinit(&out);
    }
    bl_buffer_deinit(&program);
    bl_buffer_deinit(&text);
}

Test(emit, too_many_registers)
{
    bl_buffer text = {0};
    bl_buffer_format(&text, "@prelude(script)\nfn f() -> Int = { let xs = [0");
    for (int i = 1; i < 70000; i++) {
        bl_buffer_format(&text, ", %d", i);
    }
    bl_buffer_format(&text, "]\n List.length(xs) }\nfn main() -> Int = f()");
    bl_buffer_append_char(&text, '\0');
    bl_buffer out = {0};
    program_outcome(text.data, true, &out);
    cr_expect(contains(&out, "Function is too large"), "%s", out.data);
    bl_buffer_deinit(&out);
    bl_buffer_deinit(&text);
}

// A match whose decision tree would be exponential.
Test(emit, matches_stay_small)
{
    bl_buffer text = {0};
    bl_buffer_format(&text, "type C = | A | B | D | E\n"
                            "fn f(a: C, b: C, c: C, d: C, e: C, g: C, h: C, i: C) -> Int = "
                            "match (a, b, c, d, e, g, h, i)\n");
    for (int row = 0; row < 32; row++) {
        bl_buffer_format(&text, " (");
        for (int column = 0; column < 8; column++) {
            bool tested = column == row / 4 || (column * 7 + row) % 3 == 0;
            bl_buffer_format(&text, "%s%c", column == 0 ? "" : ", ",
                             tested ? "ABDE"[(row + column) % 4] : '_');
        }
        bl_buffer_format(&text, ") -> %d\n", row);
    }
    bl_buffer_format(&text, " _ -> 99\nfn main() -> Int = f(A, B, D, E, A, B, D, E)");
    bl_buffer_append_char(&text, '\0');
    bl_buffer on = {0};
    bl_buffer off = {0};
    program_outcome(text.data, true, &on);
    program_outcome(text.data, false, &off);
    cr_expect_str_eq(on.data, off.data);
    cr_expect(on.size < 8, "%s", on.data);
    bl_buffer_deinit(&on);
    bl_buffer_deinit(&off);
    bl_buffer_deinit(&text);
}
