// vm/std/option.c: the module Option.
#include "vm/std/modules.h"
#include "vm/std/std.h"

static const char source[] =
    "fn map(option: Unknown, f: Unknown) -> Unknown =\n"
    "  match option\n"
    "    Some(x) -> Some(f(x))\n"
    "    None -> None\n"
    "    _ -> Option.internal_expected(\"Option.map: expected (Option, Function)\")\n"
    "fn flat_map(option: Unknown, f: Unknown) -> Unknown =\n"
    "  match option\n"
    "    Some(x) -> f(x)\n"
    "    None -> None\n"
    "    _ -> Option.internal_expected(\"Option.flat_map: expected (Option, Function)\")\n";

static bool has_payload(vm_value value)
{
    return value.tag == VM_VARIANT && value.variant->size >= 1 && vm_is_ctor(value, VM_CTOR_SOME);
}

// The payload as an owned value; consumes the option.
static vm_value take_payload(vm_heap *heap, vm_value option)
{
    vm_value payload = vm_dup(option.variant->items[0]);
    vm_drop(heap, option);
    return payload;
}

static vm_status option_unwrap(vm_task *task, vm_value *args, vm_value *result)
{
    if (has_payload(args[0])) {
        return std_give(result, take_payload(vm_task_heap(task), args[0]));
    }
    if (vm_is_ctor(args[0], VM_CTOR_NONE)) {
        return std_fail_owned(task, args, 1, "Option.unwrap: called on None");
    }
    vm_status status = vm_fail_type(task, "Option.unwrap", "Option", args[0]);
    vm_drop(vm_task_heap(task), args[0]);
    return status;
}

static vm_status option_unwrap_or(vm_task *task, vm_value *args, vm_value *result)
{
    vm_heap *heap = vm_task_heap(task);
    if (has_payload(args[0])) {
        vm_drop(heap, args[1]);
        return std_give(result, take_payload(heap, args[0]));
    }
    if (!vm_is_ctor(args[0], VM_CTOR_NONE)) {
        return std_fail_owned(task, args, 2, "Option.unwrap_or: expected (Option, T)");
    }
    vm_drop(heap, args[0]);
    return std_give(result, args[1]);
}

static vm_status option_is_some(vm_task *task, vm_value *args, vm_value *result)
{
    (void)task; // Cannot fail.
    return std_give(result, vm_bool(vm_is_ctor(args[0], VM_CTOR_SOME)));
}

static vm_status option_is_none(vm_task *task, vm_value *args, vm_value *result)
{
    (void)task; // Cannot fail.
    return std_give(result, vm_bool(vm_is_ctor(args[0], VM_CTOR_NONE)));
}

static vm_status option_ok_or(vm_task *task, vm_value *args, vm_value *result)
{
    vm_heap *heap = vm_task_heap(task);
    if (has_payload(args[0])) {
        vm_drop(heap, args[1]);
        return std_give(result, vm_ok(heap, take_payload(heap, args[0])));
    }
    if (!vm_is_ctor(args[0], VM_CTOR_NONE)) {
        return std_fail_owned(task, args, 2, "Option.ok_or: expected (Option, E)");
    }
    vm_drop(heap, args[0]);
    return std_give(result, vm_err(heap, args[1]));
}

static vm_status option_internal_expected(vm_task *task, vm_value *args, vm_value *result)
{
    (void)result; // Never set: this always fails.
    return vm_fail(task, "%.*s", BL_SLICE_ARG(vm_text(args[0])));
}

static vm_native natives[] = {
#include "vm/std/option.def"
};

vm_module std_option_module = STD_MODULE("Option", "opt", VM_PRELUDE_MINIMAL, source);
