// tests/lang/syntax.h: parsing a string in a test, and short forms of what came out of it.
#ifndef TESTS_LANG_SYNTAX_H
#define TESTS_LANG_SYNTAX_H

#include "lang/ast.h"

typedef struct syntax {
    bl_arena arena;
    lang_source source;
    lang_diagnostics diagnostics;
    lang_tree *tree;
} syntax;

void syntax_parse(syntax *parsed, bl_slice text);
void syntax_deinit(syntax *parsed);

// The dump of the tree on one line; the diagnostics as `CODE LINE:COLUMN MESSAGE`, joined by "; ".
// Arena.
const char *syntax_tree(syntax *parsed);
const char *syntax_errors(syntax *parsed);

// Calls back with every program of the corpus; returns how many there were.
typedef void syntax_visit(void *context, const char *path, bl_slice text);
uint32_t syntax_corpus(syntax_visit *visit, void *context);

#endif
