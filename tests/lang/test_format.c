// tests/lang/test_format.c: the canonical form in examples, and its promises over every program of
// the corpus: the same meaning, nothing lost, nothing left to change; also with comments anywhere.
#include "lang/format.h"
#include "lang/lang.h"
#include "lang/lexer.h"
#include "tests/lang/syntax.h"

#include <criterion/criterion.h>
#include <stdlib.h>

typedef struct row {
    const char *name, *text, *want;
} row;

static bool format_text(bl_slice text, bl_buffer *out)
{
    syntax parsed;
    syntax_parse(&parsed, text);
    bool good = parsed.diagnostics.count == 0 && lang_format_tree(&parsed.arena, parsed.tree, out);
    syntax_deinit(&parsed);
    return good;
}

static void check_rows(const row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bl_buffer out = {0};
        cr_expect(format_text(bl_slice_of(rows[i].text), &out), "%s", rows[i].name);
        bl_buffer_append_char(&out, '\0');
        cr_expect_str_eq(out.data, rows[i].want, "%s:\n%s", rows[i].name, out.data);
        bl_buffer_deinit(&out);
    }
}

Test(format, items)
{
    static const row rows[] = {
        {"nothing", "", ""},
        {"only a comment", "  // a  \n", "// a\n"},
        {"prelude and imports", "@prelude( core )\nimport   A . B\nimport A.{ f,g!,T , }",
         "@prelude(core)\nimport A.B\nimport A.{f, g!, T}\n"},
        {"empty lines", "\n\nfn f() = 1\n\n\n\nfn g() = 2\nfn h() = 3\n\n",
         "fn f() = 1\n\nfn g() = 2\nfn h() = 3\n"},
        {"tall definitions stand apart", "fn f() = {\n1\n2\n}\nfn g() = 2",
         "fn f() = {\n  1\n  2\n}\n\nfn g() = 2\n"},
        {"function", "export fn f<A:Show+Eq,B>( x:A , (y,_):(Int,B) )->{E,F} A=x",
         "export fn f<A: Show + Eq, B>(x: A, (y, _): (Int, B)) -> {E, F} A = x\n"},
        {"types", "type A={x:Int,\"y\":(A)->{E}B?,..r}",
         "type A = { x: Int, \"y\": (A) -> {E} B?, ..r }\n"},
        {"enum", "type A=B|C(Int,D)", "type A = | B | C(Int, D)\n"},
        {"tall enum", "type A =\n| B\n| C", "type A =\n  | B\n  | C\n"},
        {"refinement", "type A=Int where self>0", "type A = Int where self > 0\n"},
        {"effect", "effect E{a!:()->Int b:A->B c:(A,B)->{X}C}",
         "effect E {\n  a! : () -> Int\n  b : A -> B\n  c : (A, B) -> {X} C\n}\n"},
        {"trait and impl", "trait T:A,B{f:Self->Int\n\nfn g(x:Self)->Int=1}\nimpl T for List<A>{}",
         "trait T : A, B {\n  f : Self -> Int\n\n  fn g(x: Self) -> Int = 1\n}\n\nimpl T for "
         "List<A> "
         "{}\n"},
        {"spec", "@spec f @given x:Int where x>0 @pure fn f(x:Int)->Int=x",
         "@spec f\n@given x: Int where x > 0\n@pure\nfn f(x: Int) -> Int = x\n"},
        {"tests", "@test\ntest \"a\"=true\ndescribe \"b\"{let x=1\nit.only \"c\"=x==1}",
         "@test\ntest \"a\" = true\n\ndescribe \"b\" {\n  let x = 1\n  it.only \"c\" = x == "
         "1\n}\n"},
    };
    check_rows(rows, BL_ARRAY_COUNT(rows));
}

Test(format, expressions)
{
    static const row rows[] = {
        {"operators", "fn f()=a+b*-c==not d&&(e||f)|>g",
         "fn f() = a + b * -c == not d && (e || f) |> g\n"},
        {"ranges", "fn f()=1 .. n", "fn f() = 1..n\n"},
        {"double parentheses", "fn f()=((a))", "fn f() = (a)\n"},
        {"two questions", "fn f()=a? ?", "fn f() = a? ?\n"},
        {"literals", "fn f()=[1,0xFF,1_0 , 1.50,\"a${ b+c }\",r\"x\",true,()]",
         "fn f() = [1, 0xFF, 1_0, 1.50, \"a${ b+c }\", r\"x\", true, ()]\n"},
        {"collections", "fn f()=(#{},#{1:2},#{1,2},{},{x:1},P{..q,x:1},(1,2))",
         "fn f() = (#{}, #{ 1: 2 }, #{ 1, 2 }, {}, { x: 1 }, P { ..q, x: 1 }, (1, 2))\n"},
        {"calls", "fn f()=g(1,b:2).h!(|x,_|x,||1)?", "fn f() = g(1, b: 2).h!(|x, _| x, || 1)?\n"},
        {"if", "fn f()=if a then b else if c then d else e",
         "fn f() = if a then b else if c then d else e\n"},
        {"for", "fn f()=for x in xs do{g(x)}", "fn f() = for x in xs do { g(x) }\n"},
        {"match", "fn f()=match x 0|1 if y->a _->{b}",
         "fn f() =\n  match x\n    0 | 1 if y -> a\n    _ -> { b }\n"},
        {"match in a let", "fn f()={let m=match x _->1\nlet y=2\ny}",
         "fn f() = {\n  let m = match x\n    _ -> 1\n  let y = 2\n  y\n}\n"},
        {"needed semicolon", "fn f()={match x _->1;y}",
         "fn f() = {\n  match x\n    _ -> 1;\n  y\n}\n"},
        {"semicolon before a minus", "fn f()={a;-b}", "fn f() = {\n  a;\n  -b\n}\n"},
        {"semicolon before a lambda", "fn f()={a;||b}", "fn f() = {\n  a;\n  || b\n}\n"},
        {"semicolon before a record", "fn f()={A;{x:1}}", "fn f() = {\n  A;\n  { x: 1 }\n}\n"},
        {"superfluous semicolons", "fn f()={a;b;}", "fn f() = {\n  a\n  b\n}\n"},
        {"parenthesis after a name", "fn f()={a\n(b,c)}", "fn f() = {\n  a\n  (b, c)\n}\n"},
        {"handle", "fn f()=handle g() with{E.a!(x,resume)->resume(x)}",
         "fn f() = handle g() with {\n  E.a!(x, resume) -> resume(x)\n}\n"},
        {"with", "fn f()=with{E:a}with M.op!{restrict(A,B){restrict{1}}}",
         "fn f() = with { E: a } with M.op! { restrict(A, B) { restrict { 1 } } }\n"},
        {"expect", "test \"a\"=expect a to_equal b", "test \"a\" = expect a to_equal b\n"},
        {"smallest Int", "fn f()=- 9223372036854775808", "fn f() = -9223372036854775808\n"},
        {"triple string", "fn f()={\nlet s=\"\"\"a  \n  b\"\"\"\ns}",
         "fn f() = {\n  let s = \"\"\"a  \n  b\"\"\"\n  s\n}\n"},
    };
    check_rows(rows, BL_ARRAY_COUNT(rows));
}

#define LONG "a_name_of_forty_characters_or_thereabouts"
#define LONG_TYPE "ATypeOfFortyCharactersOrThereaboutsInLength"

Test(format, width)
{
    static const row rows[] = {
        {"body on the next line", "fn f() -> Int = " LONG " + " LONG "1",
         "fn f() -> Int =\n  " LONG " + " LONG "1\n"},
        {"chain", "fn f() -> Int = " LONG " + " LONG " + " LONG,
         "fn f() -> Int =\n  " LONG "\n    + " LONG "\n    + " LONG "\n"},
        {"a body on the next line stays there", "fn f() =\n  g()\ntest \"a\" =\n  g()",
         "fn f() =\n  g()\n\ntest \"a\" =\n  g()\n"},
        {"arms, clauses and loops",
         "fn f(y: Int) = handle g() with { E.a!() ->\nfor x in xs do\nb\nE.b!() ->\nmatch y\n_ "
         "->\nc }",
         "fn f(y: Int) = handle g() with {\n  E.a!() ->\n    for x in xs do\n      b\n  E.b!() ->\n"
         "    match y\n      _ ->\n        c\n}\n"},
        {"a block comes up", "fn f() =\n{\na\nb }", "fn f() = {\n  a\n  b\n}\n"},
        {"clauses of if stay broken", "fn f() =\nif a then b\nelse c",
         "fn f() =\n  if a then b\n  else c\n"},
        {"then stays below", "fn f() = if a\nthen b\nelse c",
         "fn f() =\n  if a\n  then b\n  else c\n"},
        {"function type", "type T = (" LONG_TYPE ", " LONG_TYPE ", B) -> {E} List<C>",
         "type T = (\n  " LONG_TYPE ",\n  " LONG_TYPE ",\n  B\n) -> {E} List<C>\n"},
        {"operation", "effect E { a! : (" LONG_TYPE ", " LONG_TYPE ", B) -> List<C> }",
         "effect E {\n  a! : (\n    " LONG_TYPE ",\n    " LONG_TYPE
         ",\n    B\n  ) -> List<C>\n}\n"},
        {"guard", "fn f(x: Int) = match x\nSome(" LONG ") if " LONG " > 1 && a > 2 -> 1",
         "fn f(x: Int) =\n  match x\n    Some(" LONG ")\n      if " LONG " > 1 && a > 2 -> 1\n"},
        {"long import", "import A.{" LONG ", " LONG ", " LONG "}",
         "import A.{\n  " LONG ",\n  " LONG ",\n  " LONG "\n}\n"},
        {"then on a line of its own", "fn f() = if a then\nb\nelse\nc",
         "fn f() =\n  if a then b\n  else c\n"},
        {"head of a match", "fn f() = { let x = match " LONG "(b)\n_ -> 1\nlet y = 2\ny }",
         "fn f() = {\n  let x = match " LONG "(b)\n    _ -> 1\n  let y = 2\n  y\n}\n"},
        {"long head of a match",
         "fn f() = { let x = match " LONG "(" LONG ", b)\n_ -> 1\nlet y = 2\ny }",
         "fn f() = {\n  let x =\n    match " LONG "(" LONG
         ", b)\n      _ -> 1\n  let y = 2\n  y\n}\n"},
        {"pipes stay broken", "fn f() = xs\n|> g\n|> h", "fn f() =\n  xs\n    |> g\n    |> h\n"},
        {"pipes in a let", "fn f() = { let a = xs\n|> g\na }",
         "fn f() = {\n  let a = xs\n    |> g\n  a\n}\n"},
        {"last argument", "fn f() = g(xs, |x| {\nh(x)\nx })",
         "fn f() =\n  g(xs, |x| {\n    h(x)\n    x\n  })\n"},
        {"all arguments", "fn f() = g(" LONG ", " LONG ", " LONG ")",
         "fn f() =\n  g(\n    " LONG ",\n    " LONG ",\n    " LONG "\n  )\n"},
        {"broken record", "fn f() = {\nx: 1, y: 2 }", "fn f() = {\n  x: 1,\n  y: 2\n}\n"},
        {"clauses of if", "fn f() = if " LONG " then " LONG " else if b then c else " LONG,
         "fn f() =\n  if " LONG " then " LONG "\n  else if b then c\n  else " LONG "\n"},
        {"blocks of if", "fn f() = if a then {\nb\nc } else {\nd\ne }",
         "fn f() =\n  if a then {\n    b\n    c\n  } else {\n    d\n    e\n  }\n"},
    };
    check_rows(rows, BL_ARRAY_COUNT(rows));
}

Test(format, comments)
{
    static const row rows[] = {
        {"behind and before", "// a\nfn f() = { // b\n  // c\n  x // d\n  // e\n}\n// f",
         "// a\nfn f() = { // b\n  // c\n  x // d\n  // e\n}\n// f\n"},
        {"in lists", "fn f() = [ // a\n1, // b\n// c\n2 // d\n// e\n]",
         "fn f() = [ // a\n  1, // b\n  // c\n  2 // d\n  // e\n]\n"},
        {"between arms", "fn f() = match x // a\n// b\n0 -> 1 // c\n// d\n_ -> 2",
         "fn f() =\n  match x // a\n    // b\n    0 -> 1 // c\n    // d\n    _ -> 2\n"},
        {"between pipes", "fn f() = xs // a\n// b\n|> g // c",
         "fn f() =\n  xs // a\n    // b\n    |> g // c\n"},
        {"block comments", "fn f(/* a */ x: Int) = /* b */ x + /* c */ 1 /* d */",
         "fn f(/* a */ x: Int) = /* b */ x + /* c */ 1 /* d */\n"},
        {"before a body", "fn f() =\n// a\nx\nfn g(x: Int) = match x\n_ -> // b\n// c\ny",
         "fn f() =\n  // a\n  x\n\nfn g(x: Int) =\n  match x\n    _ -> // b\n      // c\n    "
         "  y\n"},
        {"in an if", "fn f() = if a // b\n// c\nthen d // e\n// f\nelse g",
         "fn f() =\n  if a // b\n  // c\n  then d // e\n  // f\n  else g\n"},
        {"alone in brackets", "fn f() = { // a\n// b\n}\nfn g() = [\n// c\n]",
         "fn f() = { // a\n  // b\n}\n\nfn g() = [\n  // c\n]\n"},
        {"in an import", "import A.{ // a\nf, // b\n// c\ng }",
         "import A.{ // a\n  f, // b\n  // c\n  g\n}\n"},
        {"block comment before another", "type T = {\nx: Int /* a */, // b\n}",
         "type T = {\n  x: Int /* a */ // b\n}\n"},
        {"empty lines round comments", "fn f() = {\n  a\n\n  // b\n\n  c\n}",
         "fn f() = {\n  a\n\n  // b\n\n  c\n}\n"},
    };
    check_rows(rows, BL_ARRAY_COUNT(rows));
}

Test(format, files_with_syntax_errors_are_left_alone)
{
    bl_buffer out = {0};
    bl_buffer diagnostics = {0};
    cr_expect(!lang_format(BL_SLICE("a.bl"), BL_SLICE("fn f() = )"), &out, &diagnostics));
    bl_buffer_append_char(&diagnostics, '\0');
    cr_expect_str_eq(diagnostics.data, "error[SYN_001]: Syntax error: unexpected `)`\n"
                                       "  --> a.bl:1:10\n"
                                       "   |\n"
                                       " 1 | fn f() = )\n"
                                       "   |          ^\n"
                                       "\n"
                                       "1 error(s)\n");
    cr_expect(out.size == 0);
    diagnostics.size = 0;
    cr_expect(lang_format(BL_SLICE("a.bl"), BL_SLICE("fn f()=1"), &out, &diagnostics));
    cr_expect(bl_slice_equal(bl_buffer_slice(&out), BL_SLICE("fn f() = 1\n")));
    cr_expect(diagnostics.size == 0);
    bl_buffer_deinit(&out);
    bl_buffer_deinit(&diagnostics);
}

// ---- over the corpus ------------------------------------------------------------------------

static int compare_lines(const void *a, const void *b)
{
    return bl_slice_compare(*(const bl_slice *)a, *(const bl_slice *)b);
}

static void sort_lines(bl_buffer *text)
{
    enum { LINES_MAX = 4096 };
    static bl_slice lines[LINES_MAX];
    bl_buffer sorted = {0};
    uint32_t count = 0;
    size_t start = 0;
    for (size_t i = 0; i < text->size; i++) {
        if (text->data[i] == '\n') {
            cr_assert(count < LINES_MAX);
            lines[count++] = (bl_slice){text->data + start, i - start};
            start = i + 1;
        }
    }
    qsort(lines, count, sizeof lines[0], compare_lines);
    for (uint32_t i = 0; i < count; i++) {
        bl_buffer_append_slice(&sorted, lines[i]);
        bl_buffer_append_char(&sorted, '\n');
    }
    bl_buffer_deinit(text);
    *text = sorted;
}

// The comments of a program, each on a line, without blanks, some of which may go. Sorted by lines:
// one that stands where no line can start may change places.
static void list_comments(bl_slice text, bl_buffer *out)
{
    syntax parsed;
    syntax_parse(&parsed, text);
    for (uint32_t i = 0; i < parsed.tree->comment_count; i++) {
        lang_span span = parsed.tree->comments[i].span;
        for (uint32_t at = span.start; at < span.end; at++) {
            if (strchr(" \t\r", text.data[at]) == NULL) {
                bl_buffer_append_char(out, text.data[at]);
            }
        }
        bl_buffer_append_char(out, '\n');
    }
    syntax_deinit(&parsed);
    sort_lines(out);
}

static void check_comments(const char *path, bl_slice before, bl_slice after)
{
    bl_buffer want = {0};
    bl_buffer got = {0};
    list_comments(before, &want);
    list_comments(after, &got);
    cr_expect(bl_slice_equal(bl_buffer_slice(&want), bl_buffer_slice(&got)), "%s: other comments",
              path);
    bl_buffer_deinit(&want);
    bl_buffer_deinit(&got);
}

static void check_promises(const char *path, bl_slice text)
{
    bl_buffer once = {0};
    bl_buffer twice = {0};
    cr_expect(format_text(text, &once), "%s: meaning changed", path); // lang_format_tree compares.
    cr_expect(format_text(bl_buffer_slice(&once), &twice), "%s", path);
    cr_expect(bl_slice_equal(bl_buffer_slice(&once), bl_buffer_slice(&twice)),
              "%s: a second time changes it", path);
    check_comments(path, text, bl_buffer_slice(&once));
    bl_buffer_deinit(&once);
    bl_buffer_deinit(&twice);
}

static bool is_valid(bl_slice text)
{
    syntax parsed;
    syntax_parse(&parsed, text);
    bool valid = parsed.diagnostics.count == 0;
    syntax_deinit(&parsed);
    return valid;
}

static void format_program(void *context, const char *path, bl_slice text)
{
    uint32_t *count = context;
    if (is_valid(text)) {
        check_promises(path, text);
        (*count)++;
    }
}

Test(format, corpus)
{
    uint32_t count = 0;
    syntax_corpus(format_program, &count);
    cr_expect(count > 800, "%u programs", count);
}

typedef struct sprinkler {
    unsigned seed;
    uint32_t every; // One of so many places gets a comment.
    uint32_t count; // Of comments, to tell them apart.
    uint32_t valid;
} sprinkler;

// A comment, or only white space, in a form that people write.
static void sprinkle(sprinkler *water, bl_buffer *out)
{
    static const char *const forms[] = {
        "/* # */ ",
        "// #\n",
        "\n// #\n",
        "\n/* # */\n",
        "\n\n\n// #  \n\n",
        "/// #\r\n",
        "/* #\n   two */",
        "\t/*#*/\t",
        "\n//// #\n// #\n",
        "/* # */ /* # */",
        " // # /* no */\n",
        "\n\n\n",
        "\r\n",
        "  \t ",
        "\n  ",
    };
    const char *form = forms[(uint32_t)rand_r(&water->seed) % BL_ARRAY_COUNT(forms)];
    for (const char *c = form; *c != '\0'; c++) {
        if (*c == '#') {
            bl_buffer_format(out, "%u", water->count++);
        } else {
            bl_buffer_append_char(out, *c);
        }
    }
}

// A copy of the program with comments before some of its tokens.
static void sprinkle_program(sprinkler *water, bl_slice text, bl_buffer *out)
{
    lang_source source = {.text = text};
    lang_lexer lexer;
    uint32_t at = 0;
    lang_lexer_init(&lexer, &source);
    for (;;) {
        lang_token token = lang_lexer_next(&lexer);
        uint32_t string_end = 0;
        if (token.kind == LANG_TOKEN_STRING) {
            string_end = lang_lexer_simple_string_end(&lexer, token.span.start);
        }
        bool opaque = token.kind == LANG_TOKEN_TRIPLE || token.kind == LANG_TOKEN_ERROR ||
                      (token.kind == LANG_TOKEN_STRING && string_end == 0);
        if (token.kind == LANG_TOKEN_END || opaque) {
            break; // What follows needs a parser to be read.
        }
        if (string_end != 0) {
            lang_lexer_seek(&lexer, string_end);
        }
        if ((uint32_t)rand_r(&water->seed) % water->every == 0) {
            bl_buffer_append(out, text.data + at, token.span.start - at);
            at = token.span.start;
            sprinkle(water, out);
        }
    }
    bl_buffer_append(out, text.data + at, text.size - at);
    lang_lexer_deinit(&lexer);
}

static void format_sprinkled(void *context, const char *path, bl_slice text)
{
    sprinkler *water = context;
    bl_buffer program = {0};
    sprinkle_program(water, text, &program);
    // A comment may have moved a `(` to the next line, where it calls nothing.
    if (is_valid(bl_buffer_slice(&program))) {
        check_promises(path, bl_buffer_slice(&program));
        water->valid++;
    }
    bl_buffer_deinit(&program);
}

// BL_SPRINKLE=N: N other seeds, with comments at up to every second token.
Test(format, comments_anywhere)
{
    const char *more = getenv("BL_SPRINKLE");
    unsigned first = more == NULL ? 1 : 100;
    unsigned count = more == NULL ? 2 : (unsigned)strtoul(more, NULL, 10);
    for (unsigned seed = first; seed < first + count; seed++) {
        sprinkler water = {.seed = seed, .every = more == NULL ? 12 : 2 + seed % 6};
        syntax_corpus(format_sprinkled, &water);
        cr_expect(water.valid > (more == NULL ? 400 : 50), "seed %u: %u programs", seed,
                  water.valid);
    }
}
