// tests/vm_bridge/test_gzip.c: who gets a compressed body, and that it is the same inside.
#include "vm_bridge/gzip.h"

#include <criterion/criterion.h>
#include <zlib.h>

typedef struct row {
    const char *accept;
    bool want;
} row;

Test(gzip, is_accepted_by_the_rules)
{
    static const row rows[] = {
        {"", false},
        {"gzip", true},
        {"GZip", true},
        {"x-gzip", true},
        {"deflate, gzip;q=0.8, br", true},
        {"*", true},
        {"identity", false},
        {"not-gzip", false},
        {"gzip;q=0", false},
        {"gzip; q=0.000 , identity", false},
        {"gzip;q=0, *", false},
        {"*;q=0", false},
        {"br, *;q=0.1", true},
        {",,,", false},
        {"gzip;", true},
        {"gzip;q=", true},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i++) {
        cr_assert_eq(br_gzip_is_accepted(bl_slice_of(rows[i].accept)), rows[i].want, "%s",
                     rows[i].accept);
    }
}

typedef struct reply_row {
    const char *name, *lines;
    uint16_t status;
    bool want;
} reply_row;

Test(gzip, fits_what_is_worth_it)
{
    static const reply_row rows[] = {
        {"no type", "", 200, true},
        {"JSON", "Content-Type: application/json\r\n", 200, true},
        {"an image", "content-type: image/png\r\n", 200, false},
        {"an archive", "Content-Type: application/zip\r\n", 200, false},
        {"events", "Content-Type: text/event-stream\r\n", 200, false},
        {"coded already", "Content-Encoding: br\r\n", 200, false},
        {"not to be changed", "Cache-Control: private, no-transform\r\n", 200, false},
        {"a part", "", 206, false},
    };
    static char body[2048];
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i++) {
        br_reply reply = {.status = rows[i].status, .body = {body, sizeof(body)}};
        bl_buffer_append_slice(&reply.lines, bl_slice_of(rows[i].lines));
        cr_assert_eq(br_gzip_fits(&reply), rows[i].want, "%s", rows[i].name);
        br_reply_deinit(&reply);
    }
}

Test(gzip, gives_the_same_bytes_back)
{
    static char body[50000], back[60000];
    br_gzip *gzip = br_gzip_create();
    for (size_t size = 1024; size < sizeof(body); size += 9973) {
        for (size_t i = 0; i < size; i++) {
            body[i] = (char)('a' + i * i % 7);
        }
        br_reply reply = {.status = 200, .body = {body, size}};
        bl_buffer_append_slice(&reply.lines, BL_SLICE("ETag: \"x\"\r\n"));
        br_gzip_reply(gzip, &reply, BL_SLICE("gzip"));
        bl_buffer_append_char(&reply.lines, '\0');
        cr_assert_str_eq(reply.lines.data, "ETag: W/\"x\"\r\nVary: Accept-Encoding\r\n"
                                           "Content-Encoding: gzip\r\n");
        z_stream stream = {.next_in = (unsigned char *)(uintptr_t)reply.body.data,
                           .avail_in = (unsigned)reply.body.size,
                           .next_out = (unsigned char *)back,
                           .avail_out = sizeof(back)};
        cr_assert_eq(inflateInit2(&stream, 15 + 16), Z_OK);
        cr_assert_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
        cr_assert_eq(stream.total_out, size);
        cr_assert_eq(memcmp(back, body, size), 0);
        inflateEnd(&stream);
        br_reply_deinit(&reply);
    }
    br_gzip_destroy(gzip);
}
