// tests/lang/syntax.c: see syntax.h.
#include "tests/lang/syntax.h"

#include <dirent.h>

void syntax_parse(syntax *parsed, bl_slice text)
{
    bl_arena_init(&parsed->arena, 0);
    bl_status status =
        lang_source_init(&parsed->source, &parsed->arena, BL_SLICE("test.bl"), text, NULL);
    BL_CHECK(status == BL_OK);
    lang_diagnostics_init(&parsed->diagnostics, &parsed->arena, &parsed->source);
    parsed->tree = lang_parse(&parsed->arena, &parsed->source, &parsed->diagnostics);
}

void syntax_deinit(syntax *parsed)
{
    bl_arena_deinit(&parsed->arena);
}

static const char *keep(syntax *parsed, bl_buffer *buffer)
{
    const char *text = bl_arena_copy(&parsed->arena, buffer->data, buffer->size);
    bl_buffer_deinit(buffer);
    return text;
}

const char *syntax_tree(syntax *parsed)
{
    bl_buffer dump = {0};
    bl_buffer line = {0};
    lang_ast_dump(parsed->tree, false, &dump);
    bool blank = true;
    for (size_t index = 0; index < dump.size; index++) {
        char c = dump.data[index] == '\n' ? ' ' : dump.data[index];
        if (c != ' ' || !blank) {
            bl_buffer_append_char(&line, c);
        }
        blank = c == ' ';
    }
    line.size -= line.size > 0 && blank;
    bl_buffer_deinit(&dump);
    return keep(parsed, &line);
}

const char *syntax_errors(syntax *parsed)
{
    bl_buffer out = {0};
    lang_diagnostics_sort(&parsed->diagnostics);
    for (uint32_t index = 0; index < parsed->diagnostics.count; index++) {
        const lang_diagnostic *found = parsed->diagnostics.items[index];
        lang_position at = lang_source_position(&parsed->source, found->span.start);
        bl_buffer_format(&out, "%s%s %u:%u ", index == 0 ? "" : "; ", lang_code_name(found->code),
                         at.line, at.column);
        bl_buffer_append_slice(&out, found->message);
    }
    return keep(parsed, &out);
}

static uint32_t visit_folder(const char *path, syntax_visit *visit, void *context)
{
    DIR *folder = opendir(path);
    uint32_t count = 0;
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        char name[4096];
        snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        size_t size = strlen(entry->d_name);
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.') {
            count += visit_folder(name, visit, context);
        } else if (size > 3 && strcmp(entry->d_name + size - 3, ".bl") == 0) {
            bl_arena arena;
            lang_source source;
            bl_arena_init(&arena, 0);
            if (lang_source_open(&source, &arena, bl_slice_of(name), NULL) == BL_OK) {
                visit(context, name, source.text);
                count++;
            }
            bl_arena_deinit(&arena);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return count;
}

uint32_t syntax_corpus(syntax_visit *visit, void *context)
{
    return visit_folder(TESTS_CORPUS, visit, context);
}
