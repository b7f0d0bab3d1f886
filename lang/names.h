// lang/names.h: what each name of a file can mean.
//
// One entry for each distinct name; all name spaces (values, types, effects, traits, modules) are
// fields of it, so that looking a name up hashes it once. Local bindings shadow through a chain of
// indices that the checker keeps (lang/check.h).
#ifndef LANG_NAMES_H
#define LANG_NAMES_H

#include "lang/sema.h"

// Constructors of one name: several enums may have one.
typedef struct lang_constructor_node {
    lang_constructor_symbol *symbol;
    lang_unit *unit; // Where it comes from; NULL: built in.
    struct lang_constructor_node *next;
} lang_constructor_node;

typedef struct lang_entry {
    bl_slice name;
    uint64_t hash;
    uint32_t local;                 // Index of the innermost local binding + 1; 0: none.
    lang_function_symbol *function; // Of the file itself.
    lang_function_symbol *imported_function;
    lang_constructor_node *constructors; // Of the file itself, last one first.
    lang_constructor_node *imported_constructors;
    lang_type_symbol *type;
    lang_type_symbol *imported_type;
    lang_effect_symbol *effect;
    lang_effect_symbol *imported_effect;
    lang_trait_symbol *trait;
    lang_trait_symbol *imported_trait;
    lang_unit *module;        // An imported file.
    const vm_module *library; // A library module, or the alias of one in the prelude.
} lang_entry;

typedef struct lang_names {
    bl_arena *arena;
    lang_entry **slots; // Open addressing.
    uint32_t slot_count;
    lang_entry **entries; // In order of first appearance.
    uint32_t count;
    uint32_t capacity;
} lang_names;

void lang_names_init(lang_names *names, bl_arena *arena);
lang_entry *lang_names_find(const lang_names *names, bl_slice name); // NULL: never seen.
lang_entry *lang_names_get(lang_names *names, bl_slice name);        // Made if need be.

#endif
