// vm/std/json_layout.h: objects with the same members in the same order share one shape.
//
// An array of records repeats its names in every element. A layout is the names of one object in
// the order of the text, with the shape that its record has. The reader follows the names of the
// next object through the known layouts: as long as one goes on, a name costs a comparison
// instead of a String, and at the end the values only have to be put into the shape's order.
//
// Layouts are few, belong to one text and are never thrown out, so that an object in progress can
// hold on to one while objects inside of it add others.
#ifndef VM_STD_JSON_LAYOUT_H
#define VM_STD_JSON_LAYOUT_H

#include "vm/heap.h"

enum {
    STD_LAYOUTS_MAX = 16,      // More kinds of objects than that repeat in few texts.
    STD_LAYOUT_NAMES_MAX = 32, // Wider objects are rare, and their names cost less than the rest.
};

typedef struct std_layout {
    vm_value record;                     // The first one of its shape: holds it.
    uint8_t slots[STD_LAYOUT_NAMES_MAX]; // Where the n-th member of the text stands in the shape.
} std_layout;

typedef struct std_layouts {
    std_layout known[STD_LAYOUTS_MAX];
    uint32_t count;
} std_layouts;

// How far the names of one object agree with a layout.
typedef struct std_layout_path {
    const std_layout *layout; // NULL: with none, or nothing has been read.
    uint32_t at;              // How many names have been read.
} std_layout_path;

// The next name of an object: the String that it is in a layout, borrowed; NULL: in none.
vm_string *std_layout_follow(const std_layouts *layouts, std_layout_path *path, bl_slice name);
// Whether the names were those of a whole layout.
bool std_layout_is_whole(const std_layout_path *path);
// The record of such an object. Consumes its members: name, value, name, value …
vm_value std_layout_record(vm_heap *heap, const std_layout *layout, const vm_value *members);
// Whether the names of an object of that many members can become a layout.
bool std_layout_has_room(const std_layouts *layouts, size_t count);
// Adds the layout of a record. names: in the order of the text, only compared.
void std_layout_add(std_layouts *layouts, vm_value record, const vm_string *const *names,
                    size_t count);
void std_layouts_deinit(vm_heap *heap, std_layouts *layouts);

#endif
