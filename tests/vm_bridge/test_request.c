// tests/vm_bridge/test_request.c: queries, cookies and texts as values, by their text form.
#include "vm_bridge/request.h"

#include <criterion/criterion.h>

typedef struct row {
    const char *name, *raw, *want;
} row;

static vm_heap *heap;
static vm_block_pool *blocks;

static void make_heap(void)
{
    blocks = vm_block_pool_create();
    heap = vm_heap_create(blocks, 1u << 20);
}

static void drop_heap(void)
{
    vm_heap_destroy(heap);
    vm_block_pool_destroy(blocks);
}

TestSuite(request, .init = make_heap, .fini = drop_heap);

static void check_text(const char *name, vm_value value, const char *want)
{
    bl_buffer text = {0};
    vm_text_append(&text, value);
    cr_assert(bl_slice_equal(bl_buffer_slice(&text), bl_slice_of(want)), "%s: %.*s", name,
              (int)text.size, text.data);
    bl_buffer_deinit(&text);
    vm_drop(heap, value);
}

Test(request, queries)
{
    static const row rows[] = {
        {"empty", "", "{  }"},
        {"one", "a=1", "{ a: 1 }"},
        {"sorted", "b=2&a=1", "{ a: 1, b: 2 }"},
        {"first of equal names", "a=1&a=2", "{ a: 1 }"},
        {"no value", "a&b=", "{ a: , b:  }"},
        {"no name", "=c", "{ : c }"},
        {"empty pieces", "&&a=1&&", "{ a: 1 }"},
        {"escapes and blanks", "a=x%20y+z%2B", "{ a: x y z+ }"},
        {"names too", "a%20b=1", "{ a b: 1 }"},
        {"bad escapes stay", "a=%zz%4", "{ a: %zz%4 }"},
        {"later equals", "a=b=c", "{ a: b=c }"},
        {"bad UTF-8", "a=%FF", "{ a: \xEF\xBF\xBD }"},
        {"UTF-8", "a=%C3%A9", "{ a: \xC3\xA9 }"},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i++) {
        check_text(rows[i].name, br_query_record(heap, bl_slice_of(rows[i].raw)), rows[i].want);
    }
    cr_assert_eq(vm_heap_alive(heap), 0);
}

Test(request, cookies)
{
    static const row rows[] = {
        {"one", "sid=abc", "{ sid: abc }"},
        {"several", "a=1; b=2", "{ a: 1, b: 2 }"},
        {"first of equal names", "a=1; a=2", "{ a: 1 }"},
        {"blanks", "  a =  1 ;b= 2  ", "{ a: 1, b: 2 }"},
        {"quotes", "a=\"x y\"", "{ a: x y }"},
        {"one quote", "a=\"", "{ a: \" }"},
        {"not decoded", "a=%20+", "{ a: %20+ }"},
        {"no equals, no name", "x; =1; a=1", "{ a: 1 }"},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i++) {
        bl_slice line = bl_slice_of(rows[i].raw);
        check_text(rows[i].name, br_cookie_record(heap, &line, 1), rows[i].want);
    }
    bl_slice lines[] = {BL_SLICE("a=1"), BL_SLICE("b=2; a=3")};
    check_text("two lines", br_cookie_record(heap, lines, 2), "{ a: 1, b: 2 }");
    cr_assert_eq(vm_heap_alive(heap), 0);
}

Test(request, texts_are_repaired)
{
    check_text("plain", br_text_value(heap, BL_SLICE("abc")), "abc");
    check_text("UTF-8", br_text_value(heap, BL_SLICE("\xC3\xA9")), "\xC3\xA9");
    check_text("broken", br_text_value(heap, BL_SLICE("a\xFFz")), "a\xEF\xBF\xBDz");
    check_text("empty", br_text_value(heap, BL_SLICE("")), "");
}
