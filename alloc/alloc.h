// alloc/alloc.h: the ground floor: slices, status, checks, arenas, pools, growing buffers.
//
//     bl_arena arena;
//     bl_arena_init(&arena, 0);                      // no limit
//     char *copy = bl_arena_copy(&arena, text, size); // lives as long as the arena
//     bl_arena_reset(&arena);                        // all of it dead at once, first block kept
//     bl_arena_deinit(&arena);
//
// Words used in every header: owned (the receiver frees or passes on), borrowed (valid until the
// call returns; the default for slices), kept (the callee stores it), arena (lives as long as the
// named arena). Running out of system memory aborts with a message (bl_out_of_memory): limits,
// not malloc, are what a program or a peer can reach, and they are checked before allocating.
#ifndef ALLOC_ALLOC_H
#define ALLOC_ALLOC_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define BL_MUST_USE __attribute__((warn_unused_result))
#define BL_NORETURN __attribute__((noreturn))
#define BL_PRINTF(text, first) __attribute__((format(printf, text, first)))
#define BL_LIKELY(x) __builtin_expect(!!(x), 1)
#define BL_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define BL_ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BL_CONTAINER_OF(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))
#define BL_CACHE_LINE 64

// Stays in release builds: state machines, ownership, table sizes, anything cheap. It is about us,
// never about what a peer, a program or the kernel can cause.
#define BL_CHECK(condition)                                                                        \
    (BL_LIKELY(condition) ? (void)0 : bl_check_failed(#condition, __FILE__, __LINE__))
BL_NORETURN void bl_check_failed(const char *condition, const char *file, int line);
BL_NORETURN void bl_out_of_memory(size_t size);

// ---- slices ----------------------------------------------------------------------------------

// A borrowed view of bytes; never NUL-terminated. An empty slice may have data == NULL.
typedef struct bl_slice {
    const char *data;
    size_t size;
} bl_slice;

// A slice of a string literal.
#define BL_SLICE(literal) ((bl_slice){("" literal), sizeof(literal) - 1})
// The pair that "%.*s" wants.
#define BL_SLICE_ARG(slice) (int)(slice).size, (slice).data

static inline bl_slice bl_slice_of(const char *text)
{
    return (bl_slice){text, strlen(text)};
}

static inline bool bl_slice_equal(bl_slice a, bl_slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

// ASCII only.
bool bl_slice_equal_nocase(bl_slice a, bl_slice b);
// By bytes, a prefix is smaller; <0, 0, >0.
int bl_slice_compare(bl_slice a, bl_slice b);
// 64 bit, seedless, not for keys that an attacker chooses (vm has a keyed one).
uint64_t bl_slice_hash(bl_slice slice);

// ---- UTF-8 -----------------------------------------------------------------------------------
//
// Texts from outside may hold any bytes. Where they are not UTF-8, each maximal part of a character
// counts as one character, U+FFFD: positions, lengths and repaired copies of a text agree.

// Bytes of the character, or of the part of one, at `at` (< text.size).
size_t bl_utf8_part(bl_slice text, size_t at, bool *is_valid);
// Where the character that ends at `end` (> 0) begins.
size_t bl_utf8_before(bl_slice text, size_t end);
// The code point at `at` (< text.size).
uint32_t bl_utf8_code(bl_slice text, size_t at);
size_t bl_utf8_count(bl_slice text);
// The bytes of a code point (below 0x110000) into out[0..3]; returns how many.
size_t bl_utf8_encode(uint32_t code, char *out);
// How many bytes come before the first that is not UTF-8; text.size: there is none.
size_t bl_utf8_valid_size(bl_slice text);
// A copy with U+FFFD in the place of what is not UTF-8. out: room for 3 * text.size, may be where
// text is or before it. Returns the size.
size_t bl_utf8_repair(bl_slice text, char *out);

// bl_utf8_part for who need not know whether it is whole.
static inline size_t bl_utf8_size(bl_slice text, size_t at)
{
    bool is_valid;
    return (unsigned char)text.data[at] < 0x80 ? 1 : bl_utf8_part(text, at, &is_valid);
}

static inline bool bl_utf8_is_valid(bl_slice text)
{
    return bl_utf8_valid_size(text) == text.size;
}

// ---- status and error ------------------------------------------------------------------------

typedef enum bl_status {
#define ST(name, text) BL_##name,
#include "alloc/status.def"
#undef ST
} bl_status;

const char *bl_status_text(bl_status status);

// Details of a failure, filled once, at its origin.
typedef struct bl_error {
    bl_status status;
    int system_error;  // errno, or 0.
    char message[240]; // A whole sentence without the final stop.
} bl_error;

// Fills *error (may be NULL) and returns status, so that one can `return bl_fail(…)`.
bl_status bl_fail(bl_error *error, bl_status status, int system_error, const char *format, ...)
    BL_PRINTF(4, 5);

// ---- memory from the system ------------------------------------------------------------------
// mimalloc, or libc in sanitizer builds. They never return NULL. Outside of alloc/ use arenas,
// pools and buffers where these fit; bare malloc is an error in tests/tidy.py.

void *bl_alloc(size_t size) __attribute__((malloc, returns_nonnull, alloc_size(1)));
void *bl_alloc_zeroed(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *bl_realloc(void *memory, size_t size) __attribute__((returns_nonnull));
// alignment: a power of two.
void *bl_alloc_aligned(size_t alignment, size_t size) __attribute__((malloc, returns_nonnull));
// A hint: memory of that size (in bytes, just allocated) will be used throughout. From 4 MiB on the
// kernel is asked for large pages: fewer faults, and fewer misses where access is random.
void bl_use_throughout(const void *memory, size_t size);
void bl_free(void *memory);
// How many allocations this process has made through the functions above (a test counts them).
uint64_t bl_alloc_count(void);

// For AddressSanitizer: bytes that nobody may touch. No-ops in other builds.
void bl_poison(const void *memory, size_t size);
void bl_unpoison(const void *memory, size_t size);

// ---- arena -----------------------------------------------------------------------------------
// Bump allocation in linked blocks; never freed alone. Not for use by two threads at once.

typedef struct bl_arena_block bl_arena_block;

typedef struct bl_arena {
    bl_arena_block *blocks; // Newest first; the first one ever made is kept by reset.
    char *next;             // Free bytes of the newest block: [next, end).
    char *end;
    size_t used_size; // Handed out since the last reset, with padding.
    size_t size_max;  // 0: no limit.
} bl_arena;

void bl_arena_init(bl_arena *arena, size_t size_max);
void bl_arena_deinit(bl_arena *arena);
// Keeps the first block, gives the others back.
void bl_arena_reset(bl_arena *arena);
// Aligned for any type, not zeroed. Beyond size_max: NULL if there is a limit, never otherwise.
void *bl_arena_alloc(bl_arena *arena, size_t size);
void *bl_arena_alloc_zeroed(bl_arena *arena, size_t size);
// A copy with a NUL behind it (not counted in size).
char *bl_arena_copy(bl_arena *arena, const char *data, size_t size);
bl_slice bl_arena_slice(bl_arena *arena, bl_slice slice);
bl_slice bl_arena_format(bl_arena *arena, const char *format, ...) BL_PRINTF(2, 3);
bl_slice bl_arena_vformat(bl_arena *arena, const char *format, va_list arguments) BL_PRINTF(2, 0);

// ---- growing buffer --------------------------------------------------------------------------
// Bytes that grow; amortised append. Zero-initialised is empty.

typedef struct bl_buffer {
    char *data; // Owned.
    size_t size;
    size_t capacity;
} bl_buffer;

void bl_buffer_deinit(bl_buffer *buffer);
// Makes room for extra more bytes; returns where they go (size is not changed).
char *bl_buffer_reserve(bl_buffer *buffer, size_t extra);
void bl_buffer_append(bl_buffer *buffer, const char *data, size_t size);
void bl_buffer_append_slice(bl_buffer *buffer, bl_slice slice);
void bl_buffer_append_char(bl_buffer *buffer, char c);
void bl_buffer_format(bl_buffer *buffer, const char *format, ...) BL_PRINTF(2, 3);

// The escape of a character that may not stand for itself in a JSON string: a control character, a
// quote or a backslash (RFC 8259 section 7).
void bl_buffer_append_json_escape(bl_buffer *buffer, unsigned char c);

static inline bl_slice bl_buffer_slice(const bl_buffer *buffer)
{
    return (bl_slice){buffer->data, buffer->size};
}

// ---- pool ------------------------------------------------------------------------------------
// Objects of one size from slabs; acquire and release are a pop and a push. One thread.

typedef struct bl_pool_slab bl_pool_slab;

typedef struct bl_pool {
    void *free_list;
    bl_pool_slab *slabs;
    size_t object_size;
    uint32_t objects_per_slab;
    uint32_t count_max; // 0: no limit.
    uint32_t lent_count;
    uint32_t made_count;
} bl_pool;

void bl_pool_init(bl_pool *pool, size_t object_size, uint32_t objects_per_slab, uint32_t count_max);
// All objects must be back (BL_CHECK).
void bl_pool_deinit(bl_pool *pool);
// Not zeroed; NULL when count_max objects are lent.
void *bl_pool_acquire(bl_pool *pool);
void bl_pool_release(bl_pool *pool, void *object);

#endif
