// vm/std/weak.c: the module Weak.
//
// A weak reference holds one count and gives the value only while there are others. Values are
// immutable, so a reference cannot be part of a cycle that would keep itself alive; what it costs
// is the memory of a value until the reference goes or is asked in vain. Two references to one
// value count for each other: when a value dies is not specified.
#include "vm/std/modules.h"
#include "vm/std/std.h"

typedef struct weak {
    vm_handle handle;
    vm_value target; // Unit once it is gone.
} weak;

static void weak_destroy(vm_heap *heap, vm_handle *handle)
{
    vm_drop(heap, ((weak *)handle)->target);
}

static const vm_handle_kind weak_kind = {
    .name = "weak", .destroy = weak_destroy, .size = sizeof(weak)};

static vm_status weak_downgrade(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag <= VM_UNIT) {
        return vm_fail(task,
                       "Weak.downgrade: expected a heap-allocated value (not Int, Bool, etc.)");
    }
    vm_value made = vm_handle_make(vm_task_heap(task), &weak_kind);
    weak *reference = (weak *)made.handle;
    reference->target = vm_dup(args[0]);
    return std_give(result, made);
}

static vm_status weak_upgrade(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_HANDLE || args[0].handle->handle_kind != &weak_kind) {
        return vm_fail_type(task, "Weak.upgrade", "Weak", args[0]);
    }
    vm_heap *heap = vm_task_heap(task);
    weak *reference = (weak *)args[0].handle;
    if (vm_is_heap(reference->target) && vm_is_unique(reference->target.object)) {
        vm_drop(heap, reference->target);
        reference->target = vm_unit();
    }
    if (reference->target.tag == VM_UNIT) {
        return std_give(result, vm_none());
    }
    return std_give(result, vm_some(heap, vm_dup(reference->target)));
}

static vm_native natives[] = {
#include "vm/std/weak.def"
};

vm_module std_weak_module = STD_MODULE("Weak", NULL, VM_PRELUDE_CORE, NULL);
