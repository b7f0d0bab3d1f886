// vm_bridge/http_error.c: see http_error.h.
#include "vm_bridge/http_error.h"

#include "vm_bridge/json.h"
#include "vm_bridge/words.h"

const br_http_error br_http_errors[] = {
#define HTTP_ERROR(function, variant, status, text) {#function, #variant, status, text},
#include "vm_bridge/web/http_errors.def"
#undef HTTP_ERROR
};
const size_t br_http_error_count = BL_ARRAY_COUNT(br_http_errors);

const br_http_error *br_http_error_of(vm_value value)
{
    if (value.tag != VM_VARIANT || value.variant->size != 1) {
        return NULL;
    }
    bl_slice name = br_string(value.variant->ctor->name);
    for (size_t i = 0; i < br_http_error_count; i++) {
        if (bl_slice_equal(name, bl_slice_of(br_http_errors[i].variant))) {
            return &br_http_errors[i];
        }
    }
    return NULL;
}

vm_value br_http_error_make(vm_task *task, const char *variant, vm_value payload)
{
    vm_heap *heap = vm_task_heap(task);
    bl_slice name = bl_slice_of(variant);
    const vm_ctor *ctor = vm_program_ctor(vm_task_program(task), name);
    if (ctor != NULL) {
        return vm_variant_make(heap, ctor, &payload, 1);
    }
    return vm_variant_make(heap, vm_ctor_dynamic(heap, name), &payload, 1);
}

// {code?, context?: [{key, value}], message}
static void append_details(bl_buffer *out, const vm_record *payload)
{
    const vm_value *code = vm_record_field(payload, BL_SLICE("code"));
    if (code != NULL && code->tag != VM_UNIT) {
        bl_buffer_format(out, ",\"code\":");
        br_json_value(out, *code);
    }
    const vm_value *context = vm_record_field(payload, BL_SLICE("context"));
    if (context == NULL || context->tag != VM_LIST || context->list->size == 0) {
        return;
    }
    bl_buffer_format(out, ",\"context\":{");
    const vm_value *items = vm_list_items(context->list);
    const char *comma = "";
    for (uint32_t i = 0; i < context->list->size; i++) {
        const vm_record *pair = items[i].tag == VM_RECORD ? items[i].record : NULL;
        const vm_value *key = pair == NULL ? NULL : vm_record_field(pair, BL_SLICE("key"));
        const vm_value *value = pair == NULL ? NULL : vm_record_field(pair, BL_SLICE("value"));
        if (key != NULL && key->tag == VM_STRING && value != NULL) {
            bl_buffer_format(out, "%s", comma);
            comma = ",";
            br_json_text(out, vm_text(*key));
            bl_buffer_append_char(out, ':');
            br_json_value(out, *value);
        }
    }
    bl_buffer_append_char(out, '}');
}

static void append_message(bl_buffer *out, vm_value message)
{
    if (message.tag == VM_STRING) {
        br_json_text(out, vm_text(message));
        return;
    }
    bl_buffer text = {0};
    vm_text_append(&text, message);
    br_json_text(out, bl_buffer_slice(&text));
    bl_buffer_deinit(&text);
}

void br_http_error_json(bl_buffer *out, vm_value value, const br_http_error *row)
{
    vm_value payload = value.variant->items[0];
    const vm_record *details = payload.tag == VM_RECORD ? payload.record : NULL;
    const vm_value *message =
        details == NULL ? &payload : vm_record_field(details, BL_SLICE("message"));
    bl_buffer_format(out, "{\"error\":\"%s\",\"message\":", row->text);
    append_message(out, message == NULL ? payload : *message);
    bl_buffer_format(out, ",\"status\":%u", row->status);
    if (details != NULL) {
        append_details(out, details);
    }
    bl_buffer_append_char(out, '}');
}
