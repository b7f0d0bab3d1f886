// tests/vm/std/harness.c: see harness.h.
#include "harness.h"

#include <criterion/criterion.h>

#include "vm/std/json.h"
#include "vm/task.h"

enum { ARGS_MAX = 8 };

void std_open(std_fixture *self)
{
    self->library = (vm_library){0};
    vm_library_add_standard(&self->library);
    self->program = vm_program_create(&self->library);
    self->thread = vm_thread_create(self->program, &(vm_config){0});
    self->task = vm_task_begin(self->thread);
}

void std_close(std_fixture *self, const char *name)
{
    cr_expect_eq(vm_heap_alive(vm_task_heap(self->task)), 0, "%s: objects are left", name);
    vm_task_end(self->task);
    vm_thread_destroy(self->thread);
    vm_program_destroy(self->program);
}

static const vm_native *find_native(const std_fixture *self, const char *name)
{
    const char *dot = strchr(name, '.');
    cr_assert_not_null(dot);
    const vm_module *module =
        vm_library_module(&self->library, (bl_slice){name, (size_t)(dot - name)});
    cr_assert_not_null(module, "%s", name);
    const vm_native *native = vm_module_native(module, bl_slice_of(dot + 1));
    cr_assert_not_null(native, "%s", name);
    cr_assert(native->function != NULL, "%s is written in Baseline", name);
    return native;
}

vm_value std_call(std_fixture *self, const char *name, vm_value *args, size_t count,
                  const char **message)
{
    const vm_native *native = find_native(self, name);
    vm_value all[ARGS_MAX];
    for (size_t i = 0; i < ARGS_MAX; i++) {
        all[i] = i < count ? args[i] : vm_unit();
    }
    cr_assert(count >= native->arity && count <= native->arity_max, "%s", name);
    vm_value result = vm_unit();
    vm_status status = native->function(self->task, all, &result);
    for (size_t i = 0; i < count; i++) {
        if ((native->owned >> i & 1) == 0) {
            vm_drop(vm_task_heap(self->task), args[i]);
        }
    }
    *message = status == VM_OK ? NULL : self->task->failure_message.data;
    return status == VM_OK ? result : vm_unit();
}

static size_t read_args(std_fixture *self, const std_row *row, vm_value *args)
{
    vm_heap *heap = vm_task_heap(self->task);
    vm_value list;
    std_json_error error;
    cr_assert(
        std_json_parse(heap, self->program, bl_slice_of(row->args), STD_JSON_TAGS, &list, &error),
        "%s %s: %s", row->native, row->args, error.message);
    size_t count = list.list->size;
    cr_assert(count <= ARGS_MAX);
    for (size_t i = 0; i < count; i++) {
        args[i] = vm_dup(vm_list_items(list.list)[i]);
    }
    vm_drop(heap, list);
    return count;
}

static void check_row(const std_row *row)
{
    std_fixture self;
    std_open(&self);
    vm_value args[ARGS_MAX];
    size_t count = read_args(&self, row, args);
    const char *message = NULL;
    vm_value result = std_call(&self, row->native, args, count, &message);
    bl_buffer got = {0};
    if (message != NULL) {
        bl_buffer_format(&got, "!%s", message);
    } else {
        vm_text_append(&got, result);
    }
    vm_drop(vm_task_heap(self.task), result);
    bl_buffer_append_char(&got, 0);
    cr_expect_str_eq(got.data, row->want, "%s %s: got `%s`, want `%s`", row->native, row->args,
                     got.data, row->want);
    bl_buffer_deinit(&got);
    std_close(&self, row->native);
}

void std_check_rows(const std_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check_row(&rows[i]);
    }
}
