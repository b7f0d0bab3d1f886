// perf/lang/fib.c: naive recursion.
#include <stdint.h>
#include <stdio.h>

__attribute__((noinline)) static int64_t fib(int64_t n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

int main(void)
{
    printf("%ld\n", (long)fib(34));
    return 0;
}
