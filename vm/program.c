// vm/program.c: programs as a whole: creation, lookup, verification, disassembly.
//
// opcodes.def gives the format of each instruction; the verifier and the disassembler are driven
// by it and know only few instructions by name.
#include "vm/vm.h"

#include <inttypes.h>

#include "vm/faults.h"

typedef struct op_info {
    const char *name;
    const char *format;
} op_info;

static const op_info op_infos[VM_OP_COUNT] = {
#define OP(name, format, meaning) [VM_OP_##name] = {#name, format},
#include "vm/opcodes.def"
#undef OP
};

vm_program *vm_program_create(const vm_library *library)
{
    vm_program *program = bl_alloc_zeroed(1, sizeof *program);
    bl_arena_init(&program->arena, 0);
    program->library = library;
    return program;
}

void vm_program_destroy(vm_program *program)
{
    bl_arena_deinit(&program->arena);
    bl_free(program);
}

vm_string *vm_program_string(vm_program *program, bl_slice text)
{
    BL_CHECK(text.size < UINT32_MAX);
    vm_string *string = bl_arena_alloc(&program->arena, sizeof *string + text.size + 1);
    *string = (vm_string){.header = {.kind = VM_STRING}, .size = (uint32_t)text.size};
    if (text.size > 0) {
        memcpy(vm_string_room(string), text.data, text.size);
    }
    vm_string_room(string)[text.size] = '\0';
    string->data = vm_string_room(string);
    bool is_ascii = vm_string_is_ascii(string);
    string->header.flags = is_ascii ? VM_STRING_ASCII : VM_STRING_UNICODE;
    return string;
}

const vm_ctor *vm_program_ctor(const vm_program *program, bl_slice name)
{
    for (uint32_t i = 0; i < program->ctor_count; i += 1) {
        const vm_string *candidate = program->ctors[i]->name;
        if (bl_slice_equal((bl_slice){candidate->data, candidate->size}, name)) {
            return program->ctors[i];
        }
    }
    return NULL;
}

typedef struct intrinsic {
    const char *module;
    const char *name;
    vm_op op;
} intrinsic;

static const intrinsic intrinsics[] = {
#define INTRINSIC(module, name, op) {module, name, VM_OP_##op},
#include "vm/intrinsics.def"
#undef INTRINSIC
};

vm_op vm_native_op(const vm_native *native)
{
    for (size_t i = 0; i < BL_ARRAY_COUNT(intrinsics); i += 1) {
        if (strcmp(native->name, intrinsics[i].name) == 0 && native->module != NULL &&
            strcmp(native->module->name, intrinsics[i].module) == 0) {
            return intrinsics[i].op;
        }
    }
    return VM_OP_NOP;
}

// ---- verification ---------------------------------------------------------------------------

// A place in a function that is being checked.
typedef struct check_place {
    const vm_program *program;
    const vm_function *function;
    uint32_t pc;
    bl_error *error;
} check_place;

static bl_status check_fail(const check_place *check, const char *what, int64_t operand)
{
    const vm_function *function = check->function;
    uint16_t op = function->code[check->pc].op;
    return bl_fail(check->error, BL_INVALID, 0, "%s, instruction %u (%s): %s %" PRId64,
                   function->name, check->pc, op < VM_OP_COUNT ? op_infos[op].name : "?", what,
                   operand);
}

static bl_status check_register(const check_place *check, int64_t index)
{
    return index >= 0 && index < check->function->register_count
               ? BL_OK
               : check_fail(check, "no such register:", index);
}

static bl_status check_jump(const check_place *check, int64_t offset)
{
    int64_t target = (int64_t)check->pc + 1 + offset;
    return target >= 0 && target < check->function->code_size
               ? BL_OK
               : check_fail(check, "jump to nowhere:", target);
}

static uint32_t table_size(const vm_function *function, char format)
{
    switch (format) {
    case 'K':
        return function->constant_count;
    case 'F':
        return function->field_count;
    case 'S':
        return function->shape_count;
    case 'U':
        return function->update_count;
    case 'C':
        return function->ctor_count;
    case 'T':
        return function->switch_count;
    case 'P':
        return function->function_count;
    case 'N':
        return function->native_count;
    case 'E':
        return function->operation_count;
    case 'H':
        return function->handler_count;
    case 'W':
        return function->with_count;
    case 'Y':
        return function->type_test_count;
    default:
        return 0;
    }
}

// A table's index in operand b is wide where the format leaves c unused.
static bool is_wide(const char *format)
{
    return strchr("JI", format[1]) != NULL ||
           (format[2] == '-' && format[1] >= 'A' && format[1] <= 'Z');
}

static int64_t operand_of(vm_instruction instruction, const char *format, int position)
{
    if (position == 0) {
        return instruction.a;
    }
    if (position == 1) {
        if (is_wide(format)) {
            return instruction.wide;
        }
        return format[1] == 'i' ? (int16_t)instruction.b : instruction.b;
    }
    return format[2] == 'i' || format[2] == 'o' ? instruction.offset : instruction.c;
}

static bl_status check_operand(const check_place *check, char format, int64_t operand)
{
    switch (format) {
    case '-':
    case 'n':
    case 'i':
    case 'I':
        return BL_OK;
    case 'r':
    case 'w':
    case 'm':
        return check_register(check, operand);
    case 'o':
    case 'J':
        return check_jump(check, operand);
    default:
        return operand >= 0 && operand < table_size(check->function, format)
                   ? BL_OK
                   : check_fail(check, "no such entry in its table:", operand);
    }
}

static bl_status check_switch(const check_place *check, const vm_switch *table)
{
    bl_status status = check_jump(check, table->otherwise);
    for (uint32_t i = 0; i < table->count && status == BL_OK; i += 1) {
        status = check_jump(check, table->offsets[i]);
    }
    return status;
}

// The last of the registers that start at first and that the instruction touches as a range.
static bl_status check_range(const check_place *check, int64_t first, int64_t count)
{
    return count == 0 ? BL_OK : check_register(check, first + count - 1);
}

// The NOP behind an instruction that stands for a native.
static bl_status check_intrinsic(const check_place *check)
{
    const vm_function *function = check->function;
    const vm_instruction *behind = &function->code[check->pc + 1];
    if (check->pc + 1 >= function->code_size || behind->op != VM_OP_NOP) {
        return check_fail(check, "no NOP with its native behind it,", 0);
    }
    if (behind->b >= function->native_count || function->natives[behind->b]->function == NULL ||
        vm_native_op(function->natives[behind->b]) != function->code[check->pc].op) {
        return check_fail(check, "not the instruction of native", behind->b);
    }
    return check_register(check, behind->a);
}

// What the formats do not say: ranges of registers, contents of tables.
static bl_status check_rest(const check_place *check, vm_instruction instruction)
{
    const vm_function *function = check->function;
    switch (instruction.op) {
    case VM_OP_SWITCH:
    case VM_OP_SWITCH_VALUE:
        return check_switch(check, &function->switches[instruction.wide]);
    case VM_OP_TUPLE:
    case VM_OP_LIST:
    case VM_OP_SET:
    case VM_OP_BUILD:
        return check_range(check, instruction.b, instruction.c);
    case VM_OP_MAP:
        return check_range(check, instruction.b, 2 * (int64_t)instruction.c);
    case VM_OP_VARIANT:
        return check_range(check, instruction.b, function->ctors[instruction.c]->arity);
    case VM_OP_VARIANT_N:
        return check_range(check, instruction.b, 1 + (int64_t)instruction.c);
    case VM_OP_RECORD:
        return check_range(check, instruction.b, function->shapes[instruction.c]->size);
    case VM_OP_UPDATE:
        return check_range(check, instruction.b,
                           1 + (int64_t)function->updates[instruction.c].count);
    case VM_OP_CLOSURE:
        if (check->pc + 1 >= function->code_size || function->code[check->pc + 1].op != VM_OP_NOP) {
            return check_fail(check, "no NOP with the count of captures behind it,", 0);
        }
        return check_range(check, instruction.b, function->code[check->pc + 1].a);
    case VM_OP_ITER:
    case VM_OP_RANGE_INIT:
    case VM_OP_ITER_NEXT:
    case VM_OP_RANGE_NEXT:
    case VM_OP_HANDLE:
        return check_register(check, (int64_t)instruction.a + 1);
    case VM_OP_CALL:
    case VM_OP_TAIL_CALL:
        return check_range(check, instruction.a,
                           2 + (int64_t)function->functions[instruction.wide]->param_count);
    case VM_OP_CALL_VALUE:
    case VM_OP_TAIL_CALL_VALUE:
        return check_range(check, instruction.a, 3 + (int64_t)instruction.b);
    case VM_OP_NATIVE:
        return check_range(check, instruction.b, function->natives[instruction.c]->arity_max);
    case VM_OP_FAIL:
        return instruction.b < VM_FAULT_COUNT
                   ? BL_OK
                   : check_fail(check, "no such run-time error:", instruction.b);
    case VM_OP_DIV_I:
    case VM_OP_MOD_I:
        return instruction.offset > 0 ? BL_OK
                                      : check_fail(check, "not above zero:", instruction.offset);
    case VM_OP_LIST_LENGTH:
    case VM_OP_LIST_AT:
    case VM_OP_LIST_AT_OR:
    case VM_OP_LIST_PUT:
    case VM_OP_LIST_PUSH:
    case VM_OP_MAP_GET:
    case VM_OP_MAP_PUT:
    case VM_OP_UNWRAP_OR:
    case VM_OP_TO_FLOAT:
        return check_intrinsic(check);
    case VM_OP_PERFORM:
        return check_range(check, instruction.b, function->operations[instruction.c]->arity);
    case VM_OP_WITH_BEGIN:
        return check_range(check, instruction.b, function->withs[instruction.c].count);
    default:
        return BL_OK;
    }
}

static bl_status check_instruction(const check_place *check)
{
    vm_instruction instruction = check->function->code[check->pc];
    if (instruction.op >= VM_OP_FIRST_INTERNAL) {
        return check_fail(check, "not for programs:", instruction.op);
    }
    const char *format = op_infos[instruction.op].format;
    int operands = is_wide(format) ? 2 : 3;
    for (int i = 0; i < operands; i += 1) {
        bl_status status = check_operand(check, format[i], operand_of(instruction, format, i));
        if (status != BL_OK) {
            return status;
        }
    }
    return check_rest(check, instruction);
}

// Execution never runs off the end.
static bool op_ends(uint16_t op)
{
    return op == VM_OP_RETURN || op == VM_OP_JUMP || op == VM_OP_TAIL_CALL ||
           op == VM_OP_TAIL_CALL_VALUE || op == VM_OP_FAIL || op == VM_OP_EARLY ||
           op == VM_OP_SWITCH || op == VM_OP_SWITCH_VALUE;
}

static bl_status verify_lives(const check_place *check)
{
    const vm_function *function = check->function;
    for (uint32_t i = 0; i < function->live_count; i += 1) {
        const vm_live *live = &function->lives[i];
        if (i > 0 && function->lives[i - 1].pc >= live->pc) {
            return check_fail(check, "live entries are not sorted at", live->pc);
        }
        for (uint32_t j = 0; j < live->count; j += 1) {
            bl_status status = check_register(check, function->live_registers[live->first + j]);
            if (status != BL_OK) {
                return status;
            }
        }
    }
    return BL_OK;
}

static bl_status verify_function(const vm_program *program, const vm_function *function,
                                 bl_error *error)
{
    check_place check = {.program = program, .function = function, .error = error};
    if (function->code_size == 0 || !op_ends(function->code[function->code_size - 1].op)) {
        return bl_fail(error, BL_INVALID, 0, "%s: its code has no end", function->name);
    }
    if (function->param_count + (function->is_closure ? 1 : 0) > function->register_count) {
        return bl_fail(error, BL_INVALID, 0, "%s: no room for its parameters", function->name);
    }
    bl_status status = verify_lives(&check);
    for (uint32_t pc = 0; pc < function->code_size && status == BL_OK; pc += 1) {
        check.pc = pc;
        status = check_instruction(&check);
    }
    return status;
}

bl_status vm_program_verify(const vm_program *program, bl_error *error)
{
    for (uint32_t i = 0; i < program->function_count; i += 1) {
        bl_status status = verify_function(program, program->functions[i], error);
        if (status != BL_OK) {
            return status;
        }
    }
    return BL_OK;
}

// ---- disassembly ----------------------------------------------------------------------------

static void dump_value(FILE *out, vm_value value)
{
    bl_buffer text = {0};
    vm_text_append(&text, value);
    const char *quote = value.tag == VM_STRING ? "\"" : "";
    fprintf(out, "%s%.*s%s", quote, text.size > 40 ? 40 : (int)text.size, text.data, quote);
    bl_buffer_deinit(&text);
}

static void dump_entry(FILE *out, const vm_function *function, char format, int64_t index)
{
    switch (format) {
    case 'K':
        dump_value(out, function->constants[index]);
        return;
    case 'F':
        fprintf(out, ".%s", function->fields[index].name->data);
        return;
    case 'C':
        fprintf(out, "%s", function->ctors[index]->name->data);
        return;
    case 'P':
        fprintf(out, "%s", function->functions[index]->name);
        return;
    case 'N': {
        const vm_native *native = function->natives[index];
        fprintf(out, "%s.%s", native->module != NULL ? native->module->name : "", native->name);
        return;
    }
    case 'E':
        fprintf(out, "%s.%s", function->operations[index]->effect,
                function->operations[index]->name);
        return;
    default:
        fprintf(out, "%c%" PRId64, format, index);
        return;
    }
}

static void dump_operand(FILE *out, const vm_function *function, char format, int64_t operand,
                         uint32_t pc)
{
    switch (format) {
    case 'r':
    case 'w':
    case 'm':
        fprintf(out, " r%" PRId64, operand);
        return;
    case 'n':
    case 'i':
    case 'I':
        fprintf(out, " %" PRId64, operand);
        return;
    case 'o':
    case 'J':
        fprintf(out, " ->%" PRId64, (int64_t)pc + 1 + operand);
        return;
    case '-':
        return;
    default:
        fputc(' ', out);
        dump_entry(out, function, format, operand);
        return;
    }
}

static void dump_function(FILE *out, const vm_function *function)
{
    fprintf(out, "%s (%s:%u) parameters %u, registers %u%s\n", function->name, function->file,
            function->line, function->param_count, function->register_count,
            function->is_closure ? ", closure" : "");
    for (uint32_t pc = 0; pc < function->code_size; pc += 1) {
        vm_instruction instruction = function->code[pc];
        const op_info *info = &op_infos[instruction.op];
        fprintf(out, "%6u  %-16s", pc, info->name);
        int operands = is_wide(info->format) ? 2 : 3;
        for (int i = 0; i < operands; i += 1) {
            dump_operand(out, function, info->format[i], operand_of(instruction, info->format, i),
                         pc);
        }
        fputc('\n', out);
    }
    fputc('\n', out);
}

void vm_program_dump(const vm_program *program, FILE *out)
{
    for (uint32_t i = 0; i < program->function_count; i += 1) {
        dump_function(out, program->functions[i]);
    }
}
