// vm_bridge/queue.h: jobs on their way to one worker: many ring threads post, the worker takes.
//
// An eng_inbox (intrusive, no lock, no allocation) with a consumer that may sleep. The worker says
// that it sleeps, looks once more, and only then waits on the futex; a poster links its job first
// and looks at the state afterwards. Both sides are sequentially consistent, so one of them sees
// the other; the poster pays a system call only if the worker does sleep, and only once for all
// jobs of a pass of its loop.
//
// The count of jobs is the worker's backlog: posted and not yet finished. It bounds the queue and
// tells which of two workers is behind.
#ifndef VM_BRIDGE_QUEUE_H
#define VM_BRIDGE_QUEUE_H

#include "alloc/alloc.h"
#include "engine/engine.h"

typedef struct br_queue {
    _Alignas(BL_CACHE_LINE) eng_inbox inbox;
    _Alignas(BL_CACHE_LINE) _Atomic(uint32_t) state; // br_queue_state; the futex.
    _Alignas(BL_CACHE_LINE) _Atomic(uint32_t) backlog;
} br_queue;

void br_queue_init(br_queue *queue);

// Any thread. Makes room in the backlog for one job; false when it is at depth.
BL_MUST_USE
bool br_queue_reserve(br_queue *queue, uint32_t depth);
// Any thread, after a reservation. The worker may sleep on: br_queue_wake is owed, soon, and once
// for any number of jobs.
void br_queue_push(br_queue *queue, eng_inbox_link *job);
void br_queue_wake(br_queue *queue);
static inline uint32_t br_queue_backlog(br_queue *queue)
{
    return atomic_load_explicit(&queue->backlog, memory_order_relaxed);
}

// The worker: all jobs, oldest first, to be walked with eng_inbox_next().
eng_inbox_link *br_queue_take(br_queue *queue);
// The worker: one job is done.
void br_queue_finish(br_queue *queue);
// The worker: sleeps until a job comes, br_queue_wake, or timeout_ns have passed (negative: no
// limit). May return for no reason.
void br_queue_sleep(br_queue *queue, int64_t timeout_ns);

#endif
