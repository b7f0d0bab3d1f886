// tests/lang/test_lower.c: what programs mean: small programs with their results, each with the
// optimiser and without, none leaving anything on the heap.
#include "tests/lang/program.h"

#include <criterion/criterion.h>

typedef struct row {
    const char *name, *text, *want;
} row;

static void check_rows(const row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (int optimised = 0; optimised < 2; optimised++) {
            bl_buffer out = {0};
            program_outcome(rows[i].text, optimised == 1, &out);
            cr_expect_str_eq(out.data, rows[i].want, "%s (optimiser %s): %s", rows[i].name,
                             optimised == 1 ? "on" : "off", out.data);
            bl_buffer_deinit(&out);
        }
    }
}

Test(lower, order_of_evaluation)
{
    static const row rows[] = {
        {"an operand is what it was when it was read",
         "fn main() -> Int = { let mut x = 1\n x + { x = 5\n x } + x }", "11"},
        {"arguments too",
         "fn f(a: Int, b: Int) -> (Int, Int) = (a, b)\n"
         "fn main() -> (Int, Int) = { let mut x = 1\n f(x, { x = 2\n x }) }",
         "(1, 2)"},
        {"named arguments in the order of parameters",
         "@prelude(script)\nfn f(a: Int, b: Int) -> List<Int> = [a, b]\n"
         "fn main() -> (List<Int>, List<Int>) = { let mut log = []\n"
         "let r = f(b: { log = log ++ [2]\n 2 }, a: { log = log ++ [1]\n 1 })\n(r, log) }",
         "([1, 2], [1, 2])"},
        {"the assigned variable in its own logical value",
         "fn main() -> Bool = { let mut x = true\n let c = false\n x = c || x\n x }", "true"},
        {"swapping",
         "fn main() -> (Int, Int) = { let mut a = 1\n let mut b = 2\n"
         "for _ in 0..3 do { let t = a\n a = b\n b = t }\n(a, b) }",
         "(2, 1)"},
        {"only what is needed", "fn main() -> Bool = false && 1 / 0 == 1", "false"},
    };
    check_rows(rows, BL_ARRAY_COUNT(rows));
}

Test(lower, closures_and_variables)
{
    static const row rows[] = {
        {"shared by lambda and function",
         "fn main() -> Int = { let mut n = 0\n let bump = |k| { n = n + k\n n }\n"
         "let _ = bump(2)\n n = n * 10\n bump(1) }",
         "21"},
        {"each round has its own",
         "@prelude(script)\nfn main() -> List<Int> = { let mut fs = []\n"
         "for i in 0..3 do { let mut k = i\n fs = fs ++ [|| { k = k + 10\n k }] }\n"
         "List.map(fs, |f| f() + f()) }",
         "[30, 32, 34]"},
        {"fields of a variable",
         "type P = { x: Int, y: Int }\n"
         "fn main() -> (P, P) = { let mut p = P { x: 1, y: 2 }\n"
         "let q = p\n p.x = 9\n (p, q) }",
         "(P { x: 9, y: 2 }, P { x: 1, y: 2 })"},
        {"inner fields", "fn main() -> Int = { let mut p = { a: { b: 1 } }\n p.a.b = 7\n p.a.b }",
         "7"},
    };
    check_rows(rows, BL_ARRAY_COUNT(rows));
}

Test(lower, matches)
{
    static const row rows[] = {
        {"alternatives share guard and body",
         "fn f(x: Int, y: Int) -> String = match (x, y)\n (0, _) | (_, 0) -> \"zero\"\n"
         " (a, b) if a == b -> \"same\"\n (1, b) | (b, 1) -> \"one ${b}\"\n _ -> \"other\"\n"
         "fn main() -> String = \"${f(0, 1)} ${f(2, 2)} ${f(1, 7)} ${f(7, 1)} ${f(5, 6)}\"",
         "zero same one 7 one 7 other"},
        {"a false guard goes on",
         "fn f(o: Option<Int>) -> Int = match o\n Some(n) if n > 10 -> 1\n Some(3) -> 2\n"
         " Some(_) -> 3\n None -> 4\nfn main() -> (Int, Int, Int, Int) = "
         "(f(Some(11)), f(Some(3)), f(Some(4)), f(None))",
         "(1, 2, 3, 4)"},
        {"lists",
         "fn f(xs: List<Int>) -> Int = match xs\n [] -> 0\n [x] -> x\n [1, y] -> y\n"
         " [x, _, ..rest] -> match rest\n   [] -> 0 - x\n   [z, .._] -> z\n"
         "fn main() -> (Int, Int, Int, Int, Int) = "
         "(f([]), f([5]), f([1, 7]), f([2, 7]), f([1, 2, 3]))",
         "(0, 5, 7, -2, 3)"},
        {"no arm", "fn f(xs: List<Int>) -> Int = match xs\n [] -> 0\nfn main() -> Int = f([1])",
         "error 1: No match arm matched value: [1]"},
        {"literals have kinds",
         "fn f(x: Unknown) -> Int = match x\n 1 -> 1\n \"1\" -> 2\n"
         " 1.0 -> 3\n true -> 4\n () -> 5\n _ -> 6\n"
         "fn main() -> (Int, Int, Int, Int, Int, Int) = "
         "(f(1), f(\"1\"), f(1.0), f(true), f(()), f(2))",
         "(1, 2, 3, 4, 5, 6)"},
        {"refutable let", "fn main() -> Int = { let xs = [1]\n let [a, b] = xs\n a + b }",
         "error 2: Pattern does not match value: [1]"},
        {"constructors of several arities",
         "type A = | K(Int) | L\ntype B = | K(Int, Int) | M\n"
         "fn f(x: Unknown) -> Int = match x\n K(a) -> a\n K(a, b) -> a + b\n _ -> 0\n"
         "fn main() -> Int = f(L) + f(M)",
         "0"},
    };
    check_rows(rows, BL_ARRAY_COUNT(rows));
}

// The arm's pattern with # replaced by its number; the subject is 7,999, in a tuple or not.
static void expect_many_arms(const char *name, const char *subject, const char *arm,
                             const char *want)
{
    bl_buffer text = {0};
    bl_buffer out = {0};
    bl_buffer_format(&text, "fn f(x: Unknown) -> Int = match x\n");
    for (uint32_t i = 0; i < 8000; i++) {
        const char *hole = strchr(arm, '#');
        bl_buffer_format(&text, "  %.*s%u%s -> %u\n", (int)(hole - arm), arm, i, hole + 1, i);
    }
    bl_buffer_format(&text, "  _ -> 0 - 1\nfn main() -> Int = f(%s)\n", subject);
    bl_buffer_append_char(&text, '\0');
    program_outcome(text.data, true, &out);
    cr_expect_str_eq(out.data, want, "%s: %s", name, out.data);
    bl_buffer_deinit(&out);
    bl_buffer_deinit(&text);
}

Test(lower, matches_with_very_many_arms)
{
    expect_many_arms("literals", "7999", "#", "7999");
    expect_many_arms("with parts", "(7999, 2)", "(#, 2)", "7999");
    expect_many_arms("with gaps", "(7, 7999)", "(_, #)", "7999");
    expect_many_arms("with guards", "7999", "n if n == #", "7999");
    expect_many_arms("none", "8000", "#", "-1");
}

Test(lower, early_returns)
{
    static const row rows[] = {
        {"out of a loop",
         "fn f(xs: List<Option<Int>>) -> Option<Int> = { let mut n = 0\n"
         "for x in xs do { n = n + x? }\n Some(n) }\n"
         "fn main() -> (Option<Int>, Option<Int>) = "
         "(f([Some(1), Some(2)]), f([Some(1), None]))",
         "(Some(3), None)"},
        {"a lambda is its own boundary",
         "@prelude(script)\nfn main() -> List<Option<Int>> = "
         "List.map([Some(1), None], |o| { let x = o?\n Some(x + 1) })",
         "[Some(2), None]"},
        {"out of a handled body and of a clause",
         "effect Ask { ask! : () -> Int }\n"
         "fn f(x: Option<Int>) -> Option<Int> = { let r = handle { let a = Ask.ask!()\n"
         "a + x? } with { Ask.ask!(resume) -> resume(10) }\n Some(r) }\n"
         "fn g(x: Option<Int>) -> Option<Int> = { let r = handle Ask.ask!() with {\n"
         "Ask.ask!(resume) -> { let k = x?\n resume(k) + 100 } }\n Some(r) }\n"
         "fn main() -> List<Option<Int>> = [f(Some(1)), f(None), g(Some(1)), g(None)]",
         "[Some(11), None, Some(101), None]"},
        {"out of a capture, which ends",
         "@prelude(script)\nfn f(x: Option<Int>) -> Option<Int> = {\n"
         "let (v, out) = with Console.println! { Console.println!(\"hidden\")\n x? }\n"
         "Some(v + List.length(out)) }\n"
         "fn main() -> (Option<Int>, Option<Int>) = (f(Some(4)), f(None))",
         "(Some(5), None)"},
    };
    check_rows(rows, BL_ARRAY_COUNT(rows));
}

Test(lower, handlers)
{
    static const char state[] =
        "effect S { get! : () -> Int\n put! : Int -> () }\n"
        "fn loop!(i: Int) -> {S} Int = if i == 0 then S.get!() else { S.put!(S.get!() + i)\n"
        "loop!(i - 1) }\n"
        "fn main() -> (Int, Int) = { let mut s = 0\n"
        "let r = handle loop!(1000) with { S.get!(resume) -> resume(s)\n"
        "S.put!(x, resume) -> { s = x\n resume(()) } }\n (r, s) }";
    static const row rows[] = {
        {"tail clauses", state, "(500500, 500500)"},
        {"work after resume",
         "effect E { p! : () -> () }\nfn main() -> Int = handle { E.p!()\n E.p!()\n 100 } with { "
         "E.p!(resume) -> { let r = resume(())\n r + 1 } }",
         "102"},
        {"abort",
         "effect E { p! : () -> () }\nfn main() -> Int = handle { E.p!()\n 100 } with { "
         "E.p!() -> 0 - 1 }",
         "-1"},
        {"records",
         "effect Ask { ask! : () -> Int }\nfn main() -> Int = "
         "with { Ask: { ask: || 7 } } Ask.ask!() + Ask.ask!()",
         "14"},
        {"abort out of a loop that owns values",
         "@prelude(script)\neffect Ask { ask! : () -> Int }\n"
         "fn main() -> List<Int> = handle List.map([1, 2, 3], "
         "|x| if x == 2 then Ask.ask!() else x) with { Ask.ask!() -> [0] }",
         "[0]"},
        {"unhandled", "effect Ask { ask! : () -> Int }\nfn main!() -> {Ask} Int = Ask.ask!()",
         "error 2: Unhandled effect: Ask.ask"},
    };
    check_rows(rows, BL_ARRAY_COUNT(rows));
}

Test(lower, traits)
{
    static const row rows[] = {
        {"static, by dictionary, by default method",
         "@prelude(script)\ntrait Show { show : Self -> String\n"
         "fn loud(x: Self) -> String = \"${Show.show(x)}!\" }\n"
         "impl Show for Int { fn show(x: Int) -> String = Int.to_string(x) }\n"
         "impl Show for Bool { fn show(x: Bool) -> String = \"b\"\n"
         "fn loud(x: Bool) -> String = \"LOUD\" }\n"
         "fn both<A: Show>(a: A) -> String = \"${Show.show(a)} ${Show.loud(a)}\"\n"
         "fn main() -> String = \"${both(3)} ${both(true)} ${Show.loud(4)}\"",
         "3 3! b LOUD 4!"},
        {"by the value",
         "@prelude(script)\ntrait Show { show : Self -> String }\n"
         "impl Show for Int { fn show(x: Int) -> String = \"int\" }\n"
         "impl Show for List<String> { fn show(x: List<String>) -> String = "
         "\"texts\" }\nfn f(x: Unknown) -> String = Show.show(x)\n"
         "fn main() -> String = \"${f(1)} ${f([\"a\"])}\"",
         "int texts"},
    };
    check_rows(rows, BL_ARRAY_COUNT(rows));
}

Test(lower, constants_fail_in_their_time)
{
    static const row rows[] = {
        {"overflow", "fn main() -> Int = 9223372036854775807 + 1",
         "error 1: Integer overflow in addition"},
        {"never reached", "fn main() -> Int = if 1 > 2 then 1 / 0 else 3", "3"},
        {"reached", "fn main() -> Int = {\n let x = 1\n x / 0 }", "error 3: Division by zero"},
        {"the smallest Int", "fn main() -> Int = -9223372036854775808 / -1",
         "error 1: Integer overflow in division"},
        {"hole", "fn main() -> Int = if true then ?? else 1",
         "error 1: Typed hole (?\?) encountered at runtime"},
    };
    check_rows(rows, BL_ARRAY_COUNT(rows));
}
