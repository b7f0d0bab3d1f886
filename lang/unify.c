// lang/unify.c: how types relate: compatible, unified with a scheme, merged.
//
// Compatibility is the one relation that the checks ask for; it is neither symmetric nor
// transitive, since Unknown fits everything. Unification is compatibility in which the type
// parameters of one owner, the callee, are variables: the scheme is on the expected side only, so
// a variable never meets itself and no occurs check is needed. Recursion is bounded by the size
// of types (LANG_TYPE_SIZE_MAX), and refined types never contain themselves.
#include "lang/types.h"

// ---- unification -----------------------------------------------------------------------------

// One walk serves both relations: without an instance it is compatibility.
typedef struct type_relation {
    lang_types *types;
    lang_instance *instance; // NULL: no variables.
    uint32_t flip_count;     // Parameters of functions of parameters of functions …
} type_relation;

// Each flip tries two ways; beyond so many, functions of functions are taken to fit.
#define FLIP_COUNT_MAX 8

static bool relate(const type_relation *relation, lang_type *actual, lang_type *expected);

void lang_instance_init(lang_instance *instance, lang_types *types, const void *owner,
                        uint32_t count)
{
    *instance = (lang_instance){.owner = owner, .count = count};
    if (count != 0) {
        instance->bindings = bl_arena_alloc_zeroed(types->arena, count * sizeof(lang_type *));
    }
}

static bool bind(const type_relation *relation, lang_type *variable, lang_type *actual)
{
    lang_types *types = relation->types;
    if (variable->index >= relation->instance->count) {
        return true;
    }
    lang_type **binding = &relation->instance->bindings[variable->index];
    lang_type *bound = *binding;
    if (bound == NULL) {
        *binding = actual;
        return true;
    }
    lang_shape old_shape = lang_type_base(types, bound)->shape;
    lang_shape new_shape = lang_type_base(types, actual)->shape;
    if ((old_shape == LANG_SHAPE_INT && new_shape == LANG_SHAPE_FLOAT) ||
        (old_shape == LANG_SHAPE_FLOAT && new_shape == LANG_SHAPE_INT)) {
        *binding = types->number;
        return true;
    }
    if (!lang_type_is_compatible(types, actual, bound)) {
        return false;
    }
    *binding = lang_type_merge(types, bound, actual);
    return true;
}

static bool relate_all(const type_relation *relation, lang_type *actual, lang_type *expected)
{
    if (actual->count != expected->count) {
        return false;
    }
    for (uint32_t i = 0; i < actual->count; i++) {
        if (!relate(relation, actual->arguments[i], expected->arguments[i])) {
            return false;
        }
    }
    return true;
}

// Parameters are compared either way round: a function that takes an open record serves where
// one that takes a closed record is wanted.
static bool relate_parameter(const type_relation *relation, lang_type *actual, lang_type *expected)
{
    if (relation->flip_count == FLIP_COUNT_MAX) {
        return true;
    }
    type_relation inner = *relation;
    inner.flip_count++;
    if (relate(&inner, actual, expected)) {
        return true;
    }
    lang_type *known = expected;
    if (relation->instance != NULL) {
        known = lang_instance_apply(relation->types, relation->instance, expected,
                                    relation->types->unknown);
        inner.instance = NULL;
    }
    return relate(&inner, known, actual);
}

static bool relate_functions(const type_relation *relation, lang_type *actual, lang_type *expected)
{
    if (actual->count != expected->count) {
        return false;
    }
    for (uint32_t i = 0; i < actual->count; i++) {
        if (!relate_parameter(relation, actual->arguments[i], expected->arguments[i])) {
            return false;
        }
    }
    return expected->result->shape == LANG_SHAPE_UNIT ||
           relate(relation, actual->result, expected->result);
}

// The fields of `actual` that an open record did not name are what its row stands for.
static void bind_row(const type_relation *relation, lang_type *actual, lang_type *expected)
{
    if (relation->instance == NULL || expected->name.data == NULL) {
        return;
    }
    lang_types *types = relation->types;
    const lang_type_symbol *symbol = actual->symbol; // A struct's fields, else NULL.
    uint32_t count = symbol == NULL ? actual->count : symbol->field_count;
    const bl_slice *names = symbol == NULL ? actual->field_names : symbol->field_names;
    lang_type_field_entry *fields = bl_arena_alloc(types->arena, (count + 1) * sizeof(*fields));
    lang_row_binding *row = bl_arena_alloc(types->arena, sizeof(*row));
    *row = (lang_row_binding){.name = expected->name, .fields = fields};
    for (uint32_t i = 0; i < count; i++) {
        if (lang_type_field_of(types, expected, names[i]) == NULL) {
            fields[row->count++] =
                (lang_type_field_entry){names[i], lang_type_field_of(types, actual, names[i])};
        }
    }
    row->next = relation->instance->rows;
    relation->instance->rows = row;
}

static bool relate_records(const type_relation *relation, lang_type *actual, lang_type *expected)
{
    bool actual_open = actual->name.data != NULL;
    bool expected_open = expected->name.data != NULL;
    uint32_t common = 0;
    for (uint32_t i = 0; i < expected->count; i++) {
        lang_type *field = lang_type_field_of(relation->types, actual, expected->field_names[i]);
        if (field != NULL) {
            common++;
            if (!relate(relation, field, expected->arguments[i])) {
                return false;
            }
        } else if (!actual_open) {
            return false;
        }
    }
    if (!expected_open && !actual_open && common != actual->count) {
        return false;
    }
    bind_row(relation, actual, expected);
    return true;
}

static bool is_struct(const lang_type *type)
{
    return type->shape == LANG_SHAPE_NAMED && type->symbol->kind == LANG_SYMBOL_STRUCT;
}

// A struct has at least the fields of an open record.
static bool relate_struct(const type_relation *relation, lang_type *structure, lang_type *record,
                          bool structure_is_actual)
{
    if (record->name.data == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < record->count; i++) {
        lang_type *field = lang_type_field_of(relation->types, structure, record->field_names[i]);
        if (field == NULL) {
            return false;
        }
        bool fits = structure_is_actual ? relate(relation, field, record->arguments[i])
                                        : relate(relation, record->arguments[i], field);
        if (!fits) {
            return false;
        }
    }
    if (structure_is_actual) {
        bind_row(relation, structure, record);
    }
    return true;
}

// Requests: only fields that both sides know are compared; anything else may be there.
static bool relate_request(const type_relation *relation, lang_type *other, bool request_is_actual)
{
    lang_type *known = relation->types->request_record;
    if (other->shape != LANG_SHAPE_RECORD && !is_struct(other)) {
        return false;
    }
    for (uint32_t i = 0; i < known->count; i++) {
        lang_type *field = lang_type_field_of(relation->types, other, known->field_names[i]);
        if (field == NULL) {
            continue;
        }
        bool fits = request_is_actual ? relate(relation, known->arguments[i], field)
                                      : relate(relation, field, known->arguments[i]);
        if (!fits) {
            return false;
        }
    }
    if (request_is_actual && other->shape == LANG_SHAPE_RECORD) {
        bind_row(relation, known, other);
    }
    return true;
}

static bool relate_same_shape(const type_relation *relation, lang_type *actual, lang_type *expected)
{
    switch (expected->shape) {
    case LANG_SHAPE_LIST:
    case LANG_SHAPE_SET:
    case LANG_SHAPE_MAP:
    case LANG_SHAPE_WEAK:
    case LANG_SHAPE_SCOPED:
    case LANG_SHAPE_TUPLE:
        return relate_all(relation, actual, expected);
    case LANG_SHAPE_FUNCTION:
        return relate_functions(relation, actual, expected);
    case LANG_SHAPE_RECORD:
        return relate_records(relation, actual, expected);
    case LANG_SHAPE_NAMED:
        // Nominal by name, across files too.
        return actual->symbol == expected->symbol
                   ? relate_all(relation, actual, expected)
                   : bl_slice_equal(actual->symbol->name, expected->symbol->name);
    case LANG_SHAPE_PARAMETER:
    case LANG_SHAPE_MODULE:
        return actual == expected;
    case LANG_SHAPE_UNKNOWN:
    case LANG_SHAPE_INT:
    case LANG_SHAPE_FLOAT:
    case LANG_SHAPE_STRING:
    case LANG_SHAPE_BOOL:
    case LANG_SHAPE_UNIT:
    case LANG_SHAPE_ROW:
    case LANG_SHAPE_REQUEST:
        return true;
    }
    return true;
}

static bool relate_different_shapes(const type_relation *relation, lang_type *actual,
                                    lang_type *expected)
{
    if (actual->shape == LANG_SHAPE_SCOPED) {
        return relate(relation, actual->arguments[0], expected);
    }
    if (expected->shape == LANG_SHAPE_SCOPED) {
        return relate(relation, actual, expected->arguments[0]);
    }
    if (expected->shape == LANG_SHAPE_REQUEST) {
        return relate_request(relation, actual, false);
    }
    if (actual->shape == LANG_SHAPE_REQUEST) {
        return relate_request(relation, expected, true);
    }
    if (is_struct(actual) && expected->shape == LANG_SHAPE_RECORD) {
        return relate_struct(relation, actual, expected, true);
    }
    if (actual->shape == LANG_SHAPE_RECORD && is_struct(expected)) {
        return relate_struct(relation, expected, actual, false);
    }
    // A record of handlers, where a parameter is annotated with its effect.
    return expected->shape == LANG_SHAPE_MODULE && actual->shape == LANG_SHAPE_RECORD;
}

static lang_type *without_refinement(lang_types *types, lang_type *type)
{
    return type->shape == LANG_SHAPE_SCOPED ? type : lang_type_base(types, type);
}

static bool relate(const type_relation *relation, lang_type *actual, lang_type *expected)
{
    lang_instance *instance = relation->instance;
    bool has_variables = instance != NULL && instance->owner != NULL &&
                         (expected->flags & LANG_TYPE_HAS_PARAMETER) != 0;
    bool has_rows = instance != NULL && (expected->flags & LANG_TYPE_HAS_ROW) != 0;
    if (has_variables && expected->shape == LANG_SHAPE_PARAMETER &&
        expected->owner == instance->owner) {
        return bind(relation, expected, actual);
    }
    if (!has_variables && !has_rows && actual == expected) {
        return true;
    }
    if (lang_type_is_unknown(actual) || lang_type_is_unknown(expected)) {
        return true;
    }
    actual = without_refinement(relation->types, actual);
    expected = without_refinement(relation->types, expected);
    if (lang_type_is_unknown(actual) || lang_type_is_unknown(expected)) {
        return true;
    }
    return actual->shape == expected->shape ? relate_same_shape(relation, actual, expected)
                                            : relate_different_shapes(relation, actual, expected);
}

bool lang_type_is_compatible(lang_types *types, lang_type *actual, lang_type *expected)
{
    return relate(&(type_relation){.types = types}, actual, expected);
}

bool lang_instance_unify(lang_types *types, lang_instance *instance, lang_type *scheme,
                         lang_type *actual)
{
    return relate(&(type_relation){.types = types, .instance = instance}, actual, scheme);
}

// ---- merging ---------------------------------------------------------------------------------

static lang_type **merge_all(lang_types *types, lang_type *first, lang_type *second)
{
    lang_type **parts = bl_arena_alloc(types->arena, (first->count + 1) * sizeof(*parts));
    for (uint32_t i = 0; i < first->count; i++) {
        parts[i] = lang_type_merge(types, first->arguments[i], second->arguments[i]);
    }
    return parts;
}

static lang_type *merge_records(lang_types *types, lang_type *first, lang_type *second)
{
    lang_type_field_entry *fields =
        bl_arena_alloc(types->arena, (first->count + 1) * sizeof(*fields));
    for (uint32_t i = 0; i < first->count; i++) {
        lang_type *other = lang_type_field_of(types, second, first->field_names[i]);
        fields[i] = (lang_type_field_entry){
            first->field_names[i], other == NULL
                                       ? first->arguments[i]
                                       : lang_type_merge(types, first->arguments[i], other)};
    }
    return lang_type_record_of(types, fields, first->count, first->name);
}

// Of one shape and number of parts.
static lang_type *merge_parts(lang_types *types, lang_type *first, lang_type *second)
{
    lang_type **parts = merge_all(types, first, second);
    switch (first->shape) {
    case LANG_SHAPE_LIST:
        return lang_type_list_of(types, parts[0]);
    case LANG_SHAPE_SET:
        return lang_type_set_of(types, parts[0]);
    case LANG_SHAPE_WEAK:
        return lang_type_weak_of(types, parts[0]);
    case LANG_SHAPE_SCOPED:
        return lang_type_scoped_of(types, parts[0]);
    case LANG_SHAPE_MAP:
        return lang_type_map_of(types, parts[0], parts[1]);
    case LANG_SHAPE_TUPLE:
        return lang_type_tuple_of(types, parts, first->count);
    case LANG_SHAPE_NAMED:
        return first->symbol == second->symbol
                   ? lang_type_named_of(types, first->symbol, parts, first->count)
                   : first;
    case LANG_SHAPE_FUNCTION:
        return lang_type_function_of(
            types, parts, first->count, lang_type_merge(types, first->result, second->result),
            ((first->flags | second->flags) & LANG_TYPE_CAPTURES_SCOPED) != 0);
    case LANG_SHAPE_RECORD:
    case LANG_SHAPE_UNKNOWN:
    case LANG_SHAPE_INT:
    case LANG_SHAPE_FLOAT:
    case LANG_SHAPE_STRING:
    case LANG_SHAPE_BOOL:
    case LANG_SHAPE_UNIT:
    case LANG_SHAPE_PARAMETER:
    case LANG_SHAPE_ROW:
    case LANG_SHAPE_REQUEST:
    case LANG_SHAPE_MODULE:
        return first;
    }
    return first;
}

lang_type *lang_type_merge(lang_types *types, lang_type *first, lang_type *second)
{
    if (first == second || lang_type_is_unknown(second)) {
        return first;
    }
    if (lang_type_is_unknown(first)) {
        return second;
    }
    if (first->shape != second->shape ||
        ((first->flags | second->flags) & LANG_TYPE_HAS_UNKNOWN) == 0) {
        return first;
    }
    if (first->shape == LANG_SHAPE_RECORD) {
        return merge_records(types, first, second);
    }
    return first->count == second->count ? merge_parts(types, first, second) : first;
}
