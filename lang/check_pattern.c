// lang/check_pattern.c: local scopes, and patterns, which fill them.
//
// A pattern never fails to check: literal types are not compared, unknown variants and wrong
// payload counts are run-time matters. What it does is bind names to the types of the parts that
// they stand for, and find the constructors that it mentions.
#include "lang/check.h"

// ---- scopes ----------------------------------------------------------------------------------

uint32_t lang_scope_enter(lang_checker *checker)
{
    return checker->binding_count;
}

void lang_scope_leave(lang_checker *checker, uint32_t mark)
{
    BL_CHECK(mark <= checker->binding_count);
    while (checker->binding_count > mark) {
        const lang_binding *binding = &checker->bindings[--checker->binding_count];
        binding->entry->local = binding->shadowed;
    }
}

lang_binding *lang_bind(lang_checker *checker, bl_slice name, lang_type *type, uint32_t pattern,
                        bool is_mutable)
{
    if (checker->binding_count == checker->binding_capacity) {
        uint32_t capacity = checker->binding_capacity == 0 ? 64 : checker->binding_capacity * 2;
        lang_binding *bindings = bl_arena_alloc(checker->arena, capacity * sizeof(*bindings));
        if (checker->binding_count != 0) {
            memcpy(bindings, checker->bindings, checker->binding_count * sizeof(*bindings));
        }
        checker->bindings = bindings;
        checker->binding_capacity = capacity;
    }
    lang_entry *entry = lang_names_get(checker->names, name);
    lang_binding *binding = &checker->bindings[checker->binding_count++];
    // A variable of a callee that nothing has bound is plain Unknown in a body.
    *binding = (lang_binding){.entry = entry,
                              .shadowed = entry->local,
                              .type = type == checker->types->open ? checker->types->unknown : type,
                              .pattern = pattern,
                              .is_mutable = is_mutable};
    entry->local = checker->binding_count;
    return binding;
}

// ---- constructors ----------------------------------------------------------------------------

// Of several enums that have such a constructor, the one whose payload fits the pattern.
static lang_constructor_symbol *pick(const lang_constructor_node *node, uint32_t argument_count)
{
    lang_constructor_symbol *first = node == NULL ? NULL : node->symbol;
    for (; node != NULL; node = node->next) {
        if (node->symbol->payload_count == argument_count) {
            return node->symbol;
        }
    }
    return first;
}

static lang_constructor_symbol *builtin_constructor(lang_checker *checker, bl_slice name)
{
    lang_type_symbol *const owners[] = {checker->types->option, checker->types->result,
                                        checker->types->http_error};
    for (size_t i = 0; i < BL_ARRAY_COUNT(owners); i++) {
        for (uint32_t k = 0; k < owners[i]->constructor_count; k++) {
            if (bl_slice_equal(owners[i]->constructors[k].name, name)) {
                return &owners[i]->constructors[k];
            }
        }
    }
    return NULL;
}

static lang_constructor_symbol *visible_constructor(lang_checker *checker, bl_slice name,
                                                    uint32_t argument_count)
{
    const lang_entry *entry = lang_names_find(checker->names, name);
    lang_constructor_symbol *found = NULL;
    if (entry != NULL) {
        found = pick(entry->constructors, argument_count);
        found = found != NULL ? found : pick(entry->imported_constructors, argument_count);
    }
    return found != NULL ? found : builtin_constructor(checker, name);
}

static void check_constructor(lang_checker *checker, const lang_pattern *pattern, lang_type *type,
                              bool is_mutable)
{
    bl_slice name = pattern->as.constructor.name.text;
    const lang_pattern_list *arguments = &pattern->as.constructor.arguments;
    lang_type *base = lang_type_base(checker->types, type);
    lang_constructor_symbol *symbol = lang_type_variant(base, name);
    bool is_of_type = symbol != NULL;
    if (symbol == NULL) {
        symbol = visible_constructor(checker, name, arguments->count);
    }
    bool is_known = is_of_type || (symbol != NULL && lang_type_is_unknown(base));
    lang_ref *ref = &checker->unit->refs[pattern->id];
    *ref = (lang_ref){.kind = symbol == NULL ? LANG_REF_UNDEFINED : LANG_REF_CONSTRUCTOR};
    ref->as.constructor = symbol;
    for (uint32_t i = 0; i < arguments->count; i++) {
        lang_type *payload =
            is_known ? lang_type_payload(checker->types, symbol, is_of_type ? base : NULL, i)
                     : checker->types->unknown;
        lang_check_pattern(checker, arguments->items[i], payload, is_mutable);
    }
}

// ---- the rest --------------------------------------------------------------------------------

static void check_tuple(lang_checker *checker, const lang_pattern *pattern, lang_type *type,
                        bool is_mutable)
{
    const lang_type *base = lang_type_base(checker->types, type);
    const lang_pattern_list *items = &pattern->as.tuple;
    bool fits = base->shape == LANG_SHAPE_TUPLE && base->count == items->count;
    for (uint32_t i = 0; i < items->count; i++) {
        lang_check_pattern(checker, items->items[i],
                           fits ? base->arguments[i] : checker->types->unknown, is_mutable);
    }
}

static void check_record(lang_checker *checker, const lang_pattern *pattern, lang_type *type,
                         bool is_mutable)
{
    lang_type *base = lang_type_base(checker->types, type);
    for (uint32_t i = 0; i < pattern->as.record.count; i++) {
        const lang_pattern_field *field = &pattern->as.record.fields[i];
        lang_type *known = lang_type_field_of(checker->types, base, field->name.text);
        lang_check_pattern(checker, field->pattern, known == NULL ? checker->types->unknown : known,
                           is_mutable);
    }
}

static void check_list(lang_checker *checker, const lang_pattern *pattern, lang_type *type,
                       bool is_mutable)
{
    lang_type *base = lang_type_base(checker->types, type);
    bool is_list = base->shape == LANG_SHAPE_LIST;
    lang_type *element = is_list ? base->arguments[0] : checker->types->unknown;
    const lang_pattern_list *items = &pattern->as.list.items;
    for (uint32_t i = 0; i < items->count; i++) {
        lang_check_pattern(checker, items->items[i], element, is_mutable);
    }
    if (pattern->as.list.rest != NULL) {
        lang_check_pattern(checker, pattern->as.list.rest,
                           is_list ? base : lang_type_list_of(checker->types, element), is_mutable);
    }
}

void lang_check_pattern(lang_checker *checker, const lang_pattern *pattern, lang_type *type,
                        bool is_mutable)
{
    checker->unit->types[pattern->id] =
        type == checker->types->open ? checker->types->unknown : type;
    switch (pattern->kind) {
    case LANG_PATTERN_WILDCARD:
    case LANG_PATTERN_INT:
    case LANG_PATTERN_FLOAT:
    case LANG_PATTERN_STRING:
    case LANG_PATTERN_BOOL:
    case LANG_PATTERN_UNIT:
        break;
    case LANG_PATTERN_NAME:
        checker->unit->mutables[pattern->id] = is_mutable;
        lang_bind(checker, pattern->as.name, type, pattern->id, is_mutable);
        break;
    case LANG_PATTERN_CONSTRUCTOR:
        check_constructor(checker, pattern, type, is_mutable);
        break;
    case LANG_PATTERN_TUPLE:
        check_tuple(checker, pattern, type, is_mutable);
        break;
    case LANG_PATTERN_RECORD:
        check_record(checker, pattern, type, is_mutable);
        break;
    case LANG_PATTERN_LIST:
        check_list(checker, pattern, type, is_mutable);
        break;
    }
}
