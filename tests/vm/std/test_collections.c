// tests/vm/std/test_collections.c: Option, Result, List, Map, Set.
#include <criterion/criterion.h>

#include "harness.h"
#include "vm/std/list_sort.h"

#define SOME(x) "{\"type\": \"Some\", \"value\": " x "}"
#define NONE "{\"type\": \"None\"}"
#define OK(x) "{\"type\": \"Ok\", \"value\": " x "}"
#define ERR(x) "{\"type\": \"Err\", \"value\": " x "}"

Test(std_collections, options_and_results)
{
    static const std_row rows[] = {
        {"Option.unwrap", "[" SOME("[1]") "]", "[1]"},
        {"Option.unwrap", "[" NONE "]", "!Option.unwrap: called on None"},
        {"Option.unwrap", "[7]", "!Option.unwrap: expected Option, got 7"},
        {"Option.unwrap_or", "[" NONE ", \"d\"]", "d"},
        {"Option.unwrap_or", "[" SOME("1") ", \"d\"]", "1"},
        {"Option.is_some", "[" OK("1") "]", "false"},
        {"Option.is_none", "[" NONE "]", "true"},
        {"Option.ok_or", "[" NONE ", \"e\"]", "Err(e)"},
        {"Option.ok_or", "[" SOME("\"x\"") ", \"e\"]", "Ok(x)"},
        {"Result.unwrap", "[" OK("3") "]", "3"},
        {"Result.unwrap", "[" ERR("\"bad\"") "]", "!Result.unwrap: called on Err(bad)"},
        {"Result.unwrap_or", "[" ERR("1") ", 2]", "2"},
        {"Result.is_ok", "[" SOME("1") "]", "false"},
        {"Result.is_err", "[" ERR("1") "]", "true"},
        {"Result.ensure", "[true, \"e\"]", "Ok"},
        {"Result.ensure", "[false, \"e\"]", "Err(e)"},
        {"Result.context", "[" ERR("1") ", \"while\"]", "Err({ context: while, error: 1 })"},
        {"Result.context", "[" OK("1") ", \"while\"]", "Ok(1)"},
    };
    std_check_rows(rows, BL_ARRAY_COUNT(rows));
}

Test(std_collections, lists)
{
    static const std_row rows[] = {
        {"List.length", "[[1, 2]]", "2"},
        {"List.length", "[\"none\"]", "!List.length: expected List, got none"},
        {"List.head", "[[\"a\"]]", "Some(a)"},
        {"List.head", "[[]]", "None"},
        {"List.tail", "[[1, 2, 3]]", "[2, 3]"},
        {"List.tail", "[[]]", "[]"},
        {"List.get", "[[1, 2], 1]", "Some(2)"},
        {"List.get", "[[1, 2], -1]", "None"},
        {"List.get", "[[1, 2], \"x\"]", "!List.get: expected Int index, got x"},
        {"List.get_or", "[[1, 2], 2, 9]", "9"},
        {"List.set", "[[1, 2], 1, \"x\"]", "[1, x]"},
        {"List.set", "[[1, 2], 2, \"x\"]", "[1, 2]"},
        {"List.set", "[[1, 2], \"y\", \"x\"]", "!List.set: expected Int index, got y"},
        {"List.push", "[[1], [2]]", "[1, [2]]"},
        {"List.concat", "[[1], [2, 3]]", "[1, 2, 3]"},
        {"List.concat", "[[1], 2]", "!List.concat: expected (List, List)"},
        {"List.slice", "[[1, 2, 3, 4], 1, 3]", "[2, 3]"},
        {"List.slice", "[[1, 2, 3, 4], -5, 99]", "[1, 2, 3, 4]"},
        {"List.slice", "[[1, 2, 3, 4], 3, 1]", "[]"},
        {"List.fill", "[3, \"x\"]", "[x, x, x]"},
        {"List.fill", "[-1, \"x\"]", "[]"},
        {"List.fill", "[\"n\", 1]", "!List.fill: expected Int size, got n"},
        {"List.reverse", "[[1, 2, 3]]", "[3, 2, 1]"},
        {"List.sort", "[[3, 1.5, 2]]", "[1.5, 2, 3]"},
        {"List.sort", "[[\"b\", \"B\", \"a\", \"\"]]", "[, B, a, b]"},
        {"List.sort", "[[true, false]]", "[false, true]"},
        {"List.sort", "[[[2, 1], [1, 9], [1]]]", "[[1], [1, 9], [2, 1]]"},
        {"List.contains", "[[1, [2]], [2]]", "true"},
        {"List.contains", "[[1], 1.0]", "true"},
        {"List.contains", "[[], 1]", "false"},
        {"List.swap", "[[1, 2, 3], 0, 2]", "[3, 2, 1]"},
        {"List.swap", "[[1, 2, 3], -7, 1]", "[2, 1, 3]"},
        {"List.swap", "[[1, 2, 3], 0, 3]", "[1, 2, 3]"},
        {"List.reverse_prefix", "[[1, 2, 3], 2]", "[2, 1, 3]"},
        {"List.reverse_prefix", "[[1, 2, 3], 9]", "[3, 2, 1]"},
        {"List.rotate_left", "[[1, 2, 3, 4], 2]", "[2, 3, 1, 4]"},
        {"List.rotate_left", "[[1, 2], 9]", "[2, 1]"},
        {"List.rotate_left", "[[], 1]", "[]"},
        {"List.bisect", "[[0.1, 0.5, 1.0], 0.5]", "2"},
        {"List.bisect", "[[0.1, 0.5, 1.0], 2.0]", "2"},
        {"List.bisect", "[[], 2.0]", "0"},
        {"List.count_flips", "[[2, 0, 1]]", "2"},
        {"List.count_flips", "[[]]", "0"},
        {"List.count_flips", "[[1, 1]]", "!List.count_flips: expected a permutation of 0..n"},
    };
    std_check_rows(rows, BL_ARRAY_COUNT(rows));
}

Test(std_collections, maps_and_sets)
{
    static const std_row rows[] = {
        {"Map.from_list", "[[1]]", "!Map.from_list: each element must be a (key, value) tuple"},
        {"Map.get", "[1, 2]", "!Map.get: expected Map"},
        {"Map.insert", "[1, [2], [3]]", "!Map.insert: expected Map"},
        {"Set.from_list", "[[3, 1, 3, 2]]", "Set(3, 1, 2)"},
        {"Set.union", "[[1], [2]]", "!Set.union: expected two Sets"},
        {"Set.contains", "[1, 2]", "!Set.contains: expected Set"},
    };
    std_check_rows(rows, BL_ARRAY_COUNT(rows));
}

// Stability and order beside an insertion sort, on pairs whose first number repeats.
Test(std_collections, sorting_is_stable)
{
    std_fixture self;
    std_open(&self);
    vm_heap *heap = vm_task_heap(self.task);
    uint64_t state = 88172645463325252u;
    for (size_t count = 0; count < 400; count += 7) {
        vm_value items[400];
        for (size_t i = 0; i < count; i++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            vm_value parts[1] = {vm_int((int64_t)(state >> 33) % 20)};
            items[i] = vm_tuple_make(heap, parts, 1);
            items[i].tuple->unused = (uint32_t)i; // Where it stood.
        }
        std_sort(heap, items, count);
        for (size_t i = 0; i + 1 < count; i++) {
            int64_t a = items[i].tuple->items[0].integer;
            int64_t b = items[i + 1].tuple->items[0].integer;
            cr_assert(a < b || (a == b && items[i].tuple->unused < items[i + 1].tuple->unused),
                      "%zu items, at %zu", count, i);
        }
        for (size_t i = 0; i < count; i++) {
            vm_drop(heap, items[i]);
        }
    }
    std_close(&self, "sort");
}
