// alloc/arena.c: bump allocation in linked blocks.
//
// Blocks double from 16 KiB to 1 MiB; an object larger than a quarter of the next block gets a
// block of its own behind the current one, so that the rest of the current block is not wasted.
// What has not been handed out is poisoned: AddressSanitizer sees an overrun inside a block.
#include "alloc/alloc.h"

#define BLOCK_SIZE_MIN ((size_t)16 << 10)
#define BLOCK_SIZE_MAX ((size_t)1 << 20)
#define ALIGNMENT ((size_t)16)

struct bl_arena_block {
    bl_arena_block *older;
    size_t size; // Bytes behind this header.
};

_Static_assert(sizeof(bl_arena_block) % ALIGNMENT == 0, "block data must be aligned");

#ifdef BL_PARANOID
#define CHECK_VALID(arena) BL_CHECK(arena_is_valid(arena))
#else
#define CHECK_VALID(arena) ((void)0)
#endif

static char *block_data(bl_arena_block *block)
{
    return (char *)(block + 1);
}

static bl_arena_block *block_create(size_t size)
{
    bl_arena_block *block = bl_alloc(sizeof(*block) + size);
    block->older = NULL;
    block->size = size;
    bl_poison(block_data(block), size);
    return block;
}

static void block_destroy(bl_arena_block *block)
{
    bl_unpoison(block_data(block), block->size);
    bl_free(block);
}

#ifdef BL_PARANOID
// The free bytes are the end of the newest block, and the limit holds.
static bool arena_is_valid(const bl_arena *arena)
{
    if (arena->blocks == NULL) {
        return arena->next == NULL && arena->end == NULL && arena->used_size == 0;
    }
    const char *start = block_data(arena->blocks);
    return arena->next >= start && arena->next <= arena->end &&
           arena->end == start + arena->blocks->size &&
           (arena->size_max == 0 || arena->used_size <= arena->size_max);
}
#endif

void bl_arena_init(bl_arena *arena, size_t size_max)
{
    *arena = (bl_arena){.size_max = size_max};
}

void bl_arena_deinit(bl_arena *arena)
{
    for (bl_arena_block *block = arena->blocks; block != NULL;) {
        bl_arena_block *older = block->older;
        block_destroy(block);
        block = older;
    }
    *arena = (bl_arena){.size_max = arena->size_max};
}

void bl_arena_reset(bl_arena *arena)
{
    bl_arena_block *block = arena->blocks;
    if (block == NULL) {
        return;
    }
    while (block->older != NULL) {
        bl_arena_block *older = block->older;
        block_destroy(block);
        block = older;
    }
    bl_poison(block_data(block), block->size);
    arena->blocks = block;
    arena->next = block_data(block);
    arena->end = arena->next + block->size;
    arena->used_size = 0;
    CHECK_VALID(arena);
}

// Makes [next, end) large enough, or returns a block of its own for a large object.
static void *grow(bl_arena *arena, size_t size)
{
    size_t wanted = BLOCK_SIZE_MIN;
    if (arena->blocks != NULL) {
        wanted =
            arena->blocks->size * 2 > BLOCK_SIZE_MAX ? BLOCK_SIZE_MAX : arena->blocks->size * 2;
    }
    if (arena->blocks != NULL && size > wanted / 4) {
        bl_arena_block *own = block_create(size);
        own->older = arena->blocks->older;
        arena->blocks->older = own;
        bl_unpoison(block_data(own), size);
        return block_data(own);
    }
    bl_arena_block *block = block_create(size > wanted ? size : wanted);
    block->older = arena->blocks;
    arena->blocks = block;
    arena->next = block_data(block) + size;
    arena->end = block_data(block) + block->size;
    bl_unpoison(block_data(block), size);
    return block_data(block);
}

void *bl_arena_alloc(bl_arena *arena, size_t size)
{
    // No bytes take one unit, so that an empty arena has an address to return.
    size_t padded = (size + (size == 0) + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    if (BL_UNLIKELY(padded < size)) {
        return NULL;
    }
    if (arena->size_max != 0 && padded > arena->size_max - arena->used_size) {
        return NULL;
    }
    arena->used_size += padded;
    if (BL_UNLIKELY(padded > (size_t)(arena->end - arena->next))) {
        return grow(arena, padded);
    }
    void *memory = arena->next;
    arena->next += padded;
    bl_unpoison(memory, size);
    CHECK_VALID(arena);
    return memory;
}

void *bl_arena_alloc_zeroed(bl_arena *arena, size_t size)
{
    void *memory = bl_arena_alloc(arena, size);
    if (memory != NULL && size != 0) {
        memset(memory, 0, size);
    }
    return memory;
}

char *bl_arena_copy(bl_arena *arena, const char *data, size_t size)
{
    char *copy = bl_arena_alloc(arena, size + 1);
    if (copy == NULL) {
        return NULL;
    }
    if (size != 0) {
        memcpy(copy, data, size);
    }
    copy[size] = '\0';
    return copy;
}

bl_slice bl_arena_slice(bl_arena *arena, bl_slice slice)
{
    return (bl_slice){bl_arena_copy(arena, slice.data, slice.size), slice.size};
}

bl_slice bl_arena_vformat(bl_arena *arena, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, again);
    va_end(again);
    BL_CHECK(size >= 0);
    char *text = bl_arena_alloc(arena, (size_t)size + 1);
    if (text == NULL) {
        return (bl_slice){NULL, 0};
    }
    (void)vsnprintf(text, (size_t)size + 1, format, arguments); // Measured above.
    return (bl_slice){text, (size_t)size};
}

bl_slice bl_arena_format(bl_arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bl_slice text = bl_arena_vformat(arena, format, arguments);
    va_end(arguments);
    return text;
}
