// tests/engine/test_timeouts.c: never early, at most a quantum late, and cheap when touched often.
#include "engine/timeouts.h"

#include <criterion/criterion.h>

#define MS INT64_C(1000000)

static eng_timeouts make(void)
{
    eng_config config;
    eng_config_init(&config);
    config.limits.idle_timeout_ms = 6400; // A quantum of 100 ms.
    config.limits.handler_timeout_ms = 0;
    eng_timeouts timeouts;
    eng_timeouts_init(&timeouts, &config.limits);
    return timeouts;
}

Test(timeouts, expire_after_their_time_in_order)
{
    eng_timeouts timeouts = make();
    eng_timeout a = {.kind = ENG_TIMEOUT_NONE};
    eng_timeout b = {.kind = ENG_TIMEOUT_NONE};
    eng_timeout_kind kind = ENG_TIMEOUT_NONE;
    cr_assert_eq(eng_timeouts_next_ns(&timeouts), INT64_MAX);
    eng_timeout_touch(&timeouts, &a, ENG_TIMEOUT_IDLE, 0);
    eng_timeout_touch(&timeouts, &b, ENG_TIMEOUT_IDLE, 200 * MS);
    cr_assert_null(eng_timeouts_take(&timeouts, 6400 * MS, &kind));
    cr_assert_eq(eng_timeouts_take(&timeouts, 6500 * MS, &kind), &a);
    cr_assert_eq(kind, ENG_TIMEOUT_IDLE);
    cr_assert_null(eng_timeouts_take(&timeouts, 6500 * MS, &kind));
    cr_assert_eq(eng_timeouts_next_ns(&timeouts), 6700 * MS);
    eng_timeout_clear(&timeouts, &b);
    cr_assert_eq(eng_timeouts_next_ns(&timeouts), INT64_MAX);
}

Test(timeouts, touching_restarts_but_not_within_a_quantum)
{
    eng_timeouts timeouts = make();
    eng_timeout a = {.kind = ENG_TIMEOUT_NONE};
    eng_timeout_touch(&timeouts, &a, ENG_TIMEOUT_IDLE, 0);
    eng_timeout_touch(&timeouts, &a, ENG_TIMEOUT_IDLE, 99 * MS);
    cr_assert_eq(a.set_ns, 0);
    eng_timeout_touch(&timeouts, &a, ENG_TIMEOUT_IDLE, 100 * MS);
    cr_assert_eq(a.set_ns, 100 * MS);
    eng_timeout_touch(&timeouts, &a, ENG_TIMEOUT_BODY, 101 * MS);
    cr_assert_eq(a.kind, ENG_TIMEOUT_BODY);
    cr_assert_null(timeouts.lists[ENG_TIMEOUT_IDLE].first);
}

Test(timeouts, no_limit_is_never_in_a_list)
{
    eng_timeouts timeouts = make();
    eng_timeout a = {.kind = ENG_TIMEOUT_NONE};
    eng_timeout_touch(&timeouts, &a, ENG_TIMEOUT_HANDLER, 0);
    cr_assert_eq(a.kind, ENG_TIMEOUT_NONE);
    cr_assert_eq(eng_timeouts_next_ns(&timeouts), INT64_MAX);
}
