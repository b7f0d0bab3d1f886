// vm/std/json.h: JSON for the module Json and for the web bridge.
#ifndef VM_STD_JSON_H
#define VM_STD_JSON_H

#include "vm/chunk.h"
#include "vm/heap.h"

typedef struct std_json_error {
    char message[200]; // "expected value at line 3 column 8"; "cannot serialize float NaN".
    uint32_t line;     // Reading: from 1.
    uint32_t column;   // Reading: from 1, in bytes; 0 after a newline and in an empty text.
} std_json_error;

typedef enum std_json_style {
    STD_JSON_COMPACT,
    STD_JSON_PRETTY, // Two blanks a level.
} std_json_style;

// Appends value as JSON. False: something in it has no JSON form; out then ends somewhere, and
// error (may be NULL) says what. Never recurses deeper than STD_JSON_WRITE_DEPTH_MAX.
bool std_json_write(bl_buffer *out, vm_value value, std_json_style style, std_json_error *error);

typedef enum std_json_objects {
    STD_JSON_TAGS,    // {"type": …, "value": …} becomes the variant of that name.
    STD_JSON_RECORDS, // Every object becomes a record (Request.decode looks at these).
} std_json_objects;

// Reads one JSON text (UTF-8, RFC 8259) into values of the heap. program: whose constructors
// parsed tags may name; NULL: only the standard ones. False: *error (may be NULL) says why and
// where; *result is untouched.
bool std_json_parse(vm_heap *heap, const vm_program *program, bl_slice text,
                    std_json_objects objects, vm_value *result, std_json_error *error);

enum {
    STD_JSON_DEPTH_MAX = 127,          // Arrays and objects in each other, when reading.
    STD_JSON_WRITE_SIZE_MAX = 1 << 30, // Bytes: few heaps hold as much, and memory has an end.
    STD_JSON_WRITE_DEPTH_MAX = 4000, // The same when writing: bounds the C stack (200 bytes each).
};

#endif
