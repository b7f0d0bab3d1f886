// vm_bridge/web/base64.h: base64 and base64url (RFC 4648).
#ifndef VM_BRIDGE_WEB_BASE64_H
#define VM_BRIDGE_WEB_BASE64_H

#include "alloc/alloc.h"

typedef enum web_alphabet { WEB_BASE64, WEB_BASE64_URL } web_alphabet;

// Appends text in base64url without padding.
void web_base64url_write(bl_buffer *out, bl_slice bytes);
// Decodes; padding may be left out. False: a character that does not belong there, or a length
// that no text has; then *size is untouched. out: room for 3 bytes for each 4 characters begun.
bool web_base64_read(bl_slice text, web_alphabet alphabet, char *out, size_t *size);

#endif
