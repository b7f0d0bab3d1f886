// engine/wake.c: see wake.h.
#include "engine/wake.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    AWAKE,
    SLEEPING,
    NOTIFIED,
};

bl_status eng_wake_open(eng_wake *wake, bl_error *error)
{
    eng_inbox_init(&wake->inbox);
    atomic_init(&wake->state, AWAKE);
    wake->eventfd = eventfd(0, EFD_CLOEXEC);
    if (wake->eventfd < 0) {
        return bl_fail(error, BL_LIMIT, errno, "cannot make an eventfd: %s", strerror(errno));
    }
    return BL_OK;
}

void eng_wake_close(eng_wake *wake)
{
    if (wake->eventfd >= 0) {
        close(wake->eventfd);
        wake->eventfd = -1;
    }
}

void eng_wake_force(eng_wake *wake)
{
    static const uint64_t one = 1;
    ssize_t size = 0;
    do {
        size = write(wake->eventfd, &one, sizeof(one));
    } while (size < 0 && errno == EINTR);
    // Nothing else can fail but a counter at its maximum, and then the sleeper wakes as well.
}

void eng_wake_post(eng_wake *wake, eng_inbox_link *message)
{
    if (!eng_inbox_post(&wake->inbox, message)) {
        return; // Whoever found it empty wakes the sleeper.
    }
    atomic_thread_fence(memory_order_seq_cst);
    // The plain load keeps the line shared while the sleeper is awake.
    if (atomic_load_explicit(&wake->state, memory_order_relaxed) == SLEEPING &&
        atomic_exchange(&wake->state, NOTIFIED) == SLEEPING) {
        eng_wake_force(wake);
    }
}

bool eng_wake_may_sleep(eng_wake *wake)
{
    atomic_store(&wake->state, SLEEPING);
    if (eng_inbox_is_empty(&wake->inbox)) {
        return true;
    }
    atomic_store_explicit(&wake->state, AWAKE, memory_order_relaxed);
    return false;
}

void eng_wake_up(eng_wake *wake)
{
    atomic_store_explicit(&wake->state, AWAKE, memory_order_relaxed);
}
