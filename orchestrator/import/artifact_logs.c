/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the log files of a run of the published artifact. */
#include <orchestrator/import/artifact_logs.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/import/logfile.h>

#define NOT_SAID ((double)NAN)

static void *grow(void *array, size_t count, size_t bytes)
{
    return count % 1024 ? array : realloc(array, (count + 1024) * bytes);
}

/* The file's name for notes: what follows the run's folder. */
static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Opens a log; a missing one is noted and gives 0 with *there false. */
static int open_log(struct rog_artifact *run, const char *path, struct rog_log *lines, bool *there,
                    struct rog_error *err)
{
    int code = rog_log_open(lines, path, false, err);
    *there = code == 0;
    if (code != ROG_ENOTFOUND)
        return code;
    rog_artifact_note(run, "%s is missing", name_of(path));
    return 0;
}

/* ---- a worker's log ---- */

static const struct rog_artifact_iteration nothing = {
    .t = NOT_SAID,
    .computation_s = NOT_SAID,
    .gpu_s = NOT_SAID,
    .sleep_s = NOT_SAID,
    .padding_s = NOT_SAID,
    .compress_s = NOT_SAID,
    .decompress_s = NOT_SAID,
    .communication_s = NOT_SAID,
    .push_s = NOT_SAID,
    .pull_s = NOT_SAID,
    .sent_s = NOT_SAID,
    .push_rate = NOT_SAID,
    .pull_rate = NOT_SAID,
    .bytes_pushed = NOT_SAID,
    .bytes_pulled = NOT_SAID,
    .loss = NOT_SAID,
    .stall_s = NOT_SAID,
};

/* Times of an iteration on the host's clock, and what a worker sleeps. */
struct moments {
    double began_s;  /* the one before ended, or the worker started */
    double pushes_s; /* computing and sleeping are over; of BSP and SSP also compressing */
    double pulled_s; /* of BSP and SSP not decompressed yet */
    double ended_s;
    bool apart;   /* compressing and decompressing are not between pushes_s and pulled_s */
    bool twice;   /* "Start sleep.": it sleeps at the end and then before the next push again */
    double owe_s; /* to be slept before the push, by the pull of the iteration before */
};

/* The server tells each worker with its pull for how long to sleep. BSP and SSP (DEFSGDM's
 * Local_Worker.train) sleep so long before the next push; in their first iterations they also do so
 * at once, as the recorded version of ROG always does, between its pull and the line "Iteration".
 * What was slept is what there was time for; compressing is logged as a mean, so that times are
 * uncertain. */
static void add_padding(struct rog_artifact_iteration *now, struct moments *at)
{
    double before_s = at->pushes_s - at->began_s - now->computation_s;
    double after_s = at->ended_s - at->pulled_s, sleep_s = fmax(now->sleep_s, 0);
    if (at->apart)
        before_s -= now->compress_s;
    double owed_s = before_s >= at->owe_s / 2 ? at->owe_s : 0;
    bool at_once = at->twice || (!at->apart && after_s >= sleep_s / 2);
    if (!isnan(before_s) && !isnan(after_s) && !isnan(now->sleep_s))
        now->padding_s = owed_s + (at_once ? sleep_s : 0);
    at->owe_s = at_once && !at->twice ? 0 : sleep_s;
}

/* What a line without a time says: how many bytes of a message went through. */
static void read_bytes(const char *line, struct rog_artifact_iteration *now)
{
    const char *sent = strstr(line, "Finally transmitted ");
    const char *got = strstr(line, "recv with timeout Finally ");
    const char *number = got ? strstr(got, "transmitted ") : NULL;
    if (sent)
        now->bytes_pushed = strtod(sent + strlen("Finally transmitted "), NULL);
    else if (number)
        now->bytes_pulled = strtod(number + strlen("transmitted "), NULL);
}

/* Lines "NAME NUMBER" and where the number goes. A name that is the beginning of another stands
 * behind it. */
static const struct {
    const char *name;
    size_t field;
    bool first; /* of an iteration counts: later ones answer the server's requests */
} numbers[] = {
    {"push transmission rate ", offsetof(struct rog_artifact_iteration, push_rate), true},
    {"pull transmission rate ", offsetof(struct rog_artifact_iteration, pull_rate), false},
    {"push ", offsetof(struct rog_artifact_iteration, push_s), false},
    {"pull ", offsetof(struct rog_artifact_iteration, pull_s), false},
    {"GPU running time: ", offsetof(struct rog_artifact_iteration, gpu_s), false},
};

static void read_number(const char *text, struct rog_artifact_iteration *now)
{
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const char *rest;
        char *end;
        if (!rog_log_begins(text, numbers[i].name, &rest))
            continue;
        double value = strtod(rest, &end);
        double *field = (double *)(void *)((char *)now + numbers[i].field);
        if (end != rest && (*end == '\0' || *end == ';') && (!numbers[i].first || isnan(*field)))
            *field = value;
        return;
    }
}

/* One line with a time. True when it was the last of an iteration. */
static bool read_line(double clock_s, const char *text, struct rog_artifact_worker *worker,
                      struct rog_artifact_iteration *now, struct moments *at)
{
    const char *rest;
    long long iteration, server_rank;
    if (rog_log_begins(text, "Worker started", &rest) && isnan(worker->started_s)) {
        worker->started_s = at->began_s = clock_s;
    } else if (rog_log_begins(text, "rows number: ", &rest)) {
        worker->rows = strtoll(rest, NULL, 10);
    } else if (rog_log_begins(text, "Send size", &rest)) {
        at->pushes_s = clock_s;
        at->apart = true;
    } else if (rog_log_begins(text, "Recv size", &rest)) {
        now->sent_s = clock_s - at->pushes_s;
        at->pulled_s = clock_s;
    } else if (rog_log_begins(text, "start push update", &rest)) {
        at->pushes_s = clock_s;
    } else if (rog_log_begins(text, "ask complete", &rest)) {
        at->pulled_s = clock_s;
    } else if (rog_log_begins(text, "Start sleep", &rest)) {
        at->twice = true;
    } else if (rog_log_begins(text, "Iteration ", &rest) &&
               sscanf(rest, "%lld worker%lld", &iteration, &server_rank) == 2) {
        now->iteration = iteration;
        now->t = clock_s - worker->started_s;
        at->ended_s = clock_s;
        worker->server_rank = server_rank;
    } else if (rog_log_begins(text, "communication: ", &rest)) {
        sscanf(rest, "%lf; avg %*f; sum %*f compress: %lf decompress: %lf", &now->communication_s,
               &now->compress_s, &now->decompress_s);
    } else if (rog_log_begins(text, "computation: ", &rest)) {
        sscanf(rest, "%lf; avg %*f; sum %*f; sleep:%lf", &now->computation_s, &now->sleep_s);
    } else if (rog_log_begins(text, "loss: ", &rest)) {
        now->loss = strtod(rest, NULL);
        add_padding(now, at);
        return now->iteration > 0 && !isnan(now->t);
    } else {
        read_number(text, now);
    }
    return false;
}

int rog_artifact_worker_log(struct rog_artifact *run, const char *path,
                            struct rog_artifact_worker *worker, struct rog_error *err)
{
    struct rog_log lines;
    struct rog_artifact_iteration now = nothing;
    struct moments at = {NOT_SAID, NOT_SAID, NOT_SAID, NOT_SAID, false, false, 0};
    size_t left_out = 0;
    bool there;
    int code = open_log(run, path, &lines, &there, err);
    if (code < 0 || !there)
        return code;
    while (code == 0 && rog_log_next(&lines)) {
        double clock_s;
        const char *text;
        if (!rog_log_time(lines.line, &clock_s, &text)) {
            read_bytes(lines.line, &now);
            continue;
        }
        if (!read_line(clock_s, text, worker, &now, &at))
            continue;
        bool next = worker->count == 0 || now.iteration > worker->item[worker->count - 1].iteration;
        left_out += !next;
        void *more = next ? grow(worker->item, worker->count, sizeof *worker->item) : NULL;
        if (next && !more)
            code = rog_fail_nomem(err);
        if (more) {
            worker->item = more;
            worker->item[worker->count++] = now;
        }
        at = (struct moments){at.ended_s, NOT_SAID, NOT_SAID, NOT_SAID, false, false, at.owe_s};
        now = nothing;
    }
    if (isnan(worker->started_s))
        rog_artifact_note(run, "%s does not say when the worker started", name_of(path));
    else if (worker->count == 0)
        rog_artifact_note(run, "%s has no iterations", name_of(path));
    if (left_out)
        rog_artifact_note(run, "%s: %zu iterations that it names again are left out", name_of(path),
                          left_out);
    rog_log_close(&lines);
    return code;
}

/* ---- the server's log ---- */

/* "2, stall waiting, 14.76" (BSP, SSP) and "2 stall waiting 14.76" (ROG). */
static bool read_stall(const char *text, long long *server_rank, double *stall_s)
{
    char *end;
    *server_rank = strtoll(text, &end, 10);
    if (end == text)
        return false;
    const char *rest = end + (*end == ',');
    if (!rog_log_begins(rest, " stall waiting", &rest))
        return false;
    rest += *rest == ',';
    *stall_s = strtod(rest, &end);
    return end != rest && *end == '\0';
}

/* "IMPORTANT stall time avg:, [7.78, 7.68, 7.02, 7.14], 7.41, sum:, ...": the 7.41. */
static void read_average(const char *text, double *average_s)
{
    const char *rest, *list;
    char *end;
    if (!rog_log_begins(text, "IMPORTANT stall time avg:", &rest) || !(list = strchr(rest, ']')))
        return;
    list += strspn(list, "], ");
    double value = strtod(list, &end);
    if (end != list)
        *average_s = value;
}

int rog_artifact_server_log(struct rog_artifact *run, const char *path, struct rog_error *err)
{
    struct rog_log lines;
    bool there;
    int code = open_log(run, path, &lines, &there, err);
    if (code < 0 || !there)
        return code;
    size_t *given = calloc((size_t)run->workers + 1, sizeof *given);
    if (!given)
        code = rog_fail_nomem(err);
    while (code == 0 && rog_log_next(&lines)) {
        double clock_s, stall_s;
        const char *text;
        long long server_rank;
        if (!rog_log_time(lines.line, &clock_s, &text))
            continue;
        if (isnan(run->server_started_s))
            run->server_started_s = clock_s;
        read_average(text, &run->stall_average_s);
        if (!read_stall(text, &server_rank, &stall_s))
            continue;
        /* The k-th stall of a worker belongs to its k-th iteration. */
        for (int64_t w = 0; w < run->workers; w++) {
            struct rog_artifact_worker *worker = &run->worker[w];
            if (worker->server_rank != server_rank)
                continue;
            if (given[w] < worker->count)
                worker->item[given[w]].stall_s = stall_s;
            given[w]++;
        }
    }
    free(given);
    rog_log_close(&lines);
    return code;
}

/* ---- sensors, bandwidth, accuracies ---- */

static int add_point(struct rog_artifact_series *series, double t, double value,
                     struct rog_error *err)
{
    void *more = grow(series->point, series->count, sizeof *series->point);
    if (!more)
        return rog_fail_nomem(err);
    series->point = more;
    series->point[series->count++] = (struct rog_artifact_point){t, value};
    return 0;
}

/* What precedes the start becomes one value at the start: of a sum (energy) the value there, which
 * all others are then counted from; of a level (bandwidth) the last. */
static void begin_at_start(struct rog_artifact_series *series, bool is_sum)
{
    size_t first = 0;
    struct rog_artifact_point *point = series->point;
    while (first < series->count && point[first].t < 0)
        first++;
    if (first > 0) {
        struct rog_artifact_point before = point[first - 1];
        if (is_sum && first < series->count)
            before.value +=
                (point[first].value - before.value) * -before.t / (point[first].t - before.t);
        before.t = 0;
        memmove(point + 1, point + first, (series->count - first) * sizeof *point);
        point[0] = before;
        series->count -= first - 1;
    }
    for (size_t i = series->count; is_sum && i-- > 0;)
        point[i].value -= point[0].value;
}

int rog_artifact_energy_log(struct rog_artifact *run, const char *path, int64_t rank,
                            struct rog_error *err)
{
    struct rog_log lines;
    struct rog_artifact_series *series = &run->energy[rank];
    double started_s = rank ? run->worker[rank - 1].started_s : run->server_started_s;
    bool there;
    int code = open_log(run, path, &lines, &there, err);
    if (code < 0 || !there)
        return code;
    while (code == 0 && !isnan(started_s) && rog_log_next(&lines)) {
        double clock_s, joules;
        const char *text;
        if (rog_log_time(lines.line, &clock_s, &text) &&
            rog_log_begins(text, "energy (J): TOTAL ", &text) &&
            isfinite(joules = strtod(text, NULL)) &&
            (series->count == 0 || joules >= series->point[series->count - 1].value))
            code = add_point(series, clock_s - started_s, joules, err);
    }
    rog_log_close(&lines);
    begin_at_start(series, true);
    if (code == 0 && series->count == 0 && rank > 0)
        rog_artifact_note(run, "%s has no readings: that host has no power sensor", name_of(path));
    return code;
}

int rog_artifact_bandwidth_log(struct rog_artifact *run, const char *path, int64_t rank,
                               struct rog_error *err)
{
    struct rog_log lines;
    struct rog_artifact_series *series = &run->bandwidth[rank];
    double started_s = run->worker[rank - 1].started_s;
    bool there;
    int code = open_log(run, path, &lines, &there, err);
    if (code < 0 || !there)
        return code;
    while (code == 0 && !isnan(started_s) && rog_log_next(&lines)) {
        double clock_s;
        const char *text;
        char *end;
        if (!rog_log_time(lines.line, &clock_s, &text))
            continue;
        double mbps = strtod(text, &end);
        if (end != text && *end == '\0' && isfinite(mbps) && mbps >= 0)
            code = add_point(series, clock_s - started_s, mbps, err);
    }
    rog_log_close(&lines);
    begin_at_start(series, false);
    if (code == 0 && series->count == 0)
        rog_artifact_note(run, "%s has no bandwidth", name_of(path));
    return code;
}

int rog_artifact_accuracy(struct rog_artifact *run, const char *path, struct rog_error *err)
{
    struct rog_log lines;
    bool there;
    int code = open_log(run, path, &lines, &there, err);
    if (code < 0 || !there)
        return code;
    if (rog_log_next(&lines) && strstr(lines.line, "/result/") && !strstr(lines.line, run->id))
        rog_artifact_note(run, "accuracy.csv names another folder: %s",
                          strstr(lines.line, "/result/") + strlen("/result/"));
    while (code == 0 && rog_log_next(&lines)) {
        struct rog_artifact_checkpoint point;
        long long iteration;
        if (sscanf(lines.line, "%lf,%lld,%lf", &point.t, &iteration, &point.accuracy) != 3)
            continue;
        bool later = isfinite(point.t) &&
                     (run->checkpoints == 0 || point.t > run->checkpoint[run->checkpoints - 1].t);
        if (!later || !(point.accuracy >= 0 && point.accuracy <= 100)) {
            rog_artifact_note(run, "accuracy.csv: the line \"%.80s\" is left out", lines.line);
            continue;
        }
        void *more = grow(run->checkpoint, run->checkpoints, sizeof *run->checkpoint);
        if (!more) {
            code = rog_fail_nomem(err);
            break;
        }
        point.iteration = iteration;
        run->checkpoint = more;
        run->checkpoint[run->checkpoints++] = point;
    }
    rog_log_close(&lines);
    return code;
}
