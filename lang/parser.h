// lang/parser.h: what the files of the parser share; private to them (parser.c, parse_*.c).
//
// Recursive descent over tokens that are lexed on demand, one function a production, its grammar
// above it. Parsing never fails. At the first error of an item the parser notes it, and from then
// on sees nothing but END: every loop ends, every function returns some node, nobody has to ask
// whether a child is there. parser.c then drops the item and goes on at the next one.
//
// Conventions: a function starts with its first token as the current one and leaves behind its
// last. opt_… may find nothing. Lists of unknown length grow on a scratch stack and move to the
// arena when they are complete.
#ifndef LANG_PARSER_H
#define LANG_PARSER_H

#include "lang/ast.h"
#include "lang/lexer.h"
#include "lang/limits.h"

// Which words end the arms of a match: that depends on what follows an expression here.
typedef enum lang_arm_scope {
    LANG_ARMS_INNER,  // In brackets: none, but those that never start an arm.
    LANG_ARMS_TOP,    // At the top level: words that start an item.
    LANG_ARMS_GROUP,  // In describe { }: also it, before_each, after_each.
    LANG_ARMS_METHOD, // In impl { } and trait { }: fn.
} lang_arm_scope;

// The words that an enclosing if, for or handle waits for.
enum {
    LANG_WAIT_THEN = 1,
    LANG_WAIT_ELSE = 2,
    LANG_WAIT_DO = 4,
};

// What surrounds an expression; a bracket opens a new one.
typedef struct lang_scope {
    lang_arm_scope arms;
    uint8_t waiting;        // LANG_WAIT_…
    lang_token_kind closer; // END: no bracket of this item is open.
    // The opening quote of the string whose `${` is the innermost bracket.
    lang_span open_quote;
    bool in_string;
    bool in_group; // Words of a group start items here.
} lang_scope;

enum { LANG_LOOKAHEAD_MAX = 4 };

typedef struct lang_parser {
    bl_arena *arena;
    const lang_source *source;
    lang_diagnostics *diagnostics;
    lang_lexer lexer;
    lang_token token;                     // The current one.
    lang_token ahead[LANG_LOOKAHEAD_MAX]; // Those behind it, lexed already.
    uint32_t ahead_count;
    uint32_t previous_end; // Where the token before the current one ends.
    lang_scope scope;
    bl_buffer scratch;
    uint32_t node_count;
    uint32_t depth;             // Of nested constructs.
    bool failed;                // In this item; the current token is END then.
    lang_diagnostic *misplaced; // The failure, if it is a token in the wrong place, not one that is
                                // wrong in itself; else NULL.
    uint32_t failed_at;
} lang_parser;

// ---- tokens (parser.c) -----------------------------------------------------------------------

void lang_parser_advance(lang_parser *parser);
// The token `distance` behind the current one, 1 the next. Must not look behind a STRING.
const lang_token *lang_parser_peek(lang_parser *parser, uint32_t distance);
// Goes on lexing at offset, with what is there as the current token.
void lang_parser_seek(lang_parser *parser, uint32_t offset);

static inline bool lang_parser_at(const lang_parser *parser, lang_token_kind kind)
{
    return parser->token.kind == kind;
}

static inline bool lang_parser_at_word(const lang_parser *parser, lang_word word)
{
    return parser->token.kind == LANG_TOKEN_IDENT && parser->token.word == word;
}

// Takes the token if it is there.
bool lang_parser_take(lang_parser *parser, lang_token_kind kind);
bool lang_parser_take_word(lang_parser *parser, lang_word word);
// Takes the token or fails; false after failing.
bool lang_parser_expect(lang_parser *parser, lang_token_kind kind);
bool lang_parser_expect_word(lang_parser *parser, lang_word word, const char *text);
// IDENT without `!`, IDENT, TYPE_IDENT, either; fails if there is none.
lang_name lang_parser_identifier(lang_parser *parser);
lang_name lang_parser_value_name(lang_parser *parser);
lang_name lang_parser_type_name(lang_parser *parser);
lang_name lang_parser_any_name(lang_parser *parser);
// The current token as a name, and on to the next.
lang_name lang_parser_take_name(lang_parser *parser);
bool lang_token_is_effect(const lang_parser *parser, const lang_token *token); // Ends in `!`.

bl_slice lang_parser_text(const lang_parser *parser, lang_span span);

// The bytes from start to the end of the token before the current one.
static inline lang_span lang_parser_span(const lang_parser *parser, uint32_t start)
{
    return (lang_span){start, parser->previous_end};
}

// ---- brackets and scopes ---------------------------------------------------------------------

// Takes the opening token and enters the scope inside; returns the one outside, for close.
lang_scope lang_parser_open(lang_parser *parser, lang_token_kind closer);
// Expects the closing token and goes back to the scope outside.
void lang_parser_close(lang_parser *parser, lang_scope outside);
// In a list: true if there is another element, false at the closer. Takes the comma between two;
// call with first == true before the first element.
bool lang_parser_list_next(lang_parser *parser, bool first);

// ---- errors ----------------------------------------------------------------------------------

// The current token cannot be here: SYN_002 about `what` where the text ends too early, else
// SYN_001. No effect after the first failure of an item.
void lang_parser_fail(lang_parser *parser, const char *what);
// SYN_001 with a message and a context of its own (either may be NULL: the usual one, none).
void lang_parser_fail_at(lang_parser *parser, lang_span span, const char *message,
                         const char *context);
// Moves the failure that was just noted to an earlier token, with a context; only if it was about
// a misplaced token.
void lang_parser_blame(lang_parser *parser, const lang_token *token, const char *context);
// One more level of nesting; fails at the limit. Pairs with leave, also then.
void lang_parser_enter(lang_parser *parser);
static inline void lang_parser_leave(lang_parser *parser)
{
    parser->depth--;
}
// An item starts here: a word of words.def with what must follow it.
bool lang_parser_at_item(lang_parser *parser);
// The same, and in column 1: even an open bracket does not reach beyond it.
bool lang_parser_at_item_line(lang_parser *parser);

// ---- memory ----------------------------------------------------------------------------------

static inline uint32_t lang_parser_id(lang_parser *parser)
{
    return parser->node_count++;
}

// A list on the scratch stack: mark, push…, move. Lists nest like the productions do.
static inline size_t lang_parser_mark(const lang_parser *parser)
{
    return parser->scratch.size;
}
void lang_parser_push(lang_parser *parser, const void *element, size_t size);
// What was pushed since the mark, in the arena; NULL if nothing was.
void *lang_parser_move(lang_parser *parser, size_t mark, size_t element_size, uint32_t *count);

// ---- productions -----------------------------------------------------------------------------

// parse_type.c
lang_type_expr *lang_parse_type(lang_parser *parser);
lang_effect_set lang_parse_effect_set(lang_parser *parser);
lang_signature lang_parse_signature(lang_parser *parser);
lang_type_parameter_list lang_parse_type_parameters(lang_parser *parser); // Maybe none.

// parse_pattern.c
lang_pattern *lang_parse_pattern(lang_parser *parser);
lang_pattern *lang_new_pattern(lang_parser *parser, lang_pattern_kind kind, lang_span span);
lang_pattern *lang_parse_name_pattern(lang_parser *parser); // IDENT, `_` is the wildcard.

// parse_expr.c
lang_expr *lang_parse_expr(lang_parser *parser);
lang_expr *lang_parse_block(lang_parser *parser);
lang_expr *lang_parse_block_or_record(lang_parser *parser);
lang_let lang_parse_let(lang_parser *parser); // From the word on.
lang_expr *lang_new_expr(lang_parser *parser, lang_expr_kind kind, uint32_t start);
// Closes the span behind the last token and returns expr.
lang_expr *lang_end_expr(lang_parser *parser, lang_expr *expr);
// Notes that child is part of expr: its height counts. child may be NULL.
void lang_grow(lang_parser *parser, lang_expr *expr, const lang_expr *child);

// parse_control.c: the constructs that start with a word, and lambdas
lang_expr *lang_parse_word_expr(lang_parser *parser, lang_word word);
lang_expr *lang_parse_lambda(lang_parser *parser);

// parse_literal.c
lang_expr *lang_parse_string(lang_parser *parser);
lang_expr *lang_parse_number(lang_parser *parser);
int64_t lang_parse_integer(lang_parser *parser); // Takes an INT token; fails if out of range.
// RAW, RAW_HASH, or a string that must not interpolate (its first `${` is in *interpolation, and
// anything in it is skipped).
bl_slice lang_parse_plain_string(lang_parser *parser, lang_string_form *form,
                                 lang_span *interpolation);
lang_expr *lang_parse_list(lang_parser *parser);
lang_expr *lang_parse_map_or_set(lang_parser *parser);
// Inside the braces of expr, which becomes a record: behind the string that names its first field.
lang_expr *lang_parse_named_fields(lang_parser *parser, lang_expr *expr, const lang_expr *string,
                                   lang_scope outside);
lang_expr *lang_parse_brace(lang_parser *parser);          // Record, update or block.
lang_expr *lang_parse_type_name_expr(lang_parser *parser); // Name or struct literal.
lang_field_name lang_parse_field_name(lang_parser *parser);

// parse_item.c
lang_item *lang_parse_item(lang_parser *parser);
lang_item *lang_new_item(lang_parser *parser, lang_item_kind kind, uint32_t start);
lang_item *lang_parse_definition(lang_parser *parser);
bool lang_parser_at_definition(const lang_parser *parser);
lang_parameter lang_parse_parameter(lang_parser *parser);

// parse_test.c
lang_item *lang_parse_test(lang_parser *parser);
lang_item *lang_parse_group(lang_parser *parser);
lang_item *lang_parse_test_section(lang_parser *parser);

#endif
