// engine/process_limits.h: the limits that the system sets to this process.
#ifndef ENGINE_PROCESS_LIMITS_H
#define ENGINE_PROCESS_LIMITS_H

#include <stdint.h>

// Raises the soft limits for files and locked memory to the hard ones; returns that for files.
// UINT64_MAX: no limit.
uint64_t eng_raise_limits(void);

#endif
