// vm_bridge/web/http_error.c: the module HttpError: an enum whose payload is a message or, once
// with_code or with_context was used, a record { code?, context?, message }.
#include "vm_bridge/http_error.h"
#include "vm_bridge/web/web.h"

// Payloads of other types than String are let pass: the error is shown all the same.
#define HTTP_ERROR(function, variant, status, text)                                                \
    static vm_status error_##function(vm_task *task, vm_value *args, vm_value *result)             \
    {                                                                                              \
        return web_give(result, br_http_error_make(task, #variant, args[0]));                      \
    }
#include "vm_bridge/web/http_errors.def"
#undef HTTP_ERROR

// The payload as a record, to be added to.
static vm_value details_of(vm_heap *heap, vm_value error)
{
    vm_value payload = error.variant->items[0];
    if (payload.tag == VM_RECORD) {
        return vm_dup(payload);
    }
    return vm_record_with(heap, br_empty_record(), &br_word_message, vm_dup(payload));
}

// The same variant with another payload (moved). Consumes error.
static vm_value with_payload(vm_heap *heap, vm_value error, vm_value payload)
{
    const vm_ctor *ctor = error.variant->ctor;
    vm_object_dup((vm_object *)(uintptr_t)&ctor->header); // Counted where it is dynamic.
    vm_value changed = vm_variant_make(heap, ctor, &payload, 1);
    vm_drop(heap, error);
    return changed;
}

static vm_status error_with_code(vm_task *task, vm_value *args, vm_value *result)
{
    if (br_http_error_of(args[0]) == NULL) {
        return web_fail_type(task, args, 2, 0, "HttpError.with_code", "HttpError");
    }
    vm_heap *heap = vm_task_heap(task);
    vm_value details = vm_record_with(heap, details_of(heap, args[0]), &br_word_code, args[1]);
    return web_give(result, with_payload(heap, args[0], details));
}

static vm_status error_with_context(vm_task *task, vm_value *args, vm_value *result)
{
    if (br_http_error_of(args[0]) == NULL) {
        return web_fail_type(task, args, 3, 0, "HttpError.with_context", "HttpError");
    }
    vm_heap *heap = vm_task_heap(task);
    vm_value fields[2];
    fields[BR_pair_key] = args[1];
    fields[BR_pair_value] = args[2];
    vm_value pair = vm_record_make(heap, &br_shape_pair.shape, fields);
    vm_value details = web_append(heap, details_of(heap, args[0]), &br_word_context, pair);
    return web_give(result, with_payload(heap, args[0], details));
}

static vm_status error_to_response(vm_task *task, vm_value *args, vm_value *result)
{
    const br_http_error *row = br_http_error_of(args[0]);
    if (row == NULL) {
        return vm_fail(task, "HttpError.to_response: argument must be an HttpError");
    }
    vm_heap *heap = vm_task_heap(task);
    bl_buffer own = {0};
    bl_buffer *text = br_scratch(task, &own);
    br_http_error_json(text, args[0], row);
    vm_value pair =
        web_pair(heap, br_word(&br_word_header_content_type), br_word(&br_word_application_json));
    vm_value fields[3];
    fields[BR_response_body] = vm_string_slice(heap, bl_buffer_slice(text));
    fields[BR_response_headers] = vm_list_from(heap, &pair, 1);
    fields[BR_response_status] = vm_int(row->status);
    br_scratch_end(text, &own);
    return web_give(result, vm_record_make(heap, &br_shape_response.shape, fields));
}

static vm_native natives[] = {
#include "vm_bridge/web/http_error.def"
};

vm_module web_http_error_module = {.name = "HttpError",
                                   .prelude = VM_PRELUDE_SCRIPT,
                                   .natives = natives,
                                   .native_count = BL_ARRAY_COUNT(natives)};
