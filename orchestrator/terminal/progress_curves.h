/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_TERMINAL_PROGRESS_CURVES_H
#define ROG_ORCHESTRATOR_TERMINAL_PROGRESS_CURVES_H

/* Test results of jobs so far, read again from the database when there are more. */

#include <orchestrator/fleet/job.h>

struct rog_curves;
/* NULL without memory, which the other functions accept. */
struct rog_curves *rog_curves_new(void);
void rog_curves_free(struct rog_curves *curves);

/* The results of jobs[index] in their order, valid until the next call; NULL: there are none. */
const double *rog_curves_of(struct rog_curves *curves, struct rog_db *db,
                            const struct rog_fleet_job *jobs, size_t index, size_t *count);

#endif
