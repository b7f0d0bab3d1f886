// vm/std/http_client.c: a client for HTTP/1.1, plain or over TLS.
//
// A connection for each request, `Connection: close`, reads and writes that wait no longer than
// what is left of the time. Bodies end by Content-Length, by chunks or with the connection (RFC
// 9112, section 6.3). Certificates are checked against the system's store and the host's name.
#include "vm/std/http_client.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vm/std/time.h"

typedef struct http_url {
    bool is_tls;
    char host[256];
    char port[8];
    char authority[280]; // For Host.
    char *target;        // Within the URL's copy; begins with `/`.
} http_url;

typedef struct http_stream {
    int fd;
    SSL *tls; // NULL: plain.
    int64_t deadline_ms;
    bl_buffer in; // Bytes [in_start, in.size) are not consumed yet.
    size_t in_start;
    char *reason; // Of 200 bytes.
} http_stream;

static bool refuse(char *reason, const char *text)
{
    snprintf(reason, 200, "%s", text);
    return false;
}

static bool refuse_errno(char *reason, int error)
{
    char buffer[128];
    snprintf(reason, 200, "%s (os error %d)", strerror_r(error, buffer, sizeof(buffer)), error);
    return false;
}

// ---- URLs ------------------------------------------------------------------------------------

static bool has_bad_char(const char *url)
{
    for (const unsigned char *at = (const unsigned char *)url; *at != 0; at++) {
        if (*at <= ' ' || *at == 0x7F) {
            return true;
        }
    }
    return false;
}

static bool split_authority(const char *text, size_t size, http_url *url, char *reason)
{
    if (memchr(text, '@', size) != NULL || size == 0 || size >= sizeof(url->host)) {
        return refuse(reason, "invalid URL: unusable host");
    }
    snprintf(url->authority, sizeof(url->authority), "%.*s", (int)size, text);
    const char *bracket = text[0] == '[' ? memchr(text, ']', size) : NULL;
    const char *rest = bracket != NULL ? bracket + 1 : text;
    const char *colon = memchr(rest, ':', size - (size_t)(rest - text));
    size_t host_size = colon != NULL ? (size_t)(colon - text) : size;
    size_t port_size = colon != NULL ? size - host_size - 1 : 0;
    if (bracket != NULL) { // An IPv6 address.
        snprintf(url->host, sizeof(url->host), "%.*s", (int)(bracket - text - 1), text + 1);
    } else {
        snprintf(url->host, sizeof(url->host), "%.*s", (int)host_size, text);
    }
    snprintf(url->port, sizeof(url->port), "%s", url->is_tls ? "443" : "80");
    if (port_size > 0) {
        if (port_size > 5 || strspn(colon + 1, "0123456789") < port_size) {
            return refuse(reason, "invalid URL: invalid port number");
        }
        snprintf(url->port, sizeof(url->port), "%.*s", (int)port_size, colon + 1);
    }
    return url->host[0] != 0 || refuse(reason, "invalid URL: empty host");
}

// target is an allocation of its own.
static bool parse_url(const char *text, http_url *url, char *reason)
{
    memset(url, 0, sizeof(*url));
    url->is_tls = strncasecmp(text, "https://", 8) == 0;
    if (!url->is_tls && strncasecmp(text, "http://", 7) != 0) {
        return refuse(reason, "invalid URL: the scheme must be http or https");
    }
    if (has_bad_char(text)) {
        return refuse(reason, "invalid URL: blanks or control characters");
    }
    const char *authority = text + (url->is_tls ? 8 : 7);
    size_t size = strcspn(authority, "/?#");
    if (!split_authority(authority, size, url, reason)) {
        return false;
    }
    const char *target = authority + size;
    size_t target_size = strcspn(target, "#");
    bool needs_slash = *target != '/';
    url->target = bl_alloc(target_size + 2);
    snprintf(url->target, target_size + 2, "%s%.*s", needs_slash ? "/" : "", (int)target_size,
             target);
    return true;
}

// ---- connection ------------------------------------------------------------------------------

static bool wait_for(http_stream *stream, short events)
{
    for (;;) {
        int64_t left = stream->deadline_ms - std_monotonic_ms();
        if (left <= 0) {
            return refuse(stream->reason, "timed out");
        }
        struct pollfd entry = {.fd = stream->fd, .events = events};
        int count = poll(&entry, 1, (int)left);
        if (count > 0) {
            return true;
        }
        if (count < 0 && errno != EINTR) {
            return refuse_errno(stream->reason, errno);
        }
    }
}

static bool connect_to(http_stream *stream, const struct addrinfo *address)
{
    stream->fd = socket(address->ai_family, address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (stream->fd < 0) {
        return refuse_errno(stream->reason, errno);
    }
    int error = 0;
    socklen_t size = sizeof(error);
    if (connect(stream->fd, address->ai_addr, address->ai_addrlen) != 0) {
        error = errno;
    }
    if (error == EINPROGRESS) {
        if (!wait_for(stream, POLLOUT)) {
            close(stream->fd);
            stream->fd = -1;
            return false;
        }
        getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error != 0) {
        close(stream->fd);
        stream->fd = -1;
        return refuse_errno(stream->reason, error);
    }
    return true;
}

// The first address that answers.
static bool open_connection(http_stream *stream, const http_url *url)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses = NULL;
    int status = getaddrinfo(url->host, url->port, &hints, &addresses);
    if (status != 0) {
        snprintf(stream->reason, 200, "dns error: %s", gai_strerror(status));
        return false;
    }
    bool is_open = false;
    for (const struct addrinfo *at = addresses; at != NULL && !is_open; at = at->ai_next) {
        is_open = connect_to(stream, at);
    }
    freeaddrinfo(addresses);
    return is_open;
}

static SSL_CTX *tls_context;
static pthread_once_t tls_once = PTHREAD_ONCE_INIT;

static void make_tls_context(void)
{
    tls_context = SSL_CTX_new(TLS_client_method());
    if (tls_context != NULL) {
        SSL_CTX_set_min_proto_version(tls_context, TLS1_2_VERSION);
        SSL_CTX_set_verify(tls_context, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_default_verify_paths(tls_context);
        SSL_CTX_set_mode(tls_context, SSL_MODE_AUTO_RETRY);
    }
}

static bool refuse_tls(http_stream *stream)
{
    long verified = stream->tls != NULL ? SSL_get_verify_result(stream->tls) : X509_V_OK;
    if (verified != X509_V_OK) {
        snprintf(stream->reason, 200, "tls error: %s", X509_verify_cert_error_string(verified));
        return false;
    }
    char text[120];
    ERR_error_string_n(ERR_get_error(), text, sizeof(text));
    snprintf(stream->reason, 200, "tls error: %s", text);
    return false;
}

// After a TLS call that gave `status`: waits for what it wants. False: it has failed, or ended.
static bool wait_for_tls(http_stream *stream, int status)
{
    int error = SSL_get_error(stream->tls, status);
    if (error == SSL_ERROR_WANT_READ) {
        return wait_for(stream, POLLIN);
    }
    if (error == SSL_ERROR_WANT_WRITE) {
        return wait_for(stream, POLLOUT);
    }
    return refuse_tls(stream);
}

static bool start_tls(http_stream *stream, const http_url *url)
{
    pthread_once(&tls_once, make_tls_context);
    stream->tls = tls_context != NULL ? SSL_new(tls_context) : NULL;
    // OpenSSL copies the name; its macro takes it as if it could be written.
    char *host = (char *)(uintptr_t)url->host;
    if (stream->tls == NULL || SSL_set1_host(stream->tls, url->host) != 1 ||
        SSL_set_tlsext_host_name(stream->tls, host) != 1 ||
        SSL_set_fd(stream->tls, stream->fd) != 1) {
        return refuse_tls(stream);
    }
    int status;
    while ((status = SSL_connect(stream->tls)) != 1) {
        if (!wait_for_tls(stream, status)) {
            return false;
        }
    }
    return true;
}

static void close_stream(http_stream *stream)
{
    SSL_free(stream->tls);
    if (stream->fd >= 0) {
        close(stream->fd);
    }
    bl_buffer_deinit(&stream->in);
}

// ---- bytes -----------------------------------------------------------------------------------

static bool send_all(http_stream *stream, bl_slice bytes)
{
    while (bytes.size > 0) {
        ssize_t count;
        if (stream->tls != NULL) {
            int size = bytes.size < INT32_MAX ? (int)bytes.size : INT32_MAX;
            count = SSL_write(stream->tls, bytes.data, size);
            if (count <= 0 && !wait_for_tls(stream, (int)count)) {
                return false;
            }
        } else {
            count = send(stream->fd, bytes.data, bytes.size, MSG_NOSIGNAL);
            if (count < 0 && errno != EAGAIN && errno != EINTR) {
                return refuse_errno(stream->reason, errno);
            }
            if (count < 0 && !wait_for(stream, POLLOUT)) {
                return false;
            }
        }
        if (count > 0) {
            bytes = (bl_slice){bytes.data + count, bytes.size - (size_t)count};
        }
    }
    return true;
}

// More bytes behind those that are there. *is_end: the server has closed instead.
static bool receive(http_stream *stream, bool *is_end)
{
    enum { CHUNK = 16 * 1024 };
    char *room = bl_buffer_reserve(&stream->in, CHUNK);
    *is_end = false;
    for (;;) {
        ssize_t count;
        if (stream->tls != NULL) {
            int status = SSL_read(stream->tls, room, CHUNK);
            int error = status > 0 ? SSL_ERROR_NONE : SSL_get_error(stream->tls, status);
            *is_end = error == SSL_ERROR_ZERO_RETURN;
            if (status <= 0 && !*is_end && !wait_for_tls(stream, status)) {
                return false;
            }
            count = status;
        } else {
            count = recv(stream->fd, room, CHUNK, 0);
            *is_end = count == 0;
            if (count < 0 && errno != EAGAIN && errno != EINTR) {
                return refuse_errno(stream->reason, errno);
            }
            if (count < 0 && !wait_for(stream, POLLIN)) {
                return false;
            }
        }
        if (count > 0) {
            stream->in.size += (size_t)count;
        }
        if (count > 0 || *is_end) {
            return true;
        }
    }
}

static bl_slice unread(const http_stream *stream)
{
    size_t size = stream->in.size - stream->in_start;
    return (bl_slice){size > 0 ? stream->in.data + stream->in_start : "", size};
}

// Whether so many bytes are there, or have come.
static bool need(http_stream *stream, size_t size)
{
    while (unread(stream).size < size) {
        bool is_end;
        if (!receive(stream, &is_end)) {
            return false;
        }
        if (is_end) {
            return refuse(stream->reason, "connection closed before message completed");
        }
    }
    return true;
}

// The next line without its end, valid until more is received.
static bool read_line(http_stream *stream, bl_slice *line)
{
    for (size_t looked_at = 0;;) {
        bl_slice rest = unread(stream);
        BL_CHECK(looked_at <= rest.size);
        const char *end = memchr(rest.data + looked_at, '\n', rest.size - looked_at);
        if (end != NULL) {
            size_t size = (size_t)(end - rest.data);
            stream->in_start += size + 1;
            *line = (bl_slice){rest.data, size > 0 && end[-1] == '\r' ? size - 1 : size};
            return true;
        }
        looked_at = rest.size;
        if (rest.size > STD_HTTP_HEAD_SIZE_MAX) {
            return refuse(stream->reason, "message head is too large");
        }
        if (!need(stream, rest.size + 1)) {
            return false;
        }
    }
}

static bool read_bytes(http_stream *stream, size_t size, bl_buffer *out)
{
    if (size > STD_HTTP_BODY_SIZE_MAX - out->size) {
        return refuse(stream->reason, "message body is too large");
    }
    if (!need(stream, size)) {
        return false;
    }
    bl_buffer_append(out, unread(stream).data, size);
    stream->in_start += size;
    return true;
}

// ---- messages --------------------------------------------------------------------------------

static bl_slice trim(bl_slice text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text = (bl_slice){text.data + 1, text.size - 1};
    }
    while (text.size > 0 && memchr(" \t\r", text.data[text.size - 1], 3) != NULL) {
        text.size -= 1;
    }
    return text;
}

bool std_http_next_header(bl_slice head, size_t *at, bl_slice *name, bl_slice *value)
{
    while (*at < head.size) {
        const char *line = head.data + *at;
        const char *end = memchr(line, '\n', head.size - *at);
        size_t size = end != NULL ? (size_t)(end - line) : head.size - *at;
        *at += end != NULL ? size + 1 : size;
        const char *colon = memchr(line, ':', size);
        if (colon != NULL) {
            *name = (bl_slice){line, (size_t)(colon - line)};
            *value = trim((bl_slice){colon + 1, size - name->size - 1});
            return true;
        }
    }
    return false;
}

static bool find_header(bl_slice head, bl_slice wanted, bl_slice *value)
{
    bl_slice name;
    for (size_t at = 0; std_http_next_header(head, &at, &name, value);) {
        if (bl_slice_equal_nocase(name, wanted)) {
            return true;
        }
    }
    return false;
}

// Headers that tell who asks: for the server that the program named, not for one that it is
// redirected to.
static bool is_private_header(bl_slice name)
{
    return bl_slice_equal_nocase(name, BL_SLICE("authorization")) ||
           bl_slice_equal_nocase(name, BL_SLICE("cookie")) ||
           bl_slice_equal_nocase(name, BL_SLICE("proxy-authorization"));
}

static void append_headers(bl_buffer *out, bl_slice headers, bool with_private)
{
    bl_slice name;
    bl_slice value;
    for (size_t at = 0; std_http_next_header(headers, &at, &name, &value);) {
        if (with_private || !is_private_header(name)) {
            bl_buffer_append_slice(out, name);
            bl_buffer_append_slice(out, BL_SLICE(": "));
            bl_buffer_append_slice(out, value);
            bl_buffer_append_slice(out, BL_SLICE("\r\n"));
        }
    }
}

// Whether url has the scheme, host and port that the program named.
static bool is_same_origin(const std_http_request *request, const http_url *url)
{
    http_url first;
    char reason[200];
    if (!parse_url(request->url, &first, reason)) {
        return false;
    }
    bl_free(first.target);
    return first.is_tls == url->is_tls && strcasecmp(first.host, url->host) == 0 &&
           strcmp(first.port, url->port) == 0;
}

static bool send_request(http_stream *stream, const std_http_request *request, const http_url *url)
{
    bl_buffer head = {0};
    bl_slice value;
    bl_buffer_format(&head, "%s ", request->method);
    bl_buffer_append_slice(&head, bl_slice_of(url->target));
    bl_buffer_format(&head, " HTTP/1.1\r\nHost: %s\r\n", url->authority);
    bl_slice headers = bl_buffer_slice(&request->headers);
    if (!find_header(headers, BL_SLICE("user-agent"), &value)) {
        bl_buffer_append_slice(&head, BL_SLICE("User-Agent: bl-uring/" BL_VERSION "\r\n"));
    }
    if (!find_header(headers, BL_SLICE("accept"), &value)) {
        bl_buffer_append_slice(&head, BL_SLICE("Accept: */*\r\n"));
    }
    append_headers(&head, headers, is_same_origin(request, url));
    if (request->has_body) {
        bl_buffer_format(&head, "Content-Length: %zu\r\n", request->body.size);
    }
    bl_buffer_append_slice(&head, BL_SLICE("Connection: close\r\n\r\n"));
    bool is_sent = send_all(stream, bl_buffer_slice(&head)) &&
                   send_all(stream, bl_buffer_slice(&request->body));
    bl_buffer_deinit(&head);
    return is_sent;
}

// Status line and headers of the final answer; interim ones (1xx) are skipped.
static bool read_head(http_stream *stream, std_http_answer *answer)
{
    do {
        bl_slice line;
        answer->head.size = 0;
        if (!read_line(stream, &line)) {
            return false;
        }
        if (line.size < 12 || memcmp(line.data, "HTTP/1.", 7) != 0 || line.data[8] != ' ') {
            return refuse(stream->reason, "invalid HTTP version parsed");
        }
        answer->status = 0;
        for (size_t i = 9; i < 12; i++) {
            if (line.data[i] < '0' || line.data[i] > '9') {
                return refuse(stream->reason, "invalid HTTP status-code parsed");
            }
            answer->status = answer->status * 10 + (line.data[i] - '0');
        }
        for (;;) {
            if (!read_line(stream, &line)) {
                return false;
            }
            if (line.size == 0) {
                break;
            }
            if (answer->head.size + line.size > STD_HTTP_HEAD_SIZE_MAX) {
                return refuse(stream->reason, "message head is too large");
            }
            bl_buffer_append_slice(&answer->head, line);
            bl_buffer_append_char(&answer->head, '\n');
        }
    } while (answer->status < 200);
    return true;
}

// Chunks up to the last one and the trailer, which is dropped.
static bool read_chunks(http_stream *stream, bl_buffer *out)
{
    for (;;) {
        bl_slice line;
        if (!read_line(stream, &line)) {
            return false;
        }
        uint64_t size = 0;
        size_t digits = 0;
        for (; digits < line.size; digits++) {
            char c = (char)(line.data[digits] | 0x20);
            bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
            if (!is_hex || size > STD_HTTP_BODY_SIZE_MAX) {
                break;
            }
            size = size * 16 + (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
        }
        if (digits == 0) {
            return refuse(stream->reason, "invalid chunk size line");
        }
        if (size == 0) {
            do {
                if (!read_line(stream, &line)) {
                    return false;
                }
            } while (line.size > 0);
            return true;
        }
        if (!read_bytes(stream, size, out) || !read_line(stream, &line)) {
            return false;
        }
    }
}

static bool read_to_end(http_stream *stream, bl_buffer *out)
{
    bool is_end = false;
    while (!is_end) {
        if (!read_bytes(stream, unread(stream).size, out)) {
            return false;
        }
        stream->in.size = 0;
        stream->in_start = 0;
        if (!receive(stream, &is_end)) {
            return false;
        }
    }
    return true;
}

static bool read_body(http_stream *stream, const std_http_request *request, std_http_answer *answer)
{
    bl_slice head = bl_buffer_slice(&answer->head);
    bl_slice value;
    if (strcmp(request->method, "HEAD") == 0 || answer->status == 204 || answer->status == 304) {
        return true;
    }
    if (find_header(head, BL_SLICE("transfer-encoding"), &value)) {
        return bl_slice_equal_nocase(value, BL_SLICE("chunked"))
                   ? read_chunks(stream, &answer->body)
                   : refuse(stream->reason, "unsupported transfer encoding");
    }
    if (!find_header(head, BL_SLICE("content-length"), &value)) {
        return read_to_end(stream, &answer->body);
    }
    uint64_t size = 0;
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < '0' || value.data[i] > '9' || size > STD_HTTP_BODY_SIZE_MAX) {
            return refuse(stream->reason, "invalid content-length");
        }
        size = size * 10 + (uint64_t)(value.data[i] - '0');
    }
    return read_bytes(stream, size, &answer->body);
}

static bool exchange(const std_http_request *request, const http_url *url, int64_t deadline_ms,
                     std_http_answer *answer)
{
    http_stream stream = {.fd = -1, .deadline_ms = deadline_ms, .reason = answer->reason};
    answer->body.size = 0;
    bool is_done = open_connection(&stream, url) && (!url->is_tls || start_tls(&stream, url)) &&
                   send_request(&stream, request, url) && read_head(&stream, answer) &&
                   read_body(&stream, request, answer);
    close_stream(&stream);
    return is_done;
}

// ---- redirects -------------------------------------------------------------------------------

static bool is_redirect(const std_http_request *request, const std_http_answer *answer,
                        bl_slice *location)
{
    bool is_safe = strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
    int status = answer->status;
    bool is_moved =
        status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    return is_safe && is_moved &&
           find_header(bl_buffer_slice(&answer->head), BL_SLICE("location"), location);
}

// RFC 3986, section 5.2, as far as servers use it: a whole URL, `//host…`, `/path` or `path`.
static void resolve_location(bl_buffer *out, const http_url *base, bl_slice location)
{
    const char *scheme = base->is_tls ? "https:" : "http:";
    bool is_whole = location.size > 8 && memmem(location.data, 8, "://", 3) != NULL;
    if (is_whole) {
        bl_buffer_append_slice(out, location);
    } else if (location.size >= 2 && memcmp(location.data, "//", 2) == 0) {
        bl_buffer_append_slice(out, bl_slice_of(scheme));
        bl_buffer_append_slice(out, location);
    } else {
        bl_buffer_format(out, "%s//%s", scheme, base->authority);
        if (location.size == 0 || location.data[0] != '/') {
            const char *end = strchr(base->target, '?');
            size_t size = end != NULL ? (size_t)(end - base->target) : strlen(base->target);
            bool is_query = location.size > 0 && location.data[0] == '?';
            while (!is_query && size > 0 && base->target[size - 1] != '/') {
                size -= 1;
            }
            bl_buffer_append(out, base->target, size);
        }
        bl_buffer_append_slice(out, location);
    }
    bl_buffer_append_char(out, 0);
}

// One request; *next: where it leads to, as an allocation, or NULL.
static bool perform_once(const std_http_request *request, const char *text, int64_t deadline_ms,
                         std_http_answer *answer, char **next)
{
    http_url url;
    *next = NULL;
    if (!parse_url(text, &url, answer->reason)) {
        return false;
    }
    bl_slice location;
    bool is_done = exchange(request, &url, deadline_ms, answer);
    if (is_done && is_redirect(request, answer, &location)) {
        bl_buffer resolved = {0};
        resolve_location(&resolved, &url, location);
        *next = resolved.data;
    }
    bl_free(url.target);
    return is_done;
}

bool std_http_perform(const std_http_request *request, std_http_answer *answer)
{
    int64_t deadline_ms = std_monotonic_ms() + STD_HTTP_TIMEOUT_MS;
    char *next = NULL;
    bool is_done = perform_once(request, request->url, deadline_ms, answer, &next);
    for (int redirects = 0; is_done && next != NULL; redirects++) {
        char *here = next;
        next = NULL;
        is_done = redirects < STD_HTTP_REDIRECTS_MAX
                      ? perform_once(request, here, deadline_ms, answer, &next)
                      : refuse(answer->reason, "too many redirects");
        bl_free(here);
    }
    bl_free(next);
    return is_done;
}
