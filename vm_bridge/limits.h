// vm_bridge/limits.h: limits.def as constants.
#ifndef VM_BRIDGE_LIMITS_H
#define VM_BRIDGE_LIMITS_H

enum {
#define LIMIT(name, value, reason) BR_##name = (value),
#include "vm_bridge/limits.def"
#undef LIMIT
};

#endif
