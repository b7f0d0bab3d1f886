// vm_bridge/request.h: an HTTP request as the record that handlers get.
//
// Made field by field from slices of the receive buffer, which outlives the task: strings are
// borrowed, names that every client sends are immortal words, and what a request does not have
// (query, cookies, parameters, state) is the one empty record. So a usual request costs a dozen
// small objects and no malloc.
#ifndef VM_BRIDGE_REQUEST_H
#define VM_BRIDGE_REQUEST_H

#include "engine/engine.h"
#include "vm_bridge/words.h"

// How the parameters of a route become a record; made once for each route.
typedef struct br_params {
    vm_shape *shape;       // Immortal; names sorted, each once.
    const uint32_t *order; // Field k of the shape is parameter order[k].
    uint32_t raw_count;    // Parameters of the route.
    bool has_rest;         // The last one is the rest of the path.
} br_params;

// method: what the program shall see. raw: params->raw_count slices of the request's path.
// state: frozen. All bytes of the request must outlive heap's task.
vm_value br_request_value(vm_heap *heap, const eng_request *request, const br_params *params,
                          const bl_slice *raw, vm_value state);

// The parts of it, for tests. text: outlives the heap's values.
vm_value br_query_record(vm_heap *heap, bl_slice query);
// cookie_lines: the values of all Cookie headers.
vm_value br_cookie_record(vm_heap *heap, const bl_slice *lines, size_t count);
// A String of bytes that should be text: bad UTF-8 becomes U+FFFD. Borrows text where it can.
vm_value br_text_value(vm_heap *heap, bl_slice text);

#endif
