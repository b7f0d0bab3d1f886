// lang/opt.c: the order of the optimiser's passes.
#include "lang/opt.h"

void opt_define(ir_function *function)
{
    ir_liveness liveness;
    ir_liveness_init(&liveness, function);
    ir_block *entry = function->blocks[0];
    uint32_t known = function->param_count + (function->is_closure ? 1 : 0);
    uint32_t count = function->variable_count;
    for (uint32_t i = known; i < count; i++) {
        if (ir_live_in(&liveness, 0, i)) {
            ir_instruction *unit = ir_instruction_new(function, IR_CONSTANT, i, 0);
            unit->as.constant = vm_unit();
            ir_insert_before(entry, entry->first, unit);
        }
    }
    ir_liveness_deinit(&liveness);
}

// Functions that nothing refers to any more are not emitted.
static void mark(ir_program *program, ir_function **stack, uint32_t *depth, uint32_t index)
{
    ir_function *function = program->functions[index];
    if (function->is_dead && function->block_count != 0) {
        function->is_dead = false;
        stack[(*depth)++] = function;
    }
}

static void mark_value(ir_program *program, ir_function **stack, uint32_t *depth, vm_value value)
{
    if (value.tag == VM_FUNCTION) {
        mark(program, stack, depth, value.function->index);
    } else if (value.tag == VM_TUPLE) { // A dictionary: dictionaries of supertraits have an end.
        for (uint32_t i = 0; i < value.tuple->size; i++) {
            mark_value(program, stack, depth, value.tuple->items[i]);
        }
    }
}

static void mark_instruction(ir_program *program, ir_function **stack, uint32_t *depth,
                             const ir_instruction *at)
{
    if (at->op == IR_CALL || at->op == IR_TAIL_CALL || at->op == IR_CLOSURE) {
        mark(program, stack, depth, at->as.function->index);
    } else if (at->op == IR_CONSTANT) {
        mark_value(program, stack, depth, at->as.constant);
    } else if ((at->op == IR_PERFORM || at->op == IR_COLLECT_BEGIN) &&
               at->as.operation->function != NULL) {
        mark(program, stack, depth, at->as.operation->function->index);
    } else if (at->op == IR_HANDLE) {
        for (uint32_t i = 0; i < at->as.handler->count; i++) {
            const vm_operation *operation = at->as.handler->clauses[i].operation;
            if (operation->function != NULL) {
                mark(program, stack, depth, operation->function->index);
            }
        }
    }
}

static void find_dead(ir_program *program)
{
    ir_function **stack = bl_alloc((program->function_count + 1) * sizeof(ir_function *));
    uint32_t depth = 0;
    for (uint32_t i = 0; i < program->function_count; i++) {
        program->functions[i]->is_dead = true;
    }
    for (uint32_t i = 0; i < program->function_count; i++) {
        if (program->functions[i]->is_root) {
            mark(program, stack, &depth, i);
        }
    }
    while (depth > 0) {
        ir_function *function = stack[--depth];
        for (uint32_t b = 0; b < function->block_count; b++) {
            for (const ir_instruction *at = function->blocks[b]->first; at != NULL; at = at->next) {
                mark_instruction(program, stack, &depth, at);
            }
        }
    }
    bl_free(stack);
}

static void sink_parts(ir_program *program)
{
    for (uint32_t i = 0; i < program->function_count; i++) {
        if (program->functions[i]->block_count != 0 && !program->functions[i]->is_dead) {
            ir_sink_parts(program->functions[i]);
        }
    }
}

void ir_optimise(ir_program *program, bool enabled)
{
    for (uint32_t i = 0; i < program->function_count; i++) {
        if (program->functions[i]->block_count != 0) {
            ir_renumber(program->functions[i]);
        }
    }
    if (enabled) {
        opt_inline(program);
    }
    find_dead(program);
    for (uint32_t i = 0; i < program->function_count; i++) {
        ir_function *function = program->functions[i];
        if (function->block_count == 0 || function->is_dead) {
            continue;
        }
        opt_simplify(function);
        opt_tail_calls(function);
        ir_renumber(function);
        opt_simplify(function);
        opt_define(function);
        opt_select(function);
        if (enabled) {
            opt_hoist(function);
        }
    }
    opt_kinds(program);
    if (enabled) {
        ir_find_borrows(program);
        sink_parts(program);
    }
}
