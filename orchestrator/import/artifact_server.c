/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the server's log of the published artifact. */
#include <orchestrator/import/artifact_logs.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <orchestrator/import/artifact_stalls.h>

#define ROOM ((size_t)1024)

/* Reads "2, stall waiting, 14.76" (BSP, SSP) or "2 stall waiting 14.76" (ROG). 1: done; 0: another
 * line; -1: damaged, with *server_rank -1 or as read. */
static int read_stall(const char *text, int64_t *server_rank, double *stall_s)
{
    const char *rest;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 9)
        return 0;
    *server_rank = strtoll(text, NULL, 10);
    rest = text + digits + (text[digits] == ',');
    if (!rog_log_begins(rest, " stall waiting", &rest))
        return 0;
    rest += *rest == ',';
    rest += *rest == ' ';
    return rog_log_number(rest, stall_s, &rest) && *rest == '\0' && *stall_s >= 0 ? 1 : -1;
}

/* Reads "IMPORTANT stall time avg:, [7.78, 7.68, 7.02, 7.14], 7.41, sum:, ...": the 7.41. */
static void read_average(const char *text, double *average_s)
{
    const char *rest, *list;
    double value;
    if (!rog_log_begins(text, "IMPORTANT stall time avg:", &rest) || !(list = strchr(rest, ']')))
        return;
    list += strspn(list, "], ");
    if (rog_log_number(list, &value, &rest))
        *average_s = value;
}

/* Returns whether an incomplete line may be the beginning of a stall: it starts with the number of
 * a worker and agrees with the format of a stall up to its end. */
static bool may_be_stall(const char *text)
{
    static const char stall[] = " stall waiting";
    const char *rest = text + strspn(text, "0123456789");
    rest += *rest == ',';
    return *text == '\0' || (rest > text && strncmp(rest, stall, strlen(rest)) == 0);
}

static int by_number(const void *key, const void *item)
{
    int64_t number = *(const int64_t *)key;
    int64_t other = ((const struct rog_artifact_iteration *)item)->iteration;
    return (number > other) - (number < other);
}

/* Stalls of the workers, and of worker numbers that no worker's log contains. */
struct reading {
    struct rog_artifact *run;
    struct rog_artifact_stalls *stalls; /* [workers] */
    struct rog_account account;
};

static int keep(struct rog_artifact_stalls *stalls, const struct rog_artifact_stall *stall,
                struct rog_error *err)
{
    if (stalls->count % ROOM == 0) {
        void *more = realloc(stalls->item, (stalls->count + ROOM) * sizeof *stalls->item);
        if (!more)
            return rog_fail_nomem(err);
        stalls->item = more;
    }
    stalls->item[stalls->count++] = *stall;
    return 0;
}

/* Adds the stall to those of its worker; a damaged one keeps its place in the order. */
static int take_stall(struct reading *r, int64_t server_rank,
                      const struct rog_artifact_stall *stall, struct rog_error *err)
{
    int64_t found = -1;
    bool twice = false;
    for (int64_t w = 0; w < r->run->workers; w++) {
        if (r->run->worker[w].server_rank != server_rank)
            continue;
        twice = found >= 0;
        found = w;
    }
    if (found >= 0 && !twice)
        return keep(&r->stalls[found], stall, err);
    rog_account_refuse(&r->account,
                       !stall->understood ? ROG_NOT_UNDERSTOOD
                       : twice            ? "of a rank that occurs in two logs"
                               : "of a worker whose log is missing or does not contain its rank",
                       stall->line);
    return 0;
}

/* Reads a line. */
static int take_line(struct reading *r, const struct rog_log *log, struct rog_error *err)
{
    struct rog_artifact_stall stall = {.line = log->number};
    int64_t server_rank = -1;
    const char *text = log->line;
    bool timed = rog_log_time(log->line, &stall.clock_s, &text);
    if (timed && isnan(r->run->server_started_s))
        r->run->server_started_s = stall.clock_s;
    if (timed)
        read_average(text, &r->run->stall_average_s);
    int is_row =
        timed ? read_stall(text, &server_rank, &stall.stall_s) : rog_artifact_half_time(log);
    if (is_row == 0 && (log->ended || !timed || !may_be_stall(text)))
        return 0;
    r->account.rows++;
    if (is_row == 0 || (is_row < 0 && !log->ended)) {
        rog_account_refuse(&r->account, ROG_CUT_OFF, log->number);
        return 0;
    }
    stall.understood = is_row > 0;
    r->account.unended = !log->ended;
    return take_stall(r, server_rank, &stall, err);
}

/* Notes logs that are copies of each other under two names. */
static void note_twins(struct rog_artifact *run)
{
    for (int64_t a = 0; a < run->workers; a++)
        for (int64_t b = a + 1; b < run->workers && run->worker[a].server_rank >= 0; b++)
            if (run->worker[a].server_rank == run->worker[b].server_rank)
                rog_artifact_note(run,
                                  "the logs of workers %lld and %lld are both of the server's "
                                  "worker %lld",
                                  (long long)run->worker[a].rank, (long long)run->worker[b].rank,
                                  (long long)run->worker[a].server_rank);
}

/* Assigns the stalls of a worker to its iterations. */
static void assign(struct reading *r, int64_t w)
{
    struct rog_artifact_worker *worker = &r->run->worker[w];
    for (size_t i = 0; i < r->stalls[w].count; i++) {
        const struct rog_artifact_stall *stall = &r->stalls[w].item[i];
        struct rog_artifact_iteration *item =
            worker->count && stall->iteration
                ? bsearch(&stall->iteration, worker->item, worker->count, sizeof *worker->item,
                          by_number)
                : NULL;
        const char *refused = !stall->understood ? ROG_NOT_UNDERSTOOD
                              : !stall->iteration
                                  ? "of an iteration that cannot be identified by its time"
                              : !item ? "of an iteration that its worker's log does not have"
                                      : NULL;
        rog_account_settle(&r->account, refused, stall->line);
        if (!refused)
            item->stall_s = stall->stall_s;
    }
}

/* Notes stalls that match no iteration, and how they were treated. */
static void note_missing(const struct reading *r, const char *file, int64_t w, int64_t missing)
{
    const struct rog_artifact_stalls *stalls = &r->stalls[w];
    size_t untold = 0;
    for (size_t i = 0; i < stalls->count; i++)
        untold += stalls->item[i].iteration == 0;
    if (missing || untold)
        rog_artifact_note(r->run,
                          "%s: %zu stalls of worker %lld for %zu iterations: %lld missing in "
                          "between, %zu left out because their times match no iteration",
                          file, stalls->count, (long long)r->run->worker[w].rank,
                          r->run->worker[w].count, (long long)missing, untold);
}

static int give_all(struct reading *r, const char *file, struct rog_error *err)
{
    for (int64_t w = 0; w < r->run->workers; w++) {
        int64_t missing = rog_artifact_align(&r->run->worker[w], &r->stalls[w], err);
        if (missing < 0)
            return (int)missing;
        note_missing(r, file, w, missing);
        assign(r, w);
    }
    return 0;
}

int rog_artifact_server_log(struct rog_artifact *run, const struct rog_artifact_file *file,
                            int64_t rank, struct rog_error *err)
{
    struct rog_log log;
    struct reading r = {.run = run, .account = {.file = file->file, .row = "stalls"}};
    int code = rog_artifact_open(run, file, &log, &run->has_server_log, err);
    (void)rank;
    if (code < 0 || !run->has_server_log)
        return code;
    note_twins(run);
    r.stalls = calloc((size_t)run->workers, sizeof *r.stalls);
    if (!r.stalls)
        code = rog_fail_nomem(err);
    while (code == 0 && rog_log_next(&log)) {
        r.account.lines = log.number;
        code = take_line(&r, &log, err);
    }
    rog_log_close(&log);
    if (code == 0)
        code = give_all(&r, file->file, err);
    for (int64_t w = 0; w < run->workers && r.stalls; w++)
        free(r.stalls[w].item);
    free(r.stalls);
    if (code == 0)
        rog_artifact_account(run, &r.account);
    return code;
}
