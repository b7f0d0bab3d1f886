// tests/vm/std/test_system.c: DateTime, Crypto, Random, Env, Fs, Weak, Sqlite.
#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

#include "harness.h"
#include "vm/std/fs.h"
#include "vm/std/json.h"

Test(std_system, date_times)
{
    static const std_row rows[] = {
        {"DateTime.parse", "[\"2024-01-15T12:00:00Z\"]", "Ok(1705320000000)"},
        {"DateTime.parse", "[\"2024-02-29 23:59:60.1239z\"]", "Ok(1709251200123)"},
        {"DateTime.parse", "[\"1969-12-31t23:59:59.999+00:00\"]", "Ok(-1)"},
        {"DateTime.parse", "[\"2024-01-15T12:00:00+05:30\"]", "Ok(1705300200000)"},
        {"DateTime.parse", "[\"0000-01-01T00:00:00Z\"]", "Ok(-62167219200000)"},
        {"DateTime.parse", "[\"2023-02-29T00:00:00Z\"]", "Err(input is out of range)"},
        {"DateTime.parse", "[\"2023-13-01T00:00:00Z\"]", "Err(input is out of range)"},
        {"DateTime.parse", "[\"2023-01-01T24:00:00Z\"]", "Err(input is out of range)"},
        {"DateTime.parse", "[\"2023-01-01T00:00:00+24:00\"]", "Err(input is out of range)"},
        {"DateTime.parse", "[\"2023-01-01\"]", "Err(premature end of input)"},
        {"DateTime.parse", "[\"2023-01-01T00:00:00\"]", "Err(premature end of input)"},
        {"DateTime.parse", "[\"2023-1-01T00:00:00Z\"]", "Err(input contains invalid characters)"},
        {"DateTime.parse", "[\"2023-01-01T00:00:00.Z\"]", "Err(input contains invalid characters)"},
        {"DateTime.parse", "[\"2023-01-01T00:00:00Zx\"]", "Err(trailing input)"},
        {"DateTime.to_string", "[1705320000000]", "2024-01-15T12:00:00+00:00"},
        {"DateTime.to_string", "[-1]", "1969-12-31T23:59:59.999+00:00"},
        {"DateTime.to_string", "[253402300800000]", "+10000-01-01T00:00:00+00:00"},
        {"DateTime.to_string", "[-62198755200000]", "-0001-01-01T00:00:00+00:00"},
        {"DateTime.to_string", "[9223372036854775807]",
         "!DateTime.to_string: invalid epoch ms 9223372036854775807"},
        {"DateTime.add", "[1000, -2]", "-1000"},
        {"DateTime.add", "[1000, 9223372036854775807]", "!Integer overflow in DateTime.add"},
        {"DateTime.add", "[1000, \"x\"]", "!DateTime.add: expected (Int, Int)"},
        {"DateTime.diff", "[5999, 1000]", "4"},
        {"DateTime.diff", "[1000, 5999]", "-4"},
        {"DateTime.diff", "[1, -1]", "0"},
        {"DateTime.diff", "[9223372036854775807, -9223372036854775808]", "18446744073709551"},
    };
    std_check_rows(rows, BL_ARRAY_COUNT(rows));
}

Test(std_system, date_times_round_trip)
{
    std_fixture self;
    std_open(&self);
    vm_heap *heap = vm_task_heap(self.task);
    uint64_t state = 3;
    for (int i = 0; i < 3000; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        int64_t instant = (int64_t)(state >> 18) % 253402300800000 * (i % 2 == 0 ? 1 : -1);
        instant = instant < -62167219200000 ? -instant / 5 : instant;
        const char *message;
        vm_value text =
            std_call(&self, "DateTime.to_string", (vm_value[]){vm_int(instant)}, 1, &message);
        vm_value parsed = std_call(&self, "DateTime.parse", &text, 1, &message);
        cr_assert(vm_is_ctor(parsed, VM_CTOR_OK), "%ld", instant);
        cr_assert_eq(parsed.variant->items[0].integer, instant);
        vm_drop(heap, parsed);
    }
    std_close(&self, "round trip");
}

Test(std_system, crypto)
{
    static const std_row rows[] = {
        {"Crypto.sha256", "[\"abc\"]",
         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"Crypto.sha256", "[\"\"]",
         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        // RFC 4231, test case 2.
        {"Crypto.hmac_sha256", "[\"Jefe\", \"what do ya want for nothing?\"]",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {"Crypto.hmac_sha256", "[\"\", \"\"]",
         "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
        {"Crypto.constant_time_eq", "[\"ab\", \"ab\"]", "true"},
        {"Crypto.constant_time_eq", "[\"ab\", \"abc\"]", "false"},
        {"Random.int", "[5, 1]", "!Random.int!: min (5) > max (1)"},
        {"Random.int", "[7, 7]", "7"},
        {"Random.bytes", "[1025]", "!Random.bytes!: n must be 0..1024, got 1025"},
        {"Random.bytes", "[0]", ""},
        {"Weak.downgrade", "[5]",
         "!Weak.downgrade: expected a heap-allocated value (not Int, Bool, etc.)"},
        {"Weak.upgrade", "[5]", "!Weak.upgrade: expected Weak, got 5"},
        {"Env.get", "[\"NO_SUCH_VARIABLE=\"]", "None"},
        {"Env.set", "[\"A\", 1]", "!Env.set!: expected (String, String)"},
    };
    std_check_rows(rows, BL_ARRAY_COUNT(rows));
}

Test(std_system, randomness_covers_its_range)
{
    std_fixture self;
    std_open(&self);
    const char *message;
    int seen[5] = {0};
    for (int i = 0; i < 500; i++) {
        vm_value bounds[2] = {vm_int(-2), vm_int(2)};
        vm_value drawn = std_call(&self, "Random.int", bounds, 2, &message);
        cr_assert(drawn.integer >= -2 && drawn.integer <= 2);
        seen[drawn.integer + 2] += 1;
    }
    for (int i = 0; i < 5; i++) {
        cr_expect_gt(seen[i], 0);
    }
    vm_value all[2] = {vm_int(INT64_MIN), vm_int(INT64_MAX)};
    std_call(&self, "Random.int", all, 2, &message);
    cr_expect_null(message);
    vm_value uuid = std_call(&self, "Random.uuid", NULL, 0, &message);
    cr_expect_eq(uuid.string->size, 36);
    cr_expect_eq(uuid.string->data[14], '4');
    vm_drop(vm_task_heap(self.task), uuid);
    std_close(&self, "random");
}

static void check_call(std_fixture *self, const char *native, const char *path, const char *content,
                       const char *want)
{
    vm_heap *heap = vm_task_heap(self->task);
    vm_value args[2] = {vm_string_make(heap, path, strlen(path)), vm_unit()};
    if (content != NULL) {
        args[1] = vm_string_make(heap, content, strlen(content));
    }
    const char *message;
    vm_value result = std_call(self, native, args, content == NULL ? 1 : 2, &message);
    bl_buffer got = {0};
    if (message != NULL) {
        bl_buffer_append_slice(&got, bl_slice_of(message));
    } else {
        vm_text_append(&got, result);
    }
    bl_buffer_append_char(&got, 0);
    cr_expect_str_eq(got.data, want, "%s %s: got %s", native, path, got.data);
    bl_buffer_deinit(&got);
    vm_drop(heap, result);
}

Test(std_system, files)
{
    char directory[] = "/tmp/std_fs_XXXXXX";
    cr_assert_not_null(mkdtemp(directory));
    cr_assert_eq(chdir(directory), 0);
    std_fixture self;
    std_open(&self);
    check_call(&self, "Fs.write_file", "a.txt", "héllo", "()");
    check_call(&self, "Fs.read", "a.txt", NULL, "héllo");
    check_call(&self, "Fs.write", "a.txt", "", "()");
    check_call(&self, "Fs.read_file", "a.txt", NULL, "");
    check_call(&self, "Fs.list_dir", ".", NULL, "[a.txt]");
    check_call(&self, "Fs.exists", "a.txt", NULL, "true");
    check_call(&self, "Fs.delete", "a.txt", NULL, "()");
    check_call(&self, "Fs.exists", "a.txt", NULL, "false");
    check_call(&self, "Fs.read", "a.txt", NULL,
               "Fs.read_file!: failed for \"a.txt\": No such file or directory (os error 2)");
    check_call(&self, "Fs.delete", ".", NULL,
               "Fs.delete!: failed for \".\": Is a directory (os error 21)");
    check_call(&self, "Fs.write_file", "b.txt", "\xff", "()");
    check_call(&self, "Fs.read", "b.txt", NULL,
               "Fs.read_file!: failed for \"b.txt\": stream did not contain valid UTF-8");
    check_call(&self, "Fs.delete", "b.txt", NULL, "()");
    std_close(&self, "files");
    cr_expect_eq(rmdir(directory), 0);
}

Test(std_system, sandbox)
{
    char directory[] = "/tmp/std_fs_XXXXXX";
    cr_assert_not_null(mkdtemp(directory));
    cr_assert(std_fs_set_sandbox(directory));
    std_fixture self;
    std_open(&self);
    check_call(&self, "Fs.write_file", "a.txt", "inside", "()");
    check_call(&self, "Fs.read", "a.txt", NULL, "inside");
    check_call(&self, "Fs.read", "x/../a.txt", NULL,
               "Fs sandbox: path \"x/../a.txt\" escapes sandbox root");
    check_call(&self, "Fs.read", "../../etc/passwd", NULL,
               "Fs sandbox: path \"../../etc/passwd\" escapes sandbox root");
    check_call(&self, "Fs.read", "/etc/passwd", NULL,
               "Fs sandbox: path \"/etc/passwd\" escapes sandbox root");
    char link[64];
    snprintf(link, sizeof(link), "%s/link", directory);
    cr_assert_eq(symlink("/tmp/std_fs_no_such_file", link), 0);
    check_call(&self, "Fs.write_file", "link", "x",
               "Fs.write_file!: failed for \"link\": Too many levels of symbolic links "
               "(os error 40)");
    cr_expect_eq(access("/tmp/std_fs_no_such_file", F_OK), -1);
    check_call(&self, "Fs.read", "no/such", NULL,
               "Fs.read_file!: failed for \"no/such\": No such file or directory (os error 2)");
    unlink(link);
    check_call(&self, "Fs.delete", "a.txt", NULL, "()");
    std_close(&self, "sandbox");
    cr_expect_eq(rmdir(directory), 0);
}

// One statement after the other in one task; rows are looked at by their text form.
Test(std_system, sqlite)
{
    static const struct {
        const char *native;
        const char *sql;
        const char *params; // JSON.
        const char *want;
    } rows[] = {
        {"Sqlite.query", "SELECT 1", "[]",
         "!SQLite query: no connection (call Sqlite.connect! first)"},
        {"Sqlite.connect", ":memory:", NULL, "()"},
        {"Sqlite.execute", "CREATE TABLE t (id INTEGER, name TEXT, x REAL, b BLOB)", "[]", "0"},
        {"Sqlite.execute", "INSERT INTO t VALUES (?1, ?2, 1.5, x'0102')", "[\"7\", \"pen\"]", "1"},
        {"Sqlite.execute", "INSERT INTO t (id) VALUES (8); UPDATE t SET x = 2", "[]", "2"},
        {"Sqlite.query", "SELECT * FROM t ORDER BY id", "[]",
         "[Row(id: 7, name: pen, x: 2, b: <blob:2 bytes>), "
         "Row(id: 8, name: null, x: 2, b: null)]"},
        {"Sqlite.query_one", "SELECT id FROM t WHERE id = ?1", "[\"9\"]", "None"},
        {"Sqlite.query_one", "SELECT typeof(?1) AS t", "[\"9\"]", "Some(Row(t: text))"},
        {"Sqlite.query", "SELECT ?1, ?2", "[\"a\"]",
         "!SQLite query: Wrong number of parameters passed to query. Got 1, needed 2"},
        {"Sqlite.query", "SELECT 1; SELECT 2", "[]", "!SQLite query: Multiple statements provided"},
        {"Sqlite.query", "SELECT ?1", "[5]", "!Sqlite.query!: param list must contain strings"},
        {"Sqlite.execute", "SELECT 1", "[]",
         "!SQLite execute: Execute returned results - did you mean to call query?"},
        {"Sqlite.execute", "CREATE TABEL x", "[]",
         "!SQLite execute: near \"TABEL\": syntax error in CREATE TABEL x at offset 7"},
        {"Sqlite.execute", "BEGIN", "[]", "0"},
        {"Sqlite.execute", "DELETE FROM t", "[]", "2"},
        {"Sqlite.execute", "ROLLBACK", "[]", "0"},
        {"Sqlite.query", "SELECT count(*) AS n FROM t -- all", "[]", "[Row(n: 2)]"},
        {"Sqlite.execute", "BEGIN", "[]", "0"}, // Left open: rolled back with the task.
    };
    std_fixture self;
    std_open(&self);
    vm_heap *heap = vm_task_heap(self.task);
    for (size_t i = 0; i < BL_ARRAY_COUNT(rows); i++) {
        vm_value args[2] = {vm_string_make(heap, rows[i].sql, strlen(rows[i].sql)), vm_unit()};
        if (rows[i].params != NULL) {
            cr_assert(std_json_parse(heap, NULL, bl_slice_of(rows[i].params), STD_JSON_TAGS,
                                     &args[1], NULL));
        }
        const char *message;
        vm_value result =
            std_call(&self, rows[i].native, args, rows[i].params == NULL ? 1 : 2, &message);
        bl_buffer got = {0};
        if (message != NULL) {
            bl_buffer_format(&got, "!%s", message);
        } else {
            vm_text_append(&got, result);
        }
        bl_buffer_append_char(&got, 0);
        cr_expect_str_eq(got.data, rows[i].want, "%s: got `%s`", rows[i].sql, got.data);
        bl_buffer_deinit(&got);
        vm_drop(heap, result);
    }
    std_close(&self, "sqlite");
    std_open(&self); // Another task may write at once.
    heap = vm_task_heap(self.task);
    vm_value args[2] = {vm_string_make(heap, "DELETE FROM t", 13), vm_list_make(heap, 0)};
    const char *message;
    vm_value deleted = std_call(&self, "Sqlite.execute", args, 2, &message);
    cr_expect_eq(deleted.integer, 2);
    std_close(&self, "second task");
}
