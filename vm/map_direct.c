// vm/map_direct.c: the window doubles towards a key outside of it as long as it stays a quarter
// full; what grows it each time at least doubles it, so that an insertion costs constant time.
#include "vm/map_direct.h"

#include <assert.h>

#include "vm/heap.h"

enum { PLACES_FOR_ENTRY = 4, SEQUENCE_MIN = 32 };

_Static_assert(offsetof(map_direct, items) % sizeof(vm_value) == 0, "items do not straddle lines");

// ---- windows ---------------------------------------------------------------------------------

static uint64_t places_max(uint32_t size)
{
    uint64_t places = (uint64_t)PLACES_FOR_ENTRY * (size + UINT64_C(1));
    return places < UINT32_MAX / 2 ? places : UINT32_MAX / 2;
}

// Room on both sides, but none below zero for keys that begin there.
static map_window window_around(int64_t first, uint64_t span, uint64_t capacity)
{
    uint64_t room = capacity - span;
    uint64_t below = first >= 0 && (uint64_t)first < room ? (uint64_t)first : room / 2;
    return (map_window){.base = (uint64_t)first - below, .capacity = (uint32_t)capacity};
}

bool vm_map_direct_fits(const vm_value *entries, uint32_t count, uint32_t width, vm_value key,
                        map_window *window)
{
    if (key.tag != VM_INT) {
        return false;
    }
    int64_t first = key.integer;
    int64_t last = key.integer;
    uint32_t size = 1;
    for (size_t i = 0; i < count; i++) {
        vm_value other = entries[i * width];
        if (vm_map_is_hole(other)) {
            continue;
        }
        if (other.tag != VM_INT) {
            return false;
        }
        first = other.integer < first ? other.integer : first;
        last = other.integer > last ? other.integer : last;
        size += 1;
    }
    uint64_t span = (uint64_t)last - (uint64_t)first;
    uint64_t capacity = places_max(size);
    if (span >= capacity) {
        return false;
    }
    span += 1;
    *window = window_around(first, span, 2 * span < capacity ? 2 * span : capacity);
    return true;
}

// The window that reaches the key as well: wider on the side where the key lies.
static bool window_reach(map_window *window, uint32_t size, uint64_t key)
{
    uint64_t above = key - window->base;
    uint64_t below = window->base - key;
    bool is_below = below < above;
    uint64_t wanted = is_below ? window->capacity + below : above + 1;
    uint64_t capacity = 2 * (uint64_t)window->capacity;
    if ((is_below ? below : above) >= UINT32_MAX) {
        return false;
    }
    capacity = capacity > wanted ? capacity : wanted;
    if (capacity > places_max(size)) {
        return false;
    }
    window->base -= is_below ? capacity - window->capacity : 0;
    window->capacity = (uint32_t)capacity;
    return true;
}

// ---- memory ----------------------------------------------------------------------------------

static size_t direct_size(uint32_t capacity)
{
    return sizeof(map_direct) + (size_t)capacity * (sizeof(vm_value) + sizeof(uint32_t));
}

map_direct *vm_map_direct_make(vm_heap *heap, map_window window)
{
    map_direct *direct = vm_heap_alloc_raw(heap, direct_size(window.capacity));
    direct->window = window;
    memset(direct->items, 0xFF, window.capacity * sizeof(vm_value)); // Holes.
    return direct;
}

void vm_map_direct_free(vm_heap *heap, map_direct *direct)
{
    vm_heap_free_raw(heap, direct, direct_size(direct->window.capacity));
}

static size_t sequence_size(uint32_t capacity)
{
    return sizeof(map_sequence) + (size_t)capacity * sizeof(uint32_t);
}

map_sequence *vm_map_sequence_make(vm_heap *heap, uint32_t capacity)
{
    capacity = capacity < SEQUENCE_MIN ? SEQUENCE_MIN : capacity;
    map_sequence *sequence = vm_heap_alloc_raw(heap, sequence_size(capacity));
    sequence->capacity = capacity;
    return sequence;
}

void vm_map_sequence_free(vm_heap *heap, map_sequence *sequence)
{
    vm_heap_free_raw(heap, sequence, sequence_size(sequence->capacity));
}

// ---- changing --------------------------------------------------------------------------------

map_direct *vm_map_direct_reach(vm_heap *heap, map_direct *direct, map_sequence *sequence,
                                uint32_t next, uint32_t size, vm_value key)
{
    map_window window = direct->window;
    if (key.tag != VM_INT) {
        return NULL;
    }
    if (key.bits - window.base < window.capacity) {
        return direct;
    }
    if (!window_reach(&window, size, key.bits)) {
        return NULL;
    }
    map_direct *wider = vm_map_direct_make(heap, window);
    uint32_t capacity = direct->window.capacity;
    uint32_t shift = (uint32_t)(direct->window.base - window.base);
    memcpy(wider->items + shift, direct->items, capacity * sizeof(vm_value));
    memcpy(vm_map_direct_positions(wider) + shift, vm_map_direct_positions(direct),
           capacity * sizeof(uint32_t));
    for (uint32_t i = 0; shift != 0 && i < next; i++) {
        sequence->places[i] += sequence->places[i] != VM_MAP_ABSENT ? shift : 0;
    }
    vm_map_direct_free(heap, direct);
    return wider;
}

map_sequence *vm_map_direct_add(vm_heap *heap, map_direct *direct, map_sequence *sequence,
                                uint32_t position, vm_value key, vm_value item)
{
    uint64_t place = key.bits - direct->window.base;
    assert(place < direct->window.capacity);
    if (position == sequence->capacity) {
        map_sequence *longer = vm_map_sequence_make(heap, position * 2);
        memcpy(longer->places, sequence->places, position * sizeof(uint32_t));
        vm_map_sequence_free(heap, sequence);
        sequence = longer;
    }
    sequence->places[position] = (uint32_t)place;
    direct->items[place] = item;
    vm_map_direct_positions(direct)[place] = position;
    return sequence;
}

vm_value vm_map_direct_take(map_direct *direct, map_sequence *sequence, uint32_t position)
{
    uint32_t place = sequence->places[position];
    vm_value item = direct->items[place];
    direct->items[place] = vm_map_hole();
    sequence->places[position] = VM_MAP_ABSENT;
    return item;
}

void vm_map_direct_visit(const map_direct *direct, vm_map_visit visit, void *context)
{
    for (uint32_t i = 0; i < direct->window.capacity; i++) {
        if (!vm_map_is_hole(direct->items[i])) {
            visit(context, direct->items[i]);
        }
    }
}

uint64_t vm_map_direct_other_place(const map_direct *direct, vm_value key)
{
    if (key.tag == VM_FLOAT && key.number >= -0x1p63 && key.number < 0x1p63 &&
        key.number == (double)(int64_t)key.number) {
        return (uint64_t)(int64_t)key.number - direct->window.base;
    }
    return UINT64_MAX;
}
