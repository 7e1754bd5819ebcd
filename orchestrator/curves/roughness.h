/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CURVES_ROUGHNESS_H
#define ROG_CURVES_ROUGHNESS_H

/*
 * How much what is tested goes up and down from checkpoint to checkpoint: the sample standard
 * deviation of the differences between successive tested checkpoints, both of them at
 * ROG_ROUGHNESS_FROM_S or later, as the first minutes are a climb rather than a level.
 *
 * Nothing is smoothed, and no difference is scaled by the time that it is over: a fall is as deep
 * after 540 s as after 60. Checkpoints whose period grows make the number that of a run of such a
 * length, so it compares runs of the same length and times of checkpoints.
 */

#include <stddef.h>

#include <orchestrator/curves/line.h>

#define ROG_ROUGHNESS_FROM_S 600.0
/* With fewer differences the estimate is worse than a quarter. */
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
