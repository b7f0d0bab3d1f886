// vm_bridge/web/library.c: puts the web modules into the library, and what their files share.
#include "vm_bridge/web/web.h"

#include "vm/std/json.h"
#include "vm_bridge/http_error.h"

#include <stdarg.h>

void br_library_add(vm_library *library)
{
#define WEB_MODULE(name) vm_library_add(library, &web_##name##_module);
#include "vm_bridge/web/modules.def"
#undef WEB_MODULE
}

void web_drop(vm_task *task, vm_value *args, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        vm_drop(vm_task_heap(task), args[i]);
    }
}

vm_status web_fail_type(vm_task *task, vm_value *args, size_t count, size_t at, const char *name,
                        const char *expected)
{
    vm_status status = vm_fail_type(task, name, expected, args[at]);
    web_drop(task, args, count);
    return status;
}

vm_value web_format(vm_task *task, const char *format, ...)
{
    char small[512];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(small, sizeof(small), format, arguments);
    va_end(arguments);
    BL_CHECK(size >= 0);
    vm_heap *heap = vm_task_heap(task);
    if ((size_t)size < sizeof(small)) {
        return vm_string_make(heap, small, (size_t)size);
    }
    char *text = bl_alloc((size_t)size + 1);
    va_start(arguments, format);
    (void)vsnprintf(text, (size_t)size + 1, format, arguments); // Measured above.
    va_end(arguments);
    vm_value value = vm_string_make(heap, text, (size_t)size);
    bl_free(text);
    return value;
}

vm_value web_error(vm_task *task, const char *variant, vm_value message)
{
    return vm_err(vm_task_heap(task), br_http_error_make(task, variant, message));
}

bool web_json(vm_task *task, const char *name, vm_value value, vm_value *text)
{
    bl_buffer own = {0};
    bl_buffer *out = br_scratch(task, &own);
    std_json_error error;
    bool is_good = std_json_write(out, value, STD_JSON_COMPACT, &error);
    if (!is_good) {
        (void)vm_fail(task, "%s: %s", name, error.message); // The caller returns VM_FAIL.
    } else if (!vm_heap_can_hold(vm_task_heap(task), out->size)) {
        is_good = false;
        (void)vm_fail(task, "%s: the text has %zu bytes, too many for the memory of this task",
                      name, out->size);
    } else {
        *text = vm_string_slice(vm_task_heap(task), bl_buffer_slice(out));
    }
    br_scratch_end(out, &own);
    return is_good;
}

vm_value web_append(vm_heap *heap, vm_value record, vm_string *name, vm_value item)
{
    vm_value *field = (vm_value *)(uintptr_t)vm_record_field(record.record, br_string(name));
    vm_value list;
    if (field != NULL && field->tag == VM_LIST) {
        if (vm_is_unique(record.object)) {
            // Taken out, so that the list is appended to in place.
            list = *field;
            *field = vm_unit();
        } else {
            list = vm_dup(*field);
        }
    } else {
        list = vm_list_make(heap, 1);
    }
    return vm_record_with(heap, record, name, vm_list_push(heap, list, item));
}

vm_value web_pair(vm_heap *heap, vm_value first, vm_value second)
{
    vm_value items[] = {first, second};
    return vm_tuple_make(heap, items, 2);
}

const vm_value *web_header(vm_value request, bl_slice name)
{
    const vm_value *headers = web_field(request, &br_word_headers);
    if (headers == NULL || headers->tag != VM_LIST) {
        return NULL;
    }
    const vm_value *items = vm_list_items(headers->list);
    for (uint32_t i = 0; i < headers->list->size; i++) {
        if (items[i].tag != VM_TUPLE || items[i].tuple->size != 2) {
            continue;
        }
        const vm_value *pair = items[i].tuple->items;
        if (web_is_text(pair[0]) && web_is_text(pair[1]) &&
            bl_slice_equal_nocase(vm_text(pair[0]), name)) {
            return &pair[1];
        }
    }
    return NULL;
}

bool web_parse_int(bl_slice text, int64_t *number)
{
    size_t at = text.size > 0 && (text.data[0] == '-' || text.data[0] == '+') ? 1 : 0;
    bool is_negative = at == 1 && text.data[0] == '-';
    if (at == text.size) {
        return false;
    }
    int64_t value = 0;
    for (; at < text.size; at++) {
        char c = text.data[at];
        // Downwards, where there is one number more.
        if (c < '0' || c > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, c - '0', &value)) {
            return false;
        }
    }
    return !__builtin_mul_overflow(value, is_negative ? 1 : -1, number);
}

bl_slice web_trim(bl_slice text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text = (bl_slice){text.data + 1, text.size - 1};
    }
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t')) {
        text.size -= 1;
    }
    return text;
}
