// lang/emit.c: from the IR, counts placed, to bytecode.
//
// Blocks are laid out in their order (reverse postorder); a jump to the next block is left out.
// Instructions map one to one but for moves: an argument that does not stand in its place of a
// window is moved there, and a result from where a call leaves it. Tables of the function hold
// each entry once. Short jumps have 16 bits; in a function that is too long for these they lead to
// a wide JUMP beside them.
#include "lang/emit.h"

#include "lang/limits.h"

#include "vm/faults.h"

#include <stdlib.h>

#define SHORT_JUMP_CODE_MAX 30000

// A jump whose distance is not known yet.
typedef struct fixup {
    uint32_t pc;
    const ir_block *to;
    bool wide;
    int32_t *slot; // Of a switch, instead of the instruction; relative to pc.
} fixup;

typedef struct vector {
    void *items;
    uint32_t count;
    uint32_t capacity;
} vector;

typedef struct emitter {
    ir_function *function;
    ir_program *program;
    emit_registers registers;
    vector code;           // vm_instruction
    vector places;         // vm_place
    vector lives;          // vm_live
    vector live_registers; // uint16_t
    vector fixups;         // fixup
    vector tables[12];
    uint32_t *block_starts;
    uint32_t block;  // Number of the block that is being emitted.
    uint32_t number; // Of the instruction that is being emitted.
    bool long_jumps;
    bool too_large;
} emitter;

enum {
    TABLE_CONSTANTS,
    TABLE_FIELDS,
    TABLE_SHAPES,
    TABLE_UPDATES,
    TABLE_CTORS,
    TABLE_SWITCHES,
    TABLE_FUNCTIONS,
    TABLE_NATIVES,
    TABLE_OPERATIONS,
    TABLE_HANDLERS,
    TABLE_WITHS,
    TABLE_TESTS,
};

static void *push(vector *list, size_t size)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        list->items = bl_realloc(list->items, list->capacity * size);
    }
    return (char *)list->items + list->count++ * size;
}

// ---- tables ----------------------------------------------------------------------------------

// The entry's index; it is looked for among the latest ones, so that this stays linear.
static uint32_t table_index(emitter *emit, uint32_t table, const void *entry, size_t size)
{
    vector *list = &emit->tables[table];
    uint32_t from = list->count > 64 ? list->count - 64 : 0;
    for (uint32_t i = from; i < list->count; i++) {
        if (memcmp((const char *)list->items + i * size, entry, size) == 0) {
            return i;
        }
    }
    memcpy(push(list, size), entry, size);
    if (list->count > UINT16_MAX) {
        emit->too_large = true;
    }
    return list->count - 1;
}

static uint32_t pointer_index(emitter *emit, uint32_t table, const void *pointer)
{
    return table_index(emit, table, &pointer, sizeof pointer);
}

static uint32_t field_index(emitter *emit, vm_string *name)
{
    vm_field *field = push(&emit->tables[TABLE_FIELDS], sizeof *field);
    *field = (vm_field){name, emit->program->target->cache_count++};
    emit->too_large |= emit->tables[TABLE_FIELDS].count > UINT16_MAX;
    return emit->tables[TABLE_FIELDS].count - 1;
}

static uint32_t update_index(emitter *emit, const ir_update *update)
{
    vm_program *target = emit->program->target;
    vm_string **names = bl_arena_alloc(&target->arena, (update->count + 1) * sizeof(vm_string *));
    memcpy(names, update->names, update->count * sizeof(vm_string *));
    vm_update *entry = push(&emit->tables[TABLE_UPDATES], sizeof *entry);
    *entry = (vm_update){.names = names,
                         .count = update->count,
                         .struct_shape = update->struct_shape,
                         .cache_index = target->cache_count++};
    emit->too_large |= emit->tables[TABLE_UPDATES].count > UINT16_MAX;
    return emit->tables[TABLE_UPDATES].count - 1;
}

// ---- instructions ----------------------------------------------------------------------------

static uint32_t pc_of(const emitter *emit)
{
    return emit->code.count;
}

static void put(emitter *emit, vm_op op, uint32_t a, uint32_t b, uint32_t c)
{
    vm_instruction *at = push(&emit->code, sizeof *at);
    *at = (vm_instruction){.op = (uint16_t)op, .a = (uint16_t)a};
    at->b = (uint16_t)b;
    at->c = (uint16_t)c;
}

static void put_wide(emitter *emit, vm_op op, uint32_t a, int32_t wide)
{
    vm_instruction *at = push(&emit->code, sizeof *at);
    *at = (vm_instruction){.op = (uint16_t)op, .a = (uint16_t)a};
    at->wide = wide;
}

static void put_jump(emitter *emit, const ir_block *to)
{
    fixup *fix = push(&emit->fixups, sizeof *fix);
    *fix = (fixup){.pc = pc_of(emit), .to = to, .wide = true};
    put_wide(emit, VM_OP_JUMP, 0, 0);
}

static void put_branch(emitter *emit, vm_op op, uint32_t a, const ir_block *to)
{
    fixup *fix = push(&emit->fixups, sizeof *fix);
    *fix = (fixup){.pc = pc_of(emit), .to = to, .wide = true};
    put_wide(emit, op, a, 0);
}

// An instruction that goes on or jumps to a block.
static void put_short_jump(emitter *emit, vm_op op, uint32_t a, uint32_t b, const ir_block *to)
{
    if (!emit->long_jumps) {
        fixup *fix = push(&emit->fixups, sizeof *fix);
        *fix = (fixup){.pc = pc_of(emit), .to = to};
        put(emit, op, a, b, 0);
        return;
    }
    put(emit, op, a, b, 1);           // To the JUMP behind the next one.
    put_wide(emit, VM_OP_JUMP, 0, 1); // Goes on: over it.
    put_jump(emit, to);
}

static void put_move(emitter *emit, uint32_t to, uint32_t from)
{
    if (to != from) {
        put(emit, VM_OP_MOVE, to, from, 0);
    }
}

static uint32_t reg(const emitter *emit, ir_var var)
{
    uint32_t register_ = emit->registers.of[var];
    return register_ == EMIT_NO_REGISTER ? emit->registers.count : register_;
}

// All moves at once: none overwrites what another one still has to read.
static void put_moves(emitter *emit, uint32_t *to, uint32_t *from, uint32_t count)
{
    uint32_t scratch = emit->registers.count;
    uint32_t left = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (to[i] != from[i]) {
            to[left] = to[i];
            from[left++] = from[i];
        }
    }
    while (left > 0) {
        bool moved = false;
        for (uint32_t i = 0; i < left; i++) {
            bool is_read = false;
            for (uint32_t j = 0; j < left && !is_read; j++) {
                is_read = j != i && from[j] == to[i];
            }
            if (is_read) {
                continue;
            }
            put_move(emit, to[i], from[i]);
            left -= 1;
            to[i] = to[left];
            from[i] = from[left];
            moved = true;
            break;
        }
        if (!moved) { // A circle: free one of its registers.
            put_move(emit, scratch, to[0]);
            for (uint32_t j = 0; j < left; j++) {
                if (from[j] == to[0]) {
                    from[j] = scratch;
                }
            }
        }
    }
}

// Brings the arguments into the window; returns where they begin.
static uint32_t put_window(emitter *emit, const ir_instruction *at)
{
    if (at->count == 0 && emit_header(at) == 0) {
        return 0;
    }
    if (at->count == 1 && emit_header(at) == 0) {
        return reg(emit, at->args[0]);
    }
    uint32_t first = emit->registers.windows[emit->number] + emit_header(at);
    bool in_place = true;
    for (uint32_t i = 0; i < at->count && in_place; i++) {
        in_place = reg(emit, at->args[i]) == first + i;
    }
    if (!in_place) {
        uint32_t *pairs = bl_alloc(2 * at->count * sizeof *pairs);
        for (uint32_t i = 0; i < at->count; i++) {
            pairs[i] = first + i;
            pairs[at->count + i] = reg(emit, at->args[i]);
        }
        put_moves(emit, pairs, pairs + at->count, at->count);
        bl_free(pairs);
    }
    return first;
}

// ---- places and lives ------------------------------------------------------------------------

static void note_place(emitter *emit, const ir_instruction *at)
{
    vm_place *last =
        emit->places.count == 0 ? NULL : (vm_place *)emit->places.items + emit->places.count - 1;
    if (at->line == 0 || (last != NULL && last->line == at->line && last->column == at->column &&
                          last->frame == at->frame)) { // One text, inlined twice: two frames.
        return;
    }
    if (last != NULL && last->pc == pc_of(emit)) {
        *last = (vm_place){pc_of(emit), at->line, at->column, at->frame};
        return;
    }
    *(vm_place *)push(&emit->places, sizeof(vm_place)) =
        (vm_place){pc_of(emit), at->line, at->column, at->frame};
}

static void note_live(emitter *emit, const ir_instruction *at)
{
    if (at->live_count == 0) {
        return;
    }
    uint32_t first = emit->live_registers.count;
    for (uint32_t i = 0; i < at->live_count; i++) {
        uint32_t register_ = emit->registers.of[at->lives[i]];
        if (register_ != EMIT_NO_REGISTER) {
            *(uint16_t *)push(&emit->live_registers, sizeof(uint16_t)) = (uint16_t)register_;
        }
    }
    *(vm_live *)push(&emit->lives, sizeof(vm_live)) =
        (vm_live){pc_of(emit), first, emit->live_registers.count - first};
}

// ---- by operation ----------------------------------------------------------------------------

static void emit_constant(emitter *emit, uint32_t result, vm_value value)
{
    switch (value.tag) {
    case VM_INT:
        if (value.integer >= INT32_MIN && value.integer <= INT32_MAX) {
            put_wide(emit, VM_OP_LOAD_INT, result, (int32_t)value.integer);
            return;
        }
        break;
    case VM_BOOL:
        put(emit, VM_OP_LOAD_BOOL, result, value.boolean ? 1 : 0, 0);
        return;
    case VM_UNIT:
        put(emit, VM_OP_LOAD_UNIT, result, 0, 0);
        return;
    case VM_ATOM:
        put_wide(emit, VM_OP_LOAD_ATOM, result,
                 (int32_t)pointer_index(emit, TABLE_CTORS, value.ctor));
        return;
    case VM_FUNCTION:
        put_wide(emit, VM_OP_LOAD_FUNCTION, result,
                 (int32_t)pointer_index(emit, TABLE_FUNCTIONS, value.function));
        return;
    case VM_NATIVE:
        put_wide(emit, VM_OP_LOAD_NATIVE, result,
                 (int32_t)pointer_index(emit, TABLE_NATIVES, value.native));
        return;
    default:
        break;
    }
    put_wide(emit, VM_OP_LOAD, result,
             (int32_t)table_index(emit, TABLE_CONSTANTS, &value, sizeof value));
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
    uint32_t left = reg(emit, at->args[0]);
    if (at->has_immediate) {
        put(emit, immediate_op((ir_op)at->op), result, left, (uint16_t)at->immediate);
    } else {
        put(emit, binary_op(emit, at), result, left, reg(emit, at->args[1]));
    }
}

static void emit_part(emitter *emit, const ir_instruction *at, uint32_t result)
{
    bool alias = at->is_uncounted || emit->function->variables[at->result].is_alias;
    uint32_t from = reg(emit, at->args[0]);
    switch ((unsigned)at->op) {
    case IR_FIELD:
        put(emit, alias ? VM_OP_FIELD_ALIAS : VM_OP_FIELD, result, from,
            field_index(emit, at->as.field));
        return;
    case IR_TUPLE_GET:
        put(emit, alias ? VM_OP_TUPLE_ALIAS : VM_OP_TUPLE_GET, result, from, at->as.index);
        return;
    case IR_VARIANT_GET:
        put(emit, alias ? VM_OP_VARIANT_ALIAS : VM_OP_VARIANT_GET, result, from, at->as.index);
        return;
    case IR_LIST_GET:
        put(emit, alias ? VM_OP_LIST_ALIAS : VM_OP_LIST_GET, result, from, at->as.index);
        return;
    case IR_CAPTURE:
        put(emit, alias ? VM_OP_CAPTURE_ALIAS : VM_OP_CAPTURE, result, from, at->as.index);
        return;
    default:
        put(emit, VM_OP_LIST_REST, result, from, at->as.index);
        return;
    }
}

static void emit_make(emitter *emit, const ir_instruction *at, uint32_t result)
{
    uint32_t first = put_window(emit, at);
    note_place(emit, at);
    emit->too_large |= at->count > UINT16_MAX;
    switch ((unsigned)at->op) {
    case IR_TUPLE:
        put(emit, VM_OP_TUPLE, result, first, at->count);
        return;
    case IR_LIST:
        put(emit, VM_OP_LIST, result, first, at->count);
        return;
    case IR_MAP:
        put(emit, VM_OP_MAP, result, first, at->count / 2);
        return;
    case IR_SET:
        put(emit, VM_OP_SET, result, first, at->count);
        return;
    case IR_VARIANT:
        put(emit, VM_OP_VARIANT, result, first, pointer_index(emit, TABLE_CTORS, at->as.ctor));
        return;
    case IR_VARIANT_N:
        put(emit, VM_OP_VARIANT_N, result, first, at->count - 1);
        return;
    case IR_RECORD:
        put(emit, VM_OP_RECORD, result, first, pointer_index(emit, TABLE_SHAPES, at->as.shape));
        return;
    case IR_UPDATE:
        put(emit, VM_OP_UPDATE, result, first, update_index(emit, at->as.update));
        return;
    case IR_CLOSURE:
        put(emit, VM_OP_CLOSURE, result, first,
            pointer_index(emit, TABLE_FUNCTIONS, at->as.function->target));
        put(emit, VM_OP_NOP, at->count, 0, 0);
        return;
    default:
        put(emit, VM_OP_BUILD, result, first, at->count);
        return;
    }
}

static void emit_call(emitter *emit, const ir_instruction *at, uint32_t result)
{
    uint32_t first = put_window(emit, at);
    uint32_t base = emit->registers.windows[emit->number];
    note_place(emit, at);
    note_live(emit, at);
    switch ((unsigned)at->op) {
    case IR_CALL:
        put_wide(emit, VM_OP_CALL, base,
                 (int32_t)pointer_index(emit, TABLE_FUNCTIONS, at->as.function->target));
        break;
    case IR_TAIL_CALL:
        put_wide(emit, VM_OP_TAIL_CALL, base,
                 (int32_t)pointer_index(emit, TABLE_FUNCTIONS, at->as.function->target));
        return;
    case IR_CALL_VALUE:
        put(emit, VM_OP_CALL_VALUE, base, at->count - 1, 0);
        break;
    case IR_TAIL_CALL_VALUE:
        put(emit, VM_OP_TAIL_CALL_VALUE, base, at->count - 1, 0);
        return;
    case IR_HANDLE: {
        vm_handler handler = {at->as.handler->clauses, at->as.handler->count};
        put(emit, VM_OP_HANDLE, base, first,
            table_index(emit, TABLE_HANDLERS, &handler, sizeof handler));
        uint32_t to[2] = {result, reg(emit, at->second)};
        uint32_t from[2] = {base, base + 1};
        put_moves(emit, to, from, 2);
        return;
    }
    case IR_NATIVE:
        put(emit, VM_OP_NATIVE, result, first, pointer_index(emit, TABLE_NATIVES, at->as.native));
        return;
    default:
        put(emit, VM_OP_PERFORM, result, first,
            pointer_index(emit, TABLE_OPERATIONS, at->as.operation));
        return;
    }
    if (emit->registers.of[at->result] != EMIT_NO_REGISTER) {
        put_move(emit, result, base);
    }
}

// A native that has an instruction of its own, and the NOP behind it.
static void emit_intrinsic(emitter *emit, const ir_instruction *at, uint32_t result, vm_op op)
{
    uint32_t first = reg(emit, at->args[0]);
    note_place(emit, at);
    put(emit, op, result, first, at->count > 1 ? reg(emit, at->args[1]) : first);
    put(emit, VM_OP_NOP, at->count > 2 ? reg(emit, at->args[2]) : 0,
        pointer_index(emit, TABLE_NATIVES, at->as.native), 0);
}

static void emit_plain(emitter *emit, const ir_instruction *at)
{
    uint32_t result = at->result == IR_NO_VAR ? 0 : reg(emit, at->result);
    uint32_t first = at->count == 0 ? 0 : reg(emit, at->args[0]);
    note_place(emit, at);
    switch ((unsigned)at->op) {
    case IR_CONSTANT:
        emit_constant(emit, result, at->as.constant);
        return;
    case IR_COPY:
    case IR_ALIAS:
        put_move(emit, result, first);
        return;
    case IR_DUP_OF:
        put(emit, VM_OP_COPY, result, first, 0);
        return;
    case IR_DROP:
        put(emit, VM_OP_DROP, first, 0, 0);
        return;
    case IR_OPEN:
        put(emit, VM_OP_OPEN, first, at->as.index, 0);
        return;
    case IR_LIST_SKIP:
        put(emit, VM_OP_LIST_SKIP, result, first, at->as.index);
        return;
    case IR_BOX_NEW:
        put(emit, VM_OP_BOX_NEW, result, first, 0);
        return;
    case IR_BOX_GET:
        put(emit, VM_OP_BOX_GET, result, first, 0);
        return;
    case IR_BOX_TAKE:
        put(emit, VM_OP_BOX_TAKE, result, first, 0);
        return;
    case IR_BOX_SET:
        put(emit, VM_OP_BOX_SET, first, reg(emit, at->args[1]), 0);
        return;
    case IR_NEG:
        put(emit, VM_OP_NEG, result, first, 0);
        return;
    case IR_NOT:
        put(emit, VM_OP_NOT, result, first, 0);
        return;
    case IR_ITER:
        put(emit, VM_OP_ITER, result, first, 0);
        return;
    case IR_RANGE_INIT:
        put(emit, VM_OP_RANGE_INIT, result, first, reg(emit, at->args[1]));
        return;
    case IR_TYPE_TEST:
        put(emit, VM_OP_TYPE_TEST, result, first,
            table_index(emit, TABLE_TESTS, at->as.test, sizeof *at->as.test));
        return;
    case IR_WITH_BEGIN: {
        uint32_t window = put_window(emit, at);
        put(emit, VM_OP_WITH_BEGIN, 0, window,
            table_index(emit, TABLE_WITHS, at->as.with, sizeof *at->as.with));
        return;
    }
    case IR_WITH_END:
        put(emit, VM_OP_WITH_END, 0, 0, 0);
        return;
    case IR_COLLECT_BEGIN:
        put(emit, VM_OP_COLLECT_BEGIN, 0, 0,
            pointer_index(emit, TABLE_OPERATIONS, at->as.operation));
        return;
    case IR_COLLECT_END:
        put(emit, VM_OP_COLLECT_END, result, 0, 0);
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

// ---- ends of blocks --------------------------------------------------------------------------

static void go_to(emitter *emit, const ir_block *to, const ir_block *next)
{
    if (to != next) {
        put_jump(emit, to);
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
    uint32_t b = at->has_immediate ? (uint16_t)at->immediate : reg(emit, at->args[1]);
    put_short_jump(emit, op, reg(emit, at->args[0]), b, at->to[taken]);
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
    note_place(emit, at);
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
    *(fixup *)push(&emit->fixups, sizeof(fixup)) =
        (fixup){.pc = pc_of(emit), .to = to, .slot = slot};
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
    vm_switch *entry = push(&emit->tables[TABLE_SWITCHES], sizeof *entry);
    if (is_dense(at)) {
        fill_dense(emit, at, entry);
    } else {
        fill_sparse(emit, at, entry);
    }
    entry->otherwise = (int32_t)at->to[1]->id; // A block until finish().
    put_wide(emit, at->op == IR_SWITCH ? VM_OP_SWITCH : VM_OP_SWITCH_VALUE, reg(emit, at->args[0]),
             (int32_t)(emit->tables[TABLE_SWITCHES].count - 1));
    emit->too_large |= emit->tables[TABLE_SWITCHES].count > UINT16_MAX;
}

static void emit_test(emitter *emit, const ir_instruction *at, const ir_block *next)
{
    uint32_t value = reg(emit, at->args[0]);
    vm_op op = VM_OP_JNUNIT;
    uint32_t b = 0;
    switch ((unsigned)at->op) {
    case IR_IS_CTOR:
        op = VM_OP_JNCTOR;
        b = pointer_index(emit, TABLE_CTORS, at->as.ctor);
        break;
    case IR_IS_VARIANT:
        op = VM_OP_JNVARIANT;
        b = pointer_index(emit, TABLE_CTORS, at->as.ctor);
        break;
    case IR_IS_ARITY:
        op = VM_OP_JNARITY;
        b = at->as.index;
        break;
    case IR_IS_SAME:
        op = VM_OP_JNSAME;
        b = table_index(emit, TABLE_CONSTANTS, &at->as.constant, sizeof at->as.constant);
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
        b = field_index(emit, at->as.field);
        break;
    default:
        break;
    }
    put_short_jump(emit, op, value, b, at->to[1]);
    go_to(emit, at->to[0], next);
}

static void emit_branch(emitter *emit, const ir_instruction *at, const ir_block *next)
{
    uint32_t value = reg(emit, at->args[0]);
    if (at->to[0] == next) {
        put_branch(emit, VM_OP_JUMP_FALSE, value, at->to[1]);
    } else {
        put_branch(emit, VM_OP_JUMP_TRUE, value, at->to[0]);
        go_to(emit, at->to[1], next);
    }
}

static void emit_end(emitter *emit, const ir_instruction *at, const ir_block *next)
{
    note_place(emit, at);
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
        put_short_jump(emit, at->op == IR_ITER_NEXT ? VM_OP_ITER_NEXT : VM_OP_RANGE_NEXT,
                       reg(emit, at->args[0]), reg(emit, at->result), at->to[1]);
        go_to(emit, at->to[0], next);
        return;
    case IR_TRY:
        put_short_jump(emit, VM_OP_TRY, reg(emit, at->result), reg(emit, at->args[0]), at->to[1]);
        go_to(emit, at->to[0], next);
        return;
    case IR_RETURN:
        put(emit, VM_OP_RETURN, reg(emit, at->args[0]), 0, 0);
        return;
    case IR_EARLY:
        put(emit, VM_OP_EARLY, reg(emit, at->args[0]), 0, 0);
        return;
    case IR_FAIL:
        put(emit, VM_OP_FAIL, reg(emit, at->args[0]), at->fault, 0);
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

static void emit_instruction(emitter *emit, const ir_instruction *at)
{
    uint32_t result = at->result == IR_NO_VAR ? 0 : reg(emit, at->result);
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

// ---- functions -------------------------------------------------------------------------------

static void emit_blocks(emitter *emit)
{
    ir_function *function = emit->function;
    emit->number = 0;
    for (uint32_t b = 0; b < function->block_count; b++) {
        const ir_block *next = b + 1 < function->block_count ? function->blocks[b + 1] : NULL;
        emit->block_starts[b] = pc_of(emit);
        emit->block = b;
        for (ir_instruction *at = function->blocks[b]->first; at != NULL; at = at->next) {
            if (ir_is_end(at)) {
                emit_end(emit, at, next);
            } else {
                emit_instruction(emit, at);
            }
            emit->number += 1;
        }
    }
}

static void resolve_jumps(emitter *emit)
{
    vm_instruction *code = emit->code.items;
    const fixup *fixups = emit->fixups.items;
    for (uint32_t i = 0; i < emit->fixups.count; i++) {
        int32_t distance =
            (int32_t)emit->block_starts[fixups[i].to->id] - (int32_t)(fixups[i].pc + 1);
        if (fixups[i].slot != NULL) {
            *fixups[i].slot = distance;
        } else if (fixups[i].wide) {
            code[fixups[i].pc].wide = distance;
        } else {
            code[fixups[i].pc].offset = (int16_t)distance;
        }
    }
    // Of switches: `otherwise` holds a block so far, and the instruction tells the place.
    vm_switch *switches = emit->tables[TABLE_SWITCHES].items;
    for (uint32_t pc = 0; pc < emit->code.count; pc++) {
        if (code[pc].op == VM_OP_SWITCH || code[pc].op == VM_OP_SWITCH_VALUE) {
            vm_switch *table = &switches[code[pc].wide];
            table->otherwise = (int32_t)emit->block_starts[table->otherwise] - (int32_t)(pc + 1);
        }
    }
}

static const void *keep(emitter *emit, const vector *list, size_t size)
{
    if (list->count == 0) {
        return NULL;
    }
    void *copy = bl_arena_alloc(&emit->program->target->arena, list->count * size);
    memcpy(copy, list->items, list->count * size);
    return copy;
}

static void keep_tables(emitter *emit, vm_function *target)
{
    const vector *tables = emit->tables;
    target->constants = keep(emit, &tables[TABLE_CONSTANTS], sizeof(vm_value));
    target->fields = keep(emit, &tables[TABLE_FIELDS], sizeof(vm_field));
    target->shapes = keep(emit, &tables[TABLE_SHAPES], sizeof(void *));
    target->updates = keep(emit, &tables[TABLE_UPDATES], sizeof(vm_update));
    target->ctors = keep(emit, &tables[TABLE_CTORS], sizeof(void *));
    target->switches = keep(emit, &tables[TABLE_SWITCHES], sizeof(vm_switch));
    target->functions = keep(emit, &tables[TABLE_FUNCTIONS], sizeof(void *));
    target->natives = keep(emit, &tables[TABLE_NATIVES], sizeof(void *));
    target->operations = keep(emit, &tables[TABLE_OPERATIONS], sizeof(void *));
    target->handlers = keep(emit, &tables[TABLE_HANDLERS], sizeof(vm_handler));
    target->withs = keep(emit, &tables[TABLE_WITHS], sizeof(vm_with));
    target->type_tests = keep(emit, &tables[TABLE_TESTS], sizeof(vm_type_test));
    target->constant_count = tables[TABLE_CONSTANTS].count;
    target->field_count = tables[TABLE_FIELDS].count;
    target->shape_count = tables[TABLE_SHAPES].count;
    target->update_count = tables[TABLE_UPDATES].count;
    target->ctor_count = tables[TABLE_CTORS].count;
    target->switch_count = tables[TABLE_SWITCHES].count;
    target->function_count = tables[TABLE_FUNCTIONS].count;
    target->native_count = tables[TABLE_NATIVES].count;
    target->operation_count = tables[TABLE_OPERATIONS].count;
    target->handler_count = tables[TABLE_HANDLERS].count;
    target->with_count = tables[TABLE_WITHS].count;
    target->type_test_count = tables[TABLE_TESTS].count;
}

// Instead of a function that does not fit the instructions: it fails when it is called.
static void emit_too_large(emitter *emit)
{
    bl_slice message = BL_SLICE("Function is too large");
    vm_value text = vm_of(ir_string(emit->program, message));
    emit->code.count = 0;
    emit->lives.count = 0;
    emit->live_registers.count = 0;
    emit->places.count = 0;
    for (uint32_t i = 0; i < BL_ARRAY_COUNT(emit->tables); i++) {
        emit->tables[i].count = 0;
    }
    put_wide(emit, VM_OP_LOAD, 0, (int32_t)table_index(emit, TABLE_CONSTANTS, &text, sizeof text));
    put(emit, VM_OP_FAIL, 0, VM_FAULT_MESSAGE, 0);
    emit->registers.count = emit->function->param_count + 2;
}

static void reset(emitter *emit)
{
    emit->code.count = 0;
    emit->places.count = 0;
    emit->lives.count = 0;
    emit->live_registers.count = 0;
    emit->fixups.count = 0;
    for (uint32_t i = 0; i < BL_ARRAY_COUNT(emit->tables); i++) {
        emit->tables[i].count = 0;
    }
}

static void finish(emitter *emit)
{
    ir_function *function = emit->function;
    vm_function *target = function->target;
    target->name = function->name;
    target->file = function->file;
    target->line = function->line;
    target->flags = function->flags;
    target->param_count = (uint16_t)function->param_count;
    target->register_count = (uint16_t)(emit->registers.count + 1);
    target->is_closure = function->is_closure;
    target->param_names = function->param_names;
    target->reach = function->reach;
    target->reach_reason = function->reach_reason;
    target->code = keep(emit, &emit->code, sizeof(vm_instruction));
    target->code_size = emit->code.count;
    target->places = keep(emit, &emit->places, sizeof(vm_place));
    target->place_count = emit->places.count;
    vector frames = {function->frames, function->frame_count, 0};
    target->frames = keep(emit, &frames, sizeof(vm_inlined));
    target->frame_count = function->frame_count;
    target->lives = keep(emit, &emit->lives, sizeof(vm_live));
    target->live_count = emit->lives.count;
    target->live_registers = keep(emit, &emit->live_registers, sizeof(uint16_t));
    keep_tables(emit, target);
}

static void emit_function(ir_function *function)
{
    emitter emit = {.function = function, .program = function->program};
    emit_registers_init(&emit.registers, function);
    emit.block_starts = bl_alloc((function->block_count + 1) * sizeof *emit.block_starts);
    emit.too_large = emit.registers.count > EMIT_REGISTERS_MAX;
    if (!emit.too_large) {
        emit_blocks(&emit);
        if (emit.code.count > SHORT_JUMP_CODE_MAX && !emit.too_large) {
            reset(&emit);
            emit.long_jumps = true;
            emit_blocks(&emit);
        }
    }
    if (emit.too_large) {
        emit_too_large(&emit);
    } else {
        resolve_jumps(&emit);
    }
    finish(&emit);
    vector *lists[] = {&emit.code, &emit.places, &emit.lives, &emit.live_registers, &emit.fixups};
    for (uint32_t i = 0; i < BL_ARRAY_COUNT(lists); i++) {
        bl_free(lists[i]->items);
    }
    for (uint32_t i = 0; i < BL_ARRAY_COUNT(emit.tables); i++) {
        bl_free(emit.tables[i].items);
    }
    bl_free(emit.block_starts);
    emit_registers_deinit(&emit.registers);
}

void ir_emit_program(ir_program *program)
{
    vm_program *target = program->target;
    target->functions =
        bl_arena_alloc(&target->arena, (program->function_count + 1) * sizeof(void *));
    for (uint32_t i = 0; i < program->function_count; i++) {
        ir_function *function = program->functions[i];
        if (function->block_count == 0 || function->is_dead) {
            continue;
        }
        ir_place_counts(function);
        emit_function(function);
        function->target->index = target->function_count;
        target->functions[target->function_count++] = function->target;
    }
}
