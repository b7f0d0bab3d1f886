// vm_bridge/answer.h: what the server adds to every answer, and its own short answers.
#ifndef VM_BRIDGE_ANSWER_H
#define VM_BRIDGE_ANSWER_H

#include "vm_bridge/serve.h"

// The client's request id where it counts, else "req-N" with N in user_word. room: 24 bytes.
bl_slice br_request_id(const br_core *core, const eng_request *request, char *room);
// Gives the request a number if it has none.
void br_number(br_core *core, eng_request *request);

// Sends the reply with request id, CORS and, where wanted, Allow. Not for a reply whose body must
// be kept.
void br_answer(br_core *core, eng_request *request, br_reply *reply);
// The same for a deferred request, which ends; the run goes back when its body is sent.
void br_answer_run(br_core *core, br_run *run);
void br_answer_prepared(br_core *core, eng_request *request, const eng_prepared *prepared);
// 204 to an OPTIONS without a route. methods: bits of the tree for this path.
void br_answer_preflight(br_core *core, eng_request *request, uint32_t methods);
// Appends "Allow: GET, HEAD, …\r\n" with the automatic ones.
void br_append_allow(bl_buffer *lines, uint32_t methods);
// "[server] Runtime error: …" with the request's id, if the reply has a fault.
void br_log_fault(br_core *core, const eng_request *request, const br_reply *reply);
void br_log_access(br_core *core, const eng_request *request, const eng_done *done);

#endif
