// router/find.c: a path through the tree.
//
// The path is read as it was sent: a node's text is compared byte by byte at once where both are
// plain, else symbol by symbol, where a symbol is a decoded byte or a run of slashes. A static
// branch that does not lead to a route of this method is left for the parameter, and that for the
// rest. Each node is reached with one position at most, so a search is never longer than the tree;
// and it recurses only where there is something to come back to: once a segment at most.
#include "router/tree.h"

#include <assert.h>

typedef struct rt_search {
    const char *end;
    bl_slice *params;
    uint32_t method;
    uint32_t methods; // Of the places that the path reaches.
} rt_search;

static const char *skip_slashes(const char *at, const char *end)
{
    while (at < end && *at == '/') {
        at += 1;
    }
    return at;
}

enum {
    SYMBOL_END = -1,     // Nothing but slashes is left.
    SYMBOL_FOREIGN = -2, // A byte that no pattern has: NUL.
};

// The symbol at *at, which moves behind it: '/' for a separator, RT_SLASH_IN_SEGMENT for %2F.
static int next_symbol(const char **at, const char *end)
{
    const char *place = *at;
    if (place == end) {
        return SYMBOL_END;
    }
    char c = *place;
    if (c == '/') {
        *at = skip_slashes(place, end);
        return *at == end ? SYMBOL_END : '/';
    }
    *at = place + 1;
    if (c == '%' && end - place > 2) {
        int high = rt_hex_digit(place[1]);
        int low = rt_hex_digit(place[2]);
        if (high >= 0 && low >= 0) {
            *at = place + 3;
            c = (char)(high * 16 + low);
            if (c == '/') {
                return RT_SLASH_IN_SEGMENT;
            }
        }
    }
    return c == '\0' ? SYMBOL_FOREIGN : (unsigned char)c;
}

// Where the path goes on behind the node's text, or NULL.
static const char *match_text(const rt_node *node, const char *at, const char *end)
{
    size_t size = node->text_size;
    if (!node->has_special && (size_t)(end - at) >= size && memcmp(at, node->text, size) == 0) {
        at += size;
        return node->starts_segment ? skip_slashes(at, end) : at;
    }
    for (size_t i = 0; i < size; i++) {
        int symbol = next_symbol(&at, end);
        if (symbol < 0 || (char)symbol != node->text[i]) {
            return NULL;
        }
    }
    return at;
}

static const rt_route *find_leaf(rt_search *search, const rt_leaves *leaves)
{
    search->methods |= leaves->methods;
    if ((leaves->methods & (UINT32_C(1) << search->method)) == 0) {
        return NULL;
    }
    const rt_leaf *leaf = leaves->first;
    while (leaf->method != search->method) {
        leaf = leaf->next;
        assert(leaf != NULL);
    }
    return &leaf->route;
}

static const rt_node *find_child(const rt_node *node, const char *at, const char *end)
{
    int symbol = next_symbol(&at, end);
    if (symbol < 0 || node->child_count == 0) {
        return NULL;
    }
    const char *found = memchr(node->first_bytes, symbol, node->child_count);
    return found == NULL ? NULL : node->children[found - node->first_bytes];
}

// node's own text is already behind at.
static const rt_route *find_from(rt_search *search, const rt_node *node, const char *at,
                                 uint32_t param_count)
{
    for (;;) {
        const char *rest = skip_slashes(at, search->end);
        if (rest == search->end) {
            return find_leaf(search, &node->here);
        }
        bool has_alternatives =
            node->starts_segment && (node->parameter != NULL || node->rest.first != NULL);
        const rt_node *child = find_child(node, at, search->end);
        const char *behind = child == NULL ? NULL : match_text(child, at, search->end);
        if (!has_alternatives) {
            if (behind == NULL) {
                return NULL;
            }
            node = child;
            at = behind;
            continue;
        }
        if (behind != NULL) {
            const rt_route *route = find_from(search, child, behind, param_count);
            if (route != NULL) {
                return route;
            }
        }
        if (node->parameter != NULL) {
            const char *slash = memchr(at, '/', (size_t)(search->end - at));
            const char *stop = slash == NULL ? search->end : slash;
            search->params[param_count] = (bl_slice){at, (size_t)(stop - at)};
            const rt_route *route = find_from(search, node->parameter, stop, param_count + 1);
            if (route != NULL) {
                return route;
            }
        }
        if (node->rest.first == NULL) {
            return NULL;
        }
        search->params[param_count] = (bl_slice){at, (size_t)(search->end - at)};
        return find_leaf(search, &node->rest);
    }
}

const rt_route *rt_find(const rt_router *router, uint32_t method, bl_slice path, bl_slice *params,
                        uint32_t *methods)
{
    BL_CHECK(method < RT_METHOD_COUNT);
    const char *end = path.size == 0 ? path.data : path.data + path.size;
    rt_search search = {.end = end, .params = params, .method = method};
    const char *start = skip_slashes(path.data, end);
    const rt_route *route = find_from(&search, router->root, start, 0);
    if (methods != NULL) {
        *methods = search.methods;
    }
    return route;
}
