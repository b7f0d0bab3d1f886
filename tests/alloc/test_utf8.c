// tests/alloc/test_utf8.c: UTF-8 that may be broken.
#include "alloc/alloc.h"
#include "tests/alloc/random.h"

#include <criterion/criterion.h>

Test(utf8, characters_and_parts)
{
    static const struct {
        const char *name;
        bl_slice text;
        size_t count;
        size_t valid_size;
        bl_slice repaired;
    } rows[] = {
        {"empty", {"", 0}, 0, 0, {"", 0}},
        {"ascii", {"abcdefghij", 10}, 10, 10, {"abcdefghij", 10}},
        {"two, three, four bytes",
         {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 9},
         3,
         9,
         {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 9}},
        {"words of ascii, then more", {"abcdefgh\xC3\xA9", 10}, 9, 10, {"abcdefgh\xC3\xA9", 10}},
        {"a lead alone", {"\xF0", 1}, 1, 0, {"\xEF\xBF\xBD", 3}},
        {"cut off after two", {"a\xF0\x9F", 3}, 2, 1, {"a\xEF\xBF\xBD", 4}},
        {"cut off, then more", {"\xE2\x82z", 3}, 2, 0, {"\xEF\xBF\xBDz", 4}},
        {"continuations", {"\x80\xBF", 2}, 2, 0, {"\xEF\xBF\xBD\xEF\xBF\xBD", 6}},
        {"overlong", {"\xC0\x80", 2}, 2, 0, {"\xEF\xBF\xBD\xEF\xBF\xBD", 6}},
        {"overlong of three",
         {"\xE0\x80\x80", 3},
         3,
         0,
         {"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", 9}},
        {"surrogate", {"\xED\xA0\x80", 3}, 3, 0, {"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", 9}},
        {"highest", {"\xF4\x8F\xBF\xBF", 4}, 1, 4, {"\xF4\x8F\xBF\xBF", 4}},
        {"too high",
         {"\xF4\x90\x80\x80", 4},
         4,
         0,
         {"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", 12}},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i++) {
        char out[64];
        bl_slice repaired = {out, bl_utf8_repair(rows[i].text, out)};
        cr_assert_eq(bl_utf8_count(rows[i].text), rows[i].count, "%s", rows[i].name);
        cr_assert_eq(bl_utf8_valid_size(rows[i].text), rows[i].valid_size, "%s", rows[i].name);
        cr_assert(bl_slice_equal(repaired, rows[i].repaired), "%s", rows[i].name);
    }
}

Test(utf8, code_points)
{
    static const struct {
        bl_slice text;
        uint32_t code;
    } rows[] = {
        {{"A", 1}, 'A'},
        {{"\xC3\xA9", 2}, 0xE9},
        {{"\xE2\x82\xAC", 3}, 0x20AC},
        {{"\xF0\x9F\x98\x80", 4}, 0x1F600},
        {{"\xF0\x9F\x98", 3}, 0xFFFD},
        {{"\xFF", 1}, 0xFFFD},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i++) {
        cr_assert_eq(bl_utf8_code(rows[i].text, 0), rows[i].code, "row %zu", i);
    }
}

// Bytes of which every second one or so continues a character.
static size_t random_bytes(test_random *random, char *out, size_t size_max)
{
    static const unsigned char likely[] = {'a',  0x80, 0xBF, 0x9F, 0xC3,
                                           0xE2, 0xE0, 0xED, 0xF0, 0xF4};
    size_t size = test_random_below(random, size_max + 1);
    for (size_t i = 0; i < size; i++) {
        out[i] = (char)likely[test_random_below(random, sizeof(likely))];
    }
    return size;
}

Test(utf8, property_both_directions_and_the_repaired_text_agree)
{
    test_random random = {88172645463325252u};
    for (int round = 0; round < 20000; round++) {
        char bytes[24];
        char out[3 * sizeof(bytes)];
        bl_slice text = {bytes, random_bytes(&random, bytes, sizeof(bytes))};
        size_t starts[sizeof(bytes) + 1];
        size_t count = 0;
        for (size_t at = 0; at < text.size; at += bl_utf8_size(text, at)) {
            starts[count++] = at;
        }
        cr_assert_eq(bl_utf8_count(text), count);
        size_t end = text.size;
        for (size_t i = count; i > 0; i--) {
            end = bl_utf8_before(text, end);
            cr_assert_eq(end, starts[i - 1]);
        }
        bl_slice repaired = {out, bl_utf8_repair(text, out)};
        cr_assert(bl_utf8_is_valid(repaired));
        cr_assert_eq(bl_utf8_count(repaired), count);
        cr_assert_eq(bl_utf8_is_valid(text), bl_slice_equal(text, repaired));
    }
}

Test(utf8, every_code_point_is_read_as_it_was_written)
{
    for (uint32_t code = 0; code < 0x110000; code++) {
        if (code >= 0xD800 && code <= 0xDFFF) {
            continue; // Not a character.
        }
        char bytes[4];
        bl_slice text = {bytes, bl_utf8_encode(code, bytes)};
        bool is_same = bl_utf8_is_valid(text) && bl_utf8_size(text, 0) == text.size &&
                       bl_utf8_code(text, 0) == code;
        cr_assert(is_same, "U+%04X", code);
    }
}
