/* SPDX-License-Identifier: Apache-2.0 */
/* Queries a run's start event. */
#include <orchestrator/store/started.h>

#include <string.h>

int rog_started_load(struct rog_db *db, const char *run_id, struct rog_json **event,
                     struct rog_error *err)
{
    struct rog_query *query = NULL;
    *event = NULL;
    int code = rog_query_new(&query, db, err,
                             "SELECT data FROM events WHERE run_id = ? AND kind = 'start'"
                             " ORDER BY rank > 0, rowid LIMIT 1",
                             "s", run_id);
    if (code == 0)
        code = rog_query_step(query, err);
    const char *text = code == 1 ? rog_query_text(query, 0) : NULL;
    if (text)
        code = rog_json_parse(text, strlen(text), "event start", event, err);
    rog_query_free(query);
    return code < 0 ? code : 0;
}
