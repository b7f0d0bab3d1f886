// vm/map.c: persistent maps and sets in insertion order.
//
// Every entry has a position, given in order of insertion and kept when its value is replaced.
// Two trees share the work:
//
//     order   position -> key, value    radix tree: leaves of 16 entries under branches of 32
//     index   hash -> position          hash trie: 5 bits of the hash a level, bitmap nodes
//
// A map with one version is flat instead: an array of entries and a table (map_flat.h), a cache
// line or two for a look-up. When a second version comes about (a change to a map that others hold
// too, or freezing) it becomes the two trees, which both share; linear time, once for a map.
//
// Removing leaves a hole; when holes outweigh entries the map is built anew, so that walking costs
// linear time. A map whose positions all lie in one leaf has no index: up to 16 keys are compared
// one by one, which is faster than hashing.
//
// Nodes carry counts with the meaning of those in values (count 0: immortal). Whoever reaches a
// node through links that are all unique may change it; else the path is copied, O(log n). So a map
// that nobody else holds is changed in place. The hash is keyed for each process (vm_hash): no
// input can aim at one bucket. Keys whose 32 bits are all equal share a bucket at the bottom.
#include "vm/map.h"

#include <assert.h>

#include "vm/heap.h"
#include "vm/map_flat.h"

enum {
    LEAF_BITS = 4,
    LEAF_SIZE = 1 << LEAF_BITS,
    BRANCH_BITS = 5,
    BRANCH_SIZE = 1 << BRANCH_BITS,
    INDEX_BITS = 5,
    BUCKET_SHIFT = 35, // Levels 0, 5, … 30 consume all 32 bits; below them stand buckets.
    HEIGHT_MAX = 7,    // 16 * 32^6 > 2^32.
    DEPTH_MAX = 8,
    INDEX_SLOTS_MIN = 4,
    FLAT_SLOTS_MIN = 64,
    FLAT_ENTRIES_MIN = 32,
};

#define ABSENT UINT32_MAX

typedef struct order_leaf {
    int32_t count;
    uint16_t live;    // Bit i: entry i is there.
    uint8_t capacity; // Entries there is room for: 2, 4, 8 or 16.
    uint8_t width;    // Values an entry has: 2 in maps, 1 in sets.
    vm_value items[];
} order_leaf;

typedef struct order_branch {
    int32_t count;
    uint32_t used; // Children that are not NULL.
    void *children[BRANCH_SIZE];
} order_branch;

typedef union index_slot {
    struct index_node *child;
    struct {
        uint32_t position;
        uint32_t hash;
    };
} index_slot;

_Static_assert(sizeof(index_slot) == 8, "a slot is one machine word");

// In a bucket present is just the number of slots, and they stand in any order.
typedef struct index_node {
    int32_t count;
    uint32_t capacity; // Slots there is room for.
    uint32_t present;  // Bit i: there is a slot for hash bits i.
    uint32_t branches; // Bit i: and it is a child.
    index_slot slots[];
} index_node;

// ---- counts and sizes of nodes ---------------------------------------------------------------

static size_t leaf_bytes(const order_leaf *leaf)
{
    return sizeof(order_leaf) + (size_t)leaf->capacity * leaf->width * sizeof(vm_value);
}

static size_t index_bytes(uint32_t capacity)
{
    return sizeof(index_node) + capacity * sizeof(index_slot);
}

static void node_dup(void *node)
{
    int32_t *count = node;
    assert(*count >= 0);
    if (*count > 0) {
        *count += 1;
    }
}

// Gives up one count of a node that others hold too: one look at it has been copied.
static void node_leave(void *node)
{
    int32_t *count = node;
    assert(*count != 1);
    if (*count > 0) {
        *count -= 1;
    }
}

// True if that was the last count: the caller must free the node.
static bool node_drop(void *node)
{
    int32_t *count = node;
    assert(*count >= 0);
    if (*count == 1) {
        return true;
    }
    node_leave(node);
    return false;
}

// Without the machine's instruction the compiler's builtin is a call.
static inline uint32_t count_bits(uint32_t word)
{
    word -= word >> 1 & 0x55555555;
    word = (word & 0x33333333) + (word >> 2 & 0x33333333);
    word = (word + (word >> 4)) & 0x0F0F0F0F;
    return word * 0x01010101 >> 24;
}

static uint32_t slot_count(const index_node *node, uint32_t shift)
{
    return shift >= BUCKET_SHIFT ? node->present : count_bits(node->present);
}

static bool slot_is_child(const index_node *node, uint32_t shift, uint32_t bit)
{
    return shift < BUCKET_SHIFT && (node->branches & bit) != 0;
}

static uint32_t hash_bit(uint32_t hash, uint32_t shift)
{
    return 1u << ((hash >> shift) & ((1u << INDEX_BITS) - 1));
}

static uint32_t slot_at(const index_node *node, uint32_t bit)
{
    return count_bits(node->present & (bit - 1));
}

static uint32_t hash_of(vm_value key)
{
    uint64_t hash = vm_hash(key);
    return (uint32_t)(hash ^ hash >> 32);
}

static inline bool same_key(vm_value a, vm_value b)
{
    if (a.tag == VM_STRING && b.tag == VM_STRING) {
        return bl_slice_equal(vm_text(a), vm_text(b));
    }
    if ((a.tag | b.tag) == VM_INT) {
        return a.integer == b.integer;
    }
    return vm_equal(a, b);
}

// ---- order: reading --------------------------------------------------------------------------

static uint32_t level_shift(uint32_t level)
{
    assert(level >= 1);
    return LEAF_BITS + (level - 1) * BRANCH_BITS;
}

static uint32_t child_at(uint64_t position, uint32_t level)
{
    return (uint32_t)(position >> level_shift(level)) & (BRANCH_SIZE - 1);
}

// The leaf of *position; NULL if there is none: then *position moves to where the next may begin.
static const order_leaf *seek_leaf(const vm_map *map, uint64_t *position)
{
    const void *node = map->order;
    for (uint32_t level = map->height; level > 0; level--) {
        node = ((const order_branch *)node)->children[child_at(*position, level)];
        if (node == NULL) {
            uint32_t shift = level_shift(level);
            *position = ((*position >> shift) + 1) << shift;
            return NULL;
        }
    }
    return node;
}

static const vm_value *entry_at(const vm_map *map, uint32_t position)
{
    if (map->is_flat) {
        const map_entries *entries = map->order;
        return entries->items + (size_t)position * entries->width;
    }
    uint64_t wanted = position;
    const order_leaf *leaf = seek_leaf(map, &wanted);
    BL_CHECK(leaf != NULL);
    return leaf->items + (size_t)(position & (LEAF_SIZE - 1)) * leaf->width;
}

// ---- index: reading --------------------------------------------------------------------------

static uint32_t find_in_bucket(const vm_map *map, const index_node *node, vm_value key,
                               uint32_t hash)
{
    for (uint32_t i = 0; i < node->present; i++) {
        if (node->slots[i].hash == hash && same_key(*entry_at(map, node->slots[i].position), key)) {
            return node->slots[i].position;
        }
    }
    return ABSENT;
}

static uint32_t find_in_index(const vm_map *map, vm_value key, uint32_t hash)
{
    const index_node *node = map->index;
    for (uint32_t shift = 0; shift < BUCKET_SHIFT; shift += INDEX_BITS) {
        uint32_t bit = hash_bit(hash, shift);
        if ((node->present & bit) == 0) {
            return ABSENT;
        }
        const index_slot *slot = &node->slots[slot_at(node, bit)];
        if ((node->branches & bit) == 0) {
            bool found = slot->hash == hash && same_key(*entry_at(map, slot->position), key);
            return found ? slot->position : ABSENT;
        }
        node = slot->child;
    }
    return find_in_bucket(map, node, key, hash);
}

static uint32_t find_in_table(const vm_map *map, vm_value key, uint32_t hash)
{
    const map_table *table = map->index;
    for (uint32_t at = hash & table->mask; table->slots[at].place != 0;
         at = (at + 1) & table->mask) {
        uint32_t position = table->slots[at].place - 1;
        if (table->slots[at].hash == hash && same_key(*entry_at(map, position), key)) {
            return position;
        }
    }
    return ABSENT;
}

static uint32_t find_in_leaf(const order_leaf *leaf, vm_value key)
{
    for (uint32_t rest = leaf->live; rest != 0; rest &= rest - 1) {
        uint32_t i = (uint32_t)__builtin_ctz(rest);
        if (same_key(leaf->items[(size_t)i * leaf->width], key)) {
            return i;
        }
    }
    return ABSENT;
}

// *hash: filled in if the map has an index.
static uint32_t find(const vm_map *map, vm_value key, uint32_t *hash)
{
    if (map->index != NULL) {
        *hash = hash_of(key);
        return map->is_flat ? find_in_table(map, key, *hash) : find_in_index(map, key, *hash);
    }
    return map->order == NULL ? ABSENT : find_in_leaf(map->order, key);
}

// ---- order: changing -------------------------------------------------------------------------

static order_leaf *leaf_make(vm_heap *heap, uint32_t capacity, uint32_t width)
{
    size_t size = sizeof(order_leaf) + (size_t)capacity * width * sizeof(vm_value);
    order_leaf *leaf = vm_heap_alloc_raw(heap, size);
    leaf->count = 1;
    leaf->live = 0;
    leaf->capacity = (uint8_t)capacity;
    leaf->width = (uint8_t)width;
    return leaf;
}

// Copies the live entries; counts are the caller's matter.
static void leaf_copy_items(order_leaf *to, const order_leaf *from)
{
    for (uint32_t rest = from->live; rest != 0; rest &= rest - 1) {
        size_t i = (size_t)__builtin_ctz(rest) * from->width;
        to->items[i] = from->items[i];
        if (from->width == 2) {
            to->items[i + 1] = from->items[i + 1];
        }
    }
    to->live = from->live;
}

static void leaf_dup_items(const order_leaf *leaf)
{
    for (uint32_t rest = leaf->live; rest != 0; rest &= rest - 1) {
        size_t i = (size_t)__builtin_ctz(rest) * leaf->width;
        vm_dup(leaf->items[i]);
        if (leaf->width == 2) {
            vm_dup(leaf->items[i + 1]);
        }
    }
}

static uint32_t leaf_capacity_for(uint32_t entries)
{
    uint32_t capacity = 2;
    while (capacity < entries) {
        capacity *= 2;
    }
    return capacity;
}

// A leaf that is the caller's alone and has room for `entries`; consumes one count of leaf, which
// may be NULL.
static order_leaf *leaf_own(vm_heap *heap, order_leaf *leaf, uint32_t entries, uint32_t width)
{
    if (leaf == NULL) {
        return leaf_make(heap, leaf_capacity_for(entries), width);
    }
    if (leaf->count == 1 && leaf->capacity >= entries) {
        return leaf;
    }
    uint32_t capacity = leaf->capacity >= entries ? leaf->capacity : leaf_capacity_for(entries);
    order_leaf *own = leaf_make(heap, capacity, width);
    leaf_copy_items(own, leaf);
    if (leaf->count == 1) {
        vm_heap_free_raw(heap, leaf, leaf_bytes(leaf));
    } else {
        leaf_dup_items(own);
        node_leave(leaf);
    }
    return own;
}

static order_branch *branch_make(vm_heap *heap)
{
    order_branch *branch = vm_heap_alloc_raw(heap, sizeof(*branch));
    memset(branch, 0, sizeof(*branch));
    branch->count = 1;
    return branch;
}

// Like leaf_own.
static order_branch *branch_own(vm_heap *heap, order_branch *branch)
{
    if (branch == NULL) {
        return branch_make(heap);
    }
    if (branch->count == 1) {
        return branch;
    }
    order_branch *own = vm_heap_alloc_raw(heap, sizeof(*own));
    *own = *branch;
    own->count = 1;
    for (uint32_t i = 0; i < BRANCH_SIZE; i++) {
        if (own->children[i] != NULL) {
            node_dup(own->children[i]);
        }
    }
    node_leave(branch);
    return own;
}

static uint64_t order_room(const vm_map *map)
{
    return (uint64_t)LEAF_SIZE << (map->height * BRANCH_BITS);
}

static void order_grow(vm_heap *heap, vm_map *map)
{
    order_branch *root = branch_make(heap);
    root->children[0] = map->order;
    root->used = map->order != NULL ? 1 : 0;
    map->order = root;
    map->height += 1;
    assert(map->height < HEIGHT_MAX);
}

static uint32_t map_width(const vm_map *map)
{
    return map->header.kind == VM_MAP ? 2 : 1;
}

// The leaf of position, changeable and with room for it; made if absent.
static order_leaf *order_edit(vm_heap *heap, vm_map *map, uint32_t position)
{
    void **link = &map->order;
    for (uint32_t level = map->height; level > 0; level--) {
        order_branch *branch = branch_own(heap, *link);
        *link = branch;
        link = &branch->children[child_at(position, level)];
        branch->used += *link == NULL;
        if (*link == NULL && level > 1) {
            *link = branch_make(heap);
        }
    }
    *link = leaf_own(heap, *link, (position & (LEAF_SIZE - 1)) + 1, map_width(map));
    return *link;
}

// Takes away the empty leaf of position, and the branches that become empty by it. The path to it
// has just been made unique by order_edit.
static void order_prune(vm_heap *heap, vm_map *map, uint32_t position)
{
    void **links[HEIGHT_MAX + 1];
    links[map->height] = &map->order;
    for (uint32_t level = map->height; level > 0; level--) {
        order_branch *branch = *links[level];
        links[level - 1] = &branch->children[child_at(position, level)];
    }
    order_leaf *leaf = *links[0];
    assert(leaf->live == 0);
    vm_heap_free_raw(heap, leaf, leaf_bytes(leaf));
    *links[0] = NULL;
    for (uint32_t level = 1; level <= map->height; level++) {
        order_branch *branch = *links[level];
        branch->used -= 1;
        if (branch->used != 0) {
            return;
        }
        vm_heap_free_raw(heap, branch, sizeof(*branch));
        *links[level] = NULL;
    }
}

// ---- index: changing -------------------------------------------------------------------------

static index_node *index_make(vm_heap *heap, uint32_t capacity)
{
    index_node *node = vm_heap_alloc_raw(heap, index_bytes(capacity));
    node->count = 1;
    node->capacity = capacity;
    node->present = 0;
    node->branches = 0;
    return node;
}

static void index_dup_children(const index_node *node)
{
    for (uint32_t rest = node->branches; rest != 0; rest &= rest - 1) {
        node_dup(node->slots[slot_at(node, rest & -rest)].child);
    }
}

// A node that is the caller's alone and has room for extra more slots; consumes one count of node.
static index_node *index_own(vm_heap *heap, index_node *node, uint32_t shift, uint32_t extra)
{
    uint32_t slots = slot_count(node, shift);
    if (node->count == 1 && node->capacity >= slots + extra) {
        return node;
    }
    uint32_t capacity = node->capacity;
    while (capacity < slots + extra) {
        capacity += capacity < BRANCH_SIZE ? INDEX_SLOTS_MIN : capacity;
    }
    index_node *own = index_make(heap, capacity);
    own->present = node->present;
    own->branches = node->branches;
    memcpy(own->slots, node->slots, slots * sizeof(index_slot));
    if (node->count == 1) {
        vm_heap_free_raw(heap, node, index_bytes(node->capacity));
    } else {
        index_dup_children(own);
        node_leave(node);
    }
    return own;
}

// The node is unique and has room.
static void slot_insert(index_node *node, uint32_t shift, uint32_t bit, index_slot slot)
{
    if (shift >= BUCKET_SHIFT) {
        node->slots[node->present++] = slot;
        return;
    }
    uint32_t at = slot_at(node, bit);
    uint32_t slots = slot_count(node, shift);
    assert(slots < node->capacity);
    memmove(&node->slots[at + 1], &node->slots[at], (slots - at) * sizeof(index_slot));
    node->slots[at] = slot;
    node->present |= bit;
}

static void slot_remove(index_node *node, uint32_t shift, uint32_t bit, uint32_t at)
{
    uint32_t slots = slot_count(node, shift);
    memmove(&node->slots[at], &node->slots[at + 1], (slots - at - 1) * sizeof(index_slot));
    if (shift >= BUCKET_SHIFT) {
        node->present -= 1;
    } else {
        node->present &= ~bit;
        node->branches &= ~bit;
    }
}

// Moves the entry in the node's slot `at` one level down, to make room for a neighbour.
static void slot_push_down(vm_heap *heap, index_node *node, uint32_t shift, uint32_t bit,
                           uint32_t at)
{
    index_slot entry = node->slots[at];
    uint32_t below = shift + INDEX_BITS;
    index_node *child = index_make(heap, INDEX_SLOTS_MIN);
    slot_insert(child, below, below < BUCKET_SHIFT ? hash_bit(entry.hash, below) : 0, entry);
    node->slots[at].child = child;
    node->branches |= bit;
}

static void trie_add(vm_heap *heap, vm_map *map, uint32_t hash, uint32_t position)
{
    index_slot entry = {.position = position, .hash = hash};
    index_node *node = index_own(heap, map->index, 0, 1);
    map->index = node;
    for (uint32_t shift = 0; shift < BUCKET_SHIFT;) {
        uint32_t bit = hash_bit(hash, shift);
        if ((node->present & bit) == 0) {
            slot_insert(node, shift, bit, entry);
            return;
        }
        uint32_t at = slot_at(node, bit);
        if ((node->branches & bit) == 0) {
            slot_push_down(heap, node, shift, bit, at);
        }
        shift += INDEX_BITS;
        index_node *child = index_own(heap, node->slots[at].child, shift, 1);
        node->slots[at].child = child;
        node = child;
    }
    slot_insert(node, BUCKET_SHIFT, 0, entry);
}

static uint32_t bucket_slot(const index_node *node, uint32_t position)
{
    uint32_t at = 0;
    while (node->slots[at].position != position) {
        at += 1;
        BL_CHECK(at < node->present);
    }
    return at;
}

// The entry is there. Nodes that become empty are given back, but for the root.
static void trie_remove(vm_heap *heap, vm_map *map, uint32_t hash, uint32_t position)
{
    index_node *path[DEPTH_MAX];
    uint32_t depth = 0;
    uint32_t shift = 0;
    index_node *node = index_own(heap, map->index, 0, 0);
    map->index = node;
    path[0] = node;
    while (shift < BUCKET_SHIFT && slot_is_child(node, shift, hash_bit(hash, shift))) {
        uint32_t at = slot_at(node, hash_bit(hash, shift));
        shift += INDEX_BITS;
        node->slots[at].child = index_own(heap, node->slots[at].child, shift, 0);
        node = node->slots[at].child;
        path[++depth] = node;
    }
    if (shift >= BUCKET_SHIFT) {
        slot_remove(node, shift, 0, bucket_slot(node, position));
    } else {
        uint32_t bit = hash_bit(hash, shift);
        slot_remove(node, shift, bit, slot_at(node, bit));
    }
    while (depth > 0 && path[depth]->present == 0) {
        vm_heap_free_raw(heap, path[depth], index_bytes(path[depth]->capacity));
        depth -= 1;
        shift -= INDEX_BITS;
        uint32_t bit = hash_bit(hash, shift);
        slot_remove(path[depth], shift, bit, slot_at(path[depth], bit));
    }
}

// ---- flat maps -------------------------------------------------------------------------------

// Entry i of the caller's own leaf; moves key and value.
static void leaf_set(order_leaf *leaf, uint32_t i, vm_value key, vm_value value)
{
    leaf->items[(size_t)i * leaf->width] = key;
    if (leaf->width == 2) {
        leaf->items[(size_t)i * 2 + 1] = value;
    }
    leaf->live = (uint16_t)(leaf->live | 1u << i);
}

// A full first leaf becomes an array with a table; the map is unique.
static void flatten(vm_heap *heap, vm_map *map)
{
    order_leaf *leaf = leaf_own(heap, map->order, LEAF_SIZE, map_width(map));
    map_entries *entries = vm_map_entries_make(heap, FLAT_ENTRIES_MIN, leaf->width);
    map_table *table = vm_map_table_make(heap, FLAT_SLOTS_MIN);
    for (uint32_t i = 0; i < map->next; i++) {
        vm_value *place = entries->items + (size_t)i * leaf->width;
        if ((leaf->live >> i & 1) == 0) {
            *place = vm_map_hole();
            continue;
        }
        memcpy(place, leaf->items + (size_t)i * leaf->width, leaf->width * sizeof(vm_value));
        table = vm_map_table_add(heap, table, hash_of(*place), i);
    }
    vm_heap_free_raw(heap, leaf, leaf_bytes(leaf));
    map->order = entries;
    map->index = table;
    map->is_flat = true;
}

// From now on versions of the map can share its nodes.
static void unflatten(vm_heap *heap, vm_map *map)
{
    if (!map->is_flat) {
        return;
    }
    map_entries *entries = map->order;
    map_table *table = map->index;
    map->is_flat = false;
    map->order = NULL;
    map->index = index_make(heap, BRANCH_SIZE);
    for (uint32_t position = 0; position < map->next; position++) {
        const vm_value *entry = entries->items + (size_t)position * entries->width;
        while (position >= order_room(map)) {
            order_grow(heap, map);
        }
        if (!vm_map_is_hole(*entry)) {
            order_leaf *leaf = order_edit(heap, map, position);
            leaf_set(leaf, position & (LEAF_SIZE - 1), entry[0],
                     leaf->width == 2 ? entry[1] : vm_unit());
        }
    }
    for (uint32_t i = 0; i <= table->mask; i++) {
        if (table->slots[i].place != 0) {
            trie_add(heap, map, table->slots[i].hash, table->slots[i].place - 1);
        }
    }
    vm_map_entries_free(heap, entries);
    vm_map_table_free(heap, table);
}

// ---- giving back and freezing ----------------------------------------------------------------

static void visit_leaf(const order_leaf *leaf, vm_map_visit visit, void *context)
{
    for (uint32_t rest = leaf->live; rest != 0; rest &= rest - 1) {
        size_t i = (size_t)__builtin_ctz(rest) * leaf->width;
        visit(context, leaf->items[i]);
        if (leaf->width == 2) {
            visit(context, leaf->items[i + 1]);
        }
    }
}

// Depth: the height of the tree, at most HEIGHT_MAX.
static void release_order(vm_heap *heap, void *node, uint32_t level, vm_map_visit visit,
                          void *context)
{
    if (node == NULL || !node_drop(node)) {
        return;
    }
    if (level == 0) {
        visit_leaf(node, visit, context);
        vm_heap_free_raw(heap, node, leaf_bytes(node));
        return;
    }
    order_branch *branch = node;
    for (uint32_t i = 0; i < BRANCH_SIZE; i++) {
        release_order(heap, branch->children[i], level - 1, visit, context);
    }
    vm_heap_free_raw(heap, branch, sizeof(*branch));
}

// Depth: at most DEPTH_MAX.
static void release_index(vm_heap *heap, index_node *node, uint32_t shift)
{
    if (!node_drop(node)) {
        return;
    }
    if (shift < BUCKET_SHIFT) {
        for (uint32_t rest = node->branches; rest != 0; rest &= rest - 1) {
            release_index(heap, node->slots[slot_at(node, rest & -rest)].child, shift + INDEX_BITS);
        }
    }
    vm_heap_free_raw(heap, node, index_bytes(node->capacity));
}

void vm_map_release(vm_heap *heap, vm_map *map, vm_map_visit visit, void *context)
{
    if (map->is_flat) {
        vm_map_entries_visit(map->order, map->next, visit, context);
        vm_map_entries_free(heap, map->order);
        vm_map_table_free(heap, map->index);
        map->is_flat = false;
    } else {
        release_order(heap, map->order, map->height, visit, context);
        if (map->index != NULL) {
            release_index(heap, map->index, 0);
        }
    }
    map->order = NULL;
    map->index = NULL;
}

static void freeze_order(void *node, uint32_t level, vm_map_visit visit, void *context)
{
    int32_t *count = node;
    if (node == NULL || *count == 0) {
        return;
    }
    *count = 0;
    if (level == 0) {
        visit_leaf(node, visit, context);
        return;
    }
    order_branch *branch = node;
    for (uint32_t i = 0; i < BRANCH_SIZE; i++) {
        freeze_order(branch->children[i], level - 1, visit, context);
    }
}

static void freeze_index(index_node *node, uint32_t shift)
{
    if (node->count == 0) {
        return;
    }
    node->count = 0;
    if (shift >= BUCKET_SHIFT) {
        return;
    }
    for (uint32_t rest = node->branches; rest != 0; rest &= rest - 1) {
        freeze_index(node->slots[slot_at(node, rest & -rest)].child, shift + INDEX_BITS);
    }
}

void vm_map_freeze(vm_heap *heap, vm_map *map, vm_map_visit visit, void *context)
{
    unflatten(heap, map);
    freeze_order(map->order, map->height, visit, context);
    if (map->index != NULL) {
        freeze_index(map->index, 0);
    }
}

// ---- whole maps ------------------------------------------------------------------------------

static vm_value container_make(vm_heap *heap, vm_tag kind)
{
    vm_map *map = vm_heap_alloc(heap, kind, sizeof(*map));
    map->size = 0;
    map->next = 0;
    map->height = 0;
    map->is_flat = false;
    map->order = NULL;
    map->index = NULL;
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

// A map object that only the caller holds; consumes map. Its nodes may still be shared.
static vm_map *map_own(vm_heap *heap, vm_map *map)
{
    if (vm_is_unique(&map->header)) {
        return map;
    }
    // A frozen map has been made to share its nodes before others could see it.
    BL_CHECK(map->header.count > 0 || !map->is_flat);
    unflatten(heap, map);
    vm_map *own = container_make(heap, map->header.kind).map;
    own->size = map->size;
    own->next = map->next;
    own->height = map->height;
    own->order = map->order;
    own->index = map->index;
    if (own->order != NULL) {
        node_dup(own->order);
    }
    if (own->index != NULL) {
        node_dup(own->index);
    }
    vm_object_drop(heap, &map->header);
    return own;
}

// Puts a new key behind all others. The map is unique, key and value are consumed; hash counts
// only if the map has an index.
static void append(vm_heap *heap, vm_map *map, vm_value key, vm_value value, uint32_t hash)
{
    uint32_t position = map->next;
    if (map->index == NULL && position == LEAF_SIZE) {
        flatten(heap, map);
        hash = hash_of(key);
    }
    if (map->is_flat) {
        map->order = vm_map_entries_add(heap, map->order, position, key, value);
        map->index = vm_map_table_add(heap, map->index, hash, position);
    } else {
        if (position >= order_room(map)) {
            order_grow(heap, map);
        }
        leaf_set(order_edit(heap, map, position), position & (LEAF_SIZE - 1), key, value);
        if (map->index != NULL) {
            trie_add(heap, map, hash, position);
        }
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
        uint32_t hash = dense->index != NULL ? hash_of(key) : 0;
        append(heap, dense, vm_dup(key), vm_dup(value), hash);
    }
    vm_object_drop(heap, &map->header);
    return dense;
}

static vm_value insert_new(vm_heap *heap, vm_map *map, vm_value key, vm_value value, uint32_t hash)
{
    // A full first leaf with holes is worth packing before it grows an index.
    bool is_leaf_with_holes = map->index == NULL && map->next == LEAF_SIZE && map->size < LEAF_SIZE;
    map = is_leaf_with_holes || is_sparse(map) ? rebuild(heap, map) : map_own(heap, map);
    append(heap, map, key, value, hash);
    return vm_of(map);
}

// ---- the public functions --------------------------------------------------------------------

const vm_value *vm_map_get(const vm_map *map, vm_value key)
{
    uint32_t hash = 0;
    uint32_t position = find(map, key, &hash);
    if (position == ABSENT) {
        return NULL;
    }
    const vm_value *entry = entry_at(map, position);
    return map->header.kind == VM_MAP ? entry + 1 : entry;
}

// Where the value of that entry stands; the map is unique.
static vm_value *value_place(vm_heap *heap, vm_map *map, uint32_t position)
{
    if (map->is_flat) {
        return ((map_entries *)map->order)->items + (size_t)position * 2 + 1;
    }
    order_leaf *leaf = order_edit(heap, map, position);
    return &leaf->items[(size_t)(position & (LEAF_SIZE - 1)) * 2 + 1];
}

vm_value vm_map_insert(vm_heap *heap, vm_value map, vm_value key, vm_value value)
{
    assert(map.tag == VM_MAP);
    uint32_t hash = 0;
    uint32_t position = find(map.map, key, &hash);
    if (position == ABSENT) {
        return insert_new(heap, map.map, key, value, hash);
    }
    vm_map *own = map_own(heap, map.map);
    vm_value *place = value_place(heap, own, position);
    vm_value old = *place;
    *place = value;
    vm_drop(heap, old);
    vm_drop(heap, key);
    return vm_of(own);
}

vm_value vm_set_insert(vm_heap *heap, vm_value set, vm_value key)
{
    assert(set.tag == VM_SET);
    uint32_t hash = 0;
    if (find(set.map, key, &hash) != ABSENT) {
        vm_drop(heap, key);
        return set;
    }
    return insert_new(heap, set.map, key, vm_unit(), hash);
}

// Takes the entry at position out of the trees and gives it to the caller.
static void tree_remove(vm_heap *heap, vm_map *map, uint32_t position, uint32_t hash, vm_value *key,
                        vm_value *value)
{
    if (map->index != NULL) {
        trie_remove(heap, map, hash, position);
    }
    order_leaf *leaf = order_edit(heap, map, position);
    uint32_t i = position & (LEAF_SIZE - 1);
    *key = leaf->items[(size_t)i * leaf->width];
    *value = leaf->width == 2 ? leaf->items[(size_t)i * 2 + 1] : vm_unit();
    leaf->live = (uint16_t)(leaf->live & ~(1u << i));
    if (leaf->live == 0) {
        order_prune(heap, map, position);
    }
}

// Takes out the entry at position; the map is unique.
static void remove_at(vm_heap *heap, vm_map *map, uint32_t position, uint32_t hash)
{
    vm_value key;
    vm_value value;
    if (map->is_flat) {
        vm_map_table_remove(map->index, hash, position);
        vm_map_entries_take(map->order, position, &key, &value);
    } else {
        tree_remove(heap, map, position, hash, &key, &value);
    }
    map->size -= 1;
    vm_drop(heap, key);
    vm_drop(heap, value);
}

vm_value vm_map_remove(vm_heap *heap, vm_value map, vm_value key)
{
    uint32_t hash = 0;
    uint32_t position = find(map.map, key, &hash);
    if (position == ABSENT) {
        return map;
    }
    if (map.map->size == 1) {
        vm_value empty = container_make(heap, map.map->header.kind);
        vm_drop(heap, map);
        return empty;
    }
    vm_map *own = map_own(heap, map.map);
    remove_at(heap, own, position, hash);
    return vm_of(own->next > 2 * (uint64_t)LEAF_SIZE + 4 * (uint64_t)own->size ? rebuild(heap, own)
                                                                               : own);
}

bool vm_map_next(vm_map_cursor *cursor, vm_value *key, vm_value *value)
{
    const vm_map *map = cursor->map;
    uint64_t position = cursor->position;
    if (map->is_flat) {
        return vm_map_entries_next(map->order, map->next, &cursor->position, key, value);
    }
    while (position < map->next) {
        const order_leaf *leaf = seek_leaf(map, &position);
        if (leaf == NULL) {
            continue;
        }
        uint32_t first = (uint32_t)position & (LEAF_SIZE - 1);
        uint32_t rest = (uint32_t)leaf->live >> first;
        if (rest == 0) {
            position = (position | (LEAF_SIZE - 1)) + 1;
            continue;
        }
        position += (uint32_t)__builtin_ctz(rest);
        const vm_value *entry = leaf->items + (position & (LEAF_SIZE - 1)) * leaf->width;
        *key = entry[0];
        *value = leaf->width == 2 ? entry[1] : vm_unit();
        cursor->position = position + 1;
        return true;
    }
    cursor->position = position;
    return false;
}
