// engine/timeouts.c: see timeouts.h.
#include "engine/timeouts.h"

#include <assert.h>

#define QUANTUM_SHARE 64
#define MS_NS INT64_C(1000000)

static void init_list(eng_timeouts *timeouts, eng_timeout_kind kind, uint32_t length_ms)
{
    timeouts->lists[kind] = (eng_timeout_list){
        .length_ns = (int64_t)length_ms * MS_NS,
        .quantum_ns = (int64_t)length_ms * MS_NS / QUANTUM_SHARE,
    };
}

void eng_timeouts_init(eng_timeouts *timeouts, const eng_limits *limits)
{
    init_list(timeouts, ENG_TIMEOUT_NONE, 0);
    init_list(timeouts, ENG_TIMEOUT_HEADER, limits->header_timeout_ms);
    init_list(timeouts, ENG_TIMEOUT_BODY, limits->body_timeout_ms);
    init_list(timeouts, ENG_TIMEOUT_IDLE, limits->idle_timeout_ms);
    init_list(timeouts, ENG_TIMEOUT_LINGER, limits->linger_timeout_ms);
    init_list(timeouts, ENG_TIMEOUT_WRITE, limits->write_timeout_ms);
    init_list(timeouts, ENG_TIMEOUT_HANDLER, limits->handler_timeout_ms);
}

static void unlink_entry(eng_timeout_list *list, eng_timeout *timeout)
{
    if (timeout->previous == NULL) {
        list->first = timeout->next;
    } else {
        timeout->previous->next = timeout->next;
    }
    if (timeout->next == NULL) {
        list->last = timeout->previous;
    } else {
        timeout->next->previous = timeout->previous;
    }
}

static void append_entry(eng_timeout_list *list, eng_timeout *timeout)
{
    timeout->next = NULL;
    timeout->previous = list->last;
    if (list->last == NULL) {
        list->first = timeout;
    } else {
        list->last->next = timeout;
    }
    list->last = timeout;
}

void eng_timeout_touch(eng_timeouts *timeouts, eng_timeout *timeout, eng_timeout_kind kind,
                       int64_t now_ns)
{
    assert(kind != ENG_TIMEOUT_NONE);
    eng_timeout_list *list = &timeouts->lists[kind];
    if (timeout->kind == kind && now_ns - timeout->set_ns < list->quantum_ns) {
        return;
    }
    eng_timeout_clear(timeouts, timeout);
    if (list->length_ns == 0) {
        return;
    }
    timeout->kind = (uint8_t)kind;
    timeout->set_ns = now_ns;
    append_entry(list, timeout);
}

void eng_timeout_clear(eng_timeouts *timeouts, eng_timeout *timeout)
{
    if (timeout->kind != ENG_TIMEOUT_NONE) {
        unlink_entry(&timeouts->lists[timeout->kind], timeout);
        timeout->kind = ENG_TIMEOUT_NONE;
    }
}

static int64_t expiry_ns(const eng_timeout_list *list)
{
    return list->first == NULL ? INT64_MAX
                               : list->first->set_ns + list->length_ns + list->quantum_ns;
}

eng_timeout *eng_timeouts_take(eng_timeouts *timeouts, int64_t now_ns, eng_timeout_kind *kind)
{
    for (uint32_t i = ENG_TIMEOUT_NONE + 1; i < ENG_TIMEOUT_COUNT; i++) {
        if (expiry_ns(&timeouts->lists[i]) <= now_ns) {
            eng_timeout *timeout = timeouts->lists[i].first;
            eng_timeout_clear(timeouts, timeout);
            *kind = (eng_timeout_kind)i;
            return timeout;
        }
    }
    return NULL;
}

int64_t eng_timeouts_next_ns(const eng_timeouts *timeouts)
{
    int64_t next_ns = INT64_MAX;
    for (uint32_t i = ENG_TIMEOUT_NONE + 1; i < ENG_TIMEOUT_COUNT; i++) {
        int64_t list_ns = expiry_ns(&timeouts->lists[i]);
        next_ns = list_ns < next_ns ? list_ns : next_ns;
    }
    return next_ns;
}
