/* SPDX-License-Identifier: Apache-2.0 */
/* Holds the SQL of the queries for figures and reports. */
#include <orchestrator/figures/queries.h>

#include <common/settings.h>
#include <orchestrator/store/summary.h>

#define PARAMETERS                   \
    "CASE WHEN json_valid(config)\n" \
    "            THEN coalesce(json_extract(config, '$.parameters'), '') ELSE '' END"

const char rog_query_case_runs[] =
    "WITH strategies AS (\n"
    "    SELECT library, threshold, " PARAMETERS " AS parameters, min(rowid) AS first\n"
    "    FROM runs GROUP BY 1, 2, 3),\n"
    "numbered AS (\n"
    "    SELECT *, row_number() OVER (ORDER BY first) - 1 AS number FROM strategies)\n"
    "SELECT runs.id, json_array(library, threshold, control, batchsize, epochs, cluster,\n"
    "       CASE WHEN json_valid(config) THEN json_remove(config, '$.seed', '$.note', "
    "'$." ROG_NOTE_GIVEN "', '$.record_rows')\n"
    "            ELSE config END),\n"
    "    (SELECT number FROM numbered AS n WHERE n.library = runs.library\n"
    "         AND n.threshold = runs.threshold AND n.parameters = " PARAMETERS "), runs.rowid\n"
    "FROM case_runs JOIN runs ON runs.id = run_id\n"
    "WHERE case_name = ?1 ORDER BY position, run_id";

const char rog_query_composition_as_published[] =
    "WITH host3 AS (\n"
    "    SELECT avg(compute_s) AS compute, avg(push_s + pull_s + stall_s) AS exchange\n"
    "    FROM iterations WHERE run_id = ?1 AND rank = 3),\n"
    "everybody AS (\n"
    "    SELECT avg(stall_s) AS stall, count(DISTINCT rank) AS workers\n"
    "    FROM iterations WHERE run_id = ?1 AND rank > 0),\n"
    "imported AS (\n"
    "    SELECT max(json_extract(data, '$.computation_s')) AS compute,\n"
    "           max(json_extract(data, '$.exchange_s')) AS exchange,\n"
    "           max(json_extract(data, '$.stall_s')) AS stall\n"
    "    FROM events WHERE run_id = ?1 AND kind = 'published-means'),\n"
    "own AS (\n"
    "    SELECT CASE library WHEN 'ROG' THEN 0 ELSE\n"
    "               coalesce(json_extract(config, '$.workers[2].compress_s'), 0) +\n"
    "               coalesce(json_extract(config, '$.workers[2].decompress_s'), 0) END AS packing\n"
    "    FROM runs WHERE id = ?1)\n"
    "SELECT coalesce(i.compute, h.compute),\n"
    "       coalesce(i.exchange - i.stall, h.exchange - own.packing - e.stall),\n"
    "       coalesce(i.stall, e.stall), workers\n"
    "FROM host3 AS h, everybody AS e, imported AS i, own";

const char rog_query_sent[] =
    "SELECT t, bytes_pushed / 1e6 / (SELECT count(DISTINCT rank) FROM iterations\n"
    "    WHERE run_id = ?1 AND rank > 0)\n"
    "FROM iterations WHERE run_id = ?1 AND rank > 0 ORDER BY t";

const char rog_query_exchange[] =
    "SELECT avg(sent), avg(received), avg(steps), avg(pushed), avg(pulled), avg(behind) FROM (\n"
    "    SELECT sum(bytes_pushed) / 1e6 AS sent, sum(bytes_pulled) / 1e6 AS received,\n"
    "           avg(local_steps) AS steps, avg(age_pushed) AS pushed, avg(age_pulled) AS pulled,\n"
    "           avg(staleness) AS behind\n"
    "    FROM iterations WHERE run_id = ?1 AND rank > 0 GROUP BY rank)";

const char rog_query_bandwidth[] =
    "SELECT t, mbps FROM bandwidth WHERE run_id = ?1 AND rank = ?2 AND t <= ?4 AND t >= coalesce(\n"
    "    (SELECT max(t) FROM bandwidth WHERE run_id = ?1 AND rank = ?2 AND t <= ?3), ?3)\n"
    "ORDER BY t";

const char rog_query_transmissions[] =
    "SELECT t, push_s, pull_s, stall_s,\n"
    "       100.0 * rows_pushed / rows_total, 100.0 * rows_pulled / rows_total\n"
    "FROM iterations WHERE run_id = ?1 AND rank = ?2 AND t >= ?3\n"
    "    AND t - coalesce(pull_s, 0) - coalesce(stall_s, 0) <= ?4\n"
    "ORDER BY iteration";

const char rog_query_staleness[] =
    "WITH progress AS (\n"
    "    SELECT t, max(iteration) OVER before AS fastest,\n"
    "           coalesce(max(CASE WHEN rank = ?2 THEN iteration END) OVER before, 0) AS own\n"
    "    FROM iterations WHERE run_id = ?1 AND rank > 0 AND t <= ?4\n"
    "    WINDOW before AS (ORDER BY t))\n"
    "SELECT DISTINCT t, fastest - own FROM progress WHERE t >= coalesce(\n"
    "    (SELECT max(t) FROM progress WHERE t <= ?3), ?3)\n"
    "ORDER BY t";

const char rog_query_staleness_as_published[] =
    "WITH sampled AS (\n"
    "    SELECT coalesce(min(CASE WHEN json_valid(facts) AND\n"
    "        json_extract(facts, '$.server_rank') = 2 THEN rank END), 3) AS rank\n"
    "    FROM workers WHERE run_id = ?1),\n"
    "progress AS (\n"
    "    SELECT t, rank, max(iteration) OVER before AS fastest,\n"
    "           coalesce(max(CASE WHEN rank = ?2 THEN iteration END) OVER before, 0) AS own\n"
    "    FROM iterations WHERE run_id = ?1 AND rank > 0 AND t <= ?4\n"
    "    WINDOW before AS (ORDER BY t))\n"
    "SELECT DISTINCT t, fastest - own FROM progress\n"
    "WHERE rank = (SELECT rank FROM sampled) AND t >= ?3 ORDER BY t";

const char rog_query_microevents_ranks[] =
    "SELECT rank, min(t), max(t), count(*),\n"
    "       (SELECT count(*) FROM bandwidth AS b WHERE b.run_id = ?1 AND b.rank = i.rank)\n"
    "FROM iterations AS i WHERE run_id = ?1 AND rank > 0 GROUP BY rank ORDER BY rank";

const char rog_query_row_layers[] =
    "SELECT json_extract(layer.value, '$[0]'), json_extract(layer.value, '$[1]')\n"
    "FROM events, json_each(data, '$.layers') AS layer\n"
    "WHERE events.rowid = (SELECT min(rowid) FROM events WHERE run_id = ?1 AND kind = 'start'\n"
    "    AND json_array_length(data, '$.layers') > 0)\n"
    "ORDER BY layer.key";

const char rog_query_row_counts[] =
    "WITH counts AS (\n"
    "    SELECT json_extract(data, '$.iteration') AS iteration, data, max(rowid)\n"
    "    FROM events WHERE run_id = ?1 AND kind = 'rows' AND rank = ?2 GROUP BY 1)\n"
    "SELECT t - coalesce(pull_s, 0) - coalesce(stall_s, 0), t,\n"
    "       rows_pushed = rows_total, rows_pulled = rows_total,\n"
    "       json_extract(data, '$.pushed'), json_extract(data, '$.pulled')\n"
    "FROM iterations LEFT JOIN counts USING(iteration)\n"
    "WHERE run_id = ?1 AND rank = ?2 AND t >= ?3 AND iteration <= coalesce(\n"
    "    (SELECT min(iteration) FROM iterations WHERE run_id = ?1 AND rank = ?2\n"
    "        AND t - coalesce(pull_s, 0) - coalesce(stall_s, 0) > ?4), 9e18)\n"
    "ORDER BY iteration";

const char rog_query_row_runs[] =
    "SELECT DISTINCT id FROM runs JOIN events ON run_id = id\n"
    "WHERE kind = 'start' AND json_array_length(data, '$.layers') > 0\n"
    "ORDER BY started_at DESC, id DESC LIMIT 8";

const char rog_query_cases_of_run[] = "SELECT name FROM case_runs JOIN cases ON name = case_name\n"
                                      "WHERE run_id = ?1 ORDER BY created_at, name";

const char rog_query_microevents_runs[] =
    "SELECT id FROM runs\n"
    "WHERE EXISTS (SELECT 1 FROM iterations WHERE run_id = id AND rank > 0)\n"
    "    AND EXISTS (SELECT 1 FROM bandwidth WHERE run_id = id AND rank > 0)\n"
    "ORDER BY started_at DESC, id DESC LIMIT 8";

const char rog_query_workers[] =
    "SELECT rank, host, facts FROM workers WHERE run_id = ?1 ORDER BY rank";
