/* SPDX-License-Identifier: Apache-2.0 */
/* Lists runs and events of the database and describes single runs. */
#include <orchestrator/store/browse.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/store/summary.h>

int rog_browse_count(struct rog_db *db, struct rog_json *object, struct rog_error *err)
{
    static const char *const names[] = {"runs", "done", "running", "failed", "planned"};
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err,
                             "SELECT count(*), total(status = 'done'), total(status = 'running'),"
                             " total(status = 'failed'), total(status = 'planned') FROM runs",
                             "");
    if (code == 0)
        code = rog_query_step(query, err);
    for (size_t i = 0; code == 1 && i < sizeof names / sizeof *names; i++)
        rog_json_put_integer(object, names[i], rog_query_int(query, (int)i));
    rog_query_free(query);
    return code < 0 ? code : 0;
}

/* ---- lists ---- */

const char *rog_browse_column(const char *name)
{
    static const char *const columns[] = {
        "id",      "note", "library", "threshold",  "control",  "batchsize", "epochs", "workload",
        "cluster", "seed", "status",  "started_at", "ended_at", "attempt",   "error"};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        if (strcmp(columns[i], name) == 0)
            return columns[i];
    return NULL;
}

/* Returns the words of a filter as a JSON array for SQL. Heap memory. */
static char *words_of(const char *text)
{
    struct rog_json *words = rog_json_array();
    while (text && *text) {
        text += strspn(text, " \t");
        size_t length = strcspn(text, " \t");
        char *word = length ? rog_format("%.*s", (int)length, text) : NULL;
        if (word)
            rog_json_append(words, rog_json_new_string(word));
        free(word);
        text += length;
    }
    char *list = words ? rog_json_text(words) : NULL;
    rog_json_free(words);
    return list;
}

/* Hashes bytes with FNV-1a. */
static uint64_t mix(uint64_t hash, const void *bytes, size_t size)
{
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ byte[i]) * 0x100000001b3u;
    return hash;
}

/* Columns of the query for a list. COLUMN is the one that the caller requested. */
enum { ID, RECORDED, STATUS, ATTEMPT, ENDED_AT, STORED, TESTED, ACCURACY, COLUMN };

static uint64_t state_of(const struct rog_query *query)
{
    uint64_t hash = 0xcbf29ce484222325u;
    static const int texts[] = {STATUS, ENDED_AT};
    static const int numbers[] = {ATTEMPT, STORED, TESTED};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *text = rog_query_text(query, texts[i]);
        hash = mix(hash, text ? text : "", text ? strlen(text) + 1 : 1);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        int64_t number = rog_query_int(query, numbers[i]);
        hash = mix(hash, &number, sizeof number);
    }
    double accuracy = rog_query_real(query, ACCURACY);
    return mix(hash, &accuracy, sizeof accuracy);
}

static int take_run(struct rog_listed_runs *runs, const struct rog_query *query, bool column,
                    struct rog_error *err)
{
    size_t count = runs->count;
    if (count % 256 == 0) {
        void *more = realloc(runs->run, (count + 256) * sizeof *runs->run);
        if (!more)
            return rog_fail_nomem(err);
        runs->run = more;
    }
    const char *status = rog_query_text(query, STATUS);
    const char *text = column ? rog_query_text(query, COLUMN) : NULL;
    struct rog_listed_run *run = &runs->run[runs->count++];
    *run = (struct rog_listed_run){
        .id = rog_strdup(rog_query_text(query, ID)),
        .recorded = rog_query_int(query, RECORDED),
        .state = state_of(query),
        .is_running = status && strcmp(status, "running") == 0,
        .accuracy = rog_query_real(query, ACCURACY),
        .tested = rog_query_int(query, TESTED),
        .text = rog_strdup(text),
        .number = column ? rog_query_real(query, COLUMN) : (double)NAN,
    };
    return run->id && (run->text || !text) ? 0 : rog_fail_nomem(err);
}

int rog_browse_runs(struct rog_db *db, const struct rog_browse_filter *filter, const char *column,
                    struct rog_listed_runs *runs, struct rog_error *err)
{
    *runs = (struct rog_listed_runs){0};
    struct rog_query *query = NULL;
    char *words = words_of(filter->words);
    char *sql =
        words
            ? rog_format(
                  "SELECT id, rowid, status, attempt, ended_at,"
                  " (SELECT sum(stored_bytes) FROM streams WHERE run_id = id),"
                  " (SELECT count(accuracy) FROM checkpoints WHERE run_id = id),"
                  " (SELECT accuracy FROM checkpoints WHERE run_id = id AND accuracy IS NOT NULL"
                  "  ORDER BY t DESC LIMIT 1)%s%s FROM runs"
                  " WHERE (?1 IS NULL OR id IN (SELECT run_id FROM case_runs WHERE case_name = ?1))"
                  " AND (?2 IS NULL OR instr(',' || ?2 || ',', ',' || status || ','))"
                  " AND (?3 = '[]' OR NOT EXISTS (SELECT 1 FROM json_each(?3) WHERE NOT "
                  "instr(lower(runs.id"
                  "  || ' ' || coalesce(note, '') || ' ' || library || ' ' || control || ' '"
                  "  || coalesce(workload, '') || ' ' || coalesce(cluster, '') || ' '"
                  "  || coalesce((SELECT group_concat(case_name, ' ') FROM case_runs WHERE run_id "
                  "= runs.id), '')),"
                  "  lower(value)))) ORDER BY rowid",
                  column ? ", " : "", column ? column : "")
            : NULL;
    int code =
        sql ? rog_query_new(&query, db, err, sql, "sss", filter->case_name, filter->statuses, words)
            : rog_fail_nomem(err);
    while (code == 0 && (code = rog_query_step(query, err)) == 1)
        code = take_run(runs, query, column, err);
    rog_query_free(query);
    free(sql);
    free(words);
    if (code < 0)
        rog_listed_runs_release(runs);
    return code;
}

void rog_listed_runs_release(struct rog_listed_runs *runs)
{
    for (size_t i = 0; i < runs->count; i++) {
        free(runs->run[i].id);
        free(runs->run[i].text);
    }
    free(runs->run);
    *runs = (struct rog_listed_runs){0};
}

/* ---- one run ---- */

int rog_browse_has_more(struct rog_db *db, const char *id, int64_t rows, bool *more,
                        struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code =
        rog_query_new(&query, db, err, "SELECT 1 FROM iterations WHERE run_id = ? LIMIT 1 OFFSET ?",
                      "si", id, rows);
    if (code == 0)
        code = rog_query_step(query, err);
    *more = code == 1;
    rog_query_free(query);
    return code < 0 ? code : 0;
}

static int put_cases(struct rog_db *db, const char *id, struct rog_json *row, struct rog_error *err)
{
    struct rog_json *cases = rog_json_array();
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err,
                             "SELECT case_name FROM case_runs WHERE run_id = ? ORDER BY case_name",
                             "s", id);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        rog_json_append(cases, rog_json_new_string(rog_query_text(query, 0)));
        code = 0;
    }
    rog_query_free(query);
    rog_json_put(row, "cases", cases);
    return code;
}

int rog_browse_run(struct rog_db *db, const char *id, struct rog_json **out, struct rog_error *err)
{
    struct rog_run_row run = {0};
    *out = NULL;
    int code = rog_run_row_load(db, id, &run, err);
    if (code < 0)
        return code;
    struct rog_json *row = rog_json_object();
    rog_json_put_string(row, "id", run.id);
    rog_json_put_string(row, "note", run.note);
    code = put_cases(db, id, row, err);
    rog_json_put_string(row, "library", run.library);
    rog_json_put_integer(row, "threshold", run.threshold);
    rog_json_put_string(row, "control", run.control);
    rog_json_put_integer(row, "batchsize", run.batchsize);
    rog_json_put_integer(row, "epochs", run.epochs);
    rog_json_put_string(row, "workload", run.workload);
    rog_json_put_string(row, "cluster", run.cluster);
    rog_json_put_string(row, "status", run.status);
    rog_json_put_integer(row, "seed", run.seed);
    rog_json_put_integer(row, "attempt", run.attempt);
    rog_json_put_string(row, "started_at", run.started_at);
    rog_json_put_string(row, "ended_at", run.ended_at);
    rog_json_put_string(row, "error", run.error);
    rog_json_put(row, "metric", rog_metric_json(&run.metric));
    rog_run_row_release(&run);
    if (code < 0)
        rog_json_free(row);
    else
        *out = row;
    return code;
}

/* Parses a JSON text. A damaged text is returned as a JSON string. */
static struct rog_json *parsed(const char *text)
{
    struct rog_json *value = NULL;
    if (text && rog_json_parse(text, strlen(text), "data", &value, NULL) == 0)
        return value;
    return rog_json_new_string(text);
}

int rog_browse_hosts(struct rog_db *db, const char *id, struct rog_json *run, struct rog_error *err)
{
    struct rog_json *hosts = rog_json_array();
    struct rog_query *query = NULL;
    int code = put_cases(db, id, run, err);
    if (code == 0)
        code = rog_query_new(&query, db, err,
                             "SELECT rank, host, facts, EXISTS (SELECT 1 FROM events"
                             " WHERE run_id = ?1 AND kind = 'rows') FROM workers"
                             " WHERE run_id = ?1 ORDER BY rank",
                             "s", id);
    bool rows = false;
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        struct rog_json *host = rog_json_object();
        rog_json_put_integer(host, "rank", rog_query_int(query, 0));
        rog_json_put_string(host, "host", rog_query_text(query, 1));
        rog_json_put(host, "facts", parsed(rog_query_text(query, 2)));
        rows = rog_query_int(query, 3) != 0;
        rog_json_append(hosts, host);
        code = 0;
    }
    rog_query_free(query);
    rog_json_put(run, "hosts", hosts);
    rog_json_put_bool(run, "rows_recorded", rows);
    return code;
}

/* ---- events ---- */

#define EVENTS_THAT_MATCH                                                      \
    " FROM events WHERE run_id = ?1 AND t >= ?2 AND t <= ?3"                   \
    " AND (?4 IS NULL OR instr(',' || ?4 || ',', ',' || kind || ','))"         \
    " AND (?5 < 0 OR rank = ?5) AND (?6 IS NULL OR instr(lower(kind || ' ' ||" \
    "  coalesce(data, '')), lower(?6)))"

static int count_events(struct rog_db *db, const char *id, const struct rog_event_filter *filter,
                        struct rog_json *object, struct rog_error *err)
{
    struct rog_json *kinds = rog_json_object();
    struct rog_query *query = NULL;
    int code =
        rog_query_new(&query, db, err,
                      "SELECT kind, count(*) FROM events WHERE run_id = ? GROUP BY kind", "s", id);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        rog_json_put_integer(kinds, rog_query_text(query, 0), rog_query_int(query, 1));
        code = 0;
    }
    rog_query_free(query);
    rog_json_put(object, "kinds", kinds);
    if (code == 0)
        code = rog_query_new(&query, db, err, "SELECT count(*)" EVENTS_THAT_MATCH, "sddsis", id,
                             filter->from, filter->to, filter->kinds, filter->rank, filter->text);
    if (code < 0)
        return code;
    code = rog_query_step(query, err);
    if (code == 1)
        rog_json_put_integer(object, "total", rog_query_int(query, 0));
    rog_query_free(query);
    return code < 0 ? code : 0;
}

static struct rog_json *event_json(const struct rog_query *query)
{
    struct rog_json *event = rog_json_object(), *data = parsed(rog_query_text(query, 3));
    const char *message = rog_json_get_string(data, "message", NULL);
    rog_json_put_number(event, "t", rog_query_real(query, 0));
    rog_json_put(event, "rank",
                 rog_query_is_null(query, 1) ? rog_json_new_string(NULL)
                                             : rog_json_new_integer(rog_query_int(query, 1)));
    rog_json_put_string(event, "kind", rog_query_text(query, 2));
    rog_json_put_string(event, "message",
                        message ? message : rog_json_get_string(data, "reason", NULL));
    rog_json_put(event, "data", data);
    return event;
}

int rog_browse_events(struct rog_db *db, const char *id, const struct rog_event_filter *filter,
                      struct rog_json *object, struct rog_error *err)
{
    struct rog_json *rows = rog_json_array();
    struct rog_query *query = NULL;
    int code = count_events(db, id, filter, object, err);
    if (code == 0)
        code = rog_query_new(&query, db, err,
                             filter->descends ? "SELECT t, rank, kind, data" EVENTS_THAT_MATCH
                                                " ORDER BY t DESC, rowid DESC LIMIT ?7 OFFSET ?8"
                                              : "SELECT t, rank, kind, data" EVENTS_THAT_MATCH
                                                " ORDER BY t, rowid LIMIT ?7 OFFSET ?8",
                             "sddsisii", id, filter->from, filter->to, filter->kinds, filter->rank,
                             filter->text, filter->limit, filter->offset);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        rog_json_append(rows, event_json(query));
        code = 0;
    }
    rog_query_free(query);
    rog_json_put(object, "rows", rows);
    return code;
}
