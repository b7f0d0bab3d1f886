// vm/chunk.h: compiled programs: functions, instructions, and the tables that these point into.
//
// Everything here is made by lang, then immutable, shared by all threads, and freed with the
// program's arena. Constants are immortal objects. An instruction is 8 bytes: operation and three
// 16-bit operands, or one and a 32-bit one. opcodes.def says what each does.
#ifndef VM_CHUNK_H
#define VM_CHUNK_H

#include "vm/library.h"
#include "vm/value.h"

typedef enum vm_op {
#define OP(name, format, meaning) VM_OP_##name,
#include "vm/opcodes.def"
#undef OP
    VM_OP_COUNT,
    VM_OP_FIRST_INTERNAL = VM_OP_END_CHUNK, // The compiler emits none from here on.
} vm_op;

typedef struct vm_instruction {
    uint16_t op;
    uint16_t a;
    union {
        struct {
            uint16_t b;
            union {
                uint16_t c;
                int16_t offset; // Short jumps: relative to the next instruction.
            };
        };
        int32_t wide; // Jumps (relative to the next instruction), indices, Ints.
    };
} vm_instruction;

_Static_assert(sizeof(vm_instruction) == 8, "an instruction is one machine word");

// Where an instruction comes from: sorted by pc, covers up to the next entry.
typedef struct vm_place {
    uint32_t pc;
    uint32_t line;
    uint32_t column;
    uint32_t frame; // 1 + index in the function's frames: it was inlined; 0: the function's own.
} vm_place;

// A call that was replaced by its callee's body: stacks show it all the same.
typedef struct vm_inlined {
    const char *name;
    uint32_t flags; // VM_FUNCTION_* of the callee.
    uint32_t line;  // Of the call.
    uint32_t column;
    uint32_t outer; // 1 + index of the frame that the call was in; 0: the function's own.
} vm_inlined;

// Registers that own a value while the call, perform or native at `pc` runs (without its own
// arguments and result): what must be dropped when the frame is abandoned there. Sorted by pc;
// a pc that can be abandoned and owns nothing has no entry; so has an EARLY. A borrowed argument of
// a native that a later instruction drops is owned by its register and so has to be listed.
typedef struct vm_live {
    uint32_t pc;
    uint32_t first; // Into live_registers.
    uint32_t count;
} vm_live;

// A field that some instruction reads: name, and its slot in the thread's inline caches.
typedef struct vm_field {
    vm_string *name;      // Immortal.
    uint32_t cache_index; // Unique in the program.
} vm_field;

// Record update: fields in the order in which the values stand in registers.
typedef struct vm_update {
    vm_string *const *names;
    uint32_t count;
    vm_shape *struct_shape; // `N { ..base, f: v }`: the result has this shape; else NULL.
    uint32_t cache_index;
} vm_update;

// Jump table for matches. Without `keys` these are low … low+count-1: constructor ids (SWITCH) or
// Ints (SWITCH_VALUE). Else they are looked for: Ints in order, or Strings by size, then by bytes.
typedef struct vm_switch {
    int64_t low;
    uint32_t count;
    const int32_t *offsets; // Relative to the next instruction, one for each key.
    const vm_value *keys;
    int32_t otherwise;
} vm_switch;

// An operation of an effect, or of a standard module, that handlers can intercept. One for each
// (effect, name) of the program, compared by pointer.
typedef struct vm_operation {
    const char *effect; // "Console", "Ask".
    const char *name;   // Without `!`.
    uint32_t arity;
    uint32_t id;
    const vm_native *native;     // Default behaviour in C; or NULL.
    const vm_function *function; // Default behaviour in Baseline; or NULL. Both NULL: none.
} vm_operation;

typedef enum vm_clause_kind {
    VM_CLAUSE_TAIL,    // Every path ends in `resume(v)` at its tail: the function returns v.
    VM_CLAUSE_ABORT,   // resume is no parameter: its value is the value of the handle.
    VM_CLAUSE_GENERAL, // Gets the continuation as its last argument.
} vm_clause_kind;

typedef struct vm_clause {
    const vm_operation *operation;
    vm_clause_kind kind;
    uint32_t arity; // Parameters without resume.
} vm_clause;

// `handle`: the clause closures stand in registers in this order, behind the body's closure.
typedef struct vm_handler {
    const vm_clause *clauses;
    uint32_t count;
} vm_handler;

// `with { E: record }`: effects in the order of the records.
typedef struct vm_with {
    const char *const *effects;
    uint32_t count;
} vm_with;

typedef enum vm_type_test_kind {
    VM_TEST_KIND,     // value.tag == tag.
    VM_TEST_SHAPE,    // A record with these fields and this struct name.
    VM_TEST_CTORS,    // A variant or atom with one of these constructors.
    VM_TEST_CALLABLE, // Anything that can be called.
    VM_TEST_LIST_OF,  // A list that is empty or whose first element passes the inner test.
} vm_type_test_kind;

// Run-time choice of a trait's implementation for a value of unknown static type.
typedef struct vm_type_test {
    vm_type_test_kind kind;
    vm_tag tag;
    const vm_shape *shape;
    const vm_ctor *const *ctors;
    uint32_t ctor_count;
    const struct vm_type_test *element;
} vm_type_test;

enum {
    VM_FUNCTION_LAMBDA = 1,   // `<lambda>` in stacks.
    VM_FUNCTION_INTERNAL = 2, // Of the library's Baseline sources: left out of stacks.
};

struct vm_function {
    const char *name; // As the program writes it: "main!", "Users.find", "<lambda>".
    const char *file;
    uint32_t line;
    uint32_t flags;
    uint16_t param_count;    // Without the hidden closure argument.
    uint16_t register_count; // Parameters first, then (closures) the closure itself.
    bool is_closure;         // Gets its closure as argument param_count.
    uint32_t index;          // In the program.
    const vm_instruction *code;
    uint32_t code_size;
    const vm_value *constants;
    const vm_field *fields;
    vm_shape *const *shapes;
    const vm_update *updates;
    const vm_ctor *const *ctors;
    const vm_switch *switches;
    const vm_function *const *functions;
    const vm_native *const *natives;
    const vm_operation *const *operations;
    const vm_handler *handlers;
    const vm_with *withs;
    const vm_type_test *type_tests;
    uint32_t constant_count, field_count, shape_count, update_count, ctor_count, switch_count,
        function_count, native_count, operation_count, handler_count, with_count, type_test_count;
    const vm_place *places;
    uint32_t place_count;
    const vm_inlined *frames;
    uint32_t frame_count;
    const vm_live *lives;
    uint32_t live_count;
    const uint16_t *live_registers;
    const char *const *param_names;
    // What a run of this function can reach, for placement; filled by lang.
    uint32_t reach;           // VM_EFFECT, VM_OUTSIDE, VM_BLOCKING, VM_PARKS, VM_VARYING bits.
    const char *reach_reason; // The native that decides, "Sqlite.query!", or NULL.
};

// What Request.decode checks of a struct's field.
typedef enum vm_schema_kind {
    VM_SCHEMA_ANY,
    VM_SCHEMA_INT,
    VM_SCHEMA_STRING,
    VM_SCHEMA_BOOL,
    VM_SCHEMA_FLOAT,
    VM_SCHEMA_RECORD, // Nested: .record.
} vm_schema_kind;

typedef enum vm_constraint_kind {
    VM_CONSTRAINT_MIN, // Int: value >= .integer
    VM_CONSTRAINT_MAX,
    VM_CONSTRAINT_LENGTH_MIN, // String, in characters.
    VM_CONSTRAINT_LENGTH_MAX,
    VM_CONSTRAINT_MATCHES,
    VM_CONSTRAINT_STARTS,
    VM_CONSTRAINT_ENDS,
    VM_CONSTRAINT_CONTAINS,
    VM_CONSTRAINT_EQUALS,
    VM_CONSTRAINT_ONE_OF,    // .texts, .text_count
    VM_CONSTRAINT_PREDICATE, // Anything else: .function(value) must be true.
} vm_constraint_kind;

typedef struct vm_constraint {
    vm_constraint_kind kind;
    int64_t integer;
    const char *const *texts;
    uint32_t text_count;
    const vm_function *function;
    const char *source; // Text of the predicate, for messages.
} vm_constraint;

typedef struct vm_schema_field {
    vm_string *name;
    vm_schema_kind kind;
    bool optional;         // Option<T>.
    const char *type_name; // As declared.
    const vm_constraint *constraints;
    uint32_t constraint_count;
    const struct vm_schema *record;
} vm_schema_field;

typedef struct vm_schema {
    const char *name; // The struct's.
    vm_shape *shape;
    const vm_schema_field *fields; // Sorted by name, like the shape.
    uint32_t field_count;
} vm_schema;

// One `test` or `it`, with what runs around it.
typedef struct vm_test {
    const char *name;            // "outer > inner > name".
    const vm_function *function; // () -> Bool; runs lets, hooks and body of the test.
    uint32_t line;
    uint32_t column;
    bool skipped;
} vm_test;

// An expression whose value decides about its test. What a failing one shows of its values, and
// under which words (vm/std/expect.c).
typedef struct vm_check {
    uint32_t line;
    uint32_t column;
    uint32_t size;      // Bytes on that line.
    const char *left;   // "left", "value"; NULL: neither side is shown.
    const char *right;  // "right", "to_equal" …
    const char *wanted; // Shown on the right instead of a value; NULL: none.
    bool has_right;
    bool is_equality; // The first difference is shown as well.
} vm_check;

typedef struct vm_program {
    bl_arena arena; // Owns all of it.
    const vm_library *library;
    const vm_function **functions;
    uint32_t function_count;
    vm_shape **shapes;
    uint32_t shape_count;
    const vm_ctor **ctors; // By id; the standard ones first.
    uint32_t ctor_count;
    const vm_operation **operations;
    uint32_t operation_count;
    const vm_schema *schemas;
    uint32_t schema_count;
    const vm_test *tests;
    uint32_t test_count;
    vm_check *checks; // Of all tests.
    uint32_t check_count;
    const vm_function *main; // NULL: none.
    uint32_t cache_count;    // Slots of inline caches that a thread needs.
} vm_program;

vm_program *vm_program_create(const vm_library *library);
void vm_program_destroy(vm_program *program);
// An immortal string in the program's arena (one for each text is up to the caller).
vm_string *vm_program_string(vm_program *program, bl_slice text);
// The constructor of that name, or NULL.
const vm_ctor *vm_program_ctor(const vm_program *program, bl_slice name);
// The instruction that calls of native become (opcodes.def: with the NOP behind it), or NOP: none.
vm_op vm_native_op(const vm_native *native);
// Checks that every operand of every function is within its tables: a wrong compiler shall not
// become a memory error. Debug and test builds call it on each program.
bl_status vm_program_verify(const vm_program *program, bl_error *error);
void vm_program_dump(const vm_program *program, FILE *out);

#endif
