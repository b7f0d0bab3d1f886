// lang/predicate.h: the `where` of a refined type: constants, truth, and words for people.
//
// A predicate is an expression over `self`. Its language: literals, && || not, comparisons (also
// chained: `1 <= self <= 9` means both), + - * %, prefix -, and String.length, starts_with,
// ends_with, contains, matches of self. All else is unknown.
#ifndef LANG_PREDICATE_H
#define LANG_PREDICATE_H

#include "lang/sema.h"

typedef enum lang_constant_kind {
    LANG_CONSTANT_NONE, // Not known before the program runs.
    LANG_CONSTANT_INT,
    LANG_CONSTANT_FLOAT,
    LANG_CONSTANT_STRING,
    LANG_CONSTANT_BOOL,
} lang_constant_kind;

typedef struct lang_constant {
    lang_constant_kind kind;
    int64_t integer; // INT; BOOL: 0 or 1.
    double number;
    bl_slice text;
} lang_constant;

typedef enum lang_truth { LANG_TRUTH_FALSE, LANG_TRUTH_TRUE, LANG_TRUTH_UNKNOWN } lang_truth;

typedef struct lang_predicate {
    const lang_unit *unit;
    const lang_expr *expr;
    bl_slice text; // As written.
} lang_predicate;

// Int, Float, and strings without interpolation (joined in the arena); else NONE.
lang_constant lang_constant_of_literal(bl_arena *arena, const lang_expr *expr);
// As a program would print it.
bl_slice lang_constant_text(bl_arena *arena, const lang_constant *value);

// type: a LANG_SYMBOL_REFINED.
lang_predicate lang_predicate_of(const lang_type_symbol *type);
lang_truth lang_predicate_holds(bl_arena *arena, const lang_predicate *predicate,
                                const lang_constant *value);
// "[1, 65535]" if the predicate is a conjunction of bounds on self; else data is NULL.
bl_slice lang_predicate_range(bl_arena *arena, const lang_predicate *predicate);
// Why a string fails: "length 0 is less than minimum 1", of the first condition that fails.
bl_slice lang_predicate_reason(bl_arena *arena, const lang_predicate *predicate,
                               const lang_constant *value);

#endif
