// tests/lang/program.h: compiles and runs a program that is a text, for tests of code generation.
#ifndef TESTS_LANG_PROGRAM_H
#define TESTS_LANG_PROGRAM_H

#include "lang/lang.h"

// What main gives, as text; "error LINE: MESSAGE" for a run-time error, "refused CODE" for a
// program with errors. Every program is verified before it runs, and no object may be left when it
// ends.
void program_outcome(const char *text, bool optimised, bl_buffer *out);
// As above for a vm_program's disassembly or the IR.
void program_dump(const char *text, lang_dump what, bl_buffer *out);
// The standard library.
const vm_library *program_library(void);

#endif
