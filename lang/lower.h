// lang/lower.h: from checked trees to the core IR; shared by the files lower_*.c.
//
// A lower_program is one compilation; functions are lowered when something reachable names them.
// A lower_context builds one function: statements go to context->block, which is never NULL (what
// follows a failure goes to a block that nothing reaches). Lambdas, handled bodies and clauses
// have a context of their own inside that of the function around them; a name that is found
// further out becomes a capture of every function on the way.
//
// A `let mut` variable that some inner function captures lives in a box, made at its `let`; all
// others are plain variables with several definitions.
#ifndef LANG_LOWER_H
#define LANG_LOWER_H

#include "lang/ir.h"
#include "lang/lang.h"

// Where the value of an expression goes, besides to a variable.
#define LOWER_DISCARD (IR_NO_VAR - 1) // Nobody wants it.
#define LOWER_TAIL (IR_NO_VAR - 2)    // It is returned: calls there are tail calls.

// Lets of describe groups that a function of a group takes as hidden parameters.
typedef struct lower_group_lets {
    const uint32_t *ids; // Of their NAME patterns.
    uint32_t count;
} lower_group_lets;

typedef struct lower_program {
    ir_program *ir;
    bl_arena *arena;
    lang_world *world;
    ir_function **functions; // By lang_function_symbol.index; NULL: not asked for yet.
    lang_function_symbol **queue;
    uint32_t queue_count;
    uint32_t queue_capacity;
    const vm_value **dictionaries; // By lang_impl_symbol.index; constant tuples.
    ir_table scans;                // lower_scan of each unit.
    ir_table natives;              // "Module.name" -> function symbol of the library's source.
    ir_table handled;              // "Effect.op" or "Effect": some handler may take it.
    ir_table helpers;              // Functions that the compiler makes, by what they do.
    ir_table arities;              // Constructor name -> the arity of all its definitions.
    ir_table modules;              // Constant values of modules and types.
    ir_table schemas;              // lang_type_symbol -> vm_schema.
    lower_group_lets *group_lets;  // By lang_function_symbol.index; NULL: no tests.
    bool *checks;                  // By id in the main unit; NULL: no tests (lower_expect.c).
    uint32_t check_capacity;       // Of the target's table.
} lower_program;

// What is known of a unit before its functions are lowered; indexed by node id.
typedef struct lower_scan {
    bool *captured; // NAME patterns: an inner function reads or assigns it.
    uint32_t *uses; // NAME patterns: references to it.
} lower_scan;

typedef struct lower_local {
    uint32_t id; // Of the NAME pattern; or LOWER_DICTIONARY + number.
    ir_var var;  // IR_NO_VAR: free slot.
    bool boxed;
} lower_local;

#define LOWER_DICTIONARY 0x80000000u

typedef struct lower_context {
    lower_program *program;
    lang_unit *unit;
    const lower_scan *scan;
    const lang_function_symbol *symbol; // Of the function around it all; NULL: a test.
    struct lower_context *outer;        // Of the function that this one is written in.
    ir_function *function;
    ir_block *block;
    ir_block *entry;     // Captures are read there.
    lower_local *locals; // Open addressing by id.
    uint32_t local_count;
    uint32_t local_capacity;
    ir_var *captures; // Variables of the outer function, in the order of the closure.
    uint32_t capture_capacity;
    uint32_t with_depth;     // `with`s that a return has to leave.
    bool is_handled;         // Body or clause of a handle: `?` leaves the function around it.
    bool has_early;          // … and there is one.
    uint32_t resume_id;      // Tail clause: its `resume`; else UINT32_MAX.
    uint32_t line, column;   // Place of what is being lowered.
    uint32_t recover_offset; // Span start that line and column belong to.
} lower_context;

// A call, however it is written.
typedef struct lower_call_site {
    const lang_expr *expr; // CALL or PIPE.
    const lang_expr *callee;
    const lang_expr **args; // In written order, the piped value first.
    uint32_t count;
    const lang_call_info *info; // NULL: nothing special.
} lower_call_site;

// ---- lower.c: programs and functions ---------------------------------------------------------

// Lowers all that main and (for_tests) the tests of the main unit reach. Fills in the target's
// main and tests.
void lower_world(ir_program *ir, lang_world *world, bool for_tests);
ir_function *lower_function(lower_program *program, lang_function_symbol *symbol);
const lower_scan *lower_scan_of(lower_program *program, lang_unit *unit);
void lower_context_init(lower_context *context, lower_program *program, lang_unit *unit,
                        ir_function *function, lower_context *outer);
// Binds parameters to patterns: variable first + i to the i-th.
void lower_parameters(lower_context *context, const lang_pattern **patterns, uint32_t count,
                      uint32_t first);
const char *lower_text(lower_program *program, bl_slice text); // As long as the target lives.

// ---- lower_scan.c: what must be known beforehand ---------------------------------------------

lower_scan *lower_scan_unit(lower_program *program, lang_unit *unit);
// Whether every path through a clause's body ends in a call of its resume, used nowhere else.
bool lower_resumes_at_tail(const lang_unit *unit, const lower_scan *scan, const lang_expr *body,
                           uint32_t resume_id);

// ---- lower_build.c: instructions and variables -----------------------------------------------

void lower_at(lower_context *context, lang_span span);
ir_var lower_new(lower_context *context, const lang_type *type);
ir_instruction *lower_emit(lower_context *context, ir_op op, ir_var result, uint32_t count);
// With the arguments given; result: a new variable if IR_NO_VAR.
ir_var lower_op(lower_context *context, ir_op op, ir_var result, uint32_t count, ...);
ir_var lower_constant(lower_context *context, vm_value value, ir_var want);
// The constructor applied to count values, at least one.
ir_var lower_variant(lower_context *context, bl_slice name, const ir_var *args, uint32_t count,
                     ir_var result);
ir_var lower_string(lower_context *context, bl_slice text, ir_var want);
void lower_jump(lower_context *context, ir_block *to);
void lower_branch(lower_context *context, ir_var condition, ir_block *yes, ir_block *no);
void lower_enter(lower_context *context, ir_block *block);
void lower_fail(lower_context *context, uint16_t fault, ir_var about);
void lower_fail_text(lower_context *context, bl_slice message);
// The value is in var, and is wanted in dst (a variable, LOWER_DISCARD or LOWER_TAIL).
void lower_finish(lower_context *context, ir_var var, ir_var dst);
void lower_return(lower_context *context, ir_var var);

lower_local *lower_find(lower_context *context, uint32_t id); // NULL: nowhere.
void lower_bind(lower_context *context, uint32_t id, ir_var var, bool boxed);
// A new variable for a NAME pattern; holds value. As the pattern's binding says: plain or boxed.
void lower_bind_value(lower_context *context, const lang_pattern *name, ir_var value);
ir_var lower_read(lower_context *context, uint32_t id, const lang_type *type);
void lower_assign_local(lower_context *context, uint32_t id, ir_var value);

static inline const lang_ref *lower_ref(const lower_context *context, uint32_t id)
{
    return &context->unit->refs[id];
}

static inline const lang_type *lower_type(const lower_context *context, uint32_t id)
{
    return context->unit->types[id];
}

// ---- lower_expr.c ----------------------------------------------------------------------------

// The value in a variable: a new one, or one that nobody assigns any more.
ir_var lower_expr(lower_context *context, const lang_expr *expr);
void lower_into(lower_context *context, const lang_expr *expr, ir_var dst);
void lower_condition(lower_context *context, const lang_expr *expr, ir_block *yes, ir_block *no);
// A comparison, with the variables of its sides.
ir_var lower_comparison(lower_context *context, const lang_expr *expr, ir_var *left, ir_var *right);

// ---- lower_name.c: references as values ------------------------------------------------------

ir_var lower_reference(lower_context *context, const lang_expr *expr, ir_var want);
ir_function *lower_enum_to_string(lower_program *program, lang_type_symbol *type);
ir_function *lower_enum_parse(lower_program *program, lang_type_symbol *type);
vm_value lower_function_value(ir_function *function);
// How many arguments an operation of a declared effect takes; 0 if it is not declared.
uint32_t lower_operation_arity(lower_program *program, bl_slice effect, bl_slice name);
// A context for a function that the compiler makes, entered at its first block.
ir_function *lower_helper_begin(lower_program *program, lower_context *context, const char *name,
                                uint32_t param_count);
ir_function *lower_helper_find(lower_program *program, bl_slice key); // NULL: not made yet.

// ---- lower_trait.c: trait methods and dictionaries -------------------------------------------

ir_var lower_dictionary(lower_context *context, const lang_evidence *evidence);
// The entry of a method in the dictionary that the evidence leads to, in a variable.
ir_var lower_method_of(lower_context *context, const lang_evidence *evidence, uint32_t method);
const vm_value *lower_impl_dictionary(lower_program *program, lang_impl_symbol *impl);
// The entry of one impl, NULL if it lacks the method; the entry that chooses at run time.
ir_function *lower_impl_method(lower_program *program, lang_impl_symbol *impl, uint32_t method);
ir_function *lower_dynamic_method(lower_program *program, lang_trait_symbol *trait,
                                  uint32_t method);
// How many dictionaries an entry of the method takes before the arguments; puts them into vars
// unless that is NULL, as the call (info, may be NULL) knows them.
uint32_t lower_method_dictionaries(lower_context *context, const lang_ref *ref,
                                   const lang_call_info *info, ir_var *vars);
ir_var lower_method_value(lower_context *context, const lang_ref *ref, ir_var want);

// ---- lower_call.c ----------------------------------------------------------------------------

void lower_call(lower_context *context, const lang_expr *expr, ir_var dst);
void lower_pipe(lower_context *context, const lang_expr *expr, ir_var dst);
ir_var lower_lambda(lower_context *context, const lang_expr *expr, ir_var want);
// A call of a native with its arguments in variables: handlers, sources in Baseline, padding.
void lower_native_call(lower_context *context, const vm_native *native, bl_slice effect,
                       const ir_var *args, uint32_t count, ir_var dst);
void lower_operation_call(lower_context *context, bl_slice effect, bl_slice name,
                          const ir_var *args, uint32_t count, ir_var dst);
const vm_operation *lower_operation(lower_program *program, bl_slice effect, bl_slice name,
                                    const vm_native *native);
bool lower_is_handled(lower_program *program, bl_slice effect, bl_slice name);
const lang_function_symbol *lower_native_source(lower_program *program, const vm_native *native);
bl_slice lower_operation_name(bl_slice name); // Without `!`.

// ---- lower_match.c ---------------------------------------------------------------------------

void lower_match(lower_context *context, const lang_expr *expr, ir_var dst);
// Binds the names of a pattern to the parts of value; a run-time error if it does not match.
void lower_bind_pattern(lower_context *context, const lang_pattern *pattern, ir_var value);
// Jumps to yes or no; names are bound on the way to yes.
void lower_test_pattern(lower_context *context, const lang_pattern *pattern, ir_var value,
                        ir_block *yes, ir_block *no);

// ---- lower_effect.c --------------------------------------------------------------------------

ir_var lower_handle(lower_context *context, const lang_expr *expr, ir_var want);
ir_var lower_with_records(lower_context *context, const lang_expr *expr);
ir_var lower_with_capture(lower_context *context, const lang_expr *expr);
ir_var lower_try(lower_context *context, const lang_expr *expr, ir_var want);

// ---- lower_expect.c --------------------------------------------------------------------------

ir_var lower_expect(lower_context *context, const lang_expr *expr, ir_var want);
// Makes checks of the expressions that decide about the value of a test's body.
void lower_find_checks(lower_program *program, const lang_expr *body);
bool lower_is_check(const lower_context *context, const lang_expr *expr);
// The value of a check; notes its sides for the report if it is not true.
ir_var lower_check(lower_context *context, const lang_expr *expr);
// A `?` returns early with the value; if it stands in a test's body, it decides about the test.
void lower_note_early(lower_context *context, const lang_expr *expr, ir_var value);

// ---- lower_test.c ----------------------------------------------------------------------------

void lower_tests(lower_program *program);

// ---- lower_group.c ---------------------------------------------------------------------------

void lower_find_group_lets(lower_program *program); // Before tests are lowered.
lower_group_lets lower_lets_of(const lower_program *program, const lang_function_symbol *symbol);
// The arguments for them: variables of the test, or what captured them here.
void lower_pass_lets(lower_context *context, const lang_function_symbol *symbol, ir_var *vars);
bool lower_let_is_boxed(const lower_context *context, uint32_t id);

// ---- lower_schema.c --------------------------------------------------------------------------

// Fills in the target's schemas, one for each struct of the program.
void lower_schemas(lower_program *program);

#endif
