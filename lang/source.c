// lang/source.c: reading a file and finding lines in it.
//
// The index is built in one scan when the source is made: diagnostics, stack traces and the
// formatter all ask for lines, and a scan costs far less than lexing. Lines end at LF; a CR before
// it is not part of the line that people see.
#include "lang/source.h"

#include "lang/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static uint32_t count_lines(bl_slice text)
{
    uint32_t count = 1;
    const char *at = text.data;
    const char *end = text.data + text.size;
    while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        count++;
        at++;
    }
    return count;
}

static void index_lines(lang_source *source)
{
    const char *start = source->text.data;
    const char *end = start + source->text.size;
    const char *at = start;
    uint32_t line = 0;
    source->line_starts[line++] = 0;
    while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        at++;
        source->line_starts[line++] = (uint32_t)(at - start);
    }
    BL_CHECK(line == source->line_count);
}

bl_status lang_source_init(lang_source *source, bl_arena *arena, bl_slice path, bl_slice text,
                           bl_error *error)
{
    if (text.size > LANG_SOURCE_SIZE_MAX) {
        return bl_fail(error, BL_LIMIT, 0, "file too large (at most %d bytes)",
                       LANG_SOURCE_SIZE_MAX);
    }
    uint32_t line_count = text.size == 0 ? 1 : count_lines(text);
    uint32_t *line_starts = bl_arena_alloc(arena, line_count * sizeof(uint32_t));
    bl_slice kept_path = bl_arena_slice(arena, path);
    if (line_starts == NULL) {
        return bl_fail(error, BL_LIMIT, 0, "file too large for the memory limit");
    }
    *source = (lang_source){.path = kept_path,
                            .text = text.data == NULL ? BL_SLICE("") : text,
                            .line_starts = line_starts,
                            .line_count = line_count};
    index_lines(source);
    return BL_OK;
}

// Grows with the file: its size may be unknown (a pipe) or change meanwhile. Returns the errno of
// a failed read, EFBIG beyond the limit, 0 at the end of the file.
static int read_all(int fd, bl_buffer *buffer)
{
    enum { CHUNK_SIZE = 1 << 16 };
    for (;;) {
        ssize_t got = read(fd, bl_buffer_reserve(buffer, CHUNK_SIZE), CHUNK_SIZE);
        if (got == 0) {
            return 0;
        }
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            return errno;
        }
        buffer->size += (size_t)got;
        if (buffer->size > LANG_SOURCE_SIZE_MAX) {
            return EFBIG;
        }
    }
}

bl_status lang_source_open(lang_source *source, bl_arena *arena, bl_slice path, bl_error *error)
{
    // The path as the system wants it: with a NUL.
    int fd = open(bl_arena_copy(arena, path.data, path.size), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        int reason = errno;
        return bl_fail(error, reason == ENOENT ? BL_NOT_FOUND : BL_SYSTEM, reason, "%s",
                       strerror(reason));
    }
    bl_buffer buffer = {0};
    int reason = read_all(fd, &buffer);
    close(fd);
    bl_status status;
    if (reason != 0) {
        status = bl_fail(error, BL_SYSTEM, reason, "%s", strerror(reason));
    } else {
        bl_slice text = bl_arena_slice(arena, bl_buffer_slice(&buffer));
        status = lang_source_init(source, arena, path, text, error);
    }
    bl_buffer_deinit(&buffer);
    return status;
}

lang_position lang_source_position(const lang_source *source, uint32_t offset)
{
    if (offset > source->text.size) {
        offset = (uint32_t)source->text.size;
    }
    // The last line that starts at or before the offset.
    uint32_t low = 0;
    uint32_t high = source->line_count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (source->line_starts[middle] <= offset) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return (lang_position){low + 1, offset - source->line_starts[low] + 1};
}

bl_slice lang_source_line(const lang_source *source, uint32_t line)
{
    if (line == 0 || line > source->line_count) {
        return (bl_slice){0};
    }
    uint32_t start = source->line_starts[line - 1];
    uint32_t end =
        line < source->line_count ? source->line_starts[line] - 1 : (uint32_t)source->text.size;
    if (end > start && source->text.data[end - 1] == '\r') {
        end--;
    }
    return (bl_slice){source->text.data + start, end - start};
}
