// vm/heap.h: where the objects of one task live.
//
// Size classes of 16 bytes up to 1 KiB, each with a free list, over blocks from a per-thread pool;
// larger objects come from the system allocator and are linked to the heap. At the end of the task
// the blocks go back whole and the large objects are freed, without walking the objects. A heap
// belongs to one task and one thread at a time. In AddressSanitizer builds every object is an
// allocation of its own, so that any use after its last drop is seen.
#ifndef VM_HEAP_H
#define VM_HEAP_H

#include "vm/value.h"

typedef struct vm_block_pool vm_block_pool; // Blocks of all heaps of one thread.
vm_block_pool *vm_block_pool_create(void);
void vm_block_pool_destroy(vm_block_pool *pool);

// limit: bytes the heap may hold before it is marked full (vm_heap_is_full).
vm_heap *vm_heap_create(vm_block_pool *pool, size_t limit);
void vm_heap_destroy(vm_heap *heap);
// Everything is dead; the first block stays for the next task.
void vm_heap_reset(vm_heap *heap);
bool vm_heap_is_full(const vm_heap *heap);
// Whether size more bytes fit below the limit: to be asked before an allocation whose size a
// program chooses (List.fill, String.cyclic_substring …).
bool vm_heap_can_hold(const vm_heap *heap, size_t size);
size_t vm_heap_room(const vm_heap *heap); // Bytes left below the limit.
size_t vm_heap_used(const vm_heap *heap);
// Objects alive: for the leak check at exit and for tests.
size_t vm_heap_alive(const vm_heap *heap);

// size: bytes with header; fills in the header with count 1.
void *vm_heap_alloc(vm_heap *heap, vm_tag kind, size_t size);
void vm_heap_free(vm_heap *heap, void *object, size_t size);
// Buffers without header (stores of lists, nodes of maps): same heap, same limit.
void *vm_heap_alloc_raw(vm_heap *heap, size_t size);
void vm_heap_free_raw(vm_heap *heap, void *memory, size_t size);

// Makes value and all that it reaches immortal (main! has ended, the server begins): never counted
// or freed until the heap is destroyed; may then be read by all threads.
void vm_freeze(vm_heap *heap, vm_value value);
// A deep copy in another heap (strings, containers, closures; each box is copied once).
vm_value vm_copy(vm_heap *to, vm_value value);

#endif
