// engine/http.c: a connection's bytes become requests.
//
//     input -> head -> on_head -> body -> on_request -> (answered | deferred) -> next
//
// A head or body that lies in one receive buffer is used where it is. One that crosses buffers is
// put together once: every byte is copied at most once, however small the pieces come. While a
// request is deferred its connection's input waits unparsed, so answers leave in order.
#include "engine/core.h"

#include <assert.h>

// ---- bodies ------------------------------------------------------------------------------------

static bool has_body(const eng_request *request)
{
    return request->is_chunked || request->content_length > 0;
}

// Bytes [at, at + size) of the lease belong to the body. A body in one piece stays where it is.
static void take_body(eng_core *core, eng_exchange *exchange, eng_lease *lease, bl_slice data)
{
    bl_slice *body = &exchange->request.body;
    if (data.size == 0) {
        return;
    }
    if (body->size == 0) {
        BL_CHECK(exchange->body_lease == NULL);
        *body = data;
        exchange->body_lease = lease;
        lease->reference_count += 1;
        return;
    }
    if (exchange->body_lease != NULL) {
        bl_buffer_append_slice(&exchange->body_buffer, *body);
        eng_lease_drop(core, exchange->body_lease);
        exchange->body_lease = NULL;
    }
    bl_buffer_append_slice(&exchange->body_buffer, data);
    *body = bl_buffer_slice(&exchange->body_buffer);
}

// More is to come: the receive buffer is not held for it.
static void keep_partial_body(eng_core *core, eng_exchange *exchange)
{
    if (exchange->body_lease != NULL) {
        bl_buffer_append_slice(&exchange->body_buffer, exchange->request.body);
        exchange->request.body = bl_buffer_slice(&exchange->body_buffer);
        eng_lease_drop(core, exchange->body_lease);
        exchange->body_lease = NULL;
    }
}

static eng_progress read_sized_body(eng_core *core, eng_exchange *exchange, eng_lease *lease)
{
    uint64_t size = lease->end - lease->at;
    size = size < exchange->body_left ? size : exchange->body_left;
    if (!exchange->is_answered) {
        take_body(core, exchange, lease, (bl_slice){lease->data + lease->at, (size_t)size});
    }
    lease->at += (uint32_t)size;
    exchange->body_left -= size;
    return exchange->body_left == 0 ? ENG_DONE : ENG_MORE;
}

static eng_progress read_chunked_body(eng_core *core, eng_exchange *exchange, eng_lease *lease)
{
    bl_slice input = {lease->data, lease->end};
    size_t at = lease->at;
    eng_progress progress = ENG_MORE;
    while (progress == ENG_MORE && at < input.size) {
        bl_slice data;
        progress = eng_chunk_next(&exchange->chunk, input, &at,
                                  core->config->limits.chunk_overhead_max, &data);
        uint64_t seen_size =
            exchange->is_answered ? exchange->dropped_size : exchange->request.body.size;
        if (seen_size + data.size > exchange->request.body_size_max) {
            exchange->head.error = ENG_HTTP_BODY_SIZE;
            progress = ENG_ERROR;
        } else if (progress == ENG_ERROR) {
            exchange->head.error = exchange->chunk.error;
        } else if (exchange->is_answered) {
            exchange->dropped_size += data.size;
        } else {
            take_body(core, exchange, lease, data);
        }
    }
    lease->at = (uint32_t)at;
    return progress;
}

// ---- refusing ----------------------------------------------------------------------------------

// The current exchange cannot go on. Answers if it has not been answered, then closes.
static void refuse(eng_conn *conn, eng_http_error error)
{
    eng_core *core = conn->core;
    eng_exchange *exchange = conn->exchange;
    if (!exchange->is_answered) {
        exchange->in_callback = true;
        eng_respond_error(exchange, error);
        exchange->in_callback = false;
    }
    eng_core_conn_error(core, error, eng_http_error_text(error));
    conn->exchange = NULL;
    eng_exchange_free(core, exchange);
    eng_conn_finish(conn, true);
}

// ---- after the callbacks -----------------------------------------------------------------------

// The connection goes on after an exchange that was answered and whose body has been read.
static void next_request(eng_conn *conn, bool must_close)
{
    conn->exchange = NULL;
    if (conn->protocol != NULL) {
        eng_timeout_clear(&conn->core->timeouts, &conn->timeout);
    } else if (must_close) {
        eng_conn_finish(conn, conn->input_first != NULL);
    } else {
        eng_timeout_touch(&conn->core->timeouts, &conn->timeout, ENG_TIMEOUT_IDLE,
                          conn->core->now_ns);
    }
}

static void end_exchange(eng_conn *conn, eng_exchange *exchange)
{
    bool must_close = exchange->must_close;
    if (exchange->is_deferred) {
        exchange->conn = NULL; // It lives on until it is released.
    } else {
        eng_exchange_free(conn->core, exchange);
    }
    next_request(conn, must_close);
}

void eng_http_go_on(eng_exchange *exchange)
{
    eng_conn *conn = exchange->conn;
    BL_CHECK(conn->exchange == exchange);
    BL_CHECK(exchange->stage == ENG_STAGE_WORK);
    end_exchange(conn, exchange);
    if (conn->life == ENG_LIFE_OPEN) {
        eng_conn_mark_ready(conn);
    }
}

static void dispatch(eng_conn *conn, eng_exchange *exchange)
{
    eng_core *core = conn->core;
    exchange->stage = ENG_STAGE_WORK;
    exchange->in_callback = true;
    core->config->on_request(core, &exchange->request);
    if (!exchange->is_answered && !exchange->is_deferred && conn->protocol == NULL) {
        eng_refuse(&exchange->request, ENG_HTTP_NOT_ANSWERED);
    }
    exchange->in_callback = false;
    if (exchange->conn == NULL) { // Given up in the middle of an answer: the connection was cut.
        if (!exchange->is_deferred) {
            eng_exchange_free(core, exchange);
        }
    } else if (exchange->is_answered) {
        end_exchange(conn, exchange);
    } else {
        eng_conn_relieve(conn);
    }
}

// ---- heads -------------------------------------------------------------------------------------

static bl_slice head_part(const eng_head *head, uint32_t from, uint32_t to)
{
    return (bl_slice){head->base + from, (size_t)(to - from)};
}

static void fill_request(eng_conn *conn, eng_exchange *exchange)
{
    const eng_head *head = &exchange->head;
    eng_request *request = &exchange->request;
    request->user_data = NULL;
    request->user_word = 0;
    request->base = head->base;
    request->method_text = head_part(head, head->method_at, head->method_end);
    request->target = head_part(head, head->target_at, head->target_end);
    request->path = head->path;
    request->query = head->query;
    request->authority = head->authority;
    request->body = (bl_slice){NULL, 0};
    request->content_length = head->content_length;
    request->body_size_max = conn->core->config->limits.body_size_max;
    request->conn_index = conn->file;
    request->conn_generation = conn->generation;
    request->start_ns = conn->core->now_ns;
    request->method = head->method;
    request->version_minor = head->version_minor;
    request->keep_alive = head->keep_alive;
    request->is_chunked = head->is_chunked;
    request->expects_continue = head->expects_continue;
    request->has_query = head->has_query;
    request->field_count = head->field_count;
}

// The head is whole. Asks the upper layer and the limits; then the body, or none.
static void head_done(eng_conn *conn, eng_exchange *exchange)
{
    eng_core *core = conn->core;
    if (!eng_head_check(&exchange->head)) {
        refuse(conn, (eng_http_error)exchange->head.error);
        return;
    }
    conn->request_count += 1;
    core->counters.requests += 1;
    fill_request(conn, exchange);
    eng_request *request = &exchange->request;
    exchange->stage = ENG_STAGE_BODY;
    exchange->body_left = request->content_length > 0 ? (uint64_t)request->content_length : 0;
    if (request->is_chunked) {
        eng_chunk_init(&exchange->chunk);
    }
    // With the body on its heels nobody waits for a word (RFC 9110 section 10.1.1).
    bool is_body_here = conn->input_first != NULL && conn->input_first->at < conn->input_first->end;
    request->expects_continue = request->expects_continue && has_body(request) && !is_body_here;
    exchange->in_callback = true;
    if (request->method == ENG_METHOD_OTHER) {
        eng_respond_error(exchange, ENG_HTTP_METHOD);
    } else if (core->config->on_head != NULL) {
        core->config->on_head(core, request);
    }
    if (!exchange->is_answered && request->content_length > (int64_t)request->body_size_max) {
        eng_respond_error(exchange, ENG_HTTP_BODY_SIZE);
    } else if (!exchange->is_answered && exchange->head.wants_unknown_expectation) {
        eng_respond_error(exchange, ENG_HTTP_EXPECTATION);
    }
    exchange->in_callback = false;
}

// After head_done(): which way it goes.
static void after_head(eng_conn *conn, eng_exchange *exchange)
{
    const eng_request *request = &exchange->request;
    if (exchange->is_answered && exchange->must_close) {
        bool is_unread = has_body(request);
        conn->exchange = NULL;
        eng_exchange_free(conn->core, exchange);
        eng_conn_finish(conn, is_unread || conn->input_first != NULL);
    } else if (!has_body(request)) {
        if (exchange->is_answered) {
            end_exchange(conn, exchange);
        } else {
            dispatch(conn, exchange);
        }
    } else {
        if (request->expects_continue) {
            eng_respond_continue(conn);
        }
        if (conn->input_first == NULL) {
            eng_timeout_touch(&conn->core->timeouts, &conn->timeout, ENG_TIMEOUT_BODY,
                              conn->core->now_ns);
        }
    }
}

// The head goes on in another buffer: from here on it is put together in memory of its own.
static void move_head(eng_core *core, eng_exchange *exchange, uint32_t size)
{
    eng_lease *lease = eng_lease_for_head(core);
    memcpy(lease->data, exchange->head.base, size);
    lease->end = size;
    exchange->head.base = lease->data;
    eng_lease_drop(core, exchange->head_lease);
    exchange->head_lease = lease;
    core->counters.assembled_heads += 1;
}

// Only an empty line before a request: nothing to keep.
static bool forget_empty_line(eng_conn *conn, eng_exchange *exchange)
{
    const eng_head *head = &exchange->head;
    if (head->stage != ENG_HEAD_EMPTY || head->at == 0 || head->base[head->at - 1] != '\n') {
        return false;
    }
    conn->skipped_line_count = head->empty_line_count;
    conn->exchange = NULL;
    eng_exchange_free(conn->core, exchange);
    return true;
}

static eng_progress read_head(eng_conn *conn, eng_exchange *exchange, eng_lease *lease)
{
    eng_head *head = &exchange->head;
    if (exchange->head_lease == lease) { // In place.
        uint32_t start = (uint32_t)(head->base - lease->data);
        eng_progress progress = eng_head_feed(head, lease->end - start);
        lease->at = progress == ENG_DONE ? start + head->at : lease->end;
        if (progress == ENG_MORE && !forget_empty_line(conn, exchange)) {
            move_head(conn->core, exchange, lease->end - start);
        }
        return progress;
    }
    eng_lease *own = exchange->head_lease;
    uint32_t room = conn->core->config->limits.head_size_max - own->end;
    uint32_t size = lease->end - lease->at;
    size = size < room ? size : room;
    memcpy(own->data + own->end, lease->data + lease->at, size);
    uint32_t before = own->end;
    own->end += size;
    eng_progress progress = eng_head_feed(head, own->end);
    // What was copied beyond the end of the head is read again from where it came.
    lease->at += progress == ENG_DONE ? head->at - before : size;
    return progress;
}

static eng_exchange *begin_exchange(eng_conn *conn, eng_lease *lease)
{
    eng_core *core = conn->core;
    eng_exchange *exchange = eng_exchange_acquire(core, conn);
    conn->exchange = exchange;
    exchange->head_lease = lease;
    lease->reference_count += 1;
    eng_head_init(&exchange->head, &core->config->limits, lease->data + lease->at, exchange->fields,
                  exchange->request.known);
    exchange->head.empty_line_count = conn->skipped_line_count;
    conn->skipped_line_count = 0;
    return exchange;
}

// ---- running -----------------------------------------------------------------------------------

static void run_head(eng_conn *conn, eng_lease *lease)
{
    eng_exchange *exchange = conn->exchange;
    bool is_new = exchange == NULL;
    if (is_new) {
        exchange = begin_exchange(conn, lease);
    }
    switch (read_head(conn, exchange, lease)) {
    case ENG_ERROR:
        refuse(conn, (eng_http_error)exchange->head.error);
        return;
    case ENG_MORE:
        if (is_new && conn->exchange != NULL) {
            eng_timeout_clear(&conn->core->timeouts, &conn->timeout);
            eng_timeout_touch(&conn->core->timeouts, &conn->timeout, ENG_TIMEOUT_HEADER,
                              conn->core->now_ns);
        }
        return;
    case ENG_DONE:
        break;
    }
    if (lease->at == lease->end) {
        eng_conn_pop_input(conn); // The head's own reference keeps its bytes.
    }
    head_done(conn, exchange);
    if (conn->exchange == exchange && conn->life == ENG_LIFE_OPEN) {
        after_head(conn, exchange);
    }
}

static void run_body(eng_conn *conn, eng_lease *lease)
{
    eng_core *core = conn->core;
    eng_exchange *exchange = conn->exchange;
    eng_progress progress = exchange->request.is_chunked ? read_chunked_body(core, exchange, lease)
                                                         : read_sized_body(core, exchange, lease);
    switch (progress) {
    case ENG_ERROR:
        refuse(conn, (eng_http_error)exchange->head.error);
        return;
    case ENG_MORE:
        keep_partial_body(core, exchange);
        eng_timeout_touch(&core->timeouts, &conn->timeout, ENG_TIMEOUT_BODY, core->now_ns);
        return;
    case ENG_DONE:
        break;
    }
    if (lease->at == lease->end) {
        eng_conn_pop_input(conn);
    }
    if (exchange->is_answered) {
        end_exchange(conn, exchange);
    } else {
        dispatch(conn, exchange);
    }
}

static bool is_working(const eng_conn *conn)
{
    return conn->exchange != NULL && conn->exchange->stage == ENG_STAGE_WORK;
}

static void run_protocol(eng_conn *conn, eng_lease *lease)
{
    bl_slice data = {lease->data + lease->at, (size_t)(lease->end - lease->at)};
    lease->at = lease->end;
    lease->reference_count += 1; // The callback may abort the connection.
    conn->protocol->on_data(conn->protocol_user, conn, data);
    eng_lease_drop(conn->core, lease);
}

void eng_http_run(eng_conn *conn)
{
    eng_core *core = conn->core;
    uint32_t request_count_stop = conn->request_count + core->config->limits.pass_request_count_max;
    while (conn->input_first != NULL && conn->life == ENG_LIFE_OPEN && !is_working(conn) &&
           !conn->is_paused) {
        if (conn->request_count == request_count_stop) {
            eng_conn_mark_ready(conn); // Others first.
            break;
        }
        eng_lease *lease = conn->input_first;
        if (lease->at == lease->end) {
            eng_conn_pop_input(conn);
        } else if (conn->protocol != NULL) {
            run_protocol(conn, lease);
        } else if (conn->exchange == NULL || conn->exchange->stage == ENG_STAGE_HEAD) {
            run_head(conn, lease);
        } else {
            run_body(conn, lease);
        }
        conn->is_paused = conn->out.unsent_size > core->config->limits.unsent_size_max;
    }
    while (conn->input_first != NULL && conn->input_first->at == conn->input_first->end) {
        eng_conn_pop_input(conn);
    }
    if (conn->has_ended && conn->input_first == NULL && conn->life == ENG_LIFE_OPEN) {
        eng_http_end(conn);
    }
}

void eng_http_end(eng_conn *conn)
{
    eng_exchange *exchange = conn->exchange;
    if (conn->protocol != NULL) {
        if (conn->protocol->on_end != NULL) {
            conn->protocol->on_end(conn->protocol_user, conn);
        } else {
            eng_conn_finish(conn, false);
        }
        return;
    }
    if (exchange == NULL) {
        eng_conn_finish(conn, false);
    } else if (exchange->stage != ENG_STAGE_WORK) {
        // Cut off in the middle: no answer is owed (RFC 9112 section 8).
        eng_core_conn_error(conn->core, ENG_HTTP_TRUNCATED,
                            eng_http_error_text(ENG_HTTP_TRUNCATED));
        conn->exchange = NULL;
        eng_exchange_free(conn->core, exchange);
        eng_conn_finish(conn, false);
    }
    // Else half-closed: the request in work is answered, then eng_http_run() comes here again.
}

void eng_http_timeout(eng_conn *conn, eng_timeout_kind kind)
{
    eng_exchange *exchange = conn->exchange;
    if (exchange == NULL) {
        eng_conn_finish(conn, false);
        return;
    }
    if (exchange->stage == ENG_STAGE_WORK) {
        return; // The handler's limit is the one that counts.
    }
    conn->core->counters.timeouts += 1;
    refuse(conn, kind == ENG_TIMEOUT_BODY || exchange->stage == ENG_STAGE_BODY
                     ? ENG_HTTP_BODY_TIMEOUT
                     : ENG_HTTP_HEAD_TIMEOUT);
}
