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

// ---- lists of headers --------------------------------------------------------------------------

// Laid out like a vm_store of one item.
typedef union br_one_store {
    struct {
        int32_t count;
        uint32_t first, used, capacity;
        vm_value items[1];
    } layout;
    vm_store store;
} br_one_store;

typedef union br_pair {
    struct {
        vm_object header;
        uint32_t size, unused;
        vm_value items[2];
    } layout;
    vm_tuple tuple;
} br_pair;

vm_value br_no_headers(void)
{
    static vm_list list = {.header = {.kind = VM_LIST}};
    return (vm_value){.list = &list, .tag = VM_LIST};
}

vm_value br_json_headers(void)
{
    static br_pair pair = {
        .layout = {.header = {.kind = VM_TUPLE},
                   .size = 2,
                   .items = {{{.string = &br_word_header_content_type}, VM_STRING},
                             {{.string = &br_word_application_json}, VM_STRING}}}};
    static br_one_store store = {
        .layout = {.used = 1, .capacity = 1, .items = {{{.tuple = &pair.tuple}, VM_TUPLE}}}};
    static vm_list list = {.header = {.kind = VM_LIST}, .size = 1, .store = &store.store};
    return (vm_value){.list = &list, .tag = VM_LIST};
}
