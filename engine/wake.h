// engine/wake.h: waking a ring thread only when it sleeps.
//
// Writing an eventfd costs microseconds, looking at a flag nothing. Both sides store, then load
// (Dekker): the sleeper says that it sleeps, then looks into its inbox; a poster puts its message
// there, then looks whether the sleeper sleeps. Only sequential consistency makes it impossible
// that both see nothing.
//
//     AWAKE --sleeper: about to wait--> SLEEPING --one poster: writes--> NOTIFIED
//       ^------------------- sleeper: back from the wait --------------------'
#ifndef ENGINE_WAKE_H
#define ENGINE_WAKE_H

#include "alloc/alloc.h"
#include "engine/inbox.h"

typedef struct eng_wake {
    eng_inbox inbox;
    char padding[BL_CACHE_LINE - sizeof(eng_inbox)]; // Posters write above, the sleeper below.
    _Atomic(uint32_t) state;
    int eventfd;
} eng_wake;

BL_MUST_USE
bl_status eng_wake_open(eng_wake *wake, bl_error *error);
void eng_wake_close(eng_wake *wake);

// Any thread.
void eng_wake_post(eng_wake *wake, eng_inbox_link *message);
// Any thread, signal handlers too: wakes without a message.
void eng_wake_force(eng_wake *wake);

// The sleeper, before it waits. False: there are messages, do not sleep.
bool eng_wake_may_sleep(eng_wake *wake);
// The sleeper, after the wait and before it takes messages.
void eng_wake_up(eng_wake *wake);

#endif
