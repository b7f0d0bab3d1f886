// vm/std/std.h: what the modules of the standard library share among themselves.
//
// A module is one table (X.def) and one file (X.c) that includes it: its C functions are static,
// the table points at them, and the module is the only name that leaves the file.
//
//     static vm_native natives[] = {
//     #include "vm/std/option.def"
//     };
//     vm_module std_option_module = STD_MODULE("Option", "opt", VM_PRELUDE_MINIMAL, source);
#ifndef VM_STD_STD_H
#define VM_STD_STD_H

#include "vm/heap.h"
#include "vm/library.h"

// The file's table must be called `natives`.
#define STD_MODULE(name_, alias_, prelude_, source_)                                               \
    {                                                                                              \
        .name = name_, .alias = alias_, .prelude = prelude_, .natives = natives,                   \
        .native_count = BL_ARRAY_COUNT(natives), .source = source_                                 \
    }
#define STD_EFFECT_MODULE(name_, alias_, effect_, prelude_)                                        \
    {                                                                                              \
        .name = name_, .alias = alias_, .effect = effect_, .prelude = prelude_,                    \
        .natives = natives, .native_count = BL_ARRAY_COUNT(natives)                                \
    }

static inline vm_status std_give(vm_value *result, vm_value value)
{
    *result = value;
    return VM_OK;
}

static inline bool std_is_string(vm_value value)
{
    return value.tag == VM_STRING;
}

static inline bool std_is_number(vm_value value)
{
    return value.tag == VM_INT || value.tag == VM_FLOAT;
}

static inline double std_number(vm_value value)
{
    return value.tag == VM_FLOAT ? value.number : (double)value.integer;
}

// Drops owned arguments of a call that fails; returns VM_FAIL, whatever `status` was reported as.
vm_status std_fail_owned(vm_task *task, vm_value *args, size_t count, const char *message);
// The text form of any value as a String.
vm_value std_text_of(vm_heap *heap, vm_value value);
// A String of known ASCII bytes.
vm_value std_ascii(vm_heap *heap, const char *data, size_t size);
// Whether a result of `size` bytes whose size the program chose may be made; else it has failed.
vm_status std_check_size(vm_task *task, const char *name, uint64_t size);

#endif
