// tests/vm/test_fiber.c: scopes, cells, channels, timers: order, cancelling, deadlock, many fibers,
// fibers that wait for the outside, and that nothing is left of any of them.
#include <criterion/criterion.h>

#include "tests/vm/asm.h"

typedef struct row {
    const char *name;
    const char *source; // Function f is run.
    int64_t args[2];
    size_t count;
    const char *want;
} row;

static vm_library library;

static void check_rows(const row *rows, size_t count)
{
    library = (vm_library){.module_count = 0};
    vm_library_add_standard(&library);
    for (size_t i = 0; i < count; i += 1) {
        vm_program *program = asm_program(rows[i].source, &library);
        const char *got = asm_run(program, "f", rows[i].args, rows[i].count);
        cr_expect_str_eq(got, rows[i].want, "%s: got %s, want %s", rows[i].name, got, rows[i].want);
        vm_program_destroy(program);
    }
}

// As the library's source of scope!, run by hand.
#define SCOPE                                                                                      \
    "fn scope 1 10\n"                                                                              \
    "NATIVE r1 r1 Scope.internal_open\nNATIVE r2 r1 Scope.internal_scope\n"                        \
    "MOVE r5 r2\nMOVE r6 r0\nlive r1\nCALL_VALUE r3 1\n"                                           \
    "live r1 r3\nNATIVE r4 r1 Scope.internal_close\nDROP r1\nRETURN r3\n"

// f: a box with a list, in a scope with body(s), which captures the box; gives (value, list).
#define RUN                                                                                        \
    SCOPE "fn f 1 12\n"                                                                            \
          "LIST r1 r1 0\nBOX_NEW r1 r1\nCOPY r2 r1\nMOVE r3 r0\nCLOSURE r6 r2 body\nNOP 2\n"       \
          "live r1\nCALL r4 scope\nBOX_GET r5 r1\nDROP r1\nTUPLE r4 r4 2\nRETURN r4\n"

// body(s): closure in r1 with the box and n; copies the box to r2, n to r3.
#define BODY "fn body 1 20 closure\nCAPTURE r2 r1 0\nCAPTURE r3 r1 1\nDROP r1\n"

// Spawns `worker` with the box and a number: its cell in `cell`. Uses r10 to r12.
#define SPAWN(cell, number)                                                                        \
    "MOVE r10 r0\nCOPY r11 r2\nLOAD_INT r12 " number "\nCLOSURE r11 r11 worker\nNOP 2\n"           \
    "NATIVE " cell " r10 Scope.spawn\n"

#define AWAIT(value, cell) "live r0 r2\nNATIVE " value " " cell " Cell.await\nDROP " cell "\n"

// note(x): appends x to the list in the box r2; uses r18, r19.
#define NOTE(x) "BOX_TAKE r18 r2\n" x "PUSH r18 r18 r19\nBOX_SET r2 r18\n"

#define WORKER "fn worker 0 20 closure\nCAPTURE r2 r0 0\nCAPTURE r3 r0 1\nDROP r0\n"
#define DONE "DROP r0\nDROP r2\n"

Test(fiber, scopes)
{
    const row rows[] = {
        {"spawn and await",
         RUN BODY SPAWN("r4", "5") AWAIT("r5", "r4") DONE "RETURN r5\n" WORKER
                                                          "DROP r2\nADD_I r3 r3 1\nRETURN r3\n",
         {0},
         1,
         "(6, [])"},
        {"spawned fibers run in order, after their spawner waits",
         RUN BODY SPAWN("r4", "1") SPAWN("r5", "2") NOTE("LOAD_INT r19 0\n")
             AWAIT("r6", "r5") "DROP r4\n" DONE
                               "RETURN r6\n" WORKER NOTE("MOVE r19 r3\n") "DROP r2\nRETURN r3\n",
         {0},
         1,
         "(2, [0, 1, 2])"},
        {"the scope waits for all",
         RUN BODY SPAWN("r4", "1") "DROP r4\n" DONE "LOAD_INT r5 9\nRETURN r5\n" WORKER
                                   "LOAD_INT r4 3\nlive r2\nNATIVE r4 r4 Time.sleep\n" NOTE(
                                       "MOVE r19 r3\n") "DROP r2\nRETURN r3\n",
         {0},
         1,
         "(9, [1])"},
        {"sleepers wake by their deadlines",
         RUN BODY SPAWN("r4", "9") SPAWN("r5", "3") "DROP r4\nDROP r5\n" DONE
                                                    "LOAD_UNIT r5\nRETURN r5\n" WORKER
                                                    "live r2\nNATIVE r4 r3 Time.sleep\n" NOTE(
                                                        "MOVE r19 r3\n") "DROP r2\nRETURN r3\n",
         {0},
         1,
         "((), [3, 9])"},
        {"an error in a fiber",
         RUN BODY SPAWN("r4", "0") "DROP r4\n" DONE "LOAD_INT r5 9\nRETURN r5\n" WORKER
                                   "DIV r3 r3 r3\nRETURN r3\n",
         {0},
         1,
         "error: Division by zero"},
        {"cancelled in its sleep",
         RUN BODY SPAWN(
             "r4",
             "1") "LOAD_INT r5 2\nlive r0 r2 r4\nNATIVE r5 r5 Time.sleep\nNATIVE r5 r4 "
                  "Cell.cancel\n"
                  "NATIVE r5 r4 Cell.cancel\nDROP r4\n" DONE "RETURN r5\n" WORKER NOTE(
                      "MOVE r19 r3\n") "LOAD r5 \"x\"\nLIST r5 r5 1\nLOAD_INT r4 5000\nlive r2 r5\n"
                                       "NATIVE r4 r4 Time.sleep\nDROP r5\n" NOTE(
                                           "MOVE r19 r3\n") "DROP r2\nRETURN r3\n",
         {0},
         1,
         "((), [1])"},
        {"cancelled before it starts",
         RUN BODY SPAWN("r4",
                        "1") "NATIVE r5 r4 Cell.cancel\nDROP r4\n" DONE
                             "RETURN r5\n" WORKER NOTE("MOVE r19 r3\n") "DROP r2\nRETURN r3\n",
         {0},
         1,
         "((), [])"},
        {"await after cancel",
         RUN BODY SPAWN("r4", "1") "NATIVE r5 r4 Cell.cancel\n" AWAIT("r5", "r4") DONE
         "RETURN r5\n" WORKER "RETURN r3\n",
         {0},
         1,
         "error: Cell.await!: fiber was cancelled"},
        {"await twice",
         RUN BODY SPAWN("r4",
                        "1") "NATIVE r5 r4 Cell.await\nNATIVE r5 r4 Cell.await\nRETURN r5\n" WORKER
                             "DROP r2\nRETURN r3\n",
         {0},
         1,
         "error: Cell.await! called on already-awaited Cell"},
        {"await of no cell",
         RUN BODY "NATIVE r4 r3 Cell.await\nRETURN r4\n",
         {7},
         1,
         "error: Cell.await!: expected Cell, got 7"},
    };
    check_rows(rows, BL_ARRAY_COUNT(rows));
}

// f without a scope: a channel with room for n.
// r4 sender, r5 receiver.
#define CHANNEL                                                                                    \
    "NATIVE r6 r3 Channel.bounded\nTUPLE_ALIAS r4 r6 0\nTUPLE_ALIAS r5 r6 1\nOPEN r6 3\n"

Test(fiber, channels)
{
    const row rows[] = {
        {"what is sent is received, then None",
         "fn f 1 20\nMOVE r3 r0\n" CHANNEL
         "MOVE r6 r4\nLOAD_INT r7 1\nNATIVE r8 r6 Channel.send\nMOVE r6 r4\nLOAD_INT r7 2\n"
         "NATIVE r8 r6 Channel.send\nNATIVE r8 r4 Channel.close\nNATIVE r8 r4 Channel.close\n"
         "NATIVE r10 r5 Channel.recv\nNATIVE r11 r5 Channel.recv\nNATIVE r12 r5 Channel.recv\n"
         "DROP r4\nDROP r5\nTUPLE r10 r10 3\nRETURN r10\n",
         {2},
         1,
         "(Some(1), Some(2), None)"},
        {"send after close",
         "fn f 1 20\nMOVE r3 r0\n" CHANNEL "NATIVE r8 r4 Channel.close\nMOVE r6 r4\nLOAD_INT r7 1\n"
         "NATIVE r8 r6 Channel.send\nRETURN r8\n",
         {2},
         1,
         "error: Channel.send! failed: channel is closed"},
        {"no room at all",
         "fn f 1 20\nNATIVE r4 r0 Channel.bounded\nRETURN r4\n",
         {0},
         1,
         "error: Channel.bounded capacity must be greater than 0"},
        {"a value left in a channel",
         "fn f 1 20\nMOVE r3 r0\n" CHANNEL "MOVE r6 r4\nLIST r7 r7 0\nNATIVE r8 r6 Channel.send\n"
         "DROP r4\nDROP r5\nRETURN r8\n",
         {2},
         1,
         "()"},
        {"nobody sends",
         "fn f 1 20\nMOVE r3 r0\n" CHANNEL "NATIVE r8 r5 Channel.recv\nRETURN r8\n",
         {2},
         1,
         "error: Deadlock: all fibers are waiting"},
        {"a thousand values through room for one",
         SCOPE "fn f 1 12\nMOVE r2 r0\nCLOSURE r6 r2 body\nNOP 1\nCALL r4 scope\nRETURN r4\n"
               "fn body 1 20 closure\nDROP r1\nLOAD_INT r3 1\n" CHANNEL
               "MOVE r10 r0\nMOVE r11 r4\nCLOSURE r11 r11 worker\nNOP 1\n"
               "NATIVE r6 r10 Scope.spawn\nDROP r6\nDROP r0\nLOAD_INT r7 0\n@top:\n"
               "live r5\nNATIVE r8 r5 Channel.recv\nTRY r9 r8 @end\nADD r7 r7 r9\nJUMP @top\n"
               "@end:\nDROP r5\nRETURN r7\n"
               "fn worker 0 10 closure\nCAPTURE r1 r0 0\nDROP r0\nLOAD_INT r4 1000\n@top:\n"
               "MOVE r2 r1\nMOVE r3 r4\nlive r1\nNATIVE r5 r2 Channel.send\nSUB_I r4 r4 1\n"
               "JGT_I r4 0 @top\nNATIVE r5 r1 Channel.close\nDROP r1\nRETURN r5\n",
         {0},
         1,
         "500500"},
    };
    check_rows(rows, BL_ARRAY_COUNT(rows));
}

// n fibers that all sleep at once, then add 1 to a shared variable.
Test(fiber, a_hundred_thousand_at_once)
{
    const row rows[] = {
        {"many",
         SCOPE
         "fn f 1 12\nLOAD_INT r1 0\nBOX_NEW r1 r1\nCOPY r2 r1\nMOVE r3 r0\nCLOSURE r6 r2 body\n"
         "NOP 2\nlive r1\nCALL r4 scope\nDROP r4\nBOX_GET r5 r1\nDROP r1\nRETURN r5\n" BODY
         "@top:\n" SPAWN(
             "r4",
             "1") "DROP r4\nSUB_I r3 r3 1\nJGT_I r3 0 @top\n" DONE
                  "LOAD_UNIT r4\nRETURN r4\n" WORKER
                  "LOAD_INT r4 1\nlive r2\nNATIVE r4 r4 Time.sleep\nBOX_GET r4 r2\nADD_I r4 r4 1\n"
                  "BOX_SET r2 r4\nDROP r2\nRETURN r3\n",
         {100000},
         1,
         "100000"},
    };
    check_rows(rows, BL_ARRAY_COUNT(rows));
}

// The body aborts through the scope while a fiber of it sleeps: the fiber is cancelled.
Test(fiber, an_abort_cancels_the_scope)
{
    const row rows[] = {
        {"abort",
         SCOPE
         "fn f 1 12\nLIST r1 r1 0\nBOX_NEW r1 r1\nCOPY r6 r1\nCLOSURE r4 r6 handled\nNOP 1\n"
         "LOAD_UNIT r6\nCLOSURE r5 r6 clause\nNOP 1\nlive r1\nHANDLE r2 r4 h\nBOX_GET r3 r1\n"
         "DROP r1\nTUPLE r2 r2 2\nRETURN r2\nhandler h Stop.stop/0:abort\n"
         "fn clause 0 4 closure\nDROP r0\nLOAD_INT r1 7\nRETURN r1\n"
         "fn handled 0 12 closure\nCAPTURE r2 r0 0\nDROP r0\nLOAD_INT r3 0\nCLOSURE r6 r2 body\n"
         "NOP 2\nCALL r4 scope\nRETURN r4\n" BODY SPAWN(
             "r4", "1") "LOAD_INT r5 2\nlive r0 r2 r4\nNATIVE r5 r5 Time.sleep\n"
                        "live r0 r2 r4\nPERFORM r5 r5 Stop.stop/0\nRETURN r5\n" WORKER NOTE(
                            "MOVE r19 r3\n") "LOAD_INT r4 5000\nlive r2\nNATIVE r4 r4 "
                                             "Time.sleep\nDROP r2\nRETURN r4\n",
         {0},
         1,
         "(7, [1])"},
    };
    check_rows(rows, BL_ARRAY_COUNT(rows));
}

// ---- fibers that wait for the outside -------------------------------------------------------

static vm_fiber *outside_token;

static vm_status outside_wait(vm_task *task, vm_value *args, vm_value *result)
{
    (void)args;
    (void)result;
    return vm_park(task, &outside_token);
}

static vm_native outside_natives[] = {
    {.name = "wait", .arity = 0, .arity_max = 0, .function = outside_wait},
};
static vm_module outside_module = {
    .name = "Outside", .natives = outside_natives, .native_count = 1};

Test(fiber, woken_from_outside)
{
    library = (vm_library){.module_count = 0};
    vm_library_add(&library, &outside_module);
    vm_program *program =
        asm_program("fn f 0 4\nNATIVE r1 r1 Outside.wait\nADD_I r1 r1 1\nRETURN r1\n", &library);
    vm_thread *thread = vm_thread_create(program, &(vm_config){.leak_check = true});
    vm_task *task = vm_task_begin(thread);
    vm_task_start(task, (vm_value){.function = asm_function(program, "f"), .tag = VM_FUNCTION},
                  NULL, 0);
    cr_assert_eq(vm_task_run(task, 0), VM_WAITING);
    cr_expect_eq(vm_task_deadline_ms(task), INT64_MAX);
    cr_assert_eq(vm_task_run(task, 0), VM_WAITING);
    vm_wake(outside_token, vm_int(41));
    cr_assert_eq(vm_task_run(task, 0), VM_DONE);
    cr_expect_eq(vm_task_result(task).integer, 42);
    vm_task_end(task);
    cr_expect_eq(vm_thread_leaks(thread), 0);
    vm_thread_destroy(thread);
    vm_program_destroy(program);
}
