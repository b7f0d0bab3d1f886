// vm_bridge/context.h: what a running task belongs to; the natives of the web modules ask.
//
// vm_task_user of every task that the bridge or the command line starts points to a br_context,
// or is NULL (tests): then there is neither a server to start nor a request in work.
#ifndef VM_BRIDGE_CONTEXT_H
#define VM_BRIDGE_CONTEXT_H

#include "vm/vm.h"
#include "vm_bridge/bridge.h"
#include "vm_bridge/words.h"

typedef enum br_context_kind {
    BR_CONTEXT_MAIN,    // A br_launch.
    BR_CONTEXT_REQUEST, // A br_run.
} br_context_kind;

typedef struct br_context {
    br_context_kind kind;
    bl_buffer *scratch; // Of the thread, for text on its way into a String; may be NULL.
} br_context;

struct br_launch {
    br_context context;
    bool is_asked;
    vm_value router; // Owned by main's task until br_launch_keep; then frozen.
    vm_value port;
    vm_value config; // Unit: none.
};

// The limits of requests: values and frames may take as much as each other.
static inline vm_config br_handler_config(size_t handler_memory)
{
    return (vm_config){.heap_limit = handler_memory, .stack_limit = handler_memory};
}

// The launch of a task of main!, or NULL.
br_launch *br_launch_of(const vm_task *task);
// The thread's scratch buffer, empty, or `own` where there is none. Give it to br_scratch_end.
bl_buffer *br_scratch(const vm_task *task, bl_buffer *own);
void br_scratch_end(bl_buffer *scratch, bl_buffer *own);

#endif
