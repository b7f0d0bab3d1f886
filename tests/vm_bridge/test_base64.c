// tests/vm_bridge/test_base64.c: base64 both ways, by table and at random.
#include "tests/alloc/random.h"
#include "vm_bridge/web/base64.h"

#include <criterion/criterion.h>

typedef struct row {
    const char *text;
    web_alphabet alphabet;
    const char *want; // NULL: refused.
} row;

Test(base64, reads_by_the_rules)
{
    static const row rows[] = {
        {"", WEB_BASE64, ""},           {"Zg==", WEB_BASE64, "f"},
        {"Zg", WEB_BASE64, "f"},        {"Zm8=", WEB_BASE64, "fo"},
        {"Zm8", WEB_BASE64, "fo"},      {"Zm9v", WEB_BASE64, "foo"},
        {"Z", WEB_BASE64, NULL},        {"Zg=", WEB_BASE64, NULL},
        {"Z===", WEB_BASE64, NULL},     {"Zm9v====", WEB_BASE64, NULL},
        {"Zm 9v", WEB_BASE64, NULL},    {"Pz8/", WEB_BASE64, "???"},
        {"Pz8_", WEB_BASE64, NULL},     {"Pz8_", WEB_BASE64_URL, "???"},
        {"Pz8/", WEB_BASE64_URL, NULL},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i++) {
        char out[64];
        size_t size = 0;
        bool is_read = web_base64_read(bl_slice_of(rows[i].text), rows[i].alphabet, out, &size);
        cr_assert_eq(is_read, rows[i].want != NULL, "%s", rows[i].text);
        if (is_read) {
            cr_assert(bl_slice_equal((bl_slice){out, size}, bl_slice_of(rows[i].want)), "%s",
                      rows[i].text);
        }
    }
}

Test(base64, reads_what_it_wrote)
{
    test_random random = {7};
    for (size_t size = 0; size < 200; size++) {
        char bytes[200], back[204];
        for (size_t i = 0; i < size; i++) {
            bytes[i] = (char)test_random_below(&random, 256);
        }
        bl_buffer text = {0};
        web_base64url_write(&text, (bl_slice){bytes, size});
        size_t got = 0;
        cr_assert(web_base64_read(bl_buffer_slice(&text), WEB_BASE64_URL, back, &got));
        cr_assert(bl_slice_equal((bl_slice){bytes, size}, (bl_slice){back, got}), "%zu", size);
        bl_buffer_deinit(&text);
    }
}
