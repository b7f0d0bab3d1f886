// vm/std/sql.c: the module Sql: migrations.
//
// Each file and the record that it has run are one transaction, unless the file has a BEGIN of its
// own: a file that fails leaves nothing behind.
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "vm/std/fs.h"
#include "vm/std/modules.h"
#include "vm/std/sqlite.h"
#include "vm/std/std.h"
#include "vm/std/text.h"

enum { MESSAGE_SIZE = 600 };

static vm_value error_text(vm_heap *heap, const char *format, const char *a, const char *b)
{
    bl_buffer text = {0};
    bl_buffer_append_slice(&text, bl_slice_of(format));
    if (a != NULL) {
        bl_buffer_append_slice(&text, bl_slice_of(a));
    }
    if (b != NULL) {
        bl_buffer_append_slice(&text, bl_slice_of(b));
    }
    vm_value made = vm_err(heap, std_string_lossy(heap, bl_buffer_slice(&text)));
    bl_buffer_deinit(&text);
    return made;
}

// ---- files -----------------------------------------------------------------------------------

typedef struct file_list {
    char **names; // Sorted by bytes.
    size_t count;
} file_list;

static int is_migration(const struct dirent *entry)
{
    size_t size = strlen(entry->d_name);
    return size > 4 && strcmp(entry->d_name + size - 4, ".sql") == 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

// 0, or errno.
static int list_files(const char *directory, bl_arena *arena, file_list *files)
{
    DIR *opened = opendir(directory);
    if (opened == NULL) {
        return errno;
    }
    bl_buffer names = {0};
    const struct dirent *entry;
    while ((entry = readdir(opened)) != NULL) {
        if (is_migration(entry)) {
            char *name = bl_arena_copy(arena, entry->d_name, strlen(entry->d_name));
            bl_buffer_append(&names, (const char *)&name, sizeof(name));
        }
    }
    closedir(opened);
    files->count = names.size / sizeof(char *);
    files->names = bl_arena_alloc(arena, names.size + sizeof(char *));
    if (names.size > 0) {
        memcpy(files->names, names.data, names.size);
        qsort(files->names, files->count, sizeof(char *), compare_names);
    }
    bl_buffer_deinit(&names);
    return 0;
}

// False: errno.
static bool read_file(const char *path, bl_buffer *content)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        return false;
    }
    size_t count;
    do {
        char *room = bl_buffer_reserve(content, 65536);
        count = fread(room, 1, 65536, file);
        content->size += count;
    } while (count > 0);
    bool is_read = ferror(file) == 0;
    fclose(file);
    return is_read;
}

// ---- applying --------------------------------------------------------------------------------

// Whether a statement of the file begins with BEGIN; words in texts and comments may be mistaken
// for one, which only costs the transaction around the file.
static bool has_begin(bl_slice sql)
{
    bool is_at_start = true;
    for (size_t i = 0; i < sql.size; i++) {
        char c = sql.data[i];
        if (is_at_start && sql.size - i >= 5 &&
            bl_slice_equal_nocase((bl_slice){sql.data + i, 5}, BL_SLICE("begin"))) {
            char next = sql.size - i > 5 ? sql.data[i + 5] : ';';
            if (next == ';' || next == ' ' || next == '\n' || next == '\t' || next == '\r') {
                return true;
            }
        }
        bool is_blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
        is_at_start = c == ';' || (is_at_start && is_blank);
    }
    return false;
}

static void append_record(bl_buffer *sql, const char *name)
{
    bl_buffer_append_slice(sql, BL_SLICE("INSERT INTO _migrations (name, applied_at) VALUES ('"));
    for (const char *at = name; *at != 0; at++) {
        bl_buffer_append(sql, "''", *at == '\'' ? 2 : 0);
        if (*at != '\'') {
            bl_buffer_append_char(sql, *at);
        }
    }
    bl_buffer_append_slice(sql, BL_SLICE("', datetime('now'))"));
}

static bool run(vm_task *task, const char *sql, char *message)
{
    return std_sqlite_run(task, bl_slice_of(sql), message, MESSAGE_SIZE);
}

static bool apply(vm_task *task, const char *name, bl_slice sql, char *message)
{
    char ignored[MESSAGE_SIZE];
    bool is_ours = !has_begin(sql);
    if (is_ours && !run(task, "BEGIN", message)) {
        return false;
    }
    bl_buffer record = {0};
    append_record(&record, name);
    bool is_applied = std_sqlite_run(task, sql, message, MESSAGE_SIZE) &&
                      std_sqlite_run(task, bl_buffer_slice(&record), message, MESSAGE_SIZE);
    bl_buffer_deinit(&record);
    if (is_applied && is_ours) {
        is_applied = run(task, "COMMIT", message);
    }
    if (!is_applied) {
        run(task, "ROLLBACK", ignored); // Fails if the file has ended its own: nothing is open.
    }
    return is_applied;
}

static bool is_recorded(vm_value applied, const char *name)
{
    const vm_value *names = vm_list_items(applied.list);
    for (uint32_t i = 0; i < applied.list->size; i++) {
        if (std_is_string(names[i]) && bl_slice_equal(vm_text(names[i]), bl_slice_of(name))) {
            return true;
        }
    }
    return false;
}

// Applies what is new. False: *problem is the Err.
static bool apply_files(vm_task *task, const char *directory, const file_list *files,
                        vm_value applied, int64_t *count, vm_value *problem)
{
    vm_heap *heap = vm_task_heap(task);
    for (size_t i = 0; i < files->count; i++) {
        if (is_recorded(applied, files->names[i])) {
            continue;
        }
        char message[MESSAGE_SIZE];
        bl_buffer path = {0};
        bl_buffer content = {0};
        bl_buffer_format(&path, "%s/%s", directory, files->names[i]);
        bl_buffer_append_char(&path, 0);
        bool is_read = read_file(path.data, &content);
        bool is_applied =
            is_read && apply(task, files->names[i], bl_buffer_slice(&content), message);
        if (!is_applied) {
            bl_buffer reason = {0};
            bl_buffer_format(&reason, "%s failed: %s", files->names[i],
                             is_read ? message : "the file cannot be read");
            bl_buffer_append_char(&reason, 0);
            *problem = error_text(heap, "Migration ", reason.data, NULL);
            bl_buffer_deinit(&reason);
        }
        bl_buffer_deinit(&content);
        bl_buffer_deinit(&path);
        if (!is_applied) {
            return false;
        }
        *count += 1;
    }
    return true;
}

static vm_value migrate(vm_task *task, const char *directory, bl_arena *arena)
{
    static const char create[] =
        "CREATE TABLE IF NOT EXISTS _migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, "
        "name TEXT NOT NULL UNIQUE, applied_at TEXT NOT NULL)";
    static const char create_failed[] = "Failed to create _migrations table: ";
    vm_heap *heap = vm_task_heap(task);
    char message[MESSAGE_SIZE];
    if (!std_sqlite_is_connected()) {
        return error_text(heap, create_failed,
                          "No database backend connected (call Sqlite.connect!, "
                          "Postgres.connect!, etc. first)",
                          NULL);
    }
    if (!run(task, create, message)) {
        return error_text(heap, create_failed, message, NULL);
    }
    file_list files = {0};
    int error = list_files(directory, arena, &files);
    if (error != 0) {
        char reason[160];
        char buffer[128];
        snprintf(reason, sizeof(reason), "': %s (os error %d)",
                 strerror_r(error, buffer, sizeof(buffer)), error);
        return error_text(heap, "Cannot read migration directory '", directory, reason);
    }
    vm_value applied;
    if (!std_sqlite_column(task, BL_SLICE("SELECT name FROM _migrations"), &applied, message,
                           sizeof(message))) {
        return error_text(heap, create_failed, message, NULL);
    }
    int64_t count = 0;
    vm_value problem;
    bool is_done = apply_files(task, directory, &files, applied, &count, &problem);
    vm_drop(heap, applied);
    return is_done ? vm_ok(heap, vm_int(count)) : problem;
}

static vm_status sql_migrate(vm_task *task, vm_value *args, vm_value *result)
{
    if (!std_is_string(args[0])) {
        return vm_fail_type(task, "Sql.migrate!", "String", args[0]);
    }
    bl_arena arena;
    bl_arena_init(&arena, 0);
    bl_slice directory = vm_text(args[0]);
    char *path = bl_arena_copy(&arena, directory.data, directory.size);
    if (std_fs_allows(path)) {
        *result = migrate(task, path, &arena);
    } else {
        *result = vm_unit();
        vm_fail(task, "Fs sandbox: path \"%s\" escapes sandbox root", path);
    }
    bool is_allowed = result->tag != VM_UNIT;
    bl_arena_deinit(&arena);
    return is_allowed ? VM_OK : VM_FAIL;
}

static vm_native natives[] = {
#include "vm/std/sql.def"
};

vm_module std_sql_module = {
    .name = "Sql",
    .effect = "Sql",
    .also_effect = "Db",
    .prelude = VM_PRELUDE_SERVER,
    .natives = natives,
    .native_count = BL_ARRAY_COUNT(natives),
};
