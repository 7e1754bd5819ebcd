/* SPDX-License-Identifier: Apache-2.0 */
/* Stores a run's stream once more, and compares. */
#include <orchestrator/check/stream.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/scratch.h>
#include <orchestrator/store/ingest.h>
#include <orchestrator/store/iterations.h>
#include <orchestrator/store/paths.h>

#define CHUNK_BYTES ((size_t)1 << 20)

/* The recorded rows of each table of a schema as (name, rank, t, text), in heap memory; what the
 * trainer does not write, such as accuracies, is left out. */
static char *rows_of(const char *schema)
{
    char *members = rog_iterations_columns("'@', @", ", ");
    char *sql =
        members
            ? rog_format("SELECT 'iteration' AS name, rank, t, json_object(%s) AS text"
                         " FROM %siterations WHERE run_id = ?1"
                         " UNION ALL SELECT 'bandwidth', rank, t, json_object('mbps', mbps)"
                         " FROM %sbandwidth WHERE run_id = ?1"
                         " UNION ALL SELECT 'energy', rank, t, json_object('joules', joules,"
                         " 'source', source) FROM %senergy WHERE run_id = ?1"
                         " UNION ALL SELECT 'checkpoint', 0, t, json_object('iteration', iteration,"
                         " 'sha256', sha256) FROM %scheckpoints WHERE run_id = ?1"
                         " UNION ALL SELECT kind, rank, t, data FROM %sevents WHERE run_id = ?1",
                         members, schema, schema, schema, schema, schema)
            : NULL;
    free(members);
    return sql;
}

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
    if (code == 0) {
        rog_ingest_forgive(ingest); /* what was left out is nowhere in the tables */
        code = feed(file, path, bytes, ingest, err);
    }
    rog_ingest_free(ingest);
    if (file)
        fclose(file);
    free(path);
    return code;
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
        code = rog_query_new(
            &streams, db, err,
            "SELECT name, stored_bytes FROM streams WHERE run_id = ? ORDER BY name", "s", run_id);
    while (code == 0 && (code = rog_query_step(streams, err)) == 1) {
        *any = true;
        code = read_stream(kept, run_id, folder, rog_query_text(streams, 0),
                           (size_t)rog_query_int(streams, 1), err);
    }
    rog_query_free(streams);
    rog_db_close(kept);
    return code;
}

/* The rows of `one` that are not in `other`. */
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
        rog_finding_add(list, "%s: %s of rank %lld at %.6f s: %.300s", says,
                        rog_query_text(query, 0), (long long)rog_query_int(query, 1),
                        rog_query_real(query, 2), text ? text : "");
    }
    rog_query_free(query);
    free(sql);
    return code;
}

static int count_rows(struct rog_db *db, const char *run_id, const char *rows, size_t *count,
                      struct rog_error *err)
{
    struct rog_query *query = NULL;
    char *sql = rog_format("SELECT count(*) FROM (%s)", rows);
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
    /* Without a schema's name, so that views in the place of older tables count. */
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

int rog_verify_stream(struct rog_db *db, const char *run_id, struct rog_finding_list *list,
                      struct rog_error *err)
{
    struct rog_error cause = {0};
    bool any = false;
    char *name = rog_run_folder_name(rog_db_path(db), run_id);
    char *folder = name ? rog_store_path(rog_db_path(db), name) : NULL;
    char *stream = folder ? rog_path_join(folder, ROG_STREAM_MAIN) : NULL;
    struct rog_scratch place = {0};
    char *copy = NULL;
    int code = stream ? 0 : rog_fail_nomem(err);
    if (code < 0 || !rog_file_exists(stream))
        goto out;
    code = rog_scratch_make(&place, NULL, "rogctl-verify", err);
    if (code < 0)
        goto out;
    copy = rog_path_join(place.path, "kept.db");
    code = copy ? read_again(db, run_id, folder, copy, &any, &cause) : rog_fail_nomem(&cause);
    if (code == ROG_EFORMAT) {
        /* The stream itself is damaged: that is a finding. */
        rog_finding_add(list, "%s", cause.message);
        list->checked = 1;
        code = 0;
    } else if (code == 0 && any) {
        code = compare(db, run_id, copy, list, err);
    } else if (code < 0) {
        rog_fail_again(err, &cause);
    }
out:
    rog_scratch_remove(&place, NULL);
    free(copy);
    free(stream);
    free(folder);
    free(name);
    return code;
}
