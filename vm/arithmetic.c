// vm/arithmetic.c: what the arithmetic, comparison, range and text instructions do when their fast
// case does not apply: Int with Float, overflow, other types, and their run-time errors.
#include <math.h>

#include "vm/limits.h"
#include "vm/task.h"

static bool is_number(vm_value value)
{
    return value.tag == VM_INT || value.tag == VM_FLOAT;
}

static double to_float(vm_value value)
{
    return value.tag == VM_INT ? (double)value.integer : value.number;
}

static vm_fault int_fault(uint16_t op, int64_t divisor)
{
    switch (op) {
    case VM_OP_ADD:
        return VM_FAULT_OVERFLOW_ADD;
    case VM_OP_SUB:
        return VM_FAULT_OVERFLOW_SUB;
    case VM_OP_MUL:
        return VM_FAULT_OVERFLOW_MUL;
    case VM_OP_DIV:
        return divisor == 0 ? VM_FAULT_DIVISION : VM_FAULT_OVERFLOW_DIV;
    default:
        return divisor == 0 ? VM_FAULT_MODULO : VM_FAULT_OVERFLOW_MOD;
    }
}

// False: overflow or division by zero.
static bool int_arithmetic(uint16_t op, int64_t a, int64_t b, int64_t *result)
{
    bool is_division = op == VM_OP_DIV || op == VM_OP_MOD;
    if (is_division && (b == 0 || (a == INT64_MIN && b == -1))) {
        return false;
    }
    switch (op) {
    case VM_OP_ADD:
        return !__builtin_add_overflow(a, b, result);
    case VM_OP_SUB:
        return !__builtin_sub_overflow(a, b, result);
    case VM_OP_MUL:
        return !__builtin_mul_overflow(a, b, result);
    case VM_OP_DIV:
        *result = a / b;
        return true;
    default:
        *result = a % b;
        return true;
    }
}

static double float_arithmetic(uint16_t op, double a, double b)
{
    switch (op) {
    case VM_OP_ADD:
        return a + b;
    case VM_OP_SUB:
        return a - b;
    case VM_OP_MUL:
        return a * b;
    case VM_OP_DIV:
        return a / b;
    default:
        return fmod(a, b);
    }
}

bool vm_arithmetic(vm_task *task, uint16_t op, vm_value *result, vm_value a, vm_value b)
{
    if (!is_number(a) || !is_number(b)) {
        return vm_raise(task, VM_FAULT_NOT_INT, is_number(a) ? b : a);
    }
    if (a.tag == VM_FLOAT || b.tag == VM_FLOAT) {
        vm_set(result, vm_float(float_arithmetic(op, to_float(a), to_float(b))));
        return true;
    }
    int64_t integer;
    if (!int_arithmetic(op, a.integer, b.integer, &integer)) {
        return vm_raise(task, int_fault(op, b.integer), b);
    }
    vm_set(result, vm_int(integer));
    return true;
}

bool vm_negate(vm_task *task, vm_value *result, vm_value a)
{
    if (a.tag == VM_FLOAT) {
        vm_set(result, vm_float(-a.number));
        return true;
    }
    if (a.tag != VM_INT) {
        return vm_raise(task, VM_FAULT_NOT_INT, a);
    }
    if (a.integer == INT64_MIN) {
        return vm_raise(task, VM_FAULT_OVERFLOW_NEG, a);
    }
    vm_set(result, vm_int(-a.integer));
    return true;
}

int vm_compare_op(vm_task *task, uint16_t op, vm_value a, vm_value b)
{
    if (op == VM_OP_EQ || op == VM_OP_NE) {
        return vm_equal(a, b) == (op == VM_OP_EQ);
    }
    int order;
    if (!vm_compare(a, b, &order)) {
        vm_fail(task, "Cannot compare %s and %s", vm_kind_name(a), vm_kind_name(b));
        return -1;
    }
    switch (op) {
    case VM_OP_LT:
        return order == -1;
    case VM_OP_LE:
        return order <= 0;
    case VM_OP_GT:
        return order == 1;
    default:
        return order == 0 || order == 1; // 2: NaN.
    }
}

bool vm_range_check(vm_task *task, vm_value start, vm_value end)
{
    if (start.tag != VM_INT || end.tag != VM_INT) {
        return vm_raise(task, VM_FAULT_NOT_INT, start.tag == VM_INT ? end : start);
    }
    if (end.integer <= start.integer) {
        return true;
    }
    uint64_t size = (uint64_t)end.integer - (uint64_t)start.integer;
    if (size > VM_LIMIT_RANGE) {
        return vm_fail(task, "Range too large (%llu elements, max %d)", (unsigned long long)size,
                       VM_LIMIT_RANGE) == VM_OK;
    }
    return true;
}

bool vm_range_make(vm_task *task, vm_value *result, vm_value start, vm_value end)
{
    if (!vm_range_check(task, start, end)) {
        return false;
    }
    size_t size = end.integer > start.integer ? (size_t)(end.integer - start.integer) : 0;
    vm_value list = vm_list_make(task->heap, size);
    for (size_t i = 0; i < size; i += 1) {
        list.list->store->items[i] = vm_int(start.integer + (int64_t)i);
    }
    if (size > 0) {
        list.list->store->used = (uint32_t)size;
        list.list->size = (uint32_t)size;
    }
    vm_set(result, list);
    return true;
}

// ---- texts and lists ------------------------------------------------------------------------

enum { LARGE_SIZE = 64 * 1024 }; // From here on the limit is asked before, not after.

static bool may_hold(vm_task *task, size_t size)
{
    return size < LARGE_SIZE || vm_heap_can_hold(task->heap, size) ||
           vm_raise(task, VM_FAULT_MEMORY, vm_unit());
}

bool vm_concat(vm_task *task, vm_value *result, vm_value left, vm_value right)
{
    if (left.tag == VM_STRING && right.tag == VM_STRING) {
        size_t size = (size_t)left.string->size + right.string->size;
        if (!may_hold(task, size + size / 2)) {
            return false;
        }
        if (left.string->size == 0) {
            vm_drop(task->heap, left);
            vm_set(result, right);
            return true;
        }
        vm_set(result, vm_string_append(task->heap, left, vm_text(right)));
        vm_drop(task->heap, right);
        return true;
    }
    if (left.tag == VM_LIST && right.tag == VM_LIST) {
        size_t size = ((size_t)left.list->size + right.list->size) * sizeof(vm_value);
        if (!may_hold(task, size + size / 2)) {
            return false;
        }
        vm_set(result, vm_list_concat(task->heap, left, right));
        return true;
    }
    bool is_list = left.tag == VM_LIST || right.tag == VM_LIST;
    vm_value wrong = left.tag == VM_STRING || left.tag == VM_LIST ? right : left;
    return vm_raise(task, is_list ? VM_FAULT_NOT_LIST : VM_FAULT_NOT_STRING, wrong);
}

bool vm_build(vm_task *task, vm_value *result, vm_value *parts, size_t count)
{
    bl_buffer *text = &task->scratch;
    text->size = 0;
    // The first part is often the text so far, "${text}more": then this is an append.
    bool appends = count > 0 && parts[0].tag == VM_STRING && vm_is_unique(parts[0].object);
    size_t room = vm_heap_room(task->heap);
    size_t size_max = room > LARGE_SIZE ? room : LARGE_SIZE;
    for (size_t i = appends ? 1 : 0; i < count; i += 1) {
        vm_text_append_max(text, parts[i], size_max);
        if (!may_hold(task, text->size)) {
            return false;
        }
    }
    // The parts go first: result may be one of their registers.
    if (!appends) {
        vm_drop_values(task->heap, parts, count);
        vm_set(result, vm_string_make(task->heap, text->data, text->size));
        return true;
    }
    vm_drop_values(task->heap, parts + 1, count - 1);
    vm_set(result, vm_string_append(task->heap, parts[0], bl_buffer_slice(text)));
    return true;
}
