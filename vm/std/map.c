// vm/std/map.c: the module Map. How maps work is in vm/map.c.
#include "vm/std/modules.h"
#include "vm/std/std.h"

static const char source[] =
    "fn map(m: Unknown, f: Unknown) -> Unknown = {\n"
    "  let mut out = Map.empty()\n"
    "  for (k, v) in Map.internal_entries(m, \"Map.map: expected Map\") do {\n"
    "    out = Map.insert(out, k, f(v))\n"
    "  }\n"
    "  out\n"
    "}\n"
    "fn filter(m: Unknown, f: Unknown) -> Unknown = {\n"
    "  let mut out = Map.empty()\n"
    "  for (k, v) in Map.internal_entries(m, \"Map.filter: expected Map\") do {\n"
    "    if f(k, v) then { out = Map.insert(out, k, v) }\n"
    "  }\n"
    "  out\n"
    "}\n"
    "fn fold(m: Unknown, start: Unknown, f: Unknown) -> Unknown = {\n"
    "  let mut value = start\n"
    "  for (k, v) in Map.internal_entries(m, \"Map.fold: expected Map\") do {\n"
    "    value = f(value, k, v)\n"
    "  }\n"
    "  value\n"
    "}\n";

static vm_status map_empty(vm_task *task, vm_value *args, vm_value *result)
{
    (void)args; // None.
    return std_give(result, vm_map_make(vm_task_heap(task)));
}

static vm_status map_insert(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_MAP) {
        return std_fail_owned(task, args, 3, "Map.insert: expected Map");
    }
    return std_give(result, vm_map_insert(vm_task_heap(task), args[0], args[1], args[2]));
}

static vm_status map_set(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_MAP) {
        return std_fail_owned(task, args, 3, "Map.set: expected Map");
    }
    return map_insert(task, args, result);
}

static vm_status map_get(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_MAP) {
        return vm_fail(task, "Map.get: expected Map");
    }
    const vm_value *value = vm_map_get(args[0].map, args[1]);
    return std_give(result,
                    value == NULL ? vm_none() : vm_some(vm_task_heap(task), vm_dup(*value)));
}

static vm_status map_remove(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_MAP) {
        return std_fail_owned(task, args, 1, "Map.remove: expected Map");
    }
    return std_give(result, vm_map_remove(vm_task_heap(task), args[0], args[1]));
}

static vm_status map_contains(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_MAP) {
        return vm_fail(task, "Map.contains: expected Map");
    }
    return std_give(result, vm_bool(vm_map_get(args[0].map, args[1]) != NULL));
}

static vm_status map_has(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_MAP) {
        return vm_fail(task, "Map.has: expected Map");
    }
    return map_contains(task, args, result);
}

static vm_status map_keys(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_MAP) {
        return vm_fail(task, "Map.keys: expected Map");
    }
    vm_heap *heap = vm_task_heap(task);
    vm_value list = vm_list_make(heap, vm_map_size(args[0].map));
    vm_map_cursor cursor = {.map = args[0].map};
    vm_value key;
    vm_value value;
    while (vm_map_next(&cursor, &key, &value)) {
        list = vm_list_push(heap, list, vm_dup(key));
    }
    return std_give(result, list);
}

static vm_status map_values(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_MAP) {
        return vm_fail(task, "Map.values: expected Map");
    }
    vm_heap *heap = vm_task_heap(task);
    vm_value list = vm_list_make(heap, vm_map_size(args[0].map));
    vm_map_cursor cursor = {.map = args[0].map};
    vm_value key;
    vm_value value;
    while (vm_map_next(&cursor, &key, &value)) {
        list = vm_list_push(heap, list, vm_dup(value));
    }
    return std_give(result, list);
}

static vm_value entries(vm_heap *heap, const vm_map *map)
{
    vm_value list = vm_list_make(heap, vm_map_size(map));
    vm_map_cursor cursor = {.map = map};
    vm_value key;
    vm_value value;
    while (vm_map_next(&cursor, &key, &value)) {
        vm_value pair[2] = {vm_dup(key), vm_dup(value)};
        list = vm_list_push(heap, list, vm_tuple_make(heap, pair, 2));
    }
    return list;
}

static vm_status map_entries(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_MAP) {
        return vm_fail(task, "Map.entries: expected Map");
    }
    return std_give(result, entries(vm_task_heap(task), args[0].map));
}

static vm_status map_internal_entries(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_MAP) {
        return vm_fail(task, "%.*s", BL_SLICE_ARG(vm_text(args[1])));
    }
    return std_give(result, entries(vm_task_heap(task), args[0].map));
}

static vm_status map_len(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_MAP) {
        return vm_fail(task, "Map.len: expected Map");
    }
    return std_give(result, vm_int((int64_t)vm_map_size(args[0].map)));
}

static vm_status map_size(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_MAP) {
        return vm_fail(task, "Map.size: expected Map");
    }
    return map_len(task, args, result);
}

static vm_status map_from_list(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_LIST) {
        return vm_fail_type(task, "Map.from_list", "List", args[0]);
    }
    vm_heap *heap = vm_task_heap(task);
    const vm_value *items = vm_list_items(args[0].list);
    vm_value map = vm_map_make(heap);
    for (uint32_t i = 0; i < args[0].list->size; i++) {
        if (items[i].tag != VM_TUPLE || items[i].tuple->size != 2) {
            vm_drop(heap, map);
            return vm_fail(task, "Map.from_list: each element must be a (key, value) tuple");
        }
        const vm_value *pair = items[i].tuple->items;
        map = vm_map_insert(heap, map, vm_dup(pair[0]), vm_dup(pair[1]));
    }
    return std_give(result, map);
}

static vm_native natives[] = {
#include "vm/std/map.def"
};

vm_module std_map_module = STD_MODULE("Map", "map", VM_PRELUDE_CORE, source);
