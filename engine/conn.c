// engine/conn.c: a connection's life between accept and close.
//
//              peer ends, answer says close, drain
//     OPEN ----------------------------------------> FLUSHING --all sent--> CLOSING -> gone
//       |                                                |                     ^
//       |                                    bytes unread |--> LINGERING -------'
//       '---- reset, time limit, stop -----------------------------------------'
//
// Closing while bytes of the peer are unread makes TCP send a reset, which can destroy the answer
// on its way: then the connection is shut down for writing and drops what still comes, for a
// bounded time and size. A connection's memory is given back when its file is closed, and that is
// asked for only when no send is under way: the kernel reads our blocks until then.
#include "engine/addresses.h"
#include "engine/core.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>

// ---- lists of the core -------------------------------------------------------------------------

void eng_conn_mark_dirty(eng_conn *conn)
{
    if (!conn->is_dirty) {
        conn->is_dirty = true;
        conn->next_dirty = conn->core->dirty;
        conn->core->dirty = conn;
    }
}

void eng_conn_mark_ready(eng_conn *conn)
{
    if (!conn->is_ready) {
        conn->is_ready = true;
        conn->next_ready = conn->core->ready;
        conn->core->ready = conn;
    }
}

static void mark_starved(eng_conn *conn)
{
    eng_core *core = conn->core;
    conn->receiving = ENG_RECV_STARVED;
    conn->next_starved = NULL;
    if (core->starved == NULL) {
        core->starved = conn;
    } else {
        core->starved_last->next_starved = conn;
    }
    core->starved_last = conn;
}

static void unlink_starved(eng_conn *conn)
{
    eng_core *core = conn->core;
    eng_conn **place = &core->starved;
    eng_conn *previous = NULL;
    while (*place != conn) {
        previous = *place;
        place = &(*place)->next_starved;
    }
    *place = conn->next_starved;
    if (core->starved_last == conn) {
        core->starved_last = previous;
    }
    conn->receiving = ENG_RECV_OFF;
}

static void unlink_listed(eng_conn **list, eng_conn *conn, bool by_dirty)
{
    while (*list != conn) {
        list = by_dirty ? &(*list)->next_dirty : &(*list)->next_ready;
    }
    *list = by_dirty ? conn->next_dirty : conn->next_ready;
}

// ---- open and gone -----------------------------------------------------------------------------

static void forget(eng_conn *conn)
{
    eng_core *core = conn->core;
    BL_CHECK(!conn->is_sending);
    BL_CHECK(conn->out.first == NULL);
    BL_CHECK(conn->exchange == NULL);
    BL_CHECK(conn->input_first == NULL);
    if (conn->receiving == ENG_RECV_STARVED) {
        unlink_starved(conn);
    }
    if (conn->is_dirty) {
        unlink_listed(&core->dirty, conn, true);
    }
    if (conn->is_ready) {
        unlink_listed(&core->ready, conn, false);
    }
    eng_timeout_clear(&core->timeouts, &conn->timeout);
    eng_timeout_clear(&core->timeouts, &conn->write_timeout);
    if (conn->has_address) {
        eng_addresses_remove(core->addresses, &core->peers[conn->file]);
    }
    core->conns[conn->file] = NULL;
    core->conn_count -= 1;
    core->counters.closed += 1;
    bl_pool_release(&core->conn_pool, conn);
}

void eng_conn_open(eng_core *core, uint32_t file)
{
    BL_CHECK(file < core->file_count);
    eng_conn *old = core->conns[file];
    if (old != NULL) {
        // The kernel has closed and reused the file; the event that says so is still to come.
        BL_CHECK(old->is_closing_file);
        forget(old);
    }
    eng_conn *conn = bl_pool_acquire(&core->conn_pool);
    *conn = (eng_conn){
        .core = core,
        .file = file,
        .generation = ++core->generation,
        .progress_ns = core->now_ns,
    };
    core->conns[file] = conn;
    core->conn_count += 1;
    core->counters.accepted += 1;
    eng_timeout_touch(&core->timeouts, &conn->timeout, ENG_TIMEOUT_HEADER, core->now_ns);
    eng_conn_update_receiving(conn);
}

// The connection of an event, or NULL if it has gone since.
static eng_conn *find(eng_core *core, const eng_event *event)
{
    eng_conn *conn = event->file < core->file_count ? core->conns[event->file] : NULL;
    if (conn == NULL || conn->generation != event->generation) {
        core->counters.late_completions += 1;
        return NULL;
    }
    return conn;
}

bool eng_conn_is_idle(const eng_conn *conn)
{
    return conn->life == ENG_LIFE_OPEN && conn->exchange == NULL && conn->input_first == NULL &&
           conn->out.first == NULL && conn->protocol == NULL;
}

// ---- input -------------------------------------------------------------------------------------

void eng_conn_pop_input(eng_conn *conn)
{
    eng_lease *lease = conn->input_first;
    conn->input_first = lease->next;
    if (conn->input_first == NULL) {
        conn->input_last = NULL;
    }
    conn->input_count -= 1;
    lease->next = NULL;
    eng_lease_drop(conn->core, lease);
}

static void push_input(eng_conn *conn, eng_lease *lease)
{
    if (conn->input_last == NULL) {
        conn->input_first = lease;
    } else {
        conn->input_last->next = lease;
    }
    conn->input_last = lease;
    conn->input_count += 1;
}

static void drop_input(eng_conn *conn)
{
    while (conn->input_first != NULL) {
        eng_conn_pop_input(conn);
    }
}

void eng_conn_relieve(eng_conn *conn)
{
    eng_core *core = conn->core;
    if (conn->input_first == NULL || !eng_leases_are_scarce(core)) {
        return;
    }
    eng_lease *list = conn->input_first;
    conn->input_first = NULL;
    conn->input_last = NULL;
    conn->input_count = 0;
    while (list != NULL) {
        eng_lease *lease = list;
        list = lease->next;
        lease->next = NULL;
        if (lease->buffer != ENG_NO_BUFFER) {
            eng_lease *copy = eng_lease_copy(
                core, (bl_slice){lease->data + lease->at, (size_t)(lease->end - lease->at)});
            eng_lease_drop(core, lease);
            lease = copy;
        }
        push_input(conn, lease);
    }
}

static bool wants_input(const eng_conn *conn)
{
    uint32_t lease_count_max = conn->core->config->limits.lease_count_max;
    if (conn->has_ended || conn->life == ENG_LIFE_CLOSING) {
        return false;
    }
    if (conn->life != ENG_LIFE_OPEN) {
        return true; // Dropped at once.
    }
    bool is_receiving = conn->receiving == ENG_RECV_ON;
    // Once stopped it goes on at half, so that it does not flutter.
    return !conn->is_paused &&
           conn->input_count < (is_receiving ? lease_count_max : (lease_count_max + 1) / 2);
}

void eng_conn_update_receiving(eng_conn *conn)
{
    bool is_wanted = wants_input(conn);
    if (is_wanted && conn->receiving == ENG_RECV_OFF) {
        eng_ring_recv(conn->core->ring, conn->file, conn->generation);
        conn->receiving = ENG_RECV_ON;
    } else if (!is_wanted && conn->receiving == ENG_RECV_ON) {
        eng_ring_recv_cancel(conn->core->ring, conn->file, conn->generation);
        conn->receiving = ENG_RECV_CANCELLING;
    }
}

static void drop_received(eng_conn *conn, const eng_event *event)
{
    eng_core *core = conn->core;
    eng_ring_buffer_return(core->ring, event->buffer);
    conn->has_unread = true;
    conn->linger_size += (uint32_t)event->result;
    if (conn->linger_size > core->config->limits.linger_size_max) {
        eng_conn_abort(conn);
    }
}

static void keep_received(eng_conn *conn, const eng_event *event)
{
    eng_core *core = conn->core;
    eng_lease *lease = eng_lease_of_buffer(core, event->buffer, (uint32_t)event->result);
    push_input(conn, lease);
    if (conn->exchange != NULL && conn->exchange->stage == ENG_STAGE_WORK) {
        eng_conn_relieve(conn);
    } else {
        eng_http_run(conn);
    }
}

static void on_recv_error(eng_conn *conn, int error)
{
    switch (error) {
    case ECANCELED: // Our own.
        break;
    case ENOBUFS:
        conn->core->counters.starved += 1;
        mark_starved(conn);
        break;
    case EINTR:
    case EAGAIN: // Again.
        break;
    default: // ECONNRESET, ETIMEDOUT, EHOSTUNREACH …: the connection is dead.
        conn->has_ended = true;
        if (!eng_conn_is_idle(conn)) {
            conn->core->counters.resets += 1;
            eng_core_conn_error(conn->core, ENG_HTTP_RESET, strerror(error));
        }
        eng_conn_abort(conn);
        break;
    }
}

void eng_conn_on_recv(eng_core *core, const eng_event *event)
{
    eng_conn *conn = find(core, event);
    if (conn == NULL) {
        if (event->has_buffer) {
            eng_ring_buffer_return(core->ring, event->buffer);
        }
        return;
    }
    if (!event->more) {
        conn->receiving = ENG_RECV_OFF;
    }
    if (event->result > 0 && conn->life == ENG_LIFE_OPEN) {
        core->counters.received_bytes += (uint64_t)event->result;
        keep_received(conn, event);
    } else if (event->has_buffer) {
        drop_received(conn, event);
    } else if (event->result == 0) {
        conn->has_ended = true;
        if (conn->life == ENG_LIFE_OPEN) {
            eng_http_run(conn);
        } else if (conn->life == ENG_LIFE_LINGERING) {
            eng_conn_abort(conn);
        }
    } else {
        on_recv_error(conn, -event->result);
    }
    eng_conn_update_receiving(conn);
}

// ---- closing -----------------------------------------------------------------------------------

static void detach_exchange(eng_conn *conn)
{
    eng_core *core = conn->core;
    eng_exchange *exchange = conn->exchange;
    if (exchange == NULL) {
        return;
    }
    conn->exchange = NULL;
    if (exchange->is_deferred || exchange->in_callback) {
        core->counters.abandoned += !exchange->is_answered;
        eng_exchange_detach(exchange);
    } else {
        eng_exchange_free(core, exchange);
    }
}

static void leave_protocol(eng_conn *conn)
{
    const eng_protocol *protocol = conn->protocol;
    if (protocol != NULL) {
        conn->protocol = NULL;
        protocol->on_close(conn->protocol_user, conn);
    }
}

// As soon as nothing of ours is in the kernel's hands.
static void try_close(eng_conn *conn)
{
    eng_core *core = conn->core;
    if (conn->is_closing_file) {
        return;
    }
    if (conn->is_sending || conn->is_shutting) {
        if (!conn->cancel_sent) {
            conn->cancel_sent = true;
            eng_ring_cancel(core->ring, conn->file, conn->generation);
        }
        return;
    }
    eng_out_clear(&core->out_pool, &conn->out);
    conn->is_closing_file = true;
    bool is_receiving = conn->receiving == ENG_RECV_ON || conn->receiving == ENG_RECV_CANCELLING;
    eng_ring_close_file(core->ring, conn->file, conn->generation, is_receiving);
}

void eng_conn_abort(eng_conn *conn)
{
    if (conn->life == ENG_LIFE_CLOSING) {
        return;
    }
    conn->life = ENG_LIFE_CLOSING;
    eng_timeout_clear(&conn->core->timeouts, &conn->timeout);
    eng_timeout_clear(&conn->core->timeouts, &conn->write_timeout);
    leave_protocol(conn);
    detach_exchange(conn);
    drop_input(conn);
    try_close(conn);
}

// All output has been sent.
static void flushed(eng_conn *conn)
{
    eng_core *core = conn->core;
    if (conn->has_ended || !conn->has_unread) {
        eng_conn_abort(conn);
        return;
    }
    conn->life = ENG_LIFE_LINGERING;
    conn->is_shutting = true;
    eng_ring_shutdown(core->ring, conn->file, conn->generation);
    eng_timeout_clear(&core->timeouts, &conn->write_timeout);
    eng_timeout_touch(&core->timeouts, &conn->timeout, ENG_TIMEOUT_LINGER, core->now_ns);
}

void eng_conn_finish(eng_conn *conn, bool has_unread)
{
    if (conn->life != ENG_LIFE_OPEN) {
        return;
    }
    BL_CHECK(conn->exchange == NULL);
    conn->life = ENG_LIFE_FLUSHING;
    conn->has_unread = conn->has_unread || has_unread;
    eng_timeout_clear(&conn->core->timeouts, &conn->timeout);
    drop_input(conn);
    if (conn->out.unsent_size == 0) {
        leave_protocol(conn);
        flushed(conn);
    } else {
        eng_conn_mark_dirty(conn);
    }
}

void eng_conn_on_shutdown(eng_core *core, const eng_event *event)
{
    eng_conn *conn = find(core, event);
    if (conn == NULL) {
        return;
    }
    conn->is_shutting = false;
    if (event->result < 0) {
        eng_conn_abort(conn); // Not connected any more: nothing to linger for.
    }
    if (conn->life == ENG_LIFE_CLOSING) {
        try_close(conn);
    }
}

void eng_conn_on_close(eng_core *core, const eng_event *event)
{
    eng_conn *conn = find(core, event);
    if (conn != NULL) {
        forget(conn);
    }
}

// ---- output ------------------------------------------------------------------------------------

void eng_conn_flush(eng_conn *conn)
{
    eng_core *core = conn->core;
    if (conn->is_sending || conn->life == ENG_LIFE_CLOSING || conn->out.unsent_size == 0) {
        return;
    }
    struct iovec parts[ENG_SEND_PART_COUNT_MAX];
    uint32_t count = eng_out_parts(&conn->out, parts, ENG_SEND_PART_COUNT_MAX);
    eng_ring_send(core->ring, conn->file, conn->generation, parts, count);
    conn->is_sending = true;
    conn->progress_ns = core->now_ns;
    core->counters.sends += 1;
    eng_timeout_touch(&core->timeouts, &conn->write_timeout, ENG_TIMEOUT_WRITE, core->now_ns);
}

static void on_sent(eng_conn *conn, uint32_t size)
{
    eng_core *core = conn->core;
    core->counters.sent_bytes += size;
    conn->progress_ns = core->now_ns;
    eng_out_consume(&core->out_pool, &conn->out, size);
    if (conn->out.unsent_size > 0) {
        eng_conn_mark_dirty(conn);
    } else if (conn->life == ENG_LIFE_FLUSHING) {
        leave_protocol(conn);
        flushed(conn);
        return;
    } else if (conn->protocol != NULL && conn->protocol->on_sent != NULL) {
        conn->protocol->on_sent(conn->protocol_user, conn);
    } else if (conn->exchange != NULL && conn->exchange->is_streaming &&
               core->config->on_stream_sent != NULL) {
        core->config->on_stream_sent(core, &conn->exchange->request);
    }
    if (conn->is_paused && conn->out.unsent_size <= core->config->limits.unsent_size_max / 2) {
        conn->is_paused = false;
        eng_conn_mark_ready(conn);
    }
}

void eng_conn_on_send(eng_core *core, const eng_event *event)
{
    eng_conn *conn = find(core, event);
    if (conn == NULL) {
        return;
    }
    conn->is_sending = false;
    if (conn->life == ENG_LIFE_CLOSING) {
        try_close(conn);
    } else if (event->result > 0) {
        on_sent(conn, (uint32_t)event->result);
    } else if (event->result == -EINTR || event->result == -EAGAIN) {
        eng_conn_mark_dirty(conn);
    } else { // EPIPE, ECONNRESET and the like: nobody reads this any more.
        core->counters.resets += 1;
        eng_core_conn_error(core, ENG_HTTP_RESET, strerror(-event->result));
        eng_conn_abort(conn);
    }
}

// ---- time --------------------------------------------------------------------------------------

// The entry is left in its list when output ends (see timeouts.h): look whether it still counts.
static void on_write_timeout(eng_conn *conn)
{
    eng_core *core = conn->core;
    if (!conn->is_sending) {
        return;
    }
    int64_t length_ns = core->timeouts.lists[ENG_TIMEOUT_WRITE].length_ns;
    if (core->now_ns - conn->progress_ns < length_ns) {
        eng_timeout_touch(&core->timeouts, &conn->write_timeout, ENG_TIMEOUT_WRITE, core->now_ns);
        return;
    }
    core->counters.timeouts += 1;
    eng_core_conn_error(core, ENG_HTTP_WRITE_TIMEOUT, eng_http_error_text(ENG_HTTP_WRITE_TIMEOUT));
    eng_conn_abort(conn);
}

void eng_conn_on_timeout(eng_core *core, eng_timeout *timeout, eng_timeout_kind kind)
{
    switch (kind) {
    case ENG_TIMEOUT_WRITE:
        on_write_timeout(BL_CONTAINER_OF(timeout, eng_conn, write_timeout));
        return;
    case ENG_TIMEOUT_HANDLER: {
        eng_exchange *exchange = BL_CONTAINER_OF(timeout, eng_exchange, handler_timeout);
        if (core->config->on_timeout != NULL) {
            core->config->on_timeout(core, &exchange->request);
        }
        return;
    }
    case ENG_TIMEOUT_HEADER:
    case ENG_TIMEOUT_BODY:
    case ENG_TIMEOUT_IDLE: {
        eng_conn *conn = BL_CONTAINER_OF(timeout, eng_conn, timeout);
        eng_http_timeout(conn, kind);
        return;
    }
    case ENG_TIMEOUT_LINGER:
        eng_conn_abort(BL_CONTAINER_OF(timeout, eng_conn, timeout));
        return;
    case ENG_TIMEOUT_NONE:
    case ENG_TIMEOUT_COUNT:
        break;
    }
    BL_CHECK(false);
}
