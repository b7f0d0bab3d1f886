// vm_bridge/web/validate.c: the module Validate: Ok(value) or Err(Unprocessable("FIELD: TEXT")).
#include "vm_bridge/web/web.h"

// field: any value, shown in its text form.
static vm_status give_fault(vm_task *task, vm_value field, const char *text, vm_value *result)
{
    bl_buffer message = {0};
    vm_text_append(&message, field);
    bl_buffer_format(&message, ": %s", text);
    vm_value value = vm_string_slice(vm_task_heap(task), bl_buffer_slice(&message));
    bl_buffer_deinit(&message);
    return web_give(result, web_error(task, "Unprocessable", value));
}

// Ok(args[0]), or the fault about the field, which is the last argument.
static vm_status give(vm_task *task, vm_value *args, size_t count, bool is_good, const char *text,
                      vm_value *result)
{
    if (!is_good) {
        return give_fault(task, args[count - 1], text, result);
    }
    return web_give(result, vm_ok(vm_task_heap(task), vm_dup(args[0])));
}

static vm_status validate_required(vm_task *task, vm_value *args, vm_value *result)
{
    bool is_there = args[0].tag != VM_UNIT && !vm_is_ctor(args[0], VM_CTOR_NONE);
    return give(task, args, 2, is_there, "is required", result);
}

static vm_status validate_string(vm_task *task, vm_value *args, vm_value *result)
{
    return give(task, args, 2, web_is_text(args[0]), "must be a string", result);
}

static vm_status validate_int(vm_task *task, vm_value *args, vm_value *result)
{
    int64_t number = 0;
    if (web_is_text(args[0]) && web_parse_int(vm_text(args[0]), &number)) {
        return web_give(result, vm_ok(vm_task_heap(task), vm_int(number)));
    }
    return give(task, args, 2, args[0].tag == VM_INT, "must be an integer", result);
}

static vm_status validate_boolean(vm_task *task, vm_value *args, vm_value *result)
{
    return give(task, args, 2, args[0].tag == VM_BOOL, "must be a boolean", result);
}

// False when the arguments have the wrong types: it has failed.
static bool check_types(vm_task *task, const char *name, vm_value *args, uint64_t tag,
                        const char *expected)
{
    if (args[0].tag != tag) {
        (void)vm_fail_type(task, name, expected, args[0]); // The caller returns VM_FAIL.
        return false;
    }
    if (args[1].tag != VM_INT) {
        (void)vm_fail_type(task, name, "Int", args[1]); // As above.
        return false;
    }
    return true;
}

static vm_status validate_min_length(vm_task *task, vm_value *args, vm_value *result)
{
    if (!check_types(task, "Validate.min_length", args, VM_STRING, "String")) {
        return VM_FAIL;
    }
    char text[64];
    snprintf(text, sizeof(text), "must be at least %lld characters", (long long)args[1].integer);
    bool is_good = (int64_t)vm_string_length(args[0].string) >= args[1].integer;
    return give(task, args, 3, is_good, text, result);
}

static vm_status validate_max_length(vm_task *task, vm_value *args, vm_value *result)
{
    if (!check_types(task, "Validate.max_length", args, VM_STRING, "String")) {
        return VM_FAIL;
    }
    char text[64];
    snprintf(text, sizeof(text), "must be at most %lld characters", (long long)args[1].integer);
    bool is_good = (int64_t)vm_string_length(args[0].string) <= args[1].integer;
    return give(task, args, 3, is_good, text, result);
}

static vm_status validate_min(vm_task *task, vm_value *args, vm_value *result)
{
    if (!check_types(task, "Validate.min", args, VM_INT, "Int")) {
        return VM_FAIL;
    }
    char text[64];
    snprintf(text, sizeof(text), "must be at least %lld", (long long)args[1].integer);
    return give(task, args, 3, args[0].integer >= args[1].integer, text, result);
}

static vm_status validate_max(vm_task *task, vm_value *args, vm_value *result)
{
    if (!check_types(task, "Validate.max", args, VM_INT, "Int")) {
        return VM_FAIL;
    }
    char text[64];
    snprintf(text, sizeof(text), "must be at most %lld", (long long)args[1].integer);
    return give(task, args, 3, args[0].integer <= args[1].integer, text, result);
}

static vm_status validate_one_of(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[1].tag != VM_LIST) {
        return vm_fail_type(task, "Validate.one_of", "List", args[1]);
    }
    bl_buffer text = {0};
    bl_buffer_format(&text, "must be one of: ");
    bool is_in = false;
    const vm_value *items = vm_list_items(args[1].list);
    for (uint32_t i = 0; i < args[1].list->size; i++) {
        is_in = is_in || vm_equal(items[i], args[0]);
        bl_buffer_format(&text, "%s", i > 0 ? ", " : "");
        vm_text_append(&text, items[i]);
    }
    bl_buffer_append_char(&text, '\0');
    vm_status status = give(task, args, 3, is_in, text.data, result);
    bl_buffer_deinit(&text);
    return status;
}

static vm_native natives[] = {
#include "vm_bridge/web/validate.def"
};

vm_module web_validate_module = {.name = "Validate",
                                 .prelude = VM_PRELUDE_SERVER,
                                 .natives = natives,
                                 .native_count = BL_ARRAY_COUNT(natives)};
