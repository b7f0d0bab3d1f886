// vm_bridge/docs.c: see docs.h. Both texts are made once, when the server starts.
#include "vm_bridge/docs.h"

#include "vm_bridge/json.h"

static void append_html(bl_buffer *out, bl_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        switch (text.data[i]) {
        case '<':
            bl_buffer_append_slice(out, BL_SLICE("&lt;"));
            break;
        case '>':
            bl_buffer_append_slice(out, BL_SLICE("&gt;"));
            break;
        case '&':
            bl_buffer_append_slice(out, BL_SLICE("&amp;"));
            break;
        default: // Not an enum: everything else stands for itself between tags.
            bl_buffer_append_char(out, text.data[i]);
            break;
        }
    }
}

void br_docs_page(const br_app *app, bl_buffer *out)
{
    bl_buffer_append_slice(
        out,
        BL_SLICE("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                 "<title>Baseline API</title></head>\n<body><h1>Baseline API</h1>\n<table>\n"));
    for (uint32_t i = 0; i < app->route_count; i++) {
        bl_buffer_append_slice(out, BL_SLICE("<tr><td>"));
        append_html(out, app->routes[i].method);
        bl_buffer_append_slice(out, BL_SLICE("</td><td><code>"));
        append_html(out, app->routes[i].path);
        bl_buffer_append_slice(out, BL_SLICE("</code></td></tr>\n"));
    }
    bl_buffer_append_slice(out, BL_SLICE("</table></body></html>\n"));
}

// ---- OpenAPI ---------------------------------------------------------------------------------

static bool next_segment(bl_slice *path, bl_slice *segment)
{
    while (path->size > 0 && path->data[0] == '/') {
        *path = (bl_slice){path->data + 1, path->size - 1};
    }
    const char *slash = path->size == 0 ? NULL : memchr(path->data, '/', path->size);
    size_t size = slash == NULL ? path->size : (size_t)(slash - path->data);
    *segment = (bl_slice){path->data, size};
    *path = (bl_slice){path->data + size, path->size - size};
    return size > 0;
}

// The name of a parameter's segment; data == NULL for text.
static bl_slice parameter_of(bl_slice segment, bl_slice rest)
{
    bool is_parameter = segment.data[0] == ':' || (segment.data[0] == '*' && rest.size == 0);
    bl_slice name = {segment.data + 1, segment.size - 1};
    return !is_parameter ? (bl_slice){NULL, 0} : name.size == 0 ? segment : name;
}

// "/cats/:id" as "/cats/{id}".
static void append_template(bl_buffer *out, bl_slice path)
{
    size_t start = out->size;
    bl_slice segment;
    while (next_segment(&path, &segment)) {
        bl_slice name = parameter_of(segment, path);
        bl_buffer_append_char(out, '/');
        bl_buffer_format(out, name.data != NULL ? "{%.*s}" : "%.*s",
                         BL_SLICE_ARG(name.data != NULL ? name : segment));
    }
    if (out->size == start) {
        bl_buffer_append_char(out, '/');
    }
}

static void append_parameters(bl_buffer *out, bl_slice path)
{
    const char *before = ",\"parameters\":[";
    const char *after = "";
    bl_slice segment;
    while (next_segment(&path, &segment)) {
        bl_slice name = parameter_of(segment, path);
        if (name.data == NULL) {
            continue;
        }
        bl_buffer_format(out, "%s{\"name\":", before);
        br_json_text(out, name);
        bl_buffer_format(out, ",\"in\":\"path\",\"required\":true,"
                              "\"schema\":{\"type\":\"string\"}}");
        before = ",";
        after = "]";
    }
    bl_buffer_format(out, "%s", after);
}

static void append_operation(bl_buffer *out, const br_route *route)
{
    bl_buffer_append_char(out, '"');
    for (size_t i = 0; i < route->method.size; i++) {
        bl_buffer_append_char(out, (char)(route->method.data[i] | 0x20)); // Upper-case letters.
    }
    bl_buffer_format(out, "\":{\"responses\":{\"200\":{\"description\":\"Success\"}}");
    append_parameters(out, route->path);
    bl_buffer_append_char(out, '}');
}

// All operations of the path of route first, unless an earlier route has that path.
static bool append_path(const br_app *app, uint32_t first, const bl_slice *templates, bool comma,
                        bl_buffer *out)
{
    for (uint32_t i = 0; i < first; i++) {
        if (bl_slice_equal(templates[i], templates[first]) &&
            app->routes[i].method_index != BR_METHOD_WS) {
            return false;
        }
    }
    bl_buffer_format(out, "%s", comma ? "," : "");
    br_json_text(out, templates[first]);
    const char *before = ":{";
    for (uint32_t i = first; i < app->route_count; i++) {
        if (bl_slice_equal(templates[i], templates[first]) &&
            app->routes[i].method_index != BR_METHOD_WS) {
            bl_buffer_format(out, "%s", before);
            append_operation(out, &app->routes[i]);
            before = ",";
        }
    }
    bl_buffer_append_char(out, '}');
    return true;
}

void br_docs_openapi(const br_app *app, bl_buffer *out)
{
    bl_arena arena;
    bl_arena_init(&arena, 0);
    bl_slice *templates = bl_arena_alloc(&arena, (app->route_count + 1) * sizeof(*templates));
    bl_buffer text = {0};
    for (uint32_t i = 0; i < app->route_count; i++) {
        text.size = 0;
        append_template(&text, app->routes[i].path);
        templates[i] = bl_arena_slice(&arena, bl_buffer_slice(&text));
    }
    bl_buffer_deinit(&text);
    bl_buffer_format(out, "{\"openapi\":\"3.0.3\",\"info\":{\"title\":\"Baseline API\","
                          "\"version\":\"1.0.0\"},\"paths\":{");
    bool comma = false;
    for (uint32_t i = 0; i < app->route_count; i++) {
        if (app->routes[i].method_index != BR_METHOD_WS) {
            comma = append_path(app, i, templates, comma, out) || comma;
        }
    }
    bl_buffer_append_slice(out, BL_SLICE("}}"));
    bl_arena_deinit(&arena);
}
