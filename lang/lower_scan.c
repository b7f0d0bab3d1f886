// lang/lower_scan.c: what must be known of a unit before its functions are lowered: which mutable
// variables inner functions capture, which operations some handler of the program may take, and
// whether a handler clause resumes at its tail.
#include "lang/lower.h"

typedef struct scan {
    lower_program *program;
    lang_unit *unit;
    lower_scan *result;
    uint32_t *levels; // NAME patterns: the inner function that binds them.
    uint32_t level;   // Number of the inner function that is being walked; each has its own.
    uint32_t level_count;
} scan;

static void scan_expr(scan *scan_, const lang_expr *expr);

static void bind_pattern(scan *scan_, const lang_pattern *pattern)
{
    switch (pattern->kind) {
    case LANG_PATTERN_NAME:
        scan_->levels[pattern->id] = scan_->level;
        return;
    case LANG_PATTERN_CONSTRUCTOR:
        for (uint32_t i = 0; i < pattern->as.constructor.arguments.count; i++) {
            bind_pattern(scan_, pattern->as.constructor.arguments.items[i]);
        }
        return;
    case LANG_PATTERN_TUPLE:
        for (uint32_t i = 0; i < pattern->as.tuple.count; i++) {
            bind_pattern(scan_, pattern->as.tuple.items[i]);
        }
        return;
    case LANG_PATTERN_RECORD:
        for (uint32_t i = 0; i < pattern->as.record.count; i++) {
            bind_pattern(scan_, pattern->as.record.fields[i].pattern);
        }
        return;
    case LANG_PATTERN_LIST:
        for (uint32_t i = 0; i < pattern->as.list.items.count; i++) {
            bind_pattern(scan_, pattern->as.list.items.items[i]);
        }
        if (pattern->as.list.rest != NULL) {
            bind_pattern(scan_, pattern->as.list.rest);
        }
        return;
    case LANG_PATTERN_WILDCARD:
    case LANG_PATTERN_INT:
    case LANG_PATTERN_FLOAT:
    case LANG_PATTERN_STRING:
    case LANG_PATTERN_BOOL:
    case LANG_PATTERN_UNIT:
        return;
    }
}

static void use_local(scan *scan_, uint32_t id)
{
    const lang_ref *ref = &scan_->unit->refs[id];
    if (ref->kind != LANG_REF_LOCAL) {
        return;
    }
    scan_->result->uses[ref->as.local] += 1;
    if (scan_->levels[ref->as.local] != scan_->level) {
        scan_->result->captured[ref->as.local] = true;
    }
}

static void scan_inner(scan *scan_, const lang_pattern_list *parameters, const lang_expr *body)
{
    uint32_t outer = scan_->level;
    scan_->level = ++scan_->level_count;
    for (uint32_t i = 0; parameters != NULL && i < parameters->count; i++) {
        bind_pattern(scan_, parameters->items[i]);
    }
    scan_expr(scan_, body);
    scan_->level = outer;
}

static void mark_handled(scan *scan_, bl_slice effect, bl_slice operation)
{
    lower_program *program = scan_->program;
    bl_slice key = effect;
    if (operation.data != NULL) {
        bl_slice name = lower_operation_name(operation);
        key =
            bl_arena_format(program->arena, "%.*s.%.*s", BL_SLICE_ARG(effect), BL_SLICE_ARG(name));
    }
    ir_table_put(&program->handled, program->arena, key, program);
}

static void scan_statement(scan *scan_, const lang_statement *statement)
{
    switch (statement->kind) {
    case LANG_STATEMENT_LET:
        scan_expr(scan_, statement->as.let.value);
        bind_pattern(scan_, statement->as.let.pattern);
        return;
    case LANG_STATEMENT_ASSIGN:
        scan_expr(scan_, statement->as.assign.value);
        use_local(scan_, statement->id);
        return;
    case LANG_STATEMENT_EXPR:
        scan_expr(scan_, statement->as.expr);
        return;
    }
}

static void scan_match(scan *scan_, const lang_expr *expr)
{
    scan_expr(scan_, expr->as.match.subject);
    for (uint32_t i = 0; i < expr->as.match.count; i++) {
        const lang_arm *arm = &expr->as.match.arms[i];
        for (uint32_t j = 0; j < arm->patterns.count; j++) {
            bind_pattern(scan_, arm->patterns.items[j]);
        }
        if (arm->guard != NULL) {
            scan_expr(scan_, arm->guard);
        }
        scan_expr(scan_, arm->body);
    }
}

static void scan_effects(scan *scan_, const lang_expr *expr)
{
    if (expr->kind == LANG_EXPR_WITH_RECORDS) {
        for (uint32_t i = 0; i < expr->as.with.count; i++) {
            mark_handled(scan_, expr->as.with.records[i].effect.text, (bl_slice){0});
            scan_expr(scan_, expr->as.with.records[i].value);
        }
        scan_expr(scan_, expr->as.with.body);
    } else if (expr->kind == LANG_EXPR_WITH_CAPTURE) {
        mark_handled(scan_, expr->as.capture.effect.text, expr->as.capture.operation.text);
        scan_expr(scan_, expr->as.capture.body);
    } else {
        scan_inner(scan_, NULL, expr->as.handle.body);
        for (uint32_t i = 0; i < expr->as.handle.count; i++) {
            const lang_clause *clause = &expr->as.handle.clauses[i];
            mark_handled(scan_, clause->effect.text, clause->operation.text);
            scan_inner(scan_, &clause->parameters, clause->body);
        }
    }
}

static void scan_list(scan *scan_, const lang_expr_list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        scan_expr(scan_, list->items[i]);
    }
}

static void scan_optional(scan *scan_, const lang_expr *expr)
{
    if (expr != NULL) {
        scan_expr(scan_, expr);
    }
}

static void scan_data(scan *scan_, const lang_expr *expr)
{
    if (expr->kind == LANG_EXPR_STRING) {
        for (uint32_t i = 0; i < expr->as.string.count; i++) {
            scan_optional(scan_, expr->as.string.parts[i].expr);
        }
    } else if (expr->kind == LANG_EXPR_MAP) {
        for (uint32_t i = 0; i < expr->as.map.count; i++) {
            scan_expr(scan_, expr->as.map.entries[i].key);
            scan_expr(scan_, expr->as.map.entries[i].value);
        }
    } else {
        scan_optional(scan_, expr->as.record.base);
        for (uint32_t i = 0; i < expr->as.record.count; i++) {
            scan_expr(scan_, expr->as.record.fields[i].value);
        }
    }
}

static void scan_expr(scan *scan_, const lang_expr *expr)
{
    switch (expr->kind) {
    case LANG_EXPR_INT:
    case LANG_EXPR_FLOAT:
    case LANG_EXPR_BOOL:
    case LANG_EXPR_UNIT:
    case LANG_EXPR_TYPE_NAME:
    case LANG_EXPR_HOLE:
        return;
    case LANG_EXPR_NAME:
        use_local(scan_, expr->id);
        return;
    case LANG_EXPR_STRING:
    case LANG_EXPR_MAP:
    case LANG_EXPR_RECORD:
    case LANG_EXPR_UPDATE:
    case LANG_EXPR_STRUCT:
        scan_data(scan_, expr);
        return;
    case LANG_EXPR_TUPLE:
    case LANG_EXPR_LIST:
    case LANG_EXPR_SET:
        scan_list(scan_, &expr->as.list);
        return;
    case LANG_EXPR_BLOCK:
        for (uint32_t i = 0; i < expr->as.block.count; i++) {
            scan_statement(scan_, &expr->as.block.statements[i]);
        }
        return;
    case LANG_EXPR_LAMBDA:
        scan_inner(scan_, &expr->as.lambda.parameters, expr->as.lambda.body);
        return;
    case LANG_EXPR_IF:
        scan_expr(scan_, expr->as.condition.condition);
        scan_expr(scan_, expr->as.condition.then_branch);
        scan_optional(scan_, expr->as.condition.else_branch);
        return;
    case LANG_EXPR_MATCH:
        scan_match(scan_, expr);
        return;
    case LANG_EXPR_FOR:
        scan_expr(scan_, expr->as.loop.collection);
        bind_pattern(scan_, expr->as.loop.pattern);
        scan_expr(scan_, expr->as.loop.body);
        return;
    case LANG_EXPR_WITH_RECORDS:
    case LANG_EXPR_WITH_CAPTURE:
    case LANG_EXPR_HANDLE:
        scan_effects(scan_, expr);
        return;
    case LANG_EXPR_RESTRICT:
        scan_expr(scan_, expr->as.restriction.body);
        return;
    case LANG_EXPR_EXPECT:
        scan_expr(scan_, expr->as.expect.subject);
        scan_optional(scan_, expr->as.expect.operand);
        return;
    case LANG_EXPR_UNARY:
        scan_expr(scan_, expr->as.unary.operand);
        return;
    case LANG_EXPR_BINARY:
    case LANG_EXPR_PIPE:
    case LANG_EXPR_RANGE:
        scan_expr(scan_, expr->as.binary.left);
        scan_expr(scan_, expr->as.binary.right);
        return;
    case LANG_EXPR_CALL:
        scan_expr(scan_, expr->as.call.callee);
        for (uint32_t i = 0; i < expr->as.call.count; i++) {
            scan_expr(scan_, expr->as.call.arguments[i].value);
        }
        return;
    case LANG_EXPR_FIELD:
        use_local(scan_, expr->id);
        scan_expr(scan_, expr->as.field.object);
        return;
    case LANG_EXPR_TRY:
        scan_expr(scan_, expr->as.operand);
        return;
    }
}

// ---- items -----------------------------------------------------------------------------------

static void scan_function(scan *scan_, const lang_function *function)
{
    scan_->level = ++scan_->level_count;
    for (uint32_t i = 0; i < function->parameters.count; i++) {
        bind_pattern(scan_, function->parameters.items[i].pattern);
    }
    scan_expr(scan_, function->body);
}

static void scan_item(scan *scan_, const lang_item *item)
{
    switch (item->kind) {
    case LANG_ITEM_FUNCTION:
        scan_function(scan_, &item->as.function);
        return;
    case LANG_ITEM_TRAIT:
        for (uint32_t i = 0; i < item->as.trait.function_count; i++) {
            scan_function(scan_, &item->as.trait.functions[i]);
        }
        return;
    case LANG_ITEM_IMPL:
        for (uint32_t i = 0; i < item->as.impl.function_count; i++) {
            scan_function(scan_, &item->as.impl.functions[i]);
        }
        return;
    case LANG_ITEM_TEST:
    case LANG_ITEM_IT:
        scan_inner(scan_, NULL, item->as.test.body);
        return;
    case LANG_ITEM_BEFORE_EACH:
    case LANG_ITEM_AFTER_EACH:
        scan_inner(scan_, NULL, item->as.hook);
        return;
    case LANG_ITEM_LET:
        bind_pattern(scan_, item->as.let.pattern);
        scan_inner(scan_, NULL, item->as.let.value);
        return;
    case LANG_ITEM_GROUP:
        for (uint32_t i = 0; i < item->as.group.count; i++) {
            scan_item(scan_, item->as.group.items[i]);
        }
        return;
    case LANG_ITEM_MODULE:
    case LANG_ITEM_PRELUDE:
    case LANG_ITEM_IMPORT:
    case LANG_ITEM_TYPE:
    case LANG_ITEM_EFFECT:
    case LANG_ITEM_TEST_SECTION:
        return;
    }
}

lower_scan *lower_scan_unit(lower_program *program, lang_unit *unit)
{
    bl_arena *arena = program->arena;
    uint32_t count = unit->tree->node_count;
    lower_scan *result = bl_arena_alloc(arena, sizeof *result);
    result->captured = bl_arena_alloc_zeroed(arena, count + 1);
    result->uses = bl_arena_alloc_zeroed(arena, (count + 1) * sizeof(uint32_t));
    scan scan_ = {.program = program, .unit = unit, .result = result};
    scan_.levels = bl_arena_alloc_zeroed(arena, (count + 1) * sizeof(uint32_t));
    for (uint32_t i = 0; i < unit->tree->count; i++) {
        scan_item(&scan_, unit->tree->items[i]);
    }
    return result;
}

// ---- clauses ---------------------------------------------------------------------------------

// Counts the calls of resume at the tails of a body; false if some path ends otherwise.
static bool count_resumes(const lang_unit *unit, const lang_expr *body, uint32_t resume_id,
                          uint32_t *count)
{
    if (body->kind == LANG_EXPR_BLOCK) {
        uint32_t last = body->as.block.count - 1;
        const lang_statement *statement = &body->as.block.statements[last];
        return statement->kind == LANG_STATEMENT_EXPR &&
               count_resumes(unit, statement->as.expr, resume_id, count);
    }
    if (body->kind == LANG_EXPR_IF) {
        return body->as.condition.else_branch != NULL &&
               count_resumes(unit, body->as.condition.then_branch, resume_id, count) &&
               count_resumes(unit, body->as.condition.else_branch, resume_id, count);
    }
    if (body->kind == LANG_EXPR_MATCH) {
        for (uint32_t i = 0; i < body->as.match.count; i++) {
            if (!count_resumes(unit, body->as.match.arms[i].body, resume_id, count)) {
                return false;
            }
        }
        return true;
    }
    if (body->kind != LANG_EXPR_CALL || body->as.call.count > 1) {
        return false;
    }
    const lang_expr *callee = body->as.call.callee;
    const lang_ref *ref = &unit->refs[callee->id];
    *count += 1;
    return callee->kind == LANG_EXPR_NAME && ref->kind == LANG_REF_LOCAL &&
           ref->as.local == resume_id;
}

bool lower_resumes_at_tail(const lang_unit *unit, const lower_scan *scan_, const lang_expr *body,
                           uint32_t resume_id)
{
    uint32_t count = 0;
    return count_resumes(unit, body, resume_id, &count) && count == scan_->uses[resume_id];
}
