// lang/own_open.c: values that are taken apart and then dropped.
//
//     l = VARIANT_GET t 0              l = VARIANT_GET t 0, not counted
//     r = VARIANT_GET t 1     becomes  r = VARIANT_GET t 1, not counted
//     DROP t                           OPEN t {0, 1}
//
// OPEN asks once whether anybody else holds t. If not, the parts change hands without being
// counted, and t's memory is free at once; else they are counted then. In the same way LIST_REST
// and the list's DROP become LIST_SKIP, which moves the start of a list that nobody else holds.
//
// For this reads and the drop must stand side by side. A branch often comes between: parts are
// read, something is asked, and only some paths need them all. Before counts are placed reads of
// parts that are used up therefore move from before a test to the paths behind it that want them
// (ir_sink_parts), which also saves the other paths the counts.
#include "lang/ir.h"
#include "lang/limits.h"

// Parts that OPEN can name, as many as its operand has bits.
#define PARTS_MAX 16

static bool opens(const ir_instruction *at)
{
    return (at->op == IR_VARIANT_GET || at->op == IR_TUPLE_GET) && at->as.index < PARTS_MAX;
}

static bool mentions(const ir_instruction *at, ir_var var)
{
    for (uint32_t i = 0; i < at->count; i++) {
        if (at->args[i] == var) {
            return true;
        }
    }
    return at->result == var || at->second == var;
}

static bool mentioned_between(const ir_instruction *from, const ir_instruction *to, ir_var var)
{
    for (const ir_instruction *at = from->next; at != to; at = at->next) {
        if (mentions(at, var)) {
            return true;
        }
    }
    return false;
}

// ---- drops of what was taken apart -----------------------------------------------------------

static bool is_counted_part(const ir_function *function, const ir_instruction *at)
{
    const ir_variable *variable = &function->variables[at->result];
    return !variable->is_alias && (variable->kinds & IR_KINDS_HEAP) != 0;
}

static void join_drop(const ir_function *function, ir_block *block, ir_instruction *drop)
{
    ir_var whole = drop->args[0];
    uint32_t parts = 0;
    uint32_t looked = 0;
    for (ir_instruction *at = drop->previous; at != NULL && looked++ < LANG_LOOK_MAX;
         at = at->previous) {
        if ((ir_ops[at->op].flags & IR_FLAG_CALLS) != 0 || at->result == whole) {
            break; // Who abandons the frame there must find the parts counted.
        }
        if (at->op == IR_LIST_REST && at->args[0] == whole &&
            !mentioned_between(at, drop, at->result)) {
            drop->op = IR_LIST_SKIP; // Here: elements may have been looked at meanwhile.
            drop->result = at->result;
            drop->as.index = at->as.index;
            ir_remove(block, at);
            return;
        }
        if (!opens(at) || at->args[0] != whole || !is_counted_part(function, at) ||
            (parts >> at->as.index & 1) != 0 || mentioned_between(at, drop, at->result)) {
            continue;
        }
        at->is_uncounted = true;
        parts |= 1u << at->as.index;
    }
    if (parts != 0) {
        drop->op = IR_OPEN;
        drop->as.index = parts;
    }
}

void ir_join_drops(ir_function *function)
{
    for (uint32_t b = 0; b < function->block_count; b++) {
        ir_block *block = function->blocks[b];
        for (ir_instruction *at = block->first; at != NULL; at = at->next) {
            if (at->op == IR_DROP) {
                join_drop(function, block, at);
            }
        }
    }
}

// ---- reads behind tests ----------------------------------------------------------------------

typedef struct sinking {
    ir_function *function;
    ir_liveness liveness;
    bool *is_used_up;       // By variable: some operation takes its value over.
    uint32_t *predecessors; // By block.
} sinking;

static bool is_test(const ir_instruction *end)
{
    return end->op == IR_BRANCH || end->op == IR_COMPARE || ir_is_switch(end) ||
           (end->op >= IR_IS_CTOR && end->op <= IR_IS_UNIT);
}

// Between a read and the test: nothing that could use the whole's parts while it lives longer.
static bool can_be_passed(const ir_instruction *at)
{
    return at->op == IR_CONSTANT || (ir_ops[at->op].ownership == IR_OWN_BORROW &&
                                     (ir_ops[at->op].flags & IR_FLAG_CALLS) == 0);
}

static bool wants(const sinking *sink, ir_block *block, uint32_t i, ir_var var)
{
    return ir_live_in(&sink->liveness, (*ir_successor(block, i))->id, var);
}

// Some path does without the part, or with more than it; all others lead here alone.
static bool is_worth_it(const sinking *sink, ir_block *block, const ir_instruction *get)
{
    bool worth = false;
    for (uint32_t i = 0; i < ir_successor_count(block); i++) {
        bool wanted = wants(sink, block, i, get->result);
        if (wanted && sink->predecessors[(*ir_successor(block, i))->id] != 1) {
            return false;
        }
        worth |= !wanted || wants(sink, block, i, get->args[0]);
    }
    return worth;
}

static void sink_read(sinking *sink, ir_block *block, ir_instruction *get)
{
    for (uint32_t i = 0; i < ir_successor_count(block); i++) {
        if (!wants(sink, block, i, get->result)) {
            continue;
        }
        ir_block *to = *ir_successor(block, i);
        ir_instruction *copy =
            ir_instruction_new(sink->function, (ir_op)get->op, get->result, get->count);
        copy->args[0] = get->args[0];
        copy->as = get->as;
        copy->line = get->line;
        copy->column = get->column;
        copy->frame = get->frame;
        ir_insert_before(to, to->first, copy);
    }
    ir_remove(block, get);
}

static void sink_from(sinking *sink, ir_block *block)
{
    if (!is_test(block->last)) {
        return;
    }
    uint32_t looked = 0;
    for (ir_instruction *at = block->last->previous; at != NULL && looked++ < LANG_LOOK_MAX;) {
        ir_instruction *before = at->previous;
        if (!can_be_passed(at)) {
            return;
        }
        if (opens(at) && sink->is_used_up[at->result] && !mentioned_between(at, NULL, at->result) &&
            is_worth_it(sink, block, at)) {
            sink_read(sink, block, at);
        }
        at = before;
    }
}

void ir_sink_parts(ir_function *function)
{
    sinking sink = {.function = function};
    bool any = false;
    sink.is_used_up = bl_alloc_zeroed(function->variable_count + 1, 1);
    sink.predecessors = bl_alloc_zeroed(function->block_count + 1, sizeof(uint32_t));
    for (uint32_t b = 0; b < function->block_count; b++) {
        ir_block *block = function->blocks[b];
        for (const ir_instruction *at = block->first; at != NULL; at = at->next) {
            any |= opens(at);
            for (uint32_t i = 0; i < at->count; i++) {
                sink.is_used_up[at->args[i]] |= ir_owns(at, i);
            }
        }
        for (uint32_t i = 0; i < ir_successor_count(block); i++) {
            sink.predecessors[(*ir_successor(block, i))->id] += 1;
        }
    }
    if (any) {
        ir_liveness_init(&sink.liveness, function);
        for (uint32_t b = 0; b < function->block_count; b++) {
            sink_from(&sink, function->blocks[b]);
        }
        ir_liveness_deinit(&sink.liveness);
    }
    bl_free(sink.is_used_up);
    bl_free(sink.predecessors);
}
