// lang/diagnostics.c: collecting and ordering diagnostics; diagnostics_write.c shows them.
#include "lang/diagnostics.h"

#include "lang/limits.h"

#include <stdarg.h>
#include <stdlib.h>

// ---- the catalogue -----------------------------------------------------------------------------

typedef struct catalogue_entry {
    const char *name;
    const char *meaning;
    lang_severity severity;
    lang_pass pass;
} catalogue_entry;

static const catalogue_entry catalogue[LANG_CODE_COUNT] = {
#define DIAG(code, severity, pass, meaning)                                                        \
    [LANG_##code] = {#code, meaning, LANG_SEVERITY_##severity, LANG_PASS_##pass},
#include "lang/diagnostics.def"
#undef DIAG
};

const char *lang_code_name(lang_code code)
{
    return catalogue[code].name;
}

const char *lang_code_meaning(lang_code code)
{
    return catalogue[code].meaning;
}

lang_severity lang_code_severity(lang_code code)
{
    return catalogue[code].severity;
}

lang_pass lang_code_pass(lang_code code)
{
    return catalogue[code].pass;
}

// ---- collecting --------------------------------------------------------------------------------

void lang_diagnostics_init(lang_diagnostics *list, bl_arena *arena, const lang_source *source)
{
    *list = (lang_diagnostics){.arena = arena, .source = source};
}

// The text without a character that the cut has broken, then "…".
static size_t cut(char *text, size_t size)
{
    static const char ellipsis[] = "…";
    size -= sizeof(ellipsis);
    while (size > 0 && ((uint8_t)text[size] & 0xC0) == 0x80) {
        size--;
    }
    memcpy(text + size, ellipsis, sizeof(ellipsis));
    return size + sizeof(ellipsis) - 1;
}

BL_PRINTF(2, 0)
static bl_slice format_text(lang_diagnostics *list, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int wanted = vsnprintf(NULL, 0, format, again);
    va_end(again);
    BL_CHECK(wanted >= 0);
    size_t size = (size_t)wanted <= LANG_MESSAGE_SIZE_MAX ? (size_t)wanted : LANG_MESSAGE_SIZE_MAX;
    char *text = bl_arena_alloc(list->arena, size + 1);
    vsnprintf(text, size + 1, format, arguments);
    if (size < (size_t)wanted) {
        size = cut(text, size);
    }
    list->size += size;
    return (bl_slice){text, size};
}

static void append(lang_diagnostics *list, lang_diagnostic *diagnostic)
{
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        lang_diagnostic **items = bl_arena_alloc(list->arena, capacity * sizeof(*items));
        if (list->count > 0) {
            memcpy(items, list->items, list->count * sizeof(*items));
        }
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = diagnostic;
}

static void count_one(lang_diagnostics *list, lang_code code, bool is_kept)
{
    switch (lang_code_severity(code)) {
    case LANG_SEVERITY_ERROR:
        list->error_count++;
        list->dropped_errors += is_kept ? 0 : 1;
        break;
    case LANG_SEVERITY_WARNING:
        list->warning_count++;
        list->dropped_warnings += is_kept ? 0 : 1;
        break;
    }
}

lang_diagnostic *lang_diagnostics_add(lang_diagnostics *list, lang_code code, lang_span span,
                                      const char *format, ...)
{
    if (list->size >= LANG_REPORT_SIZE_MAX) {
        count_one(list, code, false);
        list->spare = (lang_diagnostic){.code = code, .span = span};
        return &list->spare;
    }
    lang_diagnostic *diagnostic = bl_arena_alloc_zeroed(list->arena, sizeof(lang_diagnostic));
    va_list arguments;
    va_start(arguments, format);
    diagnostic->code = code;
    diagnostic->span = span;
    diagnostic->message = format_text(list, format, arguments);
    diagnostic->sequence = list->count;
    va_end(arguments);
    append(list, diagnostic);
    count_one(list, code, true);
    list->size += sizeof(lang_diagnostic);
    return diagnostic;
}

void lang_diagnostic_context(lang_diagnostics *list, lang_diagnostic *diagnostic,
                             const char *format, ...)
{
    if (diagnostic == &list->spare) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    diagnostic->context = format_text(list, format, arguments);
    va_end(arguments);
}

lang_suggestion *lang_diagnostic_suggest(lang_diagnostics *list, lang_diagnostic *diagnostic,
                                         const char *strategy, double confidence,
                                         const char *format, ...)
{
    if (diagnostic == &list->spare) {
        return &list->spare_suggestion;
    }
    lang_suggestion *suggestion = bl_arena_alloc_zeroed(list->arena, sizeof(lang_suggestion));
    va_list arguments;
    va_start(arguments, format);
    suggestion->strategy = strategy;
    suggestion->confidence = confidence;
    suggestion->description = format_text(list, format, arguments);
    va_end(arguments);
    list->size += sizeof(lang_suggestion);
    lang_suggestion **last = &diagnostic->suggestions;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = suggestion;
    return suggestion;
}

// ---- ordering ----------------------------------------------------------------------------------

static int compare_numbers(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

// Offsets order like lines and columns; a file that cannot be read (no span) has nothing else.
static int compare(const void *a, const void *b)
{
    const lang_diagnostic *left = *(lang_diagnostic *const *)a;
    const lang_diagnostic *right = *(lang_diagnostic *const *)b;
    int order = compare_numbers(left->span.start, right->span.start);
    if (order == 0) {
        order = compare_numbers(lang_code_pass(left->code), lang_code_pass(right->code));
    }
    return order != 0 ? order : compare_numbers(left->sequence, right->sequence);
}

// What was kept so far, by code, position and message: many diagnostics can stand at one position.
typedef struct known_set {
    const lang_diagnostic **slots; // Open addressing, at most half full.
    uint32_t mask;
} known_set;

static bool is_duplicate(const lang_diagnostic *a, const lang_diagnostic *b)
{
    return a->code == b->code && a->span.start == b->span.start &&
           bl_slice_equal(a->message, b->message);
}

// False: it was there already.
static bool add_to_known(known_set *known, const lang_diagnostic *diagnostic)
{
    uint64_t hash = bl_slice_hash(diagnostic->message) + diagnostic->span.start * UINT64_C(31);
    for (uint32_t at = (uint32_t)hash & known->mask;; at = (at + 1) & known->mask) {
        if (known->slots[at] == NULL) {
            known->slots[at] = diagnostic;
            return true;
        }
        if (is_duplicate(known->slots[at], diagnostic)) {
            return false;
        }
    }
}

void lang_diagnostics_sort(lang_diagnostics *list)
{
    if (list->count == 0) {
        return;
    }
    qsort(list->items, list->count, sizeof(lang_diagnostic *), compare);
    uint32_t slot_count = 16;
    while (slot_count < list->count * 2) {
        slot_count *= 2;
    }
    known_set known = {bl_alloc_zeroed(slot_count, sizeof(*known.slots)), slot_count - 1};
    uint32_t count = list->count;
    list->count = 0;
    list->error_count = list->dropped_errors;
    list->warning_count = list->dropped_warnings;
    for (uint32_t index = 0; index < count; index++) {
        lang_diagnostic *diagnostic = list->items[index];
        if (add_to_known(&known, diagnostic)) {
            list->items[list->count++] = diagnostic;
            count_one(list, diagnostic->code, true);
        }
    }
    bl_free(known.slots);
}
