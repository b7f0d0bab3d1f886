// vm/std/row.c: the module Row.
#include "vm/std/row.h"

#include <stdlib.h>

#include "vm/std/modules.h"
#include "vm/std/std.h"
#include "vm/std/text.h"
#include "vm/vm.h"

typedef struct row {
    vm_handle handle;
    vm_value names;  // List of Strings.
    vm_value values; // List; a blob is a tuple of its size.
} row;

static void row_destroy(vm_heap *heap, vm_handle *handle)
{
    row *self = (row *)handle;
    vm_drop(heap, self->names);
    vm_drop(heap, self->values);
}

static void append_cell(bl_buffer *out, vm_value cell)
{
    if (cell.tag == VM_UNIT) {
        bl_buffer_append_slice(out, BL_SLICE("null"));
    } else if (cell.tag == VM_TUPLE) {
        bl_buffer_format(out, "<blob:%lld bytes>", (long long)cell.tuple->items[0].integer);
    } else {
        vm_text_append(out, cell);
    }
}

static void row_text(bl_buffer *out, const vm_handle *handle)
{
    const row *self = (const row *)handle;
    const vm_value *names = vm_list_items(self->names.list);
    const vm_value *cells = vm_list_items(self->values.list);
    bl_buffer_append_slice(out, BL_SLICE("Row("));
    for (uint32_t i = 0; i < self->names.list->size; i++) {
        bl_buffer_append_slice(out, i > 0 ? BL_SLICE(", ") : BL_SLICE(""));
        bl_buffer_append_slice(out, vm_text(names[i]));
        bl_buffer_append_slice(out, BL_SLICE(": "));
        append_cell(out, cells[i]);
    }
    bl_buffer_append_char(out, ')');
}

static const vm_handle_kind row_kind = {
    .name = "Row", .destroy = row_destroy, .text = row_text, .size = sizeof(row)};

vm_value std_row_make(vm_heap *heap, vm_value names, vm_value values)
{
    vm_value made = vm_handle_make(heap, &row_kind);
    row *self = (row *)made.handle;
    self->names = vm_dup(names);
    self->values = values;
    return made;
}

vm_value std_row_blob(vm_heap *heap, size_t size)
{
    return vm_tuple_make(heap, &(vm_value){.integer = (int64_t)size, .tag = VM_INT}, 1);
}

// ---- cells -----------------------------------------------------------------------------------

static bool is_row(vm_value value)
{
    return value.tag == VM_HANDLE && value.handle->handle_kind == &row_kind;
}

static bool is_blob(vm_value cell)
{
    return cell.tag == VM_TUPLE;
}

// The first column of that name, compared exactly; NULL: there is none.
static const vm_value *find_cell(const row *self, bl_slice name)
{
    const vm_value *names = vm_list_items(self->names.list);
    for (uint32_t i = 0; i < self->names.list->size; i++) {
        if (bl_slice_equal(vm_text(names[i]), name)) {
            return &vm_list_items(self->values.list)[i];
        }
    }
    return NULL;
}

// The cell of a call (row, column); NULL: it has failed.
static const vm_value *cell_of(vm_task *task, const char *name, const vm_value *args)
{
    if (!is_row(args[0]) || !std_is_string(args[1])) {
        vm_fail(task, "%s: expected (Row, String)", name);
        return NULL;
    }
    const vm_value *cell = find_cell((const row *)args[0].handle, vm_text(args[1]));
    if (cell == NULL) {
        vm_fail(task, "%s: column '%.*s' not found", name, BL_SLICE_ARG(vm_text(args[1])));
    }
    return cell;
}

static vm_value text_of_cell(vm_heap *heap, vm_value cell)
{
    if (cell.tag == VM_UNIT) {
        return std_ascii(heap, "", 0);
    }
    return is_blob(cell) ? std_ascii(heap, "<blob>", 6) : std_text_of(heap, cell);
}

static int64_t truncate(double number)
{
    if (number != number) {
        return 0;
    }
    if (number >= 0x1p63) {
        return INT64_MAX;
    }
    return number <= -0x1p63 ? INT64_MIN : (int64_t)number;
}

// False: the cell is text that is no whole number, NULL or a blob.
static bool int_of_cell(vm_value cell, int64_t *number)
{
    if (cell.tag == VM_STRING) {
        return std_parse_int(vm_text(cell), number);
    }
    if (!std_is_number(cell)) {
        return false;
    }
    *number = cell.tag == VM_INT ? cell.integer : truncate(cell.number);
    return true;
}

// A decimal number with nothing around it.
static bool parse_float(bl_slice text, double *number)
{
    char copy[400];
    if (text.size == 0 || text.size >= sizeof(copy)) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if ((c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E') {
            return false;
        }
    }
    memcpy(copy, text.data, text.size);
    copy[text.size] = 0;
    char *end;
    *number = strtod(copy, &end);
    return *end == 0;
}

static bool float_of_cell(vm_value cell, double *number)
{
    if (cell.tag == VM_STRING) {
        return parse_float(vm_text(cell), number);
    }
    *number = std_is_number(cell) ? std_number(cell) : 0;
    return std_is_number(cell);
}

static bool bool_of_cell(vm_value cell)
{
    if (cell.tag == VM_STRING) {
        bl_slice text = vm_text(cell);
        return bl_slice_equal(text, BL_SLICE("1")) || bl_slice_equal(text, BL_SLICE("true"));
    }
    return std_is_number(cell) && std_number(cell) != 0;
}

// ---- accessors -------------------------------------------------------------------------------

static vm_status row_string(vm_task *task, vm_value *args, vm_value *result)
{
    const vm_value *cell = cell_of(task, "Row.string", args);
    return cell == NULL ? VM_FAIL : std_give(result, text_of_cell(vm_task_heap(task), *cell));
}

static vm_status row_int(vm_task *task, vm_value *args, vm_value *result)
{
    const vm_value *cell = cell_of(task, "Row.int", args);
    if (cell == NULL) {
        return VM_FAIL;
    }
    if (is_blob(*cell)) {
        return vm_fail(task, "Row.int: column '%.*s' is a blob", BL_SLICE_ARG(vm_text(args[1])));
    }
    int64_t number = 0;
    bool is_number = int_of_cell(*cell, &number);
    return std_give(result, vm_int(is_number ? number : 0));
}

static vm_status row_float(vm_task *task, vm_value *args, vm_value *result)
{
    const vm_value *cell = cell_of(task, "Row.float", args);
    if (cell == NULL) {
        return VM_FAIL;
    }
    if (is_blob(*cell)) {
        return vm_fail(task, "Row.float: column '%.*s' is a blob", BL_SLICE_ARG(vm_text(args[1])));
    }
    double number = 0;
    bool is_number = float_of_cell(*cell, &number);
    return std_give(result, vm_float(is_number ? number : 0));
}

static vm_status row_bool(vm_task *task, vm_value *args, vm_value *result)
{
    const vm_value *cell = cell_of(task, "Row.bool", args);
    return cell == NULL ? VM_FAIL : std_give(result, vm_bool(bool_of_cell(*cell)));
}

static vm_status row_optional_string(vm_task *task, vm_value *args, vm_value *result)
{
    const vm_value *cell = cell_of(task, "Row.optional_string", args);
    if (cell == NULL) {
        return VM_FAIL;
    }
    vm_heap *heap = vm_task_heap(task);
    return std_give(result,
                    cell->tag == VM_UNIT ? vm_none() : vm_some(heap, text_of_cell(heap, *cell)));
}

static vm_status row_optional_int(vm_task *task, vm_value *args, vm_value *result)
{
    const vm_value *cell = cell_of(task, "Row.optional_int", args);
    if (cell == NULL) {
        return VM_FAIL;
    }
    int64_t number = 0;
    bool is_number = int_of_cell(*cell, &number);
    return std_give(result, is_number ? vm_some(vm_task_heap(task), vm_int(number)) : vm_none());
}

// ---- decode ----------------------------------------------------------------------------------

static const char *kind_name(vm_schema_kind kind)
{
    switch (kind) {
    case VM_SCHEMA_INT:
        return "Int";
    case VM_SCHEMA_STRING:
        return "String";
    case VM_SCHEMA_BOOL:
        return "Bool";
    case VM_SCHEMA_FLOAT:
        return "Float";
    case VM_SCHEMA_ANY:
    case VM_SCHEMA_RECORD:
        return "?";
    }
    return "?";
}

// A cell as a value of the kind; false: it has no number where one is asked for.
static bool convert(vm_heap *heap, vm_value cell, vm_schema_kind kind, vm_value *value)
{
    int64_t integer = 0;
    double number = 0;
    bool is_one = true;
    switch (kind) {
    case VM_SCHEMA_INT:
        is_one = int_of_cell(cell, &integer);
        *value = vm_int(is_one ? integer : 0);
        return is_one;
    case VM_SCHEMA_FLOAT:
        is_one = float_of_cell(cell, &number);
        *value = vm_float(is_one ? number : 0);
        return is_one;
    case VM_SCHEMA_BOOL:
        *value = vm_bool(bool_of_cell(cell));
        return true;
    case VM_SCHEMA_STRING:
        *value = text_of_cell(heap, cell);
        return true;
    case VM_SCHEMA_ANY:
    case VM_SCHEMA_RECORD: // The checker refuses records; an Unknown field takes what there is.
        *value = std_is_number(cell) ? cell : text_of_cell(heap, cell);
        return true;
    }
    return false;
}

static vm_value decode_optional(vm_heap *heap, const vm_value *cell, vm_schema_kind kind)
{
    vm_value value;
    if (cell == NULL || cell->tag == VM_UNIT || !convert(heap, *cell, kind, &value)) {
        return vm_none();
    }
    return vm_some(heap, value);
}

static vm_status decode_plain(vm_task *task, const vm_value *cell, const vm_schema *schema,
                              const vm_schema_field *field, vm_value *value)
{
    bl_slice name = {field->name->data, field->name->size};
    const char *kind = kind_name(field->kind);
    if (cell == NULL) {
        return vm_fail(task, "Row.decode: column '%.*s' not found in row (struct %s requires it)",
                       BL_SLICE_ARG(name), schema->name);
    }
    if (cell->tag == VM_UNIT) {
        return vm_fail(task,
                       "Row.decode: column '%.*s' is NULL but struct %s declares it as %s — use "
                       "Option<%s> for nullable columns",
                       BL_SLICE_ARG(name), schema->name, kind, kind);
    }
    bool is_number = field->kind == VM_SCHEMA_INT || field->kind == VM_SCHEMA_FLOAT;
    if (is_blob(*cell) && is_number) {
        return vm_fail(task, "Row.decode: column '%.*s' is a blob (struct %s requires %s)",
                       BL_SLICE_ARG(name), schema->name, kind);
    }
    convert(vm_task_heap(task), *cell, field->kind, value);
    return VM_OK;
}

static const vm_schema *find_schema(const vm_program *program, vm_value type)
{
    if (program == NULL || type.tag != VM_MODULE) {
        return NULL;
    }
    bl_slice wanted = {type.string->data, type.string->size};
    for (uint32_t i = 0; i < program->schema_count; i++) {
        if (bl_slice_equal(bl_slice_of(program->schemas[i].name), wanted)) {
            return &program->schemas[i];
        }
    }
    return NULL;
}

static vm_status row_decode(vm_task *task, vm_value *args, vm_value *result)
{
    const vm_schema *schema = find_schema(vm_task_program(task), args[1]);
    if (!is_row(args[0]) || schema == NULL) {
        return vm_fail(task, "Row.decode: expected (Row, Type)");
    }
    vm_heap *heap = vm_task_heap(task);
    const row *self = (const row *)args[0].handle;
    vm_value *fields = bl_alloc((schema->field_count + 1) * sizeof(*fields));
    vm_status status = VM_OK;
    uint32_t count = 0;
    for (; count < schema->field_count && status == VM_OK; count++) {
        const vm_schema_field *field = &schema->fields[count];
        const vm_value *cell = find_cell(self, (bl_slice){field->name->data, field->name->size});
        fields[count] = vm_unit();
        if (field->optional) {
            fields[count] = decode_optional(heap, cell, field->kind);
        } else {
            status = decode_plain(task, cell, schema, field, &fields[count]);
        }
    }
    if (status == VM_OK) {
        *result = vm_record_make(heap, schema->shape, fields);
    }
    for (uint32_t i = 0; status != VM_OK && i < count; i++) {
        vm_drop(heap, fields[i]);
    }
    bl_free(fields);
    return status;
}

static vm_native natives[] = {
#include "vm/std/row.def"
};

vm_module std_row_module = STD_MODULE("Row", "row", VM_PRELUDE_SERVER, NULL);
