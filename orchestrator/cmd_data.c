/* SPDX-License-Identifier: Apache-2.0 */
#include <orchestrator/commands.h>

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    return rog_command_trainer(cli, "data", err);
}

const struct rog_command rog_cmd_data = {
    .name = "data",
    .usage = "make|info ...",
    .summary = "Make data sets and look at them",
    .details = "Runs `rog-trainer data` with the same arguments; `rogctl data --help` lists them.",
    .min_args = 0,
    .max_args = -1,
    .run = run,
    .passes_on = true,
};
