// vm/task.c: threads and tasks: creation, running, results, limits. The scheduler is in fiber.c.
//
// A thread keeps a few idle tasks with their heaps, so that a request costs no allocation: heap
// blocks, stack segments and buffers are all where the last request left them.
#include "vm/vm.h"

#include <assert.h>
#include <time.h>

#include "vm/limits.h"
#include "vm/task.h"

vm_thread *vm_thread_create(const vm_program *program, const vm_config *config)
{
    vm_thread *thread = bl_alloc_zeroed(1, sizeof *thread);
    thread->program = program;
    thread->config = *config;
    thread->blocks = vm_block_pool_create();
    size_t cache_count = program != NULL ? program->cache_count : 0;
    thread->caches = bl_alloc_zeroed(cache_count + 1, sizeof *thread->caches);
    return thread;
}

static void task_destroy(vm_task *task)
{
    vm_heap_destroy(task->heap);
    bl_buffer_deinit(&task->failure_message);
    bl_buffer_deinit(&task->failure_stack);
    bl_buffer_deinit(&task->scratch);
    bl_free(task->overlay);
    bl_free(task->timers);
    bl_free(task);
}

void vm_thread_destroy(vm_thread *thread)
{
    for (uint32_t i = 0; i < thread->idle_task_count; i += 1) {
        task_destroy(thread->idle_tasks[i]);
    }
    for (uint32_t i = 0; i < thread->kept_heap_count; i += 1) {
        vm_heap_destroy(thread->kept_heaps[i]);
    }
    bl_free(thread->kept_heaps);
    while (thread->idle_segments != NULL) {
        vm_segment *segment = thread->idle_segments;
        thread->idle_segments = segment->parent;
        bl_free(segment->chunk);
        bl_free(segment);
    }
    vm_block_pool_destroy(thread->blocks);
    bl_free(thread->caches);
    bl_free(thread);
}

static vm_task *task_make(vm_thread *thread)
{
    vm_task *task = bl_alloc_zeroed(1, sizeof *task);
    task->thread = thread;
    task->heap = vm_heap_create(thread->blocks, thread->config.heap_limit);
    task->caches = thread->caches;
    return task;
}

vm_task *vm_task_begin(vm_thread *thread)
{
    vm_task *task;
    if (thread->idle_task_count > 0) {
        thread->idle_task_count -= 1;
        task = thread->idle_tasks[thread->idle_task_count];
    } else {
        task = task_make(thread);
    }
    size_t limit = thread->config.stack_limit;
    size_t most = (size_t)VM_LIMIT_STACK << 20;
    task->stack_limit = limit != 0 && limit < most ? limit : most;
    task->heap->alarm = &task->fuel;
    task->fuel = -1;
    task->result = vm_unit();
    task->call_callee = vm_unit();
    task->user = thread->config.user;
    return task;
}

void vm_task_on_end(vm_task *task, void (*release)(vm_task *task))
{
    task->on_end = release;
}

static void task_release(vm_task *task)
{
    void (*release)(vm_task *) = task->on_end;
    task->on_end = NULL;
    if (release != NULL) {
        release(task);
    }
}

void vm_task_start(vm_task *task, vm_value callee, const vm_value *args, size_t count)
{
    assert(task->main_fiber == NULL);
    if (!vm_fiber_start_main(task, callee, args, (uint32_t)count)) {
        vm_failure_locate(task);
        task->has_failed = true;
    }
}

vm_outcome vm_task_run(vm_task *task, uint64_t fuel)
{
    BL_CHECK(task->main_fiber != NULL || task->has_failed);
    if (task->has_failed) {
        return VM_FAILED;
    }
    task->fuel_is_limited = fuel != 0;
    task->fuel_left = fuel;
    task->fuel = -1;
    vm_outcome outcome = vm_fibers_run(task);
    if (outcome == VM_DONE || outcome == VM_FAILED) {
        task_release(task);
    }
    return outcome;
}

void vm_task_interrupt(vm_task *task, const char *reason)
{
    atomic_store_explicit(&task->interrupt, reason, memory_order_release);
}

// Everything of a run but its heap.
static void task_clear(vm_task *task)
{
    task_release(task);
    vm_fibers_clear(task);
    assert(task->stack_used == 0);
    task->segment = NULL;
    task->handlers = NULL;
    task->fiber = NULL;
    task->main_fiber = NULL;
    task->ready = (vm_fiber_list){0};
    task->cancelled = (vm_fiber_list){0};
    task->token_count = 0;
    task->is_done = false;
    task->has_failed = false;
    task->has_acted = false;
    task->overlay_count = 0;
    atomic_store_explicit(&task->interrupt, NULL, memory_order_relaxed);
}

static void leak_check(vm_task *task)
{
    if (!task->thread->config.leak_check || !task->is_done) {
        return;
    }
    vm_overlay_clear(task);
    vm_drop(task->heap, task->result);
    size_t alive = vm_heap_alive(task->heap);
    if (alive > 0) {
        fprintf(stderr, "leak: %zu objects are alive at the end of the task\n", alive);
    }
    task->thread->leak_count += alive;
}

void vm_task_end(vm_task *task)
{
    vm_thread *thread = task->thread;
    leak_check(task);
    task_clear(task);
    vm_heap_reset(task->heap);
    if (thread->idle_task_count == BL_ARRAY_COUNT(thread->idle_tasks)) {
        task_destroy(task);
        return;
    }
    thread->idle_tasks[thread->idle_task_count] = task;
    thread->idle_task_count += 1;
}

void vm_task_keep(vm_task *task, vm_value value)
{
    vm_thread *thread = task->thread;
    vm_freeze(task->heap, value);
    size_t size = (thread->kept_heap_count + 1) * sizeof *thread->kept_heaps;
    thread->kept_heaps = bl_realloc(thread->kept_heaps, size);
    thread->kept_heaps[thread->kept_heap_count] = task->heap;
    thread->kept_heap_count += 1;
    task->heap->alarm = NULL;
    task_clear(task);
    task->heap = vm_heap_create(thread->blocks, thread->config.heap_limit);
    task_destroy(task);
}

// ---- questions ------------------------------------------------------------------------------

void vm_task_set_user(vm_task *task, void *user)
{
    task->user = user;
}

void *vm_task_user(const vm_task *task)
{
    return task->user;
}

const vm_program *vm_task_program(const vm_task *task)
{
    return task->thread->program;
}

vm_heap *vm_task_heap(vm_task *task)
{
    return task->heap;
}

vm_value vm_task_result(const vm_task *task)
{
    return task->result;
}

const vm_failure *vm_task_failure(const vm_task *task)
{
    return &task->failure;
}

bool vm_task_has_acted(const vm_task *task)
{
    return task->has_acted;
}

int64_t vm_task_deadline_ms(const vm_task *task)
{
    return task->timer_count > 0 ? task->timers[0]->deadline_ms : INT64_MAX;
}

size_t vm_thread_leaks(const vm_thread *thread)
{
    return thread->leak_count;
}

void vm_task_sleep(vm_task *task)
{
    enum { NAP_MS = 20 }; // An interrupt from another thread is seen this late at most.
    int64_t deadline_ms = vm_task_deadline_ms(task);
    int64_t now_ms = vm_now_ms();
    while (now_ms < deadline_ms &&
           atomic_load_explicit(&task->interrupt, memory_order_acquire) == NULL) {
        int64_t nap_ms = deadline_ms - now_ms < NAP_MS ? deadline_ms - now_ms : NAP_MS;
        struct timespec nap = {.tv_nsec = (long)nap_ms * 1000000};
        nanosleep(&nap, NULL);
        if (deadline_ms == INT64_MAX) {
            return; // A wake-up may have come from what the host does now.
        }
        now_ms = vm_now_ms();
    }
}
