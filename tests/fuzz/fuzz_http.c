// tests/fuzz/fuzz_http.c: any bytes, cut anywhere, into a connection: no crash, no leak, and the
// same statuses however they were cut.
//
// The first byte of the input says how the rest is cut. The scripted kernel takes the place of
// engine/ring.c; when the world is destroyed it checks that nothing is left behind.
#include "tests/engine/world.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_head(eng_core *core, eng_request *request)
{
    (void)core; // There is one.
    if (request->path.size == 2 && request->path.data[1] == 'n') {
        eng_response response = {.status = 404};
        eng_respond(request, &response);
    }
}

static void on_request(eng_core *core, eng_request *request)
{
    (void)core;
    if (request->path.size == 2 && request->path.data[1] == 'd') {
        eng_request_defer(request);
        eng_response response = {.status = 200, .body = request->body};
        eng_complete(request, &response);
        return;
    }
    eng_response_begin(request, 200, false);
    for (uint8_t i = 0; i < request->field_count; i++) {
        // What a peer sent is safe to send back: the parser has seen to that.
        bl_slice value = eng_field_value(request, &request->fields[i]);
        BL_CHECK(eng_header_is_safe(BL_SLICE("x"), value));
        eng_response_header(request, BL_SLICE("x"), value);
    }
    eng_response_end(request, request->body, false);
}

// The first digits of all statuses, one character each.
static void statuses(bl_slice output, bl_buffer *found)
{
    for (size_t at = 0; at + 12 < output.size; at++) {
        if (memcmp(output.data + at, "HTTP/1.1 ", 9) == 0 && output.data[at + 9] != '1') {
            bl_buffer_append(found, output.data + at + 9, 3);
        }
    }
}

static void serve(bl_slice input, size_t piece_size, bl_buffer *found)
{
    eng_config config;
    eng_config_init(&config);
    config.on_head = on_head;
    config.on_request = on_request;
    config.limits.head_size_max = 512;
    config.limits.target_size_max = 100;
    config.limits.header_count_max = 10;
    config.limits.body_size_max = 600;
    config.limits.chunk_overhead_max = 256;
    config.limits.buffer_size = 512;
    config.limits.buffer_count = 64;
    eng_world *world = world_create(&config);
    uint32_t client = world_connect(world);
    for (size_t at = 0; at < input.size; at += piece_size) {
        size_t size = input.size - at < piece_size ? input.size - at : piece_size;
        world_feed(world, client, (bl_slice){input.data + at, size});
        world_run(world);
    }
    world_end(world, client);
    world_run(world);
    statuses(world_output(world, client), found);
    world_destroy(world);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > 4096) {
        return 0;
    }
    bl_slice input = {(const char *)data + 1, size - 1};
    bl_buffer whole = {NULL, 0, 0};
    bl_buffer cut = {NULL, 0, 0};
    serve(input, input.size, &whole);
    serve(input, data[0] % 64 + 1u, &cut);
    BL_CHECK(bl_slice_equal(bl_buffer_slice(&whole), bl_buffer_slice(&cut)));
    bl_buffer_deinit(&whole);
    bl_buffer_deinit(&cut);
    return 0;
}
