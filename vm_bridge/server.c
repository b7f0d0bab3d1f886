// vm_bridge/server.c: br_serve: from what main! noted to the end of the last connection.
//
//     configuration -> routes and placements -> bind -> log, workers, cores -> accept
//     signal thread: first signal drains, a second one ends the process
//
// Whatever can be refused is refused before the port opens.
#include "vm_bridge/serve.h"

#include "vm/std/console.h"
#include "vm_bridge/docs.h"
#include "vm_bridge/limits.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/eventfd.h>
#include <unistd.h>

void br_options_init(br_options *options)
{
    *options = (br_options){.pin = true,
                            .handler_memory = 64u << 20,
                            .handler_fuel = 20000,
                            .queue_depth = 1024,
                            .waiting_max = 16384};
}

// ---- launch ----------------------------------------------------------------------------------

br_launch *br_launch_create(void)
{
    br_launch *launch = bl_alloc(sizeof(*launch));
    *launch = (br_launch){.context = {BR_CONTEXT_MAIN, NULL},
                          .router = vm_unit(),
                          .port = vm_unit(),
                          .config = vm_unit()};
    return launch;
}

void br_launch_destroy(br_launch *launch)
{
    bl_free(launch);
}

bool br_launch_is_asked(const br_launch *launch)
{
    return launch->is_asked;
}

void br_launch_keep(br_launch *launch, vm_task *task)
{
    vm_value both[] = {launch->router, launch->config};
    vm_task_keep(task, vm_tuple_make(vm_task_heap(task), both, 2));
}

br_launch *br_launch_of(const vm_task *task)
{
    br_context *context = vm_task_user(task);
    if (context == NULL || context->kind != BR_CONTEXT_MAIN) {
        return NULL;
    }
    return BL_CONTAINER_OF(context, br_launch, context);
}

bl_buffer *br_scratch(const vm_task *task, bl_buffer *own)
{
    const br_context *context = vm_task_user(task);
    bl_buffer *scratch = context == NULL || context->scratch == NULL ? own : context->scratch;
    scratch->size = 0;
    return scratch;
}

void br_scratch_end(bl_buffer *scratch, bl_buffer *own)
{
    if (scratch == own || scratch->capacity > BR_REPLY_KEPT_SIZE) {
        bl_buffer_deinit(scratch);
    }
}

// ---- messages --------------------------------------------------------------------------------

// Whole lines, in one write each.
static void say(const char *format, ...) BL_PRINTF(1, 2);

static void say(const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    size_t length = size < 0 ? 0 : (size_t)size < sizeof(line) ? (size_t)size : sizeof(line) - 1;
    std_write_all(STDERR_FILENO, (bl_slice){line, length});
}

static void say_listening(const br_server *server, const eng_server *engine)
{
    bool is_v6 = strchr(server->config.address, ':') != NULL;
    char cores[32] = "";
    if (server->core_count > 1) {
        snprintf(cores, sizeof(cores), ", %u cores", server->core_count);
    }
    say("[server] Listening on http://%s%s%s:%u (%u routes%s)\n", is_v6 ? "[" : "",
        server->config.address, is_v6 ? "]" : "", eng_server_port(engine), server->app->route_count,
        cores);
}

static void on_drain(void *user, uint32_t active_count)
{
    const br_server *server = user;
    if (active_count == 0) {
        say("[server] No active connections, shutting down immediately\n");
    } else {
        say("[server] Waiting for %u connection(s) to drain (timeout: %us)...\n", active_count,
            server->config.engine.limits.drain_timeout_ms / 1000);
    }
}

static br_end say_end(const eng_result *result)
{
    if (result->status != BL_OK) {
        say("[server] A ring failed: %s\n", result->error.message);
        return BR_CUT;
    }
    if (result->cut_count > 0) {
        say("[server] Shutdown timeout! %u connection(s) forcefully closed\n", result->cut_count);
        return BR_CUT;
    }
    if (result->active_count > 0) {
        say("[server] All connections drained, shutdown complete\n");
    }
    return BR_DRAINED;
}

static br_end say_not_started(const br_server *server, bl_status status, const bl_error *error)
{
    if (status == BL_BUSY && error->system_error != 0) {
        say("[server] Failed to bind to %s:%u: %s (os error %d)\n", server->config.address,
            server->config.port, strerror(error->system_error), error->system_error);
        say("[server] Another program listens there; --listen ADDR:PORT chooses another port\n");
        return BR_NOT_STARTED;
    }
    say("[server] Failed to start: %s\n", error->message);
    return status == BL_UNSUPPORTED || status == BL_FORBIDDEN ? BR_NO_RING : BR_NOT_STARTED;
}

// ---- signals ---------------------------------------------------------------------------------

typedef struct br_signals {
    eng_server *server;
    sigset_t set;
    int end_fd; // Readable when the thread shall end.
    pthread_t thread;
    bool is_running;
} br_signals;

static void *run_signals(void *argument)
{
    br_signals *signals = argument;
    bool is_draining = false;
    for (;;) {
        // A short limit instead of a descriptor for signals: nothing here is in a hurry.
        struct timespec limit = {0, 50000000};
        int signal_number = sigtimedwait(&signals->set, NULL, &limit);
        if (signal_number > 0 && is_draining) {
            std_console_flush();
            _exit(1); // A second signal: at once.
        }
        if (signal_number > 0) {
            is_draining = true;
            say("[server] Graceful shutdown initiated (%s)...\n",
                signal_number == SIGTERM ? "SIGTERM" : "SIGINT");
            eng_server_drain(signals->server);
        }
        struct pollfd end = {.fd = signals->end_fd, .events = POLLIN};
        if (poll(&end, 1, 0) > 0) {
            return NULL;
        }
    }
}

// SIGTERM and SIGINT are blocked in all threads that are made from here on.
static void block_signals(br_signals *signals)
{
    sigemptyset(&signals->set);
    sigaddset(&signals->set, SIGTERM);
    sigaddset(&signals->set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals->set, NULL);
}

static bool start_signals(br_signals *signals, eng_server *server)
{
    signals->server = server;
    signals->end_fd = eventfd(0, EFD_CLOEXEC);
    signals->is_running =
        signals->end_fd >= 0 && pthread_create(&signals->thread, NULL, run_signals, signals) == 0;
    return signals->is_running;
}

static void stop_signals(br_signals *signals)
{
    if (signals->is_running) {
        uint64_t one = 1;
        // An eventfd with room takes eight bytes.
        BL_CHECK(write(signals->end_fd, &one, sizeof(one)) == (ssize_t)sizeof(one));
        pthread_join(signals->thread, NULL);
    }
    if (signals->end_fd >= 0) {
        close(signals->end_fd);
    }
}

// ---- parts -----------------------------------------------------------------------------------

// Configuration and routes; messages are said. False: not started.
static bool prepare(br_server *server, const br_launch *launch, const br_options *options)
{
    bl_error error;
    bl_buffer warnings = {0};
    bl_status status = br_config_read(&server->config, launch->port.integer, launch->config,
                                      options, &warnings, &error);
    std_write_all(STDERR_FILENO, bl_buffer_slice(&warnings));
    bl_buffer_deinit(&warnings);
    if (status != BL_OK) {
        say("%s\n", error.message);
        return false;
    }
    status = br_app_create(launch->router, server->program, options, server->config.id_header,
                           &server->app, &error);
    if (status != BL_OK) {
        say("[server] Failed to extract routes: %s\n", error.message);
        br_config_deinit(&server->config);
        return false;
    }
    for (uint32_t i = 0; i < server->app->route_count; i++) {
        if (server->app->routes[i].method_index == BR_METHOD_WS) {
            say("[server] Warning: this build has no WebSockets: %.*s answers 501\n",
                BL_SLICE_ARG(server->app->routes[i].path));
        }
    }
    return true;
}

static eng_prepared *prepare_text(bl_slice headers, bl_buffer *text)
{
    eng_response response = {.status = 200, .headers = headers, .body = bl_buffer_slice(text)};
    eng_prepared *prepared = eng_prepared_create(&response);
    bl_buffer_deinit(text);
    return prepared;
}

static void make_docs(br_server *server)
{
    if (server->config.docs_path.size > 0) {
        bl_buffer page = {0};
        bl_buffer openapi = {0};
        br_docs_page(server->app, &page);
        br_docs_openapi(server->app, &openapi);
        server->docs_page =
            prepare_text(BL_SLICE("Content-Type: text/html; charset=utf-8\r\n"), &page);
        server->docs_openapi =
            prepare_text(BL_SLICE("Content-Type: application/json\r\n"), &openapi);
    }
}

static bool make_parts(br_server *server, uint32_t core_count)
{
    server->core_count = core_count;
    make_docs(server);
    uint32_t workers = server->options.worker_count;
    server->worker_count = workers == 0 ? 2 * core_count : workers;
    server->rate = br_rate_create(&server->config.rate);
    server->log = br_log_create(core_count, STDERR_FILENO);
    if (server->log == NULL) {
        return false;
    }
    server->cores = bl_alloc_aligned(BL_CACHE_LINE, core_count * sizeof(br_core));
    for (uint32_t i = 0; i < core_count; i++) {
        br_core_init(&server->cores[i], server, i);
    }
    br_pool_config pool = {.program = server->program,
                           .worker_count = server->worker_count,
                           .core_count = core_count,
                           .queue_depth = server->options.queue_depth,
                           .waiting_max = server->options.waiting_max,
                           .handler_memory = server->options.handler_memory,
                           .id_header = server->config.id_header,
                           .compression = server->config.compression};
    server->pool = br_pool_create(&pool);
    return server->pool != NULL;
}

static void free_parts(br_server *server)
{
    if (server->cores != NULL) {
        for (uint32_t i = 0; i < server->core_count; i++) {
            br_core_deinit(&server->cores[i]);
        }
        bl_free(server->cores);
    }
    br_log_destroy(server->log);
    br_rate_destroy(server->rate);
    eng_prepared_destroy(server->docs_page);
    eng_prepared_destroy(server->docs_openapi);
}

// From a bound port to the last connection.
static br_end run_engine(br_server *server, eng_server *engine, br_signals *signals)
{
    bl_error error = {0};
    if (!make_parts(server, eng_server_core_count(engine))) {
        say("[server] Failed to start: no more threads can be made\n");
        return BR_NOT_STARTED;
    }
    bl_status status = eng_server_start(engine, &error);
    if (status != BL_OK) {
        return say_not_started(server, status, &error);
    }
    std_console_unbuffer();
    if (!start_signals(signals, engine)) {
        say("[server] Failed to start: no more threads can be made\n");
        eng_server_stop(engine);
    } else {
        say_listening(server, engine);
    }
    eng_result result = {0};
    eng_server_wait(engine, &result);
    bool was_started = signals->is_running;
    stop_signals(signals);
    if (!was_started) {
        return BR_NOT_STARTED;
    }
    if (result.cut_count == 0 && result.status == BL_OK) {
        br_log_destroy(server->log); // The lines of the last requests come before the last word.
        server->log = NULL;
    }
    return say_end(&result);
}

br_end br_serve(br_launch *launch, const vm_program *program, const br_options *options)
{
    br_server *server = bl_alloc_aligned(BL_CACHE_LINE, sizeof(*server));
    *server = (br_server){.options = *options, .program = program};
    atomic_init(&server->next_id, 1);
    if (!prepare(server, launch, options)) {
        bl_free(server);
        return BR_NOT_STARTED;
    }
    br_signals signals = {.end_fd = -1};
    block_signals(&signals);
    br_serve_callbacks(&server->config.engine, server);
    server->config.engine.on_drain = on_drain;
    eng_server *engine = NULL;
    bl_error error = {0};
    bl_status status = eng_server_create(&server->config.engine, &engine, &error);
    br_end end = status == BL_OK ? run_engine(server, engine, &signals)
                                 : say_not_started(server, status, &error);
    if (end == BR_CUT) {
        return end; // Handlers may still run: everything stays until the process ends.
    }
    // The workers first: one may still be in the middle of waking a ring.
    br_pool_destroy(server->pool);
    eng_server_destroy(engine);
    free_parts(server);
    br_app_destroy(server->app);
    br_config_deinit(&server->config);
    bl_free(server);
    return end;
}

bl_status br_routes_write(br_launch *launch, const vm_program *program, const br_options *options,
                          bl_buffer *out, bl_error *error)
{
    br_app *app = NULL;
    bl_status status =
        br_app_create(launch->router, program, options, BL_SLICE("x-request-id"), &app, error);
    if (status != BL_OK) {
        return status;
    }
    size_t width = 0;
    for (uint32_t i = 0; i < app->route_count; i++) {
        width = app->routes[i].path.size > width ? app->routes[i].path.size : width;
    }
    width = width > 60 ? 60 : width;
    for (uint32_t i = 0; i < app->route_count; i++) {
        const br_route *route = &app->routes[i];
        bl_buffer_format(out, "%-8.*s%-*.*s  %-9s %s\n", BL_SLICE_ARG(route->method), (int)width,
                         BL_SLICE_ARG(route->path), br_placement_name(br_route_placement(route)),
                         route->reason);
    }
    br_app_destroy(app);
    return BL_OK;
}
