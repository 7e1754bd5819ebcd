/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_GAIN_H
#define ROG_FIGURES_GAIN_H

/*
 * What a strategy gains over another, run by run: runs of one seed have the same traces and
 * batches, so that the difference within a pair is much surer than the difference of two means. A
 * gain is accuracy_points  accuracy (percent points) at the time when the earlier of the two runs
 * ended, where both have tested checkpoints; percent_less     else, how much less time an iteration
 * took, in percent.
 */

#include <stdbool.h>
#include <stddef.h>

#include <common/json.h>
#include <orchestrator/figures/case_data.h>
#include <orchestrator/figures/stats.h>

/* The run of `series` with the seed of the run `run`: an index into data->run. */
bool rog_gain_partner(const struct rog_case_data *data, const struct rog_case_series *series,
                      size_t run, size_t *partner);

struct rog_gain {
    const char *series, *against; /* labels, borrowed from the case's data */
    bool is_accuracy;             /* points of accuracy, else percent less time an iteration */
    struct rog_interval gain;     /* over pairs of runs with the same seed */
};

struct rog_gains {
    struct rog_gain *gain; /* of series with the same control: ROG's over each of the others;
                              without ROG, or with nothing else, the later over the earlier */
    size_t count;
};

int rog_gains_make(const struct rog_case_data *data, struct rog_gains *gains,
                   struct rog_error *err);
void rog_gains_release(struct rog_gains *gains);

/* [{series, against, unit ("points" of accuracy, or "percent" less time), mean, interval95 (its
 * half; null for one pair), pairs}]. Owned by the caller. */
struct rog_json *rog_gains_json(const struct rog_gains *gains);

/* The gain whose 95% interval is the widest, one without an interval being wider than all others;
 * NULL where there is no pair. Its width in points: infinite without an interval. */
const struct rog_gain *rog_gains_widest(const struct rog_gains *gains, double *width);

#endif
