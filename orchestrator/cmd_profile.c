/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl profile: manages device profiles. */
#include <orchestrator/commands.h>

#include <common/meant.h>

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    char meant[ROG_MEANT_BYTES];
    const char *what = rog_cli_arg(cli, 0);
    return rog_fail(err, ROG_EINVAL, "profile must be followed by measure (found %s)%s",
                    what ? what : "nothing", rog_meant_choice(what ? what : "", "measure", meant));
}

static const struct rog_command *const parts[] = {&rog_cmd_profile_measure, NULL};

const struct rog_command rog_cmd_profile = {
    .name = "profile",
    .usage = "measure ...",
    .summary = "Measure device profiles",
    .details = "See `rogctl profile measure --help`.",
    .min_args = 0,
    .max_args = -1,
    .run = run,
    .parts = parts,
};
