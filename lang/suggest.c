// lang/suggest.c: how the type pass reports: contexts, suggestions, similar names.
#include "lang/check.h"

// ---- reporting -------------------------------------------------------------------------------

static const char *const contexts[LANG_CODE_COUNT] = {
#define CONTEXT(code, sentence) [LANG_##code] = (sentence),
#include "lang/contexts.def"
#undef CONTEXT
};

lang_diagnostic *lang_report(lang_checker *checker, lang_code code, lang_span span,
                             const char *format, ...)
{
    if (checker->silent != 0) {
        return NULL;
    }
    va_list arguments;
    va_start(arguments, format);
    bl_slice message = bl_arena_vformat(checker->arena, format, arguments);
    va_end(arguments);
    lang_diagnostics *list = &checker->unit->diagnostics;
    lang_diagnostic *found = lang_diagnostics_add(list, code, span, "%.*s", BL_SLICE_ARG(message));
    if (contexts[code] != NULL) {
        lang_diagnostic_context(list, found, "%s", contexts[code]);
    }
    return found;
}

void lang_suggest(lang_checker *checker, lang_diagnostic *diagnostic, const char *strategy,
                  double confidence, const char *format, ...)
{
    if (diagnostic == NULL) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    bl_slice text = bl_arena_vformat(checker->arena, format, arguments);
    va_end(arguments);
    lang_diagnostic_suggest(&checker->unit->diagnostics, diagnostic, strategy, confidence, "%.*s",
                            BL_SLICE_ARG(text));
}

void lang_report_mismatch(lang_checker *checker, lang_code code, lang_span span, const char *what,
                          lang_type *expected, lang_type *found)
{
    if (checker->silent != 0) {
        return;
    }
    bl_slice expected_text = lang_type_text(checker->types, expected);
    bl_slice found_text = lang_type_text(checker->types, found);
    lang_report(checker, code, span, "%s mismatch: expected %.*s, found %.*s", what,
                BL_SLICE_ARG(expected_text), BL_SLICE_ARG(found_text));
}

void lang_suggest_conversion(lang_checker *checker, lang_diagnostic *diagnostic,
                             lang_type *expected, lang_type *found)
{
    lang_shape wanted = lang_type_base(checker->types, expected)->shape;
    lang_shape given = lang_type_base(checker->types, found)->shape;
    if (wanted == LANG_SHAPE_INT && given == LANG_SHAPE_FLOAT) {
        lang_suggest(checker, diagnostic, "convert", 0.7, "Int.from_float(value)");
    } else if (wanted == LANG_SHAPE_FLOAT && given == LANG_SHAPE_INT) {
        lang_suggest(checker, diagnostic, "convert", 0.7, "Float.from_int(value)");
    } else if (wanted == LANG_SHAPE_STRING &&
               (given == LANG_SHAPE_INT || given == LANG_SHAPE_FLOAT || given == LANG_SHAPE_BOOL)) {
        lang_suggest(checker, diagnostic, "convert", 0.8, "\"${value}\"");
    }
}

// ---- similar names ---------------------------------------------------------------------------

enum { NAME_SIZE_MAX = 64 }; // Nobody mistypes longer ones by up to three letters.

// The edit distance, or anything above `limit` if it is above.
static uint32_t distance(bl_slice a, bl_slice b, uint32_t limit)
{
    uint32_t row[NAME_SIZE_MAX + 1];
    size_t gap = a.size > b.size ? a.size - b.size : b.size - a.size;
    if (gap > limit || a.size > NAME_SIZE_MAX || b.size > NAME_SIZE_MAX) {
        return limit + 1;
    }
    for (uint32_t k = 0; k <= b.size; k++) {
        row[k] = k;
    }
    for (uint32_t i = 1; i <= a.size; i++) {
        uint32_t diagonal = row[0];
        uint32_t smallest = row[0] = i;
        for (uint32_t k = 1; k <= b.size; k++) {
            uint32_t change = diagonal + (a.data[i - 1] == b.data[k - 1] ? 0 : 1);
            uint32_t insert = row[k - 1] + 1;
            uint32_t delete = row[k] + 1;
            diagonal = row[k];
            row[k] = change < insert ? change : insert;
            row[k] = delete < row[k] ? delete : row[k];
            smallest = row[k] < smallest ? row[k] : smallest;
        }
        if (smallest > limit) {
            return limit + 1;
        }
    }
    return row[b.size];
}

typedef struct best_name {
    bl_slice wanted;
    bl_slice name;
    uint32_t limit; // Only nearer ones are of interest.
} best_name;

static best_name best_for(bl_slice wanted)
{
    size_t limit = wanted.size / 2 + 1;
    return (best_name){.wanted = wanted, .limit = limit < 3 ? (uint32_t)limit : 3};
}

static void consider(best_name *best, bl_slice name)
{
    if (best->limit == 0) {
        return;
    }
    uint32_t here = distance(best->wanted, name, best->limit);
    if (here > 0 && here <= best->limit) {
        best->name = name;
        best->limit = here - 1;
    }
}

bl_slice lang_similar_name(bl_slice name, const bl_slice *names, uint32_t count)
{
    best_name best = best_for(name);
    for (uint32_t i = 0; i < count; i++) {
        consider(&best, names[i]);
    }
    return best.name;
}

static bool is_value_name(const lang_entry *entry)
{
    return entry->local != 0 || entry->function != NULL || entry->imported_function != NULL;
}

void lang_report_undefined(lang_checker *checker, lang_span span, bl_slice name)
{
    lang_diagnostic *found =
        lang_report(checker, LANG_TYP_002, span, "Undefined variable `%.*s`", BL_SLICE_ARG(name));
    if (found == NULL || checker->suggestion_count >= LANG_SUGGESTION_MAX) {
        return;
    }
    checker->suggestion_count++;
    best_name best = best_for(name);
    for (uint32_t i = checker->binding_count; i > 0; i--) { // Innermost first.
        consider(&best, checker->bindings[i - 1].entry->name);
    }
    for (uint32_t i = 0; i < checker->names->count; i++) {
        if (is_value_name(checker->names->entries[i])) {
            consider(&best, checker->names->entries[i]->name);
        }
    }
    if (best.name.data != NULL) {
        lang_suggest(checker, found, "replace", 0.8, "Did you mean `%.*s`?",
                     BL_SLICE_ARG(best.name));
    }
}

// The function that does what a name is for in other languages; empty: none that the module has.
static bl_slice granted_wish(bl_slice module, bl_slice name, const bl_slice *names, uint32_t count)
{
    static const struct {
        const char *module;
        const char *wished;
        const char *function;
    } wishes[] = {
#define WISH(module, wished, function) {module, wished, function},
#include "lang/wishes.def"
#undef WISH
    };
    bl_slice plain = lang_without_bang(name);
    for (size_t i = 0; i < BL_ARRAY_COUNT(wishes); i++) {
        if (!bl_slice_equal(module, bl_slice_of(wishes[i].module)) ||
            !bl_slice_equal(plain, bl_slice_of(wishes[i].wished))) {
            continue;
        }
        for (uint32_t j = 0; j < count; j++) {
            if (bl_slice_equal(lang_without_bang(names[j]), bl_slice_of(wishes[i].function))) {
                return names[j];
            }
        }
    }
    return (bl_slice){0};
}

void lang_report_missing_symbol(lang_checker *checker, lang_span span, bl_slice name,
                                bl_slice module, const bl_slice *names, uint32_t count)
{
    lang_diagnostic *found =
        lang_report(checker, LANG_IMP_004, span, "Symbol `%.*s` not found in module `%.*s`",
                    BL_SLICE_ARG(name), BL_SLICE_ARG(module));
    if (found == NULL) {
        return;
    }
    bl_buffer buffer = {0};
    for (uint32_t i = 0; i < count && i < LANG_HOLE_NAMES_MAX; i++) {
        bl_buffer_format(&buffer, "%s%.*s", i == 0 ? "" : ", ", BL_SLICE_ARG(names[i]));
    }
    if (count != 0) {
        lang_diagnostic_context(&checker->unit->diagnostics, found, "`%.*s` has %.*s%s",
                                BL_SLICE_ARG(module), BL_SLICE_ARG(bl_buffer_slice(&buffer)),
                                count > LANG_HOLE_NAMES_MAX ? ", …" : ".");
    }
    bl_buffer_deinit(&buffer);
    bl_slice wish = granted_wish(module, name, names, count);
    bl_slice similar = wish.data != NULL ? wish : lang_similar_name(name, names, count);
    if (similar.data != NULL) {
        lang_suggest(checker, found, "replace", 0.8, "Did you mean `%.*s`?", BL_SLICE_ARG(similar));
    }
}
