/* SPDX-License-Identifier: Apache-2.0 */
/* Queries imported runs and what was noted about them. */
#include <orchestrator/store/imported.h>

#include <string.h>

bool rog_imported_is(const struct rog_run_row *row)
{
    return row->workload && strcmp(row->workload, ROG_IMPORTED) == 0;
}

int rog_imported_find(struct rog_db *db, const char *run_id, struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code =
        rog_query_new(&query, db, err,
                      "SELECT workload = '" ROG_IMPORTED "' FROM runs WHERE id = ?", "s", run_id);
    if (code == 0)
        code = rog_query_step(query, err);
    if (code == 1 && rog_query_int(query, 0) != 1)
        code = rog_fail(
            err, ROG_EINVAL,
            "run %s is already recorded but was not imported; hint: import into another database",
            run_id);
    rog_query_free(query);
    return code;
}

int rog_imported_load(struct rog_db *db, const char *run_id, struct rog_json **imported,
                      struct rog_error *err)
{
    struct rog_query *query = NULL;
    *imported = NULL;
    int code =
        rog_query_new(&query, db, err,
                      "SELECT data FROM events WHERE run_id = ? AND kind = 'import'", "s", run_id);
    if (code == 0)
        code = rog_query_step(query, err);
    const char *text = code == 1 ? rog_query_text(query, 0) : NULL;
    if (text)
        code = rog_json_parse(text, strlen(text), "event import", imported, err);
    rog_query_free(query);
    return code < 0 ? code : 0;
}
