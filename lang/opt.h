// lang/opt.h: the passes of the optimiser; shared by the files opt*.c.
#ifndef LANG_OPT_H
#define LANG_OPT_H

#include "lang/ir.h"

// Every variable that may be read before it is written becomes () at the start: whatever was
// lowered, no register is read that nobody wrote.
void opt_define(ir_function *function);
// ir_variable.kinds of all variables of all functions.
void opt_kinds(ir_program *program);
// Chooses forms of instructions: comparisons joined with the branch behind them, immediate
// operands, calls at the end as tail calls, calls of itself as loops.
void opt_tail_calls(ir_function *function);
void opt_select(ir_function *function);
// Constants that a loop would make again and again are made before it.
void opt_hoist(ir_function *function);
// Copies functions into their callers, over the whole program; simplifies them all.
void opt_inline(ir_program *program);
// Boxes that nobody captures become plain variables.
void opt_unbox(ir_function *function);
// Copies, constants, unused results, blocks with one way in and out.
void opt_simplify(ir_function *function);

#endif
