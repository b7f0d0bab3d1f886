// vm/vm.h: running compiled programs: threads, tasks, outcomes. The public header of vm/ (with
// value.h, heap.h, chunk.h and library.h, which it includes).
//
//     vm_thread *thread = vm_thread_create(program, &(vm_config){.heap_limit = 64u << 20});
//     vm_task *task = vm_task_begin(thread);
//     vm_task_start(task, callee, args, 1); // Arguments are made in vm_task_heap(task).
//     switch (vm_task_run(task, fuel)) { case VM_DONE: use(vm_task_result(task)); … }
//     vm_task_end(task);              // Its heap is given back whole.
//     vm_thread_destroy(thread);
//
// A vm_thread belongs to one OS thread: block pool, inline caches, scheduler. A task is one run
// (main!, one request, one test) with a heap and a limit of its own; its fibers share that heap
// and take turns on that thread. No Baseline call uses the C stack.
#ifndef VM_VM_H
#define VM_VM_H

#include "vm/chunk.h"
#include "vm/heap.h"
#include "vm/library.h"
#include "vm/value.h"

typedef struct vm_thread vm_thread;

// The last check of a test that was not true: its values as text, cut to limits. Buffers are
// kept between tests; whoever reads the note frees them.
typedef struct vm_check_note {
    const vm_check *check; // NULL: none.
    bl_buffer left;        // Empty: not shown.
    bl_buffer right;
    bl_buffer difference;
} vm_check_note;

typedef struct vm_config {
    size_t heap_limit;   // Bytes for each task; 0: default of limits.def.
    size_t stack_limit;  // Bytes of frames for each task; 0 and above the default: the default.
    bool leak_check;     // At vm_task_end count objects that are still alive (debug option).
    void *user;          // For natives of upper layers: vm_task_user.
    vm_check_note *note; // Of tests; NULL: nobody wants to know. Kept.
} vm_config;

typedef enum vm_outcome {
    VM_DONE,        // vm_task_result.
    VM_FAILED,      // vm_task_failure.
    VM_OUT_OF_FUEL, // Run again to go on, or end the task.
    VM_WAITING,     // All fibers wait; vm_task_deadline_ms says until when at the latest.
} vm_outcome;

typedef struct vm_failure {
    const char *message; // "Division by zero". Lives as long as the task.
    const char *file;
    uint32_t line;
    uint32_t column;
    const char *stack; // "  in NAME (FILE:LINE)\n" lines, innermost first, at most 20.
} vm_failure;

vm_thread *vm_thread_create(const vm_program *program, const vm_config *config);
void vm_thread_destroy(vm_thread *thread);

// callee: a function, closure or native value; borrowed and must stay alive (frozen, or of the
// program). args: moved; made in vm_task_heap of this task: so begin, make them, then start.
vm_task *vm_task_begin(vm_thread *thread);
void vm_task_start(vm_task *task, vm_value callee, const vm_value *args, size_t count);
void vm_task_set_user(vm_task *task, void *user);
void *vm_task_user(const vm_task *task);
// The program that the task's thread runs (natives look up its constructors, shapes and schemas).
const vm_program *vm_task_program(const vm_task *task);
// fuel: calls and loop rounds to go, roughly; 0: no limit. May be called again after
// VM_OUT_OF_FUEL and, when the deadline has passed or vm_wake was called, after VM_WAITING.
vm_outcome vm_task_run(vm_task *task, uint64_t fuel);
// Asks a running task to stop as soon as it can (any thread): it fails with `reason` (static).
void vm_task_interrupt(vm_task *task, const char *reason);
vm_value vm_task_result(const vm_task *task); // Borrowed, until the end.
const vm_failure *vm_task_failure(const vm_task *task);
// Has the task run a native with VM_OUTSIDE? Then it must not be run again from the start.
bool vm_task_has_acted(const vm_task *task);
int64_t vm_task_deadline_ms(const vm_task *task); // CLOCK_MONOTONIC; INT64_MAX: none.
// Objects that leak checks (vm_config) of this thread's tasks have found.
size_t vm_thread_leaks(const vm_thread *thread);
// Has release called once, when the task is done, has failed or ends, whichever comes first: for
// natives that hold something for a task (an open transaction). One place: the last one counts.
void vm_task_on_end(vm_task *task, void (*release)(vm_task *task));
// Ends the task; its heap goes back. For main! of a server use vm_task_keep instead.
void vm_task_end(vm_task *task);
// Ends the task but keeps its heap for the life of the thread, everything that `value` reaches
// frozen: handlers and state that main! leaves to the server, readable by all threads.
void vm_task_keep(vm_task *task, vm_value value);
// Waits in the calling OS thread until the deadline, or forever if there is none but a wake-up may
// come: for programs that are no servers.
void vm_task_sleep(vm_task *task);

// ---- for natives that wait -------------------------------------------------------------------

// Parks the running fiber until CLOCK_MONOTONIC reaches deadline_ms; the native's result is unit.
vm_status vm_park_until(vm_task *task, int64_t deadline_ms);
// Parks the running fiber until vm_wake(fiber token, value) is called on this thread.
typedef struct vm_fiber vm_fiber;
vm_status vm_park(vm_task *task, vm_fiber **token);
void vm_wake(vm_fiber *token, vm_value result);

#endif
