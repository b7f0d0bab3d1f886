// vm_bridge/json.c: see json.h.
#include "vm_bridge/json.h"

#include "router/router.h"
#include "vm/std/json.h"

void br_json_text(bl_buffer *out, bl_slice text)
{
    bl_buffer repaired = {0};
    if (!bl_utf8_is_valid(text)) {
        repaired.size = bl_utf8_repair(text, bl_buffer_reserve(&repaired, 3 * text.size));
        text = bl_buffer_slice(&repaired);
    }
    bl_buffer_append_char(out, '"');
    size_t start = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c < 0x20 || c == '"' || c == '\\') {
            bl_buffer_append(out, text.data + start, i - start);
            bl_buffer_append_json_escape(out, c);
            start = i + 1;
        }
    }
    bl_buffer_append(out, text.data + start, text.size - start);
    bl_buffer_append_char(out, '"');
    bl_buffer_deinit(&repaired);
}

void br_json_value(bl_buffer *out, vm_value value)
{
    size_t start = out->size;
    if (!std_json_write(out, value, STD_JSON_COMPACT, NULL)) {
        out->size = start;
        bl_buffer_append(out, "null", 4);
    }
}
