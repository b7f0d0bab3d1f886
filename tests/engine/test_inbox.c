// tests/engine/test_inbox.c: order, and who has to wake the taker.
#include "engine/wake.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <unistd.h>

Test(inbox, messages_come_out_in_order_and_only_the_first_post_wakes)
{
    eng_inbox inbox;
    eng_inbox_init(&inbox);
    eng_inbox_link links[3] = {{NULL}, {NULL}, {NULL}};
    for (int round = 0; round < 2; round++) {
        cr_assert(eng_inbox_is_empty(&inbox));
        for (int i = 0; i < 3; i++) {
            cr_assert_eq(eng_inbox_post(&inbox, &links[i]), i == 0);
        }
        cr_assert_not(eng_inbox_is_empty(&inbox));
        eng_inbox_link *list = eng_inbox_take(&inbox);
        for (int i = 0; i < 3; i++) {
            cr_assert_eq(eng_inbox_next(&list), &links[i]);
            cr_assert_null(links[i].next);
        }
        cr_assert_null(eng_inbox_next(&list));
        cr_assert_null(eng_inbox_take(&inbox));
    }
}

static bool was_woken(const eng_wake *wake)
{
    struct pollfd poll_fd = {.fd = wake->eventfd, .events = POLLIN};
    if (poll(&poll_fd, 1, 0) != 1) {
        return false;
    }
    uint64_t value = 0;
    return read(wake->eventfd, &value, sizeof(value)) == sizeof(value);
}

Test(inbox, only_a_sleeper_is_woken_and_only_once)
{
    eng_wake wake;
    cr_assert_eq(eng_wake_open(&wake, NULL), BL_OK);
    eng_inbox_link links[3] = {{NULL}, {NULL}, {NULL}};
    eng_wake_post(&wake, &links[0]);
    cr_assert_not(was_woken(&wake), "awake");
    cr_assert_not(eng_wake_may_sleep(&wake), "there is a message");
    eng_inbox_link *list = eng_inbox_take(&wake.inbox);
    cr_assert_eq(eng_inbox_next(&list), &links[0]);
    cr_assert(eng_wake_may_sleep(&wake));
    eng_wake_post(&wake, &links[0]);
    eng_wake_post(&wake, &links[1]);
    cr_assert(was_woken(&wake), "asleep");
    cr_assert_not(was_woken(&wake), "once");
    eng_wake_up(&wake);
    eng_wake_post(&wake, &links[2]);
    cr_assert_not(was_woken(&wake), "awake again");
    eng_wake_force(&wake);
    cr_assert(was_woken(&wake));
    eng_wake_close(&wake);
}
