// lang/ir.c: making and walking the core IR, and the tables of what a program shares.
#include "lang/ir.h"

#define KIND_SET_ANY IR_KINDS_ANY
#define KIND_SET_NONE IR_KINDS_NONE
#define KIND_SET_NUMBER IR_KINDS_NUMBER
#define KIND_SET_INT IR_KIND(VM_INT)
#define KIND_SET_BOOL IR_KIND(VM_BOOL)
#define KIND_SET_STRING IR_KIND(VM_STRING)
#define KIND_SET_LIST IR_KIND(VM_LIST)
#define KIND_SET_TUPLE IR_KIND(VM_TUPLE)
#define KIND_SET_RECORD IR_KIND(VM_RECORD)
#define KIND_SET_VARIANT IR_KIND(VM_VARIANT)
#define KIND_SET_MAP IR_KIND(VM_MAP)
#define KIND_SET_SET IR_KIND(VM_SET)
#define KIND_SET_CLOSURE IR_KIND(VM_CLOSURE)
#define KIND_SET_BOX IR_KIND(VM_BOX)

const ir_op_info ir_ops[IR_OP_COUNT] = {
#define PURE IR_FLAG_PURE
#define CALLS IR_FLAG_CALLS
#define WINDOW IR_FLAG_WINDOW
#define IR(name, ownership, kind, flags, meaning)                                                  \
    [IR_##name] = {#name, IR_OWN_##ownership, flags, KIND_SET_##kind},
#include "lang/ir.def"
#undef IR
#undef PURE
#undef CALLS
#undef WINDOW
};

// ---- tables ----------------------------------------------------------------------------------

static struct ir_table_entry *table_slot(const ir_table *table, bl_slice key)
{
    uint32_t mask = table->capacity - 1;
    uint32_t at = (uint32_t)bl_slice_hash(key) & mask;
    while (table->entries[at].value != NULL && !bl_slice_equal(table->entries[at].key, key)) {
        at = (at + 1) & mask;
    }
    return &table->entries[at];
}

void *ir_table_get(const ir_table *table, bl_slice key)
{
    return table->capacity == 0 ? NULL : table_slot(table, key)->value;
}

void ir_table_put(ir_table *table, bl_arena *arena, bl_slice key, void *value)
{
    if ((table->count + 1) * 2 > table->capacity) {
        ir_table old = *table;
        table->capacity = old.capacity == 0 ? 32 : old.capacity * 2;
        table->entries =
            bl_arena_alloc_zeroed(arena, table->capacity * sizeof(struct ir_table_entry));
        for (uint32_t i = 0; i < old.capacity; i++) {
            if (old.entries[i].value != NULL) {
                *table_slot(table, old.entries[i].key) = old.entries[i];
            }
        }
    }
    struct ir_table_entry *slot = table_slot(table, key);
    table->count += slot->value == NULL;
    *slot = (struct ir_table_entry){key, value};
}

// Room for one more pointer in a growing array of the arena.
static void *grow(bl_arena *arena, void *items, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count < *capacity) {
        return items;
    }
    *capacity = *capacity == 0 ? 8 : *capacity * 2;
    void *larger = bl_arena_alloc_zeroed(arena, *capacity * size);
    if (count != 0) {
        memcpy(larger, items, count * size);
    }
    return larger;
}

// ---- what the program shares -----------------------------------------------------------------

void ir_program_init(ir_program *program, bl_arena *arena, vm_program *target)
{
    *program = (ir_program){.arena = arena, .target = target};
    target->ctors = bl_arena_alloc(&target->arena, VM_CTOR_STANDARD_COUNT * sizeof(void *));
    target->ctor_count = VM_CTOR_STANDARD_COUNT;
    program->ctor_capacity = VM_CTOR_STANDARD_COUNT;
    memcpy(target->ctors, vm_standard_ctors, sizeof vm_standard_ctors);
    for (uint32_t i = 0; i < target->ctor_count; i++) {
        const vm_ctor *ctor = target->ctors[i];
        ir_table_put(&program->ctors, arena, (bl_slice){ctor->name->data, ctor->name->size},
                     (void *)(uintptr_t)ctor);
    }
}

vm_string *ir_string(ir_program *program, bl_slice text)
{
    vm_string *string = ir_table_get(&program->strings, text);
    if (string == NULL) {
        string = vm_program_string(program->target, text);
        ir_table_put(&program->strings, program->arena, bl_arena_slice(program->arena, text),
                     string);
    }
    return string;
}

const vm_ctor *ir_ctor(ir_program *program, bl_slice name, uint32_t arity)
{
    vm_ctor *ctor = ir_table_get(&program->ctors, name);
    if (ctor != NULL) {
        return ctor;
    }
    vm_program *target = program->target;
    ctor = bl_arena_alloc_zeroed(&target->arena, sizeof *ctor);
    ctor->id = target->ctor_count;
    ctor->arity = arity;
    ctor->name = ir_string(program, name);
    target->ctors = grow(&target->arena, target->ctors, target->ctor_count, &program->ctor_capacity,
                         sizeof *target->ctors);
    target->ctors[target->ctor_count++] = ctor;
    ir_table_put(&program->ctors, program->arena, bl_arena_slice(program->arena, name), ctor);
    return ctor;
}

vm_shape *ir_shape(ir_program *program, bl_slice struct_name, const bl_slice *names, uint32_t count)
{
    bl_buffer key = {0};
    if (struct_name.data != NULL) {
        bl_buffer_append_slice(&key, struct_name);
    }
    for (uint32_t i = 0; i < count; i++) {
        bl_buffer_format(&key, ",%zu:", names[i].size);
        bl_buffer_append_slice(&key, names[i]);
    }
    vm_shape *shape = ir_table_get(&program->shapes, bl_buffer_slice(&key));
    if (shape == NULL) {
        vm_program *target = program->target;
        shape =
            bl_arena_alloc_zeroed(&target->arena, sizeof *shape + count * sizeof shape->names[0]);
        shape->size = count;
        shape->id = target->shape_count;
        shape->struct_name = struct_name.data == NULL ? NULL : ir_string(program, struct_name);
        for (uint32_t i = 0; i < count; i++) {
            shape->names[i] = ir_string(program, names[i]);
        }
        target->shapes = grow(&target->arena, target->shapes, target->shape_count,
                              &program->shape_capacity, sizeof *target->shapes);
        target->shapes[target->shape_count++] = shape;
        ir_table_put(&program->shapes, program->arena,
                     bl_arena_slice(program->arena, bl_buffer_slice(&key)), shape);
    }
    bl_buffer_deinit(&key);
    return shape;
}

vm_operation *ir_operation(ir_program *program, bl_slice effect, bl_slice name, uint32_t arity)
{
    vm_program *target = program->target;
    bl_slice key =
        bl_arena_format(program->arena, "%.*s.%.*s", BL_SLICE_ARG(effect), BL_SLICE_ARG(name));
    vm_operation *operation = ir_table_get(&program->operations, key);
    if (operation == NULL) {
        operation = bl_arena_alloc_zeroed(&target->arena, sizeof *operation);
        operation->effect = bl_arena_copy(&target->arena, effect.data, effect.size);
        operation->name = bl_arena_copy(&target->arena, name.data, name.size);
        operation->arity = arity;
        operation->id = target->operation_count;
        target->operations = grow(&target->arena, target->operations, target->operation_count,
                                  &program->operation_capacity, sizeof *target->operations);
        target->operations[target->operation_count++] = operation;
        ir_table_put(&program->operations, program->arena, key, operation);
    }
    return operation;
}

// ---- making ----------------------------------------------------------------------------------

ir_function *ir_function_new(ir_program *program, const char *name, const char *file, uint32_t line)
{
    ir_function *function = bl_arena_alloc_zeroed(program->arena, sizeof *function);
    function->name = name;
    function->file = file;
    function->line = line;
    function->program = program;
    function->index = program->function_count;
    function->target = bl_arena_alloc_zeroed(&program->target->arena, sizeof *function->target);
    function->target->index = function->index; // Until it is emitted.
    program->functions = grow(program->arena, program->functions, program->function_count,
                              &program->function_capacity, sizeof *program->functions);
    program->functions[program->function_count++] = function;
    return function;
}

ir_var ir_variable_new(ir_function *function, const lang_type *type)
{
    function->variables =
        grow(function->program->arena, function->variables, function->variable_count,
             &function->variable_capacity, sizeof *function->variables);
    function->variables[function->variable_count] =
        (ir_variable){.type = type, .kinds = IR_KINDS_ANY};
    return function->variable_count++;
}

ir_block *ir_block_new(ir_function *function)
{
    ir_block *block = bl_arena_alloc_zeroed(function->program->arena, sizeof *block);
    block->id = function->block_count;
    function->blocks = grow(function->program->arena, function->blocks, function->block_count,
                            &function->block_capacity, sizeof *function->blocks);
    function->blocks[function->block_count++] = block;
    return block;
}

ir_instruction *ir_instruction_new(ir_function *function, ir_op op, ir_var result, uint32_t count)
{
    size_t size = sizeof(ir_instruction) + count * sizeof(ir_var);
    ir_instruction *instruction = bl_arena_alloc_zeroed(function->program->arena, size);
    instruction->op = (uint8_t)op;
    instruction->result = result;
    instruction->second = IR_NO_VAR;
    instruction->count = count;
    instruction->args = (ir_var *)(instruction + 1);
    function->instruction_count += 1;
    return instruction;
}

void ir_append(ir_block *block, ir_instruction *instruction)
{
    instruction->previous = block->last;
    instruction->next = NULL;
    if (block->last == NULL) {
        block->first = instruction;
    } else {
        block->last->next = instruction;
    }
    block->last = instruction;
}

void ir_insert_before(ir_block *block, ir_instruction *at, ir_instruction *instruction)
{
    instruction->next = at;
    instruction->previous = at->previous;
    if (at->previous == NULL) {
        block->first = instruction;
    } else {
        at->previous->next = instruction;
    }
    at->previous = instruction;
}

void ir_insert_after(ir_block *block, ir_instruction *at, ir_instruction *instruction)
{
    if (at->next == NULL) {
        ir_append(block, instruction);
    } else {
        ir_insert_before(block, at->next, instruction);
    }
}

void ir_remove(ir_block *block, ir_instruction *instruction)
{
    if (instruction->previous == NULL) {
        block->first = instruction->next;
    } else {
        instruction->previous->next = instruction->next;
    }
    if (instruction->next == NULL) {
        block->last = instruction->previous;
    } else {
        instruction->next->previous = instruction->previous;
    }
}

// ---- asking ----------------------------------------------------------------------------------

bool ir_owns(const ir_instruction *instruction, uint32_t i)
{
    if (instruction->op == IR_CALL || instruction->op == IR_TAIL_CALL) {
        return i >= 64 || (instruction->as.function->borrows >> i & 1) == 0;
    }
    switch ((ir_ownership)ir_ops[instruction->op].ownership) {
    case IR_OWN_BORROW:
        return false;
    case IR_OWN_OWN:
        return true;
    case IR_OWN_FIRST:
        return i > 0;
    case IR_OWN_MASK:
        return i < 16 && ((instruction->as.native->owned >> i) & 1) != 0;
    }
    return false;
}

uint32_t ir_successor_count(const ir_block *block)
{
    const ir_instruction *end = block->last;
    if (ir_is_switch(end)) {
        return end->as.case_count + 1;
    }
    return (end->to[0] != NULL ? 1u : 0u) + (end->to[1] != NULL ? 1u : 0u);
}

ir_block **ir_successor(ir_block *block, uint32_t i)
{
    ir_instruction *end = block->last;
    if (ir_is_switch(end)) {
        return i < end->as.case_count ? &end->as.cases[i].to : &end->to[1];
    }
    return &end->to[i];
}

void ir_renumber(ir_function *function)
{
    // Postorder with a stack of our own: functions may have very many blocks in a row.
    typedef struct frame {
        ir_block *block;
        uint32_t next;
    } frame;
    uint32_t count = function->block_count;
    frame *stack = bl_alloc(count * sizeof *stack);
    ir_block **order = bl_alloc(count * sizeof *order);
    bool *seen = bl_alloc_zeroed(count, sizeof *seen);
    uint32_t depth = 0;
    uint32_t done = 0;
    stack[depth++] = (frame){function->blocks[0], 0};
    seen[function->blocks[0]->id] = true;
    while (depth > 0) {
        frame *top = &stack[depth - 1];
        if (top->next < ir_successor_count(top->block)) {
            // The last successor first, so that the first one directly follows its block.
            uint32_t i = ir_successor_count(top->block) - 1 - top->next++;
            ir_block *to = *ir_successor(top->block, i);
            BL_CHECK(to != NULL); // As many as the count says are set.
            if (!seen[to->id]) {
                seen[to->id] = true;
                stack[depth++] = (frame){to, 0};
            }
        } else {
            order[done++] = top->block;
            depth -= 1;
        }
    }
    for (uint32_t i = 0; i < done; i++) {
        function->blocks[i] = order[done - 1 - i];
        function->blocks[i]->id = i;
    }
    function->block_count = done;
    bl_free(stack);
    bl_free(order);
    bl_free(seen);
}
