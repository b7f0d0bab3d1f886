// vm_bridge/queue.c: see queue.h for the design.
#include "vm_bridge/queue.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

typedef enum br_queue_state { QUEUE_AWAKE, QUEUE_SLEEPING, QUEUE_NOTIFIED } br_queue_state;

void br_queue_init(br_queue *queue)
{
    eng_inbox_init(&queue->inbox);
    atomic_init(&queue->state, QUEUE_AWAKE);
    atomic_init(&queue->backlog, 0);
}

bool br_queue_reserve(br_queue *queue, uint32_t depth)
{
    if (atomic_fetch_add_explicit(&queue->backlog, 1, memory_order_relaxed) >= depth) {
        atomic_fetch_sub_explicit(&queue->backlog, 1, memory_order_relaxed);
        return false;
    }
    return true;
}

void br_queue_push(br_queue *queue, eng_inbox_link *job)
{
    (void)eng_inbox_post(&queue->inbox, job); // Whether it was empty: the state says more.
}

void br_queue_wake(br_queue *queue)
{
    // Pairs with the store of QUEUE_SLEEPING in br_queue_sleep.
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&queue->state, memory_order_relaxed) == QUEUE_SLEEPING &&
        atomic_exchange(&queue->state, QUEUE_NOTIFIED) == QUEUE_SLEEPING) {
        // Can only fail for a bad address, which this is not.
        (void)syscall(SYS_futex, &queue->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
}

eng_inbox_link *br_queue_take(br_queue *queue)
{
    return eng_inbox_take(&queue->inbox);
}

void br_queue_finish(br_queue *queue)
{
    atomic_fetch_sub_explicit(&queue->backlog, 1, memory_order_relaxed);
}

void br_queue_sleep(br_queue *queue, int64_t timeout_ns)
{
    atomic_store(&queue->state, QUEUE_SLEEPING);
    if (eng_inbox_is_empty(&queue->inbox)) {
        struct timespec timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};
        // EAGAIN (notified already), EINTR, ETIMEDOUT: all the same, the caller looks again.
        (void)syscall(SYS_futex, &queue->state, FUTEX_WAIT_PRIVATE, QUEUE_SLEEPING,
                      timeout_ns < 0 ? NULL : &timeout, NULL, 0);
    }
    atomic_store(&queue->state, QUEUE_AWAKE);
}
