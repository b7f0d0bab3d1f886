// tests/lang/test_check_types.c: what the type pass reports, code and place, row by row.
#include "lang/sema.h"
#include "tests/lang/web_library.h"

#include <criterion/criterion.h>

typedef struct check_row {
    const char *name;
    const char *source;
    const char *want; // "CODE LINE:COLUMN" of each diagnostic, in order, separated by blanks.
} check_row;

static void expect_diagnostics(const check_row *row)
{
    bl_arena arena;
    bl_arena_init(&arena, 0);
    lang_world *world =
        lang_world_load(&arena, test_library(), BL_SLICE("test.bl"), bl_slice_of(row->source));
    lang_diagnostics *list = &world->main->diagnostics;
    lang_diagnostics_sort(list);
    bl_buffer got = {0};
    for (uint32_t i = 0; i < list->count; i++) {
        lang_position at = lang_source_position(list->source, list->items[i]->span.start);
        bl_buffer_format(&got, "%s%s %u:%u", i == 0 ? "" : " ",
                         lang_code_name(list->items[i]->code), at.line, at.column);
    }
    bl_buffer_append_char(&got, '\0');
    cr_expect_str_eq(got.data, row->want, "%s: got \"%s\", want \"%s\"", row->name, got.data,
                     row->want);
    bl_buffer_deinit(&got);
    bl_arena_deinit(&arena);
}

#define EXPECT_ROWS(rows)                                                                          \
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i++) {                                            \
        expect_diagnostics(&rows[i]);                                                              \
    }

Test(check_types, names)
{
    static const check_row rows[] = {
        {"undefined", "fn f() -> Int = totl\n", "TYP_002 1:17"},
        {"undefined operation", "fn f() -> Int = go!()\n", "TYP_002 1:17"},
        {"bang finds the plain name", "fn go() -> Int = 1\nfn f() -> Int = go!()\n", ""},
        {"plain does not find the bang", "fn go!() -> Int = 1\nfn f() -> Int = go()\n",
         "TYP_002 2:17"},
        {"use before let", "fn f() -> Int = {\n  let a = b\n  let b = 1\n  a\n}\n", "TYP_002 2:11"},
        {"a let is not recursive", "fn f() -> Int = {\n  let g = |x| g(x)\n  1\n}\n",
         "TYP_002 2:15"},
        {"functions in any order", "fn f() -> Int = g()\nfn g() -> Int = 1\n", ""},
        {"duplicate function", "fn f() -> Int = 1\nfn f() -> Int = \"x\"\n",
         "TYP_005 2:4 TYP_006 2:17"},
        {"duplicate type", "type A = Int\ntype A = String\n", "TYP_005 2:6"},
        {"alias outside the prelude", "fn f() -> Int = str.length(\"a\")\n", "TYP_002 1:17"},
        {"alias of the prelude", "@prelude(core)\nfn f() -> Int = str.length(\"a\")\n", ""},
        {"a let hides an alias",
         "@prelude(core)\nfn f() -> Int = {\n  let str = { length: |s| 1 }\n  str.length(2)\n}\n",
         ""},
        {"unknown module", "fn f() -> Int = Nowhere.get(undefined)\n", ""},
        {"unknown native", "fn f() -> Int = List.lenght([1])\n", "IMP_004 1:22"},
        {"unknown constructor", "fn f() -> Int = Foo(1)\n", "TYP_009 1:17"},
        {"shared constructor",
         "type A = | E | X(Int)\ntype B = | E | Y\nfn f(a: A) -> Int =\n  match a\n    E -> 0\n"
         "    X(n) -> n\nfn g() -> A = E\n",
         ""},
        {"no prelude, no signatures", "fn f() -> Int = Math.sqrt(undefined)\n", ""},
        {"generic natives are always known", "fn f() -> Int = List.push([1], \"a\")\n",
         "TYP_006 1:17 TYP_008 1:32"},
        {"unknown prelude stops", "@prelude(cor)\nfn f() -> Int = undefined\n", "PRE_001 1:1"},
    };
    EXPECT_ROWS(rows)
}

Test(check_types, operators)
{
    static const check_row rows[] = {
        {"plus joins nothing", "fn f(a: Int) -> Int = a + \"x\"\n", "TYP_001 1:23"},
        {"mixed numbers", "fn f(a: Int) -> Float = a * 1.5\n", ""},
        {"concat", "fn f(a: Int) -> String = \"x\" ++ a\n", "TYP_001 1:26"},
        {"lists need not agree", "fn f(a: List<Int>) -> List<Int> = a ++ [\"x\"]\n", ""},
        {"logic", "fn f(a: Int) -> Bool = a && true\n", "TYP_001 1:24"},
        {"not", "fn f(a: Int) -> Bool = not a\n", "TYP_025 1:28"},
        {"negate", "fn f(a: String) -> Int = -a\n", "TYP_025 1:27"},
        {"comparison of anything", "fn f(a: Int) -> Bool = a == \"x\" || a < ()\n", ""},
        {"range", "fn f(a: Float) -> List<Int> = 1..a\n", "TYP_024 1:34"},
        {"type parameter has no arithmetic", "fn f<T>(x: T) -> T = x + 1\n", "TYP_001 1:22"},
        {"unknown takes part", "fn f(x: Unknown) -> Int = x + 1 * -x\n", ""},
        {"refined arithmetic", "type P = Int where self > 0\nfn f(p: P) -> Int = p + p * -p\n", ""},
    };
    EXPECT_ROWS(rows)
}

Test(check_types, control)
{
    static const check_row rows[] = {
        {"condition", "fn f(a: Int) -> Int = if a then 1 else 2\n", "TYP_003 1:26"},
        {"guard", "fn f(a: Int) -> Int =\n  match a\n    n if n -> 1\n    _ -> 2\n",
         "TYP_003 3:10"},
        {"branches", "fn f(a: Bool) -> Int = if a then 1 else \"x\"\n", "TYP_004 1:41"},
        {"branches where Unknown is asked for",
         "fn f(a: Bool) -> Unknown = if a then 1 else \"x\"\n", ""},
        {"branches where Unknown is asked for inside",
         "fn f(a: Bool) -> Result<Unknown, String> = if a then Ok(1) else Ok(\"x\")\n", ""},
        {"arms", "fn f(a: Bool) -> Int =\n  match a\n    true -> 1\n    false -> \"x\"\n",
         "TYP_017 4:14"},
        {"unknown parts merge", "fn f(a: Bool) -> Option<Int> = if a then None else Some(1)\n", ""},
        {"missing variant", "fn f(a: Option<Int>) -> Int =\n  match a\n    Some(n) -> n\n",
         "TYP_022 2:3"},
        {"guarded arms do not count",
         "fn f(a: Bool) -> Int =\n  match a\n    true if 1 == 1 -> 1\n    false -> 2\n",
         "TYP_022 2:3"},
        {"sub-patterns do not matter",
         "fn f(a: Option<Int>) -> Int =\n  match a\n    Some(1) -> 1\n    None -> 2\n", ""},
        {"numbers need a catch-all", "fn f(a: Int) -> Int =\n  match a\n    1 -> 1\n",
         "TYP_022 2:3"},
        {"lists need nothing", "fn f(a: List<Int>) -> Int =\n  match a\n    [x] -> x\n", ""},
        {"for over a map", "fn f(m: Map<Int, Int>) -> () = for x in m do ()\n", "TYP_023 1:41"},
        {"for body with a value", "fn f() -> () = for x in 0..3 do x\n", "TYP_033 1:33"},
        {"if without else", "fn f(a: Bool) -> () = { if a then 3\n  let x: Int = if a then 3\n}\n",
         "TYP_021 2:16"},
        {"result", "fn f() -> Int = \"x\"\n", "TYP_006 1:17"},
        {"a function without result has any body", "fn f() = \"x\"\nfn g() -> () = 1\n", ""},
        {"question mark anywhere", "fn f(a: Int) -> String = a?.name\n", ""},
        {"assignment to a parameter", "fn f(a: Int) -> () = { a = 1 }\n", "MUT_001 1:24"},
        {"assignment of another type", "fn f() -> () = {\n  let mut a = 1\n  a = \"x\"\n}\n",
         "TYP_021 3:7"},
        {"shadowed by an immutable", "fn f() -> () = {\n  let mut a = 1\n  let a = 2\n  a = 3\n}\n",
         "MUT_001 4:3"},
        {"fields of an immutable", "fn f() -> () = {\n  let a = { x: 1 }\n  a.x = 3\n}\n",
         "MUT_001 3:3"},
        {"captured and mutable", "fn f() -> () = {\n  let mut a = 1\n  let g = || { a = 2 }\n}\n",
         ""},
        {"hole", "fn f() -> Int = ??\n", "HOLE_001 1:17"},
    };
    EXPECT_ROWS(rows)
}

Test(check_types, calls)
{
    static const check_row rows[] = {
        {"too few", "fn g(a: Int, b: Int) -> Int = a\nfn f() -> Int = g(1)\n", "TYP_007 2:17"},
        {"argument", "fn g(a: Int) -> Int = a\nfn f() -> Int = g(\"x\")\n", "TYP_008 2:19"},
        {"Int is not Float", "fn g(a: Float) -> Float = a\nfn f() -> Float = g(1)\n",
         "TYP_008 2:21"},
        {"not a function", "fn f(a: Int) -> Int = a(1)\n", "TYP_009 1:23"},
        {"arguments of the unknown are not looked at",
         "fn f(g: Unknown) -> Int = g(nope, nope())\n", ""},
        {"named", "fn g(a: Int, b: String) -> Int = a\nfn f() -> Int = g(b: \"x\", a: 1)\n", ""},
        {"named twice", "fn g(a: Int, b: Int) -> Int = a\nfn f() -> Int = g(a: 1, a: 2)\n",
         "TYP_031 2:25"},
        {"unknown name", "fn g(a: Int, b: Int) -> Int = a\nfn f() -> Int = g(a: 1, c: 2)\n",
         "TYP_032 2:17"},
        {"positional after named", "fn g(a: Int, b: Int) -> Int = a\nfn f() -> Int = g(a: 1, 2)\n",
         "TYP_030 2:25"},
        {"nested call", "fn g(a: Int) -> Int = a\nfn f() -> Int = g(g(1))\n", "STY_001 2:17"},
        {"nested constructors", "fn f() -> Option<Option<Int>> = Some(Some(1))\n", ""},
        {"pipe", "fn g(a: Int) -> Int = a\nfn f() -> Int = 1 |> g |> g()\n", ""},
        {"pipe of another type", "fn g(a: Int) -> Int = a\nfn f() -> Int = \"x\" |> g\n",
         "TYP_019 2:17"},
        {"bare target of two", "fn g(a: Int, b: Int) -> Int = a\nfn f() -> Int = 1 |> g\n",
         "TYP_018 2:22"},
        {"pipe into a value", "fn f() -> Int = 1 |> \"x\"\n", "TYP_020 1:22"},
        {"pipe into a lambda", "fn f() -> Int = 1 |> |x| x + 1\n", ""},
        {"pipe into the unknown checks arguments", "fn f(g: Unknown) -> Int = 1 |> g(nope)\n",
         "TYP_002 1:34"},
        {"generic", "fn id<T>(x: T) -> T = x\nfn f() -> Int = id(\"x\")\n", "TYP_006 2:17"},
        {"left to right",
         "fn ap<A, B>(f: (A) -> B, x: A) -> B = f(x)\n"
         "fn f() -> Int = ap(|n| n + 1, 41)\n",
         ""},
        {"widening", "fn two(a: T, b: T) -> T = a\nfn f() -> Float = two(1, 1.5)\n", ""},
        {"same variable, other type",
         "fn two(a: T, b: T) -> T = a\nfn f() -> Int = two(1, \"x\")\n", "TYP_008 2:24"},
        {"an accumulator fills in",
         "fn f(xs: List<Int>) -> List<Int> ="
         " List.fold(xs, [], |a, x| a ++ [x])\n",
         ""},
        {"fold from Int to Float",
         "fn f(xs: List<Float>) -> Float ="
         " List.fold(xs, 0, |a, x| a + x)\n",
         ""},
        {"lambda against its parameter",
         "fn f(xs: List<Int>) -> List<Int> ="
         " List.map(xs, |x| x ++ \"a\")\n",
         "TYP_001 1:53"},
        {"callback of another shape",
         "fn f(xs: List<Int>) -> List<Int> ="
         " List.map(xs, |a, b| a)\n",
         "TYP_008 1:49"},
        {"a result of Unit takes any",
         "fn g(f: (Int) -> ()) -> () = f(1)\n"
         "fn f() -> () = g(|x| x + 1)\n",
         ""},
        {"extra arguments of Log", "@prelude(script)\nfn f() -> () = Log.info!(\"a\", { x: 1 })\n",
         ""},
    };
    EXPECT_ROWS(rows)
}

Test(check_types, data)
{
#define POINT "type P = { x: Int, y: Int }\n"
    static const check_row rows[] = {
        {"literal", POINT "fn f() -> P = P { y: 1, x: 2 }\n", ""},
        {"field type", POINT "fn f() -> P = P { y: 1, x: \"a\" }\n", "TYP_010 2:28"},
        {"unknown field", POINT "fn f() -> P = P { y: 1, x: 2, z: 3 }\n", "TYP_011 2:31"},
        {"missing fields", POINT "fn f() -> P = P {}\n", "TYP_012 2:15 TYP_012 2:15"},
        {"no struct", "type A = | B\nfn f() -> A = A { x: nope }\n", "TYP_013 2:15"},
        {"access", POINT "fn f(p: P) -> Int = p.z\n", "TYP_014 2:23"},
        {"access to a number", "fn f(p: Int) -> Int = p.z\n", "TYP_015 1:23"},
        {"a record is no struct",
         POINT "fn g(p: P) -> Int = p.x\nfn f() -> Int = g({ x: 1, y: 2 })\n", "TYP_008 3:19"},
        {"update", POINT "fn f(p: P) -> P = { ..p, x: \"a\" }\n", "TYP_028 2:29"},
        {"update of an unknown field", POINT "fn f(p: P) -> P = { ..p, z: 1 }\n", "TYP_029 2:26"},
        {"update of a number", "fn f(p: Int) -> Int = { ..p, z: 1 }\n", "TYP_027 1:27"},
        {"update with a name", POINT "fn f(p: P) -> P = P { ..p, x: 1 }\n", ""},
        {"update extends a record", "fn f() -> Int = { ..{ a: 1 }, b: 2 }.b\n", ""},
        {"open record",
         "fn g(r: { a: Int, ..r }) -> Int = r.a\n"
         "fn f() -> Int = g({ a: 1, b: 2 }) + g({ b: 2 })\n",
         "TYP_008 2:39"},
        {"rows are carried over",
         "fn g(r: { a: Int, ..s }) -> { a: Int, ..s } = r\n"
         "fn f() -> String = g({ a: 1, b: \"x\" }).b\n",
         ""},
        {"list elements", "fn f() -> List<Int> = [1, \"x\", 2]\n", "TYP_016 1:27"},
        {"list where Unknown is asked for",
         "@prelude(script)\nfn f() -> Unknown ="
         " Response.json({ a: [1, \"x\", [true]] })\n",
         ""},
        {"tuples", "fn f() -> (Int, Option<Int>) = (1, None)\n", ""},
        {"generic struct", "type B<T> = { v: T }\nfn f() -> B<Int> = B { v: \"x\" }\n",
         "TYP_006 2:20"},
        {"generic enum",
         "type T<A> = | L | N(T<A>, A)\nfn f(t: T<Int>) -> String =\n  match t\n"
         "    L -> \"\"\n    N(_, n) -> n\n",
         "TYP_017 5:16"},
        {"alias of itself", "type A = List<A>\nfn f(a: A) -> A = [a]\n", ""},
        {"aliases in a circle", "type A = B\ntype B = A\nfn f(a: A) -> Int = a\n", ""},
        {"enum functions",
         "type C = | Red | Green\nfn f(c: C) -> String = C.to_string(c)\n"
         "fn g() -> Int = C.size()\n",
         "TYP_015 3:19"},
        {"interpolated field name", "fn f(n: Int) -> Int = { \"a${n}\": 1, b: 2 }.b\n",
         "TYP_030 1:27"},
    };
#undef POINT
    EXPECT_ROWS(rows)
}

Test(check_types, traits)
{
#define SHOW "trait Show { show : Self -> String }\n"
    static const check_row rows[] = {
        {"dispatch",
         SHOW "impl Show for Int { fn show(n: Int) -> String = \"i\" }\n"
              "fn f() -> String = Show.show(1) ++ Show.show(\"x\")\n",
         "TRT_004 3:36"},
        {"no such method",
         SHOW "impl Show for Int { fn show(n: Int) -> String = \"i\" }\n"
              "fn f() -> String = Show.print(1)\n",
         "TRT_004 3:20"},
        {"as a value", SHOW "fn f() -> Int = {\n  let g = Show.show\n  1\n}\n", "TRT_004 3:11"},
        {"unknown trait", "impl Sho for Int { fn show(n: Int) -> String = \"i\" }\n",
         "TRT_001 1:6"},
        {"missing method", SHOW "impl Show for Int { }\n", "TRT_002 2:1"},
        {"second impl",
         SHOW "impl Show for Int { fn show(n: Int) -> String = \"i\" }\n"
              "impl Show for Int { fn show(n: Int) -> String = \"i\" }\n",
         "TRT_003 3:6"},
        {"signature", SHOW "impl Show for Int { fn show(n: Int) -> Int = n }\n", "TRT_005 2:24"},
        {"extra method",
         SHOW "impl Show for Int { fn show(n: Int) -> String = \"i\"\n"
              "  fn print(n: Int) -> Int = nope }\n",
         "TRT_006 3:6"},
        {"unknown target", SHOW "impl Show for Thing { fn show(n: Int) -> String = \"\" }\n",
         "TRT_007 2:15"},
        {"supertraits", "trait A : Nope { a : Self -> Int }\ntrait B : B { b : Self -> Int }\n",
         "TRT_008 1:11 TRT_009 2:7"},
        {"supertrait not implemented",
         SHOW "trait L : Show { loud : Self -> Int }\n"
              "impl L for Int { fn loud(n: Int) -> Int = n }\n",
         "TRT_010 3:1"},
        {"bounds",
         SHOW "fn g<T: Show>(x: T) -> String = Show.show(x)\n"
              "fn f() -> String = g(1)\n",
         "TRT_011 3:20"},
        {"bounds through supertraits and callers",
         SHOW "trait L : Show { loud : Self -> Int }\n"
              "fn g<T: Show>(x: T) -> String = Show.show(x)\nfn f<T: L>(x: T) -> String = g(x)\n",
         ""},
        {"unknown values", SHOW "fn f(x: Unknown) -> String = Show.show(x)\n", ""},
        {"base type's impl",
         SHOW "type P = Int where self > 0\n"
              "impl Show for Int { fn show(n: Int) -> String = \"i\" }\n"
              "fn g<T: Show>(x: T) -> String = Show.show(x)\n"
              "fn f(p: P) -> String = Show.show(p) ++ g(p)\n",
         ""},
        {"default methods are checked once for each impl",
         "trait S { s : Self -> Int\n  fn d(x: Self) -> Int = x.size }\ntype A = { size: Int }\n"
         "type B = { n: Int }\nimpl S for A { fn s(a: A) -> Int = 1 }\n"
         "impl S for B { fn s(b: B) -> Int = 1 }\n",
         "TYP_014 2:28"},
    };
#undef SHOW
    EXPECT_ROWS(rows)
}

Test(check_types, effects_and_tests)
{
    static const check_row rows[] = {
        {"operation", "effect E { get! : String -> Int }\nfn f() -> String = E.get!(1)\n",
         "TYP_006 2:20 TYP_008 2:27"},
        {"unknown operation", "effect E { get! : String -> Int }\nfn f() -> Int = E.put!(1)\n",
         "IMP_004 2:19"},
        {"handled operations are not checked",
         "effect E { get! : String -> Int }\nfn f() -> String = handle E.get!(1, nope)"
         " with { E.get!(k, resume) -> resume(k) }\n",
         ""},
        {"clauses run outside",
         "effect E { get! : Int -> Int }\nfn f() -> Int = handle 1 with {"
         " E.get!(k, resume) -> E.get!(\"x\") }\n",
         "TYP_008 2:61"},
        {"capture",
         "@prelude(script)\nfn f() -> (Int, List<String>) ="
         " with Console.println! { Console.println!(1, 2)  3 }\n",
         ""},
        {"handle escapes", "@prelude(script)\nfn f() -> Unknown = Fs.with_file!(\"a\", |h| [h])\n",
         "RES_001 2:40"},
        {"handle escapes in a closure",
         "@prelude(script)\nfn f() -> Unknown ="
         " Fs.with_file!(\"a\", |h| || Fs.read!(h))\n",
         "RES_001 2:40"},
        {"handle is used",
         "@prelude(script)\nfn f() -> Int ="
         " Fs.with_file!(\"a\", |h| String.length(h ++ \"x\"))\n",
         ""},
        {"test", "test \"a\" = 1\ndescribe \"g\" { it \"b\" = \"x\" }\n",
         "TYP_026 1:12 TYP_026 2:25"},
        {"groups",
         "describe \"g\" {\n  let a = 1\n  fn k() -> Int = a\n"
         "  context \"h\" { it \"b\" = k() == a }\n}\ntest \"t\" = k() == a\n",
         "TYP_002 6:12 TYP_002 6:19"},
        {"Row.decode",
         "@prelude(server)\ntype U = { a: Int, b: List<Int> }\n"
         "fn f(r: Unknown) -> U = Row.decode(r, U)\nfn g() -> U = Row.decode(1, V)\n",
         "TYP_042 3:39 TYP_040 4:26 TYP_041 4:29"},
    };
    EXPECT_ROWS(rows)
}
