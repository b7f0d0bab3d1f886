// alloc/system.c: the one door to the system's allocator, and AddressSanitizer's poison.
#include "alloc/alloc.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#ifdef BL_MIMALLOC
#include <mimalloc.h>
#define SYSTEM(name) mi_##name
#else
#define SYSTEM(name) name
#endif

#if defined(__SANITIZE_ADDRESS__)
#define BL_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BL_ASAN 1
#endif
#endif
#ifdef BL_ASAN
#include <sanitizer/asan_interface.h>
#endif

enum {
    LARGE_PAGE_SIZE = 2 * 1024 * 1024,     // Of x86-64 and, with pages of 4 KiB, of AArch64.
    LARGE_PAGES_MIN = 2 * LARGE_PAGE_SIZE, // So that one whole page lies inside at least.
};

// Relaxed: a statistic. Allocation is rare after warm-up, so the shared line costs nothing.
static _Atomic uint64_t alloc_count;

static void *counted(void *memory, size_t size)
{
    if (BL_UNLIKELY(memory == NULL)) {
        bl_out_of_memory(size);
    }
    atomic_fetch_add_explicit(&alloc_count, 1, memory_order_relaxed);
    return memory;
}

void *bl_alloc(size_t size)
{
    return counted(SYSTEM(malloc)(size == 0 ? 1 : size), size);
}

void *bl_alloc_zeroed(size_t count, size_t size)
{
    return counted(SYSTEM(calloc)(count == 0 ? 1 : count, size == 0 ? 1 : size), count * size);
}

void *bl_realloc(void *memory, size_t size)
{
    return counted(SYSTEM(realloc)(memory, size == 0 ? 1 : size), size);
}

void *bl_alloc_aligned(size_t alignment, size_t size)
{
    BL_CHECK(alignment != 0 && (alignment & (alignment - 1)) == 0);
    // aligned_alloc wants a multiple of the alignment.
    size_t rounded = (size + alignment - 1) & ~(alignment - 1);
    return counted(SYSTEM(aligned_alloc)(alignment, rounded == 0 ? alignment : rounded), size);
}

void bl_use_throughout(const void *memory, size_t size)
{
    uintptr_t first = ((uintptr_t)memory + LARGE_PAGE_SIZE - 1) & ~(uintptr_t)(LARGE_PAGE_SIZE - 1);
    uintptr_t end = ((uintptr_t)memory + size) & ~(uintptr_t)(LARGE_PAGE_SIZE - 1);
    if (size >= LARGE_PAGES_MIN) {
        // May fail (a kernel without large pages): the pages are small ones then.
        (void)madvise((void *)first, end - first, MADV_HUGEPAGE);
    }
}

void bl_free(void *memory)
{
    SYSTEM(free)(memory);
}

uint64_t bl_alloc_count(void)
{
    return atomic_load_explicit(&alloc_count, memory_order_relaxed);
}

void bl_poison(const void *memory, size_t size)
{
#ifdef BL_ASAN
    ASAN_POISON_MEMORY_REGION(memory, size);
#else
    (void)memory; // Nothing to mark in this build.
    (void)size;
#endif
}

void bl_unpoison(const void *memory, size_t size)
{
#ifdef BL_ASAN
    ASAN_UNPOISON_MEMORY_REGION(memory, size);
#else
    (void)memory; // Nothing to mark in this build.
    (void)size;
#endif
}
