// vm/map_direct.h: a map with Int keys that lie close together: an array with a place for each key
// of a window. Only map.c uses this.
//
//     map_direct     base                        base + capacity
//         items      [ · | v | v | · | v | … ]   the value of the key, in sets the key; or a hole
//         positions  [   | 1 | 0 |   | 2 | … ]   of those that are there
//     map_sequence   [ 2 | 1 | 4 | … ]           by position: which item; or VM_MAP_ABSENT
//
// No hash, so nothing to collide, and neighbours are neighbours in memory. At least a quarter of
// the places was in use when the window got its width, which is no more memory than a table wants.
#ifndef VM_MAP_DIRECT_H
#define VM_MAP_DIRECT_H

#include "vm/map.h"

typedef struct map_window {
    uint64_t base; // The first key, modulo 2^64.
    uint32_t capacity;
} map_window;

typedef struct map_direct {
    map_window window;
    vm_value items[];
    // positions: uint32_t [capacity].
} map_direct;

typedef struct map_sequence {
    uint32_t capacity;
    uint32_t places[];
} map_sequence;

// The window for the keys of `count` entries (of `width` values each, holes among them) and one
// more key. False if they are not all Int or lie too far apart.
bool vm_map_direct_fits(const vm_value *entries, uint32_t count, uint32_t width, vm_value key,
                        map_window *window);

map_direct *vm_map_direct_make(vm_heap *heap, map_window window);
void vm_map_direct_free(vm_heap *heap, map_direct *direct);
map_sequence *vm_map_sequence_make(vm_heap *heap, uint32_t capacity);
void vm_map_sequence_free(vm_heap *heap, map_sequence *sequence);

// Makes room for the key in a map of `size` entries; NULL, and nothing is changed, if that would
// leave too much of the window empty or the key is no Int. May move the array.
map_direct *vm_map_direct_reach(vm_heap *heap, map_direct *direct, map_sequence *sequence,
                                uint32_t next, uint32_t size, vm_value key);
// The key is new and in the window; item is moved. May move the sequence: returns where it is.
map_sequence *vm_map_direct_add(vm_heap *heap, map_direct *direct, map_sequence *sequence,
                                uint32_t position, vm_value key, vm_value item);
// Leaves a hole; the item is the caller's.
vm_value vm_map_direct_take(map_direct *direct, map_sequence *sequence, uint32_t position);
void vm_map_direct_visit(const map_direct *direct, vm_map_visit visit, void *context);

static inline uint32_t *vm_map_direct_positions(map_direct *direct)
{
    return (uint32_t *)(void *)(direct->items + direct->window.capacity);
}

static inline uint32_t vm_map_direct_position(map_direct *direct, const vm_value *item)
{
    return vm_map_direct_positions(direct)[item - direct->items];
}

static inline vm_value vm_map_direct_key(const map_direct *direct, uint32_t place)
{
    return vm_int((int64_t)(direct->window.base + place));
}

// The place of a key that is no Int: that of the Int that it equals, else one outside the window.
uint64_t vm_map_direct_other_place(const map_direct *direct, vm_value key);

// The item of a key; NULL if absent.
static inline vm_value *vm_map_direct_find(map_direct *direct, vm_value key)
{
    uint64_t place = BL_LIKELY(key.tag == VM_INT) ? key.bits - direct->window.base
                                                  : vm_map_direct_other_place(direct, key);
    if (place >= direct->window.capacity || vm_map_is_hole(direct->items[place])) {
        return NULL;
    }
    return &direct->items[place];
}

#endif
