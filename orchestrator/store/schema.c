/* SPDX-License-Identifier: Apache-2.0 */
/* Defines the tables of results.db and the upgrades from older versions. */
#include <orchestrator/store/schema.h>

#include <stdlib.h>

#include <common/file.h>
#include <orchestrator/store/iteration_columns.h>

/* All tables but `iterations` (iteration_columns.h). Times are seconds since the run's start;
 * started_at, ended_at, created_at and tested_at are UTC as YYYY-MM-DDThh:mm:ssZ. Checkpoint paths
 * are relative to the database's folder. streams.stored_bytes is the number of bytes of an event
 * stream that the other tables contain; streams.name is its file, relative to the run's folder. */
static const char version_1[] =
    "CREATE TABLE runs(id TEXT PRIMARY KEY NOT NULL, library TEXT NOT NULL,\n"
    "    threshold INTEGER NOT NULL, control TEXT NOT NULL, batchsize INTEGER NOT NULL,\n"
    "    epochs INTEGER NOT NULL, note TEXT, seed INTEGER NOT NULL, workload TEXT, cluster TEXT,\n"
    "    status TEXT NOT NULL CHECK(status IN ('planned', 'running', 'done', 'failed')),\n"
    "    attempt INTEGER NOT NULL DEFAULT 0, started_at TEXT, ended_at TEXT, error TEXT,\n"
    "    config TEXT NOT NULL, config_hash TEXT NOT NULL, versions TEXT);\n"
    "CREATE INDEX runs_config_hash ON runs(config_hash);\n"

    "CREATE TABLE cases(name TEXT PRIMARY KEY NOT NULL, figure TEXT, created_at TEXT NOT NULL);\n"
    "CREATE TABLE case_settings(case_name TEXT PRIMARY KEY NOT NULL\n"
    "        REFERENCES cases(name) ON DELETE CASCADE ON UPDATE CASCADE,\n"
    "    target_accuracy REAL);\n"
    "CREATE TABLE case_runs(\n"
    "    case_name TEXT NOT NULL REFERENCES cases(name) ON DELETE CASCADE ON UPDATE CASCADE,\n"
    "    position INTEGER NOT NULL,\n"
    "    run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE ON UPDATE CASCADE,\n"
    "    PRIMARY KEY(case_name, run_id));\n"
    "CREATE INDEX case_runs_run ON case_runs(run_id);\n"

    "CREATE TABLE streams(run_id TEXT PRIMARY KEY NOT NULL\n"
    "        REFERENCES runs(id) ON DELETE CASCADE ON UPDATE CASCADE,\n"
    "    stored_bytes INTEGER NOT NULL);\n"
    "CREATE TABLE workers(run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE\n"
    "        ON UPDATE CASCADE,\n"
    "    rank INTEGER NOT NULL, host TEXT, facts TEXT, PRIMARY KEY(run_id, rank)) WITHOUT ROWID;\n"
    "CREATE TABLE bandwidth(run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE\n"
    "        ON UPDATE CASCADE,\n"
    "    rank INTEGER NOT NULL, t REAL NOT NULL, mbps REAL NOT NULL);\n"
    "CREATE INDEX bandwidth_time ON bandwidth(run_id, rank, t);\n"
    "CREATE TABLE energy(run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE\n"
    "        ON UPDATE CASCADE,\n"
    "    rank INTEGER NOT NULL, t REAL NOT NULL, joules REAL NOT NULL, source TEXT NOT NULL);\n"
    "CREATE INDEX energy_time ON energy(run_id, rank, t);\n"
    "CREATE TABLE checkpoints(run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE\n"
    "        ON UPDATE CASCADE,\n"
    "    t REAL NOT NULL, iteration INTEGER NOT NULL, path TEXT NOT NULL, sha256 TEXT,\n"
    "    accuracy REAL, tested_at TEXT, PRIMARY KEY(run_id, t)) WITHOUT ROWID;\n"
    "CREATE TABLE events(run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE\n"
    "        ON UPDATE CASCADE,\n"
    "    rank INTEGER, t REAL NOT NULL, kind TEXT NOT NULL, data TEXT);\n"
    "CREATE INDEX events_kind ON events(run_id, kind, t);\n";

/* A run of several processes has one stream for each. */
static const char version_2[] =
    "CREATE TABLE streams_2(run_id TEXT NOT NULL\n"
    "        REFERENCES runs(id) ON DELETE CASCADE ON UPDATE CASCADE,\n"
    "    name TEXT NOT NULL, stored_bytes INTEGER NOT NULL, PRIMARY KEY(run_id, name))\n"
    "    WITHOUT ROWID;\n"
    "INSERT INTO streams_2(run_id, name, stored_bytes)\n"
    "    SELECT run_id, 'events.jsonl', stored_bytes FROM streams;\n"
    "DROP TABLE streams;\n"
    "ALTER TABLE streams_2 RENAME TO streams;\n";

/* What a case compares. Cases of older databases compare ROG, if they contain it, with all other
 * libraries. */
#define OLDER_CONTENDER "'ROG'"
static const char version_3[] =
    "ALTER TABLE case_settings ADD COLUMN contender TEXT;\n"
    "ALTER TABLE case_settings ADD COLUMN baseline TEXT;\n"
    "INSERT OR IGNORE INTO case_settings(case_name) SELECT name FROM cases;\n"
    "UPDATE case_settings SET contender = " OLDER_CONTENDER ";\n";

/* Further settings of a case, by their names in experiment files: JSON, so that a new setting needs
 * no new column. */
static const char version_4[] = "ALTER TABLE case_settings ADD COLUMN options TEXT;\n";

/* What runs have read (identity.h). Runs of older databases have no identity. */
static const char version_5[] =
    "CREATE TABLE identities(run_id TEXT PRIMARY KEY NOT NULL REFERENCES runs(id)\n"
    "        ON DELETE CASCADE ON UPDATE CASCADE,\n"
    "    settings_hash TEXT NOT NULL, results INTEGER) WITHOUT ROWID;\n"
    "CREATE TABLE inputs(run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE\n"
    "        ON UPDATE CASCADE,\n"
    "    setting TEXT NOT NULL, path TEXT NOT NULL, sha256 TEXT NOT NULL,\n"
    "    PRIMARY KEY(run_id, setting, path)) WITHOUT ROWID;\n";

/* Runs that are being executed (progress.h). `wanted` is "stop" if a user has asked to stop the
 * run. Versions 6 and 7 only added columns of iterations. */
static const char version_8[] =
    "CREATE TABLE progress(run_id TEXT PRIMARY KEY NOT NULL REFERENCES runs(id)\n"
    "        ON DELETE CASCADE ON UPDATE CASCADE,\n"
    "    state TEXT NOT NULL, t_s REAL, from_t_s REAL, done REAL, iteration INTEGER,\n"
    "    accuracy REAL, stall_share REAL, wall_s REAL, alone_s REAL, waiting TEXT,\n"
    "    waiting_since TEXT, updated_at TEXT NOT NULL, wanted TEXT) WITHOUT ROWID;\n";

/* The last known state of the hosts of runs (robots.h). */
static const char version_9[] =
    "CREATE TABLE robots(run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE\n"
    "        ON UPDATE CASCADE,\n"
    "    rank INTEGER NOT NULL, host TEXT, heard_at TEXT NOT NULL, iteration INTEGER,\n"
    "    mbps_up REAL, mbps_down REAL, battery REAL, celsius REAL, throttled INTEGER,\n"
    "    PRIMARY KEY(run_id, rank)) WITHOUT ROWID;\n";

static const char *const steps[] = {version_1, version_2, version_3, version_4, version_5,
                                    "",        "",        version_8, version_9};
#define STEPS ((int)(sizeof steps / sizeof *steps))

/* Before version 2 a run had one stream. */
static const char one_stream[] =
    "CREATE TEMP VIEW streams AS SELECT run_id, 'events.jsonl' AS name, stored_bytes\n"
    "    FROM main.streams;\n";

/* Before version 3 cases did not record what they compare, before version 4 nothing about their
 * curves. */
static const char unsaid[] =
    "CREATE TEMP VIEW case_settings AS SELECT name AS case_name, target_accuracy,\n"
    "    " OLDER_CONTENDER " AS contender, NULL AS baseline, NULL AS options FROM main.cases\n"
    "    LEFT JOIN main.case_settings AS s ON s.case_name = name;\n";
static const char without_options[] =
    "CREATE TEMP VIEW case_settings AS SELECT *, NULL AS options FROM main.case_settings;\n";

/* Before version 5 it was not recorded what runs had read. */
static const char unread[] =
    "CREATE TEMP VIEW identities AS SELECT NULL AS run_id, NULL AS settings_hash,\n"
    "    NULL AS results WHERE 0;\n"
    "CREATE TEMP VIEW inputs AS SELECT NULL AS run_id, NULL AS setting, NULL AS path,\n"
    "    NULL AS sha256 WHERE 0;\n";

/* Before version 8 the progress of runs was not recorded. */
static const char not_live[] =
    "CREATE TEMP VIEW progress AS SELECT NULL AS run_id, NULL AS state, NULL AS t_s,\n"
    "    NULL AS from_t_s, NULL AS done, NULL AS iteration, NULL AS accuracy,\n"
    "    NULL AS stall_share, NULL AS wall_s, NULL AS alone_s, NULL AS waiting,\n"
    "    NULL AS waiting_since, NULL AS updated_at, NULL AS wanted WHERE 0;\n";

/* Before version 9 nothing was recorded about hosts. */
static const char unheard[] =
    "CREATE TEMP VIEW robots AS SELECT NULL AS run_id, NULL AS rank, NULL AS host,\n"
    "    NULL AS heard_at, NULL AS iteration, NULL AS mbps_up, NULL AS mbps_down,\n"
    "    NULL AS battery, NULL AS celsius, NULL AS throttled WHERE 0;\n";

/* Views that replace a table that databases before version `since` lack or have in an older
 * form. */
static const struct {
    int since;
    const char *view;
} absent[] = {{2, one_stream}, {5, unread}, {8, not_live}, {9, unheard}};

int rog_schema_version(void)
{
    int columns = rog_iterations_version(rog_iteration_columns);
    return columns > STEPS ? columns : STEPS;
}

char *rog_schema_step(int version)
{
    char *iterations = version == 1 ? rog_iterations_create(rog_iteration_columns)
                                    : rog_iterations_extend(rog_iteration_columns, version);
    char *step = iterations
                     ? rog_format("%s%s", version <= STEPS ? steps[version - 1] : "", iterations)
                     : NULL;
    free(iterations);
    return step;
}

char *rog_schema_view(int version)
{
    char *iterations = rog_iterations_view(rog_iteration_columns, version);
    const char *settings = version < 3 ? unsaid : version < 4 ? without_options : "";
    char *view = iterations ? rog_strdup(settings) : NULL;
    for (size_t i = 0; view && i < sizeof absent / sizeof *absent; i++) {
        char *longer =
            version < absent[i].since ? rog_format("%s%s", view, absent[i].view) : rog_strdup(view);
        free(view);
        view = longer;
    }
    char *whole = view ? rog_format("%s%s", view, iterations) : NULL;
    free(view);
    free(iterations);
    return whole;
}
