// lang/lower_test.c: the tests of a file and the groups around them.
//
// A test is a function () -> Bool of its own: the `let`s of the groups around it from the outside
// in, then (for `it`) the hooks before it, the expression, and the hooks after it from the inside
// out. Functions that stand in a group see its lets, by hidden parameters (lower_group.c).
#include "lang/limits.h"
#include "lang/lower.h"

// ---- tests -----------------------------------------------------------------------------------

// The groups around a test, outermost first.
typedef struct nest {
    const lang_group *groups[LANG_NESTING_MAX]; // The parser allows no deeper nesting.
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
    lower_find_checks(program, item->as.test.body);
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
    } else if (item->kind == LANG_ITEM_GROUP) {
        BL_CHECK(around->depth < LANG_NESTING_MAX);
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
        nest around;
        around.depth = 0;
        around.has_only = false;
        collect(&all, &around, all.unit->tree->items[i]);
    }
    program->ir->target->tests = all.tests;
    program->ir->target->test_count = all.count;
}
