/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_HOOKS_H
#define ROG_ORCHESTRATOR_HOOKS_H

/*
 * Commands of the user that run at the end of a run (on_done, on_failed of an experiment file): by
 * /bin/sh, with the run on standard input as `rogctl show RUN --json` prints it, on one line. The
 * sweep waits only for the last ones, at its end; a command is killed after a minute. Their
 * failures are only warnings.
 */

#include <orchestrator/fleet/job.h>
#include <orchestrator/terminal/output.h>

struct rog_hooks_options {
    struct rog_db *db;               /* borrowed, like the commands */
    const char *on_done, *on_failed; /* NULL: none */
    struct rog_output output;
};

struct rog_hooks;
int rog_hooks_new(struct rog_hooks **hooks, const struct rog_hooks_options *options,
                  struct rog_error *err);
/* Waits for those still running, only briefly unless `patient`. Those that do not exit are killed
 * with everything that they have started. ROG_EINTR: a signal arrived meanwhile. */
int rog_hooks_finish(struct rog_hooks *hooks, bool patient, struct rog_error *err);
/* NULL is harmless. */
void rog_hooks_free(struct rog_hooks *hooks);

/* The state of a job has changed. */
void rog_hooks_changed(struct rog_hooks *hooks, const struct rog_fleet_job *job);
/* A few times a second: feeds and watches running commands. */
void rog_hooks_step(struct rog_hooks *hooks);

#endif
