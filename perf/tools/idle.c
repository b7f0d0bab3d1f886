// perf/tools/idle.c: holds idle keep-alive connections.
//
//     idle PORT PATH COUNT
//
// Opens COUNT connections, sends one GET on each and reads its answer, prints `ready` and holds
// them all until its standard input ends.
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static void fail(const char *what)
{
    fprintf(stderr, "idle: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void ask(int fd, const char *request, size_t size)
{
    char answer[4096];
    if (send(fd, request, size, MSG_NOSIGNAL) != (ssize_t)size) {
        fail("send");
    }
    // Small answers arrive whole on the loopback device.
    if (recv(fd, answer, sizeof(answer), 0) <= 0) {
        fail("the server closed a connection");
    }
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: idle PORT PATH COUNT\n");
        return 2;
    }
    size_t count = strtoul(argv[3], NULL, 10);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < count + 16) {
        fprintf(stderr, "idle: only %lu descriptors are allowed\n", (unsigned long)limit.rlim_max);
        return 1;
    }
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);

    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10)),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    char request[1024];
    int size =
        snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", argv[2]);
    for (size_t i = 0; i < count; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
            fail("connect");
        }
        ask(fd, request, (size_t)size);
    }
    puts("ready");
    fflush(stdout);
    while (getchar() != EOF) {
    }
    return 0;
}
