// vm/std/sqlite_cache.h: prepared statements of one connection, by their text.
//
// Preparing costs more than running most statements. The cache holds the last ones used; a
// statement in it is always reset, so that it holds no lock and no parameter. SQLite prepares a
// statement again by itself when the schema has changed: names and number of its columns are
// known after its first step only.
//
// Not locked: it belongs to whoever may use the connection.
#ifndef VM_STD_SQLITE_CACHE_H
#define VM_STD_SQLITE_CACHE_H

#include <sqlite3.h>

#include "alloc/alloc.h"

enum {
    STD_STATEMENTS_MAX = 64,       // More texts than a program has; each takes some KiB.
    STD_STATEMENT_TEXT_MAX = 4096, // Longer ones are made by programs, not written.
};

typedef struct std_cached_statement {
    sqlite3_stmt *statement; // NULL: the place is free.
    uint64_t hash;
    uint64_t used_at; // The cache's clock at its last use.
    bl_slice sql;     // Owned.
} std_cached_statement;

typedef struct std_statement_cache {
    std_cached_statement places[STD_STATEMENTS_MAX];
    uint64_t clock;
} std_statement_cache;

// The statement of this text, NULL if there is none. To be given back with std_statement_reset.
sqlite3_stmt *std_statement_find(std_statement_cache *cache, bl_slice sql);
// Takes a statement that is all of its text into the cache. False: the text is too long, or begins
// with another word than those of data and transactions (a PRAGMA may act when it is prepared);
// the statement is the caller's then.
bool std_statement_keep(std_statement_cache *cache, bl_slice sql, sqlite3_stmt *statement);
// After each use: gives up locks and parameters.
void std_statement_reset(sqlite3_stmt *statement);
// Before the connection is closed.
void std_statements_drop(std_statement_cache *cache);

#endif
