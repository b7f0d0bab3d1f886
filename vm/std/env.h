// vm/std/env.h: what the command line tells the module Env.
#ifndef VM_STD_ENV_H
#define VM_STD_ENV_H

#include <stddef.h>

// The program's arguments, kept (not copied) for the life of the process. Before any task runs.
void std_env_set_args(const char *const *args, size_t count);

#endif
