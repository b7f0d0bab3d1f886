// lang/vector.h: growing arrays of pointers in an arena.
#ifndef LANG_VECTOR_H
#define LANG_VECTOR_H

#include "alloc/alloc.h"

typedef struct lang_vector {
    void **items;
    uint32_t count;
    uint32_t capacity;
} lang_vector;

static inline void lang_vector_push(lang_vector *vector, bl_arena *arena, void *item)
{
    if (vector->count == vector->capacity) {
        uint32_t capacity = vector->capacity == 0 ? 16 : vector->capacity * 2;
        void **items = bl_arena_alloc(arena, capacity * sizeof(*items));
        if (vector->count != 0) {
            memcpy(items, vector->items, vector->count * sizeof(*items));
        }
        vector->items = items;
        vector->capacity = capacity;
    }
    vector->items[vector->count++] = item;
}

#endif
