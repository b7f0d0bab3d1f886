// perf/lang/strings.c: building, splitting, joining text.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *build(int i, int n, size_t *size)
{
    char *text = NULL;
    size_t capacity = 0;
    *size = 0;
    for (; i < n; i++) {
        if (capacity - *size < 64) {
            capacity = capacity * 2 + 64;
            text = realloc(text, capacity);
        }
        *size += (size_t)snprintf(text + *size, 64, "item %d, ", i);
    }
    return text;
}

int main(void)
{
    size_t total = 0;
    for (int round = 0; round < 4; round++) {
        size_t size;
        char *text = build(round, 200000, &size);
        char *joined = malloc(size + 1);
        size_t joined_size = 0;
        for (char *part = text;;) {
            char *end = memmem(part, size - (size_t)(part - text), ", ", 2);
            size_t part_size = end == NULL ? size - (size_t)(part - text) : (size_t)(end - part);
            for (size_t i = 0; i < part_size; i++) {
                joined[joined_size++] = (char)toupper((unsigned char)part[i]);
            }
            total += part_size >= 6 && memcmp(part, "item 7", 6) == 0;
            if (end == NULL) {
                break;
            }
            joined[joined_size++] = ';';
            part = end + 2;
        }
        total += size + joined_size;
        free(joined);
        free(text);
    }
    printf("%zu\n", total);
    return 0;
}
