// lang/diagnostics.h: what the checks have to say about one file, and how it is shown.
//
//     lang_diagnostics list;
//     lang_diagnostics_init(&list, arena, &source);
//     lang_diagnostic *found = lang_diagnostics_add(&list, LANG_TYP_002, name_span,
//                                                   "Undefined variable `%.*s`",
//                                                   BL_SLICE_ARG(name));
//     lang_diagnostic_context(&list, found, "Variable must be defined before use.");
//     lang_diagnostic_suggest(&list, found, "replace", 0.8, "Did you mean `%.*s`?", …);
//     …
//     lang_diagnostics_sort(&list);   // once, after the last pass
//     lang_diagnostics_write_text(&list, &buffer, isatty(2));
//
// A list belongs to one source; severity and pass follow from the code (lang/diagnostics.def).
// All memory is the arena's: a diagnostic lives as long as its list. Texts are cut at
// LANG_MESSAGE_SIZE_MAX bytes.
#ifndef LANG_DIAGNOSTICS_H
#define LANG_DIAGNOSTICS_H

#include "lang/source.h"

typedef enum lang_severity {
    LANG_SEVERITY_ERROR,
    LANG_SEVERITY_WARNING,
} lang_severity;

// In the order in which they run.
typedef enum lang_pass {
    LANG_PASS_READ,
    LANG_PASS_PARSE,
    LANG_PASS_TYPES,
    LANG_PASS_EFFECTS,
    LANG_PASS_REFINEMENTS,
    LANG_PASS_CYCLES,
    LANG_PASS_SPECS,
} lang_pass;

typedef enum lang_code {
#define DIAG(code, severity, pass, meaning) LANG_##code,
#include "lang/diagnostics.def"
#undef DIAG
    LANG_CODE_COUNT,
} lang_code;

const char *lang_code_name(lang_code code); // "TYP_002"
const char *lang_code_meaning(lang_code code);
lang_severity lang_code_severity(lang_code code);
lang_pass lang_code_pass(lang_code code);

typedef enum lang_patch_operation {
    LANG_PATCH_REPLACE, // Of the line; the JSON member is left out.
    LANG_PATCH_INSERT,
    LANG_PATCH_DELETE,
} lang_patch_operation;

typedef struct lang_patch {
    uint32_t start_line;       // From 1.
    bl_slice original_text;    // data == NULL: left out of the JSON.
    bl_slice replacement_text; // Likewise.
    lang_patch_operation operation;
} lang_patch;

typedef struct lang_suggestion {
    const char *strategy; // A literal: "replace", "insert", "convert", "add_wildcard", …
    bl_slice description;
    double confidence;       // Negative: not given.
    const lang_patch *patch; // NULL: none.
    struct lang_suggestion *next;
} lang_suggestion;

// Any negative number will do.
#define LANG_CONFIDENCE_NONE (-1.0)

typedef struct lang_diagnostic {
    lang_code code;
    lang_span span; // LANG_SPAN_NONE for IO_001 only.
    bl_slice message;
    bl_slice context;             // One sentence, may be empty.
    lang_suggestion *suggestions; // In the order in which they were added.
    uint32_t sequence;            // Order of discovery, the last criterion of the sort.
} lang_diagnostic;

typedef struct lang_diagnostics {
    bl_arena *arena;           // Kept.
    const lang_source *source; // Kept.
    lang_diagnostic **items;
    uint32_t count;
    uint32_t capacity;
    uint32_t error_count; // All that were found, the dropped ones too.
    uint32_t warning_count;
    uint32_t dropped_errors; // Found beyond LANG_REPORT_SIZE_MAX and not kept.
    uint32_t dropped_warnings;
    size_t size;           // Bytes of what is kept.
    lang_diagnostic spare; // What lang_diagnostics_add returns beyond that.
    lang_suggestion spare_suggestion;
} lang_diagnostics;

void lang_diagnostics_init(lang_diagnostics *list, bl_arena *arena, const lang_source *source);

// Never NULL. The message is formatted now; pass slices with BL_SLICE_ARG.
lang_diagnostic *lang_diagnostics_add(lang_diagnostics *list, lang_code code, lang_span span,
                                      const char *format, ...) BL_PRINTF(4, 5);
void lang_diagnostic_context(lang_diagnostics *list, lang_diagnostic *diagnostic,
                             const char *format, ...) BL_PRINTF(3, 4);
// Appends; the returned suggestion may be given a patch (arena).
lang_suggestion *lang_diagnostic_suggest(lang_diagnostics *list, lang_diagnostic *diagnostic,
                                         const char *strategy, double confidence,
                                         const char *format, ...) BL_PRINTF(5, 6);

// Orders by line, column, pass, discovery, and drops exact duplicates (code, position, message).
void lang_diagnostics_sort(lang_diagnostics *list);

// ---- output ----------------------------------------------------------------------------------
// All of them append to the buffer and change nothing; sort first.

// How much was asked of the checks; the labels of the JSON follow from it.
typedef enum lang_level {
    LANG_LEVEL_TYPES,
    LANG_LEVEL_REFINEMENTS,
    LANG_LEVEL_FULL,
    LANG_LEVEL_SKIP,
} lang_level;

// In any case of letters. False: unknown name, *level is untouched.
BL_MUST_USE
bool lang_level_from_name(bl_slice name, lang_level *level);
const char *lang_level_name(lang_level level);

// What `check` prints on stderr, with the last line "N error(s), M warning(s)"; nothing for an
// empty list (the clean message is the command's). colour: escape sequences for a terminal.
void lang_diagnostics_write_text(const lang_diagnostics *list, bl_buffer *out, bool colour);
// What `check --json` prints on stdout.
void lang_diagnostics_write_json(const lang_diagnostics *list, lang_level level, bl_buffer *out);
// The place and the underlined source line of the text form, for other reports: "  --> FILE:4:6"
// and three lines, or none of these if the source has no such line. size: bytes to underline.
void lang_excerpt_write(const lang_source *source, lang_position at, uint32_t size, bl_buffer *out);
// A JSON string in its quotes, valid whatever the bytes of the text are.
void lang_json_text_write(bl_slice text, bl_buffer *out);
// What `run` and `test` print on stderr: a line for each error, and for each warning of the
// effect and refinement passes. details: each followed by the source line with its mark, the
// reason and the help of the text form.
void lang_diagnostics_write_lines(const lang_diagnostics *list, bl_buffer *out, bool details,
                                  bool colour);

#endif
