// lang/lower_match.c: pattern matching as decision trees.
//
// The arms (each alternative a row of its own) are a matrix: a row is a list of tests that are
// still open, each a place in the subject and a pattern, and the names bound so far. The first
// open test of the first row chooses the place to look at; the rows that agree with the outcome go
// on with the parts, the others to the other branch. A row without open tests is a leaf: names are
// bound, the guard is asked, and if it says no the rest of the rows goes on from there.
//
// Rows that do not look at the tested place are in both branches; so that a tree cannot explode,
// nor finding its branches take long, a budget limits the rows that are looked at and copied: past
// it rows are tried one after the other.
//
// A list of rows belongs to whoever compiles it: copies go to the branch where the test holds, the
// list without what that excludes is the other branch.
#include "lang/lower.h"

#include "lang/limits.h"
#include "vm/faults.h"

// A place in the subject; its variable is made where it is first needed on a path.
typedef struct place {
    struct place *parent; // NULL: the subject itself.
    ir_op op;             // How it is got from the parent.
    uint32_t index;
    bl_slice field;
    const lang_type *type;
    ir_var var;          // IR_NO_VAR: not read yet on this path.
    struct place *next;  // Of the same parent.
    struct place *parts; // Places below this one.
} place;

typedef struct test {
    place *at;
    const lang_pattern *pattern;
    struct test *next;
} test;

typedef struct binding {
    place *at;
    const lang_pattern *name;
    struct binding *next;
} binding;

// What rows of one arm share.
typedef struct leaf {
    const lang_expr *guard;
    ir_block *body;
    bool reached;
} leaf;

typedef struct row {
    test *tests;
    binding *bindings; // Latest first.
    leaf *leaf;
    struct row *next;
} row;

typedef struct matcher {
    lower_context *context;
    place **trail; // Places read on the path from the root.
    uint32_t trail_count;
    uint32_t trail_capacity;
    uint32_t budget; // UNLIMITED, or what is left.
    bool declared;   // Names have variables of their own: several leaves may bind them.
} matcher;

#define UNLIMITED UINT32_MAX
// Looking at so many rows costs as much as copying one.
#define ROWS_PER_COPY 8
#define BUDGET_MIN 4096
#define BUDGET_PER_ROW 64

static void *allocate(matcher *matcher_, size_t size)
{
    return bl_arena_alloc_zeroed(matcher_->context->program->arena, size);
}

// ---- places ----------------------------------------------------------------------------------

static place *part_of(matcher *matcher_, place *parent, ir_op op, uint32_t index, bl_slice field)
{
    for (place *part = parent->parts; part != NULL; part = part->next) {
        if (part->op == op && part->index == index && bl_slice_equal(part->field, field)) {
            return part;
        }
    }
    place *part = allocate(matcher_, sizeof *part);
    *part = (place){.parent = parent, .op = op, .index = index, .field = field};
    part->var = IR_NO_VAR;
    part->next = parent->parts;
    parent->parts = part;
    return part;
}

static ir_var read_place(matcher *matcher_, place *at)
{
    if (at->var != IR_NO_VAR) {
        return at->var;
    }
    lower_context *context = matcher_->context;
    ir_var parent = read_place(matcher_, at->parent);
    at->var = lower_new(context, at->type);
    ir_instruction *get = lower_emit(context, at->op, at->var, 1);
    get->args[0] = parent;
    if (at->op == IR_FIELD) {
        get->as.field = ir_string(context->program->ir, at->field);
    } else {
        get->as.index = at->index;
    }
    if (matcher_->trail_count == matcher_->trail_capacity) {
        uint32_t capacity = matcher_->trail_capacity == 0 ? 16 : matcher_->trail_capacity * 2;
        place **larger = allocate(matcher_, capacity * sizeof(place *));
        if (matcher_->trail_count != 0) {
            memcpy(larger, matcher_->trail, matcher_->trail_count * sizeof(place *));
        }
        matcher_->trail = larger;
        matcher_->trail_capacity = capacity;
    }
    matcher_->trail[matcher_->trail_count++] = at;
    return at->var;
}

// Leaves a branch: what was read there has not been read elsewhere.
static void forget_places(matcher *matcher_, uint32_t mark)
{
    while (matcher_->trail_count > mark) {
        matcher_->trail[--matcher_->trail_count]->var = IR_NO_VAR;
    }
}

// ---- rows ------------------------------------------------------------------------------------

// Adds a test at the end of the row's; names and wildcards need none.
static void add_test(matcher *matcher_, row *row_, place *at, const lang_pattern *pattern)
{
    if (pattern->kind == LANG_PATTERN_WILDCARD) {
        return;
    }
    if (at->type == NULL) {
        at->type = lower_type(matcher_->context, pattern->id);
    }
    if (pattern->kind == LANG_PATTERN_NAME) {
        binding *bound = allocate(matcher_, sizeof *bound);
        *bound = (binding){at, pattern, row_->bindings};
        row_->bindings = bound;
        return;
    }
    test *added = allocate(matcher_, sizeof *added);
    *added = (test){at, pattern, NULL};
    test **end = &row_->tests;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = added;
}

static const lang_pattern *pattern_at(const row *row_, const place *at)
{
    for (const test *open = row_->tests; open != NULL; open = open->next) {
        if (open->at == at) {
            return open->pattern;
        }
    }
    return NULL;
}

// A copy of the row; without the test of `at` if that is given.
static row *copy_row(matcher *matcher_, const row *from, const place *at)
{
    row *copy = allocate(matcher_, sizeof *copy);
    *copy = (row){.bindings = from->bindings, .leaf = from->leaf};
    test **end = &copy->tests;
    bool dropped = false;
    for (const test *open = from->tests; open != NULL; open = open->next) {
        if (open->at == at && !dropped) {
            dropped = true;
            continue;
        }
        *end = allocate(matcher_, sizeof **end);
        **end = (test){open->at, open->pattern, NULL};
        end = &(*end)->next;
    }
    return copy;
}

typedef struct row_list {
    row *first;
    row **end;
} row_list;

static void rows_begin(row_list *list)
{
    list->first = NULL;
    list->end = &list->first;
}

static void rows_add(row_list *list, row *added)
{
    *list->end = added;
    list->end = &added->next;
}

// ---- does a row agree with an outcome? -------------------------------------------------------

static bool same_literal(const lang_pattern *a, const lang_pattern *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    switch ((unsigned)a->kind) {
    case LANG_PATTERN_INT:
        return a->as.integer == b->as.integer;
    case LANG_PATTERN_FLOAT:
        return a->as.number == b->as.number;
    case LANG_PATTERN_STRING:
        return bl_slice_equal(a->as.string.text, b->as.string.text);
    case LANG_PATTERN_BOOL:
        return a->as.boolean == b->as.boolean;
    case LANG_PATTERN_CONSTRUCTOR:
        return bl_slice_equal(a->as.constructor.name.text, b->as.constructor.name.text) &&
               a->as.constructor.arguments.count == b->as.constructor.arguments.count;
    case LANG_PATTERN_TUPLE:
        return a->as.tuple.count == b->as.tuple.count;
    default:
        return a->kind == LANG_PATTERN_UNIT;
    }
}

static bool has_field(const lang_pattern *record, bl_slice name)
{
    for (uint32_t i = 0; i < record->as.record.count; i++) {
        if (bl_slice_equal(record->as.record.fields[i].name.text, name)) {
            return true;
        }
    }
    return false;
}

static bool has_all_fields(const lang_pattern *record, const lang_pattern *of)
{
    for (uint32_t i = 0; i < of->as.record.count; i++) {
        if (!has_field(record, of->as.record.fields[i].name.text)) {
            return false;
        }
    }
    return true;
}

static uint32_t list_min(const lang_pattern *list)
{
    return list->as.list.items.count;
}

// What the outcome `chosen matches` says of another pattern of the same place.
typedef enum relation {
    AGREES,   // It is decided by its parts.
    OPEN,     // Still to be tested as it is.
    EXCLUDED, // Cannot match any more.
} relation;

static relation relate_yes(const lang_pattern *chosen, const lang_pattern *other)
{
    if (chosen->kind == LANG_PATTERN_LIST && other->kind == LANG_PATTERN_LIST) {
        bool exact = chosen->as.list.rest == NULL;
        bool other_exact = other->as.list.rest == NULL;
        if (exact) {
            bool fits = other_exact ? list_min(other) == list_min(chosen)
                                    : list_min(other) <= list_min(chosen);
            return fits ? AGREES : EXCLUDED;
        }
        if (!other_exact) {
            return list_min(other) <= list_min(chosen) ? AGREES : OPEN;
        }
        return list_min(other) < list_min(chosen) ? EXCLUDED : OPEN;
    }
    if (chosen->kind == LANG_PATTERN_RECORD && other->kind == LANG_PATTERN_RECORD) {
        return has_all_fields(chosen, other) ? AGREES : OPEN;
    }
    return same_literal(chosen, other) ? AGREES : EXCLUDED;
}

// Whether the outcome `chosen does not match` rules out the other pattern.
static bool excluded_by_no(const lang_pattern *chosen, const lang_pattern *other)
{
    if (chosen->kind != other->kind) {
        return false;
    }
    if (chosen->kind == LANG_PATTERN_LIST) {
        if (chosen->as.list.rest == NULL) {
            return other->as.list.rest == NULL && list_min(other) == list_min(chosen);
        }
        return list_min(other) >= list_min(chosen);
    }
    if (chosen->kind == LANG_PATTERN_RECORD) {
        return has_all_fields(other, chosen);
    }
    return same_literal(chosen, other);
}

// Adds the tests of a pattern's parts, the pattern itself having been found to match.
static void add_parts(matcher *matcher_, row *row_, place *at, const lang_pattern *pattern)
{
    const bl_slice none = {0};
    if (pattern->kind == LANG_PATTERN_CONSTRUCTOR) {
        for (uint32_t i = 0; i < pattern->as.constructor.arguments.count; i++) {
            add_test(matcher_, row_, part_of(matcher_, at, IR_VARIANT_GET, i, none),
                     pattern->as.constructor.arguments.items[i]);
        }
    } else if (pattern->kind == LANG_PATTERN_TUPLE) {
        for (uint32_t i = 0; i < pattern->as.tuple.count; i++) {
            add_test(matcher_, row_, part_of(matcher_, at, IR_TUPLE_GET, i, none),
                     pattern->as.tuple.items[i]);
        }
    } else if (pattern->kind == LANG_PATTERN_RECORD) {
        for (uint32_t i = 0; i < pattern->as.record.count; i++) {
            const lang_pattern_field *field = &pattern->as.record.fields[i];
            add_test(matcher_, row_, part_of(matcher_, at, IR_FIELD, 0, field->name.text),
                     field->pattern);
        }
    } else if (pattern->kind == LANG_PATTERN_LIST) {
        for (uint32_t i = 0; i < list_min(pattern); i++) {
            add_test(matcher_, row_, part_of(matcher_, at, IR_LIST_GET, i, none),
                     pattern->as.list.items.items[i]);
        }
        if (pattern->as.list.rest != NULL) {
            add_test(matcher_, row_, part_of(matcher_, at, IR_LIST_REST, list_min(pattern), none),
                     pattern->as.list.rest);
        }
    }
}

static void spend(matcher *matcher_, uint32_t cost)
{
    if (matcher_->budget != UNLIMITED) {
        matcher_->budget -= cost < matcher_->budget ? cost : matcher_->budget;
    }
}

// Copies of the rows that are left if the test succeeds.
static row *rows_if_yes(matcher *matcher_, const row *rows, place *at, const lang_pattern *chosen)
{
    row_list list;
    rows_begin(&list);
    uint32_t seen = 0;
    uint32_t copied = 0;
    for (const row *from = rows; from != NULL; from = from->next, seen++) {
        const lang_pattern *pattern = pattern_at(from, at);
        relation related = pattern == NULL ? OPEN : relate_yes(chosen, pattern);
        if (related == EXCLUDED) {
            continue;
        }
        row *copy = copy_row(matcher_, from, related == AGREES ? at : NULL);
        if (related == AGREES) {
            add_parts(matcher_, copy, at, pattern);
        }
        rows_add(&list, copy);
        copied++;
    }
    spend(matcher_, copied + seen / ROWS_PER_COPY);
    return list.first;
}

// The rows themselves that are left if the test fails.
static row *rows_if_no(row *rows, const place *at, const lang_pattern *chosen)
{
    row *first = rows;
    for (row **link = &first; *link != NULL;) {
        const lang_pattern *pattern = pattern_at(*link, at);
        if (pattern != NULL && excluded_by_no(chosen, pattern)) {
            *link = (*link)->next;
        } else {
            link = &(*link)->next;
        }
    }
    return first;
}

// ---- tests as instructions -------------------------------------------------------------------

static ir_instruction *emit_test(matcher *matcher_, ir_op op, ir_var var, ir_block *yes,
                                 ir_block *no)
{
    ir_instruction *end = lower_emit(matcher_->context, op, IR_NO_VAR, 1);
    end->args[0] = var;
    end->to[0] = yes;
    end->to[1] = no;
    matcher_->context->block = yes;
    return end;
}

static ir_block *new_block(matcher *matcher_)
{
    return ir_block_new(matcher_->context->function);
}

static vm_value literal(matcher *matcher_, const lang_pattern *pattern)
{
    switch ((unsigned)pattern->kind) {
    case LANG_PATTERN_INT:
        return vm_int(pattern->as.integer);
    case LANG_PATTERN_FLOAT:
        return vm_float(pattern->as.number);
    case LANG_PATTERN_BOOL:
        return vm_bool(pattern->as.boolean);
    default:
        return vm_of(ir_string(matcher_->context->program->ir, pattern->as.string.text));
    }
}

static void emit_constructor(matcher *matcher_, const lang_pattern *pattern, ir_var var,
                             ir_block *yes, ir_block *no)
{
    lower_program *program = matcher_->context->program;
    uint32_t count = pattern->as.constructor.arguments.count;
    const vm_ctor *ctor = ir_ctor(program->ir, pattern->as.constructor.name.text, count);
    bool whole = count != 0 && ctor->arity == count;
    ir_block *known = count == 0 || whole ? yes : new_block(matcher_);
    emit_test(matcher_, whole ? IR_IS_VARIANT : IR_IS_CTOR, var, known, no)->as.ctor = ctor;
    if (known != yes) {
        emit_test(matcher_, IR_IS_ARITY, var, yes, no)->as.index = count;
    }
}

static void emit_record(matcher *matcher_, const lang_pattern *pattern, ir_var var, ir_block *yes,
                        ir_block *no)
{
    lower_context *context = matcher_->context;
    uint32_t count = pattern->as.record.count;
    if (count == 0) { // Any record.
        vm_type_test *is_record =
            bl_arena_alloc_zeroed(&context->program->ir->target->arena, sizeof *is_record);
        is_record->kind = VM_TEST_KIND;
        is_record->tag = VM_RECORD;
        ir_var passes = lower_new(context, NULL);
        ir_instruction *asked = lower_emit(context, IR_TYPE_TEST, passes, 1);
        asked->args[0] = var;
        asked->as.test = is_record;
        emit_test(matcher_, IR_BRANCH, passes, yes, no);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        ir_block *next = i + 1 == count ? yes : new_block(matcher_);
        emit_test(matcher_, IR_IS_FIELD, var, next, no)->as.field =
            ir_string(context->program->ir, pattern->as.record.fields[i].name.text);
    }
}

// Goes to yes with the context's block there, or to no.
static void emit_pattern_test(matcher *matcher_, const lang_pattern *pattern, ir_var var,
                              ir_block *yes, ir_block *no)
{
    switch (pattern->kind) {
    case LANG_PATTERN_INT:
    case LANG_PATTERN_FLOAT:
    case LANG_PATTERN_STRING:
    case LANG_PATTERN_BOOL:
        emit_test(matcher_, IR_IS_SAME, var, yes, no)->as.constant = literal(matcher_, pattern);
        return;
    case LANG_PATTERN_UNIT:
        emit_test(matcher_, IR_IS_UNIT, var, yes, no);
        return;
    case LANG_PATTERN_CONSTRUCTOR:
        emit_constructor(matcher_, pattern, var, yes, no);
        return;
    case LANG_PATTERN_TUPLE:
        emit_test(matcher_, IR_IS_TUPLE, var, yes, no)->as.index = pattern->as.tuple.count;
        return;
    case LANG_PATTERN_RECORD:
        emit_record(matcher_, pattern, var, yes, no);
        return;
    case LANG_PATTERN_LIST:
        emit_test(matcher_, pattern->as.list.rest == NULL ? IR_IS_LIST : IR_IS_LIST_MIN, var, yes,
                  no)
            ->as.index = list_min(pattern);
        return;
    case LANG_PATTERN_WILDCARD:
    case LANG_PATTERN_NAME:
        break; // Are no tests.
    }
    lower_jump(matcher_->context, yes);
    lower_enter(matcher_->context, yes);
}

// ---- trees -----------------------------------------------------------------------------------

static void compile_rows(matcher *matcher_, row *rows, ir_block *otherwise);

// The names of a leaf hold what they are bound to; the oldest binding first: the last one counts.
static void bind_names(matcher *matcher_, const binding *bound)
{
    if (bound == NULL) {
        return;
    }
    bind_names(matcher_, bound->next);
    lower_context *context = matcher_->context;
    ir_var value = read_place(matcher_, bound->at);
    if (matcher_->declared) {
        lower_op(context, IR_COPY, lower_find(context, bound->name->id)->var, 1, value);
    } else {
        lower_bind_value(context, bound->name, value);
    }
}

// The steps below compile what the first row asks for. True: the rows of *rows go on in the current
// block.
static bool compile_leaf(matcher *matcher_, row **rows)
{
    lower_context *context = matcher_->context;
    leaf *leaf_ = (*rows)->leaf;
    bind_names(matcher_, (*rows)->bindings);
    leaf_->reached = true;
    if (leaf_->guard == NULL) {
        lower_jump(context, leaf_->body);
        return false;
    }
    ir_block *no = new_block(matcher_);
    lower_condition(context, leaf_->guard, leaf_->body, no);
    lower_enter(context, no);
    *rows = (*rows)->next;
    return true;
}

// Past the budget: the first row alone, all of its failures lead to the rest.
static bool compile_in_turn(matcher *matcher_, row **rows, ir_block *otherwise)
{
    uint32_t mark = matcher_->trail_count;
    row *first = *rows;
    *rows = first->next;
    first->next = NULL;
    bool goes_on = *rows != NULL;
    ir_block *rest = goes_on ? new_block(matcher_) : otherwise;
    matcher_->budget = UNLIMITED; // One row cannot explode.
    compile_rows(matcher_, first, rest);
    matcher_->budget = 0;
    forget_places(matcher_, mark);
    if (goes_on) {
        lower_enter(matcher_->context, rest);
    }
    return goes_on;
}

// ---- one jump for many outcomes ----------------------------------------------------------------

// The rows for one outcome, in order.
typedef struct outcome {
    const lang_pattern *pattern;
    row_list rows;
    struct outcome *next;
} outcome;

// All outcomes that rows ask for at one place with patterns of one kind.
typedef struct outcomes {
    place *at;
    lang_pattern_kind kind;
    outcome *first;
    uint32_t count;
    uint32_t undecided; // Rows that do not look at the place: they are in every outcome.
    ir_table table;
} outcomes;

// What two patterns of one place share if and only if they are the same outcome; data == NULL: this
// kind of pattern is not switched on.
static bl_slice outcome_key(const lang_pattern *pattern)
{
    switch ((unsigned)pattern->kind) {
    case LANG_PATTERN_CONSTRUCTOR:
        return pattern->as.constructor.name.text;
    case LANG_PATTERN_INT:
        return (bl_slice){(const char *)&pattern->as.integer, sizeof pattern->as.integer};
    case LANG_PATTERN_STRING:
        return pattern->as.string.text.data == NULL ? BL_SLICE("") : pattern->as.string.text;
    default:
        return (bl_slice){0};
    }
}

static void add_outcome(matcher *matcher_, outcomes *all, outcome ***end,
                        const lang_pattern *pattern)
{
    bl_slice key = outcome_key(pattern);
    if (ir_table_get(&all->table, key) != NULL) {
        return;
    }
    outcome *found = allocate(matcher_, sizeof *found);
    found->pattern = pattern;
    rows_begin(&found->rows);
    ir_table_put(&all->table, matcher_->context->program->arena, key, found);
    **end = found;
    *end = &found->next;
    all->count += 1;
}

// Whether there are enough of them for a switch, and few enough rows that are in all of them.
// Constructors earlier than values: Ints are compared in one instruction.
static bool find_outcomes(matcher *matcher_, const row *rows, outcomes *all)
{
    ir_program *program = matcher_->context->program->ir;
    bool by_ctor = all->kind == LANG_PATTERN_CONSTRUCTOR;
    outcome **end = &all->first;
    uint32_t seen = 0;
    for (const row *from = rows; from != NULL; from = from->next, seen++) {
        const lang_pattern *pattern = pattern_at(from, all->at);
        if (pattern == NULL) {
            all->undecided += 1;
        }
        if (pattern == NULL || pattern->kind != all->kind) {
            continue;
        }
        if (by_ctor && ir_ctor(program, pattern->as.constructor.name.text,
                               pattern->as.constructor.arguments.count)
                               ->arity != pattern->as.constructor.arguments.count) {
            return false; // Declared with other arguments elsewhere: tested one by one.
        }
        add_outcome(matcher_, all, &end, pattern);
    }
    spend(matcher_, seen / ROWS_PER_COPY);
    return all->count >= (by_ctor ? LANG_SWITCH_CTORS_MIN : LANG_SWITCH_VALUES_MIN) &&
           (uint64_t)all->count * all->undecided <= matcher_->budget;
}

// Rows that look at the place go to their outcome; copies of those that do not go to all of them.
// Returns the rows for anything else.
static row *sort_rows(matcher *matcher_, row *rows, const outcomes *all)
{
    row_list others;
    rows_begin(&others);
    for (row *next = NULL; rows != NULL; rows = next) {
        next = rows->next;
        const lang_pattern *pattern = pattern_at(rows, all->at);
        if (pattern != NULL && pattern->kind == all->kind) {
            outcome *chosen = ir_table_get(&all->table, outcome_key(pattern));
            row *copy = copy_row(matcher_, rows, all->at);
            add_parts(matcher_, copy, all->at, pattern);
            rows_add(&chosen->rows, copy);
            continue;
        }
        for (outcome *each = all->first; pattern == NULL && each != NULL; each = each->next) {
            rows_add(&each->rows, copy_row(matcher_, rows, NULL));
        }
        rows->next = NULL;
        rows_add(&others, rows);
    }
    spend(matcher_, all->count * all->undecided);
    return others.first;
}

static bool compile_switch(matcher *matcher_, row **rows, ir_block *otherwise, const outcomes *all)
{
    lower_context *context = matcher_->context;
    bool by_ctor = all->kind == LANG_PATTERN_CONSTRUCTOR;
    *rows = sort_rows(matcher_, *rows, all);
    ir_var var = read_place(matcher_, all->at);
    ir_instruction *end = lower_emit(context, by_ctor ? IR_SWITCH : IR_SWITCH_VALUE, IR_NO_VAR, 1);
    end->args[0] = var;
    end->as.cases = allocate(matcher_, all->count * sizeof(ir_case));
    end->as.case_count = all->count;
    end->to[1] = new_block(matcher_);
    uint32_t mark = matcher_->trail_count;
    ir_case *item = end->as.cases;
    for (const outcome *each = all->first; each != NULL; each = each->next, item++) {
        const lang_pattern *pattern = each->pattern;
        item->to = new_block(matcher_);
        if (by_ctor) {
            item->ctor = ir_ctor(context->program->ir, pattern->as.constructor.name.text,
                                 pattern->as.constructor.arguments.count);
        } else {
            item->value = literal(matcher_, pattern);
        }
        lower_enter(context, item->to);
        compile_rows(matcher_, each->rows.first, otherwise);
        forget_places(matcher_, mark);
    }
    lower_enter(context, end->to[1]);
    if (*rows == NULL) {
        lower_jump(context, otherwise);
    }
    return *rows != NULL;
}

// ---- steps -----------------------------------------------------------------------------------

// The row asks for one literal and no guard: the same code as by looking at all rows, at once.
static bool is_plain_literal(const row *row_)
{
    if (row_->tests->next != NULL || row_->leaf->guard != NULL) {
        return false;
    }
    lang_pattern_kind kind = row_->tests->pattern->kind;
    return kind == LANG_PATTERN_INT || kind == LANG_PATTERN_FLOAT || kind == LANG_PATTERN_STRING;
}

static bool compile_test(matcher *matcher_, row **rows, ir_block *otherwise)
{
    lower_context *context = matcher_->context;
    place *at = (*rows)->tests->at;
    const lang_pattern *chosen = (*rows)->tests->pattern;
    ir_var var = read_place(matcher_, at);
    uint32_t mark = matcher_->trail_count;
    ir_block *yes = new_block(matcher_);
    row *agreeing = *rows;
    if (is_plain_literal(*rows)) {
        *rows = (*rows)->next;
        agreeing->tests = NULL;
        agreeing->next = NULL;
    } else {
        agreeing = rows_if_yes(matcher_, *rows, at, chosen);
        *rows = rows_if_no(*rows, at, chosen);
    }
    ir_block *no = *rows == NULL ? otherwise : new_block(matcher_);
    emit_pattern_test(matcher_, chosen, var, yes, no);
    compile_rows(matcher_, agreeing, otherwise);
    forget_places(matcher_, mark);
    if (*rows != NULL) {
        lower_enter(context, no);
    }
    return *rows != NULL;
}

static bool compile_step(matcher *matcher_, row **rows, ir_block *otherwise)
{
    if ((*rows)->tests == NULL) {
        return compile_leaf(matcher_, rows);
    }
    if (matcher_->budget == 0) {
        return compile_in_turn(matcher_, rows, otherwise);
    }
    const test *first = (*rows)->tests;
    outcomes all = {.at = first->at, .kind = first->pattern->kind};
    if (outcome_key(first->pattern).data != NULL && find_outcomes(matcher_, *rows, &all)) {
        return compile_switch(matcher_, rows, otherwise, &all);
    }
    return compile_test(matcher_, rows, otherwise);
}

// A loop over the rows, however many arms there are; recursion is as deep as patterns are.
static void compile_rows(matcher *matcher_, row *rows, ir_block *otherwise)
{
    bool goes_on = rows != NULL;
    if (!goes_on) {
        lower_jump(matcher_->context, otherwise);
    }
    while (goes_on) {
        goes_on = compile_step(matcher_, &rows, otherwise);
        if (goes_on && rows == NULL) { // Behind the guard of the last row.
            lower_jump(matcher_->context, otherwise);
            goes_on = false;
        }
    }
}

// ---- names -----------------------------------------------------------------------------------

typedef struct name_set {
    struct {
        bl_slice name;
        ir_var var;
    } * items;
    uint32_t count;
    uint32_t capacity;
} name_set;

static void declare_name(lower_context *context, name_set *names, const lang_pattern *pattern)
{
    for (uint32_t i = 0; i < names->count; i++) {
        if (bl_slice_equal(names->items[i].name, pattern->as.name)) {
            lower_bind(context, pattern->id, names->items[i].var, false);
            return;
        }
    }
    if (names->count == names->capacity) {
        uint32_t capacity = names->capacity == 0 ? 8 : names->capacity * 2;
        void *larger = bl_arena_alloc(context->program->arena, capacity * sizeof *names->items);
        if (names->count != 0) {
            memcpy(larger, names->items, names->count * sizeof *names->items);
        }
        names->items = larger;
        names->capacity = capacity;
    }
    ir_var var = lower_new(context, lower_type(context, pattern->id));
    names->items[names->count].name = pattern->as.name;
    names->items[names->count++].var = var;
    lower_bind(context, pattern->id, var, false);
}

// One variable for each name of all alternatives of an arm.
static void declare_names(lower_context *context, name_set *names, const lang_pattern *pattern)
{
    switch (pattern->kind) {
    case LANG_PATTERN_NAME:
        declare_name(context, names, pattern);
        return;
    case LANG_PATTERN_CONSTRUCTOR:
        for (uint32_t i = 0; i < pattern->as.constructor.arguments.count; i++) {
            declare_names(context, names, pattern->as.constructor.arguments.items[i]);
        }
        return;
    case LANG_PATTERN_TUPLE:
        for (uint32_t i = 0; i < pattern->as.tuple.count; i++) {
            declare_names(context, names, pattern->as.tuple.items[i]);
        }
        return;
    case LANG_PATTERN_RECORD:
        for (uint32_t i = 0; i < pattern->as.record.count; i++) {
            declare_names(context, names, pattern->as.record.fields[i].pattern);
        }
        return;
    case LANG_PATTERN_LIST:
        for (uint32_t i = 0; i < list_min(pattern); i++) {
            declare_names(context, names, pattern->as.list.items.items[i]);
        }
        if (pattern->as.list.rest != NULL) {
            declare_names(context, names, pattern->as.list.rest);
        }
        return;
    case LANG_PATTERN_WILDCARD:
    case LANG_PATTERN_INT:
    case LANG_PATTERN_FLOAT:
    case LANG_PATTERN_STRING:
    case LANG_PATTERN_BOOL:
    case LANG_PATTERN_UNIT:
        return;
    }
}

// ---- entry points ----------------------------------------------------------------------------

void lower_match(lower_context *context, const lang_expr *expr, ir_var dst)
{
    uint32_t count = expr->as.match.count;
    ir_var subject = lower_expr(context, expr->as.match.subject);
    matcher matcher_ = {.context = context, .declared = true};
    place root = {.var = subject, .type = lower_type(context, expr->as.match.subject->id)};
    leaf *leaves = allocate(&matcher_, count * sizeof *leaves);
    row_list rows;
    rows_begin(&rows);
    for (uint32_t i = 0; i < count; i++) {
        const lang_arm *arm = &expr->as.match.arms[i];
        leaves[i] = (leaf){.guard = arm->guard, .body = new_block(&matcher_)};
        name_set names = {0};
        for (uint32_t j = 0; j < arm->patterns.count; j++) {
            declare_names(context, &names, arm->patterns.items[j]);
            row *added = allocate(&matcher_, sizeof *added);
            added->leaf = &leaves[i];
            add_test(&matcher_, added, &root, arm->patterns.items[j]);
            rows_add(&rows, added);
            matcher_.budget += BUDGET_PER_ROW;
        }
    }
    matcher_.budget += BUDGET_MIN;
    lower_at(context, expr->span);
    ir_block *otherwise = new_block(&matcher_);
    ir_block *join = new_block(&matcher_);
    compile_rows(&matcher_, rows.first, otherwise);
    lower_enter(context, otherwise);
    lower_at(context, expr->span);
    lower_fail(context, VM_FAULT_NO_MATCH, subject);
    for (uint32_t i = 0; i < count; i++) {
        lower_enter(context, leaves[i].body);
        lower_into(context, expr->as.match.arms[i].body, dst);
        lower_jump(context, join);
    }
    lower_enter(context, join);
}

void lower_test_pattern(lower_context *context, const lang_pattern *pattern, ir_var value,
                        ir_block *yes, ir_block *no)
{
    matcher matcher_ = {.context = context, .budget = UNLIMITED};
    place root = {.var = value, .type = lower_type(context, pattern->id)};
    leaf leaf_ = {.body = yes};
    row only = {.leaf = &leaf_};
    add_test(&matcher_, &only, &root, pattern);
    compile_rows(&matcher_, &only, no);
}

void lower_bind_pattern(lower_context *context, const lang_pattern *pattern, ir_var value)
{
    if (pattern->kind == LANG_PATTERN_WILDCARD) {
        return;
    }
    if (pattern->kind == LANG_PATTERN_NAME) {
        lower_bind_value(context, pattern, value);
        return;
    }
    lower_at(context, pattern->span);
    ir_block *yes = ir_block_new(context->function);
    ir_block *no = ir_block_new(context->function);
    lower_test_pattern(context, pattern, value, yes, no);
    lower_enter(context, no);
    lower_at(context, pattern->span);
    lower_fail(context, VM_FAULT_PATTERN, value);
    lower_enter(context, yes);
}
