// lang/check_trait.c: traits, impls, calls of trait methods, dictionaries.
//
// An impl is found by trait and key: the head of a struct, enum or refined type, `List<key>`, or
// the type itself. A call `Trait.m(v, …)` is decided by the static type of v; what decided is
// recorded as evidence: a known impl, a dictionary parameter of the enclosing function (perhaps by
// way of supertraits), or the value at run time where the type is Unknown.
#include "lang/check.h"

// ---- the table of impls ----------------------------------------------------------------------

static lang_type *key_of(lang_types *types, lang_type *type)
{
    if (type->shape == LANG_SHAPE_NAMED) {
        return lang_type_named_of(types, type->symbol, NULL, 0);
    }
    if (type->shape == LANG_SHAPE_LIST) {
        return lang_type_list_of(types, key_of(types, type->arguments[0]));
    }
    return type;
}

static uint32_t impl_slot(const lang_loader *loader, const lang_trait_symbol *trait,
                          const lang_type *key)
{
    uint32_t mask = loader->impl_slot_count - 1;
    uint32_t at = (key->hash ^ (trait->index * UINT32_C(2654435761))) & mask;
    while (loader->impl_slots[at] != NULL &&
           !(loader->impl_slots[at]->trait == trait && loader->impl_slots[at]->key_type == key)) {
        at = (at + 1) & mask;
    }
    return at;
}

static void grow_impls(lang_loader *loader)
{
    lang_impl_symbol **old = loader->impl_slots;
    uint32_t old_count = loader->impl_slot_count;
    loader->impl_slot_count = old_count == 0 ? 64 : old_count * 2;
    loader->impl_slots = bl_arena_alloc_zeroed(
        loader->world.arena, loader->impl_slot_count * sizeof(*loader->impl_slots));
    for (uint32_t i = 0; i < old_count; i++) {
        if (old[i] != NULL) {
            loader->impl_slots[impl_slot(loader, old[i]->trait, old[i]->key_type)] = old[i];
        }
    }
}

static lang_impl_symbol *find_exactly(const lang_loader *loader, const lang_trait_symbol *trait,
                                      const lang_type *key)
{
    return loader->impl_slot_count == 0 ? NULL : loader->impl_slots[impl_slot(loader, trait, key)];
}

// The one impl whose target the type may be, where either has unknown parts; NULL: none, or
// several (*several).
static lang_impl_symbol *find_by_fit(lang_loader *loader, const lang_trait_symbol *trait,
                                     lang_type *type, bool *several)
{
    lang_impl_symbol *found = NULL;
    for (uint32_t i = 0; i < loader->impls.count; i++) {
        lang_impl_symbol *impl = loader->impls.items[i];
        bool is_loose = ((impl->target->flags | type->flags) & LANG_TYPE_HAS_UNKNOWN) != 0;
        if (impl->trait == trait && is_loose && impl->target->shape == type->shape &&
            lang_type_is_compatible(&loader->types, type, impl->target)) {
            *several = found != NULL;
            found = impl;
        }
    }
    return *several ? NULL : found;
}

static lang_impl_symbol *find_impl(lang_loader *loader, const lang_trait_symbol *trait,
                                   lang_type *type, bool *several)
{
    lang_types *types = &loader->types;
    *several = false;
    for (;;) { // The type itself, then the base of a refined type, and its base.
        lang_impl_symbol *impl = find_exactly(loader, trait, key_of(types, type));
        if (impl != NULL) {
            return impl;
        }
        if (type->shape != LANG_SHAPE_NAMED || type->symbol->kind != LANG_SYMBOL_REFINED ||
            type->symbol->base == NULL) {
            break;
        }
        type = lang_type_substitute(types, type->symbol->base, type->symbol, type->arguments,
                                    type->count);
    }
    type = lang_type_deep_base(types, type);
    lang_impl_symbol *impl = find_exactly(loader, trait, key_of(types, type));
    return impl != NULL ? impl : find_by_fit(loader, trait, type, several);
}

lang_impl_symbol *lang_find_impl(lang_loader *loader, const lang_trait_symbol *trait,
                                 lang_type *type)
{
    bool several;
    return find_impl(loader, trait, type, &several);
}

// ---- evidence --------------------------------------------------------------------------------

typedef struct path_search {
    const lang_trait_symbol *wanted;
    bool *is_seen; // By trait index: supertraits can be a graph with many paths.
    uint8_t steps[LANG_SUPERTRAITS_MAX];
    uint32_t length;
} path_search;

static bool search_path(path_search *search, const lang_trait_symbol *from)
{
    if (from == search->wanted) {
        return true;
    }
    if (search->is_seen[from->index] || search->length == LANG_SUPERTRAITS_MAX) {
        return false;
    }
    search->is_seen[from->index] = true;
    for (uint32_t i = 0; i < from->supertrait_count && i <= LANG_SUPERTRAITS_MAX; i++) {
        search->steps[search->length++] = (uint8_t)i;
        if (search_path(search, from->supertraits[i])) {
            return true;
        }
        search->length--;
    }
    return false;
}

// Does the dictionary parameter belong to that type parameter of the function (or is it Self's)?
static bool is_dictionary_of(const lang_function_symbol *function,
                             const lang_dictionary_parameter *dictionary, const lang_type *type)
{
    if (function->impl == NULL && function->trait != NULL && type->owner == function->trait) {
        return dictionary == &function->dictionaries[0];
    }
    return type->owner == function &&
           bl_slice_equal(dictionary->type_parameter->text, type->name) &&
           !(function->trait != NULL && function->impl == NULL &&
             dictionary == &function->dictionaries[0]);
}

static bool find_parameter_evidence(lang_checker *checker, lang_trait_symbol *trait,
                                    const lang_type *type, lang_evidence *evidence)
{
    const lang_function_symbol *function = checker->function;
    for (uint32_t i = 0; function != NULL && i < function->dictionary_count; i++) {
        const lang_dictionary_parameter *dictionary = &function->dictionaries[i];
        if (dictionary->trait == NULL || !is_dictionary_of(function, dictionary, type)) {
            continue;
        }
        path_search search = {.wanted = trait};
        search.is_seen =
            bl_arena_alloc_zeroed(checker->arena, checker->loader->world.trait_count + 1);
        if (search_path(&search, dictionary->trait)) {
            *evidence =
                (lang_evidence){.dispatch = LANG_DISPATCH_PARAMETER,
                                .trait = trait,
                                .parameter = i,
                                .path = (const uint8_t *)bl_arena_copy(
                                    checker->arena, (const char *)search.steps, search.length),
                                .path_length = search.length};
            return true;
        }
    }
    return false;
}

bool lang_find_evidence(lang_checker *checker, lang_trait_symbol *trait, lang_type *type,
                        lang_evidence *evidence)
{
    *evidence = (lang_evidence){.dispatch = LANG_DISPATCH_DYNAMIC, .trait = trait};
    while (type->shape == LANG_SHAPE_SCOPED) {
        type = type->arguments[0];
    }
    if (lang_type_is_unknown(type)) {
        return true;
    }
    if (type->shape == LANG_SHAPE_PARAMETER) {
        return find_parameter_evidence(checker, trait, type, evidence);
    }
    bool several;
    lang_impl_symbol *impl = find_impl(checker->loader, trait, type, &several);
    if (impl != NULL) {
        *evidence = (lang_evidence){.dispatch = LANG_DISPATCH_IMPL, .trait = trait, .impl = impl};
    }
    return impl != NULL || several;
}

// ---- calls -----------------------------------------------------------------------------------

// The type of a method as its trait declares it, Self replaced.
static lang_type *declared_type(lang_types *types, const lang_trait_symbol *trait, uint32_t method,
                                lang_type *self)
{
    const lang_trait_definition *definition = &trait->item->as.trait;
    lang_type *type = method < definition->signature_count
                          ? trait->unit->types[definition->signatures[method].id]
                          : trait->defaults[method]->type;
    return lang_type_substitute(types, type, trait, &self, 1);
}

static const void *declared_owner(const lang_trait_symbol *trait, uint32_t method)
{
    const lang_trait_definition *definition = &trait->item->as.trait;
    return method < definition->signature_count ? (const void *)&definition->signatures[method]
                                                : (const void *)trait->defaults[method];
}

static lang_type *report_no_method(lang_checker *checker, const lang_call *call,
                                   const lang_meaning *meaning, lang_type *type,
                                   bool is_implemented)
{
    if (checker->silent == 0) {
        bl_slice text = lang_type_text(checker->types, type);
        bl_slice trait = meaning->trait->name;
        if (meaning->method_is_missing || is_implemented) {
            bl_slice method = call->callee->as.field.name.text;
            lang_report(checker, LANG_TRT_004, call->callee->span,
                        "No method `%.*s` in impl of `%.*s` for `%.*s`", BL_SLICE_ARG(method),
                        BL_SLICE_ARG(trait), BL_SLICE_ARG(text));
        } else {
            lang_report(checker, LANG_TRT_004, call->callee->span, "No impl of `%.*s` for `%.*s`",
                        BL_SLICE_ARG(trait), BL_SLICE_ARG(text));
        }
    }
    for (uint32_t i = call->piped == NULL ? 1 : 0; i < call->argument_count; i++) {
        lang_check_silently(checker, call->arguments[i].value);
    }
    return checker->types->unknown;
}

static lang_type *first_type_of(lang_checker *checker, const lang_call *call)
{
    if (call->piped != NULL) {
        return call->piped_type;
    }
    return call->argument_count == 0 ? checker->types->unknown
                                     : lang_check_expr(checker, call->arguments[0].value, NULL);
}

// The one type parameter in scope for which the trait's dictionary is at hand; NULL: none, or
// several.
static lang_type *only_bounded_parameter(lang_checker *checker, lang_trait_symbol *trait)
{
    const lang_type_scope *scope = checker->scope;
    lang_type *found = NULL;
    for (uint32_t i = 0; scope != NULL && i < scope->count; i++) {
        lang_type *type = lang_type_parameter_of(checker->types, scope->names[i], scope->owner, i);
        lang_evidence evidence;
        if (lang_find_evidence(checker, trait, type, &evidence)) {
            if (found != NULL) {
                return NULL;
            }
            found = type;
        }
    }
    return found;
}

// What Self is where the expected type is the result of the method; NULL: it does not tell.
static lang_type *self_of_result(lang_checker *checker, lang_trait_symbol *trait, uint32_t method,
                                 lang_type *expected)
{
    lang_types *types = checker->types;
    lang_type *self = lang_type_parameter_of(types, BL_SLICE("Self"), trait, 0);
    lang_type *declared = declared_type(types, trait, method, self);
    lang_instance instance;
    lang_instance_init(&instance, types, trait, 1);
    bool fits = expected != NULL && !lang_type_is_unknown(expected) &&
                lang_instance_unify(types, &instance, declared->result, expected);
    return fits ? instance.bindings[0] : NULL;
}

// A method without arguments has no value that decides between impls. The types are those of a
// first argument of Unknown type; what runs is the impl of what is expected here, else of Self in
// a method, else of the bounded type parameter.
static void choose_without_argument(lang_checker *checker, const lang_call *call,
                                    const lang_meaning *meaning, lang_evidence *evidence)
{
    lang_trait_symbol *trait = meaning->trait;
    lang_type *candidates[] = {
        self_of_result(checker, trait, meaning->method, call->expected),
        checker->scope == NULL ? NULL : checker->scope->self,
        only_bounded_parameter(checker, trait),
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(candidates); i++) {
        lang_evidence found;
        if (candidates[i] != NULL && lang_find_evidence(checker, trait, candidates[i], &found) &&
            found.dispatch != LANG_DISPATCH_DYNAMIC) {
            *evidence = found;
            return;
        }
    }
}

lang_type *lang_check_method_call(lang_checker *checker, const lang_call *call,
                                  const lang_meaning *meaning)
{
    lang_types *types = checker->types;
    lang_trait_symbol *trait = meaning->trait;
    lang_type *first = first_type_of(checker, call);
    lang_evidence *evidence = bl_arena_alloc_zeroed(checker->arena, sizeof(*evidence));
    if (meaning->method_is_missing || !lang_find_evidence(checker, trait, first, evidence)) {
        evidence->trait = trait;
        checker->unit->refs[call->callee->id].evidence = evidence;
        return report_no_method(checker, call, meaning, first, false);
    }
    checker->unit->refs[call->callee->id].evidence = evidence;
    lang_function_symbol *function = NULL;
    if (lang_call_count(call) == 0) {
        choose_without_argument(checker, call, meaning, evidence);
    } else if (evidence->dispatch == LANG_DISPATCH_IMPL) {
        function = evidence->impl->methods[meaning->method];
        if (function == NULL && trait->defaults[meaning->method] == NULL) {
            return report_no_method(checker, call, meaning, first, true); // TRT_002 as well.
        }
    }
    lang_type *scheme =
        function != NULL ? function->type : declared_type(types, trait, meaning->method, first);
    const void *owner =
        function != NULL ? (const void *)function : declared_owner(trait, meaning->method);
    lang_instance instance;
    lang_instance_init(&instance, types, owner, lang_type_parameter_count(scheme, owner));
    lang_type *seen = lang_call_count(call) == 0 ? NULL : first;
    lang_type *result = lang_check_arguments(checker, call, scheme, &instance, NULL, seen, false);
    if (function == NULL) {
        function = trait->defaults[meaning->method];
    }
    lang_check_bounds(checker, call, function, &instance, NULL);
    return result;
}

// ---- checks of traits ------------------------------------------------------------------------

static void resolve_supertraits(lang_checker *checker, lang_trait_symbol *trait)
{
    const lang_name_list *names = &trait->item->as.trait.supertraits;
    trait->supertraits =
        bl_arena_alloc(checker->arena, (names->count + 1) * sizeof(*trait->supertraits));
    for (uint32_t i = 0; i < names->count; i++) {
        lang_trait_symbol *found = lang_find_trait(checker, names->items[i].text);
        if (found == NULL) {
            lang_report(checker, LANG_TRT_008, names->items[i].span, "Unknown supertrait `%.*s`",
                        BL_SLICE_ARG(names->items[i].text));
        } else {
            trait->supertraits[trait->supertrait_count++] = found;
        }
    }
}

// All transitive supertraits, each once, into *found.
static void collect_supertraits(bl_arena *arena, const lang_trait_symbol *trait, bool *is_seen,
                                lang_vector *found)
{
    for (uint32_t i = 0; i < trait->supertrait_count; i++) {
        lang_trait_symbol *super = trait->supertraits[i];
        if (!is_seen[super->index]) {
            is_seen[super->index] = true;
            lang_vector_push(found, arena, super);
        }
    }
}

// In the arena, which is not the checker's: each trait of a long chain has all those above it.
static lang_vector all_supertraits(const lang_checker *checker, const lang_trait_symbol *trait,
                                   bl_arena *arena)
{
    lang_vector found = {0};
    bool *is_seen = bl_arena_alloc_zeroed(arena, checker->loader->world.trait_count + 1);
    collect_supertraits(arena, trait, is_seen, &found);
    for (uint32_t i = 0; i < found.count; i++) {
        collect_supertraits(arena, found.items[i], is_seen, &found);
    }
    return found;
}

void lang_check_traits(lang_checker *checker)
{
    const lang_vector *traits = &checker->state->traits;
    for (uint32_t i = 0; i < traits->count; i++) {
        resolve_supertraits(checker, traits->items[i]);
    }
    bl_arena scratch;
    bl_arena_init(&scratch, 0);
    for (uint32_t i = 0; i < traits->count; i++) {
        lang_trait_symbol *trait = traits->items[i];
        bl_arena_reset(&scratch);
        lang_vector supers = all_supertraits(checker, trait, &scratch);
        for (uint32_t k = 0; k < supers.count; k++) {
            if (supers.items[k] == trait) {
                lang_name name = trait->item->as.trait.name;
                lang_report(checker, LANG_TRT_009, name.span,
                            "Cyclic trait inheritance involving `%.*s`", BL_SLICE_ARG(name.text));
                break;
            }
        }
    }
    bl_arena_deinit(&scratch);
}

// ---- collecting impls ------------------------------------------------------------------------

static uint32_t find_method(const lang_trait_symbol *trait, bl_slice name)
{
    uint32_t method = 0;
    while (method < trait->method_count && !bl_slice_equal(trait->methods[method], name)) {
        method++;
    }
    return method;
}

static void collect_methods(lang_checker *checker, lang_impl_symbol *impl)
{
    const lang_impl *syntax = &impl->item->as.impl;
    impl->methods = bl_arena_alloc_zeroed(checker->arena,
                                          (impl->trait->method_count + 1) * sizeof(*impl->methods));
    for (uint32_t i = 0; i < syntax->function_count; i++) {
        uint32_t method = find_method(impl->trait, syntax->functions[i].name.text);
        if (method == impl->trait->method_count) {
            continue; // TRT_006 comes when the impl is checked.
        }
        lang_function_symbol *symbol =
            lang_collect_function(checker, &syntax->functions[i], impl->item, impl->target, NULL);
        symbol->trait = impl->trait;
        symbol->impl = impl;
        if (impl->methods[method] == NULL) {
            impl->methods[method] = symbol;
        }
    }
}

static bl_slice key_text(lang_checker *checker, lang_type *target)
{
    return lang_type_text(checker->types, key_of(checker->types, target));
}

static void collect_impl(lang_checker *checker, const lang_item *item)
{
    const lang_impl *syntax = &item->as.impl;
    lang_trait_symbol *trait = lang_find_trait(checker, syntax->trait.text);
    if (trait == NULL) {
        lang_report(checker, LANG_TRT_001, syntax->trait.span, "Unknown trait `%.*s`",
                    BL_SLICE_ARG(syntax->trait.text));
        return;
    }
    lang_type *target = lang_resolve_type(checker, NULL, syntax->target);
    if (lang_type_is_unknown(target) || target->shape == LANG_SHAPE_PARAMETER) {
        bl_slice text = lang_source_slice(&checker->unit->source, syntax->target->span);
        lang_report(checker, LANG_TRT_007, syntax->target->span,
                    "Cannot impl trait for non-concrete type `%.*s`", BL_SLICE_ARG(text));
        return;
    }
    lang_loader *loader = checker->loader;
    lang_type *key = key_of(checker->types, target);
    if (find_exactly(loader, trait, key) != NULL) {
        lang_report(checker, LANG_TRT_003, syntax->trait.span,
                    "Duplicate impl of `%.*s` for `%.*s`", BL_SLICE_ARG(trait->name),
                    BL_SLICE_ARG(key_text(checker, target)));
        return;
    }
    if (loader->impls.count * 2 >= loader->impl_slot_count) {
        grow_impls(loader);
    }
    lang_impl_symbol *impl = bl_arena_alloc_zeroed(checker->arena, sizeof(*impl));
    *impl = (lang_impl_symbol){.trait = trait,
                               .unit = checker->unit,
                               .item = item,
                               .target = target,
                               .key = key_text(checker, target),
                               .key_type = key,
                               .index = loader->impls.count};
    loader->impl_slots[impl_slot(loader, trait, key)] = impl;
    lang_vector_push(&loader->impls, loader->world.arena, impl);
    loader->world.impl_count = loader->impls.count;
    lang_vector_push(&checker->state->impls, checker->arena, impl);
    collect_methods(checker, impl);
}

static void collect_impls_of(lang_checker *checker, lang_item *const *items, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (items[i]->kind == LANG_ITEM_IMPL) {
            collect_impl(checker, items[i]);
        } else if (items[i]->kind == LANG_ITEM_GROUP) {
            collect_impls_of(checker, items[i]->as.group.items, items[i]->as.group.count);
        }
    }
}

void lang_collect_impls(lang_checker *checker)
{
    collect_impls_of(checker, checker->unit->tree->items, checker->unit->tree->count);
}

// ---- checks of impls -------------------------------------------------------------------------

static void check_supertraits(lang_checker *checker, lang_impl_symbol *impl)
{
    const lang_trait_symbol *trait = impl->trait;
    impl->supertraits = bl_arena_alloc_zeroed(checker->arena, (trait->supertrait_count + 1) *
                                                                  sizeof(*impl->supertraits));
    for (uint32_t i = 0; i < trait->supertrait_count; i++) {
        impl->supertraits[i] = lang_find_impl(checker->loader, trait->supertraits[i], impl->target);
    }
    bl_arena scratch;
    bl_arena_init(&scratch, 0);
    lang_vector supers = all_supertraits(checker, trait, &scratch);
    for (uint32_t i = 0; i < supers.count; i++) {
        const lang_trait_symbol *super = supers.items[i];
        if (super != trait && lang_find_impl(checker->loader, super, impl->target) == NULL) {
            lang_report(checker, LANG_TRT_010, impl->item->span,
                        "Impl `%.*s` for `%.*s` requires impl `%.*s` for `%.*s`",
                        BL_SLICE_ARG(trait->name), BL_SLICE_ARG(impl->key),
                        BL_SLICE_ARG(super->name), BL_SLICE_ARG(impl->key));
        }
    }
    bl_arena_deinit(&scratch);
}

// Both ways, type parameters of either counting as Unknown.
static void check_signature(lang_checker *checker, const lang_impl_symbol *impl, uint32_t method)
{
    lang_types *types = checker->types;
    const lang_function_symbol *function = impl->methods[method];
    lang_type *expected = declared_type(types, impl->trait, method, impl->target);
    lang_type *wanted = lang_type_erase(types, expected, declared_owner(impl->trait, method));
    lang_type *found = lang_type_erase(types, function->type, function);
    if (lang_type_is_compatible(types, found, wanted) &&
        lang_type_is_compatible(types, wanted, found)) {
        return;
    }
    if (checker->silent == 0) {
        bl_slice wanted_text = lang_type_text(types, expected);
        bl_slice found_text = lang_type_text(types, function->type);
        lang_name name = function->syntax->name;
        lang_report(checker, LANG_TRT_005, name.span,
                    "Method `%.*s` signature doesn't match trait definition: expected %.*s, "
                    "found %.*s",
                    BL_SLICE_ARG(name.text), BL_SLICE_ARG(wanted_text), BL_SLICE_ARG(found_text));
    }
}

static void check_extra_methods(lang_checker *checker, const lang_impl_symbol *impl)
{
    const lang_impl *syntax = &impl->item->as.impl;
    for (uint32_t i = 0; i < syntax->function_count; i++) {
        lang_name name = syntax->functions[i].name;
        if (find_method(impl->trait, name.text) == impl->trait->method_count) {
            lang_report(checker, LANG_TRT_006, name.span, "Extra method `%.*s` not in trait `%.*s`",
                        BL_SLICE_ARG(name.text), BL_SLICE_ARG(impl->trait->name));
        }
    }
}

static void check_methods(lang_checker *checker, lang_impl_symbol *impl)
{
    const lang_trait_symbol *trait = impl->trait;
    for (uint32_t method = 0; method < trait->method_count; method++) {
        lang_function_symbol *own = impl->methods[method];
        lang_function_symbol *inherited = trait->defaults[method];
        if (own != NULL) {
            check_signature(checker, impl, method);
        } else if (inherited == NULL) {
            lang_report(checker, LANG_TRT_002, impl->item->span,
                        "Missing method `%.*s` in impl of `%.*s` for `%.*s`",
                        BL_SLICE_ARG(trait->methods[method]), BL_SLICE_ARG(trait->name),
                        BL_SLICE_ARG(impl->key));
        } else if (trait->unit == checker->unit) {
            lang_type *type =
                lang_type_substitute(checker->types, inherited->type, trait, &impl->target, 1);
            lang_check_function_body(checker, inherited, type, impl->target);
        }
    }
}

void lang_check_impls(lang_checker *checker)
{
    const lang_vector *impls = &checker->state->impls;
    for (uint32_t i = 0; i < impls->count; i++) {
        lang_impl_symbol *impl = impls->items[i];
        check_supertraits(checker, impl);
        check_extra_methods(checker, impl);
        check_methods(checker, impl);
    }
    for (uint32_t i = 0; i < checker->state->functions.count; i++) {
        lang_function_symbol *function = checker->state->functions.items[i];
        if (function->impl != NULL) {
            lang_check_function_body(checker, function, function->type, function->impl->target);
        }
    }
}

// What stays in the tables is the general form, with Self's dictionary as a parameter; reports
// have been made for each impl.
void lang_check_default_methods(lang_checker *checker)
{
    checker->silent++;
    for (uint32_t i = 0; i < checker->state->traits.count; i++) {
        const lang_trait_symbol *trait = checker->state->traits.items[i];
        for (uint32_t method = 0; method < trait->method_count; method++) {
            lang_function_symbol *function = trait->defaults[method];
            if (function != NULL) {
                lang_type *self =
                    lang_type_parameter_of(checker->types, BL_SLICE("Self"), trait, 0);
                lang_check_function_body(checker, function, function->type, self);
            }
        }
    }
    checker->silent--;
}
