// lang/ir_dump.c: the core IR as text, for `dump --ir` and for people who look for a mistake.
//
//     fn area(v0, v1)  // app.bl:3
//     b0:
//       v2 = MUL v0 v1          // 3:35
//       RETURN v2
#include "lang/ir.h"

static void dump_constant(vm_value value, bl_buffer *out)
{
    bl_buffer_append_char(out, ' ');
    if (value.tag == VM_STRING) {
        bl_buffer_append_char(out, '"');
        vm_text_append(out, value);
        bl_buffer_append_char(out, '"');
    } else if (value.tag == VM_FUNCTION) {
        bl_buffer_format(out, "f%u", value.function->index);
    } else if (value.tag == VM_NATIVE) {
        bl_buffer_format(out, "native %s", value.native->name);
    } else {
        vm_text_append(out, value);
    }
}

static void dump_handler(const ir_handler *handler, bl_buffer *out)
{
    static const char *const kinds[] = {"tail", "abort", "general"};
    for (uint32_t i = 0; i < handler->count; i++) {
        const vm_clause *clause = &handler->clauses[i];
        bl_buffer_format(out, " [%s.%s/%u %s]", clause->operation->effect, clause->operation->name,
                         clause->arity, kinds[clause->kind]);
    }
}

static void dump_immediate(const ir_instruction *instruction, bl_buffer *out)
{
    static const char *const compares[] = {"==", "!=", "<", "<=", ">", ">="};
    ir_op op = (ir_op)instruction->op;
    if (op == IR_CONSTANT || op == IR_IS_SAME) {
        dump_constant(instruction->as.constant, out);
    } else if (op == IR_FIELD || op == IR_IS_FIELD) {
        bl_buffer_format(out, " .%.*s", (int)instruction->as.field->size,
                         instruction->as.field->data);
    } else if (op == IR_CAPTURE || op == IR_TUPLE_GET || op == IR_VARIANT_GET ||
               op == IR_LIST_GET || op == IR_LIST_REST || op == IR_LIST_SKIP || op == IR_OPEN ||
               op == IR_IS_ARITY || op == IR_IS_TUPLE || op == IR_IS_LIST || op == IR_IS_LIST_MIN) {
        bl_buffer_format(out, " #%u", instruction->as.index);
    } else if (op == IR_VARIANT || op == IR_IS_CTOR || op == IR_IS_VARIANT) {
        bl_buffer_format(out, " %.*s", (int)instruction->as.ctor->name->size,
                         instruction->as.ctor->name->data);
    } else if (op == IR_CLOSURE || op == IR_CALL || op == IR_TAIL_CALL) {
        bl_buffer_format(out, " f%u %s", instruction->as.function->index,
                         instruction->as.function->name);
    } else if (op == IR_NATIVE) {
        const vm_native *native = instruction->as.native;
        bl_buffer_format(out, " %s.%s", native->module == NULL ? "" : native->module->name,
                         native->name);
    } else if (op == IR_PERFORM || op == IR_COLLECT_BEGIN) {
        bl_buffer_format(out, " %s.%s", instruction->as.operation->effect,
                         instruction->as.operation->name);
    } else if (op == IR_HANDLE) {
        dump_handler(instruction->as.handler, out);
    } else if (op == IR_COMPARE) {
        bl_buffer_format(out, " %s", compares[instruction->compare]);
    } else if (op == IR_FAIL) {
        bl_buffer_format(out, " %u", instruction->fault);
    }
}

static void dump_targets(const ir_instruction *end, bl_buffer *out)
{
    for (uint32_t i = 0; ir_is_switch(end) && i < end->as.case_count; i++) {
        const ir_case *item = &end->as.cases[i];
        dump_constant(end->op == IR_SWITCH ? vm_atom(item->ctor) : item->value, out);
        bl_buffer_format(out, "->b%u", item->to->id);
    }
    for (uint32_t i = 0; i < 2; i++) {
        if (end->to[i] != NULL) {
            bl_buffer_format(out, " ->b%u", end->to[i]->id);
        }
    }
}

static void dump_instruction(const ir_instruction *instruction, bl_buffer *out)
{
    bl_buffer_format(out, "  ");
    if (instruction->result != IR_NO_VAR) {
        bl_buffer_format(out, "v%u", instruction->result);
        if (instruction->second != IR_NO_VAR) {
            bl_buffer_format(out, ", v%u", instruction->second);
        }
        bl_buffer_format(out, " = ");
    }
    bl_buffer_format(out, "%s", ir_ops[instruction->op].name);
    dump_immediate(instruction, out);
    for (uint32_t i = 0; i < instruction->count; i++) {
        bl_buffer_format(out, " v%u", instruction->args[i]);
    }
    if (ir_is_end(instruction)) {
        dump_targets(instruction, out);
    }
    if (instruction->line != 0) {
        bl_buffer_format(out, "  // %u:%u", instruction->line, instruction->column);
    }
    bl_buffer_append_char(out, '\n');
}

void ir_function_dump(const ir_function *function, bl_buffer *out)
{
    bl_buffer_format(out, "fn f%u %s(", function->index, function->name);
    for (uint32_t i = 0; i < function->param_count; i++) {
        bl_buffer_format(out, "%sv%u", i == 0 ? "" : ", ", i);
    }
    bl_buffer_format(out, ")  // %s:%u\n", function->file, function->line);
    for (uint32_t i = 0; i < function->block_count; i++) {
        const ir_block *block = function->blocks[i];
        bl_buffer_format(out, "b%u:\n", block->id);
        for (const ir_instruction *at = block->first; at != NULL; at = at->next) {
            dump_instruction(at, out);
        }
    }
    bl_buffer_append_char(out, '\n');
}

void ir_program_dump(const ir_program *program, bl_buffer *out)
{
    for (uint32_t i = 0; i < program->function_count; i++) {
        const ir_function *function = program->functions[i];
        if (function->block_count != 0 && !function->is_dead) {
            ir_function_dump(function, out);
        }
    }
}
