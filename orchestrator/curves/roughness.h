/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CURVES_ROUGHNESS_H
#define ROG_CURVES_ROUGHNESS_H

/*
 * How much test results vary from checkpoint to checkpoint: the sample standard deviation of the
 * differences between successive tested checkpoints, both of them at ROG_ROUGHNESS_FROM_S or later,
 * because results still rise steadily in the first minutes.
 *
 * Nothing is smoothed, and differences are not scaled by the time between checkpoints: a drop
 * counts the same after 540 s as after 60 s. If the interval between checkpoints grows during a
 * run, the result depends on the run's length; compare only runs with the same length and times of
 * checkpoints.
 */

#include <stddef.h>

#include <orchestrator/curves/line.h>

#define ROG_ROUGHNESS_FROM_S 600.0
/* With fewer differences the relative error of the estimate exceeds a quarter. */
#define ROG_ROUGHNESS_LEAST 10

struct rog_roughness {
    double deviation;  /* in the unit of the metric; NaN, like the others, with too few
                        * differences */
    double worst_drop; /* the largest worsening, not negative: a rise if lower is better; 0: none */
    double worst_at;   /* s, of the checkpoint at its end; NaN: none */
};

/* measured: tested checkpoints against time, s. */
struct rog_roughness rog_roughness_of(const struct rog_line *measured);

#endif
