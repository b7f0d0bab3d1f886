// tests/router/test_percent.c: percent escapes and the repair of what is no UTF-8.
#include "router/router.h"

#include <criterion/criterion.h>

typedef struct row {
    const char *name, *raw, *want;
    bool is_rest;
} row;

Test(percent, params_are_decoded)
{
    static const row rows[] = {
        {"plain", "abc", "abc", false},
        {"empty", "", "", false},
        {"escape", "new%20york", "new york", false},
        {"case of digits", "%c3%A9", "\xC3\xA9", false},
        {"slash", "a%2Fb", "a/b", false},
        {"plus stays", "a+b", "a+b", false},
        {"no hex", "%zz", "%zz", false},
        {"cut", "a%4", "a%4", false},
        {"percent at the end", "100%", "100%", false},
        {"escaped percent", "100%25", "100%", false},
        {"once only", "%2541", "%41", false},
        {"bad byte", "a%FFb",
         "a\xEF\xBF\xBD"
         "b",
         false},
        {"raw bad byte", "\xE9", "\xEF\xBF\xBD", false},
        {"many bad bytes", "\xFF\xFF\xFF", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", false},
        {"cut character", "%E2%82x", "\xEF\xBF\xBDx", false},
        {"overlong", "%C0%80", "\xEF\xBF\xBD\xEF\xBF\xBD", false},
        {"surrogate", "%ED%A0%80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", false},
        {"above the end", "%F5", "\xEF\xBF\xBD", false},
        {"four bytes", "%F0%9F%98%80", "\xF0\x9F\x98\x80", false},
        {"rest", "a/b/c", "a/b/c", true},
        {"rest with extra slashes", "a//b///", "a/b", true},
        {"rest with escapes", "a%20b//%2F", "a b//", true},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i++) {
        bl_slice raw = bl_slice_of(rows[i].raw);
        char out[256];
        size_t size = rt_param_decode(raw, rows[i].is_rest, out);
        cr_assert(bl_slice_equal((bl_slice){out, size}, bl_slice_of(rows[i].want)), "%s: %.*s",
                  rows[i].name, (int)size, out);
        bool is_same = bl_slice_equal(raw, bl_slice_of(rows[i].want));
        bool is_plain = rt_param_is_plain(raw, rows[i].is_rest);
        cr_assert(!is_plain || is_same, "%s: plain but different", rows[i].name);
    }
}

Test(percent, queries_have_blanks_for_plus)
{
    char out[32];
    size_t size = rt_percent_decode(BL_SLICE("a+b%2Bc"), true, out);
    cr_assert(bl_slice_equal((bl_slice){out, size}, BL_SLICE("a b+c")));
}
