// lang/emit.c: from the IR, counts placed, to bytecode.
//
// Blocks are laid out in their order (reverse postorder); what they hold is emitted by emit_plain.c
// and emit_end.c into the code and tables of emit_code.h. Jumps are resolved when all is there; a
// function that is too long for short ones is emitted a second time.
#include "lang/emit_code.h"

#include "vm/faults.h"

#define SHORT_JUMP_CODE_MAX 30000

static void emit_blocks(emitter *emit)
{
    ir_function *function = emit->function;
    emit->number = 0;
    for (uint32_t b = 0; b < function->block_count; b++) {
        const ir_block *next = b + 1 < function->block_count ? function->blocks[b + 1] : NULL;
        emit->block_starts[b] = emit_pc(emit);
        emit->block = b;
        for (ir_instruction *at = function->blocks[b]->first; at != NULL; at = at->next) {
            if (ir_is_end(at)) {
                emit_end(emit, at, next);
            } else {
                emit_instruction(emit, at);
            }
            emit->number += 1;
        }
    }
}

static void resolve_jumps(emitter *emit)
{
    vm_instruction *code = emit->code.items;
    const emit_fixup *fixups = emit->fixups.items;
    for (uint32_t i = 0; i < emit->fixups.count; i++) {
        int32_t distance =
            (int32_t)emit->block_starts[fixups[i].to->id] - (int32_t)(fixups[i].pc + 1);
        if (fixups[i].slot != NULL) {
            *fixups[i].slot = distance;
        } else if (fixups[i].wide) {
            code[fixups[i].pc].wide = distance;
        } else {
            code[fixups[i].pc].offset = (int16_t)distance;
        }
    }
    // Of switches: `otherwise` holds a block so far, and the instruction tells the place.
    vm_switch *switches = emit->tables[EMIT_TABLE_SWITCHES].items;
    for (uint32_t pc = 0; pc < emit->code.count; pc++) {
        if (code[pc].op == VM_OP_SWITCH || code[pc].op == VM_OP_SWITCH_VALUE) {
            vm_switch *table = &switches[code[pc].wide];
            table->otherwise = (int32_t)emit->block_starts[table->otherwise] - (int32_t)(pc + 1);
        }
    }
}

static const void *keep(emitter *emit, const emit_vector *list, size_t size)
{
    if (list->count == 0) {
        return NULL;
    }
    void *copy = bl_arena_alloc(&emit->program->target->arena, list->count * size);
    memcpy(copy, list->items, list->count * size);
    return copy;
}

static void keep_tables(emitter *emit, vm_function *target)
{
    const emit_vector *tables = emit->tables;
    target->constants = keep(emit, &tables[EMIT_TABLE_CONSTANTS], sizeof(vm_value));
    target->fields = keep(emit, &tables[EMIT_TABLE_FIELDS], sizeof(vm_field));
    target->shapes = keep(emit, &tables[EMIT_TABLE_SHAPES], sizeof(void *));
    target->updates = keep(emit, &tables[EMIT_TABLE_UPDATES], sizeof(vm_update));
    target->ctors = keep(emit, &tables[EMIT_TABLE_CTORS], sizeof(void *));
    target->switches = keep(emit, &tables[EMIT_TABLE_SWITCHES], sizeof(vm_switch));
    target->functions = keep(emit, &tables[EMIT_TABLE_FUNCTIONS], sizeof(void *));
    target->natives = keep(emit, &tables[EMIT_TABLE_NATIVES], sizeof(void *));
    target->operations = keep(emit, &tables[EMIT_TABLE_OPERATIONS], sizeof(void *));
    target->handlers = keep(emit, &tables[EMIT_TABLE_HANDLERS], sizeof(vm_handler));
    target->withs = keep(emit, &tables[EMIT_TABLE_WITHS], sizeof(vm_with));
    target->type_tests = keep(emit, &tables[EMIT_TABLE_TESTS], sizeof(vm_type_test));
    target->constant_count = tables[EMIT_TABLE_CONSTANTS].count;
    target->field_count = tables[EMIT_TABLE_FIELDS].count;
    target->shape_count = tables[EMIT_TABLE_SHAPES].count;
    target->update_count = tables[EMIT_TABLE_UPDATES].count;
    target->ctor_count = tables[EMIT_TABLE_CTORS].count;
    target->switch_count = tables[EMIT_TABLE_SWITCHES].count;
    target->function_count = tables[EMIT_TABLE_FUNCTIONS].count;
    target->native_count = tables[EMIT_TABLE_NATIVES].count;
    target->operation_count = tables[EMIT_TABLE_OPERATIONS].count;
    target->handler_count = tables[EMIT_TABLE_HANDLERS].count;
    target->with_count = tables[EMIT_TABLE_WITHS].count;
    target->type_test_count = tables[EMIT_TABLE_TESTS].count;
}

// Instead of a function that does not fit the instructions: it fails when it is called.
static void emit_too_large(emitter *emit)
{
    bl_slice message = BL_SLICE("Function is too large");
    vm_value text = vm_of(ir_string(emit->program, message));
    emit->code.count = 0;
    emit->lives.count = 0;
    emit->live_registers.count = 0;
    emit->places.count = 0;
    for (uint32_t i = 0; i < BL_ARRAY_COUNT(emit->tables); i++) {
        emit->tables[i].count = 0;
    }
    emit_put_wide(emit, VM_OP_LOAD, 0,
                  (int32_t)emit_table_index(emit, EMIT_TABLE_CONSTANTS, &text, sizeof text));
    emit_put(emit, VM_OP_FAIL, 0, VM_FAULT_MESSAGE, 0);
    emit->registers.count = emit->function->param_count + 2;
}

static void reset(emitter *emit)
{
    emit->code.count = 0;
    emit->places.count = 0;
    emit->lives.count = 0;
    emit->live_registers.count = 0;
    emit->fixups.count = 0;
    for (uint32_t i = 0; i < BL_ARRAY_COUNT(emit->tables); i++) {
        emit->tables[i].count = 0;
    }
}

static void finish(emitter *emit)
{
    ir_function *function = emit->function;
    vm_function *target = function->target;
    target->name = function->name;
    target->file = function->file;
    target->line = function->line;
    target->flags = function->flags;
    target->param_count = (uint16_t)function->param_count;
    target->register_count = (uint16_t)(emit->registers.count + 1);
    target->is_closure = function->is_closure;
    target->param_names = function->param_names;
    target->reach = function->reach;
    target->reach_reason = function->reach_reason;
    target->code = keep(emit, &emit->code, sizeof(vm_instruction));
    target->code_size = emit->code.count;
    target->places = keep(emit, &emit->places, sizeof(vm_place));
    target->place_count = emit->places.count;
    emit_vector frames = {function->frames, function->frame_count, 0};
    target->frames = keep(emit, &frames, sizeof(vm_inlined));
    target->frame_count = function->frame_count;
    target->lives = keep(emit, &emit->lives, sizeof(vm_live));
    target->live_count = emit->lives.count;
    target->live_registers = keep(emit, &emit->live_registers, sizeof(uint16_t));
    keep_tables(emit, target);
}

static void emit_function(ir_function *function)
{
    emitter emit = {.function = function, .program = function->program};
    emit_registers_init(&emit.registers, function);
    emit.block_starts = bl_alloc((function->block_count + 1) * sizeof *emit.block_starts);
    emit.too_large = emit.registers.count > EMIT_REGISTERS_MAX;
    if (!emit.too_large) {
        emit_blocks(&emit);
        if (emit.code.count > SHORT_JUMP_CODE_MAX && !emit.too_large) {
            reset(&emit);
            emit.long_jumps = true;
            emit_blocks(&emit);
        }
    }
    if (emit.too_large) {
        emit_too_large(&emit);
    } else {
        resolve_jumps(&emit);
    }
    finish(&emit);
    emit_vector *lists[] = {&emit.code, &emit.places, &emit.lives, &emit.live_registers,
                            &emit.fixups};
    for (uint32_t i = 0; i < BL_ARRAY_COUNT(lists); i++) {
        bl_free(lists[i]->items);
    }
    for (uint32_t i = 0; i < BL_ARRAY_COUNT(emit.tables); i++) {
        bl_free(emit.tables[i].items);
    }
    bl_free(emit.block_starts);
    emit_registers_deinit(&emit.registers);
}

void ir_emit_program(ir_program *program)
{
    vm_program *target = program->target;
    target->functions =
        bl_arena_alloc(&target->arena, (program->function_count + 1) * sizeof(void *));
    for (uint32_t i = 0; i < program->function_count; i++) {
        ir_function *function = program->functions[i];
        if (function->block_count == 0 || function->is_dead) {
            continue;
        }
        ir_place_counts(function);
        emit_function(function);
        function->target->index = target->function_count;
        target->functions[target->function_count++] = function->target;
    }
}
