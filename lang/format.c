// lang/format.c: a file in canonical form, checked against its tree.
//
// A formatter that changes a program is worse than none, so its result is parsed and compared
// before anybody sees it. That costs a second parse, a millisecond for a thousand lines.
#include "lang/format.h"

#include "lang/format_parts.h"

static void render_tree(bl_arena *arena, const lang_tree *tree, bl_buffer *out)
{
    formatter format = {.arena = arena,
                        .tree = tree,
                        .text = tree->source->text.data,
                        .size = (uint32_t)tree->source->text.size};
    const doc *whole = fmt_items(&format, tree->items, tree->count, format.size);
    doc_render(whole, out);
    if (whole != &doc_nothing) {
        bl_buffer_append_char(out, '\n');
    }
    bl_buffer_deinit(&format.scratch);
    bl_buffer_deinit(&format.hoisted);
}

static bool same_meaning(bl_arena *arena, const lang_tree *tree, bl_slice text)
{
    lang_source source;
    lang_diagnostics diagnostics;
    if (lang_source_init(&source, arena, tree->source->path, text, NULL) != BL_OK) {
        return false;
    }
    lang_diagnostics_init(&diagnostics, arena, &source);
    const lang_tree *again = lang_parse(arena, &source, &diagnostics);
    if (diagnostics.count > 0 || again->comment_count != tree->comment_count) {
        return false;
    }
    bl_buffer before = {0};
    bl_buffer after = {0};
    lang_ast_dump(tree, false, &before);
    lang_ast_dump(again, false, &after);
    bool same = bl_slice_equal(bl_buffer_slice(&before), bl_buffer_slice(&after));
    bl_buffer_deinit(&before);
    bl_buffer_deinit(&after);
    return same;
}

bool lang_format(bl_arena *arena, const lang_tree *tree, bl_buffer *out)
{
    bl_buffer formatted = {0};
    render_tree(arena, tree, &formatted);
    bool good = same_meaning(arena, tree, bl_buffer_slice(&formatted));
    bl_buffer_append_slice(out, good ? bl_buffer_slice(&formatted) : tree->source->text);
    bl_buffer_deinit(&formatted);
    return good;
}
