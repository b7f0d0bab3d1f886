// tests/lang/web_library.h: a whole library for tests of the front end.
#ifndef TESTS_LANG_WEB_LIBRARY_H
#define TESTS_LANG_WEB_LIBRARY_H

#include "vm/library.h"

// The standard library, and of web_library.def what it does not have. For the life of the process.
const vm_library *test_library(void);

#endif
