// tests/vm_bridge/site.c: see site.h.
#include "tests/vm_bridge/site.h"

#include "lang/lang.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

// Below the ports that the kernel gives to clients: of these any could be taken at any moment.
enum { PORT_BASE = 10000, PORT_COUNT = 22000 };

static vm_program *compile(const char *source)
{
    static vm_library library;
    if (library.module_count == 0) {
        vm_library_add_standard(&library);
        br_library_add(&library);
    }
    lang_options options = {.text = bl_slice_of(source)};
    lang_result *result = lang_compile(&library, BL_SLICE("site.bl"), &options);
    if (result->error_count > 0) {
        bl_buffer lines = {0};
        lang_diagnostics_write_lines(result->diagnostics, &lines, true, false);
        fwrite(lines.data, 1, lines.size, stderr);
        abort();
    }
    vm_program *program = lang_result_take_program(result);
    lang_result_destroy(result);
    return program;
}

static void *run_site(void *argument)
{
    site *self = argument;
    br_launch *launch = br_launch_create();
    vm_thread *thread = vm_thread_create(self->program, &(vm_config){0});
    vm_task *task = vm_task_begin(thread);
    vm_task_set_user(task, launch);
    vm_task_start(task, (vm_value){.function = self->program->main, .tag = VM_FUNCTION}, NULL, 0);
    BL_CHECK(vm_task_run(task, 0) == VM_DONE);
    BL_CHECK(br_launch_is_asked(launch));
    br_launch_keep(launch, task);
    self->end = br_serve(launch, self->program, &self->options);
    if (self->end != BR_CUT) {
        br_launch_destroy(launch);
        vm_thread_destroy(thread);
    }
    return NULL;
}

br_options site_options(void)
{
    br_options options;
    br_options_init(&options);
    options.core_count = 2;
    options.worker_count = 3;
    options.pin = false;
    options.access_log = (br_setting){true, 0};
    return options;
}

static bool is_free(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool found = bind(probe, (struct sockaddr *)&address, sizeof(address)) == 0;
    close(probe);
    return found;
}

static uint16_t choose_port(void)
{
    static uint32_t next = 0; // Several sites in one process, and several processes.
    uint16_t port;
    do {
        port = (uint16_t)(PORT_BASE + ((uint32_t)getpid() * 7 + next++) % PORT_COUNT);
    } while (!is_free(port));
    return port;
}

bool site_start(site *self, const char *source, const br_options *options)
{
    eng_config config;
    eng_config_init(&config);
    eng_probe_report report;
    eng_probe(&config.limits, &report);
    if (report.status != BL_OK) {
        return false;
    }
    self->options = options == NULL ? site_options() : *options;
    self->port = choose_port();
    snprintf(self->listen, sizeof(self->listen), "127.0.0.1:%u", self->port);
    self->options.listen = self->listen;
    self->program = compile(source);
    // Blocked before there is a second thread, as br_serve does for the threads that it makes.
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    return pthread_create(&self->thread, NULL, run_site, self) == 0;
}

void site_stop(site *self)
{
    kill(getpid(), SIGTERM);
    pthread_join(self->thread, NULL);
    if (self->end != BR_CUT) {
        vm_program_destroy(self->program);
    }
}

int site_dial(const site *self)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(self->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < 2000; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
            return fd;
        }
        close(fd);
        usleep(5000);
    }
    return -1;
}

static bool is_whole(const char *response)
{
    const char *body = strstr(response, "\r\n\r\n");
    const char *length = strcasestr(response, "content-length: ");
    return body != NULL &&
           (length == NULL || strlen(body + 4) >= (size_t)strtoul(length + 16, NULL, 10));
}

bool site_ask(int fd, const char *request, char *response, size_t size)
{
    size_t length = strlen(request);
    if (write(fd, request, length) != (ssize_t)length) {
        return false;
    }
    size_t filled = 0;
    response[0] = '\0';
    while (filled < size - 1) {
        ssize_t got = read(fd, response + filled, size - 1 - filled);
        if (got <= 0) {
            return false;
        }
        filled += (size_t)got;
        response[filled] = '\0';
        if (is_whole(response)) {
            return true;
        }
    }
    return false;
}

bool site_get(int fd, const char *path, char *response, size_t size)
{
    char request[512];
    snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: t\r\n\r\n", path);
    return site_ask(fd, request, response, size);
}
