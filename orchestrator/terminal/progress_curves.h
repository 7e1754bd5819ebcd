/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_TERMINAL_PROGRESS_CURVES_H
#define ROG_ORCHESTRATOR_TERMINAL_PROGRESS_CURVES_H

/* What the tests of jobs have said so far, read again from the database when there is more, and in
 * which order jobs have ended. */

#include <orchestrator/fleet/job.h>

struct rog_curves;
/* NULL when memory ran out, which the others take, too. */
struct rog_curves *rog_curves_new(void);
void rog_curves_free(struct rog_curves *curves);

/* The results of jobs[index] in their order, valid until the next call; NULL: there are none. */
const double *rog_curves_of(struct rog_curves *curves, struct rog_db *db,
                            const struct rog_fleet_job *jobs, size_t index, size_t *count);

#endif
