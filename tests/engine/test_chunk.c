// tests/engine/test_chunk.c: chunked bodies, cut everywhere; malformed ones are test_http.c's.
#include "engine/chunk.h"

#include <criterion/criterion.h>
#include <stdio.h>

typedef struct chunk_row {
    const char *name, *input, *body;
    size_t rest_size; // Bytes behind the body.
    int error;        // -1: none.
} chunk_row;

static const chunk_row ROWS[] = {
    {"empty", "0\r\n\r\n", "", 0, -1},
    {"one", "3\r\nabc\r\n0\r\n\r\n", "abc", 0, -1},
    {"rest", "3\r\nabc\r\n0\r\n\r\nGET", "abc", 3, -1},
    {"hex", "A\r\n0123456789\r\n0b;x\r\nabcdefghijk\r\n0\r\n\r\n", "0123456789abcdefghijk", 0, -1},
    {"trailers", "1\r\na\r\n0\r\nA: b\r\nC:\r\n\r\n", "a", 0, -1},
    {"16 digits", "0000000000000001\r\na\r\n0\r\n\r\n", "a", 0, -1},
    {"17 digits", "00000000000000001\r\na\r\n0\r\n\r\n", "", 0, ENG_HTTP_CHUNK},
    {"long extension", "1;0123456789012345678901234567890123456789\r\na\r\n", "", 0,
     ENG_HTTP_CHUNK_OVERHEAD},
    {"long trailer", "0\r\nX: 0123456789012345678901234567890123456789\r\n\r\n", "", 0,
     ENG_HTTP_CHUNK_OVERHEAD},
    {"no CRLF", "1\r\nab\r\n", "a", 0, ENG_HTTP_CHUNK},
    {"bare LF", "1\na\r\n", "", 0, ENG_HTTP_CHUNK},
};

static eng_progress feed(eng_chunk *chunk, bl_slice input, size_t *at, bl_buffer *body)
{
    eng_progress progress = ENG_MORE;
    while (progress == ENG_MORE && *at < input.size) {
        bl_slice data;
        progress = eng_chunk_next(chunk, input, at, 32, &data);
        bl_buffer_append_slice(body, data);
    }
    return progress;
}

static void check(const chunk_row *row, size_t cut)
{
    bl_slice input = bl_slice_of(row->input);
    eng_chunk chunk;
    eng_chunk_init(&chunk);
    bl_buffer body = {NULL, 0, 0};
    size_t at = 0;
    eng_progress progress = feed(&chunk, (bl_slice){input.data, cut}, &at, &body);
    if (progress == ENG_MORE) {
        progress = feed(&chunk, input, &at, &body);
    }
    cr_assert_eq(progress, row->error < 0 ? ENG_DONE : ENG_ERROR, "%s at %zu", row->name, cut);
    cr_assert(bl_slice_equal(bl_buffer_slice(&body), bl_slice_of(row->body)), "%s at %zu",
              row->name, cut);
    if (row->error < 0) {
        cr_assert_eq(input.size - at, row->rest_size, "%s at %zu", row->name, cut);
    } else {
        cr_assert_eq(chunk.error, row->error, "%s at %zu", row->name, cut);
    }
    bl_buffer_deinit(&body);
}

Test(chunk, decoded_however_cut)
{
    for (size_t i = 0; i < BL_ARRAY_COUNT(ROWS); i++) {
        for (size_t cut = 0; cut <= strlen(ROWS[i].input); cut++) {
            check(&ROWS[i], cut);
        }
    }
}
