/* SPDX-License-Identifier: Apache-2.0 */
/* Measures the step times of programs, one after the other. */
#include <orchestrator/fleet/step_times.h>

#include <stdio.h>

#include <common/workload.h>
#include <orchestrator/fleet/preparation.h>

static bool is_measured(const struct rog_fleet_job *job)
{
    const struct rog_json *workers = rog_json_get(job->config, "workers");
    for (size_t i = 0; i < rog_json_size(workers); i++)
        if (rog_workload_measures(rog_json_at(workers, i)))
            return true;
    return false;
}

struct saying {
    const struct rog_fleet_observer *observer;
    struct rog_json *said; /* {line: true}: reported before, for a run with the same programs */
};

static void say(void *user, const char *line, char *message, size_t bytes)
{
    struct saying *saying = user;
    (void)message, (void)bytes;
    if (rog_json_get(saying->said, line))
        return;
    rog_json_put_bool(saying->said, line, true);
    saying->observer->say(saying->observer->user, NULL, line);
}

int rog_step_times_measure(const struct rog_fleet_options *options, struct rog_signals *signals,
                           struct rog_fleet_job *jobs, size_t count, struct rog_error *err)
{
    struct saying saying = {options->observer, rog_json_object()};
    const struct rog_preparation preparation = {
        .command = "measure",
        .what = "its programs cannot be timed",
        .line = say,
        .user = &saying,
    };
    int code = saying.said ? 0 : rog_fail_nomem(err);
    for (size_t i = 0; code == 0 && i < count; i++) {
        struct rog_error cause = {0};
        if (jobs[i].state != ROG_FLEET_WAITING || jobs[i].error[0] || !is_measured(&jobs[i]))
            continue;
        code = rog_preparation_run(&preparation, options, signals, &jobs[i], &cause);
        if (code == ROG_EFAILED) {
            snprintf(jobs[i].error, sizeof jobs[i].error, "%s", cause.message);
            code = 0;
        } else if (code < 0) {
            rog_fail_again(err, &cause);
        }
    }
    rog_json_free(saying.said);
    return code;
}
