// perf/lang/loop.c: loops with integer and float arithmetic.
#include <stdint.h>
#include <stdio.h>

int main(void)
{
    int64_t sum = 1;
    for (int64_t i = 0; i < 20000000; i++) {
        sum = (sum * 31 + i) % 1000003;
    }
    double x = 1.0;
    for (int64_t i = 0; i < 10000000; i++) {
        x = (x + 3.0 / (x + 1.5)) * 0.75;
    }
    printf("%ld %ld\n", (long)sum, (long)(x * 1000000.0));
    return 0;
}
