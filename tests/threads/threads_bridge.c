// tests/threads/threads_bridge.c: a whole server under the thread sanitizer: two cores, three
// workers, every placement, the session store, waiting handlers, a drain in the middle of it.
//
// A plain program: Criterion does not start under the thread sanitizer. Exits with 77 (skipped)
// where io_uring is missing.
#include "tests/vm_bridge/site.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { CLIENT_COUNT = 4, ROUND_COUNT = 40 };

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
static site served;

static void *run_client(void *argument)
{
    size_t first = (size_t)(uintptr_t)argument;
    int fd = site_dial(&served);
    for (size_t i = 0; fd >= 0 && i < ROUND_COUNT; i++) {
        const question *asked = &QUESTIONS[(first + i) % BL_ARRAY_COUNT(QUESTIONS)];
        char response[2048];
        if (!site_get(fd, asked->path, response, sizeof(response)) ||
            strstr(response, asked->want) == NULL) {
            fprintf(stderr, "client %zu: %s: %s\n", first, asked->path, response);
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

int main(void)
{
    if (!site_start(&served, SOURCE, NULL)) {
        printf("io_uring is missing\n");
        return 77;
    }
    pthread_t clients[CLIENT_COUNT];
    for (size_t i = 0; i < CLIENT_COUNT; i++) {
        if (pthread_create(&clients[i], NULL, run_client, (void *)(uintptr_t)i) != 0) {
            abort();
        }
    }
    for (size_t i = 0; i < CLIENT_COUNT; i++) {
        pthread_join(clients[i], NULL);
    }
    site_stop(&served);
    int failures = atomic_load(&failure_count) + (served.end == BR_DRAINED ? 0 : 1);
    printf("%d passed, %d failed\n", failures == 0, failures);
    return failures != 0;
}
