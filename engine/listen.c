// engine/listen.c: see listen.h.
//
// SO_REUSEPORT gives each core a queue of its own, but would also let a second server share the
// port in silence: so the port is first tried without it. Options that every connection needs are
// set here once: accepted sockets inherit them.
#include "engine/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#define KEEPALIVE_IDLE_S 60
#define KEEPALIVE_INTERVAL_S 15

typedef struct socket_name {
    struct sockaddr_storage address;
    socklen_t size;
} socket_name;

static bool parse_endpoint(const char *text, uint16_t port, socket_name *endpoint)
{
    *endpoint = (socket_name){.size = 0};
    struct sockaddr_in *in = (struct sockaddr_in *)&endpoint->address;
    if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
        in->sin_port = htons(port);
        endpoint->size = sizeof(*in);
        return true;
    }
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&endpoint->address;
    if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1) {
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(port);
        endpoint->size = sizeof(*in6);
        return true;
    }
    return false;
}

static void set_option(int fd, int level, int name, int value)
{
    // Each is an improvement, none a condition: where one is refused the server works without.
    (void)setsockopt(fd, level, name, &value, sizeof(value));
}

static void set_options(int fd, int family)
{
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
    if (family == AF_INET6) {
        set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0); // [::] takes IPv4 as well.
    }
}

static bl_status bind_failed(const char *address, uint16_t port, int system_error, bl_error *error)
{
    bl_status status = BL_SYSTEM;
    if (system_error == EADDRINUSE) {
        status = BL_BUSY;
    } else if (system_error == EACCES || system_error == EPERM) {
        status = BL_FORBIDDEN;
    } else if (system_error == EMFILE || system_error == ENFILE) {
        status = BL_LIMIT;
    }
    return bl_fail(error, status, system_error, "cannot bind to %s:%u: %s", address, (unsigned)port,
                   strerror(system_error));
}

// A bound socket, or -errno.
static int bind_one(const socket_name *endpoint, bool reuse_port)
{
    int fd = socket(endpoint->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    set_options(fd, endpoint->address.ss_family);
    if (reuse_port) {
        set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    }
    if (bind(fd, (const struct sockaddr *)&endpoint->address, endpoint->size) < 0) {
        int system_error = errno;
        close(fd);
        return -system_error;
    }
    return fd;
}

// Somebody else who listens there makes this fail; connections in TIME_WAIT do not.
static int try_alone(const socket_name *endpoint)
{
    int fd = bind_one(endpoint, false);
    if (fd >= 0) {
        close(fd);
        return 0;
    }
    return fd;
}

static uint16_t bound_port(int fd)
{
    socket_name endpoint = {.size = sizeof(endpoint.address)};
    if (getsockname(fd, (struct sockaddr *)&endpoint.address, &endpoint.size) < 0) {
        return 0;
    }
    return ntohs(endpoint.address.ss_family == AF_INET6
                     ? ((struct sockaddr_in6 *)&endpoint.address)->sin6_port
                     : ((struct sockaddr_in *)&endpoint.address)->sin_port);
}

bl_status eng_listen_bind(const char *address, uint16_t *port, int *sockets, uint32_t count,
                          bl_error *error)
{
    socket_name endpoint;
    if (!parse_endpoint(address, *port, &endpoint)) {
        return bl_fail(error, BL_INVALID, 0, "not an IPv4 or IPv6 address: %s", address);
    }
    if (*port != 0) {
        int result = try_alone(&endpoint);
        if (result < 0) {
            return bind_failed(address, *port, -result, error);
        }
    }
    uint16_t found_port = *port;
    for (uint32_t i = 0; i < count; i++) {
        sockets[i] = bind_one(&endpoint, true);
        if (sockets[i] < 0) {
            bl_status status = bind_failed(address, found_port, -sockets[i], error);
            while (i > 0) {
                close(sockets[--i]);
            }
            return status;
        }
        found_port = bound_port(sockets[i]);
        parse_endpoint(address, found_port, &endpoint);
    }
    *port = found_port;
    return BL_OK;
}

bl_status eng_listen_open(const int *sockets, uint32_t count, uint32_t backlog, bl_error *error)
{
    for (uint32_t i = 0; i < count; i++) {
        if (listen(sockets[i], (int)backlog) < 0) {
            return bl_fail(error, errno == EADDRINUSE ? BL_BUSY : BL_SYSTEM, errno,
                           "cannot listen on port %u: %s", (unsigned)bound_port(sockets[i]),
                           strerror(errno));
        }
    }
    return BL_OK;
}
