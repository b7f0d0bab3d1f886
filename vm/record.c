// vm/record.c: tuples, variants, records with their shapes, closures, boxes, handles, constructors.
//
// A record is its shape and the fields in the shape's order. Shapes that the program names are
// immortal and compared by pointer; those of records that come from outside belong to a heap, are
// counted, and are told apart from the others by id UINT32_MAX.
#include <assert.h>

#include "vm/object.h"
#include "vm/value.h"

// ---- standard constructors ------------------------------------------------------------------

#define STANDARD_STRING(text)                                                                      \
    {                                                                                              \
        .header = {.kind = VM_STRING, .flags = VM_STRING_ASCII}, .size = sizeof(text) - 1,         \
        .data = (text)                                                                             \
    }

static vm_string standard_names[VM_CTOR_STANDARD_COUNT] = {
    [VM_CTOR_NONE] = STANDARD_STRING("None"),
    [VM_CTOR_SOME] = STANDARD_STRING("Some"),
    [VM_CTOR_OK] = STANDARD_STRING("Ok"),
    [VM_CTOR_ERR] = STANDARD_STRING("Err"),
};

static const vm_ctor standard_ctors[VM_CTOR_STANDARD_COUNT] = {
    [VM_CTOR_NONE] = {.id = VM_CTOR_NONE, .arity = 0, .name = &standard_names[VM_CTOR_NONE]},
    [VM_CTOR_SOME] = {.id = VM_CTOR_SOME, .arity = 1, .name = &standard_names[VM_CTOR_SOME]},
    [VM_CTOR_OK] = {.id = VM_CTOR_OK, .arity = 1, .name = &standard_names[VM_CTOR_OK]},
    [VM_CTOR_ERR] = {.id = VM_CTOR_ERR, .arity = 1, .name = &standard_names[VM_CTOR_ERR]},
};

const vm_ctor *const vm_standard_ctors[VM_CTOR_STANDARD_COUNT] = {
    [VM_CTOR_NONE] = &standard_ctors[VM_CTOR_NONE],
    [VM_CTOR_SOME] = &standard_ctors[VM_CTOR_SOME],
    [VM_CTOR_OK] = &standard_ctors[VM_CTOR_OK],
    [VM_CTOR_ERR] = &standard_ctors[VM_CTOR_ERR],
};

#undef STANDARD_STRING

vm_ctor *vm_ctor_dynamic(vm_heap *heap, bl_slice name)
{
    vm_string *text = vm_string_slice(heap, name).string;
    vm_ctor *ctor = vm_object_take(heap, VM_UNIT, sizeof *ctor);
    ctor->id = UINT32_MAX;
    ctor->arity = 0;
    ctor->name = text;
    return ctor;
}

// ---- tuples and variants --------------------------------------------------------------------

vm_value vm_tuple_make(vm_heap *heap, const vm_value *items, size_t size)
{
    vm_tuple *tuple = vm_object_take(heap, VM_TUPLE, vm_items_size(sizeof *tuple, size));
    tuple->size = (uint32_t)size;
    vm_move_values(tuple->items, items, size);
    return vm_of(tuple);
}

vm_value vm_variant_make(vm_heap *heap, const vm_ctor *ctor, const vm_value *items, size_t size)
{
    vm_variant *variant = vm_object_take(heap, VM_VARIANT, vm_items_size(sizeof *variant, size));
    variant->size = (uint32_t)size;
    variant->ctor = ctor;
    vm_move_values(variant->items, items, size);
    return vm_of(variant);
}

vm_value vm_some(vm_heap *heap, vm_value value)
{
    return vm_variant_make(heap, vm_standard_ctors[VM_CTOR_SOME], &value, 1);
}

vm_value vm_none(void)
{
    return vm_atom(vm_standard_ctors[VM_CTOR_NONE]);
}

vm_value vm_ok(vm_heap *heap, vm_value value)
{
    return vm_variant_make(heap, vm_standard_ctors[VM_CTOR_OK], &value, 1);
}

vm_value vm_err(vm_heap *heap, vm_value value)
{
    return vm_variant_make(heap, vm_standard_ctors[VM_CTOR_ERR], &value, 1);
}

bool vm_is_ctor(vm_value value, vm_ctor_id id)
{
    if (value.tag == VM_ATOM) {
        return value.ctor->id == (uint32_t)id;
    }
    return value.tag == VM_VARIANT && value.variant->ctor->id == (uint32_t)id;
}

// ---- shapes ---------------------------------------------------------------------------------

int vm_name_compare(const vm_string *a, const vm_string *b)
{
    if (a == b) {
        return 0;
    }
    return bl_slice_compare((bl_slice){a->data, a->size}, (bl_slice){b->data, b->size});
}

vm_shape *vm_shape_make(vm_heap *heap, vm_string *struct_name, vm_string *const *names, size_t size)
{
    size_t whole = sizeof(vm_shape) + size * sizeof(vm_string *);
    vm_shape *shape = vm_object_take(heap, VM_UNIT, whole);
    shape->size = (uint32_t)size;
    shape->id = UINT32_MAX;
    shape->struct_name = struct_name;
    if (size > 0) {
        memcpy(shape->names, names, size * sizeof *names);
    }
    return shape;
}

int vm_shape_find(const vm_shape *shape, bl_slice name)
{
    uint32_t low = 0;
    uint32_t high = shape->size;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const vm_string *candidate = shape->names[middle];
        int order = bl_slice_compare((bl_slice){candidate->data, candidate->size}, name);
        if (order == 0) {
            return (int)middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return -1;
}

// ---- records --------------------------------------------------------------------------------

static vm_record *record_alloc(vm_heap *heap, vm_shape *shape)
{
    vm_record *record =
        vm_object_take(heap, VM_RECORD, vm_items_size(sizeof(vm_record), shape->size));
    record->size = shape->size;
    record->shape = shape;
    return record;
}

vm_value vm_record_make(vm_heap *heap, vm_shape *shape, const vm_value *fields)
{
    vm_object_dup(&shape->header);
    vm_record *record = record_alloc(heap, shape);
    vm_move_values(record->fields, fields, shape->size);
    return vm_of(record);
}

const vm_value *vm_record_field(const vm_record *record, bl_slice name)
{
    int index = vm_shape_find(record->shape, name);
    return index < 0 ? NULL : &record->fields[index];
}

// Heap sort, stable by the tie on position: names come from outside, so no order of them may cost
// more than size * log(size), and no size may use more of the C stack.
static bool entry_is_less(const vm_value *names, const uint32_t *order, uint32_t a, uint32_t b)
{
    int compared = vm_name_compare(names[order[a]].string, names[order[b]].string);
    return compared < 0 || (compared == 0 && order[a] < order[b]);
}

static void sift_down(const vm_value *names, uint32_t *order, uint32_t root, uint32_t size)
{
    for (;;) {
        uint32_t child = 2 * root + 1;
        if (child >= size) {
            return;
        }
        if (child + 1 < size && entry_is_less(names, order, child, child + 1)) {
            child += 1;
        }
        if (!entry_is_less(names, order, root, child)) {
            return;
        }
        uint32_t moved = order[root];
        order[root] = order[child];
        order[child] = moved;
        root = child;
    }
}

static void sort_entries(const vm_value *names, uint32_t *order, uint32_t size)
{
    for (uint32_t i = size / 2; i > 0; i -= 1) {
        sift_down(names, order, i - 1, size);
    }
    for (uint32_t i = size; i > 1; i -= 1) {
        uint32_t largest = order[0];
        order[0] = order[i - 1];
        order[i - 1] = largest;
        sift_down(names, order, 0, i - 1);
    }
}

vm_value vm_record_from(vm_heap *heap, vm_value *names, vm_value *values, size_t size)
{
    uint32_t count = (uint32_t)size;
    size_t order_size = (size + 1) * sizeof(uint32_t);
    uint32_t *order = vm_heap_alloc_raw(heap, order_size);
    for (uint32_t i = 0; i < count; i += 1) {
        order[i] = i;
    }
    sort_entries(names, order, count);
    uint32_t kept = 0; // Of equal names the last, which is the last of its run.
    for (uint32_t i = 0; i < count; i += 1) {
        uint32_t entry = order[i];
        if (i + 1 < count &&
            vm_name_compare(names[entry].string, names[order[i + 1]].string) == 0) {
            vm_drop(heap, names[entry]);
            vm_drop(heap, values[entry]);
            continue;
        }
        order[kept] = entry;
        kept += 1;
    }
    vm_shape *shape = vm_shape_make(heap, NULL, NULL, 0);
    if (kept > 0) {
        shape =
            vm_heap_resize(heap, shape, sizeof *shape, sizeof *shape + kept * sizeof(vm_string *));
        shape->size = kept;
    }
    vm_record *record = record_alloc(heap, shape);
    for (uint32_t i = 0; i < kept; i += 1) {
        shape->names[i] = names[order[i]].string;
        record->fields[i] = values[order[i]];
    }
    vm_heap_free_raw(heap, order, order_size);
    return vm_of(record);
}

// A copy of record with all its parts counted once more, in a shape with one name more at index.
static vm_record *record_widen(vm_heap *heap, const vm_record *record, vm_string *name,
                               uint32_t index)
{
    const vm_shape *old = record->shape;
    vm_shape *shape = vm_heap_take(heap, sizeof *shape + (old->size + 1) * sizeof(vm_string *));
    *shape = (vm_shape){.header = {.count = 1, .kind = VM_UNIT},
                        .size = old->size + 1,
                        .id = UINT32_MAX,
                        .struct_name = old->struct_name};
    if (shape->struct_name != NULL) {
        vm_object_dup(&shape->struct_name->header);
    }
    vm_record *copy = record_alloc(heap, shape);
    for (uint32_t i = 0; i < old->size; i += 1) {
        uint32_t to = i < index ? i : i + 1;
        shape->names[to] = old->names[i];
        vm_object_dup(&old->names[i]->header);
        copy->fields[to] = vm_dup(record->fields[i]);
    }
    shape->names[index] = name;
    vm_object_dup(&name->header);
    copy->fields[index] = vm_unit();
    return copy;
}

vm_value vm_record_with(vm_heap *heap, vm_value record, vm_string *name, vm_value value)
{
    vm_record *old = record.record;
    vm_shape *shape = old->shape;
    int found = vm_shape_find(shape, (bl_slice){name->data, name->size});
    uint32_t index = (uint32_t)found;
    if (found < 0) {
        index = 0;
        while (index < shape->size && vm_name_compare(shape->names[index], name) < 0) {
            index += 1;
        }
        old = record_widen(heap, record.record, name, index);
        vm_drop(heap, record);
    } else if (!vm_is_unique(&old->header)) {
        vm_object_dup(&shape->header);
        old = record_alloc(heap, shape);
        vm_dup_values(old->fields, record.record->fields, shape->size);
        vm_drop(heap, record);
    }
    vm_drop(heap, old->fields[index]);
    old->fields[index] = value;
    return vm_of(old);
}

// ---- boxes and handles ----------------------------------------------------------------------

vm_value vm_closure_make(vm_heap *heap, const vm_function *function, const vm_value *captures,
                         size_t size)
{
    vm_closure *closure = vm_object_take(heap, VM_CLOSURE, vm_items_size(sizeof *closure, size));
    closure->size = (uint32_t)size;
    closure->function = function;
    vm_move_values(closure->captures, captures, size);
    return vm_of(closure);
}

vm_value vm_box_make(vm_heap *heap, vm_value value)
{
    vm_box *box = vm_object_take(heap, VM_BOX, sizeof *box);
    box->value = value;
    return vm_of(box);
}

vm_value vm_handle_make(vm_heap *heap, const vm_handle_kind *kind)
{
    assert(kind->size >= sizeof(vm_handle));
    vm_handle *handle = vm_heap_take(heap, kind->size);
    vm_heap_set_role(handle, VM_ROLE_OBJECT);
    memset(handle, 0, kind->size);
    handle->header = (vm_object){.count = 1, .kind = VM_HANDLE};
    handle->handle_kind = kind;
    if (kind->is_outside) {
        assert(kind->destroy != NULL);
        vm_heap_add_outside(heap, handle);
    }
    return vm_of(handle);
}
