// vm/text.c: the text form of values.
//
// A stack of open containers takes the place of recursion. Only maps recurse (their entries are
// sorted as text, so each is made whole first), up to MAP_DEPTH_MAX levels of maps.
#include <math.h>
#include <stdlib.h>

#include "vm/chunk.h"
#include "vm/number_shim.h"
#include "vm/object.h"

enum {
    OPEN_INLINE = 16,
    MAP_DEPTH_MAX = 200,
    DIGITS_MAX = 17, // Enough for any double to read back.
};

// ---- numbers --------------------------------------------------------------------------------

size_t vm_int_text(int64_t integer, char *out)
{
    char digits[20];
    size_t count = 0;
    uint64_t rest = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;
    do {
        digits[count] = (char)('0' + rest % 10);
        count += 1;
        rest /= 10;
    } while (rest > 0);
    size_t size = 0;
    if (integer < 0) {
        out[0] = '-';
        size = 1;
    }
    while (count > 0) {
        count -= 1;
        out[size] = digits[count];
        size += 1;
    }
    return size;
}

// A number as digits d1 d2 … dn with the point before d1, times ten to the exponent.
typedef struct decimal_digits {
    char digits[DIGITS_MAX];
    int count;
    int exponent;
} decimal_digits;

// number > 0.
static void decimal_shortest(decimal_digits *decimal, double number)
{
    char text[VM_SCIENTIFIC_SIZE + 1];
    size_t size = vm_number_scientific(number, text);
    text[size] = '\0';
    const char *mark = memchr(text, 'e', size);
    BL_CHECK(mark != NULL);
    decimal->count = 0;
    for (const char *c = text; c < mark; c += 1) {
        if (*c != '.') {
            decimal->digits[decimal->count] = *c;
            decimal->count += 1;
        }
    }
    decimal->exponent = (int)strtol(mark + 1, NULL, 10) + 1;
}

static size_t decimal_write(const decimal_digits *decimal, char *out)
{
    size_t size = 0;
    if (decimal->exponent <= 0) {
        out[0] = '0';
        out[1] = '.';
        size = 2;
        memset(out + size, '0', (size_t)-decimal->exponent);
        size += (size_t)-decimal->exponent;
    }
    for (int i = 0; i < decimal->count; i += 1) {
        if (i > 0 && i == decimal->exponent) {
            out[size] = '.';
            size += 1;
        }
        out[size] = decimal->digits[i];
        size += 1;
    }
    for (int i = decimal->count; i < decimal->exponent; i += 1) {
        out[size] = '0';
        size += 1;
    }
    return size;
}

static size_t put(char *out, const char *text)
{
    size_t size = strlen(text);
    memcpy(out, text, size);
    return size;
}

size_t vm_float_text(double number, char *out)
{
    if (isnan(number)) {
        return put(out, "NaN");
    }
    size_t size = 0;
    if (signbit(number)) {
        out[0] = '-';
        size = 1;
        number = -number;
    }
    if (isinf(number)) {
        return size + put(out + size, "inf");
    }
    if (number < 0x1p53 && number == (double)(int64_t)number) {
        return size + vm_int_text((int64_t)number, out + size);
    }
    decimal_digits decimal = {.count = 0};
    decimal_shortest(&decimal, number);
    return size + decimal_write(&decimal, out + size);
}

// ---- any value ------------------------------------------------------------------------------

// A container whose text is being written.
typedef struct open_text {
    const vm_value *items;
    const vm_shape *shape; // Records: the names.
    size_t count;
    size_t index;
    const char *end;
} open_text;

typedef struct open_texts {
    open_text *items;
    size_t count;
    size_t capacity;
    open_text inline_items[OPEN_INLINE];
} open_texts;

static void text_open(open_texts *open, open_text text)
{
    if (open->count == open->capacity) {
        bool is_inline = open->items == open->inline_items;
        open->capacity *= 2;
        size_t size = open->capacity * sizeof text;
        open->items = bl_realloc(is_inline ? NULL : open->items, size);
        if (is_inline) {
            memcpy(open->items, open->inline_items, sizeof open->inline_items);
        }
    }
    open->items[open->count] = text;
    open->count += 1;
}

static void append_text(bl_buffer *out, const char *text)
{
    bl_buffer_append(out, text, strlen(text));
}

static void append_name(bl_buffer *out, const vm_string *name)
{
    bl_buffer_append(out, name->data, name->size);
}

static void value_append(bl_buffer *out, vm_value value, uint32_t map_depth);

// ---- maps and sets ---

typedef struct entry_text {
    size_t start; // Of the buffer that all entries share.
    size_t size;
    const bl_buffer *buffer;
} entry_text;

static int entry_compare(const void *a, const void *b)
{
    const entry_text *left = a;
    const entry_text *right = b;
    return bl_slice_compare((bl_slice){left->buffer->data + left->start, left->size},
                            (bl_slice){right->buffer->data + right->start, right->size});
}

static void set_append(bl_buffer *out, const vm_map *set, uint32_t map_depth)
{
    append_text(out, "Set(");
    vm_map_cursor cursor = {.map = set};
    vm_value key;
    vm_value value;
    for (size_t i = 0; vm_map_next(&cursor, &key, &value); i += 1) {
        append_text(out, i == 0 ? "" : ", ");
        value_append(out, key, map_depth + 1);
    }
    append_text(out, ")");
}

static void map_append(bl_buffer *out, const vm_map *map, uint32_t map_depth)
{
    bl_buffer texts = {0};
    size_t count = 0;
    entry_text *entries = bl_alloc((vm_map_size(map) + 1) * sizeof *entries);
    vm_map_cursor cursor = {.map = map};
    vm_value key;
    vm_value value;
    while (vm_map_next(&cursor, &key, &value)) {
        size_t start = texts.size;
        value_append(&texts, key, map_depth + 1);
        append_text(&texts, ": ");
        value_append(&texts, value, map_depth + 1);
        entries[count] = (entry_text){start, texts.size - start, &texts};
        count += 1;
    }
    qsort(entries, count, sizeof *entries, entry_compare);
    append_text(out, "#{");
    for (size_t i = 0; i < count; i += 1) {
        append_text(out, i == 0 ? "" : ", ");
        bl_buffer_append(out, texts.data + entries[i].start, entries[i].size);
    }
    append_text(out, "}");
    bl_free(entries);
    bl_buffer_deinit(&texts);
}

static void map_or_set_append(bl_buffer *out, vm_value value, uint32_t map_depth)
{
    if (map_depth >= MAP_DEPTH_MAX) {
        append_text(out, "…");
    } else if (value.tag == VM_SET) {
        set_append(out, value.map, map_depth);
    } else {
        map_append(out, value.map, map_depth);
    }
}

// ---- one value ---

static void number_append(bl_buffer *out, vm_value value)
{
    enum { NUMBER_SIZE_MAX = 400 };
    char *to = bl_buffer_reserve(out, NUMBER_SIZE_MAX);
    out->size +=
        value.tag == VM_INT ? vm_int_text(value.integer, to) : vm_float_text(value.number, to);
}

static void record_open(bl_buffer *out, open_texts *open, const vm_record *record)
{
    if (record->shape->struct_name != NULL) {
        append_name(out, record->shape->struct_name);
        append_text(out, " ");
    }
    append_text(out, "{ ");
    text_open(open, (open_text){.items = record->fields,
                                .shape = record->shape,
                                .count = record->size,
                                .end = " }"});
}

static void variant_open(bl_buffer *out, open_texts *open, const vm_variant *variant)
{
    append_name(out, variant->ctor->name);
    bool is_plain = variant->size == 0 || (variant->size == 1 && variant->items[0].tag == VM_UNIT);
    if (!is_plain) {
        append_text(out, "(");
        text_open(open, (open_text){.items = variant->items, .count = variant->size, .end = ")"});
    }
}

// Writes the head of a value; a container is put on the stack.
static void head_append(bl_buffer *out, open_texts *open, vm_value value, uint32_t map_depth)
{
    switch ((vm_tag)value.tag) {
    case VM_INT:
    case VM_FLOAT:
        number_append(out, value);
        return;
    case VM_BOOL:
        append_text(out, value.boolean ? "true" : "false");
        return;
    case VM_UNIT:
        append_text(out, "()");
        return;
    case VM_ATOM:
        append_name(out, value.ctor->name);
        return;
    case VM_FUNCTION:
    case VM_NATIVE:
    case VM_CLOSURE:
    case VM_RESUME:
        append_text(out, "<fn>");
        return;
    case VM_STRING:
    case VM_MODULE:
        append_name(out, value.string);
        return;
    case VM_LIST:
        append_text(out, "[");
        text_open(
            open,
            (open_text){.items = vm_list_items(value.list), .count = value.list->size, .end = "]"});
        return;
    case VM_TUPLE:
        append_text(out, "(");
        text_open(open,
                  (open_text){.items = value.tuple->items, .count = value.tuple->size, .end = ")"});
        return;
    case VM_RECORD:
        record_open(out, open, value.record);
        return;
    case VM_VARIANT:
        variant_open(out, open, value.variant);
        return;
    case VM_MAP:
    case VM_SET:
        map_or_set_append(out, value, map_depth);
        return;
    case VM_BOX:
        head_append(out, open, value.box->value, map_depth);
        return;
    case VM_HANDLE:
        if (value.handle->handle_kind->text != NULL) {
            value.handle->handle_kind->text(out, value.handle);
            return;
        }
        append_text(out, "<");
        append_text(out, value.handle->handle_kind->name);
        append_text(out, ">");
        return;
    }
}

static void value_append(bl_buffer *out, vm_value value, uint32_t map_depth)
{
    open_texts open; // Not zeroed: a number needs none of it.
    open.items = open.inline_items;
    open.count = 0;
    open.capacity = OPEN_INLINE;
    head_append(out, &open, value, map_depth);
    while (open.count > 0) {
        open_text *top = &open.items[open.count - 1];
        if (top->index == top->count) {
            append_text(out, top->end);
            open.count -= 1;
            continue;
        }
        append_text(out, top->index == 0 ? "" : ", ");
        if (top->shape != NULL) {
            append_name(out, top->shape->names[top->index]);
            append_text(out, ": ");
        }
        vm_value item = top->items[top->index];
        top->index += 1;
        head_append(out, &open, item, map_depth);
    }
    if (open.items != open.inline_items) {
        bl_free(open.items);
    }
}

void vm_text_append(bl_buffer *out, vm_value value)
{
    if (value.tag == VM_STRING) {
        bl_buffer_append(out, value.string->data, value.string->size);
        return;
    }
    value_append(out, value, 0);
}

const char *vm_kind_name(vm_value value)
{
    static const char *const names[] = {
        [VM_INT] = "Int",          [VM_FLOAT] = "Float",   [VM_BOOL] = "Bool",
        [VM_UNIT] = "()",          [VM_ATOM] = "Enum",     [VM_FUNCTION] = "Function",
        [VM_NATIVE] = "Function",  [VM_MODULE] = "Module", [VM_STRING] = "String",
        [VM_LIST] = "List",        [VM_TUPLE] = "Tuple",   [VM_RECORD] = "Record",
        [VM_VARIANT] = "Enum",     [VM_MAP] = "Map",       [VM_SET] = "Set",
        [VM_CLOSURE] = "Function", [VM_BOX] = "Variable",  [VM_RESUME] = "Function",
        [VM_HANDLE] = "Handle",
    };
    return value.tag == VM_HANDLE ? value.handle->handle_kind->name : names[value.tag];
}
