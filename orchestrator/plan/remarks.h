/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PLAN_REMARKS_H
#define ROG_PLAN_REMARKS_H

/* What of a plan people should know before they believe its results. */

#include <orchestrator/plan/plan.h>

/* Appends to the array of texts: what the file gives in vain, workers that share a recording from
 * the same moment on, runs that end before a worker's first iteration does, programs with
 * times of a device that nobody chose, and runs that are the
 * same but for their seed. */
int rog_plan_remarks(const struct rog_plan *plan, struct rog_json *texts, struct rog_error *err);

/* ROG_EINVAL where repeating a run with another seed would make the same run again. */
int rog_plan_check_repeats(const struct rog_plan *plan, struct rog_error *err);

#endif
