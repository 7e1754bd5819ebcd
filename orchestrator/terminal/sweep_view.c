/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a sweep's runs and their progress. */
#include <orchestrator/terminal/sweep_view.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <common/file.h>
#include <orchestrator/fleet/live.h>
#include <orchestrator/plan/duration.h>
#include <orchestrator/ssh/quote.h>
#include <orchestrator/store/progress.h>
#include <orchestrator/store/summary.h>
#include <orchestrator/sweeps/registry.h>
#include <orchestrator/terminal/run_view.h>

/* ---- loading ---- */

static int load_job(struct rog_sweep_view *view, struct rog_fleet_job *job,
                    const struct rog_json *run, struct rog_run_row *row, struct rog_error *err)
{
    struct rog_json *config = NULL;
    *job = (struct rog_fleet_job){
        .run_id = rog_strdup(rog_json_get_string(run, "id", "")),
        .label = rog_strdup(rog_json_get_string(run, "label", "")),
        .accuracy = (double)NAN,
        .stall_share = (double)NAN,
        .expected_s = (double)NAN,
        .real_time = view->real_time,
    };
    view->count++;
    if (!job->run_id || !job->label)
        return rog_fail_nomem(err);
    int code = rog_run_row_load(view->db, job->run_id, row, err);
    if (code == 0 && rog_json_parse(row->config, strlen(row->config), "config", &config, NULL) == 0)
        job->config = config;
    return code;
}

static int load_jobs(struct rog_sweep_view *view, const struct rog_json *sweep,
                     struct rog_error *err)
{
    const struct rog_json *runs = rog_json_get(sweep, "runs");
    bool known = false;
    struct rog_duration_records records = {0};
    int code = 0;
    for (size_t i = 0; code == 0 && i < rog_json_size(runs); i++) {
        struct rog_fleet_job *job = &view->job[view->count];
        struct rog_duration duration = {.wall_s = (double)NAN};
        struct rog_run_row row = {0};
        code = load_job(view, job, rog_json_at(runs, i), &row, err);
        if (code == 0 && !known) {
            code = rog_duration_records_load(&records, view->db, row.cluster, err);
            known = true;
        }
        if (code == 0 && job->config)
            code = rog_duration_estimate(&records, job->config, view->real_time, &duration, err);
        job->expected_s = duration.wall_s;
        rog_run_row_release(&row);
    }
    rog_duration_records_release(&records);
    return code;
}

int rog_sweep_view_load(struct rog_sweep_view *view, const struct rog_json *sweep,
                        struct rog_error *err)
{
    *view = (struct rog_sweep_view){.slots = (int)rog_json_get_integer(sweep, "slots", 1),
                                    .real_time = rog_json_get_bool(sweep, "real_time", false)};
    view->job = calloc(rog_json_size(rog_json_get(sweep, "runs")) + 1, sizeof *view->job);
    int code = view->job ? 0 : rog_fail_nomem(err);
    if (code == 0)
        code = rog_db_open(&view->db, rog_json_get_string(sweep, "database", ""), ROG_DB_READ, err);
    if (code == ROG_ENOTFOUND && !rog_json_get(sweep, "runs"))
        return 0; /* the sweep is still being planned */
    if (code == 0)
        code = load_jobs(view, sweep, err);
    return code == 0 ? rog_sweep_view_refresh(view, NULL, err) : code;
}

void rog_sweep_view_release(struct rog_sweep_view *view)
{
    for (size_t i = 0; i < view->count; i++) {
        union { /* allocated by load_job */
            const char *borrowed;
            char *owned;
        } id = {view->job[i].run_id}, label = {view->job[i].label};
        union {
            const struct rog_json *borrowed;
            struct rog_json *owned;
        } config = {view->job[i].config};
        free(id.owned);
        free(label.owned);
        rog_json_free(config.owned);
    }
    free(view->job);
    rog_db_close(view->db);
    *view = (struct rog_sweep_view){0};
}

/* ---- refreshing ---- */

/* Reads the state of a run that is "running" according to the table of runs. */
static int look_at_running(struct rog_sweep_view *view, struct rog_fleet_job *job,
                           struct rog_error *err)
{
    struct rog_run_progress progress;
    int code = rog_run_progress_load(view->db, job->run_id, &progress, err);
    if (code < 0)
        return code;
    const char *abandoned = rog_run_abandoned(view->db, job->run_id);
    if (code == 1)
        rog_live_take(&progress, job);
    else
        job->state = ROG_FLEET_RUNNING;
    job->left = abandoned && strcmp(abandoned, "left") == 0;
    view->left += job->left;
    view->interrupted += abandoned && !job->left;
    if (abandoned && !job->left)
        job->state = ROG_FLEET_WAITING;
    return 0;
}

static int look_at(struct rog_sweep_view *view, struct rog_fleet_job *job, struct rog_error *err)
{
    char status[ROG_PROGRESS_STATE_BYTES];
    int code = rog_run_status_load(view->db, job->run_id, status, job->error, err);
    if (code == 0 && strcmp(status, "running") == 0)
        return look_at_running(view, job, err);
    if (strcmp(status, "done") == 0)
        job->done = 1;
    if (code == 0)
        job->state = strcmp(status, "done") == 0     ? ROG_FLEET_DONE
                     : strcmp(status, "failed") == 0 ? ROG_FLEET_FAILED
                                                     : ROG_FLEET_WAITING;
    return code;
}

int rog_sweep_view_refresh(struct rog_sweep_view *view, const struct rog_fleet_observer *observer,
                           struct rog_error *err)
{
    int code = 0;
    view->left = view->interrupted = 0;
    for (size_t i = 0; code == 0 && view->db && i < view->count; i++) {
        struct rog_fleet_job *job = &view->job[i];
        enum rog_fleet_state before = job->state;
        code = look_at(view, job, err);
        if (code == 0 && observer && job->state != before)
            observer->changed(observer->user, job);
    }
    return code;
}

/* ---- selecting a sweep ---- */

char *rog_sweep_command_text(const struct rog_json *sweep)
{
    const struct rog_json *words = rog_json_get(sweep, "command");
    char *text = rog_strdup("");
    for (size_t i = 0; text && i < rog_json_size(words); i++) {
        char *word = rog_ssh_quote_word(rog_json_string(rog_json_at(words, i), ""));
        char *longer = word ? rog_format("%s%s%s", text, i ? " " : "", word) : NULL;
        free(word);
        free(text);
        text = longer;
    }
    return text;
}

const char *rog_sweep_age_text(const struct rog_json *sweep, const char *moment,
                               char text[ROG_TIME_LEFT_BYTES])
{
    struct tm then = {0};
    const char *utc = rog_json_get_string(sweep, moment, "");
    bool known = strptime(utc, "%Y-%m-%dT%H:%M:%SZ", &then) != NULL;
    return rog_duration_text(known ? difftime(time(NULL), timegm(&then)) : (double)NAN, text);
}

bool rog_sweep_writes(const struct rog_json *sweep, const char *database)
{
    const char *its = rog_json_get_string(sweep, "database", "");
    struct stat a, b;
    if (stat(its, &a) == 0 && stat(database, &b) == 0)
        return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
    char *here = getcwd(NULL, 0); /* the sweep may not have created the database yet */
    char *path = here ? rog_path_join(here, database) : NULL;
    bool same = path && strcmp(path, its) == 0;
    free(path);
    free(here);
    return same;
}

static bool is_meant(const struct rog_json *sweep, const char *text)
{
    return text ? strncmp(rog_json_get_string(sweep, "id", ""), text, strlen(text)) == 0
                : rog_sweep_is_running(sweep);
}

static const char *next_id(const void *list, size_t index)
{
    return rog_json_get_string(rog_json_at(list, index), "id", NULL);
}

const char *rog_sweep_meant(const struct rog_json *sweeps, const char *text,
                            char meant[ROG_MEANT_BYTES])
{
    return rog_meant(rog_nearest_name(text, next_id, sweeps), meant);
}

int rog_sweep_choose(const struct rog_json *sweeps, const char *text, const struct rog_json **sweep,
                     struct rog_error *err)
{
    char names[512] = "", meant[ROG_MEANT_BYTES];
    size_t found = 0, used = 0;
    *sweep = text ? rog_sweeps_find(sweeps, text) : NULL;
    if (*sweep)
        return 0;
    const struct rog_json *running = NULL;
    size_t running_count = 0;
    for (size_t i = 0; i < rog_json_size(sweeps); i++) {
        const struct rog_json *one = rog_json_at(sweeps, i);
        if (!is_meant(one, text))
            continue;
        *sweep = one;
        running = rog_sweep_is_running(one) ? one : running;
        running_count += rog_sweep_is_running(one);
        if (used < sizeof names)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", found ? ", " : "",
                                     rog_json_get_string(one, "id", ""));
        found++;
    }
    if (found > 1 && running_count == 1)
        *sweep = running;
    if (found == 1 || running_count == 1)
        return 0;
    *sweep = NULL;
    if (found > 1)
        return rog_fail(err, ROG_EINVAL, "%s%sany of %zu sweeps: %s; name one of them",
                        text ? text : "", text ? " could be " : "it could be ", found, names);
    if (text)
        return rog_fail(err, ROG_ENOTFOUND, "no sweep %s%s; `rogctl status` lists yours", text,
                        rog_sweep_meant(sweeps, text, meant));
    return rog_fail(err, ROG_ENOTFOUND, "no sweep of yours is running");
}
