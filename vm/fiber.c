// vm/fiber.c: the fibers of a task and their scheduler.
//
//     spawn ──> ready ──> running ──> done
//                 ^          │ park
//                 └─ waiting <┘           in a list (await, channel), by a timer, or for a token
//
// First in, first out, so the order is the same in each run. A switch happens only where a native
// parks. The first run-time error of any fiber is that of the task: every scope around it would
// cancel its other fibers, which stand at suspension points and so never run again, and raise it.
// A cancelled fiber is put aside and taken apart by the scheduler, never in the middle of a native.
#include <assert.h>
#include <time.h>

#include "vm/task.h"

// ---- lists ----------------------------------------------------------------------------------

static void list_append(vm_fiber_list *list, vm_fiber *fiber)
{
    fiber->list = list;
    fiber->next = NULL;
    fiber->previous = list->last;
    if (list->last != NULL) {
        list->last->next = fiber;
    } else {
        list->first = fiber;
    }
    list->last = fiber;
}

static void list_remove(vm_fiber *fiber)
{
    vm_fiber_list *list = fiber->list;
    if (list == NULL) {
        return;
    }
    if (fiber->previous != NULL) {
        fiber->previous->next = fiber->next;
    } else {
        list->first = fiber->next;
    }
    if (fiber->next != NULL) {
        fiber->next->previous = fiber->previous;
    } else {
        list->last = fiber->previous;
    }
    fiber->list = NULL;
}

vm_fiber *vm_fiber_list_first(const vm_fiber_list *list)
{
    return list->first;
}

// ---- timers ---------------------------------------------------------------------------------

int64_t vm_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool timer_is_earlier(const vm_fiber *a, const vm_fiber *b)
{
    return a->deadline_ms != b->deadline_ms ? a->deadline_ms < b->deadline_ms
                                            : a->timer_order < b->timer_order;
}

static void timer_put(vm_task *task, uint32_t index, vm_fiber *fiber)
{
    task->timers[index] = fiber;
    fiber->timer_position = index + 1;
}

static void timer_up(vm_task *task, uint32_t index, vm_fiber *fiber)
{
    while (index > 0 && timer_is_earlier(fiber, task->timers[(index - 1) / 2])) {
        timer_put(task, index, task->timers[(index - 1) / 2]);
        index = (index - 1) / 2;
    }
    timer_put(task, index, fiber);
}

static void timer_down(vm_task *task, uint32_t index, vm_fiber *fiber)
{
    for (;;) {
        uint32_t child = 2 * index + 1;
        if (child >= task->timer_count) {
            break;
        }
        if (child + 1 < task->timer_count &&
            timer_is_earlier(task->timers[child + 1], task->timers[child])) {
            child += 1;
        }
        if (!timer_is_earlier(task->timers[child], fiber)) {
            break;
        }
        timer_put(task, index, task->timers[child]);
        index = child;
    }
    timer_put(task, index, fiber);
}

static void timer_add(vm_task *task, vm_fiber *fiber, int64_t deadline_ms)
{
    if (task->timer_count == task->timer_capacity) {
        task->timer_capacity = task->timer_capacity == 0 ? 16 : task->timer_capacity * 2;
        task->timers = bl_realloc(task->timers, task->timer_capacity * sizeof *task->timers);
    }
    fiber->deadline_ms = deadline_ms;
    fiber->timer_order = task->timer_order;
    task->timer_order += 1;
    task->timer_count += 1;
    timer_up(task, task->timer_count - 1, fiber);
}

static void timer_remove(vm_fiber *fiber)
{
    if (fiber->timer_position == 0) {
        return;
    }
    vm_task *task = fiber->task;
    uint32_t index = fiber->timer_position - 1;
    fiber->timer_position = 0;
    task->timer_count -= 1;
    vm_fiber *moved = task->timers[task->timer_count];
    if (moved != fiber) {
        timer_down(task, index, moved);
        timer_up(task, moved->timer_position - 1, moved);
    }
}

// ---- life -----------------------------------------------------------------------------------

static vm_fiber *fiber_make(vm_task *task, vm_value callee)
{
    vm_fiber *fiber = vm_heap_alloc_raw(task->heap, sizeof *fiber);
    vm_heap_set_role(fiber, VM_ROLE_FIBER);
    *fiber = (vm_fiber){.task = task, .callee = callee, .carried = vm_unit()};
    return fiber;
}

vm_fiber *vm_fiber_spawn(vm_task *task, vm_value callee, vm_fiber_done_fn done, void *owner)
{
    vm_fiber *fiber = fiber_make(task, callee);
    fiber->done = done;
    fiber->owner = owner;
    list_append(&task->ready, fiber);
    return fiber;
}

// The frame at the bottom of a fiber: calls what lies behind the arguments, of any kind.
enum { ENTRY_ARGUMENTS_MAX = 8 };

#define ENTRY_CODE(count)                                                                          \
    {                                                                                              \
        .op = VM_OP_TAIL_CALL_VALUE, .a = 0, .b = (count)                                          \
    }
static const vm_instruction entry_code[ENTRY_ARGUMENTS_MAX] = {
    ENTRY_CODE(0), ENTRY_CODE(1), ENTRY_CODE(2), ENTRY_CODE(3),
    ENTRY_CODE(4), ENTRY_CODE(5), ENTRY_CODE(6), ENTRY_CODE(7),
};
#undef ENTRY_CODE
#define ENTRY(count)                                                                               \
    {                                                                                              \
        .name = "", .file = "", .flags = VM_FUNCTION_INTERNAL,                                     \
        .register_count = VM_HEADER_SLOTS + (count) + 1, .code = &entry_code[count],               \
        .code_size = 1                                                                             \
    }
static const vm_function entries[ENTRY_ARGUMENTS_MAX] = {
    ENTRY(0), ENTRY(1), ENTRY(2), ENTRY(3), ENTRY(4), ENTRY(5), ENTRY(6), ENTRY(7),
};
#undef ENTRY

static bool fiber_start(vm_fiber *fiber, const vm_value *args, uint32_t count)
{
    BL_CHECK(count < ENTRY_ARGUMENTS_MAX);
    const vm_function *entry = &entries[count];
    size_t slots = VM_HEADER_SLOTS + (size_t)entry->register_count;
    vm_segment *segment = vm_segment_acquire(fiber->task, slots);
    if (segment == NULL) {
        return vm_raise(fiber->task, VM_FAULT_STACK, vm_unit());
    }
    vm_value *base = segment->chunk->slots + VM_HEADER_SLOTS;
    *vm_frame_of(base) = (vm_frame){.return_pc = vm_end_fiber, .caller = base, .function = entry};
    vm_move_values(base + VM_HEADER_SLOTS, args, count);
    vm_set(base + VM_HEADER_SLOTS + count, fiber->callee);
    fiber->callee = vm_unit();
    fiber->at = (vm_cursor){.segment = segment, .base = base, .pc = entry->code};
    return true;
}

bool vm_fiber_start_main(vm_task *task, vm_value callee, const vm_value *args, uint32_t count)
{
    task->main_fiber = fiber_make(task, vm_dup(callee));
    if (!fiber_start(task->main_fiber, args, count)) {
        return false;
    }
    list_append(&task->ready, task->main_fiber);
    return true;
}

// was_stopped: it has been taken apart. One that was cancelled and came to its end before the next
// suspension point has ended like any other.
static void fiber_end(vm_fiber *fiber, vm_value value, bool was_stopped)
{
    vm_task *task = fiber->task;
    fiber->state = VM_FIBER_DONE;
    if (fiber->done == NULL) {
        task->is_done = true;
        task->result = value;
    } else {
        fiber->done(fiber, value, was_stopped);
    }
    if (!fiber->has_token) { // Else vm_wake does it.
        vm_heap_free_raw(task->heap, fiber, sizeof *fiber);
    }
}

// ---- waiting --------------------------------------------------------------------------------

vm_status vm_fiber_wait(vm_task *task, vm_fiber_list *list, vm_handle *holder)
{
    vm_fiber *fiber = task->fiber;
    assert(fiber->waits_in == NULL);
    vm_object_dup(&holder->header);
    fiber->waits_in = holder;
    list_append(list, fiber);
    return VM_PARK;
}

// The fiber stands in no list of a handle any more.
static void stop_waiting(vm_fiber *fiber)
{
    vm_handle *holder = fiber->waits_in;
    fiber->waits_in = NULL;
    if (holder != NULL) {
        vm_object_drop(fiber->task->heap, &holder->header);
    }
}

vm_status vm_park_until(vm_task *task, int64_t deadline_ms)
{
    timer_add(task, task->fiber, deadline_ms);
    return VM_PARK;
}

vm_status vm_park(vm_task *task, vm_fiber **token)
{
    task->fiber->has_token = true;
    task->token_count += 1;
    *token = task->fiber;
    return VM_PARK;
}

void vm_fiber_resume(vm_fiber *fiber, vm_value value)
{
    list_remove(fiber);
    stop_waiting(fiber);
    timer_remove(fiber);
    vm_set(fiber->result, value);
    fiber->state = VM_FIBER_READY;
    list_append(&fiber->task->ready, fiber);
}

void vm_fiber_resume_failed(vm_fiber *fiber, const char *message)
{
    fiber->failure = message;
    vm_fiber_resume(fiber, vm_unit());
}

void vm_wake(vm_fiber *token, vm_value result)
{
    vm_task *task = token->task;
    BL_CHECK(token->has_token);
    token->has_token = false;
    if (token->state == VM_FIBER_DONE) { // Cancelled meanwhile.
        vm_drop(task->heap, result);
        vm_heap_free_raw(task->heap, token, sizeof *token);
        return;
    }
    task->token_count -= 1;
    if (token->is_cancelled) {
        vm_drop(task->heap, result);
        return;
    }
    vm_fiber_resume(token, result);
}

void vm_fiber_cancel(vm_fiber *fiber)
{
    if (fiber->is_cancelled || fiber->state == VM_FIBER_DONE) {
        return;
    }
    fiber->is_cancelled = true;
    if (fiber->state != VM_FIBER_RUNNING) {
        list_remove(fiber);
        timer_remove(fiber);
        list_append(&fiber->task->cancelled, fiber);
    }
}

static void fiber_take_apart(vm_fiber *fiber)
{
    vm_task *task = fiber->task;
    if (fiber->has_token) {
        task->token_count -= 1;
    }
    stop_waiting(fiber);
    vm_drop(task->heap, fiber->callee);
    vm_drop(task->heap, fiber->carried);
    if (fiber->state == VM_FIBER_READY && fiber->at.segment != NULL) {
        vm_drop(task->heap, *fiber->result); // It came, and nobody will read it.
    }
    while (fiber->at.segment != NULL && vm_unwind_step(task, &fiber->at)) {
    }
    fiber_end(fiber, vm_unit(), true);
}

// ---- the scheduler --------------------------------------------------------------------------

// Calls and loop rounds between two looks at limits and interrupts.
enum { SLICE = VM_IS_PARANOID ? 64 : 16384 };

static void take_cancelled_apart(vm_task *task)
{
    while (task->cancelled.first != NULL) {
        vm_fiber *fiber = task->cancelled.first;
        list_remove(fiber);
        fiber_take_apart(fiber);
    }
}

static vm_fiber *next_fiber(vm_task *task)
{
    take_cancelled_apart(task);
    if (task->timer_count > 0) {
        int64_t now_ms = vm_now_ms();
        while (task->timer_count > 0 && task->timers[0]->deadline_ms <= now_ms) {
            vm_fiber_resume(task->timers[0], vm_unit());
        }
    }
    vm_fiber *fiber = task->ready.first;
    if (fiber != NULL) {
        list_remove(fiber);
    }
    return fiber;
}

static vm_outcome task_fail(vm_task *task)
{
    vm_failure_locate(task);
    task->has_failed = true;
    return VM_FAILED;
}

static void fiber_enter(vm_task *task, vm_fiber *fiber)
{
    task->fiber = fiber;
    fiber->state = VM_FIBER_RUNNING;
    task->pc = fiber->at.pc;
    task->base = fiber->at.base;
    task->handlers = fiber->at.handlers;
    vm_segment_enter(task, fiber->at.segment);
}

static vm_outcome task_deadlock(vm_task *task)
{
    fiber_enter(task, task->main_fiber); // For the place.
    vm_raise(task, VM_FAULT_DEADLOCK, vm_unit());
    return task_fail(task);
}

// No fiber can go on before its deadline or its wake-up.
static vm_outcome task_wait(vm_task *task)
{
    const char *reason = atomic_load_explicit(&task->interrupt, memory_order_acquire);
    if (reason == NULL) {
        return VM_WAITING;
    }
    fiber_enter(task, task->main_fiber); // For the place.
    vm_fail(task, "%s", reason);
    return task_fail(task);
}

// Gives the running fiber another slice. False: *outcome says why not.
static bool slice_begin(vm_task *task, vm_outcome *outcome)
{
    const char *reason = atomic_load_explicit(&task->interrupt, memory_order_acquire);
    if (BL_UNLIKELY(reason != NULL)) {
        vm_fail(task, "%s", reason);
        *outcome = task_fail(task);
        return false;
    }
    if (BL_UNLIKELY(task->heap->full)) {
        vm_raise(task, VM_FAULT_MEMORY, vm_unit());
        *outcome = task_fail(task);
        return false;
    }
    if (!task->fuel_is_limited) {
        task->fuel = SLICE;
        return true;
    }
    if (task->fuel_left == 0) {
        *outcome = VM_OUT_OF_FUEL;
        return false;
    }
    task->fuel = task->fuel_left < SLICE ? (int64_t)task->fuel_left : SLICE;
    task->fuel_left -= (uint64_t)task->fuel;
    return true;
}

// Runs the entered fiber to its end or its next suspension. True: *outcome ends the run.
static bool fiber_run(vm_task *task, vm_outcome *outcome)
{
    vm_fiber *fiber = task->fiber;
    vm_run_result result = VM_RUN_PAUSED;
    do {
        if (task->fuel < 0 && !slice_begin(task, outcome)) {
            return true;
        }
        result = vm_interpret(task);
        if (result == VM_RUN_PAUSED) {
            vm_audit(task, SLICE);
        }
    } while (result == VM_RUN_PAUSED);
    if (result == VM_RUN_FAILED) {
        *outcome = task_fail(task);
        return true;
    }
    task->fiber = NULL;
    if (result == VM_RUN_ENDED) {
        vm_segment_release(task, task->segment);
        fiber->at.segment = NULL;
        fiber_end(fiber, task->result, false);
        return false;
    }
    fiber->at = (vm_cursor){
        .segment = task->segment, .base = task->base, .pc = task->pc, .handlers = task->handlers};
    fiber->state = VM_FIBER_WAITING;
    if (fiber->is_cancelled) {
        list_remove(fiber);
        timer_remove(fiber);
        list_append(&task->cancelled, fiber);
    }
    vm_audit(task, SLICE);
    return false;
}

vm_outcome vm_fibers_run(vm_task *task)
{
    vm_outcome outcome = VM_FAILED;
    if (task->fiber != NULL && fiber_run(task, &outcome)) { // It was paused.
        return outcome;
    }
    while (!task->is_done) {
        vm_fiber *fiber = next_fiber(task);
        if (fiber == NULL) {
            if (task->timer_count > 0 || task->token_count > 0) {
                return task_wait(task);
            }
            return task_deadlock(task);
        }
        if (fiber->at.segment == NULL && !fiber_start(fiber, NULL, 0)) {
            return task_fail(task);
        }
        fiber_enter(task, fiber);
        if (fiber->failure != NULL) {
            vm_fail(task, "%s", fiber->failure);
            return task_fail(task);
        }
        if (fiber_run(task, &outcome)) {
            return outcome;
        }
    }
    take_cancelled_apart(task);
    return VM_DONE;
}

void vm_fibers_clear(vm_task *task)
{
    while (task->all_segments != NULL) {
        vm_segment *segment = task->all_segments;
        if (segment->captured_by != NULL) {
            segment->captured_by->state = VM_RESUME_FINISHED; // It may live on, frozen.
        }
        segment->nodes = NULL; // The heap goes as a whole.
        segment->node.value_count = 0;
        vm_segment_release(task, segment);
    }
    task->timer_count = 0;
}
