// vm/failure.c: run-time errors: message, place in the source, call stack.
#include <stdarg.h>

#include "vm/limits.h"
#include "vm/task.h"

static const char *const fault_messages[VM_FAULT_COUNT] = {
#define FAULT(name, message) [VM_FAULT_##name] = message,
#include "vm/faults.def"
#undef FAULT
};

// Values in messages are cut, at the start of a character, and the message ends with a NUL.
static void message_finish(bl_buffer *message)
{
    if (message->size > VM_LIMIT_MESSAGE) {
        message->size = VM_LIMIT_MESSAGE;
        while (message->size > 0 && ((unsigned char)message->data[message->size] & 0xC0) == 0x80) {
            message->size -= 1;
        }
        bl_buffer_append(message, "…", strlen("…"));
    }
    bl_buffer_append_char(message, '\0');
}

static void append_text(bl_buffer *out, const char *text)
{
    bl_buffer_append(out, text, strlen(text));
}

bool vm_raise(vm_task *task, vm_fault fault, vm_value operand)
{
    bl_buffer *message = &task->failure_message;
    message->size = 0;
    for (const char *c = fault_messages[fault]; *c != '\0'; c += 1) {
        if (*c != '%') {
            bl_buffer_append_char(message, *c);
            continue;
        }
        c += 1;
        if (*c == 'K') {
            append_text(message, vm_kind_name(operand));
        } else {
            vm_text_append_max(message, operand, VM_LIMIT_MESSAGE);
        }
    }
    message_finish(message);
    return false;
}

vm_status vm_fail(vm_task *task, const char *format, ...)
{
    enum { WORDING_MAX = VM_LIMIT_MESSAGE + 1 };
    bl_buffer *message = &task->failure_message;
    message->size = 0;
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(bl_buffer_reserve(message, WORDING_MAX), WORDING_MAX, format, arguments);
    va_end(arguments);
    BL_CHECK(size >= 0);
    message->size = size < WORDING_MAX ? (size_t)size : WORDING_MAX - 1;
    message_finish(message);
    return VM_FAIL;
}

vm_status vm_fail_type(vm_task *task, const char *name, const char *expected, vm_value got)
{
    bl_buffer *message = &task->failure_message;
    message->size = 0;
    bl_buffer_format(message, "%s: expected %s, got ", name, expected);
    vm_text_append_max(message, got, VM_LIMIT_MESSAGE);
    message_finish(message);
    return VM_FAIL;
}

// ---- place and stack ------------------------------------------------------------------------

static const vm_place *place_find(const vm_function *function, uint32_t pc)
{
    uint32_t low = 0;
    uint32_t high = function->place_count;
    while (low < high) { // The last place at or before pc.
        uint32_t middle = low + (high - low) / 2;
        if (function->places[middle].pc <= pc) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low == 0 ? NULL : &function->places[low - 1];
}

static vm_place place_of(const vm_stack_walk *walk)
{
    const vm_function *function = vm_frame_of(walk->base)->function;
    bool is_inside = walk->pc > function->code && walk->pc <= function->code + function->code_size;
    const vm_place *place =
        is_inside ? place_find(function, vm_frame_pc(walk->base, walk->pc)) : NULL;
    return place != NULL ? *place : (vm_place){.line = function->line, .column = 1};
}

// Functions of the library's own sources are neither shown nor blamed.
static bool is_hidden(uint32_t flags)
{
    return (flags & VM_FUNCTION_INTERNAL) != 0;
}

static void add_line(vm_task *task, uint32_t *lines, const vm_function *function, uint32_t flags,
                     const char *name, vm_place place)
{
    vm_failure *failure = &task->failure;
    if (is_hidden(flags) || *lines >= VM_LIMIT_STACK_LINES) {
        return;
    }
    if (*lines == 0) {
        failure->file = function->file;
        failure->line = place.line;
        failure->column = place.column;
    }
    bl_buffer_format(&task->failure_stack, "  in %s (%s:%u)\n",
                     flags & VM_FUNCTION_LAMBDA ? "<lambda>" : name, function->file, place.line);
    *lines += 1;
}

// The frame itself, after what was inlined into it.
static void add_frame_lines(vm_task *task, uint32_t *lines, const vm_stack_walk *walk)
{
    const vm_function *function = vm_frame_of(walk->base)->function;
    vm_place place = place_of(walk);
    while (place.frame != 0) {
        const vm_inlined *inlined = &function->frames[place.frame - 1];
        add_line(task, lines, function, inlined->flags, inlined->name, place);
        place.line = inlined->line;
        place.column = inlined->column;
        place.frame = inlined->outer;
    }
    add_line(task, lines, function, function->flags, function->name, place);
}

void vm_failure_locate(vm_task *task)
{
    vm_failure *failure = &task->failure;
    bl_buffer *stack = &task->failure_stack;
    stack->size = 0;
    *failure = (vm_failure){.message = task->failure_message.data, .file = ""};
    bool more = task->segment != NULL;
    vm_stack_walk walk = vm_stack_walk_from(
        &(vm_cursor){.segment = task->segment, .base = task->base, .pc = task->pc});
    for (uint32_t lines = 0; more && lines < VM_LIMIT_STACK_LINES;
         more = vm_stack_walk_out(&walk)) {
        add_frame_lines(task, &lines, &walk);
    }
    bl_buffer_append_char(stack, '\0');
    failure->stack = stack->data;
}
