// vm_bridge/web/request.h: natives of Request that have files of their own.
#ifndef VM_BRIDGE_WEB_REQUEST_H
#define VM_BRIDGE_WEB_REQUEST_H

#include "vm_bridge/web/web.h"

vm_status web_request_decode(vm_task *task, vm_value *args, vm_value *result);    // decode.c
vm_status web_request_multipart(vm_task *task, vm_value *args, vm_value *result); // multipart.c

#endif
