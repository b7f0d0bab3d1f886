// tests/vm/test_map.c: persistent maps beside a naive model.
//
// The model keeps entries in an array in insertion order. Each run makes random changes to one of
// several maps that share structure, and compares all of them, entry by entry and in order.
#include <criterion/criterion.h>

#include "vm/heap.h"

enum { MODEL_MAX = 3000, MODEL_COUNT = 4 };

typedef struct model {
    uint32_t size;
    int64_t keys[MODEL_MAX];
    int64_t values[MODEL_MAX];
} model;

typedef struct fixture {
    vm_block_pool *pool;
    vm_heap *heap;
} fixture;

static fixture open_heap(void)
{
    fixture self;
    self.pool = vm_block_pool_create();
    self.heap = vm_heap_create(self.pool, (size_t)1 << 30);
    return self;
}

static void close_heap(fixture *self, const char *name)
{
    cr_assert_eq(vm_heap_alive(self->heap), 0, "%s: objects are left", name);
    vm_heap_destroy(self->heap);
    vm_block_pool_destroy(self->pool);
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static int model_find(const model *self, int64_t key)
{
    for (uint32_t i = 0; i < self->size; i++) {
        if (self->keys[i] == key) {
            return (int)i;
        }
    }
    return -1;
}

static void model_insert(model *self, int64_t key, int64_t value)
{
    int at = model_find(self, key);
    if (at < 0) {
        at = (int)self->size++;
        self->keys[at] = key;
    }
    self->values[at] = value;
}

static void model_remove(model *self, int64_t key)
{
    int at = model_find(self, key);
    if (at < 0) {
        return;
    }
    size_t rest = self->size - (uint32_t)at - 1;
    memmove(&self->keys[at], &self->keys[at + 1], rest * sizeof(int64_t));
    memmove(&self->values[at], &self->values[at + 1], rest * sizeof(int64_t));
    self->size -= 1;
}

// Keys are Ints, or Strings of the same number: both kinds of hash take part.
static vm_value make_key(vm_heap *heap, int64_t number)
{
    char text[24];
    return number % 3 == 0 ? vm_string_make(heap, text, vm_int_text(number, text)) : vm_int(number);
}

static void check_same(vm_heap *heap, const model *expected, vm_value map, uint64_t seed)
{
    cr_assert_eq(vm_map_size(map.map), expected->size, "seed %lu", seed);
    vm_map_cursor cursor = {.map = map.map};
    vm_value key;
    vm_value value;
    for (uint32_t i = 0; i < expected->size; i++) {
        cr_assert(vm_map_next(&cursor, &key, &value), "seed %lu: entry %u", seed, i);
        vm_value wanted = make_key(heap, expected->keys[i]);
        cr_assert(vm_equal(key, wanted), "seed %lu: key of entry %u", seed, i);
        cr_assert_eq(value.integer, expected->values[i], "seed %lu: value %u", seed, i);
        const vm_value *found = vm_map_get(map.map, wanted);
        cr_assert_not_null(found, "seed %lu: entry %u is not found", seed, i);
        cr_assert_eq(found->integer, expected->values[i], "seed %lu: value %u", seed, i);
        vm_drop(heap, wanted);
    }
    cr_assert_not(vm_map_next(&cursor, &key, &value), "seed %lu: too many entries", seed);
}

static void run_seed(uint64_t seed, uint32_t steps, int64_t key_range, uint32_t removals)
{
    fixture self = open_heap();
    static model models[MODEL_COUNT];
    memset(models, 0, sizeof(models));
    vm_value maps[MODEL_COUNT];
    for (size_t i = 0; i < MODEL_COUNT; i++) {
        maps[i] = vm_map_make(self.heap);
    }
    uint64_t state = seed * 0x9E3779B97F4A7C15u + 1;
    for (uint32_t step = 0; step < steps; step++) {
        uint64_t random = next_random(&state);
        size_t which = random % MODEL_COUNT;
        int64_t key = (int64_t)((random >> 8) % (uint64_t)key_range);
        uint32_t dice = (uint32_t)(random >> 40) % 1000;
        vm_value key_value = make_key(self.heap, key);
        if (dice < 5) { // Share: the older map continues as a copy of another.
            size_t other = (random >> 60) % MODEL_COUNT;
            vm_value shared = vm_dup(maps[other]);
            vm_drop(self.heap, maps[which]);
            maps[which] = shared;
            models[which] = models[other];
            vm_drop(self.heap, key_value);
        } else if (dice < removals) {
            maps[which] = vm_map_remove(self.heap, maps[which], key_value);
            model_remove(&models[which], key);
            vm_drop(self.heap, key_value);
        } else {
            maps[which] = vm_map_insert(self.heap, maps[which], key_value, vm_int((int64_t)step));
            model_insert(&models[which], key, step);
        }
        if (step % 512 == 0) {
            check_same(self.heap, &models[which], maps[which], seed);
        }
    }
    for (size_t i = 0; i < MODEL_COUNT; i++) {
        check_same(self.heap, &models[i], maps[i], seed);
        vm_drop(self.heap, maps[i]);
    }
    close_heap(&self, "random changes");
}

Test(map, behaves_as_an_array_of_entries)
{
    static const struct {
        const char *name;
        uint32_t steps;
        int64_t key_range;
        uint32_t removals; // Per mille of the steps, with the 5 that share.
    } rows[] = {
        {"tiny", 300, 6, 400},         {"around one leaf", 2000, 20, 500},
        {"small", 4000, 100, 450},     {"growing", 6000, 2500, 100},
        {"shrinking", 8000, 800, 600}, {"only inserts", 4000, 2900, 5},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i++) {
        for (uint64_t seed = 1; seed <= 8; seed++) {
            run_seed(seed * 100 + i, rows[i].steps, rows[i].key_range, rows[i].removals);
        }
    }
}

Test(map, keeps_the_first_key_and_its_place)
{
    fixture self = open_heap();
    vm_value map = vm_map_make(self.heap);
    map = vm_map_insert(self.heap, map, vm_int(1), vm_int(10));
    map = vm_map_insert(self.heap, map, vm_int(2), vm_int(20));
    map = vm_map_insert(self.heap, map, vm_float(1.0), vm_int(30));
    vm_map_cursor cursor = {.map = map.map};
    vm_value key;
    vm_value value;
    cr_assert(vm_map_next(&cursor, &key, &value));
    cr_assert_eq(key.tag, VM_INT);
    cr_assert_eq(value.integer, 30);
    map = vm_map_remove(self.heap, map, vm_int(1));
    map = vm_map_insert(self.heap, map, vm_float(1.0), vm_int(40));
    cursor = (vm_map_cursor){.map = map.map};
    cr_assert(vm_map_next(&cursor, &key, &value));
    cr_assert_eq(key.integer, 2);
    cr_assert(vm_map_next(&cursor, &key, &value));
    cr_assert_eq(key.tag, VM_FLOAT);
    vm_drop(self.heap, map);
    close_heap(&self, "first key");
}

Test(map, changes_in_place_when_unique)
{
    fixture self = open_heap();
    vm_value map = vm_map_make(self.heap);
    const vm_map *object = map.map;
    for (int64_t i = 0; i < 100000; i++) {
        map = vm_map_insert(self.heap, map, vm_int(i), vm_int(-i));
        cr_assert_eq(map.map, object);
    }
    for (int64_t i = 0; i < 100000; i++) {
        cr_assert_eq(vm_map_get(map.map, vm_int(i))->integer, -i);
    }
    vm_drop(self.heap, map);
    close_heap(&self, "in place");
}

// A queue: one in, one out. Holes must not pile up, nor the time to walk over them.
Test(map, stays_small_as_a_queue)
{
    fixture self = open_heap();
    vm_value set = vm_set_make(self.heap);
    for (int64_t i = 0; i < 200000; i++) {
        set = vm_set_insert(self.heap, set, vm_int(i));
        if (i >= 40) {
            set = vm_map_remove(self.heap, set, vm_int(i - 40));
        }
    }
    cr_assert_eq(vm_map_size(set.map), 40);
    cr_assert_lt(vm_heap_used(self.heap), 1024 * 1024);
    vm_drop(self.heap, set);
    close_heap(&self, "queue");
}

Test(map, may_be_frozen_and_still_give_changed_copies)
{
    fixture self = open_heap();
    vm_value map = vm_map_make(self.heap);
    for (int64_t i = 0; i < 1000; i++) {
        map = vm_map_insert(self.heap, map, make_key(self.heap, i), vm_int(i));
    }
    vm_freeze(self.heap, map);
    fixture other = open_heap();
    vm_value changed = vm_map_insert(other.heap, vm_dup(map), vm_int(1), vm_int(-1));
    changed = vm_map_remove(other.heap, changed, vm_int(2));
    changed = vm_map_insert(other.heap, changed, vm_int(5000), vm_int(5000));
    cr_assert_eq(vm_map_size(map.map), 1000);
    cr_assert_eq(vm_map_size(changed.map), 1000);
    cr_assert_eq(vm_map_get(map.map, vm_int(1))->integer, 1);
    cr_assert_eq(vm_map_get(changed.map, vm_int(1))->integer, -1);
    vm_drop(other.heap, changed);
    close_heap(&other, "copy of a frozen map");
    vm_heap_destroy(self.heap);
    vm_block_pool_destroy(self.pool);
}
