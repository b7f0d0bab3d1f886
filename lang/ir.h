// lang/ir.h: the core IR: what a checked program is between the syntax tree and bytecode.
//
// A function is a graph of basic blocks. An instruction reads variables and defines at most one
// (HANDLE: two); the last one of a block ends it. Blocks with several predecessors are the joins,
// their cycles the loops; a variable may have several definitions (both branches of an `if`
// define the result), most have one. Pattern matches are decision trees, closures are converted
// (a lambda is a function that reads CAPTUREs), names, dictionaries and operations are resolved.
//
//     tree + tables --lower--> ir_function --opt--> ir_function --own--> with DROPs --emit--> code
//
// Each variable carries two things that must not be confused: its static type, which may lie
// (types are gradual), and the kinds that it is *proved* to have, because every definition makes
// only those. Only the second may choose instructions.
//
// Up to the ownership pass arguments are plain uses. That pass makes counts explicit: afterwards
// every argument that an operation uses up is dead behind it, and all else has its DROP.
#ifndef LANG_IR_H
#define LANG_IR_H

#include "lang/sema.h"
#include "vm/chunk.h"

typedef enum ir_op {
#define IR(name, ownership, kind, flags, meaning) IR_##name,
#include "lang/ir.def"
#undef IR
    IR_OP_COUNT
} ir_op;

// Operations from here on end a block.
#define IR_FIRST_END IR_JUMP

typedef enum ir_ownership { IR_OWN_BORROW, IR_OWN_OWN, IR_OWN_FIRST, IR_OWN_MASK } ir_ownership;

enum { IR_FLAG_PURE = 1, IR_FLAG_CALLS = 2, IR_FLAG_WINDOW = 4 };

typedef struct ir_op_info {
    const char *name;
    uint8_t ownership; // ir_ownership
    uint8_t flags;     // IR_FLAG_*
    uint32_t kinds;    // Of the result.
} ir_op_info;

extern const ir_op_info ir_ops[IR_OP_COUNT];

// A set of vm_tags.
typedef uint32_t ir_kinds;
#define IR_KIND(tag) (1u << (tag))
#define IR_KINDS_NONE 0u
#define IR_KINDS_ANY ((1u << (VM_HANDLE + 1)) - 1)
#define IR_KINDS_NUMBER (IR_KIND(VM_INT) | IR_KIND(VM_FLOAT))
// Kinds that are counted.
#define IR_KINDS_HEAP (IR_KINDS_ANY & ~(IR_KIND(VM_TAG_HEAP) - 1))

typedef uint32_t ir_var;
#define IR_NO_VAR UINT32_MAX

typedef struct ir_block ir_block;
typedef struct ir_function ir_function;
typedef struct ir_instruction ir_instruction;

typedef enum ir_compare {
    IR_COMPARE_EQ,
    IR_COMPARE_NE,
    IR_COMPARE_LT,
    IR_COMPARE_LE,
    IR_COMPARE_GT,
    IR_COMPARE_GE,
} ir_compare;

typedef struct ir_case {
    const vm_ctor *ctor; // SWITCH
    vm_value value;      // SWITCH_VALUE: an Int or String, the same kind for all cases of one.
    ir_block *to;
} ir_case;

// Fields of an UPDATE, in the order of its arguments from the second on.
typedef struct ir_update {
    vm_string **names;
    uint32_t count;
    vm_shape *struct_shape; // NULL: the base's own.
} ir_update;

// The clauses of a HANDLE, in the order of its arguments from the second on.
typedef struct ir_handler {
    vm_clause *clauses;
    uint32_t count;
} ir_handler;

struct ir_instruction {
    ir_instruction *previous;
    ir_instruction *next;
    uint8_t op;         // ir_op
    uint8_t compare;    // COMPARE: ir_compare
    uint16_t fault;     // FAIL
    bool is_tail;       // CALL, CALL_VALUE: at a tail of its function's source (opt_tail_calls).
    bool has_immediate; // The last operand is `immediate` and no argument (opt_select).
    int16_t immediate;
    bool is_uncounted; // Reads a part that an OPEN behind it hands over.
    uint32_t frame;    // Inlined: 1 + index in the function's frames; 0: its own.
    uint32_t line;     // Place in the file of the function.
    uint32_t column;
    ir_var result; // IR_NO_VAR: none.
    ir_var second; // HANDLE: whether it ended early.
    uint32_t count;
    ir_var *args;
    union {
        vm_value constant;
        uint32_t index;
        vm_string *field;
        const vm_ctor *ctor;
        vm_shape *shape;
        ir_update *update;
        ir_function *function;
        const vm_native *native;
        const vm_operation *operation;
        ir_handler *handler;
        const vm_with *with;
        const vm_type_test *test;
        struct {
            ir_case *cases; // SWITCH, SWITCH_VALUE
            uint32_t case_count;
        };
    } as;
    ir_block *to[2];     // Ends only.
    uint32_t live_count; // CALLS: variables that own a value meanwhile (ownership pass).
    ir_var *lives;
};

struct ir_block {
    uint32_t id; // Index in the function's blocks.
    ir_instruction *first;
    ir_instruction *last; // NULL while empty; ends the block once it is complete.
};

typedef struct ir_variable {
    const lang_type *type; // Static; NULL: unknown.
    ir_kinds kinds;        // Proved (opt_kinds); IR_KINDS_ANY before.
    bool is_state;         // Of ITER, RANGE_INIT: two registers.
    bool is_alias;         // Not counted (ownership pass): `owner` is alive as long as it is.
    ir_var owner;          // IR_NO_VAR: something that a caller owns.
    bool is_constant;      // Holds a constant only, which is not counted either.
} ir_variable;

struct ir_function {
    const char *name;
    const char *file;
    uint32_t line;
    uint32_t flags;       // VM_FUNCTION_*
    uint32_t param_count; // Variables 0 … param_count - 1; the next one is the closure itself.
    const char *const *param_names;
    bool is_closure; // Reads captures.
    uint32_t capture_count;
    ir_variable *variables; // Grows; arena.
    uint32_t variable_count;
    uint32_t variable_capacity;
    ir_block **blocks; // [0] is the entry.
    uint32_t block_count;
    uint32_t block_capacity;
    uint32_t instruction_count; // Roughly: for budgets.
    uint32_t index;             // In ir_program.functions, and of the vm_function.
    uint32_t reach;             // VM_EFFECT … bits of all that it can reach.
    const char *reach_reason;
    vm_function *target; // Filled by emit; its address is known from the start.
    bool is_root;        // Called from outside the program: main, tests, predicates.
    bool escapes;        // Its value is made somewhere, or it is called from outside.
    uint64_t borrows;    // Bit i: parameter i is borrowed (own_borrow.c).
    ir_kinds result_kinds;
    bool is_optimised;  // opt_inline has been here: it may be copied.
    bool is_recursive;  // Calls itself.
    uint32_t size;      // Instructions (opt_inline).
    uint32_t grown;     // Instructions that were copied into it.
    vm_inlined *frames; // Calls that are no calls any more.
    uint32_t frame_count;
    uint32_t frame_capacity;
    bool is_dead; // Inlined everywhere: not emitted.
    struct ir_program *program;
};

// A hash table from texts to pointers; texts are kept.
typedef struct ir_table {
    struct ir_table_entry {
        bl_slice key;
        void *value;
    } * entries;
    uint32_t count;
    uint32_t capacity;
} ir_table;

typedef struct ir_program {
    bl_arena *arena;    // Of the IR: dead when the bytecode stands.
    vm_program *target; // Constants, shapes, constructors and operations are made here at once.
    ir_function **functions;
    uint32_t function_count;
    uint32_t function_capacity;
    ir_table strings;    // vm_string
    ir_table ctors;      // vm_ctor
    ir_table shapes;     // vm_shape
    ir_table operations; // vm_operation
    uint32_t ctor_capacity, shape_capacity, operation_capacity;
} ir_program;

// ---- tables (ir.c) ---------------------------------------------------------------------------

void *ir_table_get(const ir_table *table, bl_slice key); // NULL: absent.
void ir_table_put(ir_table *table, bl_arena *arena, bl_slice key, void *value);

void ir_program_init(ir_program *program, bl_arena *arena, vm_program *target);
// One object for each text, name or set of names; all of them live as long as the target.
vm_string *ir_string(ir_program *program, bl_slice text);
const vm_ctor *ir_ctor(ir_program *program, bl_slice name, uint32_t arity);
// names: sorted by bytes, distinct. struct_name: data == NULL: none.
vm_shape *ir_shape(ir_program *program, bl_slice struct_name, const bl_slice *names,
                   uint32_t count);
vm_operation *ir_operation(ir_program *program, bl_slice effect, bl_slice name, uint32_t arity);

// ---- making (ir.c) ---------------------------------------------------------------------------

ir_function *ir_function_new(ir_program *program, const char *name, const char *file,
                             uint32_t line);
ir_var ir_variable_new(ir_function *function, const lang_type *type);
ir_block *ir_block_new(ir_function *function);
// Not in a block yet; count arguments to be filled in.
ir_instruction *ir_instruction_new(ir_function *function, ir_op op, ir_var result, uint32_t count);
void ir_append(ir_block *block, ir_instruction *instruction);
void ir_insert_before(ir_block *block, ir_instruction *at, ir_instruction *instruction);
void ir_insert_after(ir_block *block, ir_instruction *at, ir_instruction *instruction);
void ir_remove(ir_block *block, ir_instruction *instruction);

// ---- asking ----------------------------------------------------------------------------------

static inline bool ir_is_end(const ir_instruction *instruction)
{
    return instruction->op >= IR_FIRST_END;
}

static inline bool ir_is_pure(const ir_instruction *instruction)
{
    return (ir_ops[instruction->op].flags & IR_FLAG_PURE) != 0;
}

static inline bool ir_is_switch(const ir_instruction *instruction)
{
    return instruction->op == IR_SWITCH || instruction->op == IR_SWITCH_VALUE;
}

// Whether the operation uses up its argument number i.
bool ir_owns(const ir_instruction *instruction, uint32_t i);
// Successors of a block: targets of its end. Returns how many; out has room for
// ir_successor_count().
uint32_t ir_successor_count(const ir_block *block);
ir_block **ir_successor(ir_block *block, uint32_t i); // Where the i-th one is stored.

// Drops blocks that nothing reaches and numbers the others in reverse postorder: a block comes
// after all its predecessors but those that close a loop.
void ir_renumber(ir_function *function);

// ---- liveness (ir_live.c) --------------------------------------------------------------------

// Which variables are live where blocks begin and end. Only variables that live in more than one
// block have a bit; an alias keeps its owner alive.
typedef struct ir_liveness {
    uint32_t *bits; // By variable; UINT32_MAX: lives in one block.
    uint32_t bit_count;
    uint32_t words; // Of a set.
    uint64_t *in;   // By block: words.
    uint64_t *out;
} ir_liveness;

// Blocks must be numbered (ir_renumber). Free with ir_liveness_deinit.
void ir_liveness_init(ir_liveness *liveness, const ir_function *function);
void ir_liveness_deinit(ir_liveness *liveness);

static inline bool ir_live_has(const ir_liveness *liveness, const uint64_t *set, ir_var var)
{
    uint32_t bit = liveness->bits[var];
    return bit != UINT32_MAX && (set[bit / 64] >> (bit % 64) & 1) != 0;
}

static inline bool ir_live_in(const ir_liveness *liveness, uint32_t block, ir_var var)
{
    return ir_live_has(liveness, liveness->in + (size_t)block * liveness->words, var);
}

static inline bool ir_live_out(const ir_liveness *liveness, uint32_t block, ir_var var)
{
    return ir_live_has(liveness, liveness->out + (size_t)block * liveness->words, var);
}

// Finds ir_function.borrows of all functions, after opt_kinds (own_borrow.c).
void ir_find_borrows(ir_program *program);
// Makes the variables that only hold what the function borrows aliases without an owner.
void ir_mark_borrowed(ir_function *function);

// Adds counts to the program: DUP_OF where a value is wanted once more, DROP where its last owner
// dies, aliases where a part is only looked at; and `lives` of all calls (own.c).
void ir_place_counts(ir_function *function);

// Reads of parts move behind tests, to the paths that want them; before counts (own_open.c).
void ir_sink_parts(ir_function *function);
// What is taken apart and dropped is OPENed; after counts.
void ir_join_drops(ir_function *function);

// ---- the optimiser (opt*.c) ------------------------------------------------------------------

// Works on all functions of the program; `level` 0: only what code generation needs.
void ir_optimise(ir_program *program, bool enabled);

// ---- placement (reach.c) ---------------------------------------------------------------------

// ir_function.reach of all functions.
void ir_find_reach(ir_program *program);

// ---- code (emit*.c) --------------------------------------------------------------------------

// Fills in the target of every function that is not dead.
void ir_emit_program(ir_program *program);

// ---- text ------------------------------------------------------------------------------------

void ir_function_dump(const ir_function *function, bl_buffer *out);
void ir_program_dump(const ir_program *program, bl_buffer *out);

#endif
