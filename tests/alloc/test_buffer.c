// tests/alloc/test_buffer.c: bytes that grow.
#include "alloc/alloc.h"
#include "tests/alloc/random.h"

#include <criterion/criterion.h>

Test(buffer, zero_initialised_is_empty)
{
    bl_buffer buffer = {0};
    cr_assert_eq(bl_buffer_slice(&buffer).size, 0);
    bl_buffer_append(&buffer, NULL, 0);
    cr_assert_eq(buffer.size, 0);
    bl_buffer_deinit(&buffer);
    bl_buffer_deinit(&buffer); // A second time does nothing.
}

Test(buffer, reserve_leaves_the_size)
{
    bl_buffer buffer = {0};
    bl_buffer_append_slice(&buffer, BL_SLICE("abc"));
    char *end = bl_buffer_reserve(&buffer, 1000);
    cr_assert_eq(end, buffer.data + 3);
    cr_assert_eq(buffer.size, 3);
    cr_assert_geq(buffer.capacity, 1003);
    bl_buffer_deinit(&buffer);
}

Test(buffer, format_appends_without_its_nul)
{
    bl_buffer buffer = {0};
    for (int i = 0; i < 100; i++) {
        bl_buffer_format(&buffer, "%d,", i);
    }
    cr_assert_eq(buffer.size, 10 * 2 + 90 * 3);
    cr_assert_eq(memcmp(buffer.data + buffer.size - 6, "98,99,", 6), 0);
    bl_buffer_deinit(&buffer);
}

// The model: one large array that every append is also copied to.
Test(buffer, property_equals_plain_concatenation)
{
    static char model[200000];
    static const char source[512] = {0};
    for (uint64_t seed = 1; seed <= 50; seed++) {
        test_random random = {seed};
        bl_buffer buffer = {0};
        size_t size = 0;
        for (int step = 0; step < 300; step++) {
            char piece[sizeof(source)];
            size_t piece_size = test_random_below(&random, sizeof(source));
            memset(piece, (int)test_random_below(&random, 256), sizeof(piece));
            if (test_random_below(&random, 4) == 0) {
                bl_buffer_append_char(&buffer, piece[0]);
                model[size++] = piece[0];
            } else {
                bl_buffer_append(&buffer, piece, piece_size);
                memcpy(model + size, piece, piece_size);
                size += piece_size;
            }
        }
        cr_assert_eq(buffer.size, size, "seed %lu", (unsigned long)seed);
        cr_assert_eq(memcmp(buffer.data, model, size), 0, "seed %lu", (unsigned long)seed);
        cr_assert_leq(buffer.size, buffer.capacity, "seed %lu", (unsigned long)seed);
        bl_buffer_deinit(&buffer);
    }
}

Test(buffer, growth_is_amortised)
{
    bl_buffer buffer = {0};
    uint64_t before = bl_alloc_count();
    for (int i = 0; i < 1000000; i++) {
        bl_buffer_append_char(&buffer, 'x');
    }
    cr_assert_leq(bl_alloc_count() - before, 20);
    bl_buffer_deinit(&buffer);
}
