// tests/threads/threads_freeze.c: what main! leaves to a server, read by many threads at once.
//
// One thread builds a graph (lists, maps, texts, records, a closure with a captured variable) and
// keeps it; then several threads, each with a vm_thread of its own, take parts of it, change their
// copies, and assign the captured variable. Each sees only its own changes, and the thread
// sanitizer sees no race.
#include <pthread.h>
#include <stdlib.h>

#include "tests/vm/asm.h"
#include "vm/heap.h"

enum { THREADS = 4, ROUNDS = 2000 };

// f: a counter's function bump(by), whose variable starts at 100.
static const char source[] = "fn f 0 6\n"
                             "LOAD_INT r1 100\nBOX_NEW r1 r1\nCLOSURE r2 r1 bump\nNOP 1\n"
                             "RETURN r2\n"
                             "fn bump 1 6 closure\n"
                             "CAPTURE r2 r1 0\nDROP r1\nBOX_TAKE r3 r2\nADD r3 r3 r0\n"
                             "COPY r4 r3\nBOX_SET r2 r4\nDROP r2\nRETURN r3\n";

static const vm_program *program;
static vm_value shared; // A tuple: closure, list, map, text.

static void require(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "threads_freeze: %s\n", what);
        abort();
    }
}

// One task: bumps twice and changes copies of the shared data.
static void request(vm_thread *thread, int64_t by)
{
    vm_task *task = vm_task_begin(thread);
    vm_heap *heap = vm_task_heap(task);
    vm_value closure = shared.tuple->items[0];
    vm_value arg = vm_int(by);
    vm_task_start(task, closure, &arg, 1);
    require(vm_task_run(task, 0) == VM_DONE, "the task has not ended");
    require(vm_task_result(task).integer == 100 + by, "somebody else's assignment was seen");
    vm_value list = vm_list_push(heap, vm_dup(shared.tuple->items[1]), vm_int(by));
    require(list.list->size == 11, "the shared list has changed");
    vm_value map = vm_map_insert(heap, vm_dup(shared.tuple->items[2]), vm_int(by), vm_int(0));
    map = vm_map_remove(heap, map, vm_int(3));
    require(vm_map_get(shared.tuple->items[2].map, vm_int(3)) != NULL,
            "the shared map has changed");
    vm_value text = vm_string_append(heap, vm_dup(shared.tuple->items[3]), BL_SLICE("!"));
    require(vm_string_length(shared.tuple->items[3].string) == 3, "the shared text has changed");
    require(!vm_equal(text, shared.tuple->items[3]), "the text has not changed");
    vm_drop(heap, text);
    vm_drop(heap, map);
    vm_drop(heap, list);
    vm_task_end(task);
}

static void *serve(void *context)
{
    int64_t number = (int64_t)(intptr_t)context;
    vm_thread *thread = vm_thread_create(program, &(vm_config){0});
    for (int i = 0; i < ROUNDS; i += 1) {
        request(thread, 1000 + number);
    }
    vm_thread_destroy(thread);
    return NULL;
}

static vm_value build(vm_heap *heap, vm_value closure)
{
    vm_value list = vm_list_make(heap, 64);
    vm_value map = vm_map_make(heap);
    for (int64_t i = 0; i < 10; i += 1) {
        vm_value pair[2] = {vm_int(i), vm_string_slice(heap, BL_SLICE("item"))};
        list = vm_list_push(heap, list, vm_tuple_make(heap, pair, 2));
    }
    for (int64_t i = 0; i < 200; i += 1) {
        map = vm_map_insert(heap, map, vm_int(i), vm_some(heap, vm_int(i)));
    }
    vm_value items[4] = {closure, list, map, vm_string_slice(heap, BL_SLICE("aäz"))};
    return vm_tuple_make(heap, items, 4);
}

int main(void)
{
    vm_program *made = asm_program(source, NULL);
    program = made;
    vm_thread *main_thread = vm_thread_create(program, &(vm_config){0});
    vm_task *task = vm_task_begin(main_thread);
    vm_value start = {.function = asm_function(program, "f"), .tag = VM_FUNCTION};
    vm_task_start(task, start, NULL, 0);
    require(vm_task_run(task, 0) == VM_DONE, "main has not ended");
    shared = build(vm_task_heap(task), vm_dup(vm_task_result(task)));
    vm_task_keep(task, shared);
    pthread_t threads[THREADS];
    for (intptr_t i = 0; i < THREADS; i += 1) {
        require(pthread_create(&threads[i], NULL, serve, (void *)i) == 0, "no thread");
    }
    for (size_t i = 0; i < THREADS; i += 1) {
        pthread_join(threads[i], NULL);
    }
    vm_thread_destroy(main_thread);
    vm_program_destroy(made);
    return 0;
}
