// tests/fuzz/fuzz_json.c: any bytes as JSON: refused, or read, written and read again the same.
#include "vm/heap.h"
#include "vm/std/json.h"
#include "vm/std/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(vm_heap *heap, bl_slice text, std_json_objects objects)
{
    vm_value value;
    vm_value again;
    std_json_error error;
    if (!std_json_parse(heap, NULL, text, objects, &value, &error)) {
        return;
    }
    bl_buffer out = {0};
    BL_CHECK(std_json_write(&out, value, STD_JSON_COMPACT, NULL));
    BL_CHECK(std_json_parse(heap, NULL, bl_buffer_slice(&out), objects, &again, NULL));
    BL_CHECK(vm_equal(value, again));
    bl_buffer_deinit(&out);
    vm_drop(heap, value);
    vm_drop(heap, again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bl_slice text = {(const char *)data, size};
    vm_block_pool *pool = vm_block_pool_create();
    vm_heap *heap = vm_heap_create(pool, (size_t)1 << 28);
    check_text(heap, text, STD_JSON_TAGS);
    check_text(heap, text, STD_JSON_RECORDS);
    BL_CHECK(vm_heap_alive(heap) == 0);
    vm_heap_destroy(heap);
    vm_block_pool_destroy(pool);
    return 0;
}
