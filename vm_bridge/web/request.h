// vm_bridge/web/request.h: natives of Request that have files of their own.
#ifndef VM_BRIDGE_WEB_REQUEST_H
#define VM_BRIDGE_WEB_REQUEST_H

#include "vm_bridge/web/web.h"

// decode.c: the halves of Request.decode.
vm_status web_request_internal_body(vm_task *task, vm_value *args, vm_value *result);
vm_status web_request_internal_fill(vm_task *task, vm_value *args, vm_value *result);
vm_status web_request_multipart(vm_task *task, vm_value *args, vm_value *result); // multipart.c

#endif
