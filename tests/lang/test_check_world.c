// tests/lang/test_check_world.c: files that import files, and what the pass leaves for later ones.
//
// Each case writes its files to a directory of its own below the temporary one.
#include "lang/types.h"
#include "tests/lang/web_library.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct world_file {
    const char *path;
    const char *text;
} world_file;

typedef struct world_row {
    const char *name;
    world_file files[4]; // The first one is the main file.
    const char *want;    // "CODE LINE" of each diagnostic of the main file.
} world_row;

static void write_file(const char *directory, const world_file *file)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", directory, file->path);
    for (char *at = strchr(path + strlen(directory) + 1, '/'); at != NULL;
         at = strchr(at + 1, '/')) {
        *at = '\0';
        (void)mkdir(path, 0700); // May be there already.
        *at = '/';
    }
    FILE *out = fopen(path, "w");
    cr_assert_not_null(out);
    fputs(file->text, out);
    fclose(out);
}

static void remove_files(const char *directory, const world_row *row)
{
    char path[512];
    for (size_t i = 0; i < BL_ARRAY_COUNT(row->files) && row->files[i].path != NULL; i++) {
        snprintf(path, sizeof(path), "%s/%s", directory, row->files[i].path);
        unlink(path);
        char *slash = strrchr(path, '/');
        while ((size_t)(slash - path) > strlen(directory)) {
            *slash = '\0';
            rmdir(path);
            slash = strrchr(path, '/');
        }
    }
    rmdir(directory);
}

static void expect_row(const world_row *row)
{
    char directory[] = "/tmp/lang_world_XXXXXX";
    cr_assert_not_null(mkdtemp(directory));
    for (size_t i = 0; i < BL_ARRAY_COUNT(row->files) && row->files[i].path != NULL; i++) {
        write_file(directory, &row->files[i]);
    }
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", directory, row->files[0].path);
    bl_arena arena;
    bl_arena_init(&arena, 0);
    lang_world *world = lang_world_load(&arena, test_library(), bl_slice_of(path), (bl_slice){0});
    lang_diagnostics *list = &world->main->diagnostics;
    lang_diagnostics_sort(list);
    bl_buffer got = {0};
    for (uint32_t i = 0; i < list->count; i++) {
        bl_buffer_format(&got, "%s%s %u", i == 0 ? "" : " ", lang_code_name(list->items[i]->code),
                         lang_source_position(list->source, list->items[i]->span.start).line);
    }
    bl_buffer_append_char(&got, '\0');
    cr_expect_str_eq(got.data, row->want, "%s: got \"%s\"", row->name, got.data);
    bl_buffer_deinit(&got);
    bl_arena_deinit(&arena);
    remove_files(directory, row);
}

Test(check_world, imports)
{
    static const world_row rows[] = {
        {"functions and types",
         {{"main.bl", "import Shop\nfn f() -> Item = Shop.make(\"x\")\n"
                      "fn g(i: Item) -> String = i.name ++ Shop.make(1).name\n"},
          {"Shop.bl",
           "type Item = { name: String }\nfn make(n: String) -> Item = Item { name: n }\n"}},
         "TYP_008 3"},
        {"lower case and lib",
         {{"main.bl", "import Big.Shop\nfn f() -> Int = Shop.one()\n"},
          {"lib/big/shop.bl", "fn one() -> Int = 1\n"}},
         ""},
        {"nowhere",
         {{"main.bl", "import Shop\nfn f() -> Int = Shop.one(undefined)\n"}},
         "IMP_001 1"},
        {"itself", {{"main.bl", "import Main\n"}}, "IMP_002 1"},
        {"a circle",
         {{"main.bl", "import A\n"}, {"A.bl", "import B\n"}, {"B.bl", "import A\n"}},
         "IMP_002 1"},
        {"errors", {{"main.bl", "import A\n"}, {"A.bl", "fn f() -> Int = \"x\"\n"}}, "IMP_003 1"},
        {"syntax errors", {{"main.bl", "import A\n"}, {"A.bl", "fn f( -> Int = 1\n"}}, "IMP_003 1"},
        {"selected",
         {{"main.bl", "import A.{f, h, T}\nfn m() -> T = f()\n"},
          {"A.bl", "type T = Int\nfn f() -> T = 1\n"}},
         "IMP_004 1"},
        {"private",
         {{"main.bl", "import A.*\nfn m() -> Int = f() + g() + A.g()\n"},
          {"A.bl", "export fn f() -> Int = 1\nfn g() -> Int = 1\n"}},
         "TYP_002 2 IMP_004 2"},
        {"own definitions win",
         {{"main.bl", "import A.*\nfn f() -> String = \"x\"\n"
                      "fn m() -> String = f()\n"},
          {"A.bl", "fn f() -> Int = 1\n"}},
         ""},
        {"the last import wins",
         {{"main.bl", "import A.*\nimport B.*\nfn m() -> String = f()\n"},
          {"A.bl", "fn f() -> Int = 1\n"},
          {"B.bl", "fn f() -> String = \"\"\n"}},
         ""},
        {"a library module behind a file",
         {{"main.bl", "@prelude(core)\nimport Math\n"
                      "fn m() -> Int = Math.one() + Math.max(1, 2)\n"},
          {"Math.bl", "fn one() -> Int = 1\n"}},
         ""},
        {"traits, impls, bounds, generics",
         {{"main.bl",
           "import A\ntype P = { x: Int }\nimpl Show for P { fn show(p: P) -> String = \"p\" }\n"
           "fn m(p: P) -> String = A.twice(p) ++ Show.show(1) ++ A.twice(1.5)\n"},
          {"A.bl", "trait Show { show : Self -> String }\n"
                   "impl Show for Int { fn show(n: Int) -> String = \"i\" }\n"
                   "fn twice<T: Show>(x: T) -> String = Show.show(x) ++ Show.show(x)\n"}},
         "TRT_011 4"},
        {"constructors and effects",
         {{"main.bl", "import A\nfn m(o: Opt<Int>) -> Int =\n  match o\n"
                      "    Yes(n) -> n + Ask.ask!()\n"},
          {"A.bl", "type Opt<T> = | Yes(T) | No\n"
                   "effect Ask { ask! : () -> Int }\n"}},
         "TYP_022 3"},
        {"dependencies",
         {{"app/main.bl", "import Units\nimport Units.More\n"
                          "fn m() -> Int = Units.km(1) + More.more()\n"},
          {"baseline.toml", "[dependencies]\nUnits = { path = \"units\" } # here\n"},
          {"units/src/main.bl", "fn km(n: Int) -> Int = n\n"},
          {"units/src/more.bl", "fn more() -> Int = 1\n"}},
         ""},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i++) {
        expect_row(&rows[i]);
    }
}

Test(check_world, unreadable_file)
{
    bl_arena arena;
    bl_arena_init(&arena, 0);
    lang_world *world =
        lang_world_load(&arena, test_library(), BL_SLICE("/nowhere/at/all.bl"), (bl_slice){0});
    cr_assert_eq(world->main->diagnostics.count, 1);
    cr_expect_eq(world->main->diagnostics.items[0]->code, LANG_IO_001);
    cr_expect(lang_unit_has_syntax_errors(world->main));
    bl_arena_deinit(&arena);
}

// ---- what is left in the tables --------------------------------------------------------------

static const lang_expr *body_of(const lang_unit *unit, const char *name)
{
    for (uint32_t i = 0; i < unit->function_count; i++) {
        const lang_function *syntax = unit->functions[i]->syntax;
        if (bl_slice_equal(syntax->name.text, bl_slice_of(name))) {
            return syntax->body;
        }
    }
    bl_check_failed(name, __FILE__, __LINE__); // The test's source has no such function.
}

static lang_world *load(bl_arena *arena, const char *source)
{
    bl_arena_init(arena, 0);
    lang_world *world =
        lang_world_load(arena, test_library(), BL_SLICE("test.bl"), bl_slice_of(source));
    cr_assert_eq(world->main->diagnostics.error_count, 0);
    return world;
}

Test(check_world, evidence)
{
    bl_arena arena;
    lang_world *world = load(
        &arena, "trait Show { show : Self -> String }\ntrait Loud : Show { loud : Self -> Int }\n"
                "impl Show for Int { fn show(n: Int) -> String = \"i\" }\n"
                "fn a() -> String = Show.show(1)\n"
                "fn b<T: Loud>(x: T) -> String = Show.show(x)\n"
                "fn c(x: Unknown) -> String = Show.show(x)\n"
                "fn d<T: Show>(x: T) -> String = \"\"\n"
                "fn e() -> String = d(1)\n");
    const lang_unit *unit = world->main;
    const lang_evidence *found[3];
    const char *const names[] = {"a", "b", "c"};
    for (int i = 0; i < 3; i++) {
        const lang_expr *call = body_of(unit, names[i]);
        const lang_ref *ref = &unit->refs[call->as.call.callee->id];
        cr_assert_eq(ref->kind, LANG_REF_TRAIT_METHOD);
        found[i] = ref->evidence;
    }
    cr_expect_eq(found[0]->dispatch, LANG_DISPATCH_IMPL);
    cr_expect_eq(found[0]->impl, world->main->impls[0]);
    cr_expect_eq(found[1]->dispatch, LANG_DISPATCH_PARAMETER);
    cr_expect_eq(found[1]->path_length, 1, "by way of the supertrait");
    cr_expect_eq(found[2]->dispatch, LANG_DISPATCH_DYNAMIC);
    const lang_expr *call = body_of(unit, "e");
    const lang_call_info *info = unit->calls[call->id];
    cr_assert_not_null(info);
    cr_assert_eq(info->dictionary_count, 1);
    cr_expect_eq(info->dictionaries[0].dispatch, LANG_DISPATCH_IMPL);
    bl_arena_deinit(&arena);
}

Test(check_world, positions_of_named_arguments)
{
    bl_arena arena;
    lang_world *world = load(&arena, "fn g(a: Int, b: Int, c: Int) -> Int = a\n"
                                     "fn f() -> Int = 1 |> g(c: 3, b: 2)\n");
    const lang_expr *pipe = body_of(world->main, "f");
    const lang_call_info *info = world->main->calls[pipe->id];
    cr_assert_not_null(info);
    const uint32_t want[] = {0, 2, 1};
    for (int i = 0; i < 3; i++) {
        cr_expect_eq(info->positions[i], want[i]);
    }
    bl_arena_deinit(&arena);
}

Test(check_world, names_in_unchecked_code_are_resolved)
{
    bl_arena arena;
    lang_world *world = load(
        &arena, "fn g() -> Int = 1\nfn f(x: Int) -> Int = Nowhere.run!(x, g(), nope, Some(x))\n");
    const lang_unit *unit = world->main;
    const lang_expr *call = body_of(unit, "f");
    const lang_argument *arguments = call->as.call.arguments;
    cr_expect_eq(unit->refs[call->as.call.callee->id].kind, LANG_REF_OPERATION);
    cr_expect_eq(unit->refs[arguments[0].value->id].kind, LANG_REF_LOCAL);
    cr_expect_eq(unit->refs[arguments[1].value->as.call.callee->id].kind, LANG_REF_FUNCTION);
    cr_expect_eq(unit->refs[arguments[2].value->id].kind, LANG_REF_UNDEFINED);
    cr_expect_eq(unit->refs[arguments[3].value->as.call.callee->id].kind, LANG_REF_CONSTRUCTOR);
    bl_arena_deinit(&arena);
}

Test(check_world, every_expression_has_a_type)
{
    bl_arena arena;
    lang_world *world = load(&arena, "@prelude(script)\nfn f(xs: List<Int>) -> List<Int> =\n"
                                     "  xs |> List.map(|x| x + 1) |> List.filter(|x| x > 2)\n");
    const lang_unit *unit = world->main;
    const lang_expr *pipe = body_of(unit, "f");
    cr_expect_eq(unit->types[pipe->id],
                 lang_type_list_of(lang_types_of(world), lang_types_of(world)->integer));
    cr_expect_not_null(unit->types[pipe->as.binary.right->id]);
    cr_expect_gt(world->unit_count, 1, "List.map comes with its source");
    cr_expect(world->units[0]->is_library);
    cr_expect_not_null(world->units[0]->functions[0]->native);
    bl_arena_deinit(&arena);
}

// Mentions each native that is written in Baseline, so that all sources are loaded.
static void mention_all(bl_buffer *out)
{
    const vm_library *library = test_library();
    for (uint32_t i = 0; i < library->module_count; i++) {
        const vm_module *module = library->modules[i];
        for (uint32_t k = 0; k < module->native_count; k++) {
            const vm_native *native = &module->natives[k];
            if (native->function == NULL && (native->flags & VM_INTERNAL) == 0) {
                bl_buffer_format(out, "fn f%u_%u() -> Unknown = %s\n", i, k,
                                 strcmp(native->name, "scope") == 0 ? "scope!" : "()");
                bl_buffer_format(out, "fn g%u_%u() -> Unknown = %s.%s\n", i, k, module->name,
                                 native->name);
            }
        }
    }
}

static bool implements(const lang_unit *unit, const vm_native *native)
{
    for (uint32_t i = 0; i < unit->function_count; i++) {
        if (unit->functions[i]->native == native) {
            return true;
        }
    }
    return false;
}

Test(check_world, library_sources_have_no_loose_ends)
{
    bl_buffer source = {0};
    mention_all(&source);
    bl_buffer_append_char(&source, '\0');
    bl_arena arena;
    lang_world *world = load(&arena, source.data);
    for (uint32_t i = 0; i < world->unit_count; i++) {
        const lang_unit *unit = world->units[i];
        if (!unit->is_library) {
            continue;
        }
        cr_expect_eq(unit->diagnostics.error_count, 0, "%s: syntax", unit->module->name);
        for (uint32_t id = 0; id < unit->tree->node_count; id++) {
            lang_ref_kind kind = unit->refs[id].kind;
            cr_expect(kind != LANG_REF_UNDEFINED && kind != LANG_REF_MISSING, "%s: node %u",
                      unit->module->name, id);
        }
        for (uint32_t k = 0; k < unit->module->native_count; k++) {
            const vm_native *native = &unit->module->natives[k];
            cr_expect(native->function != NULL || implements(unit, native), "%s.%s has no body",
                      unit->module->name, native->name);
        }
    }
    bl_buffer_deinit(&source);
    bl_arena_deinit(&arena);
}
