/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl status: shows this user's sweeps and their progress. */
#include <orchestrator/commands.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <orchestrator/store/progress.h>
#include <orchestrator/store/robots.h>
#include <orchestrator/sweeps/registry.h>
#include <orchestrator/terminal/output.h>
#include <orchestrator/terminal/progress.h>
#include <orchestrator/terminal/progress_curves.h>
#include <orchestrator/terminal/progress_table.h>
#include <orchestrator/terminal/run_view.h>
#include <orchestrator/terminal/sweep_json.h>
#include <orchestrator/terminal/sweep_view.h>
#include <orchestrator/terminal/time_left.h>
#include <orchestrator/text/label.h>

#define LINE_COLUMNS 110
#define RUNS_SHOWN 20 /* most active runs shown of a sweep */

static const char *text_of(const struct rog_json *sweep, const char *name)
{
    return rog_json_get_string(sweep, name, "");
}

/* Number of runs in each state. */
struct tally {
    size_t number[ROG_FLEET_STOPPED + 1];
    size_t queued; /* of the running ones, those that are queued */
};

static struct tally count_states(const struct rog_sweep_view *view)
{
    struct tally tally = {0};
    for (size_t i = 0; i < view->count; i++) {
        tally.number[view->job[i].state]++;
        tally.queued += view->job[i].queued && !view->job[i].left;
    }
    return tally;
}

static size_t active(const struct tally *tally)
{
    return tally->number[ROG_FLEET_RUNNING] + tally->number[ROG_FLEET_TESTING];
}

/* ---- text output ---- */

/* "threshold-1: running for 25 min, process 1234"; heap memory. */
static char *head_text(const struct rog_json *sweep)
{
    const char *id = text_of(sweep, "id"), *state = text_of(sweep, "state");
    char age[ROG_TIME_LEFT_BYTES];
    rog_sweep_age_text(sweep, "since", age);
    if (strcmp(state, "running") == 0)
        return rog_format("%s: running for %s, process %lld%s", id, age,
                          (long long)rog_json_get_integer(sweep, "pid", 0),
                          rog_json_get_bool(sweep, "detached", false) ? ", detached" : "");
    if (strcmp(state, "elsewhere") == 0)
        return rog_format("%s: on %s, started %s ago", id, text_of(sweep, "host"), age);
    if (strcmp(state, "killed") == 0)
        return rog_format("%s: killed, or the machine was restarted; the same command continues it",
                          id);
    rog_sweep_age_text(sweep, "ended", age);
    return rog_json_get_integer(sweep, "status", 1) == 0
               ? rog_format("%s: done, %s ago", id, age)
               : rog_format("%s: ended %s ago: %s", id, age, text_of(sweep, "message"));
}

static void print_head(const struct rog_json *sweep)
{
    char *text = head_text(sweep);
    if (text)
        rog_print_wrapped("", text);
    free(text);
}

/* "  4 runs: 1 done, 1 running, 2 to do; about 12:10 left" */
static void print_runs(const struct rog_json *sweep, const struct rog_sweep_view *view)
{
    const struct tally tally = count_states(view);
    const bool runs = rog_sweep_is_running(sweep);
    const struct {
        size_t number;
        const char *what;
    } parts[] = {
        {tally.number[ROG_FLEET_DONE], "done"},
        {tally.number[ROG_FLEET_FAILED], "failed"},
        {active(&tally) - view->left - tally.queued, runs ? "running" : "running in another sweep"},
        {tally.queued, runs ? "waiting for hosts" : "waiting for hosts in another sweep"},
        {view->left, "left on hosts"},
        {view->interrupted, "interrupted"},
        {tally.number[ROG_FLEET_WAITING] - view->interrupted, "to do"},
    };
    char text[256] = "", left[ROG_TIME_LEFT_BYTES];
    size_t used = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].number)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s %zu %s", used ? "," : "",
                                     parts[i].number, parts[i].what);
    double left_s = rog_jobs_left_s(view->job, view->count, view->slots);
    if (view->count && runs && !isnan(left_s))
        snprintf(text + used, sizeof text - used, "; %s %s left",
                 rog_json_get_bool(sweep, "repeats", false) ? "at least" : "about",
                 rog_time_left_text(left_s, left));
    if (view->count)
        rog_print("  %zu %s:%s", view->count, view->count == 1 ? "run" : "runs", text);
    else if (rog_sweep_is_running(sweep) && !rog_json_get(sweep, "runs"))
        rog_print("  it is being planned");
}

/* Prints the last known state of a run's hosts; `named`: below the run's label. */
static void print_robots(const struct rog_sweep_view *view, const struct rog_fleet_job *job,
                         bool named)
{
    struct rog_json *robots = NULL;
    if (rog_robots_json(view->db, job->run_id, &robots, NULL) == 0 && rog_json_size(robots) > 0) {
        if (named)
            rog_print("\nhosts of %s", job->label);
        rog_robots_table(robots, true, NULL);
    }
    rog_json_free(robots);
}

/* Describes a run that no process follows: how old the last report is, and what will happen to the
 * run. Heap memory; NULL: nothing is known. */
static char *left_text(const struct rog_sweep_view *view, const struct rog_fleet_job *job)
{
    struct rog_run_progress progress;
    char age[ROG_TIME_LEFT_BYTES], more[ROG_TIME_LEFT_BYTES];
    if (rog_run_progress_load(view->db, job->run_id, &progress, NULL) != 1)
        return NULL;
    return rog_format(
        "as of %s ago; it continues on its hosts for %s more, and the same command resumes it",
        rog_duration_text(progress.age_s, age),
        rog_duration_text(progress.alone_s - progress.age_s, more));
}

/* Of a sweep that has ended, only runs that continue by themselves are shown: other runs may belong
 * to another sweep by now. */
static bool is_shown(const struct rog_json *sweep, const struct rog_fleet_job *job)
{
    return rog_progress_is_active(job) && (rog_sweep_is_running(sweep) || job->left);
}

/* Prints runs in the same table as the sweep itself. */
static void print_table(const struct rog_json *sweep, const struct rog_sweep_view *view,
                        size_t most, const struct rog_screen *screen)
{
    struct rog_progress_row *row = calloc(most + 1, sizeof *row);
    struct rog_curves *curves = rog_curves_new();
    size_t rows = 0;
    for (size_t i = 0; row && i < view->count && rows < most; i++) {
        if (!is_shown(sweep, &view->job[i]))
            continue;
        row[rows].job = &view->job[i];
        row[rows].result = rog_curves_of(curves, view->db, view->job, i, &row[rows].results);
        row[rows].remark = view->job[i].left ? left_text(view, &view->job[i]) : NULL;
        rows++;
    }
    if (rows)
        rog_table_write(rog_progress_table(row, rows, screen), screen, ROG_TABLE_SILENT, stdout,
                        NULL);
    for (size_t i = 0; i < rows; i++)
        free(row[i].remark);
    rog_curves_free(curves);
    free(row);
}

static void print_lines(const struct rog_sweep_view *view, const struct rog_fleet_job *job)
{
    char line[512];
    rog_progress_line(job, LINE_COLUMNS, line, sizeof line);
    rog_print("  %s", line);
    rog_progress_waiting(job, LINE_COLUMNS, line, sizeof line);
    if (line[0])
        rog_print("  %s", line);
    char *left = job->left ? left_text(view, job) : NULL;
    if (left)
        rog_print("  %s", left);
    free(left);
}

static void print_active(const struct rog_json *sweep, const struct rog_sweep_view *view)
{
    const struct rog_screen screen = rog_screen_of(STDOUT_FILENO);
    size_t shown = 0;
    if (screen.terminal)
        print_table(sweep, view, RUNS_SHOWN, &screen);
    for (size_t i = 0; i < view->count; i++) {
        const struct rog_fleet_job *job = &view->job[i];
        if (!is_shown(sweep, job) || shown++ >= RUNS_SHOWN)
            continue;
        if (!screen.terminal)
            print_lines(view, job);
        print_robots(view, job, screen.terminal);
    }
    if (shown > RUNS_SHOWN)
        rog_print("  and %zu more", shown - RUNS_SHOWN);
}

/* "  before: threshold-1 was killed, threshold-2 ended 3 min ago: interrupted" */
static void print_attempts(const struct rog_json *sweeps, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        const struct rog_json *earlier = rog_json_at(sweeps, i);
        char age[ROG_TIME_LEFT_BYTES];
        if (rog_sweep_last_attempt(sweeps, i) != index)
            continue;
        if (strcmp(text_of(earlier, "state"), "killed") == 0)
            rog_print("  before it %s, which was killed", text_of(earlier, "id"));
        else
            rog_print("  before it %s, which ended %s ago: %s", text_of(earlier, "id"),
                      rog_sweep_age_text(earlier, "ended", age), text_of(earlier, "message"));
    }
}

static void print_sweep(const struct rog_json *sweeps, size_t index,
                        const struct rog_sweep_view *view)
{
    const struct rog_json *sweep = rog_json_at(sweeps, index);
    char *command = rog_sweep_command_text(sweep);
    print_head(sweep);
    if (command)
        rog_print("  %s  (in %s)", command, text_of(sweep, "folder"));
    free(command);
    print_runs(sweep, view);
    print_active(sweep, view);
    print_attempts(sweeps, index);
}

/* ---- all sweeps ---- */

static bool has_lost_database(const struct rog_json *sweep)
{
    const char *state = text_of(sweep, "state");
    return (strcmp(state, "ended") == 0 || strcmp(state, "killed") == 0) &&
           !rog_file_exists(text_of(sweep, "database"));
}

/* Shows a sweep. An error in reading it is only a warning, so that the other sweeps are still
 * shown. *hidden counts ended sweeps whose database no longer exists, which are not shown; hidden
 * NULL: the user has asked for this sweep. */
static void show(const struct rog_output *output, const struct rog_json *sweeps, size_t index,
                 struct rog_json *list, size_t *hidden)
{
    const struct rog_json *sweep = rog_json_at(sweeps, index);
    struct rog_sweep_view view;
    struct rog_error cause;
    int code = rog_sweep_view_load(&view, sweep, &cause);
    const bool hides = code == ROG_ENOTFOUND && hidden && has_lost_database(sweep);
    if (hides)
        ++*hidden;
    else if (code < 0)
        rog_warn(output, "%s: %s", text_of(sweep, "id"), cause.message);
    if (output->json)
        rog_json_append(list, rog_sweep_json(sweeps, index, &view));
    else if (!hides)
        print_sweep(sweeps, index, &view);
    rog_sweep_view_release(&view);
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    const struct rog_output output = rog_output_of(cli);
    const char *wanted = rog_cli_arg(cli, 0);
    const struct rog_json *one = NULL;
    struct rog_json *sweeps = NULL, *list = rog_json_array();
    size_t hidden = 0;
    int code = list ? rog_sweeps_load(&sweeps, err) : rog_fail_nomem(err);
    if (code == 0 && wanted)
        code = rog_sweep_choose(sweeps, wanted, &one, err);
    for (size_t i = 0; code == 0 && i < rog_json_size(sweeps); i++)
        if (wanted ? rog_json_at(sweeps, i) == one : rog_sweep_last_attempt(sweeps, i) == i)
            show(&output, sweeps, i, list, wanted ? NULL : &hidden);
    if (hidden)
        rog_remark(&output, "not shown: %zu ended %s whose database is gone", hidden,
                   hidden == 1 ? "sweep" : "sweeps");
    if (code == 0 && rog_json_size(sweeps) == 0 && !output.json)
        rog_print("no sweep of yours is running");
    if (code == 0 && output.json) {
        code = rog_print_json(list, err);
        list = NULL;
    }
    rog_json_free(list);
    rog_json_free(sweeps);
    return code;
}

const struct rog_command rog_cmd_status = {
    .name = "status",
    .usage = "[ID]",
    .summary = "Show your sweeps: runs, progress, what they wait for, time left",
    .details = "Lists all sweeps that you started on this machine, in any folder and database; "
               "also those that ended in the last day,\n"
               "and those interrupted or failed in the last week. Repeated attempts with the same\n"
               "runs are one entry.",
    .max_args = 1,
    .run = run,
};
