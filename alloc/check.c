// alloc/check.c: what happens when an invariant is broken or memory is gone: a line, and abort.
#include "alloc/alloc.h"

#include <stdlib.h>

void bl_check_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "bl-uring: internal error: %s:%d: %s\n", file, line, condition);
    abort();
}

void bl_out_of_memory(size_t size)
{
    fprintf(stderr, "bl-uring: the system has no memory left (%zu bytes were asked for)\n", size);
    abort();
}
