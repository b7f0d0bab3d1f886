// engine/process_limits.h: the limits that the system sets to this process.
#ifndef ENGINE_PROCESS_LIMITS_H
#define ENGINE_PROCESS_LIMITS_H

#include <stdint.h>

// The soft limit for locked memory; UINT64_MAX if there is none, also for a process that may pass
// it (CAP_IPC_LOCK).
uint64_t eng_memlock_limit(void);

// Raises the soft limits for files and locked memory to the hard ones; returns that for files.
// UINT64_MAX: no limit.
uint64_t eng_raise_limits(void);

#endif
