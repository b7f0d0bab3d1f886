// vm/map.c: persistent maps and sets in insertion order.
//
// Every entry has a position, given in order of insertion and kept when its value is replaced. A
// map has one of three forms, by who holds it and what its keys are:
//
//     trees    up to 16 entries, or several versions that share nodes (map_tree.h)
//     table    one version: an array of entries and a hash table, a cache line or two for a
//              look-up (map_flat.h)
//     direct   one version, Int keys that lie close together: an array by key (map_direct.h)
//
//     trees --17th entry--> table or direct     array of the table full --keys are close--> direct
//     direct --a key far off--> table           table, direct --a second version--> trees
//
// A second version comes about by a change to a map that others hold too, or by freezing. Each of
// these ways takes linear time; a map goes from direct to table and from either to trees only once.
//
// Removing leaves a hole; when holes outweigh entries the map is built anew, so that walking costs
// linear time. The hash is keyed for each process (vm_hash): no input can aim at one place.
#include "vm/map.h"

#include <assert.h>

#include "vm/heap.h"
#include "vm/map_direct.h"
#include "vm/map_flat.h"
#include "vm/map_tree.h"

enum {
    LEAF_SIZE = VM_MAP_LEAF_SIZE,
    TABLE_SLOTS_MIN = 64,
    TABLE_ENTRIES_MIN = 32,
};

// ---- from one form to another ----------------------------------------------------------------

static void table_from(vm_heap *heap, vm_map *map, map_entries *entries)
{
    map_table *table = vm_map_table_make(heap, TABLE_SLOTS_MIN);
    for (uint32_t i = 0; i < map->next; i++) {
        vm_value key = entries->items[(size_t)i * entries->width];
        if (!vm_map_is_hole(key)) {
            table = vm_map_table_add(heap, table, vm_map_hash(key), i);
        }
    }
    map->order = entries;
    map->index = table;
    map->form = VM_MAP_TABLE;
}

// Moves entries in their array to a window that has room for them.
static void direct_from(vm_heap *heap, vm_map *map, const vm_value *items, map_window window)
{
    uint32_t width = vm_map_width(map);
    map_direct *direct = vm_map_direct_make(heap, window);
    map_sequence *sequence = vm_map_sequence_make(heap, map->next * 2);
    for (uint32_t i = 0; i < map->next; i++) {
        const vm_value *entry = items + (size_t)i * width;
        sequence->places[i] = VM_MAP_ABSENT;
        if (!vm_map_is_hole(*entry)) {
            sequence = vm_map_direct_add(heap, direct, sequence, i, *entry, entry[width - 1]);
        }
    }
    map->order = sequence;
    map->index = direct;
    map->form = VM_MAP_DIRECT;
}

// A full leaf, to which the key comes, gets an index; the map is unique.
static void leave_leaf(vm_heap *heap, vm_map *map, vm_value key)
{
    vm_value items[2 * LEAF_SIZE];
    map_window window;
    uint32_t width = vm_map_width(map);
    assert(map->form == VM_MAP_TREES && map->index == NULL && map->next == LEAF_SIZE);
    vm_map_tree_take_leaf(heap, map, items);
    if (!map->was_scattered && vm_map_direct_fits(items, LEAF_SIZE, width, key, &window)) {
        direct_from(heap, map, items, window);
        return;
    }
    map_entries *entries = vm_map_entries_make(heap, TABLE_ENTRIES_MIN, width);
    memcpy(entries->items, items, LEAF_SIZE * width * sizeof(vm_value));
    table_from(heap, map, entries);
}

// A table whose array is full, to which the key comes, becomes direct if it may.
static void try_direct(vm_heap *heap, vm_map *map, vm_value key)
{
    map_entries *entries = map->order;
    map_table *table = map->index;
    map_window window;
    if (vm_map_direct_fits(entries->items, map->next, entries->width, key, &window)) {
        direct_from(heap, map, entries->items, window);
        vm_map_entries_free(heap, entries);
        vm_map_table_free(heap, table);
    }
}

// Key and item at a position; a hole has a hole for its item.
static vm_value direct_look(const vm_map *map, uint32_t position, vm_value *key)
{
    const map_direct *direct = map->index;
    uint32_t place = ((const map_sequence *)map->order)->places[position];
    if (place == VM_MAP_ABSENT) {
        *key = vm_map_hole();
        return *key;
    }
    *key = vm_map_direct_key(direct, place);
    return direct->items[place];
}

// A key has come that lies too far off. Never again: keys may be chosen to make this costly.
static void direct_to_table(vm_heap *heap, vm_map *map)
{
    map_direct *direct = map->index;
    map_sequence *sequence = map->order;
    uint32_t width = vm_map_width(map);
    map_entries *entries = vm_map_entries_make(heap, sequence->capacity, width);
    for (uint32_t i = 0; i < map->next; i++) {
        vm_value *entry = entries->items + (size_t)i * width;
        entry[width - 1] = direct_look(map, i, &entry[0]);
    }
    table_from(heap, map, entries);
    map->was_scattered = true;
    vm_map_direct_free(heap, direct);
    vm_map_sequence_free(heap, sequence);
}

static void direct_to_trees(vm_heap *heap, vm_map *map, const vm_map *from)
{
    for (uint32_t position = 0; position < map->next; position++) {
        vm_value key;
        vm_value item = direct_look(from, position, &key);
        if (!vm_map_is_hole(key)) {
            vm_map_tree_put(heap, map, position, key, item);
            vm_map_tree_index(heap, map, vm_map_hash(key), position);
        }
    }
    vm_map_direct_free(heap, from->index);
    vm_map_sequence_free(heap, from->order);
}

static void table_to_trees(vm_heap *heap, vm_map *map, const vm_map *from)
{
    map_entries *entries = from->order;
    map_table *table = from->index;
    for (uint32_t position = 0; position < map->next; position++) {
        const vm_value *entry = entries->items + (size_t)position * entries->width;
        if (!vm_map_is_hole(*entry)) {
            vm_map_tree_put(heap, map, position, entry[0], entry[entries->width - 1]);
        }
    }
    for (uint32_t i = 0; i <= table->mask; i++) {
        if (table->slots[i].place != 0) {
            vm_map_tree_index(heap, map, table->slots[i].hash, table->slots[i].place - 1);
        }
    }
    vm_map_entries_free(heap, entries);
    vm_map_table_free(heap, table);
}

// From now on versions of the map can share its nodes.
static void to_trees(vm_heap *heap, vm_map *map)
{
    if (map->form == VM_MAP_TREES) {
        return;
    }
    vm_map from = *map;
    map->form = VM_MAP_TREES;
    map->order = NULL;
    vm_map_tree_make_index(heap, map);
    if (from.form == VM_MAP_TABLE) {
        table_to_trees(heap, map, &from);
    } else {
        direct_to_trees(heap, map, &from);
    }
}

void vm_map_release(vm_heap *heap, vm_map *map, vm_map_visit visit, void *context)
{
    switch ((vm_map_form)map->form) {
    case VM_MAP_TREES:
        vm_map_tree_release(heap, map, visit, context);
        break;
    case VM_MAP_TABLE:
        vm_map_entries_visit(map->order, map->next, visit, context);
        vm_map_entries_free(heap, map->order);
        vm_map_table_free(heap, map->index);
        break;
    case VM_MAP_DIRECT: // Keys are no objects.
        vm_map_direct_visit(map->index, visit, context);
        vm_map_direct_free(heap, map->index);
        vm_map_sequence_free(heap, map->order);
        break;
    }
    map->form = VM_MAP_TREES;
    map->order = NULL;
    map->index = NULL;
}

void vm_map_freeze(vm_heap *heap, vm_map *map, vm_map_visit visit, void *context)
{
    to_trees(heap, map);
    vm_map_tree_freeze(map, visit, context);
}

// ---- whole maps ------------------------------------------------------------------------------

static vm_value container_make(vm_heap *heap, vm_tag kind)
{
    vm_map *map = vm_heap_alloc(heap, kind, sizeof(*map));
    vm_object header = map->header;
    *map = (vm_map){.header = header, .form = VM_MAP_TREES};
    return vm_of(map);
}

vm_value vm_map_make(vm_heap *heap)
{
    return container_make(heap, VM_MAP);
}

vm_value vm_set_make(vm_heap *heap)
{
    return container_make(heap, VM_SET);
}

size_t vm_map_size(const vm_map *map)
{
    return map->size;
}

bool vm_map_next(vm_map_cursor *cursor, vm_value *key, vm_value *value)
{
    const vm_map *map = cursor->map;
    if (map->form == VM_MAP_TREES) {
        return vm_map_tree_next(cursor, key, value);
    }
    if (map->form == VM_MAP_TABLE) {
        return vm_map_entries_next(map->order, map->next, &cursor->position, key, value);
    }
    while (cursor->position < map->next) {
        vm_value item = direct_look(map, (uint32_t)cursor->position++, key);
        if (!vm_map_is_hole(*key)) {
            *value = map->header.kind == VM_MAP ? item : vm_unit();
            return true;
        }
    }
    return false;
}

// A map object that only the caller holds; consumes map. Its nodes may still be shared.
static vm_map *map_own(vm_heap *heap, vm_map *map)
{
    enum { CHECKED_SIZE_MAX = 64 }; // Larger ones are left to the audits.
    BL_CHECK(!VM_IS_PARANOID || map->size > CHECKED_SIZE_MAX || vm_map_is_valid(map));
    if (vm_is_unique(&map->header)) {
        return map;
    }
    // A frozen map has been made to share its nodes before others could see it.
    BL_CHECK(map->header.count > 0 || map->form == VM_MAP_TREES);
    to_trees(heap, map);
    vm_map *own = container_make(heap, map->header.kind).map;
    own->size = map->size;
    own->next = map->next;
    own->height = map->height;
    own->order = map->order;
    own->index = map->index;
    vm_map_tree_share(own);
    vm_object_drop(heap, &map->header);
    return own;
}

// Makes room for a new key behind all others: afterwards the form is the one it is put into.
static void prepare(vm_heap *heap, vm_map *map, vm_value key)
{
    if (map->form == VM_MAP_TREES && map->index == NULL && map->next == LEAF_SIZE) {
        leave_leaf(heap, map, key);
    } else if (map->form == VM_MAP_TABLE && !map->was_scattered &&
               map->next == ((map_entries *)map->order)->capacity) {
        try_direct(heap, map, key);
    }
    if (map->form == VM_MAP_DIRECT) {
        map_direct *direct =
            vm_map_direct_reach(heap, map->index, map->order, map->next, map->size, key);
        if (direct == NULL) {
            direct_to_table(heap, map);
        } else {
            map->index = direct;
        }
    }
}

// What is known of a key after a look into a map.
typedef struct look {
    uint32_t position; // Or VM_MAP_ABSENT.
    uint32_t hash;
    bool is_hashed; // hash is filled in: the map's form needed it.
} look;

static uint32_t hash_after(look seen, vm_value key)
{
    return seen.is_hashed ? seen.hash : vm_map_hash(key);
}

// Puts a new key behind all others. The map is unique, key and value are consumed.
static void append(vm_heap *heap, vm_map *map, vm_value key, vm_value value, look seen)
{
    uint32_t position = map->next;
    prepare(heap, map, key);
    switch ((vm_map_form)map->form) {
    case VM_MAP_TREES:
        vm_map_tree_put(heap, map, position, key, value);
        if (map->index != NULL) {
            vm_map_tree_index(heap, map, hash_after(seen, key), position);
        }
        break;
    case VM_MAP_TABLE:
        map->order = vm_map_entries_add(heap, map->order, position, key, value);
        map->index = vm_map_table_add(heap, map->index, hash_after(seen, key), position);
        break;
    case VM_MAP_DIRECT:
        map->order = vm_map_direct_add(heap, map->index, map->order, position, key,
                                       map->header.kind == VM_MAP ? value : key);
        break;
    }
    map->next += 1;
    map->size += 1;
}

// More holes than entries: they would dominate a walk, and positions would run out.
static bool is_sparse(const vm_map *map)
{
    return map->next > 2 * (uint64_t)map->size + LEAF_SIZE / 2 && map->next >= LEAF_SIZE;
}

// The same entries without holes; consumes map.
static vm_map *rebuild(vm_heap *heap, vm_map *map)
{
    vm_map *dense = container_make(heap, map->header.kind).map;
    vm_map_cursor cursor = {.map = map};
    vm_value key;
    vm_value value;
    while (vm_map_next(&cursor, &key, &value)) {
        append(heap, dense, vm_dup(key), vm_dup(value), (look){0});
    }
    vm_object_drop(heap, &map->header);
    return dense;
}

static vm_value insert_new(vm_heap *heap, vm_map *map, vm_value key, vm_value value, look seen)
{
    // A full first leaf with holes is worth packing before it grows an index.
    bool is_leaf_with_holes = map->index == NULL && map->next == LEAF_SIZE && map->size < LEAF_SIZE;
    map = is_leaf_with_holes || is_sparse(map) ? rebuild(heap, map) : map_own(heap, map);
    append(heap, map, key, value, seen);
    return vm_of(map);
}

// ---- the public functions --------------------------------------------------------------------

static look find(const vm_map *map, vm_value key)
{
    look seen = {.position = VM_MAP_ABSENT};
    switch ((vm_map_form)map->form) {
    case VM_MAP_TREES:
        seen.is_hashed = map->index != NULL;
        seen.position = vm_map_tree_find(map, key, &seen.hash);
        break;
    case VM_MAP_TABLE:
        seen.is_hashed = true;
        seen.hash = vm_map_hash(key);
        seen.position = vm_map_table_find(map->index, map->order, key, seen.hash);
        break;
    case VM_MAP_DIRECT: {
        const vm_value *item = vm_map_direct_find(map->index, key);
        if (item != NULL) {
            seen.position = vm_map_direct_position(map->index, item);
        }
        break;
    }
    }
    return seen;
}

bool vm_map_is_valid(const vm_map *map)
{
    uint32_t count = 0;
    vm_map_cursor cursor = {.map = map};
    vm_value key;
    vm_value value;
    while (vm_map_next(&cursor, &key, &value)) {
        bool equals_itself = vm_map_same_key(key, key); // NaN is never found.
        if (equals_itself && find(map, key).position != cursor.position - 1) {
            return false;
        }
        count += 1;
    }
    return count == map->size && map->size <= map->next;
}

const vm_value *vm_map_get(const vm_map *map, vm_value key)
{
    if (map->form == VM_MAP_DIRECT) {
        return vm_map_direct_find(map->index, key);
    }
    uint32_t position = find(map, key).position;
    if (position == VM_MAP_ABSENT) {
        return NULL;
    }
    uint32_t width = vm_map_width(map);
    const vm_value *entry = map->form == VM_MAP_TREES
                                ? vm_map_tree_entry(map, position)
                                : vm_map_entries_at(map->order, position, width);
    return entry + (width - 1);
}

// Where the value of the key stands that find has seen at position; the map is unique.
static vm_value *value_place(vm_heap *heap, vm_map *map, uint32_t position, vm_value key)
{
    switch ((vm_map_form)map->form) {
    case VM_MAP_TREES:
        return vm_map_tree_value(heap, map, position);
    case VM_MAP_TABLE:
        return vm_map_entries_at(map->order, position, 2) + 1;
    case VM_MAP_DIRECT:
        break;
    }
    return vm_map_direct_find(map->index, key);
}

vm_value vm_map_insert(vm_heap *heap, vm_value map, vm_value key, vm_value value)
{
    assert(map.tag == VM_MAP);
    vm_value *place = NULL;
    if (map.map->form == VM_MAP_DIRECT && vm_is_unique(&map.map->header)) {
        place = vm_map_direct_find(map.map->index, key); // Spares the look at its position.
    }
    if (place == NULL) {
        look seen = find(map.map, key);
        if (seen.position == VM_MAP_ABSENT) {
            return insert_new(heap, map.map, key, value, seen);
        }
        map.map = map_own(heap, map.map);
        place = value_place(heap, map.map, seen.position, key);
    }
    vm_value old = *place;
    *place = value;
    vm_drop(heap, old);
    vm_drop(heap, key);
    return map;
}

vm_value vm_map_from(vm_heap *heap, const vm_value *parts, size_t size)
{
    vm_value map = vm_map_make(heap);
    for (size_t i = 0; i < size; i++) {
        map = vm_map_insert(heap, map, parts[2 * i], parts[2 * i + 1]);
    }
    return map;
}

vm_value vm_set_insert(vm_heap *heap, vm_value set, vm_value key)
{
    assert(set.tag == VM_SET);
    look seen = find(set.map, key);
    if (seen.position != VM_MAP_ABSENT) {
        vm_drop(heap, key);
        return set;
    }
    return insert_new(heap, set.map, key, vm_unit(), seen);
}

vm_value vm_set_from(vm_heap *heap, const vm_value *keys, size_t size)
{
    vm_value set = vm_set_make(heap);
    for (size_t i = 0; i < size; i++) {
        set = vm_set_insert(heap, set, keys[i]);
    }
    return set;
}

// Takes out the entry that find has seen; the map is unique.
static void remove_seen(vm_heap *heap, vm_map *map, vm_value wanted, look seen)
{
    vm_value key = vm_unit(); // Where the key is an Int there is none to drop.
    vm_value value;
    switch ((vm_map_form)map->form) {
    case VM_MAP_TREES:
        if (map->index != NULL) {
            seen.hash = hash_after(seen, wanted);
        }
        vm_map_tree_take(heap, map, seen.position, seen.hash, &key, &value);
        break;
    case VM_MAP_TABLE:
        vm_map_table_remove(map->index, seen.hash, seen.position);
        vm_map_entries_take(map->order, seen.position, &key, &value);
        break;
    case VM_MAP_DIRECT:
        value = vm_map_direct_take(map->index, map->order, seen.position);
        break;
    }
    map->size -= 1;
    vm_drop(heap, key);
    vm_drop(heap, value);
}

vm_value vm_map_remove(vm_heap *heap, vm_value map, vm_value key)
{
    look seen = find(map.map, key);
    if (seen.position == VM_MAP_ABSENT) {
        return map;
    }
    if (map.map->size == 1) {
        vm_value empty = container_make(heap, map.map->header.kind);
        vm_drop(heap, map);
        return empty;
    }
    vm_map *own = map_own(heap, map.map);
    remove_seen(heap, own, key, seen);
    return vm_of(own->next > 2 * (uint64_t)LEAF_SIZE + 4 * (uint64_t)own->size ? rebuild(heap, own)
                                                                               : own);
}
