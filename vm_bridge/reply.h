// vm_bridge/reply.h: what a handler returned, as a response.
//
// A reply is status, checked header lines and a body; made on the thread that ran the handler,
// sent by the ring thread. Its buffers are used again for the next request. The body is a slice of
// a value of the handler's task, or of `text` where it had to be made (JSON, errors).
#ifndef VM_BRIDGE_REPLY_H
#define VM_BRIDGE_REPLY_H

#include "vm/vm.h"

typedef struct br_reply {
    uint16_t status;
    bool close;       // The application asks for it.
    bool has_date;    // Among the lines.
    bool has_length;  // Of a HEAD route that states the size of a body that it does not send.
    bool wants_allow; // 405 without an Allow line: the ring thread knows the methods.
    uint64_t content_length;
    bl_buffer lines; // "Name: value\r\n" …
    bl_slice body;
    bl_buffer text;  // Body made here.
    bl_buffer fault; // What went wrong, for the log; empty: nothing.
} br_reply;

void br_reply_deinit(br_reply *reply);
// Ready for the next request; gives large buffers back.
void br_reply_reset(br_reply *reply);

// From what the handler returned. id_header: its lines are the server's, so such lines of the
// application are dropped; may be empty.
void br_reply_render(br_reply *reply, vm_value result, bool is_head, bl_slice id_header);
// The answer to a handler that failed: 500 and nothing of the inside; message goes to the log.
void br_reply_failure(br_reply *reply, const char *message);
// {"error":ERROR,"path":PATH}
void br_reply_no_route(br_reply *reply, uint16_t status, const char *error, bl_slice path);
// A JSON body that is ready.
void br_reply_json(br_reply *reply, uint16_t status, bl_slice body);

#endif
