// engine/stream.c: answers whose length is not known when they begin (RFC 9112 section 7.1).
#include "engine/core.h"

#include <stdio.h>

static bool has_reader(const eng_exchange *exchange)
{
    BL_CHECK(exchange->is_streaming);
    return exchange->conn != NULL && !exchange->is_answered;
}

static bool sends_body(const eng_exchange *exchange)
{
    return exchange->request.method != ENG_METHOD_HEAD && eng_status_has_body(exchange->status);
}

static bool is_chunked(const eng_exchange *exchange)
{
    return exchange->request.version_minor != 0 && eng_status_has_body(exchange->status);
}

static void append(eng_exchange *exchange, bl_slice data)
{
    eng_out_write(&exchange->request.core->out_pool, &exchange->conn->out, data);
}

void eng_stream_begin(eng_request *request, uint16_t status, bl_slice headers)
{
    eng_exchange *exchange = eng_exchange_of(request);
    BL_CHECK(exchange->is_deferred);
    eng_response_begin(request, status, false);
    eng_response_headers(request, headers);
    exchange->is_streaming = true;
    if (!has_reader(exchange)) {
        return;
    }
    // To HTTP/1.0 the end of the connection is the end of the body.
    exchange->must_close = exchange->must_close || request->version_minor == 0;
    if (is_chunked(exchange)) {
        append(exchange, BL_SLICE("Transfer-Encoding: chunked\r\n"));
    }
    append(exchange, eng_connection_line(exchange));
    append(exchange, BL_SLICE("\r\n"));
    eng_timeout_clear(&request->core->timeouts, &exchange->handler_timeout);
    eng_conn_mark_dirty(exchange->conn);
}

size_t eng_stream_write(eng_request *request, bl_slice data)
{
    eng_exchange *exchange = eng_exchange_of(request);
    if (!has_reader(exchange)) {
        return SIZE_MAX;
    }
    if (data.size > 0 && sends_body(exchange)) {
        if (is_chunked(exchange)) {
            char size[24];
            int length = snprintf(size, sizeof(size), "%zx\r\n", data.size);
            append(exchange, (bl_slice){size, (size_t)length});
        }
        append(exchange, data);
        if (is_chunked(exchange)) {
            append(exchange, BL_SLICE("\r\n"));
        }
        exchange->response_body_size += data.size;
        eng_conn_mark_dirty(exchange->conn);
    }
    return exchange->conn->out.unsent_size;
}

void eng_stream_end(eng_request *request)
{
    eng_exchange *exchange = eng_exchange_of(request);
    bool is_read = has_reader(exchange);
    exchange->is_streaming = false;
    exchange->is_responding = false;
    if (!is_read) {
        return;
    }
    if (is_chunked(exchange) && sends_body(exchange)) {
        append(exchange, BL_SLICE("0\r\n\r\n"));
    }
    eng_respond_done(exchange, exchange->response_body_size);
}
