// tests/engine/test_timers.c: the heap of timers beside a naive one, with a printed seed.
#include "engine/timers.h"

#include <criterion/criterion.h>

#define TIMER_COUNT 200
#define STEP_COUNT 20000

static uint64_t SEED = 88172645463325252u;

static uint32_t random_below(uint32_t bound)
{
    SEED ^= SEED << 13;
    SEED ^= SEED >> 7;
    SEED ^= SEED << 17;
    return (uint32_t)(SEED >> 32) % bound;
}

static const eng_timer *naive_first(const eng_timer *timers)
{
    const eng_timer *first = NULL;
    for (size_t i = 0; i < TIMER_COUNT; i++) {
        if (timers[i].is_set && (first == NULL || timers[i].due_ns < first->due_ns)) {
            first = &timers[i];
        }
    }
    return first;
}

Test(timers, same_as_the_naive_ones)
{
    eng_timers heap = {NULL};
    eng_timer timers[TIMER_COUNT] = {{NULL, NULL, NULL, 0, NULL, false}};
    for (uint32_t step = 0; step < STEP_COUNT; step++) {
        eng_timer *timer = &timers[random_below(TIMER_COUNT)];
        uint32_t choice = random_below(10);
        if (choice < 5) {
            eng_timers_set(&heap, timer, (int64_t)random_below(1000));
        } else if (choice < 7) {
            eng_timers_cancel(&heap, timer);
        } else {
            const eng_timer *want = naive_first(timers);
            int64_t now_ns = (int64_t)random_below(1000);
            bool is_due = want != NULL && want->due_ns <= now_ns;
            int64_t want_ns = want == NULL ? INT64_MAX : want->due_ns;
            cr_assert_eq(eng_timers_next_ns(&heap), want_ns, "step %u", step);
            eng_timer *got = eng_timers_take(&heap, now_ns);
            cr_assert_eq(got != NULL, is_due, "step %u", step);
            cr_assert(got == NULL || (got->due_ns == want_ns && !got->is_set), "step %u", step);
        }
    }
}
