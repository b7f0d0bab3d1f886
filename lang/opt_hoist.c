// lang/opt_hoist.c: constants that stand in a loop and are only operands are made before it.
//
// Arguments of windows stay where they are: they have to be put there each time. A register is
// taken for the whole function, so only a few are moved.
#include "lang/emit.h"
#include "lang/limits.h"
#include "lang/opt.h"

// Marks blocks that lie on a cycle: in reverse postorder, between the target of a jump back and
// where it comes from (a little more than the loop itself).
static void find_loops(const ir_function *function, bool *in_loop)
{
    int32_t *opened = bl_alloc_zeroed(function->block_count + 2, sizeof *opened);
    for (uint32_t b = 0; b < function->block_count; b++) {
        ir_block *block = function->blocks[b];
        for (uint32_t i = 0; i < ir_successor_count(block); i++) {
            uint32_t to = (*ir_successor(block, i))->id;
            if (to <= b) {
                opened[to] += 1;
                opened[b + 1] -= 1;
            }
        }
    }
    int32_t depth = 0;
    for (uint32_t b = 0; b < function->block_count; b++) {
        depth += opened[b];
        in_loop[b] = depth > 0;
    }
    bl_free(opened);
}

static bool same_constant(vm_value a, vm_value b)
{
    return a.tag == b.tag && a.bits == b.bits;
}

void opt_hoist(ir_function *function)
{
    uint32_t count = function->variable_count + 1;
    bool *in_loop = bl_alloc_zeroed(function->block_count + 1, 1);
    bool *in_window = bl_alloc_zeroed(count, 1);
    opt_facts facts; // A parameter is defined once already, whatever a loop assigns to it.
    ir_var *instead = bl_alloc(count * sizeof *instead);
    const ir_instruction *hoisted[LANG_HOISTED_MAX];
    uint32_t hoisted_count = 0;
    find_loops(function, in_loop);
    opt_facts_init(&facts, function);
    for (uint32_t b = 0; b < function->block_count; b++) {
        for (const ir_instruction *at = function->blocks[b]->first; at != NULL; at = at->next) {
            bool moves = emit_has_window(at) || at->op == IR_COPY;
            for (uint32_t i = 0; i < at->count; i++) {
                in_window[at->args[i]] |= moves;
            }
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        instead[i] = i;
    }
    ir_block *entry = function->blocks[0];
    for (uint32_t b = 1; b < function->block_count; b++) {
        ir_block *block = function->blocks[b];
        for (ir_instruction *at = block->first; in_loop[b] && at != NULL;) {
            ir_instruction *next = at->next;
            if (at->op == IR_CONSTANT && facts.definitions[at->result] == 1 &&
                !in_window[at->result]) {
                uint32_t known = 0;
                while (known < hoisted_count &&
                       !same_constant(hoisted[known]->as.constant, at->as.constant)) {
                    known += 1;
                }
                if (known < hoisted_count) {
                    instead[at->result] = hoisted[known]->result;
                    ir_remove(block, at);
                } else if (hoisted_count < LANG_HOISTED_MAX) {
                    ir_remove(block, at);
                    ir_insert_before(entry, entry->last, at);
                    hoisted[hoisted_count++] = at;
                }
            }
            at = next;
        }
    }
    for (uint32_t b = 0; b < function->block_count; b++) {
        for (ir_instruction *at = function->blocks[b]->first; at != NULL; at = at->next) {
            for (uint32_t i = 0; i < at->count; i++) {
                at->args[i] = instead[at->args[i]];
            }
        }
    }
    bl_free(in_loop);
    bl_free(in_window);
    opt_facts_deinit(&facts);
    bl_free(instead);
}
