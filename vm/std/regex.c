// vm/std/regex.c: regular expressions: compiling with a cache, finding, replacing.
//
// A compiled pattern is immutable and counted: the cache holds one count, every use another, so
// that a pattern may be thrown out while some thread still matches with it. The cache is one for
// the process, under a lock that is held for the look-up only.
#include "vm/std/regex.h"

#include <pthread.h>

#include "vm/std/regex_emit.h"
#include "vm/std/regex_pike.h"
#include "vm/std/regex_shim.h"
#include "vm/std/std.h"
#include "vm/std/text.h"

enum {
    CACHE_BUCKETS = 64, // A power of two.
    CACHE_BUCKET_MAX = 8,
};

typedef struct compiled {
    struct compiled *next; // In its bucket of the cache, newest first.
    int32_t count;         // Under the cache's lock.
    uint64_t hash;
    bl_slice pattern;
    bl_arena arena; // Of everything below but re2.
    std_tree tree;
    std_re2 *re2;     // NULL: RE2 cannot do it.
    bool needs_ascii; // re2 is right in ASCII texts only.
    std_pike *pike;   // For texts that re2 must not see; NULL if there are none.
} compiled;

static struct {
    pthread_mutex_t lock;
    compiled *buckets[CACHE_BUCKETS];
} cache = {.lock = PTHREAD_MUTEX_INITIALIZER};

// ---- compiling -------------------------------------------------------------------------------

static void destroy(compiled *self)
{
    if (self->re2 != NULL) {
        std_re2_destroy(self->re2);
    }
    bl_arena_deinit(&self->arena);
    bl_free(self);
}

// NULL: malformed; reason (of this many bytes) then says why.
static compiled *compile(bl_slice pattern, char *reason, size_t reason_size)
{
    compiled *self = bl_alloc_zeroed(1, sizeof(*self));
    bl_arena_init(&self->arena, 0);
    self->count = 1;
    self->pattern = bl_arena_slice(&self->arena, pattern);
    if (!std_regex_parse(&self->arena, self->pattern, &self->tree)) {
        snprintf(reason, reason_size, "%s", self->tree.reason);
        destroy(self);
        return NULL;
    }
    bl_buffer text = {0};
    std_regex_reach reach = std_regex_emit(&text, self->tree.root);
    if (reach != STD_REGEX_FOREIGN) {
        self->re2 = std_re2_create(text.data, text.size);
    }
    bl_buffer_deinit(&text);
    self->needs_ascii = reach == STD_REGEX_EXACT_ASCII;
    if (self->re2 == NULL || self->needs_ascii) {
        self->pike = std_pike_compile(&self->arena, &self->tree);
        if (self->pike == NULL) {
            snprintf(reason, reason_size, "pattern too large");
            destroy(self);
            return NULL;
        }
    }
    return self;
}

// ---- cache -----------------------------------------------------------------------------------

static void release(compiled *self)
{
    pthread_mutex_lock(&cache.lock);
    self->count -= 1;
    bool is_dead = self->count == 0;
    pthread_mutex_unlock(&cache.lock);
    if (is_dead) {
        destroy(self);
    }
}

static compiled *look_up(bl_slice pattern, uint64_t hash)
{
    pthread_mutex_lock(&cache.lock);
    compiled *found = cache.buckets[hash & (CACHE_BUCKETS - 1)];
    while (found != NULL && (found->hash != hash || !bl_slice_equal(found->pattern, pattern))) {
        found = found->next;
    }
    if (found != NULL) {
        found->count += 1;
    }
    pthread_mutex_unlock(&cache.lock);
    return found;
}

// Takes the last one out of a bucket that is full; the lock is held. NULL: there is room.
static compiled *evict(compiled **bucket)
{
    compiled **link = bucket;
    size_t size = 0;
    while (*link != NULL && size < CACHE_BUCKET_MAX - 1) {
        link = &(*link)->next;
        size += 1;
    }
    compiled *last = *link;
    *link = NULL;
    return last;
}

static void remember(compiled *self)
{
    compiled **bucket = &cache.buckets[self->hash & (CACHE_BUCKETS - 1)];
    pthread_mutex_lock(&cache.lock);
    compiled *evicted = evict(bucket);
    self->next = *bucket;
    self->count += 1;
    *bucket = self;
    pthread_mutex_unlock(&cache.lock);
    if (evicted != NULL) {
        release(evicted);
    }
}

// The compiled pattern, to be released. NULL as in compile.
static compiled *acquire(bl_slice pattern, char *reason, size_t reason_size)
{
    uint64_t hash = bl_slice_hash(pattern);
    compiled *self = look_up(pattern, hash);
    if (self == NULL) {
        self = compile(pattern, reason, reason_size);
        if (self != NULL) {
            self->hash = hash;
            remember(self);
        }
    }
    return self;
}

// ---- finding ---------------------------------------------------------------------------------

// Walks over the matches of one text.
typedef struct search {
    const compiled *regex;
    bl_slice text;
    bool uses_re2;
    size_t at;       // Where to look on; beyond the text: nowhere.
    size_t last_end; // Of the last match; SIZE_MAX before the first.
    std_span *spans;
    size_t span_count;
} search;

static search begin_search(const compiled *regex, bl_slice text, bool is_ascii, std_span *spans,
                           size_t span_count)
{
    return (search){.regex = regex,
                    .text = text,
                    .uses_re2 = regex->re2 != NULL && (is_ascii || !regex->needs_ascii),
                    .last_end = SIZE_MAX,
                    .spans = spans,
                    .span_count = span_count};
}

static bool find_from(search *self, size_t from)
{
    if (self->uses_re2) {
        return std_re2_find(self->regex->re2, self->text.data, self->text.size, from, self->spans,
                            self->span_count);
    }
    return std_pike_find(self->regex->pike, self->text, from, self->spans, self->span_count);
}

// The next match, in spans. An empty one directly behind the last is none.
static bool next_match(search *self)
{
    while (self->at <= self->text.size && find_from(self, self->at)) {
        std_span whole = self->spans[0];
        if (whole.start != whole.end || whole.end != self->last_end) {
            self->at = whole.end;
            self->last_end = whole.end;
            return true;
        }
        self->at = whole.end < self->text.size ? whole.end + bl_utf8_size(self->text, whole.end)
                                               : SIZE_MAX;
    }
    return false;
}

bool std_regex_search(bl_slice pattern, bl_slice text, bool *found)
{
    char reason[128];
    compiled *self = acquire(pattern, reason, sizeof(reason));
    if (self == NULL) {
        return false;
    }
    std_span whole;
    search run = begin_search(self, text, false, &whole, 1);
    *found = next_match(&run);
    release(self);
    return true;
}

// ---- natives ---------------------------------------------------------------------------------

// NULL: it has failed.
static compiled *acquire_for(vm_task *task, const char *name, vm_value pattern)
{
    char reason[128];
    compiled *self = acquire(vm_text(pattern), reason, sizeof(reason));
    if (self == NULL) {
        vm_fail(task, "%s: invalid regex '%.*s': %s", name, BL_SLICE_ARG(vm_text(pattern)), reason);
    }
    return self;
}

vm_status std_regex_matches(vm_task *task, vm_value *args, vm_value *result)
{
    if (!std_is_string(args[0]) || !std_is_string(args[1])) {
        return vm_fail(task, "String.matches: expected (String, String)");
    }
    compiled *self = acquire_for(task, "String.matches", args[1]);
    if (self == NULL) {
        return VM_FAIL;
    }
    std_span whole;
    bool is_ascii = self->needs_ascii && vm_string_is_ascii(args[0].string);
    search run = begin_search(self, vm_text(args[0]), is_ascii, &whole, 1);
    *result = vm_bool(next_match(&run));
    release(self);
    return VM_OK;
}

vm_status std_regex_find_matches(vm_task *task, vm_value *args, vm_value *result)
{
    if (!std_is_string(args[0]) || !std_is_string(args[1])) {
        return vm_fail(task, "String.find_matches: expected (String, String)");
    }
    compiled *self = acquire_for(task, "String.find_matches", args[1]);
    if (self == NULL) {
        return VM_FAIL;
    }
    vm_heap *heap = vm_task_heap(task);
    std_span whole;
    bool is_ascii = self->needs_ascii && vm_string_is_ascii(args[0].string);
    search run = begin_search(self, vm_text(args[0]), is_ascii, &whole, 1);
    vm_value list = vm_list_make(heap, 0);
    while (next_match(&run)) {
        vm_value part = std_part(heap, args[0].string, whole.start, whole.end - whole.start);
        list = vm_list_push(heap, list, part);
    }
    release(self);
    return std_give(result, list);
}

// ---- replacing -------------------------------------------------------------------------------

static bool is_name_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

// The number of the group with this name or number; UINT32_MAX: there is none.
static uint32_t find_group(const std_tree *tree, bl_slice name)
{
    int64_t number;
    if (name.size > 0 && name.data[0] != '+' && name.data[0] != '-' &&
        std_parse_int(name, &number)) {
        return number < (int64_t)tree->capture_count ? (uint32_t)number : UINT32_MAX;
    }
    for (const std_group_name *known = tree->names; known != NULL; known = known->next) {
        if (bl_slice_equal(known->name, name)) {
            return known->capture;
        }
    }
    return UINT32_MAX;
}

// The name behind a `$`, in braces or not. *used: bytes of it all; 0: no name stands there.
static bl_slice name_behind_dollar(bl_slice rest, size_t *used)
{
    *used = 0;
    if (rest.size > 0 && rest.data[0] == '{') {
        const char *end = memchr(rest.data, '}', rest.size);
        if (end == NULL) {
            return (bl_slice){rest.data, 0};
        }
        *used = (size_t)(end - rest.data) + 1;
        return (bl_slice){rest.data + 1, *used - 2};
    }
    while (*used < rest.size && is_name_char(rest.data[*used])) {
        *used += 1;
    }
    return (bl_slice){rest.data, *used};
}

static void append_group(bl_buffer *out, const search *run, uint32_t group)
{
    if (group < run->span_count && run->spans[group].start != SIZE_MAX) {
        std_span span = run->spans[group];
        bl_buffer_append(out, run->text.data + span.start, span.end - span.start);
    }
}

static void append_replacement(bl_buffer *out, const search *run, bl_slice replacement)
{
    for (size_t at = 0; at < replacement.size;) {
        const char *dollar = memchr(replacement.data + at, '$', replacement.size - at);
        size_t plain =
            dollar == NULL ? replacement.size - at : (size_t)(dollar - replacement.data) - at;
        bl_buffer_append(out, replacement.data + at, plain);
        at += plain;
        if (at == replacement.size) {
            return;
        }
        at += 1;
        if (at < replacement.size && replacement.data[at] == '$') {
            bl_buffer_append_char(out, '$');
            at += 1;
            continue;
        }
        size_t used;
        bl_slice name =
            name_behind_dollar((bl_slice){replacement.data + at, replacement.size - at}, &used);
        if (used == 0) {
            bl_buffer_append_char(out, '$');
        } else {
            append_group(out, run, find_group(&run->regex->tree, name));
        }
        at += used;
    }
}

// False: the result would not fit into the heap.
static bool replace_all(vm_heap *heap, search *run, bl_slice replacement, bl_buffer *out)
{
    size_t copied = 0;
    while (next_match(run)) {
        bl_buffer_append(out, run->text.data + copied, run->spans[0].start - copied);
        append_replacement(out, run, replacement);
        copied = run->spans[0].end;
        if (!vm_heap_can_hold(heap, out->size)) {
            return false;
        }
    }
    bl_buffer_append(out, run->text.data + copied, run->text.size - copied);
    return true;
}

vm_status std_regex_replace(vm_task *task, vm_value *args, vm_value *result)
{
    static const char name[] = "String.replace_regex";
    if (!std_is_string(args[0]) || !std_is_string(args[1]) || !std_is_string(args[2])) {
        return vm_fail(task, "%s: expected (String, String, String)", name);
    }
    compiled *self = acquire_for(task, name, args[1]);
    if (self == NULL) {
        return VM_FAIL;
    }
    vm_heap *heap = vm_task_heap(task);
    bl_slice replacement = vm_text(args[2]);
    bool has_groups =
        replacement.size > 0 && memchr(replacement.data, '$', replacement.size) != NULL;
    size_t span_count = has_groups ? self->tree.capture_count : 1;
    std_span *spans = bl_alloc(span_count * sizeof(*spans));
    bool is_ascii = self->needs_ascii && vm_string_is_ascii(args[0].string);
    search run = begin_search(self, vm_text(args[0]), is_ascii, spans, span_count);
    bl_buffer out = {0};
    bool fits = replace_all(heap, &run, replacement, &out);
    vm_status status = std_check_size(task, name, fits ? out.size : UINT64_MAX);
    if (status == VM_OK) {
        *result = vm_string_slice(heap, bl_buffer_slice(&out));
    }
    bl_buffer_deinit(&out);
    bl_free(spans);
    release(self);
    return status;
}
