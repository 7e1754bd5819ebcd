/* SPDX-License-Identifier: Apache-2.0 */
/* Writes an imported run into the tables. */
#include <orchestrator/import/import_run.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <common/file.h>
#include <common/hash.h>
#include <common/trace_name.h>
#include <orchestrator/store/imported.h>
#include <orchestrator/store/iterations.h>

#define READINGS_AT_ONCE ((size_t)64)

static double known(double value)
{
    return isnan(value) ? 0 : value;
}

/* Computes the seconds of push and pull as defined in the tables, where compressing belongs to the
 * push and decompressing to the pull for every strategy. ROG's logs do the same, the others' log it
 * separately. The logged pull includes the stall: it is unknown unless the server's log contains
 * the stall. */
static void split(const struct rog_artifact_iteration *item, double *push_s, double *pull_s)
{
    bool apart = isnan(item->push_s);
    *push_s = apart ? item->communication_s - item->sent_s + known(item->compress_s) : item->push_s;
    *pull_s = apart ? item->sent_s : item->pull_s;
    *pull_s = isnan(item->stall_s) ? (double)NAN : fmax(*pull_s - item->stall_s, 0);
    if (apart)
        *pull_s += known(item->decompress_s);
}

/* Returns a share of the model's rows, or a number of bytes, as stored in the tables. */
static int64_t whole(double value)
{
    return fabs(value) < 1e15 ? llround(value) : ROG_ABSENT;
}

static void make_row(const struct rog_artifact_worker *worker,
                     const struct rog_artifact_iteration *item, struct rog_iteration *row)
{
    rog_iteration_init(row);
    row->rank = worker->rank;
    row->iteration = item->iteration;
    row->t = item->t;
    row->compute_s = isnan(item->computation_s) ? item->gpu_s : item->computation_s;
    row->padding_s = item->padding_s;
    split(item, &row->push_s, &row->pull_s);
    row->stall_s = item->stall_s;
    row->rows_pushed = whole(item->push_rate * (double)worker->rows);
    row->rows_pulled = whole(item->pull_rate * (double)worker->rows);
    if (worker->rows)
        row->rows_total = worker->rows;
    row->bytes_pushed = whole(trunc(item->bytes_pushed));
    row->bytes_pulled = whole(trunc(item->bytes_pulled));
    row->loss = item->loss;
}

static int add_iterations(struct rog_db *db, const struct rog_artifact *run,
                          const struct rog_artifact_worker *worker, struct rog_error *err)
{
    struct rog_batch *batch = NULL;
    int code = rog_iterations_insert_new(&batch, db, err);
    for (size_t i = 0; i < worker->count && code == 0; i++) {
        struct rog_iteration row;
        make_row(worker, &worker->item[i], &row);
        code = rog_iterations_insert(batch, run->id, &row, err);
    }
    if (code == 0)
        code = rog_batch_flush(batch, err);
    rog_batch_free(batch);
    return code;
}

/* Returns the INSERT of `rows` readings (t, value) of one rank: ?1 run, ?2 rank. */
static char *series_sql(const char *table, const char *columns, size_t rows)
{
    char *sql = NULL;
    size_t size = 0;
    FILE *text = open_memstream(&sql, &size);
    if (!text)
        return NULL;
    fprintf(text, "INSERT INTO %s SELECT ?1, ?2, column1, column2%s FROM (VALUES ", table, columns);
    for (size_t i = 0; i < rows; i++)
        fprintf(text, "%s(?, ?)", i ? ", " : "");
    fputc(')', text);
    if (fclose(text) == 0)
        return sql;
    free(sql);
    return NULL;
}

/* Inserts readings, `at_once` per statement: executing a statement takes longer than inserting a
 * row. */
static int add_readings(struct rog_db *db, const struct rog_artifact *run, int64_t rank,
                        const struct rog_artifact_point *point, size_t count, size_t at_once,
                        const char *table, const char *columns, struct rog_error *err)
{
    _Static_assert(sizeof *point == 2 * sizeof(double), "readings are pairs of numbers");
    struct rog_query *query = NULL;
    if (count == 0)
        return 0;
    char *sql = series_sql(table, columns, at_once);
    int code = sql ? rog_query_new(&query, db, err, sql, NULL) : rog_fail_nomem(err);
    for (size_t i = 0; i + at_once <= count && code == 0; i += at_once) {
        code = rog_query_rebind(query, err, "siD", run->id, rank, 2 * at_once, &point[i].t);
        if (code == 0)
            code = rog_query_step(query, err);
    }
    rog_query_free(query);
    free(sql);
    return code;
}

/* Adds a series. columns: those after run, rank, t and value in the table. */
static int add_series(struct rog_db *db, const struct rog_artifact *run, int64_t rank,
                      const struct rog_artifact_series *series, const char *table,
                      const char *columns, struct rog_error *err)
{
    if (series->count == 0)
        return 0;
    size_t most = series->count - series->count % READINGS_AT_ONCE;
    int code =
        add_readings(db, run, rank, series->point, most, READINGS_AT_ONCE, table, columns, err);
    if (code == 0)
        code = add_readings(db, run, rank, series->point + most, series->count - most, 1, table,
                            columns, err);
    return code;
}

static int add_worker(struct rog_db *db, const struct rog_artifact *run,
                      const struct rog_artifact_worker *worker, struct rog_error *err)
{
    struct rog_json *facts = rog_json_object();
    rog_json_put_integer(facts, "server_rank", worker->server_rank);
    rog_json_put_integer(facts, "rows", worker->rows);
    char *text = rog_json_text(facts), host[32];
    rog_json_free(facts);
    if (!text)
        return rog_fail_nomem(err);
    snprintf(host, sizeof host, "worker %lld", (long long)worker->rank);
    int code = rog_db_run(db, err, "INSERT INTO workers VALUES (?, ?, ?, ?)", "siss", run->id,
                          worker->rank, host, text);
    free(text);
    if (code == 0)
        code = add_iterations(db, run, worker, err);
    if (code == 0)
        code = add_series(db, run, worker->rank, &run->energy[worker->rank], "energy", ", 'sensor'",
                          err);
    if (code == 0)
        code =
            add_series(db, run, worker->rank, &run->bandwidth[worker->rank], "bandwidth", "", err);
    return code;
}

/* Returns the means that the published table was made of, which cannot be computed from the tables:
 * its communication does not include compressing for BSP and SSP, and its stall is the server's own
 * last average. */
static struct rog_json *published_means(const struct rog_artifact *run)
{
    double computation_s = 0, exchange_s = 0;
    struct rog_json *means = rog_json_object();
    const struct rog_artifact_worker *worker = run->workers >= 3 ? &run->worker[2] : NULL;
    for (size_t i = 0; worker && i < worker->count; i++) {
        computation_s += worker->item[i].gpu_s;
        exchange_s += worker->item[i].communication_s;
    }
    double count = worker && worker->count ? (double)worker->count : (double)NAN;
    rog_json_put_number(means, "computation_s", computation_s / count);
    rog_json_put_number(means, "exchange_s", exchange_s / count);
    rog_json_put_number(means, "stall_s", run->stall_average_s);
    return means;
}

static int add_event(struct rog_db *db, const struct rog_artifact *run, const char *kind,
                     struct rog_json *data, struct rog_error *err)
{
    char *text = rog_json_text(data);
    rog_json_free(data);
    if (!text)
        return rog_fail_nomem(err);
    int code = rog_db_run(db, err,
                          "INSERT INTO events(run_id, rank, t, kind, data) VALUES (?, 0, 0, ?, ?)",
                          "sss", run->id, kind, text);
    free(text);
    return code;
}

static int add_checkpoints(struct rog_db *db, const struct rog_artifact *run, struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err,
                             "INSERT INTO checkpoints(run_id, t, iteration, path, accuracy)"
                             " VALUES (?, ?, ?, '', ?)",
                             NULL);
    for (size_t i = 0; i < run->checkpoints && code == 0; i++) {
        const struct rog_artifact_checkpoint *point = &run->checkpoint[i];
        code = rog_query_rebind(query, err, "sdid", run->id, point->t, point->iteration,
                                point->accuracy);
        if (code == 0)
            code = rog_query_step(query, err);
    }
    rog_query_free(query);
    return code < 0 ? code : 0;
}

static int add_row(struct rog_db *db, const struct rog_artifact *run, struct rog_error *err)
{
    char started[32] = "", hash[ROG_SHA256_HEX_BYTES];
    time_t clock = isnan(run->server_started_s) ? 0 : (time_t)run->server_started_s;
    struct tm utc;
    if (clock)
        strftime(started, sizeof started, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&clock, &utc));
    struct rog_json *config = rog_json_object();
    rog_json_put_string(config, "library", run->library);
    rog_json_put_integer(config, "threshold", run->threshold);
    rog_json_put_string(config, "control", run->control);
    rog_trace_fill_unlimited(config);
    rog_json_put_integer(config, "epochs", run->epochs);
    rog_json_put_string(config, "note", run->note);
    rog_json_put_integer(config, "workers", run->workers);
    rog_json_put_string(config, "imported_from", run->id);
    rog_json_put(config, "published_config", rog_json_copy(run->settings));
    char *text = rog_json_text_sorted(config);
    rog_json_free(config);
    if (!text)
        return rog_fail_nomem(err);
    rog_sha256(text, strlen(text), hash);
    int code =
        rog_db_run(db, err,
                   "INSERT INTO runs(id, library, threshold, control, batchsize, epochs,"
                   " note, seed, workload, cluster, status, attempt, started_at, config,"
                   " config_hash) VALUES (?, ?, ?, ?, 1, ?, ?, 0, '" ROG_IMPORTED "', 'imported',"
                   " 'done', 1, nullif(?, ''), ?, ?)",
                   "ssisissss", run->id, run->library, run->threshold, run->control, run->epochs,
                   run->note, started, text, hash);
    free(text);
    return code;
}

int rog_import_run(struct rog_db *db, const struct rog_artifact *run, struct rog_error *err)
{
    int code = add_row(db, run, err);
    for (int64_t i = 0; i < run->workers && code == 0; i++)
        code = add_worker(db, run, &run->worker[i], err);
    if (code == 0)
        code = add_series(db, run, 0, &run->energy[0], "energy", ", 'sensor'", err);
    if (code == 0)
        code = add_checkpoints(db, run, err);
    if (code == 0)
        code = add_event(db, run, "published-means", published_means(run), err);
    if (code == 0) {
        struct rog_json *data = rog_json_object();
        rog_json_put(data, "notes", rog_json_copy(run->notes));
        rog_json_put(data, "files", rog_json_copy(run->files));
        code = add_event(db, run, "import", data, err);
    }
    return code;
}
