// lang/opt_inline.c: functions into their callers.
//
// Callees first, so that what is copied is as small as it gets. Copied are small functions, and
// functions of the library that are handed a function which is known here: `List.map(xs, |x| …)`
// becomes its loop, then the call of the lambda in it becomes the lambda's body, and the closure
// is never made. A variable in a box that no closure captures any more is a plain variable again.
//
// Run-time errors name every function on the stack, inlined or not: each instruction that came
// from elsewhere remembers through which calls (ir_function.frames). Only functions of the same
// file and hidden ones of the library are copied, so that a place needs no file of its own.
#include "lang/limits.h"
#include "lang/opt.h"

static uint32_t count_size(const ir_function *function)
{
    uint32_t size = 0;
    for (uint32_t b = 0; b < function->block_count; b++) {
        for (const ir_instruction *at = function->blocks[b]->first; at != NULL; at = at->next) {
            size += 1;
        }
    }
    return size;
}

// ---- copies ----------------------------------------------------------------------------------

static uint32_t add_frame(ir_function *function, vm_inlined frame)
{
    if (function->frame_count == function->frame_capacity) {
        uint32_t capacity = function->frame_capacity == 0 ? 8 : function->frame_capacity * 2;
        vm_inlined *larger = bl_arena_alloc(function->program->arena, capacity * sizeof *larger);
        if (function->frame_count != 0) {
            memcpy(larger, function->frames, function->frame_count * sizeof *larger);
        }
        function->frames = larger;
        function->frame_capacity = capacity;
    }
    function->frames[function->frame_count++] = frame;
    return function->frame_count;
}

typedef struct copier {
    ir_function *into;
    const ir_function *from;
    const ir_instruction *call;
    uint32_t first_variable; // Variable v of the callee is first_variable + v.
    uint32_t frame;          // Of the call itself.
    uint32_t first_frame;    // Frame f of the callee is first_frame + f.
    ir_block **blocks;       // By number in the callee.
    ir_block *after;
    const ir_instruction *closure; // The CLOSURE that is called; NULL: a plain function.
} copier;

static ir_block *copied_block(const copier *copy, const ir_block *block)
{
    return block == NULL ? NULL : copy->blocks[block->id];
}

static void copy_instruction(const copier *copy, ir_block *to, const ir_instruction *from)
{
    ir_function *into = copy->into;
    bool returns = from->op == IR_RETURN;
    bool captures = from->op == IR_CAPTURE;
    ir_op op = returns || captures ? IR_COPY : (ir_op)from->op;
    ir_instruction *made = ir_instruction_new(into, op, IR_NO_VAR, from->count);
    ir_var *args = made->args;
    *made = *from;
    made->op = (uint8_t)op;
    made->args = args;
    made->is_tail = from->is_tail && copy->call->is_tail;
    made->frame = from->frame == 0 ? copy->frame : copy->first_frame + from->frame;
    for (uint32_t i = 0; i < from->count; i++) {
        args[i] = copy->first_variable + from->args[i];
    }
    if (from->result != IR_NO_VAR) {
        made->result = copy->first_variable + from->result;
    }
    if (from->second != IR_NO_VAR) {
        made->second = copy->first_variable + from->second;
    }
    made->to[0] = copied_block(copy, from->to[0]);
    made->to[1] = copied_block(copy, from->to[1]);
    if (ir_is_switch(from)) {
        made->as.cases =
            bl_arena_alloc(into->program->arena, from->as.case_count * sizeof *made->as.cases);
        for (uint32_t i = 0; i < from->as.case_count; i++) {
            made->as.cases[i] = from->as.cases[i];
            made->as.cases[i].to = copied_block(copy, from->as.cases[i].to);
        }
    }
    if (captures) {
        args[0] = copy->closure->args[from->as.index];
    }
    if (!returns) {
        ir_append(to, made);
        return;
    }
    made->result = copy->call->result;
    ir_append(to, made);
    ir_instruction *jump = ir_instruction_new(into, IR_JUMP, IR_NO_VAR, 0);
    jump->to[0] = copy->after;
    ir_append(to, jump);
}

// What follows the call goes to a block of its own.
static ir_block *split_after(ir_function *function, ir_block *block, ir_instruction *call)
{
    ir_block *after = ir_block_new(function);
    for (ir_instruction *at = call->next; at != NULL;) {
        ir_instruction *next = at->next;
        ir_remove(block, at);
        ir_append(after, at);
        at = next;
    }
    return after;
}

static void copy_variables(copier *copy)
{
    copy->first_variable = copy->into->variable_count;
    for (uint32_t i = 0; i < copy->from->variable_count; i++) {
        const ir_variable *variable = &copy->from->variables[i];
        ir_var made = ir_variable_new(copy->into, variable->type);
        copy->into->variables[made].is_state = variable->is_state;
    }
}

static void copy_frames(copier *copy)
{
    const ir_instruction *call = copy->call;
    copy->frame = add_frame(copy->into, (vm_inlined){.name = copy->from->name,
                                                     .flags = copy->from->flags,
                                                     .line = call->line,
                                                     .column = call->column,
                                                     .outer = call->frame});
    copy->first_frame = copy->into->frame_count;
    for (uint32_t i = 0; i < copy->from->frame_count; i++) {
        vm_inlined frame = copy->from->frames[i];
        frame.outer = frame.outer == 0 ? copy->frame : copy->first_frame + frame.outer;
        add_frame(copy->into, frame);
    }
}

// Replaces the call by the callee's body. closure: the CLOSURE that makes the callee, or NULL.
static void inline_call(ir_function *into, ir_block *block, ir_instruction *call,
                        const ir_function *from, const ir_instruction *closure)
{
    copier copy = {.into = into, .from = from, .call = call, .closure = closure};
    copy.after = split_after(into, block, call);
    copy_variables(&copy);
    copy_frames(&copy);
    uint32_t count = from->block_count;
    copy.blocks = bl_alloc((count + 1) * sizeof(ir_block *));
    for (uint32_t b = 0; b < count; b++) {
        copy.blocks[b] = ir_block_new(into);
    }
    for (uint32_t b = 0; b < count; b++) {
        for (const ir_instruction *at = from->blocks[b]->first; at != NULL; at = at->next) {
            copy_instruction(&copy, copy.blocks[b], at);
        }
    }
    for (uint32_t i = 0; i < from->param_count; i++) {
        ir_instruction *argument = ir_instruction_new(into, IR_COPY, copy.first_variable + i, 1);
        argument->args[0] = call->args[i];
        argument->line = call->line;
        argument->column = call->column;
        argument->frame = call->frame;
        ir_insert_before(block, call, argument);
    }
    ir_remove(block, call);
    ir_instruction *jump = ir_instruction_new(into, IR_JUMP, IR_NO_VAR, 0);
    jump->to[0] = copy.blocks[0];
    ir_append(block, jump);
    bl_free(copy.blocks);
}

// ---- what is worth it ------------------------------------------------------------------------

static bool is_internal(const ir_function *function)
{
    return (function->flags & VM_FUNCTION_INTERNAL) != 0;
}

static bool can_inline(const ir_function *into, const ir_function *from)
{
    return from != into && from->is_optimised && !from->is_recursive && !from->is_dead &&
           from->block_count != 0 && into->frame_count < LANG_INLINE_CALLS_MAX &&
           (is_internal(from) || strcmp(from->file, into->file) == 0);
}

// The function that a variable is known to hold; *closure: the CLOSURE that makes it, or NULL.
static ir_function *known_function(const opt_facts *facts, const ir_function *function, ir_var var,
                                   ir_instruction **closure)
{
    *closure = NULL;
    ir_instruction *definition = facts->definition[var];
    if (facts->definitions[var] != 1 || definition == NULL) {
        return NULL;
    }
    if (definition->op == IR_CLOSURE) {
        *closure = definition;
        return definition->as.function;
    }
    if (definition->op == IR_CONSTANT && definition->as.constant.tag == VM_FUNCTION) {
        return function->program->functions[definition->as.constant.function->index];
    }
    return NULL;
}

static bool has_known_function(const opt_facts *facts, const ir_function *function,
                               const ir_instruction *call)
{
    ir_instruction *closure;
    for (uint32_t i = 0; i < call->count; i++) {
        if (known_function(facts, function, call->args[i], &closure) != NULL) {
            return true;
        }
    }
    return false;
}

static bool worth_direct(const opt_facts *facts, const ir_function *into,
                         const ir_instruction *call)
{
    const ir_function *from = call->as.function;
    if (!can_inline(into, from) || from->is_closure) {
        return false;
    }
    return from->size <= LANG_INLINE_SMALL_MAX ||
           (is_internal(from) && from->size <= LANG_INLINE_HIGHER_MAX &&
            has_known_function(facts, into, call));
}

// `f(x)` where f is known: the lambda's body, or at least a direct call.
static bool resolve_value_call(const opt_facts *facts, ir_function *into, ir_block *block,
                               ir_instruction *call)
{
    ir_instruction *closure = NULL;
    ir_var callee = call->args[call->count - 1];
    ir_function *from = known_function(facts, into, callee, &closure);
    if (from == NULL || from->param_count != call->count - 1) {
        return false;
    }
    uint32_t limit =
        closure != NULL && facts->uses[callee] == 1 ? LANG_INLINE_ONCE_MAX : LANG_INLINE_LAMBDA_MAX;
    if (can_inline(into, from) && from->size <= limit && from->is_closure == (closure != NULL)) {
        call->count -= 1;
        inline_call(into, block, call, from, closure);
        return true;
    }
    if (closure == NULL && !from->is_closure) {
        call->op = IR_CALL;
        call->as.function = from;
        call->count -= 1;
        return true;
    }
    return false;
}

// One round over the function; true if anything was replaced.
static bool inline_round(ir_function *function)
{
    opt_facts facts;
    opt_facts_init(&facts, function);
    bool changed = false;
    uint32_t count = function->block_count; // What is copied waits for the next round.
    for (uint32_t b = 0; b < count && function->grown < LANG_INLINE_GROWTH_MAX; b++) {
        ir_block *block = function->blocks[b];
        for (ir_instruction *at = block->first; at != NULL;) {
            ir_instruction *next = at->next;
            if (at->op == IR_CALL && worth_direct(&facts, function, at)) {
                function->grown += at->as.function->size;
                inline_call(function, block, at, at->as.function, NULL);
                // The rest of the block has moved to a new one: look there next round.
                changed = true;
                break;
            }
            if (at->op == IR_CALL_VALUE) {
                uint32_t before = function->instruction_count;
                if (resolve_value_call(&facts, function, block, at)) {
                    function->grown += function->instruction_count - before;
                    changed = true;
                    if (at->op != IR_CALL) {
                        break;
                    }
                }
            }
            at = next;
        }
    }
    opt_facts_deinit(&facts);
    return changed;
}

// ---- boxes that no closure captures ----------------------------------------------------------

void opt_unbox(ir_function *function)
{
    uint32_t count = function->variable_count + 1;
    uint32_t *definitions = bl_alloc_zeroed(count, sizeof *definitions);
    bool *is_box = bl_alloc_zeroed(count, 1);
    bool *escapes = bl_alloc_zeroed(count, 1);
    for (uint32_t b = 0; b < function->block_count; b++) {
        for (const ir_instruction *at = function->blocks[b]->first; at != NULL; at = at->next) {
            bool reads = at->op == IR_BOX_GET || at->op == IR_BOX_SET || at->op == IR_BOX_TAKE;
            for (uint32_t i = 0; i < at->count; i++) {
                escapes[at->args[i]] |= !reads || i > 0;
            }
            if (at->result != IR_NO_VAR) {
                definitions[at->result] += 1;
                is_box[at->result] = at->op == IR_BOX_NEW;
            }
        }
    }
    for (uint32_t b = 0; b < function->block_count; b++) {
        for (ir_instruction *at = function->blocks[b]->first; at != NULL; at = at->next) {
            if (at->op == IR_BOX_NEW && definitions[at->result] == 1 && !escapes[at->result]) {
                at->op = IR_COPY;
                continue;
            }
            bool uses_box = at->op == IR_BOX_GET || at->op == IR_BOX_SET;
            if (!uses_box || !is_box[at->args[0]] || definitions[at->args[0]] != 1 ||
                escapes[at->args[0]]) {
                continue;
            }
            if (at->op == IR_BOX_SET) {
                at->result = at->args[0];
                at->args[0] = at->args[1];
                at->count = 1;
            }
            at->op = IR_COPY;
        }
    }
    bl_free(definitions);
    bl_free(is_box);
    bl_free(escapes);
}

// ---- order -----------------------------------------------------------------------------------

static bool calls_itself(const ir_function *function)
{
    for (uint32_t b = 0; b < function->block_count; b++) {
        for (const ir_instruction *at = function->blocks[b]->first; at != NULL; at = at->next) {
            if ((at->op == IR_CALL || at->op == IR_CLOSURE) && at->as.function == function) {
                return true;
            }
        }
    }
    return false;
}

static void inline_into(ir_function *function)
{
    opt_simplify(function);
    for (uint32_t round = 0; round < LANG_INLINE_ROUNDS_MAX && inline_round(function); round++) {
        ir_renumber(function);
        opt_simplify(function);
    }
    opt_unbox(function);
    opt_simplify(function);
    for (uint32_t round = 0; round < LANG_KNOWN_ROUNDS_MAX && opt_known(function); round++) {
        opt_simplify(function);
    }
    function->size = count_size(function);
    function->is_recursive = calls_itself(function);
    function->is_optimised = true;
}

// The i-th function that the instruction refers to; NULL: there is none.
static ir_function *referred(const ir_program *program, const ir_instruction *at)
{
    if (at->op == IR_CALL || at->op == IR_CLOSURE) {
        return at->as.function;
    }
    if (at->op == IR_CONSTANT && at->as.constant.tag == VM_FUNCTION) {
        return program->functions[at->as.constant.function->index];
    }
    return NULL;
}

// Callees before callers; on a cycle some call is met before its callee is done, and stays one.
void opt_inline(ir_program *program)
{
    typedef struct visit {
        ir_function *function;
        uint32_t block;
        const ir_instruction *at;
    } visit;
    visit *stack = bl_alloc((program->function_count + 1) * sizeof *stack);
    bool *seen = bl_alloc_zeroed(program->function_count + 1, 1);
    for (uint32_t f = 0; f < program->function_count; f++) {
        uint32_t depth = 0;
        if (!seen[f] && program->functions[f]->block_count != 0) {
            seen[f] = true;
            stack[depth++] =
                (visit){program->functions[f], 0, program->functions[f]->blocks[0]->first};
        }
        while (depth > 0) {
            visit *top = &stack[depth - 1];
            if (top->at == NULL && ++top->block < top->function->block_count) {
                top->at = top->function->blocks[top->block]->first;
                continue;
            }
            if (top->at == NULL) {
                inline_into(top->function);
                depth -= 1;
                continue;
            }
            ir_function *callee = referred(program, top->at);
            top->at = top->at->next;
            if (callee != NULL && !seen[callee->index] && callee->block_count != 0) {
                seen[callee->index] = true;
                stack[depth++] = (visit){callee, 0, callee->blocks[0]->first};
            }
        }
    }
    bl_free(stack);
    bl_free(seen);
}
