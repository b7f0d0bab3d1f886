// lang/lower_expect.c: `expect`, and what a failing test shows of itself.
//
// A failing test shows the place that decided it with the values there. So the expressions of a
// test's body whose value is the test's value, its checks, are lowered with a call behind them:
//
//     { let x = f()          the last expression of a block, branches of an `if`, arms, bodies of
//       x == 2 && ok(x) }    handlers; both sides of `&&`: here `x == 2` and `ok(x)`
//
// The call (vm/std/expect.c) gets the check's number in the program's table, its value, and for a
// comparison or a matcher the two sides; it keeps their text if the value is not `true`.
#include "lang/lower.h"

// ---- matchers --------------------------------------------------------------------------------

static ir_var negation_free_test(lower_context *context, ir_var value, vm_tag tag)
{
    vm_type_test *test = bl_arena_alloc_zeroed(&context->program->ir->target->arena, sizeof *test);
    test->kind = VM_TEST_KIND;
    test->tag = tag;
    ir_var result = lower_new(context, NULL);
    ir_instruction *asked = lower_emit(context, IR_TYPE_TEST, result, 1);
    asked->args[0] = value;
    asked->as.test = test;
    return result;
}

// Calls Module.name with the arguments if the value has that kind; else goes on in the block that
// the context is left in.
static void call_for_kind(lower_context *context, ir_var value, vm_tag tag, const char *module,
                          const char *name, const ir_var *args, uint32_t count, ir_var result,
                          ir_block *join)
{
    const vm_module *found =
        vm_library_module(context->program->world->library, bl_slice_of(module));
    const vm_native *native = found == NULL ? NULL : vm_module_native(found, bl_slice_of(name));
    if (native == NULL) {
        return;
    }
    ir_block *yes = ir_block_new(context->function);
    ir_block *no = ir_block_new(context->function);
    lower_branch(context, negation_free_test(context, value, tag), yes, no);
    lower_enter(context, yes);
    lower_native_call(context, native, bl_slice_of(module), args, count, result);
    lower_jump(context, join);
    lower_enter(context, no);
}

static ir_var lower_contains(lower_context *context, ir_var subject, ir_var wanted)
{
    ir_var result = lower_new(context, NULL);
    ir_block *join = ir_block_new(context->function);
    ir_var args[2] = {subject, wanted};
    call_for_kind(context, subject, VM_LIST, "List", "contains", args, 2, result, join);
    call_for_kind(context, subject, VM_SET, "Set", "contains", args, 2, result, join);
    call_for_kind(context, subject, VM_MAP, "Map", "contains", args, 2, result, join);
    const vm_module *string =
        vm_library_module(context->program->world->library, BL_SLICE("String"));
    const vm_native *native =
        string == NULL ? NULL : vm_module_native(string, BL_SLICE("contains"));
    if (native != NULL) {
        lower_native_call(context, native, BL_SLICE("String"), args, 2, result);
    }
    lower_jump(context, join);
    lower_enter(context, join);
    return result;
}

static ir_var lower_size(lower_context *context, ir_var subject)
{
    ir_var result = lower_new(context, NULL);
    ir_block *join = ir_block_new(context->function);
    call_for_kind(context, subject, VM_STRING, "String", "length", &subject, 1, result, join);
    call_for_kind(context, subject, VM_SET, "Set", "len", &subject, 1, result, join);
    call_for_kind(context, subject, VM_MAP, "Map", "len", &subject, 1, result, join);
    const vm_module *list = vm_library_module(context->program->world->library, BL_SLICE("List"));
    const vm_native *native = list == NULL ? NULL : vm_module_native(list, BL_SLICE("length"));
    if (native != NULL) {
        lower_native_call(context, native, BL_SLICE("List"), &subject, 1, result);
    }
    lower_jump(context, join);
    lower_enter(context, join);
    return result;
}

// Whether a pattern, or a standard constructor, matches: as a Bool.
static ir_var test_outcome(lower_context *context, ir_var subject, const lang_pattern *pattern,
                           const char *ctor)
{
    ir_var result = lower_new(context, NULL);
    ir_block *yes = ir_block_new(context->function);
    ir_block *no = ir_block_new(context->function);
    ir_block *join = ir_block_new(context->function);
    if (pattern != NULL) {
        lower_test_pattern(context, pattern, subject, yes, no);
    } else {
        ir_instruction *test = lower_emit(context, IR_IS_CTOR, IR_NO_VAR, 1);
        test->args[0] = subject;
        test->as.ctor = ir_ctor(context->program->ir, bl_slice_of(ctor), 1);
        test->to[0] = yes;
        test->to[1] = no;
    }
    lower_enter(context, yes);
    lower_constant(context, vm_bool(true), result);
    lower_jump(context, join);
    lower_enter(context, no);
    lower_constant(context, vm_bool(false), result);
    lower_jump(context, join);
    lower_enter(context, join);
    return result;
}

// What a check compares.
typedef struct sides {
    ir_var left;
    ir_var right; // IR_NO_VAR: none.
} sides;

static ir_var lower_starts_with(lower_context *context, const sides *compared)
{
    const vm_module *string =
        vm_library_module(context->program->world->library, BL_SLICE("String"));
    const vm_native *native =
        string == NULL ? NULL : vm_module_native(string, BL_SLICE("starts_with"));
    ir_var result = lower_new(context, NULL);
    ir_var args[2] = {compared->left, compared->right};
    if (native != NULL) {
        lower_native_call(context, native, BL_SLICE("String"), args, 2, result);
    }
    return result;
}

static ir_var lower_matcher(lower_context *context, const lang_expr *expr, ir_var want,
                            sides *compared)
{
    ir_var subject = lower_expr(context, expr->as.expect.subject);
    ir_var operand = IR_NO_VAR;
    if (expr->as.expect.operand != NULL) {
        operand = lower_expr(context, expr->as.expect.operand);
    }
    *compared = (sides){subject, operand};
    lower_at(context, expr->span);
    switch (expr->as.expect.matcher) {
    case LANG_MATCHER_TO_EQUAL:
        return lower_op(context, IR_EQ, want, 2, subject, operand);
    case LANG_MATCHER_TO_BE:
        return test_outcome(context, subject, expr->as.expect.pattern, NULL);
    case LANG_MATCHER_TO_CONTAIN:
        return lower_contains(context, subject, operand);
    case LANG_MATCHER_TO_HAVE_LENGTH:
        return lower_op(context, IR_EQ, want, 2, lower_size(context, subject), operand);
    case LANG_MATCHER_TO_BE_EMPTY:
        return lower_op(context, IR_EQ, want, 2, lower_size(context, subject),
                        lower_constant(context, vm_int(0), IR_NO_VAR));
    case LANG_MATCHER_TO_START_WITH:
        return lower_starts_with(context, compared);
    case LANG_MATCHER_TO_SATISFY:
        compared->right = IR_NO_VAR; // `<fn>` says nothing.
        return lower_op(context, IR_CALL_VALUE, IR_NO_VAR, 2, subject, operand);
    case LANG_MATCHER_TO_BE_OK:
        return test_outcome(context, subject, NULL, "Ok");
    case LANG_MATCHER_TO_BE_SOME:
        return test_outcome(context, subject, NULL, "Some");
    case LANG_MATCHER_TO_BE_NONE:
        return test_outcome(context, subject, NULL, "None");
    }
    return subject;
}

ir_var lower_expect(lower_context *context, const lang_expr *expr, ir_var want)
{
    sides compared;
    return lower_matcher(context, expr, want, &compared);
}

// ---- checks ----------------------------------------------------------------------------------

static bool is_comparison(const lang_expr *expr)
{
    if (expr->kind != LANG_EXPR_BINARY) {
        return false;
    }
    switch (expr->as.binary.operator_) {
    case LANG_BINARY_EQUAL:
    case LANG_BINARY_NOT_EQUAL:
    case LANG_BINARY_LESS:
    case LANG_BINARY_GREATER:
    case LANG_BINARY_LESS_EQUAL:
    case LANG_BINARY_GREATER_EQUAL:
        return true;
    case LANG_BINARY_ADD:
    case LANG_BINARY_SUBTRACT:
    case LANG_BINARY_CONCAT:
    case LANG_BINARY_MULTIPLY:
    case LANG_BINARY_DIVIDE:
    case LANG_BINARY_MODULO:
    case LANG_BINARY_RANGE:
    case LANG_BINARY_PIPE:
    case LANG_BINARY_OR:
    case LANG_BINARY_AND:
    case LANG_BINARY_COUNT:
        break;
    }
    return false;
}

// Recursion is bounded by the tree's height.
static void find_checks(bool *checks, const lang_expr *expr)
{
    switch ((unsigned)expr->kind) {
    case LANG_EXPR_BLOCK: {
        const lang_statement *last = &expr->as.block.statements[expr->as.block.count - 1];
        if (last->kind == LANG_STATEMENT_EXPR) {
            find_checks(checks, last->as.expr);
        }
        return;
    }
    case LANG_EXPR_IF:
        if (expr->as.condition.else_branch != NULL) {
            find_checks(checks, expr->as.condition.then_branch);
            find_checks(checks, expr->as.condition.else_branch);
        }
        return;
    case LANG_EXPR_MATCH:
        for (uint32_t i = 0; i < expr->as.match.count; i++) {
            find_checks(checks, expr->as.match.arms[i].body);
        }
        return;
    case LANG_EXPR_RESTRICT:
        find_checks(checks, expr->as.restriction.body);
        return;
    case LANG_EXPR_WITH_RECORDS:
        find_checks(checks, expr->as.with.body);
        return;
    case LANG_EXPR_HANDLE:
        find_checks(checks, expr->as.handle.body);
        return;
    default:
        break;
    }
    if (expr->kind == LANG_EXPR_BINARY && expr->as.binary.operator_ == LANG_BINARY_AND) {
        find_checks(checks, expr->as.binary.left);
        find_checks(checks, expr->as.binary.right);
        return;
    }
    checks[expr->id] = true;
}

void lower_find_checks(lower_program *program, const lang_expr *body)
{
    if (program->checks == NULL) {
        program->checks =
            bl_arena_alloc_zeroed(program->arena, program->world->main->tree->node_count);
    }
    find_checks(program->checks, body);
}

static uint32_t size_on_line(const lower_context *context, const lang_expr *expr)
{
    lang_position start = lang_source_position(&context->unit->source, expr->span.start);
    lang_position end = lang_source_position(&context->unit->source, expr->span.end);
    bool is_whole = end.line == start.line && end.column > start.column;
    return is_whole ? end.column - start.column : 1;
}

// The new row's number.
static uint32_t add_check(lower_context *context, const lang_expr *expr)
{
    lower_program *program = context->program;
    vm_program *target = program->ir->target;
    uint32_t index = target->check_count++;
    if (index == program->check_capacity) {
        program->check_capacity = index == 0 ? 32 : index * 2;
        vm_check *larger = bl_arena_alloc(&target->arena, program->check_capacity * sizeof *larger);
        if (index != 0) {
            memcpy(larger, target->checks, index * sizeof *larger);
        }
        target->checks = larger;
    }
    lang_position at = lang_source_position(&context->unit->source, expr->span.start);
    vm_check *check = &target->checks[index];
    *check = (vm_check){.line = at.line, .column = at.column, .size = size_on_line(context, expr)};
    if (is_comparison(expr)) {
        check->left = "left";
        check->right = "right";
        check->is_equality = expr->as.binary.operator_ == LANG_BINARY_EQUAL;
    } else if (expr->kind == LANG_EXPR_TRY) {
        check->left = "value";
    } else if (expr->kind == LANG_EXPR_EXPECT) {
        lang_matcher matcher = expr->as.expect.matcher;
        check->left = "value";
        check->right = lang_matcher_text(matcher);
        check->is_equality = matcher == LANG_MATCHER_TO_EQUAL;
        if (matcher == LANG_MATCHER_TO_BE) {
            lang_span pattern = expr->as.expect.pattern->span;
            check->wanted = lower_text(program, lang_source_slice(&context->unit->source, pattern));
        }
    }
    return index;
}

static void note(lower_context *context, const lang_expr *expr, ir_var value, const sides *compared)
{
    const vm_module *module =
        vm_library_module(context->program->world->library, BL_SLICE("expect"));
    const vm_native *native =
        module == NULL ? NULL : vm_module_native(module, BL_SLICE("internal_note"));
    if (native == NULL) {
        return; // A library without it: a unit test's.
    }
    uint32_t index = add_check(context, expr);
    context->program->ir->target->checks[index].has_right = compared->right != IR_NO_VAR;
    ir_var unit = lower_constant(context, vm_unit(), IR_NO_VAR);
    ir_var args[4] = {lower_constant(context, vm_int(index), IR_NO_VAR), value,
                      compared->left == IR_NO_VAR ? unit : compared->left,
                      compared->right == IR_NO_VAR ? unit : compared->right};
    lower_native_call(context, native, BL_SLICE("expect"), args, 4, LOWER_DISCARD);
}

bool lower_is_check(const lower_context *context, const lang_expr *expr)
{
    const lower_program *program = context->program;
    return program->checks != NULL && context->unit == program->world->main &&
           program->checks[expr->id];
}

ir_var lower_check(lower_context *context, const lang_expr *expr)
{
    context->program->checks[expr->id] = false; // Its own lowering comes back here.
    sides compared = {IR_NO_VAR, IR_NO_VAR};
    ir_var result;
    if (is_comparison(expr)) {
        result = lower_comparison(context, expr, &compared.left, &compared.right);
    } else if (expr->kind == LANG_EXPR_EXPECT) {
        result = lower_matcher(context, expr, IR_NO_VAR, &compared);
    } else {
        result = lower_expr(context, expr);
    }
    note(context, expr, result, &compared);
    context->program->checks[expr->id] = true;
    return result;
}

void lower_note_early(lower_context *context, const lang_expr *expr, ir_var value)
{
    const lower_context *around = context;
    while (around->is_handled) {
        around = around->outer;
    }
    bool is_test = around->outer == NULL && around->symbol == NULL;
    if (is_test && context->program->checks != NULL) {
        note(context, expr, value, &(sides){value, IR_NO_VAR});
    }
}
