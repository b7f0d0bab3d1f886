// engine/respond.c: writes responses straight into a connection's output.
//
// Framing is decided here and nowhere else (RFC 9112 section 6, RFC 9110 sections 8.6, 9.3.2 and
// 15): Content-Length, Connection and Date are the engine's; HEAD, 204, 205 and 304 carry no body.
// Small bodies are copied behind their head, so that a response is one piece; large ones are sent
// from where they are.
#include "engine/core.h"

#include "engine/chars.h"

#include <assert.h>

// Up to here a copy is cheaper than a second part of a send.
#define COPIED_BODY_SIZE_MAX ((size_t)4096)
// Status line with the longest reason, Date, Content-Length, Connection, and the empty line.
#define FRAME_SIZE_MAX ((size_t)256)

struct eng_prepared {
    char *head;             // Up to the empty line, without it. Owned, body behind it.
    size_t split;           // Behind status line and Date: where extra header lines go.
    size_t date_at;         // 0: the application's own Date.
    size_t head_size, size; // size: with empty line and body.
    uint64_t body_size;
    uint16_t status;
    bool sends_body; // The status allows one.
    bl_slice body;
};

// ---- pieces ------------------------------------------------------------------------------------

static char *put(char *to, const char *data, size_t size)
{
    memcpy(to, data, size);
    return to + size;
}

#define PUT(to, literal) put(to, literal, sizeof(literal) - 1)

static char *put_slice(char *to, bl_slice slice)
{
    return slice.size == 0 ? to : put(to, slice.data, slice.size);
}

static char *put_number(char *to, uint64_t number)
{
    char digits[20];
    size_t count = 0;
    do {
        digits[sizeof(digits) - 1 - count] = (char)('0' + number % 10);
        number /= 10;
        count += 1;
    } while (number > 0);
    return put(to, digits + sizeof(digits) - count, count);
}

static char *put_status_line(char *to, uint16_t status)
{
    if (status == 200) {
        return PUT(to, "HTTP/1.1 200 OK\r\n");
    }
    to = PUT(to, "HTTP/1.1 ");
    to = put_number(to, status);
    to = PUT(to, " ");
    to = put_slice(to, eng_status_reason(status));
    return PUT(to, "\r\n");
}

static char *put_date(char *to, const eng_core *core)
{
    to = PUT(to, "Date: ");
    to = put(to, core->date, ENG_DATE_SIZE);
    return PUT(to, "\r\n");
}

// RFC 9112 section 9.3: silence means keep-alive in 1.1 and close in 1.0.
bl_slice eng_connection_line(const eng_exchange *exchange)
{
    if (exchange->must_close) {
        return BL_SLICE("Connection: close\r\n");
    }
    if (exchange->request.version_minor == 0) {
        return BL_SLICE("Connection: keep-alive\r\n");
    }
    return (bl_slice){NULL, 0};
}

static char *put_connection(char *to, const eng_exchange *exchange)
{
    return put_slice(to, eng_connection_line(exchange));
}

bool eng_status_has_body(uint16_t status)
{
    return status >= 200 && status != 204 && status != 205 && status != 304;
}

// RFC 9110 section 8.6.
static char *put_length(char *to, uint16_t status, uint64_t length)
{
    if (status < 200 || status == 204 || status == 304) {
        return to;
    }
    to = PUT(to, "Content-Length: ");
    to = put_number(to, status == 205 ? 0 : length);
    return PUT(to, "\r\n");
}

// ---- before and after --------------------------------------------------------------------------

// Whether the connection can take another request after this answer.
static bool decide_close(const eng_exchange *exchange, bool is_asked_for)
{
    const eng_core *core = exchange->request.core;
    const eng_request *request = &exchange->request;
    uint32_t count_max = core->config->limits.request_count_max;
    if (is_asked_for || exchange->must_close || !request->keep_alive || !core->config->keep_alive ||
        core->is_draining || (count_max != 0 && exchange->conn->request_count >= count_max)) {
        return true;
    }
    // Answered before its body was read: the body will be dropped, if it comes at all and is not
    // too long for that.
    bool is_early = exchange->stage != ENG_STAGE_WORK;
    return is_early &&
           (request->expects_continue || request->content_length > (int64_t)request->body_size_max);
}

// False: nobody is there to read the answer, or it has been given.
static bool begin(eng_exchange *exchange, uint16_t status, bool is_close_asked_for)
{
    BL_CHECK(status >= 200 && status <= 999);
    if (exchange->is_answered || exchange->conn == NULL) {
        return false;
    }
    exchange->status = status;
    exchange->must_close = decide_close(exchange, is_close_asked_for);
    return true;
}

void eng_respond_done(eng_exchange *exchange, uint64_t body_size)
{
    eng_core *core = exchange->request.core;
    exchange->is_answered = true;
    exchange->response_body_size = body_size;
    core->counters.responses += 1;
    eng_timeout_clear(&core->timeouts, &exchange->handler_timeout);
    if (core->config->on_done != NULL) {
        eng_done done = {
            .status = exchange->status,
            .body_size = body_size,
            .duration_ns = core->now_ns - exchange->request.start_ns,
        };
        core->config->on_done(core, &exchange->request, &done);
    }
    eng_conn_mark_dirty(exchange->conn);
    if (!exchange->in_callback) {
        eng_http_go_on(exchange);
    }
}

static void give_back(const eng_response *response, eng_core *core)
{
    if (response->release != NULL) {
        response->release(response->owner, core);
    }
}

// The body, behind a head that has been committed.
static uint64_t write_body(eng_exchange *exchange, const eng_response *response)
{
    eng_core *core = exchange->request.core;
    eng_out *out = &exchange->conn->out;
    if (response->body.size == 0 || exchange->request.method == ENG_METHOD_HEAD ||
        !eng_status_has_body(exchange->status)) {
        give_back(response, core);
        return 0;
    }
    if (response->release == NULL || response->body.size <= COPIED_BODY_SIZE_MAX) {
        eng_out_write(&core->out_pool, out, response->body);
        give_back(response, core);
    } else {
        eng_out_refer(&core->out_pool, out, response->body, response->release, response->owner);
    }
    return response->body.size;
}

// ---- whole responses ---------------------------------------------------------------------------

void eng_respond(eng_request *request, const eng_response *response)
{
    eng_exchange *exchange = eng_exchange_of(request);
    eng_core *core = request->core;
    if (!begin(exchange, response->status, response->close)) {
        give_back(response, core);
        return;
    }
    eng_out *out = &exchange->conn->out;
    char *start = eng_out_reserve(&core->out_pool, out, FRAME_SIZE_MAX + response->headers.size);
    char *to = put_status_line(start, response->status);
    if (!response->has_date) {
        to = put_date(to, core);
    }
    to = put_slice(to, response->headers);
    to = put_length(to, response->status,
                    response->has_length && request->method == ENG_METHOD_HEAD
                        ? response->content_length
                        : response->body.size);
    to = put_connection(to, exchange);
    to = PUT(to, "\r\n");
    eng_out_commit(out, (size_t)(to - start));
    eng_respond_done(exchange, write_body(exchange, response));
}

// ---- in steps ----------------------------------------------------------------------------------

void eng_response_begin(eng_request *request, uint16_t status, bool has_date)
{
    eng_exchange *exchange = eng_exchange_of(request);
    BL_CHECK(!exchange->is_responding);
    exchange->is_responding = true;
    if (!begin(exchange, status, false)) {
        return;
    }
    eng_core *core = request->core;
    eng_out *out = &exchange->conn->out;
    exchange->mark = eng_out_here(out);
    char *start = eng_out_reserve(&core->out_pool, out, FRAME_SIZE_MAX);
    char *to = put_status_line(start, status);
    if (!has_date) {
        to = put_date(to, core);
    }
    eng_out_commit(out, (size_t)(to - start));
}

static bool can_write(const eng_exchange *exchange)
{
    BL_CHECK(exchange->is_responding);
    return exchange->conn != NULL && !exchange->is_answered;
}

void eng_response_header(eng_request *request, bl_slice name, bl_slice value)
{
    eng_exchange *exchange = eng_exchange_of(request);
    if (!can_write(exchange)) {
        return;
    }
    assert(eng_header_is_safe(name, value));
    eng_out *out = &exchange->conn->out;
    size_t size = name.size + value.size + 4;
    char *to = eng_out_reserve(&request->core->out_pool, out, size);
    to = put_slice(to, name);
    to = PUT(to, ": ");
    to = put_slice(to, value);
    PUT(to, "\r\n");
    eng_out_commit(out, size);
}

void eng_response_headers(eng_request *request, bl_slice lines)
{
    eng_exchange *exchange = eng_exchange_of(request);
    if (can_write(exchange)) {
        eng_out_write(&request->core->out_pool, &exchange->conn->out, lines);
    }
}

void eng_response_end(eng_request *request, bl_slice body, bool close)
{
    eng_exchange *exchange = eng_exchange_of(request);
    bool is_wanted = can_write(exchange);
    exchange->is_responding = false;
    if (!is_wanted) {
        return;
    }
    eng_out *out = &exchange->conn->out;
    exchange->must_close = exchange->must_close || close;
    char *start = eng_out_reserve(&request->core->out_pool, out, FRAME_SIZE_MAX);
    char *to = put_length(start, exchange->status, body.size);
    to = put_connection(to, exchange);
    to = PUT(to, "\r\n");
    eng_out_commit(out, (size_t)(to - start));
    eng_response response = {.body = body};
    eng_respond_done(exchange, write_body(exchange, &response));
}

void eng_response_cancel(eng_request *request)
{
    eng_exchange *exchange = eng_exchange_of(request);
    if (can_write(exchange)) {
        eng_out_rewind(&request->core->out_pool, &exchange->conn->out, exchange->mark);
        exchange->status = 0;
    }
    exchange->is_responding = false;
}

// ---- prepared ----------------------------------------------------------------------------------

eng_prepared *eng_prepared_create(const eng_response *response)
{
    BL_CHECK(response->status >= 200 && response->status <= 999);
    eng_prepared *prepared = bl_alloc_zeroed(1, sizeof(*prepared));
    prepared->head = bl_alloc(FRAME_SIZE_MAX + response->headers.size + response->body.size);
    char *to = put_status_line(prepared->head, response->status);
    if (!response->has_date) {
        to = PUT(to, "Date: ");
        prepared->date_at = (size_t)(to - prepared->head);
        to += ENG_DATE_SIZE;
        memset(prepared->head + prepared->date_at, ' ', ENG_DATE_SIZE);
        to = PUT(to, "\r\n");
    }
    prepared->split = (size_t)(to - prepared->head);
    to = put_slice(to, response->headers);
    to = put_length(to, response->status, response->body.size);
    prepared->head_size = (size_t)(to - prepared->head);
    to = PUT(to, "\r\n");
    prepared->status = response->status;
    prepared->sends_body = eng_status_has_body(response->status);
    if (prepared->sends_body) {
        prepared->body = (bl_slice){to, response->body.size};
        to = put_slice(to, response->body);
    }
    prepared->size = (size_t)(to - prepared->head);
    return prepared;
}

void eng_prepared_destroy(eng_prepared *prepared)
{
    if (prepared != NULL) {
        bl_free(prepared->head);
        bl_free(prepared);
    }
}

static char *put_prepared_head(char *to, const eng_core *core, const eng_prepared *prepared,
                               bl_slice extra)
{
    char *start = to;
    to = put(to, prepared->head, prepared->split);
    if (prepared->date_at != 0) {
        memcpy(start + prepared->date_at, core->date, ENG_DATE_SIZE);
    }
    return put_slice(to, extra);
}

void eng_respond_prepared(eng_request *request, const eng_prepared *prepared, bl_slice extra)
{
    eng_exchange *exchange = eng_exchange_of(request);
    if (!begin(exchange, prepared->status, false)) {
        return;
    }
    eng_core *core = request->core;
    eng_out *out = &exchange->conn->out;
    bool with_body = request->method != ENG_METHOD_HEAD && prepared->body.size > 0;
    bool with_copy = with_body && prepared->body.size <= COPIED_BODY_SIZE_MAX;
    bool is_plain = with_copy && !exchange->must_close && request->version_minor != 0;
    char *start = eng_out_reserve(&core->out_pool, out,
                                  FRAME_SIZE_MAX + prepared->head_size + extra.size +
                                      (with_copy ? prepared->body.size : 0));
    char *to = put_prepared_head(start, core, prepared, extra);
    const char *rest = prepared->head + prepared->split;
    if (is_plain) {
        to = put(to, rest, prepared->size - prepared->split);
    } else {
        to = put(to, rest, prepared->head_size - prepared->split);
        to = put_connection(to, exchange);
        to = PUT(to, "\r\n");
        to = with_copy ? put_slice(to, prepared->body) : to;
    }
    eng_out_commit(out, (size_t)(to - start));
    if (with_body && !with_copy) {
        eng_out_refer(&core->out_pool, out, prepared->body, NULL, NULL);
    }
    eng_respond_done(exchange, with_body ? prepared->body.size : 0);
}

// ---- refusals ----------------------------------------------------------------------------------

static bool error_closes(eng_http_error error)
{
    return error != ENG_HTTP_METHOD && error != ENG_HTTP_EXPECTATION;
}

void eng_refuse(eng_request *request, eng_http_error error)
{
    eng_response response = {
        .status = eng_http_error_status(error),
        .close = error_closes(error),
    };
    BL_CHECK(response.status != 0);
    eng_respond(request, &response);
}

void eng_respond_error(eng_exchange *exchange, eng_http_error error)
{
    static const bool parsed[] = {
#define HTTP_ERROR(name, status, parsed, text) [ENG_HTTP_##name] = parsed,
#include "engine/http_errors.def"
#undef HTTP_ERROR
    };
    eng_core *core = exchange->request.core;
    core->counters.refused += 1;
    exchange->must_close = exchange->must_close || error_closes(error);
    if (parsed[error] && core->config->on_refuse != NULL) {
        core->config->on_refuse(core, &exchange->request, error);
    }
    if (!exchange->is_answered && !parsed[error]) {
        // No request, so nothing to tell the upper layer when it is done.
        eng_conn *conn = exchange->conn;
        char *start = eng_out_reserve(&core->out_pool, &conn->out, FRAME_SIZE_MAX);
        char *to = put_status_line(start, eng_http_error_status(error));
        to = put_date(to, core);
        to = PUT(to, "Content-Length: 0\r\nConnection: close\r\n\r\n");
        eng_out_commit(&conn->out, (size_t)(to - start));
        exchange->is_answered = true;
        core->counters.responses += 1;
        eng_conn_mark_dirty(conn);
    } else if (!exchange->is_answered) {
        eng_refuse(&exchange->request, error);
    }
}

void eng_respond_continue(eng_conn *conn)
{
    eng_out_write(&conn->core->out_pool, &conn->out, BL_SLICE("HTTP/1.1 100 Continue\r\n\r\n"));
    eng_conn_mark_dirty(conn);
}

bool eng_header_is_safe(bl_slice name, bl_slice value)
{
    for (size_t i = 0; i < name.size; i++) {
        if (!eng_is_token_char(name.data[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < value.size; i++) {
        char c = value.data[i];
        if (c == '\r' || c == '\n' || c == '\0') {
            return false;
        }
    }
    return name.size > 0;
}
