// engine/chunk.h: decodes a chunked body, byte by byte if need be (RFC 9112 section 7.1). Pure.
//
//     SIZE -> EXTENSION -> SIZE_LF -> DATA -> DATA_CR -> DATA_LF -> SIZE …
//       after the chunk of size 0:  TRAILER_START -> (TRAILER … TRAILER_LF)* -> END_LF -> DONE
//
// Strict: digits only, CRLF everywhere. Extensions are checked for control bytes and dropped, so
// are trailers; both together are bounded, and so is the number of digits.
#ifndef ENGINE_CHUNK_H
#define ENGINE_CHUNK_H

#include "engine/head.h"

typedef struct eng_chunk {
    uint64_t left;     // Bytes of the current chunk still to come.
    uint32_t overhead; // Bytes of extensions and trailers so far.
    uint8_t stage;
    uint8_t digit_count;
    uint8_t error; // eng_http_error.
} eng_chunk;

void eng_chunk_init(eng_chunk *chunk);

// Looks at input from *at on and moves it. MORE: *data is the next piece of the body, a slice of
// input, and not all input may be used up: call again until it is. DONE: *at is behind the body.
eng_progress eng_chunk_next(eng_chunk *chunk, bl_slice input, size_t *at, uint32_t overhead_max,
                            bl_slice *data);

#endif
