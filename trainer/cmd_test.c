/* SPDX-License-Identifier: Apache-2.0 */
/* rog-trainer test: measures the accuracy of checkpoints. */
#include <trainer/commands.h>

#include <stdlib.h>
#include <string.h>

#include <common/clock.h>
#include <rog/events.h>
#include <trainer/run/evaluate.h>
#include <trainer/run/program_tester.h>
#include <trainer/run/train.h>

struct session {
    struct rog_tester *tester;          /* of the built-in network, */
    struct rog_program_tester *program; /* or of a user's program */
    double begin_s;
    uint32_t failed;
};

/* Reads one checkpoint, writes one line with an event; fails only if that line cannot be
 * written. */
static int test_one(struct session *session, const char *path, struct rog_error *err)
{
    struct rog_test_result result;
    struct rog_error failure = {0};
    struct rog_json *body = rog_json_object();
    rog_json_put_string(body, "path", path);
    int code = session->tester ? rog_tester_run(session->tester, path, &result, &failure)
                               : rog_program_tester_run(session->program, path, &result, &failure);
    if (code) {
        session->failed++;
        rog_json_put_string(body, "message", failure.message);
        return rog_event_write(stdout, ROG_EVENT_ERROR, rog_clock_s() - session->begin_s, body,
                               err);
    }
    rog_json_put_string(body, "sha256", result.sha256);
    rog_json_put_number(body, "accuracy", result.accuracy);
    if (session->tester) {
        rog_json_put_integer(body, "images", result.images);
        rog_json_put_number(body, "loss", result.loss);
    }
    return rog_event_write(stdout, ROG_EVENT_ACCURACY, rog_clock_s() - session->begin_s, body, err);
}

static int test_arguments(const struct rog_cli *cli, struct session *session, struct rog_error *err)
{
    const char *model = rog_cli_string(cli, "model");
    int code = model ? test_one(session, model, err) : ROG_OK;
    for (int i = 0; i < rog_cli_arg_count(cli) && !code; i++)
        code = test_one(session, rog_cli_arg(cli, i), err);
    return code;
}

static int test_followed(struct session *session, struct rog_error *err)
{
    char *line = NULL;
    size_t room = 0;
    int code = ROG_OK;
    while (!code && getline(&line, &room, stdin) >= 0) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0])
            code = test_one(session, line, err);
    }
    free(line);
    return code;
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_run_config *config = NULL;
    struct session session = {.begin_s = rog_clock_s()};
    bool follow = rog_cli_flag(cli, "follow");
    if (!follow && !rog_cli_given(cli, "model") && !rog_cli_arg_count(cli))
        return rog_fail(err, ROG_EINVAL, "nothing to test: give --model FILE or --follow");
    int code = rog_command_config(cli, &config, err);
    if (code)
        goto out;
    rog_command_threads(cli, 1);
    if (rog_train_is_program(config) && config->test)
        code = rog_program_tester_new(&session.program, config, rog_cli_string(cli, "config"),
                                      follow || rog_cli_arg_count(cli) > 0, err);
    else
        code = rog_tester_new(&session.tester, config, rog_cli_string(cli, "noise"), err);
    if (!code)
        code = test_arguments(cli, &session, err);
    if (!code && follow)
        code = test_followed(&session, err);
    if (!code && session.failed && !follow)
        code = rog_fail(err, ROG_EFAILED,
                        "%u of the checkpoints could not be tested; see their error events",
                        session.failed);
out:
    rog_program_tester_free(session.program);
    rog_tester_free(session.tester);
    rog_run_config_free(config);
    return code;
}

static const struct rog_setting options[] = {
    {ROG_OPTION_CONFIG},
    {.name = "model",
     .type = ROG_SETTING_STRING,
     .help = "checkpoint to test; more may follow as arguments",
     .letter = 'm'},
    {.name = "follow",
     .type = ROG_SETTING_FLAG,
     .help = "then test checkpoints whose paths are read from standard input, one per line"},
    {.name = "noise",
     .type = ROG_SETTING_STRING,
     .help = "noise of the test images; default: the configuration's"},
    {ROG_OPTION_THREADS},
    {.name = NULL},
};

const struct rog_command rog_cmd_test = {
    .name = "test",
    .usage = "[--config FILE] [--follow] [--model FILE...]",
    .summary = "Test the accuracy of checkpoints on the noisy test images",
    .details = "Writes one line per checkpoint: an accuracy event {path, sha256, accuracy "
               "(percent), images, loss} or,\n"
               "for a file that cannot be tested, an error event {path, message}. t is the seconds "
               "since this\n"
               "command began. Default of --threads: 1. With workload `program` the "
               "configuration's `test`\n"
               "is run for each checkpoint, if set.",
    .options = options,
    .max_args = -1,
    .run = run,
};
