// vm/object.h: private to vm/: what the files that know the layout of objects share.
//
// The heap's fast paths are inline here because every tuple, variant and closure goes through
// them. Freeing and freezing are iterative: a nested vm_drop or vm_freeze only puts the object on
// the heap's work list, so the code of a kind may call them on each of its parts and no chain of a
// million objects uses the C stack.
#ifndef VM_OBJECT_H
#define VM_OBJECT_H

#include "vm/heap.h"
#include "vm/value.h"

// Every object an allocation of its own: any use after its last drop is seen, by AddressSanitizer
// or by the pattern that paranoid builds leave in it.
#if defined(__SANITIZE_ADDRESS__) || defined(BL_PARANOID)
#define VM_SEPARATE_OBJECTS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define VM_SEPARATE_OBJECTS 1
#endif
#endif

enum {
    VM_CLASS_SIZE = 16,
    VM_CLASS_COUNT = 64,                           // Up to 1 KiB.
    VM_SMALL_MAX = VM_CLASS_SIZE * VM_CLASS_COUNT, // Larger ones are allocations of their own.
    VM_CLASS_LARGE = 255,
};

typedef struct vm_cell {
    struct vm_cell *next;
} vm_cell;

typedef struct vm_block vm_block;

// What an allocation of its own is, for audits.
typedef enum vm_role {
    VM_ROLE_RAW,
    VM_ROLE_OBJECT,
    VM_ROLE_FIBER,
} vm_role;

typedef struct vm_large {
    struct vm_large *next;
    struct vm_large *previous;
    size_t size; // With this head.
    uint32_t role;
    uint32_t seen; // How often the running audit has come here.
} vm_large;

static inline vm_large *vm_large_of(const void *memory)
{
    return (vm_large *)((uintptr_t)memory - sizeof(vm_large));
}

struct vm_heap {
    char *next; // Free bytes of the newest block: [next, end).
    char *end;
    size_t alive; // Objects and buffers.
    bool full;
    bool is_freeing;
    bool is_freezing;
    int64_t *alarm; // Gets -1 when the heap becomes full: the fuel of the task. May be NULL.
    vm_cell *free[VM_CLASS_COUNT + 1];
    vm_object **work; // Objects to free or to freeze.
    size_t work_count;
    size_t work_capacity;
    vm_block_pool *pool;
    vm_block *blocks; // Newest first.
    vm_large *larges;
    vm_large **buried; // Freed ones of paranoid builds, not to be used again for a while.
    size_t buried_count;
    size_t used;         // Bytes of blocks and large objects.
    vm_handle **outside; // Living handles of kinds that own something outside of the heap.
    size_t outside_count;
    size_t outside_capacity;
    size_t limit;
};

void *vm_heap_alloc_slow(vm_heap *heap, size_t size);
void vm_heap_add_outside(vm_heap *heap, vm_handle *handle);
void vm_heap_remove_outside(vm_heap *heap, const vm_handle *handle);
// size: as it was when the memory was taken.
void vm_heap_free_large(vm_heap *heap, void *memory, size_t size);
// Grows a buffer (raw or an object); may move it.
void *vm_heap_resize(vm_heap *heap, void *memory, size_t old_size, size_t new_size);
// How much room to give beyond size bytes that are needed now, so that growing is amortised: half
// as much again, or what the limit leaves if that is less.
size_t vm_heap_extra(const vm_heap *heap, size_t size);

static inline void *vm_heap_take(vm_heap *heap, size_t size)
{
#ifndef VM_SEPARATE_OBJECTS
    if (BL_LIKELY(size <= VM_SMALL_MAX)) {
        size_t class_index = (size + VM_CLASS_SIZE - 1) / VM_CLASS_SIZE;
        vm_cell *cell = heap->free[class_index];
        if (BL_LIKELY(cell != NULL)) {
            heap->free[class_index] = cell->next;
            heap->alive += 1;
            return cell;
        }
    }
#endif
    return vm_heap_alloc_slow(heap, size);
}

static inline void vm_heap_give(vm_heap *heap, void *memory, size_t size)
{
#ifndef VM_SEPARATE_OBJECTS
    if (BL_LIKELY(size <= VM_SMALL_MAX)) {
        vm_cell *cell = memory;
        size_t class_index = (size + VM_CLASS_SIZE - 1) / VM_CLASS_SIZE;
        cell->next = heap->free[class_index];
        heap->free[class_index] = cell;
        heap->alive -= 1;
        return;
    }
#endif
    vm_heap_free_large(heap, memory, size);
}

static inline void vm_heap_set_role(void *memory, vm_role role)
{
    if (VM_IS_PARANOID) {
        vm_large_of(memory)->role = role;
    }
}

static inline void *vm_object_take(vm_heap *heap, vm_tag kind, size_t size)
{
    vm_object *object = vm_heap_take(heap, size);
    vm_heap_set_role(object, VM_ROLE_OBJECT);
    *object = (vm_object){.count = 1, .kind = (uint8_t)kind};
    return object;
}

// Copies value by value in two words each: a vector copy of words just written one by one would
// wait for them to reach the cache.
static inline void vm_move_values(vm_value *to, const vm_value *from, size_t count)
{
    for (size_t i = 0; i < count; i += 1) {
        uint64_t bits = from[i].bits;
        uint64_t tag = from[i].tag;
        to[i].bits = bits;
        to[i].tag = tag;
    }
}

static inline void vm_dup_values(vm_value *to, const vm_value *from, size_t count)
{
    for (size_t i = 0; i < count; i += 1) {
        to[i] = vm_dup(from[i]);
    }
}

static inline void vm_drop_values(vm_heap *heap, const vm_value *values, size_t count)
{
    for (size_t i = 0; i < count; i += 1) {
        vm_drop(heap, values[i]);
    }
}

static inline size_t vm_items_size(size_t head, size_t count)
{
    return head + count * sizeof(vm_value);
}

// Names by bytes: fields of a shape are sorted by this.
int vm_name_compare(const vm_string *a, const vm_string *b);
// Same field names and struct name, whoever made the shapes.
bool vm_shape_equals(const vm_shape *a, const vm_shape *b);
// A dynamic shape; moves the names, which are sorted and differ. A count of 1.
vm_shape *vm_shape_make(vm_heap *heap, vm_string *struct_name, vm_string *const *names,
                        size_t size);
void vm_store_drop(vm_heap *heap, vm_store *store);
bool vm_list_is_valid(const vm_list *list);
// A continuation's last count is gone: what it holds is dropped, then the object (handler.c).
void vm_resume_free(vm_heap *heap, vm_object *object);

#endif
