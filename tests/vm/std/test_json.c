// tests/vm/std/test_json.c: reading, writing and renaming.
#include <criterion/criterion.h>

#include "harness.h"
#include "vm/std/json.h"

Test(std_json, reading)
{
    static const std_row rows[] = {
        {"Json.parse", "[\"[1, 2.5, -0, 9223372036854775808, 1e2]\"]",
         "[1, 2.5, -0, 9223372036854776000, 100]"},
        {"Json.parse", "[\" null \"]", "()"},
        {"Json.parse", "[\"{\\\"b\\\":1,\\\"a\\\":{\\\"c\\\":[]},\\\"b\\\":2}\"]",
         "{ a: { c: [] }, b: 2 }"},
        {"Json.parse", "[\"{\\\"type\\\":\\\"Wait\\\",\\\"value\\\":5}\"]", "Wait(5)"},
        {"Json.parse", "[\"{\\\"type\\\":\\\"Wait\\\",\\\"value\\\":null}\"]", "Wait"},
        {"Json.parse", "[\"{\\\"type\\\":\\\"Wait\\\"}\"]", "Wait"},
        {"Json.parse", "[\"{\\\"type\\\":\\\"Ok\\\"}\"]", "Ok"},
        {"Json.parse", "[\"{\\\"type\\\":1}\"]", "{ type: 1 }"},
        {"Json.parse", "[\"{\\\"type\\\":\\\"A\\\",\\\"x\\\":1}\"]", "{ type: A, x: 1 }"},
        {"Json.parse", "[\"\\\"\\\\ud83d\\\\ude00\\\\n\\\"\"]", "😀\n"},
        {"Json.parse", "[\"\"]", "!Json.parse: EOF while parsing a value at line 1 column 0"},
        {"Json.parse", "[\"[1,2,]\"]", "!Json.parse: trailing comma at line 1 column 6"},
        {"Json.parse", "[\"[1 2]\"]", "!Json.parse: expected `,` or `]` at line 1 column 4"},
        {"Json.parse", "[\"{1:2}\"]", "!Json.parse: key must be a string at line 1 column 2"},
        {"Json.parse", "[\"01\"]", "!Json.parse: invalid number at line 1 column 2"},
        {"Json.parse", "[\"1e999\"]", "!Json.parse: number out of range at line 1 column 5"},
        {"Json.parse", "[\"[1e-400, -0.1e-999, 123456789012345678901234567890e-10]\"]",
         "[0, -0, 12345678901234567000]"},
        {"Json.parse", "[\"nul\"]", "!Json.parse: EOF while parsing a value at line 1 column 3"},
        {"Json.parse", "[\"nulL\"]", "!Json.parse: expected ident at line 1 column 4"},
        {"Json.parse", "[\"\\n\\n  x\"]", "!Json.parse: expected value at line 3 column 3"},
        {"Json.parse", "[\"1 2\"]", "!Json.parse: trailing characters at line 1 column 3"},
        {"Json.parse", "[\"\\\"\\\\ud800\\\"\"]",
         "!Json.parse: unexpected end of hex escape at line 1 column 8"},
        {"Json.parse", "[\"\\\"\\\\x\\\"\"]", "!Json.parse: invalid escape at line 1 column 3"},
        {"Json.parse", "[\"\\\"a\\nb\\\"\"]",
         "!Json.parse: control character (\\u0000-\\u001F) found while parsing a string at "
         "line 2 column 0"},
    };
    std_check_rows(rows, BL_ARRAY_COUNT(rows));
}

Test(std_json, writing)
{
    static const std_row rows[] = {
        {"Json.to_string", "[{\"b\": [1, 2.0, null, true], \"a\": \"x\\\"\\\\\\u001f\\u007fé\"}]",
         "{\"a\":\"x\\\"\\\\\\u001f\x7f"
         "é\",\"b\":[1,2.0,null,true]}"},
        {"Json.to_string", "[[0.00001, 0.000001, 1e15, 1e16, 123456789012345678.0, -0]]",
         "[0.00001,1e-6,1000000000000000.0,1e+16,1.2345678901234568e+17,-0.0]"},
        {"Json.to_string", "[[1.5, 100.25, 0.1, 5e-324, 1.7976931348623157e308]]",
         "[1.5,100.25,0.1,5e-324,1.7976931348623157e+308]"},
        {"Json.to_string", "[{\"type\": \"Some\", \"value\": 1}]",
         "{\"type\":\"Some\",\"value\":1}"},
        {"Json.to_string", "[{\"type\": \"None\"}]", "{\"type\":\"None\"}"},
        {"Json.to_string_pretty", "[{\"a\": [1, {}], \"b\": []}]",
         "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}"},
        {"Json.to_camel_case", "[{\"user_name\": 1, \"_x\": 2, \"trail_\": 3, \"a__b\": 4}]",
         "{ X: 2, aB: 4, trail: 3, userName: 1 }"},
        {"Json.to_snake_case", "[[{\"HTTPCode\": 1, \"A\": {\"bC\": 2}}]]",
         "[{ a: { b_c: 2 }, h_t_t_p_code: 1 }]"},
    };
    std_check_rows(rows, BL_ARRAY_COUNT(rows));
}

static void nested(bl_buffer *out, size_t depth)
{
    for (size_t i = 0; i < depth; i++) {
        bl_buffer_append_char(out, '[');
    }
    for (size_t i = 0; i < depth; i++) {
        bl_buffer_append_char(out, ']');
    }
}

Test(std_json, depth_is_limited)
{
    std_fixture self;
    std_open(&self);
    vm_heap *heap = vm_task_heap(self.task);
    for (size_t depth = 126; depth <= 129; depth++) {
        bl_buffer text = {0};
        nested(&text, depth);
        vm_value value = vm_unit();
        bool is_read =
            std_json_parse(heap, NULL, bl_buffer_slice(&text), STD_JSON_TAGS, &value, NULL);
        cr_expect_eq(is_read, depth <= STD_JSON_DEPTH_MAX, "%zu", depth);
        vm_drop(heap, value);
        bl_buffer_deinit(&text);
    }
    vm_value deep = vm_list_make(heap, 0);
    for (size_t i = 0; i < 100000; i++) {
        deep = vm_list_push(heap, vm_list_make(heap, 1), deep);
    }
    bl_buffer out = {0};
    std_json_error error;
    cr_expect_not(std_json_write(&out, deep, STD_JSON_COMPACT, &error));
    bl_buffer_deinit(&out);
    vm_drop(heap, deep);
    std_close(&self, "depth");
}

// Random values survive a round trip through text, and any cut of that text is refused or read
// without a fault.
static void random_json(bl_buffer *out, uint64_t *state, int depth)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    uint32_t dice = (uint32_t)(*state >> 40);
    switch (depth > 0 ? dice % 7 : dice % 5) {
    case 0:
        bl_buffer_format(out, "%d", (int)dice - 5000000);
        return;
    case 1:
        bl_buffer_format(out, "%.17g", (double)dice * 1e-3 + 0.5);
        return;
    case 2:
        bl_buffer_format(out, "\"k%u\\n\\u00e9\"", dice % 10);
        return;
    case 3:
        bl_buffer_append_slice(out, BL_SLICE("true"));
        return;
    case 4:
        bl_buffer_append_slice(out, BL_SLICE("null"));
        return;
    case 5:
        bl_buffer_append_char(out, '[');
        for (uint32_t i = 0; i < dice % 4; i++) {
            bl_buffer_append_slice(out, i > 0 ? BL_SLICE(", ") : BL_SLICE(""));
            random_json(out, state, depth - 1);
        }
        bl_buffer_append_char(out, ']');
        return;
    default:
        bl_buffer_append_char(out, '{');
        for (uint32_t i = 0; i < dice % 4; i++) {
            bl_buffer_format(out, "%s\"f%u\": ", i > 0 ? "," : "", (dice + i * 7) % 9);
            random_json(out, state, depth - 1);
        }
        bl_buffer_append_char(out, '}');
        return;
    }
}

Test(std_json, round_trips)
{
    std_fixture self;
    std_open(&self);
    vm_heap *heap = vm_task_heap(self.task);
    uint64_t state = 42;
    for (int round = 0; round < 500; round++) {
        bl_buffer text = {0};
        bl_buffer again = {0};
        random_json(&text, &state, 5);
        vm_value value;
        vm_value copy;
        cr_assert(std_json_parse(heap, NULL, bl_buffer_slice(&text), STD_JSON_TAGS, &value, NULL),
                  "%.*s", BL_SLICE_ARG(bl_buffer_slice(&text)));
        cr_assert(std_json_write(&again, value, STD_JSON_PRETTY, NULL));
        cr_assert(std_json_parse(heap, NULL, bl_buffer_slice(&again), STD_JSON_TAGS, &copy, NULL));
        cr_assert(vm_equal(value, copy), "%.*s", BL_SLICE_ARG(bl_buffer_slice(&text)));
        vm_drop(heap, value);
        vm_drop(heap, copy);
        for (size_t cut = 0; cut < text.size; cut += 3) {
            if (std_json_parse(heap, NULL, (bl_slice){text.data, cut}, STD_JSON_TAGS, &value,
                               NULL)) {
                vm_drop(heap, value);
            }
        }
        bl_buffer_deinit(&text);
        bl_buffer_deinit(&again);
    }
    std_close(&self, "round trips");
}

// Appends an object of a few members, whose names begin alike, repeat or stand in any order.
static void random_object(bl_buffer *out, uint64_t *state, int depth)
{
    static const char *const names[] = {"a", "b", "c", "d", "type", "value", "\\u0061"};
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    uint64_t dice = *state >> 24;
    uint64_t count = dice % 6;
    bool is_in_order = dice % 3 != 0;
    bl_buffer_append_char(out, '{');
    for (uint64_t i = 0; i < count; i++) {
        uint64_t name = is_in_order ? i : (dice >> (3 * i)) % BL_ARRAY_COUNT(names);
        bl_buffer_format(out, "%s\"%s\":", i > 0 ? "," : "", names[name]);
        if (depth > 0 && (dice >> (4 * i)) % 4 == 0) {
            random_object(out, state, depth - 1);
        } else {
            bl_buffer_format(out, (dice >> i) % 5 == 0 ? "\"T%u\"" : "%u", (unsigned)i);
        }
    }
    bl_buffer_append_char(out, '}');
}

// In an array objects of one form share their shape: what is read is what each is by itself.
Test(std_json, property_objects_in_arrays_are_read_as_alone)
{
    std_fixture self;
    std_open(&self);
    vm_heap *heap = vm_task_heap(self.task);
    uint64_t state = 7;
    for (int round = 0; round < 200; round++) {
        enum { OBJECTS = 40 };
        bl_buffer text = {0};
        vm_value alone[OBJECTS];
        vm_value list;
        for (int i = 0; i < OBJECTS; i++) {
            bl_buffer_append_char(&text, i == 0 ? '[' : ',');
            size_t start = text.size;
            random_object(&text, &state, 2);
            bl_slice object = {text.data + start, text.size - start};
            cr_assert(std_json_parse(heap, NULL, object, STD_JSON_TAGS, &alone[i], NULL));
        }
        bl_buffer_append_char(&text, ']');
        cr_assert(std_json_parse(heap, NULL, bl_buffer_slice(&text), STD_JSON_TAGS, &list, NULL));
        for (int i = 0; i < OBJECTS; i++) {
            cr_assert(vm_equal(vm_list_items(list.list)[i], alone[i]), "%d of %.*s", i,
                      BL_SLICE_ARG(bl_buffer_slice(&text)));
            vm_drop(heap, alone[i]);
        }
        vm_drop(heap, list);
        for (size_t cut = 0; cut < text.size; cut += 37) {
            cr_assert_not(
                std_json_parse(heap, NULL, (bl_slice){text.data, cut}, STD_JSON_TAGS, &list, NULL));
        }
        bl_buffer_deinit(&text);
    }
    std_close(&self, "objects in arrays");
}
