/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_REPORT_GAIN_H
#define ROG_REPORT_GAIN_H

/*
 * Gains of one series of a case over another, run by run: runs with the same seed have the same
 * traces and batches, so that the difference within a pair is known much more precisely than the
 * difference of two means. The case determines which series are compared: its contender with each
 * of the others, or only with its baseline.
 */

#include <stdbool.h>
#include <stddef.h>

#include <common/json.h>
#include <orchestrator/figures/case_data.h>
#include <orchestrator/figures/stats.h>

/* Two series of a case: indexes into data->series. */
struct rog_gain_pair {
    size_t series, against;
    bool decides; /* both series have the same control */
};

/* Lists each pair of series once: only the contender over the others; without a contender, or
 * without other series, the later over the earlier. If there is a baseline, only pairs with it, the
 * baseline being second; if the baseline is all there is of the contender, any other series over
 * it. *pairs is heap memory. */
int rog_gain_pairs(const struct rog_case_data *data, struct rog_gain_pair **pairs, size_t *count,
                   struct rog_error *err);

/* Two runs with the same seed: indexes into data->run. */
struct rog_run_pair {
    size_t own, other;
};
/* Lists the pairs of runs of two series, without pairs that are copies of another one (repeats.h).
 * Returns their number. `pairs` has room for all runs of the case. */
size_t rog_gain_run_pairs(const struct rog_case_data *data, const struct rog_gain_pair *pair,
                          struct rog_run_pair *pairs);

/*
 * Gains by which --until-ci decides: accuracy in percent points at the time when the earlier of the
 * two runs ended, if all have tested checkpoints; otherwise how much less time an iteration took,
 * in percent.
 */
struct rog_gain {
    const char *series, *against; /* labels, borrowed from the case's data */
    /* of the tested metric, otherwise percent less time per iteration */
    bool is_tested;
    const struct rog_metric *metric; /* borrowed likewise */
    struct rog_interval gain;        /* over pairs of runs with the same seed */
};

struct rog_gains {
    struct rog_gain *gain;
    size_t count;
};

/* "points", "% less time". */
const char *rog_gain_unit(const struct rog_gain *gain);

int rog_gains_make(const struct rog_case_data *data, struct rog_gains *gains,
                   struct rog_error *err);
void rog_gains_release(struct rog_gains *gains);

/* [{series, against, of (accuracy, another metric, or time), unit ("points", a metric that is no
 * percentage, or "percent" less time), mean, interval95 (half of it; null for fewer than three
 * pairs), pairs}]. Owned by the caller. */
struct rog_json *rog_gains_json(const struct rog_gains *gains);

/* Returns the gain with the widest 95% interval; a gain without an interval is wider than all
 * others. NULL if there is no pair. *width is its width in points: infinite without an interval. */
const struct rog_gain *rog_gains_widest(const struct rog_gains *gains, double *width);

#endif
