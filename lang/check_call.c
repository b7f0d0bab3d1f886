// lang/check_call.c: calls and pipes.
//
// `a |> f(b)` is `f(a, b)`: both become a lang_call, whose argument 0 is the piped value if there
// is one; only codes and positions of diagnostics differ. The callee's type decides: a function's
// arguments are held against its parameters from left to right, variables of a generic callee
// being bound on the way; an Unknown callee's arguments are not looked at (but names in them are
// resolved, silently).
#include "lang/check.h"

#include <assert.h>

#define NO_POSITION UINT32_MAX // Of a named argument whose name is unknown.

void lang_check_arguments_silently(lang_checker *checker, const lang_call *call)
{
    for (uint32_t i = 0; i < call->argument_count; i++) {
        lang_check_silently(checker, call->arguments[i].value);
    }
}

static void check_arguments_loosely(lang_checker *checker, const lang_call *call)
{
    for (uint32_t i = 0; i < call->argument_count; i++) {
        lang_check_expr(checker, call->arguments[i].value, NULL);
    }
}

// ---- named arguments -------------------------------------------------------------------------

static void check_argument_names(lang_checker *checker, const lang_call *call)
{
    bool named = false;
    for (uint32_t i = 0; i < call->argument_count; i++) {
        const lang_argument *argument = &call->arguments[i];
        if (!lang_name_is_present(argument->name)) {
            if (named) {
                lang_report(checker, LANG_TYP_030, argument->span,
                            "Positional argument after named argument");
            }
            continue;
        }
        named = true;
        for (uint32_t k = 0; k < i; k++) {
            if (lang_name_is_present(call->arguments[k].name) &&
                bl_slice_equal(call->arguments[k].name.text, argument->name.text)) {
                lang_report(checker, LANG_TYP_031, argument->span, "Duplicate named argument: %.*s",
                            BL_SLICE_ARG(argument->name.text));
                break;
            }
        }
    }
}

static bool has_names(const lang_call *call)
{
    for (uint32_t i = 0; i < call->argument_count; i++) {
        if (lang_name_is_present(call->arguments[i].name)) {
            return true;
        }
    }
    return false;
}

static uint32_t find_parameter(const lang_function *function, bl_slice name)
{
    for (uint32_t i = 0; i < function->parameters.count; i++) {
        const lang_pattern *pattern = function->parameters.items[i].pattern;
        if (pattern->kind == LANG_PATTERN_NAME && bl_slice_equal(pattern->as.name, name)) {
            return i;
        }
    }
    return NO_POSITION;
}

static void report_unknown_name(lang_checker *checker, const lang_call *call,
                                const lang_function *function, const bool *is_filled, bl_slice name)
{
    bl_buffer rest = {0};
    for (uint32_t i = 0; i < function->parameters.count; i++) {
        const lang_pattern *pattern = function->parameters.items[i].pattern;
        if (!is_filled[i] && pattern->kind == LANG_PATTERN_NAME) {
            bl_buffer_format(&rest, "%s%.*s", rest.size == 0 ? "" : ", ",
                             BL_SLICE_ARG(pattern->as.name));
        }
    }
    if (rest.size == 0) {
        lang_report(checker, LANG_TYP_032, call->expr->span, "Unknown named argument: %.*s.",
                    BL_SLICE_ARG(name));
    } else {
        lang_report(checker, LANG_TYP_032, call->expr->span,
                    "Unknown named argument: %.*s. Did you mean: %.*s?", BL_SLICE_ARG(name),
                    BL_SLICE_ARG(bl_buffer_slice(&rest)));
    }
    bl_buffer_deinit(&rest);
}

// Which parameter each argument fills; NULL: as written.
static uint32_t *map_names(lang_checker *checker, const lang_call *call,
                           const lang_function *function)
{
    if (!has_names(call)) {
        return NULL;
    }
    uint32_t count = lang_call_count(call);
    uint32_t shift = count - call->argument_count;
    uint32_t *positions = bl_arena_alloc(checker->arena, (count + 1) * sizeof(*positions));
    bool *is_filled = bl_arena_alloc_zeroed(checker->arena, function->parameters.count + count + 1);
    uint32_t next = 0;
    for (uint32_t i = 0; i < count; i++) {
        const lang_argument *argument = i < shift ? NULL : &call->arguments[i - shift];
        if (argument == NULL || !lang_name_is_present(argument->name)) {
            positions[i] = next++;
        } else {
            positions[i] = find_parameter(function, argument->name.text);
            if (positions[i] != NO_POSITION && positions[i] < next) {
                lang_report(checker, LANG_TYP_031, argument->span, "Duplicate named argument: %.*s",
                            BL_SLICE_ARG(argument->name.text));
            }
        }
        if (positions[i] != NO_POSITION) {
            is_filled[positions[i]] = true;
        }
    }
    for (uint32_t i = shift; i < count; i++) {
        if (positions[i] == NO_POSITION) {
            report_unknown_name(checker, call, function, is_filled,
                                call->arguments[i - shift].name.text);
        }
    }
    return positions;
}

// ---- arguments -------------------------------------------------------------------------------

// `x |> f(y)?` is `x |> (f(y)?)`, which is seldom meant.
static void suggest_parentheses(lang_checker *checker, const lang_call *call,
                                lang_diagnostic *found)
{
    if (found != NULL && checker->piped_try == call->expr) {
        lang_suggest(checker, found, "rewrite", LANG_CONFIDENCE_NONE,
                     "Put the pipe in parentheses: (value |> f(…))?");
    }
}

static void report_count(lang_checker *checker, const lang_call *call, uint32_t wanted)
{
    uint32_t found = lang_call_count(call);
    if (call->is_bare) {
        lang_report(checker, LANG_TYP_018, call->count_span,
                    "Pipe function expects 1 argument, found %u", wanted);
    } else if (call->piped != NULL) {
        lang_report(checker, LANG_TYP_007, call->count_span,
                    "Pipe call expects %u arguments (including piped value), found %u", wanted,
                    found);
    } else {
        lang_diagnostic *report =
            lang_report(checker, LANG_TYP_007, call->count_span,
                        "Function call expects %u arguments, found %u", wanted, found);
        suggest_parentheses(checker, call, report);
    }
}

static void report_argument(lang_checker *checker, const lang_call *call, const lang_expr *value,
                            uint32_t position, lang_type *expected, lang_type *found)
{
    assert(value != NULL); // What is left out was reported before.
    if (call->piped != NULL) {
        lang_report_mismatch(checker, LANG_TYP_019, value->span, "Pipe argument", expected, found);
        return;
    }
    char what[32];
    snprintf(what, sizeof(what), "Argument %u", position + 1);
    lang_report_mismatch(checker, LANG_TYP_008, value->span, what, expected, found);
}

// Router.group(router, prefix, |g| g |> …): a function that builds the third argument stands for
// it. No other function has a router there.
static lang_type *builder_of(lang_checker *checker, uint32_t position, lang_type *parameter)
{
    lang_type *router = checker->types->router;
    return position == 2 && parameter == router
               ? lang_type_function_of(checker->types, &router, 1, router, false)
               : parameter;
}

static void check_argument(lang_checker *checker, const lang_call *call, uint32_t index,
                           uint32_t position, lang_type *scheme, lang_instance *instance,
                           lang_type *first_type)
{
    const lang_expr *value = lang_call_value(call, index);
    lang_type *parameter = position < scheme->count ? scheme->arguments[position] : NULL;
    if (value != NULL && value->kind == LANG_EXPR_LAMBDA) {
        parameter = builder_of(checker, position, parameter);
    }
    lang_type *expected = parameter == NULL ? NULL
                                            : lang_instance_apply(checker->types, instance,
                                                                  parameter, checker->types->open);
    lang_type *known = index == 0 && first_type != NULL ? first_type : NULL;
    if (known == NULL && index == 0 && call->piped != NULL) {
        known = call->piped_type;
    }
    lang_type *actual =
        known != NULL
            ? known
            : lang_check_expr(checker, value,
                              expected == NULL ? NULL : lang_as_expected(checker, expected));
    if (actual->shape == LANG_SHAPE_FUNCTION) {
        parameter = builder_of(checker, position, parameter);
    }
    if (parameter != NULL && !lang_instance_unify(checker->types, instance, parameter, actual) &&
        !(index == 0 && first_type != NULL)) {
        lang_type *wanted =
            lang_instance_apply(checker->types, instance, parameter, checker->types->unknown);
        report_argument(checker, call, value, position, wanted, actual);
    }
}

// In order of parameters: that is how they are evaluated, and how variables are bound.
static void check_in_order(lang_checker *checker, const lang_call *call, lang_type *scheme,
                           lang_instance *instance, const uint32_t *positions,
                           lang_type *first_type)
{
    uint32_t count = lang_call_count(call);
    if (positions == NULL) {
        for (uint32_t i = 0; i < count; i++) {
            check_argument(checker, call, i, i, scheme, instance, first_type);
        }
        return;
    }
    for (uint32_t position = 0; position < scheme->count; position++) {
        for (uint32_t i = 0; i < count; i++) {
            if (positions[i] == position) {
                check_argument(checker, call, i, position, scheme, instance, first_type);
            }
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        if (positions[i] >= scheme->count) {
            check_argument(checker, call, i, positions[i], scheme, instance, first_type);
        }
    }
}

lang_type *lang_check_arguments(lang_checker *checker, const lang_call *call, lang_type *scheme,
                                lang_instance *instance, const uint32_t *positions,
                                lang_type *first_type, bool accepts_extra)
{
    if (scheme->shape != LANG_SHAPE_FUNCTION) { // A method of a type that is too large.
        lang_check_arguments_silently(checker, call);
        return checker->types->unknown;
    }
    uint32_t count = lang_call_count(call);
    bool count_fits = count == scheme->count || (accepts_extra && count > scheme->count);
    if (!count_fits) {
        report_count(checker, call, scheme->count);
    }
    if (count_fits || !call->is_bare) {
        check_in_order(checker, call, scheme, instance, positions, first_type);
    }
    checker->unit->types[call->callee->id] =
        lang_instance_apply(checker->types, instance, scheme, checker->types->unknown);
    return lang_instance_apply(checker->types, instance, scheme->result, checker->types->unknown);
}

// ---- bounds ----------------------------------------------------------------------------------

static void report_bound(lang_checker *checker, const lang_call *call, lang_type *type,
                         bl_slice trait, bl_slice parameter)
{
    if (checker->silent == 0) {
        lang_report(checker, LANG_TRT_011, call->count_span,
                    "Type `%.*s` does not implement `%.*s` required by bound on `%.*s`",
                    BL_SLICE_ARG(lang_type_text(checker->types, type)), BL_SLICE_ARG(trait),
                    BL_SLICE_ARG(parameter));
    }
}

static lang_evidence bound_evidence(lang_checker *checker, const lang_call *call,
                                    lang_trait_symbol *trait, lang_type *type, bl_slice trait_name,
                                    bl_slice parameter)
{
    lang_evidence evidence = {.dispatch = LANG_DISPATCH_DYNAMIC, .trait = trait};
    bool is_met = lang_type_is_unknown(type) ||
                  (trait != NULL && lang_find_evidence(checker, trait, type, &evidence));
    if (!is_met) {
        report_bound(checker, call, type, trait_name, parameter);
    }
    return evidence;
}

void lang_check_bounds(lang_checker *checker, const lang_call *call,
                       const lang_function_symbol *function, const lang_instance *instance,
                       const uint32_t *positions)
{
    uint32_t count = function == NULL ? 0 : function->dictionary_count;
    if (count == 0 && positions == NULL) {
        return;
    }
    lang_evidence *list = bl_arena_alloc_zeroed(checker->arena, (count + 1) * sizeof(*list));
    uint32_t filled = 0;
    if (function != NULL && function->trait != NULL && function->impl == NULL) {
        filled = 1; // Self's dictionary is the evidence of the call itself.
    }
    for (uint32_t i = 0; count != 0 && i < function->syntax->type_parameters.count; i++) {
        const lang_type_parameter *parameter = &function->syntax->type_parameters.items[i];
        lang_type *type = i < instance->count ? instance->bindings[i] : NULL;
        type = type == NULL ? checker->types->unknown : type;
        for (uint32_t k = 0; k < parameter->bounds.count; k++, filled++) {
            list[filled] = bound_evidence(checker, call, function->dictionaries[filled].trait, type,
                                          parameter->bounds.items[k].text, parameter->name.text);
        }
    }
    lang_call_info *info = bl_arena_alloc_zeroed(checker->arena, sizeof(*info));
    *info = (lang_call_info){positions, count == 0 ? NULL : list, count};
    checker->unit->calls[call->expr->id] = info;
}

// ---- Row.decode ------------------------------------------------------------------------------

static bool is_column_type(lang_checker *checker, lang_type *type, bool in_option)
{
    lang_type *base = lang_type_base(checker->types, type);
    switch ((int)base->shape) {
    case LANG_SHAPE_INT:
    case LANG_SHAPE_FLOAT:
    case LANG_SHAPE_STRING:
    case LANG_SHAPE_BOOL:
    case LANG_SHAPE_UNKNOWN:
        return true;
    case LANG_SHAPE_NAMED:
        return !in_option && base->symbol == checker->types->option &&
               is_column_type(checker, base->arguments[0], true);
    default: // No column holds anything else.
        return false;
    }
}

static void check_columns(lang_checker *checker, const lang_expr *name,
                          const lang_type_symbol *symbol)
{
    for (uint32_t i = 0; i < symbol->field_count; i++) {
        lang_type *type = symbol->field_types[i];
        if (checker->silent == 0 && !is_column_type(checker, type, false)) {
            lang_report(checker, LANG_TYP_042, name->span,
                        "Row.decode: field '%.*s' has type %.*s which cannot be decoded from SQL",
                        BL_SLICE_ARG(symbol->field_names[i]),
                        BL_SLICE_ARG(lang_type_text(checker->types, type)));
        }
    }
}

static lang_type *check_row_decode(lang_checker *checker, const lang_call *call)
{
    lang_types *types = checker->types;
    if (lang_call_count(call) != 2) {
        lang_report(checker, LANG_TYP_040, call->count_span,
                    "Row.decode expects 2 arguments: (row, TypeName)");
        lang_check_arguments_silently(checker, call);
        return types->unknown;
    }
    const lang_expr *row = lang_call_value(call, 0);
    lang_type *row_type =
        call->piped != NULL ? call->piped_type : lang_check_expr(checker, row, NULL);
    lang_type *base = lang_type_base(types, row_type);
    if (base->shape != LANG_SHAPE_ROW && !lang_type_is_unknown(base) && checker->silent == 0) {
        lang_report(checker, LANG_TYP_040, row->span,
                    "Row.decode: first argument must be Row, found %.*s",
                    BL_SLICE_ARG(lang_type_text(types, row_type)));
    }
    const lang_expr *name = lang_call_value(call, 1);
    lang_type *type = lang_check_silently(checker, name);
    bool is_struct = name->kind == LANG_EXPR_TYPE_NAME && type->shape == LANG_SHAPE_NAMED &&
                     type->symbol->kind == LANG_SYMBOL_STRUCT &&
                     checker->unit->refs[name->id].kind == LANG_REF_TYPE;
    if (!is_struct) {
        bl_slice text = lang_source_slice(&checker->unit->source, name->span);
        lang_report(checker, LANG_TYP_041, name->span,
                    "Row.decode: '%.*s' is not a known struct type", BL_SLICE_ARG(text));
        return types->unknown;
    }
    check_columns(checker, name, type->symbol);
    return type;
}

// ---- calls -----------------------------------------------------------------------------------

static void check_style(lang_checker *checker, const lang_call *call, const lang_meaning *meaning)
{
    bool is_unknown = meaning->trait == NULL && lang_type_is_unknown(meaning->type);
    if (call->piped != NULL || call->argument_count != 1 || is_unknown ||
        lang_name_is_present(call->arguments[0].name) ||
        call->arguments[0].value->kind != LANG_EXPR_CALL) {
        return;
    }
    const lang_expr *inner = call->arguments[0].value->as.call.callee;
    bool inner_constructs = checker->unit->refs[inner->id].kind == LANG_REF_CONSTRUCTOR;
    if (meaning->is_constructor && inner_constructs) {
        return;
    }
    lang_diagnostic *found =
        lang_report(checker, LANG_STY_001, call->expr->span, "Nested call could use pipe syntax");
    if (found != NULL) {
        const lang_source *source = &checker->unit->source;
        bl_slice value = lang_source_slice(source, call->arguments[0].value->span);
        bl_slice callee = lang_source_slice(source, call->callee->span);
        lang_suggest(checker, found, "rewrite", LANG_CONFIDENCE_NONE, "%.*s |> %.*s",
                     BL_SLICE_ARG(value), BL_SLICE_ARG(callee));
    }
}

static lang_type *call_function(lang_checker *checker, const lang_call *call,
                                const lang_meaning *meaning, lang_type *scheme)
{
    uint32_t *positions =
        meaning->function == NULL ? NULL : map_names(checker, call, meaning->function->syntax);
    lang_instance instance;
    lang_instance_init(&instance, checker->types, meaning->owner, meaning->parameter_count);
    lang_type *result = lang_check_arguments(checker, call, scheme, &instance, positions, NULL,
                                             meaning->accepts_extra);
    lang_check_bounds(checker, call, meaning->function, &instance, positions);
    return result;
}

static lang_type *report_no_function(lang_checker *checker, const lang_call *call, lang_type *type)
{
    lang_check_arguments_silently(checker, call);
    if (checker->silent != 0) {
        return checker->types->unknown;
    }
    bl_slice text = lang_type_text(checker->types, type);
    if (call->piped != NULL) {
        lang_report(checker, LANG_TYP_020, call->count_span,
                    "Pipe target is not a function, it is %.*s", BL_SLICE_ARG(text));
    } else {
        lang_report(checker, LANG_TYP_009, call->callee->span,
                    "Called expression is not a function, it is %.*s", BL_SLICE_ARG(text));
    }
    return checker->types->unknown;
}

static lang_type *check_unknown_callee(lang_checker *checker, const lang_call *call,
                                       const lang_meaning *meaning)
{
    lang_choose_shared_constructor(checker, call->callee, lang_call_count(call));
    if (call->piped != NULL && !meaning->is_handled) {
        check_arguments_loosely(checker, call);
    } else {
        lang_check_arguments_silently(checker, call);
    }
    return checker->types->unknown;
}

static lang_type *check_call(lang_checker *checker, const lang_call *call)
{
    check_argument_names(checker, call);
    lang_meaning meaning = lang_resolve_callee(checker, call->callee, NULL);
    lang_type *type = lang_type_base(checker->types, meaning.type);
    lang_type *result;
    if (meaning.is_row_decode) {
        result = check_row_decode(checker, call);
    } else if (meaning.trait != NULL) {
        result = lang_check_method_call(checker, call, &meaning);
    } else if (meaning.is_handled || lang_type_is_unknown(type)) {
        result = check_unknown_callee(checker, call, &meaning);
    } else if (type->shape == LANG_SHAPE_FUNCTION) {
        result = call_function(checker, call, &meaning, type);
    } else {
        result = report_no_function(checker, call,
                                    lang_type_erase(checker->types, meaning.type, meaning.owner));
    }
    check_style(checker, call, &meaning);
    return result;
}

lang_type *lang_check_call(lang_checker *checker, const lang_expr *expr, lang_type *expected)
{
    lang_call call = {.expr = expr,
                      .callee = expr->as.call.callee,
                      .expected = expected,
                      .arguments = expr->as.call.arguments,
                      .argument_count = expr->as.call.count,
                      .count_span = expr->span};
    return check_call(checker, &call);
}

// ---- pipes -----------------------------------------------------------------------------------

static lang_type *pipe_into_lambda(lang_checker *checker, const lang_expr *expr, lang_type *left)
{
    const lang_expr *lambda = expr->as.binary.right;
    lang_type *expected =
        lang_type_function_of(checker->types, &left, 1, checker->types->open, false);
    lang_type *type = lang_check_expr(checker, lambda, expected);
    if (type->shape != LANG_SHAPE_FUNCTION) {
        return checker->types->unknown;
    }
    if (type->count != 1) {
        lang_report(checker, LANG_TYP_018, lambda->span,
                    "Pipe function expects 1 argument, found %u", type->count);
    }
    return type->result;
}

lang_type *lang_check_pipe(lang_checker *checker, const lang_expr *expr)
{
    const lang_expr *right = expr->as.binary.right;
    lang_type *left = lang_check_expr(checker, expr->as.binary.left, NULL);
    if (right->kind == LANG_EXPR_LAMBDA) {
        return pipe_into_lambda(checker, expr, left);
    }
    lang_call call = {.expr = expr,
                      .callee = right,
                      .piped = expr->as.binary.left,
                      .piped_type = left,
                      .is_bare = true,
                      .count_span = right->span};
    if (right->kind == LANG_EXPR_CALL) {
        call.is_bare = false;
        call.callee = right->as.call.callee;
        call.arguments = right->as.call.arguments;
        call.argument_count = right->as.call.count;
    }
    checker->piped_try = right->kind == LANG_EXPR_TRY ? right->as.operand : NULL;
    lang_type *result = check_call(checker, &call);
    if (!call.is_bare) {
        checker->unit->types[right->id] = result;
    }
    return result;
}
