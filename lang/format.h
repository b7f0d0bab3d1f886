// lang/format.h: a program in its one canonical form; docs/format.md defines it.
#ifndef LANG_FORMAT_H
#define LANG_FORMAT_H

#include "lang/ast.h"

// Appends the canonical form of a file without syntax errors. The result is parsed again and
// compared with the tree: should they differ, which would be a mistake in here, the source is
// appended unchanged and the answer is false. Temporary memory comes from the arena.
BL_MUST_USE
bool lang_format_tree(bl_arena *arena, const lang_tree *tree, bl_buffer *out);

#endif
