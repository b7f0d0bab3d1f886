// router/percent.c: percent escapes and the UTF-8 that comes out of them.
//
// A decoded byte string may be anything; programs want text. So decoding (percent) and repair
// (utf8) are two steps, and most values need neither: rt_param_is_plain says so in one look.
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

// Bytes of the character that starts at data[0], 0 if none does; *part: how many bytes of a broken
// one belong together (Unicode, "maximal subpart").
static size_t utf8_size(const unsigned char *data, size_t size, size_t *part)
{
    unsigned char lead = data[0];
    *part = 1;
    if (lead < 0x80) {
        return 1;
    }
    size_t want = lead >= 0xC2 && lead <= 0xDF   ? 2
                  : (lead & 0xF0) == 0xE0        ? 3
                  : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                 : 0;
    if (want == 0) {
        return 0;
    }
    // The second byte has a narrower range behind some leads: overlong forms, surrogates, and what
    // lies above U+10FFFF are not UTF-8 (RFC 3629 section 4).
    unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    for (size_t i = 1; i < want; i++) {
        if (i >= size || data[i] < low || data[i] > high) {
            return 0;
        }
        *part = i + 1;
        low = 0x80;
        high = 0xBF;
    }
    return want;
}

bool rt_utf8_is_valid(bl_slice text)
{
    const unsigned char *data = (const unsigned char *)text.data;
    for (size_t i = 0; i < text.size;) {
        size_t part = 0;
        size_t size = utf8_size(data + i, text.size - i, &part);
        if (size == 0) {
            return false;
        }
        i += size;
    }
    return true;
}

size_t rt_utf8_repair(bl_slice text, char *out)
{
    size_t written = 0;
    const unsigned char *data = (const unsigned char *)text.data;
    for (size_t i = 0; i < text.size;) {
        size_t part = 0;
        size_t size = utf8_size(data + i, text.size - i, &part);
        if (size == 0) {
            memcpy(out + written, "\xEF\xBF\xBD", 3);
            written += 3;
            i += part;
        } else {
            memmove(out + written, data + i, size); // rt_param_decode works in place.
            written += size;
            i += size;
        }
    }
    return written;
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
    if (rt_utf8_is_valid(decoded)) {
        memmove(out, scratch, size);
        return size;
    }
    return rt_utf8_repair(decoded, out);
}
