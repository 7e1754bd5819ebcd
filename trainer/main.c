/* SPDX-License-Identifier: Apache-2.0 */
#include <trainer/commands.h>

static const struct rog_command *const commands[] = {
    &rog_cmd_pretrain, &rog_cmd_test,     &rog_cmd_data,  &rog_cmd_power,
    &rog_cmd_shape,    &rog_cmd_simulate, &rog_cmd_serve, &rog_cmd_work,
    &rog_cmd_host,     &rog_cmd_reach,    &rog_cmd_trace, NULL,
};

static const struct rog_program program = {
    .name = "rog-trainer",
    .version = ROG_VERSION,
    .summary = "Trains: what runs on a node, or a whole cluster in virtual time",
    .commands = commands,
};

int main(int argc, char **argv)
{
    return rog_program_main(&program, argc, argv);
}
