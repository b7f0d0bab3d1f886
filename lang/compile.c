// lang/compile.c: the driver of all stages, from a path to diagnostics and a program.
#include "lang/ir.h"
#include "lang/lang.h"
#include "lang/lower.h"
#include "lang/types.h"

#include <stdlib.h>

typedef struct compilation {
    lang_result result; // First: what callers see.
    bl_arena arena;     // Of source, trees, tables and IR.
} compilation;

// ---- programs --------------------------------------------------------------------------------

static bool has_main_parameters(const lang_unit *unit)
{
    const lang_function *plain = NULL;
    for (uint32_t i = 0; i < unit->function_count; i++) {
        const lang_function_symbol *symbol = unit->functions[i];
        if (symbol->trait != NULL || symbol->group != NULL) {
            continue;
        }
        if (bl_slice_equal(symbol->syntax->name.text, BL_SLICE("main!"))) {
            return symbol->syntax->parameters.count != 0;
        }
        if (plain == NULL && bl_slice_equal(symbol->syntax->name.text, BL_SLICE("main"))) {
            plain = symbol->syntax;
        }
    }
    return plain != NULL && plain->parameters.count != 0;
}

static void build_ir(ir_program *ir, bl_arena *arena, lang_world *world, vm_program *program,
                     const lang_options *options)
{
    ir_program_init(ir, arena, program);
    lower_world(ir, world, options->for_tests);
    ir_find_reach(ir);
    ir_optimise(ir, !options->no_optimiser);
}

#ifndef NDEBUG
static void verify(const vm_program *program)
{
    bl_error error = {0};
    if (vm_program_verify(program, &error) != BL_OK) {
        fprintf(stderr, "code generation: %s\n", error.message);
        abort();
    }
}
#endif

static vm_program *build_program(bl_arena *arena, lang_world *world, const lang_options *options)
{
    vm_program *program = vm_program_create(world->library);
    ir_program ir;
    build_ir(&ir, arena, world, program, options);
    ir_emit_program(&ir);
#ifndef NDEBUG
    verify(program);
#endif
    return program;
}

// IO_001 stands alone: there was nothing to check.
static void note_read_failure(lang_result *result)
{
    static const char prefix[] = "Failed to read file: ";
    const lang_diagnostics *list = result->diagnostics;
    if (list->count == 0 || list->items[0]->code != LANG_IO_001) {
        return;
    }
    const char *message = list->items[0]->message.data;
    bool has_prefix = strncmp(message, prefix, sizeof prefix - 1) == 0;
    result->read_failed = true;
    result->read_reason = has_prefix ? message + sizeof prefix - 1 : message;
}

lang_result *lang_compile(const vm_library *library, bl_slice path, const lang_options *options)
{
    compilation *made = bl_alloc_zeroed(1, sizeof *made);
    bl_arena_init(&made->arena, 0);
    lang_world *world = lang_world_load(&made->arena, library, path, options->text);
    if (!lang_unit_has_syntax_errors(world->main)) {
        lang_check_passes(world, options->level);
    }
    lang_diagnostics_sort(&world->main->diagnostics);
    lang_result *result = &made->result;
    result->diagnostics = &world->main->diagnostics;
    result->error_count = result->diagnostics->error_count;
    note_read_failure(result);
    if (result->error_count == 0) {
        result->main_has_parameters = has_main_parameters(world->main);
        if (!options->check_only) {
            result->program = build_program(&made->arena, world, options);
        }
    }
    return result;
}

vm_program *lang_result_take_program(lang_result *result)
{
    vm_program *program = result->program;
    result->program = NULL;
    return program;
}

void lang_result_destroy(lang_result *result)
{
    if (result == NULL) {
        return;
    }
    compilation *made = BL_CONTAINER_OF(result, compilation, result);
    if (result->program != NULL) {
        vm_program_destroy(result->program);
    }
    bl_arena_deinit(&made->arena);
    bl_free(made);
}

// ---- dumps -----------------------------------------------------------------------------------

static void dump_bytecode(const vm_program *program, bl_buffer *out)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    BL_CHECK(stream != NULL);
    vm_program_dump(program, stream);
    fclose(stream);
    bl_buffer_append(out, text, size);
    free(text); // NOLINT: it is the C library's.
}

static void dump_program(bl_arena *arena, lang_world *world, lang_dump what, bl_buffer *out)
{
    lang_options options = {.for_tests = true};
    vm_program *program = vm_program_create(world->library);
    ir_program ir;
    build_ir(&ir, arena, world, program, &options);
    if (what == LANG_DUMP_IR) {
        ir_program_dump(&ir, out);
    } else {
        ir_emit_program(&ir);
        dump_bytecode(program, out);
    }
    vm_program_destroy(program);
}

static void dump_types(const lang_world *world, bl_buffer *out)
{
    const lang_unit *unit = world->main;
    for (uint32_t i = 0; i < unit->function_count; i++) {
        const lang_function_symbol *symbol = unit->functions[i];
        bl_slice type = lang_type_text(lang_types_of((lang_world *)(uintptr_t)world), symbol->type);
        bl_buffer_format(out, "%.*s : %.*s\n", BL_SLICE_ARG(symbol->syntax->name.text),
                         BL_SLICE_ARG(type));
    }
}

bool lang_dump_write(const vm_library *library, bl_slice path, lang_dump what, bl_buffer *out)
{
    bl_arena arena;
    bl_arena_init(&arena, 0);
    lang_world *world = lang_world_load(&arena, library, path, (bl_slice){0});
    if (!lang_unit_has_syntax_errors(world->main)) {
        lang_check_passes(world, LANG_LEVEL_REFINEMENTS);
    }
    lang_diagnostics *diagnostics = &world->main->diagnostics;
    lang_diagnostics_sort(diagnostics);
    bool ok = diagnostics->error_count == 0;
    if (!ok) {
        lang_diagnostics_write_text(diagnostics, out, false);
    } else if (what == LANG_DUMP_AST) {
        lang_ast_dump(world->main->tree, false, out);
    } else if (what == LANG_DUMP_TYPES) {
        dump_types(world, out);
    } else {
        dump_program(&arena, world, what, out);
    }
    bl_arena_deinit(&arena);
    return ok;
}
