// lang/ir_live.c: liveness of variables, by the usual iteration from the uses backwards.
//
// Most variables live in one block; those get no bit, so that the sets stay small in functions
// with very many variables. A definition at the end of a block (ITER_NEXT, TRY) counts as one at
// the start of its first successor.
#include "lang/ir.h"

#define NO_BLOCK UINT32_MAX
#define MANY_BLOCKS (UINT32_MAX - 1)

static void note_block(uint32_t *homes, uint32_t block, ir_var var)
{
    if (homes[var] == NO_BLOCK) {
        homes[var] = block;
    } else if (homes[var] != block) {
        homes[var] = MANY_BLOCKS;
    }
}

// The variables that stay alive with this one: itself, its owner, the owner's owner.
static ir_var next_owner(const ir_function *function, ir_var var)
{
    const ir_variable *variable = &function->variables[var];
    return variable->is_alias ? variable->owner : IR_NO_VAR;
}

static void assign_bits(ir_liveness *liveness, const ir_function *function)
{
    uint32_t count = function->variable_count;
    uint32_t *homes = bl_alloc((count + 1) * sizeof *homes);
    for (uint32_t i = 0; i < count; i++) {
        // Parameters are defined before the entry block.
        homes[i] = i <= function->param_count ? MANY_BLOCKS : NO_BLOCK;
    }
    for (uint32_t b = 0; b < function->block_count; b++) {
        for (const ir_instruction *at = function->blocks[b]->first; at != NULL; at = at->next) {
            for (uint32_t i = 0; i < at->count; i++) {
                ir_var var = at->args[i];
                while (var != IR_NO_VAR) {
                    note_block(homes, b, var);
                    var = next_owner(function, var);
                }
            }
            if (at->result != IR_NO_VAR) {
                note_block(homes, b, at->result);
                if (ir_is_end(at)) {
                    homes[at->result] = MANY_BLOCKS;
                }
            }
            if (at->second != IR_NO_VAR) {
                note_block(homes, b, at->second);
            }
        }
    }
    liveness->bits = homes;
    liveness->bit_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        homes[i] = homes[i] == MANY_BLOCKS ? liveness->bit_count++ : UINT32_MAX;
    }
}

static void set_bit(const ir_liveness *liveness, uint64_t *set, ir_var var)
{
    uint32_t bit = liveness->bits[var];
    if (bit != UINT32_MAX) {
        set[bit / 64] |= (uint64_t)1 << (bit % 64);
    }
}

static void clear_bit(const ir_liveness *liveness, uint64_t *set, ir_var var)
{
    uint32_t bit = liveness->bits[var];
    if (bit != UINT32_MAX) {
        set[bit / 64] &= ~((uint64_t)1 << (bit % 64));
    }
}

// What a block reads before it writes it (gen), and what it writes (kill).
static void summarise(const ir_liveness *liveness, const ir_function *function,
                      const ir_block *block, uint64_t *gen, uint64_t *kill)
{
    for (const ir_instruction *at = block->last; at != NULL; at = at->previous) {
        if (!ir_is_end(at)) {
            if (at->result != IR_NO_VAR) {
                set_bit(liveness, kill, at->result);
                clear_bit(liveness, gen, at->result);
            }
            if (at->second != IR_NO_VAR) {
                set_bit(liveness, kill, at->second);
                clear_bit(liveness, gen, at->second);
            }
        }
        for (uint32_t i = 0; i < at->count; i++) {
            for (ir_var var = at->args[i]; var != IR_NO_VAR; var = next_owner(function, var)) {
                set_bit(liveness, gen, var);
            }
        }
    }
}

// out := what the successors need; true if it has grown.
static bool collect_out(ir_liveness *liveness, ir_block *block, uint64_t *scratch)
{
    uint64_t *out = liveness->out + (size_t)block->id * liveness->words;
    memset(scratch, 0, liveness->words * sizeof *scratch);
    const ir_instruction *end = block->last;
    uint32_t count = ir_successor_count(block);
    for (uint32_t i = 0; i < count; i++) {
        const ir_block *to = *ir_successor(block, i);
        const uint64_t *in = liveness->in + (size_t)to->id * liveness->words;
        bool defines = i == 0 && end->result != IR_NO_VAR && !ir_is_switch(end);
        uint32_t bit = defines ? liveness->bits[end->result] : UINT32_MAX;
        for (uint32_t w = 0; w < liveness->words; w++) {
            uint64_t bits = in[w];
            if (bit / 64 == w) {
                bits &= ~((uint64_t)1 << (bit % 64));
            }
            scratch[w] |= bits;
        }
    }
    bool grown = memcmp(out, scratch, liveness->words * sizeof *out) != 0;
    memcpy(out, scratch, liveness->words * sizeof *out);
    return grown;
}

void ir_liveness_init(ir_liveness *liveness, const ir_function *function)
{
    assign_bits(liveness, function);
    uint32_t words = (liveness->bit_count + 63) / 64;
    liveness->words = words == 0 ? 1 : words;
    size_t size = (size_t)function->block_count * liveness->words;
    liveness->in = bl_alloc_zeroed(size + 1, sizeof(uint64_t));
    liveness->out = bl_alloc_zeroed(size + 1, sizeof(uint64_t));
    uint64_t *gen = bl_alloc_zeroed(size + 1, sizeof(uint64_t));
    uint64_t *kill = bl_alloc_zeroed(size + 1, sizeof(uint64_t));
    uint64_t *scratch = bl_alloc_zeroed(liveness->words, sizeof(uint64_t));
    for (uint32_t b = 0; b < function->block_count; b++) {
        summarise(liveness, function, function->blocks[b], gen + (size_t)b * liveness->words,
                  kill + (size_t)b * liveness->words);
        memcpy(liveness->in + (size_t)b * liveness->words, gen + (size_t)b * liveness->words,
               liveness->words * sizeof(uint64_t));
    }
    bool changed = true;
    while (changed) {
        changed = false;
        for (uint32_t b = function->block_count; b > 0; b--) {
            if (!collect_out(liveness, function->blocks[b - 1], scratch)) {
                continue;
            }
            changed = true;
            size_t at = (size_t)(b - 1) * liveness->words;
            for (uint32_t w = 0; w < liveness->words; w++) {
                liveness->in[at + w] = gen[at + w] | (liveness->out[at + w] & ~kill[at + w]);
            }
        }
    }
    bl_free(gen);
    bl_free(kill);
    bl_free(scratch);
}

void ir_liveness_deinit(ir_liveness *liveness)
{
    bl_free(liveness->bits);
    bl_free(liveness->in);
    bl_free(liveness->out);
}
