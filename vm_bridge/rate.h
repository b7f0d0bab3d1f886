// vm_bridge/rate.h: how many requests a client address may send; one for the process.
//
// Addresses are spread over parts with a lock each, so that cores rarely meet. A part remembers a
// bounded number of addresses; where there is no room the one not seen for longest is forgotten,
// which can only be generous.
#ifndef VM_BRIDGE_RATE_H
#define VM_BRIDGE_RATE_H

#include "engine/engine.h"
#include "vm_bridge/config.h"

typedef struct br_rate br_rate;

// NULL for BR_RATE_NONE.
br_rate *br_rate_create(const br_rate_config *config);
void br_rate_destroy(br_rate *rate); // NULL is allowed.
// Any thread. Takes one from the address's allowance; false if there is none left.
bool br_rate_take(br_rate *rate, const eng_address *address, int64_t now_ns);

#endif
