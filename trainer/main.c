/* SPDX-License-Identifier: Apache-2.0 */
/* rog-trainer: finds the command and runs it. */
#include <trainer/commands.h>

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static const struct rog_command *const commands[] = {
    &rog_cmd_pretrain, &rog_cmd_test,  &rog_cmd_data,    &rog_cmd_power,  &rog_cmd_shape,
    &rog_cmd_simulate, &rog_cmd_serve, &rog_cmd_work,    &rog_cmd_host,   &rog_cmd_reach,
    &rog_cmd_trace,    &rog_cmd_check, &rog_cmd_measure, &rog_cmd_inside, &rog_cmd_probe,
    &rog_cmd_profile,  NULL,
};

static const struct rog_program program = {
    .name = "rog-trainer",
    .version = ROG_VERSION,
    .summary = "Runs one node of a training run, or a whole cluster in virtual time",
    .commands = commands,
};

/* Commands that have a run's key: their memory is neither dumped nor accessible to other processes
 * of the same user. */
static void keep_secrets(const char *command)
{
    static const char *const names[] = {"serve", "work"};
    const struct rlimit no_core = {0, 0};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], command) == 0) {
            setrlimit(RLIMIT_CORE, &no_core);
            prctl(PR_SET_DUMPABLE, 0);
        }
}

int main(int argc, char **argv)
{
    signal(SIGCHLD, SIG_DFL); /* if inherited as ignored, the exit status of children would be
                                 lost */
    keep_secrets(argc > 1 ? argv[1] : "");
    return rog_program_main(&program, argc, argv);
}
