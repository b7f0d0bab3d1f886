// vm/string.c: strings: inline bytes, views of other strings, and borrowed bytes.
//
// Appending to a string that nobody else holds goes in place; when its room is used up it doubles,
// so that building a text piece by piece is linear. Whether a text is pure ASCII is looked up once
// and remembered in the flags: then positions are byte offsets.
#include <assert.h>

#include "vm/object.h"
#include "vm/value.h"

static size_t string_size(size_t capacity)
{
    size_t size = offsetof(vm_string, inline_data) + capacity;
    return size < sizeof(vm_string) ? sizeof(vm_string) : size;
}

vm_string *vm_string_alloc(vm_heap *heap, size_t size)
{
    BL_CHECK(size < UINT32_MAX - 64);
    // Up to the end of the cell: room for a small append costs nothing.
    size_t whole = (string_size(size) + VM_CLASS_SIZE - 1) / VM_CLASS_SIZE * VM_CLASS_SIZE;
    vm_string *string = vm_object_take(heap, VM_STRING, whole);
    string->size = (uint32_t)size;
    string->capacity = (uint32_t)(whole - offsetof(vm_string, inline_data));
    string->data = vm_string_room(string);
    return string;
}

vm_value vm_string_make(vm_heap *heap, const char *data, size_t size)
{
    vm_string *string = vm_string_alloc(heap, size);
    if (size > 0) {
        memcpy(vm_string_room(string), data, size);
    }
    return vm_of(string);
}

vm_value vm_string_slice(vm_heap *heap, bl_slice slice)
{
    return vm_string_make(heap, slice.data, slice.size);
}

vm_value vm_string_borrow(vm_heap *heap, const char *data, size_t size)
{
    vm_string *string = vm_object_take(heap, VM_STRING, sizeof *string);
    string->header.flags = VM_STRING_BORROWED;
    string->size = (uint32_t)size;
    string->capacity = 0;
    string->data = size == 0 ? "" : data;
    string->parent = NULL;
    return vm_of(string);
}

vm_value vm_string_view(vm_heap *heap, vm_string *text, size_t offset, size_t size)
{
    assert(offset <= text->size);
    assert(size <= text->size - offset);
    // A copy of a short text is as small as a view, and keeps no parent alive.
    if (size <= sizeof(vm_string) - offsetof(vm_string, inline_data) ||
        (size < 64 && (text->header.flags & VM_STRING_BORROWED) == 0)) {
        return vm_string_make(heap, text->data + offset, size);
    }
    uint8_t ascii = text->header.flags & VM_STRING_ASCII;
    if (text->header.flags & VM_STRING_BORROWED) {
        vm_value view = vm_string_borrow(heap, text->data + offset, size);
        view.string->header.flags |= ascii;
        return view;
    }
    const char *data = text->data + offset;
    vm_string *parent = text->header.flags & VM_STRING_VIEW ? text->parent : text;
    vm_object_dup(&parent->header);
    vm_string *view = vm_object_take(heap, VM_STRING, sizeof *view);
    view->header.flags = VM_STRING_VIEW | ascii;
    view->size = (uint32_t)size;
    view->capacity = 0;
    view->data = data;
    view->parent = parent;
    return vm_of(view);
}

// ASCII-ness of a text to which right is appended: known only if both are.
static void string_forget_flags(vm_string *string, bl_slice right)
{
    if ((string->header.flags & VM_STRING_ASCII) == 0) {
        return;
    }
    for (size_t i = 0; i < right.size; i += 1) {
        if ((unsigned char)right.data[i] >= 0x80) {
            string->header.flags &= (uint8_t)~VM_STRING_ASCII;
            return;
        }
    }
}

// right may be part of old: then it is found again at the same offset.
static vm_string *string_grow(vm_heap *heap, vm_string *old, size_t size)
{
    bool in_place = vm_is_unique(&old->header) && old->data == vm_string_room(old);
    if (!in_place) {
        vm_string *copy = vm_string_alloc(heap, size);
        memcpy(vm_string_room(copy), old->data, old->size);
        copy->header.flags = old->header.flags & (VM_STRING_ASCII | VM_STRING_UNICODE);
        copy->size = old->size;
        vm_object_drop(heap, &old->header);
        return copy;
    }
    size_t extra = vm_heap_extra(heap, size);
    size_t whole = (string_size(size + extra) + VM_CLASS_SIZE - 1) / VM_CLASS_SIZE;
    whole *= VM_CLASS_SIZE;
    vm_string *string = vm_heap_resize(heap, old, string_size(old->capacity), whole);
    string->data = vm_string_room(string);
    string->capacity = (uint32_t)(whole - offsetof(vm_string, inline_data));
    return string;
}

vm_value vm_string_append(vm_heap *heap, vm_value left, bl_slice right)
{
    vm_string *string = left.string;
    if (right.size == 0) {
        return left;
    }
    size_t size = (size_t)string->size + right.size;
    BL_CHECK(size < UINT32_MAX / 2);
    if (!vm_is_unique(&string->header) || string->capacity < size) {
        // right may point into left ("s ++ s" holds two counts, so left is then copied whole
        // before it is dropped; a view of left keeps left alive).
        string = string_grow(heap, string, size);
    }
    string_forget_flags(string, right);
    memcpy(vm_string_room(string) + string->size, right.data, right.size);
    string->size = (uint32_t)size;
    return vm_of(string);
}

bool vm_string_is_ascii(vm_string *text)
{
    uint8_t known = text->header.flags & (VM_STRING_ASCII | VM_STRING_UNICODE);
    if (known != 0) {
        return (known & VM_STRING_ASCII) != 0;
    }
    uint64_t high = 0;
    size_t i = 0;
    for (; i + 8 <= text->size; i += 8) {
        uint64_t word;
        memcpy(&word, text->data + i, 8);
        high |= word;
    }
    for (; i < text->size; i += 1) {
        high |= (uint64_t)(unsigned char)text->data[i];
    }
    bool is_ascii = (high & UINT64_C(0x8080808080808080)) == 0;
    // Immortal and shared strings are read by many threads: they are looked at each time, unless
    // their maker has set the flag.
    if (text->header.count > 0) {
        text->header.flags |= is_ascii ? VM_STRING_ASCII : VM_STRING_UNICODE;
    }
    return is_ascii;
}

size_t vm_string_length(vm_string *text)
{
    if (vm_string_is_ascii(text)) {
        return text->size;
    }
    return bl_utf8_count((bl_slice){text->data, text->size});
}
