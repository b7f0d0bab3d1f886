// tests/fuzz/fuzz_compile.c: any bytes through lexer, parser, checks, lowering and code generation;
// what compiles is verified, and run with little fuel unless it could act on the outside world.
#include "lang/lang.h"
#include "vm/vm.h"

#define FUEL 20000
#define HEAP_LIMIT ((size_t)8 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(const vm_program *program)
{
    vm_config config = {.heap_limit = HEAP_LIMIT, .stack_limit = HEAP_LIMIT};
    vm_thread *thread = vm_thread_create(program, &config);
    vm_task *task = vm_task_begin(thread);
    vm_value callee = {.function = program->main, .tag = VM_FUNCTION};
    vm_task_start(task, callee, NULL, 0);
    vm_outcome outcome = vm_task_run(task, FUEL);
    if (outcome == VM_DONE) {
        bl_buffer text = {0};
        vm_text_append(&text, vm_task_result(task));
        bl_buffer_deinit(&text);
    }
    vm_task_end(task);
    vm_thread_destroy(thread);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static vm_library library;
    if (library.module_count == 0) {
        vm_library_add_standard(&library);
    }
    // The first byte chooses: the optimiser may be off.
    if (size == 0) {
        return 0;
    }
    lang_options options = {
        .level = LANG_LEVEL_FULL,
        .for_tests = true,
        .no_optimiser = data[0] == '!',
        .text = {(const char *)data, size},
    };
    lang_result *result = lang_compile(&library, BL_SLICE("fuzz.bl"), &options);
    bl_buffer out = {0};
    lang_diagnostics_write_json(result->diagnostics, LANG_LEVEL_FULL, &out);
    lang_diagnostics_write_text(result->diagnostics, &out, true);
    bl_buffer_deinit(&out);
    vm_program *program = lang_result_take_program(result);
    lang_result_destroy(result);
    if (program == NULL) {
        return 0;
    }
    bl_error error;
    BL_CHECK(vm_program_verify(program, &error) == BL_OK);
    if (program->main != NULL && (program->main->reach & (VM_OUTSIDE | VM_BLOCKING)) == 0) {
        run(program);
    }
    vm_program_destroy(program);
    return 0;
}
