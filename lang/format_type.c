// lang/format_type.c: types and patterns as documents.
#include "lang/format_parts.h"

// `open` `document` `close`, `count` times.
static const doc *in_parens(formatter *format, const doc *document, uint16_t count)
{
    if (count == 0) {
        return document;
    }
    size_t mark = fmt_begin(format); // Several pairs say no more than one.
    fmt_text(format, "(");
    fmt_add(format, document);
    fmt_text(format, ")");
    return fmt_end(format, mark);
}

const doc *fmt_field_name(formatter *format, const lang_field_name *name)
{
    size_t mark = fmt_begin(format);
    fmt_add(format, fmt_comments_inline(format, name->span.start));
    fmt_slice(format, fmt_source(format, name->span));
    fmt_skip_comments(format, name->span.end);
    return fmt_end(format, mark);
}

const doc *fmt_effects(formatter *format, const lang_effect_set *effects)
{
    if (!effects->present) {
        return &doc_nothing;
    }
    size_t mark = fmt_begin(format);
    fmt_text(format, "{");
    for (uint32_t index = 0; index < effects->names.count; index++) {
        fmt_text(format, index == 0 ? "" : ", ");
        fmt_slice(format, effects->names.items[index].text);
    }
    fmt_text(format, "} ");
    return fmt_end(format, mark);
}

// ---- types -------------------------------------------------------------------------------------

static void add_types(formatter *format, lang_type_list types)
{
    for (uint32_t index = 0; index < types.count; index++) {
        fmt_text(format, index == 0 ? "" : ", ");
        fmt_add(format, fmt_type(format, types.items[index]));
    }
}

// `(A, B)`, or a line for each. Only where nothing else should be broken first.
static const doc *tall_parameters(formatter *format, lang_type_list types)
{
    size_t mark = fmt_begin(format);
    for (uint32_t index = 0; index < types.count; index++) {
        fmt_text(format, index == 0 ? "" : ",");
        fmt_add(format, index == 0 ? &doc_soft : &doc_line);
        fmt_add(format, fmt_type(format, types.items[index]));
    }
    const doc *inside = doc_indent(format->arena, fmt_end(format, mark));
    mark = fmt_begin(format);
    fmt_text(format, "(");
    fmt_add(format, inside);
    fmt_add(format, types.count > 0 ? &doc_soft : &doc_nothing);
    fmt_text(format, ")");
    return doc_group(format->arena, fmt_end(format, mark));
}

const doc *fmt_arrow(formatter *format, lang_type_list parameters, const lang_effect_set *effects,
                     const lang_type_expr *result)
{
    size_t mark = fmt_begin(format);
    fmt_add(format, tall_parameters(format, parameters));
    fmt_text(format, " -> ");
    fmt_add(format, fmt_effects(format, effects));
    fmt_add(format, fmt_type(format, result));
    return fmt_end(format, mark);
}

static const doc *record_type(formatter *format, const lang_type_expr *type)
{
    lang_name row = type->as.record.row;
    bool empty = type->as.record.count == 0 && !lang_name_is_present(row);
    uint32_t close = type->span.end - 1; // Groups are printed by the caller; close enough.
    uint32_t start = type->span.start;
    uint32_t first = type->as.record.count > 0   ? type->as.record.fields[0].span.start
                     : lang_name_is_present(row) ? row.span.start
                                                 : close;
    fmt_list list = fmt_list_begin(format, start, first);
    for (uint32_t index = 0; index < type->as.record.count; index++) {
        const lang_type_field *field = &type->as.record.fields[index];
        fmt_list_next(format, &list, field->span.start);
        size_t mark = fmt_begin(format);
        fmt_add(format, fmt_field_name(format, &field->name));
        fmt_text(format, ": ");
        fmt_add(format, fmt_type(format, field->type));
        fmt_list_add(format, fmt_end(format, mark));
    }
    if (lang_name_is_present(row)) {
        fmt_list_next(format, &list, row.span.start);
        fmt_text(format, "..");
        fmt_slice(format, row.text);
    }
    return fmt_list_end(format, &list, "{", "}", close, !empty);
}

static const doc *bare_type(formatter *format, const lang_type_expr *type)
{
    size_t mark = fmt_begin(format);
    switch (type->kind) {
    case LANG_TYPE_NAME:
        fmt_slice(format, type->as.named.name.text);
        if (type->as.named.arguments.count > 0) {
            fmt_text(format, "<");
            add_types(format, type->as.named.arguments);
            fmt_text(format, ">");
        }
        break;
    case LANG_TYPE_UNIT:
        fmt_text(format, "()");
        break;
    case LANG_TYPE_TUPLE:
        fmt_text(format, "(");
        add_types(format, type->as.tuple);
        fmt_text(format, ")");
        break;
    case LANG_TYPE_FUNCTION:
        fmt_text(format, "(");
        add_types(format, type->as.function.parameters);
        fmt_text(format, ") -> ");
        fmt_add(format, fmt_effects(format, &type->as.function.effects));
        fmt_add(format, fmt_type(format, type->as.function.result));
        break;
    case LANG_TYPE_RECORD:
        fmt_add(format, record_type(format, type));
        break;
    case LANG_TYPE_OPTION:
        fmt_add(format, fmt_type(format, type->as.option));
        fmt_text(format, "?");
        break;
    }
    return fmt_end(format, mark);
}

const doc *fmt_type(formatter *format, const lang_type_expr *type)
{
    size_t mark = fmt_begin(format);
    fmt_add(format, fmt_comments_inline(format, type->span.start));
    fmt_add(format, in_parens(format, bare_type(format, type), type->paren_count));
    return fmt_end(format, mark);
}

// ---- patterns ----------------------------------------------------------------------------------

static void add_patterns(formatter *format, lang_pattern_list patterns)
{
    for (uint32_t index = 0; index < patterns.count; index++) {
        fmt_text(format, index == 0 ? "" : ", ");
        fmt_add(format, fmt_pattern(format, patterns.items[index]));
    }
}

static void add_record(formatter *format, const lang_pattern *pattern)
{
    const char *separator = " ";
    fmt_text(format, "{");
    for (uint32_t index = 0; index < pattern->as.record.count; index++) {
        const lang_pattern_field *field = &pattern->as.record.fields[index];
        fmt_text(format, separator);
        separator = ", ";
        if (!field->shorthand) {
            fmt_add(format, fmt_comments_inline(format, field->span.start));
            fmt_slice(format, field->name.text);
            fmt_text(format, ": ");
        }
        fmt_add(format, fmt_pattern(format, field->pattern));
    }
    if (pattern->as.record.open) {
        fmt_text(format, separator);
        fmt_text(format, "..");
        separator = ", ";
    }
    fmt_text(format, separator[0] == ',' ? " }" : "}");
}

static void add_list(formatter *format, const lang_pattern *pattern)
{
    fmt_text(format, "[");
    add_patterns(format, pattern->as.list.items);
    if (pattern->as.list.rest != NULL) {
        fmt_text(format, pattern->as.list.items.count == 0 ? ".." : ", ..");
        fmt_add(format, fmt_pattern(format, pattern->as.list.rest));
    }
    fmt_text(format, "]");
}

static const doc *bare_pattern(formatter *format, const lang_pattern *pattern)
{
    size_t mark = fmt_begin(format);
    switch (pattern->kind) {
    case LANG_PATTERN_WILDCARD:
    case LANG_PATTERN_NAME:
    case LANG_PATTERN_INT:
    case LANG_PATTERN_FLOAT:
    case LANG_PATTERN_STRING:
    case LANG_PATTERN_BOOL:
        fmt_slice(format, fmt_source(format, pattern->inner));
        fmt_skip_comments(format, pattern->inner.end);
        break;
    case LANG_PATTERN_UNIT:
        fmt_text(format, "()");
        break;
    case LANG_PATTERN_CONSTRUCTOR:
        fmt_slice(format, pattern->as.constructor.name.text);
        if (pattern->as.constructor.parenthesised) {
            fmt_text(format, "(");
            add_patterns(format, pattern->as.constructor.arguments);
            fmt_text(format, ")");
        }
        break;
    case LANG_PATTERN_TUPLE:
        fmt_text(format, "(");
        add_patterns(format, pattern->as.tuple);
        fmt_text(format, ")");
        break;
    case LANG_PATTERN_RECORD:
        add_record(format, pattern);
        break;
    case LANG_PATTERN_LIST:
        add_list(format, pattern);
        break;
    }
    return fmt_end(format, mark);
}

const doc *fmt_pattern(formatter *format, const lang_pattern *pattern)
{
    size_t mark = fmt_begin(format);
    fmt_add(format, fmt_comments_inline(format, pattern->span.start));
    fmt_add(format, in_parens(format, bare_pattern(format, pattern), pattern->paren_count));
    return fmt_end(format, mark);
}
