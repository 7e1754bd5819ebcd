/* SPDX-License-Identifier: Apache-2.0 */
/* Records and reads what identifies runs, by SQL. */
#include <orchestrator/store/identity.h>

#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <rog/events.h>

/* ---- searching for runs ---- */

static int add(struct rog_recorded_list *list, const struct rog_query *query, struct rog_error *err)
{
    struct rog_recorded *more = realloc(list->run, (list->count + 1) * sizeof *more);
    if (!more)
        return rog_fail_nomem(err);
    list->run = more;
    const char *status = rog_query_text(query, 1), *settings = rog_query_text(query, 3);
    const char *error = rog_query_text(query, 5);
    struct rog_recorded *run = &more[list->count++];
    *run = (struct rog_recorded){
        .id = rog_strdup(rog_query_text(query, 0)),
        .hash = rog_strdup(rog_query_text(query, 2)),
        .settings_hash = rog_strdup(settings),
        .results = rog_query_is_null(query, 4) ? -1 : rog_query_int(query, 4),
        .done = strcmp(status, "done") == 0,
        .failed = strcmp(status, "failed") == 0,
        .running = strcmp(status, "running") == 0,
        .error = rog_strdup(error),
        .begun = rog_query_int(query, 6) != 0,
    };
    bool whole = run->id && run->hash && !run->settings_hash == !settings && !run->error == !error;
    return whole ? 0 : rog_fail_nomem(err);
}

int rog_recorded_load(struct rog_db *db, const char *case_name, struct rog_recorded_list *list,
                      struct rog_error *err)
{
    struct rog_query *query = NULL;
    *list = (struct rog_recorded_list){0};
    int code = rog_query_new(&query, db, err,
                             "SELECT id, status, config_hash, settings_hash, results, error,"
                             " EXISTS(SELECT 1 FROM events WHERE events.run_id = id"
                             " AND kind = '" ROG_EVENT_START "')"
                             " FROM runs LEFT JOIN case_runs ON case_runs.run_id = id"
                             " LEFT JOIN identities ON identities.run_id = id"
                             " WHERE case_name IS ? ORDER BY status != 'done', id",
                             "s", case_name);
    while (code == 0 && (code = rog_query_step(query, err)) == 1)
        code = add(list, query, err);
    rog_query_free(query);
    if (code < 0)
        rog_recorded_release(list);
    return code;
}

void rog_recorded_release(struct rog_recorded_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->run[i].id);
        free(list->run[i].hash);
        free(list->run[i].settings_hash);
        free(list->run[i].error);
    }
    free(list->run);
    *list = (struct rog_recorded_list){0};
}

int rog_recorded_find_done(struct rog_db *db, const char *hash, char **id, struct rog_error *err)
{
    struct rog_query *query = NULL;
    *id = NULL;
    int code = rog_query_new(&query, db, err,
                             "SELECT id FROM runs WHERE config_hash = ? AND status = 'done'"
                             " ORDER BY rowid DESC LIMIT 1",
                             "s", hash);
    if (code == 0)
        code = rog_query_step(query, err);
    if (code == 1) {
        *id = rog_strdup(rog_query_text(query, 0));
        code = *id ? 0 : rog_fail_nomem(err);
    }
    rog_query_free(query);
    return code;
}

/* ---- one run ---- */

int rog_identity_plan(struct rog_db *db, const char *run_id, const char *settings_hash,
                      struct rog_error *err)
{
    return rog_db_run(db, err,
                      "INSERT OR REPLACE INTO identities(run_id, settings_hash) VALUES (?, ?)",
                      "ss", run_id, settings_hash);
}

int rog_identity_begin(struct rog_db *db, const char *run_id, const struct rog_identity *identity,
                       struct rog_error *err)
{
    int code = rog_db_run(db, err, "UPDATE runs SET config = ?, config_hash = ? WHERE id = ?",
                          "sss", identity->config, identity->hash, run_id);
    if (code == 0)
        code = rog_db_run(db, err,
                          "INSERT OR REPLACE INTO identities(run_id, settings_hash, results)"
                          " VALUES (?, ?, ?)",
                          "ssi", run_id, identity->settings_hash, identity->results);
    if (code == 0)
        code = rog_db_run(db, err, "DELETE FROM inputs WHERE run_id = ?", "s", run_id);
    for (size_t i = 0; code == 0 && i < rog_json_size(identity->inputs); i++) {
        const struct rog_json *input = rog_json_at(identity->inputs, i);
        code = rog_db_run(db, err,
                          "INSERT OR REPLACE INTO inputs(run_id, setting, path, sha256)"
                          " VALUES (?, ?, ?, ?)",
                          "ssss", run_id, rog_json_get_string(input, "setting", ""),
                          rog_json_get_string(input, "path", ""),
                          rog_json_get_string(input, "sha256", ""));
    }
    return code;
}

static int load_files(struct rog_db *db, const char *run_id, struct rog_json *files,
                      struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err,
                             "SELECT setting, path, sha256 FROM inputs WHERE run_id = ?"
                             " ORDER BY setting, path",
                             "s", run_id);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        struct rog_json *file = rog_json_object();
        rog_json_put_string(file, "setting", rog_query_text(query, 0));
        rog_json_put_string(file, "path", rog_query_text(query, 1));
        rog_json_put_string(file, "sha256", rog_query_text(query, 2));
        rog_json_append(files, file);
        code = 0;
    }
    rog_query_free(query);
    return code;
}

int rog_identity_load(struct rog_db *db, const char *run_id, struct rog_json **identity,
                      struct rog_error *err)
{
    struct rog_query *query = NULL;
    *identity = NULL;
    int code = rog_query_new(&query, db, err,
                             "SELECT results, json_extract(versions, '$.strategy.python')"
                             " FROM identities JOIN runs ON runs.id = run_id WHERE run_id = ?"
                             " AND results IS NOT NULL",
                             "s", run_id);
    if (code == 0)
        code = rog_query_step(query, err);
    if (code == 1) {
        struct rog_json *files = rog_json_array();
        *identity = rog_json_object();
        rog_json_put_integer(*identity, "results", rog_query_int(query, 0));
        if (rog_query_text(query, 1))
            rog_json_put_string(*identity, "python", rog_query_text(query, 1));
        code = load_files(db, run_id, files, err);
        rog_json_put(*identity, "files", files);
    }
    rog_query_free(query);
    return code;
}
