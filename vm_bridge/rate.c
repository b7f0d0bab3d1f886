// vm_bridge/rate.c: see rate.h for the design.
//
// A part is a hash table whose size is a power of two, with chains of entries from a pool and a
// list in order of use. Two ways to count:
//   window   N requests; filled up to N again when a second has passed since the last filling
//   bucket   a capacity, refilled continuously
#include "vm_bridge/rate.h"

#include "vm_bridge/limits.h"

#include <pthread.h>

enum {
    PART_COUNT = 16,
    SLOT_COUNT = 4096,
    ENTRIES_MAX = BR_RATE_ADDRESSES_MAX,
    NS_PER_S = 1000000000,
};

typedef struct br_entry {
    struct br_entry *chain;
    struct br_entry *newer, *older; // By last use.
    uint64_t hash;
    uint8_t bytes[16];
    double allowance;
    int64_t filled_ns;
} br_entry;

typedef struct br_part {
    _Alignas(BL_CACHE_LINE) pthread_mutex_t lock;
    br_entry *slots[SLOT_COUNT];
    br_entry *newest, *oldest;
    bl_pool pool;
    uint32_t count;
} br_part;

struct br_rate {
    br_rate_config config;
    br_part *parts;
};

br_rate *br_rate_create(const br_rate_config *config)
{
    if (config->kind == BR_RATE_NONE) {
        return NULL;
    }
    br_rate *rate = bl_alloc(sizeof(*rate));
    rate->config = *config;
    rate->parts = bl_alloc_aligned(BL_CACHE_LINE, PART_COUNT * sizeof(br_part));
    memset(rate->parts, 0, PART_COUNT * sizeof(br_part));
    for (size_t i = 0; i < PART_COUNT; i++) {
        pthread_mutex_init(&rate->parts[i].lock, NULL);
        bl_pool_init(&rate->parts[i].pool, sizeof(br_entry), 64, 0);
    }
    return rate;
}

static void unlink_use(br_part *part, br_entry *entry)
{
    *(entry->newer == NULL ? &part->newest : &entry->newer->older) = entry->older;
    *(entry->older == NULL ? &part->oldest : &entry->older->newer) = entry->newer;
}

static void link_newest(br_part *part, br_entry *entry)
{
    entry->newer = NULL;
    entry->older = part->newest;
    *(part->newest == NULL ? &part->oldest : &part->newest->newer) = entry;
    part->newest = entry;
}

static void forget(br_part *part, br_entry *gone)
{
    unlink_use(part, gone);
    br_entry **place = &part->slots[gone->hash % SLOT_COUNT];
    while (*place != gone) {
        place = &(*place)->chain;
    }
    *place = gone->chain;
    part->count -= 1;
    bl_pool_release(&part->pool, gone);
}

void br_rate_destroy(br_rate *rate)
{
    if (rate == NULL) {
        return;
    }
    for (size_t i = 0; i < PART_COUNT; i++) {
        br_part *part = &rate->parts[i];
        while (part->oldest != NULL) {
            forget(part, part->oldest);
        }
        bl_pool_deinit(&part->pool);
        pthread_mutex_destroy(&part->lock);
    }
    bl_free(rate->parts);
    bl_free(rate);
}

static br_entry *find_entry(br_part *part, uint64_t hash, const uint8_t bytes[16])
{
    br_entry *entry = part->slots[hash % SLOT_COUNT];
    while (entry != NULL && (entry->hash != hash || memcmp(entry->bytes, bytes, 16) != 0)) {
        entry = entry->chain;
    }
    return entry;
}

static br_entry *add_entry(br_part *part, uint64_t hash, const uint8_t bytes[16], double allowance,
                           int64_t now_ns)
{
    if (part->count == ENTRIES_MAX) {
        forget(part, part->oldest);
    }
    br_entry *made = bl_pool_acquire(&part->pool);
    *made = (br_entry){.hash = hash, .allowance = allowance, .filled_ns = now_ns};
    memcpy(made->bytes, bytes, 16);
    made->chain = part->slots[hash % SLOT_COUNT];
    part->slots[hash % SLOT_COUNT] = made;
    part->count += 1;
    link_newest(part, made);
    return made;
}

static double capacity_of(const br_rate_config *config)
{
    return config->kind == BR_RATE_BUCKET ? config->burst : config->per_second;
}

static void refill(const br_rate_config *config, br_entry *entry, int64_t now_ns)
{
    int64_t passed_ns = now_ns - entry->filled_ns;
    double capacity = capacity_of(config);
    if (config->kind == BR_RATE_WINDOW) {
        if (passed_ns >= NS_PER_S) {
            entry->allowance = capacity;
            entry->filled_ns = now_ns;
        }
        return;
    }
    entry->allowance += (double)passed_ns / NS_PER_S * config->per_second;
    entry->allowance = entry->allowance > capacity ? capacity : entry->allowance;
    entry->filled_ns = now_ns;
}

bool br_rate_take(br_rate *rate, const eng_address *address, int64_t now_ns)
{
    uint64_t hash = bl_slice_hash((bl_slice){(const char *)address->bytes, 16});
    br_part *part = &rate->parts[(hash >> 48) % PART_COUNT];
    pthread_mutex_lock(&part->lock);
    br_entry *entry = find_entry(part, hash, address->bytes);
    if (entry == NULL) {
        entry = add_entry(part, hash, address->bytes, capacity_of(&rate->config), now_ns);
    } else {
        unlink_use(part, entry);
        link_newest(part, entry);
        refill(&rate->config, entry, now_ns);
    }
    bool is_allowed = entry->allowance >= 1.0;
    entry->allowance -= is_allowed ? 1.0 : 0.0;
    pthread_mutex_unlock(&part->lock);
    return is_allowed;
}
