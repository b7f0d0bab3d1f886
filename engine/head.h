// engine/head.h: from bytes to a checked request head. Pure: no sockets, no allocation.
//
// The bytes of a head lie in one piece at base, and stay there; more are appended behind and fed
// with their new end, so that a head may come in any number of pieces and every piece is looked
// at once. The request line is read here; the fields by llhttp in its strict mode, which starts
// from a copy of a parser that has read a request line already. Offsets, not pointers, are kept:
// the owner may move the bytes between two feeds and say so by changing base.
//
//     EMPTY -> METHOD -> TARGET -> VERSION -> FIELDS -> DONE
//
// What the bytes say never depends on how they were cut: every limit is by position.
#ifndef ENGINE_HEAD_H
#define ENGINE_HEAD_H

#include "engine/engine.h"

#include <llhttp.h>

typedef enum eng_head_stage {
    ENG_HEAD_EMPTY, // Before the request line: a bounded number of CRLFs is skipped.
    ENG_HEAD_METHOD,
    ENG_HEAD_TARGET,
    ENG_HEAD_VERSION,
    ENG_HEAD_FIELDS,
    ENG_HEAD_DONE,
} eng_head_stage;

typedef struct eng_head {
    llhttp_t llhttp;
    const eng_limits *limits;
    const char *base;
    uint32_t at; // Everything before is parsed; at DONE: where the body starts.
    uint32_t method_at, method_end;
    uint32_t target_at, target_end;
    uint32_t query_at; // The first '?' of the target; 0: none.
    uint8_t stage;     // eng_head_stage.
    uint8_t empty_line_count;
    bool in_name;        // llhttp is in the middle of a field name.
    bool has_value;      // The value of the current field has begun.
    uint8_t field_count; // Complete ones.
    uint8_t error;       // eng_http_error, once a feed has failed.
    uint8_t version_minor;
    // Results of eng_head_check().
    bool keep_alive, is_chunked, expects_continue, wants_unknown_expectation;
    int64_t content_length; // -1: none.
    bl_slice path, query, authority;
    bool has_query;
    uint8_t method;    // eng_method.
    uint8_t *known;    // [ENG_HEADER_OTHER], the owner's.
    eng_field *fields; // [limits->header_count_max + 1], the owner's.
} eng_head;

typedef enum eng_progress {
    ENG_MORE, // All bytes are used up, more are needed.
    ENG_DONE,
    ENG_ERROR, // head->error says which.
} eng_progress;

// Before any head. Any thread, any number of times.
void eng_head_setup(void);

// fields and known are the owner's and must outlive the head.
void eng_head_init(eng_head *head, const eng_limits *limits, const char *base, eng_field *fields,
                   uint8_t *known);

// Bytes [head->at, end) of base are new.
eng_progress eng_head_feed(eng_head *head, uint32_t end);

// At DONE: what the fields mean (RFC 9112 sections 3 and 6), and whether they may stand together.
// False: head->error. Slices point into base.
bool eng_head_check(eng_head *head);

// The method of a token.
eng_method eng_method_of(bl_slice token);

#endif
