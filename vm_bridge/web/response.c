// vm_bridge/web/response.c: the module Response: records { body, headers, status }.
//
// The record's shape, the empty list of headers and the one with only a JSON type are immortal, so
// that a response costs one small object besides its body.
#include "vm_bridge/web/web.h"

static vm_status give_response(vm_task *task, int64_t status, vm_value headers, vm_value body,
                               vm_value *result)
{
    vm_value fields[3];
    fields[BR_response_body] = body;
    fields[BR_response_headers] = headers;
    fields[BR_response_status] = vm_int(status);
    return web_give(result, vm_record_make(vm_task_heap(task), &br_shape_response.shape, fields));
}

static vm_status response_ok(vm_task *task, vm_value *args, vm_value *result)
{
    if (!web_is_text(args[0])) {
        return web_fail_type(task, args, 1, 0, "Response.ok", "String body");
    }
    return give_response(task, 200, br_no_headers(), args[0], result);
}

// A String as it is, any other value as JSON. Consumes args[0].
static vm_status give_value(vm_task *task, const char *name, int64_t status, vm_value *args,
                            vm_value *result)
{
    if (web_is_text(args[0])) {
        return give_response(task, status, br_no_headers(), args[0], result);
    }
    vm_value text = vm_unit();
    bool is_good = web_json(task, name, args[0], &text);
    vm_drop(vm_task_heap(task), args[0]);
    return is_good ? give_response(task, status, br_json_headers(), text, result) : VM_FAIL;
}

static vm_status response_json(vm_task *task, vm_value *args, vm_value *result)
{
    if (web_is_text(args[0])) {
        return give_response(task, 200, br_json_headers(), args[0], result);
    }
    return give_value(task, "Response.json", 200, args, result);
}

#define VALUE_RESPONSE(name, status)                                                               \
    static vm_status response_##name(vm_task *task, vm_value *args, vm_value *result)              \
    {                                                                                              \
        return give_value(task, "Response." #name, status, args, result);                          \
    }
VALUE_RESPONSE(created, 201)
VALUE_RESPONSE(bad_request, 400)
VALUE_RESPONSE(unauthorized, 401)
VALUE_RESPONSE(forbidden, 403)
VALUE_RESPONSE(not_found, 404)
VALUE_RESPONSE(method_not_allowed, 405)
VALUE_RESPONSE(conflict, 409)
VALUE_RESPONSE(unprocessable, 422)
VALUE_RESPONSE(too_many_requests, 429)
VALUE_RESPONSE(error, 500)
VALUE_RESPONSE(bad_gateway, 502)
VALUE_RESPONSE(service_unavailable, 503)
VALUE_RESPONSE(gateway_timeout, 504)
#undef VALUE_RESPONSE

static vm_status response_no_content(vm_task *task, vm_value *args, vm_value *result)
{
    (void)args; // There are none.
    return give_response(task, 204, br_no_headers(), br_word(&br_word_empty), result);
}

static vm_status response_status(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_INT) {
        return web_fail_type(task, args, 2, 0, "Response.status", "Int status");
    }
    if (!web_is_text(args[1])) {
        return web_fail_type(task, args, 2, 1, "Response.status", "String body");
    }
    return give_response(task, args[0].integer, br_no_headers(), args[1], result);
}

static vm_status give_redirect(vm_task *task, const char *name, int64_t status, vm_value *args,
                               vm_value *result)
{
    if (!web_is_text(args[0])) {
        return web_fail_type(task, args, 1, 0, name, "String URL");
    }
    vm_heap *heap = vm_task_heap(task);
    vm_value pair = web_pair(heap, br_word(&br_word_header_location), args[0]);
    return give_response(task, status, vm_list_from(heap, &pair, 1), br_word(&br_word_empty),
                         result);
}

static vm_status response_redirect(vm_task *task, vm_value *args, vm_value *result)
{
    return give_redirect(task, "Response.redirect", 302, args, result);
}

static vm_status response_redirect_permanent(vm_task *task, vm_value *args, vm_value *result)
{
    return give_redirect(task, "Response.redirect_permanent", 301, args, result);
}

static vm_status response_redirect_temporary(vm_task *task, vm_value *args, vm_value *result)
{
    return give_redirect(task, "Response.redirect_temporary", 307, args, result);
}

static vm_status response_with_header(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_RECORD) {
        return web_fail_type(task, args, 3, 0, "Response.with_header", "Response");
    }
    for (size_t i = 1; i < 3; i++) {
        if (!web_is_text(args[i])) {
            return web_fail_type(task, args, 3, i, "Response.with_header", "String");
        }
    }
    vm_heap *heap = vm_task_heap(task);
    return web_give(result,
                    web_append(heap, args[0], &br_word_headers, web_pair(heap, args[1], args[2])));
}

static vm_status response_with_headers(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_RECORD) {
        return web_fail_type(task, args, 2, 0, "Response.with_headers", "Response");
    }
    if (args[1].tag != VM_LIST) {
        return web_fail_type(task, args, 2, 1, "Response.with_headers", "List of headers");
    }
    vm_heap *heap = vm_task_heap(task);
    vm_value response = args[0];
    const vm_value *items = vm_list_items(args[1].list);
    for (uint32_t i = 0; i < args[1].list->size; i++) {
        response = web_append(heap, response, &br_word_headers, vm_dup(items[i]));
    }
    vm_drop(heap, args[1]);
    return web_give(result, response);
}

static vm_status response_set_cookie(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_RECORD) {
        return web_fail_type(task, args, 3, 0, "Response.set_cookie", "Response");
    }
    for (size_t i = 1; i < 3; i++) {
        if (!web_is_text(args[i])) {
            return web_fail_type(task, args, 3, i, "Response.set_cookie", "String");
        }
    }
    vm_heap *heap = vm_task_heap(task);
    bl_slice end = BL_SLICE("; Path=/; HttpOnly");
    vm_value text = vm_string_append(heap, vm_dup(args[1]), BL_SLICE("="));
    text = vm_string_append(heap, vm_string_append(heap, text, vm_text(args[2])), end);
    web_drop(task, args + 1, 2);
    vm_value pair = web_pair(heap, br_word(&br_word_header_set_cookie), text);
    return web_give(result, web_append(heap, args[0], &br_word_headers, pair));
}

static vm_native natives[] = {
#include "vm_bridge/web/response.def"
};

vm_module web_response_module = {.name = "Response",
                                 .prelude = VM_PRELUDE_SCRIPT,
                                 .natives = natives,
                                 .native_count = BL_ARRAY_COUNT(natives)};
