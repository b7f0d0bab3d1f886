// lang/opt.h: the passes of the optimiser; shared by the files opt*.c.
#ifndef LANG_OPT_H
#define LANG_OPT_H

#include "lang/ir.h"

// By variable: how often it is read and defined (parameters once more), and its latest definition,
// which is the only one if `definitions` is 1; NULL: it is a parameter or a second result.
typedef struct opt_facts {
    uint32_t *uses;
    uint32_t *definitions;
    ir_instruction **definition;
} opt_facts;

void opt_facts_init(opt_facts *facts, const ir_function *function);
void opt_facts_deinit(opt_facts *facts);

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
// Parts and tests of data that the function has made itself; true if something was found.
bool opt_known(ir_function *function);
// Copies, constants, unused results, blocks with one way in and out.
void opt_simplify(ir_function *function);

#endif
