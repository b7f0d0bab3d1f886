// tests/lang/test_parser.c: the grammar production by production, layout, errors and recovery.
#include "lang/limits.h"
#include "tests/lang/syntax.h"

#include <criterion/criterion.h>

typedef struct row {
    const char *name, *text, *want;
} row;

static void check_tree(const row *want_row, const char *prefix, const char *suffix)
{
    syntax parsed;
    bl_buffer text = {0};
    bl_buffer_format(&text, "%s%s", prefix, want_row->text);
    syntax_parse(&parsed, bl_buffer_slice(&text));
    cr_expect_str_eq(syntax_errors(&parsed), "", "%s: %s", want_row->name, syntax_errors(&parsed));
    const char *tree = syntax_tree(&parsed);
    bl_buffer want = {0};
    bl_buffer_format(&want, "%s%s%s",
                     prefix[0] == '\0' ? "" : "(function (fn f (result (type Int)) ",
                     want_row->want, suffix);
    bl_buffer_append_char(&want, '\0');
    cr_expect_str_eq(tree, want.data, "%s:\n%s\n%s", want_row->name, tree, want.data);
    bl_buffer_deinit(&text);
    bl_buffer_deinit(&want);
    syntax_deinit(&parsed);
}

// The body of `fn f() -> Int = …`.
static void check_exprs(const row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check_tree(&rows[i], "fn f() -> Int = ", "))");
    }
}

static void check_items(const row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check_tree(&rows[i], "", "");
    }
}

static void check_errors(const row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        syntax parsed;
        syntax_parse(&parsed, bl_slice_of(rows[i].text));
        const char *errors = syntax_errors(&parsed);
        cr_expect_str_eq(errors, rows[i].want, "%s: %s", rows[i].name, errors);
        syntax_deinit(&parsed);
    }
}

Test(parser, literals)
{
    static const row rows[] = {
        {"integer", "0xFF", "(int 255)"},
        {"largest", "9223372036854775807", "(int 9223372036854775807)"},
        {"smallest", "-9223372036854775808", "(int -9223372036854775808)"},
        {"smallest with a blank", "- 9223372036854775808", "(int -9223372036854775808)"},
        {"smallest after a minus", "1 - -9223372036854775808",
         "(binary - (int 1) (int -9223372036854775808))"},
        {"negative", "-5", "(unary - (int 5))"},
        {"float", "1.5e3", "(float 1500)"},
        {"bool", "true", "(bool true)"},
        {"unit", "()", "(unit)"},
        {"group", "((1))", "(int 1)"},
        {"group with a comma", "(1,)", "(int 1)"},
        {"tuple", "(1, 2,)", "(tuple (int 1) (int 2))"},
        {"list", "[1, 2,]", "(list (int 1) (int 2))"},
        {"empty list", "[]", "(list)"},
        {"map", "#{1: 2, x: 3,}", "(map (entry (int 1) (int 2)) (entry (name x) (int 3)))"},
        {"empty map", "#{}", "(map)"},
        {"set", "#{1, 2}", "(set (int 1) (int 2))"},
        {"hole", "??", "(hole)"},
        {"hole and try", "???", "(try (hole))"},
        {"string", "\"a\\n\"", "(string \"a\\x0a\")"},
        {"empty string", "\"\"", "(string)"},
        {"raw string", "r\"a\\n${x}\"", "(string \"a\\x5cn${x}\")"},
        {"raw with hash", "r#\"a\"b\"#", "(string \"a\\x22b\")"},
        {"triple", "\"\"\"a\n\"b\" ${1}\"\"\"", "(string \"a\\x0a\\x22b\\x22 \" (int 1))"},
        {"interpolation", "\"a${x}b${y}\"", "(string \"a\" (name x) \"b\" (name y))"},
        {"nested strings", "\"${\"${\"a\"}\"}\"", "(string (string (string \"a\")))"},
        {"braces inside", "\"${ { 1 } }${{ x: \"}\" }}\"",
         "(string (block (int 1)) (record (field \"x\" (string \"}\"))))"},
        {"match inside", "\"${match 1 _ -> \"a\"}\"",
         "(string (match (int 1) (arm (wildcard) (string \"a\"))))"},
        {"lines inside", "\"${1 +\n2 // c\n}\"", "(string (binary + (int 1) (int 2)))"},
    };
    check_exprs(rows, BL_ARRAY_COUNT(rows));
}

Test(parser, operators)
{
    static const row rows[] = {
        {"levels", "1 |> 2 || 3 && 4 == 5 + 6 * 7..8",
         "(pipe |> (int 1) (binary || (int 2) (binary && (int 3) (binary == (int 4) (binary + (int "
         "5) (binary * (int 6) (range .. (int 7) (int 8))))))))"},
        {"left", "1 - 2 - 3", "(binary - (binary - (int 1) (int 2)) (int 3))"},
        {"comparisons", "1 < 2 < 3", "(binary < (binary < (int 1) (int 2)) (int 3))"},
        {"range first", "1..n + 1", "(binary + (range .. (int 1) (name n)) (int 1))"},
        {"range of a negative", "-2..3", "(range .. (unary - (int 2)) (int 3))"},
        {"not binds tightly", "not a == b", "(binary == (unary not (name a)) (name b))"},
        {"minus and postfix", "-x.y(1)", "(unary - (call (field-of y (name x)) (int 1)))"},
        {"pipe and try", "x |> f(y)?", "(pipe |> (name x) (try (call (name f) (name y))))"},
        {"tight not equal", "a!=b", "(binary != (name a) (name b))"},
        {"effect name", "a! != b!", "(binary != (name a!) (name b!))"},
        {"minus minus", "a - -b", "(binary - (name a) (unary - (name b)))"},
        {"keyword after a dot", "r.match.type", "(field-of type (field-of match (name r)))"},
        {"try twice", "x? ?", "(try (try (name x)))"},
        {"lambda swallows", "xs |> |x| x + 1 |> f",
         "(pipe |> (name xs) (lambda (bind x) (pipe |> (binary + (name x) (int 1)) (name f))))"},
        {"empty lambda", "f(|| 1)", "(call (name f) (lambda (int 1)))"},
        {"or and empty lambda", "a || || b", "(binary || (name a) (lambda (name b)))"},
        {"lambda patterns", "|_, (a, b), { x, y: z }, [h, ..t],| a",
         "(lambda (wildcard) (pattern-tuple (bind a) (bind b)) (pattern-record (field x (bind x)) "
         "(field y (bind z))) (pattern-list (bind h) (rest (bind t))) (name a))"},
        {"arguments", "f(1, b: 2, c: g(),)",
         "(call (name f) (int 1) (named b (int 2)) (named c (call (name g))))"},
        {"call of anything", "{ f }(1)(2)", "(call (call (block (name f)) (int 1)) (int 2))"},
        {"comment before the parenthesis", "f /* c */ (1)", "(call (name f) (int 1))"},
    };
    check_exprs(rows, BL_ARRAY_COUNT(rows));
}

Test(parser, records_and_blocks)
{
    static const row rows[] = {
        {"empty record", "{ }", "(record)"},
        {"record", "{ x: 1, \"full name\": 2, type: 3, }",
         "(record (field \"x\" (int 1)) (field \"full name\" (int 2)) (field \"type\" (int 3)))"},
        {"quoted first", "{ \"a\" : 1 }", "(record (field \"a\" (int 1)))"},
        {"interpolated name", "{ \"a${x}\": 1, b: 2 }",
         "(record (field \"a\" (int 1)) (field \"b\" (int 2)))"},
        {"update", "{ ..r, x: 1 }", "(update (base (name r)) (field \"x\" (int 1)))"},
        {"update of nothing", "{ ..r }", "(update (base (name r)))"},
        {"struct", "P { x: 1 }", "(struct P (field \"x\" (int 1)))"},
        {"struct with a base", "P { ..b, x: 1 }",
         "(struct P (base (name b)) (field \"x\" (int 1)))"},
        {"struct on two lines", "P\n{ x: 1 }", "(struct P (field \"x\" (int 1)))"},
        {"empty struct", "P {}", "(struct P)"},
        {"block", "{ x }", "(block (name x))"},
        {"string block", "{ \"a\" }", "(block (string \"a\"))"},
        {"three statements", "{ a b c }", "(block (name a) (name b) (name c))"},
        {"semicolons", "{ a; b; }", "(block (name a) (name b))"},
        {"let", "{ let mut (a, b): (Int, Int) = x let type = 1 a }",
         "(block (let mut (pattern-tuple (bind a) (bind b)) (type-tuple (type Int) (type Int)) "
         "(name x)) (let (bind type) (int 1)) (name a))"},
        {"assignment", "{ x = 1 x.f.g = 2 }", "(block (assign x (int 1)) (assign x f g (int 2)))"},
        {"index is two statements", "{ xs[0] }", "(block (name xs) (list (int 0)))"},
        {"parenthesis on the next line", "{ let t = f\n(1, 2) t }",
         "(block (let (bind t) (name f)) (tuple (int 1) (int 2)) (name t))"},
        {"operator on the next line", "{ a\n- b }", "(block (binary - (name a) (name b)))"},
        {"or on the next line", "{ a\n|| b }", "(block (binary || (name a) (name b)))"},
        {"dot on the next line", "{ x\n.y\n? }", "(block (try (field-of y (name x))))"},
        {"lambda starts a statement", "{ a |x| x }", "(block (name a) (lambda (bind x) (name x)))"},
        {"hole starts a statement", "{ a ?? }", "(block (name a) (hole))"},
        {"contextual words", "{ let it = 1 it + do }",
         "(block (let (bind it) (int 1)) (binary + (name it) (name do)))"},
    };
    check_exprs(rows, BL_ARRAY_COUNT(rows));
}

Test(parser, control)
{
    static const row rows[] = {
        {"if", "if a then b", "(if (name a) (name b))"},
        {"else binds to the nearest", "if a then if b then 1 else 2",
         "(if (name a) (if (name b) (int 1) (int 2)))"},
        {"if swallows", "if a then 1 else 2 + 3 |> f",
         "(if (name a) (int 1) (pipe |> (binary + (int 2) (int 3)) (name f)))"},
        {"for", "for (a, b) in xs do f(a)",
         "(for (pattern-tuple (bind a) (bind b)) (name xs) (call (name f) (name a)))"},
        {"match", "match x 0 | 1 if y -> a _ -> b",
         "(match (name x) (arm (pattern-int 0) (pattern-int 1) (guard (name y)) (name a)) (arm "
         "(wildcard) (name b)))"},
        {"patterns",
         "match x None -> 1 Some(a) -> 2 P() -> 3 1.5 -> 4 r\"a\" -> 5 true -> 6\n() -> 7\n((q)) "
         "-> "
         "8",
         "(match (name x) (arm (constructor None) (int 1)) (arm (constructor Some (bind a)) (int "
         "2)) "
         "(arm (constructor P) (int 3)) (arm (pattern-float 1.5) (int 4)) (arm (pattern-string "
         "\"a\") (int 5)) (arm (pattern-bool true) (int 6)) (arm (pattern-unit) (int 7)) (arm "
         "(bind "
         "q) (int 8)))"},
        {"list patterns", "match x [] -> 1 [a] -> 2 [a, ..r] -> 3 [..r,] -> 4 [_, .._] -> 5",
         "(match (name x) (arm (pattern-list) (int 1)) (arm (pattern-list (bind a)) (int 2)) (arm "
         "(pattern-list (bind a) (rest (bind r))) (int 3)) (arm (pattern-list (rest (bind r))) "
         "(int "
         "4)) (arm (pattern-list (wildcard) (rest (wildcard))) (int 5)))"},
        {"record patterns", "match x { a, b: Some(c), .. } -> 1 {} -> 2",
         "(match (name x) (arm (pattern-record (field a (bind a)) (field b (constructor Some (bind "
         "c)))) (int 1)) (arm (pattern-record) (int 2)))"},
        {"nested match swallows", "match x 0 -> match y 1 -> 2 3 -> 4",
         "(match (name x) (arm (pattern-int 0) (match (name y) (arm (pattern-int 1) (int 2)) (arm "
         "(pattern-int 3) (int 4)))))"},
        {"match ended by let", "{ let m = match x _ -> 1 let y = 2 y }",
         "(block (let (bind m) (match (name x) (arm (wildcard) (int 1)))) (let (bind y) (int 2)) "
         "(name y))"},
        {"match ended by a semicolon", "{ match x _ -> 1; y }",
         "(block (match (name x) (arm (wildcard) (int 1))) (name y))"},
        {"match ended by if", "{ match x _ -> 1 if a then b }",
         "(block (match (name x) (arm (wildcard) (int 1))) (if (name a) (name b)))"},
        {"match ended by a lambda", "{ match x _ -> 1 |y| y }",
         "(block (match (name x) (arm (wildcard) (int 1))) (lambda (bind y) (name y)))"},
        {"match in if", "if a then match x _ -> 1 else 2",
         "(if (name a) (match (name x) (arm (wildcard) (int 1))) (int 2))"},
        {"item word starts an arm in a block", "{ match x type -> 1 it -> 2 }",
         "(block (match (name x) (arm (bind type) (int 1)) (arm (bind it) (int 2))))"},
        {"handle", "handle { 1 } with { E.op!(a, _, resume) -> resume(a) F.g() -> 2 } == 3",
         "(binary == (handle (block (int 1)) (clause E op! (bind a) (wildcard) (bind resume) (call "
         "(name resume) (name a))) (clause F g (int 2))) (int 3))"},
        {"with records", "with { E: a, F: b, } f(x)",
         "(with (handler E (name a)) (handler F (name b)) (call (name f) (name x)))"},
        {"capture", "with M.op! { 1 }", "(capture M op! (block (int 1)))"},
        {"restrict", "restrict(A, B) { 1 }", "(restrict A B (block (int 1)))"},
        {"restrict all", "restrict { 1 }", "(restrict (block (int 1)))"},
        {"expect", "expect a + 1 to_equal b && c",
         "(expect to_equal (binary + (name a) (int 1)) (binary && (name b) (name c)))"},
        {"expect a pattern", "expect a to_be Some(_)",
         "(expect to_be (name a) (constructor Some (wildcard)))"},
        {"expect and expect", "expect a to_be_ok && expect b to_be_none",
         "(binary && (expect to_be_ok (name a)) (expect to_be_none (name b)))"},
    };
    check_exprs(rows, BL_ARRAY_COUNT(rows));
}

Test(parser, items)
{
    static const row rows[] = {
        {"module", "@module A.B module C", "(module A B) (module C)"},
        {"prelude", "@prelude(core)", "(prelude core)"},
        {"imports", "import A import A.B.* import A.B.{f, g!, T,}",
         "(import A) (import A B *) (import A B (names f g! T))"},
        {"function", "export fn f<A, B: Show + Eq>(x: A, (y, _): (Int, B)) -> {E, F} A = x",
         "(function export (fn f { E F } (type-parameter A) (type-parameter B Show Eq) (parameter "
         "(bind x) (type A)) (parameter (pattern-tuple (bind y) (wildcard)) (type-tuple (type Int) "
         "(type B))) (result (type A)) (name x)))"},
        {"function named like a word", "fn if!() = 1", "(function (fn if! (int 1)))"},
        {"types",
         "fn f(a: List<Int?>, b: () -> (A) -> {E} B?, c: { x: A, \"y z\": B, ..r }, d: (A)?\?) = 1",
         "(function (fn f (parameter (bind a) (type List (type-option (type Int)))) (parameter "
         "(bind "
         "b) (type-function (type-function { E } (type A) (type-option (type B))))) (parameter "
         "(bind "
         "c) (type-record (field \"x\" (type A)) (field \"y z\" (type B)) (row r))) (parameter "
         "(bind d) (type-option (type-option (type A)))) (int 1)))"},
        {"type before equals", "fn f() = { let x: List<Int>= y x }",
         "(function (fn f (block (let (bind x) (type List (type Int)) (name y)) (name x))))"},
        {"alias", "type A = Int where self > 0",
         "(type-definition A (type Int) (where (binary > (name self) (int 0))))"},
        {"struct", "type P<T> = { x: T, if: Int }",
         "(type-definition P (type-parameter T) (type-record (field \"x\" (type T)) (field \"if\" "
         "(type Int))))"},
        {"enum", "type E = | A type F = A | B(Int, (A, B)) type G = A",
         "(type-definition E (variant A)) (type-definition F (variant A) (variant B (type Int) "
         "(type-tuple (type A) (type B)))) (type-definition G (type A))"},
        {"effect", "effect E { a! : () -> Int b : Int -> () c : ((A, B)) -> {X} C }",
         "(effect E (signature a! (type Int)) (signature b (type Int) (type-unit)) (signature c { "
         "X "
         "} (type-tuple (type A) (type B)) (type C)))"},
        {"trait", "trait T<A> : B, C { f : Self -> Int fn g(x: Self) -> Int = 1 h : (A, B) -> C }",
         "(trait T B C (type-parameter A) (signature f (type Self) (type Int)) (signature h (type "
         "A) "
         "(type B) (type C)) (fn g (parameter (bind x) (type Self)) (result (type Int)) (int 1)))"},
        {"impl", "impl T<A> for List<A> { fn f() = match x _ -> 1 fn g() = 2 }",
         "(impl T (type-parameter A) (type List (type A)) (fn f (match (name x) (arm (wildcard) "
         "(int "
         "1)))) (fn g (int 2)))"},
        {"spec",
         "@spec f @given x: Int, y: Int where x > 0 @returns Int @ensures result > 0 @pure "
         "@total fn f(x: Int) -> Int = x",
         "(function (@spec f) (@given (parameter (bind x) (type Int)) (parameter (bind y) (type "
         "Int)) (binary > (name x) (int 0))) (@returns (type Int)) (@ensures (binary > (name "
         "result) "
         "(int 0))) (@pure) (@total) (fn f (parameter (bind x) (type Int)) (result (type Int)) "
         "(name "
         "x)))"},
        {"tests", "test \"a \\n\" = true @test test \"b\" = false",
         "(test \"a \\x5cn\" (bool true)) (test-section) (test \"b\" (bool false))"},
        {"groups",
         "describe \"g\" { let x = 1 before_each = f() it \"a\" = match x _ -> true it.only \"b\" "
         "= x "
         "it.skip \"c\" = y context \"d\" { after_each = 1 fn h() = 2 test \"e\" = z } }",
         "(describe \"g\" (let (bind x) (int 1)) (before-each (call (name f))) (it \"a\" (match "
         "(name x) (arm (wildcard) (bool true)))) (it only \"b\" (name x)) (it skip \"c\" (name "
         "y)) "
         "(describe \"d\" (after-each (int 1)) (function (fn h (int 2))) (test \"e\" (name z))))"},
        {"match before an item", "fn f() = match x _ -> 1 type T = Int",
         "(function (fn f (match (name x) (arm (wildcard) (int 1))))) (type-definition T (type "
         "Int))"},
        {"match before an attribute", "fn f() = match x _ -> 1 @test test \"a\" = b",
         "(function (fn f (match (name x) (arm (wildcard) (int 1))))) (test-section) (test \"a\" "
         "(name b))"},
    };
    check_items(rows, BL_ARRAY_COUNT(rows));
}

Test(parser, errors)
{
    static const row rows[] = {
        {"empty file", "", ""},
        {"only comments", "// a\n/* b */", ""},
        {"top-level let", "let x = 1", "SYN_001 1:1 Syntax error: unexpected `let`"},
        {"stray brace", "fn f() = 1\n}\nfn g() = 2", "SYN_001 2:1 Syntax error: unexpected `}`"},
        {"camel case", "fn f() = {\n  let x = fooBar(1)\n  x }",
         "SYN_001 2:14 Syntax error: unexpected `Bar`"},
        {"exponent of an integer", "fn f() = { 1e5 }",
         "SYN_001 1:13 Syntax error: unexpected `e5`"},
        {"out of range", "fn f() = 9223372036854775808",
         "SYN_001 1:10 Integer literal out of range"},
        {"out of range below", "fn f() = -9223372036854775809",
         "SYN_001 1:11 Integer literal out of range"},
        {"minus of a group", "fn f() = -(9223372036854775808)",
         "SYN_001 1:12 Integer literal out of range"},
        {"out of range in a pattern", "fn f() = match x 9223372036854775808 -> 1",
         "SYN_001 1:18 Integer literal out of range"},
        {"open string", "fn f() = \"abc\nfn g() = 1",
         "SYN_001 1:10 Syntax error: unexpected `\"abc`"},
        {"open string, long", "fn f() = \"abcdefghijklmnopqrstuvwxyz",
         "SYN_001 1:10 Syntax error: unexpected `\"abcdefghijklmnopqrs`"},
        {"open triple", "fn f() = \"\"\"a\n\nfn g() = 1",
         "SYN_001 1:10 Syntax error: unexpected `\"\"\"a`"},
        {"open interpolation", "fn f() = \"a${x", "SYN_001 1:10 Syntax error: unexpected `\"`"},
        {"empty interpolation", "fn f() = \"${}\"", "SYN_001 1:13 Syntax error: unexpected `}`"},
        {"call not closed", "fn f() = g(1, 2\n\nfn h() = 1", "SYN_002 1:16 Missing expected: )"},
        {"list not closed", "fn f() = [1, 2", "SYN_002 1:15 Missing expected: ]"},
        {"block not closed", "fn f() = {\n  let x = 1\n  x\n\nfn g() = 2\n\nfn h() = 3",
         "SYN_002 3:4 Missing expected: }"},
        {"no body", "fn f() =", "SYN_002 1:9 Missing expected: expression"},
        {"no body before an item", "fn f() =\nfn g() = 1",
         "SYN_001 2:1 Syntax error: unexpected `fn`"},
        {"no then", "fn f() = if a", "SYN_002 1:14 Missing expected: then"},
        {"else without then", "fn f() = if a else b",
         "SYN_001 1:15 Syntax error: unexpected `else`"},
        {"missing branch", "fn f() = if a then else b",
         "SYN_001 1:20 Syntax error: unexpected `else`"},
        {"missing comma", "fn f(a: Int b: Int) = 1", "SYN_001 1:13 Syntax error: unexpected `b`"},
        {"assignment in a branch", "fn f() = { if c then x = 2 }",
         "SYN_001 1:24 Syntax error: unexpected `=`"},
        {"chained assignment", "fn f() = { a = b = c }",
         "SYN_001 1:18 Syntax error: unexpected `=`"},
        {"greedy match", "fn f() = {\n  match x\n    _ -> 1\n  g!()\n}",
         "SYN_001 4:3 Syntax error: unexpected `g!`"},
        {"greedy match and a type", "fn f() = {\n  match x\n    _ -> 1\n  Console.println!()\n}",
         "SYN_001 4:3 Syntax error: unexpected `Console`"},
        {"braces round arms", "fn f() = match x {\n  0 -> 1\n}",
         "SYN_001 1:18 Syntax error: unexpected `{`"},
        {"match without arms", "fn f() = match x", "SYN_002 1:17 Missing expected: match arm"},
        {"out of range in a later arm", "fn f() = match x\n  1 -> 1\n  9223372036854775808 -> 2",
         "SYN_001 3:3 Integer literal out of range"},
        {"open string in a later arm", "fn f() = match x\n  1 -> 1\n  [\"a -> 2",
         "SYN_001 3:4 Syntax error: unexpected `\"a -> 2`"},
        {"comma between clauses", "fn f() = handle x with { E.a() -> 1, E.b() -> 2 }",
         "SYN_001 1:36 Syntax error: unexpected `,`"},
        {"rest in the middle", "fn f() = match x [a, ..b, c] -> 1",
         "SYN_001 1:27 Syntax error: unexpected `c`"},
        {"rest without a name", "fn f() = match x [a, ..] -> 1",
         "SYN_001 1:24 Syntax error: unexpected `]`"},
        {"interpolation in a pattern", "fn f() = match x \"a${b}\" -> 1",
         "SYN_001 1:20 Syntax error: unexpected `${b}`"},
        {"word as a variable", "fn f() = if + 1", "SYN_001 1:13 Syntax error: unexpected `+`"},
        {"word as a field", "fn f() = { a: 1, if: 2 }",
         "SYN_001 1:18 Syntax error: unexpected `if`"},
        {"test section with braces", "@test {\n  test \"a\" = true\n}",
         "SYN_001 1:7 Syntax error: unexpected `{`"},
        {"blank in it.only", "describe \"a\" { it .only \"b\" = c }",
         "SYN_001 1:19 Syntax error: unexpected `.`"},
        {"impl exported", "export impl T for A {}", "SYN_001 1:8 Syntax error: unexpected `impl`"},
        {"one variant without a bar", "type A = B(Int)\nfn f() = 1",
         "SYN_001 2:1 Syntax error: unexpected `fn`"},
        {"unknown attribute", "@foo\nfn f() = 1", "SYN_001 1:1 Syntax error: unexpected `@foo`"},
        {"exclamation mark", "fn f() = !a", "SYN_001 1:10 Syntax error: unexpected `!`"},
        {"open comment", "fn f() = 1 /* a", "SYN_001 1:12 Syntax error: unexpected `/* a`"},
        {"one error an item", "fn f() = )\n(\nfn g() = )\nfn h() = 1\ntype = 2\n",
         "SYN_001 1:10 Syntax error: unexpected `)`; SYN_001 3:10 Syntax error: unexpected `)`; "
         "SYN_001 5:6 Syntax error: unexpected `=`"},
        {"two semicolons", "fn f() = { a;; b }", "SYN_001 1:14 Syntax error: unexpected `;`"},
        {"block without statements", "fn f() = restrict { }",
         "SYN_001 1:21 Syntax error: unexpected `}`"},
        {"bad bytes in a string", "fn f() = \"\xFF\"",
         "SYN_001 1:11 Syntax error: unexpected `\xFF`"},
    };
    check_errors(rows, BL_ARRAY_COUNT(rows));
}

// `count` times open, then inner, then `count` times close.
static void append_nested(bl_buffer *out, uint32_t count, const char *open, const char *inner,
                          const char *close)
{
    for (uint32_t i = 0; i < count; i++) {
        bl_buffer_append(out, open, strlen(open));
    }
    bl_buffer_append(out, inner, strlen(inner));
    for (uint32_t i = 0; i < count; i++) {
        bl_buffer_append(out, close, strlen(close));
    }
}

Test(parser, nesting_has_a_limit)
{
    static const struct {
        const char *name, *before, *open, *inner, *close, *after;
        uint32_t good, bad; // How often it may and may not stand in itself.
    } rows[] = {
        {"parentheses", "fn f() = ", "(", "1", ")", "", LANG_NESTING_MAX - 1, LANG_NESTING_MAX},
        {"lists", "fn f() = ", "[", "1", "]", "", LANG_NESTING_MAX - 1, LANG_NESTING_MAX},
        {"not", "fn f() = ", "not ", "a", "", "", LANG_NESTING_MAX - 1, LANG_NESTING_MAX},
        {"strings", "fn f() = ", "\"${", "1", "}\"", "", LANG_NESTING_MAX - 1, LANG_NESTING_MAX},
        {"patterns", "fn f() = match x\n", "(", "a", ")", " -> 1", 900, 1100},
        {"types", "fn f() -> ", "(", "A", ")", " = 1", 900, 1100},
        {"options", "fn f() -> ", "", "A", "?", " = 1", 900, 1100},
        {"sums", "fn f() = ", "1 + ", "1", "", "", LANG_TREE_HEIGHT_MAX - 2, LANG_TREE_HEIGHT_MAX},
        {"calls", "fn f() = ", "", "g", "()", "", LANG_TREE_HEIGHT_MAX - 2, LANG_TREE_HEIGHT_MAX},
        {"groups", "", "describe \"a\" {", "", "}", "", 900, 1100},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i++) {
        for (int bad = 0; bad < 2; bad++) {
            bl_buffer text = {0};
            bl_buffer_format(&text, "%s", rows[i].before);
            append_nested(&text, bad ? rows[i].bad : rows[i].good, rows[i].open, rows[i].inner,
                          rows[i].close);
            bl_buffer_format(&text, "%s", rows[i].after);
            syntax parsed;
            syntax_parse(&parsed, bl_buffer_slice(&text));
            const char *errors = syntax_errors(&parsed);
            cr_expect(bad ? strstr(errors, "Nested too deeply") != NULL : errors[0] == '\0',
                      "%s, %s: %.200s", rows[i].name, bad ? "over" : "under", errors);
            syntax_deinit(&parsed);
            bl_buffer_deinit(&text);
        }
    }
}

// ---- invariants over the corpus -------------------------------------------------------------

typedef struct id_check {
    uint32_t programs;
    uint32_t broken;
} id_check;

static void check_program(void *context, const char *path, bl_slice text)
{
    id_check *check = context;
    syntax parsed;
    syntax_parse(&parsed, text);
    const char *name = strrchr(path, '/') + 1;
    bool expected = (strncmp(name, "syn_", 4) == 0 && strstr(name, "_ok_") == NULL) ||
                    strcmp(name, "Syntax.bl") == 0 ||
                    strstr(path, "syntax_error_inside/Oven") != NULL;
    cr_expect(expected == (parsed.diagnostics.count > 0), "%s: %s", path, syntax_errors(&parsed));
    check->programs++;
    check->broken += parsed.diagnostics.count > 0;
    for (uint32_t i = 1; i < parsed.tree->count; i++) {
        cr_expect(parsed.tree->items[i]->id < parsed.tree->node_count);
        cr_expect(parsed.tree->items[i - 1]->span.end <= parsed.tree->items[i]->span.start,
                  "%s: items overlap", path);
    }
    syntax_deinit(&parsed);
}

Test(parser, corpus)
{
    id_check check = {0};
    syntax_corpus(check_program, &check);
    cr_expect(check.programs > 800, "%u programs", check.programs);
    cr_expect(check.broken > 10, "%u with errors", check.broken);
}

// Every prefix of a program parses to something, whatever is open at its end.
Test(parser, prefixes)
{
    static const char program[] =
        "@prelude(core)\nimport A.{b}\n/* c */ type T = | A(Int) | B\n"
        "fn f<A>(x: { a: Int, ..r }) -> {E} Int? = { let y = \"a${match x 0 | 1 if y -> "
        "\"}\"}\\u{41}\"\n"
        "  handle #{ 1: P { ..q, \"k\": |z| -z? } } with { E.o!(resume) -> r\"a\" } }\n"
        "describe \"g\" { it.only \"i\" = expect 1..2 to_be Some(_) // e\n }\n";
    for (size_t size = 0; size < sizeof(program); size++) {
        // In memory of its own, so that a byte read too far is seen.
        char *copy = bl_alloc(size + 1);
        memcpy(copy, program, size);
        syntax parsed;
        syntax_parse(&parsed, (bl_slice){copy, size});
        cr_expect(parsed.diagnostics.count <= 5);
        syntax_deinit(&parsed);
        bl_free(copy);
    }
}
