// vm/interpret.c: the instruction loop.
//
// One function, vm_interpret: `pc` (behind the running instruction) and `base` (registers of the
// running frame) stay in machine registers; all else is reached through the task or the frame's
// function. Common cases are here and in registers.h; whatever is rare or long, or may fail, is a
// call to another file, with pc and base saved in the task around it (SAVE, RESTORE).
//
// Dispatch is by computed goto, each instruction jumping to the next one's code itself, or by a
// `switch` where VM_DISPATCH_SWITCH is defined: the tests run both.
//
// Words of a value are written and read one by one (vm_set): a 16-byte load of two words just
// stored one by one would have to wait until they reach the cache.
#include <math.h>

#include "vm/registers.h"
#include "vm/task.h"

#ifdef __GNUC__
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic" // Labels as values.
#ifdef __clang__
#pragma GCC diagnostic ignored "-Wgnu-label-as-value"
#endif
#endif

#ifdef VM_DISPATCH_SWITCH
#define CASE(name) case VM_OP_##name:
#define NEXT goto dispatch
#else
#define CASE(name) op_##name:
#define NEXT goto *labels[(pc++)->op]
#endif

// Operands of the running instruction.
#define A (pc[-1].a)
#define B (pc[-1].b)
#define C (pc[-1].c)
#define WIDE (pc[-1].wide)
#define OFFSET (pc[-1].offset)
#define IMMEDIATE_B ((int16_t)pc[-1].b)
#define R(index) (base[index])
#define RA R(A)
#define RB R(B)
#define RC R(C)
#define FUNCTION (vm_frame_of(base)->function)
#define SAVE() (task->pc = pc, task->base = base)
#define RESTORE() (pc = task->pc, base = task->base)

// A taken jump; backward ones use fuel.
#define BRANCH(distance)                                                                           \
    do {                                                                                           \
        int32_t distance_ = (distance);                                                            \
        pc += distance_;                                                                           \
        if (distance_ < 0 && BL_UNLIKELY(--task->fuel < 0)) {                                      \
            goto pause;                                                                            \
        }                                                                                          \
    } while (0)

#define ARITHMETIC(name, builtin, operator)                                                        \
    CASE(name)                                                                                     \
    {                                                                                              \
        const vm_value *x = &RB;                                                                   \
        const vm_value *y = &RC;                                                                   \
        if (BL_LIKELY(vm_both_int(x, y))) {                                                        \
            int64_t whole;                                                                         \
            if (BL_UNLIKELY(builtin(x->integer, y->integer, &whole))) {                            \
                goto slow_arithmetic;                                                              \
            }                                                                                      \
            vm_set_int(&RA, whole);                                                                \
            NEXT;                                                                                  \
        }                                                                                          \
        if (BL_LIKELY(vm_both_float(x, y))) {                                                      \
            vm_set_float(&RA, x->number operator y->number);                                       \
            NEXT;                                                                                  \
        }                                                                                          \
        goto slow_arithmetic;                                                                      \
    }

#define ARITHMETIC_I(name, builtin)                                                                \
    CASE(name##_I)                                                                                 \
    {                                                                                              \
        const vm_value *x = &RB;                                                                   \
        if (BL_LIKELY(x->tag == VM_INT)) {                                                         \
            int64_t whole;                                                                         \
            if (BL_UNLIKELY(builtin(x->integer, (int64_t)OFFSET, &whole))) {                       \
                goto slow_immediate_##name;                                                        \
            }                                                                                      \
            vm_set_int(&RA, whole);                                                                \
            NEXT;                                                                                  \
        }                                                                                          \
        slow_immediate_##name : SAVE();                                                            \
        if (vm_arithmetic(task, VM_OP_##name, &RA, *x, vm_int(OFFSET))) {                          \
            NEXT;                                                                                  \
        }                                                                                          \
        return VM_RUN_FAILED;                                                                      \
    }

#define ARITHMETIC_INT(name, builtin)                                                              \
    CASE(name##_INT)                                                                               \
    {                                                                                              \
        int64_t whole;                                                                             \
        if (BL_UNLIKELY(builtin(RB.integer, RC.integer, &whole))) {                                \
            SAVE();                                                                                \
            vm_arithmetic(task, VM_OP_##name, &RA, RB, RC);                                        \
            return VM_RUN_FAILED;                                                                  \
        }                                                                                          \
        vm_set_int(&RA, whole);                                                                    \
        NEXT;                                                                                      \
    }

#define COMPARISON(name, operator)                                                                 \
    CASE(name)                                                                                     \
    {                                                                                              \
        const vm_value *x = &RB;                                                                   \
        const vm_value *y = &RC;                                                                   \
        if (BL_LIKELY(vm_both_int(x, y))) {                                                        \
            vm_set_bool(&RA, x->integer operator y->integer);                                      \
            NEXT;                                                                                  \
        }                                                                                          \
        if (vm_both_float(x, y)) {                                                                 \
            vm_set_bool(&RA, x->number operator y->number);                                        \
            NEXT;                                                                                  \
        }                                                                                          \
        SAVE();                                                                                    \
        int holds = vm_compare_op(task, VM_OP_##name, *x, *y);                                     \
        if (BL_UNLIKELY(holds < 0)) {                                                              \
            return VM_RUN_FAILED;                                                                  \
        }                                                                                          \
        vm_set_bool(&RA, holds != 0);                                                              \
        NEXT;                                                                                      \
    }

// name: comparison; jump: the instruction, which jumps if the comparison gives `wanted`.
#define COMPARE_JUMP(jump, name, operator, wanted)                                                 \
    CASE(jump)                                                                                     \
    {                                                                                              \
        const vm_value *x = &RA;                                                                   \
        const vm_value *y = &RB;                                                                   \
        if (BL_LIKELY(vm_both_int(x, y))) {                                                        \
            if ((x->integer operator y->integer) == wanted) {                                      \
                BRANCH(OFFSET);                                                                    \
            }                                                                                      \
            NEXT;                                                                                  \
        }                                                                                          \
        if (vm_both_float(x, y)) {                                                                 \
            if ((x->number operator y->number) == wanted) {                                        \
                BRANCH(OFFSET);                                                                    \
            }                                                                                      \
            NEXT;                                                                                  \
        }                                                                                          \
        COMPARE_SLOWLY(name, *y, wanted);                                                          \
    }                                                                                              \
    CASE(jump##_I)                                                                                 \
    {                                                                                              \
        const vm_value *x = &RA;                                                                   \
        if (BL_LIKELY(x->tag == VM_INT)) {                                                         \
            if ((x->integer operator IMMEDIATE_B) == wanted) {                                     \
                BRANCH(OFFSET);                                                                    \
            }                                                                                      \
            NEXT;                                                                                  \
        }                                                                                          \
        COMPARE_SLOWLY(name, vm_int(IMMEDIATE_B), wanted);                                         \
    }

#define COMPARE_SLOWLY(name, right, wanted)                                                        \
    SAVE();                                                                                        \
    int holds = vm_compare_op(task, VM_OP_##name, *x, right);                                      \
    if (BL_UNLIKELY(holds < 0)) {                                                                  \
        return VM_RUN_FAILED;                                                                      \
    }                                                                                              \
    if ((holds != 0) == wanted) {                                                                  \
        BRANCH(OFFSET);                                                                            \
    }                                                                                              \
    NEXT

// A pattern test: falls through to the next instruction if it holds.
#define TEST(name, condition)                                                                      \
    CASE(name)                                                                                     \
    {                                                                                              \
        if (!(condition)) {                                                                        \
            BRANCH(OFFSET);                                                                        \
        }                                                                                          \
        NEXT;                                                                                      \
    }

#define PART(name, items)                                                                          \
    CASE(name##_GET)                                                                               \
    {                                                                                              \
        vm_set(&RA, vm_dup((items)[C]));                                                           \
        NEXT;                                                                                      \
    }                                                                                              \
    CASE(name##_ALIAS)                                                                             \
    {                                                                                              \
        vm_set(&RA, (items)[C]);                                                                   \
        NEXT;                                                                                      \
    }

#define STEP(call)                                                                                 \
    do {                                                                                           \
        SAVE();                                                                                    \
        vm_step step_ = (call);                                                                    \
        if (BL_UNLIKELY(step_ != VM_STEP_RUN)) {                                                   \
            return step_ == VM_STEP_FAIL ? VM_RUN_FAILED : VM_RUN_PARKED;                          \
        }                                                                                          \
        RESTORE();                                                                                 \
    } while (0)

vm_run_result vm_interpret(vm_task *task)
{
    const vm_instruction *pc;
    vm_value *base;
    RESTORE();
#ifdef VM_DISPATCH_SWITCH
dispatch:
    switch ((pc++)->op) {
#else
    static const void *const labels[VM_OP_COUNT] = {
#define OP(name, format, meaning) &&op_##name,
#include "vm/opcodes.def"
#undef OP
    };
    NEXT;
    {
#endif
        // ---- moves and constants ---

        CASE(NOP)
        {
            NEXT;
        }
        CASE(MOVE)
        {
            vm_set(&RA, RB);
            NEXT;
        }
        CASE(COPY)
        {
            vm_set(&RA, vm_dup(RB));
            NEXT;
        }
        CASE(DROP)
        {
            vm_drop(task->heap, RA);
            NEXT;
        }
        CASE(LOAD)
        {
            vm_set(&RA, FUNCTION->constants[WIDE]);
            NEXT;
        }
        CASE(LOAD_INT)
        {
            vm_set_int(&RA, WIDE);
            NEXT;
        }
        CASE(LOAD_BOOL)
        {
            vm_set_bool(&RA, B != 0);
            NEXT;
        }
        CASE(LOAD_UNIT)
        {
            vm_set(&RA, vm_unit());
            NEXT;
        }
        CASE(LOAD_FUNCTION)
        {
            RA.function = FUNCTION->functions[WIDE];
            RA.tag = VM_FUNCTION;
            NEXT;
        }
        CASE(LOAD_NATIVE)
        {
            RA.native = FUNCTION->natives[WIDE];
            RA.tag = VM_NATIVE;
            NEXT;
        }
        CASE(LOAD_ATOM)
        {
            vm_set(&RA, vm_atom(FUNCTION->ctors[WIDE]));
            NEXT;
        }

        // ---- captured variables ---

        CASE(CAPTURE)
        {
            vm_set(&RA, vm_dup(RB.closure->captures[C]));
            NEXT;
        }
        CASE(CAPTURE_ALIAS)
        {
            vm_set(&RA, RB.closure->captures[C]);
            NEXT;
        }
        CASE(BOX_NEW)
        {
            vm_set(&RA, vm_box_make(task->heap, RB));
            NEXT;
        }
        CASE(BOX_GET)
        {
            vm_box *box = RB.box;
            vm_value value = box->header.count > 0 ? box->value : vm_box_read(task, box);
            vm_set(&RA, vm_dup(value));
            NEXT;
        }
        CASE(BOX_TAKE)
        {
            vm_box *box = RB.box;
            if (BL_LIKELY(box->header.count > 0)) {
                vm_set(&RA, box->value);
                vm_set(&box->value, vm_unit());
            } else {
                vm_set(&RA, vm_dup(vm_box_read(task, box)));
            }
            NEXT;
        }
        CASE(BOX_SET)
        {
            vm_box *box = RA.box;
            if (BL_LIKELY(box->header.count > 0)) {
                vm_value old = box->value;
                vm_set(&box->value, RB);
                vm_drop(task->heap, old);
            } else {
                vm_box_write(task, box, RB);
            }
            NEXT;
        }

        // ---- arithmetic ---

        ARITHMETIC(ADD, __builtin_add_overflow, +)
        ARITHMETIC(SUB, __builtin_sub_overflow, -)
        ARITHMETIC(MUL, __builtin_mul_overflow, *)
        ARITHMETIC_I(ADD, __builtin_add_overflow)
        ARITHMETIC_I(SUB, __builtin_sub_overflow)
        ARITHMETIC_I(MUL, __builtin_mul_overflow)
        ARITHMETIC_INT(ADD, __builtin_add_overflow)
        ARITHMETIC_INT(SUB, __builtin_sub_overflow)
        ARITHMETIC_INT(MUL, __builtin_mul_overflow)
        CASE(DIV)
        {
            const vm_value *x = &RB;
            const vm_value *y = &RC;
            if (BL_LIKELY(vm_both_int(x, y) && y->integer > 0)) {
                vm_set_int(&RA, x->integer / y->integer);
                NEXT;
            }
            if (BL_LIKELY(vm_both_float(x, y))) {
                vm_set_float(&RA, x->number / y->number);
                NEXT;
            }
            goto slow_arithmetic;
        }
        CASE(MOD)
        {
            const vm_value *x = &RB;
            const vm_value *y = &RC;
            if (BL_LIKELY(vm_both_int(x, y) && y->integer > 0)) {
                vm_set_int(&RA, x->integer % y->integer);
                NEXT;
            }
            goto slow_arithmetic;
        }
        CASE(DIV_I)
        {
            if (BL_LIKELY(RB.tag == VM_INT)) {
                vm_set_int(&RA, vm_quotient(RB.integer, OFFSET));
                NEXT;
            }
            SAVE();
            if (vm_arithmetic(task, VM_OP_DIV, &RA, RB, vm_int(OFFSET))) {
                NEXT;
            }
            return VM_RUN_FAILED;
        }
        CASE(MOD_I)
        {
            if (BL_LIKELY(RB.tag == VM_INT)) {
                vm_set_int(&RA, vm_remainder(RB.integer, OFFSET));
                NEXT;
            }
            SAVE();
            if (vm_arithmetic(task, VM_OP_MOD, &RA, RB, vm_int(OFFSET))) {
                NEXT;
            }
            return VM_RUN_FAILED;
        }
        CASE(ADD_FLOAT)
        {
            vm_set_float(&RA, RB.number + RC.number);
            NEXT;
        }
        CASE(SUB_FLOAT)
        {
            vm_set_float(&RA, RB.number - RC.number);
            NEXT;
        }
        CASE(MUL_FLOAT)
        {
            vm_set_float(&RA, RB.number * RC.number);
            NEXT;
        }
        CASE(DIV_FLOAT)
        {
            vm_set_float(&RA, RB.number / RC.number);
            NEXT;
        }
        CASE(NEG)
        {
            SAVE();
            if (!vm_negate(task, &RA, RB)) {
                return VM_RUN_FAILED;
            }
            NEXT;
        }
        CASE(NOT)
        {
            if (BL_UNLIKELY(RB.tag != VM_BOOL)) {
                SAVE();
                vm_raise(task, VM_FAULT_NOT_BOOL, RB);
                return VM_RUN_FAILED;
            }
            vm_set_bool(&RA, !RB.boolean);
            NEXT;
        }

        // ---- comparison and jumps ---

        COMPARISON(EQ, ==)
        COMPARISON(NE, !=)
        COMPARISON(LT, <)
        COMPARISON(LE, <=)
        COMPARISON(GT, >)
        COMPARISON(GE, >=)
        CASE(JUMP)
        {
            BRANCH(WIDE);
            NEXT;
        }
        CASE(JUMP_TRUE)
        {
            if (BL_UNLIKELY(RA.tag != VM_BOOL)) {
                goto not_bool;
            }
            if (RA.boolean) {
                BRANCH(WIDE);
            }
            NEXT;
        }
        CASE(JUMP_FALSE)
        {
            if (BL_UNLIKELY(RA.tag != VM_BOOL)) {
                goto not_bool;
            }
            if (!RA.boolean) {
                BRANCH(WIDE);
            }
            NEXT;
        }
        COMPARE_JUMP(JEQ, EQ, ==, true)
        COMPARE_JUMP(JNEQ, EQ, ==, false)
        COMPARE_JUMP(JLT, LT, <, true)
        COMPARE_JUMP(JNLT, LT, <, false)
        COMPARE_JUMP(JLE, LE, <=, true)
        COMPARE_JUMP(JNLE, LE, <=, false)
        COMPARE_JUMP(JGT, GT, >, true)
        COMPARE_JUMP(JNGT, GT, >, false)
        COMPARE_JUMP(JGE, GE, >=, true)
        COMPARE_JUMP(JNGE, GE, >=, false)

        // ---- pattern tests ---

        CASE(SWITCH)
        {
            const vm_switch *table = &FUNCTION->switches[WIDE];
            BRANCH(vm_switch_offset(table, vm_ctor_number(&RA)));
            NEXT;
        }
        CASE(SWITCH_VALUE)
        {
            const vm_switch *table = &FUNCTION->switches[WIDE];
            BRANCH(table->keys != NULL ? vm_switch_search(table, &RA)
                   : RA.tag == VM_INT  ? vm_switch_offset(table, RA.integer)
                                       : table->otherwise);
            NEXT;
        }
        TEST(JNCTOR, vm_has_ctor(&RA, FUNCTION->ctors[B]))
        TEST(JNVARIANT, vm_is_variant_of(&RA, FUNCTION->ctors[B]))
        TEST(JNSAME, vm_is_same(&RA, &FUNCTION->constants[B]))
        TEST(JNTUPLE, RA.tag == VM_TUPLE && RA.tuple->size == B)
        TEST(JNLIST, RA.tag == VM_LIST && RA.list->size == B)
        TEST(JNLIST_MIN, RA.tag == VM_LIST && RA.list->size >= B)
        TEST(JNARITY, RA.tag == VM_VARIANT ? RA.variant->size == B : RA.tag == VM_ATOM && B == 0)
        TEST(JNFIELD,
             RA.tag == VM_RECORD &&
                 vm_shape_find(RA.record->shape, (bl_slice){FUNCTION->fields[B].name->data,
                                                            FUNCTION->fields[B].name->size}) >= 0)
        TEST(JNUNIT, RA.tag == VM_UNIT)

        // ---- parts ---

        CASE(FIELD)
        {
            const vm_field *field = &FUNCTION->fields[C];
            const vm_value *value = &RB;
            const vm_cache *cache = &task->caches[field->cache_index];
            if (BL_LIKELY(value->tag == VM_RECORD && value->record->shape == cache->shape)) {
                vm_set(&RA, vm_dup(value->record->fields[cache->slots[0]]));
                NEXT;
            }
            vm_set(&RA, vm_field_get(task, field, *value));
            NEXT;
        }
        CASE(FIELD_ALIAS)
        {
            const vm_field *field = &FUNCTION->fields[C];
            const vm_value *value = &RB;
            const vm_cache *cache = &task->caches[field->cache_index];
            if (BL_LIKELY(value->tag == VM_RECORD && value->record->shape == cache->shape)) {
                vm_set(&RA, value->record->fields[cache->slots[0]]);
                NEXT;
            }
            vm_set(&RA, vm_field_find(task, field, *value));
            NEXT;
        }
        PART(TUPLE, RB.tuple->items)
        PART(VARIANT, RB.variant->items)
        PART(LIST, RB.list->store->items + RB.list->start)
        CASE(LIST_REST)
        {
            vm_list *list = RB.list;
            vm_object_dup(&list->header);
            vm_set(&RA, vm_list_slice(task->heap, RB, C, list->size - C));
            NEXT;
        }
        CASE(LIST_SKIP)
        {
            vm_list *list = RB.list;
            vm_set(&RA, vm_list_slice(task->heap, RB, C, list->size - C));
            NEXT;
        }
        CASE(OPEN)
        {
            if (RA.tag == VM_VARIANT) {
                vm_variant *variant = RA.variant;
                vm_open_parts(task->heap, &variant->header, variant->items, variant->size,
                              vm_items_size(sizeof *variant, variant->size), B);
            } else {
                vm_tuple *tuple = RA.tuple;
                vm_open_parts(task->heap, &tuple->header, tuple->items, tuple->size,
                              vm_items_size(sizeof *tuple, tuple->size), B);
            }
            NEXT;
        }

        // ---- making data ---

        CASE(TUPLE)
        {
            vm_set(&RA, vm_tuple_make(task->heap, &RB, C));
            NEXT;
        }
        CASE(LIST)
        {
            vm_set(&RA, vm_list_from(task->heap, &RB, C));
            NEXT;
        }
        CASE(MAP)
        {
            vm_set(&RA, vm_map_from(task->heap, &RB, C));
            NEXT;
        }
        CASE(SET)
        {
            vm_set(&RA, vm_set_from(task->heap, &RB, C));
            NEXT;
        }
        CASE(VARIANT)
        {
            const vm_ctor *ctor = FUNCTION->ctors[C];
            vm_variant *variant = vm_variant_alloc(task->heap, ctor, ctor->arity);
            vm_move_values(variant->items, &RB, ctor->arity);
            RA.variant = variant;
            RA.tag = VM_VARIANT;
            NEXT;
        }
        CASE(VARIANT_N)
        {
            vm_variant *variant = vm_variant_alloc(task->heap, RB.ctor, C);
            vm_move_values(variant->items, &RB + 1, C);
            RA.variant = variant;
            RA.tag = VM_VARIANT;
            NEXT;
        }
        CASE(RECORD)
        {
            vm_shape *shape = FUNCTION->shapes[C];
            vm_record *record = vm_object_take(task->heap, VM_RECORD,
                                               vm_items_size(sizeof(vm_record), shape->size));
            record->size = shape->size;
            record->shape = shape; // Of the program, so never counted.
            vm_move_values(record->fields, &RB, shape->size);
            RA.record = record;
            RA.tag = VM_RECORD;
            NEXT;
        }
        CASE(UPDATE)
        {
            const vm_update *update = &FUNCTION->updates[C];
            vm_value *operands = &RB;
            const vm_cache *cache = &task->caches[update->cache_index];
            if (BL_LIKELY(update->count == 1 && operands->tag == VM_RECORD &&
                          operands->record->shape == cache->shape &&
                          vm_is_unique(&operands->record->header))) {
                vm_value *slot = &operands->record->fields[cache->slots[0]];
                vm_value old = *slot;
                vm_set(slot, operands[1]);
                vm_set(&RA, operands[0]);
                vm_drop(task->heap, old);
                NEXT;
            }
            SAVE();
            if (!vm_update_record(task, update, &RA, operands)) {
                return VM_RUN_FAILED;
            }
            NEXT;
        }
        CASE(CLOSURE)
        {
            const vm_function *function = FUNCTION->functions[C];
            vm_set(&RA, vm_closure_make(task->heap, function, &RB, pc->a));
            pc += 1;
            NEXT;
        }
        CASE(RANGE)
        {
            SAVE();
            if (!vm_range_make(task, &RA, RB, RC)) {
                return VM_RUN_FAILED;
            }
            NEXT;
        }
        CASE(CONCAT)
        {
            SAVE();
            if (!vm_concat(task, &RA, RB, RC)) {
                return VM_RUN_FAILED;
            }
            NEXT;
        }
        CASE(PUSH)
        {
            if (BL_UNLIKELY(RB.tag != VM_LIST)) {
                SAVE();
                vm_raise(task, VM_FAULT_NOT_LIST, RB);
                return VM_RUN_FAILED;
            }
            vm_set(&RA, vm_list_push(task->heap, RB, RC));
            NEXT;
        }
        CASE(BUILD)
        {
            SAVE();
            if (!vm_build(task, &RA, &RB, C)) {
                return VM_RUN_FAILED;
            }
            NEXT;
        }

        // ---- loops ---

        CASE(ITER)
        {
            if (BL_UNLIKELY(RB.tag != VM_LIST)) {
                SAVE();
                vm_raise(task, VM_FAULT_NOT_ITERABLE, RB);
                return VM_RUN_FAILED;
            }
            vm_value *state = &RA;
            vm_set(state, RB);
            vm_set_int(state + 1, 0);
            NEXT;
        }
        CASE(ITER_NEXT)
        {
            vm_value *state = &RA;
            const vm_list *list = state->list;
            int64_t index = state[1].integer;
            if (BL_LIKELY(index < (int64_t)list->size)) {
                vm_set(&RB, vm_dup(list->store->items[list->start + index]));
                state[1].integer = index + 1;
                NEXT;
            }
            vm_drop(task->heap, *state);
            BRANCH(OFFSET);
            NEXT;
        }
        CASE(RANGE_INIT)
        {
            SAVE();
            if (BL_UNLIKELY(!vm_range_check(task, RB, RC))) {
                return VM_RUN_FAILED;
            }
            vm_value *state = &RA;
            int64_t end = RC.integer;
            vm_set_int(state, RB.integer);
            vm_set_int(state + 1, end);
            NEXT;
        }
        CASE(RANGE_NEXT)
        {
            vm_value *state = &RA;
            int64_t index = state->integer;
            if (BL_LIKELY(index < state[1].integer)) {
                state->integer = index + 1;
                vm_set_int(&RB, index);
                NEXT;
            }
            BRANCH(OFFSET);
            NEXT;
        }

        // ---- calls ---

        CASE(CALL)
        {
            const vm_function *function = FUNCTION->functions[WIDE];
            vm_value *callee = &RA + VM_HEADER_SLOTS;
            if (BL_UNLIKELY(--task->fuel < 0)) {
                goto pause_before;
            }
            if (BL_UNLIKELY(callee + function->register_count > task->stack_end)) {
                STEP(vm_call_overflow(task, function, callee, false));
                NEXT;
            }
            vm_frame *frame = vm_frame_of(callee);
            frame->return_pc = pc;
            frame->caller = base;
            frame->function = function;
            vm_spoil_registers(callee, function);
            base = callee;
            pc = function->code;
            NEXT;
        }
        CASE(TAIL_CALL)
        {
            const vm_function *function = FUNCTION->functions[WIDE];
            if (BL_UNLIKELY(--task->fuel < 0)) {
                goto pause_before;
            }
            if (BL_UNLIKELY(base + function->register_count > task->stack_end)) {
                STEP(vm_call_overflow(task, function, &RA + VM_HEADER_SLOTS, true));
                NEXT;
            }
            vm_move_values(base, &RA + VM_HEADER_SLOTS, function->param_count);
            vm_frame_of(base)->function = function;
            vm_spoil_registers(base, function);
            pc = function->code;
            NEXT;
        }
        CASE(CALL_VALUE)
        {
            vm_value *callee = &RA + VM_HEADER_SLOTS;
            const vm_value *value = &callee[B];
            if (BL_UNLIKELY(--task->fuel < 0)) {
                goto pause_before;
            }
            if (BL_LIKELY(value->tag == VM_CLOSURE)) {
                const vm_function *function = value->closure->function;
                if (BL_LIKELY(function->param_count == B &&
                              callee + function->register_count <= task->stack_end)) {
                    vm_frame *frame = vm_frame_of(callee);
                    frame->return_pc = pc;
                    frame->caller = base;
                    frame->function = function;
                    vm_spoil_registers(callee, function);
                    base = callee;
                    pc = function->code;
                    NEXT;
                }
            }
            STEP(vm_call_value(task, &RA, callee, B, false));
            NEXT;
        }
        CASE(TAIL_CALL_VALUE)
        {
            if (BL_UNLIKELY(--task->fuel < 0)) {
                goto pause_before;
            }
            STEP(vm_call_value(task, &RA, &RA + VM_HEADER_SLOTS, B, true));
            NEXT;
        }
        CASE(NATIVE)
        {
            const vm_native *native = FUNCTION->natives[C];
            vm_value value;
            SAVE();
            if (BL_UNLIKELY(native->flags & VM_OUTSIDE)) {
                task->has_acted = true;
            }
            vm_status status = native->function(task, &RB, &value);
            if (BL_LIKELY(status == VM_OK)) {
                vm_set(&RA, value);
                if (BL_UNLIKELY(task->fuel < 0)) {
                    goto pause;
                }
                NEXT;
            }
            STEP(vm_native_done(task, status, &RA, value));
            NEXT;
        }
        CASE(PERFORM)
        {
            const vm_operation *operation = FUNCTION->operations[C];
            const vm_native *native = operation->native;
            if (task->handlers != NULL || native == NULL || native->arity_max != operation->arity) {
                STEP(vm_perform(task, &RA, &RB, operation));
                NEXT;
            }
            vm_value value;
            SAVE();
            if (BL_UNLIKELY(native->flags & VM_OUTSIDE)) {
                task->has_acted = true;
            }
            vm_status status = native->function(task, &RB, &value);
            for (uint32_t i = 0; i < operation->arity && status != VM_FAIL; i += 1) {
                if ((native->owned >> i & 1) == 0) {
                    vm_drop(task->heap, (&RB)[i]);
                }
            }
            STEP(vm_native_done(task, status, &RA, value));
            NEXT;
        }
        CASE(RETURN)
        {
            vm_value value = RA;
            const vm_frame *frame = vm_frame_of(base);
            pc = frame->return_pc;
            vm_value *caller = frame->caller;
            vm_set(base - VM_HEADER_SLOTS, value);
            base = caller;
            NEXT;
        }

        // ---- early return, errors ---

        CASE(TRY)
        {
            vm_value value = RB;
            int found = vm_try_open(task->heap, &RA, value);
            if (found < 0) {
                BRANCH(OFFSET);
            } else if (found == 0) {
                vm_set(&RA, value);
            }
            NEXT;
        }
        CASE(EARLY)
        {
            STEP(vm_early(task, RA));
            NEXT;
        }
        CASE(FAIL)
        {
            SAVE();
            vm_raise(task, (vm_fault)B, RA);
            return VM_RUN_FAILED;
        }

        // ---- effects ---

        CASE(HANDLE)
        {
            STEP(vm_handle_begin(task, &RA, &RB, &FUNCTION->handlers[C]));
            NEXT;
        }
        CASE(WITH_BEGIN)
        {
            SAVE();
            vm_with_begin(task, &RB, &FUNCTION->withs[C]);
            NEXT;
        }
        CASE(WITH_END)
        {
            vm_with_end(task);
            NEXT;
        }
        CASE(COLLECT_BEGIN)
        {
            SAVE();
            vm_collect_begin(task, FUNCTION->operations[C]);
            NEXT;
        }
        CASE(COLLECT_END)
        {
            vm_set(&RA, vm_collect_end(task));
            NEXT;
        }
        CASE(TYPE_TEST)
        {
            vm_set_bool(&RA, vm_type_passes(&FUNCTION->type_tests[C], RB));
            NEXT;
        }

        // ---- library functions; the NOP behind names the native, for what is not done here ---

        CASE(LIST_LENGTH)
        {
            if (BL_UNLIKELY(RB.tag != VM_LIST)) {
                goto call_intrinsic;
            }
            vm_set_int(&RA, RB.list->size);
            pc += 1;
            NEXT;
        }
        CASE(LIST_AT)
        {
            const vm_value *item = vm_list_item(&RB, &RC);
            if (BL_UNLIKELY(item == NULL)) {
                goto call_intrinsic;
            }
            vm_set_some(task->heap, &RA, *item);
            pc += 1;
            NEXT;
        }
        CASE(LIST_AT_OR)
        {
            const vm_value *item = vm_list_item(&RB, &RC);
            if (BL_UNLIKELY(item == NULL)) {
                goto call_intrinsic;
            }
            vm_value value = vm_dup(*item);
            vm_drop(task->heap, R(pc->a));
            vm_set(&RA, value);
            pc += 1;
            NEXT;
        }
        CASE(LIST_PUT)
        {
            vm_value *item = vm_list_item(&RB, &RC);
            vm_list *list = RB.list;
            if (BL_UNLIKELY(item == NULL || !vm_is_unique(&list->header) ||
                            list->store->count != 1)) {
                goto call_intrinsic;
            }
            vm_value old = *item;
            vm_set(item, R(pc->a));
            RA.list = list;
            RA.tag = VM_LIST;
            vm_drop(task->heap, old);
            pc += 1;
            NEXT;
        }
        CASE(LIST_PUSH)
        {
            vm_list *list = RB.list;
            if (BL_LIKELY(RB.tag == VM_LIST && vm_is_unique(&list->header) &&
                          list->store != NULL)) {
                vm_store *store = list->store;
                if (BL_LIKELY(store->used == list->start + list->size &&
                              store->used < store->capacity && store->count > 0)) {
                    vm_set(&store->items[store->used], RC);
                    store->used += 1;
                    list->size += 1;
                    RA.list = list;
                    RA.tag = VM_LIST;
                    pc += 1;
                    NEXT;
                }
            }
            goto call_intrinsic;
        }
        CASE(MAP_GET)
        {
            if (BL_UNLIKELY(RB.tag != VM_MAP)) {
                goto call_intrinsic;
            }
            const vm_value *found = vm_map_get(RB.map, RC);
            if (found == NULL) {
                vm_set(&RA, vm_none());
            } else {
                vm_set_some(task->heap, &RA, *found);
            }
            pc += 1;
            NEXT;
        }
        CASE(MAP_PUT)
        {
            if (BL_UNLIKELY(RB.tag != VM_MAP)) {
                goto call_intrinsic;
            }
            vm_set(&RA, vm_map_insert(task->heap, RB, RC, R(pc->a)));
            pc += 1;
            NEXT;
        }
        CASE(UNWRAP_OR)
        {
            vm_value option = RB;
            vm_value otherwise = RC;
            if (option.tag == VM_VARIANT &&
                option.variant->ctor == vm_standard_ctors[VM_CTOR_SOME]) {
                vm_open_payload(task->heap, &RA, option.variant);
                vm_drop(task->heap, otherwise);
            } else if (BL_LIKELY(option.tag == VM_ATOM &&
                                 option.ctor == vm_standard_ctors[VM_CTOR_NONE])) {
                vm_set(&RA, otherwise);
            } else {
                goto call_intrinsic;
            }
            pc += 1;
            NEXT;
        }
        CASE(TO_FLOAT)
        {
            if (BL_UNLIKELY(RB.tag != VM_INT)) {
                goto call_intrinsic;
            }
            vm_set_float(&RA, (double)RB.integer);
            pc += 1;
            NEXT;
        }

        // ---- where frames return to that no CALL has made; base is their own one ---

        CASE(END_CHUNK)
        {
            vm_segment *segment = task->segment;
            const vm_chunk *chunk = segment->chunk;
            vm_set(chunk->result, base[-VM_HEADER_SLOTS]);
            pc = chunk->return_pc;
            base = chunk->caller;
            vm_chunk_pop(task, segment);
            task->stack_end = segment->chunk->end;
            NEXT;
        }
        CASE(END_FIBER)
        {
            vm_set(&task->result, base[-VM_HEADER_SLOTS]);
            return VM_RUN_ENDED;
        }
        CASE(END_HANDLE)
        {
            STEP(vm_handle_end(task));
            NEXT;
        }
        CASE(END_CLAUSE)
        {
            STEP(vm_clause_end(task));
            NEXT;
        }
        CASE(END_TAIL)
        CASE(END_INSERT)
        {
            const vm_insert *insert = vm_insert_of(base);
            vm_segment *segment = task->segment;
            vm_set(insert->result, base[-VM_HEADER_SLOTS]);
            task->handlers = insert->handlers;
            pc = insert->return_pc;
            base = insert->caller;
            if (BL_UNLIKELY((const void *)insert == segment->chunk->slots &&
                            segment->chunk->previous != NULL)) {
                vm_chunk_pop(task, segment);
                task->stack_end = segment->chunk->end;
            }
            NEXT;
        }
#ifdef VM_DISPATCH_SWITCH
    default: // The verifier lets no other number through.
        BL_CHECK(false && "unknown instruction");
#endif
    }

slow_arithmetic:
    SAVE();
    if (vm_arithmetic(task, pc[-1].op, &RA, RB, RC)) {
        NEXT;
    }
    return VM_RUN_FAILED;
call_intrinsic:
    SAVE();
    if (!vm_call_intrinsic(task, FUNCTION)) {
        return VM_RUN_FAILED;
    }
    pc += 1;
    if (BL_UNLIKELY(task->fuel < 0)) {
        goto pause;
    }
    NEXT;
not_bool:
    SAVE();
    vm_raise(task, VM_FAULT_NOT_BOOL, RA);
    return VM_RUN_FAILED;
pause_before: // The instruction is run again.
    pc -= 1;
pause:
    SAVE();
    return VM_RUN_PAUSED;
}

#undef CASE
#undef NEXT
#undef A
#undef B
#undef C
#undef WIDE
#undef OFFSET
#undef IMMEDIATE_B
#undef R
#undef RA
#undef RB
#undef RC
#undef FUNCTION
#undef SAVE
#undef RESTORE
#undef BRANCH
#undef ARITHMETIC
#undef ARITHMETIC_I
#undef ARITHMETIC_INT
#undef COMPARISON
#undef COMPARE_JUMP
#undef COMPARE_SLOWLY
#undef TEST
#undef PART
#undef STEP

#ifdef __GNUC__
#pragma GCC diagnostic pop
#endif
