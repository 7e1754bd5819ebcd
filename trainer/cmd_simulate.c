/* SPDX-License-Identifier: Apache-2.0 */
/* rog-trainer simulate: a whole cluster in virtual time. */
#include <trainer/commands.h>

#include <string.h>

#include <common/workload.h>
#include <trainer/programs/measure.h>
#include <trainer/run/pretrain.h>
#include <trainer/sim/simulate.h>

#define LINE_PERIOD_S 10.0

static int watch_pretraining(void *user, const struct rog_fit_progress *progress)
{
    double *line_s = user;
    if (progress->wall_s - *line_s >= LINE_PERIOD_S) {
        *line_s = progress->wall_s;
        fprintf(stderr, "pre-training: %.0f%%, epoch %u of %u, loss %.3f, %.0f s\n",
                100 * progress->done, progress->epoch, progress->epochs, progress->loss,
                progress->wall_s);
    }
    return rog_command_asked_to_end(NULL);
}

static int watch_waiting(void *user, double since_s)
{
    double *line_s = user;
    if (since_s - *line_s >= LINE_PERIOD_S) {
        *line_s = since_s;
        fprintf(stderr, "%s\n", ROG_PRETRAIN_WAITING);
    }
    return rog_command_asked_to_end(NULL);
}

static void say(void *user, const char *message)
{
    (void)user;
    fprintf(stderr, "%s\n", message);
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_run_config *config = NULL;
    struct rog_pretrained start = {0};
    double line_s = 0;
    rog_command_hold_signals();
    struct rog_simulate_options options = {
        .config_path = rog_cli_string(cli, "config"),
        .programs_at_once = (uint32_t)rog_cli_int(cli, "jobs"),
        .out_dir = rog_cli_string(cli, "out"),
        .events_path = rog_cli_string(cli, "events"),
        .magnitudes = rog_cli_string(cli, "magnitudes"),
        .resume = rog_cli_flag(cli, "resume"),
        .interrupted = rog_command_asked_to_end,
        .say = say,
    };
    if (!rog_cli_given(cli, "config") || !options.out_dir)
        return rog_fail(err, ROG_EINVAL, "simulate needs --config FILE and --out DIR");
    int code = rog_command_config(cli, &config, err);
    if (code)
        goto out;
    rog_command_threads(cli, rog_processors());
    if (rog_workload_has_network(config->json)) {
        const struct rog_pretrain_watch watch = {watch_pretraining, watch_waiting, &line_s};
        code = rog_pretrain_ensure(config, &watch, &start, err);
        options.start_model = start.path;
    }
    const struct rog_measure_options measuring = {
        .config_path = rog_cli_string(cli, "config"),
        .interrupted = rog_command_asked_to_end,
        .say = say,
    };
    if (!code)
        code = rog_measure_steps(config, &measuring, err);
    if (!code)
        code = rog_simulate(config, &options, err);
out:
    rog_pretrained_release(&start);
    rog_run_config_free(config);
    return code;
}

static const struct rog_setting options[] = {
    {ROG_OPTION_CONFIG},
    {.name = "out",
     .type = ROG_SETTING_STRING,
     .help = "folder for events.jsonl and chkpt/; made if missing",
     .letter = 'o'},
    {.name = "events",
     .type = ROG_SETTING_STRING,
     .help = "write the events to this file instead; \"-\": standard output"},
    {.name = "magnitudes",
     .type = ROG_SETTING_STRING,
     .help = "measure the magnitudes of rows that wait to be sent and write them to this file, for "
             "the run setting magnitudes"},
    {.name = "resume",
     .type = ROG_SETTING_FLAG,
     .help = "resume the run in --out from its last snapshot"},
    {.name = "jobs",
     .type = ROG_SETTING_INT,
     .min = 1,
     .max = 4096,
     .fallback = "1",
     .help = "number of programs that compute at the same time (workload program); does not change "
             "results",
     .letter = 'j'},
    {ROG_OPTION_THREADS},
    {.name = NULL},
};

const struct rog_command rog_cmd_simulate = {
    .name = "simulate",
    .usage = "--config FILE --out DIR [options]",
    .summary = "Run a whole cluster in virtual time",
    .details =
        "The configuration is one JSON object of run settings and \"workers\", a list of objects "
        "with \"rank\"\n"
        "and worker settings. The starting model is pre-trained first if it is not in the cache.\n"
        "The same configuration gives the same events and checkpoints. SIGINT and SIGTERM end the "
        "run\n"
        "cleanly, without the event \"end\". Default of --threads: all processors.",
    .options = options,
    .run = run,
};
