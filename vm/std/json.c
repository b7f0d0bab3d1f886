// vm/std/json.c: the module Json: its natives, and the renaming of fields.
#include "vm/std/json.h"

#include "vm/std/modules.h"
#include "vm/std/std.h"
#include "vm/std/text.h"
#include "vm/vm.h"

static vm_status json_parse(vm_task *task, vm_value *args, vm_value *result)
{
    if (!std_is_string(args[0])) {
        return vm_fail_type(task, "Json.parse", "String", args[0]);
    }
    std_json_error error;
    if (!std_json_parse(vm_task_heap(task), vm_task_program(task), vm_text(args[0]), STD_JSON_TAGS,
                        result, &error)) {
        return vm_fail(task, "Json.parse: %s", error.message);
    }
    return VM_OK;
}

static vm_status to_text(vm_task *task, vm_value value, std_json_style style, const char *name,
                         vm_value *result)
{
    bl_buffer out = {0};
    std_json_error error;
    vm_status status = VM_OK;
    if (!std_json_write(&out, value, style, &error)) {
        status = vm_fail(task, "%s: %s", name, error.message);
    } else {
        status = std_check_size(task, name, out.size);
    }
    if (status == VM_OK) {
        *result = vm_string_slice(vm_task_heap(task), bl_buffer_slice(&out));
    }
    bl_buffer_deinit(&out);
    return status;
}

static vm_status json_to_string(vm_task *task, vm_value *args, vm_value *result)
{
    return to_text(task, args[0], STD_JSON_COMPACT, "Json.to_string", result);
}

static vm_status json_to_string_pretty(vm_task *task, vm_value *args, vm_value *result)
{
    return to_text(task, args[0], STD_JSON_PRETTY, "Json.to_string_pretty", result);
}

// ---- renaming --------------------------------------------------------------------------------

typedef void (*rename_field)(bl_buffer *out, bl_slice name);

// Each `_` is dropped and the next character is upper case.
static void append_camel(bl_buffer *out, bl_slice name)
{
    bool is_upper = false;
    for (size_t at = 0; at < name.size;) {
        size_t size = bl_utf8_size(name, at);
        bl_slice character = {name.data + at, size};
        if (name.data[at] == '_') {
            is_upper = true;
        } else if (is_upper) {
            std_append_upper(out, character);
            is_upper = false;
        } else {
            bl_buffer_append_slice(out, character);
        }
        at += size;
    }
}

// Each upper-case character becomes `_` and its lower case, without `_` at the start.
static void append_snake(bl_buffer *out, bl_slice name)
{
    for (size_t at = 0; at < name.size;) {
        size_t size = bl_utf8_size(name, at);
        bl_slice character = {name.data + at, size};
        if (std_is_upper(bl_utf8_code(name, at))) {
            if (at > 0) {
                bl_buffer_append_char(out, '_');
            }
            std_append_lower(out, character);
        } else {
            bl_buffer_append_slice(out, character);
        }
        at += size;
    }
}

static vm_value rename_value(vm_heap *heap, vm_value value, rename_field rename, uint32_t depth);

static vm_value rename_list(vm_heap *heap, const vm_list *list, rename_field rename, uint32_t depth)
{
    const vm_value *items = vm_list_items(list);
    vm_value renamed = vm_list_make(heap, list->size);
    for (uint32_t i = 0; i < list->size; i++) {
        renamed = vm_list_push(heap, renamed, rename_value(heap, items[i], rename, depth + 1));
    }
    return renamed;
}

// A record of the renamed fields; of names that become equal the last counts. A struct keeps its
// name.
static vm_value rename_record(vm_heap *heap, const vm_record *record, rename_field rename,
                              uint32_t depth)
{
    size_t count = record->size;
    vm_value *names = bl_alloc((2 * count + 1) * sizeof(*names));
    bl_buffer name = {0};
    for (size_t i = 0; i < count; i++) {
        const vm_string *old = record->shape->names[i];
        name.size = 0;
        rename(&name, (bl_slice){old->data, old->size});
        names[i] = vm_string_slice(heap, bl_buffer_slice(&name));
        names[count + i] = rename_value(heap, record->fields[i], rename, depth + 1);
    }
    bl_buffer_deinit(&name);
    vm_value renamed = vm_record_from(heap, names, names + count, count);
    bl_free(names);
    vm_string *struct_name = record->shape->struct_name;
    if (struct_name != NULL) {
        vm_object_dup(&struct_name->header);
        renamed.record->shape->struct_name = struct_name; // The shape is this record's alone.
    }
    return renamed;
}

// Through records and lists only. Deeper than what can be read as JSON nothing is renamed: that
// bounds the recursion.
static vm_value rename_value(vm_heap *heap, vm_value value, rename_field rename, uint32_t depth)
{
    if (depth > STD_JSON_WRITE_DEPTH_MAX) {
        return vm_dup(value);
    }
    if (value.tag == VM_LIST) {
        return rename_list(heap, value.list, rename, depth);
    }
    if (value.tag == VM_RECORD) {
        return rename_record(heap, value.record, rename, depth);
    }
    return vm_dup(value);
}

static vm_status json_to_camel_case(vm_task *task, vm_value *args, vm_value *result)
{
    return std_give(result, rename_value(vm_task_heap(task), args[0], append_camel, 0));
}

static vm_status json_to_snake_case(vm_task *task, vm_value *args, vm_value *result)
{
    return std_give(result, rename_value(vm_task_heap(task), args[0], append_snake, 0));
}

static vm_native natives[] = {
#include "vm/std/json.def"
};

vm_module std_json_module = STD_MODULE("Json", "jn", VM_PRELUDE_PURE, NULL);
