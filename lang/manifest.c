// lang/manifest.c: reads the [dependencies] of the nearest baseline.toml.
//
//     [dependencies]
//     Units = { path = "../units" }                  -> ../units, relative to the manifest
//     Money = { url = "https://…", hash = "ab12" }   -> .baseline/deps/ab12 next to the manifest
//     [dependencies.Time]
//     path = "vendor/time"
//
// Only as much of TOML as these lines need: a line is a section, an entry, or of no interest.
#include "lang/manifest.h"

#include "lang/source.h"
#include "lang/vector.h"

#include <linux/limits.h>
#include <stdlib.h>

typedef struct manifest_reader {
    bl_arena *arena;
    bl_slice directory; // Of the manifest.
    lang_vector found;  // lang_dependency
    bool in_dependencies;
    bl_slice table; // Name of `[dependencies.Name]`; data == NULL: none.
} manifest_reader;

static bl_slice trim(bl_slice text)
{
    while (text.size > 0 && strchr(" \t\r", text.data[0]) != NULL) {
        text = (bl_slice){text.data + 1, text.size - 1};
    }
    while (text.size > 0 && strchr(" \t\r", text.data[text.size - 1]) != NULL) {
        text.size--;
    }
    return text;
}

static bl_slice unquote(bl_slice text)
{
    text = trim(text);
    if (text.size >= 2 && (text.data[0] == '"' || text.data[0] == '\'') &&
        text.data[text.size - 1] == text.data[0]) {
        return (bl_slice){text.data + 1, text.size - 2};
    }
    return text;
}

// Up to a `#` that is in no string.
static bl_slice without_comment(bl_slice line)
{
    char quote = 0;
    for (size_t i = 0; i < line.size; i++) {
        char c = line.data[i];
        if (quote != 0) {
            quote = c == quote ? 0 : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '#') {
            return (bl_slice){line.data, i};
        }
    }
    return line;
}

// Splits at the first `separator`. False: there is none.
static bool split(bl_slice text, char separator, bl_slice *before, bl_slice *after)
{
    const char *at = text.size == 0 ? NULL : memchr(text.data, separator, text.size);
    if (at == NULL) {
        return false;
    }
    size_t size = (size_t)(at - text.data);
    *before = trim((bl_slice){text.data, size});
    *after = trim((bl_slice){at + 1, text.size - size - 1});
    return true;
}

static void add(manifest_reader *reader, bl_slice name, const char *prefix, bl_slice path)
{
    lang_dependency *dependency = bl_arena_alloc(reader->arena, sizeof(*dependency));
    bool is_absolute = path.size > 0 && path.data[0] == '/';
    dependency->name = bl_arena_slice(reader->arena, name);
    dependency->directory =
        is_absolute ? bl_arena_slice(reader->arena, path)
                    : bl_arena_format(reader->arena, "%.*s/%s%.*s", BL_SLICE_ARG(reader->directory),
                                      prefix, BL_SLICE_ARG(path));
    lang_vector_push(&reader->found, reader->arena, dependency);
}

static void read_member(manifest_reader *reader, bl_slice name, bl_slice key, bl_slice value)
{
    if (bl_slice_equal(unquote(key), BL_SLICE("path"))) {
        add(reader, name, "", unquote(value));
    } else if (bl_slice_equal(unquote(key), BL_SLICE("hash"))) {
        add(reader, name, ".baseline/deps/", unquote(value));
    }
}

// `{ path = "dir" }`: members up to the closing brace.
static void read_inline_table(manifest_reader *reader, bl_slice name, bl_slice value)
{
    bl_slice rest = {value.data + 1, value.size - 1};
    if (rest.size > 0 && rest.data[rest.size - 1] == '}') {
        rest.size--;
    }
    while (rest.size > 0) {
        bl_slice member = rest;
        bl_slice after = {0};
        if (split(rest, ',', &member, &after)) {
            rest = after;
        } else {
            rest.size = 0;
        }
        bl_slice key;
        bl_slice text;
        if (split(member, '=', &key, &text)) {
            read_member(reader, name, key, text);
        }
    }
}

static void read_line(manifest_reader *reader, bl_slice line)
{
    static const char section[] = "dependencies";
    line = trim(without_comment(line));
    if (line.size >= 2 && line.data[0] == '[') {
        bl_slice name = trim((bl_slice){line.data + 1, line.size - 2});
        size_t size = sizeof(section) - 1;
        bool starts = name.size >= size && memcmp(name.data, section, size) == 0;
        reader->in_dependencies = starts && name.size == size;
        reader->table = starts && name.size > size && name.data[size] == '.'
                            ? unquote((bl_slice){name.data + size + 1, name.size - size - 1})
                            : (bl_slice){0};
        return;
    }
    bl_slice key;
    bl_slice value;
    if (!split(line, '=', &key, &value) || value.size == 0) {
        return;
    }
    if (reader->table.data != NULL) {
        read_member(reader, reader->table, key, value);
    } else if (reader->in_dependencies && value.data[0] == '{') {
        read_inline_table(reader, unquote(key), value);
    } else if (reader->in_dependencies && (value.data[0] == '"' || value.data[0] == '\'')) {
        add(reader, unquote(key), "", unquote(value));
    }
}

static lang_manifest *read_manifest(bl_arena *arena, bl_slice directory, bl_slice path)
{
    lang_source source;
    bl_error error;
    if (lang_source_open(&source, arena, path, &error) != BL_OK) {
        return NULL; // Not there, or not to be read: look further up.
    }
    manifest_reader reader = {.arena = arena, .directory = directory};
    for (uint32_t line = 1; line <= source.line_count; line++) {
        read_line(&reader, lang_source_line(&source, line));
    }
    lang_manifest *manifest = bl_arena_alloc(arena, sizeof(*manifest));
    manifest->count = reader.found.count;
    manifest->dependencies =
        bl_arena_alloc(arena, (reader.found.count + 1) * sizeof(lang_dependency));
    for (uint32_t i = 0; i < reader.found.count; i++) {
        manifest->dependencies[i] = *(lang_dependency *)reader.found.items[i];
    }
    return manifest;
}

lang_manifest *lang_manifest_find(bl_arena *arena, bl_slice directory)
{
    char absolute[PATH_MAX];
    const char *start =
        directory.size == 0 ? "." : bl_arena_copy(arena, directory.data, directory.size);
    if (realpath(start, absolute) == NULL) {
        return NULL;
    }
    size_t size = strlen(absolute);
    for (;;) {
        bl_slice here = bl_arena_slice(arena, (bl_slice){absolute, size});
        bl_slice path = bl_arena_format(arena, "%.*s/baseline.toml", BL_SLICE_ARG(here));
        lang_manifest *manifest = read_manifest(arena, here, path);
        if (manifest != NULL || size <= 1) {
            return manifest;
        }
        while (size > 0 && absolute[size - 1] != '/') {
            size--;
        }
        size = size > 1 ? size - 1 : 0; // The slash itself; "" stands for the root.
        if (size == 0 && here.size <= 1) {
            return NULL;
        }
    }
}

bl_slice lang_manifest_lookup(const lang_manifest *manifest, bl_slice name)
{
    for (uint32_t i = 0; manifest != NULL && i < manifest->count; i++) {
        if (bl_slice_equal(manifest->dependencies[i].name, name)) {
            return manifest->dependencies[i].directory;
        }
    }
    return (bl_slice){0};
}
