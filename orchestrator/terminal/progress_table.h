/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_TERMINAL_PROGRESS_TABLE_H
#define ROG_ORCHESTRATOR_TERMINAL_PROGRESS_TABLE_H

/* A table of runs that are being executed, for a terminal: what `sweep`, `attach` and `status`
 * show. */

#include <orchestrator/fleet/job.h>
#include <orchestrator/terminal/table.h>

/* A row of the table. */
struct rog_progress_row {
    const struct rog_fleet_job *job;
    const double *result; /* results of its tests, in order; NULL: none */
    size_t results;
    char *remark; /* another line below it; NULL: none; borrowed */
};

/* Write it with rog_table_write. NULL without memory. */
struct rog_table *rog_progress_table(const struct rog_progress_row *row, size_t count,
                                     const struct rog_screen *screen);

/* "running", "begins", "on hosts", ... */
const char *rog_progress_state(const struct rog_fleet_job *job);
/* Returns whether it is being executed. */
bool rog_progress_is_active(const struct rog_fleet_job *job);

/* Writes "3 of 30 runs done, 2 running, 1 failed, 24 waiting; about 5:12 left". `done_before`: runs
 * of the sweep that are not among the jobs. */
void rog_progress_sum(const struct rog_fleet_job *jobs, size_t count, size_t done_before, int slots,
                      char *text, size_t bytes);

#endif
