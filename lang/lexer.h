// lang/lexer.h: source text to tokens, one at a time.
//
// The lexer works on demand because what a `"` or `}` means depends on where the parser is: a
// string with `${…}` is a sequence of pieces with ordinary tokens between them. The parser takes
// STRING, asks for a piece, parses the expression that the piece ends before, seeks behind its `}`
// and asks for the next piece. So strings may nest to any depth without a stack in here, and after
// an error the parser seeks to the next item and starts afresh.
#ifndef LANG_LEXER_H
#define LANG_LEXER_H

#include "lang/ast.h"
#include "lang/source.h"

typedef enum lang_token_kind {
#define TOKEN(name, text) LANG_TOKEN_##name,
#include "lang/tokens.def"
#undef TOKEN
    LANG_TOKEN_COUNT,
} lang_token_kind;

const char *lang_token_text(lang_token_kind kind); // ")", or "name".

typedef enum lang_word {
    LANG_WORD_NONE, // An identifier that the grammar does not use.
#define WORD(name, text, use) LANG_WORD_##name,
#include "lang/words.def"
#undef WORD
} lang_word;

typedef enum lang_word_use {
    LANG_USE_NONE,
    LANG_USE_EXPR,
    LANG_USE_LET,
    LANG_USE_WAIT,
    LANG_USE_MATCHER,
    LANG_USE_ITEM,
    LANG_USE_GROUP,
    LANG_USE_OTHER,
} lang_word_use;

lang_word_use lang_word_use_of(lang_word word);

typedef enum lang_attribute {
#define ATTRIBUTE(name, text) LANG_ATTRIBUTE_##name,
#include "lang/attributes.def"
#undef ATTRIBUTE
} lang_attribute;

const char *lang_attribute_text(lang_attribute attribute);

// Why a token is none, or a literal is wrong.
typedef enum lang_problem {
    LANG_PROBLEM_NONE,
    LANG_PROBLEM_STRAY,        // A byte that starts no token.
    LANG_PROBLEM_GLUED,        // Letters or digits directly behind a name or number: fooBar.
    LANG_PROBLEM_ATTRIBUTE,    // `@` and something unknown.
    LANG_PROBLEM_OPEN_STRING,  // No closing quote.
    LANG_PROBLEM_OPEN_COMMENT, // No `*/`.
    LANG_PROBLEM_ESCAPE,       // `\` at the end of a line.
    LANG_PROBLEM_CODE_POINT,   // `\u{…}` of no character.
    LANG_PROBLEM_ENCODING,     // Bytes that are no UTF-8.
} lang_problem;

typedef struct lang_token {
    lang_token_kind kind;
    lang_span span;
    bool newline_before; // A line end between this token and the one before it.
    bool out_of_range;   // INT: above the largest Int; `integer` is then 2^63 or UINT64_MAX.
    uint8_t word;        // IDENT: lang_word.
    uint8_t attribute;   // ATTRIBUTE: lang_attribute.
    uint8_t problem;     // ERROR: lang_problem.
    union {
        uint64_t integer;
        double number;
    } value;
} lang_token;

// A part of a "…" or """…""" string: text, then the end of the string, `${`, or a problem.
typedef struct lang_piece {
    bl_slice text; // Decoded; arena or source.
    lang_span span;
    bool interpolation;   // `${` follows and is consumed; else the closing quotes are.
    lang_problem problem; // Then problem_span tells where.
    lang_span problem_span;
} lang_piece;

typedef struct lang_lexer {
    const lang_source *source;
    const char *text;
    uint32_t at;
    uint32_t size;
    bl_buffer comments; // Of lang_comment.
    // From these offsets on there is no `*/` and no `"#`: so that many unclosed ones do not make
    // lexing quadratic.
    uint32_t no_comment_end_from;
    uint32_t no_raw_end_from;
    bool newline; // Seen since the last token.
} lang_lexer;

void lang_lexer_init(lang_lexer *lexer, const lang_source *source);
void lang_lexer_deinit(lang_lexer *lexer);

// At the end of the text END again and again.
lang_token lang_lexer_next(lang_lexer *lexer);
// Goes on from an offset; comments at or behind it are forgotten and will be found again.
void lang_lexer_seek(lang_lexer *lexer, uint32_t offset);
// Behind an opening quote (STRING: triple is false) or behind the `}` of an interpolation.
lang_piece lang_lexer_piece(lang_lexer *lexer, bl_arena *arena, bool triple);

// The end of the "…" string that starts at offset, without looking into `${…}`: behind its closing
// quote, or 0 if it has none on its line or contains an interpolation.
uint32_t lang_lexer_simple_string_end(const lang_lexer *lexer, uint32_t offset);
// The first byte at or behind the offset that is neither white space nor in a comment.
uint32_t lang_lexer_skip_from(const lang_lexer *lexer, uint32_t offset);

#endif
