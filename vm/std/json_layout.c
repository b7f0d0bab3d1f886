// vm/std/json_layout.c: see json_layout.h for the design.
//
// Objects that begin alike share the Strings of their first names, because the later one got them
// from the layout of the earlier one. So whether two layouts agree so far is a question of
// pointers.
#include "vm/std/json_layout.h"

#include <assert.h>

static const vm_shape *shape_of(const std_layout *layout)
{
    return layout->record.record->shape;
}

static vm_string *name_at(const std_layout *layout, uint32_t at)
{
    return shape_of(layout)->names[layout->slots[at]];
}

static bool goes_on(const std_layout *layout, uint32_t at, bl_slice name)
{
    if (at >= shape_of(layout)->size) {
        return false;
    }
    const vm_string *known = name_at(layout, at);
    return bl_slice_equal((bl_slice){known->data, known->size}, name);
}

static bool begins_alike(const std_layout *a, const std_layout *b, uint32_t count)
{
    for (uint32_t i = count; i > 0; i--) { // They differ late, if at all.
        if (name_at(a, i - 1) != name_at(b, i - 1)) {
            return false;
        }
    }
    return true;
}

vm_string *std_layout_follow(const std_layouts *layouts, std_layout_path *path, bl_slice name)
{
    uint32_t at = path->at;
    const std_layout *followed = path->layout;
    path->at += 1;
    if (followed != NULL && goes_on(followed, at, name)) {
        return name_at(followed, at);
    }
    path->layout = NULL;
    if (followed == NULL && at > 0) {
        return NULL; // Lost before.
    }
    for (uint32_t i = 0; i < layouts->count; i++) {
        const std_layout *other = &layouts->known[i];
        if (goes_on(other, at, name) && (at == 0 || begins_alike(other, followed, at))) {
            path->layout = other;
            return name_at(other, at);
        }
    }
    return NULL;
}

bool std_layout_is_whole(const std_layout_path *path)
{
    return path->layout != NULL && path->at == shape_of(path->layout)->size;
}

vm_value std_layout_record(vm_heap *heap, const std_layout *layout, const vm_value *members)
{
    vm_value fields[STD_LAYOUT_NAMES_MAX];
    vm_shape *shape = layout->record.record->shape;
    assert(shape->size <= STD_LAYOUT_NAMES_MAX);
    for (uint32_t i = 0; i < shape->size; i++) {
        vm_drop(heap, members[2 * i]);
        fields[layout->slots[i]] = members[2 * i + 1];
    }
    return vm_record_make(heap, shape, fields);
}

bool std_layout_has_room(const std_layouts *layouts, size_t count)
{
    return layouts->count < STD_LAYOUTS_MAX && count > 0 && count <= STD_LAYOUT_NAMES_MAX;
}

void std_layout_add(std_layouts *layouts, vm_value record, const vm_string *const *names,
                    size_t count)
{
    assert(std_layout_has_room(layouts, count));
    if (record.record->size != count) {
        return; // A name stood there twice.
    }
    std_layout *layout = &layouts->known[layouts->count++];
    layout->record = vm_dup(record);
    for (size_t i = 0; i < count; i++) {
        int slot = vm_shape_find(record.record->shape, (bl_slice){names[i]->data, names[i]->size});
        assert(slot >= 0 && slot < STD_LAYOUT_NAMES_MAX);
        layout->slots[i] = (uint8_t)slot;
    }
}

void std_layouts_deinit(vm_heap *heap, std_layouts *layouts)
{
    for (uint32_t i = 0; i < layouts->count; i++) {
        vm_drop(heap, layouts->known[i].record);
    }
    layouts->count = 0;
}
