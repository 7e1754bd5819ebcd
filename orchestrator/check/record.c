/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what a run has recorded into memory. */
#include <orchestrator/check/record.h>

#include <math.h>
#include <stdlib.h>

#include <orchestrator/store/iterations.h>
#include <rog/events.h>

#define VIRTUAL_S 2e-5 /* times are recorded to the microsecond, and four of them are added */
#define REAL_S 0.5     /* clocks of several hosts, and what a system does between two steps */

static void *grow(void *array, size_t count, size_t bytes)
{
    if (count % 1024)
        return array;
    return realloc(array, (count + 1024) * bytes);
}

static int load_steps(struct rog_db *db, const char *run_id, struct rog_record *record,
                      struct rog_error *err)
{
    struct rog_query *query = NULL;
    struct rog_iteration row;
    int code = rog_iterations_query(&query, db, run_id, ROG_ABSENT, err);
    while (code == 0 && (code = rog_iterations_step(query, &row, err)) == 1) {
        struct rog_iteration *more = grow(record->step, record->steps, sizeof *more);
        code = more ? 0 : rog_fail_nomem(err);
        if (!more)
            break;
        record->step = more;
        more[record->steps++] = row;
    }
    rog_query_free(query);
    return code;
}

static int load_admits(struct rog_db *db, const char *run_id, struct rog_record *record,
                       struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err,
                             "SELECT t, rank, json_extract(data, '$.iteration'),"
                             " json_extract(data, '$.oldest'), json_extract(data, '$.needed'),"
                             " json_extract(data, '$.granted')"
                             " FROM events WHERE run_id = ? AND kind = '" ROG_EVENT_ADMIT "'"
                             " ORDER BY t, rowid",
                             "s", run_id);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        struct rog_admit *more = grow(record->admit, record->admits, sizeof *more);
        code = more ? 0 : rog_fail_nomem(err);
        if (!more)
            break;
        record->admit = more;
        more[record->admits++] = (struct rog_admit){
            .t = rog_query_real(query, 0),
            .rank = rog_query_int(query, 1),
            .iteration = rog_query_int(query, 2),
            .oldest = rog_query_int(query, 3),
            .needed = rog_query_int(query, 4),
            .granted = rog_query_int(query, 5),
        };
    }
    rog_query_free(query);
    return code;
}

/* Workers are those with iterations. */
static int make_workers(struct rog_record *record, struct rog_error *err)
{
    record->worker = calloc(record->steps + 1, sizeof *record->worker);
    if (!record->worker)
        return rog_fail_nomem(err);
    for (size_t i = 0; i < record->steps; i++) {
        struct rog_record_worker *worker = NULL;
        if (i == 0 || record->step[i].rank != record->step[i - 1].rank) {
            worker = &record->worker[record->workers++];
            *worker = (struct rog_record_worker){
                .rank = record->step[i].rank, .step = &record->step[i], .left_s = INFINITY};
        }
        record->worker[record->workers - 1].steps++;
    }
    for (size_t w = 0; w < record->workers; w++) {
        struct rog_record_worker *worker = &record->worker[w];
        worker->push = calloc(worker->steps + 1, sizeof *worker->push);
        if (!worker->push)
            return rog_fail_nomem(err);
        for (size_t i = 0; i < worker->steps; i++) {
            const struct rog_iteration *step = &worker->step[i];
            double arrived_s = step->t - step->pull_s - step->stall_s;
            worker->push[worker->pushes++] =
                (struct rog_push){arrived_s - step->push_s, arrived_s, step->iteration};
        }
    }
    return 0;
}

/* Who left when, and the pushes whose iteration the run's end cut off: the worker was stalled or
 * admitted, but its pull never came to an end. */
static int load_ends(struct rog_db *db, const char *run_id, struct rog_record *record,
                     struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(
        &query, db, err,
        "SELECT kind, rank, min(t), coalesce(json_extract(data, '$.iteration'), 0)"
        " FROM events WHERE run_id = ? AND kind IN ('" ROG_EVENT_ADMIT "', '" ROG_EVENT_STALL_BEGIN
        "', '" ROG_EVENT_LEAVE "', '" ROG_EVENT_END "') GROUP BY kind = '" ROG_EVENT_LEAVE
        "', kind = '" ROG_EVENT_END "', rank, json_extract(data, '$.iteration')",
        "s", run_id);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        code = 0;
        const char *kind = rog_query_text(query, 0);
        int64_t rank = rog_query_int(query, 1), iteration = rog_query_int(query, 3);
        double t = rog_query_real(query, 2);
        struct rog_record_worker *worker = NULL;
        for (size_t w = 0; w < record->workers; w++)
            if (record->worker[w].rank == rank)
                worker = &record->worker[w];
        if (kind[0] == 'e')
            record->ended = true;
        else if (worker && kind[0] == 'l')
            worker->left_s = t;
        else if (worker && worker->pushes == worker->steps && iteration > INT64_MIN &&
                 iteration - 1 == worker->step[worker->steps - 1].iteration)
            worker->push[worker->pushes++] =
                (struct rog_push){worker->step[worker->steps - 1].t, t, iteration};
    }
    rog_query_free(query);
    return code;
}

static int load_rows(struct rog_db *db, const char *run_id, struct rog_record *record,
                     struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err,
                             "SELECT coalesce(json_extract(data, '$.rows'), 0) FROM events"
                             " WHERE run_id = ? AND kind = '" ROG_EVENT_START "' LIMIT 1",
                             "s", run_id);
    if (code == 0)
        code = rog_query_step(query, err);
    if (code == 1)
        record->rows = rog_query_int(query, 0);
    rog_query_free(query);
    return code < 0 ? code : 0;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* A run of several processes has several streams. */
static int find_streams(struct rog_db *db, const char *run_id, struct rog_record *record,
                        struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err, "SELECT count(*) > 1 FROM streams WHERE run_id = ?",
                             "s", run_id);
    if (code == 0)
        code = rog_query_step(query, err);
    if (code == 1)
        record->real = rog_query_int(query, 0) != 0;
    rog_query_free(query);
    return code < 0 ? code : 0;
}

/* Virtual time is exact: half of all iterations have no gap then, and a gap is a contradiction. */
static int find_tolerance(struct rog_record *record, struct rog_error *err)
{
    record->tolerance_s = VIRTUAL_S;
    double *gaps = calloc(record->steps + 1, sizeof *gaps);
    size_t count = 0;
    if (!gaps)
        return rog_fail_nomem(err);
    for (size_t w = 0; w < record->workers; w++)
        for (size_t i = 0; i < record->worker[w].steps; i++) {
            double gap_s = fabs(rog_record_gap_s(&record->worker[w], i));
            if (!isnan(gap_s))
                gaps[count++] = gap_s;
        }
    qsort(gaps, count, sizeof *gaps, ascending);
    record->real |= count && gaps[count / 2] > VIRTUAL_S;
    if (record->real)
        record->tolerance_s = fmax(REAL_S, count ? 20 * gaps[count / 2] : 0);
    free(gaps);
    return 0;
}

int rog_record_load(struct rog_db *db, const char *run_id, struct rog_record *record,
                    struct rog_error *err)
{
    *record = (struct rog_record){0};
    int code = rog_run_row_load(db, run_id, &record->row, err);
    if (code == 0)
        code = load_steps(db, run_id, record, err);
    if (code == 0)
        code = load_admits(db, run_id, record, err);
    if (code == 0)
        code = make_workers(record, err);
    if (code == 0)
        code = load_ends(db, run_id, record, err);
    if (code == 0)
        code = load_rows(db, run_id, record, err);
    if (code == 0)
        code = find_streams(db, run_id, record, err);
    if (code == 0)
        code = find_tolerance(record, err);
    if (code < 0)
        rog_record_release(record);
    return code;
}

void rog_record_release(struct rog_record *record)
{
    for (size_t w = 0; w < record->workers; w++)
        free(record->worker[w].push);
    free(record->worker);
    free(record->step);
    free(record->admit);
    rog_run_row_release(&record->row);
    *record = (struct rog_record){0};
}

const struct rog_record_worker *rog_record_worker(const struct rog_record *record, int64_t rank)
{
    for (size_t w = 0; w < record->workers; w++)
        if (record->worker[w].rank == rank)
            return &record->worker[w];
    return NULL;
}

const struct rog_iteration *rog_record_step(const struct rog_record_worker *worker,
                                            int64_t iteration)
{
    size_t low = 0, high = worker->steps;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (worker->step[middle].iteration < iteration)
            low = middle + 1;
        else
            high = middle;
    }
    return low < worker->steps && worker->step[low].iteration == iteration ? &worker->step[low]
                                                                           : NULL;
}

static int64_t latest(const struct rog_record_worker *worker, double t, bool begun)
{
    size_t low = 0, high = worker->pushes;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct rog_push *push = &worker->push[middle];
        if ((begun ? push->began_s : push->arrived_s) <= t)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? worker->push[low - 1].iteration : 0;
}

int64_t rog_record_arrived(const struct rog_record_worker *worker, double t)
{
    return latest(worker, t, false);
}

int64_t rog_record_begun(const struct rog_record_worker *worker, double t)
{
    return latest(worker, t, true);
}

double rog_record_gap_s(const struct rog_record_worker *worker, size_t index)
{
    const struct rog_iteration *step = &worker->step[index];
    double began_s = index ? worker->step[index - 1].t : 0;
    double slept_s = isnan(step->padding_s) ? 0 : step->padding_s;
    return step->t - began_s -
           (step->compute_s + slept_s + step->push_s + step->stall_s + step->pull_s);
}
