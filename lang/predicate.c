// lang/predicate.c: evaluates predicates of refined types on constants, in three-valued logic.
#include "lang/predicate.h"

#include <math.h>

#define NONE ((lang_constant){.kind = LANG_CONSTANT_NONE})

typedef struct evaluation {
    bl_arena *arena;
    const lang_constant *self;
    const vm_library *library;
} evaluation;

static lang_constant evaluate(const evaluation *run, const lang_expr *expr);

static lang_constant constant_int(int64_t integer)
{
    return (lang_constant){.kind = LANG_CONSTANT_INT, .integer = integer};
}

static lang_constant constant_float(double number)
{
    return (lang_constant){.kind = LANG_CONSTANT_FLOAT, .number = number};
}

static lang_constant constant_bool(bool truth)
{
    return (lang_constant){.kind = LANG_CONSTANT_BOOL, .integer = truth};
}

lang_constant lang_constant_of_literal(bl_arena *arena, const lang_expr *expr)
{
    if (expr->kind == LANG_EXPR_INT) {
        return constant_int(expr->as.integer);
    }
    if (expr->kind == LANG_EXPR_FLOAT) {
        return constant_float(expr->as.number);
    }
    if (expr->kind == LANG_EXPR_BOOL) {
        return constant_bool(expr->as.boolean);
    }
    if (expr->kind != LANG_EXPR_STRING) {
        return NONE;
    }
    bl_buffer text = {0};
    lang_constant value = {.kind = LANG_CONSTANT_STRING};
    for (uint32_t i = 0; i < expr->as.string.count; i++) {
        if (expr->as.string.parts[i].expr != NULL) {
            value.kind = LANG_CONSTANT_NONE;
        }
        bl_buffer_append_slice(&text, expr->as.string.parts[i].text);
    }
    value.text = bl_arena_slice(arena, bl_buffer_slice(&text));
    bl_buffer_deinit(&text);
    return value;
}

bl_slice lang_constant_text(bl_arena *arena, const lang_constant *value)
{
    char digits[512];
    switch (value->kind) {
    case LANG_CONSTANT_INT:
        return bl_arena_slice(arena, (bl_slice){digits, vm_int_text(value->integer, digits)});
    case LANG_CONSTANT_FLOAT:
        return bl_arena_slice(arena, (bl_slice){digits, vm_float_text(value->number, digits)});
    case LANG_CONSTANT_STRING:
        return value->text;
    case LANG_CONSTANT_BOOL:
        return bl_slice_of(value->integer != 0 ? "true" : "false");
    case LANG_CONSTANT_NONE:
        return BL_SLICE("");
    }
    return BL_SLICE("");
}

lang_predicate lang_predicate_of(const lang_type_symbol *type)
{
    const lang_expr *expr = type->item->as.type.refinement;
    return (lang_predicate){type->unit, expr, lang_source_slice(&type->unit->source, expr->span)};
}

// ---- functions of strings ---------------------------------------------------------------------

static bool starts_with(bl_slice text, bl_slice part)
{
    return part.size <= text.size && bl_slice_equal((bl_slice){text.data, part.size}, part);
}

static bool ends_with(bl_slice text, bl_slice part)
{
    return part.size <= text.size &&
           bl_slice_equal((bl_slice){text.data + (text.size - part.size), part.size}, part);
}

static bool contains(bl_slice text, bl_slice part)
{
    return part.size == 0 ||
           (text.size >= part.size && memmem(text.data, text.size, part.data, part.size) != NULL);
}

typedef enum string_test {
    TEST_STARTS_WITH,
    TEST_ENDS_WITH,
    TEST_CONTAINS,
    TEST_MATCHES,
    TEST_LENGTH,
    TEST_NONE,
} string_test;

static const char *const string_test_names[] = {
    [TEST_STARTS_WITH] = "starts_with", [TEST_ENDS_WITH] = "ends_with",
    [TEST_CONTAINS] = "contains",       [TEST_MATCHES] = "matches",
    [TEST_LENGTH] = "length",
};

// Which String function of self a call is; *operand: its second argument, NULL for length.
static string_test string_test_of(const lang_expr *expr, const lang_expr **operand)
{
    *operand = NULL;
    if (expr->kind != LANG_EXPR_CALL || expr->as.call.callee->kind != LANG_EXPR_FIELD) {
        return TEST_NONE;
    }
    const lang_expr *object = expr->as.call.callee->as.field.object;
    if (object->kind != LANG_EXPR_TYPE_NAME ||
        !bl_slice_equal(object->as.name, BL_SLICE("String"))) {
        return TEST_NONE;
    }
    bl_slice name = expr->as.call.callee->as.field.name.text;
    for (int test = 0; test < TEST_NONE; test++) {
        uint32_t arity = test == TEST_LENGTH ? 1 : 2;
        if (bl_slice_equal(name, bl_slice_of(string_test_names[test])) &&
            expr->as.call.count == arity) {
            *operand = arity == 2 ? expr->as.call.arguments[1].value : NULL;
            return (string_test)test;
        }
    }
    return TEST_NONE;
}

static lang_constant evaluate_call(const evaluation *run, const lang_expr *expr)
{
    const lang_expr *operand = NULL;
    string_test test = string_test_of(expr, &operand);
    if (test == TEST_NONE) {
        return NONE;
    }
    lang_constant text = evaluate(run, expr->as.call.arguments[0].value);
    lang_constant part = operand == NULL ? NONE : evaluate(run, operand);
    if (text.kind != LANG_CONSTANT_STRING ||
        (operand != NULL && part.kind != LANG_CONSTANT_STRING)) {
        return NONE;
    }
    switch (test) {
    case TEST_STARTS_WITH:
        return constant_bool(starts_with(text.text, part.text));
    case TEST_ENDS_WITH:
        return constant_bool(ends_with(text.text, part.text));
    case TEST_CONTAINS:
        return constant_bool(contains(text.text, part.text));
    case TEST_MATCHES: {
        bool found = false;
        // A malformed pattern is an error when it is used, not here.
        return run->library != NULL && run->library->regex_search != NULL &&
                       run->library->regex_search(part.text, text.text, &found)
                   ? constant_bool(found)
                   : NONE;
    }
    case TEST_LENGTH:
        return constant_int((int64_t)bl_utf8_count(text.text));
    case TEST_NONE:
        break;
    }
    return NONE;
}

// ---- operators --------------------------------------------------------------------------------

static bool is_number(lang_constant value)
{
    return value.kind == LANG_CONSTANT_INT || value.kind == LANG_CONSTANT_FLOAT;
}

static double number_of(lang_constant value)
{
    return value.kind == LANG_CONSTANT_INT ? (double)value.integer : value.number;
}

static lang_constant integer_arithmetic(lang_binary operator_, int64_t a, int64_t b)
{
    int64_t result = 0;
    switch ((int)operator_) {
    case LANG_BINARY_ADD:
        return __builtin_add_overflow(a, b, &result) ? NONE : constant_int(result);
    case LANG_BINARY_SUBTRACT:
        return __builtin_sub_overflow(a, b, &result) ? NONE : constant_int(result);
    case LANG_BINARY_MULTIPLY:
        return __builtin_mul_overflow(a, b, &result) ? NONE : constant_int(result);
    case LANG_BINARY_MODULO:
        return b == 0 || b == -1 ? (b == -1 ? constant_int(0) : NONE) : constant_int(a % b);
    default: // Division is not in the predicate language.
        return NONE;
    }
}

static lang_constant float_arithmetic(lang_binary operator_, double a, double b)
{
    switch ((int)operator_) {
    case LANG_BINARY_ADD:
        return constant_float(a + b);
    case LANG_BINARY_SUBTRACT:
        return constant_float(a - b);
    case LANG_BINARY_MULTIPLY:
        return constant_float(a * b);
    case LANG_BINARY_MODULO:
        return constant_float(fmod(a, b));
    default: // Division is not in the predicate language.
        return NONE;
    }
}

static bool is_comparison(lang_binary operator_)
{
    return operator_ == LANG_BINARY_EQUAL || operator_ == LANG_BINARY_NOT_EQUAL ||
           operator_ == LANG_BINARY_LESS || operator_ == LANG_BINARY_LESS_EQUAL ||
           operator_ == LANG_BINARY_GREATER || operator_ == LANG_BINARY_GREATER_EQUAL;
}

// order: -1, 0, 1, or 2 for NaN, which is unequal to all.
static bool order_satisfies(lang_binary operator_, int order)
{
    switch ((int)operator_) {
    case LANG_BINARY_EQUAL:
        return order == 0;
    case LANG_BINARY_NOT_EQUAL:
        return order != 0;
    case LANG_BINARY_LESS:
        return order == -1;
    case LANG_BINARY_LESS_EQUAL:
        return order == -1 || order == 0;
    case LANG_BINARY_GREATER:
        return order == 1;
    case LANG_BINARY_GREATER_EQUAL:
        return order == 1 || order == 0;
    default: // Asked of comparisons only.
        return false;
    }
}

static lang_constant compare(lang_binary operator_, lang_constant a, lang_constant b)
{
    int order = 2;
    if (a.kind == LANG_CONSTANT_INT && b.kind == LANG_CONSTANT_INT) {
        order = (a.integer > b.integer) - (a.integer < b.integer);
    } else if (is_number(a) && is_number(b)) {
        double x = number_of(a);
        double y = number_of(b);
        order = isnan(x) || isnan(y) ? 2 : (x > y) - (x < y);
    } else if (a.kind == LANG_CONSTANT_STRING && b.kind == LANG_CONSTANT_STRING) {
        int bytes = bl_slice_compare(a.text, b.text);
        order = (bytes > 0) - (bytes < 0);
    } else if (a.kind == LANG_CONSTANT_BOOL && b.kind == LANG_CONSTANT_BOOL) {
        order = (a.integer > b.integer) - (a.integer < b.integer);
    } else {
        return NONE;
    }
    return constant_bool(order_satisfies(operator_, order));
}

static lang_truth truth_of(lang_constant value)
{
    if (value.kind != LANG_CONSTANT_BOOL) {
        return LANG_TRUTH_UNKNOWN;
    }
    return value.integer != 0 ? LANG_TRUTH_TRUE : LANG_TRUTH_FALSE;
}

static lang_constant both(lang_constant a, lang_constant b)
{
    lang_truth left = truth_of(a);
    lang_truth right = truth_of(b);
    if (left == LANG_TRUTH_FALSE || right == LANG_TRUTH_FALSE) {
        return constant_bool(false);
    }
    return left == LANG_TRUTH_TRUE && right == LANG_TRUTH_TRUE ? constant_bool(true) : NONE;
}

static lang_constant either(lang_constant a, lang_constant b)
{
    lang_truth left = truth_of(a);
    lang_truth right = truth_of(b);
    if (left == LANG_TRUTH_TRUE || right == LANG_TRUTH_TRUE) {
        return constant_bool(true);
    }
    return left == LANG_TRUTH_FALSE && right == LANG_TRUTH_FALSE ? constant_bool(false) : NONE;
}

// The comparison that a chain `a < b < c` continues: its left side, unless in parentheses.
static const lang_expr *chained(const lang_expr *expr)
{
    const lang_expr *left = expr->as.binary.left;
    bool is_chain = left->kind == LANG_EXPR_BINARY && left->paren_count == 0 &&
                    is_comparison(left->as.binary.operator_);
    return is_chain ? left : NULL;
}

static lang_constant evaluate_binary(const evaluation *run, const lang_expr *expr)
{
    lang_binary operator_ = expr->as.binary.operator_;
    const lang_expr *first = is_comparison(operator_) ? chained(expr) : NULL;
    if (first != NULL) {
        lang_constant middle = evaluate(run, first->as.binary.right);
        return both(evaluate(run, first),
                    compare(operator_, middle, evaluate(run, expr->as.binary.right)));
    }
    lang_constant left = evaluate(run, expr->as.binary.left);
    lang_constant right = evaluate(run, expr->as.binary.right);
    if (operator_ == LANG_BINARY_AND) {
        return both(left, right);
    }
    if (operator_ == LANG_BINARY_OR) {
        return either(left, right);
    }
    if (is_comparison(operator_)) {
        return compare(operator_, left, right);
    }
    if (left.kind == LANG_CONSTANT_INT && right.kind == LANG_CONSTANT_INT) {
        return integer_arithmetic(operator_, left.integer, right.integer);
    }
    return is_number(left) && is_number(right)
               ? float_arithmetic(operator_, number_of(left), number_of(right))
               : NONE;
}

static lang_constant evaluate_unary(const evaluation *run, const lang_expr *expr)
{
    lang_constant operand = evaluate(run, expr->as.unary.operand);
    if (expr->as.unary.operator_ == LANG_UNARY_NOT) {
        lang_truth truth = truth_of(operand);
        return truth == LANG_TRUTH_UNKNOWN ? NONE : constant_bool(truth == LANG_TRUTH_FALSE);
    }
    if (operand.kind == LANG_CONSTANT_FLOAT) {
        return constant_float(-operand.number);
    }
    return operand.kind == LANG_CONSTANT_INT && operand.integer != INT64_MIN
               ? constant_int(-operand.integer)
               : NONE;
}

static lang_constant evaluate(const evaluation *run, const lang_expr *expr)
{
    switch ((int)expr->kind) {
    case LANG_EXPR_INT:
    case LANG_EXPR_FLOAT:
    case LANG_EXPR_STRING:
    case LANG_EXPR_BOOL:
        return lang_constant_of_literal(run->arena, expr);
    case LANG_EXPR_NAME:
        return bl_slice_equal(expr->as.name, BL_SLICE("self")) ? *run->self : NONE;
    case LANG_EXPR_UNARY:
        return evaluate_unary(run, expr);
    case LANG_EXPR_BINARY:
        return evaluate_binary(run, expr);
    case LANG_EXPR_CALL:
        return evaluate_call(run, expr);
    default: // Not in the predicate language.
        return NONE;
    }
}

lang_truth lang_predicate_holds(bl_arena *arena, const lang_predicate *predicate,
                                const lang_constant *value)
{
    evaluation run = {arena, value, predicate->unit->world->library};
    return truth_of(evaluate(&run, predicate->expr));
}

// ---- words -------------------------------------------------------------------------------------

typedef struct value_range {
    lang_constant low;
    lang_constant high;
    bool low_open; // Of Floats, `>` and not `>=`.
    bool high_open;
} value_range;

static bool is_self(const lang_expr *expr)
{
    return expr->kind == LANG_EXPR_NAME && bl_slice_equal(expr->as.name, BL_SLICE("self"));
}

static lang_binary mirrored(lang_binary operator_)
{
    switch ((int)operator_) {
    case LANG_BINARY_LESS:
        return LANG_BINARY_GREATER;
    case LANG_BINARY_LESS_EQUAL:
        return LANG_BINARY_GREATER_EQUAL;
    case LANG_BINARY_GREATER:
        return LANG_BINARY_LESS;
    case LANG_BINARY_GREATER_EQUAL:
        return LANG_BINARY_LESS_EQUAL;
    default: // The same from both sides.
        return operator_;
    }
}

static void raise_low(value_range *range, lang_constant bound, bool open)
{
    if (range->low.kind == LANG_CONSTANT_NONE || number_of(bound) > number_of(range->low)) {
        range->low = bound;
        range->low_open = open;
    }
}

static void lower_high(value_range *range, lang_constant bound, bool open)
{
    if (range->high.kind == LANG_CONSTANT_NONE || number_of(bound) < number_of(range->high)) {
        range->high = bound;
        range->high_open = open;
    }
}

// `self operator bound`; Ints make open ends closed. False: no bound.
static bool add_bound(value_range *range, lang_binary operator_, lang_constant bound)
{
    bool is_int = bound.kind == LANG_CONSTANT_INT;
    switch ((int)operator_) {
    case LANG_BINARY_GREATER:
        if (is_int && bound.integer != INT64_MAX) {
            raise_low(range, constant_int(bound.integer + 1), false);
        } else {
            raise_low(range, bound, true);
        }
        return true;
    case LANG_BINARY_GREATER_EQUAL:
        raise_low(range, bound, false);
        return true;
    case LANG_BINARY_LESS:
        if (is_int && bound.integer != INT64_MIN) {
            lower_high(range, constant_int(bound.integer - 1), false);
        } else {
            lower_high(range, bound, true);
        }
        return true;
    case LANG_BINARY_LESS_EQUAL:
        lower_high(range, bound, false);
        return true;
    case LANG_BINARY_EQUAL:
        raise_low(range, bound, false);
        lower_high(range, bound, false);
        return true;
    default: // No interval.
        return false;
    }
}

static bool add_comparison(bl_arena *arena, value_range *range, lang_binary operator_,
                           const lang_expr *left, const lang_expr *right)
{
    lang_constant nothing = NONE;
    evaluation run = {arena, &nothing, NULL}; // Bounds are arithmetic: no patterns in them.
    const lang_expr *other = is_self(left) ? right : left;
    if (!is_self(left) && !is_self(right)) {
        return false;
    }
    lang_constant bound = evaluate(&run, other);
    return is_number(bound) &&
           add_bound(range, is_self(left) ? operator_ : mirrored(operator_), bound);
}

static bool find_range(bl_arena *arena, const lang_expr *expr, value_range *range)
{
    if (expr->kind != LANG_EXPR_BINARY) {
        return false;
    }
    lang_binary operator_ = expr->as.binary.operator_;
    if (operator_ == LANG_BINARY_AND) {
        return find_range(arena, expr->as.binary.left, range) &&
               find_range(arena, expr->as.binary.right, range);
    }
    if (!is_comparison(operator_)) {
        return false;
    }
    const lang_expr *first = chained(expr);
    if (first == NULL) {
        return add_comparison(arena, range, operator_, expr->as.binary.left, expr->as.binary.right);
    }
    return find_range(arena, first, range) &&
           add_comparison(arena, range, operator_, first->as.binary.right, expr->as.binary.right);
}

bl_slice lang_predicate_range(bl_arena *arena, const lang_predicate *predicate)
{
    value_range range = {.low = NONE, .high = NONE};
    if (!find_range(arena, predicate->expr, &range)) {
        return (bl_slice){NULL, 0};
    }
    bl_slice low = range.low.kind == LANG_CONSTANT_NONE ? BL_SLICE("-inf")
                                                        : lang_constant_text(arena, &range.low);
    bl_slice high = range.high.kind == LANG_CONSTANT_NONE ? BL_SLICE("inf")
                                                          : lang_constant_text(arena, &range.high);
    return bl_arena_format(arena, "%s%.*s, %.*s%s", range.low_open ? "(" : "[", BL_SLICE_ARG(low),
                           BL_SLICE_ARG(high), range.high_open ? ")" : "]");
}

// The first condition of a conjunction that fails for the value.
static const lang_expr *first_failing(const evaluation *run, const lang_expr *expr)
{
    if (expr->kind == LANG_EXPR_BINARY && expr->as.binary.operator_ == LANG_BINARY_AND) {
        bool left_fails = truth_of(evaluate(run, expr->as.binary.left)) == LANG_TRUTH_FALSE;
        return first_failing(run, left_fails ? expr->as.binary.left : expr->as.binary.right);
    }
    return expr;
}

// `self == "a" || self == "b"`: the texts, joined; false if it is anything else.
static bool add_alternatives(const evaluation *run, const lang_expr *expr, bl_buffer *out)
{
    if (expr->kind != LANG_EXPR_BINARY) {
        return false;
    }
    if (expr->as.binary.operator_ == LANG_BINARY_OR) {
        return add_alternatives(run, expr->as.binary.left, out) &&
               add_alternatives(run, expr->as.binary.right, out);
    }
    const lang_expr *left = expr->as.binary.left;
    const lang_expr *right = expr->as.binary.right;
    if (expr->as.binary.operator_ != LANG_BINARY_EQUAL || is_self(left) == is_self(right)) {
        return false;
    }
    lang_constant value = evaluate(run, is_self(left) ? right : left);
    if (value.kind != LANG_CONSTANT_STRING) {
        return false;
    }
    bl_buffer_format(out, "%s\"%.*s\"", out->size == 0 ? "" : " or ", BL_SLICE_ARG(value.text));
    return true;
}

static bl_slice reason_of_length(const evaluation *run, const lang_expr *expr, bool mirror)
{
    lang_binary operator_ =
        mirror ? mirrored(expr->as.binary.operator_) : expr->as.binary.operator_;
    lang_constant length = evaluate(run, mirror ? expr->as.binary.right : expr->as.binary.left);
    lang_constant bound = evaluate(run, mirror ? expr->as.binary.left : expr->as.binary.right);
    if (length.kind != LANG_CONSTANT_INT || bound.kind != LANG_CONSTANT_INT) {
        return (bl_slice){NULL, 0};
    }
    value_range range = {.low = NONE, .high = NONE};
    if (!add_bound(&range, operator_, bound)) {
        return (bl_slice){NULL, 0};
    }
    if (range.low.kind == LANG_CONSTANT_INT && length.integer < range.low.integer) {
        return bl_arena_format(run->arena, "length %lld is less than minimum %lld",
                               (long long)length.integer, (long long)range.low.integer);
    }
    return bl_arena_format(run->arena, "length %lld exceeds maximum %lld",
                           (long long)length.integer, (long long)range.high.integer);
}

static bool is_length(const lang_expr *expr)
{
    const lang_expr *operand = NULL;
    return string_test_of(expr, &operand) == TEST_LENGTH;
}

static bl_slice reason_of_comparison(const evaluation *run, const lang_expr *expr)
{
    const lang_expr *first = chained(expr);
    if (first != NULL && truth_of(evaluate(run, first)) == LANG_TRUTH_FALSE) {
        return reason_of_comparison(run, first);
    }
    if (first != NULL) {
        // The second half of `1 <= String.length(self) <= 9`, as a comparison of its own.
        lang_expr half = *expr;
        half.as.binary.left = first->as.binary.right;
        return reason_of_comparison(run, &half);
    }
    if (is_length(expr->as.binary.left)) {
        return reason_of_length(run, expr, false);
    }
    return is_length(expr->as.binary.right) ? reason_of_length(run, expr, true)
                                            : (bl_slice){NULL, 0};
}

static bl_slice reason_of_call(const evaluation *run, const lang_expr *expr)
{
    const lang_expr *operand = NULL;
    string_test test = string_test_of(expr, &operand);
    lang_constant part = operand == NULL ? NONE : evaluate(run, operand);
    if (part.kind != LANG_CONSTANT_STRING) {
        return (bl_slice){NULL, 0};
    }
    switch (test) {
    case TEST_STARTS_WITH:
        return bl_arena_format(run->arena, "does not start with \"%.*s\"", BL_SLICE_ARG(part.text));
    case TEST_ENDS_WITH:
        return bl_arena_format(run->arena, "does not end with \"%.*s\"", BL_SLICE_ARG(part.text));
    case TEST_CONTAINS:
        return bl_arena_format(run->arena, "does not contain \"%.*s\"", BL_SLICE_ARG(part.text));
    case TEST_MATCHES:
        return bl_arena_format(run->arena, "does not match pattern /%.*s/",
                               BL_SLICE_ARG(part.text));
    case TEST_LENGTH:
    case TEST_NONE:
        break;
    }
    return (bl_slice){NULL, 0};
}

bl_slice lang_predicate_reason(bl_arena *arena, const lang_predicate *predicate,
                               const lang_constant *value)
{
    evaluation run = {arena, value, predicate->unit->world->library};
    const lang_expr *failing = first_failing(&run, predicate->expr);
    bl_slice reason = {NULL, 0};
    if (failing->kind == LANG_EXPR_CALL) {
        reason = reason_of_call(&run, failing);
    } else if (failing->kind == LANG_EXPR_BINARY && is_comparison(failing->as.binary.operator_)) {
        reason = reason_of_comparison(&run, failing);
    }
    if (reason.data == NULL) {
        bl_buffer texts = {0};
        if (add_alternatives(&run, failing, &texts)) {
            bool single = failing->as.binary.operator_ == LANG_BINARY_EQUAL;
            reason = bl_arena_format(arena, single ? "must be %.*s" : "must be one of: %.*s",
                                     BL_SLICE_ARG(bl_buffer_slice(&texts)));
        }
        bl_buffer_deinit(&texts);
    }
    if (reason.data == NULL) {
        bl_slice text = lang_source_slice(&predicate->unit->source, failing->span);
        reason = bl_arena_format(arena, "does not satisfy %.*s", BL_SLICE_ARG(text));
    }
    return reason;
}
