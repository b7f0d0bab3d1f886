// vm/std/random.c: the module Random.
#include "vm/std/random.h"

#include <errno.h>
#include <sys/random.h>

#include "vm/std/modules.h"
#include "vm/std/std.h"

enum { BYTES_MAX = 1024 };

void std_random_fill(void *bytes, size_t size)
{
    char *to = bytes;
    while (size > 0) {
        ssize_t count = getrandom(to, size, 0);
        BL_CHECK(count >= 0 || errno == EINTR); // It cannot fail otherwise with valid arguments.
        if (count > 0) {
            to += count;
            size -= (size_t)count;
        }
    }
}

void std_hex(const void *bytes, size_t size, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *from = bytes;
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[from[i] >> 4];
        out[2 * i + 1] = digits[from[i] & 15];
    }
}

// Uniform in 0 … limit: draws again where the last, incomplete round of values would begin.
static uint64_t random_up_to(uint64_t limit)
{
    uint64_t value;
    if (limit == UINT64_MAX) {
        std_random_fill(&value, sizeof(value));
        return value;
    }
    uint64_t count = limit + 1;
    uint64_t rejected = UINT64_MAX - (UINT64_MAX % count + 1) % count;
    do {
        std_random_fill(&value, sizeof(value));
    } while (value > rejected);
    return value % count;
}

static vm_status random_int(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_INT || args[1].tag != VM_INT) {
        return vm_fail(task, "Random.int!: expected (Int, Int)");
    }
    int64_t low = args[0].integer;
    int64_t high = args[1].integer;
    if (low > high) {
        return vm_fail(task, "Random.int!: min (%lld) > max (%lld)", (long long)low,
                       (long long)high);
    }
    uint64_t offset = random_up_to((uint64_t)high - (uint64_t)low);
    return std_give(result, vm_int((int64_t)((uint64_t)low + offset)));
}

static vm_status random_bool(vm_task *task, vm_value *args, vm_value *result)
{
    (void)task; // Cannot fail.
    (void)args; // None.
    unsigned char byte;
    std_random_fill(&byte, 1);
    return std_give(result, vm_bool((byte & 1) != 0));
}

// RFC 9562, section 5.4.
static vm_status random_uuid(vm_task *task, vm_value *args, vm_value *result)
{
    (void)args; // None.
    unsigned char bytes[16];
    std_random_fill(bytes, sizeof(bytes));
    bytes[6] = (unsigned char)((bytes[6] & 0x0F) | 0x40);
    bytes[8] = (unsigned char)((bytes[8] & 0x3F) | 0x80);
    char text[36];
    static const unsigned char group_sizes[] = {4, 2, 2, 2, 6};
    size_t from = 0;
    size_t to = 0;
    for (size_t i = 0; i < BL_ARRAY_COUNT(group_sizes); i++) {
        if (i > 0) {
            text[to++] = '-';
        }
        std_hex(bytes + from, group_sizes[i], text + to);
        from += group_sizes[i];
        to += 2 * (size_t)group_sizes[i];
    }
    return std_give(result, std_ascii(vm_task_heap(task), text, sizeof(text)));
}

static vm_status random_bytes(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_INT) {
        return vm_fail_type(task, "Random.bytes!", "Int", args[0]);
    }
    if (args[0].integer < 0 || args[0].integer > BYTES_MAX) {
        return vm_fail(task, "Random.bytes!: n must be 0..%d, got %lld", BYTES_MAX,
                       (long long)args[0].integer);
    }
    unsigned char bytes[BYTES_MAX];
    char digits[2 * BYTES_MAX];
    size_t size = (size_t)args[0].integer;
    std_random_fill(bytes, size);
    std_hex(bytes, size, digits);
    return std_give(result, std_ascii(vm_task_heap(task), digits, 2 * size));
}

static vm_native natives[] = {
#include "vm/std/random.def"
};

vm_module std_random_module = STD_EFFECT_MODULE("Random", "rnd", "Random", VM_PRELUDE_SCRIPT);
