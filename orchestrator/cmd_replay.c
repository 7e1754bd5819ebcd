/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl replay: replays a recorded run on the virtual cluster, under any strategy. */
#include <orchestrator/commands.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <common/scratch.h>
#include <orchestrator/launch.h>
#include <orchestrator/replay/replay.h>
#include <orchestrator/store/summary.h>
#include <orchestrator/terminal/run_view.h>

struct replaying {
    struct rog_output output;
    struct rog_db *db;         /* database of the recorded run */
    char *id;                  /* id of the recorded run */
    char *profiles;            /* folder of the magnitude profiles */
    struct rog_scratch folder; /* folder of the replay */
    struct rog_cluster *artifact;
    struct rog_replay_run replay;
    struct rog_db *store; /* the replay's own database */
    struct rog_plan *plan;
};

static int prepare(const struct rog_cli *cli, struct replaying *r, struct rog_error *err)
{
    int code = rog_command_db(cli, ROG_DB_READ, &r->db, err);
    if (code == 0)
        code = rog_run_find(r->db, rog_cli_arg(cli, 0), &r->id, err);
    if (code == 0)
        code = rog_command_cluster_named("artifact4", &r->artifact, err);
    if (code == 0)
        code = rog_scratch_make(&r->folder, NULL, "rogctl-replay", err);
    if (code == 0)
        code = (r->profiles = rog_install_path("share/rog/magnitudes", err)) ? 0 : ROG_EFAILED;
    if (code == 0)
        code = rog_replay_run_prepare(&r->replay, r->db, r->id, r->artifact, r->profiles,
                                      r->folder.path, err);
    if (code < 0)
        return code;
    struct rog_json *settings = r->replay.settings;
    rog_cli_settings(cli, settings);
    code = rog_replay_run_parameters(&r->replay, err);
    if (code < 0)
        return code;
    return rog_plan_single(&r->plan, settings, &r->replay.cluster, NULL, err);
}

static int execute(struct replaying *r, struct rog_error *err)
{
    char *path = rog_path_join(r->folder.path, "results.db");
    char *trainer = rog_fleet_trainer_path(err);
    int code = !path ? rog_fail_nomem(err) : trainer ? 0 : ROG_EFAILED;
    if (code == 0)
        code = rog_db_open(&r->store, path, ROG_DB_WRITE, err);
    if (code == 0) {
        struct rog_launch launch = {.cluster = &r->replay.cluster,
                                    .db = r->store,
                                    .trainer = trainer,
                                    .jobs = 1,
                                    .output = r->output};
        code = rog_launch(&launch, r->plan, err);
    }
    free(trainer);
    free(path);
    return code;
}

/* Names the recorded run in the replay's summary, and copies from the recorded run what differs
 * only because of how a replay works. */
static void name_replay(struct rog_json *summary, const struct rog_json *recorded, const char *id)
{
    static const char *const same[] = {"batchsize", "epochs", "cluster"};
    char *name = rog_format("replay of %s", id);
    rog_json_put_string(summary, "id", name);
    rog_json_put_string(summary, "replay_of", id);
    rog_json_put_string(summary, "folder", NULL);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        rog_json_put(summary, same[i], rog_json_copy(rog_json_get(recorded, same[i])));
    free(name);
}

static int show(struct replaying *r, struct rog_error *err)
{
    struct rog_json *recorded = NULL, *summary = NULL, *both = rog_json_array();
    int code = rog_run_summary(r->db, r->id, &recorded, err);
    if (code == 0)
        code = rog_run_details(r->store, r->plan->run[0].id, &summary, err);
    if (code == 0) {
        name_replay(summary, recorded, r->id);
        if (r->output.json) {
            code = rog_print_json(summary, err);
        } else {
            rog_json_append(both, recorded);
            rog_json_append(both, summary);
            recorded = NULL;
            code = rog_runs_table(both, err);
        }
        summary = NULL;
    }
    rog_json_free(summary);
    rog_json_free(recorded);
    rog_json_free(both);
    return code;
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct replaying r = {.output = rog_output_of(cli)};
    struct rog_error cause = {0};
    int code = prepare(cli, &r, err);
    if (code == 0)
        code = execute(&r, err);
    if (code == 0)
        code = show(&r, err);
    rog_plan_free(r.plan);
    rog_db_close(r.store);
    rog_replay_run_release(&r.replay);
    rog_cluster_free(r.artifact);
    if (rog_scratch_remove(&r.folder, &cause) < 0)
        rog_warn(&r.output, "%s", cause.message);
    free(r.profiles);
    free(r.id);
    rog_db_close(r.db);
    return code;
}

const struct rog_command rog_cmd_replay = {
    .name = "replay",
    .usage = "RUN [options]",
    .summary = "Simulate a recorded run under another strategy, or the same",
    .details = "Replays the recorded bandwidth and computing times on the virtual cluster "
               "(strategy and network, no\n"
               "gradients) and prints the result beside the run; --json prints the same as show "
               "--json. Nothing is recorded:\n"
               "the database and the case do not change.",
    .settings = ROG_SETTING_OPTION_OF_REPLAY,
    .min_args = 1,
    .max_args = 1,
    .run = run,
    .outlives_reader = true,
};
