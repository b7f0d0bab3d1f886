// tests/vm_bridge/test_serve.c: a program behind the engine: placements, faults of handlers,
// overload, and what a request allocates.
#include "tests/vm_bridge/site.h"

#include <criterion/criterion.h>
#include <time.h>
#include <unistd.h>

static const char SOURCE[] =
    "@prelude(server)\n"
    "fn plain(_req: Request) -> {Http} Result<Response, HttpError> =\n"
    "  Ok(Response.json({ a: 1 }))\n"
    "fn user(req: Request) -> {Http} Result<Response, HttpError> =\n"
    "  Ok(Response.json({ id: req.params.id, name: \"User ${req.params.id}\" }))\n"
    "fn echo(req: Request) -> {Http} Result<Response, HttpError> = Ok(Response.ok(req.body))\n"
    "fn count(n: Int, sum: Int) -> Int = if n == 0 then sum else count(n - 1, sum + n)\n"
    "fn heavy(_req: Request) -> {Http} Result<Response, HttpError> =\n"
    "  Ok(Response.ok(\"sum ${count(1000000, 0)}\"))\n"
    "fn forever(n: Int) -> Int = if n < 0 then n else forever(n + 0)\n"
    "fn stuck(_req: Request) -> {Http} Result<Response, HttpError> =\n"
    "  Ok(Response.ok(\"${forever(1)}\"))\n"
    "fn acted(_req: Request) -> {Http, Log} Result<Response, HttpError> = {\n"
    "  Log.debug!(\"once\")\n"
    "  Ok(Response.ok(\"acted ${count(1000000, 0)}\"))\n"
    "}\n"
    "fn deep(n: Int) -> Int = 1 + deep(n + 1)\n"
    "fn recurse(_req: Request) -> {Http} Result<Response, HttpError> =\n"
    "  Ok(Response.ok(\"${deep(0)}\"))\n"
    "fn eat(list: List<Int>) -> List<Int> = eat(list ++ list)\n"
    "fn hungry(_req: Request) -> {Http} Result<Response, HttpError> =\n"
    "  Ok(Response.ok(\"${List.length(eat([1, 2, 3]))}\"))\n"
    "fn zero(req: Request) -> {Http} Result<Response, HttpError> =\n"
    "  Ok(Response.ok(\"${1 / String.length(req.body)}\"))\n"
    "fn nap(_req: Request) -> {Http, Time} Result<Response, HttpError> = {\n"
    "  Time.sleep!(100)\n"
    "  Ok(Response.ok(\"nap\"))\n"
    "}\n"
    "fn main!() -> {Http} () =\n"
    "  Router.new() |> Router.get(\"/plain\", plain) |> Router.get(\"/user/:id\", user)\n"
    "    |> Router.post(\"/echo\", echo) |> Router.get(\"/heavy\", heavy)\n"
    "    |> Router.get(\"/stuck\", stuck) |> Router.get(\"/acted\", acted)\n"
    "    |> Router.get(\"/recurse\", recurse) |> Router.get(\"/hungry\", hungry)\n"
    "    |> Router.get(\"/zero\", zero) |> Router.get(\"/nap\", nap) |> Server.listen!(8080)\n";

static const char FAULT[] = "{\"error\":\"Internal Server Error\","
                            "\"message\":\"Handler runtime error\"}";

typedef struct row {
    const char *path, *want;
} row;

static void check_rows(const site *served, const row *rows, size_t count)
{
    int fd = site_dial(served);
    for (size_t i = 0; i < count; i++) {
        char response[4096];
        cr_assert(site_get(fd, rows[i].path, response, sizeof(response)), "%s", rows[i].path);
        cr_assert_not_null(strstr(response, rows[i].want), "%s: %s", rows[i].path, response);
    }
    close(fd);
}

static const row ROWS[] = {
    {"/plain", "{\"a\":1}"},
    {"/user/7", "{\"id\":\"7\",\"name\":\"User 7\"}"},
    {"/heavy", "sum 500000500000"},
    {"/heavy", "sum 500000500000"},
    {"/acted", "acted 500000500000"},
    {"/recurse", FAULT},
    {"/hungry", FAULT},
    {"/zero", FAULT},
    {"/nap", "nap"},
    {"/nope", "{\"error\":\"Not Found\",\"path\":\"/nope\"}"},
    {"/user/8", "{\"id\":\"8\",\"name\":\"User 8\"}"},
};

Test(serve, answers_from_every_placement)
{
    for (int all_on_workers = 0; all_on_workers < 2; all_on_workers++) {
        br_options options = site_options();
        options.all_on_workers = all_on_workers == 1;
        site served;
        if (!site_start(&served, SOURCE, &options)) {
            cr_skip_test("io_uring is missing");
        }
        check_rows(&served, ROWS, BL_ARRAY_COUNT(ROWS));
        site_stop(&served);
        cr_assert_eq(served.end, BR_DRAINED);
    }
}

Test(serve, stops_a_handler_that_never_ends)
{
    br_options options = site_options();
    options.limits.handler_timeout_ms = (br_setting){true, 200};
    site served;
    if (!site_start(&served, SOURCE, &options)) {
        cr_skip_test("io_uring is missing");
    }
    static const row rows[] = {{"/stuck", FAULT}, {"/plain", "{\"a\":1}"}, {"/stuck", FAULT}};
    check_rows(&served, rows, BL_ARRAY_COUNT(rows));
    site_stop(&served);
    cr_assert_eq(served.end, BR_DRAINED);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum { NAP_COUNT = 40 };

static void send_text(int fd, const char *text)
{
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

Test(serve, sleeping_handlers_hold_no_worker)
{
    br_options options = site_options();
    options.worker_count = 1;
    site served;
    if (!site_start(&served, SOURCE, &options)) {
        cr_skip_test("io_uring is missing");
    }
    int fds[NAP_COUNT];
    int64_t start = now_ms();
    for (int i = 0; i < NAP_COUNT; i++) {
        fds[i] = site_dial(&served);
        send_text(fds[i], "GET /nap HTTP/1.1\r\nHost: t\r\n\r\n");
    }
    for (int i = 0; i < NAP_COUNT; i++) {
        char response[1024];
        ssize_t got = read(fds[i], response, sizeof(response) - 1);
        cr_assert_gt(got, 0);
        response[got] = '\0';
        cr_assert_not_null(strstr(response, "200 OK"));
        close(fds[i]);
    }
    // One after the other they would take four seconds.
    cr_assert_lt(now_ms() - start, 2000);
    site_stop(&served);
}

Test(serve, says_503_when_too_many_wait)
{
    br_options options = site_options();
    options.worker_count = 1;
    options.waiting_max = 2;
    site served;
    if (!site_start(&served, SOURCE, &options)) {
        cr_skip_test("io_uring is missing");
    }
    int fds[8];
    int refused = 0;
    for (int i = 0; i < 8; i++) {
        fds[i] = site_dial(&served);
        send_text(fds[i], "GET /nap HTTP/1.1\r\nHost: t\r\n\r\n");
    }
    for (int i = 0; i < 8; i++) {
        char response[1024];
        ssize_t got = read(fds[i], response, sizeof(response) - 1);
        cr_assert_gt(got, 0);
        response[got] = '\0';
        bool is_refused = strstr(response, "503 Service Unavailable") != NULL;
        cr_assert(is_refused || strstr(response, "200 OK") != NULL, "%s", response);
        cr_assert(!is_refused || strstr(response, "Retry-After: 1") != NULL, "%s", response);
        refused += is_refused;
        close(fds[i]);
    }
    cr_assert_eq(refused, 6);
    site_stop(&served);
}

Test(serve, usual_requests_allocate_nothing)
{
#ifdef __SANITIZE_ADDRESS__
    cr_skip_test("under AddressSanitizer every object is an allocation of its own");
#endif
    for (int all_on_workers = 0; all_on_workers < 2; all_on_workers++) {
        br_options options = site_options();
        options.core_count = 1;
        options.worker_count = 1;
        options.all_on_workers = all_on_workers == 1;
        site served;
        if (!site_start(&served, SOURCE, &options)) {
            cr_skip_test("io_uring is missing");
        }
        static const char *const requests[] = {
            "GET /plain HTTP/1.1\r\nHost: t\r\n\r\n",
            "GET /user/42 HTTP/1.1\r\nHost: t\r\nAccept: */*\r\n\r\n",
            "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello",
        };
        int fd = site_dial(&served);
        uint64_t warm = 0;
        for (int round = 0; round < 200; round++) {
            for (size_t i = 0; i < BL_ARRAY_COUNT(requests); i++) {
                char response[1024];
                cr_assert(site_ask(fd, requests[i], response, sizeof(response)));
            }
            warm = round == 50 ? bl_alloc_count() : warm;
        }
        cr_assert_eq(bl_alloc_count(), warm, "%llu allocations in 450 requests",
                     (unsigned long long)(bl_alloc_count() - warm));
        close(fd);
        site_stop(&served);
    }
}
