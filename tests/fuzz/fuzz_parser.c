// tests/fuzz/fuzz_parser.c: any bytes as a source file, through lexer, parser and formatter.
//
// Whatever comes: a tree, at most one diagnostic for each line, all of them inside the file; and if
// there are none, a formatted text that means the same and is its own formatted text.
#include "lang/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static lang_tree *parse(bl_arena *arena, lang_source *source, lang_diagnostics *diagnostics,
                        bl_slice text)
{
    bl_status status = lang_source_init(source, arena, BL_SLICE("fuzz.bl"), text, NULL);
    BL_CHECK(status == BL_OK);
    lang_diagnostics_init(diagnostics, arena, source);
    return lang_parse(arena, source, diagnostics);
}

static void check_diagnostics(const lang_source *source, lang_diagnostics *diagnostics)
{
    BL_CHECK(diagnostics->count <= source->line_count);
    for (uint32_t index = 0; index < diagnostics->count; index++) {
        BL_CHECK(diagnostics->items[index]->span.start <= source->text.size);
        BL_CHECK(diagnostics->items[index]->span.start <= diagnostics->items[index]->span.end);
    }
    bl_buffer out = {0};
    lang_diagnostics_sort(diagnostics);
    lang_diagnostics_write_text(diagnostics, &out, true);
    lang_diagnostics_write_json(diagnostics, LANG_LEVEL_FULL, &out);
    lang_diagnostics_write_lines(diagnostics, &out, true, true);
    bl_buffer_deinit(&out);
}

static void check_tree(const lang_tree *tree)
{
    for (uint32_t index = 0; index < tree->count; index++) {
        BL_CHECK(tree->items[index]->id < tree->node_count);
        BL_CHECK(tree->items[index]->span.end <= tree->source->text.size);
    }
    bl_buffer out = {0};
    lang_ast_dump(tree, true, &out);
    bl_buffer_deinit(&out);
}

static void check_format(bl_arena *arena, const lang_tree *tree)
{
    lang_source source;
    lang_diagnostics diagnostics;
    bl_buffer once = {0};
    bl_buffer twice = {0};
    bool same = lang_format_tree(arena, tree, &once);
    BL_CHECK(same);
    const lang_tree *again = parse(arena, &source, &diagnostics, bl_buffer_slice(&once));
    BL_CHECK(diagnostics.count == 0);
    same = lang_format_tree(arena, again, &twice);
    BL_CHECK(same);
    BL_CHECK(bl_slice_equal(bl_buffer_slice(&once), bl_buffer_slice(&twice)));
    bl_buffer_deinit(&once);
    bl_buffer_deinit(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bl_arena arena;
    lang_source source;
    lang_diagnostics diagnostics;
    bl_arena_init(&arena, 0);
    // Memory of its own, so that a byte read too far is seen.
    char *copy = bl_alloc(size + 1);
    char *text = size == 0 ? copy : memcpy(copy, data, size);
    lang_tree *tree = parse(&arena, &source, &diagnostics, (bl_slice){text, size});
    check_tree(tree);
    check_diagnostics(&source, &diagnostics);
    if (diagnostics.count == 0) {
        check_format(&arena, tree);
    }
    bl_free(copy);
    bl_arena_deinit(&arena);
    return 0;
}
