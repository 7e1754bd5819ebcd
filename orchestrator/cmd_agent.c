/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl agent: executes runs of a pool on this machine. */
#include <orchestrator/commands.h>

#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/fleet/fleet.h>
#include <orchestrator/pool/agent.h>
#include <orchestrator/pool/keeper.h>
#include <orchestrator/sweeps/registry.h>
#include <orchestrator/terminal/output.h>

#define SLOTS_MAX 1024

static void say(void *user, const char *text)
{
    rog_remark(user, "%s", text);
}

/* ---- one agent ---- */

static int show(const struct rog_output *output, const struct rog_pool_agent_result *result,
                struct rog_error *err)
{
    if (!output->json) {
        rog_remark(output, "%zu done, %zu failed%s", result->done, result->failed,
                   result->left ? "; runs left" : "; no runs left");
        return 0;
    }
    struct rog_json *value = rog_json_object();
    rog_json_put_integer(value, "done", (int64_t)result->done);
    rog_json_put_integer(value, "failed", (int64_t)result->failed);
    rog_json_put_bool(value, "left", result->left);
    return rog_print_json(value, err);
}

static int run_one(const struct rog_cli *cli, struct rog_output *output, struct rog_pool *pool,
                   struct rog_error *err)
{
    struct rog_pool_agent_result result = {0};
    char *trainer = rog_fleet_trainer_path(err);
    const struct rog_pool_agent_options options = {
        .trainer = trainer,
        .run = rog_cli_string(cli, "run"),
        .time_s = rog_cli_given(cli, "time") ? rog_cli_real(cli, "time") : 0,
        .processors = (int)rog_cli_int(cli, "cpus"),
        .no_wait = rog_cli_flag(cli, "no-wait"),
        .say = say,
        .user = output,
    };
    int code = trainer ? rog_pool_agent_run(pool, &options, &result, err) : ROG_EFAILED;
    free(trainer);
    if (code == 0)
        code = show(output, &result, err);
    if (code == 0 && options.run && result.failed)
        return ROG_EREPORTED;
    if (code == 0 && result.left)
        code = rog_fail(err, ROG_ELATER, "runs are left in %s", rog_pool_path(pool));
    return code;
}

/* ---- several agents ---- */

/* Returns the arguments for one of several agents: this command line without --slots and its
 * value. */
static const char **words_of(const struct rog_json *command, const char *rogctl)
{
    static const char slots[] = "--slots";
    size_t count = 0;
    const char **argv = calloc(rog_json_size(command) + 1, sizeof *argv);
    for (size_t i = 0; argv && i < rog_json_size(command); i++) {
        const char *word = rog_json_string(rog_json_at(command, i), "");
        const char *value = strncmp(word, slots, strlen(slots)) == 0 ? word + strlen(slots) : "-";
        if (*value == '\0')
            i++;
        else if (*value != '=')
            argv[count++] = word;
    }
    if (count)
        argv[0] = rogctl;
    return argv;
}

/* Starts each agent as a process of its own, so that a crash of one does not affect the others. */
static int run_several(const char *pool, size_t count, struct rog_error *err)
{
    struct rog_json *command = rog_sweep_command();
    char *rogctl = NULL;
    int code = rog_own_program(&rogctl, err);
    const char **argv = command && code == 0 ? words_of(command, rogctl) : NULL;
    const struct rog_pool_keeper keeper = {.agent = argv, .pool = pool, .slots = count};
    bool left = false;
    if (code == 0)
        code = argv ? rog_pool_keep(&keeper, &left, err) : rog_fail_nomem(err);
    if (code == 0 && left)
        code = rog_fail(err, ROG_ELATER, "work is left");
    free(argv);
    free(rogctl);
    rog_json_free(command);
    return code;
}

/* Keeps agents running for a pool on this host that a sweep on another machine created and
 * fills. */
static int keep_agents(const struct rog_cli *cli, const char *pool, struct rog_error *err)
{
    char *rogctl = NULL;
    int code = rog_own_program(&rogctl, err);
    const char *const argv[] = {rogctl, "agent", pool, NULL};
    const struct rog_pool_keeper keeper = {.agent = argv,
                                           .pool = pool,
                                           .slots = (size_t)rog_cli_int(cli, "slots"),
                                           .lease_s = rog_cli_real(cli, "lease")};
    bool left = false;
    if (code == 0)
        code = rog_pool_keep(&keeper, &left, err);
    free(rogctl);
    return code;
}

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    struct rog_output output = rog_output_of(cli);
    struct rog_pool *pool = NULL;
    long long slots = rog_cli_int(cli, "slots");
    if (slots > 1 && rog_cli_given(cli, "run"))
        return rog_fail(err, ROG_EINVAL, "--run does one run, so --slots cannot be used with it");
    int code = rog_pool_open(&pool, rog_cli_arg(cli, 0), err);
    if (code == 0 && rog_cli_given(cli, "lease"))
        code = keep_agents(cli, rog_pool_path(pool), err);
    else if (code == 0)
        code = slots > 1 ? run_several(rog_pool_path(pool), (size_t)slots, err)
                         : run_one(cli, &output, pool, err);
    rog_pool_close(pool);
    return code;
}

static const struct rog_setting options[] = {
    {.name = "run", .type = ROG_SETTING_STRING, .help = "execute only this run, then exit"},
    {.name = "time",
     .type = ROG_SETTING_REAL,
     .min = 2,
     .max = 1e9,
     .unit = "s",
     .help = "time that this machine is available; shortly before it ends, unfinished runs are "
             "returned to the pool"},
    {.name = "slots",
     .type = ROG_SETTING_INT,
     .fallback = "1",
     .min = 1,
     .max = SLOTS_MAX,
     .unit = "runs",
     .help = "number of runs at once, each by an agent"},
    {.name = "cpus",
     .type = ROG_SETTING_INT,
     .fallback = "1",
     .min = 1,
     .max = 4096,
     .unit = "processors",
     .help = "processors per run: at most this many of its programs compute at the same time"},
    {.name = "lease",
     .type = ROG_SETTING_REAL,
     .min = 1,
     .max = 1e6,
     .unit = "s",
     .help = "for a pool that `sweep --on hosts` created on this machine: exit and remove the pool "
             "when the sweep has been silent for this long"},
    {.name = "no-wait",
     .type = ROG_SETTING_FLAG,
     .help = "exit when no run is ready, instead of waiting for runs that other agents may return"},
    {.name = NULL},
};

const struct rog_command rog_cmd_agent = {
    .name = "agent",
    .usage = "POOL [options]",
    .summary = "Execute runs from a sweep's pool (`sweep --on`), on any machine that can access it",
    .details = "Takes one run after another, and resumes runs of agents that have died. On "
               "SIGTERM, SIGINT and\n"
               "SIGUSR1 it returns its run with the last snapshot and exits. Exit status 75 "
               "if runs are left,\n"
               "otherwise 0.",
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
    .outlives_reader = true,
};
