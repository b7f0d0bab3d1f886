// vm/map.h: what the files that make up maps share, and what walk.c must know of them.
//
// Everyone else uses the functions in value.h. A deep copy of a map needs nothing from here:
// vm_map_make, then vm_map_insert of the copied entries in their order. The forms of a map are
// told in map.c.
#ifndef VM_MAP_H
#define VM_MAP_H

#include "vm/value.h"

typedef enum vm_map_form {
    VM_MAP_TREES,  // order: a tree by position; index: a trie by hash (map_tree.h).
    VM_MAP_TABLE,  // order: map_entries; index: map_table (map_flat.h).
    VM_MAP_DIRECT, // order: map_sequence; index: map_direct (map_direct.h).
} vm_map_form;

struct vm_map {
    vm_object header;
    uint32_t size;      // Entries.
    uint32_t next;      // Position of the next new entry; positions below it may be holes.
    uint16_t height;    // Trees: levels of branches above the leaves; 0: order is a leaf.
    uint8_t form;       // vm_map_form.
    bool was_scattered; // Its keys did not fit VM_MAP_DIRECT any more: that is not tried again.
    uint32_t unused;
    void *order; // Entries by position; NULL while next is 0.
    void *index; // From key to position; NULL while all positions lie in one leaf.
};

enum { VM_MAP_LEAF_SIZE = 16 }; // Entries of a leaf, and of a map without an index.

#define VM_MAP_ABSENT UINT32_MAX // No position.

typedef void (*vm_map_visit)(void *context, vm_value value);

// The map is dead: gives back its nodes. visit: called for each key and value whose count was the
// map's (not for those of nodes that other maps still hold). The vm_map itself stays with the
// caller, to be freed with sizeof(vm_map).
void vm_map_release(vm_heap *heap, vm_map *map, vm_map_visit visit, void *context);

// Makes the nodes immortal; visit: called for each key and value of nodes that were not yet. The
// count of the vm_map itself is the caller's. heap: the one that the map lives in.
void vm_map_freeze(vm_heap *heap, vm_map *map, vm_map_visit visit, void *context);

// Whether every entry is found again where it stands, and there are as many as the map says.
bool vm_map_is_valid(const vm_map *map);

// ---- for map.c and its parts -----------------------------------------------------------------

// Values an entry has: 2 in maps, 1 in sets.
static inline uint32_t vm_map_width(const vm_map *map)
{
    return map->header.kind == VM_MAP ? 2 : 1;
}

static inline uint32_t vm_map_hash(vm_value key)
{
    uint64_t hash = vm_hash(key);
    return (uint32_t)(hash ^ hash >> 32);
}

static inline bool vm_map_same_key(vm_value a, vm_value b)
{
    if (a.tag == VM_STRING && b.tag == VM_STRING) {
        return a.string == b.string || bl_slice_equal(vm_text(a), vm_text(b));
    }
    if ((a.tag | b.tag) == VM_INT) {
        return a.integer == b.integer;
    }
    return vm_equal(a, b);
}

// In place of the key of an entry that was removed. No value of a program has this tag.
static inline vm_value vm_map_hole(void)
{
    return (vm_value){.bits = UINT64_MAX, .tag = UINT64_MAX};
}

static inline bool vm_map_is_hole(vm_value key)
{
    return key.tag == UINT64_MAX;
}

#endif
