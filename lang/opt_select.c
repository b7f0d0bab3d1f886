// lang/opt_select.c: the last pass before counts are placed: forms of instructions that the
// bytecode has and the IR does not need.
#include "lang/opt.h"

// ---- comparisons -----------------------------------------------------------------------------

static bool is_comparison(const ir_instruction *at)
{
    return at->op >= IR_EQ && at->op <= IR_GE;
}

// `t = a < b; BRANCH t` becomes `COMPARE a < b`, if nobody else reads t and nothing is between.
static void join_comparison(const opt_facts *facts, ir_block *block)
{
    ir_instruction *end = block->last;
    ir_instruction *before = end->previous;
    bool negated = false;
    if (end->op != IR_BRANCH || before == NULL) {
        return;
    }
    if (before->op == IR_NOT && before->result == end->args[0] &&
        facts->uses[before->result] == 1 && before->previous != NULL &&
        is_comparison(before->previous) && before->previous->result == before->args[0] &&
        facts->uses[before->args[0]] == 1) {
        ir_remove(block, before);
        before = before->previous;
        negated = true;
    } else if (!is_comparison(before) || before->result != end->args[0] ||
               facts->uses[before->result] != 1) {
        return;
    }
    ir_remove(block, before);
    before->compare = (uint8_t)(IR_COMPARE_EQ + (before->op - IR_EQ));
    before->op = IR_COMPARE;
    before->result = IR_NO_VAR;
    before->to[0] = end->to[negated ? 1 : 0];
    before->to[1] = end->to[negated ? 0 : 1];
    ir_remove(block, end);
    ir_append(block, before);
}

// ---- immediate operands ----------------------------------------------------------------------

static bool small_int(const opt_facts *facts, ir_var var, int64_t *value)
{
    const ir_instruction *definition = facts->definition[var];
    if (facts->definitions[var] != 1 || definition == NULL || definition->op != IR_CONSTANT ||
        definition->as.constant.tag != VM_INT) {
        return false;
    }
    *value = definition->as.constant.integer;
    return *value >= INT16_MIN && *value <= INT16_MAX;
}

static ir_compare mirrored(ir_compare compare)
{
    switch (compare) {
    case IR_COMPARE_LT:
        return IR_COMPARE_GT;
    case IR_COMPARE_LE:
        return IR_COMPARE_GE;
    case IR_COMPARE_GT:
        return IR_COMPARE_LT;
    case IR_COMPARE_GE:
        return IR_COMPARE_LE;
    case IR_COMPARE_EQ:
    case IR_COMPARE_NE:
        break;
    }
    return compare;
}

static void use_immediate(const opt_facts *facts, ir_instruction *at)
{
    int64_t value = 0;
    if (at->count != 2) {
        return;
    }
    bool commutes = at->op == IR_ADD || at->op == IR_MUL || at->op == IR_COMPARE;
    if (commutes && small_int(facts, at->args[0], &value) &&
        !small_int(facts, at->args[1], &value)) {
        ir_var first = at->args[0];
        at->args[0] = at->args[1];
        at->args[1] = first;
        at->compare = (uint8_t)mirrored((ir_compare)at->compare);
    }
    bool has_form = commutes || at->op == IR_SUB;
    bool positive = at->op == IR_DIV || at->op == IR_MOD;
    if ((!has_form && !positive) || !small_int(facts, at->args[1], &value) ||
        (positive && value <= 0)) {
        return;
    }
    facts->uses[at->args[1]] -= 1;
    at->has_immediate = true;
    at->immediate = (int16_t)value;
    at->count = 1;
}

// ---- values that are changed in place --------------------------------------------------------

// `xs ++ [x]` is an append; the list of one is never made.
static void use_push(opt_facts *facts, ir_block *block, ir_instruction *at)
{
    ir_instruction *list = at->previous;
    if (at->op != IR_CONCAT || list == NULL || list->op != IR_LIST || list->count != 1 ||
        list->result != at->args[1] || facts->uses[list->result] != 1 ||
        facts->definitions[list->result] != 1 || at->args[0] == list->result) {
        return;
    }
    at->op = IR_PUSH;
    at->args[1] = list->args[0];
    ir_remove(block, list);
}

// Whether other code could see a box while this runs.
static bool may_look_into_boxes(const ir_instruction *at)
{
    if (at->op == IR_NATIVE) {
        return at->as.native->flags != VM_PURE && at->as.native->flags != VM_FOLDABLE;
    }
    return (ir_ops[at->op].flags & IR_FLAG_CALLS) != 0 || at->op == IR_BOX_GET ||
           at->op == IR_BOX_SET || at->op == IR_BOX_TAKE;
}

static bool uses_up(const ir_instruction *at, ir_var var)
{
    for (uint32_t i = 0; i < at->count; i++) {
        if (at->args[i] == var) {
            return ir_owns(at, i);
        }
    }
    return false;
}

// `x = f(x)` of a variable in a box: x is taken out meanwhile, so that f is its only owner.
static void use_take(const opt_facts *facts, ir_instruction *get)
{
    if (get->op != IR_BOX_GET || facts->uses[get->result] != 1 ||
        facts->definitions[get->result] != 1) {
        return;
    }
    bool used = false;
    for (ir_instruction *at = get->next; at != NULL && !ir_is_end(at); at = at->next) {
        if (at->op == IR_BOX_SET && used && at->args[0] == get->args[0]) {
            get->op = IR_BOX_TAKE;
            return;
        }
        if (may_look_into_boxes(at)) {
            return;
        }
        used |= uses_up(at, get->result);
    }
}

void opt_select(ir_function *function)
{
    opt_facts facts;
    opt_facts_init(&facts, function);
    for (uint32_t b = 0; b < function->block_count; b++) {
        join_comparison(&facts, function->blocks[b]);
        for (ir_instruction *at = function->blocks[b]->first; at != NULL; at = at->next) {
            use_immediate(&facts, at);
            use_push(&facts, function->blocks[b], at);
            use_take(&facts, at);
        }
    }
    for (uint32_t b = 0; b < function->block_count; b++) {
        ir_block *block = function->blocks[b];
        for (ir_instruction *at = block->first; at != NULL; at = at->next) {
            if (at->op == IR_CONSTANT && facts.uses[at->result] == 0) {
                ir_remove(block, at);
            }
        }
    }
    opt_facts_deinit(&facts);
}

// ---- tail calls ------------------------------------------------------------------------------

// Calls elsewhere keep their frame even if nothing happens after them, as in `{ let r = f(x)  r }`:
// the stack of an error shows them, and endless recursion of that kind ends.
static bool is_returned(const ir_instruction *call)
{
    const ir_instruction *next = call->next;
    return call->is_tail && next != NULL && next->op == IR_RETURN && next->args[0] == call->result;
}

// Calls of itself become a jump back to the second block (the first one reads captures).
static void loop_back(ir_function *function, ir_block *block, ir_instruction *call)
{
    ir_instruction *end = call->next;
    uint32_t count = call->count;
    ir_var *fresh = bl_arena_alloc(function->program->arena, (count + 1) * sizeof *fresh);
    for (uint32_t i = 0; i < count; i++) {
        fresh[i] = ir_variable_new(function, function->variables[i].type);
        ir_instruction *copy = ir_instruction_new(function, IR_COPY, fresh[i], 1);
        copy->args[0] = call->args[i];
        copy->line = call->line;
        copy->column = call->column;
        copy->frame = call->frame;
        ir_insert_before(block, call, copy);
    }
    for (uint32_t i = 0; i < count; i++) {
        ir_instruction *copy = ir_instruction_new(function, IR_COPY, i, 1);
        copy->args[0] = fresh[i];
        ir_insert_before(block, call, copy);
    }
    ir_instruction *jump = ir_instruction_new(function, IR_JUMP, IR_NO_VAR, 0);
    jump->to[0] = function->blocks[0]->last->to[0];
    ir_remove(block, end);
    ir_remove(block, call);
    ir_append(block, jump);
}

void opt_tail_calls(ir_function *function)
{
    for (uint32_t b = 0; b < function->block_count; b++) {
        ir_block *block = function->blocks[b];
        ir_instruction *call = block->last->previous;
        if (call == NULL || !is_returned(call)) {
            continue;
        }
        if (call->op == IR_CALL && call->as.function == function && !function->is_closure &&
            function->blocks[0]->last->op == IR_JUMP) {
            loop_back(function, block, call);
        } else if (call->op == IR_CALL || call->op == IR_CALL_VALUE) {
            call->op = call->op == IR_CALL ? IR_TAIL_CALL : IR_TAIL_CALL_VALUE;
            call->result = IR_NO_VAR;
            ir_remove(block, block->last);
        }
    }
}
