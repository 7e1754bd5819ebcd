/* SPDX-License-Identifier: Apache-2.0 */
/* Stores a run's stream in a second database, and compares the two. */
#include <orchestrator/check/stream.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/scratch.h>
#include <orchestrator/store/imported.h>
#include <orchestrator/store/ingest.h>
#include <orchestrator/store/iterations.h>
#include <orchestrator/store/paths.h>

#define CHUNK_BYTES ((size_t)1 << 20)

/* Returns SQL for the rows of each table of a schema as (name, rank, t, text, times), in heap
 * memory; columns that the trainer does not write, such as accuracies, are left out. */
static char *rows_of(const char *schema)
{
    char *members = rog_iterations_columns("'@', @", ", ");
    char *sql =
        members
            ? rog_format("SELECT name, rank, t, text, count(*) AS times FROM ("
                         "SELECT 'iteration' AS name, rank, t, json_object(%s) AS text"
                         " FROM %siterations WHERE run_id = ?1"
                         " UNION ALL SELECT 'bandwidth', rank, t, json_object('mbps', mbps)"
                         " FROM %sbandwidth WHERE run_id = ?1"
                         " UNION ALL SELECT 'energy', rank, t, json_object('joules', joules,"
                         " 'source', source) FROM %senergy WHERE run_id = ?1"
                         " UNION ALL SELECT 'checkpoint', 0, t, json_object('iteration', iteration,"
                         " 'path', substr(path, instr(path, ?1)), 'sha256', sha256)"
                         " FROM %scheckpoints WHERE run_id = ?1"
                         " UNION ALL SELECT 'worker', rank, 0, json_object('host', host,"
                         " 'facts', facts) FROM %sworkers WHERE run_id = ?1"
                         " UNION ALL SELECT 'program', 0, 0, json_object("
                         "'rog-trainer', json_extract(versions, '$.rog-trainer'),"
                         " 'strategy', json_extract(versions, '$.strategy'))"
                         " FROM %sruns WHERE id = ?1"
                         " UNION ALL SELECT kind, rank, t, data FROM %sevents WHERE run_id = ?1"
                         ") GROUP BY name, rank, t, text",
                         members, schema, schema, schema, schema, schema, schema, schema)
            : NULL;
    free(members);
    return sql;
}

/* Feeds whole lines of the stream, up to `bytes` or its end. */
static int feed(FILE *file, size_t bytes, struct rog_ingest *ingest, struct rog_error *err)
{
    size_t used = 0, room = CHUNK_BYTES, got;
    char *text = malloc(room);
    int code = text ? 0 : rog_fail_nomem(err);
    while (code == 0 &&
           (got = fread(text + used, 1, room - used < bytes ? room - used : bytes, file)) > 0) {
        used += got;
        bytes -= got;
        size_t before = (size_t)rog_ingest_state(ingest)->stored_bytes;
        code = rog_ingest_lines(ingest, text, used, err);
        size_t taken = (size_t)rog_ingest_state(ingest)->stored_bytes - before;
        used -= taken;
        memmove(text, text + taken, used);
        if (code == 0 && used == room) {
            char *more = realloc(text, 2 * room);
            code = more ? 0 : rog_fail_nomem(err);
            text = more ? more : text;
            room *= 2;
        }
    }
    free(text);
    return code;
}

/* Reads a stream: all of it if the run is done, of which `bytes` should have been stored. If a
 * process was killed, the last line may be incomplete. */
static int read_stream(struct rog_db *kept, const char *run_id, const char *path, const char *name,
                       size_t bytes, bool done, struct rog_finding_list *list,
                       struct rog_error *err)
{
    struct rog_ingest *ingest = NULL;
    FILE *file = fopen(path, "rbe");
    if (!file)
        return rog_fail(err, errno == ENOENT ? ROG_EFORMAT : ROG_EIO, "cannot read %s: %s", path,
                        strerror(errno));
    int code = rog_ingest_new(&ingest, kept, run_id, name, err);
    /* Damaged lines from a single host were left out, and are in no table. */
    if (code == 0 && strncmp(name, ROG_STREAM_WORKER, strlen(ROG_STREAM_WORKER)) == 0)
        rog_ingest_forgive(ingest);
    if (code == 0)
        code = feed(file, done ? SIZE_MAX : bytes, ingest, err);
    if (code == 0 && rog_ingest_state(ingest)->stored_bytes != bytes)
        rog_finding_add(list, "%s has %llu bytes of complete lines, but %zu are recorded as stored",
                        path, (unsigned long long)rog_ingest_state(ingest)->stored_bytes, bytes);
    rog_ingest_free(ingest);
    fclose(file);
    return code;
}

/* Stores the streams' rows in a new database at `copy`. *any: there is a stream. */
static int read_again(struct rog_db *db, const struct rog_run_row *row, const char *folder,
                      const char *copy, bool *any, struct rog_finding_list *list,
                      struct rog_error *err)
{
    const char *run_id = row->id;
    bool done = strcmp(row->status, "done") == 0;
    struct rog_db *kept = NULL;
    struct rog_query *streams = NULL;
    *any = false;
    int code = rog_db_open(&kept, copy, ROG_DB_WRITE, err);
    if (code == 0)
        code = rog_db_run(kept, err,
                          "INSERT INTO runs(id, library, threshold, control, batchsize, epochs,"
                          " seed, status, config, config_hash)"
                          " VALUES (?, '', 0, '', 1, 1, 1, 'done', '{}', '')",
                          "s", run_id);
    if (code == 0)
        code = rog_query_new(
            &streams, db, err,
            "SELECT name, stored_bytes FROM streams WHERE run_id = ? ORDER BY name", "s", run_id);
    while (code == 0 && (code = rog_query_step(streams, err)) == 1) {
        const char *name = rog_query_text(streams, 0);
        char *path = rog_path_join(folder, name);
        *any = true;
        code = path ? read_stream(kept, run_id, path, name, (size_t)rog_query_int(streams, 1), done,
                                  list, err)
                    : rog_fail_nomem(err);
        free(path);
    }
    if (code == 0 && !*any && done)
        code = rog_fail(err, ROG_EFORMAT,
                        "%s/" ROG_STREAM_MAIN ": there is no record that it was stored", folder);
    rog_query_free(streams);
    rog_db_close(kept);
    return code;
}

/* Finds rows of `one` that are missing in `other`, or fewer times there. */
static int differences(struct rog_db *db, const char *run_id, const char *one, const char *other,
                       const char *says, struct rog_finding_list *list, struct rog_error *err)
{
    struct rog_query *query = NULL;
    char *sql =
        rog_format("SELECT * FROM (%s) EXCEPT SELECT * FROM (%s) ORDER BY t, rank", one, other);
    int code = sql ? rog_query_new(&query, db, err, sql, "s", run_id) : rog_fail_nomem(err);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        code = 0;
        const char *text = rog_query_text(query, 3);
        int64_t times = rog_query_int(query, 4);
        char often[32] = "";
        if (times > 1)
            snprintf(often, sizeof often, " (%lld times)", (long long)times);
        rog_finding_add(list, "%s: %s of rank %lld at %.6f s: %.300s%s", says,
                        rog_query_text(query, 0), (long long)rog_query_int(query, 1),
                        rog_query_real(query, 2), text ? text : "", often);
    }
    rog_query_free(query);
    free(sql);
    return code;
}

static int count_rows(struct rog_db *db, const char *run_id, const char *rows, size_t *count,
                      struct rog_error *err)
{
    struct rog_query *query = NULL;
    char *sql = rog_format("SELECT total(times) FROM (%s)", rows);
    int code = sql ? rog_query_new(&query, db, err, sql, "s", run_id) : rog_fail_nomem(err);
    if (code == 0)
        code = rog_query_step(query, err);
    if (code == 1)
        *count = (size_t)rog_query_int(query, 0);
    rog_query_free(query);
    free(sql);
    return code < 0 ? code : 0;
}

static int compare(struct rog_db *db, const char *run_id, const char *copy,
                   struct rog_finding_list *list, struct rog_error *err)
{
    int code = rog_db_run(db, err, "ATTACH ? AS kept", "s", copy);
    if (code < 0)
        return code;
    /* Without the schema's name, so that views that replace older tables are used. */
    char *tables = rows_of(""), *stream = rows_of("kept.");
    code = tables && stream ? count_rows(db, run_id, stream, &list->checked, err)
                            : rog_fail_nomem(err);
    if (code == 0)
        code = differences(db, run_id, tables, stream, "not as the trainer wrote it", list, err);
    if (code == 0)
        code = differences(db, run_id, stream, tables, "the trainer wrote", list, err);
    free(stream);
    free(tables);
    int detached = rog_db_run(db, code == 0 ? err : NULL, "DETACH kept", "");
    return code < 0 ? code : detached;
}

/* Reports damage of the stream itself as a finding. */
static int judge(const struct rog_error *cause, struct rog_finding_list *list,
                 struct rog_error *err)
{
    if (cause->code != ROG_EFORMAT)
        return rog_fail_again(err, cause);
    rog_finding_add(list, "%s", cause->message);
    list->checked = 1;
    return 0;
}

static int check_folder(struct rog_db *db, const struct rog_run_row *row, const char *folder,
                        struct rog_finding_list *list, struct rog_error *err)
{
    struct rog_error cause = {0};
    struct rog_scratch place = {0};
    bool any = false;
    int code = rog_scratch_make(&place, NULL, "rogctl-verify", err);
    if (code < 0)
        return code;
    char *copy = rog_path_join(place.path, "kept.db");
    code = copy ? read_again(db, row, folder, copy, &any, list, &cause) : rog_fail_nomem(&cause);
    if (code < 0)
        code = judge(&cause, list, err);
    else if (any)
        code = compare(db, row->id, copy, list, err);
    rog_scratch_remove(&place, NULL);
    free(copy);
    return code;
}

int rog_verify_stream(struct rog_db *db, const char *run_id, struct rog_finding_list *list,
                      struct rog_error *err)
{
    struct rog_run_row row;
    int code = rog_run_row_load(db, run_id, &row, err);
    if (code < 0)
        return code;
    char *name = rog_run_folder_name(rog_db_path(db), run_id);
    char *folder = name ? rog_store_path(rog_db_path(db), name) : NULL;
    char *stream = folder ? rog_path_join(folder, ROG_STREAM_MAIN) : NULL;
    if (!stream)
        code = rog_fail_nomem(err);
    else if (rog_file_exists(stream))
        code = check_folder(db, &row, folder, list, err);
    else if (!rog_imported_is(&row))
        rog_finding_unchecked(list, "the trainer's events: %s does not exist", stream);
    free(stream);
    free(folder);
    free(name);
    rog_run_row_release(&row);
    return code;
}
