// vm/std/async.c: the modules Scope, Cell, Channel and Async: structured concurrency.
//
// A scope knows its fibers; a fiber holds a count of its cell, and a cell one of its scope until
// the fiber has ended. `scope!` is Baseline source and holds a guard: whatever way its frame ends
// (an early return, an abort by a handler, a cancelled fiber), dropping the guard cancels what
// still runs in the scope. So no fiber outlives its scope, and no code here has to know all the
// ways out.
//
//     guard ──> scope <── cell <── fiber ──(siblings of the scope)
//
// A channel is two handles, sender and receiver, on one queue with the fibers that wait at its
// ends. Values are handed over directly where one waits.
#include <assert.h>

#include "vm/std/modules.h"
#include "vm/std/std.h"
#include "vm/task.h"

// ---- scopes ---------------------------------------------------------------------------------

typedef struct async_scope {
    vm_handle handle;
    vm_fiber *first; // Its fibers, by sibling_next.
    uint32_t fiber_count;
    bool is_closed;
    vm_fiber_list waiting; // Its owner, in internal_close.
} async_scope;

typedef struct async_guard {
    vm_handle handle;
    async_scope *scope; // Counted.
} async_guard;

static void scope_cancel_fibers(async_scope *scope, const vm_fiber *except)
{
    for (vm_fiber *fiber = scope->first; fiber != NULL; fiber = fiber->sibling_next) {
        if (fiber != except) {
            vm_fiber_cancel(fiber);
        }
    }
}

static void guard_destroy(vm_heap *heap, vm_handle *handle)
{
    async_scope *scope = ((async_guard *)handle)->scope;
    if (scope != NULL) {
        scope->is_closed = true;
        scope_cancel_fibers(scope, NULL);
        vm_object_drop(heap, &scope->handle.header);
    }
}

static const vm_handle_kind scope_kind = {.name = "scope", .size = sizeof(async_scope)};
static const vm_handle_kind guard_kind = {
    .name = "scope", .destroy = guard_destroy, .size = sizeof(async_guard)};

static bool is_handle(vm_value value, const vm_handle_kind *kind)
{
    return value.tag == VM_HANDLE && value.handle->handle_kind == kind;
}

static void scope_add(async_scope *scope, vm_fiber *fiber)
{
    fiber->sibling_previous = NULL;
    fiber->sibling_next = scope->first;
    if (scope->first != NULL) {
        scope->first->sibling_previous = fiber;
    }
    scope->first = fiber;
    scope->fiber_count += 1;
}

static void scope_remove(async_scope *scope, vm_fiber *fiber)
{
    if (fiber->sibling_previous != NULL) {
        fiber->sibling_previous->sibling_next = fiber->sibling_next;
    } else {
        scope->first = fiber->sibling_next;
    }
    if (fiber->sibling_next != NULL) {
        fiber->sibling_next->sibling_previous = fiber->sibling_previous;
    }
    assert(scope->fiber_count > 0);
    scope->fiber_count -= 1;
    vm_fiber *owner = vm_fiber_list_first(&scope->waiting);
    if (scope->fiber_count == 0 && owner != NULL) {
        vm_fiber_resume(owner, vm_unit());
    }
}

static vm_status scope_internal_open(vm_task *task, vm_value *args, vm_value *result)
{
    (void)args; // None.
    vm_heap *heap = vm_task_heap(task);
    vm_value guard = vm_handle_make(heap, &guard_kind);
    ((async_guard *)guard.handle)->scope = (async_scope *)vm_handle_make(heap, &scope_kind).handle;
    return std_give(result, guard);
}

static vm_status scope_internal_scope(vm_task *task, vm_value *args, vm_value *result)
{
    (void)task; // Cannot fail: only scope! calls it.
    assert(is_handle(args[0], &guard_kind));
    return std_give(result, vm_dup(vm_of(((async_guard *)args[0].handle)->scope)));
}

static vm_status scope_internal_close(vm_task *task, vm_value *args, vm_value *result)
{
    assert(is_handle(args[0], &guard_kind));
    async_scope *scope = ((async_guard *)args[0].handle)->scope;
    if (scope->fiber_count > 0) {
        return vm_fiber_wait(task, &scope->waiting, &scope->handle);
    }
    scope->is_closed = true;
    return std_give(result, vm_unit());
}

// ---- cells ----------------------------------------------------------------------------------

typedef struct async_cell {
    vm_handle handle;
    vm_fiber *fiber;    // NULL once it has ended.
    async_scope *scope; // Counted while the fiber lives.
    vm_value value;     // Owned.
    bool was_cancelled;
    bool is_awaited;
    vm_fiber_list waiting;
} async_cell;

static const char cancelled_message[] = "Cell.await!: fiber was cancelled";

static void cell_destroy(vm_heap *heap, vm_handle *handle)
{
    vm_drop(heap, ((async_cell *)handle)->value);
}

static const vm_handle_kind cell_kind = {
    .name = "cell", .destroy = cell_destroy, .size = sizeof(async_cell)};

static void cell_finish(vm_fiber *fiber, vm_value value, bool was_stopped)
{
    async_cell *cell = fiber->owner;
    vm_heap *heap = vm_task_heap(fiber->task);
    async_scope *scope = cell->scope;
    cell->fiber = NULL;
    cell->scope = NULL;
    cell->was_cancelled = was_stopped;
    vm_fiber *waiting = vm_fiber_list_first(&cell->waiting);
    if (waiting == NULL) {
        vm_set(&cell->value, value);
    } else if (was_stopped) {
        vm_fiber_resume_failed(waiting, cancelled_message);
    } else {
        vm_fiber_resume(waiting, value);
    }
    scope_remove(scope, fiber);
    vm_object_drop(heap, &scope->handle.header);
    vm_object_drop(heap, &cell->handle.header);
}

static vm_status scope_spawn(vm_task *task, vm_value *args, vm_value *result)
{
    vm_heap *heap = vm_task_heap(task);
    async_scope *scope = (async_scope *)args[0].handle;
    if (!is_handle(args[0], &scope_kind) || scope->is_closed) {
        vm_drop(heap, args[1]);
        return is_handle(args[0], &scope_kind)
                   ? vm_fail(task, "Scope.spawn!: the scope has ended")
                   : vm_fail_type(task, "Scope.spawn!", "Scope", args[0]);
    }
    vm_value value = vm_handle_make(heap, &cell_kind);
    async_cell *cell = (async_cell *)value.handle;
    cell->value = vm_unit();
    cell->scope = scope;
    vm_object_dup(&scope->handle.header);
    vm_object_dup(&cell->handle.header); // The fiber's.
    cell->fiber = vm_fiber_spawn(task, args[1], cell_finish, cell);
    scope_add(scope, cell->fiber);
    return std_give(result, value);
}

static vm_status cell_await(vm_task *task, vm_value *args, vm_value *result)
{
    if (!is_handle(args[0], &cell_kind)) {
        return vm_fail_type(task, "Cell.await!", "Cell", args[0]);
    }
    async_cell *cell = (async_cell *)args[0].handle;
    if (cell->is_awaited) {
        return vm_fail(task, "Cell.await! called on already-awaited Cell");
    }
    if (cell->was_cancelled) {
        return vm_fail(task, "%s", cancelled_message);
    }
    cell->is_awaited = true;
    if (cell->fiber != NULL) {
        return vm_fiber_wait(task, &cell->waiting, &cell->handle);
    }
    vm_value value = cell->value;
    vm_set(&cell->value, vm_unit());
    return std_give(result, value);
}

static vm_status cell_cancel(vm_task *task, vm_value *args, vm_value *result)
{
    if (!is_handle(args[0], &cell_kind)) {
        return vm_fail_type(task, "Cell.cancel!", "Cell", args[0]);
    }
    async_cell *cell = (async_cell *)args[0].handle;
    if (cell->fiber != NULL) {
        vm_fiber_cancel(cell->fiber);
    }
    return std_give(result, vm_unit());
}

// ---- channels -------------------------------------------------------------------------------

typedef struct async_channel {
    vm_handle handle;
    vm_value *items; // A ring of room slots; grows up to the capacity.
    uint64_t room;
    uint64_t start;
    uint64_t size;
    uint64_t capacity;
    bool is_closed;
    vm_fiber_list senders;   // Each carries its value.
    vm_fiber_list receivers; // Only while the channel is empty.
} async_channel;

typedef struct async_end {
    vm_handle handle;
    async_channel *channel; // Counted.
} async_end;

static void channel_destroy(vm_heap *heap, vm_handle *handle)
{
    async_channel *channel = (async_channel *)handle;
    for (uint64_t i = 0; i < channel->size; i += 1) {
        vm_drop(heap, channel->items[(channel->start + i) % channel->room]);
    }
    if (channel->room > 0) {
        vm_heap_free_raw(heap, channel->items, channel->room * sizeof(vm_value));
    }
}

static void end_destroy(vm_heap *heap, vm_handle *handle)
{
    vm_object_drop(heap, &((async_end *)handle)->channel->handle.header);
}

static const vm_handle_kind channel_kind = {
    .name = "channel", .destroy = channel_destroy, .size = sizeof(async_channel)};
static const vm_handle_kind sender_kind = {
    .name = "sender", .destroy = end_destroy, .size = sizeof(async_end)};
static const vm_handle_kind receiver_kind = {
    .name = "receiver", .destroy = end_destroy, .size = sizeof(async_end)};

static void channel_grow(vm_heap *heap, async_channel *channel)
{
    enum { ROOM_MIN = 8 };
    uint64_t room = channel->room == 0 ? ROOM_MIN : channel->room * 2;
    vm_value *items = vm_heap_alloc_raw(heap, room * sizeof(vm_value));
    for (uint64_t i = 0; i < channel->size; i += 1) {
        items[i] = channel->items[(channel->start + i) % channel->room];
    }
    if (channel->room > 0) {
        vm_heap_free_raw(heap, channel->items, channel->room * sizeof(vm_value));
    }
    channel->items = items;
    channel->room = room;
    channel->start = 0;
}

static void channel_put(vm_heap *heap, async_channel *channel, vm_value value)
{
    if (channel->size == channel->room) {
        channel_grow(heap, channel);
    }
    vm_set(&channel->items[(channel->start + channel->size) % channel->room], value);
    channel->size += 1;
}

static vm_value channel_take(async_channel *channel)
{
    vm_value value = channel->items[channel->start];
    channel->start = (channel->start + 1) % channel->room;
    channel->size -= 1;
    return value;
}

static vm_value end_make(vm_heap *heap, const vm_handle_kind *kind, async_channel *channel)
{
    vm_value end = vm_handle_make(heap, kind);
    ((async_end *)end.handle)->channel = channel;
    return end;
}

static vm_status channel_bounded(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_INT) {
        return vm_fail_type(task, "Channel.bounded", "Int", args[0]);
    }
    if (args[0].integer <= 0) {
        return vm_fail(task, "Channel.bounded capacity must be greater than 0");
    }
    vm_heap *heap = vm_task_heap(task);
    async_channel *channel = (async_channel *)vm_handle_make(heap, &channel_kind).handle;
    channel->capacity = (uint64_t)args[0].integer;
    vm_object_dup(&channel->handle.header); // One count for each end.
    vm_value ends[2] = {end_make(heap, &sender_kind, channel),
                        end_make(heap, &receiver_kind, channel)};
    return std_give(result, vm_tuple_make(heap, ends, 2));
}

static vm_status channel_send(vm_task *task, vm_value *args, vm_value *result)
{
    vm_heap *heap = vm_task_heap(task);
    if (!is_handle(args[0], &sender_kind)) {
        vm_drop(heap, args[1]);
        return vm_fail_type(task, "Channel.send!", "Sender", args[0]);
    }
    async_channel *channel = ((async_end *)args[0].handle)->channel;
    if (channel->is_closed) {
        vm_drop(heap, args[1]);
        return vm_fail(task, "Channel.send! failed: channel is closed");
    }
    vm_fiber *receiver = vm_fiber_list_first(&channel->receivers);
    if (receiver != NULL) {
        vm_fiber_resume(receiver, vm_some(heap, args[1]));
    } else if (channel->size < channel->capacity) {
        channel_put(heap, channel, args[1]);
    } else {
        vm_set(&task->fiber->carried, args[1]);
        return vm_fiber_wait(task, &channel->senders, &channel->handle);
    }
    return std_give(result, vm_unit());
}

static vm_status channel_recv(vm_task *task, vm_value *args, vm_value *result)
{
    if (!is_handle(args[0], &receiver_kind)) {
        return vm_fail_type(task, "Channel.recv!", "Receiver", args[0]);
    }
    async_channel *channel = ((async_end *)args[0].handle)->channel;
    vm_heap *heap = vm_task_heap(task);
    if (channel->size == 0) {
        return channel->is_closed ? std_give(result, vm_none())
                                  : vm_fiber_wait(task, &channel->receivers, &channel->handle);
    }
    vm_value value = channel_take(channel);
    vm_fiber *sender = vm_fiber_list_first(&channel->senders);
    if (sender != NULL) {
        channel_put(heap, channel, sender->carried);
        vm_set(&sender->carried, vm_unit());
        vm_fiber_resume(sender, vm_unit());
    }
    return std_give(result, vm_some(heap, value));
}

static vm_status channel_close(vm_task *task, vm_value *args, vm_value *result)
{
    if (!is_handle(args[0], &sender_kind)) {
        return vm_fail_type(task, "Channel.close!", "Sender", args[0]);
    }
    async_channel *channel = ((async_end *)args[0].handle)->channel;
    channel->is_closed = true;
    vm_fiber *waiting = vm_fiber_list_first(&channel->receivers);
    for (; waiting != NULL; waiting = vm_fiber_list_first(&channel->receivers)) {
        vm_fiber_resume(waiting, vm_none());
    }
    waiting = vm_fiber_list_first(&channel->senders);
    for (; waiting != NULL; waiting = vm_fiber_list_first(&channel->senders)) {
        vm_fiber_resume_failed(waiting, "Channel.send! failed: channel is closed");
    }
    return std_give(result, vm_unit());
}

// ---- Async ----------------------------------------------------------------------------------

// Where the fibers of a race put the first value.
typedef struct async_race {
    vm_handle handle;
    vm_value value; // Owned.
    bool is_over;
    vm_fiber_list waiting;
} async_race;

static void race_destroy(vm_heap *heap, vm_handle *handle)
{
    vm_drop(heap, ((async_race *)handle)->value);
}

static const vm_handle_kind race_kind = {
    .name = "race", .destroy = race_destroy, .size = sizeof(async_race)};

static vm_status async_internal_functions(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag == VM_LIST) {
        return std_give(result, args[0]);
    }
    bl_slice message = vm_text(args[1]);
    vm_drop(vm_task_heap(task), args[0]);
    return vm_fail(task, "%.*s", BL_SLICE_ARG(message));
}

static vm_status async_internal_some(vm_task *task, vm_value *args, vm_value *result)
{
    bl_slice message = vm_text(args[1]);
    return vm_is_true(args[0]) ? std_give(result, vm_unit())
                               : vm_fail(task, "%.*s", BL_SLICE_ARG(message));
}

static vm_status async_internal_duration(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_INT) {
        return vm_fail(task, "Type error: expected Int");
    }
    bl_slice message = vm_text(args[2]);
    return args[0].integer >= args[1].integer ? std_give(result, vm_unit())
                                              : vm_fail(task, "%.*s", BL_SLICE_ARG(message));
}

static vm_status async_internal_deadline(vm_task *task, vm_value *args, vm_value *result)
{
    (void)task; // Cannot fail.
    int64_t deadline_ms;
    if (__builtin_add_overflow(vm_now_ms(), args[0].integer, &deadline_ms)) {
        deadline_ms = INT64_MAX - 1; // INT64_MAX stands for no deadline at all.
    }
    return std_give(result, vm_int(deadline_ms));
}

static vm_status async_internal_sleep_until(vm_task *task, vm_value *args, vm_value *result)
{
    (void)result; // Comes when the fiber wakes.
    return vm_park_until(task, args[0].integer);
}

static vm_status async_internal_race(vm_task *task, vm_value *args, vm_value *result)
{
    (void)args; // None.
    vm_value race = vm_handle_make(vm_task_heap(task), &race_kind);
    ((async_race *)race.handle)->value = vm_unit();
    return std_give(result, race);
}

static vm_status async_internal_finish(vm_task *task, vm_value *args, vm_value *result)
{
    assert(is_handle(args[0], &scope_kind));
    assert(is_handle(args[1], &race_kind));
    async_race *race = (async_race *)args[1].handle;
    scope_cancel_fibers((async_scope *)args[0].handle, task->fiber);
    vm_fiber *waiting = vm_fiber_list_first(&race->waiting);
    if (race->is_over) {
        vm_drop(vm_task_heap(task), args[2]);
    } else if (waiting != NULL) {
        vm_fiber_resume(waiting, args[2]);
    } else {
        vm_set(&race->value, args[2]);
    }
    race->is_over = true;
    return std_give(result, vm_unit());
}

static vm_status async_internal_winner(vm_task *task, vm_value *args, vm_value *result)
{
    assert(is_handle(args[0], &race_kind));
    async_race *race = (async_race *)args[0].handle;
    if (!race->is_over) {
        return vm_fiber_wait(task, &race->waiting, &race->handle);
    }
    vm_value value = race->value;
    vm_set(&race->value, vm_unit());
    return std_give(result, value);
}

// ---- tables and sources ---------------------------------------------------------------------

static const char scope_source[] = "fn scope(body: Unknown) -> Unknown = {\n"
                                   "  let guard = Scope.internal_open()\n"
                                   "  let value = body(Scope.internal_scope(guard))\n"
                                   "  let _ = Scope.internal_close(guard)\n"
                                   "  value\n"
                                   "}\n";

static const char async_source[] =
    "fn parallel(functions: Unknown) -> Unknown = {\n"
    "  let items = Async.internal_functions(functions,\n"
    "    \"Async.parallel!: expected a List of functions\")\n"
    "  Scope.scope(|s| {\n"
    "    let mut cells = []\n"
    "    for f in items do { cells = List.push(cells, Scope.internal_spawn(s, f)) }\n"
    "    let mut values = []\n"
    "    for c in cells do { values = List.push(values, Cell.internal_await(c)) }\n"
    "    values\n"
    "  })\n"
    "}\n"
    "fn race(functions: Unknown) -> Unknown = {\n"
    "  let items = Async.internal_functions(functions,\n"
    "    \"Async.race!: expected a List of functions\")\n"
    "  let _ = Async.internal_some(List.length(items) > 0,\n"
    "    \"Async.race! requires at least one closure\")\n"
    "  Scope.scope(|s| {\n"
    "    let race = Async.internal_race()\n"
    "    for f in items do {\n"
    "      let _ = Scope.internal_spawn(s, || Async.internal_finish(s, race, f()))\n"
    "    }\n"
    "    Async.internal_winner(race)\n"
    "  })\n"
    "}\n"
    "fn scatter_gather(functions: Unknown, gather: Unknown) -> Unknown =\n"
    "  gather(Async.parallel(functions))\n"
    "fn delay(ms: Unknown, f: Unknown) -> Unknown = {\n"
    "  let _ = Async.internal_duration(ms, 0, \"Async.delay! duration must be non-negative\")\n"
    "  let _ = Async.internal_sleep_until(Async.internal_deadline(ms))\n"
    "  f()\n"
    "}\n"
    "fn timeout(ms: Unknown, f: Unknown) -> Unknown = {\n"
    "  let _ = Async.internal_duration(ms, 1, \"Async.timeout! duration must be positive\")\n"
    "  Scope.scope(|s| {\n"
    "    let race = Async.internal_race()\n"
    "    let _ = Scope.internal_spawn(s, || Async.internal_finish(s, race, Ok(f())))\n"
    "    let _ = Scope.internal_spawn(s, || {\n"
    "      let _ = Async.internal_sleep_until(Async.internal_deadline(ms))\n"
    "      Async.internal_finish(s, race, Err(\"timeout\"))\n"
    "    })\n"
    "    Async.internal_winner(race)\n"
    "  })\n"
    "}\n"
    "fn interval(ms: Unknown, f: Unknown) -> Unknown = {\n"
    "  let _ = Async.internal_duration(ms, 1, \"Async.interval! duration must be positive\")\n"
    "  Async.internal_repeat(Async.internal_deadline(ms), ms, f)\n"
    "}\n"
    "fn internal_repeat(at: Int, ms: Int, f: Unknown) -> Unknown = {\n"
    "  let _ = Async.internal_sleep_until(at)\n"
    "  let _ = f()\n"
    "  Async.internal_repeat(at + ms, ms, f)\n"
    "}\n";

static vm_native scope_natives[] = {
#include "vm/std/scope.def"
};
static vm_native cell_natives[] = {
#include "vm/std/cell.def"
};
static vm_native channel_natives[] = {
#include "vm/std/channel.def"
};
static vm_native async_natives[] = {
#include "vm/std/async.def"
};

vm_module std_scope_module = {.name = "Scope",
                              .effect = "Async",
                              .prelude = VM_PRELUDE_SCRIPT,
                              .natives = scope_natives,
                              .native_count = BL_ARRAY_COUNT(scope_natives),
                              .source = scope_source};
vm_module std_cell_module = {.name = "Cell",
                             .effect = "Async",
                             .prelude = VM_PRELUDE_SCRIPT,
                             .natives = cell_natives,
                             .native_count = BL_ARRAY_COUNT(cell_natives)};
vm_module std_channel_module = {.name = "Channel",
                                .effect = "Async",
                                .also_effect = "Channel",
                                .prelude = VM_PRELUDE_NEVER,
                                .natives = channel_natives,
                                .native_count = BL_ARRAY_COUNT(channel_natives)};
vm_module std_async_module = {.name = "Async",
                              .effect = "Async",
                              .prelude = VM_PRELUDE_SCRIPT,
                              .natives = async_natives,
                              .native_count = BL_ARRAY_COUNT(async_natives),
                              .source = async_source};
