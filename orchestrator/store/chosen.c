/* SPDX-License-Identifier: Apache-2.0 */
/* Creates a case in temporary tables that hide those of the file. */
#include <orchestrator/store/chosen.h>

#include <common/json.h>
#include <orchestrator/store/ingest.h>
#include <orchestrator/store/summary.h>

/* Databases of older schemas already have a temporary view of that name (schema.h). */
static int make_settings(struct rog_db *db, const struct rog_chosen *chosen, struct rog_error *err)
{
    static const char *const tables[] = {
        "DROP VIEW IF EXISTS temp.case_settings",
        "CREATE TEMP TABLE case_settings AS SELECT * FROM chosen_settings",
        "CREATE TEMP TABLE cases(name TEXT PRIMARY KEY, figure TEXT, created_at TEXT)",
        "CREATE TEMP TABLE case_runs(case_name TEXT, position INTEGER, run_id TEXT)",
    };
    int code = rog_db_run(db, err,
                          "CREATE TEMP TABLE chosen_settings AS SELECT case_name, target_accuracy,"
                          " contender, baseline, options FROM case_settings LIMIT 0",
                          "");
    if (code == 0)
        code =
            rog_db_run(db, err,
                       "INSERT INTO chosen_settings SELECT ?1, coalesce(?2, max(target_accuracy)),"
                       " coalesce(?3, max(contender)), coalesce(?4, max(baseline)), max(options)"
                       " FROM case_settings WHERE case_name = ?5",
                       "sdsss", chosen->name, chosen->target, chosen->contender, chosen->baseline,
                       chosen->like);
    for (size_t i = 0; code == 0 && i < sizeof tables / sizeof *tables; i++)
        code = rog_db_run(db, err, tables[i], "");
    return code;
}

static int add_run(struct rog_db *db, const struct rog_chosen *chosen, size_t index,
                   struct rog_error *err)
{
    struct rog_run_row row = {0};
    int code = rog_run_row_load(db, chosen->run[index], &row, err);
    rog_run_row_release(&row);
    return code < 0 ? code
                    : rog_db_run(db, err,
                                 "INSERT INTO temp.case_runs SELECT ?1, ?2, ?3 WHERE ?3 NOT IN"
                                 " (SELECT run_id FROM temp.case_runs)",
                                 "sis", chosen->name, (int64_t)index, chosen->run[index]);
}

int rog_chosen_make(struct rog_db *db, const struct rog_chosen *chosen, struct rog_error *err)
{
    char now[ROG_UTC_BYTES];
    rog_utc_now(now);
    int code = make_settings(db, chosen, err);
    if (code == 0)
        code = rog_db_run(db, err,
                          "INSERT INTO temp.cases SELECT ?1, (SELECT figure FROM main.cases WHERE"
                          " name = ?2), ?3",
                          "sss", chosen->name, chosen->like, now);
    for (size_t i = 0; code == 0 && i < chosen->runs; i++)
        code = add_run(db, chosen, i, err);
    return code;
}
