// alloc/status.c: texts of status values, error details, slices.
#include "alloc/alloc.h"

#include <stdarg.h>

static const char *const status_texts[] = {
#define ST(name, text) [BL_##name] = text,
#include "alloc/status.def"
#undef ST
};

const char *bl_status_text(bl_status status)
{
    BL_CHECK((size_t)status < BL_ARRAY_COUNT(status_texts));
    return status_texts[status];
}

bl_status bl_fail(bl_error *error, bl_status status, int system_error, const char *format, ...)
{
    if (error == NULL) {
        return status;
    }
    error->status = status;
    error->system_error = system_error;
    va_list arguments;
    va_start(arguments, format);
    // A longer message is cut: the buffer is sized for sentences.
    (void)vsnprintf(error->message, sizeof(error->message), format, arguments);
    va_end(arguments);
    return status;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool bl_slice_equal_nocase(bl_slice a, bl_slice b)
{
    if (a.size != b.size) {
        return false;
    }
    for (size_t i = 0; i < a.size; i++) {
        if (lower(a.data[i]) != lower(b.data[i])) {
            return false;
        }
    }
    return true;
}

int bl_slice_compare(bl_slice a, bl_slice b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
    if (order != 0) {
        return order;
    }
    return (a.size > b.size) - (a.size < b.size);
}

uint64_t bl_slice_hash(bl_slice slice)
{
    // FNV-1a with a final mix: names are short, and the tables that use it are built once.
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < slice.size; i++) {
        hash = (hash ^ (unsigned char)slice.data[i]) * 0x100000001b3u;
    }
    hash ^= hash >> 32;
    hash *= 0x9e3779b97f4a7c15u;
    return hash ^ (hash >> 29);
}
