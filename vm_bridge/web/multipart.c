// vm_bridge/web/multipart.c: Request.multipart: the parts of a multipart/form-data body.
//
// RFC 2046 section 5.1.1, RFC 7578: a delimiter is `--BOUNDARY` at the start of a line, followed by
// blanks and a line end, or by `--` for the last one. The line end before it belongs to it; all
// other bytes of a part are content and pass unchanged.
#include "vm_bridge/limits.h"
#include "vm_bridge/web/request.h"

// ---- header parameters -----------------------------------------------------------------------

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

// Takes the next `; name=value` off a header value; value may be quoted, with escapes removed into
// room (as long as rest). False at the end.
static bool next_parameter(bl_slice *rest, bl_slice *name, bl_slice *value, char *room)
{
    const char *at = rest->data;
    const char *end = at + rest->size;
    while (at < end && (*at == ';' || is_blank(*at))) {
        at += 1;
    }
    if (at == end) {
        return false;
    }
    const char *start = at;
    while (at < end && *at != '=' && *at != ';') {
        at += 1;
    }
    *name = web_trim((bl_slice){start, (size_t)(at - start)});
    *value = (bl_slice){room, 0};
    if (at < end && *at == '=') {
        at += 1;
        while (at < end && is_blank(*at)) {
            at += 1;
        }
        if (at < end && *at == '"') {
            for (at += 1; at < end && *at != '"'; at++) {
                // Browsers send backslashes of file names as they are: only \" and \\ are escapes.
                at += *at == '\\' && at + 1 < end && (at[1] == '"' || at[1] == '\\');
                room[value->size++] = *at;
            }
            while (at < end && *at != ';') {
                at += 1;
            }
        } else {
            start = at;
            while (at < end && *at != ';') {
                at += 1;
            }
            *value = web_trim((bl_slice){start, (size_t)(at - start)});
        }
    }
    *rest = (bl_slice){at, (size_t)(end - at)};
    return true;
}

// What stands before the first semicolon; rest is what follows.
static bl_slice first_word(bl_slice *rest)
{
    const char *semicolon = memchr(rest->data, ';', rest->size);
    size_t size = semicolon == NULL ? rest->size : (size_t)(semicolon - rest->data);
    bl_slice word = web_trim((bl_slice){rest->data, size});
    *rest = (bl_slice){rest->data + size, rest->size - size};
    return word;
}

// The boundary, copied to room. Empty: there is none.
static bl_slice find_boundary(bl_slice content_type, char *room)
{
    bl_slice type = first_word(&content_type);
    bl_slice name, value;
    if (!bl_slice_equal_nocase(type, BL_SLICE("multipart/form-data"))) {
        return (bl_slice){NULL, 0};
    }
    while (next_parameter(&content_type, &name, &value, room)) {
        if (bl_slice_equal_nocase(name, BL_SLICE("boundary"))) {
            return value;
        }
    }
    return (bl_slice){NULL, 0};
}

// ---- delimiters ------------------------------------------------------------------------------

typedef struct web_delimiter {
    size_t start; // Of the line end before it.
    size_t end;   // Behind its own line end.
    bool is_last;
} web_delimiter;

// If a delimiter line stands at `at`, its end and kind.
static bool delimiter_at(bl_slice body, size_t at, bl_slice boundary, web_delimiter *found)
{
    size_t need = boundary.size + 2;
    if (body.size - at < need || memcmp(body.data + at, "--", 2) != 0 ||
        memcmp(body.data + at + 2, boundary.data, boundary.size) != 0) {
        return false;
    }
    at += need;
    found->is_last = body.size - at >= 2 && memcmp(body.data + at, "--", 2) == 0;
    if (found->is_last) {
        found->end = body.size;
        return true;
    }
    while (at < body.size && is_blank(body.data[at])) {
        at += 1;
    }
    if (body.size - at >= 2 && memcmp(body.data + at, "\r\n", 2) == 0) {
        found->end = at + 2;
        return true;
    }
    return false;
}

static bool find_delimiter(bl_slice body, size_t from, bl_slice boundary, web_delimiter *found)
{
    if (from == 0 && delimiter_at(body, 0, boundary, found)) {
        found->start = 0;
        return true;
    }
    // Behind a delimiter's line end a line starts as well: empty parts have no line end of theirs.
    size_t at = from >= 2 ? from - 2 : 0;
    while (at < body.size) {
        const char *line = memmem(body.data + at, body.size - at, "\r\n", 2);
        if (line == NULL) {
            return false;
        }
        at = (size_t)(line - body.data);
        if (delimiter_at(body, at + 2, boundary, found)) {
            found->start = at;
            return true;
        }
        at += 1;
    }
    return false;
}

// ---- parts -----------------------------------------------------------------------------------

typedef struct web_part {
    bl_slice name, filename, content_type;
    bool has_name, has_filename;
} web_part;

static void read_disposition(bl_slice value, web_part *part, char *room)
{
    bl_slice type = first_word(&value);
    if (!bl_slice_equal_nocase(type, BL_SLICE("form-data"))) {
        return;
    }
    bl_slice name, text;
    while (next_parameter(&value, &name, &text, room)) {
        if (bl_slice_equal_nocase(name, BL_SLICE("name")) && !part->has_name) {
            part->name = text;
            part->has_name = true;
        } else if (bl_slice_equal_nocase(name, BL_SLICE("filename")) && !part->has_filename) {
            part->filename = text;
            part->has_filename = true;
        }
        room += text.data == room ? text.size : 0;
    }
}

// Reads the header lines of a part; returns where its content starts.
static size_t read_headers(bl_slice body, size_t at, size_t end, web_part *part, char *room)
{
    while (at < end) {
        const char *line_end = memmem(body.data + at, end - at, "\r\n", 2);
        size_t stop = line_end == NULL ? end : (size_t)(line_end - body.data);
        bl_slice line = {body.data + at, stop - at};
        at = line_end == NULL ? end : stop + 2;
        if (line.size == 0) {
            return at;
        }
        const char *colon = memchr(line.data, ':', line.size);
        if (colon == NULL) {
            continue;
        }
        bl_slice name = web_trim((bl_slice){line.data, (size_t)(colon - line.data)});
        bl_slice value =
            web_trim((bl_slice){colon + 1, line.size - (size_t)(colon - line.data) - 1});
        if (bl_slice_equal_nocase(name, BL_SLICE("content-disposition"))) {
            read_disposition(value, part, room);
        } else if (bl_slice_equal_nocase(name, BL_SLICE("content-type"))) {
            part->content_type = value;
        }
    }
    return end;
}

static vm_value part_value(vm_heap *heap, const web_part *part, vm_value body, size_t start,
                           size_t size)
{
    vm_value fields[4];
    fields[BR_part_body] = vm_string_view(heap, body.string, start, size);
    fields[BR_part_content_type] = part->content_type.size == 0
                                       ? br_word(&br_word_text_plain)
                                       : vm_string_slice(heap, part->content_type);
    fields[BR_part_filename] =
        part->has_filename ? vm_some(heap, vm_string_slice(heap, part->filename)) : vm_none();
    fields[BR_part_name] = vm_string_slice(heap, part->name);
    return vm_record_make(heap, &br_shape_part.shape, fields);
}

static vm_value read_parts(vm_heap *heap, vm_value value, bl_slice boundary, char *room)
{
    bl_slice body = vm_text(value);
    vm_value parts = vm_list_make(heap, 4);
    web_delimiter delimiter;
    bool is_open = find_delimiter(body, 0, boundary, &delimiter) && !delimiter.is_last;
    for (uint32_t count = 0; is_open && count < BR_MULTIPART_PARTS_MAX; count++) {
        size_t start = delimiter.end;
        if (!find_delimiter(body, start, boundary, &delimiter)) {
            break;
        }
        // The line end before the delimiter is not content; it may be that of the delimiter before.
        size_t end = delimiter.start < start ? start : delimiter.start;
        web_part part = {.has_name = false};
        size_t content = read_headers(body, start, end, &part, room);
        if (part.has_name) {
            parts =
                vm_list_push(heap, parts, part_value(heap, &part, value, content, end - content));
        }
        is_open = !delimiter.is_last;
    }
    return parts;
}

vm_status web_request_multipart(vm_task *task, vm_value *args, vm_value *result)
{
    vm_heap *heap = vm_task_heap(task);
    const vm_value *type = web_header(args[0], BL_SLICE("content-type"));
    const vm_value *body = web_field(args[0], &br_word_body);
    bl_slice text = type == NULL ? BL_SLICE("") : vm_text(*type);
    size_t body_size = body != NULL && web_is_text(*body) ? body->string->size : 0;
    // Room for a boundary, and for names without their escapes.
    char *boundary_room = bl_alloc(text.size + 1);
    bl_slice boundary = find_boundary(text, boundary_room);
    if (boundary.size == 0) {
        vm_value message = web_format(task, "Missing or invalid multipart boundary");
        *result = web_error(task, "BadRequest", message);
    } else if (body_size == 0) {
        *result = vm_ok(heap, vm_list_make(heap, 0));
    } else {
        char *room = bl_alloc(body_size);
        *result = vm_ok(heap, read_parts(heap, *body, boundary, room));
        bl_free(room);
    }
    bl_free(boundary_room);
    return VM_OK;
}
