// tests/vm/test_value.c: texts, equality, order, hashes, records from outside, the heap's limit,
// freezing and copying, and data so deep that recursion would not survive it.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "vm/heap.h"

static vm_block_pool *pool;
static vm_heap *heap;

static void open_heap(void)
{
    pool = vm_block_pool_create();
    heap = vm_heap_create(pool, 0);
}

static void close_heap(void)
{
    vm_heap_destroy(heap);
    vm_block_pool_destroy(pool);
}

TestSuite(value, .init = open_heap, .fini = close_heap);

static vm_value text(const char *text)
{
    return vm_string_slice(heap, bl_slice_of(text));
}

// The text form; value is dropped.
static const char *shown(vm_value value)
{
    static bl_buffer out;
    out.size = 0;
    vm_text_append(&out, value);
    bl_buffer_append_char(&out, '\0');
    vm_drop(heap, value);
    return out.data;
}

Test(value, float_text)
{
    const struct {
        double number;
        const char *want;
    } rows[] = {
        {0.0, "0"},
        {-0.0, "-0"},
        {1.0, "1"},
        {1.5, "1.5"},
        {-2.25, "-2.25"},
        {0.1, "0.1"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1.0e21, "1000000000000000000000"},
        {1.0e-7, "0.0000001"},
        {1e23, "100000000000000000000000"},
        {123456789.125, "123456789.125"},
        {9007199254740993.0, "9007199254740992"},
        {(double)INFINITY, "inf"},
        {-(double)INFINITY, "-inf"},
        {(double)NAN, "NaN"},
        {9.5367431640625e-07, "0.00000095367431640625"},
        {0x1p-44, "0.00000000000005684341886080802"},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i += 1) {
        cr_expect_str_eq(shown(vm_float(rows[i].number)), rows[i].want);
    }
}

// Every text reads back as the same number, whatever its bits.
Test(value, float_text_reads_back)
{
    uint64_t random = UINT64_C(88172645463325252);
    for (int i = 0; i < 20000; i += 1) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        // Also powers of two and subnormal numbers.
        uint64_t bits = i % 3 == 0 ? (random >> 52) << 52 : i % 3 == 1 ? random >> 13 : random;
        double number;
        memcpy(&number, &bits, sizeof number);
        if (!isfinite(number)) {
            continue;
        }
        char out[400 + 1];
        size_t size = vm_float_text(number, out);
        out[size] = '\0';
        cr_assert_eq(strtod(out, NULL), number, "%.17g became %s", number, out);
    }
}

Test(value, texts)
{
    vm_value pair[2] = {vm_int(1), text("a")};
    cr_expect_str_eq(shown(vm_list_make(heap, 0)), "[]");
    cr_expect_str_eq(shown(vm_tuple_make(heap, pair, 2)), "(1, a)");
    cr_expect_str_eq(shown(vm_some(heap, vm_unit())), "Some");
    cr_expect_str_eq(shown(vm_ok(heap, vm_bool(true))), "Ok(true)");
    cr_expect_str_eq(shown(vm_none()), "None");
    cr_expect_str_eq(shown(vm_record_from(heap, NULL, NULL, 0)), "{  }");
    cr_expect_str_eq(shown(vm_set_make(heap)), "Set()");
    cr_expect_str_eq(shown(vm_int(INT64_MIN)), "-9223372036854775808");
    vm_value map = vm_map_insert(heap, vm_map_make(heap), text("b"), vm_int(2));
    map = vm_map_insert(heap, map, text("a"), vm_list_from(heap, (vm_value[]){vm_int(1)}, 1));
    cr_expect_str_eq(shown(map), "#{a: [1], b: 2}");
    cr_expect_eq(vm_heap_alive(heap), 0);
}

Test(value, records_from_outside)
{
    vm_value names[4] = {text("b"), text("a"), text("b"), text("")};
    vm_value values[4] = {vm_int(1), vm_int(2), vm_int(3), vm_int(4)};
    vm_value record = vm_record_from(heap, names, values, 4);
    cr_expect_eq(record.record->size, 3);
    cr_expect_eq(vm_record_field(record.record, BL_SLICE("b"))->integer, 3);
    cr_expect_null(vm_record_field(record.record, BL_SLICE("c")));
    vm_value name = text("c");
    vm_value wider = vm_record_with(heap, vm_dup(record), name.string, vm_int(9));
    vm_drop(heap, name);
    cr_expect_str_eq(shown(record), "{ : 4, a: 2, b: 3 }");
    cr_expect_str_eq(shown(wider), "{ : 4, a: 2, b: 3, c: 9 }");
    cr_expect_eq(vm_heap_alive(heap), 0);
}

Test(value, equality_and_hash)
{
    vm_value one[1] = {vm_int(1)};
    vm_value same[1] = {vm_float(1.0)};
    vm_value ints = vm_list_from(heap, one, 1);
    vm_value floats = vm_list_from(heap, same, 1);
    cr_expect(vm_equal(ints, floats));
    cr_expect_eq(vm_hash(ints), vm_hash(floats));
    cr_expect(!vm_equal(vm_float((double)NAN), vm_float((double)NAN)));
    cr_expect(vm_equal(vm_float(0.0), vm_float(-0.0)));
    cr_expect_eq(vm_hash(vm_float(0.0)), vm_hash(vm_float(-0.0)));
    cr_expect(!vm_equal(vm_int(INT64_MAX), vm_float(0x1p63)));
    cr_expect(vm_equal(vm_int(INT64_MIN), vm_float(-0x1p63)));
    vm_value set =
        vm_set_insert(heap, vm_set_insert(heap, vm_set_make(heap), vm_int(1)), vm_int(2));
    vm_value other =
        vm_set_insert(heap, vm_set_insert(heap, vm_set_make(heap), vm_int(2)), vm_int(1));
    cr_expect(vm_equal(set, other));
    cr_expect_eq(vm_hash(set), vm_hash(other));
    vm_drop(heap, set);
    vm_drop(heap, other);
    vm_drop(heap, ints);
    vm_drop(heap, floats);
}

Test(value, order)
{
    vm_value small[2] = {vm_int(1), vm_int(2)};
    vm_value prefix = vm_list_from(heap, small, 1);
    vm_value whole = vm_list_from(heap, small, 2);
    int order;
    cr_expect(vm_compare(prefix, whole, &order));
    cr_expect_eq(order, -1);
    cr_expect(vm_compare(vm_int(2), vm_float((double)NAN), &order));
    cr_expect_eq(order, 2);
    cr_expect(vm_compare(vm_int(INT64_MAX), vm_float(0x1p63), &order));
    cr_expect_eq(order, -1);
    cr_expect(!vm_compare(vm_none(), vm_none(), &order));
    vm_drop(heap, prefix);
    vm_drop(heap, whole);
}

// Some(Some(Some(…))), a million deep.
static vm_value tower(void)
{
    vm_value value = vm_int(7);
    for (int i = 0; i < 1000000; i += 1) {
        value = vm_some(heap, value);
    }
    return value;
}

Test(value, deep_data)
{
    vm_value a = tower();
    vm_value b = tower();
    cr_expect(vm_equal(a, b));
    cr_expect_eq(vm_hash(a), vm_hash(b));
    bl_buffer out = {0};
    vm_text_append(&out, a);
    cr_expect_eq(out.size, 6u * 1000000 + 1);
    bl_buffer_deinit(&out);
    vm_heap *other = vm_heap_create(pool, 0);
    vm_value copy = vm_copy(other, a);
    cr_expect(vm_equal(copy, b));
    vm_drop(other, copy);
    cr_expect_eq(vm_heap_alive(other), 0);
    vm_heap_destroy(other);
    vm_drop(heap, a);
    cr_expect_eq(vm_heap_alive(heap), 1000000);
    vm_freeze(heap, b);
    vm_drop(heap, b);
    cr_expect_eq(vm_heap_alive(heap), 1000000);
}

// Every level holds the one below twice: the whole text would have 2^60 parts.
Test(value, text_is_cut)
{
    enum { SIZE_MAX_HERE = 10000, AT_MOST = 3 * SIZE_MAX_HERE };
    for (int with_maps = 0; with_maps <= 1; with_maps += 1) {
        vm_value value = vm_int(1);
        for (int i = 0; i < 60; i += 1) {
            vm_value both[2] = {value, vm_dup(value)};
            if (with_maps == 0 || i % 2 == 0) {
                value = vm_list_from(heap, both, 2);
            } else {
                value = vm_map_insert(heap, vm_map_make(heap), text("a"), both[0]);
                value = vm_map_insert(heap, value, text("b"), both[1]);
            }
        }
        bl_buffer out = {0};
        vm_text_append_max(&out, value, SIZE_MAX_HERE);
        cr_expect_gt(out.size, SIZE_MAX_HERE, "with_maps %d: %zu", with_maps, out.size);
        cr_expect_lt(out.size, AT_MOST, "with_maps %d: %zu", with_maps, out.size);
        bl_buffer_deinit(&out);
        vm_drop(heap, value);
    }
}

// Lists of the same list, forty levels: 2^40 if it were copied each time it is met.
Test(value, copies_share_what_was_shared)
{
    vm_value value = vm_list_make(heap, 0);
    for (int i = 0; i < 40; i += 1) {
        vm_value both[2] = {value, vm_dup(value)};
        value = vm_list_from(heap, both, 2);
    }
    vm_heap *other = vm_heap_create(pool, 0);
    vm_value copy = vm_copy(other, value);
    cr_expect_leq(vm_heap_alive(other), 100);
    vm_drop(other, copy);
    cr_expect_eq(vm_heap_alive(other), 0);
    vm_heap_destroy(other);
    vm_drop(heap, value);
    cr_expect_eq(vm_heap_alive(heap), 0);
}

// A variable that holds a function that captures it: a cycle, copied as one.
Test(value, copies_of_cycles)
{
    vm_value box = vm_box_make(heap, vm_unit());
    vm_value map = vm_map_insert(heap, vm_map_make(heap), text("box"), vm_dup(box));
    box.box->value = map;
    vm_heap *other = vm_heap_create(pool, 0);
    vm_value copy = vm_copy(other, box);
    const vm_value *inner = vm_map_get(copy.box->value.map, text("box"));
    cr_assert_not_null(inner);
    cr_expect_eq(inner->object, copy.object);
    vm_heap_destroy(other);
}

Test(value, the_limit_is_seen_before_and_after)
{
    vm_heap *small = vm_heap_create(pool, 1u << 20);
    cr_expect(vm_heap_can_hold(small, 1000));
    cr_expect(!vm_heap_can_hold(small, 2u << 20));
    vm_value values[40];
    size_t count = 0;
    while (!vm_heap_is_full(small) && count < 40) {
        values[count] = vm_of(vm_string_alloc(small, 60000));
        count += 1;
    }
    cr_expect_lt(count, 20);
    vm_heap_reset(small);
    cr_expect(!vm_heap_is_full(small));
    cr_expect(vm_heap_can_hold(small, 900000));
    (void)values; // Gone with the reset.
    vm_heap_destroy(small);
}

static int destroyed_count;

static void count_destroyed(vm_heap *of, vm_handle *handle)
{
    (void)of;
    (void)handle;
    destroyed_count += 1;
}

Test(value, outside_handles_are_closed_with_the_heap)
{
    static const vm_handle_kind kind = {
        .name = "file", .destroy = count_destroyed, .size = sizeof(vm_handle), .is_outside = true};
    vm_heap *other = vm_heap_create(pool, 0);
    vm_value first = vm_handle_make(other, &kind);
    vm_handle_make(other, &kind);
    vm_drop(other, first);
    cr_expect_eq(destroyed_count, 1);
    vm_heap_reset(other);
    cr_expect_eq(destroyed_count, 2);
    vm_heap_destroy(other);
    cr_expect_eq(destroyed_count, 2);
}

Test(value, strings)
{
    vm_value parent = text("a text that is longer than sixty-four bytes, so that views of it are "
                           "views: äöü");
    vm_value view = vm_string_view(heap, parent.string, 2, 70);
    vm_drop(heap, parent);
    cr_expect(bl_slice_equal((bl_slice){view.string->data, 4}, BL_SLICE("text")));
    vm_value grown = vm_string_append(heap, vm_dup(view), BL_SLICE("!"));
    cr_expect_eq(grown.string->size, 71);
    cr_expect_eq(view.string->size, 70);
    cr_expect(vm_string_is_ascii(view.string));
    vm_value mixed = vm_string_append(heap, grown, BL_SLICE("ä"));
    cr_expect(!vm_string_is_ascii(mixed.string));
    cr_expect_eq(vm_string_length(mixed.string), 72);
    vm_drop(heap, mixed);
    vm_drop(heap, view);
    vm_value big = text("");
    for (int i = 0; i < 1000000; i += 1) {
        big = vm_string_append(heap, big, BL_SLICE("x"));
    }
    cr_expect_eq(big.string->size, 1000000);
    vm_drop(heap, big);
    cr_expect_eq(vm_heap_alive(heap), 0);
}
