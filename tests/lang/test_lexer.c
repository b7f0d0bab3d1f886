// tests/lang/test_lexer.c: tokens, one kind after another, and what is no token.
#include "lang/lexer.h"

#include <criterion/criterion.h>

static const char *const kind_names[] = {
#define TOKEN(name, text) [LANG_TOKEN_##name] = #name,
#include "lang/tokens.def"
#undef TOKEN
};

// The kinds of all tokens, strings by their opening quotes only.
static void kinds_of(const char *text, bl_buffer *out)
{
    bl_arena arena;
    lang_source source;
    lang_lexer lexer;
    bl_arena_init(&arena, 0);
    cr_assert(lang_source_init(&source, &arena, BL_SLICE("t"), bl_slice_of(text), NULL) == BL_OK);
    lang_lexer_init(&lexer, &source);
    for (lang_token token = lang_lexer_next(&lexer); token.kind != LANG_TOKEN_END;
         token = lang_lexer_next(&lexer)) {
        bl_buffer_format(out, "%s%s%s", out->size > 0 ? " " : "", token.newline_before ? "/" : "",
                         kind_names[token.kind]);
    }
    bl_buffer_append_char(out, '\0');
    lang_lexer_deinit(&lexer);
    bl_arena_deinit(&arena);
}

Test(lexer, kinds)
{
    static const struct {
        const char *name, *text, *want;
    } rows[] = {
        {"nothing", "", ""},
        {"white space", " \t\r\n\f\v", ""},
        {"names", "a foo_1 _ _x x1", "IDENT IDENT IDENT IDENT IDENT"},
        {"effect name", "main! a!(b)", "IDENT IDENT LEFT_PAREN IDENT RIGHT_PAREN"},
        {"tight not equal", "a!=b", "IDENT NOT_EQUAL IDENT"},
        {"types", "Foo F1 FooBar", "TYPE_IDENT TYPE_IDENT TYPE_IDENT"},
        {"camel case", "fooBar", "IDENT ERROR"},
        {"type with underscore", "Foo_bar", "TYPE_IDENT ERROR"},
        {"integers", "0 42 1_000_ 0xFf 0B10 0o7", "INT INT INT INT INT INT"},
        {"prefix without digits", "0x 0x_1 0b2", "INT ERROR INT ERROR INT ERROR"},
        {"floats", "1.0 1.5e3 2.0E-4 1.0e+9", "FLOAT FLOAT FLOAT FLOAT"},
        {"no floats", "1. .5", "INT DOT DOT INT"},
        {"exponent of an integer", "1e5", "INT ERROR"},
        {"underscore in a float", "1.0_0", "FLOAT ERROR"},
        {"range", "1..3", "INT DOT_DOT INT"},
        {"range of floats", "1.5..2", "FLOAT DOT_DOT INT"},
        {"attributes", "@test @module", "ATTRIBUTE ATTRIBUTE"},
        {"no attributes", "@foo @ test @Test", "ERROR ERROR IDENT ERROR"},
        {"operators", "+ - * / % ++ == != < > <= >= && || |> .. ? ?? = -> | . , : ;",
         "PLUS MINUS STAR SLASH PERCENT PLUS_PLUS EQUAL_EQUAL NOT_EQUAL LESS GREATER LESS_EQUAL "
         "GREATER_EQUAL AND_AND BAR_BAR PIPE DOT_DOT QUESTION HOLE EQUAL ARROW BAR DOT COMMA COLON "
         "SEMICOLON"},
        {"brackets", "( ) [ ] { } #{",
         "LEFT_PAREN RIGHT_PAREN LEFT_BRACKET RIGHT_BRACKET LEFT_BRACE RIGHT_BRACE HASH_BRACE"},
        {"longest match", "a---b ?? ?", "IDENT MINUS MINUS MINUS IDENT HOLE QUESTION"},
        {"strays", "& ^ ~ ' ` \\ $ # !a",
         "ERROR ERROR ERROR ERROR ERROR ERROR ERROR ERROR ERROR "
         "IDENT"},
        {"a character of two bytes", "\xC3\xA9", "ERROR"},
        {"no UTF-8", "\xFF a", "ERROR IDENT"},
        {"line comment", "a // b\nc", "IDENT /IDENT"},
        {"four slashes", "//// x\na", "/IDENT"},
        {"block comment", "a /* b */ c", "IDENT IDENT"},
        {"block comment over lines", "a /* \n */ c", "IDENT /IDENT"},
        {"comments do not nest", "/* /* */ a */", "IDENT STAR SLASH"},
        {"open comment", "a /* b", "IDENT ERROR"},
        {"open comments", "/* \n /* \n a", "ERROR /ERROR /IDENT"},
        {"raw", "r\"a\\\" r#\"a\"b\"#", "RAW RAW_HASH"},
        {"r alone", "r \"", "IDENT STRING"},
        {"open raw", "r\"a\nb", "ERROR /IDENT"},
        {"open raw with hash", "r#\"a\nb", "ERROR /IDENT"},
        {"quotes", "\"", "STRING"},
        {"three quotes", "\"\"\"", "TRIPLE"},
        {"byte order mark",
         "\xEF\xBB\xBF"
         "a",
         "IDENT"},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i++) {
        bl_buffer out = {0};
        kinds_of(rows[i].text, &out);
        cr_expect_str_eq(out.data, rows[i].want, "%s: %s", rows[i].name, out.data);
        bl_buffer_deinit(&out);
    }
}

Test(lexer, integers)
{
    static const struct {
        const char *text;
        uint64_t want;
        bool out_of_range;
    } rows[] = {
        {"0", 0, false},
        {"007", 7, false},
        {"1__0_", 10, false},
        {"0xDEAD_beef", 0xDEADBEEF, false},
        {"0B101", 5, false},
        {"0o755", 493, false},
        {"9223372036854775807", INT64_MAX, false},
        {"9223372036854775808", (uint64_t)INT64_MAX + 1, true},
        {"0x8000000000000000", (uint64_t)INT64_MAX + 1, true},
        {"18446744073709551615", UINT64_MAX, true},
        {"18446744073709551616", UINT64_MAX, true},
        {"99999999999999999999999999", UINT64_MAX, true},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i++) {
        lang_source source = {.text = bl_slice_of(rows[i].text)};
        lang_lexer lexer;
        lang_lexer_init(&lexer, &source);
        lang_token token = lang_lexer_next(&lexer);
        cr_expect(token.kind == LANG_TOKEN_INT, "%s", rows[i].text);
        cr_expect(token.value.integer == rows[i].want, "%s", rows[i].text);
        cr_expect(token.out_of_range == rows[i].out_of_range, "%s", rows[i].text);
    }
}

// The text of a string literal without interpolations.
Test(lexer, escapes)
{
    const struct {
        const char *name, *text;
        bl_slice want;
        lang_problem problem;
    } rows[] = {
        {"plain", "\"abc\"", BL_SLICE("abc"), LANG_PROBLEM_NONE},
        {"empty", "\"\"", BL_SLICE(""), LANG_PROBLEM_NONE},
        {"known", "\"\\n\\t\\r\\0\\\\\\\"\"", BL_SLICE("\n\t\r\0\\\""), LANG_PROBLEM_NONE},
        {"dollar", "\"\\${x} \\{ $5 $\"", BL_SLICE("${x} { $5 $"), LANG_PROBLEM_NONE},
        {"other", "\"\\q\\x41\\u0041\"", BL_SLICE("qx41u0041"), LANG_PROBLEM_NONE},
        {"code points", "\"\\u{41}\\u{e9}\\u{20AC}\\u{1F600}\"",
         BL_SLICE("A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"), LANG_PROBLEM_NONE},
        {"no code point", "\"\\u{} \\u{1234567} \\u{x}\"", BL_SLICE("u{} u{1234567} u{x}"),
         LANG_PROBLEM_NONE},
        {"too large", "\"a\\u{110000}\"", {0}, LANG_PROBLEM_CODE_POINT},
        {"surrogate", "\"\\u{D800}\"", {0}, LANG_PROBLEM_CODE_POINT},
        {"escaped character", "\"\\\xC3\xA9\"", BL_SLICE("\xC3\xA9"), LANG_PROBLEM_NONE},
        {"escaped line end", "\"a\\\nb\"", {0}, LANG_PROBLEM_OPEN_STRING},
        {"line end", "\"a\nb\"", {0}, LANG_PROBLEM_OPEN_STRING},
        {"end of file", "\"a", {0}, LANG_PROBLEM_OPEN_STRING},
        {"backslash at the end", "\"a\\", {0}, LANG_PROBLEM_OPEN_STRING},
        {"bad bytes", "\"a\xC3\"", {0}, LANG_PROBLEM_ENCODING},
        {"overlong", "\"\xC0\x80\"", {0}, LANG_PROBLEM_ENCODING},
        {"triple", "\"\"\"a\n \"b\"\" c\"\"\"", BL_SLICE("a\n \"b\"\" c"), LANG_PROBLEM_NONE},
        {"triple escape", "\"\"\"\\\"\\\"\\\" \\n\"\"\"", BL_SLICE("\"\"\" \n"), LANG_PROBLEM_NONE},
        {"triple, escaped line end", "\"\"\"a\\\nb\"\"\"", {0}, LANG_PROBLEM_ESCAPE},
        {"open triple", "\"\"\"a\"\"", {0}, LANG_PROBLEM_OPEN_STRING},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i++) {
        bl_arena arena;
        bl_arena_init(&arena, 0);
        lang_source source = {.text = bl_slice_of(rows[i].text)};
        lang_lexer lexer;
        lang_lexer_init(&lexer, &source);
        bool triple = lang_lexer_next(&lexer).kind == LANG_TOKEN_TRIPLE;
        lang_piece piece = lang_lexer_piece(&lexer, &arena, triple);
        cr_expect(piece.problem == rows[i].problem, "%s: %d", rows[i].name, (int)piece.problem);
        if (rows[i].problem == LANG_PROBLEM_NONE) {
            cr_expect(bl_slice_equal(piece.text, rows[i].want), "%s: %.*s", rows[i].name,
                      BL_SLICE_ARG(piece.text));
            cr_expect(lexer.at == lexer.size, "%s", rows[i].name);
        }
        bl_arena_deinit(&arena);
    }
}

Test(lexer, pieces_end_at_interpolations)
{
    bl_arena arena;
    bl_arena_init(&arena, 0);
    lang_source source = {.text = BL_SLICE("\"a\\n${x}b\"")};
    lang_lexer lexer;
    lang_lexer_init(&lexer, &source);
    (void)lang_lexer_next(&lexer); // The quote.
    lang_piece piece = lang_lexer_piece(&lexer, &arena, false);
    cr_expect(piece.interpolation);
    cr_expect(bl_slice_equal(piece.text, BL_SLICE("a\n")));
    cr_expect(lang_lexer_next(&lexer).kind == LANG_TOKEN_IDENT);
    lang_token brace = lang_lexer_next(&lexer);
    cr_expect(brace.kind == LANG_TOKEN_RIGHT_BRACE);
    lang_lexer_seek(&lexer, brace.span.end);
    piece = lang_lexer_piece(&lexer, &arena, false);
    cr_expect(!piece.interpolation);
    cr_expect(bl_slice_equal(piece.text, BL_SLICE("b")));
    bl_arena_deinit(&arena);
}
