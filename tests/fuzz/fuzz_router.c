// tests/fuzz/fuzz_router.c: patterns and a path, both from the input.
//
// Lines up to an empty one are patterns, the rest is the path. What comes out must lie inside of
// the path, and decode into the room that the header promises.
#include "router/router.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_up(const rt_router *router, bl_slice path)
{
    bl_slice *params = bl_alloc((rt_router_param_max(router) + 1) * sizeof(*params));
    for (uint32_t method = 0; method < 3; method++) {
        uint32_t methods = 0;
        const rt_route *route = rt_find(router, method, path, params, &methods);
        BL_CHECK(route != NULL || (methods & (1u << method)) == 0);
        for (uint32_t i = 0; route != NULL && i < route->param_count; i++) {
            bool is_rest = route->has_rest && i + 1 == route->param_count;
            BL_CHECK(params[i].data >= path.data);
            BL_CHECK(params[i].data + params[i].size <= path.data + path.size);
            char *out = bl_alloc(3 * params[i].size + 1);
            size_t decoded = rt_param_decode(params[i], is_rest, out);
            BL_CHECK(decoded <= 3 * params[i].size);
            BL_CHECK(bl_utf8_is_valid((bl_slice){out, decoded}));
            bl_free(out);
        }
    }
    bl_free(params);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bl_slice rest = {(const char *)data, size};
    rt_builder *builder = rt_builder_create();
    for (uint32_t i = 0; rest.size > 0; i++) {
        const char *stop = memchr(rest.data, '\n', rest.size);
        size_t line = stop == NULL ? rest.size : (size_t)(stop - rest.data);
        bl_slice pattern = {rest.data, line};
        size_t taken = stop == NULL ? line : line + 1;
        rest = (bl_slice){rest.data + taken, rest.size - taken};
        if (line == 0) {
            break;
        }
        // A pattern past a limit is refused: the rest must not mind.
        bl_status status = rt_builder_add(builder, i % 2, pattern, i, NULL, NULL);
        BL_CHECK(status == BL_OK || status == BL_LIMIT);
    }
    rt_router *router = rt_builder_build(builder);
    // A copy of its own, so that a byte read too far is seen.
    char *copy = bl_alloc(rest.size + 1);
    char *path = rest.size == 0 ? copy : memcpy(copy, rest.data, rest.size);
    look_up(router, (bl_slice){path, rest.size});
    bl_free(copy);
    rt_router_destroy(router);
    return 0;
}
