// lang/exhaustive.c: does a match cover every value of its subject?
//
// Only the top of patterns counts: `Some(1)` covers Some, whatever its sub-patterns are, and arms
// with a guard cover nothing. So covering is a set of variants and one question about `_`. Values
// that are missed in deeper places are run-time errors, by design.
#include "lang/check.h"

#include <assert.h>

// The variants of HttpError that a match has to cover; programs seldom make the others.
#define HTTP_ERROR_REQUIRED 7U

typedef struct coverage {
    bool everything;
    bool values[2]; // false, true.
    const lang_type *type;
    bool *variants; // Of an enum; NULL otherwise.
} coverage;

static void cover(coverage *covered, const lang_pattern *pattern)
{
    switch (pattern->kind) {
    case LANG_PATTERN_WILDCARD:
    case LANG_PATTERN_NAME:
        covered->everything = true;
        break;
    case LANG_PATTERN_BOOL:
        covered->values[pattern->as.boolean ? 1 : 0] = true;
        break;
    case LANG_PATTERN_CONSTRUCTOR: {
        const lang_constructor_symbol *variant =
            lang_type_variant(covered->type, pattern->as.constructor.name.text);
        if (variant != NULL) {
            assert(covered->variants != NULL); // The type has variants.
            covered->variants[variant->index] = true;
        }
        break;
    }
    case LANG_PATTERN_INT:
    case LANG_PATTERN_FLOAT:
    case LANG_PATTERN_STRING:
    case LANG_PATTERN_UNIT:
    case LANG_PATTERN_TUPLE:
    case LANG_PATTERN_RECORD:
    case LANG_PATTERN_LIST:
        break;
    }
}

static void cover_arms(coverage *covered, const lang_expr *match)
{
    for (uint32_t i = 0; i < match->as.match.count; i++) {
        const lang_arm *arm = &match->as.match.arms[i];
        for (uint32_t k = 0; arm->guard == NULL && k < arm->patterns.count; k++) {
            cover(covered, arm->patterns.items[k]);
        }
    }
}

static void miss(lang_checker *checker, lang_vector *missing, bl_slice name)
{
    if (missing->count > LANG_MISSING_MAX) {
        return; // That there are more is all that is said about them.
    }
    bl_slice *kept = bl_arena_alloc(checker->arena, sizeof(*kept));
    *kept = name;
    lang_vector_push(missing, checker->arena, kept);
}

static void find_missing(lang_checker *checker, const coverage *covered, lang_vector *missing)
{
    const lang_type *type = covered->type;
    assert(type->shape != LANG_SHAPE_NAMED || type->symbol != NULL);
    if (type->shape == LANG_SHAPE_NAMED && type->symbol->kind == LANG_SYMBOL_ENUM) {
        uint32_t count = type->symbol == checker->types->http_error
                             ? HTTP_ERROR_REQUIRED
                             : type->symbol->constructor_count;
        for (uint32_t i = 0; i < count; i++) {
            if (!covered->variants[i]) {
                miss(checker, missing, type->symbol->constructors[i].name);
            }
        }
    } else if (type->shape == LANG_SHAPE_BOOL) {
        if (!covered->values[1]) {
            miss(checker, missing, BL_SLICE("true"));
        }
        if (!covered->values[0]) {
            miss(checker, missing, BL_SLICE("false"));
        }
    } else if (type->shape == LANG_SHAPE_INT || type->shape == LANG_SHAPE_FLOAT ||
               type->shape == LANG_SHAPE_STRING) {
        miss(checker, missing, BL_SLICE("_"));
    }
}

static lang_suggestion *suggest_patch(lang_checker *checker, lang_diagnostic *found,
                                      const char *strategy, const char *description, uint32_t line,
                                      bl_slice text)
{
    lang_suggestion *suggestion = lang_diagnostic_suggest(
        &checker->unit->diagnostics, found, strategy, LANG_CONFIDENCE_NONE, "%s", description);
    lang_patch *patch = bl_arena_alloc_zeroed(checker->arena, sizeof(*patch));
    *patch = (lang_patch){.start_line = line,
                          .replacement_text = bl_arena_slice(checker->arena, text),
                          .operation = LANG_PATCH_INSERT};
    suggestion->patch = patch;
    return suggestion;
}

static void report(lang_checker *checker, const lang_expr *match, const lang_type *type,
                   const lang_vector *missing)
{
    bl_buffer names = {0};
    bl_buffer arms = {0};
    for (uint32_t i = 0; i < missing->count; i++) {
        const bl_slice *name = missing->items[i];
        if (i == LANG_MISSING_MAX) {
            bl_buffer_format(&names, ", …");
            break;
        }
        bl_buffer_format(&names, "%s%.*s", i == 0 ? "" : ", ", BL_SLICE_ARG(*name));
        bl_buffer_format(&arms, "%s    %.*s -> todo", i == 0 ? "" : "\n", BL_SLICE_ARG(*name));
    }
    bl_slice type_name =
        type->symbol != NULL ? type->symbol->name : lang_type_text(checker->types, type);
    lang_diagnostic *found =
        lang_report(checker, LANG_TYP_022, match->span,
                    "Non-exhaustive match on '%.*s': missing variant(s) %.*s",
                    BL_SLICE_ARG(type_name), BL_SLICE_ARG(bl_buffer_slice(&names)));
    if (found != NULL) {
        uint32_t line = lang_source_position(&checker->unit->source, match->span.end).line + 1;
        suggest_patch(checker, found, "add_missing_arms", "Add the missing arms", line,
                      bl_buffer_slice(&arms));
        suggest_patch(checker, found, "add_wildcard", "Add a catch-all arm", line,
                      BL_SLICE("    _ -> todo"));
    }
    bl_buffer_deinit(&names);
    bl_buffer_deinit(&arms);
}

void lang_check_exhaustive(lang_checker *checker, const lang_expr *match, lang_type *subject)
{
    if (checker->silent != 0) {
        return;
    }
    coverage covered = {.type = lang_type_base(checker->types, subject)};
    bl_buffer variants = {0}; // Not of the arena: a file can have many matches on a large enum.
    if (covered.type->symbol != NULL && covered.type->symbol->kind == LANG_SYMBOL_ENUM) {
        size_t size = covered.type->symbol->constructor_count * sizeof(bool);
        covered.variants = memset(bl_buffer_reserve(&variants, size + 1), 0, size);
    }
    cover_arms(&covered, match);
    if (!covered.everything) {
        lang_vector missing = {0};
        find_missing(checker, &covered, &missing);
        if (missing.count != 0) {
            report(checker, match, covered.type, &missing);
        }
    }
    bl_buffer_deinit(&variants);
}
