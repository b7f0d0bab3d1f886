// engine/inbox.c: see inbox.h for the design.
#include "engine/inbox.h"

#include <assert.h>

void eng_inbox_init(eng_inbox *inbox)
{
    atomic_init(&inbox->newest, NULL);
}

bool eng_inbox_post(eng_inbox *inbox, eng_inbox_link *message)
{
    assert(message->next == NULL); // Else it is still in an inbox or in a taken list.

    eng_inbox_link *newest = atomic_load_explicit(&inbox->newest, memory_order_relaxed);
    do {
        assert(newest != message); // Posted twice.
        message->next = newest;
    } while (!atomic_compare_exchange_weak_explicit(&inbox->newest, &newest, message,
                                                    memory_order_seq_cst, memory_order_relaxed));
    return newest == NULL;
}

eng_inbox_link *eng_inbox_take(eng_inbox *inbox)
{
    // A plain look first: an exchange would steal the line from the posters on every pass.
    if (atomic_load_explicit(&inbox->newest, memory_order_relaxed) == NULL) {
        return NULL;
    }
    // Acquire pairs with the release of every post, not only of the newest: each post is a
    // read-modify-write, so all of them belong to one release sequence.
    eng_inbox_link *newest = atomic_exchange_explicit(&inbox->newest, NULL, memory_order_acquire);

    eng_inbox_link *oldest = NULL;
    while (newest != NULL) {
        eng_inbox_link *older = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = older;
    }
    return oldest;
}

bool eng_inbox_is_empty(eng_inbox *inbox)
{
    return atomic_load_explicit(&inbox->newest, memory_order_seq_cst) == NULL;
}
