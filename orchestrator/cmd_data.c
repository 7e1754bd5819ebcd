/* SPDX-License-Identifier: Apache-2.0 */
#include <orchestrator/commands.h>

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    return rog_command_trainer(cli, "data", err);
}

static const struct rog_command *const parts[] = {&rog_cmd_data_get, NULL};

const struct rog_command rog_cmd_data = {
    .name = "data",
    .usage = "make|info ...",
    .summary = "Fetch data sets, make them and look at them",
    .details = "make and info run `rog-trainer data` with the same arguments; `rogctl data --help` "
               "lists them.",
    .min_args = 0,
    .max_args = -1,
    .run = run,
    .passes_on = true,
    .parts = parts,
};
