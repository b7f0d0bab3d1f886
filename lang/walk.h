// lang/walk.h: the direct subexpressions of an expression, in the order in which they stand in the
// source. For passes that treat most kinds alike; a pass that cares about a kind handles it itself
// and walks the rest.
#ifndef LANG_WALK_H
#define LANG_WALK_H

#include "lang/ast.h"

// context: what the pass passed to lang_walk.
typedef void (*lang_visit)(void *context, const lang_expr *expr);

// Calls visit once for each direct subexpression: guards, clause bodies, statements' values and
// interpolated parts among them.
void lang_walk(const lang_expr *expr, lang_visit visit, void *context);

// The bodies of a file that belong to no function: tests, hooks and lets of groups, in order.
void lang_walk_loose_bodies(const lang_tree *tree, lang_visit visit, void *context);

// The names that a pattern binds: its NAME patterns, those of all alternatives included.
typedef void (*lang_visit_name)(void *context, const lang_pattern *name);
void lang_walk_names(const lang_pattern *pattern, lang_visit_name visit, void *context);

#endif
