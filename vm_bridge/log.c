// vm_bridge/log.c: see log.h for the design.
//
// Positions count up for ever; a position modulo the size is a place. A reservation is contiguous:
// one that would wrap skips to the start, and the skipped bytes are marked by the position `wrap`
// at which the valid bytes of that round end.
#include "vm_bridge/log.h"

#include <errno.h>
#include <linux/futex.h>
#include <linux/limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    BUFFER_SIZE = 1 << 18, // Of each producer: thousands of lines between two writes.
    CHUNK_SIZE = PIPE_BUF, // A pipe that polls writable takes this without blocking.
    PAUSE_NS = 5000000,    // Between two rounds of the writer: lines collect meanwhile.
    LAST_WORDS_MS = 1000,  // For a stuck stderr at the end.
};

struct br_log_buffer {
    _Alignas(BL_CACHE_LINE) uint64_t committed; // The producer's.
    uint64_t seen_read;                         // The producer's copy of read.
    uint64_t lost;
    bool is_dirty;
    br_log *log;
    _Alignas(BL_CACHE_LINE) _Atomic(uint64_t) published;
    _Atomic(uint64_t) wrap; // Where the last round ended early; UINT64_MAX: nowhere.
    _Alignas(BL_CACHE_LINE) _Atomic(uint64_t) read; // The writer's.
    char *bytes;
};

struct br_log {
    br_log_buffer *buffers;
    uint32_t buffer_count;
    int fd;
    pthread_t thread;
    _Atomic(uint32_t) is_idle; // The futex: 1 while the writer waits for lines.
    _Atomic(bool) is_ending;
};

// ---- producer --------------------------------------------------------------------------------

char *br_log_reserve(br_log_buffer *buffer, size_t size)
{
    uint64_t place = buffer->committed % BUFFER_SIZE;
    uint64_t skip = place + size > BUFFER_SIZE ? BUFFER_SIZE - place : 0;
    if (size > BUFFER_SIZE / 2) {
        buffer->lost += 1;
        return NULL;
    }
    if (buffer->committed + skip + size - buffer->seen_read > BUFFER_SIZE) {
        buffer->seen_read = atomic_load_explicit(&buffer->read, memory_order_acquire);
        if (buffer->committed + skip + size - buffer->seen_read > BUFFER_SIZE) {
            buffer->lost += 1;
            return NULL;
        }
    }
    if (skip > 0) {
        // The round before this one has been read by now: at most one wrap is ever pending.
        atomic_store_explicit(&buffer->wrap, buffer->committed, memory_order_relaxed);
        buffer->committed += skip;
    }
    return buffer->bytes + buffer->committed % BUFFER_SIZE;
}

void br_log_commit(br_log_buffer *buffer, size_t size)
{
    buffer->committed += size;
    buffer->is_dirty = true;
}

void br_log_line(br_log_buffer *buffer, bl_slice line)
{
    char *room = br_log_reserve(buffer, line.size);
    if (room != NULL && line.size > 0) {
        memcpy(room, line.data, line.size);
        br_log_commit(buffer, line.size);
    }
}

void br_log_publish(br_log_buffer *buffer)
{
    if (!buffer->is_dirty) {
        return;
    }
    buffer->is_dirty = false;
    atomic_store_explicit(&buffer->published, buffer->committed, memory_order_release);
    // Pairs with the store of is_idle in wait_for_lines.
    atomic_thread_fence(memory_order_seq_cst);
    br_log *log = buffer->log;
    if (atomic_load_explicit(&log->is_idle, memory_order_relaxed) == 1 &&
        atomic_exchange(&log->is_idle, 0) == 1) {
        // Can only fail for a bad address, which this is not.
        (void)syscall(SYS_futex, &log->is_idle, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
}

uint64_t br_log_lost(const br_log *log)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < log->buffer_count; i++) {
        sum += log->buffers[i].lost;
    }
    return sum;
}

// ---- writer ----------------------------------------------------------------------------------

// The longest piece of at most CHUNK_SIZE bytes that ends with a line.
static size_t chunk_of(const char *bytes, size_t size)
{
    if (size <= CHUNK_SIZE) {
        return size;
    }
    const char *end = memrchr(bytes, '\n', CHUNK_SIZE);
    return end == NULL ? CHUNK_SIZE : (size_t)(end - bytes) + 1;
}

// False if stderr takes nothing: the bytes are lost.
static bool write_bytes(br_log *log, const char *bytes, size_t size)
{
    while (size > 0) {
        struct pollfd poll_fd = {.fd = log->fd, .events = POLLOUT};
        int ready = poll(&poll_fd, 1, LAST_WORDS_MS);
        if (ready <= 0 || (poll_fd.revents & POLLOUT) == 0) {
            return false;
        }
        size_t chunk = chunk_of(bytes, size);
        ssize_t written = write(log->fd, bytes, chunk);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return false; // Closed, or its disk is full.
        }
        bytes += written;
        size -= (size_t)written;
    }
    return true;
}

// True if there was something.
static bool write_buffer(br_log_buffer *buffer)
{
    uint64_t end = atomic_load_explicit(&buffer->published, memory_order_acquire);
    uint64_t at = atomic_load_explicit(&buffer->read, memory_order_relaxed);
    bool found = at != end;
    while (at != end) {
        uint64_t wrap = atomic_load_explicit(&buffer->wrap, memory_order_relaxed);
        uint64_t round_end = at - at % BUFFER_SIZE + BUFFER_SIZE;
        if (wrap == at) {
            at = round_end;
            continue;
        }
        uint64_t stop = wrap > at && wrap < round_end ? wrap : round_end;
        stop = stop < end ? stop : end;
        // Lost if nobody takes it: the producers must not wait for a reader.
        (void)write_bytes(buffer->log, buffer->bytes + at % BUFFER_SIZE, (size_t)(stop - at));
        at = stop;
    }
    atomic_store_explicit(&buffer->read, at, memory_order_release);
    return found;
}

static bool write_all(br_log *log)
{
    bool found = false;
    for (uint32_t i = 0; i < log->buffer_count; i++) {
        found = write_buffer(&log->buffers[i]) || found;
    }
    return found;
}

static void wait_for_lines(br_log *log)
{
    atomic_store(&log->is_idle, 1);
    bool found = write_all(log);
    if (!found && !atomic_load(&log->is_ending)) {
        // Woken, interrupted or told already: all the same.
        (void)syscall(SYS_futex, &log->is_idle, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0);
    }
    atomic_store(&log->is_idle, 0);
}

static void *run_writer(void *argument)
{
    br_log *log = argument;
    while (!atomic_load(&log->is_ending)) {
        if (write_all(log)) {
            struct timespec pause = {0, PAUSE_NS};
            (void)nanosleep(&pause, NULL); // Interrupted: a shorter pause.
        } else {
            wait_for_lines(log);
        }
    }
    (void)write_all(log);
    return NULL;
}

static void free_log(br_log *log)
{
    for (uint32_t i = 0; i < log->buffer_count; i++) {
        bl_free(log->buffers[i].bytes);
    }
    bl_free(log->buffers);
    bl_free(log);
}

br_log *br_log_create(uint32_t buffer_count, int fd)
{
    br_log *log = bl_alloc_zeroed(1, sizeof(*log));
    log->fd = fd;
    log->buffer_count = buffer_count;
    log->buffers = bl_alloc_aligned(BL_CACHE_LINE, buffer_count * sizeof(br_log_buffer));
    memset(log->buffers, 0, buffer_count * sizeof(br_log_buffer));
    for (uint32_t i = 0; i < buffer_count; i++) {
        br_log_buffer *buffer = &log->buffers[i];
        buffer->log = log;
        buffer->bytes = bl_alloc(BUFFER_SIZE);
        atomic_init(&buffer->wrap, UINT64_MAX);
    }
    // Signals are the main thread's.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    bool is_made = pthread_create(&log->thread, NULL, run_writer, log) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!is_made) {
        free_log(log);
        return NULL;
    }
    return log;
}

void br_log_destroy(br_log *log)
{
    if (log == NULL) {
        return;
    }
    atomic_store(&log->is_ending, true);
    atomic_store(&log->is_idle, 0);
    (void)syscall(SYS_futex, &log->is_idle, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    pthread_join(log->thread, NULL);
    free_log(log);
}

br_log_buffer *br_log_buffer_of(br_log *log, uint32_t index)
{
    BL_CHECK(index < log->buffer_count);
    return &log->buffers[index];
}
