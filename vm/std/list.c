// vm/std/list.c: the module List, without sorting (list_sort.c).
//
// Functions that change a list own their argument: vm_list_unshare gives the list itself when
// nobody else holds it, so a chain of changes works in place.
#include "vm/std/list_sort.h"
#include "vm/std/modules.h"
#include "vm/std/std.h"

static const char source[] =
    "fn map(list: Unknown, f: Unknown) -> Unknown = {\n"
    "  let items = List.internal_list(list, \"List.map: expected (List, Function)\")\n"
    "  let mut out = List.internal_room(items)\n"
    "  for item in items do { out = List.push(out, f(item)) }\n"
    "  out\n"
    "}\n"
    "fn filter(list: Unknown, f: Unknown) -> Unknown = {\n"
    "  let items = List.internal_list(list, \"List.filter: expected (List, Function)\")\n"
    "  let mut out = []\n"
    "  for item in items do { if f(item) then { out = List.push(out, item) } }\n"
    "  out\n"
    "}\n"
    "fn fold(list: Unknown, start: Unknown, f: Unknown) -> Unknown = {\n"
    "  let items = List.internal_list(list, \"List.fold: expected (List, U, Function)\")\n"
    "  let mut value = start\n"
    "  for item in items do { value = f(value, item) }\n"
    "  value\n"
    "}\n"
    "fn find(list: Unknown, f: Unknown) -> Unknown = {\n"
    "  let items = List.internal_list(list, \"List.find: expected (List, Function)\")\n"
    "  List.internal_find(items, f, 0, List.length(items))\n"
    "}\n"
    "fn internal_find(items: Unknown, f: Unknown, i: Int, n: Int) -> Unknown =\n"
    "  if i >= n then None else {\n"
    "    let item = List.internal_at(items, i)\n"
    "    if f(item) then Some(item) else List.internal_find(items, f, i + 1, n)\n"
    "  }\n";

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

static void exchange(vm_value *a, vm_value *b)
{
    vm_value kept = *a;
    *a = *b;
    *b = kept;
}

static void reverse_items(vm_value *items, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        exchange(&items[i], &items[count - 1 - i]);
    }
}

static vm_status list_length(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_LIST) {
        return vm_fail_type(task, "List.length", "List", args[0]);
    }
    return std_give(result, vm_int(args[0].list->size));
}

static vm_status list_head(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_LIST) {
        return vm_fail_type(task, "List.head", "List", args[0]);
    }
    if (args[0].list->size == 0) {
        return std_give(result, vm_none());
    }
    vm_value first = vm_list_items(args[0].list)[0];
    return std_give(result, vm_some(vm_task_heap(task), vm_dup(first)));
}

// Fails with vm_fail_type and gives the owned argument back.
static vm_status fail_no_list(vm_task *task, const char *name, vm_value got)
{
    vm_status status = vm_fail_type(task, name, "List", got);
    vm_drop(vm_task_heap(task), got);
    return status;
}

static vm_status list_tail(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_LIST) {
        return fail_no_list(task, "List.tail", args[0]);
    }
    uint32_t size = args[0].list->size;
    if (size == 0) {
        return std_give(result, args[0]);
    }
    return std_give(result, vm_list_slice(vm_task_heap(task), args[0], 1, size - 1));
}

static bool is_position(vm_value list, vm_value index)
{
    return index.integer >= 0 && index.integer < (int64_t)list.list->size;
}

static vm_status list_get(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_LIST) {
        return vm_fail(task, "List.get: expected (List, Int)");
    }
    if (args[1].tag != VM_INT) {
        return vm_fail_type(task, "List.get", "Int index", args[1]);
    }
    if (!is_position(args[0], args[1])) {
        return std_give(result, vm_none());
    }
    vm_value item = vm_list_items(args[0].list)[args[1].integer];
    return std_give(result, vm_some(vm_task_heap(task), vm_dup(item)));
}

static vm_status list_get_or(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_LIST || args[1].tag != VM_INT) {
        return std_fail_owned(task, args + 2, 1, "List.get_or: expected (List, Int, T)");
    }
    if (!is_position(args[0], args[1])) {
        return std_give(result, args[2]);
    }
    vm_drop(vm_task_heap(task), args[2]);
    return std_give(result, vm_dup(vm_list_items(args[0].list)[args[1].integer]));
}

static vm_status list_set(vm_task *task, vm_value *args, vm_value *result)
{
    vm_heap *heap = vm_task_heap(task);
    if (args[0].tag != VM_LIST || args[1].tag != VM_INT) {
        vm_status status = args[0].tag != VM_LIST
                               ? vm_fail(task, "List.set: expected (List, Int, T)")
                               : vm_fail_type(task, "List.set", "Int index", args[1]);
        vm_drop(heap, args[0]);
        vm_drop(heap, args[2]);
        return status;
    }
    if (!is_position(args[0], args[1])) {
        vm_drop(heap, args[2]);
        return std_give(result, args[0]);
    }
    vm_value list = vm_list_unshare(heap, args[0]);
    vm_value *place = &vm_list_items(list.list)[args[1].integer];
    vm_value old = *place;
    *place = args[2];
    vm_drop(heap, old);
    return std_give(result, list);
}

static vm_status list_push(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_LIST) {
        return std_fail_owned(task, args, 2, "List.push: expected (List, T)");
    }
    return std_give(result, vm_list_push(vm_task_heap(task), args[0], args[1]));
}

static vm_status list_concat(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_LIST || args[1].tag != VM_LIST) {
        return std_fail_owned(task, args, 2, "List.concat: expected (List, List)");
    }
    return std_give(result, vm_list_concat(vm_task_heap(task), args[0], args[1]));
}

static vm_status list_slice(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_LIST || args[1].tag != VM_INT || args[2].tag != VM_INT) {
        return std_fail_owned(task, args, 1, "List.slice: expected (List, Int, Int)");
    }
    int64_t size = args[0].list->size;
    int64_t start = clamp(args[1].integer, 0, size);
    int64_t end = clamp(args[2].integer, start, size);
    vm_heap *heap = vm_task_heap(task);
    return std_give(result, vm_list_slice(heap, args[0], (size_t)start, (size_t)(end - start)));
}

static vm_status list_fill(vm_task *task, vm_value *args, vm_value *result)
{
    vm_heap *heap = vm_task_heap(task);
    if (args[0].tag != VM_INT) {
        vm_drop(heap, args[1]);
        return vm_fail_type(task, "List.fill", "Int size", args[0]);
    }
    size_t size = args[0].integer > 0 ? (size_t)args[0].integer : 0;
    uint64_t bytes = size > UINT32_MAX ? UINT64_MAX : (uint64_t)size * sizeof(vm_value);
    if (std_check_size(task, "List.fill", bytes) != VM_OK) {
        vm_drop(heap, args[1]);
        return VM_FAIL;
    }
    vm_value list = vm_list_fill(heap, args[1], size);
    vm_drop(heap, args[1]);
    return std_give(result, list);
}

static vm_status list_reverse(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_LIST) {
        return fail_no_list(task, "List.reverse", args[0]);
    }
    vm_value list = vm_list_unshare(vm_task_heap(task), args[0]);
    reverse_items(vm_list_items(list.list), list.list->size);
    return std_give(result, list);
}

static vm_status list_sort(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_LIST) {
        return fail_no_list(task, "List.sort", args[0]);
    }
    vm_heap *heap = vm_task_heap(task);
    vm_value list = vm_list_unshare(heap, args[0]);
    std_sort(heap, vm_list_items(list.list), list.list->size);
    return std_give(result, list);
}

static vm_status list_contains(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_LIST) {
        return vm_fail(task, "List.contains: expected (List, T)");
    }
    const vm_value *items = vm_list_items(args[0].list);
    bool found = false;
    for (uint32_t i = 0; i < args[0].list->size && !found; i++) {
        found = vm_equal(items[i], args[1]);
    }
    return std_give(result, vm_bool(found));
}

static vm_status list_swap(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_LIST || args[1].tag != VM_INT || args[2].tag != VM_INT) {
        return std_fail_owned(task, args, 1, "List.swap: expected (List, Int, Int)");
    }
    int64_t size = args[0].list->size;
    int64_t i = clamp(args[1].integer, 0, size);
    int64_t j = clamp(args[2].integer, 0, size);
    if (i == size || j == size || i == j) {
        return std_give(result, args[0]);
    }
    vm_value list = vm_list_unshare(vm_task_heap(task), args[0]);
    vm_value *items = vm_list_items(list.list);
    exchange(&items[i], &items[j]);
    return std_give(result, list);
}

static vm_status list_reverse_prefix(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_LIST || args[1].tag != VM_INT) {
        return std_fail_owned(task, args, 1, "List.reverse_prefix: expected (List, Int)");
    }
    int64_t count = clamp(args[1].integer, 0, args[0].list->size);
    if (count < 2) {
        return std_give(result, args[0]);
    }
    vm_value list = vm_list_unshare(vm_task_heap(task), args[0]);
    reverse_items(vm_list_items(list.list), (size_t)count);
    return std_give(result, list);
}

static vm_status list_rotate_left(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_LIST || args[1].tag != VM_INT) {
        return std_fail_owned(task, args, 1, "List.rotate_left: expected (List, Int)");
    }
    int64_t last = (int64_t)args[0].list->size - 1;
    int64_t k = clamp(args[1].integer, 0, last < 0 ? 0 : last);
    if (k == 0) {
        return std_give(result, args[0]);
    }
    vm_value list = vm_list_unshare(vm_task_heap(task), args[0]);
    vm_value *items = vm_list_items(list.list);
    BL_CHECK(items != NULL); // k > 0: there are two elements at least.
    vm_value first = items[0];
    memmove(items, items + 1, (size_t)k * sizeof(*items));
    items[k] = first;
    return std_give(result, list);
}

static bool are_numbers(const vm_value *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!std_is_number(items[i])) {
            return false;
        }
    }
    return true;
}

// Looks only at the elements that the search meets.
static vm_status list_bisect(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_LIST || !std_is_number(args[1])) {
        return vm_fail(task, "List.bisect: expected (List, Float)");
    }
    const vm_value *items = vm_list_items(args[0].list);
    double wanted = std_number(args[1]);
    uint32_t low = 0;
    uint32_t high = args[0].list->size;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (!are_numbers(&items[middle], 1)) {
            return vm_fail(task, "List.bisect: expected (List, Float)");
        }
        if (wanted < std_number(items[middle])) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    bool is_beyond = low == args[0].list->size && low > 0;
    return std_give(result, vm_int(is_beyond ? low - 1 : low));
}

// Copies the elements as small integers; false unless they are a permutation of 0 … n-1.
static bool read_permutation(const vm_list *list, uint32_t *out)
{
    const vm_value *items = vm_list_items(list);
    uint32_t *seen = out + list->size;
    memset(seen, 0, list->size * sizeof(*seen));
    for (uint32_t i = 0; i < list->size; i++) {
        if (items[i].tag != VM_INT || items[i].integer < 0 ||
            items[i].integer >= (int64_t)list->size || seen[items[i].integer] != 0) {
            return false;
        }
        out[i] = (uint32_t)items[i].integer;
        seen[out[i]] = 1;
    }
    return true;
}

static int64_t count_flips(uint32_t *items)
{
    int64_t flips = 0;
    while (items[0] != 0) {
        for (uint32_t i = 0, j = items[0]; i < j; i++, j--) {
            uint32_t kept = items[i];
            items[i] = items[j];
            items[j] = kept;
        }
        flips += 1;
    }
    return flips;
}

static vm_status list_count_flips(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_LIST) {
        return vm_fail_type(task, "List.count_flips", "List", args[0]);
    }
    const vm_list *list = args[0].list;
    if (list->size == 0) {
        return std_give(result, vm_int(0));
    }
    vm_heap *heap = vm_task_heap(task);
    size_t bytes = 2 * (size_t)list->size * sizeof(uint32_t);
    uint32_t *items = vm_heap_alloc_raw(heap, bytes);
    bool is_permutation = read_permutation(list, items);
    int64_t flips = is_permutation ? count_flips(items) : 0;
    vm_heap_free_raw(heap, items, bytes);
    if (!is_permutation) {
        return vm_fail(task, "List.count_flips: expected a permutation of 0..n");
    }
    return std_give(result, vm_int(flips));
}

static vm_status list_internal_list(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag == VM_LIST) {
        return std_give(result, args[0]);
    }
    vm_status status = vm_fail(task, "%.*s", BL_SLICE_ARG(vm_text(args[1])));
    vm_drop(vm_task_heap(task), args[0]);
    return status;
}

static vm_status list_internal_room(vm_task *task, vm_value *args, vm_value *result)
{
    return std_give(result, vm_list_make(vm_task_heap(task), args[0].list->size));
}

static vm_status list_internal_at(vm_task *task, vm_value *args, vm_value *result)
{
    (void)task; // Cannot fail: internal_find has looked at the length.
    return std_give(result, vm_dup(vm_list_items(args[0].list)[args[1].integer]));
}

static vm_native natives[] = {
#include "vm/std/list.def"
};

vm_module std_list_module = STD_MODULE("List", "lst", VM_PRELUDE_PURE, source);
