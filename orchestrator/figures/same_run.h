/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_SAME_RUN_H
#define ROG_FIGURES_SAME_RUN_H

/* Whether two recorded runs are identical: if nothing depends on the seed, every seed gives the
 * same records. */

#include <stdbool.h>

#include <orchestrator/store/summary.h>

/* The values of a run that are compared. */
struct rog_recording {
    const struct rog_accuracy *accuracy;
    const struct rog_composition *composition;
    const struct rog_extent *extent;
};

/* Equal to the last bit, in means over hundreds of times and sums of bytes, which does not happen
 * by chance. Runs without records are not considered equal. */
bool rog_is_same_run(const struct rog_recording *one, const struct rog_recording *two);

#endif
