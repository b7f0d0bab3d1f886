// tests/router/test_router.c: matching, by table, beside a linear scan, and against the clock.
#include "router/router.h"
#include "tests/alloc/random.h"

#include <criterion/criterion.h>
#include <time.h>

enum { GET, POST, PUT, DELETE };

static rt_builder *builder_of(const char *const *patterns, size_t count)
{
    rt_builder *builder = rt_builder_create();
    for (size_t i = 0; i < count; i++) {
        // "P /a" is a POST route; all others are GET.
        bool is_post = patterns[i][0] == 'P';
        bl_slice pattern = bl_slice_of(patterns[i] + (is_post ? 2 : 0));
        cr_assert_eq(
            rt_builder_add(builder, is_post ? POST : GET, pattern, (uint32_t)i, NULL, NULL), BL_OK);
    }
    return builder;
}

static const char *const PATTERNS[] = {
    "/",                     // 0
    "/users",                // 1
    "/users/:id",            // 2
    "/users/me",             // 3
    "/users/:user/posts/:p", // 4
    "P /garden/water",       // 5
    "/garden/:plant",        // 6
    "/files/*path",          // 7
    "/files/readme",         // 8
    "new york/x",            // 9
    "/a%2Fb/c",              // 10
    "/usage/",               // 11
    "/col:on",               // 12
    "/all/*",                // 13
    "/users/:other",         // 14: the same shape as 2
    "/:one/:two/:three",     // 15
    "/:same/x/:same",        // 16
    "/100%25",               // 17
    "P /users/:id",          // 18
    "/star*s/b",             // 19
    "/mid/*/b",              // 20: a star in the middle is text
    "/::col",                // 21
    "/deep/a/b/c/d",         // 22
    "/deep/:x/b/c/e",        // 23
    "/deep/*rest",           // 24
};

typedef struct row {
    const char *path;
    int handler;        // -1: none.
    const char *params; // "name=value" joined by blanks.
} row;

Test(router, finds_by_the_rules)
{
    static const row rows[] = {
        {"/", 0, ""},
        {"", 0, ""},
        {"///", 0, ""},
        {"/users", 1, ""},
        {"/users/", 1, ""},
        {"//users//", 1, ""},
        {"/Users", 21, ":col=Users"},
        {"/users/42", 2, "id=42"},
        {"//users///42//", 2, "id=42"},
        {"/users/me", 3, ""},
        {"/users/%6De", 3, ""},
        {"/user%73/me", 3, ""},
        {"/users/mee", 2, "id=mee"},
        {"/users/m", 2, "id=m"},
        {"/users/1/posts/2", 4, "user=1 p=2"},
        {"/users/me/posts/2", 4, "user=me p=2"},
        {"/garden/water", 6, "plant=water"},
        {"/files/a/b", 7, "path=a/b"},
        {"/files/readme", 8, ""},
        {"/files/readme/x", 7, "path=readme/x"},
        {"/files", 21, ":col=files"},
        {"/files/", 21, ":col=files"},
        {"/new%20york/x", 9, ""},
        {"/a%2Fb/c", 10, ""},
        {"/a/b/c", 15, "one=a two=b three=c"},
        {"/usage", 11, ""},
        {"/col:on", 12, ""},
        {"/all/x", 13, "*=x"},
        {"/p/x/q", 16, "same=p same=q"},
        {"/100%25", 17, ""},
        {"/100%", 17, ""},
        {"/star*s/b", 19, ""},
        {"/mid/*/b", 20, ""},
        {"/mid/x/b", 16, "same=mid same=b"},
        {"/deep/a/b/c/d", 22, ""},
        {"/deep/a/b/c/e", 23, "x=a"},
        {"/deep/a/b/c/f", 24, "rest=a/b/c/f"},
        {"/p/q/r/s", -1, ""},
        {"/nope/x", -1, ""},
        {"/users%00/me", -1, ""},
        {"/.././x", 15, "one=.. two=. three=x"},
    };
    rt_router *router = rt_builder_build(builder_of(PATTERNS, BL_ARRAY_COUNT(PATTERNS)));
    cr_assert_eq(rt_router_param_max(router), 3);
    cr_assert_eq(rt_router_route_count(router), BL_ARRAY_COUNT(PATTERNS) - 1);
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i++) {
        bl_slice params[3];
        const rt_route *route = rt_find(router, GET, bl_slice_of(rows[i].path), params, NULL);
        int got = route == NULL ? -1 : (int)route->handler;
        cr_assert_eq(got, rows[i].handler, "%s: %d", rows[i].path, got);
        bl_buffer text = {0};
        for (uint32_t k = 0; route != NULL && k < route->param_count; k++) {
            bl_buffer_format(&text, "%s%.*s=%.*s", k > 0 ? " " : "", BL_SLICE_ARG(route->names[k]),
                             BL_SLICE_ARG(params[k]));
        }
        cr_assert(bl_slice_equal(bl_buffer_slice(&text), bl_slice_of(rows[i].params)), "%s: %.*s",
                  rows[i].path, (int)text.size, text.data);
        bl_buffer_deinit(&text);
    }
    rt_router_destroy(router);
}

Test(router, tells_the_methods_of_a_path)
{
    rt_router *router = rt_builder_build(builder_of(PATTERNS, BL_ARRAY_COUNT(PATTERNS)));
    bl_slice params[3];
    uint32_t methods = 0;
    cr_assert_null(rt_find(router, PUT, BL_SLICE("/users/7"), params, &methods));
    cr_assert_eq(methods, 1u << GET | 1u << POST);
    cr_assert_null(rt_find(router, PUT, BL_SLICE("/garden/water"), params, &methods));
    cr_assert_eq(methods, 1u << GET | 1u << POST);
    cr_assert_null(rt_find(router, PUT, BL_SLICE("/a/b/c/d"), params, &methods));
    cr_assert_eq(methods, 0);
    rt_router_destroy(router);
}

Test(router, an_empty_tree_finds_nothing)
{
    rt_router *router = rt_builder_build(rt_builder_create());
    uint32_t methods = 1;
    cr_assert_null(rt_find(router, GET, BL_SLICE("/"), NULL, &methods));
    cr_assert_eq(methods, 0);
    rt_router_destroy(router);
}

Test(router, keeps_its_limits)
{
    rt_builder *builder = rt_builder_create();
    bl_buffer pattern = {0};
    for (int i = 0; i < RT_SEGMENT_COUNT_MAX; i++) {
        bl_buffer_format(&pattern, "/:p");
    }
    bl_slice under = bl_buffer_slice(&pattern);
    cr_assert_eq(rt_builder_add(builder, GET, under, 1, NULL, NULL), BL_OK);
    bl_buffer_format(&pattern, "/x");
    cr_assert_eq(rt_builder_add(builder, GET, bl_buffer_slice(&pattern), 2, NULL, NULL), BL_LIMIT);
    while (pattern.size <= RT_PATTERN_SIZE_MAX) {
        bl_buffer_append_char(&pattern, 'x');
    }
    bl_slice over = bl_buffer_slice(&pattern);
    cr_assert_eq(rt_builder_add(builder, GET, over, 2, NULL, NULL), BL_LIMIT);
    bool added = false;
    over.size = RT_PATTERN_SIZE_MAX;
    over.data += 2 * RT_SEGMENT_COUNT_MAX; // Fewer segments, as many bytes.
    over.size -= 2 * RT_SEGMENT_COUNT_MAX;
    cr_assert_eq(rt_builder_add(builder, GET, BL_SLICE("x"), 3, &added, NULL), BL_OK);
    cr_assert(added);
    cr_assert_eq(rt_builder_add(builder, GET, BL_SLICE("/x/"), 4, &added, NULL), BL_OK);
    cr_assert_not(added);
    bl_buffer_deinit(&pattern);

    rt_router *router = rt_builder_build(builder);
    bl_slice params[RT_SEGMENT_COUNT_MAX];
    bl_buffer path = {0};
    for (int i = 0; i < RT_SEGMENT_COUNT_MAX; i++) {
        bl_buffer_format(&path, "/%d", i);
    }
    const rt_route *route = rt_find(router, GET, bl_buffer_slice(&path), params, NULL);
    cr_assert_not_null(route);
    cr_assert(bl_slice_equal(params[999], BL_SLICE("999")));
    bl_buffer_deinit(&path);
    rt_router_destroy(router);
}

// ---- beside a linear scan --------------------------------------------------------------------

enum { MODEL_SEGMENTS = 12 };

typedef struct segments {
    bl_slice items[MODEL_SEGMENTS];
    size_t count;
} segments;

static segments split(const char *text)
{
    segments result = {0};
    for (const char *at = text; *at != '\0';) {
        size_t size = strcspn(at, "/");
        if (size > 0) {
            result.items[result.count++] = (bl_slice){at, size};
        }
        at += size + (at[size] == '/');
    }
    return result;
}

// The rank of how pattern[k] takes the path from k on: 0 text, 1 parameter, 2 rest, 3 not at all.
static int model_rank(const segments *pattern, const segments *path, size_t k)
{
    bl_slice want = pattern->items[k];
    if (want.data[0] == ':') {
        return 1;
    }
    if (want.data[0] == '*' && k + 1 == pattern->count) {
        return 2;
    }
    return bl_slice_equal(want, path->items[k]) ? 0 : 3;
}

static bool model_matches(const segments *pattern, const segments *path, char *ranks)
{
    for (size_t k = 0; k < pattern->count; k++) {
        if (k >= path->count) {
            return false;
        }
        int rank = model_rank(pattern, path, k);
        ranks[k] = (char)('0' + rank);
        ranks[k + 1] = '\0';
        if (rank >= 2) {
            return rank == 2;
        }
    }
    return pattern->count == path->count;
}

static int model_find(char (*patterns)[64], const uint32_t *methods, size_t count, uint32_t method,
                      const char *text, uint32_t *mask)
{
    segments path = split(text);
    int best = -1;
    char best_ranks[MODEL_SEGMENTS + 1] = "";
    *mask = 0;
    for (size_t i = 0; i < count; i++) {
        segments pattern = split(patterns[i]);
        char ranks[MODEL_SEGMENTS + 1] = "";
        if (!model_matches(&pattern, &path, ranks)) {
            continue;
        }
        *mask |= 1u << methods[i];
        if (methods[i] == method && (best < 0 || strcmp(ranks, best_ranks) < 0)) {
            best = (int)i;
            memcpy(best_ranks, ranks, sizeof(ranks));
        }
    }
    return best;
}

static void random_text(test_random *random, bool is_pattern, char out[64])
{
    static const char *const words[] = {"a", "ab", "abc", "b", "ba", "x", "abd"};
    size_t count = test_random_below(random, 6);
    int size = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        size_t kind = is_pattern ? test_random_below(random, 10) : 9;
        const char *word = kind < 3 ? ":p" : kind == 3 ? "*r" : words[test_random_below(random, 7)];
        const char *slash = test_random_below(random, 8) == 0 ? "//" : "/";
        size += snprintf(out + size, 64 - (size_t)size, "%s%s", slash, word);
    }
    snprintf(out + size, 64 - (size_t)size, "%s", test_random_below(random, 4) == 0 ? "/" : "");
}

Test(router, agrees_with_a_linear_scan)
{
    uint64_t seed = (uint64_t)time(NULL);
    for (int round = 0; round < 300; round++) {
        test_random random = {seed + (uint64_t)round};
        char patterns[24][64];
        uint32_t methods[24];
        rt_builder *builder = rt_builder_create();
        for (uint32_t i = 0; i < 24; i++) {
            random_text(&random, true, patterns[i]);
            methods[i] = (uint32_t)test_random_below(&random, 4);
            bl_slice pattern = bl_slice_of(patterns[i]);
            cr_assert_eq(rt_builder_add(builder, methods[i], pattern, i, NULL, NULL), BL_OK);
        }
        rt_router *router = rt_builder_build(builder);
        for (int k = 0; k < 200; k++) {
            char path[64];
            random_text(&random, false, path);
            uint32_t method = (uint32_t)test_random_below(&random, 4);
            uint32_t want_mask = 0, mask = 0;
            int want = model_find(patterns, methods, 24, method, path, &want_mask);
            bl_slice params[8];
            const rt_route *route = rt_find(router, method, bl_slice_of(path), params, &mask);
            int got = route == NULL ? -1 : (int)route->handler;
            cr_assert_eq(got, want, "seed %llu, path %s: got %d, want %d",
                         (unsigned long long)seed + (unsigned)round, path, got, want);
            cr_assert(route != NULL || mask == want_mask, "seed %llu, path %s: methods",
                      (unsigned long long)seed + (unsigned)round, path);
        }
        rt_router_destroy(router);
    }
}

// ---- the clock -------------------------------------------------------------------------------

Test(router, ten_thousand_matches_take_no_time)
{
    rt_router *router = rt_builder_build(builder_of(PATTERNS, BL_ARRAY_COUNT(PATTERNS)));
    static const char *const paths[] = {"/users/42", "/", "/users/1/posts/2", "/deep/a/b/c/f"};
    bl_slice params[3];
    uint64_t allocations = bl_alloc_count();
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    uint32_t found = 0;
    for (int i = 0; i < 10000; i++) {
        found += rt_find(router, GET, bl_slice_of(paths[i & 3]), params, NULL) != NULL;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    double ms =
        (double)(end.tv_sec - start.tv_sec) * 1e3 + (double)(end.tv_nsec - start.tv_nsec) / 1e6;
    cr_log_info("10000 matches: %.3f ms", ms);
    cr_assert_eq(found, 10000);
    cr_assert_eq(bl_alloc_count(), allocations);
    cr_assert_lt(ms, 50.0);
    rt_router_destroy(router);
}
