// perf/lang/sieve.c: the sieve of Eratosthenes.
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
    size_t n = 3000000;
    bool *flags = malloc(n + 1);
    memset(flags, 1, n + 1);
    for (size_t i = 2; i * i <= n; i++) {
        if (flags[i]) {
            for (size_t at = i * i; at <= n; at += i) {
                flags[at] = false;
            }
        }
    }
    size_t found = 0;
    for (size_t k = 2; k <= n; k++) {
        found += flags[k];
    }
    printf("%zu\n", found);
    free(flags);
    return 0;
}
