// vm/std/regex_emit.c: trees as patterns for RE2.
//
// Everything is spelled out: classes as ranges of code points, assertions under their flags, so
// that RE2's own tables and defaults decide nothing.
#include "vm/std/regex_emit.h"

enum { RE2_REPEAT_MAX = 1000 };

static std_regex_reach worse(std_regex_reach a, std_regex_reach b)
{
    return a > b ? a : b;
}

static void emit_set(bl_buffer *out, const std_set *set)
{
    if (set->count == 0) {
        bl_buffer_append_slice(out, BL_SLICE("[^\\x{0}-\\x{10FFFF}]"));
        return;
    }
    if (set->count == 1 && set->ranges[0].low == set->ranges[0].high) {
        bl_buffer_format(out, "\\x{%X}", set->ranges[0].low);
        return;
    }
    bl_buffer_append_char(out, '[');
    if (set->count == 2) {
        // RE2 turns [Aa] into a literal that ignores case, and of `a|[Aa]` (2023) only the flag of
        // the first is kept. A surrogate, which no text contains, makes it a class like others.
        bl_buffer_append_slice(out, BL_SLICE("\\x{D800}"));
    }
    for (uint32_t i = 0; i < set->count; i++) {
        bl_buffer_format(out, "\\x{%X}", set->ranges[i].low);
        if (set->ranges[i].high != set->ranges[i].low) {
            bl_buffer_format(out, "-\\x{%X}", set->ranges[i].high);
        }
    }
    bl_buffer_append_char(out, ']');
}

static std_regex_reach emit_text(bl_buffer *out, const char *text, std_regex_reach reach)
{
    bl_buffer_append_slice(out, bl_slice_of(text));
    return reach;
}

static std_regex_reach emit_assertion(bl_buffer *out, const std_node *node)
{
    std_regex_reach word_reach = node->is_ascii ? STD_REGEX_EXACT : STD_REGEX_EXACT_ASCII;
    switch (node->assertion) {
    case STD_TEXT_START:
        return emit_text(out, "\\A", STD_REGEX_EXACT);
    case STD_TEXT_END:
        return emit_text(out, "\\z", STD_REGEX_EXACT);
    case STD_LINE_START:
        return emit_text(out, "(?m:^)", STD_REGEX_EXACT);
    case STD_LINE_END:
        return emit_text(out, "(?m:$)", STD_REGEX_EXACT);
    case STD_WORD_EDGE:
        return emit_text(out, "\\b", word_reach);
    case STD_NO_WORD_EDGE:
        return emit_text(out, "\\B", word_reach);
    case STD_CRLF_LINE_START:
    case STD_CRLF_LINE_END:
    case STD_WORD_START:
    case STD_WORD_END:
    case STD_WORD_START_HALF:
    case STD_WORD_END_HALF:
        return STD_REGEX_FOREIGN;
    }
    return STD_REGEX_FOREIGN;
}

static std_regex_reach emit_children(bl_buffer *out, const std_node *node, const char *between)
{
    std_regex_reach reach = STD_REGEX_EXACT;
    for (const std_node *child = node->first; child != NULL; child = child->next) {
        if (child != node->first) {
            bl_buffer_append_slice(out, bl_slice_of(between));
        }
        reach = worse(reach, std_regex_emit(out, child));
    }
    return reach;
}

static std_regex_reach emit_repeat(bl_buffer *out, const std_node *node)
{
    bl_buffer_append_slice(out, BL_SLICE("(?:"));
    std_regex_reach reach = std_regex_emit(out, node->first);
    if (node->max == STD_REPEAT_UNLIMITED && node->min <= 1) {
        bl_buffer_append_slice(out, node->min == 0 ? BL_SLICE(")*") : BL_SLICE(")+"));
    } else if (node->max == STD_REPEAT_UNLIMITED) {
        bl_buffer_format(out, "){%d,}", node->min);
    } else {
        bl_buffer_format(out, "){%d,%d}", node->min, node->max);
    }
    if (node->is_lazy) {
        bl_buffer_append_char(out, '?');
    }
    bool is_too_often = node->min > RE2_REPEAT_MAX || node->max > RE2_REPEAT_MAX;
    return is_too_often ? STD_REGEX_FOREIGN : reach;
}

// Recursion: as deep as the parser allowed.
std_regex_reach std_regex_emit(bl_buffer *out, const std_node *node)
{
    std_regex_reach reach = STD_REGEX_EXACT;
    switch (node->kind) {
    case STD_NODE_EMPTY:
        return emit_text(out, "(?:)", STD_REGEX_EXACT);
    case STD_NODE_SET:
        emit_set(out, &node->set);
        return STD_REGEX_EXACT;
    case STD_NODE_ASSERT:
        return emit_assertion(out, node);
    case STD_NODE_REPEAT:
        return emit_repeat(out, node);
    case STD_NODE_CONCAT:
        return emit_children(out, node, "");
    case STD_NODE_GROUP:
        bl_buffer_append_char(out, '(');
        reach = emit_children(out, node, "");
        bl_buffer_append_char(out, ')');
        return reach;
    case STD_NODE_CHOICE:
        bl_buffer_append_slice(out, BL_SLICE("(?:"));
        reach = emit_children(out, node, "|");
        bl_buffer_append_char(out, ')');
        return reach;
    }
    return STD_REGEX_FOREIGN;
}
