/* SPDX-License-Identifier: Apache-2.0 */
/* rogctl: finds the command and runs it. */
#include <orchestrator/commands.h>

#include <signal.h>

#include <orchestrator/topics.h>

static const struct rog_command *const commands[] = {
    &rog_cmd_sweep,   &rog_cmd_run,         &rog_cmd_status,  &rog_cmd_attach,   &rog_cmd_stop,
    &rog_cmd_redraw,  &rog_cmd_microevents, &rog_cmd_runs,    &rog_cmd_cases,    &rog_cmd_show,
    &rog_cmd_report,  &rog_cmd_case,        &rog_cmd_replay,  &rog_cmd_replace,  &rog_cmd_test,
    &rog_cmd_trace,   &rog_cmd_data,        &rog_cmd_plugins, &rog_cmd_doctor,   &rog_cmd_verify,
    &rog_cmd_import,  &rog_cmd_export,      &rog_cmd_bundle,  &rog_cmd_lab,      &rog_cmd_methods,
    &rog_cmd_profile, &rog_cmd_agent,       &rog_cmd_ui,      &rog_cmd_complete, NULL,
};

static const struct rog_program program = {
    .name = "rogctl",
    .version = ROG_VERSION,
    .summary = "Runs experiments in distributed training over unreliable networks, records "
               "everything and draws the figures",
    .common = rog_common_options,
    .commands = commands,
    .topics = rog_topics,
};

int main(int argc, char **argv)
{
    /* if inherited as ignored, the exit status of child processes would be lost */
    signal(SIGCHLD, SIG_DFL);
    return rog_program_main(&program, argc, argv);
}
