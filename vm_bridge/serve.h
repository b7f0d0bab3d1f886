// vm_bridge/serve.h: the callbacks of the engine: from a parsed request to an answer.
//
// The order of checks is that of the language's documentation: rate limit, health, OPTIONS without
// a route, size of the body, route, body, middleware and handler; and for every answer request id,
// CORS and access line. A request with a body meets these checks when its head is there (so that
// 404 and 405 come before the body), one without only when it is whole.
//
// What a ring thread needs of its own is a br_core; a br_server is shared and read-only but for
// the counter of request ids.
#ifndef VM_BRIDGE_SERVE_H
#define VM_BRIDGE_SERVE_H

#include "vm_bridge/gzip.h"
#include "vm_bridge/log.h"
#include "vm_bridge/rate.h"
#include "vm_bridge/run.h"
#include "vm_bridge/worker.h"

typedef struct br_server {
    br_config config;
    br_options options;
    const vm_program *program;
    br_app *app;
    br_pool *pool;
    br_rate *rate; // NULL: no limit.
    br_log *log;
    br_core *cores;
    uint32_t core_count;
    uint32_t worker_count;
    eng_prepared *docs_page; // NULL: none.
    eng_prepared *docs_openapi;
    _Alignas(BL_CACHE_LINE) _Atomic(uint64_t) next_id;
} br_server;

struct br_core {
    _Alignas(BL_CACHE_LINE) br_server *server;
    eng_core *engine;
    vm_thread *thread;
    br_log_buffer *log;
    bl_slice *params; // Room for the parameters of any route.
    br_context context;
    br_reply reply;  // Of the request in the callback.
    bl_buffer lines; // Header lines of the server.
    bl_buffer scratch;
    br_gzip *gzip;                      // NULL: no compression.
    uint64_t next_id, end_id, id_block; // Ids taken and not used.
    int64_t id_time_ns;
    br_run *free_runs; // Their buffers are used again.
    uint32_t live_runs;
    br_run *ready, *ready_last; // Handlers on this thread that go on with the next pass.
    uint32_t hint;              // Which worker is near.
    bool *woken_workers;        // Those that were given runs in this pass: woken at its end.
    bool owes_wakes;
};

// Fills the callbacks of config; user: the server.
void br_serve_callbacks(eng_config *config, br_server *server);
void br_core_init(br_core *core, br_server *server, uint32_t index);
// All runs must be back.
void br_core_deinit(br_core *core);
// Ring thread. A run with an empty reply; the rest is zero.
br_run *br_run_acquire(br_core *core);
void br_run_release(br_run *run);

#endif
