// vm/std/regex.h: regular expressions: the functions of String that take them, and a way in for C.
#ifndef VM_STD_REGEX_H
#define VM_STD_REGEX_H

#include "vm/library.h"

vm_status std_regex_matches(vm_task *task, vm_value *args, vm_value *result);
vm_status std_regex_find_matches(vm_task *task, vm_value *args, vm_value *result);
vm_status std_regex_replace(vm_task *task, vm_value *args, vm_value *result);

// Whether the pattern matches anywhere in the text (both UTF-8). False: it is malformed.
bool std_regex_search(bl_slice pattern, bl_slice text, bool *found);

#endif
