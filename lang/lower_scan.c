// lang/lower_scan.c: what must be known of a unit before its functions are lowered: which mutable
// variables inner functions capture, which operations some handler of the program may take, and
// whether a handler clause resumes at its tail.
#include "lang/lower.h"
#include "lang/walk.h"

typedef struct scan {
    lower_program *program;
    lang_unit *unit;
    lower_scan *result;
    uint32_t *levels; // NAME patterns: the inner function that binds them.
    uint32_t level;   // Number of the inner function that is being walked; each has its own.
    uint32_t level_count;
} scan;

static void scan_expr(scan *scan_, const lang_expr *expr);

static void bind_name(void *of, const lang_pattern *name)
{
    scan *scan_ = of;
    scan_->levels[name->id] = scan_->level;
}

static void bind_pattern(scan *scan_, const lang_pattern *pattern)
{
    lang_walk_names(pattern, bind_name, scan_);
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

static void visit_expr(void *of, const lang_expr *expr)
{
    scan_expr(of, expr);
}

static void scan_expr(scan *scan_, const lang_expr *expr)
{
    switch ((int)expr->kind) {
    case LANG_EXPR_NAME:
        use_local(scan_, expr->id);
        return;
    case LANG_EXPR_BLOCK:
        for (uint32_t i = 0; i < expr->as.block.count; i++) {
            scan_statement(scan_, &expr->as.block.statements[i]);
        }
        return;
    case LANG_EXPR_LAMBDA:
        scan_inner(scan_, &expr->as.lambda.parameters, expr->as.lambda.body);
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
    case LANG_EXPR_FIELD:
        use_local(scan_, expr->id);
        scan_expr(scan_, expr->as.field.object);
        return;
    default: // The other kinds bind nothing and refer to nothing themselves.
        lang_walk(expr, visit_expr, scan_);
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
