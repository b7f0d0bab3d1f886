// vm/audit.c: the books of a whole task, which paranoid builds check again and again.
//
// An audit counts each reference that it can see: parts of objects, registers that the compiler's
// tables call owned in every frame of every fiber and continuation, values of installed handlers,
// what waiting fibers carry. Then
//
//     no object is held more often than its count says, and none that is held has been freed;
//     every segment of stack belongs to one fiber or one continuation;
//     every waiting fiber stands somewhere from where it can come back;
//     lists and maps are what their files say they are.
//
// What it cannot see (the running frame, the inside of handles, nodes that versions of a map share)
// can only hold more. It walks everything, so it comes when the task has made as many steps as the
// last one had things to look at: all audits together cost a constant factor.
#include "vm/map.h"
#include "vm/task.h"

typedef struct vm_books {
    vm_task *task;
    size_t price;      // Values and frames so far.
    size_t stack_size; // Bytes of the chunks of all segments.
} vm_books;

// ---- values ---------------------------------------------------------------------------------

static void check_value(vm_books *books, vm_value value)
{
    books->price += 1;
    if (vm_is_heap(value)) {
        BL_CHECK(value.tag <= VM_HANDLE);
        BL_CHECK(value.object->kind == value.tag);
    }
}

static void see_object(vm_object *object)
{
    if (object->count > 0) { // Else it may be of another heap, or of none.
        vm_large_of(object)->seen += 1;
    }
}

static void see_value(vm_books *books, vm_value value)
{
    check_value(books, value);
    if (vm_is_heap(value)) {
        see_object(value.object);
    }
}

static void see_values(vm_books *books, const vm_value *values, size_t count)
{
    for (size_t i = 0; i < count; i += 1) {
        see_value(books, values[i]);
    }
}

static void see_list(vm_books *books, const vm_list *list)
{
    BL_CHECK(vm_list_is_valid(list));
    vm_store *store = list->store;
    if (store == NULL || store->count <= 0) {
        return;
    }
    vm_large *large = vm_large_of(store);
    large->seen += 1;
    if (large->seen == 1) {
        see_values(books, store->items + store->first, store->used - store->first);
    }
    BL_CHECK(large->seen <= (uint32_t)store->count);
}

static void check_map(vm_books *books, const vm_map *map)
{
    BL_CHECK(vm_map_is_valid(map));
    vm_map_cursor cursor = {.map = map};
    vm_value key;
    vm_value value;
    while (vm_map_next(&cursor, &key, &value)) {
        check_value(books, key);
        check_value(books, value);
    }
}

static void see_record(vm_books *books, const vm_record *record)
{
    BL_CHECK(record->size == record->shape->size);
    see_values(books, record->fields, record->size);
}

// ---- stacks ---------------------------------------------------------------------------------

static void see_frame(vm_books *books, const vm_stack_walk *walk)
{
    const vm_chunk *chunk = walk->chunk;
    const vm_function *function = vm_frame_of(walk->base)->function;
    BL_CHECK(walk->base > chunk->slots);
    BL_CHECK(walk->base + function->register_count <= chunk->end);
    const vm_live *live = vm_frame_live(walk->base, walk->pc);
    for (uint32_t i = 0; live != NULL && i < live->count; i += 1) {
        see_value(books, walk->base[function->live_registers[live->first + i]]);
    }
}

// is_running: what the innermost frame owns is not known.
static void see_stack(vm_books *books, const vm_cursor *at, bool is_running)
{
    vm_stack_walk walk = vm_stack_walk_from(at);
    const vm_segment *last = NULL;
    bool is_known = !is_running;
    do {
        books->price += 1;
        if (walk.segment != last) {
            walk.segment->seen += 1;
        }
        if (is_known) {
            see_frame(books, &walk);
        }
        is_known = true;
        last = walk.segment;
        bool more = vm_stack_walk_out(&walk);
        if (walk.resume != NULL) {
            see_object(&walk.resume->header);
        }
        if (!more) {
            return;
        }
    } while (true);
}

static void see_node(vm_books *books, const vm_node *node)
{
    see_values(books, node->values, node->value_count);
}

static void see_handlers(vm_books *books, const vm_segment *segment)
{
    for (const vm_node *node = segment->nodes; node != NULL; node = node->below) {
        BL_CHECK(node->kind == VM_NODE_WITH || node->kind == VM_NODE_COLLECT);
        see_node(books, node);
    }
    see_node(books, &segment->node);
    for (const vm_chunk *chunk = segment->chunk; chunk != NULL; chunk = chunk->previous) {
        books->stack_size += chunk->size + (chunk->spare != NULL ? chunk->spare->size : 0);
    }
}

// ---- fibers ---------------------------------------------------------------------------------

static void check_place(const vm_task *task, const vm_fiber *fiber)
{
    bool has_timer = fiber->timer_position != 0;
    BL_CHECK(!has_timer || task->timers[fiber->timer_position - 1] == fiber);
    BL_CHECK(fiber->list == NULL || fiber->next != NULL || fiber->list->last == fiber);
    BL_CHECK(fiber->list == NULL || fiber->previous != NULL || fiber->list->first == fiber);
    BL_CHECK(fiber->list != NULL || has_timer || fiber->has_token);
}

static void see_fiber(vm_books *books, vm_fiber *fiber)
{
    vm_task *task = books->task;
    BL_CHECK(fiber->task == task);
    switch (fiber->state) {
    case VM_FIBER_DONE:
        BL_CHECK(fiber->has_token);
        return;
    case VM_FIBER_RUNNING: {
        BL_CHECK(fiber == task->fiber);
        vm_cursor at = {.segment = task->segment, .base = task->base, .pc = task->pc};
        see_stack(books, &at, true);
        return;
    }
    case VM_FIBER_READY:
    case VM_FIBER_WAITING:
        break;
    }
    check_place(task, fiber);
    see_value(books, fiber->callee);
    see_value(books, fiber->carried);
    if (fiber->waits_in != NULL) {
        see_object(&fiber->waits_in->header);
    }
    if (fiber->at.segment != NULL) {
        see_stack(books, &fiber->at, false);
        if (fiber->state == VM_FIBER_READY && fiber->result != NULL) {
            see_value(books, *fiber->result);
        }
    }
}

// ---- the whole task -------------------------------------------------------------------------

static void see_parts(vm_books *books, vm_object *object)
{
    books->price += 1;
    vm_value value = vm_of(object);
    switch ((vm_tag)object->kind) {
    case VM_LIST:
        see_list(books, value.list);
        return;
    case VM_TUPLE:
        see_values(books, value.tuple->items, value.tuple->size);
        return;
    case VM_RECORD:
        see_record(books, value.record);
        return;
    case VM_VARIANT:
        see_values(books, value.variant->items, value.variant->size);
        return;
    case VM_MAP:
    case VM_SET:
        check_map(books, value.map);
        return;
    case VM_CLOSURE:
        see_values(books, value.closure->captures, value.closure->size);
        return;
    case VM_BOX:
        see_value(books, value.box->value);
        return;
    case VM_RESUME: {
        vm_resume *resume = (vm_resume *)(void *)object;
        if (resume->state == VM_RESUME_READY) {
            see_stack(books, &resume->at, false);
        }
        return;
    }
    case VM_STRING:
        if (value.string->header.flags & VM_STRING_VIEW) {
            see_value(books, vm_of(value.string->parent));
        }
        return;
    case VM_UNIT:   // A shape or a constructor.
    case VM_HANDLE: // Its kind alone knows.
        return;
    case VM_INT:
    case VM_FLOAT:
    case VM_BOOL:
    case VM_ATOM:
    case VM_FUNCTION:
    case VM_NATIVE:
    case VM_MODULE:
        break;
    }
    BL_CHECK(false && "an immediate is no object");
}

static void forget(vm_task *task)
{
    for (vm_large *large = task->heap->larges; large != NULL; large = large->next) {
        large->seen = 0;
    }
    for (vm_segment *segment = task->all_segments; segment != NULL; segment = segment->all_next) {
        segment->seen = 0;
    }
}

static void see_all(vm_books *books)
{
    const vm_task *task = books->task;
    for (vm_large *large = task->heap->larges; large != NULL; large = large->next) {
        switch ((vm_role)large->role) {
        case VM_ROLE_RAW:
            break;
        case VM_ROLE_OBJECT:
            see_parts(books, (vm_object *)(void *)(large + 1));
            break;
        case VM_ROLE_FIBER:
            see_fiber(books, (vm_fiber *)(void *)(large + 1));
            break;
        }
    }
    for (const vm_segment *each = task->all_segments; each != NULL; each = each->all_next) {
        see_handlers(books, each);
    }
}

static void compare(const vm_books *books)
{
    const vm_task *task = books->task;
    for (const vm_large *large = task->heap->larges; large != NULL; large = large->next) {
        const vm_object *object = (const void *)(large + 1);
        if (large->role == VM_ROLE_OBJECT && object->count > 0) {
            BL_CHECK(large->seen <= (uint32_t)object->count);
        }
    }
    for (const vm_segment *each = task->all_segments; each != NULL; each = each->all_next) {
        BL_CHECK(each->seen == 1);
    }
    BL_CHECK(books->stack_size == task->stack_used);
}

void vm_audit(vm_task *task, size_t steps)
{
    task->audit_steps += steps;
    if (!VM_IS_PARANOID || task->audit_steps < task->audit_price) {
        return;
    }
    vm_books books = {.task = task};
    forget(task);
    see_all(&books);
    compare(&books);
    task->audit_steps = 0;
    task->audit_price = books.price;
}
