/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_SAME_RUN_H
#define ROG_FIGURES_SAME_RUN_H

/* Whether two recorded runs are one and the same: where nothing depends on the seed, every seed
 * records the same. */

#include <stdbool.h>

#include <orchestrator/store/summary.h>

/* What is compared of a run. */
struct rog_recording {
    const struct rog_accuracy *accuracy;
    const struct rog_composition *composition;
    const struct rog_extent *extent;
};

/* To the last bit, in means over hundreds of times and sums of bytes: chance does not do that. Runs
 * that have recorded nothing are not known to be the same. */
bool rog_is_same_run(const struct rog_recording *one, const struct rog_recording *two);

#endif
