// tests/vm_bridge/test_reply.c: what handlers return, as status, header lines and body.
#include "vm_bridge/reply.h"
#include "vm_bridge/words.h"

#include <criterion/criterion.h>
#include <time.h>

static vm_heap *heap;
static vm_block_pool *blocks;
static br_reply reply;

static void make_heap(void)
{
    blocks = vm_block_pool_create();
    heap = vm_heap_create(blocks, 1u << 20);
}

static void drop_heap(void)
{
    br_reply_deinit(&reply);
    vm_heap_destroy(heap);
    vm_block_pool_destroy(blocks);
}

TestSuite(reply, .init = make_heap, .fini = drop_heap);

static vm_value text_of(const char *text)
{
    return vm_string_slice(heap, bl_slice_of(text));
}

typedef struct header {
    const char *name, *value;
} header;

static vm_value response_of(vm_value status, const header *headers, vm_value body)
{
    vm_value list = vm_list_make(heap, 0);
    for (; headers != NULL && headers->name != NULL; headers++) {
        vm_value pair[] = {text_of(headers->name), text_of(headers->value)};
        list = vm_list_push(heap, list, vm_tuple_make(heap, pair, 2));
    }
    vm_value fields[] = {body, list, status};
    return vm_record_make(heap, &br_shape_response.shape, fields);
}

static void check(const char *name, vm_value value, bool is_head, uint16_t status,
                  const char *lines, const char *body)
{
    br_reply_render(&reply, value, is_head, BL_SLICE("x-request-id"));
    cr_assert_eq(reply.status, status, "%s: status %u", name, reply.status);
    cr_assert(bl_slice_equal(bl_buffer_slice(&reply.lines), bl_slice_of(lines)), "%s: %.*s", name,
              (int)reply.lines.size, reply.lines.data);
    cr_assert(bl_slice_equal(reply.body, bl_slice_of(body)), "%s: %.*s", name,
              BL_SLICE_ARG(reply.body));
    vm_drop(heap, value);
}

typedef struct header_row {
    const char *name;
    header headers[4];
    const char *lines;
} header_row;

#define TEXT_TYPE "Content-Type: text/plain; charset=utf-8\r\n"

Test(reply, headers)
{
    static const header_row rows[] = {
        {"none", {{NULL, NULL}}, TEXT_TYPE},
        {"own type", {{"content-type", "a/b"}}, "content-type: a/b\r\n"},
        {"last of single ones",
         {{"Content-Type", "a/b"}, {"X-A", "1"}, {"content-type", "c/d"}},
         "X-A: 1\r\ncontent-type: c/d\r\n"},
        {"several equal ones", {{"X-A", "1"}, {"X-A", "2"}}, TEXT_TYPE "X-A: 1\r\nX-A: 2\r\n"},
        {"framing", {{"Content-Length", "3"}, {"Transfer-Encoding", "x"}}, TEXT_TYPE},
        {"the server's id", {{"X-Request-Id", "mine"}}, TEXT_TYPE},
        {"connection", {{"Connection", "foo, Close"}}, TEXT_TYPE},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i++) {
        vm_value value = response_of(vm_int(200), rows[i].headers, text_of("hi"));
        check(rows[i].name, vm_ok(heap, value), false, 200, rows[i].lines, "hi");
    }
    cr_assert(reply.close);
}

#define FAULT "{\"error\":\"Internal Server Error\",\"message\":\"Handler runtime error\"}"
#define JSON_TYPE "Content-Type: application/json\r\n"

Test(reply, what_cannot_be_sent)
{
    static const header_row rows[] = {
        {"a line end in a value", {{"X-A", "1\r\nSet-Cookie: x"}}, NULL},
        {"a blank in a name", {{"X A", "1"}}, NULL},
        {"an empty name", {{"", "1"}}, NULL},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i++) {
        vm_value value = response_of(vm_int(200), rows[i].headers, text_of("hi"));
        check(rows[i].name, vm_ok(heap, value), false, 500, JSON_TYPE, FAULT);
        cr_assert_gt(reply.fault.size, 0);
    }
    check("status 99", response_of(vm_int(99), NULL, text_of("")), false, 500, JSON_TYPE, FAULT);
    check("status 1000", response_of(vm_int(1000), NULL, text_of("")), false, 500, JSON_TYPE,
          FAULT);
    check("no Int", response_of(text_of("200"), NULL, text_of("")), false, 500, JSON_TYPE, FAULT);
}

Test(reply, shapes)
{
    check("a bare record", response_of(vm_int(201), NULL, text_of("")), false, 201, "", "");
    vm_value record = response_of(vm_int(418), NULL, text_of(""));
    check("Err of a record", vm_err(heap, record), false, 418, "", "");
    check("Err of text", vm_err(heap, text_of("out of ink")), false, 500,
          "Content-Type: text/plain\r\n", "out of ink");
    check("Ok of no record", vm_ok(heap, vm_int(1)), false, 500, "Content-Type: text/plain\r\n",
          "Handler returned non-record");
    check("a number", vm_int(42), false, 200, "Content-Type: text/plain\r\n", "42");
    vm_value body = response_of(vm_int(200), NULL, vm_int(7));
    check("a body that is no String", body, false, 200, JSON_TYPE, "7");
    vm_value name = text_of("NotFound");
    vm_ctor *ctor = vm_ctor_dynamic(heap, vm_text(name));
    vm_drop(heap, name);
    vm_value message = text_of("no \"such\"");
    check("HttpError", vm_variant_make(heap, ctor, &message, 1), false, 404, JSON_TYPE,
          "{\"error\":\"Not Found\",\"message\":\"no \\\"such\\\"\",\"status\":404}");
}

Test(reply, ten_thousand_take_no_time)
{
    static const header headers[] = {{"X-A", "1"}, {"X-B", "2"}, {NULL, NULL}};
    vm_value value = vm_ok(heap, response_of(vm_int(200), headers, text_of("Hello, World!")));
    br_reply_render(&reply, value, false, BL_SLICE("x-request-id"));
    uint64_t allocations = bl_alloc_count();
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int i = 0; i < 10000; i++) {
        br_reply_render(&reply, value, false, BL_SLICE("x-request-id"));
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    double ms =
        (double)(end.tv_sec - start.tv_sec) * 1e3 + (double)(end.tv_nsec - start.tv_nsec) / 1e6;
    cr_log_info("10000 responses: %.3f ms", ms);
    cr_assert_eq(bl_alloc_count(), allocations);
    cr_assert_lt(ms, 100.0);
    vm_drop(heap, value);
}
