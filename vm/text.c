// vm/text.c: the text form of values.
//
// A stack of open containers takes the place of recursion, so that no depth of data overflows the
// C stack. Inside of a map the text goes to a buffer of the map's own until its entries are sorted.
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "vm/chunk.h"
#include "vm/limits.h"
#include "vm/number_shim.h"
#include "vm/object.h"

enum {
    OPEN_INLINE = 16,
    TEXT_SIZE_MAX = VM_LIMIT_HEAP / 2 << 20, // Of one value: no heap holds much more.
    DIGITS_MAX = 17,                         // Enough for any double to read back.
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

typedef struct entry_text {
    size_t start;
    size_t size;
    const bl_buffer *buffer;
} entry_text;

// A map whose text is being written. Entries are sorted as text, so each is made whole first; a
// single one needs no sorting and goes straight to its place, so that a chain of maps in maps
// costs as much as it is long.
typedef struct open_map {
    vm_map_cursor cursor;
    vm_value value; // Of the entry whose key is being written.
    bool in_key;
    bool in_value;
    bl_buffer *outer;  // Where the text of the map goes.
    bl_buffer texts;   // Of the entries, one behind the other.
    entry_text *spans; // Of the entries in `texts`; NULL: there is only one entry.
    size_t count;
} open_map;

// A container whose text is being written.
typedef struct open_text {
    const vm_value *items;
    const vm_shape *shape; // Records: the names.
    size_t count;
    size_t index;
    const char *end;
    open_map *map;        // Maps: all of the state.
    const vm_map *set;    // Sets: what is counted by `index`,
    vm_map_cursor cursor; // and where it stands.
} open_text;

typedef struct writer {
    bl_buffer *out; // The text asked for, or the entries of the innermost open map.
    open_text *items;
    size_t count;
    size_t capacity;
    open_text inline_items[OPEN_INLINE];
} writer;

static void text_open(writer *to, open_text text)
{
    if (to->count == to->capacity) {
        bool is_inline = to->items == to->inline_items;
        to->capacity *= 2;
        size_t size = to->capacity * sizeof text;
        to->items = bl_realloc(is_inline ? NULL : to->items, size);
        if (is_inline) {
            memcpy(to->items, to->inline_items, sizeof to->inline_items);
        }
    }
    to->items[to->count] = text;
    to->count += 1;
}

static void append_text(bl_buffer *out, const char *text)
{
    bl_buffer_append(out, text, strlen(text));
}

static void append_name(bl_buffer *out, const vm_string *name)
{
    bl_buffer_append(out, name->data, name->size);
}

static void head_append(writer *to, vm_value value);

// ---- maps ---

static int entry_compare(const void *a, const void *b)
{
    const entry_text *left = a;
    const entry_text *right = b;
    return bl_slice_compare((bl_slice){left->buffer->data + left->start, left->size},
                            (bl_slice){right->buffer->data + right->start, right->size});
}

static void map_open(writer *to, const vm_map *map)
{
    append_text(to->out, "#{");
    size_t size = vm_map_size(map);
    open_map *open = bl_alloc(sizeof *open);
    *open = (open_map){.cursor = {.map = map}, .outer = to->out};
    if (size > 1) {
        open->spans = bl_alloc(size * sizeof *open->spans);
        to->out = &open->texts;
    }
    text_open(to, (open_text){.map = open});
}

static void map_close(writer *to, open_map *map)
{
    to->out = map->outer;
    if (map->spans != NULL) {
        qsort(map->spans, map->count, sizeof *map->spans, entry_compare);
        for (size_t i = 0; i < map->count; i += 1) {
            append_text(to->out, i == 0 ? "" : ", ");
            bl_buffer_append(to->out, map->texts.data + map->spans[i].start, map->spans[i].size);
        }
    }
    append_text(to->out, "}");
    bl_free(map->spans);
    bl_buffer_deinit(&map->texts);
    bl_free(map);
    to->count -= 1;
}

static void entry_close(open_map *map)
{
    map->in_value = false;
    if (map->spans != NULL && map->count > 0) {
        entry_text *span = &map->spans[map->count - 1];
        span->size = map->texts.size - span->start;
    }
}

// Goes on with a map: from a key to its value, to the next entry, or to the end.
static void map_step(writer *to, open_map *map)
{
    if (map->in_key) {
        append_text(to->out, ": ");
        map->in_key = false;
        map->in_value = true;
        head_append(to, map->value);
        return;
    }
    if (map->in_value) {
        entry_close(map);
    }
    vm_value key;
    if (!vm_map_next(&map->cursor, &key, &map->value)) {
        map_close(to, map);
        return;
    }
    if (map->spans != NULL) {
        map->spans[map->count] = (entry_text){.start = map->texts.size, .buffer = &map->texts};
        map->count += 1;
    }
    map->in_key = true;
    head_append(to, key);
}

// ---- one value ---

static void number_append(bl_buffer *out, vm_value value)
{
    enum { NUMBER_SIZE_MAX = 400 };
    char *text = bl_buffer_reserve(out, NUMBER_SIZE_MAX);
    out->size +=
        value.tag == VM_INT ? vm_int_text(value.integer, text) : vm_float_text(value.number, text);
}

static void items_open(writer *to, const char *begin, const vm_value *items, size_t count,
                       const char *end)
{
    append_text(to->out, begin);
    text_open(to, (open_text){.items = items, .count = count, .end = end});
}

static void record_open(writer *to, const vm_record *record)
{
    if (record->shape->struct_name != NULL) {
        append_name(to->out, record->shape->struct_name);
        append_text(to->out, " ");
    }
    append_text(to->out, "{ ");
    text_open(to, (open_text){.items = record->fields,
                              .shape = record->shape,
                              .count = record->size,
                              .end = " }"});
}

static void set_open(writer *to, const vm_map *set)
{
    append_text(to->out, "Set(");
    text_open(
        to, (open_text){.set = set, .cursor = {.map = set}, .count = vm_map_size(set), .end = ")"});
}

static void variant_open(writer *to, const vm_variant *variant)
{
    append_name(to->out, variant->ctor->name);
    bool is_plain = variant->size == 0 || (variant->size == 1 && variant->items[0].tag == VM_UNIT);
    if (!is_plain) {
        items_open(to, "(", variant->items, variant->size, ")");
    }
}

static void handle_append(bl_buffer *out, const vm_handle *handle)
{
    if (handle->handle_kind->text != NULL) {
        handle->handle_kind->text(out, handle);
        return;
    }
    append_text(out, "<");
    append_text(out, handle->handle_kind->name);
    append_text(out, ">");
}

// Writes the head of a value; a container is put on the stack.
static void head_append(writer *to, vm_value value)
{
    switch ((vm_tag)value.tag) {
    case VM_INT:
    case VM_FLOAT:
        number_append(to->out, value);
        return;
    case VM_BOOL:
        append_text(to->out, value.boolean ? "true" : "false");
        return;
    case VM_UNIT:
        append_text(to->out, "()");
        return;
    case VM_ATOM:
        append_name(to->out, value.ctor->name);
        return;
    case VM_FUNCTION:
    case VM_NATIVE:
    case VM_CLOSURE:
    case VM_RESUME:
        append_text(to->out, "<fn>");
        return;
    case VM_STRING:
    case VM_MODULE:
        append_name(to->out, value.string);
        return;
    case VM_LIST:
        items_open(to, "[", vm_list_items(value.list), value.list->size, "]");
        return;
    case VM_TUPLE:
        items_open(to, "(", value.tuple->items, value.tuple->size, ")");
        return;
    case VM_RECORD:
        record_open(to, value.record);
        return;
    case VM_VARIANT:
        variant_open(to, value.variant);
        return;
    case VM_MAP:
        map_open(to, value.map);
        return;
    case VM_SET:
        set_open(to, value.map);
        return;
    case VM_BOX:
        head_append(to, value.box->value);
        return;
    case VM_HANDLE:
        handle_append(to->out, value.handle);
        return;
    }
}

static vm_value next_item(open_text *text)
{
    if (text->set == NULL) {
        assert(text->items != NULL);
        return text->items[text->index];
    }
    vm_value key;
    vm_value value;
    bool found = vm_map_next(&text->cursor, &key, &value);
    BL_CHECK(found);
    return key;
}

// Goes on with the innermost open container.
static void step(writer *to)
{
    open_text *top = &to->items[to->count - 1];
    if (top->map != NULL) {
        map_step(to, top->map);
        return;
    }
    if (top->index == top->count) {
        append_text(to->out, top->end);
        to->count -= 1;
        return;
    }
    append_text(to->out, top->index == 0 ? "" : ", ");
    if (top->shape != NULL) {
        append_name(to->out, top->shape->names[top->index]);
        append_text(to->out, ": ");
    }
    vm_value item = next_item(top);
    top->index += 1;
    head_append(to, item);
}

// What is left open when the text has become too long. Nothing of it is lost, so that out shows it.
static void writer_abandon(writer *to)
{
    while (to->count > 0) {
        open_map *map = to->items[to->count - 1].map;
        if (map != NULL) {
            entry_close(map);
            map_close(to, map);
        } else {
            to->count -= 1;
        }
    }
}

void vm_text_append_max(bl_buffer *out, vm_value value, size_t size_max)
{
    if (value.tag == VM_STRING) {
        bl_buffer_append(out, value.string->data, value.string->size);
        return;
    }
    writer to; // Not zeroed: a number needs none of it.
    to.out = out;
    to.items = to.inline_items;
    to.count = 0;
    to.capacity = OPEN_INLINE;
    head_append(&to, value);
    while (to.count > 0 && to.out->size <= size_max) {
        step(&to);
    }
    writer_abandon(&to);
    if (to.items != to.inline_items) {
        bl_free(to.items);
    }
}

void vm_text_append(bl_buffer *out, vm_value value)
{
    vm_text_append_max(out, value, TEXT_SIZE_MAX);
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
