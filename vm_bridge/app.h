// vm_bridge/app.h: the routes of a program as the server sees them: each with its handler, the
// middleware around it, its state, and where it runs.
//
// Made once from the router that main! left; then read-only but for the placement of a route,
// which may move from the ring threads to the workers.
#ifndef VM_BRIDGE_APP_H
#define VM_BRIDGE_APP_H

#include "router/router.h"
#include "vm_bridge/config.h"
#include "vm_bridge/request.h"

typedef enum br_placement {
    BR_PLACE_CONSTANT, // Prepared bytes.
    BR_PLACE_INLINE,   // On the ring thread, with fuel.
    BR_PLACE_WORKER,
} br_placement;

typedef struct br_route {
    bl_slice method; // As registered: "GET", "WS".
    bl_slice path;
    uint32_t method_index; // Of the tree: eng_method, or BR_METHOD_WS.
    vm_value handler;
    vm_value callee; // handler, or a closure that runs the middleware around it.
    vm_value state;  // A record.
    br_params params;
    _Atomic(uint8_t) placement; // br_placement.
    const char *reason;         // Of the placement.
    eng_prepared *prepared;     // BR_PLACE_CONSTANT.
} br_route;

enum { BR_METHOD_WS = ENG_METHOD_OTHER, BR_METHOD_NONE = RT_METHOD_COUNT - 1 };

typedef struct br_app {
    bl_arena arena;
    br_route *routes; // Of the tree: duplicates are left out.
    uint32_t route_count;
    rt_router *router;
} br_app;

// router: frozen. BL_INVALID: error.message is the reason ("Router must have 'routes' list").
// id_header: see br_reply_render.
BL_MUST_USE
bl_status br_app_create(vm_value router, const vm_program *program, const br_options *options,
                        bl_slice id_header, br_app **app, bl_error *error);
void br_app_destroy(br_app *app); // NULL is allowed.

static inline br_placement br_route_placement(const br_route *route)
{
    return (br_placement)atomic_load_explicit(&route->placement, memory_order_relaxed);
}
const char *br_placement_name(br_placement placement);

// What a run of a value can reach: VM_EFFECT, VM_OUTSIDE, VM_BLOCKING, VM_PARKS, VM_VARYING bits of
// all functions in it. *reason: the native that decides, or NULL. (place.c)
uint32_t br_reach_of(vm_value value, const char **reason);
// Whether the function never looks at its first argument. (place.c)
bool br_ignores_request(vm_value handler);
// A handler that runs middleware around next; immortal, in the arena. (place.c)
vm_value br_wrap(bl_arena *arena, vm_value middleware, vm_value next);

#endif
