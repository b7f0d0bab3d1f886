// lang/parse_control.c: the expressions that start with a word, and lambdas.
//
// The bodies of all of these extend as far to the right as they can. Match arms have no brackets
// of their own: after an arm, a token that can start a pattern must start another arm.
#include "lang/parser.h"

#define GREEDY                                                                                     \
    "Match arms are greedy — a line that starts like a pattern is taken as another arm; use "    \
    "`let _ = <expr>` for the next statement"

static lang_expr *parse_bool(lang_parser *parser)
{
    lang_expr *expr = lang_new_expr(parser, LANG_EXPR_BOOL, parser->token.span.start);
    expr->as.boolean = lang_parser_at_word(parser, LANG_WORD_TRUE);
    lang_parser_advance(parser);
    return lang_end_expr(parser, expr);
}

// A part of expr behind which the construct waits for a word.
static lang_expr *parse_until(lang_parser *parser, lang_expr *expr, uint8_t waiting)
{
    uint8_t outside = parser->scope.waiting;
    parser->scope.waiting |= waiting;
    lang_expr *part = lang_parse_expr(parser);
    parser->scope.waiting = outside;
    lang_grow(parser, expr, part);
    return part;
}

static lang_expr *parse_part(lang_parser *parser, lang_expr *expr)
{
    return parse_until(parser, expr, 0);
}

// 'if' Expr 'then' Expr [ 'else' Expr ]
static lang_expr *parse_if(lang_parser *parser)
{
    lang_expr *expr = lang_new_expr(parser, LANG_EXPR_IF, parser->token.span.start);
    lang_parser_advance(parser);
    expr->as.condition.condition = parse_until(parser, expr, LANG_WAIT_THEN);
    lang_parser_expect_word(parser, LANG_WORD_THEN, "then");
    expr->as.condition.then_branch = parse_until(parser, expr, LANG_WAIT_ELSE);
    if (lang_parser_take_word(parser, LANG_WORD_ELSE)) {
        expr->as.condition.else_branch = parse_part(parser, expr);
    }
    return lang_end_expr(parser, expr);
}

// 'for' Pattern 'in' Expr 'do' Expr
static lang_expr *parse_for(lang_parser *parser)
{
    lang_expr *expr = lang_new_expr(parser, LANG_EXPR_FOR, parser->token.span.start);
    lang_parser_advance(parser);
    expr->as.loop.pattern = lang_parse_pattern(parser);
    lang_parser_expect_word(parser, LANG_WORD_IN, "in");
    expr->as.loop.collection = parse_until(parser, expr, LANG_WAIT_DO);
    lang_parser_expect_word(parser, LANG_WORD_DO, "do");
    expr->as.loop.body = parse_part(parser, expr);
    return lang_end_expr(parser, expr);
}

// ---- match -------------------------------------------------------------------------------------

// The word ends the arms here, so it starts no pattern.
static bool ends_arms(const lang_parser *parser)
{
    lang_word word = (lang_word)parser->token.word;
    switch (lang_word_use_of(word)) {
    case LANG_USE_NONE:
    case LANG_USE_OTHER:
        return false;
    case LANG_USE_EXPR:
        return word != LANG_WORD_TRUE && word != LANG_WORD_FALSE;
    case LANG_USE_LET:
    case LANG_USE_WAIT:
    case LANG_USE_MATCHER:
        return true;
    case LANG_USE_ITEM:
        return parser->scope.arms == LANG_ARMS_TOP || parser->scope.arms == LANG_ARMS_GROUP ||
               (parser->scope.arms == LANG_ARMS_METHOD && word == LANG_WORD_FN);
    case LANG_USE_GROUP:
        return parser->scope.arms == LANG_ARMS_GROUP;
    }
    return false;
}

static bool at_arm(lang_parser *parser)
{
    switch ((int)parser->token.kind) { // Few of many.
    case LANG_TOKEN_IDENT:
        return !ends_arms(parser) && !lang_parser_at_item_line(parser);
    case LANG_TOKEN_TYPE_IDENT:
    case LANG_TOKEN_INT:
    case LANG_TOKEN_FLOAT:
    case LANG_TOKEN_STRING:
    case LANG_TOKEN_TRIPLE:
    case LANG_TOKEN_RAW:
    case LANG_TOKEN_RAW_HASH:
    case LANG_TOKEN_LEFT_PAREN:
    case LANG_TOKEN_LEFT_BRACE:
    case LANG_TOKEN_LEFT_BRACKET:
        return true;
    default:
        return false;
    }
}

static void parse_alternatives(lang_parser *parser, lang_arm *arm)
{
    size_t mark = lang_parser_mark(parser);
    do {
        lang_pattern *pattern = lang_parse_pattern(parser);
        lang_parser_push(parser, &pattern, sizeof(pattern));
    } while (lang_parser_take(parser, LANG_TOKEN_BAR));
    arm->patterns.items =
        lang_parser_move(parser, mark, sizeof(lang_pattern *), &arm->patterns.count);
}

// What looked like an arm is none. If it was the first, only a `{` is to blame in advance:
// somebody put braces round the arms.
static void blame_arm(lang_parser *parser, const lang_token *start, bool first)
{
    if (!first) {
        lang_parser_blame(parser, start, GREEDY);
    } else if (start->kind == LANG_TOKEN_LEFT_BRACE) {
        lang_parser_blame(parser, start,
                          "The arms of a match stand in no braces: `match x` is followed by "
                          "`pattern -> body` at once.");
    }
}

// Arm = Pattern { '|' Pattern } [ 'if' Expr ] '->' Expr ;
static lang_arm parse_arm(lang_parser *parser, lang_expr *match, bool first)
{
    lang_arm arm = {.id = lang_parser_id(parser)};
    lang_token start = parser->token;
    if (first && !at_arm(parser)) {
        lang_parser_fail(parser, "match arm");
        return arm;
    }
    bool failed = parser->failed;
    parse_alternatives(parser, &arm);
    bool head_failed = parser->failed && !failed;
    if (!head_failed && lang_parser_take_word(parser, LANG_WORD_IF)) {
        arm.guard = parse_part(parser, match);
    }
    failed = parser->failed;
    if (!head_failed && !lang_parser_expect(parser, LANG_TOKEN_ARROW)) {
        head_failed = !failed;
    }
    if (head_failed) {
        blame_arm(parser, &start, first);
    }
    arm.body = parse_part(parser, match);
    arm.span = lang_parser_span(parser, start.span.start);
    return arm;
}

// 'match' Expr Arm { Arm }
static lang_expr *parse_match(lang_parser *parser)
{
    lang_expr *expr = lang_new_expr(parser, LANG_EXPR_MATCH, parser->token.span.start);
    lang_parser_advance(parser);
    expr->as.match.subject = parse_part(parser, expr);
    size_t mark = lang_parser_mark(parser);
    bool first = true;
    do {
        lang_arm arm = parse_arm(parser, expr, first);
        lang_parser_push(parser, &arm, sizeof(arm));
        first = false;
    } while (at_arm(parser));
    expr->as.match.arms = lang_parser_move(parser, mark, sizeof(lang_arm), &expr->as.match.count);
    return lang_end_expr(parser, expr);
}

// ---- effects -----------------------------------------------------------------------------------

// 'with' '{' list1( TID ':' Expr ) '}' Expr
static lang_expr *parse_with_records(lang_parser *parser, lang_expr *expr)
{
    expr->kind = LANG_EXPR_WITH_RECORDS;
    size_t mark = lang_parser_mark(parser);
    lang_scope outside = lang_parser_open(parser, LANG_TOKEN_RIGHT_BRACE);
    do {
        lang_handler_record record = {.effect = lang_parser_type_name(parser)};
        lang_parser_expect(parser, LANG_TOKEN_COLON);
        record.value = parse_part(parser, expr);
        lang_parser_push(parser, &record, sizeof(record));
    } while (lang_parser_list_next(parser, false));
    lang_parser_close(parser, outside);
    expr->as.with.records =
        lang_parser_move(parser, mark, sizeof(lang_handler_record), &expr->as.with.count);
    expr->as.with.body = parse_part(parser, expr);
    return lang_end_expr(parser, expr);
}

// 'with' ( records | TID '.' NAME Block )
static lang_expr *parse_with(lang_parser *parser)
{
    lang_expr *expr = lang_new_expr(parser, LANG_EXPR_WITH_CAPTURE, parser->token.span.start);
    lang_parser_advance(parser);
    if (lang_parser_at(parser, LANG_TOKEN_LEFT_BRACE)) {
        return parse_with_records(parser, expr);
    }
    expr->as.capture.effect = lang_parser_type_name(parser);
    lang_parser_expect(parser, LANG_TOKEN_DOT);
    expr->as.capture.operation = lang_parser_value_name(parser);
    expr->as.capture.body = lang_parse_block(parser);
    lang_grow(parser, expr, expr->as.capture.body);
    return lang_end_expr(parser, expr);
}

// '(' list(ID) ')'
static void parse_clause_parameters(lang_parser *parser, lang_clause *clause)
{
    if (!lang_parser_at(parser, LANG_TOKEN_LEFT_PAREN)) {
        lang_parser_fail(parser, "(");
        return;
    }
    size_t mark = lang_parser_mark(parser);
    lang_scope outside = lang_parser_open(parser, LANG_TOKEN_RIGHT_PAREN);
    for (bool first = true; lang_parser_list_next(parser, first); first = false) {
        clause->has_resume = lang_parser_at_word(parser, LANG_WORD_RESUME);
        lang_pattern *parameter = lang_parse_name_pattern(parser);
        lang_parser_push(parser, &parameter, sizeof(parameter));
    }
    lang_parser_close(parser, outside);
    clause->parameters.items =
        lang_parser_move(parser, mark, sizeof(lang_pattern *), &clause->parameters.count);
}

// Clause = TID '.' NAME '(' list(ID) ')' '->' Expr ;
static lang_clause parse_clause(lang_parser *parser, lang_expr *handle)
{
    lang_clause clause = {.id = lang_parser_id(parser)};
    uint32_t start = parser->token.span.start;
    clause.effect = lang_parser_type_name(parser);
    lang_parser_expect(parser, LANG_TOKEN_DOT);
    clause.operation = lang_parser_value_name(parser);
    parse_clause_parameters(parser, &clause);
    lang_parser_expect(parser, LANG_TOKEN_ARROW);
    clause.body = parse_part(parser, handle);
    clause.span = lang_parser_span(parser, start);
    return clause;
}

// 'handle' Expr 'with' '{' Clause { Clause } '}'
static lang_expr *parse_handle(lang_parser *parser)
{
    lang_expr *expr = lang_new_expr(parser, LANG_EXPR_HANDLE, parser->token.span.start);
    lang_parser_advance(parser);
    expr->as.handle.body = parse_part(parser, expr);
    lang_parser_expect_word(parser, LANG_WORD_WITH, "with");
    if (!lang_parser_at(parser, LANG_TOKEN_LEFT_BRACE)) {
        lang_parser_fail(parser, "{");
        return expr;
    }
    size_t mark = lang_parser_mark(parser);
    lang_scope outside = lang_parser_open(parser, LANG_TOKEN_RIGHT_BRACE);
    do {
        lang_clause clause = parse_clause(parser, expr);
        lang_parser_push(parser, &clause, sizeof(clause));
    } while (lang_parser_at(parser, LANG_TOKEN_TYPE_IDENT));
    lang_parser_close(parser, outside);
    expr->as.handle.clauses =
        lang_parser_move(parser, mark, sizeof(lang_clause), &expr->as.handle.count);
    return lang_end_expr(parser, expr);
}

// 'restrict' [ '(' list1(TID) ')' ] Block
static lang_expr *parse_restrict(lang_parser *parser)
{
    lang_expr *expr = lang_new_expr(parser, LANG_EXPR_RESTRICT, parser->token.span.start);
    lang_parser_advance(parser);
    if (lang_parser_at(parser, LANG_TOKEN_LEFT_PAREN)) {
        size_t mark = lang_parser_mark(parser);
        lang_scope outside = lang_parser_open(parser, LANG_TOKEN_RIGHT_PAREN);
        do {
            lang_name name = lang_parser_type_name(parser);
            lang_parser_push(parser, &name, sizeof(name));
        } while (lang_parser_list_next(parser, false));
        lang_parser_close(parser, outside);
        expr->as.restriction.effects.items =
            lang_parser_move(parser, mark, sizeof(lang_name), &expr->as.restriction.effects.count);
    }
    expr->as.restriction.body = lang_parse_block(parser);
    lang_grow(parser, expr, expr->as.restriction.body);
    return lang_end_expr(parser, expr);
}

// ---- expect ------------------------------------------------------------------------------------

const char *lang_matcher_text(lang_matcher matcher)
{
    static const char *const texts[] = {
        [LANG_MATCHER_TO_EQUAL] = "to_equal",
        [LANG_MATCHER_TO_BE] = "to_be",
        [LANG_MATCHER_TO_CONTAIN] = "to_contain",
        [LANG_MATCHER_TO_HAVE_LENGTH] = "to_have_length",
        [LANG_MATCHER_TO_BE_EMPTY] = "to_be_empty",
        [LANG_MATCHER_TO_START_WITH] = "to_start_with",
        [LANG_MATCHER_TO_SATISFY] = "to_satisfy",
        [LANG_MATCHER_TO_BE_OK] = "to_be_ok",
        [LANG_MATCHER_TO_BE_SOME] = "to_be_some",
        [LANG_MATCHER_TO_BE_NONE] = "to_be_none",
    };
    return texts[matcher];
}

_Static_assert(LANG_WORD_TO_BE_NONE - LANG_WORD_TO_EQUAL ==
                   LANG_MATCHER_TO_BE_NONE - LANG_MATCHER_TO_EQUAL,
               "words.def lists the matchers in the order of lang_matcher");

static bool takes_operand(lang_matcher matcher)
{
    return matcher == LANG_MATCHER_TO_EQUAL || matcher == LANG_MATCHER_TO_CONTAIN ||
           matcher == LANG_MATCHER_TO_HAVE_LENGTH || matcher == LANG_MATCHER_TO_START_WITH ||
           matcher == LANG_MATCHER_TO_SATISFY;
}

// 'expect' Expr Matcher
static lang_expr *parse_expect(lang_parser *parser)
{
    lang_expr *expr = lang_new_expr(parser, LANG_EXPR_EXPECT, parser->token.span.start);
    lang_parser_advance(parser);
    expr->as.expect.subject = parse_part(parser, expr);
    lang_word word = (lang_word)parser->token.word;
    if (!lang_parser_at(parser, LANG_TOKEN_IDENT) || lang_word_use_of(word) != LANG_USE_MATCHER) {
        lang_parser_fail(parser, "matcher");
        return expr;
    }
    lang_matcher matcher = (lang_matcher)(word - LANG_WORD_TO_EQUAL);
    expr->as.expect.matcher = matcher;
    expr->as.expect.matcher_span = parser->token.span;
    lang_parser_advance(parser);
    if (takes_operand(matcher)) {
        expr->as.expect.operand = parse_part(parser, expr);
    } else if (matcher == LANG_MATCHER_TO_BE) {
        expr->as.expect.pattern = lang_parse_pattern(parser);
    }
    return lang_end_expr(parser, expr);
}

// ---- entry -------------------------------------------------------------------------------------

lang_expr *lang_parse_word_expr(lang_parser *parser, lang_word word)
{
    switch ((int)word) { // Those of the use EXPR, but `not`, which is an operator.
    case LANG_WORD_IF:
        return parse_if(parser);
    case LANG_WORD_MATCH:
        return parse_match(parser);
    case LANG_WORD_FOR:
        return parse_for(parser);
    case LANG_WORD_WITH:
        return parse_with(parser);
    case LANG_WORD_HANDLE:
        return parse_handle(parser);
    case LANG_WORD_RESTRICT:
        return parse_restrict(parser);
    case LANG_WORD_EXPECT:
        return parse_expect(parser);
    default:
        BL_CHECK(word == LANG_WORD_TRUE || word == LANG_WORD_FALSE);
        return parse_bool(parser);
    }
}

// '|' list(Pattern) '|' Expr | '||' Expr
lang_expr *lang_parse_lambda(lang_parser *parser)
{
    lang_expr *expr = lang_new_expr(parser, LANG_EXPR_LAMBDA, parser->token.span.start);
    if (!lang_parser_take(parser, LANG_TOKEN_BAR_BAR)) {
        lang_parser_advance(parser);
        size_t mark = lang_parser_mark(parser);
        while (!lang_parser_at(parser, LANG_TOKEN_BAR) && !parser->failed) {
            lang_pattern *parameter = lang_parse_pattern(parser);
            lang_parser_push(parser, &parameter, sizeof(parameter));
            if (!lang_parser_take(parser, LANG_TOKEN_COMMA)) {
                break;
            }
        }
        lang_parser_expect(parser, LANG_TOKEN_BAR);
        expr->as.lambda.parameters.items = lang_parser_move(parser, mark, sizeof(lang_pattern *),
                                                            &expr->as.lambda.parameters.count);
    }
    expr->as.lambda.body = parse_part(parser, expr);
    return lang_end_expr(parser, expr);
}
