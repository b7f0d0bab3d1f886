// vm_bridge/http_error.h: HttpError values: what they are, and the JSON that they become.
#ifndef VM_BRIDGE_HTTP_ERROR_H
#define VM_BRIDGE_HTTP_ERROR_H

#include "vm/vm.h"

typedef struct br_http_error {
    const char *function; // Of the module HttpError.
    const char *variant;
    uint16_t status;
    const char *text;
} br_http_error;

extern const br_http_error br_http_errors[];
extern const size_t br_http_error_count;

// The row of an HttpError, or NULL if value is none.
const br_http_error *br_http_error_of(vm_value value);
// A variant with this payload (moved): the constructor is the program's if it has that name.
vm_value br_http_error_make(vm_task *task, const char *variant, vm_value payload);
// Appends {"error":…,"message":…,"status":…} and, where given, code and context.
void br_http_error_json(bl_buffer *out, vm_value value, const br_http_error *row);

#endif
