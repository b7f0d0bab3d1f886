// tests/fuzz/fuzz_regex.c: a pattern, a newline, a text: refused, or matched by our own matcher and
// by RE2, where that means the same, at the same place.
#include "vm/std/regex.h"
#include "vm/std/regex_emit.h"
#include "vm/std/regex_pike.h"
#include "vm/std/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { COST_MAX = 2000, TEXT_SIZE_MAX = 200 };

static bool is_ascii(bl_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if ((text.data[i] & 0x80) != 0) {
            return false;
        }
    }
    return true;
}

// What may be empty and is repeated: there the two may prefer different matches.
static bool has_empty_loop(const std_node *node, bool *can_be_empty)
{
    bool is_choice = node->kind == STD_NODE_CHOICE;
    bool all_empty = true;
    bool any_empty = false;
    bool found = false;
    for (const std_node *child = node->first; child != NULL; child = child->next) {
        bool is_empty;
        found |= has_empty_loop(child, &is_empty);
        all_empty &= is_empty;
        any_empty |= is_empty;
    }
    if (node->kind == STD_NODE_REPEAT) {
        *can_be_empty = node->min == 0 || all_empty;
        return found || all_empty;
    }
    *can_be_empty = node->kind != STD_NODE_SET && (is_choice ? any_empty : all_empty);
    return found;
}

static void compare(bl_arena *arena, const std_tree *tree, bl_slice text)
{
    std_span own = {0, 0};
    std_span other = {0, 0};
    const std_pike *pike = std_pike_compile(arena, tree);
    if (pike == NULL) {
        return;
    }
    bool is_found = std_pike_find(pike, text, 0, &own, 1);
    BL_CHECK(!is_found || (own.start <= own.end && own.end <= text.size));
    bl_buffer pattern = {0};
    bool is_nullable;
    std_regex_reach reach = std_regex_emit(&pattern, tree->root);
    bool is_comparable =
        (reach == STD_REGEX_EXACT || (reach == STD_REGEX_EXACT_ASCII && is_ascii(text))) &&
        !has_empty_loop(tree->root, &is_nullable);
    std_re2 *re2 = is_comparable ? std_re2_create(pattern.data, pattern.size) : NULL;
    if (re2 != NULL) {
        bool is_other = std_re2_find(re2, text.data, text.size, 0, &other, 1);
        BL_CHECK(is_other == is_found);
        BL_CHECK(!is_found || (own.start == other.start && own.end == other.end));
        std_re2_destroy(re2);
    }
    bl_buffer_deinit(&pattern);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bl_slice input = {(const char *)data, size};
    const char *line = size == 0 ? NULL : memchr(data, '\n', size);
    if (line == NULL) {
        return 0;
    }
    bl_slice pattern = {input.data, (size_t)(line - input.data)};
    bl_slice text = {line + 1, size - pattern.size - 1};
    bool found;
    (void)std_regex_search(pattern, text, &found); // The cache takes part; the result is below.
    bl_arena arena;
    bl_arena_init(&arena, 0);
    std_tree tree;
    // In what is not UTF-8 RE2 finds nothing, and we find U+FFFD.
    if (std_regex_parse(&arena, pattern, &tree) && tree.cost <= COST_MAX &&
        text.size <= TEXT_SIZE_MAX && bl_utf8_is_valid(text)) {
        compare(&arena, &tree, text);
    }
    bl_arena_deinit(&arena);
    return 0;
}
