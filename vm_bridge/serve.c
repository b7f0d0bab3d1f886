// vm_bridge/serve.c: see serve.h for the design.
#include "vm_bridge/serve.h"

#include "vm_bridge/answer.h"
#include "vm_bridge/limits.h"
#include "vm_bridge/web/base64.h"

static br_core *core_of(eng_core *engine)
{
    return eng_core_user(engine);
}

// ---- checks before the route -----------------------------------------------------------------

static bool is_health(const br_core *core, const eng_request *request)
{
    bl_slice path = core->server->config.health_path;
    bool is_read = request->method == ENG_METHOD_GET || request->method == ENG_METHOD_HEAD;
    return is_read && path.size > 0 && bl_slice_equal(request->path, path);
}

static void answer_json(br_core *core, eng_request *request, uint16_t status, bl_slice body,
                        const char *lines)
{
    br_reply_reset(&core->reply);
    br_reply_json(&core->reply, status, body);
    bl_buffer_append(&core->reply.lines, lines, strlen(lines));
    br_answer(core, request, &core->reply);
}

static void answer_health(br_core *core, eng_request *request)
{
    bool is_draining = eng_core_is_draining(core->engine);
    answer_json(
        core, request, is_draining ? 503 : 200,
        is_draining ? BL_SLICE("{\"status\":\"draining\"}") : BL_SLICE("{\"status\":\"ok\"}"), "");
}

// PATH and PATH/openapi.json.
static const eng_prepared *docs_of(const br_core *core, const eng_request *request)
{
    bl_slice docs = core->server->config.docs_path;
    bl_slice path = request->path;
    bool is_read = request->method == ENG_METHOD_GET || request->method == ENG_METHOD_HEAD;
    if (!is_read || docs.size == 0 || path.size < docs.size ||
        memcmp(path.data, docs.data, docs.size) != 0) {
        return NULL;
    }
    bl_slice rest = {path.data + docs.size, path.size - docs.size};
    return rest.size == 0                                    ? core->server->docs_page
           : bl_slice_equal(rest, BL_SLICE("/openapi.json")) ? core->server->docs_openapi
                                                             : NULL;
}

static bool passes_rate(br_core *core, eng_request *request)
{
    if (core->server->rate == NULL) {
        return true;
    }
    eng_address peer = eng_request_peer(request);
    if (br_rate_take(core->server->rate, &peer, eng_core_now_ns(core->engine))) {
        return true;
    }
    answer_json(core, request, 429, BL_SLICE("{\"error\":\"Too Many Requests\",\"retry_after\":1}"),
                "Retry-After: 1\r\n");
    return false;
}

// ---- routes ----------------------------------------------------------------------------------

static br_route *find_route(br_core *core, const eng_request *request, uint32_t *methods)
{
    br_app *app = core->server->app;
    const rt_route *found =
        rt_find(app->router, request->method, request->path, core->params, methods);
    if (found == NULL && request->method == ENG_METHOD_HEAD) {
        found = rt_find(app->router, ENG_METHOD_GET, request->path, core->params, methods);
    }
    return found == NULL ? NULL : &app->routes[found->handler];
}

static void render_no_route(br_reply *reply, const eng_request *request, uint32_t methods)
{
    if (methods == 0) {
        br_reply_no_route(reply, 404, "Not Found", request->path);
    } else {
        br_reply_no_route(reply, 405, "Method Not Allowed", request->path);
        br_append_allow(&reply->lines, methods);
    }
}

static void answer_no_route(br_core *core, eng_request *request, uint32_t methods)
{
    br_reply_reset(&core->reply);
    render_no_route(&core->reply, request, methods);
    br_answer(core, request, &core->reply);
}

// ---- running ---------------------------------------------------------------------------------

// The parameters are those that find_route has just left in the core.
static void set_route(br_core *core, br_run *run, br_route *route)
{
    uint32_t count = route->params.raw_count;
    bl_slice *params = bl_arena_alloc(run->request->arena, (count + 1) * sizeof(bl_slice));
    memcpy(params, core->params, count * sizeof(bl_slice));
    run->params = params;
    run->route = route;
}

// route: NULL while a file is looked for.
static br_run *make_run(br_core *core, eng_request *request, br_route *route)
{
    br_run *run = br_run_acquire(core);
    run->request = request;
    if (route != NULL) {
        set_route(core, run, route);
    }
    request->user_data = run;
    eng_request_defer(request);
    return run;
}

static void post(br_core *core, br_run *run)
{
    uint32_t worker = 0;
    core->hint += core->server->core_count;
    if (br_pool_post(core->server->pool, run, core->hint, &worker)) {
        core->woken_workers[worker] = true;
        core->owes_wakes = true;
        return;
    }
    br_reply_json(&run->reply, 503,
                  BL_SLICE("{\"error\":\"Service Unavailable\",\"retry_after\":1}"));
    bl_buffer_format(&run->reply.lines, "Retry-After: 1\r\n");
    br_answer_run(core, run);
}

static void dispatch(br_core *core, eng_request *request, br_route *route)
{
    br_number(core, request); // The worker may name it in a message.
    post(core, make_run(core, request, route));
}

// True if the request is answered, or a worker looks for its file.
static bool serve_file(br_core *core, eng_request *request)
{
    bool is_read = request->method == ENG_METHOD_GET || request->method == ENG_METHOD_HEAD;
    br_file_path file = {NULL, NULL};
    br_file_way way =
        !is_read ? BR_FILE_NONE
                 : br_files_find(&core->server->config.files, request->path, request->arena, &file);
    switch (way) {
    case BR_FILE_NONE:
        return false;
    case BR_FILE_FORBIDDEN:
        answer_json(core, request, 403, BL_SLICE("{\"error\":\"Forbidden\"}"), "");
        return true;
    case BR_FILE_LOOK:
        break;
    }
    br_number(core, request);
    br_run *run = make_run(core, request, NULL);
    run->file = file;
    post(core, run);
    return true;
}

// There was no such file: on to the routes, for a request that is deferred already.
static void route_after_file(br_core *core, br_run *run)
{
    uint32_t methods = 0;
    br_route *route = find_route(core, run->request, &methods);
    run->file.folder = NULL;
    run->is_missing = false;
    if (route != NULL && !eng_request_is_answered(run->request)) {
        set_route(core, run, route);
        post(core, run);
        return;
    }
    br_reply_reset(&run->reply);
    render_no_route(&run->reply, run->request, methods);
    br_answer_run(core, run);
}

static void push_ready(br_core *core, br_run *run)
{
    run->next = NULL;
    *(core->ready_last == NULL ? &core->ready : &core->ready_last->next) = run;
    core->ready_last = run;
}

static void go_on(eng_timer *timer, eng_core *engine)
{
    push_ready(core_of(engine), BL_CONTAINER_OF(timer, br_run, timer));
}

static void wait_for(br_core *core, br_run *run)
{
    int64_t due_ms = vm_task_deadline_ms(run->task);
    run->timer.call = go_on;
    if (due_ms != INT64_MAX) {
        eng_timer_set(core->engine, &run->timer, due_ms * 1000000);
    }
}

// A handler on this thread that has not ended in its first turn: it waits, or it has acted and must
// not be run again from its start.
static void keep_running(br_core *core, eng_request *request, br_route *route, vm_task *task,
                         vm_outcome outcome)
{
    br_run *run = make_run(core, request, route);
    run->task = task;
    vm_task_set_user(task, &run->context);
    if (outcome == VM_WAITING) {
        wait_for(core, run);
    } else {
        push_ready(core, run);
    }
}

static void run_inline(br_core *core, eng_request *request, br_route *route)
{
    vm_task *task = vm_task_begin(core->thread);
    vm_task_set_user(task, &core->context);
    vm_value argument =
        br_request_value(vm_task_heap(task), request, &route->params, core->params, route->state);
    vm_task_start(task, route->callee, &argument, 1);
    vm_outcome outcome = vm_task_run(task, core->server->options.handler_fuel);
    switch (outcome) {
    case VM_DONE:
        br_reply_render(&core->reply, vm_task_result(task), request->method == ENG_METHOD_HEAD,
                        core->server->config.id_header);
        if (core->gzip != NULL) {
            br_gzip_reply(core->gzip, &core->reply,
                          eng_request_known(request, ENG_HEADER_ACCEPT_ENCODING));
        }
        br_answer(core, request, &core->reply);
        break;
    case VM_FAILED:
        br_number(core, request);
        br_render_failure(&core->reply, vm_task_failure(task));
        br_answer(core, request, &core->reply);
        break;
    case VM_OUT_OF_FUEL:
    case VM_WAITING:
        // From now on this route goes to the workers, whichever core finds out first.
        atomic_store_explicit(&route->placement, BR_PLACE_WORKER, memory_order_relaxed);
        if (outcome == VM_OUT_OF_FUEL && !vm_task_has_acted(task)) {
            vm_task_end(task);
            dispatch(core, request, route);
        } else {
            keep_running(core, request, route, task, outcome);
        }
        return;
    }
    vm_task_end(task);
}

static void answer_upgrade_required(br_core *core, eng_request *request, const char *line)
{
    br_reply_reset(&core->reply);
    br_reply_no_route(&core->reply, 426, "Upgrade Required", request->path);
    bl_buffer_format(&core->reply.lines, "%s\r\n", line);
    br_answer(core, request, &core->reply);
}

// A GET for a path that only has a WebSocket route. This build has the handshake's refusals (RFC
// 6455 section 4.2) but no frames: what would be upgraded is 501.
static void refuse_upgrade(br_core *core, eng_request *request)
{
    bl_slice upgrade = eng_request_known(request, ENG_HEADER_UPGRADE);
    bl_slice version = eng_request_find(request, BL_SLICE("sec-websocket-version"));
    bl_slice key = eng_request_find(request, BL_SLICE("sec-websocket-key"));
    char bytes[32];
    size_t size = 0;
    if (!bl_slice_equal_nocase(upgrade, BL_SLICE("websocket"))) {
        answer_upgrade_required(core, request, "Upgrade: websocket");
    } else if (!bl_slice_equal(version, BL_SLICE("13"))) {
        answer_upgrade_required(core, request, "Sec-WebSocket-Version: 13");
    } else if (key.size != 24 || !web_base64_read(key, WEB_BASE64, bytes, &size) || size != 16) {
        br_reply_reset(&core->reply);
        br_reply_no_route(&core->reply, 400, "Bad Request", request->path);
        br_answer(core, request, &core->reply);
    } else {
        br_reply_reset(&core->reply);
        br_reply_no_route(&core->reply, 501, "Not Implemented", request->path);
        br_answer(core, request, &core->reply);
    }
}

// The checks up to the route. NULL: answered, or (for a body that is too large) the engine's to
// answer.
static br_route *admit(br_core *core, eng_request *request, bool body_is_here)
{
    if (!passes_rate(core, request)) {
        return NULL;
    }
    if (is_health(core, request)) {
        answer_health(core, request);
        return NULL;
    }
    const eng_prepared *docs = docs_of(core, request);
    if (docs != NULL) {
        br_answer_prepared(core, request, docs);
        return NULL;
    }
    if (body_is_here && serve_file(core, request)) {
        return NULL;
    }
    uint32_t methods = 0;
    br_route *route = find_route(core, request, &methods);
    if (route != NULL) {
        return route;
    }
    bool has_socket = (methods & (UINT32_C(1) << BR_METHOD_WS)) != 0;
    if (request->method == ENG_METHOD_GET && has_socket && body_is_here) {
        refuse_upgrade(core, request);
    } else if (request->method == ENG_METHOD_OPTIONS) {
        br_answer_preflight(core, request, methods);
    } else if (body_is_here || request->content_length <= (int64_t)request->body_size_max) {
        answer_no_route(core, request, methods);
    }
    return NULL;
}

// ---- callbacks -------------------------------------------------------------------------------

static void on_head(eng_core *engine, eng_request *request)
{
    bool has_body = request->is_chunked || request->content_length > 0;
    if (has_body) {
        // Again when the body is here: the parameters may have moved by then. The word says that
        // the request was let in.
        br_core *core = core_of(engine);
        br_number(core, request);
        if (admit(core, request, false) != NULL) {
            request->user_data = core;
        }
    }
}

static void on_request(eng_core *engine, eng_request *request)
{
    br_core *core = core_of(engine);
    br_route *route = NULL;
    if (request->user_data == core) {
        uint32_t methods = 0;
        route = find_route(core, request, &methods);
        request->user_data = NULL;
    } else {
        route = admit(core, request, true);
    }
    if (route == NULL) {
        return;
    }
    switch (br_route_placement(route)) {
    case BR_PLACE_CONSTANT:
        br_answer_prepared(core, request, route->prepared);
        break;
    case BR_PLACE_INLINE:
        run_inline(core, request, route);
        break;
    case BR_PLACE_WORKER:
        dispatch(core, request, route);
        break;
    }
}

static void on_refuse(eng_core *engine, eng_request *request, eng_http_error error)
{
    br_core *core = core_of(engine);
    br_reply *reply = &core->reply;
    if (error == ENG_HTTP_BODY_SIZE) {
        br_reply_reset(reply);
        bl_buffer_format(&reply->text, "{\"error\":\"Payload Too Large\",\"max_bytes\":%u}",
                         request->body_size_max);
        br_reply_json(reply, 413, bl_buffer_slice(&reply->text));
        br_answer(core, request, reply);
    } else if (error == ENG_HTTP_METHOD) {
        br_reply_reset(reply);
        br_reply_no_route(reply, 501, "Not Implemented", request->path);
        br_answer(core, request, reply);
    }
    // Everything else the engine answers in its own words.
}

static void on_done(eng_core *engine, eng_request *request, const eng_done *done)
{
    br_core *core = core_of(engine);
    if (core->server->config.access_log && request->user_word != 0) {
        br_log_access(core, request, done);
    }
}

static void on_timeout(eng_core *engine, eng_request *request)
{
    br_core *core = core_of(engine);
    br_run *run = request->user_data;
    br_run_lock(run);
    run->is_overdue = true;
    if (run->task != NULL) {
        vm_task_interrupt(run->task, "Time limit of the handler exceeded");
    }
    br_run_unlock(run);
    if (run->timer.is_set) {
        // It waits on this thread: let it end.
        eng_timer_cancel(engine, &run->timer);
        push_ready(core, run);
    }
    br_reply_failure(&core->reply, "Time limit of the handler exceeded");
    br_answer(core, request, &core->reply);
}

static void on_message(eng_core *engine, eng_inbox_link *message)
{
    br_core *core = core_of(engine);
    br_run *newest = BL_CONTAINER_OF(message, br_run, link);
    // A chain, the newest first: the oldest is answered first.
    br_run *oldest = NULL;
    while (newest != NULL) {
        br_run *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest != NULL) {
        br_run *run = oldest;
        oldest = run->next;
        if (run->is_missing) {
            route_after_file(core, run);
        } else {
            br_answer_run(core, run);
        }
    }
}

static void wake_workers(br_core *core)
{
    uint32_t count = br_pool_size(core->server->pool);
    for (uint32_t i = 0; i < count; i++) {
        if (core->woken_workers[i]) {
            core->woken_workers[i] = false;
            br_pool_wake(core->server->pool, i);
        }
    }
    core->owes_wakes = false;
}

// One turn for each handler of this thread that can go on.
static bool run_ready(br_core *core)
{
    br_run *run = core->ready;
    core->ready = NULL;
    core->ready_last = NULL;
    while (run != NULL) {
        br_run *next = run->next;
        vm_outcome outcome = VM_DONE;
        uint64_t fuel = core->server->options.handler_fuel;
        if (br_run_step(run, fuel, core->server->config.id_header, core->gzip, &outcome)) {
            br_answer_run(core, run);
        } else if (outcome == VM_WAITING) {
            wait_for(core, run);
        } else {
            push_ready(core, run);
        }
        run = next;
    }
    return core->ready != NULL;
}

static bool on_pass(eng_core *engine)
{
    br_core *core = core_of(engine);
    bool has_more = core->ready != NULL && run_ready(core);
    if (core->owes_wakes) {
        wake_workers(core);
    }
    br_log_publish(core->log);
    return has_more;
}

static void on_conn_error(eng_core *engine, eng_http_error error, const char *detail)
{
    br_core *core = core_of(engine);
    const char *reason = eng_http_error_text(error);
    bool has_detail = detail[0] != '\0' && strcmp(detail, reason) != 0;
    bl_buffer line = {0};
    bl_buffer_format(&line, "[server] Connection error: %s%s%s\n", reason, has_detail ? ": " : "",
                     has_detail ? detail : "");
    br_log_line(core->log, bl_buffer_slice(&line));
    bl_buffer_deinit(&line);
}

static bl_status on_core_start(void *user, eng_core *engine, void **core_user, bl_error *error)
{
    (void)error; // Nothing here can fail.
    br_server *server = user;
    br_core *core = &server->cores[eng_core_index(engine)];
    core->engine = engine;
    vm_config config = br_handler_config(server->options.handler_memory);
    core->thread = vm_thread_create(server->program, &config);
    *core_user = core;
    return BL_OK;
}

static void on_core_stop(void *core_user, eng_core *engine)
{
    (void)engine; // The core's own things are all that end here.
    br_core *core = core_user;
    br_log_publish(core->log);
    vm_thread_destroy(core->thread);
    core->thread = NULL;
}

void br_serve_callbacks(eng_config *config, br_server *server)
{
    config->user = server;
    config->on_core_start = on_core_start;
    config->on_core_stop = on_core_stop;
    config->on_head = on_head;
    config->on_request = on_request;
    config->on_refuse = on_refuse;
    config->on_done = on_done;
    config->on_timeout = on_timeout;
    config->on_message = on_message;
    config->on_pass = on_pass;
    config->on_conn_error = on_conn_error;
}

void br_core_init(br_core *core, br_server *server, uint32_t index)
{
    *core = (br_core){.server = server,
                      .context = {BR_CONTEXT_REQUEST, &core->scratch},
                      .id_block = 1,
                      .hint = index};
    core->log = br_log_buffer_of(server->log, index);
    core->gzip = server->config.compression ? br_gzip_create() : NULL;
    core->woken_workers = bl_alloc_zeroed(server->worker_count, sizeof(bool));
    core->params = bl_alloc((rt_router_param_max(server->app->router) + 1) * sizeof(*core->params));
}

void br_core_deinit(br_core *core)
{
    BL_CHECK(core->live_runs == 0);
    while (core->free_runs != NULL) {
        br_run *run = core->free_runs;
        core->free_runs = run->next;
        br_reply_deinit(&run->reply);
        bl_free(run);
    }
    br_reply_deinit(&core->reply);
    bl_buffer_deinit(&core->lines);
    bl_buffer_deinit(&core->scratch);
    br_gzip_destroy(core->gzip);
    bl_free(core->params);
    bl_free(core->woken_workers);
}

br_run *br_run_acquire(br_core *core)
{
    br_run *run = core->free_runs;
    br_reply reply = {0};
    if (run == NULL) {
        run = bl_alloc_aligned(BL_CACHE_LINE, sizeof(*run));
    } else {
        core->free_runs = run->next;
        reply = run->reply;
    }
    *run = (br_run){.context = {BR_CONTEXT_REQUEST, &core->scratch},
                    .home = core,
                    .reply = reply,
                    .lock = ATOMIC_FLAG_INIT};
    br_reply_reset(&run->reply);
    core->live_runs += 1;
    return run;
}

void br_run_release(br_run *run)
{
    br_core *core = run->home;
    BL_CHECK(run->task == NULL);
    run->next = core->free_runs;
    core->free_runs = run;
    core->live_runs -= 1;
}
