// lang/emit_plain.c: instructions within a block, one to one but for moves: a result comes from
// where a call leaves it.
#include "lang/emit_code.h"

static void emit_constant(emitter *emit, uint32_t result, vm_value value)
{
    switch (value.tag) {
    case VM_INT:
        if (value.integer >= INT32_MIN && value.integer <= INT32_MAX) {
            emit_put_wide(emit, VM_OP_LOAD_INT, result, (int32_t)value.integer);
            return;
        }
        break;
    case VM_BOOL:
        emit_put(emit, VM_OP_LOAD_BOOL, result, value.boolean ? 1 : 0, 0);
        return;
    case VM_UNIT:
        emit_put(emit, VM_OP_LOAD_UNIT, result, 0, 0);
        return;
    case VM_ATOM:
        emit_put_wide(emit, VM_OP_LOAD_ATOM, result,
                      (int32_t)emit_pointer_index(emit, EMIT_TABLE_CTORS, value.ctor));
        return;
    case VM_FUNCTION:
        emit_put_wide(emit, VM_OP_LOAD_FUNCTION, result,
                      (int32_t)emit_pointer_index(emit, EMIT_TABLE_FUNCTIONS, value.function));
        return;
    case VM_NATIVE:
        emit_put_wide(emit, VM_OP_LOAD_NATIVE, result,
                      (int32_t)emit_pointer_index(emit, EMIT_TABLE_NATIVES, value.native));
        return;
    default:
        break;
    }
    emit_put_wide(emit, VM_OP_LOAD, result,
                  (int32_t)emit_table_index(emit, EMIT_TABLE_CONSTANTS, &value, sizeof value));
}

static vm_op immediate_op(ir_op op)
{
    switch ((unsigned)op) {
    case IR_ADD:
        return VM_OP_ADD_I;
    case IR_SUB:
        return VM_OP_SUB_I;
    case IR_MUL:
        return VM_OP_MUL_I;
    case IR_DIV:
        return VM_OP_DIV_I;
    default:
        return VM_OP_MOD_I;
    }
}

// The form for what is proved of both operands.
static vm_op binary_op(const emitter *emit, const ir_instruction *at)
{
    ir_kinds both =
        emit->function->variables[at->args[0]].kinds | emit->function->variables[at->args[1]].kinds;
    bool ints = both == IR_KIND(VM_INT);
    bool floats = both == IR_KIND(VM_FLOAT);
    switch ((unsigned)at->op) {
    case IR_ADD:
        return ints ? VM_OP_ADD_INT : floats ? VM_OP_ADD_FLOAT : VM_OP_ADD;
    case IR_SUB:
        return ints ? VM_OP_SUB_INT : floats ? VM_OP_SUB_FLOAT : VM_OP_SUB;
    case IR_MUL:
        return ints ? VM_OP_MUL_INT : floats ? VM_OP_MUL_FLOAT : VM_OP_MUL;
    case IR_DIV:
        return floats ? VM_OP_DIV_FLOAT : VM_OP_DIV;
    case IR_MOD:
        return VM_OP_MOD;
    case IR_EQ:
        return VM_OP_EQ;
    case IR_NE:
        return VM_OP_NE;
    case IR_LT:
        return VM_OP_LT;
    case IR_LE:
        return VM_OP_LE;
    case IR_GT:
        return VM_OP_GT;
    case IR_GE:
        return VM_OP_GE;
    case IR_RANGE:
        return VM_OP_RANGE;
    case IR_CONCAT:
        return VM_OP_CONCAT;
    default:
        return VM_OP_PUSH;
    }
}

static void emit_arithmetic(emitter *emit, const ir_instruction *at, uint32_t result)
{
    uint32_t left = emit_reg(emit, at->args[0]);
    if (at->has_immediate) {
        emit_put(emit, immediate_op((ir_op)at->op), result, left, (uint16_t)at->immediate);
    } else {
        emit_put(emit, binary_op(emit, at), result, left, emit_reg(emit, at->args[1]));
    }
}

static void emit_part(emitter *emit, const ir_instruction *at, uint32_t result)
{
    bool alias = at->is_uncounted || emit->function->variables[at->result].is_alias;
    uint32_t from = emit_reg(emit, at->args[0]);
    switch ((unsigned)at->op) {
    case IR_FIELD:
        emit_put(emit, alias ? VM_OP_FIELD_ALIAS : VM_OP_FIELD, result, from,
                 emit_field_index(emit, at->as.field));
        return;
    case IR_TUPLE_GET:
        emit_put(emit, alias ? VM_OP_TUPLE_ALIAS : VM_OP_TUPLE_GET, result, from, at->as.index);
        return;
    case IR_VARIANT_GET:
        emit_put(emit, alias ? VM_OP_VARIANT_ALIAS : VM_OP_VARIANT_GET, result, from, at->as.index);
        return;
    case IR_LIST_GET:
        emit_put(emit, alias ? VM_OP_LIST_ALIAS : VM_OP_LIST_GET, result, from, at->as.index);
        return;
    case IR_CAPTURE:
        emit_put(emit, alias ? VM_OP_CAPTURE_ALIAS : VM_OP_CAPTURE, result, from, at->as.index);
        return;
    default:
        emit_put(emit, VM_OP_LIST_REST, result, from, at->as.index);
        return;
    }
}

static void emit_make(emitter *emit, const ir_instruction *at, uint32_t result)
{
    uint32_t first = emit_put_window(emit, at);
    emit_note_place(emit, at);
    emit->too_large |= at->count > UINT16_MAX;
    switch ((unsigned)at->op) {
    case IR_TUPLE:
        emit_put(emit, VM_OP_TUPLE, result, first, at->count);
        return;
    case IR_LIST:
        emit_put(emit, VM_OP_LIST, result, first, at->count);
        return;
    case IR_MAP:
        emit_put(emit, VM_OP_MAP, result, first, at->count / 2);
        return;
    case IR_SET:
        emit_put(emit, VM_OP_SET, result, first, at->count);
        return;
    case IR_VARIANT:
        emit_put(emit, VM_OP_VARIANT, result, first,
                 emit_pointer_index(emit, EMIT_TABLE_CTORS, at->as.ctor));
        return;
    case IR_VARIANT_N:
        emit_put(emit, VM_OP_VARIANT_N, result, first, at->count - 1);
        return;
    case IR_RECORD:
        emit_put(emit, VM_OP_RECORD, result, first,
                 emit_pointer_index(emit, EMIT_TABLE_SHAPES, at->as.shape));
        return;
    case IR_UPDATE:
        emit_put(emit, VM_OP_UPDATE, result, first, emit_update_index(emit, at->as.update));
        return;
    case IR_CLOSURE:
        emit_put(emit, VM_OP_CLOSURE, result, first,
                 emit_pointer_index(emit, EMIT_TABLE_FUNCTIONS, at->as.function->target));
        emit_put(emit, VM_OP_NOP, at->count, 0, 0);
        return;
    default:
        emit_put(emit, VM_OP_BUILD, result, first, at->count);
        return;
    }
}

void emit_call(emitter *emit, const ir_instruction *at, uint32_t result)
{
    uint32_t first = emit_put_window(emit, at);
    uint32_t base = emit->registers.windows[emit->number];
    emit_note_place(emit, at);
    emit_note_live(emit, at);
    switch ((unsigned)at->op) {
    case IR_CALL:
        emit_put_wide(
            emit, VM_OP_CALL, base,
            (int32_t)emit_pointer_index(emit, EMIT_TABLE_FUNCTIONS, at->as.function->target));
        break;
    case IR_TAIL_CALL:
        emit_put_wide(
            emit, VM_OP_TAIL_CALL, base,
            (int32_t)emit_pointer_index(emit, EMIT_TABLE_FUNCTIONS, at->as.function->target));
        return;
    case IR_CALL_VALUE:
        emit_put(emit, VM_OP_CALL_VALUE, base, at->count - 1, 0);
        break;
    case IR_TAIL_CALL_VALUE:
        emit_put(emit, VM_OP_TAIL_CALL_VALUE, base, at->count - 1, 0);
        return;
    case IR_HANDLE: {
        vm_handler handler;
        memset(&handler, 0, sizeof handler); // Compared by bytes, padding included.
        handler.clauses = at->as.handler->clauses;
        handler.count = at->as.handler->count;
        emit_put(emit, VM_OP_HANDLE, base, first,
                 emit_table_index(emit, EMIT_TABLE_HANDLERS, &handler, sizeof handler));
        uint32_t to[2] = {result, emit_reg(emit, at->second)};
        uint32_t from[2] = {base, base + 1};
        emit_put_moves(emit, to, from, 2);
        return;
    }
    case IR_NATIVE:
        emit_put(emit, VM_OP_NATIVE, result, first,
                 emit_pointer_index(emit, EMIT_TABLE_NATIVES, at->as.native));
        return;
    default:
        emit_put(emit, VM_OP_PERFORM, result, first,
                 emit_pointer_index(emit, EMIT_TABLE_OPERATIONS, at->as.operation));
        return;
    }
    if (emit->registers.of[at->result] != EMIT_NO_REGISTER) {
        emit_put_move(emit, result, base);
    }
}

// A native that has an instruction of its own, and the NOP behind it.
static void emit_intrinsic(emitter *emit, const ir_instruction *at, uint32_t result, vm_op op)
{
    uint32_t first = emit_reg(emit, at->args[0]);
    emit_note_place(emit, at);
    emit_put(emit, op, result, first, at->count > 1 ? emit_reg(emit, at->args[1]) : first);
    emit_put(emit, VM_OP_NOP, at->count > 2 ? emit_reg(emit, at->args[2]) : 0,
             emit_pointer_index(emit, EMIT_TABLE_NATIVES, at->as.native), 0);
}

static void emit_plain(emitter *emit, const ir_instruction *at)
{
    uint32_t result = at->result == IR_NO_VAR ? 0 : emit_reg(emit, at->result);
    uint32_t first = at->count == 0 ? 0 : emit_reg(emit, at->args[0]);
    emit_note_place(emit, at);
    switch ((unsigned)at->op) {
    case IR_CONSTANT:
        emit_constant(emit, result, at->as.constant);
        return;
    case IR_COPY:
    case IR_ALIAS:
        emit_put_move(emit, result, first);
        return;
    case IR_DUP_OF:
        emit_put(emit, VM_OP_COPY, result, first, 0);
        return;
    case IR_DROP:
        emit_put(emit, VM_OP_DROP, first, 0, 0);
        return;
    case IR_OPEN:
        emit_put(emit, VM_OP_OPEN, first, at->as.index, 0);
        return;
    case IR_LIST_SKIP:
        emit_put(emit, VM_OP_LIST_SKIP, result, first, at->as.index);
        return;
    case IR_BOX_NEW:
        emit_put(emit, VM_OP_BOX_NEW, result, first, 0);
        return;
    case IR_BOX_GET:
        emit_put(emit, VM_OP_BOX_GET, result, first, 0);
        return;
    case IR_BOX_TAKE:
        emit_put(emit, VM_OP_BOX_TAKE, result, first, 0);
        return;
    case IR_BOX_SET:
        emit_put(emit, VM_OP_BOX_SET, first, emit_reg(emit, at->args[1]), 0);
        return;
    case IR_NEG:
        emit_put(emit, VM_OP_NEG, result, first, 0);
        return;
    case IR_NOT:
        emit_put(emit, VM_OP_NOT, result, first, 0);
        return;
    case IR_ITER:
        emit_put(emit, VM_OP_ITER, result, first, 0);
        return;
    case IR_RANGE_INIT:
        emit_put(emit, VM_OP_RANGE_INIT, result, first, emit_reg(emit, at->args[1]));
        return;
    case IR_TYPE_TEST:
        emit_put(emit, VM_OP_TYPE_TEST, result, first,
                 emit_table_index(emit, EMIT_TABLE_TESTS, at->as.test, sizeof *at->as.test));
        return;
    case IR_WITH_BEGIN: {
        uint32_t window = emit_put_window(emit, at);
        emit_put(emit, VM_OP_WITH_BEGIN, 0, window,
                 emit_table_index(emit, EMIT_TABLE_WITHS, at->as.with, sizeof *at->as.with));
        return;
    }
    case IR_WITH_END:
        emit_put(emit, VM_OP_WITH_END, 0, 0, 0);
        return;
    case IR_COLLECT_BEGIN:
        emit_put(emit, VM_OP_COLLECT_BEGIN, 0, 0,
                 emit_pointer_index(emit, EMIT_TABLE_OPERATIONS, at->as.operation));
        return;
    case IR_COLLECT_END:
        emit_put(emit, VM_OP_COLLECT_END, result, 0, 0);
        return;
    case IR_FIELD:
    case IR_TUPLE_GET:
    case IR_VARIANT_GET:
    case IR_LIST_GET:
    case IR_LIST_REST:
    case IR_CAPTURE:
        emit_part(emit, at, result);
        return;
    default:
        emit_arithmetic(emit, at, result);
        return;
    }
}

void emit_instruction(emitter *emit, const ir_instruction *at)
{
    uint32_t result = at->result == IR_NO_VAR ? 0 : emit_reg(emit, at->result);
    switch ((unsigned)at->op) {
    case IR_NATIVE:
        if (!emit_has_window(at)) {
            emit_intrinsic(emit, at, result, vm_native_op(at->as.native));
            return;
        }
        emit_call(emit, at, result);
        return;
    case IR_CALL:
    case IR_CALL_VALUE:
    case IR_PERFORM:
    case IR_HANDLE:
        emit_call(emit, at, result);
        return;
    case IR_TUPLE:
    case IR_LIST:
    case IR_MAP:
    case IR_SET:
    case IR_VARIANT:
    case IR_VARIANT_N:
    case IR_RECORD:
    case IR_UPDATE:
    case IR_CLOSURE:
    case IR_BUILD:
        emit_make(emit, at, result);
        return;
    default:
        emit_plain(emit, at);
        return;
    }
}
