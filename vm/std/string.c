// vm/std/string.c: the module String; its regular expressions are in regex.c.
//
// Positions count code points. Where a text is known to be ASCII (a mark that a string remembers)
// positions are byte offsets, so length, char_at and slice cost nothing but their result.
#include "vm/std/modules.h"
#include "vm/std/regex.h"
#include "vm/std/std.h"
#include "vm/std/text.h"

static bool are_strings(const vm_value *args, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!std_is_string(args[i])) {
            return false;
        }
    }
    return true;
}

static vm_status string_length(vm_task *task, vm_value *args, vm_value *result)
{
    if (!std_is_string(args[0])) {
        return vm_fail_type(task, "String.length", "String", args[0]);
    }
    return std_give(result, vm_int((int64_t)vm_string_length(args[0].string)));
}

// ---- case ------------------------------------------------------------------------------------

typedef void (*append_case)(bl_buffer *out, bl_slice text);

static vm_value ascii_case(vm_heap *heap, bl_slice text, char first, char last)
{
    vm_string *out = vm_string_alloc(heap, text.size);
    char *data = (char *)(uintptr_t)out->data;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        data[i] = c >= first && c <= last ? (char)(c ^ 0x20) : c;
    }
    out->header.flags |= VM_STRING_ASCII;
    return vm_of(out);
}

static vm_value unicode_case(vm_heap *heap, bl_slice text, append_case append)
{
    bl_buffer buffer = {0};
    append(&buffer, text);
    vm_value mapped = vm_string_slice(heap, bl_buffer_slice(&buffer));
    bl_buffer_deinit(&buffer);
    return mapped;
}

static vm_status string_to_upper(vm_task *task, vm_value *args, vm_value *result)
{
    if (!std_is_string(args[0])) {
        return vm_fail_type(task, "String.to_upper", "String", args[0]);
    }
    vm_heap *heap = vm_task_heap(task);
    bl_slice text = vm_text(args[0]);
    bool is_ascii = vm_string_is_ascii(args[0].string);
    return std_give(result, is_ascii ? ascii_case(heap, text, 'a', 'z')
                                     : unicode_case(heap, text, std_append_upper));
}

static vm_status string_to_lower(vm_task *task, vm_value *args, vm_value *result)
{
    if (!std_is_string(args[0])) {
        return vm_fail_type(task, "String.to_lower", "String", args[0]);
    }
    vm_heap *heap = vm_task_heap(task);
    bl_slice text = vm_text(args[0]);
    bool is_ascii = vm_string_is_ascii(args[0].string);
    return std_give(result, is_ascii ? ascii_case(heap, text, 'A', 'Z')
                                     : unicode_case(heap, text, std_append_lower));
}

// ---- searching -------------------------------------------------------------------------------

// The byte offset of the first occurrence from `from` on; SIZE_MAX if there is none.
static size_t find_bytes(bl_slice text, size_t from, bl_slice needle)
{
    if (needle.size == 0) {
        return from;
    }
    if (needle.size > text.size - from) {
        return SIZE_MAX;
    }
    const char *found = memmem(text.data + from, text.size - from, needle.data, needle.size);
    return found == NULL ? SIZE_MAX : (size_t)(found - text.data);
}

static bool has_prefix(bl_slice text, bl_slice prefix)
{
    return prefix.size <= text.size && bl_slice_equal((bl_slice){text.data, prefix.size}, prefix);
}

static bool has_suffix(bl_slice text, bl_slice suffix)
{
    return suffix.size <= text.size &&
           bl_slice_equal((bl_slice){text.data + text.size - suffix.size, suffix.size}, suffix);
}

static vm_status string_trim(vm_task *task, vm_value *args, vm_value *result)
{
    if (!std_is_string(args[0])) {
        return vm_fail_type(task, "String.trim", "String", args[0]);
    }
    bl_slice text = vm_text(args[0]);
    bl_slice trimmed = std_trim(text);
    size_t offset = trimmed.size == 0 ? 0 : (size_t)(trimmed.data - text.data);
    return std_give(result, std_part(vm_task_heap(task), args[0].string, offset, trimmed.size));
}

static vm_status string_contains(vm_task *task, vm_value *args, vm_value *result)
{
    if (!are_strings(args, 2)) {
        return vm_fail(task, "String.contains: expected (String, String)");
    }
    size_t found = find_bytes(vm_text(args[0]), 0, vm_text(args[1]));
    return std_give(result, vm_bool(found != SIZE_MAX));
}

static vm_status string_starts_with(vm_task *task, vm_value *args, vm_value *result)
{
    if (!are_strings(args, 2)) {
        return vm_fail(task, "String.starts_with: expected (String, String)");
    }
    return std_give(result, vm_bool(has_prefix(vm_text(args[0]), vm_text(args[1]))));
}

static vm_status string_ends_with(vm_task *task, vm_value *args, vm_value *result)
{
    if (!are_strings(args, 2)) {
        return vm_fail(task, "String.ends_with: expected (String, String)");
    }
    return std_give(result, vm_bool(has_suffix(vm_text(args[0]), vm_text(args[1]))));
}

static vm_status string_index_of(vm_task *task, vm_value *args, vm_value *result)
{
    if (!are_strings(args, 2)) {
        return vm_fail(task, "String.index_of: expected (String, String)");
    }
    size_t found = find_bytes(vm_text(args[0]), 0, vm_text(args[1]));
    if (found == SIZE_MAX) {
        return std_give(result, vm_none());
    }
    if (found > 0 && !vm_string_is_ascii(args[0].string)) {
        found = bl_utf8_count((bl_slice){args[0].string->data, found});
    }
    return std_give(result, vm_some(vm_task_heap(task), vm_int((int64_t)found)));
}

// ---- taking apart and putting together -------------------------------------------------------

// "ab" -> "", "a", "b", "".
static vm_value split_everywhere(vm_heap *heap, vm_string *text)
{
    bl_slice bytes = {text->data, text->size};
    vm_value list = vm_list_make(heap, vm_string_length(text) + 2);
    list = vm_list_push(heap, list, std_ascii(heap, "", 0));
    for (size_t at = 0; at < text->size;) {
        size_t size = bl_utf8_size(bytes, at);
        list = vm_list_push(heap, list, std_part(heap, text, at, size));
        at += size;
    }
    return vm_list_push(heap, list, std_ascii(heap, "", 0));
}

static vm_value split_at(vm_heap *heap, vm_string *text, bl_slice separator)
{
    bl_slice bytes = {text->data, text->size};
    vm_value list = vm_list_make(heap, 4);
    size_t start = 0;
    for (;;) {
        size_t end = find_bytes(bytes, start, separator);
        if (end == SIZE_MAX) {
            return vm_list_push(heap, list, std_part(heap, text, start, text->size - start));
        }
        list = vm_list_push(heap, list, std_part(heap, text, start, end - start));
        start = end + separator.size;
    }
}

static vm_status string_split(vm_task *task, vm_value *args, vm_value *result)
{
    if (!are_strings(args, 2)) {
        return vm_fail(task, "String.split: expected (String, String)");
    }
    vm_heap *heap = vm_task_heap(task);
    bl_slice separator = vm_text(args[1]);
    return std_give(result, separator.size == 0 ? split_everywhere(heap, args[0].string)
                                                : split_at(heap, args[0].string, separator));
}

static vm_value join_mixed(vm_heap *heap, const vm_list *list, bl_slice separator)
{
    const vm_value *items = vm_list_items(list);
    bl_buffer out = {0};
    for (uint32_t i = 0; i < list->size; i++) {
        if (i > 0) {
            bl_buffer_append_slice(&out, separator);
        }
        vm_text_append(&out, items[i]);
    }
    vm_value joined = vm_string_slice(heap, bl_buffer_slice(&out));
    bl_buffer_deinit(&out);
    return joined;
}

static char *put(char *to, bl_slice text)
{
    if (text.size > 0) {
        memcpy(to, text.data, text.size);
    }
    return to + text.size;
}

// size: the sum of all parts.
static vm_value join_strings(vm_heap *heap, const vm_list *list, bl_slice separator, size_t size)
{
    const vm_value *items = vm_list_items(list);
    vm_string *joined = vm_string_alloc(heap, size);
    char *to = (char *)(uintptr_t)joined->data;
    for (uint32_t i = 0; i < list->size; i++) {
        to = i > 0 ? put(to, separator) : to;
        to = put(to, vm_text(items[i]));
    }
    return vm_of(joined);
}

static vm_status string_join(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_LIST || !std_is_string(args[1])) {
        return vm_fail(task, "String.join: expected (List, String)");
    }
    vm_heap *heap = vm_task_heap(task);
    const vm_list *list = args[0].list;
    const vm_value *items = vm_list_items(list);
    uint64_t size = list->size > 0 ? (uint64_t)(list->size - 1) * args[1].string->size : 0;
    bool are_all_strings = true;
    for (uint32_t i = 0; i < list->size; i++) {
        are_all_strings = are_all_strings && std_is_string(items[i]);
        size += std_is_string(items[i]) ? items[i].string->size : 0;
    }
    if (std_check_size(task, "String.join", size) != VM_OK) {
        return VM_FAIL;
    }
    return std_give(result, are_all_strings
                                ? join_strings(heap, list, vm_text(args[1]), (size_t)size)
                                : join_mixed(heap, list, vm_text(args[1])));
}

static int64_t at_most(int64_t value, int64_t max)
{
    return value < max ? value : max;
}

// start, count >= 0, in characters.
static vm_value slice_chars(vm_heap *heap, vm_string *text, int64_t start, int64_t count)
{
    if (vm_string_is_ascii(text)) {
        start = at_most(start, text->size);
        count = at_most(count, (int64_t)text->size - start);
        return std_part(heap, text, (size_t)start, (size_t)count);
    }
    bl_slice bytes = {text->data, text->size};
    size_t from = std_skip_chars(bytes, 0, (uint64_t)start);
    size_t to = std_skip_chars(bytes, from, (uint64_t)count);
    return std_part(heap, text, from, to - from);
}

static vm_status string_slice(vm_task *task, vm_value *args, vm_value *result)
{
    if (!std_is_string(args[0]) || args[1].tag != VM_INT || args[2].tag != VM_INT) {
        return vm_fail(task, "String.slice: expected (String, Int, Int)");
    }
    vm_heap *heap = vm_task_heap(task);
    if (args[1].integer < 0 || args[2].integer <= 0) {
        return std_give(result, std_ascii(heap, "", 0));
    }
    return std_give(result, slice_chars(heap, args[0].string, args[1].integer, args[2].integer));
}

static vm_status string_chars(vm_task *task, vm_value *args, vm_value *result)
{
    if (!std_is_string(args[0])) {
        return vm_fail_type(task, "String.chars", "String", args[0]);
    }
    vm_heap *heap = vm_task_heap(task);
    vm_string *text = args[0].string;
    bl_slice bytes = vm_text(args[0]);
    vm_value list = vm_list_make(heap, vm_string_length(text));
    for (size_t at = 0; at < text->size;) {
        size_t size = bl_utf8_size(bytes, at);
        list = vm_list_push(heap, list, std_part(heap, text, at, size));
        at += size;
    }
    return std_give(result, list);
}

static vm_status string_char_at(vm_task *task, vm_value *args, vm_value *result)
{
    if (!std_is_string(args[0]) || args[1].tag != VM_INT) {
        return vm_fail(task, "String.char_at: expected (String, Int)");
    }
    vm_string *text = args[0].string;
    int64_t position = args[1].integer;
    if (position < 0 || position >= (int64_t)text->size) {
        return std_give(result, vm_none());
    }
    bl_slice bytes = {text->data, text->size};
    size_t at =
        vm_string_is_ascii(text) ? (size_t)position : std_skip_chars(bytes, 0, (uint64_t)position);
    if (at >= text->size) {
        return std_give(result, vm_none());
    }
    vm_heap *heap = vm_task_heap(task);
    vm_value character = std_part(heap, text, at, bl_utf8_size(bytes, at));
    return std_give(result, vm_some(heap, character));
}

// "abc" with "-" for "" -> "-a-b-c-".
static void replace_everywhere(bl_buffer *out, bl_slice text, bl_slice by)
{
    bl_buffer_append_slice(out, by);
    for (size_t at = 0; at < text.size;) {
        size_t size = bl_utf8_size(text, at);
        bl_buffer_append(out, text.data + at, size);
        bl_buffer_append_slice(out, by);
        at += size;
    }
}

static void replace_all(bl_buffer *out, bl_slice text, bl_slice needle, bl_slice by)
{
    size_t start = 0;
    for (;;) {
        size_t found = find_bytes(text, start, needle);
        if (found == SIZE_MAX) {
            bl_buffer_append(out, text.data + start, text.size - start);
            return;
        }
        bl_buffer_append(out, text.data + start, found - start);
        bl_buffer_append_slice(out, by);
        start = found + needle.size;
    }
}

// An upper bound of the result, so that a few short texts cannot ask for more than there is.
static uint64_t replaced_size_max(bl_slice text, bl_slice needle, bl_slice by)
{
    uint64_t places = needle.size == 0 ? text.size + 1 : text.size / needle.size;
    return text.size + places * by.size;
}

static uint64_t count_places(bl_slice text, bl_slice needle)
{
    uint64_t places = 0;
    for (size_t at = 0; (at = find_bytes(text, at, needle)) != SIZE_MAX; at += needle.size) {
        places += 1;
    }
    return places;
}

static vm_status string_replace(vm_task *task, vm_value *args, vm_value *result)
{
    if (!are_strings(args, 3)) {
        return vm_fail(task, "String.replace: expected (String, String, String)");
    }
    vm_heap *heap = vm_task_heap(task);
    bl_slice text = vm_text(args[0]);
    bl_slice needle = vm_text(args[1]);
    bl_slice by = vm_text(args[2]);
    uint64_t size = replaced_size_max(text, needle, by);
    if (needle.size > 0 && (size > UINT32_MAX || !vm_heap_can_hold(heap, size))) {
        size = text.size + count_places(text, needle) * by.size;
    }
    if (std_check_size(task, "String.replace", size) != VM_OK) {
        return VM_FAIL;
    }
    if (needle.size > 0 && find_bytes(text, 0, needle) == SIZE_MAX) {
        return std_give(result, vm_dup(args[0]));
    }
    bl_buffer out = {0};
    if (needle.size == 0) {
        replace_everywhere(&out, text, by);
    } else {
        replace_all(&out, text, needle, by);
    }
    *result = vm_string_slice(heap, bl_buffer_slice(&out));
    bl_buffer_deinit(&out);
    return VM_OK;
}

static vm_status string_reverse(vm_task *task, vm_value *args, vm_value *result)
{
    if (!std_is_string(args[0])) {
        return vm_fail_type(task, "String.reverse", "String", args[0]);
    }
    const vm_string *text = args[0].string;
    bl_slice bytes = vm_text(args[0]);
    vm_string *reversed = vm_string_alloc(vm_task_heap(task), text->size);
    char *to = (char *)(uintptr_t)reversed->data + text->size;
    for (size_t at = 0; at < text->size;) {
        size_t size = bl_utf8_size(bytes, at);
        to -= size;
        memcpy(to, text->data + at, size);
        at += size;
    }
    reversed->header.flags |= text->header.flags & (VM_STRING_ASCII | VM_STRING_UNICODE);
    return std_give(result, vm_of(reversed));
}

// ---- numbers and codes -----------------------------------------------------------------------

static vm_status string_to_int(vm_task *task, vm_value *args, vm_value *result)
{
    if (!std_is_string(args[0])) {
        return vm_fail_type(task, "String.to_int", "String", args[0]);
    }
    int64_t number = 0;
    bool is_number = std_parse_int(std_trim(vm_text(args[0])), &number);
    return std_give(result, is_number ? vm_some(vm_task_heap(task), vm_int(number)) : vm_none());
}

static vm_status string_char_code(vm_task *task, vm_value *args, vm_value *result)
{
    if (!std_is_string(args[0])) {
        return vm_fail_type(task, "String.char_code", "String", args[0]);
    }
    if (args[0].string->size == 0) {
        return vm_fail(task, "String.char_code: empty string");
    }
    return std_give(result, vm_int(bl_utf8_code(vm_text(args[0]), 0)));
}

static vm_status string_from_char_code(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_INT) {
        return vm_fail_type(task, "String.from_char_code", "Int", args[0]);
    }
    int64_t code = args[0].integer;
    if (code < 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
        return vm_fail(task, "String.from_char_code: invalid code point %lld", (long long)code);
    }
    char bytes[4];
    size_t size = bl_utf8_encode((uint32_t)code, bytes);
    return std_give(result, vm_string_make(vm_task_heap(task), bytes, size));
}

// ---- for generators of test data -------------------------------------------------------------

// A character's width in bytes makes positions in a cycle of Unicode text costly: so offsets of
// all characters are walked, never computed.
static vm_status cycle_bytes(vm_task *task, const vm_string *text, uint64_t start, uint64_t count,
                             vm_value *result)
{
    bl_slice bytes = {text->data, text->size};
    size_t at = std_skip_chars(bytes, 0, start);
    bl_buffer out = {0};
    while (count > 0) {
        size_t size = bl_utf8_size(bytes, at);
        bl_buffer_append(&out, bytes.data + at, size);
        at = at + size == bytes.size ? 0 : at + size;
        count -= 1;
    }
    *result = vm_string_slice(vm_task_heap(task), bl_buffer_slice(&out));
    bl_buffer_deinit(&out);
    return VM_OK;
}

static vm_status string_cyclic_substring(vm_task *task, vm_value *args, vm_value *result)
{
    if (!std_is_string(args[0]) || args[1].tag != VM_INT || args[2].tag != VM_INT) {
        return vm_fail(task, "String.cyclic_substring: expected (String, Int, Int)");
    }
    vm_string *text = args[0].string;
    uint64_t start = args[1].integer > 0 ? (uint64_t)args[1].integer : 0;
    uint64_t count = args[2].integer > 0 ? (uint64_t)args[2].integer : 0;
    uint64_t length = vm_string_length(text);
    if (length == 0 || count == 0) {
        return std_give(result, std_ascii(vm_task_heap(task), "", 0));
    }
    uint64_t char_size_max = vm_string_is_ascii(text) ? 1 : 4;
    uint64_t size = count > UINT32_MAX ? UINT64_MAX : count * char_size_max;
    if (std_check_size(task, "String.cyclic_substring", size) != VM_OK) {
        return VM_FAIL;
    }
    return cycle_bytes(task, text, start % length, count, result);
}

// Whether the lists are what random_fasta_line needs: as many probabilities as letters at least.
static bool is_alphabet(vm_value weights, vm_value letters)
{
    if (weights.tag != VM_LIST || letters.tag != VM_LIST || letters.list->size == 0 ||
        weights.list->size < letters.list->size) {
        return false;
    }
    for (uint32_t i = 0; i < letters.list->size; i++) {
        if (!std_is_number(vm_list_items(weights.list)[i]) ||
            !std_is_string(vm_list_items(letters.list)[i])) {
            return false;
        }
    }
    return true;
}

static bl_slice choose_letter(vm_value weights, vm_value letters, double fraction)
{
    const vm_value *weight = vm_list_items(weights.list);
    uint32_t last = letters.list->size - 1;
    uint32_t i = 0;
    while (i < last && !(fraction < std_number(weight[i]))) {
        i += 1;
    }
    return vm_text(vm_list_items(letters.list)[i]);
}

static vm_status string_random_fasta_line(vm_task *task, vm_value *args, vm_value *result)
{
    if (!is_alphabet(args[0], args[1]) || args[2].tag != VM_INT || args[3].tag != VM_INT) {
        return vm_fail(task, "String.random_fasta_line: expected (List, List, Int, Int)");
    }
    uint64_t count = args[3].integer > 0 ? (uint64_t)args[3].integer : 0;
    if (std_check_size(task, "String.random_fasta_line", count) != VM_OK) {
        return VM_FAIL;
    }
    vm_heap *heap = vm_task_heap(task);
    int64_t seed = args[2].integer % 139968;
    bl_buffer line = {0};
    for (uint64_t i = 0; i < count; i++) {
        seed = (seed * 3877 + 29573) % 139968;
        bl_buffer_append_slice(&line, choose_letter(args[0], args[1], (double)seed / 139968.0));
    }
    vm_value pair[2] = {vm_string_slice(heap, bl_buffer_slice(&line)),
                        vm_int(count > 0 ? seed : args[2].integer)};
    bl_buffer_deinit(&line);
    return std_give(result, vm_tuple_make(heap, pair, 2));
}

static vm_native natives[] = {
#include "vm/std/string.def"
};

vm_module std_string_module = STD_MODULE("String", "str", VM_PRELUDE_PURE, NULL);
