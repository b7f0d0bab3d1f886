// vm/std/time.c: the module Time.
#include "vm/std/time.h"

#include <time.h>

#include "vm/std/modules.h"
#include "vm/std/std.h"
#include "vm/vm.h"

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t std_wall_clock_ms(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t std_monotonic_ms(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

static vm_status time_now(vm_task *task, vm_value *args, vm_value *result)
{
    (void)task; // Cannot fail.
    (void)args; // None.
    return std_give(result, vm_int(std_wall_clock_ms()));
}

static vm_status time_sleep(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_INT) {
        return vm_fail_type(task, "Time.sleep!", "Int", args[0]);
    }
    if (args[0].integer <= 0) {
        return std_give(result, vm_unit());
    }
    int64_t deadline;
    if (__builtin_add_overflow(std_monotonic_ms(), args[0].integer, &deadline)) {
        deadline = INT64_MAX - 1; // INT64_MAX stands for no deadline at all.
    }
    return vm_park_until(task, deadline);
}

static vm_native natives[] = {
#include "vm/std/time.def"
};

vm_module std_time_module = STD_EFFECT_MODULE("Time", "tm", "Time", VM_PRELUDE_SCRIPT);
