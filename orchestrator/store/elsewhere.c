/* SPDX-License-Identifier: Apache-2.0 */
/* Writes rows of runs that are executed on another machine. */
#include <orchestrator/store/elsewhere.h>

#include <string.h>

#include <orchestrator/store/identity.h>

int rog_run_elsewhere_record(struct rog_db *db, const struct rog_run_elsewhere *run,
                             struct rog_error *err)
{
    int code = rog_db_run(
        db, err,
        "INSERT INTO runs(id, library, threshold, control, batchsize, epochs, note, seed,"
        " workload, cluster, status, attempt, started_at, config, config_hash)"
        " SELECT ?1, coalesce(json_extract(?2, '$.library'), ''),"
        " coalesce(json_extract(?2, '$.threshold'), 0), coalesce(json_extract(?2, '$.control'), "
        "''),"
        " coalesce(json_extract(?2, '$.batchsize'), 0), coalesce(json_extract(?2, '$.epochs'), 0),"
        " json_extract(?2, '$.note'), coalesce(json_extract(?2, '$.seed'), 0),"
        " json_extract(?2, '$.workload'), NULL, iif(?3 > 0, 'running', 'planned'), ?3, ?4, ?2, ?5",
        "ssiss", run->run_id, run->config, run->attempt, run->started_at, run->hash);
    return code < 0 ? code : rog_identity_plan(db, run->run_id, run->settings_hash, err);
}

/* Returns the text if it has the format of rog_utc_now, else NULL. */
static const char *time_or_null(const char *text)
{
    static const char form[] = "0000-00-00T00:00:00Z";
    if (!text || strlen(text) != sizeof form - 1)
        return NULL;
    for (size_t i = 0; i < sizeof form - 1; i++)
        if (form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
            return NULL;
    return text;
}

/* A run may start and end on machines whose clocks differ. It never ends before it started. */
int rog_run_elsewhere_times(struct rog_db *db, const char *run_id, const char *started_at,
                            const char *ended_at, struct rog_error *err)
{
    return rog_db_run(db, err,
                      "UPDATE runs SET started_at = coalesce(?1, started_at),"
                      " ended_at = max(coalesce(?2, ended_at), coalesce(?1, started_at, ''))"
                      " WHERE id = ?3",
                      "sss", time_or_null(started_at), time_or_null(ended_at), run_id);
}

int rog_run_elsewhere_status(struct rog_db *db, const char *run_id, const char *status,
                             struct rog_error *err)
{
    return rog_db_run(db, err,
                      "UPDATE runs SET status = ?, ended_at = NULL, error = NULL WHERE id = ?",
                      "ss", status, run_id);
}
