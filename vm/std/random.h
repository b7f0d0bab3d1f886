// vm/std/random.h: unpredictable bytes.
#ifndef VM_STD_RANDOM_H
#define VM_STD_RANDOM_H

#include <stddef.h>

// Fills size bytes from the kernel's generator.
void std_random_fill(void *bytes, size_t size);
// Lower-case hexadecimal digits, 2 * size of them.
void std_hex(const void *bytes, size_t size, char *out);

#endif
