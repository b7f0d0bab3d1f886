// lang/opt_facts.c: who defines each variable of a function, and how often it is read.
#include "lang/opt.h"

void opt_facts_init(opt_facts *facts, const ir_function *function)
{
    uint32_t count = function->variable_count + 1;
    facts->uses = bl_alloc_zeroed(count, sizeof *facts->uses);
    facts->definitions = bl_alloc_zeroed(count, sizeof *facts->definitions);
    facts->definition = bl_alloc_zeroed(count, sizeof(ir_instruction *));
    for (uint32_t i = 0; i <= function->param_count && i < count; i++) {
        facts->definitions[i] = 1;
    }
    for (uint32_t b = 0; b < function->block_count; b++) {
        for (ir_instruction *at = function->blocks[b]->first; at != NULL; at = at->next) {
            for (uint32_t i = 0; i < at->count; i++) {
                facts->uses[at->args[i]] += 1;
            }
            if (at->result != IR_NO_VAR) {
                facts->definitions[at->result] += 1;
                facts->definition[at->result] = at;
            }
            if (at->second != IR_NO_VAR) {
                facts->definitions[at->second] += 1;
            }
        }
    }
}

void opt_facts_deinit(opt_facts *facts)
{
    bl_free(facts->uses);
    bl_free(facts->definitions);
    bl_free(facts->definition);
}
