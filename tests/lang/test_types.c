// tests/lang/test_types.c: types are one, print as they should, and relate as they should.
#include "lang/limits.h"
#include "lang/types.h"

#include <criterion/criterion.h>

static bl_arena arena;
static lang_types types;

static void open_types(void)
{
    bl_arena_init(&arena, 0);
    lang_types_init(&types, &arena);
}

static void close_types(void)
{
    bl_arena_deinit(&arena);
}

TestSuite(types, .init = open_types, .fini = close_types);

static lang_type *record(const char *first, lang_type *a, const char *second, lang_type *b,
                         const char *row)
{
    lang_type_field_entry fields[] = {{bl_slice_of(first), a}, {bl_slice_of(second), b}};
    return lang_type_record_of(&types, fields, 2, row == NULL ? (bl_slice){0} : bl_slice_of(row));
}

static lang_type *function(lang_type *parameter, lang_type *result)
{
    return lang_type_function_of(&types, &parameter, 1, result, false);
}

static lang_type *pair(lang_type *a, lang_type *b)
{
    lang_type *parts[] = {a, b};
    return lang_type_tuple_of(&types, parts, 2);
}

static void expect_text(lang_type *type, const char *want)
{
    bl_slice text = lang_type_text(&types, type);
    cr_expect_str_eq(text.data, want, "got %s, want %s", text.data, want);
}

Test(types, same_structure_is_same_pointer)
{
    cr_expect_eq(lang_type_list_of(&types, types.integer),
                 lang_type_list_of(&types, types.integer));
    cr_expect_eq(record("a", types.integer, "b", types.string, NULL),
                 record("b", types.string, "a", types.integer, NULL));
    cr_expect_neq(record("a", types.integer, "b", types.string, NULL),
                  record("a", types.integer, "b", types.string, "r"));
    cr_expect_neq(function(types.integer, types.unit), function(types.unit, types.integer));
}

Test(types, text)
{
    expect_text(types.unknown, "<unknown>");
    expect_text(types.unit, "Unit");
    expect_text(pair(types.integer, types.string), "(Int, String)");
    expect_text(function(types.integer, types.boolean), "(Int) -> Bool");
    expect_text(record("b", types.integer, "a", types.string, NULL), "{ a: String, b: Int }");
    expect_text(record("a", types.integer, "b", types.string, "r"), "{ a: Int, b: String, ..r }");
    expect_text(lang_type_option_of(&types, types.unknown), "Option");
    expect_text(lang_type_result_of(&types, types.integer, types.unknown),
                "Result<Int, <unknown>>");
    expect_text(lang_type_map_of(&types, types.string, types.integer), "Map<String, Int>");
    expect_text(lang_type_module_of(&types, BL_SLICE("List")), "Module(List)");
}

Test(types, of_a_repeated_field_the_last_counts)
{
    lang_type *type = record("a", types.integer, "a", types.string, NULL);
    cr_expect_eq(type->count, 1);
    cr_expect_eq(lang_type_field_of(&types, type, BL_SLICE("a")), types.string);
}

Test(types, a_type_too_large_is_unknown)
{
    lang_type *type = types.integer;
    for (int i = 0; i < 64; i++) {
        type = pair(type, type);
    }
    cr_expect(type->size <= LANG_TYPE_SIZE_MAX);
}

typedef struct relation_row {
    const char *name;
    lang_type *actual;
    lang_type *expected;
    bool want;
} relation_row;

Test(types, compatible)
{
    lang_type *ints = lang_type_list_of(&types, types.integer);
    lang_type *closed = record("a", types.integer, "b", types.string, NULL);
    lang_type *open = record("a", types.integer, "b", types.string, "r");
    lang_type_field_entry one[] = {{BL_SLICE("a"), types.integer}};
    lang_type *open_a = lang_type_record_of(&types, one, 1, BL_SLICE("r"));
    lang_type *closed_a = lang_type_record_of(&types, one, 1, (bl_slice){0});
    lang_type *t = lang_type_parameter_of(&types, BL_SLICE("T"), &arena, 0);
    lang_type *u = lang_type_parameter_of(&types, BL_SLICE("U"), &arena, 1);
    const relation_row rows[] = {
        {"the same", ints, ints, true},
        {"Int is not Float", types.integer, types.number, false},
        {"Float is not Int", types.number, types.integer, false},
        {"unknown in a list", lang_type_list_of(&types, types.unknown), ints, true},
        {"list of unknown", ints, lang_type_list_of(&types, types.unknown), true},
        {"tuple elements", pair(types.integer, lang_type_option_of(&types, types.unknown)),
         pair(types.integer, lang_type_option_of(&types, types.integer)), true},
        {"type parameters are opaque", t, types.integer, false},
        {"and different", t, u, false},
        {"extra fields of a closed record", closed, closed_a, false},
        {"missing fields of a closed record", closed_a, closed, false},
        {"extra fields for an open one", closed, open_a, true},
        {"missing fields for an open one", closed_a, open, false},
        {"an open one tolerates missing fields", open_a, closed, true},
        {"result for Unit", function(types.integer, types.string),
         function(types.integer, types.unit), true},
        {"Unit for a result", function(types.integer, types.unit),
         function(types.integer, types.string), false},
        {"parameters either way", function(open_a, types.unit), function(closed, types.unit), true},
        {"handle as its content", lang_type_scoped_of(&types, types.string), types.string, true},
        {"partial request", closed_a, types.request, true},
        {"request of another type", record("method", types.integer, "url", types.string, NULL),
         types.request, false},
        {"request to an open record", types.request,
         record("method", types.string, "state", types.integer, "r"), true},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i++) {
        bool got = lang_type_is_compatible(&types, rows[i].actual, rows[i].expected);
        cr_expect_eq(got, rows[i].want, "%s", rows[i].name);
    }
}

Test(types, functions_of_functions_end)
{
    lang_type *a = types.integer;
    lang_type *b = types.string;
    for (int i = 0; i < 1000; i++) {
        a = function(a, types.integer);
        b = function(b, types.integer);
    }
    (void)lang_type_is_compatible(&types, a, b); // Any answer, soon.
}

Test(types, unify_binds_widens_and_carries_rows)
{
    lang_type *t = lang_type_parameter_of(&types, BL_SLICE("T"), &arena, 0);
    lang_instance instance;
    lang_instance_init(&instance, &types, &arena, 1);
    cr_expect(lang_instance_unify(&types, &instance, lang_type_list_of(&types, t),
                                  lang_type_list_of(&types, types.unknown)));
    cr_expect(lang_instance_unify(&types, &instance, t, types.integer));
    cr_expect_eq(lang_instance_apply(&types, &instance, t, types.unknown), types.integer);
    cr_expect(lang_instance_unify(&types, &instance, t, types.number));
    cr_expect_eq(lang_instance_apply(&types, &instance, t, types.unknown), types.number);
    cr_expect_not(lang_instance_unify(&types, &instance, t, types.string));

    lang_type_field_entry one[] = {{BL_SLICE("a"), types.integer}};
    lang_type *open_a = lang_type_record_of(&types, one, 1, BL_SLICE("r"));
    lang_type *closed = record("a", types.integer, "b", types.string, NULL);
    cr_expect(lang_instance_unify(&types, &instance, open_a, closed));
    expect_text(lang_instance_apply(&types, &instance, open_a, types.unknown),
                "{ a: Int, b: String, ..r }");
}

// ---- properties of generated types ----------------------------------------------------------

static uint32_t random_state = 20231;

static uint32_t next_random(uint32_t bound)
{
    random_state = random_state * 1664525U + 1013904223U;
    return (random_state >> 8) % bound;
}

static lang_type *generate(int depth)
{
    lang_type *const leaves[] = {types.unknown, types.integer, types.number,
                                 types.string,  types.boolean, types.unit};
    if (depth == 0) {
        return leaves[next_random(BL_ARRAY_COUNT(leaves))];
    }
    lang_type *a = generate(depth - 1);
    lang_type *b = generate(depth - 1);
    switch (next_random(8)) {
    case 0:
        return lang_type_list_of(&types, a);
    case 1:
        return lang_type_map_of(&types, a, b);
    case 2:
        return pair(a, b);
    case 3:
        return function(a, b);
    case 4:
        return record("a", a, "b", b, NULL);
    case 5:
        return record("a", a, "c", b, "r");
    case 6:
        return lang_type_result_of(&types, a, b);
    default:
        return a;
    }
}

Test(types, properties)
{
    for (int i = 0; i < 20000; i++) {
        lang_type *a = generate(3);
        lang_type *b = generate(3);
        cr_assert(lang_type_is_compatible(&types, a, a), "round %d: reflexive", i);
        cr_assert(lang_type_is_compatible(&types, a, types.unknown), "round %d", i);
        cr_assert(lang_type_is_compatible(&types, types.unknown, a), "round %d", i);
        cr_assert_eq(lang_type_merge(&types, a, a), a, "round %d: merge is idempotent", i);
        lang_type *merged = lang_type_merge(&types, a, b);
        cr_assert(lang_type_is_compatible(&types, a, merged), "round %d: the first fits", i);
        cr_assert_eq(lang_type_erase(&types, a, &arena), a, "round %d: nothing to erase", i);
    }
}
