// perf/lang/nbody.c: five bodies that pull at each other.
#include <math.h>
#include <stdio.h>
#include <string.h>

#define BODIES 5

typedef struct body {
    double x, y, z, vx, vy, vz, mass;
} body;

static void step(body *bodies)
{
    body moved[BODIES];
    for (int i = 0; i < BODIES; i++) {
        body b = bodies[i];
        for (int j = 0; j < BODIES; j++) {
            if (i == j) {
                continue;
            }
            double dx = bodies[i].x - bodies[j].x;
            double dy = bodies[i].y - bodies[j].y;
            double dz = bodies[i].z - bodies[j].z;
            double square = dx * dx + dy * dy + dz * dz;
            double force = 0.01 * bodies[j].mass / (square * sqrt(square));
            b.vx -= dx * force;
            b.vy -= dy * force;
            b.vz -= dz * force;
        }
        b.x += 0.01 * b.vx;
        b.y += 0.01 * b.vy;
        b.z += 0.01 * b.vz;
        moved[i] = b;
    }
    memcpy(bodies, moved, sizeof(moved));
}

int main(void)
{
    body bodies[BODIES] = {
        {0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 39.5},
        {4.84, -1.16, -0.1, 0.6, 2.8, -0.02, 0.037},
        {8.34, 4.12, -0.4, -1.01, 1.82, 0.008, 0.011},
        {12.9, -15.1, -0.22, 1.08, 0.87, -0.01, 0.0017},
        {15.4, -25.9, 0.18, 0.98, 0.59, -0.03, 0.002},
    };
    for (int n = 0; n < 60000; n++) {
        step(bodies);
    }
    double sum = 0.0;
    for (int i = 0; i < BODIES; i++) {
        sum = sum + bodies[i].x + bodies[i].y * 2.0 + bodies[i].z * 3.0;
    }
    printf("%ld\n", (long)(sum * 1000.0));
    return 0;
}
