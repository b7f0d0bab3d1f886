// lang/lower_test.c: `expect` and the tests of a file.
//
// A test is a function () -> Bool of its own: the `let`s of the groups around it from the outside
// in, then (for `it`) the hooks before it, the expression, and the hooks after it from the inside
// out. Functions that stand in a group see its lets, by hidden parameters (lower_group.c).
#include "lang/lower.h"

// ---- expect ----------------------------------------------------------------------------------

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

ir_var lower_expect(lower_context *context, const lang_expr *expr, ir_var want)
{
    ir_var subject = lower_expr(context, expr->as.expect.subject);
    ir_var operand = IR_NO_VAR;
    if (expr->as.expect.operand != NULL) {
        operand = lower_expr(context, expr->as.expect.operand);
    }
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
    case LANG_MATCHER_TO_START_WITH: {
        const vm_module *string =
            vm_library_module(context->program->world->library, BL_SLICE("String"));
        const vm_native *native =
            string == NULL ? NULL : vm_module_native(string, BL_SLICE("starts_with"));
        ir_var result = lower_new(context, NULL);
        ir_var args[2] = {subject, operand};
        if (native != NULL) {
            lower_native_call(context, native, BL_SLICE("String"), args, 2, result);
        }
        return result;
    }
    case LANG_MATCHER_TO_SATISFY:
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

// ---- tests -----------------------------------------------------------------------------------

#define GROUP_DEPTH_MAX 64

// The groups around a test, outermost first.
typedef struct nest {
    const lang_group *groups[GROUP_DEPTH_MAX];
    uint32_t depth;
    bool has_only; // Somewhere in the top-level group.
} nest;

typedef struct collector {
    lower_program *program;
    lang_unit *unit;
    vm_test *tests;
    uint32_t count;
    uint32_t capacity;
} collector;

static bool group_has_only(const lang_group *group)
{
    for (uint32_t i = 0; i < group->count; i++) {
        const lang_item *item = group->items[i];
        if (item->kind == LANG_ITEM_IT && item->as.test.mode == LANG_IT_ONLY) {
            return true;
        }
        if (item->kind == LANG_ITEM_GROUP && group_has_only(&item->as.group)) {
            return true;
        }
    }
    return false;
}

static const char *test_name(collector *all, const nest *around, bl_slice name)
{
    bl_buffer text = {0};
    for (uint32_t i = 0; i < around->depth; i++) {
        bl_buffer_append_slice(&text, around->groups[i]->name);
        bl_buffer_append(&text, " > ", 3);
    }
    bl_buffer_append_slice(&text, name);
    const char *copy = lower_text(all->program, bl_buffer_slice(&text));
    bl_buffer_deinit(&text);
    return copy;
}

static void run_items(lower_context *context, const lang_group *group, lang_item_kind kind)
{
    for (uint32_t i = 0; i < group->count; i++) {
        const lang_item *item = group->items[i];
        if (item->kind != kind) {
            continue;
        }
        if (kind == LANG_ITEM_LET) {
            ir_var value = lower_expr(context, item->as.let.value);
            lower_bind_pattern(context, item->as.let.pattern, value);
        } else {
            lower_into(context, item->as.hook, LOWER_DISCARD);
        }
    }
}

static ir_function *test_function(collector *all, const nest *around, const lang_item *item,
                                  uint32_t line)
{
    lower_program *program = all->program;
    ir_function *function =
        ir_function_new(program->ir, "test", lower_text(program, all->unit->source.path), line);
    function->is_root = true;
    (void)ir_variable_new(function, NULL); // As every function: where a closure would be.
    lower_context context;
    lower_context_init(&context, program, all->unit, function, NULL);
    for (uint32_t i = 0; i < around->depth; i++) {
        run_items(&context, around->groups[i], LANG_ITEM_LET);
    }
    bool hooks = item->kind == LANG_ITEM_IT;
    for (uint32_t i = 0; hooks && i < around->depth; i++) {
        run_items(&context, around->groups[i], LANG_ITEM_BEFORE_EACH);
    }
    ir_var result = lower_new(&context, NULL);
    lower_into(&context, item->as.test.body, result);
    for (uint32_t i = around->depth; hooks && i > 0; i--) {
        run_items(&context, around->groups[i - 1], LANG_ITEM_AFTER_EACH);
    }
    lower_return(&context, result);
    return function;
}

static void add_test(collector *all, const nest *around, const lang_item *item)
{
    lower_program *program = all->program;
    if (all->count == all->capacity) {
        uint32_t capacity = all->capacity == 0 ? 16 : all->capacity * 2;
        vm_test *larger = bl_arena_alloc(&program->ir->target->arena, capacity * sizeof *larger);
        if (all->count != 0) {
            memcpy(larger, all->tests, all->count * sizeof *larger);
        }
        all->tests = larger;
        all->capacity = capacity;
    }
    const lang_test *test = &item->as.test;
    lang_position at = lang_source_position(&all->unit->source, item->span.start);
    bool skipped = item->kind == LANG_ITEM_IT &&
                   (test->mode == LANG_IT_SKIP || (around->has_only && test->mode != LANG_IT_ONLY));
    vm_test *added = &all->tests[all->count++];
    *added = (vm_test){.name = test_name(all, around, test->name),
                       .line = at.line,
                       .column = at.column,
                       .skipped = skipped};
    added->function = test_function(all, around, item, at.line)->target;
}

static void collect(collector *all, nest *around, const lang_item *item)
{
    if (item->kind == LANG_ITEM_TEST || item->kind == LANG_ITEM_IT) {
        add_test(all, around, item);
    } else if (item->kind == LANG_ITEM_GROUP && around->depth < GROUP_DEPTH_MAX) {
        if (around->depth == 0) {
            around->has_only = group_has_only(&item->as.group);
        }
        around->groups[around->depth++] = &item->as.group;
        for (uint32_t i = 0; i < item->as.group.count; i++) {
            collect(all, around, item->as.group.items[i]);
        }
        around->depth -= 1;
    }
}

void lower_tests(lower_program *program)
{
    collector all = {.program = program, .unit = program->world->main};
    lower_find_group_lets(program);
    for (uint32_t i = 0; i < all.unit->tree->count; i++) {
        nest around = {0};
        collect(&all, &around, all.unit->tree->items[i]);
    }
    program->ir->target->tests = all.tests;
    program->ir->target->test_count = all.count;
}
