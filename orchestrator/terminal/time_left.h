/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_TERMINAL_TIME_LEFT_H
#define ROG_ORCHESTRATOR_TERMINAL_TIME_LEFT_H

/* Estimates of the wall time that jobs still need. */

#include <orchestrator/fleet/job.h>

/* The share of the run that this process has done, assuming that the work is spread evenly over the
 * run's time. */
double rog_job_own_share(const struct rog_fleet_job *job);
/* Returns whether a run in real time has not started yet: its hosts are being prepared, or waited
 * for. */
bool rog_job_begins(const struct rog_fleet_job *job);
/* Seconds until it ends; NaN if unknown. */
double rog_job_left_s(const struct rog_fleet_job *job);
/* Seconds until all have ended, `slots` at a time; NaN if unknown. A run that has not started is
 * assumed to take as long as similar runs did (expected_s), corrected by how far these expectations
 * have been right so far; without an expectation, as long as the others take for the same amount of
 * work. */
double rog_jobs_left_s(const struct rog_fleet_job *jobs, size_t count, int slots);

#define ROG_TIME_LEFT_BYTES 32
/* "9:07", "1:09:07"; "?" for NaN. */
const char *rog_time_left_text(double seconds, char text[ROG_TIME_LEFT_BYTES]);
/* For sentences: "7 s", "25 min", "1 h 9 min", "3 days"; "?" for NaN. */
const char *rog_duration_text(double seconds, char text[ROG_TIME_LEFT_BYTES]);

#endif
