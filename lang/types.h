// lang/types.h: types, and the relations between them.
//
//     lang_types *types = lang_types_of(world);
//     lang_type *list = lang_type_list_of(types, types->integer);
//     if (!lang_type_is_compatible(types, actual, list)) … lang_type_text(types, actual) …
//
// Types are interned: two types of one world with the same structure are the same pointer, so
// equality costs nothing and a type is immutable for the life of the world's arena. There are no
// inference variables in types: within a call of a generic function the type parameters of the
// callee (LANG_SHAPE_PARAMETER with its owner) are the variables, and a lang_instance holds what
// they stand for (calls are solved from left to right, lets never generalise, so no variable
// outlives its call).
//
// A type larger than LANG_TYPE_SIZE_MAX (counted as a tree) is Unknown, which keeps every walk
// short: `let b = (a, a)  let c = (b, b) …` would otherwise grow without bounds.
#ifndef LANG_TYPES_H
#define LANG_TYPES_H

#include "lang/sema.h"

typedef enum lang_shape {
#define SHAPE(name, text) LANG_SHAPE_##name,
#include "lang/shapes.def"
#undef SHAPE
} lang_shape;

// What occurs in a type at any depth (functions' parameters and results included).
enum {
    LANG_TYPE_HAS_UNKNOWN = 1 << 0,
    LANG_TYPE_HAS_PARAMETER = 1 << 1,
    LANG_TYPE_HAS_ROW = 1 << 2,         // An open record.
    LANG_TYPE_HAS_SCOPED = 1 << 3,      // A scoped handle, or a function that captures one.
    LANG_TYPE_CAPTURES_SCOPED = 1 << 4, // FUNCTION: part of its identity.
    LANG_TYPE_HAS_OPEN = 1 << 5,        // lang_types.open, which is HAS_UNKNOWN too.
};

struct lang_type {
    lang_shape shape;
    uint16_t flags; // LANG_TYPE_HAS_…
    uint16_t size;  // Nodes of the type as a tree.
    uint32_t hash;
    uint32_t count; // Of arguments.
    // LIST, SET, WEAK, SCOPED: the element. MAP: key, value. TUPLE: elements. FUNCTION: parameters.
    // NAMED: type arguments, as many as the symbol has parameters. RECORD: types of the fields.
    lang_type *const *arguments;
    lang_type *result;        // FUNCTION.
    lang_type_symbol *symbol; // NAMED: struct, enum or refined type.
    // PARAMETER, MODULE: its name. RECORD: the row variable, data == NULL: closed.
    bl_slice name;
    const bl_slice *field_names; // RECORD: parallel to arguments, sorted by bytes, no duplicates.
    const void *owner;           // PARAMETER: what declares it (function, type, trait, signature).
    uint32_t index;              // PARAMETER: in its owner.
};

typedef struct lang_type_field_entry {
    bl_slice name;
    lang_type *type;
} lang_type_field_entry;

typedef struct lang_types {
    bl_arena *arena;
    lang_type **slots; // Open addressing; NULL: free.
    uint32_t slot_count;
    uint32_t type_count;
    lang_type *unknown;
    lang_type
        *open; // An unbound variable where a type is expected: Unknown, but nobody asked for it.
    lang_type *integer;
    lang_type *number;
    lang_type *string;
    lang_type *boolean;
    lang_type *unit;
    lang_type *row;
    lang_type *request;
    lang_type *router;         // What Router.new gives.
    lang_type *request_record; // The fields of a request that are known.
    lang_type *response;
    // Built in: they have no syntax.
    lang_type_symbol *option;
    lang_type_symbol *result;
    lang_type_symbol *http_error;
} lang_types;

void lang_types_init(lang_types *types, bl_arena *arena);
// The types of a loaded world.
lang_types *lang_types_of(lang_world *world);

// ---- making ----------------------------------------------------------------------------------

lang_type *lang_type_list_of(lang_types *types, lang_type *element);
lang_type *lang_type_set_of(lang_types *types, lang_type *element);
lang_type *lang_type_weak_of(lang_types *types, lang_type *element);
lang_type *lang_type_scoped_of(lang_types *types, lang_type *element);
lang_type *lang_type_map_of(lang_types *types, lang_type *key, lang_type *value);
lang_type *lang_type_tuple_of(lang_types *types, lang_type *const *elements, uint32_t count);
lang_type *lang_type_function_of(lang_types *types, lang_type *const *parameters, uint32_t count,
                                 lang_type *result, bool captures_scoped);
// Arguments beyond the symbol's parameters are ignored, missing ones are Unknown.
lang_type *lang_type_named_of(lang_types *types, lang_type_symbol *symbol,
                              lang_type *const *arguments, uint32_t count);
// Sorts the fields in place; of a repeated name the last one counts. row: data == NULL: closed.
lang_type *lang_type_record_of(lang_types *types, lang_type_field_entry *fields, uint32_t count,
                               bl_slice row);
lang_type *lang_type_parameter_of(lang_types *types, bl_slice name, const void *owner,
                                  uint32_t index);
lang_type *lang_type_module_of(lang_types *types, bl_slice name);
lang_type *lang_type_option_of(lang_types *types, lang_type *payload);
lang_type *lang_type_result_of(lang_types *types, lang_type *payload, lang_type *error);

// ---- asking ----------------------------------------------------------------------------------

static inline bool lang_type_is_unknown(const lang_type *type)
{
    return type->shape == LANG_SHAPE_UNKNOWN;
}

// As messages print it: `{ a: Int, ..r }`, `Option<Int>`, `<unknown>`. Arena, NUL-terminated.
bl_slice lang_type_text(lang_types *types, const lang_type *type);
uint32_t lang_type_symbol_arity(const lang_type_symbol *symbol);
bl_slice lang_type_symbol_parameter(const lang_type_symbol *symbol, uint32_t index);
// Refined types as their base, scoped handles as their content, at the top only.
lang_type *lang_type_base(lang_types *types, lang_type *type);
// Refined types as their base at any depth.
lang_type *lang_type_deep_base(lang_types *types, lang_type *type);
// Type of a field of a struct (instantiated), record or request; NULL: it has no such field.
lang_type *lang_type_field_of(lang_types *types, lang_type *type, bl_slice name);
// Payload type i of a constructor for an enum with these type arguments (NAMED).
lang_type *lang_type_payload(lang_types *types, const lang_constructor_symbol *constructor,
                             const lang_type *owner, uint32_t index);
// The constructor of that name in an enum type; NULL: none.
lang_constructor_symbol *lang_type_variant(const lang_type *type, bl_slice name);

#define LANG_NO_MEMBER UINT32_MAX

// Once the names of an enum's variants or a struct's fields are known: makes finding them fast.
void lang_type_symbol_sort(bl_arena *arena, lang_type_symbol *symbol);
// Of a repeated name the last one; LANG_NO_MEMBER: none.
uint32_t lang_type_symbol_field(const lang_type_symbol *symbol, bl_slice name);

// ---- relating --------------------------------------------------------------------------------

// May a value of type actual stand where expected is wanted? Unknown fits everywhere.
bool lang_type_is_compatible(lang_types *types, lang_type *actual, lang_type *expected);
// The first type with its Unknown parts filled in from the second one.
lang_type *lang_type_merge(lang_types *types, lang_type *first, lang_type *second);
// Parameters of the owner replaced by arguments; beyond count by Unknown.
lang_type *lang_type_substitute(lang_types *types, lang_type *type, const void *owner,
                                lang_type *const *arguments, uint32_t count);
// Parameters of the owner replaced by Unknown.
lang_type *lang_type_erase(lang_types *types, lang_type *type, const void *owner);
// How many parameters of the owner the type mentions, as highest index + 1.
uint32_t lang_type_parameter_count(const lang_type *type, const void *owner);

// ---- calls of generic functions --------------------------------------------------------------

// Fields that a row variable stands for.
typedef struct lang_row_binding {
    bl_slice name;
    lang_type_field_entry *fields;
    uint32_t count;
    struct lang_row_binding *next;
} lang_row_binding;

typedef struct lang_instance {
    const void *owner;    // Whose parameters are the variables.
    lang_type **bindings; // NULL: not bound yet.
    uint32_t count;
    lang_row_binding *rows;
} lang_instance;

void lang_instance_init(lang_instance *instance, lang_types *types, const void *owner,
                        uint32_t count);
// Binds variables of the scheme so that actual fits; false: it does not.
bool lang_instance_unify(lang_types *types, lang_instance *instance, lang_type *scheme,
                         lang_type *actual);
// The scheme with variables replaced; unbound ones become `unbound` (types->unknown or ->open).
lang_type *lang_instance_apply(lang_types *types, const lang_instance *instance, lang_type *scheme,
                               lang_type *unbound);

#endif
