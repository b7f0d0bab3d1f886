// vm_bridge/web/request.c: the module Request: looks into request records, which may come from the
// server or be written by hand (tests).
#include "vm_bridge/web/request.h"

#include "vm/std/json.h"

static vm_status request_method(vm_task *task, vm_value *args, vm_value *result)
{
    (void)task; // Cannot fail.
    const vm_value *method = web_field(args[0], &br_word_method);
    bool is_there = method != NULL && web_is_text(*method);
    return web_give(result, is_there ? vm_dup(*method) : br_word(&br_word_GET));
}

static vm_status request_header(vm_task *task, vm_value *args, vm_value *result)
{
    if (!web_is_text(args[1])) {
        return vm_fail_type(task, "Request.header", "String name", args[1]);
    }
    const vm_value *value = web_header(args[0], vm_text(args[1]));
    return web_give(result,
                    value == NULL ? vm_none() : vm_some(vm_task_heap(task), vm_dup(*value)));
}

// A String field of a record that is itself a field of the request; NULL: none.
static const vm_value *inner_field(vm_value request, const vm_string *field, vm_value name)
{
    const vm_value *record = web_field(request, field);
    const vm_value *value = record == NULL || record->tag != VM_RECORD || !web_is_text(name)
                                ? NULL
                                : vm_record_field(record->record, vm_text(name));
    return value != NULL && web_is_text(*value) ? value : NULL;
}

static vm_status request_param(vm_task *task, vm_value *args, vm_value *result)
{
    if (!web_is_text(args[1])) {
        return vm_fail_type(task, "Request.param", "String name", args[1]);
    }
    vm_heap *heap = vm_task_heap(task);
    const vm_value *value = inner_field(args[0], &br_word_params, args[1]);
    if (value == NULL || value->string->size == 0) {
        const char *what = value == NULL ? "not found" : "is empty";
        return web_give(result, vm_err(heap, web_format(task, "Parameter '%.*s' %s",
                                                        BL_SLICE_ARG(vm_text(args[1])), what)));
    }
    return web_give(result, vm_ok(heap, vm_dup(*value)));
}

// The value as Int, or Err(BadRequest(…)).
static vm_value as_int(vm_task *task, const vm_value *value, vm_value name, const char *kind)
{
    bl_slice text = vm_text(name);
    int64_t number = 0;
    if (value == NULL) {
        return web_error(task, "BadRequest",
                         web_format(task, "%s '%.*s' not found", kind, BL_SLICE_ARG(text)));
    }
    if (!web_parse_int(vm_text(*value), &number)) {
        return web_error(task, "BadRequest",
                         web_format(task, "Invalid %.*s: must be an integer", BL_SLICE_ARG(text)));
    }
    return vm_ok(vm_task_heap(task), vm_int(number));
}

static vm_status request_param_int(vm_task *task, vm_value *args, vm_value *result)
{
    if (!web_is_text(args[1])) {
        return vm_fail_type(task, "Request.param_int", "String name", args[1]);
    }
    const vm_value *value = inner_field(args[0], &br_word_params, args[1]);
    return web_give(result, as_int(task, value, args[1], "Parameter"));
}

static vm_status request_query(vm_task *task, vm_value *args, vm_value *result)
{
    if (!web_is_text(args[1])) {
        return vm_fail_type(task, "Request.query", "String name", args[1]);
    }
    const vm_value *value = inner_field(args[0], &br_word_query, args[1]);
    return web_give(result,
                    value == NULL ? vm_none() : vm_some(vm_task_heap(task), vm_dup(*value)));
}

static vm_status request_query_int(vm_task *task, vm_value *args, vm_value *result)
{
    if (!web_is_text(args[1])) {
        return vm_fail_type(task, "Request.query_int", "String name", args[1]);
    }
    const vm_value *value = inner_field(args[0], &br_word_query, args[1]);
    return web_give(result, as_int(task, value, args[1], "Query parameter"));
}

static vm_status request_body_json(vm_task *task, vm_value *args, vm_value *result)
{
    const vm_value *body = web_field(args[0], &br_word_body);
    if (body == NULL || !web_is_text(*body) || body->string->size == 0) {
        return web_give(result,
                        web_error(task, "BadRequest", web_format(task, "Request body is empty")));
    }
    vm_heap *heap = vm_task_heap(task);
    vm_value value = vm_unit();
    std_json_error error;
    if (!std_json_parse(heap, vm_task_program(task), vm_text(*body), STD_JSON_TAGS, &value,
                        &error)) {
        vm_value message = web_format(task, "JSON parse error: %s", error.message);
        return web_give(result, web_error(task, "BadRequest", message));
    }
    return web_give(result, vm_ok(heap, value));
}

static vm_status request_state(vm_task *task, vm_value *args, vm_value *result)
{
    if (!web_is_text(args[1])) {
        return vm_fail_type(task, "Request.state", "String name", args[1]);
    }
    const vm_value *state = web_field(args[0], &br_word_state);
    const vm_value *value = state == NULL || state->tag != VM_RECORD
                                ? NULL
                                : vm_record_field(state->record, vm_text(args[1]));
    return web_give(result, value == NULL ? vm_unit() : vm_dup(*value));
}

static vm_status request_with_state(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_RECORD) {
        return web_fail_type(task, args, 3, 0, "Request.with_state", "Request");
    }
    if (!web_is_text(args[1])) {
        return web_fail_type(task, args, 3, 1, "Request.with_state", "String name");
    }
    vm_heap *heap = vm_task_heap(task);
    const vm_value *old = web_field(args[0], &br_word_state);
    vm_value state = old != NULL && old->tag == VM_RECORD ? vm_dup(*old) : br_empty_record();
    state = vm_record_with(heap, state, args[1].string, args[2]);
    vm_drop(heap, args[1]);
    return web_give(result, vm_record_with(heap, args[0], &br_word_state, state));
}

static const char source[] =
    "fn decode(req: Unknown, name: Unknown) -> Unknown =\n"
    "  Request.internal_decode(Request.internal_body(req, name), name, [])\n"
    "fn internal_decode(body: Unknown, name: Unknown, answers: Unknown) -> Unknown =\n"
    "  match Request.internal_fill(body, name, answers)\n"
    "    (test, value) -> {\n"
    "      let answer = test(value)\n"
    "      Request.internal_decode(body, name, List.push(answers, answer))\n"
    "    }\n"
    "    result -> result\n";

static vm_native natives[] = {
#include "vm_bridge/web/request.def"
};

vm_module web_request_module = {.name = "Request",
                                .prelude = VM_PRELUDE_SCRIPT,
                                .natives = natives,
                                .native_count = BL_ARRAY_COUNT(natives),
                                .source = source};
