// engine/ring.h: the one door to the kernel: operations in, events out.
//
// Nothing above it knows how the kernel is reached: ring.c does it with io_uring, tests with a
// scripted world (tests/engine/world.c), and an epoll implementation can take its place. A
// connection is a file number of the ring's own table, from 0 up; receive buffers belong to the
// ring, are lent with a RECV event and given back by number.
//
// Every operation on a connection carries the connection's generation, which comes back with its
// event: an event for a connection that has gone meanwhile is recognised by it.
//
//     eng_ring_recv() …            queued, goes to the kernel with the next wait
//     eng_ring_wait()              submits, sleeps until something happens or the time is over
//     eng_ring_take()              events, in order
#ifndef ENGINE_RING_H
#define ENGINE_RING_H

#include "engine/engine.h"

#include <sys/socket.h>
#include <sys/uio.h>

typedef struct eng_ring eng_ring;

typedef enum eng_op {
#define OP(name, text) ENG_OP_##name,
#include "engine/ops.def"
#undef OP
    ENG_OP_COUNT,
} eng_op;

typedef struct eng_event {
    uint32_t file;       // ACCEPT: which of the parallel accepts.
    uint32_t generation; // As given with the operation.
    int32_t result;      // ACCEPT: the new file; RECV, SEND: bytes; or a negative errno.
    uint16_t buffer;     // RECV with result > 0: lent until eng_ring_buffer_return().
    uint8_t op;          // eng_op.
    bool more;           // The operation is still under way: more events follow.
    bool has_buffer;
} eng_event;

typedef struct eng_ring_config {
    uint32_t entry_count;
    uint32_t file_count;   // Size of the table of connections.
    uint32_t buffer_count; // A power of two.
    uint32_t buffer_size;
} eng_ring_config;

// Room for events, as a multiple of entry_count.
#define ENG_RING_EVENTS_PER_ENTRY 8
// Where locked memory is short a ring is made smaller, down to this.
#define ENG_RING_ENTRY_COUNT_FLOOR 256
// At most this many parts in one send.
#define ENG_SEND_PART_COUNT_MAX 8
// Accepts under way side by side when the peers' addresses are wanted.
#define ENG_ACCEPT_COUNT 8

// On the thread that will use it. Fails as eng_server_start() says.
BL_MUST_USE
bl_status eng_ring_open(const eng_ring_config *config, eng_ring **ring, bl_error *error);
void eng_ring_close(eng_ring *ring); // NULL is allowed.

// Submits what is queued; waits for an event for at most timeout_ns (0: not at all, negative:
// without end). Not BL_OK: the ring is broken.
BL_MUST_USE
bl_status eng_ring_wait(eng_ring *ring, int64_t timeout_ns, bl_error *error);
// Monotonic.
int64_t eng_ring_now_ns(const eng_ring *ring);
// Up to count events that have arrived. 0: none.
uint32_t eng_ring_take(eng_ring *ring, eng_event *events, uint32_t count);

// Accepts until told otherwise; every event without `more` ends it. With an address (kept until
// the event), one connection for each call, and up to ENG_ACCEPT_COUNT calls side by side.
void eng_ring_accept(eng_ring *ring, int listener, uint32_t place, struct sockaddr_storage *address,
                     socklen_t *address_size);
// One that has connected already; -EAGAIN if there is none, -EINVAL where that cannot be asked.
void eng_ring_accept_waiting(eng_ring *ring, int listener, uint32_t place,
                             struct sockaddr_storage *address, socklen_t *address_size);
void eng_ring_accept_cancel(eng_ring *ring, uint32_t place);

// Receives until told otherwise; ended by every event without `more`. -ENOBUFS: no buffer was
// free; nothing is lost.
void eng_ring_recv(eng_ring *ring, uint32_t file, uint32_t generation);
// The receive then ends with -ECANCELED, or with what came before that.
void eng_ring_recv_cancel(eng_ring *ring, uint32_t file, uint32_t generation);

// One at a time for each connection. The bytes are kept until the event; the array is not. May
// send less than all.
void eng_ring_send(eng_ring *ring, uint32_t file, uint32_t generation, const struct iovec *parts,
                   uint32_t part_count);
// All operations of the connection end soon.
void eng_ring_cancel(eng_ring *ring, uint32_t file, uint32_t generation);
void eng_ring_shutdown(eng_ring *ring, uint32_t file, uint32_t generation);
// Ends a receive under way and closes. The file number is free when the event comes.
void eng_ring_close_file(eng_ring *ring, uint32_t file, uint32_t generation, bool is_receiving);

// A WAKE event each time somebody has written to the eventfd.
void eng_ring_watch(eng_ring *ring, int eventfd);

char *eng_ring_buffer(eng_ring *ring, uint16_t buffer);
void eng_ring_buffer_return(eng_ring *ring, uint16_t buffer);

// ---- at start-up -----------------------------------------------------------------------------

// Locked memory (RLIMIT_MEMLOCK) that one ring is charged with, in bytes.
uint64_t eng_ring_memlock_need(const eng_ring_config *config);
// What keeps io_uring from working here, in words, with the remedy. For eng_ring_open() and probe.
bl_status eng_ring_explain(int system_error, const eng_ring_config *config, bl_error *error);
// Fills status, error and features of the report.
void eng_ring_probe(const eng_ring_config *config, eng_probe_report *report);

#endif
