// tests/vm/test_handler.c: effect handlers, assembled by hand: tail, abort and general clauses,
// early return through them, records, captures, continuations that are kept, dropped or misused.
// Every row also checks that the frames that were taken apart left nothing behind.
#include <criterion/criterion.h>

#include "tests/vm/asm.h"

typedef struct row {
    const char *name;
    const char *source; // Function f is run.
    int64_t args[2];
    size_t count;
    const char *want;
} row;

static void check_rows(const row *rows, size_t count)
{
    for (size_t i = 0; i < count; i += 1) {
        vm_program *program = asm_program(rows[i].source, NULL);
        const char *got = asm_run(program, "f", rows[i].args, rows[i].count);
        cr_expect_str_eq(got, rows[i].want, "%s: got %s, want %s", rows[i].name, got, rows[i].want);
        vm_program_destroy(program);
    }
}

// f(n): handle body(n) with one clause (no captures) of handler h. Gives (value, was early).
#define HANDLE_ONE                                                                                 \
    "fn f 1 12\n"                                                                                  \
    "LOAD r1 \"keep\"\nLIST r1 r1 1\n"                                                             \
    "MOVE r6 r0\nCLOSURE r4 r6 body\nNOP 1\n"                                                      \
    "LOAD_UNIT r6\nCLOSURE r5 r6 clause\nNOP 1\n"                                                  \
    "live r1\n"                                                                                    \
    "HANDLE r2 r4 h\n"                                                                             \
    "DROP r1\nTUPLE r2 r2 2\nRETURN r2\n"

// body: 2 * Ask.ask!(7) + n, with a list alive meanwhile.
#define BODY_ASKS                                                                                  \
    "fn body 0 6 closure\n"                                                                        \
    "CAPTURE r1 r0 0\nDROP r0\nLOAD r2 \"held\"\nLIST r2 r2 1\nLOAD_INT r3 7\n"                    \
    "live r2\n"                                                                                    \
    "PERFORM r4 r3 Ask.ask/1\n"                                                                    \
    "DROP r2\nMUL_I r4 r4 2\nADD r4 r4 r1\nRETURN r4\n"

// body: asks in a function that it calls, two frames deep.
#define BODY_ASKS_DEEP                                                                             \
    "fn body 0 8 closure\n"                                                                        \
    "CAPTURE r1 r0 0\nDROP r0\nLOAD r2 \"held\"\nLIST r2 r2 1\nMOVE r5 r1\n"                       \
    "live r2\n"                                                                                    \
    "CALL r3 inner\n"                                                                              \
    "DROP r2\nRETURN r3\n"                                                                         \
    "fn inner 1 6\n"                                                                               \
    "LOAD r1 \"inner\"\nLIST r1 r1 1\nLOAD_INT r2 7\n"                                             \
    "live r1\n"                                                                                    \
    "PERFORM r3 r2 Ask.ask/1\n"                                                                    \
    "DROP r1\nADD r3 r3 r0\nRETURN r3\n"

#define TAIL_CLAUSE                                                                                \
    "handler h Ask.ask/1:tail\n"                                                                   \
    "fn clause 1 4 closure\nDROP r1\nADD_I r2 r0 100\nRETURN r2\n"

#define ABORT_CLAUSE                                                                               \
    "handler h Ask.ask/1:abort\n"                                                                  \
    "fn clause 1 4 closure\nDROP r1\nADD_I r2 r0 1000\nRETURN r2\n"

// resume(x + 100) + 1
#define GENERAL_CLAUSE                                                                             \
    "handler h Ask.ask/1:general\n"                                                                \
    "fn clause 2 8 closure\nDROP r2\nADD_I r5 r0 100\nMOVE r6 r1\nCALL_VALUE r3 1\n"               \
    "ADD_I r3 r3 1\nRETURN r3\n"

Test(handler, clauses)
{
    const row rows[] = {
        {"tail", HANDLE_ONE BODY_ASKS TAIL_CLAUSE, {3}, 1, "(217, false)"},
        {"tail, deep", HANDLE_ONE BODY_ASKS_DEEP TAIL_CLAUSE, {3}, 1, "(110, false)"},
        {"abort", HANDLE_ONE BODY_ASKS ABORT_CLAUSE, {3}, 1, "(1007, false)"},
        {"abort, deep", HANDLE_ONE BODY_ASKS_DEEP ABORT_CLAUSE, {3}, 1, "(1007, false)"},
        {"general", HANDLE_ONE BODY_ASKS GENERAL_CLAUSE, {3}, 1, "(218, false)"},
        {"general, deep", HANDLE_ONE BODY_ASKS_DEEP GENERAL_CLAUSE, {3}, 1, "(111, false)"},
        {"general that only drops resume",
         HANDLE_ONE BODY_ASKS_DEEP "handler h Ask.ask/1:general\n"
                                   "fn clause 2 8 closure\nDROP r2\nDROP r1\nRETURN r0\n",
         {3},
         1,
         "(7, false)"},
        {"resume at the tail",
         HANDLE_ONE BODY_ASKS "handler h Ask.ask/1:general\n"
                              "fn clause 2 8 closure\nDROP r2\nMOVE r5 r0\nMOVE r6 r1\n"
                              "TAIL_CALL_VALUE r3 1\n",
         {3},
         1,
         "(17, false)"},
        {"resume without a value",
         HANDLE_ONE "fn body 0 6 closure\nDROP r0\nLOAD_INT r3 7\nPERFORM r4 r3 Ask.ask/1\n"
                    "RETURN r4\n"
                    "handler h Ask.ask/1:general\n"
                    "fn clause 2 8 closure\nDROP r2\nMOVE r5 r1\nCALL_VALUE r3 0\nRETURN r3\n",
         {3},
         1,
         "((), false)"},
        {"resume twice",
         HANDLE_ONE BODY_ASKS "handler h Ask.ask/1:general\n"
                              "fn clause 2 8 closure\nDROP r2\nMOVE r5 r0\nCOPY r6 r1\n"
                              "live r1\nCALL_VALUE r3 1\nMOVE r5 r0\nMOVE r6 r1\n"
                              "CALL_VALUE r3 1\nRETURN r3\n",
         {3},
         1,
         "error: resume called more than once"},
        {"resume after the clause",
         "fn f 1 12\nMOVE r6 r0\nCLOSURE r4 r6 body\nNOP 1\nLOAD_UNIT r6\nCLOSURE r5 r6 clause\n"
         "NOP 1\nHANDLE r2 r4 h\nMOVE r7 r2\nMOVE r6 r0\nCALL_VALUE r4 1\nRETURN r4\n" BODY_ASKS
         "handler h Ask.ask/1:general\nfn clause 2 8 closure\nDROP r2\nRETURN r1\n",
         {3},
         1,
         "error: resume called after its handler has finished"},
        {"resume with two values",
         HANDLE_ONE BODY_ASKS "handler h Ask.ask/1:general\n"
                              "fn clause 2 9 closure\nMOVE r5 r0\nMOVE r6 r0\nMOVE r7 r1\n"
                              "CALL_VALUE r3 2\nRETURN r3\n",
         {3},
         1,
         "error: Function expects 1 arguments, got 2"},
        {"wrong number of parameters",
         HANDLE_ONE BODY_ASKS "handler h Ask.ask/1:tail=3\n"
                              "fn clause 3 8 closure\nRETURN r0\n",
         {3},
         1,
         "error: Handler clause Ask.ask expects 3 arguments, got 1"},
        {"unhandled",
         "fn f 1 4\nPERFORM r1 r0 Ask.ask/1\nRETURN r1\n",
         {3},
         1,
         "error: Unhandled effect: Ask.ask"},
        {"unhandled in spite of another handler",
         HANDLE_ONE
         "fn body 0 6 closure\nLOAD_INT r3 7\nPERFORM r4 r3 Tell.tell/1\nRETURN r4\n" TAIL_CLAUSE,
         {3},
         1,
         "error: Unhandled effect: Tell.tell"},
        {"default function",
         "default Ask.ask/1 double\nfn f 1 4\nPERFORM r1 r0 Ask.ask/1\nRETURN r1\n"
         "fn double 1 3\nADD r1 r0 r0\nRETURN r1\n",
         {3},
         1,
         "6"},
    };
    check_rows(rows, BL_ARRAY_COUNT(rows));
}

// f: an outer handler of Out.out (clause `out`) around an inner one of Ask.ask (clause `ask`).
#define NESTED                                                                                     \
    "fn f 1 12\nMOVE r6 r0\nCLOSURE r4 r6 outer\nNOP 1\nLOAD_UNIT r6\nCLOSURE r5 r6 out\nNOP 1\n"  \
    "HANDLE r2 r4 ho\nRETURN r2\n"                                                                 \
    "fn outer 0 12 closure\nCAPTURE r1 r0 0\nDROP r0\nLOAD r2 \"outer\"\nLIST r2 r2 1\nMOVE r8 "   \
    "r1\n"                                                                                         \
    "CLOSURE r6 r8 body\nNOP 1\nLOAD_UNIT r8\nCLOSURE r7 r8 ask\nNOP 1\n"                          \
    "live r2\nHANDLE r4 r6 hi\nDROP r2\nADD_I r4 r4 1\nRETURN r4\n"

Test(handler, nested)
{
    const row rows[] = {
        {"a tail clause performs outwards",
         NESTED BODY_ASKS "handler ho Out.out/1:tail\nhandler hi Ask.ask/1:tail\n"
                          "fn ask 1 5 closure\nLOAD r2 \"x\"\nLIST r2 r2 1\nlive r1 r2\n"
                          "PERFORM r3 r0 Out.out/1\nDROP r2\nDROP r1\nRETURN r3\n"
                          "fn out 1 4 closure\nDROP r1\nMUL_I r2 r0 10\nRETURN r2\n",
         {3},
         1,
         "144"},
        {"an abort from within a tail clause",
         NESTED BODY_ASKS "handler ho Out.out/1:abort\nhandler hi Ask.ask/1:tail\n"
                          "fn ask 1 5 closure\nLOAD r2 \"x\"\nLIST r2 r2 1\nlive r1 r2\n"
                          "PERFORM r3 r0 Out.out/1\nDROP r2\nDROP r1\nRETURN r3\n"
                          "fn out 1 4 closure\nDROP r1\nMUL_I r2 r0 10\nRETURN r2\n",
         {3},
         1,
         "70"},
        {"a continuation from within a tail clause",
         NESTED BODY_ASKS "handler ho Out.out/1:general\nhandler hi Ask.ask/1:tail\n"
                          "fn ask 1 5 closure\nLOAD r2 \"x\"\nLIST r2 r2 1\nlive r1 r2\n"
                          "PERFORM r3 r0 Out.out/1\nDROP r2\nDROP r1\nRETURN r3\n"
                          "fn out 2 8 closure\nDROP r2\nMUL_I r5 r0 10\nMOVE r6 r1\n"
                          "CALL_VALUE r3 1\nADD_I r3 r3 1000\nRETURN r3\n",
         {3},
         1,
         "1144"},
        {"an abort of the outer handler, past the inner one",
         NESTED "fn body 0 6 closure\nLOAD_INT r3 7\nlive r0\nPERFORM r4 r3 Out.out/1\nDROP r0\n"
                "RETURN r4\nhandler ho Out.out/1:abort\nhandler hi Ask.ask/1:tail\n"
                "fn ask 1 5 closure\nRETURN r0\n"
                "fn out 1 4 closure\nDROP r1\nMUL_I r2 r0 10\nRETURN r2\n",
         {3},
         1,
         "70"},
        {"a continuation over the inner handler; it is still installed afterwards",
         NESTED "fn body 0 8 closure\nDROP r0\nLOAD_INT r3 7\nPERFORM r4 r3 Out.out/1\n"
                "PERFORM r5 r4 Ask.ask/1\nRETURN r5\nhandler ho Out.out/1:general\n"
                "handler hi Ask.ask/1:general\n"
                "fn ask 2 8 closure\nDROP r2\nADD_I r5 r0 5\nMOVE r6 r1\nCALL_VALUE r3 1\n"
                "ADD_I r3 r3 100\nRETURN r3\n"
                "fn out 2 8 closure\nDROP r2\nMUL_I r5 r0 10\nMOVE r6 r1\n"
                "CALL_VALUE r3 1\nADD_I r3 r3 1000\nRETURN r3\n",
         {3},
         1,
         "1176"},
        {"the inner clause aborts after an operation of the outer one",
         NESTED BODY_ASKS "handler ho Out.out/1:general\nhandler hi Ask.ask/1:general\n"
                          "fn ask 2 8 closure\nlive r1 r2\nPERFORM r3 r0 Out.out/1\nDROP r2\n"
                          "DROP r1\nRETURN r3\n"
                          "fn out 2 8 closure\nDROP r2\nMUL_I r5 r0 10\nMOVE r6 r1\n"
                          "CALL_VALUE r3 1\nADD_I r3 r3 1000\nRETURN r3\n",
         {3},
         1,
         "1071"},
        {"the outer clause drops a continuation that holds a pending clause",
         NESTED BODY_ASKS "handler ho Out.out/1:abort\nhandler hi Ask.ask/1:general\n"
                          "fn ask 2 8 closure\nlive r1 r2\nPERFORM r3 r0 Out.out/1\nDROP r2\n"
                          "DROP r1\nRETURN r3\n"
                          "fn out 1 8 closure\nDROP r1\nRETURN r0\n",
         {3},
         1,
         "7"},
    };
    check_rows(rows, BL_ARRAY_COUNT(rows));
}

Test(handler, early)
{
    const row rows[] = {
        {"from the body",
         HANDLE_ONE TAIL_CLAUSE "fn body 0 6 closure\nDROP r0\nLOAD_INT r2 5\nEARLY r2\n",
         {3},
         1,
         "(5, true)"},
        {"from a tail clause",
         HANDLE_ONE BODY_ASKS_DEEP "handler h Ask.ask/1:tail\n"
                                   "fn clause 1 4 closure\nDROP r1\nEARLY r0\n",
         {3},
         1,
         "(7, true)"},
        {"from an abort clause",
         HANDLE_ONE BODY_ASKS_DEEP "handler h Ask.ask/1:abort\n"
                                   "fn clause 1 4 closure\nlive r1\nEARLY r0\n",
         {3},
         1,
         "(7, true)"},
        {"from a general clause before resume",
         HANDLE_ONE BODY_ASKS_DEEP "handler h Ask.ask/1:general\n"
                                   "fn clause 2 4 closure\nDROP r2\nDROP r1\nEARLY r0\n",
         {3},
         1,
         "(7, true)"},
        {"from the body, past a pending clause",
         HANDLE_ONE "fn body 0 6 closure\nDROP r0\nLOAD_INT r3 7\nPERFORM r4 r3 Ask.ask/1\n"
                    "EARLY r4\n"
                    "handler h Ask.ask/1:general\n"
                    "fn clause 2 9 closure\nDROP r2\nLOAD r7 \"p\"\nLIST r7 r7 1\nADD_I r5 r0 100\n"
                    "MOVE r6 r1\nlive r7\nCALL_VALUE r3 1\nDROP r7\nADD_I r3 r3 1\nRETURN r3\n",
         {3},
         1,
         "(107, true)"},
    };
    check_rows(rows, BL_ARRAY_COUNT(rows));
}

Test(handler, records_and_captures)
{
    const row rows[] = {
        {"record",
         "shape ask - ask\nwith w Ask\nfn f 1 9\nLOAD_UNIT r1\nCLOSURE r1 r0 answer\nNOP 1\n"
         "RECORD r1 r1 ask\nWITH_BEGIN r1 w\nLOAD_INT r2 5\nPERFORM r3 r2 Ask.ask/1\nWITH_END\n"
         "RETURN r3\nfn answer 1 4 closure\nCAPTURE r2 r1 0\nDROP r1\nADD r2 r2 r0\nRETURN r2\n",
         {3},
         1,
         "8"},
        {"the function runs outside of its record",
         "shape ask - ask\nwith w Ask\nfn f 1 9\nLOAD_FUNCTION r1 answer\nRECORD r1 r1 ask\n"
         "WITH_BEGIN r1 w\nLOAD_INT r2 5\nPERFORM r3 r2 Ask.ask/1\nWITH_END\n"
         "RETURN r3\nfn answer 1 4\nPERFORM r1 r0 Ask.ask/1\nRETURN r1\n",
         {3},
         1,
         "error: Unhandled effect: Ask.ask"},
        {"an operation that the record lacks",
         "default Ask.more/1 more\nshape ask - ask\nwith w Ask\nfn f 1 9\nLOAD_FUNCTION r1 more\n"
         "RECORD r1 r1 ask\nWITH_BEGIN r1 w\nLOAD_INT r2 5\nPERFORM r3 r2 Ask.more/1\nWITH_END\n"
         "RETURN r3\nfn more 1 4\nADD_I r0 r0 1\nRETURN r0\n",
         {3},
         1,
         "6"},
        {"capture",
         "fn f 1 9\nCOLLECT_BEGIN Say.say/1\nMOVE r1 r0\nPERFORM r2 r1 Say.say/1\nADD_I r1 r0 1\n"
         "PERFORM r3 r1 Say.say/1\nCOLLECT_END r4\nMOVE r3 r2\nTUPLE r5 r3 2\nRETURN r5\n",
         {3},
         1,
         "((), [3, 4])"},
        {"capture without arguments",
         "fn f 1 9\nCOLLECT_BEGIN Say.hi/0\nPERFORM r2 r1 Say.hi/0\nCOLLECT_END r4\nRETURN r4\n",
         {3},
         1,
         "[()]"},
        {"an abort removes records and captures",
         HANDLE_ONE "shape ask - ask\nwith w Tell\n"
                    "fn body 0 9 closure\nDROP r0\nCOLLECT_BEGIN Say.say/1\nLOAD r1 \"a\"\n"
                    "LIST r1 r1 1\nPERFORM r2 r1 Say.say/1\nLOAD r1 \"b\"\nLIST r1 r1 1\n"
                    "RECORD r1 r1 ask\nWITH_BEGIN r1 w\nLOAD_INT r3 7\nPERFORM r4 r3 Ask.ask/1\n"
                    "WITH_END\nCOLLECT_END r4\nRETURN r4\n" ABORT_CLAUSE,
         {3},
         1,
         "(1007, false)"},
    };
    check_rows(rows, BL_ARRAY_COUNT(rows));
}

// n operations in a loop; the clause counts in a shared variable.
#define COUNTER(clause_kind, clause_code)                                                          \
    "fn f 1 12\nLOAD_INT r1 0\nBOX_NEW r1 r1\nMOVE r4 r0\nCLOSURE r2 r4 body\nNOP 1\nCOPY r4 r1\n" \
    "CLOSURE r3 r4 clause\nNOP 1\nlive r1\nHANDLE r4 r2 h\nBOX_GET r0 r1\nDROP r1\nRETURN r0\n"    \
    "fn body 0 8 closure\nCAPTURE r1 r0 0\nDROP r0\n@top:\nJNGT_I r1 0 @end\n"                     \
    "PERFORM r2 r3 C.next/0\nSUB_I r1 r1 1\nJUMP @top\n@end:\nRETURN r1\n"                         \
    "handler h C.next/0:" clause_kind "\n" clause_code

Test(handler, loops_do_not_grow)
{
    const vm_config small = {.heap_limit = 1u << 20, .stack_limit = 64u << 10};
    const row rows[] = {
        {"tail",
         COUNTER("tail", "fn clause 0 4 closure\nCAPTURE r1 r0 0\nBOX_GET r2 r1\nADD_I r2 r2 1\n"
                         "BOX_SET r1 r2\nDROP r1\nDROP r0\nRETURN r2\n"),
         {1000000},
         1,
         "1000000"},
        {"general, resumed at the tail",
         COUNTER("general", "fn clause 1 7 closure\nCAPTURE r2 r1 0\nBOX_GET r3 r2\nADD_I r3 r3 1\n"
                            "BOX_SET r2 r3\nDROP r2\nDROP r1\nLOAD_UNIT r4\nMOVE r5 r0\n"
                            "TAIL_CALL_VALUE r2 1\n"),
         {1000000},
         1,
         "1000000"},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i += 1) {
        vm_program *program = asm_program(rows[i].source, NULL);
        const char *got = asm_run_config(program, "f", rows[i].args, 1, &small);
        cr_expect_str_eq(got, rows[i].want, "%s: got %s", rows[i].name, got);
        vm_program_destroy(program);
    }
}

// Pending clauses are frames: so many need a stack, and too many are a clean error.
Test(handler, pending_clauses_have_a_limit)
{
    const char *source =
        COUNTER("general", "fn clause 1 8 closure\nCAPTURE r2 r1 0\nBOX_GET r3 r2\nADD_I r3 r3 1\n"
                           "BOX_SET r2 r3\nDROP r2\nDROP r1\nLOAD_UNIT r5\nMOVE r6 r0\n"
                           "CALL_VALUE r3 1\nRETURN r3\n");
    vm_program *program = asm_program(source, NULL);
    int64_t n = 100000;
    cr_expect_str_eq(asm_run(program, "f", &n, 1), "100000");
    n = 10000000;
    cr_expect_str_eq(asm_run(program, "f", &n, 1), "error: Stack overflow");
    vm_program_destroy(program);
}
