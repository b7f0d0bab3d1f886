// lang/lower_expr.c: expressions, but for references, calls, matches and effects.
//
// Every construct is lowered to a destination: a variable, nobody, or the function's result
// (LOWER_TAIL), so that branches write where the value is wanted and calls at the tail are seen as
// such. A destination is only written when all parts of the expression have been read.
#include "lang/lower.h"

#include "lang/types.h"
#include "vm/faults.h"

#include <stdlib.h>

// ---- literals and data -----------------------------------------------------------------------

static ir_var lower_string_literal(lower_context *context, const lang_expr *expr, ir_var want)
{
    const lang_string *string = &expr->as.string;
    if (string->count == 0) {
        return lower_string(context, (bl_slice){"", 0}, want);
    }
    if (string->count == 1 && string->parts[0].expr == NULL) {
        return lower_string(context, string->parts[0].text, want);
    }
    ir_var *parts = bl_arena_alloc(context->program->arena, string->count * sizeof *parts);
    for (uint32_t i = 0; i < string->count; i++) {
        const lang_string_part *part = &string->parts[i];
        parts[i] = part->expr == NULL ? lower_string(context, part->text, IR_NO_VAR)
                                      : lower_expr(context, part->expr);
    }
    lower_at(context, expr->span);
    ir_var result = want == IR_NO_VAR ? lower_new(context, lower_type(context, expr->id)) : want;
    ir_instruction *build = lower_emit(context, IR_BUILD, result, string->count);
    memcpy(build->args, parts, string->count * sizeof *parts);
    return result;
}

static ir_var lower_list(lower_context *context, const lang_expr *expr, ir_op op, ir_var want)
{
    const lang_expr_list *list = &expr->as.list;
    ir_var *items = bl_arena_alloc(context->program->arena, (list->count + 1) * sizeof *items);
    for (uint32_t i = 0; i < list->count; i++) {
        items[i] = lower_expr(context, list->items[i]);
    }
    lower_at(context, expr->span);
    ir_var result = want == IR_NO_VAR ? lower_new(context, lower_type(context, expr->id)) : want;
    ir_instruction *made = lower_emit(context, op, result, list->count);
    memcpy(made->args, items, list->count * sizeof *items);
    return result;
}

static ir_var lower_map(lower_context *context, const lang_expr *expr, ir_var want)
{
    uint32_t count = expr->as.map.count;
    ir_var *items = bl_arena_alloc(context->program->arena, (2 * count + 1) * sizeof *items);
    for (uint32_t i = 0; i < count; i++) {
        items[2 * i] = lower_expr(context, expr->as.map.entries[i].key);
        items[2 * i + 1] = lower_expr(context, expr->as.map.entries[i].value);
    }
    lower_at(context, expr->span);
    ir_var result = want == IR_NO_VAR ? lower_new(context, lower_type(context, expr->id)) : want;
    ir_instruction *made = lower_emit(context, IR_MAP, result, 2 * count);
    memcpy(made->args, items, 2 * count * sizeof *items);
    return result;
}

// The name that a struct's values carry at run time.
static bl_slice struct_name(lower_context *context, const lang_expr *expr)
{
    const lang_ref *ref = lower_ref(context, expr->id);
    if (ref->kind == LANG_REF_TYPE && ref->as.type != NULL) {
        return ref->as.type->name;
    }
    return expr->as.record.type_name.text;
}

typedef struct field_value {
    bl_slice name;
    ir_var value;
    uint32_t order;
} field_value;

static int compare_fields(const void *left, const void *right)
{
    const field_value *a = left;
    const field_value *b = right;
    int order = bl_slice_compare(a->name, b->name);
    return order != 0 ? order : (a->order < b->order ? -1 : 1);
}

// Evaluated as written, stored sorted; of equal names the last counts.
static ir_var lower_record(lower_context *context, const lang_expr *expr, ir_var want)
{
    uint32_t count = expr->as.record.count;
    bl_arena *arena = context->program->arena;
    field_value *fields = bl_arena_alloc(arena, (count + 1) * sizeof *fields);
    bl_slice *names = bl_arena_alloc(arena, (count + 1) * sizeof *names);
    for (uint32_t i = 0; i < count; i++) {
        const lang_field *field = &expr->as.record.fields[i];
        fields[i] = (field_value){field->name.text, lower_expr(context, field->value), i};
    }
    qsort(fields, count, sizeof *fields, compare_fields);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (i + 1 == count || !bl_slice_equal(fields[i].name, fields[i + 1].name)) {
            fields[kept++] = fields[i];
        }
    }
    for (uint32_t i = 0; i < kept; i++) {
        names[i] = fields[i].name;
    }
    bl_slice name = {0};
    if (expr->kind == LANG_EXPR_STRUCT) {
        name = struct_name(context, expr);
    }
    lower_at(context, expr->span);
    ir_var result = want == IR_NO_VAR ? lower_new(context, lower_type(context, expr->id)) : want;
    ir_instruction *made = lower_emit(context, IR_RECORD, result, kept);
    made->as.shape = ir_shape(context->program->ir, name, names, kept);
    for (uint32_t i = 0; i < kept; i++) {
        made->args[i] = fields[i].value;
    }
    return result;
}

// The shape of a struct with all its declared fields; NULL if it is not known.
static vm_shape *declared_shape(lower_context *context, const lang_expr *expr)
{
    const lang_ref *ref = lower_ref(context, expr->id);
    if (ref->kind != LANG_REF_TYPE || ref->as.type == NULL || ref->as.type->field_count == 0) {
        return NULL;
    }
    const lang_type_symbol *type = ref->as.type;
    field_value *fields =
        bl_arena_alloc(context->program->arena, type->field_count * sizeof *fields);
    bl_slice *names = bl_arena_alloc(context->program->arena, type->field_count * sizeof *names);
    for (uint32_t i = 0; i < type->field_count; i++) {
        fields[i] = (field_value){type->field_names[i], IR_NO_VAR, i};
    }
    qsort(fields, type->field_count, sizeof *fields, compare_fields);
    for (uint32_t i = 0; i < type->field_count; i++) {
        names[i] = fields[i].name;
    }
    return ir_shape(context->program->ir, type->name, names, type->field_count);
}

static ir_var emit_update(lower_context *context, ir_var result, ir_var base, const bl_slice *names,
                          const ir_var *values, uint32_t count, vm_shape *struct_shape)
{
    ir_update *update = bl_arena_alloc(context->program->arena, sizeof *update);
    *update = (ir_update){.count = count, .struct_shape = struct_shape};
    update->names = bl_arena_alloc(context->program->arena, (count + 1) * sizeof(vm_string *));
    ir_instruction *made = lower_emit(context, IR_UPDATE, result, count + 1);
    made->as.update = update;
    made->args[0] = base;
    for (uint32_t i = 0; i < count; i++) {
        update->names[i] = ir_string(context->program->ir, names[i]);
        made->args[i + 1] = values[i];
    }
    return result;
}

static ir_var lower_update(lower_context *context, const lang_expr *expr, ir_var want)
{
    uint32_t count = expr->as.record.count;
    bl_arena *arena = context->program->arena;
    ir_var base = lower_expr(context, expr->as.record.base);
    bl_slice *names = bl_arena_alloc(arena, (count + 1) * sizeof *names);
    ir_var *values = bl_arena_alloc(arena, (count + 1) * sizeof *values);
    for (uint32_t i = 0; i < count; i++) {
        names[i] = expr->as.record.fields[i].name.text;
        values[i] = lower_expr(context, expr->as.record.fields[i].value);
    }
    vm_shape *shape = expr->kind == LANG_EXPR_STRUCT ? declared_shape(context, expr) : NULL;
    lower_at(context, expr->span);
    ir_var result = want == IR_NO_VAR ? lower_new(context, lower_type(context, expr->id)) : want;
    return emit_update(context, result, base, names, values, count, shape);
}

// ---- operators -------------------------------------------------------------------------------

static ir_op binary_op(lang_binary operator_)
{
    switch (operator_) {
    case LANG_BINARY_EQUAL:
        return IR_EQ;
    case LANG_BINARY_NOT_EQUAL:
        return IR_NE;
    case LANG_BINARY_LESS:
        return IR_LT;
    case LANG_BINARY_GREATER:
        return IR_GT;
    case LANG_BINARY_LESS_EQUAL:
        return IR_LE;
    case LANG_BINARY_GREATER_EQUAL:
        return IR_GE;
    case LANG_BINARY_ADD:
        return IR_ADD;
    case LANG_BINARY_SUBTRACT:
        return IR_SUB;
    case LANG_BINARY_CONCAT:
        return IR_CONCAT;
    case LANG_BINARY_MULTIPLY:
        return IR_MUL;
    case LANG_BINARY_DIVIDE:
        return IR_DIV;
    case LANG_BINARY_MODULO:
        return IR_MOD;
    case LANG_BINARY_RANGE:
    case LANG_BINARY_PIPE:
    case LANG_BINARY_OR:
    case LANG_BINARY_AND:
    case LANG_BINARY_COUNT:
        break;
    }
    return IR_RANGE;
}

static bool is_logical(const lang_expr *expr)
{
    return expr->kind == LANG_EXPR_BINARY && (expr->as.binary.operator_ == LANG_BINARY_AND ||
                                              expr->as.binary.operator_ == LANG_BINARY_OR);
}

// Chains of operators may be long to the left; recursion is bounded by the tree's height.
static ir_var lower_binary(lower_context *context, const lang_expr *expr, ir_var want)
{
    ir_var left = lower_expr(context, expr->as.binary.left);
    ir_var right = lower_expr(context, expr->as.binary.right);
    ir_op op = expr->kind == LANG_EXPR_RANGE ? IR_RANGE : binary_op(expr->as.binary.operator_);
    lower_at(context, expr->span);
    ir_var result = want == IR_NO_VAR ? lower_new(context, lower_type(context, expr->id)) : want;
    return lower_op(context, op, result, 2, left, right);
}

ir_var lower_comparison(lower_context *context, const lang_expr *expr, ir_var *left, ir_var *right)
{
    *left = lower_expr(context, expr->as.binary.left);
    *right = lower_expr(context, expr->as.binary.right);
    lower_at(context, expr->span);
    return lower_op(context, binary_op(expr->as.binary.operator_), IR_NO_VAR, 2, *left, *right);
}

static bool is_bool(const lower_context *context, const lang_expr *expr)
{
    lang_type *type = context->unit->types[expr->id];
    lang_types *types = lang_types_of(context->program->world);
    return type != NULL && lang_type_base(types, type)->shape == LANG_SHAPE_BOOL;
}

// `a && b`, `a || b` as a value. At a tail the right side's value is the result as it is, since a
// call there leaves the function; elsewhere it has to be a Bool too.
static void lower_logical(lower_context *context, const lang_expr *expr, ir_var dst)
{
    bool is_and = expr->as.binary.operator_ == LANG_BINARY_AND;
    ir_block *right = ir_block_new(context->function);
    ir_block *decided = ir_block_new(context->function);
    ir_block *join = ir_block_new(context->function);
    lower_condition(context, expr->as.binary.left, is_and ? right : decided,
                    is_and ? decided : right);
    lower_enter(context, right);
    const lang_expr *second = expr->as.binary.right;
    if (dst == LOWER_TAIL || is_bool(context, second)) {
        lower_into(context, second, dst);
    } else {
        ir_block *other = ir_block_new(context->function);
        lower_condition(context, second, is_and ? other : decided, is_and ? decided : other);
        lower_enter(context, other);
        lower_finish(context, lower_constant(context, vm_bool(is_and), IR_NO_VAR), dst);
    }
    lower_jump(context, join);
    lower_enter(context, decided);
    lower_finish(context, lower_constant(context, vm_bool(!is_and), IR_NO_VAR), dst);
    lower_jump(context, join);
    lower_enter(context, join);
}

void lower_condition(lower_context *context, const lang_expr *expr, ir_block *yes, ir_block *no)
{
    if (lower_is_check(context, expr)) {
        lower_branch(context, lower_check(context, expr), yes, no);
        return;
    }
    if (expr->kind == LANG_EXPR_UNARY && expr->as.unary.operator_ == LANG_UNARY_NOT) {
        lower_condition(context, expr->as.unary.operand, no, yes);
        return;
    }
    if (is_logical(expr)) {
        bool is_and = expr->as.binary.operator_ == LANG_BINARY_AND;
        ir_block *right = ir_block_new(context->function);
        lower_condition(context, expr->as.binary.left, is_and ? right : yes, is_and ? no : right);
        lower_enter(context, right);
        lower_condition(context, expr->as.binary.right, yes, no);
        return;
    }
    ir_var condition = lower_expr(context, expr);
    lower_at(context, expr->span);
    lower_branch(context, condition, yes, no);
}

// ---- control ---------------------------------------------------------------------------------

static void lower_if(lower_context *context, const lang_expr *expr, ir_var dst)
{
    ir_block *yes = ir_block_new(context->function);
    ir_block *no = ir_block_new(context->function);
    ir_block *join = ir_block_new(context->function);
    lower_condition(context, expr->as.condition.condition, yes, no);
    lower_enter(context, yes);
    if (expr->as.condition.else_branch == NULL) {
        lower_into(context, expr->as.condition.then_branch, LOWER_DISCARD);
        lower_jump(context, no);
        lower_enter(context, no);
        lower_finish(context, lower_constant(context, vm_unit(), IR_NO_VAR), dst);
    } else {
        lower_into(context, expr->as.condition.then_branch, dst);
        lower_jump(context, join);
        lower_enter(context, no);
        lower_into(context, expr->as.condition.else_branch, dst);
    }
    lower_jump(context, join);
    lower_enter(context, join);
}

static void lower_for(lower_context *context, const lang_expr *expr, ir_var dst)
{
    const lang_expr *collection = expr->as.loop.collection;
    ir_var state = lower_new(context, NULL);
    bool is_range = collection->kind == LANG_EXPR_RANGE;
    if (is_range) {
        ir_var first = lower_expr(context, collection->as.binary.left);
        ir_var end = lower_expr(context, collection->as.binary.right);
        lower_at(context, collection->span);
        lower_op(context, IR_RANGE_INIT, state, 2, first, end);
    } else {
        ir_var list = lower_expr(context, collection);
        lower_at(context, collection->span);
        lower_op(context, IR_ITER, state, 1, list);
    }
    context->function->variables[state].is_state = true;
    ir_block *head = ir_block_new(context->function);
    ir_block *body = ir_block_new(context->function);
    ir_block *after = ir_block_new(context->function);
    lower_jump(context, head);
    lower_enter(context, head);
    ir_var item = lower_new(context, lower_type(context, expr->as.loop.pattern->id));
    ir_instruction *next = lower_emit(context, is_range ? IR_RANGE_NEXT : IR_ITER_NEXT, item, 1);
    next->args[0] = state;
    next->to[0] = body;
    next->to[1] = after;
    lower_enter(context, body);
    lower_bind_pattern(context, expr->as.loop.pattern, item);
    lower_into(context, expr->as.loop.body, LOWER_DISCARD);
    lower_jump(context, head);
    lower_enter(context, after);
    lower_finish(context, lower_constant(context, vm_unit(), IR_NO_VAR), dst);
}

static void lower_let(lower_context *context, const lang_let *let)
{
    const lang_pattern *pattern = let->pattern;
    if (pattern->kind == LANG_PATTERN_WILDCARD) {
        lower_into(context, let->value, LOWER_DISCARD);
        return;
    }
    if (pattern->kind == LANG_PATTERN_NAME && context->unit->mutables[pattern->id] &&
        !context->scan->captured[pattern->id]) {
        ir_var var = lower_new(context, lower_type(context, pattern->id));
        lower_into(context, let->value, var);
        lower_bind(context, pattern->id, var, false);
        return;
    }
    ir_var value = lower_expr(context, let->value);
    lower_bind_pattern(context, pattern, value);
}

// `x.f.g = v`: the record in x is read, rebuilt along the path, and put back.
static ir_var rebuild(lower_context *context, ir_var record, const lang_name *fields,
                      uint32_t count, ir_var value)
{
    if (count > 1) {
        ir_var inner = lower_new(context, NULL);
        ir_instruction *get = lower_emit(context, IR_FIELD, inner, 1);
        get->args[0] = record;
        get->as.field = ir_string(context->program->ir, fields[0].text);
        value = rebuild(context, inner, fields + 1, count - 1, value);
    }
    ir_var result = lower_new(context, NULL);
    return emit_update(context, result, record, &fields[0].text, &value, 1, NULL);
}

static void lower_assign(lower_context *context, const lang_statement *statement)
{
    const lang_assign *assign = &statement->as.assign;
    const lang_ref *ref = lower_ref(context, statement->id);
    const lower_local *local =
        ref->kind == LANG_REF_LOCAL ? lower_find(context, ref->as.local) : NULL;
    if (local == NULL) {
        lower_into(context, assign->value, LOWER_DISCARD);
        return;
    }
    if (assign->fields.count == 0 && !local->boxed) {
        lower_into(context, assign->value, local->var);
        return;
    }
    ir_var value = lower_expr(context, assign->value);
    lower_at(context, statement->span);
    if (assign->fields.count != 0) {
        ir_var record = lower_read(context, ref->as.local, NULL);
        value = rebuild(context, record, assign->fields.items, assign->fields.count, value);
    }
    lower_assign_local(context, ref->as.local, value);
}

static void lower_block(lower_context *context, const lang_expr *expr, ir_var dst)
{
    uint32_t count = expr->as.block.count;
    for (uint32_t i = 0; i < count; i++) {
        const lang_statement *statement = &expr->as.block.statements[i];
        bool is_last = i + 1 == count;
        switch (statement->kind) {
        case LANG_STATEMENT_LET:
            lower_let(context, &statement->as.let);
            break;
        case LANG_STATEMENT_ASSIGN:
            lower_assign(context, statement);
            break;
        case LANG_STATEMENT_EXPR:
            lower_into(context, statement->as.expr, is_last ? dst : LOWER_DISCARD);
            continue;
        }
        if (is_last && dst != LOWER_DISCARD) {
            lower_finish(context, lower_constant(context, vm_unit(), IR_NO_VAR), dst);
        }
    }
}

// ---- all kinds -------------------------------------------------------------------------------

// Constructs that know destinations of every kind. False: it is none of these.
static bool lower_control(lower_context *context, const lang_expr *expr, ir_var dst)
{
    switch ((unsigned)expr->kind) {
    case LANG_EXPR_BLOCK:
        lower_block(context, expr, dst);
        return true;
    case LANG_EXPR_IF:
        lower_if(context, expr, dst);
        return true;
    case LANG_EXPR_MATCH:
        lower_match(context, expr, dst);
        return true;
    case LANG_EXPR_FOR:
        lower_for(context, expr, dst);
        return true;
    case LANG_EXPR_RESTRICT:
        lower_into(context, expr->as.restriction.body, dst);
        return true;
    case LANG_EXPR_CALL:
        lower_call(context, expr, dst);
        return true;
    case LANG_EXPR_PIPE:
        lower_pipe(context, expr, dst);
        return true;
    default:
        break;
    }
    if (is_logical(expr)) {
        lower_logical(context, expr, dst);
        return true;
    }
    return false;
}

static ir_var lower_unary(lower_context *context, const lang_expr *expr, ir_var want)
{
    ir_var operand = lower_expr(context, expr->as.unary.operand);
    lower_at(context, expr->span);
    ir_op op = expr->as.unary.operator_ == LANG_UNARY_NEGATE ? IR_NEG : IR_NOT;
    return lower_op(context, op, want, 1, operand);
}

// All other constructs. The result is in want, or where it lies anyway if want is IR_NO_VAR.
static ir_var lower_value(lower_context *context, const lang_expr *expr, ir_var want)
{
    switch (expr->kind) {
    case LANG_EXPR_INT:
        return lower_constant(context, vm_int(expr->as.integer), want);
    case LANG_EXPR_FLOAT:
        return lower_constant(context, vm_float(expr->as.number), want);
    case LANG_EXPR_BOOL:
        return lower_constant(context, vm_bool(expr->as.boolean), want);
    case LANG_EXPR_UNIT:
        return lower_constant(context, vm_unit(), want);
    case LANG_EXPR_STRING:
        return lower_string_literal(context, expr, want);
    case LANG_EXPR_NAME:
    case LANG_EXPR_TYPE_NAME:
    case LANG_EXPR_FIELD:
        return lower_reference(context, expr, want);
    case LANG_EXPR_HOLE: {
        lower_at(context, expr->span);
        ir_var unit = lower_constant(context, vm_unit(), want);
        lower_fail(context, VM_FAULT_HOLE, unit);
        return unit;
    }
    case LANG_EXPR_TUPLE:
        return lower_list(context, expr, IR_TUPLE, want);
    case LANG_EXPR_LIST:
        return lower_list(context, expr, IR_LIST, want);
    case LANG_EXPR_SET:
        return lower_list(context, expr, IR_SET, want);
    case LANG_EXPR_MAP:
        return lower_map(context, expr, want);
    case LANG_EXPR_RECORD:
        return lower_record(context, expr, want);
    case LANG_EXPR_STRUCT:
        return expr->as.record.base != NULL ? lower_update(context, expr, want)
                                            : lower_record(context, expr, want);
    case LANG_EXPR_UPDATE:
        return lower_update(context, expr, want);
    case LANG_EXPR_LAMBDA:
        return lower_lambda(context, expr, want);
    case LANG_EXPR_WITH_RECORDS:
        return lower_with_records(context, expr);
    case LANG_EXPR_WITH_CAPTURE:
        return lower_with_capture(context, expr);
    case LANG_EXPR_HANDLE:
        return lower_handle(context, expr, want);
    case LANG_EXPR_EXPECT:
        return lower_expect(context, expr, want);
    case LANG_EXPR_UNARY:
        return lower_unary(context, expr, want);
    case LANG_EXPR_BINARY:
    case LANG_EXPR_RANGE:
        return lower_binary(context, expr, want);
    case LANG_EXPR_TRY:
        return lower_try(context, expr, want);
    case LANG_EXPR_BLOCK:
    case LANG_EXPR_IF:
    case LANG_EXPR_MATCH:
    case LANG_EXPR_FOR:
    case LANG_EXPR_RESTRICT:
    case LANG_EXPR_CALL:
    case LANG_EXPR_PIPE:
        break; // lower_control
    }
    return lower_constant(context, vm_unit(), want);
}

ir_var lower_expr(lower_context *context, const lang_expr *expr)
{
    if (lower_is_check(context, expr)) {
        return lower_check(context, expr);
    }
    switch ((unsigned)expr->kind) {
    case LANG_EXPR_BLOCK:
    case LANG_EXPR_IF:
    case LANG_EXPR_MATCH:
    case LANG_EXPR_FOR:
    case LANG_EXPR_RESTRICT:
    case LANG_EXPR_CALL:
    case LANG_EXPR_PIPE:
        break;
    default:
        if (!is_logical(expr)) {
            return lower_value(context, expr, IR_NO_VAR);
        }
    }
    ir_var result = lower_new(context, lower_type(context, expr->id));
    lower_control(context, expr, result);
    return result;
}

void lower_into(lower_context *context, const lang_expr *expr, ir_var dst)
{
    if (lower_is_check(context, expr)) {
        lower_finish(context, lower_check(context, expr), dst);
        return;
    }
    if (lower_control(context, expr, dst)) {
        return;
    }
    bool is_variable = dst != LOWER_TAIL && dst != LOWER_DISCARD;
    lower_finish(context, lower_value(context, expr, is_variable ? dst : IR_NO_VAR), dst);
}
