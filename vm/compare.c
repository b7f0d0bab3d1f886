// vm/compare.c: equality and order of any two values.
//
// Neither recurses on the depth of data: equality keeps a list of pairs still to compare, order a
// stack of positions. Only maps inside of keys of maps recurse, up to a fixed depth.
#include <math.h>

#include "vm/object.h"

// ---- equality -------------------------------------------------------------------------------

enum { PAIRS_INLINE = 32, RUNS_INLINE = 8, MAP_DEPTH_MAX = 500 };

typedef struct pair {
    const vm_value *a;
    const vm_value *b;
    size_t count; // Runs of values.
} pair;

typedef struct pair_list {
    pair *items;
    size_t count;
    size_t capacity;
    pair inline_items[PAIRS_INLINE];
} pair_list;

static _Thread_local uint32_t map_depth;

static void pairs_push(pair_list *pairs, const vm_value *a, const vm_value *b, size_t count)
{
    if (count == 0) {
        return;
    }
    if (pairs->count == pairs->capacity) {
        bool is_inline = pairs->items == pairs->inline_items;
        pairs->capacity *= 2;
        size_t size = pairs->capacity * sizeof(pair);
        pairs->items = bl_realloc(is_inline ? NULL : pairs->items, size);
        if (is_inline) {
            memcpy(pairs->items, pairs->inline_items, sizeof pairs->inline_items);
        }
    }
    pairs->items[pairs->count] = (pair){a, b, count};
    pairs->count += 1;
}

static bool names_equal(const vm_string *a, const vm_string *b)
{
    return a == b || (a != NULL && b != NULL && vm_name_compare(a, b) == 0);
}

bool vm_shape_equals(const vm_shape *a, const vm_shape *b)
{
    if (a == b) {
        return true;
    }
    if (a->size != b->size || !names_equal(a->struct_name, b->struct_name)) {
        return false;
    }
    for (uint32_t i = 0; i < a->size; i += 1) {
        if (!names_equal(a->names[i], b->names[i])) {
            return false;
        }
    }
    return true;
}

// Constructors of the program are equal by pointer, dynamic ones by name.
static bool ctors_equal(const vm_ctor *a, const vm_ctor *b)
{
    return a == b || names_equal(a->name, b->name);
}

static bool maps_equal(pair_list *pairs, const vm_map *a, const vm_map *b)
{
    if (vm_map_size(a) != vm_map_size(b)) {
        return false;
    }
    if (map_depth >= MAP_DEPTH_MAX) {
        return false;
    }
    map_depth += 1;
    vm_map_cursor cursor = {.map = a};
    vm_value key;
    vm_value value;
    bool equal = true;
    while (equal && vm_map_next(&cursor, &key, &value)) {
        const vm_value *other = vm_map_get(b, key);
        equal = other != NULL;
        if (((const vm_object *)(const void *)a)->kind == VM_SET) {
            continue; // The key is all.
        }
        if (equal && vm_is_heap(value)) {
            // The entry is compared later, but it has to lie still: so by where it is in a.
            const vm_value *mine = vm_map_get(a, key);
            pairs_push(pairs, mine, other, 1);
        } else if (equal) {
            equal = vm_equal(value, *other);
        }
    }
    map_depth -= 1;
    return equal;
}

static bool numbers_equal(vm_value a, vm_value b)
{
    if (a.tag == VM_INT && b.tag == VM_INT) {
        return a.integer == b.integer;
    }
    if (a.tag == VM_FLOAT && b.tag == VM_FLOAT) {
        return a.number == b.number;
    }
    int order;
    return vm_compare(a, b, &order) && order == 0;
}

// Compares the heads of two values; parts are put on pairs.
static bool heads_equal(pair_list *pairs, vm_value a, vm_value b)
{
    if (a.tag <= VM_FLOAT && b.tag <= VM_FLOAT) {
        return numbers_equal(a, b);
    }
    if (a.tag != b.tag) {
        bool both_ctors = (a.tag == VM_ATOM && b.tag == VM_VARIANT && b.variant->size == 0) ||
                          (b.tag == VM_ATOM && a.tag == VM_VARIANT && a.variant->size == 0);
        return both_ctors && ctors_equal(a.tag == VM_ATOM ? a.ctor : a.variant->ctor,
                                         b.tag == VM_ATOM ? b.ctor : b.variant->ctor);
    }
    if (a.tag == VM_UNIT || (vm_is_heap(a) && a.object == b.object && a.tag == VM_STRING)) {
        return true;
    }
    switch ((vm_tag)a.tag) {
    case VM_STRING:
        return bl_slice_equal(vm_text(a), vm_text(b));
    case VM_LIST:
        pairs_push(pairs, vm_list_items(a.list), vm_list_items(b.list), a.list->size);
        return a.list->size == b.list->size;
    case VM_TUPLE:
        if (a.tuple->size != b.tuple->size) {
            return false;
        }
        pairs_push(pairs, a.tuple->items, b.tuple->items, a.tuple->size);
        return true;
    case VM_RECORD:
        if (!vm_shape_equals(a.record->shape, b.record->shape)) {
            return false;
        }
        pairs_push(pairs, a.record->fields, b.record->fields, a.record->size);
        return true;
    case VM_VARIANT:
        if (a.variant->size != b.variant->size || !ctors_equal(a.variant->ctor, b.variant->ctor)) {
            return false;
        }
        pairs_push(pairs, a.variant->items, b.variant->items, a.variant->size);
        return true;
    case VM_MAP:
    case VM_SET:
        return maps_equal(pairs, a.map, b.map);
    case VM_ATOM:
        return ctors_equal(a.ctor, b.ctor);
    case VM_MODULE:
        return names_equal(a.string, b.string);
    case VM_INT:
    case VM_FLOAT:
    case VM_BOOL:
    case VM_UNIT:
    case VM_FUNCTION:
    case VM_NATIVE:
    case VM_CLOSURE:
    case VM_BOX:
    case VM_RESUME:
    case VM_HANDLE:
        break;
    }
    return a.bits == b.bits;
}

static bool runs_equal(vm_value a, vm_value b)
{
    pair_list pairs; // Not zeroed: most comparisons need none of it.
    pairs.items = pairs.inline_items;
    pairs.count = 0;
    pairs.capacity = PAIRS_INLINE;
    bool equal = heads_equal(&pairs, a, b);
    while (equal && pairs.count > 0) {
        pair *top = &pairs.items[pairs.count - 1];
        vm_value left = *top->a;
        vm_value right = *top->b;
        top->a += 1;
        top->b += 1;
        top->count -= 1;
        if (top->count == 0) {
            pairs.count -= 1;
        }
        equal = heads_equal(&pairs, left, right);
    }
    if (pairs.items != pairs.inline_items) {
        bl_free(pairs.items);
    }
    return equal;
}

bool vm_equal(vm_value a, vm_value b)
{
    if (a.tag == VM_STRING && b.tag == VM_STRING) {
        return a.string == b.string || bl_slice_equal(vm_text(a), vm_text(b));
    }
    if (!vm_is_heap(a) && a.tag == b.tag && a.tag != VM_FLOAT && a.tag != VM_UNIT &&
        a.bits == b.bits) {
        return true;
    }
    return runs_equal(a, b);
}

// ---- order ----------------------------------------------------------------------------------

static int sign(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

// Exact also where the Int has no Float of the same value. 2: NaN.
static int compare_int_float(int64_t integer, double number)
{
    if (isnan(number)) {
        return 2;
    }
    if (number >= 0x1p63) {
        return -1;
    }
    if (number < -0x1p63) {
        return 1;
    }
    int64_t whole = (int64_t)number;
    if (integer != whole) {
        return sign(integer, whole);
    }
    double rest = number - (double)whole;
    return rest > 0 ? -1 : rest < 0;
}

static int compare_numbers(vm_value a, vm_value b)
{
    if (a.tag == VM_INT && b.tag == VM_INT) {
        return sign(a.integer, b.integer);
    }
    if (a.tag == VM_INT) {
        return compare_int_float(a.integer, b.number);
    }
    if (b.tag == VM_INT) {
        int order = compare_int_float(b.integer, a.number);
        return order == 2 ? 2 : -order;
    }
    if (isnan(a.number) || isnan(b.number)) {
        return 2;
    }
    return (a.number > b.number) - (a.number < b.number);
}

typedef struct order_run {
    const vm_value *a;
    const vm_value *b;
    size_t count;   // Pairs left.
    int when_equal; // Order if all of them are equal: by the lengths.
} order_run;

typedef struct run_list {
    order_run *items;
    size_t count;
    size_t capacity;
    order_run inline_items[RUNS_INLINE];
} run_list;

static void runs_push(run_list *runs, order_run run)
{
    if (runs->count == runs->capacity) {
        bool is_inline = runs->items == runs->inline_items;
        runs->capacity *= 2;
        runs->items = bl_realloc(is_inline ? NULL : runs->items, runs->capacity * sizeof run);
        if (is_inline) {
            memcpy(runs->items, runs->inline_items, sizeof runs->inline_items);
        }
    }
    runs->items[runs->count] = run;
    runs->count += 1;
}

// Order of the heads; sequences push their elements and answer 0. False: no order.
static bool compare_heads(run_list *runs, vm_value a, vm_value b, int *order)
{
    *order = 0;
    if (a.tag <= VM_FLOAT && b.tag <= VM_FLOAT) {
        *order = compare_numbers(a, b);
        return true;
    }
    if (a.tag != b.tag) {
        return false;
    }
    switch ((vm_tag)a.tag) {
    case VM_STRING: {
        int bytes = bl_slice_compare(vm_text(a), vm_text(b));
        *order = (bytes > 0) - (bytes < 0);
        return true;
    }
    case VM_BOOL:
        *order = (int)a.boolean - (int)b.boolean;
        return true;
    case VM_LIST: {
        size_t count = a.list->size < b.list->size ? a.list->size : b.list->size;
        runs_push(runs, (order_run){vm_list_items(a.list), vm_list_items(b.list), count,
                                    sign(a.list->size, b.list->size)});
        return true;
    }
    case VM_TUPLE: {
        size_t count = a.tuple->size < b.tuple->size ? a.tuple->size : b.tuple->size;
        runs_push(runs, (order_run){a.tuple->items, b.tuple->items, count,
                                    sign(a.tuple->size, b.tuple->size)});
        return true;
    }
    case VM_INT:
    case VM_FLOAT:
    case VM_UNIT:
    case VM_ATOM:
    case VM_FUNCTION:
    case VM_NATIVE:
    case VM_MODULE:
    case VM_RECORD:
    case VM_VARIANT:
    case VM_MAP:
    case VM_SET:
    case VM_CLOSURE:
    case VM_BOX:
    case VM_RESUME:
    case VM_HANDLE:
        break;
    }
    return false;
}

bool vm_compare(vm_value a, vm_value b, int *order)
{
    run_list runs;
    runs.items = runs.inline_items;
    runs.count = 0;
    runs.capacity = RUNS_INLINE;
    bool has_order = compare_heads(&runs, a, b, order);
    while (has_order && *order == 0 && runs.count > 0) {
        order_run *top = &runs.items[runs.count - 1];
        if (top->count == 0) {
            *order = top->when_equal;
            runs.count -= 1;
            continue;
        }
        vm_value left = *top->a;
        vm_value right = *top->b;
        top->a += 1;
        top->b += 1;
        top->count -= 1;
        has_order = compare_heads(&runs, left, right, order);
    }
    if (runs.items != runs.inline_items) {
        bl_free(runs.items);
    }
    return has_order;
}
