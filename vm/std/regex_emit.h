// vm/std/regex_emit.h: trees as patterns for RE2.
#ifndef VM_STD_REGEX_EMIT_H
#define VM_STD_REGEX_EMIT_H

#include "vm/std/regex_tree.h"

typedef enum std_regex_reach {
    STD_REGEX_EXACT,       // RE2 finds the same matches in every text.
    STD_REGEX_EXACT_ASCII, // In ASCII texts only: its word edges know no other word characters.
    STD_REGEX_FOREIGN,     // RE2 has no such thing.
} std_regex_reach;

// Appends the tree in RE2's syntax; the groups keep their numbers. Nothing useful is appended for
// STD_REGEX_FOREIGN.
std_regex_reach std_regex_emit(bl_buffer *out, const std_node *node);

#endif
