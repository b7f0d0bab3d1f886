// tests/engine/test_text.c: vocabularies, character classes and the table of limits.
#include "engine/chars.h"
#include "engine/head.h"

#include <criterion/criterion.h>
#include <ctype.h>

Test(text, character_classes_follow_the_grammar)
{
    for (int c = 0; c < 256; c++) {
        bool is_alnum = c < 128 && isalnum(c);
        bool is_token = is_alnum || (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
        bool is_target = is_alnum || (c != 0 && strchr("-._~!$&'()*+,;=:@/?%[]", c) != NULL);
        bool is_value = c == '\t' || (c >= 0x20 && c != 0x7f);
        bool is_name = is_alnum || (c != 0 && strchr("-._~!$&'()*+;=%", c) != NULL);
        cr_assert_eq(eng_is_token_char((char)c), is_token, "%02x", (unsigned)c);
        cr_assert_eq(eng_is_target_char((char)c), is_target, "%02x", (unsigned)c);
        cr_assert_eq(eng_is_value_char((char)c), is_value, "%02x", (unsigned)c);
        cr_assert_eq(eng_is_name_char((char)c), is_name, "%02x", (unsigned)c);
        cr_assert_eq(eng_hex_value((char)c) >= 0, c < 128 && isxdigit(c), "%02x", (unsigned)c);
    }
    cr_assert_eq(eng_hex_value('f'), 15);
    cr_assert_eq(eng_hex_value('A'), 10);
    cr_assert_eq(eng_hex_value('9'), 9);
}

Test(text, names)
{
    cr_assert_str_eq(eng_method_name(ENG_METHOD_PATCH), "PATCH");
    cr_assert_str_eq(eng_method_name(ENG_METHOD_OTHER), "?");
    cr_assert_eq(eng_method_of(BL_SLICE("DELETE")), ENG_METHOD_DELETE);
    cr_assert_eq(eng_method_of(BL_SLICE("delete")), ENG_METHOD_OTHER);
    cr_assert_eq(eng_method_of(BL_SLICE("GETS")), ENG_METHOD_OTHER);
    cr_assert_eq(eng_http_error_status(ENG_HTTP_HEAD_SIZE), 431);
    cr_assert(bl_slice_equal(eng_status_reason(418), BL_SLICE("I'm a teapot")));
    cr_assert_eq(eng_status_reason(599).size, 0);
    for (int error = 0; error < ENG_HTTP_ERROR_COUNT; error++) {
        cr_assert_gt(strlen(eng_http_error_text((eng_http_error)error)), 5);
    }
}

Test(text, defaults_are_within_the_limits_and_nothing_beyond_is_accepted)
{
    eng_config config;
    eng_config_init(&config);
    bl_error error;
    cr_assert_eq(eng_limits_check(&config.limits, &error), BL_OK);
#define LIMIT(name, default_value, min, max, answer, reason)                                       \
    {                                                                                              \
        eng_limits limits = config.limits;                                                         \
        cr_assert_eq(limits.name, default_value, #name);                                           \
        if ((uint64_t)(max) < UINT32_MAX) {                                                        \
            limits.name = (uint32_t)(max) + 1u;                                                    \
            cr_assert_eq(eng_limits_check(&limits, &error), BL_INVALID, #name);                    \
        }                                                                                          \
        if ((min) > 0) {                                                                           \
            limits.name = (uint32_t)(min)-1u;                                                      \
            cr_assert_eq(eng_limits_check(&limits, &error), BL_INVALID, #name);                    \
        }                                                                                          \
    }
#include "engine/limits.def"
#undef LIMIT
    config.limits.buffer_count = 100;
    cr_assert_eq(eng_limits_check(&config.limits, &error), BL_INVALID);
}
