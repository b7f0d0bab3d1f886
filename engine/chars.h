// engine/chars.h: the character classes of RFC 9110 and RFC 3986 that the parsers test.
#ifndef ENGINE_CHARS_H
#define ENGINE_CHARS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    ENG_CHAR_TOKEN = 1,  // RFC 9110 section 5.6.2: tchar.
    ENG_CHAR_TARGET = 2, // RFC 3986: what may stand in path and query, and '%', '[', ']'; no '#'.
    ENG_CHAR_VALUE = 4,  // RFC 9110 section 5.5: visible, obs-text, blank, tab.
    ENG_CHAR_NAME =
        8, // RFC 3986 section 3.2.2: reg-name, and what a bracketed address has but ':'.
    ENG_CHAR_HEX = 16,
};

extern const uint8_t eng_char_classes[256];

static inline bool eng_is_token_char(char c)
{
    return (eng_char_classes[(uint8_t)c] & ENG_CHAR_TOKEN) != 0;
}

static inline bool eng_is_target_char(char c)
{
    return (eng_char_classes[(uint8_t)c] & ENG_CHAR_TARGET) != 0;
}

static inline bool eng_is_value_char(char c)
{
    return (eng_char_classes[(uint8_t)c] & ENG_CHAR_VALUE) != 0;
}

static inline bool eng_is_name_char(char c)
{
    return (eng_char_classes[(uint8_t)c] & ENG_CHAR_NAME) != 0;
}

static inline bool eng_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

// The value of a hexadecimal digit, -1 for anything else.
int eng_hex_value(char c);

#endif
