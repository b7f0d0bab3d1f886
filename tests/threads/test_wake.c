// tests/threads/test_wake.c: many threads post to one that sleeps whenever it finds nothing.
//
// Each poster numbers its messages; the sleeper must see every one, in order for each poster. A
// lost wake-up shows as a hang, which the alarm ends. A plain program: Criterion does not start
// under the thread sanitizer.
#include "engine/wake.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    POSTERS = 4,
    MESSAGES = 50000,
    SECONDS_MAX = 120,
};

typedef struct message {
    eng_inbox_link link;
    unsigned poster;
    unsigned number;
} message;

typedef struct poster {
    eng_wake *wake;
    message *messages;
} poster;

static void *post_all(void *argument)
{
    const poster *self = argument;
    for (unsigned i = 0; i < MESSAGES; i++) {
        eng_wake_post(self->wake, &self->messages[i].link);
        if (i % 1000 == 0) {
            usleep(100); // Now and then the sleeper gets to sleep.
        }
    }
    return NULL;
}

static void sleep_until_posted(eng_wake *wake)
{
    uint64_t count;
    if (eng_wake_may_sleep(wake)) {
        BL_CHECK(read(wake->eventfd, &count, sizeof(count)) == sizeof(count));
        eng_wake_up(wake);
    }
}

int main(void)
{
    alarm(SECONDS_MAX);
    eng_wake wake;
    BL_CHECK(eng_wake_open(&wake, NULL) == BL_OK);
    static message messages[POSTERS][MESSAGES];
    poster posters[POSTERS];
    pthread_t threads[POSTERS];
    for (unsigned i = 0; i < POSTERS; i++) {
        for (unsigned k = 0; k < MESSAGES; k++) {
            messages[i][k] = (message){.poster = i, .number = k};
        }
        posters[i] = (poster){&wake, messages[i]};
        BL_CHECK(pthread_create(&threads[i], NULL, post_all, &posters[i]) == 0);
    }

    unsigned next[POSTERS] = {0};
    for (unsigned taken = 0; taken < POSTERS * MESSAGES;) {
        sleep_until_posted(&wake);
        eng_inbox_link *list = eng_inbox_take(&wake.inbox);
        for (eng_inbox_link *link; (link = eng_inbox_next(&list)) != NULL; taken++) {
            const message *found = BL_CONTAINER_OF(link, message, link);
            if (found->number != next[found->poster]++) {
                fprintf(stderr, "poster %u: message %u out of order\n", found->poster,
                        found->number);
                return 1;
            }
        }
    }
    for (unsigned i = 0; i < POSTERS; i++) {
        BL_CHECK(pthread_join(threads[i], NULL) == 0);
    }
    BL_CHECK(eng_inbox_is_empty(&wake.inbox));
    eng_wake_close(&wake);
    puts("1 passed, 0 failed");
    return 0;
}
