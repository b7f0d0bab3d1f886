// lang/format_comments.c: where comments go, and the two kinds of sequences that they stand in.
#include "lang/format_parts.h"

// ---- concatenations ----------------------------------------------------------------------------

size_t fmt_begin(const formatter *format)
{
    return format->scratch.size;
}

void fmt_add(formatter *format, const doc *document)
{
    if (document != &doc_nothing) {
        bl_buffer_append(&format->scratch, (const char *)&document, sizeof(document));
    }
}

void fmt_slice(formatter *format, bl_slice text)
{
    fmt_add(format, doc_text(format->arena, text));
}

void fmt_text(formatter *format, const char *text)
{
    fmt_slice(format, bl_slice_of(text));
}

static const doc *end_concat(formatter *format, bl_buffer *stack, size_t mark)
{
    const doc *const *items = (const void *)(stack->data + mark);
    uint32_t count = (uint32_t)((stack->size - mark) / sizeof(doc *));
    const doc *document = count == 0   ? &doc_nothing
                          : count == 1 ? items[0]
                                       : doc_concat(format->arena, items, count);
    stack->size = mark;
    return document;
}

const doc *fmt_end(formatter *format, size_t mark)
{
    return mark == format->scratch.size ? &doc_nothing : end_concat(format, &format->scratch, mark);
}

bl_slice fmt_source(const formatter *format, lang_span span)
{
    return (bl_slice){format->text + span.start, span.end - span.start};
}

bool fmt_has_newline(const formatter *format, uint32_t from, uint32_t to)
{
    return to > from && memchr(format->text + from, '\n', to - from) != NULL;
}

// ---- single comments ---------------------------------------------------------------------------

static const lang_comment *next_comment(const formatter *format, uint32_t offset)
{
    if (format->comment == format->tree->comment_count) {
        return NULL;
    }
    const lang_comment *comment = &format->tree->comments[format->comment];
    return comment->span.start < offset ? comment : NULL;
}

static bool is_blank_byte(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static size_t size_without_blanks(const char *data, size_t size)
{
    while (size > 0 && is_blank_byte(data[size - 1])) {
        size--;
    }
    return size;
}

// A comment without the blanks at the ends of its lines.
static bl_slice text_of(const formatter *format, const lang_comment *comment)
{
    bl_slice rest = fmt_source(format, comment->span);
    if (rest.size == 0 || memchr(rest.data, '\n', rest.size) == NULL) {
        return (bl_slice){rest.data, size_without_blanks(rest.data, rest.size)};
    }
    bl_buffer lines = {0};
    const char *end;
    while ((end = memchr(rest.data, '\n', rest.size)) != NULL) {
        size_t size = (size_t)(end - rest.data);
        bl_buffer_append(&lines, rest.data, size_without_blanks(rest.data, size));
        bl_buffer_append_char(&lines, '\n');
        rest = (bl_slice){end + 1, rest.size - size - 1};
    }
    bl_buffer_append_slice(&lines, rest);
    bl_slice text = bl_arena_slice(format->arena, bl_buffer_slice(&lines));
    bl_buffer_deinit(&lines);
    return text;
}

static const doc *suffix_of(formatter *format, const lang_comment *comment)
{
    return doc_suffix(format->arena, text_of(format, comment), !comment->block);
}

// A line comment is a suffix also on a line of its own: should another one wait for the end of
// this line, the renderer keeps them apart.
static const doc *comment_doc(formatter *format, const lang_comment *comment)
{
    return comment->block ? doc_text(format->arena, text_of(format, comment))
                          : suffix_of(format, comment);
}

bool fmt_starts_line(const formatter *format, uint32_t offset)
{
    while (offset > 0 && is_blank_byte(format->text[offset - 1])) {
        offset--;
    }
    return offset == 0 || format->text[offset - 1] == '\n';
}

// Nothing but blanks stands behind it on its line.
static bool ends_line(const formatter *format, uint32_t offset)
{
    while (offset < format->size && is_blank_byte(format->text[offset])) {
        offset++;
    }
    return offset == format->size || format->text[offset] == '\n';
}

// An empty line stands before it.
static bool has_blank_before(const formatter *format, uint32_t offset)
{
    uint32_t line_ends = 0;
    while (offset > 0 &&
           (is_blank_byte(format->text[offset - 1]) || format->text[offset - 1] == '\n')) {
        line_ends += format->text[offset - 1] == '\n';
        offset--;
    }
    return line_ends > 1 && offset > 0;
}

bool fmt_has_comment(const formatter *format, uint32_t from, uint32_t to)
{
    for (uint32_t index = format->comment; index < format->tree->comment_count; index++) {
        uint32_t start = format->tree->comments[index].span.start;
        if (start >= from) {
            return start < to;
        }
    }
    return false;
}

bool fmt_is_in_comment(const formatter *format, uint32_t offset)
{
    // Comments are in order: the last one that starts at or before the offset.
    uint32_t low = 0;
    uint32_t high = format->tree->comment_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (format->tree->comments[middle].span.start <= offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low > 0 && offset < format->tree->comments[low - 1].span.end;
}

bool fmt_comment_starts_line(const formatter *format, uint32_t offset)
{
    const lang_comment *comment = next_comment(format, offset);
    return comment != NULL && fmt_starts_line(format, comment->span.start);
}

void fmt_skip_comments(formatter *format, uint32_t offset)
{
    while (next_comment(format, offset) != NULL) {
        format->comment++;
    }
}

// On its way to the construct that starts the line.
static void hoist(formatter *format, const lang_comment *comment)
{
    const doc *text = comment_doc(format, comment);
    bl_buffer_append(&format->hoisted, (const char *)&text, sizeof(text));
}

const doc *fmt_comments_inline(formatter *format, uint32_t offset)
{
    size_t mark = fmt_begin(format);
    const lang_comment *comment;
    while ((comment = next_comment(format, offset)) != NULL) {
        format->comment++;
        bool own_line = fmt_starts_line(format, comment->span.start);
        if (own_line && ends_line(format, comment->span.end)) {
            hoist(format, comment);
        } else if (comment->block && !ends_line(format, comment->span.end)) {
            fmt_add(format, comment_doc(format, comment));
            fmt_add(format, &doc_space);
        } else {
            fmt_add(format, suffix_of(format, comment));
        }
    }
    return fmt_end(format, mark);
}

const doc *fmt_comments_after(formatter *format, uint32_t offset)
{
    size_t mark = fmt_begin(format);
    const lang_comment *comment;
    while ((comment = next_comment(format, offset)) != NULL) {
        format->comment++;
        bool own_line = fmt_starts_line(format, comment->span.start);
        if (own_line && ends_line(format, comment->span.end)) {
            hoist(format, comment);
        } else if (comment->block) {
            fmt_add(format, &doc_space);
            fmt_add(format, comment_doc(format, comment));
        } else {
            fmt_add(format, suffix_of(format, comment));
        }
    }
    return fmt_end(format, mark);
}

const doc *fmt_trailing(formatter *format, uint32_t offset)
{
    size_t mark = fmt_begin(format);
    const lang_comment *comment;
    while ((comment = next_comment(format, offset)) != NULL &&
           !fmt_starts_line(format, comment->span.start) && ends_line(format, comment->span.end)) {
        format->comment++;
        fmt_add(format, suffix_of(format, comment));
    }
    return fmt_end(format, mark);
}

const doc *fmt_leading(formatter *format, uint32_t offset)
{
    size_t mark = fmt_begin(format);
    const lang_comment *comment;
    while ((comment = next_comment(format, offset)) != NULL) {
        format->comment++;
        fmt_add(format, comment_doc(format, comment));
        if (comment->block && !ends_line(format, comment->span.end)) {
            fmt_add(format, &doc_space);
            continue;
        }
        const lang_comment *next = next_comment(format, offset);
        uint32_t start = next != NULL ? next->span.start : offset;
        fmt_add(format, has_blank_before(format, start) ? &doc_blank : &doc_hard);
    }
    return fmt_end(format, mark);
}

// The comments before the closing bracket at `offset`, the first of them perhaps behind the last
// element, the others on lines of their own.
static bool add_closing(formatter *format, uint32_t offset, bool first, bool blanks)
{
    fmt_add(format, fmt_trailing(format, offset));
    const lang_comment *comment;
    while ((comment = next_comment(format, offset)) != NULL) {
        uint32_t start = comment->span.start;
        if (!fmt_starts_line(format, start)) {
            fmt_add(format, first ? &doc_nothing : &doc_space);
        } else if (!first) {
            fmt_add(format, blanks && has_blank_before(format, start) ? &doc_blank : &doc_hard);
        }
        first = false;
        fmt_add(format, comment_doc(format, comment));
        format->comment++;
    }
    return first;
}

// ---- lines -------------------------------------------------------------------------------------

fmt_lines fmt_lines_begin(formatter *format)
{
    return (fmt_lines){.mark = fmt_begin(format), .first = true};
}

static uint32_t first_start(const formatter *format, uint32_t start)
{
    const lang_comment *comment = next_comment(format, start);
    return comment != NULL ? comment->span.start : start;
}

void fmt_lines_next(formatter *format, fmt_lines *lines, uint32_t start)
{
    fmt_add(format, fmt_trailing(format, start));
    uint32_t at = first_start(format, start);
    lines->separator = SIZE_MAX;
    if (!lines->first) {
        lines->separator = fmt_begin(format);
        fmt_add(format, has_blank_before(format, at) ? &doc_blank : &doc_hard);
    }
    lines->first = false;
    fmt_add(format, fmt_leading(format, start));
    lines->hoisted = format->hoisted.size;
}

void fmt_lines_blank(formatter *format, const fmt_lines *lines)
{
    if (lines->separator != SIZE_MAX) {
        const doc *blank = &doc_blank;
        memcpy(format->scratch.data + lines->separator, &blank, sizeof(blank));
    }
}

// Comments that were found inside of the thing and have no line there come before it.
static void add_hoisted(formatter *format, size_t mark)
{
    const doc *const *comments = (const void *)(format->hoisted.data + mark);
    size_t count = (format->hoisted.size - mark) / sizeof(doc *);
    for (size_t index = 0; index < count; index++) {
        fmt_add(format, comments[index]);
        fmt_add(format, &doc_hard);
    }
    format->hoisted.size = mark;
}

void fmt_lines_add(formatter *format, fmt_lines *lines, const doc *document, uint32_t end)
{
    const doc *rest = fmt_comments_after(format, end);
    if (format->hoisted.size > lines->hoisted) {
        add_hoisted(format, lines->hoisted);
    }
    fmt_add(format, document);
    fmt_add(format, rest);
}

const doc *fmt_lines_end(formatter *format, fmt_lines *lines, uint32_t end)
{
    add_closing(format, end, lines->first, true);
    return fmt_end(format, lines->mark);
}

// ---- lists -------------------------------------------------------------------------------------

fmt_list fmt_list_begin(formatter *format, uint32_t open, uint32_t first)
{
    fmt_list list = {.first = true, .forced = fmt_has_newline(format, open, first)};
    list.opener = fmt_trailing(format, first);
    list.mark = fmt_begin(format);
    return list;
}

void fmt_list_next(formatter *format, fmt_list *list, uint32_t start)
{
    if (!list->first) {
        fmt_text(format, ",");
        fmt_add(format, fmt_trailing(format, start));
        fmt_add(format, &doc_line);
    }
    list->first = false;
    fmt_add(format, fmt_leading(format, start));
}

void fmt_list_add(formatter *format, const doc *element)
{
    fmt_add(format, element);
}

const doc *fmt_list_end(formatter *format, fmt_list *list, const char *open_text,
                        const char *close_text, uint32_t close, bool spaced)
{
    list->first = add_closing(format, close, list->first, false);
    const doc *inner = fmt_end(format, list->mark);
    size_t mark = fmt_begin(format);
    fmt_text(format, open_text);
    fmt_add(format, list->opener);
    if (!list->first) {
        const doc *edge = spaced ? &doc_line : &doc_soft;
        size_t inside = fmt_begin(format);
        fmt_add(format, edge);
        fmt_add(format, inner);
        fmt_add(format, doc_indent(format->arena, fmt_end(format, inside)));
        fmt_add(format, edge);
    }
    fmt_text(format, close_text);
    const doc *whole = fmt_end(format, mark);
    return list->forced && !list->first ? doc_broken_group(format->arena, whole)
                                        : doc_group(format->arena, whole);
}
