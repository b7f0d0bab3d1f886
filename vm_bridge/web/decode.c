// vm_bridge/web/decode.c: Request.decode: a JSON body as a record of a type of the program.
//
// All fields are checked in the order of their names and every fault is reported, nested records
// with the path to the field. The answer to a body that does not fit is a ready response, 422.
//
// Predicates that are no simple constraint are functions of the program, and C calls none: where
// the walk over the fields comes to one that has no answer yet, it ends with what has to be called,
// the Baseline source of Request.decode calls it, and the walk begins again with one answer more.
#include "vm_bridge/web/request.h"

#include "vm/std/json.h"
#include "vm_bridge/json.h"

#include <stdarg.h>

enum { NESTING_MAX = 64 }; // Of record types in each other; types may be recursive, bodies are not.

typedef struct web_decoder {
    vm_task *task;
    vm_heap *heap;
    bl_buffer errors; // JSON objects, joined by commas.
    bl_buffer path;   // Of the record in work: "a.b."
    int depth;
    const vm_list *answers;       // Of the predicates met so far, in the order of the walk.
    uint32_t answered;            // How many of them this walk has used.
    const vm_constraint *pending; // The predicate without an answer; the walk is void.
    vm_value pending_value;       // Borrowed.
} web_decoder;

// ---- errors ----------------------------------------------------------------------------------

static void add_error(web_decoder *decoder, const char *format, ...) BL_PRINTF(2, 3);

static void add_error(web_decoder *decoder, const char *format, ...)
{
    char detail[1024];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(detail, sizeof(detail), format, arguments);
    va_end(arguments);
    size_t length = (size_t)size < sizeof(detail) ? (size_t)size : sizeof(detail) - 1;
    const char *comma = decoder->errors.size > 0 ? "," : "";
    bl_buffer_format(&decoder->errors, "%s{\"detail\":", comma);
    br_json_text(&decoder->errors, (bl_slice){detail, length});
    bl_buffer_format(&decoder->errors, ",\"status\":\"422\",\"title\":\"Validation Error\"}");
}

static void field_error(web_decoder *decoder, const vm_schema_field *field, const char *format, ...)
    BL_PRINTF(3, 4);

static void field_error(web_decoder *decoder, const vm_schema_field *field, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments); // Cut where it is too long.
    va_end(arguments);
    add_error(decoder, "'%.*s%s' %s", (int)decoder->path.size,
              decoder->path.size > 0 ? decoder->path.data : "", field->name->data, text);
}

// ---- constraints -----------------------------------------------------------------------------

static bool contains(bl_slice text, bl_slice part)
{
    return part.size == 0 || memmem(text.data, text.size, part.data, part.size) != NULL;
}

static bool has_prefix(bl_slice text, bl_slice part)
{
    return text.size >= part.size && memcmp(text.data, part.data, part.size) == 0;
}

static bool has_suffix(bl_slice text, bl_slice part)
{
    return text.size >= part.size &&
           memcmp(text.data + text.size - part.size, part.data, part.size) == 0;
}

static bool is_one_of(const vm_constraint *constraint, bl_slice text)
{
    for (uint32_t i = 0; i < constraint->text_count; i++) {
        if (bl_slice_equal(text, bl_slice_of(constraint->texts[i]))) {
            return true;
        }
    }
    return false;
}

static void report_alternatives(web_decoder *decoder, const vm_schema_field *field,
                                const vm_constraint *constraint)
{
    bl_buffer words = {0};
    for (uint32_t i = 0; i < constraint->text_count; i++) {
        bl_buffer_format(&words, "%s\"%s\"", i > 0 ? " or " : "", constraint->texts[i]);
    }
    field_error(decoder, field, "must be one of: %.*s", (int)words.size, words.data);
    bl_buffer_deinit(&words);
}

static bool check_predicate(web_decoder *decoder, const vm_schema_field *field,
                            const vm_constraint *constraint, vm_value value)
{
    if (decoder->answered == decoder->answers->size) {
        decoder->pending = constraint;
        decoder->pending_value = value;
        return false;
    }
    vm_value answer = vm_list_items(decoder->answers)[decoder->answered++];
    bool is_good = answer.tag == VM_BOOL && answer.boolean;
    if (!is_good) {
        field_error(decoder, field, "does not satisfy %s", constraint->source);
    }
    return is_good;
}

// False when the text breaks the constraint, which is reported.
static bool check_text(web_decoder *decoder, const vm_schema_field *field,
                       const vm_constraint *constraint, vm_value value)
{
    bl_slice text = vm_text(value);
    const char *word = constraint->text_count > 0 ? constraint->texts[0] : "";
    bl_slice part = bl_slice_of(word);
    long long length = (long long)vm_string_length(value.string);
    bool is_good = true;
    bool found = false;
    switch (constraint->kind) {
    case VM_CONSTRAINT_LENGTH_MIN:
        is_good = length >= constraint->integer;
        if (!is_good) {
            field_error(decoder, field, "length %lld is less than minimum %lld", length,
                        (long long)constraint->integer);
        }
        break;
    case VM_CONSTRAINT_LENGTH_MAX:
        is_good = length <= constraint->integer;
        if (!is_good) {
            field_error(decoder, field, "length %lld exceeds maximum %lld", length,
                        (long long)constraint->integer);
        }
        break;
    case VM_CONSTRAINT_MATCHES:
        is_good =
            vm_task_program(decoder->task)->library->regex_search(part, text, &found) && found;
        if (!is_good) {
            field_error(decoder, field, "does not match pattern /%s/", word);
        }
        break;
    case VM_CONSTRAINT_STARTS:
        is_good = has_prefix(text, part);
        if (!is_good) {
            field_error(decoder, field, "does not start with \"%s\"", word);
        }
        break;
    case VM_CONSTRAINT_ENDS:
        is_good = has_suffix(text, part);
        if (!is_good) {
            field_error(decoder, field, "does not end with \"%s\"", word);
        }
        break;
    case VM_CONSTRAINT_CONTAINS:
        is_good = contains(text, part);
        if (!is_good) {
            field_error(decoder, field, "does not contain \"%s\"", word);
        }
        break;
    case VM_CONSTRAINT_EQUALS:
        is_good = bl_slice_equal(text, part);
        if (!is_good) {
            field_error(decoder, field, "must be \"%s\"", word);
        }
        break;
    case VM_CONSTRAINT_ONE_OF:
        is_good = is_one_of(constraint, text);
        if (!is_good) {
            report_alternatives(decoder, field, constraint);
        }
        break;
    case VM_CONSTRAINT_PREDICATE:
        return check_predicate(decoder, field, constraint, value);
    case VM_CONSTRAINT_MIN:
    case VM_CONSTRAINT_MAX:
        break; // Of numbers.
    }
    return is_good;
}

// Bounds are reported together: "between A and B".
static bool check_range(web_decoder *decoder, const vm_schema_field *field, int64_t number)
{
    const vm_constraint *min = NULL;
    const vm_constraint *max = NULL;
    for (uint32_t i = 0; i < field->constraint_count; i++) {
        const vm_constraint *constraint = &field->constraints[i];
        if (constraint->kind == VM_CONSTRAINT_MIN &&
            (min == NULL || constraint->integer > min->integer)) {
            min = constraint;
        }
        if (constraint->kind == VM_CONSTRAINT_MAX &&
            (max == NULL || constraint->integer < max->integer)) {
            max = constraint;
        }
    }
    if ((min == NULL || number >= min->integer) && (max == NULL || number <= max->integer)) {
        return true;
    }
    if (min != NULL && max != NULL) {
        field_error(decoder, field, "must be between %lld and %lld", (long long)min->integer,
                    (long long)max->integer);
    } else if (min != NULL) {
        field_error(decoder, field, "must be at least %lld", (long long)min->integer);
    } else {
        field_error(decoder, field, "must be at most %lld", (long long)max->integer);
    }
    return false;
}

static bool check_predicates(web_decoder *decoder, const vm_schema_field *field, vm_value value)
{
    for (uint32_t i = 0; i < field->constraint_count; i++) {
        const vm_constraint *constraint = &field->constraints[i];
        if (constraint->kind == VM_CONSTRAINT_PREDICATE &&
            !check_predicate(decoder, field, constraint, value)) {
            return false;
        }
    }
    return true;
}

static bool check_texts(web_decoder *decoder, const vm_schema_field *field, vm_value value)
{
    for (uint32_t i = 0; i < field->constraint_count; i++) {
        if (!check_text(decoder, field, &field->constraints[i], value)) {
            return false;
        }
    }
    return true;
}

static bool check_constraints(web_decoder *decoder, const vm_schema_field *field, vm_value value)
{
    switch (field->kind) {
    case VM_SCHEMA_INT:
        return check_range(decoder, field, value.integer) &&
               check_predicates(decoder, field, value);
    case VM_SCHEMA_BOOL:
        return check_predicates(decoder, field, value);
    case VM_SCHEMA_STRING:
        return check_texts(decoder, field, value);
    case VM_SCHEMA_FLOAT:
    case VM_SCHEMA_RECORD:
    case VM_SCHEMA_ANY:
        break; // Any JSON value will do.
    }
    return true;
}

// ---- fields ----------------------------------------------------------------------------------

static bool decode_record(web_decoder *decoder, const vm_schema *schema, vm_value object,
                          vm_value *result);

static bool decode_nested(web_decoder *decoder, const vm_schema_field *field, vm_value value,
                          vm_value *result)
{
    if (value.tag != VM_RECORD || decoder->depth >= NESTING_MAX) {
        field_error(decoder, field, "must be an object");
        return false;
    }
    size_t before = decoder->path.size;
    bl_buffer_format(&decoder->path, "%s.", field->name->data);
    bool is_good = decode_record(decoder, field->record, value, result);
    decoder->path.size = before;
    return is_good;
}

// False when the value does not fit; the reason is reported. *result is owned.
static bool decode_value(web_decoder *decoder, const vm_schema_field *field, vm_value value,
                         vm_value *result)
{
    const char *wanted = NULL;
    switch (field->kind) {
    case VM_SCHEMA_INT:
        wanted = value.tag == VM_INT ? NULL : "must be an integer";
        break;
    case VM_SCHEMA_STRING:
        wanted = value.tag == VM_STRING ? NULL : "must be a string";
        break;
    case VM_SCHEMA_BOOL:
        wanted = value.tag == VM_BOOL ? NULL : "must be a boolean";
        break;
    case VM_SCHEMA_RECORD:
        return decode_nested(decoder, field, value, result);
    case VM_SCHEMA_FLOAT:
    case VM_SCHEMA_ANY:
        break;
    }
    if (wanted != NULL) {
        field_error(decoder, field, "%s", wanted);
        return false;
    }
    if (!check_constraints(decoder, field, value)) {
        return false;
    }
    *result = vm_dup(value);
    return true;
}

static bool decode_field(web_decoder *decoder, const vm_schema_field *field, vm_value object,
                         vm_value *result)
{
    const vm_value *value = vm_record_field(object.record, br_string(field->name));
    bool is_missing = value == NULL || value->tag == VM_UNIT;
    if (is_missing && !field->optional) {
        field_error(decoder, field, "is required");
        return false;
    }
    if (is_missing) {
        *result = vm_none();
        return true;
    }
    if (!decode_value(decoder, field, *value, result)) {
        return false;
    }
    if (field->optional) {
        *result = vm_some(decoder->heap, *result);
    }
    return true;
}

static bool decode_record(web_decoder *decoder, const vm_schema *schema, vm_value object,
                          vm_value *result)
{
    size_t bytes = (schema->field_count + 1) * sizeof(vm_value);
    vm_value *fields = vm_heap_alloc_raw(decoder->heap, bytes);
    bool is_good = true;
    decoder->depth += 1;
    for (uint32_t i = 0; i < schema->field_count; i++) {
        fields[i] = vm_unit();
        is_good = decoder->pending == NULL &&
                  decode_field(decoder, &schema->fields[i], object, &fields[i]) && is_good;
    }
    decoder->depth -= 1;
    if (is_good) {
        *result = vm_record_make(decoder->heap, schema->shape, fields);
    } else {
        web_drop(decoder->task, fields, schema->field_count);
    }
    vm_heap_free_raw(decoder->heap, fields, bytes);
    return is_good;
}

// ---- the native ------------------------------------------------------------------------------

static const vm_schema *find_schema(const vm_program *program, bl_slice name)
{
    for (uint32_t i = 0; i < program->schema_count; i++) {
        if (bl_slice_equal(name, bl_slice_of(program->schemas[i].name))) {
            return &program->schemas[i];
        }
    }
    return NULL;
}

// False with the error reported. *object is owned.
static bool read_body(web_decoder *decoder, vm_value request, bl_slice name, vm_value *object)
{
    const vm_program *program = vm_task_program(decoder->task);
    if (find_schema(program, name) == NULL) {
        add_error(decoder, "No schema registered for type '%.*s'", BL_SLICE_ARG(name));
        return false;
    }
    const vm_value *body = web_field(request, &br_word_body);
    if (body == NULL || !web_is_text(*body) || body->string->size == 0) {
        add_error(decoder, "Request body is empty");
        return false;
    }
    std_json_error error;
    vm_value value = vm_unit();
    if (!std_json_parse(decoder->heap, program, vm_text(*body), STD_JSON_RECORDS, &value, &error)) {
        add_error(decoder, "JSON parse error: %s", error.message);
        return false;
    }
    if (value.tag != VM_RECORD) {
        vm_drop(decoder->heap, value);
        add_error(decoder, "Request body must be a JSON object");
        return false;
    }
    *object = value;
    return true;
}

// Err(the response that lists what was reported).
static vm_value refusal(web_decoder *decoder)
{
    vm_heap *heap = decoder->heap;
    bl_buffer body = {0};
    bl_buffer_format(&body, "{\"errors\":[%.*s]}", (int)decoder->errors.size, decoder->errors.data);
    vm_value pair =
        web_pair(heap, br_word(&br_word_header_content_type), br_word(&br_word_application_json));
    vm_value fields[3];
    fields[BR_response_body] = vm_string_slice(heap, bl_buffer_slice(&body));
    fields[BR_response_headers] = vm_list_from(heap, &pair, 1);
    fields[BR_response_status] = vm_int(422);
    bl_buffer_deinit(&body);
    return vm_err(heap, vm_record_make(heap, &br_shape_response.shape, fields));
}

static void decoder_deinit(web_decoder *decoder)
{
    bl_buffer_deinit(&decoder->errors);
    bl_buffer_deinit(&decoder->path);
}

// The body's JSON object as a record, or Err(response).
vm_status web_request_internal_body(vm_task *task, vm_value *args, vm_value *result)
{
    if (!web_is_text(args[1])) {
        return vm_fail_type(task, "Request.decode", "String type", args[1]);
    }
    web_decoder decoder = {.task = task, .heap = vm_task_heap(task)};
    if (!read_body(&decoder, args[0], vm_text(args[1]), result)) {
        *result = refusal(&decoder);
    }
    decoder_deinit(&decoder);
    return VM_OK;
}

// Of what internal_body gave, the type's name and the answers so far: Ok(record), Err(response),
// or (predicate, value) to get one answer more.
vm_status web_request_internal_fill(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_RECORD) {
        return web_give(result, vm_dup(args[0]));
    }
    vm_heap *heap = vm_task_heap(task);
    const vm_schema *schema = find_schema(vm_task_program(task), vm_text(args[1]));
    web_decoder decoder = {.task = task, .heap = heap, .answers = args[2].list};
    vm_value record = vm_unit();
    bool is_good = decode_record(&decoder, schema, args[0], &record);
    if (decoder.pending != NULL) {
        vm_value test = {.tag = VM_FUNCTION, .function = decoder.pending->function};
        *result = web_pair(heap, test, vm_dup(decoder.pending_value));
    } else {
        *result = is_good ? vm_ok(heap, record) : refusal(&decoder);
    }
    decoder_deinit(&decoder);
    return VM_OK;
}
