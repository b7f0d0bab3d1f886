// tests/engine/world.c: see world.h.
#include "tests/engine/world.h"

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#define EVENT_COUNT_MAX 8192

struct eng_ring {
    eng_event *events; // A ring buffer.
    uint32_t event_first, event_count;
    world_client clients[WORLD_CLIENT_COUNT_MAX];
    eng_ring_config config;
    char *buffers;
    uint16_t *free_buffers;
    uint32_t free_count;
    uint32_t waiting_connects; // Clients that nobody has accepted yet.
    bool accept_armed[ENG_ACCEPT_COUNT], accept_once[ENG_ACCEPT_COUNT];
    int64_t now_ns;
    size_t send_max;
    bool hold_sends;
    uint64_t operation_count, fail_at;
    int fail_with;
};

static eng_world *THE_WORLD; // The ring is opened by the core, without a word about its world.

// ---- events ------------------------------------------------------------------------------------

static void push(eng_ring *ring, eng_event event)
{
    BL_CHECK(ring->event_count < EVENT_COUNT_MAX);
    ring->events[(ring->event_first + ring->event_count) % EVENT_COUNT_MAX] = event;
    ring->event_count += 1;
}

static void push_result(eng_ring *ring, eng_op op, uint32_t file, uint32_t generation, int result)
{
    push(ring,
         (eng_event){.op = (uint8_t)op, .file = file, .generation = generation, .result = result});
}

// True if this operation is to fail; the event has been made.
static bool fails(eng_ring *ring, eng_op op, uint32_t file, uint32_t generation)
{
    ring->operation_count += 1;
    if (ring->fail_at == 0 || ring->operation_count != ring->fail_at) {
        return false;
    }
    push_result(ring, op, file, generation, -ring->fail_with);
    return true;
}

static world_client *client_of(eng_ring *ring, uint32_t file)
{
    BL_CHECK(file < WORLD_CLIENT_COUNT_MAX);
    return &ring->clients[file];
}

// ---- receiving ---------------------------------------------------------------------------------

static void end_receive(eng_ring *ring, uint32_t file, int result)
{
    world_client *client = client_of(ring, file);
    client->is_receiving = false;
    push_result(ring, ENG_OP_RECV, file, client->generation, result);
}

static void receive_one(eng_ring *ring, uint32_t file)
{
    world_client *client = client_of(ring, file);
    uint16_t buffer = ring->free_buffers[--ring->free_count];
    size_t size = client->to_server.size;
    size = size < ring->config.buffer_size ? size : ring->config.buffer_size;
    char *data = eng_ring_buffer(ring, buffer);
    bl_unpoison(data, ring->config.buffer_size);
    memcpy(data, client->to_server.data, size);
    bl_poison(data + size, ring->config.buffer_size - size);
    memmove(client->to_server.data, client->to_server.data + size, client->to_server.size - size);
    client->to_server.size -= size;
    push(ring, (eng_event){.op = ENG_OP_RECV,
                           .file = file,
                           .generation = client->generation,
                           .result = (int32_t)size,
                           .buffer = buffer,
                           .has_buffer = true,
                           .more = true});
}

static void deliver(eng_ring *ring, uint32_t file)
{
    world_client *client = client_of(ring, file);
    while (client->is_receiving && client->to_server.size > 0 && !client->is_reset) {
        if (ring->free_count == 0) {
            end_receive(ring, file, -ENOBUFS);
            return;
        }
        receive_one(ring, file);
    }
    if (client->is_receiving && client->is_reset) {
        end_receive(ring, file, -ECONNRESET);
    } else if (client->is_receiving && client->has_ended) {
        end_receive(ring, file, 0);
    }
}

void eng_ring_recv(eng_ring *ring, uint32_t file, uint32_t generation)
{
    world_client *client = client_of(ring, file);
    BL_CHECK(!client->is_receiving);
    BL_CHECK(!client->is_closed);
    client->generation = generation;
    if (!fails(ring, ENG_OP_RECV, file, generation)) {
        client->is_receiving = true;
        deliver(ring, file);
    }
}

void eng_ring_recv_cancel(eng_ring *ring, uint32_t file, uint32_t generation)
{
    world_client *client = client_of(ring, file);
    BL_CHECK(client->generation == generation);
    if (client->is_receiving) {
        end_receive(ring, file, -ECANCELED);
    }
}

// ---- accepting ---------------------------------------------------------------------------------

static void accept_one(eng_ring *ring, uint32_t place)
{
    ring->waiting_connects -= 1;
    for (uint32_t file = 0; file < WORLD_CLIENT_COUNT_MAX; file++) {
        world_client *client = &ring->clients[file];
        if (client->is_used && !client->is_accepted) {
            client->is_accepted = true;
            push(ring, (eng_event){.op = ENG_OP_ACCEPT,
                                   .file = place,
                                   .result = (int32_t)file,
                                   .more = !ring->accept_once[place]});
            ring->accept_armed[place] = !ring->accept_once[place];
            return;
        }
    }
    BL_CHECK(false);
}

static void accept_waiting(eng_ring *ring)
{
    for (uint32_t place = 0; place < ENG_ACCEPT_COUNT; place++) {
        while (ring->accept_armed[place] && ring->waiting_connects > 0) {
            accept_one(ring, place);
        }
    }
}

void eng_ring_accept(eng_ring *ring, int listener, uint32_t place, struct sockaddr_storage *address,
                     socklen_t *address_size)
{
    (void)listener; // There is only one.
    if (address != NULL) {
        memset(address, 0, *address_size);
        address->ss_family = AF_INET;
    }
    if (!fails(ring, ENG_OP_ACCEPT, place, 0)) {
        ring->accept_armed[place] = true;
        ring->accept_once[place] = address != NULL;
        accept_waiting(ring);
    }
}

void eng_ring_accept_waiting(eng_ring *ring, int listener, uint32_t place,
                             struct sockaddr_storage *address, socklen_t *address_size)
{
    if (ring->waiting_connects == 0) {
        push_result(ring, ENG_OP_ACCEPT, place, 0, -EAGAIN);
    } else {
        eng_ring_accept(ring, listener, place, address, address_size);
    }
}

void eng_ring_accept_cancel(eng_ring *ring, uint32_t place)
{
    if (ring->accept_armed[place]) {
        ring->accept_armed[place] = false;
        push_result(ring, ENG_OP_ACCEPT, place, 0, -ECANCELED);
    }
}

// ---- sending and closing -----------------------------------------------------------------------

void eng_ring_send(eng_ring *ring, uint32_t file, uint32_t generation, const struct iovec *parts,
                   uint32_t part_count)
{
    world_client *client = client_of(ring, file);
    BL_CHECK(!client->is_closed);
    BL_CHECK(!client->is_shut);
    if (fails(ring, ENG_OP_SEND, file, generation)) {
        return;
    }
    if (client->is_reset) {
        push_result(ring, ENG_OP_SEND, file, generation, -EPIPE);
        return;
    }
    if (ring->hold_sends) {
        client->held_send_generation = generation;
        client->held_send_size = 1;
        return;
    }
    size_t left = ring->send_max == 0 ? SIZE_MAX : ring->send_max;
    size_t sent_size = 0;
    for (uint32_t i = 0; i < part_count && left > 0; i++) {
        size_t size = parts[i].iov_len < left ? parts[i].iov_len : left;
        bl_buffer_append(&client->output, parts[i].iov_base, size);
        left -= size;
        sent_size += size;
    }
    push_result(ring, ENG_OP_SEND, file, generation, (int)sent_size);
}

void eng_ring_cancel(eng_ring *ring, uint32_t file, uint32_t generation)
{
    world_client *client = client_of(ring, file);
    eng_ring_recv_cancel(ring, file, client->generation);
    if (client->held_send_size > 0) {
        client->held_send_size = 0;
        push_result(ring, ENG_OP_SEND, file, generation, -ECANCELED);
    }
}

void eng_ring_shutdown(eng_ring *ring, uint32_t file, uint32_t generation)
{
    world_client *client = client_of(ring, file);
    if (!fails(ring, ENG_OP_SHUTDOWN, file, generation)) {
        client->is_shut = true;
        push_result(ring, ENG_OP_SHUTDOWN, file, generation, 0);
    }
}

void eng_ring_close_file(eng_ring *ring, uint32_t file, uint32_t generation, bool is_receiving)
{
    world_client *client = client_of(ring, file);
    BL_CHECK(!client->is_closed);
    BL_CHECK(client->held_send_size == 0); // The kernel would still read the blocks.
    BL_CHECK(is_receiving || !client->is_receiving);
    eng_ring_recv_cancel(ring, file, client->generation);
    client->is_closed = true;
    push_result(ring, ENG_OP_CLOSE, file, generation, 0);
}

// ---- the rest of the door ----------------------------------------------------------------------

bl_status eng_ring_open(const eng_ring_config *config, eng_ring **out, bl_error *error)
{
    (void)error; // Cannot fail.
    eng_ring *ring = bl_alloc_zeroed(1, sizeof(*ring));
    ring->config = *config;
    ring->events = bl_alloc_zeroed(EVENT_COUNT_MAX, sizeof(eng_event));
    ring->buffers = bl_alloc_zeroed(config->buffer_count, config->buffer_size);
    ring->free_buffers = bl_alloc_zeroed(config->buffer_count, sizeof(uint16_t));
    for (uint32_t i = 0; i < config->buffer_count; i++) {
        ring->free_buffers[ring->free_count++] = (uint16_t)i;
    }
    ring->now_ns = 1000000000;
    THE_WORLD->ring = ring;
    *out = ring;
    return BL_OK;
}

void eng_ring_close(eng_ring *ring)
{
    BL_CHECK(ring->free_count == ring->config.buffer_count);
    for (uint32_t file = 0; file < WORLD_CLIENT_COUNT_MAX; file++) {
        bl_buffer_deinit(&ring->clients[file].to_server);
        bl_buffer_deinit(&ring->clients[file].output);
    }
    bl_unpoison(ring->buffers, (size_t)ring->config.buffer_count * ring->config.buffer_size);
    bl_free(ring->buffers);
    bl_free(ring->free_buffers);
    bl_free(ring->events);
    bl_free(ring);
}

bl_status eng_ring_wait(eng_ring *ring, int64_t timeout_ns, bl_error *error)
{
    (void)ring;       // All has happened already.
    (void)timeout_ns; // Nobody sleeps here.
    (void)error;
    return BL_OK;
}

int64_t eng_ring_now_ns(const eng_ring *ring)
{
    return ring->now_ns;
}

uint32_t eng_ring_take(eng_ring *ring, eng_event *events, uint32_t count)
{
    uint32_t taken_count = 0;
    while (taken_count < count && ring->event_count > 0) {
        events[taken_count++] = ring->events[ring->event_first];
        ring->event_first = (ring->event_first + 1) % EVENT_COUNT_MAX;
        ring->event_count -= 1;
    }
    return taken_count;
}

void eng_ring_watch(eng_ring *ring, int eventfd)
{
    (void)ring; // Nobody wakes this core.
    (void)eventfd;
}

char *eng_ring_buffer(eng_ring *ring, uint16_t buffer)
{
    return ring->buffers + (size_t)buffer * ring->config.buffer_size;
}

void eng_ring_buffer_return(eng_ring *ring, uint16_t buffer)
{
    char *data = eng_ring_buffer(ring, buffer);
    bl_unpoison(data, ring->config.buffer_size);
    memset(data, 0xdb, ring->config.buffer_size);
    bl_poison(data, ring->config.buffer_size);
    BL_CHECK(ring->free_count < ring->config.buffer_count);
    ring->free_buffers[ring->free_count++] = buffer;
}

// ---- the script --------------------------------------------------------------------------------

eng_world *world_create(const eng_config *config)
{
    eng_world *world = bl_alloc_zeroed(1, sizeof(*world));
    THE_WORLD = world;
    world->config = *config;
    world->core.config = &world->config;
    world->core.control = &world->control;
    atomic_init(&world->control.uncounted_core_count, 1);
    world->core.file_count = WORLD_CLIENT_COUNT_MAX;
    world->core.conn_count_max = config->limits.connection_count_max == 0
                                     ? WORLD_CLIENT_COUNT_MAX
                                     : config->limits.connection_count_max;
    world->core.listener = dup(0);
    bl_status status = eng_wake_open(&world->core.wake, NULL);
    BL_CHECK(status == BL_OK);
    status = eng_core_open(&world->core, NULL);
    BL_CHECK(status == BL_OK);
    world->core.user = config->user;
    world_run(world);
    return world;
}

void world_pass(eng_world *world)
{
    if (!world->has_ended) {
        bl_error error;
        world->has_ended = !eng_core_pass(&world->core, &world->status, &error);
    }
}

void world_run(eng_world *world)
{
    // Some passes more than events: what one pass puts off, the next does.
    uint32_t quiet_count = 0;
    while (quiet_count < 4 && !world->has_ended) {
        quiet_count = world->ring->event_count == 0 ? quiet_count + 1 : 0;
        world_pass(world);
    }
}

void world_set_state(eng_world *world, eng_run_state state)
{
    atomic_store(&world->control.run_state, state);
}

void world_destroy(eng_world *world)
{
    eng_ring *ring = world->ring;
    world_hold_sends(world, false);
    ring->send_max = 0;
    ring->fail_at = 0;
    world_set_state(world, ENG_STOP);
    world_run(world);
    BL_CHECK(world->core.conn_count == 0);
    BL_CHECK(world->core.live_exchange_count == 0);
    BL_CHECK(world->core.lent_count == 0);
    BL_CHECK(world->core.deferred_count == 0);
    eng_core_close(&world->core);
    eng_wake_close(&world->core.wake);
    if (world->core.listener >= 0) {
        close(world->core.listener);
    }
    bl_free(world);
}

uint32_t world_connect(eng_world *world)
{
    eng_ring *ring = world->ring;
    for (uint32_t file = 0; file < WORLD_CLIENT_COUNT_MAX; file++) {
        world_client *client = &ring->clients[file];
        if (client->is_used && !client->is_closed) {
            continue;
        }
        bl_buffer_deinit(&client->to_server);
        bl_buffer_deinit(&client->output);
        *client = (world_client){.is_used = true};
        ring->waiting_connects += 1;
        accept_waiting(ring);
        return file;
    }
    BL_CHECK(false); // More clients than the world has room for.
    return 0;
}

void world_feed(eng_world *world, uint32_t client, bl_slice data)
{
    bl_buffer_append_slice(&client_of(world->ring, client)->to_server, data);
    deliver(world->ring, client);
}

void world_end(eng_world *world, uint32_t client)
{
    client_of(world->ring, client)->has_ended = true;
    deliver(world->ring, client);
}

void world_reset(eng_world *world, uint32_t client)
{
    world_client *own = client_of(world->ring, client);
    own->is_reset = true;
    own->to_server.size = 0;
    if (own->held_send_size > 0) {
        own->held_send_size = 0;
        push_result(world->ring, ENG_OP_SEND, client, own->held_send_generation, -ECONNRESET);
    }
    deliver(world->ring, client);
}

void world_advance_ms(eng_world *world, int64_t ms)
{
    static const int64_t step_ms = 50;
    while (ms > 0) {
        int64_t now_ms = ms < step_ms ? ms : step_ms;
        world->ring->now_ns += now_ms * 1000000;
        ms -= now_ms;
        world_run(world);
    }
}

world_client *world_client_at(eng_world *world, uint32_t client)
{
    return client_of(world->ring, client);
}

bl_slice world_output(eng_world *world, uint32_t client)
{
    return bl_buffer_slice(&client_of(world->ring, client)->output);
}

void world_forget_output(eng_world *world, uint32_t client)
{
    client_of(world->ring, client)->output.size = 0;
}

void world_set_send_max(eng_world *world, size_t size)
{
    world->ring->send_max = size;
}

void world_hold_sends(eng_world *world, bool hold)
{
    eng_ring *ring = world->ring;
    ring->hold_sends = hold;
    for (uint32_t file = 0; file < WORLD_CLIENT_COUNT_MAX && !hold; file++) {
        world_client *client = &ring->clients[file];
        if (client->held_send_size > 0) {
            client->held_send_size = 0;
            // As if nothing had been taken yet: it is sent again.
            push_result(ring, ENG_OP_SEND, file, client->held_send_generation, -EAGAIN);
        }
    }
}

void world_fail_operation(eng_world *world, uint64_t nth, int system_error)
{
    world->ring->fail_at = nth == 0 ? 0 : world->ring->operation_count + nth;
    world->ring->fail_with = system_error;
}

uint64_t world_operation_count(const eng_world *world)
{
    return world->ring->operation_count;
}
