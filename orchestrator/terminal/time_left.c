/* SPDX-License-Identifier: Apache-2.0 */
/* Estimates the time left for runs, and for many runs that share slots. */
#include <orchestrator/terminal/time_left.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Share of a run that must be done before its rest is estimated. */
#define LEAST_SHARE 0.005
/* Share of a run that must be done before it is used to estimate others. */
#define JUDGED_SHARE 0.05

double rog_job_own_share(const struct rog_fleet_job *job)
{
    return job->t > job->from_t ? job->done * (job->t - job->from_t) / job->t : 0;
}

bool rog_job_begins(const struct rog_fleet_job *job)
{
    return job->real_time && job->state == ROG_FLEET_RUNNING && !job->resumed &&
           job->t <= job->from_t;
}

/* Returns whether the job waits for an unknown time: for hosts that are in use, or that do not
 * answer. */
static bool is_held_up(const struct rog_fleet_job *job)
{
    static const char words[] = "waiting for ";
    return job->queued ||
           (rog_job_begins(job) && strncmp(job->waiting, words, sizeof words - 1) == 0);
}

/* Estimates from the run's own clock: in real time, the duration of preparing hosts says nothing
 * about the rest, which is limited by the run's `seconds`. */
static double real_time_left_s(const struct rog_fleet_job *job)
{
    double seconds = rog_json_get_number(job->config, "seconds", 0);
    double left_s = seconds > 0 ? fmax(seconds - job->t, 0) : (double)NAN;
    if (rog_job_begins(job))
        return (double)NAN;
    if (job->done > LEAST_SHARE)
        left_s = fmin(left_s, job->t * fmax(1 - job->done, 0) / job->done);
    return left_s;
}

double rog_job_left_s(const struct rog_fleet_job *job)
{
    double share = rog_job_own_share(job);
    if (rog_fleet_job_is_over(job))
        return 0;
    if (job->state == ROG_FLEET_RUNNING && job->real_time)
        return real_time_left_s(job);
    if (job->state == ROG_FLEET_RUNNING && share > LEAST_SHARE)
        return job->wall_s * fmax(1 - job->done, 0) / share;
    return (double)NAN;
}

/* Returns the amount of work of a run, in an arbitrary unit. */
static double work_of(const struct rog_fleet_job *job)
{
    double seconds = rog_json_get_number(job->config, "seconds", 0);
    size_t workers = rog_json_size(rog_json_get(job->config, "workers"));
    return (seconds > 0 ? seconds : 1) * (double)(workers ? workers : 1);
}

/* Estimates the duration of a whole run; NaN: unknown. */
static double whole_s(const struct rog_fleet_job *job)
{
    double share = rog_job_own_share(job);
    if (job->resumed || job->by_other || job->wall_s <= 0)
        return (double)NAN;
    if (job->real_time && job->wall_s < job->t) /* another process has followed its beginning */
        return (double)NAN;
    if (job->state == ROG_FLEET_DONE)
        return job->from_t > 0 ? (double)NAN : job->wall_s;
    if (job->real_time && job->state == ROG_FLEET_RUNNING)
        return share > JUDGED_SHARE && job->from_t <= 0 ? job->wall_s + rog_job_left_s(job)
                                                        : (double)NAN;
    bool has_run = job->state == ROG_FLEET_RUNNING || job->state == ROG_FLEET_STOPPED;
    return has_run && share > JUDGED_SHARE ? job->wall_s / share : (double)NAN;
}

/* What the runs so far imply for the others. */
struct pace {
    double per_work; /* seconds per unit of work; NaN: unknown */
    double factor;   /* actual duration divided by the expected one */
};

static struct pace judge(const struct rog_fleet_job *jobs, size_t count)
{
    double took_s = 0, work = 0, took_expected_s = 0, expected_s = 0;
    for (size_t i = 0; i < count; i++) {
        double s = whole_s(&jobs[i]);
        if (isnan(s))
            continue;
        took_s += s;
        work += work_of(&jobs[i]);
        if (!isnan(jobs[i].expected_s)) {
            took_expected_s += s;
            expected_s += jobs[i].expected_s;
        }
    }
    return (struct pace){work > 0 ? took_s / work : (double)NAN,
                         expected_s > 0 ? took_expected_s / expected_s : 1};
}

static double expected_s(const struct rog_fleet_job *job, const struct pace *pace)
{
    return isnan(job->expected_s) ? pace->per_work * work_of(job) : pace->factor * job->expected_s;
}

/* Estimates the rest of a run that is being executed. For tests nothing is known except that they
 * are the end of a run. */
static double rest_s(const struct rog_fleet_job *job, const struct pace *pace)
{
    double left_s = rog_job_left_s(job), whole = expected_s(job, pace);
    double seconds = rog_json_get_number(job->config, "seconds", 0);
    if (!isnan(left_s))
        return left_s;
    if (is_held_up(job))
        return (double)NAN;
    if (rog_job_begins(job) && seconds > 0)
        /* The run itself has not started: all of its `seconds` are left, however long the
         * preparation has taken. */
        return fmax(whole - job->wall_s, isnan(whole) ? seconds : fmin(seconds, whole));
    if (isnan(whole))
        return job->state == ROG_FLEET_TESTING ? 0 : (double)NAN;
    return whole > job->wall_s ? whole - job->wall_s : 0;
}

double rog_jobs_left_s(const struct rog_fleet_job *jobs, size_t count, int slots)
{
    struct pace pace = judge(jobs, count);
    size_t used = slots > 0 && (size_t)slots < count ? (size_t)slots : count, next = 0;
    double *free_s = calloc(used + 1, sizeof *free_s), last_s = 0;
    if (!free_s)
        return (double)NAN;
    for (size_t i = 0; i < count; i++) { /* runs in progress, here or elsewhere */
        const struct rog_fleet_job *job = &jobs[i];
        bool active = job->state == ROG_FLEET_RUNNING || job->state == ROG_FLEET_TESTING;
        double s = active                              ? rest_s(job, &pace)
                   : job->state == ROG_FLEET_ELSEWHERE ? expected_s(job, &pace)
                                                       : 0;
        last_s = isnan(s) || isnan(last_s) ? (double)NAN : fmax(last_s, s);
        if (active && next < used)
            free_s[next++] = s;
    }
    for (size_t i = 0; i < count && !isnan(last_s); i++) { /* then waiting runs, one by one */
        size_t first = 0;
        if (jobs[i].state != ROG_FLEET_WAITING)
            continue;
        for (size_t k = 1; k < used; k++)
            first = free_s[k] < free_s[first] ? k : first;
        free_s[first] += expected_s(&jobs[i], &pace);
        last_s = isnan(free_s[first]) ? (double)NAN : fmax(last_s, free_s[first]);
    }
    free(free_s);
    return last_s;
}

const char *rog_time_left_text(double seconds, char text[ROG_TIME_LEFT_BYTES])
{
    long s = isnan(seconds) || seconds > 1e9 ? -1 : (long)seconds;
    if (s < 0)
        snprintf(text, ROG_TIME_LEFT_BYTES, "?");
    else if (s < 3600)
        snprintf(text, ROG_TIME_LEFT_BYTES, "%ld:%02ld", s / 60, s % 60);
    else
        snprintf(text, ROG_TIME_LEFT_BYTES, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    return text;
}

const char *rog_duration_text(double seconds, char text[ROG_TIME_LEFT_BYTES])
{
    const long s = isnan(seconds) || seconds > 1e12 ? -1 : seconds > 0 ? (long)seconds : 0;
    if (s < 0)
        snprintf(text, ROG_TIME_LEFT_BYTES, "?");
    else if (s < 60)
        snprintf(text, ROG_TIME_LEFT_BYTES, "%ld s", s);
    else if (s < 3600)
        snprintf(text, ROG_TIME_LEFT_BYTES, "%ld min", s / 60);
    else if (s < 48 * 3600)
        snprintf(text, ROG_TIME_LEFT_BYTES, "%ld h %ld min", s / 3600, s / 60 % 60);
    else
        snprintf(text, ROG_TIME_LEFT_BYTES, "%ld days", s / 86400);
    return text;
}
