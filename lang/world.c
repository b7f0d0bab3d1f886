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

lang_state *lang_load_file(lang_loader *loader, bl_slice path, bl_slice text, bl_slice name)
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
    lang_state *main = lang_load_file(loader, kept_path, source_text, BL_SLICE(""));
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
