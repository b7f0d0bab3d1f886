// lang/effects_judge.c: what a body may do: declared sets, @pure, restricts.
//
// A body is read twice. The first round reports each operation that is not allowed where it
// stands, and whatever a restrict stops; the second each effect that comes only through calls,
// once, at the function. What one call brings is reported in the order in which it first occurs in
// the callee and what that calls.
#include "lang/effects.h"

#include "lang/limits.h"

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
    return effect_names_contain(judged->allowed, judged->allowed_count, atom->effect) ||
           effect_names_contain(judged->allowed, judged->allowed_count, atom->alternate);
}

static void report_restricted(lang_unit *unit, const effect_occurrence *item,
                              const effect_atom *atom)
{
    lang_diagnostics *list = &unit->diagnostics;
    lang_diagnostic *found = lang_diagnostics_add(
        list, LANG_CAP_002, item->span, "Effect '%.*s' is not permitted inside this restrict block",
        BL_SLICE_ARG(atom->effect));
    lang_diagnostic_context(list, found, "A restrict block allows only the effects that it names.");
    suggest_removal(unit, found, item->span);
}

static void report_direct(const effect_judged *judged, const effect_occurrence *item,
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

static void report_transitive(const effect_judged *judged, const effect_occurrence *item,
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
    uint32_t *scratch; // As many as there are atoms.
} effect_verdict;

static bool is_reported(const effect_verdict *verdict, bl_slice effect)
{
    return effect_names_contain(verdict->names, verdict->count, effect);
}

static void judge_atom(const effect_pass *pass, const effect_judged *judged,
                       const effect_occurrence *item, uint32_t index, effect_verdict *verdict,
                       bool direct_round)
{
    const effect_atom *atom = &pass->atoms[index];
    bool discharged = false;
    if (effect_stopped_by(item->context, atom, &discharged) != NULL) {
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

// ---- the order of what a call brings ----------------------------------------------------------

typedef struct order_search {
    const effect_pass *pass;
    uint32_t *atoms; // Those found already come first, in order.
    uint32_t count;
    uint32_t placed;
} order_search;

static void place(order_search *search, const effect_occurrence *item)
{
    bool discharged = false;
    if (effect_stopped_by(item->context, &search->pass->atoms[item->index], &discharged) != NULL ||
        discharged) {
        return;
    }
    for (uint32_t i = search->placed; i < search->count; i++) {
        if (search->atoms[i] == item->index) {
            search->atoms[i] = search->atoms[search->placed];
            search->atoms[search->placed++] = item->index;
            return;
        }
    }
}

// Depth first from the callee, no further than the limit. Each step adds at most one frame.
static void order_by_occurrence(order_search *search, uint32_t callee)
{
    typedef struct frame {
        uint32_t body;
        uint32_t next;
    } frame;
    const effect_pass *pass = search->pass;
    frame *stack = bl_alloc((LANG_EFFECT_ORDER_MAX + 1) * sizeof(*stack));
    bool *is_seen = bl_alloc_zeroed(pass->body_count, sizeof(*is_seen));
    uint32_t depth = 0;
    stack[depth++] = (frame){callee, 0};
    is_seen[callee] = true;
    uint32_t left = LANG_EFFECT_ORDER_MAX;
    while (depth != 0 && search->placed < search->count && left-- != 0) {
        frame *top = &stack[depth - 1];
        const effect_body *body = &pass->bodies[top->body];
        if (top->next == body->count) {
            depth -= 1;
            continue;
        }
        const effect_occurrence *item = &body->items[top->next++];
        if (!item->is_call) {
            place(search, item);
        } else if (!is_seen[item->index]) {
            is_seen[item->index] = true;
            stack[depth++] = (frame){item->index, 0};
        }
    }
    bl_free(stack);
    bl_free(is_seen);
}

// ---- rounds ----------------------------------------------------------------------------------

static bool is_fine(const effect_judged *judged, const effect_occurrence *item,
                    const effect_atom *atom)
{
    bool discharged = false;
    if (effect_stopped_by(item->context, atom, &discharged) != NULL) {
        return false;
    }
    return discharged || !judged->is_declared || is_allowed(judged, atom);
}

static void judge_call(const effect_pass *pass, const effect_judged *judged,
                       const effect_occurrence *item, effect_verdict *verdict, bool direct_round)
{
    const uint64_t *callee = pass->bodies[item->index].effects;
    uint32_t *found = verdict->scratch;
    uint32_t count = 0;
    for (uint32_t index = 0; index < pass->atom_count; index++) {
        if (effect_set_has(callee, index) && !is_fine(judged, item, &pass->atoms[index])) {
            found[count++] = index;
        }
    }
    if (count > 1) {
        order_by_occurrence(&(order_search){pass, found, count, 0}, item->index);
    }
    for (uint32_t i = 0; i < count; i++) {
        judge_atom(pass, judged, item, found[i], verdict, direct_round);
    }
}

static void judge_round(const effect_pass *pass, const effect_judged *judged,
                        const effect_body *body, effect_verdict *verdict, bool direct_round)
{
    for (uint32_t i = 0; i < body->count; i++) {
        const effect_occurrence *item = &body->items[i];
        if (item->is_call) {
            judge_call(pass, judged, item, verdict, direct_round);
        } else {
            judge_atom(pass, judged, item, item->index, verdict, direct_round);
        }
    }
}

// Direct operations first: an effect that a function has by one is not reported as transitive.
static void judge(const effect_pass *pass, const effect_judged *judged, const effect_body *body)
{
    if (body->count == 0) {
        return;
    }
    effect_verdict verdict = {
        .names = bl_arena_alloc(pass->arena, (pass->atom_count + 1) * sizeof(bl_slice)),
        .scratch = bl_arena_alloc(pass->arena, (pass->atom_count + 1) * sizeof(uint32_t)),
    };
    judge_round(pass, judged, body, &verdict, true);
    if (judged->is_declared) {
        judge_round(pass, judged, body, &verdict, false);
    }
}

// ---- functions -------------------------------------------------------------------------------

static bl_slice *effect_names(const effect_pass *pass, const lang_effect_set *set)
{
    bl_slice *names = bl_arena_alloc(pass->arena, (set->names.count + 1) * sizeof(*names));
    for (uint32_t i = 0; i < set->names.count; i++) {
        names[i] = set->names.items[i].text;
    }
    return names;
}

static void judge_function(const effect_pass *pass, const lang_function_symbol *function,
                           const effect_body *body)
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
    judge(pass, &judged, body);
}

// An inherited default is a method of the impl, and judged as such; one that no impl uses is not.
// Only where impl and trait stand in one file: a file's diagnostics do not depend on who imports
// it. What both the default and a second impl's copy of it do wrong is reported once.
static void judge_inherited(const effect_pass *pass, const lang_impl_symbol *impl)
{
    const lang_trait_symbol *trait = impl->trait;
    for (uint32_t method = 0; method < trait->method_count; method++) {
        const lang_function_symbol *inherited = trait->defaults[method];
        if (impl->methods[method] == NULL && inherited != NULL && inherited->unit == impl->unit) {
            judge_function(pass, inherited, &pass->bodies[pass->inherited[impl->index] + method]);
        }
    }
}

void effect_judge_unit(const effect_pass *pass, const lang_unit *unit)
{
    for (uint32_t i = 0; i < unit->function_count; i++) {
        const lang_function_symbol *function = unit->functions[i];
        bool is_default = function->trait != NULL && function->impl == NULL;
        if (!is_default) {
            judge_function(pass, function, &pass->bodies[function->index]);
        }
    }
    for (uint32_t i = 0; i < unit->impl_count; i++) {
        judge_inherited(pass, unit->impls[i]);
    }
}

void effect_judge_loose(const effect_pass *pass, lang_unit *unit, const effect_body *body)
{
    judge(pass, &(effect_judged){.unit = unit}, body);
}
