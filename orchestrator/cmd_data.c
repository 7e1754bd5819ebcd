/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl data: manages data sets; mostly implemented by rog-trainer. */
#include <orchestrator/commands.h>

#include <common/meant.h>

#include <string.h>

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    char meant[ROG_MEANT_BYTES];
    const char *what = rog_cli_arg(cli, 0);
    if (!what || (what[0] != '-' && strcmp(what, "make") != 0 && strcmp(what, "info") != 0))
        return rog_fail(err, ROG_EINVAL, "data must be followed by get, make or info (found %s)%s",
                        what ? what : "nothing",
                        rog_meant_choice(what ? what : "", "get|make|info", meant));
    return rog_command_trainer(cli, "data", err);
}

static const struct rog_command *const parts[] = {&rog_cmd_data_get, NULL};

const struct rog_command rog_cmd_data = {
    .name = "data",
    .usage = "make|info ...",
    .summary = "Fetch, make and describe data sets",
    .details = "make and info run `rog-trainer data` with the same arguments; `rogctl data --help` "
               "lists them.",
    .min_args = 0,
    .max_args = -1,
    .run = run,
    .passes_on = true,
    .parts = parts,
};
