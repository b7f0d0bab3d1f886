// vm_bridge/worker.h: the threads that run handlers which may block.
//
// Each worker has a queue, a vm_thread and two sets of runs: those that can go on, in turn, a slice
// of fuel each; and those that wait, in a heap by the time at which they go on. A handler that
// sleeps holds no worker, and one that computes for long does not keep others from starting.
//
// Finished runs are collected and posted together, as a chain behind one message: each message may
// wake the ring thread, and where both share a CPU it would then run at once, for one answer.
#ifndef VM_BRIDGE_WORKER_H
#define VM_BRIDGE_WORKER_H

#include "vm_bridge/run.h"

typedef struct br_pool br_pool;

typedef struct br_pool_config {
    const vm_program *program;
    uint32_t worker_count;
    uint32_t core_count;
    uint32_t queue_depth;
    uint32_t waiting_max;
    size_t handler_memory;
    bl_slice id_header; // Kept.
    bool compression;
} br_pool_config;

// NULL when no thread can be made.
br_pool *br_pool_create(const br_pool_config *config);
// All runs must have ended.
void br_pool_destroy(br_pool *pool); // NULL is allowed.
// A ring thread: hands a run over. hint spreads the cores over the workers. False: all that were
// tried are full, the run is still the caller's. The worker may sleep on until br_pool_wake.
BL_MUST_USE
bool br_pool_post(br_pool *pool, br_run *run, uint32_t hint, uint32_t *worker_index);
void br_pool_wake(br_pool *pool, uint32_t worker_index);
uint32_t br_pool_size(const br_pool *pool);

#endif
