// lang/emit.h: from the IR, counts placed, to bytecode; shared by the files emit*.c.
#ifndef LANG_EMIT_H
#define LANG_EMIT_H

#include "lang/ir.h"

// Registers of a frame that an instruction can name; functions that need more are refused at run
// time ("Function is too large").
#define EMIT_REGISTERS_MAX 65000

#define EMIT_NO_REGISTER UINT32_MAX

// Which register each variable lives in, and where the windows of calls and makers of data begin.
typedef struct emit_registers {
    uint32_t *of;      // By variable; EMIT_NO_REGISTER: never used.
    uint32_t *windows; // By number of the instruction (emit order): first register; or NO.
    uint32_t count;    // Registers of the frame, one for moves in circles included.
} emit_registers;

void emit_registers_init(emit_registers *registers, ir_function *function);
void emit_registers_deinit(emit_registers *registers);

// Whether arguments stand in consecutive registers, and behind how many of a header.
static inline bool emit_has_window(const ir_instruction *instruction)
{
    if (instruction->op == IR_NATIVE && vm_native_op(instruction->as.native) != VM_OP_NOP) {
        return false; // An instruction of its own: its arguments stay where they are.
    }
    return (ir_ops[instruction->op].flags & IR_FLAG_WINDOW) != 0;
}

static inline uint32_t emit_header(const ir_instruction *instruction)
{
    switch ((unsigned)instruction->op) {
    case IR_CALL:
    case IR_CALL_VALUE:
    case IR_TAIL_CALL:
    case IR_TAIL_CALL_VALUE:
    case IR_HANDLE: // Its two results.
        return 2;
    default:
        return 0;
    }
}

#endif
