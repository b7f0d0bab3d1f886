// lang/emit_code.h: the function that is being emitted; shared by the files emit*.c.
#ifndef LANG_EMIT_CODE_H
#define LANG_EMIT_CODE_H

#include "lang/emit.h"

// A jump whose distance is not known yet.
typedef struct emit_fixup {
    uint32_t pc;
    const ir_block *to;
    bool wide;
    int32_t *slot; // Of a switch, instead of the instruction; relative to pc.
} emit_fixup;

typedef struct emit_vector {
    void *items;
    uint32_t count;
    uint32_t capacity;
} emit_vector;

// Tables of a vm_function.
enum {
    EMIT_TABLE_CONSTANTS,
    EMIT_TABLE_FIELDS,
    EMIT_TABLE_SHAPES,
    EMIT_TABLE_UPDATES,
    EMIT_TABLE_CTORS,
    EMIT_TABLE_SWITCHES,
    EMIT_TABLE_FUNCTIONS,
    EMIT_TABLE_NATIVES,
    EMIT_TABLE_OPERATIONS,
    EMIT_TABLE_HANDLERS,
    EMIT_TABLE_WITHS,
    EMIT_TABLE_TESTS,
    EMIT_TABLE_COUNT,
};

typedef struct emitter {
    ir_function *function;
    ir_program *program;
    emit_registers registers;
    emit_vector code;           // vm_instruction
    emit_vector places;         // vm_place
    emit_vector lives;          // vm_live
    emit_vector live_registers; // uint16_t
    emit_vector fixups;         // emit_fixup
    emit_vector tables[EMIT_TABLE_COUNT];
    uint32_t *block_starts;
    uint32_t block;  // Number of the block that is being emitted.
    uint32_t number; // Of the instruction that is being emitted.
    bool long_jumps;
    bool too_large;
} emitter;

// Room for one more item of size bytes at the end of list.
void *emit_push(emit_vector *list, size_t size);

// ---- tables: the index of an entry, which is added if it is not there ------------------------

uint32_t emit_table_index(emitter *emit, uint32_t table, const void *entry, size_t size);
uint32_t emit_pointer_index(emitter *emit, uint32_t table, const void *pointer);
uint32_t emit_field_index(emitter *emit, vm_string *name); // Each with a cache of its own.
uint32_t emit_update_index(emitter *emit, const ir_update *update);

// ---- instructions ----------------------------------------------------------------------------

uint32_t emit_pc(const emitter *emit); // Of the next instruction.
void emit_put(emitter *emit, vm_op op, uint32_t a, uint32_t b, uint32_t c);
void emit_put_wide(emitter *emit, vm_op op, uint32_t a, int32_t wide);
void emit_put_jump(emitter *emit, const ir_block *to);
void emit_put_branch(emitter *emit, vm_op op, uint32_t a, const ir_block *to);
// An instruction that goes on or jumps to a block.
void emit_put_short_jump(emitter *emit, vm_op op, uint32_t a, uint32_t b, const ir_block *to);
void emit_put_move(emitter *emit, uint32_t to, uint32_t from);
// All at once: none overwrites what another one still has to read. Uses up both lists.
void emit_put_moves(emitter *emit, uint32_t *to, uint32_t *from, uint32_t count);
uint32_t emit_reg(const emitter *emit, ir_var var); // One that is never read where there is none.
// Brings the arguments into the window; returns where they begin.
uint32_t emit_put_window(emitter *emit, const ir_instruction *at);

// ---- places and lives of the next instruction ------------------------------------------------

void emit_note_place(emitter *emit, const ir_instruction *at);
void emit_note_live(emitter *emit, const ir_instruction *at);

// ---- by kind of instruction ------------------------------------------------------------------

void emit_instruction(emitter *emit, const ir_instruction *at); // emit_plain.c: all but ends.
void emit_call(emitter *emit, const ir_instruction *at, uint32_t result);
// emit_end.c: the last of a block; next: the block that is laid out behind it, or NULL.
void emit_end(emitter *emit, const ir_instruction *at, const ir_block *next);

#endif
