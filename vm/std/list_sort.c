// vm/std/list_sort.c: a bottom-up merge sort.
//
// Runs of 16 are sorted by insertion, then neighbouring runs are merged from one array into the
// other. A pair of runs that is in order already is copied, so sorted input costs one pass a level
// of memcpy. Merge sort asks for no order that is total: with pairs that cannot be compared (they
// count as equal) the result is some stable arrangement, never a fault.
#include "vm/std/list_sort.h"

enum { RUN_SIZE = 16 };

static int float_order(double a, double b)
{
    if (a != a || b != b) {
        return (a != a) - (b != b); // NaN goes last.
    }
    return (a > b) - (a < b);
}

// <0, 0, >0.
static int general_order(vm_value a, vm_value b)
{
    if (a.tag == VM_FLOAT && b.tag == VM_FLOAT) {
        return float_order(a.number, b.number);
    }
    int order = 0;
    if (!vm_compare(a, b, &order)) {
        return 0;
    }
    if (order != 2) {
        return order;
    }
    bool a_is_nan = a.tag == VM_FLOAT && a.number != a.number;
    bool b_is_nan = b.tag == VM_FLOAT && b.number != b.number;
    return a_is_nan - b_is_nan;
}

static inline bool is_greater(vm_value a, vm_value b)
{
    if ((a.tag | b.tag) == VM_INT) {
        return a.integer > b.integer;
    }
    if (a.tag == VM_STRING && b.tag == VM_STRING) {
        return bl_slice_compare(vm_text(a), vm_text(b)) > 0;
    }
    return general_order(a, b) > 0;
}

static void insertion_sort(vm_value *items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        vm_value item = items[i];
        size_t at = i;
        while (at > 0 && is_greater(items[at - 1], item)) {
            items[at] = items[at - 1];
            at -= 1;
        }
        items[at] = item;
    }
}

static void merge(vm_value *to, const vm_value *left, size_t left_count, const vm_value *right,
                  size_t right_count)
{
    const vm_value *left_end = left + left_count;
    const vm_value *right_end = right + right_count;
    if (right_count == 0 || !is_greater(left_end[-1], right[0])) {
        memcpy(to, left, left_count * sizeof(*to));
        memcpy(to + left_count, right, right_count * sizeof(*to));
        return;
    }
    while (left < left_end && right < right_end) {
        *to++ = is_greater(*left, *right) ? *right++ : *left++;
    }
    memcpy(to, left, (size_t)(left_end - left) * sizeof(*to));
    to += left_end - left;
    memcpy(to, right, (size_t)(right_end - right) * sizeof(*to));
}

static size_t at_most(size_t value, size_t max)
{
    return value < max ? value : max;
}

// Merges each pair of runs of `run` items.
static void merge_pass(vm_value *to, const vm_value *from, size_t count, size_t run)
{
    for (size_t start = 0; start < count; start += 2 * run) {
        size_t left = at_most(run, count - start);
        size_t right = at_most(run, count - start - left);
        merge(to + start, from + start, left, from + start + left, right);
    }
}

void std_sort(vm_heap *heap, vm_value *items, size_t count)
{
    for (size_t start = 0; start < count; start += RUN_SIZE) {
        insertion_sort(items + start, at_most(RUN_SIZE, count - start));
    }
    if (count <= RUN_SIZE) {
        return;
    }
    size_t bytes = count * sizeof(*items);
    vm_value *scratch = vm_heap_alloc_raw(heap, bytes);
    vm_value *from = items;
    vm_value *to = scratch;
    for (size_t run = RUN_SIZE; run < count; run *= 2) {
        merge_pass(to, from, count, run);
        vm_value *kept = from;
        from = to;
        to = kept;
    }
    if (from != items) {
        memcpy(items, from, bytes);
    }
    vm_heap_free_raw(heap, scratch, bytes);
}
