// engine/server.c: the cores of one server: their threads, their start, drain and end.
//
//     create --start--> RUN --drain--> DRAIN --all cores empty, or time is over--> ended
//                         \---stop---> STOP -----------------------------------> ended
//
// A core is opened on its own thread, for its ring belongs to that thread alone. The port opens
// when all cores stand; the first that fails ends the others.
#include "engine/core.h"
#include "engine/listen.h"
#include "engine/process_limits.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#define FILE_RESERVE 64
// Files of one core unless the operator says otherwise: a table of pointers in the kernel and one
// here, of which only what is used becomes real memory.
#define CORE_CONN_COUNT_DEFAULT 65536
// What a multishot accept may still deliver after it was cancelled.
#define FILE_SPARE 64

typedef struct core_thread {
    eng_core core;
    eng_server *server;
    pthread_t thread;
    bool is_started;
    int cpu; // -1: not pinned.
    bl_status status;
    bl_error error;
} core_thread;

struct eng_server {
    eng_config config;
    char *address; // Owned copy.
    struct core_thread *threads;
    uint32_t core_count;
    uint16_t port;
    bool is_listening;
    eng_control control;
    pthread_mutex_t lock; // Of what follows; at the start only.
    pthread_cond_t changed;
    uint32_t ready_count, failed_count;
    bool may_run;
};

// ---- CPUs --------------------------------------------------------------------------------------

// A container may give less time than it shows CPUs.
static uint32_t quota_cpu_count(void)
{
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "re");
    if (file == NULL) {
        return UINT32_MAX;
    }
    long long quota = 0;
    long long period = 0;
    int count = fscanf(file, "%lld %lld", &quota, &period);
    fclose(file);
    if (count != 2 || quota <= 0 || period <= 0) {
        return UINT32_MAX; // "max".
    }
    long long cpu_count = (quota + period - 1) / period;
    return cpu_count > 0 ? (uint32_t)cpu_count : 1;
}

static uint32_t allowed_cpus(cpu_set_t *set)
{
    CPU_ZERO(set);
    if (sched_getaffinity(0, sizeof(*set), set) != 0) {
        CPU_SET(0, set);
        return 1;
    }
    return (uint32_t)CPU_COUNT(set);
}

static int nth_cpu(const cpu_set_t *set, uint32_t n)
{
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, set) && n-- == 0) {
            return (int)cpu;
        }
    }
    return -1;
}

static uint32_t default_core_count(void)
{
    cpu_set_t set;
    uint32_t allowed_count = allowed_cpus(&set);
    uint32_t quota_count = quota_cpu_count();
    return allowed_count < quota_count ? allowed_count : quota_count;
}

// ---- create ------------------------------------------------------------------------------------

static uint32_t conns_per_core(const eng_server *server, uint64_t file_limit)
{
    uint64_t by_files = file_limit > 2 * FILE_RESERVE ? file_limit - FILE_RESERVE : FILE_RESERVE;
    uint64_t wanted = server->config.limits.connection_count_max;
    if (wanted == 0) {
        wanted = CORE_CONN_COUNT_DEFAULT;
    } else {
        wanted = (wanted + server->core_count - 1) / server->core_count;
    }
    uint64_t count = wanted < by_files ? wanted : by_files;
    return (uint32_t)(count < (1u << 24) - FILE_SPARE ? count : (1u << 24) - FILE_SPARE);
}

static void init_thread(eng_server *server, uint32_t index, uint32_t conn_count_max, int listener)
{
    core_thread *thread = &server->threads[index];
    thread->server = server;
    thread->core.config = &server->config;
    thread->core.control = &server->control;
    thread->core.index = index;
    thread->core.conn_count_max = conn_count_max;
    thread->core.file_count = conn_count_max + FILE_SPARE;
    thread->core.listener = listener;
    thread->core.wake.eventfd = -1;
    thread->cpu = -1;
}

// The limit for locked memory is for all rings of a user together: with many cores, smaller rings.
static void fit_memlock(eng_server *server)
{
    eng_limits *limits = &server->config.limits;
    uint64_t limit = eng_memlock_limit() / 4 * 3;
    for (;;) {
        eng_ring_config config = {.entry_count = limits->ring_entry_count,
                                  .buffer_count = limits->buffer_count};
        if (eng_ring_memlock_need(&config) <= limit / server->core_count ||
            limits->ring_entry_count / 2 < ENG_RING_ENTRY_COUNT_FLOOR) {
            return;
        }
        limits->ring_entry_count /= 2;
    }
}

static void pin_threads(eng_server *server)
{
    cpu_set_t set;
    uint32_t cpu_count = allowed_cpus(&set);
    for (uint32_t i = 0; i < server->core_count && server->config.pin; i++) {
        server->threads[i].cpu = nth_cpu(&set, i % cpu_count);
    }
}

static bl_status bind_all(eng_server *server, bl_error *error)
{
    int *sockets = bl_alloc_zeroed(server->core_count, sizeof(int));
    bl_status status =
        eng_listen_bind(server->address, &server->port, sockets, server->core_count, error);
    if (status == BL_OK) {
        uint32_t conn_count_max = conns_per_core(server, eng_raise_limits());
        for (uint32_t i = 0; i < server->core_count; i++) {
            init_thread(server, i, conn_count_max, sockets[i]);
        }
    }
    bl_free(sockets);
    return status;
}

#define CORE_COUNT_MAX 1024

bl_status eng_server_create(const eng_config *config, eng_server **out, bl_error *error)
{
    bl_status status = eng_limits_check(&config->limits, error);
    if (status != BL_OK) {
        return status;
    }
    uint32_t core_count = config->core_count == 0 ? default_core_count() : config->core_count;
    if (core_count > CORE_COUNT_MAX || config->on_request == NULL) {
        return bl_fail(error, BL_INVALID, 0, "at most %d cores, and on_request is needed",
                       CORE_COUNT_MAX);
    }
    eng_server *server = bl_alloc_zeroed(1, sizeof(*server));
    server->config = *config;
    server->address = bl_alloc(strlen(config->address) + 1);
    memcpy(server->address, config->address, strlen(config->address) + 1);
    server->config.address = server->address;
    server->core_count = core_count;
    server->port = config->port;
    server->threads = bl_alloc_aligned(BL_CACHE_LINE, core_count * sizeof(core_thread));
    memset(server->threads, 0, core_count * sizeof(core_thread));
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->changed, NULL);
    atomic_init(&server->control.run_state, ENG_RUN);
    atomic_init(&server->control.uncounted_core_count, core_count);
    status = bind_all(server, error);
    if (status != BL_OK) {
        server->core_count = 0;
        eng_server_destroy(server);
        return status;
    }
    fit_memlock(server);
    pin_threads(server);
    *out = server;
    return BL_OK;
}

// ---- drain and stop -----------------------------------------------------------------------------

static void set_run_state(eng_server *server, eng_run_state state)
{
    if (atomic_load(&server->control.run_state) < (uint32_t)state) {
        atomic_store(&server->control.run_state, state);
    }
    for (uint32_t i = 0; i < server->core_count; i++) {
        if (server->threads[i].core.wake.eventfd >= 0) {
            eng_wake_force(&server->threads[i].core.wake);
        }
    }
}

void eng_server_drain(eng_server *server)
{
    set_run_state(server, ENG_DRAIN);
}

void eng_server_stop(eng_server *server)
{
    set_run_state(server, ENG_STOP);
}

// ---- a core's thread ---------------------------------------------------------------------------

static void prepare_thread(const core_thread *thread)
{
    char name[16];
    snprintf(name, sizeof(name), "bl-ring-%u", thread->core.index);
    // A name is for people who look; where it cannot be set nothing is lost.
    (void)pthread_setname_np(pthread_self(), name);
    // Signals are for the threads of the upper layer.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    if (thread->cpu >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET((size_t)thread->cpu, &set);
        // Not pinned it is slower, no more.
        (void)pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
    }
}

// Tells the starter how it went, and waits for its word.
static bool report_ready(core_thread *thread)
{
    eng_server *server = thread->server;
    pthread_mutex_lock(&server->lock);
    if (thread->status == BL_OK) {
        server->ready_count += 1;
    } else {
        server->failed_count += 1;
    }
    pthread_cond_broadcast(&server->changed);
    while (!server->may_run) {
        pthread_cond_wait(&server->changed, &server->lock);
    }
    pthread_mutex_unlock(&server->lock);
    return thread->status == BL_OK;
}

static bl_status open_core(core_thread *thread)
{
    const eng_config *config = thread->core.config;
    bl_status status = eng_core_open(&thread->core, &thread->error);
    if (status == BL_OK && config->on_core_start != NULL) {
        status =
            config->on_core_start(config->user, &thread->core, &thread->core.user, &thread->error);
    } else if (status == BL_OK) {
        thread->core.user = config->user;
    }
    return status;
}

static void *run_thread(void *argument)
{
    core_thread *thread = argument;
    const eng_config *config = thread->core.config;
    prepare_thread(thread);
    thread->status = open_core(thread);
    bool is_open = thread->status == BL_OK;
    if (report_ready(thread)) {
        while (eng_core_pass(&thread->core, &thread->status, &thread->error)) {
        }
        if (thread->status != BL_OK) {
            eng_server_stop(thread->server); // A server without one of its cores drops requests.
        }
    }
    if (is_open && config->on_core_stop != NULL) {
        config->on_core_stop(thread->core.user, &thread->core);
    }
    eng_core_close(&thread->core);
    return NULL;
}

// ---- start -------------------------------------------------------------------------------------

static bl_status start_threads(eng_server *server, bl_error *error)
{
    for (uint32_t i = 0; i < server->core_count; i++) {
        core_thread *thread = &server->threads[i];
        bl_status status = eng_wake_open(&thread->core.wake, error);
        if (status != BL_OK) {
            return status;
        }
        int result = pthread_create(&thread->thread, NULL, run_thread, thread);
        if (result != 0) {
            return bl_fail(error, BL_LIMIT, result, "cannot start a thread: %s", strerror(result));
        }
        thread->is_started = true;
    }
    return BL_OK;
}

static bl_status wait_ready(eng_server *server, bl_error *error)
{
    pthread_mutex_lock(&server->lock);
    while (server->ready_count + server->failed_count < server->core_count) {
        pthread_cond_wait(&server->changed, &server->lock);
    }
    pthread_mutex_unlock(&server->lock);
    for (uint32_t i = 0; i < server->core_count; i++) {
        if (server->threads[i].status != BL_OK) {
            if (error != NULL) {
                *error = server->threads[i].error;
            }
            return server->threads[i].status;
        }
    }
    return BL_OK;
}

static void let_run(eng_server *server)
{
    pthread_mutex_lock(&server->lock);
    server->may_run = true;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

static bl_status open_port(eng_server *server, bl_error *error)
{
    int *sockets = bl_alloc_zeroed(server->core_count, sizeof(int));
    for (uint32_t i = 0; i < server->core_count; i++) {
        sockets[i] = server->threads[i].core.listener;
    }
    bl_status status =
        eng_listen_open(sockets, server->core_count, server->config.limits.backlog, error);
    bl_free(sockets);
    return status;
}

bl_status eng_server_start(eng_server *server, bl_error *error)
{
    bl_status status = start_threads(server, error);
    if (status == BL_OK) {
        status = wait_ready(server, error);
    }
    if (status == BL_OK) {
        status = open_port(server, error);
    }
    if (status != BL_OK) {
        eng_server_stop(server);
    }
    let_run(server);
    if (status != BL_OK) {
        eng_result result;
        eng_server_wait(server, &result);
    }
    return status;
}

// ---- end ---------------------------------------------------------------------------------------

void eng_server_wait(eng_server *server, eng_result *result)
{
    *result = (eng_result){.status = BL_OK};
    for (uint32_t i = 0; i < server->core_count; i++) {
        core_thread *thread = &server->threads[i];
        if (thread->is_started) {
            pthread_join(thread->thread, NULL);
            thread->is_started = false;
        }
        result->cut_count += thread->core.cut_count;
        if (thread->status != BL_OK && result->status == BL_OK) {
            result->status = thread->status;
            result->error = thread->error;
        }
    }
    result->active_count = atomic_load(&server->control.active_count);
}

void eng_server_destroy(eng_server *server)
{
    if (server == NULL) {
        return;
    }
    for (uint32_t i = 0; i < server->core_count; i++) {
        core_thread *thread = &server->threads[i];
        BL_CHECK(!thread->is_started);
        if (thread->core.listener >= 0) {
            close(thread->core.listener);
        }
        eng_wake_close(&thread->core.wake);
    }
    pthread_mutex_destroy(&server->lock);
    pthread_cond_destroy(&server->changed);
    bl_free(server->threads);
    bl_free(server->address);
    bl_free(server);
}

// ---- public ------------------------------------------------------------------------------------

uint16_t eng_server_port(const eng_server *server)
{
    return server->port;
}

uint32_t eng_server_core_count(const eng_server *server)
{
    return server->core_count;
}

eng_core *eng_server_core(eng_server *server, uint32_t index)
{
    BL_CHECK(index < server->core_count);
    return &server->threads[index].core;
}

void eng_server_counters(const eng_server *server, eng_counters *counters)
{
    *counters = (eng_counters){.accepted = 0};
    for (uint32_t i = 0; i < server->core_count; i++) {
        const eng_core *core = &server->threads[i].core;
#define COUNTER(name, text) counters->name += core->counters.name;
#include "engine/counters.def"
#undef COUNTER
        counters->open_connections += core->conn_count;
        counters->lent_buffers += core->lent_count;
        counters->live_requests += core->live_exchange_count;
    }
}
