// vm/std/regex_pike.h: a matcher of our own for what RE2 has not: Unicode word edges and the like.
#ifndef VM_STD_REGEX_PIKE_H
#define VM_STD_REGEX_PIKE_H

#include "vm/std/regex_shim.h"
#include "vm/std/regex_tree.h"

typedef struct std_pike std_pike; // Immutable once made; for all threads.

// A program in the arena for a tree of the same arena. NULL: it would need too much memory to run.
std_pike *std_pike_compile(bl_arena *arena, const std_tree *tree);
// As std_re2_find. Time: at most text size × program size.
bool std_pike_find(const std_pike *pike, bl_slice text, size_t from, std_span *spans,
                   size_t span_count);

#endif
