// vm/std/library_standard.c: puts the standard library together.
#include "vm/std/modules.h"
#include "vm/std/regex.h"

void vm_library_add_standard(vm_library *library)
{
#define MODULE(name) vm_library_add(library, &std_##name##_module);
#include "vm/std/modules.def"
#undef MODULE
    library->regex_search = std_regex_search;
}
