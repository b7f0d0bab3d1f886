// vm_bridge/web/ws.c: the module Ws: signatures only; see ws.def.
#include "vm_bridge/web/web.h"

static vm_native natives[] = {
#include "vm_bridge/web/ws.def"
};

vm_module web_ws_module = {.name = "Ws",
                           .effect = "Ws",
                           .also_effect = "Http",
                           .prelude = VM_PRELUDE_SERVER,
                           .natives = natives,
                           .native_count = BL_ARRAY_COUNT(natives)};
