/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_ON_H
#define ROG_ORCHESTRATOR_ON_H

/* The option sweep --on: runs executed by agents. */

#include <common/cli.h>
#include <orchestrator/plan/plan.h>
#include <orchestrator/pool/controller.h>
#include <orchestrator/terminal/output.h>

/* The value of --on, for a launch (launch.h); zero-initialize. */
struct rog_on {
    struct rog_pool_options options; /* provider NULL: no --on */
    char *rogctl;
    struct rog_output output;
    struct rog_json *lines; /* with --json: what was printed */
};

/* `given` is the value of --on, or of `on` in the cluster file; NULL: neither is given. */
int rog_on_open(struct rog_on *on, const struct rog_cli *cli, const char *given,
                struct rog_error *err);
void rog_on_close(struct rog_on *on);

/* Prints what would be started for a plan whose database is that of --db. */
int rog_on_describe(const struct rog_on *on, const char *db_path, const struct rog_plan *plan,
                    struct rog_error *err);

/* Reports runs that are left for agents started by others; with --json on standard output. */
int rog_on_show_left(const struct rog_on *on, const char *case_name, const char *message,
                     struct rog_error *err);

#define ROG_OPTION_ON                                                                              \
    .name = "on", .type = ROG_SETTING_STRING,                                                      \
    .help = "have agents do the runs: list prints their commands, one per line, to run anywhere; " \
            "slurm[:FILE] starts agents as Slurm jobs; hosts:FILE starts them on hosts with ssh"

#define ROG_OPTION_LEASE                                                                      \
    .name = "lease", .type = ROG_SETTING_REAL, .min = 1, .max = 86400, .unit = "s",           \
    .help = "with --on: an agent that has been silent for this long is considered dead, and " \
            "others do its run; default: 60"

#define ROG_OPTION_ATTACH                       \
    .name = "attach", .type = ROG_SETTING_FLAG, \
    .help = "with --on: stay until all runs are done, and show their progress"

#endif
