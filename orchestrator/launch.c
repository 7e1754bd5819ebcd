/* SPDX-License-Identifier: Apache-2.0 */
/* Records the runs of a plan, reports what is continued, and has the runs executed. */
#include <orchestrator/launch.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/workload.h>
#include <orchestrator/commands.h>
#include <orchestrator/export/mlflow_live.h>
#include <orchestrator/figures/distinct.h>
#include <orchestrator/hooks.h>
#include <orchestrator/plan/record.h>
#include <orchestrator/plan/remarks.h>
#include <orchestrator/rehearse.h>
#include <orchestrator/ssh/credentials.h>
#include <orchestrator/terminal/progress.h>
#include <orchestrator/terminal/prompt.h>
#include <orchestrator/terminal/run_view.h>
#include <orchestrator/terminal/sweep_view.h>
#include <orchestrator/text/label.h>

int rog_launch_remark(const struct rog_output *output, const struct rog_plan *plan,
                      struct rog_error *err)
{
    struct rog_json *texts = rog_json_array();
    int code = texts ? rog_plan_remarks(plan, texts, err) : rog_fail_nomem(err);
    for (size_t i = 0; code == 0 && i < rog_json_size(texts); i++)
        rog_remark(output, "%s", rog_json_string(rog_json_at(texts, i), ""));
    rog_json_free(texts);
    return code;
}

struct rog_sweep *rog_launch_enter(const struct rog_output *output, const char *name,
                                   const char *database)
{
    struct rog_sweep *sweep = NULL;
    struct rog_error cause;
    if (rog_sweep_open(&sweep, name, database, &cause) < 0)
        rog_remark(output, "`rogctl status` will not show this sweep: %s", cause.message);
    return sweep;
}

void rog_launch_leave(struct rog_sweep *sweep, int code, const struct rog_error *err)
{
    /* Nothing has started, and the user has seen the reason. */
    bool is_refused = code == ROG_EBUSY && !rog_sweep_is_detached(sweep);
    rog_sweep_close(sweep, is_refused ? 0 : rog_exit_status(code),
                    code == ROG_EREPORTED ? "the run failed"
                    : code < 0            ? err->message
                                          : NULL);
}

/* Returns whether a sweep of the registry executes a run of the plan that is not done. */
static bool shares_a_run(const struct rog_json *sweep, const struct rog_plan *plan)
{
    const struct rog_json *runs = rog_json_get(sweep, "runs");
    for (size_t i = 0; i < plan->count; i++)
        for (size_t k = 0; plan->run[i].id && k < rog_json_size(runs); k++)
            if (plan->run[i].action != ROG_PLAN_DONE &&
                strcmp(rog_json_get_string(rog_json_at(runs, k), "id", ""), plan->run[i].id) == 0)
                return true;
    return false;
}

int rog_launch_look_for_others(const struct rog_plan *plan, const struct rog_db *db,
                               const char *own_id, struct rog_error *err)
{
    struct rog_json *sweeps = NULL;
    char age[ROG_TIME_LEFT_BYTES];
    int code = 0;
    if (plan->real_time && rog_sweeps_load(&sweeps, NULL) < 0)
        sweeps = NULL; /* no other sweep is known then */
    for (size_t i = 0; code == 0 && i < rog_json_size(sweeps); i++) {
        const struct rog_json *sweep = rog_json_at(sweeps, i);
        const char *id = rog_json_get_string(sweep, "id", "");
        bool is_other = rog_sweep_is_running(sweep) && (!own_id || strcmp(id, own_id) != 0);
        if (is_other && rog_sweep_writes(sweep, rog_db_path(db)) && shares_a_run(sweep, plan))
            code = rog_fail(err, ROG_EBUSY,
                            "this sweep is already running, as %s (process %lld%s, for %s); "
                            "`rogctl attach %s` shows it, `rogctl stop %s` stops it",
                            id, (long long)rog_json_get_integer(sweep, "pid", 0),
                            rog_json_get_bool(sweep, "detached", false) ? ", detached" : "",
                            rog_sweep_age_text(sweep, "since", age), id, id);
    }
    rog_json_free(sweeps);
    return code;
}

/* Reports runs that are considered done although the contents of their files were not recorded. */
static void remark_unproven(const struct rog_output *output, const struct rog_plan *plan)
{
    const char *first = NULL;
    size_t count = 0;
    for (size_t i = 0; i < plan->count; i++) {
        count += plan->run[i].unproven;
        if (plan->run[i].unproven && !first)
            first = plan->run[i].id;
    }
    if (count == 1)
        rog_remark(output,
                   "%s was recorded by an earlier version of rogctl, without hashes of the files "
                   "it read, so whether they have changed is unknown; hint: --fresh runs it again",
                   first);
    else if (count > 1)
        rog_remark(output,
                   "%zu runs (%s, ...) were recorded by an earlier version of rogctl, without "
                   "hashes of the files they read, so whether they have changed is unknown; hint: "
                   "--fresh runs them again",
                   count, first);
}

/* "continuing threshold-case0: 2 of 4 runs are done; redoing ..." */
static void remark_continued(const struct rog_launch *launch, const struct rog_plan *plan)
{
    size_t done = 0, known = 0;
    for (size_t i = 0; i < plan->count; i++) {
        done += plan->run[i].action == ROG_PLAN_DONE;
        known += plan->run[i].action != ROG_PLAN_NEW;
    }
    const struct rog_output *output = &launch->output;
    if (plan->other_cluster)
        rog_remark(output, "%s", plan->other_cluster);
    if (plan->case_name && known == 0)
        rog_remark(output, "%s: %zu %s to do", plan->case_name, plan->count,
                   plan->count == 1 ? "run" : "runs");
    else if (plan->case_name && done == plan->count)
        rog_remark(output, "%s: all %zu runs are already done", plan->case_name, done);
    else if (plan->case_name)
        rog_remark(output, "continuing %s: %zu of %zu runs are already done", plan->case_name, done,
                   plan->count);
    for (size_t i = 0; i < plan->leaving_count; i++)
        rog_remark(output, "%s %s: it leaves %s", plan->leaving[i].id, plan->leaving[i].why,
                   plan->case_name);
    remark_unproven(output, plan);
    for (size_t i = 0; i < plan->count; i++) {
        const struct rog_plan_run *run = &plan->run[i];
        if (run->before)
            rog_remark(output, "%s: %s; that run leaves %s", run->resolved.note, run->why,
                       plan->case_name);
        bool again = run->action == ROG_PLAN_CONTINUE || run->action == ROG_PLAN_RETRY;
        /* Otherwise another process is executing it. */
        if (again && rog_run_abandoned(launch->db, run->id))
            rog_remark(output, "%s %s (%s, %s)%s%s",
                       run->action == ROG_PLAN_RETRY ? "retrying" : "resuming", run->id,
                       run->resolved.note, run->action == ROG_PLAN_RETRY ? "failed" : "interrupted",
                       run->changes ? ", from the beginning: " : "",
                       run->changes ? run->changes : "");
        else
            rog_detail(output, "%s: %s (%s)", rog_plan_action_name(run->action), run->id,
                       run->resolved.note);
    }
}

#define JOB_LABEL_BYTES 256

/* The run's note, with the seed if other runs have the same note. */
static void job_label(const struct rog_plan *plan, size_t index, char text[JOB_LABEL_BYTES])
{
    const struct rog_resolved_run *own = &plan->run[index].resolved;
    bool shared = false;
    for (size_t i = 0; i < plan->count && !shared; i++)
        shared = plan->run[i].resolved.seed != own->seed &&
                 strcmp(plan->run[i].resolved.note, own->note) == 0;
    if (shared)
        snprintf(text, JOB_LABEL_BYTES, "%s #%lld", own->note, (long long)own->seed);
    else
        snprintf(text, JOB_LABEL_BYTES, "%s", own->note);
}

/* Shortens labels for lines of progress: removes what they share and keeps what distinguishes
 * them. */
static int shorten_labels(char (*labels)[JOB_LABEL_BYTES], size_t count, struct rog_error *err)
{
    char **texts = calloc(count + 1, sizeof *texts);
    int code = texts ? 0 : rog_fail_nomem(err);
    for (size_t i = 0; code == 0 && i < count; i++)
        if (!(texts[i] = rog_label_clean(labels[i], JOB_LABEL_BYTES)))
            code = rog_fail_nomem(err);
    if (code == 0)
        code = rog_distinct_shorten(texts, count, ROG_PROGRESS_LABEL_COLUMNS, err);
    for (size_t i = 0; code == 0 && i < count; i++)
        snprintf(labels[i], JOB_LABEL_BYTES, "%s", texts[i]);
    for (size_t i = 0; texts && i < count; i++)
        free(texts[i]);
    free(texts);
    return code;
}

/* Makes jobs for all runs that are not done. */
static size_t make_jobs(const struct rog_plan *plan, const struct rog_durations *durations,
                        struct rog_fleet_job *jobs, char (*labels)[JOB_LABEL_BYTES])
{
    size_t count = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const struct rog_plan_run *run = &plan->run[i];
        if (run->action == ROG_PLAN_DONE)
            continue;
        job_label(plan, i, labels[count]);
        jobs[count] = (struct rog_fleet_job){
            .run_id = run->id,
            .label = labels[count],
            .config = run->resolved.config,
            .hash = run->resolved.hash,
            .settings_hash = run->resolved.settings_hash,
            .inputs = &run->resolved.inputs,
            .expected_s = durations->run[i].wall_s,
            .real_time = plan->real_time,
            .accuracy = (double)NAN,
            .stall_share = (double)NAN,
        };
        count++;
    }
    return count;
}

static void duration_text(double s, char *text, size_t bytes)
{
    if (s < 1)
        snprintf(text, bytes, "a second");
    else if (s < 120)
        snprintf(text, bytes, "%.0f s", s);
    else if (s < 7200)
        snprintf(text, bytes, "%.0f min", s / 60);
    else
        snprintf(text, bytes, "%.1f h", s / 3600);
}

/* Asks after Ctrl-C at a terminal. Without a terminal, or if interrupted again, the answer is not
 * to stop. */
static bool ask_to_stop(void *user, const struct rog_fleet_job *job, int cancel_fd)
{
    char answer[16] = "";
    (void)user;
    char *text = rog_format("Leave %s running on its hosts, or stop it? [L/s]: ", job->run_id);
    if (text)
        rog_prompt(NULL, text, true, cancel_fd, answer, sizeof answer);
    free(text);
    return answer[0] == 's' || answer[0] == 'S';
}

/* Prints why each run is not done; returns how many failed or stopped runs it has reported. */
static size_t warn_unfinished(const struct rog_launch *launch, const struct rog_fleet_job *jobs,
                              size_t count)
{
    char lease[32];
    size_t said = 0;
    duration_text(launch->cluster->lease_s, lease, sizeof lease);
    for (size_t i = 0; i < count; i++) {
        const struct rog_fleet_job *job = &jobs[i];
        said += job->state == ROG_FLEET_FAILED || job->state == ROG_FLEET_STOPPED;
        if (job->state == ROG_FLEET_FAILED)
            rog_warn(&launch->output, "%s (%s) failed: %s", job->run_id, job->label, job->error);
        else if (job->state == ROG_FLEET_STOPPED)
            rog_warn(&launch->output, "%s (%s) was stopped", job->run_id, job->label);
        else if (job->left)
            rog_warn(&launch->output,
                     "%s (%s) keeps running on its hosts, for %s without rogctl; the same command "
                     "resumes it, `rogctl stop %s` stops it",
                     job->run_id, job->label, lease, job->run_id);
    }
    return said;
}

/* Observers of the jobs: progress shown to the user, and hooks that run when a run has ended. */
struct watching {
    struct rog_progress progress;
    struct rog_fleet_observer lines;
    struct rog_hooks *hooks;
    struct rog_mlflow_live *mlflow;
};

#define MLFLOW_PATIENCE_S 60 /* for what is sent at the end; 2 s after Ctrl-C */

static void say_of_mlflow(void *user, const char *text)
{
    struct watching *watching = user;
    watching->lines.say(watching->lines.user, NULL, text);
}

static void on_progress(void *user, const struct rog_fleet_job *jobs, size_t count)
{
    struct watching *watching = user;
    watching->lines.progress(watching->lines.user, jobs, count);
    rog_hooks_step(watching->hooks);
    rog_mlflow_live_step(watching->mlflow, say_of_mlflow, watching);
}

static void on_changed(void *user, const struct rog_fleet_job *job)
{
    struct watching *watching = user;
    watching->lines.changed(watching->lines.user, job);
    rog_hooks_changed(watching->hooks, job);
}

static void on_start_model(void *user, const char *model, double done)
{
    struct watching *watching = user;
    watching->lines.start_model(watching->lines.user, model, done);
}

static void on_say(void *user, const struct rog_fleet_job *job, const char *text)
{
    struct watching *watching = user;
    watching->lines.say(watching->lines.user, job, text);
}

static int slots_of(const struct rog_launch *launch)
{
    return launch->cluster->kind->real_time ? 1
           : launch->jobs > 0               ? launch->jobs
                                            : rog_processors();
}

/* Records the runs in the registry, for other commands. */
static int note_runs(const struct rog_launch *launch, const struct rog_plan *plan,
                     const struct rog_fleet_job *jobs, size_t count, struct rog_error *err)
{
    struct rog_json *facts = rog_json_object(), *runs = rog_json_array();
    size_t next = 0; /* jobs have the same order as the plan */
    for (size_t i = 0; i < plan->count; i++) {
        struct rog_json *run = rog_json_object();
        char label[JOB_LABEL_BYTES];
        job_label(plan, i, label);
        if (next < count && strcmp(jobs[next].run_id, plan->run[i].id) == 0)
            snprintf(label, sizeof label, "%s", jobs[next++].label);
        rog_json_put_string(run, "id", plan->run[i].id);
        rog_json_put_string(run, "label", label);
        rog_json_append(runs, run);
    }
    rog_json_put_string(facts, "case", plan->case_name);
    char *cluster = rog_path_real(launch->cluster->path);
    rog_json_put_string(facts, "cluster", cluster);
    free(cluster);
    rog_json_put_bool(facts, "real_time", plan->real_time);
    rog_json_put_integer(facts, "slots", slots_of(launch));
    rog_json_put(facts, "runs", runs);
    int code = facts ? rog_sweep_put(launch->sweep, facts, err) : rog_fail_nomem(err);
    rog_json_free(facts);
    return code;
}

/* Has agents execute the runs, through the pool of the case. */
static int execute_on(const struct rog_launch *launch, const struct rog_plan *plan,
                      const struct rog_fleet_options *options, struct rog_fleet_job *jobs,
                      size_t count, struct rog_error *err)
{
    struct rog_pool_options pool = *launch->pool;
    char *path = rog_pool_place_of(rog_db_path(launch->db), plan->case_name);
    pool.path = path;
    pool.sweep_id = rog_sweep_id(launch->sweep);
    int code = path ? rog_pool_execute(launch->cluster, options, &pool, jobs, count, err)
                    : rog_fail_nomem(err);
    free(path);
    return code;
}

/* Executes the runs in this process, after taking back from the case's pool what agents have not
 * started. */
static int execute_here(const struct rog_launch *launch, const struct rog_plan *plan,
                        const struct rog_fleet_options *options, struct rog_fleet_job *jobs,
                        size_t count, struct rog_error *err)
{
    char *path =
        plan->case_name ? rog_pool_place_of(rog_db_path(launch->db), plan->case_name) : NULL;
    int code = path              ? rog_pool_recall(options, path, jobs, count, err)
               : plan->case_name ? rog_fail_nomem(err)
                                 : 0;
    free(path);
    return code < 0 ? code : rog_fleet_execute(launch->cluster, options, jobs, count, err);
}

static int execute(const struct rog_launch *launch, const struct rog_plan *plan,
                   struct watching *watching, struct rog_fleet_job *jobs, size_t count,
                   struct rog_error *err)
{
    const struct rog_fleet_observer observer = {.user = watching,
                                                .progress = on_progress,
                                                .changed = on_changed,
                                                .start_model = on_start_model,
                                                .say = on_say};
    struct rog_credentials *credentials = NULL;
    int code = rog_credentials_new(&credentials, rog_prompt, NULL, err);
    const struct rog_fleet_options options = {
        .db = launch->db,
        .trainer = launch->trainer,
        .jobs = launch->jobs > 0 ? launch->jobs : rog_processors(),
        .contents = plan->contents,
        .observer = &observer,
        .credentials = credentials,
        .asks_to_stop = ask_to_stop,
        .sweep = plan->case_name ? plan->case_name
                 : plan->count   ? plan->run[0].id
                                 : "",
        .no_wait = launch->no_wait,
    };
    if (code == 0)
        code = launch->pool ? execute_on(launch, plan, &options, jobs, count, err)
                            : execute_here(launch, plan, &options, jobs, count, err);
    size_t said = warn_unfinished(launch, jobs, count);
    rog_credentials_free(credentials);
    if (code == ROG_EINTR)
        rog_fail(err, ROG_EINTR, "interrupted; the same command continues");
    return code == ROG_EFAILED && count == 1 && said ? ROG_EREPORTED : code;
}

static int watch(struct watching *watching, const struct rog_launch *launch, struct rog_error *err)
{
    const struct rog_hooks_options options = {.db = launch->db,
                                              .on_done = launch->on_done,
                                              .on_failed = launch->on_failed,
                                              .output = launch->output};
    rog_progress_init(&watching->progress, &launch->output);
    watching->progress.db = launch->db;
    watching->progress.slots = slots_of(launch);
    watching->progress.changes_only = rog_sweep_is_detached(launch->sweep);
    watching->lines = rog_progress_observer(&watching->progress);
    return rog_hooks_new(&watching->hooks, &options, err);
}

static int follow_with_mlflow(const struct rog_launch *launch, const struct rog_plan *plan,
                              const struct rog_fleet_job *jobs, size_t count,
                              struct watching *watching, struct rog_error *err)
{
    const char **ids = launch->mlflow && count ? calloc(count, sizeof *ids) : NULL;
    if (!launch->mlflow || !count)
        return 0;
    for (size_t i = 0; ids && i < count; i++)
        ids[i] = jobs[i].run_id;
    const struct rog_mlflow_live_options options = {.url = launch->mlflow,
                                                    .database = rog_db_path(launch->db),
                                                    .case_name = plan->case_name,
                                                    .run_ids = ids,
                                                    .count = count};
    int code = ids ? rog_mlflow_live_start(&watching->mlflow, &options, err) : rog_fail_nomem(err);
    free(ids);
    return code;
}

static int check_no_wait(const struct rog_launch *launch, struct rog_error *err)
{
    const struct rog_cluster *cluster = launch->cluster;
    return launch->no_wait && !cluster->kind->has_hosts
               ? rog_fail(err, ROG_EINVAL,
                          "--no-wait applies to clusters with hosts; cluster %s is of kind %s",
                          cluster->name, cluster->kind->name)
               : 0;
}

/* A pool is named after a case, so that a run without a case cannot use one. */
static int check_on(const struct rog_launch *launch, struct rog_error *err)
{
    const struct rog_cluster *cluster = launch->cluster;
    return cluster->on && !launch->pool
               ? rog_fail(err, ROG_EINVAL,
                          "cluster %s is of kind %s, which only sweeps support; hint: use `rogctl "
                          "sweep`, or a cluster of kind virtual",
                          cluster->name, cluster->on)
               : 0;
}

int rog_launch(struct rog_launch *launch, struct rog_plan *plan, struct rog_error *err)
{
    struct watching watching = {0};
    struct rog_durations durations = {0};
    struct rog_fleet_job *jobs = calloc(plan->count + 1, sizeof *jobs);
    char(*labels)[JOB_LABEL_BYTES] = calloc(plan->count + 1, sizeof *labels);
    size_t count = 0;
    int code = jobs && labels ? watch(&watching, launch, err) : rog_fail_nomem(err);
    if (code == 0)
        code = check_no_wait(launch, err);
    if (code == 0)
        code = check_on(launch, err);
    if (code == 0)
        code = rog_plan_record(plan, launch->db, launch->fresh, err);
    if (code == 0)
        code = rog_launch_look_for_others(plan, launch->db, rog_sweep_id(launch->sweep), err);
    if (code == 0) {
        remark_continued(launch, plan);
        code = rog_durations_load(&durations, plan, launch->db, err);
    }
    if (code == 0) {
        count = make_jobs(plan, &durations, jobs, labels);
        code = shorten_labels(labels, count, err);
    }
    watching.progress.done_before = plan->count - count;
    if (code == 0)
        code = note_runs(launch, plan, jobs, count, err);
    if (code == 0)
        code = follow_with_mlflow(launch, plan, jobs, count, &watching, err);
    if (code == 0)
        code = execute(launch, plan, &watching, jobs, count, err);
    launch->mlflow_lacks =
        !rog_mlflow_live_finish(watching.mlflow, code == ROG_EINTR ? 2 : MLFLOW_PATIENCE_S);
    struct rog_error cause;
    int finished = watching.hooks ? rog_hooks_finish(watching.hooks, code != ROG_EINTR, &cause) : 0;
    if (finished && code != ROG_EINTR)
        code = rog_fail_again(err, &cause);
    rog_hooks_free(watching.hooks);
    rog_progress_release(&watching.progress);
    rog_durations_release(&durations);
    free(labels);
    free(jobs);
    return code;
}

/* ---- a plan, shown ---- */

#define CANNOT_BEGIN "cannot start"
#define FAULT_COLUMNS 60 /* of the message in a table; it is printed in full below */

/* Estimates the wall time of all runs that are to be done and whose duration is known; NaN: none is
 * known. */
static double whole_wall_s(const struct rog_plan *plan, const struct rog_forecast *forecast)
{
    const struct rog_durations *durations = &forecast->durations;
    double longest = 0;
    double at_once = plan->real_time ? 1 : forecast->jobs > 0 ? forecast->jobs : rog_processors();
    for (size_t i = 0; i < plan->count; i++)
        if (plan->run[i].action != ROG_PLAN_DONE)
            longest = fmax(longest, durations->run[i].wall_s);
    return durations->known ? fmax(longest, durations->sum_s / at_once) : (double)NAN;
}

/* "wall time: about 4 min; 3 runs as the same run took before, 1 run unknown" */
static void print_wall_time(const struct rog_plan *plan, const struct rog_forecast *forecast)
{
    static const char *const words[] = {
        [ROG_DURATION_SAME] = "from the same run on this cluster",
        [ROG_DURATION_ALIKE] = "from runs of the same size on this cluster",
        [ROG_DURATION_LIMIT] = "at most the run's seconds",
        [ROG_DURATION_UNKNOWN] = "unknown: no similar run is recorded for this cluster",
    };
    size_t count[sizeof words / sizeof *words] = {0};
    char total[32];
    for (size_t i = 0; i < plan->count; i++)
        if (plan->run[i].action != ROG_PLAN_DONE)
            count[forecast->durations.run[i].from]++;
    double whole_s = whole_wall_s(plan, forecast);
    duration_text(whole_s, total, sizeof total);
    if (isnan(whole_s)) {
        if (forecast->durations.unknown)
            rog_print("wall time: unknown: no similar run is recorded for cluster %s",
                      plan->cluster);
        return;
    }
    rog_print("wall time: about %s%s", total,
              forecast->durations.unknown ? " for the runs with a known time" : "");
    for (int from = ROG_DURATION_UNKNOWN; from <= ROG_DURATION_LIMIT; from++)
        if (count[from])
            rog_print("  %zu %s: %s", count[from], count[from] == 1 ? "run" : "runs", words[from]);
}

static int show_plan_json(const struct rog_plan *plan, const struct rog_forecast *forecast,
                          struct rog_error *err)
{
    struct rog_json *result = rog_json_object();
    struct rog_json *runs = rog_json_array();
    rog_json_put_string(result, "case", plan->case_name);
    for (size_t i = 0; i < plan->count; i++) {
        const struct rog_plan_run *run = &plan->run[i];
        struct rog_json *row = rog_json_object();
        rog_json_put_string(row, "id", run->id);
        rog_json_put_string(row, "state", rog_plan_action_name(run->action));
        rog_json_put_string(row, "why", run->why);
        const struct rog_duration *duration = &forecast->durations.run[i];
        rog_json_put_string(row, "fault", rog_rehearse_fault(forecast->faults, i));
        rog_json_put_number(row, "wall_s", duration->wall_s);
        rog_json_put_string(row, "wall_from", rog_duration_from_text(duration->from));
        rog_json_put_bool(row, "inputs_known", !run->unproven);
        rog_json_put_string(row, "config_hash", run->resolved.hash);
        rog_json_put(row, "inputs", rog_inputs_json(&run->resolved.inputs));
        rog_json_put(row, "config", rog_json_copy(run->resolved.config));
        rog_json_append(runs, row);
    }
    for (size_t i = 0; i < rog_json_size(plan->faulty); i++) {
        const struct rog_json *faulty = rog_json_at(plan->faulty, i);
        struct rog_json *row = rog_json_object();
        rog_json_put_string(row, "state", CANNOT_BEGIN);
        rog_json_put_string(row, "fault", rog_json_get_string(faulty, "fault", ""));
        rog_json_put(row, "config", rog_json_copy(rog_json_get(faulty, "settings")));
        rog_json_append(runs, row);
    }
    rog_json_put(result, "runs", runs);
    rog_json_put_number(result, "wall_s", whole_wall_s(plan, forecast));
    struct rog_json *remarks = rog_json_array();
    int code = remarks ? rog_plan_remarks(plan, remarks, err) : rog_fail_nomem(err);
    rog_json_put(result, "remarks", remarks);
    if (code < 0) {
        rog_json_free(result);
        return code;
    }
    return rog_print_json(result, err);
}

/* Prints a wall time. Whole seconds are recorded, so that 0 means less than one second. */
static void wall_cell(struct rog_table *table, double wall_s)
{
    if (wall_s < 1)
        rog_table_cell(table, "<1");
    else
        rog_table_number(table, wall_s, 0);
}

/* Prints why a run cannot start, or why it is to be done. */
static void why_cell(struct rog_table *table, const char *fault, const char *why)
{
    char *brief = fault ? rog_label_clean(fault, FAULT_COLUMNS) : NULL;
    rog_table_cell(table, "%s", brief ? brief : why ? why : "-");
    free(brief);
}

/* Prints the library, with the method in parentheses, which is what the user chose. */
static void library_cell(struct rog_table *table, const char *library,
                         const struct rog_json *config)
{
    const char *method = rog_json_get_string(config, "method", NULL);
    rog_table_cell(table, "%s%s%s%s", library, method ? " (" : "", method ? method : "",
                   method ? ")" : "");
}

/* Prints the number of epochs; a program counts its own. */
static void epochs_cell(struct rog_table *table, int64_t epochs, const struct rog_json *config)
{
    if (rog_workload_is_program(config))
        rog_table_cell(table, "-");
    else
        rog_table_cell(table, "%lld", (long long)epochs);
}

/* Adds a row for a run that cannot be planned, with what is known of it. */
static void faulty_row(struct rog_table *table, const struct rog_json *faulty)
{
    const struct rog_json *settings = rog_json_get(faulty, "settings");
    const struct rog_json *threshold = rog_json_get(settings, "threshold");
    char text[ROG_THRESHOLD_TEXT_BYTES];
    rog_table_cell(table, "%s", rog_json_get_string(settings, "note", ""));
    library_cell(table, rog_json_get_string(settings, "library", ""), settings);
    rog_table_cell(table, "%s",
                   threshold ? rog_threshold_text(rog_json_integer(threshold, 0), text) : "-");
    rog_table_cell(table, "%s", rog_json_get_string(settings, "control", ""));
    rog_table_cell(table, "%lld", (long long)rog_json_get_integer(settings, "batchsize", 1));
    epochs_cell(table, rog_json_get_integer(settings, "epochs", 0), settings);
    rog_table_cell(table, "%.0f", rog_json_get_number(settings, "seconds", 0));
    rog_table_cell(table, "%lld", (long long)rog_json_get_integer(settings, "seed", 0));
    rog_table_cell(table, CANNOT_BEGIN);
    rog_table_cell(table, "-");
    rog_table_cell(table, "-");
    why_cell(table, rog_json_get_string(faulty, "fault", ""), NULL);
}

static void print_counts(const struct rog_plan *plan, size_t left, size_t cannot)
{
    char rest[64] = "";
    if (cannot)
        snprintf(rest, sizeof rest, ", %zu cannot start", cannot);
    rog_print("%s%s%zu of %zu runs to do%s", plan->case_name ? plan->case_name : "",
              plan->case_name ? ": " : "", left, plan->count + rog_json_size(plan->faulty), rest);
}

int rog_launch_show_plan(const struct rog_output *output, const struct rog_plan *plan,
                         const struct rog_forecast *forecast, struct rog_error *err)
{
    if (plan->other_cluster)
        rog_remark(output, "%s", plan->other_cluster);
    if (output->json)
        return show_plan_json(plan, forecast, err);
    struct rog_table *table = rog_table_new(
        "note|?6library|>?7threshold|?3control|>?2batchsize|>?1epochs|>?4seconds|>?8seed|state|"
        ">?9wall s|?5run|~why");
    size_t left = 0, cannot = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const char *fault = rog_rehearse_fault(forecast->faults, i);
        const struct rog_plan_run *run = &plan->run[i];
        const struct rog_resolved_run *r = &run->resolved;
        char threshold[ROG_THRESHOLD_TEXT_BYTES];
        rog_table_cell(table, "%s", r->note);
        library_cell(table, r->library, r->config);
        rog_table_cell(table, "%s",
                       r->has_threshold ? rog_threshold_text(r->threshold, threshold) : "-");
        rog_table_cell(table, "%s", r->control);
        rog_table_cell(table, "%lld", (long long)r->batchsize);
        epochs_cell(table, r->epochs, r->config);
        rog_table_cell(table, "%.0f", rog_json_get_number(r->config, "seconds", 0));
        rog_table_cell(table, "%lld", (long long)r->seed);
        rog_table_cell(table, "%s", fault ? CANNOT_BEGIN : rog_plan_action_name(run->action));
        wall_cell(table, forecast->durations.run[i].wall_s);
        rog_table_cell(table, "%s", run->id ? run->id : "-");
        why_cell(table, fault, run->why);
        cannot += fault != NULL;
        left += !fault && run->action != ROG_PLAN_DONE;
    }
    for (size_t i = 0; i < rog_json_size(plan->faulty); i++)
        faulty_row(table, rog_json_at(plan->faulty, i));
    cannot += rog_json_size(plan->faulty);
    int code = rog_table_print(table, err);
    remark_unproven(output, plan);
    if (code == 0)
        print_counts(plan, left, cannot);
    if (code == 0)
        print_wall_time(plan, forecast);
    return code;
}
