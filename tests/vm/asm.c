// tests/vm/asm.c: see asm.h.
#include "tests/vm/asm.h"

#include <ctype.h>
#include <stdlib.h>

enum { TABLE_MAX = 512, CODE_MAX = 4096, LABELS_MAX = 256, WORDS_MAX = 64 };

typedef struct label_use {
    uint32_t function;
    uint32_t pc;   // Of an instruction, or of the switch that is used there.
    int32_t *wide; // Where a wide offset goes; NULL: the instruction's short one.
    char name[32];
} label_use;

typedef struct label_place {
    uint32_t function;
    uint32_t pc;
    char name[32];
} label_place;

typedef struct assembler {
    vm_program *program;
    const vm_library *library;
    vm_function *functions[TABLE_MAX];
    vm_instruction *code[TABLE_MAX];
    vm_live *lives[TABLE_MAX];
    uint16_t live_registers[TABLE_MAX];
    uint32_t live_register_count;
    vm_value constants[TABLE_MAX];
    vm_field fields[TABLE_MAX];
    vm_shape *shapes[TABLE_MAX];
    char shape_names[TABLE_MAX][32];
    vm_update updates[TABLE_MAX];
    char update_names[TABLE_MAX][32];
    const vm_ctor *ctors[TABLE_MAX];
    vm_switch switches[TABLE_MAX];
    char switch_names[TABLE_MAX][32];
    const vm_native *native_table[TABLE_MAX];
    const vm_operation *operations[TABLE_MAX];
    vm_handler handlers[TABLE_MAX];
    char handler_names[TABLE_MAX][32];
    vm_with withs[TABLE_MAX];
    char with_names[TABLE_MAX][32];
    uint32_t function_count, constant_count, field_count, shape_count, update_count, ctor_count,
        switch_count, native_table_count, operation_count, handler_count, with_count;
    label_place labels[LABELS_MAX];
    uint32_t label_count;
    label_use uses[LABELS_MAX];
    uint32_t use_count;
    char *words[WORDS_MAX];
    size_t word_count;
} assembler;

static const char *const op_names[VM_OP_COUNT] = {
#define OP(name, format, meaning) [VM_OP_##name] = #name,
#include "vm/opcodes.def"
#undef OP
};
static const char *const op_formats[VM_OP_COUNT] = {
#define OP(name, format, meaning) [VM_OP_##name] = format,
#include "vm/opcodes.def"
#undef OP
};

static _Noreturn void mistake(const char *what, const char *word)
{
    fprintf(stderr, "asm: %s: %s\n", what, word);
    abort();
}

static char *keep(assembler *as, const char *text)
{
    return bl_arena_copy(&as->program->arena, text, strlen(text));
}

static vm_string *keep_string(assembler *as, const char *text)
{
    return vm_program_string(as->program, bl_slice_of(text));
}

// Splits a line in place; a word that starts with a quote ends with one.
static void split(assembler *as, char *line)
{
    as->word_count = 0;
    char *c = line;
    for (;;) {
        while (*c == ' ') {
            c += 1;
        }
        if (*c == '\0' || *c == ';' || as->word_count == WORDS_MAX) {
            return;
        }
        as->words[as->word_count] = c;
        as->word_count += 1;
        bool quoted = *c == '"';
        c += 1;
        while (*c != '\0' && (quoted ? *c != '"' : *c != ' ')) {
            c += 1;
        }
        if (*c != '\0') {
            *c = '\0';
            c += 1;
        }
    }
}

static uint32_t find_name(char (*names)[32], uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i += 1) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    mistake("no such table entry", name);
}

static uint32_t function_index(assembler *as, const char *name)
{
    for (uint32_t i = 0; i < as->function_count; i += 1) {
        if (strcmp(as->functions[i]->name, name) == 0) {
            return i;
        }
    }
    uint32_t index = as->function_count;
    as->functions[index] = bl_arena_alloc_zeroed(&as->program->arena, sizeof(vm_function));
    as->functions[index]->name = keep(as, name);
    as->functions[index]->file = "test.bl";
    as->functions[index]->index = index;
    as->function_count += 1;
    return index;
}

static uint32_t ctor_index(assembler *as, const char *word)
{
    char name[32];
    unsigned arity = 0;
    if (sscanf(word, "%31[^/]/%u", name, &arity) < 1) {
        mistake("no constructor", word);
    }
    for (uint32_t i = 0; i < as->ctor_count; i += 1) {
        if (strcmp(as->ctors[i]->name->data, name) == 0) {
            return i;
        }
    }
    vm_ctor *ctor = bl_arena_alloc_zeroed(&as->program->arena, sizeof *ctor);
    *ctor = (vm_ctor){.id = as->ctor_count, .arity = arity, .name = keep_string(as, name)};
    as->ctors[as->ctor_count] = ctor;
    as->ctor_count += 1;
    return ctor->id;
}

// "Ask.ask/0".
static uint32_t operation_index(assembler *as, const char *word)
{
    char effect[32];
    char name[32];
    unsigned arity = 0;
    if (sscanf(word, "%31[^.].%31[^/]/%u", effect, name, &arity) != 3) {
        mistake("no operation", word);
    }
    for (uint32_t i = 0; i < as->operation_count; i += 1) {
        if (strcmp(as->operations[i]->effect, effect) == 0 &&
            strcmp(as->operations[i]->name, name) == 0) {
            return i;
        }
    }
    vm_operation *operation = bl_arena_alloc_zeroed(&as->program->arena, sizeof *operation);
    *operation = (vm_operation){.effect = keep(as, effect),
                                .name = keep(as, name),
                                .arity = arity,
                                .id = as->operation_count};
    as->operations[as->operation_count] = operation;
    as->operation_count += 1;
    return operation->id;
}

static uint32_t constant_index(assembler *as, const char *word)
{
    vm_value value = vm_unit();
    if (word[0] == '"') {
        value = vm_of(keep_string(as, word + 1));
    } else if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0) {
        value = vm_bool(word[0] == 't');
    } else if (strchr(word, '.') != NULL) {
        value = vm_float(strtod(word, NULL));
    } else if (strcmp(word, "()") != 0) {
        value = vm_int(strtoll(word, NULL, 10));
    }
    as->constants[as->constant_count] = value;
    as->constant_count += 1;
    return as->constant_count - 1;
}

static uint32_t field_index(assembler *as, const char *word)
{
    as->fields[as->field_count] = (vm_field){.name = keep_string(as, word + (word[0] == '.')),
                                             .cache_index = as->program->cache_count};
    as->program->cache_count += 1;
    as->field_count += 1;
    return as->field_count - 1;
}

static uint32_t native_index(assembler *as, const char *word)
{
    size_t size = strcspn(word, ".");
    const vm_module *module = vm_library_module(as->library, (bl_slice){word, size});
    const vm_native *native =
        module == NULL ? NULL : vm_module_native(module, bl_slice_of(word + size + 1));
    if (native != NULL && native->function != NULL) {
        as->native_table[as->native_table_count] = native;
        as->native_table_count += 1;
        return as->native_table_count - 1;
    }
    mistake("no such native", word);
}

static uint32_t table_index(assembler *as, char format, const char *word)
{
    switch (format) {
    case 'K':
        return constant_index(as, word);
    case 'F':
        return field_index(as, word);
    case 'S':
        return find_name(as->shape_names, as->shape_count, word);
    case 'U':
        return find_name(as->update_names, as->update_count, word);
    case 'C':
        return ctor_index(as, word);
    case 'T':
        return find_name(as->switch_names, as->switch_count, word);
    case 'P':
        return function_index(as, word);
    case 'N':
        return native_index(as, word);
    case 'E':
        return operation_index(as, word);
    case 'H':
        return find_name(as->handler_names, as->handler_count, word);
    case 'W':
        return find_name(as->with_names, as->with_count, word);
    default:
        mistake("operand of an unknown format", word);
    }
}

static void use_label(assembler *as, uint32_t pc, int32_t *wide, const char *name)
{
    label_use *use = &as->uses[as->use_count];
    as->use_count += 1;
    *use = (label_use){.function = as->function_count - 1, .pc = pc, .wide = wide};
    snprintf(use->name, sizeof use->name, "%s", name);
}

static void add_instruction(assembler *as, uint32_t index)
{
    vm_function *function = as->functions[index];
    uint32_t pc = function->code_size;
    vm_instruction *instruction = &as->code[index][pc];
    uint16_t op = 0;
    while (op < VM_OP_COUNT && strcmp(op_names[op], as->words[0]) != 0) {
        op += 1;
    }
    if (op == VM_OP_COUNT) {
        mistake("no such instruction", as->words[0]);
    }
    instruction->op = op;
    function->code_size += 1;
    const char *format = op_formats[op];
    if (op == VM_OP_NOP && as->word_count > 1) { // Of CLOSURE: the count of captures.
        instruction->a = (uint16_t)atoi(as->words[1]);
    }
    size_t word = 1;
    for (int i = 0; i < 3; i += 1) {
        if (format[i] == '-') {
            continue;
        }
        if (word == as->word_count) {
            mistake("too few operands", as->words[0]);
        }
        const char *text = as->words[word];
        word += 1;
        bool is_register = strchr("rwm", format[i]) != NULL;
        bool is_table = isupper((unsigned char)format[i]) && strchr("JI", format[i]) == NULL;
        int64_t value =
            is_table ? table_index(as, format[i], text) : strtoll(text + is_register, NULL, 10);
        if (text[0] == '@') {
            use_label(as, pc, format[i] == 'J' ? &instruction->wide : NULL, text);
            as->uses[as->use_count - 1].function = index;
        } else if (i == 0) {
            instruction->a = (uint16_t)value;
        } else if (i == 1 && (format[2] == '-' || strchr("JI", format[1]) != NULL)) {
            instruction->wide = (int32_t)value;
        } else if (i == 1) {
            instruction->b = (uint16_t)value;
        } else {
            instruction->c = (uint16_t)value;
        }
    }
}

static uint32_t begin_function(assembler *as)
{
    uint32_t index = function_index(as, as->words[1]);
    vm_function *function = as->functions[index];
    function->param_count = (uint16_t)atoi(as->words[2]);
    function->register_count = (uint16_t)atoi(as->words[3]);
    function->is_closure = as->word_count > 4 && strcmp(as->words[4], "closure") == 0;
    as->code[index] = bl_arena_alloc_zeroed(&as->program->arena, CODE_MAX * sizeof **as->code);
    as->lives[index] = bl_arena_alloc_zeroed(&as->program->arena, CODE_MAX * sizeof **as->lives);
    return index;
}

static void add_live(assembler *as, uint32_t index)
{
    vm_function *function = as->functions[index];
    vm_live *live = &as->lives[index][function->live_count];
    function->live_count += 1;
    *live = (vm_live){.pc = function->code_size,
                      .first = as->live_register_count,
                      .count = (uint32_t)as->word_count - 1};
    for (size_t i = 1; i < as->word_count; i += 1) {
        as->live_registers[as->live_register_count] = (uint16_t)atoi(as->words[i] + 1);
        as->live_register_count += 1;
    }
}

static void add_shape(assembler *as)
{
    uint32_t size = (uint32_t)as->word_count - 3;
    vm_shape *shape =
        bl_arena_alloc_zeroed(&as->program->arena, sizeof *shape + size * sizeof(vm_string *));
    shape->size = size;
    shape->id = as->shape_count;
    shape->struct_name = as->words[2][0] == '-' ? NULL : keep_string(as, as->words[2]);
    for (uint32_t i = 0; i < size; i += 1) {
        shape->names[i] = keep_string(as, as->words[3 + i]);
    }
    snprintf(as->shape_names[as->shape_count], 32, "%s", as->words[1]);
    as->shapes[as->shape_count] = shape;
    as->shape_count += 1;
}

static void add_update(assembler *as)
{
    uint32_t count = (uint32_t)as->word_count - 3;
    vm_string **names = bl_arena_alloc(&as->program->arena, count * sizeof *names);
    for (uint32_t i = 0; i < count; i += 1) {
        names[i] = keep_string(as, as->words[3 + i]);
    }
    bool named = as->words[2][0] != '-';
    as->updates[as->update_count] = (vm_update){
        .names = names,
        .count = count,
        .struct_shape =
            named ? as->shapes[find_name(as->shape_names, as->shape_count, as->words[2])] : NULL,
        .cache_index = as->program->cache_count};
    as->program->cache_count += 1;
    snprintf(as->update_names[as->update_count], 32, "%s", as->words[1]);
    as->update_count += 1;
}

// Its labels are found when an instruction uses it, for they are relative to that.
static void add_switch(assembler *as, uint32_t function)
{
    vm_switch *table = &as->switches[as->switch_count];
    uint32_t count = (uint32_t)as->word_count - 5;
    int32_t *offsets = bl_arena_alloc_zeroed(&as->program->arena, (count + 1) * sizeof *offsets);
    table->low = strtoll(as->words[2], NULL, 10);
    table->count = count;
    table->offsets = offsets;
    uint32_t pc = as->functions[function]->code_size; // The instruction stands right behind.
    for (uint32_t i = 0; i < count; i += 1) {
        use_label(as, pc, &offsets[i], as->words[3 + i]);
        as->uses[as->use_count - 1].function = function;
    }
    use_label(as, pc, &table->otherwise, as->words[as->word_count - 1]);
    as->uses[as->use_count - 1].function = function;
    snprintf(as->switch_names[as->switch_count], 32, "%s", as->words[1]);
    as->switch_count += 1;
}

static void add_handler(assembler *as)
{
    uint32_t count = (uint32_t)as->word_count - 2;
    vm_clause *clauses = bl_arena_alloc(&as->program->arena, count * sizeof *clauses);
    for (uint32_t i = 0; i < count; i += 1) {
        char *word = as->words[2 + i];
        char *kind = strchr(word, ':');
        const vm_operation *operation = as->operations[operation_index(as, word)];
        vm_clause_kind clause = kind[1] == 't'   ? VM_CLAUSE_TAIL
                                : kind[1] == 'a' ? VM_CLAUSE_ABORT
                                                 : VM_CLAUSE_GENERAL;
        unsigned arity = operation->arity;
        const char *own = strchr(word, '=');
        if (own != NULL) {
            arity = (unsigned)atoi(own + 1);
        }
        clauses[i] = (vm_clause){.operation = operation, .kind = clause, .arity = arity};
    }
    as->handlers[as->handler_count] = (vm_handler){.clauses = clauses, .count = count};
    snprintf(as->handler_names[as->handler_count], 32, "%s", as->words[1]);
    as->handler_count += 1;
}

static void add_with(assembler *as)
{
    uint32_t count = (uint32_t)as->word_count - 2;
    const char **effects = bl_arena_alloc(&as->program->arena, count * sizeof *effects);
    for (uint32_t i = 0; i < count; i += 1) {
        effects[i] = keep(as, as->words[2 + i]);
    }
    as->withs[as->with_count] = (vm_with){.effects = effects, .count = count};
    snprintf(as->with_names[as->with_count], 32, "%s", as->words[1]);
    as->with_count += 1;
}

static void add_default(assembler *as)
{
    uint32_t index = operation_index(as, as->words[1]);
    uint32_t function = function_index(as, as->words[2]);
    vm_operation *operation = bl_arena_alloc(&as->program->arena, sizeof *operation);
    *operation = *as->operations[index];
    operation->function = as->functions[function];
    as->operations[index] = operation;
}

// Tables that instructions name; they may stand anywhere.
static void add_table(assembler *as)
{
    const char *word = as->words[0];
    if (strcmp(word, "shape") == 0) {
        add_shape(as);
    } else if (strcmp(word, "update") == 0) {
        add_update(as);
    } else if (strcmp(word, "handler") == 0) {
        add_handler(as);
    } else if (strcmp(word, "with") == 0) {
        add_with(as);
    }
}

static bool is_table(const char *word)
{
    return strcmp(word, "shape") == 0 || strcmp(word, "update") == 0 ||
           strcmp(word, "handler") == 0 || strcmp(word, "with") == 0;
}

static void add_line(assembler *as, uint32_t *function)
{
    const char *word = as->words[0];
    size_t size = strlen(word);
    if (word[0] == '@' && word[size - 1] == ':') {
        label_place *label = &as->labels[as->label_count];
        as->label_count += 1;
        *label = (label_place){.function = *function, .pc = as->functions[*function]->code_size};
        snprintf(label->name, sizeof label->name, "%.*s", (int)size - 1, word);
    } else if (strcmp(word, "fn") == 0) {
        *function = begin_function(as);
    } else if (strcmp(word, "live") == 0) {
        add_live(as, *function);
    } else if (strcmp(word, "switch") == 0) {
        add_switch(as, *function);
    } else if (strcmp(word, "default") == 0) {
        add_default(as);
    } else if (!is_table(word)) {
        add_instruction(as, *function);
    }
}

static void add_lines(assembler *as, const char *source, bool tables)
{
    char *text = keep(as, source);
    uint32_t function = 0;
    while (*text != '\0') {
        char *line = text;
        text += strcspn(text, "\n");
        if (*text == '\n') {
            *text = '\0';
            text += 1;
        }
        split(as, line);
        if (as->word_count == 0) {
            continue;
        }
        if (tables) {
            add_table(as);
        } else {
            add_line(as, &function);
        }
    }
}

static void resolve_labels(assembler *as)
{
    for (uint32_t i = 0; i < as->use_count; i += 1) {
        const label_use *use = &as->uses[i];
        uint32_t found = LABELS_MAX;
        for (uint32_t j = 0; j < as->label_count; j += 1) {
            bool same = as->labels[j].function == use->function &&
                        strcmp(as->labels[j].name, use->name) == 0;
            found = same ? j : found;
        }
        if (found == LABELS_MAX) {
            mistake("no such label", use->name);
        }
        int32_t offset = (int32_t)as->labels[found].pc - (int32_t)use->pc - 1;
        if (use->wide != NULL) {
            *use->wide = offset;
        } else {
            as->code[use->function][use->pc].offset = (int16_t)offset;
        }
    }
}

static void *keep_table(assembler *as, const void *table, size_t size)
{
    return bl_arena_copy(&as->program->arena, table, size);
}

// One place for each instruction: line 100 + pc, column 1.
static void finish_function(assembler *as, uint32_t index, const vm_function *tables)
{
    vm_function *function = as->functions[index];
    vm_function done = *tables;
    done.name = function->name;
    done.file = function->file;
    done.line = 10 + index;
    done.index = index;
    done.param_count = function->param_count;
    done.register_count = function->register_count;
    done.is_closure = function->is_closure;
    done.code = as->code[index];
    done.code_size = function->code_size;
    done.lives = as->lives[index];
    done.live_count = function->live_count;
    done.live_registers = keep_table(as, as->live_registers, sizeof as->live_registers);
    vm_place *places = bl_arena_alloc(&as->program->arena, (done.code_size + 1) * sizeof *places);
    for (uint32_t pc = 0; pc < done.code_size; pc += 1) {
        places[pc] = (vm_place){.pc = pc, .line = 100 + pc, .column = 1};
    }
    done.places = places;
    done.place_count = done.code_size;
    *function = done;
}

static void finish(assembler *as)
{
    vm_program *program = as->program;
    resolve_labels(as);
    vm_function tables = {
        .constants = keep_table(as, as->constants, sizeof as->constants),
        .fields = keep_table(as, as->fields, sizeof as->fields),
        .shapes = keep_table(as, as->shapes, sizeof as->shapes),
        .updates = keep_table(as, as->updates, sizeof as->updates),
        .ctors = keep_table(as, as->ctors, sizeof as->ctors),
        .switches = keep_table(as, as->switches, sizeof as->switches),
        .functions = keep_table(as, as->functions, sizeof as->functions),
        .natives = keep_table(as, as->native_table, sizeof as->native_table),
        .operations = keep_table(as, as->operations, sizeof as->operations),
        .handlers = keep_table(as, as->handlers, sizeof as->handlers),
        .withs = keep_table(as, as->withs, sizeof as->withs),
        .constant_count = as->constant_count,
        .field_count = as->field_count,
        .shape_count = as->shape_count,
        .update_count = as->update_count,
        .ctor_count = as->ctor_count,
        .switch_count = as->switch_count,
        .function_count = as->function_count,
        .native_count = as->native_table_count,
        .operation_count = as->operation_count,
        .handler_count = as->handler_count,
        .with_count = as->with_count,
    };
    for (uint32_t i = 0; i < as->function_count; i += 1) {
        if (as->code[i] == NULL) {
            mistake("no such function", as->functions[i]->name);
        }
        finish_function(as, i, &tables);
    }
    program->functions = keep_table(as, as->functions, sizeof as->functions);
    program->function_count = as->function_count;
    program->ctors = keep_table(as, as->ctors, sizeof as->ctors);
    program->ctor_count = as->ctor_count;
    bl_error error;
    if (vm_program_verify(program, &error) != BL_OK) {
        mistake("the verifier refuses it", error.message);
    }
}

vm_program *asm_program(const char *source, const vm_library *library)
{
    assembler *as = bl_alloc_zeroed(1, sizeof *as);
    as->program = vm_program_create(library);
    as->library = library;
    for (int i = 0; i < VM_CTOR_STANDARD_COUNT; i += 1) {
        as->ctors[i] = vm_standard_ctors[i];
    }
    as->ctor_count = VM_CTOR_STANDARD_COUNT;
    add_lines(as, source, true);
    add_lines(as, source, false);
    finish(as);
    vm_program *program = as->program;
    bl_free(as);
    return program;
}

const vm_function *asm_function(const vm_program *program, const char *name)
{
    for (uint32_t i = 0; i < program->function_count; i += 1) {
        if (strcmp(program->functions[i]->name, name) == 0) {
            return program->functions[i];
        }
    }
    mistake("no such function", name);
}

static void outcome_append(bl_buffer *text, vm_task *task, vm_outcome outcome)
{
    switch (outcome) {
    case VM_DONE:
        vm_text_append(text, vm_task_result(task));
        return;
    case VM_FAILED:
        bl_buffer_format(text, "error: %s", vm_task_failure(task)->message);
        return;
    case VM_OUT_OF_FUEL:
        bl_buffer_format(text, "out of fuel");
        return;
    case VM_WAITING:
        bl_buffer_format(text, "waiting");
        return;
    }
}

const char *asm_run_config(const vm_program *program, const char *name, const int64_t *args,
                           size_t count, const vm_config *config)
{
    static bl_buffer text;
    vm_config checked = *config;
    checked.leak_check = true;
    vm_thread *thread = vm_thread_create(program, &checked);
    vm_task *task = vm_task_begin(thread);
    vm_value values[8];
    for (size_t i = 0; i < count; i += 1) {
        values[i] = vm_int(args[i]);
    }
    vm_value callee = {.function = asm_function(program, name), .tag = VM_FUNCTION};
    vm_task_start(task, callee, values, count);
    vm_outcome outcome = vm_task_run(task, 0);
    while (outcome == VM_WAITING && vm_task_deadline_ms(task) != INT64_MAX) {
        vm_task_sleep(task);
        outcome = vm_task_run(task, 0);
    }
    text.size = 0;
    outcome_append(&text, task, outcome);
    vm_task_end(task);
    size_t leaks = vm_thread_leaks(thread);
    if (leaks > 0) {
        bl_buffer_format(&text, " and %zu leaks", leaks);
    }
    bl_buffer_append_char(&text, '\0');
    vm_thread_destroy(thread);
    return text.data;
}

const char *asm_run(const vm_program *program, const char *name, const int64_t *args, size_t count)
{
    return asm_run_config(program, name, args, count, &(vm_config){0});
}
