// lang/check_items.c: the bodies of a file: functions, methods, tests, describe groups.
//
// Functions of a group are bound like local names when the group is entered, and so are its lets:
// both are visible in the group and its subgroups, and nowhere else. Lets see the lets before
// them; functions, hooks and tests see all of the group's.
#include "lang/check.h"

// ---- functions -------------------------------------------------------------------------------

static void check_result(lang_checker *checker, const lang_function *syntax, lang_type *declared,
                         lang_type *found)
{
    if (declared->shape == LANG_SHAPE_UNIT ||
        lang_type_is_compatible(checker->types, found, declared) || checker->silent != 0) {
        return;
    }
    bl_slice declared_text = lang_type_text(checker->types, declared);
    bl_slice found_text = lang_type_text(checker->types, found);
    lang_diagnostic *report = lang_report(
        checker, LANG_TYP_006, syntax->body->span,
        "Function `%.*s` declares return type %.*s, body returns %.*s",
        BL_SLICE_ARG(syntax->name.text), BL_SLICE_ARG(declared_text), BL_SLICE_ARG(found_text));
    lang_suggest_conversion(checker, report, declared, found);
}

void lang_check_function_body(lang_checker *checker, lang_function_symbol *function,
                              lang_type *type, lang_type *self)
{
    const lang_function *syntax = function->syntax;
    lang_function_symbol *outer = checker->function;
    lang_type_scope *outer_scope = checker->scope;
    lang_type_scope scope;
    lang_scope_init(checker, &scope, function, NULL, false);
    bl_slice *names =
        bl_arena_alloc(checker->arena, (function->type_parameter_count + 1) * sizeof(*names));
    for (uint32_t i = 0; i < function->type_parameter_count; i++) {
        names[i] = function->type_parameters[i];
    }
    scope.names = names;
    scope.count = function->type_parameter_count;
    scope.self = self;
    checker->scope = &scope;
    checker->function = function;
    checker->lambda_base = 0;
    checker->scoped_capture = UINT32_MAX;
    uint32_t mark = lang_scope_enter(checker);
    lang_type *unknown = checker->types->unknown;
    bool is_known = type->shape == LANG_SHAPE_FUNCTION; // Else Self has made it too large.
    for (uint32_t i = 0; i < syntax->parameters.count; i++) {
        lang_check_pattern(checker, syntax->parameters.items[i].pattern,
                           is_known ? type->arguments[i] : unknown, false);
    }
    lang_type *result = is_known ? type->result : unknown;
    lang_type *found =
        lang_check_expr(checker, syntax->body, syntax->result == NULL ? NULL : result);
    check_result(checker, syntax, result, found);
    lang_scope_leave(checker, mark);
    checker->function = outer;
    checker->scope = outer_scope;
}

// ---- tests -----------------------------------------------------------------------------------

static void check_test(lang_checker *checker, const lang_test *test, const char *kind)
{
    uint32_t mark = lang_scope_enter(checker);
    lang_type *type = lang_check_expr(checker, test->body, checker->types->boolean);
    lang_scope_leave(checker, mark);
    lang_type *base = lang_type_base(checker->types, type);
    if (base->shape != LANG_SHAPE_BOOL && !lang_type_is_unknown(base) && checker->silent == 0) {
        lang_report(checker, LANG_TYP_026, test->body->span,
                    "%s expression must be Bool, found %.*s", kind,
                    BL_SLICE_ARG(lang_type_text(checker->types, type)));
    }
}

// Left there by collection.
static lang_function_symbol *symbol_of(const lang_checker *checker, const lang_item *item)
{
    return checker->unit->refs[item->as.function.id].as.function;
}

static void bind_functions(lang_checker *checker, const lang_group *group)
{
    uint32_t first = checker->binding_count;
    for (uint32_t i = 0; i < group->count; i++) {
        if (group->items[i]->kind != LANG_ITEM_FUNCTION) {
            continue;
        }
        const lang_name *name = &group->items[i]->as.function.name;
        const lang_entry *entry = lang_names_find(checker->names, name->text);
        if (entry != NULL && entry->local > first) { // The first one types the uses.
            lang_report(checker, LANG_TYP_005, name->span,
                        "Duplicate definition of function `%.*s`", BL_SLICE_ARG(name->text));
            continue;
        }
        lang_function_symbol *function = symbol_of(checker, group->items[i]);
        lang_bind(checker, name->text, function->type, 0, false)->function = function;
    }
}

static void check_items(lang_checker *checker, lang_item *const *items, uint32_t count);

static void check_group(lang_checker *checker, const lang_group *group)
{
    uint32_t mark = lang_scope_enter(checker);
    bind_functions(checker, group);
    for (uint32_t i = 0; i < group->count; i++) {
        if (group->items[i]->kind == LANG_ITEM_LET) {
            lang_check_let(checker, &group->items[i]->as.let);
        }
    }
    check_items(checker, group->items, group->count);
    lang_scope_leave(checker, mark);
}

// ---- refinements -----------------------------------------------------------------------------

// Predicates are another pass's to judge, but their names are resolved: `self` is a local whose
// pattern is the item of the type.
static void check_predicate(lang_checker *checker, const lang_item *item)
{
    lang_type_symbol *symbol = lang_find_type_symbol(checker, item->as.type.name.text);
    if (item->as.type.refinement == NULL || symbol == NULL || symbol->item != item) {
        return;
    }
    uint32_t mark = lang_scope_enter(checker);
    lang_type *type = lang_type_named_of(checker->types, symbol, NULL, 0);
    lang_bind(checker, BL_SLICE("self"), lang_type_base(checker->types, type), item->id, false);
    lang_check_silently(checker, item->as.type.refinement);
    lang_scope_leave(checker, mark);
}

// ---- all of them -----------------------------------------------------------------------------

static void check_item(lang_checker *checker, const lang_item *item)
{
    switch (item->kind) {
    case LANG_ITEM_TEST:
        check_test(checker, &item->as.test, "Inline test");
        break;
    case LANG_ITEM_IT:
        check_test(checker, &item->as.test, "Test");
        break;
    case LANG_ITEM_GROUP:
        check_group(checker, &item->as.group);
        break;
    case LANG_ITEM_BEFORE_EACH:
    case LANG_ITEM_AFTER_EACH:
        lang_check_expr(checker, item->as.hook, NULL);
        break;
    case LANG_ITEM_FUNCTION: {
        lang_function_symbol *function = symbol_of(checker, item);
        lang_check_function_body(checker, function, function->type, NULL);
        break;
    }
    case LANG_ITEM_TYPE:
        check_predicate(checker, item);
        break;
    case LANG_ITEM_LET:    // When the group was entered.
    case LANG_ITEM_EFFECT: // Has no body.
    case LANG_ITEM_TRAIT:  // By its impls.
    case LANG_ITEM_IMPL:   // All of them together.
    case LANG_ITEM_MODULE:
    case LANG_ITEM_PRELUDE:
    case LANG_ITEM_IMPORT:
    case LANG_ITEM_TEST_SECTION:
        break;
    }
}

static void check_items(lang_checker *checker, lang_item *const *items, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        check_item(checker, items[i]);
    }
}

void lang_check_bodies(lang_checker *checker)
{
    check_items(checker, checker->unit->tree->items, checker->unit->tree->count);
    lang_check_impls(checker);
    lang_check_default_methods(checker);
}
