// lang/lower_name.c: names as values: locals, functions, constructors, natives, and the functions
// that the compiler makes for them. A function with hidden parameters, used as a value, is a
// closure that holds them.
#include "lang/lower.h"

#include "lang/types.h"
#include "vm/faults.h"

vm_value lower_function_value(ir_function *function)
{
    function->escapes = true;
    return (vm_value){.function = function->target, .tag = VM_FUNCTION};
}

ir_function *lower_helper_begin(lower_program *program, lower_context *context, const char *name,
                                uint32_t param_count)
{
    ir_function *function = ir_function_new(
        program->ir, name, lower_text(program, program->world->main->source.path), 1);
    function->flags = VM_FUNCTION_INTERNAL;
    function->param_count = param_count;
    for (uint32_t i = 0; i <= param_count; i++) {
        (void)ir_variable_new(function, NULL);
    }
    lower_context_init(context, program, program->world->main, function, NULL);
    return function;
}

ir_function *lower_helper_find(lower_program *program, bl_slice key)
{
    return ir_table_get(&program->helpers, key);
}

static vm_value module_value(lower_program *program, bl_slice name)
{
    return (vm_value){.string = ir_string(program->ir, name), .tag = VM_MODULE};
}

// ---- constructors, operations, natives -------------------------------------------------------

static ir_function *constructor_function(lower_program *program, bl_slice name, uint32_t arity)
{
    bl_slice key = bl_arena_format(program->arena, "ctor %.*s/%u", BL_SLICE_ARG(name), arity);
    ir_function *function = lower_helper_find(program, key);
    if (function == NULL) {
        lower_context context;
        function = lower_helper_begin(program, &context, lower_text(program, name), arity);
        ir_table_put(&program->helpers, program->arena, key, function);
        ir_var *args = bl_arena_alloc(program->arena, (arity + 1) * sizeof *args);
        for (uint32_t i = 0; i < arity; i++) {
            args[i] = i;
        }
        ir_var result = lower_new(&context, NULL);
        lower_return(&context, lower_variant(&context, name, args, arity, result));
    }
    return function;
}

static ir_function *operation_function(lower_program *program, const vm_native *native,
                                       bl_slice effect, bl_slice name, uint32_t arity)
{
    bl_slice key = bl_arena_format(program->arena, "operation %.*s.%.*s", BL_SLICE_ARG(effect),
                                   BL_SLICE_ARG(name));
    ir_function *function = lower_helper_find(program, key);
    if (function == NULL) {
        lower_context context;
        function = lower_helper_begin(program, &context, lower_text(program, name), arity);
        ir_table_put(&program->helpers, program->arena, key, function);
        ir_var params[16];
        for (uint32_t i = 0; i < arity && i < 16; i++) {
            params[i] = i;
        }
        if (native != NULL) {
            lower_native_call(&context, native, effect, params, arity, LOWER_TAIL);
        } else {
            lower_operation_call(&context, effect, name, params, arity, LOWER_TAIL);
        }
    }
    return function;
}

static vm_value native_value(lower_program *program, const lang_ref *ref)
{
    const vm_native *native = ref->as.native;
    bl_slice name = bl_slice_of(native->name);
    bool handled = (native->flags & VM_EFFECT) != 0 && native->module != NULL &&
                   lower_is_handled(program, ref->effect, name);
    if (handled) {
        return lower_function_value(
            operation_function(program, native, ref->effect, name, native->arity));
    }
    const lang_function_symbol *source = lower_native_source(program, native);
    if (source != NULL) {
        return lower_function_value(
            lower_function(program, (lang_function_symbol *)(uintptr_t)source));
    }
    return (vm_value){.native = native, .tag = VM_NATIVE};
}

// How many arguments an operation of a declared effect takes; 0 if it is not declared.
uint32_t lower_operation_arity(lower_program *program, bl_slice effect, bl_slice name)
{
    lang_world *world = program->world;
    for (uint32_t i = world->unit_count; i > 0; i--) {
        const lang_unit *unit = world->units[i - 1];
        for (uint32_t j = 0; j < unit->effect_count; j++) {
            const lang_effect_definition *syntax = unit->effects[j]->syntax;
            if (!bl_slice_equal(unit->effects[j]->name, effect)) {
                continue;
            }
            for (uint32_t k = 0; k < syntax->count; k++) {
                if (bl_slice_equal(lower_operation_name(syntax->operations[k].name.text), name)) {
                    return syntax->operations[k].parameters.count;
                }
            }
        }
    }
    return 0;
}

// ---- enums -----------------------------------------------------------------------------------

static bl_slice snake_case(lower_program *program, bl_slice name)
{
    char *out = bl_arena_alloc(program->arena, name.size * 2 + 1);
    size_t size = 0;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        if (c >= 'A' && c <= 'Z') {
            if (i > 0) {
                out[size++] = '_';
            }
            c = (char)(c - 'A' + 'a');
        }
        out[size++] = c;
    }
    return (bl_slice){out, size};
}

static bl_slice type_key(lower_program *program, const char *what, const lang_type_symbol *type)
{
    return bl_arena_format(program->arena, "%s %p", what, (const void *)type);
}

ir_function *lower_enum_to_string(lower_program *program, lang_type_symbol *type)
{
    bl_slice key = type_key(program, "to_string", type);
    ir_function *function = lower_helper_find(program, key);
    if (function != NULL) {
        return function;
    }
    lower_context context;
    function = lower_helper_begin(program, &context, "to_string", 1);
    ir_table_put(&program->helpers, program->arena, key, function);
    for (uint32_t i = 0; i < type->constructor_count; i++) {
        bl_slice name = type->constructors[i].name;
        ir_block *yes = ir_block_new(function);
        ir_block *no = ir_block_new(function);
        ir_instruction *test = lower_emit(&context, IR_IS_CTOR, IR_NO_VAR, 1);
        test->args[0] = 0;
        test->as.ctor = ir_ctor(program->ir, name, 0);
        test->to[0] = yes;
        test->to[1] = no;
        lower_enter(&context, yes);
        lower_return(&context, lower_string(&context, snake_case(program, name), IR_NO_VAR));
        lower_enter(&context, no);
    }
    lower_fail(&context, VM_FAULT_NO_MATCH, 0);
    return function;
}

ir_function *lower_enum_parse(lower_program *program, lang_type_symbol *type)
{
    bl_slice key = type_key(program, "parse", type);
    ir_function *function = lower_helper_find(program, key);
    if (function != NULL) {
        return function;
    }
    lower_context context;
    function = lower_helper_begin(program, &context, "parse", 1);
    ir_table_put(&program->helpers, program->arena, key, function);
    ir_var result = lower_new(&context, NULL);
    for (uint32_t i = 0; i < type->constructor_count; i++) {
        bl_slice name = type->constructors[i].name;
        ir_block *yes = ir_block_new(function);
        ir_block *no = ir_block_new(function);
        ir_instruction *test = lower_emit(&context, IR_IS_SAME, IR_NO_VAR, 1);
        test->args[0] = 0;
        test->as.constant = vm_of(ir_string(program->ir, snake_case(program, name)));
        test->to[0] = yes;
        test->to[1] = no;
        lower_enter(&context, yes);
        ir_var atom = lower_constant(&context, vm_atom(ir_ctor(program->ir, name, 0)), IR_NO_VAR);
        lower_return(&context, lower_variant(&context, BL_SLICE("Ok"), &atom, 1, result));
        lower_enter(&context, no);
    }
    bl_slice message =
        bl_arena_format(program->arena, "invalid %.*s value", BL_SLICE_ARG(type->name));
    ir_var text = lower_string(&context, message, IR_NO_VAR);
    lower_return(&context, lower_variant(&context, BL_SLICE("Err"), &text, 1, result));
    return function;
}

// ---- references as values --------------------------------------------------------------------

// A function with hidden parameters as a value: a closure that holds them.
static ir_var bounded_function_value(lower_context *context, const lang_expr *expr,
                                     lang_function_symbol *symbol, ir_var want)
{
    lower_program *program = context->program;
    const lang_call_info *info = context->unit->calls[expr->id];
    uint32_t dictionaries = symbol->dictionary_count;
    uint32_t count = dictionaries + lower_lets_of(program, symbol).count;
    uint32_t params = symbol->syntax->parameters.count;
    ir_var *held = bl_arena_alloc(program->arena, (count + 1) * sizeof *held);
    lower_pass_lets(context, symbol, held + dictionaries);
    for (uint32_t i = 0; i < dictionaries; i++) {
        lang_evidence unknown = {.dispatch = LANG_DISPATCH_DYNAMIC};
        unknown.trait = symbol->dictionaries == NULL ? NULL : symbol->dictionaries[i].trait;
        bool known = info != NULL && info->dictionaries != NULL && i < info->dictionary_count;
        held[i] = lower_dictionary(context, known ? &info->dictionaries[i] : &unknown);
    }
    ir_function *target = lower_function(program, symbol);
    bl_slice key = type_key(program, "bounded", (const lang_type_symbol *)(const void *)symbol);
    ir_function *function = lower_helper_find(program, key);
    if (function == NULL) {
        lower_context inner;
        function = lower_helper_begin(program, &inner, target->name, params);
        ir_table_put(&program->helpers, program->arena, key, function);
        function->is_closure = true;
        function->escapes = true;
        function->capture_count = count;
        ir_var result = lower_new(&inner, NULL);
        ir_instruction *call = ir_instruction_new(function, IR_CALL, result, count + params);
        call->as.function = target;
        call->is_tail = true;
        for (uint32_t i = 0; i < count; i++) {
            call->args[i] = lower_new(&inner, NULL);
            ir_instruction *capture = lower_emit(&inner, IR_CAPTURE, call->args[i], 1);
            capture->as.index = i;
            capture->args[0] = params;
        }
        for (uint32_t i = 0; i < params; i++) {
            call->args[count + i] = i;
        }
        ir_append(inner.block, call);
        lower_return(&inner, result);
    }
    ir_var result = want == IR_NO_VAR ? lower_new(context, NULL) : want;
    ir_instruction *closure = lower_emit(context, IR_CLOSURE, result, count);
    closure->as.function = function;
    memcpy(closure->args, held, count * sizeof *held);
    return result;
}

static ir_var undefined(lower_context *context, const lang_expr *expr, ir_var want)
{
    lower_program *program = context->program;
    bl_slice text = lang_source_slice(&context->unit->source, expr->span);
    const lang_ref *ref = lower_ref(context, expr->id);
    bl_slice message =
        ref->kind == LANG_REF_MISSING
            ? bl_arena_format(program->arena, "Unknown function %.*s", BL_SLICE_ARG(text))
            : bl_arena_format(program->arena, "Undefined variable: %.*s", BL_SLICE_ARG(text));
    ir_var unit = lower_constant(context, vm_unit(), want);
    lower_fail_text(context, message);
    return unit;
}

static ir_var constructor_value(lower_context *context, const lang_constructor_symbol *symbol,
                                ir_var want)
{
    lower_program *program = context->program;
    if (symbol->payload_count == 0) {
        return lower_constant(context, vm_atom(ir_ctor(program->ir, symbol->name, 0)), want);
    }
    ir_function *function = constructor_function(program, symbol->name, symbol->payload_count);
    return lower_constant(context, lower_function_value(function), want);
}

static ir_var field_value(lower_context *context, const lang_expr *expr, ir_var want)
{
    ir_var object = lower_expr(context, expr->as.field.object);
    lower_at(context, expr->span);
    ir_var result = want == IR_NO_VAR ? lower_new(context, lower_type(context, expr->id)) : want;
    ir_instruction *get = lower_emit(context, IR_FIELD, result, 1);
    get->args[0] = object;
    get->as.field = ir_string(context->program->ir, expr->as.field.name.text);
    return result;
}

static bl_slice written_name(const lang_expr *expr)
{
    return expr->kind == LANG_EXPR_FIELD ? expr->as.field.name.text : expr->as.name;
}

ir_var lower_reference(lower_context *context, const lang_expr *expr, ir_var want)
{
    lower_program *program = context->program;
    const lang_ref *ref = lower_ref(context, expr->id);
    lower_at(context, expr->span);
    switch (ref->kind) {
    case LANG_REF_NONE:
        return expr->kind == LANG_EXPR_FIELD ? field_value(context, expr, want)
                                             : undefined(context, expr, want);
    case LANG_REF_LOCAL: {
        ir_var var = lower_read(context, ref->as.local, lower_type(context, expr->id));
        return var == IR_NO_VAR ? undefined(context, expr, want) : var;
    }
    case LANG_REF_FUNCTION:
        if (ref->as.function->dictionary_count != 0 ||
            lower_lets_of(program, ref->as.function).count != 0) {
            return bounded_function_value(context, expr, ref->as.function, want);
        }
        return lower_constant(
            context, lower_function_value(lower_function(program, ref->as.function)), want);
    case LANG_REF_CONSTRUCTOR:
        return constructor_value(context, ref->as.constructor, want);
    case LANG_REF_NATIVE:
        return lower_constant(context, native_value(program, ref), want);
    case LANG_REF_OPERATION: {
        bl_slice name = lower_operation_name(written_name(expr));
        uint32_t arity = lower_operation_arity(program, ref->effect, name);
        return lower_constant(
            context,
            lower_function_value(operation_function(program, NULL, ref->effect, name, arity)),
            want);
    }
    case LANG_REF_TRAIT_METHOD:
        return lower_method_value(context, ref, want);
    case LANG_REF_ENUM_TO_STRING:
        return lower_constant(
            context, lower_function_value(lower_enum_to_string(program, ref->as.type)), want);
    case LANG_REF_ENUM_PARSE:
        return lower_constant(context,
                              lower_function_value(lower_enum_parse(program, ref->as.type)), want);
    case LANG_REF_TYPE:
        return lower_constant(context, module_value(program, ref->as.type->name), want);
    case LANG_REF_MODULE:
        return lower_constant(context, module_value(program, written_name(expr)), want);
    case LANG_REF_MISSING:
    case LANG_REF_UNDEFINED:
        return undefined(context, expr, want);
    }
    return undefined(context, expr, want);
}
