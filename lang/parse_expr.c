// lang/parse_expr.c: expressions from operators down to primaries, blocks and statements.
//
// Binary operators by precedence climbing over the one table in operators.def. Calls, field access
// and `?` follow any primary; those that end in an expression (if, match, for, lambda) have taken
// all of them already.
#include "lang/parser.h"

// ---- nodes -------------------------------------------------------------------------------------

lang_expr *lang_new_expr(lang_parser *parser, lang_expr_kind kind, uint32_t start)
{
    lang_expr *expr = bl_arena_alloc_zeroed(parser->arena, sizeof(lang_expr));
    expr->kind = kind;
    expr->id = lang_parser_id(parser);
    expr->span = (lang_span){start, start};
    expr->inner = expr->span;
    expr->height = 1;
    return expr;
}

lang_expr *lang_end_expr(lang_parser *parser, lang_expr *expr)
{
    expr->span.end = parser->previous_end;
    expr->inner = expr->span;
    return expr;
}

void lang_grow(lang_parser *parser, lang_expr *expr, const lang_expr *child)
{
    if (child == NULL || child->height < expr->height) {
        return;
    }
    if (child->height >= LANG_TREE_HEIGHT_MAX) {
        bl_slice context = bl_arena_format(
            parser->arena,
            "Operators, pipes and calls may make an expression %d levels high; name parts of it "
            "with let.",
            LANG_TREE_HEIGHT_MAX);
        lang_parser_fail_at(parser, parser->token.span, "Nested too deeply", context.data);
        return;
    }
    expr->height = (uint16_t)(child->height + 1);
}

// ---- statements and blocks ---------------------------------------------------------------------

// Let = 'let' [ 'mut' ] Pattern [ ':' Type ] '=' Expr ;
lang_let lang_parse_let(lang_parser *parser)
{
    lang_let let = {0};
    lang_parser_advance(parser);
    let.mutable = lang_parser_take_word(parser, LANG_WORD_MUT);
    let.pattern = lang_parse_pattern(parser);
    if (lang_parser_take(parser, LANG_TOKEN_COLON)) {
        let.type = lang_parse_type(parser);
    }
    lang_parser_expect(parser, LANG_TOKEN_EQUAL);
    let.value = lang_parse_expr(parser);
    return let;
}

static bool is_variable(const lang_parser *parser, const lang_expr *expr)
{
    return expr->kind == LANG_EXPR_NAME && expr->paren_count == 0 &&
           parser->lexer.text[expr->span.end - 1] != '!';
}

static bool is_place(const lang_parser *parser, const lang_expr *expr)
{
    while (expr->kind == LANG_EXPR_FIELD && expr->paren_count == 0 &&
           parser->lexer.text[expr->span.end - 1] != '!') {
        expr = expr->as.field.object;
    }
    return is_variable(parser, expr);
}

// Assign = Place '=' Expr ;   Place = ID { '.' ID } ;   at the `=`
static lang_assign parse_assign(lang_parser *parser, const lang_expr *place)
{
    lang_assign assign = {.place_span = place->span};
    uint32_t count = 0;
    const lang_expr *expr = place;
    for (; expr->kind == LANG_EXPR_FIELD; expr = expr->as.field.object) {
        count++;
    }
    assign.target = (lang_name){expr->as.name, expr->span};
    assign.fields.count = count;
    assign.fields.items = bl_arena_alloc(parser->arena, count * sizeof(lang_name));
    for (expr = place; expr->kind == LANG_EXPR_FIELD; expr = expr->as.field.object) {
        assign.fields.items[--count] = expr->as.field.name;
    }
    lang_parser_advance(parser);
    assign.value = lang_parse_expr(parser);
    return assign;
}

// Stmt = Let | Assign | Expr ;
static lang_statement parse_statement(lang_parser *parser, lang_expr *block)
{
    lang_statement statement = {.id = lang_parser_id(parser)};
    uint32_t start = parser->token.span.start;
    if (lang_parser_at_word(parser, LANG_WORD_LET)) {
        statement.kind = LANG_STATEMENT_LET;
        statement.as.let = lang_parse_let(parser);
        lang_grow(parser, block, statement.as.let.value);
    } else {
        lang_expr *expr = lang_parse_expr(parser);
        if (lang_parser_at(parser, LANG_TOKEN_EQUAL) && is_place(parser, expr)) {
            statement.kind = LANG_STATEMENT_ASSIGN;
            statement.as.assign = parse_assign(parser, expr);
            lang_grow(parser, block, statement.as.assign.value);
        } else {
            statement.kind = LANG_STATEMENT_EXPR;
            statement.as.expr = expr;
            lang_grow(parser, block, expr);
        }
    }
    statement.span = lang_parser_span(parser, start);
    return statement;
}

static lang_statement parse_terminated(lang_parser *parser, lang_expr *block)
{
    lang_statement statement = parse_statement(parser, block);
    statement.semicolon = lang_parser_take(parser, LANG_TOKEN_SEMICOLON);
    return statement;
}

// `{ "a${x}": 1 }` is a record with a name that the checker refuses; only its `:` tells.
static bool is_interpolated_name(const lang_parser *parser, const lang_statement *statement)
{
    return lang_parser_at(parser, LANG_TOKEN_COLON) && statement->kind == LANG_STATEMENT_EXPR &&
           statement->as.expr->kind == LANG_EXPR_STRING && statement->as.expr->paren_count == 0 &&
           statement->as.expr->as.string.form == LANG_STRING_PLAIN;
}

// Stmt [';'] { Stmt [';'] } '}', behind the brace; or the record that it turns out to be
static lang_expr *parse_statements(lang_parser *parser, lang_expr *block, lang_scope outside,
                                   bool may_be_record)
{
    size_t mark = lang_parser_mark(parser);
    do {
        lang_statement statement = parse_terminated(parser, block);
        if (may_be_record && is_interpolated_name(parser, &statement)) {
            return lang_parse_named_fields(parser, block, statement.as.expr, outside);
        }
        lang_parser_push(parser, &statement, sizeof(statement));
        may_be_record = false;
    } while (!lang_parser_at(parser, LANG_TOKEN_RIGHT_BRACE) && !parser->failed &&
             !lang_parser_at_item_line(parser));
    lang_parser_close(parser, outside);
    block->as.block.statements =
        lang_parser_move(parser, mark, sizeof(lang_statement), &block->as.block.count);
    return lang_end_expr(parser, block);
}

static lang_expr *parse_braces(lang_parser *parser, bool may_be_record)
{
    lang_expr *block = lang_new_expr(parser, LANG_EXPR_BLOCK, parser->token.span.start);
    if (!lang_parser_at(parser, LANG_TOKEN_LEFT_BRACE)) {
        lang_parser_fail(parser, "{");
        return block;
    }
    lang_scope outside = lang_parser_open(parser, LANG_TOKEN_RIGHT_BRACE);
    return parse_statements(parser, block, outside, may_be_record);
}

// Block = '{' Stmt [';'] { Stmt [';'] } '}' ;
lang_expr *lang_parse_block(lang_parser *parser)
{
    return parse_braces(parser, false);
}

lang_expr *lang_parse_block_or_record(lang_parser *parser)
{
    return parse_braces(parser, true);
}

// ---- primaries ---------------------------------------------------------------------------------

static lang_expr *parse_leaf(lang_parser *parser, lang_expr_kind kind)
{
    lang_expr *expr = lang_new_expr(parser, kind, parser->token.span.start);
    expr->as.name = lang_parser_text(parser, parser->token.span);
    lang_parser_advance(parser);
    return lang_end_expr(parser, expr);
}

// '(' list(Expr) ')': unit, a group or a tuple
static lang_expr *parse_paren(lang_parser *parser)
{
    lang_expr *tuple = lang_new_expr(parser, LANG_EXPR_TUPLE, parser->token.span.start);
    size_t mark = lang_parser_mark(parser);
    lang_scope outside = lang_parser_open(parser, LANG_TOKEN_RIGHT_PAREN);
    for (bool first = true; lang_parser_list_next(parser, first); first = false) {
        lang_expr *element = lang_parse_expr(parser);
        lang_grow(parser, tuple, element);
        lang_parser_push(parser, &element, sizeof(element));
    }
    lang_parser_close(parser, outside);
    lang_expr_list list;
    list.items = lang_parser_move(parser, mark, sizeof(lang_expr *), &list.count);
    lang_end_expr(parser, tuple);
    if (list.count == 1) {
        list.items[0]->paren_count++;
        list.items[0]->span = tuple->span;
        return list.items[0];
    }
    tuple->kind = list.count == 0 ? LANG_EXPR_UNIT : LANG_EXPR_TUPLE;
    tuple->as.list = list;
    return tuple;
}

// An enclosing construct waits for this word, so it is no variable.
static bool is_awaited(const lang_parser *parser)
{
    uint8_t waiting = parser->scope.waiting;
    return (lang_parser_at_word(parser, LANG_WORD_THEN) && (waiting & LANG_WAIT_THEN) != 0) ||
           (lang_parser_at_word(parser, LANG_WORD_ELSE) && (waiting & LANG_WAIT_ELSE) != 0) ||
           (lang_parser_at_word(parser, LANG_WORD_DO) && (waiting & LANG_WAIT_DO) != 0);
}

static lang_expr *parse_word(lang_parser *parser)
{
    lang_word word = (lang_word)parser->token.word;
    lang_word_use use = lang_word_use_of(word);
    if (use == LANG_USE_EXPR) {
        return lang_parse_word_expr(parser, word);
    }
    bool is_name =
        !(use == LANG_USE_WAIT && is_awaited(parser)) &&
        !((use == LANG_USE_ITEM || use == LANG_USE_GROUP) && lang_parser_at_item_line(parser));
    if (is_name) {
        return parse_leaf(parser, LANG_EXPR_NAME);
    }
    lang_expr *nothing = lang_new_expr(parser, LANG_EXPR_HOLE, parser->token.span.start);
    lang_parser_fail(parser, "expression");
    return nothing;
}

static lang_expr *parse_primary(lang_parser *parser)
{
    switch ((int)parser->token.kind) { // Few of many.
    case LANG_TOKEN_IDENT:
        return parse_word(parser);
    case LANG_TOKEN_TYPE_IDENT:
        return lang_parse_type_name_expr(parser);
    case LANG_TOKEN_INT:
    case LANG_TOKEN_FLOAT:
        return lang_parse_number(parser);
    case LANG_TOKEN_STRING:
    case LANG_TOKEN_TRIPLE:
    case LANG_TOKEN_RAW:
    case LANG_TOKEN_RAW_HASH:
        return lang_parse_string(parser);
    case LANG_TOKEN_HOLE:
        return parse_leaf(parser, LANG_EXPR_HOLE);
    case LANG_TOKEN_LEFT_PAREN:
        return parse_paren(parser);
    case LANG_TOKEN_LEFT_BRACKET:
        return lang_parse_list(parser);
    case LANG_TOKEN_LEFT_BRACE:
        return lang_parse_brace(parser);
    case LANG_TOKEN_HASH_BRACE:
        return lang_parse_map_or_set(parser);
    case LANG_TOKEN_BAR:
    case LANG_TOKEN_BAR_BAR:
        return lang_parse_lambda(parser);
    default:
        break;
    }
    lang_expr *nothing = lang_new_expr(parser, LANG_EXPR_HOLE, parser->token.span.start);
    lang_parser_fail(parser, "expression");
    return nothing;
}

// ---- postfix -----------------------------------------------------------------------------------

// Arg = [ ID ':' ] Expr ;
static lang_argument parse_argument(lang_parser *parser)
{
    lang_argument argument = {0};
    uint32_t start = parser->token.span.start;
    bool named = lang_parser_at(parser, LANG_TOKEN_IDENT) &&
                 !lang_token_is_effect(parser, &parser->token) &&
                 lang_word_use_of((lang_word)parser->token.word) != LANG_USE_EXPR &&
                 lang_parser_peek(parser, 1)->kind == LANG_TOKEN_COLON;
    if (named) {
        argument.name = lang_parser_take_name(parser);
        lang_parser_advance(parser);
    }
    argument.value = lang_parse_expr(parser);
    argument.span = lang_parser_span(parser, start);
    return argument;
}

// ⊳'(' list(Arg) ')'
static lang_expr *parse_call(lang_parser *parser, lang_expr *callee)
{
    lang_expr *call = lang_new_expr(parser, LANG_EXPR_CALL, callee->span.start);
    call->as.call.callee = callee;
    lang_grow(parser, call, callee);
    size_t mark = lang_parser_mark(parser);
    lang_scope outside = lang_parser_open(parser, LANG_TOKEN_RIGHT_PAREN);
    for (bool first = true; lang_parser_list_next(parser, first); first = false) {
        lang_argument argument = parse_argument(parser);
        lang_grow(parser, call, argument.value);
        lang_parser_push(parser, &argument, sizeof(argument));
    }
    lang_parser_close(parser, outside);
    call->as.call.arguments =
        lang_parser_move(parser, mark, sizeof(lang_argument), &call->as.call.count);
    return lang_end_expr(parser, call);
}

static lang_expr *parse_field(lang_parser *parser, lang_expr *object)
{
    lang_expr *field = lang_new_expr(parser, LANG_EXPR_FIELD, object->span.start);
    lang_parser_advance(parser);
    field->as.field.object = object;
    field->as.field.name = lang_parser_value_name(parser);
    lang_grow(parser, field, object);
    return lang_end_expr(parser, field);
}

static lang_expr *parse_try(lang_parser *parser, lang_expr *operand)
{
    lang_expr *expr = lang_new_expr(parser, LANG_EXPR_TRY, operand->span.start);
    lang_parser_advance(parser);
    expr->as.operand = operand;
    lang_grow(parser, expr, operand);
    return lang_end_expr(parser, expr);
}

// Postfix = Primary { ⊳'(' list(Arg) ')' | '.' NAME | '?' } ;   ⊳( is a `(` on the same line
static lang_expr *parse_postfix(lang_parser *parser)
{
    lang_expr *expr = parse_primary(parser);
    for (;;) {
        if (lang_parser_at(parser, LANG_TOKEN_LEFT_PAREN) && !parser->token.newline_before) {
            expr = parse_call(parser, expr);
        } else if (lang_parser_at(parser, LANG_TOKEN_DOT)) {
            expr = parse_field(parser, expr);
        } else if (lang_parser_at(parser, LANG_TOKEN_QUESTION)) {
            expr = parse_try(parser, expr);
        } else {
            return expr;
        }
    }
}

// ---- operators ---------------------------------------------------------------------------------

const char *lang_binary_text(lang_binary operator_)
{
    static const char *const texts[LANG_BINARY_COUNT] = {
#define BINARY(name, text, level, token) [LANG_BINARY_##name] = text,
#include "lang/operators.def"
#undef BINARY
    };
    return texts[operator_];
}

// The smallest Int is one literal: its digits alone are out of range.
static bool at_smallest_int(lang_parser *parser)
{
    if (!lang_parser_at(parser, LANG_TOKEN_MINUS)) {
        return false;
    }
    const lang_token *next = lang_parser_peek(parser, 1);
    return next->kind == LANG_TOKEN_INT && next->value.integer == (uint64_t)INT64_MAX + 1;
}

static lang_expr *parse_smallest_int(lang_parser *parser)
{
    lang_expr *expr = lang_new_expr(parser, LANG_EXPR_INT, parser->token.span.start);
    lang_parser_advance(parser);
    lang_parser_advance(parser);
    expr->as.integer = INT64_MIN;
    return lang_end_expr(parser, expr);
}

// Unary = ( '-' | 'not' ) Unary | Postfix ;
static lang_expr *parse_unary(lang_parser *parser)
{
    if (at_smallest_int(parser)) {
        return parse_smallest_int(parser);
    }
    bool negate = lang_parser_at(parser, LANG_TOKEN_MINUS);
    if (!negate && !lang_parser_at_word(parser, LANG_WORD_NOT)) {
        return parse_postfix(parser);
    }
    lang_parser_enter(parser);
    lang_expr *expr = lang_new_expr(parser, LANG_EXPR_UNARY, parser->token.span.start);
    expr->as.unary.operator_ = negate ? LANG_UNARY_NEGATE : LANG_UNARY_NOT;
    expr->as.unary.operator_span = parser->token.span;
    lang_parser_advance(parser);
    expr->as.unary.operand = parse_unary(parser);
    lang_grow(parser, expr, expr->as.unary.operand);
    lang_parser_leave(parser);
    return lang_end_expr(parser, expr);
}

typedef struct operator_entry {
    uint8_t level; // 0: no binary operator.
    uint8_t binary;
} operator_entry;

static operator_entry operator_at(const lang_parser *parser)
{
    static const operator_entry entries[LANG_TOKEN_COUNT] = {
#define BINARY(name, text, level, token) [LANG_TOKEN_##token] = {level, LANG_BINARY_##name},
#include "lang/operators.def"
#undef BINARY
    };
    return entries[parser->token.kind];
}

static lang_expr_kind kind_of_binary(lang_binary operator_)
{
    return operator_ == LANG_BINARY_PIPE    ? LANG_EXPR_PIPE
           : operator_ == LANG_BINARY_RANGE ? LANG_EXPR_RANGE
                                            : LANG_EXPR_BINARY;
}

// Operators of at least this level; all associate to the left.
static lang_expr *parse_binary(lang_parser *parser, uint8_t level_min)
{
    lang_expr *left = parse_unary(parser);
    for (;;) {
        operator_entry entry = operator_at(parser);
        if (entry.level == 0 || entry.level < level_min) {
            return left;
        }
        lang_binary operator_ = (lang_binary)entry.binary;
        lang_expr *expr = lang_new_expr(parser, kind_of_binary(operator_), left->span.start);
        expr->as.binary.operator_ = operator_;
        expr->as.binary.operator_span = parser->token.span;
        lang_parser_advance(parser);
        expr->as.binary.left = left;
        expr->as.binary.right = parse_binary(parser, (uint8_t)(entry.level + 1));
        lang_grow(parser, expr, left);
        lang_grow(parser, expr, expr->as.binary.right);
        left = lang_end_expr(parser, expr);
    }
}

// Expr = Pipe ;
lang_expr *lang_parse_expr(lang_parser *parser)
{
    lang_parser_enter(parser);
    lang_expr *expr = parse_binary(parser, 1);
    lang_parser_leave(parser);
    return expr;
}
