// lang/format_doc.c: making and rendering documents; see format_doc.h.
//
// The renderer keeps its own stack of pending documents, so neither depth nor length of a program
// costs C stack. Whether a group fits is asked by walking ahead at most one line's width, which
// makes rendering linear.
#include "lang/format_doc.h"

const doc doc_nothing = {.kind = DOC_TEXT};
const doc doc_space = {.kind = DOC_TEXT, .as.text = {" ", 1}};
const doc doc_line = {.kind = DOC_LINE};
const doc doc_soft = {.kind = DOC_SOFT};
const doc doc_hard = {.kind = DOC_HARD, .broken = true};
const doc doc_blank = {.kind = DOC_BLANK, .broken = true};

// ---- making ------------------------------------------------------------------------------------

static doc *new_doc(bl_arena *arena, doc_kind kind)
{
    doc *document = bl_arena_alloc_zeroed(arena, sizeof(doc));
    document->kind = kind;
    return document;
}

const doc *doc_text(bl_arena *arena, bl_slice text)
{
    doc *document = new_doc(arena, DOC_TEXT);
    document->as.text = text;
    return document;
}

const doc *doc_suffix(bl_arena *arena, bl_slice text, bool breaks)
{
    doc *document = new_doc(arena, DOC_SUFFIX);
    document->as.text = text;
    document->broken = breaks;
    return document;
}

const doc *doc_concat(bl_arena *arena, const doc *const *items, uint32_t count)
{
    doc *document = new_doc(arena, DOC_CONCAT);
    document->as.concat.items = bl_arena_alloc(arena, count * sizeof(doc *));
    document->as.concat.count = count;
    for (uint32_t index = 0; index < count; index++) {
        document->as.concat.items[index] = items[index];
        document->broken |= items[index]->broken;
    }
    return document;
}

static doc *wrap(bl_arena *arena, doc_kind kind, const doc *child)
{
    doc *document = new_doc(arena, kind);
    document->as.child = child;
    document->broken = child->broken;
    return document;
}

const doc *doc_indent(bl_arena *arena, const doc *child)
{
    return wrap(arena, DOC_INDENT, child);
}

const doc *doc_group(bl_arena *arena, const doc *child)
{
    return wrap(arena, DOC_GROUP, child);
}

const doc *doc_broken_group(bl_arena *arena, const doc *child)
{
    doc *document = wrap(arena, DOC_GROUP, child);
    document->broken = true;
    return document;
}

const doc *doc_flat(bl_arena *arena, const doc *child)
{
    return wrap(arena, DOC_FLAT, child);
}

const doc *doc_body(bl_arena *arena, const doc *child)
{
    return wrap(arena, DOC_BODY, child);
}

const doc *doc_choice(bl_arena *arena, const doc *first, const doc *second)
{
    doc *document = new_doc(arena, DOC_CHOICE);
    document->as.choice.first = first;
    document->as.choice.second = second;
    document->broken = first->broken;
    return document;
}

// ---- rendering ---------------------------------------------------------------------------------

typedef struct command {
    const doc *document;
    uint32_t indent;
    bool flat;
} command;

typedef struct renderer {
    bl_buffer *out;
    bl_buffer stack;    // Of command; the last one is next.
    bl_buffer ahead;    // The same, while asking what fits.
    bl_buffer suffixes; // Of const doc *.
    uint32_t column;
    uint32_t indent; // Of the line that has not begun.
    bool line_begun;
} renderer;

static void push(bl_buffer *stack, const doc *document, uint32_t indent, bool flat)
{
    command next = {document, indent, flat};
    bl_buffer_append(stack, (const char *)&next, sizeof(next));
}

static bool pop(bl_buffer *stack, command *next)
{
    if (stack->size == 0) {
        return false;
    }
    stack->size -= sizeof(*next);
    memcpy(next, stack->data + stack->size, sizeof(*next));
    return true;
}

static void push_items(bl_buffer *stack, const command *from, bool flat)
{
    const doc *document = from->document;
    for (uint32_t index = document->as.concat.count; index > 0; index--) {
        push(stack, document->as.concat.items[index - 1], from->indent, flat);
    }
}

// The width of a text up to its first line end; *ends tells whether it has one.
static uint32_t width_of(bl_slice text, bool *ends)
{
    const char *line_end = text.size == 0 ? NULL : memchr(text.data, '\n', text.size);
    *ends = line_end != NULL;
    return (uint32_t)bl_utf8_count(
        (bl_slice){text.data, *ends ? (size_t)(line_end - text.data) : text.size});
}

// Does what comes next fit into `width` characters, up to the first line end? `rest` is the stack
// of what follows, seen only when the asked documents are used up. whole: groups count as on one
// line if nothing in them is broken in any case.
static bool fits_with(renderer *render, command first, uint32_t width, bool whole)
{
    size_t rest = render->stack.size;
    render->ahead.size = 0;
    push(&render->ahead, first.document, first.indent, first.flat);
    for (;;) {
        command next;
        if (!pop(&render->ahead, &next)) {
            if (rest == 0) {
                return true;
            }
            rest -= sizeof(next);
            memcpy(&next, render->stack.data + rest, sizeof(next));
        }
        const doc *document = next.document;
        switch (document->kind) {
        case DOC_TEXT: {
            bool ends;
            uint32_t size = width_of(document->as.text, &ends);
            if (size > width) {
                return false;
            }
            if (ends) {
                return true;
            }
            width -= size;
            break;
        }
        case DOC_LINE:
            if (!next.flat) {
                return true;
            }
            if (width == 0) {
                return false;
            }
            width--;
            break;
        case DOC_SOFT:
            if (!next.flat) {
                return true;
            }
            break;
        case DOC_HARD:
        case DOC_BLANK:
            return true;
        case DOC_SUFFIX:
            break;
        case DOC_CONCAT:
            push_items(&render->ahead, &next, next.flat);
            break;
        case DOC_INDENT:
            push(&render->ahead, document->as.child, next.indent, next.flat);
            break;
        case DOC_GROUP:
            push(&render->ahead, document->as.child, next.indent,
                 (next.flat || whole) && !document->broken);
            break;
        case DOC_BODY:
            if (!next.flat && !whole && !document->broken) {
                return true;
            }
            if (width == 0) {
                return false;
            }
            width--;
            push(&render->ahead, document->as.child, next.indent,
                 (next.flat || whole) && !document->broken);
            break;
        case DOC_FLAT:
            push(&render->ahead, document->as.child, next.indent, true);
            break;
        case DOC_CHOICE:
            push(&render->ahead, document->as.choice.first, next.indent,
                 next.flat && !document->broken);
            break;
        }
    }
}

static bool fits(renderer *render, command first, uint32_t width)
{
    return fits_with(render, first, width, false);
}

static void begin_line(renderer *render)
{
    if (!render->line_begun) {
        for (uint32_t index = 0; index < render->indent; index++) {
            bl_buffer_append_char(render->out, ' ');
        }
        render->line_begun = true;
        render->column = render->indent;
    }
}

static void write_text(renderer *render, bl_slice text)
{
    if (text.size == 0) {
        return;
    }
    begin_line(render);
    bl_buffer_append_slice(render->out, text);
    const char *line_end = memrchr(text.data, '\n', text.size);
    if (line_end != NULL) {
        render->column = 0;
        text = (bl_slice){line_end + 1, (size_t)(text.data + text.size - line_end - 1)};
    }
    render->column += (uint32_t)bl_utf8_count(text);
}

static void end_line(renderer *render, uint32_t indent)
{
    bl_buffer *out = render->out;
    while (out->size > 0 && out->data[out->size - 1] == ' ') {
        out->size--;
    }
    bl_buffer_append_char(out, '\n');
    render->indent = indent;
    render->line_begun = false;
    render->column = indent;
}

// The comments that wait for the end of the line. Two that each need a line end get one.
static void flush_suffixes(renderer *render, uint32_t indent)
{
    const doc *const *suffixes = (const void *)render->suffixes.data;
    size_t count = render->suffixes.size / sizeof(doc *);
    for (size_t index = 0; index < count; index++) {
        if (index > 0 && suffixes[index - 1]->broken) {
            end_line(render, indent);
        } else if (render->line_begun && render->out->data[render->out->size - 1] != ' ') {
            write_text(render, (bl_slice){" ", 1});
        }
        write_text(render, suffixes[index]->as.text);
    }
    render->suffixes.size = 0;
}

static uint32_t width_left(uint32_t column)
{
    return column < LANG_FORMAT_WIDTH ? LANG_FORMAT_WIDTH - column : 0;
}

static void render_group(renderer *render, command next)
{
    next.document = next.document->as.child;
    command flat = {next.document, next.indent, true};
    bool fit = !next.document->broken &&
               (next.flat ||
                fits(render, flat,
                     render->column > LANG_FORMAT_WIDTH ? 0 : LANG_FORMAT_WIDTH - render->column));
    push(&render->stack, next.document, next.indent, fit);
}

static void render_choice(renderer *render, command next)
{
    const doc *first = next.document->as.choice.first;
    uint32_t width = width_left(render->column);
    command flat = {first, next.indent, true};
    command broken = {first, next.indent, false};
    if (next.flat || (!first->broken && fits(render, flat, width))) {
        push(&render->stack, first, next.indent, true);
    } else if (fits(render, broken, width)) {
        push(&render->stack, first, next.indent, false);
    } else {
        push(&render->stack, next.document->as.choice.second, next.indent, false);
    }
}

static void render_body(renderer *render, command next)
{
    const doc *child = next.document->as.child;
    command flat = {child, next.indent, true};
    uint32_t below = next.indent + LANG_FORMAT_INDENT;
    bool here = next.flat || (!child->broken && fits(render, flat, width_left(render->column + 1)));
    bool fits_below = !here && !child->broken && fits(render, flat, width_left(below));
    // What takes several lines in any case moves down if its first line is better off there.
    command broken = {child, next.indent, false};
    bool head_below = !here && child->broken &&
                      !fits_with(render, broken, width_left(render->column + 1), true) &&
                      fits_with(render, broken, width_left(below), true);
    if (fits_below || head_below) {
        flush_suffixes(render, below);
        end_line(render, below);
        push(&render->stack, child, below, fits_below);
        return;
    }
    write_text(render, (bl_slice){" ", 1});
    push(&render->stack, child, next.indent, here);
}

static void render_command(renderer *render, command next)
{
    const doc *document = next.document;
    switch (document->kind) {
    case DOC_TEXT:
        write_text(render, document->as.text);
        break;
    case DOC_LINE:
    case DOC_SOFT:
        if (next.flat) {
            write_text(render, (bl_slice){" ", document->kind == DOC_LINE});
            break;
        }
        flush_suffixes(render, next.indent);
        end_line(render, next.indent);
        break;
    case DOC_HARD:
    case DOC_BLANK:
        flush_suffixes(render, next.indent);
        end_line(render, next.indent);
        if (document->kind == DOC_BLANK) {
            bl_buffer_append_char(render->out, '\n');
        }
        break;
    case DOC_SUFFIX:
        bl_buffer_append(&render->suffixes, (const char *)&document, sizeof(document));
        break;
    case DOC_CONCAT:
        push_items(&render->stack, &next, next.flat);
        break;
    case DOC_INDENT:
        push(&render->stack, document->as.child, next.indent + LANG_FORMAT_INDENT, next.flat);
        break;
    case DOC_GROUP:
        if (document->broken) {
            push(&render->stack, document->as.child, next.indent, false);
        } else {
            render_group(render, next);
        }
        break;
    case DOC_FLAT:
        push(&render->stack, document->as.child, next.indent, true);
        break;
    case DOC_BODY:
        render_body(render, next);
        break;
    case DOC_CHOICE:
        render_choice(render, next);
        break;
    }
}

void doc_render(const doc *document, bl_buffer *out)
{
    renderer render = {.out = out};
    push(&render.stack, document, 0, false);
    command next;
    while (pop(&render.stack, &next)) {
        render_command(&render, next);
    }
    flush_suffixes(&render, 0);
    bl_buffer_deinit(&render.stack);
    bl_buffer_deinit(&render.ahead);
    bl_buffer_deinit(&render.suffixes);
}

bool doc_is_multiline(const doc *document, uint32_t indent)
{
    if (document->broken) {
        return true;
    }
    renderer render = {0};
    command flat = {document, 0, true};
    bool fit = indent < LANG_FORMAT_WIDTH && fits(&render, flat, LANG_FORMAT_WIDTH - indent);
    bl_buffer_deinit(&render.ahead);
    return !fit;
}
