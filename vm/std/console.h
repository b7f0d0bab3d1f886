// vm/std/console.h: stdout as programs see it: buffered, whole lines, safe from all threads.
#ifndef VM_STD_CONSOLE_H
#define VM_STD_CONSOLE_H

#include "alloc/alloc.h"

// Writes through the same buffer as Console.print!.
void std_console_write(bl_slice text);
// Writes what is buffered. To be called at the end of the process and before anything else goes to
// stdout or, for the order on a terminal, to stderr.
void std_console_flush(void);
// From now on every call is one write of its own: the process has become a server.
void std_console_unbuffer(void);
// Writes all of it to a descriptor; gives up silently on errors: there is nobody to tell.
void std_write_all(int fd, bl_slice text);

#endif
