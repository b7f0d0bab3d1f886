// engine/out.c: see out.h.
#include "engine/out.h"

#include <assert.h>

typedef enum kind {
    BLOCK,     // Pooled, ENG_BLOCK_SIZE bytes behind the segment.
    BIG_BLOCK, // Allocated alone.
    REFERENCE, // Somebody else's bytes.
} kind;

#define BLOCKS_PER_SLAB 16
#define REFERENCES_PER_SLAB 64

void eng_out_pool_init(eng_out_pool *pool, eng_core *core)
{
    bl_pool_init(&pool->blocks, sizeof(eng_segment) + ENG_BLOCK_SIZE, BLOCKS_PER_SLAB, 0);
    bl_pool_init(&pool->references, sizeof(eng_segment), REFERENCES_PER_SLAB, 0);
    pool->core = core;
}

void eng_out_pool_deinit(eng_out_pool *pool)
{
    bl_pool_deinit(&pool->blocks);
    bl_pool_deinit(&pool->references);
}

static void append(eng_out *out, eng_segment *segment)
{
    segment->next = NULL;
    if (out->last == NULL) {
        out->first = segment;
    } else {
        out->last->next = segment;
    }
    out->last = segment;
}

static void add_block(eng_out_pool *pool, eng_out *out, size_t size)
{
    bool is_big = size > ENG_BLOCK_SIZE;
    size_t room = is_big ? size : ENG_BLOCK_SIZE;
    eng_segment *segment =
        is_big ? bl_alloc(sizeof(*segment) + room) : bl_pool_acquire(&pool->blocks);
    segment->data = (char *)(segment + 1);
    segment->size = 0;
    segment->room = room;
    segment->release = NULL;
    segment->owner = NULL;
    segment->kind = is_big ? (uint8_t)BIG_BLOCK : (uint8_t)BLOCK;
    append(out, segment);
}

char *eng_out_reserve(eng_out_pool *pool, eng_out *out, size_t size)
{
    if (out->last == NULL || out->last->room < size) {
        add_block(pool, out, size);
    }
    return out->last->data + out->last->size;
}

void eng_out_commit(eng_out *out, size_t size)
{
    assert(size <= out->last->room);
    out->last->size += size;
    out->last->room -= size;
    out->unsent_size += size;
}

void eng_out_write(eng_out_pool *pool, eng_out *out, bl_slice data)
{
    if (data.size == 0) {
        return;
    }
    memcpy(eng_out_reserve(pool, out, data.size), data.data, data.size);
    eng_out_commit(out, data.size);
}

void eng_out_refer(eng_out_pool *pool, eng_out *out, bl_slice data,
                   void (*release)(void *owner, eng_core *core), void *owner)
{
    eng_segment *segment = bl_pool_acquire(&pool->references);
    // The kernel reads only; iovec has no const.
    memcpy(&segment->data, &data.data, sizeof(segment->data));
    segment->size = data.size;
    segment->room = 0;
    segment->release = release;
    segment->owner = owner;
    segment->kind = REFERENCE;
    append(out, segment);
    out->unsent_size += data.size;
}

static void free_segment(eng_out_pool *pool, eng_segment *segment)
{
    if (segment->release != NULL) {
        segment->release(segment->owner, pool->core);
    }
    switch ((kind)segment->kind) {
    case BLOCK:
        bl_pool_release(&pool->blocks, segment);
        break;
    case BIG_BLOCK:
        bl_free(segment);
        break;
    case REFERENCE:
        bl_pool_release(&pool->references, segment);
        break;
    }
}

uint32_t eng_out_parts(const eng_out *out, struct iovec *parts, uint32_t count)
{
    uint32_t used_count = 0;
    for (eng_segment *segment = out->first; segment != NULL && used_count < count;
         segment = segment->next) {
        if (segment->size > 0) {
            parts[used_count++] = (struct iovec){segment->data, segment->size};
        }
    }
    return used_count;
}

void eng_out_consume(eng_out_pool *pool, eng_out *out, size_t size)
{
    BL_CHECK(size <= out->unsent_size);
    out->unsent_size -= size;
    while (out->first != NULL) {
        eng_segment *segment = out->first;
        size_t taken_size = size < segment->size ? size : segment->size;
        segment->data += taken_size;
        segment->size -= taken_size;
        size -= taken_size;
        if (segment->size > 0) {
            return;
        }
        out->first = segment->next;
        if (out->first == NULL) {
            out->last = NULL;
        }
        free_segment(pool, segment);
    }
    BL_CHECK(size == 0);
}

void eng_out_clear(eng_out_pool *pool, eng_out *out)
{
    eng_out_consume(pool, out, out->unsent_size);
}

eng_out_mark eng_out_here(const eng_out *out)
{
    return (eng_out_mark){out->last, out->last == NULL ? 0 : out->last->size, out->unsent_size};
}

void eng_out_rewind(eng_out_pool *pool, eng_out *out, eng_out_mark mark)
{
    eng_segment *segment = mark.last == NULL ? out->first : mark.last->next;
    while (segment != NULL) {
        eng_segment *next = segment->next;
        free_segment(pool, segment);
        segment = next;
    }
    out->last = mark.last;
    if (mark.last == NULL) {
        out->first = NULL;
    } else {
        mark.last->next = NULL;
        mark.last->room += mark.last->size - mark.size;
        mark.last->size = mark.size;
    }
    out->unsent_size = mark.unsent_size;
}
