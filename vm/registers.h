// vm/registers.h: what instructions do to registers in their common case: inline in the loop.
//
// Only for interpret.c. Whatever is rare or long is a function of another file.
#ifndef VM_REGISTERS_H
#define VM_REGISTERS_H

#include "vm/task.h"

// ---- numbers --------------------------------------------------------------------------------

static inline void vm_set_int(vm_value *slot, int64_t integer)
{
    slot->integer = integer;
    slot->tag = VM_INT;
}

static inline void vm_set_float(vm_value *slot, double number)
{
    slot->number = number;
    slot->tag = VM_FLOAT;
}

static inline void vm_set_bool(vm_value *slot, bool boolean)
{
    slot->bits = boolean;
    slot->tag = VM_BOOL;
}

// Many processors divide 32 bits several times faster than 64. b > 0.
static inline bool vm_is_small_division(int64_t a, int64_t b)
{
    return (((uint64_t)a | (uint64_t)b) >> 32) == 0;
}

static inline int64_t vm_quotient(int64_t a, int64_t b)
{
    return BL_LIKELY(vm_is_small_division(a, b)) ? (int64_t)((uint32_t)a / (uint32_t)b) : a / b;
}

static inline int64_t vm_remainder(int64_t a, int64_t b)
{
    return BL_LIKELY(vm_is_small_division(a, b)) ? (int64_t)((uint32_t)a % (uint32_t)b) : a % b;
}

static inline bool vm_both_int(const vm_value *a, const vm_value *b)
{
    return (a->tag | b->tag) == VM_INT;
}

static inline bool vm_both_float(const vm_value *a, const vm_value *b)
{
    return a->tag == VM_FLOAT && b->tag == VM_FLOAT;
}

// ---- kinds and constructors -----------------------------------------------------------------

static inline bool vm_has_ctor(const vm_value *value, const vm_ctor *ctor)
{
    return value->tag == VM_ATOM ? value->ctor == ctor
                                 : value->tag == VM_VARIANT && value->variant->ctor == ctor;
}

// Of one kind and equal; only texts and floats may be so with other bits.
static inline bool vm_is_same(const vm_value *value, const vm_value *literal)
{
    if (value->tag != literal->tag) {
        return false;
    }
    return value->bits == literal->bits ||
           (literal->tag != VM_INT && literal->tag != VM_BOOL && vm_equal(*value, *literal));
}

static inline bool vm_is_variant_of(const vm_value *value, const vm_ctor *ctor)
{
    return value->tag == VM_VARIANT && value->variant->ctor == ctor &&
           value->variant->size == ctor->arity;
}

// The number by which matches switch; UINT32_MAX for what has no constructor of the program, or
// another count of arguments than it declares.
static inline uint32_t vm_ctor_number(const vm_value *value)
{
    const vm_ctor *ctor = value->ctor;
    uint32_t size = 0;
    if (value->tag == VM_VARIANT) {
        ctor = value->variant->ctor;
        size = value->variant->size;
    } else if (value->tag != VM_ATOM) {
        return UINT32_MAX;
    }
    return size == ctor->arity ? ctor->id : UINT32_MAX;
}

static inline int32_t vm_switch_offset(const vm_switch *table, int64_t key)
{
    uint64_t index = (uint64_t)key - (uint64_t)table->low;
    return index < table->count ? table->offsets[index] : table->otherwise;
}

// ---- data -----------------------------------------------------------------------------------

// Takes the parts out of an object that is used up: moved if nobody else holds it.
static inline void vm_open_items(vm_heap *heap, vm_value *to, vm_object *object,
                                 const vm_value *items, size_t count, size_t object_size)
{
    if (vm_is_unique(object)) {
        vm_move_values(to, items, count);
        vm_heap_give(heap, object, object_size);
        return;
    }
    for (size_t i = 0; i < count; i += 1) {
        vm_set(&to[i], vm_dup(items[i]));
    }
    vm_object_drop(heap, object);
}

// Uses an object up whose parts in `owned` (a bit each) have been read: they lose no count where
// the object dies, and get one where it lives on.
static inline void vm_open_parts(vm_heap *heap, vm_object *object, const vm_value *items,
                                 size_t count, size_t object_size, uint32_t owned)
{
    if (vm_is_unique(object)) {
        for (size_t i = 0; i < count; i += 1) {
            if (i >= 16 || (owned >> i & 1) == 0) {
                vm_drop(heap, items[i]);
            }
        }
        vm_heap_give(heap, object, object_size);
        return;
    }
    for (uint32_t left = owned; left != 0; left &= left - 1) {
        (void)vm_dup(items[__builtin_ctz(left)]); // The bits are in a register already.
    }
    vm_object_drop(heap, object);
}

static inline vm_variant *vm_variant_alloc(vm_heap *heap, const vm_ctor *ctor, size_t size)
{
    vm_variant *variant = vm_object_take(heap, VM_VARIANT, vm_items_size(sizeof *variant, size));
    variant->size = (uint32_t)size;
    variant->ctor = ctor;
    return variant;
}

// to := Some(item); item is borrowed.
static inline void vm_set_some(vm_heap *heap, vm_value *to, vm_value item)
{
    vm_variant *variant = vm_variant_alloc(heap, vm_standard_ctors[VM_CTOR_SOME], 1);
    vm_set(&variant->items[0], vm_dup(item));
    to->variant = variant;
    to->tag = VM_VARIANT;
}

// to := x of Some(x) or Ok(x), which is used up. A program's own Some may have more arguments.
static inline void vm_open_payload(vm_heap *heap, vm_value *to, vm_variant *variant)
{
    if (BL_LIKELY(variant->size == 1)) {
        vm_open_items(heap, to, &variant->header, variant->items, 1,
                      vm_items_size(sizeof *variant, 1));
        return;
    }
    vm_set(to, vm_dup(variant->items[0]));
    vm_object_drop(heap, &variant->header);
}

// Some(x), Ok(x): 1 and x is used up from value; None, Err(x): -1; anything else: 0.
static inline int vm_try_open(vm_heap *heap, vm_value *result, vm_value value)
{
    if (value.tag == VM_VARIANT) {
        vm_variant *variant = value.variant;
        if (variant->ctor == vm_standard_ctors[VM_CTOR_SOME] ||
            variant->ctor == vm_standard_ctors[VM_CTOR_OK]) {
            vm_open_payload(heap, result, variant);
            return 1;
        }
        return variant->ctor == vm_standard_ctors[VM_CTOR_ERR] ? -1 : 0;
    }
    return value.tag == VM_ATOM && value.ctor == vm_standard_ctors[VM_CTOR_NONE] ? -1 : 0;
}

// The element at an index, or NULL: no list, no Int, or none there.
static inline vm_value *vm_list_item(const vm_value *list, const vm_value *index)
{
    if (BL_LIKELY(list->tag == VM_LIST && index->tag == VM_INT &&
                  (uint64_t)index->integer < list->list->size)) {
        return &list->list->store->items[list->list->start + (uint64_t)index->integer];
    }
    return NULL;
}

#endif
