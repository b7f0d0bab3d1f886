// lang/cycles.c: pass 6: pairs of lambdas in one block that mention each other.
//
// Two immutable lets of simple names bound to lambdas, each mentioning the other's name free in
// its body, hold each other alive. For each block: which of its lambdas mention which of its
// candidate names, by one walk over each lambda with a chain of the names that are bound inside.
#include "lang/sema.h"
#include "lang/walk.h"

typedef struct bound_name {
    const struct bound_name *outer;
    bl_slice name;
} bound_name;

typedef struct candidate {
    const lang_pattern *name;
    const lang_expr *lambda;
} candidate;

typedef struct cycle_pass {
    lang_unit *unit;
    bl_arena *arena;
    // Of the lambda being walked.
    const candidate *candidates;
    uint32_t candidate_count;
    bool *mentioned; // By candidate.
    const bound_name *bound;
} cycle_pass;

static bool is_bound(const cycle_pass *pass, bl_slice name)
{
    for (const bound_name *at = pass->bound; at != NULL; at = at->outer) {
        if (bl_slice_equal(at->name, name)) {
            return true;
        }
    }
    return false;
}

static void bind_name(void *of, const lang_pattern *name)
{
    cycle_pass *pass = of;
    bound_name *inner = bl_arena_alloc(pass->arena, sizeof(*inner));
    *inner = (bound_name){pass->bound, name->as.name};
    pass->bound = inner;
}

static void bind_list(cycle_pass *pass, lang_pattern_list list)
{
    for (uint32_t i = 0; i < list.count; i++) {
        lang_walk_names(list.items[i], bind_name, pass);
    }
}

static void mention(cycle_pass *pass, bl_slice name)
{
    if (is_bound(pass, name)) {
        return;
    }
    for (uint32_t i = 0; i < pass->candidate_count; i++) {
        if (bl_slice_equal(pass->candidates[i].name->as.name, name)) {
            pass->mentioned[i] = true;
        }
    }
}

static void find_mentions(void *of, const lang_expr *expr)
{
    cycle_pass *pass = of;
    const bound_name *saved = pass->bound;
    switch ((int)expr->kind) {
    case LANG_EXPR_NAME:
        mention(pass, expr->as.name);
        break;
    case LANG_EXPR_LAMBDA:
        bind_list(pass, expr->as.lambda.parameters);
        find_mentions(pass, expr->as.lambda.body);
        break;
    case LANG_EXPR_BLOCK:
        for (uint32_t i = 0; i < expr->as.block.count; i++) {
            const lang_statement *statement = &expr->as.block.statements[i];
            if (statement->kind == LANG_STATEMENT_LET) {
                find_mentions(pass, statement->as.let.value);
                lang_walk_names(statement->as.let.pattern, bind_name, pass);
            } else if (statement->kind == LANG_STATEMENT_ASSIGN) {
                mention(pass, statement->as.assign.target.text);
                find_mentions(pass, statement->as.assign.value);
            } else {
                find_mentions(pass, statement->as.expr);
            }
        }
        break;
    case LANG_EXPR_MATCH:
        find_mentions(pass, expr->as.match.subject);
        for (uint32_t i = 0; i < expr->as.match.count; i++) {
            bind_list(pass, expr->as.match.arms[i].patterns);
            if (expr->as.match.arms[i].guard != NULL) {
                find_mentions(pass, expr->as.match.arms[i].guard);
            }
            find_mentions(pass, expr->as.match.arms[i].body);
            pass->bound = saved;
        }
        break;
    case LANG_EXPR_FOR:
        find_mentions(pass, expr->as.loop.collection);
        lang_walk_names(expr->as.loop.pattern, bind_name, pass);
        find_mentions(pass, expr->as.loop.body);
        break;
    case LANG_EXPR_HANDLE:
        find_mentions(pass, expr->as.handle.body);
        for (uint32_t i = 0; i < expr->as.handle.count; i++) {
            bind_list(pass, expr->as.handle.clauses[i].parameters);
            find_mentions(pass, expr->as.handle.clauses[i].body);
            pass->bound = saved;
        }
        break;
    default: // Nothing is bound by the other kinds.
        lang_walk(expr, find_mentions, pass);
        break;
    }
    pass->bound = saved;
}

static bool is_function_name(const lang_unit *unit, bl_slice name)
{
    for (uint32_t i = 0; i < unit->function_count; i++) {
        const lang_function_symbol *function = unit->functions[i];
        if (function->trait == NULL && bl_slice_equal(function->syntax->name.text, name)) {
            return true;
        }
    }
    return false;
}

static void report(lang_unit *unit, const candidate *first, const candidate *second)
{
    lang_diagnostics *list = &unit->diagnostics;
    lang_diagnostic *found = lang_diagnostics_add(
        list, LANG_W_CYCLE_001, second->name->span,
        "closures `%.*s` and `%.*s` capture each other and may form a reference cycle",
        BL_SLICE_ARG(first->name->as.name), BL_SLICE_ARG(second->name->as.name));
    lang_diagnostic_context(list, found, "Values that hold each other are never released.");
    lang_diagnostic_suggest(list, found, "scope", 0.7,
                            "Make one of them a top-level function and pass it what it needs");
    lang_diagnostic_suggest(list, found, "restructure", 0.6,
                            "Pass one closure to the other as an argument");
}

static bool is_candidate(const lang_unit *unit, const lang_statement *statement)
{
    return statement->kind == LANG_STATEMENT_LET && !statement->as.let.mutable &&
           statement->as.let.pattern->kind == LANG_PATTERN_NAME &&
           statement->as.let.value->kind == LANG_EXPR_LAMBDA &&
           !is_function_name(unit, statement->as.let.pattern->as.name);
}

static void check_block(cycle_pass *pass, const lang_expr *block)
{
    uint32_t count = 0;
    candidate *candidates =
        bl_arena_alloc(pass->arena, block->as.block.count * sizeof(*candidates));
    for (uint32_t i = 0; i < block->as.block.count; i++) {
        const lang_statement *statement = &block->as.block.statements[i];
        if (is_candidate(pass->unit, statement)) {
            candidates[count++] = (candidate){statement->as.let.pattern, statement->as.let.value};
        }
    }
    if (count < 2) {
        return;
    }
    bool *mentions = bl_arena_alloc_zeroed(pass->arena, (size_t)count * count);
    pass->candidates = candidates;
    pass->candidate_count = count;
    for (uint32_t i = 0; i < count; i++) {
        pass->bound = NULL;
        pass->mentioned = mentions + (size_t)i * count;
        find_mentions(pass, candidates[i].lambda);
    }
    for (uint32_t j = 1; j < count; j++) {
        for (uint32_t i = 0; i < j; i++) {
            if (mentions[(size_t)i * count + j] && mentions[(size_t)j * count + i]) {
                report(pass->unit, &candidates[i], &candidates[j]);
            }
        }
    }
}

static void find_blocks(void *of, const lang_expr *expr)
{
    if (expr->kind == LANG_EXPR_BLOCK) {
        check_block(of, expr);
    }
    lang_walk(expr, find_blocks, of);
}

void lang_check_cycles(lang_unit *unit)
{
    bl_arena scratch;
    bl_arena_init(&scratch, 0);
    cycle_pass pass = {.unit = unit, .arena = &scratch};
    for (uint32_t i = 0; i < unit->function_count; i++) {
        find_blocks(&pass, unit->functions[i]->syntax->body);
    }
    lang_walk_loose_bodies(unit->tree, find_blocks, &pass);
    bl_arena_deinit(&scratch);
}
