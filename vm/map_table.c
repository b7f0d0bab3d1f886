// vm/map_table.c: linear probing, at most half full; removal shifts the followers back, so there
// are no marks of what was removed.
#include "vm/map_table.h"

#include "vm/heap.h"

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
    if (table->used > table->mask / 2) {
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
