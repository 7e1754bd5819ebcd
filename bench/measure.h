/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_BENCH_MEASURE_H
#define ROG_BENCH_MEASURE_H

/*
 * What the measuring programs share: clocks, the statistics, and the one form of output. A result
 * is a line of fields with tabs between them: name, value, unit, limit. The limit is what the same
 * machine could do at best, "-" where there is none.
 */

#include <stddef.h>

#define ROG_BENCH_NO_LIMIT (-1.0)

double rog_bench_wall_s(void);
double rog_bench_cpu_s(void); /* of this process, all threads */

/* The median of `count` (> 0) values, which are sorted. */
double rog_bench_median(double *values, size_t count);

void rog_bench_print(const char *name, double value, const char *unit, double limit);

/* Bytes a second (read plus written) of copying `floats` floats, the median of repeats. */
double rog_bench_copy_rate(size_t floats);

#endif
