/* SPDX-License-Identifier: Apache-2.0 */
/* Names the states of jobs and judges the outcome of several. */
#include <orchestrator/fleet/job.h>

static const char *const state_names[] = {
    [ROG_FLEET_WAITING] = "waiting", [ROG_FLEET_ELSEWHERE] = "elsewhere",
    [ROG_FLEET_RUNNING] = "running", [ROG_FLEET_TESTING] = "testing",
    [ROG_FLEET_DONE] = "done",       [ROG_FLEET_FAILED] = "failed",
    [ROG_FLEET_STOPPED] = "stopped",
};

const char *rog_fleet_state_name(enum rog_fleet_state state)
{
    return state_names[state];
}

bool rog_fleet_job_is_over(const struct rog_fleet_job *job)
{
    return job->state == ROG_FLEET_DONE || job->state == ROG_FLEET_FAILED ||
           job->state == ROG_FLEET_STOPPED;
}

bool rog_fleet_jobs_are_over(const struct rog_fleet_job *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!rog_fleet_job_is_over(&jobs[i]))
            return false;
    return true;
}

int rog_fleet_jobs_judge(const struct rog_fleet_job *jobs, size_t count, struct rog_error *err)
{
    size_t number[ROG_FLEET_STOPPED + 1] = {0};
    for (size_t i = 0; i < count; i++)
        number[jobs[i].state]++;
    if (number[ROG_FLEET_FAILED])
        return rog_fail(err, ROG_EFAILED, "%zu of %zu runs failed", number[ROG_FLEET_FAILED],
                        count);
    if (number[ROG_FLEET_STOPPED])
        return rog_fail(err, ROG_EFAILED, "%zu of %zu runs %s stopped", number[ROG_FLEET_STOPPED],
                        count, number[ROG_FLEET_STOPPED] == 1 ? "was" : "were");
    return 0;
}
