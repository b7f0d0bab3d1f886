// lang/parse_test.c: tests, and groups of tests with their hooks and bindings.
#include "lang/parser.h"

static lang_item *end_item(lang_parser *parser, lang_item *item)
{
    item->span.end = parser->previous_end;
    return item;
}

// STR: a "…" string; its name is what stands between the quotes.
static lang_expr *parse_title(lang_parser *parser, bl_slice *name)
{
    if (!lang_parser_at(parser, LANG_TOKEN_STRING)) {
        lang_parser_fail(parser, "string");
        return lang_new_expr(parser, LANG_EXPR_STRING, parser->token.span.start);
    }
    lang_expr *title = lang_parse_string(parser);
    if (!parser->failed) {
        *name = lang_parser_text(parser, (lang_span){title->span.start + 1, title->span.end - 1});
    }
    return title;
}

// STR '=' Expr, behind the word
static lang_item *parse_titled(lang_parser *parser, lang_item *item)
{
    item->as.test.title = parse_title(parser, &item->as.test.name);
    lang_parser_expect(parser, LANG_TOKEN_EQUAL);
    item->as.test.body = lang_parse_expr(parser);
    return end_item(parser, item);
}

// Test = 'test' STR '=' Expr ;
lang_item *lang_parse_test(lang_parser *parser)
{
    lang_item *item = lang_new_item(parser, LANG_ITEM_TEST, parser->token.span.start);
    lang_parser_advance(parser);
    return parse_titled(parser, item);
}

// `.only` and `.skip` follow `it` without blanks.
static lang_it_mode parse_it_mode(lang_parser *parser)
{
    if (!lang_parser_at(parser, LANG_TOKEN_DOT)) {
        return LANG_IT_PLAIN;
    }
    const lang_token *word = lang_parser_peek(parser, 1);
    bool tight = parser->token.span.start == parser->previous_end &&
                 word->span.start == parser->token.span.end;
    bl_slice text = lang_parser_text(parser, word->span);
    bool only = bl_slice_equal(text, BL_SLICE("only"));
    if (!tight || (!only && !bl_slice_equal(text, BL_SLICE("skip")))) {
        lang_parser_fail(parser, "string");
        return LANG_IT_PLAIN;
    }
    lang_parser_advance(parser);
    lang_parser_advance(parser);
    return only ? LANG_IT_ONLY : LANG_IT_SKIP;
}

// 'it' [ '.' ( 'only' | 'skip' ) ] STR '=' Expr
static lang_item *parse_it(lang_parser *parser)
{
    lang_item *item = lang_new_item(parser, LANG_ITEM_IT, parser->token.span.start);
    lang_parser_advance(parser);
    item->as.test.mode = parse_it_mode(parser);
    return parse_titled(parser, item);
}

// ( 'before_each' | 'after_each' ) '=' Expr
static lang_item *parse_hook(lang_parser *parser, lang_item_kind kind)
{
    lang_item *item = lang_new_item(parser, kind, parser->token.span.start);
    lang_parser_advance(parser);
    lang_parser_expect(parser, LANG_TOKEN_EQUAL);
    item->as.hook = lang_parse_expr(parser);
    return end_item(parser, item);
}

static lang_item *parse_group_let(lang_parser *parser)
{
    lang_item *item = lang_new_item(parser, LANG_ITEM_LET, parser->token.span.start);
    item->as.let = lang_parse_let(parser);
    return end_item(parser, item);
}

// DescribeItem = 'it' … | 'before_each' … | 'after_each' … | Test | Describe | Let | Definition ;
static lang_item *parse_group_item(lang_parser *parser)
{
    if (lang_parser_at_word(parser, LANG_WORD_IT)) {
        return parse_it(parser);
    }
    if (lang_parser_at_word(parser, LANG_WORD_BEFORE_EACH)) {
        return parse_hook(parser, LANG_ITEM_BEFORE_EACH);
    }
    if (lang_parser_at_word(parser, LANG_WORD_AFTER_EACH)) {
        return parse_hook(parser, LANG_ITEM_AFTER_EACH);
    }
    if (lang_parser_at_word(parser, LANG_WORD_LET)) {
        return parse_group_let(parser);
    }
    if (lang_parser_at_word(parser, LANG_WORD_TEST)) {
        return lang_parse_test(parser);
    }
    if (lang_parser_at_word(parser, LANG_WORD_DESCRIBE) ||
        lang_parser_at_word(parser, LANG_WORD_CONTEXT)) {
        return lang_parse_group(parser);
    }
    return lang_parse_definition(parser);
}

// '{' { DescribeItem } '}'
static void parse_group_body(lang_parser *parser, lang_group *group)
{
    size_t mark = lang_parser_mark(parser);
    lang_scope outside = lang_parser_open(parser, LANG_TOKEN_RIGHT_BRACE);
    parser->scope.arms = LANG_ARMS_GROUP;
    parser->scope.in_group = true;
    while (!lang_parser_at(parser, LANG_TOKEN_RIGHT_BRACE) && !parser->failed) {
        lang_item *item = parse_group_item(parser);
        lang_parser_push(parser, &item, sizeof(item));
    }
    lang_parser_close(parser, outside);
    group->items = lang_parser_move(parser, mark, sizeof(lang_item *), &group->count);
}

// Describe = ( 'describe' | 'context' ) STR '{' { DescribeItem } '}' ;
lang_item *lang_parse_group(lang_parser *parser)
{
    lang_parser_enter(parser);
    lang_item *item = lang_new_item(parser, LANG_ITEM_GROUP, parser->token.span.start);
    lang_group *group = &item->as.group;
    group->is_context = lang_parser_at_word(parser, LANG_WORD_CONTEXT);
    lang_parser_advance(parser);
    group->title = parse_title(parser, &group->name);
    if (lang_parser_at(parser, LANG_TOKEN_LEFT_BRACE)) {
        parse_group_body(parser, group);
    } else {
        lang_parser_fail(parser, "{");
    }
    lang_parser_leave(parser);
    return end_item(parser, item);
}

static bool at_test_or_group(const lang_parser *parser)
{
    return lang_parser_at_word(parser, LANG_WORD_TEST) ||
           lang_parser_at_word(parser, LANG_WORD_DESCRIBE) ||
           lang_parser_at_word(parser, LANG_WORD_CONTEXT);
}

// TestSection = '@test' ( Test | Describe ) { Test | Describe } ;   the tests are items themselves
lang_item *lang_parse_test_section(lang_parser *parser)
{
    lang_item *item = lang_new_item(parser, LANG_ITEM_TEST_SECTION, parser->token.span.start);
    lang_parser_advance(parser);
    if (lang_parser_at(parser, LANG_TOKEN_LEFT_BRACE)) {
        lang_parser_fail_at(parser, parser->token.span, NULL,
                            "Test sections have no braces: the tests follow `@test` directly.");
    } else if (!at_test_or_group(parser)) {
        lang_parser_fail(parser, "test");
    }
    return end_item(parser, item);
}
