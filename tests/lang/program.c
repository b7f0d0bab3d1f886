// tests/lang/program.c: compiles and runs a program that is a text, for tests of code generation.
#include "tests/lang/program.h"

#include "vm/vm.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

const vm_library *program_library(void)
{
    static vm_library library;
    if (library.module_count == 0) {
        vm_library_add_standard(&library);
    }
    return &library;
}

static void run(const vm_program *program, bl_buffer *out)
{
    vm_thread *thread = vm_thread_create(program, &(vm_config){.heap_limit = 0});
    vm_task *task = vm_task_begin(thread);
    vm_value callee = {.function = program->main, .tag = VM_FUNCTION};
    vm_task_start(task, callee, NULL, 0);
    vm_outcome outcome = vm_task_run(task, 0);
    while (outcome == VM_WAITING) {
        vm_task_sleep(task);
        outcome = vm_task_run(task, 0);
    }
    if (outcome == VM_DONE) {
        vm_text_append(out, vm_task_result(task));
        vm_drop(vm_task_heap(task), vm_task_result(task));
        cr_expect(vm_heap_alive(vm_task_heap(task)) == 0, "objects are left");
    } else {
        const vm_failure *failure = vm_task_failure(task);
        bl_buffer_format(out, "error %u: %s", failure->line, failure->message);
    }
    bl_buffer_append_char(out, '\0');
    vm_task_end(task);
    vm_thread_destroy(thread);
}

void program_outcome(const char *text, bool optimised, bl_buffer *out)
{
    lang_options options = {
        .level = LANG_LEVEL_REFINEMENTS, .no_optimiser = !optimised, .text = bl_slice_of(text)};
    lang_result *result = lang_compile(program_library(), BL_SLICE("test.bl"), &options);
    if (result->error_count != 0) {
        bl_buffer_format(out, "refused %s", lang_code_name(result->diagnostics->items[0]->code));
        bl_buffer_append_char(out, '\0');
    } else {
        bl_error error = {0};
        cr_assert(vm_program_verify(result->program, &error) == BL_OK, "%s", error.message);
        run(result->program, out);
    }
    lang_result_destroy(result);
}

void program_dump(const char *text, lang_dump what, bl_buffer *out)
{
    char path[] = "/tmp/bl-test-XXXXXX";
    int file = mkstemp(path);
    cr_assert(file >= 0);
    cr_assert(write(file, text, strlen(text)) == (ssize_t)strlen(text));
    close(file);
    cr_expect(lang_dump_write(program_library(), bl_slice_of(path), what, out));
    bl_buffer_append_char(out, '\0');
    unlink(path);
}
