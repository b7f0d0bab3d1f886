// tests/vm/test_interpret.c: each instruction, assembled by hand: results, run-time errors, and no
// object left over. Built twice: with computed goto and with switch.
#include <criterion/criterion.h>

#include "tests/vm/asm.h"

typedef struct row {
    const char *name;
    const char *source; // Function f is run.
    int64_t args[3];
    size_t count;
    const char *want;
} row;

static vm_status native_sum(vm_task *task, vm_value *args, vm_value *result)
{
    (void)task;
    *result = vm_int(args[0].integer + args[1].integer);
    return VM_OK;
}

static vm_status native_fail(vm_task *task, vm_value *args, vm_value *result)
{
    (void)args;
    (void)result;
    return vm_fail(task, "Test.fail: %d", 7);
}

// Borrows a list and gives it back counted once more.
static vm_status native_same(vm_task *task, vm_value *args, vm_value *result)
{
    (void)task;
    *result = vm_dup(args[0]);
    return VM_OK;
}

static vm_status native_twice(vm_task *task, vm_value *args, vm_value *result)
{
    (void)result;
    vm_value arg = vm_int(21);
    return vm_tail_call(task, args[0], &arg, 1);
}

static vm_native natives[] = {
    {.name = "sum", .arity = 2, .arity_max = 2, .function = native_sum},
    {.name = "fail", .arity = 0, .arity_max = 0, .function = native_fail},
    {.name = "same", .arity = 1, .arity_max = 1, .function = native_same},
    {.name = "twice", .arity = 1, .arity_max = 1, .function = native_twice},
};

static vm_module module = {
    .name = "Test", .natives = natives, .native_count = BL_ARRAY_COUNT(natives)};

static void check_rows(const row *rows, size_t count)
{
    vm_library library = {.module_count = 0};
    vm_library_add(&library, &module);
    for (size_t i = 0; i < count; i += 1) {
        vm_program *program = asm_program(rows[i].source, &library);
        const char *got = asm_run(program, "f", rows[i].args, rows[i].count);
        cr_expect_str_eq(got, rows[i].want, "%s: got %s, want %s", rows[i].name, got, rows[i].want);
        vm_program_destroy(program);
    }
}

// op(R0, R1) of two Ints.
#define BINARY(op) "fn f 2 3\n" op " r2 r0 r1\nRETURN r2\n"
#define MINIMUM INT64_MIN
#define MAXIMUM INT64_MAX

Test(interpret, arithmetic)
{
    const row rows[] = {
        {"add", BINARY("ADD"), {2, 3}, 2, "5"},
        {"add overflows", BINARY("ADD"), {MAXIMUM, 1}, 2, "error: Integer overflow in addition"},
        {"add int overflows",
         BINARY("ADD_INT"),
         {MINIMUM, -1},
         2,
         "error: Integer overflow in addition"},
        {"sub", BINARY("SUB"), {2, 3}, 2, "-1"},
        {"sub overflows", BINARY("SUB"), {MINIMUM, 1}, 2, "error: Integer overflow in subtraction"},
        {"mul", BINARY("MUL"), {-7, 6}, 2, "-42"},
        {"mul overflows",
         BINARY("MUL_INT"),
         {MAXIMUM, 2},
         2,
         "error: Integer overflow in multiplication"},
        {"div truncates", BINARY("DIV"), {-7, 2}, 2, "-3"},
        {"div by negative", BINARY("DIV"), {7, -2}, 2, "-3"},
        {"div by zero", BINARY("DIV"), {1, 0}, 2, "error: Division by zero"},
        {"div overflows", BINARY("DIV"), {MINIMUM, -1}, 2, "error: Integer overflow in division"},
        {"mod takes the sign of the dividend", BINARY("MOD"), {-7, 3}, 2, "-1"},
        {"mod by negative", BINARY("MOD"), {7, -3}, 2, "1"},
        {"mod by zero", BINARY("MOD"), {1, 0}, 2, "error: Modulo by zero"},
        {"mod overflows", BINARY("MOD"), {MINIMUM, -1}, 2, "error: Integer overflow in modulo"},
        {"neg", "fn f 1 2\nNEG r1 r0\nRETURN r1\n", {5}, 1, "-5"},
        {"neg overflows",
         "fn f 1 2\nNEG r1 r0\nRETURN r1\n",
         {MINIMUM},
         1,
         "error: Integer overflow in negation"},
        {"immediates",
         "fn f 1 2\nADD_I r1 r0 7\nSUB_I r1 r1 -2\nMUL_I r1 r1 10\nDIV_I r1 r1 4\nMOD_I r1 r1 8\n"
         "RETURN r1\n",
         {1},
         1,
         "1"},
        {"add immediate overflows",
         "fn f 1 2\nADD_I r1 r0 1\nRETURN r1\n",
         {MAXIMUM},
         1,
         "error: Integer overflow in addition"},
        {"int and float", "fn f 1 3\nLOAD r1 1.5\nADD r2 r0 r1\nRETURN r2\n", {2}, 1, "3.5"},
        {"float mod int", "fn f 1 3\nLOAD r1 -7.5\nMOD r2 r1 r0\nRETURN r2\n", {2}, 1, "-1.5"},
        {"float by zero", "fn f 1 3\nLOAD r1 1.0\nDIV r2 r1 r0\nRETURN r2\n", {0}, 1, "inf"},
        {"float immediate", "fn f 0 3\nLOAD r1 1.5\nMUL_I r2 r1 3\nRETURN r2\n", {0}, 0, "4.5"},
        {"floats proved",
         "fn f 0 4\nLOAD r0 1.5\nLOAD r1 0.5\nADD_FLOAT r2 r0 r1\nMUL_FLOAT r2 r2 r2\n"
         "SUB_FLOAT r2 r2 r1\nDIV_FLOAT r2 r2 r1\nRETURN r2\n",
         {0},
         0,
         "7"},
        {"add of a text",
         "fn f 1 3\nLOAD r1 \"a\"\nADD r2 r0 r1\nRETURN r2\n",
         {1},
         1,
         "error: Type error: expected Int"},
        {"not", "fn f 0 2\nLOAD r0 true\nNOT r1 r0\nRETURN r1\n", {0}, 0, "false"},
        {"not of an int",
         "fn f 1 2\nNOT r1 r0\nRETURN r1\n",
         {0},
         1,
         "error: Type error: expected Bool"},
    };
    check_rows(rows, BL_ARRAY_COUNT(rows));
}

#define COMPARE_K(op, left, right)                                                                 \
    "fn f 0 3\nLOAD r0 " left "\nLOAD r1 " right "\n" op " r2 r0 r1\nRETURN r2\n"

Test(interpret, comparison)
{
    const row rows[] = {
        {"lt", BINARY("LT"), {1, 2}, 2, "true"},
        {"ge", BINARY("GE"), {1, 2}, 2, "false"},
        {"eq", BINARY("EQ"), {2, 2}, 2, "true"},
        {"ne", BINARY("NE"), {2, 2}, 2, "false"},
        {"int equals float", COMPARE_K("EQ", "1", "1.0"), {0}, 0, "true"},
        {"int below float", COMPARE_K("LT", "1", "1.5"), {0}, 0, "true"},
        {"texts by bytes", COMPARE_K("LT", "\"a\"", "\"b\""), {0}, 0, "true"},
        {"prefix is smaller", COMPARE_K("LE", "\"ab\"", "\"a\""), {0}, 0, "false"},
        {"bools", COMPARE_K("GT", "true", "false"), {0}, 0, "true"},
        {"kinds differ", COMPARE_K("EQ", "\"1\"", "1"), {0}, 0, "false"},
        {"no order", COMPARE_K("LT", "\"1\"", "1"), {0}, 0, "error: Cannot compare String and Int"},
        {"NaN",
         "fn f 0 4\nLOAD r0 0.0\nDIV r1 r0 r0\nGE r2 r1 r0\nEQ r3 r1 r1\nADD_I r0 r0 0\n"
         "NOT r2 r2\nRETURN r2\n",
         {0},
         0,
         "true"},
        {"max int and the float above",
         COMPARE_K("LT", "9223372036854775807", "9223372036854775808.0"),
         {0},
         0,
         "true"},
    };
    check_rows(rows, BL_ARRAY_COUNT(rows));
}

// 1 if the jump is taken.
#define JUMPS(jump)                                                                                \
    "fn f 2 3\n" jump "\nLOAD_INT r2 0\nRETURN r2\n@yes:\nLOAD_INT r2 1\nRETURN r2\n"

Test(interpret, jumps)
{
    const row rows[] = {
        {"jlt", JUMPS("JLT r0 r1 @yes"), {1, 2}, 2, "1"},
        {"jnlt", JUMPS("JNLT r0 r1 @yes"), {1, 2}, 2, "0"},
        {"jle", JUMPS("JLE r0 r1 @yes"), {2, 2}, 2, "1"},
        {"jnle", JUMPS("JNLE r0 r1 @yes"), {2, 2}, 2, "0"},
        {"jgt", JUMPS("JGT r0 r1 @yes"), {2, 2}, 2, "0"},
        {"jngt", JUMPS("JNGT r0 r1 @yes"), {2, 2}, 2, "1"},
        {"jge", JUMPS("JGE r0 r1 @yes"), {2, 3}, 2, "0"},
        {"jnge", JUMPS("JNGE r0 r1 @yes"), {2, 3}, 2, "1"},
        {"jeq", JUMPS("JEQ r0 r1 @yes"), {2, 2}, 2, "1"},
        {"jneq", JUMPS("JNEQ r0 r1 @yes"), {2, 2}, 2, "0"},
        {"jeq_i negative", JUMPS("JEQ_I r0 -3 @yes"), {-3, 0}, 2, "1"},
        {"jlt_i", JUMPS("JLT_I r0 -3 @yes"), {-4, 0}, 2, "1"},
        {"jnge_i", JUMPS("JNGE_I r0 5 @yes"), {4, 0}, 2, "1"},
        {"jump if true", JUMPS("LT r2 r0 r1\nJUMP_TRUE r2 @yes"), {1, 2}, 2, "1"},
        {"jump if false", JUMPS("LT r2 r0 r1\nJUMP_FALSE r2 @yes"), {1, 2}, 2, "0"},
        {"condition is no bool",
         JUMPS("JUMP_FALSE r0 @yes"),
         {1, 2},
         2,
         "error: Type error: expected Bool"},
        {"NaN is not below",
         "fn f 0 3\nLOAD r0 0.0\nDIV r1 r0 r0\nJNLT r1 r0 @yes\nLOAD_INT r2 0\nRETURN r2\n@yes:\n"
         "LOAD_INT r2 1\nRETURN r2\n",
         {0},
         0,
         "1"},
        {"switch int",
         "fn f 1 2\nswitch t 3 @three @four else @other\nSWITCH_VALUE r0 t\n@three:\nLOAD_INT r1 "
         "30\n"
         "RETURN r1\n@four:\nLOAD_INT r1 40\nRETURN r1\n@other:\nLOAD_INT r1 0\nRETURN r1\n",
         {4},
         1,
         "40"},
        {"switch int, far away",
         "fn f 1 2\nswitch t 3 @three else @other\nSWITCH_VALUE r0 t\n@three:\nLOAD_INT r1 30\n"
         "RETURN r1\n@other:\nLOAD_INT r1 0\nRETURN r1\n",
         {MINIMUM},
         1,
         "0"},
        {"backward loop",
         "fn f 1 3\nLOAD_INT r1 0\n@top:\nADD r1 r1 r0\nSUB_I r0 r0 1\nJGT_I r0 0 @top\n"
         "RETURN r1\n",
         {100},
         1,
         "5050"},
    };
    check_rows(rows, BL_ARRAY_COUNT(rows));
}

Test(interpret, patterns_and_parts)
{
    const row rows[] = {
        {"switch on constructors",
         "fn f 1 4\nVARIANT r1 r0 Circle/1\nswitch t 4 @circle @dot else @other\nSWITCH r1 t\n"
         "@circle:\nVARIANT_ALIAS r2 r1 0\nOPEN r1 1\nRETURN r2\n@dot:\nLOAD_INT r2 2\nRETURN "
         "r2\n@other:\n"
         "LOAD_INT r2 3\nRETURN r2\n",
         {9},
         1,
         "9"},
        {"switch on an atom",
         "fn f 0 4\nLOAD_ATOM r1 Dot\nswitch t 4 @dot else @other\nSWITCH r1 t\n@dot:\n"
         "RETURN r1\n@other:\nLOAD_INT r2 3\nRETURN r2\n",
         {0},
         0,
         "Dot"},
        {"jnctor",
         "fn f 1 4\nVARIANT r1 r0 Some\nJNCTOR r1 None @no\nRETURN r1\n@no:\n"
         "VARIANT_GET r2 r1 0\nDROP r1\nRETURN r2\n",
         {5},
         1,
         "5"},
        {"jnvariant",
         "fn f 1 4\nVARIANT r1 r0 Some\nJNVARIANT r1 Ok @no\nRETURN r1\n@no:\n"
         "JNVARIANT r1 Some @end\nVARIANT_GET r2 r1 0\nDROP r1\nRETURN r2\n@end:\nRETURN r1\n",
         {5},
         1,
         "5"},
        {"an atom of a constructor with arguments is no variant",
         "fn f 0 4\nLOAD_ATOM r1 Some\nJNVARIANT r1 Some @no\nLOAD_INT r1 1\n@no:\nRETURN r1\n",
         {0},
         0,
         "Some"},
        {"jnsame",
         "fn f 0 2\nLOAD r0 \"ab\"\nJNSAME r0 \"ab\" @no\nRETURN r0\n@no:\n"
         "LOAD_INT r1 0\nRETURN r1\n",
         {0},
         0,
         "ab"},
        {"float is no int literal",
         "fn f 0 2\nLOAD r0 1.0\nJNSAME r0 1 @no\nRETURN r0\n@no:\n"
         "LOAD_INT r1 0\nRETURN r1\n",
         {0},
         0,
         "0"},
        {"tuple",
         "fn f 2 5\nTUPLE r2 r0 2\nJNTUPLE r2 3 @ok\nRETURN r2\n@ok:\nTUPLE_GET r3 r2 1\n"
         "DROP r2\nRETURN r3\n",
         {1, 2},
         2,
         "2"},
        {"open a shared tuple",
         "fn f 0 6\nLOAD r0 \"a\"\nLIST r0 r0 1\nLOAD_INT r1 7\nTUPLE r2 r0 2\nCOPY r3 r2\n"
         "TUPLE_ALIAS r4 r3 0\nOPEN r3 1\nDROP r4\nRETURN r2\n",
         {0},
         0,
         "([a], 7)"},
        {"open a unique tuple",
         "fn f 0 6\nLOAD r0 \"a\"\nLIST r0 r0 1\nLOAD_INT r1 7\nTUPLE r2 r0 2\n"
         "TUPLE_ALIAS r4 r2 0\nOPEN r2 1\nRETURN r4\n",
         {0},
         0,
         "[a]"},
        {"lists by length",
         "fn f 2 5\nLIST r2 r0 2\nJNLIST r2 3 @b\nRETURN r0\n@b:\nJNLIST_MIN r2 1 @c\n"
         "LIST_SKIP r4 r2 1\nRETURN r4\n@c:\nRETURN r0\n",
         {1, 2},
         2,
         "[2]"},
        {"list rest and get",
         "fn f 3 7\nLIST r3 r0 3\nLIST_REST r4 r3 1\nLIST_GET r5 r3 2\nDROP r3\nPUSH r4 r4 r5\n"
         "RETURN r4\n",
         {1, 2, 3},
         3,
         "[2, 3, 3]"},
        {"arity of a variant",
         "fn f 2 4\nVARIANT r2 r0 Pair/2\nJNARITY r2 1 @ok\nRETURN r0\n@ok:\n"
         "RETURN r2\n",
         {1, 2},
         2,
         "Pair(1, 2)"},
        {"variant by number",
         "fn f 2 6\nLOAD_ATOM r2 Pair/2\nMOVE r3 r0\nMOVE r4 r1\nVARIANT_N r2 r2 2\nRETURN r2\n",
         {1, 2},
         2,
         "Pair(1, 2)"},
        {"unit",
         "fn f 0 2\nLOAD_UNIT r0\nJNUNIT r0 @no\nRETURN r0\n@no:\nLOAD_INT r0 1\nRETURN r0\n",
         {0},
         0,
         "()"},
    };
    check_rows(rows, BL_ARRAY_COUNT(rows));
}

#define SHAPES "shape point P x y\nshape pair - x y\nshape one - x\nupdate x - x\nupdate xz - x z\n"

Test(interpret, records)
{
    const row rows[] = {
        {"record",
         SHAPES "fn f 2 4\nRECORD r2 r0 point\nRETURN r2\n",
         {1, 2},
         2,
         "P { x: 1, y: 2 }"},
        {"field",
         SHAPES "fn f 2 4\nRECORD r2 r0 point\nFIELD r3 r2 .y\nDROP r2\nRETURN r3\n",
         {1, 2},
         2,
         "2"},
        {"no such field",
         SHAPES "fn f 2 4\nRECORD r2 r0 pair\nFIELD r3 r2 .z\nDROP r2\nRETURN r3\n",
         {1, 2},
         2,
         "()"},
        {"field of an int", "fn f 1 4\nFIELD r3 r0 .z\nRETURN r3\n", {1}, 1, "()"},
        {"one cache, two shapes",
         SHAPES "fn f 2 8\nRECORD r6 r0 pair\nCALL r4 g\nDROP r4\nRECORD r6 r1 one\nCALL r4 g\n"
                "RETURN r4\nfn g 1 3\nFIELD r1 r0 .x\nDROP r0\nRETURN r1\n",
         {1, 2},
         2,
         "2"},
        {"jnfield",
         SHAPES "fn f 2 4\nRECORD r2 r0 pair\nJNFIELD r2 .y @no\nRETURN r2\n@no:\n"
                "RETURN r0\n",
         {1, 2},
         2,
         "{ x: 1, y: 2 }"},
        {"update in place",
         SHAPES "fn f 2 6\nRECORD r2 r0 point\nLOAD_INT r3 7\nUPDATE r2 r2 x\nLOAD_INT r3 8\n"
                "UPDATE r2 r2 x\nRETURN r2\n",
         {1, 2},
         2,
         "P { x: 8, y: 2 }"},
        {"update of a shared one",
         SHAPES "fn f 2 8\nRECORD r2 r0 point\nCOPY r4 r2\nLOAD_INT r5 7\nUPDATE r4 r4 x\n"
                "MOVE r5 r2\nTUPLE r4 r4 2\nRETURN r4\n",
         {1, 2},
         2,
         "(P { x: 7, y: 2 }, P { x: 1, y: 2 })"},
        {"update adds a field",
         SHAPES "fn f 2 6\nRECORD r2 r0 pair\nLOAD_INT r3 7\nLOAD_INT r4 9\nUPDATE r2 r2 xz\n"
                "RETURN r2\n",
         {1, 2},
         2,
         "{ x: 7, y: 2, z: 9 }"},
        {"update names the struct",
         SHAPES "update named point y\nfn f 2 6\nRECORD r2 r0 pair\nLOAD_INT r3 7\n"
                "UPDATE r2 r2 named\nRETURN r2\n",
         {1, 2},
         2,
         "P { x: 1, y: 7 }"},
        {"update of an int",
         SHAPES "fn f 2 6\nUPDATE r2 r0 x\nRETURN r2\n",
         {1, 2},
         2,
         "error: Type error: expected Record"},
        {"structs differ from records",
         SHAPES "fn f 2 8\nRECORD r2 r0 point\nRECORD r3 r0 pair\nEQ r4 r2 r3\nDROP r2\nDROP r3\n"
                "RETURN r4\n",
         {1, 2},
         2,
         "false"},
    };
    check_rows(rows, BL_ARRAY_COUNT(rows));
}

Test(interpret, data_and_loops)
{
    const row rows[] = {
        {"list", "fn f 3 4\nLIST r3 r0 3\nRETURN r3\n", {1, 2, 3}, 3, "[1, 2, 3]"},
        {"empty list", "fn f 0 4\nLIST r3 r0 0\nRETURN r3\n", {0}, 0, "[]"},
        {"map",
         "fn f 2 6\nLOAD r2 \"b\"\nMOVE r3 r0\nLOAD r4 \"a\"\nMOVE r5 r1\nMAP r2 r2 2\n"
         "RETURN r2\n",
         {1, 2},
         2,
         "#{a: 2, b: 1}"},
        {"set", "fn f 3 4\nSET r3 r0 3\nRETURN r3\n", {3, 1, 3}, 3, "Set(3, 1)"},
        {"concat lists",
         "fn f 3 6\nLIST r3 r0 2\nLIST r4 r2 1\nCONCAT r5 r3 r4\nRETURN r5\n",
         {1, 2, 3},
         3,
         "[1, 2, 3]"},
        {"list joined with itself",
         "fn f 2 6\nLIST r3 r0 2\nCOPY r4 r3\nCONCAT r5 r3 r4\nRETURN r5\n",
         {1, 2},
         2,
         "[1, 2, 1, 2]"},
        {"concat texts",
         "fn f 0 6\nLOAD r3 \"ab\"\nLOAD r4 \"cd\"\nCONCAT r5 r3 r4\nRETURN r5\n",
         {0},
         0,
         "abcd"},
        {"text joined with itself",
         "fn f 0 6\nLOAD r3 \"ab\"\nLOAD r4 \"cd\"\nCONCAT r5 r3 r4\nCOPY r4 r5\nCONCAT r5 r5 r4\n"
         "RETURN r5\n",
         {0},
         0,
         "abcdabcd"},
        {"concat of a text and an int",
         "fn f 1 6\nLOAD r3 \"ab\"\nCONCAT r5 r3 r0\nRETURN r5\n",
         {1},
         1,
         "error: Type error: expected String"},
        {"build",
         "fn f 2 6\nLOAD r3 \"x = \"\nMOVE r4 r0\nLOAD r5 1.5\nBUILD r3 r3 3\nRETURN r3\n",
         {7, 0},
         2,
         "x = 71.5"},
        {"build on a text",
         "fn f 1 6\nLOAD r3 \"a\"\nMOVE r4 r0\nBUILD r3 r3 2\n@top:\nMOVE r4 r0\nBUILD r3 r3 2\n"
         "SUB_I r0 r0 1\nJGT_I r0 0 @top\nRETURN r3\n",
         {3},
         1,
         "a3321"},
        {"range", "fn f 2 4\nRANGE r2 r0 r1\nRETURN r2\n", {-1, 3}, 2, "[-1, 0, 1, 2]"},
        {"empty range", "fn f 2 4\nRANGE r2 r0 r1\nRETURN r2\n", {3, -1}, 2, "[]"},
        {"range too large",
         "fn f 2 4\nRANGE r2 r0 r1\nRETURN r2\n",
         {0, 1000001},
         2,
         "error: Range too large (1000001 elements, max 1000000)"},
        {"the largest range of all",
         "fn f 2 4\nRANGE_INIT r2 r0 r1\nRETURN r2\n",
         {MINIMUM, MAXIMUM},
         2,
         "error: Range too large (18446744073709551615 elements, max 1000000)"},
        {"range of texts",
         "fn f 1 4\nLOAD r2 \"a\"\nRANGE r2 r2 r0\nRETURN r2\n",
         {1},
         1,
         "error: Type error: expected Int"},
        {"for over a list",
         "fn f 3 8\nLIST r3 r0 3\nLOAD_INT r7 0\nITER r4 r3\n@top:\nITER_NEXT r4 r6 @end\n"
         "ADD r7 r7 r6\nJUMP @top\n@end:\nRETURN r7\n",
         {1, 2, 3},
         3,
         "6"},
        {"for over an int",
         "fn f 1 8\nITER r4 r0\nRETURN r0\n",
         {1},
         1,
         "error: For loop requires a List"},
        {"for over a range",
         "fn f 2 8\nLOAD_INT r7 0\nRANGE_INIT r4 r0 r1\n@top:\nRANGE_NEXT r4 r6 @end\n"
         "ADD r7 r7 r6\nJUMP @top\n@end:\nRETURN r7\n",
         {1, 5},
         2,
         "10"},
        {"a million pushes",
         "fn f 1 4\nLIST r1 r1 0\n@top:\nPUSH r1 r1 r0\nSUB_I r0 r0 1\nJGT_I r0 0 @top\n"
         "LIST_GET r2 r1 0\nLIST_SKIP r3 r1 1\nDROP r3\nRETURN r2\n",
         {1000000},
         1,
         "1000000"},
    };
    check_rows(rows, BL_ARRAY_COUNT(rows));
}

Test(interpret, closures_and_calls)
{
    const row rows[] = {
        {"closure",
         "fn f 2 8\nMOVE r2 r0\nCLOSURE r6 r2 add\nNOP 1\nMOVE r5 r1\nCALL_VALUE r3 1\n"
         "RETURN r3\nfn add 1 4 closure\nCAPTURE r2 r1 0\nDROP r1\nADD r2 r2 r0\n"
         "RETURN r2\n",
         {1, 2},
         2,
         "3"},
        {"function as a value",
         "fn f 2 8\nMOVE r4 r0\nMOVE r5 r1\nLOAD_FUNCTION r6 add\nCALL_VALUE r2 2\nRETURN r2\n"
         "fn add 2 3\nADD r2 r0 r1\nRETURN r2\n",
         {1, 2},
         2,
         "3"},
        {"native as a value",
         "fn f 2 8\nMOVE r4 r0\nMOVE r5 r1\nLOAD_NATIVE r6 Test.sum\nCALL_VALUE r2 2\nRETURN r2\n",
         {1, 2},
         2,
         "3"},
        {"native as a value at the tail",
         "fn f 2 8\nMOVE r4 r0\nMOVE r5 r1\nLOAD_NATIVE r6 Test.sum\nTAIL_CALL_VALUE r2 2\n",
         {1, 2},
         2,
         "3"},
        {"borrowed argument of a native value",
         "fn f 2 8\nLIST r4 r0 2\nLOAD_NATIVE r5 Test.same\nCALL_VALUE r2 1\nRETURN r2\n",
         {1, 2},
         2,
         "[1, 2]"},
        {"constructor as a value",
         "fn f 2 8\nMOVE r4 r0\nMOVE r5 r1\nLOAD_ATOM r6 Pair/2\nCALL_VALUE r2 2\nRETURN r2\n",
         {1, 2},
         2,
         "Pair(1, 2)"},
        {"int is not callable",
         "fn f 2 8\nMOVE r4 r0\nMOVE r5 r1\nCALL_VALUE r2 1\nRETURN r2\n",
         {1, 2},
         2,
         "error: Value is not callable: 2"},
        {"wrong number",
         "fn f 2 8\nMOVE r4 r0\nLOAD_FUNCTION r5 add\nCALL_VALUE r2 1\nRETURN r2\n"
         "fn add 2 3\nADD r2 r0 r1\nRETURN r2\n",
         {1, 2},
         2,
         "error: Function expects 2 arguments, got 1"},
        {"wrong number for a native",
         "fn f 2 8\nMOVE r4 r0\nLOAD_NATIVE r5 Test.sum\nCALL_VALUE r2 1\nRETURN r2\n",
         {1, 2},
         2,
         "error: Function expects 2 arguments, got 1"},
        {"native", "fn f 2 8\nNATIVE r2 r0 Test.sum\nRETURN r2\n", {1, 2}, 2, "3"},
        {"native fails",
         "fn f 2 8\nNATIVE r2 r0 Test.fail\nRETURN r2\n",
         {1, 2},
         2,
         "error: Test.fail: 7"},
        {"native calls on",
         "fn f 0 8\nLOAD_FUNCTION r1 double\nNATIVE r2 r1 Test.twice\nRETURN r2\n"
         "fn double 1 2\nADD r1 r0 r0\nRETURN r1\n",
         {0},
         0,
         "42"},
        {"native value calls on, at the tail",
         "fn f 0 8\nLOAD_FUNCTION r3 double\nLOAD_NATIVE r4 Test.twice\nTAIL_CALL_VALUE r1 1\n"
         "fn double 1 2\nADD r1 r0 r0\nRETURN r1\n",
         {0},
         0,
         "42"},
        {"shared variable",
         "fn f 2 9\nBOX_NEW r2 r0\nCOPY r3 r2\nCLOSURE r3 r3 bump\nNOP 1\nCOPY r7 r3\nMOVE r6 r1\n"
         "CALL_VALUE r4 1\nMOVE r7 r1\nMOVE r8 r3\nCALL_VALUE r5 1\nBOX_GET r4 r2\nDROP r2\n"
         "RETURN r4\n"
         "fn bump 1 5 closure\nCAPTURE r2 r1 0\nBOX_TAKE r3 r2\nADD r3 r3 r0\nBOX_SET r2 r3\n"
         "DROP r2\nDROP r1\nRETURN r3\n",
         {1, 2},
         2,
         "5"},
        {"deep recursion",
         "fn f 1 6\nJGT_I r0 0 @go\nRETURN r0\n@go:\nSUB_I r3 r0 1\nCALL r1 f\nADD_I r1 r1 1\n"
         "RETURN r1\n",
         {1000000},
         1,
         "1000000"},
        {"stack overflow",
         "fn f 1 6\nSUB_I r3 r0 1\nCALL r1 f\nADD_I r1 r1 1\nRETURN r1\n",
         {0},
         1,
         "error: Stack overflow"},
        {"tail calls keep the stack",
         "fn f 1 6\nJGT_I r0 0 @go\nRETURN r0\n@go:\nSUB_I r3 r0 1\nTAIL_CALL r1 g\n"
         "fn g 1 60\nMOVE r30 r0\nTAIL_CALL r28 f\n",
         {3000000},
         1,
         "0"},
        {"tail calls of values",
         "fn f 1 9\nMOVE r5 r0\nCLOSURE r6 r0 down\nNOP 1\nTAIL_CALL_VALUE r3 1\n"
         "fn down 1 9 closure\nJGT_I r0 0 @go\nDROP r1\nRETURN r0\n@go:\nSUB_I r5 r0 1\nMOVE r6 "
         "r1\n"
         "TAIL_CALL_VALUE r3 1\n",
         {1000000},
         1,
         "0"},
        {"try on Some",
         "fn f 1 4\nVARIANT r1 r0 Some\nTRY r2 r1 @out\nADD_I r2 r2 1\nRETURN r2\n"
         "@out:\nRETURN r1\n",
         {1},
         1,
         "2"},
        {"try on Err",
         "fn f 1 4\nVARIANT r1 r0 Err\nTRY r2 r1 @out\nRETURN r2\n@out:\nRETURN r1\n",
         {1},
         1,
         "Err(1)"},
        {"try on None",
         "fn f 0 4\nLOAD_ATOM r1 None\nTRY r2 r1 @out\nRETURN r2\n@out:\nRETURN r1\n",
         {0},
         0,
         "None"},
        {"try on anything else",
         "fn f 1 4\nTRY r2 r0 @out\nRETURN r2\n@out:\nRETURN r1\n",
         {8},
         1,
         "8"},
        {"fail", "fn f 1 4\nFAIL r0 1\n", {8}, 1, "error: No match arm matched value: 8"},
        {"hole",
         "fn f 1 4\nFAIL r0 3\n",
         {8},
         1,
         "error: Typed hole (?"
         "?) encountered at runtime"},
    };
    check_rows(rows, BL_ARRAY_COUNT(rows));
}

// ---- limits ---------------------------------------------------------------------------------

static const char hungry[] = "fn f 0 6\nLOAD r0 \"0123456789abcdef\"\nLOAD r1 \"\"\n@top:\n"
                             "CONCAT r0 r0 r1\nCOPY r1 r0\nJUMP @top\n";

Test(interpret, memory_limit)
{
    vm_program *program = asm_program(hungry, NULL);
    const char *got = asm_run_config(program, "f", NULL, 0, &(vm_config){.heap_limit = 8u << 20});
    cr_expect_str_eq(got, "error: Memory limit exceeded");
    vm_program_destroy(program);
    program = asm_program("fn f 0 4\nLIST r0 r0 0\n@top:\nLIST r1 r1 0\nPUSH r0 r0 r1\nJUMP @top\n",
                          NULL);
    got = asm_run_config(program, "f", NULL, 0, &(vm_config){.heap_limit = 8u << 20});
    cr_expect_str_eq(got, "error: Memory limit exceeded");
    vm_program_destroy(program);
}

static const char endless[] = "fn f 0 3\nLOAD_INT r0 0\n@top:\nADD_I r0 r0 1\nJUMP @top\n";

Test(interpret, fuel_and_interrupt)
{
    vm_program *program = asm_program(endless, NULL);
    vm_thread *thread = vm_thread_create(program, &(vm_config){0});
    vm_task *task = vm_task_begin(thread);
    vm_task_start(task, (vm_value){.function = asm_function(program, "f"), .tag = VM_FUNCTION},
                  NULL, 0);
    cr_expect_eq(vm_task_run(task, 1000), VM_OUT_OF_FUEL);
    cr_expect_eq(vm_task_run(task, 100000), VM_OUT_OF_FUEL);
    vm_task_interrupt(task, "time limit exceeded");
    cr_expect_eq(vm_task_run(task, 0), VM_FAILED);
    cr_expect_str_eq(vm_task_failure(task)->message, "time limit exceeded");
    vm_task_end(task);
    vm_thread_destroy(thread);
    vm_program_destroy(program);
}

Test(interpret, failure_has_place_and_stack)
{
    vm_program *program = asm_program("fn f 0 4\nLOAD_INT r2 0\nCALL r0 g\nRETURN r0\n"
                                      "fn g 1 4\nNOP\nDIV r1 r0 r0\nRETURN r1\n",
                                      NULL);
    vm_thread *thread = vm_thread_create(program, &(vm_config){0});
    vm_task *task = vm_task_begin(thread);
    vm_task_start(task, (vm_value){.function = asm_function(program, "f"), .tag = VM_FUNCTION},
                  NULL, 0);
    cr_assert_eq(vm_task_run(task, 0), VM_FAILED);
    const vm_failure *failure = vm_task_failure(task);
    cr_expect_str_eq(failure->message, "Division by zero");
    cr_expect_eq(failure->line, 101);
    cr_expect_str_eq(failure->stack, "  in g (test.bl:101)\n  in f (test.bl:101)\n");
    vm_task_end(task);
    vm_thread_destroy(thread);
    vm_program_destroy(program);
}
