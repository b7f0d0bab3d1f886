// engine/engine.h: an HTTP/1.1 server over io_uring: one thread and one ring for each core.
//
//     static void on_request(eng_core *core, eng_request *request)
//     {
//         eng_response response = {.status = 200, .body = BL_SLICE("Hello, World!")};
//         eng_respond(request, &response);
//     }
//
//     eng_config config;
//     eng_config_init(&config);                       // defaults of limits.def, 0.0.0.0:8080
//     config.on_request = on_request;
//     eng_server *server = NULL;
//     if (eng_server_create(&config, &server, &error) == BL_OK &&  // binds: the port is known
//         eng_server_start(server, &error) == BL_OK) {             // rings made, port open
//         eng_server_wait(server, &result);           // until drained or stopped
//     }
//     eng_server_destroy(server);
//
// Threads. Every callback runs on the ring thread of its core and must not block. Functions that
// take a core or a request belong to that thread, but for those marked "any thread". Between cores
// nothing is shared.
//
// Life of a request:
//
//     bytes -> on_head (optional, before the body) -> on_request -> eng_respond()  -> on_done
//                                                               \-> eng_request_defer() … later:
//                          eng_respond() on the ring thread, then eng_request_release() -> on_done
//
// A request that is not deferred is dead when its callback returns. A deferred one stays whole
// (its bytes, its arena) until it is released, even when its client has gone meanwhile: then the
// answer is dropped in silence. One request of a connection is in work at a time; the next is
// parsed when it is answered, so responses leave in order. All that became ready in one pass of
// the loop leaves with one send for each connection.
//
// Words: borrowed (valid until the call returns), request (lives as long as the request).
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "alloc/alloc.h"
#include "engine/inbox.h"

typedef struct eng_server eng_server;
typedef struct eng_core eng_core; // One ring thread with all it owns.
typedef struct eng_conn eng_conn; // One connection; seen only after an upgrade.
typedef struct eng_request eng_request;

// ---- vocabularies ----------------------------------------------------------------------------

typedef enum eng_method {
#define METHOD(name) ENG_METHOD_##name,
#include "engine/methods.def"
#undef METHOD
    ENG_METHOD_OTHER, // A well-formed token that the engine does not know: 501.
} eng_method;

typedef enum eng_header_id {
#define HEADER(id, name) ENG_HEADER_##id,
#include "engine/headers.def"
#undef HEADER
    ENG_HEADER_OTHER,
} eng_header_id;

typedef enum eng_http_error {
#define HTTP_ERROR(name, status, parsed, text) ENG_HTTP_##name,
#include "engine/http_errors.def"
#undef HTTP_ERROR
    ENG_HTTP_ERROR_COUNT,
} eng_http_error;

const char *eng_method_name(eng_method method); // "?" for OTHER.
const char *eng_http_error_text(eng_http_error error);
uint16_t eng_http_error_status(eng_http_error error); // 0: closes without a word.
bl_slice eng_status_reason(uint16_t status);          // Empty when there is none.

// ---- limits ----------------------------------------------------------------------------------

typedef struct eng_limits {
#define LIMIT(name, default_value, min, max, answer, reason) uint32_t name;
#include "engine/limits.def"
#undef LIMIT
} eng_limits;

// Each field must lie in the range of limits.def; 0 only where min is 0.
BL_MUST_USE
bl_status eng_limits_check(const eng_limits *limits, bl_error *error);

// ---- request ---------------------------------------------------------------------------------

typedef struct eng_field {
    uint32_t name_at, value_at; // From base.
    uint16_t name_size;
    uint8_t id; // eng_header_id.
    uint32_t value_size;
} eng_field;

typedef struct eng_address {
    uint8_t family; // 4, 6, or 0: not known (eng_config.peer_addresses is off).
    uint8_t bytes[16];
    uint16_t port;
} eng_address;

// Read-only for the upper layer but for user_word, user_data and body_size_max.
struct eng_request {
    eng_core *core;
    void *user_data;          // The upper layer's; NULL at the start of a request.
    uint64_t user_word;       // The upper layer's; 0 at the start of a request.
    bl_arena *arena;          // request. Bytes for the upper layer; no limit of its own.
    const char *base;         // Where the offsets of fields start.
    bl_slice method_text;     // As sent.
    bl_slice target;          // As sent.
    bl_slice path;            // Of the target, escapes as sent, without query; "*" for OPTIONS *.
    bl_slice query;           // Behind the '?', empty when there is none.
    bl_slice authority;       // Of an absolute target, else the Host; may be empty in HTTP/1.0.
    bl_slice body;            // Whole and decoded in on_request; empty in on_head.
    int64_t content_length;   // As declared; -1: none or chunked.
    uint32_t body_size_max;   // May be lowered or raised in on_head.
    uint32_t conn_index;      // Of the connection in its core; reused.
    uint64_t conn_generation; // Unique in the core.
    int64_t start_ns;         // Monotonic, of the pass of the loop in which the head was whole.
    uint8_t method;           // eng_method.
    uint8_t version_minor;    // HTTP/1.x: 0 or 1 (1 for anything above).
    bool keep_alive;          // As asked for by the client.
    bool is_chunked;
    bool expects_continue; // 100-continue was asked for and nothing of the body is here yet.
    bool has_query;        // There was a '?'.
    uint8_t field_count;
    const eng_field *fields;         // In the order received.
    uint8_t known[ENG_HEADER_OTHER]; // 1 + index of the first such field, 0: none.
};

static inline bl_slice eng_field_name(const eng_request *request, const eng_field *field)
{
    return (bl_slice){request->base + field->name_at, field->name_size}; // In the case as sent.
}

static inline bl_slice eng_field_value(const eng_request *request, const eng_field *field)
{
    return (bl_slice){request->base + field->value_at, field->value_size}; // Without blanks round.
}

// The first field of that kind; data == NULL if there is none.
static inline bl_slice eng_request_known(const eng_request *request, eng_header_id id)
{
    uint8_t place = request->known[id];
    return place == 0 ? (bl_slice){NULL, 0} : eng_field_value(request, &request->fields[place - 1]);
}

// Any name in any case, by search; data == NULL if there is none.
bl_slice eng_request_find(const eng_request *request, bl_slice name);

// Needs eng_config.peer_addresses.
eng_address eng_request_peer(const eng_request *request);

// ---- answering -------------------------------------------------------------------------------

typedef struct eng_response {
    uint16_t status; // 200 to 999.
    bool close;      // Closes the connection after this response.
    bool has_date;   // headers contain a Date: the engine sends none.
    bool has_length; // For HEAD: content_length is sent instead of the size of body.
    uint64_t content_length;
    // Whole lines "Name: value\r\n", checked by the caller (eng_header_is_safe), without
    // Content-Length, Transfer-Encoding and Connection: framing is the engine's.
    bl_slice headers; // borrowed: copied before eng_respond() returns.
    bl_slice body;    // borrowed; or kept until release is called, if there is one.
    // If not NULL the body may be sent from where it is; called once, on the ring thread, when
    // nobody needs it any more (at once for small bodies, HEAD, and clients that have gone).
    void (*release)(void *owner, eng_core *core);
    void *owner;
} eng_response;

// Answers a request: in on_head, in on_request, or after eng_request_defer(). Exactly once.
// The engine adds status line, Date, Content-Length and Connection, and leaves out the body for
// HEAD, 204, 205 and 304.
void eng_respond(eng_request *request, const eng_response *response);

// The same in steps, without a block of headers: the bytes go where they will be sent from.
// Nothing is sent before eng_response_end(); eng_response_cancel() takes all of it back.
void eng_response_begin(eng_request *request, uint16_t status, bool has_date);
void eng_response_header(eng_request *request, bl_slice name, bl_slice value);
void eng_response_headers(eng_request *request, bl_slice lines); // Whole lines, as above.
void eng_response_end(eng_request *request, bl_slice body, bool close);
void eng_response_cancel(eng_request *request);

// An answer whose length is not known when it begins (events, files that grow): chunked, or to
// HTTP/1.0 ended by closing. The request must be deferred, and stays so until after
// eng_stream_end(); released before that, the connection is cut, so that the client sees that
// something is missing.
void eng_stream_begin(eng_request *request, uint16_t status, bl_slice headers);
// Copies. What the client has not taken yet, in bytes: stop writing when it gets large, go on when
// on_stream_sent is called. SIZE_MAX: nobody reads this any more.
size_t eng_stream_write(eng_request *request, bl_slice data);
void eng_stream_end(eng_request *request);

// A response that is always the same but for its Date; made once, read by all cores.
typedef struct eng_prepared eng_prepared;
// Takes what eng_respond() takes; release is not used. owned.
eng_prepared *eng_prepared_create(const eng_response *response);
void eng_prepared_destroy(eng_prepared *prepared); // NULL is allowed.
// extra: whole header lines for this answer alone, may be empty. Borrowed.
void eng_respond_prepared(eng_request *request, const eng_prepared *prepared, bl_slice extra);

// Answers with the engine's own answer to this error (status, empty body), closing if the row of
// http_errors.def says so.
void eng_refuse(eng_request *request, eng_http_error error);

// No CR, LF, NUL in the value; the name a token. What else comes from a program must pass here.
bool eng_header_is_safe(bl_slice name, bl_slice value);

// In on_request: the answer comes later. The caller then owes one eng_request_release().
void eng_request_defer(eng_request *request);
// Ends a deferred request; without an answer before it the client gets a 500.
void eng_request_release(eng_request *request);
// The two in one.
void eng_complete(eng_request *request, const eng_response *response);
// Any thread, while the deferred request is not released: nobody waits for the answer any more
// (client gone, server stopped): stop working on it.
bool eng_request_is_abandoned(const eng_request *request);
bool eng_request_is_answered(const eng_request *request);

// ---- upgrade ---------------------------------------------------------------------------------

// What another protocol does with a connection that it took over. Ring thread.
typedef struct eng_protocol {
    // Bytes in order; borrowed.
    void (*on_data)(void *user, eng_conn *conn, bl_slice data);
    // All that was written has been sent; may be NULL.
    void (*on_sent)(void *user, eng_conn *conn);
    // The peer sends no more; the connection can still be written to. May be NULL: then it closes.
    void (*on_end)(void *user, eng_conn *conn);
    // A drain began: say goodbye and close. May be NULL: then it closes.
    void (*on_drain)(void *user, eng_conn *conn);
    // Gone, for whatever reason; conn is dead after this call. Called exactly once.
    void (*on_close)(void *user, eng_conn *conn);
} eng_protocol;

// In on_request, or deferred before its release: answers 101 with these header lines (Connection
// and Upgrade among them) and hands the connection over; bytes behind the request go to on_data.
// NULL when the client has gone. No time limits but that for writing hold from here.
eng_conn *eng_upgrade(eng_request *request, bl_slice headers, const eng_protocol *protocol,
                      void *user);
// Copies. Sent at the end of this pass of the loop.
void eng_conn_write(eng_conn *conn, bl_slice data);
size_t eng_conn_unsent_size(const eng_conn *conn);
// After what was written has been sent.
void eng_conn_close(eng_conn *conn);

// ---- core ------------------------------------------------------------------------------------

uint32_t eng_core_index(const eng_core *core);
void *eng_core_user(const eng_core *core);     // What on_core_start stored.
int64_t eng_core_now_ns(const eng_core *core); // Monotonic, read once for each pass of the loop.
bool eng_core_is_draining(const eng_core *core);

// Any thread: hands a message to on_message of that core and wakes it if it sleeps.
void eng_core_post(eng_core *core, eng_inbox_link *message);

// Calls back at a time, or a little later. Embedded in the caller's struct; no allocation.
typedef struct eng_timer {
    struct eng_timer *child, *sibling, *before; // The engine's.
    int64_t due_ns;
    void (*call)(struct eng_timer *timer, eng_core *core);
    bool is_set;
} eng_timer;

// Zero-initialise once. Setting a set timer moves it.
void eng_timer_set(eng_core *core, eng_timer *timer, int64_t due_ns);
void eng_timer_cancel(eng_core *core, eng_timer *timer);

// ---- server ----------------------------------------------------------------------------------

typedef struct eng_done {
    uint16_t status;
    uint64_t body_size;  // Of the response.
    int64_t duration_ns; // From the whole head to the answer.
} eng_done;

typedef struct eng_config {
    const char *address; // "0.0.0.0", "::", "127.0.0.1"; borrowed.
    uint16_t port;       // 0: any free one.
    uint32_t core_count; // 0: as many as the process may use.
    bool pin;            // Core i to the i-th allowed CPU.
    bool keep_alive;     // false: every response closes.
    bool peer_addresses; // Costs a little at each accept.
    eng_limits limits;
    void *user;

    // Once per core, on its thread, before the port opens and after the last request. The pointer
    // stored in *core_user is eng_core_user(). May be NULL.
    bl_status (*on_core_start)(void *user, eng_core *core, void **core_user, bl_error *error);
    void (*on_core_stop)(void *core_user, eng_core *core);

    // Required. The whole request is here.
    void (*on_request)(eng_core *core, eng_request *request);
    // May be NULL. The head is here, method known, limits of the head kept; the body is not. It may
    // answer (the body is then dropped, or the connection closed where that would be long), or
    // lower body_size_max, or do nothing. After it, if not answered: Content-Length over
    // body_size_max is BODY_SIZE, then 100 Continue is sent if asked for.
    void (*on_head)(eng_core *core, eng_request *request);
    // May be NULL. A parsed request is refused (rows with parsed in http_errors.def): may answer;
    // if not, the engine does. The connection closes as the row says, whatever the answer.
    void (*on_refuse)(eng_core *core, eng_request *request, eng_http_error error);
    // May be NULL. The answer has been written to the output (not yet taken by the peer).
    void (*on_done)(eng_core *core, eng_request *request, const eng_done *done);
    // May be NULL. A deferred request is over handler_timeout_ms: it may be answered here; it must
    // still be released when its work has stopped. Not answered: it goes on.
    void (*on_timeout)(eng_core *core, eng_request *request);

    // May be NULL. All that was written to a streamed answer has been taken by the peer.
    void (*on_stream_sent)(eng_core *core, eng_request *request);

    void (*on_message)(eng_core *core, eng_inbox_link *message); // NULL if nobody posts.
    // May be NULL. At the end of each pass, before the sends: true asks for another pass at once
    // (there is work left), false may sleep.
    bool (*on_pass)(eng_core *core);
    // May be NULL. A broken connection or unparsable request. At most some per second and core.
    void (*on_conn_error)(eng_core *core, eng_http_error error, const char *detail);
    // May be NULL. Once per server, on some ring thread, when a drain began: connections with work.
    void (*on_drain)(void *user, uint32_t active_count);
} eng_config;

void eng_config_init(eng_config *config);

typedef struct eng_result {
    uint32_t active_count; // Connections with work when the drain began.
    uint32_t cut_count;    // Of all, closed by force at the end.
    bl_status status;      // Not BL_OK: a ring failed while running; error says why.
    bl_error error;
} eng_result;

// Resolves limits, binds. BL_BUSY: address in use; BL_FORBIDDEN; BL_INVALID; BL_LIMIT: files.
BL_MUST_USE
bl_status eng_server_create(const eng_config *config, eng_server **server, bl_error *error);
// Makes threads and rings, then opens the port. BL_UNSUPPORTED or BL_FORBIDDEN: io_uring is
// missing or not allowed here (message with the remedy; a program should exit with 78).
// BL_NO_MEMORY: RLIMIT_MEMLOCK. On failure the server can only be destroyed.
BL_MUST_USE
bl_status eng_server_start(eng_server *server, bl_error *error);
// Blocks until all cores have ended.
void eng_server_wait(eng_server *server, eng_result *result);
// Any thread, signal handlers too. Accepts no more, answers what is under way with Connection:
// close, ends within drain_timeout_ms.
void eng_server_drain(eng_server *server);
// Any thread, signal handlers too. Ends at once.
void eng_server_stop(eng_server *server);
// All cores must have ended. NULL is allowed.
void eng_server_destroy(eng_server *server);

uint16_t eng_server_port(const eng_server *server);
uint32_t eng_server_core_count(const eng_server *server);
eng_core *eng_server_core(eng_server *server, uint32_t index); // Valid after eng_server_start().

// Sums over the cores; any thread, not exact while they run.
typedef struct eng_counters {
#define COUNTER(name, text) uint64_t name;
#include "engine/counters.def"
#undef COUNTER
} eng_counters;

void eng_server_counters(const eng_server *server, eng_counters *counters);

// ---- what this machine offers ----------------------------------------------------------------

typedef struct eng_feature {
    const char *name;
    bool is_there;
    bool is_used;
    const char *remark; // What it is for, or what is done without it.
} eng_feature;

typedef struct eng_probe_report {
    bl_status status; // BL_OK: this machine can serve.
    bl_error error;   // Else why not, with the remedy.
    char kernel[64];
    uint64_t memlock_limit, memlock_need; // Bytes; need for each core. UINT64_MAX: no limit.
    uint64_t file_limit;                  // After raising it.
    uint32_t cpu_count;                   // That this process may use.
    uint32_t feature_count;
    eng_feature features[24];
} eng_probe_report;

// Makes a ring, looks, and closes it. For `doctor`.
void eng_probe(const eng_limits *limits, eng_probe_report *report);

#endif
