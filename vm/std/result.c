// vm/std/result.c: the module Result.
#include "vm/limits.h"
#include "vm/std/modules.h"
#include "vm/std/std.h"

static const char source[] =
    "fn map(result: Unknown, f: Unknown) -> Unknown =\n"
    "  match result\n"
    "    Ok(x) -> Ok(f(x))\n"
    "    Err(e) -> Err(e)\n"
    "    _ -> Result.internal_expected(\"Result.map: expected (Result, Function)\")\n"
    "fn map_err(result: Unknown, f: Unknown) -> Unknown =\n"
    "  match result\n"
    "    Ok(x) -> Ok(x)\n"
    "    Err(e) -> Err(f(e))\n"
    "    _ -> Result.internal_expected(\"Result.map_err: expected (Result, Function)\")\n"
    "fn and_then(result: Unknown, f: Unknown) -> Unknown =\n"
    "  match result\n"
    "    Ok(x) -> f(x)\n"
    "    Err(e) -> Err(e)\n"
    "    _ -> Result.internal_expected(\"Result.and_then: expected (Result, Function)\")\n";

static bool is(vm_value value, vm_ctor_id ctor)
{
    return value.tag == VM_VARIANT && value.variant->size >= 1 && vm_is_ctor(value, ctor);
}

// The payload as an owned value; consumes the result.
static vm_value take_payload(vm_heap *heap, vm_value result)
{
    vm_value payload = vm_dup(result.variant->items[0]);
    vm_drop(heap, result);
    return payload;
}

static vm_status fail_on_err(vm_task *task, vm_value *args)
{
    bl_buffer text = {0};
    vm_text_append_max(&text, args[0].variant->items[0], VM_LIMIT_MESSAGE);
    vm_status status =
        vm_fail(task, "Result.unwrap: called on Err(%.*s)", BL_SLICE_ARG(bl_buffer_slice(&text)));
    bl_buffer_deinit(&text);
    vm_drop(vm_task_heap(task), args[0]);
    return status;
}

static vm_status result_unwrap(vm_task *task, vm_value *args, vm_value *result)
{
    if (is(args[0], VM_CTOR_OK)) {
        return std_give(result, take_payload(vm_task_heap(task), args[0]));
    }
    if (is(args[0], VM_CTOR_ERR)) {
        return fail_on_err(task, args);
    }
    vm_status status = vm_fail_type(task, "Result.unwrap", "Result", args[0]);
    vm_drop(vm_task_heap(task), args[0]);
    return status;
}

static vm_status result_unwrap_or(vm_task *task, vm_value *args, vm_value *result)
{
    vm_heap *heap = vm_task_heap(task);
    if (is(args[0], VM_CTOR_OK)) {
        vm_drop(heap, args[1]);
        return std_give(result, take_payload(heap, args[0]));
    }
    if (!is(args[0], VM_CTOR_ERR)) {
        return std_fail_owned(task, args, 2, "Result.unwrap_or: expected (Result, T)");
    }
    vm_drop(heap, args[0]);
    return std_give(result, args[1]);
}

static vm_status result_is_ok(vm_task *task, vm_value *args, vm_value *result)
{
    (void)task; // Cannot fail.
    return std_give(result, vm_bool(vm_is_ctor(args[0], VM_CTOR_OK)));
}

static vm_status result_is_err(vm_task *task, vm_value *args, vm_value *result)
{
    (void)task; // Cannot fail.
    return std_give(result, vm_bool(vm_is_ctor(args[0], VM_CTOR_ERR)));
}

static vm_status result_ensure(vm_task *task, vm_value *args, vm_value *result)
{
    vm_heap *heap = vm_task_heap(task);
    if (args[0].tag != VM_BOOL) {
        return std_fail_owned(task, args + 1, 1, "Result.ensure: expected (Bool, E)");
    }
    if (!args[0].boolean) {
        return std_give(result, vm_err(heap, args[1]));
    }
    vm_drop(heap, args[1]);
    return std_give(result, vm_ok(heap, vm_unit()));
}

static vm_status result_context(vm_task *task, vm_value *args, vm_value *result)
{
    vm_heap *heap = vm_task_heap(task);
    bool is_ok = is(args[0], VM_CTOR_OK);
    if ((!is_ok && !is(args[0], VM_CTOR_ERR)) || !std_is_string(args[1])) {
        return std_fail_owned(task, args, 2, "Result.context: expected (Result, String)");
    }
    if (is_ok) {
        vm_drop(heap, args[1]);
        return std_give(result, args[0]);
    }
    vm_value names[2] = {std_ascii(heap, "context", 7), std_ascii(heap, "error", 5)};
    vm_value values[2] = {args[1], take_payload(heap, args[0])};
    return std_give(result, vm_err(heap, vm_record_from(heap, names, values, 2)));
}

static vm_status result_internal_expected(vm_task *task, vm_value *args, vm_value *result)
{
    (void)result; // Never set: this always fails.
    return vm_fail(task, "%.*s", BL_SLICE_ARG(vm_text(args[0])));
}

static vm_native natives[] = {
#include "vm/std/result.def"
};

vm_module std_result_module = STD_MODULE("Result", "res", VM_PRELUDE_MINIMAL, source);
