// lang/world.c: loading a program: the main file, what it imports, what it needs of the library.
//
// A file is read, parsed, given its imports (each loaded completely before), collected and
// checked; so units come to an end in the order of their dependencies, main last. A file is known
// by device and inode: one that is imported along several paths is loaded once, and one that is
// met while it is still being loaded is a cycle.
//
//     main.bl ── begin ── import A ──┐                              ┌── collect ── check ── end
//                                    └─ A: begin … check, end ──────┘
//
// Library modules that are written in Baseline are loaded last, as units of their own, when some
// file has referred to one of their natives.
#include "lang/check.h"

#include "lang/manifest.h"

#include <stdlib.h>
#include <sys/stat.h>

// ---- making units ----------------------------------------------------------------------------

static lang_state *new_state(lang_loader *loader)
{
    bl_arena *arena = loader->world.arena;
    lang_state *state = bl_arena_alloc_zeroed(arena, sizeof(*state));
    state->unit.world = &loader->world;
    state->unit.prelude = VM_PRELUDE_NEVER;
    lang_names_init(&state->names, arena);
    lang_vector_push(&loader->states, arena, state);
    return state;
}

static void identify(lang_state *state, bl_slice path)
{
    struct stat status;
    if (stat(path.data, &status) == 0) {
        state->device = status.st_dev;
        state->inode = status.st_ino;
    }
}

// Fills source and tree; a file that cannot be read has an empty one, and IO_001.
static void read_source(lang_loader *loader, lang_state *state, bl_slice path, bl_slice text)
{
    bl_arena *arena = loader->world.arena;
    lang_unit *unit = &state->unit;
    bl_error error = {0};
    bl_status status = text.data != NULL
                           ? lang_source_init(&unit->source, arena, path, text, &error)
                           : lang_source_open(&unit->source, arena, path, &error);
    if (status != BL_OK) {
        bl_status empty = lang_source_init(&unit->source, arena, path, BL_SLICE(""), NULL);
        BL_CHECK(empty == BL_OK);
    }
    lang_diagnostics_init(&unit->diagnostics, arena, &unit->source);
    if (status != BL_OK) {
        lang_diagnostics_add(&unit->diagnostics, LANG_IO_001, LANG_SPAN_NONE,
                             "Failed to read file: %s", error.message);
    }
    unit->tree = lang_parse(arena, &unit->source, &unit->diagnostics);
    state->has_syntax_errors = unit->diagnostics.error_count != 0;
}

static void make_tables(lang_loader *loader, lang_unit *unit)
{
    bl_arena *arena = loader->world.arena;
    size_t count = (size_t)unit->tree->node_count + 1;
    unit->types = bl_arena_alloc_zeroed(arena, count * sizeof(*unit->types));
    unit->refs = bl_arena_alloc_zeroed(arena, count * sizeof(*unit->refs));
    unit->calls = bl_arena_alloc_zeroed(arena, count * sizeof(*unit->calls));
    unit->mutables = bl_arena_alloc_zeroed(arena, count * sizeof(*unit->mutables));
}

// ---- preludes --------------------------------------------------------------------------------

static void apply_prelude(lang_checker *checker, const lang_item *item)
{
    static const struct {
        bl_slice name;
        vm_prelude prelude;
    } known[] = {
        {{"minimal", 7}, VM_PRELUDE_MINIMAL}, {{"pure", 4}, VM_PRELUDE_PURE},
        {{"core", 4}, VM_PRELUDE_CORE},       {{"script", 6}, VM_PRELUDE_SCRIPT},
        {{"server", 6}, VM_PRELUDE_SERVER},
    };
    bl_slice name = item->as.prelude.text;
    for (size_t i = 0; i < BL_ARRAY_COUNT(known); i++) {
        if (bl_slice_equal(known[i].name, name)) {
            checker->unit->prelude = known[i].prelude;
            checker->unit->has_prelude = true;
            return;
        }
    }
    if (!bl_slice_equal(name, BL_SLICE("none"))) {
        lang_report(checker, LANG_PRE_001, item->span, "Unknown prelude variant: `%.*s`",
                    BL_SLICE_ARG(name));
        checker->state->has_prelude_error = true;
    }
}

static void find_prelude(lang_checker *checker)
{
    const lang_tree *tree = checker->unit->tree;
    for (uint32_t i = 0; i < tree->count; i++) {
        if (tree->items[i]->kind == LANG_ITEM_PRELUDE) {
            apply_prelude(checker, tree->items[i]);
            return;
        }
    }
}

static void enter_library(lang_checker *checker)
{
    const vm_library *library = checker->loader->world.library;
    for (uint32_t i = 0; i < library->module_count; i++) {
        const vm_module *module = library->modules[i];
        lang_names_get(checker->names, bl_slice_of(module->name))->library = module;
        if (module->alias != NULL && lang_module_is_known(checker, module)) {
            lang_names_get(checker->names, bl_slice_of(module->alias))->library = module;
        }
    }
}

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

bl_slice lang_manifest_directory(lang_loader *loader, bl_slice name)
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
    bl_slice directory = lang_manifest_directory(loader, path->items[0].text);
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

// ---- loading one file ------------------------------------------------------------------------

static int compare_functions(const void *a, const void *b)
{
    const lang_function_symbol *left = *(lang_function_symbol *const *)a;
    const lang_function_symbol *right = *(lang_function_symbol *const *)b;
    return (left->syntax->span.start > right->syntax->span.start) -
           (left->syntax->span.start < right->syntax->span.start);
}

static void publish_symbols(lang_state *state)
{
    lang_unit *unit = &state->unit;
    if (state->functions.count > 1) {
        qsort(state->functions.items, state->functions.count, sizeof(void *), compare_functions);
    }
    unit->functions = (lang_function_symbol **)state->functions.items;
    unit->function_count = state->functions.count;
    unit->type_symbols = (lang_type_symbol **)state->type_symbols.items;
    unit->type_symbol_count = state->type_symbols.count;
    unit->effects = (lang_effect_symbol **)state->effects.items;
    unit->effect_count = state->effects.count;
    unit->traits = (lang_trait_symbol **)state->traits.items;
    unit->trait_count = state->traits.count;
    unit->impls = (lang_impl_symbol **)state->impls.items;
    unit->impl_count = state->impls.count;
}

static void find_exports(lang_state *state)
{
    const lang_tree *tree = state->unit.tree;
    for (uint32_t i = 0; i < tree->count; i++) {
        const lang_item *item = tree->items[i];
        state->has_exports |= item->exported && item->kind != LANG_ITEM_TRAIT;
    }
}

bool lang_is_exported(const lang_state *state, const lang_item *item)
{
    return !state->has_exports || item->exported;
}

static void check_state(lang_loader *loader, lang_state *state)
{
    bl_arena *arena = loader->world.arena;
    make_tables(loader, &state->unit);
    if (state->has_syntax_errors) {
        return;
    }
    lang_checker checker = {.loader = loader,
                            .state = state,
                            .unit = &state->unit,
                            .types = &loader->types,
                            .arena = arena,
                            .names = &state->names};
    find_exports(state);
    if (!state->unit.is_library) {
        find_prelude(&checker);
    }
    checker.silent = state->has_prelude_error || state->unit.is_library ? 1 : 0;
    enter_library(&checker);
    lang_vector_push(&loader->loading, arena, state);
    lang_import_all(&checker);
    loader->loading.count--;
    lang_collect(&checker);
    lang_check_bodies(&checker);
    publish_symbols(state);
}

static lang_state *load_file(lang_loader *loader, bl_slice path, bl_slice text, bl_slice name)
{
    lang_state *state = new_state(loader);
    state->unit.name = name;
    identify(state, path);
    read_source(loader, state, path, text);
    check_state(loader, state);
    state->is_done = true;
    lang_vector_push(&loader->units, loader->world.arena, state);
    return state;
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
        state = load_file(loader, path, (bl_slice){0}, last);
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

// ---- the library's Baseline sources ----------------------------------------------------------

void lang_need_library_source(lang_loader *loader, const vm_module *module)
{
    for (uint32_t i = 0; i < loader->library_queue.count; i++) {
        if (loader->library_queue.items[i] == module) {
            return;
        }
    }
    if (module->source != NULL) {
        // Kept as what it is; the vector holds plain pointers.
        lang_vector_push(&loader->library_queue, loader->world.arena, (void *)(uintptr_t)module);
    }
}

static lang_state *load_library_unit(lang_loader *loader, const vm_module *module)
{
    lang_state *state = new_state(loader);
    state->unit.name = bl_slice_of(module->name);
    state->unit.is_library = true;
    state->unit.module = module;
    bl_slice path = bl_arena_format(loader->world.arena, "<%s>", module->name);
    read_source(loader, state, path, bl_slice_of(module->source));
    check_state(loader, state);
    state->is_done = true;
    return state;
}

// Sources may need further ones, so the queue can grow meanwhile.
static void load_library_units(lang_loader *loader)
{
    bl_arena *arena = loader->world.arena;
    lang_vector all = {0};
    for (uint32_t i = 0; i < loader->library_queue.count; i++) {
        const vm_module *module = loader->library_queue.items[i];
        lang_vector_push(&all, arena, load_library_unit(loader, module));
    }
    for (uint32_t i = 0; i < loader->units.count; i++) {
        lang_vector_push(&all, arena, loader->units.items[i]);
    }
    loader->world.units = (lang_unit **)all.items;
    loader->world.unit_count = all.count;
}

// ---- public ----------------------------------------------------------------------------------

static bl_slice directory_of(bl_arena *arena, bl_slice path)
{
    size_t size = path.size;
    while (size > 0 && path.data[size - 1] != '/') {
        size--;
    }
    return bl_arena_slice(arena, (bl_slice){path.data, size}); // "" or with the final slash.
}

lang_world *lang_world_load(bl_arena *arena, const vm_library *library, bl_slice path,
                            bl_slice source_text)
{
    lang_loader *loader = bl_arena_alloc_zeroed(arena, sizeof(*loader));
    loader->world.arena = arena;
    loader->world.library = library;
    lang_types_init(&loader->types, arena);
    bl_slice kept_path = bl_arena_slice(arena, path); // With a NUL, as the system wants it.
    loader->directory = directory_of(arena, kept_path);
    lang_state *main = load_file(loader, kept_path, source_text, BL_SLICE(""));
    main->unit.is_main = true;
    loader->world.main = &main->unit;
    load_library_units(loader);
    return &loader->world;
}

bool lang_unit_has_syntax_errors(const lang_unit *unit)
{
    return ((const lang_state *)unit)->has_syntax_errors;
}

lang_types *lang_types_of(lang_world *world)
{
    return &lang_loader_of(world)->types;
}
