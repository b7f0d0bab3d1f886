// engine/process_limits.c: see process_limits.h.
#include "engine/process_limits.h"

#include <sys/resource.h>

static uint64_t raise_limit(int resource)
{
    struct rlimit limit;
    if (getrlimit((__rlimit_resource_t)resource, &limit) != 0) {
        return UINT64_MAX;
    }
    if (limit.rlim_cur < limit.rlim_max) {
        struct rlimit raised = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
        if (setrlimit((__rlimit_resource_t)resource, &raised) == 0) {
            limit = raised;
        }
    }
    return limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : limit.rlim_cur;
}

uint64_t eng_raise_limits(void)
{
    raise_limit(RLIMIT_MEMLOCK);
    return raise_limit(RLIMIT_NOFILE);
}
