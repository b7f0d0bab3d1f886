// vm/std/json_read.c: JSON text into values.
//
// One pass over the bytes, by recursive descent (depth at most STD_JSON_DEPTH_MAX), straight into
// values: no tree in between. Items of open arrays and objects wait on one stack of values; when
// the bracket closes they become a list or a record, of a shape that is known already if the text
// holds such an object before (json_layout.h). Strings without escapes are found by a scan
// and copied once. Floats of few digits are a quotient of two exact doubles, hence rounded rightly;
// others are read by number_shim.cc.
#include "vm/number_shim.h"
#include "vm/std/json.h"
#include "vm/std/json_layout.h"
#include "vm/std/text.h"

typedef struct reader {
    vm_heap *heap;
    const vm_program *program;
    const char *data;
    size_t size;
    size_t at;
    uint32_t depth;
    uint32_t array_depth; // How many of them are arrays: what is in none of them is not repeated.
    std_json_objects objects;
    const char *reason; // Set with error_at by the first failure.
    size_t error_at;    // How many bytes before and with the offending one.
    vm_value *stack;    // Names and values of everything that is open.
    size_t stack_size;
    size_t stack_capacity;
    bl_buffer scratch; // A string with escapes.
    std_layouts layouts;
} reader;

static bool read_value(reader *self, vm_value *result);

// The failure concerns what has been read.
static bool fail_here(reader *self, const char *reason)
{
    self->reason = reason;
    self->error_at = self->at;
    return false;
}

// The failure concerns the next byte.
static bool fail_next(reader *self, const char *reason)
{
    self->reason = reason;
    self->error_at = self->at < self->size ? self->at + 1 : self->size;
    return false;
}

static void push(reader *self, vm_value value)
{
    if (self->stack_size == self->stack_capacity) {
        self->stack_capacity = self->stack_capacity == 0 ? 64 : self->stack_capacity * 2;
        self->stack = bl_realloc(self->stack, self->stack_capacity * sizeof(*self->stack));
    }
    self->stack[self->stack_size++] = value;
}

// What was pushed since the stack had that size. Nothing at all may have been pushed yet.
static vm_value *pushed_since(const reader *self, size_t base)
{
    return self->stack_size == base ? NULL : self->stack + base;
}

// The next byte that is no white space, 0 at the end (0 is no JSON).
static char skip_blanks(reader *self)
{
    while (self->at < self->size) {
        char c = self->data[self->at];
        if (c != ' ' && c != '\n' && c != '\t' && c != '\r') {
            return c;
        }
        self->at += 1;
    }
    return 0;
}

static bool is_at_end(const reader *self)
{
    return self->at >= self->size;
}

static char peek(const reader *self)
{
    return self->at < self->size ? self->data[self->at] : 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool read_word(reader *self, const char *rest, vm_value value, vm_value *result)
{
    self->at += 1;
    for (; *rest != 0; rest++) {
        if (is_at_end(self)) {
            return fail_here(self, "EOF while parsing a value");
        }
        self->at += 1;
        if (self->data[self->at - 1] != *rest) {
            return fail_here(self, "expected ident");
        }
    }
    *result = value;
    return true;
}

// ---- numbers ---------------------------------------------------------------------------------

static bool read_exponent(reader *self)
{
    self->at += 1;
    if (peek(self) == '+' || peek(self) == '-') {
        self->at += 1;
    }
    if (is_at_end(self)) {
        return fail_here(self, "EOF while parsing a value");
    }
    if (!is_digit(peek(self))) {
        self->at += 1;
        return fail_here(self, "invalid number");
    }
    while (is_digit(peek(self))) {
        self->at += 1;
    }
    return true;
}

// Point, digits, exponent: whatever of it follows. *is_float: something did.
static bool read_fraction(reader *self, bool *is_float)
{
    if (peek(self) == '.') {
        *is_float = true;
        self->at += 1;
        if (!is_digit(peek(self))) {
            return fail_next(self,
                             is_at_end(self) ? "EOF while parsing a value" : "invalid number");
        }
        while (is_digit(peek(self))) {
            self->at += 1;
        }
    }
    if (peek(self) == 'e' || peek(self) == 'E') {
        *is_float = true;
        return read_exponent(self);
    }
    return true;
}

// digits × 10^exponent when both are exact in a double; false: it is not so simple.
static bool exact_double(bl_slice text, double *number)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    uint64_t digits = 0;
    int decimals = 0;
    bool is_negative = text.data[0] == '-';
    bool is_behind_point = false;
    if (text.size > 17) {
        return false;
    }
    for (size_t i = is_negative; i < text.size; i++) {
        if (text.data[i] == '.') {
            is_behind_point = true;
            continue;
        }
        if (!is_digit(text.data[i])) {
            return false; // An exponent: rare.
        }
        digits = digits * 10 + (uint64_t)(text.data[i] - '0');
        decimals += is_behind_point;
    }
    if (digits > (uint64_t)1 << 53) {
        return false;
    }
    double value = (double)digits / powers[decimals];
    *number = is_negative ? -value : value;
    return true;
}

static bool finish_float(reader *self, bl_slice text, vm_value *result)
{
    double number;
    if (!exact_double(text, &number) && !vm_number_read(text.data, text.size, &number)) {
        return fail_here(self, "number out of range");
    }
    *result = vm_float(number);
    return true;
}

static bool read_number(reader *self, vm_value *result)
{
    size_t start = self->at;
    self->at += peek(self) == '-';
    if (is_at_end(self)) {
        return fail_here(self, "EOF while parsing a value");
    }
    if (!is_digit(peek(self))) {
        self->at += 1;
        return fail_here(self, "invalid number");
    }
    bool is_zero = peek(self) == '0';
    self->at += 1;
    if (is_zero && is_digit(peek(self))) {
        return fail_next(self, "invalid number");
    }
    while (is_digit(peek(self))) {
        self->at += 1;
    }
    size_t whole_end = self->at;
    bool is_float = false;
    if (!read_fraction(self, &is_float)) {
        return false;
    }
    bl_slice text = {self->data + start, self->at - start};
    int64_t whole = 0;
    bool is_negative_zero = is_zero && self->data[start] == '-';
    if (!is_float && !is_negative_zero &&
        std_parse_int((bl_slice){text.data, whole_end - start}, &whole)) {
        *result = vm_int(whole);
        return true;
    }
    return finish_float(self, text, result);
}

// ---- strings ---------------------------------------------------------------------------------

static int hex_value(char c)
{
    if (is_digit(c)) {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static bool read_hex(reader *self, uint32_t *code)
{
    if (self->size - self->at < 4) {
        self->at = self->size;
        return fail_here(self, "EOF while parsing a string");
    }
    *code = 0;
    for (size_t i = 0; i < 4; i++) {
        int digit = hex_value(self->data[self->at + i]);
        if (digit < 0) {
            self->at += i + 1;
            return fail_here(self, "invalid escape");
        }
        *code = *code << 4 | (uint32_t)digit;
    }
    self->at += 4;
    return true;
}

static bool expect_in_pair(reader *self, char wanted)
{
    if (is_at_end(self)) {
        return fail_here(self, "EOF while parsing a string");
    }
    self->at += 1;
    return self->data[self->at - 1] == wanted || fail_here(self, "unexpected end of hex escape");
}

// After `\u`.
static bool read_unicode_escape(reader *self)
{
    uint32_t code = 0;
    if (!read_hex(self, &code)) {
        return false;
    }
    if (code >= 0xDC00 && code <= 0xDFFF) {
        return fail_here(self, "lone leading surrogate in hex escape");
    }
    if (code >= 0xD800 && code <= 0xDBFF) {
        uint32_t low = 0;
        if (!expect_in_pair(self, '\\') || !expect_in_pair(self, 'u') || !read_hex(self, &low)) {
            return false;
        }
        if (low < 0xDC00 || low > 0xDFFF) {
            return fail_here(self, "lone leading surrogate in hex escape");
        }
        code = 0x10000 + ((code - 0xD800) << 10 | (low - 0xDC00));
    }
    char bytes[4];
    bl_buffer_append(&self->scratch, bytes, bl_utf8_encode(code, bytes));
    return true;
}

// After the backslash.
static bool read_escape(reader *self)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    if (is_at_end(self)) {
        return fail_here(self, "EOF while parsing a string");
    }
    char c = self->data[self->at++];
    if (c == 'u') {
        return read_unicode_escape(self);
    }
    const char *found = c == 0 ? NULL : strchr(from, c);
    if (found == NULL) {
        return fail_here(self, "invalid escape");
    }
    bl_buffer_append_char(&self->scratch, to[found - from]);
    return true;
}

// Moves to the next quote, backslash, control byte or the end.
static void skip_plain(reader *self)
{
    const uint64_t ones = 0x0101010101010101u;
    while (self->size - self->at >= 8) {
        uint64_t word;
        memcpy(&word, self->data + self->at, 8);
        uint64_t quotes = word ^ (ones * '"');
        uint64_t backslashes = word ^ (ones * '\\');
        uint64_t hits = ((word - ones * 0x20) & ~word) | ((quotes - ones) & ~quotes) |
                        ((backslashes - ones) & ~backslashes);
        if ((hits & (ones * 0x80)) != 0) {
            break;
        }
        self->at += 8;
    }
    while (self->at < self->size) {
        unsigned char c = (unsigned char)self->data[self->at];
        if (c == '"' || c == '\\' || c < 0x20) {
            return;
        }
        self->at += 1;
    }
}

// self->at: behind the opening quote. The text stays valid until the next string is read.
static bool read_text(reader *self, bl_slice *text)
{
    size_t start = self->at;
    bool has_escapes = false;
    self->scratch.size = 0;
    for (;;) {
        skip_plain(self);
        if (is_at_end(self)) {
            return fail_here(self, "EOF while parsing a string");
        }
        char c = self->data[self->at];
        if (c != '"' && c != '\\') {
            self->at += 1;
            return fail_here(self,
                             "control character (\\u0000-\\u001F) found while parsing a string");
        }
        bl_slice plain = {self->data + start, self->at - start};
        self->at += 1;
        if (c == '"' && !has_escapes) {
            *text = plain;
            return true;
        }
        bl_buffer_append_slice(&self->scratch, plain);
        if (c == '"') {
            *text = bl_buffer_slice(&self->scratch);
            return true;
        }
        has_escapes = true;
        if (!read_escape(self)) {
            return false;
        }
        start = self->at;
    }
}

static bool read_string(reader *self, vm_value *result)
{
    bl_slice text;
    self->at += 1;
    if (!read_text(self, &text)) {
        return false;
    }
    *result = vm_string_slice(self->heap, text);
    return true;
}

// ---- arrays and objects ----------------------------------------------------------------------

static bool read_items(reader *self)
{
    for (bool is_first = true;; is_first = false) {
        char c = skip_blanks(self);
        if (is_at_end(self)) {
            return fail_next(self, "EOF while parsing a list");
        }
        if (c == ']') {
            self->at += 1;
            return true;
        }
        if (!is_first) {
            if (c != ',') {
                return fail_next(self, "expected `,` or `]`");
            }
            self->at += 1;
            if (skip_blanks(self) == ']') {
                return fail_next(self, "trailing comma");
            }
        }
        vm_value item;
        if (!read_value(self, &item)) {
            return false;
        }
        push(self, item);
    }
}

static bool read_array(reader *self, vm_value *result)
{
    size_t base = self->stack_size;
    self->at += 1;
    self->array_depth += 1;
    if (!read_items(self)) {
        return false; // What is on the stack is dropped by std_json_parse.
    }
    self->array_depth -= 1;
    *result = vm_list_from(self->heap, pushed_since(self, base), self->stack_size - base);
    self->stack_size = base;
    return true;
}

// self->at: at the quote.
static bool read_name(reader *self, std_layout_path *path, vm_value *name)
{
    bl_slice text;
    self->at += 1;
    if (!read_text(self, &text)) {
        return false;
    }
    vm_string *known = std_layout_follow(&self->layouts, path, text);
    if (known != NULL) {
        vm_object_dup(&known->header);
    }
    *name = known != NULL ? vm_of(known) : vm_string_slice(self->heap, text);
    return true;
}

static bool read_member(reader *self, std_layout_path *path)
{
    vm_value name;
    if (skip_blanks(self) != '"') {
        return fail_next(self, is_at_end(self)     ? "EOF while parsing a value"
                               : peek(self) == '}' ? "trailing comma"
                                                   : "key must be a string");
    }
    if (!read_name(self, path, &name)) {
        return false;
    }
    push(self, name);
    if (skip_blanks(self) != ':') {
        return fail_next(self, is_at_end(self) ? "EOF while parsing an object" : "expected `:`");
    }
    self->at += 1;
    vm_value value;
    if (!read_value(self, &value)) {
        return false;
    }
    push(self, value);
    return true;
}

static bool read_members(reader *self, std_layout_path *path)
{
    for (bool is_first = true;; is_first = false) {
        char c = skip_blanks(self);
        if (is_at_end(self)) {
            return fail_next(self, "EOF while parsing an object");
        }
        if (c == '}') {
            self->at += 1;
            return true;
        }
        if (!is_first) {
            if (c != ',') {
                return fail_next(self, "expected `,` or `}`");
            }
            self->at += 1;
        }
        if (is_first && c != '"') {
            return fail_next(self, "key must be a string");
        }
        if (!read_member(self, path)) {
            return false;
        }
    }
}

static const vm_ctor *find_ctor(const vm_program *program, bl_slice name)
{
    for (size_t i = 0; i < VM_CTOR_STANDARD_COUNT; i++) {
        const vm_string *known = vm_standard_ctors[i]->name;
        if (bl_slice_equal((bl_slice){known->data, known->size}, name)) {
            return vm_standard_ctors[i];
        }
    }
    return program != NULL ? vm_program_ctor(program, name) : NULL;
}

// A variant of a constructor that may be dynamic: then one count of it is the variant's.
static vm_value make_known(vm_heap *heap, const vm_ctor *ctor, vm_value payload)
{
    bool is_plain = payload.tag == VM_UNIT;
    if (is_plain && ctor->arity != 1) {
        return vm_atom(ctor);
    }
    if (ctor->arity < 2 || payload.tag != VM_LIST || payload.list->size != ctor->arity) {
        return vm_variant_make(heap, ctor, &payload, 1);
    }
    vm_value list = vm_list_unshare(heap, payload);
    vm_value *items = vm_list_items(list.list);
    for (uint32_t i = 0; i < ctor->arity; i++) {
        vm_dup(items[i]);
    }
    vm_value variant = vm_variant_make(heap, ctor, items, ctor->arity);
    vm_drop(heap, list);
    return variant;
}

// Consumes name and payload.
static vm_value make_variant(reader *self, vm_value name, vm_value payload)
{
    const vm_ctor *ctor = find_ctor(self->program, vm_text(name));
    vm_value variant;
    if (ctor != NULL) {
        variant = make_known(self->heap, ctor, payload);
    } else {
        ctor = vm_ctor_dynamic(self->heap, vm_text(name));
        variant = vm_variant_make(self->heap, ctor, &payload, payload.tag == VM_UNIT ? 0 : 1);
    }
    vm_drop(self->heap, name);
    return variant;
}

// members: name, value, name, value …; whether they are just "type" (a String) and maybe "value".
// *type, *value: their indices.
static bool is_tagged(const vm_value *members, size_t count, size_t *type, size_t *value)
{
    *type = SIZE_MAX;
    *value = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        bl_slice name = vm_text(members[2 * i]);
        if (bl_slice_equal(name, BL_SLICE("type"))) {
            *type = 2 * i + 1;
        } else if (bl_slice_equal(name, BL_SLICE("value"))) {
            *value = 2 * i + 1;
        } else {
            return false;
        }
    }
    return *type != SIZE_MAX && members[*type].tag == VM_STRING;
}

// Of repeated members the last counts.
static vm_value finish_tagged(reader *self, vm_value *members, size_t count, size_t type,
                              size_t value)
{
    for (size_t i = 0; i < 2 * count; i++) {
        if (i != type && i != value) {
            vm_drop(self->heap, members[i]);
        }
    }
    return make_variant(self, members[type], value == SIZE_MAX ? vm_unit() : members[value]);
}

// The names of an object in the order of the text, until they belong to its record.
static void note_names(const vm_value *members, size_t count, const vm_string **names)
{
    for (size_t i = 0; i < count; i++) {
        names[i] = members[2 * i].string;
    }
}

static vm_value make_record(reader *self, vm_value *members, size_t count)
{
    // Names to the front, values behind them, in the room that push made.
    vm_value *sorted = bl_alloc((2 * count + 1) * sizeof(*sorted));
    for (size_t i = 0; i < count; i++) {
        sorted[i] = members[2 * i];
        sorted[count + i] = members[2 * i + 1];
    }
    vm_value record = vm_record_from(self->heap, sorted, sorted + count, count);
    bl_free(sorted);
    return record;
}

static vm_value finish_record(reader *self, const std_layout_path *path, vm_value *members,
                              size_t count)
{
    if (std_layout_is_whole(path)) {
        return std_layout_record(self->heap, path->layout, members);
    }
    if (self->array_depth == 0 || !std_layout_has_room(&self->layouts, count)) {
        return make_record(self, members, count);
    }
    const vm_string *names[STD_LAYOUT_NAMES_MAX];
    note_names(members, count, names);
    vm_value record = make_record(self, members, count);
    std_layout_add(&self->layouts, record, names, count);
    return record;
}

static bool read_object(reader *self, vm_value *result)
{
    size_t base = self->stack_size;
    std_layout_path path = {0};
    self->at += 1;
    if (!read_members(self, &path)) {
        return false; // As in read_array.
    }
    vm_value *members = pushed_since(self, base);
    size_t count = (self->stack_size - base) / 2;
    size_t type;
    size_t value;
    bool is_variant = self->objects == STD_JSON_TAGS && is_tagged(members, count, &type, &value);
    *result = is_variant ? finish_tagged(self, members, count, type, value)
                         : finish_record(self, &path, members, count);
    self->stack_size = base;
    return true;
}

// self->at: at the bracket.
static bool read_container(reader *self, vm_value *result)
{
    if (self->depth == STD_JSON_DEPTH_MAX) {
        return fail_next(self, "recursion limit exceeded");
    }
    self->depth += 1;
    bool is_read = peek(self) == '[' ? read_array(self, result) : read_object(self, result);
    self->depth -= 1;
    return is_read;
}

static bool read_value(reader *self, vm_value *result)
{
    char c = skip_blanks(self);
    if (is_at_end(self)) {
        return fail_next(self, "EOF while parsing a value");
    }
    switch (c) {
    case '"':
        return read_string(self, result);
    case '[':
    case '{':
        return read_container(self, result);
    case 'n':
        return read_word(self, "ull", vm_unit(), result);
    case 't':
        return read_word(self, "rue", vm_bool(true), result);
    case 'f':
        return read_word(self, "alse", vm_bool(false), result);
    default: // Not an enumeration of ours: a byte.
        return is_digit(c) || c == '-' ? read_number(self, result)
                                       : fail_next(self, "expected value");
    }
}

// ---- the whole text --------------------------------------------------------------------------

static void describe(const reader *self, std_json_error *error)
{
    error->line = 1;
    error->column = 0;
    for (size_t i = 0; i < self->error_at; i++) {
        if (self->data[i] == '\n') {
            error->line += 1;
            error->column = 0;
        } else {
            error->column += 1;
        }
    }
    snprintf(error->message, sizeof(error->message), "%s at line %u column %u", self->reason,
             error->line, error->column);
}

// RFC 8259 section 8.1. What is read is UTF-8, whatever the peer sent.
static bool check_utf8(reader *self)
{
    size_t valid = bl_utf8_valid_size((bl_slice){self->data, self->size});
    if (valid == self->size) {
        return true;
    }
    self->at = valid;
    return fail_next(self, "invalid UTF-8");
}

bool std_json_parse(vm_heap *heap, const vm_program *program, bl_slice text,
                    std_json_objects objects, vm_value *result, std_json_error *error)
{
    reader self = {
        .heap = heap, .program = program, .data = text.data, .size = text.size, .objects = objects};
    vm_value value;
    bool is_read = check_utf8(&self) && read_value(&self, &value);
    if (is_read) {
        skip_blanks(&self);
        if (!is_at_end(&self)) {
            vm_drop(heap, value);
            is_read = fail_next(&self, "trailing characters");
        }
    }
    for (size_t i = 0; i < self.stack_size; i++) {
        vm_drop(heap, self.stack[i]);
    }
    std_layouts_deinit(heap, &self.layouts);
    bl_free(self.stack);
    bl_buffer_deinit(&self.scratch);
    if (is_read) {
        *result = value;
    } else if (error != NULL) {
        describe(&self, error);
    }
    return is_read;
}
