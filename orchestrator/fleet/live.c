/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs as rows of `progress`. */
#include <orchestrator/fleet/live.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

int rog_live_publish(struct rog_db *db, const struct rog_fleet_job *job, double alone_s, bool *stop,
                     struct rog_error *err)
{
    struct rog_run_progress progress = {
        .t_s = job->taken_up ? (double)NAN : job->t,
        .from_t_s = job->from_t,
        .done = job->done,
        .iteration = job->iteration,
        .accuracy = job->accuracy,
        .stall_share = job->stall_share,
        .wall_s = job->wall_s,
        .alone_s = alone_s,
        .waiting_s = job->waiting_s,
    };
    snprintf(progress.waiting, sizeof progress.waiting, "%s", job->waiting);
    snprintf(progress.state, sizeof progress.state, "%s", rog_fleet_state_name(job->state));
    return rog_run_progress_put(db, job->run_id, &progress, stop, err);
}

void rog_live_take(const struct rog_run_progress *progress, struct rog_fleet_job *job)
{
    bool tests = strcmp(progress->state, rog_fleet_state_name(ROG_FLEET_TESTING)) == 0;
    job->state = tests ? ROG_FLEET_TESTING : ROG_FLEET_RUNNING;
    job->taken_up = isnan(progress->t_s);
    job->t = job->taken_up ? 0 : progress->t_s;
    job->from_t = progress->from_t_s;
    job->done = progress->done;
    job->iteration = progress->iteration;
    job->accuracy = progress->accuracy;
    job->stall_share = progress->stall_share;
    job->wall_s = progress->wall_s;
    snprintf(job->waiting, sizeof job->waiting, "%s", progress->waiting);
    job->waiting_s = progress->waiting_s;
}
