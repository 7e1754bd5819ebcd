/* SPDX-License-Identifier: Apache-2.0 */
/* Checks that no worker exchanged more bytes than its link could carry, and that recorded readings
 * are plausible. */
#include <orchestrator/check/meters.h>

#include <math.h>
#include <stdlib.h>

#include <rog/events.h>

#define VIRTUAL_S 1e-3 /* runs with a better precision of time than this are virtual */

struct rate {
    double t, mbps, bytes; /* bytes that the link could carry by t */
};

static int load_rates(struct rog_db *db, const char *run_id, int64_t rank, struct rate **rates,
                      size_t *count, struct rog_error *err)
{
    struct rog_query *query = NULL;
    *rates = NULL;
    *count = 0;
    int code = rog_query_new(&query, db, err,
                             "SELECT t, mbps FROM bandwidth WHERE run_id = ? AND rank = ?"
                             " ORDER BY t",
                             "si", run_id, rank);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        code = 0;
        if (*count % 1024 == 0) {
            struct rate *more = realloc(*rates, (*count + 1024) * sizeof *more);
            if (!more) {
                code = rog_fail_nomem(err);
                break;
            }
            *rates = more;
        }
        struct rate *rate = &(*rates)[(*count)++];
        *rate = (struct rate){rog_query_real(query, 0), rog_query_real(query, 1), 0};
        if (*count > 1)
            rate->bytes = rate[-1].bytes + rate[-1].mbps * 1e6 / 8 * (rate->t - rate[-1].t);
    }
    rog_query_free(query);
    return code;
}

/* Compares the bytes sent in one direction up to each step with what the link could carry by then.
 * One message may be counted before it has arrived completely. */
static void check_direction(const struct rog_record_worker *worker, const struct rate *rates,
                            size_t count, bool push, struct rog_finding_list *list)
{
    double sent = 0, largest = 0;
    size_t at = 0;
    for (size_t i = 0; i < worker->steps; i++) {
        const struct rog_iteration *step = &worker->step[i];
        int64_t bytes = push ? step->bytes_pushed : step->bytes_pulled;
        int64_t rows = push ? step->rows_pushed : step->rows_pulled;
        if (bytes < 0)
            return;
        list->checked++;
        if (rows > 0 && bytes == 0)
            rog_finding_add(list, "rank %lld iteration %lld at %.6f s: %lld rows, but no bytes",
                            (long long)step->rank, (long long)step->iteration, step->t,
                            (long long)rows);
        sent += (double)bytes;
        largest = fmax(largest, (double)bytes);
        while (at + 1 < count && rates[at + 1].t <= step->t)
            at++;
        double through = rates[at].bytes + rates[at].mbps * 1e6 / 8 * (step->t - rates[at].t);
        if (sent > (through + largest) * (1 + 1e-6) + 1) {
            rog_finding_add(list,
                            "rank %lld iteration %lld at %.6f s: %.0f bytes %s so far, but the "
                            "link could carry only %.0f",
                            (long long)step->rank, (long long)step->iteration, step->t, sent,
                            push ? "pushed" : "pulled", through);
            return; /* all further steps would exceed it as well */
        }
    }
}

int rog_verify_bytes(struct rog_db *db, const struct rog_record *record,
                     struct rog_finding_list *list, struct rog_error *err)
{
    int code = 0;
    if (record->tolerance_s > VIRTUAL_S)
        return 0;
    for (size_t w = 0; w < record->workers && code == 0; w++) {
        const struct rog_record_worker *worker = &record->worker[w];
        struct rate *rates = NULL;
        size_t count;
        code = load_rates(db, record->row.id, worker->rank, &rates, &count, err);
        if (code == 0 && count > 0) {
            check_direction(worker, rates, count, true, list);
            check_direction(worker, rates, count, false, list);
        }
        free(rates);
    }
    return code;
}

/* For tests of the run: without a metric of its own, it is accuracy in percent. */
#define PERCENT                                                        \
    "coalesce(CASE WHEN json_valid(config) THEN json_extract(config, " \
    "'$.metric.unit') END, '%') = '%'"

/* For each kind of reading: a query for their number, and one for those (rank, t, before, value)
 * that are wrong; and whether a reading may be lower than the previous one after its process was
 * restarted. */
static const struct {
    const char *says, *count, *wrong;
    bool restarts;
} meters[] = {
    {"energy falls", "SELECT count(*) FROM energy WHERE run_id = ?1",
     "SELECT rank, t, before, joules, last FROM (SELECT rank, t, joules,"
     " lag(joules, 1, 0) OVER readings AS before, lag(t, 1, 0) OVER readings AS last"
     " FROM energy WHERE run_id = ?1 WINDOW readings AS (PARTITION BY rank, source"
     " ORDER BY t, rowid)) WHERE joules < before - 1e-6 ORDER BY t",
     true},
    {"no worker of the run has this rank",
     "SELECT count(DISTINCT rank) FROM energy WHERE run_id = ?1",
     "SELECT rank, min(t), 0, count(*) FROM (SELECT rank, t FROM energy WHERE run_id = ?1"
     " UNION ALL SELECT rank, t FROM bandwidth WHERE run_id = ?1) AS readings WHERE rank != 0"
     " AND rank NOT IN (SELECT json_extract(value, '$.rank') FROM runs,"
     " json_each(config, '$.workers') WHERE runs.id = ?1)"
     " AND EXISTS (SELECT 1 FROM runs WHERE id = ?1 AND json_array_length(config, '$.workers') > 0)"
     " GROUP BY rank",
     false},
    {"bandwidth is negative", "SELECT count(*) FROM bandwidth WHERE run_id = ?1",
     "SELECT rank, t, 0, mbps FROM bandwidth WHERE run_id = ?1 AND mbps < 0 ORDER BY t", false},
    {"the rows of its layers do not add up to those of the iteration",
     "SELECT count(*) FROM events WHERE run_id = ?1 AND kind = '" ROG_EVENT_ROWS "'",
     "WITH counts AS (SELECT rank, t, json_extract(data, '$.iteration') AS iteration,"
     " (SELECT sum(value) FROM json_each(data, '$.pushed')) AS pushed,"
     " (SELECT sum(value) FROM json_each(data, '$.pulled')) AS pulled"
     " FROM events WHERE run_id = ?1 AND kind = '" ROG_EVENT_ROWS "')"
     " SELECT c.rank, c.t, rows_pushed + rows_pulled, pushed + pulled FROM counts AS c"
     /* An iteration that was repeated after an interruption has the later one's row. */
     " JOIN iterations AS i ON i.run_id = ?1 AND i.rank = c.rank AND i.iteration = c.iteration"
     " AND abs(i.t - c.t) < 0.05"
     " WHERE pushed IS NOT rows_pushed OR pulled IS NOT rows_pulled ORDER BY c.t",
     false},
    {"the checkpoint's iteration falls", "SELECT count(*) FROM checkpoints WHERE run_id = ?1",
     "SELECT 0, t, before, iteration FROM (SELECT t, iteration,"
     " lag(iteration, 1, 0) OVER (ORDER BY t) AS before"
     " FROM checkpoints WHERE run_id = ?1) WHERE iteration < before ORDER BY t",
     false},
    {"the checkpoint's result is not a percentage",
     "SELECT count(accuracy) FROM checkpoints JOIN runs ON id = run_id"
     " WHERE run_id = ?1 AND " PERCENT,
     "SELECT 0, t, 0, accuracy FROM checkpoints JOIN runs ON id = run_id"
     " WHERE run_id = ?1 AND " PERCENT " AND (accuracy < 0 OR accuracy > 100) ORDER BY t",
     false},
};

int rog_verify_meters(struct rog_db *db, const struct rog_record *record,
                      struct rog_finding_list *list, struct rog_error *err)
{
    int code = 0;
    for (size_t i = 0; i < sizeof meters / sizeof *meters && code == 0; i++) {
        struct rog_query *query = NULL;
        code = rog_query_new(&query, db, err, meters[i].count, "s", record->row.id);
        if (code == 0)
            code = rog_query_step(query, err);
        if (code == 1)
            list->checked += (size_t)rog_query_int(query, 0);
        rog_query_free(query);
        if (code < 0)
            break;
        query = NULL;
        code = rog_query_new(&query, db, err, meters[i].wrong, "s", record->row.id);
        while (code == 0 && (code = rog_query_step(query, err)) == 1) {
            code = 0;
            if (meters[i].restarts &&
                rog_returns_restarted(&record->returns, rog_query_int(query, 0),
                                      rog_query_real(query, 4), rog_query_real(query, 1)))
                continue;
            rog_finding_add(list, "%s: rank %lld at %.6f s, from %.10g to %.10g", meters[i].says,
                            (long long)rog_query_int(query, 0), rog_query_real(query, 1),
                            rog_query_real(query, 2), rog_query_real(query, 3));
        }
        rog_query_free(query);
    }
    return code;
}
