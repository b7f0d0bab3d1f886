// engine/core.h: what one ring thread owns, and the structs of its connections and requests.
//
// Who does what:
//
//     core.c      the loop: wait, dispatch events, messages, time limits, sends
//     accept.c    accepting, the connection limit, running out of files, the end at a drain
//     conn.c      a connection's life: receiving, sending, closing
//     http.c      its bytes: heads, bodies, dispatch to the callbacks
//     exchange.c  a request in work: memory, deferring, releasing
//     respond.c   writing responses; stream.c those whose end is not known
//
// A connection has at most one exchange that is being read or worked on. A deferred exchange that
// has been answered, or whose client has gone, lives on without a connection until released.
#ifndef ENGINE_CORE_H
#define ENGINE_CORE_H

#include "engine/chunk.h"
#include "engine/engine.h"
#include "engine/head.h"
#include "engine/out.h"
#include "engine/ring.h"
#include "engine/timeouts.h"
#include "engine/timers.h"
#include "engine/wake.h"

// ---- input -------------------------------------------------------------------------------------

#define ENG_NO_BUFFER 0xffff

// Received bytes that somebody still needs: a ring's buffer, or memory of our own. Counted: one
// for its place in a connection's input, one for each exchange with slices into it.
typedef struct eng_lease {
    struct eng_lease *next; // In a connection's input.
    char *data;
    uint32_t at, end; // Not parsed yet.
    uint32_t reference_count;
    uint16_t buffer; // ENG_NO_BUFFER: memory of our own.
    bool is_pooled;  // Of the head pool; else allocated alone.
} eng_lease;

eng_lease *eng_lease_of_buffer(eng_core *core, uint16_t buffer, uint32_t size);
eng_lease *eng_lease_for_head(eng_core *core); // head_size_max bytes, empty.
eng_lease *eng_lease_copy(eng_core *core, bl_slice data);
void eng_lease_drop(eng_core *core, eng_lease *lease);
// Less than a quarter of the receive buffers is free: what waits may not keep any.
bool eng_leases_are_scarce(const eng_core *core);

// ---- exchange ----------------------------------------------------------------------------------

typedef enum eng_stage {
    ENG_STAGE_HEAD,
    ENG_STAGE_BODY, // Reading it, or dropping it when answered already.
    ENG_STAGE_WORK, // With the upper layer.
} eng_stage;

typedef struct eng_exchange {
    eng_request request; // First: the upper layer's pointer is ours.
    eng_conn *conn;      // NULL: gone, or it has gone on to the next request.
    struct eng_exchange *next_free;
    eng_timeout handler_timeout;
    eng_lease *head_lease; // Of the bytes at request.base.
    eng_lease *body_lease; // Of request.body, if that is a slice of received bytes.
    bl_buffer body_buffer; // Else it was put together here.
    bl_arena arena;
    eng_chunk chunk;
    uint64_t body_left;    // Of a body with a length.
    uint64_t dropped_size; // Of a body that nobody wants.
    eng_out_mark mark;     // Where the response began.
    uint64_t response_body_size;
    eng_head head;
    uint16_t status;
    uint8_t stage; // eng_stage.
    bool is_answered;
    bool is_responding; // Between begin and end.
    bool is_streaming;  // Between eng_stream_begin() and eng_stream_end().
    bool is_deferred;
    bool in_callback; // on_head, on_request or on_refuse is running.
    bool must_close;  // Whatever the answer says.
    _Atomic(bool) is_abandoned;
    uint8_t known[ENG_HEADER_OTHER]; // The head's, while it is being read.
    eng_field fields[];              // header_count_max + 1.
} eng_exchange;

static inline eng_exchange *eng_exchange_of(eng_request *request)
{
    return BL_CONTAINER_OF(request, eng_exchange, request);
}

eng_exchange *eng_exchange_acquire(eng_core *core, eng_conn *conn);
// Back to the pool; its memory and leases are given up.
void eng_exchange_free(eng_core *core, eng_exchange *exchange);
// The connection has gone or goes on without it.
void eng_exchange_detach(eng_exchange *exchange);
// Copies what it needs out of receive buffers, if these are getting scarce.
void eng_exchange_relieve(eng_core *core, eng_exchange *exchange);

// ---- connection --------------------------------------------------------------------------------

typedef enum eng_life {
    ENG_LIFE_OPEN,
    ENG_LIFE_FLUSHING,  // Reads no more; closes when its output is sent.
    ENG_LIFE_LINGERING, // Shut down for writing; drops what still comes.
    ENG_LIFE_CLOSING,   // Waits for operations under way, then closes.
} eng_life;

typedef enum eng_receiving {
    ENG_RECV_OFF,
    ENG_RECV_ON,
    ENG_RECV_CANCELLING,
    ENG_RECV_STARVED, // In the core's list, to be resumed when buffers are back.
} eng_receiving;

struct eng_conn {
    eng_core *core;
    eng_exchange *exchange; // Being read or worked on; NULL between requests.
    eng_lease *input_first, *input_last;
    eng_conn *next_dirty, *next_ready, *next_starved;
    eng_out out;
    eng_timeout timeout;          // What it waits for.
    eng_timeout write_timeout;    // Set while output is under way; checked when it expires.
    const eng_protocol *protocol; // After an upgrade.
    void *protocol_user;
    int64_t progress_ns; // When the peer last took a byte.
    uint32_t file, generation;
    uint32_t request_count;
    uint32_t linger_size;
    uint8_t life;               // eng_life.
    uint8_t receiving;          // eng_receiving.
    uint8_t input_count;        // Leases in the input.
    uint8_t skipped_line_count; // Empty lines before the next request.
    bool is_dirty, is_ready;    // In these lists of the core.
    bool is_sending, is_shutting, is_closing_file;
    bool cancel_sent;
    bool has_ended;   // The peer sends no more.
    bool has_unread;  // Closing at once would reset: linger.
    bool is_paused;   // Unsent bytes are over the limit.
    bool has_address; // Counted in the core's addresses.
};

_Static_assert(sizeof(eng_conn) <= 320, "an idle connection costs under 1 KiB in all");

// conn.c
void eng_conn_open(eng_core *core, uint32_t file);
void eng_conn_on_recv(eng_core *core, const eng_event *event);
void eng_conn_on_send(eng_core *core, const eng_event *event);
void eng_conn_on_shutdown(eng_core *core, const eng_event *event);
void eng_conn_on_close(eng_core *core, const eng_event *event);
void eng_conn_on_timeout(eng_core *core, eng_timeout *timeout, eng_timeout_kind kind);
void eng_conn_flush(eng_conn *conn);
void eng_conn_mark_dirty(eng_conn *conn);
void eng_conn_mark_ready(eng_conn *conn);
// Arms or cancels the receive as the state of the connection asks for.
void eng_conn_update_receiving(eng_conn *conn);
// No more is read; closes when all is sent.
void eng_conn_finish(eng_conn *conn, bool has_unread);
// Closes now; what is unsent is lost.
void eng_conn_abort(eng_conn *conn);
void eng_conn_pop_input(eng_conn *conn);
// Copies input that waits out of receive buffers, if these are getting scarce.
void eng_conn_relieve(eng_conn *conn);
bool eng_conn_is_idle(const eng_conn *conn);

// http.c: parses as much input as may be now; the connection may be closing afterwards.
void eng_http_run(eng_conn *conn);
// The input has ended.
void eng_http_end(eng_conn *conn);
void eng_http_timeout(eng_conn *conn, eng_timeout_kind kind);
// The exchange has been answered, from outside of a callback: the connection goes on.
void eng_http_go_on(eng_exchange *exchange);

// respond.c
void eng_respond_error(eng_exchange *exchange, eng_http_error error);
// The line that says whether the connection stays open; empty if that goes without saying.
bl_slice eng_connection_line(const eng_exchange *exchange);
// Whether a response with this status has a body at all.
bool eng_status_has_body(uint16_t status);
// The answer is written: counts it, tells the upper layer, lets the connection go on.
void eng_respond_done(eng_exchange *exchange, uint64_t body_size);
void eng_respond_continue(eng_conn *conn);

// ---- core --------------------------------------------------------------------------------------

typedef struct eng_accept {
    struct sockaddr_storage address;
    socklen_t address_size;
    bool is_armed;
} eng_accept;

typedef enum eng_run_state {
    ENG_RUN,
    ENG_DRAIN,
    ENG_STOP,
} eng_run_state;

// What the cores of a server share: written at the end of its life only.
typedef struct eng_control {
    _Atomic(uint32_t) run_state;            // eng_run_state.
    _Atomic(uint32_t) uncounted_core_count; // Which have not counted their active connections.
    _Atomic(uint32_t) active_count;
} eng_control;

#define ENG_DATE_SIZE 29 // "Sun, 06 Nov 1994 08:49:37 GMT"

struct eng_core {
    eng_ring *ring;
    void *user; // Of the upper layer.
    int64_t now_ns;
    const eng_config *config;
    eng_control *control;
    uint32_t index;

    eng_conn **conns; // By file.
    uint32_t file_count;
    uint32_t conn_count;
    uint32_t conn_count_max;
    uint32_t generation;
    eng_conn *dirty, *ready, *starved, *starved_last;
    bl_pool conn_pool;
    eng_address *peers;              // By file; NULL if nobody asks for them.
    struct eng_addresses *addresses; // Connections for each address; NULL if unlimited.

    eng_lease *leases; // One for each receive buffer.
    bl_pool head_pool;
    uint32_t lent_count; // Receive buffers that are leased.

    eng_exchange *free_exchanges;
    uint32_t free_exchange_count;
    uint32_t live_exchange_count;
    uint32_t deferred_count;

    eng_out_pool out_pool;
    eng_timeouts timeouts;
    eng_timers timers;
    eng_wake wake;

    char date[ENG_DATE_SIZE];
    int64_t date_until_ns;

    int listener;
    eng_accept accepts[ENG_ACCEPT_COUNT];
    uint32_t armed_accept_count;
    int64_t accept_retry_ns; // Do not accept before; 0: no reason not to.
    bool accept_is_cancelled, accept_is_multishot;

    bool is_draining;
    bool is_emptying_backlog;
    bool is_cut;
    int64_t drain_grace_until_ns, drain_until_ns;
    uint32_t cut_count;

    int64_t error_window_ns; // For the rate of on_conn_error.
    uint32_t error_count;
    eng_counters counters;
};

// Says to the log hook that a connection broke; limited in rate.
void eng_core_conn_error(eng_core *core, eng_http_error error, const char *detail);

// core.c, for server.c and for tests that run a core without a thread.
BL_MUST_USE
bl_status eng_core_open(eng_core *core, bl_error *error);
void eng_core_close(eng_core *core);
// One pass; may wait. False: the core has ended (drained, stopped or broken: status).
bool eng_core_pass(eng_core *core, bl_status *status, bl_error *error);

// accept.c
void eng_accept_update(eng_core *core); // Arms or cancels as the state asks for.
void eng_accept_on_event(eng_core *core, const eng_event *event);
void eng_accept_drain(eng_core *core);

#endif
