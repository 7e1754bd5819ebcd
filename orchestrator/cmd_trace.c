/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl trace: manages bandwidth traces; mostly implemented by rog-trainer. */
#include <orchestrator/commands.h>

static int run(const struct rog_cli *cli, struct rog_error *err)
{
    return rog_command_trainer(cli, "trace", err);
}

static const struct rog_command *const parts[] = {&rog_cmd_trace_record, NULL};

const struct rog_command rog_cmd_trace = {
    .name = "trace",
    .usage = "info|synth|convert ...",
    .summary = "Describe, generate, convert and record bandwidth traces",
    .details = "info, synth and convert run `rog-trainer trace` with the same arguments; `rogctl "
               "trace --help` lists them.",
    .min_args = 0,
    .max_args = -1,
    .run = run,
    .passes_on = true,
    .parts = parts,
};
