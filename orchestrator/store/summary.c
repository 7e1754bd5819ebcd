/* SPDX-License-Identifier: Apache-2.0 */
/* Queries and aggregates what is recorded about runs and cases. */
#include <orchestrator/store/summary.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/meant.h>
#include <orchestrator/store/paths.h>
#include <orchestrator/store/replay.h>
#include <orchestrator/store/energy.h>
#include <orchestrator/store/setbacks.h>
#include <rog/iteration.h>

/* Returns a heap copy of a text column, NULL for NULL. Sets *code to ROG_ENOMEM if memory runs
 * out. */
static char *copy_text(const struct rog_query *query, int column, int *code)
{
    const char *text = rog_query_text(query, column);
    char *copy = rog_strdup(text);
    if (text && !copy)
        *code = ROG_ENOMEM;
    return copy;
}

void rog_names_release(struct rog_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->name[i]);
    free(names->name);
    *names = (struct rog_names){0};
}

static int names_add(struct rog_names *names, const char *text, struct rog_error *err)
{
    char **more = realloc(names->name, (names->count + 1) * sizeof *more);
    if (!more)
        return rog_fail_nomem(err);
    names->name = more;
    more[names->count] = rog_strdup(text);
    if (!more[names->count])
        return rog_fail_nomem(err);
    names->count++;
    return 0;
}

/* Fetches the first column of every row. Frees the query. */
static int names_fetch(struct rog_query *query, struct rog_names *names, struct rog_error *err)
{
    int code;
    while ((code = rog_query_step(query, err)) == 1) {
        code = names_add(names, rog_query_text(query, 0), err);
        if (code < 0)
            break;
    }
    rog_query_free(query);
    if (code < 0)
        rog_names_release(names);
    return code;
}

/* Writes "a, b, c" with at most `most` names, for messages. */
static void names_list(const struct rog_names *names, size_t most, char *text, size_t bytes)
{
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < names->count && i < most && at < bytes; i++)
        at += (size_t)snprintf(text + at, bytes - at, "%s%s", i ? ", " : "", names->name[i]);
    if (names->count > most && at < bytes)
        snprintf(text + at, bytes - at, " and %zu more", names->count - most);
}

/* Leaves the metric unchanged if the configuration cannot be read. */
static void metric_of(const char *config, struct rog_metric *metric)
{
    struct rog_json *json = NULL;
    if (config && rog_json_parse(config, strlen(config), "config", &json, NULL) < 0)
        json = NULL;
    rog_metric_read(json, metric, NULL);
    rog_json_free(json);
}

int rog_run_row_load(struct rog_db *db, const char *id, struct rog_run_row *row,
                     struct rog_error *err)
{
    *row = (struct rog_run_row){0};
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err,
                             "SELECT id, library, control, note, workload, cluster, status,"
                             " started_at, ended_at, error, config_hash, config, versions,"
                             " threshold, batchsize, epochs, seed, attempt,"
                             " (SELECT count(*) FROM streams WHERE run_id = id"
                             " AND name != '" ROG_STREAM_CONTROLLER "') = 1"
                             " FROM runs WHERE id = ?",
                             "s", id);
    if (code < 0)
        return code;
    code = rog_query_step(query, err);
    if (code == 0)
        code = rog_fail(err, ROG_ENOTFOUND, "no run %s in %s; `rogctl runs` lists them", id,
                        rog_db_path(db));
    if (code == 1) {
        char **texts[] = {&row->id,       &row->library, &row->control,     &row->note,
                          &row->workload, &row->cluster, &row->status,      &row->started_at,
                          &row->ended_at, &row->error,   &row->config_hash, &row->config,
                          &row->versions};
        int64_t *numbers[] = {&row->threshold, &row->batchsize, &row->epochs, &row->seed,
                              &row->attempt};
        int column = 0;
        code = 0;
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
            *texts[i] = copy_text(query, column++, &code);
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
            *numbers[i] = rog_query_int(query, column++);
        row->is_virtual = rog_query_int(query, column) != 0;
        metric_of(row->config, &row->metric);
        if (code < 0) {
            rog_run_row_release(row);
            rog_fail_nomem(err);
        }
    }
    rog_query_free(query);
    return code;
}

void rog_run_row_release(struct rog_run_row *row)
{
    char *texts[] = {row->id,          row->library, row->control,    row->note,     row->workload,
                     row->cluster,     row->status,  row->started_at, row->ended_at, row->error,
                     row->config_hash, row->config,  row->versions};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
    *row = (struct rog_run_row){0};
}

/* Returns the last part of a path, without slashes at the end. Heap memory. */
static char *last_part(const char *text)
{
    size_t end = strlen(text);
    while (end > 0 && text[end - 1] == '/')
        end--;
    size_t begin = end;
    while (begin > 0 && text[begin - 1] != '/')
        begin--;
    return rog_format("%.*s", (int)(end - begin), text + begin);
}

static int run_unknown(struct rog_db *db, const char *text, struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err, "SELECT 1 FROM cases WHERE name = ?", "s", text);
    int found = code == 0 ? rog_query_step(query, err) : code;
    rog_query_free(query);
    if (found < 0)
        return found;
    if (found)
        return rog_fail(err, ROG_ENOTFOUND,
                        "%s in %s is a case, not a run; `rogctl runs %s` lists its runs", text,
                        rog_db_path(db), text);
    struct rog_names runs = {0};
    char meant[ROG_MEANT_BYTES];
    code = rog_query_new(&query, db, err, "SELECT id FROM runs ORDER BY id", "");
    if (code == 0)
        code = names_fetch(query, &runs, err);
    if (code < 0)
        return code;
    rog_meant_name(text, runs.name, runs.count, true, meant);
    rog_names_release(&runs);
    return rog_fail(err, ROG_ENOTFOUND, "no run %s in %s%s; `rogctl runs` lists them", text,
                    rog_db_path(db), meant);
}

int rog_run_find(struct rog_db *db, const char *text, char **id, struct rog_error *err)
{
    *id = NULL;
    struct rog_names found = {0};
    struct rog_query *query = NULL;
    char *name = last_part(text);
    if (!name)
        return rog_fail_nomem(err);
    int code = rog_query_new(&query, db, err,
                             "SELECT id FROM runs WHERE substr(id, 1, length(?1)) = ?1"
                             " ORDER BY id != ?1, id",
                             "s", name);
    if (code == 0)
        code = names_fetch(query, &found, err);
    if (code == 0 && (found.count == 0 || name[0] == '\0')) {
        code = run_unknown(db, text, err);
    } else if (code == 0 && found.count > 1 && strcmp(found.name[0], name) != 0) {
        char list[512];
        names_list(&found, 8, list, sizeof list);
        code = rog_fail(err, ROG_EINVAL, "%s matches %zu runs: %s; give more of the name", text,
                        found.count, list);
    } else if (code == 0) {
        *id = rog_strdup(found.name[0]);
        if (!*id)
            code = rog_fail_nomem(err);
    }
    rog_names_release(&found);
    free(name);
    return code;
}

static int case_unknown(struct rog_db *db, const char *name, struct rog_error *err)
{
    struct rog_names cases = {0};
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err, "SELECT name FROM cases ORDER BY name", "");
    if (code == 0)
        code = names_fetch(query, &cases, err);
    if (code < 0)
        return code;
    char list[512], meant[ROG_MEANT_BYTES];
    names_list(&cases, 12, list, sizeof list);
    rog_meant_name(name, cases.name, cases.count, true, meant);
    code = rog_fail(err, ROG_ENOTFOUND, "no case %s in %s%s; there %s %s", name, rog_db_path(db),
                    meant, cases.count == 1 ? "is" : "are", cases.count ? list : "none");
    rog_names_release(&cases);
    return code;
}

int rog_case_row_load(struct rog_db *db, const char *name, struct rog_case_row *row,
                      struct rog_error *err)
{
    *row = (struct rog_case_row){0};
    struct rog_query *query = NULL;
    int code = rog_query_new(
        &query, db, err,
        "SELECT name, figure, created_at, target_accuracy, contender, baseline,"
        " options, (SELECT count(*) FROM case_runs WHERE case_runs.case_name = cases.name)"
        " FROM cases LEFT JOIN case_settings ON case_name = name WHERE name = ?",
        "s", name);
    if (code < 0)
        return code;
    code = rog_query_step(query, err);
    if (code == 1) {
        code = 0;
        row->name = copy_text(query, 0, &code);
        row->figure = copy_text(query, 1, &code);
        row->created_at = copy_text(query, 2, &code);
        row->target_accuracy = rog_query_real(query, 3);
        row->contender = copy_text(query, 4, &code);
        row->baseline = copy_text(query, 5, &code);
        row->runs = rog_query_int(query, 7);
        const char *options = rog_query_text(query, 6);
        if (!options ||
            rog_json_parse(options, strlen(options), "options", &row->options, NULL) != 0)
            row->options = rog_json_object();
        if (code < 0) {
            rog_case_row_release(row);
            rog_fail_nomem(err);
        }
    } else if (code == 0) {
        code = case_unknown(db, name, err);
    }
    rog_query_free(query);
    return code;
}

void rog_case_row_release(struct rog_case_row *row)
{
    free(row->name);
    free(row->figure);
    free(row->created_at);
    free(row->contender);
    free(row->baseline);
    rog_json_free(row->options);
    *row = (struct rog_case_row){0};
}

int rog_case_runs(struct rog_db *db, const char *name, struct rog_names *ids, struct rog_error *err)
{
    *ids = (struct rog_names){0};
    struct rog_case_row row;
    int code = rog_case_row_load(db, name, &row, err);
    rog_case_row_release(&row);
    if (code < 0)
        return code;
    struct rog_query *query = NULL;
    code = rog_query_new(&query, db, err,
                         "SELECT run_id FROM case_runs WHERE case_name = ?"
                         " ORDER BY position, run_id",
                         "s", name);
    return code < 0 ? code : names_fetch(query, ids, err);
}

int rog_composition_query(struct rog_db *db, const char *sql, const char *run_id,
                          struct rog_composition *composition, struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err, sql, "s", run_id);
    if (code == 0)
        code = rog_query_step(query, err);
    if (code == 1) {
        *composition = (struct rog_composition){
            .compute_s = rog_query_real(query, 0),
            .communication_s = rog_query_real(query, 1),
            .stall_s = rog_query_real(query, 2),
            .workers = rog_query_int(query, 3),
        };
        code = 0;
    }
    rog_query_free(query);
    return code;
}

static int64_t integer_or_absent(const struct rog_query *query, int column)
{
    return rog_query_is_null(query, column) ? ROG_ABSENT : rog_query_int(query, column);
}

/* Returns SQL for rog_totals_load: a row for each worker, then one for all; with `means` also the
 * mean of each column that is a series. Heap memory. */
static char *totals_sql(bool means)
{
    char *sql = NULL;
    size_t size = 0;
    FILE *text = open_memstream(&sql, &size);
    if (!text)
        return NULL;
    fputs("SELECT avg(compute), avg(communication), avg(stall), count(*),"
          " coalesce(max(last), 0), coalesce((SELECT max(t) FROM events"
          " WHERE run_id = ?1 AND kind = 'end'), max(until), 0), sum(sent), sum(received),"
          " 1.0 * sum(least) / sum(pushes),"
          " max(count(*), (SELECT count(*) FROM workers WHERE run_id = ?1 AND rank > 0))",
          text);
    for (const struct rog_iteration_column *c = rog_iteration_columns; means && c->name; c++)
        if (c->series)
            fprintf(text, ", avg(mean_%s)", c->name);
    fputs(" FROM (SELECT avg(compute_s) AS compute, avg(push_s + pull_s) AS communication,"
          " avg(stall_s) AS stall, max(iteration) AS last, max(t) AS until,"
          " sum(bytes_pushed) AS sent, sum(bytes_pulled) AS received,"
          " count(rows_pushed) AS pushes,"
          " sum(rows_pushed <= 1.05 * (SELECT min(rows_pushed) FROM iterations"
          " WHERE run_id = ?1 AND rank > 0)) AS least",
          text);
    for (const struct rog_iteration_column *c = rog_iteration_columns; means && c->name; c++)
        if (c->series)
            fprintf(text, ", avg(%s) AS mean_%s", c->name, c->name);
    fputs(" FROM iterations WHERE run_id = ?1 AND rank > 0 GROUP BY rank)", text);
    if (fclose(text) == 0)
        return sql;
    free(sql);
    return NULL;
}

static void take_totals(const struct rog_query *query, struct rog_totals *totals,
                        struct rog_json *means)
{
    *totals = (struct rog_totals){
        .composition = {.compute_s = rog_query_real(query, 0),
                        .communication_s = rog_query_real(query, 1),
                        .stall_s = rog_query_real(query, 2),
                        .workers = rog_query_int(query, 3)},
        .extent = {.iterations = rog_query_int(query, 4),
                   .seconds = rog_query_real(query, 5),
                   .bytes_pushed = integer_or_absent(query, 6),
                   .bytes_pulled = integer_or_absent(query, 7),
                   .least_pushes = rog_query_real(query, 8),
                   .workers = rog_query_int(query, 9)},
    };
    int at = 10;
    for (const struct rog_iteration_column *c = rog_iteration_columns; means && c->name; c++)
        if (c->series)
            rog_json_put_number(means, c->name, rog_query_real(query, at++));
}

int rog_totals_load(struct rog_db *db, const char *run_id, struct rog_totals *totals,
                    struct rog_json *means, struct rog_energy *energy, struct rog_error *err)
{
    struct rog_query *query = NULL;
    struct rog_energy own = {0};
    *totals = (struct rog_totals){0};
    char *sql = totals_sql(means);
    int code = sql ? rog_query_new(&query, db, err, sql, "s", run_id) : rog_fail_nomem(err);
    if (code == 0)
        code = rog_query_step(query, err);
    if (code == 1)
        take_totals(query, totals, means);
    rog_query_free(query);
    free(sql);
    if (code >= 0)
        code = rog_energy_load(db, run_id, &own, err);
    /* Meters may continue after the run has ended. */
    totals->extent.energy_j = rog_energy_at(&own, totals->extent.seconds);
    if (energy)
        *energy = own;
    else
        rog_energy_release(&own);
    return code;
}

int rog_accuracy_load(struct rog_db *db, const char *run_id, struct rog_accuracy *accuracy,
                      struct rog_error *err)
{
    *accuracy = (struct rog_accuracy){0};
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err,
                             "SELECT t, iteration, accuracy FROM checkpoints"
                             " WHERE run_id = ? AND accuracy IS NOT NULL ORDER BY t",
                             "s", run_id);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        void *more = realloc(accuracy->point, (accuracy->count + 1) * sizeof *accuracy->point);
        code = more ? 0 : rog_fail_nomem(err);
        if (!more)
            break;
        accuracy->point = more;
        accuracy->point[accuracy->count++] = (struct rog_accuracy_point){
            rog_query_real(query, 0), rog_query_int(query, 1), rog_query_real(query, 2)};
    }
    rog_query_free(query);
    if (code < 0)
        rog_accuracy_release(accuracy);
    return code;
}

void rog_accuracy_release(struct rog_accuracy *accuracy)
{
    free(accuracy->point);
    *accuracy = (struct rog_accuracy){0};
}

int rog_accuracy_roughness(const struct rog_accuracy *accuracy, bool less_is_better,
                           struct rog_roughness *rough, struct rog_error *err)
{
    double *t = calloc(2 * accuracy->count + 1, sizeof *t);
    if (!t)
        return rog_fail_nomem(err);
    double *value = t + accuracy->count;
    for (size_t i = 0; i < accuracy->count; i++) {
        t[i] = accuracy->point[i].t;
        value[i] = accuracy->point[i].percent;
    }
    const struct rog_line measured = {t, value, NULL, accuracy->count, less_is_better};
    *rough = rog_roughness_of(&measured);
    free(t);
    return 0;
}

static void put_bytes(struct rog_json *summary, const char *name, int64_t bytes)
{
    if (bytes == ROG_ABSENT)
        rog_json_put_number(summary, name, (double)NAN);
    else
        rog_json_put_integer(summary, name, bytes);
}

static void put_accuracy(struct rog_json *summary, const struct rog_accuracy *accuracy)
{
    struct rog_json *list = rog_json_array();
    for (size_t i = 0; i < accuracy->count; i++) {
        struct rog_json *point = rog_json_array();
        rog_json_append(point, rog_json_new_number(accuracy->point[i].t));
        rog_json_append(point, rog_json_new_integer(accuracy->point[i].iteration));
        rog_json_append(point, rog_json_new_number(accuracy->point[i].percent));
        rog_json_append(list, point);
    }
    rog_json_put(summary, "accuracy", list);
}

/* Adds the parameters of the strategy, if it has any. */
static void put_parameters(struct rog_json *summary, const char *text)
{
    struct rog_json *config = NULL;
    if (!text || rog_json_parse(text, strlen(text), "config", &config, NULL) != 0)
        return;
    const struct rog_json *parameters = rog_json_get(config, "parameters");
    if (parameters)
        rog_json_put(summary, "parameters", rog_json_copy(parameters));
    rog_json_free(config);
}

static int summarize(struct rog_db *db, const char *run_id, struct rog_json *means,
                     struct rog_json **summary, struct rog_error *err)
{
    struct rog_run_row row = {0};
    struct rog_totals totals;
    struct rog_accuracy accuracy = {0};
    struct rog_roughness rough;
    struct rog_replay replay;
    struct rog_setbacks setbacks;
    *summary = NULL;
    int code = rog_run_row_load(db, run_id, &row, err);
    if (code == 0)
        code = rog_totals_load(db, run_id, &totals, means, NULL, err);
    if (code == 0)
        code = rog_accuracy_load(db, run_id, &accuracy, err);
    if (code == 0)
        code = rog_accuracy_roughness(&accuracy, row.metric.less_is_better, &rough, err);
    if (code == 0)
        code = rog_replay_load(db, run_id, &replay, err);
    if (code == 0)
        code = rog_setbacks_load(db, run_id, &setbacks, err);
    if (code == 0) {
        struct rog_json *s = *summary = rog_json_object();
        rog_json_put_string(s, "id", row.id);
        rog_json_put_string(s, "library", row.library);
        rog_json_put_integer(s, "threshold", row.threshold);
        put_parameters(s, row.config);
        rog_json_put_string(s, "control", row.control);
        rog_json_put_integer(s, "batchsize", row.batchsize);
        rog_json_put_integer(s, "epochs", row.epochs);
        rog_json_put_string(s, "note", row.note);
        rog_json_put_integer(s, "seed", row.seed);
        rog_json_put_string(s, "workload", row.workload);
        rog_json_put_string(s, "cluster", row.cluster);
        rog_json_put_string(s, "status", row.status);
        rog_json_put_string(s, "error", row.error);
        rog_json_put_integer(s, "attempt", row.attempt);
        rog_json_put_string(s, "started_at", row.started_at);
        rog_json_put_string(s, "ended_at", row.ended_at);
        rog_json_put_integer(s, "workers", totals.extent.workers);
        rog_json_put_integer(s, "idle_workers", totals.extent.workers - totals.composition.workers);
        rog_json_put_integer(s, "iterations", totals.extent.iterations);
        rog_json_put_number(s, "seconds", totals.extent.seconds);
        rog_json_put_number(s, "compute_s", totals.composition.compute_s);
        rog_json_put_number(s, "communication_s", totals.composition.communication_s);
        rog_json_put_number(s, "stall_s", totals.composition.stall_s);
        rog_json_put(s, "metric", rog_metric_json(&row.metric));
        put_accuracy(s, &accuracy);
        rog_json_put_number(s, "roughness", rough.deviation);
        rog_json_put_number(s, "worst_drop", rough.worst_drop);
        rog_json_put_number(s, "worst_drop_s", rough.worst_at);
        rog_json_put_number(s, "energy_j", totals.extent.energy_j);
        put_bytes(s, "bytes_pushed", totals.extent.bytes_pushed);
        put_bytes(s, "bytes_pulled", totals.extent.bytes_pulled);
        rog_json_put_number(s, "least_pushes", totals.extent.least_pushes);
        rog_setbacks_put(&setbacks, s);
        if (replay.recorded) {
            rog_json_put_number(s, "replay_error", replay.error);
            rog_json_put_bool(s, "replay_off", rog_replay_is_off(&replay));
        }
    }
    rog_accuracy_release(&accuracy);
    rog_run_row_release(&row);
    return code;
}

int rog_run_summary(struct rog_db *db, const char *run_id, struct rog_json **summary,
                    struct rog_error *err)
{
    return summarize(db, run_id, NULL, summary, err);
}

int rog_run_summary_means(struct rog_db *db, const char *run_id, struct rog_json **summary,
                          struct rog_error *err)
{
    struct rog_json *means = rog_json_object();
    int code = means ? summarize(db, run_id, means, summary, err) : rog_fail_nomem(err);
    if (code == 0)
        rog_json_put(*summary, "means", means);
    else
        rog_json_free(means);
    return code;
}
