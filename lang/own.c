// lang/own.c: the ownership pass: where values are counted up and down.
//
// Every variable owns one count of what it holds, from its definition to its last use. Walking
// each block backwards with the set of variables that are still wanted: an operation that uses an
// argument up takes it over if nobody wants it afterwards, else a copy with a count of its own
// (DUP_OF); a variable that is only looked at and not wanted any more is dropped behind its last
// use; one that only some successors want is dropped at the start of the others.
//
// Parts that are only looked at need no count: `p.x + 1` reads x through an alias, and p lives at
// least as long (find_aliases). Nor do borrowed parameters (own_borrow.c). Variables proved to hold
// no heap value are never counted.
#include "lang/ir.h"

typedef struct owner {
    ir_function *function;
    ir_liveness liveness;
    uint32_t block_count; // Blocks that liveness knows: later ones only drop and jump.
    bool *live;           // By variable, while a block is walked.
    bool *is_touched;
    ir_var *touched; // Those that have been set in this block, each once.
    uint32_t touched_count;
    uint32_t touched_capacity;
} owner;

static bool is_counted(const owner *own, ir_var var)
{
    const ir_variable *variable = &own->function->variables[var];
    return !variable->is_alias && !variable->is_constant && (variable->kinds & IR_KINDS_HEAP) != 0;
}

// What keeps the value alive: the variable itself, or whatever it is an alias of a part of.
static ir_var root_of(const owner *own, ir_var var)
{
    const ir_variable *variables = own->function->variables;
    while (variables[var].is_alias && variables[var].owner != IR_NO_VAR) {
        var = variables[var].owner;
    }
    return var;
}

// ---- aliases ---------------------------------------------------------------------------------

typedef struct alias_facts {
    uint32_t *definitions;   // By variable; parameters have one more.
    bool *is_consumed;       // Some operation uses it up.
    ir_instruction **getter; // The only definition, if that reads a part.
} alias_facts;

// The field `value` may be the payload of a variant, which is made when it is read: no alias.
static bool may_make_part(const ir_instruction *instruction)
{
    const vm_string *field = instruction->as.field;
    return bl_slice_equal((bl_slice){field->data, field->size}, BL_SLICE("value"));
}

static bool reads_part(const ir_instruction *instruction)
{
    return (instruction->op == IR_FIELD && !may_make_part(instruction)) ||
           instruction->op == IR_TUPLE_GET || instruction->op == IR_VARIANT_GET ||
           instruction->op == IR_LIST_GET || instruction->op == IR_CAPTURE;
}

static void gather_facts(const ir_function *function, alias_facts *facts)
{
    for (uint32_t i = 0; i <= function->param_count; i++) {
        facts->definitions[i] = 1;
    }
    for (uint32_t b = 0; b < function->block_count; b++) {
        for (ir_instruction *at = function->blocks[b]->first; at != NULL; at = at->next) {
            for (uint32_t i = 0; i < at->count; i++) {
                facts->is_consumed[at->args[i]] |= ir_owns(at, i);
            }
            if (at->result != IR_NO_VAR) {
                facts->definitions[at->result] += 1;
                facts->getter[at->result] = reads_part(at) ? at : NULL;
            }
            if (at->second != IR_NO_VAR) {
                facts->definitions[at->second] += 1;
            }
        }
    }
}

// A part is an alias if it is only looked at and what it is a part of is not used up, and is not
// assigned again (it would have to be shown that the part is dead by then).
static void find_aliases(ir_function *function)
{
    uint32_t count = function->variable_count + 1;
    alias_facts facts;
    facts.definitions = bl_alloc_zeroed(count, sizeof *facts.definitions);
    facts.is_consumed = bl_alloc_zeroed(count, sizeof *facts.is_consumed);
    facts.getter = bl_alloc_zeroed(count, sizeof(ir_instruction *));
    gather_facts(function, &facts);
    for (uint32_t b = 0; b < function->block_count; b++) {
        for (ir_instruction *at = function->blocks[b]->first; at != NULL; at = at->next) {
            ir_var part = at->result;
            if (at->op == IR_CONSTANT && facts.definitions[part] == 1) {
                function->variables[part].is_constant = true; // Immortal.
            }
            if (!reads_part(at) || facts.definitions[part] != 1 || facts.is_consumed[part] ||
                function->variables[part].is_alias) {
                continue;
            }
            ir_var whole = at->args[0];
            if (facts.definitions[whole] == 1 && !facts.is_consumed[whole]) {
                function->variables[part].is_alias = true;
                function->variables[part].owner = whole;
            }
        }
    }
    bl_free(facts.definitions);
    bl_free(facts.is_consumed);
    bl_free(facts.getter);
}

// ---- the set of wanted variables -------------------------------------------------------------

static void touch(owner *own, ir_var var)
{
    if (own->is_touched[var]) {
        return;
    }
    own->is_touched[var] = true;
    if (own->touched_count == own->touched_capacity) {
        own->touched_capacity = own->touched_capacity == 0 ? 64 : own->touched_capacity * 2;
        own->touched = bl_realloc(own->touched, own->touched_capacity * sizeof *own->touched);
    }
    own->touched[own->touched_count++] = var;
}

static void want(owner *own, ir_var var)
{
    while (var != IR_NO_VAR) {
        if (!own->live[var]) {
            own->live[var] = true;
            touch(own, var);
        }
        const ir_variable *variable = &own->function->variables[var];
        var = variable->is_alias ? variable->owner : IR_NO_VAR;
    }
}

static void begin_block(owner *own, const ir_block *block, const ir_var *globals,
                        uint32_t global_count)
{
    for (uint32_t i = 0; i < own->touched_count; i++) {
        own->live[own->touched[i]] = false;
        own->is_touched[own->touched[i]] = false;
    }
    own->touched_count = 0;
    for (uint32_t i = 0; i < global_count; i++) {
        if (ir_live_out(&own->liveness, block->id, globals[i])) {
            want(own, globals[i]);
        }
    }
}

// ---- instructions ----------------------------------------------------------------------------

static ir_instruction *new_drop(owner *own, const ir_instruction *near, ir_var var)
{
    ir_instruction *drop = ir_instruction_new(own->function, IR_DROP, IR_NO_VAR, 1);
    drop->args[0] = var;
    drop->line = near->line;
    drop->column = near->column;
    drop->frame = near->frame;
    return drop;
}

static ir_var new_variable(owner *own, ir_var like)
{
    ir_var var = ir_variable_new(own->function, own->function->variables[like].type);
    own->function->variables[var].kinds = own->function->variables[like].kinds;
    return var;
}

static void insert_dup(owner *own, ir_block *block, ir_instruction *at, uint32_t i)
{
    ir_var copy = new_variable(own, at->args[i]);
    ir_instruction *dup = ir_instruction_new(own->function, IR_DUP_OF, copy, 1);
    dup->args[0] = at->args[i];
    dup->line = at->line;
    dup->column = at->column;
    dup->frame = at->frame;
    ir_insert_before(block, at, dup);
    at->args[i] = copy;
}

// Operations after whose success their arguments are known to be no heap values.
static bool proves_scalars(const ir_instruction *at)
{
    switch ((unsigned)at->op) {
    case IR_ADD:
    case IR_SUB:
    case IR_MUL:
    case IR_DIV:
    case IR_MOD:
    case IR_NEG:
    case IR_NOT:
    case IR_RANGE:
    case IR_RANGE_INIT:
        return true;
    default:
        return false;
    }
}

static bool occurs_before(const owner *own, const ir_instruction *at, uint32_t i)
{
    for (uint32_t j = 0; j < i; j++) {
        if (root_of(own, at->args[j]) == root_of(own, at->args[i])) {
            return true;
        }
    }
    return false;
}

// Whether another argument is the same variable and still needs it: one that is borrowed, or a
// later one that takes it over.
static bool occurs_elsewhere(const ir_instruction *at, uint32_t i)
{
    for (uint32_t j = 0; j < at->count; j++) {
        if (j != i && at->args[j] == at->args[i] && (j > i || !ir_owns(at, j))) {
            return true;
        }
    }
    return false;
}

// What is dropped behind the instruction: the variable; if the result overwrites it, another one
// that takes its value over before.
static ir_var keep_apart(owner *own, ir_block *block, ir_instruction *at, ir_var var)
{
    if (at->result != var) {
        return var;
    }
    ir_var old = new_variable(own, var);
    ir_instruction *copy = ir_instruction_new(own->function, IR_COPY, old, 1);
    copy->args[0] = var;
    ir_insert_before(block, at, copy);
    for (uint32_t i = 0; i < at->count; i++) {
        if (at->args[i] == var) {
            at->args[i] = old;
        }
    }
    return old;
}

// Whether the way on from a TRY wants a variable. A block made for drops wants what its target
// does.
static bool is_wanted_behind_try(const owner *own, const ir_instruction *at, ir_var var)
{
    const ir_block *to = at->to[0];
    if (to->id >= own->block_count) {
        to = to->last->to[0];
    }
    return ir_live_in(&own->liveness, to->id, var);
}

// The arguments of one instruction; own->live is what is wanted behind it.
static void own_arguments(owner *own, ir_block *block, ir_instruction *at)
{
    bool is_end = ir_is_end(at);
    for (uint32_t i = 0; i < at->count; i++) {
        bool is_alias = own->function->variables[at->args[i]].is_alias;
        ir_var var = root_of(own, at->args[i]);
        if (!is_counted(own, var)) {
            continue;
        }
        bool wanted = own->live[var];
        if (at->op == IR_TRY) {
            wanted = is_wanted_behind_try(own, at, var);
        }
        if (ir_owns(at, i)) {
            if (!wanted && !occurs_elsewhere(at, i)) {
                continue; // Moved.
            }
            if (at->op == IR_COPY) {
                at->op = IR_DUP_OF;
                continue;
            }
            insert_dup(own, block, at, i);
        } else if (!wanted && !is_end && !occurs_before(own, at, i) &&
                   (is_alias || !proves_scalars(at))) {
            ir_insert_after(block, at, new_drop(own, at, keep_apart(own, block, at, var)));
        }
    }
}

// Registers that own something while other code runs.
static void note_lives(owner *own, ir_instruction *at)
{
    uint32_t count = 0;
    for (uint32_t pass = 0; pass < 2; pass++) {
        count = 0;
        for (uint32_t i = 0; i < own->touched_count; i++) {
            ir_var var = own->touched[i];
            if (own->live[var] && var != at->result && var != at->second && is_counted(own, var)) {
                if (pass == 1) {
                    at->lives[count] = var;
                }
                count += 1;
            }
        }
        for (uint32_t i = 0; i < at->count; i++) { // Dropped behind it.
            ir_var var = root_of(own, at->args[i]);
            if (!ir_owns(at, i) && !own->live[var] && is_counted(own, var) &&
                !occurs_before(own, at, i)) {
                if (pass == 1) {
                    at->lives[count] = var;
                }
                count += 1;
            }
        }
        if (pass == 0) {
            at->lives = bl_arena_alloc(own->function->program->arena, (count + 1) * sizeof(ir_var));
        }
    }
    at->live_count = count;
}

static void grow_live(owner *own, uint32_t *capacity)
{
    if (own->function->variable_count <= *capacity) {
        return;
    }
    uint32_t larger = own->function->variable_count * 2;
    own->live = bl_realloc(own->live, larger);
    own->is_touched = bl_realloc(own->is_touched, larger);
    memset(own->live + *capacity, 0, larger - *capacity);
    memset(own->is_touched + *capacity, 0, larger - *capacity);
    *capacity = larger;
}

static void own_block(owner *own, ir_block *block, uint32_t *capacity)
{
    ir_instruction *at = block->last;
    while (at != NULL) {
        ir_instruction *before = at->previous;
        if (!ir_is_end(at)) {
            if (at->result != IR_NO_VAR && !own->live[at->result] && is_counted(own, at->result)) {
                ir_insert_after(block, at, new_drop(own, at, at->result));
            }
            if (at->second != IR_NO_VAR) {
                own->live[at->second] = false;
            }
            if (at->result != IR_NO_VAR) {
                own->live[at->result] = false;
            }
        }
        // Lives before the arguments are rewritten: copies of them belong to the callee.
        if ((ir_ops[at->op].flags & IR_FLAG_CALLS) != 0) {
            note_lives(own, at);
        }
        own_arguments(own, block, at);
        grow_live(own, capacity);
        // The instruction's own arguments, then what the inserted copies read.
        for (ir_instruction *back = at; back != before; back = back->previous) {
            for (uint32_t i = 0; i < back->count; i++) {
                want(own, back->args[i]);
            }
            if (back != at && back->result != IR_NO_VAR) {
                own->live[back->result] = false;
            }
        }
        at = before;
    }
}

// ---- edges -----------------------------------------------------------------------------------

// What the end of a block uses up on the way to successor i.
static bool consumed_on_edge(const ir_instruction *end, uint32_t i, ir_var var)
{
    for (uint32_t j = 0; j < end->count; j++) {
        if (end->args[j] != var) {
            continue;
        }
        if (end->op == IR_TRY) {
            return i == 0;
        }
        if (end->op == IR_ITER_NEXT) {
            return i == 1;
        }
        return ir_owns(end, j);
    }
    return false;
}

// Ends behind which their arguments are known to be no heap values.
static bool end_proves_scalars(const ir_instruction *end)
{
    return end->op == IR_BRANCH ||
           (end->op == IR_COMPARE && end->has_immediate && end->compare >= IR_COMPARE_LT);
}

typedef struct edge_drops {
    ir_var *vars;
    uint32_t count;
    uint32_t capacity;
} edge_drops;

static void add_edge_drop(edge_drops *drops, ir_var var)
{
    if (drops->count == drops->capacity) {
        drops->capacity = drops->capacity == 0 ? 16 : drops->capacity * 2;
        drops->vars = bl_realloc(drops->vars, drops->capacity * sizeof *drops->vars);
    }
    drops->vars[drops->count++] = var;
}

static void find_edge_drops(const owner *own, ir_block *block, uint32_t i, const ir_var *globals,
                            uint32_t global_count, edge_drops *drops)
{
    const ir_instruction *end = block->last;
    uint32_t to = (*ir_successor(block, i))->id;
    bool defines = i == 0 && end->result != IR_NO_VAR && !ir_is_switch(end);
    drops->count = 0;
    for (uint32_t g = 0; g < global_count; g++) {
        ir_var var = globals[g];
        if (is_counted(own, var) && ir_live_out(&own->liveness, block->id, var) &&
            !ir_live_in(&own->liveness, to, var) && !consumed_on_edge(end, i, var)) {
            add_edge_drop(drops, var);
        }
    }
    for (uint32_t j = 0; j < end->count; j++) {
        ir_var var = root_of(own, end->args[j]);
        if (var == end->args[j] && end_proves_scalars(end)) {
            continue;
        }
        if (is_counted(own, var) && !ir_live_out(&own->liveness, block->id, var) &&
            !consumed_on_edge(end, i, var) && !occurs_before(own, end, j)) {
            add_edge_drop(drops, var);
        }
    }
    if (defines && is_counted(own, end->result) && !ir_live_in(&own->liveness, to, end->result)) {
        add_edge_drop(drops, end->result);
    }
}

static void place_edge_drops(owner *own, ir_block *block, uint32_t i, const edge_drops *drops,
                             uint32_t predecessors)
{
    if (drops->count == 0) {
        return;
    }
    ir_block **slot = ir_successor(block, i);
    ir_block *at = *slot;
    if (predecessors != 1) {
        ir_block *between = ir_block_new(own->function);
        ir_instruction *jump = ir_instruction_new(own->function, IR_JUMP, IR_NO_VAR, 0);
        jump->to[0] = at;
        ir_append(between, jump);
        *slot = between;
        at = between;
    }
    for (uint32_t d = 0; d < drops->count; d++) {
        ir_insert_before(at, at->first, new_drop(own, block->last, drops->vars[d]));
    }
}

// Parameters that nobody wants are dropped at once.
static void drop_unused_parameters(owner *own)
{
    ir_function *function = own->function;
    ir_block *entry = function->blocks[0];
    uint32_t count = function->param_count + (function->is_closure ? 1 : 0);
    for (uint32_t i = 0; i < count; i++) {
        if (is_counted(own, i) && !ir_live_in(&own->liveness, 0, i)) {
            ir_insert_before(entry, entry->first, new_drop(own, entry->first, i));
        }
    }
}

void ir_place_counts(ir_function *function)
{
    ir_mark_borrowed(function);
    find_aliases(function);
    owner own = {.function = function, .block_count = function->block_count};
    ir_liveness_init(&own.liveness, function);
    uint32_t capacity = function->variable_count + 16;
    own.live = bl_alloc_zeroed(capacity, 1);
    own.is_touched = bl_alloc_zeroed(capacity, 1);
    ir_var *globals = bl_alloc((own.liveness.bit_count + 1) * sizeof *globals);
    uint32_t global_count = 0;
    uint32_t variable_count = function->variable_count;
    for (uint32_t i = 0; i < variable_count; i++) {
        if (own.liveness.bits[i] != UINT32_MAX) {
            globals[global_count++] = i;
        }
    }
    uint32_t block_count = own.block_count;
    uint32_t *predecessors = bl_alloc_zeroed(block_count + 1, sizeof *predecessors);
    for (uint32_t b = 0; b < block_count; b++) {
        for (uint32_t i = 0; i < ir_successor_count(function->blocks[b]); i++) {
            predecessors[(*ir_successor(function->blocks[b], i))->id] += 1;
        }
    }
    // Edges first: they need the ends of blocks as they are, and liveness by its variables.
    edge_drops drops = {0};
    for (uint32_t b = 0; b < block_count; b++) {
        ir_block *block = function->blocks[b];
        for (uint32_t i = 0; i < ir_successor_count(block); i++) {
            ir_block *to = *ir_successor(block, i);
            find_edge_drops(&own, block, i, globals, global_count, &drops);
            place_edge_drops(&own, block, i, &drops, predecessors[to->id]);
        }
    }
    drop_unused_parameters(&own);
    for (uint32_t b = 0; b < block_count; b++) {
        begin_block(&own, function->blocks[b], globals, global_count);
        own_block(&own, function->blocks[b], &capacity);
    }
    bl_free(drops.vars);
    bl_free(predecessors);
    bl_free(globals);
    bl_free(own.touched);
    bl_free(own.live);
    bl_free(own.is_touched);
    ir_liveness_deinit(&own.liveness);
    ir_renumber(function);
    ir_join_drops(function);
}
