// engine/lease.c: received bytes and who still needs them (see core.h).
#include "engine/core.h"

#include <assert.h>

eng_lease *eng_lease_of_buffer(eng_core *core, uint16_t buffer, uint32_t size)
{
    eng_lease *lease = &core->leases[buffer];
    assert(lease->reference_count == 0);
    lease->next = NULL;
    lease->data = eng_ring_buffer(core->ring, buffer);
    lease->at = 0;
    lease->end = size;
    lease->reference_count = 1;
    lease->buffer = buffer;
    core->lent_count += 1;
    return lease;
}

static eng_lease *init_own(eng_lease *lease, bool is_pooled)
{
    *lease = (eng_lease){
        .data = (char *)(lease + 1),
        .reference_count = 1,
        .buffer = ENG_NO_BUFFER,
        .is_pooled = is_pooled,
    };
    return lease;
}

eng_lease *eng_lease_for_head(eng_core *core)
{
    return init_own(bl_pool_acquire(&core->head_pool), true);
}

eng_lease *eng_lease_copy(eng_core *core, bl_slice data)
{
    (void)core; // Its pools have no such size.
    eng_lease *lease = init_own(bl_alloc(sizeof(*lease) + data.size), false);
    memcpy(lease->data, data.data, data.size);
    lease->end = (uint32_t)data.size;
    return lease;
}

bool eng_leases_are_scarce(const eng_core *core)
{
    return core->lent_count >= core->config->limits.buffer_count / 4 * 3;
}

void eng_lease_drop(eng_core *core, eng_lease *lease)
{
    BL_CHECK(lease->reference_count > 0);
    lease->reference_count -= 1;
    if (lease->reference_count > 0) {
        return;
    }
    if (lease->buffer != ENG_NO_BUFFER) {
        core->lent_count -= 1;
        eng_ring_buffer_return(core->ring, lease->buffer);
    } else if (lease->is_pooled) {
        bl_pool_release(&core->head_pool, lease);
    } else {
        bl_free(lease);
    }
}
