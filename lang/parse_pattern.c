// lang/parse_pattern.c: patterns.
#include "lang/parser.h"

lang_pattern *lang_new_pattern(lang_parser *parser, lang_pattern_kind kind, lang_span span)
{
    lang_pattern *pattern = bl_arena_alloc_zeroed(parser->arena, sizeof(lang_pattern));
    pattern->kind = kind;
    pattern->id = lang_parser_id(parser);
    pattern->span = span;
    pattern->inner = span;
    return pattern;
}

// ID | '_'
lang_pattern *lang_parse_name_pattern(lang_parser *parser)
{
    lang_name name = lang_parser_identifier(parser);
    bool wildcard = bl_slice_equal(name.text, BL_SLICE("_"));
    lang_pattern *pattern =
        lang_new_pattern(parser, wildcard ? LANG_PATTERN_WILDCARD : LANG_PATTERN_NAME, name.span);
    pattern->as.name = name.text;
    return pattern;
}

static lang_pattern *parse_string(lang_parser *parser)
{
    lang_pattern *pattern = lang_new_pattern(parser, LANG_PATTERN_STRING, parser->token.span);
    lang_span interpolation = {0};
    pattern->as.string.text =
        lang_parse_plain_string(parser, &pattern->as.string.form, &interpolation);
    if (interpolation.end != 0) {
        lang_parser_fail_at(parser, interpolation, NULL,
                            "The strings of patterns are fixed: they cannot interpolate.");
    }
    return pattern;
}

static lang_pattern *parse_literal(lang_parser *parser)
{
    lang_token token = parser->token;
    lang_pattern *pattern;
    if (token.kind == LANG_TOKEN_INT) {
        pattern = lang_new_pattern(parser, LANG_PATTERN_INT, token.span);
        pattern->as.integer = lang_parse_integer(parser);
    } else if (token.kind == LANG_TOKEN_FLOAT) {
        pattern = lang_new_pattern(parser, LANG_PATTERN_FLOAT, token.span);
        pattern->as.number = token.value.number;
        lang_parser_advance(parser);
    } else {
        pattern = lang_new_pattern(parser, LANG_PATTERN_BOOL, token.span);
        pattern->as.boolean = token.word == LANG_WORD_TRUE;
        lang_parser_advance(parser);
    }
    return pattern;
}

// The elements of a bracketed list, the brackets included.
static lang_pattern_list parse_list(lang_parser *parser, lang_token_kind closer)
{
    lang_pattern_list list = {0};
    size_t mark = lang_parser_mark(parser);
    lang_scope outside = lang_parser_open(parser, closer);
    for (bool first = true; lang_parser_list_next(parser, first); first = false) {
        lang_pattern *element = lang_parse_pattern(parser);
        lang_parser_push(parser, &element, sizeof(element));
    }
    lang_parser_close(parser, outside);
    list.items = lang_parser_move(parser, mark, sizeof(lang_pattern *), &list.count);
    return list;
}

// TID [ '(' list(Pattern) ')' ]
static lang_pattern *parse_constructor(lang_parser *parser)
{
    lang_pattern *pattern = lang_new_pattern(parser, LANG_PATTERN_CONSTRUCTOR, parser->token.span);
    pattern->as.constructor.name = lang_parser_type_name(parser);
    if (lang_parser_at(parser, LANG_TOKEN_LEFT_PAREN)) {
        pattern->as.constructor.parenthesised = true;
        pattern->as.constructor.arguments = parse_list(parser, LANG_TOKEN_RIGHT_PAREN);
    }
    return pattern;
}

// '(' list(Pattern) ')': unit, a group or a tuple
static lang_pattern *parse_paren(lang_parser *parser)
{
    lang_span span = parser->token.span;
    lang_pattern_list list = parse_list(parser, LANG_TOKEN_RIGHT_PAREN);
    if (list.count == 0) {
        return lang_new_pattern(parser, LANG_PATTERN_UNIT, span);
    }
    if (list.count == 1) {
        list.items[0]->paren_count++;
        list.items[0]->span.start = span.start;
        return list.items[0];
    }
    lang_pattern *pattern = lang_new_pattern(parser, LANG_PATTERN_TUPLE, span);
    pattern->as.tuple = list;
    return pattern;
}

// ID [ ':' Pattern ]
static lang_pattern_field parse_field(lang_parser *parser)
{
    lang_pattern_field field = {0};
    lang_span span = parser->token.span;
    field.name = lang_parser_identifier(parser);
    field.shorthand = !lang_parser_take(parser, LANG_TOKEN_COLON);
    if (field.shorthand) {
        bool wildcard = bl_slice_equal(field.name.text, BL_SLICE("_"));
        field.pattern = lang_new_pattern(
            parser, wildcard ? LANG_PATTERN_WILDCARD : LANG_PATTERN_NAME, field.name.span);
        field.pattern->as.name = field.name.text;
    } else {
        field.pattern = lang_parse_pattern(parser);
    }
    field.span = lang_parser_span(parser, span.start);
    return field;
}

// '{' list( ID [ ':' Pattern ] | '..' ) '}'
static lang_pattern *parse_record(lang_parser *parser)
{
    lang_pattern *pattern = lang_new_pattern(parser, LANG_PATTERN_RECORD, parser->token.span);
    size_t mark = lang_parser_mark(parser);
    lang_scope outside = lang_parser_open(parser, LANG_TOKEN_RIGHT_BRACE);
    for (bool first = true; lang_parser_list_next(parser, first); first = false) {
        if (lang_parser_take(parser, LANG_TOKEN_DOT_DOT)) {
            pattern->as.record.open = true;
            continue;
        }
        lang_pattern_field field = parse_field(parser);
        lang_parser_push(parser, &field, sizeof(field));
    }
    lang_parser_close(parser, outside);
    pattern->as.record.fields =
        lang_parser_move(parser, mark, sizeof(lang_pattern_field), &pattern->as.record.count);
    return pattern;
}

// '[' list(Pattern) [ '..' ID ] [','] ']'
static lang_pattern *parse_list_pattern(lang_parser *parser)
{
    lang_pattern *pattern = lang_new_pattern(parser, LANG_PATTERN_LIST, parser->token.span);
    size_t mark = lang_parser_mark(parser);
    lang_scope outside = lang_parser_open(parser, LANG_TOKEN_RIGHT_BRACKET);
    while (!lang_parser_at(parser, LANG_TOKEN_RIGHT_BRACKET) &&
           !lang_parser_at(parser, LANG_TOKEN_DOT_DOT) && !parser->failed) {
        lang_pattern *element = lang_parse_pattern(parser);
        lang_parser_push(parser, &element, sizeof(element));
        if (!lang_parser_take(parser, LANG_TOKEN_COMMA)) {
            break;
        }
    }
    if (lang_parser_take(parser, LANG_TOKEN_DOT_DOT)) {
        pattern->as.list.rest = lang_parse_name_pattern(parser);
        lang_parser_take(parser, LANG_TOKEN_COMMA);
    }
    lang_parser_close(parser, outside);
    pattern->as.list.items.items =
        lang_parser_move(parser, mark, sizeof(lang_pattern *), &pattern->as.list.items.count);
    return pattern;
}

static lang_pattern *parse_word(lang_parser *parser)
{
    bool literal =
        lang_parser_at_word(parser, LANG_WORD_TRUE) || lang_parser_at_word(parser, LANG_WORD_FALSE);
    return literal ? parse_literal(parser) : lang_parse_name_pattern(parser);
}

static lang_pattern *parse_primary(lang_parser *parser)
{
    lang_token_kind kind = parser->token.kind;
    if (kind == LANG_TOKEN_IDENT) {
        return parse_word(parser);
    }
    if (kind == LANG_TOKEN_TYPE_IDENT) {
        return parse_constructor(parser);
    }
    if (kind == LANG_TOKEN_INT || kind == LANG_TOKEN_FLOAT) {
        return parse_literal(parser);
    }
    if (kind == LANG_TOKEN_STRING || kind == LANG_TOKEN_TRIPLE || kind == LANG_TOKEN_RAW ||
        kind == LANG_TOKEN_RAW_HASH) {
        return parse_string(parser);
    }
    if (kind == LANG_TOKEN_LEFT_PAREN) {
        return parse_paren(parser);
    }
    if (kind == LANG_TOKEN_LEFT_BRACE) {
        return parse_record(parser);
    }
    if (kind == LANG_TOKEN_LEFT_BRACKET) {
        return parse_list_pattern(parser);
    }
    lang_parser_fail(parser, "pattern");
    return lang_new_pattern(parser, LANG_PATTERN_WILDCARD, parser->token.span);
}

// Pattern = ID | '_' | INT | FLOAT | STRING | 'true' | 'false' | TID [ '(' list(Pattern) ')' ]
//         | '(' list(Pattern) ')' | '{' … '}' | '[' … ']' ;
lang_pattern *lang_parse_pattern(lang_parser *parser)
{
    lang_parser_enter(parser);
    lang_pattern *pattern = parse_primary(parser);
    pattern->span.end = parser->previous_end;
    if (pattern->paren_count == 0) {
        pattern->inner = pattern->span;
    }
    lang_parser_leave(parser);
    return pattern;
}
