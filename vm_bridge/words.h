// vm_bridge/words.h: the immortal strings and record shapes of requests and responses.
//
// Static objects with a count of 0, which nobody ever counts, changes or frees: a request's method
// or a response's shape costs nothing to make.
#ifndef VM_BRIDGE_WORDS_H
#define VM_BRIDGE_WORDS_H

#include "vm/vm.h"

#define WORD(name, text) extern vm_string br_word_##name;
#include "vm_bridge/words.def"
#undef WORD

// A static record of a fixed number of names, laid out like a vm_shape.
enum { BR_SHAPE_FIELDS_MAX = 9 };
typedef union br_shape {
    struct {
        vm_object header;
        uint32_t size;
        uint32_t id;
        vm_string *struct_name;
        vm_string *names[BR_SHAPE_FIELDS_MAX];
    } layout;
    vm_shape shape;
} br_shape;

#define SHAPE(name, count, fields) extern br_shape br_shape_##name;
#include "vm_bridge/shapes.def"
#undef SHAPE

enum {
#define FIELD(shape, field) BR_##shape##_##field,
#define SHAPE(name, count, fields) BR_##name##_before = -1, fields
#include "vm_bridge/shapes.def"
#undef SHAPE
#undef FIELD
};

static inline vm_value br_word(vm_string *word)
{
    return (vm_value){.string = word, .tag = VM_STRING};
}

// The empty record: immortal.
vm_value br_empty_record(void);

// The list of headers of a response without any, and of one with only a JSON type: immortal, so
// that they are known by their address when the response is sent.
vm_value br_no_headers(void);
vm_value br_json_headers(void);

static inline bl_slice br_string(const vm_string *string)
{
    return (bl_slice){string->data, string->size};
}

#endif
