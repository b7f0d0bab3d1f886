// vm/stack.c: segments and chunks, and taking frames apart.
//
// A chunk is left as a spare above the one below it, so that a loop whose calls cross the border
// does not allocate each time. Frames are taken apart (an abort, a cancelled fiber, a continuation
// that nobody can call any more) one by one: the compiler's tables say which registers own a value
// at the instruction at which the frame stands.
#include <assert.h>

#include "vm/limits.h"
#include "vm/task.h"

enum {
    CHUNK_SIZE_MIN = 1024,
    CHUNK_SIZE_MAX = 1024 * 1024,
    IDLE_SEGMENTS_MAX = 256, // Kept by a thread for the next handle or fiber.
};

static vm_chunk *chunk_make(vm_task *task, size_t slots, size_t size)
{
    size_t least = sizeof(vm_chunk) + slots * sizeof(vm_value);
    if (size < least) {
        size = least;
    }
    if (task->stack_used + size > task->stack_limit) {
        return NULL;
    }
    vm_chunk *chunk = bl_alloc_aligned(sizeof(vm_value), size);
    *chunk = (vm_chunk){.size = size};
    chunk->end = chunk->slots + (size - sizeof(vm_chunk)) / sizeof(vm_value);
    task->stack_used += size;
    return chunk;
}

static void chunk_free(vm_task *task, vm_chunk *chunk)
{
    if (chunk != NULL) {
        assert(task->stack_used >= chunk->size);
        task->stack_used -= chunk->size;
        bl_free(chunk);
    }
}

static bool chunk_holds(const vm_chunk *chunk, size_t slots)
{
    return (size_t)(chunk->end - chunk->slots) >= slots;
}

vm_chunk *vm_chunk_push(vm_task *task, size_t slots)
{
    vm_segment *segment = task->segment;
    vm_chunk *below = segment->chunk;
    vm_chunk *chunk = below->spare;
    if (chunk == NULL || !chunk_holds(chunk, slots)) {
        chunk_free(task, chunk);
        below->spare = NULL;
        size_t size = below->size * 2 < CHUNK_SIZE_MAX ? below->size * 2 : CHUNK_SIZE_MAX;
        chunk = chunk_make(task, slots, size);
        if (chunk == NULL) {
            return NULL;
        }
    }
    below->spare = NULL;
    chunk->previous = below;
    segment->chunk = chunk;
    task->stack_end = chunk->end;
    return chunk;
}

void vm_chunk_pop(vm_task *task, vm_segment *segment)
{
    vm_chunk *chunk = segment->chunk;
    assert(chunk->previous != NULL);
    chunk_free(task, chunk->spare);
    chunk->spare = NULL;
    segment->chunk = chunk->previous;
    if (VM_IS_PARANOID) { // Its frames are dead: nobody may look at them.
        chunk_free(task, chunk);
    } else {
        segment->chunk->spare = chunk;
    }
}

static void segment_link(vm_task *task, vm_segment *segment)
{
    segment->all_previous = NULL;
    segment->all_next = task->all_segments;
    if (segment->all_next != NULL) {
        segment->all_next->all_previous = segment;
    }
    task->all_segments = segment;
}

static void segment_unlink(vm_task *task, vm_segment *segment)
{
    if (segment->all_previous != NULL) {
        segment->all_previous->all_next = segment->all_next;
    } else {
        task->all_segments = segment->all_next;
    }
    if (segment->all_next != NULL) {
        segment->all_next->all_previous = segment->all_previous;
    }
}

vm_segment *vm_segment_acquire(vm_task *task, size_t slots)
{
    vm_thread *thread = task->thread;
    vm_segment *segment = thread->idle_segments;
    bool fits = segment != NULL && chunk_holds(segment->chunk, slots) &&
                task->stack_used + segment->chunk->size <= task->stack_limit;
    if (fits) {
        vm_chunk *chunk = segment->chunk;
        thread->idle_segments = segment->parent;
        thread->idle_segment_count -= 1;
        task->stack_used += chunk->size;
        segment->parent = NULL;
        segment->nodes = NULL;
        segment->captured_by = NULL;
        segment->node.value_count = 0;
    } else {
        vm_chunk *chunk = chunk_make(task, slots, CHUNK_SIZE_MIN);
        if (chunk == NULL) {
            return NULL;
        }
        segment = bl_alloc_zeroed(1, sizeof *segment);
        segment->chunk = chunk;
    }
    segment_link(task, segment);
    return segment;
}

void vm_segment_release(vm_task *task, vm_segment *segment)
{
    vm_thread *thread = task->thread;
    while (segment->nodes != NULL) {
        vm_node *node = segment->nodes;
        segment->nodes = node->below;
        vm_node_free(task, node);
    }
    vm_node_clear(task, &segment->node);
    while (segment->chunk->previous != NULL) {
        vm_chunk_pop(task, segment);
    }
    chunk_free(task, segment->chunk->spare);
    segment->chunk->spare = NULL;
    segment_unlink(task, segment);
    bool may_serve_again =
        thread->idle_segment_count < IDLE_SEGMENTS_MAX && segment->chunk->size <= CHUNK_SIZE_MIN;
    if (VM_IS_PARANOID || !may_serve_again) {
        chunk_free(task, segment->chunk);
        bl_free(segment);
        return;
    }
    task->stack_used -= segment->chunk->size;
    segment->parent = thread->idle_segments;
    thread->idle_segments = segment;
    thread->idle_segment_count += 1;
}

void vm_segment_enter(vm_task *task, vm_segment *segment)
{
    task->segment = segment;
    task->stack_end = segment->chunk->end;
}

// ---- walking over frames --------------------------------------------------------------------

vm_stack_walk vm_stack_walk_from(const vm_cursor *at)
{
    return (vm_stack_walk){.segment = at->segment,
                           .chunk = at->segment != NULL ? at->segment->chunk : NULL,
                           .base = at->base,
                           .pc = at->pc};
}

static void walk_insert(vm_stack_walk *walk, vm_value *base)
{
    const vm_insert *insert = vm_insert_of(base);
    if ((const void *)insert == walk->chunk->slots && walk->chunk->previous != NULL) {
        walk->chunk = walk->chunk->previous;
    }
    walk->base = insert->caller;
    walk->pc = insert->return_pc;
    walk->resume = insert->resume;
}

bool vm_stack_walk_out(vm_stack_walk *walk)
{
    const vm_frame *frame = vm_frame_of(walk->base);
    const vm_instruction *return_pc = frame->return_pc;
    vm_value *caller = frame->caller;
    walk->resume = NULL;
    while (return_pc == vm_end_chunk) {
        return_pc = walk->chunk->return_pc;
        caller = walk->chunk->caller;
        walk->chunk = walk->chunk->previous;
    }
    switch (return_pc->op) {
    case VM_OP_END_TAIL:
    case VM_OP_END_INSERT:
    case VM_OP_END_CLAUSE:
        walk_insert(walk, caller);
        return true;
    case VM_OP_END_HANDLE:
        walk->base = walk->segment->site_base;
        walk->pc = walk->segment->site_pc;
        walk->segment = walk->segment->parent;
        walk->chunk = walk->segment != NULL ? walk->segment->chunk : NULL;
        return walk->segment != NULL;
    case VM_OP_END_FIBER:
        return false;
    default:
        walk->base = caller;
        walk->pc = return_pc;
        return true;
    }
}

// ---- taking frames apart --------------------------------------------------------------------

static const vm_live *live_find(const vm_function *function, uint32_t pc)
{
    uint32_t low = 0;
    uint32_t high = function->live_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (function->lives[middle].pc < pc) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < function->live_count && function->lives[low].pc == pc;
    return found ? &function->lives[low] : NULL;
}

const vm_live *vm_frame_live(vm_value *base, const vm_instruction *pc)
{
    const vm_function *function = vm_frame_of(base)->function;
    // A frame that only waits to return a tail call's result stands in no code of its own.
    bool is_inside = pc > function->code && pc <= function->code + function->code_size;
    return is_inside ? live_find(function, vm_frame_pc(base, pc)) : NULL;
}

static void frame_drop(vm_task *task, vm_value *base, const vm_instruction *pc)
{
    const vm_function *function = vm_frame_of(base)->function;
    const vm_live *live = vm_frame_live(base, pc);
    for (uint32_t i = 0; live != NULL && i < live->count; i += 1) {
        vm_drop(task->heap, base[function->live_registers[live->first + i]]);
    }
}

// The insert of a frame is left, and with it the chunk that was pushed for it alone.
static void insert_leave(vm_task *task, vm_cursor *at, vm_value *base)
{
    const vm_insert *insert = vm_insert_of(base);
    vm_resume *resume = insert->resume;
    at->base = insert->caller;
    at->pc = insert->return_pc;
    at->handlers = insert->handlers;
    vm_chunk *chunk = at->segment->chunk;
    if ((const void *)insert == chunk->slots && chunk->previous != NULL) {
        vm_chunk_pop(task, at->segment);
    }
    if (resume != NULL) {
        vm_resume_finish(task, resume);
    }
}

bool vm_unwind_step(vm_task *task, vm_cursor *at)
{
    vm_segment *segment = at->segment;
    vm_value *base = at->base;
    frame_drop(task, base, at->pc);
    while (segment->nodes != NULL && segment->nodes->base == base) {
        vm_node *node = segment->nodes;
        at->handlers = node->outer;
        segment->nodes = node->below;
        vm_node_free(task, node);
    }
    const vm_instruction *return_pc = vm_frame_of(base)->return_pc;
    vm_value *caller = vm_frame_of(base)->caller;
    while (return_pc == vm_end_chunk) {
        return_pc = segment->chunk->return_pc;
        caller = segment->chunk->caller;
        vm_chunk_pop(task, segment);
    }
    switch (return_pc->op) {
    case VM_OP_END_TAIL:
    case VM_OP_END_INSERT:
    case VM_OP_END_CLAUSE:
        insert_leave(task, at, caller);
        return true;
    case VM_OP_END_HANDLE:
        *at = (vm_cursor){.segment = segment->parent,
                          .base = segment->site_base,
                          .pc = segment->site_pc,
                          .handlers = segment->node.outer};
        vm_segment_release(task, segment);
        return true;
    case VM_OP_END_FIBER:
        at->segment = NULL;
        vm_segment_release(task, segment);
        return false;
    default:
        at->base = caller;
        at->pc = return_pc;
        return true;
    }
}
