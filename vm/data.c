// vm/data.c: record fields and updates past the inline caches, tables of matches, type tests,
// captured variables that are frozen.
//
// A cache holds one shape of the program and where its names are. Shapes that belong to a heap are
// never cached: their memory may become another shape.
//
// A box that main! has left to a server (count 0) is read by many threads, so nobody writes to it.
// A task that assigns such a variable gets a value of its own for it, in its overlay: a handler
// sees its own assignments, no other request does, and the next one starts from the frozen value.
#include "vm/task.h"

typedef struct vm_overlay {
    const vm_box *box;
    vm_value value; // Owned.
} vm_overlay;

// ---- fields ---------------------------------------------------------------------------------

static const vm_ctor *ctor_of(vm_value value)
{
    return value.tag == VM_ATOM ? value.ctor : value.tag == VM_VARIANT ? value.variant->ctor : NULL;
}

static bool is_called(const vm_field *field, bl_slice name)
{
    return bl_slice_equal((bl_slice){field->name->data, field->name->size}, name);
}

vm_value vm_field_find(vm_task *task, const vm_field *field, vm_value value)
{
    if (value.tag != VM_RECORD) {
        const vm_ctor *ctor = ctor_of(value);
        return ctor != NULL && is_called(field, BL_SLICE("type")) ? vm_of(ctor->name) : vm_unit();
    }
    vm_shape *shape = value.record->shape;
    int index = vm_shape_find(shape, (bl_slice){field->name->data, field->name->size});
    if (index < 0) {
        return vm_unit();
    }
    if (shape->id != UINT32_MAX && index <= UINT16_MAX) {
        task->caches[field->cache_index] = (vm_cache){.shape = shape, .slots = {(uint16_t)index}};
    }
    return value.record->fields[index];
}

// What `value` reads of a variant: its payload, as JSON shows it.
static vm_value payload_of(vm_heap *heap, const vm_variant *variant)
{
    if (variant->size < 2) {
        return variant->size == 0 ? vm_unit() : vm_dup(variant->items[0]);
    }
    vm_value list = vm_list_make(heap, variant->size);
    for (uint32_t i = 0; i < variant->size; i += 1) {
        list = vm_list_push(heap, list, vm_dup(variant->items[i]));
    }
    return list;
}

vm_value vm_field_get(vm_task *task, const vm_field *field, vm_value value)
{
    if (value.tag == VM_VARIANT && is_called(field, BL_SLICE("value"))) {
        return payload_of(task->heap, value.variant);
    }
    return vm_dup(vm_field_find(task, field, value));
}

static void update_remember(vm_task *task, const vm_update *update, vm_shape *shape)
{
    if (update->count != 1) {
        return;
    }
    int index = vm_shape_find(shape, (bl_slice){update->names[0]->data, update->names[0]->size});
    if (shape->id != UINT32_MAX && index >= 0 && index <= UINT16_MAX) {
        task->caches[update->cache_index] = (vm_cache){.shape = shape, .slots = {(uint16_t)index}};
    }
}

// The same fields under the name of a struct. Consumes record.
static vm_value record_as(vm_task *task, vm_value record, vm_shape *shape)
{
    vm_record *old = record.record;
    if (old->shape == shape || old->size != shape->size) {
        return record;
    }
    for (uint32_t i = 0; i < shape->size; i += 1) {
        if (vm_name_compare(old->shape->names[i], shape->names[i]) != 0) {
            return record;
        }
    }
    vm_record *named =
        vm_object_take(task->heap, VM_RECORD, vm_items_size(sizeof *named, shape->size));
    named->size = shape->size;
    named->shape = shape;
    vm_dup_values(named->fields, old->fields, shape->size);
    vm_drop(task->heap, record);
    return vm_of(named);
}

bool vm_update_record(vm_task *task, const vm_update *update, vm_value *result, vm_value *operands)
{
    vm_value record = operands[0];
    if (record.tag != VM_RECORD) {
        return vm_raise(task, VM_FAULT_NOT_RECORD, record);
    }
    update_remember(task, update, record.record->shape);
    for (uint32_t i = 0; i < update->count; i += 1) {
        record = vm_record_with(task->heap, record, update->names[i], operands[1 + i]);
    }
    if (update->struct_shape != NULL) {
        record = record_as(task, record, update->struct_shape);
    }
    vm_set(result, record);
    return true;
}

// ---- matches on many numbers or texts --------------------------------------------------------

static int compare_keys(const vm_value *a, const vm_value *b)
{
    if (a->tag == VM_INT) {
        return (a->integer > b->integer) - (a->integer < b->integer);
    }
    if (a->string->size != b->string->size) {
        return a->string->size < b->string->size ? -1 : 1;
    }
    return memcmp(a->string->data, b->string->data, a->string->size);
}

// There is one key at least, and all are of one kind.
int32_t vm_switch_search(const vm_switch *table, const vm_value *value)
{
    uint32_t low = 0;
    uint32_t high = value->tag == table->keys[0].tag ? table->count : 0;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare_keys(value, &table->keys[middle]);
        if (order == 0) {
            return table->offsets[middle];
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return table->otherwise;
}

// ---- type tests -----------------------------------------------------------------------------

static bool is_of_ctors(const vm_type_test *test, vm_value value)
{
    if (value.tag != VM_ATOM && value.tag != VM_VARIANT) {
        return false;
    }
    const vm_ctor *ctor = value.tag == VM_ATOM ? value.ctor : value.variant->ctor;
    for (uint32_t i = 0; i < test->ctor_count; i += 1) {
        if (test->ctors[i] == ctor) {
            return true;
        }
    }
    return false;
}

static bool is_callable(vm_value value)
{
    return value.tag == VM_FUNCTION || value.tag == VM_NATIVE || value.tag == VM_CLOSURE ||
           value.tag == VM_RESUME;
}

bool vm_type_passes(const vm_type_test *test, vm_value value)
{
    while (test->kind == VM_TEST_LIST_OF) { // As deep as the type is written in the program.
        if (value.tag != VM_LIST) {
            return false;
        }
        if (value.list->size == 0) {
            return true;
        }
        value = vm_list_items(value.list)[0];
        test = test->element;
    }
    switch (test->kind) {
    case VM_TEST_SHAPE:
        return value.tag == VM_RECORD && vm_shape_equals(value.record->shape, test->shape);
    case VM_TEST_CALLABLE:
        return is_callable(value);
    case VM_TEST_CTORS:
        return is_of_ctors(test, value);
    case VM_TEST_KIND:
    case VM_TEST_LIST_OF:
        break;
    }
    return value.tag == (uint64_t)test->tag;
}

// ---- frozen variables -----------------------------------------------------------------------

static vm_overlay *overlay_find(vm_task *task, const vm_box *box)
{
    for (uint32_t i = 0; i < task->overlay_count; i += 1) {
        if (task->overlay[i].box == box) {
            return &task->overlay[i];
        }
    }
    return NULL;
}

vm_value vm_box_read(vm_task *task, vm_box *box)
{
    const vm_overlay *overlay = overlay_find(task, box);
    return overlay != NULL ? overlay->value : box->value;
}

void vm_box_write(vm_task *task, vm_box *box, vm_value value)
{
    vm_overlay *overlay = overlay_find(task, box);
    if (overlay != NULL) {
        vm_value old = overlay->value;
        overlay->value = value;
        vm_drop(task->heap, old);
        return;
    }
    if (task->overlay_count == task->overlay_capacity) {
        task->overlay_capacity = task->overlay_capacity == 0 ? 4 : task->overlay_capacity * 2;
        task->overlay = bl_realloc(task->overlay, task->overlay_capacity * sizeof *task->overlay);
    }
    task->overlay[task->overlay_count] = (vm_overlay){.box = box, .value = value};
    task->overlay_count += 1;
}

void vm_overlay_clear(vm_task *task)
{
    for (uint32_t i = 0; i < task->overlay_count; i += 1) {
        vm_drop(task->heap, task->overlay[i].value);
    }
    task->overlay_count = 0;
}
