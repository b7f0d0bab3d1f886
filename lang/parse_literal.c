// lang/parse_literal.c: literals: numbers, strings, lists, maps, sets, records, structs.
//
// A string is lexed piece by piece, because only the parser knows which `}` ends an interpolation:
// between two pieces it parses an ordinary expression.
#include "lang/parser.h"

// ---- numbers -----------------------------------------------------------------------------------

int64_t lang_parse_integer(lang_parser *parser)
{
    if (parser->token.out_of_range) {
        lang_parser_fail_at(parser, parser->token.span, "Integer literal out of range",
                            "An Int is between -9223372036854775808 and 9223372036854775807.");
        return 0;
    }
    int64_t value = (int64_t)parser->token.value.integer;
    lang_parser_advance(parser);
    return value;
}

lang_expr *lang_parse_number(lang_parser *parser)
{
    bool is_int = lang_parser_at(parser, LANG_TOKEN_INT);
    lang_expr *expr =
        lang_new_expr(parser, is_int ? LANG_EXPR_INT : LANG_EXPR_FLOAT, parser->token.span.start);
    if (is_int) {
        expr->as.integer = lang_parse_integer(parser);
    } else {
        expr->as.number = parser->token.value.number;
        lang_parser_advance(parser);
    }
    return lang_end_expr(parser, expr);
}

// ---- strings -----------------------------------------------------------------------------------

static const char *piece_context(lang_problem problem)
{
    if (problem == LANG_PROBLEM_CODE_POINT) {
        return "This is not the number of a Unicode character.";
    }
    if (problem == LANG_PROBLEM_ESCAPE) {
        return "A backslash cannot stand at the end of a line.";
    }
    return problem == LANG_PROBLEM_ENCODING ? "The file is not valid UTF-8 here."
                                            : "The string is not closed on its line.";
}

// An unclosed string is reported at its opening quote, everything else where it is.
static void fail_piece(lang_parser *parser, lang_span quote, const lang_piece *piece)
{
    lang_span span = piece->problem_span;
    if (piece->problem == LANG_PROBLEM_OPEN_STRING) {
        span = quote;
        span.end = piece->problem_span.end > quote.end ? piece->problem_span.end : quote.end;
    }
    lang_parser_fail_at(parser, span, NULL, piece_context(piece->problem));
}

// The expression of `${…}`; behind it the lexer stands behind the `}`.
static lang_expr *parse_interpolation(lang_parser *parser, lang_span quote)
{
    lang_scope outside = parser->scope;
    parser->scope = (lang_scope){.arms = LANG_ARMS_INNER,
                                 .closer = LANG_TOKEN_RIGHT_BRACE,
                                 .open_quote = quote,
                                 .in_string = true,
                                 .in_group = outside.in_group};
    lang_parser_seek(parser, parser->lexer.at);
    lang_expr *expr = lang_parse_expr(parser);
    if (!lang_parser_at(parser, LANG_TOKEN_RIGHT_BRACE)) {
        lang_parser_fail(parser, "}");
    }
    parser->scope = outside;
    if (!parser->failed) {
        parser->ahead_count = 0;
        lang_lexer_seek(&parser->lexer, parser->token.span.end);
    }
    return expr;
}

static void push_text(lang_parser *parser, const lang_piece *piece)
{
    if (piece->text.size > 0) {
        lang_string_part part = {.text = piece->text, .span = piece->span};
        lang_parser_push(parser, &part, sizeof(part));
    }
}

// The pieces of a "…" or """…""" string, from its opening quotes on.
static void parse_pieces(lang_parser *parser, lang_expr *expr, lang_span quote, bool triple)
{
    for (;;) {
        lang_piece piece = lang_lexer_piece(&parser->lexer, parser->arena, triple);
        if (piece.problem != LANG_PROBLEM_NONE) {
            fail_piece(parser, quote, &piece);
            return;
        }
        push_text(parser, &piece);
        if (!piece.interpolation) {
            lang_parser_seek(parser, parser->lexer.at);
            return;
        }
        lang_string_part part = {.expr = parse_interpolation(parser, quote)};
        if (parser->failed) {
            return;
        }
        part.span = (lang_span){piece.span.end, parser->lexer.at};
        lang_grow(parser, expr, part.expr);
        lang_parser_push(parser, &part, sizeof(part));
    }
}

// What stands between the quotes of a raw string.
static void push_raw(lang_parser *parser, lang_string_form form)
{
    lang_span span = parser->token.span;
    if (form == LANG_STRING_RAW_HASH) {
        span = (lang_span){span.start + 3, span.end - 2};
    } else {
        span = (lang_span){span.start + 2, span.end - 1};
    }
    lang_string_part part = {.text = lang_parser_text(parser, span), .span = span};
    if (part.text.size > 0) {
        lang_parser_push(parser, &part, sizeof(part));
    }
    lang_parser_advance(parser);
}

static lang_string_form form_of(lang_token_kind kind)
{
    return kind == LANG_TOKEN_STRING   ? LANG_STRING_PLAIN
           : kind == LANG_TOKEN_TRIPLE ? LANG_STRING_TRIPLE
           : kind == LANG_TOKEN_RAW    ? LANG_STRING_RAW
                                       : LANG_STRING_RAW_HASH;
}

// String = '"' { text | '${' Expr '}' } '"' | the same in '"""' | raw ;
lang_expr *lang_parse_string(lang_parser *parser)
{
    lang_token token = parser->token;
    lang_expr *expr = lang_new_expr(parser, LANG_EXPR_STRING, token.span.start);
    lang_string_form form = form_of(token.kind);
    expr->as.string.form = form;
    size_t mark = lang_parser_mark(parser);
    if (form == LANG_STRING_RAW || form == LANG_STRING_RAW_HASH) {
        push_raw(parser, form);
    } else {
        parser->ahead_count = 0;
        lang_lexer_seek(&parser->lexer, token.span.end);
        parse_pieces(parser, expr, token.span, form == LANG_STRING_TRIPLE);
    }
    expr->as.string.parts =
        lang_parser_move(parser, mark, sizeof(lang_string_part), &expr->as.string.count);
    return lang_end_expr(parser, expr);
}

// The texts of a string in one.
static bl_slice join_texts(lang_parser *parser, const lang_string *string)
{
    if (string->count == 1 && string->parts[0].expr == NULL) {
        return string->parts[0].text;
    }
    size_t size = 0;
    for (uint32_t index = 0; index < string->count; index++) {
        size += string->parts[index].text.size;
    }
    char *joined = bl_arena_alloc(parser->arena, size + 1);
    size_t at = 0;
    for (uint32_t index = 0; index < string->count; index++) {
        bl_slice text = string->parts[index].text;
        if (text.size > 0) {
            memcpy(joined + at, text.data, text.size);
            at += text.size;
        }
    }
    return (bl_slice){joined, size};
}

static lang_span first_interpolation(const lang_string *string)
{
    for (uint32_t index = 0; index < string->count; index++) {
        if (string->parts[index].expr != NULL) {
            return string->parts[index].span;
        }
    }
    return (lang_span){0};
}

bl_slice lang_parse_plain_string(lang_parser *parser, lang_string_form *form,
                                 lang_span *interpolation)
{
    lang_expr *expr = lang_parse_string(parser);
    *form = expr->as.string.form;
    *interpolation = first_interpolation(&expr->as.string);
    return join_texts(parser, &expr->as.string);
}

// ---- lists, maps, sets -------------------------------------------------------------------------

// '[' list(Expr) ']'
lang_expr *lang_parse_list(lang_parser *parser)
{
    lang_expr *expr = lang_new_expr(parser, LANG_EXPR_LIST, parser->token.span.start);
    size_t mark = lang_parser_mark(parser);
    lang_scope outside = lang_parser_open(parser, LANG_TOKEN_RIGHT_BRACKET);
    for (bool first = true; lang_parser_list_next(parser, first); first = false) {
        lang_expr *element = lang_parse_expr(parser);
        lang_grow(parser, expr, element);
        lang_parser_push(parser, &element, sizeof(element));
    }
    lang_parser_close(parser, outside);
    expr->as.list.items = lang_parser_move(parser, mark, sizeof(lang_expr *), &expr->as.list.count);
    return lang_end_expr(parser, expr);
}

static void parse_map_rest(lang_parser *parser, lang_expr *expr, lang_expr *key)
{
    expr->kind = LANG_EXPR_MAP;
    size_t mark = lang_parser_mark(parser);
    while (!parser->failed) {
        lang_map_entry entry = {.key = key};
        lang_parser_expect(parser, LANG_TOKEN_COLON);
        entry.value = lang_parse_expr(parser);
        lang_grow(parser, expr, entry.key);
        lang_grow(parser, expr, entry.value);
        lang_parser_push(parser, &entry, sizeof(entry));
        if (!lang_parser_list_next(parser, false)) {
            break;
        }
        key = lang_parse_expr(parser);
    }
    expr->as.map.entries =
        lang_parser_move(parser, mark, sizeof(lang_map_entry), &expr->as.map.count);
}

static void parse_set_rest(lang_parser *parser, lang_expr *expr, lang_expr *element)
{
    expr->kind = LANG_EXPR_SET;
    size_t mark = lang_parser_mark(parser);
    for (;;) {
        lang_grow(parser, expr, element);
        lang_parser_push(parser, &element, sizeof(element));
        if (!lang_parser_list_next(parser, false)) {
            break;
        }
        element = lang_parse_expr(parser);
    }
    expr->as.list.items = lang_parser_move(parser, mark, sizeof(lang_expr *), &expr->as.list.count);
}

// '#{' '}' | '#{' list1( Expr ':' Expr ) '}' | '#{' list1(Expr) '}'
lang_expr *lang_parse_map_or_set(lang_parser *parser)
{
    lang_expr *expr = lang_new_expr(parser, LANG_EXPR_MAP, parser->token.span.start);
    lang_scope outside = lang_parser_open(parser, LANG_TOKEN_RIGHT_BRACE);
    if (!lang_parser_at(parser, LANG_TOKEN_RIGHT_BRACE)) {
        lang_expr *first = lang_parse_expr(parser);
        if (lang_parser_at(parser, LANG_TOKEN_COLON)) {
            parse_map_rest(parser, expr, first);
        } else {
            parse_set_rest(parser, expr, first);
        }
    }
    lang_parser_close(parser, outside);
    return lang_end_expr(parser, expr);
}

// ---- records, structs, blocks ------------------------------------------------------------------

// FieldName = ID | STR ;
lang_field_name lang_parse_field_name(lang_parser *parser)
{
    lang_field_name name = {.span = parser->token.span};
    if (lang_parser_at(parser, LANG_TOKEN_STRING)) {
        lang_string_form form;
        name.quoted = true;
        name.text = lang_parse_plain_string(parser, &form, &name.interpolation);
        name.span = lang_parser_span(parser, name.span.start);
    } else {
        name.text = lang_parser_identifier(parser).text;
    }
    return name;
}

// An identifier that can name a field in a literal: not one that starts an expression.
static bool is_field_token(const lang_parser *parser, const lang_token *token)
{
    return token->kind == LANG_TOKEN_IDENT && !lang_token_is_effect(parser, token) &&
           lang_word_use_of((lang_word)token->word) != LANG_USE_EXPR;
}

// ':' Expr, behind the name
static lang_field parse_field_value(lang_parser *parser, lang_expr *record, lang_field_name name)
{
    lang_field field = {.name = name};
    lang_parser_expect(parser, LANG_TOKEN_COLON);
    field.value = lang_parse_expr(parser);
    lang_grow(parser, record, field.value);
    field.span = lang_parser_span(parser, name.span.start);
    return field;
}

// FieldName ':' Expr
static lang_field parse_field(lang_parser *parser, lang_expr *record)
{
    if (!lang_parser_at(parser, LANG_TOKEN_STRING) && !is_field_token(parser, &parser->token)) {
        lang_parser_fail(parser, "field name");
    }
    return parse_field_value(parser, record, lang_parse_field_name(parser));
}

// { ',' FieldName ':' Expr } [','] '}', behind those that were pushed since the mark
static lang_expr *parse_more_fields(lang_parser *parser, lang_expr *expr, lang_scope outside,
                                    size_t mark, bool first)
{
    for (; lang_parser_list_next(parser, first); first = false) {
        lang_field field = parse_field(parser, expr);
        lang_parser_push(parser, &field, sizeof(field));
    }
    lang_parser_close(parser, outside);
    expr->as.record.fields =
        lang_parser_move(parser, mark, sizeof(lang_field), &expr->as.record.count);
    return lang_end_expr(parser, expr);
}

// Fields = list( FieldName ':' Expr ) | '..' Expr { ',' FieldName ':' Expr } [','] ;
// inside the braces; then the closing one
static lang_expr *parse_fields(lang_parser *parser, lang_expr *expr, lang_scope outside)
{
    size_t mark = lang_parser_mark(parser);
    bool base = lang_parser_take(parser, LANG_TOKEN_DOT_DOT);
    if (base) {
        expr->as.record.base = lang_parse_expr(parser);
        lang_grow(parser, expr, expr->as.record.base);
    }
    return parse_more_fields(parser, expr, outside, mark, !base);
}

lang_expr *lang_parse_named_fields(lang_parser *parser, lang_expr *expr, const lang_expr *string,
                                   lang_scope outside)
{
    expr->kind = LANG_EXPR_RECORD;
    expr->as.record.base = NULL;
    lang_field_name name = {.text = join_texts(parser, &string->as.string),
                            .span = string->span,
                            .quoted = true,
                            .interpolation = first_interpolation(&string->as.string)};
    size_t mark = lang_parser_mark(parser);
    lang_field field = parse_field_value(parser, expr, name);
    lang_parser_push(parser, &field, sizeof(field));
    return parse_more_fields(parser, expr, outside, mark, false);
}

// Behind a quoted name at the `{`: a `:` follows. Without looking into interpolations.
static bool is_quoted_field(lang_parser *parser, const lang_token *token)
{
    if (token->kind != LANG_TOKEN_STRING) {
        return false;
    }
    uint32_t end = lang_lexer_simple_string_end(&parser->lexer, token->span.start);
    if (end == 0) {
        return false;
    }
    uint32_t next = lang_lexer_skip_from(&parser->lexer, end);
    return next < parser->lexer.size && parser->lexer.text[next] == ':';
}

// `distance` tokens behind the current one stands `{`: what follows makes it a record.
static bool starts_record(lang_parser *parser, uint32_t distance)
{
    const lang_token *first = lang_parser_peek(parser, distance + 1);
    if (first->kind == LANG_TOKEN_RIGHT_BRACE || first->kind == LANG_TOKEN_DOT_DOT) {
        return true;
    }
    if (is_field_token(parser, first)) {
        return lang_parser_peek(parser, distance + 2)->kind == LANG_TOKEN_COLON;
    }
    return is_quoted_field(parser, first);
}

// '{' Fields '}' | Block
lang_expr *lang_parse_brace(lang_parser *parser)
{
    if (!starts_record(parser, 0)) {
        return lang_parse_block_or_record(parser);
    }
    lang_expr *expr = lang_new_expr(parser, LANG_EXPR_RECORD, parser->token.span.start);
    lang_scope outside = lang_parser_open(parser, LANG_TOKEN_RIGHT_BRACE);
    if (lang_parser_at(parser, LANG_TOKEN_DOT_DOT)) {
        expr->kind = LANG_EXPR_UPDATE;
    }
    return parse_fields(parser, expr, outside);
}

// TID | TID '{' Fields '}' ;   the brace may stand on a later line
lang_expr *lang_parse_type_name_expr(lang_parser *parser)
{
    lang_expr *expr = lang_new_expr(parser, LANG_EXPR_TYPE_NAME, parser->token.span.start);
    bool literal =
        lang_parser_peek(parser, 1)->kind == LANG_TOKEN_LEFT_BRACE && starts_record(parser, 1);
    lang_name name = lang_parser_take_name(parser);
    if (!literal) {
        expr->as.name = name.text;
        return lang_end_expr(parser, expr);
    }
    expr->kind = LANG_EXPR_STRUCT;
    expr->as.record.type_name = name;
    lang_scope outside = lang_parser_open(parser, LANG_TOKEN_RIGHT_BRACE);
    return parse_fields(parser, expr, outside);
}
