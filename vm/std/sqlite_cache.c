// vm/std/sqlite_cache.c: see sqlite_cache.h for the design.
#include "vm/std/sqlite_cache.h"

#include <assert.h>

sqlite3_stmt *std_statement_find(std_statement_cache *cache, bl_slice sql)
{
    uint64_t hash = bl_slice_hash(sql);
    for (size_t i = 0; i < STD_STATEMENTS_MAX; i++) {
        std_cached_statement *place = &cache->places[i];
        if (place->hash == hash && place->statement != NULL && bl_slice_equal(place->sql, sql)) {
            place->used_at = ++cache->clock;
            return place->statement;
        }
    }
    return NULL;
}

static void drop(std_cached_statement *place)
{
    sqlite3_finalize(place->statement);
    bl_free((char *)(uintptr_t)place->sql.data);
    *place = (std_cached_statement){0};
}

// A free place, else the one that was not used for the longest time.
static std_cached_statement *oldest(std_statement_cache *cache)
{
    std_cached_statement *found = &cache->places[0];
    for (size_t i = 1; i < STD_STATEMENTS_MAX; i++) {
        if (cache->places[i].used_at < found->used_at) {
            found = &cache->places[i];
        }
    }
    return found;
}

static bool is_repeatable(bl_slice sql)
{
    static const char *const words[] = {"SELECT",   "INSERT",    "UPDATE", "DELETE", "REPLACE",
                                        "WITH",     "VALUES",    "BEGIN",  "COMMIT", "END",
                                        "ROLLBACK", "SAVEPOINT", "RELEASE"};
    size_t start = 0;
    while (start < sql.size && memchr(" \t\r\n", sql.data[start], 4) != NULL) {
        start += 1;
    }
    size_t end = start;
    while (end < sql.size && ((sql.data[end] | 0x20) >= 'a' && (sql.data[end] | 0x20) <= 'z')) {
        end += 1;
    }
    bl_slice word = {sql.data + start, end - start};
    for (size_t i = 0; i < BL_ARRAY_COUNT(words); i++) {
        if (bl_slice_equal_nocase(word, bl_slice_of(words[i]))) {
            return true;
        }
    }
    return false;
}

bool std_statement_keep(std_statement_cache *cache, bl_slice sql, sqlite3_stmt *statement)
{
    assert(statement != NULL);
    if (sql.size > STD_STATEMENT_TEXT_MAX || !is_repeatable(sql)) {
        return false;
    }
    std_cached_statement *place = oldest(cache);
    drop(place);
    char *text = bl_alloc(sql.size + 1);
    memcpy(text, sql.data, sql.size);
    *place = (std_cached_statement){.statement = statement,
                                    .hash = bl_slice_hash(sql),
                                    .used_at = ++cache->clock,
                                    .sql = {text, sql.size}};
    return true;
}

void std_statement_reset(sqlite3_stmt *statement)
{
    (void)sqlite3_reset(statement); // The error of the last step, which has been reported.
    sqlite3_clear_bindings(statement);
}

void std_statements_drop(std_statement_cache *cache)
{
    for (size_t i = 0; i < STD_STATEMENTS_MAX; i++) {
        drop(&cache->places[i]);
    }
}
