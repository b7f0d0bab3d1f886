// vm/library.c: the table of modules that a process knows.
#include "vm/library.h"

void vm_library_add(vm_library *library, vm_module *module)
{
    BL_CHECK(library->module_count < VM_LIBRARY_MODULES_MAX);
    for (uint32_t i = 0; i < module->native_count; i += 1) {
        module->natives[i].module = module;
    }
    library->modules[library->module_count] = module;
    library->module_count += 1;
}

const vm_module *vm_library_module(const vm_library *library, bl_slice name)
{
    for (uint32_t i = 0; i < library->module_count; i += 1) {
        if (bl_slice_equal(bl_slice_of(library->modules[i]->name), name)) {
            return library->modules[i];
        }
    }
    return NULL;
}

const vm_native *vm_module_native(const vm_module *module, bl_slice name)
{
    for (uint32_t i = 0; i < module->native_count; i += 1) {
        if (bl_slice_equal(bl_slice_of(module->natives[i].name), name)) {
            return &module->natives[i];
        }
    }
    return NULL;
}
