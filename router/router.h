// router/router.h: method and path to a handler's number and parameter slices.
//
//     rt_builder *builder = rt_builder_create();
//     rt_builder_add(builder, METHOD_GET, BL_SLICE("/users/:id"), 7, &error);
//     rt_router *router = rt_builder_build(builder);        // consumes the builder
//     bl_slice params[rt_router_param_max(router)];         // or as many from an arena
//     const rt_route *route = rt_find(router, METHOD_GET, path, params, &methods);
//     // route->handler == 7, route->names[0] == "id", params[0] as sent
//
// Patterns and paths are split at `/`; empty segments do not count, so slashes in front, at the
// end and doubled ones never matter. A pattern's segment is text (compared letter by letter with
// the decoded segment of the path), `:name` (one segment) or, as the last one, `*name` or `*` (the
// rest, at least one segment). At each place text comes before a parameter, and a parameter before
// the rest; where a branch has no route for the method, the next one is tried.
//
// Methods are small numbers of the caller's. A router is read-only: any thread may use it.
#ifndef ROUTER_ROUTER_H
#define ROUTER_ROUTER_H

#include "alloc/alloc.h"

enum {
#define LIMIT(name, value, reason) RT_##name = (value),
#include "router/limits.def"
#undef LIMIT
};

typedef struct rt_builder rt_builder;
typedef struct rt_router rt_router;

typedef struct rt_route {
    uint32_t handler;
    uint32_t param_count;
    const bl_slice *names; // Of the parameters, decoded; in order. Live as long as the router.
    bool has_rest;         // The last parameter is the rest of the path.
} rt_route;

rt_builder *rt_builder_create(void);
// For a builder that is given up; NULL is allowed.
void rt_builder_destroy(rt_builder *builder);
// method < RT_METHOD_COUNT. *added (may be NULL) is false when there is a route of this method and
// shape: the first one stays. BL_LIMIT: one of limits.def; the builder is as it was.
BL_MUST_USE
bl_status rt_builder_add(rt_builder *builder, uint32_t method, bl_slice pattern, uint32_t handler,
                         bool *added, bl_error *error);
// owned. The builder is gone.
rt_router *rt_builder_build(rt_builder *builder);
void rt_router_destroy(rt_router *router); // NULL is allowed.
// Most parameters of any route.
uint32_t rt_router_param_max(const rt_router *router);
uint32_t rt_router_route_count(const rt_router *router);
// The route that was added as number index, duplicates not counted.
const rt_route *rt_router_route(const rt_router *router, uint32_t index);

// The route for this method and path, or NULL. params: room for rt_router_param_max(); filled with
// slices of path, as sent (rt_param_decode). *methods: with NULL, the methods (bits 1 << method)
// that have a route for this path; else unspecified. Allocates nothing.
const rt_route *rt_find(const rt_router *router, uint32_t method, bl_slice path, bl_slice *params,
                        uint32_t *methods);

// True if a parameter's value is its bytes as sent: nothing to decode, no bad UTF-8, no doubled
// slashes in a rest.
bool rt_param_is_plain(bl_slice raw, bool is_rest);
// Decodes percent escapes (an escape that is none stays), replaces bytes that are not UTF-8 by
// U+FFFD and drops empty segments of a rest. out: room for 3 * raw.size. Returns the size.
size_t rt_param_decode(bl_slice raw, bool is_rest, char *out);
// The decoding alone. out: room for size bytes; may be where text is. plus_is_blank: as in queries.
size_t rt_percent_decode(bl_slice text, bool plus_is_blank, char *out);

#endif
