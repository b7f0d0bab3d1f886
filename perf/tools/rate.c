// perf/tools/rate.c: GET requests at a fixed rate, latency from the moment at which each was due.
//
//     rate PORT PATH CONNECTIONS REQUESTS_PER_SECOND SECONDS
//
// A closed loop hides a server that stalls: while it waits it sends nothing. Here requests are due
// at equal distances whatever the server does. Each connection has one request under way; one that
// is due while all are busy waits in line and its wait counts. Prints one JSON object: p50, p99,
// p999 in microseconds, count, and missed: requests that were due and never answered.
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 1024
#define RESPONSE_SIZE_MAX 8192

typedef struct connection {
    int fd;
    bool busy;
    int64_t due_ns; // When its request should have left.
    size_t size;
    char data[RESPONSE_SIZE_MAX];
} connection;

static connection connections[CONNECTIONS_MAX];

static int64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void fail(const char *what)
{
    fprintf(stderr, "rate: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int open_connection(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        fail("connect");
    }
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return fd;
}

// True when a whole response stands at the start of the data (Content-Length, as all peers send).
static bool is_whole(const connection *conn)
{
    const char *head_end = memmem(conn->data, conn->size, "\r\n\r\n", 4);
    if (head_end == NULL) {
        return false;
    }
    size_t head_size = (size_t)(head_end - conn->data) + 4;
    for (const char *line = conn->data; line < head_end;) {
        if (strncasecmp(line, "content-length:", 15) == 0) {
            return conn->size >= head_size + strtoul(line + 15, NULL, 10);
        }
        line = (const char *)memchr(line, '\n', (size_t)(head_end + 4 - line)) + 1;
    }
    fprintf(stderr, "rate: a response without Content-Length\n");
    exit(1);
}

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: rate PORT PATH CONNECTIONS REQUESTS_PER_SECOND SECONDS\n");
        return 2;
    }
    uint16_t port = (uint16_t)strtoul(argv[1], NULL, 10);
    size_t connection_count = strtoul(argv[3], NULL, 10);
    int64_t interval_ns = 1000000000 / strtol(argv[4], NULL, 10);
    size_t total = strtoul(argv[4], NULL, 10) * strtoul(argv[5], NULL, 10);
    if (connection_count == 0 || connection_count > CONNECTIONS_MAX) {
        fprintf(stderr, "rate: 1 to %d connections\n", CONNECTIONS_MAX);
        return 2;
    }
    char request[1024];
    int request_size =
        snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", argv[2]);
    int64_t *latencies = calloc(total, sizeof(*latencies));
    int poll_fd = epoll_create1(0);
    size_t idle[CONNECTIONS_MAX];
    size_t idle_count = connection_count;
    for (size_t i = 0; i < connection_count; i++) {
        connections[i].fd = open_connection(port);
        idle[i] = i;
        struct epoll_event event = {.events = EPOLLIN, .data.u64 = i};
        epoll_ctl(poll_fd, EPOLL_CTL_ADD, connections[i].fd, &event);
    }

    int64_t start_ns = now_ns() + 10000000;
    int64_t deadline_ns = start_ns + interval_ns * (int64_t)total + 2000000000;
    size_t sent = 0;
    size_t done = 0;
    while (done < total && now_ns() < deadline_ns) {
        while (sent < total && idle_count > 0) {
            int64_t due_ns = start_ns + interval_ns * (int64_t)sent;
            if (due_ns > now_ns()) {
                break;
            }
            connection *conn = &connections[idle[--idle_count]];
            conn->busy = true;
            conn->due_ns = due_ns;
            conn->size = 0;
            if (send(conn->fd, request, (size_t)request_size, MSG_NOSIGNAL) != request_size) {
                fail("send");
            }
            sent += 1;
        }
        // Without a pause: a sleep of the client would be measured as latency of the server.
        struct epoll_event events[64];
        int count = epoll_wait(poll_fd, events, 64, 0);
        for (int i = 0; i < count; i++) {
            connection *conn = &connections[events[i].data.u64];
            ssize_t got = recv(conn->fd, conn->data + conn->size, sizeof(conn->data) - conn->size,
                               MSG_DONTWAIT);
            if (got <= 0) {
                fail("the server closed a connection");
            }
            conn->size += (size_t)got;
            if (conn->busy && is_whole(conn)) {
                latencies[done++] = now_ns() - conn->due_ns;
                conn->busy = false;
                idle[idle_count++] = (size_t)events[i].data.u64;
            }
        }
    }
    if (done == 0) {
        fprintf(stderr, "rate: no answer at all\n");
        return 1;
    }
    qsort(latencies, done, sizeof(*latencies), compare);
    printf("{\"p50\": %.1f, \"p99\": %.1f, \"p999\": %.1f, \"count\": %zu, \"missed\": %zu}\n",
           (double)latencies[done / 2] / 1e3, (double)latencies[done * 99 / 100] / 1e3,
           (double)latencies[done * 999 / 1000] / 1e3, done, total - done);
    return 0;
}
