// lang/resolve.c: type expressions to types.
//
// A name that means nothing is Unknown without a word: programs annotate with `Request`, `Any`
// and the like. Aliases are transparent and expanded here; one that leads back to itself is
// Unknown at the inner use, so types stay finite.
#include "lang/check.h"

lang_type_symbol *lang_find_type_symbol(lang_checker *checker, bl_slice name)
{
    const lang_entry *entry = lang_names_find(checker->names, name);
    if (entry != NULL && entry->type != NULL) {
        return entry->type;
    }
    if (entry != NULL && entry->imported_type != NULL) {
        return entry->imported_type;
    }
    if (bl_slice_equal(name, checker->types->option->name)) {
        return checker->types->option;
    }
    if (bl_slice_equal(name, checker->types->result->name)) {
        return checker->types->result;
    }
    bool has_http = checker->unit->is_library ||
                    (checker->unit->has_prelude && checker->unit->prelude >= VM_PRELUDE_SCRIPT);
    if (has_http && bl_slice_equal(name, checker->types->http_error->name)) {
        return checker->types->http_error;
    }
    return NULL;
}

lang_effect_symbol *lang_find_effect(lang_checker *checker, bl_slice name)
{
    const lang_entry *entry = lang_names_find(checker->names, name);
    if (entry == NULL) {
        return NULL;
    }
    return entry->effect != NULL ? entry->effect : entry->imported_effect;
}

lang_trait_symbol *lang_find_trait(lang_checker *checker, bl_slice name)
{
    const lang_entry *entry = lang_names_find(checker->names, name);
    if (entry == NULL) {
        return NULL;
    }
    return entry->trait != NULL ? entry->trait : entry->imported_trait;
}

// ---- type parameters -------------------------------------------------------------------------

static void add_parameter(lang_checker *checker, lang_type_scope *scope, bl_slice name)
{
    if (scope->count == scope->capacity) {
        uint32_t capacity = scope->capacity == 0 ? 4 : scope->capacity * 2;
        bl_slice *names = bl_arena_alloc(checker->arena, capacity * sizeof(*names));
        if (scope->count != 0) {
            memcpy(names, scope->names, scope->count * sizeof(*names));
        }
        scope->names = names;
        scope->capacity = capacity;
    }
    scope->names[scope->count++] = name;
}

void lang_scope_init(lang_checker *checker, lang_type_scope *scope, const void *owner,
                     const lang_type_parameter_list *parameters, bool implicit)
{
    uint32_t count = parameters == NULL ? 0 : parameters->count;
    *scope = (lang_type_scope){.owner = owner, .implicit = implicit && count == 0};
    for (uint32_t i = 0; i < count; i++) {
        add_parameter(checker, scope, parameters->items[i].name.text);
    }
}

static lang_type *find_parameter(lang_checker *checker, const lang_type_scope *scope, bl_slice name)
{
    for (uint32_t i = 0; scope != NULL && i < scope->count; i++) {
        if (bl_slice_equal(scope->names[i], name)) {
            return lang_type_parameter_of(checker->types, scope->names[i], scope->owner, i);
        }
    }
    return NULL;
}

// ---- names -----------------------------------------------------------------------------------

static lang_type **resolve_all(lang_checker *checker, lang_type_scope *scope,
                               const lang_type_list *list)
{
    lang_type **types = bl_arena_alloc(checker->arena, (list->count + 1) * sizeof(*types));
    for (uint32_t i = 0; i < list->count; i++) {
        types[i] = lang_resolve_type(checker, scope, list->items[i]);
    }
    return types;
}

static lang_type *resolve_symbol(lang_checker *checker, lang_type_scope *scope,
                                 lang_type_symbol *symbol, const lang_type_list *written)
{
    lang_type **arguments = resolve_all(checker, scope, written);
    if (symbol->kind != LANG_SYMBOL_ALIAS && symbol->kind != LANG_SYMBOL_REFINED) {
        return lang_type_named_of(checker->types, symbol, arguments, written->count);
    }
    lang_define_type(checker, symbol);
    if (symbol->base == NULL) { // Being resolved: it refers to itself.
        return checker->types->unknown;
    }
    if (symbol->kind == LANG_SYMBOL_REFINED) {
        return lang_type_named_of(checker->types, symbol, arguments, written->count);
    }
    return lang_type_substitute(checker->types, symbol->base, symbol, arguments, written->count);
}

static lang_type *resolve_builtin(lang_checker *checker, lang_type_scope *scope,
                                  const lang_type_expr *type)
{
    lang_types *types = checker->types;
    bl_slice name = type->as.named.name.text;
    const struct {
        bl_slice name;
        lang_type *type;
    } plain[] = {
        {BL_SLICE("Int"), types->integer},     {BL_SLICE("Float"), types->number},
        {BL_SLICE("String"), types->string},   {BL_SLICE("Bool"), types->boolean},
        {BL_SLICE("Boolean"), types->boolean}, {BL_SLICE("Unit"), types->unit},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(plain); i++) {
        if (bl_slice_equal(plain[i].name, name)) {
            return plain[i].type;
        }
    }
    const lang_type_list *written = &type->as.named.arguments;
    lang_type **arguments = resolve_all(checker, scope, written);
    lang_type *first = written->count > 0 ? arguments[0] : types->unknown;
    lang_type *second = written->count > 1 ? arguments[1] : types->unknown;
    if (bl_slice_equal(name, BL_SLICE("List"))) {
        return lang_type_list_of(types, first);
    }
    if (bl_slice_equal(name, BL_SLICE("Set"))) {
        return lang_type_set_of(types, first);
    }
    if (bl_slice_equal(name, BL_SLICE("Weak"))) {
        return lang_type_weak_of(types, first);
    }
    if (bl_slice_equal(name, BL_SLICE("Map"))) {
        return lang_type_map_of(types, first, second);
    }
    return NULL;
}

static bool is_single_letter(bl_slice name)
{
    return name.size == 1 && name.data[0] >= 'A' && name.data[0] <= 'Z';
}

static lang_type *resolve_name(lang_checker *checker, lang_type_scope *scope,
                               const lang_type_expr *type)
{
    bl_slice name = type->as.named.name.text;
    lang_type *parameter = find_parameter(checker, scope, name);
    if (parameter != NULL) {
        return parameter;
    }
    if (scope != NULL && scope->self != NULL && bl_slice_equal(name, BL_SLICE("Self"))) {
        return scope->self;
    }
    lang_type_symbol *symbol = lang_find_type_symbol(checker, name);
    if (symbol != NULL) {
        return resolve_symbol(checker, scope, symbol, &type->as.named.arguments);
    }
    lang_type *builtin = resolve_builtin(checker, scope, type);
    if (builtin != NULL) {
        return builtin;
    }
    if (scope != NULL && scope->implicit && is_single_letter(name)) {
        add_parameter(checker, scope, name);
        return find_parameter(checker, scope, name);
    }
    if (lang_find_effect(checker, name) != NULL) {
        return lang_type_module_of(checker->types, name);
    }
    return checker->types->unknown;
}

static lang_type *resolve_record(lang_checker *checker, lang_type_scope *scope,
                                 const lang_type_expr *type)
{
    uint32_t count = type->as.record.count;
    lang_type_field_entry *fields = bl_arena_alloc(checker->arena, (count + 1) * sizeof(*fields));
    for (uint32_t i = 0; i < count; i++) {
        const lang_type_field *field = &type->as.record.fields[i];
        fields[i] = (lang_type_field_entry){field->name.text,
                                            lang_resolve_type(checker, scope, field->type)};
    }
    return lang_type_record_of(checker->types, fields, count, type->as.record.row.text);
}

static lang_type *resolve_form(lang_checker *checker, lang_type_scope *scope,
                               const lang_type_expr *type)
{
    lang_types *types = checker->types;
    switch (type->kind) {
    case LANG_TYPE_NAME:
        return resolve_name(checker, scope, type);
    case LANG_TYPE_UNIT:
        return types->unit;
    case LANG_TYPE_TUPLE:
        return lang_type_tuple_of(types, resolve_all(checker, scope, &type->as.tuple),
                                  type->as.tuple.count);
    case LANG_TYPE_FUNCTION: {
        lang_type **parameters = resolve_all(checker, scope, &type->as.function.parameters);
        lang_type *result = lang_resolve_type(checker, scope, type->as.function.result);
        return lang_type_function_of(types, parameters, type->as.function.parameters.count, result,
                                     false);
    }
    case LANG_TYPE_RECORD:
        return resolve_record(checker, scope, type);
    case LANG_TYPE_OPTION: {
        // `T?` is Option<T> in the sense of the file: it may define its own Option.
        lang_type *payload = lang_resolve_type(checker, scope, type->as.option);
        lang_type_symbol *option = lang_find_type_symbol(checker, types->option->name);
        return lang_type_named_of(types, option, &payload, 1);
    }
    }
    return types->unknown;
}

lang_type *lang_resolve_type(lang_checker *checker, lang_type_scope *scope,
                             const lang_type_expr *type)
{
    lang_type *resolved = resolve_form(checker, scope, type);
    checker->unit->types[type->id] = resolved;
    return resolved;
}

lang_type *lang_resolve_signature(lang_checker *checker, const lang_signature *signature,
                                  lang_type *self)
{
    lang_type_scope scope;
    lang_scope_init(checker, &scope, signature, NULL, true);
    scope.self = self;
    lang_type **parameters = resolve_all(checker, &scope, &signature->parameters);
    lang_type *result = lang_resolve_type(checker, &scope, signature->result);
    lang_type *type = lang_type_function_of(checker->types, parameters, signature->parameters.count,
                                            result, false);
    checker->unit->types[signature->id] = type;
    return type;
}

// ---- definitions -----------------------------------------------------------------------------

static void define_struct(lang_checker *checker, lang_type_symbol *symbol, lang_type_scope *scope)
{
    const lang_type_expr *type = symbol->item->as.type.type;
    uint32_t count = type->as.record.count;
    symbol->field_names = bl_arena_alloc(checker->arena, (count + 1) * sizeof(bl_slice));
    symbol->field_types = bl_arena_alloc(checker->arena, (count + 1) * sizeof(lang_type *));
    symbol->field_count = count;
    for (uint32_t i = 0; i < count; i++) {
        const lang_type_field *field = &type->as.record.fields[i];
        symbol->field_names[i] = field->name.text;
        symbol->field_types[i] = lang_resolve_type(checker, scope, field->type);
    }
    lang_type_symbol_sort(checker->arena, symbol);
}

static void define_enum(lang_checker *checker, lang_type_symbol *symbol, lang_type_scope *scope)
{
    const lang_type_definition *definition = &symbol->item->as.type;
    for (uint32_t i = 0; i < definition->variant_count; i++) {
        const lang_variant *variant = &definition->variants[i];
        symbol->constructors[i].payload = resolve_all(checker, scope, &variant->payload);
        symbol->constructors[i].payload_count = variant->payload.count;
    }
}

void lang_define_type(lang_checker *checker, lang_type_symbol *symbol)
{
    lang_type_definition_state *state = (lang_type_definition_state *)symbol;
    if (symbol->item == NULL || symbol->unit != checker->unit ||
        state->resolving != LANG_RESOLVING_NOT_BEGUN ||
        checker->alias_depth >= LANG_ALIAS_DEPTH_MAX) {
        return;
    }
    state->resolving = LANG_RESOLVING_RUNNING;
    checker->alias_depth++;
    lang_type_scope scope;
    lang_scope_init(checker, &scope, symbol, &symbol->item->as.type.type_parameters, false);
    switch (symbol->kind) {
    case LANG_SYMBOL_STRUCT:
        define_struct(checker, symbol, &scope);
        break;
    case LANG_SYMBOL_ENUM:
        define_enum(checker, symbol, &scope);
        break;
    case LANG_SYMBOL_ALIAS:
    case LANG_SYMBOL_REFINED:
        symbol->base = lang_resolve_type(checker, &scope, symbol->item->as.type.type);
        break;
    }
    checker->alias_depth--;
    state->resolving = LANG_RESOLVING_DONE;
}
