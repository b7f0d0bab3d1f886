// vm/std/drivers.c: the modules Postgres and Mysql: their types, and calls that fail.
//
// Programs for these databases can be checked, and their handlers tested with effect handlers in
// place of the operations; a call that reaches the real thing says that no driver is here.
#include "vm/std/modules.h"
#include "vm/std/std.h"

#define ABSENT(function, name)                                                                     \
    static vm_status function(vm_task *task, vm_value *args, vm_value *result)                     \
    {                                                                                              \
        (void)args;   /* Never looked at. */                                                       \
        (void)result; /* Never set: this always fails. */                                          \
        return vm_fail(task, "%s: not supported by this build", name);                             \
    }

ABSENT(postgres_connect, "Postgres.connect!")
ABSENT(postgres_execute, "Postgres.execute!")
ABSENT(postgres_query, "Postgres.query!")
ABSENT(postgres_query_one, "Postgres.query_one!")
ABSENT(postgres_query_map, "Postgres.query_map!")
ABSENT(postgres_query_as, "Postgres.query_as!")
ABSENT(postgres_query_one_as, "Postgres.query_one_as!")
ABSENT(mysql_connect, "Mysql.connect!")
ABSENT(mysql_execute, "Mysql.execute!")
ABSENT(mysql_query, "Mysql.query!")
ABSENT(mysql_query_one, "Mysql.query_one!")
ABSENT(mysql_query_map, "Mysql.query_map!")
ABSENT(mysql_query_as, "Mysql.query_as!")
ABSENT(mysql_query_one_as, "Mysql.query_one_as!")

static vm_native postgres_natives[] = {
#include "vm/std/postgres.def"
};

static vm_native mysql_natives[] = {
#include "vm/std/mysql.def"
};

vm_module std_postgres_module = {
    .name = "Postgres",
    .alias = "pg",
    .effect = "Postgres",
    .also_effect = "Db",
    .prelude = VM_PRELUDE_SERVER,
    .natives = postgres_natives,
    .native_count = BL_ARRAY_COUNT(postgres_natives),
};

vm_module std_mysql_module = {
    .name = "Mysql",
    .alias = "my",
    .effect = "Mysql",
    .also_effect = "Db",
    .prelude = VM_PRELUDE_SERVER,
    .natives = mysql_natives,
    .native_count = BL_ARRAY_COUNT(mysql_natives),
};
