// vm_bridge/answer.c: see answer.h.
#include "vm_bridge/answer.h"

#include "vm_bridge/limits.h"

// ---- request ids -----------------------------------------------------------------------------

// Ids are unique over all cores. A busy core takes them in blocks, which double up to a limit, so
// that the shared counter is hardly touched; a calm one takes one at a time, so that people see
// 1, 2, 3.
static uint64_t next_id(br_core *core)
{
    if (core->next_id == core->end_id) {
        int64_t now_ns = eng_core_now_ns(core->engine);
        bool is_busy = now_ns - core->id_time_ns < BR_ID_BLOCK_PAUSE_NS;
        uint64_t block = is_busy ? core->id_block * 2 : 1;
        core->id_block = block > BR_ID_BLOCK_MAX ? BR_ID_BLOCK_MAX : block;
        core->id_time_ns = now_ns;
        core->next_id =
            atomic_fetch_add_explicit(&core->server->next_id, core->id_block, memory_order_relaxed);
        core->end_id = core->next_id + core->id_block;
    }
    return core->next_id++;
}

void br_number(br_core *core, eng_request *request)
{
    if (request->user_word == 0) {
        request->user_word = next_id(core);
    }
}

static bool is_visible(bl_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < 0x21 || text.data[i] > 0x7E) {
            return false;
        }
    }
    return text.size >= 1 && text.size <= BR_ID_SIZE_MAX;
}

static size_t append_number(char *out, uint64_t number)
{
    char digits[20];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    for (size_t i = 0; i < count; i++) {
        out[i] = digits[count - 1 - i];
    }
    return count;
}

bl_slice br_request_id(const br_core *core, const eng_request *request, char *room)
{
    const br_config *config = &core->server->config;
    if (config->id_header.size > 0) {
        bl_slice sent = config->id_is_usual ? eng_request_known(request, ENG_HEADER_X_REQUEST_ID)
                                            : eng_request_find(request, config->id_header);
        if (sent.data != NULL && is_visible(sent)) {
            return sent;
        }
    }
    memcpy(room, "req-", 4);
    return (bl_slice){room, 4 + append_number(room + 4, request->user_word)};
}

// ---- lines of every answer -------------------------------------------------------------------

// Whether the configuration lets the request's origin in.
static bool is_allowed(const br_cors *cors, bl_slice origin)
{
    for (uint32_t i = 0; i < cors->origin_count && origin.data != NULL; i++) {
        if (bl_slice_equal(cors->origins[i], BL_SLICE("*")) ||
            bl_slice_equal(cors->origins[i], origin)) {
            return true;
        }
    }
    return false;
}

static void append_cors(br_core *core, const eng_request *request)
{
    const br_cors *cors = &core->server->config.cors;
    if (cors->is_any && !cors->credentials) {
        bl_buffer_format(&core->lines, "Access-Control-Allow-Origin: *\r\n");
        return;
    }
    bl_slice origin = eng_request_known(request, ENG_HEADER_ORIGIN);
    bl_buffer_format(&core->lines, "Vary: Origin\r\n");
    if (is_allowed(cors, origin)) {
        bl_buffer_format(&core->lines, "Access-Control-Allow-Origin: %.*s\r\n",
                         BL_SLICE_ARG(origin));
        if (cors->credentials) {
            bl_buffer_format(&core->lines, "Access-Control-Allow-Credentials: true\r\n");
        }
    }
}

// The server's own lines, in core->lines.
static void write_lines(br_core *core, eng_request *request)
{
    const br_config *config = &core->server->config;
    core->lines.size = 0;
    br_number(core, request);
    if (config->id_header.size > 0) {
        char room[24];
        bl_slice id = br_request_id(core, request, room);
        char *out = bl_buffer_reserve(&core->lines, config->id_header.size + id.size + 4);
        memcpy(out, config->id_header.data, config->id_header.size);
        out += config->id_header.size;
        *out++ = ':';
        *out++ = ' ';
        memcpy(out, id.data, id.size);
        memcpy(out + id.size, "\r\n", 2);
        core->lines.size = config->id_header.size + id.size + 4;
    }
    if (config->cors.is_on) {
        append_cors(core, request);
    }
}

void br_append_allow(bl_buffer *lines, uint32_t methods)
{
    // In alphabetical order. OPTIONS is answered everywhere, HEAD where there is a GET.
    static const eng_method order[] = {ENG_METHOD_DELETE,  ENG_METHOD_GET,   ENG_METHOD_HEAD,
                                       ENG_METHOD_OPTIONS, ENG_METHOD_PATCH, ENG_METHOD_POST,
                                       ENG_METHOD_PUT};
    uint32_t get = UINT32_C(1) << ENG_METHOD_GET;
    // A WebSocket route is asked for by GET.
    methods |= (methods & (UINT32_C(1) << BR_METHOD_WS)) != 0 ? get : 0;
    methods |= (methods & get) != 0 ? UINT32_C(1) << ENG_METHOD_HEAD : 0;
    methods |= UINT32_C(1) << ENG_METHOD_OPTIONS;
    const char *before = "Allow: ";
    for (size_t i = 0; i < BL_ARRAY_COUNT(order); i++) {
        if ((methods & (UINT32_C(1) << order[i])) != 0) {
            bl_buffer_format(lines, "%s%s", before, eng_method_name(order[i]));
            before = ", ";
        }
    }
    bl_buffer_append(lines, "\r\n", 2);
}

// ---- answers ---------------------------------------------------------------------------------

static void make_response(br_core *core, eng_request *request, br_reply *reply,
                          eng_response *response)
{
    br_log_fault(core, request, reply);
    write_lines(core, request);
    if (reply->wants_allow) {
        uint32_t methods = 0;
        (void)rt_find(core->server->app->router, BR_METHOD_NONE, request->path, core->params,
                      &methods); // No route has this method: only the mask is wanted.
        br_append_allow(&core->lines, methods);
    }
    bl_buffer_append_slice(&reply->lines, bl_buffer_slice(&core->lines));
    *response = (eng_response){.status = reply->status,
                               .close = reply->close,
                               .has_date = reply->has_date,
                               .has_length = reply->has_length,
                               .content_length = reply->content_length,
                               .headers = bl_buffer_slice(&reply->lines),
                               .body = reply->body};
}

void br_answer(br_core *core, eng_request *request, br_reply *reply)
{
    eng_response response;
    make_response(core, request, reply, &response);
    eng_respond(request, &response);
}

static void release_run(void *owner, eng_core *engine)
{
    (void)engine; // The run knows its core.
    br_run_release(owner);
}

void br_answer_run(br_core *core, br_run *run)
{
    eng_request *request = run->request;
    if (eng_request_is_answered(request)) {
        eng_request_release(request);
        release_run(run, core->engine);
        return;
    }
    eng_response response;
    make_response(core, request, &run->reply, &response);
    response.release = release_run;
    response.owner = run;
    eng_complete(request, &response);
}

void br_answer_prepared(br_core *core, eng_request *request, const eng_prepared *prepared)
{
    write_lines(core, request);
    eng_respond_prepared(request, prepared, bl_buffer_slice(&core->lines));
}

static void append_echo(bl_buffer *lines, const char *name, bl_slice value, const char *otherwise)
{
    if (value.size == 0 || !eng_header_is_safe(BL_SLICE("X"), value)) {
        value = bl_slice_of(otherwise);
    }
    bl_buffer_format(lines, "%s: %.*s\r\n", name, BL_SLICE_ARG(value));
}

void br_answer_preflight(br_core *core, eng_request *request, uint32_t methods)
{
    const br_cors *cors = &core->server->config.cors;
    br_reply *reply = &core->reply;
    br_reply_reset(reply);
    reply->status = 204;
    bl_buffer *lines = &reply->lines;
    bool is_star = cors->is_any && !cors->credentials;
    bl_slice origin = eng_request_known(request, ENG_HEADER_ORIGIN);
    if (cors->is_on && !is_star && !is_allowed(cors, origin)) {
        // An origin that is not let in learns nothing.
    } else if (cors->is_on) {
        bl_buffer_format(lines,
                         "Access-Control-Allow-Methods: %.*s\r\n"
                         "Access-Control-Allow-Headers: %.*s\r\n"
                         "Access-Control-Max-Age: %u\r\n",
                         BL_SLICE_ARG(cors->methods), BL_SLICE_ARG(cors->headers), cors->max_age);
    } else {
        append_echo(lines, "Access-Control-Allow-Origin", origin, "*");
        append_echo(lines, "Access-Control-Allow-Methods",
                    eng_request_known(request, ENG_HEADER_ACCESS_CONTROL_REQUEST_METHOD),
                    "GET, POST, PUT, DELETE, PATCH");
        append_echo(lines, "Access-Control-Allow-Headers",
                    eng_request_known(request, ENG_HEADER_ACCESS_CONTROL_REQUEST_HEADERS),
                    "Content-Type");
        bl_buffer_format(lines, "Access-Control-Max-Age: 86400\r\nVary: Origin\r\n");
    }
    if (methods != 0) {
        br_append_allow(lines, methods);
    }
    br_answer(core, request, reply);
}

// ---- log -------------------------------------------------------------------------------------

void br_log_fault(br_core *core, const eng_request *request, const br_reply *reply)
{
    if (reply->fault.size == 0) {
        return;
    }
    char room[24];
    bl_slice id = br_request_id(core, request, room);
    bl_buffer line = {0};
    bl_buffer_format(&line, "[server] Runtime error: %.*s id=%.*s\n", (int)reply->fault.size,
                     reply->fault.data, BL_SLICE_ARG(id));
    br_log_line(core->log, bl_buffer_slice(&line));
    bl_buffer_deinit(&line);
}

static char *put(char *out, bl_slice text)
{
    if (text.size > 0) {
        memcpy(out, text.data, text.size);
    }
    return out + text.size;
}

void br_log_access(br_core *core, const eng_request *request, const eng_done *done)
{
    char room[24];
    bl_slice id = br_request_id(core, request, room);
    bl_slice path = request->path;
    path.size = path.size > BR_LOG_PATH_MAX ? BR_LOG_PATH_MAX : path.size;
    char *line = br_log_reserve(core->log, path.size + request->method_text.size + id.size + 64);
    if (line == NULL) {
        return;
    }
    char *out = put(line, BL_SLICE("[server] "));
    out = put(out, request->method_text);
    *out++ = ' ';
    out = put(out, path);
    *out++ = ' ';
    out += append_number(out, done->status);
    *out++ = ' ';
    out += append_number(out, (uint64_t)(done->duration_ns < 0 ? 0 : done->duration_ns) / 1000000);
    out = put(out, BL_SLICE("ms id="));
    out = put(out, id);
    *out++ = '\n';
    br_log_commit(core->log, (size_t)(out - line));
}
