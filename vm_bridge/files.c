// vm_bridge/files.c: see files.h for the design.
#include "vm_bridge/files.h"

#include "router/router.h"
#include "vm_bridge/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

void br_files_open(br_files *files, br_folder *folders, uint32_t count, bl_buffer *warnings)
{
    *files = (br_files){.folders = folders};
    for (uint32_t i = 0; i < count; i++) {
        br_folder folder = folders[i];
        while (folder.prefix.size > 0 && folder.prefix.data[folder.prefix.size - 1] == '/') {
            folder.prefix.size -= 1;
        }
        folder.fd = open(folder.path.data, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (folder.fd < 0) {
            bl_buffer_format(warnings, "[server] Warning: static folder %.*s: %s\n",
                             BL_SLICE_ARG(folder.path), strerror(errno));
            continue;
        }
        uint32_t at = files->count++;
        while (at > 0 && folders[at - 1].prefix.size < folder.prefix.size) {
            folders[at] = folders[at - 1];
            at -= 1;
        }
        folders[at] = folder;
    }
}

void br_files_close(br_files *files)
{
    for (uint32_t i = 0; i < files->count; i++) {
        close(files->folders[i].fd);
    }
    files->count = 0;
}

// ---- on the ring thread ----------------------------------------------------------------------

static bool is_below(bl_slice path, bl_slice prefix)
{
    return path.size > prefix.size &&
           (prefix.size == 0 || memcmp(path.data, prefix.data, prefix.size) == 0) &&
           path.data[prefix.size] == '/';
}

// Whether decoded text may be opened: no `..`, no NUL.
static bool is_harmless(bl_slice name)
{
    if (name.size > 0 && memchr(name.data, '\0', name.size) != NULL) {
        return false;
    }
    while (name.size > 0) {
        const char *slash = memchr(name.data, '/', name.size);
        size_t size = slash == NULL ? name.size : (size_t)(slash - name.data);
        if (size == 2 && memcmp(name.data, "..", 2) == 0) {
            return false;
        }
        size_t taken = slash == NULL ? size : size + 1;
        name = (bl_slice){name.data + taken, name.size - taken};
    }
    return true;
}

br_file_way br_files_find(const br_files *files, bl_slice path, bl_arena *arena,
                          br_file_path *found)
{
    for (uint32_t i = 0; i < files->count; i++) {
        const br_folder *folder = &files->folders[i];
        if (!is_below(path, folder->prefix)) {
            continue;
        }
        bl_slice rest = {path.data + folder->prefix.size, path.size - folder->prefix.size};
        while (rest.size > 0 && rest.data[0] == '/') {
            rest = (bl_slice){rest.data + 1, rest.size - 1};
        }
        char *name = bl_arena_alloc(arena, rest.size + 2);
        size_t size = rt_percent_decode(rest, false, name);
        if (!is_harmless((bl_slice){name, size})) {
            return BR_FILE_FORBIDDEN;
        }
        // "%2F" in front would make it absolute.
        size_t skip = 0;
        while (skip < size && name[skip] == '/') {
            skip += 1;
        }
        if (skip == size) {
            name[size++] = '.';
        }
        name[size] = '\0';
        *found = (br_file_path){folder, name + skip};
        return BR_FILE_LOOK;
    }
    return BR_FILE_NONE;
}

// ---- on a worker -----------------------------------------------------------------------------

// -1 with errno.
static int open_beneath(int folder, const char *name)
{
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, folder, name, &how, sizeof(how));
}

// The file, or the index of the folder; -1 with errno. *name: whose ending tells the type.
static int open_file(const br_file_path *path, struct stat *status, const char **name)
{
    int fd = open_beneath(path->folder->fd, path->name);
    if (fd < 0 || fstat(fd, status) != 0 || S_ISREG(status->st_mode)) {
        return fd;
    }
    int index = -1;
    *name = "index.html";
    errno = ENOENT;
    if (S_ISDIR(status->st_mode)) {
        index = open_beneath(fd, "index.html");
    }
    close(fd);
    if (index >= 0 && (fstat(index, status) != 0 || !S_ISREG(status->st_mode))) {
        close(index);
        errno = ENOENT;
        return -1;
    }
    return index;
}

static const char *type_of(const char *name)
{
    static const struct {
        const char *ending, *type;
    } types[] = {
#define FILE_TYPE(ending, type) {ending, type},
#include "vm_bridge/files.def"
#undef FILE_TYPE
    };
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot != NULL && i < BL_ARRAY_COUNT(types); i++) {
        if (bl_slice_equal_nocase(bl_slice_of(dot + 1), bl_slice_of(types[i].ending))) {
            return types[i].type;
        }
    }
    return "application/octet-stream";
}

// Whether If-None-Match names the tag, compared weakly (RFC 9110 section 13.1.2).
static bool names_tag(bl_slice header, bl_slice tag)
{
    if (header.data == NULL) {
        return false;
    }
    return bl_slice_equal(header, BL_SLICE("*")) ||
           memmem(header.data, header.size, tag.data, tag.size) != NULL;
}

static bool read_whole(int fd, size_t size, bl_buffer *out)
{
    char *room = bl_buffer_reserve(out, size + 1);
    size_t filled = 0;
    while (filled < size) {
        ssize_t got = read(fd, room + filled, size - filled);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false; // Shorter than it was a moment ago, or the disk fails.
        }
        filled += (size_t)got;
    }
    out->size += size;
    return true;
}

static void reply_with(br_reply *reply, int fd, const struct stat *status, const char *name,
                       bl_slice none_match)
{
    char tag[48];
    int size = snprintf(tag, sizeof(tag), "\"%llx-%llx\"", (unsigned long long)status->st_mtime,
                        (unsigned long long)status->st_size);
    bl_buffer_format(&reply->lines, "ETag: %s\r\nCache-Control: public, max-age=3600\r\n", tag);
    if (names_tag(none_match, (bl_slice){tag, (size_t)size})) {
        reply->status = 304;
        return;
    }
    if (status->st_size > BR_FILE_SIZE_MAX ||
        !read_whole(fd, (size_t)status->st_size, &reply->text)) {
        br_reply_failure(reply, "a static file is too large, or could not be read");
        return;
    }
    bl_buffer_format(&reply->lines, "Content-Type: %s\r\n", type_of(name));
    reply->body = bl_buffer_slice(&reply->text);
}

bool br_file_reply(const br_file_path *path, const eng_request *request, br_reply *reply)
{
    struct stat status;
    br_reply_reset(reply);
    const char *name = path->name;
    int fd = open_file(path, &status, &name);
    if (fd < 0 && (errno == EXDEV || errno == ELOOP)) {
        br_reply_json(reply, 403, BL_SLICE("{\"error\":\"Forbidden\"}"));
        return true;
    }
    if (fd < 0) {
        return false;
    }
    reply_with(reply, fd, &status, name, eng_request_known(request, ENG_HEADER_IF_NONE_MATCH));
    close(fd);
    return true;
}
