// engine/text.c: names and texts of the vocabularies, and the limits table.
#include "engine/engine.h"

const char *eng_method_name(eng_method method)
{
    static const char *const names[] = {
#define METHOD(name) [ENG_METHOD_##name] = #name,
#include "engine/methods.def"
#undef METHOD
        [ENG_METHOD_OTHER] = "?",
    };
    return (size_t)method < BL_ARRAY_COUNT(names) ? names[method] : "?";
}

typedef struct error_row {
    uint16_t status;
    const char *text;
} error_row;

static const error_row ERRORS[] = {
#define HTTP_ERROR(name, status, parsed, text) [ENG_HTTP_##name] = {status, text},
#include "engine/http_errors.def"
#undef HTTP_ERROR
};

const char *eng_http_error_text(eng_http_error error)
{
    return (size_t)error < BL_ARRAY_COUNT(ERRORS) ? ERRORS[error].text : "?";
}

uint16_t eng_http_error_status(eng_http_error error)
{
    return (size_t)error < BL_ARRAY_COUNT(ERRORS) ? ERRORS[error].status : 0;
}

bl_slice eng_status_reason(uint16_t status)
{
    switch (status) {
#define STATUS(code, reason)                                                                       \
    case code:                                                                                     \
        return BL_SLICE(reason);
#include "engine/statuses.def"
#undef STATUS
    }
    return (bl_slice){NULL, 0};
}

typedef struct limit_row {
    const char *name;
    size_t offset;
    uint32_t default_value, min, max;
} limit_row;

static const limit_row LIMITS[] = {
#define LIMIT(name, default_value, min, max, answer, reason)                                       \
    {#name, offsetof(eng_limits, name), default_value, min, max},
#include "engine/limits.def"
#undef LIMIT
};

static uint32_t limit_value(const eng_limits *limits, const limit_row *row)
{
    uint32_t value = 0;
    memcpy(&value, (const char *)limits + row->offset, sizeof(value));
    return value;
}

bl_status eng_limits_check(const eng_limits *limits, bl_error *error)
{
    for (size_t i = 0; i < BL_ARRAY_COUNT(LIMITS); i++) {
        const limit_row *row = &LIMITS[i];
        uint32_t value = limit_value(limits, row);
        if (value < row->min || value > row->max) {
            return bl_fail(error, BL_INVALID, 0, "%s must be between %u and %u, got %u", row->name,
                           row->min, row->max, value);
        }
    }
    if ((limits->buffer_count & (limits->buffer_count - 1)) != 0) {
        return bl_fail(error, BL_INVALID, 0, "buffer_count must be a power of two, got %u",
                       limits->buffer_count);
    }
    return BL_OK;
}

void eng_config_init(eng_config *config)
{
    *config = (eng_config){
        .address = "0.0.0.0",
        .port = 8080,
        .pin = true,
        .keep_alive = true,
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(LIMITS); i++) {
        memcpy((char *)&config->limits + LIMITS[i].offset, &LIMITS[i].default_value,
               sizeof(uint32_t));
    }
}
