/* SPDX-License-Identifier: Apache-2.0 */
/* Reads which workers of a run returned after they had been away. */
#include <orchestrator/store/returns.h>

#include <stdlib.h>

#include <rog/events.h>

int rog_returns_load(struct rog_db *db, const char *run_id, struct rog_returns *returns,
                     struct rog_error *err)
{
    *returns = (struct rog_returns){0};
    struct rog_query *query = NULL;
    int code =
        rog_query_new(&query, db, err,
                      "SELECT rank, t, json_extract(CASE WHEN json_valid(data) THEN data END,"
                      " '$.iteration') AS iteration"
                      " FROM events WHERE run_id = ? AND kind = '" ROG_EVENT_JOIN "'"
                      " AND iteration IS NOT NULL ORDER BY rank, t",
                      "s", run_id);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        struct rog_return *more =
            realloc(returns->item, (returns->count + 1) * sizeof *returns->item);
        code = more ? 0 : rog_fail_nomem(err);
        if (!more)
            break;
        returns->item = more;
        more[returns->count++] = (struct rog_return){
            rog_query_int(query, 0), rog_query_real(query, 1), rog_query_int(query, 2)};
    }
    rog_query_free(query);
    if (code < 0)
        rog_returns_release(returns);
    return code;
}

void rog_returns_release(struct rog_returns *returns)
{
    free(returns->item);
    *returns = (struct rog_returns){0};
}

const struct rog_return *rog_returns_between(const struct rog_returns *returns, int64_t rank,
                                             double after_s, double until_s)
{
    const struct rog_return *last = NULL;
    for (size_t i = 0; i < returns->count; i++) {
        const struct rog_return *item = &returns->item[i];
        if (item->rank == rank && item->t > after_s && item->t <= until_s)
            last = item;
    }
    return last;
}
