// lang/lexer.c: see lexer.h for the design.
//
// Longest match, byte by byte. Words are all one kind, IDENT, with the number of the word in
// words.def: whether it is a keyword is the parser's to decide. A name or number that runs into
// further letters (fooBar, 1e5, 0x_1) is two tokens by the rules and always a mistake, so the
// second becomes an ERROR here, and no reading of it as two statements can hide it.
#include "lang/lexer.h"

#include <stdlib.h>

// ---- the tables --------------------------------------------------------------------------------

const char *lang_token_text(lang_token_kind kind)
{
    static const char *const texts[LANG_TOKEN_COUNT] = {
#define TOKEN(name, text) [LANG_TOKEN_##name] = text,
#include "lang/tokens.def"
#undef TOKEN
    };
    return texts[kind];
}

lang_word_use lang_word_use_of(lang_word word)
{
    static const uint8_t uses[] = {
        [LANG_WORD_NONE] = LANG_USE_NONE,
#define WORD(name, text, use) [LANG_WORD_##name] = LANG_USE_##use,
#include "lang/words.def"
#undef WORD
    };
    return (lang_word_use)uses[word];
}

const char *lang_attribute_text(lang_attribute attribute)
{
    static const char *const texts[] = {
#define ATTRIBUTE(name, text) [LANG_ATTRIBUTE_##name] = text,
#include "lang/attributes.def"
#undef ATTRIBUTE
    };
    return texts[attribute];
}

static bool is_text(const char *data, size_t size, const char *text, size_t text_size)
{
    return size == text_size && data[0] == text[0] && memcmp(data, text, size) == 0;
}

static lang_word word_of(const char *data, size_t size)
{
#define WORD(name, text, use)                                                                      \
    if (is_text(data, size, text, sizeof(text) - 1)) {                                             \
        return LANG_WORD_##name;                                                                   \
    }
#include "lang/words.def"
#undef WORD
    return LANG_WORD_NONE;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
    return (c >= 'a' && c <= 'z') || c == '_';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_word_byte(char c)
{
    return is_lower(c) || is_upper(c) || is_digit(c);
}

// The value of a hexadecimal digit, 255 for other bytes.
static uint32_t digit_value(char c)
{
    if (is_digit(c)) {
        return (uint32_t)(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return (uint32_t)(c - 'a') + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return (uint32_t)(c - 'A') + 10;
    }
    return 255;
}

// 0 behind the end: no byte that any rule looks ahead for.
static char byte_at(const lang_lexer *lexer, uint32_t offset)
{
    return offset < lexer->size ? lexer->text[offset] : '\0';
}

// ---- white space and comments ------------------------------------------------------------------

void lang_lexer_init(lang_lexer *lexer, const lang_source *source)
{
    *lexer = (lang_lexer){.source = source,
                          .text = source->text.data,
                          .size = (uint32_t)source->text.size,
                          .no_comment_end_from = UINT32_MAX,
                          .no_raw_end_from = UINT32_MAX};
    if (source->text.size >= 3 && memcmp(source->text.data, "\xEF\xBB\xBF", 3) == 0) {
        lexer->at = 3; // A byte order mark says nothing in UTF-8.
    }
}

void lang_lexer_deinit(lang_lexer *lexer)
{
    bl_buffer_deinit(&lexer->comments);
}

void lang_lexer_seek(lang_lexer *lexer, uint32_t offset)
{
    const lang_comment *comments = (const void *)lexer->comments.data;
    size_t count = lexer->comments.size / sizeof(lang_comment);
    while (count > 0 && comments[count - 1].span.start >= offset) {
        count--;
    }
    lexer->comments.size = count * sizeof(lang_comment);
    lexer->at = offset;
    lexer->newline = false;
}

// The end of the line comment or block comment at offset; 0 for a block comment without end.
static uint32_t comment_end(const lang_lexer *lexer, uint32_t offset)
{
    const char *from = lexer->text + offset + 2;
    size_t size = lexer->size - (offset + 2);
    if (lexer->text[offset + 1] == '/') {
        const char *line_end = memchr(from, '\n', size);
        if (line_end == NULL) {
            return lexer->size;
        }
        uint32_t end = (uint32_t)(line_end - lexer->text);
        return lexer->text[end - 1] == '\r' ? end - 1 : end;
    }
    if (offset >= lexer->no_comment_end_from) {
        return 0;
    }
    const char *found = memmem(from, size, "*/", 2);
    return found == NULL ? 0 : (uint32_t)(found - lexer->text) + 2;
}

static bool starts_comment(const lang_lexer *lexer, uint32_t offset)
{
    char next = byte_at(lexer, offset + 1);
    return lexer->text[offset] == '/' && (next == '/' || next == '*');
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void keep_comment(lang_lexer *lexer, uint32_t start, uint32_t end)
{
    lang_comment comment = {.span = {start, end}, .block = lexer->text[start + 1] == '*'};
    bl_buffer_append(&lexer->comments, (const char *)&comment, sizeof(comment));
    if (comment.block && memchr(lexer->text + start, '\n', end - start) != NULL) {
        lexer->newline = true;
    }
}

// Goes to the next token; stops at a block comment that has no end.
static void skip_space(lang_lexer *lexer)
{
    while (lexer->at < lexer->size) {
        char c = lexer->text[lexer->at];
        if (is_space(c)) {
            lexer->newline |= c == '\n';
            lexer->at++;
        } else if (starts_comment(lexer, lexer->at)) {
            uint32_t end = comment_end(lexer, lexer->at);
            if (end == 0) {
                return;
            }
            keep_comment(lexer, lexer->at, end);
            lexer->at = end;
        } else {
            return;
        }
    }
}

uint32_t lang_lexer_skip_from(const lang_lexer *lexer, uint32_t offset)
{
    while (offset < lexer->size) {
        if (is_space(lexer->text[offset])) {
            offset++;
        } else if (starts_comment(lexer, offset)) {
            uint32_t end = comment_end(lexer, offset);
            if (end == 0) {
                return offset;
            }
            offset = end;
        } else {
            return offset;
        }
    }
    return offset;
}

// ---- UTF-8 -------------------------------------------------------------------------------------

// How many bytes the character at offset has; 0 if these bytes are no UTF-8.
static uint32_t character_size(const lang_lexer *lexer, uint32_t offset)
{
    if ((uint8_t)lexer->text[offset] < 0x80) {
        return 1;
    }
    bool is_valid = false;
    size_t size = bl_utf8_part((bl_slice){lexer->text, lexer->size}, offset, &is_valid);
    return is_valid ? (uint32_t)size : 0;
}

static bool is_utf8(const lang_lexer *lexer, uint32_t start, uint32_t end)
{
    return bl_utf8_is_valid((bl_slice){lexer->text + start, end - start});
}

// ---- strings -----------------------------------------------------------------------------------

static uint32_t line_end_from(const lang_lexer *lexer, uint32_t offset)
{
    const char *end = memchr(lexer->text + offset, '\n', lexer->size - offset);
    uint32_t at = end == NULL ? lexer->size : (uint32_t)(end - lexer->text);
    return at > offset && lexer->text[at - 1] == '\r' ? at - 1 : at;
}

static lang_piece piece_problem(lang_piece piece, lang_problem problem, uint32_t start,
                                uint32_t end)
{
    piece.problem = problem;
    piece.problem_span = (lang_span){start, end};
    return piece;
}

// The decoded bytes of a piece. As long as there was no escape it is the source itself.
typedef struct decoder {
    bl_arena *arena;
    const char *start; // In the source.
    char *bytes;       // NULL: no escape yet.
    size_t size;
} decoder;

static bool ends_piece(const char *at, const char *end, bool triple)
{
    switch (*at) {
    case '"':
        return !triple || (end - at >= 3 && at[1] == '"' && at[2] == '"');
    case '$':
        return end - at >= 2 && at[1] == '{';
    case '\n':
        return !triple;
    default:
        return false;
    }
}

// Escapes only ever shrink, so a buffer of the size of the piece as it is written is enough.
static void decoder_begin(decoder *decode, const char *at, const char *end, bool triple)
{
    const char *stop = at;
    while (stop < end && !ends_piece(stop, end, triple)) {
        stop += stop[0] == '\\' && end - stop > 1 ? 2 : 1;
    }
    decode->size = (size_t)(at - decode->start);
    decode->bytes = bl_arena_alloc(decode->arena, (size_t)(stop - decode->start) + 1);
    memcpy(decode->bytes, decode->start, decode->size);
}

static void decoder_add(decoder *decode, const char *data, size_t size)
{
    memcpy(decode->bytes + decode->size, data, size);
    decode->size += size;
}

// `\u{H…}` at offset, which is behind the `u`: its end, or 0 if it is not of this form.
static uint32_t code_point_end(const lang_lexer *lexer, uint32_t offset, uint32_t *code)
{
    if (byte_at(lexer, offset) != '{') {
        return 0;
    }
    uint32_t digits = offset + 1;
    uint32_t at = digits;
    *code = 0;
    while (at - digits < 6 && digit_value(byte_at(lexer, at)) < 16) {
        *code = *code * 16 + digit_value(byte_at(lexer, at));
        at++;
    }
    return at > digits && byte_at(lexer, at) == '}' ? at + 1 : 0;
}

// The escape at lexer->at; returns where the text goes on, or 0 with the problem in *problem.
static uint32_t decode_escape(lang_lexer *lexer, decoder *decode, lang_problem *problem)
{
    char c = byte_at(lexer, lexer->at + 1);
    uint32_t next = lexer->at + 2;
    if (next > lexer->size || c == '\n' || (c == '\r' && byte_at(lexer, next) == '\n')) {
        *problem = LANG_PROBLEM_ESCAPE;
        return 0;
    }
    char bytes[4] = {c};
    size_t size = 1;
    uint32_t code;
    uint32_t code_end = c == 'u' ? code_point_end(lexer, next, &code) : 0;
    if (code_end != 0) {
        if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
            *problem = LANG_PROBLEM_CODE_POINT;
            return 0;
        }
        size = bl_utf8_encode(code, bytes);
        next = code_end;
    } else if (c == 'n') {
        bytes[0] = '\n';
    } else if (c == 't') {
        bytes[0] = '\t';
    } else if (c == 'r') {
        bytes[0] = '\r';
    } else if (c == '0') {
        bytes[0] = '\0';
    } else if ((uint8_t)c >= 0x80) {
        size = 0; // The character itself comes next, and is checked then.
        next = lexer->at + 1;
    }
    decoder_add(decode, bytes, size);
    return next;
}

static bool closes_string(const lang_lexer *lexer, uint32_t offset, bool triple)
{
    return !triple || (byte_at(lexer, offset + 1) == '"' && byte_at(lexer, offset + 2) == '"');
}

static lang_piece finish_piece(lang_lexer *lexer, lang_piece piece, const decoder *decode,
                               uint32_t stop_size)
{
    piece.span.end = lexer->at;
    size_t size =
        decode->bytes != NULL ? decode->size : (size_t)(lexer->text + lexer->at - decode->start);
    piece.text = (bl_slice){decode->bytes != NULL ? decode->bytes : decode->start, size};
    lexer->at += stop_size;
    lexer->newline = false;
    return piece;
}

lang_piece lang_lexer_piece(lang_lexer *lexer, bl_arena *arena, bool triple)
{
    lang_piece piece = {.span = {lexer->at, lexer->at}};
    decoder decode = {.arena = arena, .start = lexer->text + lexer->at};
    while (lexer->at < lexer->size) {
        uint32_t at = lexer->at;
        char c = lexer->text[at];
        if (c == '"' && closes_string(lexer, at, triple)) {
            return finish_piece(lexer, piece, &decode, triple ? 3 : 1);
        }
        if (c == '$' && byte_at(lexer, at + 1) == '{') {
            piece.interpolation = true;
            return finish_piece(lexer, piece, &decode, 2);
        }
        if (c == '\n' && !triple) {
            break;
        }
        if (c == '\\') {
            if (decode.bytes == NULL) {
                decoder_begin(&decode, lexer->text + at, lexer->text + lexer->size, triple);
            }
            lang_problem problem = LANG_PROBLEM_NONE;
            uint32_t next = decode_escape(lexer, &decode, &problem);
            if (next == 0) {
                return problem == LANG_PROBLEM_ESCAPE && !triple
                           ? piece_problem(piece, LANG_PROBLEM_OPEN_STRING, at, at + 1)
                           : piece_problem(piece, problem, at, at + 1);
            }
            lexer->at = next;
            continue;
        }
        uint32_t size = character_size(lexer, at);
        if (size == 0) {
            return piece_problem(piece, LANG_PROBLEM_ENCODING, at, at + 1);
        }
        if (decode.bytes != NULL) {
            decoder_add(&decode, lexer->text + at, size);
        }
        lexer->at += size;
    }
    return piece_problem(piece, LANG_PROBLEM_OPEN_STRING, piece.span.start, lexer->at);
}

uint32_t lang_lexer_simple_string_end(const lang_lexer *lexer, uint32_t offset)
{
    uint32_t at = offset + 1;
    while (at < lexer->size && lexer->text[at] != '\n') {
        char c = lexer->text[at];
        if (c == '"') {
            return at + 1;
        }
        if (c == '$' && byte_at(lexer, at + 1) == '{') {
            return 0;
        }
        at += c == '\\' ? 2 : 1;
    }
    return 0;
}

// ---- tokens ------------------------------------------------------------------------------------

static lang_token make_token(lang_lexer *lexer, lang_token_kind kind, uint32_t size)
{
    lang_token token = {
        .kind = kind, .span = {lexer->at, lexer->at + size}, .newline_before = lexer->newline};
    lexer->at += size;
    lexer->newline = false;
    return token;
}

static lang_token error_token(lang_lexer *lexer, lang_problem problem, uint32_t end)
{
    lang_token token = make_token(lexer, LANG_TOKEN_ERROR, end - lexer->at);
    token.problem = (uint8_t)problem;
    return token;
}

// An unclosed raw string: the rest of its line is taken, so that what follows is still looked at.
static lang_token open_string_token(lang_lexer *lexer)
{
    return error_token(lexer, LANG_PROBLEM_OPEN_STRING, line_end_from(lexer, lexer->at));
}

// r"…": without line ends, ends at the first quote.
static lang_token next_raw(lang_lexer *lexer)
{
    uint32_t at = lexer->at + 2;
    while (at < lexer->size && lexer->text[at] != '"' && lexer->text[at] != '\n') {
        at++;
    }
    if (byte_at(lexer, at) != '"') {
        return open_string_token(lexer);
    }
    if (!is_utf8(lexer, lexer->at, at)) {
        return error_token(lexer, LANG_PROBLEM_ENCODING, at + 1);
    }
    return make_token(lexer, LANG_TOKEN_RAW, at + 1 - lexer->at);
}

// r#"…"#: ends at the first `"#`.
static lang_token next_raw_hash(lang_lexer *lexer)
{
    const char *from = lexer->text + lexer->at + 3;
    size_t size = lexer->size - (lexer->at + 3);
    const char *end = lexer->at >= lexer->no_raw_end_from ? NULL : memmem(from, size, "\"#", 2);
    if (end == NULL) {
        lexer->no_raw_end_from =
            lexer->at < lexer->no_raw_end_from ? lexer->at : lexer->no_raw_end_from;
        return open_string_token(lexer);
    }
    uint32_t at = (uint32_t)(end - lexer->text);
    if (!is_utf8(lexer, lexer->at, at)) {
        return error_token(lexer, LANG_PROBLEM_ENCODING, at + 2);
    }
    return make_token(lexer, LANG_TOKEN_RAW_HASH, at + 2 - lexer->at);
}

static uint32_t word_end(const lang_lexer *lexer, uint32_t at)
{
    while (is_word_byte(byte_at(lexer, at))) {
        at++;
    }
    return at;
}

static lang_token next_identifier(lang_lexer *lexer)
{
    uint32_t at = lexer->at + 1;
    while (is_lower(byte_at(lexer, at)) || is_digit(byte_at(lexer, at))) {
        at++;
    }
    // `a!=b` is a comparison, every other `!` belongs to the name.
    bool effect = byte_at(lexer, at) == '!' && byte_at(lexer, at + 1) != '=';
    const char *start = lexer->text + lexer->at;
    lang_word word = effect ? LANG_WORD_NONE : word_of(start, at - lexer->at);
    lang_token token = make_token(lexer, LANG_TOKEN_IDENT, at + effect - lexer->at);
    token.word = (uint8_t)word;
    return token;
}

static lang_token next_type_identifier(lang_lexer *lexer)
{
    uint32_t at = lexer->at + 1;
    while (is_word_byte(byte_at(lexer, at)) && byte_at(lexer, at) != '_') {
        at++;
    }
    return make_token(lexer, LANG_TOKEN_TYPE_IDENT, at - lexer->at);
}

static uint32_t digits_end(const lang_lexer *lexer, uint32_t at)
{
    while (is_digit(byte_at(lexer, at))) {
        at++;
    }
    return at;
}

// The end of the float at lexer->at whose integer part ends at `at`, or 0 if it is an integer.
static uint32_t float_end(const lang_lexer *lexer, uint32_t at)
{
    if (byte_at(lexer, at) != '.' || !is_digit(byte_at(lexer, at + 1))) {
        return 0;
    }
    uint32_t end = digits_end(lexer, at + 1);
    if (byte_at(lexer, end) == 'e' || byte_at(lexer, end) == 'E') {
        char sign = byte_at(lexer, end + 1);
        uint32_t digits = end + 1 + (sign == '+' || sign == '-');
        if (is_digit(byte_at(lexer, digits))) {
            end = digits_end(lexer, digits);
        }
    }
    return end;
}

static lang_token float_token(lang_lexer *lexer, uint32_t end)
{
    // strtod needs a NUL, and the literal is followed by whatever comes next in the file.
    char small[64];
    uint32_t size = end - lexer->at;
    char *text = size < sizeof(small) ? small : bl_alloc(size + 1);
    memcpy(text, lexer->text + lexer->at, size);
    text[size] = '\0';
    double number = strtod(text, NULL);
    if (text != small) {
        bl_free(text);
    }
    lang_token token = make_token(lexer, LANG_TOKEN_FLOAT, size);
    token.value.number = number;
    return token;
}

static uint32_t base_of_prefix(char letter)
{
    switch (letter) {
    case 'x':
    case 'X':
        return 16;
    case 'b':
    case 'B':
        return 2;
    case 'o':
    case 'O':
        return 8;
    default:
        return 10;
    }
}

static lang_token int_token(lang_lexer *lexer)
{
    uint32_t at = lexer->at;
    uint32_t base = lexer->text[at] == '0' ? base_of_prefix(byte_at(lexer, at + 1)) : 10;
    if (base != 10 && digit_value(byte_at(lexer, at + 2)) < base) {
        at += 2;
    } else {
        base = 10;
    }
    uint64_t value = 0;
    bool too_large = false;
    for (;; at++) {
        char c = byte_at(lexer, at);
        uint32_t digit = digit_value(c);
        if (digit < base) {
            too_large |= __builtin_mul_overflow(value, (uint64_t)base, &value);
            too_large |= __builtin_add_overflow(value, (uint64_t)digit, &value);
        } else if (c != '_') {
            break;
        }
    }
    lang_token token = make_token(lexer, LANG_TOKEN_INT, at - lexer->at);
    token.value.integer = too_large ? UINT64_MAX : value;
    token.out_of_range = token.value.integer > INT64_MAX;
    return token;
}

static lang_token next_number(lang_lexer *lexer)
{
    uint32_t end = float_end(lexer, digits_end(lexer, lexer->at));
    return end != 0 ? float_token(lexer, end) : int_token(lexer);
}

static lang_token next_attribute(lang_lexer *lexer)
{
    uint32_t end = word_end(lexer, lexer->at + 1);
    const char *start = lexer->text + lexer->at;
    size_t size = end - lexer->at;
#define ATTRIBUTE(name, text)                                                                      \
    if (is_text(start, size, text, sizeof(text) - 1)) {                                            \
        lang_token token = make_token(lexer, LANG_TOKEN_ATTRIBUTE, (uint32_t)size);                \
        token.attribute = LANG_ATTRIBUTE_##name;                                                   \
        return token;                                                                              \
    }
#include "lang/attributes.def"
#undef ATTRIBUTE
    return error_token(lexer, LANG_PROBLEM_ATTRIBUTE, end);
}

// The kind of the operator of two bytes, or END.
static lang_token_kind pair_kind(char first, char second)
{
#define PAIR(a, b, kind)                                                                           \
    if (first == (a) && second == (b)) {                                                           \
        return LANG_TOKEN_##kind;                                                                  \
    }
    PAIR('-', '>', ARROW)
    PAIR('|', '>', PIPE)
    PAIR('|', '|', BAR_BAR)
    PAIR('+', '+', PLUS_PLUS)
    PAIR('=', '=', EQUAL_EQUAL)
    PAIR('!', '=', NOT_EQUAL)
    PAIR('<', '=', LESS_EQUAL)
    PAIR('>', '=', GREATER_EQUAL)
    PAIR('&', '&', AND_AND)
    PAIR('.', '.', DOT_DOT)
    PAIR('?', '?', HOLE)
    PAIR('#', '{', HASH_BRACE)
#undef PAIR
    return LANG_TOKEN_END;
}

static lang_token_kind single_kind(char c)
{
    static const uint8_t kinds[128] = {
        ['('] = LANG_TOKEN_LEFT_PAREN,   [')'] = LANG_TOKEN_RIGHT_PAREN,
        ['['] = LANG_TOKEN_LEFT_BRACKET, [']'] = LANG_TOKEN_RIGHT_BRACKET,
        ['{'] = LANG_TOKEN_LEFT_BRACE,   ['}'] = LANG_TOKEN_RIGHT_BRACE,
        [','] = LANG_TOKEN_COMMA,        [';'] = LANG_TOKEN_SEMICOLON,
        [':'] = LANG_TOKEN_COLON,        ['.'] = LANG_TOKEN_DOT,
        ['?'] = LANG_TOKEN_QUESTION,     ['='] = LANG_TOKEN_EQUAL,
        ['|'] = LANG_TOKEN_BAR,          ['<'] = LANG_TOKEN_LESS,
        ['>'] = LANG_TOKEN_GREATER,      ['+'] = LANG_TOKEN_PLUS,
        ['-'] = LANG_TOKEN_MINUS,        ['*'] = LANG_TOKEN_STAR,
        ['/'] = LANG_TOKEN_SLASH,        ['%'] = LANG_TOKEN_PERCENT,
    };
    return (uint8_t)c < 128 ? (lang_token_kind)kinds[(uint8_t)c] : LANG_TOKEN_END;
}

static lang_token stray_token(lang_lexer *lexer)
{
    uint32_t size = character_size(lexer, lexer->at);
    return size == 0 ? error_token(lexer, LANG_PROBLEM_ENCODING, lexer->at + 1)
                     : error_token(lexer, LANG_PROBLEM_STRAY, lexer->at + size);
}

static lang_token next_symbol(lang_lexer *lexer, char first, char second)
{
    if (first == '/' && second == '*') { // skip_space() stops only where it has no end.
        lexer->no_comment_end_from =
            lexer->at < lexer->no_comment_end_from ? lexer->at : lexer->no_comment_end_from;
        return error_token(lexer, LANG_PROBLEM_OPEN_COMMENT, line_end_from(lexer, lexer->at));
    }
    lang_token_kind kind = pair_kind(first, second);
    if (kind != LANG_TOKEN_END) {
        return make_token(lexer, kind, 2);
    }
    kind = single_kind(first);
    return kind != LANG_TOKEN_END ? make_token(lexer, kind, 1) : stray_token(lexer);
}

static lang_token next_quote(lang_lexer *lexer)
{
    bool triple = closes_string(lexer, lexer->at, true);
    return make_token(lexer, triple ? LANG_TOKEN_TRIPLE : LANG_TOKEN_STRING, triple ? 3 : 1);
}

lang_token lang_lexer_next(lang_lexer *lexer)
{
    uint32_t before = lexer->at;
    skip_space(lexer);
    if (lexer->at >= lexer->size) {
        return make_token(lexer, LANG_TOKEN_END, 0);
    }
    char c = lexer->text[lexer->at];
    char next = byte_at(lexer, lexer->at + 1);
    bool word = is_word_byte(c);
    if (word && before == lexer->at && before > 0 && is_word_byte(lexer->text[before - 1])) {
        return error_token(lexer, LANG_PROBLEM_GLUED, word_end(lexer, lexer->at));
    }
    if (c == 'r' && next == '"') {
        return next_raw(lexer);
    }
    if (c == 'r' && next == '#' && byte_at(lexer, lexer->at + 2) == '"') {
        return next_raw_hash(lexer);
    }
    if (is_lower(c)) {
        return next_identifier(lexer);
    }
    if (is_upper(c)) {
        return next_type_identifier(lexer);
    }
    if (word) {
        return next_number(lexer);
    }
    if (c == '"') {
        return next_quote(lexer);
    }
    return c == '@' ? next_attribute(lexer) : next_symbol(lexer, c, next);
}
