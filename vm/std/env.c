// vm/std/env.c: the module Env.
//
// Variables that the program sets live in one list for the process, newest value in place, under a
// read-write lock: they are few. The process environment itself is never changed, so reading it
// needs no lock.
#include "vm/std/env.h"

#include <pthread.h>
#include <stdlib.h>

#include "vm/std/modules.h"
#include "vm/std/std.h"
#include "vm/std/text.h"

typedef struct variable {
    struct variable *next;
    char *value; // value_size bytes of an allocation of its own.
    size_t value_size;
    size_t name_size;
    char name[];
} variable;

static struct {
    pthread_rwlock_t lock;
    variable *variables; // Kept until the process ends.
    const char *const *args;
    size_t arg_count;
} environment = {.lock = PTHREAD_RWLOCK_INITIALIZER};

void std_env_set_args(const char *const *args, size_t count)
{
    environment.args = args;
    environment.arg_count = count;
}

// The lock is held.
static variable *find(bl_slice name)
{
    variable *at = environment.variables;
    while (at != NULL && !bl_slice_equal((bl_slice){at->name, at->name_size}, name)) {
        at = at->next;
    }
    return at;
}

static bool get_set_value(vm_heap *heap, bl_slice name, vm_value *value)
{
    pthread_rwlock_rdlock(&environment.lock);
    const variable *found = find(name);
    if (found != NULL) {
        *value = vm_string_make(heap, found->value, found->value_size);
    }
    pthread_rwlock_unlock(&environment.lock);
    return found != NULL;
}

// NULL: unset, not UTF-8, or a name that no variable can have.
static const char *get_process_value(bl_slice name)
{
    char *key = bl_alloc(name.size + 1);
    memcpy(key, name.data, name.size);
    key[name.size] = 0;
    bool is_possible = strlen(key) == name.size && strchr(key, '=') == NULL;
    const char *value = is_possible ? getenv(key) : NULL;
    bl_free(key);
    return value != NULL && bl_utf8_is_valid(bl_slice_of(value)) ? value : NULL;
}

static vm_status env_get(vm_task *task, vm_value *args, vm_value *result)
{
    if (!std_is_string(args[0])) {
        return vm_fail_type(task, "Env.get!", "String", args[0]);
    }
    vm_heap *heap = vm_task_heap(task);
    vm_value value;
    if (get_set_value(heap, vm_text(args[0]), &value)) {
        return std_give(result, vm_some(heap, value));
    }
    const char *text = get_process_value(vm_text(args[0]));
    if (text == NULL) {
        return std_give(result, vm_none());
    }
    return std_give(result, vm_some(heap, vm_string_make(heap, text, strlen(text))));
}

static variable *add_variable(bl_slice name)
{
    variable *added = bl_alloc_zeroed(1, sizeof(*added) + name.size);
    added->name_size = name.size;
    memcpy(added->name, name.data, name.size);
    added->next = environment.variables;
    environment.variables = added;
    return added;
}

static vm_status env_set(vm_task *task, vm_value *args, vm_value *result)
{
    if (!std_is_string(args[0]) || !std_is_string(args[1])) {
        return vm_fail(task, "Env.set!: expected (String, String)");
    }
    bl_slice value = vm_text(args[1]);
    char *copy = bl_alloc(value.size + 1);
    memcpy(copy, value.data, value.size);
    pthread_rwlock_wrlock(&environment.lock);
    variable *place = find(vm_text(args[0]));
    if (place == NULL) {
        place = add_variable(vm_text(args[0]));
    }
    char *old = place->value;
    place->value = copy;
    place->value_size = value.size;
    pthread_rwlock_unlock(&environment.lock);
    bl_free(old);
    return std_give(result, vm_unit());
}

static vm_status env_args(vm_task *task, vm_value *args, vm_value *result)
{
    (void)args; // None.
    vm_heap *heap = vm_task_heap(task);
    vm_value list = vm_list_make(heap, environment.arg_count);
    for (size_t i = 0; i < environment.arg_count; i++) {
        list = vm_list_push(heap, list, std_string_lossy(heap, bl_slice_of(environment.args[i])));
    }
    return std_give(result, list);
}

static vm_native natives[] = {
#include "vm/std/env.def"
};

vm_module std_env_module = STD_EFFECT_MODULE("Env", "env", "Env", VM_PRELUDE_SCRIPT);
