/* SPDX-License-Identifier: Apache-2.0 */
/* Writes jobs to the table `progress` and reads them back. */
#include <orchestrator/fleet/live.h>

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <common/clock.h>

int rog_live_publish(struct rog_db *db, const struct rog_fleet_job *job, double alone_s, bool *stop,
                     struct rog_error *err)
{
    struct rog_run_progress progress = {
        .t_s = job->resumed ? (double)NAN : job->t,
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
    snprintf(progress.state, sizeof progress.state, "%s",
             rog_fleet_state_name(job->queued ? ROG_FLEET_WAITING : job->state));
    return rog_run_progress_put(db, job->run_id, &progress, stop, err);
}

static void __attribute__((format(printf, 3, 4)))
say(struct rog_fleet_job *job, double for_s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(job->waiting, sizeof job->waiting, format, args);
    va_end(args);
    job->waiting_s = for_s;
}

void rog_live_say(struct rog_fleet_job *job, const char *says, double since_s,
                  const struct rog_ingest_state *server)
{
    double now = rog_clock_s(), seconds = rog_json_get_number(job->config, "seconds", 0);
    if (says[0])
        say(job, now - since_s, "%s", says);
    else if (server->waiting[0])
        say(job, now - server->waiting_at_s, "waiting for %s", server->waiting);
    else if (seconds > 0 && job->t >= seconds)
        say(job, job->t - seconds, "the run has ended; waiting for its remaining files");
    else if (server->away && !server->ended)
        say(job, now - server->away_at_s, "without worker %lld, which is silent",
            (long long)server->away);
    else if (job->t <= job->from_t)
        say(job, 0, "no iteration is finished yet");
    else
        say(job, 0, "%s", "");
}

void rog_live_take(const struct rog_run_progress *progress, struct rog_fleet_job *job)
{
    bool tests = strcmp(progress->state, rog_fleet_state_name(ROG_FLEET_TESTING)) == 0;
    job->state = tests ? ROG_FLEET_TESTING : ROG_FLEET_RUNNING;
    job->queued = strcmp(progress->state, rog_fleet_state_name(ROG_FLEET_WAITING)) == 0;
    job->resumed = isnan(progress->t_s);
    job->t = job->resumed ? 0 : progress->t_s;
    job->from_t = progress->from_t_s;
    job->done = progress->done;
    job->iteration = progress->iteration;
    job->accuracy = progress->accuracy;
    job->stall_share = progress->stall_share;
    job->wall_s = progress->wall_s;
    snprintf(job->waiting, sizeof job->waiting, "%s", progress->waiting);
    job->waiting_s = progress->waiting_s;
}

void rog_live_resume(const struct rog_fleet_observer *observer, const struct rog_fleet_job *job,
                     const struct rog_ingest_state *server, double *said_s)
{
    if (!job->real_time || server->resumed_s <= *said_s)
        return;
    observer->say(observer->user, job, server->resumed);
    *said_s = server->resumed_s;
}

void rog_live_set_state(struct rog_db *db, struct rog_fleet_job *job, enum rog_fleet_state state)
{
    struct rog_setbacks setbacks;
    job->state = state;
    if (state == ROG_FLEET_DONE && rog_setbacks_load(db, job->run_id, &setbacks, NULL) == 0)
        rog_setbacks_mark(&setbacks, job->setbacks);
}
