// lang/lower_call.c: calls, pipes and lambdas.
//
// What the callee is decides: functions, constructors, natives and trait methods of known types
// are called directly; anything else is a value, evaluated before the arguments and called.
#include "lang/lower.h"

#include "lang/types.h"

// ---- operations and natives ------------------------------------------------------------------

bl_slice lower_operation_name(bl_slice name)
{
    if (name.size > 0 && name.data[name.size - 1] == '!') {
        name.size -= 1;
    }
    return name;
}

bool lower_is_handled(lower_program *program, bl_slice effect, bl_slice name)
{
    if (ir_table_get(&program->handled, effect) != NULL) {
        return true;
    }
    bl_slice key =
        bl_arena_format(program->arena, "%.*s.%.*s", BL_SLICE_ARG(effect), BL_SLICE_ARG(name));
    return ir_table_get(&program->handled, key) != NULL;
}

const lang_function_symbol *lower_native_source(lower_program *program, const vm_native *native)
{
    if (native->function != NULL || native->module == NULL) {
        return NULL;
    }
    bl_slice key = bl_arena_format(program->arena, "%s.%s", native->module->name, native->name);
    return ir_table_get(&program->natives, key);
}

const vm_operation *lower_operation(lower_program *program, bl_slice effect, bl_slice name,
                                    const vm_native *native)
{
    vm_operation *operation =
        ir_operation(program->ir, effect, name, lower_operation_arity(program, effect, name));
    if (native != NULL) {
        const lang_function_symbol *source = lower_native_source(program, native);
        if (source != NULL) {
            ir_function *function =
                lower_function(program, (lang_function_symbol *)(uintptr_t)source);
            function->escapes = true;
            operation->function = function->target;
        } else {
            operation->native = native;
        }
        operation->arity = native->arity;
    }
    return operation;
}

static ir_var result_for(lower_context *context, ir_var dst)
{
    return dst == LOWER_TAIL || dst == LOWER_DISCARD ? lower_new(context, NULL) : dst;
}

// A call whose result is wanted in dst; at a tail of the function a RETURN follows right behind it.
static void emit_call(lower_context *context, ir_instruction *call, const ir_var *args,
                      uint32_t count, ir_var dst)
{
    memcpy(call->args, args, count * sizeof *args);
    call->is_tail = dst == LOWER_TAIL;
    lower_finish(context, call->result, dst == call->result ? LOWER_DISCARD : dst);
}

static void fail_arity(lower_context *context, uint32_t expected, uint32_t got, ir_var dst)
{
    bl_slice message =
        bl_arena_format(context->program->arena, "Function expects %u argument%s, got %u", expected,
                        expected == 1 ? "" : "s", got);
    ir_var unit = lower_constant(context, vm_unit(), IR_NO_VAR);
    lower_fail_text(context, message);
    lower_finish(context, unit, dst);
}

void lower_operation_call(lower_context *context, bl_slice effect, bl_slice name,
                          const ir_var *args, uint32_t count, ir_var dst)
{
    ir_instruction *call = lower_emit(context, IR_PERFORM, result_for(context, dst), count);
    vm_operation *operation = ir_operation(context->program->ir, effect, name, count);
    operation->arity = count; // Calls of declared operations have been checked.
    call->as.operation = operation;
    emit_call(context, call, args, count, dst);
}

void lower_native_call(lower_context *context, const vm_native *native, bl_slice effect,
                       const ir_var *args, uint32_t count, ir_var dst)
{
    lower_program *program = context->program;
    bl_slice name = bl_slice_of(native->name);
    bool extra = (native->flags & VM_EXTRA_ARGS) != 0;
    uint32_t most = extra ? native->arity_max : native->arity;
    if (count < native->arity || count > most) {
        fail_arity(context, native->arity, count, dst);
        return;
    }
    ir_var *padded = bl_arena_alloc(program->arena, (most + 1) * sizeof *padded);
    memcpy(padded, args, count * sizeof *args);
    while (count < most) {
        padded[count++] = lower_constant(context, vm_unit(), IR_NO_VAR);
    }
    ir_instruction *call = NULL;
    const lang_function_symbol *source = lower_native_source(program, native);
    if ((native->flags & VM_EFFECT) != 0 && lower_is_handled(program, effect, name)) {
        call = lower_emit(context, IR_PERFORM, result_for(context, dst), count);
        call->as.operation = lower_operation(program, effect, name, native);
    } else if (source != NULL) {
        call = lower_emit(context, IR_CALL, result_for(context, dst), count);
        call->as.function = lower_function(program, (lang_function_symbol *)(uintptr_t)source);
    } else if (native->function == NULL) {
        lower_fail_text(context, bl_arena_format(program->arena, "Unknown function %s.%s",
                                                 native->module->name, native->name));
        lower_finish(context, lower_constant(context, vm_unit(), IR_NO_VAR), dst);
        return;
    } else {
        call = lower_emit(context, IR_NATIVE, result_for(context, dst), count);
        call->as.native = native;
    }
    emit_call(context, call, padded, count, dst);
}

// ---- direct calls ----------------------------------------------------------------------------

// Arguments in the order of the parameters, evaluated in that order; front: room before them.
static ir_var *lower_arguments(lower_context *context, const lower_call_site *site, uint32_t front)
{
    bl_arena *arena = context->program->arena;
    ir_var *vars = bl_arena_alloc(arena, (front + site->count + 1) * sizeof *vars);
    const uint32_t *positions = site->info == NULL ? NULL : site->info->positions;
    if (positions == NULL) {
        for (uint32_t i = 0; i < site->count; i++) {
            vars[front + i] = lower_expr(context, site->args[i]);
        }
        return vars;
    }
    uint32_t *order = bl_arena_alloc(arena, (site->count + 1) * sizeof *order);
    for (uint32_t i = 0; i < site->count; i++) {
        order[i] = UINT32_MAX;
    }
    for (uint32_t i = 0; i < site->count; i++) {
        if (positions[i] < site->count) {
            order[positions[i]] = i;
        }
    }
    for (uint32_t i = 0; i < site->count; i++) {
        vars[front + i] = order[i] == UINT32_MAX ? lower_constant(context, vm_unit(), IR_NO_VAR)
                                                 : lower_expr(context, site->args[order[i]]);
    }
    return vars;
}

static void call_function(lower_context *context, const lower_call_site *site,
                          lang_function_symbol *symbol, ir_var dst)
{
    uint32_t dictionaries = symbol->dictionary_count;
    uint32_t hidden = dictionaries + lower_lets_of(context->program, symbol).count;
    ir_var *vars = lower_arguments(context, site, hidden);
    lower_at(context, site->expr->span);
    if (site->count != symbol->syntax->parameters.count) {
        fail_arity(context, symbol->syntax->parameters.count, site->count, dst);
        return;
    }
    lower_pass_lets(context, symbol, vars + dictionaries);
    for (uint32_t i = 0; i < dictionaries; i++) {
        lang_evidence unknown = {.dispatch = LANG_DISPATCH_DYNAMIC};
        unknown.trait = symbol->dictionaries == NULL ? NULL : symbol->dictionaries[i].trait;
        const lang_call_info *info = site->info;
        bool known = info != NULL && info->dictionaries != NULL && i < info->dictionary_count;
        vars[i] = lower_dictionary(context, known ? &info->dictionaries[i] : &unknown);
    }
    ir_instruction *call =
        lower_emit(context, IR_CALL, result_for(context, dst), hidden + site->count);
    call->as.function = lower_function(context->program, symbol);
    emit_call(context, call, vars, hidden + site->count, dst);
}

static void call_constructor(lower_context *context, const lower_call_site *site,
                             const lang_constructor_symbol *symbol, ir_var dst)
{
    ir_var *vars = lower_arguments(context, site, 0);
    lower_at(context, site->expr->span);
    if (site->count != symbol->payload_count) {
        fail_arity(context, symbol->payload_count, site->count, dst);
        return;
    }
    if (site->count == 0) {
        ir_var atom = lower_constant(
            context, vm_atom(ir_ctor(context->program->ir, symbol->name, 0)), IR_NO_VAR);
        lower_finish(context, atom, dst);
        return;
    }
    ir_var result = result_for(context, dst);
    lower_variant(context, symbol->name, vars, site->count, result);
    lower_finish(context, result, dst == result ? LOWER_DISCARD : dst);
}

static void call_helper(lower_context *context, const lower_call_site *site, ir_function *function,
                        ir_var dst)
{
    ir_var *vars = lower_arguments(context, site, 0);
    lower_at(context, site->expr->span);
    if (site->count != function->param_count) {
        fail_arity(context, function->param_count, site->count, dst);
        return;
    }
    ir_instruction *call = lower_emit(context, IR_CALL, result_for(context, dst), site->count);
    call->as.function = function;
    emit_call(context, call, vars, site->count, dst);
}

// The callee is in a variable already.
static void call_var(lower_context *context, const lower_call_site *site, ir_var callee, ir_var dst)
{
    lower_call_site plain = *site;
    plain.info = NULL;
    ir_var *vars = lower_arguments(context, &plain, 0);
    vars[site->count] = callee;
    lower_at(context, site->expr->span);
    ir_instruction *call =
        lower_emit(context, IR_CALL_VALUE, result_for(context, dst), site->count + 1);
    emit_call(context, call, vars, site->count + 1, dst);
}

// An entry of a trait's method: known (function), or in a variable.
static void call_entry(lower_context *context, const lower_call_site *site, const lang_ref *ref,
                       ir_function *function, ir_var entry, ir_var dst)
{
    uint32_t bounds = lower_method_dictionaries(context, ref, NULL, NULL);
    ir_var *vars = lower_arguments(context, site, bounds);
    lower_at(context, site->expr->span);
    if (function != NULL && bounds + site->count != function->param_count) {
        fail_arity(context, function->param_count - bounds, site->count, dst);
        return;
    }
    lower_method_dictionaries(context, ref, site->info, vars);
    uint32_t count = bounds + site->count;
    ir_instruction *call;
    if (function != NULL) {
        call = lower_emit(context, IR_CALL, result_for(context, dst), count);
        call->as.function = function;
    } else {
        vars[count++] = entry;
        call = lower_emit(context, IR_CALL_VALUE, result_for(context, dst), count);
    }
    emit_call(context, call, vars, count, dst);
}

static void call_method(lower_context *context, const lower_call_site *site, const lang_ref *ref,
                        ir_var dst)
{
    lower_program *program = context->program;
    const lang_evidence *evidence = ref->evidence;
    if (evidence == NULL || evidence->dispatch == LANG_DISPATCH_DYNAMIC) {
        ir_function *entry = lower_dynamic_method(program, ref->as.trait, ref->method);
        call_entry(context, site, ref, entry, IR_NO_VAR, dst);
        return;
    }
    if (evidence->dispatch == LANG_DISPATCH_IMPL && evidence->impl != NULL) {
        lang_function_symbol *method = evidence->impl->methods[ref->method];
        if (method != NULL) {
            call_function(context, site, method, dst);
            return;
        }
        ir_function *by_default = lower_impl_method(program, evidence->impl, ref->method);
        if (by_default != NULL) {
            call_entry(context, site, ref, by_default, IR_NO_VAR, dst);
            return;
        }
    }
    ir_var entry = lower_method_of(context, evidence, ref->method);
    call_entry(context, site, ref, NULL, entry, dst);
}

static bl_slice written_name(const lang_expr *expr)
{
    return expr->kind == LANG_EXPR_FIELD ? expr->as.field.name.text : expr->as.name;
}

static void call_value(lower_context *context, const lower_call_site *site, ir_var dst)
{
    ir_var callee = lower_expr(context, site->callee);
    call_var(context, site, callee, dst);
}

// `resume(v)` at the tail of a clause that always ends so: v is what the operation gives.
static bool resume_at_tail(lower_context *context, const lower_call_site *site, const lang_ref *ref,
                           ir_var dst)
{
    if (ref->kind != LANG_REF_LOCAL || ref->as.local != context->resume_id) {
        return false;
    }
    ir_var value = site->count == 0 ? lower_constant(context, vm_unit(), IR_NO_VAR)
                                    : lower_expr(context, site->args[0]);
    lower_finish(context, value, dst);
    return true;
}

static void lower_call_site_into(lower_context *context, const lower_call_site *site, ir_var dst)
{
    lower_program *program = context->program;
    const lang_expr *callee = site->callee;
    bool named = callee->kind == LANG_EXPR_NAME || callee->kind == LANG_EXPR_TYPE_NAME ||
                 callee->kind == LANG_EXPR_FIELD;
    static const lang_ref no_ref = {.kind = LANG_REF_NONE};
    const lang_ref *ref = named ? lower_ref(context, callee->id) : &no_ref;
    switch (ref->kind) {
    case LANG_REF_FUNCTION:
        call_function(context, site, ref->as.function, dst);
        return;
    case LANG_REF_CONSTRUCTOR:
        call_constructor(context, site, ref->as.constructor, dst);
        return;
    case LANG_REF_NATIVE: {
        ir_var *vars = lower_arguments(context, site, 0);
        lower_at(context, site->expr->span);
        lower_native_call(context, ref->as.native, ref->effect, vars, site->count, dst);
        return;
    }
    case LANG_REF_OPERATION: {
        ir_var *vars = lower_arguments(context, site, 0);
        lower_at(context, site->expr->span);
        lower_operation_call(context, ref->effect, lower_operation_name(written_name(callee)), vars,
                             site->count, dst);
        return;
    }
    case LANG_REF_TRAIT_METHOD:
        call_method(context, site, ref, dst);
        return;
    case LANG_REF_ENUM_TO_STRING:
        call_helper(context, site, lower_enum_to_string(program, ref->as.type), dst);
        return;
    case LANG_REF_ENUM_PARSE:
        call_helper(context, site, lower_enum_parse(program, ref->as.type), dst);
        return;
    case LANG_REF_LOCAL:
        if (resume_at_tail(context, site, ref, dst)) {
            return;
        }
        break;
    case LANG_REF_NONE:
    case LANG_REF_TYPE:
    case LANG_REF_MODULE:
    case LANG_REF_MISSING:
    case LANG_REF_UNDEFINED:
        break;
    }
    call_value(context, site, dst);
}

// ---- as written ------------------------------------------------------------------------------

void lower_call(lower_context *context, const lang_expr *expr, ir_var dst)
{
    uint32_t count = expr->as.call.count;
    const lang_expr **args = bl_arena_alloc(context->program->arena, (count + 1) * sizeof *args);
    for (uint32_t i = 0; i < count; i++) {
        args[i] = expr->as.call.arguments[i].value;
    }
    lower_call_site site = {expr, expr->as.call.callee, args, count,
                            context->unit->calls[expr->id]};
    lower_call_site_into(context, &site, dst);
}

// `x |> f`, `x |> f(a)`: x is the first argument; anything else is called with x. x comes first,
// also before a callee that has to be evaluated.
void lower_pipe(lower_context *context, const lang_expr *expr, ir_var dst)
{
    const lang_expr *right = expr->as.binary.right;
    bool is_call = right->kind == LANG_EXPR_CALL && right->paren_count == 0;
    uint32_t count = is_call ? right->as.call.count + 1 : 1;
    const lang_expr **args = bl_arena_alloc(context->program->arena, (count + 1) * sizeof *args);
    args[0] = expr->as.binary.left;
    for (uint32_t i = 1; i < count; i++) {
        args[i] = right->as.call.arguments[i - 1].value;
    }
    const lang_expr *callee = is_call ? right->as.call.callee : right;
    lower_call_site site = {expr, callee, args, count, context->unit->calls[expr->id]};
    bool named = callee->kind == LANG_EXPR_NAME || callee->kind == LANG_EXPR_TYPE_NAME ||
                 callee->kind == LANG_EXPR_FIELD;
    lang_ref_kind kind = named ? lower_ref(context, callee->id)->kind : LANG_REF_NONE;
    if (kind != LANG_REF_NONE && kind != LANG_REF_LOCAL && kind != LANG_REF_UNDEFINED &&
        kind != LANG_REF_MISSING && kind != LANG_REF_TYPE && kind != LANG_REF_MODULE) {
        lower_call_site_into(context, &site, dst);
        return;
    }
    ir_var *vars = bl_arena_alloc(context->program->arena, (count + 1) * sizeof *vars);
    vars[0] = lower_expr(context, args[0]);
    ir_var function = lower_expr(context, callee);
    for (uint32_t i = 1; i < count; i++) {
        vars[i] = lower_expr(context, args[i]);
    }
    vars[count] = function;
    lower_at(context, expr->span);
    ir_instruction *call = lower_emit(context, IR_CALL_VALUE, result_for(context, dst), count + 1);
    emit_call(context, call, vars, count + 1, dst);
}

// ---- lambdas ---------------------------------------------------------------------------------

ir_var lower_lambda(lower_context *context, const lang_expr *expr, ir_var want)
{
    lower_program *program = context->program;
    lang_position at = lang_source_position(&context->unit->source, expr->span.start);
    ir_function *function =
        ir_function_new(program->ir, "<lambda>", context->function->file, at.line);
    function->flags = VM_FUNCTION_LAMBDA | (context->function->flags & VM_FUNCTION_INTERNAL);
    const lang_pattern_list *parameters = &expr->as.lambda.parameters;
    function->param_count = parameters->count;
    for (uint32_t i = 0; i < parameters->count; i++) {
        (void)ir_variable_new(function, lower_type(context, parameters->items[i]->id));
    }
    (void)ir_variable_new(function, NULL); // The closure.
    lower_context inner;
    lower_context_init(&inner, program, context->unit, function, context);
    lower_parameters(&inner, (const lang_pattern **)(uintptr_t)parameters->items, parameters->count,
                     0);
    lower_into(&inner, expr->as.lambda.body, LOWER_TAIL);
    function->is_closure = function->capture_count != 0;
    function->escapes = true;
    lower_at(context, expr->span);
    if (function->capture_count == 0) {
        return lower_constant(context, lower_function_value(function), want);
    }
    ir_var result = want == IR_NO_VAR ? lower_new(context, lower_type(context, expr->id)) : want;
    ir_instruction *closure = lower_emit(context, IR_CLOSURE, result, function->capture_count);
    closure->as.function = function;
    memcpy(closure->args, inner.captures, function->capture_count * sizeof(ir_var));
    return result;
}
