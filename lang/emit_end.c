// lang/emit_end.c: the ends of blocks: jumps, comparisons, tests and switches. A jump to the next
// block is left out.
#include "lang/emit_code.h"

#include "lang/limits.h"

#include <stdlib.h>

static void go_to(emitter *emit, const ir_block *to, const ir_block *next)
{
    if (to != next) {
        emit_put_jump(emit, to);
    }
}

// Jumps to target `taken` if the comparison decides so, else goes on.
static void put_compare(emitter *emit, const ir_instruction *at, uint32_t taken)
{
    // By comparison: jump if it holds, jump if it does not, and the same with an immediate.
    static const vm_op forms[][4] = {
        {VM_OP_JEQ, VM_OP_JNEQ, VM_OP_JEQ_I, VM_OP_JNEQ_I},
        {VM_OP_JNEQ, VM_OP_JEQ, VM_OP_JNEQ_I, VM_OP_JEQ_I},
        {VM_OP_JLT, VM_OP_JNLT, VM_OP_JLT_I, VM_OP_JNLT_I},
        {VM_OP_JLE, VM_OP_JNLE, VM_OP_JLE_I, VM_OP_JNLE_I},
        {VM_OP_JGT, VM_OP_JNGT, VM_OP_JGT_I, VM_OP_JNGT_I},
        {VM_OP_JGE, VM_OP_JNGE, VM_OP_JGE_I, VM_OP_JNGE_I},
    };
    vm_op op = forms[at->compare][(at->has_immediate ? 2 : 0) + taken];
    uint32_t b = at->has_immediate ? (uint16_t)at->immediate : emit_reg(emit, at->args[1]);
    emit_put_short_jump(emit, op, emit_reg(emit, at->args[0]), b, at->to[taken]);
}

static void emit_compare(emitter *emit, const ir_instruction *at, const ir_block *next)
{
    uint32_t taken = at->to[0] == next ? 1 : 0;
    put_compare(emit, at, taken);
    go_to(emit, at->to[1 - taken], next);
}

// A jump back to a block that only compares: the comparison itself, once more, instead.
static bool emit_rotated(emitter *emit, const ir_block *to, uint32_t from, const ir_block *next)
{
    const ir_instruction *at = to->first;
    if (at != to->last || at->op != IR_COMPARE || to->id > from) {
        return false;
    }
    // The way on into the loop is the jump that is taken: the later of the blocks up to here.
    bool later = at->to[1]->id > at->to[0]->id;
    uint32_t taken = at->to[1]->id <= from && (later || at->to[0]->id > from) ? 1 : 0;
    emit_note_place(emit, at);
    put_compare(emit, at, taken);
    go_to(emit, at->to[1 - taken], next);
    return true;
}

static int compare_ctor_cases(const void *left, const void *right)
{
    const ir_case *a = left;
    const ir_case *b = right;
    return a->ctor->id < b->ctor->id ? -1 : a->ctor->id > b->ctor->id;
}

static int compare_int_cases(const void *left, const void *right)
{
    int64_t a = ((const ir_case *)left)->value.integer;
    int64_t b = ((const ir_case *)right)->value.integer;
    return a < b ? -1 : a > b;
}

// By size, then by bytes: as the machine looks for it.
static int compare_string_cases(const void *left, const void *right)
{
    const vm_string *a = ((const ir_case *)left)->value.string;
    const vm_string *b = ((const ir_case *)right)->value.string;
    if (a->size != b->size) {
        return a->size < b->size ? -1 : 1;
    }
    return memcmp(a->data, b->data, a->size);
}

static int64_t case_key(const ir_instruction *at, uint32_t i)
{
    const ir_case *item = &at->as.cases[i];
    return at->op == IR_SWITCH ? (int64_t)item->ctor->id : item->value.integer;
}

static void put_offset(emitter *emit, const ir_block *to, int32_t *slot)
{
    *(emit_fixup *)emit_push(&emit->fixups, sizeof(emit_fixup)) =
        (emit_fixup){.pc = emit_pc(emit), .to = to, .slot = slot};
}

// A slot for each key from the lowest to the highest.
static void fill_dense(emitter *emit, const ir_instruction *at, vm_switch *entry)
{
    uint32_t count = at->as.case_count;
    uint32_t size = (uint32_t)(case_key(at, count - 1) - case_key(at, 0) + 1);
    int32_t *offsets = bl_arena_alloc(&emit->program->target->arena, size * sizeof *offsets);
    *entry = (vm_switch){.low = case_key(at, 0), .count = size, .offsets = offsets};
    uint32_t next = 0;
    for (uint32_t i = 0; i < size; i++) {
        bool known = case_key(at, next) == entry->low + i;
        put_offset(emit, known ? at->as.cases[next].to : at->to[1], &offsets[i]);
        next += known ? 1 : 0;
    }
}

static void fill_sparse(emitter *emit, const ir_instruction *at, vm_switch *entry)
{
    bl_arena *arena = &emit->program->target->arena;
    uint32_t count = at->as.case_count;
    int32_t *offsets = bl_arena_alloc(arena, count * sizeof *offsets);
    vm_value *keys = bl_arena_alloc(arena, count * sizeof *keys);
    *entry = (vm_switch){.count = count, .offsets = offsets, .keys = keys};
    for (uint32_t i = 0; i < count; i++) {
        keys[i] = at->as.cases[i].value;
        put_offset(emit, at->as.cases[i].to, &offsets[i]);
    }
}

// Constructors always: ids of one type are neighbours, and there are not many in a program.
static bool is_dense(const ir_instruction *at)
{
    uint32_t count = at->as.case_count;
    if (at->op == IR_SWITCH) {
        return true;
    }
    if (at->as.cases[0].value.tag != VM_INT) {
        return false;
    }
    uint64_t span = (uint64_t)case_key(at, count - 1) - (uint64_t)case_key(at, 0);
    return span < (uint64_t)count * LANG_SWITCH_SLOTS_MAX;
}

static void emit_switch(emitter *emit, const ir_instruction *at)
{
    bool by_text = at->op == IR_SWITCH_VALUE && at->as.cases[0].value.tag == VM_STRING;
    qsort(at->as.cases, at->as.case_count, sizeof *at->as.cases,
          at->op == IR_SWITCH ? compare_ctor_cases
          : by_text           ? compare_string_cases
                              : compare_int_cases);
    vm_switch *entry = emit_push(&emit->tables[EMIT_TABLE_SWITCHES], sizeof *entry);
    if (is_dense(at)) {
        fill_dense(emit, at, entry);
    } else {
        fill_sparse(emit, at, entry);
    }
    entry->otherwise = (int32_t)at->to[1]->id; // A block until finish().
    emit_put_wide(emit, at->op == IR_SWITCH ? VM_OP_SWITCH : VM_OP_SWITCH_VALUE,
                  emit_reg(emit, at->args[0]),
                  (int32_t)(emit->tables[EMIT_TABLE_SWITCHES].count - 1));
    emit->too_large |= emit->tables[EMIT_TABLE_SWITCHES].count > UINT16_MAX;
}

static void emit_test(emitter *emit, const ir_instruction *at, const ir_block *next)
{
    uint32_t value = emit_reg(emit, at->args[0]);
    vm_op op = VM_OP_JNUNIT;
    uint32_t b = 0;
    switch ((unsigned)at->op) {
    case IR_IS_CTOR:
        op = VM_OP_JNCTOR;
        b = emit_pointer_index(emit, EMIT_TABLE_CTORS, at->as.ctor);
        break;
    case IR_IS_VARIANT:
        op = VM_OP_JNVARIANT;
        b = emit_pointer_index(emit, EMIT_TABLE_CTORS, at->as.ctor);
        break;
    case IR_IS_ARITY:
        op = VM_OP_JNARITY;
        b = at->as.index;
        break;
    case IR_IS_SAME:
        op = VM_OP_JNSAME;
        b = emit_table_index(emit, EMIT_TABLE_CONSTANTS, &at->as.constant, sizeof at->as.constant);
        break;
    case IR_IS_TUPLE:
        op = VM_OP_JNTUPLE;
        b = at->as.index;
        break;
    case IR_IS_LIST:
        op = VM_OP_JNLIST;
        b = at->as.index;
        break;
    case IR_IS_LIST_MIN:
        op = VM_OP_JNLIST_MIN;
        b = at->as.index;
        break;
    case IR_IS_FIELD:
        op = VM_OP_JNFIELD;
        b = emit_field_index(emit, at->as.field);
        break;
    default:
        break;
    }
    emit_put_short_jump(emit, op, value, b, at->to[1]);
    go_to(emit, at->to[0], next);
}

static void emit_branch(emitter *emit, const ir_instruction *at, const ir_block *next)
{
    uint32_t value = emit_reg(emit, at->args[0]);
    if (at->to[0] == next) {
        emit_put_branch(emit, VM_OP_JUMP_FALSE, value, at->to[1]);
    } else {
        emit_put_branch(emit, VM_OP_JUMP_TRUE, value, at->to[0]);
        go_to(emit, at->to[1], next);
    }
}

void emit_end(emitter *emit, const ir_instruction *at, const ir_block *next)
{
    emit_note_place(emit, at);
    switch ((unsigned)at->op) {
    case IR_JUMP:
        if (!emit_rotated(emit, at->to[0], emit->block, next)) {
            go_to(emit, at->to[0], next);
        }
        return;
    case IR_BRANCH:
        emit_branch(emit, at, next);
        return;
    case IR_COMPARE:
        emit_compare(emit, at, next);
        return;
    case IR_SWITCH:
    case IR_SWITCH_VALUE:
        emit_switch(emit, at);
        return;
    case IR_ITER_NEXT:
    case IR_RANGE_NEXT:
        emit_put_short_jump(emit, at->op == IR_ITER_NEXT ? VM_OP_ITER_NEXT : VM_OP_RANGE_NEXT,
                            emit_reg(emit, at->args[0]), emit_reg(emit, at->result), at->to[1]);
        go_to(emit, at->to[0], next);
        return;
    case IR_TRY:
        emit_put_short_jump(emit, VM_OP_TRY, emit_reg(emit, at->result),
                            emit_reg(emit, at->args[0]), at->to[1]);
        go_to(emit, at->to[0], next);
        return;
    case IR_RETURN:
        emit_put(emit, VM_OP_RETURN, emit_reg(emit, at->args[0]), 0, 0);
        return;
    case IR_EARLY:
        emit_put(emit, VM_OP_EARLY, emit_reg(emit, at->args[0]), 0, 0);
        return;
    case IR_FAIL:
        emit_put(emit, VM_OP_FAIL, emit_reg(emit, at->args[0]), at->fault, 0);
        return;
    case IR_TAIL_CALL:
    case IR_TAIL_CALL_VALUE:
        emit_call(emit, at, 0);
        return;
    default:
        emit_test(emit, at, next);
        return;
    }
}
