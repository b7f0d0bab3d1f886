// tests/threads/threads_queue.c: jobs through a br_queue, and lines through a br_log, under the
// thread sanitizer.
//
// Several producers post with random pauses to one consumer that sleeps whenever it can; a lost
// wake-up would make it sleep for ever, so its sleep has a limit and reaching it with jobs in the
// queue is the failure that is looked for.
#include "tests/alloc/random.h"
#include "vm_bridge/log.h"
#include "vm_bridge/queue.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { PRODUCER_COUNT = 4, JOB_COUNT = 20000, DEPTH = 64 };

typedef struct job {
    eng_inbox_link link;
    uint32_t producer, number;
} job;

static br_queue queue;
static job jobs[PRODUCER_COUNT][JOB_COUNT];

static void *run_producer(void *argument)
{
    uint32_t producer = (uint32_t)(uintptr_t)argument;
    test_random random = {producer + 1};
    for (uint32_t i = 0; i < JOB_COUNT; i++) {
        jobs[producer][i].producer = producer;
        jobs[producer][i].number = i;
        while (!br_queue_reserve(&queue, DEPTH)) {
            sched_yield();
        }
        br_queue_push(&queue, &jobs[producer][i].link);
        br_queue_wake(&queue);
        if (test_random_below(&random, 64) == 0) {
            usleep(1);
        }
    }
    return NULL;
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int test_queue(void)
{
    br_queue_init(&queue);
    pthread_t producers[PRODUCER_COUNT];
    for (size_t i = 0; i < PRODUCER_COUNT; i++) {
        if (pthread_create(&producers[i], NULL, run_producer, (void *)(uintptr_t)i) != 0) {
            abort();
        }
    }
    int failures = 0;
    uint32_t next[PRODUCER_COUNT] = {0};
    uint32_t left = PRODUCER_COUNT * JOB_COUNT;
    while (left > 0) {
        eng_inbox_link *list = br_queue_take(&queue);
        for (eng_inbox_link *link = eng_inbox_next(&list); link != NULL;
             link = eng_inbox_next(&list)) {
            job *found = BL_CONTAINER_OF(link, job, link);
            failures += found->number != next[found->producer];
            next[found->producer] = found->number + 1;
            br_queue_finish(&queue);
            left -= 1;
        }
        int64_t start = now_ns();
        if (left > 0) {
            br_queue_sleep(&queue, 2000000000);
        }
        if (now_ns() - start > 1900000000 && !eng_inbox_is_empty(&queue.inbox)) {
            failures += 1;
        }
    }
    for (size_t i = 0; i < PRODUCER_COUNT; i++) {
        pthread_join(producers[i], NULL);
    }
    failures += br_queue_backlog(&queue) != 0;
    return failures;
}

// ---- log -------------------------------------------------------------------------------------

enum { LINE_COUNT = 3000 };

static void *run_logger(void *argument)
{
    br_log_buffer *buffer = argument;
    for (int i = 0; i < LINE_COUNT; i++) {
        char line[64];
        int size = snprintf(line, sizeof(line), "line %d of a producer\n", i);
        br_log_line(buffer, (bl_slice){line, (size_t)size});
        if (i % 7 == 0) {
            br_log_publish(buffer);
        }
    }
    br_log_publish(buffer);
    return NULL;
}

static void *count_lines(void *argument)
{
    int fd = *(const int *)argument;
    uintptr_t count = 0;
    char bytes[4096];
    for (ssize_t got = read(fd, bytes, sizeof(bytes)); got > 0;
         got = read(fd, bytes, sizeof(bytes))) {
        for (ssize_t i = 0; i < got; i++) {
            count += bytes[i] == '\n';
        }
    }
    return (void *)count;
}

static int test_log(void)
{
    int ends[2];
    pthread_t reader, loggers[2];
    if (pipe(ends) != 0 || pthread_create(&reader, NULL, count_lines, &ends[0]) != 0) {
        abort();
    }
    br_log *log = br_log_create(2, ends[1]);
    for (uint32_t i = 0; i < 2; i++) {
        if (pthread_create(&loggers[i], NULL, run_logger, br_log_buffer_of(log, i)) != 0) {
            abort();
        }
    }
    for (size_t i = 0; i < 2; i++) {
        pthread_join(loggers[i], NULL);
    }
    uint64_t lost = br_log_lost(log);
    br_log_destroy(log);
    close(ends[1]);
    void *count = NULL;
    pthread_join(reader, &count);
    close(ends[0]);
    return (uintptr_t)count + lost == 2 * LINE_COUNT ? 0 : 1;
}

int main(void)
{
    int failures = test_queue() + test_log();
    printf("%d passed, %d failed\n", failures == 0 ? 2 : 0, failures);
    return failures != 0;
}
