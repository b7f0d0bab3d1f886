// lang/specs_proof.c: proofs of postconditions: polynomials and intervals.
//
// The body is split at its ifs; each way through it narrows the intervals that its conditions and
// the preconditions put on the parameters. At a leaf the result is a polynomial in the parameters,
// and each comparison of a postcondition is the sign of a difference of two polynomials: equal ones
// vanish, linear ones have bounds, and so have those that differ from a condition on the way by
// something with bounds. Whatever is not covered is not proved.
#include "lang/specs.h"

#define SPEC_TERMS_MAX 64 // Of a polynomial.
#define SPEC_FACTS_MAX 32 // On one way to a leaf: each is tried at each comparison there.

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
        int index = lang_spec_variable(pass, expr->as.name);
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

// A polynomial that is not negative on the way to a leaf: `a > b` gives a - b - 1.
typedef struct spec_fact {
    spec_polynomial polynomial;
    const struct spec_fact *next;
} spec_fact;

// What is known of the parameters on the way to a leaf of the body: both ends inclusive.
typedef struct spec_ranges {
    int64_t low[SPEC_PARAMETERS_MAX];
    int64_t high[SPEC_PARAMETERS_MAX];
    const spec_fact *facts;
    uint32_t fact_count;
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

// Bounds of a polynomial by the intervals alone, or by those of its distance from one fact: what
// exceeds a number that is not negative is at least as large as the difference.
static bool bounds_by_facts(const spec_polynomial *polynomial, const spec_ranges *ranges,
                            int64_t *low, int64_t *high)
{
    bool is_bounded = bounds_of(polynomial, ranges, low, high);
    if (!is_bounded) {
        *low = INT64_MIN;
        *high = INT64_MAX;
    }
    for (const spec_fact *fact = ranges->facts; fact != NULL; fact = fact->next) {
        int64_t least = 0;
        int64_t most = 0;
        int64_t unused = 0;
        spec_polynomial distance = *polynomial;
        if (add_scaled(&distance, &fact->polynomial, -1) &&
            bounds_of(&distance, ranges, &least, &unused)) {
            *low = least > *low ? least : *low;
            is_bounded = true;
        }
        distance = *polynomial;
        if (add_scaled(&distance, &fact->polynomial, 1) &&
            bounds_of(&distance, ranges, &unused, &most)) {
            *high = most < *high ? most : *high;
            is_bounded = true;
        }
    }
    return is_bounded;
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

// Remembers that sign * difference - less is not negative.
static void add_fact(const spec_pass *pass, spec_ranges *ranges, const spec_polynomial *difference,
                     int64_t sign, int64_t less)
{
    if (ranges->fact_count == SPEC_FACTS_MAX) {
        return;
    }
    spec_fact *fact = bl_arena_alloc_zeroed(pass->unit->world->arena, sizeof(*fact));
    spec_term constant = {.coefficient = -less};
    if (add_scaled(&fact->polynomial, difference, sign) && add_term(&fact->polynomial, &constant)) {
        fact->next = ranges->facts;
        ranges->facts = fact;
        ranges->fact_count += 1;
    }
}

// The comparison `difference operator_ 0` holds.
static void learn_fact(const spec_pass *pass, spec_ranges *ranges,
                       const spec_polynomial *difference, lang_binary operator_)
{
    bool is_strict = operator_ == LANG_BINARY_LESS || operator_ == LANG_BINARY_GREATER;
    bool is_equal = operator_ == LANG_BINARY_EQUAL;
    if (is_equal || operator_ == LANG_BINARY_GREATER || operator_ == LANG_BINARY_GREATER_EQUAL) {
        add_fact(pass, ranges, difference, 1, is_strict ? 1 : 0);
    }
    if (is_equal || operator_ == LANG_BINARY_LESS || operator_ == LANG_BINARY_LESS_EQUAL) {
        add_fact(pass, ranges, difference, -1, is_strict ? 1 : 0);
    }
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
    if (!lang_spec_compare(operator_, 0, 0, &truth) ||
        !polynomial_of(pass, expr->as.binary.left, NULL, &left) ||
        !polynomial_of(pass, expr->as.binary.right, NULL, &right) ||
        !add_scaled(&left, &right, -1)) {
        return;
    }
    learn_fact(pass, ranges, &left, negated ? opposite(operator_) : operator_);
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
        !bounds_by_facts(&left, ranges, &low, &high)) {
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
        const lang_expr *condition = lang_spec_postcondition(&pass->spec->attributes[i]);
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

bool lang_spec_is_proved(const spec_pass *pass)
{
    spec_ranges ranges = {.facts = NULL};
    for (uint32_t i = 0; i < SPEC_PARAMETERS_MAX; i++) {
        ranges.low[i] = INT64_MIN;
        ranges.high[i] = INT64_MAX;
    }
    for (uint32_t i = 0; i < pass->spec->count; i++) {
        const lang_expr *condition = lang_spec_precondition(&pass->spec->attributes[i]);
        if (condition != NULL) {
            learn(pass, &ranges, condition, false);
        }
    }
    return prove(pass, ranges, pass->function->body);
}
