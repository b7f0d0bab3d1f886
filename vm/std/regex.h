// vm/std/regex.h: the functions of String that take regular expressions.
#ifndef VM_STD_REGEX_H
#define VM_STD_REGEX_H

#include "vm/library.h"

vm_status std_regex_matches(vm_task *task, vm_value *args, vm_value *result);
vm_status std_regex_find_matches(vm_task *task, vm_value *args, vm_value *result);
vm_status std_regex_replace(vm_task *task, vm_value *args, vm_value *result);

#endif
