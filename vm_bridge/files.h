// vm_bridge/files.h: static files below the prefixes that the configuration names.
//
// The ring thread only looks at the path; the file is opened and read on a worker, because either
// may wait for a disk. A path that names no file goes on to the routes.
//
// Nothing leads out of a folder: `..` is refused as a segment, and the kernel resolves the rest
// beneath the folder's descriptor (openat2), so that links out of it are refused as well.
#ifndef VM_BRIDGE_FILES_H
#define VM_BRIDGE_FILES_H

#include "engine/engine.h"
#include "vm_bridge/reply.h"

typedef struct br_folder {
    bl_slice prefix; // Without a slash at its end.
    bl_slice path;   // For messages.
    int fd;
} br_folder;

typedef struct br_files {
    br_folder *folders; // The longest prefixes first.
    uint32_t count;
} br_files;

// Opens the folders; what cannot be opened is named in warnings and left out. items: prefix and
// path filled in, in an arena that lives as long.
void br_files_open(br_files *files, br_folder *folders, uint32_t count, bl_buffer *warnings);
void br_files_close(br_files *files);

typedef enum br_file_way {
    BR_FILE_NONE,      // Below no prefix: on to the routes.
    BR_FILE_FORBIDDEN, // Would lead out of the folder.
    BR_FILE_LOOK,      // A worker has to look.
} br_file_way;

typedef struct br_file_path {
    const br_folder *folder;
    const char *name; // Below the folder, decoded, ends with NUL.
} br_file_path;

// path: as sent. The name is made in the arena.
br_file_way br_files_find(const br_files *files, bl_slice path, bl_arena *arena,
                          br_file_path *found);
// On a worker. False: no such file. The reply is the file, 304 or 403.
bool br_file_reply(const br_file_path *path, const eng_request *request, br_reply *reply);

#endif
