// engine/core.c: the loop of one ring thread.
//
//     wait -> events -> messages -> time limits and timers -> ready connections -> on_pass
//          -> sends -> (submitted by the next wait)
//
// All that happened while the thread slept is worked off before one system call sends all that
// came of it. The number of events in one pass is bounded, so that timers and messages of other
// threads are never put off for long.
#include "engine/core.h"

#include "engine/addresses.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#define EVENT_BATCH_SIZE 128
#define PASS_EVENT_COUNT_MAX 1024
#define SECOND_NS INT64_C(1000000000)
#define MS_NS INT64_C(1000000)
#define CONN_ERRORS_PER_SECOND 10
#define CONNS_PER_SLAB 64
#define HEADS_PER_SLAB 8

// ---- clock -------------------------------------------------------------------------------------

// RFC 9110 section 5.6.7, once a second.
static void refresh_date(eng_core *core)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    struct tm tm;
    gmtime_r(&wall.tv_sec, &tm);
    char text[64];
    snprintf(text, sizeof(text), "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
             days + (size_t)tm.tm_wday * 3, tm.tm_mday, months + (size_t)tm.tm_mon * 3,
             tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
    memcpy(core->date, text, ENG_DATE_SIZE);
    core->date_until_ns = core->now_ns + SECOND_NS - wall.tv_nsec;
}

static void read_time(eng_core *core)
{
    core->now_ns = eng_ring_now_ns(core->ring);
    if (core->now_ns >= core->date_until_ns) {
        refresh_date(core);
    }
}

// ---- open and close ----------------------------------------------------------------------------

bl_status eng_core_open(eng_core *core, bl_error *error)
{
    const eng_limits *limits = &core->config->limits;
    eng_ring_config ring_config = {
        .entry_count = limits->ring_entry_count,
        .file_count = core->file_count,
        .buffer_count = limits->buffer_count,
        .buffer_size = limits->buffer_size,
    };
    bl_status status = eng_ring_open(&ring_config, &core->ring, error);
    if (status != BL_OK) {
        return status;
    }
    eng_head_setup();
    core->conns = bl_alloc_zeroed(core->file_count, sizeof(eng_conn *));
    core->leases = bl_alloc_zeroed(limits->buffer_count, sizeof(eng_lease));
    for (uint32_t i = 0; i < limits->buffer_count; i++) {
        core->leases[i].buffer = (uint16_t)i;
    }
    if (core->config->peer_addresses || limits->address_connection_max != 0) {
        core->peers = bl_alloc_zeroed(core->file_count, sizeof(eng_address));
    }
    if (limits->address_connection_max != 0) {
        core->addresses = eng_addresses_create(limits->address_connection_max, core->file_count);
    }
    bl_pool_init(&core->conn_pool, sizeof(eng_conn), CONNS_PER_SLAB, 0);
    bl_pool_init(&core->head_pool, sizeof(eng_lease) + limits->head_size_max, HEADS_PER_SLAB, 0);
    eng_out_pool_init(&core->out_pool, core);
    eng_timeouts_init(&core->timeouts, limits);
    read_time(core);
    eng_ring_watch(core->ring, core->wake.eventfd);
    return BL_OK;
}

static void free_exchanges(eng_core *core)
{
    while (core->free_exchanges != NULL) {
        eng_exchange *exchange = core->free_exchanges;
        core->free_exchanges = exchange->next_free;
        bl_buffer_deinit(&exchange->body_buffer);
        bl_arena_deinit(&exchange->arena);
        bl_free(exchange);
    }
}

void eng_core_close(eng_core *core)
{
    if (core->ring == NULL) {
        return;
    }
    if (core->live_exchange_count > 0) {
        return; // Cut: somebody still reads the bytes of a request. The process is about to end.
    }
    // The ring first: it ends whatever the kernel still does with our memory.
    eng_ring_close(core->ring);
    core->ring = NULL;
    free_exchanges(core);
    bl_free(core->conns);
    bl_free(core->leases);
    bl_free(core->peers);
    eng_addresses_destroy(core->addresses);
    // A ring that broke leaves connections behind: then their pools stay for the process's end.
    if (core->conn_count == 0) {
        bl_pool_deinit(&core->conn_pool);
        bl_pool_deinit(&core->head_pool);
        eng_out_pool_deinit(&core->out_pool);
    }
}

// ---- errors of connections ---------------------------------------------------------------------

void eng_core_conn_error(eng_core *core, eng_http_error error, const char *detail)
{
    if (core->config->on_conn_error == NULL) {
        return;
    }
    if (core->now_ns - core->error_window_ns >= SECOND_NS) {
        core->error_window_ns = core->now_ns;
        core->error_count = 0;
    }
    if (core->error_count < CONN_ERRORS_PER_SECOND) {
        core->error_count += 1;
        core->config->on_conn_error(core, error, detail);
    }
}

// ---- a pass ------------------------------------------------------------------------------------

static void dispatch(eng_core *core, const eng_event *event)
{
    switch ((eng_op)event->op) {
    case ENG_OP_RECV:
        eng_conn_on_recv(core, event);
        break;
    case ENG_OP_SEND:
        eng_conn_on_send(core, event);
        break;
    case ENG_OP_ACCEPT:
        eng_accept_on_event(core, event);
        break;
    case ENG_OP_CLOSE:
        eng_conn_on_close(core, event);
        break;
    case ENG_OP_SHUTDOWN:
        eng_conn_on_shutdown(core, event);
        break;
    case ENG_OP_WAKE:
        core->counters.wakes += 1;
        break;
    case ENG_OP_CANCEL: // What was cancelled has an event of its own.
    case ENG_OP_COUNT:
        break;
    }
}

static bool take_events(eng_core *core)
{
    eng_event events[EVENT_BATCH_SIZE];
    uint32_t total_count = 0;
    while (total_count < PASS_EVENT_COUNT_MAX) {
        uint32_t count = eng_ring_take(core->ring, events, EVENT_BATCH_SIZE);
        for (uint32_t i = 0; i < count; i++) {
            dispatch(core, &events[i]);
        }
        total_count += count;
        if (count < EVENT_BATCH_SIZE) {
            return false;
        }
    }
    return true;
}

static void take_messages(eng_core *core)
{
    if (core->config->on_message == NULL) {
        return;
    }
    eng_inbox_link *messages = eng_inbox_take(&core->wake.inbox);
    for (eng_inbox_link *message = eng_inbox_next(&messages); message != NULL;
         message = eng_inbox_next(&messages)) {
        core->config->on_message(core, message);
    }
}

static void run_due(eng_core *core)
{
    eng_timeout_kind kind = ENG_TIMEOUT_NONE;
    eng_timeout *timeout = NULL;
    while ((timeout = eng_timeouts_take(&core->timeouts, core->now_ns, &kind)) != NULL) {
        eng_conn_on_timeout(core, timeout, kind);
    }
    eng_timer *timer = NULL;
    while ((timer = eng_timers_take(&core->timers, core->now_ns)) != NULL) {
        timer->call(timer, core);
    }
}

// Those that become ready meanwhile wait for the next pass.
static void run_ready(eng_core *core)
{
    eng_conn *list = core->ready;
    core->ready = NULL;
    while (list != NULL) {
        eng_conn *conn = list;
        list = conn->next_ready;
        conn->is_ready = false;
        if (conn->life == ENG_LIFE_OPEN) {
            eng_http_run(conn);
        }
        eng_conn_update_receiving(conn);
    }
}

static void flush_dirty(eng_core *core)
{
    eng_conn *list = core->dirty;
    core->dirty = NULL;
    while (list != NULL) {
        eng_conn *conn = list;
        list = conn->next_dirty;
        conn->is_dirty = false;
        eng_conn_flush(conn);
    }
}

// As many as there are buffers; the rest waits for its turn.
static void feed_starved(eng_core *core)
{
    uint32_t free_count = core->config->limits.buffer_count - core->lent_count;
    while (core->starved != NULL && free_count > 0) {
        eng_conn *conn = core->starved;
        core->starved = conn->next_starved;
        conn->receiving = ENG_RECV_OFF;
        eng_conn_update_receiving(conn);
        free_count -= 1;
    }
}

// ---- drain -------------------------------------------------------------------------------------

static bool is_active(const eng_conn *conn)
{
    return conn->life == ENG_LIFE_OPEN && !eng_conn_is_idle(conn);
}

// The last core to count tells the upper layer.
static void count_active(const eng_core *core, uint32_t active_count)
{
    eng_control *control = core->control;
    atomic_fetch_add(&control->active_count, active_count);
    if (atomic_fetch_sub(&control->uncounted_core_count, 1) == 1 &&
        core->config->on_drain != NULL) {
        core->config->on_drain(core->config->user, atomic_load(&control->active_count));
    }
}

static void begin_drain(eng_core *core)
{
    const eng_limits *limits = &core->config->limits;
    core->is_draining = true;
    core->drain_grace_until_ns = core->now_ns + (int64_t)limits->drain_grace_ms * MS_NS;
    core->drain_until_ns = core->now_ns + (int64_t)limits->drain_timeout_ms * MS_NS;
    eng_accept_drain(core);
    uint32_t active_count = 0;
    for (uint32_t file = 0; file < core->file_count; file++) {
        eng_conn *conn = core->conns[file];
        if (conn == NULL) {
            continue;
        }
        active_count += is_active(conn);
        if (conn->protocol != NULL && conn->life == ENG_LIFE_OPEN) {
            if (conn->protocol->on_drain != NULL) {
                conn->protocol->on_drain(conn->protocol_user, conn);
            } else {
                eng_conn_finish(conn, true);
            }
        }
    }
    count_active(core, active_count);
}

#define DRAIN_LOOK_NS (INT64_C(100) * MS_NS)

static void end_idle(eng_core *core)
{
    // Again a little later: for those that the backlog still held.
    core->drain_grace_until_ns = core->now_ns + DRAIN_LOOK_NS;
    for (uint32_t file = 0; file < core->file_count; file++) {
        if (core->conns[file] != NULL && eng_conn_is_idle(core->conns[file])) {
            eng_conn_finish(core->conns[file], false);
        }
    }
}

// What is left is closed by force: in order, but without waiting for anybody.
static void cut(eng_core *core)
{
    core->is_cut = true;
    core->is_draining = true;
    eng_accept_drain(core);
    for (uint32_t file = 0; file < core->file_count; file++) {
        eng_conn *conn = core->conns[file];
        if (conn != NULL && conn->life != ENG_LIFE_CLOSING) {
            core->cut_count += is_active(conn) || conn->life == ENG_LIFE_FLUSHING;
            eng_conn_abort(conn);
        }
    }
}

// How long a cut waits for the kernel and for workers to let go.
#define CUT_NS (INT64_C(500) * MS_NS)

static bool run_state(eng_core *core)
{
    eng_run_state state =
        (eng_run_state)atomic_load_explicit(&core->control->run_state, memory_order_relaxed);
    if (state == ENG_RUN) {
        return true;
    }
    if (state == ENG_DRAIN && !core->is_draining) {
        begin_drain(core);
    }
    if (!core->is_cut && (state == ENG_STOP || core->now_ns >= core->drain_until_ns)) {
        cut(core);
        core->drain_until_ns = core->now_ns + CUT_NS;
    } else if (core->now_ns >= core->drain_grace_until_ns) {
        end_idle(core);
    }
    bool is_empty = core->conn_count == 0 && core->listener < 0 && core->live_exchange_count == 0;
    return !is_empty && !(core->is_cut && core->now_ns >= core->drain_until_ns);
}

static int64_t earlier(int64_t a_ns, int64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

// -1: nothing to wake up for but events.
static int64_t wait_ns(const eng_core *core)
{
    int64_t next_ns =
        earlier(eng_timeouts_next_ns(&core->timeouts), eng_timers_next_ns(&core->timers));
    if (core->is_draining) {
        next_ns = earlier(next_ns, earlier(core->drain_grace_until_ns, core->drain_until_ns));
    }
    if (core->accept_retry_ns > 0) {
        next_ns = earlier(next_ns, core->accept_retry_ns);
    }
    if (next_ns == INT64_MAX) {
        return -1;
    }
    return next_ns > core->now_ns ? next_ns - core->now_ns : 0;
}

static bl_status wait(eng_core *core, bool has_work, bl_error *error)
{
    int64_t timeout_ns = has_work ? 0 : wait_ns(core);
    bool can_be_posted = core->config->on_message != NULL;
    if (timeout_ns != 0 && can_be_posted && !eng_wake_may_sleep(&core->wake)) {
        timeout_ns = 0;
    }
    bl_status status = eng_ring_wait(core->ring, timeout_ns, error);
    if (can_be_posted) {
        eng_wake_up(&core->wake);
    }
    return status;
}

bool eng_core_pass(eng_core *core, bl_status *status, bl_error *error)
{
    bool has_work = take_events(core);
    take_messages(core);
    run_due(core);
    run_ready(core);
    if (core->config->on_pass != NULL) {
        has_work = core->config->on_pass(core) || has_work;
    }
    bool goes_on = run_state(core);
    flush_dirty(core);
    feed_starved(core);
    eng_accept_update(core);
    core->counters.passes += 1;
    if (!goes_on) {
        return false;
    }
    *status = wait(core, has_work || core->ready != NULL || core->dirty != NULL, error);
    read_time(core);
    return *status == BL_OK;
}

// ---- public ------------------------------------------------------------------------------------

uint32_t eng_core_index(const eng_core *core)
{
    return core->index;
}

void *eng_core_user(const eng_core *core)
{
    return core->user;
}

int64_t eng_core_now_ns(const eng_core *core)
{
    return core->now_ns;
}

bool eng_core_is_draining(const eng_core *core)
{
    return core->is_draining;
}

void eng_core_post(eng_core *core, eng_inbox_link *message)
{
    eng_wake_post(&core->wake, message);
}

void eng_timer_set(eng_core *core, eng_timer *timer, int64_t due_ns)
{
    eng_timers_set(&core->timers, timer, due_ns);
}

void eng_timer_cancel(eng_core *core, eng_timer *timer)
{
    eng_timers_cancel(&core->timers, timer);
}
