// perf/lang/tak.c: recursion with three arguments.
#include <stdint.h>
#include <stdio.h>

static int64_t tak(int64_t x, int64_t y, int64_t z)
{
    return y >= x ? z : tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}

int main(void)
{
    int64_t sum = 0;
    for (int64_t i = 0; i < 800; i++) {
        sum += tak(18, 12, 6 + i % 2);
    }
    printf("%ld\n", (long)sum);
    return 0;
}
