// lang/ast.h: the syntax tree of one file.
//
// Plain structs in one arena: a kind and a union, lists as pointer and count. The tree is what the
// user wrote, undecided: `Name` may turn out a constructor, a module, an effect or a trait, and
// `a.b` a field, a native or an operation; that is the checker's to find out. Nothing in the tree
// changes after parsing: results of later passes live in side tables indexed by id.
//
//   - id: every expression, pattern, type, statement, arm, clause, parameter, function, variant
//     and item has one; dense from 0 to lang_tree.node_count - 1, unique in its file.
//   - span: the bytes of the construct, from its first token to its last, comments around it not
//     included. Of something in parentheses it includes the (outermost) parentheses.
//   - Names are slices of the source; a name that ends in `!` includes it ("println!").
//   - Optional parts are NULL, or have a NULL `text.data`, as their comment says.
//   - Where an expression tree is high: at most LANG_TREE_HEIGHT_MAX (lang/limits.def), so plain
//     recursion over it is safe.
//   - A file with syntax errors has a tree too, without the items that the errors are in.
#ifndef LANG_AST_H
#define LANG_AST_H

#include "lang/diagnostics.h"
#include "lang/source.h"

typedef struct lang_expr lang_expr;
typedef struct lang_pattern lang_pattern;
typedef struct lang_type_expr lang_type_expr;
typedef struct lang_item lang_item;

// A name where it is written.
typedef struct lang_name {
    bl_slice text; // data == NULL: there is none.
    lang_span span;
} lang_name;

static inline bool lang_name_is_present(lang_name name)
{
    return name.text.data != NULL;
}

typedef struct lang_name_list {
    lang_name *items;
    uint32_t count;
} lang_name_list;

typedef struct lang_expr_list {
    lang_expr **items;
    uint32_t count;
} lang_expr_list;

typedef struct lang_pattern_list {
    lang_pattern **items;
    uint32_t count;
} lang_pattern_list;

typedef struct lang_type_list {
    lang_type_expr **items;
    uint32_t count;
} lang_type_list;

// How a string literal is written.
typedef enum lang_string_form {
    LANG_STRING_PLAIN,    // "…"
    LANG_STRING_TRIPLE,   // """…"""
    LANG_STRING_RAW,      // r"…"
    LANG_STRING_RAW_HASH, // r#"…"#
} lang_string_form;

// The name of a field in a record literal, a struct literal, an update or a record type.
typedef struct lang_field_name {
    bl_slice text; // Decoded, without quotes.
    lang_span span;
    bool quoted;
    // The first `${…}` in a quoted name, else empty: the type pass reports it as TYP_030. The text
    // is then without the interpolated parts.
    lang_span interpolation;
} lang_field_name;

// ---- types -----------------------------------------------------------------------------------

// `{A, B}` before a result type.
typedef struct lang_effect_set {
    bool present;
    lang_name_list names; // At least one if present.
    lang_span span;       // With the braces.
} lang_effect_set;

typedef struct lang_type_field {
    lang_field_name name;
    lang_type_expr *type;
    lang_span span;
} lang_type_field;

typedef enum lang_type_kind {
    LANG_TYPE_NAME,     // named: `Int`, `List<T>`, `T`, `Self`
    LANG_TYPE_UNIT,     // `()`
    LANG_TYPE_TUPLE,    // tuple: `(A, B)`, two or more
    LANG_TYPE_FUNCTION, // function: `(A, B) -> {E} C`
    LANG_TYPE_RECORD,   // record: `{ x: A, ..r }`
    LANG_TYPE_OPTION,   // option: `T?`
} lang_type_kind;

struct lang_type_expr {
    lang_type_kind kind;
    uint32_t id;
    lang_span span;
    uint16_t paren_count; // Pairs of parentheses that only group: 1 for `(A)`.
    union {
        struct {
            lang_name name;
            lang_type_list arguments; // Empty for a bare name.
        } named;
        lang_type_list tuple;
        struct {
            lang_type_list parameters;
            lang_effect_set effects;
            lang_type_expr *result;
        } function;
        struct {
            lang_type_field *fields;
            uint32_t count;
            lang_name row; // `..r`; absent: closed.
        } record;
        lang_type_expr *option;
    } as;
};

// ---- patterns --------------------------------------------------------------------------------

typedef struct lang_pattern_field {
    lang_name name;
    lang_pattern *pattern; // Never NULL: for `{ x }` a NAME pattern `x` of its own id.
    bool shorthand;        // `{ x }` and not `{ x: x }`.
    lang_span span;
} lang_pattern_field;

typedef enum lang_pattern_kind {
    LANG_PATTERN_WILDCARD,    // `_`
    LANG_PATTERN_NAME,        // name: binds it (an identifier such as `_x` too)
    LANG_PATTERN_INT,         // integer
    LANG_PATTERN_FLOAT,       // number
    LANG_PATTERN_STRING,      // string
    LANG_PATTERN_BOOL,        // boolean
    LANG_PATTERN_UNIT,        // `()`
    LANG_PATTERN_CONSTRUCTOR, // constructor: `None`, `Some(p)`
    LANG_PATTERN_TUPLE,       // list: two or more
    LANG_PATTERN_RECORD,      // record: `{ x, y: p, .. }`
    LANG_PATTERN_LIST,        // list and rest: `[a, b, ..rest]`
} lang_pattern_kind;

struct lang_pattern {
    lang_pattern_kind kind;
    uint32_t id;
    lang_span span;
    lang_span inner; // The span without the parentheses around.
    uint16_t paren_count;
    union {
        bl_slice name;
        int64_t integer;
        double number;
        struct {
            bl_slice text; // Decoded.
            lang_string_form form;
        } string;
        bool boolean;
        struct {
            lang_name name;
            lang_pattern_list arguments;
            bool parenthesised; // `None()` and not `None`; always true with arguments.
        } constructor;
        lang_pattern_list tuple;
        struct {
            lang_pattern_field *fields;
            uint32_t count;
            bool open; // `..` was written; it changes nothing.
        } record;
        struct {
            lang_pattern_list items;
            lang_pattern *rest; // NAME or WILDCARD; NULL: the list has exactly these elements.
        } list;
    } as;
};

// ---- expressions -----------------------------------------------------------------------------

typedef enum lang_unary {
    LANG_UNARY_NEGATE, // `-e`
    LANG_UNARY_NOT,    // `not e`
} lang_unary;

// PIPE and RANGE have kinds of their own among the expressions.
typedef enum lang_binary {
#define BINARY(name, text, level, token) LANG_BINARY_##name,
#include "lang/operators.def"
#undef BINARY
    LANG_BINARY_COUNT,
} lang_binary;

const char *lang_binary_text(lang_binary operator_); // "++"

// A piece of a string literal. The pieces of `"a${x}b"` are text, expression, text; empty texts
// are left out, so `""` has none.
typedef struct lang_string_part {
    lang_expr *expr; // NULL: a text.
    bl_slice text;   // Decoded; arena or source.
    lang_span span;  // Of the text as written, or of `${…}`.
} lang_string_part;

typedef struct lang_string {
    lang_string_form form;
    lang_string_part *parts;
    uint32_t count;
} lang_string;

typedef struct lang_argument {
    lang_name name; // Absent: positional.
    lang_expr *value;
    lang_span span; // With the name.
} lang_argument;

typedef struct lang_map_entry {
    lang_expr *key;
    lang_expr *value;
} lang_map_entry;

typedef struct lang_field {
    lang_field_name name;
    lang_expr *value;
    lang_span span;
} lang_field;

typedef struct lang_arm {
    uint32_t id;
    lang_span span;
    lang_pattern_list patterns; // Alternatives; at least one.
    lang_expr *guard;           // NULL: none.
    lang_expr *body;
} lang_arm;

typedef struct lang_handler_record {
    lang_name effect;
    lang_expr *value;
} lang_handler_record;

// `Ask.tell!(who, resume) -> body`.
typedef struct lang_clause {
    uint32_t id;
    lang_span span;
    lang_name effect;
    lang_name operation; // As written, with its `!` if it has one.
    // NAME or WILDCARD patterns, all of them; if has_resume, the last one is the NAME `resume`.
    lang_pattern_list parameters;
    bool has_resume;
    lang_expr *body;
} lang_clause;

typedef enum lang_matcher {
    LANG_MATCHER_TO_EQUAL,       // operand
    LANG_MATCHER_TO_BE,          // pattern
    LANG_MATCHER_TO_CONTAIN,     // operand
    LANG_MATCHER_TO_HAVE_LENGTH, // operand
    LANG_MATCHER_TO_BE_EMPTY,
    LANG_MATCHER_TO_START_WITH, // operand
    LANG_MATCHER_TO_SATISFY,    // operand
    LANG_MATCHER_TO_BE_OK,
    LANG_MATCHER_TO_BE_SOME,
    LANG_MATCHER_TO_BE_NONE,
} lang_matcher;

const char *lang_matcher_text(lang_matcher matcher); // "to_equal"

// `let mut p: T = e`; also an item of a test group.
typedef struct lang_let {
    bool mutable;
    lang_pattern *pattern;
    lang_type_expr *type; // NULL: none.
    lang_expr *value;
} lang_let;

// `x.f.g = e`.
typedef struct lang_assign {
    lang_name target;      // The variable.
    lang_name_list fields; // Empty for `x = e`.
    lang_span place_span;  // `x.f.g`.
    lang_expr *value;
} lang_assign;

typedef enum lang_statement_kind {
    LANG_STATEMENT_LET,
    LANG_STATEMENT_ASSIGN,
    LANG_STATEMENT_EXPR,
} lang_statement_kind;

typedef struct lang_statement {
    lang_statement_kind kind;
    uint32_t id;
    lang_span span;
    bool semicolon; // A `;` followed.
    union {
        lang_let let;
        lang_assign assign;
        lang_expr *expr;
    } as;
} lang_statement;

typedef enum lang_expr_kind {
    LANG_EXPR_INT,          // integer
    LANG_EXPR_FLOAT,        // number
    LANG_EXPR_STRING,       // string
    LANG_EXPR_BOOL,         // boolean
    LANG_EXPR_UNIT,         // `()`
    LANG_EXPR_NAME,         // name: `x`, `main!`
    LANG_EXPR_TYPE_NAME,    // name: `Some`, `List`: constructor, module, effect, trait, type
    LANG_EXPR_HOLE,         // `??`
    LANG_EXPR_TUPLE,        // list: two or more
    LANG_EXPR_LIST,         // list
    LANG_EXPR_SET,          // list: one or more
    LANG_EXPR_MAP,          // map: `#{}` is an empty map
    LANG_EXPR_RECORD,       // record: `{ x: 1 }`, `{}`
    LANG_EXPR_UPDATE,       // record, with base: `{ ..r, x: 1 }`
    LANG_EXPR_STRUCT,       // record, with type_name, perhaps base: `P { x: 1 }`
    LANG_EXPR_BLOCK,        // block: `{ a b c }`
    LANG_EXPR_LAMBDA,       // lambda
    LANG_EXPR_IF,           // condition
    LANG_EXPR_MATCH,        // match
    LANG_EXPR_FOR,          // loop
    LANG_EXPR_WITH_RECORDS, // with: `with { E: r } body`
    LANG_EXPR_WITH_CAPTURE, // capture: `with M.op! { body }`
    LANG_EXPR_HANDLE,       // handle
    LANG_EXPR_RESTRICT,     // restriction
    LANG_EXPR_EXPECT,       // expect
    LANG_EXPR_UNARY,        // unary
    LANG_EXPR_BINARY,       // binary: all but `|>` and `..`
    LANG_EXPR_PIPE,         // binary
    LANG_EXPR_RANGE,        // binary
    LANG_EXPR_CALL,         // call
    LANG_EXPR_FIELD,        // field: `e.f`
    LANG_EXPR_TRY,          // operand: `e?`
} lang_expr_kind;

struct lang_expr {
    lang_expr_kind kind;
    uint32_t id;
    lang_span span;
    lang_span inner;      // The span without the parentheses around.
    uint16_t paren_count; // Pairs of parentheses that only group: 1 for `(e)`, also for `(e,)`.
    uint16_t height;      // 1 for a leaf; at most LANG_TREE_HEIGHT_MAX.
    union {
        // The text is that of `inner`. The smallest Int, `-9223372036854775808`, is one INT node
        // that includes the minus.
        int64_t integer;
        double number;
        lang_string string;
        bool boolean;
        bl_slice name;
        lang_expr_list list;
        struct {
            lang_map_entry *entries;
            uint32_t count;
        } map;
        struct {
            lang_name type_name; // STRUCT only.
            lang_expr *base;     // `..base`; NULL: none.
            lang_field *fields;
            uint32_t count;
        } record;
        struct {
            lang_statement *statements;
            uint32_t count; // At least one.
        } block;
        struct {
            lang_pattern_list parameters;
            lang_expr *body;
        } lambda;
        struct {
            lang_expr *condition;
            lang_expr *then_branch;
            lang_expr *else_branch; // NULL: none.
        } condition;
        struct {
            lang_expr *subject;
            lang_arm *arms;
            uint32_t count; // At least one.
        } match;
        struct {
            lang_pattern *pattern;
            lang_expr *collection;
            lang_expr *body;
        } loop;
        struct {
            lang_handler_record *records;
            uint32_t count; // At least one.
            lang_expr *body;
        } with;
        struct {
            lang_name effect;
            lang_name operation; // As written, with its `!` if it has one.
            lang_expr *body;     // A BLOCK.
        } capture;
        struct {
            lang_expr *body;
            lang_clause *clauses;
            uint32_t count; // At least one.
        } handle;
        struct {
            lang_name_list effects; // Empty for `restrict { … }`.
            lang_expr *body;        // A BLOCK.
        } restriction;
        struct {
            lang_expr *subject;
            lang_matcher matcher;
            lang_span matcher_span;
            lang_expr *operand;    // NULL but where lang_matcher says operand.
            lang_pattern *pattern; // TO_BE only.
        } expect;
        struct {
            lang_unary operator_;
            lang_span operator_span;
            lang_expr *operand;
        } unary;
        struct {
            lang_binary operator_;
            lang_span operator_span;
            lang_expr *left;
            lang_expr *right;
        } binary;
        struct {
            lang_expr *callee;
            lang_argument *arguments;
            uint32_t count;
        } call;
        struct {
            lang_expr *object;
            lang_name name;
        } field;
        lang_expr *operand;
    } as;
};

// ---- items -----------------------------------------------------------------------------------

// `<T: Show + Eq>`: one of them.
typedef struct lang_type_parameter {
    uint32_t id;
    lang_span span;
    lang_name name;
    lang_name_list bounds;
} lang_type_parameter;

typedef struct lang_type_parameter_list {
    lang_type_parameter *items;
    uint32_t count;
} lang_type_parameter_list;

typedef struct lang_parameter {
    uint32_t id;
    lang_span span;
    lang_pattern *pattern;
    lang_type_expr *type;
} lang_parameter;

typedef struct lang_parameter_list {
    lang_parameter *items;
    uint32_t count;
} lang_parameter_list;

// An item of its own, a default method of a trait, or a method of an impl.
typedef struct lang_function {
    uint32_t id;    // Not the item's.
    lang_span span; // From `export` or `fn`.
    lang_name name;
    lang_type_parameter_list type_parameters;
    lang_parameter_list parameters;
    lang_span parameters_span; // With the parentheses.
    lang_effect_set effects;
    lang_type_expr *result; // NULL: no `->`.
    lang_expr *body;
} lang_function;

// `name : (A, B) -> {E} C` in an effect or a trait.
typedef struct lang_signature {
    uint32_t id;
    lang_span span;
    lang_name name;
    lang_type_list parameters; // `()` gives none, `(A, B)` two, `A` and `(A)` one.
    bool parenthesised;        // False for `A -> B`.
    lang_effect_set effects;
    lang_type_expr *result;
} lang_signature;

typedef struct lang_variant {
    uint32_t id;
    lang_span span;
    lang_name name;
    lang_type_list payload; // Empty: nullary.
} lang_variant;

typedef enum lang_type_form {
    LANG_TYPE_FORM_ENUM,   // variants
    LANG_TYPE_FORM_STRUCT, // type is a RECORD in no parentheses, without `?`
    LANG_TYPE_FORM_ALIAS,  // type is anything else
} lang_type_form;

typedef struct lang_type_definition {
    lang_type_form form;
    lang_name name;
    lang_type_parameter_list type_parameters;
    lang_variant *variants; // ENUM.
    uint32_t variant_count;
    bool leading_bar;      // `= | A | B`.
    lang_type_expr *type;  // STRUCT and ALIAS.
    lang_expr *refinement; // `where …` of STRUCT and ALIAS; NULL: none.
} lang_type_definition;

typedef struct lang_effect_definition {
    lang_name name;
    lang_signature *operations;
    uint32_t count;
} lang_effect_definition;

// A trait keeps signatures and default methods apart; their spans tell how they were mixed.
typedef struct lang_trait_definition {
    lang_name name;
    lang_type_parameter_list type_parameters;
    lang_name_list supertraits;
    lang_signature *signatures;
    uint32_t signature_count;
    lang_function *functions;
    uint32_t function_count;
} lang_trait_definition;

typedef struct lang_impl {
    lang_name trait;
    lang_type_parameter_list type_parameters;
    lang_type_expr *target;
    lang_function *functions;
    uint32_t function_count;
} lang_impl;

typedef enum lang_import_form {
    LANG_IMPORT_MODULE,    // `import A.B`
    LANG_IMPORT_ALL,       // `import A.B.*`
    LANG_IMPORT_SELECTIVE, // `import A.B.{f, g!, T}`
} lang_import_form;

typedef struct lang_import {
    lang_import_form form;
    lang_name_list path;  // `A`, `B`; the last one is the module's name.
    lang_span path_span;  // `A.B`.
    lang_name_list names; // SELECTIVE: functions and types, as written.
} lang_import;

typedef enum lang_spec_kind {
    LANG_SPEC_SPEC,     // name
    LANG_SPEC_GIVEN,    // given
    LANG_SPEC_RETURNS,  // type
    LANG_SPEC_REQUIRES, // expr
    LANG_SPEC_ENSURES,  // expr
    LANG_SPEC_ASSUME,   // expr
    LANG_SPEC_PURE,
    LANG_SPEC_TOTAL,
} lang_spec_kind;

typedef struct lang_spec_attribute {
    lang_spec_kind kind;
    lang_span span; // From `@`.
    union {
        lang_name name;
        struct {
            lang_parameter_list parameters; // At least one.
            lang_expr *condition;           // `where …`; NULL: none.
        } given;
        lang_type_expr *type;
        lang_expr *expr;
    } as;
} lang_spec_attribute;

// The attributes before a definition.
typedef struct lang_spec {
    lang_span span; // From the first `@` to the end of the definition.
    lang_spec_attribute *attributes;
    uint32_t count; // At least one.
} lang_spec;

bool lang_spec_has(const lang_spec *spec, lang_spec_kind kind); // spec may be NULL.

typedef enum lang_it_mode {
    LANG_IT_PLAIN,
    LANG_IT_ONLY, // `it.only`
    LANG_IT_SKIP, // `it.skip`
} lang_it_mode;

// `test "name" = e`, `it "name" = e`.
typedef struct lang_test {
    bl_slice name;     // As written between the quotes, escapes not decoded.
    lang_expr *title;  // The string itself (STRING).
    lang_it_mode mode; // PLAIN for `test`.
    lang_expr *body;
} lang_test;

// `describe "name" { … }`, `context "name" { … }`.
typedef struct lang_group {
    bl_slice name; // As written between the quotes.
    lang_expr *title;
    bool is_context;
    lang_item **items;
    uint32_t count;
} lang_group;

typedef enum lang_item_kind {
    LANG_ITEM_MODULE,       // module: `@module A.B`, `module A.B`
    LANG_ITEM_PRELUDE,      // prelude
    LANG_ITEM_IMPORT,       // import
    LANG_ITEM_FUNCTION,     // function
    LANG_ITEM_TYPE,         // type
    LANG_ITEM_EFFECT,       // effect
    LANG_ITEM_TRAIT,        // trait
    LANG_ITEM_IMPL,         // impl
    LANG_ITEM_TEST_SECTION, // a lone `@test`; the tests that follow are items like others
    LANG_ITEM_TEST,         // test
    LANG_ITEM_GROUP,        // group
    LANG_ITEM_IT,           // test; in groups only, like the rest
    LANG_ITEM_BEFORE_EACH,  // hook
    LANG_ITEM_AFTER_EACH,   // hook
    LANG_ITEM_LET,          // let
} lang_item_kind;

struct lang_item {
    lang_item_kind kind;
    uint32_t id;
    lang_span span;  // From `export`, or the first keyword: a spec before it is not included.
    bool exported;   // FUNCTION, TYPE, EFFECT, TRAIT.
    lang_spec *spec; // FUNCTION, TYPE, EFFECT, TRAIT, IMPL; NULL: none.
    union {
        struct {
            lang_name_list path;
            bool attribute; // `@module` and not `module`.
        } module;
        lang_name prelude;
        lang_import import;
        lang_function function;
        lang_type_definition type;
        lang_effect_definition effect;
        lang_trait_definition trait;
        lang_impl impl;
        lang_test test;
        lang_group group;
        lang_expr *hook;
        lang_let let;
    } as;
};

// ---- the file --------------------------------------------------------------------------------

typedef struct lang_comment {
    lang_span span; // With its markers, without the line end.
    bool block;     // `/* … */`
} lang_comment;

typedef struct lang_tree {
    const lang_source *source; // Kept.
    lang_item **items;         // In source order.
    uint32_t count;
    uint32_t node_count;    // Ids are below this.
    lang_comment *comments; // In source order; the formatter puts them back.
    uint32_t comment_count;
} lang_tree;

// Never fails and never returns NULL: what cannot be read becomes SYN_001 and SYN_002 in
// *diagnostics. With one of these no other pass may run. Time and memory are linear in the size.
// The tree is the arena's; its slices point into the source or into the arena.
lang_tree *lang_parse(bl_arena *arena, const lang_source *source, lang_diagnostics *diagnostics);

// For `dump --ast` and for comparing trees: an s-expression, one node a line, without spans
// unless asked for; comments, parentheses that only group and the way in which literals are
// written are left out, so trees before and after formatting print alike.
void lang_ast_dump(const lang_tree *tree, bool with_spans, bl_buffer *out);

#endif
