// perf/tools/churn.c: clients that disconnect at random, and check every answer that they wait for.
//
//     churn PORT REQUESTS CONNECTIONS SEED
//
// Each connection sends bursts of 1 to 8 pipelined `GET /users/N`, each N used once, and checks
// that the answers come whole, in order, and to the right N. One burst in eight ends otherwise:
//
//     cut     half a request, then the connection is closed or reset
//     leave   whole requests, then closed or reset without reading an answer
//     half    the sending side is shut down; all answers must still come, and then the end
//
// Prints one JSON object: sent, checked, disconnects, errors. Exit status 1 when there were errors.
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 1024
#define BURST_MAX 8
#define STALL_SECONDS_MAX 10

typedef struct connection {
    int fd;
    bool is_half_closed;
    uint64_t first;      // Number of the oldest request without an answer.
    unsigned open_count; // Requests without an answer.
    size_t size;
    char data[8192];
} connection;

static connection connections[CONNECTIONS_MAX];
static int poll_fd;
static uint16_t port;
static uint64_t random_state;
static uint64_t sent_count;
static uint64_t checked_count;
static uint64_t disconnect_count;
static uint64_t error_count;

static unsigned below(unsigned limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)((random_state >> 20) % limit);
}

static void report(const connection *conn, const char *what)
{
    error_count += 1;
    if (error_count <= 5) {
        fprintf(stderr, "churn: request %" PRIu64 ": %s: %.*s\n", conn->first, what,
                (int)(conn->size < 300 ? conn->size : 300), conn->data);
    }
}

static void open_connection(connection *conn)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    conn->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (conn->fd < 0 || connect(conn->fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        fprintf(stderr, "churn: connect: %s\n", strerror(errno));
        exit(1);
    }
    conn->is_half_closed = false;
    conn->open_count = 0;
    conn->size = 0;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = conn};
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, conn->fd, &event);
}

static void reopen(connection *conn)
{
    if (below(2) == 0) {
        // A reset instead of an orderly end.
        struct linger linger = {.l_onoff = 1, .l_linger = 0};
        setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    }
    close(conn->fd);
    disconnect_count += 1;
    open_connection(conn);
}

static void send_burst(connection *conn)
{
    char text[BURST_MAX * 64];
    size_t size = 0;
    unsigned count = below(BURST_MAX) + 1;
    conn->first = sent_count;
    for (unsigned i = 0; i < count; i++) {
        size +=
            (size_t)snprintf(text + size, sizeof(text) - size,
                             "GET /users/%" PRIu64 " HTTP/1.1\r\nHost: a\r\n\r\n", sent_count + i);
    }
    unsigned kind = below(24);
    if (kind == 0) {
        size = below((unsigned)size - 1) + 1;
    }
    if (send(conn->fd, text, size, MSG_NOSIGNAL) != (ssize_t)size) {
        report(conn, "the server does not take a request");
        reopen(conn);
        return;
    }
    sent_count += count;
    if (kind <= 1) {
        reopen(conn);
        return;
    }
    conn->open_count = count;
    if (kind == 2) {
        shutdown(conn->fd, SHUT_WR);
        conn->is_half_closed = true;
    }
}

// Size of the whole response at the start of the data, 0 while it is not whole.
static size_t response_size(const connection *conn, const char **body, size_t *body_size)
{
    const char *head_end = memmem(conn->data, conn->size, "\r\n\r\n", 4);
    if (head_end == NULL) {
        return 0;
    }
    for (const char *line = conn->data; line < head_end;) {
        if (strncasecmp(line, "content-length:", 15) == 0) {
            *body_size = strtoul(line + 15, NULL, 10);
        }
        line = (const char *)memchr(line, '\n', (size_t)(head_end + 4 - line)) + 1;
    }
    *body = head_end + 4;
    size_t size = (size_t)(*body - conn->data) + *body_size;
    return size <= conn->size ? size : 0;
}

static void check_answers(connection *conn)
{
    const char *body = NULL;
    size_t body_size = 0;
    size_t size;
    while ((size = response_size(conn, &body, &body_size)) != 0) {
        char want[128];
        int want_size =
            snprintf(want, sizeof(want), "{\"id\":\"%" PRIu64 "\",\"name\":\"User %" PRIu64 "\"}",
                     conn->first, conn->first);
        if (conn->open_count == 0) {
            report(conn, "an answer that nobody asked for");
        } else if (strncmp(conn->data, "HTTP/1.1 200 ", 13) != 0 ||
                   body_size != (size_t)want_size || memcmp(body, want, body_size) != 0) {
            report(conn, "a wrong answer");
        } else {
            checked_count += 1;
        }
        conn->first += 1;
        conn->open_count -= conn->open_count > 0;
        conn->size -= size;
        memmove(conn->data, conn->data + size, conn->size);
    }
}

static void on_readable(connection *conn)
{
    ssize_t got =
        recv(conn->fd, conn->data + conn->size, sizeof(conn->data) - conn->size, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) {
        return; // An event of the connection that had this slot before.
    }
    if (got <= 0) {
        if (!conn->is_half_closed || conn->open_count != 0) {
            report(conn, "the server closed the connection");
        }
        reopen(conn);
        return;
    }
    conn->size += (size_t)got;
    check_answers(conn);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: churn PORT REQUESTS CONNECTIONS SEED\n");
        return 2;
    }
    port = (uint16_t)strtoul(argv[1], NULL, 10);
    uint64_t request_count = strtoull(argv[2], NULL, 10);
    size_t connection_count = strtoul(argv[3], NULL, 10);
    random_state = strtoull(argv[4], NULL, 10) * 0x9e3779b97f4a7c15u + 1;
    if (connection_count == 0 || connection_count > CONNECTIONS_MAX) {
        fprintf(stderr, "churn: 1 to %d connections\n", CONNECTIONS_MAX);
        return 2;
    }
    poll_fd = epoll_create1(0);
    for (size_t i = 0; i < connection_count; i++) {
        open_connection(&connections[i]);
    }
    time_t progress_at = time(NULL);
    for (;;) {
        bool is_waiting = false;
        for (size_t i = 0; i < connection_count; i++) {
            connection *conn = &connections[i];
            if (conn->open_count == 0 && !conn->is_half_closed && sent_count < request_count) {
                send_burst(conn);
            }
            is_waiting = is_waiting || conn->open_count > 0;
        }
        if (!is_waiting && sent_count >= request_count) {
            break;
        }
        struct epoll_event events[64];
        int count = epoll_wait(poll_fd, events, 64, 1000);
        for (int i = 0; i < count; i++) {
            on_readable(events[i].data.ptr);
            progress_at = time(NULL);
        }
        if (time(NULL) - progress_at > STALL_SECONDS_MAX) {
            fprintf(stderr, "churn: no answer for %d s\n", STALL_SECONDS_MAX);
            error_count += 1;
            break;
        }
    }
    printf("{\"sent\": %" PRIu64 ", \"checked\": %" PRIu64 ", \"disconnects\": %" PRIu64
           ", \"errors\": %" PRIu64 "}\n",
           sent_count, checked_count, disconnect_count, error_count);
    return error_count == 0 ? 0 : 1;
}
