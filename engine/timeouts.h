// engine/timeouts.h: time limits of connections and requests: a list for each kind of limit.
//
// All entries of a list have the same length of time, so appending keeps it in order of expiry,
// and looking at the head is all that a pass of the loop costs. Touching an entry again within
// the quantum of its list (a sixty-fourth of its time) does nothing: a busy connection costs no
// list operation for each request. Therefore an entry expires at its time or up to one quantum
// later, never earlier.
#ifndef ENGINE_TIMEOUTS_H
#define ENGINE_TIMEOUTS_H

#include "engine/engine.h"

typedef enum eng_timeout_kind {
    ENG_TIMEOUT_NONE,
    ENG_TIMEOUT_HEADER,
    ENG_TIMEOUT_BODY,
    ENG_TIMEOUT_IDLE,
    ENG_TIMEOUT_LINGER,
    ENG_TIMEOUT_WRITE,
    ENG_TIMEOUT_HANDLER,
    ENG_TIMEOUT_COUNT,
} eng_timeout_kind;

// Embedded in what has the limit. Zeroed: not set.
typedef struct eng_timeout {
    struct eng_timeout *next, *previous;
    int64_t set_ns;
    uint8_t kind; // eng_timeout_kind; NONE: in no list.
} eng_timeout;

typedef struct eng_timeout_list {
    eng_timeout *first, *last;
    int64_t length_ns; // 0: no limit.
    int64_t quantum_ns;
} eng_timeout_list;

typedef struct eng_timeouts {
    eng_timeout_list lists[ENG_TIMEOUT_COUNT];
} eng_timeouts;

void eng_timeouts_init(eng_timeouts *timeouts, const eng_limits *limits);
// Starts or restarts; an entry is in one list at most.
void eng_timeout_touch(eng_timeouts *timeouts, eng_timeout *timeout, eng_timeout_kind kind,
                       int64_t now_ns);
void eng_timeout_clear(eng_timeouts *timeouts, eng_timeout *timeout);
// Takes one expired entry out of its list, NULL if there is none; *kind says which list.
eng_timeout *eng_timeouts_take(eng_timeouts *timeouts, int64_t now_ns, eng_timeout_kind *kind);
// When the next entry expires; INT64_MAX if there is none.
int64_t eng_timeouts_next_ns(const eng_timeouts *timeouts);

#endif
