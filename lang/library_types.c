// lang/library_types.c: the type texts of the natives' tables.
//
//     text   = "(" [ type { "," type } ] ")" "->" [ effects ] type
//     type   = simple { "?" } | "?"
//     simple = "()" | "(" types ")" [ "->" [ effects ] type ] | "{" field { "," field } "}"
//            | Name [ "<" types ">" ]
//
// `?` alone is Unknown; a single capital letter is a type parameter of the native; the web's
// types have abbreviations (Req, Resp, Rtr, Handler, Middleware), which are defined here and
// nowhere else. A text is read when a program first refers to its native.
#include "lang/check.h"

typedef struct text_reader {
    lang_types *types;
    const vm_native *native;
    const char *at;
    char letters[26]; // Type parameters in order of appearance.
    uint32_t letter_count;
} text_reader;

static lang_type *read_type(text_reader *reader);

static void skip_blanks(text_reader *reader)
{
    while (*reader->at == ' ' || *reader->at == '\n') {
        reader->at++;
    }
}

static bool take(text_reader *reader, const char *token)
{
    skip_blanks(reader);
    size_t size = strlen(token);
    if (strncmp(reader->at, token, size) != 0) {
        return false;
    }
    reader->at += size;
    return true;
}

static bl_slice take_name(text_reader *reader)
{
    skip_blanks(reader);
    const char *start = reader->at;
    while ((*reader->at >= 'a' && *reader->at <= 'z') ||
           (*reader->at >= 'A' && *reader->at <= 'Z') ||
           (*reader->at >= '0' && *reader->at <= '9') || *reader->at == '_') {
        reader->at++;
    }
    return (bl_slice){start, (size_t)(reader->at - start)};
}

// Types up to the closing token. A table is ours: what does not fit the grammar is our mistake.
static uint32_t read_list(text_reader *reader, const char *close, lang_type **types,
                          uint32_t capacity)
{
    uint32_t count = 0;
    while (!take(reader, close)) {
        BL_CHECK(count < capacity);
        types[count++] = read_type(reader);
        bool more = take(reader, ",");
        BL_CHECK(more || *reader->at == *close || *reader->at == ' ');
    }
    return count;
}

static void skip_effects(text_reader *reader)
{
    skip_blanks(reader);
    // `{Fs} T`, but not the record `{ x: T }`: an effect set starts with a capital.
    if (reader->at[0] == '{' && reader->at[1] >= 'A' && reader->at[1] <= 'Z') {
        const char *end = strchr(reader->at, '}');
        BL_CHECK(end != NULL);
        reader->at = end + 1;
    }
}

enum { PARTS_MAX = 12 };

static lang_type *read_parenthesised(text_reader *reader)
{
    lang_type *parts[PARTS_MAX];
    uint32_t count = read_list(reader, ")", parts, PARTS_MAX);
    if (take(reader, "->")) {
        skip_effects(reader);
        lang_type *result = read_type(reader);
        return lang_type_function_of(reader->types, parts, count, result, false);
    }
    if (count == 0) {
        return reader->types->unit;
    }
    return count == 1 ? parts[0] : lang_type_tuple_of(reader->types, parts, count);
}

static lang_type *read_record(text_reader *reader)
{
    lang_type_field_entry fields[PARTS_MAX];
    uint32_t count = 0;
    while (!take(reader, "}")) {
        BL_CHECK(count < PARTS_MAX);
        bl_slice name = take_name(reader);
        bool has_colon = take(reader, ":");
        BL_CHECK(has_colon);
        fields[count++] = (lang_type_field_entry){name, read_type(reader)};
        take(reader, ",");
    }
    return lang_type_record_of(reader->types, fields, count, (bl_slice){0});
}

static lang_type *letter(text_reader *reader, bl_slice name)
{
    uint32_t index = 0;
    while (index < reader->letter_count && reader->letters[index] != name.data[0]) {
        index++;
    }
    if (index == reader->letter_count) {
        reader->letters[reader->letter_count++] = name.data[0];
    }
    return lang_type_parameter_of(reader->types, name, reader->native, index);
}

// The web's types. Router holds what the program built so far; its parts are nobody's business.
static lang_type *abbreviation(text_reader *reader, bl_slice name)
{
    lang_types *types = reader->types;
    if (bl_slice_equal(name, BL_SLICE("Req"))) {
        return types->request;
    }
    if (bl_slice_equal(name, BL_SLICE("Resp"))) {
        return types->response;
    }
    if (bl_slice_equal(name, BL_SLICE("Rtr"))) {
        return types->router;
    }
    lang_type *error = lang_type_named_of(types, types->http_error, NULL, 0);
    lang_type *answer = lang_type_result_of(types, types->response, error);
    lang_type *handler = lang_type_function_of(types, &types->request, 1, answer, false);
    if (bl_slice_equal(name, BL_SLICE("Handler"))) {
        return handler;
    }
    if (bl_slice_equal(name, BL_SLICE("Middleware"))) {
        lang_type *parameters[] = {types->request, handler};
        return lang_type_function_of(types, parameters, 2, answer, false);
    }
    return NULL;
}

static lang_type *plain(text_reader *reader, bl_slice name)
{
    lang_types *types = reader->types;
    const struct {
        bl_slice name;
        lang_type *type;
    } known[] = {
        {BL_SLICE("Int"), types->integer},   {BL_SLICE("Float"), types->number},
        {BL_SLICE("String"), types->string}, {BL_SLICE("Bool"), types->boolean},
        {BL_SLICE("Unit"), types->unit},     {BL_SLICE("Row"), types->row},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(known); i++) {
        if (bl_slice_equal(known[i].name, name)) {
            return known[i].type;
        }
    }
    if (bl_slice_equal(name, BL_SLICE("HttpError"))) {
        return lang_type_named_of(types, types->http_error, NULL, 0);
    }
    return NULL;
}

static lang_type *constructed(text_reader *reader, bl_slice name)
{
    lang_types *types = reader->types;
    lang_type *parts[2] = {types->unknown, types->unknown};
    if (take(reader, "<")) {
        read_list(reader, ">", parts, 2);
    }
    const struct {
        bl_slice name;
        lang_type *(*make)(lang_types *types, lang_type *element);
    } known[] = {
        {BL_SLICE("List"), lang_type_list_of},     {BL_SLICE("Set"), lang_type_set_of},
        {BL_SLICE("Weak"), lang_type_weak_of},     {BL_SLICE("Scoped"), lang_type_scoped_of},
        {BL_SLICE("Option"), lang_type_option_of},
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(known); i++) {
        if (bl_slice_equal(known[i].name, name)) {
            return known[i].make(types, parts[0]);
        }
    }
    if (bl_slice_equal(name, BL_SLICE("Map"))) {
        return lang_type_map_of(types, parts[0], parts[1]);
    }
    if (bl_slice_equal(name, BL_SLICE("Result"))) {
        return lang_type_result_of(types, parts[0], parts[1]);
    }
    return types->unknown; // Unknown, Any, Cell and the like.
}

static lang_type *read_name(text_reader *reader)
{
    bl_slice name = take_name(reader);
    BL_CHECK(name.size != 0);
    if (name.size == 1) {
        return letter(reader, name);
    }
    lang_type *type = plain(reader, name);
    if (type == NULL) {
        type = abbreviation(reader, name);
    }
    return type != NULL ? type : constructed(reader, name);
}

static lang_type *read_type(text_reader *reader)
{
    if (take(reader, "?")) {
        return reader->types->unknown;
    }
    lang_type *type;
    if (take(reader, "(")) {
        type = read_parenthesised(reader);
    } else if (take(reader, "{")) {
        type = read_record(reader);
    } else {
        type = read_name(reader);
    }
    while (take(reader, "?")) {
        type = lang_type_option_of(reader->types, type);
    }
    return type;
}

static lang_type *read_signature(lang_loader *loader, const vm_native *native)
{
    if (native->type == NULL || native->type[0] == '\0' || (native->flags & VM_UNCHECKED) != 0) {
        return loader->types.unknown;
    }
    text_reader reader = {.types = &loader->types, .native = native, .at = native->type};
    return read_type(&reader);
}

// ---- cache -----------------------------------------------------------------------------------

static uint32_t native_slot(const lang_loader *loader, const vm_native *native)
{
    uint32_t mask = loader->native_slot_count - 1;
    uint32_t at = (uint32_t)(((uintptr_t)native >> 4) * UINT32_C(2654435761)) & mask;
    while (loader->native_slots[at].native != NULL && loader->native_slots[at].native != native) {
        at = (at + 1) & mask;
    }
    return at;
}

static void grow_cache(lang_loader *loader)
{
    lang_native_type *old = loader->native_slots;
    uint32_t old_count = loader->native_slot_count;
    loader->native_slot_count = old_count == 0 ? 256 : old_count * 2;
    loader->native_slots = bl_arena_alloc_zeroed(
        loader->world.arena, loader->native_slot_count * sizeof(*loader->native_slots));
    for (uint32_t i = 0; i < old_count; i++) {
        if (old[i].native != NULL) {
            loader->native_slots[native_slot(loader, old[i].native)] = old[i];
        }
    }
}

lang_type *lang_native_signature(lang_loader *loader, const vm_native *native)
{
    if (loader->native_count * 2 >= loader->native_slot_count) {
        grow_cache(loader);
    }
    uint32_t at = native_slot(loader, native);
    if (loader->native_slots[at].native == NULL) {
        loader->native_slots[at] = (lang_native_type){native, read_signature(loader, native)};
        loader->native_count++;
    }
    return loader->native_slots[at].type;
}

bool lang_module_is_known(const lang_checker *checker, const vm_module *module)
{
    return checker->unit->is_library ||
           (checker->unit->has_prelude && module->prelude != VM_PRELUDE_NEVER &&
            module->prelude <= checker->unit->prelude);
}

bool lang_native_is_known(const lang_checker *checker, const vm_native *native)
{
    return (native->flags & VM_GENERIC) != 0 || lang_module_is_known(checker, native->module);
}
