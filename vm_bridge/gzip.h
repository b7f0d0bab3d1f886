// vm_bridge/gzip.h: compression of replies.
//
// A body that is worth it is compressed on the thread that made it. One stream a thread is kept and
// used again: its memory is ten times that of a usual body. Every answer that could have been
// compressed says `Vary: Accept-Encoding`, whether it was or not.
#ifndef VM_BRIDGE_GZIP_H
#define VM_BRIDGE_GZIP_H

#include "vm_bridge/reply.h"

typedef struct br_gzip br_gzip; // One thread's stream.

br_gzip *br_gzip_create(void);
void br_gzip_destroy(br_gzip *gzip); // NULL is allowed.

// Whether size, type and headers of the reply allow it.
bool br_gzip_fits(const br_reply *reply);
// Compresses if it fits and the client takes gzip. accept: the value of Accept-Encoding, or empty.
void br_gzip_reply(br_gzip *gzip, br_reply *reply, bl_slice accept);
// Whether gzip is among the codings that an Accept-Encoding lets through (RFC 9110 12.5.3).
bool br_gzip_is_accepted(bl_slice accept);

#endif
