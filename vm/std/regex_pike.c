// vm/std/regex_pike.c: regular expressions on a virtual machine of threads (Pike's).
//
// The tree becomes a program of characters, splits and assertions. All threads of the program go
// through the text side by side, in the order of their preference; two that come to the same
// instruction at the same place are one, so that the time is bounded by text size × program size
// whatever the pattern. The first thread in order that ends gives the leftmost, preferred match.
//
//     split a, b    go on at a and, with less preference, at b
//     save n        remember the place: 2g and 2g+1 are start and end of group g
#include "vm/std/regex_pike.h"

#include "vm/std/text.h"

// Places to remember when a program runs: instructions × groups. Bounds its memory by 32 MiB.
enum { PIKE_PLACES_MAX = 1 << 20 };

typedef enum pike_op {
    PIKE_SET,
    PIKE_ASSERT,
    PIKE_SPLIT,
    PIKE_JUMP,
    PIKE_SAVE,
    PIKE_MATCH
} pike_op;

typedef struct pike_instruction {
    pike_op op;
    uint32_t first;       // SPLIT: preferred; JUMP: where to; SAVE: slot.
    uint32_t second;      // SPLIT.
    const std_node *node; // SET, ASSERT.
} pike_instruction;

struct std_pike {
    pike_instruction *code;
    uint32_t size;
    uint32_t capacity;
    bl_arena *arena; // While it is compiled.
};

// ---- compiling -------------------------------------------------------------------------------

static uint32_t emit(std_pike *pike, pike_instruction instruction)
{
    if (pike->size == pike->capacity) {
        uint32_t capacity = pike->capacity == 0 ? 64 : pike->capacity * 2;
        pike_instruction *code = bl_arena_alloc(pike->arena, capacity * sizeof(*code));
        if (pike->size > 0) {
            memcpy(code, pike->code, pike->size * sizeof(*code));
        }
        pike->code = code;
        pike->capacity = capacity;
    }
    pike->code[pike->size] = instruction;
    return pike->size++;
}

static void compile_node(std_pike *pike, const std_node *node);

// Recursion: as deep as the parser allowed.
static bool can_be_empty(const std_node *node)
{
    if (node->kind == STD_NODE_SET) {
        return false;
    }
    if (node->kind == STD_NODE_REPEAT && node->min == 0) {
        return true;
    }
    bool is_choice = node->kind == STD_NODE_CHOICE;
    for (const std_node *child = node->first; child != NULL; child = child->next) {
        if (can_be_empty(child) == is_choice) {
            return is_choice;
        }
    }
    return !is_choice;
}

// Where a split goes: `inside` is preferred unless the repetition is lazy.
static void set_split(std_pike *pike, uint32_t at, bool is_lazy, uint32_t inside, uint32_t outside)
{
    pike->code[at].first = is_lazy ? outside : inside;
    pike->code[at].second = is_lazy ? inside : outside;
}

static void compile_star(std_pike *pike, const std_node *node)
{
    uint32_t split = emit(pike, (pike_instruction){.op = PIKE_SPLIT});
    compile_node(pike, node->first);
    emit(pike, (pike_instruction){.op = PIKE_JUMP, .first = split});
    set_split(pike, split, node->is_lazy, split + 1, pike->size);
}

static void compile_plus(std_pike *pike, const std_node *node)
{
    uint32_t start = pike->size;
    compile_node(pike, node->first);
    uint32_t split = emit(pike, (pike_instruction){.op = PIKE_SPLIT});
    set_split(pike, split, node->is_lazy, start, split + 1);
}

// If x can be empty, x* is (x+)?: in one loop for both, the way out would be taken before what x
// may still match, because a thread meets the split a second time without having moved.
static void compile_unlimited(std_pike *pike, const std_node *node)
{
    if (node->min > 0) {
        compile_plus(pike, node);
    } else if (!can_be_empty(node->first)) {
        compile_star(pike, node);
    } else {
        uint32_t split = emit(pike, (pike_instruction){.op = PIKE_SPLIT});
        compile_plus(pike, node);
        set_split(pike, split, node->is_lazy, split + 1, pike->size);
    }
}

// x{0,3} is (x(x(x)?)?)?: each split leads behind all of it.
static void compile_optionals(std_pike *pike, const std_node *node, int32_t count)
{
    uint32_t previous = UINT32_MAX; // Splits are linked through `second` until the end is known.
    for (int32_t i = 0; i < count; i++) {
        uint32_t split = emit(pike, (pike_instruction){.op = PIKE_SPLIT, .second = previous});
        compile_node(pike, node->first);
        previous = split;
    }
    while (previous != UINT32_MAX) {
        uint32_t before = pike->code[previous].second;
        set_split(pike, previous, node->is_lazy, previous + 1, pike->size);
        previous = before;
    }
}

static void compile_repeat(std_pike *pike, const std_node *node)
{
    bool is_unlimited = node->max == STD_REPEAT_UNLIMITED;
    int32_t copies = is_unlimited ? node->min - 1 : node->min; // compile_plus makes the last one.
    for (int32_t i = 0; i < copies; i++) {
        compile_node(pike, node->first);
    }
    if (is_unlimited) {
        compile_unlimited(pike, node);
    } else {
        compile_optionals(pike, node, node->max - node->min);
    }
}

static void compile_choice(std_pike *pike, const std_node *node)
{
    uint32_t exits = UINT32_MAX; // Jumps, linked through `first` until the end is known.
    for (const std_node *child = node->first; child != NULL; child = child->next) {
        if (child->next == NULL) {
            compile_node(pike, child);
            break;
        }
        uint32_t split = emit(pike, (pike_instruction){.op = PIKE_SPLIT});
        compile_node(pike, child);
        exits = emit(pike, (pike_instruction){.op = PIKE_JUMP, .first = exits});
        set_split(pike, split, false, split + 1, pike->size);
    }
    while (exits != UINT32_MAX) {
        uint32_t before = pike->code[exits].first;
        pike->code[exits].first = pike->size;
        exits = before;
    }
}

// Recursion: as deep as the parser allowed.
static void compile_node(std_pike *pike, const std_node *node)
{
    switch (node->kind) {
    case STD_NODE_EMPTY:
        return;
    case STD_NODE_SET:
        emit(pike, (pike_instruction){.op = PIKE_SET, .node = node});
        return;
    case STD_NODE_ASSERT:
        emit(pike, (pike_instruction){.op = PIKE_ASSERT, .node = node});
        return;
    case STD_NODE_GROUP:
        emit(pike, (pike_instruction){.op = PIKE_SAVE, .first = 2 * node->capture});
        compile_node(pike, node->first);
        emit(pike, (pike_instruction){.op = PIKE_SAVE, .first = 2 * node->capture + 1});
        return;
    case STD_NODE_CONCAT:
        for (const std_node *child = node->first; child != NULL; child = child->next) {
            compile_node(pike, child);
        }
        return;
    case STD_NODE_CHOICE:
        compile_choice(pike, node);
        return;
    case STD_NODE_REPEAT:
        compile_repeat(pike, node);
        return;
    }
}

std_pike *std_pike_compile(bl_arena *arena, const std_tree *tree)
{
    std_pike *pike = bl_arena_alloc_zeroed(arena, sizeof(*pike));
    pike->arena = arena;
    compile_node(pike, tree->root);
    emit(pike, (pike_instruction){.op = PIKE_MATCH});
    return (uint64_t)pike->size * tree->capture_count <= PIKE_PLACES_MAX ? pike : NULL;
}

// ---- assertions ------------------------------------------------------------------------------

static bool is_word_char(uint32_t code, bool is_ascii)
{
    if (code < 0x80) {
        return (code >= '0' && code <= '9') || (code >= 'A' && code <= 'Z') || code == '_' ||
               (code >= 'a' && code <= 'z');
    }
    return !is_ascii && std_set_has(std_regex_word_set(), code);
}

static bool is_word_before(bl_slice text, size_t at, bool is_ascii)
{
    return at > 0 && is_word_char(bl_utf8_code(text, bl_utf8_before(text, at)), is_ascii);
}

static bool is_word_behind(bl_slice text, size_t at, bool is_ascii)
{
    return at < text.size && is_word_char(bl_utf8_code(text, at), is_ascii);
}

static bool is_byte(bl_slice text, size_t at, char byte)
{
    return at < text.size && text.data[at] == byte;
}

// Between \r and \n is no line end.
static bool is_crlf_start(bl_slice text, size_t at)
{
    return at == 0 || is_byte(text, at - 1, '\n') ||
           (is_byte(text, at - 1, '\r') && !is_byte(text, at, '\n'));
}

static bool is_crlf_end(bl_slice text, size_t at)
{
    return at == text.size || is_byte(text, at, '\r') ||
           (is_byte(text, at, '\n') && !(at > 0 && is_byte(text, at - 1, '\r')));
}

static bool holds(const std_node *node, bl_slice text, size_t at)
{
    bool before = false;
    bool behind = false;
    if (node->assertion >= STD_WORD_EDGE) {
        before = is_word_before(text, at, node->is_ascii);
        behind = is_word_behind(text, at, node->is_ascii);
    }
    switch (node->assertion) {
    case STD_TEXT_START:
        return at == 0;
    case STD_TEXT_END:
        return at == text.size;
    case STD_LINE_START:
        return at == 0 || is_byte(text, at - 1, '\n');
    case STD_LINE_END:
        return at == text.size || is_byte(text, at, '\n');
    case STD_CRLF_LINE_START:
        return is_crlf_start(text, at);
    case STD_CRLF_LINE_END:
        return is_crlf_end(text, at);
    case STD_WORD_EDGE:
        return before != behind;
    case STD_NO_WORD_EDGE:
        return before == behind;
    case STD_WORD_START:
        return !before && behind;
    case STD_WORD_END:
        return before && !behind;
    case STD_WORD_START_HALF:
        return !before;
    case STD_WORD_END_HALF:
        return !behind;
    }
    return false;
}

// ---- running ---------------------------------------------------------------------------------

// Threads at one place of the text, in order of preference: a sparse set of instructions, and for
// each its saved places.
typedef struct thread_list {
    uint32_t *dense;
    uint32_t *sparse;
    size_t *slots; // slot_count of them for each instruction.
    uint32_t count;
} thread_list;

// What add_thread still has to do: go to an instruction, or put a saved place back.
typedef struct pike_job {
    uint32_t pc; // UINT32_MAX: restore slot.
    uint32_t slot;
    size_t old;
} pike_job;

typedef struct pike_run {
    const std_pike *pike;
    bl_slice text;
    uint32_t slot_count; // Those that the caller wants to know.
    thread_list current;
    thread_list next;
    pike_job *jobs;
    size_t *slots; // Of the thread that is being followed.
} pike_run;

static bool list_has(const thread_list *list, uint32_t pc)
{
    uint32_t at = list->sparse[pc];
    return at < list->count && list->dense[at] == pc;
}

static void list_add(thread_list *list, uint32_t pc)
{
    list->sparse[pc] = list->count;
    list->dense[list->count++] = pc;
}

// Follows everything that takes no character from pc on, with run->slots. Each instruction enters
// the list once, so jobs never outgrow two for each.
static void add_thread(pike_run *run, thread_list *list, uint32_t start, size_t at)
{
    uint32_t count = 0;
    run->jobs[count++] = (pike_job){.pc = start};
    while (count > 0) {
        pike_job job = run->jobs[--count];
        if (job.pc == UINT32_MAX) {
            run->slots[job.slot] = job.old;
            continue;
        }
        if (list_has(list, job.pc)) {
            continue;
        }
        list_add(list, job.pc);
        const pike_instruction *instruction = &run->pike->code[job.pc];
        switch (instruction->op) {
        case PIKE_SPLIT:
            run->jobs[count++] = (pike_job){.pc = instruction->second};
            run->jobs[count++] = (pike_job){.pc = instruction->first};
            break;
        case PIKE_JUMP:
            run->jobs[count++] = (pike_job){.pc = instruction->first};
            break;
        case PIKE_SAVE:
            if (instruction->first < run->slot_count) {
                uint32_t slot = instruction->first;
                run->jobs[count++] =
                    (pike_job){.pc = UINT32_MAX, .slot = slot, .old = run->slots[slot]};
                run->slots[slot] = at;
            }
            run->jobs[count++] = (pike_job){.pc = job.pc + 1};
            break;
        case PIKE_ASSERT:
            if (holds(instruction->node, run->text, at)) {
                run->jobs[count++] = (pike_job){.pc = job.pc + 1};
            }
            break;
        case PIKE_SET:
        case PIKE_MATCH:
            memcpy(list->slots + (size_t)job.pc * run->slot_count, run->slots,
                   run->slot_count * sizeof(size_t));
            break;
        }
    }
}

// Lets each thread take the character; true: one has matched, and those behind it are given up.
static bool step(pike_run *run, size_t at, uint32_t code, size_t size, size_t *matched)
{
    for (uint32_t i = 0; i < run->current.count; i++) {
        uint32_t pc = run->current.dense[i];
        const pike_instruction *instruction = &run->pike->code[pc];
        const size_t *slots = run->current.slots + (size_t)pc * run->slot_count;
        if (instruction->op == PIKE_MATCH) {
            memcpy(matched, slots, run->slot_count * sizeof(size_t));
            matched[1] = at;
            return true;
        }
        if (instruction->op == PIKE_SET && size > 0 && std_set_has(&instruction->node->set, code)) {
            memcpy(run->slots, slots, run->slot_count * sizeof(size_t));
            add_thread(run, &run->next, pc + 1, at + size);
        }
    }
    return false;
}

static bool run_from(pike_run *run, size_t from, size_t *matched)
{
    bool has_matched = false;
    for (size_t at = from;;) {
        if (!has_matched) { // A match that begins here comes behind those that began before.
            for (uint32_t i = 0; i < run->slot_count; i++) {
                run->slots[i] = SIZE_MAX;
            }
            run->slots[0] = at;
            add_thread(run, &run->current, 0, at);
        }
        if (run->current.count == 0) {
            return has_matched;
        }
        size_t size = at < run->text.size ? bl_utf8_size(run->text, at) : 0;
        uint32_t code = size > 0 ? bl_utf8_code(run->text, at) : 0;
        has_matched |= step(run, at, code, size, matched);
        thread_list kept = run->current;
        run->current = run->next;
        run->next = kept;
        run->next.count = 0;
        if (size == 0) {
            return has_matched;
        }
        at += size;
    }
}

static void list_init(thread_list *list, bl_arena *arena, uint32_t size, uint32_t slot_count)
{
    list->dense = bl_arena_alloc(arena, size * sizeof(*list->dense));
    list->sparse = bl_arena_alloc_zeroed(arena, size * sizeof(*list->sparse));
    list->slots = bl_arena_alloc(arena, (size_t)size * slot_count * sizeof(*list->slots));
    list->count = 0;
}

bool std_pike_find(const std_pike *pike, bl_slice text, size_t from, std_span *spans,
                   size_t span_count)
{
    bl_arena arena;
    bl_arena_init(&arena, 0);
    pike_run run = {.pike = pike, .text = text, .slot_count = 2 * (uint32_t)span_count};
    list_init(&run.current, &arena, pike->size, run.slot_count);
    list_init(&run.next, &arena, pike->size, run.slot_count);
    run.jobs = bl_arena_alloc(&arena, (2 * (size_t)pike->size + 2) * sizeof(*run.jobs));
    run.slots = bl_arena_alloc(&arena, run.slot_count * sizeof(*run.slots));
    size_t *matched = bl_arena_alloc(&arena, run.slot_count * sizeof(*matched));
    bool has_matched = run_from(&run, from, matched);
    for (size_t i = 0; has_matched && i < span_count; i++) {
        bool is_whole = matched[2 * i] != SIZE_MAX && matched[2 * i + 1] != SIZE_MAX;
        spans[i].start = is_whole ? matched[2 * i] : SIZE_MAX;
        spans[i].end = is_whole ? matched[2 * i + 1] : SIZE_MAX;
    }
    bl_arena_deinit(&arena);
    return has_matched;
}
