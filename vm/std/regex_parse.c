// vm/std/regex_parse.c: the syntax of regular expressions, by recursive descent.
//
// Flags are applied where they hold: classes come out folded for (?i), `.`, `^` and `$` as what
// they mean there, greed as swapped by (?U). So nothing behind the parser knows of flags.
#include <pthread.h>

#include "vm/std/regex_tree.h"
#include "vm/std/text.h"

typedef struct regex_flags {
    bool ignores_case;  // i
    bool is_multi_line; // m
    bool dot_takes_all; // s
    bool swaps_greed;   // U
    bool is_extended;   // x
    bool is_crlf;       // R
    bool is_ascii;      // u, switched off.
} regex_flags;

typedef struct parser {
    bl_arena *arena;
    bl_slice text;
    size_t at;
    uint32_t depth;
    regex_flags flags;
    std_tree *tree;
    bool has_failed;
} parser;

static std_node *parse_choice(parser *self);

static void refuse(parser *self, const char *reason)
{
    if (!self->has_failed) {
        self->has_failed = true;
        snprintf(self->tree->reason, sizeof(self->tree->reason), "%s at offset %zu", reason,
                 self->at);
    }
}

// ---- characters of the pattern ---------------------------------------------------------------

static bool is_at_end(const parser *self)
{
    return self->at >= self->text.size;
}

// The byte so many further on; 0 at the end.
static char peek_at(const parser *self, size_t distance)
{
    size_t at = self->at + distance;
    return at < self->text.size ? self->text.data[at] : 0;
}

static char peek(const parser *self)
{
    return peek_at(self, 0);
}

static bool take(parser *self, const char *expected)
{
    size_t size = strlen(expected);
    if (self->text.size - self->at < size ||
        memcmp(self->text.data + self->at, expected, size) != 0) {
        return false;
    }
    self->at += size;
    return true;
}

static uint32_t take_code(parser *self)
{
    uint32_t code = bl_utf8_code(self->text, self->at);
    self->at += bl_utf8_size(self->text, self->at);
    return code;
}

// With (?x): blanks and comments mean nothing.
static void skip_blanks(parser *self)
{
    while (self->flags.is_extended && !is_at_end(self)) {
        if (std_is_space(bl_utf8_code(self->text, self->at))) {
            self->at += bl_utf8_size(self->text, self->at);
        } else if (peek(self) == '#') {
            while (!is_at_end(self) && peek(self) != '\n') {
                self->at += 1;
            }
        } else {
            return;
        }
    }
}

static bool is_letter_or_digit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// ---- nodes -----------------------------------------------------------------------------------

static std_node *make_node(parser *self, std_node_kind kind)
{
    std_node *node = bl_arena_alloc_zeroed(self->arena, sizeof(*node));
    node->kind = kind;
    return node;
}

static std_node *make_set(parser *self, std_set set)
{
    std_node *node = make_node(self, STD_NODE_SET);
    std_set_normalize(&set);
    node->set = set;
    return node;
}

static std_node *make_assertion(parser *self, std_assertion assertion)
{
    std_node *node = make_node(self, STD_NODE_ASSERT);
    node->assertion = assertion;
    node->is_ascii = self->flags.is_ascii;
    return node;
}

static void fold(parser *self, std_set *set)
{
    if (self->flags.ignores_case) {
        std_set_fold(self->arena, set, self->flags.is_ascii);
    }
}

static std_node *make_literal(parser *self, uint32_t code)
{
    std_set set = {0};
    std_set_add(self->arena, &set, code, code);
    fold(self, &set);
    return make_set(self, set);
}

// Without Unicode a negated class would take bytes that are part of a character.
static std_set negate(parser *self, std_set set)
{
    if (self->flags.is_ascii) {
        refuse(self, "pattern can match invalid UTF-8");
    }
    std_set_normalize(&set);
    return std_set_negate(self->arena, &set);
}

// ---- escapes ---------------------------------------------------------------------------------

static std_set word_set;
static std_set space_set;
static std_set digit_set;
static bl_arena shared_arena; // Of these three, for the life of the process.
static pthread_once_t shared_once = PTHREAD_ONCE_INIT;

static void make_shared_sets(void)
{
    static const char *const word_parts[] = {"Alphabetic", "M", "Nd", "Pc", "Join_Control"};
    bl_arena_init(&shared_arena, 0);
    for (size_t i = 0; i < BL_ARRAY_COUNT(word_parts); i++) {
        std_set_add_property(&shared_arena, &word_set, bl_slice_of(word_parts[i]));
    }
    std_set_add_property(&shared_arena, &space_set, BL_SLICE("White_Space"));
    std_set_add_property(&shared_arena, &digit_set, BL_SLICE("Nd"));
    std_set_normalize(&word_set);
    std_set_normalize(&space_set);
    std_set_normalize(&digit_set);
}

const std_set *std_regex_word_set(void)
{
    pthread_once(&shared_once, make_shared_sets);
    return &word_set;
}

// \d \w \s and their opposites; kind: the letter.
static void add_perl_class(parser *self, std_set *set, char kind)
{
    pthread_once(&shared_once, make_shared_sets);
    char lower = (char)(kind | 0x20);
    std_set found = {0};
    if (self->flags.is_ascii) {
        std_set_add_ascii_class(self->arena, &found,
                                lower == 'd'   ? BL_SLICE("digit")
                                : lower == 'w' ? BL_SLICE("word")
                                               : BL_SLICE("space"));
    } else {
        std_set_add_all(self->arena, &found,
                        lower == 'd'   ? &digit_set
                        : lower == 'w' ? &word_set
                                       : &space_set);
    }
    if (kind != lower) {
        found = negate(self, found);
    }
    std_set_add_all(self->arena, set, &found);
}

// Behind `\p` or `\P`.
static void add_property(parser *self, std_set *set, bool is_negated)
{
    bl_slice name = {self->text.data + self->at, 0};
    if (take(self, "{")) {
        is_negated ^= take(self, "^");
        name.data = self->text.data + self->at;
        const char *end = memchr(name.data, '}', self->text.size - self->at);
        if (end == NULL) {
            refuse(self, "unclosed property");
            return;
        }
        name.size = (size_t)(end - name.data);
        self->at += name.size + 1;
        const char *sign = name.size < 2 ? NULL : memmem(name.data, name.size, "!=", 2);
        if (sign != NULL) {
            refuse(self, "`!=` in a property");
        }
    } else if (!is_at_end(self)) {
        name.size = bl_utf8_size(self->text, self->at);
        self->at += name.size;
    }
    std_set found = {0};
    if (self->flags.is_ascii) {
        refuse(self, "Unicode property without Unicode");
    } else if (!std_set_add_property(self->arena, &found, name)) {
        refuse(self, "unknown property");
    }
    fold(self, &found);
    if (is_negated) {
        found = negate(self, found);
    }
    std_set_add_all(self->arena, set, &found);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Behind \x, \u or \U, which take so many digits, or any number in braces.
static uint32_t take_hex(parser *self, size_t digits)
{
    bool is_braced = take(self, "{");
    uint32_t code = 0;
    size_t count = 0;
    while (!is_at_end(self) && (is_braced || count < digits) && hex_value(peek(self)) >= 0 &&
           code <= STD_CODE_MAX) {
        code = code << 4 | (uint32_t)hex_value(peek(self));
        self->at += 1;
        count += 1;
    }
    bool is_complete = is_braced ? count > 0 && take(self, "}") : count == digits;
    if (!is_complete || code > STD_CODE_MAX || (code >= 0xD800 && code <= 0xDFFF)) {
        refuse(self, "invalid hexadecimal escape");
    }
    if (self->flags.is_ascii && code > 0x7F && code <= 0xFF && digits == 2 && !is_braced) {
        refuse(self, "pattern can match invalid UTF-8");
    }
    return code;
}

// Behind a backslash, if an escape for one character stands there.
static bool take_escaped_char(parser *self, uint32_t *code)
{
    static const char letters[] = "ntrfva";
    static const char meanings[] = "\n\t\r\f\v\a";
    char c = peek(self);
    const char *found = c == 0 ? NULL : strchr(letters, c);
    if (found != NULL) {
        self->at += 1;
        *code = (uint32_t)meanings[found - letters];
        return true;
    }
    if (c == 'x' || c == 'u' || c == 'U') {
        self->at += 1;
        *code = take_hex(self, c == 'x' ? 2 : c == 'u' ? 4 : 8);
        return true;
    }
    bool is_punctuation =
        c > 0 && !is_letter_or_digit(c) && c != '<' && c != '>' && !is_at_end(self);
    if (is_punctuation) {
        self->at += 1;
        *code = (uint32_t)c;
    }
    return is_punctuation;
}

// Behind a backslash: a class like \d or \p{…}.
static bool take_escaped_class(parser *self, std_set *set)
{
    char c = peek(self);
    if (c == 'p' || c == 'P') {
        self->at += 1;
        add_property(self, set, c == 'P');
        return true;
    }
    if (c != 0 && strchr("dwsDWS", c) != NULL) {
        self->at += 1;
        add_perl_class(self, set, c);
        return true;
    }
    return false;
}

static std_node *parse_word_edge(parser *self)
{
    static const struct {
        const char *name;
        std_assertion assertion;
    } edges[] = {
        {"{start}", STD_WORD_START},
        {"{end}", STD_WORD_END},
        {"{start-half}", STD_WORD_START_HALF},
        {"{end-half}", STD_WORD_END_HALF},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(edges); i++) {
        if (take(self, edges[i].name)) {
            return make_assertion(self, edges[i].assertion);
        }
    }
    return make_assertion(self, STD_WORD_EDGE);
}

// At a backslash.
static std_node *parse_escape(parser *self)
{
    self->at += 1;
    uint32_t code = 0;
    std_set set = {0};
    if (take_escaped_char(self, &code)) {
        return make_literal(self, code);
    }
    if (take_escaped_class(self, &set)) {
        return make_set(self, set);
    }
    switch (peek(self)) {
    case 'A':
        self->at += 1;
        return make_assertion(self, STD_TEXT_START);
    case 'z':
        self->at += 1;
        return make_assertion(self, STD_TEXT_END);
    case 'b':
        self->at += 1;
        return parse_word_edge(self);
    case 'B':
        self->at += 1;
        return make_assertion(self, STD_NO_WORD_EDGE);
    case '<':
        self->at += 1;
        return make_assertion(self, STD_WORD_START);
    case '>':
        self->at += 1;
        return make_assertion(self, STD_WORD_END);
    default: // Not an enumeration of ours: a byte.
        refuse(self, is_at_end(self)                          ? "incomplete escape"
                     : peek(self) >= '0' && peek(self) <= '9' ? "backreferences are not supported"
                                                              : "unrecognized escape");
        return NULL;
    }
}

// ---- classes ---------------------------------------------------------------------------------
// class = `[` [`^`] operand { (`&&` | `--` | `~~`) operand } `]`

static std_set parse_class(parser *self);

// At `[:`; false: it is no ASCII class, nothing was taken.
static bool take_ascii_class(parser *self, std_set *set)
{
    size_t start = self->at;
    if (!take(self, "[:")) {
        return false;
    }
    bool is_negated = take(self, "^");
    const char *name = self->text.data + self->at;
    const char *end = memmem(name, self->text.size - self->at, ":]", 2);
    std_set found = {0};
    if (end == NULL ||
        !std_set_add_ascii_class(self->arena, &found, (bl_slice){name, (size_t)(end - name)})) {
        self->at = start;
        return false;
    }
    self->at = (size_t)(end - self->text.data) + 2;
    fold(self, &found);
    if (is_negated) {
        found = negate(self, found);
    }
    std_set_add_all(self->arena, set, &found);
    return true;
}

// One character of a class, or, with *is_class, a whole class that has been added to set.
static uint32_t take_class_item(parser *self, std_set *set, bool *is_class)
{
    *is_class = false;
    if (peek(self) != '\\') {
        return take_code(self);
    }
    self->at += 1;
    uint32_t code = 0;
    if (take_escaped_char(self, &code)) {
        return code;
    }
    *is_class = take_escaped_class(self, set);
    if (!*is_class) {
        refuse(self, "invalid escape in a class");
    }
    return 0;
}

static void parse_class_range(parser *self, std_set *set)
{
    bool is_class = false;
    uint32_t low = take_class_item(self, set, &is_class);
    skip_blanks(self);
    bool is_range = peek(self) == '-' && peek_at(self, 1) != ']' && peek_at(self, 1) != '-' &&
                    !self->has_failed && self->at + 1 < self->text.size;
    if (!is_range) {
        if (!is_class) {
            std_set_add(self->arena, set, low, low);
        }
        return;
    }
    self->at += 1;
    skip_blanks(self);
    bool is_high_class = false;
    uint32_t high = is_at_end(self) ? 0 : take_class_item(self, set, &is_high_class);
    if (is_class || is_high_class || low > high) {
        refuse(self, "invalid range in a class");
        return;
    }
    if (self->flags.is_ascii && high > 0x7F && low <= 0x7F) {
        refuse(self, "pattern can match invalid UTF-8");
    }
    std_set_add(self->arena, set, low, high);
}

static bool is_at_operator(const parser *self)
{
    char c = peek(self);
    return (c == '&' || c == '-' || c == '~') && peek_at(self, 1) == c;
}

// Items up to an operator or `]`; folded.
static std_set parse_operand(parser *self)
{
    std_set set = {0};
    for (;;) {
        skip_blanks(self);
        if (is_at_end(self) || self->has_failed || peek(self) == ']' || is_at_operator(self)) {
            break;
        }
        if (peek(self) == '[') {
            if (!take_ascii_class(self, &set)) {
                std_set nested = parse_class(self);
                std_set_add_all(self->arena, &set, &nested);
            }
        } else {
            parse_class_range(self, &set);
        }
    }
    std_set_normalize(&set);
    fold(self, &set);
    return set;
}

static std_set apply_operator(parser *self, char operator, const std_set * left,
                              const std_set *right)
{
    if (operator== '&') {
        return std_set_intersect(self->arena, left, right);
    }
    std_set rest = std_set_subtract(self->arena, left, right);
    if (operator== '~') {
        std_set other = std_set_subtract(self->arena, right, left);
        std_set_add_all(self->arena, &rest, &other);
        std_set_normalize(&rest);
    }
    return rest;
}

// What may stand first and is then literal: any number of `-`, or `]`.
static void take_leading(parser *self, std_set *set)
{
    skip_blanks(self);
    while (peek(self) == '-') {
        std_set_add(self->arena, set, '-', '-');
        self->at += 1;
        skip_blanks(self);
    }
    if (set->count == 0 && peek(self) == ']') {
        std_set_add(self->arena, set, ']', ']');
        self->at += 1;
    }
}

// At `[`.
static std_set parse_class(parser *self)
{
    self->at += 1;
    self->depth += 1;
    if (self->depth > STD_REGEX_NEST_MAX) {
        refuse(self, "nested too deeply");
        return (std_set){0};
    }
    skip_blanks(self);
    bool is_negated = take(self, "^");
    std_set leading = {0};
    take_leading(self, &leading);
    std_set set = parse_operand(self);
    std_set_add_all(self->arena, &set, &leading);
    std_set_normalize(&set);
    while (!self->has_failed && is_at_operator(self)) {
        char operator= peek(self);
        self->at += 2;
        std_set right = parse_operand(self);
        set = apply_operator(self, operator, & set, &right);
    }
    if (!take(self, "]")) {
        refuse(self, "unclosed character class");
    }
    self->depth -= 1;
    return is_negated ? negate(self, set) : set;
}

// ---- groups and flags ------------------------------------------------------------------------

static bool set_flag(regex_flags *flags, char name, bool value)
{
    switch (name) {
    case 'i':
        flags->ignores_case = value;
        return true;
    case 'm':
        flags->is_multi_line = value;
        return true;
    case 's':
        flags->dot_takes_all = value;
        return true;
    case 'U':
        flags->swaps_greed = value;
        return true;
    case 'x':
        flags->is_extended = value;
        return true;
    case 'R':
        flags->is_crlf = value;
        return true;
    case 'u':
        flags->is_ascii = !value;
        return true;
    default: // Not an enumeration of ours: a byte.
        return false;
    }
}

// Behind `(?`, up to `)` or `:`, which is not taken.
static void parse_flags(parser *self)
{
    bool value = true;
    bool is_empty = true;
    while (!is_at_end(self) && peek(self) != ')' && peek(self) != ':') {
        if (peek(self) == '-' && value) {
            value = false;
            is_empty = true;
        } else if (set_flag(&self->flags, peek(self), value)) {
            is_empty = false;
        } else {
            char c = peek(self);
            refuse(self, c == '=' || c == '!' || c == '<' ? "look-around is not supported"
                                                          : "unrecognized flag");
            return;
        }
        self->at += 1;
    }
    if (is_empty && (!value || peek(self) == ')')) {
        refuse(self, "missing flag");
    }
}

static bool is_name_char(char c, bool is_first)
{
    bool is_digit = c >= '0' && c <= '9';
    return c == '_' || (is_letter_or_digit(c) && !(is_first && is_digit)) ||
           (!is_first && (c == '.' || c == '[' || c == ']')) || (c & 0x80) != 0;
}

// Behind `(?<` or `(?P<`.
static void parse_group_name(parser *self, uint32_t capture)
{
    bl_slice name = {self->text.data + self->at, 0};
    while (!is_at_end(self) && is_name_char(peek(self), name.size == 0)) {
        name.size += 1;
        self->at += 1;
    }
    if (name.size == 0 || !take(self, ">")) {
        refuse(self, "invalid group name");
        return;
    }
    for (const std_group_name *known = self->tree->names; known != NULL; known = known->next) {
        if (bl_slice_equal(known->name, name)) {
            refuse(self, "duplicate group name");
        }
    }
    std_group_name *entry = bl_arena_alloc_zeroed(self->arena, sizeof(*entry));
    entry->name = name;
    entry->capture = capture;
    entry->next = self->tree->names;
    self->tree->names = entry;
}

// The rest of a group behind its opening; flags hold up to its end.
static std_node *finish_group(parser *self, std_node *group, regex_flags outer)
{
    std_node *inner = parse_choice(self);
    if (!take(self, ")")) {
        refuse(self, "unclosed group");
    }
    self->flags = outer;
    if (group == NULL) {
        return inner;
    }
    group->first = inner;
    return group;
}

// At `(`. NULL: only flags, which hold up to the end of the surrounding group.
static std_node *parse_group(parser *self)
{
    regex_flags outer = self->flags;
    self->at += 1;
    skip_blanks(self);
    bool is_lookbehind = peek(self) == '?' && peek_at(self, 1) == '<' &&
                         (peek_at(self, 2) == '=' || peek_at(self, 2) == '!');
    bool is_named = !is_lookbehind && (take(self, "?<") || take(self, "?P<"));
    if (!is_named && take(self, "?")) {
        parse_flags(self);
        if (take(self, ")")) {
            return NULL;
        }
        if (!take(self, ":")) {
            refuse(self, "unclosed group");
        }
        return finish_group(self, NULL, outer);
    }
    std_node *group = make_node(self, STD_NODE_GROUP);
    group->capture = self->tree->capture_count++;
    if (is_named) {
        parse_group_name(self, group->capture);
    }
    return finish_group(self, group, outer);
}

// ---- repetition ------------------------------------------------------------------------------

static int32_t take_count(parser *self)
{
    int32_t count = 0;
    size_t start = self->at;
    skip_blanks(self);
    while (peek(self) >= '0' && peek(self) <= '9' && count < 10000000) {
        count = count * 10 + (peek(self) - '0');
        self->at += 1;
    }
    if (self->at == start) {
        refuse(self, "repetition without a number");
    }
    skip_blanks(self);
    return count;
}

// At `{`.
static void parse_counts(parser *self, std_node *repeat)
{
    self->at += 1;
    skip_blanks(self);
    repeat->min = take_count(self);
    repeat->max = repeat->min;
    if (take(self, ",")) {
        skip_blanks(self);
        repeat->max = peek(self) == '}' ? STD_REPEAT_UNLIMITED : take_count(self);
    }
    if (!take(self, "}")) {
        refuse(self, "unclosed repetition");
    } else if (repeat->max != STD_REPEAT_UNLIMITED && repeat->max < repeat->min) {
        refuse(self, "invalid repetition");
    }
}

static std_node *parse_repeat(parser *self, std_node *item)
{
    uint32_t count = 0; // a** is (a*)*: each one nests.
    for (;;) {
        skip_blanks(self);
        char c = peek(self);
        if (self->has_failed || (c != '*' && c != '+' && c != '?' && c != '{')) {
            return item;
        }
        count += 1;
        if (count > STD_REGEX_STACK_MAX) {
            refuse(self, "nested too deeply");
            return item;
        }
        std_node *repeat = make_node(self, STD_NODE_REPEAT);
        repeat->first = item;
        if (c == '{') {
            parse_counts(self, repeat);
        } else {
            self->at += 1;
            repeat->min = c == '+';
            repeat->max = c == '?' ? 1 : STD_REPEAT_UNLIMITED;
        }
        skip_blanks(self);
        repeat->is_lazy = take(self, "?") != self->flags.swaps_greed;
        item = repeat;
    }
}

// ---- sequences -------------------------------------------------------------------------------

static std_node *parse_dot(parser *self)
{
    self->at += 1;
    std_set excluded = {0};
    if (!self->flags.dot_takes_all) {
        std_set_add(self->arena, &excluded, '\n', '\n');
        if (self->flags.is_crlf) {
            std_set_add(self->arena, &excluded, '\r', '\r');
        }
    }
    return make_set(self, negate(self, excluded));
}

static std_assertion edge_of(const regex_flags *flags, bool is_start)
{
    if (!flags->is_multi_line) {
        return is_start ? STD_TEXT_START : STD_TEXT_END;
    }
    if (flags->is_crlf) {
        return is_start ? STD_CRLF_LINE_START : STD_CRLF_LINE_END;
    }
    return is_start ? STD_LINE_START : STD_LINE_END;
}

// NULL: nothing but flags.
static std_node *parse_atom(parser *self)
{
    char c = peek(self);
    switch (c) {
    case '(':
        return parse_group(self);
    case '[':
        return make_set(self, parse_class(self));
    case '.':
        return parse_dot(self);
    case '^':
    case '$':
        self->at += 1;
        return make_assertion(self, edge_of(&self->flags, c == '^'));
    case '\\':
        return parse_escape(self);
    case '*':
    case '+':
    case '?':
    case '{':
        refuse(self, "repetition operator without an expression");
        return NULL;
    default: // Not an enumeration of ours: a byte.
        return make_literal(self, take_code(self));
    }
}

static std_node *parse_concat(parser *self)
{
    std_node *concat = make_node(self, STD_NODE_CONCAT);
    std_node **link = &concat->first;
    for (;;) {
        skip_blanks(self);
        if (is_at_end(self) || self->has_failed || peek(self) == '|' || peek(self) == ')') {
            break;
        }
        bool is_group = peek(self) == '(';
        std_node *item = parse_atom(self);
        if (item == NULL) {
            char c = peek(self);
            if (is_group && (c == '*' || c == '+' || c == '?' || c == '{')) {
                refuse(self, "repetition operator without an expression");
            }
            continue;
        }
        item = parse_repeat(self, item);
        *link = item;
        link = &item->next;
    }
    if (concat->first == NULL) {
        concat->kind = STD_NODE_EMPTY;
    }
    return concat;
}

static std_node *parse_choice(parser *self)
{
    self->depth += 1;
    std_node *choice = make_node(self, STD_NODE_CHOICE);
    if (self->depth > STD_REGEX_NEST_MAX) {
        refuse(self, "nested too deeply");
        return choice;
    }
    std_node **link = &choice->first;
    do {
        *link = parse_concat(self);
        link = &(*link)->next;
    } while (!self->has_failed && take(self, "|"));
    self->depth -= 1;
    return choice->first->next == NULL ? choice->first : choice;
}

// Saturates: no overflow of 64 bits whatever the repetitions say.
static uint64_t cost_of(const std_node *node)
{
    uint64_t cost = node->kind == STD_NODE_SET || node->kind == STD_NODE_ASSERT;
    for (const std_node *child = node->first; child != NULL; child = child->next) {
        cost += cost_of(child);
    }
    if (node->kind == STD_NODE_REPEAT) {
        int32_t copies = node->max > node->min ? node->max : node->min;
        cost *= copies > 1 ? (uint64_t)copies : 1;
    }
    return cost < UINT32_MAX ? cost + 1 : UINT32_MAX;
}

bool std_regex_parse(bl_arena *arena, bl_slice pattern, std_tree *tree)
{
    memset(tree, 0, sizeof(*tree));
    tree->capture_count = 1;
    parser self = {.arena = arena, .text = pattern, .tree = tree};
    if (pattern.size > STD_REGEX_SIZE_MAX) {
        refuse(&self, "pattern too long");
        return false;
    }
    if (!bl_utf8_is_valid(pattern)) {
        refuse(&self, "invalid UTF-8");
        return false;
    }
    tree->root = parse_choice(&self);
    if (!self.has_failed && !is_at_end(&self)) {
        refuse(&self, "unopened group");
    }
    if (!self.has_failed) {
        tree->cost = cost_of(tree->root);
        if (tree->cost > STD_REGEX_COST_MAX) {
            refuse(&self, "pattern too large when its repetitions are written out");
        }
    }
    return !self.has_failed;
}
