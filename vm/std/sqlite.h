// vm/std/sqlite.h: the current SQLite connection, for the module Sql.
#ifndef VM_STD_SQLITE_H
#define VM_STD_SQLITE_H

#include "vm/library.h"

bool std_sqlite_is_connected(void);
// Statements without parameters and rows, one after the other. False: *message (of message_size
// bytes) says why, as Sqlite.execute! would; what ran before stays.
bool std_sqlite_run(vm_task *task, bl_slice sql, char *message, size_t message_size);
// The first column of each row, as Strings. False as above.
bool std_sqlite_column(vm_task *task, bl_slice sql, vm_value *list, char *message,
                       size_t message_size);

#endif
