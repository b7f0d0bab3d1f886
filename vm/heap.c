// vm/heap.c: memory of one task: size classes over blocks, large objects in a list.
//
//     block pool of a thread:  [block] [block] …        bl_alloc'ed once, handed round
//     heap of a task:          blocks (newest first), free lists by class, list of large ones
//
// A cell comes from its class's free list, else from the unused end of the newest block. Blocks
// are never searched: at the end of the task all of them go back to the pool but the first. Large
// objects carry a link in front of them. In AddressSanitizer and paranoid builds everything is
// large; in paranoid ones what is freed is closed and filled with a pattern, growing always moves,
// and the memory serves again only when many others have been freed, its pattern untouched.
#include "vm/heap.h"

#include <assert.h>

#include "vm/limits.h"
#include "vm/object.h"

enum {
    BLOCK_SIZE = 64 * 1024,
    POOL_BLOCKS_MAX = 256,       // Idle blocks that a thread keeps: 16 MiB.
    BURIED_MAX = 256,            // Freed objects of a paranoid heap …
    BURIED_SIZE_MAX = 64 * 1024, // … and the largest of them that is kept.
    FREED_BYTE = 0xDB,
};

struct vm_block {
    vm_block *next;
    size_t unused; // Cells are 16-byte aligned.
};

struct vm_block_pool {
    vm_block *blocks;
    size_t count;
};

_Static_assert(sizeof(vm_block) % VM_CLASS_SIZE == 0, "cells are aligned");
_Static_assert(sizeof(vm_large) % VM_CLASS_SIZE == 0, "large objects are aligned");

// ---- blocks ---------------------------------------------------------------------------------

vm_block_pool *vm_block_pool_create(void)
{
    return bl_alloc_zeroed(1, sizeof(vm_block_pool));
}

void vm_block_pool_destroy(vm_block_pool *pool)
{
    while (pool->blocks != NULL) {
        vm_block *block = pool->blocks;
        pool->blocks = block->next;
        bl_free(block);
    }
    bl_free(pool);
}

static vm_block *pool_acquire(vm_block_pool *pool)
{
    vm_block *block = pool->blocks;
    if (block == NULL) {
        return bl_alloc_aligned(VM_CLASS_SIZE, BLOCK_SIZE);
    }
    pool->blocks = block->next;
    pool->count -= 1;
    return block;
}

static void pool_release(vm_block_pool *pool, vm_block *block)
{
    if (pool->count >= POOL_BLOCKS_MAX) {
        bl_free(block);
        return;
    }
    block->next = pool->blocks;
    pool->blocks = block;
    pool->count += 1;
}

// ---- buried objects of paranoid builds ------------------------------------------------------

static void large_exhume(vm_large *large)
{
    const unsigned char *bytes = (const unsigned char *)(large + 1);
    size_t size = large->size - sizeof *large;
    bl_unpoison(bytes, size);
    for (size_t i = 0; i < size; i += 1) {
        BL_CHECK(bytes[i] == FREED_BYTE); // Else somebody wrote to it after it was freed.
    }
    bl_free(large);
}

static void large_free(vm_heap *heap, vm_large *large)
{
    if (!VM_IS_PARANOID || large->size - sizeof *large > BURIED_SIZE_MAX) {
        bl_free(large);
        return;
    }
    size_t size = large->size - sizeof *large;
    memset(large + 1, FREED_BYTE, size);
    bl_poison(large + 1, size);
    if (heap->buried == NULL) {
        heap->buried = bl_alloc_zeroed(BURIED_MAX, sizeof(vm_large *));
    }
    vm_large **grave = &heap->buried[heap->buried_count % BURIED_MAX];
    if (*grave != NULL) {
        large_exhume(*grave);
    }
    *grave = large;
    heap->buried_count += 1;
}

static void heap_exhume_all(vm_heap *heap)
{
    for (size_t i = 0; heap->buried != NULL && i < BURIED_MAX; i += 1) {
        if (heap->buried[i] != NULL) {
            large_exhume(heap->buried[i]);
            heap->buried[i] = NULL;
        }
    }
}

// ---- heaps ----------------------------------------------------------------------------------

vm_heap *vm_heap_create(vm_block_pool *pool, size_t limit)
{
    vm_heap *heap = bl_alloc_zeroed(1, sizeof *heap);
    heap->pool = pool;
    heap->limit = limit != 0 ? limit : (size_t)VM_LIMIT_HEAP << 20;
    return heap;
}

static void heap_use_block(vm_heap *heap, vm_block *block)
{
    heap->next = (char *)(block + 1);
    heap->end = (char *)block + BLOCK_SIZE;
}

static void heap_free_larges(vm_heap *heap)
{
    while (heap->larges != NULL) {
        vm_large *large = heap->larges;
        heap->larges = large->next;
        bl_free(large);
    }
}

void vm_heap_add_outside(vm_heap *heap, vm_handle *handle)
{
    if (heap->outside_count == heap->outside_capacity) {
        heap->outside_capacity = heap->outside_capacity == 0 ? 8 : heap->outside_capacity * 2;
        heap->outside = bl_realloc(heap->outside, heap->outside_capacity * sizeof *heap->outside);
    }
    heap->outside[heap->outside_count] = handle;
    heap->outside_count += 1;
}

void vm_heap_remove_outside(vm_heap *heap, const vm_handle *handle)
{
    size_t index = heap->outside_count; // The newest die first, most often.
    while (index > 0 && heap->outside[index - 1] != handle) {
        index -= 1;
    }
    BL_CHECK(index > 0);
    heap->outside[index - 1] = heap->outside[heap->outside_count - 1];
    heap->outside_count -= 1;
}

void vm_heap_reset(vm_heap *heap)
{
    assert(heap->work_count == 0);
    while (heap->outside_count > 0) {
        heap->outside_count -= 1;
        vm_handle *handle = heap->outside[heap->outside_count];
        handle->handle_kind->destroy(heap, handle);
    }
    heap_free_larges(heap);
    heap_exhume_all(heap);
    while (heap->blocks != NULL && heap->blocks->next != NULL) {
        vm_block *block = heap->blocks;
        heap->blocks = block->next;
        pool_release(heap->pool, block);
    }
    memset(heap->free, 0, sizeof heap->free);
    heap->used = 0;
    heap->alive = 0;
    heap->full = false;
    if (heap->blocks != NULL) {
        heap_use_block(heap, heap->blocks);
        heap->used = BLOCK_SIZE;
    }
}

void vm_heap_destroy(vm_heap *heap)
{
    vm_heap_reset(heap);
    if (heap->blocks != NULL) {
        pool_release(heap->pool, heap->blocks);
    }
    bl_free(heap->work);
    bl_free(heap->outside);
    bl_free(heap->buried);
    bl_free(heap);
}

bool vm_heap_is_full(const vm_heap *heap)
{
    return heap->full;
}

bool vm_heap_can_hold(const vm_heap *heap, size_t size)
{
    return heap->used < heap->limit && size <= heap->limit - heap->used && size < UINT32_MAX / 2;
}

size_t vm_heap_room(const vm_heap *heap)
{
    return heap->used < heap->limit ? heap->limit - heap->used : 0;
}

size_t vm_heap_used(const vm_heap *heap)
{
    return heap->used;
}

size_t vm_heap_alive(const vm_heap *heap)
{
    return heap->alive;
}

static void heap_charge(vm_heap *heap, size_t size)
{
    heap->used += size;
    if (BL_UNLIKELY(heap->used > heap->limit) && !heap->full) {
        heap->full = true;
        if (heap->alarm != NULL) {
            *heap->alarm = -1;
        }
    }
}

static void *heap_alloc_large(vm_heap *heap, size_t size)
{
    size_t whole = size + sizeof(vm_large);
    vm_large *large = bl_alloc_aligned(VM_CLASS_SIZE, whole);
    bl_use_throughout(large, whole);
    *large = (vm_large){.next = heap->larges, .size = whole};
    if (large->next != NULL) {
        large->next->previous = large;
    }
    heap->larges = large;
    heap_charge(heap, whole);
    return large + 1;
}

// Whether an object of one size may go to the free list of the other.
static bool is_same_class(size_t a, size_t b)
{
    size_t class_a = (a + VM_CLASS_SIZE - 1) / VM_CLASS_SIZE;
    size_t class_b = (b + VM_CLASS_SIZE - 1) / VM_CLASS_SIZE;
    return class_a == class_b || (class_a > VM_CLASS_COUNT && class_b > VM_CLASS_COUNT);
}

void vm_heap_free_large(vm_heap *heap, void *memory, size_t size)
{
    vm_large *large = vm_large_of(memory);
    BL_CHECK(is_same_class(size, large->size - sizeof *large));
    if (large->previous != NULL) {
        large->previous->next = large->next;
    } else {
        assert(heap->larges == large);
        heap->larges = large->next;
    }
    if (large->next != NULL) {
        large->next->previous = large->previous;
    }
    heap->used -= large->size;
    heap->alive -= 1;
    large_free(heap, large);
}

// The rest of the block is too small for this size: it still serves smaller ones.
static void heap_keep_rest(vm_heap *heap)
{
    size_t rest = (size_t)(heap->end - heap->next) / VM_CLASS_SIZE;
    if (rest > 0 && rest <= VM_CLASS_COUNT) {
        vm_cell *cell = (vm_cell *)(void *)heap->next;
        cell->next = heap->free[rest];
        heap->free[rest] = cell;
    }
}

static void *heap_alloc_small(vm_heap *heap, size_t size)
{
    size_t whole = (size + VM_CLASS_SIZE - 1) / VM_CLASS_SIZE * VM_CLASS_SIZE;
    if (BL_UNLIKELY((size_t)(heap->end - heap->next) < whole)) {
        heap_keep_rest(heap);
        vm_block *block = pool_acquire(heap->pool);
        block->next = heap->blocks;
        heap->blocks = block;
        heap_use_block(heap, block);
        heap_charge(heap, BLOCK_SIZE);
    }
    void *memory = heap->next;
    heap->next += whole;
    return memory;
}

void *vm_heap_alloc_slow(vm_heap *heap, size_t size)
{
    assert(size >= sizeof(vm_cell));
    heap->alive += 1;
#ifdef VM_SEPARATE_OBJECTS
    (void)heap_alloc_small; // Unused in this build.
    return heap_alloc_large(heap, size);
#else
    return size <= VM_SMALL_MAX ? heap_alloc_small(heap, size) : heap_alloc_large(heap, size);
#endif
}

size_t vm_heap_extra(const vm_heap *heap, size_t size)
{
    size_t left = vm_heap_room(heap);
    size_t wanted = size / 2;
    size_t least = size / 8;
    // The old memory is still counted, and goes.
    return wanted <= left ? wanted : left > least ? left : least;
}

void *vm_heap_resize(vm_heap *heap, void *memory, size_t old_size, size_t new_size)
{
    bool both_large = old_size > VM_SMALL_MAX && new_size > VM_SMALL_MAX;
    if (!both_large || VM_IS_PARANOID) {
        void *larger = vm_heap_take(heap, new_size);
        memcpy(larger, memory, old_size < new_size ? old_size : new_size);
        if (VM_IS_PARANOID) {
            vm_large_of(larger)->role = vm_large_of(memory)->role;
        }
        vm_heap_give(heap, memory, old_size);
        return larger;
    }
    vm_large *large = vm_large_of(memory);
    size_t whole = new_size + sizeof(vm_large);
    heap->used -= large->size;
    large = bl_realloc(large, whole);
    bl_use_throughout(large, whole);
    large->size = whole;
    if (large->previous != NULL) {
        large->previous->next = large;
    } else {
        heap->larges = large;
    }
    if (large->next != NULL) {
        large->next->previous = large;
    }
    heap_charge(heap, whole);
    return large + 1;
}

void *vm_heap_alloc(vm_heap *heap, vm_tag kind, size_t size)
{
    return vm_object_take(heap, kind, size);
}

void vm_heap_free(vm_heap *heap, void *object, size_t size)
{
    vm_heap_give(heap, object, size);
}

void *vm_heap_alloc_raw(vm_heap *heap, size_t size)
{
    return vm_heap_take(heap, size < sizeof(vm_cell) ? sizeof(vm_cell) : size);
}

void vm_heap_free_raw(vm_heap *heap, void *memory, size_t size)
{
    vm_heap_give(heap, memory, size < sizeof(vm_cell) ? sizeof(vm_cell) : size);
}
