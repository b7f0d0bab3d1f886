// lang/specs.h: what the two halves of the specification pass share: the function under question,
// its clauses, and the language of their expressions. Private to specs.c and specs_proof.c.
#ifndef LANG_SPECS_H
#define LANG_SPECS_H

#include "lang/sema.h"

#define SPEC_PARAMETERS_MAX 8           // More are undecided: the search could not cover them.
#define SPEC_RESULT SPEC_PARAMETERS_MAX // Index of `result` among the variables.

typedef struct spec_pass {
    lang_unit *unit;
    const lang_function *function;
    const lang_spec *spec;
    bl_slice names[SPEC_PARAMETERS_MAX];
    bool is_bool[SPEC_PARAMETERS_MAX];
    uint32_t count;
} spec_pass;

// Index of a parameter, SPEC_RESULT, or -1.
int lang_spec_variable(const spec_pass *pass, bl_slice name);
// False: the operator is no comparison.
bool lang_spec_compare(lang_binary operator_, int64_t a, int64_t b, bool *out);
// The condition that the attribute puts before or after the function; NULL: none.
const lang_expr *lang_spec_precondition(const lang_spec_attribute *attribute);
const lang_expr *lang_spec_postcondition(const lang_spec_attribute *attribute);

// Whether all postconditions follow from the preconditions (specs_proof.c).
bool lang_spec_is_proved(const spec_pass *pass);

#endif
