// lang/sema.h: what the checks find out about a program, for the passes that come after them.
//
// The syntax tree never changes; results stand in tables indexed by node id, one set for each
// file. Names are resolved and types found for *every* expression of every body, also where the
// language forbids to complain (arguments of callees of Unknown type): there the checker works
// silently, and a name that does not exist is LANG_REF_UNDEFINED, a run-time error if reached.
//
//     files (lang_unit)  --lang_check_unit-->  lang_unit.refs, .types, .calls …
//                        --effects, refinements, cycles, specs-->  diagnostics
//                        --lower-->  core IR  -->  bytecode (vm_program)
#ifndef LANG_SEMA_H
#define LANG_SEMA_H

#include "lang/ast.h"
#include "vm/library.h"

typedef struct lang_unit lang_unit;
typedef struct lang_world lang_world;
typedef struct lang_type lang_type; // lang/types.h

// ---- symbols: what a name can denote besides local variables ----------------------------------

typedef struct lang_function_symbol lang_function_symbol;
typedef struct lang_type_symbol lang_type_symbol;
typedef struct lang_constructor_symbol lang_constructor_symbol;
typedef struct lang_effect_symbol lang_effect_symbol;
typedef struct lang_trait_symbol lang_trait_symbol;
typedef struct lang_impl_symbol lang_impl_symbol;

// A bound of a type parameter of a function: `T: Show` makes one hidden parameter, a dictionary,
// in front of the written ones. In order of parameters, then of bounds.
typedef struct lang_dictionary_parameter {
    const lang_name *type_parameter;
    lang_trait_symbol *trait; // NULL: the bound names no trait (TRT_011 at every call).
} lang_dictionary_parameter;

struct lang_function_symbol {
    const lang_function *syntax;
    lang_unit *unit;          // Whose tables its node ids index.
    const lang_item *item;    // The item that it is, or the impl or trait that it stands in.
    lang_trait_symbol *trait; // A method of an impl, or a default method; else NULL.
    lang_impl_symbol *impl;   // A method of an impl; else NULL.
    const lang_group *group;  // The describe group that it belongs to; NULL: the file.
    lang_type *type;          // A function type; generic ones with their parameters.
    const lang_dictionary_parameter *dictionaries;
    uint32_t dictionary_count;       // A default method has one more, first: Self's own dictionary.
    const bl_slice *type_parameters; // Written ones, or implicit ones; indices of PARAMETER types.
    uint32_t type_parameter_count;
    bool is_exported;
    bool is_library;         // From the Baseline source of a library module.
    const vm_native *native; // is_library: the row that it implements; else NULL.
    uint32_t index;          // Dense over the world, for tables of later passes.
};

typedef enum lang_type_symbol_kind {
    LANG_SYMBOL_STRUCT,
    LANG_SYMBOL_ENUM,
    LANG_SYMBOL_ALIAS,
    LANG_SYMBOL_REFINED, // An alias with `where`.
} lang_type_symbol_kind;

// A variant or field of a type with many of them.
typedef struct lang_member {
    bl_slice name;
    uint32_t index;
} lang_member;

struct lang_type_symbol {
    lang_type_symbol_kind kind;
    bl_slice name;
    lang_unit *unit;                       // NULL: built in (Option, Result, HttpError).
    const lang_item *item;                 // NULL: built in.
    lang_constructor_symbol *constructors; // ENUM, in order of declaration.
    uint32_t constructor_count;
    // STRUCT: field types in order of declaration stand in the syntax; resolved ones here.
    bl_slice *field_names;
    lang_type **field_types;
    uint32_t field_count;
    const lang_member *members; // ENUM, STRUCT: by name, then index; NULL: too few to be sorted.
    lang_type *base;            // ALIAS, REFINED.
};

struct lang_constructor_symbol {
    bl_slice name;
    lang_type_symbol *owner;
    lang_type **payload;
    uint32_t payload_count;
    uint32_t index; // In its enum.
};

struct lang_effect_symbol {
    bl_slice name;
    lang_unit *unit;
    const lang_item *item;
    const lang_effect_definition *syntax; // Of the item.
};

struct lang_trait_symbol {
    bl_slice name;
    lang_unit *unit;
    const lang_item *item;
    lang_trait_symbol **supertraits;
    uint32_t supertrait_count;
    // Methods in order: signatures, then default methods. A dictionary holds one function for each,
    // then one dictionary for each supertrait.
    bl_slice *methods;
    lang_function_symbol **defaults; // Parallel to methods; NULL: required.
    uint32_t method_count;
    uint32_t index;
};

struct lang_impl_symbol {
    lang_trait_symbol *trait;
    lang_unit *unit;
    const lang_item *item;
    lang_type *target;
    bl_slice key;                   // As messages print it.
    lang_type *key_type;            // Impls of one trait and key_type are the same one.
    lang_function_symbol **methods; // Parallel to trait->methods; NULL: the default is used.
    lang_impl_symbol **supertraits; // Parallel to trait->supertraits; NULL where TRT_010.
    uint32_t index;
};

// ---- references -------------------------------------------------------------------------------

typedef enum lang_ref_kind {
    LANG_REF_NONE,           // Not a reference (or a field access on a value).
    LANG_REF_LOCAL,          // .local: id of the NAME pattern that binds it, in the same unit.
    LANG_REF_FUNCTION,       // .function
    LANG_REF_CONSTRUCTOR,    // .constructor
    LANG_REF_NATIVE,         // .native, perhaps written in Baseline (function NULL).
    LANG_REF_OPERATION,      // .effect (declared or not) and the name written.
    LANG_REF_TRAIT_METHOD,   // .trait, .method, .dispatch
    LANG_REF_ENUM_TO_STRING, // .type
    LANG_REF_ENUM_PARSE,     // .type
    LANG_REF_TYPE,           // .type: a type's name as a value (Row.decode).
    LANG_REF_MODULE,         // A module, effect or unknown capitalised name as a value.
    LANG_REF_MISSING,        // `Module.f` of a module that has no f: a run-time error if reached.
    LANG_REF_UNDEFINED,      // A run-time error if reached.
} lang_ref_kind;

// How a trait method or a dictionary is found.
typedef enum lang_dispatch {
    LANG_DISPATCH_IMPL,      // .impl
    LANG_DISPATCH_PARAMETER, // .parameter: dictionary of the enclosing function, then .path
    LANG_DISPATCH_DYNAMIC,   // By the run-time value of the first argument.
} lang_dispatch;

typedef struct lang_evidence {
    lang_dispatch dispatch;
    lang_trait_symbol *trait;
    lang_impl_symbol *impl;
    uint32_t parameter;
    const uint8_t *path; // Steps from the parameter's trait to `trait` through supertraits.
    uint32_t path_length;
} lang_evidence;

// Of NAME, TYPE_NAME and FIELD expressions, STRUCT literals, constructor patterns, and assignments
// (id of the statement: LOCAL is the variable that is assigned, UNDEFINED: there is none). The id
// of a lang_function refers to its own symbol.
typedef struct lang_ref {
    lang_ref_kind kind;
    union {
        uint32_t local;
        lang_function_symbol *function;
        lang_constructor_symbol *constructor;
        const vm_native *native;
        lang_type_symbol *type;
        lang_trait_symbol *trait;
    } as;
    bl_slice effect; // OPERATION, and NATIVE with VM_EFFECT: name of effect or module.
    uint32_t method; // TRAIT_METHOD: index in trait->methods.
    const lang_evidence *evidence; // TRAIT_METHOD.
} lang_ref;

// Of CALL expressions, and of PIPEs whose right side is a call or a bare callee (id of the PIPE).
typedef struct lang_call_info {
    // Named arguments: position of the parameter that argument i fills; NULL: as written. For a
    // pipe the piped value is argument 0.
    const uint32_t *positions;
    const lang_evidence *dictionaries; // As many as the callee's dictionary_count; NULL: none.
    uint32_t dictionary_count;
} lang_call_info;

// ---- files ------------------------------------------------------------------------------------

typedef struct lang_import_result {
    const lang_item *item;
    lang_unit *unit; // NULL: IMP_001, IMP_002 or IMP_003: contributes nothing.
} lang_import_result;

struct lang_unit {
    lang_world *world;
    lang_source source;
    lang_tree *tree;
    lang_diagnostics diagnostics;
    bl_slice name; // "Users" of `import Api.Users`; of the main file: "".
    bool is_main;
    bool is_library;         // Baseline source of a library module.
    const vm_module *module; // is_library.
    vm_prelude prelude;      // What the checker knows; NEVER and no has_prelude: none.
    bool has_prelude;
    lang_import_result *imports; // In source order.
    uint32_t import_count;

    // Results, each indexed by node id (tree->node_count entries).
    lang_type **types; // NULL: no type (not an expression or pattern).
    lang_ref *refs;
    const lang_call_info **calls; // NULL: nothing special.
    bool *mutables;               // NAME patterns: bound by `let mut`.

    // Symbols in source order, those of groups and impls included.
    lang_function_symbol **functions;
    uint32_t function_count;
    lang_type_symbol **type_symbols;
    uint32_t type_symbol_count;
    lang_effect_symbol **effects;
    uint32_t effect_count;
    lang_trait_symbol **traits;
    uint32_t trait_count;
    lang_impl_symbol **impls;
    uint32_t impl_count;
};

struct lang_world {
    bl_arena *arena;
    const vm_library *library;
    // Library units that are used, imported files in order of completion, main last.
    lang_unit **units;
    uint32_t unit_count;
    uint32_t function_count; // lang_function_symbol.index < this.
    uint32_t trait_count;
    uint32_t impl_count;
    lang_unit *main;
};

// ---- stages -----------------------------------------------------------------------------------

// Reads, parses and loads the file and all that it imports, collects names, checks types
// (pass 3 of the checks) of all units. Never NULL. source_text: data == NULL: read the file.
lang_world *lang_world_load(bl_arena *arena, const vm_library *library, bl_slice path,
                            bl_slice source_text);
// True if the unit has a syntax error: then no later pass may look at it.
bool lang_unit_has_syntax_errors(const lang_unit *unit);

// Pass 4: effects, over all units (least fixed point over the call graph).
void lang_check_effects(lang_world *world);
// Pass 5, 6, 7 of one unit.
void lang_check_refinements(lang_unit *unit);
void lang_check_cycles(lang_unit *unit);
void lang_check_specs(lang_unit *unit);

// Passes 4 to 7 as the level asks, over all units; then an import of a unit that they found errors
// in gets its IMP_003. After lang_world_load, unless the main unit has syntax errors.
void lang_check_passes(lang_world *world, lang_level level);

#endif
