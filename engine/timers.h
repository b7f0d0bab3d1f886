// engine/timers.h: the upper layer's timers of one core: a pairing heap, linked through the
// timers themselves. Setting is O(1), the earliest is at the root, taking it is O(log n).
#ifndef ENGINE_TIMERS_H
#define ENGINE_TIMERS_H

#include "engine/engine.h"

typedef struct eng_timers {
    eng_timer *root; // The earliest; NULL if there is none.
} eng_timers;

void eng_timers_set(eng_timers *timers, eng_timer *timer, int64_t due_ns);
void eng_timers_cancel(eng_timers *timers, eng_timer *timer);
// Takes the earliest if it is due, else NULL.
eng_timer *eng_timers_take(eng_timers *timers, int64_t now_ns);

static inline int64_t eng_timers_next_ns(const eng_timers *timers)
{
    return timers->root == NULL ? INT64_MAX : timers->root->due_ns;
}

#endif
