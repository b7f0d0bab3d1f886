// vm/walk.c: what walks whole graphs of objects: free, freeze, copy.
//
// None of them recurses: the heap's work list (free, freeze) or a list of slots still to fill
// (copy) takes the place of the C stack, so that no depth of data can overflow it.
#include <assert.h>

#include "vm/map.h"
#include "vm/object.h"

static void work_push(vm_heap *heap, vm_object *object)
{
    if (heap->work_count == heap->work_capacity) {
        heap->work_capacity = heap->work_capacity == 0 ? 64 : heap->work_capacity * 2;
        heap->work = bl_realloc(heap->work, heap->work_capacity * sizeof *heap->work);
    }
    heap->work[heap->work_count] = object;
    heap->work_count += 1;
}

// ---- counts of shared objects ---------------------------------------------------------------

// The counts of shared objects go down from -1 as counts go up. Whoever shared an object holds a
// count of its own and frees it (in its own heap, under its own lock), so a task never drops the
// last one. GCC's builtins work on the plain field, which nothing else touches once it is negative.
void vm_count_shared_up(vm_object *object)
{
    __atomic_fetch_sub(&object->count, 1, __ATOMIC_RELAXED);
}

void vm_drop_shared(vm_heap *heap, vm_object *object)
{
    (void)heap; // The object is of another heap.
    int32_t before = __atomic_fetch_add(&object->count, 1, __ATOMIC_RELEASE);
    BL_CHECK(before < -1);
}

// ---- free -----------------------------------------------------------------------------------

static void shape_drop(vm_heap *heap, vm_shape *shape)
{
    if (shape->header.count != 1) {
        // An immortal one is not even written to: all threads read it.
        if (shape->header.count > 0) {
            shape->header.count -= 1;
        }
        return;
    }
    for (uint32_t i = 0; i < shape->size; i += 1) {
        vm_object_drop(heap, &shape->names[i]->header);
    }
    if (shape->struct_name != NULL) {
        vm_object_drop(heap, &shape->struct_name->header);
    }
    vm_heap_give(heap, shape, sizeof *shape + shape->size * sizeof(vm_string *));
}

// Constructors are const everywhere but here: only dynamic ones are ever counted.
static vm_ctor *ctor_of(const vm_variant *variant)
{
    union {
        const vm_ctor *constant;
        vm_ctor *counted;
    } ctor = {.constant = variant->ctor};
    return ctor.counted;
}

static void ctor_drop(vm_heap *heap, vm_ctor *ctor)
{
    if (ctor->header.count != 1) {
        if (ctor->header.count > 0) {
            ctor->header.count -= 1;
        }
        return;
    }
    vm_object_drop(heap, &ctor->name->header);
    vm_heap_give(heap, ctor, sizeof *ctor);
}

static void string_free(vm_heap *heap, vm_string *string)
{
    size_t size = sizeof *string;
    if (string->header.flags & VM_STRING_VIEW) {
        vm_object_drop(heap, &string->parent->header);
    } else if (string->capacity > sizeof string->inline_data) {
        size = offsetof(vm_string, inline_data) + string->capacity;
    }
    vm_heap_give(heap, string, size);
}

static void drop_visited(void *heap, vm_value value)
{
    vm_drop(heap, value);
}

static void object_release(vm_heap *heap, vm_object *object)
{
    vm_value value = vm_of(object);
    switch ((vm_tag)object->kind) {
    case VM_STRING:
        string_free(heap, value.string);
        return;
    case VM_LIST:
        if (value.list->store != NULL) {
            vm_store_drop(heap, value.list->store);
        }
        vm_heap_give(heap, object, sizeof(vm_list));
        return;
    case VM_TUPLE:
        vm_drop_values(heap, value.tuple->items, value.tuple->size);
        vm_heap_give(heap, object, vm_items_size(sizeof(vm_tuple), value.tuple->size));
        return;
    case VM_RECORD:
        vm_drop_values(heap, value.record->fields, value.record->size);
        shape_drop(heap, value.record->shape);
        vm_heap_give(heap, object, vm_items_size(sizeof(vm_record), value.record->size));
        return;
    case VM_VARIANT:
        vm_drop_values(heap, value.variant->items, value.variant->size);
        if (BL_UNLIKELY(value.variant->ctor->header.count != 0)) {
            ctor_drop(heap, ctor_of(value.variant));
        }
        vm_heap_give(heap, object, vm_items_size(sizeof(vm_variant), value.variant->size));
        return;
    case VM_MAP:
    case VM_SET:
        vm_map_release(heap, value.map, drop_visited, heap);
        vm_heap_give(heap, object, sizeof(vm_map));
        return;
    case VM_CLOSURE:
        vm_drop_values(heap, value.closure->captures, value.closure->size);
        vm_heap_give(heap, object, vm_items_size(sizeof(vm_closure), value.closure->size));
        return;
    case VM_BOX:
        vm_drop(heap, value.box->value);
        vm_heap_give(heap, object, sizeof(vm_box));
        return;
    case VM_RESUME:
        vm_resume_free(heap, object);
        return;
    case VM_HANDLE:
        if (value.handle->handle_kind->is_outside) {
            vm_heap_remove_outside(heap, value.handle);
        }
        if (value.handle->handle_kind->destroy != NULL) {
            value.handle->handle_kind->destroy(heap, value.handle);
        }
        vm_heap_give(heap, object, value.handle->handle_kind->size);
        return;
    case VM_INT:
    case VM_FLOAT:
    case VM_BOOL:
    case VM_UNIT:
    case VM_ATOM:
    case VM_FUNCTION:
    case VM_NATIVE:
    case VM_MODULE:
        break;
    }
    BL_CHECK(false && "an immediate is no object");
}

void vm_object_free(vm_heap *heap, vm_object *object)
{
    if (heap->is_freeing) {
        work_push(heap, object);
        return;
    }
    heap->is_freeing = true;
    object_release(heap, object);
    while (heap->work_count > 0) {
        heap->work_count -= 1;
        object_release(heap, heap->work[heap->work_count]);
    }
    heap->is_freeing = false;
}

// ---- freeze ---------------------------------------------------------------------------------

static void freeze_values(vm_heap *heap, const vm_value *values, size_t count)
{
    for (size_t i = 0; i < count; i += 1) {
        vm_freeze(heap, values[i]);
    }
}

static void freeze_shape(vm_heap *heap, vm_shape *shape)
{
    if (shape->header.count == 0) {
        return;
    }
    shape->header.count = 0;
    for (uint32_t i = 0; i < shape->size; i += 1) {
        vm_freeze(heap, vm_of(shape->names[i]));
    }
    if (shape->struct_name != NULL) {
        vm_freeze(heap, vm_of(shape->struct_name));
    }
}

// A text is looked at now, because nobody writes to its flags once many threads can read them.
static void freeze_string(vm_heap *heap, vm_string *string)
{
    bool is_ascii = vm_string_is_ascii(string);
    string->header.flags |= is_ascii ? VM_STRING_ASCII : VM_STRING_UNICODE;
    if (string->header.flags & VM_STRING_VIEW) {
        vm_freeze(heap, vm_of(string->parent));
    }
}

static void freeze_store(vm_heap *heap, vm_store *store)
{
    if (store == NULL || store->count == 0) {
        return;
    }
    store->count = 0;
    freeze_values(heap, store->items + store->first, store->used - store->first);
}

static void freeze_visited(void *heap, vm_value value)
{
    vm_freeze(heap, value);
}

static void freeze_parts(vm_heap *heap, vm_object *object)
{
    vm_value value = vm_of(object);
    switch ((vm_tag)object->kind) {
    case VM_STRING:
        freeze_string(heap, value.string);
        return;
    case VM_LIST:
        freeze_store(heap, value.list->store);
        return;
    case VM_TUPLE:
        freeze_values(heap, value.tuple->items, value.tuple->size);
        return;
    case VM_RECORD:
        freeze_shape(heap, value.record->shape);
        freeze_values(heap, value.record->fields, value.record->size);
        return;
    case VM_VARIANT:
        if (value.variant->ctor->header.count != 0) {
            vm_ctor *ctor = ctor_of(value.variant);
            ctor->header.count = 0;
            vm_freeze(heap, vm_of(ctor->name));
        }
        freeze_values(heap, value.variant->items, value.variant->size);
        return;
    case VM_MAP:
    case VM_SET:
        vm_map_freeze(heap, value.map, freeze_visited, heap);
        return;
    case VM_CLOSURE:
        freeze_values(heap, value.closure->captures, value.closure->size);
        return;
    case VM_BOX:
        vm_freeze(heap, value.box->value);
        return;
    case VM_RESUME: // One-shot and tied to its task: nobody else may call it.
    case VM_HANDLE:
    case VM_INT:
    case VM_FLOAT:
    case VM_BOOL:
    case VM_UNIT:
    case VM_ATOM:
    case VM_FUNCTION:
    case VM_NATIVE:
    case VM_MODULE:
        return;
    }
}

void vm_freeze(vm_heap *heap, vm_value value)
{
    if (!vm_is_heap(value) || value.object->count == 0) {
        return;
    }
    vm_object *object = value.object;
    if (object->kind == VM_STRING) {
        freeze_string(heap, value.string);
        object->count = 0;
        return;
    }
    object->count = 0;
    work_push(heap, object);
    if (heap->is_freezing) {
        return;
    }
    heap->is_freezing = true;
    while (heap->work_count > 0) {
        heap->work_count -= 1;
        freeze_parts(heap, heap->work[heap->work_count]);
    }
    heap->is_freezing = false;
}

// ---- copy
// ------------------------------------------------------------------------------------------ Slots
// still to fill are a stack. An object that is held more than once is copied once: found again
// through a table, which also ends the cycles that boxes make. A map is rebuilt when all its keys
// and values are there: its job lies below theirs on the stack.

typedef struct copy_job {
    vm_value source;
    vm_value *slot;  // Where the copy goes.
    vm_value *parts; // A map's keys and values in turn, once they have been copied; else NULL.
} copy_job;

typedef struct copy_entry {
    const void *source;
    void *copy;
} copy_entry;

typedef struct copy_state {
    vm_heap *to;
    copy_job *jobs;
    size_t job_count;
    size_t job_capacity;
    copy_entry *entries; // Open addressing, a power of two.
    size_t entry_count;
    size_t entry_capacity;
} copy_state;

static void copy_later(copy_state *copier, copy_job job)
{
    if (copier->job_count == copier->job_capacity) {
        copier->job_capacity = copier->job_capacity == 0 ? 64 : copier->job_capacity * 2;
        copier->jobs = bl_realloc(copier->jobs, copier->job_capacity * sizeof *copier->jobs);
    }
    copier->jobs[copier->job_count] = job;
    copier->job_count += 1;
}

static copy_entry *copy_find(const copy_state *copier, const void *source)
{
    size_t mask = copier->entry_capacity - 1;
    size_t index = (size_t)(((uintptr_t)source >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 20) & mask;
    while (copier->entries[index].source != NULL && copier->entries[index].source != source) {
        index = (index + 1) & mask;
    }
    return &copier->entries[index];
}

static void *copy_known(const copy_state *copier, const void *source)
{
    return copier->entry_capacity == 0 ? NULL : copy_find(copier, source)->copy;
}

static void copy_remember(copy_state *copier, const void *source, void *copy)
{
    if (copier->entry_count * 2 >= copier->entry_capacity) {
        copy_entry *old = copier->entries;
        size_t old_capacity = copier->entry_capacity;
        copier->entry_capacity = old_capacity == 0 ? 64 : old_capacity * 2;
        copier->entries = bl_alloc_zeroed(copier->entry_capacity, sizeof *copier->entries);
        for (size_t i = 0; i < old_capacity; i += 1) {
            if (old[i].source != NULL) {
                *copy_find(copier, old[i].source) = old[i];
            }
        }
        bl_free(old);
    }
    *copy_find(copier, source) = (copy_entry){.source = source, .copy = copy};
    copier->entry_count += 1;
}

static void copy_items(copy_state *copier, vm_value *to, const vm_value *from, size_t count)
{
    for (size_t i = 0; i < count; i += 1) {
        to[i] = from[i];
        if (vm_is_heap(from[i])) {
            to[i] = vm_unit();
            copy_later(copier, (copy_job){.source = from[i], .slot = &to[i]});
        }
    }
}

static vm_string *copy_string(vm_heap *heap, const vm_string *string)
{
    vm_string *copy = vm_string_make(heap, string->data, string->size).string;
    copy->header.flags = string->header.flags & (VM_STRING_ASCII | VM_STRING_UNICODE);
    return copy;
}

static vm_shape *copy_shape(copy_state *copier, vm_shape *shape)
{
    if (shape->header.count == 0) {
        return shape;
    }
    vm_shape *known = copy_known(copier, shape);
    if (known != NULL) {
        vm_object_dup(&known->header);
        return known;
    }
    vm_string *name = shape->struct_name;
    if (name != NULL && name->header.count != 0) {
        name = copy_string(copier->to, name);
    }
    vm_shape *copy = vm_shape_make(copier->to, name, shape->names, shape->size);
    for (uint32_t i = 0; i < shape->size; i += 1) {
        if (shape->names[i]->header.count != 0) {
            copy->names[i] = copy_string(copier->to, shape->names[i]);
        }
    }
    copy_remember(copier, shape, copy);
    return copy;
}

static vm_value copy_list(copy_state *copier, const vm_list *list)
{
    vm_value copy = vm_list_make(copier->to, list->size);
    if (list->size > 0) {
        vm_store *store = copy.list->store;
        store->used = list->size;
        copy.list->size = list->size;
        copy_items(copier, store->items, vm_list_items(list), list->size);
    }
    return copy;
}

static vm_value copy_record(copy_state *copier, const vm_record *record)
{
    vm_record *copy =
        vm_object_take(copier->to, VM_RECORD, vm_items_size(sizeof *copy, record->size));
    copy->size = record->size;
    copy->shape = copy_shape(copier, record->shape);
    copy_items(copier, copy->fields, record->fields, record->size);
    return vm_of(copy);
}

static vm_value copy_variant(copy_state *copier, const vm_variant *variant)
{
    vm_variant *copy =
        vm_object_take(copier->to, VM_VARIANT, vm_items_size(sizeof *copy, variant->size));
    copy->size = variant->size;
    copy->ctor = variant->ctor;
    if (variant->ctor->header.count != 0) {
        const vm_string *name = variant->ctor->name;
        copy->ctor = vm_ctor_dynamic(copier->to, (bl_slice){name->data, name->size});
    }
    copy_items(copier, copy->items, variant->items, variant->size);
    return vm_of(copy);
}

// The copy without its parts, which are put off.
static vm_value copy_head(copy_state *copier, vm_value source)
{
    vm_heap *heap = copier->to;
    switch ((vm_tag)source.tag) {
    case VM_STRING:
        return vm_of(copy_string(heap, source.string));
    case VM_LIST:
        return copy_list(copier, source.list);
    case VM_TUPLE: {
        uint32_t size = source.tuple->size;
        vm_tuple *copy = vm_object_take(heap, VM_TUPLE, vm_items_size(sizeof *copy, size));
        copy->size = size;
        copy_items(copier, copy->items, source.tuple->items, size);
        return vm_of(copy);
    }
    case VM_RECORD:
        return copy_record(copier, source.record);
    case VM_VARIANT:
        return copy_variant(copier, source.variant);
    case VM_CLOSURE: {
        uint32_t size = source.closure->size;
        vm_closure *copy = vm_object_take(heap, VM_CLOSURE, vm_items_size(sizeof *copy, size));
        copy->size = size;
        copy->function = source.closure->function;
        copy_items(copier, copy->captures, source.closure->captures, size);
        return vm_of(copy);
    }
    case VM_BOX: {
        vm_value copy = vm_box_make(heap, vm_unit());
        copy_items(copier, &copy.box->value, &source.box->value, 1);
        return copy;
    }
    case VM_MAP:
    case VM_SET: // Rebuilt by copy_map_begin and copy_map_end.
    case VM_RESUME:
    case VM_HANDLE: // Tied to their task.
    case VM_INT:
    case VM_FLOAT:
    case VM_BOOL:
    case VM_UNIT:
    case VM_ATOM:
    case VM_FUNCTION:
    case VM_NATIVE:
    case VM_MODULE:
        break;
    }
    return vm_unit();
}

static void copy_map_begin(copy_state *copier, copy_job job)
{
    size_t size = vm_map_size(job.source.map);
    job.parts = bl_alloc((2 * size + 1) * sizeof *job.parts);
    copy_later(copier, job);
    vm_map_cursor cursor = {.map = job.source.map};
    vm_value entry[2];
    for (size_t i = 0; vm_map_next(&cursor, &entry[0], &entry[1]); i += 1) {
        copy_items(copier, job.parts + 2 * i, entry, 2);
    }
}

static vm_value copy_map_end(copy_state *copier, copy_job job)
{
    bool is_set = job.source.tag == VM_SET;
    vm_value map = is_set ? vm_set_make(copier->to) : vm_map_make(copier->to);
    size_t size = vm_map_size(job.source.map);
    for (size_t i = 0; i < size; i += 1) {
        vm_value key = job.parts[2 * i];
        map = is_set ? vm_set_insert(copier->to, map, key)
                     : vm_map_insert(copier->to, map, key, job.parts[2 * i + 1]);
    }
    bl_free(job.parts);
    return map;
}

static void copy_one(copy_state *copier, copy_job job)
{
    bool is_map = job.source.tag == VM_MAP || job.source.tag == VM_SET;
    if (job.source.object->count == 0) {
        *job.slot = job.source;
        return;
    }
    if (job.parts == NULL) {
        void *known = copy_known(copier, job.source.object);
        if (known != NULL) {
            *job.slot = vm_dup(vm_of(known));
            return;
        }
        if (is_map) {
            copy_map_begin(copier, job);
            return;
        }
    }
    vm_value copy = is_map ? copy_map_end(copier, job) : copy_head(copier, job.source);
    *job.slot = copy;
    if (job.source.object->count != 1 && vm_is_heap(copy)) {
        copy_remember(copier, job.source.object, copy.object);
    }
}

vm_value vm_copy(vm_heap *to, vm_value value)
{
    if (!vm_is_heap(value)) {
        return value;
    }
    copy_state copier = {.to = to};
    vm_value copy = vm_unit();
    copy_later(&copier, (copy_job){.source = value, .slot = &copy});
    while (copier.job_count > 0) {
        copier.job_count -= 1;
        copy_one(&copier, copier.jobs[copier.job_count]);
    }
    bl_free(copier.jobs);
    bl_free(copier.entries);
    return copy;
}
