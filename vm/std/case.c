// vm/std/case.c: full Unicode case mapping without locale.
//
// Simple mappings come from utf8proc; characters that become several stand in special_upper.def.
// Lower case has two special rules: İ becomes i and a dot above, and Σ at the end of a word
// becomes ς (Unicode's SpecialCasing.txt, condition Final_Sigma).
#include <utf8proc.h>

#include "vm/std/text.h"

typedef struct special_upper {
    uint32_t code;
    uint32_t upper[3];
} special_upper;

static const special_upper specials[] = {
#define SPECIAL_UPPER(code, first, second, third) {code, {first, second, third}},
#include "vm/std/special_upper.def"
#undef SPECIAL_UPPER
};

enum {
    CAPITAL_SIGMA = 0x3A3,
    SMALL_SIGMA = 0x3C3,
    FINAL_SIGMA = 0x3C2,
    CAPITAL_I_WITH_DOT = 0x130,
    DOT_ABOVE = 0x307,
};

static void append_char(bl_buffer *out, uint32_t code)
{
    char bytes[4];
    bl_buffer_append(out, bytes, bl_utf8_encode(code, bytes));
}

static const special_upper *find_special(uint32_t code)
{
    size_t low = 0;
    size_t high = BL_ARRAY_COUNT(specials);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (specials[middle].code == code) {
            return &specials[middle];
        }
        if (specials[middle].code < code) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

void std_append_upper(bl_buffer *out, bl_slice text)
{
    for (size_t at = 0; at < text.size; at += bl_utf8_size(text, at)) {
        uint32_t code = bl_utf8_code(text, at);
        const special_upper *special = code < 0x80 ? NULL : find_special(code);
        if (special == NULL) {
            append_char(out, (uint32_t)utf8proc_toupper((utf8proc_int32_t)code));
            continue;
        }
        for (size_t i = 0; i < 3 && special->upper[i] != 0; i++) {
            append_char(out, special->upper[i]);
        }
    }
}

// Unicode's derived property Case_Ignorable.
static bool is_case_ignorable(uint32_t code)
{
    switch (code) {
    case '\'':
    case '.':
    case ':':
    case '^':
    case '`':
    case 0xA8:
    case 0xAD:
    case 0xAF:
    case 0xB4:
    case 0xB7:
    case 0xB8:
    case 0x387:
    case 0x55F:
    case 0x5F4:
    case 0x2018:
    case 0x2019:
    case 0x2024:
    case 0x2027:
    case 0xFE13:
    case 0xFE52:
    case 0xFE55:
    case 0xFF07:
    case 0xFF0E:
    case 0xFF1A:
        return true;
    default: // Not an enumeration of ours: a code point.
        break;
    }
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)code);
    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_ME ||
           category == UTF8PROC_CATEGORY_CF || category == UTF8PROC_CATEGORY_LM ||
           category == UTF8PROC_CATEGORY_SK;
}

static bool is_cased(uint32_t code)
{
    utf8proc_int32_t signed_code = (utf8proc_int32_t)code;
    return utf8proc_islower(signed_code) || utf8proc_isupper(signed_code) ||
           utf8proc_category(signed_code) == UTF8PROC_CATEGORY_LT;
}

static bool follows_cased(bl_slice text, size_t at)
{
    while (at > 0) {
        at = bl_utf8_before(text, at);
        uint32_t code = bl_utf8_code(text, at);
        if (!is_case_ignorable(code)) {
            return is_cased(code);
        }
    }
    return false;
}

static bool precedes_cased(bl_slice text, size_t at)
{
    while (at < text.size) {
        uint32_t code = bl_utf8_code(text, at);
        if (!is_case_ignorable(code)) {
            return is_cased(code);
        }
        at += bl_utf8_size(text, at);
    }
    return false;
}

void std_append_lower(bl_buffer *out, bl_slice text)
{
    for (size_t at = 0; at < text.size; at += bl_utf8_size(text, at)) {
        uint32_t code = bl_utf8_code(text, at);
        if (code == CAPITAL_I_WITH_DOT) {
            append_char(out, 'i');
            append_char(out, DOT_ABOVE);
        } else if (code == CAPITAL_SIGMA) {
            bool is_final = follows_cased(text, at) && !precedes_cased(text, at + 2);
            append_char(out, is_final ? FINAL_SIGMA : SMALL_SIGMA);
        } else {
            append_char(out, (uint32_t)utf8proc_tolower((utf8proc_int32_t)code));
        }
    }
}

bool std_is_upper(uint32_t code)
{
    return code < 0x80 ? code >= 'A' && code <= 'Z' : utf8proc_isupper((utf8proc_int32_t)code);
}
