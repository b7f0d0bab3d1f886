// lang/lang.h: the public header: from a path to diagnostics and a program. Runs nothing.
//
//     lang_result *result = lang_compile(&library, path, &(lang_options){.level = …});
//     if (result->error_count != 0) { lang_result_write_lines(result, &out); exit 1; }
//     vm_program *program = lang_result_take_program(result);   // owned
//     lang_result_destroy(result);
#ifndef LANG_LANG_H
#define LANG_LANG_H

#include "lang/diagnostics.h"
#include "vm/chunk.h"

typedef struct lang_options {
    lang_level level;  // Which checks run; run and serve use LANG_LEVEL_REFINEMENTS.
    bool check_only;   // Stop before code generation.
    bool for_tests;    // Also compile tests (program->tests).
    bool no_optimiser; // For the differential tests.
    bl_slice text;     // The program's text instead of the file's; data == NULL: read the file.
} lang_options;

typedef struct lang_result {
    const lang_diagnostics *diagnostics; // Of the main file, sorted.
    uint32_t error_count;
    bool read_failed;         // IO_001.
    const char *read_reason;  // "No such file or directory".
    bool main_has_parameters; // Entry point exists but takes parameters.
    vm_program *program;      // NULL with errors or check_only.
} lang_result;

// library: kept for the life of the program. Never NULL.
lang_result *lang_compile(const vm_library *library, bl_slice path, const lang_options *options);
vm_program *lang_result_take_program(lang_result *result);
void lang_result_destroy(lang_result *result);

// `dump --ast | --types | --ir`: appends text; false if the file has errors (diagnostics appended).
typedef enum lang_dump {
    LANG_DUMP_AST,
    LANG_DUMP_TYPES,
    LANG_DUMP_IR,
    LANG_DUMP_BYTECODE,
} lang_dump;
bool lang_dump_write(const vm_library *library, bl_slice path, lang_dump what, bl_buffer *out);

// Canonical form of a file. False with syntax errors, or should the result fail its own check:
// then *diagnostics_out has the reason as text.
bool lang_format(bl_slice path, bl_slice text, bl_buffer *out, bl_buffer *diagnostics_out);

#endif
