/* SPDX-License-Identifier: Apache-2.0 */
/* Records the case and the runs of a plan. */
#include <orchestrator/plan/record.h>

#include <stdlib.h>

#include <orchestrator/plan/contender.h>
#include <orchestrator/plan/match.h>
#include <orchestrator/plan/names.h>
#include <orchestrator/store/cases.h>
#include <orchestrator/store/identity.h>
#include <orchestrator/store/ingest.h>

static int record_case(struct rog_plan *plan, struct rog_db *db, struct rog_error *err)
{
    char now[ROG_UTC_BYTES];
    rog_utc_now(now);
    int code = rog_db_run(db, err,
                          "INSERT INTO cases(name, figure, created_at) VALUES (?, ?, ?)"
                          " ON CONFLICT(name) DO UPDATE SET figure = coalesce(excluded.figure,"
                          " figure)",
                          "sss", plan->case_name, plan->figure, now);
    if (code == 0 && plan->base)
        code = rog_db_run(
            db, err,
            "INSERT INTO case_settings(case_name, target_accuracy, contender,"
            " baseline, options) VALUES (?, ?, ?, ?, ?) ON CONFLICT(case_name) DO UPDATE SET"
            " target_accuracy = coalesce(excluded.target_accuracy, target_accuracy),"
            " contender = coalesce(excluded.contender, contender),"
            " baseline = excluded.baseline, options = excluded.options",
            "sdsss", plan->case_name, plan->target_accuracy, rog_plan_contender(plan),
            plan->baseline, plan->options);
    return code;
}

static int record_run(struct rog_plan_run *run, const char *cluster, struct rog_db *db,
                      struct rog_error *err)
{
    const struct rog_resolved_run *r = &run->resolved;
    int code = rog_run_name(db, time(NULL), r->library, r->threshold, r->control, &run->id, err);
    if (code < 0)
        return code;
    char *config = rog_json_text(r->config);
    if (!config)
        return rog_fail_nomem(err);
    code = rog_db_run(db, err,
                      "INSERT INTO runs(id, library, threshold, control, batchsize, epochs, note,"
                      " seed, workload, cluster, status, config, config_hash)"
                      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'planned', ?, ?)",
                      "ssisiisissss", run->id, r->library, r->threshold, r->control, r->batchsize,
                      r->epochs, r->note, r->seed, r->workload, cluster, config, r->hash);
    free(config);
    return code < 0 ? code : rog_identity_plan(db, run->id, r->settings_hash, err);
}

/* Puts the run at its position in the case; other runs of the case follow the plan's runs. */
static int record_position(const struct rog_plan *plan, const struct rog_plan_run *run,
                           struct rog_db *db, struct rog_error *err)
{
    if (!plan->base)
        return rog_case_append_run(db, plan->case_name, run->id, err);
    return rog_db_run(db, err,
                      "INSERT INTO case_runs(case_name, position, run_id)"
                      " VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET position = ?2",
                      "sis", plan->case_name, (int64_t)run->position, run->id);
}

/* Removes runs from the case that are no longer requested. */
static int record_leaving(const struct rog_plan *plan, struct rog_db *db, struct rog_error *err)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < plan->leaving_count; i++)
        code = rog_case_remove_run(db, plan->case_name, plan->leaving[i].id, err);
    for (size_t i = 0; code == 0 && i < plan->count; i++)
        if (plan->run[i].before)
            code = rog_case_remove_run(db, plan->case_name, plan->run[i].before, err);
    return code;
}

int rog_plan_record(struct rog_plan *plan, struct rog_db *db, bool fresh, struct rog_error *err)
{
    int code = rog_db_begin(db, err);
    if (code == 0)
        code = rog_plan_match(plan, db, fresh, err);
    if (code == 0 && plan->case_name)
        code = record_case(plan, db, err);
    if (code == 0)
        code = record_leaving(plan, db, err);
    for (size_t i = 0; code == 0 && i < plan->count; i++) {
        struct rog_plan_run *run = &plan->run[i];
        if (!run->id)
            code = record_run(run, plan->cluster, db, err);
        else /* a changed label is not another run, because labels do not identify runs */
            code =
                rog_db_run(db, err,
                           "UPDATE runs SET note = ?1, config = iif(?3, json_set(config,"
                           " '$.note', ?1, '$." ROG_NOTE_GIVEN "', json('true')), json_set("
                           "json_remove(config, '$." ROG_NOTE_GIVEN "'), '$.note', ?1))"
                           " WHERE id = ?2 AND (note IS NOT ?1 OR ?3 <>"
                           " coalesce(json_extract(config, '$." ROG_NOTE_GIVEN "'), 0))",
                           "ssi", run->resolved.note, run->id,
                           (int64_t)rog_json_get_bool(run->resolved.config, ROG_NOTE_GIVEN, false));
        if (code == 0 && plan->case_name)
            code = record_position(plan, run, db, err);
    }
    /* All runs of the plan have the same metric; checking one is enough. */
    if (code == 0 && plan->base)
        code = rog_case_check_metric(db, plan->case_name, plan->run[0].id, NULL, err);
    if (code == 0)
        code = rog_db_commit(db, err);
    rog_db_rollback(db);
    return code;
}
