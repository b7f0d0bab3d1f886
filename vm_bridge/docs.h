// vm_bridge/docs.h: the page that lists a program's routes, and their OpenAPI document.
#ifndef VM_BRIDGE_DOCS_H
#define VM_BRIDGE_DOCS_H

#include "vm_bridge/app.h"

void br_docs_page(const br_app *app, bl_buffer *out);
// OpenAPI 3.0.3; WebSocket routes are left out.
void br_docs_openapi(const br_app *app, bl_buffer *out);

#endif
