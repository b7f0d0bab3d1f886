// lang/format_expr.c: expressions as documents.
//
// Strings are printed as they are written, with all that is in them. Parentheses, braces and
// semicolons that the meaning rests on stay: match arms are greedy, and a `(` is a call only on
// the line of what it calls, so a document never breaks before the `(` of a call.
#include "lang/format_parts.h"
#include "lang/lexer.h"

static const doc *bare_expr(formatter *format, const lang_expr *expr);

// ---- what an expression is like ----------------------------------------------------------------

static bool is_block(const lang_expr *expr)
{
    return expr->kind == LANG_EXPR_BLOCK && expr->paren_count == 0;
}

static bool holds_comment(const formatter *format, const lang_expr *expr)
{
    return fmt_has_comment(format, expr->inner.start, expr->inner.end);
}

// Starts and ends with a bracket of its own, so it may begin on the line of what stands before.
static bool is_bracketed(const formatter *format, const lang_expr *expr)
{
    if (expr->paren_count > 0) {
        return false;
    }
    switch ((int)expr->kind) { // Few of many.
    case LANG_EXPR_BLOCK:
    case LANG_EXPR_HANDLE:
    case LANG_EXPR_RESTRICT:
    case LANG_EXPR_WITH_RECORDS:
    case LANG_EXPR_WITH_CAPTURE:
    case LANG_EXPR_STRUCT:
    case LANG_EXPR_UPDATE:
        return true;
    case LANG_EXPR_RECORD:
        return expr->as.record.count > 0 || holds_comment(format, expr);
    case LANG_EXPR_LIST:
    case LANG_EXPR_SET:
        return expr->as.list.count > 0 || holds_comment(format, expr);
    case LANG_EXPR_MAP:
        return expr->as.map.count > 0 || holds_comment(format, expr);
    case LANG_EXPR_STRING:
        return fmt_has_newline(format, expr->inner.start, expr->inner.end);
    default:
        return false;
    }
}

// May begin on the line of a `=` or `->` and go on below.
static bool starts_inline(const formatter *format, const lang_expr *expr)
{
    if (is_bracketed(format, expr)) {
        return true;
    }
    switch ((int)expr->kind) { // Few of many.
    case LANG_EXPR_MATCH:
    case LANG_EXPR_CALL:
    case LANG_EXPR_PIPE:
    case LANG_EXPR_FOR:
        return true;
    case LANG_EXPR_LAMBDA:
        return is_bracketed(format, expr->as.lambda.body);
    case LANG_EXPR_IF:
        return expr->paren_count == 0 && is_block(expr->as.condition.then_branch);
    case LANG_EXPR_TRY:
        return starts_inline(format, expr->as.operand);
    default:
        return false;
    }
}

// As the last argument of a call it may open on the line of the call and close with it.
static bool is_hugged(const formatter *format, const lang_expr *expr)
{
    if (expr->kind == LANG_EXPR_LAMBDA && expr->paren_count == 0) {
        return is_bracketed(format, expr->as.lambda.body);
    }
    return is_bracketed(format, expr);
}

// The last token of the expression belongs to the last arm of a match, which goes on if it can.
static bool ends_in_arm(const lang_expr *expr)
{
    while (expr != NULL && expr->paren_count == 0) {
        switch ((int)expr->kind) { // Few of many.
        case LANG_EXPR_MATCH:
            return true;
        case LANG_EXPR_LAMBDA:
            expr = expr->as.lambda.body;
            break;
        case LANG_EXPR_IF:
            expr = expr->as.condition.else_branch != NULL ? expr->as.condition.else_branch
                                                          : expr->as.condition.then_branch;
            break;
        case LANG_EXPR_FOR:
            expr = expr->as.loop.body;
            break;
        case LANG_EXPR_WITH_RECORDS:
            expr = expr->as.with.body;
            break;
        case LANG_EXPR_EXPECT:
            expr = expr->as.expect.operand;
            break;
        case LANG_EXPR_UNARY:
            expr = expr->as.unary.operand;
            break;
        case LANG_EXPR_BINARY:
        case LANG_EXPR_PIPE:
        case LANG_EXPR_RANGE:
            expr = expr->as.binary.right;
            break;
        default:
            return false;
        }
    }
    return false;
}

// ---- bodies ------------------------------------------------------------------------------------

const doc *fmt_body(formatter *format, const lang_expr *expr, fmt_body_kind kind)
{
    bool bracketed = is_bracketed(format, expr);
    bool same_line = kind == FMT_BODY_FUNCTION ? bracketed : starts_inline(format, expr);
    bool kept = kind != FMT_BODY_INNER && !bracketed && fmt_starts_line(format, expr->span.start);
    size_t mark = fmt_begin(format);
    fmt_add(format, fmt_trailing(format, expr->span.start));
    kept |= !bracketed && fmt_comment_starts_line(format, expr->span.start);
    if (kept) {
        fmt_add(format, &doc_hard);
        fmt_add(format, fmt_leading(format, expr->span.start));
        fmt_add(format, fmt_expr(format, expr));
        return doc_indent(format->arena, fmt_end(format, mark));
    }
    if (same_line && !is_block(expr)) {
        fmt_add(format, doc_body(format->arena, fmt_expr(format, expr)));
        return fmt_end(format, mark);
    }
    fmt_add(format, same_line ? &doc_space : &doc_line);
    fmt_add(format, fmt_expr(format, expr));
    const doc *body = fmt_end(format, mark);
    return same_line ? body : doc_group(format->arena, doc_indent(format->arena, body));
}

// ---- brackets ----------------------------------------------------------------------------------

static const doc *expr_list(formatter *format, const lang_expr *expr, const char *open_text,
                            const char *close_text, bool spaced)
{
    lang_expr_list elements = expr->as.list;
    uint32_t close = expr->inner.end - 1;
    uint32_t first = elements.count > 0 ? elements.items[0]->span.start : close;
    fmt_list list = fmt_list_begin(format, expr->inner.start, first);
    for (uint32_t index = 0; index < elements.count; index++) {
        fmt_list_next(format, &list, elements.items[index]->span.start);
        fmt_list_add(format, fmt_expr(format, elements.items[index]));
    }
    return fmt_list_end(format, &list, open_text, close_text, close, spaced);
}

static const doc *map_literal(formatter *format, const lang_expr *expr)
{
    uint32_t close = expr->inner.end - 1;
    uint32_t count = expr->as.map.count;
    uint32_t first = count > 0 ? expr->as.map.entries[0].key->span.start : close;
    fmt_list list = fmt_list_begin(format, expr->inner.start, first);
    for (uint32_t index = 0; index < count; index++) {
        const lang_map_entry *entry = &expr->as.map.entries[index];
        fmt_list_next(format, &list, entry->key->span.start);
        size_t mark = fmt_begin(format);
        fmt_add(format, fmt_expr(format, entry->key));
        fmt_text(format, ":");
        fmt_add(format, fmt_body(format, entry->value, FMT_BODY_INNER));
        fmt_list_add(format, fmt_end(format, mark));
    }
    return fmt_list_end(format, &list, "#{", "}", close, count > 0);
}

// Behind the `{`: where the first thing in it starts.
static uint32_t record_first(const lang_expr *expr, uint32_t close)
{
    return expr->as.record.base != NULL ? expr->as.record.base->span.start
           : expr->as.record.count > 0  ? expr->as.record.fields[0].span.start
                                        : close;
}

static const doc *record_braces(formatter *format, const lang_expr *expr, uint32_t open)
{
    uint32_t close = expr->inner.end - 1;
    const lang_expr *base = expr->as.record.base;
    fmt_list list = fmt_list_begin(format, open, record_first(expr, close));
    if (base != NULL) {
        fmt_list_next(format, &list, base->span.start);
        fmt_text(format, "..");
        fmt_list_add(format, fmt_expr(format, base));
    }
    for (uint32_t index = 0; index < expr->as.record.count; index++) {
        const lang_field *field = &expr->as.record.fields[index];
        fmt_list_next(format, &list, field->span.start);
        size_t mark = fmt_begin(format);
        fmt_add(format, fmt_field_name(format, &field->name));
        fmt_text(format, ":");
        fmt_add(format, fmt_body(format, field->value, FMT_BODY_INNER));
        fmt_list_add(format, fmt_end(format, mark));
    }
    bool empty = base == NULL && expr->as.record.count == 0;
    return fmt_list_end(format, &list, "{", "}", close, !empty);
}

static const doc *struct_literal(formatter *format, const lang_expr *expr)
{
    size_t mark = fmt_begin(format);
    lang_name name = expr->as.record.type_name;
    fmt_slice(format, name.text);
    fmt_add(format, &doc_space);
    uint32_t open = name.span.end; // Only blanks, comments and the brace lie between.
    const char *brace = memchr(format->text + open, '{', expr->inner.end - open);
    if (brace != NULL) {
        open = (uint32_t)(brace - format->text);
    }
    fmt_add(format, record_braces(format, expr, open));
    return fmt_end(format, mark);
}

// ---- blocks ------------------------------------------------------------------------------------

const doc *fmt_let(formatter *format, const lang_let *let)
{
    size_t mark = fmt_begin(format);
    fmt_text(format, let->mutable ? "let mut " : "let ");
    fmt_add(format, fmt_pattern(format, let->pattern));
    if (let->type != NULL) {
        fmt_text(format, ": ");
        fmt_add(format, fmt_type(format, let->type));
    }
    fmt_text(format, " =");
    fmt_add(format, fmt_body(format, let->value, FMT_BODY_INNER));
    return fmt_end(format, mark);
}

static const doc *assignment(formatter *format, const lang_assign *assign)
{
    size_t mark = fmt_begin(format);
    fmt_slice(format, assign->target.text);
    for (uint32_t index = 0; index < assign->fields.count; index++) {
        fmt_text(format, ".");
        fmt_slice(format, assign->fields.items[index].text);
    }
    fmt_text(format, " =");
    fmt_add(format, fmt_body(format, assign->value, FMT_BODY_INNER));
    return fmt_end(format, mark);
}

static const lang_expr *last_expr(const lang_statement *statement)
{
    switch (statement->kind) {
    case LANG_STATEMENT_LET:
        return statement->as.let.value;
    case LANG_STATEMENT_ASSIGN:
        return statement->as.assign.value;
    case LANG_STATEMENT_EXPR:
        return statement->as.expr;
    }
    return NULL;
}

// A word at the start of a statement that could continue the statement before.
static bool is_continuing_word(const formatter *format, uint32_t start)
{
    static const char *const words[] = {"then", "else", "do", "in", "with"};
    bl_slice rest = {format->text + start, format->size - start};
    for (size_t index = 0; index < BL_ARRAY_COUNT(words); index++) {
        size_t size = strlen(words[index]);
        if (rest.size >= size && memcmp(rest.data, words[index], size) == 0) {
            return true;
        }
    }
    return rest.size > 3 && memcmp(rest.data, "to_", 3) == 0;
}

// Without its `;` the statement would swallow the next one.
static bool needs_semicolon(const formatter *format, const lang_statement *statement,
                            const lang_statement *next)
{
    if (!statement->semicolon || next == NULL) {
        return false;
    }
    char c = format->text[next->span.start];
    if (c == '-' || c == '|' || c == '{' || is_continuing_word(format, next->span.start)) {
        return true;
    }
    return next->kind != LANG_STATEMENT_LET && ends_in_arm(last_expr(statement));
}

static const doc *statement_doc(formatter *format, const lang_statement *statement,
                                const lang_statement *next)
{
    size_t mark = fmt_begin(format);
    switch (statement->kind) {
    case LANG_STATEMENT_LET:
        fmt_add(format, fmt_let(format, &statement->as.let));
        break;
    case LANG_STATEMENT_ASSIGN:
        fmt_add(format, assignment(format, &statement->as.assign));
        break;
    case LANG_STATEMENT_EXPR:
        fmt_add(format, fmt_expr(format, statement->as.expr));
        break;
    }
    if (needs_semicolon(format, statement, next)) {
        fmt_text(format, ";");
    }
    return fmt_end(format, mark);
}

static bool has_comment_before(const formatter *format, uint32_t offset)
{
    return format->comment < format->tree->comment_count &&
           format->tree->comments[format->comment].span.start < offset;
}

// One statement that was written on one line may stay there.
static const doc *block(formatter *format, const lang_expr *expr)
{
    uint32_t count = expr->as.block.count;
    const lang_statement *statements = expr->as.block.statements;
    bool one_line = count == 1 && !fmt_has_newline(format, expr->inner.start, expr->inner.end) &&
                    !has_comment_before(format, expr->inner.end);
    const doc *edge = one_line ? &doc_line : &doc_hard;
    size_t mark = fmt_begin(format);
    fmt_text(format, "{");
    fmt_add(format, fmt_trailing(format, statements[0].span.start));
    size_t inside = fmt_begin(format);
    fmt_add(format, edge);
    fmt_lines lines = fmt_lines_begin(format);
    for (uint32_t index = 0; index < count; index++) {
        const lang_statement *next = index + 1 < count ? &statements[index + 1] : NULL;
        fmt_lines_next(format, &lines, statements[index].span.start);
        const doc *statement = statement_doc(format, &statements[index], next);
        fmt_lines_add(format, &lines, statement, statements[index].span.end);
    }
    fmt_add(format, fmt_lines_end(format, &lines, expr->inner.end - 1));
    fmt_add(format, doc_indent(format->arena, fmt_end(format, inside)));
    fmt_add(format, edge);
    fmt_text(format, "}");
    return doc_group(format->arena, fmt_end(format, mark));
}

// ---- calls -------------------------------------------------------------------------------------

static const doc *argument_doc(formatter *format, const lang_argument *argument)
{
    if (!lang_name_is_present(argument->name)) {
        return fmt_expr(format, argument->value);
    }
    size_t mark = fmt_begin(format);
    fmt_slice(format, argument->name.text);
    fmt_text(format, ":");
    fmt_add(format, fmt_body(format, argument->value, FMT_BODY_INNER));
    return fmt_end(format, mark);
}

// All arguments but the last on the line of the call, the last one open to the lines below it.
static const doc *hugging(formatter *format, const doc *const *arguments, uint32_t count)
{
    size_t mark = fmt_begin(format);
    fmt_text(format, "(");
    for (uint32_t index = 0; index + 1 < count; index++) {
        fmt_add(format, doc_flat(format->arena, arguments[index]));
        fmt_text(format, ", ");
    }
    fmt_add(format, arguments[count - 1]);
    fmt_text(format, ")");
    return fmt_end(format, mark);
}

static bool can_hug(const formatter *format, const lang_expr *call, const doc *const *arguments)
{
    uint32_t count = call->as.call.count;
    if (count == 0 || !is_hugged(format, call->as.call.arguments[count - 1].value)) {
        return false;
    }
    for (uint32_t index = 0; index + 1 < count; index++) {
        if (arguments[index]->broken) {
            return false;
        }
    }
    return true;
}

static const doc *call_arguments(formatter *format, const lang_expr *call)
{
    uint32_t count = call->as.call.count;
    uint32_t close = call->inner.end - 1;
    uint32_t open = call->as.call.callee->span.end;
    uint32_t first = count > 0 ? call->as.call.arguments[0].span.start : close;
    uint32_t comments = format->comment;
    const doc **arguments = bl_arena_alloc(format->arena, (count + 1) * sizeof(doc *));
    fmt_list list = fmt_list_begin(format, open, first);
    for (uint32_t index = 0; index < count; index++) {
        const lang_argument *argument = &call->as.call.arguments[index];
        fmt_list_next(format, &list, argument->span.start);
        arguments[index] = argument_doc(format, argument);
        fmt_list_add(format, arguments[index]);
    }
    // Comments among the arguments are only in the plain form, unless they are in the last one.
    uint32_t last_start = count > 0 ? call->as.call.arguments[count - 1].span.start : close;
    bool commented = (comments < format->tree->comment_count &&
                      format->tree->comments[comments].span.start < last_start) ||
                     has_comment_before(format, close);
    const doc *plain = fmt_list_end(format, &list, "(", ")", close, false);
    if (commented) {
        return plain;
    }
    if (count == 1 && call->as.call.arguments[0].value->kind == LANG_EXPR_STRING) {
        return hugging(format, arguments, count); // A line of its own would gain nothing.
    }
    if (list.forced || !can_hug(format, call, arguments)) {
        return plain;
    }
    return doc_choice(format->arena, hugging(format, arguments, count), plain);
}

// ---- operators ---------------------------------------------------------------------------------

static uint8_t level_of(lang_binary operator_)
{
    static const uint8_t levels[LANG_BINARY_COUNT] = {
#define BINARY(name, text, level, token) [LANG_BINARY_##name] = level,
#include "lang/operators.def"
#undef BINARY
    };
    return levels[operator_];
}

static bool is_chain_link(const lang_expr *expr, uint8_t level)
{
    return expr->paren_count == 0 &&
           (expr->kind == LANG_EXPR_BINARY || expr->kind == LANG_EXPR_PIPE) &&
           level_of(expr->as.binary.operator_) == level;
}

// `a + b - c`: the operators of one level, each at the start of its line if the chain is broken.
static const doc *chain(formatter *format, const lang_expr *expr)
{
    uint8_t level = level_of(expr->as.binary.operator_);
    uint32_t count = 0;
    const lang_expr *first = expr;
    for (; is_chain_link(first, level) || first == expr; first = first->as.binary.left) {
        count++;
    }
    const lang_expr **links = bl_arena_alloc(format->arena, count * sizeof(lang_expr *));
    const lang_expr *link = expr;
    for (uint32_t index = count; index > 0; index--) {
        links[index - 1] = link;
        link = link->as.binary.left;
    }
    size_t mark = fmt_begin(format);
    fmt_add(format, fmt_expr(format, first));
    size_t rest = fmt_begin(format);
    for (uint32_t index = 0; index < count; index++) {
        const lang_expr *right = links[index]->as.binary.right;
        fmt_add(format, fmt_trailing(format, right->span.start));
        fmt_add(format, &doc_line);
        fmt_add(format, fmt_leading(format, links[index]->as.binary.operator_span.start));
        fmt_text(format, lang_binary_text(links[index]->as.binary.operator_));
        fmt_add(format, &doc_space);
        fmt_add(format, fmt_expr(format, right));
    }
    fmt_add(format, doc_indent(format->arena, fmt_end(format, rest)));
    const doc *whole = fmt_end(format, mark);
    // A pipe that was written over several lines stays so.
    uint32_t operator_start = links[0]->as.binary.operator_span.start;
    bool forced =
        expr->kind == LANG_EXPR_PIPE && fmt_has_newline(format, first->span.end, operator_start);
    return forced ? doc_broken_group(format->arena, whole) : doc_group(format->arena, whole);
}

static const doc *range(formatter *format, const lang_expr *expr)
{
    size_t mark = fmt_begin(format);
    fmt_add(format, fmt_expr(format, expr->as.binary.left));
    fmt_text(format, "..");
    fmt_add(format, fmt_expr(format, expr->as.binary.right));
    return fmt_end(format, mark);
}

static const doc *unary(formatter *format, const lang_expr *expr)
{
    size_t mark = fmt_begin(format);
    fmt_text(format, expr->as.unary.operator_ == LANG_UNARY_NOT ? "not " : "-");
    fmt_add(format, fmt_expr(format, expr->as.unary.operand));
    return fmt_end(format, mark);
}

// `e? ?`: without the blank the two would be one token.
static const doc *try_doc(formatter *format, const lang_expr *expr)
{
    const lang_expr *operand = expr->as.operand;
    size_t mark = fmt_begin(format);
    fmt_add(format, fmt_expr(format, operand));
    fmt_text(format, operand->kind == LANG_EXPR_TRY && operand->paren_count == 0 ? " ?" : "?");
    return fmt_end(format, mark);
}

// ---- control -----------------------------------------------------------------------------------

// Where the `then` before the branch stands.
static uint32_t then_start(const formatter *format, const lang_expr *expr)
{
    static const char word[] = "then";
    uint32_t size = sizeof word - 1;
    uint32_t start = expr->as.condition.then_branch->span.start - size;
    uint32_t lowest = expr->as.condition.condition->span.end;
    while (start > lowest &&
           (memcmp(format->text + start, word, size) != 0 || fmt_is_in_comment(format, start))) {
        start--;
    }
    return start;
}

// One clause: `if c then a`, with `then` on its own line if it does not fit or was written so.
static void add_if_clause(formatter *format, const lang_expr *expr)
{
    const lang_expr *branch = expr->as.condition.then_branch;
    uint32_t then = then_start(format, expr);
    size_t mark = fmt_begin(format);
    fmt_text(format, "if ");
    fmt_add(format, fmt_expr(format, expr->as.condition.condition));
    const doc *trailing = fmt_trailing(format, then);
    const doc *leading = fmt_leading(format, then);
    bool has_comments = trailing != &doc_nothing || leading != &doc_nothing;
    fmt_add(format, trailing);
    fmt_add(format, is_block(branch) && !has_comments ? &doc_space : &doc_line);
    fmt_add(format, leading);
    fmt_text(format, "then ");
    fmt_add(format, fmt_expr(format, branch));
    bool forced = has_comments || (!is_block(branch) && fmt_starts_line(format, then));
    const doc *clause = fmt_end(format, mark);
    fmt_add(format,
            forced ? doc_broken_group(format->arena, clause) : doc_group(format->arena, clause));
}

// `if a then x else if b then y else z`: on one line, or a line for each clause if it does not fit
// or was written so.
static const doc *if_doc(formatter *format, const lang_expr *expr)
{
    size_t mark = fmt_begin(format);
    bool forced = false; // The source has a line end before an `else`.
    for (;;) {
        add_if_clause(format, expr);
        const lang_expr *otherwise = expr->as.condition.else_branch;
        if (otherwise == NULL) {
            break;
        }
        bool closed = is_block(expr->as.condition.then_branch);
        uint32_t then_end = expr->as.condition.then_branch->span.end;
        forced |= !closed && fmt_has_newline(format, then_end, otherwise->span.start);
        fmt_add(format, fmt_trailing(format, otherwise->span.start));
        const doc *leading = fmt_leading(format, otherwise->span.start);
        fmt_add(format, closed && leading == &doc_nothing ? &doc_space : &doc_line);
        fmt_add(format, leading);
        fmt_text(format, "else ");
        if (otherwise->kind != LANG_EXPR_IF || otherwise->paren_count > 0) {
            fmt_add(format, fmt_expr(format, otherwise));
            break;
        }
        expr = otherwise;
    }
    const doc *whole = fmt_end(format, mark);
    return forced ? doc_broken_group(format->arena, whole) : doc_group(format->arena, whole);
}

static const doc *arm_doc(formatter *format, const lang_arm *arm)
{
    size_t mark = fmt_begin(format);
    size_t head = fmt_begin(format);
    for (uint32_t index = 0; index < arm->patterns.count; index++) {
        if (index > 0) {
            fmt_add(format, &doc_line);
            fmt_text(format, "| ");
        }
        fmt_add(format, fmt_pattern(format, arm->patterns.items[index]));
    }
    const doc *patterns = doc_indent(format->arena, fmt_end(format, head));
    fmt_add(format, doc_group(format->arena, patterns));
    if (arm->guard != NULL) {
        size_t guard = fmt_begin(format);
        fmt_add(format, &doc_line);
        fmt_text(format, "if ");
        fmt_add(format, fmt_expr(format, arm->guard));
        const doc *below = doc_indent(format->arena, fmt_end(format, guard));
        fmt_add(format, doc_group(format->arena, below));
    }
    fmt_text(format, " ->");
    fmt_add(format, fmt_body(format, arm->body, FMT_BODY_KEPT));
    return fmt_end(format, mark);
}

static const doc *match_doc(formatter *format, const lang_expr *expr)
{
    size_t mark = fmt_begin(format);
    fmt_text(format, "match ");
    fmt_add(format, fmt_expr(format, expr->as.match.subject));
    fmt_add(format, fmt_trailing(format, expr->as.match.arms[0].span.start));
    size_t inside = fmt_begin(format);
    fmt_add(format, &doc_hard);
    fmt_lines lines = fmt_lines_begin(format);
    for (uint32_t index = 0; index < expr->as.match.count; index++) {
        const lang_arm *arm = &expr->as.match.arms[index];
        fmt_lines_next(format, &lines, arm->span.start);
        fmt_lines_add(format, &lines, arm_doc(format, arm), arm->span.end);
    }
    fmt_add(format, fmt_lines_end(format, &lines, expr->inner.end));
    fmt_add(format, doc_indent(format->arena, fmt_end(format, inside)));
    return fmt_end(format, mark);
}

static const doc *for_doc(formatter *format, const lang_expr *expr)
{
    size_t mark = fmt_begin(format);
    fmt_text(format, "for ");
    fmt_add(format, fmt_pattern(format, expr->as.loop.pattern));
    fmt_text(format, " in ");
    fmt_add(format, fmt_expr(format, expr->as.loop.collection));
    fmt_text(format, " do");
    fmt_add(format, fmt_body(format, expr->as.loop.body, FMT_BODY_KEPT));
    return fmt_end(format, mark);
}

static const doc *lambda(formatter *format, const lang_expr *expr)
{
    lang_pattern_list parameters = expr->as.lambda.parameters;
    size_t mark = fmt_begin(format);
    fmt_text(format, "|");
    for (uint32_t index = 0; index < parameters.count; index++) {
        fmt_text(format, index == 0 ? "" : ", ");
        fmt_add(format, fmt_pattern(format, parameters.items[index]));
    }
    fmt_text(format, "|");
    fmt_add(format, fmt_body(format, expr->as.lambda.body, FMT_BODY_INNER));
    return fmt_end(format, mark);
}

static const doc *with_records(formatter *format, const lang_expr *expr)
{
    const lang_handler_record *records = expr->as.with.records;
    uint32_t count = expr->as.with.count;
    size_t mark = fmt_begin(format);
    fmt_text(format, "with ");
    uint32_t close = records[count - 1].value->span.end;
    fmt_list list = fmt_list_begin(format, expr->inner.start, records[0].effect.span.start);
    for (uint32_t index = 0; index < count; index++) {
        fmt_list_next(format, &list, records[index].effect.span.start);
        size_t entry = fmt_begin(format);
        fmt_slice(format, records[index].effect.text);
        fmt_text(format, ":");
        fmt_add(format, fmt_body(format, records[index].value, FMT_BODY_INNER));
        fmt_list_add(format, fmt_end(format, entry));
    }
    fmt_add(format, fmt_list_end(format, &list, "{", "}", close, true));
    fmt_add(format, fmt_body(format, expr->as.with.body, FMT_BODY_INNER));
    return fmt_end(format, mark);
}

static const doc *capture(formatter *format, const lang_expr *expr)
{
    size_t mark = fmt_begin(format);
    fmt_text(format, "with ");
    fmt_slice(format, expr->as.capture.effect.text);
    fmt_text(format, ".");
    fmt_slice(format, expr->as.capture.operation.text);
    fmt_add(format, &doc_space);
    fmt_add(format, fmt_expr(format, expr->as.capture.body));
    return fmt_end(format, mark);
}

static const doc *clause_doc(formatter *format, const lang_clause *clause)
{
    size_t mark = fmt_begin(format);
    fmt_slice(format, clause->effect.text);
    fmt_text(format, ".");
    fmt_slice(format, clause->operation.text);
    fmt_text(format, "(");
    for (uint32_t index = 0; index < clause->parameters.count; index++) {
        fmt_text(format, index == 0 ? "" : ", ");
        fmt_add(format, fmt_pattern(format, clause->parameters.items[index]));
    }
    fmt_text(format, ") ->");
    fmt_add(format, fmt_body(format, clause->body, FMT_BODY_KEPT));
    return fmt_end(format, mark);
}

static const doc *handle_doc(formatter *format, const lang_expr *expr)
{
    size_t mark = fmt_begin(format);
    fmt_text(format, "handle ");
    fmt_add(format, fmt_expr(format, expr->as.handle.body));
    fmt_text(format, " with {");
    fmt_add(format, fmt_trailing(format, expr->as.handle.clauses[0].span.start));
    size_t inside = fmt_begin(format);
    fmt_add(format, &doc_hard);
    fmt_lines lines = fmt_lines_begin(format);
    for (uint32_t index = 0; index < expr->as.handle.count; index++) {
        const lang_clause *clause = &expr->as.handle.clauses[index];
        fmt_lines_next(format, &lines, clause->span.start);
        fmt_lines_add(format, &lines, clause_doc(format, clause), clause->span.end);
    }
    fmt_add(format, fmt_lines_end(format, &lines, expr->inner.end - 1));
    fmt_add(format, doc_indent(format->arena, fmt_end(format, inside)));
    fmt_add(format, &doc_hard);
    fmt_text(format, "}");
    return fmt_end(format, mark);
}

static const doc *restrict_doc(formatter *format, const lang_expr *expr)
{
    lang_name_list effects = expr->as.restriction.effects;
    size_t mark = fmt_begin(format);
    fmt_text(format, effects.count > 0 ? "restrict(" : "restrict ");
    for (uint32_t index = 0; index < effects.count; index++) {
        fmt_text(format, index == 0 ? "" : ", ");
        fmt_slice(format, effects.items[index].text);
    }
    fmt_text(format, effects.count > 0 ? ") " : "");
    fmt_add(format, fmt_expr(format, expr->as.restriction.body));
    return fmt_end(format, mark);
}

static const doc *expect_doc(formatter *format, const lang_expr *expr)
{
    size_t mark = fmt_begin(format);
    fmt_text(format, "expect ");
    fmt_add(format, fmt_expr(format, expr->as.expect.subject));
    size_t rest = fmt_begin(format);
    fmt_add(format, fmt_trailing(format, expr->as.expect.matcher_span.start));
    fmt_add(format, &doc_line);
    fmt_add(format, fmt_leading(format, expr->as.expect.matcher_span.start));
    fmt_text(format, lang_matcher_text(expr->as.expect.matcher));
    if (expr->as.expect.operand != NULL) {
        fmt_add(format, &doc_space);
        fmt_add(format, fmt_expr(format, expr->as.expect.operand));
    }
    if (expr->as.expect.pattern != NULL) {
        fmt_add(format, &doc_space);
        fmt_add(format, fmt_pattern(format, expr->as.expect.pattern));
    }
    fmt_add(format, doc_indent(format->arena, fmt_end(format, rest)));
    return doc_group(format->arena, fmt_end(format, mark));
}

// ---- all kinds ---------------------------------------------------------------------------------

static const doc *verbatim(formatter *format, const lang_expr *expr)
{
    fmt_skip_comments(format, expr->inner.end);
    return doc_text(format->arena, fmt_source(format, expr->inner));
}

// The smallest Int is a minus and digits, perhaps with blanks between them.
static const doc *int_literal(formatter *format, const lang_expr *expr)
{
    bl_slice text = fmt_source(format, expr->inner);
    if (text.data[0] != '-') {
        return doc_text(format->arena, text);
    }
    size_t digits = text.size;
    while (digits > 1 && text.data[digits - 1] != ' ' && text.data[digits - 1] != '-' &&
           text.data[digits - 1] != '\n' && text.data[digits - 1] != '/' &&
           text.data[digits - 1] != '\t' && text.data[digits - 1] != '\r') {
        digits--;
    }
    size_t mark = fmt_begin(format);
    fmt_add(format, fmt_comments_inline(format, expr->inner.end));
    fmt_text(format, "-");
    fmt_slice(format, (bl_slice){text.data + digits, text.size - digits});
    return fmt_end(format, mark);
}

static const doc *field_doc(formatter *format, const lang_expr *expr)
{
    size_t mark = fmt_begin(format);
    fmt_add(format, fmt_expr(format, expr->as.field.object));
    fmt_add(format, fmt_comments_after(format, expr->as.field.name.span.start));
    fmt_text(format, ".");
    fmt_slice(format, expr->as.field.name.text);
    return fmt_end(format, mark);
}

static const doc *call_doc(formatter *format, const lang_expr *expr)
{
    size_t mark = fmt_begin(format);
    fmt_add(format, fmt_expr(format, expr->as.call.callee));
    fmt_add(format, call_arguments(format, expr));
    return fmt_end(format, mark);
}

static const doc *bare_expr(formatter *format, const lang_expr *expr)
{
    switch (expr->kind) {
    case LANG_EXPR_INT:
        return int_literal(format, expr);
    case LANG_EXPR_FLOAT:
    case LANG_EXPR_STRING:
    case LANG_EXPR_BOOL:
    case LANG_EXPR_NAME:
    case LANG_EXPR_TYPE_NAME:
    case LANG_EXPR_HOLE:
        return verbatim(format, expr);
    case LANG_EXPR_UNIT:
        return doc_text(format->arena, BL_SLICE("()"));
    case LANG_EXPR_TUPLE:
        return expr_list(format, expr, "(", ")", false);
    case LANG_EXPR_LIST:
        return expr_list(format, expr, "[", "]", false);
    case LANG_EXPR_SET:
        return expr_list(format, expr, "#{", "}", true);
    case LANG_EXPR_MAP:
        return map_literal(format, expr);
    case LANG_EXPR_RECORD:
    case LANG_EXPR_UPDATE:
        return record_braces(format, expr, expr->inner.start);
    case LANG_EXPR_STRUCT:
        return struct_literal(format, expr);
    case LANG_EXPR_BLOCK:
        return block(format, expr);
    case LANG_EXPR_LAMBDA:
        return lambda(format, expr);
    case LANG_EXPR_IF:
        return if_doc(format, expr);
    case LANG_EXPR_MATCH:
        return match_doc(format, expr);
    case LANG_EXPR_FOR:
        return for_doc(format, expr);
    case LANG_EXPR_WITH_RECORDS:
        return with_records(format, expr);
    case LANG_EXPR_WITH_CAPTURE:
        return capture(format, expr);
    case LANG_EXPR_HANDLE:
        return handle_doc(format, expr);
    case LANG_EXPR_RESTRICT:
        return restrict_doc(format, expr);
    case LANG_EXPR_EXPECT:
        return expect_doc(format, expr);
    case LANG_EXPR_UNARY:
        return unary(format, expr);
    case LANG_EXPR_BINARY:
    case LANG_EXPR_PIPE:
        return chain(format, expr);
    case LANG_EXPR_RANGE:
        return range(format, expr);
    case LANG_EXPR_CALL:
        return call_doc(format, expr);
    case LANG_EXPR_FIELD:
        return field_doc(format, expr);
    case LANG_EXPR_TRY:
        return try_doc(format, expr);
    }
    return &doc_nothing;
}

const doc *fmt_expr(formatter *format, const lang_expr *expr)
{
    size_t mark = fmt_begin(format);
    fmt_add(format, fmt_comments_inline(format, expr->span.start));
    if (expr->paren_count == 0) {
        fmt_add(format, bare_expr(format, expr));
        return fmt_end(format, mark);
    }
    fmt_text(format, "(");
    fmt_add(format, fmt_comments_inline(format, expr->inner.start));
    fmt_add(format, bare_expr(format, expr));
    fmt_add(format, fmt_comments_after(format, expr->span.end - 1));
    fmt_text(format, ")");
    return fmt_end(format, mark);
}
