// vm/hash.c: the hash of any value; equal values have equal hashes.
//
// Keyed by a number drawn when the process starts, since programs use keys that clients choose.
// Parts are hashed in the order in which they are written, with a list of positions in place of
// recursion: no depth of data overflows the C stack. Entries of maps count in any order, so each of
// them is hashed alone; maps in maps recurse up to a fixed level.
#include <sys/random.h>

#include "vm/object.h"

enum {
    CONTAINERS_MAX = 16384,     // What is shared within a value is walked once for each path to it.
    CONTAINERS_IN_MAP_MAX = 64, // For each key and value of a map within a key.
    MAP_LEVELS_MAX = 8,
    RUNS_INLINE = 8,
};

static uint64_t hash_key[2];

__attribute__((constructor)) static void draw_hash_key(void)
{
    if (getrandom(hash_key, sizeof hash_key, GRND_NONBLOCK) != (ssize_t)sizeof hash_key) {
        // Early at boot there may be no entropy yet: an address is better than a constant.
        hash_key[0] = (uint64_t)(uintptr_t)&hash_key;
        hash_key[1] = (uint64_t)(uintptr_t)__builtin_frame_address(0);
    }
    hash_key[0] |= 1;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
    __uint128_t product = (__uint128_t)(a ^ hash_key[0]) * (b ^ hash_key[1]);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_bytes(const char *data, size_t size)
{
    uint64_t hash = mix(size, UINT64_C(0x9E3779B97F4A7C15));
    while (size >= 16) {
        uint64_t words[2];
        memcpy(words, data, 16);
        hash = mix(hash ^ words[0], words[1] + UINT64_C(0xD6E8FEB86659FD93));
        data += 16;
        size -= 16;
    }
    uint64_t words[2] = {0, 0};
    memcpy(words, data, size);
    return mix(hash ^ words[0], words[1] + UINT64_C(0xA0761D6478BD642F));
}

// An Int and the Float that equals it have one hash.
static uint64_t hash_number(vm_value value)
{
    if (value.tag == VM_FLOAT) {
        double number = value.number;
        if (number >= -0x1p63 && number < 0x1p63 && number == (double)(int64_t)number) {
            return mix((uint64_t)(int64_t)number, 1);
        }
        return mix(value.bits, 2);
    }
    return mix(value.bits, 1);
}

static uint64_t hash_ctor(const vm_ctor *ctor)
{
    return hash_bytes(ctor->name->data, ctor->name->size);
}

// A run of values that are still to be hashed.
typedef struct hash_run {
    const vm_value *items;
    size_t count;
} hash_run;

// The hash of a value without its parts, which are put in *parts (not of maps: see hash_map).
static uint64_t hash_head(vm_value value, hash_run *parts)
{
    switch ((vm_tag)value.tag) {
    case VM_INT:
    case VM_FLOAT:
        return hash_number(value);
    case VM_STRING:
    case VM_MODULE:
        return hash_bytes(value.string->data, value.string->size);
    case VM_BOOL:
        return mix(value.boolean, 4);
    case VM_UNIT:
        return mix(0, 5);
    case VM_ATOM:
        return hash_ctor(value.ctor);
    case VM_LIST:
        *parts = (hash_run){vm_list_items(value.list), value.list->size};
        return mix(value.list->size, 6);
    case VM_TUPLE:
        *parts = (hash_run){value.tuple->items, value.tuple->size};
        return mix(value.tuple->size, 7);
    case VM_RECORD:
        *parts = (hash_run){value.record->fields, value.record->size};
        return mix(value.record->size, 8);
    case VM_VARIANT:
        *parts = (hash_run){value.variant->items, value.variant->size};
        return hash_ctor(value.variant->ctor);
    case VM_MAP:
    case VM_SET:
    case VM_FUNCTION:
    case VM_NATIVE:
    case VM_CLOSURE:
    case VM_BOX:
    case VM_RESUME:
    case VM_HANDLE:
        break;
    }
    return mix(value.bits, value.tag);
}

typedef struct hash_runs {
    hash_run *items;
    size_t count;
    size_t capacity;
    hash_run inline_items[RUNS_INLINE];
} hash_runs;

static void hash_later(hash_runs *runs, hash_run run)
{
    if (runs->count == runs->capacity) {
        bool is_inline = runs->items == runs->inline_items;
        runs->capacity *= 2;
        runs->items = bl_realloc(is_inline ? NULL : runs->items, runs->capacity * sizeof run);
        if (is_inline) {
            memcpy(runs->items, runs->inline_items, sizeof runs->inline_items);
        }
    }
    runs->items[runs->count] = run;
    runs->count += 1;
}

static uint64_t hash_map(const vm_map *map, uint32_t level);

static bool is_map(vm_value value)
{
    return value.tag == VM_MAP || value.tag == VM_SET;
}

// The heads of a value's parts in the order in which they are written. Only so many containers are
// looked into: equal values are cut at the same place.
static uint64_t hash_parts(uint64_t hash, hash_run parts, uint32_t level, uint32_t containers)
{
    hash_runs runs;
    runs.items = runs.inline_items;
    runs.count = 0;
    runs.capacity = RUNS_INLINE;
    while (parts.count > 0 || runs.count > 0) {
        if (parts.count == 0) {
            runs.count -= 1;
            parts = runs.items[runs.count];
        }
        vm_value value = *parts.items;
        parts.items += 1;
        parts.count -= 1;
        hash_run inner = {NULL, 0};
        hash = mix(hash, is_map(value) ? hash_map(value.map, level) : hash_head(value, &inner));
        if (inner.count > 0 && containers > 0) {
            containers -= 1;
            if (parts.count > 0) {
                hash_later(&runs, parts);
            }
            parts = inner;
        }
    }
    if (runs.items != runs.inline_items) {
        bl_free(runs.items);
    }
    return hash;
}

static uint64_t hash_in_map(vm_value value, uint32_t level)
{
    hash_run parts = {NULL, 0};
    uint64_t hash = is_map(value) ? hash_map(value.map, level) : hash_head(value, &parts);
    return parts.count == 0 ? hash : hash_parts(hash, parts, level, CONTAINERS_IN_MAP_MAX);
}

static uint64_t hash_map(const vm_map *map, uint32_t level)
{
    uint64_t sum = vm_map_size(map);
    vm_map_cursor cursor = {.map = map};
    vm_value key;
    vm_value value;
    while (level < MAP_LEVELS_MAX && vm_map_next(&cursor, &key, &value)) {
        // Entries count in any order.
        sum += mix(hash_in_map(key, level + 1), hash_in_map(value, level + 1));
    }
    return mix(sum, 3);
}

uint64_t vm_hash(vm_value value)
{
    hash_run parts = {NULL, 0};
    uint64_t hash = is_map(value) ? hash_map(value.map, 0) : hash_head(value, &parts);
    return parts.count == 0 ? hash : hash_parts(hash, parts, 0, CONTAINERS_MAX);
}
