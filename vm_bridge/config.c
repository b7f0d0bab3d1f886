// vm_bridge/config.c: see config.h.
//
// One table says what each key of the record is. A key that no row knows, or whose value has the
// wrong type, is named in a warning and has no effect, except where going on would be worse than
// not starting: TLS that is asked for and cannot be had.
#include "vm_bridge/config.h"

#include "vm_bridge/limits.h"
#include "vm_bridge/words.h"

#include <arpa/inet.h>
#include <stdlib.h>

typedef struct br_reader {
    br_config *config;
    const br_options *options;
    bl_buffer *warnings;
    bl_error *error;
} br_reader;

static void warn(br_reader *reader, bl_slice key, const char *text)
{
    bl_buffer_format(reader->warnings, "[server] Warning: configuration key %.*s %s\n",
                     BL_SLICE_ARG(key), text);
}

static bl_slice keep(br_reader *reader, vm_value text)
{
    return bl_arena_slice(&reader->config->arena, vm_text(text));
}

// ---- values ----------------------------------------------------------------------------------

static bool in_range(vm_value value, int64_t min, int64_t max)
{
    return value.tag == VM_INT && value.integer >= min && value.integer <= max;
}

// The limits that a record may set: key, unit in thousandths, field.
typedef struct limit_key {
    const char *key;
    uint32_t factor;
    size_t offset;
    size_t setting;
} limit_key;

#define LIMIT_KEY(key, factor, field)                                                              \
    {                                                                                              \
        key, factor, offsetof(eng_limits, field), offsetof(br_options, limits.field)               \
    }

static const limit_key LIMIT_KEYS[] = {
    LIMIT_KEY("max_body_size", 1, body_size_max),
    LIMIT_KEY("max_header_size", 1, head_size_max),
    LIMIT_KEY("request_timeout", 1000, handler_timeout_ms),
    LIMIT_KEY("keep_alive_timeout", 1000, idle_timeout_ms),
    LIMIT_KEY("max_connections", 1, connection_count_max),
    LIMIT_KEY("max_connections_per_ip", 1, address_connection_max),
    LIMIT_KEY("shutdown_timeout", 1000, drain_timeout_ms),
};

static bool read_limit(br_reader *reader, bl_slice key, vm_value value, bool *known)
{
    for (size_t i = 0; i < BL_ARRAY_COUNT(LIMIT_KEYS); i++) {
        const limit_key *row = &LIMIT_KEYS[i];
        if (!bl_slice_equal(key, bl_slice_of(row->key))) {
            continue;
        }
        *known = true;
        if (!in_range(value, 0, UINT32_MAX / row->factor)) {
            return false;
        }
        const br_setting *setting =
            (const br_setting *)((const char *)reader->options + row->setting);
        if (!setting->is_set) {
            uint32_t number = (uint32_t)value.integer * row->factor;
            memcpy((char *)&reader->config->engine.limits + row->offset, &number, sizeof(number));
        }
        return true;
    }
    return false;
}

static bool read_bool(vm_value value, bool *out)
{
    if (value.tag != VM_BOOL) {
        return false;
    }
    *out = value.boolean;
    return true;
}

// A String, or `()` for none.
static bool read_text_or_none(br_reader *reader, vm_value value, bl_slice *out)
{
    if (value.tag == VM_UNIT || vm_is_ctor(value, VM_CTOR_NONE)) {
        *out = (bl_slice){NULL, 0};
        return true;
    }
    if (value.tag != VM_STRING) {
        return false;
    }
    *out = keep(reader, value);
    return true;
}

// ---- CORS ------------------------------------------------------------------------------------

static const vm_value *list_field(const vm_record *record, const char *name)
{
    const vm_value *field = vm_record_field(record, bl_slice_of(name));
    return field != NULL && field->tag == VM_LIST ? field : NULL;
}

static bl_slice join_texts(br_reader *reader, const vm_value *list, const char *otherwise)
{
    if (list == NULL) {
        return bl_slice_of(otherwise);
    }
    bl_buffer text = {0};
    const vm_value *items = vm_list_items(list->list);
    for (uint32_t i = 0; i < list->list->size; i++) {
        if (items[i].tag == VM_STRING && eng_header_is_safe(BL_SLICE("X"), vm_text(items[i]))) {
            bl_buffer_format(&text, "%s%.*s", text.size > 0 ? ", " : "",
                             BL_SLICE_ARG(vm_text(items[i])));
        }
    }
    bl_slice kept = bl_arena_slice(&reader->config->arena, bl_buffer_slice(&text));
    bl_buffer_deinit(&text);
    return kept;
}

static void read_origins(br_reader *reader, const vm_value *list, br_cors *cors)
{
    uint32_t size = list == NULL ? 0 : list->list->size;
    bl_slice *origins = bl_arena_alloc(&reader->config->arena, (size + 1) * sizeof(bl_slice));
    const vm_value *items = size == 0 ? NULL : vm_list_items(list->list);
    for (uint32_t i = 0; i < size; i++) {
        if (items[i].tag == VM_STRING && eng_header_is_safe(BL_SLICE("X"), vm_text(items[i]))) {
            origins[cors->origin_count++] = keep(reader, items[i]);
        }
    }
    if (list == NULL) {
        origins[cors->origin_count++] = BL_SLICE("*");
    }
    cors->origins = origins;
    cors->is_any = cors->origin_count == 1 && bl_slice_equal(origins[0], BL_SLICE("*"));
}

static bool read_cors(br_reader *reader, vm_value value)
{
    br_cors *cors = &reader->config->cors;
    bool is_plain = vm_is_true(value);
    if (value.tag == VM_BOOL && !is_plain) {
        return true;
    }
    if (!is_plain && value.tag != VM_RECORD) {
        return false;
    }
    *cors = (br_cors){.is_on = true, .max_age = 86400};
    const vm_record *record = is_plain ? br_empty_record().record : value.record;
    read_origins(reader, list_field(record, "allowed_origins"), cors);
    cors->methods = join_texts(reader, list_field(record, "allowed_methods"),
                               "GET, POST, PUT, DELETE, PATCH, OPTIONS");
    cors->headers =
        join_texts(reader, list_field(record, "allowed_headers"), "Content-Type, Authorization");
    const vm_value *credentials = vm_record_field(record, BL_SLICE("allow_credentials"));
    cors->credentials = credentials != NULL && vm_is_true(*credentials);
    const vm_value *age = vm_record_field(record, BL_SLICE("max_age"));
    if (age != NULL && in_range(*age, 0, UINT32_MAX)) {
        cors->max_age = (uint32_t)age->integer;
    }
    return true;
}

static bool read_rate(br_reader *reader, vm_value value)
{
    if (value.tag != VM_RECORD) {
        return false;
    }
    const vm_value *rate = vm_record_field(value.record, BL_SLICE("requests_per_second"));
    const vm_value *burst = vm_record_field(value.record, BL_SLICE("burst_size"));
    if (rate == NULL || !in_range(*rate, 0, UINT32_MAX)) {
        return false;
    }
    if (rate->integer == 0) {
        return true;
    }
    bool has_burst = burst != NULL && in_range(*burst, 1, UINT32_MAX);
    reader->config->rate =
        (br_rate_config){.kind = BR_RATE_BUCKET,
                         .per_second = (uint32_t)rate->integer,
                         .burst = (uint32_t)(has_burst ? burst->integer : rate->integer)};
    return true;
}

// ---- the record ------------------------------------------------------------------------------

// ---- folders ---------------------------------------------------------------------------------

static void add_folder(br_reader *reader, br_folder *folders, uint32_t *count, bl_slice prefix,
                       vm_value path)
{
    folders[(*count)++] = (br_folder){.prefix = bl_arena_slice(&reader->config->arena, prefix),
                                      .path = keep(reader, path)};
}

// static_dir with static_prefix, and static_dirs: List<(prefix, folder)>.
static void open_folders(br_reader *reader, const vm_record *record)
{
    const vm_value *list = list_field(record, "static_dirs");
    uint32_t size = list == NULL ? 0 : list->list->size;
    bl_arena *arena = &reader->config->arena;
    br_folder *folders = bl_arena_alloc(arena, (size + 1) * sizeof(*folders));
    uint32_t count = 0;
    const vm_value *one = vm_record_field(record, BL_SLICE("static_dir"));
    const vm_value *prefix = vm_record_field(record, BL_SLICE("static_prefix"));
    if (one != NULL && one->tag == VM_STRING) {
        bool has_prefix = prefix != NULL && prefix->tag == VM_STRING;
        add_folder(reader, folders, &count, has_prefix ? vm_text(*prefix) : BL_SLICE("/static"),
                   *one);
    }
    const vm_value *items = size == 0 ? NULL : vm_list_items(list->list);
    for (uint32_t i = 0; i < size; i++) {
        const vm_tuple *pair = items[i].tag == VM_TUPLE ? items[i].tuple : NULL;
        if (pair != NULL && pair->size == 2 && pair->items[0].tag == VM_STRING &&
            pair->items[1].tag == VM_STRING) {
            add_folder(reader, folders, &count, vm_text(pair->items[0]), pair->items[1]);
        }
    }
    br_files_open(&reader->config->files, folders, count, reader->warnings);
}

static bool is_one_of(bl_slice key, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bl_slice_equal(key, bl_slice_of(words[i]))) {
            return true;
        }
    }
    return false;
}

// False: the value has the wrong type.
static bool read_known(br_reader *reader, bl_slice key, vm_value value, bool *known)
{
    br_config *config = reader->config;
    *known = true;
    if (bl_slice_equal(key, BL_SLICE("keep_alive"))) {
        return read_bool(value, &config->engine.keep_alive);
    }
    if (bl_slice_equal(key, BL_SLICE("access_log"))) {
        return read_bool(value, &config->access_log);
    }
    if (bl_slice_equal(key, BL_SLICE("compression"))) {
        return read_bool(value, &config->compression);
    }
    if (bl_slice_equal(key, BL_SLICE("health_check_path"))) {
        return read_text_or_none(reader, value, &config->health_path);
    }
    if (bl_slice_equal(key, BL_SLICE("docs")) && value.tag == VM_BOOL) {
        config->docs_path = value.boolean ? BL_SLICE("/docs") : (bl_slice){NULL, 0};
        return true;
    }
    if (bl_slice_equal(key, BL_SLICE("docs")) || bl_slice_equal(key, BL_SLICE("docs_path"))) {
        return read_text_or_none(reader, value, &config->docs_path);
    }
    if (bl_slice_equal(key, BL_SLICE("request_id_header"))) {
        return read_text_or_none(reader, value, &config->id_header);
    }
    if (bl_slice_equal(key, BL_SLICE("static_dir")) ||
        bl_slice_equal(key, BL_SLICE("static_prefix"))) {
        return value.tag == VM_STRING || value.tag == VM_UNIT; // Read by open_folders.
    }
    if (bl_slice_equal(key, BL_SLICE("static_dirs"))) {
        return value.tag == VM_LIST || value.tag == VM_UNIT; // As above.
    }
    if (bl_slice_equal(key, BL_SLICE("cors"))) {
        return read_cors(reader, value);
    }
    if (bl_slice_equal(key, BL_SLICE("rate_limit"))) {
        return read_rate(reader, value);
    }
    *known = false;
    return read_limit(reader, key, value, known);
}

static bl_status read_key(br_reader *reader, bl_slice key, vm_value value)
{
    static const char *const tls[] = {"tls_cert", "tls_key", "tls_cert_path", "tls_key_path"};
    static const char *const later[] = {"enable_http2"};
    bool is_none = value.tag == VM_UNIT || vm_is_ctor(value, VM_CTOR_NONE) ||
                   (value.tag == VM_BOOL && !value.boolean);
    bool known = false;
    if (read_known(reader, key, value, &known)) {
        return BL_OK;
    }
    if (known) {
        warn(reader, key, "has a value of the wrong type and is ignored");
    } else if (is_one_of(key, tls, BL_ARRAY_COUNT(tls)) && !is_none) {
        return bl_fail(reader->error, BL_UNSUPPORTED, 0,
                       "the configuration asks for HTTPS (%.*s), which this build does not have: "
                       "refusing to serve in clear",
                       BL_SLICE_ARG(key));
    } else if (is_one_of(key, later, BL_ARRAY_COUNT(later))) {
        if (!is_none) {
            warn(reader, key, "asks for something that this build does not have");
        }
    } else {
        warn(reader, key, "is unknown and ignored");
    }
    return BL_OK;
}

static bl_status read_record(br_reader *reader, vm_value value)
{
    if (value.tag == VM_UNIT) {
        return BL_OK;
    }
    if (value.tag != VM_RECORD) {
        bl_buffer_format(reader->warnings, "[server] Warning: the configuration is no record and "
                                           "is ignored\n");
        return BL_OK;
    }
    const vm_record *record = value.record;
    open_folders(reader, record);
    for (uint32_t i = 0; i < record->size; i++) {
        bl_status status = read_key(reader, br_string(record->shape->names[i]), record->fields[i]);
        if (status != BL_OK) {
            return status;
        }
    }
    return BL_OK;
}

// ---- options ---------------------------------------------------------------------------------

static bl_status read_listen(br_config *config, const char *listen, bl_error *error)
{
    // "ADDR:PORT", "[v6]:PORT", ":PORT" or "PORT".
    const char *colon = strrchr(listen, ':');
    const char *digits = colon == NULL ? listen : colon + 1;
    char *end = NULL;
    long port = strtol(digits, &end, 10);
    if (*digits < '0' || *digits > '9' || *end != '\0' || port > 65535) {
        return bl_fail(error, BL_INVALID, 0, "--listen %s: the port must be between 0 and 65535",
                       listen);
    }
    config->port = (uint16_t)port;
    size_t size = colon == NULL ? 0 : (size_t)(colon - listen);
    if (size >= 2 && listen[0] == '[' && listen[size - 1] == ']') {
        listen += 1;
        size -= 2;
    }
    if (size >= sizeof(config->address)) {
        return bl_fail(error, BL_INVALID, 0, "--listen %s: the address is too long", listen);
    }
    if (size > 0) {
        memcpy(config->address, listen, size);
        config->address[size] = '\0';
    }
    unsigned char bytes[16];
    if (inet_pton(AF_INET, config->address, bytes) != 1 &&
        inet_pton(AF_INET6, config->address, bytes) != 1) {
        return bl_fail(error, BL_INVALID, 0, "--listen: %s is no IP address", config->address);
    }
    return BL_OK;
}

static void apply_options(br_config *config, const br_options *options)
{
#define LIMIT(name, number, min, max, answer, reason)                                              \
    if (options->limits.name.is_set) {                                                             \
        config->engine.limits.name = options->limits.name.value;                                   \
    }
#include "engine/limits.def"
#undef LIMIT
    config->engine.core_count = options->core_count;
    config->engine.pin = options->pin;
}

// After the record: what the operator says wins.
static void apply_settings(br_config *config, const br_options *options)
{
    if (options->access_log.is_set) {
        config->access_log = options->access_log.value != 0;
    }
    if (options->rate_limit.is_set) {
        uint32_t rate = options->rate_limit.value;
        config->rate =
            (br_rate_config){.kind = rate == 0 ? BR_RATE_NONE : BR_RATE_WINDOW, .per_second = rate};
    }
    config->engine.peer_addresses = config->rate.kind != BR_RATE_NONE;
}

static void lower_id_header(br_config *config)
{
    bl_slice name = config->id_header;
    char *lower = bl_arena_copy(&config->arena, name.data == NULL ? "" : name.data, name.size);
    for (size_t i = 0; i < name.size; i++) {
        lower[i] = (char)(lower[i] >= 'A' && lower[i] <= 'Z' ? lower[i] | 0x20 : lower[i]);
    }
    config->id_header = (bl_slice){lower, name.size};
    config->id_is_usual = bl_slice_equal(config->id_header, BL_SLICE("x-request-id"));
}

bl_status br_config_read(br_config *config, int64_t port, vm_value record,
                         const br_options *options, bl_buffer *warnings, bl_error *error)
{
    *config = (br_config){.address = "0.0.0.0",
                          .access_log = true,
                          .compression = true,
                          .health_path = BL_SLICE("/__health"),
                          .id_header = BL_SLICE("x-request-id")};
    bl_arena_init(&config->arena, 0);
    eng_config_init(&config->engine);
    apply_options(config, options);
    br_reader reader = {config, options, warnings, error};
    bl_status status = read_record(&reader, record);
    if (status == BL_OK && options->listen != NULL) {
        status = read_listen(config, options->listen, error);
    } else if (status == BL_OK) {
        if (port < 0 || port > 65535) {
            status = bl_fail(error, BL_INVALID, 0,
                             "Server.listen!: port must be between 0 and 65535, got %lld",
                             (long long)port);
        }
        config->port = (uint16_t)port;
    }
    if (status == BL_OK && config->id_header.size > 0 &&
        !eng_header_is_safe(config->id_header, BL_SLICE("x"))) {
        warn(&reader, BL_SLICE("request_id_header"), "is no header name and is ignored");
        config->id_header = BL_SLICE("x-request-id");
    }
    if (status != BL_OK) {
        br_config_deinit(config);
        return status;
    }
    apply_settings(config, options);
    lower_id_header(config);
    config->engine.address = config->address;
    config->engine.port = config->port;
    return BL_OK;
}

void br_config_deinit(br_config *config)
{
    br_files_close(&config->files);
    bl_arena_deinit(&config->arena);
}
