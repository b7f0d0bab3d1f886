// engine/accept.c: taking connections from the listener of one core.
//
// One multishot accept, while there is room for all that the backlog can hold: it takes whatever
// waits in one go. Nearer to the limit of connections, or when the addresses of peers are wanted,
// a few single ones side by side, never more than there is room for: the rest stays in the
// backlog. Running out of files or memory pauses it for a while: arming it again at once would be
// a busy loop.
#include "engine/addresses.h"
#include "engine/core.h"

#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

#define RETRY_NS INT64_C(200000000)

static void arm(eng_core *core, uint32_t place, bool with_address)
{
    eng_accept *accept = &core->accepts[place];
    accept->is_armed = true;
    accept->address_size = sizeof(accept->address);
    core->armed_accept_count += 1;
    eng_ring_accept(core->ring, core->listener, place, with_address ? &accept->address : NULL,
                    &accept->address_size);
}

// While draining: one after the other, until nobody waits any more.
static void take_waiting(eng_core *core)
{
    eng_accept *accept = &core->accepts[0];
    core->is_emptying_backlog = true;
    accept->is_armed = true;
    accept->address_size = sizeof(accept->address);
    core->armed_accept_count += 1;
    eng_ring_accept_waiting(core->ring, core->listener, 0, &accept->address, &accept->address_size);
}

static void cancel_all(eng_core *core)
{
    for (uint32_t i = 0; i < ENG_ACCEPT_COUNT; i++) {
        if (core->accepts[i].is_armed) {
            eng_ring_accept_cancel(core->ring, i);
        }
    }
    core->accept_is_cancelled = core->armed_accept_count > 0;
}

static uint32_t room(const eng_core *core)
{
    bool is_full = core->conn_count >= core->conn_count_max;
    bool is_pausing = core->accept_retry_ns > 0;
    return is_full || is_pausing ? 0 : core->conn_count_max - core->conn_count;
}

static void arm_singles(eng_core *core, uint32_t count)
{
    for (uint32_t i = 0; i < ENG_ACCEPT_COUNT && core->armed_accept_count < count; i++) {
        if (!core->accepts[i].is_armed) {
            arm(core, i, true);
        }
    }
}

void eng_accept_update(eng_core *core)
{
    if (core->accept_retry_ns <= core->now_ns) {
        core->accept_retry_ns = 0; // Over: nothing to wake up for.
    }
    if (core->listener < 0 || core->is_draining || core->accept_is_cancelled) {
        return;
    }
    uint32_t room_count = room(core);
    bool by_multishot = core->peers == NULL && room_count > core->config->limits.backlog;
    bool is_armed = core->armed_accept_count > 0;
    if (is_armed && core->accept_is_multishot && !by_multishot) {
        core->counters.accept_pauses += room_count == 0;
        cancel_all(core);
    } else if (by_multishot && !is_armed) {
        core->accept_is_multishot = true;
        arm(core, 0, false);
    } else if (!by_multishot && room_count > core->armed_accept_count) {
        core->accept_is_multishot = false;
        arm_singles(core, room_count);
    }
}

static void note_address(eng_core *core, uint32_t file, const struct sockaddr_storage *storage)
{
    eng_address *address = &core->peers[file];
    *address = (eng_address){.family = 0};
    if (storage->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)storage;
        address->family = 4;
        address->port = ntohs(in->sin_port);
        memcpy(address->bytes, &in->sin_addr, sizeof(in->sin_addr));
    } else if (storage->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)storage;
        address->family = 6;
        address->port = ntohs(in->sin6_port);
        memcpy(address->bytes, &in->sin6_addr, sizeof(in->sin6_addr));
    }
}

static void on_accepted(eng_core *core, uint32_t file, const eng_accept *accept)
{
    if (core->peers != NULL) {
        note_address(core, file, &accept->address);
    }
    eng_conn_open(core, file);
    eng_conn *conn = core->conns[file];
    if (core->addresses != NULL) {
        conn->has_address = eng_addresses_add(core->addresses, &core->peers[file]);
        if (!conn->has_address) {
            eng_conn_abort(conn); // Too many of this address.
        }
    }
}

// The listener is empty at last: nobody who had connected is reset by closing it.
static void close_listener(eng_core *core)
{
    core->is_emptying_backlog = false;
    close(core->listener);
    core->listener = -1;
}

static void on_error(eng_core *core, int error)
{
    switch (error) {
    case ECANCELED:
        break;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS: // Nothing to accept with: later, or when a connection closes.
        core->accept_retry_ns = core->now_ns + RETRY_NS;
        core->counters.accept_pauses += 1;
        break;
    case EINVAL:
    case EBADF: // The listener is gone: only a drain or stop does that.
        core->accept_retry_ns = INT64_MAX;
        break;
    default: // ECONNABORTED, EPROTO, EAGAIN, EPERM, ENETDOWN …: that one client; go on.
        break;
    }
}

void eng_accept_on_event(eng_core *core, const eng_event *event)
{
    BL_CHECK(event->file < ENG_ACCEPT_COUNT);
    eng_accept *accept = &core->accepts[event->file];
    if (!event->more) {
        accept->is_armed = false;
        core->armed_accept_count -= 1;
        if (core->armed_accept_count == 0) {
            core->accept_is_cancelled = false;
        }
    }
    if (event->result >= 0) {
        on_accepted(core, (uint32_t)event->result, accept);
    } else {
        on_error(core, -event->result);
    }
    if (!core->is_draining || core->armed_accept_count > 0 || core->listener < 0) {
        return;
    }
    bool was_last = core->is_emptying_backlog && event->result < 0;
    if (was_last || core->conn_count >= core->file_count) {
        close_listener(core);
    } else {
        take_waiting(core);
    }
}

void eng_accept_drain(eng_core *core)
{
    if (core->listener < 0) {
        return;
    }
    if (core->armed_accept_count > 0) {
        cancel_all(core);
    } else {
        take_waiting(core);
    }
}
