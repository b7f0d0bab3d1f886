// tests/alloc/test_pool.c: objects of one size: each lent to one owner only, and counted.
#include "alloc/alloc.h"
#include "tests/alloc/random.h"

#include <criterion/criterion.h>
#include <signal.h>

Test(pool, lends_up_to_its_limit)
{
    bl_pool pool;
    bl_pool_init(&pool, 40, 4, 6);
    void *objects[6];
    for (size_t i = 0; i < 6; i++) {
        objects[i] = bl_pool_acquire(&pool);
        cr_assert_not_null(objects[i]);
    }
    cr_assert_null(bl_pool_acquire(&pool));
    bl_pool_release(&pool, objects[2]);
    cr_assert_eq(bl_pool_acquire(&pool), objects[2]);
    for (size_t i = 0; i < 6; i++) {
        bl_pool_release(&pool, objects[i]);
    }
    cr_assert_eq(pool.lent_count, 0);
    bl_pool_deinit(&pool);
}

Test(pool, objects_of_a_cache_line_start_on_one)
{
    static const size_t sizes[] = {1, 8, 16, 40, 63, 64, 65, 200, 4096};
    for (size_t row = 0; row < BL_ARRAY_COUNT(sizes); row++) {
        bl_pool pool;
        bl_pool_init(&pool, sizes[row], 8, 0);
        size_t alignment = sizes[row] >= BL_CACHE_LINE ? BL_CACHE_LINE : 16;
        void *objects[20];
        for (size_t i = 0; i < 20; i++) {
            objects[i] = bl_pool_acquire(&pool);
            cr_assert_eq((uintptr_t)objects[i] % alignment, 0, "size %zu", sizes[row]);
            memset(objects[i], 0xa5, sizes[row]);
        }
        for (size_t i = 0; i < 20; i++) {
            bl_pool_release(&pool, objects[i]);
        }
        bl_pool_deinit(&pool);
    }
}

Test(pool, after_warm_up_it_asks_the_system_for_nothing)
{
    bl_pool pool;
    bl_pool_init(&pool, 128, 16, 0);
    void *first = bl_pool_acquire(&pool);
    uint64_t before = bl_alloc_count();
    for (int i = 0; i < 1000; i++) {
        bl_pool_release(&pool, bl_pool_acquire(&pool));
    }
    cr_assert_eq(bl_alloc_count(), before);
    bl_pool_release(&pool, first);
    bl_pool_deinit(&pool);
}

Test(pool, deinit_with_a_lent_object_is_our_fault, .signal = SIGABRT)
{
    bl_pool pool;
    bl_pool_init(&pool, 16, 4, 0);
    (void)bl_pool_acquire(&pool); // Never released: that is the test.
    bl_pool_deinit(&pool);
}

// The model: which slots are lent, and the byte that their owner filled them with.
Test(pool, property_no_object_is_lent_twice)
{
    enum { SLOTS = 120, SIZE = 72 };
    for (uint64_t seed = 1; seed <= 40; seed++) {
        test_random random = {seed};
        bl_pool pool;
        bl_pool_init(&pool, SIZE, (uint32_t)test_random_below(&random, 30) + 1, 100);
        unsigned char *lent[SLOTS] = {NULL};
        uint32_t lent_count = 0;
        for (int step = 0; step < 3000; step++) {
            size_t slot = test_random_below(&random, SLOTS);
            if (lent[slot] != NULL) {
                for (size_t i = 0; i < SIZE; i++) {
                    cr_assert_eq(lent[slot][i], slot, "seed %lu, step %d", (unsigned long)seed,
                                 step);
                }
                bl_pool_release(&pool, lent[slot]);
                lent[slot] = NULL;
                lent_count -= 1;
                continue;
            }
            lent[slot] = bl_pool_acquire(&pool);
            cr_assert_eq(lent[slot] == NULL, lent_count == 100, "seed %lu, step %d",
                         (unsigned long)seed, step);
            if (lent[slot] != NULL) {
                memset(lent[slot], (int)slot, SIZE);
                lent_count += 1;
            }
            cr_assert_eq(pool.lent_count, lent_count, "seed %lu", (unsigned long)seed);
        }
        for (size_t slot = 0; slot < SLOTS; slot++) {
            if (lent[slot] != NULL) {
                bl_pool_release(&pool, lent[slot]);
            }
        }
        bl_pool_deinit(&pool);
    }
}
