// vm/map_tree.h: maps whose nodes several versions share. Only map.c uses this.
//
// All functions want a map of the form VM_MAP_TREES, and those that change it a vm_map that is the
// caller's alone; its nodes may be shared.
#ifndef VM_MAP_TREE_H
#define VM_MAP_TREE_H

#include "vm/map.h"

// The position of the key, or VM_MAP_ABSENT. *hash: filled in if the map has an index.
uint32_t vm_map_tree_find(const vm_map *map, vm_value key, uint32_t *hash);
// Key and, in maps, value at a position that is no hole. Borrowed.
const vm_value *vm_map_tree_entry(const vm_map *map, uint32_t position);
bool vm_map_tree_next(vm_map_cursor *cursor, vm_value *key, vm_value *value);

// Puts an entry behind all others; key and value are moved. The index does not know it yet.
void vm_map_tree_put(vm_heap *heap, vm_map *map, uint32_t position, vm_value key, vm_value value);
void vm_map_tree_make_index(vm_heap *heap, vm_map *map); // An empty one.
void vm_map_tree_index(vm_heap *heap, vm_map *map, uint32_t hash, uint32_t position);
// Where the value of the entry stands, to be changed.
vm_value *vm_map_tree_value(vm_heap *heap, vm_map *map, uint32_t position);
// Takes the entry out; key and value are the caller's.
void vm_map_tree_take(vm_heap *heap, vm_map *map, uint32_t position, uint32_t hash, vm_value *key,
                      vm_value *value);
// Takes all entries out of the only leaf, to items (VM_MAP_LEAF_SIZE times the width of the map),
// with holes where none are.
void vm_map_tree_take_leaf(vm_heap *heap, vm_map *map, vm_value *items);

// A second map looks at the nodes: one more count of the roots.
void vm_map_tree_share(const vm_map *map);
void vm_map_tree_release(vm_heap *heap, vm_map *map, vm_map_visit visit, void *context);
void vm_map_tree_freeze(vm_map *map, vm_map_visit visit, void *context);

#endif
