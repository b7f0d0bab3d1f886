// tests/threads/threads_inbox.c: many threads post, one sleeps and takes: nothing is lost, each
// thread's messages come in order, and no message waits for a wake-up that never comes.
#include "engine/wake.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define POSTER_COUNT 4
#define MESSAGE_COUNT 50000
// No stall that a lost wake-up would cause, however loaded the machine.
#define STALL_MS 20000

typedef struct message {
    eng_inbox_link link;
    uint32_t poster, number;
} message;

static eng_wake WAKE;
static message *MESSAGES[POSTER_COUNT];

static void pause_a_little(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    if (*seed >> 24 == 0) {
        usleep(*seed >> 16 & 0xff);
    }
}

static void *post_all(void *argument)
{
    uint32_t poster = *(const uint32_t *)argument;
    uint32_t seed = poster + 1;
    for (uint32_t i = 0; i < MESSAGE_COUNT; i++) {
        message *own = &MESSAGES[poster][i];
        own->poster = poster;
        own->number = i;
        eng_wake_post(&WAKE, &own->link);
        pause_a_little(&seed);
    }
    return NULL;
}

static void fail(const char *text)
{
    fprintf(stderr, "threads_inbox: %s\n", text);
    exit(1);
}

static void sleep_until_woken(void)
{
    struct pollfd poll_fd = {.fd = WAKE.eventfd, .events = POLLIN};
    int result = poll(&poll_fd, 1, STALL_MS);
    if (result == 0) {
        fail("nobody woke the sleeper");
    }
    uint64_t value = 0;
    if (result < 0 || read(WAKE.eventfd, &value, sizeof(value)) != sizeof(value)) {
        fail("the eventfd failed");
    }
}

static uint32_t take_all(uint32_t *next)
{
    uint32_t count = 0;
    eng_inbox_link *list = eng_inbox_take(&WAKE.inbox);
    for (eng_inbox_link *link = eng_inbox_next(&list); link != NULL; link = eng_inbox_next(&list)) {
        const message *own = BL_CONTAINER_OF(link, message, link);
        if (own->number != next[own->poster]) {
            fail("out of order");
        }
        next[own->poster] += 1;
        count += 1;
    }
    return count;
}

int main(void)
{
    if (eng_wake_open(&WAKE, NULL) != BL_OK) {
        fail("no eventfd");
    }
    pthread_t threads[POSTER_COUNT];
    uint32_t posters[POSTER_COUNT];
    for (uint32_t i = 0; i < POSTER_COUNT; i++) {
        posters[i] = i;
        MESSAGES[i] = bl_alloc_zeroed(MESSAGE_COUNT, sizeof(message));
        pthread_create(&threads[i], NULL, post_all, &posters[i]);
    }
    uint32_t next[POSTER_COUNT] = {0};
    uint32_t taken_count = 0;
    while (taken_count < POSTER_COUNT * MESSAGE_COUNT) {
        if (eng_wake_may_sleep(&WAKE)) {
            sleep_until_woken();
        }
        eng_wake_up(&WAKE);
        taken_count += take_all(next);
    }
    for (uint32_t i = 0; i < POSTER_COUNT; i++) {
        pthread_join(threads[i], NULL);
        bl_free(MESSAGES[i]);
    }
    eng_wake_close(&WAKE);
    return 0;
}
