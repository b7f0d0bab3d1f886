// cli/files.h: the files that a command names: folders are searched, texts read and replaced.
#ifndef CLI_FILES_H
#define CLI_FILES_H

#include "alloc/alloc.h"

typedef struct cli_files {
    const char **items; // Of the arena or of the command line.
    uint32_t count, capacity;
} cli_files;

// The files that the paths name, in their order; of a folder all .bl files below it, sorted, but
// none in folders whose names begin with a dot. False with messages on stderr if some folder
// cannot be read. Free with cli_files_deinit.
bool cli_files_collect(cli_files *files, bl_arena *arena, const char *const *paths, uint32_t count);
void cli_files_deinit(cli_files *files);

// Appends the file's text; the path `-` is stdin. False with a message on stderr.
bool cli_file_read(const char *path, bl_buffer *text);
// Gives the file a new text at once: whoever reads it meanwhile, or after a crash or a full disk,
// sees the old text or the new one. Links are followed; owner and permissions stay. False with a
// message on stderr: then the old text is still there.
bool cli_file_replace(const char *path, bl_slice text);

#endif
