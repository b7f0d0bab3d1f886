// lang/check_name.c: what names, `Module.f` and `value.field` mean.
//
// A lower-case name is, in this order: a local binding, a function of the file, an imported
// function, a bare name of the library, the alias of a library module. `Name.f` is looked up as a
// trait's method, a function of an imported file, an operation of a declared effect, a native of
// the library, a function that an enum has by itself; an unknown module is accepted, and Unknown.
#include "lang/check.h"

bl_slice lang_without_bang(bl_slice name)
{
    if (name.size > 1 && name.data[name.size - 1] == '!') {
        name.size--;
    }
    return name;
}

static bool has_bang(bl_slice name)
{
    return name.size > 1 && name.data[name.size - 1] == '!';
}

// ---- handled operations ----------------------------------------------------------------------

void lang_handle(lang_checker *checker, bl_slice effect, bl_slice operation)
{
    if (checker->handled_count == checker->handled_capacity) {
        uint32_t capacity = checker->handled_capacity == 0 ? 16 : checker->handled_capacity * 2;
        lang_handled *handled = bl_arena_alloc(checker->arena, capacity * sizeof(*handled));
        if (checker->handled_count != 0) {
            memcpy(handled, checker->handled, checker->handled_count * sizeof(*handled));
        }
        checker->handled = handled;
        checker->handled_capacity = capacity;
    }
    checker->handled[checker->handled_count++] =
        (lang_handled){effect, lang_without_bang(operation)};
}

bool lang_is_handled(const lang_checker *checker, bl_slice effect, bl_slice operation)
{
    bl_slice plain = lang_without_bang(operation);
    for (uint32_t i = checker->handled_count; i > 0; i--) {
        const lang_handled *handled = &checker->handled[i - 1];
        if (bl_slice_equal(handled->effect, effect) &&
            (handled->operation.data == NULL || bl_slice_equal(handled->operation, plain))) {
            return true;
        }
    }
    return false;
}

// ---- meanings --------------------------------------------------------------------------------

static lang_meaning value_meaning(lang_type *type)
{
    return (lang_meaning){.type = type};
}

static void refer(lang_checker *checker, const lang_expr *expr, lang_ref ref)
{
    checker->unit->refs[expr->id] = ref;
}

static lang_meaning function_meaning(lang_checker *checker, const lang_expr *expr,
                                     lang_function_symbol *function)
{
    lang_ref ref = {.kind = LANG_REF_FUNCTION};
    ref.as.function = function;
    refer(checker, expr, ref);
    return (lang_meaning){.type = function->type,
                          .owner = function,
                          .parameter_count = function->type_parameter_count,
                          .function = function};
}

static lang_type *own_type(lang_checker *checker, lang_type_symbol *symbol)
{
    uint32_t arity = lang_type_symbol_arity(symbol);
    lang_type **parameters = bl_arena_alloc(checker->arena, (arity + 1) * sizeof(*parameters));
    for (uint32_t i = 0; i < arity; i++) {
        parameters[i] = lang_type_parameter_of(checker->types,
                                               lang_type_symbol_parameter(symbol, i), symbol, i);
    }
    return lang_type_named_of(checker->types, symbol, parameters, arity);
}

static lang_meaning constructor_meaning(lang_checker *checker, const lang_expr *expr,
                                        lang_constructor_symbol *constructor, bool is_shared)
{
    lang_ref ref = {.kind = LANG_REF_CONSTRUCTOR};
    ref.as.constructor = constructor;
    refer(checker, expr, ref);
    if (is_shared) {
        return value_meaning(checker->types->unknown);
    }
    lang_type *type = own_type(checker, constructor->owner);
    if (constructor->payload_count != 0) {
        type = lang_type_function_of(checker->types, constructor->payload,
                                     constructor->payload_count, type, false);
    }
    return (lang_meaning){.type = type,
                          .owner = constructor->owner,
                          .parameter_count = lang_type_symbol_arity(constructor->owner),
                          .is_constructor = true};
}

static lang_meaning native_meaning(lang_checker *checker, const lang_expr *expr,
                                   const vm_native *native)
{
    lang_ref ref = {.kind = LANG_REF_NATIVE};
    ref.as.native = native;
    bl_slice module = bl_slice_of(native->module->name);
    if ((native->flags & VM_EFFECT) != 0) {
        ref.effect = module;
    }
    refer(checker, expr, ref);
    if (native->function == NULL) {
        lang_need_library_source(checker->loader, native->module);
    }
    if (lang_is_handled(checker, module, bl_slice_of(native->name))) {
        return (lang_meaning){.type = checker->types->unknown, .is_handled = true};
    }
    if (!lang_native_is_known(checker, native)) {
        return value_meaning(checker->types->unknown);
    }
    lang_type *type = lang_native_signature(checker->loader, native);
    bool is_decode = bl_slice_equal(module, BL_SLICE("Row")) &&
                     bl_slice_equal(bl_slice_of(native->name), BL_SLICE("decode"));
    return (lang_meaning){.type = type,
                          .owner = native,
                          .parameter_count = lang_type_parameter_count(type, native),
                          .accepts_extra = (native->flags & VM_EXTRA_ARGS) != 0,
                          .is_row_decode = is_decode};
}

static lang_meaning missing_meaning(lang_checker *checker, const lang_expr *expr)
{
    refer(checker, expr, (lang_ref){.kind = LANG_REF_MISSING});
    return value_meaning(checker->types->unknown);
}

// ---- lower-case names ------------------------------------------------------------------------

static lang_meaning local_meaning(lang_checker *checker, const lang_expr *expr, uint32_t index)
{
    const lang_binding *binding = &checker->bindings[index];
    if (binding->function != NULL) {
        return function_meaning(checker, expr, binding->function);
    }
    if (index < checker->lambda_base && (binding->type->flags & LANG_TYPE_HAS_SCOPED) != 0) {
        checker->scoped_capture = index < checker->scoped_capture ? index : checker->scoped_capture;
    }
    lang_ref ref = {.kind = LANG_REF_LOCAL};
    ref.as.local = binding->pattern;
    refer(checker, expr, ref);
    return value_meaning(binding->type);
}

// False: nothing visible has exactly this name.
static bool find_value(lang_checker *checker, const lang_expr *expr, bl_slice name,
                       lang_meaning *meaning)
{
    const lang_entry *entry = lang_names_find(checker->names, name);
    if (entry == NULL) {
        return false;
    }
    if (entry->local != 0) {
        *meaning = local_meaning(checker, expr, entry->local - 1);
    } else if (entry->function != NULL) {
        *meaning = function_meaning(checker, expr, entry->function);
    } else if (entry->imported_function != NULL) {
        *meaning = function_meaning(checker, expr, entry->imported_function);
    } else {
        return false;
    }
    return true;
}

// `scope!` is the one operation of the library that has no module in front of it.
static const vm_native *bare_native(lang_checker *checker, bl_slice name)
{
    if (!bl_slice_equal(name, BL_SLICE("scope!"))) {
        return NULL;
    }
    const vm_module *module = vm_library_module(checker->loader->world.library, BL_SLICE("Scope"));
    return module == NULL ? NULL : vm_module_native(module, BL_SLICE("scope"));
}

static lang_meaning resolve_name(lang_checker *checker, const lang_expr *expr)
{
    bl_slice name = expr->as.name;
    lang_meaning meaning;
    if (find_value(checker, expr, name, &meaning)) {
        return meaning;
    }
    const vm_native *native = bare_native(checker, name);
    if (native != NULL) {
        return native_meaning(checker, expr, native);
    }
    if (has_bang(name) && find_value(checker, expr, lang_without_bang(name), &meaning)) {
        return meaning;
    }
    const lang_entry *entry = lang_names_find(checker->names, name);
    if (entry != NULL && entry->library != NULL) {
        refer(checker, expr, (lang_ref){.kind = LANG_REF_MODULE});
        return value_meaning(
            lang_type_module_of(checker->types, bl_slice_of(entry->library->name)));
    }
    refer(checker, expr, (lang_ref){.kind = LANG_REF_UNDEFINED});
    if (!bl_slice_equal(name, BL_SLICE("scope!"))) {
        lang_report_undefined(checker, expr->span, name);
    }
    return value_meaning(checker->types->unknown);
}

// ---- capitalised names -----------------------------------------------------------------------

static lang_constructor_symbol *builtin_constructor(lang_checker *checker, bl_slice name)
{
    lang_type_symbol *owners[3] = {checker->types->option, checker->types->result, NULL};
    if (checker->unit->is_library ||
        (checker->unit->has_prelude && checker->unit->prelude >= VM_PRELUDE_SCRIPT)) {
        owners[2] = checker->types->http_error;
    }
    for (size_t i = 0; i < BL_ARRAY_COUNT(owners) && owners[i] != NULL; i++) {
        for (uint32_t k = 0; k < owners[i]->constructor_count; k++) {
            if (bl_slice_equal(owners[i]->constructors[k].name, name)) {
                return &owners[i]->constructors[k];
            }
        }
    }
    return NULL;
}

// The constructors of that name: those of the file, else imported ones. NULL: none of these.
static const lang_constructor_node *constructors_of(const lang_entry *entry)
{
    if (entry == NULL) {
        return NULL;
    }
    return entry->constructors != NULL ? entry->constructors : entry->imported_constructors;
}

static bool find_constructor(lang_checker *checker, const lang_expr *expr, bl_slice name,
                             lang_meaning *meaning)
{
    const lang_entry *entry = lang_names_find(checker->names, name);
    const lang_constructor_node *node = constructors_of(entry);
    if (node != NULL) {
        *meaning = constructor_meaning(checker, expr, node->symbol, node->next != NULL);
        return true;
    }
    lang_constructor_symbol *builtin = builtin_constructor(checker, name);
    if (builtin == NULL) {
        return false;
    }
    *meaning = constructor_meaning(checker, expr, builtin, false);
    return true;
}

void lang_choose_shared_constructor(lang_checker *checker, const lang_expr *expr,
                                    uint32_t argument_count)
{
    lang_ref *ref = &checker->unit->refs[expr->id];
    if (expr->kind != LANG_EXPR_TYPE_NAME || ref->kind != LANG_REF_CONSTRUCTOR) {
        return;
    }
    const lang_constructor_node *node =
        constructors_of(lang_names_find(checker->names, expr->as.name));
    for (; node != NULL; node = node->next) {
        if (node->symbol->payload_count == argument_count) {
            ref->as.constructor = node->symbol;
            return;
        }
    }
}

// A type's name as a value: the type itself, with unknown arguments.
static lang_type *type_of_symbol(lang_checker *checker, lang_type_symbol *symbol)
{
    lang_define_type(checker, symbol);
    if (symbol->kind == LANG_SYMBOL_ALIAS) {
        return symbol->base == NULL ? checker->types->unknown
                                    : lang_type_erase(checker->types, symbol->base, symbol);
    }
    return lang_type_named_of(checker->types, symbol, NULL, 0);
}

static lang_meaning resolve_capitalised(lang_checker *checker, const lang_expr *expr)
{
    bl_slice name = expr->as.name;
    lang_meaning meaning;
    if (find_constructor(checker, expr, name, &meaning)) {
        return meaning;
    }
    lang_type_symbol *symbol = lang_find_type_symbol(checker, name);
    if (symbol != NULL && symbol->item != NULL) {
        lang_ref ref = {.kind = LANG_REF_TYPE};
        ref.as.type = symbol;
        refer(checker, expr, ref);
        return value_meaning(type_of_symbol(checker, symbol));
    }
    refer(checker, expr, (lang_ref){.kind = LANG_REF_MODULE});
    return value_meaning(lang_type_module_of(checker->types, name));
}

// ---- `Name.f` --------------------------------------------------------------------------------

typedef struct qualified {
    const lang_expr *expr; // The FIELD.
    bl_slice module;       // As known by its full name.
    bl_slice name;
    lang_span name_span;
    const lang_entry *entry; // Of the module's name; may be NULL.
} qualified;

static lang_meaning method_meaning(lang_checker *checker, const qualified *at,
                                   lang_trait_symbol *trait)
{
    lang_meaning meaning = {.type = checker->types->unknown, .trait = trait};
    uint32_t method = 0;
    while (method < trait->method_count && !bl_slice_equal(trait->methods[method], at->name)) {
        method++;
    }
    meaning.method = method;
    meaning.method_is_missing = method == trait->method_count;
    lang_ref ref = {.kind = meaning.method_is_missing ? LANG_REF_MISSING : LANG_REF_TRAIT_METHOD};
    ref.as.trait = trait;
    ref.method = method;
    refer(checker, at->expr, ref);
    return meaning;
}

static lang_function_symbol *exported_function(const lang_unit *unit, bl_slice name)
{
    const lang_state *state = (const lang_state *)unit;
    const lang_entry *entry = lang_names_find(&state->names, name);
    if ((entry == NULL || entry->function == NULL) && has_bang(name)) {
        entry = lang_names_find(&state->names, lang_without_bang(name));
    }
    return entry != NULL && entry->function != NULL && entry->function->is_exported
               ? entry->function
               : NULL;
}

static const lang_signature *operation_of(const lang_effect_symbol *effect, bl_slice name)
{
    bl_slice plain = lang_without_bang(name);
    for (uint32_t i = 0; effect != NULL && i < effect->syntax->count; i++) {
        if (bl_slice_equal(lang_without_bang(effect->syntax->operations[i].name.text), plain)) {
            return &effect->syntax->operations[i];
        }
    }
    return NULL;
}

static void refer_operation(lang_checker *checker, const qualified *at)
{
    refer(checker, at->expr, (lang_ref){.kind = LANG_REF_OPERATION, .effect = at->module});
}

static lang_meaning operation_meaning(lang_checker *checker, const qualified *at,
                                      const lang_effect_symbol *effect,
                                      const lang_signature *signature)
{
    refer_operation(checker, at);
    if (lang_is_handled(checker, at->module, at->name)) {
        return (lang_meaning){.type = checker->types->unknown, .is_handled = true};
    }
    lang_type *type = effect->unit->types[signature->id];
    return (lang_meaning){.type = type,
                          .owner = signature,
                          .parameter_count = lang_type_parameter_count(type, signature)};
}

static const vm_native *visible_native(const lang_checker *checker, const vm_module *module,
                                       bl_slice name)
{
    const vm_native *native =
        module == NULL ? NULL : vm_module_native(module, lang_without_bang(name));
    bool is_hidden =
        native != NULL && (native->flags & VM_INTERNAL) != 0 && !checker->unit->is_library;
    return is_hidden ? NULL : native;
}

static bool is_plain_enum(const lang_type_symbol *symbol)
{
    for (uint32_t i = 0; i < symbol->constructor_count; i++) {
        if (symbol->constructors[i].payload_count != 0) {
            return false;
        }
    }
    return true;
}

// `Color.to_string`, `Color.parse`. False: the enum has no such function.
static bool derived_meaning(lang_checker *checker, const qualified *at, lang_type_symbol *symbol,
                            lang_meaning *meaning)
{
    lang_types *types = checker->types;
    bool is_parse = bl_slice_equal(at->name, BL_SLICE("parse"));
    if (symbol == NULL || symbol->kind != LANG_SYMBOL_ENUM || !is_plain_enum(symbol) ||
        (!is_parse && !bl_slice_equal(at->name, BL_SLICE("to_string")))) {
        return false;
    }
    lang_ref ref = {.kind = is_parse ? LANG_REF_ENUM_PARSE : LANG_REF_ENUM_TO_STRING};
    ref.as.type = symbol;
    refer(checker, at->expr, ref);
    lang_type *type = lang_type_named_of(types, symbol, NULL, 0);
    lang_type *parsed = lang_type_result_of(types, type, types->string);
    *meaning =
        value_meaning(is_parse ? lang_type_function_of(types, &types->string, 1, parsed, false)
                               : lang_type_function_of(types, &type, 1, types->string, false));
    return true;
}

static void push_name(lang_checker *checker, lang_vector *names, bl_slice name)
{
    bl_slice *kept = bl_arena_alloc(checker->arena, sizeof(*kept));
    *kept = name;
    lang_vector_push(names, checker->arena, kept);
}

// What the module, effect or file has instead.
static void report_missing(lang_checker *checker, const qualified *at,
                           const lang_effect_symbol *effect, const vm_module *library)
{
    if (checker->silent != 0) {
        return;
    }
    lang_vector found = {0};
    const lang_unit *unit = at->entry == NULL ? NULL : at->entry->module;
    for (uint32_t i = 0; unit != NULL && i < unit->function_count; i++) {
        if (unit->functions[i]->is_exported) {
            push_name(checker, &found, unit->functions[i]->syntax->name.text);
        }
    }
    for (uint32_t i = 0; effect != NULL && i < effect->syntax->count; i++) {
        push_name(checker, &found, effect->syntax->operations[i].name.text);
    }
    for (uint32_t i = 0; library != NULL && i < library->native_count; i++) {
        const vm_native *native = &library->natives[i];
        if ((native->flags & VM_INTERNAL) == 0) {
            push_name(checker, &found,
                      bl_arena_format(checker->arena, "%s%s", native->name,
                                      (native->flags & VM_EFFECT) != 0 ? "!" : ""));
        }
    }
    bl_slice *names = bl_arena_alloc(checker->arena, (found.count + 1) * sizeof(*names));
    for (uint32_t i = 0; i < found.count; i++) {
        names[i] = *(bl_slice *)found.items[i];
    }
    lang_report_missing_symbol(checker, at->name_span, at->name, at->module, names, found.count);
}

static lang_type *field_of_value(lang_checker *checker, const lang_expr *expr, lang_type *type);

// A type's name, or a constructor, before the dot: what is left when no module is meant.
static lang_meaning type_member(lang_checker *checker, const qualified *at, const lang_expr *object)
{
    lang_type_symbol *symbol = lang_find_type_symbol(checker, at->module);
    if (symbol != NULL && symbol->kind == LANG_SYMBOL_ENUM) {
        if (is_plain_enum(symbol)) {
            lang_report(checker, LANG_TYP_015, at->name_span, "Enum `%.*s` has no method `%.*s`",
                        BL_SLICE_ARG(symbol->name), BL_SLICE_ARG(at->name));
        } else {
            lang_report(checker, LANG_TYP_015, at->name_span,
                        "Enum `%.*s` has payload variants; only enums without payloads have "
                        "to_string and parse",
                        BL_SLICE_ARG(symbol->name));
        }
        return missing_meaning(checker, at->expr);
    }
    lang_meaning value = resolve_capitalised(checker, object);
    lang_type *type = lang_type_erase(checker->types, value.type, value.owner);
    checker->unit->types[object->id] = type;
    return value_meaning(field_of_value(checker, at->expr, type));
}

static bool is_value(lang_checker *checker, bl_slice name)
{
    lang_type_symbol *symbol = lang_find_type_symbol(checker, name);
    return (symbol != NULL && symbol->item != NULL) ||
           constructors_of(lang_names_find(checker->names, name)) != NULL ||
           builtin_constructor(checker, name) != NULL;
}

// Everything that can stand in front of the dot with a function of that name behind it.
static bool find_member(lang_checker *checker, const qualified *at, lang_meaning *meaning)
{
    lang_trait_symbol *trait = lang_find_trait(checker, at->module);
    if (trait != NULL) {
        *meaning = method_meaning(checker, at, trait);
        return true;
    }
    lang_function_symbol *function = NULL;
    if (at->entry != NULL && at->entry->module != NULL) {
        function = exported_function(at->entry->module, at->name);
    }
    if (function != NULL) {
        *meaning = function_meaning(checker, at->expr, function);
        return true;
    }
    const lang_effect_symbol *effect = lang_find_effect(checker, at->module);
    const lang_signature *operation = operation_of(effect, at->name);
    if (operation != NULL) {
        *meaning = operation_meaning(checker, at, effect, operation);
        return true;
    }
    const vm_module *library = at->entry == NULL ? NULL : at->entry->library;
    const vm_native *native = visible_native(checker, library, at->name);
    if (native != NULL) {
        *meaning = native_meaning(checker, at->expr, native);
        return true;
    }
    if (lang_is_handled(checker, at->module, at->name)) {
        refer_operation(checker, at);
        *meaning = (lang_meaning){.type = checker->types->unknown, .is_handled = true};
        return true;
    }
    return derived_meaning(checker, at, lang_find_type_symbol(checker, at->module), meaning);
}

// object: the name before the dot; it is given the reference and type of a module if it is one.
static lang_meaning resolve_qualified(lang_checker *checker, const lang_expr *expr,
                                      const lang_expr *object, bl_slice module)
{
    qualified at = {.expr = expr,
                    .module = module,
                    .name = expr->as.field.name.text,
                    .name_span = expr->as.field.name.span,
                    .entry = lang_names_find(checker->names, module)};
    checker->unit->types[object->id] = lang_type_module_of(checker->types, module);
    refer(checker, object, (lang_ref){.kind = LANG_REF_MODULE});
    lang_meaning meaning;
    if (find_member(checker, &at, &meaning)) {
        return meaning;
    }
    const lang_effect_symbol *effect = lang_find_effect(checker, module);
    const vm_module *library = at.entry == NULL ? NULL : at.entry->library;
    if ((at.entry != NULL && at.entry->module != NULL) || effect != NULL || library != NULL) {
        report_missing(checker, &at, effect, library);
        return missing_meaning(checker, expr);
    }
    if (is_value(checker, module)) {
        return type_member(checker, &at, object);
    }
    if (has_bang(at.name)) { // An effect that nobody declares.
        refer_operation(checker, &at);
        return value_meaning(checker->types->unknown);
    }
    return missing_meaning(checker, expr);
}

// ---- fields ----------------------------------------------------------------------------------

static lang_type *field_of_value(lang_checker *checker, const lang_expr *expr, lang_type *type)
{
    lang_type *base = lang_type_base(checker->types, type);
    bl_slice name = expr->as.field.name.text;
    refer(checker, expr, (lang_ref){.kind = LANG_REF_NONE});
    if (lang_type_is_unknown(base)) {
        return checker->types->unknown;
    }
    lang_type *field = lang_type_field_of(checker->types, base, name);
    if (field != NULL) {
        return field;
    }
    if (base->shape == LANG_SHAPE_RECORD) {
        lang_report(checker, LANG_TYP_014, expr->as.field.name.span, "Record has no field `%.*s`",
                    BL_SLICE_ARG(name));
    } else if (base->shape == LANG_SHAPE_NAMED && base->symbol->kind == LANG_SYMBOL_STRUCT) {
        lang_report(checker, LANG_TYP_014, expr->as.field.name.span,
                    "Struct `%.*s` has no field `%.*s`", BL_SLICE_ARG(base->symbol->name),
                    BL_SLICE_ARG(name));
    } else if (checker->silent == 0) {
        lang_report(checker, LANG_TYP_015, expr->as.field.object->span,
                    "Type %.*s excludes field access",
                    BL_SLICE_ARG(lang_type_text(checker->types, base)));
    }
    return checker->types->unknown;
}

// The library module that a lower-case name before a dot stands for; NULL: it is a value.
static const vm_module *alias_module(lang_checker *checker, const lang_expr *object)
{
    const lang_entry *entry =
        object->kind == LANG_EXPR_NAME ? lang_names_find(checker->names, object->as.name) : NULL;
    bool is_value_name = entry != NULL && (entry->local != 0 || entry->function != NULL ||
                                           entry->imported_function != NULL);
    return entry == NULL || is_value_name ? NULL : entry->library;
}

static lang_meaning resolve_field(lang_checker *checker, const lang_expr *expr)
{
    const lang_expr *object = expr->as.field.object;
    if (object->kind == LANG_EXPR_TYPE_NAME) {
        return resolve_qualified(checker, expr, object, object->as.name);
    }
    const vm_module *alias = alias_module(checker, object);
    if (alias != NULL) {
        return resolve_qualified(checker, expr, object, bl_slice_of(alias->name));
    }
    lang_type *type = lang_check_expr(checker, object, NULL);
    if (type->shape == LANG_SHAPE_MODULE) { // A module in a variable: only known when it runs.
        refer(checker, expr, (lang_ref){.kind = LANG_REF_NONE});
        return value_meaning(checker->types->unknown);
    }
    return value_meaning(field_of_value(checker, expr, type));
}

// ---- public ----------------------------------------------------------------------------------

lang_meaning lang_resolve_callee(lang_checker *checker, const lang_expr *expr, lang_type *expected)
{
    lang_meaning meaning;
    if (expr->kind == LANG_EXPR_NAME) {
        meaning = resolve_name(checker, expr);
    } else if (expr->kind == LANG_EXPR_TYPE_NAME) {
        meaning = resolve_capitalised(checker, expr);
    } else if (expr->kind == LANG_EXPR_FIELD) {
        meaning = resolve_field(checker, expr);
    } else {
        return value_meaning(lang_check_expr(checker, expr, expected));
    }
    checker->unit->types[expr->id] = lang_type_erase(checker->types, meaning.type, meaning.owner);
    return meaning;
}

lang_type *lang_check_name(lang_checker *checker, const lang_expr *expr)
{
    lang_meaning meaning = lang_resolve_callee(checker, expr, NULL);
    if (meaning.trait != NULL) {
        bl_slice object = meaning.trait->name;
        lang_report(checker, LANG_TRT_004, expr->span,
                    "No impl of `%.*s` for `<unknown>`: a method must be called",
                    BL_SLICE_ARG(object));
    }
    return checker->unit->types[expr->id];
}
