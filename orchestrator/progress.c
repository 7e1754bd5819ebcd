/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of progress of runs, redrawn on a terminal. */
#include <orchestrator/progress.h>

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/metric.h>
#include <orchestrator/text/label.h>
#include <orchestrator/time_left.h>

#define REDRAW_S 0.2
#define PLAIN_S 10.0
#define DEFAULT_WIDTH 80
#define DEFAULT_HEIGHT 24
#define BRIEF_LABEL_COLUMNS 12
#define MOST_LABEL_COLUMNS 60
#define STATE_COLUMNS 10

/* A line in the making. */
struct line {
    char *text;
    size_t bytes, width;
    bool whole; /* every part fitted */
};

/* Adds a part when it fits into the rest of the line. */
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

/* A longer one is not cut, as its end may be what tells it from the others, while there is room for
 * it and the state. */
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
    if (!job->taken_up) { /* its events were read by another process */
        add_part(line, " %6.0f s", job->t);
        if (job->iteration > 0 || job->from_t <= 0) /* of one that goes on it is not known yet */
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
        add_part(line, job->taken_up ? "" : "  stall  - ");
    else
        add_part(line, "  stall %2.0f%%", 100 * job->stall_share);
    if (!brief && !job->real_time && job->wall_s > 0 && !job->taken_up &&
        (job->t > job->from_t || job->from_t <= 0))
        add_part(line, "  %3.0fx real time", (job->t - job->from_t) / job->wall_s);
    double left_s = rog_job_left_s(job);
    char left[ROG_TIME_LEFT_BYTES];
    /* One in real time whose time is over waits for something else (waiting). */
    bool is_over = job->real_time && left_s < 1;
    /* It took longer than this process has known of it. */
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

/* False where the line had to leave something out. */
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

static struct winsize screen(void)
{
    struct winsize size = {0};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
        size = (struct winsize){.ws_row = DEFAULT_HEIGHT, .ws_col = DEFAULT_WIDTH};
    return size;
}

/* Takes the lines of the last drawing off the screen. */
static void erase(struct rog_progress *p)
{
    if (p->drawn > 0)
        fprintf(stderr, "\033[%zuA\r\033[J", p->drawn);
    p->drawn = 0;
}

/* How many lines. */
static size_t print_line(const struct rog_progress *p, const struct rog_fleet_job *job)
{
    char line[512];
    size_t width = p->terminal ? screen().ws_col - 1u : sizeof line;
    const char *color = job->state == ROG_FLEET_DONE     ? "\033[32m"
                        : job->state == ROG_FLEET_FAILED ? "\033[31m"
                                                         : "";
    rog_progress_line(job, width, line, sizeof line);
    if (p->color && color[0])
        fprintf(stderr, "%s%s\033[0m\n", color, line);
    else
        fprintf(stderr, "%s\n", line);
    rog_progress_waiting(job, width, line, sizeof line);
    if (line[0])
        fprintf(stderr, "%s\n", line);
    return line[0] ? 2 : 1;
}

static bool is_active(const struct rog_fleet_job *job)
{
    return job->state == ROG_FLEET_RUNNING || job->state == ROG_FLEET_TESTING;
}

/* The active runs, as many as the screen holds, and how many there are of the others. */
static void draw(struct rog_progress *p, const struct rog_fleet_job *jobs, size_t count)
{
    size_t number[ROG_FLEET_STOPPED + 1] = {0}, room = screen().ws_row;
    erase(p);
    for (size_t i = 0; i < count; i++) {
        number[jobs[i].state]++;
        if (is_active(&jobs[i]) && p->drawn + 4 < room)
            p->drawn += print_line(p, &jobs[i]);
    }
    if (number[ROG_FLEET_DONE] + number[ROG_FLEET_FAILED] + number[ROG_FLEET_STOPPED] < count) {
        fprintf(stderr, "%zu of %zu runs done", number[ROG_FLEET_DONE] + p->done_before,
                count + p->done_before);
        if (number[ROG_FLEET_FAILED])
            fprintf(stderr, ", %zu failed", number[ROG_FLEET_FAILED]);
        if (number[ROG_FLEET_STOPPED])
            fprintf(stderr, ", %zu stopped", number[ROG_FLEET_STOPPED]);
        if (number[ROG_FLEET_ELSEWHERE])
            fprintf(stderr, ", %zu by another rogctl", number[ROG_FLEET_ELSEWHERE]);
        double left_s = rog_jobs_left_s(jobs, count, p->slots);
        char left[ROG_TIME_LEFT_BYTES];
        if (!isnan(left_s))
            fprintf(stderr, ", about %s left", rog_time_left_text(left_s, left));
        fputc('\n', stderr);
        p->drawn++;
    }
}

static void on_progress(void *user, const struct rog_fleet_job *jobs, size_t count)
{
    struct rog_progress *p = user;
    double now = rog_clock_s();
    if (p->output.quiet || p->changes_only || now - p->drawn_s < (p->terminal ? REDRAW_S : PLAIN_S))
        return;
    p->drawn_s = now;
    if (p->terminal) {
        draw(p, jobs, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (is_active(&jobs[i]))
            print_line(p, &jobs[i]);
}

static void on_changed(void *user, const struct rog_fleet_job *job)
{
    struct rog_progress *p = user;
    if (p->output.quiet)
        return;
    bool over = rog_fleet_job_is_over(job);
    if (p->terminal)
        erase(p);
    if (over || (!p->terminal && job->state == ROG_FLEET_RUNNING))
        print_line(p, job);
    p->drawn_s = p->terminal ? 0 : p->drawn_s;
}

static void on_start_model(void *user, const char *model, double done)
{
    struct rog_progress *p = user;
    double now = rog_clock_s();
    bool first = p->model_s == 0;
    if (p->output.quiet || (!first && now - p->model_s < (p->terminal ? REDRAW_S : PLAIN_S)))
        return;
    p->model_s = now;
    if (p->terminal)
        erase(p);
    if (isnan(done))
        fprintf(stderr, "waiting for the starting model %s, which another process trains\n", model);
    else
        fprintf(stderr, "training the starting model %s: %.0f%%\n", model, 100 * done);
    if (p->terminal)
        p->drawn = 1;
}

static void on_say(void *user, const struct rog_fleet_job *job, const char *text)
{
    struct rog_progress *p = user;
    if (p->output.quiet)
        return;
    if (p->terminal)
        erase(p);
    char *label = job ? rog_label_clean(job->label, MOST_LABEL_COLUMNS) : NULL;
    fprintf(stderr, "%s%s", label ? label : "", label ? ": " : "");
    rog_write_harmless(stderr, text); /* hosts' words may be in it */
    fputc('\n', stderr);
    free(label);
}

void rog_progress_print(struct rog_progress *progress, const char *text)
{
    if (progress->terminal)
        erase(progress);
    rog_write_harmless(stderr, text);
    progress->drawn_s = progress->terminal ? 0 : progress->drawn_s;
}

void rog_progress_init(struct rog_progress *progress, const struct rog_output *output)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    bool dumb = !term || strcmp(term, "dumb") == 0;
    *progress = (struct rog_progress){
        .output = *output,
        .terminal = isatty(STDERR_FILENO) && !dumb,
        .drawn_s = rog_clock_s(),
    };
    progress->color = progress->terminal && !(no_color && no_color[0]);
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
