// tests/lang/web_library.c: modules that the checker knows, with bodies that nobody calls.
#include "tests/lang/web_library.h"

static vm_status never_called(vm_task *task, vm_value *args, vm_value *result)
{
    (void)args;
    (void)result;
    return vm_fail(task, "a test of the front end runs nothing");
}

#define MODULE(name, alias, effect, also, prelude) static vm_native name##_natives[] = {
#define ENTRY(name, flags, type) {name, 0, 0, 0, flags, never_called, type, "", NULL},
#define END(name)                                                                                  \
    {                                                                                              \
        "", 0, 0, 0, VM_INTERNAL, never_called, "", "", NULL                                       \
    }                                                                                              \
    }                                                                                              \
    ;
#include "tests/lang/web_library.def"
#undef MODULE
#undef ENTRY
#undef END

#define MODULE(name, alias, effect, also, prelude)                                                 \
    static vm_module name##_module = {#name,                                                       \
                                      alias,                                                       \
                                      effect,                                                      \
                                      also,                                                        \
                                      VM_PRELUDE_##prelude,                                        \
                                      name##_natives,                                              \
                                      BL_ARRAY_COUNT(name##_natives) - 1,                          \
                                      NULL};
#define ENTRY(name, flags, type)
#define END(name)
#include "tests/lang/web_library.def"
#undef MODULE
#undef ENTRY
#undef END

static void add_missing(vm_library *library, vm_module *module)
{
    if (vm_library_module(library, bl_slice_of(module->name)) == NULL) {
        vm_library_add(library, module);
    }
}

const vm_library *test_library(void)
{
    static vm_library library;
    if (library.module_count == 0) {
        vm_library_add_standard(&library);
#define MODULE(name, alias, effect, also, prelude) add_missing(&library, &name##_module);
#define ENTRY(name, flags, type)
#define END(name)
#include "tests/lang/web_library.def"
#undef MODULE
#undef ENTRY
#undef END
    }
    return &library;
}
