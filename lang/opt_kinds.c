// lang/opt_kinds.c: which kinds of values each variable is proved to hold.
//
// The union over all definitions, from below: nothing is assumed of a variable until one of its
// definitions gives it a kind, so that loops like `i = i + 1` keep what they start with. Only
// operations prove anything; declared types do not.
#include "lang/opt.h"

static ir_kinds kinds_of_constant(vm_value value)
{
    return IR_KIND(value.tag);
}

static ir_kinds arithmetic_kinds(const ir_function *function, const ir_instruction *at)
{
    ir_kinds left = function->variables[at->args[0]].kinds;
    ir_kinds right = at->has_immediate ? IR_KIND(VM_INT)
                     : at->count > 1   ? function->variables[at->args[1]].kinds
                                       : left;
    left &= IR_KINDS_NUMBER;
    right &= IR_KINDS_NUMBER;
    ir_kinds result = IR_KINDS_NONE;
    if ((left & IR_KIND(VM_INT)) != 0 && (right & IR_KIND(VM_INT)) != 0) {
        result |= IR_KIND(VM_INT);
    }
    if (((left | right) & IR_KIND(VM_FLOAT)) != 0 && left != 0 && right != 0) {
        result |= IR_KIND(VM_FLOAT);
    }
    return result;
}

// The result that a native's signature promises: natives are ours, they keep it.
static ir_kinds native_kinds(const vm_native *native)
{
    static const struct {
        const char *text;
        ir_kinds kinds;
    } results[] = {
        {"Int", IR_KIND(VM_INT)},       {"Float", IR_KIND(VM_FLOAT)}, {"Bool", IR_KIND(VM_BOOL)},
        {"String", IR_KIND(VM_STRING)}, {"()", IR_KIND(VM_UNIT)},
    };
    if (native->type == NULL) {
        return IR_KINDS_ANY;
    }
    const char *arrow = NULL;
    int depth = 0;
    for (const char *at = native->type; *at != '\0'; at++) {
        depth += (*at == '(') - (*at == ')');
        if (depth == 0 && at[0] == '-' && at[1] == '>') {
            arrow = at + 2;
            break; // What follows may be a function type: that is none of the results below.
        }
    }
    if (arrow == NULL) {
        return IR_KINDS_ANY;
    }
    while (*arrow == ' ') {
        arrow += 1;
    }
    if (*arrow == '{') {
        while (*arrow != '\0' && *arrow != '}') {
            arrow += 1;
        }
        arrow += *arrow == '}';
        while (*arrow == ' ') {
            arrow += 1;
        }
    }
    for (size_t i = 0; i < BL_ARRAY_COUNT(results); i++) {
        if (strcmp(arrow, results[i].text) == 0) {
            return results[i].kinds;
        }
    }
    return IR_KINDS_ANY;
}

static ir_kinds result_kinds(const ir_function *function, const ir_instruction *at)
{
    switch ((unsigned)at->op) {
    case IR_CONSTANT:
        return kinds_of_constant(at->as.constant);
    case IR_COPY:
    case IR_DUP_OF:
        return function->variables[at->args[0]].kinds;
    case IR_ADD:
    case IR_SUB:
    case IR_MUL:
    case IR_DIV:
    case IR_MOD:
    case IR_NEG:
        return arithmetic_kinds(function, at);
    case IR_NATIVE:
        return native_kinds(at->as.native);
    case IR_CONCAT:
        return IR_KIND(VM_STRING) | IR_KIND(VM_LIST);
    default:
        return ir_ops[at->op].kinds;
    }
}

// ---- the whole program -----------------------------------------------------------------------

// Adds kinds to a variable; true if some are new.
static bool add_kinds(ir_function *function, ir_var var, ir_kinds kinds)
{
    ir_variable *variable = &function->variables[var];
    bool grown = (kinds & ~variable->kinds) != 0;
    variable->kinds |= kinds;
    return grown;
}

// What a direct call hands to the parameters of its callee.
static bool hand_over(const ir_function *caller, const ir_instruction *call)
{
    ir_function *callee = call->as.function;
    bool grown = false;
    for (uint32_t i = 0; i < call->count && i < callee->param_count; i++) {
        grown |= add_kinds(callee, i, caller->variables[call->args[i]].kinds);
    }
    return grown;
}

static bool spread_kinds(ir_function *function)
{
    bool changed = false;
    for (uint32_t b = 0; b < function->block_count; b++) {
        for (const ir_instruction *at = function->blocks[b]->first; at != NULL; at = at->next) {
            ir_kinds returned = IR_KINDS_NONE;
            if (at->op == IR_CALL || at->op == IR_TAIL_CALL) {
                changed |= hand_over(function, at);
            }
            if (at->result != IR_NO_VAR) {
                ir_kinds kinds =
                    at->op == IR_CALL ? at->as.function->result_kinds : result_kinds(function, at);
                changed |= add_kinds(function, at->result, kinds);
            }
            if (at->second != IR_NO_VAR) {
                changed |= add_kinds(function, at->second, IR_KIND(VM_BOOL));
            }
            if (at->op == IR_RETURN) {
                returned = function->variables[at->args[0]].kinds;
            } else if (at->op == IR_TAIL_CALL) {
                returned = at->as.function->result_kinds;
            } else if (at->op == IR_TAIL_CALL_VALUE) {
                returned = IR_KINDS_ANY;
            }
            changed |= (returned & ~function->result_kinds) != 0;
            function->result_kinds |= returned;
        }
    }
    return changed;
}

// Functions whose value nobody makes are only called where the program says so: their parameters
// hold what those calls hand over. Of all others nothing is known.
void opt_kinds(ir_program *program)
{
    for (uint32_t f = 0; f < program->function_count; f++) {
        ir_function *function = program->functions[f];
        for (uint32_t i = 0; i < function->variable_count; i++) {
            bool is_param = i < function->param_count && function->escapes;
            bool is_closure = i == function->param_count;
            function->variables[i].kinds = is_param || is_closure ? IR_KINDS_ANY : IR_KINDS_NONE;
        }
        function->result_kinds = IR_KINDS_NONE;
    }
    bool changed = true;
    while (changed) {
        changed = false;
        for (uint32_t f = 0; f < program->function_count; f++) {
            if (!program->functions[f]->is_dead) {
                changed |= spread_kinds(program->functions[f]);
            }
        }
    }
    // What nothing defines is never reached; whatever is made of it must still be right.
    for (uint32_t f = 0; f < program->function_count; f++) {
        ir_function *function = program->functions[f];
        for (uint32_t i = 0; i < function->variable_count; i++) {
            if (function->variables[i].kinds == IR_KINDS_NONE) {
                function->variables[i].kinds = IR_KINDS_ANY;
            }
        }
    }
}
