// vm_bridge/config.h: how a server behaves: the record of Server.listen!, under the operator's
// options, over the defaults.
#ifndef VM_BRIDGE_CONFIG_H
#define VM_BRIDGE_CONFIG_H

#include "engine/engine.h"
#include "vm_bridge/bridge.h"
#include "vm_bridge/files.h"

typedef struct br_cors {
    bool is_on;
    bool is_any; // The only allowed origin is `*`.
    bool credentials;
    const bl_slice *origins;
    uint32_t origin_count;
    bl_slice methods; // Joined by ", ".
    bl_slice headers;
    uint32_t max_age;
} br_cors;

typedef enum br_rate_kind { BR_RATE_NONE, BR_RATE_WINDOW, BR_RATE_BUCKET } br_rate_kind;

typedef struct br_rate_config {
    br_rate_kind kind;
    uint32_t per_second;
    uint32_t burst; // Of a bucket.
} br_rate_config;

typedef struct br_config {
    bl_arena arena; // Owns the texts.
    char address[64];
    uint16_t port;
    bool access_log;
    bool compression;
    bl_slice health_path; // Empty: none.
    bl_slice docs_path;   // Empty: none.
    bl_slice id_header;   // Lower case; empty: none.
    bool id_is_usual;     // id_header is x-request-id.
    br_files files;       // Open.
    br_cors cors;
    br_rate_config rate;
    eng_config engine; // Limits, cores, keep_alive; without callbacks.
} br_config;

// record: the third argument of Server.listen!, or unit. Warnings about keys that mean nothing here
// go to `warnings`, a line each. BL_INVALID: a value that must not be ignored; error says so.
BL_MUST_USE
bl_status br_config_read(br_config *config, int64_t port, vm_value record,
                         const br_options *options, bl_buffer *warnings, bl_error *error);
void br_config_deinit(br_config *config);

#endif
