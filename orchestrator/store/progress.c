/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes the table `progress`. */
#include <orchestrator/store/progress.h>

#include <stdio.h>

#define COLUMNS "state, t_s, from_t_s, done, iteration, accuracy, stall_share, wall_s, alone_s"

int rog_run_progress_put(struct rog_db *db, const char *run_id,
                         const struct rog_run_progress *progress, bool *stop, struct rog_error *err)
{
    const struct rog_run_progress *p = progress;
    struct rog_query *query = NULL;
    int code = rog_query_new(
        &query, db, err,
        "INSERT INTO progress(run_id, " COLUMNS ", waiting, waiting_since, updated_at)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, nullif(?11, ''),"
        " iif(?11 = '', NULL, strftime('%Y-%m-%dT%H:%M:%SZ', 'now', -?12 || ' seconds')),"
        " strftime('%Y-%m-%dT%H:%M:%SZ', 'now')) ON CONFLICT(run_id) DO UPDATE SET"
        " state = excluded.state, t_s = excluded.t_s, from_t_s = excluded.from_t_s,"
        " done = excluded.done, iteration = excluded.iteration, accuracy = excluded.accuracy,"
        " stall_share = excluded.stall_share, wall_s = excluded.wall_s,"
        " alone_s = excluded.alone_s, waiting = excluded.waiting,"
        " waiting_since = excluded.waiting_since, updated_at = excluded.updated_at"
        " RETURNING wanted IS 'stop'",
        "ssdddiddddsd", run_id, p->state, p->t_s, p->from_t_s, p->done, p->iteration, p->accuracy,
        p->stall_share, p->wall_s, p->alone_s, p->waiting, p->waiting_s);
    if (code == 0)
        code = rog_query_step(query, err);
    *stop = code == 1 && rog_query_int(query, 0) != 0;
    while (code == 1)
        code = rog_query_step(query, err);
    rog_query_free(query);
    return code;
}

int rog_run_progress_end(struct rog_db *db, const char *run_id, struct rog_error *err)
{
    return rog_db_run(db, err, "DELETE FROM progress WHERE run_id = ?", "s", run_id);
}

int rog_run_progress_load(struct rog_db *db, const char *run_id, struct rog_run_progress *progress,
                          struct rog_error *err)
{
    struct rog_query *query = NULL;
    *progress = (struct rog_run_progress){0};
    int code = rog_query_new(&query, db, err,
                             "SELECT " COLUMNS ", waiting,"
                             " (julianday('now') - julianday(waiting_since)) * 86400,"
                             " (julianday('now') - julianday(updated_at)) * 86400"
                             " FROM progress WHERE run_id = ?",
                             "s", run_id);
    if (code == 0)
        code = rog_query_step(query, err);
    if (code == 1) {
        const char *state = rog_query_text(query, 0), *waiting = rog_query_text(query, 9);
        *progress = (struct rog_run_progress){
            .t_s = rog_query_real(query, 1),
            .from_t_s = rog_query_real(query, 2),
            .done = rog_query_real(query, 3),
            .iteration = rog_query_int(query, 4),
            .accuracy = rog_query_real(query, 5),
            .stall_share = rog_query_real(query, 6),
            .wall_s = rog_query_real(query, 7),
            .alone_s = rog_query_real(query, 8),
            .waiting_s = waiting ? rog_query_real(query, 10) : 0,
            .age_s = rog_query_real(query, 11),
        };
        snprintf(progress->state, sizeof progress->state, "%s", state ? state : "");
        snprintf(progress->waiting, sizeof progress->waiting, "%s", waiting ? waiting : "");
    }
    rog_query_free(query);
    return code;
}

int rog_run_status_load(struct rog_db *db, const char *run_id,
                        char status[ROG_PROGRESS_STATE_BYTES], char error[ROG_ERROR_MESSAGE_BYTES],
                        struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code =
        rog_query_new(&query, db, err, "SELECT status, error FROM runs WHERE id = ?", "s", run_id);
    if (code == 0)
        code = rog_query_step(query, err);
    if (code == 0)
        code = rog_fail(err, ROG_ENOTFOUND, "no run %s in %s", run_id, rog_db_path(db));
    if (code == 1) {
        const char *why = rog_query_text(query, 1);
        snprintf(status, ROG_PROGRESS_STATE_BYTES, "%s", rog_query_text(query, 0));
        snprintf(error, ROG_ERROR_MESSAGE_BYTES, "%s", why ? why : "");
        code = 0;
    }
    rog_query_free(query);
    return code;
}

int rog_run_progress_ask_to_stop(struct rog_db *db, const char *run_id, struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err,
                             "UPDATE progress SET wanted = 'stop' WHERE run_id = ? RETURNING 1",
                             "s", run_id);
    if (code == 0)
        code = rog_query_step(query, err);
    if (code == 0)
        code = rog_fail(err, ROG_ENOTFOUND, "%s: no process executes it", run_id);
    while (code == 1)
        code = rog_query_step(query, err);
    rog_query_free(query);
    return code;
}
