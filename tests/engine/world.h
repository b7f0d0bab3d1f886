// tests/engine/world.h: a scripted kernel behind engine/ring.h, and one core on top of it.
//
//     eng_world *world = world_create(&config);
//     uint32_t client = world_connect(world);
//     world_feed(world, client, BL_SLICE("GET / HTTP/1.1\r\n…"));
//     world_run(world);                      // passes of the loop until nothing happens any more
//     … world_output(world, client) …
//     world_destroy(world);                  // checks that nothing has leaked
//
// Deterministic: no sockets, no threads, and time stands still unless it is moved. What a kernel
// may do wrong is a field: short sends, sends that hang, buffers that run out, operations that
// fail.
#ifndef TESTS_ENGINE_WORLD_H
#define TESTS_ENGINE_WORLD_H

#include "engine/core.h"

#define WORLD_CLIENT_COUNT_MAX 64

typedef struct world_client {
    bl_buffer to_server; // Sent by the client, not received yet.
    bl_buffer output;    // What the client has got.
    uint32_t generation;
    bool is_used, is_accepted, is_receiving;
    bool has_ended; // The client sends no more.
    bool is_reset;  // The client is gone.
    bool is_shut;   // The server sends no more.
    bool is_closed;
    bool was_cancelled;
    uint32_t held_send_generation;
    size_t held_send_size; // A send that hangs.
} world_client;

typedef struct eng_world {
    eng_config config;
    eng_core core;
    eng_ring *ring;
    eng_control control;
    bl_status status;
    bool has_ended; // The core has.
} eng_world;

// config: on_request at least.
eng_world *world_create(const eng_config *config);
// Ends all clients, lets the core drain, and checks that no connection, request, buffer or segment
// is left.
void world_destroy(eng_world *world);

uint32_t world_connect(eng_world *world);
void world_feed(eng_world *world, uint32_t client, bl_slice data);
void world_end(eng_world *world, uint32_t client);   // FIN.
void world_reset(eng_world *world, uint32_t client); // RST.
void world_run(eng_world *world);
void world_pass(eng_world *world); // One.
void world_set_state(eng_world *world, eng_run_state state);
void world_advance_ms(eng_world *world, int64_t ms); // Moves time in steps and runs.

world_client *world_client_at(eng_world *world, uint32_t client);
bl_slice world_output(eng_world *world, uint32_t client);
void world_forget_output(eng_world *world, uint32_t client);

// Faults.
void world_set_send_max(eng_world *world, size_t size); // Bytes taken by one send; 0: all.
void world_hold_sends(eng_world *world, bool hold);     // Sends hang until let go.
// The nth operation from now on fails with this errno (accepts, receives, sends, shutdowns);
// 0: none.
void world_fail_operation(eng_world *world, uint64_t nth, int system_error);
uint64_t world_operation_count(const eng_world *world);

#endif
