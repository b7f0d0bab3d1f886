// tests/vm_bridge/test_rate.c: allowances by the clock that the test gives.
#include "vm_bridge/rate.h"

#include <criterion/criterion.h>

static eng_address address_of(uint32_t number)
{
    eng_address address = {.family = 4};
    memcpy(address.bytes, &number, sizeof(number));
    return address;
}

static uint32_t count_taken(br_rate *rate, uint32_t number, uint32_t tries, int64_t now_ns)
{
    eng_address address = address_of(number);
    uint32_t taken = 0;
    for (uint32_t i = 0; i < tries; i++) {
        taken += br_rate_take(rate, &address, now_ns);
    }
    return taken;
}

Test(rate, windows_fill_up_once_a_second)
{
    br_rate_config config = {.kind = BR_RATE_WINDOW, .per_second = 4};
    br_rate *rate = br_rate_create(&config);
    cr_assert_eq(count_taken(rate, 1, 10, 0), 4);
    cr_assert_eq(count_taken(rate, 2, 10, 0), 4);
    cr_assert_eq(count_taken(rate, 1, 10, 999999999), 0);
    cr_assert_eq(count_taken(rate, 1, 10, 1000000000), 4);
    br_rate_destroy(rate);
}

Test(rate, buckets_fill_up_continuously)
{
    br_rate_config config = {.kind = BR_RATE_BUCKET, .per_second = 10, .burst = 5};
    br_rate *rate = br_rate_create(&config);
    cr_assert_eq(count_taken(rate, 1, 10, 0), 5);
    cr_assert_eq(count_taken(rate, 1, 10, 100000000), 1);
    cr_assert_eq(count_taken(rate, 1, 10, 400000000), 3);
    cr_assert_eq(count_taken(rate, 1, 10, 9000000000), 5);
    br_rate_destroy(rate);
}

Test(rate, remembers_a_bounded_number_of_addresses)
{
    br_rate_config config = {.kind = BR_RATE_WINDOW, .per_second = 1};
    br_rate *rate = br_rate_create(&config);
    for (uint32_t i = 0; i < 2000000; i++) {
        cr_assert_eq(count_taken(rate, i, 1, 0), 1);
    }
    cr_assert_eq(count_taken(rate, 1999999, 1, 0), 0);
    cr_assert_eq(count_taken(rate, 0, 1, 0), 1); // Forgotten.
    br_rate_destroy(rate);
}

Test(rate, no_limit_is_no_object)
{
    br_rate_config config = {.kind = BR_RATE_NONE};
    cr_assert_null(br_rate_create(&config));
    br_rate_destroy(NULL);
}
