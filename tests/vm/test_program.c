// tests/vm/test_program.c: the verifier: what it refuses, and that no mutation of a program's code
// makes it, or the disassembler behind it, read past a table.
#include <criterion/criterion.h>
#include <stdlib.h>

#include "tests/vm/asm.h"

static const char source[] =
    "shape point P x y\nupdate x point x\nhandler h Ask.ask/0:tail\nwith w Ask\n"
    "fn f 2 12\n"
    "LOAD r2 \"text\"\nLOAD_INT r3 7\nLOAD_ATOM r4 Red\nVARIANT r5 r0 Pair/2\n"
    "switch t 4 @one @two else @two\nSWITCH r5 t\n@one:\nRECORD r6 r0 point\nMOVE r7 r3\n"
    "UPDATE r6 r6 x\nFIELD r7 r6 .x\n@two:\nLIST r6 r0 2\nITER r8 r6\nITER_NEXT r8 r7 @one\n"
    "CLOSURE r8 r0 g\nNOP 2\nHANDLE r9 r8 h\nMOVE r4 r0\nCALL r2 f\nCALL_VALUE r5 1\n"
    "WITH_BEGIN r6 w\nPERFORM r7 r8 Ask.ask/0\nWITH_END\nBUILD r0 r1 3\nRETURN r0\n"
    "fn g 0 4 closure\nRETURN r0\n";

Test(program, refuses_broken_code)
{
    vm_program *program = asm_program(source, NULL);
    vm_function *function = (vm_function *)(uintptr_t)program->functions[0];
    vm_instruction code[64];
    memcpy(code, function->code, function->code_size * sizeof *code);
    function->code = code;
    const struct {
        const char *name;
        uint32_t pc;
        vm_instruction instruction;
    } rows[] = {
        {"no such register", 0, {.op = VM_OP_MOVE, .a = 12, .b = 0}},
        {"no such instruction", 0, {.op = VM_OP_COUNT}},
        {"not for programs", 0, {.op = VM_OP_END_FIBER}},
        {"no such constant", 0, {.op = VM_OP_LOAD, .wide = 600}},
        {"negative constant", 0, {.op = VM_OP_LOAD, .wide = -1}},
        {"jump to nowhere", 0, {.op = VM_OP_JUMP, .wide = 1000}},
        {"jump before the start", 0, {.op = VM_OP_JUMP, .wide = -2}},
        {"range of registers", 0, {.op = VM_OP_LIST, .b = 8, .c = 5}},
        {"arguments of a call", 0, {.op = VM_OP_CALL, .a = 9, .wide = 0}},
        {"no NOP behind", 0, {.op = VM_OP_CLOSURE, .b = 0, .c = 0}},
        {"pair of registers", 0, {.op = VM_OP_HANDLE, .a = 11, .b = 0, .c = 0}},
        {"no such run-time error", 0, {.op = VM_OP_FAIL, .b = 500}},
        {"division by a constant zero", 0, {.op = VM_OP_DIV_I}},
        {"runs off its end", function->code_size - 1, {.op = VM_OP_NOP}},
    };
    cr_assert_eq(vm_program_verify(program, NULL), BL_OK);
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i += 1) {
        vm_instruction good = code[rows[i].pc];
        code[rows[i].pc] = rows[i].instruction;
        bl_error error;
        cr_expect_eq(vm_program_verify(program, &error), BL_INVALID, "%s", rows[i].name);
        code[rows[i].pc] = good;
    }
    cr_assert_eq(vm_program_verify(program, NULL), BL_OK);
    vm_program_destroy(program);
}

Test(program, survives_mutations)
{
    vm_program *program = asm_program(source, NULL);
    vm_function *function = (vm_function *)(uintptr_t)program->functions[0];
    const vm_instruction *good = function->code;
    uint64_t random = UINT64_C(88172645463325252);
    FILE *nowhere = fopen("/dev/null", "w");
    uint32_t accepted_count = 0;
    for (int i = 0; i < 20000; i += 1) {
        vm_instruction *code = malloc(function->code_size * sizeof *code);
        memcpy(code, good, function->code_size * sizeof *code);
        for (int change = 0; change < 2; change += 1) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            uint16_t *words = (uint16_t *)(void *)&code[random % function->code_size];
            words[random >> 20 & 3] = (uint16_t)(random >> 32 & ((random >> 50 & 1) ? 15 : 0xFFFF));
        }
        function->code = code;
        if (vm_program_verify(program, NULL) == BL_OK) {
            accepted_count += 1;
            vm_program_dump(program, nowhere);
        }
        free(code);
    }
    cr_expect_gt(accepted_count, 100);
    fclose(nowhere);
    function->code = good;
    vm_program_destroy(program);
}
