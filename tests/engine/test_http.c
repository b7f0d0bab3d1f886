// tests/engine/test_http.c: bytes in, answers out: every row whole, split at every byte, byte by
// byte, and twice in one piece; the answers must be the same each time.
//
// The server answers each request with a description of it: "METHOD path?query [body]". A row
// says what must come: "200 GET /a []" for an answer with this body, "400" for one where the body
// does not matter, and "close" if the connection must end, "open" if not.
#include "tests/engine/world.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define HOST "Host: h\r\n"

typedef struct http_row {
    const char *name, *input, *want;
    size_t input_size; // 0: strlen.
} http_row;

static const http_row ROWS[] = {
    // ---- request line, RFC 9112 section 3
    {"get", "GET /a HTTP/1.1\r\n" HOST "\r\n", "200 GET /a [] open", 0},
    {"query", "GET /a?x=1&y HTTP/1.1\r\n" HOST "\r\n", "200 GET /a?x=1&y [] open", 0},
    {"empty query", "GET /a? HTTP/1.1\r\n" HOST "\r\n", "200 GET /a? [] open", 0},
    {"absolute form", "GET http://e.org/a?x HTTP/1.1\r\n" HOST "\r\n", "200 GET /a?x [] open", 0},
    {"absolute form without path", "GET http://e.org HTTP/1.1\r\n" HOST "\r\n", "200 GET / [] open",
     0},
    {"absolute form, query only", "GET HTTP://e.org?q HTTP/1.1\r\n" HOST "\r\n",
     "200 GET /?q [] open", 0},
    {"absolute form, bad authority", "GET http://u@e.org/ HTTP/1.1\r\n" HOST "\r\n", "400 close",
     0},
    {"absolute form, no authority", "GET http:///a HTTP/1.1\r\n" HOST "\r\n", "400 close", 0},
    {"options star", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", "200 OPTIONS * [] open", 0},
    {"get star", "GET * HTTP/1.1\r\n" HOST "\r\n", "400 close", 0},
    {"punctuation", "GET /-._~!$&'()*+,;=:@%20[] HTTP/1.1\r\n" HOST "\r\n",
     "200 GET /-._~!$&'()*+,;=:@%20[] [] open", 0},
    {"fragment", "GET /a#b HTTP/1.1\r\n" HOST "\r\n", "400 close", 0},
    {"angle bracket", "GET /<a> HTTP/1.1\r\n" HOST "\r\n", "400 close", 0},
    {"escaped NUL", "GET /a%00b HTTP/1.1\r\n" HOST "\r\n", "400 close", 0},
    {"non-ASCII target", "GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n", "400 close", 0},
    {"control in target", "GET /a\x01 HTTP/1.1\r\n" HOST "\r\n", "400 close", 0},
    {"authority form", "GET a HTTP/1.1\r\n" HOST "\r\n", "400 close", 0},
    {"query only", "GET ?x HTTP/1.1\r\n" HOST "\r\n", "400 close", 0},
    {"two spaces before target", "GET  /a HTTP/1.1\r\n" HOST "\r\n", "400 close", 0},
    {"two spaces before version", "GET /a  HTTP/1.1\r\n" HOST "\r\n", "400 close", 0},
    {"tab", "GET\t/a HTTP/1.1\r\n" HOST "\r\n", "400 close", 0},
    {"space after version", "GET /a HTTP/1.1 \r\n" HOST "\r\n", "400 close", 0},
    {"space before method", " GET /a HTTP/1.1\r\n" HOST "\r\n", "400 close", 0},
    {"no version", "GET /a\r\n" HOST "\r\n", "400 close", 0},
    {"one word", "HELLO\r\n\r\n", "400 close", 0},
    {"no target", "GET HTTP/1.1\r\n" HOST "\r\n", "400 close", 0},
    {"bad method char", "G@T /a HTTP/1.1\r\n" HOST "\r\n", "400 close", 0},
    {"NUL in method", "G\0T /a HTTP/1.1\r\n" HOST "\r\n", "400 close", 28},
    {"NUL in value", "GET /a HTTP/1.1\r\n" HOST "X: a\0b\r\n\r\n", "400 close", 36},
    {"unknown method", "BREW /a HTTP/1.1\r\n" HOST "\r\n", "501 open", 0},
    {"unknown method with body", "BREW /a HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc",
     "501 open", 0},
    {"lower-case method", "get /a HTTP/1.1\r\n" HOST "\r\n", "501 open", 0},
    {"TRACE", "TRACE /a HTTP/1.1\r\n" HOST "\r\n", "501 open", 0},
    {"CONNECT", "CONNECT h:80 HTTP/1.1\r\n" HOST "\r\n", "501 open", 0},
    {"SOURCE of ICE", "SOURCE / ICE/1.0\r\n" HOST "\r\n", "400 close", 0},
    {"long method", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA / HTTP/1.1\r\n" HOST "\r\n", "400 close",
     0},
    {"other protocol", "GET /a XTTP/1.1\r\n" HOST "\r\n", "400 close", 0},
    {"lower-case protocol", "GET /a http/1.1\r\n" HOST "\r\n", "400 close", 0},
    {"HTTP/1.2", "GET /a HTTP/1.2\r\n" HOST "\r\n", "200 GET /a [] open", 0},
    {"HTTP/2.0", "GET /a HTTP/2.0\r\n" HOST "\r\n", "505 close", 0},
    {"HTTP/0.9", "GET /a HTTP/0.9\r\n" HOST "\r\n", "505 close", 0},
    {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505 close", 0},
    {"HTTP/1.10", "GET /a HTTP/1.10\r\n" HOST "\r\n", "400 close", 0},
    {"HTTP/1", "GET /a HTTP/1\r\n" HOST "\r\n", "400 close", 0},
    {"LF lines", "GET /a HTTP/1.1\nHost: h\n\n", "400 close", 0},
    {"CR alone", "GET /a HTTP/1.1\rHost: h\r\n\r\n", "400 close", 0},
    {"one empty line", "\r\nGET /a HTTP/1.1\r\n" HOST "\r\n", "200 GET /a [] open", 0},
    {"two empty lines", "\r\n\r\nGET /a HTTP/1.1\r\n" HOST "\r\n", "400 close", 0},
    {"empty line of LF", "\nGET /a HTTP/1.1\r\n" HOST "\r\n", "400 close", 0},
    {"empty line of CR", "\rGET /a HTTP/1.1\r\n" HOST "\r\n", "400 close", 0},
    {"TLS client", "\x16\x03\x01\x01\xa5\x01\r\n\r\n", "400 close", 0},
    // ---- fields, RFC 9112 section 5
    {"all token characters", "GET /a HTTP/1.1\r\n" HOST "!#$%&'*+-.^_`|~09azAZ: odd\r\n\r\n",
     "200 GET /a [] open", 0},
    {"no blank after colon", "GET /a HTTP/1.1\r\nHost:h\r\nX:a:b: c\r\n\r\n",
     "200 GET /a [] X=a:b: c open", 0},
    {"blanks around", "GET /a HTTP/1.1\r\n" HOST "X: \t a\tb \t\r\n\r\n",
     "200 GET /a [] X=a\tb open", 0},
    {"empty value", "GET /a HTTP/1.1\r\n" HOST "X:\r\n\r\n", "200 GET /a [] X= open", 0},
    {"blank value", "GET /a HTTP/1.1\r\n" HOST "X:  \r\n\r\n", "200 GET /a [] X= open", 0},
    {"obs-text", "GET /a HTTP/1.1\r\n" HOST "X: \xff\xe9\r\n\r\n", "200 GET /a [] X=\xff\xe9 open",
     0},
    {"blank before colon", "GET /a HTTP/1.1\r\n" HOST "X : y\r\n\r\n", "400 close", 0},
    {"no colon", "GET /a HTTP/1.1\r\n" HOST "X\r\n\r\n", "400 close", 0},
    {"no name", "GET /a HTTP/1.1\r\n" HOST ": y\r\n\r\n", "400 close", 0},
    {"blank in name", "GET /a HTTP/1.1\r\n" HOST "X Y: z\r\n\r\n", "400 close", 0},
    {"folding", "GET /a HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n", "400 close", 0},
    {"folded first line", "GET /a HTTP/1.1\r\n Host: h\r\n\r\n", "400 close", 0},
    {"control in value", "GET /a HTTP/1.1\r\n" HOST "X: a\x07z\r\n\r\n", "400 close", 0},
    {"DEL in value", "GET /a HTTP/1.1\r\n" HOST "X: a\x7fz\r\n\r\n", "400 close", 0},
    {"CR in value", "GET /a HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n", "400 close", 0},
    {"LF after value", "GET /a HTTP/1.1\r\n" HOST "X: a\nY: b\r\n\r\n", "400 close", 0},
    {"comma in name", "GET /a HTTP/1.1\r\n" HOST "X,Y: z\r\n\r\n", "400 close", 0},
    {"UTF-8 in name", "GET /a HTTP/1.1\r\n" HOST "X\xc3\xa9: z\r\n\r\n", "400 close", 0},
    // ---- Host, RFC 9112 section 3.2
    {"no Host", "GET /a HTTP/1.1\r\n\r\n", "400 close", 0},
    {"two Hosts", "GET /a HTTP/1.1\r\n" HOST HOST "\r\n", "400 close", 0},
    {"empty Host", "GET /a HTTP/1.1\r\nHost:\r\n\r\n", "400 close", 0},
    {"Host with blank", "GET /a HTTP/1.1\r\nHost: a b\r\n\r\n", "400 close", 0},
    {"Host list", "GET /a HTTP/1.1\r\nHost: a,b\r\n\r\n", "400 close", 0},
    {"Host with user", "GET /a HTTP/1.1\r\nHost: u@h\r\n\r\n", "400 close", 0},
    {"Host with path", "GET /a HTTP/1.1\r\nHost: h/a\r\n\r\n", "400 close", 0},
    {"Host with port", "GET /a HTTP/1.1\r\nHost: h:80\r\n\r\n", "200 GET /a [] open", 0},
    {"Host with bad port", "GET /a HTTP/1.1\r\nHost: h:8a\r\n\r\n", "400 close", 0},
    {"Host IPv6", "GET /a HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "200 GET /a [] open", 0},
    {"Host open bracket", "GET /a HTTP/1.1\r\nHost: [::1\r\n\r\n", "400 close", 0},
    {"1.0 without Host", "GET /a HTTP/1.0\r\n\r\n", "200 GET /a [] close", 0},
    // ---- connection, RFC 9112 section 9.3
    {"close", "GET /a HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", "200 GET /a [] close", 0},
    {"CLOSE in a list", "GET /a HTTP/1.1\r\n" HOST "Connection: foo , CLOSE\r\n\r\n",
     "200 GET /a [] close", 0},
    {"close in a second line",
     "GET /a HTTP/1.1\r\n" HOST "Connection: x\r\nConnection: close\r\n\r\n", "200 GET /a [] close",
     0},
    {"keep-alive", "GET /a HTTP/1.1\r\n" HOST "Connection: keep-alive\r\n\r\n",
     "200 GET /a [] open", 0},
    {"1.0 keep-alive", "GET /a HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "200 GET /a [] open",
     0},
    {"nothing is read after close",
     "GET /a HTTP/1.1\r\n" HOST "Connection: close\r\n\r\nGET /b HTTP/1.1\r\n" HOST "\r\n",
     "200 GET /a [] close", 0},
    {"upgrade is ignored", "GET /a HTTP/1.1\r\n" HOST "Connection: upgrade\r\nUpgrade: h2c\r\n\r\n",
     "200 GET /a [] open", 0},
    // ---- bodies, RFC 9112 section 6
    {"length", "POST /e HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello",
     "200 POST /e [hello] open", 0},
    {"length 0", "POST /e HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", "200 POST /e [] open", 0},
    {"body of a GET", "GET /e HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi",
     "200 GET /e [hi] open", 0},
    {"leading zeros", "POST /e HTTP/1.1\r\n" HOST "Content-Length: 0005\r\n\r\nhello",
     "200 POST /e [hello] open", 0},
    {"length with sign", "POST /e HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\nhello", "400 close",
     0},
    {"negative length", "POST /e HTTP/1.1\r\n" HOST "Content-Length: -5\r\n\r\nhello", "400 close",
     0},
    {"hex length", "POST /e HTTP/1.1\r\n" HOST "Content-Length: 0x5\r\n\r\nhello", "400 close", 0},
    {"length list", "POST /e HTTP/1.1\r\n" HOST "Content-Length: 5,5\r\n\r\nhello", "400 close", 0},
    {"two numbers", "POST /e HTTP/1.1\r\n" HOST "Content-Length: 5 5\r\n\r\nhello", "400 close", 0},
    {"empty length", "POST /e HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n", "400 close", 0},
    {"two lengths",
     "POST /e HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "400 close",
     0},
    {"2^64-1", "POST /e HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551615\r\n\r\n",
     "400 close", 0},
    {"too large", "POST /e HTTP/1.1\r\n" HOST "Content-Length: 1048577\r\n\r\n", "413 close", 0},
    {"length and chunks",
     "POST /e HTTP/1.1\r\n" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     "400 close", 0},
    {"chunks and length",
     "POST /e HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
     "400 close", 0},
    {"chunked",
     "POST /e HTTP/1.1\r\n" HOST
     "Transfer-Encoding: chunked\r\n\r\n4\r\nWiki\r\n5\r\npedia\r\n0\r\n\r\n",
     "200 POST /e [Wikipedia] open", 0},
    {"no chunks", "POST /e HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n",
     "200 POST /e [] open", 0},
    {"extensions and trailers",
     "POST /e HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
     "00A;name=value\r\n0123456789\r\nb;q=\"x;y\"\r\nabcdefghijk\r\n000\r\nX-Sum: 7\r\nY:\r\n\r\n",
     "200 POST /e [0123456789abcdefghijk] open", 0},
    {"empty coding", "POST /e HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\n\r\n0\r\n\r\n", "400 close",
     0},
    {"comma before coding",
     "POST /e HTTP/1.1\r\n" HOST "Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n", "400 close", 0},
    {"comma after coding",
     "POST /e HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n", "400 close", 0},
    {"chunked twice",
     "POST /e HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
     "400 close", 0},
    {"chunked twice in two lines",
     "POST /e HTTP/1.1\r\n" HOST
     "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     "400 close", 0},
    {"not chunked", "POST /e HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n",
     "400 close", 0},
    {"identity", "POST /e HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n", "400 close", 0},
    {"parameter", "POST /e HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
     "400 close", 0},
    {"gzip, chunked",
     "POST /e HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501 close",
     0},
    {"gzip and chunked in two lines",
     "POST /e HTTP/1.1\r\n" HOST
     "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     "501 close", 0},
    {"chunked in 1.0", "POST /e HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     "400 close", 0},
    {"chunk size no number", "POST /e HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
     "400 close", 0},
    {"chunk size empty", "POST /e HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n\r\n",
     "400 close", 0},
    {"chunk size negative", "POST /e HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n-1\r\n",
     "400 close", 0},
    {"chunk size with prefix",
     "POST /e HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n", "400 close",
     0},
    {"chunk size with blank",
     "POST /e HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n", "400 close", 0},
    {"chunk size of 17 digits",
     "POST /e HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n00000000000000003\r\nabc\r\n",
     "400 close", 0},
    {"chunk size overflow",
     "POST /e HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
     "400 close", 0},
    {"chunk LF", "POST /e HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n",
     "400 close", 0},
    {"chunk without CRLF behind",
     "POST /e HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n", "400 close", 0},
    {"control in extension",
     "POST /e HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3;\x01\r\nabc\r\n", "400 close",
     0},
    {"bad trailer",
     "POST /e HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\na b: c\r\n\r\n",
     "400 close", 0},
    // ---- pipelining
    {"three kinds",
     "GET /1 HTTP/1.1\r\n" HOST "\r\n"
     "POST /2 HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"
     "POST /3 HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
     "200 GET /1 [] 200 POST /2 [abc] 200 POST /3 [hi] open", 0},
    {"a bad one after a good one", "GET /1 HTTP/1.1\r\n" HOST "\r\nBAD\r\n\r\n",
     "200 GET /1 [] 400 close", 0},
    {"empty line between", "GET /1 HTTP/1.1\r\n" HOST "\r\n\r\nGET /2 HTTP/1.1\r\n" HOST "\r\n",
     "200 GET /1 [] 200 GET /2 [] open", 0},
    {"HEAD", "HEAD /a HTTP/1.1\r\n" HOST "\r\nGET /b HTTP/1.1\r\n" HOST "\r\n",
     "200/10 200 GET /b [] open", 0},
    {"deferred", "GET /1 HTTP/1.1\r\n" HOST "X-Defer: 1\r\n\r\nGET /2 HTTP/1.1\r\n" HOST "\r\n",
     "200 GET /1 [] 200 GET /2 [] open", 0},
    {"unknown expectation", "POST /e HTTP/1.1\r\n" HOST "Expect: miracles\r\n\r\n", "417 open", 0},
    {"expectation in 1.0",
     "POST /e HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
     "200 POST /e [hi] close", 0},
    {"refused in the head",
     "POST /no HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"
     "GET /2 HTTP/1.1\r\n" HOST "\r\n",
     "404 200 GET /2 [] open", 0},
    {"refused with chunks",
     "POST /no HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
     "GET /2 HTTP/1.1\r\n" HOST "\r\n",
     "404 200 GET /2 [] open", 0},
    {"lower body limit", "POST /small HTTP/1.1\r\n" HOST "Content-Length: 11\r\n\r\n01234567890",
     "413 close", 0},
    {"at the lower body limit", "POST /small HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\n0123",
     "200 POST /small [0123] open", 0},
    {"chunks over the limit",
     "POST /small HTTP/1.1\r\n" HOST
     "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
     "413 close", 0},
};

// ---- the server --------------------------------------------------------------------------------

static eng_request *DEFERRED;

static void describe(eng_request *request, bl_buffer *text)
{
    bl_buffer_append_slice(text, request->method_text);
    bl_buffer_append_char(text, ' ');
    bl_buffer_append_slice(text, request->path);
    if (request->has_query) {
        bl_buffer_append_char(text, '?');
        bl_buffer_append_slice(text, request->query);
    }
    bl_buffer_append(text, " [", 2);
    bl_buffer_append_slice(text, request->body);
    bl_buffer_append_char(text, ']');
    bl_slice x = eng_request_find(request, BL_SLICE("x"));
    if (x.data != NULL) {
        bl_buffer_append(text, " X=", 3);
        bl_buffer_append_slice(text, x);
    }
}

static void answer(eng_request *request)
{
    bl_buffer text = {NULL, 0, 0};
    describe(request, &text);
    eng_response response = {.status = 200, .body = bl_buffer_slice(&text)};
    eng_respond(request, &response);
    bl_buffer_deinit(&text);
}

static void on_head(eng_core *core, eng_request *request)
{
    (void)core; // There is one.
    if (bl_slice_equal(request->path, BL_SLICE("/no"))) {
        eng_response response = {.status = 404};
        eng_respond(request, &response);
    } else if (bl_slice_equal(request->path, BL_SLICE("/small"))) {
        request->body_size_max = 4;
    }
}

static void on_request(eng_core *core, eng_request *request)
{
    (void)core;
    if (eng_request_find(request, BL_SLICE("x-defer")).data != NULL) {
        eng_request_defer(request);
        DEFERRED = request;
    } else {
        answer(request);
    }
}

static void run(eng_world *world)
{
    world_run(world);
    while (DEFERRED != NULL) {
        eng_request *request = DEFERRED;
        DEFERRED = NULL;
        answer(request);
        eng_request_release(request);
        world_run(world);
    }
}

// ---- what came back ----------------------------------------------------------------------------

static size_t find_text(bl_slice text, size_t at, const char *wanted)
{
    size_t size = strlen(wanted);
    for (size_t i = at; i + size <= text.size; i++) {
        if (memcmp(text.data + i, wanted, size) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

static size_t number_at(bl_slice text, size_t at)
{
    size_t number = 0;
    while (at < text.size && text.data[at] >= '0' && text.data[at] <= '9') {
        number = number * 10 + (size_t)(text.data[at++] - '0');
    }
    return number;
}

// "200 BODY 404 … close": bodies of 200s only. after_head: the next response belongs to a HEAD.
static void summarise(bl_slice output, bool is_head, bool is_closed, bl_buffer *summary)
{
    size_t at = 0;
    while (at < output.size) {
        size_t end = find_text(output, at, "\r\n\r\n");
        cr_assert_neq(end, SIZE_MAX, "an answer without an end: %.*s", BL_SLICE_ARG(output));
        bl_slice head = {output.data + at, end + 2 - at};
        size_t status = number_at(head, 9);
        size_t length_at = find_text(head, 0, "Content-Length: ");
        size_t length = length_at == SIZE_MAX ? 0 : number_at(head, length_at + 16);
        if (status != 100) {
            cr_assert_neq(find_text(head, 0, "\r\nDate: "), SIZE_MAX);
            cr_assert_neq(length_at, SIZE_MAX);
            bl_buffer_format(summary, "%zu", status);
            if (is_head) {
                bl_buffer_format(summary, "/%zu", length);
                length = 0;
            } else if (status == 200) {
                bl_buffer_format(summary, " %.*s", (int)length, output.data + end + 4);
            }
            bl_buffer_append_char(summary, ' ');
        }
        is_head = false;
        at = end + 4 + length;
    }
    cr_assert_eq(at, output.size, "bytes behind the last answer");
    bl_buffer_format(summary, is_closed ? "close" : "open");
}

// Feeds the input in pieces of the given sizes, the rest whole.
static void check(const http_row *row, bl_slice input, size_t first_size, size_t piece_size)
{
    eng_config config;
    eng_config_init(&config);
    config.on_head = on_head;
    config.on_request = on_request;
    eng_world *world = world_create(&config);
    uint32_t client = world_connect(world);
    size_t at = 0;
    while (at < input.size) {
        size_t size = at == 0 ? first_size : piece_size;
        size = size < input.size - at ? size : input.size - at;
        world_feed(world, client, (bl_slice){input.data + at, size});
        run(world);
        at += size;
    }
    world_client *state = world_client_at(world, client);
    bl_buffer summary = {NULL, 0, 0};
    summarise(world_output(world, client), memcmp(input.data, "HEAD", 4) == 0,
              state->is_closed || state->is_shut, &summary);
    cr_assert(bl_slice_equal(bl_buffer_slice(&summary), bl_slice_of(row->want)),
              "%s (%zu, %zu): got \"%.*s\", want \"%s\"", row->name, first_size, piece_size,
              (int)summary.size, summary.data, row->want);
    bl_buffer_deinit(&summary);
    world_destroy(world);
}

static void for_each_row(void (*run_row)(const http_row *row, bl_slice input))
{
    for (size_t i = 0; i < BL_ARRAY_COUNT(ROWS); i++) {
        const http_row *row = &ROWS[i];
        size_t size = row->input_size != 0 ? row->input_size : strlen(row->input);
        run_row(row, (bl_slice){row->input, size});
    }
}

static void whole(const http_row *row, bl_slice input)
{
    check(row, input, input.size, input.size);
}

static void split(const http_row *row, bl_slice input)
{
    for (size_t size = 1; size < input.size; size++) {
        check(row, input, size, input.size);
    }
}

static void bytewise(const http_row *row, bl_slice input)
{
    check(row, input, 1, 1);
}

static void twice(const http_row *row, bl_slice input)
{
    if (strstr(row->want, " open") == NULL) {
        return;
    }
    bl_buffer both = {NULL, 0, 0};
    bl_buffer_append_slice(&both, input);
    bl_buffer_append_slice(&both, input);
    bl_buffer want = {NULL, 0, 0};
    bl_buffer_format(&want, "%.*s%s", (int)(strlen(row->want) - 4), row->want, row->want);
    bl_buffer_append_char(&want, '\0');
    http_row doubled = *row;
    doubled.want = want.data;
    if (strncmp(input.data, "HEAD", 4) != 0) {
        check(&doubled, bl_buffer_slice(&both), both.size, both.size);
    }
    bl_buffer_deinit(&both);
    bl_buffer_deinit(&want);
}

Test(http, whole)
{
    for_each_row(whole);
}

Test(http, split_at_every_byte)
{
    for_each_row(split);
}

Test(http, byte_by_byte)
{
    for_each_row(bytewise);
}

Test(http, twice_in_one_piece)
{
    for_each_row(twice);
}
