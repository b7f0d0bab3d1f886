// alloc/pool.c: objects of one size from slabs, with an intrusive free list.
//
// Free objects are poisoned but for the link in their first word. Slabs are given back only at
// the end: a pool's size is its high-water mark.
#include "alloc/alloc.h"

#include <assert.h>

#define ALIGNMENT ((size_t)BL_CACHE_LINE)

struct bl_pool_slab {
    bl_pool_slab *older;
    char padding[BL_CACHE_LINE - sizeof(void *)];
};

#ifdef BL_PARANOID
#define CHECK_VALID(pool) BL_CHECK(pool_is_valid(pool))
#else
#define CHECK_VALID(pool) ((void)0)
#endif

static char *slab_object(const bl_pool *pool, bl_pool_slab *slab, uint32_t index)
{
    return (char *)(slab + 1) + (size_t)index * pool->object_size;
}

#ifdef BL_PARANOID
static bool is_in_a_slab(const bl_pool *pool, const void *object)
{
    for (const bl_pool_slab *slab = pool->slabs; slab != NULL; slab = slab->older) {
        size_t at = (size_t)((const char *)object - (const char *)(slab + 1));
        if (at < pool->object_size * pool->objects_per_slab) {
            return at % pool->object_size == 0;
        }
    }
    return false;
}

// What is not lent is in the list of the free ones, each of them an object of a slab. A large pool
// is believed: the walk is as long as the list, and every step would take it.
static bool pool_is_valid(const bl_pool *pool)
{
    if (pool->made_count > 1024) {
        return true;
    }
    uint32_t free_count = 0;
    for (const void *object = pool->free_list; object != NULL; free_count++) {
        if (free_count > pool->made_count || !is_in_a_slab(pool, object)) {
            return false;
        }
        const void *next;
        bl_unpoison(object, sizeof(next));
        memcpy(&next, object, sizeof(next));
        bl_poison(object, sizeof(next));
        object = next;
    }
    return free_count + pool->lent_count == pool->made_count;
}
#endif

void bl_pool_init(bl_pool *pool, size_t object_size, uint32_t objects_per_slab, uint32_t count_max)
{
    BL_CHECK(objects_per_slab != 0);
    size_t alignment = object_size >= ALIGNMENT ? ALIGNMENT : 16;
    *pool = (bl_pool){
        .object_size = (object_size + alignment - 1) & ~(alignment - 1),
        .objects_per_slab = objects_per_slab,
        .count_max = count_max,
    };
}

void bl_pool_deinit(bl_pool *pool)
{
    BL_CHECK(pool->lent_count == 0);
    for (bl_pool_slab *slab = pool->slabs; slab != NULL;) {
        bl_pool_slab *older = slab->older;
        bl_unpoison(slab + 1, pool->object_size * pool->objects_per_slab);
        bl_free(slab);
        slab = older;
    }
    *pool = (bl_pool){.object_size = pool->object_size,
                      .objects_per_slab = pool->objects_per_slab,
                      .count_max = pool->count_max};
}

static void push_free(bl_pool *pool, void *object)
{
    bl_unpoison(object, sizeof(void *));
    memcpy(object, &pool->free_list, sizeof(void *));
    bl_poison(object, pool->object_size);
    pool->free_list = object;
}

static void add_slab(bl_pool *pool)
{
    size_t size = sizeof(bl_pool_slab) + pool->object_size * pool->objects_per_slab;
    bl_pool_slab *slab = bl_alloc_aligned(ALIGNMENT, size);
    slab->older = pool->slabs;
    pool->slabs = slab;
    // In reverse, so that objects are handed out in address order.
    for (uint32_t i = pool->objects_per_slab; i > 0; i--) {
        push_free(pool, slab_object(pool, slab, i - 1));
    }
    pool->made_count += pool->objects_per_slab;
}

void *bl_pool_acquire(bl_pool *pool)
{
    if (pool->count_max != 0 && pool->lent_count >= pool->count_max) {
        return NULL;
    }
    if (pool->free_list == NULL) {
        add_slab(pool);
    }
    void *object = pool->free_list;
    assert(object != NULL); // A slab holds one at least.
    bl_unpoison(object, pool->object_size);
    memcpy(&pool->free_list, object, sizeof(void *));
    pool->lent_count += 1;
    CHECK_VALID(pool);
    return object;
}

void bl_pool_release(bl_pool *pool, void *object)
{
    BL_CHECK(pool->lent_count > 0);
    pool->lent_count -= 1;
    push_free(pool, object);
    CHECK_VALID(pool);
}
