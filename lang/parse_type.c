// lang/parse_type.c: types, effect sets, signatures, type parameters.
#include "lang/parser.h"

static lang_type_expr *parse_type(lang_parser *parser, bool arrow);

static lang_type_expr *new_type(lang_parser *parser, lang_type_kind kind, uint32_t start)
{
    lang_type_expr *type = bl_arena_alloc_zeroed(parser->arena, sizeof(lang_type_expr));
    type->kind = kind;
    type->id = lang_parser_id(parser);
    type->span = (lang_span){start, start};
    return type;
}

// EffectSet = '{' list1(TID) '}' ;   here: maybe none, since `{` may start a record type
lang_effect_set lang_parse_effect_set(lang_parser *parser)
{
    lang_effect_set set = {0};
    if (!lang_parser_at(parser, LANG_TOKEN_LEFT_BRACE) ||
        lang_parser_peek(parser, 1)->kind != LANG_TOKEN_TYPE_IDENT) {
        return set;
    }
    set.present = true;
    uint32_t start = parser->token.span.start;
    size_t mark = lang_parser_mark(parser);
    lang_scope outside = lang_parser_open(parser, LANG_TOKEN_RIGHT_BRACE);
    for (bool first = true; lang_parser_list_next(parser, first); first = false) {
        lang_name name = lang_parser_type_name(parser);
        lang_parser_push(parser, &name, sizeof(name));
    }
    lang_parser_close(parser, outside);
    set.names.items = lang_parser_move(parser, mark, sizeof(lang_name), &set.names.count);
    set.span = lang_parser_span(parser, start);
    return set;
}

// `>` may be the first half of `>=`, as in `let x: List<Int>= xs`.
static void close_angle(lang_parser *parser)
{
    if (lang_parser_at(parser, LANG_TOKEN_GREATER_EQUAL)) {
        lang_parser_seek(parser, parser->token.span.start + 1);
        return;
    }
    lang_parser_expect(parser, LANG_TOKEN_GREATER);
}

static bool at_angle_end(const lang_parser *parser)
{
    return lang_parser_at(parser, LANG_TOKEN_GREATER) ||
           lang_parser_at(parser, LANG_TOKEN_GREATER_EQUAL);
}

// TID [ '<' list1(Type) '>' ]
static lang_type_expr *parse_named(lang_parser *parser)
{
    lang_type_expr *type = new_type(parser, LANG_TYPE_NAME, parser->token.span.start);
    type->as.named.name = lang_parser_type_name(parser);
    if (lang_parser_take(parser, LANG_TOKEN_LESS)) {
        size_t mark = lang_parser_mark(parser);
        do {
            lang_type_expr *argument = lang_parse_type(parser);
            lang_parser_push(parser, &argument, sizeof(argument));
        } while (lang_parser_take(parser, LANG_TOKEN_COMMA) && !at_angle_end(parser));
        close_angle(parser);
        type->as.named.arguments.items = lang_parser_move(parser, mark, sizeof(lang_type_expr *),
                                                          &type->as.named.arguments.count);
    }
    return type;
}

// '->' [ EffectSet ] Type, behind the parameters of a function type
static lang_type_expr *parse_function(lang_parser *parser, uint32_t start, lang_type_list list)
{
    lang_type_expr *type = new_type(parser, LANG_TYPE_FUNCTION, start);
    lang_parser_advance(parser);
    type->as.function.parameters = list;
    type->as.function.effects = lang_parse_effect_set(parser);
    type->as.function.result = lang_parse_type(parser);
    return type;
}

// '(' list(Type) ')' [ '->' [ EffectSet ] Type ]
static lang_type_expr *parse_paren(lang_parser *parser, bool arrow)
{
    uint32_t start = parser->token.span.start;
    lang_type_list list = {0};
    size_t mark = lang_parser_mark(parser);
    lang_scope outside = lang_parser_open(parser, LANG_TOKEN_RIGHT_PAREN);
    for (bool first = true; lang_parser_list_next(parser, first); first = false) {
        lang_type_expr *element = lang_parse_type(parser);
        lang_parser_push(parser, &element, sizeof(element));
    }
    lang_parser_close(parser, outside);
    list.items = lang_parser_move(parser, mark, sizeof(lang_type_expr *), &list.count);
    if (arrow && lang_parser_at(parser, LANG_TOKEN_ARROW)) {
        return parse_function(parser, start, list);
    }
    if (list.count == 0) {
        return new_type(parser, LANG_TYPE_UNIT, start);
    }
    if (list.count == 1) {
        list.items[0]->paren_count++;
        list.items[0]->span.start = start;
        return list.items[0];
    }
    lang_type_expr *type = new_type(parser, LANG_TYPE_TUPLE, start);
    type->as.tuple = list;
    return type;
}

// FieldName = ID | STR ;   any word is a name here
static lang_type_field parse_field(lang_parser *parser)
{
    lang_type_field field = {0};
    uint32_t start = parser->token.span.start;
    field.name = lang_parse_field_name(parser);
    lang_parser_expect(parser, LANG_TOKEN_COLON);
    field.type = lang_parse_type(parser);
    field.span = lang_parser_span(parser, start);
    return field;
}

// '{' list( FieldName ':' Type ) [ '..' ID ] '}'
static lang_type_expr *parse_record(lang_parser *parser)
{
    lang_type_expr *type = new_type(parser, LANG_TYPE_RECORD, parser->token.span.start);
    size_t mark = lang_parser_mark(parser);
    lang_scope outside = lang_parser_open(parser, LANG_TOKEN_RIGHT_BRACE);
    while (!lang_parser_at(parser, LANG_TOKEN_RIGHT_BRACE) &&
           !lang_parser_at(parser, LANG_TOKEN_DOT_DOT) && !parser->failed) {
        lang_type_field field = parse_field(parser);
        lang_parser_push(parser, &field, sizeof(field));
        if (!lang_parser_take(parser, LANG_TOKEN_COMMA)) {
            break;
        }
    }
    if (lang_parser_take(parser, LANG_TOKEN_DOT_DOT)) {
        type->as.record.row = lang_parser_identifier(parser);
        lang_parser_take(parser, LANG_TOKEN_COMMA);
    }
    lang_parser_close(parser, outside);
    type->as.record.fields =
        lang_parser_move(parser, mark, sizeof(lang_type_field), &type->as.record.count);
    return type;
}

static lang_type_expr *parse_primary(lang_parser *parser, bool arrow)
{
    if (lang_parser_at(parser, LANG_TOKEN_LEFT_PAREN)) {
        return parse_paren(parser, arrow);
    }
    if (lang_parser_at(parser, LANG_TOKEN_LEFT_BRACE)) {
        return parse_record(parser);
    }
    return parse_named(parser);
}

static lang_type_expr *wrap_option(lang_parser *parser, lang_type_expr *type, uint32_t end)
{
    lang_type_expr *option = new_type(parser, LANG_TYPE_OPTION, type->span.start);
    option->as.option = type;
    option->span.end = end;
    return option;
}

// Type = TypePrim { '?' } ;   `??` is one token, and two here
static lang_type_expr *parse_type(lang_parser *parser, bool arrow)
{
    lang_parser_enter(parser);
    uint32_t depth = parser->depth;
    lang_type_expr *type = parse_primary(parser, arrow);
    type->span.end = parser->previous_end;
    while (lang_parser_at(parser, LANG_TOKEN_QUESTION) || lang_parser_at(parser, LANG_TOKEN_HOLE)) {
        lang_span span = parser->token.span;
        lang_parser_enter(parser); // Each `?` makes the tree one level higher.
        type = wrap_option(parser, type, span.start + 1);
        if (lang_parser_at(parser, LANG_TOKEN_HOLE)) {
            lang_parser_enter(parser);
            type = wrap_option(parser, type, span.end);
        }
        lang_parser_advance(parser);
    }
    parser->depth = depth;
    lang_parser_leave(parser);
    return type;
}

lang_type_expr *lang_parse_type(lang_parser *parser)
{
    return parse_type(parser, true);
}

// The parameters that the argument type of a signature stands for: `(A, B)` two, `()` none.
static lang_type_list signature_parameters(lang_parser *parser, lang_type_expr *type,
                                           bool *parenthesised)
{
    *parenthesised = true;
    if (type->kind == LANG_TYPE_UNIT && type->paren_count == 0) {
        return (lang_type_list){0};
    }
    if (type->kind == LANG_TYPE_TUPLE && type->paren_count == 0) {
        return type->as.tuple;
    }
    *parenthesised = type->paren_count > 0;
    type->paren_count -= *parenthesised;
    lang_type_list list = {bl_arena_alloc(parser->arena, sizeof(lang_type_expr *)), 1};
    list.items[0] = type;
    return list;
}

// Signature = NAME ':' ArgType '->' [ EffectSet ] Type ;   ArgType is a Type without '->'
lang_signature lang_parse_signature(lang_parser *parser)
{
    lang_signature signature = {.id = lang_parser_id(parser)};
    uint32_t start = parser->token.span.start;
    signature.name = lang_parser_value_name(parser);
    lang_parser_expect(parser, LANG_TOKEN_COLON);
    lang_type_expr *type = parse_type(parser, false);
    signature.parameters = signature_parameters(parser, type, &signature.parenthesised);
    lang_parser_expect(parser, LANG_TOKEN_ARROW);
    signature.effects = lang_parse_effect_set(parser);
    signature.result = lang_parse_type(parser);
    signature.span = lang_parser_span(parser, start);
    return signature;
}

// TID [ ':' TID { '+' TID } ]
static lang_type_parameter parse_type_parameter(lang_parser *parser)
{
    lang_type_parameter parameter = {.id = lang_parser_id(parser)};
    uint32_t start = parser->token.span.start;
    parameter.name = lang_parser_type_name(parser);
    if (lang_parser_take(parser, LANG_TOKEN_COLON)) {
        size_t mark = lang_parser_mark(parser);
        do {
            lang_name bound = lang_parser_type_name(parser);
            lang_parser_push(parser, &bound, sizeof(bound));
        } while (lang_parser_take(parser, LANG_TOKEN_PLUS));
        parameter.bounds.items =
            lang_parser_move(parser, mark, sizeof(lang_name), &parameter.bounds.count);
    }
    parameter.span = lang_parser_span(parser, start);
    return parameter;
}

// TypeParams = '<' list1( TID [ ':' TID { '+' TID } ] ) '>' ;
lang_type_parameter_list lang_parse_type_parameters(lang_parser *parser)
{
    lang_type_parameter_list list = {0};
    if (!lang_parser_take(parser, LANG_TOKEN_LESS)) {
        return list;
    }
    size_t mark = lang_parser_mark(parser);
    do {
        lang_type_parameter parameter = parse_type_parameter(parser);
        lang_parser_push(parser, &parameter, sizeof(parameter));
    } while (lang_parser_take(parser, LANG_TOKEN_COMMA) && !at_angle_end(parser));
    close_angle(parser);
    list.items = lang_parser_move(parser, mark, sizeof(lang_type_parameter), &list.count);
    return list;
}
