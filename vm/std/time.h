// vm/std/time.h: clocks in milliseconds.
#ifndef VM_STD_TIME_H
#define VM_STD_TIME_H

#include <stdint.h>

// Since 1970-01-01T00:00:00Z.
int64_t std_wall_clock_ms(void);
// CLOCK_MONOTONIC: for deadlines.
int64_t std_monotonic_ms(void);

#endif
