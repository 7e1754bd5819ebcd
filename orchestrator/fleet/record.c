/* SPDX-License-Identifier: Apache-2.0 */
/* Updates the table of runs when an attempt starts, is interrupted or ends. */
#include <orchestrator/fleet/record.h>

#include <stdlib.h>

#include <orchestrator/fleet/resume.h>
#include <orchestrator/store/identity.h>
#include <orchestrator/store/ingest.h>
#include <rog/events.h>

static int record_identity(struct rog_db *db, const struct rog_fleet_job *job,
                           struct rog_error *err)
{
    char *config = rog_json_text(job->config);
    struct rog_json *inputs = rog_inputs_json(job->inputs);
    const struct rog_identity identity = {
        .config = config,
        .hash = job->hash,
        .settings_hash = job->settings_hash,
        .results = ROG_RESULTS_VERSION,
        .inputs = inputs,
    };
    int code = config && inputs ? rog_identity_begin(db, job->run_id, &identity, err)
                                : rog_fail_nomem(err);
    rog_json_free(inputs);
    free(config);
    return code;
}

int rog_fleet_record_begin(struct rog_db *db, const struct rog_fleet_job *job,
                           struct rog_error *err)
{
    const char *run_id = job->run_id;
    char now[ROG_UTC_BYTES];
    rog_utc_now(now);
    int code = rog_db_begin(db, err);
    if (code == 0)
        code = rog_ingest_forget(db, run_id, err);
    if (code == 0)
        code = record_identity(db, job, err);
    if (code == 0)
        code = rog_db_run(db, err,
                          "UPDATE runs SET status = 'running', attempt = attempt + 1,"
                          " started_at = ?, ended_at = NULL, error = NULL, versions = NULL"
                          " WHERE id = ?",
                          "ss", now, run_id);
    if (code == 0)
        code = rog_db_commit(db, err);
    rog_db_rollback(db);
    return code;
}

int rog_fleet_record_start(struct rog_db *db, const char *run_id, struct rog_error *err)
{
    char now[ROG_UTC_BYTES];
    rog_utc_now(now);
    return rog_db_run(db, err, "UPDATE runs SET started_at = ? WHERE id = ?", "ss", now, run_id);
}

int rog_fleet_record_interruption(struct rog_db *db, const char *run_id, bool keep,
                                  struct rog_error *err)
{
    int code = rog_db_begin(db, err);
    if (code == 0 && !keep)
        code = rog_ingest_forget(db, run_id, err);
    if (code == 0)
        code = rog_db_run(db, err, "UPDATE runs SET status = 'planned' WHERE id = ?", "s", run_id);
    if (code == 0)
        code = rog_db_commit(db, err);
    rog_db_rollback(db);
    return code;
}

int rog_fleet_record_end(struct rog_db *db, const char *run_id, const char *folder, const char *why,
                         struct rog_error *err)
{
    int code = why ? 0 : rog_resume_forget(folder, err);
    return code < 0 ? code : rog_ingest_end(db, run_id, why ? "failed" : "done", why, err);
}

char *rog_fleet_config_text(const struct rog_fleet_job *job)
{
    struct rog_json *config = rog_json_copy(job->config);
    if (job->start_model && (job->folder || rog_json_get(config, "ranks")))
        rog_json_put_string(config, "initial_model", job->start_model);
    char *text = rog_json_text_pretty(config);
    rog_json_free(config);
    return text;
}
