// lang/format_parts.h: what the files of the formatter share; private to format*.c.
//
// Tree to document. Comments are no part of the tree: the formatter walks the tree in source order
// with a cursor over the list of comments, and before each place where a comment can stand it asks
// for those that come before.
//   - A place on a line of its own (statement, arm, item, element of a list): a comment behind the
//     thing before stays there, those on lines of their own come before it.
//   - Anywhere else: a comment at the end of a line stays at the end of its line; one on a line of
//     its own moves before the nearest construct that starts a line.
#ifndef LANG_FORMAT_PARTS_H
#define LANG_FORMAT_PARTS_H

#include "lang/ast.h"
#include "lang/format_doc.h"

typedef struct formatter {
    bl_arena *arena;
    const lang_tree *tree;
    const char *text; // The source.
    uint32_t size;
    uint32_t comment;  // The next one.
    bl_buffer scratch; // Of const doc *: concatenations under construction.
    bl_buffer hoisted; // Of const doc *: comments on their way to the line's construct.
} formatter;

// ---- small pieces ----------------------------------------------------------------------------

// A concatenation: begin, add…, end. They nest.
size_t fmt_begin(const formatter *format);
void fmt_add(formatter *format, const doc *document);
void fmt_text(formatter *format, const char *text); // The text is kept.
void fmt_slice(formatter *format, bl_slice text);
const doc *fmt_end(formatter *format, size_t mark);

bl_slice fmt_source(const formatter *format, lang_span span);
// Nothing but blanks stands before it on its line.
bool fmt_starts_line(const formatter *format, uint32_t offset);
// A line end between two offsets of the source.
bool fmt_has_newline(const formatter *format, uint32_t from, uint32_t to);

// ---- comments (format_comments.c) ------------------------------------------------------------

// Comments before `offset`, at a place that need not start a line; an empty document as a rule.
const doc *fmt_comments_inline(formatter *format, uint32_t offset);
// The same at a place behind something, with a blank before each.
const doc *fmt_comments_after(formatter *format, uint32_t offset);
// Comments before `offset` behind something on its line: before the line end that follows.
const doc *fmt_trailing(formatter *format, uint32_t offset);
// All others before `offset`, each with a line end behind it: after the line end.
const doc *fmt_leading(formatter *format, uint32_t offset);
// A comment that has not been printed starts in [from, to).
bool fmt_has_comment(const formatter *format, uint32_t from, uint32_t to);
bool fmt_is_in_comment(const formatter *format, uint32_t offset);
// The next comment comes before `offset` and is the first thing on its line.
bool fmt_comment_starts_line(const formatter *format, uint32_t offset);
// Those in what is printed verbatim.
void fmt_skip_comments(formatter *format, uint32_t offset);

// A sequence of things, each on a line of its own.
typedef struct fmt_lines {
    size_t mark;
    bool first;
    size_t separator; // Where on the scratch stack the last line end stands.
    size_t hoisted;   // Size of the stack of hoisted comments outside.
} fmt_lines;

fmt_lines fmt_lines_begin(formatter *format);
// Before the thing that starts at `start`.
void fmt_lines_next(formatter *format, fmt_lines *lines, uint32_t start);
// An empty line before the thing, whether the source has one or not.
void fmt_lines_blank(formatter *format, const fmt_lines *lines);
// The thing itself, which ends at `end`.
void fmt_lines_add(formatter *format, fmt_lines *lines, const doc *document, uint32_t end);
// The remaining comments before `end`, where the sequence is closed.
const doc *fmt_lines_end(formatter *format, fmt_lines *lines, uint32_t end);

// A list in brackets, separated by commas.
typedef struct fmt_list {
    size_t mark;
    bool first;
    bool forced;       // The source breaks it behind the bracket.
    const doc *opener; // Comments behind the opening bracket.
} fmt_list;

// open: offset of the opening bracket; first: of the first element.
fmt_list fmt_list_begin(formatter *format, uint32_t open, uint32_t first);
void fmt_list_next(formatter *format, fmt_list *list, uint32_t start);
void fmt_list_add(formatter *format, const doc *element);
// close: offset of the closing bracket; spaced: blanks inside the brackets.
const doc *fmt_list_end(formatter *format, fmt_list *list, const char *open_text,
                        const char *close_text, uint32_t close, bool spaced);

// ---- productions -----------------------------------------------------------------------------

const doc *fmt_type(formatter *format, const lang_type_expr *type);
// `(A, B) -> {E} C`, the parameters on lines of their own if need be.
const doc *fmt_arrow(formatter *format, lang_type_list parameters, const lang_effect_set *effects,
                     const lang_type_expr *result);
const doc *fmt_pattern(formatter *format, const lang_pattern *pattern);
const doc *fmt_effects(formatter *format, const lang_effect_set *effects); // With a blank behind.
const doc *fmt_field_name(formatter *format, const lang_field_name *name);
const doc *fmt_expr(formatter *format, const lang_expr *expr);
const doc *fmt_let(formatter *format, const lang_let *let);
// What stands behind `=` or `->`, with the blank or line end before it.
typedef enum fmt_body_kind {
    FMT_BODY_INNER,    // Of a let, a lambda, a field …
    FMT_BODY_KEPT,     // Of a test, an arm, a loop …: a line end before it stays.
    FMT_BODY_FUNCTION, // Likewise, and only what is in brackets starts on the same line if it
                       // takes several.
} fmt_body_kind;
const doc *fmt_body(formatter *format, const lang_expr *expr, fmt_body_kind kind);
const doc *fmt_item(formatter *format, const lang_item *item);
const doc *fmt_items(formatter *format, lang_item *const *items, uint32_t count, uint32_t end);

#endif
