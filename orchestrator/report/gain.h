/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_REPORT_GAIN_H
#define ROG_REPORT_GAIN_H

/*
 * What one series of a case gains over another, run by run: runs of one seed have the same traces
 * and batches, so that the difference within a pair is much surer than the difference of two means.
 * Which series are compared is said by the case: its contender's gains over each of the others, or
 * over its baseline alone.
 */

#include <stdbool.h>
#include <stddef.h>

#include <common/json.h>
#include <orchestrator/figures/case_data.h>
#include <orchestrator/figures/stats.h>

/* Two series of a case: indexes into data->series. */
struct rog_gain_pair {
    size_t series, against;
    bool decides; /* under one control */
};

/* Each pair of series once: the contender over the others alone; where there is no contender, or
 * nothing else, the later over the earlier. Only those with the baseline, and that as the second,
 * where there is one; over a baseline that is all of the contender, any other. *pairs is heap
 * memory. */
int rog_gain_pairs(const struct rog_case_data *data, struct rog_gain_pair **pairs, size_t *count,
                   struct rog_error *err);

/* Two runs with the same seed: indexes into data->run. */
struct rog_run_pair {
    size_t own, other;
};
/* Those of two series; pairs that are copies of another one (repeats.h) are left out. Returns how
 * many. `pairs` has room for all runs of the case. */
size_t rog_gain_run_pairs(const struct rog_case_data *data, const struct rog_gain_pair *pair,
                          struct rog_run_pair *pairs);

/*
 * The gains that decide: accuracy in percent points at the time when the earlier of the two runs
 * ended, where all have tested checkpoints; else how much less time an iteration took, in percent.
 */
struct rog_gain {
    const char *series, *against;    /* labels, borrowed from the case's data */
    bool is_tested;                  /* of what is tested, else percent less time an iteration */
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

/* [{series, against, of (accuracy, another metric, or time), unit ("points", a
 * metric that is no percentage, or "percent" less time), mean, interval95 (its
 * half; null for fewer than three pairs), pairs}]. Owned by the caller. */
struct rog_json *rog_gains_json(const struct rog_gains *gains);

/* The gain whose 95% interval is the widest, one without an interval being wider than all others;
 * NULL where there is no pair. Its width in points: infinite without an interval. */
const struct rog_gain *rog_gains_widest(const struct rog_gains *gains, double *width);

#endif
