// lang/diagnostics.c: collecting and ordering diagnostics; diagnostics_write.c shows them.
#include "lang/diagnostics.h"

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

static void count_one(lang_diagnostics *list, lang_code code)
{
    switch (lang_code_severity(code)) {
    case LANG_SEVERITY_ERROR:
        list->error_count++;
        break;
    case LANG_SEVERITY_WARNING:
        list->warning_count++;
        break;
    }
}

lang_diagnostic *lang_diagnostics_add(lang_diagnostics *list, lang_code code, lang_span span,
                                      const char *format, ...)
{
    lang_diagnostic *diagnostic = bl_arena_alloc_zeroed(list->arena, sizeof(lang_diagnostic));
    va_list arguments;
    va_start(arguments, format);
    diagnostic->code = code;
    diagnostic->span = span;
    diagnostic->message = bl_arena_vformat(list->arena, format, arguments);
    diagnostic->sequence = list->count;
    va_end(arguments);
    append(list, diagnostic);
    count_one(list, code);
    return diagnostic;
}

void lang_diagnostic_context(lang_diagnostics *list, lang_diagnostic *diagnostic,
                             const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    diagnostic->context = bl_arena_vformat(list->arena, format, arguments);
    va_end(arguments);
}

lang_suggestion *lang_diagnostic_suggest(lang_diagnostics *list, lang_diagnostic *diagnostic,
                                         const char *strategy, double confidence,
                                         const char *format, ...)
{
    lang_suggestion *suggestion = bl_arena_alloc_zeroed(list->arena, sizeof(lang_suggestion));
    va_list arguments;
    va_start(arguments, format);
    suggestion->strategy = strategy;
    suggestion->confidence = confidence;
    suggestion->description = bl_arena_vformat(list->arena, format, arguments);
    va_end(arguments);
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

static bool is_duplicate(const lang_diagnostic *a, const lang_diagnostic *b)
{
    return a->code == b->code && a->span.start == b->span.start &&
           bl_slice_equal(a->message, b->message);
}

// Duplicates stand at one position, so only the diagnostics kept there are compared.
static bool is_known(const lang_diagnostics *list, const lang_diagnostic *diagnostic)
{
    for (uint32_t index = list->count; index > 0; index--) {
        if (list->items[index - 1]->span.start != diagnostic->span.start) {
            return false;
        }
        if (is_duplicate(list->items[index - 1], diagnostic)) {
            return true;
        }
    }
    return false;
}

void lang_diagnostics_sort(lang_diagnostics *list)
{
    if (list->count == 0) {
        return;
    }
    qsort(list->items, list->count, sizeof(lang_diagnostic *), compare);
    uint32_t count = list->count;
    list->count = 0;
    list->error_count = 0;
    list->warning_count = 0;
    for (uint32_t index = 0; index < count; index++) {
        lang_diagnostic *diagnostic = list->items[index];
        if (!is_known(list, diagnostic)) {
            list->items[list->count++] = diagnostic;
            count_one(list, diagnostic->code);
        }
    }
}
