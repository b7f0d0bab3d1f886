// vm/faults.h: numbers of the run-time errors, from faults.def.
#ifndef VM_FAULTS_H
#define VM_FAULTS_H

typedef enum vm_fault {
#define FAULT(name, message) VM_FAULT_##name,
#include "vm/faults.def"
#undef FAULT
    VM_FAULT_COUNT
} vm_fault;

#endif
