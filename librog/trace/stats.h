/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TRACE_STATS_H
#define ROG_TRACE_STATS_H

/* Statistics of a bandwidth trace, in the terms in which recordings are described. */

#include <stdint.h>

#include <librog/trace/trace.h>
#include <rog/error.h>

#define ROG_TRACE_PERCENTILES 5
#define ROG_TRACE_LAGS 5

/* Over [0, until_s), weighted by time. */
struct rog_trace_stats {
    double span_s;
    uint32_t values;
    double mean_mbps, sd_mbps, min_mbps, max_mbps;
    double percentile_mbps[ROG_TRACE_PERCENTILES]; /* for rog_trace_percentiles */
    double below_1, below_5, at_0;                 /* shares of the time below 1 and 5 Mbit/s and at
                                                      0 */
    double autocorrelation[ROG_TRACE_LAGS];        /* for rog_trace_lags_s; NaN if the trace is
                                                      shorter than two such lags or the value is
                                                      undefined, for example if the rate is
                                                      constant */
    double hold_short;                             /* share of the values held for less than 1 s */
};

extern const double rog_trace_percentiles[ROG_TRACE_PERCENTILES]; /* percent */
extern const double rog_trace_lags_s[ROG_TRACE_LAGS];

/* Computed exactly from the values, not sampled; the trace is truncated or repeated to `until_s`
 * seconds (0: one span; for a constant rate any span is equivalent). ROG_EINVAL: that would be more
 * than 10,000,000 values. */
int rog_trace_stats(const struct rog_trace *trace, double until_s, struct rog_trace_stats *stats,
                    struct rog_error *err);

#endif
