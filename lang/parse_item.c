// lang/parse_item.c: items: modules, preludes, imports, and the definitions with what precedes
// them. Tests and groups are in parse_test.c.
#include "lang/limits.h"
#include "lang/parser.h"

lang_item *lang_new_item(lang_parser *parser, lang_item_kind kind, uint32_t start)
{
    lang_item *item = bl_arena_alloc_zeroed(parser->arena, sizeof(lang_item));
    item->kind = kind;
    item->id = lang_parser_id(parser);
    item->span = (lang_span){start, start};
    return item;
}

static lang_item *end_item(lang_parser *parser, lang_item *item)
{
    item->span.end = parser->previous_end;
    return item;
}

static bool at_attribute(const lang_parser *parser, lang_attribute attribute)
{
    return lang_parser_at(parser, LANG_TOKEN_ATTRIBUTE) && parser->token.attribute == attribute;
}

// TID { '.' TID } ;   stops before a '.' that no TID follows
static lang_name_list parse_path(lang_parser *parser)
{
    lang_name_list path = {0};
    size_t mark = lang_parser_mark(parser);
    lang_name name = lang_parser_type_name(parser);
    lang_parser_push(parser, &name, sizeof(name));
    while (lang_parser_at(parser, LANG_TOKEN_DOT) &&
           lang_parser_peek(parser, 1)->kind == LANG_TOKEN_TYPE_IDENT) {
        lang_parser_advance(parser);
        name = lang_parser_type_name(parser);
        lang_parser_push(parser, &name, sizeof(name));
    }
    path.items = lang_parser_move(parser, mark, sizeof(lang_name), &path.count);
    return path;
}

// Module = ( '@module' | 'module' ) TID { '.' TID } ;
static lang_item *parse_module(lang_parser *parser)
{
    lang_item *item = lang_new_item(parser, LANG_ITEM_MODULE, parser->token.span.start);
    item->as.module.attribute = lang_parser_at(parser, LANG_TOKEN_ATTRIBUTE);
    lang_parser_advance(parser);
    item->as.module.path = parse_path(parser);
    return end_item(parser, item);
}

// Prelude = '@prelude' '(' ID ')' ;
static lang_item *parse_prelude(lang_parser *parser)
{
    lang_item *item = lang_new_item(parser, LANG_ITEM_PRELUDE, parser->token.span.start);
    lang_parser_advance(parser);
    if (!lang_parser_at(parser, LANG_TOKEN_LEFT_PAREN)) {
        lang_parser_fail(parser, "(");
        return item;
    }
    lang_scope outside = lang_parser_open(parser, LANG_TOKEN_RIGHT_PAREN);
    item->as.prelude = lang_parser_identifier(parser);
    lang_parser_close(parser, outside);
    return end_item(parser, item);
}

// '{' list1(NAME | TID) '}'
static lang_name_list parse_import_names(lang_parser *parser)
{
    lang_name_list names = {0};
    size_t mark = lang_parser_mark(parser);
    lang_scope outside = lang_parser_open(parser, LANG_TOKEN_RIGHT_BRACE);
    do {
        lang_name name = lang_parser_any_name(parser);
        lang_parser_push(parser, &name, sizeof(name));
    } while (lang_parser_list_next(parser, false));
    lang_parser_close(parser, outside);
    names.items = lang_parser_move(parser, mark, sizeof(lang_name), &names.count);
    return names;
}

// Import = 'import' TID { '.' TID } [ '.' ( '*' | '{' list1(NAME | TID) '}' ) ] ;
static lang_item *parse_import(lang_parser *parser)
{
    lang_item *item = lang_new_item(parser, LANG_ITEM_IMPORT, parser->token.span.start);
    lang_import *import = &item->as.import;
    lang_parser_advance(parser);
    uint32_t start = parser->token.span.start;
    import->path = parse_path(parser);
    import->path_span = lang_parser_span(parser, start);
    if (lang_parser_take(parser, LANG_TOKEN_DOT)) {
        if (lang_parser_take(parser, LANG_TOKEN_STAR)) {
            import->form = LANG_IMPORT_ALL;
        } else if (lang_parser_at(parser, LANG_TOKEN_LEFT_BRACE)) {
            import->form = LANG_IMPORT_SELECTIVE;
            import->names = parse_import_names(parser);
        } else {
            lang_parser_fail(parser, "module name");
        }
    }
    return end_item(parser, item);
}

// ---- functions ---------------------------------------------------------------------------------

// Param = Pattern ':' Type ;
lang_parameter lang_parse_parameter(lang_parser *parser)
{
    lang_parameter parameter = {.id = lang_parser_id(parser)};
    uint32_t start = parser->token.span.start;
    parameter.pattern = lang_parse_pattern(parser);
    lang_parser_expect(parser, LANG_TOKEN_COLON);
    parameter.type = lang_parse_type(parser);
    parameter.span = lang_parser_span(parser, start);
    return parameter;
}

static void refuse_parameter(lang_parser *parser, lang_span span)
{
    bl_slice context = bl_arena_format(
        parser->arena, "A function may have %d parameters; pass a record or a list.",
        LANG_PARAMETERS_MAX);
    lang_parser_fail_at(parser, span, "Too many parameters", context.data);
}

static lang_parameter_list parse_parameters(lang_parser *parser)
{
    lang_parameter_list list = {0};
    if (!lang_parser_at(parser, LANG_TOKEN_LEFT_PAREN)) {
        lang_parser_fail(parser, "(");
        return list;
    }
    size_t mark = lang_parser_mark(parser);
    lang_scope outside = lang_parser_open(parser, LANG_TOKEN_RIGHT_PAREN);
    for (uint32_t count = 0; lang_parser_list_next(parser, count == 0); count++) {
        lang_parameter parameter = lang_parse_parameter(parser);
        if (count == LANG_PARAMETERS_MAX) {
            refuse_parameter(parser, parameter.span);
        }
        lang_parser_push(parser, &parameter, sizeof(parameter));
    }
    lang_parser_close(parser, outside);
    list.items = lang_parser_move(parser, mark, sizeof(lang_parameter), &list.count);
    return list;
}

// Function = 'fn' NAME [ TypeParams ] '(' list(Param) ')' [ '->' [ EffectSet ] Type ] '=' Expr ;
static lang_function parse_function(lang_parser *parser, uint32_t start)
{
    lang_function function = {.id = lang_parser_id(parser)};
    lang_parser_expect_word(parser, LANG_WORD_FN, "fn");
    function.name = lang_parser_value_name(parser);
    function.type_parameters = lang_parse_type_parameters(parser);
    uint32_t open = parser->token.span.start;
    function.parameters = parse_parameters(parser);
    function.parameters_span = lang_parser_span(parser, open);
    if (lang_parser_take(parser, LANG_TOKEN_ARROW)) {
        function.effects = lang_parse_effect_set(parser);
        function.result = lang_parse_type(parser);
    }
    lang_parser_expect(parser, LANG_TOKEN_EQUAL);
    function.body = lang_parse_expr(parser);
    function.span = lang_parser_span(parser, start);
    return function;
}

// ---- types -------------------------------------------------------------------------------------

// Variant = TID [ '(' list1(Type) ')' ] ;
static lang_variant parse_variant(lang_parser *parser)
{
    lang_variant variant = {.id = lang_parser_id(parser)};
    uint32_t start = parser->token.span.start;
    variant.name = lang_parser_type_name(parser);
    if (lang_parser_at(parser, LANG_TOKEN_LEFT_PAREN)) {
        size_t mark = lang_parser_mark(parser);
        lang_scope outside = lang_parser_open(parser, LANG_TOKEN_RIGHT_PAREN);
        do {
            lang_type_expr *type = lang_parse_type(parser);
            lang_parser_push(parser, &type, sizeof(type));
        } while (lang_parser_list_next(parser, false));
        lang_parser_close(parser, outside);
        variant.payload.items =
            lang_parser_move(parser, mark, sizeof(lang_type_expr *), &variant.payload.count);
    }
    variant.span = lang_parser_span(parser, start);
    return variant;
}

// Variant { '|' Variant }, the first one perhaps read already as a type
static void parse_variants(lang_parser *parser, lang_type_definition *type,
                           const lang_variant *first)
{
    size_t mark = lang_parser_mark(parser);
    type->form = LANG_TYPE_FORM_ENUM;
    if (first != NULL) {
        lang_parser_push(parser, first, sizeof(*first));
    }
    while (lang_parser_take(parser, LANG_TOKEN_BAR)) {
        lang_variant variant = parse_variant(parser);
        lang_parser_push(parser, &variant, sizeof(variant));
    }
    type->variants = lang_parser_move(parser, mark, sizeof(lang_variant), &type->variant_count);
}

// The variants start with TID: it is one if a bar follows it or its payload. `TID (` cannot be a
// type, `TID |` neither; `TID` alone is the name of one.
static bool at_variant(lang_parser *parser)
{
    if (!lang_parser_at(parser, LANG_TOKEN_TYPE_IDENT)) {
        return false;
    }
    lang_token_kind next = lang_parser_peek(parser, 1)->kind;
    return next == LANG_TOKEN_BAR || next == LANG_TOKEN_LEFT_PAREN;
}

// Type [ 'where' Expr ]
static void parse_alias(lang_parser *parser, lang_type_definition *type)
{
    type->type = lang_parse_type(parser);
    bool is_struct = type->type->kind == LANG_TYPE_RECORD && type->type->paren_count == 0;
    type->form = is_struct ? LANG_TYPE_FORM_STRUCT : LANG_TYPE_FORM_ALIAS;
    if (lang_parser_take_word(parser, LANG_WORD_WHERE)) {
        type->refinement = lang_parse_expr(parser);
    }
}

// TypeDef = 'type' TID [ TypeParams ] '=' ( Variants | Type [ 'where' Expr ] ) ;
static void parse_type_definition(lang_parser *parser, lang_type_definition *type)
{
    lang_parser_advance(parser);
    type->name = lang_parser_type_name(parser);
    type->type_parameters = lang_parse_type_parameters(parser);
    lang_parser_expect(parser, LANG_TOKEN_EQUAL);
    if (lang_parser_at(parser, LANG_TOKEN_BAR)) {
        type->leading_bar = true;
        parse_variants(parser, type, NULL);
    } else if (at_variant(parser)) {
        lang_variant first = parse_variant(parser);
        if (!lang_parser_at(parser, LANG_TOKEN_BAR)) {
            lang_parser_fail(parser, "|");
        }
        parse_variants(parser, type, &first);
    } else {
        parse_alias(parser, type);
    }
}

// ---- effects, traits, impls --------------------------------------------------------------------

// Opens the `{` of a body; false if there is none.
static bool open_body(lang_parser *parser, lang_scope *outside)
{
    if (!lang_parser_at(parser, LANG_TOKEN_LEFT_BRACE)) {
        lang_parser_fail(parser, "{");
        return false;
    }
    *outside = lang_parser_open(parser, LANG_TOKEN_RIGHT_BRACE);
    parser->scope.arms = LANG_ARMS_METHOD;
    return true;
}

static bool body_goes_on(const lang_parser *parser)
{
    return !lang_parser_at(parser, LANG_TOKEN_RIGHT_BRACE) && !parser->failed;
}

// EffectDef = 'effect' TID '{' { Signature } '}' ;
static void parse_effect_definition(lang_parser *parser, lang_effect_definition *effect)
{
    lang_parser_advance(parser);
    effect->name = lang_parser_type_name(parser);
    lang_scope outside;
    if (!open_body(parser, &outside)) {
        return;
    }
    size_t mark = lang_parser_mark(parser);
    while (body_goes_on(parser)) {
        lang_signature signature = lang_parse_signature(parser);
        lang_parser_push(parser, &signature, sizeof(signature));
    }
    lang_parser_close(parser, outside);
    effect->operations = lang_parser_move(parser, mark, sizeof(lang_signature), &effect->count);
}

// `fn` starts a function unless a `:` makes it the name of a signature.
static bool at_function(lang_parser *parser)
{
    return lang_parser_at_word(parser, LANG_WORD_FN) &&
           lang_parser_peek(parser, 1)->kind != LANG_TOKEN_COLON;
}

static void parse_trait_body(lang_parser *parser, lang_trait_definition *trait)
{
    bl_buffer functions = {0}; // Two lists grow at once; the scratch stack has the other.
    size_t mark = lang_parser_mark(parser);
    while (body_goes_on(parser)) {
        if (at_function(parser)) {
            lang_function function = parse_function(parser, parser->token.span.start);
            bl_buffer_append(&functions, (const char *)&function, sizeof(function));
        } else {
            lang_signature signature = lang_parse_signature(parser);
            lang_parser_push(parser, &signature, sizeof(signature));
        }
    }
    trait->signatures =
        lang_parser_move(parser, mark, sizeof(lang_signature), &trait->signature_count);
    lang_parser_push(parser, functions.data, functions.size);
    trait->functions =
        lang_parser_move(parser, mark, sizeof(lang_function), &trait->function_count);
    bl_buffer_deinit(&functions);
}

// TraitDef = 'trait' TID [ TypeParams ] [ ':' TID { ',' TID } ] '{' { Signature | Function } '}' ;
static void parse_trait_definition(lang_parser *parser, lang_trait_definition *trait)
{
    lang_parser_advance(parser);
    trait->name = lang_parser_type_name(parser);
    trait->type_parameters = lang_parse_type_parameters(parser);
    if (lang_parser_take(parser, LANG_TOKEN_COLON)) {
        size_t mark = lang_parser_mark(parser);
        do {
            lang_name name = lang_parser_type_name(parser);
            lang_parser_push(parser, &name, sizeof(name));
        } while (lang_parser_take(parser, LANG_TOKEN_COMMA) &&
                 !lang_parser_at(parser, LANG_TOKEN_LEFT_BRACE));
        trait->supertraits.items =
            lang_parser_move(parser, mark, sizeof(lang_name), &trait->supertraits.count);
    }
    lang_scope outside;
    if (open_body(parser, &outside)) {
        parse_trait_body(parser, trait);
        lang_parser_close(parser, outside);
    }
}

// ImplBlock = 'impl' TID [ TypeParams ] 'for' Type '{' { Function } '}' ;
static void parse_impl(lang_parser *parser, lang_impl *impl)
{
    lang_parser_advance(parser);
    impl->trait = lang_parser_type_name(parser);
    impl->type_parameters = lang_parse_type_parameters(parser);
    lang_parser_expect_word(parser, LANG_WORD_FOR, "for");
    impl->target = lang_parse_type(parser);
    lang_scope outside;
    if (!open_body(parser, &outside)) {
        return;
    }
    size_t mark = lang_parser_mark(parser);
    while (body_goes_on(parser)) {
        lang_function function = parse_function(parser, parser->token.span.start);
        lang_parser_push(parser, &function, sizeof(function));
    }
    lang_parser_close(parser, outside);
    impl->functions = lang_parser_move(parser, mark, sizeof(lang_function), &impl->function_count);
}

// ---- definitions and specs ---------------------------------------------------------------------

bool lang_parser_at_definition(const lang_parser *parser)
{
    return lang_parser_at_word(parser, LANG_WORD_EXPORT) ||
           lang_parser_at_word(parser, LANG_WORD_FN) ||
           lang_parser_at_word(parser, LANG_WORD_TYPE) ||
           lang_parser_at_word(parser, LANG_WORD_EFFECT) ||
           lang_parser_at_word(parser, LANG_WORD_TRAIT) ||
           lang_parser_at_word(parser, LANG_WORD_IMPL);
}

// Definition = [ 'export' ] ( Function | TypeDef | EffectDef | TraitDef ) | ImplBlock ;
lang_item *lang_parse_definition(lang_parser *parser)
{
    lang_item *item = lang_new_item(parser, LANG_ITEM_FUNCTION, parser->token.span.start);
    item->exported = lang_parser_take_word(parser, LANG_WORD_EXPORT);
    if (lang_parser_at_word(parser, LANG_WORD_FN)) {
        item->as.function = parse_function(parser, item->span.start);
    } else if (lang_parser_at_word(parser, LANG_WORD_TYPE)) {
        item->kind = LANG_ITEM_TYPE;
        parse_type_definition(parser, &item->as.type);
    } else if (lang_parser_at_word(parser, LANG_WORD_EFFECT)) {
        item->kind = LANG_ITEM_EFFECT;
        parse_effect_definition(parser, &item->as.effect);
    } else if (lang_parser_at_word(parser, LANG_WORD_TRAIT)) {
        item->kind = LANG_ITEM_TRAIT;
        parse_trait_definition(parser, &item->as.trait);
    } else if (lang_parser_at_word(parser, LANG_WORD_IMPL) && !item->exported) {
        item->kind = LANG_ITEM_IMPL;
        parse_impl(parser, &item->as.impl);
    } else {
        lang_parser_fail(parser, "definition");
    }
    return end_item(parser, item);
}

bool lang_spec_has(const lang_spec *spec, lang_spec_kind kind)
{
    for (uint32_t index = 0; spec != NULL && index < spec->count; index++) {
        if (spec->attributes[index].kind == kind) {
            return true;
        }
    }
    return false;
}

// Param { ',' Param } [ 'where' Expr ]
static void parse_given(lang_parser *parser, lang_spec_attribute *attribute)
{
    size_t mark = lang_parser_mark(parser);
    do {
        lang_parameter parameter = lang_parse_parameter(parser);
        lang_parser_push(parser, &parameter, sizeof(parameter));
    } while (lang_parser_take(parser, LANG_TOKEN_COMMA));
    lang_parameter_list *list = &attribute->as.given.parameters;
    list->items = lang_parser_move(parser, mark, sizeof(lang_parameter), &list->count);
    if (lang_parser_take_word(parser, LANG_WORD_WHERE)) {
        attribute->as.given.condition = lang_parse_expr(parser);
    }
}

// SpecAttr = '@spec' ( NAME | TID ) | '@given' … | '@returns' Type | '@requires' Expr | …
static lang_spec_attribute parse_spec_attribute(lang_parser *parser)
{
    lang_spec_attribute attribute = {0};
    uint32_t start = parser->token.span.start;
    lang_attribute word = (lang_attribute)parser->token.attribute;
    lang_parser_advance(parser);
    switch (word) {
    case LANG_ATTRIBUTE_SPEC:
        attribute.kind = LANG_SPEC_SPEC;
        attribute.as.name = lang_parser_any_name(parser);
        break;
    case LANG_ATTRIBUTE_GIVEN:
        attribute.kind = LANG_SPEC_GIVEN;
        parse_given(parser, &attribute);
        break;
    case LANG_ATTRIBUTE_RETURNS:
        attribute.kind = LANG_SPEC_RETURNS;
        attribute.as.type = lang_parse_type(parser);
        break;
    case LANG_ATTRIBUTE_REQUIRES:
        attribute.kind = LANG_SPEC_REQUIRES;
        attribute.as.expr = lang_parse_expr(parser);
        break;
    case LANG_ATTRIBUTE_ENSURES:
        attribute.kind = LANG_SPEC_ENSURES;
        attribute.as.expr = lang_parse_expr(parser);
        break;
    case LANG_ATTRIBUTE_ASSUME:
        attribute.kind = LANG_SPEC_ASSUME;
        attribute.as.expr = lang_parse_expr(parser);
        break;
    case LANG_ATTRIBUTE_PURE:
        attribute.kind = LANG_SPEC_PURE;
        break;
    case LANG_ATTRIBUTE_TOTAL:
        attribute.kind = LANG_SPEC_TOTAL;
        break;
    case LANG_ATTRIBUTE_MODULE:
    case LANG_ATTRIBUTE_PRELUDE:
    case LANG_ATTRIBUTE_TEST:
        break; // at_spec() has kept these out.
    }
    attribute.span = lang_parser_span(parser, start);
    return attribute;
}

static bool at_spec(const lang_parser *parser)
{
    return lang_parser_at(parser, LANG_TOKEN_ATTRIBUTE) &&
           !at_attribute(parser, LANG_ATTRIBUTE_MODULE) &&
           !at_attribute(parser, LANG_ATTRIBUTE_PRELUDE) &&
           !at_attribute(parser, LANG_ATTRIBUTE_TEST);
}

// SpecBlock = SpecAttr { SpecAttr } Definition ;
static lang_item *parse_spec_block(lang_parser *parser)
{
    lang_spec *spec = bl_arena_alloc_zeroed(parser->arena, sizeof(lang_spec));
    uint32_t start = parser->token.span.start;
    size_t mark = lang_parser_mark(parser);
    do {
        lang_spec_attribute attribute = parse_spec_attribute(parser);
        lang_parser_push(parser, &attribute, sizeof(attribute));
    } while (at_spec(parser));
    spec->attributes = lang_parser_move(parser, mark, sizeof(lang_spec_attribute), &spec->count);
    lang_item *item = lang_parse_definition(parser);
    item->spec = spec;
    spec->span = lang_parser_span(parser, start);
    return item;
}

// ---- items -------------------------------------------------------------------------------------

static lang_item *parse_attribute_item(lang_parser *parser)
{
    if (at_attribute(parser, LANG_ATTRIBUTE_MODULE)) {
        return parse_module(parser);
    }
    if (at_attribute(parser, LANG_ATTRIBUTE_PRELUDE)) {
        return parse_prelude(parser);
    }
    if (at_attribute(parser, LANG_ATTRIBUTE_TEST)) {
        return lang_parse_test_section(parser);
    }
    return parse_spec_block(parser);
}

// Item = Module | Prelude | Import | Definition | SpecBlock | Test | Describe | TestSection ;
lang_item *lang_parse_item(lang_parser *parser)
{
    if (lang_parser_at(parser, LANG_TOKEN_ATTRIBUTE)) {
        return parse_attribute_item(parser);
    }
    if (lang_parser_at_definition(parser)) {
        return lang_parse_definition(parser);
    }
    if (lang_parser_at_word(parser, LANG_WORD_MODULE)) {
        return parse_module(parser);
    }
    if (lang_parser_at_word(parser, LANG_WORD_IMPORT)) {
        return parse_import(parser);
    }
    if (lang_parser_at_word(parser, LANG_WORD_TEST)) {
        return lang_parse_test(parser);
    }
    if (lang_parser_at_word(parser, LANG_WORD_DESCRIBE) ||
        lang_parser_at_word(parser, LANG_WORD_CONTEXT)) {
        return lang_parse_group(parser);
    }
    lang_item *nothing = lang_new_item(parser, LANG_ITEM_MODULE, parser->token.span.start);
    lang_parser_fail(parser, "item");
    return nothing;
}
