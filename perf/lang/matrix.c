// perf/lang/matrix.c: the product of two square matrices.
#include <stdio.h>

#define N 220

static double a[N][N];
static double b[N][N]; // Columns as rows.
static double c[N][N];

int main(void)
{
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            a[i][j] = (i * 3 + j * 5) % 11 / 7.0;
            b[j][i] = (i * 7 + j * 2) % 13 / 7.0;
        }
    }
    double total = 0.0;
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            double sum = 0.0;
            for (int k = 0; k < N; k++) {
                sum += a[i][k] * b[j][k];
            }
            c[i][j] = sum;
            total += c[i][j];
        }
    }
    printf("%ld\n", (long)total);
    return 0;
}
