// lang/opt_simplify.c: cheap clean-up, run between all other passes: copies disappear, results
// that nobody reads are not computed, jumps to jumps and blocks in a row become one.
//
// All of it is linear but for looks within one block, which are bounded (LANG_LOOK_MAX).
#include "lang/limits.h"
#include "lang/opt.h"

typedef struct facts {
    uint32_t *uses;
    uint32_t *definitions;
    ir_var *same_as; // What to read instead; itself if nothing.
} facts;

static void facts_init(facts *facts_, const ir_function *function)
{
    uint32_t count = function->variable_count + 1;
    facts_->uses = bl_alloc_zeroed(count, sizeof *facts_->uses);
    facts_->definitions = bl_alloc_zeroed(count, sizeof *facts_->definitions);
    facts_->same_as = bl_alloc(count * sizeof *facts_->same_as);
    for (uint32_t i = 0; i < count; i++) {
        facts_->same_as[i] = i;
        facts_->definitions[i] = i <= function->param_count ? 1 : 0;
    }
    for (uint32_t b = 0; b < function->block_count; b++) {
        for (const ir_instruction *at = function->blocks[b]->first; at != NULL; at = at->next) {
            for (uint32_t i = 0; i < at->count; i++) {
                facts_->uses[at->args[i]] += 1;
            }
            if (at->result != IR_NO_VAR) {
                facts_->definitions[at->result] += 1;
            }
            if (at->second != IR_NO_VAR) {
                facts_->definitions[at->second] += 1;
            }
        }
    }
}

static void facts_deinit(facts *facts_)
{
    bl_free(facts_->uses);
    bl_free(facts_->definitions);
    bl_free(facts_->same_as);
}

// ---- copies ----------------------------------------------------------------------------------

static ir_var original(facts *facts_, ir_var var)
{
    while (facts_->same_as[var] != var) {
        facts_->same_as[var] = facts_->same_as[facts_->same_as[var]];
        var = facts_->same_as[var];
    }
    return var;
}

// Variables with one definition that is a copy of such a variable are that variable.
static bool spread_copies(ir_function *function, facts *facts_)
{
    bool found = false;
    for (uint32_t b = 0; b < function->block_count; b++) {
        for (const ir_instruction *at = function->blocks[b]->first; at != NULL; at = at->next) {
            if (at->op == IR_COPY && facts_->definitions[at->result] == 1 &&
                facts_->definitions[at->args[0]] == 1 && at->result > function->param_count) {
                facts_->same_as[at->result] = at->args[0];
                found = true;
            }
        }
    }
    if (!found) {
        return false;
    }
    for (uint32_t b = 0; b < function->block_count; b++) {
        ir_block *block = function->blocks[b];
        for (ir_instruction *at = block->first; at != NULL; at = at->next) {
            if (at->op == IR_COPY && facts_->same_as[at->result] != at->result) {
                ir_remove(block, at);
                continue;
            }
            for (uint32_t i = 0; i < at->count; i++) {
                at->args[i] = original(facts_, at->args[i]);
            }
        }
    }
    return true;
}

// `t = COPY x` where x is assigned elsewhere: if all uses of t follow in this block before that.
static bool spread_snapshot(ir_block *block, ir_instruction *copy, const facts *facts_)
{
    ir_var from = copy->args[0];
    ir_var to = copy->result;
    uint32_t left = facts_->uses[to];
    uint32_t looked = 0;
    for (ir_instruction *at = copy->next; at != NULL && left > 0; at = at->next) {
        if (++looked > LANG_LOOK_MAX) {
            return false;
        }
        for (uint32_t i = 0; i < at->count; i++) {
            left -= at->args[i] == to;
        }
        if (at->result == from && left > 0) {
            return false;
        }
    }
    if (left > 0) {
        return false;
    }
    left = facts_->uses[to];
    for (ir_instruction *at = copy->next; at != NULL && left > 0; at = at->next) {
        for (uint32_t i = 0; i < at->count; i++) {
            if (at->args[i] == to) {
                at->args[i] = from;
                left -= 1;
            }
        }
    }
    ir_remove(block, copy);
    return true;
}

// `t = OP …; x = COPY t`: OP writes x itself, if t has no other use and x is not needed between.
static bool retarget(ir_function *function, ir_block *block, ir_instruction *copy,
                     const facts *facts_)
{
    ir_var from = copy->args[0];
    ir_var to = copy->result;
    if (facts_->uses[from] != 1 || facts_->definitions[from] != 1 ||
        from <= function->param_count) {
        return false;
    }
    uint32_t looked = 0;
    for (ir_instruction *at = copy->previous; at != NULL; at = at->previous) {
        if (at->result == from) {
            if (function->variables[from].is_state || at->second != IR_NO_VAR) {
                return false;
            }
            at->result = to;
            ir_remove(block, copy);
            return true;
        }
        bool needs = at->result == to || at->second == to || ++looked > LANG_LOOK_MAX;
        for (uint32_t i = 0; i < at->count; i++) {
            needs |= at->args[i] == to;
        }
        if (needs) {
            return false;
        }
    }
    return false;
}

static bool local_copies(ir_function *function, facts *facts_)
{
    bool changed = false;
    for (uint32_t b = 0; b < function->block_count; b++) {
        ir_block *block = function->blocks[b];
        for (ir_instruction *at = block->first; at != NULL; at = at->next) {
            if (at->op != IR_COPY) {
                continue;
            }
            if (at->args[0] == at->result) {
                ir_remove(block, at);
            } else if (facts_->definitions[at->result] == 1 && at->result > function->param_count &&
                       spread_snapshot(block, at, facts_)) {
                facts_->uses[at->args[0]] += facts_->uses[at->result] - 1;
                facts_->uses[at->result] = 0;
                changed = true;
            } else if (retarget(function, block, at, facts_)) {
                facts_->uses[at->args[0]] = 0;
                changed = true;
            }
        }
    }
    return changed;
}

// ---- dead code -------------------------------------------------------------------------------

static bool drop_unused(ir_function *function, facts *facts_)
{
    bool changed = false;
    for (uint32_t b = function->block_count; b > 0; b--) {
        ir_block *block = function->blocks[b - 1];
        for (ir_instruction *at = block->last; at != NULL; at = at->previous) {
            if (ir_is_pure(at) && at->result != IR_NO_VAR && facts_->uses[at->result] == 0) {
                for (uint32_t i = 0; i < at->count; i++) {
                    facts_->uses[at->args[i]] -= 1;
                }
                ir_remove(block, at);
                changed = true;
            }
        }
    }
    return changed;
}

// ---- blocks ----------------------------------------------------------------------------------

// Where a chain of blocks with nothing but jumps ends.
static ir_block *final_target(ir_block *block)
{
    for (uint32_t i = 0; i < LANG_JUMPS_MAX; i++) {
        if (block->first != block->last || block->last->op != IR_JUMP ||
            block->last->to[0] == block) {
            break;
        }
        block = block->last->to[0];
    }
    return block;
}

// A jump to a block that only returns is the return itself: calls before it are tail calls then.
static void return_at_once(ir_function *function, ir_block *block)
{
    ir_instruction *end = block->last;
    if (end->op != IR_JUMP || end->to[0] == block) {
        return;
    }
    const ir_instruction *only = end->to[0]->first;
    if (only != end->to[0]->last || only->op != IR_RETURN) {
        return;
    }
    ir_instruction *copy = ir_instruction_new(function, IR_RETURN, IR_NO_VAR, 1);
    copy->args[0] = only->args[0];
    copy->line = only->line;
    copy->column = only->column;
    copy->frame = only->frame;
    ir_remove(block, end);
    ir_append(block, copy);
}

static void fold_branch(ir_block *block, const facts *facts_, ir_instruction *const *constants)
{
    ir_instruction *end = block->last;
    if (end->op != IR_BRANCH || facts_->definitions[end->args[0]] != 1) {
        return;
    }
    const ir_instruction *constant = constants[end->args[0]];
    if (constant == NULL || constant->as.constant.tag != VM_BOOL) {
        return;
    }
    end->to[0] = constant->as.constant.boolean ? end->to[0] : end->to[1];
    end->to[1] = NULL;
    end->op = IR_JUMP;
    end->count = 0;
}

static void fold_branches(ir_function *function, const facts *facts_)
{
    ir_instruction **constants =
        bl_alloc_zeroed(function->variable_count + 1, sizeof(ir_instruction *));
    for (uint32_t b = 0; b < function->block_count; b++) {
        for (ir_instruction *at = function->blocks[b]->first; at != NULL; at = at->next) {
            if (at->op == IR_CONSTANT) {
                constants[at->result] = at;
            }
        }
    }
    for (uint32_t b = 0; b < function->block_count; b++) {
        fold_branch(function->blocks[b], facts_, constants);
    }
    bl_free(constants);
}

// Blocks that follow their only predecessor become one with it; not the entry, whose jump is where
// loops over the whole function lead back to.
static void merge_blocks(ir_function *function)
{
    uint32_t *predecessors = bl_alloc_zeroed(function->block_count + 1, sizeof *predecessors);
    for (uint32_t b = 0; b < function->block_count; b++) {
        ir_block *block = function->blocks[b];
        for (uint32_t i = 0; i < ir_successor_count(block); i++) {
            ir_block **slot = ir_successor(block, i);
            *slot = final_target(*slot);
        }
        if (b != 0) {
            return_at_once(function, block);
        }
    }
    ir_renumber(function);
    for (uint32_t b = 0; b < function->block_count; b++) {
        for (uint32_t i = 0; i < ir_successor_count(function->blocks[b]); i++) {
            predecessors[(*ir_successor(function->blocks[b], i))->id] += 1;
        }
    }
    for (uint32_t b = 1; b < function->block_count; b++) {
        ir_block *block = function->blocks[b];
        while (block->last != NULL && block->last->op == IR_JUMP) {
            ir_block *next = block->last->to[0];
            if (next == block || next->id == 0 || predecessors[next->id] != 1) {
                break;
            }
            ir_remove(block, block->last);
            for (ir_instruction *at = next->first; at != NULL;) {
                ir_instruction *following = at->next;
                ir_append(block, at);
                at = following;
            }
            // What is left of it is reached by nobody; it must still end.
            next->first = NULL;
            next->last = NULL;
            ir_instruction *stub = ir_instruction_new(function, IR_JUMP, IR_NO_VAR, 0);
            stub->to[0] = next;
            ir_append(next, stub);
        }
    }
    bl_free(predecessors);
    ir_renumber(function);
}

// ---- constants -------------------------------------------------------------------------------

static bool fold_ints(ir_op op, int64_t a, int64_t b, vm_value *value)
{
    int64_t whole = 0;
    switch ((unsigned)op) {
    case IR_ADD:
        *value = vm_int(0);
        return !__builtin_add_overflow(a, b, &value->integer);
    case IR_SUB:
        *value = vm_int(0);
        return !__builtin_sub_overflow(a, b, &value->integer);
    case IR_MUL:
        *value = vm_int(0);
        return !__builtin_mul_overflow(a, b, &value->integer);
    case IR_DIV:
    case IR_MOD:
        if (b == 0 || (a == INT64_MIN && b == -1)) {
            return false; // Fails when it is evaluated, if it ever is.
        }
        whole = op == IR_DIV ? a / b : a % b;
        *value = vm_int(whole);
        return true;
    case IR_EQ:
        *value = vm_bool(a == b);
        return true;
    case IR_NE:
        *value = vm_bool(a != b);
        return true;
    case IR_LT:
        *value = vm_bool(a < b);
        return true;
    case IR_LE:
        *value = vm_bool(a <= b);
        return true;
    case IR_GT:
        *value = vm_bool(a > b);
        return true;
    case IR_GE:
        *value = vm_bool(a >= b);
        return true;
    default:
        return false;
    }
}

static bool fold_floats(ir_op op, double a, double b, vm_value *value)
{
    switch ((unsigned)op) {
    case IR_ADD:
        *value = vm_float(a + b);
        return true;
    case IR_SUB:
        *value = vm_float(a - b);
        return true;
    case IR_MUL:
        *value = vm_float(a * b);
        return true;
    case IR_DIV:
        *value = vm_float(a / b);
        return true;
    default:
        return false;
    }
}

static bool fold(const ir_instruction *at, const ir_instruction *left, const ir_instruction *right,
                 vm_value *value)
{
    vm_value a = left->as.constant;
    if (at->count == 1) {
        if (at->op == IR_NOT && a.tag == VM_BOOL) {
            *value = vm_bool(!a.boolean);
            return true;
        }
        if (at->op == IR_NEG && a.tag == VM_INT && a.integer != INT64_MIN) {
            *value = vm_int(-a.integer);
            return true;
        }
        if (at->op == IR_NEG && a.tag == VM_FLOAT) {
            *value = vm_float(-a.number);
            return true;
        }
        return false;
    }
    vm_value b = right->as.constant;
    if (a.tag == VM_INT && b.tag == VM_INT) {
        return fold_ints((ir_op)at->op, a.integer, b.integer, value);
    }
    return a.tag == VM_FLOAT && b.tag == VM_FLOAT &&
           fold_floats((ir_op)at->op, a.number, b.number, value);
}

static bool is_known(const facts *facts_, ir_instruction *const *constants, ir_var var)
{
    return facts_->definitions[var] == 1 && constants[var] != NULL;
}

// Operations on constants that cannot fail; what would fail stays for its time.
static bool fold_constants(ir_function *function, const facts *facts_)
{
    bool changed = false;
    ir_instruction **constants =
        bl_alloc_zeroed(function->variable_count + 1, sizeof(ir_instruction *));
    for (uint32_t b = 0; b < function->block_count; b++) {
        for (ir_instruction *at = function->blocks[b]->first; at != NULL; at = at->next) {
            if (at->op == IR_CONSTANT) {
                constants[at->result] = at;
                continue;
            }
            bool folds = at->op >= IR_ADD && at->op <= IR_GE && !at->has_immediate;
            vm_value value;
            if (!folds || !is_known(facts_, constants, at->args[0]) ||
                (at->count == 2 && !is_known(facts_, constants, at->args[1])) ||
                !fold(at, constants[at->args[0]], constants[at->args[at->count - 1]], &value)) {
                continue;
            }
            for (uint32_t i = 0; i < at->count; i++) {
                facts_->uses[at->args[i]] -= 1;
            }
            at->op = IR_CONSTANT;
            at->count = 0;
            at->as.constant = value;
            constants[at->result] = at;
            changed = true;
        }
    }
    bl_free(constants);
    return changed;
}

void opt_simplify(ir_function *function)
{
    for (uint32_t round = 0; round < LANG_SIMPLIFY_ROUNDS_MAX; round++) {
        facts facts_;
        facts_init(&facts_, function);
        bool changed = spread_copies(function, &facts_);
        facts_deinit(&facts_);
        facts_init(&facts_, function);
        changed |= fold_constants(function, &facts_);
        changed |= local_copies(function, &facts_);
        changed |= drop_unused(function, &facts_);
        fold_branches(function, &facts_);
        facts_deinit(&facts_);
        merge_blocks(function);
        if (!changed) {
            break;
        }
    }
}
