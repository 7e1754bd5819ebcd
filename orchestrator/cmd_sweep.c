/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl sweep: executes the runs of an experiment file's case that are not done yet. */
#include <orchestrator/commands.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/workload.h>
#include <orchestrator/export/mlflow.h>
#include <orchestrator/figures/figures.h>
#include <orchestrator/report/gain.h>
#include <orchestrator/launch.h>
#include <orchestrator/on.h>
#include <orchestrator/plan/match.h>
#include <orchestrator/plan/remarks.h>
#include <orchestrator/rehearse.h>
#include <orchestrator/store/summary.h>
#include <orchestrator/sweeps/detach.h>
#include <orchestrator/terminal/run_view.h>

struct sweep {
    const struct rog_cli *cli;
    struct rog_plan_options planned;
    struct rog_experiment *experiment;
    struct rog_cluster *cluster;
    struct rog_plan *plan;
    struct rog_db *db;
    struct rog_sweep *entry; /* this sweep in the registry; NULL: none */
    char *trainer;
    bool shows_nothing; /* the figure has nothing to show for the plan's runs */
    struct rog_on on;
    char *on_text; /* value in place of --on if the cluster file sets `on` */
    struct rog_output output;
    struct rog_json *figures; /* paths of the pictures drawn */
    struct rog_json *gains;   /* with --until-ci: the measured gains */
};

#define FAULTS_SHOWN 5

/* Prints why runs cannot be planned; returns how many messages it has printed. */
static size_t say_faulty(const struct sweep *s)
{
    const char *last = "";
    size_t shown = 0;
    for (size_t i = 0; i < rog_json_size(s->plan->faulty) && shown < FAULTS_SHOWN; i++) {
        const struct rog_json *row = rog_json_at(s->plan->faulty, i);
        const char *fault = rog_json_get_string(row, "fault", "");
        if (strcmp(fault, last) == 0)
            continue;
        rog_warn(&s->output, "%s, line %d: %s", s->experiment->path,
                 (int)rog_json_get_integer(row, "line", 0), fault);
        last = fault;
        shown++;
    }
    return shown;
}

/* Prints why runs could not start; the same message for several runs once. */
static int say_faults(const struct sweep *s, const struct rog_json *faults, struct rog_error *err)
{
    const char *last = "";
    size_t faulty = rog_json_size(s->plan->faulty), shown = say_faulty(s);
    if (rog_json_size(faults) + faulty == 0)
        return 0;
    for (size_t i = 0; i < s->plan->count && shown < FAULTS_SHOWN; i++) {
        const char *fault = rog_rehearse_fault(faults, i);
        if (!fault || strcmp(fault, last) == 0)
            continue;
        rog_warn(&s->output, "%s, line %d (%s): %s", s->experiment->path, s->plan->run[i].line,
                 s->plan->run[i].resolved.note, fault);
        last = fault;
        shown++;
    }
    return rog_fail(err, ROG_EINVAL, "%zu of the %zu runs could not start",
                    rog_json_size(faults) + faulty, s->plan->count + faulty);
}

/* Warns before the sweep that a figure of accuracies has nothing to show for runs that are not
 * tested. This does not harm the runs, and is no error after them. */
static int check_figure(struct sweep *s, struct rog_error *err)
{
    for (size_t i = 0; i < s->plan->count; i++)
        if (rog_workload_trains(s->plan->run[i].resolved.config))
            return 0;
    if (!rog_figures_need_tests(s->plan->figure) || s->plan->count == 0)
        return 0;
    s->shows_nothing = true;
    char *text = rog_format(
        "figure %s shows only test results, but without gradients nothing is tested: nothing will "
        "be drawn for these runs; hint: figure = \"1\" also shows the time composition",
        s->plan->figure);
    if (!text)
        return rog_fail_nomem(err);
    rog_json_append(s->plan->remarks, rog_json_new_string(text));
    free(text);
    return 0;
}

static void figure_drawn(void *user, const char *path)
{
    struct sweep *s = user;
    rog_json_append(s->figures, rog_json_new_string(path));
}

static void log_figure(void *user, const char *text)
{
    struct sweep *s = user;
    rog_remark(&s->output, "%s", text);
}

/* Draws finished runs. The runs are recorded already, whatever happens here. */
static int draw(const struct rog_cli *cli, struct sweep *s, struct rog_error *err)
{
    const struct rog_figures_options options = {
        .plots = rog_cli_string(cli, "plots"),
        .drawn = figure_drawn,
        .log = log_figure,
        .user = s,
    };
    rog_remark(&s->output, "drawing %s", s->plan->case_name);
    int code = rog_figures_draw_case(s->db, s->plan->case_name, &options, err);
    if (code < 0)
        rog_fail_prefix(err,
                        "the runs are recorded, but their figures are not drawn (`rogctl redraw "
                        "%s` tries again)",
                        s->plan->case_name);
    return code;
}

static int put_summaries(struct sweep *s, struct rog_json *runs, struct rog_error *err)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < s->plan->count; i++) {
        struct rog_json *summary = NULL;
        code = rog_run_summary(s->db, s->plan->run[i].id, &summary, err);
        if (code == 0)
            rog_json_append(runs, summary);
    }
    return code;
}

static int show_result(struct sweep *s, struct rog_error *err)
{
    struct rog_json *runs = rog_json_array();
    int code = put_summaries(s, runs, err);
    if (code < 0) {
        rog_json_free(runs);
        return code;
    }
    if (s->output.json) {
        struct rog_json *result = rog_json_object();
        rog_json_put_string(result, "case", s->plan->case_name);
        rog_json_put(result, "runs", runs);
        rog_json_put(result, "figures", rog_json_copy(s->figures));
        if (s->gains)
            rog_json_put(result, "gains", rog_json_copy(s->gains));
        return rog_print_json(result, err);
    }
    code = rog_runs_table(runs, err);
    rog_json_free(runs);
    if (code == 0 && s->gains)
        code = rog_gains_table(s->gains, err);
    for (size_t i = 0; code == 0 && i < rog_json_size(s->figures); i++)
        rog_print("%s", rog_json_string(rog_json_at(s->figures, i), ""));
    return code;
}

/* ---- --mlflow ---- */

/* Checks the access to the MLflow server, so that wrong usage is found before anything runs. */
static int check_mlflow(const char *url, struct rog_error *err)
{
    struct rog_mlflow_client *client = NULL;
    struct rog_mlflow_access access = rog_mlflow_access_of(url);
    int code = url ? rog_mlflow_client_new(&client, &access, err) : 0;
    rog_mlflow_client_free(client);
    return code < 0 ? rog_fail_prefix(err, "--mlflow") : 0;
}

/* Sends what is sent only at the end: summaries, figures and report. The runs are recorded already,
 * whatever happens here. */
static int finish_mlflow(struct sweep *s, const char *url, bool lacks, struct rog_error *err)
{
    struct rog_error cause = {0};
    const struct rog_mlflow_options options = {
        .access = rog_mlflow_access_of(url), .log = log_figure, .user = s};
    struct rog_json *sent = NULL;
    int code =
        lacks ? ROG_EFAILED : rog_export_mlflow(s->db, s->plan->case_name, &options, &sent, &cause);
    rog_json_free(sent);
    if (code == 0 || code == ROG_ENOTFOUND || code == ROG_EINTR) /* no run is finished */
        return code == ROG_EINTR ? rog_fail_again(err, &cause) : 0;
    rog_warn(&s->output,
             "MLflow did not receive everything%s%s; `rogctl export %s --format mlflow --to %s` "
             "sends the rest",
             cause.message[0] ? ": " : "", cause.message, s->plan->case_name, url);
    return 0;
}

/* ---- --until-ci: repeating until the gain is known ---- */

/* Gets the widest interval of a gain, and from how many repeats it is computed; all gains are kept
 * for the result. */
static int measure_gains(struct sweep *s, double *width, size_t *pairs, struct rog_error *err)
{
    struct rog_case_data data = {0};
    struct rog_gains gains = {0};
    int code = rog_case_data_load(s->db, s->plan->case_name, &data, err);
    if (code == 0)
        code = rog_gains_make(&data, &gains, err);
    const struct rog_gain *widest = rog_gains_widest(&gains, width);
    if (code == 0 && !widest)
        code = rog_fail(err, ROG_EINVAL,
                        "--until-ci: %s has no two strategies with the same bandwidth condition "
                        "(control) to compare",
                        s->plan->case_name);
    if (code == 0) {
        *pairs = widest->gain.count;
        rog_json_free(s->gains);
        s->gains = rog_gains_json(&gains);
        if (isinf(*width))
            rog_remark(&s->output, "%s over %s: %zu of the %d pairs that an interval needs",
                       widest->series, widest->against, *pairs, ROG_INTERVAL_LEAST);
        else
            rog_remark(&s->output, "%s over %s: %+.2f ±%.2f %s, of %zu pairs", widest->series,
                       widest->against, widest->gain.mean, widest->gain.half, rog_gain_unit(widest),
                       *pairs);
    }
    rog_gains_release(&gains);
    rog_case_data_release(&data);
    return code;
}

/* Plans this number of repeats; *new_ones: how many of the runs are not done yet. */
static int plan_repeats(struct sweep *s, long long repeat, size_t *new_ones, struct rog_error *err)
{
    struct rog_plan_options options = s->planned;
    options.repeat = repeat;
    options.skip_same = repeat > 1;
    options.all_faults = false; /* the first plan had no faulty runs */
    rog_plan_free(s->plan);
    s->plan = NULL;
    int code = rog_plan_experiment(&s->plan, s->experiment, s->cluster, &options, err);
    if (code == 0)
        code = rog_plan_match(s->plan, s->db, false, err);
    *new_ones = 0;
    for (size_t i = 0; code == 0 && i < s->plan->count; i++)
        *new_ones += s->plan->run[i].action != ROG_PLAN_DONE;
    return code;
}

/* Adds one repeat of every run at a time, until the gain is known precisely enough. Runs are paired
 * by seed. */
static int launch_until(struct sweep *s, struct rog_launch *launch, struct rog_error *err)
{
    double wanted = rog_cli_real(s->cli, "until-ci"), width = 0;
    long long most = rog_cli_int(s->cli, "max-repeats");
    size_t pairs = 0, new_ones = 1;
    int code = rog_launch(launch, s->plan, err);
    if (code == 0)
        code = measure_gains(s, &width, &pairs, err);
    launch->fresh = false;
    for (long long repeat = s->planned.repeat + 1;
         code == 0 && width >= wanted && (long long)pairs < most && repeat <= most; repeat++) {
        code = plan_repeats(s, repeat, &new_ones, err);
        if (code == 0 && new_ones > 0)
            code = rog_launch(launch, s->plan, err);
        if (code == 0 && new_ones > 0)
            code = measure_gains(s, &width, &pairs, err);
    }
    if (code == 0 && width >= wanted)
        rog_warn(&s->output,
                 "after %zu pairs of runs the gain is not yet known to %g points; hint: "
                 "--max-repeats above %lld continues",
                 pairs, wanted, most);
    return code;
}

/* ---- --dry-run ---- */

/* With --until-ci, if everything planned is done: plans the next repeats, if any are needed. */
static int plan_next(struct sweep *s, struct rog_error *err)
{
    double wanted = rog_cli_real(s->cli, "until-ci"), width = 0;
    long long most = rog_cli_int(s->cli, "max-repeats");
    size_t pairs = 0, left = rog_json_size(s->plan->faulty);
    for (size_t i = 0; i < s->plan->count; i++)
        left += s->plan->run[i].action != ROG_PLAN_DONE;
    if (left > 0) {
        rog_remark(&s->output,
                   "runs are repeated with further seeds until the gain is known to %g points; at "
                   "most %lld of each run",
                   wanted, most);
        return 0;
    }
    int code = measure_gains(s, &width, &pairs, err);
    for (long long repeat = s->planned.repeat + 1;
         code == 0 && left == 0 && width >= wanted && (long long)pairs < most && repeat <= most;
         repeat++)
        code = plan_repeats(s, repeat, &left, err);
    if (code < 0)
        return code;
    if (width < wanted)
        rog_remark(&s->output, "the gain is known to %g points: no repeats needed", wanted);
    else if (left == 0)
        rog_remark(
            &s->output,
            "the gain is not yet known to %g points; hint: --max-repeats above %lld continues",
            wanted, most);
    else
        rog_remark(&s->output,
                   "the gain is not yet known to %g points: each run is repeated once more, and "
                   "again until it is; at most %lld of each run",
                   wanted, most);
    return 0;
}

/* Shows the plan compared with what is recorded, and whether its runs could start; changes
 * nothing. */
static int dry_run(const struct rog_cli *cli, struct sweep *s, struct rog_error *err)
{
    struct rog_forecast forecast = {.jobs = (int)rog_cli_int(cli, "jobs")};
    int code = rog_command_db(cli, ROG_DB_READ, &s->db, err);
    if (code == ROG_ENOTFOUND)
        code = 0; /* nothing is recorded yet */
    if (code == 0 && s->plan->count > 0)
        code = rog_plan_match(s->plan, s->db, rog_cli_flag(cli, "fresh"), err);
    if (code == 0 && rog_cli_given(cli, "until-ci"))
        code = plan_next(s, err);
    s->trainer = code == 0 ? rog_fleet_trainer_path(err) : NULL;
    if (code == 0 && !s->trainer)
        code = ROG_EFAILED;
    if (code == 0)
        code = rog_rehearse(s->plan, s->cluster, s->trainer, &forecast.faults, err);
    if (code == 0)
        code = rog_durations_load(&forecast.durations, s->plan, s->db, err);
    if (code == 0)
        code = rog_launch_show_plan(&s->output, s->plan, &forecast, err);
    if (code == 0 && s->on.options.provider && !s->output.json)
        code = rog_on_describe(&s->on, rog_cli_string(cli, "db"), s->plan, err);
    if (code == 0)
        code = say_faults(s, forecast.faults, err);
    rog_durations_release(&forecast.durations);
    rog_json_free(forecast.faults);
    return code;
}

static int execute(const struct rog_cli *cli, struct sweep *s, struct rog_error *err)
{
    s->trainer = rog_fleet_trainer_path(err);
    if (!s->trainer)
        return ROG_EFAILED;
    int code = say_faults(s, NULL, err);
    if (code == 0)
        code = rog_command_db(cli, ROG_DB_WRITE, &s->db, err);
    if (code < 0)
        return code;
    struct rog_launch launch = {
        .cluster = s->cluster,
        .db = s->db,
        .trainer = s->trainer,
        .jobs = (int)rog_cli_int(cli, "jobs"),
        .fresh = rog_cli_flag(cli, "fresh"),
        .no_wait = rog_cli_flag(cli, "no-wait"),
        .output = s->output,
        .sweep = s->entry,
        .on_done = s->experiment->on_done,
        .on_failed = s->experiment->on_failed,
        .pool = s->on.options.provider ? &s->on.options : NULL,
        .mlflow = rog_cli_string(cli, "mlflow"),
    };
    int launched = rog_cli_given(cli, "until-ci") ? launch_until(s, &launch, err)
                                                  : rog_launch(&launch, s->plan, err);
    if (launched == ROG_ELATER)
        return rog_on_show_left(&s->on, s->plan->case_name, err->message, err);
    if (launched < 0 && launched != ROG_EFAILED && launched != ROG_EREPORTED)
        return launched;
    struct rog_error cause = {0};
    int drawn = draw(cli, s, &cause);
    if (drawn == ROG_ENOTFOUND && (launched < 0 || s->shows_nothing))
        drawn = 0; /* there is nothing to draw, which has been reported already */
    if (drawn < 0 && launched < 0)
        rog_warn(&s->output, "%s", cause.message);
    code = launch.mlflow ? finish_mlflow(s, launch.mlflow, launch.mlflow_lacks, err) : 0;
    if (code == 0)
        code = show_result(s, err);
    if (code < 0 || launched < 0)
        return launched < 0 ? launched : code;
    return drawn < 0 ? rog_fail(err, drawn == ROG_EINTR ? drawn : ROG_EFAILED, "%s", cause.message)
                     : 0;
}

/* ---- --detach ---- */

/* Reports errors that can be found beforehand while the terminal is still there, then starts the
 * sweep in the background. */
static int detach(const struct rog_cli *cli, struct sweep *s, struct rog_error *err)
{
    struct rog_detached detached = {0};
    s->trainer = rog_fleet_trainer_path(err);
    int code = s->trainer ? say_faults(s, NULL, err) : ROG_EFAILED;
    if (code == 0)
        code = rog_command_db(cli, ROG_DB_WRITE, &s->db, err);
    if (code == 0)
        code = rog_plan_match(s->plan, s->db, rog_cli_flag(cli, "fresh"), err);
    if (code == 0)
        code = rog_launch_look_for_others(s->plan, s->db, NULL, err);
    if (code == 0)
        code = rog_detach(s->experiment->case_name, &detached, err);
    if (code == 0 && s->output.json) {
        struct rog_json *result = rog_json_object();
        rog_json_put_string(result, "id", detached.id);
        rog_json_put_string(result, "log", detached.log);
        rog_json_put_bool(result, "unit", detached.is_unit);
        code = rog_print_json(result, err);
    } else if (code == 0) {
        rog_print("%s continues in the background; its log is %s", detached.id, detached.log);
        rog_print("  rogctl attach %s    shows its progress", detached.id);
        rog_print("  rogctl stop %s      stops it", detached.id);
    }
    if (code == 0 && detached.ends_early)
        rog_remark(&s->output,
                   "this system kills your processes when you log out (KillUserProcesses); hint: "
                   "run `loginctl enable-linger` before the sweep");
    rog_detached_release(&detached);
    return code;
}

/* Reads the cluster and --on. Either may imply the other: a cluster file can set `on`, and --on
 * NAME:FILE can name the cluster's file. */
static int read_cluster(const struct rog_cli *cli, struct sweep *s, struct rog_error *err)
{
    const char *given = rog_cli_string(cli, "on");
    int code = given ? rog_on_open(&s->on, cli, given, err) : 0;
    if (code == 0)
        code = rog_command_cluster_of(cli, s->experiment, s->on.options.file, &s->cluster, err);
    const char *on = code == 0 ? s->cluster->on : NULL;
    const bool is_same = on && given && strcmp(given, on) == 0;
    if (is_same)
        rog_on_close(&s->on);
    if (on && (is_same || !given)) {
        s->on_text = rog_format("%s:%s", on, s->cluster->path);
        given = s->on_text;
    }
    if (code == 0 && on && !given)
        code = rog_fail_nomem(err);
    if (code == 0 && !s->on.options.provider)
        code = rog_on_open(&s->on, cli, given, err);
    return code;
}

static int plan(const struct rog_cli *cli, struct sweep *s, struct rog_error *err)
{
    int code = rog_plan_experiment(&s->plan, s->experiment, s->cluster, &s->planned, err);
    if (code == 0)
        code = check_figure(s, err);
    if (code == 0)
        code = rog_launch_remark(&s->output, s->plan, err);
    if (code == 0 && rog_cli_given(cli, "until-ci"))
        code = rog_plan_check_repeats(s->plan, err);
    return code;
}

/* Records in the registry that the number of runs is not known in advance. */
static int note_repeats(struct rog_sweep *entry, struct rog_error *err)
{
    struct rog_json *facts = rog_json_object();
    rog_json_put_bool(facts, "repeats", true);
    int code = facts ? rog_sweep_put(entry, facts, err) : rog_fail_nomem(err);
    rog_json_free(facts);
    return code;
}

static int check_options(const struct rog_cli *cli, struct rog_error *err)
{
    if (rog_cli_given(cli, "max-repeats") && !rog_cli_given(cli, "until-ci"))
        return rog_fail(err, ROG_EINVAL, "--max-repeats needs --until-ci POINTS");
    if (rog_cli_flag(cli, "dry-run") && rog_cli_flag(cli, "detach"))
        return rog_fail(err, ROG_EINVAL, "--dry-run and --detach cannot be used together");
    return check_mlflow(rog_cli_string(cli, "mlflow"), err);
}

/* Returns whether the sweep is to continue without the terminal, in a process of its own. */
static bool is_detached(const struct rog_cli *cli, const struct sweep *s)
{
    const struct rog_pool_provider *provider = s->on.options.provider;
    bool asked = rog_cli_flag(cli, "detach") ||
                 (provider && provider->detaches && !rog_cli_flag(cli, "attach"));
    return asked && !rog_is_detached();
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct sweep s = {.cli = cli, .output = rog_output_of(cli), .figures = rog_json_array()};
    const bool dry = rog_cli_flag(cli, "dry-run");
    s.planned = (struct rog_plan_options){
        .seed = rog_cli_given(cli, "seed") ? rog_cli_int(cli, "seed") : -1,
        .repeat = rog_cli_int(cli, "repeat"),
        .all_faults = true,
        .only = rog_cli_string(cli, "only"),
    };
    int code = s.figures ? check_options(cli, err) : rog_fail_nomem(err);
    if (code == 0)
        code = rog_command_experiment(cli, rog_cli_arg(cli, 0), &s.experiment, err);
    if (code == 0)
        code = read_cluster(cli, &s, err);
    const struct rog_pool_provider *provider = code == 0 && !dry ? s.on.options.provider : NULL;
    if (provider && provider->check_machine)
        code = provider->check_machine(err);
    const bool detaches = code == 0 && is_detached(cli, &s);
    if (code == 0 && !dry && !detaches)
        s.entry = rog_launch_enter(&s.output, s.experiment->case_name, rog_cli_string(cli, "db"));
    if (code == 0)
        code = plan(cli, &s, err);
    if (code == 0 && rog_cli_given(cli, "until-ci"))
        code = note_repeats(s.entry, err);
    if (code == 0)
        code = dry        ? dry_run(cli, &s, err)
               : detaches ? detach(cli, &s, err)
                          : execute(cli, &s, err);
    rog_launch_leave(s.entry, code, err);
    rog_on_close(&s.on);
    free(s.on_text);
    free(s.trainer);
    rog_db_close(s.db);
    rog_plan_free(s.plan);
    rog_cluster_free(s.cluster);
    rog_experiment_free(s.experiment);
    rog_json_free(s.gains);
    rog_json_free(s.figures);
    return code;
}

static const struct rog_setting options[] = {
    {.name = "cluster",
     .type = ROG_SETTING_STRING,
     .help =
         "cluster file; default: that of the experiment file, else a virtual cluster of 4 workers"},
    {.name = "jobs",
     .type = ROG_SETTING_INT,
     .min = 1,
     .max = 1024,
     .unit = "runs",
     .help = "number of runs at once; default: the number of processors; with fewer runs, each "
             "uses more processors for its programs (virtual clusters)",
     .letter = 'j'},
    {.name = "repeat",
     .type = ROG_SETTING_INT,
     .fallback = "1",
     .min = 1,
     .max = 10000,
     .unit = "runs",
     .help = "number of repeats of each run, with consecutive seeds"},
    {.name = "until-ci",
     .type = ROG_SETTING_REAL,
     .min = 0.001,
     .max = 1000,
     .unit = "points",
     .help = "repeat all runs with new seeds until the 95% interval of the contender's gain over "
             "each other library, or over the baseline, is narrower than this; without a "
             "contender, that of every pair under one control"},
    {.name = "max-repeats",
     .type = ROG_SETTING_INT,
     .fallback = "20",
     .min = ROG_INTERVAL_LEAST,
     .max = 10000,
     .unit = "runs",
     .help = "maximum number of repeats of each run with --until-ci"},
    {.name = "seed",
     .type = ROG_SETTING_INT,
     .min = 0,
     .max = 9007199254740991.0,
     .help = "(first) seed of every run, instead of the file's"},
    {.name = "dry-run",
     .type = ROG_SETTING_FLAG,
     .help = "print the plan and check the files that its runs read; change nothing",
     .letter = 'n'},
    {.name = "detach",
     .type = ROG_SETTING_FLAG,
     .help = "run in the background; see `rogctl status`, `attach` and `stop`"},
    {ROG_OPTION_ON},
    {ROG_OPTION_LEASE},
    {ROG_OPTION_ATTACH},
    {.name = "fresh",
     .type = ROG_SETTING_FLAG,
     .help = "start a new case instead of continuing the latest"},
    {.name = "only",
     .type = ROG_SETTING_STRING,
     .help = "only runs whose label (note, library, control...) contains this text"},
    {.name = "mlflow",
     .type = ROG_SETTING_STRING,
     .help = "URL of an MLflow server that shows the runs while they are executed; see `rogctl "
             "help export` for credentials"},
    {ROG_OPTION_NO_WAIT},
    {.name = NULL},
};

const struct rog_command rog_cmd_sweep = {
    .name = "sweep",
    .usage = "CONF [options]",
    .summary = "Run every missing run of an experiment file's case, test checkpoints, draw figures",
    .details =
        "The same command continues a sweep: finished runs are not repeated. On a virtual cluster, "
        "interrupted and failed runs resume from their last snapshot; elsewhere, interrupted runs "
        "resume\n"
        "from the last state that their server saved. Otherwise they restart from the beginning.\n"
        "--until-ci uses the gain in accuracy, in points, at the time when the earlier of two runs "
        "with the same seed ended; without gradients, the gain in time per iteration, in percent.",
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
    .outlives_reader = true,
};
