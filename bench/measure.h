/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_BENCH_MEASURE_H
#define ROG_BENCH_MEASURE_H

/*
 * Code shared by the measuring programs: clocks, statistics, and the output format. A result is a
 * line of fields separated by tabs: name, value, unit, limit. The limit is the best value possible
 * on the same machine, "-" if there is none.
 */

#include <stddef.h>

#define ROG_BENCH_NO_LIMIT (-1.0)

double rog_bench_wall_s(void);
double rog_bench_cpu_s(void); /* of this process, all threads */

/* Returns the median of `count` (> 0) values; sorts them. */
double rog_bench_median(double *values, size_t count);

void rog_bench_print(const char *name, double value, const char *unit, double limit);

/* Returns the bytes per second (read plus written) of copying `floats` floats, the median of
 * repeats. */
double rog_bench_copy_rate(size_t floats);

#endif
