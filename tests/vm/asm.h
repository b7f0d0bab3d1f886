// tests/vm/asm.h: a textual assembler for the tests of the instruction loop.
//
//     fn fib 1 6                    name, parameters, registers; `closure` behind: a closure's
//       JNLT_I r0 2 @big            operands as opcodes.def formats them
//       RETURN r0
//     @big:
//       …
//       live r1 r3                  registers owned at the next instruction
//     shape point P x y             `-` for no struct name; used as an operand by its name
//     update move point x y         `-` for no shape
//     switch cases 0 @a @b else @c
//     handler h Ask.ask/0:tail Ask.tell/2:general
//     with w Ask Tell
//     default Ask.ask/0 function
//
// Constants are written as they are: 12, 1.5, "text", true, (). Constructors as Circle/1. All
// tables belong to the program and all functions share them.
#ifndef TESTS_VM_ASM_H
#define TESTS_VM_ASM_H

#include "vm/vm.h"

// The program of a source; aborts with a message on a mistake. library: where natives are looked
// up, written Module.name; may be NULL.
vm_program *asm_program(const char *source, const vm_library *library);
const vm_function *asm_function(const vm_program *program, const char *name);

// Runs function NAME with Ints; the text form of its value, or "error: MESSAGE", or what kept it
// from ending. Checks that nothing leaks. The text lives until the next call.
const char *asm_run(const vm_program *program, const char *name, const int64_t *args, size_t count);
const char *asm_run_config(const vm_program *program, const char *name, const int64_t *args,
                           size_t count, const vm_config *config);

#endif
