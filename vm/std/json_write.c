// vm/std/json_write.c: values as JSON text.
//
// Members stand in byte order of their names: records are stored so, a struct's "type" goes to its
// sorted place, and maps with String keys are sorted here. Floats have the shortest digits that
// read back, always with a point or an exponent, so that they come back as Floats.
#include <math.h>
#include <stdlib.h>

#include "vm/std/json.h"

typedef struct writer {
    bl_buffer *out;
    std_json_error *error;
    bool is_pretty;
    uint32_t depth;
} writer;

static bool write_value(writer *self, vm_value value);

static bool refuse(writer *self, bl_slice what)
{
    if (self->error != NULL) {
        bl_slice cut = {what.data, what.size < 120 ? what.size : 120};
        snprintf(self->error->message, sizeof(self->error->message), "cannot serialize %.*s",
                 BL_SLICE_ARG(cut));
    }
    return false;
}

static bool refuse_value(writer *self, vm_value value)
{
    bl_buffer text = {0};
    vm_text_append_max(&text, value, sizeof(self->error->message));
    refuse(self, bl_buffer_slice(&text));
    bl_buffer_deinit(&text);
    return false;
}

// ---- scalars ---------------------------------------------------------------------------------

static bool is_escaped(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

// Whether one of the 8 bytes must be escaped: a control byte, a quote or a backslash.
static bool has_escaped(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101u;
    const uint64_t highs = 0x8080808080808080u;
    uint64_t quotes = word ^ (ones * '"');
    uint64_t backslashes = word ^ (ones * '\\');
    uint64_t controls = (word - ones * 0x20) & ~word;
    uint64_t matches = ((quotes - ones) & ~quotes) | ((backslashes - ones) & ~backslashes);
    return ((controls | matches) & highs) != 0;
}

static void write_string(bl_buffer *out, bl_slice text);

static void write_repaired(bl_buffer *out, bl_slice text)
{
    bl_buffer repaired = {0};
    repaired.size = bl_utf8_repair(text, bl_buffer_reserve(&repaired, 3 * text.size));
    write_string(out, bl_buffer_slice(&repaired));
    bl_buffer_deinit(&repaired);
}

// Bytes that are not UTF-8 become U+FFFD.
static void write_string(bl_buffer *out, bl_slice text)
{
    size_t before = out->size;
    uint64_t seen = 0; // All bytes or'ed: the high bits say whether the text is more than ASCII.
    bl_buffer_reserve(out, text.size + 2);
    bl_buffer_append_char(out, '"');
    size_t start = 0;
    size_t at = 0;
    while (at < text.size) {
        uint64_t word;
        if (text.size - at >= sizeof(word)) {
            memcpy(&word, text.data + at, sizeof(word));
            if (!has_escaped(word)) {
                seen |= word;
                at += sizeof(word);
                continue;
            }
        }
        size_t end = at + sizeof(word) < text.size ? at + sizeof(word) : text.size;
        for (; at < end; at++) {
            seen |= (unsigned char)text.data[at];
            if (is_escaped((unsigned char)text.data[at])) {
                bl_buffer_append(out, text.data + start, at - start);
                bl_buffer_append_json_escape(out, (unsigned char)text.data[at]);
                start = at + 1;
            }
        }
    }
    if (start < text.size) {
        bl_buffer_append(out, text.data + start, text.size - start);
    }
    bl_buffer_append_char(out, '"');
    if ((seen & 0x8080808080808080u) != 0 && !bl_utf8_is_valid(text)) {
        out->size = before;
        write_repaired(out, text);
    }
}

// The significant digits of a positional text like "0.0012" or "1200", and the exponent e of
// d.ddd × 10^e. digits: as large as text.
static size_t significant_digits(bl_slice text, char *digits, int *exponent)
{
    size_t count = 0;
    int before_point = 0;
    bool is_before_point = true;
    int leading_zeros = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == '.') {
            is_before_point = false;
            continue;
        }
        if (count == 0 && c == '0') {
            leading_zeros += !is_before_point;
            continue;
        }
        digits[count++] = c;
        before_point += is_before_point;
    }
    while (count > 1 && digits[count - 1] == '0') {
        count -= 1;
    }
    *exponent = before_point > 0 ? before_point - 1 : -leading_zeros - 1;
    return count;
}

static void write_scientific(bl_buffer *out, bl_slice digits, int exponent)
{
    bl_buffer_append(out, digits.data, 1);
    if (digits.size > 1) {
        bl_buffer_append_char(out, '.');
        bl_buffer_append(out, digits.data + 1, digits.size - 1);
    }
    bl_buffer_format(out, "e%s%d", exponent < 0 ? "-" : "+", exponent < 0 ? -exponent : exponent);
}

static bool write_float(writer *self, double number)
{
    if (!isfinite(number)) {
        return refuse(self, isnan(number) ? BL_SLICE("float NaN")
                            : number > 0  ? BL_SLICE("float inf")
                                          : BL_SLICE("float -inf"));
    }
    char text[400];
    char digits[400];
    bl_slice positional = {text, vm_float_text(fabs(number), text)};
    if (signbit(number)) {
        bl_buffer_append_char(self->out, '-');
    }
    int exponent = 0;
    bl_slice significant = {digits, significant_digits(positional, digits, &exponent)};
    if (number != 0 && (exponent < -5 || exponent > 15)) {
        write_scientific(self->out, significant, exponent);
        return true;
    }
    bl_buffer_append_slice(self->out, positional);
    if (memchr(positional.data, '.', positional.size) == NULL) {
        bl_buffer_append(self->out, ".0", 2);
    }
    return true;
}

// ---- layout ----------------------------------------------------------------------------------

static void new_line(const writer *self)
{
    if (!self->is_pretty) {
        return;
    }
    bl_buffer_append_char(self->out, '\n');
    for (uint32_t i = 0; i < self->depth; i++) {
        bl_buffer_append(self->out, "  ", 2);
    }
}

static bool open(writer *self, char bracket)
{
    if (self->depth >= STD_JSON_WRITE_DEPTH_MAX) {
        return refuse(self, BL_SLICE("a value that is nested too deeply"));
    }
    // Parts that are shared are written once for each path to them: there may be no end.
    if (self->out->size > STD_JSON_WRITE_SIZE_MAX) {
        return refuse(self, BL_SLICE("a value whose text is too large"));
    }
    self->depth += 1;
    bl_buffer_append_char(self->out, bracket);
    return true;
}

// count: how many items came since open.
static void close_after(writer *self, char bracket, size_t count)
{
    self->depth -= 1;
    if (count > 0) {
        new_line(self);
    }
    bl_buffer_append_char(self->out, bracket);
}

static void begin_item(writer *self, size_t index)
{
    if (index > 0) {
        bl_buffer_append_char(self->out, ',');
    }
    new_line(self);
}

static void begin_member(writer *self, size_t index, bl_slice name)
{
    begin_item(self, index);
    write_string(self->out, name);
    bl_buffer_append(self->out, ": ", self->is_pretty ? 2 : 1);
}

// ---- containers ------------------------------------------------------------------------------

static bool write_array(writer *self, const vm_value *items, size_t count)
{
    if (!open(self, '[')) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        begin_item(self, i);
        if (!write_value(self, items[i])) {
            return false;
        }
    }
    close_after(self, ']', count);
    return true;
}

static bool write_record(writer *self, const vm_record *record)
{
    static const bl_slice type = {"type", 4};
    const vm_shape *shape = record->shape;
    bool is_type_due = shape->struct_name != NULL && vm_shape_find(shape, type) < 0;
    size_t written = 0;
    if (!open(self, '{')) {
        return false;
    }
    for (uint32_t i = 0; i < record->size; i++) {
        bl_slice name = {shape->names[i]->data, shape->names[i]->size};
        if (is_type_due && bl_slice_compare(type, name) < 0) {
            begin_member(self, written++, type);
            write_string(self->out, vm_text(vm_of(shape->struct_name)));
            is_type_due = false;
        }
        begin_member(self, written++, name);
        if (!write_value(self, record->fields[i])) {
            return false;
        }
    }
    if (is_type_due) {
        begin_member(self, written++, type);
        write_string(self->out, vm_text(vm_of(shape->struct_name)));
    }
    close_after(self, '}', written);
    return true;
}

// A single unit argument is not shown.
static bool write_variant(writer *self, const vm_ctor *ctor, const vm_value *items, size_t count)
{
    if (!open(self, '{')) {
        return false;
    }
    begin_member(self, 0, BL_SLICE("type"));
    write_string(self->out, (bl_slice){ctor->name->data, ctor->name->size});
    bool is_plain = count == 0 || (count == 1 && items[0].tag == VM_UNIT);
    if (!is_plain) {
        begin_member(self, 1, BL_SLICE("value"));
        if (count == 1 ? !write_value(self, items[0]) : !write_array(self, items, count)) {
            return false;
        }
    }
    close_after(self, '}', 1);
    return true;
}

static bool has_string_keys(const vm_map *map)
{
    vm_map_cursor cursor = {.map = map};
    vm_value key;
    vm_value value;
    while (vm_map_next(&cursor, &key, &value)) {
        if (key.tag != VM_STRING) {
            return false;
        }
    }
    return true;
}

typedef struct member {
    bl_slice name;
    vm_value value;
} member;

static int compare_members(const void *a, const void *b)
{
    return bl_slice_compare(((const member *)a)->name, ((const member *)b)->name);
}

static bool write_members(writer *self, const vm_map *map)
{
    size_t count = vm_map_size(map);
    member *members = bl_alloc((count + 1) * sizeof(*members));
    vm_map_cursor cursor = {.map = map};
    vm_value key;
    vm_value value;
    for (size_t i = 0; vm_map_next(&cursor, &key, &value); i++) {
        members[i] = (member){vm_text(key), value};
    }
    qsort(members, count, sizeof(*members), compare_members);
    bool is_written = open(self, '{');
    for (size_t i = 0; is_written && i < count; i++) {
        begin_member(self, i, members[i].name);
        is_written = write_value(self, members[i].value);
    }
    if (is_written) {
        close_after(self, '}', count);
    }
    bl_free(members);
    return is_written;
}

static bool write_pairs(writer *self, const vm_map *map)
{
    if (!open(self, '[')) {
        return false;
    }
    vm_map_cursor cursor = {.map = map};
    vm_value pair[2];
    for (size_t i = 0; vm_map_next(&cursor, &pair[0], &pair[1]); i++) {
        begin_item(self, i);
        if (!write_array(self, pair, 2)) {
            return false;
        }
    }
    close_after(self, ']', vm_map_size(map));
    return true;
}

static bool write_set(writer *self, const vm_map *set)
{
    if (!open(self, '[')) {
        return false;
    }
    vm_map_cursor cursor = {.map = set};
    vm_value item;
    vm_value nothing;
    for (size_t i = 0; vm_map_next(&cursor, &item, &nothing); i++) {
        begin_item(self, i);
        if (!write_value(self, item)) {
            return false;
        }
    }
    close_after(self, ']', vm_map_size(set));
    return true;
}

// ---- any value -------------------------------------------------------------------------------

static void write_int(bl_buffer *out, int64_t number)
{
    char digits[24];
    bl_buffer_append(out, digits, vm_int_text(number, digits));
}

// Recursion: open refuses to go beyond STD_JSON_WRITE_DEPTH_MAX.
static bool write_value(writer *self, vm_value value)
{
    switch ((vm_tag)value.tag) {
    case VM_INT:
        write_int(self->out, value.integer);
        return true;
    case VM_FLOAT:
        return write_float(self, value.number);
    case VM_BOOL:
        bl_buffer_append_slice(self->out, value.boolean ? BL_SLICE("true") : BL_SLICE("false"));
        return true;
    case VM_UNIT:
        bl_buffer_append_slice(self->out, BL_SLICE("null"));
        return true;
    case VM_STRING:
        write_string(self->out, vm_text(value));
        return true;
    case VM_LIST:
        return write_array(self, vm_list_items(value.list), value.list->size);
    case VM_TUPLE:
        return write_array(self, value.tuple->items, value.tuple->size);
    case VM_RECORD:
        return write_record(self, value.record);
    case VM_ATOM:
        return write_variant(self, value.ctor, NULL, 0);
    case VM_VARIANT:
        return write_variant(self, value.variant->ctor, value.variant->items, value.variant->size);
    case VM_MAP:
        return has_string_keys(value.map) ? write_members(self, value.map)
                                          : write_pairs(self, value.map);
    case VM_SET:
        return write_set(self, value.map);
    case VM_FUNCTION:
    case VM_NATIVE:
    case VM_MODULE:
    case VM_CLOSURE:
    case VM_BOX:
    case VM_RESUME:
    case VM_HANDLE:
        return refuse_value(self, value);
    }
    return false;
}

bool std_json_write(bl_buffer *out, vm_value value, std_json_style style, std_json_error *error)
{
    writer self = {.out = out, .error = error, .is_pretty = style == STD_JSON_PRETTY};
    return write_value(&self, value);
}
