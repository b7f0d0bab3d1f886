// lang/imports.c: the file of an import, and the names that it brings in.
//
// Files are looked for below the directory of the main file, then in the dependencies of the
// nearest baseline.toml. Every form of import brings in the types of the file with their
// constructors, its effects and traits; functions come in by `.*` or by name. What is wrong with
// an import is reported where it stands, and then it contributes nothing.
#include "lang/check.h"

#include "lang/manifest.h"

#include <sys/stat.h>

// ---- finding files ---------------------------------------------------------------------------

static bl_slice lower_case(bl_arena *arena, bl_slice text)
{
    char *copy = bl_arena_copy(arena, text.data, text.size);
    for (size_t i = 0; i < text.size; i++) {
        if (copy[i] >= 'A' && copy[i] <= 'Z') {
            copy[i] = (char)(copy[i] - 'A' + 'a');
        }
    }
    return (bl_slice){copy, text.size};
}

static bl_slice join_path(bl_arena *arena, const lang_name_list *path, uint32_t from,
                          const char *separator)
{
    bl_buffer buffer = {0};
    for (uint32_t i = from; i < path->count; i++) {
        bl_buffer_format(&buffer, "%s%.*s", i == from ? "" : separator,
                         BL_SLICE_ARG(path->items[i].text));
    }
    bl_slice joined = bl_arena_slice(arena, bl_buffer_slice(&buffer));
    bl_buffer_deinit(&buffer);
    return joined;
}

typedef struct candidates {
    bl_slice paths[8];
    uint32_t count;
} candidates;

static void add_candidates(bl_arena *arena, candidates *list, bl_slice directory, const char *below,
                           bl_slice name)
{
    bl_slice lower = lower_case(arena, name);
    list->paths[list->count++] =
        bl_arena_format(arena, "%.*s%s%.*s.bl", BL_SLICE_ARG(directory), below, BL_SLICE_ARG(name));
    if (!bl_slice_equal(lower, name)) {
        list->paths[list->count++] = bl_arena_format(
            arena, "%.*s%s%.*s.bl", BL_SLICE_ARG(directory), below, BL_SLICE_ARG(lower));
    }
}

static bl_slice dependency_directory(lang_loader *loader, bl_slice name)
{
    if (!loader->manifest_read) {
        loader->manifest_read = true;
        loader->manifest = lang_manifest_find(loader->world.arena, loader->directory);
    }
    return lang_manifest_lookup(loader->manifest, name);
}

static void add_dependency(lang_loader *loader, candidates *list, const lang_name_list *path)
{
    bl_arena *arena = loader->world.arena;
    bl_slice directory = dependency_directory(loader, path->items[0].text);
    if (directory.data == NULL) {
        return;
    }
    bl_slice name = join_path(arena, path, path->count == 1 ? 0 : 1, "/");
    add_candidates(arena, list, directory, "/src/", name);
    if (path->count == 1) {
        list->paths[list->count++] =
            bl_arena_format(arena, "%.*s/src/main.bl", BL_SLICE_ARG(directory));
    }
}

static bool is_file(bl_slice path)
{
    struct stat status;
    return stat(path.data, &status) == 0 && S_ISREG(status.st_mode);
}

// data == NULL: none of the candidates, which are in *list, exists.
static bl_slice find_file(lang_loader *loader, const lang_name_list *path, candidates *list)
{
    bl_arena *arena = loader->world.arena;
    bl_slice name = join_path(arena, path, 0, "/");
    list->count = 0;
    add_candidates(arena, list, loader->directory, "", name);
    add_candidates(arena, list, loader->directory, "lib/", name);
    for (uint32_t i = 0; i < list->count; i++) {
        if (is_file(list->paths[i])) {
            return list->paths[i];
        }
    }
    uint32_t local_count = list->count;
    add_dependency(loader, list, path);
    for (uint32_t i = local_count; i < list->count; i++) {
        if (is_file(list->paths[i])) {
            return list->paths[i];
        }
    }
    return (bl_slice){0};
}

// ---- imports ---------------------------------------------------------------------------------

static lang_state *find_state(lang_loader *loader, bl_slice path)
{
    struct stat status;
    if (stat(path.data, &status) != 0) {
        return NULL;
    }
    for (uint32_t i = 0; i < loader->states.count; i++) {
        lang_state *state = loader->states.items[i];
        if (state->inode == status.st_ino && state->device == status.st_dev && state->inode != 0) {
            return state;
        }
    }
    return NULL;
}

// The name by which messages know a file: of the main file that of the file itself.
static bl_slice display_name(const lang_state *state)
{
    if (state->unit.name.size != 0) {
        return state->unit.name;
    }
    bl_slice path = state->unit.source.path;
    size_t start = path.size;
    while (start > 0 && path.data[start - 1] != '/') {
        start--;
    }
    bl_slice name = {path.data + start, path.size - start};
    if (name.size > 3 && memcmp(name.data + name.size - 3, ".bl", 3) == 0) {
        name.size -= 3;
    }
    return name;
}

static bl_slice describe_cycle(lang_loader *loader, const lang_state *closing)
{
    bl_buffer buffer = {0};
    bool is_inside = false;
    for (uint32_t i = 0; i < loader->loading.count; i++) {
        const lang_state *state = loader->loading.items[i];
        is_inside |= state == closing;
        if (is_inside) {
            bl_buffer_format(&buffer, "%.*s -> ", BL_SLICE_ARG(display_name(state)));
        }
    }
    bl_buffer_append_slice(&buffer, display_name(closing));
    bl_slice text = bl_arena_slice(loader->world.arena, bl_buffer_slice(&buffer));
    bl_buffer_deinit(&buffer);
    return text;
}

static void report_not_found(lang_checker *checker, const lang_item *item, bl_slice name,
                             const candidates *list)
{
    bl_buffer buffer = {0};
    for (uint32_t i = 0; i < list->count; i++) {
        bl_buffer_format(&buffer, "%s%.*s", i == 0 ? "" : ", ", BL_SLICE_ARG(list->paths[i]));
    }
    lang_diagnostic *found = lang_report(checker, LANG_IMP_001, item->span,
                                         "Module `%.*s` not found", BL_SLICE_ARG(name));
    if (found != NULL) {
        lang_diagnostic_context(&checker->unit->diagnostics, found, "Looked for %.*s.",
                                BL_SLICE_ARG(bl_buffer_slice(&buffer)));
    }
    bl_buffer_deinit(&buffer);
}

// The file of an import, checked; NULL: reported, and it contributes nothing.
static lang_state *load_import(lang_checker *checker, const lang_item *item)
{
    lang_loader *loader = checker->loader;
    const lang_import *import = &item->as.import;
    bl_slice name = join_path(checker->arena, &import->path, 0, ".");
    candidates list;
    bl_slice path = find_file(loader, &import->path, &list);
    if (path.data == NULL) {
        report_not_found(checker, item, name, &list);
        return NULL;
    }
    lang_state *state = find_state(loader, path);
    if (state == NULL && loader->loading.count < LANG_IMPORT_DEPTH_MAX) {
        bl_slice last = import->path.items[import->path.count - 1].text;
        state = lang_load_file(loader, path, (bl_slice){0}, last);
    }
    if (state == NULL) {
        lang_report(checker, LANG_IMP_003, item->span, "Imported module `%.*s` has %u error(s)",
                    BL_SLICE_ARG(name), 1U);
        return NULL;
    }
    bl_slice cycle = state->is_done ? state->cycle : describe_cycle(loader, state);
    if (cycle.data != NULL) {
        checker->state->cycle = cycle;
        lang_report(checker, LANG_IMP_002, item->span, "Circular import detected: %.*s",
                    BL_SLICE_ARG(cycle));
        return NULL;
    }
    if (state->unit.diagnostics.error_count != 0) {
        lang_report(checker, LANG_IMP_003, item->span, "Imported module `%.*s` has %u error(s)",
                    BL_SLICE_ARG(name), state->unit.diagnostics.error_count);
        return NULL;
    }
    return state;
}

static void import_constructors(lang_checker *checker, lang_type_symbol *symbol)
{
    for (uint32_t i = 0; i < symbol->constructor_count; i++) {
        lang_entry *entry = lang_names_get(checker->names, symbol->constructors[i].name);
        lang_constructor_node *others = entry->imported_constructors;
        if (others != NULL && others->unit != symbol->unit) {
            others = NULL; // The last import wins.
        }
        if (others != NULL && others->symbol->owner == symbol) {
            continue; // Imported twice.
        }
        lang_constructor_node *node = bl_arena_alloc(checker->arena, sizeof(*node));
        *node = (lang_constructor_node){&symbol->constructors[i], symbol->unit, others};
        entry->imported_constructors = node;
    }
}

// What every form of import brings in: types with constructors, effects, traits.
static void import_definitions(lang_checker *checker, lang_state *from)
{
    const lang_unit *unit = &from->unit;
    for (uint32_t i = 0; i < unit->type_symbol_count; i++) {
        lang_type_symbol *symbol = unit->type_symbols[i];
        const lang_entry *first = lang_names_find(&from->names, symbol->name);
        if (first->type == symbol && lang_is_exported(from, symbol->item)) {
            lang_names_get(checker->names, symbol->name)->imported_type = symbol;
            import_constructors(checker, symbol);
        }
    }
    for (uint32_t i = 0; i < unit->effect_count; i++) {
        if (lang_is_exported(from, unit->effects[i]->item)) {
            lang_names_get(checker->names, unit->effects[i]->name)->imported_effect =
                unit->effects[i];
        }
    }
    for (uint32_t i = 0; i < unit->trait_count; i++) {
        lang_names_get(checker->names, unit->traits[i]->name)->imported_trait = unit->traits[i];
    }
}

static bool is_exported_function(const lang_function_symbol *function)
{
    return function != NULL && function->is_exported;
}

static void import_function(lang_checker *checker, bl_slice name, lang_function_symbol *function)
{
    lang_names_get(checker->names, name)->imported_function = function;
}

static void import_all_functions(lang_checker *checker, const lang_state *from)
{
    for (uint32_t i = 0; i < from->names.count; i++) {
        const lang_entry *entry = from->names.entries[i];
        if (is_exported_function(entry->function) &&
            !bl_slice_equal(lang_without_bang(entry->name), BL_SLICE("main"))) {
            import_function(checker, entry->name, entry->function);
        }
    }
}

static bool exports_other(const lang_state *from, const lang_entry *entry)
{
    if (entry == NULL) {
        return false;
    }
    for (const lang_constructor_node *node = entry->constructors; node != NULL; node = node->next) {
        if (lang_is_exported(from, node->symbol->owner->item)) {
            return true;
        }
    }
    return entry->trait != NULL ||
           (entry->type != NULL && lang_is_exported(from, entry->type->item)) ||
           (entry->effect != NULL && lang_is_exported(from, entry->effect->item));
}

static void report_missing_import(lang_checker *checker, const lang_item *item, bl_slice name,
                                  const lang_state *from)
{
    lang_vector exports = {0};
    for (uint32_t i = 0; i < from->names.count; i++) {
        lang_entry *entry = from->names.entries[i];
        if (is_exported_function(entry->function) || exports_other(from, entry)) {
            lang_vector_push(&exports, checker->arena, entry);
        }
    }
    bl_slice *names = bl_arena_alloc(checker->arena, (exports.count + 1) * sizeof(*names));
    for (uint32_t i = 0; i < exports.count; i++) {
        names[i] = ((lang_entry *)exports.items[i])->name;
    }
    bl_slice module = join_path(checker->arena, &item->as.import.path, 0, ".");
    lang_report_missing_symbol(checker, item->span, name, module, names, exports.count);
}

static void import_selected(lang_checker *checker, const lang_item *item, const lang_state *from)
{
    const lang_name_list *names = &item->as.import.names;
    for (uint32_t i = 0; i < names->count; i++) {
        bl_slice name = names->items[i].text;
        const lang_entry *entry = lang_names_find(&from->names, name);
        if (entry != NULL && is_exported_function(entry->function)) {
            import_function(checker, name, entry->function);
        } else if (!exports_other(from, entry)) {
            const lang_entry *plain = lang_names_find(&from->names, lang_without_bang(name));
            if (plain != NULL && is_exported_function(plain->function)) {
                import_function(checker, name, plain->function); // `f!` where only `f` exists.
            } else {
                report_missing_import(checker, item, name, from);
            }
        }
    }
}

static void import_one(lang_checker *checker, const lang_item *item, lang_import_result *result)
{
    lang_state *from = load_import(checker, item);
    *result = (lang_import_result){item, from == NULL ? NULL : &from->unit};
    if (from == NULL) {
        return;
    }
    const lang_import *import = &item->as.import;
    bl_slice name = import->path.items[import->path.count - 1].text;
    lang_names_get(checker->names, name)->module = &from->unit;
    import_definitions(checker, from);
    switch (import->form) {
    case LANG_IMPORT_MODULE:
        break;
    case LANG_IMPORT_ALL:
        import_all_functions(checker, from);
        break;
    case LANG_IMPORT_SELECTIVE:
        import_selected(checker, item, from);
        break;
    }
}

void lang_import_all(lang_checker *checker)
{
    lang_unit *unit = checker->unit;
    const lang_tree *tree = unit->tree;
    uint32_t count = 0;
    for (uint32_t i = 0; i < tree->count; i++) {
        count += tree->items[i]->kind == LANG_ITEM_IMPORT ? 1 : 0;
    }
    unit->imports = bl_arena_alloc(checker->arena, (count + 1) * sizeof(*unit->imports));
    for (uint32_t i = 0; i < tree->count; i++) {
        if (tree->items[i]->kind == LANG_ITEM_IMPORT) {
            import_one(checker, tree->items[i], &unit->imports[unit->import_count]);
            unit->import_count++;
        }
    }
}
