// lang/collect.c: the symbols of a file: names first, then definitions, then signatures.
//
// Everything at top level can be used before its definition, so names are entered before any type
// is resolved. Types, effects, traits and impls are global wherever they stand; functions of a
// describe group belong to the group and are entered when the group is checked.
#include "lang/check.h"

// ---- walking items ---------------------------------------------------------------------------

typedef void (*item_visit)(lang_checker *checker, const lang_item *item, const lang_group *group);

// The items of the file and of its groups, in source order.
static void each_item(lang_checker *checker, lang_item *const *items, uint32_t count,
                      const lang_group *group, item_visit visit)
{
    for (uint32_t i = 0; i < count; i++) {
        if (items[i]->kind == LANG_ITEM_GROUP) {
            const lang_group *inner = &items[i]->as.group;
            each_item(checker, inner->items, inner->count, inner, visit);
        } else {
            visit(checker, items[i], group);
        }
    }
}

static void each(lang_checker *checker, item_visit visit)
{
    each_item(checker, checker->unit->tree->items, checker->unit->tree->count, NULL, visit);
}

// ---- names -----------------------------------------------------------------------------------

static void report_duplicate(lang_checker *checker, const char *kind, lang_name name)
{
    lang_report(checker, LANG_TYP_005, name.span, "Duplicate definition of %s `%.*s`", kind,
                BL_SLICE_ARG(name.text));
}

static void enter_constructors(lang_checker *checker, lang_type_symbol *symbol)
{
    const lang_type_definition *definition = &symbol->item->as.type;
    symbol->constructor_count = definition->variant_count;
    symbol->constructors = bl_arena_alloc_zeroed(checker->arena, (definition->variant_count + 1) *
                                                                     sizeof(*symbol->constructors));
    for (uint32_t i = 0; i < definition->variant_count; i++) {
        lang_constructor_symbol *constructor = &symbol->constructors[i];
        *constructor = (lang_constructor_symbol){
            .name = definition->variants[i].name.text, .owner = symbol, .index = i};
        lang_entry *entry = lang_names_get(checker->names, constructor->name);
        lang_constructor_node *node = bl_arena_alloc(checker->arena, sizeof(*node));
        *node = (lang_constructor_node){constructor, checker->unit, entry->constructors};
        entry->constructors = node;
    }
    lang_type_symbol_sort(checker->arena, symbol);
}

static lang_type_symbol_kind kind_of(const lang_type_definition *definition)
{
    switch (definition->form) {
    case LANG_TYPE_FORM_ENUM:
        return LANG_SYMBOL_ENUM;
    case LANG_TYPE_FORM_STRUCT:
        return LANG_SYMBOL_STRUCT;
    case LANG_TYPE_FORM_ALIAS:
        break;
    }
    return definition->refinement == NULL ? LANG_SYMBOL_ALIAS : LANG_SYMBOL_REFINED;
}

static void enter_type(lang_checker *checker, const lang_item *item)
{
    const lang_type_definition *definition = &item->as.type;
    lang_type_definition_state *state = bl_arena_alloc_zeroed(checker->arena, sizeof(*state));
    lang_type_symbol *symbol = &state->symbol;
    symbol->kind = kind_of(definition);
    symbol->name = definition->name.text;
    symbol->unit = checker->unit;
    symbol->item = item;
    lang_vector_push(&checker->state->type_symbols, checker->arena, symbol);
    lang_entry *entry = lang_names_get(checker->names, symbol->name);
    bool is_duplicate = entry->type != NULL;
    if (is_duplicate) {
        report_duplicate(checker, "type", definition->name);
    } else {
        entry->type = symbol;
    }
    if (symbol->kind == LANG_SYMBOL_ENUM && !is_duplicate) {
        enter_constructors(checker, symbol);
    } else if (symbol->kind == LANG_SYMBOL_ENUM) {
        symbol->constructors = bl_arena_alloc_zeroed(
            checker->arena, (definition->variant_count + 1) * sizeof(*symbol->constructors));
    }
}

static void enter_effect(lang_checker *checker, const lang_item *item)
{
    lang_effect_symbol *symbol = bl_arena_alloc_zeroed(checker->arena, sizeof(*symbol));
    *symbol = (lang_effect_symbol){.name = item->as.effect.name.text,
                                   .unit = checker->unit,
                                   .item = item,
                                   .syntax = &item->as.effect};
    lang_vector_push(&checker->state->effects, checker->arena, symbol);
    lang_entry *entry = lang_names_get(checker->names, symbol->name);
    if (entry->effect == NULL) {
        entry->effect = symbol;
    }
}

static void enter_trait(lang_checker *checker, const lang_item *item)
{
    const lang_trait_definition *definition = &item->as.trait;
    lang_trait_symbol *symbol = bl_arena_alloc_zeroed(checker->arena, sizeof(*symbol));
    symbol->name = definition->name.text;
    symbol->unit = checker->unit;
    symbol->item = item;
    symbol->index = checker->loader->world.trait_count++;
    symbol->method_count = definition->signature_count + definition->function_count;
    symbol->methods = bl_arena_alloc(checker->arena, (symbol->method_count + 1) * sizeof(bl_slice));
    symbol->defaults = bl_arena_alloc_zeroed(checker->arena, (symbol->method_count + 1) *
                                                                 sizeof(*symbol->defaults));
    for (uint32_t i = 0; i < definition->signature_count; i++) {
        symbol->methods[i] = definition->signatures[i].name.text;
    }
    for (uint32_t i = 0; i < definition->function_count; i++) {
        symbol->methods[definition->signature_count + i] = definition->functions[i].name.text;
    }
    lang_vector_push(&checker->state->traits, checker->arena, symbol);
    lang_entry *entry = lang_names_get(checker->names, symbol->name);
    if (entry->trait == NULL) {
        entry->trait = symbol;
    }
}

static void enter_names(lang_checker *checker, const lang_item *item, const lang_group *group)
{
    (void)group; // These are global wherever they stand.
    switch ((int)item->kind) {
    case LANG_ITEM_TYPE:
        enter_type(checker, item);
        break;
    case LANG_ITEM_EFFECT:
        enter_effect(checker, item);
        break;
    case LANG_ITEM_TRAIT:
        enter_trait(checker, item);
        break;
    default: // Functions and impls follow when types are known; the rest has no name.
        break;
    }
}

// ---- functions -------------------------------------------------------------------------------

static void collect_dictionaries(lang_checker *checker, lang_function_symbol *symbol,
                                 lang_trait_symbol *self_trait)
{
    static const lang_name self = {.text = {"Self", 4}};
    const lang_type_parameter_list *parameters = &symbol->syntax->type_parameters;
    uint32_t count = self_trait == NULL ? 0 : 1;
    for (uint32_t i = 0; i < parameters->count; i++) {
        count += parameters->items[i].bounds.count;
    }
    lang_dictionary_parameter *list = bl_arena_alloc(checker->arena, (count + 1) * sizeof(*list));
    uint32_t filled = 0;
    if (self_trait != NULL) {
        list[filled++] = (lang_dictionary_parameter){&self, self_trait};
    }
    for (uint32_t i = 0; i < parameters->count; i++) {
        const lang_type_parameter *parameter = &parameters->items[i];
        for (uint32_t k = 0; k < parameter->bounds.count; k++) {
            list[filled++] = (lang_dictionary_parameter){
                &parameter->name, lang_find_trait(checker, parameter->bounds.items[k].text)};
        }
    }
    symbol->dictionaries = list;
    symbol->dictionary_count = count;
}

// Type parameters in order: written ones, or implicit ones as they occur.
static void resolve_signature(lang_checker *checker, lang_function_symbol *symbol, lang_type *self)
{
    const lang_function *syntax = symbol->syntax;
    lang_type_scope scope;
    lang_scope_init(checker, &scope, symbol, &syntax->type_parameters, true);
    scope.self = self;
    uint32_t count = syntax->parameters.count;
    lang_type **parameters = bl_arena_alloc(checker->arena, (count + 1) * sizeof(*parameters));
    for (uint32_t i = 0; i < count; i++) {
        parameters[i] = lang_resolve_type(checker, &scope, syntax->parameters.items[i].type);
    }
    lang_type *result = syntax->result == NULL ? checker->types->unit
                                               : lang_resolve_type(checker, &scope, syntax->result);
    symbol->type = lang_type_function_of(checker->types, parameters, count, result, false);
    if (symbol->type->shape != LANG_SHAPE_FUNCTION) { // Too large; its number of parameters counts.
        for (uint32_t i = 0; i < count; i++) {
            parameters[i] = checker->types->unknown;
        }
        symbol->type = lang_type_function_of(checker->types, parameters, count,
                                             checker->types->unknown, false);
    }
    symbol->type_parameters = scope.names;
    symbol->type_parameter_count = scope.count;
    checker->unit->types[syntax->id] = symbol->type;
}

lang_function_symbol *lang_collect_function(lang_checker *checker, const lang_function *syntax,
                                            const lang_item *item, lang_type *self,
                                            lang_trait_symbol *default_of)
{
    lang_function_symbol *symbol = bl_arena_alloc_zeroed(checker->arena, sizeof(*symbol));
    symbol->syntax = syntax;
    symbol->unit = checker->unit;
    symbol->item = item;
    symbol->trait = default_of;
    symbol->is_library = checker->unit->is_library;
    symbol->index = checker->loader->world.function_count++;
    collect_dictionaries(checker, symbol, default_of);
    resolve_signature(checker, symbol, self);
    checker->unit->refs[syntax->id] = (lang_ref){.kind = LANG_REF_FUNCTION};
    checker->unit->refs[syntax->id].as.function = symbol;
    lang_vector_push(&checker->state->functions, checker->arena, symbol);
    return symbol;
}

static void collect_function(lang_checker *checker, const lang_item *item, const lang_group *group)
{
    lang_function_symbol *symbol =
        lang_collect_function(checker, &item->as.function, item, NULL, NULL);
    symbol->group = group;
    symbol->is_exported = group == NULL && lang_is_exported(checker->state, item);
    if (symbol->is_library) {
        bl_slice name = lang_without_bang(item->as.function.name.text);
        symbol->native = vm_module_native(checker->unit->module, name);
    }
    if (group != NULL) {
        return;
    }
    lang_entry *entry = lang_names_get(checker->names, item->as.function.name.text);
    if (entry->function != NULL) {
        report_duplicate(checker, "function", item->as.function.name);
    } else {
        entry->function = symbol;
    }
}

// ---- the rest --------------------------------------------------------------------------------

static void resolve_effect(lang_checker *checker, const lang_effect_symbol *symbol)
{
    for (uint32_t i = 0; i < symbol->syntax->count; i++) {
        lang_resolve_signature(checker, &symbol->syntax->operations[i], NULL);
    }
}

static void collect_trait(lang_checker *checker, lang_trait_symbol *symbol)
{
    const lang_trait_definition *definition = &symbol->item->as.trait;
    lang_type *self = lang_type_parameter_of(checker->types, BL_SLICE("Self"), symbol, 0);
    for (uint32_t i = 0; i < definition->signature_count; i++) {
        lang_resolve_signature(checker, &definition->signatures[i], self);
    }
    for (uint32_t i = 0; i < definition->function_count; i++) {
        symbol->defaults[definition->signature_count + i] =
            lang_collect_function(checker, &definition->functions[i], symbol->item, self, symbol);
    }
}

static void collect_later(lang_checker *checker, const lang_item *item, const lang_group *group)
{
    if (item->kind == LANG_ITEM_FUNCTION) {
        collect_function(checker, item, group);
    }
}

void lang_collect(lang_checker *checker)
{
    lang_state *state = checker->state;
    each(checker, enter_names);
    for (uint32_t i = 0; i < state->type_symbols.count; i++) {
        lang_define_type(checker, state->type_symbols.items[i]);
    }
    for (uint32_t i = 0; i < state->effects.count; i++) {
        resolve_effect(checker, state->effects.items[i]);
    }
    each(checker, collect_later);
    for (uint32_t i = 0; i < state->traits.count; i++) {
        collect_trait(checker, state->traits.items[i]);
    }
    lang_check_traits(checker);
    lang_collect_impls(checker);
}
