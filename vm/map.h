// vm/map.h: what heap.c must know of maps: how one dies and how one is frozen.
//
// Only for heap.c and map.c; everyone else uses the functions in value.h. A deep copy of a map
// needs nothing from here: vm_map_make, then vm_map_insert of the copied entries in their order.
#ifndef VM_MAP_H
#define VM_MAP_H

#include "vm/value.h"

struct vm_map {
    vm_object header;
    uint32_t size;    // Entries.
    uint32_t next;    // Position of the next new entry; positions below it may be holes.
    uint32_t height;  // Levels of branches above the leaves; 0: order is a leaf.
    uint32_t is_flat; // index is a map_table, else (if there is one) a trie.
    void *order;      // Entries by position; NULL while next is 0.
    void *index;      // From hash to position; NULL while all positions lie in one leaf.
};

typedef void (*vm_map_visit)(void *context, vm_value value);

// The map is dead: gives back its nodes. visit: called for each key and value whose count was the
// map's (not for those of nodes that other maps still hold). The vm_map itself stays with the
// caller, to be freed with sizeof(vm_map).
void vm_map_release(vm_heap *heap, vm_map *map, vm_map_visit visit, void *context);

// Makes the nodes immortal; visit: called for each key and value of nodes that were not yet. The
// count of the vm_map itself is the caller's. heap: the one that the map lives in.
void vm_map_freeze(vm_heap *heap, vm_map *map, vm_map_visit visit, void *context);

#endif
