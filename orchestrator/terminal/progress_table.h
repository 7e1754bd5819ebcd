/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_TERMINAL_PROGRESS_TABLE_H
#define ROG_ORCHESTRATOR_TERMINAL_PROGRESS_TABLE_H

/* Runs that are executed as a table for a terminal: what `sweep`, `attach` and `status` show there.
 */

#include <orchestrator/fleet/job.h>
#include <orchestrator/terminal/table.h>

/* What is shown of a job. */
struct rog_progress_row {
    const struct rog_fleet_job *job;
    const double *result; /* of its tests, in their order; NULL: none */
    size_t results;
    char *remark; /* one more line below it; NULL: none; borrowed */
};

/* Write it with rog_table_write. NULL when memory ran out. */
struct rog_table *rog_progress_table(const struct rog_progress_row *row, size_t count,
                                     const struct rog_screen *screen);

/* "running", "begins", "on hosts", ... */
const char *rog_progress_state(const struct rog_fleet_job *job);
/* It is being executed. */
bool rog_progress_is_active(const struct rog_fleet_job *job);

/* "3 of 30 runs done, 2 running, 1 failed, 24 waiting; about 5:12 left". `done_before`: runs of the
 * sweep that are none of the jobs. */
void rog_progress_sum(const struct rog_fleet_job *jobs, size_t count, size_t done_before, int slots,
                      char *text, size_t bytes);

#endif
