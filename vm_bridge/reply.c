// vm_bridge/reply.c: see reply.h for the design.
//
// The headers of a response record are looked at twice: once to check all of them and to find the
// last of those that may occur only once, then to write them. Nothing of a response that breaks a
// rule is sent: it becomes the answer of a failed handler.
#include "vm_bridge/reply.h"

#include "engine/engine.h"
#include "vm/std/json.h"
#include "vm_bridge/http_error.h"
#include "vm_bridge/json.h"
#include "vm_bridge/limits.h"
#include "vm_bridge/words.h"

static void shrink(bl_buffer *buffer)
{
    if (buffer->capacity > BR_REPLY_KEPT_SIZE) {
        bl_buffer_deinit(buffer);
    }
    buffer->size = 0;
}

void br_reply_deinit(br_reply *reply)
{
    bl_buffer_deinit(&reply->lines);
    bl_buffer_deinit(&reply->text);
    bl_buffer_deinit(&reply->fault);
}

void br_reply_reset(br_reply *reply)
{
    shrink(&reply->lines);
    shrink(&reply->text);
    shrink(&reply->fault);
    reply->status = 200;
    reply->close = false;
    reply->has_date = false;
    reply->has_length = false;
    reply->wants_allow = false;
    reply->content_length = 0;
    reply->body = (bl_slice){NULL, 0};
}

static void append_line(br_reply *reply, bl_slice name, bl_slice value)
{
    char *out = bl_buffer_reserve(&reply->lines, name.size + value.size + 4);
    memcpy(out, name.data, name.size);
    out += name.size;
    *out++ = ':';
    *out++ = ' ';
    if (value.size > 0) {
        memcpy(out, value.data, value.size);
    }
    out += value.size;
    *out++ = '\r';
    *out = '\n';
    reply->lines.size += name.size + value.size + 4;
}

void br_reply_json(br_reply *reply, uint16_t status, bl_slice body)
{
    reply->status = status;
    append_line(reply, BL_SLICE("Content-Type"), BL_SLICE("application/json"));
    reply->body = body;
}

void br_reply_failure(br_reply *reply, const char *message)
{
    br_reply_reset(reply);
    bl_buffer_append(&reply->fault, message, strlen(message));
    br_reply_json(reply, 500,
                  BL_SLICE("{\"error\":\"Internal Server Error\","
                           "\"message\":\"Handler runtime error\"}"));
}

void br_reply_no_route(br_reply *reply, uint16_t status, const char *error, bl_slice path)
{
    bl_buffer_format(&reply->text, "{\"error\":\"%s\",\"path\":", error);
    br_json_text(&reply->text, path);
    bl_buffer_append_char(&reply->text, '}');
    br_reply_json(reply, status, bl_buffer_slice(&reply->text));
}

static void render_text(br_reply *reply, uint16_t status, vm_value value)
{
    reply->status = status;
    append_line(reply, BL_SLICE("Content-Type"), BL_SLICE("text/plain"));
    if (value.tag == VM_STRING) {
        reply->body = vm_text(value);
        return;
    }
    vm_text_append(&reply->text, value);
    reply->body = bl_buffer_slice(&reply->text);
}

static void render_http_error(br_reply *reply, vm_value value, const br_http_error *row)
{
    br_http_error_json(&reply->text, value, row);
    br_reply_json(reply, row->status, bl_buffer_slice(&reply->text));
    if (row->status == 401) {
        append_line(reply, BL_SLICE("WWW-Authenticate"), BL_SLICE("Bearer"));
    }
    reply->wants_allow = row->status == 405;
}

// ---- headers ---------------------------------------------------------------------------------

// Names that mean something to the server.
typedef enum header_kind {
    HEADER_OTHER,
    HEADER_CONTENT_TYPE, // The first ones may occur once only: the last counts.
    HEADER_LOCATION,
    HEADER_ETAG,
    HEADER_DATE,
    HEADER_SERVER,
    HEADER_RETRY_AFTER,
    HEADER_SINGLE_COUNT,
    HEADER_CONTENT_LENGTH = HEADER_SINGLE_COUNT, // The rest is framing.
    HEADER_CONNECTION,
    HEADER_DROPPED,
} header_kind;

typedef struct header_name {
    bl_slice name;
    header_kind kind;
} header_name;

static header_kind kind_of(bl_slice name, bl_slice id_header)
{
    static const header_name names[] = {
        {{"content-type", 12}, HEADER_CONTENT_TYPE},
        {{"location", 8}, HEADER_LOCATION},
        {{"etag", 4}, HEADER_ETAG},
        {{"date", 4}, HEADER_DATE},
        {{"server", 6}, HEADER_SERVER},
        {{"retry-after", 11}, HEADER_RETRY_AFTER},
        {{"content-length", 14}, HEADER_CONTENT_LENGTH},
        {{"connection", 10}, HEADER_CONNECTION},
        {{"transfer-encoding", 17}, HEADER_DROPPED},
        {{"keep-alive", 10}, HEADER_DROPPED},
        {{"trailer", 7}, HEADER_DROPPED},
        {{"upgrade", 7}, HEADER_DROPPED},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(names); i++) {
        if (name.size == names[i].name.size && bl_slice_equal_nocase(name, names[i].name)) {
            return names[i].kind;
        }
    }
    bool is_id = id_header.size > 0 && bl_slice_equal_nocase(name, id_header);
    return is_id ? HEADER_DROPPED : HEADER_OTHER;
}

typedef struct header_scan {
    const vm_value *items;
    uint32_t count;
    uint32_t last[HEADER_SINGLE_COUNT]; // 1 + index; 0: none.
    bl_slice id_header;
} header_scan;

// The pair of strings at index i. False for anything else: it is skipped.
static bool header_at(const header_scan *scan, uint32_t i, bl_slice *name, bl_slice *value)
{
    vm_value item = scan->items[i];
    if (item.tag != VM_TUPLE || item.tuple->size != 2 || item.tuple->items[0].tag != VM_STRING ||
        item.tuple->items[1].tag != VM_STRING) {
        return false;
    }
    *name = vm_text(item.tuple->items[0]);
    *value = vm_text(item.tuple->items[1]);
    return true;
}

static bool lists_close(bl_slice value)
{
    while (value.size > 0) {
        const char *comma = memchr(value.data, ',', value.size);
        size_t size = comma == NULL ? value.size : (size_t)(comma - value.data);
        bl_slice token = {value.data, size};
        size_t taken = comma == NULL ? size : size + 1;
        value = (bl_slice){value.data + taken, value.size - taken};
        while (token.size > 0 && token.data[0] == ' ') {
            token = (bl_slice){token.data + 1, token.size - 1};
        }
        while (token.size > 0 && token.data[token.size - 1] == ' ') {
            token.size -= 1;
        }
        if (bl_slice_equal_nocase(token, BL_SLICE("close"))) {
            return true;
        }
    }
    return false;
}

static bool parse_length(bl_slice text, uint64_t *length)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || i >= 18) {
            return false;
        }
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    *length = value;
    return text.size > 0;
}

// False when a header cannot be sent.
static bool scan_headers(br_reply *reply, header_scan *scan, bool is_head)
{
    for (uint32_t i = 0; i < scan->count; i++) {
        bl_slice name, value;
        if (!header_at(scan, i, &name, &value)) {
            continue;
        }
        if (!eng_header_is_safe(name, value)) {
            return false;
        }
        header_kind kind = kind_of(name, scan->id_header);
        if (kind > HEADER_OTHER && kind < HEADER_SINGLE_COUNT) {
            scan->last[kind] = i + 1;
        } else if (kind == HEADER_CONNECTION) {
            reply->close = reply->close || lists_close(value);
        } else if (kind == HEADER_CONTENT_LENGTH && is_head) {
            reply->has_length = parse_length(value, &reply->content_length);
        }
    }
    reply->has_date = scan->last[HEADER_DATE] != 0;
    return true;
}

static void write_headers(br_reply *reply, const header_scan *scan)
{
    for (uint32_t i = 0; i < scan->count; i++) {
        bl_slice name, value;
        if (!header_at(scan, i, &name, &value)) {
            continue;
        }
        header_kind kind = kind_of(name, scan->id_header);
        bool is_single = kind > HEADER_OTHER && kind < HEADER_SINGLE_COUNT;
        if (kind == HEADER_OTHER || (is_single && scan->last[kind] == i + 1)) {
            append_line(reply, name, value);
        }
    }
}

// ---- records ---------------------------------------------------------------------------------

static const vm_value *field_of(const vm_record *record, int place, bl_slice name)
{
    return record->shape == &br_shape_response.shape ? &record->fields[place]
                                                     : vm_record_field(record, name);
}

// False with a fault when the status cannot be sent.
static bool read_status(br_reply *reply, const vm_value *status)
{
    if (status == NULL) {
        reply->status = 200;
        return true;
    }
    if (status->tag != VM_INT) {
        br_reply_failure(reply, "Response status must be an Int");
        return false;
    }
    if (status->integer < 200 || status->integer > 999) {
        br_reply_failure(reply, "Response status must be between 200 and 999");
        return false;
    }
    reply->status = (uint16_t)status->integer;
    return true;
}

static bool body_is_text(const vm_record *record)
{
    return record->shape == &br_shape_response.shape &&
           record->fields[BR_response_body].tag == VM_STRING;
}

static void render_record(br_reply *reply, const vm_record *record, bool is_head,
                          bl_slice id_header)
{
    if (!read_status(reply, field_of(record, BR_response_status, BL_SLICE("status")))) {
        return;
    }
    header_scan scan = {.id_header = id_header};
    const vm_value *headers = field_of(record, BR_response_headers, BL_SLICE("headers"));
    if (headers != NULL && headers->tag == VM_LIST && headers->list == br_json_headers().list &&
        body_is_text(record)) {
        // The usual case: nothing to check, nothing to choose.
        reply->body = vm_text(record->fields[BR_response_body]);
        bl_buffer_append_slice(&reply->lines, BL_SLICE("Content-Type: application/json\r\n"));
        return;
    }
    if (headers != NULL && headers->tag == VM_LIST) {
        scan.items = vm_list_items(headers->list);
        scan.count = headers->list->size;
    }
    if (!scan_headers(reply, &scan, is_head)) {
        br_reply_failure(reply, "Response header with an invalid name or value");
        return;
    }
    const vm_value *body = field_of(record, BR_response_body, BL_SLICE("body"));
    bl_slice default_type = BL_SLICE("text/plain; charset=utf-8");
    if (body != NULL && body->tag == VM_STRING) {
        reply->body = vm_text(*body);
    } else if (body != NULL) {
        std_json_error error;
        if (!std_json_write(&reply->text, *body, STD_JSON_COMPACT, &error)) {
            br_reply_failure(reply, error.message);
            return;
        }
        reply->body = bl_buffer_slice(&reply->text);
        default_type = BL_SLICE("application/json");
    }
    if (scan.last[HEADER_CONTENT_TYPE] == 0 && reply->body.size > 0) {
        append_line(reply, BL_SLICE("Content-Type"), default_type);
    }
    reply->has_length = reply->has_length && reply->body.size == 0;
    write_headers(reply, &scan);
}

static void render_error(br_reply *reply, vm_value error, bool is_head, bl_slice id_header)
{
    const br_http_error *row = br_http_error_of(error);
    if (row != NULL) {
        render_http_error(reply, error, row);
    } else if (error.tag == VM_RECORD &&
               vm_record_field(error.record, BL_SLICE("status")) != NULL) {
        render_record(reply, error.record, is_head, id_header);
    } else {
        render_text(reply, 500, error);
    }
}

void br_reply_render(br_reply *reply, vm_value result, bool is_head, bl_slice id_header)
{
    br_reply_reset(reply);
    if (vm_is_ctor(result, VM_CTOR_OK)) {
        vm_value value = result.variant->items[0];
        if (value.tag == VM_RECORD) {
            render_record(reply, value.record, is_head, id_header);
        } else {
            render_text(reply, 500, br_word(&br_word_non_record));
        }
    } else if (vm_is_ctor(result, VM_CTOR_ERR)) {
        render_error(reply, result.variant->items[0], is_head, id_header);
    } else if (result.tag == VM_RECORD) {
        render_record(reply, result.record, is_head, id_header);
    } else if (br_http_error_of(result) != NULL) {
        render_http_error(reply, result, br_http_error_of(result));
    } else {
        render_text(reply, 200, result);
    }
}
