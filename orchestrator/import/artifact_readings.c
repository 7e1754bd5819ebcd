/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the time series of a run of the published artifact: energy, bandwidth, accuracy. */
#include <orchestrator/import/artifact_logs.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orchestrator/import/readings.h>

#define TWICE "the same as the row before"
#define JOULES_MAX 1e15 /* limit that keeps differences and sums precise */
#define MBPS_MAX 1e6    /* 1 Tbit/s, more than any network of such hosts */
#define WATTS_MAX 1e5   /* of a host */
#define RUN_MAX_S (30 * 86400.0)

/* ---- energy and bandwidth: rows with times on the host's clock ---- */

/* Beginnings of messages of the programs that write a log; other lines are rows, or damaged
 * rows. */
static const char *const energy_messages[] = {
    "failed to initialize", "Open source file", "power api", "Loaded ", "started", NULL};
static const char *const bandwidth_messages[] = {
    "Stop for ", "Error: ", "RTNETLINK answers", "Cannot find device", "wnic_name ", NULL};

static bool is_message(const char *const *messages, const char *text)
{
    const char *rest;
    while (*messages && !rog_log_begins(text, *messages, &rest))
        messages++;
    return *messages;
}

/* How the rows of a log are converted to a series. */
struct kind {
    const char *rows;
    /* a sum that only grows, starting anywhere; otherwise a level, which is valid until the next
     * row */
    bool is_sum;
    const char *const *messages;
    /* Reads the value of a row. 1: done; 0: not a row; -1: a damaged row. */
    int (*read)(const char *text, bool ended, double *value);
};

/* Reads "energy (J): TOTAL 49945.457 CPU_GPU_CV 24091.725 SOC 9991.955 "; it is complete if the
 * total is followed by more text. */
static int read_energy(const char *text, bool ended, double *joules)
{
    const char *rest;
    if (!rog_log_begins(text, "energy (J)", &text))
        return ended && is_message(energy_messages, text) ? 0 : -1;
    bool good = rog_log_begins(text, ": TOTAL ", &text) && rog_log_number(text, joules, &rest) &&
                (*rest == ' ' || (*rest == '\0' && ended)) && *joules >= 0 && *joules <= JOULES_MAX;
    return good ? 1 : -1;
}

/* Reads a rate, "7.5". Any line with a time is one. */
static int read_bandwidth(const char *text, bool ended, double *mbps)
{
    const char *rest;
    (void)ended;
    return rog_log_number(text, mbps, &rest) && *rest == '\0' && *mbps >= 0 && *mbps <= MBPS_MAX
               ? 1
               : -1;
}

static const struct kind energy = {"readings", true, energy_messages, read_energy},
                         bandwidth = {"rates", false, bandwidth_messages, read_bandwidth};

/* Returns why times of a rank's host cannot be converted to times since the run's start; NULL: they
 * can. */
static const char *no_start(const struct rog_artifact *run, int64_t rank, double *started_s)
{
    const struct rog_artifact_worker *worker = rank ? &run->worker[rank - 1] : NULL;
    *started_s = worker ? worker->started_s : run->server_started_s;
    if (!isnan(*started_s))
        return NULL;
    if (!worker)
        return run->has_server_log ? "the server's clock cannot be aligned: its log has no times"
                                   : "the server's clock cannot be aligned: its log is missing";
    return worker->has_log
               ? "its host's clock cannot be aligned: the worker's log does not say when it started"
               : "its host's clock cannot be aligned: the worker's log is missing or empty";
}

/* Returns the value at the start: for a level, the last one before it; for a sum, interpolated. */
static double at_start(const struct kind *kind, const struct rog_reading *before,
                       const struct rog_reading *after)
{
    if (!kind->is_sum || !after)
        return before->value;
    return before->value + (after->value - before->value) * -before->t / (after->t - before->t);
}

static void add_point(struct rog_artifact_series *series, double t, double value)
{
    series->point[series->count++] = (struct rog_artifact_point){t, value};
}

/* Returns whether a sum grows faster than any host's power. At either end of a log, this is the
 * only way to recognize a wrong row, because there is no neighbour on one side. */
static bool jumps(const struct rog_reading *one, const struct rog_reading *two)
{
    return two->value - one->value > WATTS_MAX * fmax(two->t - one->t, 1);
}

/* Leaves out rows of a sum that decrease. The longest growing sequence is kept, so that a wrong row
 * does not affect others. */
static int leave_out_falls(struct rog_readings *rows, struct rog_account *account,
                           struct rog_error *err)
{
    bool *kept = calloc(rows->count + 1, sizeof *kept);
    size_t count = 0, first = 0, last = rows->count;
    if (!kept || rog_readings_growing(rows, kept) < 0) {
        free(kept);
        return rog_fail_nomem(err);
    }
    for (size_t i = 0; i < rows->count; i++) {
        const struct rog_reading *row = &rows->item[i];
        if (kept[i])
            rows->item[count++] = *row;
        else
            rog_account_refuse(account,
                               count && row->value < rows->item[count - 1].value
                                   ? "less than readings before it"
                                   : "more than readings after it",
                               row->line);
    }
    free(kept);
    for (last = count; last - first > 2 && jumps(&rows->item[last - 2], &rows->item[last - 1]);)
        rog_account_refuse(account, "far more than the reading before it", rows->item[--last].line);
    for (; last - first > 2 && jumps(&rows->item[first], &rows->item[first + 1]); first++)
        rog_account_refuse(account, "far less than the reading after it", rows->item[first].line);
    if (first)
        memmove(rows->item, rows->item + first, (last - first) * sizeof *rows->item);
    rows->count = last - first;
    return 0;
}

/* Converts sorted rows to a series. Rows before the start are replaced by one at the start, from
 * which a sum is counted. */
static int make_series(const struct kind *kind, struct rog_readings *rows,
                       struct rog_account *account, struct rog_artifact_series *series,
                       struct rog_error *err)
{
    const struct rog_reading *before = NULL, *last = NULL;
    int code = kind->is_sum ? leave_out_falls(rows, account, err) : 0;
    if (code < 0)
        return code;
    series->point = calloc(rows->count + 1, sizeof *series->point);
    if (!series->point)
        return rog_fail_nomem(err);
    for (size_t i = 0; i < rows->count; i++) {
        const struct rog_reading *row = &rows->item[i];
        if (last && row->t == last->t && row->value == last->value) {
            rog_account_refuse(account, TWICE, row->line);
        } else {
            if (row->t < 0 && before)
                rog_account_refuse(account, ROG_BEFORE_START, before->line);
            if (row->t >= 0 && before && series->count == 0)
                add_point(series, 0, at_start(kind, before, row));
            before = row->t < 0 ? row : before;
            if (row->t >= 0)
                add_point(series, row->t, row->value);
            last = row;
        }
    }
    if (before && series->count == 0)
        add_point(series, 0, before->value);
    for (size_t i = series->count; kind->is_sum && i-- > 0;)
        series->point[i].value -= series->point[0].value;
    account->stored = (int64_t)series->count;
    return 0;
}

static void note_empty(struct rog_artifact *run, const char *file, const struct kind *kind,
                       const char *says)
{
    if (says[0])
        rog_artifact_note(run, "%s has no %s; it says \"%.200s\"", file, kind->rows, says);
    else
        rog_artifact_note(run, "%s has no %s", file, kind->rows);
}

/* State of reading a log. */
struct reading {
    const struct kind *kind;
    double started_s;      /* start on the host's clock */
    const char *unaligned; /* why started_s is unknown; NULL: it is known */
    struct rog_account account;
    struct rog_readings rows;
    char says[256]; /* its last message */
};

static int take_line(struct reading *r, const struct rog_log *log, struct rog_error *err)
{
    struct rog_reading row = {.line = log->number};
    const char *text = log->line;
    double clock_s = 0;
    bool timed = rog_log_time(log->line, &clock_s, &text);
    bool other = log->length == 0 || is_message(r->kind->messages, log->line);
    int is_row = timed ? r->kind->read(text, log->ended, &row.value) : other ? 0 : -1;
    if (is_row == 0) {
        r->account.others += log->length > 0;
        if (log->length)
            snprintf(r->says, sizeof r->says, "%s", text);
        return 0;
    }
    row.t = clock_s - r->started_s;
    const char *refused = is_row < 0     ? (log->ended ? ROG_NOT_UNDERSTOOD : ROG_CUT_OFF)
                          : r->unaligned ? r->unaligned
                          : fabs(row.t) > RUN_MAX_S
                              ? "its date is over 30 days from the run's start"
                              : NULL;
    r->account.rows++;
    if (refused) {
        rog_account_refuse(&r->account, refused, log->number);
        return 0;
    }
    r->account.unended = !log->ended;
    return rog_readings_add(&r->rows, &row, err);
}

static int read_series(struct rog_artifact *run, const struct rog_artifact_file *file, int64_t rank,
                       const struct kind *kind, struct rog_artifact_series *series,
                       struct rog_error *err)
{
    struct rog_log log;
    struct reading r = {.kind = kind, .account = {.file = file->file, .row = kind->rows}};
    bool there;
    int code = rog_artifact_open(run, file, &log, &there, err);
    if (code < 0 || !there)
        return code;
    r.unaligned = no_start(run, rank, &r.started_s);
    while (code == 0 && rog_log_next(&log)) {
        r.account.lines = log.number;
        code = take_line(&r, &log, err);
    }
    rog_log_close(&log);
    r.account.sorted = rog_readings_sort(&r.rows);
    if (code == 0)
        code = make_series(kind, &r.rows, &r.account, series, err);
    rog_readings_release(&r.rows);
    if (code < 0)
        return code;
    if (r.account.rows == 0 && r.account.lines > 0)
        note_empty(run, file->file, kind, r.says);
    rog_artifact_account(run, &r.account);
    return 0;
}

int rog_artifact_energy_log(struct rog_artifact *run, const struct rog_artifact_file *file,
                            int64_t rank, struct rog_error *err)
{
    return read_series(run, file, rank, &energy, &run->energy[rank], err);
}

int rog_artifact_bandwidth_log(struct rog_artifact *run, const struct rog_artifact_file *file,
                               int64_t rank, struct rog_error *err)
{
    return read_series(run, file, rank, &bandwidth, &run->bandwidth[rank], err);
}

/* ---- accuracy.csv ---- */

/* Reads "1080.05,146,57.1". Returns NULL if it is valid, otherwise why it cannot be stored. */
static const char *read_accuracy(const struct rog_log *log, struct rog_reading *row)
{
    const char *rest, *digits;
    double iteration = -1;
    bool good = rog_log_number(log->line, &row->t, &rest) && *rest == ',' && (digits = rest + 1) &&
                rog_log_number(digits, &iteration, &rest) && *rest == ',' &&
                strspn(digits, "0123456789") == (size_t)(rest - digits) && iteration < 1e15 &&
                rog_log_number(rest + 1, &row->value, &rest) && rest[strspn(rest, " \t")] == '\0';
    if (!good)
        return log->ended ? ROG_NOT_UNDERSTOOD : ROG_CUT_OFF;
    row->iteration = (int64_t)iteration;
    row->line = log->number;
    return row->t < 0                           ? "before the start"
           : row->value < 0 || row->value > 100 ? "not a percentage"
                                                : NULL;
}

static int make_checkpoints(struct rog_artifact *run, const struct rog_readings *rows,
                            struct rog_account *account, struct rog_error *err)
{
    const struct rog_reading *last = NULL;
    run->checkpoint = calloc(rows->count + 1, sizeof *run->checkpoint);
    if (!run->checkpoint)
        return rog_fail_nomem(err);
    for (size_t i = 0; i < rows->count; i++) {
        const struct rog_reading *row = &rows->item[i];
        if (last && row->t == last->t) {
            bool same = row->iteration == last->iteration && row->value == last->value;
            rog_account_refuse(account,
                               same ? TWICE : "a different accuracy at the time of the row before",
                               row->line);
            continue;
        }
        run->checkpoint[run->checkpoints++] =
            (struct rog_artifact_checkpoint){row->t, row->iteration, row->value};
        last = row;
    }
    account->stored = (int64_t)run->checkpoints;
    return 0;
}

/* Checks the header, which ends with the run's folder. */
static void look_at_header(struct rog_artifact *run, const char *line)
{
    const char *named = strstr(line, "/result/");
    if (named && !strstr(line, run->id))
        rog_artifact_note(run, "accuracy.csv names another folder: %.200s",
                          named + strlen("/result/"));
}

int rog_artifact_accuracy(struct rog_artifact *run, const struct rog_artifact_file *file,
                          int64_t rank, struct rog_error *err)
{
    struct rog_log log;
    struct rog_readings rows = {0};
    struct rog_account account = {.file = file->file, .row = "accuracies"};
    bool there, first = true;
    int code = rog_artifact_open(run, file, &log, &there, err);
    (void)rank;
    if (code < 0 || !there)
        return code;
    while (code == 0 && rog_log_next(&log)) {
        struct rog_reading row = {0};
        account.lines = log.number;
        if (log.line[strspn(log.line, " \t")] == '\0')
            continue;
        const char *refused = read_accuracy(&log, &row);
        bool header = first && rog_log_begins(log.line, "time", &(const char *){NULL});
        first = false;
        if (header) {
            look_at_header(run, log.line);
            continue;
        }
        account.rows++;
        if (refused) {
            rog_account_refuse(&account, refused, log.number);
            continue;
        }
        account.unended = !log.ended;
        code = rog_readings_add(&rows, &row, err);
    }
    rog_log_close(&log);
    account.sorted = rog_readings_sort(&rows);
    if (code == 0)
        code = make_checkpoints(run, &rows, &account, err);
    rog_readings_release(&rows);
    if (code == 0)
        rog_artifact_account(run, &account);
    return code;
}
