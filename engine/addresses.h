// engine/addresses.h: how many connections each peer address has, for the limit of one core.
#ifndef ENGINE_ADDRESSES_H
#define ENGINE_ADDRESSES_H

#include "engine/engine.h"

typedef struct eng_addresses eng_addresses;

// At most count_max connections for each address, connection_count_max in all.
eng_addresses *eng_addresses_create(uint32_t count_max, uint32_t connection_count_max);
void eng_addresses_destroy(eng_addresses *addresses); // NULL is allowed.
// False: that address has enough; nothing was counted. Unknown addresses are not limited, but
// counted as one.
bool eng_addresses_add(eng_addresses *addresses, const eng_address *address);
void eng_addresses_remove(eng_addresses *addresses, const eng_address *address);

#endif
