// lang/format_item.c: items as documents, and the empty lines between them.
#include "lang/format_parts.h"

static void add_names(formatter *format, lang_name_list names, const char *separator)
{
    for (uint32_t index = 0; index < names.count; index++) {
        fmt_text(format, index == 0 ? "" : separator);
        fmt_slice(format, names.items[index].text);
    }
}

static void add_type_parameters(formatter *format, lang_type_parameter_list list)
{
    if (list.count == 0) {
        return;
    }
    fmt_text(format, "<");
    for (uint32_t index = 0; index < list.count; index++) {
        fmt_text(format, index == 0 ? "" : ", ");
        fmt_slice(format, list.items[index].name.text);
        if (list.items[index].bounds.count > 0) {
            fmt_text(format, ": ");
            add_names(format, list.items[index].bounds, " + ");
        }
    }
    fmt_text(format, ">");
}

// ---- functions ---------------------------------------------------------------------------------

static const doc *parameter_doc(formatter *format, const lang_parameter *parameter)
{
    size_t mark = fmt_begin(format);
    fmt_add(format, fmt_pattern(format, parameter->pattern));
    fmt_text(format, ": ");
    fmt_add(format, fmt_type(format, parameter->type));
    return fmt_end(format, mark);
}

static void add_parameters(formatter *format, const lang_function *function)
{
    lang_parameter_list parameters = function->parameters;
    uint32_t open = function->parameters_span.start;
    uint32_t close = function->parameters_span.end - 1;
    uint32_t first = parameters.count > 0 ? parameters.items[0].span.start : close;
    fmt_list list = fmt_list_begin(format, open, first);
    for (uint32_t index = 0; index < parameters.count; index++) {
        fmt_list_next(format, &list, parameters.items[index].span.start);
        fmt_list_add(format, parameter_doc(format, &parameters.items[index]));
    }
    fmt_add(format, fmt_list_end(format, &list, "(", ")", close, false));
}

static const doc *function_doc(formatter *format, const lang_function *function)
{
    size_t mark = fmt_begin(format);
    fmt_text(format, "fn ");
    fmt_slice(format, function->name.text);
    add_type_parameters(format, function->type_parameters);
    add_parameters(format, function);
    if (function->result != NULL) {
        fmt_text(format, " -> ");
        fmt_add(format, fmt_effects(format, &function->effects));
        fmt_add(format, fmt_type(format, function->result));
    }
    fmt_text(format, " =");
    fmt_add(format, fmt_body(format, function->body, FMT_BODY_FUNCTION));
    return fmt_end(format, mark);
}

// ---- types, effects, traits, impls -------------------------------------------------------------

static const doc *variant_doc(formatter *format, const lang_variant *variant)
{
    size_t mark = fmt_begin(format);
    fmt_text(format, "| ");
    fmt_slice(format, variant->name.text);
    if (variant->payload.count > 0) {
        fmt_text(format, "(");
        for (uint32_t index = 0; index < variant->payload.count; index++) {
            fmt_text(format, index == 0 ? "" : ", ");
            fmt_add(format, fmt_type(format, variant->payload.items[index]));
        }
        fmt_text(format, ")");
    }
    return fmt_end(format, mark);
}

// `= | A | B`, or a line for each; as many lines stay so.
static const doc *variants_doc(formatter *format, const lang_type_definition *type)
{
    size_t mark = fmt_begin(format);
    uint32_t start = type->name.span.end;
    bool forced = fmt_has_newline(format, start, type->variants[0].span.start);
    for (uint32_t index = 0; index < type->variant_count; index++) {
        const lang_variant *variant = &type->variants[index];
        fmt_add(format, fmt_trailing(format, variant->span.start));
        fmt_add(format, &doc_line);
        fmt_add(format, fmt_leading(format, variant->span.start));
        fmt_add(format, variant_doc(format, variant));
    }
    const doc *whole = doc_indent(format->arena, fmt_end(format, mark));
    return forced ? doc_broken_group(format->arena, whole) : doc_group(format->arena, whole);
}

static void add_alias(formatter *format, const lang_type_definition *type)
{
    const lang_type_expr *meant = type->type;
    fmt_add(format, &doc_space);
    if (meant->kind == LANG_TYPE_FUNCTION && meant->paren_count == 0) {
        fmt_add(format, fmt_comments_inline(format, meant->span.start));
        fmt_add(format, fmt_arrow(format, meant->as.function.parameters,
                                  &meant->as.function.effects, meant->as.function.result));
    } else {
        fmt_add(format, fmt_type(format, meant));
    }
    if (type->refinement != NULL) {
        size_t mark = fmt_begin(format);
        fmt_add(format, &doc_line);
        fmt_text(format, "where ");
        fmt_add(format, fmt_expr(format, type->refinement));
        const doc *where = doc_indent(format->arena, fmt_end(format, mark));
        fmt_add(format, doc_group(format->arena, where));
    }
}

static void add_type_definition(formatter *format, const lang_type_definition *type)
{
    fmt_text(format, "type ");
    fmt_slice(format, type->name.text);
    add_type_parameters(format, type->type_parameters);
    fmt_text(format, " =");
    if (type->form == LANG_TYPE_FORM_ENUM) {
        fmt_add(format, variants_doc(format, type));
    } else {
        add_alias(format, type);
    }
}

static const doc *signature_doc(formatter *format, const lang_signature *signature)
{
    size_t mark = fmt_begin(format);
    fmt_slice(format, signature->name.text);
    fmt_text(format, " : ");
    if (signature->parenthesised) {
        fmt_add(format,
                fmt_arrow(format, signature->parameters, &signature->effects, signature->result));
        return fmt_end(format, mark);
    }
    fmt_add(format, fmt_type(format, signature->parameters.items[0]));
    fmt_text(format, " -> ");
    fmt_add(format, fmt_effects(format, &signature->effects));
    fmt_add(format, fmt_type(format, signature->result));
    return fmt_end(format, mark);
}

// The members of an effect, trait or impl: what the source has, in its order.
static void add_members(formatter *format, const lang_signature *signatures,
                        uint32_t signature_count, const lang_function *functions,
                        uint32_t function_count, uint32_t end)
{
    uint32_t signature = 0;
    uint32_t function = 0;
    uint32_t first = signature_count > 0 ? signatures[0].span.start : end;
    if (function_count > 0 && functions[0].span.start < first) {
        first = functions[0].span.start;
    }
    fmt_text(format, " {");
    fmt_add(format, fmt_trailing(format, first));
    size_t mark = fmt_begin(format);
    fmt_add(format, &doc_hard);
    fmt_lines lines = fmt_lines_begin(format);
    while (signature < signature_count || function < function_count) {
        bool take_signature = function == function_count ||
                              (signature < signature_count &&
                               signatures[signature].span.start < functions[function].span.start);
        lang_span span = take_signature ? signatures[signature].span : functions[function].span;
        fmt_lines_next(format, &lines, span.start);
        const doc *member = take_signature ? signature_doc(format, &signatures[signature++])
                                           : function_doc(format, &functions[function++]);
        fmt_lines_add(format, &lines, member, span.end);
    }
    const doc *body = fmt_lines_end(format, &lines, end);
    fmt_add(format, body);
    const doc *inside = doc_indent(format->arena, fmt_end(format, mark));
    if (body != &doc_nothing) {
        fmt_add(format, inside);
        fmt_add(format, &doc_hard);
    }
    fmt_text(format, "}");
}

static void add_trait(formatter *format, const lang_trait_definition *trait, uint32_t end)
{
    fmt_text(format, "trait ");
    fmt_slice(format, trait->name.text);
    add_type_parameters(format, trait->type_parameters);
    if (trait->supertraits.count > 0) {
        fmt_text(format, " : ");
        add_names(format, trait->supertraits, ", ");
    }
    add_members(format, trait->signatures, trait->signature_count, trait->functions,
                trait->function_count, end);
}

static void add_impl(formatter *format, const lang_impl *impl, uint32_t end)
{
    fmt_text(format, "impl ");
    fmt_slice(format, impl->trait.text);
    add_type_parameters(format, impl->type_parameters);
    fmt_text(format, " for ");
    fmt_add(format, fmt_type(format, impl->target));
    add_members(format, NULL, 0, impl->functions, impl->function_count, end);
}

// ---- specs -------------------------------------------------------------------------------------

static void add_given(formatter *format, const lang_spec_attribute *attribute)
{
    lang_parameter_list parameters = attribute->as.given.parameters;
    fmt_text(format, "@given ");
    for (uint32_t index = 0; index < parameters.count; index++) {
        fmt_text(format, index == 0 ? "" : ", ");
        fmt_add(format, parameter_doc(format, &parameters.items[index]));
    }
    if (attribute->as.given.condition != NULL) {
        fmt_text(format, " where ");
        fmt_add(format, fmt_expr(format, attribute->as.given.condition));
    }
}

static const doc *attribute_doc(formatter *format, const lang_spec_attribute *attribute)
{
    size_t mark = fmt_begin(format);
    switch (attribute->kind) {
    case LANG_SPEC_SPEC:
        fmt_text(format, "@spec ");
        fmt_slice(format, attribute->as.name.text);
        break;
    case LANG_SPEC_GIVEN:
        add_given(format, attribute);
        break;
    case LANG_SPEC_RETURNS:
        fmt_text(format, "@returns ");
        fmt_add(format, fmt_type(format, attribute->as.type));
        break;
    case LANG_SPEC_REQUIRES:
    case LANG_SPEC_ENSURES:
    case LANG_SPEC_ASSUME:
        fmt_text(format, attribute->kind == LANG_SPEC_REQUIRES  ? "@requires "
                         : attribute->kind == LANG_SPEC_ENSURES ? "@ensures "
                                                                : "@assume ");
        fmt_add(format, fmt_expr(format, attribute->as.expr));
        break;
    case LANG_SPEC_PURE:
        fmt_text(format, "@pure");
        break;
    case LANG_SPEC_TOTAL:
        fmt_text(format, "@total");
        break;
    }
    return fmt_end(format, mark);
}

// ---- tests -------------------------------------------------------------------------------------

static void add_title(formatter *format, const lang_expr *title)
{
    fmt_add(format, fmt_comments_inline(format, title->inner.start));
    fmt_slice(format, fmt_source(format, title->inner));
    fmt_skip_comments(format, title->inner.end);
}

static void add_test(formatter *format, const lang_test *test, const char *word)
{
    static const char *const modes[] = {
        [LANG_IT_PLAIN] = " ", [LANG_IT_ONLY] = ".only ", [LANG_IT_SKIP] = ".skip "};
    fmt_text(format, word);
    fmt_text(format, modes[test->mode]);
    add_title(format, test->title);
    fmt_text(format, " =");
    fmt_add(format, fmt_body(format, test->body, FMT_BODY_KEPT));
}

static void add_group(formatter *format, const lang_item *item)
{
    const lang_group *group = &item->as.group;
    fmt_text(format, group->is_context ? "context " : "describe ");
    add_title(format, group->title);
    fmt_text(format, " {");
    uint32_t first = group->count == 0               ? item->span.end - 1
                     : group->items[0]->spec == NULL ? group->items[0]->span.start
                                                     : group->items[0]->spec->span.start;
    fmt_add(format, fmt_trailing(format, first));
    const doc *items = fmt_items(format, group->items, group->count, item->span.end - 1);
    if (items != &doc_nothing) {
        size_t mark = fmt_begin(format);
        fmt_add(format, &doc_hard);
        fmt_add(format, items);
        fmt_add(format, doc_indent(format->arena, fmt_end(format, mark)));
        fmt_add(format, &doc_hard);
    }
    fmt_text(format, "}");
}

static void add_hook(formatter *format, const lang_item *item)
{
    fmt_text(format, item->kind == LANG_ITEM_BEFORE_EACH ? "before_each =" : "after_each =");
    fmt_add(format, fmt_body(format, item->as.hook, FMT_BODY_KEPT));
}

// ---- items -------------------------------------------------------------------------------------

static void add_import_names(formatter *format, const lang_import *import, uint32_t end)
{
    uint32_t open = import->path_span.end;
    while (format->text[open] != '{' || fmt_is_in_comment(format, open)) {
        open++;
    }
    fmt_list list = fmt_list_begin(format, open, import->names.items[0].span.start);
    for (uint32_t index = 0; index < import->names.count; index++) {
        fmt_list_next(format, &list, import->names.items[index].span.start);
        fmt_slice(format, import->names.items[index].text);
    }
    fmt_add(format, fmt_list_end(format, &list, "{", "}", end - 1, false));
}

static void add_import(formatter *format, const lang_import *import, uint32_t end)
{
    fmt_text(format, "import ");
    add_names(format, import->path, ".");
    switch (import->form) {
    case LANG_IMPORT_MODULE:
        break;
    case LANG_IMPORT_ALL:
        fmt_text(format, ".*");
        break;
    case LANG_IMPORT_SELECTIVE:
        fmt_text(format, ".");
        add_import_names(format, import, end);
        break;
    }
}

static void add_item(formatter *format, const lang_item *item)
{
    fmt_text(format, item->exported ? "export " : "");
    switch (item->kind) {
    case LANG_ITEM_MODULE:
        fmt_text(format, item->as.module.attribute ? "@module " : "module ");
        add_names(format, item->as.module.path, ".");
        break;
    case LANG_ITEM_PRELUDE:
        fmt_text(format, "@prelude(");
        fmt_slice(format, item->as.prelude.text);
        fmt_text(format, ")");
        break;
    case LANG_ITEM_IMPORT:
        add_import(format, &item->as.import, item->span.end);
        break;
    case LANG_ITEM_FUNCTION:
        fmt_add(format, function_doc(format, &item->as.function));
        break;
    case LANG_ITEM_TYPE:
        add_type_definition(format, &item->as.type);
        break;
    case LANG_ITEM_EFFECT:
        fmt_text(format, "effect ");
        fmt_slice(format, item->as.effect.name.text);
        add_members(format, item->as.effect.operations, item->as.effect.count, NULL, 0,
                    item->span.end - 1);
        break;
    case LANG_ITEM_TRAIT:
        add_trait(format, &item->as.trait, item->span.end - 1);
        break;
    case LANG_ITEM_IMPL:
        add_impl(format, &item->as.impl, item->span.end - 1);
        break;
    case LANG_ITEM_TEST_SECTION:
        fmt_text(format, "@test");
        break;
    case LANG_ITEM_TEST:
        add_test(format, &item->as.test, "test");
        break;
    case LANG_ITEM_IT:
        add_test(format, &item->as.test, "it");
        break;
    case LANG_ITEM_GROUP:
        add_group(format, item);
        break;
    case LANG_ITEM_BEFORE_EACH:
    case LANG_ITEM_AFTER_EACH:
        add_hook(format, item);
        break;
    case LANG_ITEM_LET:
        fmt_add(format, fmt_let(format, &item->as.let));
        break;
    }
}

const doc *fmt_item(formatter *format, const lang_item *item)
{
    size_t mark = fmt_begin(format);
    if (item->spec != NULL) {
        fmt_lines lines = fmt_lines_begin(format);
        for (uint32_t index = 0; index < item->spec->count; index++) {
            const lang_spec_attribute *attribute = &item->spec->attributes[index];
            fmt_lines_next(format, &lines, attribute->span.start);
            const doc *line = attribute_doc(format, attribute);
            fmt_lines_add(format, &lines, line, attribute->span.end);
        }
        fmt_lines_next(format, &lines, item->span.start);
        size_t inner = fmt_begin(format);
        add_item(format, item);
        const doc *definition = fmt_end(format, inner);
        fmt_lines_add(format, &lines, definition, item->span.end);
        fmt_add(format, fmt_lines_end(format, &lines, item->span.start));
        return fmt_end(format, mark);
    }
    add_item(format, item);
    return fmt_end(format, mark);
}

static bool is_definition(const lang_item *item)
{
    return item->kind == LANG_ITEM_FUNCTION || item->kind == LANG_ITEM_TYPE ||
           item->kind == LANG_ITEM_EFFECT || item->kind == LANG_ITEM_TRAIT ||
           item->kind == LANG_ITEM_IMPL || item->kind == LANG_ITEM_GROUP;
}

// Items stand apart as in the source, and definitions of several lines in any case.
const doc *fmt_items(formatter *format, lang_item *const *items, uint32_t count, uint32_t end)
{
    fmt_lines lines = fmt_lines_begin(format);
    bool apart = false; // The item before takes several lines.
    for (uint32_t index = 0; index < count; index++) {
        const lang_item *item = items[index];
        uint32_t start = item->spec != NULL ? item->spec->span.start : item->span.start;
        fmt_lines_next(format, &lines, start);
        const doc *document = fmt_item(format, item);
        bool tall = is_definition(item) && doc_is_multiline(document, 0);
        if (apart || tall) {
            fmt_lines_blank(format, &lines);
        }
        fmt_lines_add(format, &lines, document, item->span.end);
        apart = tall;
    }
    return fmt_lines_end(format, &lines, end);
}
