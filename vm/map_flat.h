// vm/map_flat.h: a map that only its owner sees: an array of entries and a table over it.
//
// Entries stand in order of insertion; removal leaves a hole. The table finds positions by hash:
// open addressing with linear probing over pairs of hash and position. Neither can be shared
// between versions of a map: map.c turns both into its persistent trees when a second version is
// about to come about. Only map.c uses this.
#ifndef VM_MAP_FLAT_H
#define VM_MAP_FLAT_H

#include "vm/map.h"

typedef struct map_slot {
    uint32_t hash;
    uint32_t place; // Position + 1; 0: free.
} map_slot;

typedef struct map_table {
    uint32_t mask; // Slots - 1; slots are a power of two.
    uint32_t used;
    map_slot slots[];
} map_table;

map_table *vm_map_table_make(vm_heap *heap, uint32_t slots);
void vm_map_table_free(vm_heap *heap, map_table *table);
// The pair is new. May move the table: returns where it is now.
map_table *vm_map_table_add(vm_heap *heap, map_table *table, uint32_t hash, uint32_t position);
// The pair is there.
void vm_map_table_remove(map_table *table, uint32_t hash, uint32_t position);

typedef struct map_entries {
    uint32_t capacity;
    uint32_t width;     // Values an entry has: 2 in maps, 1 in sets.
    uint64_t unused[3]; // An entry shall not straddle two lines of the cache.
    vm_value items[];
} map_entries;

static inline vm_value *vm_map_entries_at(map_entries *entries, uint32_t position, uint32_t width)
{
    return entries->items + (size_t)position * width;
}

map_entries *vm_map_entries_make(vm_heap *heap, uint32_t capacity, uint32_t width);
void vm_map_entries_free(vm_heap *heap, map_entries *entries);
// Moves key and value behind the `count` entries there are. May move the array: returns where it
// is.
map_entries *vm_map_entries_add(vm_heap *heap, map_entries *entries, uint32_t count, vm_value key,
                                vm_value value);
// Leaves a hole; key and value are the caller's.
void vm_map_entries_take(map_entries *entries, uint32_t position, vm_value *key, vm_value *value);
bool vm_map_entries_next(const map_entries *entries, uint32_t count, uint64_t *position,
                         vm_value *key, vm_value *value);
void vm_map_entries_visit(const map_entries *entries, uint32_t count, vm_map_visit visit,
                          void *context);

// The position of the key, or VM_MAP_ABSENT.
uint32_t vm_map_table_find(const map_table *table, const map_entries *entries, vm_value key,
                           uint32_t hash);

#endif
