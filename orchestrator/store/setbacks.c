/* SPDX-License-Identifier: Apache-2.0 */
/* Counts what went wrong in a run, and describes it. */
#include <orchestrator/store/setbacks.h>

#include <stdio.h>
#include <string.h>

#include <rog/events.h>

int rog_setbacks_load(struct rog_db *db, const char *run_id, struct rog_setbacks *setbacks,
                      struct rog_error *err)
{
    struct rog_query *query = NULL;
    *setbacks = (struct rog_setbacks){0};
    int code =
        rog_query_new(&query, db, err,
                      "WITH told AS (SELECT kind, CASE WHEN json_valid(data) THEN data END AS data"
                      " FROM events WHERE run_id = ? AND kind IN ('" ROG_EVENT_RESTART
                      "', '" ROG_EVENT_RESUME "', '" ROG_EVENT_END "'))"
                      " SELECT total(kind = '" ROG_EVENT_RESTART "'),"
                      " total(json_extract(data, '$.lost_s')),"
                      " max(json_extract(data, '$.workers')) FILTER (WHERE kind = 'end'),"
                      " max(json_array_length(data, '$.workers_away'))"
                      " FROM told",
                      "s", run_id);
    if (code == 0)
        code = rog_query_step(query, err);
    if (code == 1)
        *setbacks = (struct rog_setbacks){
            .restarts = (int64_t)rog_query_real(query, 0),
            .lost_s = rog_query_real(query, 1),
            .finished = rog_query_int(query, 2),
            .workers = rog_query_int(query, 2) + rog_query_int(query, 3),
        };
    rog_query_free(query);
    return code < 0 ? code : 0;
}

void rog_setbacks_add(struct rog_setbacks *sum, const struct rog_setbacks *more)
{
    sum->restarts += more->restarts;
    sum->lost_s += more->lost_s;
    if (sum->workers == 0 || more->workers - more->finished > sum->workers - sum->finished) {
        sum->workers = more->workers;
        sum->finished = more->finished;
    }
}

void rog_setbacks_put(const struct rog_setbacks *setbacks, struct rog_json *object)
{
    if (setbacks->workers > 0) {
        rog_json_put_integer(object, "workers", setbacks->workers);
        rog_json_put_integer(object, "workers_finished", setbacks->finished);
    }
    rog_json_put_integer(object, "restarts", setbacks->restarts);
    rog_json_put_number(object, "lost_s", setbacks->lost_s);
}

void rog_setbacks_read(struct rog_setbacks *setbacks, const struct rog_json *object)
{
    bool said = rog_json_get(object, "workers_finished") != NULL;
    *setbacks = (struct rog_setbacks){
        .workers = said ? rog_json_get_integer(object, "workers", 0) : 0,
        .finished = said ? rog_json_get_integer(object, "workers_finished", 0) : 0,
        .restarts = rog_json_get_integer(object, "restarts", 0),
        .lost_s = rog_json_get_number(object, "lost_s", 0),
    };
}

int rog_setbacks_put_away(struct rog_db *db, const char *run_id, struct rog_json *object,
                          struct rog_error *err)
{
    struct rog_query *query = NULL;
    struct rog_json *list = NULL;
    int code = rog_query_new(&query, db, err,
                             "SELECT json_extract(CASE WHEN json_valid(data) THEN data END,"
                             " '$.workers_away') FROM events"
                             " WHERE run_id = ? AND kind = '" ROG_EVENT_END "' LIMIT 1",
                             "s", run_id);
    if (code == 0)
        code = rog_query_step(query, err);
    const char *text = code == 1 ? rog_query_text(query, 0) : NULL;
    if (text && rog_json_parse(text, strlen(text), "workers_away", &list, NULL) == 0)
        rog_json_put(object, "workers_away", list);
    rog_query_free(query);
    return code < 0 ? code : 0;
}

static int digits_of(double seconds)
{
    return seconds < 10 ? 1 : 0;
}

/* Writes "3 of 4 workers" and `after` if some workers did not finish. Returns the number of
 * bytes. */
static size_t workers_text(const struct rog_setbacks *setbacks, const char *after,
                           char text[ROG_SETBACKS_BYTES])
{
    text[0] = '\0';
    if (setbacks->finished >= setbacks->workers)
        return 0;
    return (size_t)snprintf(text, ROG_SETBACKS_BYTES, "%lld of %lld workers%s",
                            (long long)setbacks->finished, (long long)setbacks->workers, after);
}

void rog_setbacks_text(const struct rog_setbacks *setbacks, char text[ROG_SETBACKS_BYTES])
{
    size_t used = workers_text(setbacks, " to the end", text);
    if (setbacks->restarts > 0)
        used += (size_t)snprintf(
            text + used, ROG_SETBACKS_BYTES - used, "%s%lld process%s restarted", used ? ", " : "",
            (long long)setbacks->restarts, setbacks->restarts == 1 ? "" : "es");
    if (setbacks->lost_s > 0)
        snprintf(text + used, ROG_SETBACKS_BYTES - used, "%s%.*f s of the run lost",
                 used ? ", " : "", digits_of(setbacks->lost_s), setbacks->lost_s);
}

void rog_setbacks_mark(const struct rog_setbacks *setbacks, char text[ROG_SETBACKS_BYTES])
{
    size_t used = workers_text(setbacks, "", text);
    if (setbacks->lost_s > 0)
        snprintf(text + used, ROG_SETBACKS_BYTES - used, "%s%.*f s lost", used ? ", " : "",
                 digits_of(setbacks->lost_s), setbacks->lost_s);
}
