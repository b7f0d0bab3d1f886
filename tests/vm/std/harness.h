// tests/vm/std/harness.h: calls natives of the standard library from tables of rows.
//
// A row names a native, its arguments as one JSON array, and the text form of the result, or "!"
// and the message of the run-time error. Each row runs in a task of its own, at whose end nothing
// may be left alive.
#ifndef TESTS_VM_STD_HARNESS_H
#define TESTS_VM_STD_HARNESS_H

#include "vm/vm.h"

typedef struct std_row {
    const char *native; // "String.split".
    const char *args;   // "[\"a,b\", \",\"]".
    const char *want;   // "[a, b]" or "!String.split: …".
} std_row;

void std_check_rows(const std_row *rows, size_t count);

// For tests that need more than a table: a task, and calls in it.
typedef struct std_fixture {
    vm_library library;
    vm_program *program;
    vm_thread *thread;
    vm_task *task;
} std_fixture;

void std_open(std_fixture *self);
// Checks that no object of the task is left.
void std_close(std_fixture *self, const char *name);
// args: moved; dropped if the native borrows them. The result is the caller's; on failure
// *message points at the error and the result is unit.
vm_value std_call(std_fixture *self, const char *native, vm_value *args, size_t count,
                  const char **message);

#endif
