// cli/files.c: see files.h.
//
// A text is replaced through a file beside the old one, which is renamed over it when it is
// complete. The name beside it carries the process's number, so two of us do not meet.
#include "cli/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_DEPTH_MAX = 32 }; // Deeper is a loop of links.

static bool fail(const char *what, const char *path, const char *reason)
{
    fprintf(stderr, "Failed to %s %s: %s\n", what, path, reason);
    return false;
}

// ---- collecting ------------------------------------------------------------------------------

static void add_file(cli_files *files, const char *path)
{
    if (files->count == files->capacity) {
        files->capacity = files->capacity == 0 ? 16 : files->capacity * 2;
        files->items = bl_realloc(files->items, files->capacity * sizeof(char *));
    }
    files->items[files->count++] = path;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool add_folder(bl_arena *arena, cli_files *files, const char *path, int depth)
{
    if (depth > FOLDER_DEPTH_MAX) {
        return fail("read", path, "folders in more than 32 folders");
    }
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return fail("read", path, strerror(errno));
    }
    size_t path_size = strlen(path);
    while (path_size > 1 && path[path_size - 1] == '/') {
        path_size--;
    }
    bool is_good = true;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        bl_slice name = bl_arena_format(arena, "%.*s/%s", (int)path_size, path, entry->d_name);
        if (is_folder(name.data)) {
            is_good = add_folder(arena, files, name.data, depth + 1) && is_good;
        } else if (name.size > 3 && memcmp(name.data + name.size - 3, ".bl", 3) == 0) {
            add_file(files, name.data);
        }
    }
    closedir(folder);
    return is_good;
}

bool cli_files_collect(cli_files *files, bl_arena *arena, const char *const *paths, uint32_t count)
{
    bool is_good = true;
    for (uint32_t i = 0; i < count; i++) {
        if (!is_folder(paths[i])) {
            add_file(files, paths[i]);
            continue;
        }
        uint32_t first = files->count;
        bool is_read = add_folder(arena, files, paths[i], 0);
        is_good = is_read && is_good;
        if (files->count > first) {
            qsort(files->items + first, files->count - first, sizeof(char *), compare_paths);
        } else if (is_read) {
            fprintf(stderr, "No .bl file below %s\n", paths[i]);
        }
    }
    return is_good;
}

void cli_files_deinit(cli_files *files)
{
    bl_free(files->items);
    *files = (cli_files){0};
}

// ---- reading ---------------------------------------------------------------------------------

static int read_all(int fd, bl_buffer *text)
{
    enum { CHUNK_SIZE = 65536 };
    for (;;) {
        ssize_t got = read(fd, bl_buffer_reserve(text, CHUNK_SIZE), CHUNK_SIZE);
        if (got > 0) {
            text->size += (size_t)got;
        } else if (got == 0) {
            return 0;
        } else if (errno != EINTR) {
            return errno;
        }
    }
}

bool cli_file_read(const char *path, bl_buffer *text)
{
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return fail("read", path, strerror(errno));
    }
    int reason = read_all(fd, text);
    if (!is_stdin) {
        close(fd);
    }
    return reason == 0 || fail("read", path, strerror(reason));
}

// ---- replacing -------------------------------------------------------------------------------

// 0 or an errno.
static int write_all(int fd, bl_slice text)
{
    while (text.size > 0) {
        ssize_t written = write(fd, text.data, text.size);
        if (written >= 0) {
            text = (bl_slice){text.data + written, text.size - (size_t)written};
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

// A new file with the text and the owner and permissions of the old one. 0 or an errno.
static int write_beside(const char *name, bl_slice text, const struct stat *old)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0) {
        return errno;
    }
    int reason = write_all(fd, text);
    if (reason == 0 && (old->st_uid != geteuid() || old->st_gid != getegid()) &&
        fchown(fd, old->st_uid, old->st_gid) != 0) {
        reason = errno; // Somebody else's file would become ours.
    }
    if (reason == 0 && fchmod(fd, old->st_mode & 07777) != 0) {
        reason = errno;
    }
    if (close(fd) != 0 && reason == 0) {
        reason = errno; // A network's disk may be full only now.
    }
    return reason;
}

bool cli_file_replace(const char *path, bl_slice text)
{
    char target[PATH_MAX];
    struct stat old;
    if (realpath(path, target) == NULL || stat(target, &old) != 0 || access(target, W_OK) != 0) {
        return fail("write", path, strerror(errno));
    }
    if (!S_ISREG(old.st_mode)) {
        return fail("write", path, "not a regular file");
    }
    bl_buffer name = {0};
    bl_buffer_format(&name, "%s.fmt-%ld", target, (long)getpid());
    bl_buffer_append_char(&name, '\0');
    int reason = write_beside(name.data, text, &old);
    if (reason == 0 && rename(name.data, target) != 0) {
        reason = errno;
    }
    if (reason != 0 && reason != EEXIST) {
        (void)unlink(name.data); // It may not be there.
    }
    bl_buffer_deinit(&name);
    return reason == 0 || fail("write", path, strerror(reason));
}
