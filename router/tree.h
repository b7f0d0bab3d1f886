// router/tree.h: the tree that the builder makes and rt_find walks. Private to router/.
#ifndef ROUTER_TREE_H
#define ROUTER_TREE_H

#include "router/router.h"

// One method's route at a place of the tree; linked in order of method.
typedef struct rt_leaf {
    rt_route route;
    uint32_t method;
    struct rt_leaf *next;  // At the same place.
    struct rt_leaf *added; // The next one of the router.
} rt_leaf;

typedef struct rt_leaves {
    rt_leaf *first;
    uint32_t methods; // Bits of all in the list.
} rt_leaves;

// text is a piece of the canonical path: decoded segments joined by `/`, no slash in front or at
// the end; a slash inside of a segment (from %2F) is the byte 0, which no path that reaches a
// static segment contains.
typedef struct rt_node {
    const char *text;
    uint32_t text_size;
    uint32_t child_count;
    // Some byte of text means something else in a path as sent: no comparison by memcmp.
    bool has_special;
    bool starts_segment; // What follows text is the start of a segment: parameters may hang here.
    const char *first_bytes;   // Of the children, in their order.
    struct rt_node **children; // Static ones.
    struct rt_node *parameter; // Takes one segment; its text is empty or starts with `/`.
    rt_leaves here;
    rt_leaves rest; // `*name` routes.
} rt_node;

struct rt_router {
    bl_arena arena;
    rt_node *root;
    rt_leaf *first; // All leaves in the order in which they were added.
    rt_leaf *last;
    const rt_route **routes; // The same as an array; filled by rt_builder_build.
    uint32_t route_count;
    uint32_t param_max;
};

#define RT_SLASH_IN_SEGMENT '\0'

// -1 if c is none.
static inline int rt_hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

#endif
