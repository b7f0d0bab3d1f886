// vm_bridge/place.c: where a handler runs, and the closures of middleware chains.
//
// The compiler knows for each function which natives a run of it can reach. What it cannot see is
// which functions a value carries: the captures of a closure, the middleware, the state. So the
// facts are united here over everything that a route's values hold.
#include "vm_bridge/app.h"

enum {
    LOOK_DEPTH_MAX = 64,     // Values in each other.
    LOOK_COUNT_MAX = 100000, // Values of one route: a state that is larger is not looked through.
};

static const uint32_t ALL = VM_EFFECT | VM_OUTSIDE | VM_BLOCKING | VM_PARKS | VM_VARYING;

typedef struct br_look {
    uint32_t reach;
    uint32_t count;
    const char *reason;
} br_look;

static void add(br_look *look, uint32_t reach, const char *reason)
{
    uint32_t deciding = VM_BLOCKING | VM_PARKS;
    bool decides = (reach & deciding) != 0 && (look->reach & deciding) == 0;
    if (decides || look->reason == NULL) {
        look->reason = reason;
    }
    look->reach |= reach & ALL;
}

static void look_at(br_look *look, vm_value value, int depth);

static void look_at_all(br_look *look, const vm_value *values, uint32_t count, int depth)
{
    for (uint32_t i = 0; i < count; i++) {
        if (values[i].tag == VM_FUNCTION || values[i].tag == VM_NATIVE || vm_is_heap(values[i])) {
            look_at(look, values[i], depth + 1);
        }
    }
}

static void look_at_map(br_look *look, const vm_map *map, int depth)
{
    vm_map_cursor cursor = {.map = map};
    vm_value pair[2];
    while (vm_map_next(&cursor, &pair[0], &pair[1])) {
        look_at_all(look, pair, 2, depth);
    }
}

static void look_at(br_look *look, vm_value value, int depth)
{
    look->count += 1;
    if (depth > LOOK_DEPTH_MAX || look->count > LOOK_COUNT_MAX) {
        add(look, ALL, "more state than is looked through");
        return;
    }
    switch ((vm_tag)value.tag) {
    case VM_FUNCTION:
        add(look, value.function->reach, value.function->reach_reason);
        break;
    case VM_NATIVE:
        add(look, value.native->flags, value.native->name);
        break;
    case VM_CLOSURE:
        add(look, value.closure->function->reach, value.closure->function->reach_reason);
        look_at_all(look, value.closure->captures, value.closure->size, depth);
        break;
    case VM_LIST:
        look_at_all(look, vm_list_items(value.list), value.list->size, depth);
        break;
    case VM_TUPLE:
        look_at_all(look, value.tuple->items, value.tuple->size, depth);
        break;
    case VM_RECORD:
        look_at_all(look, value.record->fields, value.record->size, depth);
        break;
    case VM_VARIANT:
        look_at_all(look, value.variant->items, value.variant->size, depth);
        break;
    case VM_MAP:
    case VM_SET:
        look_at_map(look, value.map, depth);
        break;
    case VM_BOX:
        look_at_all(look, &value.box->value, 1, depth);
        break;
    case VM_RESUME:
    case VM_HANDLE:
        add(look, ALL, "a handle in its state");
        break;
    case VM_INT:
    case VM_FLOAT:
    case VM_BOOL:
    case VM_UNIT:
    case VM_ATOM:
    case VM_MODULE:
    case VM_STRING:
        break;
    }
}

uint32_t br_reach_of(vm_value value, const char **reason)
{
    br_look look = {0};
    look_at(&look, value, 0);
    *reason = look.reason;
    return look.reach;
}

// ---- the request's register ------------------------------------------------------------------

static const char *const FORMATS[] = {
#define OP(name, format, meaning) [VM_OP_##name] = format,
#include "vm/opcodes.def"
#undef OP
};

// Operand i of an instruction; wide ones are not asked for.
static uint32_t operand(const vm_instruction *instruction, int i)
{
    return i == 0 ? instruction->a : i == 1 ? instruction->b : instruction->c;
}

// Whether the instruction reads register 0, alone or at the start of a range. DROP does not count.
static bool reads_first(const vm_instruction *instruction)
{
    if (instruction->op == VM_OP_DROP) {
        return false;
    }
    const char *format = FORMATS[instruction->op];
    for (int i = 0; i < 3; i++) {
        if ((format[i] == 'r' || format[i] == 'm') && operand(instruction, i) == 0) {
            return true;
        }
    }
    return false;
}

bool br_ignores_request(vm_value handler)
{
    const vm_function *function = handler.tag == VM_FUNCTION  ? handler.function
                                  : handler.tag == VM_CLOSURE ? handler.closure->function
                                                              : NULL;
    if (function == NULL || function->param_count != 1) {
        return false;
    }
    // Up to the first jump the code runs in order: register 0 that is dropped or overwritten there
    // is a different one afterwards.
    for (uint32_t i = 0; i < function->code_size; i++) {
        const vm_instruction *instruction = &function->code[i];
        if (reads_first(instruction)) {
            return false;
        }
        const char *format = FORMATS[instruction->op];
        bool jumps = strpbrk(format, "oJT") != NULL;
        bool ends = instruction->op == VM_OP_DROP && instruction->a == 0;
        if (ends || (format[0] == 'w' && instruction->a == 0)) {
            return true;
        }
        if (jumps) {
            break;
        }
    }
    for (uint32_t i = 0; i < function->code_size; i++) {
        if (reads_first(&function->code[i])) {
            return false;
        }
    }
    return true;
}

// ---- middleware ------------------------------------------------------------------------------

// |req| middleware(req, next), written as instructions because its captures are only known when
// the server starts: the closures are made without running anything, and live with the app.
vm_value br_wrap(bl_arena *arena, vm_value middleware, vm_value next)
{
    static const vm_instruction code[] = {
        {.op = VM_OP_MOVE, .a = 4, .b = 0},
        {.op = VM_OP_CAPTURE, .a = 5, .b = 1, .c = 1},
        {.op = VM_OP_CAPTURE, .a = 6, .b = 1, .c = 0},
        {.op = VM_OP_TAIL_CALL_VALUE, .a = 2, .b = 2},
    };
    static const char *const names[] = {"req"};
    static const vm_place places[] = {{.pc = 0}};
    static const vm_function function = {
        .name = "<middleware>",
        .file = "",
        .flags = VM_FUNCTION_LAMBDA | VM_FUNCTION_INTERNAL,
        .param_count = 1,
        .register_count = 8,
        .is_closure = true,
        .index = UINT32_MAX,
        .code = code,
        .code_size = BL_ARRAY_COUNT(code),
        .places = places,
        .place_count = BL_ARRAY_COUNT(places),
        .param_names = names,
    };
    vm_closure *closure = bl_arena_alloc_zeroed(arena, sizeof(*closure) + 2 * sizeof(vm_value));
    closure->header = (vm_object){.kind = VM_CLOSURE};
    closure->size = 2;
    closure->function = &function;
    closure->captures[0] = middleware;
    closure->captures[1] = next;
    return (vm_value){.closure = closure, .tag = VM_CLOSURE};
}
