/* SPDX-License-Identifier: Apache-2.0 */
/* Lists and changes cases and the runs in them, by SQL. */
#include <orchestrator/store/cases.h>

#include <stdlib.h>
#include <string.h>

#include <orchestrator/store/ingest.h>
#include <orchestrator/store/summary.h>

/* SQL: what the run's tests measure; NULL: accuracy. */
#define METRIC(run) \
    "CASE WHEN json_valid(" run ".config) THEN json_extract(" run ".config, '$.metric') END"
#define METRIC_OF_RUN METRIC("runs")

static struct rog_json *case_object(const struct rog_query *query)
{
    struct rog_json *row = rog_json_object();
    rog_json_put_string(row, "name", rog_query_text(query, 0));
    rog_json_put_string(row, "figure", rog_query_text(query, 1));
    rog_json_put_integer(row, "runs", rog_query_int(query, 2));
    rog_json_put_integer(row, "done", rog_query_int(query, 3));
    rog_json_put_number(row, "target_accuracy", rog_query_real(query, 4));
    rog_json_put_string(row, "created_at", rog_query_text(query, 5));
    rog_json_put_string(row, "contender", rog_query_text(query, 6));
    rog_json_put_string(row, "baseline", rog_query_text(query, 7));
    struct rog_metric metric;
    rog_metric_parse(rog_query_text(query, 8), &metric);
    rog_json_put(row, "metric", rog_metric_json(&metric));
    return row;
}

int rog_cases_list(struct rog_db *db, struct rog_json *cases, struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(
        &query, db, err,
        "SELECT name, figure, count(run_id), coalesce(sum(status = 'done'), 0), target_accuracy,"
        " created_at, contender, baseline, max(" METRIC_OF_RUN ") FROM cases"
        " LEFT JOIN case_settings ON case_settings.case_name = name"
        " LEFT JOIN case_runs ON case_runs.case_name = name LEFT JOIN runs ON id = run_id"
        " GROUP BY name ORDER BY created_at, name",
        "");
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        rog_json_append(cases, case_object(query));
        code = 0;
    }
    rog_query_free(query);
    return code;
}

int rog_case_run_ids(struct rog_db *db, const char *case_name, struct rog_query **query,
                     struct rog_error *err)
{
    if (!case_name)
        return rog_query_new(query, db, err, "SELECT id FROM runs ORDER BY rowid", "");
    return rog_query_new(query, db, err,
                         "SELECT run_id FROM case_runs WHERE case_name = ?"
                         " ORDER BY position, run_id",
                         "s", case_name);
}

int rog_case_names(struct rog_db *db, const char *beginning, struct rog_query **query,
                   struct rog_error *err)
{
    return rog_query_new(query, db, err,
                         "SELECT name, 'figure ' || figure FROM cases"
                         " WHERE name >= ?1 AND name < ?1 || char(1114111) ORDER BY rowid DESC",
                         "s", beginning);
}

int rog_run_names(struct rog_db *db, const char *beginning, struct rog_query **query,
                  struct rog_error *err)
{
    return rog_query_new(query, db, err,
                         "SELECT id, coalesce(note, library) || ', ' || status FROM runs"
                         " WHERE id >= ?1 AND id < ?1 || char(1114111) ORDER BY rowid DESC",
                         "s", beginning);
}

int rog_case_run_names(struct rog_db *db, const char *case_name, struct rog_query **query,
                       struct rog_error *err)
{
    return rog_query_new(query, db, err,
                         "SELECT id, coalesce(note, library) || ', ' || status FROM case_runs"
                         " JOIN runs ON id = run_id WHERE case_name = ? ORDER BY position, id",
                         "s", case_name);
}

static int fail_of_metrics(struct rog_db *db, const char *case_name, const char *id,
                           const char *other, struct rog_error *err)
{
    struct rog_run_row own = {0}, their = {0};
    char own_title[ROG_METRIC_TEXT_BYTES], their_title[ROG_METRIC_TEXT_BYTES];
    int code = rog_run_row_load(db, id, &own, err);
    if (code == 0)
        code = rog_run_row_load(db, other, &their, err);
    rog_metric_title(&own.metric, own_title);
    rog_metric_title(&their.metric, their_title);
    if (code == 0)
        code = rog_fail(err, ROG_EINVAL,
                        "%s is tested for %s, and %s of case %s for %s: they cannot be compared; "
                        "hint: put it into another case (`rogctl sweep --fresh` starts one)",
                        id, own_title, other, case_name, their_title);
    rog_run_row_release(&own);
    rog_run_row_release(&their);
    return code;
}

/* Compares the first run with all other runs, including those of the case. */
static int check_metrics(struct rog_db *db, const char *case_name, const struct rog_json *ids,
                         const char *leaving, struct rog_error *err)
{
    struct rog_query *query = NULL;
    const char *id = rog_json_string(rog_json_at(ids, 0), "");
    char *text = rog_json_text(ids);
    int code = text ? rog_query_new(&query, db, err,
                                    "SELECT other.id FROM (SELECT run_id FROM case_runs"
                                    "  WHERE case_name = ?1 AND run_id IS NOT ?4"
                                    "  UNION ALL SELECT value FROM json_each(?2))"
                                    " JOIN runs AS other ON other.id = run_id"
                                    " JOIN runs AS own ON own.id = ?3"
                                    " WHERE " METRIC("other") " IS NOT " METRIC("own") " LIMIT 1",
                                    "ssss", case_name, text, id, leaving)
                    : rog_fail_nomem(err);
    if (code == 0)
        code = rog_query_step(query, err);
    if (code == 1)
        code = fail_of_metrics(db, case_name, id, rog_query_text(query, 0), err);
    rog_query_free(query);
    free(text);
    return code;
}

static struct rog_json *list_of(const char *id)
{
    struct rog_json *ids = rog_json_array();
    rog_json_append(ids, rog_json_new_string(id));
    return ids;
}

int rog_case_check_metric(struct rog_db *db, const char *case_name, const char *id,
                          const char *leaving, struct rog_error *err)
{
    struct rog_json *ids = list_of(id);
    int code = check_metrics(db, case_name, ids, leaving, err);
    rog_json_free(ids);
    return code;
}

int rog_case_make(struct rog_db *db, const char *case_name, const char *figure,
                  const char *contender, struct rog_error *err)
{
    char now[ROG_UTC_BYTES];
    rog_utc_now(now);
    int code = rog_db_run(db, err,
                          "INSERT OR IGNORE INTO cases(name, figure, created_at) VALUES (?, ?, ?)",
                          "sss", case_name, figure, now);
    if (code == 0 && contender)
        code = rog_db_run(db, err,
                          "INSERT OR IGNORE INTO case_settings(case_name, contender) VALUES (?, ?)",
                          "ss", case_name, contender);
    return code;
}

int rog_case_append_runs(struct rog_db *db, const char *case_name, const struct rog_json *ids,
                         struct rog_error *err)
{
    int code = check_metrics(db, case_name, ids, NULL, err);
    char *text = code == 0 ? rog_json_text(ids) : NULL;
    if (code == 0)
        code = text ? rog_db_run(db, err,
                                 "INSERT INTO case_runs(case_name, position, run_id)"
                                 " SELECT ?1, row_number() OVER (ORDER BY min(key)) +"
                                 "  (SELECT coalesce(max(position), -1) FROM case_runs"
                                 "   WHERE case_name = ?1), value"
                                 " FROM json_each(?2) WHERE value NOT IN"
                                 "  (SELECT run_id FROM case_runs WHERE case_name = ?1)"
                                 " GROUP BY value",
                                 "ss", case_name, text)
                    : rog_fail_nomem(err);
    free(text);
    return code;
}

int rog_case_append_run(struct rog_db *db, const char *case_name, const char *id,
                        struct rog_error *err)
{
    struct rog_json *ids = list_of(id);
    int code = rog_case_append_runs(db, case_name, ids, err);
    rog_json_free(ids);
    return code;
}

int rog_case_add_run(struct rog_db *db, const char *case_name, const char *id,
                     struct rog_error *err)
{
    int code = rog_case_make(db, case_name, NULL, NULL, err);
    return code < 0 ? code : rog_case_append_run(db, case_name, id, err);
}

/* Ends a query that returns a row for each change of the case. There must be exactly one change. */
static int changed(struct rog_query *query, int code, const char *case_name, const char *id,
                   struct rog_error *err)
{
    int step = code < 0 ? code : rog_query_step(query, err);
    if (step == 0)
        step = rog_fail(err, ROG_ENOTFOUND, "%s is not in %s; `rogctl runs %s` lists what is", id,
                        case_name, case_name);
    while (step == 1)
        step = rog_query_step(query, err);
    rog_query_free(query);
    return step;
}

int rog_case_remove_run(struct rog_db *db, const char *case_name, const char *id,
                        struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err,
                             "DELETE FROM case_runs WHERE case_name = ? AND run_id = ?"
                             " RETURNING 1",
                             "ss", case_name, id);
    return changed(query, code, case_name, id, err);
}

int rog_case_remove(struct rog_db *db, const char *case_name, struct rog_error *err)
{
    return rog_db_run(db, err, "DELETE FROM cases WHERE name = ?", "s", case_name);
}

int rog_case_replace_run(struct rog_db *db, const char *case_name, const char *old, const char *new,
                         struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_case_check_metric(db, case_name, new, old, err);
    if (code < 0)
        return code;
    code = rog_query_new(&query, db, err,
                         "UPDATE case_runs SET run_id = ?3 WHERE case_name = ?1"
                         " AND run_id = ?2 RETURNING position",
                         "sss", case_name, old, new);
    return changed(query, code, case_name, old, err);
}

int rog_case_has_run(struct rog_db *db, const char *case_name, const char *id,
                     struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code =
        rog_query_new(&query, db, err, "SELECT 1 FROM case_runs WHERE case_name = ? AND run_id = ?",
                      "ss", case_name, id);
    int found = code < 0 ? code : rog_query_step(query, err);
    rog_query_free(query);
    return found;
}

int rog_case_rename(struct rog_db *db, const char *old, const char *new, struct rog_error *err)
{
    return rog_db_run(db, err, "UPDATE cases SET name = ? WHERE name = ?", "ss", new, old);
}

int rog_cases_runs(struct rog_db *db, const char *beginning, struct rog_query **query,
                   struct rog_error *err)
{
    return rog_query_new(query, db, err,
                         "SELECT name, cluster, config_hash, " METRIC_OF_RUN " FROM cases"
                         " LEFT JOIN case_runs ON case_name = name LEFT JOIN runs ON id = run_id"
                         " WHERE substr(name, 1, length(?1)) = ?1",
                         "s", beginning);
}

int rog_runs_took(struct rog_db *db, const char *cluster, int most, struct rog_query **query,
                  struct rog_error *err)
{
    return rog_query_new(query, db, err,
                         "SELECT config, strftime('%s', ended_at) - strftime('%s', started_at)"
                         " FROM runs WHERE status = 'done' AND cluster = ? AND attempt = 1"
                         " AND ended_at >= started_at ORDER BY ended_at DESC LIMIT ?",
                         "si", cluster, (int64_t)most);
}

int rog_runs_untested(struct rog_db *db, const char *only, struct rog_json *ids,
                      struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err,
                             "SELECT DISTINCT run_id FROM checkpoints WHERE accuracy IS NULL"
                             " AND run_id = coalesce(?, run_id) ORDER BY run_id",
                             "s", only);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        rog_json_append(ids, rog_json_new_string(rog_query_text(query, 0)));
        code = 0;
    }
    rog_query_free(query);
    return code;
}
