// vm_bridge/bridge.h: Baseline programs behind the HTTP engine: the only folder in which they meet.
//
//     br_library_add(&library);                        // the web modules, before compiling
//     br_launch *launch = br_launch_create();
//     vm_task_set_user(main_task, launch);             // Server.listen! notes its arguments there
//     … run main …
//     if (br_launch_is_asked(launch)) {
//         br_launch_keep(launch, main_task);           // handlers and state outlive the task
//         br_end end = br_serve(launch, program, &options);
//     }
//     br_launch_destroy(launch);
//
// Threads: one ring thread for each core (the engine's), a pool of workers, a thread that writes
// the log, and the caller of br_serve, which waits for signals. The program, its constants and
// everything that main! left are shared and read-only; each thread has a vm_thread of its own.
#ifndef VM_BRIDGE_BRIDGE_H
#define VM_BRIDGE_BRIDGE_H

#include "engine/engine.h"
#include "vm/vm.h"

// A number that the operator may have set; else the program's configuration speaks, then the
// default.
typedef struct br_setting {
    bool is_set;
    uint32_t value;
} br_setting;

typedef struct br_options {
    uint32_t core_count;   // 0: as many as the process may use.
    uint32_t worker_count; // 0: two for each core.
    const char *listen;    // "ADDR:PORT", overrides the program's port; NULL: not set. Borrowed.
    bool all_on_workers;   // --placement worker.
    bool pin;
    size_t handler_memory; // Bytes of one request's heap.
    uint64_t handler_fuel; // Of a handler on a ring thread.
    uint32_t queue_depth;  // Of each worker.
    uint32_t waiting_max;  // Handlers of each worker that sleep or wait.
    br_setting access_log;
    br_setting rate_limit; // Requests per second and address; 0: none.
    struct {
#define LIMIT(name, value, min, max, answer, reason) br_setting name;
#include "engine/limits.def"
#undef LIMIT
    } limits;
} br_options;

void br_options_init(br_options *options);

// Adds the web modules. They are static: one library a process.
void br_library_add(vm_library *library);

// What main! asked for.
typedef struct br_launch br_launch;
br_launch *br_launch_create(void);
void br_launch_destroy(br_launch *launch); // NULL is allowed.
bool br_launch_is_asked(const br_launch *launch);
// Ends the task of main! and keeps what the server needs of it.
void br_launch_keep(br_launch *launch, vm_task *task);

typedef enum br_end {
    BR_DRAINED,     // All requests were answered.
    BR_CUT,         // Some were cut off, or a second signal came.
    BR_NOT_STARTED, // A message on stderr says why.
    BR_NO_RING,     // The same; io_uring is missing or forbidden.
} br_end;

// Serves until SIGTERM or SIGINT. All messages go to stderr. The thread that ran main must stay:
// its heap holds what was kept. After BR_CUT handlers may still run: nothing may be freed.
br_end br_serve(br_launch *launch, const vm_program *program, const br_options *options);

// For `routes`: a line for each route with its placement and the reason.
BL_MUST_USE
bl_status br_routes_write(br_launch *launch, const vm_program *program, const br_options *options,
                          bl_buffer *out, bl_error *error);

#endif
