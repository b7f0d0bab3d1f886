// alloc/buffer.c: bytes that grow by doubling.
#include "alloc/alloc.h"

#include <stdarg.h>

void bl_buffer_deinit(bl_buffer *buffer)
{
    bl_free(buffer->data);
    *buffer = (bl_buffer){0};
}

char *bl_buffer_reserve(bl_buffer *buffer, size_t extra)
{
    if (extra > buffer->capacity - buffer->size) {
        size_t capacity = buffer->capacity < 64 ? 64 : buffer->capacity * 2;
        if (capacity < buffer->size + extra) {
            capacity = buffer->size + extra;
        }
        buffer->data = bl_realloc(buffer->data, capacity);
        buffer->capacity = capacity;
    }
    return buffer->data + buffer->size;
}

void bl_buffer_append(bl_buffer *buffer, const char *data, size_t size)
{
    if (size != 0) {
        memcpy(bl_buffer_reserve(buffer, size), data, size);
        buffer->size += size;
    }
}

void bl_buffer_append_slice(bl_buffer *buffer, bl_slice slice)
{
    bl_buffer_append(buffer, slice.data, slice.size);
}

void bl_buffer_append_char(bl_buffer *buffer, char c)
{
    *bl_buffer_reserve(buffer, 1) = c;
    buffer->size += 1;
}

void bl_buffer_format(bl_buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    BL_CHECK(size >= 0);
    char *end = bl_buffer_reserve(buffer, (size_t)size + 1);
    (void)vsnprintf(end, (size_t)size + 1, format, again); // Measured above.
    va_end(again);
    buffer->size += (size_t)size;
}

void bl_buffer_append_json_escape(bl_buffer *buffer, unsigned char c)
{
    static const char letters[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
                                   ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\'};
    char letter = c < sizeof(letters) ? letters[c] : '\0';
    if (letter != '\0') {
        bl_buffer_append(buffer, (char[]){'\\', letter}, 2);
    } else {
        bl_buffer_format(buffer, "\\u%04x", (unsigned)c);
    }
}
