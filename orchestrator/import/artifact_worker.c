/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a worker's log of the published artifact. */
#include <orchestrator/import/artifact_logs.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOT_SAID ((double)NAN)
#define NO_LOSS "without the line \"loss\", its last"
#define ROOM ((size_t)1024)
#define GAPS_NAMED 5

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

/* Times within an iteration on the host's clock, and the sleep to come. */
struct moments {
    double began_s;  /* end of the previous iteration, or start of the worker */
    double pushes_s; /* end of computing and sleeping; for BSP and SSP also of compressing */
    double pulled_s; /* for BSP and SSP before decompressing */
    double ended_s;
    bool apart;   /* compressing and decompressing are outside pushes_s and pulled_s */
    bool twice;   /* "Start sleep.": it sleeps at the end, and again before the next push */
    double owe_s; /* time to sleep before the push, from the previous iteration's pull */
};

/* Computes the time slept. The server tells each worker with its pull how long to sleep. Workers of
 * BSP and SSP (DEFSGDM's Local_Worker.train) sleep that long before the next push; in their first
 * iterations also at once. Workers of the recorded version of ROG always sleep at once, between the
 * pull and the line "Iteration". A sleep is assumed if there was enough time for it; the time of
 * compressing is only logged as a mean, so that times are uncertain. */
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

/* Reads a line without a time: how many bytes of a message were transmitted. */
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

/* Lines "NAME NUMBER" and where the number is stored. A name that is a prefix of another one must
 * follow it. */
static const struct {
    const char *name;
    size_t field;
    bool first; /* only the first in an iteration counts: later ones answer the server's requests */
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

struct reading {
    struct rog_artifact_worker *worker;
    struct rog_account account;
    struct rog_artifact_iteration now;
    struct moments at;
    bool named;    /* the line "Iteration" of `now` was read */
    size_t starts; /* number of lines "Worker started" */
};

/* Reads "12 worker0". */
static bool read_name(const char *text, struct rog_artifact_iteration *now, int64_t *server_rank)
{
    char number[32];
    size_t digits = strspn(text, "0123456789");
    const char *rest;
    snprintf(number, sizeof number, "%.*s", (int)(digits < 31 ? digits : 31), text);
    return digits < 31 && rog_text_integer(number, &now->iteration) && now->iteration > 0 &&
           rog_log_begins(text + digits, " worker", &rest) && rog_text_integer(rest, server_rank) &&
           *server_rank >= 0;
}

/* Rejects a row whose first line was read. */
static void refuse(struct reading *r, const char *reason)
{
    rog_account_refuse(&r->account, reason, r->now.line);
    r->named = false;
}

/* Reads the line "Iteration", with which a row is counted. */
static void take_name(struct reading *r, const struct rog_log *log, double clock_s,
                      const char *text)
{
    int64_t server_rank;
    if (r->named)
        refuse(r, NO_LOSS);
    r->account.rows++;
    r->now.line = log->number;
    r->named = read_name(text, &r->now, &server_rank);
    if (!r->named) {
        refuse(r, log->ended ? ROG_NOT_UNDERSTOOD : ROG_CUT_OFF);
        return;
    }
    r->now.t = clock_s - r->worker->started_s;
    r->at.ended_s = clock_s;
    r->worker->server_rank = server_rank;
}

/* Reads "3.96 loss avg: 3.96"; the loss may be nan. */
static bool read_loss(const char *text, bool ended, double *loss)
{
    const char *rest = text;
    if (!rog_log_number(text, loss, &rest)) {
        *loss = NOT_SAID;
        if (!rog_log_begins(text, "nan", &rest) && !rog_log_begins(text, "inf", &rest))
            return false;
    }
    return *rest == ' ' || (*rest == '\0' && ended);
}

static int keep(struct reading *r, struct rog_error *err)
{
    struct rog_artifact_worker *worker = r->worker;
    if (worker->count % ROOM == 0) {
        void *more = realloc(worker->item, (worker->count + ROOM) * sizeof *worker->item);
        if (!more)
            return rog_fail_nomem(err);
        worker->item = more;
    }
    worker->item[worker->count++] = r->now;
    return 0;
}

/* Reads the line "loss", the last of an iteration, which completes its row. */
static int take_loss(struct reading *r, const struct rog_log *log, const char *text,
                     struct rog_error *err)
{
    int code = 0;
    if (!r->named) {
        r->account.rows++;
        r->now.line = log->number;
        refuse(r, "without the line \"Iteration\"");
    } else if (!read_loss(text, log->ended, &r->now.loss)) {
        refuse(r, log->ended ? ROG_NOT_UNDERSTOOD : ROG_CUT_OFF);
    } else if (isnan(r->now.t)) {
        refuse(r, "before the line \"Worker started\"");
    } else if (r->now.t < 0) {
        refuse(r, "its time is before the worker's start");
    } else {
        add_padding(&r->now, &r->at);
        r->account.unended = !log->ended;
        code = keep(r, err);
    }
    r->at =
        (struct moments){r->at.ended_s, NOT_SAID, NOT_SAID, NOT_SAID, false, false, r->at.owe_s};
    r->now = nothing;
    r->named = false;
    return code;
}

static void known(double *value)
{
    if (!isfinite(*value))
        *value = NOT_SAID;
}

/* Handles the beginning of the next push; if the previous iteration is incomplete it is
 * rejected. */
static void begin_sending(struct reading *r, double clock_s)
{
    if (r->named) {
        refuse(r, NO_LOSS);
        r->now = nothing;
    }
    r->at.pushes_s = clock_s;
}

/* Reads a line about the worker before its first iteration, or a line within an iteration except
 * the first and the last. */
static void take_line(struct reading *r, double clock_s, const char *text)
{
    const char *rest;
    int64_t rows;
    struct rog_artifact_iteration *now = &r->now;
    if (rog_log_begins(text, "Worker started", &rest)) {
        if (r->starts++ == 0)
            r->worker->started_s = r->at.began_s = clock_s;
    } else if (rog_log_begins(text, "rows number: ", &rest)) {
        r->worker->rows = rog_text_integer(rest, &rows) && rows > 0 ? rows : r->worker->rows;
    } else if (rog_log_begins(text, "Send size", &rest)) {
        begin_sending(r, clock_s);
        r->at.apart = true;
    } else if (rog_log_begins(text, "Recv size", &rest)) {
        now->sent_s = clock_s - r->at.pushes_s;
        r->at.pulled_s = clock_s;
    } else if (rog_log_begins(text, "start push update", &rest)) {
        begin_sending(r, clock_s);
    } else if (rog_log_begins(text, "ask complete", &rest)) {
        r->at.pulled_s = clock_s;
    } else if (rog_log_begins(text, "Start sleep", &rest)) {
        r->at.twice = true;
    } else if (rog_log_begins(text, "communication: ", &rest)) {
        sscanf(rest, "%lf; avg %*f; sum %*f compress: %lf decompress: %lf", &now->communication_s,
               &now->compress_s, &now->decompress_s);
        known(&now->communication_s);
        known(&now->compress_s);
        known(&now->decompress_s);
    } else if (rog_log_begins(text, "computation: ", &rest)) {
        sscanf(rest, "%lf; avg %*f; sum %*f; sleep:%lf", &now->computation_s, &now->sleep_s);
        known(&now->computation_s);
        known(&now->sleep_s);
    } else {
        read_number(text, now);
    }
}

static int by_iteration(const void *a, const void *b)
{
    const struct rog_artifact_iteration *p = a, *q = b;
    if (p->iteration != q->iteration)
        return p->iteration < q->iteration ? -1 : 1;
    return (p->line > q->line) - (p->line < q->line);
}

/* Sorts iterations, and rejects duplicates. */
static void sort(struct reading *r)
{
    struct rog_artifact_worker *worker = r->worker;
    struct rog_artifact_iteration *item = worker->item;
    size_t kept = 0;
    for (size_t i = 1, last = 0; i < worker->count; i++) {
        r->account.sorted += item[i].iteration < item[last].iteration;
        last = item[i].iteration > item[last].iteration ? i : last;
    }
    if (worker->count)
        qsort(item, worker->count, sizeof *item, by_iteration);
    for (size_t i = 0; i < worker->count; i++) {
        if (kept && item[kept - 1].iteration == item[i].iteration)
            rog_account_refuse(&r->account, "an iteration that was already logged", item[i].line);
        else
            item[kept++] = item[i];
    }
    worker->count = kept;
    r->account.stored = (int64_t)kept;
}

/* Notes iterations that are missing before later ones. */
static void note_gaps(struct rog_artifact *run, const struct rog_artifact_worker *worker,
                      const char *file)
{
    int64_t last = 0;
    size_t gaps = 0;
    for (size_t i = 0; i < worker->count; i++) {
        int64_t next = worker->item[i].iteration, missing = next - last - 1;
        if (missing > 0 && gaps++ < GAPS_NAMED) {
            if (missing == 1)
                rog_artifact_note(run, "%s: iteration %lld is missing", file, (long long)last + 1);
            else
                rog_artifact_note(run, "%s: iterations %lld to %lld are missing", file,
                                  (long long)last + 1, (long long)next - 1);
        }
        last = next;
    }
    if (gaps > GAPS_NAMED)
        rog_artifact_note(run, "%s: %zu more gaps like these", file, gaps - GAPS_NAMED);
}

/* Notes what is unusual about the log as a whole. */
static void note_oddities(struct rog_artifact *run, const struct reading *r, const char *file)
{
    const struct rog_artifact_worker *worker = r->worker;
    size_t back = 0;
    if (r->account.lines == 0)
        return;
    note_gaps(run, worker, file);
    for (size_t i = 1; i < worker->count; i++)
        back += worker->item[i].t < worker->item[i - 1].t;
    if (r->starts == 0)
        rog_artifact_note(run, "%s does not say when the worker started", file);
    else if (worker->count == 0)
        rog_artifact_note(run, "%s has no iterations", file);
    if (r->starts > 1)
        rog_artifact_note(run, "%s contains %zu starts of the worker: times count from the first",
                          file, r->starts);
    if (back)
        rog_artifact_note(run, "%s: the clock went back %zu time%s", file, back,
                          back == 1 ? "" : "s");
}

int rog_artifact_worker_log(struct rog_artifact *run, const struct rog_artifact_file *file,
                            int64_t rank, struct rog_error *err)
{
    struct rog_log log;
    struct reading r = {
        .worker = &run->worker[rank - 1],
        .account = {.file = file->file, .row = "iterations"},
        .now = nothing,
        .at = {NOT_SAID, NOT_SAID, NOT_SAID, NOT_SAID, false, false, 0},
    };
    int code = rog_artifact_open(run, file, &log, &r.worker->has_log, err);
    if (code < 0 || !r.worker->has_log)
        return code;
    while (code == 0 && rog_log_next(&log)) {
        double clock_s;
        const char *text, *rest;
        r.account.lines = log.number;
        if (!rog_log_time(log.line, &clock_s, &text))
            read_bytes(log.line, &r.now);
        else if (rog_log_begins(text, "Iteration ", &rest))
            take_name(&r, &log, clock_s, rest);
        else if (rog_log_begins(text, "loss: ", &rest))
            code = take_loss(&r, &log, rest, err);
        else
            take_line(&r, clock_s, text);
    }
    rog_log_close(&log);
    if (code < 0)
        return code;
    if (r.named)
        refuse(&r, ROG_CUT_OFF);
    sort(&r);
    r.worker->has_log = r.account.lines > 0;
    note_oddities(run, &r, file->file);
    rog_artifact_account(run, &r.account);
    return 0;
}
