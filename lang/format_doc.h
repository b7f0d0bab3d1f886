// lang/format_doc.h: documents, from which the formatter lays out text; private to format*.c.
//
// A document says what may be broken over lines, the renderer decides it: a GROUP is printed on
// one line if that fits into LANG_FORMAT_WIDTH, else all its LINEs become line ends (those of
// groups inside it decide for themselves). After Wadler, "A prettier printer", with the additions
// that comments need. Documents are immutable and may be shared.
#ifndef LANG_FORMAT_DOC_H
#define LANG_FORMAT_DOC_H

#include "alloc/alloc.h"

enum { LANG_FORMAT_WIDTH = 100, LANG_FORMAT_INDENT = 2 };

typedef enum doc_kind {
    DOC_TEXT,   // Printed as it is; may contain line ends (strings), which get no indentation.
    DOC_LINE,   // A blank, or a line end in a broken group.
    DOC_SOFT,   // Nothing, or a line end in a broken group.
    DOC_HARD,   // A line end; breaks the groups around it.
    DOC_BLANK,  // A line end and an empty line; likewise.
    DOC_SUFFIX, // A comment to be printed before the next line end.
    DOC_CONCAT,
    DOC_INDENT,
    DOC_GROUP,
    DOC_FLAT,   // On one line in any case.
    DOC_CHOICE, // `first` if its first line fits, else `second`.
    DOC_BODY,   // On this line if it fits there, else on the next if it fits there, else broken.
} doc_kind;

typedef struct doc {
    doc_kind kind;
    bool broken; // Contains a line end that is certain.
    union {
        bl_slice text;
        struct {
            const struct doc **items;
            uint32_t count;
        } concat;
        const struct doc *child;
        struct {
            const struct doc *first;
            const struct doc *second;
        } choice;
    } as;
} doc;

extern const doc doc_nothing;
extern const doc doc_space;
extern const doc doc_line;
extern const doc doc_soft;
extern const doc doc_hard;
extern const doc doc_blank;

// The text is kept.
const doc *doc_text(bl_arena *arena, bl_slice text);
// breaks: a line comment, behind which nothing may follow on its line.
const doc *doc_suffix(bl_arena *arena, bl_slice text, bool breaks);
const doc *doc_concat(bl_arena *arena, const doc *const *items, uint32_t count);
const doc *doc_indent(bl_arena *arena, const doc *child);
const doc *doc_group(bl_arena *arena, const doc *child);
const doc *doc_broken_group(bl_arena *arena, const doc *child); // Broken in any case.
const doc *doc_flat(bl_arena *arena, const doc *child);
const doc *doc_body(bl_arena *arena, const doc *child);
const doc *doc_choice(bl_arena *arena, const doc *first, const doc *second);

// The document certainly takes, or at this indentation needs, more than one line.
bool doc_is_multiline(const doc *document, uint32_t indent);
void doc_render(const doc *document, bl_buffer *out);

#endif
