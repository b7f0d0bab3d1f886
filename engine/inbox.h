// engine/inbox.h: how other threads hand finished work to a ring thread.
//
// Many threads post, one thread takes; no lock, no allocation. A message embeds its own link, so
// posting cannot fail. Posts push onto a stack; a take detaches the whole stack with one exchange
// and reverses it, so messages come out in the order in which they went in. Nobody pops a single
// link, hence no ABA problem: a post compares the newest link but never reads through it.
//
// Life of a message: poster --post--> inbox --take--> ring thread.
#ifndef ENGINE_INBOX_H
#define ENGINE_INBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct eng_inbox_link {
    struct eng_inbox_link *next; // NULL while the message is in no inbox.
} eng_inbox_link;

typedef struct eng_inbox {
    _Atomic(eng_inbox_link *) newest; // NULL when empty.
} eng_inbox;

void eng_inbox_init(eng_inbox *inbox);

// Any thread. True if the inbox was empty: this poster, and no other, must then see to it that
// the taker wakes up, so a burst of posts costs one wake-up.
bool eng_inbox_post(eng_inbox *inbox, eng_inbox_link *message);

// Taker only. All messages posted so far, oldest first, to be walked with eng_inbox_next().
eng_inbox_link *eng_inbox_take(eng_inbox *inbox);

// Taker only. Part of the sleep protocol of engine/wake.h: sequentially consistent.
bool eng_inbox_is_empty(eng_inbox *inbox);

// Detaches the first message of a taken list, NULL at its end. It may be freed or posted at once.
static inline eng_inbox_link *eng_inbox_next(eng_inbox_link **list)
{
    eng_inbox_link *message = *list;
    if (message != NULL) {
        *list = message->next;
        message->next = NULL;
    }
    return message;
}

#endif
