// vm/std/http.c: the module Http.
//
// A request runs in a thread of its own (names are looked up by the C library, which blocks), and
// the fiber that asked looks every few milliseconds whether it has ended: so only that fiber
// waits. Jobs live in a table and are known by number: a fiber that is cancelled leaves
// its job behind, and the next one that needs a place throws out what nobody has taken.
#include <pthread.h>
#include <signal.h>

#include "vm/std/http_client.h"
#include "vm/std/modules.h"
#include "vm/std/std.h"
#include "vm/std/text.h"
#include "vm/std/time.h"
#include "vm/vm.h"

static const char source[] = "fn get(url: Unknown) -> Unknown =\n"
                             "  Http.internal_wait(Http.internal_start(\"GET\", url, ()))\n"
                             "fn delete(url: Unknown) -> Unknown =\n"
                             "  Http.internal_wait(Http.internal_start(\"DELETE\", url, ()))\n"
                             "fn post(url: Unknown, body: Unknown) -> Unknown =\n"
                             "  Http.internal_wait(Http.internal_start(\"POST\", url, body))\n"
                             "fn put(url: Unknown, body: Unknown) -> Unknown =\n"
                             "  Http.internal_wait(Http.internal_start(\"PUT\", url, body))\n"
                             "fn request(record: Unknown) -> Unknown =\n"
                             "  Http.internal_wait(Http.internal_request(record))\n"
                             "fn internal_wait(job: Unknown) -> Unknown =\n"
                             "  if Http.internal_is_done(job) then Http.internal_take(job) else {\n"
                             "    Http.internal_pause(job)\n"
                             "    Http.internal_wait(job)\n"
                             "  }\n";

enum {
    JOBS_MAX = 256,     // At a time, of the whole process.
    UNTAKEN_MS = 60000, // After that a job that has ended is nobody's.
    PAUSE_MS = 2,       // Between two looks at a job.
    THREAD_STACK_SIZE = 256 * 1024,
};

typedef enum job_state { JOB_FREE, JOB_RUNNING, JOB_DONE } job_state;

typedef struct http_job {
    job_state state;
    uint32_t generation; // Of the place: part of the number.
    bool has_answer;
    int64_t done_ms;
    std_http_request request;
    std_http_answer answer;
} http_job;

static struct {
    pthread_mutex_t lock; // Of state, generation and done_ms of all jobs.
    http_job jobs[JOBS_MAX];
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

// ---- jobs ------------------------------------------------------------------------------------

static void clear_request(std_http_request *request)
{
    bl_free(request->url);
    bl_buffer_deinit(&request->headers);
    bl_buffer_deinit(&request->body);
    memset(request, 0, sizeof(*request));
}

static void clear_job(http_job *job)
{
    clear_request(&job->request);
    bl_buffer_deinit(&job->answer.head);
    bl_buffer_deinit(&job->answer.body);
    memset(&job->answer, 0, sizeof(job->answer));
    job->state = JOB_FREE;
    job->generation += 1;
}

// The lock is held. NULL: all places are taken.
static http_job *find_place(void)
{
    int64_t now = std_monotonic_ms();
    for (size_t i = 0; i < JOBS_MAX; i++) {
        http_job *job = &table.jobs[i];
        if (job->state == JOB_DONE && now - job->done_ms > UNTAKEN_MS) {
            clear_job(job);
        }
        if (job->state == JOB_FREE) {
            return job;
        }
    }
    return NULL;
}

static void *run_job(void *argument)
{
    http_job *job = argument;
    bool has_answer = std_http_perform(&job->request, &job->answer);
    pthread_mutex_lock(&table.lock);
    job->has_answer = has_answer;
    job->done_ms = std_monotonic_ms();
    job->state = JOB_DONE;
    pthread_mutex_unlock(&table.lock);
    return NULL;
}

static bool start_thread(http_job *job)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, THREAD_STACK_SIZE);
    pthread_sigmask(SIG_SETMASK, &all, &before); // Signals are the others' matter.
    int status = pthread_create(&thread, &attributes, run_job, job);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return status == 0;
}

// Begins the request, which is moved; *result: the job's number.
static vm_status start(vm_task *task, std_http_request *request, vm_value *result)
{
    pthread_mutex_lock(&table.lock);
    http_job *job = find_place();
    if (job != NULL) {
        job->request = *request;
        job->state = JOB_RUNNING;
        if (!start_thread(job)) {
            memset(&job->request, 0, sizeof(job->request)); // Still the caller's.
            job->state = JOB_FREE;
            job = NULL;
        }
    }
    int64_t number = job != NULL ? (int64_t)job->generation * JOBS_MAX + (job - table.jobs) : 0;
    pthread_mutex_unlock(&table.lock);
    if (job == NULL) {
        vm_status status = vm_fail(
            task, "Http request failed for \"%s\": too many requests at a time", request->url);
        clear_request(request);
        return status;
    }
    return std_give(result, vm_int(number));
}

// NULL: there is no such job any more.
static http_job *find_job(vm_value number)
{
    http_job *job = &table.jobs[number.integer % JOBS_MAX];
    return job->generation == (uint32_t)(number.integer / JOBS_MAX) ? job : NULL;
}

// ---- requests --------------------------------------------------------------------------------

static char *copy_text(bl_slice text)
{
    char *copy = bl_alloc(text.size + 1);
    memcpy(copy, text.data, text.size);
    copy[text.size] = 0;
    return copy;
}

static bool has_header(const std_http_request *request, bl_slice wanted)
{
    bl_slice name;
    bl_slice value;
    for (size_t at = 0;
         std_http_next_header(bl_buffer_slice(&request->headers), &at, &name, &value);) {
        if (bl_slice_equal_nocase(name, wanted)) {
            return true;
        }
    }
    return false;
}

static void set_body(std_http_request *request, bl_slice body)
{
    request->has_body = true;
    bl_buffer_append_slice(&request->body, body);
    if (!has_header(request, BL_SLICE("content-type"))) {
        bl_buffer_append_slice(&request->headers,
                               BL_SLICE("Content-Type: text/plain; charset=utf-8\r\n"));
    }
}

static vm_status http_internal_start(vm_task *task, vm_value *args, vm_value *result)
{
    static const char *const methods[] = {"GET", "DELETE", "POST", "PUT"};
    static const char *const names[] = {"get", "delete", "post", "put"};
    size_t which = 0;
    while (!bl_slice_equal(bl_slice_of(methods[which]), vm_text(args[0]))) {
        which += 1;
        BL_CHECK(which < BL_ARRAY_COUNT(methods)); // Our own source says which.
    }
    bool takes_body = which >= 2;
    if (!std_is_string(args[1]) || (takes_body && !std_is_string(args[2]))) {
        return vm_fail(task, "Http.%s!: expected %s", names[which],
                       takes_body ? "(String, String)" : "String");
    }
    std_http_request request = {.method = methods[which], .url = copy_text(vm_text(args[1]))};
    if (takes_body) {
        set_body(&request, vm_text(args[2]));
    }
    return start(task, &request, result);
}

// Headers that the client writes itself.
static bool is_own_header(bl_slice name)
{
    return bl_slice_equal_nocase(name, BL_SLICE("host")) ||
           bl_slice_equal_nocase(name, BL_SLICE("content-length")) ||
           bl_slice_equal_nocase(name, BL_SLICE("transfer-encoding")) ||
           bl_slice_equal_nocase(name, BL_SLICE("connection"));
}

static bool is_token(bl_slice name)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        bool is_alphanumeric =
            (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!is_alphanumeric && (c == 0 || strchr(marks, c) == NULL)) {
            return false;
        }
    }
    return name.size > 0;
}

static bool is_header_value(bl_slice value)
{
    for (size_t i = 0; i < value.size; i++) {
        unsigned char c = (unsigned char)value.data[i];
        if ((c < 0x20 && c != '\t') || c == 0x7F) {
            return false;
        }
    }
    return true;
}

// A list of (name, value); false: something in it is none, or would break the message.
static bool add_headers(std_http_request *request, vm_value list)
{
    if (list.tag != VM_LIST) {
        return false;
    }
    const vm_value *items = vm_list_items(list.list);
    for (uint32_t i = 0; i < list.list->size; i++) {
        if (items[i].tag != VM_TUPLE || items[i].tuple->size != 2 ||
            !std_is_string(items[i].tuple->items[0]) || !std_is_string(items[i].tuple->items[1])) {
            return false;
        }
        bl_slice name = vm_text(items[i].tuple->items[0]);
        bl_slice value = vm_text(items[i].tuple->items[1]);
        if (!is_token(name) || !is_header_value(value)) {
            return false;
        }
        if (!is_own_header(name)) {
            bl_buffer_append_slice(&request->headers, name);
            bl_buffer_append_slice(&request->headers, BL_SLICE(": "));
            bl_buffer_append_slice(&request->headers, value);
            bl_buffer_append_slice(&request->headers, BL_SLICE("\r\n"));
        }
    }
    return true;
}

// The method in upper case; NULL: not supported.
static const char *known_method(bl_slice name, bool *takes_body)
{
    static const char *const methods[] = {"GET", "HEAD", "DELETE", "POST", "PUT", "PATCH"};
    for (size_t i = 0; i < BL_ARRAY_COUNT(methods); i++) {
        if (bl_slice_equal_nocase(name, bl_slice_of(methods[i]))) {
            *takes_body = i >= 3;
            return methods[i];
        }
    }
    return NULL;
}

static vm_status fail_method(vm_task *task, bl_slice name)
{
    bl_buffer upper = {0};
    std_append_upper(&upper, name);
    vm_status status = vm_fail(task, "Http.request! unsupported method: %.*s",
                               BL_SLICE_ARG(bl_buffer_slice(&upper)));
    bl_buffer_deinit(&upper);
    return status;
}

static vm_status http_internal_request(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_RECORD) {
        return vm_fail_type(task, "Http.request!", "record", args[0]);
    }
    const vm_record *record = args[0].record;
    const vm_value *url = vm_record_field(record, BL_SLICE("url"));
    const vm_value *method = vm_record_field(record, BL_SLICE("method"));
    const vm_value *headers = vm_record_field(record, BL_SLICE("headers"));
    const vm_value *body = vm_record_field(record, BL_SLICE("body"));
    if (method == NULL || !std_is_string(*method)) {
        return vm_fail(task, "Http.request! Request record must have 'method' field (String)");
    }
    if (url == NULL || !std_is_string(*url)) {
        return vm_fail(task, "Http.request! Request record must have 'url' field (String)");
    }
    bool takes_body = false;
    const char *name = known_method(vm_text(*method), &takes_body);
    if (name == NULL) {
        return fail_method(task, vm_text(*method));
    }
    std_http_request request = {.method = name, .url = copy_text(vm_text(*url))};
    if (headers != NULL && headers->tag != VM_UNIT && !add_headers(&request, *headers)) {
        vm_status status =
            vm_fail(task, "Http request failed for \"%s\": invalid headers", request.url);
        clear_request(&request);
        return status;
    }
    if (takes_body) {
        bool has_body = body != NULL && std_is_string(*body);
        set_body(&request, has_body ? vm_text(*body) : BL_SLICE(""));
    }
    return start(task, &request, result);
}

// ---- answers ---------------------------------------------------------------------------------

static vm_status http_internal_is_done(vm_task *task, vm_value *args, vm_value *result)
{
    (void)task; // Cannot fail.
    pthread_mutex_lock(&table.lock);
    const http_job *job = find_job(args[0]);
    bool is_done = job == NULL || job->state != JOB_RUNNING;
    pthread_mutex_unlock(&table.lock);
    return std_give(result, vm_bool(is_done));
}

static vm_status http_internal_pause(vm_task *task, vm_value *args, vm_value *result)
{
    (void)args;   // Every job is looked at in the same rhythm.
    (void)result; // Given when the fiber wakes.
    return vm_park_until(task, std_monotonic_ms() + PAUSE_MS);
}

static vm_value lower_case(vm_heap *heap, bl_slice name)
{
    vm_value made = std_string_lossy(heap, name);
    char *data = (char *)(uintptr_t)made.string->data;
    for (size_t i = 0; i < name.size; i++) {
        data[i] = data[i] >= 'A' && data[i] <= 'Z' ? (char)(data[i] | 0x20) : data[i];
    }
    return made;
}

static vm_value make_headers(vm_heap *heap, bl_slice head)
{
    vm_value list = vm_list_make(heap, 8);
    bl_slice name;
    bl_slice value;
    for (size_t at = 0; std_http_next_header(head, &at, &name, &value);) {
        vm_value pair[2] = {lower_case(heap, name), std_string_lossy(heap, value)};
        list = vm_list_push(heap, list, vm_tuple_make(heap, pair, 2));
    }
    return list;
}

static vm_status make_answer(vm_task *task, const http_job *job, vm_value *result)
{
    vm_heap *heap = vm_task_heap(task);
    bl_slice body = bl_buffer_slice(&job->answer.body);
    if (!job->has_answer) {
        return vm_fail(task, "Http request failed for \"%s\": %s", job->request.url,
                       job->answer.reason);
    }
    if (!bl_utf8_is_valid(body)) {
        return vm_fail(task, "Failed to read response body: stream did not contain valid UTF-8");
    }
    if (std_check_size(task, "Http response body", body.size) != VM_OK) {
        return VM_FAIL;
    }
    vm_value names[3] = {std_ascii(heap, "body", 4), std_ascii(heap, "headers", 7),
                         std_ascii(heap, "status", 6)};
    vm_value values[3] = {vm_string_slice(heap, body),
                          make_headers(heap, bl_buffer_slice(&job->answer.head)),
                          vm_int(job->answer.status)};
    return std_give(result, vm_record_from(heap, names, values, 3));
}

static vm_status http_internal_take(vm_task *task, vm_value *args, vm_value *result)
{
    pthread_mutex_lock(&table.lock);
    http_job *job = find_job(args[0]);
    http_job taken = {0};
    if (job != NULL) {
        taken = *job;
        memset(&job->request, 0, sizeof(job->request)); // Moved.
        memset(&job->answer, 0, sizeof(job->answer));
        clear_job(job);
    }
    pthread_mutex_unlock(&table.lock);
    if (job == NULL) {
        return vm_fail(task, "Http request failed: its answer was not taken in time");
    }
    vm_status status = make_answer(task, &taken, result);
    clear_job(&taken);
    return status;
}

static vm_native natives[] = {
#include "vm/std/http.def"
};

vm_module std_http_module = {
    .name = "Http",
    .alias = "http",
    .effect = "Http",
    .prelude = VM_PRELUDE_SCRIPT,
    .natives = natives,
    .native_count = BL_ARRAY_COUNT(natives),
    .source = source,
};
