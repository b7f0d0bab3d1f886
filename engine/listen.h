// engine/listen.h: the listening sockets, one for each core, all on the same address and port.
#ifndef ENGINE_LISTEN_H
#define ENGINE_LISTEN_H

#include "engine/engine.h"

// Binds count sockets; *port is that which was found for port 0. Connections are refused until
// eng_listen_open(). On failure none is left open.
BL_MUST_USE
bl_status eng_listen_bind(const char *address, uint16_t *port, int *sockets, uint32_t count,
                          bl_error *error);
BL_MUST_USE
bl_status eng_listen_open(const int *sockets, uint32_t count, uint32_t backlog, bl_error *error);

#endif
