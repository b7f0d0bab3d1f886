// vm_bridge/json.h: the little JSON that the server writes by itself: escaped text.
#ifndef VM_BRIDGE_JSON_H
#define VM_BRIDGE_JSON_H

#include "vm/vm.h"

// Appends text in quotes; control characters escaped, bytes that are not UTF-8 as U+FFFD.
void br_json_text(bl_buffer *out, bl_slice text);
// Appends a value as Json.to_string writes it, null where it has no such form.
void br_json_value(bl_buffer *out, vm_value value);

#endif
