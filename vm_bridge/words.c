// vm_bridge/words.c: see words.h.
#include "vm_bridge/words.h"

#define WORD(name, text)                                                                           \
    vm_string br_word_##name = {.header = {.kind = VM_STRING, .flags = VM_STRING_ASCII},           \
                                .size = sizeof(text) - 1,                                          \
                                .data = (text)};
#include "vm_bridge/words.def"
#undef WORD

#define FIELD(shape, field) &br_word_##field,
#define SHAPE(name, count, fields)                                                                 \
    br_shape br_shape_##name = {                                                                   \
        .layout = {                                                                                \
            .header = {.kind = VM_UNIT}, .size = (count), .id = UINT32_MAX, .names = {fields}}};
#include "vm_bridge/shapes.def"
#undef SHAPE
#undef FIELD

_Static_assert(offsetof(br_shape, layout.names) == offsetof(vm_shape, names), "one layout");

vm_value br_empty_record(void)
{
    static br_shape shape = {.layout = {.header = {.kind = VM_UNIT}, .id = UINT32_MAX}};
    static vm_record record = {.header = {.kind = VM_RECORD}, .shape = &shape.shape};
    return (vm_value){.record = &record, .tag = VM_RECORD};
}
