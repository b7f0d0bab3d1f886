// router/percent.c: percent escapes and the text that comes out of them.
//
// A decoded byte string may be anything; programs want text. So decoding (percent) and repair
// (UTF-8) are two steps, and most values need neither: rt_param_is_plain says so in one look.
#include "router/tree.h"

size_t rt_percent_decode(bl_slice text, bool plus_is_blank, char *out)
{
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == '%' && text.size - i > 2) {
            int high = rt_hex_digit(text.data[i + 1]);
            int low = rt_hex_digit(text.data[i + 2]);
            if (high >= 0 && low >= 0) {
                c = (char)(high * 16 + low);
                i += 2;
            }
        } else if (c == '+' && plus_is_blank) {
            c = ' ';
        }
        out[size++] = c;
    }
    return size;
}

bool rt_param_is_plain(bl_slice raw, bool is_rest)
{
    for (size_t i = 0; i < raw.size; i++) {
        char c = raw.data[i];
        if (c == '%' || (c & 0x80) != 0) {
            return false;
        }
        if (is_rest && c == '/' && (i + 1 == raw.size || raw.data[i + 1] == '/')) {
            return false;
        }
    }
    return true;
}

// Joins the segments of a rest by single slashes; out may be where raw is.
static size_t squeeze_slashes(bl_slice raw, char *out)
{
    size_t size = 0;
    for (size_t i = 0; i < raw.size; i++) {
        bool is_extra = raw.data[i] == '/' && (i + 1 == raw.size || raw.data[i + 1] == '/');
        if (!is_extra) {
            out[size++] = raw.data[i];
        }
    }
    return size;
}

size_t rt_param_decode(bl_slice raw, bool is_rest, char *out)
{
    // Works in the last third of the room, so that the repair (which may grow) moves forward.
    char *scratch = out + 2 * raw.size;
    size_t size = raw.size;
    if (is_rest) {
        size = squeeze_slashes(raw, scratch);
    } else if (size > 0) {
        memcpy(scratch, raw.data, size);
    }
    size = rt_percent_decode((bl_slice){scratch, size}, false, scratch);
    bl_slice decoded = {scratch, size};
    if (bl_utf8_is_valid(decoded)) {
        memmove(out, scratch, size);
        return size;
    }
    return bl_utf8_repair(decoded, out);
}
