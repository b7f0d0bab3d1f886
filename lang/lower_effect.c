// lang/lower_effect.c: handle, with and `?`.
//
// The body of a handle and its clauses become closures that share the boxes of captured variables.
// A `?` in them leaves the function around: the closure ends EARLY, and behind the HANDLE that
// function returns the value in turn. The body of a `with` stays where it is; whoever returns from
// inside removes what the `with`s around have installed.
#include "lang/lower.h"

// Leaves the function (or the handle) with a value that is no result of its body.
static void leave(lower_context *context, ir_var value)
{
    for (uint32_t i = 0; i < context->with_depth; i++) {
        lower_op(context, IR_WITH_END, IR_NO_VAR, 0);
    }
    if (context->is_handled) {
        context->has_early = true;
        lower_op(context, IR_EARLY, IR_NO_VAR, 1, value);
        context->block = ir_block_new(context->function);
    } else {
        lower_return(context, value);
    }
}

ir_var lower_try(lower_context *context, const lang_expr *expr, ir_var want)
{
    ir_var operand = lower_expr(context, expr->as.operand);
    lower_at(context, expr->span);
    // The operand is used up or returned: a variable of its own, whatever it was.
    ir_var tried = lower_op(context, IR_COPY, IR_NO_VAR, 1, operand);
    ir_var result = lower_new(context, lower_type(context, expr->id));
    ir_block *good = ir_block_new(context->function);
    ir_block *bad = ir_block_new(context->function);
    ir_instruction *end = lower_emit(context, IR_TRY, result, 1);
    end->args[0] = tried;
    end->to[0] = good;
    end->to[1] = bad;
    lower_enter(context, bad);
    lower_note_early(context, expr, tried);
    leave(context, tried);
    lower_enter(context, good);
    if (want != IR_NO_VAR) {
        lower_op(context, IR_COPY, want, 1, result);
        return want;
    }
    return result;
}

// ---- with ------------------------------------------------------------------------------------

// The value of a body whose `with` must be ended before anything else happens.
static ir_var inside_with(lower_context *context, const lang_expr *body)
{
    context->with_depth += 1;
    ir_var result = lower_new(context, lower_type(context, body->id));
    lower_into(context, body, result);
    context->with_depth -= 1;
    return result;
}

ir_var lower_with_records(lower_context *context, const lang_expr *expr)
{
    uint32_t count = expr->as.with.count;
    bl_arena *arena = &context->program->ir->target->arena;
    vm_with *with = bl_arena_alloc_zeroed(arena, sizeof *with);
    const char **effects = bl_arena_alloc(arena, (count + 1) * sizeof *effects);
    ir_var *records = bl_arena_alloc(context->program->arena, (count + 1) * sizeof *records);
    for (uint32_t i = 0; i < count; i++) {
        effects[i] = lower_text(context->program, expr->as.with.records[i].effect.text);
        records[i] = lower_expr(context, expr->as.with.records[i].value);
    }
    with->effects = effects;
    with->count = count;
    lower_at(context, expr->span);
    ir_instruction *begin = lower_emit(context, IR_WITH_BEGIN, IR_NO_VAR, count);
    begin->as.with = with;
    memcpy(begin->args, records, count * sizeof *records);
    ir_var result = inside_with(context, expr->as.with.body);
    lower_op(context, IR_WITH_END, IR_NO_VAR, 0);
    return result;
}

// What an operation does by itself matters where it is also performed without a capture.
static const vm_native *native_of(lower_program *program, bl_slice effect, bl_slice name)
{
    const vm_module *module = vm_library_module(program->world->library, effect);
    return module == NULL ? NULL : vm_module_native(module, name);
}

static const vm_operation *operation_named(lower_program *program, bl_slice effect, bl_slice name)
{
    name = lower_operation_name(name);
    return lower_operation(program, effect, name, native_of(program, effect, name));
}

ir_var lower_with_capture(lower_context *context, const lang_expr *expr)
{
    lower_at(context, expr->span);
    lower_emit(context, IR_COLLECT_BEGIN, IR_NO_VAR, 0)->as.operation = operation_named(
        context->program, expr->as.capture.effect.text, expr->as.capture.operation.text);
    ir_var value = inside_with(context, expr->as.capture.body);
    ir_var list = lower_op(context, IR_COLLECT_END, IR_NO_VAR, 0);
    ir_var result = lower_new(context, lower_type(context, expr->id));
    return lower_op(context, IR_TUPLE, result, 2, value, list);
}

// ---- handle ----------------------------------------------------------------------------------

// A closure for the body or a clause; *has_early: it can leave the function around.
static ir_var inner_closure(lower_context *context, const lang_expr *body,
                            const lang_pattern_list *parameters, uint32_t param_count,
                            uint32_t resume_id, bool *has_early)
{
    lower_program *program = context->program;
    lang_position at = lang_source_position(&context->unit->source, body->span.start);
    ir_function *function =
        ir_function_new(program->ir, context->function->name, context->function->file, at.line);
    function->flags = context->function->flags;
    function->param_count = param_count;
    for (uint32_t i = 0; i < param_count; i++) {
        (void)ir_variable_new(function, lower_type(context, parameters->items[i]->id));
    }
    (void)ir_variable_new(function, NULL); // The closure.
    lower_context inner;
    lower_context_init(&inner, program, context->unit, function, context);
    inner.is_handled = true;
    inner.resume_id = resume_id;
    if (parameters != NULL) {
        lower_parameters(&inner, (const lang_pattern **)(uintptr_t)parameters->items, param_count,
                         0);
    }
    lower_into(&inner, body, LOWER_TAIL);
    *has_early |= inner.has_early;
    function->is_closure = true;
    function->escapes = true;
    ir_var result = lower_new(context, NULL);
    ir_instruction *closure = lower_emit(context, IR_CLOSURE, result, function->capture_count);
    closure->as.function = function;
    if (function->capture_count != 0) {
        memcpy(closure->args, inner.captures, function->capture_count * sizeof(ir_var));
    }
    return result;
}

static ir_var lower_clause(lower_context *context, const lang_clause *syntax, vm_clause *clause,
                           bool *has_early)
{
    const lang_pattern_list *parameters = &syntax->parameters;
    uint32_t arity = parameters->count - (syntax->has_resume ? 1 : 0);
    clause->operation =
        operation_named(context->program, syntax->effect.text, syntax->operation.text);
    clause->arity = arity;
    clause->kind = VM_CLAUSE_ABORT;
    uint32_t resume_id = UINT32_MAX;
    uint32_t param_count = arity;
    if (syntax->has_resume) {
        uint32_t id = parameters->items[arity]->id;
        if (lower_resumes_at_tail(context->unit, context->scan, syntax->body, id)) {
            clause->kind = VM_CLAUSE_TAIL;
            resume_id = id;
        } else if (context->scan->uses[id] != 0) {
            clause->kind = VM_CLAUSE_GENERAL;
            param_count += 1;
        }
    }
    return inner_closure(context, syntax->body, parameters, param_count, resume_id, has_early);
}

ir_var lower_handle(lower_context *context, const lang_expr *expr, ir_var want)
{
    (void)want;
    uint32_t count = expr->as.handle.count;
    ir_handler *handler = bl_arena_alloc(context->program->arena, sizeof *handler);
    handler->count = count;
    handler->clauses =
        bl_arena_alloc_zeroed(&context->program->ir->target->arena, count * sizeof(vm_clause));
    ir_var *closures = bl_arena_alloc(context->program->arena, (count + 1) * sizeof *closures);
    bool has_early = false;
    lower_at(context, expr->span);
    closures[0] = inner_closure(context, expr->as.handle.body, NULL, 0, UINT32_MAX, &has_early);
    for (uint32_t i = 0; i < count; i++) {
        closures[i + 1] =
            lower_clause(context, &expr->as.handle.clauses[i], &handler->clauses[i], &has_early);
    }
    lower_at(context, expr->span);
    ir_var result = lower_new(context, lower_type(context, expr->id));
    ir_instruction *handle = lower_emit(context, IR_HANDLE, result, count + 1);
    handle->as.handler = handler;
    handle->second = lower_new(context, NULL);
    memcpy(handle->args, closures, (count + 1) * sizeof *closures);
    if (has_early) {
        ir_block *early = ir_block_new(context->function);
        ir_block *after = ir_block_new(context->function);
        lower_branch(context, handle->second, early, after);
        lower_enter(context, early);
        leave(context, result);
        lower_enter(context, after);
    }
    return result;
}
