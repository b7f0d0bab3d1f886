// lang/refinements.c: pass 5: constants that flow into refined types.
//
// Where a value that is known now (a literal, arithmetic on such, a name bound to one) meets a
// refined type — annotated let, assignment, argument, field, function result — the predicate is
// evaluated on it, in three-valued logic: what the predicate language does not cover is unknown,
// and an unknown outcome is not reported. Values known only at run time are never checked.
#include "lang/predicate.h"
#include "lang/sema.h"
#include "lang/types.h"
#include "lang/walk.h"

typedef struct refine_pass {
    lang_unit *unit;
    bl_arena *arena;
    lang_constant *bound; // By id of the NAME pattern of an immutable let; kind NONE: not known.
} refine_pass;

// ---- constants -------------------------------------------------------------------------------

static lang_constant constant_of(const refine_pass *pass, const lang_expr *expr);

static lang_constant negated(lang_constant value)
{
    if (value.kind == LANG_CONSTANT_INT && value.integer != INT64_MIN) {
        value.integer = -value.integer;
        return value;
    }
    if (value.kind == LANG_CONSTANT_FLOAT) {
        value.number = -value.number;
        return value;
    }
    return (lang_constant){.kind = LANG_CONSTANT_NONE};
}

static lang_constant constant_of_binary(const refine_pass *pass, const lang_expr *expr)
{
    lang_constant left = constant_of(pass, expr->as.binary.left);
    lang_constant right = constant_of(pass, expr->as.binary.right);
    lang_constant none = {.kind = LANG_CONSTANT_NONE};
    if (left.kind != LANG_CONSTANT_INT || right.kind != LANG_CONSTANT_INT) {
        return none;
    }
    lang_constant value = {.kind = LANG_CONSTANT_INT};
    bool overflow = true;
    if (expr->as.binary.operator_ == LANG_BINARY_ADD) {
        overflow = __builtin_add_overflow(left.integer, right.integer, &value.integer);
    } else if (expr->as.binary.operator_ == LANG_BINARY_SUBTRACT) {
        overflow = __builtin_sub_overflow(left.integer, right.integer, &value.integer);
    } else if (expr->as.binary.operator_ == LANG_BINARY_MULTIPLY) {
        overflow = __builtin_mul_overflow(left.integer, right.integer, &value.integer);
    }
    return overflow ? none : value;
}

static lang_constant constant_of(const refine_pass *pass, const lang_expr *expr)
{
    lang_constant none = {.kind = LANG_CONSTANT_NONE};
    switch ((int)expr->kind) {
    case LANG_EXPR_INT:
    case LANG_EXPR_FLOAT:
    case LANG_EXPR_STRING:
        return lang_constant_of_literal(pass->arena, expr);
    case LANG_EXPR_UNARY:
        return expr->as.unary.operator_ == LANG_UNARY_NEGATE
                   ? negated(constant_of(pass, expr->as.unary.operand))
                   : none;
    case LANG_EXPR_BINARY:
        return constant_of_binary(pass, expr);
    case LANG_EXPR_NAME: {
        const lang_ref *ref = &pass->unit->refs[expr->id];
        return ref->kind == LANG_REF_LOCAL ? pass->bound[ref->as.local] : none;
    }
    default: // Known at run time only.
        return none;
    }
}

// ---- checking one value ----------------------------------------------------------------------

static void report(refine_pass *pass, const lang_expr *expr, const lang_type_symbol *type,
                   const lang_constant *value, const lang_predicate *predicate)
{
    lang_diagnostics *list = &pass->unit->diagnostics;
    if (value->kind == LANG_CONSTANT_STRING) {
        bl_slice reason = lang_predicate_reason(pass->arena, predicate, value);
        lang_diagnostic *found = lang_diagnostics_add(
            list, LANG_REF_002, expr->span, "Refinement Violation: String %.*s for type %.*s",
            BL_SLICE_ARG(reason), BL_SLICE_ARG(type->name));
        lang_diagnostic_context(list, found, "Type %.*s requires %.*s", BL_SLICE_ARG(type->name),
                                BL_SLICE_ARG(predicate->text));
        return;
    }
    bl_slice text = lang_constant_text(pass->arena, value);
    lang_diagnostic *found =
        lang_diagnostics_add(list, LANG_REF_001, expr->span,
                             "Refinement Violation: Value %.*s is out of bounds for type %.*s",
                             BL_SLICE_ARG(text), BL_SLICE_ARG(type->name));
    bl_slice range = lang_predicate_range(pass->arena, predicate);
    if (range.data != NULL) {
        lang_diagnostic_context(list, found, "Type %.*s requires value in range %.*s",
                                BL_SLICE_ARG(type->name), BL_SLICE_ARG(range));
    } else {
        lang_diagnostic_context(list, found, "Type %.*s requires %.*s", BL_SLICE_ARG(type->name),
                                BL_SLICE_ARG(predicate->text));
    }
}

// A value of the wrong base type is a type error, not a refinement error.
static bool fits_base(const lang_constant *value, const lang_type *base)
{
    switch (value->kind) {
    case LANG_CONSTANT_INT:
        return base->shape == LANG_SHAPE_INT;
    case LANG_CONSTANT_FLOAT:
        return base->shape == LANG_SHAPE_FLOAT;
    case LANG_CONSTANT_STRING:
        return base->shape == LANG_SHAPE_STRING;
    case LANG_CONSTANT_NONE:
    case LANG_CONSTANT_BOOL:
        return false;
    }
    return false;
}

static void check_value(refine_pass *pass, const lang_expr *expr, lang_type *expected)
{
    if (expected == NULL || expected->shape != LANG_SHAPE_NAMED ||
        expected->symbol->kind != LANG_SYMBOL_REFINED) {
        return;
    }
    lang_constant value = constant_of(pass, expr);
    lang_types *types = lang_types_of(pass->unit->world);
    if (!fits_base(&value, lang_type_base(types, expected))) {
        return;
    }
    // A refinement of a refined type must satisfy both: the first that fails is reported.
    const lang_type *type = expected;
    while (type->shape == LANG_SHAPE_NAMED && type->symbol->kind == LANG_SYMBOL_REFINED) {
        lang_predicate predicate = lang_predicate_of(type->symbol);
        if (lang_predicate_holds(pass->arena, &predicate, &value) == LANG_TRUTH_FALSE) {
            report(pass, expr, expected->symbol, &value, &predicate);
            return;
        }
        type = type->symbol->base;
    }
}

// ---- where values meet types -----------------------------------------------------------------

static lang_type *type_of(const refine_pass *pass, uint32_t id)
{
    return pass->unit->types[id];
}

static void check_arguments(refine_pass *pass, const lang_expr *call, const lang_expr *piped,
                            uint32_t info_id)
{
    const lang_expr *callee = call == NULL ? NULL : call->as.call.callee;
    if (callee == NULL) {
        return;
    }
    const lang_ref *ref = &pass->unit->refs[callee->id];
    lang_type *type =
        ref->kind == LANG_REF_FUNCTION ? ref->as.function->type : type_of(pass, callee->id);
    if (type == NULL || type->shape != LANG_SHAPE_FUNCTION) {
        return;
    }
    const lang_call_info *info = pass->unit->calls[info_id];
    uint32_t shift = piped != NULL ? 1 : 0;
    for (uint32_t i = 0; i < call->as.call.count + shift; i++) {
        const lang_expr *value = i < shift ? piped : call->as.call.arguments[i - shift].value;
        uint32_t position = info != NULL && info->positions != NULL ? info->positions[i] : i;
        if (position < type->count) {
            check_value(pass, value, type->arguments[position]);
        }
    }
}

static void check_bare_pipe(refine_pass *pass, const lang_expr *pipe)
{
    const lang_expr *target = pipe->as.binary.right;
    const lang_ref *ref = &pass->unit->refs[target->id];
    lang_type *type =
        ref->kind == LANG_REF_FUNCTION ? ref->as.function->type : type_of(pass, target->id);
    if (type != NULL && type->shape == LANG_SHAPE_FUNCTION && type->count == 1) {
        check_value(pass, pipe->as.binary.left, type->arguments[0]);
    }
}

static void check_fields(refine_pass *pass, const lang_expr *expr)
{
    lang_type *type = type_of(pass, expr->id);
    if (type == NULL || type->shape != LANG_SHAPE_NAMED) {
        return;
    }
    lang_types *types = lang_types_of(pass->unit->world);
    for (uint32_t i = 0; i < expr->as.record.count; i++) {
        const lang_field *field = &expr->as.record.fields[i];
        check_value(pass, field->value, lang_type_field_of(types, type, field->name.text));
    }
}

static void check_let(refine_pass *pass, const lang_let *let)
{
    if (let->pattern->kind != LANG_PATTERN_NAME) {
        return;
    }
    if (let->type != NULL) {
        check_value(pass, let->value, type_of(pass, let->pattern->id));
    }
    if (!let->mutable) {
        pass->bound[let->pattern->id] = constant_of(pass, let->value);
    }
}

static void check_assignment(refine_pass *pass, const lang_statement *statement)
{
    // The statement's reference is that of its target.
    const lang_ref *ref = &pass->unit->refs[statement->id];
    if (ref->kind != LANG_REF_LOCAL) {
        return;
    }
    lang_types *types = lang_types_of(pass->unit->world);
    lang_type *type = type_of(pass, ref->as.local);
    const lang_name_list *fields = &statement->as.assign.fields;
    for (uint32_t i = 0; type != NULL && i < fields->count; i++) {
        type = lang_type_field_of(types, type, fields->items[i].text);
    }
    check_value(pass, statement->as.assign.value, type);
}

static void check_expr(void *of, const lang_expr *expr);

static void check_statements(refine_pass *pass, const lang_expr *block)
{
    for (uint32_t i = 0; i < block->as.block.count; i++) {
        const lang_statement *statement = &block->as.block.statements[i];
        switch (statement->kind) {
        case LANG_STATEMENT_LET:
            check_expr(pass, statement->as.let.value);
            check_let(pass, &statement->as.let);
            break;
        case LANG_STATEMENT_ASSIGN:
            check_expr(pass, statement->as.assign.value);
            check_assignment(pass, statement);
            break;
        case LANG_STATEMENT_EXPR:
            check_expr(pass, statement->as.expr);
            break;
        }
    }
}

static void check_expr(void *of, const lang_expr *expr)
{
    refine_pass *pass = of;
    switch ((int)expr->kind) {
    case LANG_EXPR_BLOCK:
        check_statements(pass, expr);
        return;
    case LANG_EXPR_CALL:
        check_arguments(pass, expr, NULL, expr->id);
        break;
    case LANG_EXPR_PIPE:
        if (expr->as.binary.right->kind == LANG_EXPR_CALL) {
            check_arguments(pass, expr->as.binary.right, expr->as.binary.left, expr->id);
            // The call on the right has its arguments one place further: not as a call of its own.
            check_expr(pass, expr->as.binary.left);
            lang_walk(expr->as.binary.right, check_expr, pass);
            return;
        }
        check_bare_pipe(pass, expr);
        break;
    case LANG_EXPR_STRUCT:
    case LANG_EXPR_UPDATE:
        check_fields(pass, expr);
        break;
    default: // Nothing meets a type here.
        break;
    }
    lang_walk(expr, check_expr, pass);
}

// The values that a body can give: through blocks, branches and arms. Runs after check_expr, when
// the names bound inside are known.
static void check_result(refine_pass *pass, const lang_expr *expr, lang_type *expected)
{
    switch ((int)expr->kind) {
    case LANG_EXPR_BLOCK: {
        const lang_statement *last = &expr->as.block.statements[expr->as.block.count - 1];
        if (last->kind == LANG_STATEMENT_EXPR) {
            check_result(pass, last->as.expr, expected);
        }
        return;
    }
    case LANG_EXPR_IF:
        if (expr->as.condition.else_branch != NULL) {
            check_result(pass, expr->as.condition.then_branch, expected);
            check_result(pass, expr->as.condition.else_branch, expected);
        }
        return;
    case LANG_EXPR_MATCH:
        for (uint32_t i = 0; i < expr->as.match.count; i++) {
            check_result(pass, expr->as.match.arms[i].body, expected);
        }
        return;
    default: // A value.
        check_value(pass, expr, expected);
        return;
    }
}

// The lets of groups. Their constants are known to the functions and tests of the group, so they
// come before both.
static void check_group_lets(refine_pass *pass, const lang_item *item)
{
    if (item->kind == LANG_ITEM_LET) {
        check_let(pass, &item->as.let);
    } else if (item->kind == LANG_ITEM_GROUP) {
        for (uint32_t i = 0; i < item->as.group.count; i++) {
            check_group_lets(pass, item->as.group.items[i]);
        }
    }
}

void lang_check_refinements(lang_unit *unit)
{
    bl_arena scratch;
    bl_arena_init(&scratch, 0);
    refine_pass pass = {.unit = unit, .arena = &scratch};
    pass.bound =
        bl_arena_alloc_zeroed(&scratch, ((size_t)unit->tree->node_count + 1) * sizeof(*pass.bound));
    for (uint32_t i = 0; i < unit->tree->count; i++) {
        check_group_lets(&pass, unit->tree->items[i]);
    }
    for (uint32_t i = 0; i < unit->function_count; i++) {
        const lang_function_symbol *function = unit->functions[i];
        check_expr(&pass, function->syntax->body);
        if (function->type != NULL && function->syntax->result != NULL) {
            check_result(&pass, function->syntax->body, function->type->result);
        }
    }
    lang_walk_loose_bodies(unit->tree, check_expr, &pass);
    bl_arena_deinit(&scratch);
}
