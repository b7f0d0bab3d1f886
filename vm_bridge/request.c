// vm_bridge/request.c: see request.h for the design.
#include "vm_bridge/request.h"

#include "router/router.h"
#include "vm_bridge/limits.h"

// ---- strings ---------------------------------------------------------------------------------

static bool is_ascii(bl_slice text)
{
    uint64_t high = 0;
    size_t i = 0;
    for (; i + 8 <= text.size; i += 8) {
        uint64_t word = 0;
        memcpy(&word, text.data + i, 8);
        high |= word;
    }
    for (; i < text.size; i++) {
        high |= (unsigned char)text.data[i];
    }
    return (high & 0x8080808080808080u) == 0;
}

static vm_value borrow_ascii(vm_heap *heap, bl_slice text)
{
    vm_value value = vm_string_borrow(heap, text.data, text.size);
    value.string->header.flags |= VM_STRING_ASCII;
    return value;
}

vm_value br_text_value(vm_heap *heap, bl_slice text)
{
    if (text.size == 0) {
        return br_word(&br_word_empty);
    }
    if (is_ascii(text)) {
        return borrow_ascii(heap, text);
    }
    if (bl_utf8_is_valid(text)) {
        return vm_string_borrow(heap, text.data, text.size);
    }
    char *room = vm_heap_alloc_raw(heap, 3 * text.size);
    vm_value value = vm_string_make(heap, room, bl_utf8_repair(text, room));
    vm_heap_free_raw(heap, room, 3 * text.size);
    return value;
}

static vm_value method_word(const eng_request *request)
{
    switch ((eng_method)request->method) {
#define METHOD(name)                                                                               \
    case ENG_METHOD_##name:                                                                        \
        return br_word(&br_word_##name);
#include "engine/methods.def"
#undef METHOD
    case ENG_METHOD_OTHER:
        break;
    }
    return br_word(&br_word_OTHER);
}

// ---- headers ---------------------------------------------------------------------------------

static vm_value header_name(vm_heap *heap, const eng_request *request, const eng_field *field)
{
    static vm_string words[] = {
#define HEADER(id, name)                                                                           \
    [ENG_HEADER_##id] = {.header = {.kind = VM_STRING, .flags = VM_STRING_ASCII},                  \
                         .size = sizeof(name) - 1,                                                 \
                         .data = (name)},
#include "engine/headers.def"
#undef HEADER
    };
    if (field->id < ENG_HEADER_OTHER) {
        return br_word(&words[field->id]);
    }
    bl_slice name = eng_field_name(request, field);
    vm_string *lower = vm_string_alloc(heap, name.size);
    char *out = (char *)(uintptr_t)lower->data;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        out[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    }
    lower->header.flags |= VM_STRING_ASCII; // A token (RFC 9110 section 5.1).
    return vm_of(lower);
}

static vm_value header_list(vm_heap *heap, const eng_request *request)
{
    vm_value pairs[UINT8_MAX];
    for (uint32_t i = 0; i < request->field_count; i++) {
        const eng_field *field = &request->fields[i];
        vm_value pair[2] = {header_name(heap, request, field),
                            br_text_value(heap, eng_field_value(request, field))};
        pairs[i] = vm_tuple_make(heap, pair, 2);
    }
    return vm_list_from(heap, pairs, request->field_count);
}

// ---- query and cookies -----------------------------------------------------------------------

// Names and values on their way into a record. The record takes the last of equal names, and the
// first is to win: so they are stored from the end.
typedef struct field_stack {
    vm_heap *heap;
    vm_value *names, *values;
    size_t capacity, free;
} field_stack;

static void begin_fields(field_stack *stack, vm_heap *heap, size_t capacity)
{
    capacity = capacity < BR_QUERY_FIELDS_MAX ? capacity : BR_QUERY_FIELDS_MAX;
    *stack = (field_stack){.heap = heap, .capacity = capacity, .free = capacity};
    stack->names = vm_heap_alloc_raw(heap, 2 * capacity * sizeof(vm_value));
    stack->values = stack->names + capacity;
}

static void push_field(field_stack *stack, vm_value name, vm_value value)
{
    if (stack->free > 0) {
        stack->free -= 1;
        stack->names[stack->free] = name;
        stack->values[stack->free] = value;
    }
}

static vm_value end_fields(field_stack *stack)
{
    size_t count = stack->capacity - stack->free;
    vm_value record = count == 0 ? br_empty_record()
                                 : vm_record_from(stack->heap, stack->names + stack->free,
                                                  stack->values + stack->free, count);
    vm_heap_free_raw(stack->heap, stack->names, 2 * stack->capacity * sizeof(vm_value));
    return record;
}

static vm_value query_text(vm_heap *heap, bl_slice raw)
{
    if (memchr(raw.data, '%', raw.size) == NULL && memchr(raw.data, '+', raw.size) == NULL) {
        return br_text_value(heap, raw);
    }
    char *room = vm_heap_alloc_raw(heap, 4 * raw.size);
    char *decoded = room + 3 * raw.size;
    bl_slice text = {decoded, rt_percent_decode(raw, true, decoded)};
    vm_value value = vm_string_make(heap, room, bl_utf8_repair(text, room));
    vm_heap_free_raw(heap, room, 4 * raw.size);
    return value;
}

static size_t count_byte(bl_slice text, char byte)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        count += text.data[i] == byte;
    }
    return count;
}

// Takes what stands before the next separator.
static bl_slice take_piece(bl_slice *rest, char separator)
{
    const char *end = memchr(rest->data, separator, rest->size);
    size_t size = end == NULL ? rest->size : (size_t)(end - rest->data);
    bl_slice piece = {rest->data, size};
    size_t taken = end == NULL ? size : size + 1;
    *rest = (bl_slice){rest->data + taken, rest->size - taken};
    return piece;
}

vm_value br_query_record(vm_heap *heap, bl_slice query)
{
    if (query.size == 0) {
        return br_empty_record();
    }
    field_stack stack;
    begin_fields(&stack, heap, count_byte(query, '&') + 1);
    while (query.size > 0) {
        bl_slice value = take_piece(&query, '&');
        if (value.size > 0) {
            bl_slice name = take_piece(&value, '=');
            push_field(&stack, name.size == 0 ? br_word(&br_word_empty) : query_text(heap, name),
                       value.size == 0 ? br_word(&br_word_empty) : query_text(heap, value));
        }
    }
    return end_fields(&stack);
}

static bl_slice trim(bl_slice text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text.data += 1;
        text.size -= 1;
    }
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t')) {
        text.size -= 1;
    }
    return text;
}

static void push_cookies(field_stack *stack, bl_slice line)
{
    while (line.size > 0) {
        bl_slice piece = trim(take_piece(&line, ';'));
        const char *equals = memchr(piece.data, '=', piece.size);
        if (equals == NULL) {
            continue;
        }
        bl_slice name = trim(take_piece(&piece, '='));
        bl_slice value = trim(piece);
        if (value.size >= 2 && value.data[0] == '"' && value.data[value.size - 1] == '"') {
            value = (bl_slice){value.data + 1, value.size - 2};
        }
        if (name.size > 0) {
            push_field(stack, br_text_value(stack->heap, name), br_text_value(stack->heap, value));
        }
    }
}

vm_value br_cookie_record(vm_heap *heap, const bl_slice *lines, size_t count)
{
    size_t pieces = count;
    for (size_t i = 0; i < count; i++) {
        pieces += count_byte(lines[i], ';');
    }
    field_stack stack;
    begin_fields(&stack, heap, pieces);
    for (size_t i = 0; i < count; i++) {
        push_cookies(&stack, lines[i]);
    }
    return end_fields(&stack);
}

static vm_value cookies_of(vm_heap *heap, const eng_request *request)
{
    if (request->known[ENG_HEADER_COOKIE] == 0) {
        return br_empty_record();
    }
    bl_slice lines[UINT8_MAX];
    size_t count = 0;
    for (uint32_t i = 0; i < request->field_count; i++) {
        if (request->fields[i].id == ENG_HEADER_COOKIE) {
            lines[count++] = eng_field_value(request, &request->fields[i]);
        }
    }
    return br_cookie_record(heap, lines, count);
}

// ---- the record ------------------------------------------------------------------------------

static vm_value param_value(vm_heap *heap, bl_slice raw, bool is_rest)
{
    if (rt_param_is_plain(raw, is_rest)) {
        return borrow_ascii(heap, raw);
    }
    char *room = vm_heap_alloc_raw(heap, 3 * raw.size);
    vm_value value = vm_string_make(heap, room, rt_param_decode(raw, is_rest, room));
    vm_heap_free_raw(heap, room, 3 * raw.size);
    return value;
}

static vm_value params_of(vm_heap *heap, const br_params *params, const bl_slice *raw)
{
    if (params->shape->size == 0) {
        return br_empty_record();
    }
    // Cut in advance, so that the record is made in one go.
    vm_value few[8];
    size_t bytes = params->shape->size * sizeof(vm_value);
    bool are_few = params->shape->size <= BL_ARRAY_COUNT(few);
    vm_value *fields = are_few ? few : vm_heap_alloc_raw(heap, bytes);
    for (uint32_t i = 0; i < params->shape->size; i++) {
        uint32_t from = params->order[i];
        bool is_rest = params->has_rest && from + 1 == params->raw_count;
        fields[i] = param_value(heap, raw[from], is_rest);
    }
    vm_value record = vm_record_make(heap, params->shape, fields);
    if (!are_few) {
        vm_heap_free_raw(heap, fields, bytes);
    }
    return record;
}

// Path and query as sent; of an absolute target without scheme and authority.
static vm_value url_of(vm_heap *heap, const eng_request *request, vm_value path)
{
    if (!request->has_query) {
        return vm_dup(path);
    }
    if (request->query.data == request->path.data + request->path.size + 1) {
        bl_slice whole = {request->path.data, request->path.size + 1 + request->query.size};
        return br_text_value(heap, whole);
    }
    // An absolute target without a path: `http://host?x=1`.
    vm_string *url = vm_string_alloc(heap, request->path.size + 1 + request->query.size);
    char *out = (char *)(uintptr_t)url->data;
    memcpy(out, request->path.data, request->path.size);
    out[request->path.size] = '?';
    if (request->query.size > 0) {
        memcpy(out + request->path.size + 1, request->query.data, request->query.size);
    }
    return vm_of(url);
}

vm_value br_request_value(vm_heap *heap, const eng_request *request, const br_params *params,
                          const bl_slice *raw, vm_value state)
{
    vm_value fields[9];
    fields[BR_request_body] = request->body.size == 0
                                  ? br_word(&br_word_empty)
                                  : vm_string_borrow(heap, request->body.data, request->body.size);
    fields[BR_request_cookies] = cookies_of(heap, request);
    fields[BR_request_headers] = header_list(heap, request);
    fields[BR_request_method] = method_word(request);
    fields[BR_request_params] = params_of(heap, params, raw);
    fields[BR_request_path] = br_text_value(heap, request->path);
    fields[BR_request_query] = br_query_record(heap, request->query);
    fields[BR_request_state] = state;
    fields[BR_request_url] = url_of(heap, request, fields[BR_request_path]);
    return vm_record_make(heap, &br_shape_request.shape, fields);
}
