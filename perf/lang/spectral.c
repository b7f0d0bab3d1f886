// perf/lang/spectral.c: the spectral norm of an infinite matrix, cut off.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define N 500

static double element(int64_t i, int64_t j)
{
    return 1.0 / (double)((i + j) * (i + j + 1) / 2 + i + 1);
}

static void both(const double *v, double *w)
{
    double u[N];
    for (int64_t i = 0; i < N; i++) {
        u[i] = 0.0;
        for (int64_t j = 0; j < N; j++) {
            u[i] += element(i, j) * v[j];
        }
    }
    for (int64_t i = 0; i < N; i++) {
        w[i] = 0.0;
        for (int64_t j = 0; j < N; j++) {
            w[i] += element(j, i) * u[j];
        }
    }
}

static double dot(const double *a, const double *b)
{
    double sum = 0.0;
    for (int i = 0; i < N; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

int main(void)
{
    double u[N];
    double v[N];
    for (int i = 0; i < N; i++) {
        u[i] = 1.0;
    }
    for (int k = 0; k < 10; k++) {
        both(u, v);
        both(v, u);
    }
    printf("%ld\n", (long)(sqrt(dot(u, v) / dot(v, v)) * 1000000000.0));
    return 0;
}
