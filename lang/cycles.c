// lang/cycles.c: pass 6: pairs of lambdas in one block that mention each other.
//
// Two immutable lets of simple names bound to lambdas, each mentioning the other's name free in
// its body, hold each other alive. For each block: which of its lambdas mention which of its
// candidate names, by one walk over each lambda with a chain of the names that are bound inside.
// The mentions are kept as pairs, since a block of many lambdas has few of them.
#include "lang/sema.h"
#include "lang/walk.h"

#include <stdlib.h>

typedef struct bound_name {
    const struct bound_name *outer;
    bl_slice name;
} bound_name;

typedef struct candidate {
    const lang_pattern *name;
    const lang_expr *lambda;
    uint32_t index; // In order of the block.
} candidate;

// Lambda `from` mentions the name of lambda `to`.
typedef struct mention_pair {
    uint32_t from;
    uint32_t to;
} mention_pair;

typedef struct cycle_pass {
    lang_unit *unit;
    bl_arena *arena;
    // Of the block being judged.
    const candidate *candidates; // By name, then index.
    uint32_t candidate_count;
    bl_buffer pairs; // mention_pair
    // Of the lambda being walked.
    uint32_t from;
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

static int compare_candidates(const void *a, const void *b)
{
    const candidate *left = a;
    const candidate *right = b;
    int order = bl_slice_compare(left->name->as.name, right->name->as.name);
    return order != 0 ? order : (left->index > right->index) - (left->index < right->index);
}

static uint32_t first_of_name(const cycle_pass *pass, bl_slice name)
{
    uint32_t low = 0;
    uint32_t high = pass->candidate_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (bl_slice_compare(pass->candidates[middle].name->as.name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void mention(cycle_pass *pass, bl_slice name)
{
    uint32_t at = first_of_name(pass, name);
    for (; at < pass->candidate_count; at++) {
        const candidate *found = &pass->candidates[at];
        if (!bl_slice_equal(found->name->as.name, name) || is_bound(pass, name)) {
            return;
        }
        mention_pair pair = {pass->from, found->index};
        bl_buffer_append(&pass->pairs, (const char *)&pair, sizeof(pair));
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

static int compare_pairs(const void *a, const void *b)
{
    const mention_pair *left = a;
    const mention_pair *right = b;
    if (left->from != right->from) {
        return left->from > right->from ? 1 : -1;
    }
    return (left->to > right->to) - (left->to < right->to);
}

// The later one of two lambdas is reported, in order of the block.
static void report_pairs(cycle_pass *pass, const candidate *candidates)
{
    mention_pair *pairs = (mention_pair *)(void *)pass->pairs.data;
    size_t count = pass->pairs.size / sizeof(*pairs);
    if (count == 0) {
        return;
    }
    qsort(pairs, count, sizeof(*pairs), compare_pairs);
    for (size_t i = 0; i < count; i++) {
        mention_pair back = {pairs[i].to, pairs[i].from};
        bool is_repeated = i > 0 && compare_pairs(&pairs[i], &pairs[i - 1]) == 0;
        if (back.from < back.to && !is_repeated &&
            bsearch(&back, pairs, count, sizeof(*pairs), compare_pairs) != NULL) {
            report(pass->unit, &candidates[back.from], &candidates[back.to]);
        }
    }
}

static void check_block(cycle_pass *pass, const lang_expr *block)
{
    uint32_t count = 0;
    size_t size = block->as.block.count * sizeof(candidate);
    candidate *candidates = bl_arena_alloc(pass->arena, size);
    for (uint32_t i = 0; i < block->as.block.count; i++) {
        const lang_statement *statement = &block->as.block.statements[i];
        if (is_candidate(pass->unit, statement)) {
            candidates[count] =
                (candidate){statement->as.let.pattern, statement->as.let.value, count};
            count++;
        }
    }
    if (count < 2) {
        return;
    }
    candidate *by_name = bl_arena_alloc(pass->arena, size);
    memcpy(by_name, candidates, count * sizeof(*by_name));
    qsort(by_name, count, sizeof(*by_name), compare_candidates);
    pass->candidates = by_name;
    pass->candidate_count = count;
    pass->pairs.size = 0;
    for (uint32_t i = 0; i < count; i++) {
        pass->bound = NULL;
        pass->from = i;
        find_mentions(pass, candidates[i].lambda);
    }
    report_pairs(pass, candidates);
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
    bl_buffer_deinit(&pass.pairs);
    bl_arena_deinit(&scratch);
}
