// engine/process_limits.c: see process_limits.h.
#include "engine/process_limits.h"

#include <stdbool.h>
#include <stdio.h>
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

// Effective capabilities are a line of /proc/self/status; asking the kernel needs a library more.
static bool may_pass_memlock(void)
{
    static const unsigned long long ipc_lock = 1ull << 14;
    FILE *file = fopen("/proc/self/status", "re");
    unsigned long long capabilities = 0;
    char line[128];
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "CapEff: %llx", &capabilities) == 1) {
            break;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return (capabilities & ipc_lock) != 0;
}

uint64_t eng_memlock_limit(void)
{
    struct rlimit limit;
    if (may_pass_memlock() || getrlimit(RLIMIT_MEMLOCK, &limit) != 0 ||
        limit.rlim_cur == RLIM_INFINITY) {
        return UINT64_MAX;
    }
    return limit.rlim_cur;
}

uint64_t eng_raise_limits(void)
{
    raise_limit(RLIMIT_MEMLOCK);
    return raise_limit(RLIMIT_NOFILE);
}
