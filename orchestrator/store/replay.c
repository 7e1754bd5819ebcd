/* SPDX-License-Identifier: Apache-2.0 */
/* Summarizes how closely hosts followed the bandwidth that they replayed. */
#include <orchestrator/store/replay.h>

#include <math.h>
#include <stdlib.h>

#include <common/file.h>
#include <rog/events.h>

int rog_replay_load(struct rog_db *db, const char *run_id, struct rog_replay *replay,
                    struct rog_error *err)
{
    struct rog_query *query = NULL;
    *replay = (struct rog_replay){.error = (double)NAN, .tolerance = (double)NAN};
    int code = rog_query_new(
        &query, db, err,
        "WITH ends AS (SELECT rank, CASE WHEN json_valid(data) THEN data END AS data FROM events"
        " WHERE run_id = ? AND kind = '" ROG_EVENT_REPLAY_END "')"
        " SELECT rank, json_extract(data, '$.error') AS error,"
        " json_extract(data, '$.tolerance') AS tolerance FROM ends"
        " ORDER BY error IS NULL, abs(error) / coalesce(tolerance, 1) DESC, rank LIMIT 1",
        "s", run_id);
    if (code == 0)
        code = rog_query_step(query, err);
    if (code == 1)
        *replay = (struct rog_replay){true, rog_query_int(query, 0), rog_query_real(query, 1),
                                      rog_query_real(query, 2)};
    rog_query_free(query);
    return code < 0 ? code : 0;
}

bool rog_replay_is_off(const struct rog_replay *replay)
{
    return replay->recorded && fabs(replay->error) > replay->tolerance;
}

char *rog_replay_text(const struct rog_replay *replay)
{
    char *host = replay->rank ? rog_format("worker %lld", (long long)replay->rank)
                              : rog_strdup("the server");
    char *text = NULL;
    if (host && isnan(replay->error))
        text = rog_strdup("unknown: on no host was enough data waiting to be sent at a time");
    else if (host && isnan(replay->tolerance))
        text = rog_format("off by %+.1f%% on %s", 100 * replay->error, host);
    else if (host)
        text =
            rog_format("off by %+.1f%% on %s, %s the tolerance of %g%%", 100 * replay->error, host,
                       rog_replay_is_off(replay) ? "more than" : "within", 100 * replay->tolerance);
    free(host);
    return text;
}
