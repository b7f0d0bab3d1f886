// vm/std/regex_set.h: sets of characters, as sorted ranges of code points.
//
// All memory is of the arena that the caller passes. A set is in canonical form (sorted, disjoint,
// not adjacent) after every function but those that add.
#ifndef VM_STD_REGEX_SET_H
#define VM_STD_REGEX_SET_H

#include "alloc/alloc.h"

enum { STD_CODE_MAX = 0x10FFFF };

typedef struct std_range {
    uint32_t low;
    uint32_t high; // Inclusive.
} std_range;

typedef struct std_set {
    std_range *ranges;
    uint32_t count;
    uint32_t capacity;
} std_set;

void std_set_add(bl_arena *arena, std_set *set, uint32_t low, uint32_t high);
void std_set_add_all(bl_arena *arena, std_set *set, const std_set *other);
void std_set_normalize(std_set *set);
// Everything else but surrogates, which no string contains.
std_set std_set_negate(bl_arena *arena, const std_set *set);
std_set std_set_intersect(bl_arena *arena, const std_set *a, const std_set *b);
std_set std_set_subtract(bl_arena *arena, const std_set *a, const std_set *b);
// Adds what differs only in case: simple folding, or of ASCII letters only.
void std_set_fold(bl_arena *arena, std_set *set, bool is_ascii);
bool std_set_has(const std_set *set, uint32_t code);

// Adds the characters of \p{name}, \p{script=name}, \p{gc=name} …; false: no such property.
bool std_set_add_property(bl_arena *arena, std_set *set, bl_slice name);
// Adds an ASCII class like [:alpha:]; false: no such class.
bool std_set_add_ascii_class(bl_arena *arena, std_set *set, bl_slice name);

#endif
