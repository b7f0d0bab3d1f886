// tests/vm/test_list.c: lists over shared stores beside a naive model.
//
// A handful of lists are pushed to, joined, sliced, unshared, duplicated and dropped at random; the
// model keeps each as a plain array. All of them are compared after each step; at the end nothing
// may be alive.
#include <criterion/criterion.h>

#include "vm/heap.h"

enum { SLOTS = 6, LENGTH_MAX = 200, STEPS = 4000, SEEDS = 40 };

typedef struct model {
    int64_t items[LENGTH_MAX * 2];
    size_t size;
} model;

typedef struct list_world {
    vm_heap *heap;
    vm_value lists[SLOTS];
    model models[SLOTS];
    uint64_t random;
} list_world;

static size_t pick(list_world *world, size_t below)
{
    world->random ^= world->random << 13;
    world->random ^= world->random >> 7;
    world->random ^= world->random << 17;
    return world->random % below;
}

// Every third item is a heap object, so that lost and doubled counts show.
static vm_value item_of(list_world *world, int64_t number)
{
    vm_value value = vm_int(number);
    return number % 3 == 0 ? vm_tuple_make(world->heap, (vm_value[]){value, value}, 2) : value;
}

static int64_t number_of(vm_value item)
{
    return item.tag == VM_TUPLE ? item.tuple->items[0].integer : item.integer;
}

static void check(const list_world *world, size_t slot, uint64_t seed, size_t step)
{
    const vm_list *list = world->lists[slot].list;
    const model *want = &world->models[slot];
    cr_assert_eq(list->size, want->size, "seed %llu step %zu: size %u, want %zu",
                 (unsigned long long)seed, step, list->size, want->size);
    for (size_t i = 0; i < want->size; i += 1) {
        int64_t got = number_of(vm_list_items(list)[i]);
        cr_assert_eq(got, want->items[i], "seed %llu step %zu: item %zu is %lld, want %lld",
                     (unsigned long long)seed, step, i, (long long)got, (long long)want->items[i]);
    }
}

static void step_push(list_world *world, size_t slot)
{
    int64_t number = (int64_t)pick(world, 1000);
    model *want = &world->models[slot];
    if (want->size == LENGTH_MAX) {
        return;
    }
    world->lists[slot] = vm_list_push(world->heap, world->lists[slot], item_of(world, number));
    want->items[want->size] = number;
    want->size += 1;
}

static void step_put_in_front(list_world *world, size_t slot)
{
    int64_t number = (int64_t)pick(world, 1000);
    model *want = &world->models[slot];
    if (want->size == LENGTH_MAX) {
        return;
    }
    vm_value item = item_of(world, number);
    vm_value left = vm_list_from(world->heap, &item, 1);
    world->lists[slot] = vm_list_concat(world->heap, left, world->lists[slot]);
    memmove(want->items + 1, want->items, want->size * sizeof *want->items);
    want->items[0] = number;
    want->size += 1;
}

static void step_concat(list_world *world, size_t slot)
{
    size_t other = pick(world, SLOTS);
    model *want = &world->models[slot];
    const model right = world->models[other];
    if (want->size + right.size > LENGTH_MAX) {
        return;
    }
    world->lists[slot] =
        vm_list_concat(world->heap, world->lists[slot], vm_dup(world->lists[other]));
    memcpy(want->items + want->size, right.items, right.size * sizeof *right.items);
    want->size += right.size;
}

static void step_slice(list_world *world, size_t slot)
{
    model *want = &world->models[slot];
    size_t start = pick(world, want->size + 1);
    size_t size = pick(world, want->size - start + 1);
    world->lists[slot] = vm_list_slice(world->heap, world->lists[slot], start, size);
    memmove(want->items, want->items + start, size * sizeof *want->items);
    want->size = size;
}

static void step_set(list_world *world, size_t slot)
{
    model *want = &world->models[slot];
    vm_value list = vm_list_unshare(world->heap, world->lists[slot]);
    world->lists[slot] = list;
    if (want->size > 0) {
        size_t index = pick(world, want->size);
        int64_t number = (int64_t)pick(world, 1000);
        vm_drop(world->heap, vm_list_items(list.list)[index]);
        vm_list_items(list.list)[index] = item_of(world, number);
        want->items[index] = number;
    }
}

static void step_alias(list_world *world, size_t slot)
{
    size_t other = pick(world, SLOTS);
    vm_value copy = vm_dup(world->lists[other]);
    vm_drop(world->heap, world->lists[slot]);
    world->lists[slot] = copy;
    world->models[slot] = world->models[other];
}

static void run(list_world *world, uint64_t seed)
{
    static void (*const steps[])(list_world *, size_t) = {
        step_push,         step_push,   step_push,  step_put_in_front, step_put_in_front,
        step_put_in_front, step_concat, step_slice, step_set,          step_alias,
    };
    for (size_t i = 0; i < SLOTS; i += 1) {
        world->lists[i] = vm_list_make(world->heap, i);
        world->models[i].size = 0;
    }
    for (size_t step = 0; step < STEPS; step += 1) {
        size_t slot = pick(world, SLOTS);
        steps[pick(world, BL_ARRAY_COUNT(steps))](world, slot);
        // The others too: nothing that is done to one list may be seen in another.
        for (size_t i = 0; i < SLOTS; i += 1) {
            check(world, i, seed, step);
        }
    }
    for (size_t i = 0; i < SLOTS; i += 1) {
        check(world, i, seed, STEPS);
        vm_drop(world->heap, world->lists[i]);
    }
}

Test(list, like_its_model)
{
    vm_block_pool *pool = vm_block_pool_create();
    static list_world world;
    world.heap = vm_heap_create(pool, 0);
    for (uint64_t seed = 1; seed <= SEEDS; seed += 1) {
        world.random = seed * UINT64_C(0x9E3779B97F4A7C15);
        run(&world, seed);
        cr_assert_eq(vm_heap_alive(world.heap), 0, "seed %llu: %zu objects are left",
                     (unsigned long long)seed, vm_heap_alive(world.heap));
    }
    vm_heap_destroy(world.heap);
    vm_block_pool_destroy(pool);
}

static vm_value put_in_front(vm_heap *heap, int64_t number, vm_value list)
{
    vm_value item = vm_int(number);
    return vm_list_concat(heap, vm_list_from(heap, &item, 1), list);
}

static int64_t first_of(vm_value list)
{
    const vm_value *items = vm_list_items(list.list);
    return items == NULL ? -1 : items->integer;
}

static vm_value without_first(vm_heap *heap, vm_value list)
{
    return vm_list_slice(heap, list, 1, list.list->size - 1);
}

static vm_value without_last(vm_heap *heap, vm_value list)
{
    return vm_list_slice(heap, list, 0, list.list->size - 1);
}

// A list that is used as a queue, in either direction, must not keep what has left it.
Test(list, a_queue_stays_small)
{
    vm_block_pool *pool = vm_block_pool_create();
    vm_heap *heap = vm_heap_create(pool, 4u << 20);
    vm_value queue = vm_list_make(heap, 0);
    for (int64_t i = 0; i < 1000000; i += 1) {
        queue = vm_list_push(heap, queue, vm_int(i));
        if (queue.list->size > 100) {
            queue = without_first(heap, queue);
        }
    }
    cr_expect(!vm_heap_is_full(heap), "%zu bytes", vm_heap_used(heap));
    cr_assert_eq(queue.list->size, 100);
    cr_expect_eq(first_of(queue), 999900);
    for (int64_t i = 0; i < 1000000; i += 1) {
        queue = without_last(heap, put_in_front(heap, i, queue));
    }
    cr_expect(!vm_heap_is_full(heap), "%zu bytes", vm_heap_used(heap));
    cr_assert_eq(queue.list->size, 100);
    cr_expect_eq(first_of(queue), 999999);
    vm_drop(heap, queue);
    vm_heap_destroy(heap);
    vm_block_pool_destroy(pool);
}

// Quadratic, this would copy 160 GB, and outlast any limit on time.
Test(list, grows_at_both_ends)
{
    vm_block_pool *pool = vm_block_pool_create();
    vm_heap *heap = vm_heap_create(pool, 0);
    vm_value list = vm_list_make(heap, 0);
    for (int64_t i = 0; i < 100000; i += 1) {
        list = put_in_front(heap, -1 - i, vm_list_push(heap, list, vm_int(i)));
    }
    cr_assert_eq(list.list->size, 200000);
    for (int64_t i = 0; i < 200000; i += 1) {
        cr_assert_eq(vm_list_items(list.list)[i].integer, i - 100000);
    }
    vm_drop(heap, list);
    vm_heap_destroy(heap);
    vm_block_pool_destroy(pool);
}
