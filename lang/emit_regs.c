// lang/emit_regs.c: registers.
//
// Every variable has one register for all its life, from its first definition to its last use in
// the order of the blocks (all blocks included where it is live: loops). Variables that are made
// only to be an argument in a window (of a call, of a list, …) wait; the others are given the
// lowest free register, in order of their beginnings (linear scan). Then the windows are placed,
// the last one first: each begins behind every register that is needed behind it, and the waiting
// variables go straight to their places there. An inner call's result is then the outer call's
// argument without a move. What could not be placed so gets any free register, and is moved.
//
// Positions: instruction number n reads at 2n and writes at 2n + 1.
#include "lang/emit.h"

#include <assert.h>
#include <stdlib.h>

typedef struct interval {
    uint32_t start;
    uint32_t end;
    ir_var var;
} interval;

// The intervals that a register holds, sorted, without overlaps.
typedef struct lane {
    interval *items;
    uint32_t count;
    uint32_t capacity;
} lane;

typedef struct window {
    ir_instruction *instruction;
    uint32_t number;  // Of the instruction.
    uint32_t minimum; // First register that nothing needs behind it.
} window;

typedef struct allocator {
    ir_function *function;
    emit_registers *registers;
    interval *intervals; // By variable; start > end: none.
    uint32_t *uses;
    uint32_t *waiting;  // By variable: 1 + index of the window that it waits for; 0: none.
    uint32_t *position; // By variable: its place in that window.
    lane *lanes;
    uint32_t lane_count;
    uint32_t lane_capacity;
    window *windows;
    uint32_t window_count;
    uint32_t instruction_count;
} allocator;

// ---- intervals -------------------------------------------------------------------------------

static void cover(allocator *all, ir_var var, uint32_t from, uint32_t to)
{
    interval *span = &all->intervals[var];
    if (from < span->start) {
        span->start = from;
    }
    if (to > span->end) {
        span->end = to;
    }
}

// Results that must not share a register with an argument: written before all has been read.
static bool writes_early(const ir_instruction *at)
{
    return at->op == IR_ITER || at->op == IR_RANGE_INIT || at->op == IR_RANGE_NEXT ||
           at->op == IR_ITER_NEXT;
}

static void find_intervals(allocator *all)
{
    ir_function *function = all->function;
    ir_liveness liveness;
    ir_liveness_init(&liveness, function);
    uint32_t number = 0;
    for (uint32_t i = 0; i < function->variable_count; i++) {
        all->intervals[i] = (interval){UINT32_MAX, 0, i};
    }
    uint32_t params = function->param_count + (function->is_closure ? 1 : 0);
    for (uint32_t i = 0; i < params; i++) {
        cover(all, i, 0, 0);
    }
    ir_var *globals = bl_alloc((liveness.bit_count + 1) * sizeof *globals);
    uint32_t global_count = 0;
    for (uint32_t i = 0; i < function->variable_count; i++) {
        if (liveness.bits[i] != UINT32_MAX) {
            globals[global_count++] = i;
        }
    }
    for (uint32_t b = 0; b < function->block_count; b++) {
        ir_block *block = function->blocks[b];
        uint32_t first = 2 * number;
        for (ir_instruction *at = block->first; at != NULL; at = at->next, number++) {
            for (uint32_t i = 0; i < at->count; i++) {
                cover(all, at->args[i], 2 * number, 2 * number);
                all->uses[at->args[i]] += 1;
            }
            uint32_t written = writes_early(at) ? 2 * number : 2 * number + 1;
            if (at->result != IR_NO_VAR) {
                cover(all, at->result, written, 2 * number + 1);
            }
            if (at->second != IR_NO_VAR) {
                cover(all, at->second, written, 2 * number + 1);
            }
        }
        for (uint32_t g = 0; g < global_count; g++) {
            if (ir_live_in(&liveness, b, globals[g])) {
                cover(all, globals[g], first, first);
            }
            if (ir_live_out(&liveness, b, globals[g])) {
                cover(all, globals[g], 2 * number, 2 * number);
            }
        }
    }
    all->instruction_count = number;
    bl_free(globals);
    ir_liveness_deinit(&liveness);
}

// ---- lanes -----------------------------------------------------------------------------------

static lane *lane_at(allocator *all, uint32_t register_)
{
    if (register_ >= all->lane_capacity) {
        uint32_t capacity = all->lane_capacity == 0 ? 32 : all->lane_capacity * 2;
        capacity = capacity <= register_ ? register_ + 1 : capacity;
        all->lanes = bl_realloc(all->lanes, capacity * sizeof *all->lanes);
        memset(all->lanes + all->lane_capacity, 0,
               (capacity - all->lane_capacity) * sizeof *all->lanes);
        all->lane_capacity = capacity;
    }
    if (register_ >= all->lane_count) {
        all->lane_count = register_ + 1;
    }
    return &all->lanes[register_];
}

// Where an interval that starts there would be inserted.
static uint32_t lane_position(const lane *lane_, uint32_t start)
{
    uint32_t low = 0;
    uint32_t high = lane_->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (lane_->items[middle].start < start) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool lane_is_free(allocator *all, uint32_t register_, const interval *span)
{
    if (register_ >= all->lane_count) {
        return true;
    }
    const lane *lane_ = &all->lanes[register_];
    uint32_t at = lane_position(lane_, span->start);
    if (at > 0 && lane_->items[at - 1].end >= span->start) {
        return false;
    }
    return at == lane_->count || lane_->items[at].start > span->end;
}

static void lane_take(allocator *all, uint32_t register_, const interval *span)
{
    lane *lane_ = lane_at(all, register_);
    uint32_t at = lane_position(lane_, span->start);
    if (lane_->count == lane_->capacity) {
        lane_->capacity = lane_->capacity == 0 ? 4 : lane_->capacity * 2;
        lane_->items = bl_realloc(lane_->items, lane_->capacity * sizeof *lane_->items);
    }
    memmove(lane_->items + at + 1, lane_->items + at, (lane_->count - at) * sizeof *lane_->items);
    lane_->items[at] = *span;
    lane_->count += 1;
}

static void lane_give(allocator *all, uint32_t register_, ir_var var)
{
    lane *lane_ = &all->lanes[register_];
    uint32_t at = lane_position(lane_, all->intervals[var].start);
    while (lane_->items[at].var != var) {
        at += 1;
    }
    lane_->count -= 1;
    memmove(lane_->items + at, lane_->items + at + 1, (lane_->count - at) * sizeof *lane_->items);
}

static bool can_place(allocator *all, ir_var var, uint32_t register_)
{
    const interval *span = &all->intervals[var];
    return lane_is_free(all, register_, span) &&
           (!all->function->variables[var].is_state || lane_is_free(all, register_ + 1, span));
}

static void place(allocator *all, ir_var var, uint32_t register_)
{
    const interval *span = &all->intervals[var];
    all->registers->of[var] = register_;
    lane_take(all, register_, span);
    if (all->function->variables[var].is_state) {
        lane_take(all, register_ + 1, span);
    }
}

static void place_anywhere(allocator *all, ir_var var, uint32_t from)
{
    uint32_t register_ = from;
    while (!can_place(all, var, register_)) {
        register_ += 1;
    }
    place(all, var, register_);
}

// ---- who waits for a window ------------------------------------------------------------------

// Windows, and the variables that are defined in the same block only to be in one.
static void find_windows(allocator *all)
{
    ir_function *function = all->function;
    uint32_t number = 0;
    uint32_t capacity = 0;
    uint32_t *defined_in = bl_alloc_zeroed(function->variable_count + 1, sizeof *defined_in);
    uint32_t *definitions = bl_alloc_zeroed(function->variable_count + 1, sizeof *definitions);
    for (uint32_t b = 0; b < function->block_count; b++) {
        for (ir_instruction *at = function->blocks[b]->first; at != NULL; at = at->next) {
            if (at->result != IR_NO_VAR) {
                definitions[at->result] += 1;
                defined_in[at->result] = ir_is_end(at) ? 0 : b + 1;
            }
        }
    }
    for (uint32_t b = 0; b < function->block_count; b++) {
        for (ir_instruction *at = function->blocks[b]->first; at != NULL; at = at->next) {
            number += 1;
            if (!emit_has_window(at) || (at->count <= 1 && emit_header(at) == 0)) {
                continue; // In place, wherever its argument is.
            }
            if (all->window_count == capacity) {
                capacity = capacity == 0 ? 16 : capacity * 2;
                all->windows = bl_realloc(all->windows, capacity * sizeof *all->windows);
            }
            all->windows[all->window_count++] = (window){at, number - 1, 0};
            for (uint32_t i = 0; i < at->count; i++) {
                ir_var var = at->args[i];
                if (var > function->param_count && all->uses[var] == 1 && definitions[var] == 1 &&
                    defined_in[var] == b + 1) {
                    all->waiting[var] = all->window_count;
                    all->position[var] = i;
                }
            }
        }
    }
    bl_free(defined_in);
    bl_free(definitions);
}

// ---- linear scan -----------------------------------------------------------------------------

static int compare_starts(const void *left, const void *right)
{
    const interval *a = left;
    const interval *b = right;
    if (a->start != b->start) {
        return a->start < b->start ? -1 : 1;
    }
    return a->var < b->var ? -1 : a->var > b->var;
}

// A set of registers with the lowest free and the highest taken one at hand.
typedef struct register_set {
    uint64_t *words;
    uint32_t count;
} register_set;

static void set_grow(register_set *set, uint32_t register_)
{
    uint32_t need = register_ / 64 + 1;
    if (need > set->count) {
        uint32_t count = need * 2;
        set->words = bl_realloc(set->words, count * sizeof *set->words);
        memset(set->words + set->count, 0, (count - set->count) * sizeof *set->words);
        set->count = count;
    }
}

static void set_add(register_set *set, uint32_t register_)
{
    set_grow(set, register_);
    assert(set->words != NULL);
    set->words[register_ / 64] |= (uint64_t)1 << (register_ % 64);
}

static void set_remove(register_set *set, uint32_t register_)
{
    set->words[register_ / 64] &= ~((uint64_t)1 << (register_ % 64));
}

static bool set_has(const register_set *set, uint32_t register_)
{
    return register_ / 64 < set->count && (set->words[register_ / 64] >> (register_ % 64) & 1) != 0;
}

static uint32_t set_lowest_free(const register_set *set, bool pair)
{
    for (uint32_t w = 0; w < set->count; w++) {
        if (~set->words[w] != 0) {
            uint32_t register_ = w * 64 + (uint32_t)__builtin_ctzll(~set->words[w]);
            while (pair && (set_has(set, register_) || set_has(set, register_ + 1))) {
                register_ += 1;
            }
            return register_;
        }
    }
    return set->count * 64;
}

// One more than the highest taken register.
static uint32_t set_top(const register_set *set)
{
    for (uint32_t w = set->count; w > 0; w--) {
        if (set->words[w - 1] != 0) {
            return w * 64 - (uint32_t)__builtin_clzll(set->words[w - 1]);
        }
    }
    return 0;
}

// Active intervals as a heap by their ends.
typedef struct end_heap {
    interval *items;
    uint32_t count;
    uint32_t capacity;
} end_heap;

static void heap_push(end_heap *heap, interval item)
{
    if (heap->count == heap->capacity) {
        heap->capacity = heap->capacity == 0 ? 32 : heap->capacity * 2;
        heap->items = bl_realloc(heap->items, heap->capacity * sizeof *heap->items);
    }
    uint32_t at = heap->count++;
    while (at > 0 && heap->items[(at - 1) / 2].end > item.end) {
        heap->items[at] = heap->items[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap->items[at] = item;
}

static interval heap_pop(end_heap *heap)
{
    interval top = heap->items[0];
    interval last = heap->items[--heap->count];
    uint32_t at = 0;
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= heap->count) {
            break;
        }
        if (child + 1 < heap->count && heap->items[child + 1].end < heap->items[child].end) {
            child += 1;
        }
        if (heap->items[child].end >= last.end) {
            break;
        }
        heap->items[at] = heap->items[child];
        at = child;
    }
    if (heap->count > 0) {
        heap->items[at] = last;
    }
    return top;
}

typedef struct scan_state {
    register_set taken;
    end_heap active;
} scan_state;

static void expire(allocator *all, scan_state *state, uint32_t position)
{
    while (state->active.count > 0 && state->active.items[0].end < position) {
        interval old = heap_pop(&state->active);
        uint32_t register_ = all->registers->of[old.var];
        set_remove(&state->taken, register_);
        if (all->function->variables[old.var].is_state) {
            set_remove(&state->taken, register_ + 1);
        }
    }
}

// Copies want the register of what they copy, where that ends.
static uint32_t *find_hints(const ir_function *function)
{
    uint32_t *hints = bl_alloc((function->variable_count + 1) * sizeof *hints);
    for (uint32_t i = 0; i <= function->variable_count; i++) {
        hints[i] = IR_NO_VAR;
    }
    for (uint32_t b = 0; b < function->block_count; b++) {
        for (const ir_instruction *at = function->blocks[b]->first; at != NULL; at = at->next) {
            if (at->op == IR_COPY || at->op == IR_TRY || at->op == IR_UPDATE ||
                at->op == IR_CONCAT || at->op == IR_PUSH || at->op == IR_LIST_SKIP) {
                hints[at->result] = at->args[0];
            }
        }
    }
    return hints;
}

static void scan_variables(allocator *all)
{
    ir_function *function = all->function;
    uint32_t *hints = find_hints(function);
    interval *order = bl_alloc((function->variable_count + 1) * sizeof *order);
    uint32_t count = 0;
    uint32_t params = function->param_count + (function->is_closure ? 1 : 0);
    scan_state state = {0};
    for (uint32_t i = 0; i < function->variable_count; i++) {
        const interval *span = &all->intervals[i];
        if (i < params) {
            place(all, i, i);
            set_add(&state.taken, i);
            heap_push(&state.active, *span);
        } else if (span->start <= span->end && all->waiting[i] == 0) {
            order[count++] = *span;
        }
    }
    qsort(order, count, sizeof *order, compare_starts);
    uint32_t next_window = 0;
    for (uint32_t i = 0; i <= count; i++) {
        uint32_t start = i < count ? order[i].start : UINT32_MAX;
        // Behind a window lives what begins before it and ends after it.
        while (next_window < all->window_count && 2 * all->windows[next_window].number < start) {
            window *window_ = &all->windows[next_window++];
            expire(all, &state, 2 * window_->number + 1);
            window_->minimum = set_top(&state.taken);
        }
        if (i == count) {
            break;
        }
        expire(all, &state, start);
        bool pair = function->variables[order[i].var].is_state;
        uint32_t register_ = set_lowest_free(&state.taken, pair);
        ir_var like = hints[order[i].var];
        if (!pair && like != IR_NO_VAR && all->registers->of[like] != EMIT_NO_REGISTER &&
            !set_has(&state.taken, all->registers->of[like])) {
            register_ = all->registers->of[like];
        }
        place(all, order[i].var, register_);
        set_add(&state.taken, register_);
        if (pair) {
            set_add(&state.taken, register_ + 1);
        }
        heap_push(&state.active, order[i]);
    }
    bl_free(state.taken.words);
    bl_free(state.active.items);
    bl_free(order);
    bl_free(hints);
}

// ---- windows ---------------------------------------------------------------------------------

// Waiting variables that have been placed and began before the windows that are still to come.
typedef struct pending {
    ir_var *vars;
    uint32_t count;
    uint32_t capacity;
} pending;

static void pending_add(pending *list, ir_var var)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? 32 : list->capacity * 2;
        list->vars = bl_realloc(list->vars, list->capacity * sizeof *list->vars);
    }
    list->vars[list->count++] = var;
}

static uint32_t first_register(allocator *all, const window *window_, pending *over)
{
    uint32_t base = window_->minimum;
    uint32_t position = 2 * window_->number;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < over->count; i++) {
        ir_var var = over->vars[i];
        if (all->intervals[var].start >= position + 1) {
            continue; // Begins here or later: no window before this one lies inside.
        }
        over->vars[kept++] = var;
        if (all->intervals[var].end > position && all->registers->of[var] + 1 > base) {
            base = all->registers->of[var] + 1;
        }
    }
    over->count = kept;
    ir_var result = window_->instruction->result;
    if (result != IR_NO_VAR && emit_header(window_->instruction) != 0) {
        uint32_t wanted = all->registers->of[result];
        if (wanted != EMIT_NO_REGISTER && wanted >= base) {
            return wanted;
        }
    }
    return base;
}

// A few registers further up there may be room for all arguments that wait: moves saved.
static uint32_t roomy_base(allocator *all, uint32_t w, uint32_t base)
{
    const ir_instruction *at = all->windows[w - 1].instruction;
    for (uint32_t shift = 0; shift < 16; shift++) {
        bool fits = true;
        for (uint32_t i = 0; i < at->count && i < 64 && fits; i++) {
            ir_var var = at->args[i];
            fits =
                all->waiting[var] != w || can_place(all, var, base + shift + emit_header(at) + i);
        }
        if (fits) {
            return base + shift;
        }
    }
    return base;
}

// A short-lived result stays where the call leaves it, if no other window begins meanwhile.
static void keep_result(allocator *all, uint32_t w, uint32_t base)
{
    const window *window_ = &all->windows[w - 1];
    ir_var result = window_->instruction->result;
    if (result == IR_NO_VAR || emit_header(window_->instruction) == 0 ||
        result <= all->function->param_count || all->waiting[result] != 0 ||
        all->registers->of[result] == EMIT_NO_REGISTER || all->registers->of[result] == base) {
        return;
    }
    const interval *span = &all->intervals[result];
    bool alone = w == all->window_count || 2 * all->windows[w].number > span->end;
    if (alone && span->start == 2 * window_->number + 1 && lane_is_free(all, base, span)) {
        lane_give(all, all->registers->of[result], result);
        place(all, result, base);
    }
}

static void place_windows(allocator *all)
{
    pending over = {0};
    for (uint32_t w = all->window_count; w > 0; w--) {
        const window *window_ = &all->windows[w - 1];
        const ir_instruction *at = window_->instruction;
        uint32_t base = roomy_base(all, w, first_register(all, window_, &over));
        all->registers->windows[window_->number] = base;
        keep_result(all, w, base);
        uint32_t first = base + emit_header(at);
        uint32_t end = first + at->count;
        if (end > all->registers->count) {
            all->registers->count = end;
        }
        for (uint32_t i = 0; i < at->count; i++) {
            ir_var var = at->args[i];
            if (all->waiting[var] != w || all->registers->of[var] != EMIT_NO_REGISTER) {
                continue;
            }
            if (can_place(all, var, first + i)) {
                place(all, var, first + i);
            } else {
                place_anywhere(all, var, 0);
            }
            pending_add(&over, var);
        }
    }
    bl_free(over.vars);
}

void emit_registers_init(emit_registers *registers, ir_function *function)
{
    uint32_t count = function->variable_count + 1;
    allocator all = {.function = function, .registers = registers};
    registers->of = bl_alloc(count * sizeof *registers->of);
    registers->count = 0;
    for (uint32_t i = 0; i < count; i++) {
        registers->of[i] = EMIT_NO_REGISTER;
    }
    all.intervals = bl_alloc(count * sizeof *all.intervals);
    all.uses = bl_alloc_zeroed(count, sizeof *all.uses);
    all.waiting = bl_alloc_zeroed(count, sizeof *all.waiting);
    all.position = bl_alloc_zeroed(count, sizeof *all.position);
    find_intervals(&all);
    registers->windows = bl_alloc((all.instruction_count + 1) * sizeof(uint32_t));
    for (uint32_t i = 0; i <= all.instruction_count; i++) {
        registers->windows[i] = EMIT_NO_REGISTER;
    }
    find_windows(&all);
    scan_variables(&all);
    place_windows(&all);
    if (all.lane_count > registers->count) {
        registers->count = all.lane_count;
    }
    if (registers->count < function->param_count + 1) {
        registers->count = function->param_count + 1;
    }
    for (uint32_t i = 0; i < all.lane_count; i++) {
        bl_free(all.lanes[i].items);
    }
    bl_free(all.lanes);
    bl_free(all.windows);
    bl_free(all.intervals);
    bl_free(all.uses);
    bl_free(all.waiting);
    bl_free(all.position);
}

void emit_registers_deinit(emit_registers *registers)
{
    bl_free(registers->of);
    bl_free(registers->windows);
}
