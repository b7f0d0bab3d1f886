// tests/engine/test_addresses.c: the table of addresses beside an array, with a printed seed.
#include "engine/addresses.h"

#include <criterion/criterion.h>

#define ADDRESS_COUNT 40
#define LIMIT 3
#define STEP_COUNT 50000

Test(addresses, same_as_an_array)
{
    uint64_t seed = 0xdeadbeefcafef00du;
    uint32_t counts[ADDRESS_COUNT] = {0};
    eng_addresses *addresses = eng_addresses_create(LIMIT, ADDRESS_COUNT * LIMIT);
    for (int step = 0; step < STEP_COUNT; step++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        uint32_t index = (uint32_t)(seed >> 33) % ADDRESS_COUNT;
        // Neighbouring addresses, in two families.
        eng_address address = {.family = index % 2 == 0 ? 4 : 6,
                               .bytes = {10, 0, (uint8_t)(index / 2)},
                               .port = (uint16_t)step};
        if ((seed & 1) == 0) {
            bool want = counts[index] < LIMIT;
            cr_assert_eq(eng_addresses_add(addresses, &address), want, "step %d", step);
            counts[index] += want;
        } else if (counts[index] > 0) {
            eng_addresses_remove(addresses, &address);
            counts[index] -= 1;
        }
    }
    eng_addresses_destroy(addresses);
}
