// lang/substitute.c: types with their type parameters replaced.
//
// One walk rebuilds a type with some leaves mapped: parameters by arguments, by Unknown or by what
// a call has bound them to, open records by what their rows stand for, refined types by their
// base. A type that has no such leaf is returned as it is, which its flags tell at once.
#include "lang/types.h"

// ---- substitution ----------------------------------------------------------------------------

// Rebuilds a type with its parts mapped. map gives the replacement of a leaf that it knows (a
// parameter, an open record), or NULL: walk on.
typedef struct type_map type_map;
struct type_map {
    lang_types *types;
    lang_type *(*map)(const type_map *mapping, lang_type *type);
    uint16_t flags; // Types without any of these stay as they are.
    const void *owner;
    lang_type *const *arguments;
    uint32_t count;
    const lang_instance *instance;
    lang_type *unbound;
};

static lang_type *apply_mapping(const type_map *mapping, lang_type *type);

static lang_type **map_all(const type_map *mapping, lang_type *const *from, uint32_t count)
{
    lang_type **parts = bl_arena_alloc(mapping->types->arena, (count + 1) * sizeof(*parts));
    for (uint32_t i = 0; i < count; i++) {
        parts[i] = apply_mapping(mapping, from[i]);
    }
    return parts;
}

static lang_type *map_record(const type_map *mapping, lang_type *type)
{
    lang_type_field_entry *fields =
        bl_arena_alloc(mapping->types->arena, (type->count + 1) * sizeof(*fields));
    for (uint32_t i = 0; i < type->count; i++) {
        fields[i] = (lang_type_field_entry){type->field_names[i],
                                            apply_mapping(mapping, type->arguments[i])};
    }
    return lang_type_record_of(mapping->types, fields, type->count, type->name);
}

static lang_type *map_parts(const type_map *mapping, lang_type *type)
{
    lang_types *types = mapping->types;
    switch (type->shape) {
    case LANG_SHAPE_LIST:
        return lang_type_list_of(types, apply_mapping(mapping, type->arguments[0]));
    case LANG_SHAPE_SET:
        return lang_type_set_of(types, apply_mapping(mapping, type->arguments[0]));
    case LANG_SHAPE_WEAK:
        return lang_type_weak_of(types, apply_mapping(mapping, type->arguments[0]));
    case LANG_SHAPE_SCOPED:
        return lang_type_scoped_of(types, apply_mapping(mapping, type->arguments[0]));
    case LANG_SHAPE_MAP:
        return lang_type_map_of(types, apply_mapping(mapping, type->arguments[0]),
                                apply_mapping(mapping, type->arguments[1]));
    case LANG_SHAPE_TUPLE:
        return lang_type_tuple_of(types, map_all(mapping, type->arguments, type->count),
                                  type->count);
    case LANG_SHAPE_FUNCTION:
        return lang_type_function_of(types, map_all(mapping, type->arguments, type->count),
                                     type->count, apply_mapping(mapping, type->result),
                                     (type->flags & LANG_TYPE_CAPTURES_SCOPED) != 0);
    case LANG_SHAPE_RECORD:
        return map_record(mapping, type);
    case LANG_SHAPE_NAMED:
        return lang_type_named_of(types, type->symbol,
                                  map_all(mapping, type->arguments, type->count), type->count);
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
        return type;
    }
    return type;
}

static lang_type *apply_mapping(const type_map *mapping, lang_type *type)
{
    lang_type *known = mapping->map(mapping, type);
    if (known != NULL) {
        return known;
    }
    return type->count == 0 && type->result == NULL ? type : map_parts(mapping, type);
}

static lang_type *map_parameter(const type_map *mapping, lang_type *type)
{
    if ((type->flags & mapping->flags) == 0) {
        return type;
    }
    if (type->shape != LANG_SHAPE_PARAMETER || type->owner != mapping->owner) {
        return NULL;
    }
    return type->index < mapping->count ? mapping->arguments[type->index] : mapping->types->unknown;
}

lang_type *lang_type_substitute(lang_types *types, lang_type *type, const void *owner,
                                lang_type *const *arguments, uint32_t count)
{
    type_map mapping = {.types = types,
                        .map = map_parameter,
                        .flags = LANG_TYPE_HAS_PARAMETER,
                        .owner = owner,
                        .arguments = arguments,
                        .count = count};
    return apply_mapping(&mapping, type);
}

lang_type *lang_type_erase(lang_types *types, lang_type *type, const void *owner)
{
    return owner == NULL ? type : lang_type_substitute(types, type, owner, NULL, 0);
}

static lang_type *map_refined(const type_map *mapping, lang_type *type)
{
    if (type->shape == LANG_SHAPE_NAMED && type->symbol->kind == LANG_SYMBOL_REFINED) {
        return apply_mapping(mapping, lang_type_base(mapping->types, type));
    }
    return NULL;
}

lang_type *lang_type_deep_base(lang_types *types, lang_type *type)
{
    type_map mapping = {.types = types, .map = map_refined};
    return apply_mapping(&mapping, type);
}

uint32_t lang_type_parameter_count(const lang_type *type, const void *owner)
{
    if ((type->flags & LANG_TYPE_HAS_PARAMETER) == 0) {
        return 0;
    }
    if (type->shape == LANG_SHAPE_PARAMETER) {
        return type->owner == owner ? type->index + 1 : 0;
    }
    uint32_t count = type->result == NULL ? 0 : lang_type_parameter_count(type->result, owner);
    for (uint32_t i = 0; i < type->count; i++) {
        uint32_t here = lang_type_parameter_count(type->arguments[i], owner);
        count = here > count ? here : count;
    }
    return count;
}

// ---- applying an instance --------------------------------------------------------------------

static const lang_row_binding *find_row(const lang_instance *instance, bl_slice name)
{
    for (const lang_row_binding *row = instance->rows; row != NULL; row = row->next) {
        if (bl_slice_equal(row->name, name)) {
            return row;
        }
    }
    return NULL;
}

static lang_type *extend_record(const type_map *mapping, lang_type *type,
                                const lang_row_binding *row)
{
    uint32_t count = type->count + row->count;
    lang_type_field_entry *fields =
        bl_arena_alloc(mapping->types->arena, (count + 1) * sizeof(*fields));
    for (uint32_t i = 0; i < row->count; i++) {
        fields[i] = row->fields[i];
    }
    for (uint32_t i = 0; i < type->count; i++) {
        fields[row->count + i] = (lang_type_field_entry){
            type->field_names[i], apply_mapping(mapping, type->arguments[i])};
    }
    return lang_type_record_of(mapping->types, fields, count, type->name);
}

static lang_type *map_instance(const type_map *mapping, lang_type *type)
{
    if ((type->flags & mapping->flags) == 0) {
        return type;
    }
    const lang_instance *instance = mapping->instance;
    if (type->shape == LANG_SHAPE_PARAMETER && type->owner == instance->owner) {
        lang_type *bound = type->index < instance->count ? instance->bindings[type->index] : NULL;
        return bound == NULL ? mapping->unbound : bound;
    }
    if (type->shape == LANG_SHAPE_RECORD && type->name.data != NULL) {
        const lang_row_binding *row = find_row(instance, type->name);
        return row == NULL ? NULL : extend_record(mapping, type, row);
    }
    return NULL;
}

lang_type *lang_instance_apply(lang_types *types, const lang_instance *instance, lang_type *scheme,
                               lang_type *unbound)
{
    type_map mapping = {.types = types,
                        .map = map_instance,
                        .flags = LANG_TYPE_HAS_PARAMETER | LANG_TYPE_HAS_ROW,
                        .instance = instance,
                        .unbound = unbound};
    return apply_mapping(&mapping, scheme);
}
