// tests/threads/threads_bridge.c: a whole server under the thread sanitizer: two cores, three
// workers, every placement, the session store, waiting handlers, a drain in the middle of it.
//
// A plain program: Criterion does not start under the thread sanitizer. Exits with 77 (skipped)
// where io_uring is missing.
#include "lang/lang.h"
#include "vm_bridge/bridge.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENT_COUNT = 4, ROUND_COUNT = 40, PORT_BASE = 20000 };

static const char SOURCE[] =
    "@prelude(server)\n"
    "fn plain(_req: Request) -> {Http} Result<Response, HttpError> = Ok(Response.ok(\"plain\"))\n"
    "fn user(req: Request) -> {Http} Result<Response, HttpError> =\n"
    "  Ok(Response.ok(\"user ${req.params.id} ${req.state.word}\"))\n"
    "fn nap(_req: Request) -> {Http, Time} Result<Response, HttpError> = {\n"
    "  Time.sleep!(3)\n"
    "  Ok(Response.ok(\"nap\"))\n"
    "}\n"
    "fn keep(req: Request) -> {Http, Session} Result<Response, HttpError> = {\n"
    "  let id = Session.create!({ word: req.params.word })\n"
    "  match Session.get!(id)\n"
    "    Some(data) -> Ok(Response.ok(\"kept ${data.word}\"))\n"
    "    None -> Err(HttpError.internal(\"lost\"))\n"
    "}\n"
    "fn count(n: Int, sum: Int) -> Int = if n == 0 then sum else count(n - 1, sum + n)\n"
    "fn heavy(_req: Request) -> {Http} Result<Response, HttpError> =\n"
    "  Ok(Response.ok(\"sum ${count(300000, 0)}\"))\n"
    "fn stamp(req: Request, next: Unknown) -> {Http} Result<Response, HttpError> = {\n"
    "  let res = next(req)?\n"
    "  Ok(res |> Response.with_header(\"X-Seen\", \"yes\"))\n"
    "}\n"
    "fn main!() -> {Http} () =\n"
    "  Router.new() |> Router.state(\"word\", \"shared\") |> Router.use(stamp)\n"
    "    |> Router.get(\"/plain\", plain) |> Router.get(\"/user/:id\", user)\n"
    "    |> Router.get(\"/nap\", nap) |> Router.get(\"/keep/:word\", keep)\n"
    "    |> Router.get(\"/heavy\", heavy) |> Server.listen!(8080)\n";

typedef struct question {
    const char *path, *want;
} question;

static const question QUESTIONS[] = {
    {"/plain", "plain"},       {"/user/7", "user 7 shared"}, {"/nap", "nap"},
    {"/keep/key", "kept key"}, {"/nope", "Not Found"},       {"/heavy", "sum 45000150000"},
};

static _Atomic(int) failure_count;
static uint16_t port;

static int dial(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    for (int i = 0; i < 2000; i++) {
        if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
            return fd;
        }
        usleep(5000);
    }
    close(fd);
    return -1;
}

// Reads one response of less than 2000 bytes; it is whole when the body's last word is there.
static bool ask(int fd, const question *asked)
{
    char text[2048];
    int size = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: t\r\n\r\n", asked->path);
    if (write(fd, text, (size_t)size) != size) {
        return false;
    }
    size_t filled = 0;
    while (filled < sizeof(text) - 1) {
        ssize_t got = read(fd, text + filled, sizeof(text) - 1 - filled);
        if (got <= 0) {
            return false;
        }
        filled += (size_t)got;
        text[filled] = '\0';
        const char *body = strstr(text, "\r\n\r\n");
        const char *length = strcasestr(text, "content-length: ");
        if (body != NULL && length != NULL &&
            strlen(body + 4) >= (size_t)strtoul(length + 16, NULL, 10)) {
            return strstr(body, asked->want) != NULL;
        }
    }
    return false;
}

static void *run_client(void *argument)
{
    size_t first = (size_t)(uintptr_t)argument;
    int fd = dial();
    for (size_t i = 0; fd >= 0 && i < ROUND_COUNT; i++) {
        const question *asked = &QUESTIONS[(first + i) % BL_ARRAY_COUNT(QUESTIONS)];
        if (!ask(fd, asked)) {
            fprintf(stderr, "client %zu: %s: wrong answer\n", first, asked->path);
            atomic_fetch_add(&failure_count, 1);
            break;
        }
    }
    if (fd < 0) {
        atomic_fetch_add(&failure_count, 1);
    } else {
        close(fd);
    }
    return NULL;
}

static void *run_clients(void *argument)
{
    (void)argument; // Nothing to say.
    pthread_t clients[CLIENT_COUNT];
    for (size_t i = 0; i < CLIENT_COUNT; i++) {
        if (pthread_create(&clients[i], NULL, run_client, (void *)(uintptr_t)i) != 0) {
            abort();
        }
    }
    for (size_t i = 0; i < CLIENT_COUNT; i++) {
        pthread_join(clients[i], NULL);
    }
    kill(getpid(), SIGTERM);
    return NULL;
}

static br_end serve(vm_program *program)
{
    br_launch *launch = br_launch_create();
    vm_thread *thread = vm_thread_create(program, &(vm_config){0});
    vm_task *task = vm_task_begin(thread);
    vm_task_set_user(task, launch);
    vm_task_start(task, (vm_value){.function = program->main, .tag = VM_FUNCTION}, NULL, 0);
    BL_CHECK(vm_task_run(task, 0) == VM_DONE);
    BL_CHECK(br_launch_is_asked(launch));
    br_launch_keep(launch, task);
    br_options options;
    br_options_init(&options);
    char listen[32];
    snprintf(listen, sizeof(listen), "127.0.0.1:%u", port);
    options.listen = listen;
    options.core_count = 2;
    options.worker_count = 3;
    options.pin = false;
    br_end end = br_serve(launch, thread, program, &options);
    br_launch_destroy(launch);
    vm_thread_destroy(thread);
    return end;
}

int main(void)
{
    port = (uint16_t)(PORT_BASE + getpid() % 20000);
    vm_library library = {0};
    vm_library_add_standard(&library);
    br_library_add(&library);
    lang_options options = {.text = {SOURCE, sizeof(SOURCE) - 1}};
    lang_result *result = lang_compile(&library, BL_SLICE("threads.bl"), &options);
    if (result->error_count > 0) {
        bl_buffer lines = {0};
        lang_diagnostics_write_lines(result->diagnostics, &lines);
        fwrite(lines.data, 1, lines.size, stderr);
        return 1;
    }
    vm_program *program = lang_result_take_program(result);
    lang_result_destroy(result);
    // Blocked before there is a second thread, as br_serve does for the threads that it makes.
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    pthread_t clients;
    if (pthread_create(&clients, NULL, run_clients, NULL) != 0) {
        return 1;
    }
    br_end end = serve(program);
    if (end == BR_NO_RING) {
        _exit(77); // The clients would wait in vain.
    }
    pthread_join(clients, NULL);
    vm_program_destroy(program);
    int failures = atomic_load(&failure_count) + (end == BR_DRAINED ? 0 : 1);
    printf("%d passed, %d failed\n", failures == 0, failures);
    return failures != 0;
}
