/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks, statistics and the output format of the measuring programs. */
#include <bench/measure.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <common/memory.h>

#define COPIES 9

static double seconds(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

double rog_bench_wall_s(void)
{
    return seconds(CLOCK_MONOTONIC);
}

double rog_bench_cpu_s(void)
{
    return seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double rog_bench_median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

void rog_bench_print(const char *name, double value, const char *unit, double limit)
{
    char limit_text[32] = "-";
    if (limit >= 0)
        snprintf(limit_text, sizeof limit_text, "%.6g", limit);
    printf("%s\t%.6g\t%s\t%s\n", name, value, unit, limit_text);
    fflush(stdout);
}

double rog_bench_copy_rate(size_t floats)
{
    double rates[COPIES] = {0};
    float *from = rog_floats(floats), *to = rog_floats(floats);
    if (from && to) {
        memset(from, 1, floats * sizeof *from);
        memset(to, 2, floats * sizeof *to);
        for (int i = 0; i < COPIES; i++) {
            double begin_s = rog_bench_cpu_s();
            for (size_t k = 0; k < floats; k++)
                to[k] = 3.0f * from[k];
            rates[i] = 2.0 * sizeof(float) * (double)floats / (rog_bench_cpu_s() - begin_s);
            from[i] = to[floats - 1 - (size_t)i]; /* so that the compiler keeps every copy */
        }
    }
    free(to);
    free(from);
    return rog_bench_median(rates, COPIES);
}
