// lang/check.h: what the files of the type pass share. Private to lang/.
//
//     world.c        files, order of the stages    imports.c, manifest.c   what they import
//     collect.c      names, definitions, signatures            resolve.c    type expressions
//     check_items.c  bodies of functions, tests, groups        check_expr.c expressions
//     check_name.c   names, `M.f`, field access                check_call.c calls, pipes
//     check_data.c   records, structs, lists, lambdas          check_pattern.c, exhaustive.c
//     check_trait.c  impls, method calls, dictionaries         library_types.c, suggest.c
//
// One lang_checker lives for the length of one file's pass. Everything that it finds out is
// written to the tables of the unit; where the language forbids to complain it is `silent`, and
// does the same work without reporting.
#ifndef LANG_CHECK_H
#define LANG_CHECK_H

#include "lang/limits.h"
#include "lang/names.h"
#include "lang/types.h"
#include "lang/vector.h"

// ---- the world, with what only the type pass needs -------------------------------------------

typedef struct lang_state lang_state;

typedef struct lang_native_type {
    const vm_native *native;
    lang_type *type;
} lang_native_type;

typedef struct lang_loader {
    lang_world world; // First: the one is the other.
    lang_types types;
    bl_slice directory;            // Of the main file: where imports are looked for.
    lang_vector states;            // lang_state: all files that were begun.
    lang_vector units;             // lang_unit: done, in order.
    lang_vector loading;           // lang_state: being imported, outermost first.
    lang_vector impls;             // lang_impl_symbol, by index.
    lang_impl_symbol **impl_slots; // Open addressing, by trait and key.
    uint32_t impl_slot_count;
    lang_native_type *native_slots; // Open addressing, by native.
    uint32_t native_slot_count;
    uint32_t native_count;
    lang_vector library_queue; // vm_module: sources that the program needs.
    struct lang_manifest *manifest;
    bool manifest_read;
} lang_loader;

static inline lang_loader *lang_loader_of(lang_world *world)
{
    return (lang_loader *)world;
}

typedef enum lang_resolving {
    LANG_RESOLVING_NOT_BEGUN,
    LANG_RESOLVING_RUNNING,
    LANG_RESOLVING_DONE,
} lang_resolving;

// A type symbol with what only its resolution needs.
typedef struct lang_type_definition_state {
    lang_type_symbol symbol; // First: the one is the other.
    lang_resolving resolving;
} lang_type_definition_state;

// A file being loaded: its unit, and what is needed only until it is checked.
struct lang_state {
    lang_unit unit; // First: the one is the other.
    lang_names names;
    uint64_t device; // Identity of the file.
    uint64_t inode;
    bool has_syntax_errors; // Or cannot be read.
    bool has_prelude_error;
    bool is_done;
    bool has_exports;
    bl_slice cycle; // "A -> B -> A" if an import below leads back; data == NULL: no.
    lang_vector functions;
    lang_vector type_symbols;
    lang_vector effects;
    lang_vector traits;
    lang_vector impls;
};

// ---- type expressions ------------------------------------------------------------------------

// The type parameters in scope.
typedef struct lang_type_scope {
    const void *owner;
    bl_slice *names;
    uint32_t count;
    uint32_t capacity;
    bool implicit;   // A single letter that names nothing becomes a parameter.
    lang_type *self; // NULL: none.
} lang_type_scope;

// ---- the checker -----------------------------------------------------------------------------

typedef struct lang_binding {
    lang_entry *entry;
    uint32_t shadowed; // What entry->local was.
    lang_type *type;
    uint32_t pattern; // Id of the NAME pattern.
    bool is_mutable;
    lang_function_symbol *function; // A function of a describe group; else NULL.
} lang_binding;

// Operations that an enclosing handle or with takes care of. operation.data == NULL: all.
typedef struct lang_handled {
    bl_slice effect;
    bl_slice operation; // Without `!`.
} lang_handled;

typedef struct lang_checker {
    lang_loader *loader;
    lang_state *state;
    lang_unit *unit;
    lang_types *types;
    bl_arena *arena;
    lang_names *names;
    uint32_t silent; // > 0: nothing is reported.
    lang_binding *bindings;
    uint32_t binding_count;
    uint32_t binding_capacity;
    lang_handled *handled;
    uint32_t handled_count;
    uint32_t handled_capacity;
    lang_type_scope *scope;         // Type parameters of the function being checked.
    lang_function_symbol *function; // Whose dictionaries are at hand; NULL: none.
    lang_type *self;                // A default method checked in general: Self.
    uint32_t lambda_base;           // Bindings below it belong to outer functions.
    uint32_t scoped_capture;        // Lowest binding with a scoped handle that lambdas used.
    const lang_expr *piped_try;     // `f(y)` of the `x |> f(y)?` being checked; NULL: none.
    uint32_t alias_depth;
    uint32_t suggestion_count;
} lang_checker;

// ---- reporting -------------------------------------------------------------------------------

// NULL when silent; the functions below accept that. Adds the context of the code, if any.
lang_diagnostic *lang_report(lang_checker *checker, lang_code code, lang_span span,
                             const char *format, ...) BL_PRINTF(4, 5);
void lang_suggest(lang_checker *checker, lang_diagnostic *diagnostic, const char *strategy,
                  double confidence, const char *format, ...) BL_PRINTF(5, 6);
// format has two %.*s: the expected and the found type.
void lang_report_mismatch(lang_checker *checker, lang_code code, lang_span span, const char *what,
                          lang_type *expected, lang_type *found);
// The `convert` suggestion, if there is one for these types.
void lang_suggest_conversion(lang_checker *checker, lang_diagnostic *diagnostic,
                             lang_type *expected, lang_type *found);
// TYP_002, with the visible name that is most like it.
void lang_report_undefined(lang_checker *checker, lang_span span, bl_slice name);
// "Symbol `f` not found in module `M`", with the most similar of names.
void lang_report_missing_symbol(lang_checker *checker, lang_span span, bl_slice name,
                                bl_slice module, const bl_slice *names, uint32_t count);
// The one of the names that is close enough to be meant; data == NULL: none.
bl_slice lang_similar_name(bl_slice name, const bl_slice *names, uint32_t count);

// ---- world.c, imports.c ----------------------------------------------------------------------

// Reads, parses and checks a file with all that it imports. Never NULL; name: the last part of the
// path of the import, "" for the main file.
lang_state *lang_load_file(lang_loader *loader, bl_slice path, bl_slice text, bl_slice name);
// Loads the files of all imports and brings their names in. Reports IMP_….
void lang_import_all(lang_checker *checker);
// The program refers to a native that the module's Baseline source implements.
void lang_need_library_source(lang_loader *loader, const vm_module *module);
bool lang_is_exported(const lang_state *state, const lang_item *item);

// ---- collect.c, resolve.c, library_types.c ---------------------------------------------------

// Names of all types, effects and traits; then their definitions and all signatures.
void lang_collect(lang_checker *checker);
void lang_define_type(lang_checker *checker, lang_type_symbol *symbol);
// default_of: the trait whose default method it is; else NULL.
lang_function_symbol *lang_collect_function(lang_checker *checker, const lang_function *syntax,
                                            const lang_item *item, lang_type *self,
                                            lang_trait_symbol *default_of);
// scope may be NULL.
lang_type *lang_resolve_type(lang_checker *checker, lang_type_scope *scope,
                             const lang_type_expr *type);
// The symbol that a type's name denotes here; NULL: none (a built-in or unknown type).
lang_type_symbol *lang_find_type_symbol(lang_checker *checker, bl_slice name);
lang_effect_symbol *lang_find_effect(lang_checker *checker, bl_slice name);
lang_trait_symbol *lang_find_trait(lang_checker *checker, bl_slice name);
void lang_scope_init(lang_checker *checker, lang_type_scope *scope, const void *owner,
                     const lang_type_parameter_list *parameters, bool implicit);
// The type of a signature of an effect or a trait; owner of its parameters is the signature.
lang_type *lang_resolve_signature(lang_checker *checker, const lang_signature *signature,
                                  lang_type *self);

// Of a native's type text; cached. Its owner of parameters is the native.
lang_type *lang_native_signature(lang_loader *loader, const vm_native *native);
bool lang_native_is_known(const lang_checker *checker, const vm_native *native);
bool lang_module_is_known(const lang_checker *checker, const vm_module *module);

// ---- check_items.c ---------------------------------------------------------------------------

void lang_check_bodies(lang_checker *checker);
// The body of a function with its symbol's type; reports as for that declaration.
void lang_check_function_body(lang_checker *checker, lang_function_symbol *function,
                              lang_type *type, lang_type *self);

// ---- scopes (check_pattern.c) ----------------------------------------------------------------

uint32_t lang_scope_enter(lang_checker *checker);
void lang_scope_leave(lang_checker *checker, uint32_t mark);
lang_binding *lang_bind(lang_checker *checker, bl_slice name, lang_type *type, uint32_t pattern,
                        bool is_mutable);
// Binds the names of a pattern that is matched against a value of that type.
void lang_check_pattern(lang_checker *checker, const lang_pattern *pattern, lang_type *type,
                        bool is_mutable);

// ---- expressions -----------------------------------------------------------------------------

// expected: what the surroundings want (for lambdas, holes and literals), or NULL. Nothing is
// compared with it here. Writes types[expr->id]; never NULL.
lang_type *lang_check_expr(lang_checker *checker, const lang_expr *expr, lang_type *expected);
// Reports nothing.
lang_type *lang_check_silently(lang_checker *checker, const lang_expr *expr);
// Two alternatives (branches, arms, elements) that have to agree. NULL: they do not, else the
// type of both.
lang_type *lang_agree(lang_checker *checker, lang_type *first, lang_type *other,
                      lang_type *expected);

// The type of several alternatives (arms, elements, entries): the first one's, its Unknown parts
// filled in from the others where these agree about them; Unknown if some do not fit the first.
typedef struct lang_joint {
    lang_type *first; // NULL: none yet.
    lang_type *all;
    bool is_settled; // Nothing more is to be learned.
} lang_joint;

void lang_join(lang_checker *checker, lang_joint *joint, lang_type *next);

lang_type *lang_check_record(lang_checker *checker, const lang_expr *expr, lang_type *expected);
lang_type *lang_check_struct(lang_checker *checker, const lang_expr *expr);
lang_type *lang_check_update(lang_checker *checker, const lang_expr *expr);
lang_type *lang_check_list(lang_checker *checker, const lang_expr *expr, lang_type *expected);
lang_type *lang_check_set(lang_checker *checker, const lang_expr *expr, lang_type *expected);
lang_type *lang_check_map(lang_checker *checker, const lang_expr *expr, lang_type *expected);
lang_type *lang_check_tuple(lang_checker *checker, const lang_expr *expr, lang_type *expected);
lang_type *lang_check_lambda(lang_checker *checker, const lang_expr *expr, lang_type *expected);
lang_type *lang_check_call(lang_checker *checker, const lang_expr *expr, lang_type *expected);
lang_type *lang_check_pipe(lang_checker *checker, const lang_expr *expr);
void lang_check_let(lang_checker *checker, const lang_let *let);
// What an inner expression should be; NULL: nobody asked (also for unbound variables).
static inline lang_type *lang_as_expected(const lang_checker *checker, lang_type *type)
{
    return type == checker->types->open ? NULL : type;
}

void lang_check_exhaustive(lang_checker *checker, const lang_expr *match, lang_type *subject);

// ---- names (check_name.c) --------------------------------------------------------------------

// What an expression denotes as a callee, or as a value.
typedef struct lang_meaning {
    lang_type *type;   // With the owner's parameters in it; Unknown: arguments are not looked at.
    const void *owner; // Whose parameters are variables; NULL: none.
    uint32_t parameter_count;
    lang_function_symbol *function; // Names of parameters, dictionaries; NULL: not a function item.
    lang_trait_symbol *trait;       // A trait method: everything else follows from the arguments.
    uint32_t method;
    bool method_is_missing;
    bool is_constructor;
    bool is_handled;    // An operation that an enclosing handler takes care of.
    bool accepts_extra; // More arguments than parameters.
    bool is_row_decode;
} lang_meaning;

// Several enums have the constructor: refers to the one with that many arguments.
void lang_choose_shared_constructor(lang_checker *checker, const lang_expr *expr,
                                    uint32_t argument_count);
// NAME, TYPE_NAME and FIELD; anything else is checked as an expression. Writes refs and types.
lang_meaning lang_resolve_callee(lang_checker *checker, const lang_expr *expr, lang_type *expected);
// The same as a value: type parameters replaced by Unknown.
lang_type *lang_check_name(lang_checker *checker, const lang_expr *expr);
bool lang_is_handled(const lang_checker *checker, bl_slice effect, bl_slice operation);
void lang_handle(lang_checker *checker, bl_slice effect, bl_slice operation);
// "println!" -> "println".
bl_slice lang_without_bang(bl_slice name);

// ---- traits (check_trait.c) ------------------------------------------------------------------

typedef struct lang_call lang_call;
lang_type *lang_check_method_call(lang_checker *checker, const lang_call *call,
                                  const lang_meaning *meaning);
void lang_collect_impls(lang_checker *checker);
void lang_check_impls(lang_checker *checker);
void lang_check_traits(lang_checker *checker);
void lang_check_default_methods(lang_checker *checker);
// How a dictionary of the trait for that type is had here; false: there is none (then dynamic).
bool lang_find_evidence(lang_checker *checker, lang_trait_symbol *trait, lang_type *type,
                        lang_evidence *evidence);
lang_impl_symbol *lang_find_impl(lang_loader *loader, const lang_trait_symbol *trait,
                                 lang_type *type);

// ---- calls (check_call.c) --------------------------------------------------------------------

struct lang_call {
    const lang_expr *expr; // CALL, or PIPE.
    const lang_expr *callee;
    const lang_expr *piped; // NULL: not a pipe.
    lang_type *piped_type;
    lang_type *expected; // What the call's value is for; NULL: not known.
    const lang_argument *arguments;
    uint32_t argument_count; // Written ones.
    bool is_bare;            // `x |> f`.
    lang_span count_span;    // Where a wrong count is reported.
};

static inline uint32_t lang_call_count(const lang_call *call)
{
    return call->argument_count + (call->piped != NULL ? 1 : 0);
}

static inline const lang_expr *lang_call_value(const lang_call *call, uint32_t index)
{
    if (call->piped != NULL) {
        return index == 0 ? call->piped : call->arguments[index - 1].value;
    }
    return call->arguments[index].value;
}

// Checks arguments against the scheme and gives the result type. first_type: type of the first
// argument, which is accepted as it is (trait methods); NULL: check it like the others. positions:
// see lang_call_info; may be NULL.
lang_type *lang_check_arguments(lang_checker *checker, const lang_call *call, lang_type *scheme,
                                lang_instance *instance, const uint32_t *positions,
                                lang_type *first_type, bool accepts_extra);
// Dictionaries for the bounds of the callee, into calls[call->expr->id].
void lang_check_bounds(lang_checker *checker, const lang_call *call,
                       const lang_function_symbol *function, const lang_instance *instance,
                       const uint32_t *positions);
// All arguments, without a word; the callee is Unknown.
void lang_check_arguments_silently(lang_checker *checker, const lang_call *call);

#endif
