// vm/handler.c: effect handlers and continuations.
#include "vm/object.h"

void vm_resume_free(vm_heap *heap, vm_object *object)
{
    (void)heap; // No continuation can exist yet.
    BL_CHECK(object->kind != VM_RESUME);
}
