// vm/limits.h: the bounds of vm/ as constants, from limits.def.
#ifndef VM_LIMITS_H
#define VM_LIMITS_H

enum {
#define LIMIT(name, value, unit, reason) VM_LIMIT_##name = (value),
#include "vm/limits.def"
#undef LIMIT
};

#endif
