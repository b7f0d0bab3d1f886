// lang/check_data.c: literals of data: records, structs, updates, lists, maps, lambdas.
//
// Where Unknown is asked for (`Response.json({ … })`), nothing in a literal needs to agree with
// anything; that wish is passed down. Otherwise the elements of lists, tuples and maps are checked
// on their own, and only fields pass their expected types on to lambdas and holes.
#include "lang/check.h"

// Unknown if that is what is asked for, else nothing.
static lang_type *loose(const lang_checker *checker, lang_type *expected)
{
    return expected == checker->types->unknown ? expected : NULL;
}

// ---- collections -----------------------------------------------------------------------------

lang_type *lang_check_tuple(lang_checker *checker, const lang_expr *expr, lang_type *expected)
{
    uint32_t count = expr->as.list.count;
    lang_type **types = bl_arena_alloc(checker->arena, (count + 1) * sizeof(*types));
    for (uint32_t i = 0; i < count; i++) {
        lang_type *part =
            expected != NULL && expected->shape == LANG_SHAPE_TUPLE && expected->count == count
                ? expected->arguments[i]
                : expected;
        types[i] = lang_check_expr(checker, expr->as.list.items[i], loose(checker, part));
    }
    return lang_type_tuple_of(checker->types, types, count);
}

// Unknown where a list of Unknown, or Unknown, is asked for.
static lang_type *expected_element(const lang_checker *checker, lang_type *expected)
{
    if (expected == NULL) {
        return NULL;
    }
    bool is_list = expected->shape == LANG_SHAPE_LIST || expected->shape == LANG_SHAPE_SET;
    return loose(checker, is_list ? expected->arguments[0] : expected);
}

lang_type *lang_check_list(lang_checker *checker, const lang_expr *expr, lang_type *expected)
{
    lang_type *wanted = expected_element(checker, expected);
    lang_type *declared = expected != NULL && expected->shape == LANG_SHAPE_LIST
                              ? lang_as_expected(checker, expected->arguments[0])
                              : wanted;
    const lang_expr_list *items = &expr->as.list;
    lang_joint elements = {0};
    for (uint32_t i = 0; i < items->count; i++) {
        lang_type *type = lang_check_expr(checker, items->items[i], wanted);
        if (elements.first != NULL && lang_agree(checker, elements.first, type, declared) == NULL) {
            lang_report_mismatch(checker, LANG_TYP_016, items->items[i]->span, "List element type",
                                 elements.first, type);
        } else {
            lang_join(checker, &elements, type);
        }
    }
    return lang_type_list_of(checker->types,
                             items->count == 0 ? checker->types->unknown : elements.all);
}

lang_type *lang_check_set(lang_checker *checker, const lang_expr *expr, lang_type *expected)
{
    lang_type *wanted = expected_element(checker, expected);
    lang_joint elements = {0};
    for (uint32_t i = 0; i < expr->as.list.count; i++) {
        lang_join(checker, &elements, lang_check_expr(checker, expr->as.list.items[i], wanted));
    }
    return lang_type_set_of(checker->types, elements.all);
}

lang_type *lang_check_map(lang_checker *checker, const lang_expr *expr, lang_type *expected)
{
    lang_types *types = checker->types;
    if (expr->as.map.count == 0) {
        return lang_type_map_of(types, types->unknown, types->unknown);
    }
    bool is_map = expected != NULL && expected->shape == LANG_SHAPE_MAP;
    lang_type *wanted_key = loose(checker, is_map ? expected->arguments[0] : expected);
    lang_type *wanted_value = loose(checker, is_map ? expected->arguments[1] : expected);
    lang_joint keys = {0};
    lang_joint values = {0};
    for (uint32_t i = 0; i < expr->as.map.count; i++) {
        const lang_map_entry *entry = &expr->as.map.entries[i];
        lang_join(checker, &keys, lang_check_expr(checker, entry->key, wanted_key));
        lang_join(checker, &values, lang_check_expr(checker, entry->value, wanted_value));
    }
    return lang_type_map_of(types, keys.all, values.all);
}

// ---- records ---------------------------------------------------------------------------------

static void check_field_name(lang_checker *checker, const lang_field_name *name)
{
    if (name->interpolation.start != name->interpolation.end) {
        lang_report(checker, LANG_TYP_030, name->interpolation,
                    "Interpolation is not allowed in quoted field names");
    }
}

lang_type *lang_check_record(lang_checker *checker, const lang_expr *expr, lang_type *expected)
{
    uint32_t count = expr->as.record.count;
    lang_type *base = expected == NULL ? NULL : lang_type_base(checker->types, expected);
    lang_type_field_entry *fields = bl_arena_alloc(checker->arena, (count + 1) * sizeof(*fields));
    for (uint32_t i = 0; i < count; i++) {
        const lang_field *field = &expr->as.record.fields[i];
        check_field_name(checker, &field->name);
        lang_type *wanted = loose(checker, base);
        if (base != NULL && base->shape == LANG_SHAPE_RECORD) {
            wanted = lang_type_field_of(checker->types, base, field->name.text);
        }
        fields[i] = (lang_type_field_entry){field->name.text,
                                            lang_check_expr(checker, field->value, wanted)};
    }
    return lang_type_record_of(checker->types, fields, count, (bl_slice){0});
}

static void report_field_type(lang_checker *checker, lang_code code, const lang_field *field,
                              lang_type *expected, lang_type *found)
{
    if (checker->silent == 0) {
        bl_slice expected_text = lang_type_text(checker->types, expected);
        bl_slice found_text = lang_type_text(checker->types, found);
        lang_report(checker, code, field->value->span, "Field `%.*s` expects %.*s, found %.*s",
                    BL_SLICE_ARG(field->name.text), BL_SLICE_ARG(expected_text),
                    BL_SLICE_ARG(found_text));
    }
}

static void report_no_field(lang_checker *checker, lang_code code, const lang_field *field,
                            const lang_type_symbol *symbol)
{
    lang_diagnostic *found =
        lang_report(checker, code, field->name.span, "Struct `%.*s` has no field `%.*s`",
                    BL_SLICE_ARG(symbol->name), BL_SLICE_ARG(field->name.text));
    bl_slice similar = found == NULL ? (bl_slice){0}
                                     : lang_similar_name(field->name.text, symbol->field_names,
                                                         symbol->field_count);
    if (similar.data != NULL) {
        lang_suggest(checker, found, "replace", 0.8, "Did you mean `%.*s`?", BL_SLICE_ARG(similar));
    }
}

// ---- structs ---------------------------------------------------------------------------------

// The declared type of a field, its parameters not replaced; NULL: no such field.
static lang_type *declared_field(const lang_type_symbol *symbol, bl_slice name)
{
    uint32_t index = lang_type_symbol_field(symbol, name);
    return index == LANG_NO_MEMBER ? NULL : symbol->field_types[index];
}

static void check_struct_field(lang_checker *checker, const lang_field *field,
                               const lang_type_symbol *symbol, lang_instance *instance,
                               bool is_update)
{
    lang_types *types = checker->types;
    check_field_name(checker, &field->name);
    lang_type *scheme = declared_field(symbol, field->name.text);
    if (scheme == NULL) {
        report_no_field(checker, is_update ? LANG_TYP_029 : LANG_TYP_011, field, symbol);
        lang_check_expr(checker, field->value, NULL);
        return;
    }
    lang_type *expected = lang_instance_apply(types, instance, scheme, types->open);
    lang_type *found = lang_check_expr(checker, field->value, lang_as_expected(checker, expected));
    if (!lang_instance_unify(types, instance, scheme, found)) {
        report_field_type(checker, is_update ? LANG_TYP_028 : LANG_TYP_010, field,
                          lang_instance_apply(types, instance, scheme, types->unknown), found);
    }
}

static void check_missing_fields(lang_checker *checker, const lang_expr *expr,
                                 const lang_type_symbol *symbol)
{
    bool *is_given = bl_arena_alloc_zeroed(checker->arena, symbol->field_count + 1);
    for (uint32_t i = 0; i < expr->as.record.count; i++) {
        uint32_t index = lang_type_symbol_field(symbol, expr->as.record.fields[i].name.text);
        if (index != LANG_NO_MEMBER) {
            is_given[index] = true;
        }
    }
    for (uint32_t i = 0; i < symbol->field_count; i++) {
        bl_slice name = symbol->field_names[i];
        if (!is_given[lang_type_symbol_field(symbol, name)]) { // The last one of that name counts.
            lang_report(checker, LANG_TYP_012, expr->span, "Missing field `%.*s`",
                        BL_SLICE_ARG(name));
        }
    }
}

// The struct that a name denotes, by way of aliases and refinements; NULL: none.
static lang_type *struct_named(lang_checker *checker, bl_slice name)
{
    lang_type_symbol *symbol = lang_find_type_symbol(checker, name);
    if (symbol == NULL) {
        return NULL;
    }
    lang_define_type(checker, symbol);
    lang_type *type = symbol->kind == LANG_SYMBOL_ALIAS && symbol->base != NULL
                          ? symbol->base
                          : lang_type_named_of(checker->types, symbol, NULL, 0);
    type = lang_type_base(checker->types, type);
    bool is_struct = type->shape == LANG_SHAPE_NAMED && type->symbol->kind == LANG_SYMBOL_STRUCT;
    return is_struct ? type : NULL;
}

static void check_base(lang_checker *checker, const lang_expr *base, lang_type *type,
                       lang_instance *instance)
{
    lang_type *found = lang_check_expr(checker, base, NULL);
    lang_type *value = lang_type_base(checker->types, found);
    bool fits = lang_type_is_unknown(value) ||
                (value->shape == LANG_SHAPE_NAMED && value->symbol == type->symbol);
    if (!fits && checker->silent == 0) {
        lang_report(checker, LANG_TYP_027, base->span,
                    "Record update requires a record or struct, found %.*s",
                    BL_SLICE_ARG(lang_type_text(checker->types, found)));
    }
    for (uint32_t i = 0; fits && i < value->count; i++) {
        instance->bindings[i] = value->arguments[i];
    }
}

lang_type *lang_check_struct(lang_checker *checker, const lang_expr *expr)
{
    lang_types *types = checker->types;
    lang_name name = expr->as.record.type_name;
    lang_type *type = struct_named(checker, name.text);
    const lang_expr *base = expr->as.record.base;
    if (type == NULL) {
        lang_report(checker, LANG_TYP_013, name.span, "Unknown type `%.*s`",
                    BL_SLICE_ARG(name.text));
        if (base != NULL) {
            lang_check_silently(checker, base);
        }
        for (uint32_t i = 0; i < expr->as.record.count; i++) {
            lang_check_silently(checker, expr->as.record.fields[i].value);
        }
        checker->unit->refs[expr->id] = (lang_ref){.kind = LANG_REF_UNDEFINED};
        return types->unknown;
    }
    lang_type_symbol *symbol = type->symbol;
    checker->unit->refs[expr->id] = (lang_ref){.kind = LANG_REF_TYPE};
    checker->unit->refs[expr->id].as.type = symbol;
    lang_instance instance;
    lang_instance_init(&instance, types, symbol, type->count);
    for (uint32_t i = 0; i < type->count; i++) { // An alias may fix the arguments.
        bool is_fixed = !lang_type_is_unknown(type->arguments[i]) &&
                        (type->arguments[i]->flags & LANG_TYPE_HAS_PARAMETER) == 0;
        instance.bindings[i] = is_fixed ? type->arguments[i] : NULL;
    }
    if (base != NULL) {
        check_base(checker, base, type, &instance);
    }
    for (uint32_t i = 0; i < expr->as.record.count; i++) {
        check_struct_field(checker, &expr->as.record.fields[i], symbol, &instance, base != NULL);
    }
    if (base == NULL && checker->silent == 0) {
        check_missing_fields(checker, expr, symbol);
    }
    lang_type **arguments = bl_arena_alloc(checker->arena, (type->count + 1) * sizeof(*arguments));
    for (uint32_t i = 0; i < type->count; i++) {
        arguments[i] = instance.bindings[i] == NULL ? types->unknown : instance.bindings[i];
    }
    return lang_type_named_of(types, symbol, arguments, type->count);
}

// ---- updates ---------------------------------------------------------------------------------

static lang_type *update_struct(lang_checker *checker, const lang_expr *expr, lang_type *type)
{
    lang_instance instance;
    lang_instance_init(&instance, checker->types, type->symbol, type->count);
    for (uint32_t i = 0; i < type->count; i++) {
        instance.bindings[i] = type->arguments[i];
    }
    for (uint32_t i = 0; i < expr->as.record.count; i++) {
        check_struct_field(checker, &expr->as.record.fields[i], type->symbol, &instance, true);
    }
    return lang_type_named_of(checker->types, type->symbol, instance.bindings, type->count);
}

static lang_type *update_record(lang_checker *checker, const lang_expr *expr, lang_type *type)
{
    bool is_record = type->shape == LANG_SHAPE_RECORD;
    uint32_t old_count = is_record ? type->count : 0;
    uint32_t count = old_count + expr->as.record.count;
    lang_type_field_entry *fields = bl_arena_alloc(checker->arena, (count + 1) * sizeof(*fields));
    for (uint32_t i = 0; i < old_count; i++) {
        fields[i] = (lang_type_field_entry){type->field_names[i], type->arguments[i]};
    }
    for (uint32_t i = 0; i < expr->as.record.count; i++) {
        const lang_field *field = &expr->as.record.fields[i];
        check_field_name(checker, &field->name);
        lang_type *old = lang_type_field_of(checker->types, type, field->name.text);
        lang_type *found = lang_check_expr(checker, field->value, old);
        if (old != NULL && !lang_type_is_compatible(checker->types, found, old)) {
            report_field_type(checker, LANG_TYP_028, field, old, found);
        }
        fields[old_count + i] = (lang_type_field_entry){field->name.text, found};
    }
    return is_record ? lang_type_record_of(checker->types, fields, count, type->name) : type;
}

lang_type *lang_check_update(lang_checker *checker, const lang_expr *expr)
{
    lang_type *found = lang_check_expr(checker, expr->as.record.base, NULL);
    lang_type *type = lang_type_base(checker->types, found);
    if (type->shape == LANG_SHAPE_NAMED && type->symbol->kind == LANG_SYMBOL_STRUCT) {
        return update_struct(checker, expr, type);
    }
    if (type->shape == LANG_SHAPE_RECORD || type->shape == LANG_SHAPE_REQUEST) {
        return update_record(checker, expr, type);
    }
    if (!lang_type_is_unknown(type) && checker->silent == 0) {
        lang_report(checker, LANG_TYP_027, expr->as.record.base->span,
                    "Record update requires a record or struct, found %.*s",
                    BL_SLICE_ARG(lang_type_text(checker->types, found)));
    }
    for (uint32_t i = 0; i < expr->as.record.count; i++) {
        check_field_name(checker, &expr->as.record.fields[i].name);
        lang_check_expr(checker, expr->as.record.fields[i].value, NULL);
    }
    return checker->types->unknown;
}

// ---- lambdas ---------------------------------------------------------------------------------

static bool takes_handle(const lang_type *function)
{
    for (uint32_t i = 0; function != NULL && i < function->count; i++) {
        if (function->arguments[i]->shape == LANG_SHAPE_SCOPED) {
            return true;
        }
    }
    return false;
}

lang_type *lang_check_lambda(lang_checker *checker, const lang_expr *expr, lang_type *expected)
{
    lang_types *types = checker->types;
    const lang_pattern_list *parameters = &expr->as.lambda.parameters;
    lang_type *wanted = expected == NULL ? NULL : lang_type_base(types, expected);
    if (wanted != NULL &&
        (wanted->shape != LANG_SHAPE_FUNCTION || wanted->count != parameters->count)) {
        wanted = NULL;
    }
    uint32_t outer_base = checker->lambda_base;
    uint32_t outer_capture = checker->scoped_capture;
    uint32_t mark = lang_scope_enter(checker);
    checker->lambda_base = mark;
    checker->scoped_capture = UINT32_MAX;
    lang_type **list = bl_arena_alloc(checker->arena, (parameters->count + 1) * sizeof(*list));
    for (uint32_t i = 0; i < parameters->count; i++) {
        list[i] = wanted == NULL ? types->unknown : wanted->arguments[i];
        list[i] = list[i] == types->open ? types->unknown : list[i];
        lang_check_pattern(checker, parameters->items[i], list[i], false);
    }
    lang_type *result =
        lang_check_expr(checker, expr->as.lambda.body,
                        wanted == NULL ? NULL : lang_as_expected(checker, wanted->result));
    lang_scope_leave(checker, mark);
    bool captures = checker->scoped_capture < mark;
    checker->lambda_base = outer_base;
    if (outer_capture < checker->scoped_capture) {
        checker->scoped_capture = outer_capture;
    }
    if (takes_handle(wanted) && (result->flags & LANG_TYPE_HAS_SCOPED) != 0) {
        lang_report(checker, LANG_RES_001, expr->span,
                    "scoped resource handle cannot escape closure");
    }
    return lang_type_function_of(types, list, parameters->count, result, captures);
}
