// vm/std/sqlite.c: the module Sqlite.
//
// The process has one current connection, which all threads share, one statement at a time. From
// BEGIN to its end a transaction belongs to the task that began it: others wait up to 5 s and then
// get "database is locked"; what a task leaves open is rolled back when it ends. `:memory:` is so
// one database for all cores, too.
#include "vm/std/sqlite.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "vm/std/modules.h"
#include "vm/std/row.h"
#include "vm/std/sqlite_cache.h"
#include "vm/std/std.h"
#include "vm/std/text.h"
#include "vm/vm.h"

enum { WAIT_MAX_MS = 5000 };

static const char source[] =
    "fn query_map(sql: Unknown, params: Unknown, f: Unknown) -> Unknown =\n"
    "  List.map(Sqlite.query!(sql, params), f)\n"
    "fn query_as(kind: Unknown, sql: Unknown, params: Unknown) -> Unknown =\n"
    "  List.map(Sqlite.query!(sql, params), |row| Row.decode(row, kind))\n"
    "fn query_one_as(kind: Unknown, sql: Unknown, params: Unknown) -> Unknown =\n"
    "  Option.map(Sqlite.query_one!(sql, params), |row| Row.decode(row, kind))\n";

static struct {
    pthread_mutex_t lock; // Of the owner; never held while SQLite works.
    pthread_cond_t freed;
    vm_task *owner;                 // Runs a statement, or has a transaction open.
    sqlite3 *connection;            // Only for the owner, as all that follows.
    std_statement_cache statements; // Of the connection.
} database = {.lock = PTHREAD_MUTEX_INITIALIZER, .freed = PTHREAD_COND_INITIALIZER};

// ---- ownership -------------------------------------------------------------------------------

static struct timespec wait_end(void)
{
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += WAIT_MAX_MS / 1000;
    return end;
}

// False: another task's transaction has lasted too long.
static bool acquire(vm_task *task)
{
    struct timespec end = wait_end();
    pthread_mutex_lock(&database.lock);
    int waited = 0;
    while (database.owner != NULL && database.owner != task && waited != ETIMEDOUT) {
        waited = pthread_cond_timedwait(&database.freed, &database.lock, &end);
    }
    bool is_free = database.owner == NULL || database.owner == task;
    if (is_free) {
        database.owner = task;
    }
    pthread_mutex_unlock(&database.lock);
    return is_free;
}

static void give_up(void)
{
    pthread_mutex_lock(&database.lock);
    database.owner = NULL;
    pthread_cond_signal(&database.freed);
    pthread_mutex_unlock(&database.lock);
}

// The task has ended.
static void roll_back(vm_task *task)
{
    pthread_mutex_lock(&database.lock);
    bool is_open = database.owner == task;
    pthread_mutex_unlock(&database.lock);
    if (is_open) {
        if (database.connection != NULL && sqlite3_get_autocommit(database.connection) == 0) {
            sqlite3_exec(database.connection, "ROLLBACK", NULL, NULL, NULL);
        }
        give_up();
    }
}

// After a statement: keeps the database only for an open transaction.
static void release(vm_task *task)
{
    if (database.connection != NULL && sqlite3_get_autocommit(database.connection) == 0) {
        vm_task_on_end(task, roll_back);
    } else {
        give_up();
    }
}

bool std_sqlite_is_connected(void)
{
    return database.connection != NULL;
}

// ---- running ---------------------------------------------------------------------------------

// One call of a native: what it is called in messages, and the message when it fails.
typedef struct statement_run {
    const char *what; // "query" or "execute".
    char *message;
    size_t message_size;
} statement_run;

static bool refuse(const statement_run *run, const char *reason)
{
    snprintf(run->message, run->message_size, "SQLite %s: %s", run->what, reason);
    return false;
}

// Syntax and the like come with their place in the text.
static bool refuse_sqlite(const statement_run *run, bl_slice sql)
{
    sqlite3 *connection = database.connection;
    int offset = sqlite3_error_offset(connection);
    if (offset < 0) {
        return refuse(run, sqlite3_errmsg(connection));
    }
    snprintf(run->message, run->message_size, "SQLite %s: %s in %.*s at offset %d", run->what,
             sqlite3_errmsg(connection), BL_SLICE_ARG(sql), offset);
    return false;
}

static bool bind_params(const statement_run *run, sqlite3_stmt *statement, const vm_list *params)
{
    uint32_t count = params != NULL ? params->size : 0;
    int needed = sqlite3_bind_parameter_count(statement);
    if ((int64_t)count != needed) {
        char reason[96];
        snprintf(reason, sizeof(reason),
                 "Wrong number of parameters passed to query. Got %u, needed %d", count, needed);
        return refuse(run, reason);
    }
    for (uint32_t i = 0; i < count; i++) {
        bl_slice text = vm_text(vm_list_items(params)[i]);
        sqlite3_bind_text64(statement, (int)i + 1, text.data, text.size, SQLITE_STATIC,
                            SQLITE_UTF8); // The statement is reset before the params may go.
    }
    return true;
}

// The first statement of *sql, which moves behind it; *statement is NULL if nothing but blanks and
// comments is left.
static bool prepare(const statement_run *run, bl_slice *sql, sqlite3_stmt **statement)
{
    const char *rest = NULL;
    *statement = NULL;
    if (database.connection == NULL) {
        return refuse(run, "no connection (call Sqlite.connect! first)");
    }
    if (sqlite3_prepare_v2(database.connection, sql->data, (int)sql->size, statement, &rest) !=
        SQLITE_OK) {
        return refuse_sqlite(run, *sql);
    }
    size_t used = rest != NULL ? (size_t)(rest - sql->data) : sql->size;
    *sql = (bl_slice){sql->data + used, sql->size - used};
    return true;
}

// Whether nothing but blanks and comments is left.
static bool is_all(const statement_run *run, bl_slice rest)
{
    sqlite3_stmt *more = NULL;
    bool is_prepared = prepare(run, &rest, &more);
    bool is_empty = is_prepared && more == NULL;
    sqlite3_finalize(more);
    return is_empty || refuse(run, "Multiple statements provided");
}

// A statement in use, and where it goes afterwards.
typedef struct open_statement {
    sqlite3_stmt *statement; // NULL: the text holds none.
    bool is_cached;
} open_statement;

static void close_statement(open_statement *self)
{
    if (self->is_cached) {
        std_statement_reset(self->statement);
    } else {
        sqlite3_finalize(self->statement);
    }
}

// The statement that the text shall be alone.
static bool open_single(const statement_run *run, bl_slice sql, open_statement *self)
{
    bl_slice rest = sql;
    *self = (open_statement){.statement = std_statement_find(&database.statements, sql)};
    if (self->statement != NULL) {
        self->is_cached = true;
        return true;
    }
    if (!prepare(run, &rest, &self->statement)) {
        return false;
    }
    if (self->statement != NULL && !is_all(run, rest)) {
        close_statement(self);
        return false;
    }
    self->is_cached =
        self->statement != NULL && std_statement_keep(&database.statements, sql, self->statement);
    return true;
}

// Runs a statement that shall give no rows; *changes: rows that it changed.
static bool step_execute(const statement_run *run, sqlite3_stmt *statement, bl_slice sql,
                         int64_t *changes)
{
    int64_t before = sqlite3_total_changes64(database.connection);
    int status = sqlite3_step(statement);
    if (status == SQLITE_ROW) {
        return refuse(run, "Execute returned results - did you mean to call query?");
    }
    if (status != SQLITE_DONE) {
        return refuse_sqlite(run, sql);
    }
    bool has_changed = sqlite3_total_changes64(database.connection) != before;
    *changes = has_changed ? sqlite3_changes64(database.connection) : 0;
    return true;
}

// One statement, with parameters or not.
static bool execute_single(const statement_run *run, bl_slice sql, const vm_list *params,
                           int64_t *changes)
{
    open_statement opened;
    if (!open_single(run, sql, &opened)) {
        return false;
    }
    bool is_done = opened.statement == NULL || (bind_params(run, opened.statement, params) &&
                                                step_execute(run, opened.statement, sql, changes));
    close_statement(&opened);
    return is_done;
}

static bool is_blank(bl_slice text)
{
    return std_trim(text).size == 0;
}

// Whether a semicolon stands before the end: there may be several statements.
static bool may_be_several(bl_slice sql)
{
    const char *end = sql.size == 0 ? NULL : memchr(sql.data, ';', sql.size);
    size_t used = end == NULL ? sql.size : (size_t)(end - sql.data) + 1;
    return !is_blank((bl_slice){sql.data + used, sql.size - used});
}

// Statements without parameters, which may follow each other.
static bool execute_all(const statement_run *run, bl_slice sql, int64_t *changes)
{
    for (;;) {
        sqlite3_stmt *statement;
        bl_slice whole = sql;
        if (!prepare(run, &sql, &statement)) {
            return false;
        }
        if (statement == NULL) {
            return true;
        }
        bool is_done =
            bind_params(run, statement, NULL) && step_execute(run, statement, whole, changes);
        sqlite3_finalize(statement);
        if (!is_done) {
            return false;
        }
    }
}

// ---- rows ------------------------------------------------------------------------------------

// Strings are UTF-8; a database may hold anything.
static vm_value make_text(vm_heap *heap, const unsigned char *bytes, int size)
{
    return std_string_lossy(heap, (bl_slice){(const char *)bytes, (size_t)size});
}

static vm_value make_cell(vm_heap *heap, sqlite3_stmt *statement, int column)
{
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
        return vm_int(sqlite3_column_int64(statement, column));
    case SQLITE_FLOAT:
        return vm_float(sqlite3_column_double(statement, column));
    case SQLITE_TEXT: {
        const unsigned char *text = sqlite3_column_text(statement, column);
        return make_text(heap, text, sqlite3_column_bytes(statement, column));
    }
    case SQLITE_BLOB:
        return std_row_blob(heap, (size_t)sqlite3_column_bytes(statement, column));
    default: // Not an enumeration of ours: SQLITE_NULL.
        return vm_unit();
    }
}

static vm_value make_names(vm_heap *heap, sqlite3_stmt *statement)
{
    int count = sqlite3_column_count(statement);
    vm_value names = vm_list_make(heap, (size_t)count);
    for (int i = 0; i < count; i++) {
        const char *name = sqlite3_column_name(statement, i);
        names = vm_list_push(heap, names, std_string_lossy(heap, bl_slice_of(name)));
    }
    return names;
}

static vm_value make_row(vm_heap *heap, sqlite3_stmt *statement, vm_value names)
{
    int count = sqlite3_column_count(statement);
    vm_value cells = vm_list_make(heap, (size_t)count);
    for (int i = 0; i < count; i++) {
        cells = vm_list_push(heap, cells, make_cell(heap, statement, i));
    }
    return std_row_make(heap, names, cells);
}

// Rows up to row_max of them are kept; the statement runs to its end all the same.
static bool step_query(const statement_run *run, vm_heap *heap, sqlite3_stmt *statement,
                       bl_slice sql, size_t row_max, vm_value *rows)
{
    vm_value names = vm_unit(); // Known after the first step: see sqlite_cache.h.
    *rows = vm_list_make(heap, 0);
    int status;
    while ((status = sqlite3_step(statement)) == SQLITE_ROW && !vm_heap_is_full(heap)) {
        if (names.tag == VM_UNIT) {
            names = make_names(heap, statement);
        }
        if (rows->list->size < row_max) {
            *rows = vm_list_push(heap, *rows, make_row(heap, statement, names));
        }
    }
    vm_drop(heap, names);
    if (status != SQLITE_DONE && status != SQLITE_ROW) { // A row: the heap is full.
        vm_drop(heap, *rows);
        return refuse_sqlite(run, sql);
    }
    return true;
}

static bool query_all(const statement_run *run, vm_heap *heap, bl_slice sql, const vm_list *params,
                      size_t row_max, vm_value *rows)
{
    open_statement opened;
    if (!open_single(run, sql, &opened)) {
        return false;
    }
    bool is_done = true;
    if (opened.statement == NULL) {
        *rows = vm_list_make(heap, 0);
    } else {
        is_done = bind_params(run, opened.statement, params) &&
                  step_query(run, heap, opened.statement, sql, row_max, rows);
    }
    close_statement(&opened);
    return is_done;
}

// ---- for the module Sql ----------------------------------------------------------------------

bool std_sqlite_run(vm_task *task, bl_slice sql, char *message, size_t message_size)
{
    statement_run run = {"execute", message, message_size};
    if (!acquire(task)) {
        return refuse(&run, "database is locked");
    }
    int64_t changes = 0;
    bool is_done = execute_all(&run, sql, &changes);
    release(task);
    return is_done;
}

bool std_sqlite_column(vm_task *task, bl_slice sql, vm_value *list, char *message,
                       size_t message_size)
{
    statement_run run = {"query", message, message_size};
    bl_slice rest = sql;
    sqlite3_stmt *statement;
    if (!acquire(task)) {
        return refuse(&run, "database is locked");
    }
    bool is_done = prepare(&run, &rest, &statement);
    if (is_done) {
        vm_heap *heap = vm_task_heap(task);
        *list = vm_list_make(heap, 0);
        while (sqlite3_step(statement) == SQLITE_ROW) {
            *list = vm_list_push(heap, *list, make_cell(heap, statement, 0));
        }
        sqlite3_finalize(statement);
    }
    release(task);
    return is_done;
}

// ---- natives ---------------------------------------------------------------------------------

// (sql, params) of the right kinds; else it has failed.
static vm_status check_args(vm_task *task, const char *name, const vm_value *args)
{
    if (!std_is_string(args[0]) || args[1].tag != VM_LIST) {
        return vm_fail(task, "%s: expected (String, List)", name);
    }
    for (uint32_t i = 0; i < args[1].list->size; i++) {
        if (!std_is_string(vm_list_items(args[1].list)[i])) {
            return vm_fail(task, "%s: param list must contain strings", name);
        }
    }
    return VM_OK;
}

static vm_status sqlite_connect(vm_task *task, vm_value *args, vm_value *result)
{
    if (!std_is_string(args[0])) {
        return vm_fail_type(task, "Sqlite.connect!", "String", args[0]);
    }
    bl_buffer path = {0};
    bl_buffer_append_slice(&path, vm_text(args[0]));
    bl_buffer_append_char(&path, 0);
    sqlite3 *opened = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX;
    int status = sqlite3_open_v2(path.data, &opened, flags, NULL);
    bl_buffer_deinit(&path);
    bool is_open = status == SQLITE_OK && acquire(task);
    if (!is_open) {
        vm_fail(task, "SQLite connect: %s: %.*s",
                status == SQLITE_OK ? "database is locked" : sqlite3_errmsg(opened),
                BL_SLICE_ARG(vm_text(args[0])));
        sqlite3_close_v2(opened);
        return VM_FAIL;
    }
    sqlite3_busy_timeout(opened, WAIT_MAX_MS);
    std_statements_drop(&database.statements);
    sqlite3_close_v2(database.connection);
    database.connection = opened;
    release(task);
    return std_give(result, vm_unit());
}

static vm_status sqlite_execute(vm_task *task, vm_value *args, vm_value *result)
{
    char message[512];
    statement_run run = {"execute", message, sizeof(message)};
    if (check_args(task, "Sqlite.execute!", args) != VM_OK) {
        return VM_FAIL;
    }
    if (!acquire(task)) {
        return vm_fail(task, "SQLite execute: database is locked");
    }
    int64_t changes = 0;
    bl_slice sql = vm_text(args[0]);
    bool is_single = args[1].list->size > 0 || !may_be_several(sql);
    bool is_done = is_single ? execute_single(&run, sql, args[1].list, &changes)
                             : execute_all(&run, sql, &changes);
    release(task);
    return is_done ? std_give(result, vm_int(changes)) : vm_fail(task, "%s", message);
}

static vm_status query(vm_task *task, const char *name, const vm_value *args, size_t row_max,
                       vm_value *rows)
{
    char message[512];
    statement_run run = {"query", message, sizeof(message)};
    if (check_args(task, name, args) != VM_OK) {
        return VM_FAIL;
    }
    if (!acquire(task)) {
        return vm_fail(task, "SQLite query: database is locked");
    }
    bool is_done =
        query_all(&run, vm_task_heap(task), vm_text(args[0]), args[1].list, row_max, rows);
    release(task);
    return is_done ? VM_OK : vm_fail(task, "%s", message);
}

static vm_status sqlite_query(vm_task *task, vm_value *args, vm_value *result)
{
    return query(task, "Sqlite.query!", args, SIZE_MAX, result);
}

static vm_status sqlite_query_one(vm_task *task, vm_value *args, vm_value *result)
{
    vm_value rows = vm_unit();
    if (query(task, "Sqlite.query_one!", args, 1, &rows) != VM_OK) {
        return VM_FAIL;
    }
    vm_heap *heap = vm_task_heap(task);
    *result = rows.list->size == 0 ? vm_none() : vm_some(heap, vm_dup(*vm_list_items(rows.list)));
    vm_drop(heap, rows);
    return VM_OK;
}

static vm_native natives[] = {
#include "vm/std/sqlite.def"
};

vm_module std_sqlite_module = {
    .name = "Sqlite",
    .alias = "sql",
    .effect = "Sqlite",
    .also_effect = "Db",
    .prelude = VM_PRELUDE_SERVER,
    .natives = natives,
    .native_count = BL_ARRAY_COUNT(natives),
    .source = source,
};
