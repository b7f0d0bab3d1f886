// engine/probe.c: the report of what this machine offers, whatever the door to the kernel.
#include "engine/process_limits.h"
#include "engine/ring.h"

#include <sched.h>
#include <stdio.h>
#include <sys/utsname.h>

#define PROBE_FILE_COUNT 64

void eng_probe(const eng_limits *limits, eng_probe_report *report)
{
    *report = (eng_probe_report){.status = BL_OK};
    struct utsname name;
    if (uname(&name) == 0) {
        snprintf(report->kernel, sizeof(report->kernel), "%.20s %.40s", name.sysname, name.release);
    }
    report->file_limit = eng_raise_limits();
    report->memlock_limit = eng_memlock_limit();
    cpu_set_t set;
    report->cpu_count =
        sched_getaffinity(0, sizeof(set), &set) == 0 ? (uint32_t)CPU_COUNT(&set) : 1;
    eng_ring_config config = {
        .entry_count = limits->ring_entry_count,
        .file_count = PROBE_FILE_COUNT,
        .buffer_count = limits->buffer_count,
        .buffer_size = limits->buffer_size,
    };
    eng_ring_probe(&config, report);
}
