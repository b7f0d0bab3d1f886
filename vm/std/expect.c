// vm/std/expect.c: what a failing test remembers of its values.
//
// The compiler puts a call of internal_note behind each check of a test (lang/lower_expect.c). If
// the check is not true the two sides are kept as text in the note of the thread's vm_config,
// where the report finds them when the test has failed. A later check overwrites an earlier one.
//
// Values appear in their text form, with two additions that make them tell apart what differs:
// a string as a whole stands in quotes, control characters are escaped; and if both sides look the
// same, their kinds are named.
#include <assert.h>

#include "vm/limits.h"
#include "vm/std/modules.h"
#include "vm/std/std.h"
#include "vm/task.h"

// ---- showing values --------------------------------------------------------------------------

static void append_escaped(bl_buffer *out, bl_slice text, bool in_quotes)
{
    for (size_t i = 0; i < text.size; i += 1) {
        unsigned char c = (unsigned char)text.data[i];
        if (c == '\n') {
            bl_buffer_append(out, "\\n", 2);
        } else if (c == '\t' && in_quotes) {
            bl_buffer_append(out, "\\t", 2);
        } else if (c < 0x20 || c == 0x7F) {
            bl_buffer_format(out, "\\u{%x}", c);
        } else {
            if (in_quotes && (c == '"' || c == '\\')) {
                bl_buffer_append_char(out, '\\');
            }
            bl_buffer_append_char(out, (char)c);
        }
    }
}

// Cuts at the start of a character.
static bl_slice cut(bl_slice text, size_t limit)
{
    if (text.size <= limit) {
        return text;
    }
    while (limit > 0 && ((unsigned char)text.data[limit] & 0xC0) == 0x80) {
        limit -= 1;
    }
    return (bl_slice){text.data, limit};
}

static void append_value(bl_buffer *out, vm_value value, size_t limit)
{
    bl_buffer whole = {0};
    vm_text_append(&whole, value);
    bl_slice text = bl_buffer_slice(&whole);
    bl_slice shown = cut(text, limit);
    bool in_quotes = std_is_string(value);
    if (in_quotes) {
        bl_buffer_append_char(out, '"');
    }
    append_escaped(out, shown, in_quotes);
    if (shown.size < text.size) {
        bl_buffer_format(out, "…");
    }
    if (in_quotes) {
        bl_buffer_append_char(out, '"');
    }
    if (shown.size < text.size) {
        bl_buffer_format(out, " (%zu bytes)", text.size);
    }
    bl_buffer_deinit(&whole);
}

// ---- the first difference --------------------------------------------------------------------

// Two values that differ, at a place inside of the sides.
typedef struct spot {
    vm_value left;
    vm_value right;
    bl_buffer *path; // "[2].name"
} spot;

typedef enum spot_step {
    SPOT_INSIDE, // Went one value further in.
    SPOT_HERE,   // These are what differs.
    SPOT_SAID,   // The difference is described: nothing is left to say.
} spot_step;

static void say_only_on(bl_buffer *out, const char *what, vm_value value, const char *side)
{
    bl_buffer_format(out, "%s%s ", out->size > 0 ? ": " : "", what);
    append_value(out, value, VM_LIMIT_NOTE_PART);
    bl_buffer_format(out, " only on the %s", side);
}

static spot_step step_items(spot *at, const vm_value *left, size_t left_size, const vm_value *right,
                            size_t right_size)
{
    size_t size = left_size < right_size ? left_size : right_size;
    for (size_t i = 0; i < size; i += 1) {
        if (!vm_equal(left[i], right[i])) {
            bl_buffer_format(at->path, "[%zu]", i);
            at->left = left[i];
            at->right = right[i];
            return SPOT_INSIDE;
        }
    }
    if (left_size == right_size) {
        return SPOT_HERE;
    }
    bl_buffer_format(at->path, "%s%zu elements and %zu", at->path->size > 0 ? ": " : "", left_size,
                     right_size);
    return SPOT_SAID;
}

// A field that one of them lacks, or the first that differs.
static spot_step step_record(spot *at)
{
    const vm_record *left = at->left.record;
    const vm_record *right = at->right.record;
    for (uint32_t i = 0; i < left->size; i += 1) {
        bl_slice name = vm_text(vm_of(left->shape->names[i]));
        const vm_value *other = vm_record_field(right, name);
        if (other == NULL) {
            say_only_on(at->path, "field", vm_of(left->shape->names[i]), "left");
            return SPOT_SAID;
        }
        if (!vm_equal(left->fields[i], *other)) {
            bl_buffer_format(at->path, ".%.*s", BL_SLICE_ARG(name));
            at->left = left->fields[i];
            at->right = *other;
            return SPOT_INSIDE;
        }
    }
    for (uint32_t i = 0; i < right->size; i += 1) {
        if (vm_record_field(left, vm_text(vm_of(right->shape->names[i]))) == NULL) {
            say_only_on(at->path, "field", vm_of(right->shape->names[i]), "right");
            return SPOT_SAID;
        }
    }
    return SPOT_HERE; // Only the names of the structs differ.
}

static spot_step step_variant(spot *at)
{
    const vm_variant *left = at->left.variant;
    const vm_variant *right = at->right.variant;
    if (!bl_slice_equal(vm_text(vm_of(left->ctor->name)), vm_text(vm_of(right->ctor->name))) ||
        left->size != right->size) {
        return SPOT_HERE;
    }
    bl_buffer_format(at->path, ".%.*s", BL_SLICE_ARG(vm_text(vm_of(left->ctor->name))));
    if (left->size > 1) {
        return step_items(at, left->items, left->size, right->items, right->size);
    }
    at->left = left->items[0];
    at->right = right->items[0];
    return SPOT_INSIDE;
}

static spot_step step_map(spot *at)
{
    const char *what = at->left.tag == VM_MAP ? "key" : "element";
    vm_map_cursor cursor = {.map = at->left.map};
    vm_value key;
    vm_value value;
    while (vm_map_next(&cursor, &key, &value)) {
        const vm_value *other = vm_map_get(at->right.map, key);
        if (other == NULL) {
            say_only_on(at->path, what, key, "left");
            return SPOT_SAID;
        }
        if (at->left.tag == VM_MAP && !vm_equal(value, *other)) {
            bl_buffer_append_char(at->path, '[');
            append_value(at->path, key, VM_LIMIT_NOTE_PART);
            bl_buffer_append_char(at->path, ']');
            at->left = value;
            at->right = *other;
            return SPOT_INSIDE;
        }
    }
    cursor = (vm_map_cursor){.map = at->right.map};
    while (vm_map_next(&cursor, &key, &value)) {
        if (vm_map_get(at->left.map, key) == NULL) {
            say_only_on(at->path, what, key, "right");
            return SPOT_SAID;
        }
    }
    return SPOT_HERE;
}

static spot_step step_in(spot *at)
{
    if (at->left.tag != at->right.tag) {
        return SPOT_HERE;
    }
    const vm_value left = at->left;
    const vm_value right = at->right;
    switch (left.tag) {
    case VM_LIST:
        return step_items(at, vm_list_items(left.list), left.list->size, vm_list_items(right.list),
                          right.list->size);
    case VM_TUPLE:
        return step_items(at, left.tuple->items, left.tuple->size, right.tuple->items,
                          right.tuple->size);
    case VM_RECORD:
        return step_record(at);
    case VM_VARIANT:
        return step_variant(at);
    case VM_MAP:
    case VM_SET:
        return step_map(at);
    default:
        return SPOT_HERE;
    }
}

// The index of the first character that differs.
static size_t first_character(bl_slice left, bl_slice right)
{
    size_t byte = 0;
    while (byte < left.size && byte < right.size && left.data[byte] == right.data[byte]) {
        byte += 1;
    }
    size_t index = 0;
    for (size_t i = 1; i <= byte; i += 1) {
        bool is_start = i == left.size || ((unsigned char)left.data[i] & 0xC0) != 0x80;
        index += is_start;
    }
    return index;
}

// Appends nothing if the sides as a whole say it all.
static void append_difference(bl_buffer *out, vm_value left, vm_value right)
{
    spot at = {left, right, out};
    spot_step step = SPOT_INSIDE;
    for (uint32_t depth = 0; step == SPOT_INSIDE && depth < VM_LIMIT_NOTE_DEPTH; depth += 1) {
        step = step_in(&at);
    }
    if (step == SPOT_SAID) {
        return;
    }
    if (step == SPOT_INSIDE) { // The way there would be longer than the values.
        out->size = 0;
        bl_buffer_format(out, "more than %d values deep", VM_LIMIT_NOTE_DEPTH);
        return;
    }
    if (out->size > 0) {
        bl_buffer_format(out, ": ");
        append_value(out, at.left, VM_LIMIT_NOTE_PART);
        bl_buffer_format(out, " and ");
        append_value(out, at.right, VM_LIMIT_NOTE_PART);
    }
    if (std_is_string(at.left) && std_is_string(at.right)) {
        bl_buffer_format(out, "%scharacter %zu", out->size > 0 ? ", " : "",
                         first_character(vm_text(at.left), vm_text(at.right)));
    }
}

// ---- the note --------------------------------------------------------------------------------

static void append_kind(bl_buffer *out, vm_value value)
{
    bl_buffer_format(out, " (%s)", vm_kind_name(value));
}

static vm_status expect_note(vm_task *task, vm_value *args, vm_value *result)
{
    vm_check_note *note = task->thread->config.note;
    if (note == NULL || vm_is_true(args[1])) {
        return std_give(result, vm_unit());
    }
    const vm_program *program = vm_task_program(task);
    BL_CHECK(args[0].tag == VM_INT && (uint64_t)args[0].integer < program->check_count);
    const vm_check *check = &program->checks[args[0].integer];
    note->check = check;
    note->left.size = 0;
    note->right.size = 0;
    note->difference.size = 0;
    if (check->left != NULL) {
        append_value(&note->left, args[2], VM_LIMIT_NOTE_VALUE);
    }
    if (check->wanted != NULL) {
        append_escaped(&note->right, cut(bl_slice_of(check->wanted), VM_LIMIT_NOTE_VALUE), false);
    } else if (check->has_right) {
        append_value(&note->right, args[3], VM_LIMIT_NOTE_VALUE);
    }
    if (check->is_equality) {
        append_difference(&note->difference, args[2], args[3]);
        if (note->difference.size == 0 &&
            bl_slice_equal(bl_buffer_slice(&note->left), bl_buffer_slice(&note->right))) {
            append_kind(&note->left, args[2]);
            append_kind(&note->right, args[3]);
        }
    }
    return std_give(result, vm_unit());
}

static vm_native natives[] = {
#include "vm/std/expect.def"
};

// In lower case: no program can write this name where a module's can stand.
vm_module std_expect_module = STD_MODULE("expect", NULL, VM_PRELUDE_NEVER, NULL);
