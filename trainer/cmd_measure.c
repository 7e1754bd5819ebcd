/* SPDX-License-Identifier: Apache-2.0 */
/* rog-trainer measure: measures the step times of a run's programs, for workers with step_s =
 * "measured". */
#include <trainer/commands.h>

#include <stdio.h>

#include <trainer/programs/measure.h>

static void say(void *user, const char *text)
{
    (void)user;
    printf("%s\n", text);
    fflush(stdout);
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_run_config *config = NULL;
    if (!rog_cli_given(cli, "config"))
        return rog_fail(err, ROG_EINVAL, "measure needs --config FILE");
    rog_command_hold_signals();
    int code = rog_command_config(cli, &config, err);
    if (!code) {
        const struct rog_measure_options options = {
            .config_path = rog_cli_string(cli, "config"),
            .interrupted = rog_command_asked_to_end,
            .say = say,
        };
        code = rog_measure_steps(config, &options, err);
    }
    rog_run_config_free(config);
    return code;
}

static const struct rog_setting options[] = {
    {ROG_OPTION_CONFIG},
    {.name = NULL},
};

const struct rog_command rog_cmd_measure = {
    .name = "measure",
    .usage = "--config FILE",
    .summary = "Measure the time of a local step of a run's programs, where step_s is \"measured\"",
    .details = "Each program runs alone for a few seconds. The time is stored in the cache folder "
               "under the hash of\n"
               "everything it depends on; if it is already there, nothing is measured.",
    .options = options,
    .run = run,
};
