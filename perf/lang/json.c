// perf/lang/json.c: a document as a tree: made, walked, written as text.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ROOM: what one piece of text takes at most.
enum { FAN_OUT = 6, ROOM = 32 };

typedef enum doc_tag { DOC_NULL, DOC_NUMBER, DOC_TEXT, DOC_ITEMS, DOC_MEMBERS } doc_tag;

typedef struct doc {
    doc_tag tag;
    int64_t number;
    char text[16];
    char names[FAN_OUT][4];
    struct doc *children[FAN_OUT];
} doc;

static doc *make(int depth, int64_t seed)
{
    doc *made = calloc(1, sizeof(*made));
    if (depth == 0) {
        made->tag = (doc_tag)(seed % 3);
        made->number = seed;
        snprintf(made->text, sizeof(made->text), "v%ld", (long)seed);
        return made;
    }
    made->tag = depth % 2 == 0 ? DOC_ITEMS : DOC_MEMBERS;
    for (int i = 0; i < FAN_OUT; i++) {
        snprintf(made->names[i], sizeof(made->names[i]), "k%d", i);
        made->children[i] = make(depth - 1, seed + (depth % 2 == 0 ? i : i * 2));
    }
    return made;
}

static void destroy(doc *made)
{
    for (int i = 0; i < FAN_OUT && made->children[i] != NULL; i++) {
        destroy(made->children[i]);
    }
    free(made);
}

static int64_t sum(const doc *made)
{
    int64_t total = 0;
    switch (made->tag) {
    case DOC_NULL:
        return 1;
    case DOC_NUMBER:
        return made->number;
    case DOC_TEXT:
        return (int64_t)strlen(made->text);
    case DOC_ITEMS:
    case DOC_MEMBERS:
        for (int i = 0; i < FAN_OUT; i++) {
            total += made->tag == DOC_MEMBERS ? (int64_t)strlen(made->names[i]) : 0;
            total += sum(made->children[i]);
        }
    }
    return total;
}

static char *render(const doc *made, char *out)
{
    switch (made->tag) {
    case DOC_NULL:
        return out + snprintf(out, ROOM, "null");
    case DOC_NUMBER:
        return out + snprintf(out, ROOM, "%ld", (long)made->number);
    case DOC_TEXT:
        return out + snprintf(out, ROOM, "\"%s\"", made->text);
    case DOC_ITEMS:
    case DOC_MEMBERS:
        *out++ = made->tag == DOC_ITEMS ? '[' : '{';
        for (int i = 0; i < FAN_OUT; i++) {
            if (i > 0) {
                *out++ = ',';
            }
            if (made->tag == DOC_MEMBERS) {
                out += snprintf(out, ROOM, "\"%s\":", made->names[i]);
            }
            out = render(made->children[i], out);
        }
        *out++ = made->tag == DOC_ITEMS ? ']' : '}';
    }
    return out;
}

int main(void)
{
    char *text = malloc(32 << 20);
    int64_t total = 0;
    for (int round = 0; round < 3; round++) {
        doc *made = make(7, round);
        for (int k = 0; k < 3; k++) {
            total += sum(made);
        }
        total += render(made, text) - text;
        destroy(made);
    }
    printf("%ld\n", (long)total);
    free(text);
    return 0;
}
