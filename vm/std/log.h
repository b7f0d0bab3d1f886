// vm/std/log.h: log lines as programs write them, also for the server's own messages.
#ifndef VM_STD_LOG_H
#define VM_STD_LOG_H

#include "alloc/alloc.h"

typedef enum std_log_level {
    STD_LOG_DEBUG,
    STD_LOG_INFO,
    STD_LOG_WARN,
    STD_LOG_ERROR,
} std_log_level;

typedef struct std_log_field {
    bl_slice name;
    bl_slice value;
} std_log_field;

// Whether lines of this level are written (LOG_LEVEL of the process environment, read once).
bool std_log_is_on(std_log_level level);
// One line on stderr in one write, as text or JSON (LOG_FORMAT). Dropped if the level is off.
void std_log_line(std_log_level level, bl_slice message, const std_log_field *fields,
                  size_t field_count);

#endif
