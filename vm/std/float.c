// vm/std/float.c: the module Float.
#include <math.h>

#include "vm/std/modules.h"
#include "vm/std/std.h"

enum {
    // No double has more decimals: the smallest one is 2^-1074. Beyond them come only zeros.
    DECIMALS_MAX = 1074,
    // Sign, digits of the largest double, point.
    WHOLE_SIZE_MAX = 1 + 309 + 1,
};

static vm_status float_from_int(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag == VM_FLOAT) {
        return std_give(result, args[0]);
    }
    if (args[0].tag != VM_INT) {
        return vm_fail_type(task, "Float.from_int", "Int", args[0]);
    }
    return std_give(result, vm_float((double)args[0].integer));
}

static vm_value format_special(vm_heap *heap, double number)
{
    bl_slice text = isnan(number) ? BL_SLICE("NaN")
                    : number > 0  ? BL_SLICE("inf")
                                  : BL_SLICE("-inf");
    return std_ascii(heap, text.data, text.size);
}

// glibc's printf converts the exact binary value and rounds it to nearest, ties to even.
static vm_value format_number(vm_heap *heap, double number, uint64_t decimals)
{
    int printed = decimals > DECIMALS_MAX ? DECIMALS_MAX : (int)decimals;
    char digits[WHOLE_SIZE_MAX + DECIMALS_MAX + 2];
    size_t size = (size_t)snprintf(digits, sizeof(digits), "%.*f", printed, number);
    vm_string *text = vm_string_alloc(heap, size + (decimals - (uint64_t)printed));
    char *out = (char *)(uintptr_t)text->data;
    memcpy(out, digits, size);
    memset(out + size, '0', decimals - (uint64_t)printed);
    text->header.flags |= VM_STRING_ASCII;
    return vm_of(text);
}

static vm_status float_format(vm_task *task, vm_value *args, vm_value *result)
{
    if (!std_is_number(args[0]) || args[1].tag != VM_INT) {
        return vm_fail(task, "Float.format: expected (Float, Int)");
    }
    if (args[1].integer < 0) {
        return vm_fail(task, "Float.format: decimals must be 0 or more, got %lld",
                       (long long)args[1].integer);
    }
    uint64_t decimals = (uint64_t)args[1].integer;
    if (std_check_size(task, "Float.format", decimals + WHOLE_SIZE_MAX) != VM_OK) {
        return VM_FAIL;
    }
    vm_heap *heap = vm_task_heap(task);
    double number = std_number(args[0]);
    return std_give(result, isfinite(number) ? format_number(heap, number, decimals)
                                             : format_special(heap, number));
}

static vm_native natives[] = {
#include "vm/std/float.def"
};

vm_module std_float_module = STD_MODULE("Float", NULL, VM_PRELUDE_PURE, NULL);
