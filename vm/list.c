// vm/list.c: lists: ranges of stores that several lists may share.
//
//     store   [. . a b c d . .]    first 2, used 6, capacity 8
//     list 1       ^------^        start 2, size 4: what is put behind or in front goes in place
//     list 2         ^----^        a tail of it
//
// An append is invisible to every other list over the store as long as it goes behind `used`, so
// it needs no unique list and no unique store, only a list that ends at `used`; in front of `first`
// the same holds. Room is made at the side that grows, in proportion to the list, so that a million
// appends are linear, and a million lists in front (`[x] ++ xs`) as well. Immortal stores are never
// written to, whatever their ends: many threads read them.
#include <assert.h>

#include "vm/object.h"
#include "vm/value.h"

enum { STORE_CAPACITY_MIN = 4 };

static vm_store *store_make(vm_heap *heap, size_t capacity)
{
    BL_CHECK(capacity < UINT32_MAX / 2);
    vm_store *store = vm_heap_take(heap, vm_items_size(sizeof(vm_store), capacity));
    *store = (vm_store){.count = 1, .capacity = (uint32_t)capacity};
    return store;
}

void vm_store_drop(vm_heap *heap, vm_store *store)
{
    if (store->count != 1) {
        store->count -= store->count > 0;
        return;
    }
    for (uint32_t i = store->first; i < store->used; i += 1) {
        vm_drop(heap, store->items[i]);
    }
    vm_heap_give(heap, store, vm_items_size(sizeof(vm_store), store->capacity));
}

static vm_list *list_make(vm_heap *heap, vm_store *store, size_t start, size_t size)
{
    vm_list *list = vm_object_take(heap, VM_LIST, sizeof *list);
    list->start = (uint32_t)start;
    list->size = (uint32_t)size;
    list->store = store;
    return list;
}

bool vm_list_is_valid(const vm_list *list)
{
    const vm_store *store = list->store;
    if (store == NULL) {
        return list->size == 0;
    }
    return store->first <= list->start && (size_t)list->start + list->size <= store->used &&
           store->used <= store->capacity;
}

// In paranoid builds each change looks at what it starts from.
static vm_list *list_checked(vm_list *list)
{
    BL_CHECK(!VM_IS_PARANOID || vm_list_is_valid(list));
    return list;
}

vm_value vm_list_make(vm_heap *heap, size_t capacity)
{
    vm_store *store = capacity == 0 ? NULL : store_make(heap, capacity);
    return vm_of(list_make(heap, store, 0, 0));
}

vm_value vm_list_from(vm_heap *heap, const vm_value *items, size_t size)
{
    if (size == 0) {
        return vm_list_make(heap, 0);
    }
    vm_store *store = store_make(heap, size);
    vm_move_values(store->items, items, size);
    store->used = (uint32_t)size;
    return vm_of(list_make(heap, store, 0, size));
}

vm_value vm_list_fill(vm_heap *heap, vm_value item, size_t size)
{
    vm_value list = vm_list_make(heap, size);
    for (size_t i = 0; i < size; i += 1) {
        list.list->store->items[i] = vm_dup(item);
    }
    if (size > 0) {
        list.list->store->used = (uint32_t)size;
        list.list->size = (uint32_t)size;
    }
    return list;
}

// Only this list looks at the store, so what lies outside its range is dead.
static bool list_owns_store(const vm_list *list)
{
    return vm_is_unique(&list->header) && list->store != NULL && list->store->count == 1;
}

// A list of the same elements that only its owner sees, in a store with room for capacity.
static vm_list *list_copy(vm_heap *heap, vm_list *list, size_t capacity)
{
    vm_store *store = capacity == 0 ? NULL : store_make(heap, capacity);
    if (list->size > 0) {
        vm_dup_values(store->items, vm_list_items(list), list->size);
        store->used = list->size;
    }
    vm_list *copy = list_make(heap, store, 0, list->size);
    vm_object_drop(heap, &list->header);
    return copy;
}

// Drops what lies outside the list's range: only the list sees its store.
static void store_forget(vm_heap *heap, const vm_list *list)
{
    vm_store *store = list->store;
    uint32_t end = list->start + list->size;
    for (uint32_t i = store->first; i < list->start; i += 1) {
        vm_drop(heap, store->items[i]);
    }
    for (uint32_t i = end; i < store->used; i += 1) {
        vm_drop(heap, store->items[i]);
    }
    store->first = list->start;
    store->used = end;
}

// Room for half as much again, or for what the heap's limit leaves; beyond it for little more,
// since the task is about to end.
static size_t capacity_for(const vm_heap *heap, size_t size)
{
    size_t extra = vm_heap_extra(heap, size * sizeof(vm_value)) / sizeof(vm_value);
    size_t capacity = size + extra;
    return capacity < STORE_CAPACITY_MIN ? STORE_CAPACITY_MIN : capacity;
}

// list with free room for extra more elements right behind its end. Consumes list.
static vm_list *list_reserve(vm_heap *heap, vm_list *list, size_t extra)
{
    size_t size = (size_t)list->size + extra;
    if (!list_owns_store(list)) {
        return list_copy(heap, list, capacity_for(heap, size));
    }
    store_forget(heap, list);
    vm_store *store = list->store;
    // A queue moves through its store: what it leaves in front is room again.
    if (store->capacity - list->start < size && list->start > list->size) {
        memmove(store->items, store->items + list->start, list->size * sizeof(vm_value));
        store->first = list->start = 0;
        store->used = list->size;
    }
    if (store->capacity - list->start < size) {
        size_t capacity = list->start + capacity_for(heap, size);
        BL_CHECK(capacity < UINT32_MAX / 2);
        store = vm_heap_resize(heap, store, vm_items_size(sizeof(vm_store), store->capacity),
                               vm_items_size(sizeof(vm_store), capacity));
        store->capacity = (uint32_t)capacity;
        list->store = store;
    }
    return list;
}

// Whether extra elements fit behind the end of list without anybody noticing.
static bool list_has_room(const vm_list *list, size_t extra)
{
    const vm_store *store = list->store;
    return store != NULL && store->count > 0 && store->used == list->start + list->size &&
           store->capacity - store->used >= extra;
}

// A list that may grow by one's own hand: list itself if it is unique, else one over its store.
static vm_list *list_header(vm_heap *heap, vm_list *list)
{
    if (vm_is_unique(&list->header)) {
        return list;
    }
    list->store->count += 1;
    vm_list *mine = list_make(heap, list->store, list->start, list->size);
    vm_object_drop(heap, &list->header);
    return mine;
}

static vm_list *list_writable(vm_heap *heap, vm_list *list, size_t extra)
{
    return list_has_room(list, extra) ? list_header(heap, list) : list_reserve(heap, list, extra);
}

// Whether extra elements fit in front of list without anybody noticing.
static bool list_has_front_room(const vm_list *list, size_t extra)
{
    const vm_store *store = list->store;
    return store != NULL && store->count > 0 && store->first == list->start && list->start >= extra;
}

// list in a store of its own, with free room for extra more elements in front. Consumes list.
static vm_list *list_reserve_front(vm_heap *heap, vm_list *list, size_t extra)
{
    bool is_own = list_owns_store(list);
    if (is_own) {
        store_forget(heap, list);
        if (list->start >= extra) {
            return list;
        }
    }
    size_t front = capacity_for(heap, list->size + extra) - list->size;
    size_t back = is_own ? list->store->capacity - list->store->used : 0;
    back = back < front ? back : front;
    vm_store *store = store_make(heap, front + list->size + back);
    if (is_own) {
        vm_move_values(store->items + front, vm_list_items(list), list->size);
        list->store->used = list->store->first;
    } else {
        vm_dup_values(store->items + front, vm_list_items(list), list->size);
    }
    store->first = (uint32_t)front;
    store->used = (uint32_t)front + list->size;
    vm_list *mine = list_make(heap, store, front, list->size);
    vm_object_drop(heap, &list->header);
    return mine;
}

vm_value vm_list_push(vm_heap *heap, vm_value list, vm_value item)
{
    vm_list *mine = list_writable(heap, list_checked(list.list), 1);
    vm_store *store = mine->store;
    store->items[store->used] = item;
    store->used += 1;
    mine->size += 1;
    return vm_of(mine);
}

// Takes the elements out of a list that is consumed: moved if nobody else sees them.
static void list_take_items(vm_heap *heap, vm_list *list, vm_value *to)
{
    if (!list_owns_store(list)) {
        vm_dup_values(to, vm_list_items(list), list->size);
        vm_object_drop(heap, &list->header);
        return;
    }
    store_forget(heap, list);
    vm_move_values(to, vm_list_items(list), list->size);
    list->store->used = list->store->first;
    list->size = 0;
    vm_object_drop(heap, &list->header);
}

// left in front of right, which is the longer one.
static vm_value list_prepend(vm_heap *heap, vm_list *left, vm_list *right)
{
    uint32_t extra = left->size;
    vm_list *mine = list_has_front_room(right, extra) ? list_header(heap, right)
                                                      : list_reserve_front(heap, right, extra);
    vm_store *store = mine->store;
    list_take_items(heap, left, store->items + mine->start - extra);
    mine->start -= extra;
    mine->size += extra;
    store->first = mine->start;
    return vm_of(mine);
}

vm_value vm_list_concat(vm_heap *heap, vm_value left, vm_value right)
{
    size_t extra = right.list->size;
    if (extra == 0 || left.list->size == 0) {
        vm_drop(heap, extra == 0 ? right : left);
        return extra == 0 ? left : right;
    }
    if (left.list->size < extra && !list_has_room(left.list, extra)) {
        return list_prepend(heap, list_checked(left.list), list_checked(right.list));
    }
    // `xs ++ xs` is safe: the two counts make the list not unique, so its store is never moved
    // while right is read, and an append in place goes behind what right sees.
    vm_list *mine = list_writable(heap, list_checked(left.list), extra);
    vm_store *store = mine->store;
    list_take_items(heap, right.list, store->items + store->used);
    store->used += (uint32_t)extra;
    mine->size += (uint32_t)extra;
    return vm_of(mine);
}

vm_value vm_list_slice(vm_heap *heap, vm_value list, size_t start, size_t size)
{
    vm_list *old = list_checked(list.list);
    assert(start <= old->size);
    assert(size <= old->size - start);
    if (size == 0) {
        vm_drop(heap, list);
        return vm_list_make(heap, 0);
    }
    if (vm_is_unique(&old->header)) {
        old->start += (uint32_t)start;
        old->size = (uint32_t)size;
        return list;
    }
    if (old->store->count > 0) {
        old->store->count += 1;
    } else if (old->store->count < 0) {
        vm_value copy = vm_list_make(heap, size);
        vm_dup_values(copy.list->store->items, vm_list_items(old) + start, size);
        copy.list->store->used = (uint32_t)size;
        copy.list->size = (uint32_t)size;
        vm_drop(heap, list);
        return copy;
    }
    vm_list *mine = list_make(heap, old->store, old->start + start, size);
    vm_drop(heap, list);
    return vm_of(mine);
}

vm_value vm_list_unshare(vm_heap *heap, vm_value list)
{
    if (list.list->size == 0 ? vm_is_unique(&list.list->header) : list_owns_store(list.list)) {
        return list;
    }
    return vm_of(list_copy(heap, list.list, list.list->size));
}
