// vm/map_flat.c: the array doubles; the table is at most three quarters full, and removal shifts
// the followers back, so there are no marks in it of what was removed.
#include "vm/map_flat.h"

#include "vm/heap.h"

// ---- table -----------------------------------------------------------------------------------

static size_t table_size(uint32_t slots)
{
    return sizeof(map_table) + (size_t)slots * sizeof(map_slot);
}

map_table *vm_map_table_make(vm_heap *heap, uint32_t slots)
{
    BL_CHECK((slots & (slots - 1)) == 0);
    map_table *table = vm_heap_alloc_raw(heap, table_size(slots));
    memset(table, 0, table_size(slots));
    table->mask = slots - 1;
    return table;
}

void vm_map_table_free(vm_heap *heap, map_table *table)
{
    vm_heap_free_raw(heap, table, table_size(table->mask + 1));
}

static void put(map_table *table, map_slot slot)
{
    uint32_t at = slot.hash & table->mask;
    while (table->slots[at].place != 0) {
        at = (at + 1) & table->mask;
    }
    table->slots[at] = slot;
    table->used += 1;
}

map_table *vm_map_table_add(vm_heap *heap, map_table *table, uint32_t hash, uint32_t position)
{
    if (table->used > table->mask - table->mask / 4) {
        map_table *larger = vm_map_table_make(heap, (table->mask + 1) * 2);
        for (uint32_t i = 0; i <= table->mask; i++) {
            if (table->slots[i].place != 0) {
                put(larger, table->slots[i]);
            }
        }
        vm_map_table_free(heap, table);
        table = larger;
    }
    put(table, (map_slot){.hash = hash, .place = position + 1});
    return table;
}

void vm_map_table_remove(map_table *table, uint32_t hash, uint32_t position)
{
    uint32_t hole = hash & table->mask;
    while (table->slots[hole].place != position + 1) {
        BL_CHECK(table->slots[hole].place != 0);
        hole = (hole + 1) & table->mask;
    }
    // A follower may fill the hole unless its own place lies between the hole and itself.
    for (uint32_t at = (hole + 1) & table->mask; table->slots[at].place != 0;
         at = (at + 1) & table->mask) {
        uint32_t home = table->slots[at].hash & table->mask;
        if (((at - home) & table->mask) >= ((at - hole) & table->mask)) {
            table->slots[hole] = table->slots[at];
            hole = at;
        }
    }
    table->slots[hole] = (map_slot){0};
    table->used -= 1;
}

// ---- entries ---------------------------------------------------------------------------------

static size_t entries_size(uint32_t capacity, uint32_t width)
{
    return sizeof(map_entries) + (size_t)capacity * width * sizeof(vm_value);
}

map_entries *vm_map_entries_make(vm_heap *heap, uint32_t capacity, uint32_t width)
{
    map_entries *entries = vm_heap_alloc_raw(heap, entries_size(capacity, width));
    entries->capacity = capacity;
    entries->width = width;
    return entries;
}

void vm_map_entries_free(vm_heap *heap, map_entries *entries)
{
    vm_heap_free_raw(heap, entries, entries_size(entries->capacity, entries->width));
}

map_entries *vm_map_entries_add(vm_heap *heap, map_entries *entries, uint32_t count, vm_value key,
                                vm_value value)
{
    if (count == entries->capacity) {
        map_entries *larger = vm_map_entries_make(heap, count * 2, entries->width);
        memcpy(larger->items, entries->items, (size_t)count * entries->width * sizeof(vm_value));
        vm_map_entries_free(heap, entries);
        entries = larger;
    }
    vm_value *place = entries->items + (size_t)count * entries->width;
    place[0] = key;
    if (entries->width == 2) {
        place[1] = value;
    }
    return entries;
}

void vm_map_entries_take(map_entries *entries, uint32_t position, vm_value *key, vm_value *value)
{
    vm_value *place = entries->items + (size_t)position * entries->width;
    *key = place[0];
    *value = entries->width == 2 ? place[1] : vm_unit();
    place[0] = vm_map_hole();
}

bool vm_map_entries_next(const map_entries *entries, uint32_t count, uint64_t *position,
                         vm_value *key, vm_value *value)
{
    for (; *position < count; *position += 1) {
        const vm_value *place = entries->items + *position * entries->width;
        if (!vm_map_is_hole(place[0])) {
            *key = place[0];
            *value = entries->width == 2 ? place[1] : vm_unit();
            *position += 1;
            return true;
        }
    }
    return false;
}

void vm_map_entries_visit(const map_entries *entries, uint32_t count, vm_map_visit visit,
                          void *context)
{
    vm_value key;
    vm_value value;
    for (uint64_t position = 0; vm_map_entries_next(entries, count, &position, &key, &value);) {
        visit(context, key);
        if (entries->width == 2) {
            visit(context, value);
        }
    }
}

uint32_t vm_map_table_find(const map_table *table, const map_entries *entries, vm_value key,
                           uint32_t hash)
{
    for (uint32_t at = hash & table->mask; table->slots[at].place != 0;
         at = (at + 1) & table->mask) {
        uint32_t position = table->slots[at].place - 1;
        if (table->slots[at].hash == hash &&
            vm_map_same_key(entries->items[(size_t)position * entries->width], key)) {
            return position;
        }
    }
    return VM_MAP_ABSENT;
}
