// lang/types.c: the store of types: interning, making, printing, looking into.
//
// A candidate is made on the stack with borrowed arrays, looked up by structure, and copied into
// the arena only when it is new. Parts of a candidate are interned already, so comparing two
// types is comparing their pointers one level deep.
#include "lang/types.h"

#include "lang/limits.h"

#include <stdlib.h>

// ---- interning -------------------------------------------------------------------------------

static uint32_t mix(uint32_t hash, uint64_t value)
{
    uint64_t mixed = (hash ^ value) * UINT64_C(0x9E3779B97F4A7C15);
    return (uint32_t)(mixed >> 32) ^ (uint32_t)mixed;
}

static uint32_t hash_of(const lang_type *type)
{
    uint32_t hash = mix(17, (uint64_t)type->shape);
    hash = mix(hash, type->count);
    for (uint32_t i = 0; i < type->count; i++) {
        hash = mix(hash, type->arguments[i]->hash);
        if (type->field_names != NULL) {
            hash = mix(hash, bl_slice_hash(type->field_names[i]));
        }
    }
    if (type->result != NULL) {
        hash = mix(hash, type->result->hash);
    }
    hash = mix(hash, (uintptr_t)type->symbol);
    hash = mix(hash, (uintptr_t)type->owner);
    hash = mix(hash, type->index);
    return type->name.size == 0 ? hash : mix(hash, bl_slice_hash(type->name));
}

static bool is_same(const lang_type *a, const lang_type *b)
{
    if (a->hash != b->hash || a->shape != b->shape || a->count != b->count ||
        a->result != b->result || a->symbol != b->symbol || a->owner != b->owner ||
        a->index != b->index || ((a->flags ^ b->flags) & LANG_TYPE_CAPTURES_SCOPED) != 0 ||
        (a->name.data == NULL) != (b->name.data == NULL) || !bl_slice_equal(a->name, b->name)) {
        return false;
    }
    for (uint32_t i = 0; i < a->count; i++) {
        if (a->arguments[i] != b->arguments[i]) {
            return false;
        }
        // Types of one shape either both name their parts or both do not.
        if (a->field_names != NULL && b->field_names != NULL &&
            !bl_slice_equal(a->field_names[i], b->field_names[i])) {
            return false;
        }
    }
    return true;
}

static void grow(lang_types *types)
{
    uint32_t count = types->slot_count == 0 ? 256 : types->slot_count * 2;
    lang_type **slots = bl_arena_alloc_zeroed(types->arena, count * sizeof(*slots));
    for (uint32_t i = 0; i < types->slot_count; i++) {
        lang_type *type = types->slots[i];
        if (type != NULL) {
            uint32_t at = type->hash & (count - 1);
            while (slots[at] != NULL) {
                at = (at + 1) & (count - 1);
            }
            slots[at] = type;
        }
    }
    types->slots = slots;
    types->slot_count = count;
}

// Sums up size and flags of the parts. False: too large.
static bool measure(lang_type *type)
{
    enum {
        INHERITED = LANG_TYPE_HAS_UNKNOWN | LANG_TYPE_HAS_PARAMETER | LANG_TYPE_HAS_ROW |
                    LANG_TYPE_HAS_SCOPED | LANG_TYPE_HAS_OPEN
    };
    uint32_t size = 1;
    for (uint32_t i = 0; i < type->count; i++) {
        size += type->arguments[i]->size;
        type->flags |= type->arguments[i]->flags & INHERITED;
        if (size > LANG_TYPE_SIZE_MAX) {
            return false;
        }
    }
    if (type->result != NULL) {
        size += type->result->size;
        type->flags |= type->result->flags & INHERITED;
    }
    if ((type->flags & LANG_TYPE_CAPTURES_SCOPED) != 0) {
        type->flags |= LANG_TYPE_HAS_SCOPED;
    }
    type->size = (uint16_t)size;
    return size <= LANG_TYPE_SIZE_MAX;
}

static lang_type *copy_of(lang_types *types, const lang_type *candidate)
{
    lang_type *type = bl_arena_alloc(types->arena, sizeof(*type));
    *type = *candidate;
    uint32_t count = candidate->count;
    if (count != 0) {
        lang_type **arguments = bl_arena_alloc(types->arena, count * sizeof(lang_type *));
        memcpy(arguments, candidate->arguments, count * sizeof(lang_type *));
        type->arguments = arguments;
        if (candidate->field_names != NULL) {
            bl_slice *names = bl_arena_alloc(types->arena, count * sizeof(bl_slice));
            memcpy(names, candidate->field_names, count * sizeof(bl_slice));
            type->field_names = names;
        }
    }
    return type;
}

static lang_type *intern(lang_types *types, lang_type *candidate)
{
    if (!measure(candidate)) {
        return types->unknown;
    }
    candidate->hash = hash_of(candidate);
    if (types->type_count * 2 >= types->slot_count) {
        grow(types);
    }
    uint32_t mask = types->slot_count - 1;
    uint32_t at = candidate->hash & mask;
    for (; types->slots[at] != NULL; at = (at + 1) & mask) {
        if (is_same(types->slots[at], candidate)) {
            return types->slots[at];
        }
    }
    lang_type *type = copy_of(types, candidate);
    types->slots[at] = type;
    types->type_count++;
    return type;
}

// ---- making ----------------------------------------------------------------------------------

static lang_type *simple(lang_types *types, lang_shape shape)
{
    return intern(types, &(lang_type){.shape = shape});
}

static lang_type *with_element(lang_types *types, lang_shape shape, lang_type *element)
{
    return intern(types, &(lang_type){.shape = shape, .count = 1, .arguments = &element});
}

lang_type *lang_type_list_of(lang_types *types, lang_type *element)
{
    return with_element(types, LANG_SHAPE_LIST, element);
}

lang_type *lang_type_set_of(lang_types *types, lang_type *element)
{
    return with_element(types, LANG_SHAPE_SET, element);
}

lang_type *lang_type_weak_of(lang_types *types, lang_type *element)
{
    return with_element(types, LANG_SHAPE_WEAK, element);
}

lang_type *lang_type_scoped_of(lang_types *types, lang_type *element)
{
    return intern(types, &(lang_type){.shape = LANG_SHAPE_SCOPED,
                                      .flags = LANG_TYPE_HAS_SCOPED,
                                      .count = 1,
                                      .arguments = &element});
}

lang_type *lang_type_map_of(lang_types *types, lang_type *key, lang_type *value)
{
    lang_type *parts[] = {key, value};
    return intern(types, &(lang_type){.shape = LANG_SHAPE_MAP, .count = 2, .arguments = parts});
}

lang_type *lang_type_tuple_of(lang_types *types, lang_type *const *elements, uint32_t count)
{
    return intern(types,
                  &(lang_type){.shape = LANG_SHAPE_TUPLE, .count = count, .arguments = elements});
}

lang_type *lang_type_function_of(lang_types *types, lang_type *const *parameters, uint32_t count,
                                 lang_type *result, bool captures_scoped)
{
    return intern(types, &(lang_type){.shape = LANG_SHAPE_FUNCTION,
                                      .flags = captures_scoped ? LANG_TYPE_CAPTURES_SCOPED : 0,
                                      .count = count,
                                      .arguments = parameters,
                                      .result = result});
}

lang_type *lang_type_named_of(lang_types *types, lang_type_symbol *symbol,
                              lang_type *const *arguments, uint32_t count)
{
    uint32_t arity = lang_type_symbol_arity(symbol);
    lang_type **all = NULL;
    if (arity != 0) {
        all = bl_arena_alloc(types->arena, arity * sizeof(*all));
        for (uint32_t i = 0; i < arity; i++) {
            all[i] = i < count ? arguments[i] : types->unknown;
        }
    }
    return intern(
        types, &(lang_type){
                   .shape = LANG_SHAPE_NAMED, .count = arity, .arguments = all, .symbol = symbol});
}

// Stable, so that of equal names the last one written stays last.
static void sort_fields(lang_type_field_entry *fields, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        lang_type_field_entry entry = fields[i];
        uint32_t at = i;
        while (at > 0 && bl_slice_compare(fields[at - 1].name, entry.name) > 0) {
            fields[at] = fields[at - 1];
            at--;
        }
        fields[at] = entry;
    }
}

lang_type *lang_type_record_of(lang_types *types, lang_type_field_entry *fields, uint32_t count,
                               bl_slice row)
{
    if (count > LANG_TYPE_SIZE_MAX) {
        return types->unknown;
    }
    sort_fields(fields, count);
    lang_type **parts = bl_arena_alloc(types->arena, (count + 1) * sizeof(*parts));
    bl_slice *names = bl_arena_alloc(types->arena, (count + 1) * sizeof(*names));
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (kept > 0 && bl_slice_equal(names[kept - 1], fields[i].name)) {
            kept--;
        }
        names[kept] = fields[i].name;
        parts[kept++] = fields[i].type;
    }
    return intern(types, &(lang_type){.shape = LANG_SHAPE_RECORD,
                                      .flags = row.data == NULL ? 0 : LANG_TYPE_HAS_ROW,
                                      .count = kept,
                                      .arguments = parts,
                                      .name = row,
                                      .field_names = names});
}

lang_type *lang_type_parameter_of(lang_types *types, bl_slice name, const void *owner,
                                  uint32_t index)
{
    return intern(types, &(lang_type){.shape = LANG_SHAPE_PARAMETER,
                                      .flags = LANG_TYPE_HAS_PARAMETER,
                                      .name = name,
                                      .owner = owner,
                                      .index = index});
}

lang_type *lang_type_module_of(lang_types *types, bl_slice name)
{
    return intern(types, &(lang_type){.shape = LANG_SHAPE_MODULE, .name = name});
}

lang_type *lang_type_option_of(lang_types *types, lang_type *payload)
{
    return lang_type_named_of(types, types->option, &payload, 1);
}

lang_type *lang_type_result_of(lang_types *types, lang_type *payload, lang_type *error)
{
    lang_type *parts[] = {payload, error};
    return lang_type_named_of(types, types->result, parts, 2);
}

// ---- what is built in ------------------------------------------------------------------------

static lang_type_symbol *builtin_enum(lang_types *types, const char *name,
                                      const char *const *variants, uint32_t count)
{
    lang_type_symbol *symbol = bl_arena_alloc_zeroed(types->arena, sizeof(*symbol));
    symbol->kind = LANG_SYMBOL_ENUM;
    symbol->name = bl_slice_of(name);
    symbol->constructors =
        bl_arena_alloc_zeroed(types->arena, count * sizeof(*symbol->constructors));
    symbol->constructor_count = count;
    for (uint32_t i = 0; i < count; i++) {
        symbol->constructors[i] = (lang_constructor_symbol){
            .name = bl_slice_of(variants[i]), .owner = symbol, .index = i};
    }
    return symbol;
}

static void give_payload(lang_types *types, lang_type_symbol *symbol, uint32_t variant,
                         lang_type *payload)
{
    lang_constructor_symbol *constructor = &symbol->constructors[variant];
    constructor->payload = bl_arena_alloc(types->arena, sizeof(lang_type *));
    constructor->payload[0] = payload;
    constructor->payload_count = 1;
}

static void make_enums(lang_types *types)
{
    static const char *const options[] = {"Some", "None"};
    static const char *const results[] = {"Ok", "Err"};
    // The first seven are what a match has to cover.
    static const char *const errors[] = {"BadRequest", "NotFound",           "Unauthorized",
                                         "Forbidden",  "Conflict",           "Unprocessable",
                                         "Internal",   "MethodNotAllowed",   "TooManyRequests",
                                         "BadGateway", "ServiceUnavailable", "GatewayTimeout"};
    types->option = builtin_enum(types, "Option", options, 2);
    types->result = builtin_enum(types, "Result", results, 2);
    types->http_error = builtin_enum(types, "HttpError", errors, BL_ARRAY_COUNT(errors));
    give_payload(types, types->option, 0,
                 lang_type_parameter_of(types, BL_SLICE("T"), types->option, 0));
    give_payload(types, types->result, 0,
                 lang_type_parameter_of(types, BL_SLICE("T"), types->result, 0));
    give_payload(types, types->result, 1,
                 lang_type_parameter_of(types, BL_SLICE("E"), types->result, 1));
    // Texts, but records after HttpError.with_code.
    for (uint32_t i = 0; i < types->http_error->constructor_count; i++) {
        give_payload(types, types->http_error, i, types->unknown);
    }
}

static void make_web_records(lang_types *types)
{
    lang_type *pair[] = {types->string, types->string};
    lang_type *headers = lang_type_list_of(types, lang_type_tuple_of(types, pair, 2));
    lang_type_field_entry request[] = {
        {BL_SLICE("method"), types->string},  {BL_SLICE("url"), types->string},
        {BL_SLICE("headers"), headers},       {BL_SLICE("body"), types->string},
        {BL_SLICE("params"), types->unknown}, {BL_SLICE("query"), types->unknown},
        {BL_SLICE("cookies"), types->unknown}};
    lang_type_field_entry response[] = {{BL_SLICE("status"), types->integer},
                                        {BL_SLICE("headers"), headers},
                                        {BL_SLICE("body"), types->string}};
    types->request = simple(types, LANG_SHAPE_REQUEST);
    types->request_record =
        lang_type_record_of(types, request, BL_ARRAY_COUNT(request), (bl_slice){0});
    types->response = lang_type_record_of(types, response, BL_ARRAY_COUNT(response), (bl_slice){0});
    lang_type *unknowns = lang_type_list_of(types, types->unknown);
    lang_type_field_entry router[] = {{BL_SLICE("routes"), unknowns},
                                      {BL_SLICE("middleware"), unknowns}};
    types->router = lang_type_record_of(types, router, BL_ARRAY_COUNT(router), (bl_slice){0});
}

void lang_types_init(lang_types *types, bl_arena *arena)
{
    *types = (lang_types){.arena = arena};
    types->unknown =
        intern(types, &(lang_type){.shape = LANG_SHAPE_UNKNOWN, .flags = LANG_TYPE_HAS_UNKNOWN});
    types->open = intern(types, &(lang_type){.shape = LANG_SHAPE_UNKNOWN,
                                             .flags = LANG_TYPE_HAS_UNKNOWN | LANG_TYPE_HAS_OPEN,
                                             .index = 1});
    types->integer = simple(types, LANG_SHAPE_INT);
    types->number = simple(types, LANG_SHAPE_FLOAT);
    types->string = simple(types, LANG_SHAPE_STRING);
    types->boolean = simple(types, LANG_SHAPE_BOOL);
    types->unit = simple(types, LANG_SHAPE_UNIT);
    types->row = simple(types, LANG_SHAPE_ROW);
    make_enums(types);
    make_web_records(types);
}

// ---- printing --------------------------------------------------------------------------------

static const char *const shape_texts[] = {
#define SHAPE(name, text) [LANG_SHAPE_##name] = (text),
#include "lang/shapes.def"
#undef SHAPE
};

static void write_type(bl_buffer *out, const lang_type *type);

static void write_all(bl_buffer *out, const lang_type *type)
{
    for (uint32_t i = 0; i < type->count; i++) {
        if (i != 0) {
            bl_buffer_format(out, ", ");
        }
        if (type->field_names != NULL) {
            bl_buffer_format(out, "%.*s: ", BL_SLICE_ARG(type->field_names[i]));
        }
        write_type(out, type->arguments[i]);
    }
}

static void write_record(bl_buffer *out, const lang_type *type)
{
    bl_buffer_format(out, type->count == 0 ? "{" : "{ ");
    write_all(out, type);
    if (type->name.data != NULL) {
        bl_buffer_format(out, type->count == 0 ? " ..%.*s" : ", ..%.*s", BL_SLICE_ARG(type->name));
    }
    bl_buffer_format(out, type->count == 0 && type->name.data == NULL ? "}" : " }");
}

static bool all_unknown(const lang_type *type)
{
    for (uint32_t i = 0; i < type->count; i++) {
        if (!lang_type_is_unknown(type->arguments[i])) {
            return false;
        }
    }
    return true;
}

static void write_named(bl_buffer *out, const lang_type *type)
{
    bl_buffer_append_slice(out, type->symbol->name);
    if (!all_unknown(type)) {
        bl_buffer_append_char(out, '<');
        write_all(out, type);
        bl_buffer_append_char(out, '>');
    }
}

static void write_type(bl_buffer *out, const lang_type *type)
{
    switch (type->shape) {
    case LANG_SHAPE_UNKNOWN:
    case LANG_SHAPE_INT:
    case LANG_SHAPE_FLOAT:
    case LANG_SHAPE_STRING:
    case LANG_SHAPE_BOOL:
    case LANG_SHAPE_UNIT:
    case LANG_SHAPE_ROW:
    case LANG_SHAPE_REQUEST:
        bl_buffer_format(out, "%s", shape_texts[type->shape]);
        return;
    case LANG_SHAPE_LIST:
    case LANG_SHAPE_SET:
    case LANG_SHAPE_MAP:
    case LANG_SHAPE_WEAK:
    case LANG_SHAPE_SCOPED:
        bl_buffer_format(out, "%s<", shape_texts[type->shape]);
        write_all(out, type);
        bl_buffer_append_char(out, '>');
        return;
    case LANG_SHAPE_TUPLE:
        bl_buffer_append_char(out, '(');
        write_all(out, type);
        bl_buffer_append_char(out, ')');
        return;
    case LANG_SHAPE_FUNCTION:
        bl_buffer_append_char(out, '(');
        write_all(out, type);
        bl_buffer_format(out, ") -> ");
        write_type(out, type->result);
        return;
    case LANG_SHAPE_RECORD:
        write_record(out, type);
        return;
    case LANG_SHAPE_NAMED:
        write_named(out, type);
        return;
    case LANG_SHAPE_PARAMETER:
        bl_buffer_append_slice(out, type->name);
        return;
    case LANG_SHAPE_MODULE:
        bl_buffer_format(out, "Module(%.*s)", BL_SLICE_ARG(type->name));
        return;
    }
}

bl_slice lang_type_text(lang_types *types, const lang_type *type)
{
    bl_buffer buffer = {0};
    write_type(&buffer, type);
    bl_slice text = bl_arena_slice(types->arena, bl_buffer_slice(&buffer));
    bl_buffer_deinit(&buffer);
    return text;
}

// ---- looking into ----------------------------------------------------------------------------

uint32_t lang_type_symbol_arity(const lang_type_symbol *symbol)
{
    if (symbol->item != NULL) {
        return symbol->item->as.type.type_parameters.count;
    }
    // Built in: Option, Result, HttpError.
    uint32_t arity = 0;
    for (uint32_t i = 0; i < symbol->constructor_count; i++) {
        const lang_constructor_symbol *constructor = &symbol->constructors[i];
        if (constructor->payload_count != 0 &&
            constructor->payload[0]->shape == LANG_SHAPE_PARAMETER) {
            arity++;
        }
    }
    return arity;
}

bl_slice lang_type_symbol_parameter(const lang_type_symbol *symbol, uint32_t index)
{
    if (symbol->item != NULL) {
        return symbol->item->as.type.type_parameters.items[index].name.text;
    }
    return index == 0 ? BL_SLICE("T") : BL_SLICE("E");
}

lang_type *lang_type_base(lang_types *types, lang_type *type)
{
    for (;;) {
        if (type->shape == LANG_SHAPE_SCOPED) {
            type = type->arguments[0];
        } else if (type->shape == LANG_SHAPE_NAMED && type->symbol->kind == LANG_SYMBOL_REFINED) {
            if (type->symbol->base == NULL) { // Refers to itself.
                return types->unknown;
            }
            type = lang_type_substitute(types, type->symbol->base, type->symbol, type->arguments,
                                        type->count);
        } else {
            return type;
        }
    }
}

// ---- members -----------------------------------------------------------------------------------

// Fewer are found faster one by one.
#define SORTED_MEMBERS_MIN 16

static uint32_t member_count(const lang_type_symbol *symbol)
{
    return symbol->kind == LANG_SYMBOL_ENUM ? symbol->constructor_count : symbol->field_count;
}

static bl_slice member_name(const lang_type_symbol *symbol, uint32_t index)
{
    return symbol->kind == LANG_SYMBOL_ENUM ? symbol->constructors[index].name
                                            : symbol->field_names[index];
}

static int compare_members(const void *a, const void *b)
{
    const lang_member *left = a;
    const lang_member *right = b;
    int order = bl_slice_compare(left->name, right->name);
    return order != 0 ? order : (left->index > right->index) - (left->index < right->index);
}

void lang_type_symbol_sort(bl_arena *arena, lang_type_symbol *symbol)
{
    uint32_t count = member_count(symbol);
    if (count < SORTED_MEMBERS_MIN) {
        return;
    }
    lang_member *members = bl_arena_alloc(arena, count * sizeof(*members));
    for (uint32_t i = 0; i < count; i++) {
        members[i] = (lang_member){member_name(symbol, i), i};
    }
    qsort(members, count, sizeof(*members), compare_members);
    symbol->members = members;
}

// How many sorted members stand before the first one that is not before the key.
static uint32_t members_before(const lang_type_symbol *symbol, lang_member key)
{
    uint32_t low = 0;
    uint32_t high = member_count(symbol);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (compare_members(&symbol->members[middle], &key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static uint32_t find_variant(const lang_type_symbol *symbol, bl_slice name)
{
    uint32_t count = member_count(symbol);
    if (symbol->members != NULL) {
        uint32_t at = members_before(symbol, (lang_member){name, 0});
        return at < count && bl_slice_equal(symbol->members[at].name, name)
                   ? symbol->members[at].index
                   : LANG_NO_MEMBER;
    }
    uint32_t i = 0;
    while (i < count && !bl_slice_equal(member_name(symbol, i), name)) {
        i++;
    }
    return i < count ? i : LANG_NO_MEMBER;
}

uint32_t lang_type_symbol_field(const lang_type_symbol *symbol, bl_slice name)
{
    if (symbol->members != NULL) {
        uint32_t after = members_before(symbol, (lang_member){name, LANG_NO_MEMBER});
        return after > 0 && bl_slice_equal(symbol->members[after - 1].name, name)
                   ? symbol->members[after - 1].index
                   : LANG_NO_MEMBER;
    }
    uint32_t i = member_count(symbol);
    while (i > 0 && !bl_slice_equal(member_name(symbol, i - 1), name)) {
        i--;
    }
    return i > 0 ? i - 1 : LANG_NO_MEMBER;
}

lang_constructor_symbol *lang_type_variant(const lang_type *type, bl_slice name)
{
    if (type->shape != LANG_SHAPE_NAMED || type->symbol->kind != LANG_SYMBOL_ENUM) {
        return NULL;
    }
    uint32_t index = find_variant(type->symbol, name);
    return index == LANG_NO_MEMBER ? NULL : &type->symbol->constructors[index];
}

// ---- parts -------------------------------------------------------------------------------------

static lang_type *record_field(const lang_type *record, bl_slice name)
{
    uint32_t low = 0;
    uint32_t high = record->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = bl_slice_compare(record->field_names[middle], name);
        if (order == 0) {
            return record->arguments[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

static lang_type *struct_field(lang_types *types, const lang_type *type, bl_slice name)
{
    uint32_t index = lang_type_symbol_field(type->symbol, name);
    return index == LANG_NO_MEMBER
               ? NULL
               : lang_type_substitute(types, type->symbol->field_types[index], type->symbol,
                                      type->arguments, type->count);
}

lang_type *lang_type_field_of(lang_types *types, lang_type *type, bl_slice name)
{
    if (type->shape == LANG_SHAPE_RECORD) {
        return record_field(type, name);
    }
    if (type->shape == LANG_SHAPE_REQUEST) {
        lang_type *known = record_field(types->request_record, name);
        return known == NULL ? types->unknown : known;
    }
    if (type->shape == LANG_SHAPE_NAMED && type->symbol->kind == LANG_SYMBOL_STRUCT) {
        return struct_field(types, type, name);
    }
    return NULL;
}

lang_type *lang_type_payload(lang_types *types, const lang_constructor_symbol *constructor,
                             const lang_type *owner, uint32_t index)
{
    if (index >= constructor->payload_count) {
        return types->unknown;
    }
    uint32_t count = owner == NULL ? 0 : owner->count;
    lang_type *const *arguments = owner == NULL ? NULL : owner->arguments;
    return lang_type_substitute(types, constructor->payload[index], constructor->owner, arguments,
                                count);
}
