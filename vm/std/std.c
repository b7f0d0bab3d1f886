// vm/std/std.c: helpers of the modules, see std.h.
#include "vm/std/std.h"

vm_status std_fail_owned(vm_task *task, vm_value *args, size_t count, const char *message)
{
    vm_status status = vm_fail(task, "%s", message);
    for (size_t i = 0; i < count; i++) {
        vm_drop(vm_task_heap(task), args[i]);
    }
    return status;
}

vm_value std_text_of(vm_heap *heap, vm_value value)
{
    if (value.tag == VM_STRING) {
        return vm_dup(value);
    }
    if (value.tag == VM_INT) {
        char digits[24];
        return std_ascii(heap, digits, vm_int_text(value.integer, digits));
    }
    bl_buffer buffer = {0};
    vm_text_append_max(&buffer, value, vm_heap_room(heap));
    vm_value text = vm_string_slice(heap, bl_buffer_slice(&buffer));
    bl_buffer_deinit(&buffer);
    return text;
}

vm_value std_ascii(vm_heap *heap, const char *data, size_t size)
{
    vm_value text = vm_string_make(heap, data, size);
    if (text.string->header.count != 0) { // Immortal ones know already.
        text.string->header.flags |= VM_STRING_ASCII;
    }
    return text;
}

vm_status std_check_size(vm_task *task, const char *name, uint64_t size)
{
    if (size > UINT32_MAX || !vm_heap_can_hold(vm_task_heap(task), size)) {
        return vm_fail(task, "%s: a result of %llu bytes exceeds the memory limit", name,
                       (unsigned long long)size);
    }
    return VM_OK;
}
