// vm/std/modules.h: the modules of the standard library, one for each file of this folder.
#ifndef VM_STD_MODULES_H
#define VM_STD_MODULES_H

#include "vm/library.h"

#define MODULE(name) extern vm_module std_##name##_module;
#include "vm/std/modules.def"
#undef MODULE

#endif
