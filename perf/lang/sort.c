// perf/lang/sort.c: merge sort that makes new arrays at each level.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t *sorted(const int64_t *xs, size_t n)
{
    int64_t *out = malloc((n == 0 ? 1 : n) * sizeof(*out));
    if (n < 2) {
        memcpy(out, xs, n * sizeof(*out));
        return out;
    }
    size_t half = n / 2;
    int64_t *a = sorted(xs, half);
    int64_t *b = sorted(xs + half, n - half);
    size_t i = 0;
    size_t j = 0;
    for (size_t at = 0; at < n; at++) {
        out[at] = j >= n - half || (i < half && a[i] <= b[j]) ? a[i++] : b[j++];
    }
    free(a);
    free(b);
    return out;
}

int main(void)
{
    size_t n = 300000;
    int64_t *xs = malloc(n * sizeof(*xs));
    int64_t seed = 42;
    for (size_t i = 0; i < n; i++) {
        xs[i] = seed;
        seed = seed * 16807 % 2147483647;
    }
    int64_t *ys = sorted(xs, n);
    int64_t sum = 0;
    for (size_t i = 0; i < 10; i++) {
        sum = (sum * 31 + ys[i * 30000]) % 1000003;
    }
    printf("%ld\n", (long)sum);
    free(ys);
    free(xs);
    return 0;
}
