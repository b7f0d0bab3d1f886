// vm/std/row.h: rows of a database as values.
#ifndef VM_STD_ROW_H
#define VM_STD_ROW_H

#include "vm/heap.h"

// A row. names: a List of Strings, borrowed (all rows of a query share it); values: a List of as
// many: Int, Float, String, Unit for NULL, and std_row_blob for a blob; moved.
vm_value std_row_make(vm_heap *heap, vm_value names, vm_value values);
// What stands for a blob of so many bytes: programs never see its bytes.
vm_value std_row_blob(vm_heap *heap, size_t size);

#endif
