// vm_bridge/gzip.c: see gzip.h.
#include "vm_bridge/gzip.h"

#include "vm_bridge/limits.h"

#define ZLIB_CONST
#include <zlib.h>

struct br_gzip {
    z_stream stream;
    bool is_open;
    bl_buffer out; // Swapped with the reply's text.
};

static void *allocate(void *owner, unsigned count, unsigned size)
{
    (void)owner; // All streams use one allocator.
    return bl_alloc((size_t)count * size);
}

static void release(void *owner, void *memory)
{
    (void)owner; // As above.
    bl_free(memory);
}

br_gzip *br_gzip_create(void)
{
    return bl_alloc_zeroed(1, sizeof(br_gzip));
}

void br_gzip_destroy(br_gzip *gzip)
{
    if (gzip == NULL) {
        return;
    }
    if (gzip->is_open) {
        (void)deflateEnd(&gzip->stream); // Says only whether something was left over.
    }
    bl_buffer_deinit(&gzip->out);
    bl_free(gzip);
}

// ---- what the client takes -------------------------------------------------------------------

static bl_slice trim(bl_slice text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text = (bl_slice){text.data + 1, text.size - 1};
    }
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t')) {
        text.size -= 1;
    }
    return text;
}

static bl_slice take_until(bl_slice *rest, char separator)
{
    const char *end = rest->size == 0 ? NULL : memchr(rest->data, separator, rest->size);
    size_t size = end == NULL ? rest->size : (size_t)(end - rest->data);
    bl_slice piece = {rest->data, size};
    size_t taken = end == NULL ? size : size + 1;
    *rest = (bl_slice){rest->data + taken, rest->size - taken};
    return trim(piece);
}

// Whether the parameters say q=0, in any number of digits.
static bool is_refused(bl_slice parameters)
{
    while (parameters.size > 0) {
        bl_slice parameter = take_until(&parameters, ';');
        bl_slice name = take_until(&parameter, '=');
        if (!bl_slice_equal_nocase(name, BL_SLICE("q"))) {
            continue;
        }
        bl_slice value = trim(parameter);
        bool is_zero = value.size > 0;
        for (size_t i = 0; i < value.size; i++) {
            is_zero = is_zero && (value.data[i] == '0' || value.data[i] == '.');
        }
        return is_zero;
    }
    return false;
}

bool br_gzip_is_accepted(bl_slice accept)
{
    bool has_star = false;
    while (accept.size > 0) {
        bl_slice parameters = take_until(&accept, ',');
        bl_slice coding = take_until(&parameters, ';');
        if (bl_slice_equal_nocase(coding, BL_SLICE("gzip")) ||
            bl_slice_equal_nocase(coding, BL_SLICE("x-gzip"))) {
            return !is_refused(parameters);
        }
        has_star = has_star || (bl_slice_equal(coding, BL_SLICE("*")) && !is_refused(parameters));
    }
    return has_star;
}

// ---- what the reply says ---------------------------------------------------------------------

// The value of the first line of that name; data == NULL: none.
static bl_slice find_line(const br_reply *reply, bl_slice name)
{
    bl_slice rest = bl_buffer_slice(&reply->lines);
    while (rest.size > 0) {
        bl_slice line = take_until(&rest, '\n');
        bl_slice found = take_until(&line, ':');
        if (bl_slice_equal_nocase(found, name)) {
            line.size -= line.size > 0 && line.data[line.size - 1] == '\r';
            return line.data == NULL ? BL_SLICE("") : trim(line);
        }
    }
    return (bl_slice){NULL, 0};
}

static bool has_prefix(bl_slice text, bl_slice prefix)
{
    return text.size >= prefix.size &&
           bl_slice_equal_nocase((bl_slice){text.data, prefix.size}, prefix);
}

static bool contains(bl_slice text, const char *word)
{
    size_t size = strlen(word);
    for (size_t i = 0; i + size <= text.size; i++) {
        if (bl_slice_equal_nocase((bl_slice){text.data + i, size}, (bl_slice){word, size})) {
            return true;
        }
    }
    return false;
}

static bool is_type_worth_it(bl_slice type)
{
    return !has_prefix(type, BL_SLICE("image/")) && !has_prefix(type, BL_SLICE("video/")) &&
           !has_prefix(type, BL_SLICE("audio/")) && !contains(type, "zip") &&
           !has_prefix(type, BL_SLICE("text/event-stream"));
}

bool br_gzip_fits(const br_reply *reply)
{
    bool has_body = reply->status != 204 && reply->status != 205 && reply->status != 304;
    return has_body && reply->status != 206 && reply->body.size >= BR_GZIP_SIZE_MIN &&
           find_line(reply, BL_SLICE("content-encoding")).data == NULL &&
           !contains(find_line(reply, BL_SLICE("cache-control")), "no-transform") &&
           is_type_worth_it(find_line(reply, BL_SLICE("content-type")));
}

// ---- compressing -----------------------------------------------------------------------------

static bool open_stream(br_gzip *gzip)
{
    if (gzip->is_open) {
        return deflateReset(&gzip->stream) == Z_OK;
    }
    gzip->stream = (z_stream){.zalloc = allocate, .zfree = release};
    // 15 bits of window, 16 more: the gzip format.
    gzip->is_open = deflateInit2(&gzip->stream, BR_GZIP_LEVEL, Z_DEFLATED, 15 + 16, 8,
                                 Z_DEFAULT_STRATEGY) == Z_OK;
    return gzip->is_open;
}

// False when the result would not be smaller.
static bool compress_body(br_gzip *gzip, bl_slice body)
{
    if (!open_stream(gzip) || body.size > UINT32_MAX) {
        return false;
    }
    gzip->out.size = 0;
    // One byte less than the body: what does not fit is not worth it.
    gzip->stream.next_out = (unsigned char *)bl_buffer_reserve(&gzip->out, body.size);
    gzip->stream.avail_out = (unsigned)body.size - 1;
    gzip->stream.next_in = (const unsigned char *)body.data;
    gzip->stream.avail_in = (unsigned)body.size;
    if (deflate(&gzip->stream, Z_FINISH) != Z_STREAM_END) {
        return false;
    }
    gzip->out.size = body.size - 1 - gzip->stream.avail_out;
    return true;
}

// A strong validator names the bytes that were not compressed (RFC 9110 section 8.8.3).
static void weaken_etag(br_reply *reply)
{
    bl_slice value = find_line(reply, BL_SLICE("etag"));
    if (value.size == 0 || value.data[0] != '"') {
        return;
    }
    size_t at = (size_t)(value.data - reply->lines.data);
    bl_buffer_reserve(&reply->lines, 2);
    memmove(reply->lines.data + at + 2, reply->lines.data + at, reply->lines.size - at);
    memcpy(reply->lines.data + at, "W/", 2);
    reply->lines.size += 2;
}

void br_gzip_reply(br_gzip *gzip, br_reply *reply, bl_slice accept)
{
    if (reply->body.size < BR_GZIP_SIZE_MIN || !br_gzip_fits(reply)) {
        return;
    }
    bl_buffer_format(&reply->lines, "Vary: Accept-Encoding\r\n");
    if (!br_gzip_is_accepted(accept) || !compress_body(gzip, reply->body)) {
        return;
    }
    bl_buffer_format(&reply->lines, "Content-Encoding: gzip\r\n");
    weaken_etag(reply);
    bl_buffer text = reply->text;
    reply->text = gzip->out;
    gzip->out = text;
    reply->body = bl_buffer_slice(&reply->text);
    if (gzip->out.capacity > BR_REPLY_KEPT_SIZE) {
        bl_buffer_deinit(&gzip->out);
    }
}
