// lang/lower_trait.c: trait methods and dictionaries.
//
// A dictionary of an impl is a constant tuple: an entry for each method of the trait, then the
// dictionaries of the supertraits. A default method takes Self's dictionary as its first argument;
// the entry of an impl that uses the default is a function that hands the impl's own dictionary
// on. Where nothing is known of Self, the entries choose by the value at run time.
//
// All entries of one method are called alike, whoever wrote them: first a dictionary for each
// bound on the method's own type parameters, as the trait has them (a default method's; required
// ones have none), then the arguments. An impl's own method with other bounds gets in between
// dictionaries that choose at run time.
//
//     fn wrap<W: Show>(x: Self, w: W)    entry: (Show of W, x, w)    default: (Self, Show of W, x,
//     w)
#include "lang/lower.h"

#include "lang/types.h"
#include "vm/faults.h"

#include <stdlib.h>

// ---- shapes ----------------------------------------------------------------------------------

static vm_value constant_tuple(lower_program *program, const vm_value *items, uint32_t count)
{
    bl_arena *arena = &program->ir->target->arena;
    vm_tuple *tuple = bl_arena_alloc_zeroed(arena, sizeof *tuple + count * sizeof(vm_value));
    tuple->header.kind = VM_TUPLE;
    tuple->size = count;
    if (count != 0) {
        memcpy(tuple->items, items, count * sizeof *items);
    }
    return vm_of(tuple);
}

// Parameters of a method as written in its trait.
static uint32_t method_arity(const lang_trait_symbol *trait, uint32_t method)
{
    const lang_trait_definition *syntax = &trait->item->as.trait;
    if (trait->defaults[method] != NULL) {
        return trait->defaults[method]->syntax->parameters.count;
    }
    for (uint32_t i = 0; i < syntax->signature_count; i++) {
        if (bl_slice_equal(syntax->signatures[i].name.text, trait->methods[method])) {
            return syntax->signatures[i].parameters.count;
        }
    }
    return 1;
}

// Dictionaries that the entries of a method take before the arguments.
static uint32_t method_bounds(const lang_trait_symbol *trait, uint32_t method)
{
    const lang_function_symbol *by_default = trait->defaults[method];
    return by_default == NULL || by_default->dictionary_count == 0
               ? 0
               : by_default->dictionary_count - 1; // The first is Self's.
}

static lang_trait_symbol *bound_of(const lang_trait_symbol *trait, uint32_t method, uint32_t bound)
{
    return bound < method_bounds(trait, method)
               ? trait->defaults[method]->dictionaries[bound + 1].trait
               : NULL;
}

static const vm_value *dynamic_dictionary(lower_program *program, lang_trait_symbol *trait);

// ---- entries of an impl ----------------------------------------------------------------------

static ir_var dynamic_argument(lower_context *context, lang_trait_symbol *trait)
{
    return lower_constant(context,
                          trait == NULL ? vm_unit() : *dynamic_dictionary(context->program, trait),
                          IR_NO_VAR);
}

// A function of count parameters that calls target with `front` variables and its parameters from
// the first-th on.
static void call_through(lower_context *context, ir_function *target, const ir_var *front,
                         uint32_t front_count, uint32_t first, uint32_t count)
{
    ir_var result = lower_new(context, NULL);
    ir_instruction *call =
        lower_emit(context, IR_CALL, result, front_count + (count > first ? count - first : 0));
    call->as.function = target;
    for (uint32_t i = 0; i < front_count; i++) {
        call->args[i] = front[i];
    }
    for (uint32_t i = first; i < count; i++) {
        call->args[front_count + i - first] = i;
    }
    lower_return(context, result);
}

// The impl's own method, called as the trait's entries are.
static ir_function *own_entry(lower_program *program, const lang_impl_symbol *impl, uint32_t method)
{
    lang_function_symbol *own = impl->methods[method];
    uint32_t bounds = method_bounds(impl->trait, method);
    ir_function *target = lower_function(program, own);
    if (bounds == 0 && own->dictionary_count == 0) {
        return target;
    }
    bl_slice key = bl_arena_format(program->arena, "own %u %u", impl->index, method);
    ir_function *function = lower_helper_find(program, key);
    if (function != NULL) {
        return function;
    }
    lower_context context;
    uint32_t count = bounds + own->syntax->parameters.count;
    function = lower_helper_begin(program, &context, target->name, count);
    ir_table_put(&program->helpers, program->arena, key, function);
    ir_var *front = bl_arena_alloc(program->arena, (own->dictionary_count + 1) * sizeof *front);
    for (uint32_t i = 0; i < own->dictionary_count; i++) {
        lang_trait_symbol *wanted = own->dictionaries[i].trait;
        front[i] = wanted != NULL && wanted == bound_of(impl->trait, method, i)
                       ? i
                       : dynamic_argument(&context, wanted);
    }
    call_through(&context, target, front, own->dictionary_count, bounds, count);
    return function;
}

// The trait's default with the impl's dictionary in front.
static ir_function *default_entry(lower_program *program, lang_impl_symbol *impl, uint32_t method)
{
    lang_function_symbol *by_default = impl->trait->defaults[method];
    ir_function *target = lower_function(program, by_default);
    const vm_value *dictionary = lower_impl_dictionary(program, impl);
    bl_slice key = bl_arena_format(program->arena, "default %u %u", impl->index, method);
    ir_function *function = lower_helper_find(program, key);
    if (function != NULL) {
        return function;
    }
    lower_context context;
    uint32_t count = method_bounds(impl->trait, method) + by_default->syntax->parameters.count;
    function = lower_helper_begin(program, &context, target->name, count);
    ir_table_put(&program->helpers, program->arena, key, function);
    ir_var self = lower_constant(&context, *dictionary, IR_NO_VAR);
    call_through(&context, target, &self, 1, 0, count);
    return function;
}

ir_function *lower_impl_method(lower_program *program, lang_impl_symbol *impl, uint32_t method)
{
    if (impl->methods[method] != NULL) {
        return own_entry(program, impl, method);
    }
    return impl->trait->defaults[method] == NULL ? NULL : default_entry(program, impl, method);
}

// What stands in a dictionary where a method is missing (TRT_002 has been reported).
static vm_value missing_method(lower_program *program, const lang_trait_symbol *trait,
                               uint32_t method)
{
    bl_slice key = bl_arena_format(program->arena, "missing %u %u", trait->index, method);
    ir_function *function = lower_helper_find(program, key);
    if (function == NULL) {
        lower_context context;
        uint32_t arity = method_bounds(trait, method) + method_arity(trait, method);
        function = lower_helper_begin(program, &context,
                                      lower_text(program, trait->methods[method]), arity);
        ir_table_put(&program->helpers, program->arena, key, function);
        lower_fail_text(&context, bl_arena_format(program->arena, "Unknown function %.*s.%.*s",
                                                  BL_SLICE_ARG(trait->name),
                                                  BL_SLICE_ARG(trait->methods[method])));
    }
    return lower_function_value(function);
}

const vm_value *lower_impl_dictionary(lower_program *program, lang_impl_symbol *impl)
{
    const vm_value **slot = &program->dictionaries[impl->index];
    if (*slot != NULL) {
        return *slot;
    }
    const lang_trait_symbol *trait = impl->trait;
    uint32_t count = trait->method_count + trait->supertrait_count;
    // The tuple stands before it is filled: its own functions refer to it.
    vm_value *items = bl_arena_alloc_zeroed(program->arena, (count + 1) * sizeof *items);
    vm_value *value = bl_arena_alloc(program->arena, sizeof *value);
    *value = constant_tuple(program, items, count);
    *slot = value;
    vm_tuple *tuple = (vm_tuple *)value->object;
    for (uint32_t i = 0; i < trait->method_count; i++) {
        ir_function *method = lower_impl_method(program, impl, i);
        tuple->items[i] =
            method == NULL ? missing_method(program, trait, i) : lower_function_value(method);
    }
    for (uint32_t i = 0; i < trait->supertrait_count; i++) {
        lang_impl_symbol *above = impl->supertraits == NULL ? NULL : impl->supertraits[i];
        tuple->items[trait->method_count + i] =
            above == NULL ? vm_unit() : *lower_impl_dictionary(program, above);
    }
    return value;
}

// ---- choice by the value at run time ---------------------------------------------------------

static vm_type_test *kind_test(lower_program *program, vm_tag tag)
{
    vm_type_test *test = bl_arena_alloc_zeroed(&program->ir->target->arena, sizeof *test);
    test->kind = VM_TEST_KIND;
    test->tag = tag;
    return test;
}

static int compare_names(const void *a, const void *b)
{
    return bl_slice_compare(*(const bl_slice *)a, *(const bl_slice *)b);
}

static vm_type_test *struct_test(lower_program *program, const lang_type_symbol *symbol)
{
    uint32_t count = symbol->field_count;
    bl_slice *names = bl_arena_alloc(program->arena, (count + 1) * sizeof *names);
    for (uint32_t i = 0; i < count; i++) {
        names[i] = symbol->field_names[i];
    }
    qsort(names, count, sizeof *names, compare_names);
    vm_type_test *test = bl_arena_alloc_zeroed(&program->ir->target->arena, sizeof *test);
    test->kind = VM_TEST_SHAPE;
    test->shape = ir_shape(program->ir, symbol->name, names, count);
    return test;
}

static vm_type_test *enum_test(lower_program *program, const lang_type_symbol *symbol)
{
    bl_arena *arena = &program->ir->target->arena;
    vm_type_test *test = bl_arena_alloc_zeroed(arena, sizeof *test);
    const vm_ctor **ctors = bl_arena_alloc(arena, (symbol->constructor_count + 1) * sizeof *ctors);
    for (uint32_t i = 0; i < symbol->constructor_count; i++) {
        ctors[i] = ir_ctor(program->ir, symbol->constructors[i].name,
                           symbol->constructors[i].payload_count);
    }
    test->kind = VM_TEST_CTORS;
    test->ctors = ctors;
    test->ctor_count = symbol->constructor_count;
    return test;
}

static vm_type_test *callable_test(lower_program *program)
{
    vm_type_test *test = kind_test(program, VM_CLOSURE);
    test->kind = VM_TEST_CALLABLE;
    return test;
}

// NULL: values of the type cannot be told by looking at them (type parameters, Unknown).
static vm_type_test *type_test(lower_program *program, lang_type *type)
{
    if (type == NULL) {
        return NULL;
    }
    type = lang_type_base(lang_types_of(program->world), type);
    switch ((unsigned)type->shape) {
    case LANG_SHAPE_INT:
        return kind_test(program, VM_INT);
    case LANG_SHAPE_FLOAT:
        return kind_test(program, VM_FLOAT);
    case LANG_SHAPE_STRING:
        return kind_test(program, VM_STRING);
    case LANG_SHAPE_BOOL:
        return kind_test(program, VM_BOOL);
    case LANG_SHAPE_UNIT:
        return kind_test(program, VM_UNIT);
    case LANG_SHAPE_TUPLE:
        return kind_test(program, VM_TUPLE);
    case LANG_SHAPE_RECORD: // Records from outside have more fields than the type names.
        return kind_test(program, VM_RECORD);
    case LANG_SHAPE_MAP:
        return kind_test(program, VM_MAP);
    case LANG_SHAPE_SET:
        return kind_test(program, VM_SET);
    case LANG_SHAPE_FUNCTION:
        return callable_test(program);
    case LANG_SHAPE_NAMED:
        return type->symbol->kind == LANG_SYMBOL_ENUM ? enum_test(program, type->symbol)
                                                      : struct_test(program, type->symbol);
    case LANG_SHAPE_LIST: {
        vm_type_test *element = type_test(program, type->arguments[0]);
        vm_type_test *test = kind_test(program, VM_LIST);
        if (element != NULL) {
            test->kind = VM_TEST_LIST_OF;
            test->element = element;
        }
        return test;
    }
    default:
        return NULL;
    }
}

// value: the parameter that decides.
static void try_impl(lower_context *context, lang_impl_symbol *impl, uint32_t method, ir_var value,
                     uint32_t count)
{
    lower_program *program = context->program;
    ir_function *target = lower_impl_method(program, impl, method);
    vm_type_test *test = type_test(program, impl->target);
    if (target == NULL || test == NULL || impl->methods == NULL || target->param_count != count) {
        return;
    }
    ir_block *yes = ir_block_new(context->function);
    ir_block *no = ir_block_new(context->function);
    ir_var passes = lower_new(context, NULL);
    ir_instruction *asked = lower_emit(context, IR_TYPE_TEST, passes, 1);
    asked->args[0] = value;
    asked->as.test = test;
    lower_branch(context, passes, yes, no);
    lower_enter(context, yes);
    call_through(context, target, NULL, 0, 0, count);
    lower_enter(context, no);
}

// Nothing fits: say of what.
static void fail_without_impl(lower_context *context, const lang_trait_symbol *trait, ir_var value)
{
    bl_slice start = bl_arena_format(context->program->arena, "No implementation of %.*s for ",
                                     BL_SLICE_ARG(trait->name));
    ir_var text =
        lower_op(context, IR_BUILD, IR_NO_VAR, 2, lower_string(context, start, IR_NO_VAR), value);
    lower_fail(context, VM_FAULT_MESSAGE, text);
}

// Without arguments nothing decides, unless there is only one impl.
static void call_only_impl(lower_context *context, const lang_trait_symbol *trait, uint32_t method,
                           uint32_t count)
{
    const lang_world *world = context->program->world;
    lang_impl_symbol *only = NULL;
    uint32_t found = 0;
    for (uint32_t i = 0; i < world->unit_count; i++) {
        for (uint32_t j = 0; j < world->units[i]->impl_count; j++) {
            if (world->units[i]->impls[j]->trait == trait) {
                only = world->units[i]->impls[j];
                found += 1;
            }
        }
    }
    ir_function *target = found == 1 ? lower_impl_method(context->program, only, method) : NULL;
    if (target != NULL && target->param_count == count) {
        call_through(context, target, NULL, 0, 0, count);
        return;
    }
    lower_fail_text(context, bl_arena_format(context->program->arena,
                                             "No implementation of %.*s: nothing decides which one",
                                             BL_SLICE_ARG(trait->name)));
}

ir_function *lower_dynamic_method(lower_program *program, lang_trait_symbol *trait, uint32_t method)
{
    bl_slice key = bl_arena_format(program->arena, "dynamic %u %u", trait->index, method);
    ir_function *function = lower_helper_find(program, key);
    if (function != NULL) {
        return function;
    }
    uint32_t bounds = method_bounds(trait, method);
    uint32_t count = bounds + method_arity(trait, method);
    lower_context context;
    function =
        lower_helper_begin(program, &context, lower_text(program, trait->methods[method]), count);
    ir_table_put(&program->helpers, program->arena, key, function);
    if (count == bounds) {
        call_only_impl(&context, trait, method, count);
        return function;
    }
    lang_world *world = program->world;
    for (uint32_t i = 0; i < world->unit_count; i++) {
        for (uint32_t j = 0; j < world->units[i]->impl_count; j++) {
            lang_impl_symbol *impl = world->units[i]->impls[j];
            if (impl->trait == trait) {
                try_impl(&context, impl, method, bounds, count);
            }
        }
    }
    fail_without_impl(&context, trait, bounds);
    return function;
}

static const vm_value *dynamic_dictionary(lower_program *program, lang_trait_symbol *trait)
{
    bl_slice key = bl_arena_format(program->arena, "dictionary %u", trait->index);
    vm_value *value = ir_table_get(&program->modules, key);
    if (value != NULL) {
        return value;
    }
    uint32_t count = trait->method_count + trait->supertrait_count;
    vm_value *items = bl_arena_alloc_zeroed(program->arena, (count + 1) * sizeof *items);
    value = bl_arena_alloc(program->arena, sizeof *value);
    *value = constant_tuple(program, items, count);
    ir_table_put(&program->modules, program->arena, key, value);
    vm_tuple *tuple = (vm_tuple *)value->object;
    for (uint32_t i = 0; i < trait->method_count; i++) {
        tuple->items[i] = lower_function_value(lower_dynamic_method(program, trait, i));
    }
    for (uint32_t i = 0; i < trait->supertrait_count; i++) {
        const vm_value *above = trait->supertraits[i] == NULL
                                    ? NULL
                                    : dynamic_dictionary(program, trait->supertraits[i]);
        tuple->items[trait->method_count + i] = above == NULL ? vm_unit() : *above;
    }
    return value;
}

// ---- dictionaries in code --------------------------------------------------------------------

ir_var lower_dictionary(lower_context *context, const lang_evidence *evidence)
{
    lower_program *program = context->program;
    if (evidence->dispatch == LANG_DISPATCH_IMPL && evidence->impl != NULL) {
        return lower_constant(context, *lower_impl_dictionary(program, evidence->impl), IR_NO_VAR);
    }
    const lower_local *local = NULL;
    if (evidence->dispatch == LANG_DISPATCH_PARAMETER) {
        local = lower_find(context, LOWER_DICTIONARY + evidence->parameter);
    }
    if (local == NULL) {
        return evidence->trait == NULL
                   ? lower_constant(context, vm_unit(), IR_NO_VAR)
                   : lower_constant(context, *dynamic_dictionary(program, evidence->trait),
                                    IR_NO_VAR);
    }
    ir_var dictionary = local->var;
    const lang_trait_symbol *trait = NULL;
    const lang_function_symbol *symbol = context->symbol;
    if (symbol != NULL && evidence->parameter < symbol->dictionary_count) {
        trait =
            symbol->dictionaries == NULL ? NULL : symbol->dictionaries[evidence->parameter].trait;
    }
    for (uint32_t i = 0; i < evidence->path_length && trait != NULL; i++) {
        ir_var above = lower_new(context, NULL);
        ir_instruction *get = lower_emit(context, IR_TUPLE_GET, above, 1);
        get->args[0] = dictionary;
        get->as.index = trait->method_count + evidence->path[i];
        dictionary = above;
        trait = trait->supertraits[evidence->path[i]];
    }
    return dictionary;
}

ir_var lower_method_of(lower_context *context, const lang_evidence *evidence, uint32_t method)
{
    ir_var dictionary = lower_dictionary(context, evidence);
    ir_var result = lower_new(context, NULL);
    ir_instruction *get = lower_emit(context, IR_TUPLE_GET, result, 1);
    get->args[0] = dictionary;
    get->as.index = method;
    return result;
}

uint32_t lower_method_dictionaries(lower_context *context, const lang_ref *ref,
                                   const lang_call_info *info, ir_var *vars)
{
    uint32_t bounds = method_bounds(ref->as.trait, ref->method);
    for (uint32_t i = 0; vars != NULL && i < bounds; i++) {
        // What the call knows of a default method starts with the place of Self's.
        bool known = info != NULL && info->dictionaries != NULL && i + 1 < info->dictionary_count;
        vars[i] = known ? lower_dictionary(context, &info->dictionaries[i + 1])
                        : dynamic_argument(context, bound_of(ref->as.trait, ref->method, i));
    }
    return bounds;
}

// ---- methods as values -----------------------------------------------------------------------

// Only reached where the checker was not allowed to complain; what is known is the value.
ir_var lower_method_value(lower_context *context, const lang_ref *ref, ir_var want)
{
    lower_program *program = context->program;
    lang_trait_symbol *trait = ref->as.trait;
    ir_function *target = lower_dynamic_method(program, trait, ref->method);
    uint32_t bounds = method_bounds(trait, ref->method);
    if (bounds == 0) {
        return lower_constant(context, lower_function_value(target), want);
    }
    bl_slice key = bl_arena_format(program->arena, "method %u %u", trait->index, ref->method);
    ir_function *function = lower_helper_find(program, key);
    if (function == NULL) {
        lower_context inner;
        uint32_t count = method_arity(trait, ref->method);
        function = lower_helper_begin(program, &inner, target->name, count);
        ir_table_put(&program->helpers, program->arena, key, function);
        ir_var *front = bl_arena_alloc(program->arena, bounds * sizeof *front);
        for (uint32_t i = 0; i < bounds; i++) {
            front[i] = dynamic_argument(&inner, bound_of(trait, ref->method, i));
        }
        call_through(&inner, target, front, bounds, 0, count);
    }
    return lower_constant(context, lower_function_value(function), want);
}
