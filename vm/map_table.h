// vm/map_table.h: a flat index from hash to position, for a map that only its owner sees.
//
// Open addressing with linear probing over pairs of hash and position: one cache line for most
// look-ups, where the persistent trie of map.c walks several. It cannot be shared between versions
// of a map: map.c turns it into the trie when a second version is about to come about. Only map.c
// uses it.
#ifndef VM_MAP_TABLE_H
#define VM_MAP_TABLE_H

#include "vm/value.h"

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

#endif
