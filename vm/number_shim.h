// vm/number_shim.h: conversions between doubles and text that C has not: shortest and fast.
#ifndef VM_NUMBER_SHIM_H
#define VM_NUMBER_SHIM_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { VM_SCIENTIFIC_SIZE = 32 }; // "1.2345678901234567e-308"

// The fewest digits that read back, of these the nearest, as d.ddde±dd; no NUL. number: finite,
// not negative. out: VM_SCIENTIFIC_SIZE bytes; gives how many it wrote.
size_t vm_number_scientific(double number, char *out);
// The nearest double of a decimal number like -12.5e3. False: out of range (too large; what is too
// small gives 0), or something else stands there.
bool vm_number_read(const char *text, size_t size, double *number);

#ifdef __cplusplus
}
#endif

#endif
