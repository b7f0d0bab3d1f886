// lang/own_borrow.c: parameters that a function only looks at.
//
// Such a parameter is borrowed: the caller keeps its count, for the whole call, and the callee
// neither drops it nor counts the parts it reads. `mix(left, d) + mix(right, d)` over a tree then
// counts nothing at all. Borrowed within a function are, besides its borrowed parameters, the
// variables whose every definition is a part or a copy of something borrowed: a loop that goes
// down a tree (`get(left, key)` at the tail) borrows all the way.
//
// All parameters are taken to be borrowed until something shows the opposite, over the whole
// program, until nothing changes. A parameter is owned if
// - it is used up: returned, stored, captured, handed to who owns it;
// - a part of it is taken to build something: then its last owner may move the parts out, and what
//   they hold is changed in place;
// - some tail call hands over a value that its caller owns: the drop behind the call would make it
//   a call like any other, and loops over several functions would grow the stack;
// - the function is a value somewhere, or called from outside: such callers know no signature.
#include "lang/ir.h"
#include "lang/types.h"

// Parameters beyond are owned.
#define BORROWS_MAX 64

typedef struct examination {
    ir_function *function;
    bool *is_borrowed; // By variable.
    bool *is_taken;    // By variable: something is made of it, or of a part of it.
    bool changed;
} examination;

static bool holds_counted(const ir_function *function, ir_var var)
{
    return (function->variables[var].kinds & IR_KINDS_HEAP) != 0;
}

// What the declared types say is good enough where it only chooses between two right answers.
static bool is_scalar_type(const lang_type *type)
{
    return type != NULL && (type->shape == LANG_SHAPE_INT || type->shape == LANG_SHAPE_FLOAT ||
                            type->shape == LANG_SHAPE_BOOL || type->shape == LANG_SHAPE_UNIT);
}

static bool reads_part(const ir_instruction *at)
{
    return at->op == IR_FIELD || at->op == IR_TUPLE_GET || at->op == IR_VARIANT_GET ||
           at->op == IR_LIST_GET;
}

// A part that is handed on as it is: nothing is gained by moving it out of the whole.
static bool only_hands_on(const ir_instruction *at)
{
    return at->op == IR_RETURN || (at->op == IR_VARIANT && at->count == 1);
}

static void own(examination *seen, ir_var var)
{
    seen->changed |= seen->is_borrowed[var];
    seen->is_borrowed[var] = false;
}

static void take(examination *seen, ir_var var)
{
    seen->changed |= !seen->is_taken[var];
    seen->is_taken[var] = true;
    own(seen, var);
}

static bool may_be_read_from(const examination *seen, ir_var var)
{
    return seen->is_borrowed[var] || !holds_counted(seen->function, var);
}

static void examine_arguments(examination *seen, const ir_instruction *at)
{
    const ir_function *function = seen->function;
    for (uint32_t i = 0; i < at->count; i++) {
        ir_var var = at->args[i];
        if (!ir_owns(at, i) || !holds_counted(function, var)) {
            continue;
        }
        if (at->op == IR_COPY) {
            if (seen->is_taken[at->result]) {
                take(seen, var);
            } else if (!seen->is_borrowed[at->result]) {
                own(seen, var);
            }
        } else if (only_hands_on(at) || is_scalar_type(function->variables[var].type)) {
            own(seen, var);
        } else {
            take(seen, var);
        }
    }
}

static void examine_result(examination *seen, const ir_instruction *at)
{
    if (at->second != IR_NO_VAR) {
        own(seen, at->second);
    }
    if (at->result == IR_NO_VAR || at->op == IR_CONSTANT) {
        return; // Constants are not counted.
    }
    bool part = reads_part(at);
    if ((part || at->op == IR_LIST_REST) && seen->is_taken[at->result]) {
        take(seen, at->args[0]);
    }
    if ((!part && at->op != IR_COPY) || !may_be_read_from(seen, at->args[0])) {
        own(seen, at->result);
    }
}

// Until nothing changes: from all parameters that are still borrowed, and all other variables.
static void examine(examination *seen)
{
    ir_function *function = seen->function;
    for (uint32_t i = 0; i < function->variable_count; i++) {
        bool parameter = i < function->param_count;
        seen->is_borrowed[i] = parameter ? i < BORROWS_MAX && (function->borrows >> i & 1) != 0
                                         : i != function->param_count;
        seen->is_borrowed[i] &= !function->variables[i].is_state;
        seen->is_taken[i] = false;
    }
    seen->changed = true;
    while (seen->changed) {
        seen->changed = false;
        for (uint32_t b = function->block_count; b > 0; b--) {
            for (ir_instruction *at = function->blocks[b - 1]->last; at != NULL;
                 at = at->previous) {
                examine_result(seen, at);
                examine_arguments(seen, at);
            }
        }
    }
}

static void examination_init(examination *seen, ir_function *function)
{
    *seen = (examination){.function = function};
    seen->is_borrowed = bl_alloc_zeroed(function->variable_count + 1, 1);
    seen->is_taken = bl_alloc_zeroed(function->variable_count + 1, 1);
}

static void examination_deinit(examination *seen)
{
    bl_free(seen->is_borrowed);
    bl_free(seen->is_taken);
}

// ---- the whole program -----------------------------------------------------------------------

// Functions whose signatures have changed: who calls them, and they themselves, are due again.
typedef struct agenda {
    ir_program *program;
    uint32_t *first; // Callers of function f: callers[first[f]] … callers[first[f + 1] - 1].
    uint32_t *callers;
    uint32_t *due; // A ring of function_count + 1.
    bool *is_due;
    uint32_t head;
    uint32_t count;
} agenda;

static void make_due(agenda *list, uint32_t function)
{
    if (!list->is_due[function]) {
        list->is_due[function] = true;
        list->due[(list->head + list->count++) % (list->program->function_count + 1)] = function;
    }
}

static void announce(agenda *list, const ir_function *changed)
{
    make_due(list, changed->index);
    for (uint32_t i = list->first[changed->index]; i < list->first[changed->index + 1]; i++) {
        make_due(list, list->callers[i]);
    }
}

static bool is_direct_call(const ir_instruction *at)
{
    return at->op == IR_CALL || at->op == IR_TAIL_CALL;
}

static bool is_left_out(const ir_function *function)
{
    return function->is_dead || function->block_count == 0;
}

// Calls op(list, callee, caller) for every call in the program.
static void for_each_call(agenda *list, void (*op)(agenda *, uint32_t, uint32_t))
{
    for (uint32_t f = 0; f < list->program->function_count; f++) {
        const ir_function *function = list->program->functions[f];
        for (uint32_t b = 0; !is_left_out(function) && b < function->block_count; b++) {
            for (const ir_instruction *at = function->blocks[b]->first; at != NULL; at = at->next) {
                if (is_direct_call(at)) {
                    op(list, at->as.function->index, f);
                }
            }
        }
    }
}

static void count_caller(agenda *list, uint32_t callee, uint32_t caller)
{
    (void)caller; // Only how many there are.
    list->first[callee + 1] += 1;
}

// first[callee] is moved on by each, and back by agenda_init.
static void note_caller(agenda *list, uint32_t callee, uint32_t caller)
{
    list->callers[list->first[callee]++] = caller;
}

static void agenda_init(agenda *list, ir_program *program)
{
    uint32_t count = program->function_count;
    *list = (agenda){.program = program};
    list->first = bl_alloc_zeroed(count + 2, sizeof *list->first);
    list->due = bl_alloc_zeroed(count + 1, sizeof *list->due);
    list->is_due = bl_alloc_zeroed(count + 1, sizeof *list->is_due);
    for_each_call(list, count_caller);
    for (uint32_t i = 0; i < count; i++) {
        list->first[i + 1] += list->first[i];
    }
    list->callers = bl_alloc_zeroed(list->first[count] + 1, sizeof *list->callers);
    for_each_call(list, note_caller);
    for (uint32_t i = count; i > 0; i--) {
        list->first[i] = list->first[i - 1];
    }
    list->first[0] = 0;
}

static void agenda_deinit(agenda *list)
{
    bl_free(list->first);
    bl_free(list->callers);
    bl_free(list->due);
    bl_free(list->is_due);
}

// A tail call leaves nobody behind who could drop what it lends.
static void examine_tail_calls(agenda *list, const examination *seen)
{
    const ir_function *function = seen->function;
    for (uint32_t b = 0; b < function->block_count; b++) {
        const ir_instruction *end = function->blocks[b]->last;
        for (uint32_t i = 0; end->op == IR_TAIL_CALL && i < end->count; i++) {
            ir_function *callee = end->as.function;
            if (!ir_owns(end, i) && !may_be_read_from(seen, end->args[i])) {
                callee->borrows &= ~(UINT64_C(1) << i);
                announce(list, callee);
            }
        }
    }
}

static void examine_function(agenda *list, ir_function *function)
{
    examination seen;
    examination_init(&seen, function);
    examine(&seen);
    uint64_t before = function->borrows;
    for (uint32_t i = 0; i < function->param_count && i < BORROWS_MAX; i++) {
        if (!seen.is_borrowed[i]) {
            function->borrows &= ~(UINT64_C(1) << i);
        }
    }
    if (function->borrows != before) {
        announce(list, function);
    }
    examine_tail_calls(list, &seen);
    examination_deinit(&seen);
}

void ir_find_borrows(ir_program *program)
{
    agenda list;
    agenda_init(&list, program);
    for (uint32_t f = 0; f < program->function_count; f++) {
        ir_function *function = program->functions[f];
        if (is_left_out(function)) {
            continue;
        }
        bool known = !function->escapes && !function->is_root && !function->is_closure;
        for (uint32_t i = 0; known && i < function->param_count && i < BORROWS_MAX; i++) {
            function->borrows |= holds_counted(function, i) ? UINT64_C(1) << i : 0;
        }
        make_due(&list, f);
    }
    while (list.count > 0) {
        uint32_t next = list.due[list.head];
        list.head = (list.head + 1) % (program->function_count + 1);
        list.count -= 1;
        list.is_due[next] = false;
        examine_function(&list, program->functions[next]);
    }
    agenda_deinit(&list);
}

void ir_mark_borrowed(ir_function *function)
{
    if (function->borrows == 0) {
        return;
    }
    examination seen;
    examination_init(&seen, function);
    examine(&seen);
    for (uint32_t i = 0; i < function->variable_count; i++) {
        if (seen.is_borrowed[i]) {
            function->variables[i].is_alias = true;
            function->variables[i].owner = IR_NO_VAR;
        }
    }
    examination_deinit(&seen);
}
