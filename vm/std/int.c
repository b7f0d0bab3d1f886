// vm/std/int.c: the module Int.
#include "vm/std/modules.h"
#include "vm/std/std.h"
#include "vm/std/text.h"

static vm_status int_to_string(vm_task *task, vm_value *args, vm_value *result)
{
    return std_give(result, std_text_of(vm_task_heap(task), args[0]));
}

static vm_value parse_error(vm_heap *heap, bl_slice text)
{
    bl_buffer message = {0};
    bl_buffer_append_slice(&message, BL_SLICE("Cannot parse '"));
    bl_buffer_append_slice(&message, text);
    bl_buffer_append_slice(&message, BL_SLICE("' as Int"));
    vm_value error = vm_err(heap, vm_string_slice(heap, bl_buffer_slice(&message)));
    bl_buffer_deinit(&message);
    return error;
}

static vm_status int_parse(vm_task *task, vm_value *args, vm_value *result)
{
    if (!std_is_string(args[0])) {
        return vm_fail_type(task, "Int.parse", "String", args[0]);
    }
    vm_heap *heap = vm_task_heap(task);
    int64_t number = 0;
    bool is_number = std_parse_int(vm_text(args[0]), &number);
    return std_give(result,
                    is_number ? vm_ok(heap, vm_int(number)) : parse_error(heap, vm_text(args[0])));
}

static int64_t saturate(double number)
{
    if (number != number) {
        return 0;
    }
    if (number >= 0x1p63) {
        return INT64_MAX;
    }
    return number <= -0x1p63 ? INT64_MIN : (int64_t)number;
}

static vm_status int_from_float(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag == VM_INT) {
        return std_give(result, args[0]);
    }
    if (args[0].tag != VM_FLOAT) {
        return vm_fail_type(task, "Int.from_float", "Float", args[0]);
    }
    return std_give(result, vm_int(saturate(args[0].number)));
}

static vm_native natives[] = {
#include "vm/std/int.def"
};

vm_module std_int_module = STD_MODULE("Int", "int", VM_PRELUDE_CORE, NULL);
