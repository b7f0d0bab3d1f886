// lang/ast_dump.c: the syntax tree as an s-expression, for people and for comparing trees.
//
// Only what a program means is printed: how it was laid out, which parentheses only grouped, how a
// literal or field name was spelt make no difference. That is what lets the formatter be tested:
// the dumps before and after must be equal.
#include "lang/ast.h"

typedef struct dumper {
    bl_buffer *out;
    uint32_t depth;
    bool with_spans;
} dumper;

static void dump_expr(dumper *dump, const lang_expr *expr);
static void dump_type(dumper *dump, const lang_type_expr *type);
static void dump_pattern(dumper *dump, const lang_pattern *pattern);
static void dump_item(dumper *dump, const lang_item *item);

// ---- lines -------------------------------------------------------------------------------------

static void open_node(dumper *dump, const char *name, lang_span span)
{
    if (dump->out->size > 0) {
        bl_buffer_append_char(dump->out, '\n');
    }
    for (uint32_t level = 0; level < dump->depth; level++) {
        bl_buffer_append(dump->out, "  ", 2);
    }
    bl_buffer_format(dump->out, "(%s", name);
    if (dump->with_spans) {
        bl_buffer_format(dump->out, " @%u-%u", span.start, span.end);
    }
    dump->depth++;
}

static void close_node(dumper *dump)
{
    dump->depth--;
    bl_buffer_append_char(dump->out, ')');
}

static void add_word(dumper *dump, bl_slice word)
{
    bl_buffer_append_char(dump->out, ' ');
    bl_buffer_append_slice(dump->out, word);
}

static void add_flag(dumper *dump, bool set, const char *name)
{
    if (set) {
        add_word(dump, bl_slice_of(name));
    }
}

static void add_names(dumper *dump, lang_name_list names)
{
    for (uint32_t index = 0; index < names.count; index++) {
        add_word(dump, names.items[index].text);
    }
}

static void add_quoted(dumper *dump, bl_slice text)
{
    bl_buffer_append(dump->out, " \"", 2);
    for (size_t index = 0; index < text.size; index++) {
        uint8_t byte = (uint8_t)text.data[index];
        if (byte < 0x20 || byte == '"' || byte == '\\' || byte == 0x7F) {
            bl_buffer_format(dump->out, "\\x%02x", byte);
        } else {
            bl_buffer_append_char(dump->out, (char)byte);
        }
    }
    bl_buffer_append_char(dump->out, '"');
}

static void add_effects(dumper *dump, const lang_effect_set *effects)
{
    if (effects->present) {
        bl_buffer_append(dump->out, " {", 2);
        add_names(dump, effects->names);
        bl_buffer_append(dump->out, " }", 2);
    }
}

// ---- types -------------------------------------------------------------------------------------

static void dump_types(dumper *dump, lang_type_list types)
{
    for (uint32_t index = 0; index < types.count; index++) {
        dump_type(dump, types.items[index]);
    }
}

static void dump_record_type(dumper *dump, const lang_type_expr *type)
{
    open_node(dump, "type-record", type->span);
    for (uint32_t index = 0; index < type->as.record.count; index++) {
        const lang_type_field *field = &type->as.record.fields[index];
        open_node(dump, "field", field->span);
        add_quoted(dump, field->name.text);
        dump_type(dump, field->type);
        close_node(dump);
    }
    if (lang_name_is_present(type->as.record.row)) {
        open_node(dump, "row", type->as.record.row.span);
        add_word(dump, type->as.record.row.text);
        close_node(dump);
    }
    close_node(dump);
}

static void dump_type(dumper *dump, const lang_type_expr *type)
{
    switch (type->kind) {
    case LANG_TYPE_NAME:
        open_node(dump, "type", type->span);
        add_word(dump, type->as.named.name.text);
        dump_types(dump, type->as.named.arguments);
        break;
    case LANG_TYPE_UNIT:
        open_node(dump, "type-unit", type->span);
        break;
    case LANG_TYPE_TUPLE:
        open_node(dump, "type-tuple", type->span);
        dump_types(dump, type->as.tuple);
        break;
    case LANG_TYPE_FUNCTION:
        open_node(dump, "type-function", type->span);
        add_effects(dump, &type->as.function.effects);
        dump_types(dump, type->as.function.parameters);
        dump_type(dump, type->as.function.result);
        break;
    case LANG_TYPE_RECORD:
        dump_record_type(dump, type);
        return;
    case LANG_TYPE_OPTION:
        open_node(dump, "type-option", type->span);
        dump_type(dump, type->as.option);
        break;
    }
    close_node(dump);
}

// ---- patterns ----------------------------------------------------------------------------------

static void dump_patterns(dumper *dump, lang_pattern_list patterns)
{
    for (uint32_t index = 0; index < patterns.count; index++) {
        dump_pattern(dump, patterns.items[index]);
    }
}

static void dump_record_pattern(dumper *dump, const lang_pattern *pattern)
{
    for (uint32_t index = 0; index < pattern->as.record.count; index++) {
        const lang_pattern_field *field = &pattern->as.record.fields[index];
        open_node(dump, "field", field->span);
        add_word(dump, field->name.text);
        dump_pattern(dump, field->pattern);
        close_node(dump);
    }
}

static void dump_pattern(dumper *dump, const lang_pattern *pattern)
{
    static const char *const names[] = {
        [LANG_PATTERN_WILDCARD] = "wildcard",     [LANG_PATTERN_NAME] = "bind",
        [LANG_PATTERN_INT] = "pattern-int",       [LANG_PATTERN_FLOAT] = "pattern-float",
        [LANG_PATTERN_STRING] = "pattern-string", [LANG_PATTERN_BOOL] = "pattern-bool",
        [LANG_PATTERN_UNIT] = "pattern-unit",     [LANG_PATTERN_CONSTRUCTOR] = "constructor",
        [LANG_PATTERN_TUPLE] = "pattern-tuple",   [LANG_PATTERN_RECORD] = "pattern-record",
        [LANG_PATTERN_LIST] = "pattern-list",
    };
    open_node(dump, names[pattern->kind], pattern->span);
    switch (pattern->kind) {
    case LANG_PATTERN_WILDCARD:
    case LANG_PATTERN_UNIT:
        break;
    case LANG_PATTERN_NAME:
        add_word(dump, pattern->as.name);
        break;
    case LANG_PATTERN_INT:
        bl_buffer_format(dump->out, " %lld", (long long)pattern->as.integer);
        break;
    case LANG_PATTERN_FLOAT:
        bl_buffer_format(dump->out, " %.17g", pattern->as.number);
        break;
    case LANG_PATTERN_STRING:
        add_quoted(dump, pattern->as.string.text);
        break;
    case LANG_PATTERN_BOOL:
        add_word(dump, pattern->as.boolean ? BL_SLICE("true") : BL_SLICE("false"));
        break;
    case LANG_PATTERN_CONSTRUCTOR:
        add_word(dump, pattern->as.constructor.name.text);
        dump_patterns(dump, pattern->as.constructor.arguments);
        break;
    case LANG_PATTERN_TUPLE:
        dump_patterns(dump, pattern->as.tuple);
        break;
    case LANG_PATTERN_RECORD:
        dump_record_pattern(dump, pattern);
        break;
    case LANG_PATTERN_LIST:
        dump_patterns(dump, pattern->as.list.items);
        if (pattern->as.list.rest != NULL) {
            open_node(dump, "rest", pattern->as.list.rest->span);
            dump_pattern(dump, pattern->as.list.rest);
            close_node(dump);
        }
        break;
    }
    close_node(dump);
}

// ---- expressions -------------------------------------------------------------------------------

static void dump_exprs(dumper *dump, lang_expr_list list)
{
    for (uint32_t index = 0; index < list.count; index++) {
        dump_expr(dump, list.items[index]);
    }
}

static void dump_string(dumper *dump, const lang_string *string)
{
    for (uint32_t index = 0; index < string->count; index++) {
        const lang_string_part *part = &string->parts[index];
        if (part->expr != NULL) {
            dump_expr(dump, part->expr);
        } else {
            add_quoted(dump, part->text);
        }
    }
}

static void dump_record(dumper *dump, const lang_expr *expr)
{
    if (expr->kind == LANG_EXPR_STRUCT) {
        add_word(dump, expr->as.record.type_name.text);
    }
    if (expr->as.record.base != NULL) {
        open_node(dump, "base", expr->as.record.base->span);
        dump_expr(dump, expr->as.record.base);
        close_node(dump);
    }
    for (uint32_t index = 0; index < expr->as.record.count; index++) {
        const lang_field *field = &expr->as.record.fields[index];
        open_node(dump, "field", field->span);
        add_quoted(dump, field->name.text);
        dump_expr(dump, field->value);
        close_node(dump);
    }
}

static void dump_let(dumper *dump, const lang_let *let)
{
    add_flag(dump, let->mutable, "mut");
    dump_pattern(dump, let->pattern);
    if (let->type != NULL) {
        dump_type(dump, let->type);
    }
    dump_expr(dump, let->value);
}

static void dump_statement(dumper *dump, const lang_statement *statement)
{
    switch (statement->kind) {
    case LANG_STATEMENT_LET:
        open_node(dump, "let", statement->span);
        dump_let(dump, &statement->as.let);
        close_node(dump);
        break;
    case LANG_STATEMENT_ASSIGN:
        open_node(dump, "assign", statement->span);
        add_word(dump, statement->as.assign.target.text);
        add_names(dump, statement->as.assign.fields);
        dump_expr(dump, statement->as.assign.value);
        close_node(dump);
        break;
    case LANG_STATEMENT_EXPR:
        dump_expr(dump, statement->as.expr);
        break;
    }
}

static void dump_arm(dumper *dump, const lang_arm *arm)
{
    open_node(dump, "arm", arm->span);
    dump_patterns(dump, arm->patterns);
    if (arm->guard != NULL) {
        open_node(dump, "guard", arm->guard->span);
        dump_expr(dump, arm->guard);
        close_node(dump);
    }
    dump_expr(dump, arm->body);
    close_node(dump);
}

static void dump_clause(dumper *dump, const lang_clause *clause)
{
    open_node(dump, "clause", clause->span);
    add_word(dump, clause->effect.text);
    add_word(dump, clause->operation.text);
    dump_patterns(dump, clause->parameters);
    dump_expr(dump, clause->body);
    close_node(dump);
}

static void dump_arguments(dumper *dump, const lang_expr *call)
{
    for (uint32_t index = 0; index < call->as.call.count; index++) {
        const lang_argument *argument = &call->as.call.arguments[index];
        bool named = lang_name_is_present(argument->name);
        if (named) {
            open_node(dump, "named", argument->span);
            add_word(dump, argument->name.text);
        }
        dump_expr(dump, argument->value);
        if (named) {
            close_node(dump);
        }
    }
}

static void dump_map(dumper *dump, const lang_expr *expr)
{
    for (uint32_t index = 0; index < expr->as.map.count; index++) {
        open_node(dump, "entry", expr->as.map.entries[index].key->span);
        dump_expr(dump, expr->as.map.entries[index].key);
        dump_expr(dump, expr->as.map.entries[index].value);
        close_node(dump);
    }
}

static void dump_with(dumper *dump, const lang_expr *expr)
{
    for (uint32_t index = 0; index < expr->as.with.count; index++) {
        const lang_handler_record *record = &expr->as.with.records[index];
        open_node(dump, "handler", record->effect.span);
        add_word(dump, record->effect.text);
        dump_expr(dump, record->value);
        close_node(dump);
    }
    dump_expr(dump, expr->as.with.body);
}

static const char *const expr_names[] = {
    [LANG_EXPR_INT] = "int",
    [LANG_EXPR_FLOAT] = "float",
    [LANG_EXPR_STRING] = "string",
    [LANG_EXPR_BOOL] = "bool",
    [LANG_EXPR_UNIT] = "unit",
    [LANG_EXPR_NAME] = "name",
    [LANG_EXPR_TYPE_NAME] = "type-name",
    [LANG_EXPR_HOLE] = "hole",
    [LANG_EXPR_TUPLE] = "tuple",
    [LANG_EXPR_LIST] = "list",
    [LANG_EXPR_SET] = "set",
    [LANG_EXPR_MAP] = "map",
    [LANG_EXPR_RECORD] = "record",
    [LANG_EXPR_UPDATE] = "update",
    [LANG_EXPR_STRUCT] = "struct",
    [LANG_EXPR_BLOCK] = "block",
    [LANG_EXPR_LAMBDA] = "lambda",
    [LANG_EXPR_IF] = "if",
    [LANG_EXPR_MATCH] = "match",
    [LANG_EXPR_FOR] = "for",
    [LANG_EXPR_WITH_RECORDS] = "with",
    [LANG_EXPR_WITH_CAPTURE] = "capture",
    [LANG_EXPR_HANDLE] = "handle",
    [LANG_EXPR_RESTRICT] = "restrict",
    [LANG_EXPR_EXPECT] = "expect",
    [LANG_EXPR_UNARY] = "unary",
    [LANG_EXPR_BINARY] = "binary",
    [LANG_EXPR_PIPE] = "pipe",
    [LANG_EXPR_RANGE] = "range",
    [LANG_EXPR_CALL] = "call",
    [LANG_EXPR_FIELD] = "field-of",
    [LANG_EXPR_TRY] = "try",
};

static void dump_optional(dumper *dump, const lang_expr *expr)
{
    if (expr != NULL) {
        dump_expr(dump, expr);
    }
}

static void dump_expr(dumper *dump, const lang_expr *expr)
{
    open_node(dump, expr_names[expr->kind], expr->span);
    switch (expr->kind) {
    case LANG_EXPR_UNIT:
    case LANG_EXPR_HOLE:
        break;
    case LANG_EXPR_INT:
        bl_buffer_format(dump->out, " %lld", (long long)expr->as.integer);
        break;
    case LANG_EXPR_FLOAT:
        bl_buffer_format(dump->out, " %.17g", expr->as.number);
        break;
    case LANG_EXPR_STRING:
        dump_string(dump, &expr->as.string);
        break;
    case LANG_EXPR_BOOL:
        add_word(dump, expr->as.boolean ? BL_SLICE("true") : BL_SLICE("false"));
        break;
    case LANG_EXPR_NAME:
    case LANG_EXPR_TYPE_NAME:
        add_word(dump, expr->as.name);
        break;
    case LANG_EXPR_TUPLE:
    case LANG_EXPR_LIST:
    case LANG_EXPR_SET:
        dump_exprs(dump, expr->as.list);
        break;
    case LANG_EXPR_MAP:
        dump_map(dump, expr);
        break;
    case LANG_EXPR_RECORD:
    case LANG_EXPR_UPDATE:
    case LANG_EXPR_STRUCT:
        dump_record(dump, expr);
        break;
    case LANG_EXPR_BLOCK:
        for (uint32_t index = 0; index < expr->as.block.count; index++) {
            dump_statement(dump, &expr->as.block.statements[index]);
        }
        break;
    case LANG_EXPR_LAMBDA:
        dump_patterns(dump, expr->as.lambda.parameters);
        dump_expr(dump, expr->as.lambda.body);
        break;
    case LANG_EXPR_IF:
        dump_expr(dump, expr->as.condition.condition);
        dump_expr(dump, expr->as.condition.then_branch);
        dump_optional(dump, expr->as.condition.else_branch);
        break;
    case LANG_EXPR_MATCH:
        dump_expr(dump, expr->as.match.subject);
        for (uint32_t index = 0; index < expr->as.match.count; index++) {
            dump_arm(dump, &expr->as.match.arms[index]);
        }
        break;
    case LANG_EXPR_FOR:
        dump_pattern(dump, expr->as.loop.pattern);
        dump_expr(dump, expr->as.loop.collection);
        dump_expr(dump, expr->as.loop.body);
        break;
    case LANG_EXPR_WITH_RECORDS:
        dump_with(dump, expr);
        break;
    case LANG_EXPR_WITH_CAPTURE:
        add_word(dump, expr->as.capture.effect.text);
        add_word(dump, expr->as.capture.operation.text);
        dump_expr(dump, expr->as.capture.body);
        break;
    case LANG_EXPR_HANDLE:
        dump_expr(dump, expr->as.handle.body);
        for (uint32_t index = 0; index < expr->as.handle.count; index++) {
            dump_clause(dump, &expr->as.handle.clauses[index]);
        }
        break;
    case LANG_EXPR_RESTRICT:
        add_names(dump, expr->as.restriction.effects);
        dump_expr(dump, expr->as.restriction.body);
        break;
    case LANG_EXPR_EXPECT:
        add_word(dump, bl_slice_of(lang_matcher_text(expr->as.expect.matcher)));
        dump_expr(dump, expr->as.expect.subject);
        dump_optional(dump, expr->as.expect.operand);
        if (expr->as.expect.pattern != NULL) {
            dump_pattern(dump, expr->as.expect.pattern);
        }
        break;
    case LANG_EXPR_UNARY:
        add_word(dump,
                 expr->as.unary.operator_ == LANG_UNARY_NOT ? BL_SLICE("not") : BL_SLICE("-"));
        dump_expr(dump, expr->as.unary.operand);
        break;
    case LANG_EXPR_BINARY:
    case LANG_EXPR_PIPE:
    case LANG_EXPR_RANGE:
        add_word(dump, bl_slice_of(lang_binary_text(expr->as.binary.operator_)));
        dump_expr(dump, expr->as.binary.left);
        dump_expr(dump, expr->as.binary.right);
        break;
    case LANG_EXPR_CALL:
        dump_expr(dump, expr->as.call.callee);
        dump_arguments(dump, expr);
        break;
    case LANG_EXPR_FIELD:
        add_word(dump, expr->as.field.name.text);
        dump_expr(dump, expr->as.field.object);
        break;
    case LANG_EXPR_TRY:
        dump_expr(dump, expr->as.operand);
        break;
    }
    close_node(dump);
}

// ---- items -------------------------------------------------------------------------------------

static void dump_type_parameters(dumper *dump, lang_type_parameter_list list)
{
    for (uint32_t index = 0; index < list.count; index++) {
        open_node(dump, "type-parameter", list.items[index].span);
        add_word(dump, list.items[index].name.text);
        add_names(dump, list.items[index].bounds);
        close_node(dump);
    }
}

static void dump_parameters(dumper *dump, lang_parameter_list list)
{
    for (uint32_t index = 0; index < list.count; index++) {
        open_node(dump, "parameter", list.items[index].span);
        dump_pattern(dump, list.items[index].pattern);
        dump_type(dump, list.items[index].type);
        close_node(dump);
    }
}

static void dump_function(dumper *dump, const lang_function *function)
{
    open_node(dump, "fn", function->span);
    add_word(dump, function->name.text);
    add_effects(dump, &function->effects);
    dump_type_parameters(dump, function->type_parameters);
    dump_parameters(dump, function->parameters);
    if (function->result != NULL) {
        open_node(dump, "result", function->result->span);
        dump_type(dump, function->result);
        close_node(dump);
    }
    dump_expr(dump, function->body);
    close_node(dump);
}

static void dump_functions(dumper *dump, const lang_function *functions, uint32_t count)
{
    for (uint32_t index = 0; index < count; index++) {
        dump_function(dump, &functions[index]);
    }
}

static void dump_signatures(dumper *dump, const lang_signature *signatures, uint32_t count)
{
    for (uint32_t index = 0; index < count; index++) {
        open_node(dump, "signature", signatures[index].span);
        add_word(dump, signatures[index].name.text);
        add_effects(dump, &signatures[index].effects);
        dump_types(dump, signatures[index].parameters);
        dump_type(dump, signatures[index].result);
        close_node(dump);
    }
}

static void dump_type_definition(dumper *dump, const lang_type_definition *type)
{
    add_word(dump, type->name.text);
    dump_type_parameters(dump, type->type_parameters);
    for (uint32_t index = 0; index < type->variant_count; index++) {
        open_node(dump, "variant", type->variants[index].span);
        add_word(dump, type->variants[index].name.text);
        dump_types(dump, type->variants[index].payload);
        close_node(dump);
    }
    if (type->type != NULL) {
        dump_type(dump, type->type);
    }
    if (type->refinement != NULL) {
        open_node(dump, "where", type->refinement->span);
        dump_expr(dump, type->refinement);
        close_node(dump);
    }
}

static void dump_attribute(dumper *dump, const lang_spec_attribute *attribute)
{
    static const char *const names[] = {
        [LANG_SPEC_SPEC] = "@spec",       [LANG_SPEC_GIVEN] = "@given",
        [LANG_SPEC_RETURNS] = "@returns", [LANG_SPEC_REQUIRES] = "@requires",
        [LANG_SPEC_ENSURES] = "@ensures", [LANG_SPEC_ASSUME] = "@assume",
        [LANG_SPEC_PURE] = "@pure",       [LANG_SPEC_TOTAL] = "@total",
    };
    open_node(dump, names[attribute->kind], attribute->span);
    switch (attribute->kind) {
    case LANG_SPEC_SPEC:
        add_word(dump, attribute->as.name.text);
        break;
    case LANG_SPEC_GIVEN:
        dump_parameters(dump, attribute->as.given.parameters);
        dump_optional(dump, attribute->as.given.condition);
        break;
    case LANG_SPEC_RETURNS:
        dump_type(dump, attribute->as.type);
        break;
    case LANG_SPEC_REQUIRES:
    case LANG_SPEC_ENSURES:
    case LANG_SPEC_ASSUME:
        dump_expr(dump, attribute->as.expr);
        break;
    case LANG_SPEC_PURE:
    case LANG_SPEC_TOTAL:
        break;
    }
    close_node(dump);
}

static void dump_test(dumper *dump, const lang_item *item)
{
    const lang_test *test = &item->as.test;
    add_flag(dump, test->mode == LANG_IT_ONLY, "only");
    add_flag(dump, test->mode == LANG_IT_SKIP, "skip");
    add_quoted(dump, test->name);
    dump_expr(dump, test->body);
}

static void dump_import(dumper *dump, const lang_import *import)
{
    add_names(dump, import->path);
    switch (import->form) {
    case LANG_IMPORT_MODULE:
        break;
    case LANG_IMPORT_ALL:
        add_word(dump, BL_SLICE("*"));
        break;
    case LANG_IMPORT_SELECTIVE:
        open_node(dump, "names", import->path_span);
        add_names(dump, import->names);
        close_node(dump);
        break;
    }
}

static void dump_item_body(dumper *dump, const lang_item *item)
{
    switch (item->kind) {
    case LANG_ITEM_MODULE:
        add_names(dump, item->as.module.path);
        break;
    case LANG_ITEM_PRELUDE:
        add_word(dump, item->as.prelude.text);
        break;
    case LANG_ITEM_IMPORT:
        dump_import(dump, &item->as.import);
        break;
    case LANG_ITEM_FUNCTION:
        dump_function(dump, &item->as.function);
        break;
    case LANG_ITEM_TYPE:
        dump_type_definition(dump, &item->as.type);
        break;
    case LANG_ITEM_EFFECT:
        add_word(dump, item->as.effect.name.text);
        dump_signatures(dump, item->as.effect.operations, item->as.effect.count);
        break;
    case LANG_ITEM_TRAIT:
        add_word(dump, item->as.trait.name.text);
        add_names(dump, item->as.trait.supertraits);
        dump_type_parameters(dump, item->as.trait.type_parameters);
        dump_signatures(dump, item->as.trait.signatures, item->as.trait.signature_count);
        dump_functions(dump, item->as.trait.functions, item->as.trait.function_count);
        break;
    case LANG_ITEM_IMPL:
        add_word(dump, item->as.impl.trait.text);
        dump_type_parameters(dump, item->as.impl.type_parameters);
        dump_type(dump, item->as.impl.target);
        dump_functions(dump, item->as.impl.functions, item->as.impl.function_count);
        break;
    case LANG_ITEM_TEST_SECTION:
        break;
    case LANG_ITEM_TEST:
    case LANG_ITEM_IT:
        dump_test(dump, item);
        break;
    case LANG_ITEM_GROUP:
        add_quoted(dump, item->as.group.name);
        for (uint32_t index = 0; index < item->as.group.count; index++) {
            dump_item(dump, item->as.group.items[index]);
        }
        break;
    case LANG_ITEM_BEFORE_EACH:
    case LANG_ITEM_AFTER_EACH:
        dump_expr(dump, item->as.hook);
        break;
    case LANG_ITEM_LET:
        dump_let(dump, &item->as.let);
        break;
    }
}

static void dump_item(dumper *dump, const lang_item *item)
{
    static const char *const names[] = {
        [LANG_ITEM_MODULE] = "module",
        [LANG_ITEM_PRELUDE] = "prelude",
        [LANG_ITEM_IMPORT] = "import",
        [LANG_ITEM_FUNCTION] = "function",
        [LANG_ITEM_TYPE] = "type-definition",
        [LANG_ITEM_EFFECT] = "effect",
        [LANG_ITEM_TRAIT] = "trait",
        [LANG_ITEM_IMPL] = "impl",
        [LANG_ITEM_TEST_SECTION] = "test-section",
        [LANG_ITEM_TEST] = "test",
        [LANG_ITEM_GROUP] = "describe",
        [LANG_ITEM_IT] = "it",
        [LANG_ITEM_BEFORE_EACH] = "before-each",
        [LANG_ITEM_AFTER_EACH] = "after-each",
        [LANG_ITEM_LET] = "let",
    };
    open_node(dump, names[item->kind], item->span);
    add_flag(dump, item->exported, "export");
    for (uint32_t index = 0; item->spec != NULL && index < item->spec->count; index++) {
        dump_attribute(dump, &item->spec->attributes[index]);
    }
    dump_item_body(dump, item);
    close_node(dump);
}

void lang_ast_dump(const lang_tree *tree, bool with_spans, bl_buffer *out)
{
    dumper dump = {.out = out, .with_spans = with_spans};
    for (uint32_t index = 0; index < tree->count; index++) {
        dump_item(&dump, tree->items[index]);
    }
    bl_buffer_append_char(out, '\n');
}
