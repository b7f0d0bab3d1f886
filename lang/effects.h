// lang/effects.h: what the two halves of the effect pass share. Private to effects.c (what each
// body does, and what follows for its callers) and effects_judge.c (what it may do).
#ifndef LANG_EFFECTS_H
#define LANG_EFFECTS_H

#include "lang/sema.h"

// An effect is known by the module or effect that its operations belong to.
typedef struct effect_atom {
    bl_slice module;    // "Sqlite".
    bool is_library;    // Else a declared effect, or one that nobody declares, of that name.
    bl_slice effect;    // What messages say.
    bl_slice alternate; // Also satisfies; may be empty.
} effect_atom;

typedef struct effect_context {
    const struct effect_context *outer; // NULL: the function's body itself.
    bool is_restrict;                   // Else names are handled.
    const bl_slice *names;
    uint32_t name_count;
} effect_context;

typedef struct effect_occurrence {
    bool is_call;
    uint32_t index; // Atom, or the callee's body.
    lang_span span; // Operation or callee.
    bl_slice name;  // Of an operation, "Console.println!"; of a callee, as declared.
    const effect_context *context;
} effect_occurrence;

// What stands in one body.
typedef struct effect_body {
    effect_occurrence *items;
    uint32_t count;
    uint32_t capacity;
    uint64_t *effects; // Bit set of atoms, the result of the fixed point.
    uint32_t *callers; // Bodies to look at again when effects grow.
    uint32_t caller_count;
    uint32_t caller_capacity;
    bool is_queued;
} effect_body;

typedef struct effect_pass {
    lang_world *world;
    bl_arena *arena;
    effect_atom *atoms;
    uint32_t atom_count;
    uint32_t atom_capacity;
    uint32_t *atom_table; // Open addressing: atom index + 1; a power of two.
    uint32_t atom_table_size;
    uint32_t words; // Of a bit set.
    // Functions by their index; then, for each impl, one for each method of its trait, which is
    // used where the impl inherits the default: the default's body, Self being the impl's type.
    effect_body *bodies;
    uint32_t body_count;
    uint32_t *inherited; // By impl index: its first body.
    // The body being read.
    lang_unit *unit;
    const lang_impl_symbol *impl; // NULL: not an inherited default.
    effect_body *body;
    const effect_context *context;
} effect_pass;

static inline bool effect_set_has(const uint64_t *set, uint32_t index)
{
    return (set[index / 64] >> (index % 64) & 1) != 0;
}

bool effect_names_contain(const bl_slice *names, uint32_t count, bl_slice name);

// The first restrict that stops the effect, or NULL; *discharged: a handler came first.
const effect_context *effect_stopped_by(const effect_context *from, const effect_atom *atom,
                                        bool *discharged);

// Holds every function of the unit against what it declares, and its restricts.
void effect_judge_unit(const effect_pass *pass, const lang_unit *unit);
// A body that may do everything but what its restricts forbid: a test, a hook, a group's let.
void effect_judge_loose(const effect_pass *pass, lang_unit *unit, const effect_body *body);

#endif
