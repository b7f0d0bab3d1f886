// lang/specs.c: pass 7 (level full): do the postconditions of a function hold?
//
// Decided without a solver, in three steps: (1) only Int and Bool parameters, + - * / %,
// comparisons, && || not, if and literals are supported; anything else is undecided. (2) A search
// for a counter-example over small values and the constants of the clauses. (3) A proof: each
// @ensures is `result == e` with body and e the same polynomial, or follows by interval reasoning
// over linear terms (specs_proof.c). What is neither refuted nor proved is SPEC_003.
#include "lang/specs.h"
#include "lang/walk.h"

#define SPEC_TRIES_MAX 20000 // Combinations of the search.
#define SPEC_VALUES_MAX 64   // Candidate values for one parameter.

int lang_spec_variable(const spec_pass *pass, bl_slice name)
{
    for (uint32_t i = 0; i < pass->count; i++) {
        if (bl_slice_equal(pass->names[i], name)) {
            return (int)i;
        }
    }
    return bl_slice_equal(name, BL_SLICE("result")) ? SPEC_RESULT : -1;
}

bool lang_spec_compare(lang_binary operator_, int64_t a, int64_t b, bool *out)
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
    if (lang_spec_compare(operator_, left.integer, right.integer, &truth)) {
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
        int index = lang_spec_variable(frame->pass, expr->as.name);
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

const lang_expr *lang_spec_precondition(const lang_spec_attribute *attribute)
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

const lang_expr *lang_spec_postcondition(const lang_spec_attribute *attribute)
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
        const lang_expr *before = lang_spec_precondition(&pass->spec->attributes[i]);
        const lang_expr *after = lang_spec_postcondition(&pass->spec->attributes[i]);
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
        const lang_expr *condition = lang_spec_precondition(&pass->spec->attributes[i]);
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
        const lang_expr *condition = lang_spec_postcondition(&pass->spec->attributes[i]);
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

// Parameters that are all Bool, or none: the search sees every case, and what it does not refute
// is proved.
static bool has_few_cases(const spec_pass *pass)
{
    for (uint32_t i = 0; i < pass->count; i++) {
        if (!pass->is_bool[i]) {
            return false;
        }
    }
    return true;
}

static spec_verdict search(const spec_pass *pass, spec_frame *frame)
{
    spec_values values = {.count = 0};
    collect_values(pass, &values);
    uint32_t digits[SPEC_PARAMETERS_MAX] = {0};
    for (uint32_t i = 0; i < pass->count; i++) {
        frame->values[i] = (spec_value){pass->is_bool[i], pass->is_bool[i] ? 0 : values.items[0]};
    }
    bool is_complete = has_few_cases(pass);
    for (uint32_t tries = 0; tries < SPEC_TRIES_MAX; tries++) {
        bool holds = true;
        spec_answer answer = try_values(frame, &holds);
        if (answer == SPEC_VALUE && !holds) {
            return SPEC_REFUTED;
        }
        is_complete = is_complete && answer == SPEC_VALUE;
        if (!next_combination(pass, &values, digits, frame)) {
            break;
        }
    }
    return is_complete ? SPEC_PROVED : SPEC_UNDECIDED;
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
        const lang_expr *before = lang_spec_precondition(&pass->spec->attributes[i]);
        const lang_expr *after = lang_spec_postcondition(&pass->spec->attributes[i]);
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
    spec_verdict verdict = search(&pass, &frame);
    if (verdict == SPEC_REFUTED) {
        report_refuted(&pass, &frame);
    } else if (verdict == SPEC_UNDECIDED && !lang_spec_is_proved(&pass)) {
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
