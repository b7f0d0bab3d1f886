// lang/passes.c: the passes after the types, in order, over all files of a world.
#include "lang/sema.h"

// Units stand in the order in which their imports were completed, so errors travel upwards in one
// round. Errors that the type pass knew of have been reported by it, and the import has no unit.
static void report_imports(lang_unit *unit)
{
    for (uint32_t i = 0; i < unit->import_count; i++) {
        const lang_import_result *import = &unit->imports[i];
        if (import->unit == NULL || import->unit->diagnostics.error_count == 0) {
            continue;
        }
        bl_slice path = lang_source_slice(&unit->source, import->item->as.import.path_span);
        lang_diagnostic *found =
            lang_diagnostics_add(&unit->diagnostics, LANG_IMP_003, import->item->span,
                                 "Imported module `%.*s` has %u error(s)", BL_SLICE_ARG(path),
                                 import->unit->diagnostics.error_count);
        lang_diagnostic_context(&unit->diagnostics, found, "Check %.*s for details.",
                                BL_SLICE_ARG(import->unit->source.path));
    }
}

void lang_check_passes(lang_world *world, lang_level level)
{
    lang_check_effects(world);
    for (uint32_t i = 0; i < world->unit_count; i++) {
        lang_unit *unit = world->units[i];
        if (unit->is_library || lang_unit_has_syntax_errors(unit)) {
            continue;
        }
        if (level == LANG_LEVEL_REFINEMENTS || level == LANG_LEVEL_FULL) {
            lang_check_refinements(unit);
        }
        lang_check_cycles(unit);
        if (level == LANG_LEVEL_FULL) {
            lang_check_specs(unit);
        }
        report_imports(unit);
    }
}
