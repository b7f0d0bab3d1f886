// tests/engine/server.c: a server over real rings for tests/engine/sockets.py.
//
//     server [--cores N] [--buffers N] [--connections N] [--idle MS] [--addresses] [--handler MS]
//
// Prints "PORT n" when it listens, its counters ("name value") when it has ended. Paths: /hello
// at once; /echo the body; /late by another thread; /sleep/MS by a timer; /big/SIZE by reference;
// /peer the peer's address; anything else 404 in on_head.
#include "engine/engine.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define BIG_SIZE_MAX ((size_t)8 << 20)

typedef struct job {
    eng_inbox_link link;
    eng_timer timer;
    eng_request *request;
} job;

static eng_server *SERVER;
static char *BIG;
static _Atomic(uint64_t) RELEASED_COUNT, REFERRED_COUNT;

// ---- the other thread --------------------------------------------------------------------------

static pthread_mutex_t LOCK = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t CHANGED = PTHREAD_COND_INITIALIZER;
static eng_inbox_link *JOBS; // Newest first.
static bool IS_ENDING;

static void *work(void *argument)
{
    (void)argument; // None.
    pthread_mutex_lock(&LOCK);
    while (!IS_ENDING || JOBS != NULL) {
        if (JOBS == NULL) {
            pthread_cond_wait(&CHANGED, &LOCK);
            continue;
        }
        job *own = BL_CONTAINER_OF(JOBS, job, link);
        JOBS = own->link.next;
        own->link.next = NULL;
        pthread_mutex_unlock(&LOCK);
        BL_CHECK(own->request->path.size == 5); // Its bytes are there, client or not.
        eng_core_post(own->request->core, &own->link);
        pthread_mutex_lock(&LOCK);
    }
    pthread_mutex_unlock(&LOCK);
    return NULL;
}

static void give_to_worker(job *own)
{
    pthread_mutex_lock(&LOCK);
    own->link.next = JOBS;
    JOBS = &own->link;
    pthread_cond_signal(&CHANGED);
    pthread_mutex_unlock(&LOCK);
}

// ---- callbacks ---------------------------------------------------------------------------------

static void respond(eng_request *request, uint16_t status, bl_slice body)
{
    eng_response response = {.status = status, .body = body};
    eng_respond(request, &response);
}

static void complete(eng_request *request, bl_slice body)
{
    respond(request, 200, body);
    eng_request_release(request);
}

static void on_message(eng_core *core, eng_inbox_link *message)
{
    (void)core; // The request knows.
    job *own = BL_CONTAINER_OF(message, job, link);
    complete(own->request, BL_SLICE("late"));
}

static void on_timer(eng_timer *timer, eng_core *core)
{
    (void)core;
    job *own = BL_CONTAINER_OF(timer, job, timer);
    complete(own->request, BL_SLICE("slept"));
}

static void on_timeout(eng_core *core, eng_request *request)
{
    (void)core;
    eng_response response = {.status = 500, .close = true};
    eng_respond(request, &response);
}

static void on_release(void *owner, eng_core *core)
{
    (void)core;
    BL_CHECK(owner == BIG);
    atomic_fetch_add(&RELEASED_COUNT, 1);
}

static bool starts_with(bl_slice text, const char *start)
{
    size_t size = strlen(start);
    return text.size >= size && memcmp(text.data, start, size) == 0;
}

static uint64_t number_behind(bl_slice text, size_t at)
{
    uint64_t number = 0;
    while (at < text.size && text.data[at] >= '0' && text.data[at] <= '9') {
        number = number * 10 + (uint64_t)(text.data[at++] - '0');
    }
    return number;
}

static void on_head(eng_core *core, eng_request *request)
{
    static const char *const known[] = {"/hello", "/echo", "/late", "/sleep/", "/big/", "/peer"};
    (void)core;
    for (size_t i = 0; i < BL_ARRAY_COUNT(known); i++) {
        if (starts_with(request->path, known[i])) {
            return;
        }
    }
    respond(request, 404, BL_SLICE("no such path"));
}

static void respond_big(eng_request *request)
{
    uint64_t size = number_behind(request->path, 5);
    eng_response response = {
        .status = 200,
        .body = {BIG, size < BIG_SIZE_MAX ? (size_t)size : BIG_SIZE_MAX},
        .release = on_release,
        .owner = BIG,
    };
    atomic_fetch_add(&REFERRED_COUNT, 1);
    eng_respond(request, &response);
}

static void respond_peer(eng_request *request)
{
    eng_address peer = eng_request_peer(request);
    respond(request, 200,
            bl_arena_format(request->arena, "%u %u.%u.%u.%u %s", peer.family, peer.bytes[0],
                            peer.bytes[1], peer.bytes[2], peer.bytes[3],
                            peer.port != 0 ? "port" : "none"));
}

static job *defer(eng_request *request)
{
    eng_request_defer(request);
    job *own = bl_arena_alloc_zeroed(request->arena, sizeof(*own));
    own->request = request;
    return own;
}

static void on_request(eng_core *core, eng_request *request)
{
    if (starts_with(request->path, "/hello")) {
        respond(request, 200, BL_SLICE("Hello, World!"));
    } else if (starts_with(request->path, "/echo")) {
        respond(request, 200, request->body);
    } else if (starts_with(request->path, "/late")) {
        give_to_worker(defer(request));
    } else if (starts_with(request->path, "/big/")) {
        respond_big(request);
    } else if (starts_with(request->path, "/peer")) {
        respond_peer(request);
    } else {
        job *own = defer(request);
        own->timer.call = on_timer;
        int64_t ms = (int64_t)number_behind(request->path, 7);
        eng_timer_set(core, &own->timer, eng_core_now_ns(core) + ms * 1000000);
    }
}

static void on_drain(void *user, uint32_t active_count)
{
    (void)user; // None.
    printf("DRAIN %u\n", active_count);
    fflush(stdout);
}

// ---- main --------------------------------------------------------------------------------------

static void on_signal(int signal_number)
{
    (void)signal_number; // Both mean the same.
    static volatile sig_atomic_t count;
    // Both are made for signal handlers (engine.h).
    if (count++ == 0) {
        eng_server_drain(SERVER); // NOLINT(bugprone-signal-handler)
    } else {
        eng_server_stop(SERVER); // NOLINT(bugprone-signal-handler)
    }
}

static void read_options(int argc, char **argv, eng_config *config)
{
    eng_limits *limits = &config->limits;
    for (int i = 1; i < argc; i++) {
        uint32_t value = i + 1 < argc ? (uint32_t)strtoul(argv[i + 1], NULL, 10) : 0;
        if (strcmp(argv[i], "--cores") == 0) {
            config->core_count = value;
        } else if (strcmp(argv[i], "--buffers") == 0) {
            limits->buffer_count = value;
        } else if (strcmp(argv[i], "--connections") == 0) {
            limits->connection_count_max = value;
        } else if (strcmp(argv[i], "--idle") == 0) {
            limits->idle_timeout_ms = value;
            limits->header_timeout_ms = value;
            limits->body_timeout_ms = value;
            limits->write_timeout_ms = value;
        } else if (strcmp(argv[i], "--handler") == 0) {
            limits->handler_timeout_ms = value;
        } else if (strcmp(argv[i], "--port") == 0) {
            config->port = (uint16_t)value;
        } else if (strcmp(argv[i], "--addresses") == 0) {
            config->peer_addresses = true;
        }
    }
}

static void print_counters(const eng_result *result)
{
    eng_counters counters;
    eng_server_counters(SERVER, &counters);
#define COUNTER(name, text) printf(#name " %llu\n", (unsigned long long)counters.name);
#include "engine/counters.def"
#undef COUNTER
    printf("kept_bodies %llu\n",
           (unsigned long long)(atomic_load(&REFERRED_COUNT) - atomic_load(&RELEASED_COUNT)));
    printf("cut %u\n", result->cut_count);
}

int main(int argc, char **argv)
{
    eng_config config;
    eng_config_init(&config);
    config.address = "127.0.0.1";
    config.port = 0;
    config.core_count = 1;
    config.pin = false;
    config.on_head = on_head;
    config.on_request = on_request;
    config.on_message = on_message;
    config.on_timeout = on_timeout;
    config.on_drain = on_drain;
    read_options(argc, argv, &config);
    BIG = bl_alloc_zeroed(BIG_SIZE_MAX, 1);
    pthread_t thread;
    pthread_create(&thread, NULL, work, NULL);
    bl_error error = {.status = BL_OK};
    bl_status status = eng_server_create(&config, &SERVER, &error);
    if (status == BL_OK) {
        status = eng_server_start(SERVER, &error);
    }
    if (status != BL_OK) {
        printf("FAILED %s\n", error.message);
        return 1;
    }
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    printf("PORT %u\n", (unsigned)eng_server_port(SERVER));
    fflush(stdout);
    eng_result result;
    eng_server_wait(SERVER, &result);
    pthread_mutex_lock(&LOCK);
    IS_ENDING = true;
    pthread_cond_signal(&CHANGED);
    pthread_mutex_unlock(&LOCK);
    pthread_join(thread, NULL);
    print_counters(&result);
    eng_server_destroy(SERVER);
    bl_free(BIG);
    return result.cut_count == 0 && result.status == BL_OK ? 0 : 1;
}
