// vm_bridge/log.h: lines for stderr that never hold up a ring thread.
//
//     ring thread --br_log_line--> its own ring buffer --writer thread--> stderr
//
// Each core has a buffer with one producer and one consumer. A line that does not fit is lost and
// counted. Lines become visible to the writer with br_log_publish, once for each pass of the loop,
// so that a line costs a copy and a pass costs a fence. The writer writes whole lines, in chunks
// that a pipe with room takes at once; when nobody reads stderr, lines are lost, not requests.
#ifndef VM_BRIDGE_LOG_H
#define VM_BRIDGE_LOG_H

#include "alloc/alloc.h"

typedef struct br_log br_log;               // The writer and all buffers.
typedef struct br_log_buffer br_log_buffer; // One producer's.

// buffer_count: producers. fd: kept, not closed. NULL if no thread can be made.
br_log *br_log_create(uint32_t buffer_count, int fd);
// Writes what is there (for at most a second where stderr is stuck), then ends. NULL is allowed.
void br_log_destroy(br_log *log);
br_log_buffer *br_log_buffer_of(br_log *log, uint32_t index);

// Producer: room for size bytes, or NULL (the line is lost). Then br_log_commit with what was used.
char *br_log_reserve(br_log_buffer *buffer, size_t size);
void br_log_commit(br_log_buffer *buffer, size_t size);
void br_log_line(br_log_buffer *buffer, bl_slice line);
// Producer: what was committed may be written.
void br_log_publish(br_log_buffer *buffer);
uint64_t br_log_lost(const br_log *log);

#endif
