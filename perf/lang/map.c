// perf/lang/map.c: maps with numbers and with texts as keys: open addressing.
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 1 << 19 };

typedef struct slot {
    bool used;
    int64_t key;
    char text[12];
    int64_t value;
} slot;

static uint64_t hash(const char *data, size_t size)
{
    uint64_t value = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++) {
        value = (value ^ (unsigned char)data[i]) * 0x100000001b3u;
    }
    return value ^ (value >> 29);
}

static slot *find_number(slot *slots, int64_t key)
{
    size_t at = ((uint64_t)key * 0x9e3779b97f4a7c15u) >> 45;
    while (slots[at].used && slots[at].key != key) {
        at = (at + 1) % SLOTS;
    }
    return &slots[at];
}

static slot *find_text(slot *slots, const char *text)
{
    size_t at = hash(text, strlen(text)) % SLOTS;
    while (slots[at].used && strcmp(slots[at].text, text) != 0) {
        at = (at + 1) % SLOTS;
    }
    return &slots[at];
}

int main(void)
{
    slot *slots = calloc(SLOTS, sizeof(*slots));
    int64_t seed = 42;
    for (int64_t i = 0; i < 400000; i++) {
        slot *found = find_number(slots, seed % 200000);
        found->used = true;
        found->key = seed % 200000;
        found->value = i;
        seed = seed * 16807 % 2147483647;
    }
    int64_t sum = 0;
    for (int64_t i = 0; i < 200000; i++) {
        const slot *found = find_number(slots, i);
        sum = (sum * 31 + (found->used ? found->value : 7)) % 1000003;
    }
    memset(slots, 0, SLOTS * sizeof(*slots));
    seed = 42;
    for (int64_t i = 0; i < 400000; i++) {
        char text[12];
        snprintf(text, sizeof(text), "word%d", (int)(seed % 5000));
        slot *found = find_text(slots, text);
        memcpy(found->text, text, sizeof(text));
        found->used = true;
        found->value += 1;
        seed = seed * 16807 % 2147483647;
    }
    int64_t most = 0;
    for (size_t at = 0; at < SLOTS; at++) {
        most = slots[at].used && slots[at].value > most ? slots[at].value : most;
    }
    printf("%ld %ld\n", (long)sum, (long)most);
    free(slots);
    return 0;
}
