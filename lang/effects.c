// lang/effects.c: pass 4: which effects a function has, and whether it may.
//
// First each body becomes a list of occurrences: an operation, or a call of a user function, with
// the handlers and restricts around it (a chain of contexts, innermost first). Then the effects of
// all functions of the world are the least fixed point over the call graph. Then each function is
// held against what it declares, and each occurrence against the restricts around it
// (effects_judge.c).
//
// An effect is known by the module or effect that its operations belong to (an "atom"): it has the
// name that counts (`Cell` -> Async) and a second name that satisfies as well (`Db` for Sqlite).
// What a function has is a bit set of atoms. A lambda's occurrences count where it is written;
// mentioning a function has no effect, calling it has those that it has.
//
// A default method that an impl inherits is read once for each such impl: there the type of Self
// is known, so its calls of trait methods lead to that type's impls.
#include "lang/effects.h"

#include "lang/check.h"
#include "lang/walk.h"

// ---- names -----------------------------------------------------------------------------------

bool effect_names_contain(const bl_slice *names, uint32_t count, bl_slice name)
{
    if (name.size == 0) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (bl_slice_equal_nocase(names[i], name)) {
            return true;
        }
    }
    return false;
}

static bool context_names(const effect_context *context, const effect_atom *atom)
{
    return effect_names_contain(context->names, context->name_count, atom->effect) ||
           effect_names_contain(context->names, context->name_count, atom->alternate) ||
           (!context->is_restrict &&
            effect_names_contain(context->names, context->name_count, atom->module));
}

static bool is_ambient(bl_slice effect)
{
    return bl_slice_equal(effect, BL_SLICE("Log")) || bl_slice_equal(effect, BL_SLICE("Time"));
}

// ---- atoms -----------------------------------------------------------------------------------

static void atom_table_grow(effect_pass *pass)
{
    uint32_t size = pass->atom_table_size == 0 ? 64 : pass->atom_table_size * 2;
    uint32_t *table = bl_arena_alloc_zeroed(pass->arena, size * sizeof(*table));
    for (uint32_t i = 0; i < pass->atom_count; i++) {
        uint32_t slot = (uint32_t)bl_slice_hash(pass->atoms[i].module) & (size - 1);
        while (table[slot] != 0) {
            slot = (slot + 1) & (size - 1);
        }
        table[slot] = i + 1;
    }
    pass->atom_table = table;
    pass->atom_table_size = size;
}

static void atoms_reserve(effect_pass *pass)
{
    if (pass->atom_count < pass->atom_capacity) {
        return;
    }
    uint32_t capacity = pass->atom_capacity == 0 ? 32 : pass->atom_capacity * 2;
    effect_atom *atoms = bl_arena_alloc(pass->arena, capacity * sizeof(*atoms));
    if (pass->atom_count != 0) {
        memcpy(atoms, pass->atoms, pass->atom_count * sizeof(*atoms));
    }
    pass->atoms = atoms;
    pass->atom_capacity = capacity;
}

static bl_slice slice_or_empty(const char *text)
{
    return text == NULL ? (bl_slice){NULL, 0} : bl_slice_of(text);
}

// Operations of a declared effect have its own name, also where the library has a module of that
// name with another effect (`effect Cell`); declaring that one satisfies as well.
static effect_atom make_atom(const effect_pass *pass, bl_slice module, bool is_library)
{
    const vm_module *known = vm_library_module(pass->world->library, module);
    bl_slice effect = known == NULL ? (bl_slice){NULL, 0} : slice_or_empty(known->effect);
    bl_slice also = known == NULL ? (bl_slice){NULL, 0} : slice_or_empty(known->also_effect);
    bool has_effect = effect.size != 0;
    return (effect_atom){
        .module = module,
        .is_library = is_library,
        .effect = has_effect && is_library ? effect : module,
        .alternate = has_effect && !is_library ? effect : also,
    };
}

static uint32_t atom_of(effect_pass *pass, bl_slice module, bool is_library)
{
    if (pass->atom_count * 2 >= pass->atom_table_size) {
        atom_table_grow(pass);
    }
    uint32_t slot = (uint32_t)bl_slice_hash(module) & (pass->atom_table_size - 1);
    for (; pass->atom_table[slot] != 0; slot = (slot + 1) & (pass->atom_table_size - 1)) {
        uint32_t index = pass->atom_table[slot] - 1;
        if (pass->atoms[index].is_library == is_library &&
            bl_slice_equal(pass->atoms[index].module, module)) {
            return index;
        }
    }
    atoms_reserve(pass);
    pass->atoms[pass->atom_count] = make_atom(pass, module, is_library);
    pass->atom_table[slot] = ++pass->atom_count;
    return pass->atom_count - 1;
}

static void set_add(uint64_t *set, uint32_t index)
{
    set[index / 64] |= (uint64_t)1 << (index % 64);
}

// ---- reading bodies --------------------------------------------------------------------------

static void add_occurrence(effect_pass *pass, effect_occurrence found)
{
    effect_body *body = pass->body;
    if (body->count == body->capacity) {
        uint32_t capacity = body->capacity == 0 ? 4 : body->capacity * 2;
        effect_occurrence *items = bl_arena_alloc(pass->arena, capacity * sizeof(*items));
        if (body->count != 0) {
            memcpy(items, body->items, body->count * sizeof(*items));
        }
        body->items = items;
        body->capacity = capacity;
    }
    found.context = pass->context;
    body->items[body->count++] = found;
}

static bool is_allowed_everywhere(const effect_atom *atom)
{
    return is_ambient(atom->effect) || is_ambient(atom->alternate);
}

// name: as messages have it, "Console.println!".
static void add_operation(effect_pass *pass, uint32_t atom, bl_slice name, lang_span span)
{
    if (!is_allowed_everywhere(&pass->atoms[atom])) { // Else it is never inferred either.
        add_occurrence(pass, (effect_occurrence){.index = atom, .span = span, .name = name});
    }
}

static void add_native(effect_pass *pass, const vm_native *native, const lang_expr *expr)
{
    bl_slice module = bl_slice_of(native->module->name);
    // The one name without a module that is an operation: `scope!`.
    bl_slice name =
        expr->kind == LANG_EXPR_NAME
            ? expr->as.name
            : bl_arena_format(pass->arena, "%s.%s!", native->module->name, native->name);
    add_operation(pass, atom_of(pass, module, true), name, expr->span);
}

static void add_declared(effect_pass *pass, bl_slice effect, const lang_expr *expr)
{
    bl_slice written = expr->as.field.name.text;
    bool banged = written.data[written.size - 1] == '!';
    bl_slice name = bl_arena_format(pass->arena, "%.*s.%.*s%s", BL_SLICE_ARG(effect),
                                    BL_SLICE_ARG(written), banged ? "" : "!");
    add_operation(pass, atom_of(pass, effect, false), name, expr->span);
}

static void add_call(effect_pass *pass, const lang_function_symbol *callee, lang_span span)
{
    if (callee == NULL || callee->is_library) {
        // The effects of a library operation are its own, whatever its source does.
        return;
    }
    add_occurrence(pass, (effect_occurrence){.is_call = true,
                                             .index = callee->index,
                                             .span = span,
                                             .name = callee->syntax->name.text});
}

static const lang_ref *ref_of(const effect_pass *pass, const lang_expr *expr)
{
    return &pass->unit->refs[expr->id];
}

// A name or field that stands anywhere: operations count even when only mentioned.
static void read_reference(effect_pass *pass, const lang_expr *expr)
{
    const lang_ref *ref = ref_of(pass, expr);
    if (ref->kind == LANG_REF_NATIVE && (ref->as.native->flags & VM_EFFECT) != 0) {
        add_native(pass, ref->as.native, expr);
    } else if (ref->kind == LANG_REF_OPERATION && expr->kind == LANG_EXPR_FIELD) {
        add_declared(pass, ref->effect, expr);
    }
}

// The impl that a call of a trait method leads to; NULL: not known before the program runs. A call
// through a bound, or by the run-time value, adds no effect of its own.
static lang_impl_symbol *impl_of(const effect_pass *pass, const lang_ref *ref,
                                 const lang_expr *first)
{
    const lang_evidence *evidence = ref->evidence;
    if (evidence != NULL && evidence->dispatch == LANG_DISPATCH_IMPL) {
        return evidence->impl;
    }
    if (pass->impl == NULL) {
        return NULL;
    }
    lang_impl_symbol *impl = (lang_impl_symbol *)(uintptr_t)pass->impl;
    bool is_of_self = first == NULL && evidence != NULL &&
                      evidence->dispatch == LANG_DISPATCH_PARAMETER && evidence->parameter == 0;
    if (first == NULL && !is_of_self) {
        return NULL;
    }
    lang_type *type =
        is_of_self ? impl->target
                   : lang_type_substitute(lang_types_of(pass->world), pass->unit->types[first->id],
                                          impl->trait, &impl->target, 1);
    bool is_known = !lang_type_is_unknown(type) && type->shape != LANG_SHAPE_PARAMETER;
    return is_known ? lang_find_impl(lang_loader_of(pass->world), ref->as.trait, type) : NULL;
}

static void add_method_call(effect_pass *pass, const lang_ref *ref, const lang_expr *first,
                            lang_span span)
{
    lang_impl_symbol *impl = impl_of(pass, ref, first);
    if (impl == NULL) {
        return;
    }
    const lang_function_symbol *own = impl->methods[ref->method];
    const lang_function_symbol *inherited = impl->trait->defaults[ref->method];
    if (own != NULL) {
        add_call(pass, own, span);
    } else if (inherited != NULL) {
        add_occurrence(pass,
                       (effect_occurrence){.is_call = true,
                                           .index = pass->inherited[impl->index] + ref->method,
                                           .span = span,
                                           .name = inherited->syntax->name.text});
    }
}

// first: the argument that decides between impls; NULL: there is none.
static void read_callee(effect_pass *pass, const lang_expr *callee, const lang_expr *first)
{
    if (callee->kind != LANG_EXPR_NAME && callee->kind != LANG_EXPR_FIELD) {
        return;
    }
    const lang_ref *ref = ref_of(pass, callee);
    if (ref->kind == LANG_REF_FUNCTION) {
        add_call(pass, ref->as.function, callee->span);
    } else if (ref->kind == LANG_REF_TRAIT_METHOD) {
        add_method_call(pass, ref, first, callee->span);
    }
}

static void read_expr(void *of, const lang_expr *expr);

// piped: the value that a pipe puts in front of the arguments; NULL: none.
static void read_call(effect_pass *pass, const lang_expr *call, const lang_expr *piped)
{
    const lang_expr *written = call->as.call.count == 0 ? NULL : call->as.call.arguments[0].value;
    read_callee(pass, call->as.call.callee, piped != NULL ? piped : written);
    lang_walk(call, read_expr, pass);
}

static void read_pipe(effect_pass *pass, const lang_expr *left, const lang_expr *right)
{
    read_expr(pass, left);
    if (right->kind == LANG_EXPR_CALL) {
        read_call(pass, right, left);
    } else { // A bare target is called by the pipe.
        read_callee(pass, right, left);
        read_expr(pass, right);
    }
}

static void read_within(effect_pass *pass, bool is_restrict, const bl_slice *names, uint32_t count,
                        const lang_expr *body)
{
    effect_context *inner = bl_arena_alloc(pass->arena, sizeof(*inner));
    *inner = (effect_context){pass->context, is_restrict, names, count};
    pass->context = inner;
    read_expr(pass, body);
    pass->context = inner->outer;
}

typedef struct resume_search {
    effect_pass *pass;
    uint32_t pattern_id; // That binds resume.
} resume_search;

static void report_alias(effect_pass *pass, const lang_expr *expr)
{
    lang_diagnostics *list = &pass->unit->diagnostics;
    lang_diagnostic *found = lang_diagnostics_add(
        list, LANG_CAP_005, expr->span, "resume parameter should not be aliased; call it directly");
    lang_diagnostic_context(list, found,
                            "A continuation can be resumed once, while its clause runs.");
    lang_diagnostic_suggest(list, found, "direct_call", LANG_CONFIDENCE_NONE,
                            "Call `resume(value)` where the value is known");
}

static bool is_resume(const resume_search *search, const lang_expr *expr)
{
    const lang_ref *ref = ref_of(search->pass, expr);
    return expr->kind == LANG_EXPR_NAME && ref->kind == LANG_REF_LOCAL &&
           ref->as.local == search->pattern_id;
}

static void find_aliases(void *of, const lang_expr *expr)
{
    resume_search *search = of;
    if (is_resume(search, expr)) {
        report_alias(search->pass, expr);
    } else if (expr->kind == LANG_EXPR_CALL && is_resume(search, expr->as.call.callee)) {
        for (uint32_t i = 0; i < expr->as.call.count; i++) {
            find_aliases(search, expr->as.call.arguments[i].value);
        }
    } else if (expr->kind == LANG_EXPR_PIPE && is_resume(search, expr->as.binary.right)) {
        find_aliases(search, expr->as.binary.left);
    } else {
        lang_walk(expr, find_aliases, search);
    }
}

static void read_handle(effect_pass *pass, const lang_expr *expr)
{
    uint32_t count = expr->as.handle.count;
    bl_slice *names = bl_arena_alloc(pass->arena, count * sizeof(*names));
    for (uint32_t i = 0; i < count; i++) {
        names[i] = expr->as.handle.clauses[i].effect.text;
    }
    read_within(pass, false, names, count, expr->as.handle.body);
    for (uint32_t i = 0; i < count; i++) {
        const lang_clause *clause = &expr->as.handle.clauses[i];
        read_expr(pass, clause->body);
        if (clause->has_resume) {
            uint32_t last = clause->parameters.count - 1;
            resume_search search = {pass, clause->parameters.items[last]->id};
            find_aliases(&search, clause->body);
        }
    }
}

static void read_with(effect_pass *pass, const lang_expr *expr)
{
    uint32_t count = expr->as.with.count;
    bl_slice *names = bl_arena_alloc(pass->arena, count * sizeof(*names));
    for (uint32_t i = 0; i < count; i++) {
        names[i] = expr->as.with.records[i].effect.text;
        read_expr(pass, expr->as.with.records[i].value);
    }
    read_within(pass, false, names, count, expr->as.with.body);
}

static void read_restrict(effect_pass *pass, const lang_expr *expr)
{
    uint32_t count = expr->as.restriction.effects.count;
    bl_slice *names = bl_arena_alloc(pass->arena, count * sizeof(*names));
    for (uint32_t i = 0; i < count; i++) {
        names[i] = expr->as.restriction.effects.items[i].text;
    }
    read_within(pass, true, names, count, expr->as.restriction.body);
}

static void read_expr(void *of, const lang_expr *expr)
{
    effect_pass *pass = of;
    switch ((int)expr->kind) {
    case LANG_EXPR_NAME:
        read_reference(pass, expr);
        return;
    case LANG_EXPR_FIELD:
        read_reference(pass, expr);
        if (ref_of(pass, expr)->kind == LANG_REF_NONE) {
            read_expr(pass, expr->as.field.object);
        }
        return;
    case LANG_EXPR_CALL:
        read_call(pass, expr, NULL);
        return;
    case LANG_EXPR_PIPE:
        read_pipe(pass, expr->as.binary.left, expr->as.binary.right);
        return;
    case LANG_EXPR_HANDLE:
        read_handle(pass, expr);
        return;
    case LANG_EXPR_WITH_RECORDS:
        read_with(pass, expr);
        return;
    case LANG_EXPR_WITH_CAPTURE:
        read_within(pass, false, &expr->as.capture.effect.text, 1, expr->as.capture.body);
        return;
    case LANG_EXPR_RESTRICT:
        read_restrict(pass, expr);
        return;
    default: // All other kinds have no effect of their own.
        lang_walk(expr, read_expr, pass);
        return;
    }
}

static void read_body(effect_pass *pass, lang_unit *unit, effect_body *into, const lang_expr *body)
{
    pass->unit = unit;
    pass->body = into;
    pass->context = NULL;
    read_expr(pass, body);
}

// ---- fixed point -----------------------------------------------------------------------------

// The first restrict that stops the effect, or NULL; *discharged: a handler came first.
const effect_context *effect_stopped_by(const effect_context *from, const effect_atom *atom,
                                        bool *discharged)
{
    *discharged = false;
    for (const effect_context *at = from; at != NULL; at = at->outer) {
        bool named = context_names(at, atom);
        if (at->is_restrict && !named) {
            return at;
        }
        if (!at->is_restrict && named) {
            *discharged = true;
            return NULL;
        }
    }
    return NULL;
}

static bool passes(const effect_context *from, const effect_atom *atom)
{
    bool discharged = false;
    return effect_stopped_by(from, atom, &discharged) == NULL && !discharged;
}

// Adds what one occurrence contributes; true if the set grew.
static bool contribute(const effect_pass *pass, const effect_occurrence *item, uint64_t *effects)
{
    bool grew = false;
    if (!item->is_call) {
        if (!effect_set_has(effects, item->index) &&
            passes(item->context, &pass->atoms[item->index])) {
            set_add(effects, item->index);
            grew = true;
        }
        return grew;
    }
    const uint64_t *callee = pass->bodies[item->index].effects;
    for (uint32_t word = 0; word < pass->words; word++) {
        uint64_t fresh = callee[word] & ~effects[word];
        while (fresh != 0) {
            uint32_t index = word * 64 + (uint32_t)__builtin_ctzll(fresh);
            fresh &= fresh - 1;
            if (passes(item->context, &pass->atoms[index])) {
                set_add(effects, index);
                grew = true;
            }
        }
    }
    return grew;
}

static void add_caller(effect_pass *pass, uint32_t callee, uint32_t caller)
{
    effect_body *to = &pass->bodies[callee];
    if (to->caller_count == to->caller_capacity) {
        uint32_t capacity = to->caller_capacity == 0 ? 4 : to->caller_capacity * 2;
        uint32_t *callers = bl_arena_alloc(pass->arena, capacity * sizeof(*callers));
        if (to->caller_count != 0) {
            memcpy(callers, to->callers, to->caller_count * sizeof(*callers));
        }
        to->callers = callers;
        to->caller_capacity = capacity;
    }
    to->callers[to->caller_count++] = caller;
}

static void infer(effect_pass *pass)
{
    uint32_t count = pass->body_count;
    pass->words = (pass->atom_count + 63) / 64;
    // A queue in which each function stands at most once.
    uint32_t *queue = bl_arena_alloc(pass->arena, ((size_t)count + 1) * sizeof(*queue));
    uint32_t head = 0;
    uint32_t queued = count;
    for (uint32_t i = 0; i < count; i++) {
        effect_body *function = &pass->bodies[i];
        function->effects =
            bl_arena_alloc_zeroed(pass->arena, (pass->words + 1) * sizeof(uint64_t));
        function->is_queued = true;
        queue[i] = i;
        for (uint32_t k = 0; k < function->count; k++) {
            if (function->items[k].is_call) {
                add_caller(pass, function->items[k].index, i);
            }
        }
    }
    while (queued != 0) {
        uint32_t index = queue[head];
        head = head + 1 == count ? 0 : head + 1;
        queued -= 1;
        effect_body *function = &pass->bodies[index];
        function->is_queued = false;
        bool grew = false;
        for (uint32_t k = 0; k < function->count; k++) {
            grew |= contribute(pass, &function->items[k], function->effects);
        }
        for (uint32_t k = 0; grew && k < function->caller_count; k++) {
            effect_body *caller = &pass->bodies[function->callers[k]];
            if (!caller->is_queued) {
                caller->is_queued = true;
                queue[(head + queued) % count] = function->callers[k];
                queued += 1;
            }
        }
    }
}

// ---- tests: bodies that are no functions -------------------------------------------------------

// Bodies of tests, hooks and lets of groups: read before the fixed point, judged after it.
typedef struct loose_body {
    lang_unit *unit;
    effect_body found;
    struct loose_body *next;
} loose_body;

typedef struct loose_reader {
    effect_pass *pass;
    lang_unit *unit;
    loose_body **list;
} loose_reader;

static void read_loose(void *of, const lang_expr *body)
{
    loose_reader *reader = of;
    loose_body *loose = bl_arena_alloc_zeroed(reader->pass->arena, sizeof(*loose));
    loose->unit = reader->unit;
    loose->next = *reader->list;
    *reader->list = loose;
    read_body(reader->pass, reader->unit, &loose->found, body);
}

// The defaults that the unit's impls inherit: read where they stand.
static void read_inherited(effect_pass *pass, const lang_impl_symbol *impl)
{
    const lang_trait_symbol *trait = impl->trait;
    pass->impl = impl;
    for (uint32_t method = 0; method < trait->method_count; method++) {
        const lang_function_symbol *inherited = trait->defaults[method];
        if (impl->methods[method] == NULL && inherited != NULL) {
            effect_body *into = &pass->bodies[pass->inherited[impl->index] + method];
            read_body(pass, inherited->unit, into, inherited->syntax->body);
        }
    }
    pass->impl = NULL;
}

static void read_unit(effect_pass *pass, lang_unit *unit, loose_body **list)
{
    for (uint32_t i = 0; i < unit->function_count; i++) {
        const lang_function_symbol *function = unit->functions[i];
        read_body(pass, unit, &pass->bodies[function->index], function->syntax->body);
    }
    for (uint32_t i = 0; i < unit->impl_count; i++) {
        read_inherited(pass, unit->impls[i]);
    }
    lang_walk_loose_bodies(unit->tree, read_loose, &(loose_reader){pass, unit, list});
}

static void number_bodies(effect_pass *pass)
{
    const lang_world *world = pass->world;
    pass->body_count = world->function_count;
    pass->inherited =
        bl_arena_alloc_zeroed(pass->arena, (world->impl_count + 1) * sizeof(*pass->inherited));
    for (uint32_t i = 0; i < world->unit_count; i++) {
        const lang_unit *unit = world->units[i];
        for (uint32_t k = 0; k < unit->impl_count; k++) {
            pass->inherited[unit->impls[k]->index] = pass->body_count;
            pass->body_count += unit->impls[k]->trait->method_count;
        }
    }
    pass->bodies =
        bl_arena_alloc_zeroed(pass->arena, ((size_t)pass->body_count + 1) * sizeof(*pass->bodies));
}

void lang_check_effects(lang_world *world)
{
    effect_pass pass = {.world = world, .arena = world->arena};
    number_bodies(&pass);
    atoms_reserve(&pass);
    loose_body *loose = NULL;
    for (uint32_t i = 0; i < world->unit_count; i++) {
        if (!lang_unit_has_syntax_errors(world->units[i])) {
            read_unit(&pass, world->units[i], &loose);
        }
    }
    infer(&pass);
    for (uint32_t i = 0; i < world->unit_count; i++) {
        if (!world->units[i]->is_library) {
            effect_judge_unit(&pass, world->units[i]);
        }
    }
    for (loose_body *body = loose; body != NULL; body = body->next) {
        effect_judge_loose(&pass, body->unit, &body->found);
    }
}
