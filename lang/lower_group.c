// lang/lower_group.c: functions of describe groups that use the group's lets.
//
// Lets of groups are variables of each test, functions are global. So a function that mentions
// such lets, itself or by way of other functions of groups, takes them as hidden parameters behind
// its dictionaries: values, or the boxes of those that are `let mut`. Which lets a function needs
// is the least fixed point over the functions of groups that it mentions.
#include "lang/lower.h"
#include "lang/walk.h"

typedef struct group_function {
    lang_function_symbol *symbol;
    uint32_t *needs; // Ids of NAME patterns.
    uint32_t count;
    uint32_t capacity;
    uint32_t *callees; // Indices of functions of groups.
    uint32_t callee_count;
    uint32_t callee_capacity;
} group_function;

typedef struct group_scan {
    bl_arena *arena;
    const lang_unit *unit;
    bool *is_let;       // By pattern id: bound by a let of a group.
    uint32_t *position; // By function index: of a function of a group + 1; 0: none.
    group_function *functions;
    uint32_t count;
    group_function *current;
} group_scan;

static bool add_number(bl_arena *arena, uint32_t **list, uint32_t *count, uint32_t *capacity,
                       uint32_t number)
{
    for (uint32_t i = 0; i < *count; i++) {
        if ((*list)[i] == number) {
            return false;
        }
    }
    if (*count == *capacity) {
        uint32_t larger = *capacity == 0 ? 4 : *capacity * 2;
        uint32_t *numbers = bl_arena_alloc(arena, larger * sizeof *numbers);
        if (*count != 0) {
            memcpy(numbers, *list, *count * sizeof *numbers);
        }
        *list = numbers;
        *capacity = larger;
    }
    (*list)[(*count)++] = number;
    return true;
}

static bool add_need(group_scan *scan, group_function *function, uint32_t id)
{
    return add_number(scan->arena, &function->needs, &function->count, &function->capacity, id);
}

static void note_reference(group_scan *scan, uint32_t id)
{
    const lang_ref *ref = &scan->unit->refs[id];
    if (ref->kind == LANG_REF_LOCAL && scan->is_let[ref->as.local]) {
        add_need(scan, scan->current, ref->as.local);
    } else if (ref->kind == LANG_REF_FUNCTION && scan->position[ref->as.function->index] != 0) {
        group_function *current = scan->current;
        add_number(scan->arena, &current->callees, &current->callee_count,
                   &current->callee_capacity, scan->position[ref->as.function->index] - 1);
    }
}

static void note_expr(void *of, const lang_expr *expr)
{
    group_scan *scan = of;
    if (expr->kind == LANG_EXPR_NAME) {
        note_reference(scan, expr->id);
    }
    for (uint32_t i = 0; expr->kind == LANG_EXPR_BLOCK && i < expr->as.block.count; i++) {
        if (expr->as.block.statements[i].kind == LANG_STATEMENT_ASSIGN) {
            note_reference(scan, expr->as.block.statements[i].id);
        }
    }
    lang_walk(expr, note_expr, scan);
}

static void note_let(void *of, const lang_pattern *name)
{
    ((group_scan *)of)->is_let[name->id] = true;
}

static void find_lets(group_scan *scan, lang_item *const *items, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (items[i]->kind == LANG_ITEM_GROUP) {
            find_lets(scan, items[i]->as.group.items, items[i]->as.group.count);
        } else if (items[i]->kind == LANG_ITEM_LET) {
            lang_walk_names(items[i]->as.let.pattern, note_let, scan);
        }
    }
}

static void find_functions(group_scan *scan)
{
    const lang_unit *unit = scan->unit;
    scan->functions =
        bl_arena_alloc_zeroed(scan->arena, (unit->function_count + 1) * sizeof *scan->functions);
    for (uint32_t i = 0; i < unit->function_count; i++) {
        if (unit->functions[i]->group != NULL) {
            scan->functions[scan->count++].symbol = unit->functions[i];
            scan->position[unit->functions[i]->index] = scan->count;
        }
    }
    for (uint32_t i = 0; i < scan->count; i++) {
        scan->current = &scan->functions[i];
        note_expr(scan, scan->current->symbol->syntax->body);
    }
}

static void spread_needs(group_scan *scan)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t i = 0; i < scan->count; i++) {
            group_function *function = &scan->functions[i];
            for (uint32_t k = 0; k < function->callee_count; k++) {
                const group_function *callee = &scan->functions[function->callees[k]];
                for (uint32_t n = 0; n < callee->count; n++) {
                    changed |= add_need(scan, function, callee->needs[n]);
                }
            }
        }
    }
}

void lower_find_group_lets(lower_program *program)
{
    const lang_unit *unit = program->world->main;
    bl_arena *arena = program->arena;
    uint32_t functions = program->world->function_count;
    group_scan scan = {.arena = arena, .unit = unit};
    scan.is_let = bl_arena_alloc_zeroed(arena, unit->tree->node_count + 1);
    scan.position = bl_arena_alloc_zeroed(arena, (functions + 1) * sizeof(uint32_t));
    find_lets(&scan, unit->tree->items, unit->tree->count);
    find_functions(&scan);
    spread_needs(&scan);
    program->group_lets =
        bl_arena_alloc_zeroed(arena, (functions + 1) * sizeof *program->group_lets);
    for (uint32_t i = 0; i < scan.count; i++) {
        program->group_lets[scan.functions[i].symbol->index] =
            (lower_group_lets){scan.functions[i].needs, scan.functions[i].count};
    }
}

lower_group_lets lower_lets_of(const lower_program *program, const lang_function_symbol *symbol)
{
    return program->group_lets == NULL ? (lower_group_lets){0} : program->group_lets[symbol->index];
}

void lower_pass_lets(lower_context *context, const lang_function_symbol *symbol, ir_var *vars)
{
    lower_group_lets lets = lower_lets_of(context->program, symbol);
    for (uint32_t i = 0; i < lets.count; i++) {
        const lower_local *local = lower_find(context, lets.ids[i]);
        if (local != NULL) {
            vars[i] = local->var;
            continue;
        }
        // A let further down, which has no value yet.
        vars[i] = lower_constant(context, vm_unit(), IR_NO_VAR);
        if (lower_let_is_boxed(context, lets.ids[i])) {
            vars[i] = lower_op(context, IR_BOX_NEW, lower_new(context, NULL), 1, vars[i]);
        }
    }
}

bool lower_let_is_boxed(const lower_context *context, uint32_t id)
{
    return context->unit->mutables[id] && context->scan->captured[id];
}
