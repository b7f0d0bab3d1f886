// lang/names.c: the table of names of a file; see names.h.
#include "lang/names.h"

void lang_names_init(lang_names *names, bl_arena *arena)
{
    *names = (lang_names){.arena = arena, .slot_count = 256};
    names->slots = bl_arena_alloc_zeroed(arena, names->slot_count * sizeof(*names->slots));
}

static uint32_t slot_of(const lang_names *names, bl_slice name, uint64_t hash)
{
    uint32_t mask = names->slot_count - 1;
    uint32_t at = (uint32_t)hash & mask;
    while (names->slots[at] != NULL &&
           !(names->slots[at]->hash == hash && bl_slice_equal(names->slots[at]->name, name))) {
        at = (at + 1) & mask;
    }
    return at;
}

static void grow(lang_names *names)
{
    names->slot_count *= 2;
    names->slots = bl_arena_alloc_zeroed(names->arena, names->slot_count * sizeof(*names->slots));
    for (uint32_t i = 0; i < names->count; i++) {
        lang_entry *entry = names->entries[i];
        names->slots[slot_of(names, entry->name, entry->hash)] = entry;
    }
}

static void append(lang_names *names, lang_entry *entry)
{
    if (names->count == names->capacity) {
        uint32_t capacity = names->capacity == 0 ? 128 : names->capacity * 2;
        lang_entry **entries = bl_arena_alloc(names->arena, capacity * sizeof(*entries));
        if (names->count != 0) {
            memcpy(entries, names->entries, names->count * sizeof(*entries));
        }
        names->entries = entries;
        names->capacity = capacity;
    }
    names->entries[names->count++] = entry;
}

lang_entry *lang_names_find(const lang_names *names, bl_slice name)
{
    return names->slots[slot_of(names, name, bl_slice_hash(name))];
}

lang_entry *lang_names_get(lang_names *names, bl_slice name)
{
    uint64_t hash = bl_slice_hash(name);
    uint32_t at = slot_of(names, name, hash);
    if (names->slots[at] != NULL) {
        return names->slots[at];
    }
    lang_entry *entry = bl_arena_alloc_zeroed(names->arena, sizeof(*entry));
    entry->name = name;
    entry->hash = hash;
    append(names, entry);
    if (names->count * 2 > names->slot_count) {
        grow(names);
    } else {
        names->slots[at] = entry;
    }
    return entry;
}
