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

void ir_optimise(ir_program *program, bool enabled)
{
    for (uint32_t i = 0; i < program->function_count; i++) {
        ir_function *function = program->functions[i];
        if (function->block_count == 0 || function->is_dead) {
            continue;
        }
        ir_renumber(function);
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
}
