// engine/exchange.c: a request in work: where its memory comes from, deferring and releasing.
//
//     acquire -> read -> callback -> answered ---------------------------> free
//                           \-> deferred -> answered -> released --------> free
//                                        \-> client gone -> released ----> free
#include "engine/core.h"

#include <assert.h>
#include <stdatomic.h>

// Kept with a free exchange; what was larger goes back to the system.
#define KEPT_BODY_SIZE ((size_t)64 << 10)
#define KEPT_EXCHANGE_COUNT 256

static eng_exchange *make(eng_core *core)
{
    size_t field_count = core->config->limits.header_count_max + 1;
    eng_exchange *exchange =
        bl_alloc_aligned(BL_CACHE_LINE, sizeof(*exchange) + field_count * sizeof(eng_field));
    memset(exchange, 0, sizeof(*exchange));
    bl_arena_init(&exchange->arena, 0);
    exchange->request.core = core;
    exchange->request.arena = &exchange->arena;
    exchange->request.fields = exchange->fields;
    return exchange;
}

eng_exchange *eng_exchange_acquire(eng_core *core, eng_conn *conn)
{
    eng_exchange *exchange = core->free_exchanges;
    if (exchange == NULL) {
        exchange = make(core);
    } else {
        core->free_exchanges = exchange->next_free;
        core->free_exchange_count -= 1;
    }
    core->live_exchange_count += 1;
    exchange->conn = conn;
    exchange->stage = ENG_STAGE_HEAD;
    exchange->head_lease = NULL;
    exchange->body_lease = NULL;
    exchange->body_left = 0;
    exchange->dropped_size = 0;
    exchange->response_body_size = 0;
    exchange->status = 0;
    exchange->is_answered = false;
    exchange->is_responding = false;
    exchange->is_streaming = false;
    exchange->is_deferred = false;
    exchange->in_callback = false;
    exchange->must_close = false;
    atomic_store_explicit(&exchange->is_abandoned, false, memory_order_relaxed);
    return exchange;
}

void eng_exchange_free(eng_core *core, eng_exchange *exchange)
{
    BL_CHECK(core->live_exchange_count > 0);
    core->live_exchange_count -= 1;
    eng_timeout_clear(&core->timeouts, &exchange->handler_timeout);
    if (exchange->head_lease != NULL) {
        eng_lease_drop(core, exchange->head_lease);
    }
    if (exchange->body_lease != NULL) {
        eng_lease_drop(core, exchange->body_lease);
    }
    exchange->body_buffer.size = 0;
    if (exchange->body_buffer.capacity > KEPT_BODY_SIZE) {
        bl_buffer_deinit(&exchange->body_buffer);
    }
    bl_arena_reset(&exchange->arena);
    if (core->free_exchange_count >= KEPT_EXCHANGE_COUNT) {
        bl_buffer_deinit(&exchange->body_buffer);
        bl_arena_deinit(&exchange->arena);
        bl_free(exchange);
        return;
    }
    exchange->next_free = core->free_exchanges;
    core->free_exchanges = exchange;
    core->free_exchange_count += 1;
}

void eng_exchange_detach(eng_exchange *exchange)
{
    exchange->conn = NULL;
    if (!exchange->is_answered) {
        atomic_store_explicit(&exchange->is_abandoned, true, memory_order_relaxed);
    }
}

// ---- scarce buffers ----------------------------------------------------------------------------

static void rebase(bl_slice *slice, const char *from, const char *to, size_t size)
{
    if (slice->data >= from && slice->data < from + size) {
        slice->data = to + (slice->data - from);
    }
}

static void move_head(eng_core *core, eng_exchange *exchange)
{
    eng_request *request = &exchange->request;
    size_t size = exchange->head.at;
    const char *from = request->base;
    const char *to = bl_arena_copy(&exchange->arena, from, size);
    request->base = to;
    rebase(&request->method_text, from, to, size);
    rebase(&request->target, from, to, size);
    rebase(&request->path, from, to, size);
    rebase(&request->query, from, to, size);
    rebase(&request->authority, from, to, size);
    eng_lease_drop(core, exchange->head_lease);
    exchange->head_lease = NULL;
}

void eng_exchange_relieve(eng_core *core, eng_exchange *exchange)
{
    if (!eng_leases_are_scarce(core)) {
        return;
    }
    core->counters.copied_requests += 1;
    if (exchange->head_lease != NULL && exchange->head_lease->buffer != ENG_NO_BUFFER) {
        move_head(core, exchange);
    }
    if (exchange->body_lease != NULL) {
        bl_slice *body = &exchange->request.body;
        body->data = bl_arena_copy(&exchange->arena, body->data, body->size);
        eng_lease_drop(core, exchange->body_lease);
        exchange->body_lease = NULL;
    }
}

// ---- public ------------------------------------------------------------------------------------

void eng_request_defer(eng_request *request)
{
    eng_exchange *exchange = eng_exchange_of(request);
    BL_CHECK(exchange->in_callback);
    BL_CHECK(exchange->stage == ENG_STAGE_WORK);
    BL_CHECK(!exchange->is_answered);
    BL_CHECK(!exchange->is_deferred);
    exchange->is_deferred = true;
    request->core->deferred_count += 1;
    eng_timeout_touch(&request->core->timeouts, &exchange->handler_timeout, ENG_TIMEOUT_HANDLER,
                      request->core->now_ns);
    // Now, before the upper layer hands the slices to another thread.
    eng_exchange_relieve(request->core, exchange);
}

void eng_request_release(eng_request *request)
{
    eng_exchange *exchange = eng_exchange_of(request);
    eng_core *core = request->core;
    BL_CHECK(exchange->is_deferred);
    if (exchange->is_streaming && exchange->conn != NULL) {
        eng_conn_abort(exchange->conn); // It detaches the exchange.
    } else if (!exchange->is_answered && exchange->conn != NULL) {
        eng_refuse(request, ENG_HTTP_NOT_ANSWERED);
    }
    BL_CHECK(core->deferred_count > 0);
    core->deferred_count -= 1;
    exchange->is_deferred = false;
    if (exchange->in_callback) {
        return; // Its connection is in the middle of it and will see that it is no longer deferred.
    }
    BL_CHECK(exchange->conn == NULL);
    eng_exchange_free(core, exchange);
}

void eng_complete(eng_request *request, const eng_response *response)
{
    eng_respond(request, response);
    eng_request_release(request);
}

bool eng_request_is_abandoned(const eng_request *request)
{
    const eng_exchange *exchange = (const eng_exchange *)(const void *)request;
    return atomic_load_explicit(&exchange->is_abandoned, memory_order_relaxed);
}

bool eng_request_is_answered(const eng_request *request)
{
    return ((const eng_exchange *)(const void *)request)->is_answered;
}

bl_slice eng_request_find(const eng_request *request, bl_slice name)
{
    for (uint8_t i = 0; i < request->field_count; i++) {
        const eng_field *field = &request->fields[i];
        if (field->name_size == name.size &&
            bl_slice_equal_nocase(eng_field_name(request, field), name)) {
            return eng_field_value(request, field);
        }
    }
    return (bl_slice){NULL, 0};
}

eng_address eng_request_peer(const eng_request *request)
{
    const eng_core *core = request->core;
    return core->peers == NULL ? (eng_address){.family = 0} : core->peers[request->conn_index];
}
