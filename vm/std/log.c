// vm/std/log.c: the module Log.
//
// A line is put together in memory and leaves in one write, so that lines of several threads never
// mix. Level and format come from the process environment, once.
#include "vm/std/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "vm/std/console.h"
#include "vm/std/modules.h"
#include "vm/std/std.h"

typedef struct log_settings {
    std_log_level level;
    bool is_json;
} log_settings;

static log_settings settings;
static pthread_once_t settings_once = PTHREAD_ONCE_INIT;

static std_log_level parse_level(const char *name)
{
    static const struct {
        const char *name;
        std_log_level level;
    } names[] = {
        {"debug", STD_LOG_DEBUG},  {"info", STD_LOG_INFO},   {"warn", STD_LOG_WARN},
        {"warning", STD_LOG_WARN}, {"error", STD_LOG_ERROR},
    };
    for (size_t i = 0; name != NULL && i < BL_ARRAY_COUNT(names); i++) {
        if (strcasecmp(name, names[i].name) == 0) {
            return names[i].level;
        }
    }
    return STD_LOG_INFO;
}

static void read_settings(void)
{
    const char *format = getenv("LOG_FORMAT");
    settings.level = parse_level(getenv("LOG_LEVEL"));
    settings.is_json = format != NULL && strcasecmp(format, "json") == 0;
}

static const log_settings *get_settings(void)
{
    pthread_once(&settings_once, read_settings);
    return &settings;
}

bool std_log_is_on(std_log_level level)
{
    return level >= get_settings()->level;
}

static const char *level_name(std_log_level level)
{
    switch (level) {
    case STD_LOG_DEBUG:
        return "DEBUG";
    case STD_LOG_INFO:
        return "INFO";
    case STD_LOG_WARN:
        return "WARN";
    case STD_LOG_ERROR:
        return "ERROR";
    }
    return "";
}

static void append_json_string(bl_buffer *out, bl_slice text)
{
    bl_buffer_append_char(out, '"');
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c == '"' || c == '\\') {
            bl_buffer_append_char(out, '\\');
            bl_buffer_append_char(out, (char)c);
        } else if (c == '\n' || c == '\r' || c == '\t') {
            bl_buffer_append_char(out, '\\');
            bl_buffer_append_char(out, c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
        } else if (c < 0x20) {
            bl_buffer_format(out, "\\u%04x", c);
        } else {
            bl_buffer_append_char(out, (char)c);
        }
    }
    bl_buffer_append_char(out, '"');
}

static void append_json_line(bl_buffer *out, const char *time, std_log_level level,
                             bl_slice message, const std_log_field *fields, size_t field_count)
{
    bl_buffer_format(out, "{\"timestamp\":\"%s\",\"level\":\"%s\",\"message\":", time,
                     level_name(level));
    append_json_string(out, message);
    for (size_t i = 0; i < field_count; i++) {
        bl_buffer_append_char(out, ',');
        append_json_string(out, fields[i].name);
        bl_buffer_append_char(out, ':');
        append_json_string(out, fields[i].value);
    }
    bl_buffer_append(out, "}\n", 2);
}

static void append_text_line(bl_buffer *out, const char *time, std_log_level level,
                             bl_slice message, const std_log_field *fields, size_t field_count)
{
    bl_buffer_format(out, "%s [%s] ", time, level_name(level));
    bl_buffer_append_slice(out, message);
    for (size_t i = 0; i < field_count; i++) {
        bl_buffer_append_char(out, ' ');
        bl_buffer_append_slice(out, fields[i].name);
        bl_buffer_append_char(out, '=');
        bl_buffer_append_slice(out, fields[i].value);
    }
    bl_buffer_append_char(out, '\n');
}

void std_log_line(std_log_level level, bl_slice message, const std_log_field *fields,
                  size_t field_count)
{
    if (!std_log_is_on(level)) {
        return;
    }
    char time_text[32];
    struct tm parts;
    time_t now = time(NULL);
    gmtime_r(&now, &parts);
    strftime(time_text, sizeof(time_text), "%Y-%m-%dT%H:%M:%SZ", &parts);
    bl_buffer line = {0};
    if (get_settings()->is_json) {
        append_json_line(&line, time_text, level, message, fields, field_count);
    } else {
        append_text_line(&line, time_text, level, message, fields, field_count);
    }
    std_console_flush(); // What was printed before the line comes before it.
    std_write_all(STDERR_FILENO, bl_buffer_slice(&line));
    bl_buffer_deinit(&line);
}

// ---- natives ---------------------------------------------------------------------------------

// Texts of all fields, one after the other; ends[i]: where field i's text ends.
static void append_field_texts(bl_buffer *out, const vm_record *record, size_t *ends)
{
    for (uint32_t i = 0; i < record->size; i++) {
        vm_text_append(out, record->fields[i]);
        ends[i] = out->size;
    }
}

static void log_record(std_log_level level, bl_slice message, const vm_record *record)
{
    size_t count = record->size;
    size_t *ends = bl_alloc((count + 1) * sizeof(*ends));
    std_log_field *fields = bl_alloc((count + 1) * sizeof(*fields));
    bl_buffer texts = {0};
    append_field_texts(&texts, record, ends);
    for (size_t i = 0; i < count; i++) {
        const vm_string *name = record->shape->names[i];
        size_t start = i > 0 ? ends[i - 1] : 0;
        const char *text = texts.data == NULL ? "" : texts.data + start;
        fields[i] = (std_log_field){{name->data, name->size}, {text, ends[i] - start}};
    }
    std_log_line(level, message, fields, count);
    bl_buffer_deinit(&texts);
    bl_free(fields);
    bl_free(ends);
}

static vm_status log_value(std_log_level level, const vm_value *args, vm_value *result)
{
    *result = vm_unit();
    if (!std_log_is_on(level)) {
        return VM_OK;
    }
    bl_buffer message = {0};
    vm_text_append(&message, args[0]);
    if (args[1].tag == VM_RECORD) {
        log_record(level, bl_buffer_slice(&message), args[1].record);
    } else {
        std_log_line(level, bl_buffer_slice(&message), NULL, 0);
    }
    bl_buffer_deinit(&message);
    return VM_OK;
}

static vm_status log_debug(vm_task *task, vm_value *args, vm_value *result)
{
    (void)task; // Cannot fail.
    return log_value(STD_LOG_DEBUG, args, result);
}

static vm_status log_info(vm_task *task, vm_value *args, vm_value *result)
{
    (void)task; // Cannot fail.
    return log_value(STD_LOG_INFO, args, result);
}

static vm_status log_warn(vm_task *task, vm_value *args, vm_value *result)
{
    (void)task; // Cannot fail.
    return log_value(STD_LOG_WARN, args, result);
}

static vm_status log_error(vm_task *task, vm_value *args, vm_value *result)
{
    (void)task; // Cannot fail.
    return log_value(STD_LOG_ERROR, args, result);
}

static vm_native natives[] = {
#include "vm/std/log.def"
};

vm_module std_log_module = STD_EFFECT_MODULE("Log", "log", "Log", VM_PRELUDE_SCRIPT);
