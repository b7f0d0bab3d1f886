// lang/lower.c: programs and functions: what is reachable is lowered, each function once.
#include "lang/lower.h"

const char *lower_text(lower_program *program, bl_slice text)
{
    return bl_arena_copy(&program->ir->target->arena, text.data, text.size);
}

// ---- functions -------------------------------------------------------------------------------

void lower_context_init(lower_context *context, lower_program *program, lang_unit *unit,
                        ir_function *function, lower_context *outer)
{
    *context = (lower_context){
        .program = program,
        .unit = unit,
        .function = function,
        .outer = outer,
        .scan = lower_scan_of(program, unit),
        .symbol = outer == NULL ? NULL : outer->symbol,
        .resume_id = UINT32_MAX,
        .recover_offset = UINT32_MAX,
        .line = function->line,
        .column = 1,
    };
    // The entry holds captures alone, so that loops may lead to the block behind it.
    context->entry = ir_block_new(function);
    context->block = ir_block_new(function);
    ir_instruction *jump = ir_instruction_new(function, IR_JUMP, IR_NO_VAR, 0);
    jump->to[0] = context->block;
    ir_append(context->entry, jump);
}

const lower_scan *lower_scan_of(lower_program *program, lang_unit *unit)
{
    bl_slice key = {(const char *)&unit, sizeof unit};
    lower_scan *scan = ir_table_get(&program->scans, key);
    if (scan == NULL) {
        scan = lower_scan_unit(program, unit);
        ir_table_put(&program->scans, program->arena, bl_arena_slice(program->arena, key), scan);
    }
    return scan;
}

void lower_parameters(lower_context *context, const lang_pattern **patterns, uint32_t count,
                      uint32_t first)
{
    for (uint32_t i = 0; i < count; i++) {
        lower_bind_pattern(context, patterns[i], first + i);
    }
}

// The name as stacks print it: with the module for imported ones.
static const char *function_name(lower_program *program, const lang_function_symbol *symbol)
{
    bl_slice name = symbol->syntax->name.text;
    if (symbol->impl != NULL) {
        name = bl_arena_format(program->arena, "%.*s.%.*s", BL_SLICE_ARG(symbol->impl->trait->name),
                               BL_SLICE_ARG(name));
    } else if (symbol->trait != NULL) {
        name = bl_arena_format(program->arena, "%.*s.%.*s", BL_SLICE_ARG(symbol->trait->name),
                               BL_SLICE_ARG(name));
    } else if (symbol->unit->name.size != 0) {
        name = bl_arena_format(program->arena, "%.*s.%.*s", BL_SLICE_ARG(symbol->unit->name),
                               BL_SLICE_ARG(name));
    }
    return lower_text(program, name);
}

ir_function *lower_function(lower_program *program, lang_function_symbol *symbol)
{
    ir_function **slot = &program->functions[symbol->index];
    if (*slot != NULL) {
        return *slot;
    }
    lang_unit *unit = symbol->unit;
    lang_position at = lang_source_position(&unit->source, symbol->syntax->span.start);
    ir_function *function = ir_function_new(program->ir, function_name(program, symbol),
                                            lower_text(program, unit->source.path), at.line);
    function->flags = symbol->is_library ? VM_FUNCTION_INTERNAL : 0;
    *slot = function;
    if (program->queue_count == program->queue_capacity) {
        uint32_t capacity = program->queue_capacity == 0 ? 64 : program->queue_capacity * 2;
        lang_function_symbol **larger =
            bl_arena_alloc(program->arena, capacity * sizeof(lang_function_symbol *));
        if (program->queue_count != 0) {
            memcpy(larger, program->queue, program->queue_count * sizeof *larger);
        }
        program->queue = larger;
        program->queue_capacity = capacity;
    }
    program->queue[program->queue_count++] = symbol;
    const lang_parameter_list *parameters = &symbol->syntax->parameters;
    uint32_t hidden = symbol->dictionary_count + lower_lets_of(program, symbol).count;
    function->param_count = hidden + parameters->count;
    for (uint32_t i = 0; i < hidden; i++) {
        (void)ir_variable_new(function, NULL);
    }
    for (uint32_t i = 0; i < parameters->count; i++) {
        (void)ir_variable_new(function, unit->types[parameters->items[i].pattern->id]);
    }
    (void)ir_variable_new(function, NULL); // Only closures have one; keeps variables alike.
    return function;
}

static void lower_body(lower_program *program, lang_function_symbol *symbol)
{
    ir_function *function = program->functions[symbol->index];
    const lang_parameter_list *parameters = &symbol->syntax->parameters;
    lower_context context;
    lower_context_init(&context, program, symbol->unit, function, NULL);
    context.symbol = symbol;
    for (uint32_t i = 0; i < symbol->dictionary_count; i++) {
        lower_bind(&context, LOWER_DICTIONARY + i, i, false);
    }
    lower_group_lets lets = lower_lets_of(program, symbol);
    uint32_t first = symbol->dictionary_count;
    for (uint32_t i = 0; i < lets.count; i++) {
        lower_bind(&context, lets.ids[i], first + i, lower_let_is_boxed(&context, lets.ids[i]));
    }
    for (uint32_t i = 0; i < parameters->count; i++) {
        lower_bind_pattern(&context, parameters->items[i].pattern, first + lets.count + i);
    }
    lower_into(&context, symbol->syntax->body, LOWER_TAIL);
}

// ---- programs --------------------------------------------------------------------------------

static void find_native_sources(lower_program *program)
{
    lang_world *world = program->world;
    for (uint32_t i = 0; i < world->unit_count; i++) {
        lang_unit *unit = world->units[i];
        for (uint32_t j = 0; unit->is_library && j < unit->function_count; j++) {
            lang_function_symbol *symbol = unit->functions[j];
            if (symbol->native != NULL) {
                bl_slice key = bl_arena_format(program->arena, "%s.%s", unit->module->name,
                                               symbol->native->name);
                ir_table_put(&program->natives, program->arena, key, symbol);
            }
        }
    }
}

static lang_function_symbol *find_main(lang_unit *unit)
{
    lang_function_symbol *plain = NULL;
    for (uint32_t i = 0; i < unit->function_count; i++) {
        lang_function_symbol *symbol = unit->functions[i];
        if (symbol->trait != NULL || symbol->group != NULL) {
            continue;
        }
        if (bl_slice_equal(symbol->syntax->name.text, BL_SLICE("main!"))) {
            return symbol;
        }
        if (plain == NULL && bl_slice_equal(symbol->syntax->name.text, BL_SLICE("main"))) {
            plain = symbol;
        }
    }
    return plain;
}

void lower_world(ir_program *ir, lang_world *world, bool for_tests)
{
    lower_program program = {.ir = ir, .arena = ir->arena, .world = world};
    program.functions =
        bl_arena_alloc_zeroed(ir->arena, (world->function_count + 1) * sizeof(ir_function *));
    program.dictionaries =
        bl_arena_alloc_zeroed(ir->arena, (world->impl_count + 1) * sizeof(vm_value *));
    find_native_sources(&program);
    // All units first: a handler anywhere may take an operation of any of them.
    for (uint32_t i = 0; i < world->unit_count; i++) {
        if (!lang_unit_has_syntax_errors(world->units[i])) {
            (void)lower_scan_of(&program, world->units[i]);
        }
    }
    lang_function_symbol *entry = find_main(world->main);
    if (entry != NULL) {
        ir_function *function = lower_function(&program, entry);
        function->escapes = true;
        function->is_root = true;
        ir->target->main = function->target;
    }
    if (for_tests) {
        lower_tests(&program);
    }
    lower_schemas(&program);
    while (program.queue_count > 0) {
        lower_body(&program, program.queue[--program.queue_count]);
    }
}
