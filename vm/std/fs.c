// vm/std/fs.c: the module Fs.
//
// With a sandbox each path is resolved first (links too, as far as it exists) and must then lie
// below the sandbox's real path; the resolved path is what is opened, without following a link in
// its last place, so that a link put there in between leads nowhere.
#include "vm/std/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vm/std/modules.h"
#include "vm/std/std.h"
#include "vm/std/text.h"

enum { READ_CHUNK_SIZE = 64 * 1024 };

static const char source[] = "fn with_file(path: Unknown, f: Unknown) -> Unknown =\n"
                             "  f(Fs.internal_check(path))\n";

static char *sandbox_root; // Real path without a final slash, or NULL.

bool std_fs_set_sandbox(const char *directory)
{
    char real[PATH_MAX];
    if (realpath(directory, real) == NULL) {
        return false;
    }
    size_t size = strlen(real);
    sandbox_root = bl_alloc(size + 1);
    memcpy(sandbox_root, real, size + 1);
    if (size == 1) {
        sandbox_root[0] = 0; // The root directory: every path is below it.
    }
    return true;
}

// ---- failures --------------------------------------------------------------------------------

static vm_status fail_path(vm_task *task, const char *name, vm_value path, const char *reason)
{
    return vm_fail(task, "%s: failed for \"%.*s\": %s", name, BL_SLICE_ARG(vm_text(path)), reason);
}

static vm_status fail_system(vm_task *task, const char *name, vm_value path, int error)
{
    char buffer[128];
    return vm_fail(task, "%s: failed for \"%.*s\": %s (os error %d)", name,
                   BL_SLICE_ARG(vm_text(path)), strerror_r(error, buffer, sizeof(buffer)), error);
}

// ---- paths -----------------------------------------------------------------------------------

typedef struct file_path {
    char text[PATH_MAX];
} file_path;

static bool is_below_root(const char *path)
{
    size_t size = strlen(sandbox_root);
    return strncmp(path, sandbox_root, size) == 0 && (path[size] == '/' || path[size] == 0);
}

static bool has_parent_step(const char *rest)
{
    for (const char *at = rest; (at = strstr(at, "..")) != NULL; at += 2) {
        if ((at == rest || at[-1] == '/') && (at[2] == '/' || at[2] == 0)) {
            return true;
        }
    }
    return false;
}

// Resolves as much of path as exists and puts the rest behind it. False: it escapes, or errno.
static bool resolve(const char *path, file_path *out)
{
    char head[PATH_MAX];
    snprintf(head, sizeof(head), "%s", path);
    size_t cut = strlen(head);
    while (realpath(head, out->text) == NULL) {
        while (cut > 0 && head[cut - 1] != '/') {
            cut -= 1;
        }
        while (cut > 1 && head[cut - 1] == '/') {
            cut -= 1;
        }
        if (errno != ENOENT || cut == 0) {
            return false;
        }
        head[cut] = 0;
    }
    const char *rest = path + cut;
    size_t size = strlen(out->text);
    if (*rest == 0) {
        return is_below_root(out->text);
    }
    if (has_parent_step(rest) || size + strlen(rest) + 2 > sizeof(out->text)) {
        return false;
    }
    snprintf(out->text + size, sizeof(out->text) - size, "%s%s", *rest == '/' ? "" : "/", rest);
    return is_below_root(out->text);
}

bool std_fs_allows(const char *path)
{
    file_path full;
    file_path resolved;
    if (sandbox_root == NULL) {
        return true;
    }
    int size = snprintf(full.text, sizeof(full.text), "%s%s%s", *path == '/' ? "" : sandbox_root,
                        *path == '/' ? "" : "/", path);
    return size < (int)sizeof(full.text) && resolve(full.text, &resolved);
}

// Where to find the file of args[0]; else it has failed.
static vm_status locate(vm_task *task, const char *name, vm_value path, file_path *out)
{
    if (!std_is_string(path)) {
        return vm_fail_type(task, name, "String", path);
    }
    bl_slice text = vm_text(path);
    if (text.size > 0 && memchr(text.data, 0, text.size) != NULL) {
        return fail_path(task, name, path, "file name contained an unexpected NUL byte");
    }
    size_t root_size = sandbox_root != NULL ? strlen(sandbox_root) + 1 : 0;
    if (text.size + root_size >= sizeof(out->text)) {
        return fail_system(task, name, path, ENAMETOOLONG);
    }
    if (sandbox_root == NULL) {
        snprintf(out->text, sizeof(out->text), "%.*s", BL_SLICE_ARG(text));
        return VM_OK;
    }
    file_path full;
    bool is_absolute = text.size > 0 && text.data[0] == '/';
    snprintf(full.text, sizeof(full.text), "%s%s%.*s", is_absolute ? "" : sandbox_root,
             is_absolute ? "" : "/", BL_SLICE_ARG(text));
    if (!resolve(full.text, out)) {
        return vm_fail(task, "Fs sandbox: path \"%.*s\" escapes sandbox root", BL_SLICE_ARG(text));
    }
    return VM_OK;
}

static int open_file(const file_path *path, int flags)
{
    int no_follow = sandbox_root != NULL ? O_NOFOLLOW : 0;
    int fd;
    do {
        fd = open(path->text, flags | no_follow | O_CLOEXEC, 0666);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

// ---- reading and writing ---------------------------------------------------------------------

// Everything up to the end of the file, at most what the heap can hold. 0, or errno.
static int read_all(vm_task *task, int fd, bl_buffer *out)
{
    for (;;) {
        if (!vm_heap_can_hold(vm_task_heap(task), out->size + READ_CHUNK_SIZE)) {
            return EFBIG;
        }
        char *room = bl_buffer_reserve(out, READ_CHUNK_SIZE);
        ssize_t count = read(fd, room, READ_CHUNK_SIZE);
        if (count == 0) {
            return 0;
        }
        if (count > 0) {
            out->size += (size_t)count;
        } else if (errno != EINTR) {
            return errno;
        }
    }
}

static vm_status fs_read(vm_task *task, vm_value *args, vm_value *result)
{
    static const char name[] = "Fs.read_file!";
    file_path path;
    if (locate(task, name, args[0], &path) != VM_OK) {
        return VM_FAIL;
    }
    int fd = open_file(&path, O_RDONLY);
    if (fd < 0) {
        return fail_system(task, name, args[0], errno);
    }
    bl_buffer content = {0};
    int error = read_all(task, fd, &content);
    close(fd);
    vm_status status = VM_OK;
    if (error != 0) {
        status = fail_system(task, name, args[0], error);
    } else if (!bl_utf8_is_valid(bl_buffer_slice(&content))) {
        status = fail_path(task, name, args[0], "stream did not contain valid UTF-8");
    } else {
        *result = vm_string_slice(vm_task_heap(task), bl_buffer_slice(&content));
    }
    bl_buffer_deinit(&content);
    return status;
}

// 0, or errno.
static int write_all(int fd, bl_slice text)
{
    while (text.size > 0) {
        ssize_t count = write(fd, text.data, text.size);
        if (count >= 0) {
            text = (bl_slice){text.data + count, text.size - (size_t)count};
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

static vm_status fs_write(vm_task *task, vm_value *args, vm_value *result)
{
    static const char name[] = "Fs.write_file!";
    file_path path;
    if (!std_is_string(args[0]) || !std_is_string(args[1])) {
        return vm_fail(task, "%s: expected (String, String)", name);
    }
    if (locate(task, name, args[0], &path) != VM_OK) {
        return VM_FAIL;
    }
    int fd = open_file(&path, O_WRONLY | O_CREAT | O_TRUNC);
    if (fd < 0) {
        return fail_system(task, name, args[0], errno);
    }
    int error = write_all(fd, vm_text(args[1]));
    if (close(fd) != 0 && error == 0) {
        error = errno; // A full disk may show only here.
    }
    *result = vm_unit();
    return error == 0 ? VM_OK : fail_system(task, name, args[0], error);
}

// ---- directories -----------------------------------------------------------------------------

static vm_status fs_exists(vm_task *task, vm_value *args, vm_value *result)
{
    file_path path;
    struct stat status;
    if (locate(task, "Fs.exists!", args[0], &path) != VM_OK) {
        return VM_FAIL;
    }
    return std_give(result, vm_bool(stat(path.text, &status) == 0));
}

static vm_value list_names(vm_heap *heap, DIR *directory)
{
    vm_value list = vm_list_make(heap, 16);
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        bl_slice name = bl_slice_of(entry->d_name);
        bool is_itself = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
        if (!is_itself && bl_utf8_is_valid(name)) { // No other name could be given back to us.
            list = vm_list_push(heap, list, vm_string_slice(heap, name));
        }
    }
    return list;
}

static vm_status fs_list_dir(vm_task *task, vm_value *args, vm_value *result)
{
    static const char name[] = "Fs.list_dir!";
    file_path path;
    if (locate(task, name, args[0], &path) != VM_OK) {
        return VM_FAIL;
    }
    DIR *directory = opendir(path.text);
    if (directory == NULL) {
        return fail_system(task, name, args[0], errno);
    }
    *result = list_names(vm_task_heap(task), directory);
    closedir(directory);
    return VM_OK;
}

static vm_status fs_delete(vm_task *task, vm_value *args, vm_value *result)
{
    static const char name[] = "Fs.delete!";
    file_path path;
    if (locate(task, name, args[0], &path) != VM_OK) {
        return VM_FAIL;
    }
    if (unlink(path.text) != 0) {
        return fail_system(task, name, args[0], errno);
    }
    return std_give(result, vm_unit());
}

// The handle that with_file hands out is the path itself, and reads open the file again: so there
// is no descriptor to keep while the callback runs, nor to lose when it fails.
static vm_status fs_internal_check(vm_task *task, vm_value *args, vm_value *result)
{
    static const char name[] = "Fs.with_file!";
    file_path path;
    if (locate(task, name, args[0], &path) != VM_OK) {
        return VM_FAIL;
    }
    int fd = open_file(&path, O_RDONLY | O_NONBLOCK);
    if (fd < 0) {
        char buffer[128];
        int error = errno;
        return vm_fail(task, "%s: failed to open file: %s (os error %d)", name,
                       strerror_r(error, buffer, sizeof(buffer)), error);
    }
    close(fd);
    return std_give(result, vm_dup(args[0]));
}

static vm_native natives[] = {
#include "vm/std/fs.def"
};

vm_module std_fs_module = {
    .name = "Fs",
    .alias = "fs",
    .effect = "Fs",
    .prelude = VM_PRELUDE_SCRIPT,
    .natives = natives,
    .native_count = BL_ARRAY_COUNT(natives),
    .source = source,
};
