// tests/vm_bridge/site.h: a Baseline program served inside of a test, and a client for it.
#ifndef TESTS_VM_BRIDGE_SITE_H
#define TESTS_VM_BRIDGE_SITE_H

#include "vm_bridge/bridge.h"

#include <pthread.h>

typedef struct site {
    const char *source;
    br_options options;
    uint16_t port;
    br_end end; // After site_stop.
    pthread_t thread;
    vm_program *program;
    char listen[32];
} site;

// Compiles and serves source (two cores, three workers, no access log unless *options say so).
// False where io_uring is missing. Aborts with the diagnostics where source is wrong.
bool site_start(site *self, const char *source, const br_options *options);
void site_stop(site *self);
// A connection, or -1.
int site_dial(const site *self);
// Sends a request and reads one response with a Content-Length. False: no whole response.
bool site_ask(int fd, const char *request, char *response, size_t size);
// The same for a GET.
bool site_get(int fd, const char *path, char *response, size_t size);
// Defaults for tests.
br_options site_options(void);

#endif
