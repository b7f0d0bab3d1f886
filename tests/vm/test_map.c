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

typedef enum key_kind {
    KEY_MIXED,     // Ints, and Strings of a number: both kinds of hash take part.
    KEY_INT,       // Close together, so that a map with one version is an array by key.
    KEY_LOW,       // The same at the lower end of what an Int can be, and some at the upper end.
    KEY_SCATTERED, // Close together, but for one in 64.
    KEY_FLOAT,     // Every seventh is looked for as the Float that it equals.
} key_kind;

static vm_value make_key(vm_heap *heap, int64_t number, key_kind kind)
{
    char text[24];
    switch (kind) {
    case KEY_MIXED:
        return number % 3 == 0 ? vm_string_make(heap, text, vm_int_text(number, text))
                               : vm_int(number);
    case KEY_INT:
        break;
    case KEY_LOW:
        return vm_int((int64_t)((uint64_t)INT64_MIN + (uint64_t)number - 100));
    case KEY_SCATTERED:
        return vm_int(number % 64 == 7 ? number << 40 : number);
    case KEY_FLOAT:
        return number % 7 == 0 ? vm_float((double)number) : vm_int(number);
    }
    return vm_int(number);
}

static void check_same(vm_heap *heap, const model *expected, vm_value map, key_kind kind,
                       uint64_t seed)
{
    cr_assert_eq(vm_map_size(map.map), expected->size, "seed %lu", seed);
    vm_map_cursor cursor = {.map = map.map};
    vm_value key;
    vm_value value;
    for (uint32_t i = 0; i < expected->size; i++) {
        cr_assert(vm_map_next(&cursor, &key, &value), "seed %lu: entry %u", seed, i);
        vm_value wanted = make_key(heap, expected->keys[i], kind);
        cr_assert(vm_equal(key, wanted), "seed %lu: key of entry %u", seed, i);
        cr_assert_eq(value.integer, expected->values[i], "seed %lu: value %u", seed, i);
        const vm_value *found = vm_map_get(map.map, wanted);
        cr_assert_not_null(found, "seed %lu: entry %u is not found", seed, i);
        cr_assert_eq(found->integer, expected->values[i], "seed %lu: value %u", seed, i);
        vm_drop(heap, wanted);
    }
    cr_assert_not(vm_map_next(&cursor, &key, &value), "seed %lu: too many entries", seed);
}

static void run_seed(uint64_t seed, uint32_t steps, int64_t key_range, uint32_t removals,
                     uint32_t shares, key_kind kind)
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
        vm_value key_value = make_key(self.heap, key, kind);
        if (dice < shares) { // Share: the older map continues as a copy of another.
            size_t other = (random >> 60) % MODEL_COUNT;
            vm_value shared = vm_dup(maps[other]);
            vm_drop(self.heap, maps[which]);
            maps[which] = shared;
            models[which] = models[other];
            vm_drop(self.heap, key_value);
        } else if (dice < shares + removals) {
            maps[which] = vm_map_remove(self.heap, maps[which], key_value);
            model_remove(&models[which], key);
            vm_drop(self.heap, key_value);
        } else {
            maps[which] = vm_map_insert(self.heap, maps[which], key_value, vm_int((int64_t)step));
            model_insert(&models[which], key, step);
        }
        if (step % 512 == 0) {
            check_same(self.heap, &models[which], maps[which], kind, seed);
        }
    }
    for (size_t i = 0; i < MODEL_COUNT; i++) {
        check_same(self.heap, &models[i], maps[i], kind, seed);
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
        uint32_t removals; // Per mille of the steps.
        uint32_t shares;   // The same.
        key_kind kind;
    } rows[] = {
        {"tiny", 300, 6, 395, 5, KEY_MIXED},
        {"around one leaf", 2000, 20, 495, 5, KEY_MIXED},
        {"small", 4000, 100, 445, 5, KEY_MIXED},
        {"growing", 6000, 2500, 95, 5, KEY_MIXED},
        {"shrinking", 8000, 800, 595, 5, KEY_MIXED},
        {"only inserts", 4000, 2900, 0, 5, KEY_MIXED},
        {"ints around one leaf", 2000, 20, 495, 0, KEY_INT},
        {"ints growing", 6000, 600, 95, 0, KEY_INT},
        {"ints shared seldom", 6000, 300, 195, 1, KEY_INT},
        {"ints shrinking", 8000, 800, 595, 0, KEY_INT},
        {"at both ends of Int", 6000, 600, 95, 0, KEY_LOW},
        {"scattered late", 6000, 600, 195, 0, KEY_SCATTERED},
        {"ints and floats", 4000, 100, 295, 1, KEY_FLOAT},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i++) {
        for (uint64_t seed = 1; seed <= 8; seed++) {
            run_seed(seed * 100 + i, rows[i].steps, rows[i].key_range, rows[i].removals,
                     rows[i].shares, rows[i].kind);
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

// Keys in every order in which they may come to lie close together or no more.
Test(map, finds_ints_in_whatever_order_they_come)
{
    enum { COUNT = 20000, BYTES_MAX = 2 * COUNT * 128 };
    static const struct {
        const char *name;
        int64_t first;
        int64_t step;
        int64_t last; // The last key, out of order.
    } rows[] = {
        {"ascending", 0, 1, COUNT - 1},
        {"ascending from far", INT64_C(1) << 40, 1, 0},
        {"descending", COUNT, -1, 0},
        {"descending below zero", -5, -1, 7},
        {"every third", 3, 3, -1000},
        {"every fifth", 0, 5, 1},
        {"up over the end of Int", INT64_MAX - COUNT / 2, 1, 0},
        {"far apart", INT64_MIN, INT64_C(1) << 45, 5},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i++) {
        fixture self = open_heap();
        vm_value map = vm_map_make(self.heap);
        vm_value set = vm_set_make(self.heap);
        for (uint64_t n = 0; n <= COUNT; n++) {
            uint64_t key = (uint64_t)rows[i].first + n * (uint64_t)rows[i].step;
            vm_value item = vm_int(n < COUNT ? (int64_t)key : rows[i].last);
            map = vm_map_insert(self.heap, map, item, vm_int((int64_t)n));
            set = vm_set_insert(self.heap, set, item);
        }
        cr_assert_lt(vm_heap_used(self.heap), BYTES_MAX, "%s: %zu bytes", rows[i].name,
                     vm_heap_used(self.heap));
        vm_map_cursor cursor = {.map = map.map};
        vm_value key;
        vm_value value;
        for (uint64_t n = 0; vm_map_next(&cursor, &key, &value); n++) {
            bool is_last = key.integer == rows[i].last;
            int64_t number = is_last ? (int64_t)COUNT : (int64_t)n;
            cr_assert_eq(value.integer, number, "%s: entry %lu", rows[i].name, n);
            cr_assert_eq(vm_map_get(map.map, key)->integer, number, "%s: %lu", rows[i].name, n);
            cr_assert_eq(vm_map_get(set.map, key)->integer, key.integer, "%s", rows[i].name);
            cr_assert_null(vm_map_get(map.map, vm_float(0.5)), "%s", rows[i].name);
        }
        cr_assert_eq(vm_map_size(map.map), vm_map_size(set.map), "%s", rows[i].name);
        vm_drop(self.heap, map);
        vm_drop(self.heap, set);
        close_heap(&self, rows[i].name);
    }
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
        map = vm_map_insert(self.heap, map, make_key(self.heap, i, KEY_MIXED), vm_int(i));
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
