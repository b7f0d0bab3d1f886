// tests/engine/test_conn.c: a connection's life: time limits, backpressure, faults, drain.
#include "tests/engine/world.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>

#define GET_A "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
#define GET_BIG "GET /big HTTP/1.1\r\nHost: h\r\n\r\n"
#define GET_SLOW "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n"
#define POST_10 "POST /e HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n"

#define BIG_SIZE ((size_t)100000)

static eng_request *SLOW[WORLD_CLIENT_COUNT_MAX];
static uint32_t SLOW_COUNT, TIMEOUT_COUNT, DONE_COUNT, RELEASE_COUNT;
static char BIG[BIG_SIZE];

static void released(void *owner, eng_core *core)
{
    (void)core; // There is one.
    cr_assert_eq(owner, BIG);
    RELEASE_COUNT += 1;
}

static void on_request(eng_core *core, eng_request *request)
{
    (void)core;
    if (bl_slice_equal(request->path, BL_SLICE("/slow"))) {
        eng_request_defer(request);
        SLOW[SLOW_COUNT++] = request;
    } else if (bl_slice_equal(request->path, BL_SLICE("/big"))) {
        eng_response response = {
            .status = 200, .body = {BIG, BIG_SIZE}, .release = released, .owner = BIG};
        eng_respond(request, &response);
    } else {
        eng_response response = {.status = 200, .body = request->body};
        eng_respond(request, &response);
    }
}

static void on_timeout(eng_core *core, eng_request *request)
{
    (void)core;
    TIMEOUT_COUNT += 1;
    eng_response response = {.status = 504, .close = true};
    eng_respond(request, &response);
}

static void on_done(eng_core *core, eng_request *request, const eng_done *done)
{
    (void)core;
    (void)request;
    (void)done;
    DONE_COUNT += 1;
}

static void complete_slow(uint32_t index)
{
    eng_response response = {.status = 200, .body = BL_SLICE("slow")};
    eng_complete(SLOW[index], &response);
}

static eng_world *make(void (*change)(eng_config *config))
{
    eng_config config;
    eng_config_init(&config);
    config.on_request = on_request;
    config.on_timeout = on_timeout;
    config.on_done = on_done;
    if (change != NULL) {
        change(&config);
    }
    SLOW_COUNT = 0;
    TIMEOUT_COUNT = 0;
    DONE_COUNT = 0;
    RELEASE_COUNT = 0;
    return world_create(&config);
}

static void feed(eng_world *world, uint32_t client, const char *text)
{
    world_feed(world, client, bl_slice_of(text));
    world_run(world);
}

static size_t count(eng_world *world, uint32_t client, const char *text)
{
    bl_slice output = world_output(world, client);
    size_t size = strlen(text);
    size_t found_count = 0;
    for (size_t at = 0; at + size <= output.size; at++) {
        found_count += memcmp(output.data + at, text, size) == 0;
    }
    return found_count;
}

static bool is_closed(eng_world *world, uint32_t client)
{
    return world_client_at(world, client)->is_closed;
}

// ---- time limits -------------------------------------------------------------------------------

Test(conn, idle_connection_is_closed_silently)
{
    eng_world *world = make(NULL);
    uint32_t client = world_connect(world);
    feed(world, client, GET_A);
    world_forget_output(world, client);
    world_advance_ms(world, 29900);
    cr_assert_not(is_closed(world, client));
    world_advance_ms(world, 1000);
    cr_assert(is_closed(world, client));
    cr_assert_eq(world_output(world, client).size, 0);
    world_destroy(world);
}

Test(conn, each_request_restarts_the_idle_limit)
{
    eng_world *world = make(NULL);
    uint32_t client = world_connect(world);
    for (int i = 0; i < 5; i++) {
        feed(world, client, GET_A);
        world_advance_ms(world, 25000);
        cr_assert_not(is_closed(world, client));
    }
    world_destroy(world);
}

Test(conn, silent_connection_is_closed_without_a_word)
{
    eng_world *world = make(NULL);
    uint32_t client = world_connect(world);
    world_advance_ms(world, 31000);
    cr_assert(is_closed(world, client));
    cr_assert_eq(world_output(world, client).size, 0);
    world_destroy(world);
}

Test(conn, slow_head_is_408_however_often_a_byte_comes)
{
    eng_world *world = make(NULL);
    uint32_t client = world_connect(world);
    static const char head[] = "GET /a HTTP/1.1\r\nHost: hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh";
    for (size_t i = 0; i < 32; i++) {
        world_feed(world, client, (bl_slice){head + i, 1});
        world_advance_ms(world, 1000);
    }
    cr_assert_eq(count(world, client, "HTTP/1.1 408 "), 1);
    cr_assert_eq(count(world, client, "Connection: close\r\n"), 1);
    world_end(world, client);
    world_run(world);
    cr_assert(is_closed(world, client));
    world_destroy(world);
}

Test(conn, stalled_body_is_408_and_a_moving_one_is_not)
{
    eng_world *world = make(NULL);
    uint32_t stalled = world_connect(world);
    uint32_t moving = world_connect(world);
    feed(world, stalled, POST_10);
    feed(world, moving, POST_10);
    for (int i = 0; i < 10; i++) {
        world_advance_ms(world, 20000);
        world_feed(world, moving, BL_SLICE("x"));
    }
    world_run(world);
    cr_assert_eq(count(world, stalled, "HTTP/1.1 408 "), 1);
    cr_assert_eq(count(world, moving, "HTTP/1.1 200 "), 1);
    world_destroy(world);
}

Test(conn, handler_limit_asks_the_upper_layer_and_the_late_answer_is_dropped)
{
    eng_world *world = make(NULL);
    uint32_t client = world_connect(world);
    feed(world, client, GET_SLOW);
    world_advance_ms(world, 29900);
    cr_assert_eq(TIMEOUT_COUNT, 0);
    world_advance_ms(world, 1000);
    cr_assert_eq(TIMEOUT_COUNT, 1);
    cr_assert_eq(count(world, client, "HTTP/1.1 504 "), 1);
    complete_slow(0);
    world_run(world);
    cr_assert_eq(count(world, client, "HTTP/1.1 "), 1);
    cr_assert(is_closed(world, client));
    world_destroy(world);
}

Test(conn, peer_that_takes_nothing_is_cut_and_one_that_takes_little_is_not)
{
    eng_world *world = make(NULL);
    uint32_t client = world_connect(world);
    world_set_send_max(world, 1000);
    world_hold_sends(world, true);
    feed(world, client, GET_BIG);
    for (int i = 0; i < 5; i++) { // A thousand bytes every 20 s.
        world_advance_ms(world, 20000);
        world_hold_sends(world, false);
        world_pass(world);
        world_hold_sends(world, true);
        world_run(world);
        cr_assert_not(is_closed(world, client));
    }
    world_advance_ms(world, 32000);
    cr_assert(is_closed(world, client));
    cr_assert_eq(RELEASE_COUNT, 1);
    world_destroy(world);
}

// ---- the peer goes -----------------------------------------------------------------------------

Test(conn, half_close_after_a_request_is_answered)
{
    eng_world *world = make(NULL);
    uint32_t client = world_connect(world);
    world_feed(world, client, BL_SLICE(GET_SLOW));
    world_end(world, client);
    world_run(world);
    cr_assert_not(is_closed(world, client));
    cr_assert_not(eng_request_is_abandoned(SLOW[0]));
    complete_slow(0);
    world_run(world);
    cr_assert_eq(count(world, client, "HTTP/1.1 200 "), 1);
    cr_assert(is_closed(world, client));
    world_destroy(world);
}

Test(conn, end_in_the_middle_of_a_request_needs_no_answer)
{
    static const char *const parts[] = {"G", "GET /a HTTP/1.1\r\n", POST_10, POST_10 "12345"};
    for (size_t i = 0; i < BL_ARRAY_COUNT(parts); i++) {
        eng_world *world = make(NULL);
        uint32_t client = world_connect(world);
        world_feed(world, client, bl_slice_of(parts[i]));
        world_end(world, client);
        world_run(world);
        cr_assert(is_closed(world, client), "%s", parts[i]);
        cr_assert_eq(world_output(world, client).size, 0, "%s", parts[i]);
        world_destroy(world);
    }
}

Test(conn, reset_abandons_the_request_in_work)
{
    eng_world *world = make(NULL);
    uint32_t client = world_connect(world);
    feed(world, client, GET_SLOW GET_A);
    world_reset(world, client);
    world_run(world);
    cr_assert(is_closed(world, client));
    cr_assert(eng_request_is_abandoned(SLOW[0]));
    cr_assert(bl_slice_equal(SLOW[0]->path, BL_SLICE("/slow")), "its bytes are still there");
    complete_slow(0);
    world_run(world);
    cr_assert_eq(world->core.live_exchange_count, 0);
    world_destroy(world);
}

Test(conn, reset_in_the_middle_of_a_large_answer_gives_the_body_back)
{
    eng_world *world = make(NULL);
    uint32_t client = world_connect(world);
    world_set_send_max(world, 1000);
    world_feed(world, client, BL_SLICE(GET_BIG));
    world_pass(world);
    world_pass(world);
    cr_assert_eq(RELEASE_COUNT, 0);
    world_reset(world, client);
    world_run(world);
    cr_assert(is_closed(world, client));
    cr_assert_eq(RELEASE_COUNT, 1);
    world_destroy(world);
}

Test(conn, short_sends_lose_nothing)
{
    for (size_t i = 0; i < BIG_SIZE; i++) {
        BIG[i] = (char)('a' + i % 26);
    }
    eng_world *world = make(NULL);
    uint32_t client = world_connect(world);
    world_set_send_max(world, 777);
    feed(world, client, GET_A GET_BIG GET_A);
    bl_slice output = world_output(world, client);
    cr_assert_eq(count(world, client, "HTTP/1.1 200 "), 3);
    cr_assert_gt(output.size, BIG_SIZE);
    size_t at = 0;
    while (memcmp(output.data + at, "abcdefghij", 10) != 0) {
        at += 1;
    }
    cr_assert_eq(memcmp(output.data + at, BIG, BIG_SIZE), 0);
    world_destroy(world);
}

// ---- lingering ---------------------------------------------------------------------------------

Test(conn, error_lingers_until_the_peer_ends)
{
    eng_world *world = make(NULL);
    uint32_t client = world_connect(world);
    feed(world, client, "BAD\r\n\r\n");
    cr_assert(world_client_at(world, client)->is_shut);
    cr_assert_not(is_closed(world, client));
    feed(world, client, "more that nobody reads");
    cr_assert_not(is_closed(world, client));
    world_end(world, client);
    world_run(world);
    cr_assert(is_closed(world, client));
    cr_assert_eq(count(world, client, "HTTP/1.1 "), 1);
    world_destroy(world);
}

Test(conn, lingering_ends_by_time_and_by_size)
{
    eng_world *world = make(NULL);
    uint32_t by_time = world_connect(world);
    uint32_t by_size = world_connect(world);
    feed(world, by_time, "BAD\r\n\r\n");
    feed(world, by_size, "BAD\r\n\r\n");
    world_feed(world, by_size, (bl_slice){BIG, BIG_SIZE});
    world_feed(world, by_size, (bl_slice){BIG, BIG_SIZE});
    world_feed(world, by_size, (bl_slice){BIG, BIG_SIZE});
    world_run(world);
    cr_assert(is_closed(world, by_size));
    cr_assert_not(is_closed(world, by_time));
    world_advance_ms(world, 2200);
    cr_assert(is_closed(world, by_time));
    world_destroy(world);
}

// ---- backpressure ------------------------------------------------------------------------------

Test(conn, peer_that_never_reads_is_not_read_from_for_ever)
{
    eng_world *world = make(NULL);
    uint32_t client = world_connect(world);
    world_hold_sends(world, true);
    for (int i = 0; i < 40; i++) {
        feed(world, client, GET_BIG GET_BIG);
    }
    cr_assert_lt(DONE_COUNT, 10);
    cr_assert_gt(world_client_at(world, client)->to_server.size, 1000);
    world_hold_sends(world, false);
    world_run(world);
    cr_assert_eq(DONE_COUNT, 80);
    cr_assert_eq(count(world, client, "HTTP/1.1 200 "), 80);
    world_destroy(world);
}

static void few_buffers(eng_config *config)
{
    config->limits.buffer_count = 64;
    config->limits.buffer_size = 512;
}

Test(conn, greedy_client_does_not_starve_the_others)
{
    eng_world *world = make(few_buffers);
    uint32_t greedy = world_connect(world);
    uint32_t modest = world_connect(world);
    feed(world, greedy, GET_SLOW);
    for (int i = 0; i < 100; i++) {
        world_feed(world, greedy, (bl_slice){BIG, 1000});
        world_run(world);
    }
    cr_assert_leq(world->core.lent_count, 10);
    feed(world, modest, GET_A);
    cr_assert_eq(count(world, modest, "HTTP/1.1 200 "), 1);
    world_reset(world, greedy);
    world_run(world);
    complete_slow(0);
    world_destroy(world);
}

Test(conn, many_slow_requests_do_not_use_up_the_buffers)
{
    eng_world *world = make(few_buffers);
    uint32_t clients[60];
    for (int i = 0; i < 60; i++) {
        clients[i] = world_connect(world);
        feed(world, clients[i], GET_SLOW GET_A);
        world_feed(world, clients[i], BL_SLICE(GET_A));
        world_run(world);
    }
    uint32_t modest = world_connect(world);
    feed(world, modest, GET_A);
    cr_assert_eq(count(world, modest, "HTTP/1.1 200 "), 1);
    cr_assert_gt(world->core.counters.copied_requests, 0);
    for (uint32_t i = 0; i < 60; i++) {
        cr_assert(bl_slice_equal(SLOW[i]->path, BL_SLICE("/slow")));
        complete_slow(i);
    }
    world_run(world);
    for (int i = 0; i < 60; i++) {
        cr_assert_eq(count(world, clients[i], "HTTP/1.1 200 "), 3);
    }
    world_destroy(world);
}

Test(conn, starved_receive_goes_on_when_buffers_are_back)
{
    eng_world *world = make(few_buffers);
    uint32_t client = world_connect(world);
    char head[64];
    int size = snprintf(head, sizeof(head),
                        "POST /e HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n", BIG_SIZE);
    world_feed(world, client, (bl_slice){head, (size_t)size});
    world_feed(world, client, (bl_slice){BIG, BIG_SIZE}); // More than all buffers.
    world_run(world);
    cr_assert_gt(world->core.counters.starved, 0);
    cr_assert_eq(count(world, client, "HTTP/1.1 200 "), 1);
    world_destroy(world);
}

// ---- limits of connections ---------------------------------------------------------------------

static void three_connections(eng_config *config)
{
    config->limits.connection_count_max = 3;
}

Test(conn, connections_beyond_the_limit_wait)
{
    eng_world *world = make(three_connections);
    uint32_t clients[5];
    for (int i = 0; i < 3; i++) {
        clients[i] = world_connect(world);
        feed(world, clients[i], GET_A);
    }
    for (int i = 3; i < 5; i++) {
        clients[i] = world_connect(world);
        feed(world, clients[i], GET_A);
        cr_assert_eq(world_output(world, clients[i]).size, 0);
    }
    for (int i = 0; i < 2; i++) {
        world_end(world, clients[i]);
        world_run(world);
    }
    cr_assert_eq(count(world, clients[3], "HTTP/1.1 200 "), 1);
    cr_assert_eq(count(world, clients[4], "HTTP/1.1 200 "), 1);
    world_destroy(world);
}

static void two_of_an_address(eng_config *config)
{
    config->limits.address_connection_max = 2;
    config->peer_addresses = true;
}

Test(conn, connections_of_one_address_beyond_the_limit_are_closed)
{
    eng_world *world = make(two_of_an_address);
    world->core.addresses = world->core.addresses;
    uint32_t a = world_connect(world);
    uint32_t b = world_connect(world);
    uint32_t c = world_connect(world);
    world_run(world);
    cr_assert_not(is_closed(world, a));
    cr_assert_not(is_closed(world, b));
    cr_assert(is_closed(world, c));
    world_end(world, a);
    world_run(world);
    uint32_t d = world_connect(world);
    world_run(world);
    cr_assert_not(is_closed(world, d));
    world_destroy(world);
}

Test(conn, running_out_of_files_pauses_accepting)
{
    eng_world *world = make(NULL);
    uint32_t first = world_connect(world); // Its accept stays armed; end it with an error.
    world_run(world);
    eng_event event = {.op = ENG_OP_ACCEPT, .result = -EMFILE};
    eng_ring_accept_cancel(world->ring, 0);
    world_run(world);
    (void)event;
    feed(world, first, GET_A);
    cr_assert_eq(count(world, first, "HTTP/1.1 200 "), 1);
    world_destroy(world);
}

// ---- drain -------------------------------------------------------------------------------------

Test(conn, drain_answers_what_is_under_way_and_closes_the_idle)
{
    eng_world *world = make(NULL);
    uint32_t idle = world_connect(world);
    uint32_t slow = world_connect(world);
    uint32_t late = world_connect(world);
    feed(world, idle, GET_A);
    feed(world, late, GET_A);
    feed(world, slow, GET_SLOW);
    world_set_state(world, ENG_DRAIN);
    world_run(world);
    cr_assert_eq(atomic_load(&world->control.active_count), 1);
    feed(world, late, GET_A); // In the grace time.
    cr_assert_eq(count(world, late, "HTTP/1.1 200 "), 2);
    cr_assert_eq(count(world, late, "Connection: close\r\n"), 1);
    cr_assert(is_closed(world, late));
    world_advance_ms(world, 300);
    cr_assert(is_closed(world, idle));
    cr_assert_not(world->has_ended);
    complete_slow(0);
    world_run(world);
    cr_assert_eq(count(world, slow, "Connection: close\r\n"), 1);
    cr_assert(is_closed(world, slow));
    cr_assert(world->has_ended);
    cr_assert_eq(world->core.cut_count, 0);
    world_destroy(world);
}

Test(conn, drain_accepts_what_the_backlog_holds)
{
    eng_world *world = make(three_connections);
    uint32_t clients[4];
    for (int i = 0; i < 4; i++) {
        clients[i] = world_connect(world);
        feed(world, clients[i], GET_A);
    }
    world_set_state(world, ENG_DRAIN);
    world_run(world);
    cr_assert_eq(count(world, clients[3], "HTTP/1.1 200 "), 1);
    cr_assert_eq(count(world, clients[3], "Connection: close\r\n"), 1);
    world_advance_ms(world, 400);
    cr_assert(world->has_ended);
    world_destroy(world);
}

Test(conn, drain_ends_in_time)
{
    eng_world *world = make(NULL);
    uint32_t slow = world_connect(world);
    feed(world, slow, GET_SLOW);
    world_set_state(world, ENG_DRAIN);
    world_advance_ms(world, 30100);
    cr_assert(is_closed(world, slow));
    cr_assert(eng_request_is_abandoned(SLOW[0]));
    cr_assert_eq(world->core.cut_count, 1);
    complete_slow(0);
    world_run(world);
    cr_assert(world->has_ended);
    world_destroy(world);
}

// ---- every operation may fail ------------------------------------------------------------------

// Runs a little of everything with the nth operation failing, until a run has none left to fail.
Test(conn, any_operation_may_fail)
{
    static const int errors[] = {ECONNRESET, ENOMEM, EPIPE, EINTR, ECANCELED};
    for (size_t e = 0; e < BL_ARRAY_COUNT(errors); e++) {
        uint64_t operation_count = 0;
        for (uint64_t nth = 1; nth == 1 || nth <= operation_count + 1; nth++) {
            eng_world *world = make(NULL);
            uint64_t before = world_operation_count(world);
            world_fail_operation(world, nth, errors[e]);
            world_set_send_max(world, 30000);
            uint32_t a = world_connect(world);
            uint32_t b = world_connect(world);
            feed(world, a, GET_A GET_BIG POST_10 "0123456789");
            feed(world, b, GET_SLOW);
            feed(world, a, "BAD\r\n\r\n");
            world_advance_ms(world, 1000);
            for (uint32_t i = 0; i < SLOW_COUNT; i++) {
                complete_slow(i);
            }
            world_run(world);
            operation_count = world_operation_count(world) - before;
            world_destroy(world);
        }
    }
}
