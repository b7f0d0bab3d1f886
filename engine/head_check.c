// engine/head_check.c: what the fields of a request head mean, and which must not stand together.
//
// These are the rules of RFC 9110 and 9112 that a strict llhttp lets through: Host, the forms of
// the target, Transfer-Encoding and Content-Length against request smuggling, Connection, Expect.
// docs/http.md lists them by section.
#include "engine/chars.h"
#include "engine/head.h"

static bool fail(eng_head *head, eng_http_error error)
{
    head->error = (uint8_t)error;
    return false;
}

static bl_slice part(const eng_head *head, uint32_t from, uint32_t to)
{
    return (bl_slice){head->base + from, (size_t)(to - from)};
}

static bl_slice field_value(const eng_head *head, const eng_field *field)
{
    return (bl_slice){head->base + field->value_at, field->value_size};
}

eng_method eng_method_of(bl_slice token)
{
    // clang-format off
#define METHOD(name)                                                                               \
    if (token.size == sizeof(#name) - 1 && memcmp(token.data, #name, sizeof(#name) - 1) == 0) {    \
        return ENG_METHOD_##name;                                                                  \
    }
#include "engine/methods.def"
#undef METHOD
    // clang-format on
    return ENG_METHOD_OTHER;
}

// ---- lists of tokens ---------------------------------------------------------------------------

// Takes the next element of a comma-separated list, without blanks; false at its end.
static bool next_element(bl_slice *list, bl_slice *element)
{
    if (list->data == NULL) {
        return false;
    }
    const char *comma = list->size == 0 ? NULL : memchr(list->data, ',', list->size);
    *element = (bl_slice){list->data, comma == NULL ? list->size : (size_t)(comma - list->data)};
    *list =
        comma == NULL ? (bl_slice){NULL, 0} : (bl_slice){comma + 1, list->size - element->size - 1};
    while (element->size > 0 && eng_is_blank(element->data[0])) {
        element->data += 1;
        element->size -= 1;
    }
    while (element->size > 0 && eng_is_blank(element->data[element->size - 1])) {
        element->size -= 1;
    }
    return true;
}

static bool field_has(const eng_head *head, eng_header_id id, bl_slice wanted)
{
    for (uint8_t i = 0; i < head->field_count; i++) {
        if (head->fields[i].id != id) {
            continue;
        }
        bl_slice list = field_value(head, &head->fields[i]);
        bl_slice element;
        while (next_element(&list, &element)) {
            if (bl_slice_equal_nocase(element, wanted)) {
                return true;
            }
        }
    }
    return false;
}

static uint32_t field_count_of(const eng_head *head, eng_header_id id)
{
    uint32_t count = 0;
    for (uint8_t i = 0; i < head->field_count; i++) {
        count += head->fields[i].id == id;
    }
    return count;
}

// ---- target and host ---------------------------------------------------------------------------

static bool digits_only(bl_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
    }
    return true;
}

// RFC 3986 section 3.2 without the user part: a name, an address or [IPv6], and maybe a port.
static bool authority_is_valid(bl_slice text)
{
    size_t at = 0;
    bool is_bracketed = text.size > 0 && text.data[0] == '[';
    if (is_bracketed) {
        at = 1;
        while (at < text.size && (eng_is_name_char(text.data[at]) || text.data[at] == ':')) {
            at += 1;
        }
        if (at == 1 || at == text.size || text.data[at] != ']') {
            return false;
        }
        at += 1;
    } else {
        while (at < text.size && eng_is_name_char(text.data[at])) {
            at += 1;
        }
    }
    if (at == text.size) {
        return at > 0;
    }
    size_t port_size = text.size - at - 1;
    return at > 0 && text.data[at] == ':' && port_size <= 5 &&
           digits_only((bl_slice){text.data + at + 1, port_size});
}

// The target's first '?' was seen when it was read; none stands in front of path_and_query.
static void split_query(eng_head *head, bl_slice path_and_query)
{
    head->has_query = head->query_at != 0;
    head->path = path_and_query;
    head->query = (bl_slice){NULL, 0};
    if (head->has_query) {
        const char *mark = head->base + head->query_at;
        head->path.size = (size_t)(mark - path_and_query.data);
        head->query = (bl_slice){mark + 1, path_and_query.size - head->path.size - 1};
    }
}

// RFC 9112 section 3.2.2. The authority of an absolute target overrides Host.
static bool check_absolute_target(eng_head *head, bl_slice rest)
{
    size_t size = 0;
    while (size < rest.size && rest.data[size] != '/' && rest.data[size] != '?') {
        size += 1;
    }
    head->authority = (bl_slice){rest.data, size};
    if (!authority_is_valid(head->authority)) {
        return fail(head, ENG_HTTP_TARGET);
    }
    split_query(head, (bl_slice){rest.data + size, rest.size - size});
    if (head->path.size == 0) {
        head->path = BL_SLICE("/");
    }
    return true;
}

static bool starts_nocase(bl_slice text, bl_slice start)
{
    return text.size >= start.size &&
           bl_slice_equal_nocase((bl_slice){text.data, start.size}, start);
}

// A path with %00 in it is refused: what comes behind would look different to a C library.
static bool path_is_valid(bl_slice path)
{
    for (size_t i = 0; i + 2 < path.size; i++) {
        if (path.data[i] == '%' && path.data[i + 1] == '0' && path.data[i + 2] == '0') {
            return false;
        }
    }
    return true;
}

static bool check_target(eng_head *head)
{
    static const bl_slice schemes[] = {{"http://", 7}, {"https://", 8}};
    bl_slice target = part(head, head->target_at, head->target_end);
    head->authority = (bl_slice){NULL, 0};
    if (target.data[0] == '/') {
        split_query(head, target);
        return path_is_valid(head->path) || fail(head, ENG_HTTP_TARGET);
    }
    for (size_t i = 0; i < BL_ARRAY_COUNT(schemes); i++) {
        if (starts_nocase(target, schemes[i])) {
            size_t skip = schemes[i].size;
            return check_absolute_target(head,
                                         (bl_slice){target.data + skip, target.size - skip}) &&
                   (path_is_valid(head->path) || fail(head, ENG_HTTP_TARGET));
        }
    }
    bool is_star = target.size == 1 && target.data[0] == '*';
    bl_slice method = part(head, head->method_at, head->method_end);
    // CONNECT is not implemented, but host:port is its proper target: it deserves the 501.
    bool is_connect = bl_slice_equal(method, BL_SLICE("CONNECT")) && authority_is_valid(target);
    if ((is_star && head->method == ENG_METHOD_OPTIONS) || is_connect) {
        head->path = target;
        head->query = (bl_slice){NULL, 0};
        head->has_query = false;
        return true;
    }
    return fail(head, ENG_HTTP_TARGET);
}

// RFC 9112 section 3.2: exactly one Host in 1.1, and never two.
static bool check_host(eng_head *head)
{
    uint8_t place = head->known[ENG_HEADER_HOST];
    if (place == 0) {
        return head->version_minor == 0 || fail(head, ENG_HTTP_HOST);
    }
    if (field_count_of(head, ENG_HEADER_HOST) != 1) {
        return fail(head, ENG_HTTP_HOST);
    }
    bl_slice host = field_value(head, &head->fields[place - 1]);
    if (!authority_is_valid(host)) {
        return fail(head, ENG_HTTP_HOST);
    }
    if (head->authority.data == NULL) {
        head->authority = host;
    }
    return true;
}

// ---- framing -----------------------------------------------------------------------------------

// RFC 9112 section 6.3. llhttp has seen that there is only one, with digits only.
static bool check_content_length(eng_head *head)
{
    head->content_length = -1;
    uint8_t place = head->known[ENG_HEADER_CONTENT_LENGTH];
    if (place == 0) {
        return true;
    }
    bl_slice value = field_value(head, &head->fields[place - 1]);
    if (field_count_of(head, ENG_HEADER_CONTENT_LENGTH) != 1 || value.size == 0 ||
        value.size > 19 || !digits_only(value)) {
        return fail(head, ENG_HTTP_CONTENT_LENGTH);
    }
    uint64_t length = 0;
    for (size_t i = 0; i < value.size; i++) {
        length = length * 10 + (uint64_t)(value.data[i] - '0');
    }
    if (length > (uint64_t)INT64_MAX) {
        return fail(head, ENG_HTTP_CONTENT_LENGTH);
    }
    head->content_length = (int64_t)length;
    return true;
}

// RFC 9112 section 6.1. The last coding must be chunked, once; any other before it is not
// supported. An empty list or element is how bodies are smuggled past llhttp.
static bool check_transfer_encoding(eng_head *head)
{
    head->is_chunked = false;
    if (head->known[ENG_HEADER_TRANSFER_ENCODING] == 0) {
        return true;
    }
    if (head->version_minor == 0 || head->known[ENG_HEADER_CONTENT_LENGTH] != 0) {
        return fail(head, ENG_HTTP_FRAMING);
    }
    bool has_other = false;
    for (uint8_t i = 0; i < head->field_count; i++) {
        if (head->fields[i].id != ENG_HEADER_TRANSFER_ENCODING) {
            continue;
        }
        bl_slice list = field_value(head, &head->fields[i]);
        bl_slice coding;
        while (next_element(&list, &coding)) {
            if (coding.size == 0 || head->is_chunked) {
                return fail(head, ENG_HTTP_FRAMING);
            }
            head->is_chunked = bl_slice_equal_nocase(coding, BL_SLICE("chunked"));
            has_other = has_other || !head->is_chunked;
        }
    }
    if (!head->is_chunked) {
        return fail(head, ENG_HTTP_FRAMING);
    }
    return !has_other || fail(head, ENG_HTTP_TRANSFER_CODING);
}

// RFC 9110 section 10.1.1; ignored in 1.0.
static void check_expect(eng_head *head)
{
    uint8_t place = head->known[ENG_HEADER_EXPECT];
    head->expects_continue = false;
    head->wants_unknown_expectation = false;
    if (place == 0 || head->version_minor == 0) {
        return;
    }
    bl_slice value = field_value(head, &head->fields[place - 1]);
    head->expects_continue = bl_slice_equal_nocase(value, BL_SLICE("100-continue"));
    head->wants_unknown_expectation = !head->expects_continue;
}

// RFC 9112 section 9.3.
static void check_connection(eng_head *head)
{
    head->keep_alive = head->version_minor != 0;
    if (head->known[ENG_HEADER_CONNECTION] == 0) {
        return;
    }
    if (field_has(head, ENG_HEADER_CONNECTION, BL_SLICE("close"))) {
        head->keep_alive = false;
    } else if (head->version_minor == 0) {
        head->keep_alive = field_has(head, ENG_HEADER_CONNECTION, BL_SLICE("keep-alive"));
    }
}

bool eng_head_check(eng_head *head)
{
    BL_CHECK(head->stage == ENG_HEAD_DONE);
    head->method = (uint8_t)eng_method_of(part(head, head->method_at, head->method_end));
    if (!check_target(head) || !check_host(head) || !check_content_length(head) ||
        !check_transfer_encoding(head)) {
        return false;
    }
    check_connection(head);
    check_expect(head);
    return true;
}
