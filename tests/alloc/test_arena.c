// tests/alloc/test_arena.c: bump allocation: what was handed out stays as it was written.
#include "alloc/alloc.h"
#include "tests/alloc/random.h"

#include <criterion/criterion.h>

Test(arena, empty_arena_owns_nothing)
{
    bl_arena arena;
    bl_arena_init(&arena, 0);
    cr_assert_null(arena.blocks);
    bl_arena_reset(&arena);
    bl_arena_deinit(&arena);
    cr_assert_null(arena.blocks);
}

Test(arena, memory_is_aligned_whatever_the_size)
{
    bl_arena arena;
    bl_arena_init(&arena, 0);
    for (size_t size = 0; size < 300; size++) {
        void *memory = bl_arena_alloc(&arena, size);
        cr_assert_not_null(memory, "size %zu", size);
        cr_assert_eq((uintptr_t)memory % 16, 0, "size %zu", size);
    }
    bl_arena_deinit(&arena);
}

Test(arena, limit_counts_padded_bytes_and_reset_gives_them_back)
{
    static const struct {
        const char *name;
        size_t size_max;
        size_t sizes[3];
        bool fits[3];
    } rows[] = {
        {"just fits", 64, {32, 32, 1}, {true, true, false}},
        {"no bytes take one unit", 32, {0, 0, 0}, {true, true, false}},
        {"one byte over", 64, {32, 33, 32}, {true, false, true}},
        {"padding counts", 32, {1, 1, 1}, {true, true, false}},
        {"too large at once", 1024, {1025, 1024, 1}, {false, true, false}},
        {"size overflows", 1024, {SIZE_MAX, SIZE_MAX - 8, 16}, {false, false, true}},
    };
    for (size_t row = 0; row < BL_ARRAY_COUNT(rows); row++) {
        bl_arena arena;
        bl_arena_init(&arena, rows[row].size_max);
        for (int round = 0; round < 2; round++) {
            for (size_t i = 0; i < 3; i++) {
                bool fits = bl_arena_alloc(&arena, rows[row].sizes[i]) != NULL;
                cr_assert_eq(fits, rows[row].fits[i], "%s: round %d, allocation %zu",
                             rows[row].name, round, i);
            }
            bl_arena_reset(&arena);
            cr_assert_eq(arena.used_size, 0, "%s", rows[row].name);
        }
        bl_arena_deinit(&arena);
    }
}

Test(arena, copies_end_in_a_nul_that_is_not_counted)
{
    bl_arena arena;
    bl_arena_init(&arena, 0);
    bl_slice copy = bl_arena_slice(&arena, BL_SLICE("ab\0c"));
    cr_assert_eq(copy.size, 4);
    cr_assert_eq(memcmp(copy.data, "ab\0c", 5), 0);
    bl_slice empty = bl_arena_slice(&arena, (bl_slice){NULL, 0});
    cr_assert_eq(empty.size, 0);
    cr_assert_eq(empty.data[0], '\0');
    bl_slice text = bl_arena_format(&arena, "%d-%s", 42, "x");
    cr_assert(bl_slice_equal(text, BL_SLICE("42-x")));
    bl_arena_deinit(&arena);
}

Test(arena, zeroed_memory_is_zero_even_after_a_reset)
{
    bl_arena arena;
    bl_arena_init(&arena, 0);
    memset(bl_arena_alloc(&arena, 4096), 0xff, 4096);
    bl_arena_reset(&arena);
    const char *zeroed = bl_arena_alloc_zeroed(&arena, 4096);
    for (size_t i = 0; i < 4096; i++) {
        cr_assert_eq(zeroed[i], 0, "byte %zu", i);
    }
    bl_arena_deinit(&arena);
}

Test(arena, reset_keeps_the_first_block)
{
    bl_arena arena;
    bl_arena_init(&arena, 0);
    const void *first = bl_arena_alloc(&arena, 100);
    for (int i = 0; i < 1000; i++) {
        (void)bl_arena_alloc(&arena, 5000); // Only to make it grow.
    }
    bl_arena_reset(&arena);
    uint64_t before = bl_alloc_count();
    cr_assert_eq(bl_arena_alloc(&arena, 100), first);
    cr_assert_eq(bl_alloc_count(), before);
    bl_arena_deinit(&arena);
}

// The model: every allocation is filled with a byte of its own and must still hold it at the end.
Test(arena, property_allocations_never_overlap)
{
    enum { COUNT = 400 };
    for (uint64_t seed = 1; seed <= 40; seed++) {
        test_random random = {seed};
        bl_arena arena;
        bl_arena_init(&arena, 0);
        for (int round = 0; round < 2; round++) {
            unsigned char *memory[COUNT];
            size_t sizes[COUNT];
            for (size_t i = 0; i < COUNT; i++) {
                size_t size_max = test_random_below(&random, 20) == 0 ? 100000 : 300;
                sizes[i] = test_random_below(&random, size_max);
                memory[i] = bl_arena_alloc(&arena, sizes[i]);
                memset(memory[i], (int)(i & 0xff), sizes[i]);
            }
            for (size_t i = 0; i < COUNT; i++) {
                for (size_t at = 0; at < sizes[i]; at++) {
                    cr_assert_eq(memory[i][at], i & 0xff, "seed %lu: allocation %zu at %zu",
                                 (unsigned long)seed, i, at);
                }
            }
            bl_arena_reset(&arena);
        }
        bl_arena_deinit(&arena);
    }
}
