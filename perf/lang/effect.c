// perf/lang/effect.c: operations through a table of functions that the caller installed.
#include <stdint.h>
#include <stdio.h>

typedef struct handlers {
    int64_t (*next)(int64_t *state);
    void (*add)(int64_t *state, int64_t k);
} handlers;

static int64_t next(int64_t *state)
{
    return ++*state;
}

static void add(int64_t *state, int64_t k)
{
    *state += k;
}

// Through a volatile pointer: who handles is not known when this is compiled.
static int64_t count(const handlers *volatile *installed, int64_t *state, int64_t n)
{
    int64_t sum = 0;
    for (int64_t i = 0; i < n; i++) {
        (*installed)->add(state, i % 3);
        sum = (sum + (*installed)->next(state)) % 1000003;
    }
    return sum;
}

int main(void)
{
    static const handlers counter = {next, add};
    const handlers *volatile installed = &counter;
    int64_t state = 0;
    int64_t sum = count(&installed, &state, 3000000);
    printf("%ld %ld\n", (long)sum, (long)state);
    return 0;
}
