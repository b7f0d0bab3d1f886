// router/build.c: from patterns to the tree.
//
// A pattern becomes a run of steps: text, parameter, text, …, rest. Text runs into the tree letter
// by letter and splits a node where it parts from what is there:
//
//     users/me        "users/"  ─┬─ "me"
//     users/:id                  └─ (parameter) ── "/posts"
//     users/:id/posts
//
// The tree stays in the arena in which it was built; nodes that a split leaves behind are so few
// that they do not matter.
#include "router/tree.h"

struct rt_builder {
    rt_router *router;
};

rt_builder *rt_builder_create(void)
{
    rt_builder *builder = bl_alloc(sizeof(*builder));
    builder->router = bl_alloc_zeroed(1, sizeof(*builder->router));
    bl_arena_init(&builder->router->arena, 0);
    rt_node *root = bl_arena_alloc_zeroed(&builder->router->arena, sizeof(*root));
    root->text = "";
    root->starts_segment = true;
    builder->router->root = root;
    return builder;
}

void rt_builder_destroy(rt_builder *builder)
{
    if (builder != NULL) {
        rt_router_destroy(builder->router);
        bl_free(builder);
    }
}

rt_router *rt_builder_build(rt_builder *builder)
{
    rt_router *router = builder->router;
    bl_free(builder);
    router->routes =
        bl_arena_alloc(&router->arena, (router->route_count + 1) * sizeof(*router->routes));
    uint32_t count = 0;
    for (const rt_leaf *leaf = router->first; leaf != NULL; leaf = leaf->added) {
        router->routes[count++] = &leaf->route;
    }
    BL_CHECK(count == router->route_count);
    return router;
}

void rt_router_destroy(rt_router *router)
{
    if (router != NULL) {
        bl_arena_deinit(&router->arena);
        bl_free(router);
    }
}

uint32_t rt_router_param_max(const rt_router *router)
{
    return router->param_max;
}

const rt_route *rt_router_route(const rt_router *router, uint32_t index)
{
    BL_CHECK(index < router->route_count);
    return router->routes[index];
}

uint32_t rt_router_route_count(const rt_router *router)
{
    return router->route_count;
}

// ---- nodes -----------------------------------------------------------------------------------

static void set_text(rt_node *node, const char *text, size_t size)
{
    node->text = text;
    node->text_size = (uint32_t)size;
    node->has_special = memchr(text, '%', size) != NULL || memchr(text, '\0', size) != NULL;
    node->starts_segment = size > 0 && text[size - 1] == '/';
}

static void add_child(bl_arena *arena, rt_node *node, rt_node *child)
{
    uint32_t count = node->child_count;
    char *bytes = bl_arena_alloc(arena, count + 1);
    rt_node **children = bl_arena_alloc(arena, (count + 1) * sizeof(rt_node *));
    if (count > 0) {
        memcpy(bytes, node->first_bytes, count);
        memcpy(children, node->children, count * sizeof(rt_node *));
    }
    bytes[count] = child->text[0];
    children[count] = child;
    node->first_bytes = bytes;
    node->children = children;
    node->child_count = count + 1;
}

static rt_node *find_child(const rt_node *node, char first)
{
    for (uint32_t i = 0; i < node->child_count; i++) {
        if (node->first_bytes[i] == first) {
            return node->children[i];
        }
    }
    return NULL;
}

// The first size bytes of node stay where they are, the rest moves to a new child.
static void split(bl_arena *arena, rt_node *node, uint32_t size)
{
    rt_node *tail = bl_arena_alloc(arena, sizeof(*tail));
    *tail = *node;
    set_text(tail, node->text + size, node->text_size - size);
    const char *head = node->text;
    *node = (rt_node){0};
    set_text(node, head, size);
    add_child(arena, node, tail);
}

// The node behind text, made where there is none.
static rt_node *descend(bl_arena *arena, rt_node *node, bl_slice text)
{
    while (text.size > 0) {
        rt_node *child = find_child(node, text.data[0]);
        if (child == NULL) {
            child = bl_arena_alloc_zeroed(arena, sizeof(*child));
            bl_slice copy = bl_arena_slice(arena, text);
            set_text(child, copy.data, copy.size);
            add_child(arena, node, child);
            return child;
        }
        uint32_t common = 0;
        while (common < child->text_size && common < text.size &&
               child->text[common] == text.data[common]) {
            common += 1;
        }
        if (common < child->text_size) {
            split(arena, child, common);
        }
        node = child;
        text = (bl_slice){text.data + common, text.size - common};
    }
    return node;
}

// NULL if the method has a route there.
static rt_leaf *add_leaf(bl_arena *arena, rt_leaves *leaves, uint32_t method, const rt_route *route)
{
    if ((leaves->methods & (UINT32_C(1) << method)) != 0) {
        return NULL;
    }
    rt_leaf *leaf = bl_arena_alloc(arena, sizeof(*leaf));
    leaf->route = *route;
    leaf->method = method;
    rt_leaf **place = &leaves->first;
    while (*place != NULL && (*place)->method < method) {
        place = &(*place)->next;
    }
    leaf->next = *place;
    leaf->added = NULL;
    *place = leaf;
    leaves->methods |= UINT32_C(1) << method;
    return leaf;
}

// ---- patterns --------------------------------------------------------------------------------

// Takes the next segment off a pattern; false at its end.
static bool next_segment(bl_slice *pattern, bl_slice *segment)
{
    while (pattern->size > 0 && pattern->data[0] == '/') {
        pattern->data += 1;
        pattern->size -= 1;
    }
    if (pattern->size == 0) {
        return false;
    }
    const char *slash = memchr(pattern->data, '/', pattern->size);
    size_t size = slash == NULL ? pattern->size : (size_t)(slash - pattern->data);
    *segment = (bl_slice){pattern->data, size};
    pattern->data += size;
    pattern->size -= size;
    return true;
}

static bool is_last(bl_slice pattern)
{
    bl_slice segment;
    return !next_segment(&pattern, &segment);
}

static void append_segment(bl_buffer *run, bl_slice segment)
{
    char *out = bl_buffer_reserve(run, segment.size);
    size_t size = rt_percent_decode(segment, false, out);
    for (size_t i = 0; i < size; i++) {
        out[i] = out[i] == '/' ? RT_SLASH_IN_SEGMENT : out[i];
    }
    run->size += size;
}

static bl_slice decoded_name(bl_arena *arena, bl_slice name)
{
    char *out = bl_arena_alloc(arena, name.size + 1);
    return (bl_slice){out, rt_percent_decode(name, false, out)};
}

static bl_status check_pattern(const rt_router *router, bl_slice pattern, bl_error *error)
{
    if (pattern.size > RT_PATTERN_SIZE_MAX) {
        return bl_fail(error, BL_LIMIT, 0, "a route's path has %zu bytes, at most %d are allowed",
                       pattern.size, RT_PATTERN_SIZE_MAX);
    }
    if (router->route_count >= RT_ROUTE_COUNT_MAX) {
        return bl_fail(error, BL_LIMIT, 0, "more than %d routes", RT_ROUTE_COUNT_MAX);
    }
    size_t count = 0;
    bl_slice rest = pattern;
    bl_slice segment;
    while (next_segment(&rest, &segment)) {
        count += 1;
    }
    if (count > RT_SEGMENT_COUNT_MAX) {
        return bl_fail(error, BL_LIMIT, 0, "a route's path has %zu segments, at most %d", count,
                       RT_SEGMENT_COUNT_MAX);
    }
    return BL_OK;
}

// Where a pattern leads, and the names on the way.
typedef struct rt_walk {
    rt_node *node;
    bl_slice *names;
    uint32_t param_count;
    bool has_rest;
    bl_buffer run; // Text not yet in the tree.
} rt_walk;

static void flush_run(bl_arena *arena, rt_walk *walk)
{
    walk->node = descend(arena, walk->node, bl_buffer_slice(&walk->run));
    walk->run.size = 0;
}

static void add_parameter(bl_arena *arena, rt_walk *walk, bl_slice segment)
{
    flush_run(arena, walk);
    if (walk->node->parameter == NULL) {
        rt_node *node = bl_arena_alloc_zeroed(arena, sizeof(*node));
        node->text = "";
        walk->node->parameter = node;
    }
    walk->node = walk->node->parameter;
    walk->names[walk->param_count++] =
        decoded_name(arena, (bl_slice){segment.data + 1, segment.size - 1});
}

static void walk_pattern(bl_arena *arena, rt_walk *walk, bl_slice pattern)
{
    bl_slice segment;
    bool is_first = true;
    while (next_segment(&pattern, &segment)) {
        if (!is_first) {
            bl_buffer_append_char(&walk->run, '/');
        }
        is_first = false;
        if (segment.data[0] == ':') {
            add_parameter(arena, walk, segment);
        } else if (segment.data[0] == '*' && is_last(pattern)) {
            flush_run(arena, walk);
            bl_slice name = {segment.data + 1, segment.size - 1};
            walk->names[walk->param_count++] =
                name.size == 0 ? BL_SLICE("*") : decoded_name(arena, name);
            walk->has_rest = true;
        } else {
            append_segment(&walk->run, segment);
        }
    }
    flush_run(arena, walk);
}

static uint32_t count_params(bl_slice pattern)
{
    uint32_t count = 0;
    bl_slice segment;
    while (next_segment(&pattern, &segment)) {
        count += segment.data[0] == ':' || segment.data[0] == '*';
    }
    return count;
}

bl_status rt_builder_add(rt_builder *builder, uint32_t method, bl_slice pattern, uint32_t handler,
                         bool *added, bl_error *error)
{
    BL_CHECK(method < RT_METHOD_COUNT);
    rt_router *router = builder->router;
    bl_status status = check_pattern(router, pattern, error);
    if (status != BL_OK) {
        return status;
    }
    bl_arena *arena = &router->arena;
    rt_walk walk = {.node = router->root};
    walk.names = bl_arena_alloc(arena, (count_params(pattern) + 1) * sizeof(bl_slice));
    walk_pattern(arena, &walk, pattern);
    bl_buffer_deinit(&walk.run);
    rt_route route = {handler, walk.param_count, walk.names, walk.has_rest};
    rt_leaves *leaves = walk.has_rest ? &walk.node->rest : &walk.node->here;
    rt_leaf *leaf = add_leaf(arena, leaves, method, &route);
    if (leaf != NULL) {
        *(router->last == NULL ? &router->first : &router->last->added) = leaf;
        router->last = leaf;
        router->route_count += 1;
        router->param_max =
            router->param_max > walk.param_count ? router->param_max : walk.param_count;
    }
    if (added != NULL) {
        *added = leaf != NULL;
    }
    return BL_OK;
}
