/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl run: executes one run, described on the command line. */
#include <orchestrator/commands.h>

#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/launch.h>
#include <orchestrator/rehearse.h>
#include <orchestrator/store/summary.h>
#include <orchestrator/terminal/run_view.h>

/* Reads NAME=VALUE, any other setting of a run. */
static int take_setting(const char *text, struct rog_json *settings, struct rog_error *err)
{
    size_t length = strcspn(text, "=");
    if (text[length] != '=')
        return rog_fail(err, ROG_EINVAL,
                        "%s: not a setting; settings are given as NAME=VALUE, for example "
                        "seconds=600",
                        text);
    char *name = rog_format("%.*s", (int)length, text);
    if (!name)
        return rog_fail_nomem(err);
    int code = 0;
    struct rog_json *value = NULL;
    const struct rog_setting *setting = rog_setting_find(rog_run_settings, name);
    if (!setting) {
        const char *near = rog_setting_nearest(rog_run_settings, name);
        code = rog_fail(err, ROG_EINVAL, "unknown setting %s%s%s%s", name,
                        near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
    } else if (rog_json_get(settings, name)) {
        code = rog_fail(err, ROG_EINVAL, "%s is given twice", name);
    } else {
        code = rog_setting_parse(setting, text + length + 1, &value, err);
    }
    if (code == 0)
        rog_json_put(settings, name, value);
    free(name);
    return code;
}

static int take_method(const struct rog_cli *cli, struct rog_json *settings, struct rog_error *err)
{
    struct rog_methods methods;
    char *label = NULL;
    int code = rog_command_methods(rog_cli_string(cli, "methods"), &methods, err);
    if (code == 0)
        code = rog_methods_apply(&methods, settings, &label, err);
    if (code == ROG_ENOTFOUND)
        code = err ? (err->code = ROG_EINVAL) : ROG_EINVAL; /* it is an error of the command line */
    if (code == 0 && !rog_json_get(settings, "note"))
        rog_json_put_string(settings, "note", label);
    free(label);
    rog_methods_release(&methods);
    return code;
}

static int take_all(const struct rog_cli *cli, struct rog_json *settings, struct rog_error *err)
{
    int code = 0;
    rog_cli_settings(cli, settings);
    for (int i = 0; code == 0 && i < rog_cli_arg_count(cli); i++)
        code = take_setting(rog_cli_arg(cli, i), settings, err);
    if (code == 0 && rog_json_get(settings, "note"))
        rog_json_put_bool(settings, ROG_NOTE_GIVEN, true);
    if (code == 0 && rog_json_get(settings, "method"))
        code = take_method(cli, settings, err);
    const char *case_name = rog_cli_string(cli, "case");
    if (code == 0 && case_name && !rog_name_is_plain(case_name))
        code = rog_fail(err, ROG_EINVAL,
                        "--case %s: letters, digits, '-', '_' and '.' are allowed, for example "
                        "trial-case0",
                        case_name);
    return code;
}

/* Checks whether the run could start before it is recorded, so that one that could not leaves no
 * record. */
static int rehearse(const struct rog_plan *plan, const struct rog_cluster *cluster,
                    const char *trainer, struct rog_error *err)
{
    struct rog_json *faults = NULL;
    int code = rog_rehearse(plan, cluster, trainer, &faults, err);
    const char *fault = code == 0 ? rog_rehearse_fault(faults, 0) : NULL;
    if (fault)
        code = rog_fail(err, ROG_EINVAL, "the run could not start: %s", fault);
    rog_json_free(faults);
    return code;
}

static int show_result(const struct rog_output *output, struct rog_db *db, const char *id,
                       struct rog_error *err)
{
    struct rog_json *summary = NULL;
    int code = rog_run_summary(db, id, &summary, err);
    if (code < 0)
        return code;
    if (output->json)
        return rog_print_json(summary, err);
    struct rog_json *runs = rog_json_array();
    rog_json_append(runs, summary);
    code = rog_runs_table(runs, err);
    rog_json_free(runs);
    return code;
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_output output = rog_output_of(cli);
    struct rog_json *settings = rog_json_object();
    struct rog_cluster *cluster = NULL;
    struct rog_plan *plan = NULL;
    struct rog_db *db = NULL;
    struct rog_sweep *entry = NULL;
    char *trainer = NULL;
    int code = settings ? take_all(cli, settings, err) : rog_fail_nomem(err);
    if (code == 0)
        code = rog_command_cluster(cli, &cluster, err);
    if (code == 0)
        code = rog_plan_single(&plan, settings, cluster, rog_cli_string(cli, "case"), err);
    if (code == 0) {
        entry = rog_launch_enter(&output, "run", rog_cli_string(cli, "db"));
        code = rog_launch_remark(&output, plan, err);
    }
    if (code == 0) {
        trainer = rog_fleet_trainer_path(err);
        code = trainer ? rehearse(plan, cluster, trainer, err) : ROG_EFAILED;
    }
    if (code == 0)
        code = rog_command_db(cli, ROG_DB_WRITE, &db, err);
    if (code == 0) {
        struct rog_launch launch = {
            .cluster = cluster,
            .db = db,
            .trainer = trainer,
            .no_wait = rog_cli_flag(cli, "no-wait"),
            .output = output,
            .sweep = entry,
        };
        code = rog_launch(&launch, plan, err);
    }
    if (code == 0)
        code = show_result(&output, db, plan->run[0].id, err);
    rog_launch_leave(entry, code, err);
    free(trainer);
    rog_db_close(db);
    rog_plan_free(plan);
    rog_cluster_free(cluster);
    rog_json_free(settings);
    return code;
}

static const struct rog_setting options[] = {
    {.name = "case",
     .type = ROG_SETTING_STRING,
     .help = "case for the run, created if missing; default: none"},
    {ROG_OPTION_METHODS},
    {.name = "cluster",
     .type = ROG_SETTING_STRING,
     .help = "cluster file; default: a virtual cluster of 4 workers"},
    {ROG_OPTION_NO_WAIT},
    {.name = NULL},
};

const struct rog_command rog_cmd_run = {
    .name = "run",
    .usage = "[options] [NAME=VALUE...]",
    .summary = "Execute one run and test its checkpoints",
    .details = "Every other setting of an experiment file can be given as NAME=VALUE, for example "
               "seconds=600\n"
               "workload=none. The same command continues an interrupted run; otherwise it starts "
               "a new one.",
    .options = options,
    .settings = ROG_SETTING_OPTION_OF_RUN, /* named as in the published workflow */
    .max_args = -1,
    .run = run,
    .outlives_reader = true,
};
