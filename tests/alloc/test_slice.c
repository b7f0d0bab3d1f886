// tests/alloc/test_slice.c: comparing and hashing of borrowed bytes.
#include "alloc/alloc.h"
#include "tests/alloc/random.h"

#include <criterion/criterion.h>

Test(slice, equality_and_order)
{
    static const struct {
        const char *name;
        bl_slice a;
        bl_slice b;
        bool equal;
        bool equal_nocase;
        int order;
    } rows[] = {
        {"both empty", {NULL, 0}, {"", 0}, true, true, 0},
        {"same", {"Host", 4}, {"Host", 4}, true, true, 0},
        {"case", {"Host", 4}, {"hOST", 4}, false, true, -1},
        {"prefix", {"ab", 2}, {"abc", 3}, false, false, -1},
        {"longer but smaller", {"abc", 3}, {"b", 1}, false, false, -1},
        {"bytes are unsigned", {"\xff", 1}, {"a", 1}, false, false, 1},
        {"nul inside", {"a\0b", 3}, {"a\0c", 3}, false, false, -1},
        {"only letters fold", {"[", 1}, {"{", 1}, false, false, -1},
        {"at sign and backtick", {"@", 1}, {"`", 1}, false, false, -1},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i++) {
        cr_assert_eq(bl_slice_equal(rows[i].a, rows[i].b), rows[i].equal, "%s", rows[i].name);
        cr_assert_eq(bl_slice_equal_nocase(rows[i].a, rows[i].b), rows[i].equal_nocase, "%s",
                     rows[i].name);
        int order = bl_slice_compare(rows[i].a, rows[i].b);
        int back = bl_slice_compare(rows[i].b, rows[i].a);
        cr_assert_eq((order > 0) - (order < 0), rows[i].order, "%s", rows[i].name);
        cr_assert_eq((back > 0) - (back < 0), -rows[i].order, "%s, turned round", rows[i].name);
    }
}

Test(slice, literal_and_text_agree)
{
    cr_assert(bl_slice_equal(BL_SLICE("abc"), bl_slice_of("abc")));
    cr_assert_eq(BL_SLICE("").size, 0);
}

Test(slice, hash_depends_on_bytes_alone)
{
    char one[] = "same bytes";
    char two[] = "same bytes";
    cr_assert_eq(bl_slice_hash(bl_slice_of(one)), bl_slice_hash(bl_slice_of(two)));
    cr_assert_eq(bl_slice_hash((bl_slice){NULL, 0}), bl_slice_hash(BL_SLICE("")));
}

// Names that differ in little must not meet in the low bits, which tables use.
Test(slice, property_hash_spreads_similar_names)
{
    enum { NAMES = 4096, BUCKETS = 4096 };
    static uint8_t buckets[BUCKETS];
    memset(buckets, 0, sizeof(buckets));
    unsigned fullest = 0;
    for (int i = 0; i < NAMES; i++) {
        char name[32];
        int size = snprintf(name, sizeof(name), "item_%d", i);
        uint64_t bucket = bl_slice_hash((bl_slice){name, (size_t)size}) % BUCKETS;
        buckets[bucket] += 1;
        fullest = buckets[bucket] > fullest ? buckets[bucket] : fullest;
    }
    cr_assert_leq(fullest, 10); // A random function stays at 6 or 7.
}

Test(slice, property_compare_is_a_total_order)
{
    test_random random = {7};
    for (int round = 0; round < 20000; round++) {
        char bytes[3][4];
        bl_slice slices[3];
        for (int i = 0; i < 3; i++) {
            size_t size = test_random_below(&random, 4);
            for (size_t at = 0; at < size; at++) {
                bytes[i][at] = (char)('a' + test_random_below(&random, 2));
            }
            slices[i] = (bl_slice){bytes[i], size};
        }
        int ab = bl_slice_compare(slices[0], slices[1]);
        int bc = bl_slice_compare(slices[1], slices[2]);
        int ac = bl_slice_compare(slices[0], slices[2]);
        cr_assert_eq(ab == 0, bl_slice_equal(slices[0], slices[1]), "round %d", round);
        cr_assert(!(ab <= 0 && bc <= 0) || ac <= 0, "round %d", round);
    }
}
