// lang/parser.c: the parser's ground: tokens, scopes, errors, recovery, and the loop over items.
//
// See parser.h for the conventions. At most one syntax error is reported for an item. After it the
// text is searched for the next line that starts with a word that starts an item, and lexing
// starts afresh there, whatever was open: a string or bracket that somebody forgot to close spoils
// one item, not the file.
#include "lang/parser.h"

// ---- tokens ------------------------------------------------------------------------------------

void lang_parser_advance(lang_parser *parser)
{
    if (parser->failed) {
        return;
    }
    parser->previous_end = parser->token.span.end;
    if (parser->ahead_count == 0) {
        parser->token = lang_lexer_next(&parser->lexer);
        return;
    }
    parser->token = parser->ahead[0];
    parser->ahead_count--;
    memmove(parser->ahead, parser->ahead + 1, parser->ahead_count * sizeof(lang_token));
}

const lang_token *lang_parser_peek(lang_parser *parser, uint32_t distance)
{
    BL_CHECK(distance >= 1 && distance <= LANG_LOOKAHEAD_MAX);
    if (parser->failed) {
        return &parser->token;
    }
    while (parser->ahead_count < distance) {
        parser->ahead[parser->ahead_count++] = lang_lexer_next(&parser->lexer);
    }
    return &parser->ahead[distance - 1];
}

void lang_parser_seek(lang_parser *parser, uint32_t offset)
{
    if (parser->failed) {
        return;
    }
    parser->ahead_count = 0;
    parser->previous_end = offset;
    lang_lexer_seek(&parser->lexer, offset);
    parser->token = lang_lexer_next(&parser->lexer);
}

bool lang_parser_take(lang_parser *parser, lang_token_kind kind)
{
    if (parser->token.kind != kind) {
        return false;
    }
    lang_parser_advance(parser);
    return true;
}

bool lang_parser_take_word(lang_parser *parser, lang_word word)
{
    if (!lang_parser_at_word(parser, word)) {
        return false;
    }
    lang_parser_advance(parser);
    return true;
}

bool lang_parser_expect(lang_parser *parser, lang_token_kind kind)
{
    if (lang_parser_take(parser, kind)) {
        return true;
    }
    lang_parser_fail(parser, lang_token_text(kind));
    return false;
}

bool lang_parser_expect_word(lang_parser *parser, lang_word word, const char *text)
{
    if (lang_parser_take_word(parser, word)) {
        return true;
    }
    lang_parser_fail(parser, text);
    return false;
}

bl_slice lang_parser_text(const lang_parser *parser, lang_span span)
{
    return lang_source_slice(parser->source, span);
}

bool lang_token_is_effect(const lang_parser *parser, const lang_token *token)
{
    return token->kind == LANG_TOKEN_IDENT && parser->lexer.text[token->span.end - 1] == '!';
}

lang_name lang_parser_take_name(lang_parser *parser)
{
    lang_name name = {lang_parser_text(parser, parser->token.span), parser->token.span};
    lang_parser_advance(parser);
    return name;
}

lang_name lang_parser_identifier(lang_parser *parser)
{
    if (lang_parser_at(parser, LANG_TOKEN_IDENT) && !lang_token_is_effect(parser, &parser->token)) {
        return lang_parser_take_name(parser);
    }
    lang_parser_fail(parser, "name");
    return (lang_name){0};
}

lang_name lang_parser_value_name(lang_parser *parser)
{
    if (lang_parser_at(parser, LANG_TOKEN_IDENT)) {
        return lang_parser_take_name(parser);
    }
    lang_parser_fail(parser, "name");
    return (lang_name){0};
}

lang_name lang_parser_type_name(lang_parser *parser)
{
    if (lang_parser_at(parser, LANG_TOKEN_TYPE_IDENT)) {
        return lang_parser_take_name(parser);
    }
    lang_parser_fail(parser, "type name");
    return (lang_name){0};
}

lang_name lang_parser_any_name(lang_parser *parser)
{
    return lang_parser_at(parser, LANG_TOKEN_TYPE_IDENT) ? lang_parser_type_name(parser)
                                                         : lang_parser_value_name(parser);
}

// ---- where an item starts ----------------------------------------------------------------------

static bool peek_is(lang_parser *parser, lang_token_kind kind)
{
    return lang_parser_peek(parser, 1)->kind == kind;
}

static bool peek_is_quote(lang_parser *parser)
{
    lang_token_kind kind = lang_parser_peek(parser, 1)->kind;
    return kind == LANG_TOKEN_STRING;
}

static bool peek_is_definition_word(lang_parser *parser)
{
    const lang_token *next = lang_parser_peek(parser, 1);
    return next->kind == LANG_TOKEN_IDENT &&
           (next->word == LANG_WORD_FN || next->word == LANG_WORD_TYPE ||
            next->word == LANG_WORD_EFFECT || next->word == LANG_WORD_TRAIT);
}

// Words are identifiers elsewhere, hence the look at what follows: no valid program has such a
// pair inside brackets.
bool lang_parser_at_item(lang_parser *parser)
{
    if (lang_parser_at(parser, LANG_TOKEN_ATTRIBUTE)) {
        return true;
    }
    if (!lang_parser_at(parser, LANG_TOKEN_IDENT)) {
        return false;
    }
    lang_word word = (lang_word)parser->token.word;
    lang_word_use use = lang_word_use_of(word);
    if (use != LANG_USE_ITEM && (use != LANG_USE_GROUP || !parser->scope.in_group)) {
        return false;
    }
    if (word == LANG_WORD_FN) {
        return peek_is(parser, LANG_TOKEN_IDENT);
    }
    if (word == LANG_WORD_EXPORT) {
        return peek_is_definition_word(parser);
    }
    if (word == LANG_WORD_IT) {
        return peek_is_quote(parser) || peek_is(parser, LANG_TOKEN_DOT);
    }
    if (word == LANG_WORD_TEST || word == LANG_WORD_DESCRIBE || word == LANG_WORD_CONTEXT) {
        return peek_is_quote(parser);
    }
    if (use == LANG_USE_GROUP) { // before_each, after_each
        return peek_is(parser, LANG_TOKEN_EQUAL);
    }
    return peek_is(parser, LANG_TOKEN_TYPE_IDENT); // type, effect, trait, impl, import, module
}

static bool in_column_one(const lang_parser *parser)
{
    uint32_t start = parser->token.span.start;
    return start == 0 || parser->lexer.text[start - 1] == '\n';
}

bool lang_parser_at_item_line(lang_parser *parser)
{
    return in_column_one(parser) && lang_parser_at_item(parser);
}

// ---- scopes and lists --------------------------------------------------------------------------

lang_scope lang_parser_open(lang_parser *parser, lang_token_kind closer)
{
    lang_scope outside = parser->scope;
    lang_parser_advance(parser);
    parser->scope =
        (lang_scope){.arms = LANG_ARMS_INNER, .closer = closer, .in_group = outside.in_group};
    return outside;
}

void lang_parser_close(lang_parser *parser, lang_scope outside)
{
    lang_parser_expect(parser, parser->scope.closer);
    parser->scope = outside;
}

bool lang_parser_list_next(lang_parser *parser, bool first)
{
    if (lang_parser_at(parser, parser->scope.closer) || parser->failed) {
        return false;
    }
    if (first) {
        return true;
    }
    if (!lang_parser_take(parser, LANG_TOKEN_COMMA)) {
        lang_parser_fail(parser, lang_token_text(parser->scope.closer));
        return false;
    }
    return !lang_parser_at(parser, parser->scope.closer) && !parser->failed;
}

// ---- errors ------------------------------------------------------------------------------------

// Whatever reads on sees the end of the file.
static void stop_item(lang_parser *parser, uint32_t offset)
{
    parser->failed = true;
    parser->misplaced = NULL;
    parser->failed_at = offset;
    parser->ahead_count = 0;
    parser->token = (lang_token){.kind = LANG_TOKEN_END, .span = {offset, offset}};
}

// A person wants to see the whole string, not its opening quote.
static lang_span visible_span(const lang_parser *parser, const lang_token *token)
{
    lang_span span = token->span;
    if (token->kind == LANG_TOKEN_STRING) {
        uint32_t end = lang_lexer_simple_string_end(&parser->lexer, span.start);
        span.end = end != 0 ? end : span.end;
    }
    return span;
}

// At most 20 characters and nothing of the next line.
static bl_slice visible_text(const lang_parser *parser, lang_span span)
{
    enum { CHARACTERS_MAX = 20 };
    bl_slice text = lang_parser_text(parser, span);
    size_t size = 0;
    uint32_t characters = 0;
    while (size < text.size && text.data[size] != '\n' && text.data[size] != '\r') {
        bool starts = ((uint8_t)text.data[size] & 0xC0) != 0x80;
        if (starts && characters == CHARACTERS_MAX) {
            break;
        }
        characters += starts;
        size++;
    }
    return (bl_slice){text.data, size};
}

static const char *problem_context(lang_problem problem)
{
    switch (problem) {
    case LANG_PROBLEM_NONE:
        return NULL;
    case LANG_PROBLEM_STRAY:
        return "No token starts with this character; negation is `not`, comments start with `//`.";
    case LANG_PROBLEM_GLUED:
        return "Names are lower case with underscores, type names start with a capital letter and "
               "have none, and a number ends where its digits end.";
    case LANG_PROBLEM_ATTRIBUTE:
        return "There is no such attribute.";
    case LANG_PROBLEM_OPEN_STRING:
        return "The string is not closed; only \"\"\"…\"\"\" and r#\"…\"# may span lines.";
    case LANG_PROBLEM_OPEN_COMMENT:
        return "The comment is not closed.";
    case LANG_PROBLEM_ESCAPE:
        return "A backslash cannot stand at the end of a line.";
    case LANG_PROBLEM_CODE_POINT:
        return "This is not the number of a Unicode character.";
    case LANG_PROBLEM_ENCODING:
        return "The file is not valid UTF-8 here.";
    }
    return NULL;
}

static lang_diagnostic *note_unexpected(lang_parser *parser, lang_span span, const char *message,
                                        const char *context)
{
    lang_diagnostic *found;
    if (message != NULL) {
        found = lang_diagnostics_add(parser->diagnostics, LANG_SYN_001, span, "%s", message);
    } else {
        bl_slice text = visible_text(parser, span);
        found = lang_diagnostics_add(parser->diagnostics, LANG_SYN_001, span,
                                     "Syntax error: unexpected `%.*s`", BL_SLICE_ARG(text));
    }
    if (context != NULL) {
        lang_diagnostic_context(parser->diagnostics, found, "%s", context);
    }
    stop_item(parser, span.start);
    return found;
}

void lang_parser_fail_at(lang_parser *parser, lang_span span, const char *message,
                         const char *context)
{
    if (!parser->failed) {
        note_unexpected(parser, span, message, context);
    }
}

static void fail_missing(lang_parser *parser, const char *what)
{
    lang_span span = {parser->previous_end, parser->previous_end};
    lang_diagnostic *found =
        lang_diagnostics_add(parser->diagnostics, LANG_SYN_002, span, "Missing expected: %s", what);
    lang_suggestion *suggestion =
        lang_diagnostic_suggest(parser->diagnostics, found, "insert", LANG_CONFIDENCE_NONE,
                                "Insert the missing `%s`", what);
    (void)suggestion; // It has no patch: where on the line it belongs is the user's to decide.
    stop_item(parser, parser->token.span.start);
}

void lang_parser_fail(lang_parser *parser, const char *what)
{
    if (parser->failed) {
        return;
    }
    bool at_end = lang_parser_at(parser, LANG_TOKEN_END);
    const lang_scope *scope = &parser->scope;
    bool is_open = scope->closer != LANG_TOKEN_END;
    bool at_item =
        !at_end && is_open && parser->token.newline_before && lang_parser_at_item(parser);
    if ((at_end || at_item) && scope->in_string) {
        lang_span quote = scope->open_quote;
        lang_parser_fail_at(parser, quote, NULL, problem_context(LANG_PROBLEM_OPEN_STRING));
    } else if (at_end || at_item) {
        fail_missing(parser, is_open ? lang_token_text(scope->closer) : what);
    } else if (lang_parser_at(parser, LANG_TOKEN_ERROR)) {
        lang_parser_fail_at(parser, parser->token.span, NULL,
                            problem_context((lang_problem)parser->token.problem));
    } else {
        parser->misplaced =
            note_unexpected(parser, visible_span(parser, &parser->token), NULL, NULL);
    }
}

void lang_parser_blame(lang_parser *parser, const lang_token *token, const char *context)
{
    lang_diagnostic *found = parser->misplaced;
    if (found == NULL) {
        return;
    }
    found->span = visible_span(parser, token);
    bl_slice text = visible_text(parser, found->span);
    found->message =
        bl_arena_format(parser->arena, "Syntax error: unexpected `%.*s`", BL_SLICE_ARG(text));
    lang_diagnostic_context(parser->diagnostics, found, "%s", context);
    parser->failed_at = token->span.start;
}

void lang_parser_enter(lang_parser *parser)
{
    if (++parser->depth > LANG_NESTING_MAX) {
        bl_slice context = bl_arena_format(
            parser->arena, "Constructs may stand inside one another %d times at most.",
            LANG_NESTING_MAX);
        lang_parser_fail_at(parser, parser->token.span, "Nested too deeply", context.data);
    }
}

// ---- lists in memory ---------------------------------------------------------------------------

void lang_parser_push(lang_parser *parser, const void *element, size_t size)
{
    bl_buffer_append(&parser->scratch, element, size);
}

void *lang_parser_move(lang_parser *parser, size_t mark, size_t element_size, uint32_t *count)
{
    size_t size = parser->scratch.size - mark;
    BL_CHECK(size % element_size == 0);
    *count = (uint32_t)(size / element_size);
    void *elements = NULL;
    if (size > 0) {
        elements = bl_arena_alloc(parser->arena, size);
        memcpy(elements, parser->scratch.data + mark, size);
    }
    parser->scratch.size = mark;
    return elements;
}

// ---- the file ----------------------------------------------------------------------------------

// The line starts with a word at which parsing may go on after an error.
static bool starts_item_line(bl_slice rest)
{
    static const char *const words[] = {"fn",     "type", "effect",   "trait",   "impl",  "import",
                                        "export", "test", "describe", "context", "module"};
    if (rest.size > 0 && rest.data[0] == '@') {
        return true;
    }
    for (size_t index = 0; index < BL_ARRAY_COUNT(words); index++) {
        size_t size = strlen(words[index]);
        if (rest.size > size && memcmp(rest.data, words[index], size) == 0) {
            char next = rest.data[size];
            bool goes_on = (next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z') ||
                           (next >= '0' && next <= '9') || next == '_' || next == '!';
            if (!goes_on) {
                return true;
            }
        }
    }
    return false;
}

// From the failed token on (its own line counts if it starts there), but behind the first token of
// the failed item, so that there is progress.
static uint32_t recovery_offset(const lang_parser *parser, uint32_t item_start)
{
    bl_slice text = parser->source->text;
    size_t at = parser->failed_at;
    bool own_line = at > item_start && (at == 0 || text.data[at - 1] == '\n');
    if (!own_line) {
        at = at > item_start ? at : item_start;
    }
    while (at < text.size) {
        if (own_line && starts_item_line((bl_slice){text.data + at, text.size - at})) {
            return (uint32_t)at;
        }
        const char *line_end = memchr(text.data + at, '\n', text.size - at);
        if (line_end == NULL) {
            break;
        }
        at = (size_t)(line_end - text.data) + 1;
        own_line = true;
    }
    return (uint32_t)text.size;
}

static void recover(lang_parser *parser, uint32_t item_start)
{
    uint32_t offset = recovery_offset(parser, item_start);
    parser->failed = false;
    parser->depth = 0;
    lang_parser_seek(parser, offset);
}

static void parse_items(lang_parser *parser, lang_tree *tree)
{
    size_t mark = lang_parser_mark(parser);
    while (!lang_parser_at(parser, LANG_TOKEN_END)) {
        uint32_t start = parser->token.span.start;
        parser->scope = (lang_scope){.arms = LANG_ARMS_TOP, .closer = LANG_TOKEN_END};
        lang_item *item = lang_parse_item(parser);
        if (parser->failed) {
            recover(parser, start);
        } else {
            lang_parser_push(parser, &item, sizeof(item));
        }
    }
    tree->items = lang_parser_move(parser, mark, sizeof(lang_item *), &tree->count);
}

static void keep_comments(lang_parser *parser, lang_tree *tree)
{
    const bl_buffer *comments = &parser->lexer.comments;
    tree->comment_count = (uint32_t)(comments->size / sizeof(lang_comment));
    if (comments->size > 0) {
        tree->comments = bl_arena_alloc(parser->arena, comments->size);
        memcpy(tree->comments, comments->data, comments->size);
    }
}

lang_tree *lang_parse(bl_arena *arena, const lang_source *source, lang_diagnostics *diagnostics)
{
    lang_parser parser = {.arena = arena, .source = source, .diagnostics = diagnostics};
    lang_tree *tree = bl_arena_alloc_zeroed(arena, sizeof(lang_tree));
    tree->source = source;
    lang_lexer_init(&parser.lexer, source);
    parser.token = lang_lexer_next(&parser.lexer);
    parse_items(&parser, tree);
    keep_comments(&parser, tree);
    tree->node_count = parser.node_count;
    lang_lexer_deinit(&parser.lexer);
    bl_buffer_deinit(&parser.scratch);
    return tree;
}
