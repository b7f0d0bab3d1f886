// vm_bridge/web/router.c: the module Router: records { middleware, routes } and, once
// Router.state was used, state. app.c of the bridge makes the tree of it when the server starts.
#include "vm_bridge/json.h"
#include "vm_bridge/web/web.h"

// NULL if value is no router.
static const vm_value *routes_of(vm_value value)
{
    const vm_value *routes = web_field(value, &br_word_routes);
    return routes != NULL && routes->tag == VM_LIST ? routes : NULL;
}

static bool is_router(vm_value value)
{
    return routes_of(value) != NULL;
}

static vm_status router_new(vm_task *task, vm_value *args, vm_value *result)
{
    (void)args; // There are none.
    vm_heap *heap = vm_task_heap(task);
    vm_value fields[2];
    fields[BR_router_middleware] = vm_list_make(heap, 0);
    fields[BR_router_routes] = vm_list_make(heap, 0);
    return web_give(result, vm_record_make(heap, &br_shape_router.shape, fields));
}

// { handler, method, path }, all moved.
static vm_value make_route(vm_heap *heap, vm_string *method, vm_value path, vm_value handler)
{
    vm_value fields[3];
    fields[BR_route_handler] = handler;
    fields[BR_route_method] = br_word(method);
    fields[BR_route_path] = path;
    return vm_record_make(heap, &br_shape_route.shape, fields);
}

static bool check_route(vm_task *task, const char *name, vm_value *args)
{
    if (!is_router(args[0])) {
        (void)web_fail_type(task, args, 3, 0, name, "Router"); // The caller returns VM_FAIL.
        return false;
    }
    if (!web_is_text(args[1])) {
        (void)web_fail_type(task, args, 3, 1, name, "String path"); // As above.
        return false;
    }
    return true;
}

static vm_status add_route(vm_task *task, const char *name, vm_string *method, vm_value *args,
                           vm_value *result)
{
    if (!check_route(task, name, args)) {
        return VM_FAIL;
    }
    vm_heap *heap = vm_task_heap(task);
    vm_value route = make_route(heap, method, args[1], args[2]);
    return web_give(result, web_append(heap, args[0], &br_word_routes, route));
}

#define ROUTE(name, method)                                                                        \
    static vm_status router_##name(vm_task *task, vm_value *args, vm_value *result)                \
    {                                                                                              \
        return add_route(task, "Router." #name, &br_word_##method, args, result);                  \
    }
ROUTE(get, GET)
ROUTE(post, POST)
ROUTE(put, PUT)
ROUTE(patch, PATCH)
ROUTE(delete, DELETE)
ROUTE(options, OPTIONS)
ROUTE(head, HEAD)
ROUTE(ws, WS)
#undef ROUTE

static vm_status router_any(vm_task *task, vm_value *args, vm_value *result)
{
    static vm_string *const methods[] = {&br_word_GET,    &br_word_POST,  &br_word_PUT,
                                         &br_word_DELETE, &br_word_PATCH, &br_word_OPTIONS,
                                         &br_word_HEAD};
    if (!check_route(task, "Router.any", args)) {
        return VM_FAIL;
    }
    vm_heap *heap = vm_task_heap(task);
    vm_value router = args[0];
    for (size_t i = 0; i < BL_ARRAY_COUNT(methods); i++) {
        vm_value route = make_route(heap, methods[i], vm_dup(args[1]), vm_dup(args[2]));
        router = web_append(heap, router, &br_word_routes, route);
    }
    web_drop(task, args + 1, 2);
    return web_give(result, router);
}

static vm_status router_use(vm_task *task, vm_value *args, vm_value *result)
{
    if (!is_router(args[0])) {
        return web_fail_type(task, args, 2, 0, "Router.use", "Router");
    }
    return web_give(result, web_append(vm_task_heap(task), args[0], &br_word_middleware, args[1]));
}

// ---- groups ----------------------------------------------------------------------------------

// prefix without trailing slashes, "/", path without its leading slash.
static vm_value join_paths(vm_heap *heap, bl_slice prefix, bl_slice path)
{
    while (prefix.size > 0 && prefix.data[prefix.size - 1] == '/') {
        prefix.size -= 1;
    }
    if (path.size > 0 && path.data[0] == '/') {
        path = (bl_slice){path.data + 1, path.size - 1};
    }
    vm_string *joined = vm_string_alloc(heap, prefix.size + 1 + path.size);
    char *out = (char *)(uintptr_t)joined->data;
    if (prefix.size > 0) {
        memcpy(out, prefix.data, prefix.size);
    }
    out[prefix.size] = '/';
    if (path.size > 0) {
        memcpy(out + prefix.size + 1, path.data, path.size);
    }
    return vm_of(joined);
}

// Middleware of the sub-router around that of its route. Borrows both; may be unit: none.
static vm_value join_lists(vm_heap *heap, const vm_value *outer, const vm_value *inner)
{
    bool has_outer = outer != NULL && outer->tag == VM_LIST && outer->list->size > 0;
    bool has_inner = inner != NULL && inner->tag == VM_LIST && inner->list->size > 0;
    if (has_outer && has_inner) {
        return vm_list_concat(heap, vm_dup(*outer), vm_dup(*inner));
    }
    return has_outer ? vm_dup(*outer) : has_inner ? vm_dup(*inner) : vm_unit();
}

// The route's own state under the sub-router's, which wins on equal names. Unit: none.
static vm_value join_states(vm_heap *heap, const vm_value *outer, const vm_value *inner)
{
    bool has_outer = outer != NULL && outer->tag == VM_RECORD && outer->record->size > 0;
    bool has_inner = inner != NULL && inner->tag == VM_RECORD && inner->record->size > 0;
    if (!has_outer || !has_inner) {
        return has_outer ? vm_dup(*outer) : has_inner ? vm_dup(*inner) : vm_unit();
    }
    vm_value state = vm_dup(*inner);
    for (uint32_t i = 0; i < outer->record->size; i++) {
        state = vm_record_with(heap, state, outer->record->shape->names[i],
                               vm_dup(outer->record->fields[i]));
    }
    return state;
}

static vm_value set_if_any(vm_heap *heap, vm_value route, vm_string *name, vm_value value)
{
    return value.tag == VM_UNIT ? route : vm_record_with(heap, route, name, value);
}

// A route of sub below prefix; route: borrowed.
static vm_value move_route(vm_heap *heap, vm_value route, bl_slice prefix, vm_value sub)
{
    const vm_value *path = web_field(route, &br_word_path);
    if (path == NULL || !web_is_text(*path)) {
        return vm_dup(route); // Refused when the server starts, with the reason.
    }
    vm_value moved = vm_record_with(heap, vm_dup(route), &br_word_path,
                                    join_paths(heap, prefix, vm_text(*path)));
    vm_value middleware = join_lists(heap, web_field(sub, &br_word_middleware),
                                     web_field(route, &br_word_middleware));
    vm_value state =
        join_states(heap, web_field(sub, &br_word_state), web_field(route, &br_word_state));
    moved = set_if_any(heap, moved, &br_word_middleware, middleware);
    return set_if_any(heap, moved, &br_word_state, state);
}

// Whether the argument of group is a function that makes the router.
static vm_status router_internal_builds(vm_task *task, vm_value *args, vm_value *result)
{
    (void)task; // Cannot fail.
    bool builds = args[0].tag == VM_FUNCTION || args[0].tag == VM_CLOSURE;
    return web_give(result, vm_bool(builds));
}

static vm_status router_internal_group(vm_task *task, vm_value *args, vm_value *result)
{
    if (!check_route(task, "Router.group", args)) {
        return VM_FAIL;
    }
    const vm_value *group = routes_of(args[2]);
    if (group == NULL) {
        return web_fail_type(task, args, 3, 2, "Router.group", "Router");
    }
    vm_heap *heap = vm_task_heap(task);
    vm_value router = args[0];
    const vm_list *routes = group->list;
    const vm_value *items = vm_list_items(routes);
    for (uint32_t i = 0; i < routes->size; i++) {
        vm_value route = move_route(heap, items[i], vm_text(args[1]), args[2]);
        router = web_append(heap, router, &br_word_routes, route);
    }
    web_drop(task, args + 1, 2);
    return web_give(result, router);
}

// ---- resources, state, documentation ---------------------------------------------------------

typedef struct web_resource {
    const char *field, *other_field;
    vm_string *method;
    const char *suffix;
} web_resource;

static const vm_value *resource_field(vm_value record, const web_resource *row)
{
    const vm_value *field = vm_record_field(record.record, bl_slice_of(row->field));
    return field != NULL || row->other_field == NULL
               ? field
               : vm_record_field(record.record, bl_slice_of(row->other_field));
}

static vm_status router_resources(vm_task *task, vm_value *args, vm_value *result)
{
    static const web_resource rows[] = {
        {"index", NULL, &br_word_GET, ""},
        {"show", NULL, &br_word_GET, "/:id"},
        {"create", NULL, &br_word_POST, ""},
        {"update", NULL, &br_word_PUT, "/:id"},
        {"destroy", "delete", &br_word_DELETE, "/:id"},
    };
    if (!check_route(task, "Router.resources", args)) {
        return VM_FAIL;
    }
    if (args[2].tag != VM_RECORD) {
        return web_fail_type(task, args, 3, 2, "Router.resources", "Record of handlers");
    }
    vm_heap *heap = vm_task_heap(task);
    vm_value router = args[0];
    bl_slice path = vm_text(args[1]);
    path.size -= path.size > 0 && path.data[path.size - 1] == '/';
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i++) {
        const vm_value *handler = resource_field(args[2], &rows[i]);
        if (handler != NULL) {
            vm_value whole =
                vm_string_append(heap, vm_string_slice(heap, path), bl_slice_of(rows[i].suffix));
            vm_value route = make_route(heap, rows[i].method, whole, vm_dup(*handler));
            router = web_append(heap, router, &br_word_routes, route);
        }
    }
    web_drop(task, args + 1, 2);
    return web_give(result, router);
}

static vm_status router_state(vm_task *task, vm_value *args, vm_value *result)
{
    if (!is_router(args[0])) {
        return web_fail_type(task, args, 3, 0, "Router.state", "Router");
    }
    if (!web_is_text(args[1])) {
        return web_fail_type(task, args, 3, 1, "Router.state", "String name");
    }
    vm_heap *heap = vm_task_heap(task);
    const vm_value *old = web_field(args[0], &br_word_state);
    vm_value state = old != NULL && old->tag == VM_RECORD ? vm_dup(*old) : br_empty_record();
    state = vm_record_with(heap, state, args[1].string, args[2]);
    vm_drop(heap, args[1]);
    return web_give(result, vm_record_with(heap, args[0], &br_word_state, state));
}

static vm_status router_routes(vm_task *task, vm_value *args, vm_value *result)
{
    const vm_value *routes = routes_of(args[0]);
    if (routes == NULL) {
        return vm_fail_type(task, "Router.routes", "Router", args[0]);
    }
    return web_give(result, vm_dup(*routes));
}

static void append_field(bl_buffer *out, const char *before, const vm_value *text)
{
    bl_buffer_append(out, before, strlen(before));
    br_json_text(out, text != NULL && web_is_text(*text) ? vm_text(*text) : BL_SLICE(""));
}

static vm_status router_docs_json(vm_task *task, vm_value *args, vm_value *result)
{
    const vm_value *field = routes_of(args[0]);
    if (field == NULL) {
        return vm_fail_type(task, "Router.docs_json", "Router", args[0]);
    }
    const vm_list *routes = field->list;
    const vm_value *items = vm_list_items(routes);
    bl_buffer own = {0};
    bl_buffer *out = br_scratch(task, &own);
    bl_buffer_append_char(out, '[');
    for (uint32_t i = 0; i < routes->size; i++) {
        append_field(
            out, i > 0 ? ",{\"method\":" : "{\"method\":", web_field(items[i], &br_word_method));
        append_field(out, ",\"path\":", web_field(items[i], &br_word_path));
        bl_buffer_append_char(out, '}');
    }
    bl_buffer_append_char(out, ']');
    *result = vm_string_slice(vm_task_heap(task), bl_buffer_slice(out));
    br_scratch_end(out, &own);
    return VM_OK;
}

static const char source[] =
    "fn group(router: Unknown, prefix: Unknown, sub: Unknown) -> Unknown =\n"
    "  Router.internal_group(router, prefix,\n"
    "    if Router.internal_builds(sub) then sub(Router.new()) else sub)\n";

static vm_native natives[] = {
#include "vm_bridge/web/router.def"
};

vm_module web_router_module = {.name = "Router",
                               .prelude = VM_PRELUDE_SERVER,
                               .natives = natives,
                               .native_count = BL_ARRAY_COUNT(natives),
                               .source = source};
