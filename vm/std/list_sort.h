// vm/std/list_sort.h: stable sorting of values.
#ifndef VM_STD_LIST_SORT_H
#define VM_STD_LIST_SORT_H

#include "vm/heap.h"

// Ascending by the order of List.sort: numbers by value with NaN last, strings by bytes, false
// before true, tuples and lists lexicographically; pairs without an order count as equal. Stable,
// O(n log n), linear if the items are in order. heap: for the scratch space.
void std_sort(vm_heap *heap, vm_value *items, size_t count);

#endif
