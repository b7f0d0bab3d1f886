// vm/call.c: calls that are not a CALL into the same chunk: values of any kind, frames that no
// longer fit, natives, and frames inserted between two instructions of their caller.
#include <assert.h>

#include "vm/limits.h"
#include "vm/task.h"

const vm_instruction vm_end_chunk[1] = {{.op = VM_OP_END_CHUNK}};
const vm_instruction vm_end_fiber[1] = {{.op = VM_OP_END_FIBER}};
const vm_instruction vm_end_handle[1] = {{.op = VM_OP_END_HANDLE}};
const vm_instruction vm_end_clause[1] = {{.op = VM_OP_END_CLAUSE}};
const vm_instruction vm_end_tail[1] = {{.op = VM_OP_END_TAIL}};
const vm_instruction vm_end_insert[1] = {{.op = VM_OP_END_INSERT}};
const vm_instruction vm_return_first[1] = {{.op = VM_OP_RETURN, .a = 0}};

static vm_step stack_overflow(vm_task *task)
{
    vm_raise(task, VM_FAULT_STACK, vm_unit());
    return VM_STEP_FAIL;
}

static void enter(vm_task *task, const vm_function *function, vm_value *base)
{
    vm_spoil_registers(base, function);
    task->base = base;
    task->pc = function->code;
}

// Arguments of a call of function, with the closure behind them.
static uint32_t argument_slots(const vm_function *function)
{
    return function->param_count + (function->is_closure ? 1u : 0u);
}

vm_step vm_call_overflow(vm_task *task, const vm_function *function, vm_value *args, bool is_tail)
{
    vm_chunk *chunk = vm_chunk_push(task, VM_HEADER_SLOTS + function->register_count);
    if (chunk == NULL) {
        return stack_overflow(task);
    }
    const vm_frame *old = vm_frame_of(task->base);
    vm_value *base = chunk->slots + VM_HEADER_SLOTS;
    // A tail call returns to where the frame that it replaces would have.
    chunk->return_pc = is_tail ? old->return_pc : task->pc;
    chunk->caller = is_tail ? old->caller : task->base;
    chunk->result = is_tail ? task->base - VM_HEADER_SLOTS : args - VM_HEADER_SLOTS;
    *vm_frame_of(base) =
        (vm_frame){.return_pc = vm_end_chunk, .caller = base, .function = function};
    vm_move_values(base, args, argument_slots(function));
    enter(task, function, base);
    return VM_STEP_RUN;
}

static vm_step call_function(vm_task *task, const vm_function *function, vm_value *args,
                             bool is_tail)
{
    vm_value *base = is_tail ? task->base : args;
    if (base + function->register_count > task->stack_end) {
        return vm_call_overflow(task, function, args, is_tail);
    }
    vm_frame *frame = vm_frame_of(base);
    if (is_tail) {
        vm_move_values(base, args, argument_slots(function));
    } else {
        frame->return_pc = task->pc;
        frame->caller = task->base;
    }
    frame->function = function;
    enter(task, function, base);
    return VM_STEP_RUN;
}

static vm_step wrong_count(vm_task *task, uint32_t expected, uint32_t got)
{
    vm_fail(task, "Function expects %u arguments, got %u", expected, got);
    return VM_STEP_FAIL;
}

// ---- natives --------------------------------------------------------------------------------

vm_step vm_native_done(vm_task *task, vm_status status, vm_value *result, vm_value value)
{
    switch (status) {
    case VM_OK:
        vm_set(result, value);
        return VM_STEP_RUN;
    case VM_FAIL:
        return VM_STEP_FAIL;
    case VM_PARK:
        task->fiber->result = result;
        return VM_STEP_PARK;
    case VM_CALL:
        break;
    }
    vm_value callee = task->call_callee;
    task->call_callee = vm_unit();
    vm_insert insert = {.result = result};
    return vm_call_insert(task, callee, task->call_args, task->call_count, insert, vm_end_insert);
}

vm_step vm_native_call(vm_task *task, const vm_native *native, vm_value *result, vm_value *args,
                       uint32_t count)
{
    vm_value values[VM_LIMIT_ARGUMENTS];
    assert(native->arity_max <= VM_LIMIT_ARGUMENTS);
    vm_move_values(values, args, count);
    for (uint32_t i = count; i < native->arity_max; i += 1) {
        values[i] = vm_unit();
    }
    vm_value value = vm_unit();
    task->has_acted |= (native->flags & VM_OUTSIDE) != 0;
    vm_status status = native->function(task, values, &value);
    for (uint32_t i = 0; i < count && status != VM_FAIL; i += 1) {
        if ((native->owned >> i & 1) == 0) {
            vm_drop(task->heap, values[i]);
        }
    }
    return vm_native_done(task, status, result, value);
}

bool vm_call_intrinsic(vm_task *task, const vm_function *function)
{
    const vm_instruction *behind = task->pc;
    const vm_instruction *at = behind - 1;
    vm_value *base = task->base;
    const vm_native *native = function->natives[behind->b];
    vm_value args[3];
    vm_set(&args[0], base[at->b]);
    vm_set(&args[1], base[at->c]);
    vm_set(&args[2], base[behind->a]);
    vm_value value;
    if (native->function(task, args, &value) != VM_OK) {
        return false;
    }
    vm_set(&base[at->a], value);
    return true;
}

static vm_step call_native_value(vm_task *task, const vm_native *native, vm_value *result,
                                 vm_value *args, uint32_t count)
{
    if (native->function == NULL) {
        vm_fail(task, "Unknown function %s.%s", native->module->name, native->name);
        return VM_STEP_FAIL;
    }
    if (count < native->arity || count > native->arity_max) {
        return wrong_count(task, native->arity, count);
    }
    return vm_native_call(task, native, result, args, count);
}

// ---- values ---------------------------------------------------------------------------------

static vm_step not_callable(vm_task *task, vm_value callee)
{
    vm_raise(task, VM_FAULT_NOT_CALLABLE, callee);
    return VM_STEP_FAIL;
}

static vm_step call_ctor(vm_task *task, vm_value *result, vm_value *args, uint32_t count)
{
    const vm_ctor *ctor = args[count].ctor;
    if (ctor->arity == 0) {
        return not_callable(task, args[count]);
    }
    if (ctor->arity != count) {
        return wrong_count(task, ctor->arity, count);
    }
    vm_set(result, vm_variant_make(task->heap, ctor, args, count));
    return VM_STEP_RUN;
}

// Callees that give their result at once or later, but by no frame in place of the running one.
static vm_step call_other(vm_task *task, vm_value *result, vm_value *args, uint32_t count)
{
    vm_value callee = args[count];
    return callee.tag == VM_NATIVE ? call_native_value(task, callee.native, result, args, count)
                                   : call_ctor(task, result, args, count);
}

vm_step vm_call_value(vm_task *task, vm_value *result, vm_value *args, uint32_t count, bool is_tail)
{
    vm_value callee = args[count];
    if (callee.tag == VM_CLOSURE || callee.tag == VM_FUNCTION) {
        const vm_function *function =
            callee.tag == VM_CLOSURE ? callee.closure->function : callee.function;
        return function->param_count == count ? call_function(task, function, args, is_tail)
                                              : wrong_count(task, function->param_count, count);
    }
    if (callee.tag == VM_RESUME) {
        return vm_resume_call(task, result, args, count, is_tail);
    }
    if (callee.tag != VM_NATIVE && callee.tag != VM_ATOM) {
        return not_callable(task, callee);
    }
    if (!is_tail) {
        return call_other(task, result, args, count);
    }
    // The result comes to register 0 and is returned from there; an error is still one of the call.
    vm_value values[VM_LIMIT_ARGUMENTS + 1];
    BL_CHECK(count <= VM_LIMIT_ARGUMENTS);
    vm_move_values(values, args, count + 1);
    const vm_instruction *pc = task->pc;
    task->pc = vm_return_first;
    vm_step step = call_other(task, task->base, values, count);
    if (step == VM_STEP_FAIL) {
        task->pc = pc;
    }
    return step;
}

// ---- inserted frames ------------------------------------------------------------------------

// First free slot above the running frame, with room for slots; NULL: stack limit.
static vm_value *insert_place(vm_task *task, size_t slots)
{
    vm_value *top = task->base + vm_frame_of(task->base)->function->register_count;
    if (top + slots <= task->stack_end) {
        return top;
    }
    vm_chunk *chunk = vm_chunk_push(task, slots);
    return chunk == NULL ? NULL : chunk->slots;
}

vm_step vm_call_insert(vm_task *task, vm_value callee, const vm_value *args, uint32_t count,
                       vm_insert insert, const vm_instruction *end)
{
    if (callee.tag != VM_CLOSURE && callee.tag != VM_FUNCTION) {
        vm_value values[VM_LIMIT_ARGUMENTS + 1];
        vm_move_values(values, args, count);
        values[count] = callee;
        return vm_call_value(task, insert.result, values, count, false);
    }
    const vm_function *function =
        callee.tag == VM_CLOSURE ? callee.closure->function : callee.function;
    if (function->param_count != count) {
        return wrong_count(task, function->param_count, count);
    }
    insert.return_pc = task->pc;
    insert.caller = task->base;
    insert.handlers = task->handlers;
    size_t slots = VM_INSERT_SLOTS + VM_HEADER_SLOTS + (size_t)function->register_count;
    vm_value *place = insert_place(task, slots);
    if (place == NULL) {
        return stack_overflow(task);
    }
    vm_value *base = place + VM_INSERT_SLOTS + VM_HEADER_SLOTS;
    *vm_insert_of(base) = insert;
    *vm_frame_of(base) = (vm_frame){.return_pc = end, .caller = base, .function = function};
    vm_move_values(base, args, count);
    if (function->is_closure) {
        vm_set(&base[count], callee);
    }
    enter(task, function, base);
    return VM_STEP_RUN;
}

vm_status vm_tail_call(vm_task *task, vm_value callee, const vm_value *args, size_t count)
{
    BL_CHECK(count <= VM_LIMIT_ARGUMENTS);
    task->call_callee = vm_dup(callee);
    vm_move_values(task->call_args, args, count);
    task->call_count = (uint32_t)count;
    return VM_CALL;
}
