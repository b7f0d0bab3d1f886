// lang/source.h: a file's text, its path and its index of lines.
//
//     lang_source source;
//     if (lang_source_open(&source, arena, BL_SLICE("app.bl"), &error) != BL_OK) …
//     lang_position at = lang_source_position(&source, node->span.start);
//
// Everything that the front end knows about places is a span of byte offsets into one source;
// lines and columns are computed when a person has to read them. A source is read-only after
// init and outlives the tree, whose slices point into its text.
#ifndef LANG_SOURCE_H
#define LANG_SOURCE_H

#include "alloc/alloc.h"

// Bytes [start, end) of one source. An empty span (start == end) marks a place between two bytes.
typedef struct lang_span {
    uint32_t start;
    uint32_t end;
} lang_span;

// The span of a diagnostic about a file that could not be read: it prints as 0:0.
#define LANG_SPAN_NONE ((lang_span){UINT32_MAX, UINT32_MAX})

static inline bool lang_span_is_none(lang_span span)
{
    return span.start == UINT32_MAX;
}

// From the start of the first to the end of the last.
static inline lang_span lang_span_join(lang_span first, lang_span last)
{
    return (lang_span){first.start, last.end};
}

// Both count from 1; column counts bytes of UTF-8.
typedef struct lang_position {
    uint32_t line;
    uint32_t column;
} lang_position;

typedef struct lang_source {
    bl_slice path;         // As the user gave it; printed in messages. Arena.
    bl_slice text;         // Arena or kept; at most LANG_SOURCE_SIZE_MAX bytes.
    uint32_t *line_starts; // Offset of the first byte of line 1, 2, …; arena.
    uint32_t line_count;   // Lines end at LF; at least 1, also for an empty file.
} lang_source;

// Uses the text where it is: it must live as long as the source. BL_LIMIT: text is too long.
BL_MUST_USE
bl_status lang_source_init(lang_source *source, bl_arena *arena, bl_slice path, bl_slice text,
                           bl_error *error);
// Reads the file into the arena. The message of *error is the bare reason, "No such file or
// directory", made for IO_001 "Failed to read file: …".
BL_MUST_USE
bl_status lang_source_open(lang_source *source, bl_arena *arena, bl_slice path, bl_error *error);

// Logarithmic in the number of lines. An offset past the end is the end.
lang_position lang_source_position(const lang_source *source, uint32_t offset);
// Without its line end (LF or CR LF); empty if there is no such line. line counts from 1.
bl_slice lang_source_line(const lang_source *source, uint32_t line);

static inline bl_slice lang_source_slice(const lang_source *source, lang_span span)
{
    return (bl_slice){source->text.data + span.start, span.end - span.start};
}

#endif
