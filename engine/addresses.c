// engine/addresses.c: an open-addressed table, twice as large as there can be connections, with
// linear probing and deletion by moving back what follows.
#include "engine/addresses.h"

typedef struct address_entry {
    uint8_t bytes[16];
    uint32_t count; // 0: free.
    uint8_t family;
} address_entry;

struct eng_addresses {
    uint32_t count_max;
    uint32_t mask;
    address_entry *entries;
};

eng_addresses *eng_addresses_create(uint32_t count_max, uint32_t connection_count_max)
{
    uint32_t size = 16;
    while (size < connection_count_max * 2) {
        size *= 2;
    }
    eng_addresses *addresses = bl_alloc(sizeof(*addresses));
    *addresses = (eng_addresses){
        .count_max = count_max,
        .mask = size - 1,
        .entries = bl_alloc_zeroed(size, sizeof(address_entry)),
    };
    return addresses;
}

void eng_addresses_destroy(eng_addresses *addresses)
{
    if (addresses != NULL) {
        bl_free(addresses->entries);
        bl_free(addresses);
    }
}

static uint32_t home(const eng_addresses *addresses, const uint8_t *bytes)
{
    return (uint32_t)bl_slice_hash((bl_slice){(const char *)bytes, 16}) & addresses->mask;
}

// Its entry, or the free one where it belongs.
static uint32_t find(const eng_addresses *addresses, const eng_address *address)
{
    uint32_t at = home(addresses, address->bytes);
    for (;;) {
        const address_entry *entry = &addresses->entries[at];
        if (entry->count == 0 ||
            (entry->family == address->family && memcmp(entry->bytes, address->bytes, 16) == 0)) {
            return at;
        }
        at = (at + 1) & addresses->mask;
    }
}

bool eng_addresses_add(eng_addresses *addresses, const eng_address *address)
{
    address_entry *entry = &addresses->entries[find(addresses, address)];
    if (entry->count >= addresses->count_max) {
        return false;
    }
    memcpy(entry->bytes, address->bytes, 16);
    entry->family = address->family;
    entry->count += 1;
    return true;
}

static void free_entry(eng_addresses *addresses, uint32_t hole)
{
    uint32_t at = hole;
    for (;;) {
        addresses->entries[hole].count = 0;
        uint32_t distance = 0;
        do {
            at = (at + 1) & addresses->mask;
            if (addresses->entries[at].count == 0) {
                return;
            }
            distance = (at - home(addresses, addresses->entries[at].bytes)) & addresses->mask;
            // It may move back if its home is not behind the hole.
        } while (distance < ((at - hole) & addresses->mask));
        addresses->entries[hole] = addresses->entries[at];
        hole = at;
    }
}

void eng_addresses_remove(eng_addresses *addresses, const eng_address *address)
{
    uint32_t at = find(addresses, address);
    BL_CHECK(addresses->entries[at].count > 0);
    addresses->entries[at].count -= 1;
    if (addresses->entries[at].count == 0) {
        free_entry(addresses, at);
    }
}
