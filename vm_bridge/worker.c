// vm_bridge/worker.c: see worker.h for the design.
#include "vm_bridge/worker.h"

#include "vm_bridge/limits.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

struct br_worker {
    br_queue queue;
    _Alignas(BL_CACHE_LINE) br_pool *pool;
    eng_inbox_link stop; // Posted last of all.
    bool is_stopping;
    vm_thread *thread;
    bl_buffer scratch;
    br_gzip *gzip;              // NULL: no compression.
    br_run *ready, *ready_last; // In turn.
    br_run **finished;          // For each core: a chain, the newest first.
    uint32_t finished_count;
    int64_t finished_ns; // When the first of them was.
    br_run **waiting;    // A heap by due_ms.
    uint32_t waiting_count, waiting_capacity;
    pthread_t handle;
};

struct br_pool {
    br_pool_config config;
    br_worker *workers;
    uint32_t started_count;
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t now_ms(void)
{
    return now_ns() / 1000000;
}

// ---- runs that can go on ---------------------------------------------------------------------

static void push_ready(br_worker *worker, br_run *run)
{
    run->next = NULL;
    *(worker->ready_last == NULL ? &worker->ready : &worker->ready_last->next) = run;
    worker->ready_last = run;
}

static br_run *pop_ready(br_worker *worker)
{
    br_run *run = worker->ready;
    if (run != NULL) {
        worker->ready = run->next;
        worker->ready_last = run->next == NULL ? NULL : worker->ready_last;
    }
    return run;
}

static void take_new(br_worker *worker)
{
    if (eng_inbox_is_empty(&worker->queue.inbox)) {
        return;
    }
    eng_inbox_link *list = br_queue_take(&worker->queue);
    for (eng_inbox_link *link = eng_inbox_next(&list); link != NULL; link = eng_inbox_next(&list)) {
        if (link == &worker->stop) {
            worker->is_stopping = true;
        } else {
            push_ready(worker, BL_CONTAINER_OF(link, br_run, link));
        }
    }
}

// ---- runs that wait --------------------------------------------------------------------------

static void push_waiting(br_worker *worker, br_run *run)
{
    if (worker->waiting_count == worker->waiting_capacity) {
        uint32_t capacity = worker->waiting_capacity == 0 ? 64 : worker->waiting_capacity * 2;
        worker->waiting = bl_realloc(worker->waiting, capacity * sizeof(br_run *));
        worker->waiting_capacity = capacity;
    }
    uint32_t at = worker->waiting_count++;
    while (at > 0 && worker->waiting[(at - 1) / 2]->due_ms > run->due_ms) {
        worker->waiting[at] = worker->waiting[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    worker->waiting[at] = run;
}

static br_run *pop_waiting(br_worker *worker)
{
    br_run *first = worker->waiting[0];
    br_run *moved = worker->waiting[--worker->waiting_count];
    uint32_t count = worker->waiting_count;
    uint32_t at = 0;
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= count) {
            break;
        }
        if (child + 1 < count &&
            worker->waiting[child + 1]->due_ms < worker->waiting[child]->due_ms) {
            child += 1;
        }
        if (worker->waiting[child]->due_ms >= moved->due_ms) {
            break;
        }
        worker->waiting[at] = worker->waiting[child];
        at = child;
    }
    if (count > 0) {
        worker->waiting[at] = moved;
    }
    return first;
}

static void wake_due(br_worker *worker)
{
    if (worker->waiting_count == 0) {
        return;
    }
    int64_t now = now_ms();
    while (worker->waiting_count > 0 && worker->waiting[0]->due_ms <= now) {
        push_ready(worker, pop_waiting(worker));
    }
}

// ---- the loop --------------------------------------------------------------------------------

static void post_finished(br_worker *worker)
{
    for (uint32_t i = 0; worker->finished_count > 0 && i < worker->pool->config.core_count; i++) {
        br_run *first = worker->finished[i];
        worker->finished[i] = NULL;
        if (first != NULL) {
            eng_core_post(first->request->core, &first->link);
        }
    }
    worker->finished_count = 0;
}

static void finish(br_worker *worker, br_run *run)
{
    if (run->is_counted) {
        br_queue_finish(&worker->queue);
    }
    if (worker->finished_count == 0) {
        worker->finished_ns = now_ns();
    }
    uint32_t core = eng_core_index(run->request->core);
    run->next = worker->finished[core];
    worker->finished[core] = run;
    worker->finished_count += 1;
}

// Answers wait for company, but neither long nor behind a handler that computes.
static bool must_post(const br_worker *worker)
{
    return worker->finished_count > 0 &&
           (worker->ready == NULL || worker->finished_count >= BR_FINISHED_MAX ||
            now_ns() - worker->finished_ns > BR_FINISHED_WAIT_NS);
}

// Whether nobody waits for the answer: over its time, or the client has gone and nothing was done.
static bool is_pointless(br_run *run)
{
    br_run_lock(run);
    bool is_overdue = run->is_overdue;
    br_run_unlock(run);
    return is_overdue || (eng_request_is_abandoned(run->request) &&
                          (run->task == NULL || !vm_task_has_acted(run->task)));
}

static void refuse(br_run *run)
{
    br_run_drop(run);
    br_reply_reset(&run->reply);
    br_reply_json(&run->reply, 503,
                  BL_SLICE("{\"error\":\"Service Unavailable\",\"retry_after\":1}"));
    bl_buffer_format(&run->reply.lines, "Retry-After: 1\r\n");
}

static void step(br_worker *worker, br_run *run)
{
    if (is_pointless(run)) {
        br_run_drop(run);
        br_reply_failure(&run->reply, "");
        finish(worker, run);
        return;
    }
    if (run->file.folder != NULL) {
        run->is_missing = !br_file_reply(&run->file, run->request, &run->reply);
        if (!run->is_missing && worker->gzip != NULL) {
            br_gzip_reply(worker->gzip, &run->reply,
                          eng_request_known(run->request, ENG_HEADER_ACCEPT_ENCODING));
        }
        finish(worker, run);
        return;
    }
    if (run->task == NULL) {
        run->context.scratch = &worker->scratch;
        br_run_begin(run, worker->thread);
    }
    vm_outcome outcome = VM_DONE;
    if (br_run_step(run, BR_FUEL_SLICE, worker->pool->config.id_header, worker->gzip, &outcome)) {
        finish(worker, run);
    } else if (outcome == VM_OUT_OF_FUEL) {
        post_finished(worker); // This one takes its time.
        push_ready(worker, run);
    } else if (worker->waiting_count >= worker->pool->config.waiting_max) {
        refuse(run);
        finish(worker, run);
    } else {
        // From here on it is one of the waiting, which have a limit of their own.
        if (run->is_counted) {
            br_queue_finish(&worker->queue);
            run->is_counted = false;
        }
        // Looked at now and then even if it sleeps for long: its client may have gone.
        int64_t due_ms = vm_task_deadline_ms(run->task);
        int64_t check_ms = now_ms() + BR_WAIT_CHECK_MS;
        run->due_ms = due_ms < check_ms ? due_ms : check_ms;
        push_waiting(worker, run);
    }
}

static void sleep_until_work(br_worker *worker)
{
    int64_t timeout_ns = -1;
    if (worker->waiting_count > 0 && worker->waiting[0]->due_ms != INT64_MAX) {
        int64_t left_ms = worker->waiting[0]->due_ms - now_ms();
        timeout_ns = left_ms <= 0 ? 0 : left_ms * 1000000;
    }
    br_queue_sleep(&worker->queue, timeout_ns);
}

static void *run_worker(void *argument)
{
    br_worker *worker = argument;
    br_pool *pool = worker->pool;
    vm_config config = br_handler_config(pool->config.handler_memory);
    worker->thread = vm_thread_create(pool->config.program, &config);
    for (;;) {
        take_new(worker);
        wake_due(worker);
        if (must_post(worker)) {
            post_finished(worker);
        }
        br_run *run = pop_ready(worker);
        if (run != NULL) {
            step(worker, run);
        } else if (worker->is_stopping && worker->waiting_count == 0) {
            break;
        } else {
            sleep_until_work(worker);
        }
    }
    vm_thread_destroy(worker->thread);
    return NULL;
}

// ---- the pool --------------------------------------------------------------------------------

br_pool *br_pool_create(const br_pool_config *config)
{
    br_pool *pool = bl_alloc_zeroed(1, sizeof(*pool));
    pool->config = *config;
    pool->workers = bl_alloc_aligned(BL_CACHE_LINE, config->worker_count * sizeof(br_worker));
    memset(pool->workers, 0, config->worker_count * sizeof(br_worker));
    // Signals are the main thread's.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    for (uint32_t i = 0; i < config->worker_count; i++) {
        br_worker *worker = &pool->workers[i];
        worker->pool = pool;
        worker->gzip = config->compression ? br_gzip_create() : NULL;
        worker->finished = bl_alloc_zeroed(config->core_count, sizeof(br_run *));
        br_queue_init(&worker->queue);
        if (pthread_create(&worker->handle, NULL, run_worker, worker) != 0) {
            break;
        }
        pool->started_count += 1;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (pool->started_count < config->worker_count) {
        br_pool_destroy(pool);
        return NULL;
    }
    return pool;
}

void br_pool_destroy(br_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    for (uint32_t i = 0; i < pool->started_count; i++) {
        br_worker *worker = &pool->workers[i];
        br_queue_push(&worker->queue, &worker->stop);
        br_queue_wake(&worker->queue);
        pthread_join(pool->workers[i].handle, NULL);
        bl_free(worker->waiting);
        bl_free(worker->finished);
        bl_buffer_deinit(&worker->scratch);
        br_gzip_destroy(worker->gzip);
    }
    bl_free(pool->workers);
    bl_free(pool);
}

uint32_t br_pool_size(const br_pool *pool)
{
    return pool->config.worker_count;
}

void br_pool_wake(br_pool *pool, uint32_t worker_index)
{
    br_queue_wake(&pool->workers[worker_index].queue);
}

static bool try_post(br_pool *pool, br_run *run, uint32_t index)
{
    br_worker *worker = &pool->workers[index];
    if (!br_queue_reserve(&worker->queue, pool->config.queue_depth)) {
        return false;
    }
    run->worker = worker;
    run->is_counted = true;
    br_queue_push(&worker->queue, &run->link);
    return true;
}

bool br_pool_post(br_pool *pool, br_run *run, uint32_t hint, uint32_t *worker_index)
{
    // The nearest worker, or the less loaded of two where that one is behind.
    uint32_t count = pool->config.worker_count;
    uint32_t first = hint % count;
    uint32_t second = (first + 1 + hint / count % (count > 1 ? count - 1 : 1)) % count;
    if (br_queue_backlog(&pool->workers[first].queue) >
        br_queue_backlog(&pool->workers[second].queue)) {
        uint32_t behind = first;
        first = second;
        second = behind;
    }
    if (try_post(pool, run, first)) {
        *worker_index = first;
        return true;
    }
    *worker_index = second;
    return try_post(pool, run, second);
}
