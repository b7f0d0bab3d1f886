// tests/engine/test_request.c: what the upper layer sees of a request, and the ways to answer it.
#include "tests/engine/world.h"

#include <criterion/criterion.h>
#include <stdio.h>

static void (*HANDLER)(eng_core *core, eng_request *request);
static eng_done DONE;
static uint32_t DONE_COUNT;

static void on_request(eng_core *core, eng_request *request)
{
    HANDLER(core, request);
}

static void on_done(eng_core *core, eng_request *request, const eng_done *done)
{
    (void)core;
    (void)request;
    DONE = *done;
    DONE_COUNT += 1;
}

static eng_config base_config(void (*handler)(eng_core *core, eng_request *request))
{
    eng_config config;
    eng_config_init(&config);
    config.on_request = on_request;
    config.on_done = on_done;
    HANDLER = handler;
    DONE_COUNT = 0;
    return config;
}

// Feeds the input to a new world and compares the output, with "Date: D" for the date.
static void check(const eng_config *config, const char *name, const char *input, const char *want)
{
    eng_world *world = world_create(config);
    uint32_t client = world_connect(world);
    world_feed(world, client, bl_slice_of(input));
    world_run(world);
    bl_slice output = world_output(world, client);
    bl_buffer got = {NULL, 0, 0};
    for (size_t at = 0; at < output.size;) {
        bool is_date = at + 6 + ENG_DATE_SIZE <= output.size &&
                       memcmp(output.data + at, "Date: ", 6) == 0 && output.data[at + 6] != 'X';
        bl_buffer_append(&got, is_date ? "Date: D" : output.data + at, is_date ? 7 : 1);
        at += is_date ? 6 + ENG_DATE_SIZE : 1;
    }
    cr_assert(bl_slice_equal(bl_buffer_slice(&got), bl_slice_of(want)), "%s: got\n%.*s\nwant\n%s",
              name, (int)got.size, got.data, want);
    bl_buffer_deinit(&got);
    world_destroy(world);
}

// ---- the view ----------------------------------------------------------------------------------

static void look(eng_core *core, eng_request *request)
{
    (void)core;
    cr_assert_eq(request->method, ENG_METHOD_PUT);
    cr_assert(bl_slice_equal(request->method_text, BL_SLICE("PUT")));
    cr_assert(bl_slice_equal(request->target, BL_SLICE("/p/q?a=b")));
    cr_assert(bl_slice_equal(request->path, BL_SLICE("/p/q")));
    cr_assert(bl_slice_equal(request->query, BL_SLICE("a=b")));
    cr_assert(bl_slice_equal(request->authority, BL_SLICE("host:1")));
    cr_assert(bl_slice_equal(request->body, BL_SLICE("body")));
    cr_assert_eq(request->content_length, 4);
    cr_assert_eq(request->version_minor, 1);
    cr_assert(request->keep_alive);
    cr_assert_eq(request->field_count, 5);
    const eng_field *field = &request->fields[1];
    cr_assert(bl_slice_equal(eng_field_name(request, field), BL_SLICE("X-Two")));
    cr_assert(bl_slice_equal(eng_field_value(request, field), BL_SLICE("two")));
    cr_assert(bl_slice_equal(eng_request_find(request, BL_SLICE("x-TWO")), BL_SLICE("two")));
    cr_assert_null(eng_request_find(request, BL_SLICE("x-three")).data);
    cr_assert(bl_slice_equal(eng_request_known(request, ENG_HEADER_COOKIE), BL_SLICE("c=1")));
    cr_assert_null(eng_request_known(request, ENG_HEADER_ORIGIN).data);
    cr_assert_null(request->user_data);
    request->user_data = core;
    cr_assert_not_null(bl_arena_alloc(request->arena, 100));
    cr_assert_eq(eng_request_peer(request).family, 0);
    eng_refuse(request, ENG_HTTP_EXPECTATION);
}

Test(request, view)
{
    static const char input[] = "PUT /p/q?a=b HTTP/1.1\r\nHOST: host:1\r\nX-Two: two \r\n"
                                "cookie: c=1\r\nCookie: c=2\r\nContent-Length: 4\r\n\r\nbody";
    char twice[2 * sizeof(input)];
    snprintf(twice, sizeof(twice), "%s%s", input, input);
    static const char want[] = "HTTP/1.1 417 Expectation Failed\r\nDate: D\r\n"
                               "Content-Length: 0\r\n\r\n";
    char want_twice[2 * sizeof(want)];
    snprintf(want_twice, sizeof(want_twice), "%s%s", want, want);
    eng_config config = base_config(look);
    check(&config, "view", twice, want_twice);
}

// ---- answers -----------------------------------------------------------------------------------

static eng_response RESPONSE;
static eng_prepared *PREPARED;
static bl_slice EXTRA;

static void respond(eng_core *core, eng_request *request)
{
    (void)core;
    eng_respond(request, &RESPONSE);
}

static void respond_prepared(eng_core *core, eng_request *request)
{
    (void)core;
    eng_respond_prepared(request, PREPARED, EXTRA);
}

static void respond_in_steps(eng_core *core, eng_request *request)
{
    (void)core;
    eng_response_begin(request, 500, false);
    eng_response_header(request, BL_SLICE("Gone"), BL_SLICE("with the wind"));
    eng_response_cancel(request);
    eng_response_begin(request, RESPONSE.status, RESPONSE.has_date);
    eng_response_headers(request, RESPONSE.headers);
    eng_response_end(request, RESPONSE.body, RESPONSE.close);
}

typedef struct answer_row {
    const char *name, *request;
    eng_response response;
    const char *want;
} answer_row;

static eng_request *KEPT_STREAM;

#define GET(more) "GET / HTTP/1.1\r\nHost: h\r\n" more "\r\n"
#define X_LINE                                                                                     \
    {                                                                                              \
        "X: y\r\n", 6                                                                              \
    }

static const answer_row ANSWERS[] = {
    {"plain",
     GET(""),
     {.status = 200, .headers = X_LINE, .body = {"hi", 2}},
     "HTTP/1.1 200 OK\r\nDate: D\r\nX: y\r\nContent-Length: 2\r\n\r\nhi"},
    {"empty",
     GET(""),
     {.status = 404},
     "HTTP/1.1 404 Not Found\r\nDate: D\r\nContent-Length: 0\r\n\r\n"},
    {"no reason",
     GET(""),
     {.status = 299},
     "HTTP/1.1 299 \r\nDate: D\r\nContent-Length: 0\r\n\r\n"},
    {"204",
     GET(""),
     {.status = 204, .body = {"hi", 2}},
     "HTTP/1.1 204 No Content\r\nDate: D\r\n\r\n"},
    {"205",
     GET(""),
     {.status = 205, .body = {"hi", 2}},
     "HTTP/1.1 205 Reset Content\r\nDate: D\r\nContent-Length: 0\r\n\r\n"},
    {"304",
     GET(""),
     {.status = 304, .headers = X_LINE},
     "HTTP/1.1 304 Not Modified\r\nDate: D\r\nX: y\r\n\r\n"},
    {"HEAD",
     "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n",
     {.status = 200, .body = {"hi", 2}},
     "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 2\r\n\r\n"},
    {"close of the answer",
     GET(""),
     {.status = 200, .close = true},
     "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
    {"close of the request",
     GET("Connection: close\r\n"),
     {.status = 200, .body = {"hi", 2}},
     "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"},
    {"1.0",
     "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
     {.status = 200, .body = {"hi", 2}},
     "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nhi"},
    {"own date",
     GET(""),
     {.status = 200, .has_date = true, .headers = {"Date: X\r\n", 9}},
     "HTTP/1.1 200 OK\r\nDate: X\r\nContent-Length: 0\r\n\r\n"},
};

Test(request, answers_are_the_same_in_all_three_ways)
{
    for (size_t i = 0; i < BL_ARRAY_COUNT(ANSWERS); i++) {
        const answer_row *row = &ANSWERS[i];
        RESPONSE = row->response;
        eng_config config = base_config(respond);
        check(&config, row->name, row->request, row->want);
        cr_assert_eq(DONE_COUNT, 1);
        cr_assert_eq(DONE.status, row->response.status);
        config = base_config(respond_in_steps);
        check(&config, row->name, row->request, row->want);
        cr_assert_eq(DONE_COUNT, 1);
        if (!row->response.close) {
            PREPARED = eng_prepared_create(&row->response);
            EXTRA = (bl_slice){NULL, 0};
            config = base_config(respond_prepared);
            check(&config, row->name, row->request, row->want);
            eng_prepared_destroy(PREPARED);
        }
    }
}

Test(request, length_of_a_head_answer_may_be_given)
{
    RESPONSE = (eng_response){.status = 200, .has_length = true, .content_length = 1234};
    eng_config config = base_config(respond);
    check(&config, "HEAD", "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n",
          "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 1234\r\n\r\n");
}

Test(request, prepared_answer_takes_extra_lines)
{
    RESPONSE = (eng_response){.status = 200, .headers = {"X: y\r\n", 6}, .body = {"hi", 2}};
    PREPARED = eng_prepared_create(&RESPONSE);
    EXTRA = BL_SLICE("x-request-id: req-1\r\n");
    eng_config config = base_config(respond_prepared);
    check(
        &config, "extra", GET(""),
        "HTTP/1.1 200 OK\r\nDate: D\r\nx-request-id: req-1\r\nX: y\r\nContent-Length: 2\r\n\r\nhi");
    eng_prepared_destroy(PREPARED);
}

static void respond_nothing(eng_core *core, eng_request *request)
{
    (void)core;
    (void)request;
}

Test(request, forgotten_request_is_500)
{
    eng_config config = base_config(respond_nothing);
    check(&config, "forgotten", GET(""),
          "HTTP/1.1 500 Internal Server Error\r\nDate: D\r\nContent-Length: 0\r\n"
          "Connection: close\r\n\r\n");
}

static void defer_and_release(eng_core *core, eng_request *request)
{
    (void)core;
    eng_request_defer(request);
    eng_request_release(request);
}

Test(request, released_without_an_answer_is_500)
{
    eng_config config = base_config(defer_and_release);
    check(&config, "released", GET(""),
          "HTTP/1.1 500 Internal Server Error\r\nDate: D\r\nContent-Length: 0\r\n"
          "Connection: close\r\n\r\n");
}

static void defer_and_complete(eng_core *core, eng_request *request)
{
    (void)core;
    eng_request_defer(request);
    eng_complete(request, &RESPONSE);
}

Test(request, completed_at_once)
{
    RESPONSE = (eng_response){.status = 200, .body = {"hi", 2}};
    eng_config config = base_config(defer_and_complete);
    check(&config, "completed", GET("") GET(""),
          "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 2\r\n\r\nhi"
          "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 2\r\n\r\nhi");
}

// ---- streams -----------------------------------------------------------------------------------

static bool CUT_STREAM;
static uint32_t STREAM_SENT_COUNT;

static void stream(eng_core *core, eng_request *request)
{
    (void)core;
    eng_request_defer(request);
    eng_stream_begin(request, 200, BL_SLICE("X: y\r\n"));
    cr_assert_lt(eng_stream_write(request, BL_SLICE("hello")), 1000);
    eng_stream_write(request, (bl_slice){NULL, 0});
    eng_stream_write(request, BL_SLICE("0123456789abcdef"));
    if (!CUT_STREAM) {
        eng_stream_end(request);
        eng_request_release(request);
    } else {
        KEPT_STREAM = request;
    }
}

static void on_stream_sent(eng_core *core, eng_request *request)
{
    (void)core;
    cr_assert_eq(request, KEPT_STREAM);
    STREAM_SENT_COUNT += 1;
}

Test(request, stream)
{
    CUT_STREAM = false;
    eng_config config = base_config(stream);
    check(&config, "1.1", GET("") GET("Connection: close\r\n"),
          "HTTP/1.1 200 OK\r\nDate: D\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n"
          "5\r\nhello\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n"
          "HTTP/1.1 200 OK\r\nDate: D\r\nX: y\r\nTransfer-Encoding: chunked\r\n"
          "Connection: close\r\n\r\n5\r\nhello\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n");
    cr_assert_eq(DONE.body_size, 21);
    check(&config, "1.0", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
          "HTTP/1.1 200 OK\r\nDate: D\r\nX: y\r\nConnection: close\r\n\r\nhello0123456789abcdef");
    check(&config, "HEAD", "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n",
          "HTTP/1.1 200 OK\r\nDate: D\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n");
}

static void give_up_at_once(eng_core *core, eng_request *request)
{
    (void)core;
    eng_request_defer(request);
    eng_stream_begin(request, 200, (bl_slice){NULL, 0});
    eng_request_release(request);
}

Test(request, stream_that_is_given_up_at_once_is_cut)
{
    eng_config config = base_config(give_up_at_once);
    eng_world *world = world_create(&config);
    uint32_t client = world_connect(world);
    world_feed(world, client, BL_SLICE(GET("") GET("")));
    world_run(world);
    cr_assert(world_client_at(world, client)->is_closed);
    cr_assert_eq(world->core.live_exchange_count, 0);
    world_destroy(world);
}

Test(request, stream_that_is_given_up_is_cut)
{
    for (int with_reader = 0; with_reader < 2; with_reader++) {
        CUT_STREAM = true;
        STREAM_SENT_COUNT = 0;
        eng_config config = base_config(stream);
        config.on_stream_sent = on_stream_sent;
        eng_world *world = world_create(&config);
        uint32_t client = world_connect(world);
        world_feed(world, client, BL_SLICE(GET("")));
        world_run(world);
        cr_assert_eq(STREAM_SENT_COUNT, 1);
        world_advance_ms(world, 100000); // No limit while it goes on.
        cr_assert_not(world_client_at(world, client)->is_closed);
        if (with_reader == 0) {
            world_reset(world, client);
            world_run(world);
            cr_assert(eng_request_is_abandoned(KEPT_STREAM));
            cr_assert_eq(eng_stream_write(KEPT_STREAM, BL_SLICE("more")), SIZE_MAX);
        }
        eng_request_release(KEPT_STREAM);
        world_run(world);
        cr_assert(world_client_at(world, client)->is_closed);
        world_destroy(world);
    }
}

// ---- refusals by the upper layer ---------------------------------------------------------------

static void on_refuse(eng_core *core, eng_request *request, eng_http_error error)
{
    (void)core;
    eng_response response = {.status = eng_http_error_status(error),
                             .headers = BL_SLICE("x-request-id: 7\r\n"),
                             .body = bl_slice_of(eng_http_error_text(error))};
    eng_respond(request, &response);
}

static void no_body(eng_core *core, eng_request *request)
{
    (void)core;
    request->body_size_max = 0;
}

Test(request, refusals_of_parsed_requests_are_the_upper_layers)
{
    eng_config config = base_config(respond);
    config.on_refuse = on_refuse;
    config.on_head = no_body;
    check(&config, "413", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n",
          "HTTP/1.1 413 Payload Too Large\r\nDate: D\r\nx-request-id: 7\r\nContent-Length: 22\r\n"
          "Connection: close\r\n\r\nrequest body too large");
    check(&config, "501", "BREW / HTTP/1.1\r\nHost: h\r\n\r\n",
          "HTTP/1.1 501 Not Implemented\r\nDate: D\r\nx-request-id: 7\r\nContent-Length: 22\r\n\r\n"
          "method not implemented");
    check(&config, "400", "BREW / HTTP/1.1\r\n\r\n",
          "HTTP/1.1 400 Bad Request\r\nDate: D\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

// ---- Expect ------------------------------------------------------------------------------------

static void refuse_nowhere(eng_core *core, eng_request *request)
{
    (void)core;
    if (bl_slice_equal(request->path, BL_SLICE("/nowhere"))) {
        eng_response response = {.status = 404};
        eng_respond(request, &response);
    }
}

Test(request, continue_is_sent_when_the_body_is_wanted)
{
    RESPONSE = (eng_response){.status = 204};
    eng_config config = base_config(respond);
    config.on_head = refuse_nowhere;
    check(&config, "wanted",
          "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n",
          "HTTP/1.1 100 Continue\r\n\r\n");
    check(&config, "here already",
          "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
          "HTTP/1.1 204 No Content\r\nDate: D\r\n\r\n");
    check(&config, "no body", "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n",
          "HTTP/1.1 204 No Content\r\nDate: D\r\n\r\n");
    check(&config, "not wanted",
          "POST /nowhere HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n",
          "HTTP/1.1 404 Not Found\r\nDate: D\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

// ---- limits of the head ------------------------------------------------------------------------

static void check_head(const char *name, size_t target_size, size_t field_count, size_t field_size,
                       const char *want)
{
    RESPONSE = (eng_response){.status = 204};
    eng_config config = base_config(respond);
    config.limits.head_size_max = 4096;
    config.limits.target_size_max = 1000;
    eng_world *world = world_create(&config);
    uint32_t client = world_connect(world);
    bl_buffer text = {NULL, 0, 0};
    bl_buffer_append(&text, "GET /", 5);
    for (size_t i = 1; i < target_size; i++) {
        bl_buffer_append_char(&text, 'a');
    }
    bl_buffer_append_slice(&text, BL_SLICE(" HTTP/1.1\r\nHost: h\r\n"));
    for (size_t i = 0; i < field_count; i++) {
        bl_buffer_format(&text, "X: ");
        for (size_t j = 0; j < field_size; j++) {
            bl_buffer_append_char(&text, 'v');
        }
        bl_buffer_append(&text, "\r\n", 2);
    }
    bl_buffer_append(&text, "\r\n", 2);
    for (size_t at = 0; at < text.size; at += 100) {
        size_t size = text.size - at < 100 ? text.size - at : 100;
        world_feed(world, client, (bl_slice){text.data + at, size});
        world_run(world);
    }
    bl_slice output = world_output(world, client);
    cr_assert(output.size > 12 && memcmp(output.data + 9, want, 3) == 0, "%s: %.*s", name,
              BL_SLICE_ARG(output));
    bl_buffer_deinit(&text);
    world_destroy(world);
}

Test(request, limits_of_the_head)
{
    static const struct {
        const char *name;
        size_t target_size, field_count, field_size;
        const char *want;
    } rows[] = {
        {"target at the limit", 1000, 0, 0, "204"},
        {"target over the limit", 1001, 0, 0, "414"},
        {"target without end", 9000, 0, 0, "414"},
        {"fields at the limit", 1, 99, 1, "204"}, // With Host.
        {"fields over the limit", 1, 100, 1, "431"},
        {"head at the limit", 1, 1, 4096 - 32, "204"},
        {"head over the limit", 1, 1, 4096 - 31, "431"},
        {"field without end", 1, 1, 9000, "431"},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i++) {
        check_head(rows[i].name, rows[i].target_size, rows[i].field_count, rows[i].field_size,
                   rows[i].want);
    }
}

// ---- no malloc ---------------------------------------------------------------------------------

static eng_request *KEPT;

static void mixed(eng_core *core, eng_request *request)
{
    (void)core;
    if (request->path.size > 1 && request->path.data[1] == 'd') {
        eng_request_defer(request);
        KEPT = request;
    } else if (request->path.size > 1 && request->path.data[1] == 'p') {
        eng_respond_prepared(request, PREPARED, (bl_slice){NULL, 0});
    } else {
        eng_response response = {.status = 200, .body = request->body};
        char *copy = bl_arena_copy(request->arena, "x", 1);
        cr_assert_eq(*copy, 'x');
        eng_respond(request, &response);
    }
}

Test(request, no_allocation_after_warm_up)
{
    RESPONSE = (eng_response){.status = 200, .body = {"hi", 2}};
    PREPARED = eng_prepared_create(&RESPONSE);
    eng_config config = base_config(mixed);
    eng_world *world = world_create(&config);
    uint32_t client = world_connect(world);
    uint64_t before = 0;
    for (int round = 0; round < 200; round++) {
        if (round == 100) {
            before = bl_alloc_count();
        }
        world_forget_output(world, client);
        world_feed(world, client,
                   BL_SLICE("GET /p HTTP/1.1\r\nHost: h\r\n\r\nPOST /e HTTP/1.1\r\nHost: h\r\n"
                            "Content-Length: 4\r\n\r\necho"
                            "GET /d HTTP/1.1\r\nHost: h\r\n\r\nGET /x HTTP/1.1\r\nHo"));
        world_run(world);
        eng_complete(KEPT, &RESPONSE);
        world_run(world);
        world_feed(world, client, BL_SLICE("st: h\r\n\r\n"));
        world_run(world);
    }
    cr_assert_eq(bl_alloc_count(), before, "%llu allocations",
                 (unsigned long long)(bl_alloc_count() - before));
    cr_assert_eq(DONE_COUNT, 800);
    world_destroy(world);
    eng_prepared_destroy(PREPARED);
}

// ---- timers ------------------------------------------------------------------------------------

static uint32_t CALL_COUNT;

static void called(eng_timer *timer, eng_core *core)
{
    CALL_COUNT += 1;
    if (CALL_COUNT < 3) {
        eng_timer_set(core, timer, eng_core_now_ns(core) + 100000000);
    }
}

Test(request, timers_call_back)
{
    CALL_COUNT = 0;
    eng_config config = base_config(respond_nothing);
    eng_world *world = world_create(&config);
    eng_timer timer = {.call = called};
    eng_timer other = {.call = called};
    eng_timer_set(&world->core, &timer, eng_core_now_ns(&world->core) + 100000000);
    eng_timer_set(&world->core, &other, eng_core_now_ns(&world->core) + 50000000);
    eng_timer_cancel(&world->core, &other);
    world_advance_ms(world, 99);
    cr_assert_eq(CALL_COUNT, 0);
    world_advance_ms(world, 1000);
    cr_assert_eq(CALL_COUNT, 3);
    world_destroy(world);
}

// ---- upgrade -----------------------------------------------------------------------------------

static bl_buffer HEARD;
static bool CLOSED, SENT, DRAINED;

static void heard(void *user, eng_conn *conn, bl_slice data)
{
    cr_assert_eq(user, &HEARD);
    bl_buffer_append_slice(&HEARD, data);
    if (memchr(data.data, '!', data.size) != NULL) {
        eng_conn_write(conn, BL_SLICE("bye"));
        eng_conn_close(conn);
    } else {
        eng_conn_write(conn, data);
    }
}

static void sent(void *user, eng_conn *conn)
{
    (void)user;
    cr_assert_eq(eng_conn_unsent_size(conn), 0);
    SENT = true;
}

static void drained(void *user, eng_conn *conn)
{
    (void)user;
    DRAINED = true;
    eng_conn_close(conn);
}

static void closed(void *user, eng_conn *conn)
{
    (void)user;
    (void)conn;
    cr_assert_not(CLOSED);
    CLOSED = true;
}

static const eng_protocol PROTOCOL = {
    .on_data = heard, .on_sent = sent, .on_drain = drained, .on_close = closed};

static void upgrade(eng_core *core, eng_request *request)
{
    (void)core;
    eng_conn *conn = eng_upgrade(request, BL_SLICE("Connection: Upgrade\r\nUpgrade: echo\r\n"),
                                 &PROTOCOL, &HEARD);
    cr_assert_not_null(conn);
}

static void check_upgrade(int ending)
{
    CLOSED = false;
    HEARD.size = 0;
    eng_config config = base_config(upgrade);
    eng_world *world = world_create(&config);
    uint32_t client = world_connect(world);
    world_feed(world, client, BL_SLICE("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: echo\r\n\r\nfirst"));
    world_run(world);
    world_feed(world, client, BL_SLICE(" second"));
    world_run(world);
    cr_assert(SENT);
    cr_assert(bl_slice_equal(bl_buffer_slice(&HEARD), BL_SLICE("first second")));
    cr_assert(bl_slice_equal(world_output(world, client),
                             BL_SLICE("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                                      "Upgrade: echo\r\n\r\nfirst second")));
    world_advance_ms(world, 100000); // No idle limit.
    cr_assert_not(CLOSED);
    switch (ending) {
    case 0:
        world_feed(world, client, BL_SLICE("!"));
        break;
    case 1:
        world_end(world, client);
        break;
    case 2:
        world_reset(world, client);
        break;
    case 3:
        world_set_state(world, ENG_DRAIN);
        break;
    case 4:
        world_set_state(world, ENG_STOP);
        break;
    }
    world_run(world);
    cr_assert(CLOSED, "ending %d", ending);
    world_destroy(world);
}

Test(request, upgrade)
{
    for (int ending = 0; ending <= 4; ending++) {
        check_upgrade(ending);
    }
    cr_assert(DRAINED);
    bl_buffer_deinit(&HEARD);
}

// ---- safety of headers -------------------------------------------------------------------------

Test(request, unsafe_headers_are_recognised)
{
    static const struct {
        bl_slice name, value;
        bool is_safe;
    } rows[] = {
        {{"X-Y", 3}, {"a b\t\xff", 5}, true}, {{"X-Y", 3}, {"", 0}, true},
        {{"", 0}, {"a", 1}, false},           {{"X Y", 3}, {"a", 1}, false},
        {{"X:", 2}, {"a", 1}, false},         {{"X", 1}, {"a\r\nY: b", 7}, false},
        {{"X", 1}, {"a\n", 2}, false},        {{"X", 1}, {"a\0b", 3}, false},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i++) {
        cr_assert_eq(eng_header_is_safe(rows[i].name, rows[i].value), rows[i].is_safe, "row %zu",
                     i);
    }
}
