// engine/out.h: what a connection still has to send: a queue of segments.
//
// A segment is a pooled block that responses are written into, or bytes that belong to somebody
// else and are given back by a call. The kernel may be reading the first bytes of the queue (the
// ones of the send under way) while more are written behind them: a block is only ever appended
// to, and freed when all of it has been taken.
//
//     first                                     last
//     [ sent | in the kernel ]->[ reference ]->[ written | room ]
#ifndef ENGINE_OUT_H
#define ENGINE_OUT_H

#include "engine/engine.h"

#include <sys/uio.h>

#define ENG_BLOCK_SIZE 8192

typedef struct eng_segment {
    struct eng_segment *next;
    char *data;                                   // The first byte that is not sent yet.
    size_t size;                                  // Bytes not sent yet.
    size_t room;                                  // Bytes that may be appended.
    void (*release)(void *owner, eng_core *core); // Of bytes that are somebody else's.
    void *owner;
    uint8_t kind;
} eng_segment;

typedef struct eng_out {
    eng_segment *first, *last;
    size_t unsent_size; // In all segments.
} eng_out;

// Where segments come from; one for each core.
typedef struct eng_out_pool {
    bl_pool blocks;
    bl_pool references;
    eng_core *core; // For release calls.
} eng_out_pool;

void eng_out_pool_init(eng_out_pool *pool, eng_core *core);
void eng_out_pool_deinit(eng_out_pool *pool); // All segments must be back.

// Room for size bytes in one piece; nothing is written until eng_out_commit().
char *eng_out_reserve(eng_out_pool *pool, eng_out *out, size_t size);
void eng_out_commit(eng_out *out, size_t size);
void eng_out_write(eng_out_pool *pool, eng_out *out, bl_slice data); // Copies.
// data is kept until release is called.
void eng_out_refer(eng_out_pool *pool, eng_out *out, bl_slice data,
                   void (*release)(void *owner, eng_core *core), void *owner);

// The first unsent bytes, in at most count parts; returns how many.
uint32_t eng_out_parts(const eng_out *out, struct iovec *parts, uint32_t count);
// The kernel has taken size bytes.
void eng_out_consume(eng_out_pool *pool, eng_out *out, size_t size);
void eng_out_clear(eng_out_pool *pool, eng_out *out);

// A place to come back to: all that was written since is taken back.
typedef struct eng_out_mark {
    eng_segment *last;
    size_t size, unsent_size;
} eng_out_mark;

eng_out_mark eng_out_here(const eng_out *out);
void eng_out_rewind(eng_out_pool *pool, eng_out *out, eng_out_mark mark);

#endif
