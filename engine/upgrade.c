// engine/upgrade.c: a connection that another protocol took over after 101 (RFC 9110 section 7.8).
#include "engine/core.h"

eng_conn *eng_upgrade(eng_request *request, bl_slice headers, const eng_protocol *protocol,
                      void *user)
{
    eng_exchange *exchange = eng_exchange_of(request);
    eng_conn *conn = exchange->conn;
    BL_CHECK(exchange->stage == ENG_STAGE_WORK);
    if (conn == NULL || exchange->is_answered) {
        return NULL;
    }
    eng_core *core = request->core;
    eng_out_write(&core->out_pool, &conn->out, BL_SLICE("HTTP/1.1 101 Switching Protocols\r\n"));
    eng_out_write(&core->out_pool, &conn->out, headers);
    eng_out_write(&core->out_pool, &conn->out, BL_SLICE("\r\n"));
    conn->protocol = protocol;
    conn->protocol_user = user;
    exchange->status = 101;
    exchange->is_answered = true;
    exchange->must_close = false;
    core->counters.responses += 1;
    eng_timeout_clear(&core->timeouts, &exchange->handler_timeout);
    if (core->config->on_done != NULL) {
        eng_done done = {.status = 101, .duration_ns = core->now_ns - request->start_ns};
        core->config->on_done(core, request, &done);
    }
    eng_conn_mark_dirty(conn);
    if (!exchange->in_callback) {
        eng_http_go_on(exchange);
    }
    return conn;
}

void eng_conn_write(eng_conn *conn, bl_slice data)
{
    if (conn->life == ENG_LIFE_OPEN) {
        eng_out_write(&conn->core->out_pool, &conn->out, data);
        eng_conn_mark_dirty(conn);
    }
}

size_t eng_conn_unsent_size(const eng_conn *conn)
{
    return conn->out.unsent_size;
}

void eng_conn_close(eng_conn *conn)
{
    eng_conn_finish(conn, true);
}
