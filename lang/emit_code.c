// lang/emit_code.c: appends to the code and the tables of the function that is being emitted.
//
// An argument that does not stand in its place of a window is moved there. Tables of the function
// hold each entry once. Short jumps have 16 bits; in a function that is too long for these they
// lead to a wide JUMP beside them.
#include "lang/emit_code.h"

void *emit_push(emit_vector *list, size_t size)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        list->items = bl_realloc(list->items, list->capacity * size);
    }
    return (char *)list->items + list->count++ * size;
}

// ---- tables ----------------------------------------------------------------------------------

// The entry's index; it is looked for among the latest ones, so that this stays linear.
uint32_t emit_table_index(emitter *emit, uint32_t table, const void *entry, size_t size)
{
    emit_vector *list = &emit->tables[table];
    uint32_t from = list->count > 64 ? list->count - 64 : 0;
    for (uint32_t i = from; i < list->count; i++) {
        if (memcmp((const char *)list->items + i * size, entry, size) == 0) {
            return i;
        }
    }
    memcpy(emit_push(list, size), entry, size);
    if (list->count > UINT16_MAX) {
        emit->too_large = true;
    }
    return list->count - 1;
}

uint32_t emit_pointer_index(emitter *emit, uint32_t table, const void *pointer)
{
    return emit_table_index(emit, table, &pointer, sizeof pointer);
}

uint32_t emit_field_index(emitter *emit, vm_string *name)
{
    vm_field *field = emit_push(&emit->tables[EMIT_TABLE_FIELDS], sizeof *field);
    *field = (vm_field){name, emit->program->target->cache_count++};
    emit->too_large |= emit->tables[EMIT_TABLE_FIELDS].count > UINT16_MAX;
    return emit->tables[EMIT_TABLE_FIELDS].count - 1;
}

uint32_t emit_update_index(emitter *emit, const ir_update *update)
{
    vm_program *target = emit->program->target;
    vm_string **names = bl_arena_alloc(&target->arena, (update->count + 1) * sizeof(vm_string *));
    memcpy(names, update->names, update->count * sizeof(vm_string *));
    vm_update *entry = emit_push(&emit->tables[EMIT_TABLE_UPDATES], sizeof *entry);
    *entry = (vm_update){.names = names,
                         .count = update->count,
                         .struct_shape = update->struct_shape,
                         .cache_index = target->cache_count++};
    emit->too_large |= emit->tables[EMIT_TABLE_UPDATES].count > UINT16_MAX;
    return emit->tables[EMIT_TABLE_UPDATES].count - 1;
}

// ---- instructions ----------------------------------------------------------------------------

uint32_t emit_pc(const emitter *emit)
{
    return emit->code.count;
}

void emit_put(emitter *emit, vm_op op, uint32_t a, uint32_t b, uint32_t c)
{
    vm_instruction *at = emit_push(&emit->code, sizeof *at);
    *at = (vm_instruction){.op = (uint16_t)op, .a = (uint16_t)a};
    at->b = (uint16_t)b;
    at->c = (uint16_t)c;
}

void emit_put_wide(emitter *emit, vm_op op, uint32_t a, int32_t wide)
{
    vm_instruction *at = emit_push(&emit->code, sizeof *at);
    *at = (vm_instruction){.op = (uint16_t)op, .a = (uint16_t)a};
    at->wide = wide;
}

void emit_put_jump(emitter *emit, const ir_block *to)
{
    emit_fixup *fix = emit_push(&emit->fixups, sizeof *fix);
    *fix = (emit_fixup){.pc = emit_pc(emit), .to = to, .wide = true};
    emit_put_wide(emit, VM_OP_JUMP, 0, 0);
}

void emit_put_branch(emitter *emit, vm_op op, uint32_t a, const ir_block *to)
{
    emit_fixup *fix = emit_push(&emit->fixups, sizeof *fix);
    *fix = (emit_fixup){.pc = emit_pc(emit), .to = to, .wide = true};
    emit_put_wide(emit, op, a, 0);
}

// An instruction that goes on or jumps to a block.
void emit_put_short_jump(emitter *emit, vm_op op, uint32_t a, uint32_t b, const ir_block *to)
{
    if (!emit->long_jumps) {
        emit_fixup *fix = emit_push(&emit->fixups, sizeof *fix);
        *fix = (emit_fixup){.pc = emit_pc(emit), .to = to};
        emit_put(emit, op, a, b, 0);
        return;
    }
    emit_put(emit, op, a, b, 1);           // To the JUMP behind the next one.
    emit_put_wide(emit, VM_OP_JUMP, 0, 1); // Goes on: over it.
    emit_put_jump(emit, to);
}

void emit_put_move(emitter *emit, uint32_t to, uint32_t from)
{
    if (to != from) {
        emit_put(emit, VM_OP_MOVE, to, from, 0);
    }
}

uint32_t emit_reg(const emitter *emit, ir_var var)
{
    uint32_t register_ = emit->registers.of[var];
    return register_ == EMIT_NO_REGISTER ? emit->registers.count : register_;
}

// All moves at once: none overwrites what another one still has to read.
void emit_put_moves(emitter *emit, uint32_t *to, uint32_t *from, uint32_t count)
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
            emit_put_move(emit, to[i], from[i]);
            left -= 1;
            to[i] = to[left];
            from[i] = from[left];
            moved = true;
            break;
        }
        if (!moved) { // A circle: free one of its registers.
            emit_put_move(emit, scratch, to[0]);
            for (uint32_t j = 0; j < left; j++) {
                if (from[j] == to[0]) {
                    from[j] = scratch;
                }
            }
        }
    }
}

// Brings the arguments into the window; returns where they begin.
uint32_t emit_put_window(emitter *emit, const ir_instruction *at)
{
    if (at->count == 0 && emit_header(at) == 0) {
        return 0;
    }
    if (at->count == 1 && emit_header(at) == 0) {
        return emit_reg(emit, at->args[0]);
    }
    uint32_t first = emit->registers.windows[emit->number] + emit_header(at);
    bool in_place = true;
    for (uint32_t i = 0; i < at->count && in_place; i++) {
        in_place = emit_reg(emit, at->args[i]) == first + i;
    }
    if (!in_place) {
        uint32_t *pairs = bl_alloc(2 * at->count * sizeof *pairs);
        for (uint32_t i = 0; i < at->count; i++) {
            pairs[i] = first + i;
            pairs[at->count + i] = emit_reg(emit, at->args[i]);
        }
        emit_put_moves(emit, pairs, pairs + at->count, at->count);
        bl_free(pairs);
    }
    return first;
}

// ---- places and lives ------------------------------------------------------------------------

void emit_note_place(emitter *emit, const ir_instruction *at)
{
    vm_place *last =
        emit->places.count == 0 ? NULL : (vm_place *)emit->places.items + emit->places.count - 1;
    if (at->line == 0 || (last != NULL && last->line == at->line && last->column == at->column &&
                          last->frame == at->frame)) { // One text, inlined twice: two frames.
        return;
    }
    if (last != NULL && last->pc == emit_pc(emit)) {
        *last = (vm_place){emit_pc(emit), at->line, at->column, at->frame};
        return;
    }
    *(vm_place *)emit_push(&emit->places, sizeof(vm_place)) =
        (vm_place){emit_pc(emit), at->line, at->column, at->frame};
}

void emit_note_live(emitter *emit, const ir_instruction *at)
{
    if (at->live_count == 0) {
        return;
    }
    uint32_t first = emit->live_registers.count;
    for (uint32_t i = 0; i < at->live_count; i++) {
        uint32_t register_ = emit->registers.of[at->lives[i]];
        if (register_ != EMIT_NO_REGISTER) {
            *(uint16_t *)emit_push(&emit->live_registers, sizeof(uint16_t)) = (uint16_t)register_;
        }
    }
    *(vm_live *)emit_push(&emit->lives, sizeof(vm_live)) =
        (vm_live){emit_pc(emit), first, emit->live_registers.count - first};
}
