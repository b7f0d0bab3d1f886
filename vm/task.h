// vm/task.h: private to vm/: threads, tasks, fibers and stacks as interpreter, handlers and
// scheduler see them.
//
// Stacks. A fiber runs on a chain of segments: one of its own and one for the body of each `handle`
// in progress. A segment is a list of chunks of value slots; chunks never move, so pointers to
// registers stay good. A frame is a header of two slots and its registers behind them; the frame of
// a callee begins inside of its caller's registers, where the arguments have been put:
//
//     caller  … | R[a] R[a+1] | R[a+2] = argument 0 …
//     callee      [ header  ]   R[0]                  … R[register_count-1]
//
// RETURN writes its result over the first slot of the header, which is R[a] of the caller. So it
// needs to know nothing of the caller. Frames that no CALL has made (the bottom of a segment, a
// handler's clause …) return to an instruction of their own, END_*, with their own base as caller;
// what that instruction needs lies in the segment, the chunk, or a vm_insert below the header.
//
// Handlers. An installed `handle`, `with` or capture is a vm_node in a list, innermost first.
// Evaluating an operation searches the list. See handler.c.
#ifndef VM_TASK_H
#define VM_TASK_H

#include <stdatomic.h>

#include "vm/faults.h"
#include "vm/limits.h"
#include "vm/object.h"
#include "vm/vm.h"

typedef struct vm_chunk vm_chunk;
typedef struct vm_segment vm_segment;
typedef struct vm_node vm_node;
typedef struct vm_resume vm_resume;

// The header of a frame: two slots.
typedef struct vm_frame {
    const vm_instruction *return_pc;
    vm_value *caller; // Its base; the frame's own one where return_pc is an END_*.
    const vm_function *function;
    uint64_t unused;
} vm_frame;

_Static_assert(sizeof(vm_frame) == 2 * sizeof(vm_value), "a header is two registers");

// Below the header of a frame that was inserted between two instructions of its caller.
typedef struct vm_insert {
    const vm_instruction *return_pc;
    vm_value *caller;
    vm_value *result;  // A register of the caller.
    vm_node *handlers; // Of the caller.
    // Clauses of `handle`:
    vm_resume *resume;             // The continuation that a general clause holds; counted.
    const vm_instruction *home_pc; // Behind the HANDLE …
    vm_value *home_base;           // … and its frame; NULL: no clause.
    uint64_t to_handle;            // The caller runs HANDLE: R[a+1] wants to know of EARLY.
} vm_insert;

enum {
    VM_HEADER_SLOTS = 2,
    VM_INSERT_SLOTS = sizeof(vm_insert) / sizeof(vm_value),
};

_Static_assert(sizeof(vm_insert) % sizeof(vm_value) == 0, "inserts are whole slots");

struct vm_chunk {
    vm_chunk *previous; // Below it in the segment.
    vm_chunk *spare;    // The one that came above it, kept for the next overflow.
    vm_value *end;      // Frames must end before.
    size_t size;        // Bytes.
    // How the frame that overflowed into this chunk returns:
    const vm_instruction *return_pc;
    vm_value *caller;
    vm_value *result;
    uint64_t unused;
    vm_value slots[];
};

typedef enum vm_node_kind {
    VM_NODE_HANDLE,
    VM_NODE_WITH,
    VM_NODE_COLLECT,
} vm_node_kind;

// An installed handler.
struct vm_node {
    vm_node_kind kind;
    uint32_t value_count;
    vm_node *outer;
    vm_node *below;      // WITH, COLLECT: the next of the same segment.
    vm_value *base;      // WITH, COLLECT: the frame that installed it.
    const void *table;   // vm_handler, vm_with or vm_operation, by kind.
    vm_segment *segment; // HANDLE: of the body.
    vm_value *values; // Clause closures, handler records, or one list of what was recorded. Owned.
    vm_value inline_values[4];
};

struct vm_segment {
    vm_chunk *chunk; // The newest.
    vm_segment *parent;
    vm_segment *all_next; // All segments of the task.
    vm_segment *all_previous;
    vm_resume *captured_by; // The continuation whose bottom this is.
    vm_node *nodes;         // WITH and COLLECT installed by frames of this segment, newest first.
    vm_node node;           // HANDLE; unused in a fiber's own segment.
    // Where the value of the body goes: to HANDLE, or to the call of resume that revived it.
    const vm_instruction *site_pc;
    vm_value *site_base;
    vm_value *site_result;
    bool site_to_handle;
    const vm_instruction *home_pc; // Behind the HANDLE, whatever the site.
    vm_value *home_base;
    uint32_t seen; // How often the running audit has come here.
};

// A place in a stack where execution can go on.
typedef struct vm_cursor {
    vm_segment *segment;
    vm_value *base;
    const vm_instruction *pc;
    vm_node *handlers;
} vm_cursor;

typedef enum vm_resume_state {
    VM_RESUME_READY,
    VM_RESUME_USED,
    VM_RESUME_FINISHED,
} vm_resume_state;

struct vm_resume {
    vm_object header;
    vm_resume_state state;
    vm_cursor at;       // Right behind the PERFORM.
    vm_value *result;   // Where its value goes.
    vm_segment *bottom; // The segment of the handled body.
    vm_task *task;
};

typedef enum vm_fiber_state {
    VM_FIBER_READY,
    VM_FIBER_RUNNING,
    VM_FIBER_WAITING,
    VM_FIBER_DONE,
} vm_fiber_state;

// Fibers in a row: ready to run, or waiting for the same thing. First in, first out.
typedef struct vm_fiber_list {
    vm_fiber *first;
    vm_fiber *last;
} vm_fiber_list;

// The fiber has ended: value is what it gave (moved), or unit if it was stopped on the way.
typedef void (*vm_fiber_done_fn)(vm_fiber *fiber, vm_value value, bool was_stopped);

struct vm_fiber {
    vm_task *task;
    vm_fiber_state state;
    bool is_cancelled;
    bool has_token;   // Somebody outside will call vm_wake.
    vm_cursor at;     // segment NULL: not started.
    vm_value *result; // Where the value of what it waits for goes.
    vm_value callee;  // Until it starts: called without arguments. Owned.
    vm_fiber *next;   // In list.
    vm_fiber *previous;
    vm_fiber_list *list;
    vm_handle *waits_in; // Whose list that is: counted, since nobody else may hold it. NULL: none.
    int64_t deadline_ms;
    uint64_t timer_order;
    uint32_t timer_position; // In the task's heap of timers, plus 1; 0: none.
    // For whoever made it (async.c):
    vm_fiber_done_fn done; // NULL: the task's main fiber.
    void *owner;
    vm_value carried;    // What it waits to hand over. Owned.
    const char *failure; // Its native fails with this when it goes on; NULL: it does not.
    vm_fiber *sibling_next;
    vm_fiber *sibling_previous;
};

typedef struct vm_cache {
    const vm_shape *shape;
    uint16_t slots[4];
} vm_cache;

struct vm_thread {
    const vm_program *program;
    vm_config config;
    vm_block_pool *blocks;
    vm_cache *caches;
    vm_heap **kept_heaps;
    uint32_t kept_heap_count;
    vm_segment *idle_segments; // Linked by parent.
    uint32_t idle_segment_count;
    vm_task *idle_tasks[4];
    uint32_t idle_task_count;
    size_t leak_count;
};

struct vm_task {
    // Used by each call or native: one cache line.
    int64_t fuel; // Of the slice; below 0: look at interrupts, limits and the rest.
    vm_value *stack_end;
    vm_node *handlers;
    vm_segment *segment;
    vm_heap *heap;
    vm_cache *caches;
    const vm_instruction *pc; // While a native or slow path runs; when the task stands still.
    vm_value *base;

    vm_thread *thread;
    void *user;
    size_t stack_used; // Bytes of chunks.
    size_t stack_limit;
    uint64_t fuel_left; // Behind the slice.
    bool fuel_is_limited;
    bool has_acted;
    bool has_failed;
    const char *_Atomic interrupt;
    vm_value call_callee; // vm_tail_call: borrowed callee dup'ed, arguments moved.
    vm_value call_args[VM_LIMIT_ARGUMENTS];
    uint32_t call_count;
    vm_value result;
    vm_failure failure;
    bl_buffer failure_message;
    bl_buffer failure_stack;
    bl_buffer scratch; // Of BUILD.
    // Frozen boxes that this task has written to, with what it sees in them.
    struct vm_overlay *overlay;
    uint32_t overlay_count;
    uint32_t overlay_capacity;
    vm_segment *all_segments;
    // Fibers (fiber.c).
    vm_fiber *fiber; // The running one, also while it is paused.
    vm_fiber *main_fiber;
    vm_fiber_list ready;
    vm_fiber_list cancelled; // To be taken apart by the scheduler.
    vm_fiber **timers;       // A binary heap by deadline, then order of arrival.
    uint32_t timer_count;
    uint32_t timer_capacity;
    uint64_t timer_order;
    uint32_t token_count; // Fibers that wait for a vm_wake.
    bool is_done;
    // Paranoid builds (audit.c): steps since the last audit, and how many are due before the next.
    size_t audit_steps;
    size_t audit_price;
    void (*on_end)(vm_task *task); // vm_task_on_end; NULL: nothing is held.
};

// ---- frames ---------------------------------------------------------------------------------

static inline vm_frame *vm_frame_of(vm_value *base)
{
    return (vm_frame *)(void *)base - 1;
}

static inline vm_insert *vm_insert_of(vm_value *base)
{
    return (vm_insert *)(void *)(base - VM_HEADER_SLOTS) - 1;
}

static inline uint32_t vm_frame_pc(vm_value *base, const vm_instruction *pc)
{
    return (uint32_t)(pc - vm_frame_of(base)->function->code) - 1;
}

// Writes both words: a vector store of them would make the next read of one wait.
static inline void vm_set(vm_value *slot, vm_value value)
{
    slot->bits = value.bits;
    slot->tag = value.tag;
}

// One instruction for each END_*: return addresses.
extern const vm_instruction vm_end_chunk[1], vm_end_fiber[1], vm_end_handle[1], vm_end_clause[1],
    vm_end_tail[1], vm_end_insert[1];

// ---- stack.c --------------------------------------------------------------------------------

// A segment with a chunk that has room for slots values. NULL: the stack limit.
vm_segment *vm_segment_acquire(vm_task *task, size_t slots);
// Gives back the chunks too. The node's values are dropped.
void vm_segment_release(vm_task *task, vm_segment *segment);
// A chunk above the newest one of the running segment with room for slots. The caller sets how it
// returns. NULL: the stack limit.
vm_chunk *vm_chunk_push(vm_task *task, size_t slots);
// Leaves the newest chunk of segment.
void vm_chunk_pop(vm_task *task, vm_segment *segment);
// Makes segment the running one.
void vm_segment_enter(vm_task *task, vm_segment *segment);
// A walk over the frames of a stack that changes nothing, innermost first.
typedef struct vm_stack_walk {
    vm_segment *segment;
    const vm_chunk *chunk;
    vm_value *base;
    const vm_instruction *pc;
    vm_resume *resume; // Of the clause that the last step has left; else NULL.
} vm_stack_walk;
vm_stack_walk vm_stack_walk_from(const vm_cursor *at);
// False: that was the outermost frame.
bool vm_stack_walk_out(vm_stack_walk *walk);
// What the frame owns at pc; NULL: nothing.
const vm_live *vm_frame_live(vm_value *base, const vm_instruction *pc);
// Drops what the frame at *at owns and steps to the one that waits for it; WITH and COLLECT of the
// frame are removed. False: that was the bottom of a fiber.
bool vm_unwind_step(vm_task *task, vm_cursor *at);

// ---- arithmetic.c: the slow ways of instructions; false: a run-time error -------------------

bool vm_arithmetic(vm_task *task, uint16_t op, vm_value *result, vm_value a, vm_value b);
bool vm_negate(vm_task *task, vm_value *result, vm_value a);
// op: one of EQ … GE. 0 or 1, or -1: a run-time error.
int vm_compare_op(vm_task *task, uint16_t op, vm_value a, vm_value b);
bool vm_range_check(vm_task *task, vm_value start, vm_value end);
bool vm_range_make(vm_task *task, vm_value *result, vm_value start, vm_value end);
bool vm_concat(vm_task *task, vm_value *result, vm_value left, vm_value right);
bool vm_build(vm_task *task, vm_value *result, vm_value *parts, size_t count);

// ---- data.c: records, variants, pattern tests -----------------------------------------------

// The field of value, borrowed; unit where it has none. An object {"type": …, "value": …} becomes a
// variant when it is read as JSON; so that nobody who sends one breaks `body.type`, `type` of a
// variant is the name of its constructor.
vm_value vm_field_find(vm_task *task, const vm_field *field, vm_value value);
// The same, owned; and `value` of a variant is its payload.
vm_value vm_field_get(vm_task *task, const vm_field *field, vm_value value);
bool vm_update_record(vm_task *task, const vm_update *update, vm_value *result, vm_value *operands);
bool vm_type_passes(const vm_type_test *test, vm_value value);
// Where a match on the value goes on: the keys of the table are searched by halving.
int32_t vm_switch_search(const vm_switch *table, const vm_value *value);
vm_value vm_box_read(vm_task *task, vm_box *box); // Borrowed; also of frozen boxes.
void vm_box_write(vm_task *task, vm_box *box, vm_value value);
void vm_overlay_clear(vm_task *task);

// `RETURN 0`: for a result that only arrives in register 0 of a frame that is done.
extern const vm_instruction vm_return_first[1];

// ---- call.c: calls that are not of the plain kind
// -------------------------------------------------- They work on task->pc and task->base (pc
// behind the instruction) and leave there what runs next.

typedef enum vm_step {
    VM_STEP_RUN,  // Go on at task->pc, task->base.
    VM_STEP_FAIL, // vm_raise or vm_fail was called.
    VM_STEP_PARK, // The running fiber waits or has ended: back to the scheduler.
} vm_step;

// Arguments stand at args, the callee behind them; all are used up. result: register of the running
// frame. is_tail: instead of the running frame.
vm_step vm_call_value(vm_task *task, vm_value *result, vm_value *args, uint32_t count,
                      bool is_tail);
// CALL or TAIL_CALL of function for which the chunk has no room.
vm_step vm_call_overflow(vm_task *task, const vm_function *function, vm_value *args, bool is_tail);
// callee(args…) on top of the running frame, its value into insert.result; all moved. The insert's
// return_pc, caller and handlers are filled in.
vm_step vm_call_insert(vm_task *task, vm_value callee, const vm_value *args, uint32_t count,
                       vm_insert insert, const vm_instruction *end);
// What an instruction of a library function leaves to the native; task->pc stands on the NOP behind
// it. False: it has failed.
bool vm_call_intrinsic(vm_task *task, const vm_function *function);
// What a native has answered.
vm_step vm_native_done(vm_task *task, vm_status status, vm_value *result, vm_value value);
// count arguments, all used up.
vm_step vm_native_call(vm_task *task, const vm_native *native, vm_value *result, vm_value *args,
                       uint32_t count);

// ---- handler.c ------------------------------------------------------------------------------

vm_step vm_handle_begin(vm_task *task, vm_value *result, vm_value *closures,
                        const vm_handler *handler);
vm_step vm_handle_end(vm_task *task);
vm_step vm_clause_end(vm_task *task);
vm_step vm_perform(vm_task *task, vm_value *result, vm_value *args, const vm_operation *operation);
vm_step vm_resume_call(vm_task *task, vm_value *result, vm_value *args, uint32_t count,
                       bool is_tail);
vm_step vm_early(vm_task *task, vm_value value);
void vm_with_begin(vm_task *task, vm_value *records, const vm_with *with);
void vm_with_end(vm_task *task);
void vm_collect_begin(vm_task *task, const vm_operation *operation);
vm_value vm_collect_end(vm_task *task);
// The clause that holds a continuation is over: nobody may call it any more. Takes one count.
void vm_resume_finish(vm_task *task, vm_resume *resume);
void vm_node_free(vm_task *task, vm_node *node);
void vm_node_clear(vm_task *task, vm_node *node); // Drops its values.

// ---- failure.c ------------------------------------------------------------------------------

// Records a run-time error of faults.def; false, so that one can `return vm_raise(…)`.
bool vm_raise(vm_task *task, vm_fault fault, vm_value operand);
// Adds place and stack from task->pc and task->base.
void vm_failure_locate(vm_task *task);

// ---- interpret.c ----------------------------------------------------------------------------

typedef enum vm_run_result {
    VM_RUN_ENDED, // The fiber's function has returned; the value is in task->result.
    VM_RUN_PARKED,
    VM_RUN_FAILED,
    VM_RUN_PAUSED, // Slice used up or interrupted: call again to go on.
} vm_run_result;

vm_run_result vm_interpret(vm_task *task);

// ---- fiber.c --------------------------------------------------------------------------------

// A fiber that will call callee (moved) with the arguments that start puts into its frame; behind
// the ready ones.
vm_fiber *vm_fiber_spawn(vm_task *task, vm_value callee, vm_fiber_done_fn done, void *owner);
// At its next suspension point the fiber is taken apart and done is called.
void vm_fiber_cancel(vm_fiber *fiber);
// The running fiber waits in list, a part of holder, until somebody resumes it.
vm_status vm_fiber_wait(vm_task *task, vm_fiber_list *list, vm_handle *holder);
// The first fiber of list, or NULL, goes on with value as its native's result.
vm_fiber *vm_fiber_list_first(const vm_fiber_list *list);
void vm_fiber_resume(vm_fiber *fiber, vm_value value);
// The same, but its native fails with a static message.
void vm_fiber_resume_failed(vm_fiber *fiber, const char *message);
// Runs until there is nothing to run. VM_STEP_RUN: the main fiber has ended.
vm_outcome vm_fibers_run(vm_task *task);
bool vm_fiber_start_main(vm_task *task, vm_value callee, const vm_value *args, uint32_t count);
// Gives back all stacks. The fibers themselves lie in the heap.
void vm_fibers_clear(vm_task *task);
int64_t vm_now_ms(void);

// ---- audit.c --------------------------------------------------------------------------------

// Paranoid builds: the task has come so many steps further, and its fibers stand still or at a
// backward jump or call. Checks all that it holds if it is time.
void vm_audit(vm_task *task, size_t steps);

// Paranoid builds: what the registers of a new frame hold behind its arguments is nobody's.
static inline void vm_spoil_registers(vm_value *base, const vm_function *function)
{
    if (!VM_IS_PARANOID) {
        return;
    }
    uint32_t first = function->param_count + (function->is_closure ? 1u : 0u);
    for (uint32_t i = first; i < function->register_count; i += 1) {
        vm_set(&base[i], (vm_value){.bits = UINT64_C(0xDBDBDBDBDBDBDBDB), .tag = UINT32_MAX});
    }
}

#endif
