/* SPDX-License-Identifier: Apache-2.0 */
#include <orchestrator/check/stream.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/store/ingest.h>
#include <orchestrator/store/paths.h>

#define CHUNK_BYTES ((size_t)1 << 20)

/* The recorded rows of each table as (name, rank, t, text); what the trainer does not write, such
 * as accuracies, is left out. */
#define ITERATIONS(schema)                                                                       \
    "SELECT 'iteration' AS name, rank, t, json_object('iteration', iteration, 'compute_s',"      \
    " compute_s, 'push_s', push_s, 'pull_s', pull_s, 'stall_s', stall_s, 'rows_pushed',"         \
    " rows_pushed, 'rows_pulled', rows_pulled, 'rows_total', rows_total, 'bytes_pushed',"        \
    " bytes_pushed, 'bytes_pulled', bytes_pulled, 'loss', loss, 'staleness', staleness) AS text" \
    " FROM " schema ".iterations WHERE run_id = ?1"
#define BANDWIDTH(schema)                                                 \
    "SELECT 'bandwidth', rank, t, json_object('mbps', mbps) FROM " schema \
    ".bandwidth WHERE run_id = ?1"
#define ENERGY(schema)                                                                       \
    "SELECT 'energy', rank, t, json_object('joules', joules, 'source', source) FROM " schema \
    ".energy WHERE run_id = ?1"
#define CHECKPOINTS(schema)                                                             \
    "SELECT 'checkpoint', 0, t, json_object('iteration', iteration, 'sha256', sha256) " \
    "FROM " schema ".checkpoints WHERE run_id = ?1"
#define EVENTS(schema) "SELECT kind, rank, t, data FROM " schema ".events WHERE run_id = ?1"
#define ALL(schema)                                                                         \
    ITERATIONS(schema)                                                                      \
    " UNION ALL " BANDWIDTH(schema) " UNION ALL " ENERGY(schema) " UNION ALL " CHECKPOINTS( \
        schema) " UNION ALL " EVENTS(schema)

static const char in_tables_only[] =
    "SELECT * FROM (" ALL("main") ") EXCEPT SELECT * FROM (" ALL("kept") ") ORDER BY t, rank";
static const char in_stream_only[] =
    "SELECT * FROM (" ALL("kept") ") EXCEPT SELECT * FROM (" ALL("main") ") ORDER BY t, rank";
static const char how_many[] = "SELECT count(*) FROM (" ALL("kept") ")";

/* Feeds the first `bytes` of the stream, whole lines at a time. */
static int feed(FILE *file, const char *path, size_t bytes, struct rog_ingest *ingest,
                struct rog_error *err)
{
    size_t used = 0, room = CHUNK_BYTES;
    char *text = malloc(room);
    int code = text ? 0 : rog_fail_nomem(err);
    while (code == 0 && bytes > 0) {
        size_t want = room - used < bytes ? room - used : bytes;
        size_t got = fread(text + used, 1, want, file);
        if (got == 0) {
            code = rog_fail(err, ROG_EFORMAT, "%s is shorter than what was stored of it", path);
            break;
        }
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

/* One stream's rows. */
static int read_stream(struct rog_db *kept, const char *run_id, const char *folder,
                       const char *name, size_t bytes, struct rog_error *err)
{
    struct rog_ingest *ingest = NULL;
    char *path = rog_path_join(folder, name);
    if (!path)
        return rog_fail_nomem(err);
    FILE *file = fopen(path, "rbe");
    int code = file ? rog_ingest_new(&ingest, kept, run_id, name, err)
                    : rog_fail(err, ROG_EIO, "cannot read %s: %s", path, strerror(errno));
    if (code == 0)
        code = feed(file, path, bytes, ingest, err);
    rog_ingest_free(ingest);
    if (file)
        fclose(file);
    free(path);
    return code;
}

/* What has been stored of which streams. A database that is only looked at may be an older one,
 * where a run has one stream. */
static int query_streams(struct rog_query **query, struct rog_db *db, const char *run_id,
                         struct rog_error *err)
{
    static const char *const sql[] = {
        "SELECT '" ROG_STREAM_MAIN "', stored_bytes FROM streams WHERE run_id = ?",
        "SELECT name, stored_bytes FROM streams WHERE run_id = ? ORDER BY name",
    };
    int code = rog_query_new(query, db, err,
                             "SELECT count(*) FROM pragma_table_info('streams')"
                             " WHERE name = 'name'",
                             "");
    if (code == 0)
        code = rog_query_step(*query, err);
    int64_t named = code == 1 ? rog_query_int(*query, 0) : 0;
    rog_query_free(*query);
    *query = NULL;
    return code < 0 ? code : rog_query_new(query, db, err, sql[named ? 1 : 0], "s", run_id);
}

/* The streams' rows in a new database at `copy`. *any: there is a stream. */
static int read_again(struct rog_db *db, const char *run_id, const char *folder, const char *copy,
                      bool *any, struct rog_error *err)
{
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
        code = query_streams(&streams, db, run_id, err);
    while (code == 0 && (code = rog_query_step(streams, err)) == 1) {
        *any = true;
        code = read_stream(kept, run_id, folder, rog_query_text(streams, 0),
                           (size_t)rog_query_int(streams, 1), err);
    }
    rog_query_free(streams);
    rog_db_close(kept);
    return code;
}

static int differences(struct rog_db *db, const char *run_id, const char *sql, const char *says,
                       struct rog_finding_list *list, struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err, sql, "s", run_id);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        code = 0;
        const char *text = rog_query_text(query, 3);
        rog_verify_find(list, "%s: %s of rank %lld at %.6f s: %.300s", says,
                        rog_query_text(query, 0), (long long)rog_query_int(query, 1),
                        rog_query_real(query, 2), text ? text : "");
    }
    rog_query_free(query);
    return code;
}

static int compare(struct rog_db *db, const char *run_id, const char *copy,
                   struct rog_finding_list *list, struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_db_run(db, err, "ATTACH ? AS kept", "s", copy);
    if (code < 0)
        return code;
    code = rog_query_new(&query, db, err, how_many, "s", run_id);
    if (code == 0)
        code = rog_query_step(query, err);
    if (code == 1) {
        list->checked = (size_t)rog_query_int(query, 0);
        code = 0;
    }
    rog_query_free(query);
    if (code == 0)
        code = differences(db, run_id, in_tables_only, "not as the trainer wrote it", list, err);
    if (code == 0)
        code = differences(db, run_id, in_stream_only, "the trainer wrote", list, err);
    int detached = rog_db_run(db, code == 0 ? err : NULL, "DETACH kept", "");
    return code < 0 ? code : detached;
}

int rog_verify_stream(struct rog_db *db, const char *run_id, struct rog_finding_list *list,
                      struct rog_error *err)
{
    struct rog_error cause = {0};
    bool any = false;
    char *name = rog_run_folder_name(rog_db_path(db), run_id);
    char *folder = name ? rog_store_path(rog_db_path(db), name) : NULL;
    char *stream = folder ? rog_path_join(folder, ROG_STREAM_MAIN) : NULL;
    char *place = NULL, *copy = NULL;
    int code = stream ? 0 : rog_fail_nomem(err);
    if (code < 0 || !rog_file_exists(stream))
        goto out;
    code = rog_temporary_folder(&place, "rogctl-verify", err);
    if (code < 0)
        goto out;
    copy = rog_path_join(place, "kept.db");
    code = copy ? read_again(db, run_id, folder, copy, &any, &cause) : rog_fail_nomem(&cause);
    if (code == ROG_EFORMAT) {
        /* The stream itself is damaged: that is a finding. */
        rog_verify_find(list, "%s", cause.message);
        list->checked = 1;
        code = 0;
    } else if (code == 0 && any) {
        code = compare(db, run_id, copy, list, err);
    } else if (code < 0) {
        rog_fail(err, code, "%s", cause.message);
    }
    rog_dir_remove(place, NULL);
out:
    free(copy);
    free(place);
    free(stream);
    free(folder);
    free(name);
    return code;
}
