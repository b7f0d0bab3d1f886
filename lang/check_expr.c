// lang/check_expr.c: expressions: operators, control flow, blocks, handlers, tests' matchers.
//
// Checking goes down with what is expected and up with what is found; comparing the two is up to
// whoever expects. An ill-typed expression is Unknown, so that one mistake is reported once.
#include "lang/check.h"

lang_type *lang_check_silently(lang_checker *checker, const lang_expr *expr)
{
    checker->silent++;
    lang_type *type = lang_check_expr(checker, expr, NULL);
    checker->silent--;
    return type;
}

lang_type *lang_agree(lang_checker *checker, lang_type *first, lang_type *other,
                      lang_type *expected)
{
    lang_types *types = checker->types;
    if (lang_type_is_compatible(types, other, first)) {
        return lang_type_merge(types, first, other);
    }
    if (expected == NULL) {
        return NULL;
    }
    if (expected == types->unknown) {
        return expected;
    }
    // `-> Result<Unknown, String>` asks for Unknown in places, `{ name: String, ..r }` for
    // anything besides: what fits that need not be alike.
    bool is_loose = (expected->flags & (LANG_TYPE_HAS_UNKNOWN | LANG_TYPE_HAS_ROW)) != 0 &&
                    (expected->flags & LANG_TYPE_HAS_OPEN) == 0;
    return is_loose && lang_type_is_compatible(types, first, expected) &&
                   lang_type_is_compatible(types, other, expected)
               ? expected
               : NULL;
}

void lang_join(lang_checker *checker, lang_joint *joint, lang_type *next)
{
    lang_types *types = checker->types;
    if (joint->first == NULL) {
        joint->first = joint->all = next;
    } else if (joint->is_settled) {
        joint->all =
            lang_type_is_compatible(types, next, joint->first) ? joint->all : types->unknown;
    } else if (lang_type_is_compatible(types, next, joint->all)) {
        joint->all = lang_type_merge(types, joint->all, next);
    } else {
        joint->is_settled = true;
        joint->all =
            lang_type_is_compatible(types, next, joint->first) ? joint->first : types->unknown;
    }
}

static bool is_shape(lang_checker *checker, lang_type *type, lang_shape shape)
{
    lang_type *base = lang_type_base(checker->types, type);
    return base->shape == shape || lang_type_is_unknown(base);
}

// "WHAT, found TYPE" at the span, unless the type is of that shape.
static void require(lang_checker *checker, lang_type *type, lang_shape shape, lang_code code,
                    lang_span span, const char *what)
{
    if (checker->silent == 0 && !is_shape(checker, type, shape)) {
        lang_report(checker, code, span, "%s, found %.*s", what,
                    BL_SLICE_ARG(lang_type_text(checker->types, type)));
    }
}

// ---- operators -------------------------------------------------------------------------------

static lang_type *report_operands(lang_checker *checker, const lang_expr *expr, const char *wanted,
                                  lang_type *left, lang_type *right)
{
    if (checker->silent == 0) {
        bl_slice left_text = lang_type_text(checker->types, left);
        bl_slice right_text = lang_type_text(checker->types, right);
        lang_diagnostic *found =
            lang_report(checker, LANG_TYP_001, expr->span,
                        "Binary operator `%s` requires matching %s operands, found %.*s and %.*s",
                        lang_binary_text(expr->as.binary.operator_), wanted,
                        BL_SLICE_ARG(left_text), BL_SLICE_ARG(right_text));
        if (expr->as.binary.operator_ == LANG_BINARY_ADD &&
            (is_shape(checker, left, LANG_SHAPE_STRING) ||
             is_shape(checker, right, LANG_SHAPE_STRING))) {
            lang_suggest(checker, found, "replace", 0.8, "Use `++` to join strings");
        }
    }
    return checker->types->unknown;
}

static bool is_number(const lang_type *type)
{
    return type->shape == LANG_SHAPE_INT || type->shape == LANG_SHAPE_FLOAT;
}

static lang_type *check_arithmetic(lang_checker *checker, const lang_expr *expr, lang_type *left,
                                   lang_type *right)
{
    lang_types *types = checker->types;
    lang_type *a = lang_type_base(types, left);
    lang_type *b = lang_type_base(types, right);
    if (lang_type_is_unknown(a) || lang_type_is_unknown(b)) {
        return types->unknown;
    }
    if (!is_number(a) || !is_number(b)) {
        return report_operands(checker, expr, "Int or Float", left, right);
    }
    return a->shape == LANG_SHAPE_INT && b->shape == LANG_SHAPE_INT ? types->integer
                                                                    : types->number;
}

static lang_type *check_concat(lang_checker *checker, const lang_expr *expr, lang_type *left,
                               lang_type *right)
{
    lang_types *types = checker->types;
    lang_type *a = lang_type_base(types, left);
    lang_type *b = lang_type_base(types, right);
    bool a_fits = a->shape == LANG_SHAPE_STRING || a->shape == LANG_SHAPE_LIST;
    bool b_fits = b->shape == LANG_SHAPE_STRING || b->shape == LANG_SHAPE_LIST;
    if (lang_type_is_unknown(a) && lang_type_is_unknown(b)) {
        return types->unknown;
    }
    if (lang_type_is_unknown(a) && b_fits) {
        return b;
    }
    if (lang_type_is_unknown(b) && a_fits) {
        return a;
    }
    if (!a_fits || a->shape != b->shape) {
        return report_operands(checker, expr, "List or String", left, right);
    }
    return a->shape == LANG_SHAPE_LIST ? lang_type_merge(types, a, b) : types->string;
}

static lang_type *check_logic(lang_checker *checker, const lang_expr *expr, lang_type *left,
                              lang_type *right)
{
    if (!is_shape(checker, left, LANG_SHAPE_BOOL) || !is_shape(checker, right, LANG_SHAPE_BOOL)) {
        report_operands(checker, expr, "Bool", left, right);
    }
    return checker->types->boolean;
}

static lang_type *check_binary(lang_checker *checker, const lang_expr *expr)
{
    lang_type *left = lang_check_expr(checker, expr->as.binary.left, NULL);
    lang_type *right = lang_check_expr(checker, expr->as.binary.right, NULL);
    switch (expr->as.binary.operator_) {
    case LANG_BINARY_ADD:
    case LANG_BINARY_SUBTRACT:
    case LANG_BINARY_MULTIPLY:
    case LANG_BINARY_DIVIDE:
    case LANG_BINARY_MODULO:
        return check_arithmetic(checker, expr, left, right);
    case LANG_BINARY_CONCAT:
        return check_concat(checker, expr, left, right);
    case LANG_BINARY_AND:
    case LANG_BINARY_OR:
        return check_logic(checker, expr, left, right);
    case LANG_BINARY_EQUAL:
    case LANG_BINARY_NOT_EQUAL:
    case LANG_BINARY_LESS:
    case LANG_BINARY_GREATER:
    case LANG_BINARY_LESS_EQUAL:
    case LANG_BINARY_GREATER_EQUAL:
        return checker->types->boolean;
    case LANG_BINARY_PIPE:
    case LANG_BINARY_RANGE:
    case LANG_BINARY_COUNT:
        break; // Have kinds of their own.
    }
    return checker->types->unknown;
}

static lang_type *check_unary(lang_checker *checker, const lang_expr *expr)
{
    const lang_expr *operand = expr->as.unary.operand;
    lang_type *type = lang_check_expr(checker, operand, NULL);
    if (expr->as.unary.operator_ == LANG_UNARY_NOT) {
        require(checker, type, LANG_SHAPE_BOOL, LANG_TYP_025, operand->span,
                "Logical NOT requires Bool");
        return checker->types->boolean;
    }
    lang_type *base = lang_type_base(checker->types, type);
    if (base->shape == LANG_SHAPE_FLOAT) {
        return base;
    }
    require(checker, base, LANG_SHAPE_INT, LANG_TYP_025, operand->span,
            "Negation requires Int or Float");
    return is_shape(checker, base, LANG_SHAPE_INT) ? base : checker->types->unknown;
}

static lang_type *check_range(lang_checker *checker, const lang_expr *expr)
{
    const lang_expr *operands[] = {expr->as.binary.left, expr->as.binary.right};
    for (size_t i = 0; i < 2; i++) {
        lang_type *type = lang_check_expr(checker, operands[i], NULL);
        require(checker, type, LANG_SHAPE_INT, LANG_TYP_024, operands[i]->span,
                "Range operand must be Int");
    }
    return lang_type_list_of(checker->types, checker->types->integer);
}

static lang_type *check_string(lang_checker *checker, const lang_expr *expr)
{
    for (uint32_t i = 0; i < expr->as.string.count; i++) {
        if (expr->as.string.parts[i].expr != NULL) {
            lang_check_expr(checker, expr->as.string.parts[i].expr, NULL);
        }
    }
    return checker->types->string;
}

// The payload of Some or Ok; of anything else the value itself, whatever it may be.
static lang_type *check_try(lang_checker *checker, const lang_expr *expr)
{
    lang_type *type =
        lang_type_base(checker->types, lang_check_expr(checker, expr->as.operand, NULL));
    const lang_constructor_symbol *constructor = lang_type_variant(type, BL_SLICE("Some"));
    if (constructor == NULL) {
        constructor = lang_type_variant(type, BL_SLICE("Ok"));
    }
    return constructor == NULL || constructor->payload_count != 1
               ? checker->types->unknown
               : lang_type_payload(checker->types, constructor, type, 0);
}

// ---- control flow ----------------------------------------------------------------------------

static lang_type *check_if(lang_checker *checker, const lang_expr *expr, lang_type *expected)
{
    const lang_expr *condition = expr->as.condition.condition;
    const lang_expr *other = expr->as.condition.else_branch;
    lang_type *type = lang_check_expr(checker, condition, checker->types->boolean);
    require(checker, type, LANG_SHAPE_BOOL, LANG_TYP_003, condition->span,
            "If condition must be Boolean");
    lang_type *first =
        lang_check_expr(checker, expr->as.condition.then_branch, other == NULL ? NULL : expected);
    if (other == NULL) {
        return checker->types->unit;
    }
    lang_type *second = lang_check_expr(checker, other, expected);
    lang_type *both = lang_agree(checker, first, second, expected);
    if (both != NULL) {
        return both;
    }
    if (checker->silent == 0) {
        bl_slice first_text = lang_type_text(checker->types, first);
        bl_slice second_text = lang_type_text(checker->types, second);
        lang_diagnostic *found = lang_report(checker, LANG_TYP_004, other->span,
                                             "If branches mismatch: then is %.*s, else is %.*s",
                                             BL_SLICE_ARG(first_text), BL_SLICE_ARG(second_text));
        lang_suggest_conversion(checker, found, first, second);
    }
    return checker->types->unknown;
}

// A name that several alternatives bind to different types may hold any of them.
static void join_alternatives(lang_checker *checker, uint32_t mark)
{
    for (uint32_t i = mark; i < checker->binding_count; i++) {
        const lang_binding *binding = &checker->bindings[i];
        lang_binding *visible = &checker->bindings[binding->entry->local - 1];
        if (binding == visible) {
            continue;
        }
        bool fits = lang_type_is_compatible(checker->types, binding->type, visible->type) &&
                    lang_type_is_compatible(checker->types, visible->type, binding->type);
        visible->type = fits ? lang_type_merge(checker->types, visible->type, binding->type)
                             : checker->types->unknown;
    }
}

static lang_type *check_arm(lang_checker *checker, const lang_arm *arm, lang_type *subject,
                            lang_type *expected)
{
    uint32_t mark = lang_scope_enter(checker);
    for (uint32_t i = 0; i < arm->patterns.count; i++) {
        lang_check_pattern(checker, arm->patterns.items[i], subject, false);
    }
    if (arm->patterns.count > 1) {
        join_alternatives(checker, mark);
    }
    if (arm->guard != NULL) {
        lang_type *guard = lang_check_expr(checker, arm->guard, checker->types->boolean);
        require(checker, guard, LANG_SHAPE_BOOL, LANG_TYP_003, arm->guard->span,
                "Match guard must be Boolean");
    }
    lang_type *body = lang_check_expr(checker, arm->body, expected);
    lang_scope_leave(checker, mark);
    return body;
}

static lang_type *check_match(lang_checker *checker, const lang_expr *expr, lang_type *expected)
{
    lang_type *subject = lang_check_expr(checker, expr->as.match.subject, NULL);
    lang_joint bodies = {0};
    for (uint32_t i = 0; i < expr->as.match.count; i++) {
        const lang_arm *arm = &expr->as.match.arms[i];
        lang_type *body = check_arm(checker, arm, subject, expected);
        if (bodies.first != NULL && lang_agree(checker, bodies.first, body, expected) == NULL) {
            lang_report_mismatch(checker, LANG_TYP_017, arm->body->span, "Match arm", bodies.first,
                                 body);
        } else {
            lang_join(checker, &bodies, body);
        }
    }
    lang_check_exhaustive(checker, expr, subject);
    return bodies.all;
}

static lang_type *check_for(lang_checker *checker, const lang_expr *expr)
{
    const lang_expr *collection = expr->as.loop.collection;
    lang_type *type = lang_check_expr(checker, collection, NULL);
    lang_type *base = lang_type_base(checker->types, type);
    require(checker, type, LANG_SHAPE_LIST, LANG_TYP_023, collection->span,
            "For loop requires a List");
    uint32_t mark = lang_scope_enter(checker);
    lang_check_pattern(
        checker, expr->as.loop.pattern,
        base->shape == LANG_SHAPE_LIST ? base->arguments[0] : checker->types->unknown, false);
    const lang_expr *body = expr->as.loop.body;
    lang_type *value = lang_check_expr(checker, body, NULL);
    lang_scope_leave(checker, mark);
    if (!is_shape(checker, value, LANG_SHAPE_UNIT) && checker->silent == 0) {
        lang_diagnostic *found =
            lang_report(checker, LANG_TYP_033, body->span,
                        "For loop body returns %.*s, but for loops are for side effects only",
                        BL_SLICE_ARG(lang_type_text(checker->types, value)));
        lang_suggest(checker, found, "replace", LANG_CONFIDENCE_NONE,
                     "Use List.map to collect the values");
    }
    return checker->types->unit;
}

// ---- blocks ----------------------------------------------------------------------------------

void lang_check_let(lang_checker *checker, const lang_let *let)
{
    if (let->type == NULL) {
        lang_type *type = lang_check_expr(checker, let->value, NULL);
        lang_check_pattern(checker, let->pattern, type, let->mutable);
        return;
    }
    lang_type *declared = lang_resolve_type(checker, checker->scope, let->type);
    lang_type *found = lang_check_expr(checker, let->value, declared);
    if (!lang_type_is_compatible(checker->types, found, declared) && checker->silent == 0) {
        bl_slice declared_text = lang_type_text(checker->types, declared);
        bl_slice found_text = lang_type_text(checker->types, found);
        lang_diagnostic *report =
            lang_report(checker, LANG_TYP_021, let->value->span,
                        "Binding type mismatch: declared %.*s, found %.*s",
                        BL_SLICE_ARG(declared_text), BL_SLICE_ARG(found_text));
        lang_suggest_conversion(checker, report, declared, found);
    }
    lang_check_pattern(checker, let->pattern, declared, let->mutable);
}

// The type of `x.f.g`, Unknown beyond what is known.
static lang_type *place_type(lang_checker *checker, const lang_assign *assign, lang_type *type)
{
    for (uint32_t i = 0; i < assign->fields.count; i++) {
        lang_name name = assign->fields.items[i];
        lang_type *base = lang_type_base(checker->types, type);
        lang_type *field = lang_type_field_of(checker->types, base, name.text);
        bool is_struct =
            base->shape == LANG_SHAPE_NAMED && base->symbol->kind == LANG_SYMBOL_STRUCT;
        if (field == NULL && is_struct) {
            lang_report(checker, LANG_TYP_014, name.span, "Struct `%.*s` has no field `%.*s`",
                        BL_SLICE_ARG(base->symbol->name), BL_SLICE_ARG(name.text));
        } else if (field == NULL && base->shape == LANG_SHAPE_RECORD) {
            lang_report(checker, LANG_TYP_014, name.span, "Record has no field `%.*s`",
                        BL_SLICE_ARG(name.text));
        } else if (field == NULL && !lang_type_is_unknown(base) && checker->silent == 0) {
            lang_report(checker, LANG_TYP_015, assign->target.span,
                        "Type %.*s excludes field access",
                        BL_SLICE_ARG(lang_type_text(checker->types, base)));
        }
        type = field == NULL ? checker->types->unknown : field;
    }
    return type;
}

static void check_assignment(lang_checker *checker, const lang_statement *statement)
{
    const lang_assign *assign = &statement->as.assign;
    lang_ref *ref = &checker->unit->refs[statement->id];
    const lang_entry *entry = lang_names_find(checker->names, assign->target.text);
    const lang_binding *binding =
        entry == NULL || entry->local == 0 ? NULL : &checker->bindings[entry->local - 1];
    *ref = (lang_ref){.kind = LANG_REF_UNDEFINED};
    if (binding != NULL && binding->function == NULL) {
        ref->kind = LANG_REF_LOCAL;
        ref->as.local = binding->pattern;
    }
    if (binding == NULL || !binding->is_mutable) {
        lang_diagnostic *found = lang_report(
            checker, LANG_MUT_001,
            assign->fields.count == 0 ? assign->target.span : assign->place_span,
            "Cannot assign to immutable variable `%.*s`. Use `let mut` to make it mutable.",
            BL_SLICE_ARG(assign->target.text));
        lang_suggest(checker, found, "replace", 0.8, "let mut %.*s",
                     BL_SLICE_ARG(assign->target.text));
        lang_check_expr(checker, assign->value, binding == NULL ? NULL : binding->type);
        return;
    }
    lang_type *place = place_type(checker, assign, binding->type);
    lang_type *found = lang_check_expr(checker, assign->value, place);
    if (!lang_type_is_compatible(checker->types, found, place) && checker->silent == 0) {
        bl_slice place_text = lang_source_slice(&checker->unit->source, assign->place_span);
        bl_slice wanted_text = lang_type_text(checker->types, place);
        bl_slice found_text = lang_type_text(checker->types, found);
        lang_report(checker, LANG_TYP_021, assign->value->span,
                    "Assignment type mismatch: variable `%.*s` is %.*s, found %.*s",
                    BL_SLICE_ARG(place_text), BL_SLICE_ARG(wanted_text), BL_SLICE_ARG(found_text));
    }
}

static lang_type *check_block(lang_checker *checker, const lang_expr *expr, lang_type *expected)
{
    uint32_t mark = lang_scope_enter(checker);
    lang_type *type = checker->types->unit;
    for (uint32_t i = 0; i < expr->as.block.count; i++) {
        const lang_statement *statement = &expr->as.block.statements[i];
        bool is_last = i + 1 == expr->as.block.count;
        type = checker->types->unit;
        switch (statement->kind) {
        case LANG_STATEMENT_LET:
            lang_check_let(checker, &statement->as.let);
            break;
        case LANG_STATEMENT_ASSIGN:
            check_assignment(checker, statement);
            break;
        case LANG_STATEMENT_EXPR:
            type = lang_check_expr(checker, statement->as.expr, is_last ? expected : NULL);
            break;
        }
    }
    lang_scope_leave(checker, mark);
    return type;
}

// ---- handlers --------------------------------------------------------------------------------

static lang_type *check_handle(lang_checker *checker, const lang_expr *expr, lang_type *expected)
{
    uint32_t handled = checker->handled_count;
    for (uint32_t i = 0; i < expr->as.handle.count; i++) {
        const lang_clause *clause = &expr->as.handle.clauses[i];
        lang_handle(checker, clause->effect.text, clause->operation.text);
    }
    lang_type *type = lang_check_expr(checker, expr->as.handle.body, expected);
    checker->handled_count = handled; // Clauses run outside.
    for (uint32_t i = 0; i < expr->as.handle.count; i++) {
        const lang_clause *clause = &expr->as.handle.clauses[i];
        uint32_t mark = lang_scope_enter(checker);
        for (uint32_t k = 0; k < clause->parameters.count; k++) {
            lang_check_pattern(checker, clause->parameters.items[k], checker->types->unknown,
                               false);
        }
        lang_check_expr(checker, clause->body, NULL);
        lang_scope_leave(checker, mark);
    }
    return type;
}

static lang_type *check_with(lang_checker *checker, const lang_expr *expr, lang_type *expected)
{
    uint32_t handled = checker->handled_count;
    for (uint32_t i = 0; i < expr->as.with.count; i++) {
        lang_check_expr(checker, expr->as.with.records[i].value, checker->types->unknown);
    }
    for (uint32_t i = 0; i < expr->as.with.count; i++) {
        lang_handle(checker, expr->as.with.records[i].effect.text, (bl_slice){0});
    }
    lang_type *type = lang_check_expr(checker, expr->as.with.body, expected);
    checker->handled_count = handled;
    return type;
}

static lang_type *check_capture(lang_checker *checker, const lang_expr *expr)
{
    uint32_t handled = checker->handled_count;
    lang_handle(checker, expr->as.capture.effect.text, expr->as.capture.operation.text);
    lang_type *body = lang_check_expr(checker, expr->as.capture.body, NULL);
    checker->handled_count = handled;
    lang_type *parts[] = {body, lang_type_list_of(checker->types, checker->types->string)};
    return lang_type_tuple_of(checker->types, parts, 2);
}

// ---- tests and holes -------------------------------------------------------------------------

static lang_type *check_expect(lang_checker *checker, const lang_expr *expr)
{
    lang_type *subject = lang_check_expr(checker, expr->as.expect.subject, NULL);
    if (expr->as.expect.operand != NULL) {
        lang_check_expr(checker, expr->as.expect.operand, NULL);
    }
    if (expr->as.expect.pattern != NULL) { // Its names bind nothing that anyone sees.
        uint32_t mark = lang_scope_enter(checker);
        lang_check_pattern(checker, expr->as.expect.pattern, subject, false);
        lang_scope_leave(checker, mark);
    }
    return checker->types->boolean;
}

static void list_name(lang_checker *checker, bl_buffer *out, uint32_t *count, bl_slice name,
                      const lang_type *type)
{
    if (*count < LANG_HOLE_NAMES_MAX) {
        bl_buffer_format(out, "\n  %.*s: %.*s", BL_SLICE_ARG(name),
                         BL_SLICE_ARG(lang_type_text(checker->types, type)));
    } else if (*count == LANG_HOLE_NAMES_MAX) {
        bl_buffer_format(out, "\n  …");
    }
    (*count)++;
}

static lang_type *check_hole(lang_checker *checker, const lang_expr *expr, lang_type *expected)
{
    lang_type *type = expected == NULL ? checker->types->unknown : expected;
    if (checker->silent != 0) {
        return type;
    }
    bl_buffer names = {0};
    uint32_t count = 0;
    for (uint32_t i = checker->binding_count; i > 0; i--) {
        const lang_binding *binding = &checker->bindings[i - 1];
        list_name(checker, &names, &count, binding->entry->name, binding->type);
    }
    for (uint32_t i = 0; i < checker->names->count && count <= LANG_HOLE_NAMES_MAX; i++) {
        const lang_entry *entry = checker->names->entries[i];
        if (entry->function != NULL) {
            list_name(checker, &names, &count, entry->name, entry->function->type);
        }
    }
    lang_report(checker, LANG_HOLE_001, expr->span, "Typed hole (?\?) — expected type: %.*s%.*s",
                BL_SLICE_ARG(lang_type_text(checker->types, type)),
                BL_SLICE_ARG(bl_buffer_slice(&names)));
    bl_buffer_deinit(&names);
    return type;
}

// ---- all of them -----------------------------------------------------------------------------

static lang_type *check_kind(lang_checker *checker, const lang_expr *expr, lang_type *expected)
{
    lang_types *types = checker->types;
    switch (expr->kind) {
    case LANG_EXPR_INT:
        return types->integer;
    case LANG_EXPR_FLOAT:
        return types->number;
    case LANG_EXPR_BOOL:
        return types->boolean;
    case LANG_EXPR_UNIT:
        return types->unit;
    case LANG_EXPR_STRING:
        return check_string(checker, expr);
    case LANG_EXPR_NAME:
    case LANG_EXPR_TYPE_NAME:
    case LANG_EXPR_FIELD:
        return lang_check_name(checker, expr);
    case LANG_EXPR_HOLE:
        return check_hole(checker, expr, expected);
    case LANG_EXPR_TUPLE:
        return lang_check_tuple(checker, expr, expected);
    case LANG_EXPR_LIST:
        return lang_check_list(checker, expr, expected);
    case LANG_EXPR_SET:
        return lang_check_set(checker, expr, expected);
    case LANG_EXPR_MAP:
        return lang_check_map(checker, expr, expected);
    case LANG_EXPR_RECORD:
        return lang_check_record(checker, expr, expected);
    case LANG_EXPR_UPDATE:
        return lang_check_update(checker, expr);
    case LANG_EXPR_STRUCT:
        return lang_check_struct(checker, expr);
    case LANG_EXPR_BLOCK:
        return check_block(checker, expr, expected);
    case LANG_EXPR_LAMBDA:
        return lang_check_lambda(checker, expr, expected);
    case LANG_EXPR_IF:
        return check_if(checker, expr, expected);
    case LANG_EXPR_MATCH:
        return check_match(checker, expr, expected);
    case LANG_EXPR_FOR:
        return check_for(checker, expr);
    case LANG_EXPR_WITH_RECORDS:
        return check_with(checker, expr, expected);
    case LANG_EXPR_WITH_CAPTURE:
        return check_capture(checker, expr);
    case LANG_EXPR_HANDLE:
        return check_handle(checker, expr, expected);
    case LANG_EXPR_RESTRICT:
        return lang_check_expr(checker, expr->as.restriction.body, expected);
    case LANG_EXPR_EXPECT:
        return check_expect(checker, expr);
    case LANG_EXPR_UNARY:
        return check_unary(checker, expr);
    case LANG_EXPR_BINARY:
        return check_binary(checker, expr);
    case LANG_EXPR_PIPE:
        return lang_check_pipe(checker, expr);
    case LANG_EXPR_RANGE:
        return check_range(checker, expr);
    case LANG_EXPR_CALL:
        return lang_check_call(checker, expr, expected);
    case LANG_EXPR_TRY:
        return check_try(checker, expr);
    }
    return types->unknown;
}

lang_type *lang_check_expr(lang_checker *checker, const lang_expr *expr, lang_type *expected)
{
    lang_type *type = check_kind(checker, expr, expected);
    if (type == checker->types->open) {
        type = checker->types->unknown;
    }
    checker->unit->types[expr->id] = type;
    return type;
}
