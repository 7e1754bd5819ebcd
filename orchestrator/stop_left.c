/* SPDX-License-Identifier: Apache-2.0 */
/* Reconnects to runs that were left on hosts, to stop them. */
#include <orchestrator/stop_left.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <orchestrator/commands.h>
#include <orchestrator/fleet/fleet.h>
#include <orchestrator/ssh/credentials.h>
#include <orchestrator/store/identity.h>
#include <orchestrator/store/summary.h>
#include <orchestrator/terminal/progress.h>
#include <orchestrator/terminal/prompt.h>
#include <orchestrator/terminal/run_view.h>

/* A run from the database, and the job to stop it. */
struct left {
    struct rog_run_row row;
    struct rog_json *config, *identity;
    struct rog_inputs inputs;
    struct rog_fleet_job job;
};

static void release(struct left *left)
{
    rog_inputs_release(&left->inputs);
    rog_json_free(left->identity);
    rog_json_free(left->config);
    rog_run_row_release(&left->row);
}

static int load(struct rog_db *db, const char *run_id, struct left *left, struct rog_error *err)
{
    *left = (struct left){0};
    int code = rog_run_row_load(db, run_id, &left->row, err);
    if (code == 0)
        code = rog_json_parse(left->row.config, strlen(left->row.config), "config", &left->config,
                              err);
    if (code == 0)
        code = rog_identity_load(db, run_id, &left->identity, err);
    if (code == 0)
        code = rog_inputs_from_json(&left->inputs, rog_json_get(left->identity, "files"), err);
    left->job = (struct rog_fleet_job){
        .run_id = left->row.id,
        .label = left->row.note ? left->row.note : "",
        .config = left->config,
        .hash = left->row.config_hash,
        .inputs = &left->inputs,
        .accuracy = (double)NAN,
        .stall_share = (double)NAN,
        .expected_s = (double)NAN,
        .real_time = true,
    };
    return code;
}

static int end_one(const struct rog_output *output, const struct rog_cluster *cluster,
                   struct rog_db *db, const char *run_id, struct rog_error *err)
{
    struct left left;
    struct rog_progress progress;
    struct rog_contents *contents = NULL;
    struct rog_credentials *credentials = NULL;
    char *trainer = rog_fleet_trainer_path(err);
    int code = trainer ? load(db, run_id, &left, err) : ROG_EFAILED;
    if (code == 0)
        code = rog_contents_new(&contents, err);
    if (code == 0)
        code = rog_credentials_new(&credentials, rog_prompt, NULL, err);
    rog_progress_init(&progress, output);
    const struct rog_fleet_observer observer = rog_progress_observer(&progress);
    const struct rog_fleet_options options = {.db = db,
                                              .trainer = trainer,
                                              .jobs = 1,
                                              .contents = contents,
                                              .observer = &observer,
                                              .credentials = credentials,
                                              .sweep = "rogctl stop",
                                              .ends = true};
    if (code == 0)
        code = rog_fleet_execute(cluster, &options, &left.job, 1, err);
    if (code == ROG_EFAILED && left.job.state == ROG_FLEET_STOPPED)
        code = 0; /* stopping was the purpose */
    rog_progress_release(&progress);
    rog_credentials_free(credentials);
    rog_contents_free(contents);
    if (trainer)
        release(&left);
    free(trainer);
    return code;
}

static bool is_left(struct rog_db *db, const char *run_id)
{
    const char *abandoned = rog_run_abandoned(db, run_id);
    struct rog_run_row row;
    bool runs = rog_run_row_load(db, run_id, &row, NULL) == 0 && strcmp(row.status, "running") == 0;
    rog_run_row_release(&row);
    return runs && abandoned && strcmp(abandoned, "left") == 0;
}

int rog_stop_left(const struct rog_output *output, const struct rog_json *sweep, const char *run_id,
                  size_t *ended, struct rog_error *err)
{
    const struct rog_json *runs = rog_json_get(sweep, "runs");
    const char *path = rog_json_get_string(sweep, "cluster", NULL);
    struct rog_cluster *cluster = NULL;
    struct rog_db *db = NULL;
    *ended = 0;
    if (!path || rog_json_size(runs) == 0)
        return 0; /* the sweep has started nothing */
    int code = rog_db_open(&db, rog_json_get_string(sweep, "database", ""), ROG_DB_WRITE, err);
    for (size_t i = 0; code == 0 && i < rog_json_size(runs); i++) {
        const char *id = rog_json_get_string(rog_json_at(runs, i), "id", "");
        if ((run_id && strcmp(id, run_id) != 0) || !is_left(db, id))
            continue;
        if (!cluster)
            code = rog_command_cluster_file(path, &cluster, err);
        if (code == 0)
            code = end_one(output, cluster, db, id, err);
        *ended += code == 0;
    }
    rog_cluster_free(cluster);
    rog_db_close(db);
    return code;
}
