// lang/lower_build.c: instructions, places and variables of the function that is being lowered.
#include "lang/lower.h"

#include "vm/faults.h"

#include <stdarg.h>

void lower_at(lower_context *context, lang_span span)
{
    if (span.start == context->recover_offset) {
        return;
    }
    lang_position position = lang_source_position(&context->unit->source, span.start);
    context->recover_offset = span.start;
    context->line = position.line;
    context->column = position.column;
}

ir_var lower_new(lower_context *context, const lang_type *type)
{
    return ir_variable_new(context->function, type);
}

ir_instruction *lower_emit(lower_context *context, ir_op op, ir_var result, uint32_t count)
{
    ir_instruction *instruction = ir_instruction_new(context->function, op, result, count);
    instruction->line = context->line;
    instruction->column = context->column;
    ir_append(context->block, instruction);
    return instruction;
}

ir_var lower_op(lower_context *context, ir_op op, ir_var result, uint32_t count, ...)
{
    if (result == IR_NO_VAR && ir_ops[op].kinds != IR_KINDS_NONE) {
        result = lower_new(context, NULL);
    }
    ir_instruction *instruction = lower_emit(context, op, result, count);
    va_list args;
    va_start(args, count);
    for (uint32_t i = 0; i < count; i++) {
        instruction->args[i] = va_arg(args, ir_var);
    }
    va_end(args);
    return result;
}

ir_var lower_constant(lower_context *context, vm_value value, ir_var want)
{
    ir_var result = want == IR_NO_VAR ? lower_new(context, NULL) : want;
    lower_emit(context, IR_CONSTANT, result, 0)->as.constant = value;
    return result;
}

ir_var lower_string(lower_context *context, bl_slice text, ir_var want)
{
    return lower_constant(context, vm_of(ir_string(context->program->ir, text)), want);
}

ir_var lower_variant(lower_context *context, bl_slice name, const ir_var *args, uint32_t count,
                     ir_var result)
{
    const vm_ctor *ctor = ir_ctor(context->program->ir, name, count);
    // Another constructor of this name has other arguments: the count is the instruction's.
    bool differs = ctor->arity != count;
    ir_var atom = differs ? lower_constant(context, vm_atom(ctor), IR_NO_VAR) : IR_NO_VAR;
    ir_instruction *made =
        lower_emit(context, differs ? IR_VARIANT_N : IR_VARIANT, result, count + (differs ? 1 : 0));
    made->as.ctor = ctor;
    if (differs) {
        made->args[0] = atom;
    }
    memcpy(made->args + (differs ? 1 : 0), args, count * sizeof *args);
    return result;
}

void lower_enter(lower_context *context, ir_block *block)
{
    context->block = block;
}

// Ends the block; what follows goes where nothing leads.
static ir_instruction *end_block(lower_context *context, ir_op op, uint32_t count)
{
    ir_instruction *end = lower_emit(context, op, IR_NO_VAR, count);
    context->block = ir_block_new(context->function);
    return end;
}

void lower_jump(lower_context *context, ir_block *to)
{
    end_block(context, IR_JUMP, 0)->to[0] = to;
}

void lower_branch(lower_context *context, ir_var condition, ir_block *yes, ir_block *no)
{
    ir_instruction *end = end_block(context, IR_BRANCH, 1);
    end->args[0] = condition;
    end->to[0] = yes;
    end->to[1] = no;
}

void lower_fail(lower_context *context, uint16_t fault, ir_var about)
{
    ir_instruction *end = end_block(context, IR_FAIL, 1);
    end->args[0] = about;
    end->fault = fault;
}

void lower_fail_text(lower_context *context, bl_slice message)
{
    lower_fail(context, VM_FAULT_MESSAGE, lower_string(context, message, IR_NO_VAR));
}

void lower_return(lower_context *context, ir_var var)
{
    end_block(context, IR_RETURN, 1)->args[0] = var;
}

void lower_finish(lower_context *context, ir_var var, ir_var dst)
{
    if (dst == LOWER_TAIL) {
        lower_return(context, var);
    } else if (dst != LOWER_DISCARD && dst != var) {
        lower_op(context, IR_COPY, dst, 1, var);
    }
}

// ---- variables -------------------------------------------------------------------------------

static lower_local *local_slot(const lower_context *context, uint32_t id)
{
    uint32_t mask = context->local_capacity - 1;
    uint32_t at = (id * 2654435761u) & mask;
    while (context->locals[at].var != IR_NO_VAR && context->locals[at].id != id) {
        at = (at + 1) & mask;
    }
    return &context->locals[at];
}

static void grow_locals(lower_context *context)
{
    lower_local *old = context->locals;
    uint32_t old_capacity = context->local_capacity;
    context->local_capacity = old_capacity == 0 ? 16 : old_capacity * 2;
    context->locals =
        bl_arena_alloc(context->program->arena, context->local_capacity * sizeof *old);
    for (uint32_t i = 0; i < context->local_capacity; i++) {
        context->locals[i] = (lower_local){.var = IR_NO_VAR};
    }
    for (uint32_t i = 0; i < old_capacity; i++) {
        if (old[i].var != IR_NO_VAR) {
            *local_slot(context, old[i].id) = old[i];
        }
    }
}

void lower_bind(lower_context *context, uint32_t id, ir_var var, bool boxed)
{
    if ((context->local_count + 1) * 2 > context->local_capacity) {
        grow_locals(context);
    }
    lower_local *slot = local_slot(context, id);
    context->local_count += slot->var == IR_NO_VAR;
    *slot = (lower_local){.id = id, .var = var, .boxed = boxed};
}

// Makes the variable of an outer function a capture of this one.
static lower_local *capture_local(lower_context *context, uint32_t id, const lower_local *outer)
{
    ir_function *function = context->function;
    uint32_t index = function->capture_count++;
    if (index == context->capture_capacity) {
        uint32_t capacity = index == 0 ? 4 : index * 2;
        ir_var *larger = bl_arena_alloc(context->program->arena, capacity * sizeof *larger);
        if (index != 0) {
            memcpy(larger, context->captures, index * sizeof *larger);
        }
        context->captures = larger;
        context->capture_capacity = capacity;
    }
    context->captures[index] = outer->var;
    ir_var var = lower_new(context, context->outer->function->variables[outer->var].type);
    ir_instruction *capture = ir_instruction_new(function, IR_CAPTURE, var, 1);
    capture->as.index = index;
    capture->args[0] = function->param_count;
    if (context->entry->first == NULL) {
        ir_append(context->entry, capture);
    } else {
        ir_insert_before(context->entry, context->entry->first, capture);
    }
    lower_bind(context, id, var, outer->boxed);
    return local_slot(context, id);
}

lower_local *lower_find(lower_context *context, uint32_t id)
{
    if (context->local_capacity != 0) {
        lower_local *slot = local_slot(context, id);
        if (slot->var != IR_NO_VAR) {
            return slot;
        }
    }
    if (context->outer == NULL) {
        return NULL;
    }
    const lower_local *outer = lower_find(context->outer, id);
    return outer == NULL ? NULL : capture_local(context, id, outer);
}

void lower_bind_value(lower_context *context, const lang_pattern *name, ir_var value)
{
    const lang_type *type = lower_type(context, name->id);
    if (!context->unit->mutables[name->id]) {
        lower_bind(context, name->id, value, false);
        return;
    }
    bool boxed = context->scan->captured[name->id];
    ir_var var = lower_new(context, type);
    lower_op(context, boxed ? IR_BOX_NEW : IR_COPY, var, 1, value);
    lower_bind(context, name->id, var, boxed);
}

ir_var lower_read(lower_context *context, uint32_t id, const lang_type *type)
{
    const lower_local *local = lower_find(context, id);
    if (local == NULL) {
        return IR_NO_VAR;
    }
    if (local->boxed) {
        return lower_op(context, IR_BOX_GET, lower_new(context, type), 1, local->var);
    }
    if (context->unit->mutables[id & ~LOWER_DICTIONARY] && id < LOWER_DICTIONARY) {
        return lower_op(context, IR_COPY, lower_new(context, type), 1, local->var);
    }
    return local->var;
}

void lower_assign_local(lower_context *context, uint32_t id, ir_var value)
{
    const lower_local *local = lower_find(context, id);
    if (local == NULL) {
        return;
    }
    if (local->boxed) {
        lower_op(context, IR_BOX_SET, IR_NO_VAR, 2, local->var, value);
    } else {
        lower_op(context, IR_COPY, local->var, 1, value);
    }
}
