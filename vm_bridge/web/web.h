// vm_bridge/web/web.h: what the web modules share. A module is one table (X.def) and one file
// (X.c) that includes it; library.c lists them.
#ifndef VM_BRIDGE_WEB_WEB_H
#define VM_BRIDGE_WEB_WEB_H

#include "vm_bridge/context.h"
#include "vm_bridge/words.h"

#define WEB_MODULE(name) extern vm_module web_##name##_module;
#include "vm_bridge/web/modules.def"
#undef WEB_MODULE

static inline vm_status web_give(vm_value *result, vm_value value)
{
    *result = value;
    return VM_OK;
}

static inline bool web_is_text(vm_value value)
{
    return value.tag == VM_STRING;
}

// A field of a record, or NULL for anything else.
static inline const vm_value *web_field(vm_value record, const vm_string *name)
{
    return record.tag == VM_RECORD ? vm_record_field(record.record, br_string(name)) : NULL;
}

// Drops the owned arguments of a call that fails.
void web_drop(vm_task *task, vm_value *args, size_t count);
// The same, then the error "NAME: expected TYPE, got VALUE" about args[at].
vm_status web_fail_type(vm_task *task, vm_value *args, size_t count, size_t at, const char *name,
                        const char *expected);
// A String from a format.
vm_value web_format(vm_task *task, const char *format, ...) BL_PRINTF(2, 3);
// Err(variant(message)); message: moved.
vm_value web_error(vm_task *task, const char *variant, vm_value message);
// JSON of a value as a String. False: it has failed (nothing is dropped).
bool web_json(vm_task *task, const char *name, vm_value value, vm_value *text);
// The record with an item appended to its list `name` (made where there is none). Consumes both.
vm_value web_append(vm_heap *heap, vm_value record, vm_string *name, vm_value item);
vm_value web_pair(vm_heap *heap, vm_value first, vm_value second);
// The value of the first header of that name (lower case) of a request record; NULL: none.
const vm_value *web_header(vm_value request, bl_slice name);
// Optional sign, decimal digits, 64 bits.
bool web_parse_int(bl_slice text, int64_t *number);
bl_slice web_trim(bl_slice text);

#endif
