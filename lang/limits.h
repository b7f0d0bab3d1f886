// lang/limits.h: the limits of the front end as constants; see lang/limits.def for the reasons.
#ifndef LANG_LIMITS_H
#define LANG_LIMITS_H

enum {
#define LIMIT(name, value, reason) LANG_##name = (value),
#include "lang/limits.def"
#undef LIMIT
};

#endif
