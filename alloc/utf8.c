// alloc/utf8.c: UTF-8 that may be broken, see alloc.h.
//
// Bytes that are no UTF-8 fall into maximal parts of characters (Unicode, section 3.9): the longest
// beginning of a character that stands there, else one byte. A part begins with a lead byte or is a
// single byte, and a well-formed character holds no lead byte but its first; so the walk backwards
// meets the same borders as the walk forwards.
#include "alloc/alloc.h"

#include <assert.h>

enum { REPLACEMENT = 0xFFFD };

size_t bl_utf8_part(bl_slice text, size_t at, bool *is_valid)
{
    assert(at < text.size);
    const unsigned char *bytes = (const unsigned char *)text.data + at;
    unsigned char lead = bytes[0];
    size_t wanted = lead < 0x80                    ? 1
                    : lead >= 0xC2 && lead <= 0xDF ? 2
                    : (lead & 0xF0) == 0xE0        ? 3
                    : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                   : 0;
    // The second byte has a narrower range behind some leads: overlong forms, surrogates, and what
    // lies above U+10FFFF are not UTF-8 (RFC 3629 section 4).
    unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    size_t size = 1;
    while (size < wanted && size < text.size - at && bytes[size] >= low && bytes[size] <= high) {
        size += 1;
        low = 0x80;
        high = 0xBF;
    }
    *is_valid = size == wanted;
    return size;
}

size_t bl_utf8_before(bl_slice text, size_t end)
{
    assert(end > 0 && end <= text.size);
    bl_slice head = {text.data, end};
    for (size_t size = 1; size <= 4 && size <= end; size++) {
        if (((unsigned char)text.data[end - size] & 0xC0) != 0x80) {
            return bl_utf8_size(head, end - size) == size ? end - size : end - 1;
        }
    }
    return end - 1;
}

uint32_t bl_utf8_code(bl_slice text, size_t at)
{
    const unsigned char *bytes = (const unsigned char *)text.data + at;
    bool is_valid = false;
    size_t size = bl_utf8_part(text, at, &is_valid);
    if (!is_valid) {
        return REPLACEMENT;
    }
    uint32_t code = size == 1 ? bytes[0] : bytes[0] & (0x7Fu >> size);
    for (size_t i = 1; i < size; i++) {
        code = code << 6 | (bytes[i] & 0x3Fu);
    }
    return code;
}

size_t bl_utf8_encode(uint32_t code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

// The number of ASCII bytes from `at` on, rounded down to whole words.
static size_t skip_ascii_words(bl_slice text, size_t at)
{
    size_t skipped = 0;
    while (text.size - at - skipped >= sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, text.data + at + skipped, sizeof(word));
        if ((word & 0x8080808080808080u) != 0) {
            break;
        }
        skipped += sizeof(word);
    }
    return skipped;
}

size_t bl_utf8_count(bl_slice text)
{
    size_t count = 0;
    for (size_t at = 0; at < text.size;) {
        size_t plain = (unsigned char)text.data[at] < 0x80 ? skip_ascii_words(text, at) : 0;
        count += plain > 0 ? plain : 1;
        at += plain > 0 ? plain : bl_utf8_size(text, at);
    }
    return count;
}

size_t bl_utf8_valid_size(bl_slice text)
{
    size_t at = 0;
    while (at < text.size) {
        size_t plain = skip_ascii_words(text, at);
        at += plain;
        if (plain > 0) {
            continue;
        }
        bool is_valid = false;
        size_t size = bl_utf8_part(text, at, &is_valid);
        if (!is_valid) {
            break;
        }
        at += size;
    }
    return at;
}

size_t bl_utf8_repair(bl_slice text, char *out)
{
    size_t written = 0;
    for (size_t at = 0; at < text.size;) {
        bool is_valid = false;
        size_t size = bl_utf8_part(text, at, &is_valid);
        if (is_valid) {
            memmove(out + written, text.data + at, size);
            written += size;
        } else {
            memcpy(out + written, "\xEF\xBF\xBD", 3);
            written += 3;
        }
        at += size;
    }
    return written;
}
