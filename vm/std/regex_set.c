// vm/std/regex_set.c: sets of characters, see regex_set.h.
#include "vm/std/regex_set.h"

#include <pthread.h>
#include <stdlib.h>
#include <utf8proc.h>

void std_set_add(bl_arena *arena, std_set *set, uint32_t low, uint32_t high)
{
    if (set->count == set->capacity) {
        uint32_t capacity = set->capacity == 0 ? 8 : set->capacity * 2;
        std_range *ranges = bl_arena_alloc(arena, capacity * sizeof(*ranges));
        if (set->count > 0) {
            memcpy(ranges, set->ranges, set->count * sizeof(*ranges));
        }
        set->ranges = ranges;
        set->capacity = capacity;
    }
    set->ranges[set->count++] = (std_range){low, high};
}

void std_set_add_all(bl_arena *arena, std_set *set, const std_set *other)
{
    for (uint32_t i = 0; i < other->count; i++) {
        std_set_add(arena, set, other->ranges[i].low, other->ranges[i].high);
    }
}

static int compare_ranges(const void *a, const void *b)
{
    uint32_t left = ((const std_range *)a)->low;
    uint32_t right = ((const std_range *)b)->low;
    return (left > right) - (left < right);
}

void std_set_normalize(std_set *set)
{
    if (set->count < 2) {
        return;
    }
    qsort(set->ranges, set->count, sizeof(*set->ranges), compare_ranges);
    uint32_t kept = 0;
    for (uint32_t i = 1; i < set->count; i++) {
        std_range *last = &set->ranges[kept];
        std_range next = set->ranges[i];
        if (next.low <= last->high + 1) {
            last->high = next.high > last->high ? next.high : last->high;
        } else {
            set->ranges[++kept] = next;
        }
    }
    set->count = kept + 1;
}

std_set std_set_negate(bl_arena *arena, const std_set *set)
{
    std_set all = {0};
    std_set_add(arena, &all, 0, 0xD7FF);
    std_set_add(arena, &all, 0xE000, STD_CODE_MAX);
    return std_set_subtract(arena, &all, set);
}

std_set std_set_intersect(bl_arena *arena, const std_set *a, const std_set *b)
{
    std_set both = {0};
    for (uint32_t i = 0, j = 0; i < a->count && j < b->count;) {
        uint32_t low = a->ranges[i].low > b->ranges[j].low ? a->ranges[i].low : b->ranges[j].low;
        bool a_ends_first = a->ranges[i].high < b->ranges[j].high;
        uint32_t high = a_ends_first ? a->ranges[i].high : b->ranges[j].high;
        if (low <= high) {
            std_set_add(arena, &both, low, high);
        }
        i += a_ends_first;
        j += !a_ends_first;
    }
    return both;
}

std_set std_set_subtract(bl_arena *arena, const std_set *a, const std_set *b)
{
    std_set rest = {0};
    uint32_t j = 0;
    for (uint32_t i = 0; i < a->count; i++) {
        uint32_t low = a->ranges[i].low;
        uint32_t high = a->ranges[i].high;
        while (j < b->count && b->ranges[j].high < low) {
            j += 1;
        }
        for (uint32_t k = j; k < b->count && b->ranges[k].low <= high && low <= high; k++) {
            if (b->ranges[k].low > low) {
                std_set_add(arena, &rest, low, b->ranges[k].low - 1);
            }
            low = b->ranges[k].high + 1;
        }
        if (low <= high) {
            std_set_add(arena, &rest, low, high);
        }
    }
    return rest;
}

bool std_set_has(const std_set *set, uint32_t code)
{
    uint32_t low = 0;
    uint32_t high = set->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (code > set->ranges[middle].high) {
            low = middle + 1;
        } else if (code < set->ranges[middle].low) {
            high = middle;
        } else {
            return true;
        }
    }
    return false;
}

// ---- case ------------------------------------------------------------------------------------
// Characters that fold to the same one stand together: pairs (folded, character), sorted, made
// once for the process.

enum {
    FOLD_CODE_MAX = 0x1E943, // Beyond it no character has case.
    FOLD_PAIRS_MAX = 4096,
    DOTTED_CAPITAL_I = 0x130, // These two fold with no other without a locale.
    DOTLESS_SMALL_I = 0x131,
};

typedef struct fold_pair {
    uint32_t folded;
    uint32_t code;
} fold_pair;

static fold_pair fold_pairs[FOLD_PAIRS_MAX];
static uint32_t fold_pair_count;
static pthread_once_t fold_once = PTHREAD_ONCE_INIT;

static uint32_t fold(uint32_t code)
{
    if (code == DOTTED_CAPITAL_I || code == DOTLESS_SMALL_I || code > FOLD_CODE_MAX) {
        return code;
    }
    return (uint32_t)utf8proc_tolower(utf8proc_toupper((utf8proc_int32_t)code));
}

static int compare_pairs(const void *a, const void *b)
{
    const fold_pair *left = a;
    const fold_pair *right = b;
    if (left->folded != right->folded) {
        return left->folded < right->folded ? -1 : 1;
    }
    return (left->code > right->code) - (left->code < right->code);
}

static void add_pair(uint32_t folded, uint32_t code)
{
    BL_CHECK(fold_pair_count < FOLD_PAIRS_MAX);
    fold_pairs[fold_pair_count++] = (fold_pair){folded, code};
}

static void make_fold_pairs(void)
{
    for (uint32_t code = 0; code <= FOLD_CODE_MAX; code++) {
        uint32_t folded = fold(code);
        if (folded != code) {
            add_pair(folded, code);
        }
    }
    qsort(fold_pairs, fold_pair_count, sizeof(fold_pairs[0]), compare_pairs);
    uint32_t count = fold_pair_count;
    for (uint32_t i = 0; i < count; i++) {
        if (i == 0 || fold_pairs[i - 1].folded != fold_pairs[i].folded) {
            add_pair(fold_pairs[i].folded, fold_pairs[i].folded);
        }
    }
    qsort(fold_pairs, fold_pair_count, sizeof(fold_pairs[0]), compare_pairs);
}

// The first pair of that folded character, or behind all.
static uint32_t find_pair(uint32_t folded)
{
    uint32_t low = 0;
    uint32_t high = fold_pair_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (fold_pairs[middle].folded < folded) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void fold_unicode(bl_arena *arena, std_set *set)
{
    pthread_once(&fold_once, make_fold_pairs);
    std_set_normalize(set);
    std_set extra = {0};
    for (uint32_t i = 0; i < fold_pair_count; i++) {
        if (!std_set_has(set, fold_pairs[i].code)) {
            continue;
        }
        uint32_t folded = fold_pairs[i].folded;
        for (uint32_t at = find_pair(folded);
             at < fold_pair_count && fold_pairs[at].folded == folded; at++) {
            std_set_add(arena, &extra, fold_pairs[at].code, fold_pairs[at].code);
        }
    }
    std_set_add_all(arena, set, &extra);
    std_set_normalize(set);
}

static void fold_ascii(bl_arena *arena, std_set *set)
{
    std_set_normalize(set);
    std_set extra = {0};
    for (uint32_t code = 'A'; code <= 'Z'; code++) {
        bool has_upper = std_set_has(set, code);
        bool has_lower = std_set_has(set, code | 0x20);
        if (has_upper != has_lower) {
            uint32_t other = has_upper ? code | 0x20 : code;
            std_set_add(arena, &extra, other, other);
        }
    }
    std_set_add_all(arena, set, &extra);
    std_set_normalize(set);
}

void std_set_fold(bl_arena *arena, std_set *set, bool is_ascii)
{
    if (is_ascii) {
        fold_ascii(arena, set);
    } else {
        fold_unicode(arena, set);
    }
}

// ---- properties ------------------------------------------------------------------------------

typedef enum named_set_kind { CATEGORY, SCRIPT, PROPERTY } named_set_kind;

typedef struct named_set {
    named_set_kind kind;
    uint32_t count; // Of numbers: two for each range.
    const char *name;
    const char *short_name;
    const uint32_t *numbers;
} named_set;

#define SET(kind_, name_, short_, ...)                                                             \
    {.kind = kind_,                                                                                \
     .count = sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t),                          \
     .name = name_,                                                                                \
     .short_name = short_,                                                                         \
     .numbers = (const uint32_t[]){__VA_ARGS__}},
static const named_set named_sets[] = {
#include "vm/std/unicode_sets.def"
};
#undef SET

// Names of several categories; of these only the first letters count.
static const struct {
    const char *name;
    const char *short_name;
    const char *categories; // Two letters each, `*` for any second one.
} groups[] = {
    {"letter", "l", "L*"},        {"casedletter", "lc", "LuLlLt"}, {"mark", "m", "M*"},
    {"combiningmark", "m", "M*"}, {"number", "n", "N*"},           {"punctuation", "p", "P*"},
    {"punct", "punct", "P*"},     {"symbol", "s", "S*"},           {"separator", "z", "Z*"},
    {"other", "c", "C*"},
};

// Loose comparison: case, blanks, `_` and `-` do not count.
typedef struct loose_name {
    char text[64];
} loose_name;

static bool make_loose(bl_slice name, loose_name *out)
{
    size_t size = 0;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        if (c == '_' || c == '-' || c == ' ') {
            continue;
        }
        if (size + 1 >= sizeof(out->text)) {
            return false;
        }
        out->text[size++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    out->text[size] = 0;
    return size > 0;
}

static bool is_name(const loose_name *name, const char *other)
{
    loose_name loose;
    return make_loose(bl_slice_of(other), &loose) && strcmp(name->text, loose.text) == 0;
}

static void add_named(bl_arena *arena, std_set *set, const named_set *named)
{
    for (uint32_t i = 0; i < named->count; i += 2) {
        std_set_add(arena, set, named->numbers[i], named->numbers[i + 1]);
    }
}

static bool add_group(bl_arena *arena, std_set *set, const char *categories)
{
    for (const char *at = categories; *at != 0; at += 2) {
        for (size_t i = 0; i < BL_ARRAY_COUNT(named_sets); i++) {
            const char *category = named_sets[i].short_name;
            if (named_sets[i].kind == CATEGORY && category[0] == at[0] &&
                (at[1] == '*' || category[1] == at[1])) {
                add_named(arena, set, &named_sets[i]);
            }
        }
    }
    return true;
}

static bool add_special(bl_arena *arena, std_set *set, const loose_name *name)
{
    if (is_name(name, "any")) {
        std_set_add(arena, set, 0, STD_CODE_MAX);
        return true;
    }
    if (is_name(name, "ascii")) {
        std_set_add(arena, set, 0, 0x7F);
        return true;
    }
    if (is_name(name, "assigned")) {
        std_set unassigned = {0};
        add_group(arena, &unassigned, "Cn");
        std_set assigned = std_set_negate(arena, &unassigned);
        std_set_add_all(arena, set, &assigned);
        return true;
    }
    for (size_t i = 0; i < BL_ARRAY_COUNT(groups); i++) {
        if (is_name(name, groups[i].name) || is_name(name, groups[i].short_name)) {
            return add_group(arena, set, groups[i].categories);
        }
    }
    return false;
}

static bool add_by_name(bl_arena *arena, std_set *set, const loose_name *name, named_set_kind kind)
{
    for (size_t i = 0; i < BL_ARRAY_COUNT(named_sets); i++) {
        const named_set *named = &named_sets[i];
        if (named->kind == kind &&
            (is_name(name, named->name) || is_name(name, named->short_name))) {
            add_named(arena, set, named);
            return true;
        }
    }
    return false;
}

// `script=Greek`: the part before the sign says among what to look.
static bool add_by_value(bl_arena *arena, std_set *set, bl_slice key, bl_slice value)
{
    loose_name loose_key;
    loose_name loose_value;
    if (!make_loose(key, &loose_key) || !make_loose(value, &loose_value)) {
        return false;
    }
    if (is_name(&loose_key, "script") || is_name(&loose_key, "sc")) {
        return add_by_name(arena, set, &loose_value, SCRIPT);
    }
    if (is_name(&loose_key, "generalcategory") || is_name(&loose_key, "gc")) {
        return add_special(arena, set, &loose_value) ||
               add_by_name(arena, set, &loose_value, CATEGORY);
    }
    return false;
}

bool std_set_add_property(bl_arena *arena, std_set *set, bl_slice name)
{
    const char *sign = name.size == 0 ? NULL : memchr(name.data, '=', name.size);
    if (sign == NULL && name.size > 0) {
        sign = memchr(name.data, ':', name.size);
    }
    if (sign != NULL) {
        size_t size = (size_t)(sign - name.data);
        return add_by_value(arena, set, (bl_slice){name.data, size},
                            (bl_slice){sign + 1, name.size - size - 1});
    }
    loose_name loose;
    return make_loose(name, &loose) &&
           (add_special(arena, set, &loose) || add_by_name(arena, set, &loose, CATEGORY) ||
            add_by_name(arena, set, &loose, SCRIPT) || add_by_name(arena, set, &loose, PROPERTY));
}

bool std_set_add_ascii_class(bl_arena *arena, std_set *set, bl_slice name)
{
    static const struct {
        const char *name;
        std_range ranges[4];
    } classes[] = {
        {"alnum", {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}}},
        {"alpha", {{'A', 'Z'}, {'a', 'z'}}},
        {"ascii", {{0, 0x7F}}},
        {"blank", {{'\t', '\t'}, {' ', ' '}}},
        {"cntrl", {{0, 0x1F}, {0x7F, 0x7F}}},
        {"digit", {{'0', '9'}}},
        {"graph", {{'!', '~'}}},
        {"lower", {{'a', 'z'}}},
        {"print", {{' ', '~'}}},
        {"punct", {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}},
        {"space", {{'\t', '\r'}, {' ', ' '}}},
        {"upper", {{'A', 'Z'}}},
        {"word", {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
        {"xdigit", {{'0', '9'}, {'A', 'F'}, {'a', 'f'}}},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(classes); i++) {
        if (!bl_slice_equal(name, bl_slice_of(classes[i].name))) {
            continue;
        }
        for (size_t j = 0; j < 4 && classes[i].ranges[j].high != 0; j++) {
            std_set_add(arena, set, classes[i].ranges[j].low, classes[i].ranges[j].high);
        }
        return true;
    }
    return false;
}
