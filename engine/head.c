// engine/head.c: reads a request head; see head.h. What it means is checked in head_check.c.
#include "engine/head.h"

#include "engine/chars.h"

#include <assert.h>
#include <pthread.h>

// ---- fields, by llhttp -------------------------------------------------------------------------

static uint8_t header_id(const char *name, size_t size)
{
    static const bl_slice names[] = {
#define HEADER(id, name) [ENG_HEADER_##id] = {name, sizeof(name) - 1},
#include "engine/headers.def"
#undef HEADER
    };
    for (uint8_t id = 0; id < BL_ARRAY_COUNT(names); id++) {
        if (names[id].size == size && names[id].data[0] == (char)(name[0] | 0x20) &&
            bl_slice_equal_nocase(names[id], (bl_slice){name, size})) {
            return id;
        }
    }
    return ENG_HEADER_OTHER;
}

static int fail(eng_head *head, eng_http_error error)
{
    head->error = (uint8_t)error;
    return HPE_USER;
}

static int on_field_name(llhttp_t *llhttp, const char *data, size_t size)
{
    eng_head *head = llhttp->data;
    eng_field *field = &head->fields[head->field_count];
    if (!head->in_name) {
        if (head->field_count == head->limits->header_count_max) {
            return fail(head, ENG_HTTP_HEADER_COUNT);
        }
        head->in_name = true;
        head->has_value = false;
        field->name_at = (uint32_t)(data - head->base);
        field->value_size = 0;
    }
    field->name_size = (uint16_t)(data + size - head->base - field->name_at);
    return 0;
}

static int on_field_value(llhttp_t *llhttp, const char *data, size_t size)
{
    eng_head *head = llhttp->data;
    eng_field *field = &head->fields[head->field_count];
    if (!head->has_value) {
        head->has_value = true;
        field->value_at = (uint32_t)(data - head->base);
    }
    field->value_size = (uint32_t)(data + size - head->base) - field->value_at;
    return 0;
}

static int on_field_complete(llhttp_t *llhttp)
{
    eng_head *head = llhttp->data;
    eng_field *field = &head->fields[head->field_count];
    if (!head->has_value) {
        field->value_at = field->name_at + field->name_size;
    }
    // llhttp leaves blanks at the end of a value (RFC 9112 section 5.1: not part of it).
    while (field->value_size > 0 &&
           eng_is_blank(head->base[field->value_at + field->value_size - 1])) {
        field->value_size -= 1;
    }
    field->id = header_id(head->base + field->name_at, field->name_size);
    head->field_count += 1;
    if (field->id != ENG_HEADER_OTHER && head->known[field->id] == 0) {
        head->known[field->id] = head->field_count;
    }
    head->in_name = false;
    return 0;
}

static int on_fields_complete(llhttp_t *llhttp)
{
    (void)llhttp; // Nothing to look up: pausing is all.
    return HPE_PAUSED;
}

static llhttp_settings_t SETTINGS; // Written once, by eng_head_setup().
static llhttp_t AFTER_REQUEST_LINE;

static void setup(void)
{
    llhttp_settings_init(&SETTINGS);
    SETTINGS.on_header_field = on_field_name;
    SETTINGS.on_header_value = on_field_value;
    SETTINGS.on_header_value_complete = on_field_complete;
    SETTINGS.on_headers_complete = on_fields_complete;
    // Method and version given here do not matter: body, keep-alive and upgrade are not llhttp's.
    static const char line[] = "POST / HTTP/1.1\r\n";
    llhttp_init(&AFTER_REQUEST_LINE, HTTP_REQUEST, &SETTINGS);
    llhttp_errno_t status = llhttp_execute(&AFTER_REQUEST_LINE, line, sizeof(line) - 1);
    BL_CHECK(status == HPE_OK);
}

void eng_head_setup(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, setup);
}

static eng_http_error field_error(const eng_head *head)
{
    if (head->error != 0) {
        return head->error;
    }
    llhttp_errno_t status = llhttp_get_errno(&head->llhttp);
    if (status == HPE_INVALID_CONTENT_LENGTH || status == HPE_UNEXPECTED_CONTENT_LENGTH) {
        return ENG_HTTP_CONTENT_LENGTH;
    }
    return status == HPE_INVALID_TRANSFER_ENCODING ? ENG_HTTP_FRAMING : ENG_HTTP_HEADER;
}

static eng_progress feed_fields(eng_head *head, uint32_t end)
{
    head->llhttp.data = head;
    llhttp_errno_t status =
        llhttp_execute(&head->llhttp, head->base + head->at, (size_t)(end - head->at));
    if (status == HPE_OK) {
        head->at = end;
        return ENG_MORE;
    }
    if (status != HPE_PAUSED) {
        head->error = (uint8_t)field_error(head);
        return ENG_ERROR;
    }
    head->at = (uint32_t)(llhttp_get_error_pos(&head->llhttp) - head->base);
    head->stage = ENG_HEAD_DONE;
    return ENG_DONE;
}

// ---- request line ------------------------------------------------------------------------------

static bool skip_empty_lines(eng_head *head, uint32_t end)
{
    while (head->at < end) {
        char c = head->base[head->at];
        bool after_cr = head->at > 0 && head->base[head->at - 1] == '\r';
        if (after_cr && c != '\n') {
            head->error = ENG_HTTP_REQUEST_LINE;
            return false;
        }
        if (after_cr) {
            head->empty_line_count += 1;
        } else if (c != '\r') {
            head->stage = ENG_HEAD_METHOD;
            head->method_at = head->at;
            return true;
        } else if (head->empty_line_count == head->limits->empty_line_count_max) {
            head->error = ENG_HTTP_EMPTY_LINES;
            return false;
        }
        head->at += 1;
    }
    return true;
}

// Longer than any registered method; a bound for what is read before the answer 400.
#define METHOD_SIZE_MAX 32

static bool read_method(eng_head *head, uint32_t end)
{
    uint32_t at = head->at;
    while (at < end && eng_is_token_char(head->base[at])) {
        at += 1;
    }
    head->at = at;
    if (at - head->method_at > METHOD_SIZE_MAX) {
        head->error = ENG_HTTP_REQUEST_LINE;
        return false;
    }
    if (at == end) {
        return true;
    }
    if (head->base[at] != ' ' || at == head->method_at) {
        head->error = ENG_HTTP_REQUEST_LINE;
        return false;
    }
    head->method_end = at;
    head->at = at + 1;
    head->target_at = at + 1;
    head->stage = ENG_HEAD_TARGET;
    return true;
}

static bool read_target(eng_head *head, uint32_t end)
{
    uint32_t at = head->at;
    while (at < end && eng_is_target_char(head->base[at])) {
        if (head->base[at] == '?' && head->query_at == 0) {
            head->query_at = at;
        }
        at += 1;
    }
    head->at = at;
    if (at - head->target_at > head->limits->target_size_max) {
        head->error = ENG_HTTP_TARGET_SIZE;
        return false;
    }
    if (at == end) {
        return true;
    }
    if (head->base[at] != ' ' || at == head->target_at) {
        head->error =
            head->base[at] == '\r' ? (uint8_t)ENG_HTTP_REQUEST_LINE : (uint8_t)ENG_HTTP_TARGET;
        return false;
    }
    head->target_end = at;
    head->at = at + 1;
    head->stage = ENG_HEAD_VERSION;
    return true;
}

#define VERSION_SIZE 10 // "HTTP/1.1\r\n"

// RFC 9112 section 2.3. Any digit pair is a version, and all but 1.x are refused as such; 1.x
// with x > 1 is answered as 1.1.
static bool read_version(eng_head *head, uint32_t end)
{
    static const char form[VERSION_SIZE + 1] = "HTTP/d.d\r\n";
    uint32_t start = head->target_end + 1;
    // Nearly every head says 1.1 and has it whole: one comparison.
    if (head->at == start && end - start >= VERSION_SIZE &&
        memcmp(head->base + start, "HTTP/1.1\r\n", VERSION_SIZE) == 0) {
        head->at = start + VERSION_SIZE;
    }
    while (head->at < end && head->at < start + VERSION_SIZE) {
        char c = head->base[head->at];
        char want = form[head->at - start];
        bool fits = want == 'd' ? c >= '0' && c <= '9' : c == want;
        if (!fits) {
            head->error = ENG_HTTP_REQUEST_LINE;
            return false;
        }
        head->at += 1;
    }
    if (head->at < start + VERSION_SIZE) {
        return true;
    }
    if (head->base[start + 5] != '1') {
        head->error = ENG_HTTP_VERSION;
        return false;
    }
    head->version_minor = head->base[start + 7] == '0' ? 0 : 1;
    head->llhttp = AFTER_REQUEST_LINE;
    head->stage = ENG_HEAD_FIELDS;
    return true;
}

// ---- all of it ---------------------------------------------------------------------------------

void eng_head_init(eng_head *head, const eng_limits *limits, const char *base, eng_field *fields,
                   uint8_t *known)
{
    head->limits = limits;
    head->base = base;
    head->at = 0;
    head->stage = ENG_HEAD_EMPTY;
    head->empty_line_count = 0;
    head->query_at = 0;
    head->in_name = false;
    head->has_value = false;
    head->field_count = 0;
    head->error = 0;
    head->fields = fields;
    head->known = known;
    memset(known, 0, ENG_HEADER_OTHER);
}

static bool advance(eng_head *head, uint32_t end)
{
    switch ((eng_head_stage)head->stage) {
    case ENG_HEAD_EMPTY:
        return skip_empty_lines(head, end);
    case ENG_HEAD_METHOD:
        return read_method(head, end);
    case ENG_HEAD_TARGET:
        return read_target(head, end);
    case ENG_HEAD_VERSION:
        return read_version(head, end);
    case ENG_HEAD_FIELDS:
        return feed_fields(head, end) != ENG_ERROR;
    case ENG_HEAD_DONE:
        break;
    }
    BL_CHECK(false); // Fed after its end.
    return false;
}

eng_progress eng_head_feed(eng_head *head, uint32_t end)
{
    assert(head->at <= end);
    // Not a byte beyond the limit is looked at, so the limit answers the same however it came.
    uint32_t size_max = head->limits->head_size_max;
    uint32_t stop = end < size_max ? end : size_max;
    while (head->at < stop) {
        if (!advance(head, stop)) {
            return ENG_ERROR;
        }
        if (head->stage == ENG_HEAD_DONE) {
            return ENG_DONE;
        }
    }
    if (stop == size_max) {
        head->error = head->stage <= ENG_HEAD_TARGET ? (uint8_t)ENG_HTTP_TARGET_SIZE
                                                     : (uint8_t)ENG_HTTP_HEAD_SIZE;
        return ENG_ERROR;
    }
    return ENG_MORE;
}
