/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the log of the published artifact's server. */
#include <orchestrator/import/artifact_logs.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* "2, stall waiting, 14.76" (BSP, SSP) and "2 stall waiting 14.76" (ROG). 1: that is it; 0: it is
 * something else; -1: it cannot be understood, *server_rank is -1 or said. */
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

/* "IMPORTANT stall time avg:, [7.78, 7.68, 7.02, 7.14], 7.41, sum:, ...": the 7.41. */
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

static int by_number(const void *key, const void *item)
{
    int64_t number = *(const int64_t *)key;
    int64_t other = ((const struct rog_artifact_iteration *)item)->iteration;
    return (number > other) - (number < other);
}

/* The k-th stall of a worker belongs to its iteration k. NULL where it is given, else why not. */
static const char *give(struct rog_artifact *run, int64_t server_rank, size_t *given,
                        double stall_s, bool understood)
{
    for (int64_t w = 0; w < run->workers; w++) {
        struct rog_artifact_worker *worker = &run->worker[w];
        if (worker->server_rank != server_rank)
            continue;
        int64_t number = (int64_t)++given[w];
        struct rog_artifact_iteration *item =
            worker->count
                ? bsearch(&number, worker->item, worker->count, sizeof *worker->item, by_number)
                : NULL;
        if (!understood)
            return ROG_NOT_UNDERSTOOD;
        if (!item)
            return "of an iteration that its worker's log does not have";
        item->stall_s = stall_s;
        return NULL;
    }
    return understood ? "of a worker whose log is missing or does not say its number"
                      : ROG_NOT_UNDERSTOOD;
}

/* One line. */
static void take_line(struct rog_artifact *run, const struct rog_log *log, size_t *given,
                      struct rog_account *account)
{
    double clock_s, stall_s = 0;
    int64_t server_rank = -1;
    const char *text, *refused = NULL;
    bool timed = rog_log_time(log->line, &clock_s, &text);
    if (timed && isnan(run->server_started_s))
        run->server_started_s = clock_s;
    if (timed)
        read_average(text, &run->stall_average_s);
    int is_row = timed ? read_stall(text, &server_rank, &stall_s) : rog_artifact_half_time(log);
    if (is_row == 0 && (log->ended || !timed))
        return;
    account->rows++;
    if (is_row == 0 || (is_row < 0 && !log->ended))
        refused = ROG_CUT_OFF;
    else
        refused = give(run, server_rank, given, stall_s, is_row > 0);
    if (refused) {
        rog_account_refuse(account, refused, log->number);
        return;
    }
    account->stored++;
    account->unended = !log->ended;
}

int rog_artifact_server_log(struct rog_artifact *run, const struct rog_artifact_file *file,
                            int64_t rank, struct rog_error *err)
{
    struct rog_log log;
    struct rog_account account = {.file = file->file, .row = "stalls"};
    int code = rog_artifact_open(run, file, &log, &run->has_server_log, err);
    (void)rank;
    if (code < 0 || !run->has_server_log)
        return code;
    size_t *given = calloc((size_t)run->workers + 1, sizeof *given);
    if (!given)
        code = rog_fail_nomem(err);
    while (code == 0 && rog_log_next(&log)) {
        account.lines = log.number;
        take_line(run, &log, given, &account);
    }
    free(given);
    rog_log_close(&log);
    if (code == 0)
        rog_artifact_account(run, &account);
    return code;
}
