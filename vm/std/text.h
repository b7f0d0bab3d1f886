// vm/std/text.h: texts as the modules need them: positions, parts of strings, case.
//
// A text may hold bytes that are not UTF-8: the body of a request does. Walk it with bl_utf8_*.
#ifndef VM_STD_TEXT_H
#define VM_STD_TEXT_H

#include "vm/heap.h"

// The byte offset of the position-th character from byte `from` on; the end of the text if there
// are fewer.
size_t std_skip_chars(bl_slice text, size_t from, uint64_t count);
// White space of String.trim: what Unicode calls so.
bool std_is_space(uint32_t code);
bl_slice std_trim(bl_slice text);
// `[+-]?[0-9]+` within 64 bits.
bool std_parse_int(bl_slice text, int64_t *value);
// Bytes [offset, offset + size) of text as a String: a view when large, else a copy.
vm_value std_part(vm_heap *heap, vm_string *text, size_t offset, size_t size);
// A String of bytes that may not be UTF-8: those that are not become question marks.
vm_value std_string_lossy(vm_heap *heap, bl_slice bytes);
// Full Unicode case mapping (case.c), appended to out.
void std_append_upper(bl_buffer *out, bl_slice text);
void std_append_lower(bl_buffer *out, bl_slice text);
bool std_is_upper(uint32_t code);

#endif
