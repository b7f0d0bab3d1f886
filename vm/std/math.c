// vm/std/math.c: the module Math.
#include <math.h>

#include "vm/std/modules.h"
#include "vm/std/std.h"

static bool are_ints(const vm_value *args, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (args[i].tag != VM_INT) {
            return false;
        }
    }
    return true;
}

static bool are_numbers(const vm_value *args, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!std_is_number(args[i])) {
            return false;
        }
    }
    return true;
}

static int64_t int_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t int_max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static vm_status math_abs(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag == VM_FLOAT) {
        return std_give(result, vm_float(fabs(args[0].number)));
    }
    if (args[0].tag != VM_INT) {
        return vm_fail_type(task, "Math.abs", "number", args[0]);
    }
    if (args[0].integer == INT64_MIN) {
        return vm_fail(task, "Integer overflow in Math.abs");
    }
    return std_give(result, vm_int(args[0].integer < 0 ? -args[0].integer : args[0].integer));
}

static vm_status math_min(vm_task *task, vm_value *args, vm_value *result)
{
    if (are_ints(args, 2)) {
        return std_give(result, vm_int(int_min(args[0].integer, args[1].integer)));
    }
    if (!are_numbers(args, 2)) {
        return vm_fail(task, "Math.min: expected two numbers");
    }
    return std_give(result, vm_float(fmin(std_number(args[0]), std_number(args[1]))));
}

static vm_status math_max(vm_task *task, vm_value *args, vm_value *result)
{
    if (are_ints(args, 2)) {
        return std_give(result, vm_int(int_max(args[0].integer, args[1].integer)));
    }
    if (!are_numbers(args, 2)) {
        return vm_fail(task, "Math.max: expected two numbers");
    }
    return std_give(result, vm_float(fmax(std_number(args[0]), std_number(args[1]))));
}

static vm_status math_clamp(vm_task *task, vm_value *args, vm_value *result)
{
    if (are_ints(args, 3)) {
        int64_t raised = int_max(args[0].integer, args[1].integer);
        return std_give(result, vm_int(int_min(raised, args[2].integer)));
    }
    if (!are_numbers(args, 3)) {
        return vm_fail(task, "Math.clamp: expected three numbers");
    }
    double raised = fmax(std_number(args[0]), std_number(args[1]));
    return std_give(result, vm_float(fmin(raised, std_number(args[2]))));
}

// base ^ -exponent, truncated toward zero: only 1 and -1 leave anything.
static vm_status reciprocal_pow(vm_task *task, int64_t base, int64_t exponent, vm_value *result)
{
    if (base == 0) {
        return vm_fail(task, "Division by zero");
    }
    bool is_unit = base == 1 || base == -1;
    bool is_odd = (exponent & 1) != 0;
    return std_give(result, vm_int(!is_unit ? 0 : is_odd ? base : 1));
}

// By squaring. A square that overflows matters only if it is used.
static vm_status int_pow(vm_task *task, int64_t base, int64_t exponent, vm_value *result)
{
    if (exponent < 0) {
        return reciprocal_pow(task, base, exponent, result);
    }
    int64_t power = 1;
    int64_t square = base;
    bool is_square_lost = false;
    for (; exponent > 0; exponent >>= 1) {
        if ((exponent & 1) != 0 &&
            (is_square_lost || __builtin_mul_overflow(power, square, &power))) {
            return vm_fail(task, "Integer overflow in Math.pow");
        }
        is_square_lost = is_square_lost || __builtin_mul_overflow(square, square, &square);
    }
    return std_give(result, vm_int(power));
}

static vm_status math_pow(vm_task *task, vm_value *args, vm_value *result)
{
    if (are_ints(args, 2)) {
        return int_pow(task, args[0].integer, args[1].integer, result);
    }
    if (!are_numbers(args, 2)) {
        return vm_fail(task, "Math.pow: expected two numbers");
    }
    return std_give(result, vm_float(pow(std_number(args[0]), std_number(args[1]))));
}

static vm_status apply(vm_task *task, const char *name, double (*function)(double), vm_value arg,
                       vm_value *result)
{
    if (!std_is_number(arg)) {
        return vm_fail_type(task, name, "number", arg);
    }
    return std_give(result, vm_float(function(std_number(arg))));
}

static vm_status math_sqrt(vm_task *task, vm_value *args, vm_value *result)
{
    return apply(task, "Math.sqrt", sqrt, args[0], result);
}

static vm_status math_sin(vm_task *task, vm_value *args, vm_value *result)
{
    return apply(task, "Math.sin", sin, args[0], result);
}

static vm_status math_cos(vm_task *task, vm_value *args, vm_value *result)
{
    return apply(task, "Math.cos", cos, args[0], result);
}

static vm_status math_floor(vm_task *task, vm_value *args, vm_value *result)
{
    return apply(task, "Math.floor", floor, args[0], result);
}

static vm_status math_ceil(vm_task *task, vm_value *args, vm_value *result)
{
    return apply(task, "Math.ceil", ceil, args[0], result);
}

static vm_status math_atan2(vm_task *task, vm_value *args, vm_value *result)
{
    if (!are_numbers(args, 2)) {
        return vm_fail(task, "Math.atan2: expected two numbers");
    }
    return std_give(result, vm_float(atan2(std_number(args[0]), std_number(args[1]))));
}

static vm_native natives[] = {
#include "vm/std/math.def"
};

vm_module std_math_module = STD_MODULE("Math", "mth", VM_PRELUDE_PURE, NULL);
