// vm/std/text.c: UTF-8 as the modules need it, see text.h.
#include "vm/std/text.h"

enum {
    // Below this many bytes a copy is cheaper than a view; and a view shall not keep a text alive
    // that is far larger than itself.
    VIEW_SIZE_MIN = 64,
    VIEW_SHARE = 8,
};

size_t std_skip_chars(bl_slice text, size_t from, uint64_t count)
{
    size_t offset = from;
    while (count > 0 && offset < text.size) {
        offset += bl_utf8_size(text, offset);
        count -= 1;
    }
    return offset;
}

bool std_is_space(uint32_t code)
{
    return (code >= 0x9 && code <= 0xD) || code == 0x20 || code == 0x85 || code == 0xA0 ||
           code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 ||
           code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

bl_slice std_trim(bl_slice text)
{
    while (text.size > 0 && std_is_space(bl_utf8_code(text, 0))) {
        size_t size = bl_utf8_size(text, 0);
        text = (bl_slice){text.data + size, text.size - size};
    }
    while (text.size > 0) {
        size_t last = bl_utf8_before(text, text.size);
        if (!std_is_space(bl_utf8_code(text, last))) {
            break;
        }
        text.size = last;
    }
    return text;
}

bool std_parse_int(bl_slice text, int64_t *value)
{
    size_t at = text.size > 0 && (text.data[0] == '-' || text.data[0] == '+') ? 1 : 0;
    bool is_negative = at == 1 && text.data[0] == '-';
    if (at == text.size) {
        return false;
    }
    int64_t number = 0; // Grows downwards: the negative side is the larger one.
    for (; at < text.size; at++) {
        int digit = text.data[at] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_sub_overflow(number, digit, &number)) {
            return false;
        }
    }
    if (!is_negative && number == INT64_MIN) {
        return false;
    }
    *value = is_negative ? number : -number;
    return true;
}

vm_value std_part(vm_heap *heap, vm_string *text, size_t offset, size_t size)
{
    if (size == text->size) {
        vm_object_dup(&text->header);
        return vm_of(text);
    }
    bool is_large = size >= VIEW_SIZE_MIN && size >= text->size / VIEW_SHARE;
    vm_value part = is_large ? vm_string_view(heap, text, offset, size)
                             : vm_string_make(heap, text->data + offset, size);
    if ((text->header.flags & VM_STRING_ASCII) != 0 && part.string->header.count != 0) {
        part.string->header.flags |= VM_STRING_ASCII;
    }
    return part;
}

vm_value std_string_lossy(vm_heap *heap, bl_slice bytes)
{
    vm_string *text = vm_string_alloc(heap, bytes.size);
    char *data = (char *)(uintptr_t)text->data;
    bool is_valid = bl_utf8_is_valid(bytes);
    for (size_t i = 0; i < bytes.size; i++) {
        data[i] = !is_valid && (bytes.data[i] & 0x80) != 0 ? '?' : bytes.data[i];
    }
    return vm_of(text);
}
