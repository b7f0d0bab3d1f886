// lang/format.c: a file in canonical form, checked against its tree.
//
// A formatter that changes a program is worse than none, so its result is parsed and compared
// before anybody sees it, and formatted again until it rests. That costs a second parse, a
// millisecond for a thousand lines.
#include "lang/format.h"

#include "lang/format_parts.h"
#include "lang/lang.h"

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

// What has to stay the same.
typedef struct meaning {
    bl_buffer dump;
    uint32_t comment_count;
} meaning;

static const lang_tree *parse_again(bl_arena *arena, const lang_tree *tree, bl_slice text,
                                    const meaning *want)
{
    lang_source *source = bl_arena_alloc(arena, sizeof(lang_source));
    lang_diagnostics diagnostics;
    if (lang_source_init(source, arena, tree->source->path, text, NULL) != BL_OK) {
        return NULL;
    }
    lang_diagnostics_init(&diagnostics, arena, source);
    const lang_tree *again = lang_parse(arena, source, &diagnostics);
    if (diagnostics.count > 0 || again->comment_count != want->comment_count) {
        return NULL;
    }
    bl_buffer dump = {0};
    lang_ast_dump(again, false, &dump);
    bool same = bl_slice_equal(bl_buffer_slice(&dump), bl_buffer_slice(&want->dump));
    bl_buffer_deinit(&dump);
    return same ? again : NULL;
}

// Once more from its own result until nothing changes: a comment in an odd place may need a second
// look before it has found its line. Programs without such comments never take another pass.
static bool format_to_rest(bl_arena *arena, const lang_tree *tree, const meaning *want,
                           bl_buffer *out)
{
    enum { PASSES_MAX = 6 };
    bl_slice last = tree->source->text;
    for (uint32_t pass = 0; pass < PASSES_MAX; pass++) {
        out->size = 0;
        render_tree(arena, tree, out);
        if (pass > 0 && bl_slice_equal(bl_buffer_slice(out), last)) {
            return true;
        }
        last = bl_arena_slice(arena, bl_buffer_slice(out));
        tree = parse_again(arena, tree, last, want);
        if (tree == NULL) {
            return false;
        }
    }
    return true;
}

bool lang_format_tree(bl_arena *arena, const lang_tree *tree, bl_buffer *out)
{
    bl_buffer formatted = {0};
    meaning want = {.comment_count = tree->comment_count};
    lang_ast_dump(tree, false, &want.dump);
    bool good = format_to_rest(arena, tree, &want, &formatted);
    bl_buffer_append_slice(out, good ? bl_buffer_slice(&formatted) : tree->source->text);
    bl_buffer_deinit(&formatted);
    bl_buffer_deinit(&want.dump);
    return good;
}

bool lang_format(bl_slice path, bl_slice text, bl_buffer *out, bl_buffer *diagnostics_out)
{
    bl_arena arena;
    lang_source source;
    lang_diagnostics diagnostics;
    bl_error error;
    bl_arena_init(&arena, 0);
    bool good = lang_source_init(&source, &arena, path, text, &error) == BL_OK;
    if (good) {
        lang_diagnostics_init(&diagnostics, &arena, &source);
        const lang_tree *tree = lang_parse(&arena, &source, &diagnostics);
        good = diagnostics.count == 0;
        if (good) {
            good = lang_format_tree(&arena, tree, out);
            if (!good) {
                bl_buffer_format(diagnostics_out,
                                 "%.*s: left alone: fmt would change its meaning\n",
                                 BL_SLICE_ARG(path));
            }
        } else {
            lang_diagnostics_sort(&diagnostics);
            lang_diagnostics_write_text(&diagnostics, diagnostics_out, false);
        }
    } else {
        bl_buffer_format(diagnostics_out, "%.*s: %s\n", BL_SLICE_ARG(path), error.message);
    }
    bl_arena_deinit(&arena);
    return good;
}
