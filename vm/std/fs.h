// vm/std/fs.h: what the command line tells the module Fs.
#ifndef VM_STD_FS_H
#define VM_STD_FS_H

#include <stdbool.h>

// Confines all functions of Fs to a directory. False: there is no such directory (errno). Before
// any task runs.
bool std_fs_set_sandbox(const char *directory);
// Whether the sandbox, if there is one, lets programs see the path.
bool std_fs_allows(const char *path);

#endif
