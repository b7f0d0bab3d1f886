// vm_bridge/web/base64.c: see base64.h.
#include "vm_bridge/web/base64.h"

void web_base64url_write(bl_buffer *out, bl_slice bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char *at = bl_buffer_reserve(out, (bytes.size + 2) / 3 * 4);
    char *start = at;
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t left = bytes.size - i;
        uint32_t word = (uint32_t)(unsigned char)bytes.data[i] << 16;
        word |= left > 1 ? (uint32_t)(unsigned char)bytes.data[i + 1] << 8 : 0;
        word |= left > 2 ? (uint32_t)(unsigned char)bytes.data[i + 2] : 0;
        *at++ = digits[word >> 18];
        *at++ = digits[word >> 12 & 63];
        if (left > 1) {
            *at++ = digits[word >> 6 & 63];
        }
        if (left > 2) {
            *at++ = digits[word & 63];
        }
    }
    out->size += (size_t)(at - start);
}

static int digit_of(char c, web_alphabet alphabet)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    if (c == (alphabet == WEB_BASE64 ? '+' : '-')) {
        return 62;
    }
    return c == (alphabet == WEB_BASE64 ? '/' : '_') ? 63 : -1;
}

bool web_base64_read(bl_slice text, web_alphabet alphabet, char *out, size_t *size)
{
    // Padding counts only where it fills up a group.
    if (text.size > 0 && text.size % 4 == 0 && text.data[text.size - 1] == '=') {
        text.size -= text.data[text.size - 2] == '=' ? 2 : 1;
    }
    if (text.size % 4 == 1) {
        return false;
    }
    uint32_t word = 0;
    size_t written = 0;
    for (size_t i = 0; i < text.size; i++) {
        int digit = digit_of(text.data[i], alphabet);
        if (digit < 0) {
            return false;
        }
        word = word << 6 | (uint32_t)digit;
        if (i % 4 != 0) {
            out[written++] = (char)(word >> (6 - i % 4 * 2));
        }
    }
    *size = written;
    return true;
}
