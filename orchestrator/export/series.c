/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the query for a run's curves. */
#include <orchestrator/export/series.h>

#include <stdio.h>
#include <stdlib.h>

#include <rog/iteration.h>

/* ?1 run; points after ?2 iteration and ?3 seconds. Workers are listed one by one, so that the
 * indexes find the new points of each. */
#define OF_WORKERS \
    "run_id = ?1 AND rank IN (SELECT rank FROM workers WHERE run_id = ?1 AND rank > 0)"

static const char tests[] =
    "    SELECT coalesce(CASE WHEN json_valid(config)\n"
    "            THEN json_extract(config, '$.metric.name') END, 'accuracy') AS key,\n"
    "        0 AS rank, NULL AS source, accuracy AS value, t, iteration AS step\n"
    "    FROM checkpoints JOIN runs ON id = run_id WHERE run_id = ?1%s\n";
static const char tested_so_far[] = " AND t < coalesce((SELECT min(t) FROM checkpoints WHERE "
                                    "run_id = ?1 AND accuracy IS NULL), 9e99)";
static const char curve[] = "    UNION ALL SELECT '%s', rank, NULL, %s, t, iteration\n"
                            "    FROM iterations WHERE " OF_WORKERS " AND iteration > ?2\n";
static const char energy[] =
    "    UNION ALL SELECT 'energy_j', rank, coalesce(source, 'unknown'), joules, max(t),\n"
    "        CAST(t AS INTEGER)\n"
    "    FROM energy AS reading WHERE " OF_WORKERS " AND t > ?3%s\n"
    "    GROUP BY rank, source, CAST(t / 10 AS INTEGER)\n";
static const char read_so_far[] =
    " AND t < 10 * CAST((SELECT max(t) FROM energy AS last WHERE\n"
    "        run_id = ?1 AND last.rank = reading.rank) / 10 AS INTEGER)";
static const char bandwidth[] =
    "    UNION ALL SELECT 'bandwidth_mbps', rank, NULL, total(mbps * held) / total(held), max(t),\n"
    "        CAST(t AS INTEGER)\n"
    "    FROM (SELECT rank, t, mbps, coalesce(lead(t) OVER (PARTITION BY rank ORDER BY t) - t, 1)\n"
    "            AS held\n"
    "        FROM bandwidth WHERE " OF_WORKERS " AND t > ?3)\n"
    "    WHERE held > 0 GROUP BY rank, CAST(t AS INTEGER)\n";

/* Returns the query's text. Heap memory. */
static char *series_sql(const struct rog_series_choice *choice)
{
    static const struct {
        const char *key, *value;
    } made[] = {
        {"communication_s", "push_s + pull_s"},
        {"rows_pushed_percent", "100.0 * rows_pushed / rows_total"},
        {"rows_pulled_percent", "100.0 * rows_pulled / rows_total"},
    };
    char *sql = NULL;
    size_t size = 0;
    FILE *text = open_memstream(&sql, &size);
    if (!text)
        return NULL;
    fputs("SELECT key, rank, source, value, t, step FROM (\n", text);
    fprintf(text, tests, choice->in_progress ? tested_so_far : "");
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        fprintf(text, curve, made[i].key, made[i].value);
    for (const struct rog_iteration_column *c = rog_iteration_columns; c->name; c++)
        if (c->series)
            fprintf(text, curve, c->name, c->name);
    fprintf(text, energy, choice->in_progress ? read_so_far : "");
    fprintf(text, "%s) WHERE value IS NOT NULL AND t IS NOT NULL\nORDER BY %s",
            choice->bandwidth ? bandwidth : "",
            choice->order == ROG_SERIES_BY_TIME ? "t, key, rank, source, step"
                                                : "rank, t, key, source, step");
    if (fclose(text) == 0)
        return sql;
    free(sql);
    return NULL;
}

int rog_series_query(struct rog_query **query, struct rog_db *db, const char *run_id,
                     const struct rog_series_choice *choice, struct rog_error *err)
{
    char *sql = series_sql(choice);
    *query = NULL;
    int code = sql ? rog_query_new(query, db, err, sql, "sid", run_id, choice->since.iteration,
                                   choice->since.t_s)
                   : rog_fail_nomem(err);
    free(sql);
    return code;
}
