// lang/diagnostics_write.c: diagnostics as text for people, as JSON for tools, and as the one-line
// form that precedes a run.
//
// Columns count bytes; only the underline of the text form counts characters, so that it stands
// under what it means. Bytes that are no UTF-8 become U+FFFD in JSON, which must be valid.
#include "lang/diagnostics.h"

#include "lang/limits.h"

// ---- levels ------------------------------------------------------------------------------------

static const char *const level_names[] = {
    [LANG_LEVEL_TYPES] = "types",
    [LANG_LEVEL_REFINEMENTS] = "refinements",
    [LANG_LEVEL_FULL] = "full",
    [LANG_LEVEL_SKIP] = "skip",
};

bool lang_level_from_name(bl_slice name, lang_level *level)
{
    for (size_t index = 0; index < BL_ARRAY_COUNT(level_names); index++) {
        if (bl_slice_equal_nocase(name, bl_slice_of(level_names[index]))) {
            *level = (lang_level)index;
            return true;
        }
    }
    return false;
}

const char *lang_level_name(lang_level level)
{
    return level_names[level];
}

// What can be checked, in the order in which it is listed; how many of them a level checks.
static const char *const stages[] = {"types", "refinements", "specs", "smt"};

static uint32_t checked_count(lang_level level)
{
    switch (level) {
    case LANG_LEVEL_TYPES:
    case LANG_LEVEL_SKIP:
        return 1;
    case LANG_LEVEL_REFINEMENTS:
        return 2;
    case LANG_LEVEL_FULL:
        return 4;
    }
    return 0;
}

// ---- where -------------------------------------------------------------------------------------

// What all forms need to know about the place of a diagnostic.
typedef struct place {
    lang_position start; // 0:0 for a file that could not be read.
    lang_position end;
    bool has_source;
    bool shows_line; // Unless it is longer than LANG_SHOWN_LINE_MAX.
    bl_slice line;
    uint32_t highlight_size; // Bytes, at least 1.
} place;

static place place_of(const lang_diagnostics *list, const lang_diagnostic *diagnostic)
{
    if (lang_span_is_none(diagnostic->span)) {
        return (place){.highlight_size = 1};
    }
    place found = {.start = lang_source_position(list->source, diagnostic->span.start),
                   .end = lang_source_position(list->source, diagnostic->span.end),
                   .has_source = true,
                   .highlight_size = 1};
    found.line = lang_source_line(list->source, found.start.line);
    found.shows_line = found.line.size <= LANG_SHOWN_LINE_MAX;
    if (found.end.line == found.start.line && found.end.column > found.start.column) {
        found.highlight_size = found.end.column - found.start.column;
    }
    return found;
}

static const char *severity_name(lang_code code)
{
    return lang_code_severity(code) == LANG_SEVERITY_ERROR ? "error" : "warning";
}

// ---- text --------------------------------------------------------------------------------------

typedef struct palette {
    const char *error;
    const char *warning;
    const char *frame;
    const char *help;
    const char *bold;
    const char *reset;
} palette;

static const palette no_colours = {"", "", "", "", "", ""};
static const palette colours = {"\033[1;31m", "\033[1;33m", "\033[1;34m",
                                "\033[1;36m", "\033[1m",    "\033[0m"};

static int digits_of(uint32_t number)
{
    int digits = 1;
    while (number >= 10) {
        number /= 10;
        digits++;
    }
    return digits;
}

static bool is_continuation(char c)
{
    return ((uint8_t)c & 0xC0) == 0x80;
}

// Blanks up to the column, with the line's own tabs, then a caret for each marked character.
static void write_underline(bl_buffer *out, const place *at)
{
    uint32_t column = at->start.column - 1;
    for (uint32_t index = 0; index < column && index < at->line.size; index++) {
        if (!is_continuation(at->line.data[index])) {
            bl_buffer_append_char(out, at->line.data[index] == '\t' ? '\t' : ' ');
        }
    }
    bl_buffer_append_char(out, '^');
    for (uint32_t index = 1; index < at->highlight_size; index++) {
        bool inside = column + index < at->line.size;
        if (inside && !is_continuation(at->line.data[column + index])) {
            bl_buffer_append_char(out, '^');
        }
    }
}

static void write_source(bl_buffer *out, const place *at, int gutter, const palette *paint,
                         const char *mark)
{
    bl_buffer_format(out, "%s%*s |%s\n", paint->frame, gutter, "", paint->reset);
    bl_buffer_format(out, "%s%*u |%s ", paint->frame, gutter, at->start.line, paint->reset);
    bl_buffer_append_slice(out, at->line);
    bl_buffer_format(out, "\n%s%*s |%s %s", paint->frame, gutter, "", paint->reset, mark);
    write_underline(out, at);
    bl_buffer_format(out, "%s\n", paint->reset);
}

static int gutter_of(const place *at)
{
    return digits_of(at->start.line) > 2 ? digits_of(at->start.line) : 2;
}

static const char *mark_of(const lang_diagnostic *diagnostic, const palette *paint)
{
    bool error = lang_code_severity(diagnostic->code) == LANG_SEVERITY_ERROR;
    return error ? paint->error : paint->warning;
}

// The line with its mark, why, and what would be right.
static void write_details(const lang_diagnostic *diagnostic, const place *at, bl_buffer *out,
                          const palette *paint)
{
    int gutter = gutter_of(at);
    const char *mark = mark_of(diagnostic, paint);
    if (at->shows_line) {
        write_source(out, at, gutter, paint, mark);
    }
    if (diagnostic->context.size > 0) {
        bl_buffer_format(out, "%s%*s=%s ", paint->frame, gutter, "", paint->reset);
        bl_buffer_append_slice(out, diagnostic->context);
        bl_buffer_append_char(out, '\n');
    }
    for (const lang_suggestion *help = diagnostic->suggestions; help != NULL; help = help->next) {
        bl_buffer_format(out, "%s%*shelp:%s ", paint->help, gutter, "", paint->reset);
        bl_buffer_append_slice(out, help->description);
        bl_buffer_append_char(out, '\n');
    }
}

static void write_one_text(const lang_diagnostics *list, const lang_diagnostic *diagnostic,
                           bl_buffer *out, const palette *paint)
{
    const char *mark = mark_of(diagnostic, paint);
    place at = place_of(list, diagnostic);
    int gutter = gutter_of(&at);
    bl_buffer_format(out, "%s%s[%s]%s%s: ", mark, severity_name(diagnostic->code),
                     lang_code_name(diagnostic->code), paint->reset, paint->bold);
    bl_buffer_append_slice(out, diagnostic->message);
    bl_buffer_format(out, "%s\n%s%*s-->%s ", paint->reset, paint->frame, gutter, "", paint->reset);
    bl_buffer_append_slice(out, list->source->path);
    bl_buffer_format(out, ":%u:%u\n", at.start.line, at.start.column);
    write_details(diagnostic, &at, out, paint);
    bl_buffer_append_char(out, '\n');
}

void lang_diagnostics_write_text(const lang_diagnostics *list, bl_buffer *out, bool colour)
{
    const palette *paint = colour ? &colours : &no_colours;
    for (uint32_t index = 0; index < list->count; index++) {
        write_one_text(list, list->items[index], out, paint);
    }
    if (list->dropped_errors + list->dropped_warnings > 0) {
        bl_buffer_format(out, "The first %u are shown.\n", list->count);
    }
    if (list->error_count > 0 && list->warning_count > 0) {
        bl_buffer_format(out, "%u error(s), %u warning(s)\n", list->error_count,
                         list->warning_count);
    } else if (list->error_count > 0) {
        bl_buffer_format(out, "%u error(s)\n", list->error_count);
    } else if (list->warning_count > 0) {
        bl_buffer_format(out, "%u warning(s)\n", list->warning_count);
    }
}

void lang_excerpt_write(const lang_source *source, lang_position at, uint32_t size, bl_buffer *out)
{
    place found = {.start = at,
                   .line = lang_source_line(source, at.line),
                   .has_source = at.line >= 1 && at.line <= source->line_count,
                   .highlight_size = size};
    int gutter = gutter_of(&found);
    bl_buffer_format(out, "%*s--> %.*s:%u:%u\n", gutter, "", BL_SLICE_ARG(source->path), at.line,
                     at.column);
    if (found.has_source) {
        write_source(out, &found, gutter, &no_colours, "");
    }
}

// ---- lines -------------------------------------------------------------------------------------

static bool is_shown_on_run(lang_code code)
{
    return lang_code_severity(code) == LANG_SEVERITY_ERROR ||
           lang_code_pass(code) == LANG_PASS_EFFECTS ||
           lang_code_pass(code) == LANG_PASS_REFINEMENTS;
}

void lang_diagnostics_write_lines(const lang_diagnostics *list, bl_buffer *out, bool details,
                                  bool colour)
{
    const palette *paint = colour ? &colours : &no_colours;
    for (uint32_t index = 0; index < list->count; index++) {
        const lang_diagnostic *diagnostic = list->items[index];
        if (!is_shown_on_run(diagnostic->code)) {
            continue;
        }
        place at = place_of(list, diagnostic);
        bl_buffer_append_slice(out, list->source->path);
        bl_buffer_format(out, ":%u:%u: %s: ", at.start.line, at.start.column,
                         severity_name(diagnostic->code));
        bl_buffer_append_slice(out, diagnostic->message);
        bl_buffer_format(out, " [%s]\n", lang_code_name(diagnostic->code));
        if (details) {
            write_details(diagnostic, &at, out, paint);
        }
    }
}

// ---- JSON --------------------------------------------------------------------------------------
// Two blanks for each level, one member or element a line; the callers write the keys of an object
// in alphabetical order.

typedef struct json_writer {
    bl_buffer *out;
    uint32_t depth;
    bool empty; // Nothing yet in the innermost object or array.
} json_writer;

static void json_line(json_writer *json)
{
    bl_buffer_append_char(json->out, '\n');
    for (uint32_t level = 0; level < json->depth; level++) {
        bl_buffer_append(json->out, "  ", 2);
    }
}

// Before an element of an array.
static void json_next(json_writer *json)
{
    if (!json->empty) {
        bl_buffer_append_char(json->out, ',');
    }
    json->empty = false;
    json_line(json);
}

static void json_key(json_writer *json, const char *key)
{
    json_next(json);
    bl_buffer_format(json->out, "\"%s\": ", key);
}

static void json_open(json_writer *json, char bracket)
{
    bl_buffer_append_char(json->out, bracket);
    json->depth++;
    json->empty = true;
}

static void json_close(json_writer *json, char bracket)
{
    json->depth--;
    if (!json->empty) {
        json_line(json);
    }
    json->empty = false;
    bl_buffer_append_char(json->out, bracket);
}

void lang_json_text_write(bl_slice text, bl_buffer *out)
{
    bl_buffer_append_char(out, '"');
    for (size_t at = 0; at < text.size;) {
        char c = text.data[at];
        bool is_valid = false;
        size_t size = bl_utf8_part(text, at, &is_valid);
        if (!is_valid) {
            bl_buffer_append(out, "\xEF\xBF\xBD", 3);
        } else if (size == 1 && ((uint8_t)c < 0x20 || c == '"' || c == '\\')) {
            bl_buffer_append_json_escape(out, (uint8_t)c);
        } else {
            bl_buffer_append(out, text.data + at, size);
        }
        at += size;
    }
    bl_buffer_append_char(out, '"');
}

static void json_string(json_writer *json, bl_slice text)
{
    lang_json_text_write(text, json->out);
}

static void json_string_member(json_writer *json, const char *key, bl_slice text)
{
    json_key(json, key);
    json_string(json, text);
}

static void json_number_member(json_writer *json, const char *key, uint32_t number)
{
    json_key(json, key);
    bl_buffer_format(json->out, "%u", number);
}

static void json_stages(json_writer *json, const char *key, uint32_t from, uint32_t to)
{
    if (from == to) {
        return;
    }
    json_key(json, key);
    json_open(json, '[');
    for (uint32_t index = from; index < to; index++) {
        json_next(json);
        json_string(json, bl_slice_of(stages[index]));
    }
    json_close(json, ']');
}

static void json_location(json_writer *json, const lang_diagnostics *list, const place *at)
{
    json_key(json, "location");
    json_open(json, '{');
    json_number_member(json, "col", at->start.column);
    if (at->has_source) {
        json_number_member(json, "end_col", at->end.column);
        json_number_member(json, "end_line", at->end.line);
    }
    json_string_member(json, "file", list->source->path);
    json_number_member(json, "line", at->start.line);
    json_close(json, '}');
}

static void json_source_context(json_writer *json, const place *at)
{
    if (!at->shows_line) {
        return;
    }
    json_key(json, "source_context");
    json_open(json, '{');
    json_number_member(json, "highlight_col", at->start.column - 1);
    json_number_member(json, "highlight_len", at->highlight_size);
    json_number_member(json, "line_number", at->start.line);
    json_string_member(json, "source_line", at->line);
    json_close(json, '}');
}

static void json_patch(json_writer *json, const lang_patch *patch)
{
    json_key(json, "patch");
    json_open(json, '{');
    if (patch->operation != LANG_PATCH_REPLACE) {
        bool insert = patch->operation == LANG_PATCH_INSERT;
        json_string_member(json, "operation", insert ? BL_SLICE("insert") : BL_SLICE("delete"));
    }
    if (patch->original_text.data != NULL) {
        json_string_member(json, "original_text", patch->original_text);
    }
    if (patch->replacement_text.data != NULL) {
        json_string_member(json, "replacement_text", patch->replacement_text);
    }
    json_number_member(json, "start_line", patch->start_line);
    json_close(json, '}');
}

static void json_suggestions(json_writer *json, const lang_diagnostic *diagnostic)
{
    json_key(json, "suggestions");
    json_open(json, '[');
    for (const lang_suggestion *help = diagnostic->suggestions; help != NULL; help = help->next) {
        json_next(json);
        json_open(json, '{');
        if (help->confidence >= 0) {
            json_key(json, "confidence");
            bl_buffer_format(json->out, "%g", help->confidence);
        }
        json_string_member(json, "description", help->description);
        if (help->patch != NULL) {
            json_patch(json, help->patch);
        }
        json_string_member(json, "strategy", bl_slice_of(help->strategy));
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void json_diagnostic(json_writer *json, const lang_diagnostics *list,
                            const lang_diagnostic *diagnostic)
{
    place at = place_of(list, diagnostic);
    json_next(json);
    json_open(json, '{');
    json_string_member(json, "code", bl_slice_of(lang_code_name(diagnostic->code)));
    json_string_member(json, "context", diagnostic->context);
    json_location(json, list, &at);
    json_string_member(json, "message", diagnostic->message);
    json_string_member(json, "severity", bl_slice_of(severity_name(diagnostic->code)));
    json_source_context(json, &at);
    json_suggestions(json, diagnostic);
    json_close(json, '}');
}

void lang_diagnostics_write_json(const lang_diagnostics *list, lang_level level, bl_buffer *out)
{
    json_writer json = {.out = out};
    uint32_t checked = checked_count(level);
    json_open(&json, '{');
    json_stages(&json, "checked", 0, checked);
    json_key(&json, "diagnostics");
    json_open(&json, '[');
    for (uint32_t index = 0; index < list->count; index++) {
        json_diagnostic(&json, list, list->items[index]);
    }
    json_close(&json, ']');
    json_string_member(&json, "status",
                       list->error_count > 0 ? BL_SLICE("failure") : BL_SLICE("success"));
    json_stages(&json, "unchecked", checked, BL_ARRAY_COUNT(stages));
    json_string_member(&json, "verification_level", bl_slice_of(lang_level_name(level)));
    json_close(&json, '}');
    bl_buffer_append_char(out, '\n');
}
