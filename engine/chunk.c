// engine/chunk.c: see chunk.h.
#include "engine/chunk.h"

#include "engine/chars.h"

typedef enum stage {
    SIZE,
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER_START,
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    END_LF,
    END,
} stage;

#define DIGIT_COUNT_MAX 16 // A 64-bit size; leading zeros count.

void eng_chunk_init(eng_chunk *chunk)
{
    *chunk = (eng_chunk){.stage = SIZE};
}

static bool read_size(eng_chunk *chunk, char c)
{
    int digit = eng_hex_value(c);
    if (digit >= 0) {
        if (chunk->digit_count == DIGIT_COUNT_MAX) {
            return false;
        }
        chunk->left = chunk->left << 4 | (uint64_t)digit;
        chunk->digit_count += 1;
        return true;
    }
    if (chunk->digit_count == 0 || chunk->left > (uint64_t)INT64_MAX) {
        return false;
    }
    if (c == '\r') {
        chunk->stage = SIZE_LF;
    } else if (c == ';') {
        chunk->stage = EXTENSION;
    } else {
        return false;
    }
    return true;
}

static bool expect(eng_chunk *chunk, char c, char wanted, stage next)
{
    chunk->stage = (uint8_t)next;
    return c == wanted;
}

static bool read_trailer_name(eng_chunk *chunk, char c)
{
    if (c == ':') {
        chunk->stage = TRAILER_VALUE;
        return true;
    }
    return eng_is_token_char(c);
}

// One byte that is not data. False: malformed.
static bool step(eng_chunk *chunk, char c)
{
    switch ((stage)chunk->stage) {
    case SIZE:
        return read_size(chunk, c);
    case EXTENSION:
    case TRAILER_VALUE:
        if (c == '\r') {
            chunk->stage = chunk->stage == EXTENSION ? SIZE_LF : TRAILER_LF;
            return true;
        }
        chunk->overhead += 1;
        return eng_is_value_char(c);
    case SIZE_LF:
        return expect(chunk, c, '\n', chunk->left == 0 ? TRAILER_START : DATA);
    case DATA_CR:
        return expect(chunk, c, '\r', DATA_LF);
    case DATA_LF:
        chunk->digit_count = 0;
        return expect(chunk, c, '\n', SIZE);
    case TRAILER_START:
        if (c == '\r') {
            chunk->stage = END_LF;
            return true;
        }
        chunk->stage = TRAILER_NAME;
        chunk->overhead += 1;
        return eng_is_token_char(c);
    case TRAILER_NAME:
        chunk->overhead += 1;
        return read_trailer_name(chunk, c);
    case TRAILER_LF:
        return expect(chunk, c, '\n', TRAILER_START);
    case END_LF:
        return expect(chunk, c, '\n', END);
    case DATA:
    case END:
        break;
    }
    BL_CHECK(false); // Data is taken in slices; nothing is read after the end.
    return false;
}

static bl_slice take_data(eng_chunk *chunk, bl_slice input, size_t *at)
{
    size_t size = input.size - *at;
    if (size > chunk->left) {
        size = (size_t)chunk->left;
    }
    bl_slice data = {input.data + *at, size};
    *at += size;
    chunk->left -= size;
    if (chunk->left == 0) {
        chunk->stage = DATA_CR;
    }
    return data;
}

eng_progress eng_chunk_next(eng_chunk *chunk, bl_slice input, size_t *at, uint32_t overhead_max,
                            bl_slice *data)
{
    *data = (bl_slice){NULL, 0};
    while (*at < input.size) {
        if (chunk->stage == DATA) {
            *data = take_data(chunk, input, at);
            return ENG_MORE;
        }
        bool is_fine = step(chunk, input.data[*at]);
        if (!is_fine || chunk->overhead > overhead_max) {
            chunk->error = is_fine ? (uint8_t)ENG_HTTP_CHUNK_OVERHEAD : (uint8_t)ENG_HTTP_CHUNK;
            return ENG_ERROR;
        }
        *at += 1;
        if (chunk->stage == END) {
            return ENG_DONE;
        }
    }
    return ENG_MORE;
}
