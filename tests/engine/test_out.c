// tests/engine/test_out.c: the queue of output beside a flat buffer, with a printed seed.
#include "engine/out.h"

#include <criterion/criterion.h>

#define STEP_COUNT 20000

static uint64_t SEED = 0x9e3779b97f4a7c15u;
static uint32_t LENT_COUNT;
static char BYTES[40000];

static uint32_t random_below(uint32_t bound)
{
    SEED ^= SEED << 13;
    SEED ^= SEED >> 7;
    SEED ^= SEED << 17;
    return (uint32_t)(SEED >> 32) % bound;
}

static void released(void *owner, eng_core *core)
{
    (void)core; // There is none.
    cr_assert_eq(owner, BYTES);
    LENT_COUNT -= 1;
}

static bl_slice random_bytes(uint32_t size_max)
{
    uint32_t size = random_below(size_max);
    return (bl_slice){BYTES + random_below((uint32_t)sizeof(BYTES) - size), size};
}

static void check_parts(const eng_out *out, const bl_buffer *model)
{
    struct iovec parts[8];
    uint32_t count = eng_out_parts(out, parts, 8);
    size_t at = 0;
    for (uint32_t i = 0; i < count; i++) {
        cr_assert_leq(at + parts[i].iov_len, model->size);
        cr_assert_eq(memcmp(parts[i].iov_base, model->data + at, parts[i].iov_len), 0);
        at += parts[i].iov_len;
    }
    cr_assert(count == 8 || at == model->size);
    cr_assert_eq(out->unsent_size, model->size);
}

static void write_some(eng_out_pool *pool, eng_out *out, bl_buffer *model)
{
    if (random_below(4) == 0) {
        bl_slice bytes = random_bytes(30000);
        eng_out_refer(pool, out, bytes, released, BYTES);
        LENT_COUNT += 1;
        bl_buffer_append_slice(model, bytes);
    } else {
        bl_slice bytes = random_bytes(random_below(10) == 0 ? 20000 : 300);
        eng_out_write(pool, out, bytes);
        bl_buffer_append_slice(model, bytes);
    }
}

Test(out, same_as_a_flat_buffer)
{
    for (size_t i = 0; i < sizeof(BYTES); i++) {
        BYTES[i] = (char)(i * 7 + i / 251);
    }
    eng_out_pool pool;
    eng_out_pool_init(&pool, NULL);
    eng_out out = {NULL, NULL, 0};
    bl_buffer model = {NULL, 0, 0};
    for (int step = 0; step < STEP_COUNT; step++) {
        uint32_t choice = random_below(10);
        if (choice < 5) {
            write_some(&pool, &out, &model);
        } else if (choice < 6) {
            eng_out_mark mark = eng_out_here(&out);
            bl_buffer unused = {NULL, 0, 0};
            write_some(&pool, &out, &unused);
            write_some(&pool, &out, &unused);
            eng_out_rewind(&pool, &out, mark);
            bl_buffer_deinit(&unused);
        } else {
            size_t size = random_below((uint32_t)model.size + 1);
            eng_out_consume(&pool, &out, size);
            memmove(model.data, model.data + size, model.size - size);
            model.size -= size;
        }
        check_parts(&out, &model);
    }
    eng_out_clear(&pool, &out);
    cr_assert_eq(LENT_COUNT, 0);
    cr_assert_null(out.first);
    eng_out_pool_deinit(&pool);
    bl_buffer_deinit(&model);
}
