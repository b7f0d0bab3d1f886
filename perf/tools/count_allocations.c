// perf/tools/count_allocations.c: a preloaded library that counts what a process allocates.
//
//     LD_PRELOAD=count_allocations.so COUNT_FILE=F program
//
// It stands in front of malloc and of mimalloc's functions and counts calls in the first eight
// bytes of the file F, which is mapped, so that another process can read the count at any time. The
// measurement needs no help from the program.
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static _Atomic uint64_t before_start; // Until the file is mapped.
static _Atomic uint64_t *counter = &before_start;

__attribute__((constructor)) static void map_counter(void)
{
    const char *path = getenv("COUNT_FILE");
    int fd = path == NULL ? -1 : open(path, O_RDWR | O_CREAT, 0600);
    if (fd < 0 || ftruncate(fd, 4096) != 0) {
        return;
    }
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page != MAP_FAILED) {
        counter = page;
    }
    close(fd);
}

#define COUNT() atomic_fetch_add_explicit(counter, 1, memory_order_relaxed)

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size)
{
    COUNT();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    COUNT();
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    COUNT();
    return __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    COUNT();
    return __libc_memalign(alignment, size);
}

// The next function of this name; each is looked up once.
static void *next(void **place, const char *name)
{
    if (*place == NULL) {
        *place = dlsym(RTLD_NEXT, name);
    }
    return *place;
}

#define FORWARD(name, parameters, arguments)                                                       \
    void *name parameters                                                                          \
    {                                                                                              \
        static void *place;                                                                        \
        COUNT();                                                                                   \
        return ((void *(*)parameters)next(&place, #name))arguments;                                \
    }

FORWARD(mi_malloc, (size_t size), (size))
FORWARD(mi_malloc_small, (size_t size), (size))
FORWARD(mi_zalloc, (size_t size), (size))
FORWARD(mi_zalloc_small, (size_t size), (size))
FORWARD(mi_calloc, (size_t count, size_t size), (count, size))
FORWARD(mi_realloc, (void *memory, size_t size), (memory, size))
FORWARD(mi_aligned_alloc, (size_t alignment, size_t size), (alignment, size))
FORWARD(mi_malloc_aligned, (size_t size, size_t alignment), (size, alignment))
FORWARD(mi_zalloc_aligned, (size_t size, size_t alignment), (size, alignment))
FORWARD(mi_heap_malloc, (void *heap, size_t size), (heap, size))
FORWARD(mi_heap_malloc_small, (void *heap, size_t size), (heap, size))
FORWARD(mi_heap_zalloc, (void *heap, size_t size), (heap, size))
FORWARD(mi_heap_calloc, (void *heap, size_t count, size_t size), (heap, count, size))
FORWARD(mi_heap_realloc, (void *heap, void *memory, size_t size), (heap, memory, size))
