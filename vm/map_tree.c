// vm/map_tree.c: the persistent form of maps: two trees that versions of a map share.
//
//     order   position -> key, value    radix tree: leaves of 16 entries under branches of 32
//     index   hash -> position          hash trie: 5 bits of the hash a level, bitmap nodes
//
// Removing leaves a hole in the order. A map whose positions all lie in one leaf has no index: up
// to 16 keys are compared one by one, which is faster than hashing.
//
// Nodes carry counts with the meaning of those in values (count 0: immortal). Whoever reaches a
// node through links that are all unique may change it; else the path is copied, O(log n). So a map
// that nobody else holds is changed in place. Keys whose 32 bits are all equal share a bucket at
// the bottom.
#include "vm/map_tree.h"

#include <assert.h>

#include "vm/heap.h"

enum {
    LEAF_BITS = 4,
    LEAF_SIZE = VM_MAP_LEAF_SIZE,
    BRANCH_BITS = 5,
    BRANCH_SIZE = 1 << BRANCH_BITS,
    INDEX_BITS = 5,
    BUCKET_SHIFT = 35, // Levels 0, 5, … 30 consume all 32 bits; below them stand buckets.
    HEIGHT_MAX = 7,    // 16 * 32^6 > 2^32.
    DEPTH_MAX = 8,
    INDEX_SLOTS_MIN = 4,
};

_Static_assert(LEAF_SIZE == 1 << LEAF_BITS, "the low bits of a position");

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

const vm_value *vm_map_tree_entry(const vm_map *map, uint32_t position)
{
    uint64_t wanted = position;
    const order_leaf *leaf = seek_leaf(map, &wanted);
    BL_CHECK(leaf != NULL);
    return leaf->items + (size_t)(position & (LEAF_SIZE - 1)) * leaf->width;
}

bool vm_map_tree_next(vm_map_cursor *cursor, vm_value *key, vm_value *value)
{
    const vm_map *map = cursor->map;
    uint64_t position = cursor->position;
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

// ---- index: reading --------------------------------------------------------------------------

static uint32_t find_in_bucket(const vm_map *map, const index_node *node, vm_value key,
                               uint32_t hash)
{
    for (uint32_t i = 0; i < node->present; i++) {
        if (node->slots[i].hash == hash &&
            vm_map_same_key(*vm_map_tree_entry(map, node->slots[i].position), key)) {
            return node->slots[i].position;
        }
    }
    return VM_MAP_ABSENT;
}

static uint32_t find_in_index(const vm_map *map, vm_value key, uint32_t hash)
{
    const index_node *node = map->index;
    for (uint32_t shift = 0; shift < BUCKET_SHIFT; shift += INDEX_BITS) {
        uint32_t bit = hash_bit(hash, shift);
        if ((node->present & bit) == 0) {
            return VM_MAP_ABSENT;
        }
        const index_slot *slot = &node->slots[slot_at(node, bit)];
        if ((node->branches & bit) == 0) {
            bool found =
                slot->hash == hash && vm_map_same_key(*vm_map_tree_entry(map, slot->position), key);
            return found ? slot->position : VM_MAP_ABSENT;
        }
        node = slot->child;
    }
    return find_in_bucket(map, node, key, hash);
}
static uint32_t find_in_leaf(const order_leaf *leaf, vm_value key)
{
    for (uint32_t rest = leaf->live; rest != 0; rest &= rest - 1) {
        uint32_t i = (uint32_t)__builtin_ctz(rest);
        if (vm_map_same_key(leaf->items[(size_t)i * leaf->width], key)) {
            return i;
        }
    }
    return VM_MAP_ABSENT;
}

uint32_t vm_map_tree_find(const vm_map *map, vm_value key, uint32_t *hash)
{
    if (map->index != NULL) {
        *hash = vm_map_hash(key);
        return find_in_index(map, key, *hash);
    }
    return map->order == NULL ? VM_MAP_ABSENT : find_in_leaf(map->order, key);
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
    *link = leaf_own(heap, *link, (position & (LEAF_SIZE - 1)) + 1, vm_map_width(map));
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

void vm_map_tree_index(vm_heap *heap, vm_map *map, uint32_t hash, uint32_t position)
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

// ---- entries ----------------------------------------------------------------------------------

// Entry i of the caller's own leaf; moves key and value.
static void leaf_set(order_leaf *leaf, uint32_t i, vm_value key, vm_value value)
{
    leaf->items[(size_t)i * leaf->width] = key;
    if (leaf->width == 2) {
        leaf->items[(size_t)i * 2 + 1] = value;
    }
    leaf->live = (uint16_t)(leaf->live | 1u << i);
}

void vm_map_tree_put(vm_heap *heap, vm_map *map, uint32_t position, vm_value key, vm_value value)
{
    while (position >= order_room(map)) {
        order_grow(heap, map);
    }
    leaf_set(order_edit(heap, map, position), position & (LEAF_SIZE - 1), key, value);
}

void vm_map_tree_make_index(vm_heap *heap, vm_map *map)
{
    map->index = index_make(heap, BRANCH_SIZE);
}

vm_value *vm_map_tree_value(vm_heap *heap, vm_map *map, uint32_t position)
{
    order_leaf *leaf = order_edit(heap, map, position);
    return &leaf->items[(size_t)(position & (LEAF_SIZE - 1)) * 2 + 1];
}

void vm_map_tree_take(vm_heap *heap, vm_map *map, uint32_t position, uint32_t hash, vm_value *key,
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

void vm_map_tree_take_leaf(vm_heap *heap, vm_map *map, vm_value *items)
{
    order_leaf *leaf = leaf_own(heap, map->order, LEAF_SIZE, vm_map_width(map));
    for (size_t i = 0; i < LEAF_SIZE; i++) {
        if ((leaf->live >> i & 1) == 0) {
            items[i * leaf->width] = vm_map_hole();
            continue;
        }
        memcpy(items + i * leaf->width, leaf->items + i * leaf->width,
               leaf->width * sizeof(vm_value));
    }
    vm_heap_free_raw(heap, leaf, leaf_bytes(leaf));
    map->order = NULL;
}

// ---- sharing, giving back, freezing
// ----------------------------------------------------------------

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
void vm_map_tree_share(const vm_map *map)
{
    if (map->order != NULL) {
        node_dup(map->order);
    }
    if (map->index != NULL) {
        node_dup(map->index);
    }
}

void vm_map_tree_release(vm_heap *heap, vm_map *map, vm_map_visit visit, void *context)
{
    release_order(heap, map->order, map->height, visit, context);
    if (map->index != NULL) {
        release_index(heap, map->index, 0);
    }
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

void vm_map_tree_freeze(vm_map *map, vm_map_visit visit, void *context)
{
    freeze_order(map->order, map->height, visit, context);
    if (map->index != NULL) {
        freeze_index(map->index, 0);
    }
}
