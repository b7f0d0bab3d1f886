// lang/specs.c: pass 7 (level full): do the postconditions of a function hold?
//
// Decided without a solver, in three steps: (1) only Int and Bool parameters, + - * / %,
// comparisons, && || not, if and literals are supported; anything else is undecided. (2) A search
// for a counter-example over small values and the constants of the clauses. (3) A proof: each
// @ensures is `result == e` with body and e the same polynomial, or follows by interval reasoning
// over linear terms. What is neither refuted nor proved is SPEC_003.
#include "lang/sema.h"
#include "lang/walk.h"

#define SPEC_PARAMETERS_MAX 8           // More are undecided: the search could not cover them.
#define SPEC_TRIES_MAX 20000            // Combinations of the search.
#define SPEC_VALUES_MAX 64              // Candidate values for one parameter.
#define SPEC_TERMS_MAX 64               // Of a polynomial.
#define SPEC_RESULT SPEC_PARAMETERS_MAX // Index of `result` among the variables.

typedef struct spec_pass {
    lang_unit *unit;
    const lang_function *function;
    const lang_spec *spec;
    bl_slice names[SPEC_PARAMETERS_MAX];
    bool is_bool[SPEC_PARAMETERS_MAX];
    uint32_t count;
} spec_pass;

// ---- evaluation ------------------------------------------------------------------------------

typedef enum spec_answer {
    SPEC_VALUE,
    SPEC_SKIP,        // Divides by zero or overflows: this combination proves nothing.
    SPEC_UNSUPPORTED, // Not in the language of specifications.
} spec_answer;

typedef struct spec_value {
    bool is_bool;
    int64_t integer; // 0 or 1 for Bool.
} spec_value;

typedef struct spec_frame {
    const spec_pass *pass;
    spec_value values[SPEC_PARAMETERS_MAX + 1];
    bool has_result;
} spec_frame;

static int variable_index(const spec_pass *pass, bl_slice name)
{
    for (uint32_t i = 0; i < pass->count; i++) {
        if (bl_slice_equal(pass->names[i], name)) {
            return (int)i;
        }
    }
    return bl_slice_equal(name, BL_SLICE("result")) ? SPEC_RESULT : -1;
}

static spec_answer evaluate(const spec_frame *frame, const lang_expr *expr, spec_value *out);

static spec_answer arithmetic(lang_binary operator_, int64_t a, int64_t b, int64_t *out)
{
    switch ((int)operator_) {
    case LANG_BINARY_ADD:
        return __builtin_add_overflow(a, b, out) ? SPEC_SKIP : SPEC_VALUE;
    case LANG_BINARY_SUBTRACT:
        return __builtin_sub_overflow(a, b, out) ? SPEC_SKIP : SPEC_VALUE;
    case LANG_BINARY_MULTIPLY:
        return __builtin_mul_overflow(a, b, out) ? SPEC_SKIP : SPEC_VALUE;
    case LANG_BINARY_DIVIDE:
    case LANG_BINARY_MODULO:
        if (b == 0 || (b == -1 && a == INT64_MIN)) {
            return SPEC_SKIP;
        }
        *out = operator_ == LANG_BINARY_DIVIDE ? a / b : a % b;
        return SPEC_VALUE;
    default: // No arithmetic.
        return SPEC_UNSUPPORTED;
    }
}

static bool compare(lang_binary operator_, int64_t a, int64_t b, bool *out)
{
    switch ((int)operator_) {
    case LANG_BINARY_EQUAL:
        *out = a == b;
        return true;
    case LANG_BINARY_NOT_EQUAL:
        *out = a != b;
        return true;
    case LANG_BINARY_LESS:
        *out = a < b;
        return true;
    case LANG_BINARY_LESS_EQUAL:
        *out = a <= b;
        return true;
    case LANG_BINARY_GREATER:
        *out = a > b;
        return true;
    case LANG_BINARY_GREATER_EQUAL:
        *out = a >= b;
        return true;
    default: // No comparison.
        return false;
    }
}

static spec_answer evaluate_logic(const spec_frame *frame, const lang_expr *expr, spec_value *out)
{
    bool is_and = expr->as.binary.operator_ == LANG_BINARY_AND;
    spec_answer answer = evaluate(frame, expr->as.binary.left, out);
    if (answer != SPEC_VALUE) {
        return answer;
    }
    if (!out->is_bool) {
        return SPEC_UNSUPPORTED;
    }
    if ((out->integer != 0) != is_and) {
        return SPEC_VALUE;
    }
    answer = evaluate(frame, expr->as.binary.right, out);
    return answer == SPEC_VALUE && !out->is_bool ? SPEC_UNSUPPORTED : answer;
}

static spec_answer evaluate_binary(const spec_frame *frame, const lang_expr *expr, spec_value *out)
{
    lang_binary operator_ = expr->as.binary.operator_;
    if (operator_ == LANG_BINARY_AND || operator_ == LANG_BINARY_OR) {
        return evaluate_logic(frame, expr, out);
    }
    spec_value left;
    spec_value right;
    spec_answer answer = evaluate(frame, expr->as.binary.left, &left);
    if (answer == SPEC_VALUE) {
        answer = evaluate(frame, expr->as.binary.right, &right);
    }
    if (answer != SPEC_VALUE) {
        return answer;
    }
    if (left.is_bool != right.is_bool) {
        return SPEC_UNSUPPORTED;
    }
    bool truth = false;
    if (compare(operator_, left.integer, right.integer, &truth)) {
        *out = (spec_value){true, truth};
        return SPEC_VALUE;
    }
    if (left.is_bool) {
        return SPEC_UNSUPPORTED;
    }
    out->is_bool = false;
    return arithmetic(operator_, left.integer, right.integer, &out->integer);
}

static spec_answer evaluate_unary(const spec_frame *frame, const lang_expr *expr, spec_value *out)
{
    spec_answer answer = evaluate(frame, expr->as.unary.operand, out);
    if (answer != SPEC_VALUE) {
        return answer;
    }
    bool is_not = expr->as.unary.operator_ == LANG_UNARY_NOT;
    if (is_not != out->is_bool) {
        return SPEC_UNSUPPORTED;
    }
    if (is_not) {
        out->integer = out->integer == 0;
        return SPEC_VALUE;
    }
    return __builtin_sub_overflow(0, out->integer, &out->integer) ? SPEC_SKIP : SPEC_VALUE;
}

static spec_answer evaluate(const spec_frame *frame, const lang_expr *expr, spec_value *out)
{
    switch ((int)expr->kind) {
    case LANG_EXPR_INT:
        *out = (spec_value){false, expr->as.integer};
        return SPEC_VALUE;
    case LANG_EXPR_BOOL:
        *out = (spec_value){true, expr->as.boolean};
        return SPEC_VALUE;
    case LANG_EXPR_NAME: {
        int index = variable_index(frame->pass, expr->as.name);
        if (index < 0 || (index == SPEC_RESULT && !frame->has_result)) {
            return SPEC_UNSUPPORTED;
        }
        *out = frame->values[index];
        return SPEC_VALUE;
    }
    case LANG_EXPR_BLOCK:
        return expr->as.block.count == 1 && expr->as.block.statements[0].kind == LANG_STATEMENT_EXPR
                   ? evaluate(frame, expr->as.block.statements[0].as.expr, out)
                   : SPEC_UNSUPPORTED;
    case LANG_EXPR_IF: {
        if (expr->as.condition.else_branch == NULL) {
            return SPEC_UNSUPPORTED;
        }
        spec_answer answer = evaluate(frame, expr->as.condition.condition, out);
        if (answer != SPEC_VALUE || !out->is_bool) {
            return answer == SPEC_VALUE ? SPEC_UNSUPPORTED : answer;
        }
        return evaluate(frame,
                        out->integer != 0 ? expr->as.condition.then_branch
                                          : expr->as.condition.else_branch,
                        out);
    }
    case LANG_EXPR_UNARY:
        return evaluate_unary(frame, expr, out);
    case LANG_EXPR_BINARY:
        return evaluate_binary(frame, expr, out);
    default: // Everything else is outside of the language of specifications.
        return SPEC_UNSUPPORTED;
    }
}

// Whether an expression is in the language at all, whichever branches a run takes.
static void find_unsupported(void *of, const lang_expr *expr)
{
    bool *unsupported = of;
    switch ((int)expr->kind) {
    case LANG_EXPR_INT:
    case LANG_EXPR_BOOL:
    case LANG_EXPR_NAME:
    case LANG_EXPR_IF:
    case LANG_EXPR_UNARY:
    case LANG_EXPR_BINARY:
    case LANG_EXPR_BLOCK:
        lang_walk(expr, find_unsupported, of);
        return;
    default: // Everything else.
        *unsupported = true;
        return;
    }
}

// ---- clauses ---------------------------------------------------------------------------------

static const lang_expr *precondition(const lang_spec_attribute *attribute)
{
    switch (attribute->kind) {
    case LANG_SPEC_GIVEN:
        return attribute->as.given.condition;
    case LANG_SPEC_REQUIRES:
    case LANG_SPEC_ASSUME:
        return attribute->as.expr;
    case LANG_SPEC_SPEC:
    case LANG_SPEC_RETURNS:
    case LANG_SPEC_ENSURES:
    case LANG_SPEC_PURE:
    case LANG_SPEC_TOTAL:
        return NULL;
    }
    return NULL;
}

static const lang_expr *postcondition(const lang_spec_attribute *attribute)
{
    return attribute->kind == LANG_SPEC_ENSURES ? attribute->as.expr : NULL;
}

// ---- search ----------------------------------------------------------------------------------

typedef struct spec_values {
    int64_t items[SPEC_VALUES_MAX];
    uint32_t count;
} spec_values;

static void add_value(spec_values *values, int64_t value)
{
    for (uint32_t i = 0; i < values->count; i++) {
        if (values->items[i] == value) {
            return;
        }
    }
    if (values->count < SPEC_VALUES_MAX) {
        values->items[values->count++] = value;
    }
}

static void collect_constants(void *of, const lang_expr *expr)
{
    if (expr->kind == LANG_EXPR_INT && expr->as.integer > INT64_MIN + 1 &&
        expr->as.integer < INT64_MAX) {
        for (int64_t step = -1; step <= 1; step++) {
            add_value(of, expr->as.integer + step);
            add_value(of, -(expr->as.integer + step));
        }
    }
    lang_walk(expr, collect_constants, of);
}

static void collect_values(const spec_pass *pass, spec_values *values)
{
    for (int64_t value = 0; value <= 3; value++) {
        add_value(values, value);
        add_value(values, -value);
    }
    add_value(values, 100);
    add_value(values, -100);
    for (uint32_t i = 0; i < pass->spec->count; i++) {
        const lang_expr *before = precondition(&pass->spec->attributes[i]);
        const lang_expr *after = postcondition(&pass->spec->attributes[i]);
        if (before != NULL) {
            collect_constants(values, before);
        }
        if (after != NULL) {
            collect_constants(values, after);
        }
    }
    collect_constants(values, pass->function->body);
}

// SPEC_VALUE with *holds, SPEC_SKIP (a precondition fails or has no value), or SPEC_UNSUPPORTED.
static spec_answer try_values(spec_frame *frame, bool *holds)
{
    const spec_pass *pass = frame->pass;
    spec_value value;
    *holds = true;
    frame->has_result = false;
    for (uint32_t i = 0; i < pass->spec->count; i++) {
        const lang_expr *condition = precondition(&pass->spec->attributes[i]);
        spec_answer answer = condition == NULL ? SPEC_VALUE : evaluate(frame, condition, &value);
        if (answer != SPEC_VALUE) {
            return answer;
        }
        if (condition != NULL && value.integer == 0) {
            return SPEC_SKIP;
        }
    }
    spec_answer answer = evaluate(frame, pass->function->body, &frame->values[SPEC_RESULT]);
    frame->has_result = true;
    for (uint32_t i = 0; answer == SPEC_VALUE && i < pass->spec->count; i++) {
        const lang_expr *condition = postcondition(&pass->spec->attributes[i]);
        if (condition != NULL) {
            answer = evaluate(frame, condition, &value);
            *holds = *holds && (answer != SPEC_VALUE || value.integer != 0);
        }
    }
    return answer;
}

// The next combination in the manner of an odometer; false after the last one.
static bool next_combination(const spec_pass *pass, const spec_values *values, uint32_t *digits,
                             spec_frame *frame)
{
    for (uint32_t i = 0; i < pass->count; i++) {
        uint32_t base = pass->is_bool[i] ? 2 : values->count;
        digits[i] = digits[i] + 1 == base ? 0 : digits[i] + 1;
        frame->values[i].integer = pass->is_bool[i] ? (int64_t)digits[i] : values->items[digits[i]];
        if (digits[i] != 0) {
            return true;
        }
    }
    return false;
}

typedef enum spec_verdict { SPEC_PROVED, SPEC_REFUTED, SPEC_UNDECIDED } spec_verdict;

static spec_verdict search(const spec_pass *pass, spec_frame *frame)
{
    spec_values values = {.count = 0};
    collect_values(pass, &values);
    uint32_t digits[SPEC_PARAMETERS_MAX] = {0};
    for (uint32_t i = 0; i < pass->count; i++) {
        frame->values[i] = (spec_value){pass->is_bool[i], pass->is_bool[i] ? 0 : values.items[0]};
    }
    for (uint32_t tries = 0; tries < SPEC_TRIES_MAX; tries++) {
        bool holds = true;
        spec_answer answer = try_values(frame, &holds);
        if (answer == SPEC_VALUE && !holds) {
            return SPEC_REFUTED;
        }
        if (!next_combination(pass, &values, digits, frame)) {
            break;
        }
    }
    return SPEC_UNDECIDED;
}

// ---- proof -----------------------------------------------------------------------------------

// A sum of terms coefficient * product of variables; terms differ in their powers.
typedef struct spec_term {
    int64_t coefficient;
    uint8_t powers[SPEC_PARAMETERS_MAX];
} spec_term;

typedef struct spec_polynomial {
    spec_term terms[SPEC_TERMS_MAX];
    uint32_t count;
} spec_polynomial;

static bool add_term(spec_polynomial *to, const spec_term *term)
{
    for (uint32_t i = 0; i < to->count; i++) {
        if (memcmp(to->terms[i].powers, term->powers, sizeof(term->powers)) == 0) {
            return !__builtin_add_overflow(to->terms[i].coefficient, term->coefficient,
                                           &to->terms[i].coefficient);
        }
    }
    if (to->count == SPEC_TERMS_MAX) {
        return false;
    }
    to->terms[to->count++] = *term;
    return true;
}

static bool add_scaled(spec_polynomial *to, const spec_polynomial *from, int64_t factor)
{
    for (uint32_t i = 0; i < from->count; i++) {
        spec_term term = from->terms[i];
        if (__builtin_mul_overflow(term.coefficient, factor, &term.coefficient) ||
            !add_term(to, &term)) {
            return false;
        }
    }
    return true;
}

static bool multiply(const spec_polynomial *a, const spec_polynomial *b, spec_polynomial *out)
{
    out->count = 0;
    for (uint32_t i = 0; i < a->count; i++) {
        for (uint32_t k = 0; k < b->count; k++) {
            spec_term term;
            if (__builtin_mul_overflow(a->terms[i].coefficient, b->terms[k].coefficient,
                                       &term.coefficient)) {
                return false;
            }
            for (uint32_t v = 0; v < SPEC_PARAMETERS_MAX; v++) {
                term.powers[v] = (uint8_t)(a->terms[i].powers[v] + b->terms[k].powers[v]);
                if (term.powers[v] > 32) {
                    return false;
                }
            }
            if (!add_term(out, &term)) {
                return false;
            }
        }
    }
    return true;
}

// result: what `result` stands for, or NULL.
static bool polynomial_of(const spec_pass *pass, const lang_expr *expr,
                          const spec_polynomial *result, spec_polynomial *out);

static bool polynomial_of_binary(const spec_pass *pass, const lang_expr *expr,
                                 const spec_polynomial *result, spec_polynomial *out)
{
    lang_binary operator_ = expr->as.binary.operator_;
    if (operator_ != LANG_BINARY_ADD && operator_ != LANG_BINARY_SUBTRACT &&
        operator_ != LANG_BINARY_MULTIPLY) {
        return false;
    }
    spec_polynomial left;
    spec_polynomial right;
    if (!polynomial_of(pass, expr->as.binary.left, result, &left) ||
        !polynomial_of(pass, expr->as.binary.right, result, &right)) {
        return false;
    }
    if (operator_ == LANG_BINARY_MULTIPLY) {
        return multiply(&left, &right, out);
    }
    *out = left;
    return add_scaled(out, &right, operator_ == LANG_BINARY_ADD ? 1 : -1);
}

static bool polynomial_of(const spec_pass *pass, const lang_expr *expr,
                          const spec_polynomial *result, spec_polynomial *out)
{
    out->count = 0;
    spec_term term = {.coefficient = 1};
    switch ((int)expr->kind) {
    case LANG_EXPR_INT:
        term.coefficient = expr->as.integer;
        return add_term(out, &term);
    case LANG_EXPR_NAME: {
        int index = variable_index(pass, expr->as.name);
        if (index == SPEC_RESULT && result != NULL) {
            *out = *result;
            return true;
        }
        if (index < 0 || index >= SPEC_PARAMETERS_MAX || pass->is_bool[index]) {
            return false;
        }
        term.powers[index] = 1;
        return add_term(out, &term);
    }
    case LANG_EXPR_BLOCK:
        return expr->as.block.count == 1 &&
               expr->as.block.statements[0].kind == LANG_STATEMENT_EXPR &&
               polynomial_of(pass, expr->as.block.statements[0].as.expr, result, out);
    case LANG_EXPR_UNARY: {
        spec_polynomial operand;
        return expr->as.unary.operator_ == LANG_UNARY_NEGATE &&
               polynomial_of(pass, expr->as.unary.operand, result, &operand) &&
               add_scaled(out, &operand, -1);
    }
    case LANG_EXPR_BINARY:
        return polynomial_of_binary(pass, expr, result, out);
    default: // No polynomial.
        return false;
    }
}

// What is known of the parameters on the way to a leaf of the body: both ends inclusive.
typedef struct spec_ranges {
    int64_t low[SPEC_PARAMETERS_MAX];
    int64_t high[SPEC_PARAMETERS_MAX];
} spec_ranges;

__extension__ typedef __int128 wide_integer; // Sums of products of 64-bit numbers.

// Bounds of a linear polynomial; false if it is not linear. Saturates to "no bound" on overflow.
static bool bounds_of(const spec_polynomial *polynomial, const spec_ranges *ranges, int64_t *low,
                      int64_t *high)
{
    wide_integer least = 0;
    wide_integer most = 0;
    bool no_least = false;
    bool no_most = false;
    for (uint32_t i = 0; i < polynomial->count; i++) {
        const spec_term *term = &polynomial->terms[i];
        int variable = -1;
        for (int v = 0; v < SPEC_PARAMETERS_MAX; v++) {
            if (term->powers[v] > 1 || (term->powers[v] == 1 && variable >= 0)) {
                variable = SPEC_RESULT; // A product: only a vanished one is harmless.
                break;
            }
            variable = term->powers[v] == 1 ? v : variable;
        }
        wide_integer factor = term->coefficient;
        if (factor == 0) {
            continue;
        }
        if (variable == SPEC_RESULT) {
            return false;
        }
        if (variable < 0) {
            least += factor;
            most += factor;
            continue;
        }
        bool falls = factor < 0;
        int64_t at_least = falls ? ranges->high[variable] : ranges->low[variable];
        int64_t at_most = falls ? ranges->low[variable] : ranges->high[variable];
        no_least = no_least || at_least == INT64_MIN || at_least == INT64_MAX;
        no_most = no_most || at_most == INT64_MIN || at_most == INT64_MAX;
        least += factor * at_least;
        most += factor * at_most;
    }
    *low = no_least || least < INT64_MIN ? INT64_MIN : (int64_t)least;
    *high = no_most || most > INT64_MAX ? INT64_MAX : (int64_t)most;
    return true;
}

static lang_binary opposite(lang_binary operator_)
{
    switch ((int)operator_) {
    case LANG_BINARY_EQUAL:
        return LANG_BINARY_NOT_EQUAL;
    case LANG_BINARY_NOT_EQUAL:
        return LANG_BINARY_EQUAL;
    case LANG_BINARY_LESS:
        return LANG_BINARY_GREATER_EQUAL;
    case LANG_BINARY_GREATER_EQUAL:
        return LANG_BINARY_LESS;
    case LANG_BINARY_GREATER:
        return LANG_BINARY_LESS_EQUAL;
    case LANG_BINARY_LESS_EQUAL:
        return LANG_BINARY_GREATER;
    default: // Asked of comparisons only.
        return operator_;
    }
}

static void narrow(spec_ranges *ranges, uint32_t variable, lang_binary operator_, int64_t bound)
{
    int64_t low = ranges->low[variable];
    int64_t high = ranges->high[variable];
    switch ((int)operator_) {
    case LANG_BINARY_LESS:
        high = bound != INT64_MIN && bound - 1 < high ? bound - 1 : high;
        break;
    case LANG_BINARY_LESS_EQUAL:
        high = bound < high ? bound : high;
        break;
    case LANG_BINARY_GREATER:
        low = bound != INT64_MAX && bound + 1 > low ? bound + 1 : low;
        break;
    case LANG_BINARY_GREATER_EQUAL:
        low = bound > low ? bound : low;
        break;
    case LANG_BINARY_EQUAL:
        low = bound > low ? bound : low;
        high = bound < high ? bound : high;
        break;
    default: // Nothing follows for an interval.
        break;
    }
    ranges->low[variable] = low;
    ranges->high[variable] = high;
}

// Learns what it can from a condition that holds (or, negated, does not).
static void learn(const spec_pass *pass, spec_ranges *ranges, const lang_expr *expr, bool negated)
{
    if (expr->kind == LANG_EXPR_UNARY && expr->as.unary.operator_ == LANG_UNARY_NOT) {
        learn(pass, ranges, expr->as.unary.operand, !negated);
        return;
    }
    if (expr->kind != LANG_EXPR_BINARY) {
        return;
    }
    lang_binary operator_ = expr->as.binary.operator_;
    if (operator_ == (negated ? LANG_BINARY_OR : LANG_BINARY_AND)) {
        learn(pass, ranges, expr->as.binary.left, negated);
        learn(pass, ranges, expr->as.binary.right, negated);
        return;
    }
    bool truth = false;
    spec_polynomial left;
    spec_polynomial right;
    if (!compare(operator_, 0, 0, &truth) ||
        !polynomial_of(pass, expr->as.binary.left, NULL, &left) ||
        !polynomial_of(pass, expr->as.binary.right, NULL, &right) ||
        !add_scaled(&left, &right, -1)) {
        return;
    }
    // left is now variable + constant for the bounds that an interval can hold.
    int variable = -1;
    int64_t constant = 0;
    for (uint32_t i = 0; i < left.count; i++) {
        int found = -1;
        for (int v = 0; v < SPEC_PARAMETERS_MAX; v++) {
            if (left.terms[i].powers[v] != 0) {
                found = found < 0 && left.terms[i].powers[v] == 1 ? v : SPEC_RESULT;
            }
        }
        if (left.terms[i].coefficient == 0) {
            continue;
        }
        if (found < 0) {
            constant = left.terms[i].coefficient;
        } else if (found == SPEC_RESULT || variable >= 0 ||
                   (left.terms[i].coefficient != 1 && left.terms[i].coefficient != -1)) {
            return;
        } else {
            variable = found;
            if (left.terms[i].coefficient < 0) {
                // -x + c < 0 says c < x: the same as x + -c > 0.
                operator_ = operator_ == LANG_BINARY_LESS            ? LANG_BINARY_GREATER
                            : operator_ == LANG_BINARY_LESS_EQUAL    ? LANG_BINARY_GREATER_EQUAL
                            : operator_ == LANG_BINARY_GREATER       ? LANG_BINARY_LESS
                            : operator_ == LANG_BINARY_GREATER_EQUAL ? LANG_BINARY_LESS_EQUAL
                                                                     : operator_;
                left.terms[i].coefficient = 1;
                for (uint32_t k = 0; k < left.count; k++) {
                    if (k != i && left.terms[k].coefficient != INT64_MIN) {
                        left.terms[k].coefficient = -left.terms[k].coefficient;
                    }
                }
                constant = -constant;
            }
        }
    }
    if (variable >= 0 && constant != INT64_MIN) {
        narrow(ranges, (uint32_t)variable, negated ? opposite(operator_) : operator_, -constant);
    }
}

static bool is_empty(const spec_pass *pass, const spec_ranges *ranges)
{
    for (uint32_t i = 0; i < pass->count; i++) {
        if (ranges->low[i] > ranges->high[i]) {
            return true;
        }
    }
    return false;
}

static bool proves(const spec_pass *pass, const spec_ranges *ranges, const lang_expr *condition,
                   const spec_polynomial *result)
{
    if (condition->kind == LANG_EXPR_BOOL) {
        return condition->as.boolean;
    }
    if (condition->kind != LANG_EXPR_BINARY) {
        return false;
    }
    const lang_expr *left_side = condition->as.binary.left;
    const lang_expr *right_side = condition->as.binary.right;
    lang_binary operator_ = condition->as.binary.operator_;
    if (operator_ == LANG_BINARY_AND) {
        return proves(pass, ranges, left_side, result) && proves(pass, ranges, right_side, result);
    }
    if (operator_ == LANG_BINARY_OR) {
        return proves(pass, ranges, left_side, result) || proves(pass, ranges, right_side, result);
    }
    spec_polynomial left;
    spec_polynomial right;
    int64_t low = 0;
    int64_t high = 0;
    if (!polynomial_of(pass, left_side, result, &left) ||
        !polynomial_of(pass, right_side, result, &right) || !add_scaled(&left, &right, -1) ||
        !bounds_of(&left, ranges, &low, &high)) {
        return false;
    }
    switch ((int)operator_) {
    case LANG_BINARY_EQUAL:
        return low == 0 && high == 0;
    case LANG_BINARY_NOT_EQUAL:
        return low > 0 || high < 0;
    case LANG_BINARY_LESS:
        return high < 0;
    case LANG_BINARY_LESS_EQUAL:
        return high <= 0;
    case LANG_BINARY_GREATER:
        return low > 0;
    case LANG_BINARY_GREATER_EQUAL:
        return low >= 0;
    default: // No comparison.
        return false;
    }
}

static bool prove_leaf(const spec_pass *pass, const spec_ranges *ranges, const lang_expr *body)
{
    spec_polynomial result;
    if (!polynomial_of(pass, body, NULL, &result)) {
        return false;
    }
    for (uint32_t i = 0; i < pass->spec->count; i++) {
        const lang_expr *condition = postcondition(&pass->spec->attributes[i]);
        if (condition != NULL && !proves(pass, ranges, condition, &result)) {
            return false;
        }
    }
    return true;
}

static bool prove(const spec_pass *pass, spec_ranges ranges, const lang_expr *body)
{
    if (is_empty(pass, &ranges)) {
        return true; // Nothing gets here.
    }
    if (body->kind == LANG_EXPR_BLOCK && body->as.block.count == 1 &&
        body->as.block.statements[0].kind == LANG_STATEMENT_EXPR) {
        return prove(pass, ranges, body->as.block.statements[0].as.expr);
    }
    if (body->kind != LANG_EXPR_IF || body->as.condition.else_branch == NULL) {
        return prove_leaf(pass, &ranges, body);
    }
    spec_ranges otherwise = ranges;
    learn(pass, &ranges, body->as.condition.condition, false);
    learn(pass, &otherwise, body->as.condition.condition, true);
    return prove(pass, ranges, body->as.condition.then_branch) &&
           prove(pass, otherwise, body->as.condition.else_branch);
}

static bool prove_all(const spec_pass *pass)
{
    spec_ranges ranges;
    for (uint32_t i = 0; i < SPEC_PARAMETERS_MAX; i++) {
        ranges.low[i] = INT64_MIN;
        ranges.high[i] = INT64_MAX;
    }
    for (uint32_t i = 0; i < pass->spec->count; i++) {
        const lang_expr *condition = precondition(&pass->spec->attributes[i]);
        if (condition != NULL) {
            learn(pass, &ranges, condition, false);
        }
    }
    return prove(pass, ranges, pass->function->body);
}

// ---- reports ---------------------------------------------------------------------------------

static bool read_parameters(spec_pass *pass)
{
    const lang_parameter_list *parameters = &pass->function->parameters;
    if (parameters->count > SPEC_PARAMETERS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < parameters->count; i++) {
        const lang_parameter *parameter = &parameters->items[i];
        if (parameter->pattern->kind != LANG_PATTERN_NAME ||
            parameter->type->kind != LANG_TYPE_NAME) {
            return false;
        }
        bl_slice type = parameter->type->as.named.name.text;
        pass->is_bool[i] =
            bl_slice_equal(type, BL_SLICE("Bool")) || bl_slice_equal(type, BL_SLICE("Boolean"));
        if (!pass->is_bool[i] && !bl_slice_equal(type, BL_SLICE("Int"))) {
            return false;
        }
        pass->names[i] = parameter->pattern->as.name;
    }
    pass->count = parameters->count;
    return true;
}

static void write_value(bl_buffer *out, bl_slice name, spec_value value)
{
    if (value.is_bool) {
        bl_buffer_format(out, "%.*s = %s", BL_SLICE_ARG(name),
                         value.integer != 0 ? "true" : "false");
    } else {
        bl_buffer_format(out, "%.*s = %lld", BL_SLICE_ARG(name), (long long)value.integer);
    }
}

static void report_refuted(const spec_pass *pass, const spec_frame *frame)
{
    lang_diagnostics *list = &pass->unit->diagnostics;
    bl_buffer text = {0};
    for (uint32_t i = 0; i < pass->count; i++) {
        write_value(&text, pass->names[i], frame->values[i]);
        bl_buffer_append_slice(&text, BL_SLICE(", "));
    }
    write_value(&text, BL_SLICE("result"), frame->values[SPEC_RESULT]);
    lang_diagnostic *found =
        lang_diagnostics_add(list, LANG_SPEC_001, pass->spec->span,
                             "Specification violation in `%.*s`: postcondition may not hold",
                             BL_SLICE_ARG(pass->function->name.text));
    lang_diagnostic_context(list, found, "Counter-example: %.*s",
                            BL_SLICE_ARG(bl_buffer_slice(&text)));
    bl_buffer_deinit(&text);
}

static void report_undecided(const spec_pass *pass)
{
    lang_diagnostics *list = &pass->unit->diagnostics;
    lang_diagnostic *found =
        lang_diagnostics_add(list, LANG_SPEC_003, pass->spec->span,
                             "Specification for `%.*s` could not be verified: neither a proof nor "
                             "a counter-example was found",
                             BL_SLICE_ARG(pass->function->name.text));
    lang_diagnostic_context(list, found,
                            "Specifications over Int and Bool with linear arithmetic are decided.");
}

static bool is_supported(const spec_pass *pass)
{
    bool unsupported = false;
    find_unsupported(&unsupported, pass->function->body);
    for (uint32_t i = 0; i < pass->spec->count; i++) {
        const lang_expr *before = precondition(&pass->spec->attributes[i]);
        const lang_expr *after = postcondition(&pass->spec->attributes[i]);
        if (before != NULL) {
            find_unsupported(&unsupported, before);
        }
        if (after != NULL) {
            find_unsupported(&unsupported, after);
        }
    }
    return !unsupported;
}

static void check_function(lang_unit *unit, const lang_item *item)
{
    spec_pass pass = {.unit = unit, .function = &item->as.function, .spec = item->spec};
    if (!read_parameters(&pass) || !is_supported(&pass)) {
        report_undecided(&pass);
        return;
    }
    spec_frame frame = {.pass = &pass};
    if (search(&pass, &frame) == SPEC_REFUTED) {
        report_refuted(&pass, &frame);
    } else if (!prove_all(&pass)) {
        report_undecided(&pass);
    }
}

void lang_check_specs(lang_unit *unit)
{
    for (uint32_t i = 0; i < unit->tree->count; i++) {
        const lang_item *item = unit->tree->items[i];
        if (item->kind == LANG_ITEM_FUNCTION && lang_spec_has(item->spec, LANG_SPEC_ENSURES)) {
            check_function(unit, item);
        }
    }
}
