// vm/handler.c: effect handlers: handle, with, capture; operations; continuations.
//
// `handle` runs its body on a segment of its own. An operation searches the list of installed
// handlers, innermost first, and what happens depends on the clause that it finds:
//
//     tail     The clause is a plain call on top of the performing frame; meanwhile the list of
//              handlers is what surrounds the handler. No segment moves.
//     abort    The segments from the performing one down to the body's are taken apart, then the
//              clause is called on top of the frame that waits for the body.
//     general  These segments are detached and become a continuation, the clause's last argument.
//              Calling it puts them on top of the caller again, whatever that is by then: the body
//              goes on with its own handlers and those around the call.
//
//      fiber's segment        body's segment
//      [ … HANDLE frame ] <── [ body … PERFORM ]      before
//      [ … HANDLE frame, clause ]  [ body … PERFORM ] general: detached, held by `resume`
//      [ … HANDLE frame, clause ] <── [ body … ]      resumed: the clause's call is the site now
//
// A value that leaves the body goes to the segment's site; `?` (EARLY) always goes to the HANDLE
// itself, the home, whatever clauses lie in between.
#include <assert.h>

#include "vm/task.h"

// ---- nodes ----------------------------------------------------------------------------------

static void node_take_values(vm_task *task, vm_node *node, const vm_value *values, uint32_t count)
{
    node->value_count = count;
    node->values = node->inline_values;
    if (count > BL_ARRAY_COUNT(node->inline_values)) {
        node->values = vm_heap_alloc_raw(task->heap, count * sizeof(vm_value));
    }
    vm_move_values(node->values, values, count);
}

void vm_node_clear(vm_task *task, vm_node *node)
{
    if (node->value_count == 0) {
        return;
    }
    vm_drop_values(task->heap, node->values, node->value_count);
    if (node->values != node->inline_values) {
        vm_heap_free_raw(task->heap, node->values, node->value_count * sizeof(vm_value));
    }
    node->value_count = 0;
}

void vm_node_free(vm_task *task, vm_node *node)
{
    vm_node_clear(task, node);
    vm_heap_free_raw(task->heap, node, sizeof *node);
}

static vm_node *node_install(vm_task *task, vm_node_kind kind, const void *table)
{
    vm_node *node = vm_heap_alloc_raw(task->heap, sizeof *node);
    *node = (vm_node){.kind = kind,
                      .outer = task->handlers,
                      .below = task->segment->nodes,
                      .base = task->base,
                      .table = table};
    task->segment->nodes = node;
    task->handlers = node;
    return node;
}

void vm_with_begin(vm_task *task, vm_value *records, const vm_with *with)
{
    vm_node *node = node_install(task, VM_NODE_WITH, with);
    node_take_values(task, node, records, with->count);
}

void vm_collect_begin(vm_task *task, const vm_operation *operation)
{
    vm_node *node = node_install(task, VM_NODE_COLLECT, operation);
    vm_value list = vm_list_make(task->heap, 0);
    node_take_values(task, node, &list, 1);
}

void vm_with_end(vm_task *task)
{
    vm_node *node = task->segment->nodes;
    BL_CHECK(node != NULL);
    assert(task->handlers == node);
    task->handlers = node->outer;
    task->segment->nodes = node->below;
    vm_node_free(task, node);
}

vm_value vm_collect_end(vm_task *task)
{
    vm_node *node = task->segment->nodes;
    BL_CHECK(node != NULL && node->kind == VM_NODE_COLLECT);
    vm_value list = node->values[0];
    node->values[0] = vm_unit();
    vm_with_end(task);
    return list;
}

// ---- handle ---------------------------------------------------------------------------------

vm_step vm_handle_begin(vm_task *task, vm_value *result, vm_value *closures,
                        const vm_handler *handler)
{
    vm_value body = closures[0];
    const vm_function *function = body.tag == VM_CLOSURE ? body.closure->function : body.function;
    assert(function->param_count == 0);
    vm_segment *segment =
        vm_segment_acquire(task, VM_HEADER_SLOTS + (size_t)function->register_count);
    if (segment == NULL) {
        vm_raise(task, VM_FAULT_STACK, vm_unit());
        return VM_STEP_FAIL;
    }
    segment->parent = task->segment;
    segment->site_pc = segment->home_pc = task->pc;
    segment->site_base = segment->home_base = task->base;
    segment->site_result = result;
    segment->site_to_handle = true;
    segment->node = (vm_node){
        .kind = VM_NODE_HANDLE, .outer = task->handlers, .table = handler, .segment = segment};
    node_take_values(task, &segment->node, closures + 1, handler->count);
    vm_value *base = segment->chunk->slots + VM_HEADER_SLOTS;
    *vm_frame_of(base) =
        (vm_frame){.return_pc = vm_end_handle, .caller = base, .function = function};
    if (function->is_closure) {
        vm_set(&base[0], body);
    }
    vm_spoil_registers(base, function);
    task->handlers = &segment->node;
    vm_segment_enter(task, segment);
    task->base = base;
    task->pc = function->code;
    return VM_STEP_RUN;
}

static void site_give(vm_value *result, bool to_handle, vm_value value)
{
    vm_set(result, value);
    if (to_handle) {
        vm_set(result + 1, vm_bool(false));
    }
}

vm_step vm_handle_end(vm_task *task)
{
    vm_segment *segment = task->segment;
    site_give(segment->site_result, segment->site_to_handle, task->base[-VM_HEADER_SLOTS]);
    task->pc = segment->site_pc;
    task->base = segment->site_base;
    task->handlers = segment->node.outer;
    vm_segment_enter(task, segment->parent);
    vm_segment_release(task, segment);
    return VM_STEP_RUN;
}

// ---- operations -----------------------------------------------------------------------------

static vm_step perform_default(vm_task *task, vm_value *result, vm_value *args,
                               const vm_operation *operation)
{
    if (operation->native != NULL) {
        return vm_native_call(task, operation->native, result, args, operation->arity);
    }
    if (operation->function != NULL) {
        vm_value callee = {.function = operation->function, .tag = VM_FUNCTION};
        return vm_call_insert(task, callee, args, operation->arity, (vm_insert){.result = result},
                              vm_end_insert);
    }
    vm_fail(task, "Unhandled effect: %s.%s", operation->effect, operation->name);
    return VM_STEP_FAIL;
}

// Leaves the segments from the running one down to the node's: from here on the frame that waits
// for the body runs. Its insert for the clause.
static vm_insert clause_site(vm_task *task, const vm_segment *segment)
{
    vm_insert insert = {.result = segment->site_result,
                        .to_handle = segment->site_to_handle,
                        .home_pc = segment->home_pc,
                        .home_base = segment->home_base};
    task->pc = segment->site_pc;
    task->base = segment->site_base;
    task->handlers = segment->node.outer;
    vm_segment_enter(task, segment->parent);
    return insert;
}

// Takes apart all frames from *at outwards, to the bottom of segment.
static void unwind_segments(vm_task *task, vm_cursor *at, vm_segment *bottom)
{
    bottom->parent = NULL;
    while (at->segment != NULL) {
        vm_unwind_step(task, at);
    }
}

static vm_step perform_abort(vm_task *task, vm_value *args, uint32_t count, vm_segment *segment,
                             vm_value closure)
{
    vm_value values[VM_LIMIT_ARGUMENTS];
    vm_move_values(values, args, count);
    vm_cursor at = {
        .segment = task->segment, .base = task->base, .pc = task->pc, .handlers = task->handlers};
    vm_insert insert = clause_site(task, segment);
    unwind_segments(task, &at, segment);
    return vm_call_insert(task, closure, values, count, insert, vm_end_clause);
}

static vm_step perform_general(vm_task *task, vm_value *result, vm_value *args, uint32_t count,
                               vm_segment *segment, vm_value closure)
{
    vm_value values[VM_LIMIT_ARGUMENTS + 1];
    vm_move_values(values, args, count);
    vm_resume *resume = vm_object_take(task->heap, VM_RESUME, sizeof *resume);
    resume->state = VM_RESUME_READY;
    resume->at = (vm_cursor){
        .segment = task->segment, .base = task->base, .pc = task->pc, .handlers = task->handlers};
    resume->result = result;
    resume->bottom = segment;
    resume->task = task;
    segment->captured_by = resume;
    vm_insert insert = clause_site(task, segment);
    segment->parent = NULL;
    values[count] = vm_dup(vm_of(resume)); // One count for the clause, one for the insert.
    insert.resume = resume;
    return vm_call_insert(task, closure, values, count + 1, insert, vm_end_clause);
}

// The most frequent one: what vm_call_insert does, for a closure and without its detours.
static vm_step perform_tail(vm_task *task, vm_value *result, const vm_value *args, uint32_t count,
                            const vm_node *node, vm_value closure)
{
    const vm_function *function = closure.tag == VM_CLOSURE ? closure.closure->function : NULL;
    vm_value *caller = task->base;
    vm_value *place = caller + vm_frame_of(caller)->function->register_count;
    vm_value *base = place + VM_INSERT_SLOTS + VM_HEADER_SLOTS;
    bool fits = function != NULL && function->param_count == count &&
                base + function->register_count <= task->stack_end;
    if (BL_UNLIKELY(!fits)) {
        vm_insert insert = {.result = result,
                            .home_pc = node->segment->home_pc,
                            .home_base = node->segment->home_base};
        vm_step step = vm_call_insert(task, closure, args, count, insert, vm_end_tail);
        task->handlers = node->outer;
        return step;
    }
    vm_insert *insert = vm_insert_of(base);
    insert->return_pc = task->pc;
    insert->caller = caller;
    insert->result = result;
    insert->handlers = task->handlers;
    insert->resume = NULL;
    insert->home_pc = node->segment->home_pc;
    insert->home_base = node->segment->home_base;
    vm_frame *frame = vm_frame_of(base);
    frame->return_pc = vm_end_tail;
    frame->caller = base;
    frame->function = function;
    vm_move_values(base, args, count);
    vm_set(&base[count], closure);
    vm_spoil_registers(base, function);
    task->handlers = node->outer;
    task->base = base;
    task->pc = function->code;
    return VM_STEP_RUN;
}

static vm_step perform_clause(vm_task *task, vm_value *result, vm_value *args,
                              const vm_operation *operation, vm_node *node, uint32_t index)
{
    const vm_clause *clause = &((const vm_handler *)node->table)->clauses[index];
    if (clause->arity != operation->arity) {
        vm_fail(task, "Handler clause %s.%s expects %u arguments, got %u", operation->effect,
                operation->name, clause->arity, operation->arity);
        return VM_STEP_FAIL;
    }
    vm_value closure = vm_dup(node->values[index]);
    switch (clause->kind) {
    case VM_CLAUSE_TAIL:
        return perform_tail(task, result, args, operation->arity, node, closure);
    case VM_CLAUSE_ABORT:
        return perform_abort(task, args, operation->arity, node->segment, closure);
    case VM_CLAUSE_GENERAL:
        break;
    }
    return perform_general(task, result, args, operation->arity, node->segment, closure);
}

static bool find_clause(const vm_node *node, const vm_operation *operation, uint32_t *index)
{
    const vm_handler *handler = node->table;
    for (uint32_t i = 0; i < handler->count; i += 1) {
        if (handler->clauses[i].operation == operation) {
            *index = i;
            return true;
        }
    }
    return false;
}

// The function for operation in the records of a `with`, borrowed; NULL if there is none.
static const vm_value *find_record_function(const vm_node *node, const vm_operation *operation)
{
    const vm_with *with = node->table;
    for (uint32_t i = 0; i < with->count; i += 1) {
        bool is_effect = strcmp(with->effects[i], operation->effect) == 0;
        if (is_effect && node->values[i].tag == VM_RECORD) {
            return vm_record_field(node->values[i].record, bl_slice_of(operation->name));
        }
    }
    return NULL;
}

static vm_step perform_with(vm_task *task, vm_value *result, vm_value *args,
                            const vm_operation *operation, const vm_node *node, vm_value function)
{
    vm_step step = vm_call_insert(task, vm_dup(function), args, operation->arity,
                                  (vm_insert){.result = result}, vm_end_tail);
    bool runs_on_top = function.tag == VM_CLOSURE || function.tag == VM_FUNCTION;
    if (step == VM_STEP_RUN && runs_on_top) {
        task->handlers = node->outer;
    }
    return step;
}

static void perform_collect(vm_task *task, vm_value *result, const vm_value *args,
                            const vm_operation *operation, vm_node *node)
{
    vm_value first = operation->arity == 0 ? vm_unit() : args[0];
    node->values[0] = vm_list_push(task->heap, node->values[0], first);
    for (uint32_t i = 1; i < operation->arity; i += 1) {
        vm_drop(task->heap, args[i]);
    }
    vm_set(result, vm_unit());
}

vm_step vm_perform(vm_task *task, vm_value *result, vm_value *args, const vm_operation *operation)
{
    for (vm_node *node = task->handlers; node != NULL; node = node->outer) {
        switch (node->kind) {
        case VM_NODE_HANDLE: {
            uint32_t index;
            if (find_clause(node, operation, &index)) {
                return perform_clause(task, result, args, operation, node, index);
            }
            break;
        }
        case VM_NODE_WITH: {
            const vm_value *function = find_record_function(node, operation);
            if (function != NULL) {
                return perform_with(task, result, args, operation, node, *function);
            }
            break;
        }
        case VM_NODE_COLLECT:
            if (node->table == operation) {
                perform_collect(task, result, args, operation, node);
                return VM_STEP_RUN;
            }
            break;
        }
    }
    return perform_default(task, result, args, operation);
}

// ---- continuations --------------------------------------------------------------------------

static void resume_abandon(vm_task *task, vm_resume *resume)
{
    if (resume->state == VM_RESUME_READY) {
        resume->state = VM_RESUME_FINISHED;
        unwind_segments(task, &resume->at, resume->bottom);
    }
}

void vm_resume_finish(vm_task *task, vm_resume *resume)
{
    resume_abandon(task, resume);
    vm_object_drop(task->heap, &resume->header);
}

void vm_resume_free(vm_heap *heap, vm_object *object)
{
    vm_resume *resume = (vm_resume *)(void *)object;
    resume_abandon(resume->task, resume);
    vm_heap_give(heap, resume, sizeof *resume);
}

// The frame that an insert belongs to goes on with value.
static void insert_return(vm_task *task, vm_value *base)
{
    const vm_insert *insert = vm_insert_of(base);
    vm_segment *segment = task->segment;
    task->pc = insert->return_pc;
    task->base = insert->caller;
    task->handlers = insert->handlers;
    if ((const void *)insert == segment->chunk->slots && segment->chunk->previous != NULL) {
        vm_chunk_pop(task, segment);
        task->stack_end = segment->chunk->end;
    }
}

vm_step vm_clause_end(vm_task *task)
{
    vm_value *base = task->base;
    const vm_insert *insert = vm_insert_of(base);
    vm_resume *resume = insert->resume;
    site_give(insert->result, insert->to_handle, base[-VM_HEADER_SLOTS]);
    insert_return(task, base);
    if (resume != NULL) {
        vm_resume_finish(task, resume);
    }
    return VM_STEP_RUN;
}

// A clause that ends with this call is left at once: what it would give back comes from the body
// directly, so that a loop of operations does not grow the stack. False: it is no such frame.
static bool leave_clause(vm_task *task, vm_resume *resume)
{
    vm_value *base = task->base;
    if (vm_frame_of(base)->return_pc != vm_end_clause || vm_insert_of(base)->resume != resume) {
        return false;
    }
    const vm_insert *insert = vm_insert_of(base);
    resume->bottom->site_result = insert->result;
    resume->bottom->site_to_handle = insert->to_handle != 0;
    insert_return(task, base);
    vm_object_drop(task->heap, &resume->header);
    return true;
}

vm_step vm_resume_call(vm_task *task, vm_value *result, vm_value *args, uint32_t count,
                       bool is_tail)
{
    vm_resume *resume = (vm_resume *)(void *)args[count].object;
    if (count > 1) {
        vm_fail(task, "Function expects %u arguments, got %u", 1u, count);
        return VM_STEP_FAIL;
    }
    if (resume->state != VM_RESUME_READY) {
        bool used = resume->state == VM_RESUME_USED;
        vm_raise(task, used ? VM_FAULT_RESUME_TWICE : VM_FAULT_RESUME_LATE, vm_unit());
        return VM_STEP_FAIL;
    }
    vm_value value = count == 0 ? vm_unit() : args[0];
    vm_segment *bottom = resume->bottom;
    if (!is_tail || !leave_clause(task, resume)) {
        bottom->site_result = is_tail ? task->base : result;
        bottom->site_to_handle = false;
        task->pc = is_tail ? vm_return_first : task->pc;
    }
    bottom->site_pc = task->pc;
    bottom->site_base = task->base;
    bottom->parent = task->segment;
    bottom->node.outer = task->handlers;
    bottom->captured_by = NULL;
    resume->state = VM_RESUME_USED;
    vm_set(resume->result, value);
    task->pc = resume->at.pc;
    task->base = resume->at.base;
    task->handlers = resume->at.handlers;
    vm_segment_enter(task, resume->at.segment);
    vm_object_drop(task->heap, &resume->header);
    return VM_STEP_RUN;
}

// ---- early return ---------------------------------------------------------------------------

vm_step vm_early(vm_task *task, vm_value value)
{
    vm_segment *segment = task->segment;
    const vm_frame *frame = vm_frame_of(task->base);
    const vm_instruction *return_pc = frame->return_pc;
    vm_value *base = frame->caller;
    for (const vm_chunk *chunk = segment->chunk; return_pc == vm_end_chunk;
         chunk = chunk->previous) {
        return_pc = chunk->return_pc;
        base = chunk->caller;
    }
    bool is_body = return_pc == vm_end_handle;
    BL_CHECK(is_body || return_pc == vm_end_clause || return_pc == vm_end_tail);
    const vm_insert *insert = is_body ? NULL : vm_insert_of(base);
    vm_value *home_base = is_body ? segment->home_base : insert->home_base;
    const vm_instruction *home_pc = is_body ? segment->home_pc : insert->home_pc;
    BL_CHECK(home_base != NULL);
    vm_cursor at = {
        .segment = segment, .base = task->base, .pc = task->pc, .handlers = task->handlers};
    do {
        if (!vm_unwind_step(task, &at)) {
            // The handle waits in a continuation that is not running: nothing to leave to.
            task->segment = NULL;
            vm_raise(task, VM_FAULT_RESUME_LATE, vm_unit());
            return VM_STEP_FAIL;
        }
    } while (at.base != home_base || at.pc != home_pc);
    vm_value *result = &home_base[home_pc[-1].a];
    vm_set(result, value);
    vm_set(result + 1, vm_bool(true));
    task->pc = home_pc;
    task->base = home_base;
    task->handlers = at.handlers;
    vm_segment_enter(task, at.segment);
    return VM_STEP_RUN;
}
