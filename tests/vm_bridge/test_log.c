// tests/vm_bridge/test_log.c: lines reach the descriptor whole and in order; none blocks.
#include "vm_bridge/log.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <unistd.h>

Test(log, lines_arrive_in_order)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    br_log *log = br_log_create(1, ends[1]);
    br_log_buffer *buffer = br_log_buffer_of(log, 0);
    for (int i = 0; i < 100; i++) {
        char line[32];
        int size = snprintf(line, sizeof(line), "line %d\n", i);
        br_log_line(buffer, (bl_slice){line, (size_t)size});
    }
    br_log_publish(buffer);
    br_log_destroy(log);
    close(ends[1]);
    FILE *file = fdopen(ends[0], "r");
    for (int i = 0; i < 100; i++) {
        char line[32], want[32];
        cr_assert_not_null(fgets(line, sizeof(line), file));
        snprintf(want, sizeof(want), "line %d\n", i);
        cr_assert_str_eq(line, want);
    }
    cr_assert_eq(fgetc(file), EOF);
    fclose(file);
}

Test(log, nobody_reads)
{
    // Fills the pipe first: the writer can write nothing, the producer must not notice.
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    static char block[65536];
    while (write(ends[1], block, sizeof(block)) > 0) {
    }
    br_log *log = br_log_create(1, ends[1]);
    br_log_buffer *buffer = br_log_buffer_of(log, 0);
    static char line[1000];
    memset(line, 'x', sizeof(line));
    for (int i = 0; i < 2000; i++) {
        br_log_line(buffer, (bl_slice){line, sizeof(line)});
        br_log_publish(buffer);
    }
    cr_assert_gt(br_log_lost(log), 0);
    br_log_destroy(log);
    close(ends[0]);
    close(ends[1]);
}
