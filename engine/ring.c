// engine/ring.c: the door to the kernel over io_uring.
//
// One ring for each thread: SINGLE_ISSUER with DEFER_TASKRUN, so that completions are worked off
// only when the owner enters, all in one go. Connections are direct descriptors. A multishot
// accept and a multishot receive stay armed; receive buffers come from one registered ring.
//
// Buffers. The kernel takes them first in, first out: with all of them published, every request
// would land in memory that has been out of the caches for long. So only a few are published; the
// others wait on a stack, the latest returned on top. When the kernel runs out (-ENOBUFS) the
// number published doubles.
//
// Rejected after measuring: bundles, incremental buffers, sends without an event, send_zc for
// small answers: each costs more than it gives on requests of ordinary size.
#include "engine/ring.h"

#include <assert.h>
#include <errno.h>
#include <liburing.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define BUFFER_GROUP 0
#define PUBLISHED_COUNT_MIN 64
// Neighbouring buffers would else start in the same set of a cache.
#define BUFFER_GAP 192

typedef struct message {
    struct msghdr header;
    struct iovec parts[ENG_SEND_PART_COUNT_MAX];
} message;

struct eng_ring {
    struct io_uring uring;
    struct io_uring_buf_ring *buffer_ring;
    char *buffers; // Mapped; buffer_count times stride.
    size_t buffers_size;
    size_t stride;
    uint16_t *stack; // Free buffers that are not published; the top is hot.
    uint32_t stack_count;
    uint32_t published_count; // In the kernel's hands.
    uint32_t published_target;
    eng_ring_config config;
    message *messages; // One for each submission entry: they must live until submitted.
    uint64_t wake_value;
    int eventfd;
};

// ---- user data ---------------------------------------------------------------------------------

static uint64_t pack(eng_op op, uint32_t file, uint32_t generation)
{
    assert(file < 1u << 24);
    return (uint64_t)generation << 32 | (uint64_t)file << 8 | (uint64_t)op;
}

static void unpack(uint64_t word, eng_event *event)
{
    event->op = (uint8_t)word;
    event->file = (uint32_t)(word >> 8) & 0xffffff;
    event->generation = (uint32_t)(word >> 32);
    BL_CHECK(event->op < ENG_OP_COUNT);
}

// ---- buffers -----------------------------------------------------------------------------------

char *eng_ring_buffer(eng_ring *ring, uint16_t buffer)
{
    return ring->buffers + (size_t)buffer * ring->stride;
}

void eng_ring_buffer_return(eng_ring *ring, uint16_t buffer)
{
    assert(ring->stack_count < ring->config.buffer_count);
    bl_poison(eng_ring_buffer(ring, buffer), ring->config.buffer_size);
    ring->stack[ring->stack_count++] = buffer;
}

static void publish_buffers(eng_ring *ring)
{
    uint32_t count = 0;
    int mask = (int)ring->config.buffer_count - 1;
    while (ring->published_count < ring->published_target && ring->stack_count > 0) {
        uint16_t buffer = ring->stack[--ring->stack_count];
        bl_unpoison(eng_ring_buffer(ring, buffer), ring->config.buffer_size);
        io_uring_buf_ring_add(ring->buffer_ring, eng_ring_buffer(ring, buffer),
                              ring->config.buffer_size, buffer, mask, (int)count);
        ring->published_count += 1;
        count += 1;
    }
    if (count > 0) {
        io_uring_buf_ring_advance(ring->buffer_ring, (int)count);
    }
}

static bl_status open_buffers(eng_ring *ring, bl_error *error)
{
    uint32_t count = ring->config.buffer_count;
    ring->stride = ring->config.buffer_size + BUFFER_GAP;
    ring->buffers_size = ring->stride * count;
    int result = 0;
    ring->buffer_ring = io_uring_setup_buf_ring(&ring->uring, count, BUFFER_GROUP, 0, &result);
    if (ring->buffer_ring == NULL) {
        return eng_ring_explain(-result, &ring->config, error);
    }
    void *memory = mmap(NULL, ring->buffers_size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        return bl_fail(error, BL_NO_MEMORY, errno, "no memory for %u receive buffers", count);
    }
    ring->buffers = memory;
    ring->stack = bl_alloc_zeroed(count, sizeof(*ring->stack));
    for (uint32_t i = count; i > 0; i--) {
        ring->stack[ring->stack_count++] = (uint16_t)(i - 1);
    }
    ring->published_target = count < PUBLISHED_COUNT_MIN ? count : PUBLISHED_COUNT_MIN;
    publish_buffers(ring);
    return BL_OK;
}

// ---- open and close ----------------------------------------------------------------------------

static int init_uring(eng_ring *ring, uint32_t entry_count, unsigned flags)
{
    struct io_uring_params params = {
        .flags = flags | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP,
        .cq_entries = entry_count * ENG_RING_EVENTS_PER_ENTRY,
    };
    return io_uring_queue_init_params(entry_count, &ring->uring, &params);
}

static int init_best_uring(eng_ring *ring, uint32_t entry_count)
{
    int result = init_uring(ring, entry_count,
                            IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                                IORING_SETUP_COOP_TASKRUN);
    // Before 6.1.
    return result == -EINVAL ? init_uring(ring, entry_count, IORING_SETUP_COOP_TASKRUN) : result;
}

static bl_status open_files(eng_ring *ring, bl_error *error)
{
    int result = io_uring_register_files_sparse(&ring->uring, ring->config.file_count);
    if (result < 0) {
        return bl_fail(error, result == -EMFILE ? BL_LIMIT : BL_SYSTEM, -result,
                       "cannot register a table of %u connections: %s (see ulimit -n)",
                       ring->config.file_count, strerror(-result));
    }
    return BL_OK;
}

static bl_status try_open(const eng_ring_config *config, uint32_t entry_count, eng_ring **out,
                          bl_error *error)
{
    eng_ring *ring = bl_alloc_zeroed(1, sizeof(*ring));
    ring->config = *config;
    ring->eventfd = -1;
    int result = init_best_uring(ring, entry_count);
    if (result < 0) {
        bl_free(ring);
        return eng_ring_explain(-result, config, error);
    }
    // Saves a look-up for each entry into the kernel; without it all works as well.
    (void)io_uring_register_ring_fd(&ring->uring);
    ring->messages = bl_alloc_zeroed(ring->uring.sq.ring_entries, sizeof(*ring->messages));
    bl_status status = open_files(ring, error);
    if (status == BL_OK) {
        status = open_buffers(ring, error);
    }
    if (status != BL_OK) {
        eng_ring_close(ring);
        return status;
    }
    *out = ring;
    return BL_OK;
}

// The charge for locked memory of a process that has just ended is given back a little later:
// try again for a while, then with a smaller ring.
#define MEMORY_RETRY_COUNT 25
#define MEMORY_RETRY_US 100000

bl_status eng_ring_open(const eng_ring_config *config, eng_ring **ring, bl_error *error)
{
    uint32_t entry_count = config->entry_count;
    uint32_t retry_count = 0;
    for (;;) {
        bl_status status = try_open(config, entry_count, ring, error);
        if (status != BL_NO_MEMORY) {
            return status;
        }
        if (retry_count < MEMORY_RETRY_COUNT) {
            retry_count += 1;
            usleep(MEMORY_RETRY_US);
        } else if (entry_count / 2 >= ENG_RING_ENTRY_COUNT_FLOOR) {
            entry_count /= 2;
        } else {
            return status;
        }
    }
}

void eng_ring_close(eng_ring *ring)
{
    if (ring == NULL) {
        return;
    }
    // Ends all operations before it returns, so the buffers are ours again.
    io_uring_queue_exit(&ring->uring);
    if (ring->buffers != NULL) {
        bl_unpoison(ring->buffers, ring->buffers_size);
        munmap(ring->buffers, ring->buffers_size);
    }
    bl_free(ring->stack);
    bl_free(ring->messages);
    bl_free(ring);
}

// ---- submission --------------------------------------------------------------------------------

// Room for count entries in one submission: linked ones must not be torn apart.
static void make_room(eng_ring *ring, uint32_t count)
{
    while (io_uring_sq_space_left(&ring->uring) < count) {
        int result = io_uring_submit(&ring->uring);
        // -EBUSY, -EAGAIN: the completion queue is full or memory is short: let it be worked off.
        if (result < 0 && result != -EINTR) {
            result = io_uring_get_events(&ring->uring);
            BL_CHECK(result != -EEXIST); // Another thread's ring.
        }
    }
}

static struct io_uring_sqe *get_entry(eng_ring *ring, eng_op op, uint32_t file, uint32_t generation)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->uring);
    if (BL_UNLIKELY(sqe == NULL)) {
        make_room(ring, 1);
        sqe = io_uring_get_sqe(&ring->uring);
        BL_CHECK(sqe != NULL);
    }
    io_uring_sqe_set_data64(sqe, pack(op, file, generation));
    return sqe;
}

// The prep functions clear user_data in some versions and not in others: set it last.
static void finish_entry(struct io_uring_sqe *sqe, eng_op op, uint32_t file, uint32_t generation,
                         unsigned flags)
{
    sqe->flags |= (uint8_t)flags;
    io_uring_sqe_set_data64(sqe, pack(op, file, generation));
}

void eng_ring_accept(eng_ring *ring, int listener, uint32_t place, struct sockaddr_storage *address,
                     socklen_t *address_size)
{
    struct io_uring_sqe *sqe = get_entry(ring, ENG_OP_ACCEPT, place, 0);
    if (address == NULL) {
        io_uring_prep_multishot_accept_direct(sqe, listener, NULL, NULL, 0);
    } else {
        io_uring_prep_accept_direct(sqe, listener, (struct sockaddr *)address, address_size, 0,
                                    IORING_FILE_INDEX_ALLOC);
    }
    finish_entry(sqe, ENG_OP_ACCEPT, place, 0, 0);
}

void eng_ring_accept_waiting(eng_ring *ring, int listener, uint32_t place,
                             struct sockaddr_storage *address, socklen_t *address_size)
{
    struct io_uring_sqe *sqe = get_entry(ring, ENG_OP_ACCEPT, place, 0);
    io_uring_prep_accept_direct(sqe, listener, (struct sockaddr *)address, address_size, 0,
                                IORING_FILE_INDEX_ALLOC);
    sqe->ioprio |= IORING_ACCEPT_DONTWAIT; // 6.10
    finish_entry(sqe, ENG_OP_ACCEPT, place, 0, 0);
}

void eng_ring_accept_cancel(eng_ring *ring, uint32_t place)
{
    struct io_uring_sqe *sqe = get_entry(ring, ENG_OP_CANCEL, place, 0);
    io_uring_prep_cancel64(sqe, pack(ENG_OP_ACCEPT, place, 0), 0);
    finish_entry(sqe, ENG_OP_CANCEL, place, 0, 0);
}

void eng_ring_recv(eng_ring *ring, uint32_t file, uint32_t generation)
{
    struct io_uring_sqe *sqe = get_entry(ring, ENG_OP_RECV, file, generation);
    io_uring_prep_recv_multishot(sqe, (int)file, NULL, 0, 0);
    sqe->buf_group = BUFFER_GROUP;
    finish_entry(sqe, ENG_OP_RECV, file, generation, IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT);
}

void eng_ring_recv_cancel(eng_ring *ring, uint32_t file, uint32_t generation)
{
    struct io_uring_sqe *sqe = get_entry(ring, ENG_OP_CANCEL, file, generation);
    io_uring_prep_cancel64(sqe, pack(ENG_OP_RECV, file, generation), 0);
    finish_entry(sqe, ENG_OP_CANCEL, file, generation, 0);
}

static void prep_sendmsg(eng_ring *ring, struct io_uring_sqe *sqe, uint32_t file,
                         const struct iovec *parts, uint32_t part_count)
{
    message *own = &ring->messages[sqe - ring->uring.sq.sqes];
    memcpy(own->parts, parts, part_count * sizeof(*parts));
    own->header = (struct msghdr){.msg_iov = own->parts, .msg_iovlen = part_count};
    io_uring_prep_sendmsg(sqe, (int)file, &own->header, MSG_NOSIGNAL);
}

void eng_ring_send(eng_ring *ring, uint32_t file, uint32_t generation, const struct iovec *parts,
                   uint32_t part_count)
{
    BL_CHECK(part_count > 0 && part_count <= ENG_SEND_PART_COUNT_MAX);
    struct io_uring_sqe *sqe = get_entry(ring, ENG_OP_SEND, file, generation);
    if (part_count == 1) {
        io_uring_prep_send(sqe, (int)file, parts[0].iov_base, parts[0].iov_len, MSG_NOSIGNAL);
    } else {
        prep_sendmsg(ring, sqe, file, parts, part_count);
    }
    finish_entry(sqe, ENG_OP_SEND, file, generation, IOSQE_FIXED_FILE);
}

void eng_ring_cancel(eng_ring *ring, uint32_t file, uint32_t generation)
{
    struct io_uring_sqe *sqe = get_entry(ring, ENG_OP_CANCEL, file, generation);
    io_uring_prep_cancel_fd(sqe, (int)file, IORING_ASYNC_CANCEL_ALL | IORING_ASYNC_CANCEL_FD_FIXED);
    finish_entry(sqe, ENG_OP_CANCEL, file, generation, 0);
}

void eng_ring_shutdown(eng_ring *ring, uint32_t file, uint32_t generation)
{
    struct io_uring_sqe *sqe = get_entry(ring, ENG_OP_SHUTDOWN, file, generation);
    io_uring_prep_shutdown(sqe, (int)file, SHUT_WR);
    finish_entry(sqe, ENG_OP_SHUTDOWN, file, generation, IOSQE_FIXED_FILE);
}

void eng_ring_close_file(eng_ring *ring, uint32_t file, uint32_t generation, bool is_receiving)
{
    // Closing alone does not end a receive: it holds the file, and the peer would see no end.
    if (is_receiving) {
        make_room(ring, 2);
        struct io_uring_sqe *sqe = get_entry(ring, ENG_OP_CANCEL, file, generation);
        io_uring_prep_cancel_fd(sqe, (int)file,
                                IORING_ASYNC_CANCEL_ALL | IORING_ASYNC_CANCEL_FD_FIXED);
        finish_entry(sqe, ENG_OP_CANCEL, file, generation, IOSQE_IO_HARDLINK);
    }
    struct io_uring_sqe *sqe = get_entry(ring, ENG_OP_CLOSE, file, generation);
    io_uring_prep_close_direct(sqe, file);
    finish_entry(sqe, ENG_OP_CLOSE, file, generation, 0);
}

void eng_ring_watch(eng_ring *ring, int eventfd)
{
    ring->eventfd = eventfd;
    struct io_uring_sqe *sqe = get_entry(ring, ENG_OP_WAKE, 0, 0);
    io_uring_prep_read(sqe, eventfd, &ring->wake_value, sizeof(ring->wake_value), 0);
    finish_entry(sqe, ENG_OP_WAKE, 0, 0, 0);
}

// ---- completion --------------------------------------------------------------------------------

static int enter(eng_ring *ring, int64_t timeout_ns)
{
    if (timeout_ns == 0) {
        return io_uring_submit_and_get_events(&ring->uring);
    }
    struct io_uring_cqe *cqe = NULL;
    if (timeout_ns < 0) {
        return io_uring_submit_and_wait(&ring->uring, 1);
    }
    struct __kernel_timespec timeout = {.tv_sec = timeout_ns / 1000000000,
                                        .tv_nsec = timeout_ns % 1000000000};
    return io_uring_submit_and_wait_timeout(&ring->uring, &cqe, 1, &timeout, NULL);
}

bl_status eng_ring_wait(eng_ring *ring, int64_t timeout_ns, bl_error *error)
{
    publish_buffers(ring);
    int result = enter(ring, timeout_ns);
    switch (-result) {
    case ETIME:
    case EINTR:
    case EAGAIN: // Kernel memory is short: what is there is worked off, then it is tried again.
    case EBUSY:  // Completions have overflowed: they must be taken first.
        return BL_OK;
    default:
        return result >= 0
                   ? BL_OK
                   : bl_fail(error, BL_SYSTEM, -result, "the ring failed: %s", strerror(-result));
    }
}

int64_t eng_ring_now_ns(const eng_ring *ring)
{
    (void)ring; // The machine's own clock; a scripted world has another.
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void take_one(eng_ring *ring, const struct io_uring_cqe *cqe, eng_event *event)
{
    unpack(io_uring_cqe_get_data64(cqe), event);
    event->result = cqe->res;
    event->more = (cqe->flags & IORING_CQE_F_MORE) != 0;
    event->has_buffer = (cqe->flags & IORING_CQE_F_BUFFER) != 0;
    event->buffer = 0;
    if (event->has_buffer) {
        event->buffer = (uint16_t)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);
        assert(ring->published_count > 0);
        ring->published_count -= 1;
    } else if (event->result == -ENOBUFS && event->op == ENG_OP_RECV) {
        uint32_t target = ring->published_target * 2;
        ring->published_target =
            target < ring->config.buffer_count ? target : ring->config.buffer_count;
    }
}

uint32_t eng_ring_take(eng_ring *ring, eng_event *events, uint32_t count)
{
    uint32_t taken_count = 0;
    unsigned head = 0;
    struct io_uring_cqe *cqe = NULL;
    bool rewatch = false;
    io_uring_for_each_cqe(&ring->uring, head, cqe)
    {
        if (taken_count == count) {
            break;
        }
        take_one(ring, cqe, &events[taken_count]);
        rewatch = rewatch || events[taken_count].op == ENG_OP_WAKE;
        taken_count += 1;
    }
    io_uring_cq_advance(&ring->uring, taken_count);
    if (rewatch) {
        eng_ring_watch(ring, ring->eventfd);
    }
    return taken_count;
}
