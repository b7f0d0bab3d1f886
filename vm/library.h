// vm/library.h: natives: one table a module, the single source for checker, VM and documentation.
//
// A module's table is an X-macro file (vm/std/list.def, vm_bridge/web/router.def, …):
//
//  NATIVE(name, arity, owned, flags, c_function, "type with effects", "sentence for the docs")
//
//     NATIVE("push", 2, 0x3, VM_PURE, std_list_push, "(List<A>, A) -> List<A>", "appends")
//
// Functions that take functions are written in Baseline (a module's `source`, compiled with each
// program that uses them): the callback may then suspend, perform effects and fail like any code;
// no C frame is ever in the way. Their rows have c_function NULL. A module's source is a list of
// `fn` items named as the rows are; it may call other natives (also VM_INTERNAL ones) by their
// qualified names, for instance `List.push(out, f(x))` or `List.internal_length(xs)`.
#ifndef VM_LIBRARY_H
#define VM_LIBRARY_H

#include "vm/value.h"

typedef enum vm_status {
    VM_OK,   // *result is set (owned by the caller).
    VM_FAIL, // vm_fail() was called: a run-time error.
    VM_PARK, // The fiber waits (a vm_park_* was called); the result comes when it wakes.
    VM_CALL, // vm_tail_call() was called: the native's result is that call's result.
} vm_status;

// args: as many as the row's arity (up to arity_max: the rest are unit). Those in the mask `owned`
// belong to the native, which must drop or move each of them, also on failure; the others are
// borrowed.
typedef vm_status (*vm_native_fn)(vm_task *task, vm_value *args, vm_value *result);

enum {
    VM_PURE = 0,
    VM_EFFECT = 1 << 0,     // An operation: its name is written with `!`, handlers see it.
    VM_OUTSIDE = 1 << 1,    // Acts on the outside world: a handler that did it is never run again.
    VM_BLOCKING = 1 << 2,   // May hold its thread: such handlers go to a worker.
    VM_PARKS = 1 << 3,      // May park the fiber.
    VM_FOLDABLE = 1 << 4,   // May be evaluated at compile time on constants.
    VM_UNCHECKED = 1 << 5,  // No signature for the checker: calls are Unknown, arguments unseen.
    VM_GENERIC = 1 << 6,    // Known under every prelude.
    VM_EXTRA_ARGS = 1 << 7, // Accepts up to arity_max arguments.
    VM_INTERNAL = 1 << 8,   // Only for Baseline sources of the library; invisible to programs.
    VM_VARYING = 1 << 9,    // Reads clock, randomness or environment: never constant.
    VM_ABSENT = 1 << 10,    // Has a signature but no body in this build: a program that calls it
                            // is refused at compile time, by name.
};

struct vm_native {
    const char *name; // Without `!`.
    uint8_t arity;
    uint8_t arity_max; // == arity unless VM_EXTRA_ARGS.
    uint16_t owned;    // Bit i: argument i is consumed.
    uint32_t flags;
    vm_native_fn function; // NULL: written in Baseline, in the module's source.
    const char *type; // "(List<A>, A) -> List<A>", "(String) -> {Console} ()"; "" if unchecked.
    const char *summary;
    const struct vm_module *module; // Filled by vm_library_add.
};

// A row of a table. Rows whose last arguments may be left out use NATIVE_EXTRA.
#define NATIVE(name_, arity_, owned_, flags_, function_, type_, summary_)                          \
    {.name = name_,                                                                                \
     .arity = arity_,                                                                              \
     .arity_max = arity_,                                                                          \
     .owned = owned_,                                                                              \
     .flags = flags_,                                                                              \
     .function = function_,                                                                        \
     .type = type_,                                                                                \
     .summary = summary_},
#define NATIVE_EXTRA(name_, arity_, arity_max_, owned_, flags_, function_, type_, summary_)        \
    {.name = name_,                                                                                \
     .arity = arity_,                                                                              \
     .arity_max = arity_max_,                                                                      \
     .owned = owned_,                                                                              \
     .flags = (flags_) | VM_EXTRA_ARGS,                                                            \
     .function = function_,                                                                        \
     .type = type_,                                                                                \
     .summary = summary_},

// The preludes, smallest first; a module is known to the checker from one prelude on.
typedef enum vm_prelude {
    VM_PRELUDE_MINIMAL,
    VM_PRELUDE_PURE,
    VM_PRELUDE_CORE,
    VM_PRELUDE_SCRIPT,
    VM_PRELUDE_SERVER,
    VM_PRELUDE_NEVER, // Known to none (Channel).
} vm_prelude;

typedef struct vm_module {
    const char *name;        // "List".
    const char *alias;       // "lst", or NULL.
    const char *effect;      // Effect of its operations: "Console", "Async" …; NULL: none.
    const char *also_effect; // What may be declared instead ("Db", "Channel"); or NULL.
    vm_prelude prelude;
    vm_native *natives;
    uint32_t native_count;
    const char *source; // Baseline source of the rows without a C function, or NULL.
} vm_module;

#define VM_LIBRARY_MODULES_MAX 64

typedef struct vm_library {
    vm_module *modules[VM_LIBRARY_MODULES_MAX];
    uint32_t module_count;
    // Is there a match of the pattern in the text (as String.matches)? False: malformed pattern.
    // For predicates that are decided before a program runs. NULL: not in this build.
    bool (*regex_search)(bl_slice pattern, bl_slice text, bool *found);
} vm_library;

// The standard library outside the web; vm_bridge adds its web modules to the same library.
void vm_library_add_standard(vm_library *library);
void vm_library_add(vm_library *library, vm_module *module); // Kept for the life of the process.
const vm_module *vm_library_module(const vm_library *library, bl_slice name);
const vm_native *vm_module_native(const vm_module *module, bl_slice name); // Name without `!`.

// ---- for the C functions of natives ----------------------------------------------------------

// Records a run-time error; returns VM_FAIL.
vm_status vm_fail(vm_task *task, const char *format, ...) BL_PRINTF(2, 3);
// "NAME: expected TYPE, got VALUE".
vm_status vm_fail_type(vm_task *task, const char *name, const char *expected, vm_value got);
vm_heap *vm_task_heap(vm_task *task);
// Calls callee (borrowed) with arguments (moved) in place of the running native.
vm_status vm_tail_call(vm_task *task, vm_value callee, const vm_value *args, size_t count);

#endif
