// vm_bridge/app.c: see app.h for the design.
#include "vm_bridge/app.h"

#include "vm_bridge/context.h"
#include "vm_bridge/gzip.h"
#include "vm_bridge/limits.h"
#include "vm_bridge/reply.h"

typedef struct br_builder {
    br_app *app;
    rt_builder *tree;
    vm_thread *thread; // Evaluates constant handlers.
    const br_options *options;
    bl_slice id_header;
    const vm_record *router;
    vm_value state; // Of the router; a record.
    bl_error *error;
} br_builder;

const char *br_placement_name(br_placement placement)
{
    switch (placement) {
    case BR_PLACE_CONSTANT:
        return "constant";
    case BR_PLACE_INLINE:
        return "inline";
    case BR_PLACE_WORKER:
        return "worker";
    }
    return "?";
}

// ---- parts of a route ------------------------------------------------------------------------

static bool method_index(bl_slice name, uint32_t *index)
{
    static const char *const names[] = {
#define METHOD(name) [ENG_METHOD_##name] = #name,
#include "engine/methods.def"
#undef METHOD
        [BR_METHOD_WS] = "WS",
    };
    for (uint32_t i = 0; i < BL_ARRAY_COUNT(names); i++) {
        if (bl_slice_equal(name, bl_slice_of(names[i]))) {
            *index = i;
            return true;
        }
    }
    return false;
}

static bool is_callable(vm_value value)
{
    return value.tag == VM_FUNCTION || value.tag == VM_CLOSURE || value.tag == VM_NATIVE;
}

static const vm_value *text_field(const vm_record *record, const char *name)
{
    const vm_value *field = vm_record_field(record, bl_slice_of(name));
    return field != NULL && field->tag == VM_STRING ? field : NULL;
}

// callee with the middleware of a list around it, the first outermost.
static vm_value wrap_all(bl_arena *arena, const vm_value *middleware, vm_value callee)
{
    if (middleware == NULL || middleware->tag != VM_LIST) {
        return callee;
    }
    const vm_value *items = vm_list_items(middleware->list);
    for (uint32_t i = middleware->list->size; i > 0; i--) {
        callee = br_wrap(arena, items[i - 1], callee);
    }
    return callee;
}

static vm_string *make_name(bl_arena *arena, bl_slice text)
{
    vm_string *string = bl_arena_alloc_zeroed(arena, sizeof(*string));
    bl_slice copy = bl_arena_slice(arena, text);
    string->header.kind = VM_STRING;
    string->size = (uint32_t)copy.size;
    string->data = copy.data;
    // Looked at now: other threads must not write a flag later.
    (void)vm_string_is_ascii(string);
    return string;
}

static bool name_is_before(bl_slice a, bl_slice b)
{
    return bl_slice_compare(a, b) < 0;
}

// The shape of req.params: names sorted by bytes; of equal names the first parameter counts.
static void make_params(bl_arena *arena, const rt_route *found, br_params *params)
{
    uint32_t count = found->param_count;
    vm_shape *shape = bl_arena_alloc_zeroed(arena, sizeof(*shape) + count * sizeof(vm_string *));
    shape->header.kind = VM_UNIT;
    shape->id = UINT32_MAX;
    uint32_t *order = bl_arena_alloc_zeroed(arena, (count + 1) * sizeof(*order));
    uint32_t size = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = size;
        while (at > 0 && name_is_before(found->names[i], br_string(shape->names[at - 1]))) {
            at -= 1;
        }
        if (at > 0 && bl_slice_equal(found->names[i], br_string(shape->names[at - 1]))) {
            continue;
        }
        memmove(&shape->names[at + 1], &shape->names[at], (size - at) * sizeof(vm_string *));
        memmove(&order[at + 1], &order[at], (size - at) * sizeof(*order));
        shape->names[at] = make_name(arena, found->names[i]);
        order[at] = i;
        size += 1;
    }
    shape->size = size;
    *params = (br_params){shape, order, count, found->has_rest};
}

// The fields of the group's state that the router's own does not have, below the router's.
static vm_value merge_states(bl_arena *arena, const vm_record *own, const vm_record *group)
{
    uint32_t max = own->size + group->size;
    vm_shape *shape = bl_arena_alloc_zeroed(arena, sizeof(*shape) + max * sizeof(vm_string *));
    vm_record *record = bl_arena_alloc_zeroed(arena, sizeof(*record) + max * sizeof(vm_value));
    shape->header.kind = VM_UNIT;
    shape->id = UINT32_MAX;
    record->header.kind = VM_RECORD;
    record->shape = shape;
    uint32_t i = 0, k = 0;
    while (i < own->size || k < group->size) {
        int order = i == own->size     ? 1
                    : k == group->size ? -1
                                       : bl_slice_compare(br_string(own->shape->names[i]),
                                                          br_string(group->shape->names[k]));
        const vm_record *from = order <= 0 ? own : group;
        uint32_t at = order <= 0 ? i : k;
        shape->names[shape->size] = from->shape->names[at];
        record->fields[shape->size] = from->fields[at];
        shape->size += 1;
        i += order <= 0;
        k += order >= 0;
    }
    record->size = shape->size;
    return (vm_value){.record = record, .tag = VM_RECORD};
}

// ---- placement -------------------------------------------------------------------------------

// Runs the handler once and keeps its answer. False when it does not end well: then it runs for
// each request, and its errors are each request's.
static bool prepare(br_builder *builder, br_route *route)
{
    static const br_context context = {BR_CONTEXT_REQUEST, NULL};
    vm_task *task = vm_task_begin(builder->thread);
    vm_task_set_user(task, (void *)(uintptr_t)&context); // Never written through.
    vm_value request = vm_unit();
    vm_task_start(task, route->callee, &request, 1);
    bool is_done = vm_task_run(task, builder->options->handler_fuel) == VM_DONE;
    br_reply reply = {0};
    if (is_done) {
        br_reply_render(&reply, vm_task_result(task), false, builder->id_header);
        is_done = reply.fault.size == 0 && !reply.has_date && !reply.close && !reply.wants_allow &&
                  !br_gzip_fits(&reply);
    }
    if (is_done) {
        eng_response response = {.status = reply.status,
                                 .close = reply.close,
                                 .headers = bl_buffer_slice(&reply.lines),
                                 .body = reply.body};
        route->prepared = eng_prepared_create(&response);
    }
    br_reply_deinit(&reply);
    vm_task_end(task);
    return is_done;
}

static const char *blocking_reason(bl_arena *arena, const char *native)
{
    return native == NULL ? "it may wait" : bl_arena_format(arena, "reaches %s", native).data;
}

static void place(br_builder *builder, br_route *route)
{
    bl_arena *arena = &builder->app->arena;
    const char *native = NULL;
    const char *state_native = NULL;
    uint32_t reach = br_reach_of(route->callee, &native);
    uint32_t state_reach = br_reach_of(route->state, &state_native);
    uint32_t waits = VM_BLOCKING | VM_PARKS;
    br_placement placement = BR_PLACE_INLINE;
    route->reason = "nothing it reaches may wait";
    if (builder->options->all_on_workers) {
        placement = BR_PLACE_WORKER;
        route->reason = "all handlers run there (--placement worker)";
    } else if (((reach | state_reach) & waits) != 0) {
        placement = BR_PLACE_WORKER;
        route->reason = blocking_reason(arena, (reach & waits) != 0 ? native : state_native);
    } else if (reach == 0 && route->method_index == ENG_METHOD_GET &&
               br_ignores_request(route->callee) && prepare(builder, route)) {
        placement = BR_PLACE_CONSTANT;
        route->reason = "no effects, and it does not look at the request";
    }
    atomic_init(&route->placement, (uint8_t)placement);
}

// ---- routes ----------------------------------------------------------------------------------

static bl_status fail(br_builder *builder, const char *text)
{
    return bl_fail(builder->error, BL_INVALID, 0, "%s", text);
}

static bl_status read_route(br_builder *builder, vm_value value, br_route *route)
{
    if (value.tag != VM_RECORD) {
        return fail(builder, "Route must be a record");
    }
    const vm_record *record = value.record;
    const vm_value *method = text_field(record, "method");
    const vm_value *path = text_field(record, "path");
    const vm_value *handler = vm_record_field(record, BL_SLICE("handler"));
    if (method == NULL) {
        return fail(builder, "Route must have 'method' string");
    }
    if (path == NULL) {
        return fail(builder, "Route must have 'path' string");
    }
    if (handler == NULL) {
        return fail(builder, "Route must have 'handler'");
    }
    bl_arena *arena = &builder->app->arena;
    *route = (br_route){.method = bl_arena_slice(arena, vm_text(*method)),
                        .path = bl_arena_slice(arena, vm_text(*path)),
                        .handler = *handler,
                        .state = builder->state};
    if (!is_callable(*handler)) {
        return bl_fail(builder->error, BL_INVALID, 0, "Invalid handler for route %.*s %.*s",
                       BL_SLICE_ARG(route->method), BL_SLICE_ARG(route->path));
    }
    if (!method_index(route->method, &route->method_index)) {
        return bl_fail(builder->error, BL_INVALID, 0, "Unknown method of route %.*s %.*s",
                       BL_SLICE_ARG(route->method), BL_SLICE_ARG(route->path));
    }
    const vm_value *own = vm_record_field(builder->router, BL_SLICE("middleware"));
    const vm_value *group = vm_record_field(record, BL_SLICE("middleware"));
    route->callee = wrap_all(arena, own, wrap_all(arena, group, *handler));
    const vm_value *state = vm_record_field(record, BL_SLICE("state"));
    if (state != NULL && state->tag == VM_RECORD && state->record->size > 0) {
        route->state = merge_states(arena, builder->state.record, state->record);
    }
    return BL_OK;
}

static bl_status add_route(br_builder *builder, vm_value value)
{
    br_app *app = builder->app;
    br_route *route = &app->routes[app->route_count];
    bl_status status = read_route(builder, value, route);
    if (status != BL_OK) {
        return status;
    }
    bool added = false;
    status = rt_builder_add(builder->tree, route->method_index, route->path, app->route_count,
                            &added, builder->error);
    app->route_count += status == BL_OK && added;
    return status;
}

static bl_status read_routes(br_builder *builder, vm_value router)
{
    if (router.tag != VM_RECORD) {
        return fail(builder, "Router must be a record");
    }
    builder->router = router.record;
    const vm_value *routes = vm_record_field(router.record, BL_SLICE("routes"));
    if (routes == NULL || routes->tag != VM_LIST) {
        return fail(builder, "Router must have 'routes' list");
    }
    const vm_value *state = vm_record_field(router.record, BL_SLICE("state"));
    builder->state = state != NULL && state->tag == VM_RECORD ? *state : br_empty_record();
    br_app *app = builder->app;
    uint32_t count = routes->list->size;
    app->routes = bl_arena_alloc_zeroed(&app->arena, (count + 1) * sizeof(br_route));
    const vm_value *items = vm_list_items(routes->list);
    for (uint32_t i = 0; i < count; i++) {
        bl_status status = add_route(builder, items[i]);
        if (status != BL_OK) {
            return status;
        }
    }
    return BL_OK;
}

bl_status br_app_create(vm_value router, const vm_program *program, const br_options *options,
                        bl_slice id_header, br_app **app, bl_error *error)
{
    br_app *made = bl_alloc_zeroed(1, sizeof(*made));
    bl_arena_init(&made->arena, 0);
    br_builder builder = {.app = made,
                          .tree = rt_builder_create(),
                          .options = options,
                          .id_header = id_header,
                          .error = error};
    bl_status status = read_routes(&builder, router);
    if (status != BL_OK) {
        rt_builder_destroy(builder.tree);
        br_app_destroy(made);
        return status;
    }
    made->router = rt_builder_build(builder.tree);
    // With the limits of a request: a handler that needs more is not constant.
    vm_config config = br_handler_config(options->handler_memory);
    builder.thread = vm_thread_create(program, &config);
    for (uint32_t i = 0; i < made->route_count; i++) {
        make_params(&made->arena, rt_router_route(made->router, i), &made->routes[i].params);
        place(&builder, &made->routes[i]);
    }
    vm_thread_destroy(builder.thread);
    *app = made;
    return BL_OK;
}

void br_app_destroy(br_app *app)
{
    if (app == NULL) {
        return;
    }
    for (uint32_t i = 0; i < app->route_count; i++) {
        eng_prepared_destroy(app->routes[i].prepared);
    }
    rt_router_destroy(app->router);
    bl_arena_deinit(&app->arena);
    bl_free(app);
}
