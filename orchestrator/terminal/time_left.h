/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_TERMINAL_TIME_LEFT_H
#define ROG_ORCHESTRATOR_TERMINAL_TIME_LEFT_H

/* How long jobs that are being executed still take, by the clock on the wall. */

#include <orchestrator/fleet/job.h>

/* The share of the run that this process has done, taking the work to be spread evenly over the
 * run's time. */
double rog_job_own_share(const struct rog_fleet_job *job);
/* A run in real time of which nothing has happened yet: hosts are prepared, or waited for. */
bool rog_job_begins(const struct rog_fleet_job *job);
/* s until it is over; NaN while that cannot be told. */
double rog_job_left_s(const struct rog_fleet_job *job);
/* s until all are over, `slots` at once; NaN while that cannot be told. What has not begun takes as
 * long as such runs have taken (expected_s), corrected by what became of the expectations so far;
 * and where nothing is expected as long as the others take for as much. */
double rog_jobs_left_s(const struct rog_fleet_job *jobs, size_t count, int slots);

#define ROG_TIME_LEFT_BYTES 32
/* "9:07", "1:09:07"; "?" for NaN. */
const char *rog_time_left_text(double seconds, char text[ROG_TIME_LEFT_BYTES]);
/* For sentences: "7 s", "25 min", "1 h 9 min", "3 days"; "?" for NaN. */
const char *rog_duration_text(double seconds, char text[ROG_TIME_LEFT_BYTES]);

#endif
