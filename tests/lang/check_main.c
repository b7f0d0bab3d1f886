// tests/lang/check_main.c: `check_main [--types] FILE`: the checks of one file as JSON on stdout.
//
// The front end alone, with no command line and no upper layers. --types leaves out the passes
// after the types. Exit status 1 with errors, 2 for wrong usage.
#include "lang/sema.h"
#include "tests/lang/web_library.h"

int main(int argc, char **argv)
{
    bool only_types = argc == 3 && strcmp(argv[1], "--types") == 0;
    if (argc != 2 && !only_types) {
        fprintf(stderr, "usage: check_main [--types] FILE\n");
        return 2;
    }
    bl_arena arena;
    bl_arena_init(&arena, 0);
    lang_world *world =
        lang_world_load(&arena, test_library(), bl_slice_of(argv[argc - 1]), (bl_slice){0});
    lang_level level = only_types ? LANG_LEVEL_TYPES : LANG_LEVEL_REFINEMENTS;
    if (!only_types && !lang_unit_has_syntax_errors(world->main)) {
        lang_check_passes(world, level);
    }
    lang_diagnostics *list = &world->main->diagnostics;
    lang_diagnostics_sort(list);
    bl_buffer text = {0};
    lang_diagnostics_write_json(list, level, &text);
    fwrite(text.data, 1, text.size, stdout);
    bl_buffer_deinit(&text);
    for (uint32_t i = 0; i < world->unit_count; i++) { // Nobody else looks at these.
        const lang_unit *unit = world->units[i];
        if (unit->is_library && unit->diagnostics.error_count != 0) {
            fprintf(stderr, "library source %.*s does not parse\n", BL_SLICE_ARG(unit->name));
        }
    }
    bool failed = list->error_count != 0;
    bl_arena_deinit(&arena);
    return failed ? 1 : 0;
}
