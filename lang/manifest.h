// lang/manifest.h: the dependencies that a baseline.toml names.
#ifndef LANG_MANIFEST_H
#define LANG_MANIFEST_H

#include "alloc/alloc.h"

typedef struct lang_dependency {
    bl_slice name;
    bl_slice directory; // Absolute.
} lang_dependency;

typedef struct lang_manifest {
    lang_dependency *dependencies;
    uint32_t count;
} lang_manifest;

// Reads the nearest baseline.toml in the directory or above it. NULL: there is none. What it
// cannot understand is skipped: other tools own the rest of that file. Arena.
lang_manifest *lang_manifest_find(bl_arena *arena, bl_slice directory);
// The directory of the dependency of that name; data == NULL: none. manifest may be NULL.
bl_slice lang_manifest_lookup(const lang_manifest *manifest, bl_slice name);

#endif
