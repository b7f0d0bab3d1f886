// lang/effects.c: pass 4: which effects a function has, and whether it may.
//
// First each body becomes a list of occurrences: an operation, or a call of a user function, with
// the handlers and restricts around it (a chain of contexts, innermost first). Then the effects of
// all functions of the world are the least fixed point over the call graph. Then each function is
// held against what it declares, and each occurrence against the restricts around it.
//
// An effect is known by the module or effect that its operations belong to (an "atom"): it has the
// name that counts (`Cell` -> Async) and a second name that satisfies as well (`Db` for Sqlite).
// What a function has is a bit set of atoms. A lambda's occurrences count where it is written;
// mentioning a function has no effect, calling it has those that it has.
#include "lang/sema.h"
#include "lang/walk.h"

typedef struct effect_atom {
    bl_slice module;    // "Sqlite".
    bl_slice effect;    // What messages say.
    bl_slice alternate; // Also satisfies; may be empty.
} effect_atom;

typedef struct effect_context {
    const struct effect_context *outer; // NULL: the function's body itself.
    bool is_restrict;                   // Else names are handled.
    const bl_slice *names;
    uint32_t name_count;
} effect_context;

typedef struct occurrence {
    bool is_call;
    uint32_t index; // Atom, or the callee's function index.
    lang_span span; // Operation or callee.
    bl_slice name;  // Of an operation, "Console.println!"; of a callee, as declared.
    const effect_context *context;
} occurrence;

// What stands in one body.
typedef struct summary {
    occurrence *items;
    uint32_t count;
    uint32_t capacity;
    uint64_t *effects; // Bit set of atoms, the result of the fixed point.
    uint32_t *callers; // Functions to look at again when effects grow.
    uint32_t caller_count;
    uint32_t caller_capacity;
    bool is_queued;
} summary;

typedef struct effect_pass {
    lang_world *world;
    bl_arena *arena;
    effect_atom *atoms;
    uint32_t atom_count;
    uint32_t atom_capacity;
    uint32_t *atom_table; // Open addressing: atom index + 1; a power of two.
    uint32_t atom_table_size;
    uint32_t words;     // Of a bit set.
    summary *functions; // By function index.
    // The body being read.
    lang_unit *unit;
    summary *body;
    const effect_context *context;
} effect_pass;

// ---- names -----------------------------------------------------------------------------------

static bool names_contain(const bl_slice *names, uint32_t count, bl_slice name)
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
    return names_contain(context->names, context->name_count, atom->effect) ||
           names_contain(context->names, context->name_count, atom->alternate) ||
           (!context->is_restrict &&
            names_contain(context->names, context->name_count, atom->module));
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

static uint32_t atom_of(effect_pass *pass, bl_slice module)
{
    if (pass->atom_count * 2 >= pass->atom_table_size) {
        atom_table_grow(pass);
    }
    uint32_t slot = (uint32_t)bl_slice_hash(module) & (pass->atom_table_size - 1);
    for (; pass->atom_table[slot] != 0; slot = (slot + 1) & (pass->atom_table_size - 1)) {
        uint32_t index = pass->atom_table[slot] - 1;
        if (bl_slice_equal(pass->atoms[index].module, module)) {
            return index;
        }
    }
    atoms_reserve(pass);
    const vm_module *known = vm_library_module(pass->world->library, module);
    bool has_effect = known != NULL && known->effect != NULL;
    pass->atoms[pass->atom_count] = (effect_atom){
        .module = module,
        .effect = has_effect ? bl_slice_of(known->effect) : module,
        .alternate = known == NULL ? (bl_slice){NULL, 0} : slice_or_empty(known->also_effect),
    };
    pass->atom_table[slot] = ++pass->atom_count;
    return pass->atom_count - 1;
}

static void set_add(uint64_t *set, uint32_t index)
{
    set[index / 64] |= (uint64_t)1 << (index % 64);
}

static bool set_has(const uint64_t *set, uint32_t index)
{
    return (set[index / 64] >> (index % 64) & 1) != 0;
}

// ---- reading bodies --------------------------------------------------------------------------

static void add_occurrence(effect_pass *pass, occurrence found)
{
    summary *body = pass->body;
    if (body->count == body->capacity) {
        uint32_t capacity = body->capacity == 0 ? 4 : body->capacity * 2;
        occurrence *items = bl_arena_alloc(pass->arena, capacity * sizeof(*items));
        if (body->count != 0) {
            memcpy(items, body->items, body->count * sizeof(*items));
        }
        body->items = items;
        body->capacity = capacity;
    }
    found.context = pass->context;
    body->items[body->count++] = found;
}

static void add_operation(effect_pass *pass, bl_slice module, bl_slice name, lang_span span)
{
    uint32_t index = atom_of(pass, module);
    if (is_ambient(pass->atoms[index].effect)) {
        // Log and Time are always allowed and never inferred.
        return;
    }
    bool banged = name.size != 0 && name.data[name.size - 1] == '!';
    bl_slice text = bl_arena_format(pass->arena, "%.*s.%.*s%s", BL_SLICE_ARG(module),
                                    BL_SLICE_ARG(name), banged ? "" : "!");
    add_occurrence(pass, (occurrence){.index = index, .span = span, .name = text});
}

static void add_call(effect_pass *pass, const lang_function_symbol *callee, lang_span span)
{
    if (callee == NULL || callee->is_library) {
        // The effects of a library operation are its own, whatever its source does.
        return;
    }
    add_occurrence(pass, (occurrence){.is_call = true,
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
        add_operation(pass, bl_slice_of(ref->as.native->module->name),
                      bl_slice_of(ref->as.native->name), expr->span);
    } else if (ref->kind == LANG_REF_OPERATION && expr->kind == LANG_EXPR_FIELD) {
        add_operation(pass, ref->effect, expr->as.field.name.text, expr->span);
    }
}

static const lang_function_symbol *method_of(const lang_ref *ref)
{
    const lang_evidence *evidence = ref->evidence;
    if (evidence == NULL || evidence->dispatch != LANG_DISPATCH_IMPL || evidence->impl == NULL) {
        // A call through a bound, or by the run-time value, adds no effect of its own.
        return NULL;
    }
    const lang_function_symbol *method = evidence->impl->methods[ref->method];
    return method != NULL ? method : ref->as.trait->defaults[ref->method];
}

static void read_callee(effect_pass *pass, const lang_expr *callee)
{
    if (callee->kind != LANG_EXPR_NAME && callee->kind != LANG_EXPR_FIELD) {
        return;
    }
    const lang_ref *ref = ref_of(pass, callee);
    if (ref->kind == LANG_REF_FUNCTION) {
        add_call(pass, ref->as.function, callee->span);
    } else if (ref->kind == LANG_REF_TRAIT_METHOD) {
        add_call(pass, method_of(ref), callee->span);
    }
}

static void read_expr(void *of, const lang_expr *expr);

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
        read_callee(pass, expr->as.call.callee);
        lang_walk(expr, read_expr, pass);
        return;
    case LANG_EXPR_PIPE:
        // A call on the right reads its callee itself; a bare target is called by the pipe.
        read_expr(pass, expr->as.binary.left);
        read_callee(pass, expr->as.binary.right);
        read_expr(pass, expr->as.binary.right);
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

static void read_body(effect_pass *pass, lang_unit *unit, summary *into, const lang_expr *body)
{
    pass->unit = unit;
    pass->body = into;
    pass->context = NULL;
    read_expr(pass, body);
}

// ---- fixed point -----------------------------------------------------------------------------

// The first restrict that stops the effect, or NULL; *discharged: a handler came first.
static const effect_context *stopped_by(const effect_context *from, const effect_atom *atom,
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
    return stopped_by(from, atom, &discharged) == NULL && !discharged;
}

// Adds what one occurrence contributes; true if the set grew.
static bool contribute(const effect_pass *pass, const occurrence *item, uint64_t *effects)
{
    bool grew = false;
    if (!item->is_call) {
        if (!set_has(effects, item->index) && passes(item->context, &pass->atoms[item->index])) {
            set_add(effects, item->index);
            grew = true;
        }
        return grew;
    }
    const uint64_t *callee = pass->functions[item->index].effects;
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
    summary *to = &pass->functions[callee];
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
    uint32_t count = pass->world->function_count;
    pass->words = (pass->atom_count + 63) / 64;
    // A queue in which each function stands at most once.
    uint32_t *queue = bl_arena_alloc(pass->arena, ((size_t)count + 1) * sizeof(*queue));
    uint32_t head = 0;
    uint32_t queued = count;
    for (uint32_t i = 0; i < count; i++) {
        summary *function = &pass->functions[i];
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
        summary *function = &pass->functions[index];
        function->is_queued = false;
        bool grew = false;
        for (uint32_t k = 0; k < function->count; k++) {
            grew |= contribute(pass, &function->items[k], function->effects);
        }
        for (uint32_t k = 0; grew && k < function->caller_count; k++) {
            summary *caller = &pass->functions[function->callers[k]];
            if (!caller->is_queued) {
                caller->is_queued = true;
                queue[(head + queued) % count] = function->callers[k];
                queued += 1;
            }
        }
    }
}

// ---- judging ---------------------------------------------------------------------------------

typedef struct effect_judged {
    lang_unit *unit;
    const lang_function *syntax; // NULL: the body of a test, hook or let.
    bool is_pure;
    bool is_declared; // Pure or with a set.
    const bl_slice *allowed;
    uint32_t allowed_count;
} effect_judged;

static void suggest_removal(lang_unit *unit, lang_diagnostic *found, lang_span span)
{
    lang_suggestion *suggestion = lang_diagnostic_suggest(
        &unit->diagnostics, found, "remove_call", LANG_CONFIDENCE_NONE, "Remove this operation");
    lang_patch *patch = bl_arena_alloc_zeroed(unit->diagnostics.arena, sizeof(*patch));
    patch->start_line = lang_source_position(&unit->source, span.start).line;
    patch->original_text = lang_source_slice(&unit->source, span);
    patch->operation = LANG_PATCH_DELETE;
    suggestion->patch = patch;
}

// Where in the source the effect's name has to go, and what; false if not on the first line.
static bool escalation(const lang_unit *unit, const lang_function *function, bl_slice effect,
                       bl_slice *replacement)
{
    uint32_t line = lang_source_position(&unit->source, function->span.start).line;
    uint32_t start = unit->source.line_starts[line - 1];
    bl_slice text = lang_source_line(&unit->source, line);
    bool has_set = function->effects.present;
    if (!has_set && function->result == NULL) {
        return false;
    }
    uint32_t at = has_set ? function->effects.span.end - 1 : function->result->span.start;
    if (at < start || at - start > text.size) {
        return false;
    }
    bl_slice before = {text.data, at - start};
    bl_slice after = {text.data + (at - start), text.size - (at - start)};
    *replacement = bl_arena_format(unit->diagnostics.arena, "%.*s%s%.*s%s%.*s",
                                   BL_SLICE_ARG(before), has_set ? ", " : "{", BL_SLICE_ARG(effect),
                                   has_set ? "" : "} ", BL_SLICE_ARG(after));
    return true;
}

static void suggest_escalation(const effect_judged *judged, lang_diagnostic *found, bl_slice effect)
{
    lang_unit *unit = judged->unit;
    lang_suggestion *suggestion =
        lang_diagnostic_suggest(&unit->diagnostics, found, "escalate_capability",
                                LANG_CONFIDENCE_NONE, "Add %.*s to the effects of `%.*s`",
                                BL_SLICE_ARG(effect), BL_SLICE_ARG(judged->syntax->name.text));
    bl_slice replacement;
    if (!escalation(unit, judged->syntax, effect, &replacement)) {
        return;
    }
    lang_patch *patch = bl_arena_alloc_zeroed(unit->diagnostics.arena, sizeof(*patch));
    patch->start_line = lang_source_position(&unit->source, judged->syntax->span.start).line;
    patch->original_text = lang_source_line(&unit->source, patch->start_line);
    patch->replacement_text = replacement;
    suggestion->patch = patch;
}

static bool is_allowed(const effect_judged *judged, const effect_atom *atom)
{
    return names_contain(judged->allowed, judged->allowed_count, atom->effect) ||
           names_contain(judged->allowed, judged->allowed_count, atom->alternate);
}

static void report_restricted(lang_unit *unit, const occurrence *item, const effect_atom *atom)
{
    lang_diagnostics *list = &unit->diagnostics;
    lang_diagnostic *found = lang_diagnostics_add(
        list, LANG_CAP_002, item->span, "Effect '%.*s' is not permitted inside this restrict block",
        BL_SLICE_ARG(atom->effect));
    lang_diagnostic_context(list, found, "A restrict block allows only the effects that it names.");
    suggest_removal(unit, found, item->span);
}

static void report_direct(const effect_judged *judged, const occurrence *item,
                          const effect_atom *atom)
{
    lang_diagnostics *list = &judged->unit->diagnostics;
    lang_diagnostic *found =
        lang_diagnostics_add(list, LANG_CAP_001, item->span, "Unauthorized Side Effect: '%.*s'",
                             BL_SLICE_ARG(item->name));
    if (judged->is_pure) {
        lang_diagnostic_context(list, found, "A function marked @pure has no effects.");
    } else {
        lang_diagnostic_context(list, found, "The function does not declare the effect {%.*s}.",
                                BL_SLICE_ARG(atom->effect));
    }
    suggest_escalation(judged, found, atom->effect);
    suggest_removal(judged->unit, found, item->span);
}

static void report_transitive(const effect_judged *judged, const occurrence *item,
                              const effect_atom *atom)
{
    lang_diagnostics *list = &judged->unit->diagnostics;
    bl_slice name = judged->syntax->name.text;
    lang_diagnostic *found =
        judged->is_pure
            ? lang_diagnostics_add(
                  list, LANG_CAP_003, judged->syntax->span,
                  "Function '%.*s' is marked @pure but transitively requires {%.*s} via '%.*s'",
                  BL_SLICE_ARG(name), BL_SLICE_ARG(atom->effect), BL_SLICE_ARG(item->name))
            : lang_diagnostics_add(
                  list, LANG_CAP_001, judged->syntax->span,
                  "Function '%.*s' transitively requires {%.*s} via '%.*s' but does not declare it",
                  BL_SLICE_ARG(name), BL_SLICE_ARG(atom->effect), BL_SLICE_ARG(item->name));
    lang_diagnostic_context(list, found,
                            "A function may only have the effects that it declares, also through "
                            "the functions that it calls.");
    suggest_escalation(judged, found, atom->effect);
}

// What the judge remembers of one function: effects reported already, by their name.
typedef struct effect_verdict {
    bl_slice *names;
    uint32_t count;
} effect_verdict;

static bool is_reported(const effect_verdict *verdict, bl_slice effect)
{
    return names_contain(verdict->names, verdict->count, effect);
}

static void judge_atom(effect_pass *pass, const effect_judged *judged, const occurrence *item,
                       uint32_t index, effect_verdict *verdict, bool direct_round)
{
    const effect_atom *atom = &pass->atoms[index];
    bool discharged = false;
    if (stopped_by(item->context, atom, &discharged) != NULL) {
        if (direct_round) {
            report_restricted(judged->unit, item, atom);
        }
        return;
    }
    if (discharged || !judged->is_declared || is_allowed(judged, atom)) {
        return;
    }
    if (direct_round && !item->is_call) {
        report_direct(judged, item, atom);
    } else if (!direct_round && item->is_call && !is_reported(verdict, atom->effect)) {
        report_transitive(judged, item, atom);
    } else {
        return;
    }
    if (!is_reported(verdict, atom->effect)) {
        verdict->names[verdict->count++] = atom->effect;
    }
}

static void judge_round(effect_pass *pass, const effect_judged *judged, const summary *body,
                        effect_verdict *verdict, bool direct_round)
{
    for (uint32_t i = 0; i < body->count; i++) {
        const occurrence *item = &body->items[i];
        if (!item->is_call) {
            judge_atom(pass, judged, item, item->index, verdict, direct_round);
            continue;
        }
        const uint64_t *callee = pass->functions[item->index].effects;
        for (uint32_t index = 0; index < pass->atom_count; index++) {
            if (set_has(callee, index)) {
                judge_atom(pass, judged, item, index, verdict, direct_round);
            }
        }
    }
}

// Direct operations first: an effect that a function has by one is not reported as transitive.
static void judge(effect_pass *pass, const effect_judged *judged, const summary *body)
{
    if (body->count == 0) {
        return;
    }
    effect_verdict verdict = {
        bl_arena_alloc(pass->arena, (pass->atom_count + 1) * sizeof(bl_slice)), 0};
    judge_round(pass, judged, body, &verdict, true);
    if (judged->is_declared) {
        judge_round(pass, judged, body, &verdict, false);
    }
}

static bl_slice *effect_names(effect_pass *pass, const lang_effect_set *set)
{
    bl_slice *names = bl_arena_alloc(pass->arena, (set->names.count + 1) * sizeof(*names));
    for (uint32_t i = 0; i < set->names.count; i++) {
        names[i] = set->names.items[i].text;
    }
    return names;
}

static void judge_function(effect_pass *pass, const lang_function_symbol *function)
{
    const lang_function *syntax = function->syntax;
    bool is_pure = function->item != NULL && function->item->kind == LANG_ITEM_FUNCTION &&
                   lang_spec_has(function->item->spec, LANG_SPEC_PURE);
    effect_judged judged = {
        .unit = function->unit,
        .syntax = syntax,
        .is_pure = is_pure,
        .is_declared = is_pure || syntax->effects.present,
        .allowed = is_pure ? NULL : effect_names(pass, &syntax->effects),
        .allowed_count = is_pure ? 0 : syntax->effects.names.count,
    };
    judge(pass, &judged, &pass->functions[function->index]);
}

// ---- tests: bodies that are no functions -------------------------------------------------------

// Bodies of tests, hooks and lets of groups: read before the fixed point, judged after it.
typedef struct loose_body {
    lang_unit *unit;
    summary found;
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

static void read_unit(effect_pass *pass, lang_unit *unit, loose_body **list)
{
    for (uint32_t i = 0; i < unit->function_count; i++) {
        const lang_function_symbol *function = unit->functions[i];
        read_body(pass, unit, &pass->functions[function->index], function->syntax->body);
    }
    lang_walk_loose_bodies(unit->tree, read_loose, &(loose_reader){pass, unit, list});
}

void lang_check_effects(lang_world *world)
{
    effect_pass pass = {.world = world, .arena = world->arena};
    pass.functions = bl_arena_alloc_zeroed(world->arena, ((size_t)world->function_count + 1) *
                                                             sizeof(*pass.functions));
    loose_body *loose = NULL;
    for (uint32_t i = 0; i < world->unit_count; i++) {
        if (!lang_unit_has_syntax_errors(world->units[i])) {
            read_unit(&pass, world->units[i], &loose);
        }
    }
    infer(&pass);
    for (uint32_t i = 0; i < world->unit_count; i++) {
        lang_unit *unit = world->units[i];
        for (uint32_t k = 0; !unit->is_library && k < unit->function_count; k++) {
            judge_function(&pass, unit->functions[k]);
        }
    }
    for (loose_body *body = loose; body != NULL; body = body->next) {
        judge(&pass, &(effect_judged){.unit = body->unit}, &body->found);
    }
}
