/* SPDX-License-Identifier: Apache-2.0 */
/* Counts what went wrong in a run, and says it. */
#include <orchestrator/store/setbacks.h>

#include <stdio.h>

#include <rog/events.h>

int rog_setbacks_load(struct rog_db *db, const char *run_id, struct rog_setbacks *setbacks,
                      struct rog_error *err)
{
    struct rog_query *query = NULL;
    *setbacks = (struct rog_setbacks){0};
    int code = rog_query_new(&query, db, err,
                             "SELECT total(kind = '" ROG_EVENT_RESTART "'),"
                             " total(json_extract(data, '$.lost_s')) FROM events"
                             " WHERE run_id = ?"
                             " AND kind IN ('" ROG_EVENT_RESTART "', '" ROG_EVENT_RESUME "')",
                             "s", run_id);
    if (code == 0)
        code = rog_query_step(query, err);
    if (code == 1)
        *setbacks =
            (struct rog_setbacks){(int64_t)rog_query_real(query, 0), rog_query_real(query, 1)};
    rog_query_free(query);
    return code < 0 ? code : 0;
}

void rog_setbacks_add(struct rog_setbacks *sum, const struct rog_setbacks *more)
{
    sum->restarts += more->restarts;
    sum->lost_s += more->lost_s;
}

static int digits_of(double seconds)
{
    return seconds < 10 ? 1 : 0;
}

void rog_setbacks_text(const struct rog_setbacks *setbacks, char text[ROG_SETBACKS_BYTES])
{
    size_t used = 0;
    text[0] = '\0';
    if (setbacks->restarts > 0)
        used = (size_t)snprintf(text, ROG_SETBACKS_BYTES, "%lld process%s started again",
                                (long long)setbacks->restarts, setbacks->restarts == 1 ? "" : "es");
    if (setbacks->lost_s > 0)
        snprintf(text + used, ROG_SETBACKS_BYTES - used, "%s%.*f s of the run lost",
                 used ? ", " : "", digits_of(setbacks->lost_s), setbacks->lost_s);
}

void rog_setbacks_mark(const struct rog_setbacks *setbacks, char text[ROG_SETBACKS_BYTES])
{
    text[0] = '\0';
    if (setbacks->lost_s > 0)
        snprintf(text, ROG_SETBACKS_BYTES, "%.*f s lost", digits_of(setbacks->lost_s),
                 setbacks->lost_s);
}
