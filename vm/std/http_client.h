// vm/std/http_client.h: one HTTP/1.1 request over a connection of its own, in the calling thread.
#ifndef VM_STD_HTTP_CLIENT_H
#define VM_STD_HTTP_CLIENT_H

#include "alloc/alloc.h"

enum {
    STD_HTTP_TIMEOUT_MS = 30000,               // From start to end, redirects too.
    STD_HTTP_REDIRECTS_MAX = 10,               // Of GET and HEAD.
    STD_HTTP_HEAD_SIZE_MAX = 64 * 1024,        // Status line and headers of an answer.
    STD_HTTP_BODY_SIZE_MAX = 64 * 1024 * 1024, // Of an answer.
};

typedef struct std_http_request {
    const char *method; // "GET": upper case, static.
    char *url;
    bl_buffer headers; // "name: value\r\n" …, without Host, Content-Length, Connection.
    bl_buffer body;
    bool has_body;
} std_http_request;

typedef struct std_http_answer {
    int status;
    bl_buffer head; // Header lines as they came, behind the status line.
    bl_buffer body;
    char reason[200]; // Of a failure.
} std_http_answer;

// False: answer->reason says why there is no answer. Buffers are the caller's, also then.
bool std_http_perform(const std_http_request *request, std_http_answer *answer);
// The next header of head from *at on: name and value without blanks around; false: no more.
bool std_http_next_header(bl_slice head, size_t *at, bl_slice *name, bl_slice *value);

#endif
