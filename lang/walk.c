// lang/walk.c: one switch over all kinds of expressions, so that passes need none.
#include "lang/walk.h"

static void walk_list(lang_expr_list list, lang_visit visit, void *context)
{
    for (uint32_t i = 0; i < list.count; i++) {
        visit(context, list.items[i]);
    }
}

static void walk_string(const lang_string *string, lang_visit visit, void *context)
{
    for (uint32_t i = 0; i < string->count; i++) {
        if (string->parts[i].expr != NULL) {
            visit(context, string->parts[i].expr);
        }
    }
}

static void walk_statement(const lang_statement *statement, lang_visit visit, void *context)
{
    switch (statement->kind) {
    case LANG_STATEMENT_LET:
        visit(context, statement->as.let.value);
        return;
    case LANG_STATEMENT_ASSIGN:
        visit(context, statement->as.assign.value);
        return;
    case LANG_STATEMENT_EXPR:
        visit(context, statement->as.expr);
        return;
    }
}

static void walk_optional(const lang_expr *expr, lang_visit visit, void *context)
{
    if (expr != NULL) {
        visit(context, expr);
    }
}

static void walk_match(const lang_expr *expr, lang_visit visit, void *context)
{
    visit(context, expr->as.match.subject);
    for (uint32_t i = 0; i < expr->as.match.count; i++) {
        walk_optional(expr->as.match.arms[i].guard, visit, context);
        visit(context, expr->as.match.arms[i].body);
    }
}

static void walk_record(const lang_expr *expr, lang_visit visit, void *context)
{
    walk_optional(expr->as.record.base, visit, context);
    for (uint32_t i = 0; i < expr->as.record.count; i++) {
        visit(context, expr->as.record.fields[i].value);
    }
}

static void walk_handlers(const lang_expr *expr, lang_visit visit, void *context)
{
    if (expr->kind == LANG_EXPR_HANDLE) {
        visit(context, expr->as.handle.body);
        for (uint32_t i = 0; i < expr->as.handle.count; i++) {
            visit(context, expr->as.handle.clauses[i].body);
        }
        return;
    }
    for (uint32_t i = 0; i < expr->as.with.count; i++) {
        visit(context, expr->as.with.records[i].value);
    }
    visit(context, expr->as.with.body);
}

void lang_walk(const lang_expr *expr, lang_visit visit, void *context)
{
    switch (expr->kind) {
    case LANG_EXPR_INT:
    case LANG_EXPR_FLOAT:
    case LANG_EXPR_BOOL:
    case LANG_EXPR_UNIT:
    case LANG_EXPR_NAME:
    case LANG_EXPR_TYPE_NAME:
    case LANG_EXPR_HOLE:
        return;
    case LANG_EXPR_STRING:
        walk_string(&expr->as.string, visit, context);
        return;
    case LANG_EXPR_TUPLE:
    case LANG_EXPR_LIST:
    case LANG_EXPR_SET:
        walk_list(expr->as.list, visit, context);
        return;
    case LANG_EXPR_MAP:
        for (uint32_t i = 0; i < expr->as.map.count; i++) {
            visit(context, expr->as.map.entries[i].key);
            visit(context, expr->as.map.entries[i].value);
        }
        return;
    case LANG_EXPR_RECORD:
    case LANG_EXPR_UPDATE:
    case LANG_EXPR_STRUCT:
        walk_record(expr, visit, context);
        return;
    case LANG_EXPR_BLOCK:
        for (uint32_t i = 0; i < expr->as.block.count; i++) {
            walk_statement(&expr->as.block.statements[i], visit, context);
        }
        return;
    case LANG_EXPR_LAMBDA:
        visit(context, expr->as.lambda.body);
        return;
    case LANG_EXPR_IF:
        visit(context, expr->as.condition.condition);
        visit(context, expr->as.condition.then_branch);
        walk_optional(expr->as.condition.else_branch, visit, context);
        return;
    case LANG_EXPR_MATCH:
        walk_match(expr, visit, context);
        return;
    case LANG_EXPR_FOR:
        visit(context, expr->as.loop.collection);
        visit(context, expr->as.loop.body);
        return;
    case LANG_EXPR_WITH_RECORDS:
    case LANG_EXPR_HANDLE:
        walk_handlers(expr, visit, context);
        return;
    case LANG_EXPR_WITH_CAPTURE:
        visit(context, expr->as.capture.body);
        return;
    case LANG_EXPR_RESTRICT:
        visit(context, expr->as.restriction.body);
        return;
    case LANG_EXPR_EXPECT:
        visit(context, expr->as.expect.subject);
        walk_optional(expr->as.expect.operand, visit, context);
        return;
    case LANG_EXPR_UNARY:
        visit(context, expr->as.unary.operand);
        return;
    case LANG_EXPR_BINARY:
    case LANG_EXPR_PIPE:
    case LANG_EXPR_RANGE:
        visit(context, expr->as.binary.left);
        visit(context, expr->as.binary.right);
        return;
    case LANG_EXPR_CALL:
        visit(context, expr->as.call.callee);
        for (uint32_t i = 0; i < expr->as.call.count; i++) {
            visit(context, expr->as.call.arguments[i].value);
        }
        return;
    case LANG_EXPR_FIELD:
        visit(context, expr->as.field.object);
        return;
    case LANG_EXPR_TRY:
        visit(context, expr->as.operand);
        return;
    }
}

static void walk_item(const lang_item *item, lang_visit visit, void *context)
{
    switch ((int)item->kind) {
    case LANG_ITEM_TEST:
    case LANG_ITEM_IT:
        visit(context, item->as.test.body);
        return;
    case LANG_ITEM_BEFORE_EACH:
    case LANG_ITEM_AFTER_EACH:
        visit(context, item->as.hook);
        return;
    case LANG_ITEM_LET:
        visit(context, item->as.let.value);
        return;
    case LANG_ITEM_GROUP:
        for (uint32_t i = 0; i < item->as.group.count; i++) {
            walk_item(item->as.group.items[i], visit, context);
        }
        return;
    default: // Functions are symbols; the rest has no bodies.
        return;
    }
}

void lang_walk_loose_bodies(const lang_tree *tree, lang_visit visit, void *context)
{
    for (uint32_t i = 0; i < tree->count; i++) {
        walk_item(tree->items[i], visit, context);
    }
}

static void walk_name_list(lang_pattern_list list, lang_visit_name visit, void *context)
{
    for (uint32_t i = 0; i < list.count; i++) {
        lang_walk_names(list.items[i], visit, context);
    }
}

void lang_walk_names(const lang_pattern *pattern, lang_visit_name visit, void *context)
{
    switch (pattern->kind) {
    case LANG_PATTERN_NAME:
        visit(context, pattern);
        return;
    case LANG_PATTERN_WILDCARD:
    case LANG_PATTERN_INT:
    case LANG_PATTERN_FLOAT:
    case LANG_PATTERN_STRING:
    case LANG_PATTERN_BOOL:
    case LANG_PATTERN_UNIT:
        return;
    case LANG_PATTERN_CONSTRUCTOR:
        walk_name_list(pattern->as.constructor.arguments, visit, context);
        return;
    case LANG_PATTERN_TUPLE:
        walk_name_list(pattern->as.tuple, visit, context);
        return;
    case LANG_PATTERN_RECORD:
        for (uint32_t i = 0; i < pattern->as.record.count; i++) {
            lang_walk_names(pattern->as.record.fields[i].pattern, visit, context);
        }
        return;
    case LANG_PATTERN_LIST:
        walk_name_list(pattern->as.list.items, visit, context);
        if (pattern->as.list.rest != NULL) {
            visit(context, pattern->as.list.rest);
        }
        return;
    }
}
