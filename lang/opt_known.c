// lang/opt_known.c: data that the function has made itself a moment ago.
//
// `match (a, b)` makes a tuple only to take it apart; a function that was inlined ends in
// `Some(x)`, and its caller asks whether it is Some. Where the maker of a value is known, its parts
// are the maker's arguments, tests of it are jumps, and a block that jumps to a test whose outcome
// it knows jumps on at once (join points become paths). What nobody reads any more goes; what only
// the message of a failure reads is made there.
//
// The maker of a variable is known if it is the only definition, or if it stands before in the same
// block. Its arguments must still hold what they held: those with several definitions are copied
// beside the maker first.
#include "lang/limits.h"
#include "lang/opt.h"

typedef struct knowledge {
    ir_function *function;
    opt_facts facts;
    // Of the block that is walked, by variable: the latest definition, and when it was.
    ir_instruction **latest;
    uint32_t *block_of; // 1 + number of the block in which latest was noted.
    uint32_t *time_of;
    uint32_t time;
    bool changed;
} knowledge;

static bool is_maker(const ir_instruction *at)
{
    return at->op == IR_TUPLE || at->op == IR_VARIANT || at->op == IR_VARIANT_N ||
           at->op == IR_RECORD || at->op == IR_LIST || at->op == IR_CONSTANT;
}

static bool reads_part(const ir_instruction *at)
{
    return at->op == IR_TUPLE_GET || at->op == IR_VARIANT_GET || at->op == IR_LIST_GET ||
           at->op == IR_FIELD;
}

// ---- what makers say -------------------------------------------------------------------------

// Place of the field among the maker's arguments; UINT32_MAX: it has none of this name.
static uint32_t field_place(const ir_instruction *record, const vm_string *name)
{
    const vm_shape *shape = record->as.shape;
    for (uint32_t i = 0; i < shape->size; i++) {
        if (shape->names[i] == name) {
            return i;
        }
    }
    return UINT32_MAX;
}

// Which argument of its maker a part is; UINT32_MAX: it cannot be said.
static uint32_t part_place(const ir_instruction *maker, const ir_instruction *get)
{
    uint32_t place = UINT32_MAX;
    if (get->op == IR_FIELD) {
        return maker->op == IR_RECORD ? field_place(maker, get->as.field) : UINT32_MAX;
    }
    if ((get->op == IR_TUPLE_GET && maker->op == IR_TUPLE) ||
        (get->op == IR_LIST_GET && maker->op == IR_LIST) ||
        (get->op == IR_VARIANT_GET && maker->op == IR_VARIANT)) {
        place = get->as.index;
    } else if (get->op == IR_VARIANT_GET && maker->op == IR_VARIANT_N) {
        place = get->as.index + 1; // Behind the constructor.
    }
    return place < maker->count ? place : UINT32_MAX;
}

// NULL: no variant, and no atom.
static const vm_ctor *ctor_of(const ir_instruction *maker)
{
    if (maker->op == IR_VARIANT || maker->op == IR_VARIANT_N) {
        return maker->as.ctor;
    }
    return maker->op == IR_CONSTANT && maker->as.constant.tag == VM_ATOM ? maker->as.constant.ctor
                                                                         : NULL;
}

static uint32_t arity_of(const ir_instruction *maker)
{
    return maker->op == IR_VARIANT ? maker->count
                                   : (maker->op == IR_VARIANT_N ? maker->count - 1 : 0);
}

static bool is_same_constant(const ir_instruction *maker, vm_value value)
{
    vm_value made = maker->as.constant;
    return maker->op == IR_CONSTANT && made.tag == value.tag && made.bits == value.bits;
}

// Where a test goes that is asked of what the maker has made; NULL: it cannot be said.
static ir_block *outcome(const ir_instruction *maker, const ir_instruction *test)
{
    const vm_ctor *ctor = ctor_of(maker);
    bool holds = false;
    switch ((unsigned)test->op) {
    case IR_BRANCH:
        if (maker->op != IR_CONSTANT || maker->as.constant.tag != VM_BOOL) {
            return NULL;
        }
        holds = maker->as.constant.boolean;
        break;
    case IR_IS_CTOR:
        holds = ctor == test->as.ctor;
        break;
    case IR_IS_VARIANT:
        holds = ctor == test->as.ctor && maker->op != IR_CONSTANT &&
                arity_of(maker) == test->as.ctor->arity;
        break;
    case IR_IS_ARITY:
        holds = ctor != NULL && arity_of(maker) == test->as.index;
        break;
    case IR_IS_TUPLE:
        holds = maker->op == IR_TUPLE && maker->count == test->as.index;
        break;
    case IR_IS_LIST:
        holds = maker->op == IR_LIST && maker->count == test->as.index;
        break;
    case IR_IS_LIST_MIN:
        holds = maker->op == IR_LIST && maker->count >= test->as.index;
        break;
    case IR_IS_FIELD:
        holds = maker->op == IR_RECORD && field_place(maker, test->as.field) != UINT32_MAX;
        break;
    case IR_IS_UNIT:
        holds = maker->op == IR_CONSTANT && maker->as.constant.tag == VM_UNIT;
        break;
    case IR_IS_SAME:
        if (test->as.constant.tag != VM_INT && test->as.constant.tag != VM_BOOL) {
            return NULL;
        }
        holds = is_same_constant(maker, test->as.constant);
        break;
    case IR_SWITCH:
        for (uint32_t i = 0; i < test->as.case_count; i++) {
            if (test->as.cases[i].ctor == ctor && arity_of(maker) == ctor->arity) {
                return test->as.cases[i].to;
            }
        }
        break;
    case IR_SWITCH_VALUE:
        if (maker->op != IR_CONSTANT || maker->as.constant.tag != VM_INT) {
            return NULL;
        }
        for (uint32_t i = 0; i < test->as.case_count; i++) {
            if (is_same_constant(maker, test->as.cases[i].value)) {
                return test->as.cases[i].to;
            }
        }
        break;
    default:
        return NULL;
    }
    return test->to[holds ? 0 : 1];
}

// A constant of another kind than atoms, lists … says too little: it may be any of these.
static bool says_enough(const ir_instruction *maker)
{
    if (maker->op != IR_CONSTANT) {
        return true;
    }
    vm_value value = maker->as.constant;
    return value.tag == VM_ATOM || value.tag == VM_INT || value.tag == VM_BOOL ||
           value.tag == VM_UNIT;
}

// ---- who made it -----------------------------------------------------------------------------

static void note_definition(knowledge *know, ir_instruction *at, uint32_t block)
{
    ir_var defined[2] = {at->result, at->second};
    know->time += 1;
    for (uint32_t i = 0; i < 2; i++) {
        if (defined[i] != IR_NO_VAR) {
            know->latest[defined[i]] = i == 0 ? at : NULL;
            know->block_of[defined[i]] = block + 1;
            know->time_of[defined[i]] = know->time;
        }
    }
}

// Its arguments still hold what they held when it was made, or are noted to have changed.
static bool argument_stands(const knowledge *know, ir_var argument, bool here, uint32_t made,
                            uint32_t block)
{
    if (know->facts.definitions[argument] == 1) {
        return true;
    }
    return here && (know->block_of[argument] != block + 1 || know->time_of[argument] < made);
}

// The instruction that has made what the variable holds now, in this block; NULL: not known.
static ir_instruction *maker_of(const knowledge *know, ir_var var, uint32_t block)
{
    bool here = know->block_of[var] == block + 1;
    ir_instruction *maker = here                                ? know->latest[var]
                            : know->facts.definitions[var] == 1 ? know->facts.definition[var]
                                                                : NULL;
    if (maker == NULL || maker->result != var || !is_maker(maker) || !says_enough(maker)) {
        return NULL;
    }
    uint32_t made = here ? know->time_of[var] : 0;
    for (uint32_t i = 0; i < maker->count; i++) {
        if (!argument_stands(know, maker->args[i], here, made, block)) {
            return NULL;
        }
    }
    return maker;
}

// ---- folding ---------------------------------------------------------------------------------

static void become_jump(ir_instruction *end, ir_block *to)
{
    end->op = IR_JUMP;
    end->count = 0;
    end->result = IR_NO_VAR;
    end->to[0] = to;
    end->to[1] = NULL;
}

// Where `x?` goes with what the maker has made: 0 on, 1 away; -1: it cannot be said.
static int outcome_of_try(const ir_instruction *maker)
{
    const vm_ctor *ctor = ctor_of(maker);
    if (ctor == vm_standard_ctors[VM_CTOR_NONE] || ctor == vm_standard_ctors[VM_CTOR_ERR]) {
        return 1;
    }
    bool good = ctor == vm_standard_ctors[VM_CTOR_SOME] || ctor == vm_standard_ctors[VM_CTOR_OK];
    return good && maker->op == IR_VARIANT && maker->count == 1 ? 0 : -1;
}

// Ends the block with a jump to where the TRY (its own end, or that of the block it jumps to) leads
// from here; true if that is known.
static bool follow_try(knowledge *know, ir_block *block, const ir_instruction *test,
                       const ir_instruction *maker)
{
    int to = outcome_of_try(maker);
    if (to < 0) {
        return false;
    }
    ir_block *target = test->to[to];
    if (to == 0) {
        ir_instruction *copy = ir_instruction_new(know->function, IR_COPY, test->result, 1);
        copy->args[0] = maker->args[0];
        copy->line = test->line;
        copy->column = test->column;
        copy->frame = test->frame;
        ir_insert_before(block, block->last, copy);
        note_definition(know, copy, block->id);
    }
    become_jump(block->last, target);
    return true;
}

static void fold(knowledge *know, ir_block *block, ir_instruction *at)
{
    if (at->count == 0 || (!reads_part(at) && !ir_is_end(at))) {
        return;
    }
    const ir_instruction *maker = maker_of(know, at->args[0], block->id);
    if (maker == NULL) {
        return;
    }
    if (at->op == IR_TRY) {
        know->changed |= follow_try(know, block, at, maker);
    } else if (reads_part(at)) {
        uint32_t place = part_place(maker, at);
        if (place != UINT32_MAX) {
            at->op = IR_COPY;
            at->args[0] = maker->args[place];
            know->changed = true;
        }
    } else {
        ir_block *to = outcome(maker, at);
        if (to != NULL) {
            become_jump(at, to);
            know->changed = true;
        }
    }
}

// A jump to a block that is nothing but a test, whose outcome is known here.
static void thread(knowledge *know, ir_block *block)
{
    for (uint32_t i = 0; i < LANG_JUMPS_MAX && block->last->op == IR_JUMP; i++) {
        ir_block *join = block->last->to[0];
        ir_instruction *test = join->first;
        if (test != join->last || test->count != 1 || join == block) {
            return;
        }
        const ir_instruction *maker = maker_of(know, test->args[0], block->id);
        if (maker != NULL && test->op == IR_TRY && follow_try(know, block, test, maker)) {
            know->changed = true;
            continue;
        }
        ir_block *to = maker == NULL ? NULL : outcome(maker, test);
        if (to == NULL) {
            return;
        }
        block->last->to[0] = to;
        know->changed = true;
    }
}

// ---- makers ----------------------------------------------------------------------------------

// Arguments that are assigned elsewhere are copied, where parts of the result are read.
static void take_snapshots(knowledge *know)
{
    ir_function *function = know->function;
    bool *is_read = bl_alloc_zeroed(function->variable_count + 1, 1);
    for (uint32_t b = 0; b < function->block_count; b++) {
        for (const ir_instruction *at = function->blocks[b]->first; at != NULL; at = at->next) {
            if (reads_part(at)) {
                is_read[at->args[0]] = true;
            }
        }
    }
    for (uint32_t b = 0; b < function->block_count; b++) {
        ir_block *block = function->blocks[b];
        for (ir_instruction *at = block->first; at != NULL; at = at->next) {
            bool wanted = is_maker(at) && at->op != IR_CONSTANT && is_read[at->result];
            for (uint32_t i = 0; wanted && i < at->count; i++) {
                ir_var from = at->args[i];
                if (know->facts.definitions[from] == 1) {
                    continue;
                }
                ir_var held = ir_variable_new(function, function->variables[from].type);
                ir_instruction *copy = ir_instruction_new(function, IR_COPY, held, 1);
                copy->args[0] = from;
                ir_insert_before(block, at, copy);
                at->args[i] = held;
            }
        }
    }
    bl_free(is_read);
}

static bool has_one_definition_each(const opt_facts *facts, const ir_instruction *maker)
{
    for (uint32_t i = 0; i < maker->count; i++) {
        if (facts->definitions[maker->args[i]] != 1) {
            return false;
        }
    }
    return true;
}

// What only messages of failures read is made right before these.
static void sink_into_failures(knowledge *know)
{
    ir_function *function = know->function;
    opt_facts facts;
    opt_facts_init(&facts, function);
    for (uint32_t b = 0; b < function->block_count; b++) {
        ir_instruction *end = function->blocks[b]->last;
        if (end->op == IR_FAIL) {
            facts.uses[end->args[0]] -= 1;
        }
    }
    for (uint32_t b = 0; b < function->block_count; b++) {
        ir_block *block = function->blocks[b];
        ir_instruction *end = block->last;
        ir_var about = end->op == IR_FAIL ? end->args[0] : IR_NO_VAR;
        const ir_instruction *maker = about == IR_NO_VAR ? NULL : facts.definition[about];
        if (maker == NULL || maker == end->previous || facts.uses[about] != 0 ||
            facts.definitions[about] != 1 || !is_maker(maker) || maker->op == IR_CONSTANT ||
            !has_one_definition_each(&facts, maker)) {
            continue;
        }
        ir_instruction *made = ir_instruction_new(
            function, (ir_op)maker->op, ir_variable_new(function, function->variables[about].type),
            maker->count);
        made->as = maker->as;
        made->frame = end->frame;
        memcpy(made->args, maker->args, maker->count * sizeof *made->args);
        end->args[0] = made->result;
        ir_insert_before(block, end, made);
        know->changed = true;
    }
    opt_facts_deinit(&facts);
}

// Results that are not read any more on the way on, although others of their variable are.
static void drop_dead(ir_function *function)
{
    ir_liveness liveness;
    ir_liveness_init(&liveness, function);
    // 1 + number of the block in which it is read behind; the complement: in which it is written.
    uint32_t *wanted_in = bl_alloc_zeroed(function->variable_count + 1, sizeof *wanted_in);
    for (uint32_t b = 0; b < function->block_count; b++) {
        ir_block *block = function->blocks[b];
        for (ir_instruction *at = block->last; at != NULL;) {
            ir_instruction *before = at->previous;
            ir_var result = at->result;
            bool wanted =
                result == IR_NO_VAR || !ir_is_pure(at) || ir_is_end(at) ||
                wanted_in[result] == b + 1 ||
                (wanted_in[result] != ~(b + 1) && ir_live_out(&liveness, block->id, result));
            if (!wanted) {
                ir_remove(block, at);
            } else {
                if (result != IR_NO_VAR && !ir_is_end(at)) {
                    wanted_in[result] = ~(b + 1);
                }
                for (uint32_t i = 0; i < at->count; i++) {
                    wanted_in[at->args[i]] = b + 1;
                }
            }
            at = before;
        }
    }
    bl_free(wanted_in);
    ir_liveness_deinit(&liveness);
}

bool opt_known(ir_function *function)
{
    knowledge know = {.function = function};
    opt_facts_init(&know.facts, function);
    take_snapshots(&know);
    opt_facts_deinit(&know.facts);
    opt_facts_init(&know.facts, function);
    uint32_t count = function->variable_count + 1;
    know.latest = bl_alloc_zeroed(count, sizeof(ir_instruction *));
    know.block_of = bl_alloc_zeroed(count, sizeof *know.block_of);
    know.time_of = bl_alloc_zeroed(count, sizeof *know.time_of);
    for (uint32_t b = 0; b < function->block_count; b++) {
        ir_block *block = function->blocks[b];
        for (ir_instruction *at = block->first; at != NULL; at = at->next) {
            fold(&know, block, at);
            note_definition(&know, at, block->id);
        }
        if (b != 0) { // The entry's jump is where loops over the whole function lead back to.
            thread(&know, block);
        }
    }
    sink_into_failures(&know);
    bl_free(know.latest);
    bl_free(know.block_of);
    bl_free(know.time_of);
    opt_facts_deinit(&know.facts);
    if (know.changed) {
        ir_renumber(function);
        drop_dead(function);
    }
    return know.changed;
}
