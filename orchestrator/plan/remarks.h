/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PLAN_REMARKS_H
#define ROG_PLAN_REMARKS_H

/* Remarks on a plan: what users should know before they trust its results. */

#include <orchestrator/plan/plan.h>

/* Appends to the array of texts: settings of the file without effect, workers that share a
 * recording from the same moment on, runs that end before a worker's first iteration does, programs
 * with times of a device that the user did not choose, and runs that differ only in their seed. */
int rog_plan_remarks(const struct rog_plan *plan, struct rog_json *texts, struct rog_error *err);

/* ROG_EINVAL if repeating a run with another seed would give the same run again. */
int rog_plan_check_repeats(const struct rog_plan *plan, struct rog_error *err);

#endif
