// vm/std/regex_shim.h: RE2 for C.
#ifndef VM_STD_REGEX_SHIM_H
#define VM_STD_REGEX_SHIM_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct std_re2 std_re2; // Immutable once made; may be used by several threads at once.

// Where a group matched; start is SIZE_MAX if it did not.
typedef struct std_span {
    size_t start;
    size_t end;
} std_span;

// A pattern in RE2's syntax. NULL: RE2 refuses it (too large).
std_re2 *std_re2_create(const char *pattern, size_t size);
void std_re2_destroy(std_re2 *regex);
// The leftmost match from byte `from` on, with what stands before it as context. spans: span_count
// of them, the whole match first.
bool std_re2_find(const std_re2 *regex, const char *text, size_t size, size_t from, std_span *spans,
                  size_t span_count);

#ifdef __cplusplus
}
#endif

#endif
