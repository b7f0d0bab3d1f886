// vm_bridge/run.h: one request in work beyond the callback in which it came.
//
//     ring thread: acquire -> [post] -> worker: task, reply -> [post] -> ring thread: send, release
//
// Most requests never need one: a handler that ends within its fuel is answered in the callback. A
// run exists for handlers on workers, and for those on a ring thread that wait or have acted when
// their fuel ran out. It comes from its core's pool; the ring thread owns it but between the two
// posts, when the worker does. Only `state` is looked at by both.
#ifndef VM_BRIDGE_RUN_H
#define VM_BRIDGE_RUN_H

#include "vm_bridge/app.h"
#include "vm_bridge/context.h"
#include "vm_bridge/files.h"
#include "vm_bridge/gzip.h"
#include "vm_bridge/queue.h"
#include "vm_bridge/reply.h"

typedef struct br_core br_core;     // serve.h
typedef struct br_worker br_worker; // worker.h

typedef struct br_run {
    br_context context;
    eng_inbox_link link; // In the worker's queue, then in the core's inbox.
    eng_request *request;
    br_core *home;
    br_route *route;
    const bl_slice *params; // In the request's arena.
    vm_task *task;          // NULL: not begun, or ended.
    br_file_path file;      // folder != NULL: a file is looked for, there is no route yet.
    bool is_missing;        // It was not found: the routes come next.
    br_reply reply;
    eng_timer timer;     // On a ring thread: when it goes on.
    struct br_run *next; // In a list of runs that can go on.
    int64_t due_ms;      // On a worker: when it goes on.
    br_worker *worker;   // NULL: on the ring thread.
    bool is_counted;     // In the worker's backlog.
    // So that the ring thread can interrupt the task while the worker may be ending it.
    atomic_flag lock;
    bool is_overdue; // Under the lock: over its time limit; answered already.
} br_run;

static inline void br_run_lock(br_run *run)
{
    // Held for a few instructions, and hardly ever by two.
    while (atomic_flag_test_and_set_explicit(&run->lock, memory_order_acquire)) {
    }
}

static inline void br_run_unlock(br_run *run)
{
    atomic_flag_clear_explicit(&run->lock, memory_order_release);
}

// Begins the task on this thread, with the request as its argument.
void br_run_begin(br_run *run, vm_thread *thread);
// Goes on for `fuel`. True when it has ended: the reply is made and the task is gone. False: see
// *outcome, VM_WAITING or VM_OUT_OF_FUEL. gzip: of this thread, or NULL.
bool br_run_step(br_run *run, uint64_t fuel, bl_slice id_header, br_gzip *gzip,
                 vm_outcome *outcome);
// Gives the task up; there is no reply.
void br_run_drop(br_run *run);
// The reply of a task that failed. request_id may be empty.
void br_render_failure(br_reply *reply, const vm_failure *failure);

#endif
