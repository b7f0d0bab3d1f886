// perf/peers/bare/main.c: the engine alone: the five endpoints of examples/hello.bl in C, without
// Baseline, router or bridge. What it costs is the floor for everything above it.
//
//     bare [--port N] [--cores N] [--address A] [--no-pin] [--cpu N]
#include "engine/engine.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define EXIT_CONFIG 78

static const struct {
    eng_method method;
    bl_slice path, headers, body;
} CONSTANTS[] = {
    {ENG_METHOD_GET,
     {"/hello", 6},
     {"Content-Type: text/plain; charset=utf-8\r\n", 41},
     {"Hello, World!", 13}},
    {ENG_METHOD_GET,
     {"/json", 5},
     {"Content-Type: application/json\r\n", 32},
     {"{\"message\":\"Hello, World!\"}", 27}},
    {ENG_METHOD_GET,
     {"/health", 7},
     {"Content-Type: application/json\r\n", 32},
     {"{\"status\":\"ok\"}", 15}},
};

static eng_prepared *PREPARED[BL_ARRAY_COUNT(CONSTANTS)];
static eng_server *SERVER;

static void respond(eng_request *request, uint16_t status, bl_slice headers, bl_slice body)
{
    eng_response response = {.status = status, .headers = headers, .body = body};
    eng_respond(request, &response);
}

static bool starts_with(bl_slice text, bl_slice start)
{
    return text.size > start.size && memcmp(text.data, start.data, start.size) == 0;
}

static void respond_user(eng_request *request)
{
    static const size_t prefix_size = sizeof("/users/") - 1;
    bl_slice id = {request->path.data + prefix_size, request->path.size - prefix_size};
    char *body = bl_arena_alloc(request->arena, id.size * 2 + 32);
    char *to = body;
    memcpy(to, "{\"id\":\"", 7);
    to += 7;
    memcpy(to, id.data, id.size);
    to += id.size;
    memcpy(to, "\",\"name\":\"User ", 15);
    to += 15;
    memcpy(to, id.data, id.size);
    to += id.size;
    memcpy(to, "\"}", 2);
    to += 2;
    respond(request, 200, BL_SLICE("Content-Type: application/json\r\n"),
            (bl_slice){body, (size_t)(to - body)});
}

static void on_request(eng_core *core, eng_request *request)
{
    (void)core; // The same on every core.
    eng_method method = request->method == ENG_METHOD_HEAD ? ENG_METHOD_GET : request->method;
    for (size_t i = 0; i < BL_ARRAY_COUNT(CONSTANTS); i++) {
        if (CONSTANTS[i].method == method && bl_slice_equal(CONSTANTS[i].path, request->path)) {
            eng_respond_prepared(request, PREPARED[i], (bl_slice){NULL, 0});
            return;
        }
    }
    if (method == ENG_METHOD_GET && starts_with(request->path, BL_SLICE("/users/"))) {
        respond_user(request);
    } else if (method == ENG_METHOD_POST && bl_slice_equal(request->path, BL_SLICE("/echo"))) {
        respond(request, 200, BL_SLICE("Content-Type: text/plain; charset=utf-8\r\n"),
                request->body);
    } else {
        respond(request, 404, (bl_slice){NULL, 0}, BL_SLICE("Not Found"));
    }
}

static void on_signal(int signal_number)
{
    (void)signal_number; // SIGTERM and SIGINT mean the same.
    static volatile sig_atomic_t count;
    if (count++ == 0) {
        eng_server_drain(SERVER);
    } else {
        eng_server_stop(SERVER);
    }
}

static void read_options(int argc, char **argv, eng_config *config)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--no-pin") == 0) {
            config->pin = false;
        } else if (i + 1 < argc && strcmp(argv[i], "--port") == 0) {
            config->port = (uint16_t)strtoul(argv[++i], NULL, 10);
        } else if (i + 1 < argc && strcmp(argv[i], "--cores") == 0) {
            config->core_count = (uint32_t)strtoul(argv[++i], NULL, 10);
        } else if (i + 1 < argc && strcmp(argv[i], "--address") == 0) {
            config->address = argv[++i];
        } else {
            fprintf(stderr, "usage: bare [--port N] [--cores N] [--address A] [--no-pin]\n");
            exit(2);
        }
    }
}

static void print_counters(void)
{
    eng_counters counters;
    eng_server_counters(SERVER, &counters);
#define COUNTER(name, text)                                                                        \
    fprintf(stderr, "%12llu  %s\n", (unsigned long long)counters.name, text);
#include "engine/counters.def"
#undef COUNTER
}

int main(int argc, char **argv)
{
    eng_config config;
    eng_config_init(&config);
    config.address = "127.0.0.1";
    config.core_count = 1;
    config.on_request = on_request;
    read_options(argc, argv, &config);
    for (size_t i = 0; i < BL_ARRAY_COUNT(CONSTANTS); i++) {
        eng_response response = {
            .status = 200, .headers = CONSTANTS[i].headers, .body = CONSTANTS[i].body};
        PREPARED[i] = eng_prepared_create(&response);
    }
    bl_error error = {.status = BL_OK};
    bl_status status = eng_server_create(&config, &SERVER, &error);
    if (status == BL_OK) {
        signal(SIGTERM, on_signal);
        signal(SIGINT, on_signal);
        status = eng_server_start(SERVER, &error);
    }
    if (status != BL_OK) {
        fprintf(stderr, "bare: %s\n", error.message);
        return status == BL_UNSUPPORTED || status == BL_FORBIDDEN ? EXIT_CONFIG : 1;
    }
    fprintf(stderr, "bare: listening on http://%s:%u\n", config.address,
            (unsigned)eng_server_port(SERVER));
    eng_result result;
    eng_server_wait(SERVER, &result);
    if (getenv("BARE_COUNTERS") != NULL) {
        print_counters();
    }
    eng_server_destroy(SERVER);
    for (size_t i = 0; i < BL_ARRAY_COUNT(PREPARED); i++) {
        eng_prepared_destroy(PREPARED[i]);
    }
    return result.cut_count == 0 && result.status == BL_OK ? 0 : 1;
}
