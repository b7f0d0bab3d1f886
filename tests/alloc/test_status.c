// tests/alloc/test_status.c: texts of failures, and what bl_fail writes.
#include "alloc/alloc.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>

Test(status, every_status_has_a_text)
{
    static const bl_status all[] = {
#define ST(name, text) BL_##name,
#include "alloc/status.def"
#undef ST
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(all); i++) {
        cr_assert_not_null(bl_status_text(all[i]), "status %zu", i);
        cr_assert_gt(strlen(bl_status_text(all[i])), 0, "status %zu", i);
    }
}

Test(status, fail_fills_the_error_and_returns_the_status)
{
    bl_error error = {.status = BL_OK};
    bl_status status = bl_fail(&error, BL_SYSTEM, EMFILE, "open %s: %d", "x.bl", 7);
    cr_assert_eq(status, BL_SYSTEM);
    cr_assert_eq(error.status, BL_SYSTEM);
    cr_assert_eq(error.system_error, EMFILE);
    cr_assert_str_eq(error.message, "open x.bl: 7");
}

Test(status, nobody_has_to_want_the_details)
{
    cr_assert_eq(bl_fail(NULL, BL_LIMIT, 0, "%s", "unread"), BL_LIMIT);
}

Test(status, a_long_message_is_cut_and_still_ends)
{
    char text[1000];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    bl_error error;
    (void)bl_fail(&error, BL_INVALID, 0, "%s", text); // Its result is known.
    cr_assert_eq(strlen(error.message), sizeof(error.message) - 1);
}

Test(status, a_broken_check_aborts, .signal = SIGABRT)
{
    volatile int one = 1;
    BL_CHECK(one == 2);
}
