/* SPDX-License-Identifier: Apache-2.0 */
/* Follows the work of agents until all jobs are done. */
#include <orchestrator/pool/controller.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>
#include <common/workload.h>
#include <orchestrator/fleet/live.h>
#include <orchestrator/fleet/record.h>
#include <orchestrator/fleet/run_files.h>
#include <orchestrator/fleet/start_models.h>
#include <orchestrator/pool/controller_state.h>
#include <orchestrator/store/elsewhere.h>
#include <orchestrator/store/progress.h>
#include <orchestrator/store/summary.h>
#include <orchestrator/text/quote.h>
#include <rog/events.h>

#define POLL_MS 250
#define STEP_S 1.0
#define MISSING_S 30.0    /* seconds between two searches for missing runs */
#define PATIENCE_LEASES 2 /* leases that agents get to exit */

char *rog_pool_place_of(const char *db_path, const char *case_name)
{
    char *runs = rog_runs_folder_name(db_path), *file = rog_quote_file_name(case_name);
    size_t length = runs ? strlen(runs) - strlen(".runs") : 0;
    char *relative = runs && file ? rog_format("%.*s.pool/%s", (int)length, runs, file) : NULL;
    char *path = relative ? rog_store_path(db_path, relative) : NULL;
    free(relative);
    free(file);
    free(runs);
    return path;
}

/* ---- jobs by name ---- */

struct sorting {
    const char *run_id;
    size_t index;
};

static int by_run(const void *a, const void *b)
{
    return strcmp(((const struct sorting *)a)->run_id, ((const struct sorting *)b)->run_id);
}

static int sort_jobs(struct rog_pool_controller *c, struct rog_error *err)
{
    struct sorting *sorting = calloc(c->count + 1, sizeof *sorting);
    c->of = calloc(c->count + 1, sizeof *c->of);
    c->by_run = calloc(c->count + 1, sizeof *c->by_run);
    int code = sorting && c->of && c->by_run ? 0 : rog_fail_nomem(err);
    for (size_t i = 0; code == 0 && i < c->count; i++) {
        c->of[i].job = &c->jobs[i];
        sorting[i] = (struct sorting){c->jobs[i].run_id, i};
    }
    if (code == 0)
        qsort(sorting, c->count, sizeof *sorting, by_run);
    for (size_t i = 0; code == 0 && i < c->count; i++)
        c->by_run[i] = sorting[i].index;
    free(sorting);
    return code;
}

struct rog_pool_case *rog_pool_find(const struct rog_pool_controller *c, const char *run_id)
{
    size_t low = 0, high = c->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(c->jobs[c->by_run[middle]].run_id, run_id);
        if (order == 0)
            return &c->of[c->by_run[middle]];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

void rog_pool_set_state(struct rog_pool_controller *c, struct rog_pool_case *of,
                        enum rog_fleet_state state)
{
    if (of->job->state == state)
        return;
    rog_live_set_state(c->options->db, of->job, state);
    c->options->observer->changed(c->options->observer->user, of->job);
}

/* Records that the run has begun, unless an earlier controller has done so. */
int rog_pool_begin(struct rog_pool_controller *c, struct rog_pool_case *of, struct rog_error *err)
{
    struct rog_run_row row = {0};
    if (of->begun)
        return 0;
    int code = rog_run_row_load(c->options->db, of->job->run_id, &row, err);
    bool is_begun = code == 0 && strcmp(row.status, "running") == 0 &&
                    strcmp(row.config_hash, of->job->hash) == 0;
    rog_run_row_release(&row);
    if (code == 0 && !is_begun)
        code = rog_fleet_record_begin(c->options->db, of->job, err);
    of->begun = code == 0;
    return code;
}

/* ---- progress of agents ---- */

/* Copies what the agent reports about the run. */
static void take_progress(struct rog_fleet_job *job, const struct rog_json *says)
{
    job->iteration = rog_json_get_integer(says, "iteration", 0);
    job->resumed = rog_json_is_null(rog_json_get(says, "t"));
    job->t = rog_json_get_number(says, "t", 0);
    job->from_t = rog_json_get_number(says, "from_t", 0);
    job->done = fmin(fmax(rog_json_get_number(says, "done", 0), 0), 1);
    job->accuracy = rog_json_get_number(says, "accuracy", (double)NAN);
    job->stall_share = rog_json_get_number(says, "stall_share", (double)NAN);
    job->wall_s = rog_json_get_number(says, "wall_s", 0);
}

/* Publishes the run's progress and checks whether a user has asked to stop it. If so, the task is
 * removed: its agent ends the run when it notices. */
static int publish(struct rog_pool_controller *c, struct rog_pool_case *of,
                   const struct rog_pool_task *task, struct rog_error *err)
{
    bool stop = false;
    int code = rog_live_publish(c->options->db, of->job, 0, &stop, err);
    if (code < 0 || !stop)
        return code;
    code = rog_pool_remove(c->pool, ROG_POOL_TAKEN, task, err);
    if (code < 0) /* it is done, or another agent has it */
        return code == ROG_ENOTFOUND ? 0 : code;
    code = rog_run_progress_end(c->options->db, of->job->run_id, err);
    if (code == 0)
        code = rog_run_elsewhere_status(c->options->db, of->job->run_id, "planned", err);
    of->begun = false;
    rog_pool_set_state(c, of, ROG_FLEET_STOPPED);
    return code;
}

/* Follows a task that an agent has. If the agent is dead, the task is handed back to ready/, where
 * busy agents will find it. */
static int follow_taken(struct rog_pool_controller *c, const struct rog_pool_task *task,
                        struct rog_error *err)
{
    struct rog_pool_case *of = rog_pool_find(c, rog_pool_task_run(task));
    const struct rog_json *says = NULL;
    int alive = rog_pool_watch_look(c->watch, task->agent, rog_clock_s(), &says, err);
    if (alive < 0 || !of || rog_fleet_job_is_over(of->job))
        return alive < 0 ? alive : 0;
    of->seen = alive;
    if (!alive) {
        int given = rog_pool_hand_back(c->pool, task, err);
        return given == ROG_ENOTFOUND ? 0 : given;
    }
    /* A run has not begun until its agent reports it: a host takes more tasks than it executes at
     * once. */
    if (strcmp(rog_json_get_string(says, "run", ""), of->job->run_id) != 0)
        return 0;
    int code = rog_pool_begin(c, of, err);
    int64_t beat = rog_json_get_integer(says, "beat", 0);
    take_progress(of->job, says);
    bool tests = strcmp(rog_json_get_string(says, "state", ""),
                        rog_fleet_state_name(ROG_FLEET_TESTING)) == 0;
    if (code == 0)
        rog_pool_set_state(c, of, tests ? ROG_FLEET_TESTING : ROG_FLEET_RUNNING);
    if (code == 0 && beat != of->beat)
        code = publish(c, of, task, err);
    of->beat = beat;
    return code;
}

/* Sets runs that no agent has any more back to waiting. */
static int requeue_unseen(struct rog_pool_controller *c, struct rog_error *err)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < c->count; i++) {
        struct rog_pool_case *of = &c->of[i];
        bool runs = of->job->state == ROG_FLEET_RUNNING || of->job->state == ROG_FLEET_TESTING;
        if (!runs || of->seen)
            continue;
        code = rog_run_progress_end(c->options->db, of->job->run_id, err);
        rog_pool_set_state(c, of, ROG_FLEET_WAITING);
        of->beat = 0;
    }
    return code;
}

static int look(struct rog_pool_controller *c, struct rog_error *err)
{
    struct rog_pool_list taken = {0};
    int code = rog_pool_list(c->pool, ROG_POOL_TAKEN, &taken, err);
    for (size_t i = 0; i < c->count; i++)
        c->of[i].seen = false;
    for (size_t i = 0; code == 0 && i < taken.count; i++)
        code = follow_taken(c, &taken.task[i], err);
    if (code == 0) /* results published meanwhile are stored before a run counts as handed back */
        code = rog_pool_collect(c, err);
    if (code == 0)
        code = requeue_unseen(c, err);
    c->counts.taken = taken.count;
    rog_pool_list_release(&taken);
    return code;
}

static int count(struct rog_pool_controller *c, struct rog_error *err)
{
    c->counts.ready = c->counts.done = 0;
    for (size_t i = 0; i < c->count; i++) {
        c->counts.ready += c->jobs[i].state == ROG_FLEET_WAITING && !c->of[i].seen;
        c->counts.done += rog_fleet_job_is_over(&c->jobs[i]);
    }
    return rog_pool_watch_count(c->watch, rog_clock_s(), &c->counts.agents, err);
}

/* ---- the loop ---- */

static void say(struct rog_pool_controller *c, const char *text)
{
    c->options->observer->say(c->options->observer->user, NULL, text);
}

static int step_provider(struct rog_pool_controller *c, void *provider, struct rog_error *err)
{
    char says[ROG_POOL_SAYS_BYTES] = "";
    int code = c->pool_options->provider->step(provider, &c->counts, says, sizeof says, err);
    if (says[0] && strcmp(says, c->says) != 0)
        say(c, says);
    snprintf(c->says, sizeof c->says, "%s", says);
    return code;
}

static int step(struct rog_pool_controller *c, void *provider, struct rog_error *err)
{
    int code = look(c, err);
    double now_s = rog_clock_s();
    if (code == 0 && now_s - c->looked_s >= MISSING_S) {
        c->looked_s = now_s;
        code = rog_pool_place_missing(c, err);
    }
    if (code == 0)
        code = count(c, err);
    return code == 0 ? step_provider(c, provider, err) : code;
}

static int loop(struct rog_pool_controller *c, void *provider, struct rog_error *err)
{
    const struct rog_fleet_observer *observer = c->options->observer;
    double stepped_s = -STEP_S;
    int code = 0;
    while (code == 0 && !rog_fleet_jobs_are_over(c->jobs, c->count)) {
        observer->progress(observer->user, c->jobs, c->count);
        if (rog_signals_wait(c->signals, POLL_MS))
            return rog_fail(err, ROG_EINTR, "interrupted");
        if (rog_clock_s() - stepped_s < STEP_S)
            continue;
        stepped_s = rog_clock_s();
        code = step(c, provider, err);
    }
    observer->progress(observer->user, c->jobs, c->count);
    return code;
}

/* Runs a single step: agents that other programs start need no supervision. */
static int leave_to_others(struct rog_pool_controller *c, void *provider, struct rog_error *err)
{
    int code = step(c, provider, err);
    c->options->observer->progress(c->options->observer->user, c->jobs, c->count);
    size_t left = c->counts.ready + c->counts.taken;
    return code == 0 && !rog_fleet_jobs_are_over(c->jobs, c->count)
               ? rog_fail(err, ROG_ELATER, "%zu of %zu runs are left for agents", left, c->count)
               : code;
}

/* Handles `rogctl stop`: agents hand back their runs. Waits for them, but not longer than dead
 * agents may count as alive. */
static int stop_agents(struct rog_pool_controller *c, void *provider, struct rog_error *err)
{
    double until_s = rog_clock_s() + PATIENCE_LEASES * rog_pool_terms(c->pool)->lease_s;
    say(c, "agents are told to exit and to hand back their runs");
    int code = rog_pool_stop_agents(c->pool, true, err);
    rog_signals_again(c->signals);
    if (code == 0)
        code = c->pool_options->provider->stop(provider, err);
    for (c->counts.taken = 1; code == 0 && c->counts.taken && rog_clock_s() < until_s;) {
        code = look(c, err);
        if (rog_signals_wait(c->signals, POLL_MS))
            break;
    }
    return code < 0 ? code : rog_fail(err, ROG_EINTR, "stopped");
}

static int follow(struct rog_pool_controller *c, const struct rog_pool_site *site,
                  struct rog_error *err)
{
    const struct rog_pool_provider *provider = c->pool_options->provider;
    void *state = NULL;
    struct rog_error cause = {0};
    int code = provider->open(&state, site, err);
    if (code == 0)
        code = c->pool_options->follows ? loop(c, state, err) : leave_to_others(c, state, err);
    if (code == ROG_EINTR && c->signals->is_request)
        code = stop_agents(c, state, err);
    else if (code == 0 && provider->stop(state, &cause) < 0)
        say(c, cause.message); /* only a warning, as all jobs are done */
    provider->close(state);
    return code;
}

/* ---- start and end ---- */

static int check_job(const struct rog_fleet_job *job, struct rog_error *err)
{
    const struct rog_json *workers = rog_json_get(job->config, "workers");
    for (size_t i = 0; i < rog_json_size(workers); i++)
        if (rog_workload_measures(rog_json_at(workers, i)))
            return rog_fail(
                err, ROG_EINVAL,
                "%s (%s): with step_s = \"measured\" a run depends on the machine that "
                "executes it, and agents are on several; hint: do one run without --on, and set "
                "step_s to the local step that `rogctl show` prints for it",
                job->run_id, job->label);
    return 0;
}

static int open_pool(struct rog_pool_controller *c, struct rog_error *err)
{
    const struct rog_pool_options *options = c->pool_options;
    char host[128] = "";
    gethostname(host, sizeof host - 1);
    const char *user = getenv("USER");
    struct rog_pool_terms terms = {.lease_s = options->lease_s, .results = ROG_RESULTS_VERSION};
    snprintf(terms.sweep, sizeof terms.sweep, "%s", c->options->sweep);
    snprintf(terms.placed_by, sizeof terms.placed_by, "%s%s%s", user ? user : "", user ? "@" : "",
             host);
    int code = rog_pool_make(&c->pool, options->path, &terms, err);
    if (code == 0)
        code = rog_pool_stop_agents(c->pool, false, err);
    return code < 0 ? code : rog_pool_watch_new(&c->watch, c->pool, err);
}

/* Removes the pool, unless tasks are left that this sweep did not ask for. */
static void remove_empty(struct rog_pool_controller *c)
{
    size_t left = 0;
    for (enum rog_pool_place where = 0; where < ROG_POOL_PLACES; where++) {
        struct rog_pool_list list = {0};
        left += rog_pool_list(c->pool, where, &list, NULL) != 0 || list.count > 0;
        rog_pool_list_release(&list);
    }
    if (left)
        return;
    char *parent = rog_path_dir(rog_pool_path(c->pool));
    if (rog_dir_remove(rog_pool_path(c->pool), NULL) == 0 && parent)
        rmdir(parent);
    free(parent);
}

/* ---- recalling a pool ---- */

/* Sets *alive if the heartbeat of an agent with a task changes within a lease. */
static int find_alive(struct rog_pool_controller *c, const struct rog_pool_list *taken, bool *alive,
                      struct rog_error *err)
{
    double begin_s = rog_clock_s(), lease_s = rog_pool_terms(c->pool)->lease_s;
    int64_t *first = calloc(taken->count + 1, sizeof *first);
    int code = first ? 0 : rog_fail_nomem(err);
    *alive = false;
    for (bool again = false; code == 0 && !*alive && rog_clock_s() - begin_s <= lease_s;
         again = true) {
        for (size_t i = 0; code >= 0 && i < taken->count; i++) {
            const struct rog_json *says = NULL;
            code = rog_pool_watch_look(c->watch, taken->task[i].agent, rog_clock_s(), &says, err);
            int64_t beat = rog_json_get_integer(says, "beat", -1);
            *alive |= again && beat != first[i];
            first[i] = again ? first[i] : beat;
        }
        code = code < 0 ? code : 0;
        if (code == 0 && !*alive && rog_signals_wait(c->signals, POLL_MS))
            code = rog_fail(err, ROG_EINTR, "interrupted");
    }
    free(first);
    return code;
}

/* Hands back the tasks of dead agents. */
static int take_back(struct rog_pool_controller *c, struct rog_error *err)
{
    struct rog_pool_list taken = {0};
    bool alive = false;
    int code = rog_pool_list(c->pool, ROG_POOL_TAKEN, &taken, err);
    if (code == 0 && taken.count) {
        char *text =
            rog_format("checking for %g s whether the agents that have %zu %s of %s are alive",
                       rog_pool_terms(c->pool)->lease_s, taken.count,
                       taken.count == 1 ? "run" : "runs", rog_pool_path(c->pool));
        if (text)
            say(c, text);
        free(text);
        code = find_alive(c, &taken, &alive, err);
    }
    if (code == 0 && alive)
        code = rog_fail(err, ROG_EBUSY,
                        "agents do runs of this sweep, through %s; the same command with --on list "
                        "--attach follows them, and `rogctl stop` ends a sweep with its agents",
                        rog_pool_path(c->pool));
    for (size_t i = 0; code == 0 && i < taken.count; i++) {
        code = rog_pool_remove(c->pool, ROG_POOL_TAKEN, &taken.task[i], err);
        code = code == ROG_ENOTFOUND ? 0 : code;
    }
    rog_pool_list_release(&taken);
    return code;
}

static int take_ready(struct rog_pool_controller *c, struct rog_error *err)
{
    struct rog_pool_list ready = {0};
    int code = rog_pool_list(c->pool, ROG_POOL_READY, &ready, err);
    for (size_t i = 0; code == 0 && i < ready.count; i++) {
        code = rog_pool_remove(c->pool, ROG_POOL_READY, &ready.task[i], err);
        code = code == ROG_ENOTFOUND ? 0 : code;
    }
    rog_pool_list_release(&ready);
    return code;
}

static int recall(struct rog_pool_controller *c, struct rog_error *err)
{
    int code = sort_jobs(c, err);
    if (code == 0)
        code = rog_pool_watch_new(&c->watch, c->pool, err);
    /* Take waiting tasks first, so that agents that look for work find none. */
    if (code == 0)
        code = take_ready(c, err);
    if (code == 0)
        code = take_back(c, err);
    if (code == 0)
        code = rog_pool_collect(c, err);
    if (code == 0)
        remove_empty(c);
    return code;
}

int rog_pool_recall(const struct rog_fleet_options *options, const char *path,
                    struct rog_fleet_job *jobs, size_t count, struct rog_error *err)
{
    struct rog_signals signals = {0};
    struct rog_error cause = {0};
    struct rog_pool_controller c = {
        .options = options, .signals = &signals, .jobs = jobs, .count = count};
    int lock = -1, code = rog_pool_open(&c.pool, path, &cause);
    if (code < 0)
        return code == ROG_ENOTFOUND ? 0 : rog_fail_again(err, &cause);
    code = rog_signals_init(&signals, err);
    if (code == 0)
        code = rog_run_lock(path, &lock, err);
    if (code == 0)
        code = recall(&c, err);
    rog_run_unlock(lock);
    rog_pool_watch_free(c.watch);
    rog_pool_close(c.pool);
    free(c.by_run);
    free(c.of);
    rog_signals_release(&signals);
    return code;
}

static int run(struct rog_pool_controller *c, struct rog_error *err)
{
    const struct rog_pool_options *options = c->pool_options;
    struct rog_json *files = rog_json_array();
    int code = files ? sort_jobs(c, err) : rog_fail_nomem(err);
    for (size_t i = 0; code == 0 && i < c->count; i++)
        code = check_job(&c->jobs[i], err);
    if (code == 0)
        code = open_pool(c, err);
    if (code == 0)
        code = rog_start_models_make(c->options, c->signals, c->jobs, c->count, err);
    if (code == 0)
        code = rog_pool_collect(c, err);
    if (code == 0)
        code = rog_pool_place_all(c, err);
    struct rog_pool_site site = {
        .file = options->file,
        .path = c->pool ? rog_pool_path(c->pool) : NULL,
        .pool = c->pool,
        .rogctl = options->rogctl,
        .sweep = options->sweep_id,
        .name = c->options->sweep,
        .files = files,
        .print = options->print,
        .say = options->say,
        .user = options->user,
    };
    for (size_t i = 0; code == 0 && i < c->count; i++) {
        code = rog_inputs_paths(c->jobs[i].inputs, files, err);
        site.tasks += !rog_fleet_job_is_over(&c->jobs[i]);
        site.expected_s += isnan(c->jobs[i].expected_s) ? 0 : c->jobs[i].expected_s;
    }
    if (code == 0 && site.tasks > 0)
        code = follow(c, &site, err);
    if (code == 0)
        remove_empty(c);
    rog_json_free(files);
    return code;
}

int rog_pool_execute(const struct rog_cluster *cluster, const struct rog_fleet_options *options,
                     const struct rog_pool_options *pool, struct rog_fleet_job *jobs, size_t count,
                     struct rog_error *err)
{
    struct rog_signals signals = {0};
    struct rog_pool_controller c = {.options = options,
                                    .pool_options = pool,
                                    .signals = &signals,
                                    .jobs = jobs,
                                    .count = count,
                                    .looked_s = rog_clock_s(),
                                    .models = rog_json_object()};
    int lock = -1;
    if (cluster->kind->real_time) {
        rog_json_free(c.models);
        return rog_fail(err, ROG_EINVAL,
                        "--on %s: runs of cluster %s are in real time, on its own hosts; agents do "
                        "runs of virtual clusters",
                        pool->provider->name, cluster->name);
    }
    int code = rog_signals_init(&signals, err);
    if (code == 0)
        code = rog_run_lock(pool->path, &lock, err);
    if (code == 0)
        code = c.models ? run(&c, err) : rog_fail_nomem(err);
    rog_run_unlock(lock);
    rog_pool_watch_free(c.watch);
    rog_pool_close(c.pool);
    rog_json_free(c.models);
    free(c.by_run);
    free(c.of);
    for (size_t i = 0; i < count; i++) {
        free(jobs[i].start_model);
        jobs[i].start_model = NULL;
    }
    rog_signals_release(&signals);
    return code < 0 ? code : rog_fleet_jobs_judge(jobs, count, err);
}
