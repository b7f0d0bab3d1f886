// lang/lower_schema.c: what Request.decode checks of each struct: kinds of fields, and the
// predicates of refined types taken apart into constraints that have words of their own.
//
// Only conjunctions are taken apart; a part in other words becomes a function of the value.
#include "lang/lower.h"

#include "lang/types.h"

#include <stdlib.h>

#define CONSTRAINTS_MAX 32 // Of one field; nobody writes more, and the rest is one PREDICATE each.

typedef struct constraint_list {
    lower_program *program;
    lang_unit *unit;
    const lang_item *item;
    vm_constraint items[CONSTRAINTS_MAX];
    uint32_t count;
} constraint_list;

static vm_constraint *add(constraint_list *list, vm_constraint_kind kind, const lang_expr *expr)
{
    static vm_constraint overflow;
    vm_constraint *added = list->count < CONSTRAINTS_MAX ? &list->items[list->count++] : &overflow;
    bl_slice source = lang_source_slice(&list->unit->source, expr->span);
    *added = (vm_constraint){.kind = kind, .source = lower_text(list->program, source)};
    return added;
}

static void add_number(constraint_list *list, vm_constraint_kind kind, const lang_expr *expr,
                       int64_t number)
{
    add(list, kind, expr)->integer = number;
}

static void add_text(constraint_list *list, vm_constraint_kind kind, const lang_expr *expr,
                     bl_slice text)
{
    const char **texts = bl_arena_alloc(&list->program->ir->target->arena, sizeof *texts);
    texts[0] = lower_text(list->program, text);
    vm_constraint *added = add(list, kind, expr);
    added->texts = texts;
    added->text_count = 1;
}

// ---- parts of predicates ---------------------------------------------------------------------

static bool is_self(const lang_expr *expr)
{
    return expr->kind == LANG_EXPR_NAME && bl_slice_equal(expr->as.name, BL_SLICE("self"));
}

static bool is_int(const lang_expr *expr, int64_t *value)
{
    if (expr->kind == LANG_EXPR_UNARY && expr->as.unary.operator_ == LANG_UNARY_NEGATE &&
        expr->as.unary.operand->kind == LANG_EXPR_INT) {
        *value = -expr->as.unary.operand->as.integer;
        return true;
    }
    *value = expr->as.integer;
    return expr->kind == LANG_EXPR_INT;
}

static bool is_text(const lang_expr *expr, bl_slice *text)
{
    if (expr->kind != LANG_EXPR_STRING) {
        return false;
    }
    *text = expr->as.string.count == 0 ? BL_SLICE("") : expr->as.string.parts[0].text;
    return expr->as.string.count == 0 ||
           (expr->as.string.count == 1 && expr->as.string.parts[0].expr == NULL);
}

// String.NAME(self, …)
static bool is_string_call(const lang_expr *expr, const char *name, uint32_t count)
{
    if (expr->kind != LANG_EXPR_CALL || expr->as.call.count != count) {
        return false;
    }
    const lang_expr *callee = expr->as.call.callee;
    return callee->kind == LANG_EXPR_FIELD &&
           callee->as.field.object->kind == LANG_EXPR_TYPE_NAME &&
           bl_slice_equal(callee->as.field.object->as.name, BL_SLICE("String")) &&
           bl_slice_equal(callee->as.field.name.text, bl_slice_of(name)) &&
           is_self(expr->as.call.arguments[0].value);
}

static lang_binary mirrored(lang_binary operator_)
{
    switch ((unsigned)operator_) {
    case LANG_BINARY_LESS:
        return LANG_BINARY_GREATER;
    case LANG_BINARY_GREATER:
        return LANG_BINARY_LESS;
    case LANG_BINARY_LESS_EQUAL:
        return LANG_BINARY_GREATER_EQUAL;
    case LANG_BINARY_GREATER_EQUAL:
        return LANG_BINARY_LESS_EQUAL;
    default:
        return operator_;
    }
}

// `self OP number` or `String.length(self) OP number` as bounds.
static bool add_bound(constraint_list *list, const lang_expr *expr, const lang_expr *subject,
                      lang_binary operator_, int64_t number)
{
    bool length = is_string_call(subject, "length", 1);
    vm_constraint_kind min = length ? VM_CONSTRAINT_LENGTH_MIN : VM_CONSTRAINT_MIN;
    vm_constraint_kind max = length ? VM_CONSTRAINT_LENGTH_MAX : VM_CONSTRAINT_MAX;
    if (!length && !is_self(subject)) {
        return false;
    }
    switch ((unsigned)operator_) {
    case LANG_BINARY_GREATER_EQUAL:
        add_number(list, min, expr, number);
        return true;
    case LANG_BINARY_GREATER:
        if (number == INT64_MAX) {
            return false;
        }
        add_number(list, min, expr, number + 1);
        return true;
    case LANG_BINARY_LESS_EQUAL:
        add_number(list, max, expr, number);
        return true;
    case LANG_BINARY_LESS:
        if (number == INT64_MIN) {
            return false;
        }
        add_number(list, max, expr, number - 1);
        return true;
    case LANG_BINARY_EQUAL:
        add_number(list, min, expr, number);
        add_number(list, max, expr, number);
        return true;
    default:
        return false;
    }
}

static bool is_comparison(const lang_expr *expr)
{
    return expr->kind == LANG_EXPR_BINARY &&
           (expr->as.binary.operator_ == LANG_BINARY_LESS ||
            expr->as.binary.operator_ == LANG_BINARY_LESS_EQUAL ||
            expr->as.binary.operator_ == LANG_BINARY_GREATER ||
            expr->as.binary.operator_ == LANG_BINARY_GREATER_EQUAL ||
            expr->as.binary.operator_ == LANG_BINARY_EQUAL);
}

static bool add_comparison(constraint_list *list, const lang_expr *expr)
{
    const lang_expr *left = expr->as.binary.left;
    const lang_expr *right = expr->as.binary.right;
    lang_binary operator_ = expr->as.binary.operator_;
    int64_t number = 0;
    bl_slice text = {0};
    // `1 <= self <= 9`: both hold.
    if (is_comparison(left) && is_int(right, &number) && operator_ != LANG_BINARY_EQUAL) {
        return add_comparison(list, left) &&
               add_bound(list, expr, left->as.binary.right, operator_, number);
    }
    if (operator_ == LANG_BINARY_EQUAL &&
        ((is_self(left) && is_text(right, &text)) || (is_self(right) && is_text(left, &text)))) {
        add_text(list, VM_CONSTRAINT_EQUALS, expr, text);
        return true;
    }
    if (is_int(right, &number)) {
        return add_bound(list, expr, left, operator_, number);
    }
    return is_int(left, &number) && add_bound(list, expr, right, mirrored(operator_), number);
}

// `self == "a" || self == "b" || …`: the texts, in order.
static bool collect_alternatives(const lang_expr *expr, bl_slice *texts, uint32_t *count)
{
    if (expr->kind != LANG_EXPR_BINARY) {
        return false;
    }
    if (expr->as.binary.operator_ == LANG_BINARY_OR) {
        return collect_alternatives(expr->as.binary.left, texts, count) &&
               collect_alternatives(expr->as.binary.right, texts, count);
    }
    return expr->as.binary.operator_ == LANG_BINARY_EQUAL && *count < CONSTRAINTS_MAX &&
           is_self(expr->as.binary.left) && is_text(expr->as.binary.right, &texts[(*count)++]);
}

static bool add_alternatives(constraint_list *list, const lang_expr *expr)
{
    bl_slice texts[CONSTRAINTS_MAX];
    uint32_t count = 0;
    if (expr->as.binary.operator_ != LANG_BINARY_OR || !collect_alternatives(expr, texts, &count)) {
        return false;
    }
    const char **kept = bl_arena_alloc(&list->program->ir->target->arena, count * sizeof *kept);
    for (uint32_t i = 0; i < count; i++) {
        kept[i] = lower_text(list->program, texts[i]);
    }
    vm_constraint *added = add(list, VM_CONSTRAINT_ONE_OF, expr);
    added->texts = kept;
    added->text_count = count;
    return true;
}

static bool add_string_test(constraint_list *list, const lang_expr *expr)
{
    static const struct {
        const char *name;
        vm_constraint_kind kind;
    } tests[] = {
        {"matches", VM_CONSTRAINT_MATCHES},
        {"starts_with", VM_CONSTRAINT_STARTS},
        {"ends_with", VM_CONSTRAINT_ENDS},
        {"contains", VM_CONSTRAINT_CONTAINS},
    };
    bl_slice text = {0};
    for (size_t i = 0; i < BL_ARRAY_COUNT(tests); i++) {
        if (is_string_call(expr, tests[i].name, 2) &&
            is_text(expr->as.call.arguments[1].value, &text)) {
            add_text(list, tests[i].kind, expr, text);
            return true;
        }
    }
    return false;
}

static void add_predicate(constraint_list *list, const lang_expr *expr)
{
    lower_program *program = list->program;
    lang_position at = lang_source_position(&list->unit->source, expr->span.start);
    ir_function *function = ir_function_new(program->ir, "where",
                                            lower_text(program, list->unit->source.path), at.line);
    function->param_count = 1;
    function->escapes = true;
    function->is_root = true;
    (void)ir_variable_new(function, NULL);
    (void)ir_variable_new(function, NULL);
    lower_context context;
    lower_context_init(&context, program, list->unit, function, NULL);
    lower_bind(&context, list->item->id, 0, false); // `self`
    lower_into(&context, expr, LOWER_TAIL);
    add(list, VM_CONSTRAINT_PREDICATE, expr)->function = function->target;
}

static void add_condition(constraint_list *list, const lang_expr *expr)
{
    if (expr->kind == LANG_EXPR_BINARY && expr->as.binary.operator_ == LANG_BINARY_AND) {
        add_condition(list, expr->as.binary.left);
        add_condition(list, expr->as.binary.right);
        return;
    }
    uint32_t before = list->count;
    if ((is_comparison(expr) && add_comparison(list, expr)) ||
        (expr->kind == LANG_EXPR_BINARY && add_alternatives(list, expr)) ||
        add_string_test(list, expr)) {
        return;
    }
    list->count = before;
    add_predicate(list, expr);
}

// ---- fields and structs ----------------------------------------------------------------------

// Predicates from the innermost base outwards.
static lang_type *add_refinements(constraint_list *list, lang_type *type)
{
    lang_type_symbol *symbol = type->shape == LANG_SHAPE_NAMED ? type->symbol : NULL;
    if (symbol == NULL || symbol->kind != LANG_SYMBOL_REFINED || symbol->unit == NULL) {
        return type;
    }
    lang_type *base = add_refinements(list, symbol->base);
    list->unit = symbol->unit;
    list->item = symbol->item;
    if (symbol->item->as.type.refinement != NULL) {
        add_condition(list, symbol->item->as.type.refinement);
    }
    return base;
}

static const vm_schema *schema_of(lower_program *program, const lang_type_symbol *symbol)
{
    bl_slice key = {(const char *)&symbol, sizeof symbol};
    return ir_table_get(&program->schemas, key);
}

static void fill_field(lower_program *program, vm_schema_field *field, lang_type *type)
{
    lang_types *types = lang_types_of(program->world);
    field->type_name = lower_text(program, lang_type_text(types, type));
    field->optional = type->shape == LANG_SHAPE_NAMED && type->symbol == types->option;
    if (field->optional) {
        type = type->arguments[0];
    }
    constraint_list list = {.program = program};
    type = add_refinements(&list, type);
    field->kind = VM_SCHEMA_ANY;
    if (type->shape == LANG_SHAPE_INT) {
        field->kind = VM_SCHEMA_INT;
    } else if (type->shape == LANG_SHAPE_STRING) {
        field->kind = VM_SCHEMA_STRING;
    } else if (type->shape == LANG_SHAPE_BOOL) {
        field->kind = VM_SCHEMA_BOOL;
    } else if (type->shape == LANG_SHAPE_FLOAT) {
        field->kind = VM_SCHEMA_FLOAT;
    } else if (type->shape == LANG_SHAPE_NAMED && type->symbol->kind == LANG_SYMBOL_STRUCT) {
        field->record = schema_of(program, type->symbol);
        field->kind = field->record == NULL ? VM_SCHEMA_ANY : VM_SCHEMA_RECORD;
    }
    if (list.count != 0) {
        size_t size = list.count * sizeof(vm_constraint);
        vm_constraint *kept = bl_arena_alloc(&program->ir->target->arena, size);
        memcpy(kept, list.items, size);
        field->constraints = kept;
        field->constraint_count = list.count;
    }
}

typedef struct declared_field {
    bl_slice name;
    lang_type *type;
} declared_field;

static int compare_names(const void *left, const void *right)
{
    const declared_field *a = left;
    const declared_field *b = right;
    return bl_slice_compare(a->name, b->name);
}

static void fill_schema(lower_program *program, vm_schema *schema, const lang_type_symbol *symbol)
{
    bl_arena *arena = &program->ir->target->arena;
    uint32_t count = symbol->field_count;
    declared_field *order = bl_arena_alloc(program->arena, (count + 1) * sizeof *order);
    bl_slice *names = bl_arena_alloc(program->arena, (count + 1) * sizeof *names);
    vm_schema_field *fields = bl_arena_alloc_zeroed(arena, (count + 1) * sizeof *fields);
    for (uint32_t i = 0; i < count; i++) {
        order[i] = (declared_field){symbol->field_names[i], symbol->field_types[i]};
    }
    if (count != 0) {
        qsort(order, count, sizeof *order, compare_names);
    }
    for (uint32_t i = 0; i < count; i++) {
        names[i] = order[i].name;
        fields[i].name = ir_string(program->ir, order[i].name);
        fill_field(program, &fields[i], order[i].type);
    }
    schema->name = lower_text(program, symbol->name);
    schema->shape = ir_shape(program->ir, symbol->name, names, count);
    schema->fields = fields;
    schema->field_count = count;
}

// The main file first: of equal names the first one is found.
static lang_unit *unit_number(const lang_world *world, uint32_t i)
{
    return world->units[world->unit_count - 1 - i];
}

// JSON may name a constructor that the code never does.
static void declare_constructors(ir_program *program, const lang_type_symbol *symbol)
{
    for (uint32_t i = 0; i < symbol->constructor_count; i++) {
        (void)ir_ctor(program, symbol->constructors[i].name,
                      symbol->constructors[i].payload_count); // It is in the table now.
    }
}

void lower_schemas(lower_program *program)
{
    lang_world *world = program->world;
    vm_program *target = program->ir->target;
    uint32_t count = 0;
    for (uint32_t i = 0; i < world->unit_count; i++) {
        count += world->units[i]->type_symbol_count;
    }
    vm_schema *schemas = bl_arena_alloc_zeroed(&target->arena, (count + 1) * sizeof *schemas);
    const lang_type_symbol **symbols =
        bl_arena_alloc(program->arena, (count + 1) * sizeof(lang_type_symbol *));
    count = 0;
    for (uint32_t i = 0; i < world->unit_count; i++) {
        lang_unit *unit = unit_number(world, i);
        for (uint32_t j = 0; j < unit->type_symbol_count && !unit->is_library; j++) {
            const lang_type_symbol *symbol = unit->type_symbols[j];
            if (symbol->kind == LANG_SYMBOL_STRUCT) {
                bl_slice key = {(const char *)&symbol, sizeof symbol};
                ir_table_put(&program->schemas, program->arena, bl_arena_slice(program->arena, key),
                             &schemas[count]);
                symbols[count++] = symbol;
            } else if (symbol->kind == LANG_SYMBOL_ENUM) {
                declare_constructors(program->ir, symbol);
            }
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        fill_schema(program, &schemas[i], symbols[i]);
    }
    target->schemas = schemas;
    target->schema_count = count;
}
