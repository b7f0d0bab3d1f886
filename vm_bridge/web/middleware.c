// vm_bridge/web/middleware.c: the module Middleware: credentials of a request, configuration.
#include "router/router.h"
#include "vm_bridge/web/base64.h"
#include "vm_bridge/web/web.h"

static vm_status unauthorized(vm_task *task, const char *message, vm_value *result)
{
    return web_give(result, web_error(task, "Unauthorized", web_format(task, "%s", message)));
}

// What follows the scheme in the Authorization header; false with *message when there is none.
static bool credentials(vm_value request, bl_slice scheme, bl_slice *rest)
{
    const vm_value *header = web_header(request, BL_SLICE("authorization"));
    bl_slice text = web_trim(vm_text(*header));
    const char *blank = memchr(text.data, ' ', text.size);
    size_t size = blank == NULL ? text.size : (size_t)(blank - text.data);
    if (!bl_slice_equal_nocase((bl_slice){text.data, size}, scheme)) {
        return false;
    }
    *rest = web_trim((bl_slice){text.data + size, text.size - size});
    return true;
}

static vm_status middleware_extract_bearer(vm_task *task, vm_value *args, vm_value *result)
{
    bl_slice token = {NULL, 0};
    if (web_header(args[0], BL_SLICE("authorization")) == NULL) {
        return unauthorized(task, "Missing Authorization header", result);
    }
    if (!credentials(args[0], BL_SLICE("Bearer"), &token)) {
        return unauthorized(task, "Expected Bearer authentication scheme", result);
    }
    if (token.size == 0) {
        return unauthorized(task, "Empty Bearer token", result);
    }
    vm_heap *heap = vm_task_heap(task);
    return web_give(result, vm_ok(heap, vm_string_slice(heap, token)));
}

// From the decoded bytes.
static vm_status give_basic(vm_task *task, bl_slice text, vm_value *result)
{
    if (!bl_utf8_is_valid(text)) {
        return unauthorized(task, "Invalid UTF-8 in Basic auth", result);
    }
    const char *colon = text.size == 0 ? NULL : memchr(text.data, ':', text.size);
    if (colon == NULL) {
        return unauthorized(task, "Invalid Basic auth format (expected user:pass)", result);
    }
    size_t size = (size_t)(colon - text.data);
    vm_heap *heap = vm_task_heap(task);
    vm_value user = vm_string_make(heap, text.data, size);
    vm_value password = vm_string_make(heap, colon + 1, text.size - size - 1);
    return web_give(result, vm_ok(heap, web_pair(heap, user, password)));
}

static vm_status middleware_extract_basic(vm_task *task, vm_value *args, vm_value *result)
{
    bl_slice encoded = {NULL, 0};
    if (web_header(args[0], BL_SLICE("authorization")) == NULL) {
        return unauthorized(task, "Missing Authorization header", result);
    }
    if (!credentials(args[0], BL_SLICE("Basic"), &encoded)) {
        return unauthorized(task, "Expected Basic authentication scheme", result);
    }
    char *bytes = bl_alloc(encoded.size + 4);
    size_t size = 0;
    vm_status status = web_base64_read(encoded, WEB_BASE64, bytes, &size)
                           ? give_basic(task, (bl_slice){bytes, size}, result)
                           : unauthorized(task, "Invalid Base64 in Basic auth", result);
    bl_free(bytes);
    return status;
}

static vm_value text_list(vm_heap *heap, const char *const *texts, size_t count)
{
    vm_value list = vm_list_make(heap, count);
    for (size_t i = 0; i < count; i++) {
        list = vm_list_push(heap, list, vm_string_slice(heap, bl_slice_of(texts[i])));
    }
    return list;
}

static vm_status middleware_cors_config(vm_task *task, vm_value *args, vm_value *result)
{
    static const char *const headers[] = {"Content-Type", "Authorization"};
    static const char *const methods[] = {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"};
    vm_heap *heap = vm_task_heap(task);
    vm_value fields[5];
    fields[BR_cors_allow_credentials] = vm_bool(false);
    fields[BR_cors_allowed_headers] = text_list(heap, headers, BL_ARRAY_COUNT(headers));
    fields[BR_cors_allowed_methods] = text_list(heap, methods, BL_ARRAY_COUNT(methods));
    fields[BR_cors_allowed_origins] = args[0];
    fields[BR_cors_max_age] = vm_int(86400);
    return web_give(result, vm_record_make(heap, &br_shape_cors.shape, fields));
}

static vm_status middleware_rate_limit_config(vm_task *task, vm_value *args, vm_value *result)
{
    vm_value fields[2];
    fields[BR_rate_requests_per_second] = args[0];
    fields[BR_rate_burst_size] = args[1];
    return web_give(result, vm_record_make(vm_task_heap(task), &br_shape_rate.shape, fields));
}

static vm_native natives[] = {
#include "vm_bridge/web/middleware.def"
};

vm_module web_middleware_module = {.name = "Middleware",
                                   .prelude = VM_PRELUDE_SCRIPT,
                                   .natives = natives,
                                   .native_count = BL_ARRAY_COUNT(natives)};
