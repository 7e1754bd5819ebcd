/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl test: tests checkpoints that have not been tested yet. */
#include <orchestrator/commands.h>

#include <stdlib.h>

#include <common/file.h>
#include <orchestrator/fleet/fleet.h>
#include <orchestrator/store/cases.h>
#include <orchestrator/store/ingest.h>
#include <orchestrator/store/summary.h>
#include <orchestrator/terminal/output.h>

/* Finds runs with untested checkpoints: the given one, or all. */
static int find_runs(struct rog_db *db, const char *text, struct rog_json *ids,
                     struct rog_error *err)
{
    char *only = NULL;
    int code = text ? rog_run_find(db, text, &only, err) : 0;
    if (code == 0)
        code = rog_runs_untested(db, only, ids, err);
    free(only);
    return code;
}

/* Tests the checkpoints of each run. If one run fails, the others are tested nevertheless. */
static int test_runs(const struct rog_fleet_options *options, const struct rog_output *output,
                     const struct rog_json *ids, struct rog_json *result, struct rog_error *err)
{
    size_t failed = 0;
    for (size_t i = 0; i < rog_json_size(ids); i++) {
        const char *id = rog_json_string(rog_json_at(ids, i), "");
        struct rog_error cause = {0};
        size_t tested = 0;
        int code = rog_fleet_test(options, id, &tested, &cause);
        if (code == ROG_EINTR)
            return rog_fail(err, code, "interrupted; results so far are recorded");
        if (code < 0)
            rog_warn(output, "%s: %s", id, cause.message);
        failed += code < 0;
        struct rog_json *row = rog_json_object();
        rog_json_put_string(row, "id", id);
        rog_json_put_integer(row, "tested", (int64_t)tested);
        rog_json_put_string(row, "error", code < 0 ? cause.message : NULL);
        rog_json_append(result, row);
    }
    return failed ? rog_fail(err, ROG_EFAILED, "%zu of %zu runs could not be tested", failed,
                             rog_json_size(ids))
                  : 0;
}

static int show(const struct rog_output *output, struct rog_json *result, struct rog_error *err)
{
    if (output->json)
        return rog_print_json(result, err);
    struct rog_table *table = rog_table_new("run|>checkpoints tested");
    for (size_t i = 0; i < rog_json_size(result); i++) {
        const struct rog_json *row = rog_json_at(result, i);
        rog_table_cell(table, "%s", rog_json_get_string(row, "id", ""));
        rog_table_cell(table, "%lld", (long long)rog_json_get_integer(row, "tested", 0));
    }
    rog_json_free(result);
    return rog_table_print(table, err);
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_output output = rog_output_of(cli);
    struct rog_db *db = NULL;
    struct rog_json *ids = rog_json_array(), *result = rog_json_array();
    char *trainer = rog_fleet_trainer_path(err);
    int code = !trainer ? ROG_EFAILED : ids && result ? 0 : rog_fail_nomem(err);
    if (code == 0)
        /* Fails if the database does not exist. */
        code = rog_command_db(cli, ROG_DB_READ, &db, err);
    rog_db_close(db);
    db = NULL;
    if (code == 0)
        code = rog_command_db(cli, ROG_DB_WRITE, &db, err);
    if (code == 0)
        code = find_runs(db, rog_cli_arg(cli, 0), ids, err);
    if (code == 0 && rog_json_size(ids) == 0)
        code = rog_fail(err, ROG_ENOTFOUND, "all checkpoints are already tested");
    if (code == 0) {
        const struct rog_fleet_options options = {.db = db, .trainer = trainer, .jobs = 1};
        code = test_runs(&options, &output, ids, result, err);
        int shown = show(&output, result, code ? NULL : err);
        result = NULL;
        code = code ? code : shown;
    }
    rog_db_close(db);
    rog_json_free(result);
    rog_json_free(ids);
    free(trainer);
    return code;
}

const struct rog_command rog_cmd_test = {
    .name = "test",
    .usage = "[RUN]",
    .summary = "Test untested checkpoints, of a run or of all",
    .max_args = 1,
    .run = run,
    .outlives_reader = true,
};
