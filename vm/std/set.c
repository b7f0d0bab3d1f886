// vm/std/set.c: the module Set. How sets work is in vm/map.c.
#include "vm/std/modules.h"
#include "vm/std/std.h"

static vm_status set_empty(vm_task *task, vm_value *args, vm_value *result)
{
    (void)args; // None.
    return std_give(result, vm_set_make(vm_task_heap(task)));
}

static vm_status set_from_list(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_LIST) {
        return vm_fail_type(task, "Set.from_list", "List", args[0]);
    }
    vm_heap *heap = vm_task_heap(task);
    const vm_value *items = vm_list_items(args[0].list);
    vm_value set = vm_set_make(heap);
    for (uint32_t i = 0; i < args[0].list->size; i++) {
        set = vm_set_insert(heap, set, vm_dup(items[i]));
    }
    return std_give(result, set);
}

static vm_status set_insert(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_SET) {
        return std_fail_owned(task, args, 2, "Set.insert: expected Set");
    }
    return std_give(result, vm_set_insert(vm_task_heap(task), args[0], args[1]));
}

static vm_status set_remove(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_SET) {
        return std_fail_owned(task, args, 1, "Set.remove: expected Set");
    }
    return std_give(result, vm_map_remove(vm_task_heap(task), args[0], args[1]));
}

static vm_status set_contains(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_SET) {
        return vm_fail(task, "Set.contains: expected Set");
    }
    return std_give(result, vm_bool(vm_map_get(args[0].map, args[1]) != NULL));
}

static vm_status set_union(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_SET || args[1].tag != VM_SET) {
        return std_fail_owned(task, args, 1, "Set.union: expected two Sets");
    }
    vm_heap *heap = vm_task_heap(task);
    vm_value set = args[0];
    vm_map_cursor cursor = {.map = args[1].map};
    vm_value key;
    vm_value value;
    while (vm_map_next(&cursor, &key, &value)) {
        set = vm_set_insert(heap, set, vm_dup(key));
    }
    return std_give(result, set);
}

static vm_status set_intersection(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_SET || args[1].tag != VM_SET) {
        return vm_fail(task, "Set.intersection: expected two Sets");
    }
    vm_heap *heap = vm_task_heap(task);
    vm_value set = vm_set_make(heap);
    vm_map_cursor cursor = {.map = args[0].map};
    vm_value key;
    vm_value value;
    while (vm_map_next(&cursor, &key, &value)) {
        if (vm_map_get(args[1].map, key) != NULL) {
            set = vm_set_insert(heap, set, vm_dup(key));
        }
    }
    return std_give(result, set);
}

static vm_status set_len(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_SET) {
        return vm_fail(task, "Set.len: expected Set");
    }
    return std_give(result, vm_int((int64_t)vm_map_size(args[0].map)));
}

static vm_native natives[] = {
#include "vm/std/set.def"
};

vm_module std_set_module = STD_MODULE("Set", "set", VM_PRELUDE_CORE, NULL);
