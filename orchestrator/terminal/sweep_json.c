/* SPDX-License-Identifier: Apache-2.0 */
/* Returns sweeps as JSON, and finds those that are attempts at the same runs. */
#include <orchestrator/terminal/sweep_json.h>

#include <math.h>
#include <string.h>

#include <orchestrator/store/robots.h>
#include <orchestrator/sweeps/registry.h>
#include <orchestrator/terminal/time_left.h>

static const char *text_of(const struct rog_json *sweep, const char *name)
{
    return rog_json_get_string(sweep, name, "");
}

/* Returns the length of the experiment's name: "threshold" in "threshold-12". */
static size_t name_bytes(const char *id)
{
    const char *dash = strrchr(id, '-');
    return dash ? (size_t)(dash - id) : strlen(id);
}

static bool has_run(const struct rog_json *sweep, const char *id)
{
    const struct rog_json *runs = rog_json_get(sweep, "runs");
    for (size_t i = 0; i < rog_json_size(runs); i++)
        if (strcmp(rog_json_get_string(rog_json_at(runs, i), "id", ""), id) == 0)
            return true;
    return false;
}

/* Returns whether a later entry is another attempt at what an ended entry did: the same command
 * again, or one with other options but the same runs. */
static bool was_resumed(const struct rog_json *earlier, const struct rog_json *later)
{
    const char *state = text_of(earlier, "state"), *id = text_of(earlier, "id");
    const struct rog_json *runs = rog_json_get(earlier, "runs");
    size_t bytes = name_bytes(id);
    bool is_same = strcmp(text_of(earlier, "database"), text_of(later, "database")) == 0 &&
                   bytes == name_bytes(text_of(later, "id")) &&
                   strncmp(id, text_of(later, "id"), bytes) == 0;
    if (!is_same || strcmp(state, "running") == 0 || strcmp(state, "elsewhere") == 0)
        return false;
    for (size_t i = 0; i < rog_json_size(runs); i++)
        if (!has_run(later, rog_json_get_string(rog_json_at(runs, i), "id", "")))
            return false;
    return true;
}

size_t rog_sweep_last_attempt(const struct rog_json *sweeps, size_t index)
{
    size_t last = index;
    for (size_t i = index + 1; i < rog_json_size(sweeps); i++)
        if (was_resumed(rog_json_at(sweeps, last), rog_json_at(sweeps, i)))
            last = i;
    return last;
}

static struct rog_json *job_json(struct rog_db *db, const struct rog_fleet_job *job)
{
    struct rog_json *run = rog_json_object(), *robots = NULL;
    bool is_active = job->state == ROG_FLEET_RUNNING || job->state == ROG_FLEET_TESTING;
    rog_json_put_string(run, "id", job->run_id);
    rog_json_put_string(run, "label", job->label);
    rog_json_put_string(run, "state",
                        job->left     ? "left"
                        : job->queued ? rog_fleet_state_name(ROG_FLEET_WAITING)
                                      : rog_fleet_state_name(job->state));
    rog_json_put_string(run, "error", job->error[0] ? job->error : NULL);
    if (!is_active)
        return run;
    rog_json_put_number(run, "seconds", job->t);
    rog_json_put_number(run, "done", job->done);
    rog_json_put_integer(run, "iteration", job->iteration);
    rog_json_put_number(run, "accuracy", job->accuracy);
    rog_json_put_number(run, "stall_share", job->stall_share);
    rog_json_put_number(run, "wall_s", job->wall_s);
    rog_json_put_number(run, "left_s", rog_job_left_s(job));
    rog_json_put_string(run, "waiting", job->waiting[0] ? job->waiting : NULL);
    if (job->waiting[0])
        rog_json_put_number(run, "waiting_s", job->waiting_s);
    if (rog_robots_json(db, job->run_id, &robots, NULL) == 0)
        rog_json_put(run, "robots", robots);
    return run;
}

static struct rog_json *attempts_json(const struct rog_json *sweeps, size_t index)
{
    struct rog_json *list = rog_json_array();
    for (size_t i = 0; i < index; i++)
        if (rog_sweep_last_attempt(sweeps, i) == index)
            rog_json_append(list, rog_json_copy(rog_json_at(sweeps, i)));
    return list;
}

struct rog_json *rog_sweep_json(const struct rog_json *sweeps, size_t index,
                                const struct rog_sweep_view *view)
{
    const struct rog_json *sweep = rog_json_at(sweeps, index);
    struct rog_json *json = rog_json_copy(sweep), *runs = rog_json_array();
    rog_json_put(json, "attempts", attempts_json(sweeps, index));
    for (size_t i = 0; i < view->count; i++)
        rog_json_append(runs, job_json(view->db, &view->job[i]));
    rog_json_put(json, "runs", runs);
    rog_json_put_number(json, "left_s",
                        rog_sweep_is_running(sweep)
                            ? rog_jobs_left_s(view->job, view->count, view->slots)
                            : (double)NAN);
    return json;
}
