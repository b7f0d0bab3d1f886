// tests/alloc/random.h: a small seeded generator for property tests: the same rows on any machine.
#ifndef TESTS_ALLOC_RANDOM_H
#define TESTS_ALLOC_RANDOM_H

#include <stddef.h>
#include <stdint.h>

typedef struct test_random {
    uint64_t state; // The seed, not 0.
} test_random;

static inline uint64_t test_random_next(test_random *random)
{
    // xorshift64*: good enough to pick sizes and orders.
    uint64_t x = random->state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    random->state = x;
    return x * 0x2545f4914f6cdd1du;
}

// 0 to limit - 1.
static inline size_t test_random_below(test_random *random, size_t limit)
{
    return (size_t)((test_random_next(random) >> 16) % limit);
}

#endif
