/* SPDX-License-Identifier: Apache-2.0 */
/* Draws the table of runs, redrawn in place, or prints plain lines if that is not possible. */
#include <orchestrator/terminal/progress.h>

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>
#include <common/metric.h>
#include <common/ran_out.h>
#include <orchestrator/terminal/progress_curves.h>
#include <orchestrator/terminal/progress_table.h>
#include <orchestrator/terminal/time_left.h>
#include <orchestrator/text/label.h>

#define REDRAW_S 0.2
#define PLAIN_S 10.0
#define LINE_BYTES 512
#define ENDED_ROWS 5 /* of many runs, how many ended ones are shown */
/* Lines of the screen for the heading, the sum (two lines) and the cursor. */
#define OTHER_ROWS 4
#define BRIEF_LABEL_COLUMNS 12
#define MOST_LABEL_COLUMNS 60
#define STATE_COLUMNS 10

/* A line while it is composed. */
struct line {
    char *text;
    size_t bytes, width;
    bool whole; /* all parts have fitted */
};

/* Adds a part if it fits into the rest of the line. */
static void __attribute__((format(printf, 2, 3)))
add_part(struct line *line, const char *format, ...)
{
    char part[8 * MOST_LABEL_COLUMNS + 64];
    va_list args;
    va_start(args, format);
    vsnprintf(part, sizeof part, format, args);
    va_end(args);
    size_t used = strlen(line->text);
    if (rog_label_columns(line->text) + rog_label_columns(part) <= line->width)
        snprintf(line->text + used, line->bytes - used, "%s", part);
    else
        line->whole = false;
}

/* Adds the label. A label longer than `least` is not cut as long as there is room for it and the
 * state, because its end may be what distinguishes it from others. */
static void add_label(struct line *line, const char *text, size_t least)
{
    size_t room = line->width > least + STATE_COLUMNS ? line->width - STATE_COLUMNS : least;
    char *label = rog_label_clean(text, room < MOST_LABEL_COLUMNS ? room : MOST_LABEL_COLUMNS);
    size_t columns = label ? rog_label_columns(label) : 0;
    add_part(line, "%s%*s", label ? label : "", columns < least ? (int)(least - columns) : 0, "");
    free(label);
}

static void add_numbers(struct line *line, const struct rog_fleet_job *job, bool brief)
{
    if (!job->resumed) { /* otherwise another process has read its events */
        add_part(line, " %6.0f s", job->t);
        /* After a resumption the iteration is unknown until the next event. */
        if (job->iteration > 0 || job->from_t <= 0)
            add_part(line, "  %s %5lld", brief ? "it" : "iteration", (long long)job->iteration);
    }
    struct rog_metric metric;
    rog_metric_read(job->config, &metric, NULL);
    bool percent = rog_metric_is_percent(&metric);
    const char *name = brief && strcmp(metric.name, "accuracy") == 0 ? "acc" : metric.name;
    if (isnan(job->accuracy))
        add_part(line, "  %s    - ", name);
    else
        add_part(line, percent ? "  %s %4.1f%%" : "  %s %.4g", name, job->accuracy);
    if (isnan(job->stall_share))
        add_part(line, job->resumed ? "" : "  stall  - ");
    else
        add_part(line, "  stall %2.0f%%", 100 * job->stall_share);
    if (!brief && !job->real_time && job->wall_s > 0 && !job->resumed &&
        (job->t > job->from_t || job->from_t <= 0))
        add_part(line, "  %3.0fx real time", (job->t - job->from_t) / job->wall_s);
    double left_s = rog_job_left_s(job);
    char left[ROG_TIME_LEFT_BYTES];
    /* A run in real time that has used up its time is waiting for something else (`waiting`). */
    bool is_over = job->real_time && left_s < 1;
    /* This process has followed only a part of the run, so that its wall time is not known. */
    bool is_part = job->real_time && job->wall_s < job->t - job->from_t;
    if (job->state == ROG_FLEET_RUNNING && !isnan(left_s) && !is_over) {
        add_part(line, " %5s left", rog_time_left_text(left_s, left));
    } else if (job->state == ROG_FLEET_DONE && !is_part) {
        add_part(line, " in %ld:%02ld", (long)job->wall_s / 60, (long)job->wall_s % 60);
    }
    if (job->setbacks[0])
        add_part(line, "  %s", job->setbacks);
}

static const char *state_word(const struct rog_fleet_job *job)
{
    return job->left             ? "left on its hosts"
           : job->queued         ? rog_fleet_state_name(ROG_FLEET_WAITING)
           : rog_job_begins(job) ? "begins"
                                 : rog_fleet_state_name(job->state);
}

/* Composes the line. Returns false if something had to be left out. */
static bool compose(const struct rog_fleet_job *job, bool brief, size_t width, char *text,
                    size_t bytes)
{
    struct line line = {text, bytes, width, true};
    text[0] = '\0';
    add_label(&line, job->label, brief ? BRIEF_LABEL_COLUMNS : ROG_PROGRESS_LABEL_COLUMNS);
    add_part(&line, brief ? " %-7s" : " %-9s", state_word(job));
    if (job->left)
        add_part(&line, " at %.0f s", job->t);
    else if (job->by_other)
        add_part(&line, "  by another rogctl");
    else if (job->state == ROG_FLEET_FAILED || job->state == ROG_FLEET_STOPPED)
        add_part(&line, " after %.0f s", job->t);
    else if (job->state != ROG_FLEET_WAITING && job->state != ROG_FLEET_ELSEWHERE &&
             !rog_job_begins(job))
        add_numbers(&line, job, brief);
    return line.whole;
}

void rog_progress_line(const struct rog_fleet_job *job, size_t width, char *text, size_t bytes)
{
    if (!compose(job, false, width, text, bytes))
        compose(job, true, width, text, bytes);
}

void rog_progress_waiting(const struct rog_fleet_job *job, size_t width, char *text, size_t bytes)
{
    static const char words[] = "  ";
    char since[32] = "";
    text[0] = '\0';
    if (!job->waiting[0] || rog_fleet_job_is_over(job) || job->left)
        return;
    if (job->waiting_s >= 1)
        snprintf(since, sizeof since, " (%ld:%02ld)", (long)job->waiting_s / 60,
                 (long)job->waiting_s % 60);
    size_t taken = sizeof words - 1 + strlen(since);
    char *what = rog_label_clean(job->waiting, width > taken ? width - taken : 1);
    if (what)
        snprintf(text, bytes, "%s%s%s", words, what, since);
    free(what);
}

/* ---- plain lines ---- */

static void print_line(const struct rog_fleet_job *job)
{
    char line[LINE_BYTES];
    rog_progress_line(job, sizeof line, line, sizeof line);
    fprintf(stderr, "%s\n", line);
    rog_progress_waiting(job, sizeof line, line, sizeof line);
    if (line[0])
        fprintf(stderr, "%s\n", line);
}

/* ---- a terminal ---- */

/* Terminals with synchronized updates show everything between these sequences at once; others
 * ignore them. */
#define BEGIN_UPDATE "\033[?2026h"
#define END_UPDATE "\033[?2026l"

/* Returns how many rows of the screen a text takes: if the terminal has become narrower, it has
 * wrapped the lines. */
static size_t rows_of(const char *text, size_t columns)
{
    size_t rows = 0;
    while (text && *text) {
        size_t length = strcspn(text, "\n"), taken = 0;
        char *line = rog_format("%.*s", (int)length, text);
        for (char *at = line, *mark; at && *at; at = mark) { /* skip colours */
            mark = strchr(at, '\033');
            if (mark)
                *mark++ = '\0';
            taken += rog_label_columns(at);
            mark = mark ? mark + strcspn(mark, "m") + 1 : at + strlen(at);
        }
        free(line);
        rows += taken > columns ? (taken + columns - 1) / columns : 1;
        text += length + (text[length] == '\n');
    }
    return rows;
}

/* Overwrites the lines one by one: clearing the screen first would flicker, and some terminals
 * would keep the old contents in their history. */
static void put_lines(FILE *out, const char *text)
{
    while (text && *text) {
        size_t length = strcspn(text, "\n");
        fprintf(out, "%.*s\033[K\n", (int)length, text);
        text += length + (text[length] == '\n');
    }
}

/* Replaces what is shown by `above` (NULL: nothing) and `table` below it, in a single write. Takes
 * ownership of `table`. */
static void put(struct rog_progress *p, const char *above, char *table)
{
    const struct rog_screen screen = rog_screen_of(STDERR_FILENO);
    size_t rows = rows_of(p->shown, screen.columns ? screen.columns : 1), bytes = 0;
    char *text = NULL, *clean = above ? rog_wrapped(above, screen.columns) : NULL;
    FILE *out = open_memstream(&text, &bytes);
    if (!out || (above && !clean))
        rog_ran_out_note();
    if (out) {
        fputs(BEGIN_UPDATE, out);
        if (rows)
            fprintf(out, "\033[%zuA\r", rows);
        put_lines(out, clean);
        put_lines(out, table);
        fprintf(out, "%s%s", rows ? "\033[J" : "", END_UPDATE);
        if (fclose(out) == 0)
            fwrite(text, 1, bytes, stderr);
    }
    free(clean);
    free(text);
    free(p->shown);
    p->shown = table;
}

/* Prints `above` permanently, and draws the current table again below it. */
static void put_above(struct rog_progress *p, const char *above)
{
    char *table = p->shown ? rog_strdup(p->shown) : NULL;
    put(p, above, table);
}

/* Returns the number of lines of a job: one, and another one for what it waits for. */
static size_t lines_of(const struct rog_fleet_job *job)
{
    return 1 + (job->waiting[0] || job->setbacks[0] || job->error[0] || job->by_other);
}

/* Selects the jobs in the table: all if there is room for them, otherwise those that are being
 * executed and a few that ended just before them. Jobs are executed in their order. */
static size_t choose(struct rog_progress *p, const struct rog_fleet_job *jobs, size_t count,
                     size_t room, struct rog_progress_row *row)
{
    size_t all = 0, active = 0, first = count, rows = 0, used = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_active = rog_progress_is_active(&jobs[i]);
        all += lines_of(&jobs[i]);
        active += is_active ? lines_of(&jobs[i]) : 0;
        first = is_active && first == count ? i : first;
    }
    p->shows_all = all <= room;
    for (size_t ended = 0; !p->shows_all && first > 0 && ended < ENDED_ROWS; ended++) {
        size_t lines = lines_of(&jobs[first - 1]);
        if (!rog_fleet_job_is_over(&jobs[first - 1]) || active + lines > room)
            break;
        active += lines;
        first--;
    }
    for (size_t i = p->shows_all ? 0 : first; i < count; i++) {
        if (!p->shows_all && !rog_progress_is_active(&jobs[i]) && !rog_fleet_job_is_over(&jobs[i]))
            continue;
        used += lines_of(&jobs[i]);
        if (used > room)
            break;
        row[rows] = (struct rog_progress_row){.job = &jobs[i]};
        row[rows].result = rog_curves_of(p->curves, p->db, jobs, i, &row[rows].results);
        rows++;
    }
    return rows;
}

static void put_sum(const struct rog_progress *p, const struct rog_fleet_job *jobs, size_t count,
                    size_t columns, FILE *out)
{
    char sum[LINE_BYTES];
    rog_progress_sum(jobs, count, p->done_before, p->slots, sum, sizeof sum);
    for (const char *rest = sum; *rest;) {
        size_t fits = rog_label_break(rest, columns);
        fprintf(out, "%.*s\n", (int)fits, rest);
        rest += fits + (rest[fits] == ' ');
    }
}

static void draw(struct rog_progress *p, const struct rog_fleet_job *jobs, size_t count)
{
    struct rog_screen screen = rog_screen_of(STDERR_FILENO);
    size_t room = screen.rows > OTHER_ROWS ? screen.rows - OTHER_ROWS : 0, bytes = 0;
    struct rog_progress_row *row = calloc(count + 1, sizeof *row);
    char *text = NULL;
    FILE *out = row ? open_memstream(&text, &bytes) : NULL;
    /* Some terminals wrap a line that fills the last column. */
    screen.columns -= screen.columns > 1;
    if (out) {
        size_t rows = choose(p, jobs, count, room, row);
        if (rows)
            rog_table_write(rog_progress_table(row, rows, &screen), &screen, ROG_TABLE_SILENT, out,
                            NULL);
        put_sum(p, jobs, count, screen.columns, out);
    }
    if (!out || fclose(out) != 0)
        rog_ran_out_note();
    else if (text && !(p->shown && strcmp(p->shown, text) == 0)) {
        put(p, NULL, text);
        text = NULL;
    }
    free(text);
    free(row);
}

/* ---- observer ---- */

static void on_progress(void *user, const struct rog_fleet_job *jobs, size_t count)
{
    struct rog_progress *p = user;
    double now = rog_clock_s();
    bool over = rog_fleet_jobs_are_over(jobs, count); /* draw the final table */
    if (p->output.quiet || p->changes_only || count == 0 ||
        (!(over && p->terminal) && now - p->drawn_s < (p->terminal ? REDRAW_S : PLAIN_S)))
        return;
    p->drawn_s = now;
    if (p->terminal) {
        draw(p, jobs, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (rog_progress_is_active(&jobs[i]))
            print_line(&jobs[i]);
}

/* If there are many runs, failed ones stay on the screen above the table. */
static void on_changed(void *user, const struct rog_fleet_job *job)
{
    struct rog_progress *p = user;
    if (p->output.quiet)
        return;
    if (!p->terminal) {
        if (rog_fleet_job_is_over(job) || job->state == ROG_FLEET_RUNNING)
            print_line(job);
        return;
    }
    p->drawn_s = 0;
    if (p->shows_all || (job->state != ROG_FLEET_FAILED && job->state != ROG_FLEET_STOPPED))
        return;
    char *above =
        rog_format("%s: %s after %.0f s%s%s\n", job->label, rog_fleet_state_name(job->state),
                   job->t, job->error[0] ? ": " : "", job->error);
    if (above)
        put_above(p, above);
    free(above);
}

static void on_start_model(void *user, const char *model, double done)
{
    struct rog_progress *p = user;
    double now = rog_clock_s();
    bool first = p->model_s == 0;
    if (p->output.quiet || (!first && now - p->model_s < (p->terminal ? REDRAW_S : PLAIN_S)))
        return;
    p->model_s = now;
    char *text =
        isnan(done)
            ? rog_format("waiting for the starting model %s, which another process is training\n",
                         model)
            : rog_format("training the starting model %s: %.0f%%\n", model, 100 * done);
    if (!text)
        return;
    if (p->terminal)
        put(p, NULL, rog_wrapped(text, 0));
    else
        fputs(text, stderr);
    free(text);
}

static void on_say(void *user, const struct rog_fleet_job *job, const char *text)
{
    struct rog_progress *p = user;
    if (p->output.quiet)
        return;
    char *label = job ? rog_label_clean(job->label, MOST_LABEL_COLUMNS) : NULL;
    char *line = rog_format("%s%s%s\n", label ? label : "", label ? ": " : "", text);
    if (line)
        rog_progress_print(p, line); /* the message may contain text from hosts */
    free(line);
    free(label);
}

void rog_progress_print(struct rog_progress *progress, const char *text)
{
    if (progress->terminal)
        put_above(progress, text);
    else
        rog_write_harmless(stderr, text);
}

void rog_progress_init(struct rog_progress *progress, const struct rog_output *output)
{
    *progress = (struct rog_progress){
        .output = *output,
        .terminal = rog_screen_of(STDERR_FILENO).moves,
        .drawn_s = rog_clock_s(),
        .curves = rog_curves_new(),
    };
}

void rog_progress_release(struct rog_progress *progress)
{
    free(progress->shown);
    rog_curves_free(progress->curves);
    progress->curves = NULL;
}

struct rog_fleet_observer rog_progress_observer(struct rog_progress *progress)
{
    return (struct rog_fleet_observer){
        .user = progress,
        .progress = on_progress,
        .changed = on_changed,
        .start_model = on_start_model,
        .say = on_say,
    };
}
