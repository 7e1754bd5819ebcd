/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the table of jobs, and the summary line below it. */
#include <orchestrator/terminal/progress_table.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/metric.h>
#include <common/workload.h>
#include <orchestrator/terminal/time_left.h>
#include <orchestrator/text/sketch.h>

#define CURVE_COLUMNS 8
#define WIDE_CURVE_COLUMNS 20
#define WIDE_SCREEN 120

const char *rog_progress_state(const struct rog_fleet_job *job)
{
    return job->left             ? "on hosts"
           : job->queued         ? rog_fleet_state_name(ROG_FLEET_WAITING)
           : rog_job_begins(job) ? "begins"
                                 : rog_fleet_state_name(job->state);
}

bool rog_progress_is_active(const struct rog_fleet_job *job)
{
    return job->state == ROG_FLEET_RUNNING || job->state == ROG_FLEET_TESTING;
}

static enum rog_paint state_paint(const struct rog_fleet_job *job)
{
    return job->state == ROG_FLEET_DONE                  ? ROG_GREEN
           : job->state == ROG_FLEET_FAILED              ? ROG_RED
           : job->state == ROG_FLEET_STOPPED             ? ROG_YELLOW
           : rog_progress_is_active(job) && !job->queued ? ROG_BOLD
                                                         : ROG_DIM;
}

static void blank_unless(struct rog_table *table, bool known, const char *text)
{
    rog_table_cell(table, "%s", known ? text : "");
}

/* Returns whether the job has started and this process has followed it. */
static bool has_numbers(const struct rog_fleet_job *job)
{
    return job->state != ROG_FLEET_WAITING && job->state != ROG_FLEET_ELSEWHERE && !job->queued &&
           !rog_job_begins(job) && !job->by_other;
}

static void time_cells(struct rog_table *table, const struct rog_fleet_job *job)
{
    char text[ROG_TIME_LEFT_BYTES];
    double left_s = rog_job_left_s(job);
    bool known = has_numbers(job);
    /* This process has followed only a part of the run, so that its wall time is not known. */
    bool is_part = job->real_time && job->wall_s < job->t - job->from_t;
    bool ends = job->real_time && left_s < 1; /* what it is waiting for is shown below */
    bool in_progress = job->state == ROG_FLEET_RUNNING && !isnan(left_s) && !ends && !job->left;
    if (known || job->state == ROG_FLEET_DONE)
        rog_table_cell(table, "%.0f%%", floor(100 * job->done));
    else
        rog_table_cell(table, "%s", "");
    blank_unless(table, known && !is_part && !job->left, rog_time_left_text(job->wall_s, text));
    blank_unless(table, known && in_progress, rog_time_left_text(left_s, text));
    if (known && !job->resumed)
        rog_table_number(table, job->t, 0);
    else
        rog_table_cell(table, "%s", "");
    if (known && !job->resumed && (job->iteration > 0 || job->from_t <= 0))
        rog_table_cell(table, "%lld", (long long)job->iteration);
    else
        rog_table_cell(table, "%s", "");
}

static void result_cells(struct rog_table *table, const struct rog_progress_row *row, bool utf8,
                         size_t columns)
{
    struct rog_metric metric;
    char curve[ROG_SKETCH_LINE_BYTES];
    rog_metric_read(row->job->config, &metric, NULL);
    if (isnan(row->job->accuracy))
        rog_table_cell(table, "%s", has_numbers(row->job) ? "-" : "");
    else if (rog_metric_is_percent(&metric))
        rog_table_number(table, row->job->accuracy, 1);
    else
        rog_table_cell(table, "%.4g", row->job->accuracy);
    rog_sketch_line(row->result, row->results, columns, utf8, curve);
    rog_table_cell(table, "%s", curve);
}

static void pace_cells(struct rog_table *table, const struct rog_fleet_job *job)
{
    bool paces = has_numbers(job) && !job->real_time && job->wall_s > 0 && !job->resumed &&
                 job->t > job->from_t;
    if (has_numbers(job) && !isnan(job->stall_share))
        rog_table_cell(table, "%.0f%%", 100 * job->stall_share);
    else
        rog_table_cell(table, "%s", has_numbers(job) ? "-" : "");
    if (paces)
        rog_table_cell(table, "%.0fx", (job->t - job->from_t) / job->wall_s);
    else
        rog_table_cell(table, "%s", "");
}

/* Returns whether any of the jobs is tested. */
static bool some_train(const struct rog_progress_row *row, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (rog_workload_trains(row[i].job->config))
            return true;
    return false;
}

/* Adds what does not fit into columns, as a line below the row. */
static void add_remark(struct rog_table *table, const struct rog_progress_row *row)
{
    const struct rog_fleet_job *job = row->job;
    const bool waits = job->waiting[0] && !rog_fleet_job_is_over(job) && !job->left;
    char since[48] = "";
    if (waits && job->waiting_s >= 1)
        snprintf(since, sizeof since, "%ld:%02ld: ", (long)job->waiting_s / 60,
                 (long)job->waiting_s % 60);
    const char *text = row->remark                      ? row->remark
                       : waits                          ? job->waiting
                       : job->state == ROG_FLEET_FAILED ? job->error
                       : job->setbacks[0]               ? job->setbacks
                       : job->by_other                  ? "by another rogctl"
                                                        : "";
    if (text[0])
        rog_table_note(table, "%s%s", since, text);
}

/* Adds the column of results; its heading has the metric if all jobs have the same. */
static void add_result_column(struct rog_table *table, const struct rog_progress_row *row,
                              size_t count)
{
    struct rog_metric metric = {.name = ""}, other;
    bool one = count > 0;
    for (size_t i = 0; i < count; i++) {
        rog_metric_read(row[i].job->config, i ? &other : &metric, NULL);
        one = one && (!i || rog_metric_is_same(&metric, &other));
    }
    char *title =
        one ? rog_format("%s%s%s", metric.name, metric.unit[0] ? " " : "", metric.unit) : NULL;
    rog_table_column(table, ">#6", title ? title : "result");
    free(title);
}

struct rog_table *rog_progress_table(const struct rog_progress_row *row, size_t count,
                                     const struct rog_screen *screen)
{
    bool wide = screen->columns >= WIDE_SCREEN;
    struct rog_table *table = rog_table_new("#12run|#7state|>#4?7done|>#5?6took|>#5?8left|"
                                            ">#7?2seconds|>#5?4iter.");
    const bool trains = some_train(row, count);
    if (trains) {
        add_result_column(table, row, count);
        rog_table_column(table, wide ? "#20?5" : "#8?5", "curve");
    }
    rog_table_column(table, ">#5?3", "stall");
    rog_table_column(table, ">#5?1", "speed");
    for (size_t i = 0; i < count; i++) {
        rog_table_cell(table, "%s", row[i].job->label);
        rog_table_cell(table, "%s", rog_progress_state(row[i].job));
        rog_table_paint(table, state_paint(row[i].job));
        time_cells(table, row[i].job);
        if (trains)
            result_cells(table, &row[i], screen->utf8, wide ? WIDE_CURVE_COLUMNS : CURVE_COLUMNS);
        pace_cells(table, row[i].job);
        add_remark(table, &row[i]);
    }
    return table;
}

void rog_progress_sum(const struct rog_fleet_job *jobs, size_t count, size_t done_before, int slots,
                      char *text, size_t bytes)
{
    size_t number[ROG_FLEET_STOPPED + 1] = {0}, used = 0;
    char left[ROG_TIME_LEFT_BYTES];
    for (size_t i = 0; i < count; i++)
        number[jobs[i].state]++;
    const struct {
        size_t number;
        const char *what;
    } parts[] = {
        {number[ROG_FLEET_RUNNING] + number[ROG_FLEET_TESTING], "running"},
        {number[ROG_FLEET_FAILED], "failed"},
        {number[ROG_FLEET_STOPPED], "stopped"},
        {number[ROG_FLEET_ELSEWHERE], "by another rogctl"},
        {number[ROG_FLEET_WAITING], "waiting"},
    };
    used +=
        (size_t)snprintf(text, bytes, "%zu of %zu %s done", number[ROG_FLEET_DONE] + done_before,
                         count + done_before, count + done_before == 1 ? "run" : "runs");
    for (size_t i = 0; i < sizeof parts / sizeof *parts && used < bytes; i++)
        if (parts[i].number)
            used += (size_t)snprintf(text + used, bytes - used, ", %zu %s", parts[i].number,
                                     parts[i].what);
    double left_s = rog_jobs_left_s(jobs, count, slots);
    if (!rog_fleet_jobs_are_over(jobs, count) && !isnan(left_s) && used < bytes)
        snprintf(text + used, bytes - used, "; about %s left", rog_time_left_text(left_s, left));
}
